//! Text from outside, made harmless once, where it comes in.

use std::borrow::Cow;

/// Combining marks kept after one base character; more of them is an attack on the line above.
const MAX_COMBINING: usize = 4;

/// What stands for a secret.
pub const MASK: &str = "***";

/// Makes control characters visible (`␛` for ESC), drops bidirectional overrides and long runs of
/// combining marks. Line feeds and tabs become visible too: the result is always one line.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut combining = 0;
    for c in text.chars() {
        let code = c as u32;
        if is_combining(code) {
            combining += 1;
            if combining > MAX_COMBINING {
                continue;
            }
        } else {
            combining = 0;
        }
        match code {
            // U+2400 to U+241F are the pictures of the C0 controls.
            0x00..=0x1f => out.push(char::from_u32(0x2400 + code).unwrap_or('?')),
            0x7f => out.push('␡'),
            // C1 controls have no pictures; a terminal in 8-bit mode obeys them.
            // The rest: bidirectional marks, overrides and isolates, line and paragraph
            // separators, byte order mark.
            0x80..=0x9f | 0x200e | 0x200f | 0x202a..=0x202e | 0x2066..=0x2069 | 0x2028 | 0x2029 | 0xfeff => {
                out.push('\u{fffd}');
            }
            // What joins signs into one, and chooses how one is drawn: terminals disagree on how wide
            // the result is, and a row that is a cell off lies about its figures.
            0x200b | 0x200d | 0x2060 | 0xfe0e | 0xfe0f => {}
            // The letters of which flags are made.
            0x1f1e6..=0x1f1ff => out.extend(char::from_u32(u32::from(b'A') + code - 0x1f1e6)),
            _ => out.push(c),
        }
    }
    Cow::Owned(out)
}

fn is_combining(code: u32) -> bool {
    matches!(code, 0x300..=0x36f | 0x483..=0x489 | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20ff | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f)
}

/// Cleans a line from outside, masks its secrets and cuts it to `max_bytes` (marked with `…`).
#[must_use]
pub fn clean_line(text: &str, max_bytes: usize) -> String {
    let masked = mask_secrets(text);
    let cleaned = clean(&masked);
    if cleaned.len() <= max_bytes {
        return cleaned.into_owned();
    }
    let room = max_bytes.saturating_sub('…'.len_utf8());
    let cut = (0..=room).rev().find(|&i| cleaned.is_char_boundary(i)).unwrap_or(0);
    format!("{}…", &cleaned[..cut])
}

/// What is shown of a text inside a message, bytes.
pub const MAX_QUOTE: usize = 120;

/// A text as a message shows it: in quotes, clean, masked and not long.
#[must_use]
pub fn quote(text: &str) -> String {
    format!("\"{}\"", clean_line(text, MAX_QUOTE))
}

/// Words that make a query parameter or a header a secret when they are a part of its name
/// (`X-Auth-Token`, `access_token`), compared in lower case.
const SECRET_WORDS: &[&str] = &[
    "token",
    "secret",
    "passwd",
    "password",
    "passphrase",
    "pass",
    "pwd",
    "auth",
    "authorization",
    "apikey",
    "accesskey",
    "signature",
    "sig",
    "hmac",
    "credential",
    "credentials",
    "session",
    "sessionid",
    "policy",
    "hdnea",
    "hdnts",
    "wmsauthsign",
    "streamid",
    "cookie",
    "cookies",
];

/// The same when a part of the name ends with one of these: `authtoken`, `userpassword`.
const SECRET_ENDINGS: &[&str] = &["token", "password", "passwd", "secret", "signature", "apikey"];

/// Masks what URLs and headers in `text` carry as passwords, tokens and keys:
/// `rtmp://u:p@h/x?token=T` becomes `rtmp://***@h/x?token=***`.
#[must_use]
pub fn mask_secrets(text: &str) -> Cow<'_, str> {
    // Nothing that could hold a secret: the common case, and it must cost nothing.
    if !text.contains("://") && !text.contains('=') && !text.contains(": ") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // User info: everything between "://" and the last '@' before the path.
    while let Some(at) = rest.find("://") {
        let after = at + 3;
        out.push_str(&rest[..after]);
        rest = &rest[after..];
        let ends = |c: char| matches!(c, '/' | '?' | '#') || is_blank(c);
        let authority = rest.find(ends).unwrap_or(rest.len());
        let user_end = rest[..authority].rfind('@').or_else(|| password_with_slash(rest));
        if let Some(user_end) = user_end {
            out.push_str(MASK);
            rest = &rest[user_end..];
        }
    }
    out.push_str(rest);
    Cow::Owned(mask_values(&out))
}

/// Whether a secret in a URL ends here. Nothing that [`clean`] makes visible ends it, not even a tab
/// or a line feed: what stands behind it may be the rest of it.
fn is_blank(c: char) -> bool {
    c.is_whitespace() && !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}')
}

/// A password with a raw `/` in it still ends at an `@` that has no blank or query before it, when
/// a `:` comes before the first slash that is no port.
fn password_with_slash(rest: &str) -> Option<usize> {
    let end = rest.find(|c: char| is_blank(c) || matches!(c, '?' | '#')).unwrap_or(rest.len());
    let word = &rest[..end];
    let (colon, at, slash) = (word.find(':')?, word.rfind('@')?, word.find('/')?);
    let port = &word[colon + 1..slash.max(colon + 1)];
    let is_port = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    (colon < slash && slash < at && !is_port).then_some(at)
}

/// Masks the values of `name=value` and of `Name: value`, where the name says that it is a secret.
fn mask_values(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['=', ':']) {
        let in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '%');
        let (before, name) = match rest[..at].char_indices().rev().find(|(_, c)| !in_name(*c)) {
            Some((i, c)) => (Some(c), &rest[i + c.len_utf8()..at]),
            None => (out.chars().last(), &rest[..at]),
        };
        let header = rest.as_bytes()[at] == b':';
        out.push_str(&rest[..=at]);
        rest = &rest[at + 1..];
        let in_query = matches!(before, Some('?' | '&' | ';'));
        let secret = match (header, rest.strip_prefix(' ')) {
            (true, Some(_)) => is_secret(name),
            (true, None) => false,
            // `key` alone is a secret in a query, and an ordinary word everywhere else.
            (false, _) => is_secret(name) || (in_query && name.eq_ignore_ascii_case("key")),
        };
        if !secret {
            continue;
        }
        let ends = |c: char| match c {
            '"' | '\'' => true,
            '&' | '#' => !header,
            c if header => matches!(c, '\r' | '\n'),
            c => is_blank(c),
        };
        let quoted = !header && rest.starts_with(['"', '\'']);
        let from = usize::from(header || quoted);
        let end = rest[from..].find(ends).map_or(rest.len(), |end| end + from).max(from);
        out.push_str(&rest[..from]);
        if end > from {
            out.push_str(MASK);
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let mut parts = name.split(['_', '-', '.', '%']).chain([name.as_str()]);
    parts.any(|part| SECRET_WORDS.contains(&part) || SECRET_ENDINGS.iter().any(|end| part.ends_with(end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_not_copied() {
        assert!(matches!(clean("Das Erste HD"), Cow::Borrowed(_)));
        assert!(matches!(mask_secrets("frame 12"), Cow::Borrowed(_)));
    }

    #[test]
    fn escape_sequences_become_visible() {
        assert_eq!(clean("a\x1b[31mb\r\n\tc\x7f"), "a␛[31mb␍␊␉c␡");
        assert_eq!(clean("\u{9b}31m"), "\u{fffd}31m");
    }

    #[test]
    fn bidirectional_overrides_do_not_pass() {
        assert_eq!(clean("a\u{202e}b\u{2066}c"), "a\u{fffd}b\u{fffd}c");
    }

    #[test]
    fn long_runs_of_combining_marks_are_cut() {
        let tower = format!("e{}", "\u{301}".repeat(50));
        assert_eq!(clean(&tower).chars().count(), 1 + MAX_COMBINING);
    }

    #[test]
    fn long_lines_are_cut_at_a_character() {
        let cut = clean_line(&"é".repeat(100), 20);
        assert!(cut.len() <= 20 && cut.ends_with('…'), "{cut}");
        assert_eq!(clean_line("short", 20), "short");
    }

    /// Whatever stands in a secret, no piece of it is left.
    #[test]
    fn control_characters_in_a_secret_do_not_end_it() {
        let forms = [
            "http://h/x?token={}&n=1",
            "http://h/x?n=1&X-Amz-Signature={}#f",
            "srt://h:9?mode=caller&passphrase={}",
            "rtmp://u:{}@h/app",
            "rtmp://{}:p@h/app",
            "X-Auth-Token: {} and more",
            "access_token=\"{}\"",
        ];
        let controls = (0..0x20).chain(0x7f..0xa0).filter_map(char::from_u32);
        for c in controls.chain(['\u{200b}', '\u{202e}', '\u{2028}', '\u{feff}', '␛', 'ü']) {
            // No header goes on behind the end of its line.
            for form in forms.iter().filter(|form| !form.contains(": ") || !matches!(c, '\r' | '\n')) {
                let text = form.replace("{}", &format!("kanarie{c}kanarie{c}{c}kanarie"));
                let shown = mask_secrets(&text);
                assert!(shown.contains("***") && !shown.contains("kanarie"), "{c:?}: {shown:?}");
                assert!(!clean_line(&text, 1_000).contains("kanarie"), "{c:?}: {text:?}");
            }
        }
        let header = mask_secrets("Cookie: kanarie\u{1}kanarie\r\nAccept: all");
        assert_eq!(header, "Cookie: ***\r\nAccept: all");
    }

    #[test]
    fn passwords_and_tokens_are_masked() {
        for (given, shown) in [
            ("rtmp://u:p@h/x", "rtmp://***@h/x"),
            ("http://tok3n@h:80/a?b=1", "http://***@h:80/a?b=1"),
            ("http://u:p@ss@h/x", "http://***@h/x"),
            ("http://u:p/q@h/x", "http://***@h/x"),
            ("http://h:80/a@b", "http://h:80/a@b"),
            ("https://h/x?Token=abc&n=1", "https://h/x?Token=***&n=1"),
            ("https://h/x?n=1&X-Amz-Signature=ff", "https://h/x?n=1&X-Amz-Signature=***"),
            ("srt://h:9?passphrase=0123456789&mode=caller", "srt://h:9?passphrase=***&mode=caller"),
            ("Authorization: Basic dTpw", "Authorization: ***"),
            ("X-Auth-Token: kanarie", "X-Auth-Token: ***"),
            ("rtsp://admin:a,b'c@cam/x", "rtsp://***@cam/x"),
            ("http://h/x?token=a,b)c|d&n=1", "http://h/x?token=***&n=1"),
            ("http://h/x?key=a", "http://h/x?key=***"),
            ("metadata=mode=print:key=lavfi.black_start", "metadata=mode=print:key=lavfi.black_start"),
            ("keyint=50 author=me pass: 1", "keyint=50 author=me pass: ***"),
            ("Error: no such file", "Error: no such file"),
            ("two http://a:b@c/ and http://d:e@f/", "two http://***@c/ and http://***@f/"),
            ("size=3kB time=00:01", "size=3kB time=00:01"),
            ("-f x token=\"a b\" n=1 token=''", "-f x token=\"*** b\" n=1 token=''"),
        ] {
            assert_eq!(mask_secrets(given), shown);
        }
    }
}
