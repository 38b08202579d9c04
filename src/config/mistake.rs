//! What is wrong with a configuration, where, and what was expected instead.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use unicode_width::UnicodeWidthStr;

use super::words::nearest;
use super::{MAX_EXCERPT_CHARS, MAX_EXCERPT_LINE_BYTES};
pub(super) use crate::model::quote;
use crate::model::{MASK, clean, mask_secrets};

/// One thing that is wrong, or (as a warning) that was probably not meant so.
///
/// All text in it is clean and masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The file it is in; for a setting that did not come from a file, the variable's name.
    pub file: PathBuf,
    /// From 1; 0 when it has no place in the file (the file can't be read, a variable is wrong).
    pub line: usize,
    /// From 1, in characters; 0 when [`Mistake::line`] is.
    pub column: usize,
    /// What was found.
    pub message: String,
    /// What was expected, or what was probably meant: words that follow a semicolon.
    pub expected: String,
    /// The line it is on.
    pub excerpt: Option<Excerpt>,
}

/// The line a mistake is on, and where to put the caret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// Clean and masked, cut around the place when it is long.
    pub line: String,
    /// Terminal cells before the caret.
    pub caret: usize,
    /// Carets, at least one.
    pub width: usize,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", clean(&self.file.to_string_lossy()))?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {}; {}", self.message, self.expected)
    }
}

impl Mistake {
    /// The message with the line it is about and a caret under the place, each on its own line.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_with_excerpt(&self, out: &mut impl fmt::Write) -> fmt::Result {
        writeln!(out, "{self}")?;
        if let Some(excerpt) = &self.excerpt {
            let number = self.line.to_string();
            let (pad, skip) = (number.len(), excerpt.caret);
            writeln!(out, "  {number} | {}", excerpt.line)?;
            writeln!(out, "  {:pad$} | {:skip$}{}", "", "", "^".repeat(excerpt.width))?;
        }
        Ok(())
    }
}

/// Everything that is wrong with a configuration, in the order of files and places.
///
/// Shown as text it is the whole list, each mistake with its line and a caret.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mistakes {
    /// The first ones; at most [`super::MAX_MISTAKES`].
    pub list: Vec<Mistake>,
    /// How many more there are.
    pub more: usize,
}

impl Mistakes {
    /// How many there are in all.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.list.len() + self.more
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for mistake in &self.list {
            mistake.write_with_excerpt(f)?;
        }
        match self.count() {
            1 => f.write_str("1 mistake")?,
            n => write!(f, "{n} mistakes")?,
        }
        if self.more > 0 {
            write!(f, ", {} of them not shown", self.more)?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

impl Excerpt {
    /// Shows `line` with a caret under the `width` bytes from byte `at` on. None when the line is
    /// too long to be worth it.
    pub(super) fn new(line: &str, at: usize, width: usize) -> Option<Self> {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.len() > MAX_EXCERPT_LINE_BYTES {
            return None;
        }
        let start = floor(line, at);
        let end = floor(line, at.saturating_add(width)).max(start);
        let masked = mask_line(line);
        let masked = clean(&masked);
        // Masking moves what comes after it, so the place is looked up in the masked line too.
        let from = masked_place(line, start, &masked);
        let to = masked_place(line, end, &masked).max(from);

        let before = masked[..from].chars().count();
        // A long line is cut on the left so that the caret stays in sight.
        let skip = before.saturating_sub(MAX_EXCERPT_CHARS / 2);
        let mut shown: String = masked.chars().skip(skip).take(MAX_EXCERPT_CHARS).collect();
        let lead: String = masked[..from].chars().skip(skip).collect();
        let mut caret = lead.width();
        let room = shown.width().saturating_sub(caret).max(1);
        let carets = masked[from..to].width().clamp(1, room);
        if skip > 0 {
            shown.insert(0, '…');
            caret += 1;
        }
        if masked.chars().count() > skip + MAX_EXCERPT_CHARS {
            shown.push('…');
        }
        Some(Self { line: shown, caret, width: carets })
    }
}

/// The last character boundary of `text` at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0)
}

/// Where byte `at` of `line` is in its masked and cleaned form: the end of what both have in common.
fn masked_place(line: &str, at: usize, masked: &str) -> usize {
    let prefix = mask_line(&line[..at]);
    let prefix = clean(&prefix);
    let same = prefix.bytes().zip(masked.bytes()).take_while(|(a, b)| a == b).count();
    floor(masked, same)
}

/// Masks the secrets of a line: those that the general rule knows, and the values of keys that are called like
/// one, with blanks around the equals sign, which that rule takes for none. A text over several lines needs
/// [`MaskedLines`].
#[must_use]
pub(super) fn mask_line(line: &str) -> Cow<'_, str> {
    MaskedLines::default().mask(line)
}

/// Masks the lines of a file one after the other, so that a secret which goes over several lines is shown in
/// none of them.
#[derive(Debug, Default)]
pub struct MaskedLines {
    /// What ends the secret that the last line was in.
    until: Option<&'static str>,
}

/// Keys of which nothing is shown, beside those that are called like a secret: whoever knows the path of a
/// webhook may often use it.
const HIDDEN_KEYS: [&str; 1] = ["webhook"];
/// Also what is nearly called so: an unknown key is shown with its line.
const SECRET_KEYS: [&str; 3] = ["password", "secret", "token"];
/// What begins and ends a text over several lines.
const LONG_QUOTES: [&str; 2] = ["\"\"\"", "'''"];

impl MaskedLines {
    /// The next line, masked.
    pub fn mask<'l>(&mut self, line: &'l str) -> Cow<'l, str> {
        let mut rest = line;
        let mut out = String::new();
        if let Some(until) = self.until {
            let Some(at) = line.find(until) else { return Cow::Borrowed(MASK) };
            self.until = None;
            out.push_str(MASK);
            rest = &line[at + until.len()..];
        }
        while let Some((before, value)) = split_at_secret(rest) {
            out.push_str(before);
            out.push_str(MASK);
            let long = LONG_QUOTES.into_iter().find(|quotes| value.starts_with(quotes));
            let end = match long {
                Some(quotes) => value[quotes.len()..].find(quotes).map(|at| at + 2 * quotes.len()),
                None => Some(end_of_value(value)),
            };
            rest = end.map_or("", |end| &value[end..]);
            if end.is_none() {
                self.until = long;
            }
        }
        if out.is_empty() {
            return mask_secrets(line);
        }
        out.push_str(rest);
        Cow::Owned(mask_secrets(&out).into_owned())
    }
}

/// A line up to the value of the first secret key in it, and from there.
fn split_at_secret(line: &str) -> Option<(&str, &str)> {
    for (at, _) in line.match_indices('=') {
        let name = line[..at].trim_end().trim_end_matches(['"', '\'']);
        let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let key = &name[name.trim_end_matches(bare).len()..];
        let before = name[..name.len() - key.len()].trim_end_matches(['"', '\'']);
        // A parameter of a URL is the general rule's.
        let is_key =
            before.is_empty() || before.ends_with(|c: char| c.is_whitespace() || matches!(c, '{' | ','));
        let behind = &line[at + 1..];
        let value = behind.trim_start();
        let quoted = value.starts_with(['"', '\'']);
        if is_key && !value.is_empty() && (quoted || before.trim().is_empty()) && is_hidden(key) {
            // One blank stays, as it is mostly written.
            let blank = usize::from(behind.starts_with(' '));
            return Some((&line[..at + 1 + blank], value));
        }
    }
    None
}

fn is_hidden(key: &str) -> bool {
    let last = key.rsplit('.').next().unwrap_or(key);
    let asked = format!("{key}=x");
    !key.is_empty()
        && (HIDDEN_KEYS.contains(&last)
            || nearest(last, SECRET_KEYS).is_some()
            || mask_secrets(&asked) != asked)
}

/// Where a value ends that is no text over several lines: one in quotes behind them, another with the line.
fn end_of_value(value: &str) -> usize {
    let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else { return value.len() };
    let mut escaped = false;
    for (at, c) in value.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote == '"' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    value.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(line: &str, at: usize, width: usize) -> String {
        let e = Excerpt::new(line, at, width).unwrap();
        format!("{}\n{}{}", e.line, " ".repeat(e.caret), "^".repeat(e.width))
    }

    #[test]
    fn the_caret_stands_under_the_place() {
        assert_eq!(drawn("a = 1", 4, 1), "a = 1\n    ^");
        assert_eq!(drawn("\té = 日x\r", 9, 1), "␉é = 日x\n       ^");
        assert_eq!(drawn("a =", 3, 0), "a =\n   ^");
        assert_eq!(drawn("a", 99, 99), "a\n ^");
    }

    #[test]
    fn the_line_is_masked_and_the_caret_moves_with_it() {
        let line = r#"inputs = ["rtmp://user:hunter2@h/x?token=hunter2", 5]"#;
        let at = line.find('5').unwrap();
        let expected = "inputs = [\"rtmp://***@h/x?token=***\", 5]\n                                      ^";
        assert_eq!(drawn(line, at, 1), expected);
        for at in 0..line.len() {
            assert!(!drawn(line, at, 3).contains("hunter2"));
        }
        assert_eq!(drawn("password = \"hunter2\"", 0, 8), "password = ***\n^^^^^^^^");
        for (line, expected) in [
            ("mail = { password = 'hunter2', port = 25 }", "mail = { password = ***, port = 25 }"),
            (r#""password" = "hunter2 \" hunter2" # that"#, r#""password" = *** # that"#),
            ("mail.password='hunter2'", "mail.password=***"),
            ("webhook = 'https://h/hunter2' # a", "webhook = *** # a"),
            ("pasword = 'hunter2'", "pasword = ***"),
            ("x = 'a' # token = 'hunter2", "x = 'a' # token = ***"),
            ("http://h/x?n=1&token=hunter2&k=2", "http://h/x?n=1&token=***&k=2"),
            ("port = 25", "port = 25"),
        ] {
            assert_eq!(mask_line(line), expected);
            for at in 0..line.len() {
                assert!(!drawn(line, at, 3).contains("hunter2"), "{line}");
            }
        }
    }

    #[test]
    fn a_secret_over_several_lines_is_in_none_of_them() {
        let text = "a = 1\npassword = \"\"\"\nhunter2\nhunter2\"\"\" # x\nb = '''c'''\ntoken = '''hunter2''' # y\nc = 3";
        let mut lines = MaskedLines::default();
        let masked: Vec<_> = text.lines().map(|line| lines.mask(line)).collect();
        let expected =
            ["a = 1", "password = ***", "***", "*** # x", "b = '''c'''", "token = *** # y", "c = 3"];
        assert_eq!(masked, expected);
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let line = format!("{}HERE{}", "a".repeat(500), "b".repeat(500));
        let shown = drawn(&line, 500, 4);
        let (text, carets) = shown.split_once('\n').unwrap();
        assert!(text.starts_with('…') && text.ends_with('…') && text.chars().count() == 102, "{text}");
        assert_eq!(carets.trim_start(), "^^^^");
        let at = carets.len() - 4;
        assert_eq!(text.chars().skip(at).take(4).collect::<String>(), "HERE");
        assert!(Excerpt::new(&"x".repeat(MAX_EXCERPT_LINE_BYTES + 1), 5, 1).is_none());
    }
}
