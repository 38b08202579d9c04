//! One line of text being typed.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::model::clean;
use crate::model::query::MAX_QUERY;

/// The longest line that can be typed, in characters: a whole query.
pub const MAX_LINE: usize = MAX_QUERY;

/// A line and where the next character goes. What is typed is cleaned as it comes in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineEdit {
    text: String,
    /// In bytes, always between two characters.
    cursor: usize,
    /// Something of what was put in last had no room.
    cut: bool,
}

impl LineEdit {
    /// A line that is there already, to be changed; the cursor is behind it.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut edit = Self::default();
        edit.insert(text);
        edit
    }

    /// The line.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What stands before the cursor, and what behind it.
    #[must_use]
    pub fn halves(&self) -> (&str, &str) {
        self.text.split_at(self.cursor)
    }

    /// Whether something of what was put in last is left out, as there was no room for it.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.cut
    }

    /// Puts text in at the cursor; what does not fit into [`MAX_LINE`] is left out.
    pub fn insert(&mut self, text: &str) {
        let room = MAX_LINE.saturating_sub(self.text.chars().count());
        let text = clean(text);
        let kept: String = text.chars().take(room).collect();
        self.cut = kept.len() < text.len();
        self.text.insert_str(self.cursor, &kept);
        self.cursor += kept.len();
    }

    /// Puts pasted text in at the cursor: one line, so what ends a line there is a blank here. `cut`:
    /// there was more of it.
    pub fn paste(&mut self, text: &str, cut: bool) {
        let text = text.trim_end_matches(['\r', '\n']).replace("\r\n", " ");
        self.insert(&text.replace(|c: char| c != ' ' && c.is_whitespace() && !is_wide_blank(c), " "));
        self.cut |= cut;
    }

    fn before(&self) -> usize {
        self.text[..self.cursor].chars().next_back().map_or(0, |c| self.cursor - c.len_utf8())
    }

    fn after(&self) -> usize {
        self.text[self.cursor..].chars().next().map_or(self.cursor, |c| self.cursor + c.len_utf8())
    }

    fn remove_before(&mut self, from: usize) {
        self.text.replace_range(from..self.cursor, "");
        self.cursor = from;
    }

    /// Takes a key. `None`: it is no key of a line; else whether the text has changed.
    pub fn pressed(&mut self, key: &KeyEvent) -> Option<bool> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let before = self.text.len();
        match key.code {
            KeyCode::Backspace => self.remove_before(self.before()),
            KeyCode::Delete => {
                let after = self.after();
                self.text.replace_range(self.cursor..after, "");
            }
            KeyCode::Left => self.cursor = self.before(),
            KeyCode::Right => self.cursor = self.after(),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            KeyCode::Char('a') if control => self.cursor = 0,
            KeyCode::Char('e') if control => self.cursor = self.text.len(),
            KeyCode::Char('u') if control => self.remove_before(0),
            KeyCode::Char('w') if control => {
                let head = self.text[..self.cursor].trim_end();
                let blank = head.char_indices().rev().find(|(_, c)| c.is_whitespace());
                self.remove_before(blank.map_or(0, |(at, c)| at + c.len_utf8()));
            }
            KeyCode::Char(c) if key.modifiers.difference(KeyModifiers::SHIFT).is_empty() => {
                self.insert(c.encode_utf8(&mut [0; 4]));
            }
            _ => return None,
        }
        // Now there is room.
        self.cut &= self.text.len() >= before;
        Some(self.text.len() != before)
    }
}

/// A blank that stands within a line, as words of some scripts are written.
const fn is_wide_blank(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(edit: &mut LineEdit, code: KeyCode, modifiers: KeyModifiers) -> Option<bool> {
        edit.pressed(&KeyEvent::new(code, modifiers))
    }

    #[test]
    fn a_line_is_typed_and_mended() {
        let mut edit = LineEdit::of("spört news");
        let plain = KeyModifiers::NONE;
        assert_eq!(press(&mut edit, KeyCode::Char('w'), KeyModifiers::CONTROL), Some(true));
        assert_eq!(edit.text(), "spört ");
        for _ in 0..4 {
            assert_eq!(press(&mut edit, KeyCode::Left, plain), Some(false));
        }
        assert_eq!(press(&mut edit, KeyCode::Delete, plain), Some(true));
        assert_eq!(press(&mut edit, KeyCode::Char('o'), plain), Some(true));
        assert_eq!((edit.text(), edit.halves()), ("sport ", ("spo", "rt ")));
        assert_eq!(press(&mut edit, KeyCode::Char('u'), KeyModifiers::CONTROL), Some(true));
        assert_eq!(edit.text(), "rt ");
        assert_eq!(press(&mut edit, KeyCode::Backspace, plain), Some(false), "nothing stands before");
        assert_eq!(press(&mut edit, KeyCode::End, plain), Some(false));
        assert_eq!(press(&mut edit, KeyCode::Backspace, plain), Some(true));
        assert_eq!(edit.text(), "rt");
        assert_eq!(press(&mut edit, KeyCode::Up, plain), None);
        assert_eq!(press(&mut edit, KeyCode::Char('x'), KeyModifiers::ALT), None);
    }

    #[test]
    fn a_word_ends_at_any_blank() {
        for blank in ['\u{a0}', '\u{3000}', ' '] {
            let mut edit = LineEdit::of(&format!("news{blank}sport"));
            assert_eq!(press(&mut edit, KeyCode::Char('w'), KeyModifiers::CONTROL), Some(true));
            assert_eq!(edit.text(), format!("news{blank}"));
        }
    }

    #[test]
    fn what_is_typed_or_pasted_is_clean_and_bounded() {
        let mut edit = LineEdit::default();
        edit.insert("a\x1b[31mb\u{202e}");
        assert!(!edit.text().contains('\x1b') && !edit.text().contains('\u{202e}'));
        assert!(!edit.is_cut());
        edit.insert(&"x".repeat(5_000_000));
        assert_eq!((edit.text().chars().count(), edit.is_cut()), (MAX_LINE, true));
        assert_eq!(press(&mut edit, KeyCode::Left, KeyModifiers::NONE), Some(false));
        assert!(edit.is_cut(), "it is still so");
        assert_eq!(press(&mut edit, KeyCode::Backspace, KeyModifiers::NONE), Some(true));
        assert!(!edit.is_cut());
        assert_eq!(press(&mut edit, KeyCode::Char('y'), KeyModifiers::NONE), Some(true));
        assert!(!edit.is_cut());
        assert_eq!(press(&mut edit, KeyCode::Char('z'), KeyModifiers::NONE), Some(false));
        assert!(edit.is_cut(), "a key is left out too");
    }

    #[test]
    fn a_paste_is_one_line() {
        let paste = |text: &str, cut| {
            let mut edit = LineEdit::of("a");
            edit.paste(text, cut);
            (edit.text().to_owned(), edit.is_cut())
        };
        assert_eq!(
            paste("sport\r\nnews\rlive\n\tx\u{2028}y\r\n\n", false),
            ("asport news live  x y".into(), false)
        );
        assert_eq!(paste("b\u{1b}[2J\u{7}", true), ("ab␛[2J␇".into(), true));
        assert_eq!(paste("東\u{3000}京", false), ("a東\u{3000}京".into(), false));
        assert_eq!(paste("\n", false), ("a".into(), false));
    }
}
