//! What stands in the footer, and where: it is drawn and clicked.

use super::State;
use crate::console::keymap::{Bound, Does};
use crate::console::text::{cells, width};

/// Cells that the keys for help and quitting keep, whatever is said.
const ALWAYS: u16 = 17;
/// Between two keys.
const GAP: u16 = 2;

/// A key with its word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// What it does.
    pub does: Does,
    /// The key.
    pub key: String,
    /// The word.
    pub word: &'static str,
}

impl Hint {
    fn of(bound: &Bound) -> Self {
        Self { does: bound.binding.does, key: bound.key(), word: bound.binding.short }
    }

    /// Cells it takes: key, blank, word.
    #[must_use]
    pub fn width(&self) -> u16 {
        cells(width(&self.key) + 1 + width(self.word))
    }

    fn with_gap(&self) -> u16 {
        self.width() + GAP
    }
}

impl State {
    /// Cells that an answer takes at the footer's right, its sign included.
    #[must_use]
    pub fn toast_width(&self) -> u16 {
        let room = self.size.width.saturating_sub(2 + ALWAYS);
        self.toast.as_ref().map_or(0, |toast| cells(width(&toast.text) + 2).min(room))
    }

    /// The keys that work here, with the cell each begins at; as many as fit. Help and quit are always
    /// among them.
    #[must_use]
    pub fn hints(&self) -> Vec<(u16, Hint)> {
        let toast = self.toast_width();
        let room = self.size.width.saturating_sub(2 + if toast > 0 { toast + 2 } else { 0 });
        let useful = |bound: &&Bound| {
            let binding = bound.binding;
            !binding.short.is_empty() && !bound.keys.is_empty() && self.is_useful(binding.does)
        };
        let (always, others): (Vec<&Bound>, Vec<&Bound>) = self
            .keymap
            .at(self.screen().place())
            .filter(useful)
            .partition(|bound| matches!(bound.binding.does, Does::Help | Does::Quit));
        let always: Vec<Hint> = always.into_iter().map(Hint::of).collect();
        let tail: u16 = always.iter().map(Hint::with_gap).sum();
        let mut hints: Vec<Hint> = Vec::new();
        let mut used = 0;
        for hint in others.into_iter().map(Hint::of) {
            if used + hint.with_gap() + tail > room {
                break;
            }
            used += hint.with_gap();
            hints.push(hint);
        }
        let mut x = 1;
        let placed = hints.into_iter().chain(always).map(|hint| {
            let at = x;
            x += hint.with_gap();
            (at, hint)
        });
        placed.collect()
    }
}
