//! Small texts with a meaning: durations, sizes, and words that were nearly right.

use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::mistake::quote;
pub(super) use crate::model::{any_of, nearest};

/// What was found, and what was expected; where it was is added by who knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    /// What was found.
    pub message: String,
    /// Words that follow a semicolon.
    pub expected: String,
}

impl Problem {
    pub fn new(message: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { message: message.into(), expected: expected.into() }
    }
}

/// Units of time with their seconds, largest first.
const UNITS: [(&str, f64); 5] = [("d", 86_400.0), ("h", 3_600.0), ("m", 60.0), ("s", 1.0), ("ms", 0.001)];

/// Reads `10s`, `1m30s`, `500ms`, `1.5s`; largest unit first, each at most once.
pub(super) fn duration(text: &str, bounds: &RangeInclusive<Duration>) -> Result<Duration, Problem> {
    let found = text.trim();
    let wrong = || {
        Problem::new(
            format!("{} is no duration", quote(text)),
            "expected one like \"10s\", \"1m30s\" or \"500ms\"",
        )
    };
    if !found.is_empty() && found.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Err(no_unit(found));
    }
    let (mut rest, mut seconds, mut units) = (found, 0.0, UNITS.as_slice());
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).ok_or_else(wrong)?;
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let number: f64 = number.parse().map_err(|_| wrong())?;
        let at = units.iter().position(|(name, _)| *name == unit).ok_or_else(wrong)?;
        seconds += number * units[at].1;
        units = &units[at + 1..];
        rest = tail;
    }
    if found.is_empty() {
        return Err(wrong());
    }
    // More than a Duration holds is certainly above the bound.
    let value = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    if bounds.contains(&value) {
        return Ok(value);
    }
    let (low, high) = (show_duration(*bounds.start()), show_duration(*bounds.end()));
    let how = if value < *bounds.start() { "short" } else { "long" };
    Err(Problem::new(
        format!("{} is too {how}", quote(text)),
        format!("expected between \"{low}\" and \"{high}\""),
    ))
}

/// Reads a duration as it is written in the configuration: `90s`, `1m30s`, `500ms`; at most a year.
///
/// # Errors
/// What was found and what is expected, in one line.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3_600);
    duration(text, &(Duration::from_millis(1)..=YEAR))
        .map_err(|problem| format!("{}; {}", problem.message, problem.expected))
}

/// A duration that is only a number.
pub(super) fn no_unit(number: &str) -> Problem {
    Problem::new(
        format!("the duration {} has no unit", quote(number)),
        format!("expected {}", quote(&format!("{number}s"))),
    )
}

/// A duration as it is written in the configuration.
fn show_duration(value: Duration) -> String {
    let mut out = String::new();
    let mut millis = value.as_millis();
    for (name, unit) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)] {
        if millis >= unit {
            // Writing to a String can't fail.
            let _ = write!(out, "{}{name}", millis / unit);
            millis %= unit;
        }
    }
    if out.is_empty() { "0s".to_owned() } else { out }
}

/// Reads a size in bytes: `512 KiB`, `10MB`, `1048576`. `KB` and the like count in thousands, `KiB`
/// and `K` in 1,024.
pub(super) fn size(text: &str, bounds: &RangeInclusive<u64>) -> Result<u64, Problem> {
    let found = text.trim();
    let wrong = || {
        Problem::new(
            format!("{} is no size", quote(text)),
            "expected one like \"10 MiB\", \"512 KB\" or a number of bytes",
        )
    };
    let digits = found.find(|c: char| !c.is_ascii_digit()).unwrap_or(found.len());
    let (number, unit) = found.split_at(digits);
    if number.is_empty() {
        return Err(wrong());
    }
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => return Err(wrong()),
    };
    // Digits that don't fit are a size above any bound.
    let value = number.parse::<u64>().ok().and_then(|n| n.checked_mul(factor)).unwrap_or(u64::MAX);
    if bounds.contains(&value) {
        return Ok(value);
    }
    let how = if value < *bounds.start() { "small" } else { "large" };
    let expected = format!("expected between {} and {} bytes", bounds.start(), bounds.end());
    Err(Problem::new(format!("the size {} is too {how}", quote(text)), expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(86_400);

    #[test]
    fn durations_are_read() {
        for (text, millis) in [
            ("10s", 10_000),
            ("1m30s", 90_000),
            ("500ms", 500),
            ("1.5s", 1_500),
            ("1h", 3_600_000),
            ("1d", 86_400_000),
            ("0s", 0),
            (" 2s100ms ", 2_100),
        ] {
            assert_eq!(duration(text, &ANY), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn bad_durations_are_told() {
        for text in ["", " ", "s", "10 s", "10x", "1s1m", "1s1s", "-1s", "1.2.3s", "10sec", "ms", "1m30"] {
            let problem = duration(text, &ANY).unwrap_err();
            assert!(problem.message.ends_with("is no duration"), "{text}: {problem:?}");
        }
        let problem = duration("10", &ANY).unwrap_err();
        assert_eq!(problem, Problem::new("the duration \"10\" has no unit", "expected \"10s\""));
        let narrow = Duration::from_millis(1_500)..=Duration::from_secs(90);
        let expected = "expected between \"1s500ms\" and \"1m30s\"";
        assert_eq!(duration("1s", &narrow), Err(Problem::new("\"1s\" is too short", expected)));
        assert_eq!(duration("91s", &narrow), Err(Problem::new("\"91s\" is too long", expected)));
        let endless = format!("{}s", "9".repeat(400));
        assert!(duration(&endless, &ANY).unwrap_err().message.ends_with("is too long"));
    }

    #[test]
    fn sizes_are_read() {
        let any = 0..=u64::MAX - 1;
        for (text, bytes) in [
            ("7", 7),
            ("10 MB", 10_000_000),
            ("10MiB", 10 << 20),
            ("512k", 512 << 10),
            ("1 gb", 1_000_000_000),
            ("3 B", 3),
        ] {
            assert_eq!(size(text, &any), Ok(bytes), "{text}");
        }
        for text in ["", "MB", "-1", "1.5 MB", "10 XB", "10 MB x"] {
            assert!(size(text, &any).unwrap_err().message.ends_with("is no size"), "{text}");
        }
        assert!(size("99999999999999999999", &any).unwrap_err().message.ends_with("is too large"));
        assert!(size("3", &(4..=5)).unwrap_err().message.ends_with("is too small"));
    }
}
