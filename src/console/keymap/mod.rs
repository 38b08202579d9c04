//! Every key of the console, in one table. The footer, the help screen, the palette and the
//! documentation are made from it, and nothing else in the console knows a key.

mod action;
pub mod fixed;
mod key;
pub mod patch;
mod places;
mod table;

use std::fmt::Write as _;

use crossterm::event::KeyEvent;

pub use action::Does;
pub use key::Key;
pub use places::Places;
use table::{ACT, GENERAL, LOGS, LOOK, MOVE, TABLE};

/// One line of the table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Binding {
    /// What it does.
    pub does: Does,
    /// The keys that do it, the one to show first.
    pub keys: &'static [Key],
    /// Where they work.
    pub places: Places,
    /// Under which heading it stands in the help.
    pub chapter: &'static str,
    /// One word for the footer; empty: not in the footer.
    pub short: &'static str,
    /// What it does, for people.
    pub help: &'static str,
}

/// One line of the table, with the keys the operator has for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// What it is.
    pub binding: &'static Binding,
    /// Where these keys do it; the operator may have others for it elsewhere.
    pub places: Places,
    /// The keys that do it, the one to show first; none: only the palette does it.
    pub keys: Vec<Key>,
}

impl Bound {
    /// The key to show; empty when it has none.
    #[must_use]
    pub fn key(&self) -> String {
        self.keys.first().map(|key| key.name()).unwrap_or_default()
    }

    /// All keys, as people read them.
    #[must_use]
    pub fn key_names(&self) -> String {
        let names: Vec<String> = self.keys.iter().map(|key| key.name()).collect();
        names.join(", ")
    }
}

/// All keys, as this operator has them.
#[derive(Debug, Clone, PartialEq)]
pub struct Keymap {
    bounds: Vec<Bound>,
}

impl Default for Keymap {
    fn default() -> Self {
        let bound = |binding: &'static Binding| Bound {
            binding,
            places: binding.places,
            keys: binding.keys.to_vec(),
        };
        Self { bounds: TABLE.iter().map(bound).collect() }
    }
}

impl Keymap {
    /// Every line, in the order of the footer.
    #[must_use]
    pub fn lines(&self) -> &[Bound] {
        &self.bounds
    }

    /// The lines that mean something at `place`.
    pub fn at(&self, place: Places) -> impl Iterator<Item = &Bound> {
        self.bounds.iter().filter(move |bound| bound.places.has(place))
    }

    /// What `event` does at `place`.
    #[must_use]
    pub fn look_up(&self, place: Places, event: &KeyEvent) -> Option<Does> {
        let pressed = Key::of(event);
        // Where shift makes no difference it does no harm.
        [Some(pressed), pressed.without_shift()].into_iter().flatten().find_map(|key| {
            let found = self.at(place).find(|bound| bound.keys.contains(&key));
            found.map(|bound| bound.binding.does)
        })
    }

    /// The key to show for something; empty when it has none.
    #[must_use]
    pub fn key_for(&self, does: Does) -> String {
        let mut bounds = self.bounds.iter().filter(|bound| bound.binding.does == does);
        bounds.find(|bound| !bound.keys.is_empty()).map(Bound::key).unwrap_or_default()
    }

    /// The table as Markdown, for the documentation.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = String::from("| keys | name | what they do | where |\n| --- | --- | --- | --- |\n");
        for chapter in CHAPTERS {
            for Bound { binding, places, keys } in self.bounds.iter().filter(|b| b.binding.chapter == chapter)
            {
                let keys: Vec<String> = keys.iter().map(|k| format!("`{}`", k.name())).collect();
                let (name, help) = (binding.does.name(), binding.help);
                let _ = writeln!(out, "| {} | {name} | {help} | {} |", keys.join(" "), places.words());
            }
        }
        for front in fixed::FRONTS {
            for (keys, help) in front.keys {
                let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
                let _ = writeln!(out, "| {} | | {help} | {} |", keys.join(" "), front.title);
            }
        }
        out
    }
}

/// Whether it changes something beyond the screen.
#[must_use]
pub fn acts(does: Does) -> bool {
    TABLE.iter().any(|binding| binding.does == does && binding.chapter == ACT)
}

/// The table's chapters, in the order of the help screen.
pub const CHAPTERS: [&str; 5] = [MOVE, LOOK, ACT, LOGS, GENERAL];

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyModifiers};

    use super::*;

    #[test]
    fn no_key_does_two_things_in_one_place() {
        for (place, word) in Places::EACH {
            let mut taken: Vec<(Key, Does)> = Vec::new();
            for binding in TABLE.iter().filter(|b| b.places.has(place)) {
                for key in binding.keys {
                    let other = taken.iter().find(|(k, _)| k == key);
                    assert!(other.is_none(), "{} in {word}: {:?} and {other:?}", key.name(), binding.does);
                    taken.push((*key, binding.does));
                }
            }
        }
    }

    #[test]
    fn each_line_can_be_shown() {
        for binding in TABLE {
            assert!(!binding.help.is_empty(), "{:?}", binding.does);
            assert!(CHAPTERS.contains(&binding.chapter), "{:?}", binding.does);
            let unnamed = |k: &Key| k.name() == "?" && *k != Key::char('?');
            assert!(!binding.keys.iter().any(unnamed), "{:?}", binding.does);
            assert_eq!(TABLE.iter().filter(|b| b.does == binding.does).count(), 1, "{:?}", binding.does);
        }
    }

    #[test]
    fn the_documentation_has_each_line() {
        let text = Keymap::default().markdown();
        let fixed: usize = fixed::FRONTS.iter().map(|front| front.keys.len()).sum();
        assert_eq!(text.lines().count(), 2 + TABLE.len() + fixed);
        assert!(TABLE.iter().all(|b| text.contains(b.help)));
    }

    #[test]
    fn control_and_plain_keys_are_told_apart() {
        let keymap = Keymap::default();
        let press = |code, modifiers| keymap.look_up(Places::GRID, &KeyEvent::new(code, modifiers));
        assert_eq!(press(KeyCode::Char('l'), KeyModifiers::NONE), Some(Does::Log));
        assert_eq!(press(KeyCode::Char('l'), KeyModifiers::CONTROL), Some(Does::Redraw));
        assert_eq!(press(KeyCode::Char('G'), KeyModifiers::SHIFT), Some(Does::Last));
        assert_eq!(press(KeyCode::Char('x'), KeyModifiers::ALT), None);
        assert_eq!(
            keymap.look_up(Places::HELP, &KeyEvent::new(KeyCode::Char('x'), KeyModifiers::NONE)),
            None
        );
    }
}
