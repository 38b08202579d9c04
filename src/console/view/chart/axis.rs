//! The line below charts that says how long ago.

use super::plot::Window;
use crate::console::text::{cells, float, share_of, width};

/// Ages that ticks stand at, in seconds: multiples of one of these.
const TICKS: [u64; 14] = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600];
/// From one label to the next, in cells, at least.
const APART: u64 = 9;

/// A label, and the cell it begins at.
pub type Label = (u16, String);

/// How long ago: `-30s`, `-5m`, `-1m30`, `-2h`.
#[must_use]
pub fn ago(seconds: u64) -> String {
    match seconds {
        0 => "now".into(),
        s if s.is_multiple_of(3_600) => format!("-{}h", s / 3_600),
        s if s.is_multiple_of(60) => format!("-{}m", s / 60),
        s if s > 60 => format!("-{}m{}", s / 60, s % 60),
        s => format!("-{s}s"),
    }
}

/// Labels for `wide` cells. `newest`: the step after the newest there is; `seconds` a step.
#[must_use]
pub fn labels(window: Window, newest: u64, seconds: u64, wide: u16) -> Vec<Label> {
    let span = window.steps.saturating_mul(seconds);
    // How long ago the right edge is.
    let edge = newest.saturating_sub(window.end).saturating_mul(seconds);
    if wide == 0 || span == 0 {
        return Vec::new();
    }
    let most = (u64::from(wide) / APART).max(1);
    let tick = TICKS.into_iter().find(|tick| span / tick <= most).unwrap_or(43_200);
    let mut labels: Vec<Label> = Vec::new();
    let mut free = 0;
    // From the right: what is newest matters most.
    for n in edge.div_ceil(tick)..=(edge + span) / tick {
        let age = n * tick;
        let from_right = share_of(wide.into(), float(age - edge) / float(span));
        let (text, at) = (ago(age), wide - cells(from_right).min(wide));
        let long = cells(width(&text));
        if long > wide {
            break;
        }
        // Below its place, or as near as the edges let it.
        let begin = at.saturating_sub(if age == edge { long } else { long / 2 }).min(wide - long);
        if labels.is_empty() || begin + long < free {
            free = begin;
            labels.push((begin, text));
        }
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(steps: u64, back: u64, seconds: u64, wide: u16) -> String {
        let mut line = vec![b' '; wide.into()];
        for (at, text) in labels(Window { end: 1_000 - back, steps }, 1_000, seconds, wide) {
            for (place, byte) in line[at.into()..].iter_mut().zip(text.bytes()) {
                assert_eq!(*place, b' ', "two labels in one place");
                *place = byte;
            }
        }
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn labels_say_how_long_ago() {
        assert_eq!(line(300, 0, 1, 60), "-5m        -4m         -3m         -2m         -1m       now");
        assert_eq!(line(360, 0, 10, 40), "-1h     -45m      -30m      -15m     now");
        assert_eq!(line(360, 0, 240, 30), "-24h         -12h          now");
        assert_eq!(line(90, 90, 10, 40), "-30m       -25m          -20m       -15m");
        assert_eq!(line(60, 17, 1, 40), "-1m15     -1m      -45s      -30s       ");
    }

    #[test]
    fn labels_never_leave_their_line() {
        for wide in 0..200 {
            for steps in [1, 60, 90, 300, 360] {
                for back in [0, 1, 30, 299] {
                    for seconds in [1, 10, 240] {
                        line(steps, back, seconds, wide);
                    }
                }
            }
        }
    }
}
