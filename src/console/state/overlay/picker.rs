//! A list to choose from, narrowed by typing: the palette, and everything like it.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{LineEdit, Overlay};
use crate::console::fuzzy::Fuzzy;
use crate::console::keymap::{Does, Places};
use crate::console::state::State;
use crate::console::state::overlay::prompt::PromptFor;
use crate::console::state::update::Effect;
use crate::model::{CareOrder, Column, StreamIx};

/// Rows a page key moves by.
const PAGE: isize = 10;

/// What is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pick {
    /// Something to do.
    Does(Does),
    /// Tell nobody for so long.
    Mute(Duration),
    /// Tell nobody for a time that is typed.
    MuteFor,
    /// Tell again.
    Unmute,
    /// A stream whose log comes into the pane.
    AddLog(StreamIx),
    /// The order of the grid; `None`: as configured.
    Sort(Option<Column>),
    /// A view.
    View(Arc<str>),
    /// A saved view that is to be removed.
    ForgetView(Arc<str>),
}

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is called; what is typed is looked for in here.
    pub label: String,
    /// What it means.
    pub note: String,
    /// The key that does the same; may be empty.
    pub key: String,
    /// What choosing it does.
    pub pick: Pick,
}

/// A list to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picker {
    /// What is chosen, for people.
    pub title: String,
    /// What is typed.
    pub edit: LineEdit,
    /// Everything there is to choose from.
    pub items: Vec<Item>,
    /// Those that match what is typed, the best first: places in `items`.
    pub shown: Vec<usize>,
    /// Which of `shown` is chosen.
    pub selected: usize,
}

impl Picker {
    /// A list of `items`, all shown.
    #[must_use]
    pub fn new(title: impl Into<String>, items: Vec<Item>) -> Self {
        let shown = (0..items.len()).collect();
        Self { title: title.into(), edit: LineEdit::default(), items, shown, selected: 0 }
    }

    /// The line that is chosen.
    #[must_use]
    pub fn chosen(&self) -> Option<&Item> {
        self.shown.get(self.selected).and_then(|at| self.items.get(*at))
    }

    /// Shows what matches what is typed; of two that match as well, the first stays first.
    pub fn narrow(&mut self) {
        let mut fuzzy = Fuzzy::new(self.edit.text());
        let texts = self.items.iter().map(|item| format!("{} {}", item.label, item.note));
        let mut scored: Vec<(u32, usize)> =
            texts.enumerate().filter_map(|(at, text)| Some((fuzzy.score(&text)?, at))).collect();
        scored.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
        self.shown = scored.into_iter().map(|(_, at)| at).collect();
        self.selected = 0;
    }

    fn move_by(&mut self, rows: isize) {
        let last = self.shown.len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(rows).min(last);
    }
}

impl State {
    /// Shows a list to choose from.
    pub(in crate::console::state) fn pick_from(&mut self, picker: Picker) {
        self.overlay = Some(Overlay::Picker(picker));
        self.picker_moved();
    }

    /// Everything that can be done here, with its key.
    pub(in crate::console::state) fn open_palette(&mut self) {
        let frozen = if self.is_frozen() { Places::FROZEN } else { Places::NOWHERE };
        let here =
            self.keymap.at(self.screen().place().and(frozen)).filter(|b| b.binding.does != Does::Palette);
        let items = here.map(|bound| Item {
            label: bound.binding.does.name().replace('-', " "),
            note: bound.binding.help.to_owned(),
            key: bound.keys.first().map(|key| key.name()).unwrap_or_default(),
            pick: Pick::Does(bound.binding.does),
        });
        let items = items.collect();
        self.pick_from(Picker::new("do", items));
    }

    pub(super) fn pressed_in_picker(&mut self, key: &KeyEvent) -> Vec<Effect> {
        let Some(Overlay::Picker(picker)) = &mut self.overlay else {
            return Vec::new();
        };
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Enter => return self.picked(),
            KeyCode::Esc => self.drop_overlay(),
            KeyCode::Up => picker.move_by(-1),
            KeyCode::Down | KeyCode::Tab => picker.move_by(1),
            KeyCode::Char('p' | 'k') if control => picker.move_by(-1),
            KeyCode::Char('n' | 'j') if control => picker.move_by(1),
            KeyCode::PageUp => picker.move_by(-PAGE),
            KeyCode::PageDown => picker.move_by(PAGE),
            _ => {
                if picker.edit.pressed(key) == Some(true) {
                    picker.narrow();
                }
            }
        }
        self.picker_moved();
        Vec::new()
    }

    /// Another line is chosen: what can be tried on at once is.
    #[expect(clippy::unused_self, clippy::needless_pass_by_ref_mut, reason = "themes will")]
    pub(super) fn picker_moved(&mut self) {}

    /// The list is left without choosing.
    #[expect(clippy::unused_self, clippy::needless_pass_by_ref_mut, reason = "themes will")]
    pub(super) fn picker_dropped(&mut self, _picker: &Picker) {}

    /// The chosen line is taken.
    fn picked(&mut self) -> Vec<Effect> {
        let Some(Overlay::Picker(picker)) = self.overlay.take() else {
            return Vec::new();
        };
        match picker.chosen().map(|item| item.pick.clone()) {
            None => Vec::new(),
            Some(Pick::Does(does)) => self.does(does),
            Some(Pick::Mute(span)) => self.care(CareOrder::Mute(span)),
            Some(Pick::Unmute) => self.care(CareOrder::Unmute),
            Some(Pick::MuteFor) => {
                self.prompt_for(PromptFor::Mute, "");
                Vec::new()
            }
            Some(Pick::AddLog(stream)) => self.add_log(stream),
            Some(Pick::Sort(column)) => {
                self.sort_by_column(column);
                Vec::new()
            }
            Some(Pick::View(name)) => {
                self.show_view_named(&name);
                Vec::new()
            }
            Some(Pick::ForgetView(name)) => self.forget_view(&name),
        }
    }
}
