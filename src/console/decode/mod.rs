//! Bytes from the terminal, made into keys.
//!
//! crossterm can do this too, but only together with its own reading of the terminal, and that
//! blocks inside an unfinished sequence and spins for ever once the terminal has gone (crossterm
//! #793). Here whoever reads decides when; the keys are crossterm's types.

mod answer;
mod mouse;
#[cfg(test)]
mod tests;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use answer::{Answer, Late, Took};
pub use mouse::{Mouse, MouseDid};

/// The longest escape sequence that is waited for, in bytes.
const MAX_SEQUENCE: usize = 32;
/// The longest pasted text that is kept, in bytes: a whole query in any script. The rest is dropped,
/// and that is told.
pub const MAX_PASTE: usize = 4_096;

const ESC: u8 = 0x1b;
const PASTE_END: &[u8] = b"\x1b[201~";

/// What the operator did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// Pressed a key.
    Key(KeyEvent),
    /// Pasted a text.
    Paste {
        /// Its begin, at most [`MAX_PASTE`] bytes.
        text: String,
        /// There was more.
        cut: bool,
    },
    /// Did something with the mouse.
    Mouse(Mouse),
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
    /// What is pending is so much that it is no key: its rest is waited for, however long it takes.
    patient: bool,
    paste: Option<Vec<u8>>,
    /// The terminal was asked for its background.
    asked: bool,
    answer: Option<Answer>,
    /// An escape that was taken for a key may have begun an answer: from where, and how far.
    late: Option<(Late, Late)>,
}

enum Step {
    /// Something the operator did, and how many bytes it took.
    Did(Typed, usize),
    /// So many bytes mean nothing to us.
    Skip(usize),
    /// A paste begins after so many bytes.
    Paste(usize),
    /// More bytes are needed.
    More,
}

impl Decoder {
    /// The terminal was asked for its background: from now on an answer may come.
    pub const fn expect_answer(&mut self) {
        self.asked = true;
    }

    /// Takes `bytes` in and hands out what they complete.
    pub fn feed(&mut self, bytes: &[u8], out: &mut impl FnMut(Typed)) {
        for &byte in bytes {
            self.patient = false;
            if self.paste.is_some() {
                self.feed_paste(byte, out);
            } else if !self.answers(byte, out) {
                self.pending.push(byte);
                self.drain(out);
            }
        }
    }

    /// Whether an Escape waits to see if it is the beginning of something longer.
    #[must_use]
    pub const fn waits(&self) -> bool {
        !self.pending.is_empty() && !self.patient
    }

    /// Nothing more came: what waits is what it is.
    pub fn give_up(&mut self, out: &mut impl FnMut(Typed)) {
        let key = |code, modifiers| Typed::Key(KeyEvent::new(code, modifiers));
        match self.pending.as_slice() {
            [ESC, b']'] => {
                out(key(KeyCode::Char(']'), KeyModifiers::ALT));
                self.late = self.asked.then_some((Late::AFTER_BRACKET, Late::AFTER_BRACKET));
            }
            // Nobody types this: a report that was cut in two by a slow line.
            [ESC, b'[', _, ..] => {
                self.patient = true;
                return;
            }
            [ESC, ..] => {
                out(key(KeyCode::Esc, KeyModifiers::NONE));
                self.late = self.asked.then_some((Late::default(), Late::default()));
            }
            _ => {}
        }
        self.pending.clear();
    }

    /// Whether the byte belongs to the terminal's answer, and is no key.
    fn answers(&mut self, byte: u8, out: &mut impl FnMut(Typed)) -> bool {
        if let Some((since, mut late)) = self.late.take() {
            match late.take(byte) {
                Some(true) => self.answer = Some(Late::answer()),
                Some(false) => self.late = Some((since, late)),
                None => {
                    self.pending.extend_from_slice(late.held(since));
                    self.drain(out);
                    return false;
                }
            }
            return true;
        }
        if self.asked && self.pending == [ESC, b']'] && byte.is_ascii_digit() {
            self.pending.clear();
            self.answer = Some(Answer::begun(&[byte]));
            return true;
        }
        let Some(answer) = &mut self.answer else { return false };
        match answer.take(byte) {
            Took::More => return true,
            Took::End(said) => {
                // One answer comes to one question.
                self.asked = false;
                out_all(said.map(Typed::Background), out);
            }
            Took::Not(escape) => {
                self.answer = None;
                self.pending.extend(escape.then_some(ESC));
                return false;
            }
        }
        self.answer = None;
        true
    }

    fn feed_paste(&mut self, byte: u8, out: &mut impl FnMut(Typed)) {
        let Some(text) = &mut self.paste else { return };
        text.push(byte);
        if text.ends_with(PASTE_END) {
            text.truncate(text.len() - PASTE_END.len());
            let cut = text.len() > MAX_PASTE;
            text.truncate(MAX_PASTE);
            if cut {
                // Nor half a character.
                text.truncate(whole_characters(text));
            }
            out(Typed::Paste { text: String::from_utf8_lossy(text).into_owned(), cut });
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
                Step::Did(typed, took) => {
                    out(typed);
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

/// How much of a text that was cut anywhere ends with a whole character.
fn whole_characters(text: &[u8]) -> usize {
    match std::str::from_utf8(text) {
        // No length: what is wrong is the end alone, cut short.
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => text.len(),
    }
}

fn out_all(typed: Option<Typed>, out: &mut impl FnMut(Typed)) {
    if let Some(typed) = typed {
        out(typed);
    }
}

fn step(bytes: &[u8]) -> Step {
    match bytes {
        [ESC] | [ESC, b'O' | b']'] => Step::More,
        [ESC, ESC, ..] => key(KeyCode::Esc, KeyModifiers::NONE, 1),
        // The mouse in its old form: three bytes of any kind.
        [ESC, b'[', b'M', rest @ ..] => match rest {
            [button, x, y, ..] => did(Mouse::old_report([*button, *x, *y]).map(Typed::Mouse), 6),
            _ => Step::More,
        },
        // The function keys of the Linux console.
        [ESC, b'[', b'[', rest @ ..] => match rest {
            [] => Step::More,
            [letter @ b'A'..=b'E', ..] => key(KeyCode::F(letter - b'A' + 1), KeyModifiers::NONE, 4),
            _ => Step::Skip(3),
        },
        [ESC, b'[', rest @ ..] => control_sequence(rest),
        [ESC, b'O', last, ..] => match cursor_key(*last) {
            Some(code) => key(code, KeyModifiers::NONE, 3),
            None => Step::Skip(3),
        },
        [ESC, rest @ ..] => match plain(rest) {
            Step::Did(Typed::Key(mut event), took) => {
                event.modifiers |= KeyModifiers::ALT;
                Step::Did(Typed::Key(event), took + 1)
            }
            Step::Skip(took) => Step::Skip(took + 1),
            other => other,
        },
        _ => plain(bytes),
    }
}

fn key(code: KeyCode, modifiers: KeyModifiers, took: usize) -> Step {
    Step::Did(Typed::Key(KeyEvent::new(code, modifiers)), took)
}

fn did(typed: Option<Typed>, took: usize) -> Step {
    typed.map_or(Step::Skip(took), |typed| Step::Did(typed, took))
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
    let parameters = std::str::from_utf8(&rest[..end]).unwrap_or_default();
    if parameters.starts_with(['<', '=', '>', '?']) {
        return private_sequence(parameters, last, took);
    }
    let mut numbers = parameters.split(';').map(|n| n.parse::<u16>().unwrap_or(0));
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

/// A sequence that is no key: the mouse, or something the terminal says.
fn private_sequence(parameters: &str, last: u8, took: usize) -> Step {
    let typed = match (parameters, last) {
        // Said unasked when the operator's desktop turns dark or light (mode 2031).
        ("?997;1", b'n') => Some(Typed::Background(Background::Dark)),
        ("?997;2", b'n') => Some(Typed::Background(Background::Light)),
        (_, b'M' | b'm') => parameters
            .strip_prefix('<')
            .and_then(|numbers| Mouse::report(numbers, last == b'm'))
            .map(Typed::Mouse),
        _ => None,
    };
    did(typed, took)
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
        11..=15 => KeyCode::F(function_key(number, 10)),
        17..=21 => KeyCode::F(function_key(number, 11)),
        23 | 24 => KeyCode::F(function_key(number, 12)),
        _ => return None,
    })
}

#[expect(clippy::cast_possible_truncation, reason = "numbers of function keys are small")]
const fn function_key(number: u16, less: u16) -> u8 {
    (number - less) as u8
}
