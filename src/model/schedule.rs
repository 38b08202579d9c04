//! When a stream is on air, and when its faults are expected: weekly or cron windows in a time zone.

/// Windows in time. Parsed and with its time zone loaded by the configuration, so asking it needs
/// nothing but the time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schedule {}

/// What a schedule says of one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// Whether the moment lies in a window.
    pub open: bool,
    /// When that changes next: wall-clock milliseconds since the Unix epoch, later than the moment
    /// asked for; `None`: not within a year.
    pub until_ms: Option<u64>,
}

impl Schedule {
    /// What it says of `wall_ms`, milliseconds since the Unix epoch.
    #[must_use]
    pub fn at(&self, _wall_ms: u64) -> Opening {
        Opening { open: true, until_ms: None }
    }
}
