//! What stands in the footer, and where: it is drawn and clicked.

use super::{Screen, State};
use crate::console::keymap::{Bound, Does, Places};
use crate::console::text::{cells, width};
use crate::model::Health;

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
    /// Cells that an answer takes at the footer's right, its sign included. Zero where it has no room
    /// there as a whole, or something else has the footer: it stands above then.
    #[must_use]
    pub fn toast_width(&self) -> u16 {
        let taken = self.question().is_some() || self.prompt().is_some();
        let Some(toast) = self.toast.as_ref().filter(|_| !taken) else { return 0 };
        let (_, always) = self.useful_hints();
        let always: u16 = self.always(always, true).iter().map(Hint::with_gap).sum();
        let wide = cells(width(&toast.text) + 2);
        if wide <= self.room().saturating_sub(always) { wide } else { 0 }
    }

    /// The keys that work here, with the cell each begins at; as many as fit as a whole. Help, quit and
    /// what there is to look at come first.
    #[must_use]
    pub fn hints(&self) -> Vec<(u16, Hint)> {
        let toast = self.toast_width();
        let room = self.room().saturating_sub(if toast > 0 { toast + GAP } else { 0 });
        let (others, always) = self.useful_hints();
        let sum = |hints: &[Hint]| -> u16 { hints.iter().map(Hint::with_gap).sum() };
        let in_words = self.always(always.clone(), false);
        let short = room < LEAST_WORDS || sum(&in_words) > room + GAP;
        let always = if short { self.always(always, true) } else { in_words };
        let tail = sum(&always);
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

    const fn room(&self) -> u16 {
        self.size.width.saturating_sub(2)
    }

    /// What would do something here: what may be left out where there is no room, and what may not.
    fn useful_hints(&self) -> (Vec<&Bound>, Vec<&Bound>) {
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
        let (mut others, mut always): (Vec<&Bound>, Vec<&Bound>) =
            here.filter(useful).partition(|b| !kept(b));
        if self.screen() == Screen::Penalty {
            // What the box is for.
            others.sort_by_key(|b| !matches!(b.binding.does, Does::Acknowledge | Does::Mute | Does::Note));
        }
        // What there is to look at stands at one place on every screen.
        always.sort_by_key(|bound| bound.binding.does != Does::PenaltyBox);
        (others, always)
    }

    /// What is always shown, as far as even that fits: keys may have long names.
    fn always(&self, bounds: Vec<&Bound>, short: bool) -> Vec<Hint> {
        let mut hints: Vec<Hint> = bounds.into_iter().map(|bound| self.hint(bound, short)).collect();
        // The last one needs no gap.
        while hints.iter().map(Hint::with_gap).sum::<u16>() > self.room() + GAP {
            let back = hints.iter().position(|hint| hint.does == Does::Back);
            hints.remove(back.unwrap_or(0));
        }
        hints
    }

    fn hint(&self, bound: &Bound, short: bool) -> Hint {
        let (does, word) = (bound.binding.does, bound.binding.short);
        let tally = &self.penalty.tally;
        let (sign, word) = match does {
            Does::PenaltyBox if short => (Some(tally.worst()), tally.open().to_string()),
            Does::PenaltyBox => (None, format!("{} {word}", tally.open())),
            _ => (None, word.to_owned()),
        };
        Hint { does, key: bound.key(), sign, word }
    }
}
