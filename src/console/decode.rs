//! Bytes from the terminal, made into keys.
//!
//! crossterm can do this too, but only together with its own reading of the terminal, and that
//! blocks inside an unfinished sequence and spins for ever once the terminal has gone (crossterm
//! #793). Here whoever reads decides when; the keys are crossterm's types.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// The longest escape sequence that is waited for, in bytes.
const MAX_SEQUENCE: usize = 32;
/// The longest pasted text that is kept, in bytes; the rest of a paste is dropped.
pub const MAX_PASTE: usize = 4_096;

const ESC: u8 = 0x1b;
const PASTE_END: &[u8] = b"\x1b[201~";

/// What the operator did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// Pressed a key.
    Key(KeyEvent),
    /// Pasted a text.
    Paste(String),
    /// Did nothing: the terminal has said how its background is.
    Background(Background),
}

/// How the terminal's background is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Background {
    /// Bright signs can be read on it.
    Dark,
    /// Dark signs can.
    Light,
}

/// Turns bytes into keys; keeps what is not complete yet.
#[derive(Debug, Default)]
pub struct Decoder {
    pending: Vec<u8>,
    paste: Option<Vec<u8>>,
}

enum Step {
    /// A key, and how many bytes it took.
    Key(KeyEvent, usize),
    /// So many bytes mean nothing to us.
    Skip(usize),
    /// A paste begins after so many bytes.
    Paste(usize),
    /// More bytes are needed.
    More,
}

impl Decoder {
    /// Takes `bytes` in and hands out what they complete.
    pub fn feed(&mut self, bytes: &[u8], out: &mut impl FnMut(Typed)) {
        for &byte in bytes {
            if self.paste.is_some() {
                self.feed_paste(byte, out);
                continue;
            }
            self.pending.push(byte);
            self.drain(out);
        }
    }

    /// Whether an Escape waits to see if it is the beginning of something longer.
    #[must_use]
    pub const fn waits(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Nothing more came: what waits is what it is.
    pub fn give_up(&mut self, out: &mut impl FnMut(Typed)) {
        if self.pending.first() == Some(&ESC) {
            out(Typed::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE)));
        }
        self.pending.clear();
    }

    fn feed_paste(&mut self, byte: u8, out: &mut impl FnMut(Typed)) {
        let Some(text) = &mut self.paste else { return };
        text.push(byte);
        if text.ends_with(PASTE_END) {
            text.truncate(text.len() - PASTE_END.len());
            text.truncate(MAX_PASTE);
            out(Typed::Paste(String::from_utf8_lossy(text).into_owned()));
            self.paste = None;
        } else if text.len() == MAX_PASTE + 2 * PASTE_END.len() {
            // Enough stays to recognise the end mark when it is cut in two here.
            text.drain(MAX_PASTE..MAX_PASTE + PASTE_END.len());
        }
    }

    fn drain(&mut self, out: &mut impl FnMut(Typed)) {
        while !self.pending.is_empty() {
            let took = match step(&self.pending) {
                Step::More if self.pending.len() >= MAX_SEQUENCE => self.pending.len(),
                Step::More => return,
                Step::Skip(took) => took,
                Step::Key(key, took) => {
                    out(Typed::Key(key));
                    took
                }
                Step::Paste(took) => {
                    self.paste = Some(Vec::new());
                    took
                }
            };
            self.pending.drain(..took.min(self.pending.len()));
        }
    }
}

fn step(bytes: &[u8]) -> Step {
    match bytes {
        [ESC] | [ESC, b'O'] => Step::More,
        [ESC, ESC, ..] => key(KeyCode::Esc, KeyModifiers::NONE, 1),
        [ESC, b'[', rest @ ..] => control_sequence(rest),
        [ESC, b'O', last, ..] => match cursor_key(*last) {
            Some(code) => key(code, KeyModifiers::NONE, 3),
            None => Step::Skip(3),
        },
        [ESC, rest @ ..] => match plain(rest) {
            Step::Key(mut event, took) => {
                event.modifiers |= KeyModifiers::ALT;
                Step::Key(event, took + 1)
            }
            Step::Skip(took) => Step::Skip(took + 1),
            other => other,
        },
        _ => plain(bytes),
    }
}

fn key(code: KeyCode, modifiers: KeyModifiers, took: usize) -> Step {
    Step::Key(KeyEvent::new(code, modifiers), took)
}

fn plain(bytes: &[u8]) -> Step {
    let none = KeyModifiers::NONE;
    let first = bytes[0];
    match first {
        b'\r' | b'\n' => key(KeyCode::Enter, none, 1),
        b'\t' => key(KeyCode::Tab, none, 1),
        0x7f | 0x08 => key(KeyCode::Backspace, none, 1),
        0x01..=0x1a => key(KeyCode::Char(char::from(first - 1 + b'a')), KeyModifiers::CONTROL, 1),
        0x00..0x20 => Step::Skip(1),
        0x20..0x7f => key(KeyCode::Char(char::from(first)), none, 1),
        _ => character(bytes),
    }
}

/// A character beyond ASCII.
fn character(bytes: &[u8]) -> Step {
    let length = match bytes[0] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return Step::Skip(1),
    };
    let Some(whole) = bytes.get(..length) else {
        let goes_on = bytes[1..].iter().all(|b| b & 0xc0 == 0x80);
        return if goes_on { Step::More } else { Step::Skip(1) };
    };
    match std::str::from_utf8(whole).ok().and_then(|text| text.chars().next()) {
        Some(c) => key(KeyCode::Char(c), KeyModifiers::NONE, length),
        None => Step::Skip(1),
    }
}

/// What follows `ESC [`.
fn control_sequence(rest: &[u8]) -> Step {
    let Some(end) = rest.iter().position(|b| !(0x20..=0x3f).contains(b)) else {
        return Step::More;
    };
    let took = 2 + end + 1;
    let last = rest[end];
    if last == ESC {
        // Broken off: the next sequence begins here.
        return Step::Skip(took - 1);
    }
    let mut numbers = std::str::from_utf8(&rest[..end])
        .unwrap_or_default()
        .split(';')
        .map(|n| n.parse::<u16>().unwrap_or(0));
    let first = numbers.next().unwrap_or(0);
    let modifiers = modifiers(numbers.next().unwrap_or(1));
    let code = match last {
        b'Z' => Some(KeyCode::BackTab),
        b'~' if first == 200 => return Step::Paste(took),
        b'~' => editing_key(first),
        _ => cursor_key(last),
    };
    code.map_or(Step::Skip(took), |code| key(code, modifiers, took))
}

fn modifiers(number: u16) -> KeyModifiers {
    let bits = number.saturating_sub(1);
    let all = [(1, KeyModifiers::SHIFT), (2, KeyModifiers::ALT), (4, KeyModifiers::CONTROL)];
    all.into_iter().filter(|(bit, _)| bits & bit != 0).map(|(_, modifier)| modifier).collect()
}

const fn cursor_key(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        b'M' => KeyCode::Enter,
        b'P' => KeyCode::F(1),
        b'Q' => KeyCode::F(2),
        b'R' => KeyCode::F(3),
        b'S' => KeyCode::F(4),
        _ => return None,
    })
}

const fn editing_key(number: u16) -> Option<KeyCode> {
    Some(match number {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(bytes: &[u8]) -> Vec<Typed> {
        let (mut decoder, mut out) = (Decoder::default(), Vec::new());
        decoder.feed(bytes, &mut |t| out.push(t));
        decoder.give_up(&mut |t| out.push(t));
        out
    }

    fn pressed(code: KeyCode, modifiers: KeyModifiers) -> Typed {
        Typed::Key(KeyEvent::new(code, modifiers))
    }

    #[test]
    fn keys_are_read() {
        let none = KeyModifiers::NONE;
        for (bytes, code, modifiers) in [
            (&b"a"[..], KeyCode::Char('a'), none),
            (b"G", KeyCode::Char('G'), none),
            ("ü".as_bytes(), KeyCode::Char('ü'), none),
            ("新".as_bytes(), KeyCode::Char('新'), none),
            (b"\r", KeyCode::Enter, none),
            (b"\x7f", KeyCode::Backspace, none),
            (b"\x03", KeyCode::Char('c'), KeyModifiers::CONTROL),
            (b"\x1b", KeyCode::Esc, none),
            (b"\x1b[A", KeyCode::Up, none),
            (b"\x1bOB", KeyCode::Down, none),
            (b"\x1b[5~", KeyCode::PageUp, none),
            (b"\x1b[1;5H", KeyCode::Home, KeyModifiers::CONTROL),
            (b"\x1b[3;2~", KeyCode::Delete, KeyModifiers::SHIFT),
            (b"\x1b[Z", KeyCode::BackTab, none),
            (b"\x1bx", KeyCode::Char('x'), KeyModifiers::ALT),
        ] {
            assert_eq!(decode(bytes), [pressed(code, modifiers)], "{bytes:?}");
        }
    }

    #[test]
    fn a_sequence_cut_in_two_is_one_key() {
        let (mut decoder, mut out) = (Decoder::default(), Vec::new());
        for byte in b"\x1b[6~" {
            decoder.feed(&[*byte], &mut |t| out.push(t));
        }
        assert_eq!(out, [pressed(KeyCode::PageDown, KeyModifiers::NONE)]);
        assert!(!decoder.waits());
    }

    #[test]
    fn pasted_text_is_no_key_and_is_bounded() {
        assert_eq!(decode(b"\x1b[200~qX\r\x1b[201~"), [Typed::Paste("qX\r".into())]);
        let long = [b"\x1b[200~".to_vec(), vec![b'x'; 1_000_000], b"\x1b[201~q".to_vec()].concat();
        let out = decode(&long);
        assert!(matches!(&out[0], Typed::Paste(text) if text.len() == MAX_PASTE), "{}", out.len());
        assert_eq!(out[1..], [pressed(KeyCode::Char('q'), KeyModifiers::NONE)]);
    }

    #[test]
    fn what_is_not_understood_is_skipped_whole() {
        for junk in [&b"\x1b[<0;10;5M"[..], b"\x1b[I", b"\x1b[?1;2c", b"\x1b[99~", b"\xff", b"\x1bOz"] {
            let keys = decode(&[junk, b"q"].concat());
            assert_eq!(keys.last(), Some(&pressed(KeyCode::Char('q'), KeyModifiers::NONE)), "{junk:?}");
            assert!(keys.len() <= 2, "{junk:?}: {keys:?}");
        }
    }

    #[test]
    fn a_sequence_without_end_is_not_waited_for() {
        let mut decoder = Decoder::default();
        for _ in 0..10_000 {
            decoder.feed(b"\x1b[1;1;1", &mut |_| {});
            decoder.feed(&[b'1'; 100], &mut |_| {});
            assert!(decoder.pending.len() < MAX_SEQUENCE);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_hurt(chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..40)) {
            let mut decoder = Decoder::default();
            let mut keys = 0;
            for chunk in &chunks {
                decoder.feed(chunk, &mut |_| keys += 1);
                prop_assert!(decoder.pending.len() < MAX_SEQUENCE);
            }
            prop_assert!(keys <= chunks.iter().map(Vec::len).sum::<usize>());
        }
    }
}
