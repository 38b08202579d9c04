//! The help: the keys of the place someone came from first, then those for everywhere, then the
//! others; and what is wrong with the operator's files.

use super::overlay::Overlay;
use super::{Screen, State, counted};
use crate::console::keymap::fixed::{self, Front};
use crate::console::keymap::{Bound, CHAPTERS, Does, Places};

/// What is looked for in the help, and whether there is one in front.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Help {
    /// What is looked for; empty: nothing.
    pub find: String,
    /// The keys of what stands in front are shown in front of it.
    pub front: bool,
}

/// One line of the help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A heading.
    Title(String),
    /// Keys and what they do, and where, if the heading does not say so.
    Key {
        /// The keys; for what has none, what to type into the palette.
        keys: String,
        /// What they do.
        help: &'static str,
        /// Its name in keys.toml and in the palette.
        name: &'static str,
        /// Where; may be empty.
        places: String,
    },
    /// Something that is wrong with a file; may be long.
    Wrong(String),
    /// Nothing.
    Blank,
}

impl State {
    /// The place that the help is about: the screen below it.
    #[must_use]
    pub fn helped(&self) -> Screen {
        let below = self.screens.iter().rev().find(|screen| **screen != Screen::Help);
        below.copied().unwrap_or(Screen::Grid)
    }

    /// The lines of the help, as far as they have what is looked for in them.
    #[must_use]
    pub fn help_lines(&self) -> Vec<Line> {
        let place = self.helped().place();
        let frozen = |bound: &Bound| self.is_frozen() && bound.places.has(Places::FROZEN);
        let here = |bound: &Bound| bound.places.has(place) && !bound.places.is_general();
        let general = |bound: &Bound| bound.places.has(place) && bound.places.is_general();
        let word = place.words();
        let mut lines = self.wrong_lines();
        self.add_keys(&mut lines, "While frozen".into(), false, frozen);
        self.add_keys(&mut lines, format!("Here: {word}"), false, here);
        self.add_keys(&mut lines, "Everywhere".into(), false, general);
        // What works in the help only stands in its footer.
        let elsewhere =
            |bound: &Bound| !bound.places.has(place) && bound.places != Places::HELP && !frozen(bound);
        self.add_keys(&mut lines, "Elsewhere".into(), true, elsewhere);
        lines
    }

    fn wrong_lines(&self) -> Vec<Line> {
        if self.mistakes.is_empty() {
            return Vec::new();
        }
        let title = format!(
            "{} in the console's files: what was there before stays",
            counted(self.mistakes.len(), "mistake")
        );
        let wrong = self.mistakes.iter().map(|mistake| Line::Wrong(mistake.to_string()));
        std::iter::once(Line::Title(title)).chain(wrong).collect()
    }

    fn add_keys(&self, lines: &mut Vec<Line>, title: String, tell: bool, holds: impl Fn(&Bound) -> bool) {
        let words: Vec<&str> = self.help.find.split_whitespace().collect();
        let in_order = CHAPTERS.iter().flat_map(|chapter| {
            self.keymap.lines().iter().filter(move |bound| bound.binding.chapter == *chapter)
        });
        let keys: Vec<Line> = in_order
            .filter(|bound| holds(bound))
            .map(|bound| Line::Key {
                keys: self.keys_or_palette(bound),
                help: bound.binding.help,
                name: bound.binding.does.name(),
                places: if tell { bound.places.words() } else { String::new() },
            })
            .filter(|line| words.iter().all(|word| line.has(word)))
            .collect();
        if keys.is_empty() {
            return;
        }
        if !lines.is_empty() {
            lines.push(Line::Blank);
        }
        lines.push(Line::Title(title));
        lines.extend(keys);
    }

    fn keys_or_palette(&self, bound: &Bound) -> String {
        if bound.keys.is_empty() {
            let palette = self.keymap.key_for(Does::Palette);
            return format!("{palette} {}", bound.binding.does.label());
        }
        bound.key_names()
    }

    /// What stands in front, for its help.
    #[must_use]
    pub const fn front(&self) -> Option<&'static Front> {
        match &self.overlay {
            Some(Overlay::Question(_)) => Some(&fixed::QUESTION),
            Some(Overlay::Prompt(_)) => Some(&fixed::LINE),
            Some(Overlay::Picker(_)) => Some(&fixed::LIST),
            Some(Overlay::Columns(_)) => Some(&fixed::COLUMNS),
            None => None,
        }
    }
}

impl Line {
    fn has(&self, word: &str) -> bool {
        let Self::Key { keys, help, name, places } = self else { return false };
        // A key is looked for as it is pressed: `X` is not `x`.
        let small = word.to_lowercase();
        keys.split(", ").any(|key| key == word)
            || word.chars().count() > 1
                && ([keys.as_str(), help, places].iter().any(|text| text.to_lowercase().contains(&small))
                    // In words as lists show it, or as keys.toml has it.
                    || name.contains(&small)
                    || name.contains(&small.replace('_', "-")))
    }
}

impl Places {
    /// Whether these are all places, or all but one: what opens the machine works everywhere but
    /// there.
    const fn is_general(self) -> bool {
        self.count() + 1 >= Self::ALL.count()
    }
}
