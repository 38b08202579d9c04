//! Giving a text to the clipboard of the terminal (OSC 52), through tmux too.

/// What 6 bits are written as.
const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The bytes that give `text` to the clipboard. tmux keeps such a sequence for itself or drops it,
/// as it is set up; wrapped up in another one it passes it on where that is allowed. It gets both.
#[must_use]
pub fn sequence(text: &str, in_tmux: bool) -> Vec<u8> {
    let plain = [b"\x1b]52;c;", base64(text.as_bytes()).as_slice(), b"\x07"].concat();
    if !in_tmux {
        return plain;
    }
    let mut out = plain.clone();
    out.extend_from_slice(b"\x1bPtmux;");
    for byte in plain {
        // Inside, each ESC is doubled.
        out.extend(std::iter::repeat_n(byte, if byte == 0x1b { 2 } else { 1 }));
    }
    out.extend_from_slice(b"\x1b\\");
    out
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| usize::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        let sign = |shift: usize| SIGNS[bits >> shift & 63];
        let mut four = [sign(18), sign(12), sign(6), sign(0)];
        for pad in &mut four[group.len() + 1..] {
            *pad = b'=';
        }
        out.extend_from_slice(&four);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        let vectors = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
            ("\u{ff}\u{fe}?>", "w7/Dvj8+"),
        ];
        for (text, coded) in vectors {
            assert_eq!(base64(text.as_bytes()), coded.as_bytes(), "{text}");
        }
    }

    #[test]
    fn tmux_gets_it_plain_and_wrapped_up() {
        assert_eq!(sequence("foo", false), b"\x1b]52;c;Zm9v\x07");
        let both = b"\x1b]52;c;Zm9v\x07\x1bPtmux;\x1b\x1b]52;c;Zm9v\x07\x1b\\";
        assert_eq!(sequence("foo", true), both);
    }
}
