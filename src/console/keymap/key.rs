//! Keys, and what they are called.

use std::fmt::Write as _;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::console::mistake::{meant, quote};

/// A key as it is pressed. Shift is a part of a character, and counts only with a named key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    control: bool,
    alt: bool,
    shift: bool,
}

/// Keys that have no character, with their names: the first of those for one key is the one shown.
const NAMED: &[(&str, KeyCode)] = &[
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("page up", KeyCode::PageUp),
    ("pgup", KeyCode::PageUp),
    ("page down", KeyCode::PageDown),
    ("pgdn", KeyCode::PageDown),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("enter", KeyCode::Enter),
    ("return", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("escape", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("del", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("ins", KeyCode::Insert),
    ("space", KeyCode::Char(' ')),
];

/// What a terminal sends for these is another key.
const SAME: [(char, &str); 4] = [('m', "enter"), ('j', "enter"), ('i', "tab"), ('h', "backspace")];

/// The last function key.
const LAST_F: u8 = 12;

impl Key {
    pub(super) const fn char(c: char) -> Self {
        Self::named(KeyCode::Char(c))
    }

    pub(super) const fn control(c: char) -> Self {
        Self { control: true, ..Self::named(KeyCode::Char(c)) }
    }

    pub(super) const fn shifted(code: KeyCode) -> Self {
        Self { shift: true, ..Self::named(code) }
    }

    pub(super) const fn named(code: KeyCode) -> Self {
        Self { code, control: false, alt: false, shift: false }
    }

    /// The key that was pressed.
    #[must_use]
    pub fn of(event: &KeyEvent) -> Self {
        let has = |modifier| event.modifiers.contains(modifier);
        let (code, shift) = match event.code {
            KeyCode::BackTab => (KeyCode::Tab, true),
            KeyCode::Char(c) => (KeyCode::Char(c), false),
            code => (code, has(KeyModifiers::SHIFT)),
        };
        Self { code, control: has(KeyModifiers::CONTROL), alt: has(KeyModifiers::ALT), shift }
    }

    /// The same key without shift, when shift was held.
    #[must_use]
    pub fn without_shift(self) -> Option<Self> {
        // Shift-tab goes the other way: never a tab.
        (self.shift && self.code != KeyCode::Tab).then_some(Self { shift: false, ..self })
    }

    /// Whether `event` is this key being pressed.
    #[must_use]
    pub fn matches(self, event: &KeyEvent) -> bool {
        Self::of(event) == self
    }

    /// The key's name: `g`, `ctrl-c`, `page up`.
    #[must_use]
    pub fn name(self) -> String {
        let mut name = String::new();
        for (held, word) in [(self.control, "ctrl-"), (self.alt, "alt-"), (self.shift, "shift-")] {
            if held {
                name.push_str(word);
            }
        }
        match self.code {
            KeyCode::F(n) => drop(write!(name, "F{n}")),
            code => match (NAMED.iter().find(|(_, named)| *named == code), code) {
                (Some((word, _)), _) => name.push_str(word),
                (None, KeyCode::Char(c)) => name.push(c),
                (None, _) => name.push('?'),
            },
        }
        name
    }

    /// Reads a key's name.
    ///
    /// # Errors
    /// What is wrong with it, and what to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (mut control, mut alt, mut shift) = (false, false, false);
        let mut rest = text;
        loop {
            let held = [("ctrl-", &mut control), ("alt-", &mut alt), ("shift-", &mut shift)];
            let begins = |word: &str| rest.get(..word.len()).is_some_and(|b| b.eq_ignore_ascii_case(word));
            let Some((word, held)) = held.into_iter().find(|(word, _)| begins(word)) else { break };
            *held = true;
            rest = &rest[word.len()..];
        }
        let code = code(rest).ok_or_else(|| no_key(text, rest))?;
        let key = Self { code, control, alt, shift };
        key.can_be_sent().map_or(Ok(key), |why| Err(format!("{} {why}", quote(text))))
    }

    /// Why no terminal sends this key, if none does.
    fn can_be_sent(self) -> Option<String> {
        let KeyCode::Char(c) = self.code else { return None };
        if self.shift {
            let upper = Self::named(KeyCode::Char(c.to_uppercase().next().unwrap_or(c))).name();
            return Some(format!("can't be told from the character itself: write {}", quote(&upper)));
        }
        if !self.control {
            return None;
        }
        if let Some((_, other)) = SAME.iter().find(|(same, _)| *same == c) {
            return Some(format!("is what a terminal sends for {other}: write \"{other}\""));
        }
        (!c.is_ascii_lowercase())
            .then(|| "is sent by no terminal: ctrl goes with a to z, in small letters".to_owned())
    }
}

fn code(name: &str) -> Option<KeyCode> {
    let mut chars = name.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        let shown = !c.is_control() && !c.is_whitespace();
        return shown.then_some(KeyCode::Char(c));
    }
    let plain = |text: &str| text.to_ascii_lowercase().replace([' ', '-', '_'], "");
    let name = plain(name);
    if let Some((_, code)) = NAMED.iter().find(|(word, _)| plain(word) == name) {
        return Some(*code);
    }
    let number: u8 = name.strip_prefix('f')?.parse().ok()?;
    (1..=LAST_F).contains(&number).then_some(KeyCode::F(number))
}

fn no_key(text: &str, rest: &str) -> String {
    let words = NAMED.iter().map(|(word, _)| *word);
    let near = meant(rest, words);
    if near.is_empty() {
        let like = "write one like \"x\", \"ctrl-x\", \"alt-x\", \"f5\", \"space\" or \"page up\"";
        return format!("{} is no key: {like}", quote(text));
    }
    format!("{} is no key{near}", quote(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
        KeyEvent::new(code, modifiers)
    }

    #[test]
    fn names_are_read_and_shown() {
        let (none, control, alt, shift) =
            (KeyModifiers::NONE, KeyModifiers::CONTROL, KeyModifiers::ALT, KeyModifiers::SHIFT);
        for (name, code, modifiers) in [
            ("g", KeyCode::Char('g'), none),
            ("G", KeyCode::Char('G'), shift),
            ("-", KeyCode::Char('-'), none),
            ("é", KeyCode::Char('é'), none),
            ("ctrl-x", KeyCode::Char('x'), control),
            ("alt-x", KeyCode::Char('x'), alt),
            ("alt-X", KeyCode::Char('X'), alt | shift),
            ("ctrl-alt-x", KeyCode::Char('x'), control | alt),
            ("alt--", KeyCode::Char('-'), alt),
            ("shift-tab", KeyCode::BackTab, shift),
            ("shift-up", KeyCode::Up, shift),
            ("ctrl-page down", KeyCode::PageDown, control),
            ("F5", KeyCode::F(5), none),
            ("space", KeyCode::Char(' '), none),
            ("alt-space", KeyCode::Char(' '), alt),
            ("esc", KeyCode::Esc, none),
        ] {
            let key = Key::parse(name).unwrap();
            assert!(key.matches(&event(code, modifiers)), "{name}");
            assert_eq!(key.name(), name);
        }
        for (other, name) in [
            ("f12", "F12"),
            ("PgUp", "page up"),
            ("page-up", "page up"),
            ("Ctrl-X", "ctrl-X"),
            ("Escape", "esc"),
        ] {
            let read = Key::parse(other).map(Key::name);
            assert!(read.as_deref() == Ok(name) || other == "Ctrl-X" && read.is_err(), "{other}: {read:?}");
        }
    }

    #[test]
    fn every_name_that_is_shown_can_be_read() {
        let codes = NAMED.iter().map(|(_, code)| *code).chain((1..=LAST_F).map(KeyCode::F));
        for code in codes.chain((33..127u8).map(|c| KeyCode::Char(char::from(c)))) {
            for bits in 0..8u8 {
                let key = Key { code, control: bits & 1 > 0, alt: bits & 2 > 0, shift: bits & 4 > 0 };
                if key.can_be_sent().is_none() {
                    assert_eq!(Key::parse(&key.name()), Ok(key));
                }
            }
        }
    }

    #[test]
    fn what_is_no_key_is_told_with_what_to_write() {
        for (text, part) in [
            ("", "is no key: write one like"),
            ("ctrl-", "is no key"),
            ("ecs", "did you mean \"esc\"?"),
            ("ctrl-pagepu", "did you mean \"page up\"?"),
            ("ctrl-m", "write \"enter\""),
            ("ctrl-i", "write \"tab\""),
            ("shift-a", "write \"A\""),
            ("ctrl-X", "in small letters"),
            ("ctrl-5", "in small letters"),
            ("f13", "is no key"),
            ("F0", "is no key"),
            (" ", "is no key"),
            ("\n", "is no key"),
            ("super-x", "is no key"),
        ] {
            let told = Key::parse(text).unwrap_err();
            assert!(told.contains(part), "{text}: {told}");
        }
    }

    #[test]
    fn shift_is_a_part_of_a_character() {
        let held = Key::of(&event(KeyCode::Up, KeyModifiers::SHIFT));
        assert_eq!(held.without_shift(), Some(Key::named(KeyCode::Up)));
        assert_eq!(Key::of(&event(KeyCode::Char('G'), KeyModifiers::SHIFT)), Key::char('G'));
        assert_eq!(Key::char('G').without_shift(), None);
        assert_eq!(Key::of(&event(KeyCode::BackTab, KeyModifiers::NONE)).without_shift(), None);
    }
}
