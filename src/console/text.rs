//! Text and numbers, made to fit their columns.

use std::borrow::Cow;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::glyphs::Glyphs;
use crate::model::clean;
pub use crate::model::counted;

/// What stands for a number nobody knows.
pub const UNKNOWN: &str = "-";

/// How many columns `text` takes.
#[must_use]
pub fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.graphemes(true).map(UnicodeWidthStr::width).sum() }
}

/// Makes `text` safe for this terminal: control characters visible, and on a terminal without
/// Unicode a `?` for each character it has no sign for.
#[must_use]
pub fn shown<'a>(text: &'a str, glyphs: &Glyphs) -> Cow<'a, str> {
    let text = clean(text);
    if !glyphs.ascii || text.is_ascii() {
        return text;
    }
    let plain = |g: &str| match g {
        "…" => '~',
        "—" | "–" => '-',
        "→" => '>',
        "·" => '.',
        _ => '?',
    };
    Cow::Owned(
        text.graphemes(true)
            .map(|g| g.chars().next().filter(char::is_ascii).unwrap_or_else(|| plain(g)))
            .collect(),
    )
}

/// Cuts `text` to `columns`, marked where something is missing. Never splits a wide character or a
/// character from its marks.
#[must_use]
pub fn fit<'a>(text: &'a str, columns: usize, glyphs: &Glyphs) -> Cow<'a, str> {
    let text = shown(text, glyphs);
    if width(&text) <= columns {
        return text;
    }
    let Some(room) = columns.checked_sub(width(glyphs.cut)) else {
        return Cow::Borrowed("");
    };
    let mut out = String::with_capacity(columns + glyphs.cut.len());
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        used += grapheme.width();
        if used > room {
            break;
        }
        out.push_str(grapheme);
    }
    out.truncate(out.trim_end().len());
    out.push_str(glyphs.cut);
    Cow::Owned(out)
}

/// Cuts `text` to `columns` in its middle: names often differ at their ends only.
#[must_use]
pub fn fit_ends<'a>(text: &'a str, columns: usize, glyphs: &Glyphs) -> Cow<'a, str> {
    const END: usize = 3;
    let text = shown(text, glyphs);
    if width(&text) <= columns || columns < 3 * END {
        return Cow::Owned(fit(&text, columns, glyphs).into_owned());
    }
    let mut end = String::new();
    for grapheme in text.graphemes(true).rev() {
        if width(&end) + grapheme.width() > END {
            break;
        }
        end.insert_str(0, grapheme);
    }
    let begin = fit(&text, columns - width(&end), glyphs).into_owned();
    Cow::Owned(begin + &end)
}

/// A name cut to `room` cells. Names that differ only in a number at their end keep it.
#[must_use]
pub fn short_name<'a>(name: &'a str, room: usize, glyphs: &Glyphs) -> Cow<'a, str> {
    if width(name) <= room {
        return Cow::Borrowed(name);
    }
    let number = name.rsplit_once(' ').filter(|(_, last)| last.bytes().all(|b| b.is_ascii_digit()));
    match number {
        Some((begin, number)) if width(number) + 4 <= room => {
            Cow::Owned(format!("{} {number}", fit(begin, room - width(number) - 1, glyphs)))
        }
        _ => Cow::Borrowed(name),
    }
}

/// Cuts `text` into pieces of at most `columns`, at blanks where there are any. At least one piece.
#[must_use]
pub fn wrap(text: &str, columns: usize, glyphs: &Glyphs) -> Vec<String> {
    wrap_after(0, text, columns, glyphs)
}

/// As [`wrap`], behind something that takes `taken` columns of the first line; a word without room
/// there leaves the first piece empty.
#[must_use]
pub fn wrap_after(taken: usize, text: &str, columns: usize, glyphs: &Glyphs) -> Vec<String> {
    let text = shown(text, glyphs);
    rows_after(taken, &text, columns).into_iter().map(|row| text[row].to_owned()).collect()
}

/// Where [`wrap`] cuts a text that is safe already: the bytes of each piece, without the blanks at
/// its end. At least one.
#[must_use]
pub fn rows(text: &str, columns: usize) -> Vec<Range<usize>> {
    rows_after(0, text, columns)
}

fn rows_after(taken: usize, text: &str, columns: usize) -> Vec<Range<usize>> {
    let columns = columns.max(2);
    let mut rows = Vec::new();
    let (mut begin, mut at, mut used) = (0, 0, taken);
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

/// Keeps `lines` pieces at most: the last one then holds the rest, to be cut and marked where it is
/// written.
pub fn keep_lines(pieces: &mut Vec<String>, lines: usize) {
    let lines = lines.max(1);
    if pieces.len() > lines {
        let rest = pieces.split_off(lines - 1).join(" ");
        pieces.push(rest);
    }
}

fn known(value: Option<f32>) -> Option<f32> {
    value.filter(|v| v.is_finite() && *v >= 0.0)
}

/// Frames a second in at most five columns: `25.0`, `120`.
#[must_use]
pub fn fps(value: Option<f32>) -> String {
    match known(value) {
        None => UNKNOWN.into(),
        Some(v) if v < 99.95 => format!("{v:.1}"),
        Some(v) => format!("{:.0}", v.min(99_999.0)),
    }
}

/// A bit rate in at most five columns: `96k`, `4.82M`, `12.5M`.
#[must_use]
pub fn bitrate(kbps: Option<f32>) -> String {
    match known(kbps) {
        None => UNKNOWN.into(),
        Some(v) if v < 999.5 => format!("{v:.0}k"),
        Some(v) if v < 9_995.0 => format!("{:.2}M", v / 1_000.0),
        Some(v) if v < 99_950.0 => format!("{:.1}M", v / 1_000.0),
        Some(v) if v < 999_500.0 => format!("{:.0}M", v / 1_000.0),
        Some(v) if v < 9_950_000.0 => format!("{:.1}G", v / 1_000_000.0),
        Some(v) => format!("{:.0}G", (v / 1_000_000.0).min(999.0)),
    }
}

/// A speed in at most five columns: `1.00x`, `12.5x`.
#[must_use]
pub fn speed(value: Option<f32>) -> String {
    match known(value) {
        None => UNKNOWN.into(),
        Some(v) if v < 9.995 => format!("{v:.2}x"),
        Some(v) if v < 99.95 => format!("{v:.1}x"),
        Some(v) => format!("{:.0}x", v.min(9_999.0)),
    }
}

/// A count in at most four columns: `0`, `9999`, `12k`.
#[must_use]
pub fn count(value: u64) -> String {
    match value {
        0..10_000 => value.to_string(),
        10_000..1_000_000 => format!("{}k", value / 1_000),
        1_000_000..1_000_000_000 => format!("{}M", value / 1_000_000),
        _ => "999M".into(),
    }
}

/// Bytes in at most five columns: `512M`, `1.25G`.
#[must_use]
pub fn bytes(value: u64) -> String {
    const K: f64 = 1_024.0;
    let v = float(value);
    match v {
        _ if v < K => format!("{v:.0}B"),
        _ if v < K * K => format!("{:.0}K", v / K),
        _ if v < K * K * 9.95 => format!("{:.1}M", v / K / K),
        _ if v < K * K * K => format!("{:.0}M", v / K / K),
        _ if v < K * K * K * 9.95 => format!("{:.2}G", v / K / K / K),
        _ => format!("{:.0}G", v / K / K / K),
    }
}

/// A percentage: `0.4%`, `34%`.
#[must_use]
pub fn percent(value: f32) -> String {
    match known(Some(value)) {
        None => UNKNOWN.into(),
        Some(v) if v < 9.95 => format!("{v:.1}%"),
        Some(v) => format!("{:.0}%", v.min(99_999.0)),
    }
}

/// A whole number with a thin gap at the thousands: `524 288`.
#[must_use]
pub fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

/// A number as a fraction's part. Beyond 2^53 it is rounded, which no gauge shows.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "gauges and charts need no more than three digits")]
pub const fn float(value: u64) -> f64 {
    value as f64
}

/// A length on the screen. Screens end long before `u16` does.
#[must_use]
pub fn cells(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

/// `share` (0 to 1; anything else is moved there) of `length` cells, rounded.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to `length`, by the clamp")]
pub fn share_of(length: usize, share: f64) -> usize {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    (float(length as u64) * share).round() as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::glyphs::{ASCII, UNICODE};
    use super::*;

    #[test]
    fn cutting_keeps_wide_characters_whole() {
        assert_eq!(fit("Das Erste", 20, &UNICODE), "Das Erste");
        assert_eq!(fit("Das Erste", 6, &UNICODE), "Das E…");
        assert_eq!(fit("新闻联播", 8, &UNICODE), "新闻联播");
        assert_eq!(fit("新闻联播", 6, &UNICODE), "新闻…");
        assert_eq!(fit("e\u{301}te\u{301}", 3, &UNICODE), "e\u{301}te\u{301}");
        assert_eq!(fit("abc", 0, &UNICODE), "");
        for columns in 0..12 {
            assert!(width(&fit("a新b闻c联d播", columns, &UNICODE)) <= columns);
        }
    }

    #[test]
    fn cutting_the_middle_keeps_the_end() {
        assert_eq!(fit_ends("Nordlicht News 12", 17, &UNICODE), "Nordlicht News 12");
        assert_eq!(fit_ends("Nordlicht News 12", 14, &UNICODE), "Nordlicht… 12");
        assert_eq!(fit_ends("Nordlicht News 12", 8, &UNICODE), "Nordlic…");
        assert_eq!(fit_ends("Nordlicht News 12", 14, &ASCII), "Nordlicht~ 12");
        for columns in 0..40 {
            for text in
                ["新闻联播新闻联播新闻联播", "e\u{301}e\u{301}e\u{301}e\u{301} 12", "a\x1b[2Jb c d e f g h"]
            {
                assert!(width(&fit_ends(text, columns, &UNICODE)) <= columns, "{text} at {columns}");
            }
        }
    }

    #[test]
    fn a_short_name_keeps_its_number() {
        let short = |name, room| short_name(name, room, &UNICODE).into_owned();
        assert_eq!(short("Alpenblick TV 12", 16), "Alpenblick TV 12");
        assert_eq!(short("Alpenblick TV 12", 11), "Alpenbl… 12");
        assert_eq!(short("Alpenblick TV", 8), "Alpenblick TV", "the pen cuts it");
        assert_eq!(short("Kanal 123456789", 8), "Kanal 123456789");
    }

    #[test]
    fn a_terminal_without_unicode_gets_only_ascii() {
        let text = fit("café · 新闻… and more", 14, &ASCII);
        assert!(text.is_ascii(), "{text}");
        assert_eq!(text, "caf? . ??~ an~");
    }

    #[test]
    fn control_characters_do_not_pass() {
        assert_eq!(fit("a\x1b[2Jb", 20, &UNICODE), "a␛[2Jb");
        assert_eq!(fit("a\u{202e}b", 20, &UNICODE), "a\u{fffd}b");
    }

    #[test]
    fn wrapping_loses_nothing_but_blanks() {
        assert_eq!(wrap("one two three", 7, &UNICODE), ["one two", "three"]);
        assert_eq!(wrap("", 7, &UNICODE), [""]);
        assert_eq!(wrap("abcdefgh", 3, &UNICODE), ["abc", "def", "gh"]);
        assert_eq!(wrap_after(4, "one two three", 9, &UNICODE), ["one", "two three"]);
        assert_eq!(wrap_after(7, "one two three", 9, &UNICODE), ["", "one two", "three"]);
        for taken in 0..20 {
            let pieces = wrap_after(taken, "one two three", 9, &UNICODE);
            assert_eq!(pieces.join(" ").trim(), "one two three");
        }
        for piece in wrap(&"新闻 x ".repeat(30), 9, &UNICODE) {
            assert!(width(&piece) <= 9, "{piece}");
        }
        assert_eq!(rows("one two  three", 8), [0..7, 9..14]);
        assert_eq!(wrap("新闻联播", 5, &UNICODE), ["新闻", "联播"]);
    }

    proptest! {
        #[test]
        fn no_row_is_too_wide_and_only_blanks_are_between_two(
            text in "[ a-c新é]{0,60}",
            columns in 2..20_usize,
        ) {
            let mut behind = 0;
            for row in rows(&text, columns) {
                prop_assert!(width(&text[row.clone()]) <= columns);
                prop_assert!(text[behind..row.start].trim().is_empty());
                behind = row.end;
            }
            prop_assert!(text[behind..].trim().is_empty());
        }
    }

    #[test]
    fn numbers_keep_to_their_columns() {
        let values = [0.0, 0.04, 9.99, 9.999, 25.0, 99.94, 99.96, 812.4, 999.6, 9_999.0, 1e6, 1e9, 1e20];
        for v in values.into_iter().map(Some).chain([None, Some(f32::NAN), Some(f32::INFINITY), Some(-1.0)]) {
            for text in [fps(v), bitrate(v), speed(v)] {
                assert!(text.len() <= 5, "{text} for {v:?}");
            }
        }
        assert_eq!(
            (fps(Some(25.0)), bitrate(Some(4_820.0)), speed(Some(1.0))),
            ("25.0".into(), "4.82M".into(), "1.00x".into())
        );
        assert_eq!(fps(None), UNKNOWN);
        for v in [0, 1_023, 1_024, 10 << 20, 1 << 30, 200 << 30] {
            assert!(bytes(v).len() <= 5, "{}", bytes(v));
        }
        assert_eq!(thousands(1_048_576), "1 048 576");
    }

    #[test]
    fn shares_are_never_out_of_range() {
        assert_eq!(share_of(10, 0.5), 5);
        assert_eq!(share_of(10, 7.0), 10);
        assert_eq!(share_of(10, f64::NAN), 0);
    }
}
