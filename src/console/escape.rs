//! What is said to the terminal besides the picture.

use super::wishes::{Calls, Notify};

/// How long a notification may be, bytes: terminals cut them, and some forget the rest of a long one.
const MAX_NOTIFICATION: usize = 200;

/// Rings.
const BELL: u8 = 0x07;

/// Asks for the background (OSC 11), and to be told when it turns dark or light (mode 2031). A
/// terminal that knows neither says nothing.
pub const ASK_BACKGROUND: &[u8] = b"\x1b]11;?\x1b\\\x1b[?2031h";

/// Clicks, drags and the wheel are told, in a form that has no bound (modes 1000, 1002, 1006).
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1002h\x1b[?1006h";
/// They are not.
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1002l\x1b[?1000l";

/// Has the terminal tell of the mouse, or not.
#[must_use]
pub const fn mouse(on: bool) -> &'static [u8] {
    if on { MOUSE_ON } else { MOUSE_OFF }
}

/// Calls someone, with `text` for why.
#[must_use]
pub fn call(calls: Calls, text: &str, tmux: bool) -> Vec<u8> {
    let mut bytes = calls.notify.map(|how| notification(how, text, tmux)).unwrap_or_default();
    // tmux marks the window in which it rang, as its monitor-bell says.
    if calls.bell || calls.tmux_alert && tmux {
        bytes.push(BELL);
    }
    bytes
}

/// Shows `text` as a notification of the operator's desktop; inside tmux, past it.
fn notification(how: Notify, text: &str, tmux: bool) -> Vec<u8> {
    // No semicolon: it parts the fields. No control character: it would end the sequence.
    let text: String =
        text.chars().map(|c| if c == ';' { ',' } else { c }).filter(|c| !c.is_control()).collect();
    let cut = (0..=text.len().min(MAX_NOTIFICATION)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let text = &text[..cut];
    let sequence = match how {
        Notify::Osc9 => format!("\x1b]9;{text}\x07"),
        Notify::Osc777 => format!("\x1b]777;notify;headend;{text}\x07"),
    };
    if tmux { past_tmux(&sequence) } else { sequence.into_bytes() }
}

/// Has tmux hand a sequence on to its terminal, which it does with `allow-passthrough on`.
fn past_tmux(sequence: &str) -> Vec<u8> {
    format!("\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b")).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_of_calling_is_by_itself() {
        let off = Calls::default();
        assert_eq!(call(off, "x", true), b"");
        assert_eq!(call(Calls { bell: true, ..off }, "x", false), b"\x07");
        assert_eq!(call(Calls { tmux_alert: true, ..off }, "x", false), b"");
        assert_eq!(call(Calls { tmux_alert: true, ..off }, "x", true), b"\x07");
        let both = Calls { bell: true, notify: Some(Notify::Osc9), ..off };
        assert_eq!(call(both, "x", false), b"\x1b]9;x\x07\x07");
    }

    #[test]
    fn a_notification_is_one_sequence_whatever_is_in_its_text() {
        assert_eq!(notification(Notify::Osc9, "a; b", false), b"\x1b]9;a, b\x07");
        assert_eq!(notification(Notify::Osc777, "a", false), b"\x1b]777;notify;headend;a\x07");
        assert_eq!(notification(Notify::Osc9, "a", true), b"\x1bPtmux;\x1b\x1b]9;a\x07\x1b\\");
        let hostile = format!("x\x07\x1b\\\u{9c}{}", "é".repeat(1_000));
        let bytes = notification(Notify::Osc9, &hostile, false);
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.len() <= MAX_NOTIFICATION + 8, "{}", text.len());
        assert_eq!(text.chars().filter(|c| c.is_control()).count(), 2, "the beginning and the end");
    }
}
