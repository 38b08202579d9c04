//! How the time of a line is told.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::coarse_age;

/// An age beyond this is told as this: there is no room for more.
const OLDEST: Duration = Duration::from_secs(999 * 86_400);

/// How the time of a line is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stamps {
    /// `14:02:11`
    #[default]
    Time,
    /// `4m`
    Age,
    /// `11-24 14:02:11`
    Date,
}

impl Stamps {
    /// The next way.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Time => Self::Age,
            Self::Age => Self::Date,
            Self::Date => Self::Time,
        }
    }

    /// The cells it takes.
    #[must_use]
    pub const fn width(self) -> u16 {
        match self {
            Self::Time => 8,
            Self::Age => 4,
            Self::Date => 14,
        }
    }

    /// The text for `wall_ms`, seen at `now_ms` in `zone`. At most as wide as it says.
    #[must_use]
    pub fn text(self, wall_ms: u64, now_ms: u64, zone: &TimeZone) -> String {
        if wall_ms == 0 {
            // Nobody knows when it was.
            return match self {
                Self::Time => "--:--:--".into(),
                Self::Age => "-".into(),
                Self::Date => "----- --:--:--".into(),
            };
        }
        match self {
            Self::Time => local(wall_ms, "%H:%M:%S", zone),
            Self::Age => coarse_age(Duration::from_millis(now_ms.saturating_sub(wall_ms)).min(OLDEST)),
            Self::Date => local(wall_ms, "%m-%d %H:%M:%S", zone),
        }
    }
}

/// A time in `zone`, as `format` says.
#[must_use]
pub fn local(wall_ms: u64, format: &str, zone: &TimeZone) -> String {
    let at = i64::try_from(wall_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    at.map_or_else(|| "-".into(), |at| at.to_zoned(zone.clone()).strftime(format).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_three_ways_none_wider_than_its_column() {
        let wall = 1_795_485_784_567;
        let now = wall + 4 * 60_000;
        let told = |stamps: Stamps, wall| stamps.text(wall, now, &TimeZone::UTC);
        assert_eq!(told(Stamps::Time, wall), "02:03:04");
        assert_eq!(told(Stamps::Age, wall), "4m");
        assert_eq!(told(Stamps::Date, wall), "11-24 02:03:04");
        assert_eq!(told(Stamps::Age, now + 5_000), "0s", "written by a clock ahead of ours");
        let mut stamps = Stamps::default();
        for _ in 0..3 {
            for wall in [0, 1, wall, now, u64::MAX] {
                let text = told(stamps, wall);
                assert!(text.len() <= usize::from(stamps.width()), "{text}");
            }
            stamps = stamps.next();
        }
        assert_eq!(stamps, Stamps::Time);
    }
}
