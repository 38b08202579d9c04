//! What stands in the footer, and where: it is drawn and clicked.

use super::{Screen, State};
use crate::console::keymap::{Bound, Does, Places};
use crate::console::text::{cells, width};
use crate::model::Health;

/// Cells that the keys for going back, help and quitting keep, whatever is said.
const ALWAYS: u16 = 27;
/// Cells that what there is to look at keeps beside them.
const TO_LOOK_AT: u16 = 9;
/// Between two keys.
const GAP: u16 = 2;
/// With less room than this a sign stands for "to look at".
const LEAST_WORDS: u16 = 56;

/// A key with its word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// What it does.
    pub does: Does,
    /// The key.
    pub key: String,
    /// A sign before the word.
    pub sign: Option<Health>,
    /// The word.
    pub word: String,
}

impl Hint {
    /// Cells it takes: key, blank, word.
    #[must_use]
    pub fn width(&self) -> u16 {
        let sign = if self.sign.is_some() { 2 } else { 0 };
        cells(width(&self.key) + 1 + sign + width(&self.word))
    }

    fn with_gap(&self) -> u16 {
        self.width() + GAP
    }
}

impl State {
    /// Cells that an answer takes at the footer's right, its sign included.
    #[must_use]
    pub fn toast_width(&self) -> u16 {
        let look = if self.penalty.tally.open() > 0 { TO_LOOK_AT } else { 0 };
        let room = self.size.width.saturating_sub(2 + ALWAYS + look);
        self.toast.as_ref().map_or(0, |toast| cells(width(&toast.text) + 2).min(room))
    }

    /// The keys that work here, with the cell each begins at; as many as fit. Help, quit and what
    /// there is to look at are always among them.
    #[must_use]
    pub fn hints(&self) -> Vec<(u16, Hint)> {
        let toast = self.toast_width();
        let room = self.size.width.saturating_sub(2 + if toast > 0 { toast + 2 } else { 0 });
        let useful = |bound: &&Bound| {
            let binding = bound.binding;
            !binding.short.is_empty() && !bound.keys.is_empty() && self.is_useful(binding.does)
        };
        let look = self.penalty.tally.open() > 0;
        let kept = |bound: &Bound| match bound.binding.does {
            Does::Back | Does::Help | Does::Quit => true,
            Does::PenaltyBox => look,
            _ => false,
        };
        let stepping = if self.is_frozen() { Places::FROZEN } else { Places::NOWHERE };
        let here = self.keymap.at(stepping).chain(self.keymap.at(self.screen().place()));
        let (mut always, mut others): (Vec<&Bound>, Vec<&Bound>) = here.filter(useful).partition(|b| kept(b));
        if self.screen() == Screen::Penalty {
            // What the box is for.
            others.sort_by_key(|b| !matches!(b.binding.does, Does::Acknowledge | Does::Mute | Does::Note));
        }
        // What there is to look at stands at one place on every screen.
        always.sort_by_key(|bound| bound.binding.does != Does::PenaltyBox);
        let short = room < LEAST_WORDS;
        let always: Vec<Hint> = always.into_iter().map(|bound| self.hint(bound, short)).collect();
        let tail: u16 = always.iter().map(Hint::with_gap).sum();
        let mut hints: Vec<Hint> = Vec::new();
        let mut used = 0;
        for hint in others.into_iter().map(|bound| self.hint(bound, short)) {
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

    fn hint(&self, bound: &Bound, short: bool) -> Hint {
        let (does, word) = (bound.binding.does, bound.binding.short);
        let tally = self.penalty.tally;
        let (sign, word) = match does {
            Does::PenaltyBox if short => (Some(tally.worst()), tally.open().to_string()),
            Does::PenaltyBox => (None, format!("{} {word}", tally.open())),
            _ => (None, word.to_owned()),
        };
        Hint { does, key: bound.key(), sign, word }
    }
}
