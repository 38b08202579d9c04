//! Where a long line is cut into rows.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::console::text::width;

/// Cuts `text` into rows of at most `columns`, at blanks where there are any: their bytes, without
/// the blanks at a row's end. At least one row.
#[must_use]
pub fn rows(text: &str, columns: usize) -> Vec<Range<usize>> {
    let columns = columns.max(2);
    let mut rows = Vec::new();
    let (mut begin, mut at, mut used) = (0, 0, 0);
    let mut close = |begin: &mut usize, end: usize| {
        let kept = text[*begin..end].trim_end().len();
        rows.push(*begin..*begin + kept);
        *begin = end;
    };
    for word in text.split_inclusive(' ') {
        // The blank after a word needs no room at the end of a row.
        let wide = width(word.trim_end());
        if used > 0 && used + wide > columns {
            close(&mut begin, at);
            used = 0;
        }
        if wide <= columns {
            used += width(word);
            at += word.len();
            continue;
        }
        for grapheme in word.graphemes(true) {
            if used + grapheme.width() > columns {
                close(&mut begin, at);
                used = 0;
            }
            used += grapheme.width();
            at += grapheme.len();
        }
    }
    if begin < text.len() || text.is_empty() {
        close(&mut begin, text.len());
    }
    rows
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::console::glyphs::UNICODE;
    use crate::console::text::wrap;

    fn pieces(text: &str, columns: usize) -> Vec<&str> {
        rows(text, columns).into_iter().map(|row| &text[row]).collect()
    }

    #[test]
    fn rows_end_at_blanks_and_lose_nothing_else() {
        assert_eq!(pieces("one two three", 7), ["one two", "three"]);
        assert_eq!(pieces("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(pieces("", 7), [""]);
        assert_eq!(pieces("新闻联播", 5), ["新闻", "联播"]);
    }

    proptest! {
        #[test]
        fn rows_are_what_wrapping_elsewhere_gives(text in "[ a-c新é]{0,60}", columns in 2..20_usize) {
            let pieces = pieces(&text, columns);
            prop_assert!(pieces.iter().all(|piece| width(piece) <= columns), "{:?}", pieces);
            prop_assert_eq!(pieces, wrap(&text, columns, &UNICODE));
        }
    }
}
