//! The terminal's answer to the question for its background (OSC 11).
//!
//! It comes on the channel the keys come on, whenever it likes, in pieces, or broken off. Whatever of
//! it is there, none of it may become a key: `1` and `f` do something.

use super::Background;

/// What comes after `ESC ]` of an answer.
const BEGIN: &[u8] = b"11;";
/// The longest answer that is taken in, bytes; a whole one has 25.
const MAX_ANSWER: usize = 48;

/// An answer being read.
#[derive(Debug, Default)]
pub struct Answer {
    /// What has come after `ESC ]`.
    text: Vec<u8>,
    /// An escape has come: most likely the first half of its end.
    ends: bool,
}

/// What a byte does to the answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Took {
    /// It belongs to it, and more is to come.
    More,
    /// It was the last one.
    End(Option<Background>),
    /// It does not belong to it: the answer is broken off, and an escape before the byte was an
    /// escape if `true`.
    Not(bool),
}

impl Answer {
    /// An answer of which this much has come.
    pub fn begun(text: &[u8]) -> Self {
        Self { text: text.to_vec(), ends: false }
    }

    /// Takes the next byte.
    pub fn take(&mut self, byte: u8) -> Took {
        if self.ends {
            return if byte == b'\\' { Took::End(background(&self.text)) } else { Took::Not(true) };
        }
        match byte {
            0x07 => Took::End(background(&self.text)),
            0x1b => {
                self.ends = true;
                Took::More
            }
            _ if belongs(byte) && self.text.len() < MAX_ANSWER => {
                self.text.push(byte);
                Took::More
            }
            _ => Took::Not(false),
        }
    }
}

const fn belongs(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || matches!(byte, b'r' | b'g' | b';' | b':' | b'/' | b'#')
}

/// Bytes that may still become the beginning of an answer whose `ESC` was taken for a key, because
/// nothing came after it for so long.
#[derive(Debug, Clone, Copy, Default)]
pub struct Late {
    came: usize,
}

impl Late {
    /// After `ESC ]`.
    pub const AFTER_BRACKET: Self = Self { came: 1 };

    const EXPECTED: &[u8] = b"]11;";

    /// Takes the next byte: whether it may belong to an answer, and whether that is sure now.
    pub fn take(&mut self, byte: u8) -> Option<bool> {
        if Self::EXPECTED.get(self.came) != Some(&byte) {
            return None;
        }
        self.came += 1;
        Some(self.came == Self::EXPECTED.len())
    }

    /// What was held back since the beginning, to be keys after all.
    pub fn held(self, since: Self) -> &'static [u8] {
        Self::EXPECTED.get(since.came..self.came).unwrap_or_default()
    }

    /// The answer that has begun.
    pub fn answer() -> Answer {
        Answer::begun(BEGIN)
    }
}

/// What an answer says: `11;rgb:ffff/ffff/ffff`, with one to four digits each; `rgba:` has a fourth
/// part, and `#rrggbb` is said by some.
fn background(text: &[u8]) -> Option<Background> {
    let text = std::str::from_utf8(text).ok()?.strip_prefix("11;")?;
    let parts: Vec<f64> = if let Some(digits) = text.strip_prefix('#') {
        let each = digits.len() / 3;
        if each == 0 || digits.len() % 3 != 0 {
            return None;
        }
        (0..3).map(|n| part(&digits[n * each..(n + 1) * each])).collect::<Option<_>>()?
    } else {
        let parts = text.strip_prefix("rgba:").or_else(|| text.strip_prefix("rgb:"))?;
        parts.split('/').map(part).collect::<Option<_>>()?
    };
    let [red, green, blue, ..] = parts.as_slice() else { return None };
    // How bright it seems to an eye, between none and all.
    let bright = 0.299 * red + 0.587 * green + 0.114 * blue;
    (parts.len() <= 4).then_some(if bright > 0.5 { Background::Light } else { Background::Dark })
}

/// One part as a share of the most it could be.
fn part(digits: &str) -> Option<f64> {
    if !(1..=4).contains(&digits.len()) {
        return None;
    }
    let value = u16::from_str_radix(digits, 16).ok()?;
    let most = (1_u32 << (4 * digits.len())) - 1;
    Some(f64::from(value) / f64::from(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_an_answer_is_understood() {
        let (dark, light) = (Some(Background::Dark), Some(Background::Light));
        for (text, said) in [
            ("11;rgb:ffff/ffff/ffff", light),
            ("11;rgb:0000/0000/0000", dark),
            ("11;rgb:f/f/f", light),
            ("11;rgb:1e/1e/2e", dark),
            ("11;rgb:fdf/6e3/fff", light),
            ("11;rgba:fdfd/f6f6/e3e3/ffff", light),
            ("11;#fdf6e3", light),
            ("11;#002b36", dark),
            ("11;rgb:fffff/0/0", None),
            ("11;rgb:/0/0", None),
            ("11;rgb:ff/ff", None),
            ("11;rgb:1/1/1/1/1", None),
            ("11;#ff", None),
            ("11;#", None),
            ("10;rgb:ff/ff/ff", None),
            ("", None),
        ] {
            assert_eq!(background(text.as_bytes()), said, "{text}");
        }
    }
}
