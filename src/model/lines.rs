//! Where the lines of a text are, and on which of them a byte stands.

use std::ops::Range;

/// Where each line of one text begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineStarts(Vec<usize>);

impl LineStarts {
    /// Of `text`; the methods must be given the same text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    /// How many lines there are; at least one.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.0.len()
    }

    /// Line (from 1) of byte `offset`; the last line for one behind the end.
    #[must_use]
    pub fn line_of(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset).max(1)
    }

    /// The bytes of line `number` (from 1) of `text`, without its line feed. Empty at the end for a
    /// line there is not.
    #[must_use]
    pub fn range(&self, text: &str, number: usize) -> Range<usize> {
        let Some(start) = number.checked_sub(1).and_then(|at| self.0.get(at)).copied() else {
            return text.len()..text.len();
        };
        start..self.0.get(number).map_or(text.len(), |next| next - 1)
    }

    /// Line and column (from 1, in characters) of byte `offset` of `text`. A byte inside of a character
    /// counts as behind it.
    #[must_use]
    pub fn place(&self, text: &str, offset: usize) -> (usize, usize) {
        let line = self.line_of(offset);
        let range = self.range(text, line);
        let at = offset.saturating_sub(range.start).min(range.len());
        let before = text[range].char_indices().take_while(|(start, _)| *start < at).count();
        (line, before + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters() {
        let text = "ab\néé\r\n";
        let starts = LineStarts::of(text);
        let places: Vec<_> = (0..=text.len()).map(|at| starts.place(text, at)).collect();
        let expected = [
            (1, 1),
            (1, 2),
            (1, 3),
            (2, 1),
            (2, 2), // inside the first é: after it
            (2, 2),
            (2, 3),
            (2, 3),
            (2, 4),
            (3, 1),
        ];
        assert_eq!(places, expected);
        assert_eq!(starts.place(text, 999), (3, 1));
        assert_eq!((&text[starts.range(text, 2)], starts.count()), ("éé\r", 3));
        assert_eq!((starts.range(text, 0), starts.range(text, 4)), (9..9, 9..9));
        assert_eq!(LineStarts::of("").place("", 5), (1, 1));
    }
}
