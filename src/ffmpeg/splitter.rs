//! Bytes from a stranger into lines: bounded, and readable whatever they are.

use std::fmt::Write as _;

use crate::model::LogLine;

/// Cuts a byte stream at `\n` and `\r`. Holds at most one line of [`LogLine::MAX_BYTES`].
#[derive(Debug, Default)]
pub struct Splitter {
    line: Vec<u8>,
    /// The line is longer than what is kept of it.
    cut: bool,
}

/// What stands at the end of a line that was longer.
const CUT_MARK: char = '…';

impl Splitter {
    /// Passes each complete, non-empty line on: its text, and whether its end is missing.
    pub fn push(&mut self, chunk: &[u8], line: &mut dyn FnMut(&str, bool)) {
        let mut rest = chunk;
        while let Some(end) = rest.iter().position(|&b| b == b'\n' || b == b'\r') {
            self.keep(&rest[..end]);
            self.finish(line);
            rest = &rest[end + 1..];
        }
        self.keep(rest);
    }

    /// Passes on what has no line end yet.
    pub fn finish(&mut self, line: &mut dyn FnMut(&str, bool)) {
        if !self.line.is_empty() {
            let mut text = readable(&self.line);
            if self.cut {
                text.push(CUT_MARK);
            }
            line(&text, self.cut);
        }
        self.line.clear();
        self.cut = false;
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LogLine::MAX_BYTES - self.line.len();
        self.cut |= bytes.len() > room;
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

/// The text of `bytes`, what is not UTF-8 in it as `\xNN`.
fn readable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a string can't fail.
            let _ = write!(text, "\\x{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(chunks: &[&[u8]]) -> Vec<(String, bool)> {
        let mut lines = Vec::new();
        let mut splitter = Splitter::default();
        for chunk in chunks {
            splitter.push(chunk, &mut |text, cut| lines.push((text.to_owned(), cut)));
        }
        splitter.finish(&mut |text, cut| lines.push((text.to_owned(), cut)));
        lines
    }

    fn whole(texts: &[&str]) -> Vec<(String, bool)> {
        texts.iter().map(|t| ((*t).to_owned(), false)).collect()
    }

    #[test]
    fn both_line_ends_split_and_empty_lines_vanish() {
        assert_eq!(split(&[b"a\r\nb\rc", b"d\n\n\ne"]), whole(&["a", "b", "cd", "e"]));
    }

    #[test]
    fn bytes_that_are_no_utf8_stay_readable() {
        assert_eq!(split(&[b"a\xff\xfeb\n"]), whole(&["a\\xFF\\xFEb"]));
        assert_eq!(split(&[b"\xc3", b"\xa9\n"]), whole(&["é"]), "a character over two chunks");
    }

    #[test]
    fn a_line_without_end_is_cut_and_its_rest_skipped() {
        let mut splitter = Splitter::default();
        for _ in 0..1_000 {
            splitter.push(&[b'x'; 10_000], &mut |_, _| panic!("no line has ended"));
            assert!(splitter.line.capacity() <= 2 * LogLine::MAX_BYTES);
        }
        let mut lines = Vec::new();
        splitter.push(b"\nnext\n", &mut |text, cut| lines.push((text.len(), cut)));
        assert_eq!(lines, [(LogLine::MAX_BYTES + CUT_MARK.len_utf8(), true), (4, false)]);
    }
}
