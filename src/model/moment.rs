//! Time as the supervisor counts it.

use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in time: milliseconds since the supervisor started, on a clock that never jumps.
///
/// Negative for what was restored from an earlier run. Wall-clock time is only for people: it is
/// worked out where something is shown or written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Moment(i64);

impl Moment {
    /// The moment the supervisor started.
    pub const ZERO: Self = Self(0);

    /// `ms` milliseconds after the supervisor's start (before it, when negative).
    #[must_use]
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the supervisor's start.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// How long ago `earlier` was; zero if it is still to come.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// How long until `later`; zero if it is past.
    #[must_use]
    pub fn until(self, later: Self) -> Duration {
        later.since(self)
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for Moment {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }
}

/// A span in its largest unit only: `12s`, `4m`, `3h`, `9d`. At most four characters up to 999 days.
///
/// Coarse on purpose: an age that changes every second would redraw an idle wall every second.
#[must_use]
pub fn coarse_age(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// A span as it is said in a sentence: `12 s`, `4 min`, `3 h`, `9 days`. Rounded up, so that what is
/// still to come is never `0 s`.
#[must_use]
pub fn span_words(span: Duration) -> String {
    let seconds = span.as_secs() + u64::from(span.subsec_nanos() > 0);
    match seconds {
        0..120 => format!("{} s", seconds.max(1)),
        120..7_200 => format!("{} min", seconds.div_ceil(60)),
        7_200..172_800 => format!("{} h", seconds.div_ceil(3_600)),
        _ => format!("{} days", seconds.div_ceil(86_400)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_never_negative() {
        let (early, late) = (Moment::from_millis(5), Moment::from_millis(1_005));
        assert_eq!(late.since(early), Duration::from_secs(1));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(early.until(late), Duration::from_secs(1));
    }

    #[test]
    fn adding_never_wraps() {
        let end = Moment::from_millis(i64::MAX) + Duration::from_secs(1);
        assert_eq!(end.millis(), i64::MAX);
        assert_eq!((Moment::from_millis(i64::MIN) - Duration::MAX).millis(), i64::MIN);
    }

    #[test]
    fn ages_are_coarse() {
        let age = |s| coarse_age(Duration::from_secs(s));
        assert_eq!(age(0), "0s");
        assert_eq!(age(59), "59s");
        assert_eq!(age(60), "1m");
        assert_eq!(age(3_599), "59m");
        assert_eq!(age(3_600), "1h");
        assert_eq!(age(86_400 * 9), "9d");
    }
}
