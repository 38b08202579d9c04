//! When a stream is on air, and when its faults are expected: weekly or cron windows in a time zone.
//!
//! A window says times of a wall clock, and such a clock jumps. What holds then:
//!
//! - A weekly window is open from the first to the last moment at which a clock in its zone shows a
//!   time within it. Where an hour is left out, a window begins or ends at the jump, and one that lies
//!   wholly within that hour does not open on that day. Where an hour comes twice, a window that
//!   begins in it begins the first time, and one that ends in it ends the second time.
//! - A cron window begins by the same rule (once, where an hour comes twice) and lasts for its
//!   duration in real time.
//! - Windows that overlap or touch are one.

mod window;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use window::{InvalidWindow, Window};

/// An answer without an end is believed for a day.
const ASK_AGAIN_MS: u64 = 86_400_000;
/// How far ahead the next change is looked for, milliseconds: 366 days.
const HORIZON_MS: i64 = 366 * 86_400_000;
/// The latest moment that is told apart, milliseconds: about the year 9970. A horizon and a zone's
/// offset above it are still within what the calendar knows.
const LATEST_MS: u64 = 252_455_616_000_000;

/// Windows in time. Parsed and with its time zone loaded by the configuration, so asking it needs
/// nothing but the time.
#[derive(Debug, Clone)]
pub struct Schedule {
    windows: Vec<Window>,
    zone: TimeZone,
    /// The weekly windows alone leave no gap.
    always: bool,
    /// The last answer, and the moment it was given for: it holds until its `until_ms`. Thousands of
    /// streams share one schedule and ask it at the same moment.
    last: Arc<Mutex<Option<(u64, Opening)>>>,
}

/// What a schedule says of one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// Whether the moment lies in a window.
    pub open: bool,
    /// When that changes next: wall-clock milliseconds since the Unix epoch, later than the moment
    /// asked for; `None`: not within a year.
    pub until_ms: Option<u64>,
}

/// One opening of a window: the moments from `begin` to before `end`, milliseconds.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    begin: i64,
    end: i64,
}

impl Default for Schedule {
    /// Always open.
    fn default() -> Self {
        Self { windows: Vec::new(), zone: TimeZone::UTC, always: true, last: Arc::default() }
    }
}

impl PartialEq for Schedule {
    fn eq(&self, other: &Self) -> bool {
        (&self.windows, &self.zone, self.always) == (&other.windows, &other.zone, other.always)
    }
}

impl Eq for Schedule {}

impl Schedule {
    /// Windows of one schedule; more are left out.
    pub const MAX_WINDOWS: usize = 32;

    /// Open in any of `windows`, whose times are those of `zone`.
    #[must_use]
    pub fn new(mut windows: Vec<Window>, zone: TimeZone) -> Self {
        windows.truncate(Self::MAX_WINDOWS);
        let always = window::leave_no_gap(&windows);
        Self { windows, zone, always, last: Arc::default() }
    }

    /// Its windows.
    #[must_use]
    pub fn windows(&self) -> &[Window] {
        &self.windows
    }

    /// The name of their zone, if it has one.
    #[must_use]
    pub fn zone_name(&self) -> Option<&str> {
        self.zone.iana_name()
    }

    /// The same windows in another zone.
    #[must_use]
    pub fn in_zone(&self, zone: TimeZone) -> Self {
        Self { zone, last: Arc::default(), ..self.clone() }
    }

    /// What it says of `wall_ms`, milliseconds since the Unix epoch.
    #[must_use]
    pub fn at(&self, wall_ms: u64) -> Opening {
        if self.always {
            return Opening { open: true, until_ms: None };
        }
        // A panic elsewhere leaves it whole: it is written in one piece.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((asked, opening)) = *last
            && asked <= wall_ms
            // One that does not change within a year is asked again now and then.
            && wall_ms < opening.until_ms.unwrap_or(asked.saturating_add(ASK_AGAIN_MS))
        {
            return opening;
        }
        let opening = self.look(wall_ms.min(LATEST_MS));
        *last = Some((wall_ms, opening));
        opening
    }

    fn look(&self, wall_ms: u64) -> Opening {
        let now = wall_ms.cast_signed();
        let until = |ms: i64| (ms <= now + HORIZON_MS).then_some(ms.cast_unsigned());
        let Some(mut end) = self.end_of_those_at(now) else {
            let begins = self.windows.iter().filter_map(|window| window.next_begin(now, &self.zone));
            return Opening { open: false, until_ms: begins.min().and_then(until) };
        };
        // What begins before or just when that ends goes on.
        while end <= now + HORIZON_MS
            && let Some(later) = self.end_of_those_at(end)
        {
            end = later;
        }
        Opening { open: true, until_ms: until(end) }
    }

    /// When the last of the windows ends that are open at `now`; `None` when none is.
    fn end_of_those_at(&self, now: i64) -> Option<i64> {
        let stretches = self.windows.iter().flat_map(|window| window.around(now, &self.zone));
        stretches.filter(|s| (s.begin..s.end).contains(&now)).map(|s| s.end).max()
    }
}

/// `ms` since the Unix epoch. Within the bounds that [`Schedule::at`] keeps nothing is out of range.
fn timestamp(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
}
