//! Ids made from names.

use crate::model::StreamId;

/// What an id is called that is made from nothing usable.
const NAMELESS: &str = "channel";

/// A valid id of `prefix` and `text`. A text that is one already stays as it is; else letters become
/// small, accents go, and what can't stay becomes a dash.
pub(super) fn slug(prefix: &str, text: &str) -> String {
    let whole = format!("{prefix}{text}");
    if StreamId::new(&whole).is_ok() && !text.is_empty() {
        return whole;
    }
    let mut out = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        match plain(c) {
            Some(letters) => out.push_str(letters),
            None if c.is_ascii_alphanumeric() || c == '_' || c == '.' => out.push(c),
            // Marks that combine with the letter before them just go.
            None if ('\u{300}'..='\u{36f}').contains(&c) => {}
            None if !out.ends_with('-') => out.push('-'),
            None => {}
        }
        if out.len() >= StreamId::MAX_BYTES {
            break;
        }
    }
    let name = out.trim_matches(['-', '.']);
    let name = if name.is_empty() { NAMELESS } else { name };
    cut(&format!("{prefix}{name}"), StreamId::MAX_BYTES)
}

/// `base` with a number behind it, cut so that both fit.
pub(super) fn numbered(base: &str, number: u32) -> String {
    let tail = format!("-{number}");
    cut(base, StreamId::MAX_BYTES - tail.len()) + &tail
}

/// The first `max` bytes of a text that is ASCII.
fn cut(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}

/// Letters of European channel names without their accents.
fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'à' | 'á' | 'â' | 'ã' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'ä' | 'æ' => "ae",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ė' | 'ę' | 'ě' => "e",
        'ğ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'į' | 'ı' => "i",
        'ł' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ø' | 'ō' | 'ő' => "o",
        'ö' | 'œ' => "oe",
        'ř' => "r",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'ß' => "ss",
        'ť' | 'ţ' | 'ț' => "t",
        'ù' | 'ú' | 'û' | 'ū' | 'ů' | 'ű' => "u",
        'ü' => "ue",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_valid_ids() {
        for (prefix, text, expected) in [
            ("", "BBC1.uk", "BBC1.uk"),
            ("", "Das Erste HD", "das-erste-hd"),
            ("de-", "Köln & Düsseldorf", "de-koeln-duesseldorf"),
            ("", "Télé 5!", "tele-5"),
            ("", "  ..x..  ", "x"),
            ("", "テレビ", "channel"),
            ("p-", "", "p-channel"),
            ("", "-rf /", "rf"),
            ("", "İstanbul", "istanbul"),
        ] {
            assert_eq!(slug(prefix, text), expected, "{text}");
            assert!(StreamId::new(expected).is_ok());
        }
        let long = slug("p-", &"é".repeat(500));
        assert_eq!(long.len(), StreamId::MAX_BYTES);
        assert_eq!(numbered(&long, 12).len(), StreamId::MAX_BYTES);
        assert!(numbered(&long, 12).ends_with("e-12"));
    }
}
