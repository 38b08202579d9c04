//! One file's text, and where its lines are.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::model::LineStarts;

/// The text of one file that was read.
pub(super) struct Sheet {
    /// The number of files read before it: mistakes are told in this order.
    pub index: usize,
    /// As messages call it.
    pub path: PathBuf,
    /// Its text, without a byte order mark.
    pub text: Arc<str>,
    starts: LineStarts,
    /// Lines that syntax errors are on. What else seems wrong there only follows from them.
    broken: BTreeSet<usize>,
}

/// Where bytes were no text.
pub(super) struct BadByte {
    /// Where in the text that was made of them.
    pub offset: usize,
    /// The byte.
    pub byte: u8,
}

impl Sheet {
    /// A file's text.
    pub fn new(index: usize, path: &Path, text: &str) -> Self {
        let text: Arc<str> = text.strip_prefix('\u{feff}').unwrap_or(text).into();
        let starts = LineStarts::of(&text);
        Self { index, path: path.to_owned(), text, starts, broken: BTreeSet::new() }
    }

    /// Line (from 1) of byte `offset`.
    pub fn line_of(&self, offset: usize) -> usize {
        self.starts.line_of(offset)
    }

    /// Line and column (from 1, in characters) of byte `offset`.
    pub fn place(&self, offset: usize) -> (usize, usize) {
        self.starts.place(&self.text, offset)
    }

    /// The text of line `number` (from 1), without its line feed.
    pub fn line(&self, number: usize) -> &str {
        let range = self.line_range(number);
        &self.text[range]
    }

    /// Where line `number` (from 1) is, without its line feed.
    pub fn line_range(&self, number: usize) -> Range<usize> {
        self.starts.range(&self.text, number)
    }

    /// How many lines there are.
    pub const fn lines(&self) -> usize {
        self.starts.count()
    }

    /// Remembers that a syntax error is at `offset`.
    pub fn mark_broken(&mut self, offset: usize) {
        let line = self.line_of(offset);
        self.broken.insert(line);
    }

    /// Whether `offset` is on a line with a syntax error.
    pub fn is_broken_at(&self, offset: usize) -> bool {
        !self.broken.is_empty() && self.broken.contains(&self.line_of(offset))
    }

    /// Whether there is any syntax error in it.
    pub fn is_broken(&self) -> bool {
        !self.broken.is_empty()
    }
}

/// Reads `bytes` as UTF-8; what is none becomes U+FFFD, and the first such place is told.
pub(super) fn decode_utf8(bytes: Vec<u8>) -> (String, Option<BadByte>) {
    match String::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let offset = error.utf8_error().valid_up_to();
            let bytes = error.as_bytes();
            let byte = bytes.get(offset).copied().unwrap_or_default();
            (String::from_utf8_lossy(bytes).into_owned(), Some(BadByte { offset, byte }))
        }
    }
}

/// Reads `bytes` as UTF-8, or else as Latin-1, in which every byte is a character.
pub(super) fn decode_latin1(bytes: Vec<u8>) -> (String, Option<BadByte>) {
    match String::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let bytes = error.as_bytes();
            // The text before the place grows: each byte above 0x7f takes two.
            let offset = bytes[..at].iter().map(|b| 1 + usize::from(*b >= 0x80)).sum();
            let byte = bytes.get(at).copied().unwrap_or_default();
            (bytes.iter().copied().map(char::from).collect(), Some(BadByte { offset, byte }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        let sheet = Sheet::new(0, Path::new("x"), "\u{feff}ab\néé\r\n");
        assert_eq!((sheet.place(0), sheet.place(3)), ((1, 1), (2, 1)));
        assert_eq!((sheet.line(2), sheet.lines()), ("éé\r", 3));
    }

    #[test]
    fn bytes_that_are_no_text_are_told() {
        let (text, bad) = decode_utf8(b"a\xffb".to_vec());
        let bad = bad.unwrap();
        assert_eq!((text.as_str(), bad.offset, bad.byte), ("a\u{fffd}b", 1, 0xff));
        let (text, bad) = decode_latin1("é\u{e9}".bytes().chain([0xe9]).collect());
        let bad = bad.unwrap();
        assert_eq!(text.chars().last(), Some('é'));
        assert_eq!((text.len(), bad.offset), (10, 8));
    }
}
