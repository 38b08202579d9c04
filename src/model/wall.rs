//! Wall-clock time as people read it: in files, in names of files, in messages. Always UTC.

use std::fmt;

const MS_PER_DAY: u64 = 86_400_000;
const DAYS_PER_400_YEARS: u64 = 146_097;

/// A wall-clock time, shown as `2026-11-24T02:03:04.567Z`. Holds milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WallTime(pub u64);

impl WallTime {
    /// Year, month (1 to 12) and day (1 to 31) in UTC, by the Gregorian calendar.
    #[must_use]
    pub fn date(self) -> (u64, u64, u64) {
        let mut days = self.0 / MS_PER_DAY;
        // The calendar repeats every 400 years, so at most 400 steps are left however far the time.
        let mut year = 1970 + days / DAYS_PER_400_YEARS * 400;
        days %= DAYS_PER_400_YEARS;
        while days >= days_in_year(year) {
            days -= days_in_year(year);
            year += 1;
        }
        let mut month = 1;
        while days >= days_in_month(year, month) {
            days -= days_in_month(year, month);
            month += 1;
        }
        (year, month, days + 1)
    }

    /// The same time without characters that are awkward in a file name: `20261124T020304Z`.
    #[must_use]
    pub fn for_file_name(self) -> String {
        let (year, month, day) = self.date();
        let (hour, minute, second, _) = self.time_of_day();
        format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
    }

    const fn time_of_day(self) -> (u64, u64, u64, u64) {
        let ms = self.0 % MS_PER_DAY;
        (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60, ms % 1_000)
    }
}

impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        let (hour, minute, second, ms) = self.time_of_day();
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
    }
}

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

const fn days_in_year(year: u64) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

const fn days_in_month(year: u64, month: u64) -> u64 {
    match month {
        2 => 28 + is_leap(year) as u64,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_times_read_right() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (1_709_251_200_000, "2024-03-01T00:00:00.000Z"),
            (1_795_485_784_567, "2026-11-24T02:03:04.567Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (13_569_465_600_000, "2400-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(WallTime(ms).to_string(), text);
        }
        assert_eq!(WallTime(1_795_485_784_567).for_file_name(), "20261124T020304Z");
    }

    #[test]
    fn days_follow_each_other_for_a_thousand_years() {
        let mut before = WallTime(0).date();
        for day in 1..366_000 {
            let now = WallTime(day * MS_PER_DAY).date();
            let (year, month, date) = before;
            let next = [(year, month, date + 1), (year, month + 1, 1), (year + 1, 1, 1)];
            assert!(next.contains(&now) && now > before, "{before:?} then {now:?}");
            before = now;
        }
    }

    #[test]
    fn the_farthest_time_is_quick_and_does_not_wrap() {
        assert!(WallTime(u64::MAX).date().0 > 500_000_000);
    }
}
