//! A list to choose from, narrowed by typing: the palette, and everything like it.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{LineEdit, Overlay};
use crate::console::fuzzy::Fuzzy;
use crate::console::keymap::{CHAPTERS, Does, Places};
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
    /// A theme; `None`: none in particular.
    Theme(Option<String>),
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

/// Best first: whether only label and note together match, and how well.
type Score = (bool, std::cmp::Reverse<u32>);

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
    /// What is under the cursor is tried on at once.
    pub live: bool,
}

impl Picker {
    /// A list of `items`, all shown.
    #[must_use]
    pub fn new(title: impl Into<String>, items: Vec<Item>) -> Self {
        let shown = (0..items.len()).collect();
        Self { title: title.into(), edit: LineEdit::default(), items, shown, selected: 0, live: false }
    }

    /// The line that is chosen.
    #[must_use]
    pub fn chosen(&self) -> Option<&Item> {
        self.shown.get(self.selected).and_then(|at| self.items.get(*at))
    }

    /// Shows what matches what is typed: first those whose label or name in keys.toml does, then those
    /// that have each word somewhere; of two that match as well the first one.
    pub fn narrow(&mut self) {
        let mut fuzzy = Fuzzy::new(self.edit.text());
        let words: Vec<String> = self.edit.text().split_whitespace().map(str::to_lowercase).collect();
        let mut scored: Vec<(Score, usize)> = Vec::new();
        for (at, item) in self.items.iter().enumerate() {
            let name = if let Pick::Does(does) = item.pick { does.name() } else { "" };
            let label = fuzzy.score(&item.label).or_else(|| fuzzy.score(name));
            // In a sentence almost anything can be found letter by letter.
            let text = format!("{} {name} {}", item.label, item.note).to_lowercase();
            let both = words.iter().all(|word| text.contains(word)).then_some(0);
            let score = label.or(both);
            scored.extend(score.map(|score| ((label.is_none(), std::cmp::Reverse(score)), at)));
        }
        scored.sort();
        self.shown = scored.into_iter().map(|(_, at)| at).collect();
        self.selected = 0;
    }

    /// Chooses another line, so many below.
    pub fn move_by(&mut self, rows: isize) {
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

    /// Everything that makes sense here and now, with its key.
    pub(in crate::console::state) fn open_palette(&mut self) {
        let frozen = if self.is_frozen() { Places::FROZEN } else { Places::NOWHERE };
        let here = self.keymap.at(self.screen().place().and(frozen)).filter(|bound| {
            let does = bound.binding.does;
            does != Does::Palette && self.would_change_something(does)
        });
        // Nobody opens a list to move by a row.
        let (moves, others): (Vec<_>, Vec<_>) = here.partition(|bound| bound.binding.chapter == CHAPTERS[0]);
        let here = others.into_iter().chain(moves);
        let items = here.map(|bound| Item {
            label: bound.binding.does.label(),
            note: bound.binding.help.to_owned(),
            key: bound.key(),
            pick: Pick::Does(bound.binding.does),
        });
        let mut items: Vec<Item> = items.collect();
        items.extend(self.theme_items("theme "));
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
    pub(in crate::console::state) fn picker_moved(&mut self) {
        let Some(Overlay::Picker(picker)) = &self.overlay else { return };
        if let Some(Pick::Theme(name)) = picker.chosen().filter(|_| picker.live).map(|item| &item.pick) {
            self.looks.try_on(name.as_deref());
        }
    }

    /// The list is left without choosing.
    pub(super) fn picker_dropped(&mut self, picker: &Picker) {
        if picker.live {
            self.looks.settle();
        }
    }

    /// The chosen line is taken.
    pub(in crate::console::state) fn picked(&mut self) -> Vec<Effect> {
        let Some(Overlay::Picker(picker)) = self.overlay.take() else {
            return Vec::new();
        };
        match picker.chosen().map(|item| item.pick.clone()) {
            None => {
                self.picker_dropped(&picker);
                Vec::new()
            }
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
            Some(Pick::Theme(name)) => self.theme_picked(name.as_deref()),
        }
    }
}
