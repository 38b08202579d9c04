//! Spans of time on the screen: how they are rounded, and when their text changes. A wall display
//! shows many of them, and each change is a frame: what nobody reads to the second changes seldom.

use std::time::Duration;

use crate::model::coarse_age;

/// How long until the coarse text of an age, now `span`, changes.
#[must_use]
pub fn age_changes_in(span: Duration) -> Duration {
    let unit = match span.as_secs() {
        0..60 => 1,
        60..3_600 => 60,
        3_600..86_400 => 3_600,
        _ => 86_400,
    };
    left_of(span, unit)
}

/// An age of which many stand on the screen at once, as those of resting streams: `<1m`, then as
/// coarse as any other.
#[must_use]
pub fn slow_age(span: Duration) -> String {
    if span.as_secs() < 60 { "<1m".into() } else { coarse_age(span) }
}

/// How long until the text of a slow age changes.
#[must_use]
pub fn slow_age_changes_in(span: Duration) -> Duration {
    if span.as_secs() < 60 { left_of(span, 60) } else { age_changes_in(span) }
}

/// An age in a sentence, as coarse as any other: `42 s`, `4 min`, `3 h`.
#[must_use]
pub fn age_words(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        86_400..172_800 => "1 day".into(),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// How long something took, in two units: `12s`, `3m04s`, `2h07m`, `5d03h`.
#[must_use]
pub fn lasted(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0 if !span.is_zero() => "<1s".into(),
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

fn left_of(span: Duration, unit: u64) -> Duration {
    let unit = u128::from(unit) * 1_000;
    Duration::from_millis(u64::try_from(unit - span.as_millis() % unit).unwrap_or(u64::MAX))
}

/// How exactly a time to come is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Countdown {
    /// To the second while it is near: for the one stream that is open.
    Exact,
    /// In steps of five seconds below a minute, of minutes above: for a screen full of rows.
    Coarse,
}

/// Up to and including so many seconds it is shown in steps of so many. What is shown is always
/// rounded up.
type Steps = [(u64, u64); 4];

/// The steps of the model's own words for a span.
const EXACT: Steps = [(119, 1), (7_199, 60), (172_799, 3_600), (u64::MAX, 86_400)];
const COARSE: Steps = [(60, 5), (7_200, 60), (172_800, 3_600), (u64::MAX, 86_400)];

impl Countdown {
    /// The step that `left` is shown in, and where the finer ones begin; milliseconds.
    fn step(self, left: u64) -> (u64, u64) {
        let steps = match self {
            Self::Exact => EXACT,
            Self::Coarse => COARSE,
        };
        let mut finer = 0;
        for (limit, step) in steps {
            let limit = limit.saturating_mul(1_000);
            if left <= limit {
                return (step * 1_000, finer);
            }
            finer = limit;
        }
        (1_000, finer)
    }

    /// What is to be put into words of `left`: rounded up, and never nothing.
    #[must_use]
    pub fn round(self, left: Duration) -> Duration {
        // The model's words round by themselves.
        if self == Self::Exact {
            return left;
        }
        let left = millis(left);
        let (step, _) = self.step(left);
        Duration::from_millis(left.div_ceil(step).max(1).saturating_mul(step))
    }

    /// How long until what is shown of `left` changes; never, when it is as small as it gets.
    #[must_use]
    pub fn changes_in(self, left: Duration) -> Duration {
        let left = millis(left);
        let (step, finer) = self.step(left);
        let below = (left.div_ceil(step).saturating_sub(1) * step).max(finer);
        if below == 0 { Duration::MAX } else { Duration::from_millis(left - below) }
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::span_words;

    #[test]
    fn ages_say_when_they_change() {
        let ms = Duration::from_millis;
        assert_eq!(age_changes_in(ms(0)), ms(1_000));
        assert_eq!(age_changes_in(ms(59_400)), ms(600));
        assert_eq!(age_changes_in(ms(61_000)), ms(59_000));
        assert_eq!(slow_age(ms(59_999)), "<1m");
        assert_eq!(slow_age_changes_in(ms(59_400)), ms(600));
        assert_eq!(slow_age_changes_in(ms(2_000)), ms(58_000));
        assert_eq!(slow_age(ms(60_000)), "1m");
        let said = [59_999, 60_000, 7_200_000, 90_000_000, 200_000_000].map(|at| age_words(ms(at)));
        assert_eq!(said, ["59 s", "1 min", "2 h", "1 day", "2 days"]);
    }

    #[test]
    fn what_is_over_took_as_long_as_two_units_say() {
        let of = |ms| lasted(Duration::from_millis(ms));
        assert_eq!([of(0), of(400), of(12_000), of(59_999)], ["0s", "<1s", "12s", "59s"]);
        assert_eq!([of(60_000), of(184_000), of(3_600_000)], ["1m00s", "3m04s", "1h00m"]);
        assert_eq!([of(7_620_000), of(86_400_000 * 5 + 3_600_000 * 3)], ["2h07m", "5d03h"]);
    }

    #[test]
    fn a_countdown_is_coarse_where_there_are_many_of_them() {
        let shown = |countdown: Countdown, ms| span_words(countdown.round(Duration::from_millis(ms)));
        for (left, exact, coarse) in [
            (0, "1 s", "5 s"),
            (1, "1 s", "5 s"),
            (11_900, "12 s", "15 s"),
            (60_000, "60 s", "60 s"),
            (60_001, "61 s", "2 min"),
            (119_001, "2 min", "2 min"),
            (300_000, "5 min", "5 min"),
            (7_199_000, "120 min", "2 h"),
            (7_200_000, "2 h", "2 h"),
            (7_200_001, "3 h", "3 h"),
            (172_800_001, "3 days", "3 days"),
        ] {
            assert_eq!(shown(Countdown::Exact, left), exact, "{left}");
            assert_eq!(shown(Countdown::Coarse, left), coarse, "{left}");
            assert_eq!(shown(Countdown::Exact, left), span_words(Duration::from_millis(left)), "{left}");
        }
    }

    #[test]
    fn a_countdown_changes_when_it_says_and_not_before() {
        for countdown in [Countdown::Exact, Countdown::Coarse] {
            let shown = |left| span_words(countdown.round(Duration::from_millis(left)));
            // Down from a little more than three days: around each boundary, and in between.
            let begins = [59, 60, 61, 119, 120, 121, 3_600, 7_199, 7_200, 7_201, 172_799, 172_801, 270_000];
            for begin in begins.into_iter().flat_map(|s| [s * 1_000 - 1, s * 1_000, s * 1_000 + 1]) {
                let mut left: u64 = begin;
                for _ in 0..50 {
                    let pause = countdown.changes_in(Duration::from_millis(left));
                    if pause == Duration::MAX {
                        assert_eq!(shown(left), shown(0), "{countdown:?} {left}");
                        break;
                    }
                    let next = left - millis(pause);
                    assert_eq!(shown(left), shown(next + 1), "{countdown:?} {left}");
                    assert_ne!(shown(left), shown(next), "{countdown:?} {left}");
                    left = next;
                }
            }
        }
    }
}
