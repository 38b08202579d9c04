//! The operator's own clipboard, at the other end of the line: the terminal puts there what comes in an
//! OSC 52 sequence.

/// The longest text that is sent, bytes: terminals drop longer sequences, some of them silently.
pub const MAX_COPY: usize = 74_000;

/// The sequence that has the terminal take `text`; a longer one is cut at [`MAX_COPY`].
#[must_use]
pub fn sequence(text: &str) -> Vec<u8> {
    let end = text.floor_char_boundary(MAX_COPY);
    let mut bytes = b"\x1b]52;c;".to_vec();
    bytes.extend(base64(&text.as_bytes()[..end]));
    bytes.push(b'\x07');
    bytes
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let part = |n: usize| u32::from(chunk.get(n).copied().unwrap_or(0));
        let bits = part(0) << 16 | part(1) << 8 | part(2);
        let sign = |n: u32| SIGNS[(bits >> (18 - 6 * n) & 63) as usize];
        let kept = chunk.len() + 1;
        out.extend((0..4).map(|n| if (n as usize) < kept { sign(n) } else { b'=' }));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_coded_as_terminals_read_it() {
        for (text, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("a\u{fc}b", "YcO8Yg==")]
        {
            assert_eq!(sequence(text), format!("\x1b]52;c;{coded}\x07").into_bytes());
        }
    }

    #[test]
    fn no_sequence_is_longer_than_terminals_take() {
        let bytes = sequence(&"\u{20ac}".repeat(MAX_COPY));
        assert!(bytes.len() <= MAX_COPY.div_ceil(3) * 4 + 8, "{}", bytes.len());
    }
}
