//! How what happens changes what the console knows.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;
use tui_logger::TuiWidgetEvent;

use super::log::News;
use super::logs::SaveLines;
use super::lookback::MINUTE;
use super::overlay::prompt::PromptFor;
use super::{Dirty, Leaving, Question, Screen, State};
use crate::console::columns;
use crate::console::decode::Typed;
use crate::console::keymap::{Does, Places};
use crate::console::wishes::{Calls, Told};
use crate::link::{ClientMessage, LinkState, ServerMessage};
use crate::model::{Action, Board, Delta, Moment, PoolReading, RolloutOrder, Row, StreamIx};

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// The operator did something.
    Typed(Typed),
    /// The terminal has another size.
    Resized(Size),
    /// The terminal must be drawn anew.
    Redraw,
    /// The supervisor told something.
    Told(ServerMessage),
    /// Time went on.
    Clock,
    /// Whether there is a supervisor at the other end of the link.
    Link(LinkState),
    /// The supervisor was last heard so long ago, whether that was news or not.
    Heard(Duration),
    /// The wall clock at [`Moment::ZERO`], milliseconds since the Unix epoch, is not what was told
    /// before.
    WallClock(i64),
    /// A file was written, or not: what is to be said about it.
    Saved(Result<String, String>),
    /// Something that was to be done did not work.
    Failed(String),
    /// The operator's files were read.
    Files(Box<Told>),
}

/// Something to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Effect {
    /// Tell the supervisor.
    Send(ClientMessage),
    /// Tell the service that the operator wants to leave.
    AskToQuit,
    /// The operator does not want to wait for the end.
    Hurry,
    /// Leave, and let the supervisor go on.
    Detach,
    /// The supervisor has ended.
    Ended {
        /// The operator asked for it here.
        asked: bool,
    },
    /// Draw everything anew, also what has not changed.
    Redraw,
    /// Go to sleep, as the shell does it.
    Suspend,
    /// Give a text to the terminal's clipboard.
    Copy(String),
    /// Write lines to a file, elsewhere than on this thread; [`Event::Saved`] tells of it.
    Save(SaveLines),
    /// Write this for the next start.
    Remember(String),
    /// Let the terminal tell of clicks and the wheel, or no longer.
    Mouse(bool),
    /// Ask the terminal for its background.
    AskBackground,
    /// Call someone.
    Call {
        /// How.
        calls: Calls,
        /// Why, in one line.
        text: String,
    },
}

/// A message may have been on its way this long without its time being believed more than ours.
const BEHIND: Duration = Duration::from_secs(3);

/// The supervisor's time, when we think that it is `known` and a message says that it is `told`.
///
/// A little earlier is no news. Much earlier is: the supervisor does not count the time in which it
/// did not run, as when headend was stopped or the machine slept.
pub fn believed(known: Moment, told: Moment) -> Moment {
    if told > known || known.since(told) > BEHIND { told } else { known }
}

/// Brings `state` up to date with `event`, which happened at `now`.
pub fn update(state: &mut State, now: Moment, event: Event) -> Vec<Effect> {
    state.now = now;
    let mut effects = take_in(state, event);
    effects.extend(state.readings_wanted());
    effects.extend(state.old_lines_wanted());
    effects
}

fn take_in(state: &mut State, event: Event) -> Vec<Effect> {
    match event {
        Event::Typed(typed) => state.typed(typed),
        Event::Resized(size) => {
            state.size = size;
            state.fit_to_size();
            state.want(Dirty::Now);
            Vec::new()
        }
        Event::Redraw => {
            state.want(Dirty::Now);
            vec![Effect::Redraw]
        }
        Event::Told(message) => state.told(message),
        Event::Files(told) => state.files_told(*told),
        Event::Clock => {
            state.clock();
            state.call().into_iter().collect()
        }
        Event::Link(link) => {
            state.link_is(link);
            Vec::new()
        }
        Event::Heard(ago) => {
            state.heard(ago);
            Vec::new()
        }
        Event::Saved(outcome) => {
            state.saved(outcome);
            Vec::new()
        }
        Event::Failed(text) => {
            state.say(text, true);
            state.want(Dirty::Now);
            Vec::new()
        }
        Event::WallClock(wall_zero) => {
            state.wall_clock(wall_zero);
            Vec::new()
        }
    }
}

impl State {
    fn typed(&mut self, typed: Typed) -> Vec<Effect> {
        match typed {
            Typed::Key(key) => {
                self.want(Dirty::Typed);
                return self.pressed(key);
            }
            Typed::Mouse(mouse) => return self.moused(mouse),
            Typed::Paste(text) => {
                self.want(Dirty::Typed);
                self.pasted(&text);
            }
            Typed::Background(background) => self.background_told(background),
        }
        Vec::new()
    }

    fn told(&mut self, message: ServerMessage) -> Vec<Effect> {
        match message {
            ServerMessage::Board(board) => {
                let closed = self.follow_ids(&board);
                self.take_board(*board);
                return closed.into_iter().chain(self.look()).collect();
            }
            ServerMessage::Delta(delta) => return self.take_delta(&delta),
            ServerMessage::Answer { seq, answer } => self.answered(seq, &answer),
            ServerMessage::Log { stream, first, lines, missed, fresh } => {
                self.told_log(News { stream, first, lines, missed, fresh });
            }
            ServerMessage::OldLog { seq, old, .. } => self.told_old_log(seq, old),
            ServerMessage::Detail(detail) => {
                if self.open == Some(detail.stream) && self.detail.as_ref() != Some(&detail) {
                    self.detail = Some(detail);
                    if self.screen() == Screen::Stream && !self.sees_only_log() {
                        self.want(Dirty::Now);
                    }
                }
            }
            ServerMessage::History(history) => self.take_history(*history),
            // The console asks for none: it shows the log, where each command has its line.
            ServerMessage::Audit { .. } => {}
            ServerMessage::Leaving { workers_left } => {
                let asked = self.leaving.is_some_and(|l| l.asked);
                self.leaving = Some(Leaving { asked, left: Some(workers_left) });
                self.fit_to_size();
                self.want(Dirty::Now);
                // Who is attached waits for the next one.
                if workers_left == 0 && !self.attached {
                    return vec![Effect::Ended { asked }];
                }
            }
        }
        Vec::new()
    }

    fn take_board(&mut self, board: Board) {
        self.now = self.now.max(board.at);
        self.heard(Duration::ZERO);
        self.lookback.record_board(&self.board, !self.connected, &board, self.clock.wall_zero);
        self.connected = true;
        if self.is_frozen() {
            self.take_board_behind(board);
        } else {
            self.board = board;
            self.another_board();
        }
    }

    /// The board that is shown is another one.
    pub(super) fn another_board(&mut self) {
        self.pool_changed();
        self.streams_changed();
        self.fit_to_size();
        self.settle();
        self.settle_tops();
        self.unwell_changed();
        self.want(Dirty::Now);
    }

    fn take_delta(&mut self, delta: &Delta) -> Vec<Effect> {
        if delta.from != self.live().revision {
            return vec![Effect::Send(ClientMessage::WantBoard)];
        }
        self.lookback.record(&self.board, delta, self.clock.wall_zero);
        self.now = self.now.max(delta.at);
        self.heard(Duration::ZERO);
        self.watch_for_alarms(delta);
        if self.take_delta_behind(delta) {
            return Vec::new();
        }
        let mut came_or_went = delta.rows.keys().any(|ix| !self.board.rows.contains_key(ix))
            || delta.removed.iter().any(|ix| self.board.rows.contains_key(ix));
        let mut dirty = self.machine_dirty(delta);
        let mut order_may_change = false;
        let (before, height) = (self.totals, self.grid_height());
        for (ix, row) in &delta.rows {
            let change = self.count(*ix, row);
            order_may_change |= change > Dirty::Clean;
            came_or_went |= self.row(*ix).is_some_and(|old| is_called_otherwise(old, row));
            if self.is_visible(*ix, height) && (change != Dirty::Figures || self.shows_figures()) {
                dirty = dirty.max(change);
            }
            dirty = dirty.max(self.unwell_row(*ix, row, change));
            if change > Dirty::Clean && self.group_changed(row, height) {
                dirty = dirty.max(Dirty::Figures);
            }
        }
        delta.removed.iter().for_each(|ix| self.unwell_row_goes(*ix, delta));
        let notices = delta.notices.as_ref().is_some_and(|n| *n != self.board.notices);
        // It fits: that was looked at before.
        let _ = self.board.apply(delta);
        if notices {
            self.pages.notices_top = self.pages.notices_top.min(self.board.notices.len().saturating_sub(1));
            self.fit_to_size();
        }
        if delta.pool.is_some() {
            self.pool_changed();
        }
        if order_may_change {
            self.list.rows_changed();
        }
        dirty = dirty.max(self.settle_tops());
        if came_or_went {
            dirty = Dirty::Now;
            self.streams_changed();
            self.settle();
        }
        if self.totals != before || notices {
            dirty = Dirty::Now;
        }
        self.penalty.empty_or_not(self.penalty.tally.all() == 0, self.now, true);
        self.want(dirty);
        self.look().into_iter().collect()
    }

    /// How soon the pool's and the machine's part of a delta is wanted on this screen.
    fn machine_dirty(&self, delta: &Delta) -> Dirty {
        if let Some(pool) = delta.pool.filter(|pool| *pool != self.board.pool) {
            // Who was not seen for longest changes with every turn, and its age hardly ever.
            let unseen_since = self.board.pool.unseen_since;
            let only_turns = PoolReading { unseen_since, ..pool } == self.board.pool;
            return if only_turns { Dirty::Figures } else { Dirty::Now };
        }
        let measured = delta.host.is_some_and(|v| v != self.board.host)
            || delta.own.is_some_and(|v| v != self.board.own)
            || delta.workers.is_some_and(|v| v != self.board.workers)
            || delta.limits.is_some_and(|v| v != self.board.limits);
        if measured && self.shows_readings() { Dirty::Figures } else { Dirty::Clean }
    }

    /// Whether something on this screen was measured on the machine. While the supervisor is not heard,
    /// everything that comes from it is news.
    fn shows_readings(&self) -> bool {
        let silent = self.silent_for().is_some();
        silent || self.screen() == Screen::Machine || self.areas().strip.height > 0
    }

    /// Tells the supervisor when readings begin or cease to be shown: nobody is woken for what
    /// nobody sees.
    fn readings_wanted(&mut self) -> Option<Effect> {
        let shown = self.shows_readings();
        let told = std::mem::replace(&mut self.told_readings, shown);
        (told != shown).then_some(Effect::Send(ClientMessage::WakeForReadings(shown)))
    }

    /// Counts a row that is to replace the one on the board; says how soon that is wanted.
    fn count(&mut self, ix: StreamIx, new: &Row) -> Dirty {
        let old = self.board.rows.get(&ix).map(AsRef::as_ref);
        if let Some(old) = old {
            self.totals.take_out(old);
        }
        self.totals.put_in(new);
        changed(old, new)
    }

    /// Counts a row for its group's line; says whether that can be seen.
    fn group_changed(&mut self, new: &Row, height: usize) -> bool {
        let old = self.board.rows.get(&new.ix);
        old.is_some_and(|old| self.list.row_changed(old, new, height)) && self.screen() == Screen::Grid
    }

    fn streams_changed(&mut self) {
        let rows = &self.live().rows;
        let gone = |ix: &StreamIx| !rows.contains_key(ix);
        let gone: Vec<StreamIx> = self.chosen.iter().filter(gone).collect();
        self.chosen.retain(|ix| !gone.contains(&ix));
        self.totals = self.board.totals();
        self.widest = columns::measure(self.board.rows.values().map(AsRef::as_ref));
        self.wall_changed();
    }

    fn clock(&mut self) {
        self.drop_toasts();
        let sorts = self.sorts_by_itself() && self.list.sort_due().is_some_and(|at| at <= self.now);
        if sorts && self.settle() {
            self.want(Dirty::Now);
        }
        if self.ages_due.is_some_and(|at| at <= self.now) {
            self.ages_due = None;
            self.want(Dirty::Figures);
        }
        self.look_for_silence();
        self.penalty_clock();
        self.wall_ticks();
        if self.screen() == Screen::OwnLog && self.own_log_seen + super::OWN_LOG_EVERY <= self.now {
            self.own_log_seen = self.now;
            self.want(Dirty::Lines);
        }
    }

    fn pressed(&mut self, key: KeyEvent) -> Vec<Effect> {
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
                self.settle_tops();
            }
            Does::OwnLog => self.go(Screen::OwnLog),
            Does::Help => {
                self.help_top = 0;
                self.help.find.clear();
                self.go(Screen::Help);
            }
            Does::PenaltyBox => self.open_penalty(),
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
            Screen::Wall => {}
            Screen::Log => self.scroll_log(lines),
            // tui-logger's pane knows pages only.
            Screen::OwnLog if lines == isize::MAX / 2 => self.own_log.transition(TuiWidgetEvent::EscapeKey),
            Screen::OwnLog if lines < 0 => self.own_log.transition(TuiWidgetEvent::PrevPageKey),
            Screen::OwnLog => self.own_log.transition(TuiWidgetEvent::NextPageKey),
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

    /// Goes to a screen; one that is already below is gone back to.
    pub(super) fn go(&mut self, screen: Screen) {
        if let Some(at) = self.screens.iter().position(|s| *s == screen) {
            self.screens.truncate(at + 1);
        } else {
            self.screens.push(screen);
            self.pages.begin(screen);
        }
    }

    fn open_selected(&mut self, screen: Screen) -> Vec<Effect> {
        let Some(ix) = self.target().map(|row| row.ix) else {
            self.say("no stream is selected".into(), true);
            return Vec::new();
        };
        self.go(screen);
        self.open_stream(ix)
    }

    /// Opens the worker under the cursor of the machine's list.
    fn open_top(&mut self) -> Vec<Effect> {
        let Some(ix) = self.tops.selected() else {
            self.say("no worker has been measured yet".into(), true);
            return Vec::new();
        };
        self.go(Screen::Stream);
        self.open_stream(ix)
    }

    pub(super) fn open_stream(&mut self, ix: StreamIx) -> Vec<Effect> {
        self.open = Some(ix);
        // What is known of the same stream is still true: the supervisor tells nothing twice.
        self.detail = self.detail.take().filter(|detail| detail.stream == ix);
        self.page_anew();
        self.list.select_stream(ix);
        let follow = self.open_logs(&[ix]);
        self.fit_to_size();
        self.looked_at = None;
        let look = self.look();
        [follow].into_iter().chain(look).collect()
    }

    fn open_neighbour(&mut self, forward: bool) -> Vec<Effect> {
        match self.neighbour(forward) {
            Some(ix) if Some(ix) != self.open => self.open_stream(ix),
            _ => Vec::new(),
        }
    }

    pub(super) fn back(&mut self) -> Vec<Effect> {
        if self.back_in_log() {
            return Vec::new();
        }
        if self.screens.len() > 1 {
            self.screens.pop();
            let still_open = self.screens.iter().any(|s| matches!(s, Screen::Stream | Screen::Log));
            if self.open.is_some() && !still_open {
                self.open = None;
                self.log.close();
                return vec![Effect::Send(ClientMessage::FollowLogs(Vec::new()))];
            }
        } else if !self.chosen.is_empty() {
            self.select_none();
        } else if self.list.is_filtered() {
            self.list.drop_filter();
            self.rebuild();
        } else if self.is_frozen() {
            self.go_live();
        } else {
            self.forget_toasts();
        }
        Vec::new()
    }
}

/// Whether it has another name or another group: columns and groups are made anew then.
fn is_called_otherwise(old: &Row, new: &Row) -> bool {
    old.name != new.name || old.group != new.group || old.tags != new.tags
}

/// How soon the difference between two states of a row is wanted.
fn changed(old: Option<&Row>, new: &Row) -> Dirty {
    let Some(old) = old else { return Dirty::Now };
    let same_state = old.phase == new.phase
        && old.conditions == new.conditions
        && old.wanted == new.wanted
        && old.restarts == new.restarts
        && old.name == new.name
        && old.group == new.group
        && old.reason == new.reason
        && old.input_of == new.input_of
        && old.maintenance == new.maintenance
        && old.priority == new.priority
        && old.care == new.care
        && old.tags == new.tags
        && old.watch == new.watch
        && old.pid == new.pid
        && old.care == new.care;
    if !same_state {
        Dirty::Now
    } else if old == new {
        Dirty::Clean
    } else {
        Dirty::Figures
    }
}
