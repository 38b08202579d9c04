//! What a key does where it is pressed.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::lookback::MINUTE;
use super::overlay::prompt::PromptFor;
use super::update::Effect;
use super::{Question, Screen, State};
use crate::console::keymap::{Does, Places};
use crate::model::{Action, RolloutOrder};

impl State {
    pub(super) fn pressed(&mut self, key: KeyEvent) -> Vec<Effect> {
        if let Some((escape, rest)) = self.escape_and(&key) {
            let mut effects = self.pressed(escape);
            effects.extend(self.pressed(rest));
            return effects;
        }
        self.list.hold(self.now);
        self.penalty.list.hold(self.now);
        self.pressed_at = Some(self.now);
        if let Some(effects) = self.pressed_in_front(&key).or_else(|| self.pressed_on_wall(&key)) {
            return effects;
        }
        let frozen = if self.is_frozen() { Places::FROZEN } else { Places::NOWHERE };
        let does = [frozen, self.screen().place()].iter().find_map(|at| self.keymap.look_up(*at, &key));
        does.map_or_else(Vec::new, |does| self.does(does))
    }

    /// Alt and a character is also what arrives of Escape and the next key over a slow line. Where it
    /// means nothing by itself, that is what it was.
    fn escape_and(&self, key: &KeyEvent) -> Option<(KeyEvent, KeyEvent)> {
        let alt = key.modifiers.contains(KeyModifiers::ALT) && matches!(key.code, KeyCode::Char(_));
        let places = [Places::FROZEN, self.screen().place()];
        if !alt || places.iter().any(|at| self.keymap.look_up(*at, key).is_some()) {
            return None;
        }
        let rest = KeyEvent::new(key.code, key.modifiers.difference(KeyModifiers::ALT));
        Some((KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE), rest))
    }

    /// Does something that has a key here.
    pub(super) fn does(&mut self, does: Does) -> Vec<Effect> {
        if self.refuses_frozen(does) {
            return Vec::new();
        }
        self.does_with_incident(does).unwrap_or_else(|| self.does_here(does))
    }

    fn does_here(&mut self, does: Does) -> Vec<Effect> {
        match does {
            Does::Up => self.scroll(-1),
            Does::Down => self.scroll(1),
            Does::PageUp => self.scroll(-self.page_here()),
            Does::PageDown => self.scroll(self.page_here()),
            Does::First => self.scroll(isize::MIN / 2),
            Does::Last => self.scroll(isize::MAX / 2),
            Does::Open if self.screen() == Screen::Grid && self.toggle_group() => {}
            Does::Open if self.screen() == Screen::Machine => return self.open_top(),
            Does::Open => return self.open_selected(Screen::Stream),
            Does::Log if self.screen() == Screen::Grid && self.chosen.len() > 1 => {
                return self.open_selected_logs();
            }
            Does::Log if matches!(self.screen(), Screen::Grid | Screen::Penalty) => {
                return self.open_selected(Screen::Log);
            }
            Does::Log => self.go(Screen::Log),
            Does::Back => return self.back(),
            Does::Previous | Does::LogPrevious => return self.open_neighbour(false),
            Does::Next | Does::LogNext => return self.open_neighbour(true),
            Does::LogSeverity if self.screen() == Screen::OwnLog => self.own_log.turn_level(),
            Does::LogSearch
            | Does::LogFilter
            | Does::LogSeverity
            | Does::LogTimes
            | Does::LogHitDown
            | Does::LogHitUp
            | Does::LogMark
            | Does::LogMarkUp
            | Does::LogMarkDown
            | Does::LogSelect
            | Does::LogCopy
            | Does::LogSave
            | Does::LogAdd => return self.does_in_log(does),
            Does::Filter => {
                let filter = self.list.filter.clone();
                self.prompt_for(PromptFor::Filter, &filter);
            }
            Does::Palette => self.open_palette(),
            Does::Theme => self.open_themes(),
            Does::ToggleMouse => return self.toggle_mouse(),
            Does::Faults => {
                self.list.faults_only = !self.list.faults_only;
                self.rebuild();
            }
            Does::Start => return self.order_here(Action::Start),
            Does::Stop => return self.order_here(Action::Stop),
            Does::Restart => return self.order_here(Action::Restart),
            Does::StartAll => self.ask_many(Action::Start),
            Does::StopAll => self.ask_many(Action::Stop),
            Does::RestartAll => self.ask_many(Action::Restart),
            Does::RolloutContinue => self.ask_rollout(RolloutOrder::Continue),
            Does::RolloutBack => self.ask_rollout(RolloutOrder::Back),
            Does::SlotsMore => return self.change_slots(true),
            Does::SlotsFewer => return self.change_slots(false),
            Does::SlotsAuto => return self.auto_slots(),
            Does::Undo => return self.take_back(),
            Does::Wrap => self.log.wrap = !self.log.wrap,
            Does::CopyCommand => return self.copy_command(),
            Does::Part | Does::PartBack => self.turn_part(does == Does::Part),
            Does::ZoomIn | Does::ZoomOut => self.zoom(does == Does::ZoomOut),
            Does::Earlier | Does::Later => self.pan(does == Does::Earlier),
            Does::TopOrder => self.tops.turn(),
            Does::Machine => {
                self.go(Screen::Machine);
                self.sort_tops();
            }
            Does::OwnLog => self.go(Screen::OwnLog),
            Does::Help => {
                self.help_top = 0;
                self.help.find.clear();
                self.go(Screen::Help);
            }
            Does::PenaltyBox => self.open_penalty(),
            Does::Audit => self.go(Screen::Audit),
            Does::AuditFilter => {
                let filter = self.audit.filter().to_owned();
                self.prompt_for(PromptFor::AuditFilter, &filter);
            }
            Does::Incidents => self.open_incidents(),
            Does::Wall => self.open_wall(),
            Does::Acknowledge => return self.acknowledge(),
            Does::Mute => self.choose_mute(),
            Does::Note => self.type_note(),
            Does::FindKey => {
                let find = self.help.find.clone();
                self.prompt_for(PromptFor::HelpFind, &find);
            }
            Does::Redraw => return vec![Effect::Redraw],
            // Nobody is supervised from here.
            Does::Suspend if self.attached => return vec![Effect::Suspend],
            Does::Suspend => self.ask(Question::Suspend),
            Does::Quit => return self.quit(),
            other if self.looks_back(other) => {}
            of_the_grid => return self.does_in_grid(of_the_grid),
        }
        Vec::new()
    }

    /// What freezes the board, and what steps through it while it is frozen; false: it is neither.
    fn looks_back(&mut self, does: Does) -> bool {
        match does {
            Does::Freeze => self.freeze_or_not(),
            Does::StepBack => self.step_by(-1),
            Does::StepForward => self.step_by(1),
            Does::MinuteBack => self.step_by(-MINUTE),
            Does::MinuteForward => self.step_by(MINUTE),
            Does::TurnBack => self.step_to_turn(true),
            Does::TurnForward => self.step_to_turn(false),
            _ => return false,
        }
        true
    }

    fn page_here(&self) -> isize {
        let height = match self.screen() {
            Screen::Grid => self.grid_height(),
            Screen::Penalty => self.penalty_height(),
            Screen::Audit => self.audit_height(),
            Screen::Incidents => self.incidents_height(),
            Screen::Stream => self.part_height(),
            Screen::Log => self.log_room().height.into(),
            _ => self.areas().body.height.into(),
        };
        isize::try_from(height).unwrap_or(1)
    }

    pub(super) fn scroll(&mut self, lines: isize) {
        match self.screen() {
            Screen::Grid => self.move_by(lines),
            Screen::Stream => self.scroll_part(self.scrolled_part(), lines),
            Screen::Penalty => self.move_in_penalty(lines),
            Screen::Audit => self.move_in_audit(lines),
            Screen::Incidents => self.move_in_incidents(lines),
            Screen::Incident => self.scroll_incident(lines),
            Screen::Wall => {}
            Screen::Log => self.scroll_log(lines),
            Screen::OwnLog => self.own_log.scroll(lines),
            Screen::Help => {
                self.help_top = self.help_top.saturating_add_signed(lines).min(self.help_bottom());
            }
            Screen::Machine => self.scroll_machine(lines),
        }
    }

    fn help_bottom(&self) -> usize {
        let body = self.areas().body;
        crate::console::view::help::height(self, body.width).saturating_sub(body.height.into())
    }
}
