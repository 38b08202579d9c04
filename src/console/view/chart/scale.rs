//! Where a chart begins and ends, and what its values are called.

use super::plot::Range;
use crate::console::text::{bitrate, bytes, fps, percent, speed, thousands};

/// What a value is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Frames a second.
    Fps,
    /// Kilobits a second.
    Kbps,
    /// Seconds of media a second.
    Speed,
    /// Percent.
    Percent,
    /// Bytes.
    Bytes,
    /// Bytes a second.
    BytesPerSecond,
    /// How many.
    Count,
    /// A number with two decimals.
    Plain,
}

impl Unit {
    /// A value in words of at most eight cells.
    #[must_use]
    pub fn words(self, value: f32) -> String {
        let known = value.is_finite() && value >= 0.0;
        match self {
            _ if !known => crate::console::text::UNKNOWN.into(),
            Self::Fps => fps(Some(value)),
            Self::Kbps => bitrate(Some(value)),
            Self::Speed => speed(Some(value)),
            Self::Percent => percent(value),
            Self::Bytes => bytes(whole(value)),
            Self::BytesPerSecond => format!("{}/s", bytes(whole(value))),
            Self::Count if value < 10_000.0 && value.fract() < 0.05 => format!("{value:.0}"),
            Self::Count if value < 100.0 => format!("{value:.1}"),
            Self::Count => thousands(whole(value)),
            Self::Plain => format!("{value:.2}"),
        }
    }

    /// Whether its round numbers are those of memory.
    const fn is_binary(self) -> bool {
        matches!(self, Self::Bytes | Self::BytesPerSecond)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "known and not negative")]
const fn whole(value: f32) -> u64 {
    value.round() as u64
}

/// How the top of a chart is found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Top {
    /// What there is at most.
    Full(f32),
    /// A round number above what is seen, and above this value.
    Above(f32),
}

impl Top {
    /// The value at the top.
    #[must_use]
    pub fn of(self, seen: Option<Range>, unit: Unit) -> f32 {
        let highest = seen.map_or(0.0, |range| range.high);
        match self {
            Self::Full(full) if full > 0.0 && highest <= full => full,
            Self::Full(least) | Self::Above(least) => round_above(highest.max(least), unit.is_binary()),
        }
    }
}

/// A round number a little above `value`, so that a steady line is not at the edge; it changes seldom
/// while the value moves.
fn round_above(value: f32, binary: bool) -> f32 {
    if !value.is_finite() || value <= 0.0 {
        return 1.0;
    }
    let (base, steps): (f32, &[f32]) = if binary {
        (2.0, &[1.0, 1.25, 1.5, 2.0])
    } else {
        (10.0, &[1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0])
    };
    let wanted = value * 1.05;
    let unit = base.powf(wanted.log(base).floor());
    steps.iter().map(|step| step * unit).find(|top| *top >= wanted).unwrap_or(base * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_is_round_and_leaves_some_room() {
        for (value, top) in
            [(25.0, 30.0), (24.0, 30.0), (1.0, 1.2), (3_900.0, 5_000.0), (0.02, 0.025), (96.0, 120.0)]
        {
            let found = round_above(value, false);
            assert!((found - top).abs() < top / 1e3, "{found} above {value}");
        }
        assert_eq!(bytes(whole(round_above(22.0 * 1_048_576.0, true))), "24M");
        for strange in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert_eq!(bytes(whole(round_above(strange, false))), "1B");
        }
        for n in 1..2_000_u16 {
            let value = f32::from(n) * 0.37;
            for binary in [false, true] {
                let top = round_above(value, binary);
                assert!(top > value && top < value * 2.2, "{top} above {value}");
            }
        }
    }

    #[test]
    fn what_is_full_stays_the_top_until_more_is_seen() {
        let seen = |high| Some(Range { low: 0.0, high });
        let top = |top: Top, seen, unit: Unit| unit.words(top.of(seen, unit));
        assert_eq!(top(Top::Full(100.0), seen(40.0), Unit::Percent), "100%");
        assert_eq!(top(Top::Full(100.0), seen(180.0), Unit::Percent), "200%");
        assert_eq!(top(Top::Above(10.0), seen(0.3), Unit::Percent), "12%");
        assert_eq!(top(Top::Full(0.0), None, Unit::Bytes), "1B");
    }

    #[test]
    fn values_keep_to_their_room() {
        let units = [
            Unit::Fps,
            Unit::Kbps,
            Unit::Speed,
            Unit::Percent,
            Unit::Bytes,
            Unit::BytesPerSecond,
            Unit::Plain,
        ];
        for value in [0.0, 0.3, 7.5, 99.9, 250.0, 9_999.0] {
            for unit in units.into_iter().chain([Unit::Count]) {
                assert!(unit.words(value).len() <= 8, "{}", unit.words(value));
            }
        }
        assert_eq!(Unit::Count.words(12.0), "12");
        assert_eq!(Unit::Count.words(2.5), "2.5");
        assert_eq!(Unit::Count.words(524_288.0), "524 288");
        assert_eq!(Unit::BytesPerSecond.words(3.0 * 1_048_576.0), "3.0M/s");
        assert_eq!(Unit::Fps.words(f32::NAN), "-");
    }
}
