//! The supervisor's clock.

use std::time::{Duration, Instant};

use crate::model::Moment;

/// A longer silence than this between two looks at the clock means that we did not run (stopped
/// by a signal, or starved): the time between does not count, or every worker would be taken for
/// stalled before its waiting blocks could be read. The loop looks at least once a second.
const DID_NOT_RUN: Duration = Duration::from_secs(5);

/// Counts the time during which the supervisor ran. It never jumps and never goes back.
#[derive(Debug)]
pub struct Clock {
    started: Instant,
    seen: Instant,
    missing: Duration,
}

impl Clock {
    /// A clock that starts now.
    #[must_use]
    pub fn start() -> Self {
        let now = Instant::now();
        Self { started: now, seen: now, missing: Duration::ZERO }
    }

    /// The time, and how long it stood still since it was last looked at.
    pub fn look(&mut self) -> (Moment, Duration) {
        self.look_at(Instant::now())
    }

    fn look_at(&mut self, now: Instant) -> (Moment, Duration) {
        let gap = now.saturating_duration_since(self.seen);
        let stood = if gap > DID_NOT_RUN { gap } else { Duration::ZERO };
        self.missing += stood;
        self.seen = now;
        (Moment::ZERO + now.saturating_duration_since(self.started).saturating_sub(self.missing), stood)
    }

    /// The instant at which the clock will show `moment`.
    #[must_use]
    pub fn instant(&self, moment: Moment) -> Instant {
        self.started + moment.since(Moment::ZERO) + self.missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_in_which_we_did_not_run_does_not_count() {
        let mut clock = Clock::start();
        let start = clock.started;
        let at = |s| start + Duration::from_secs(s);
        assert_eq!(clock.look_at(at(1)).0.millis(), 1_000);
        assert_eq!(clock.look_at(at(5)), (Moment::from_millis(5_000), Duration::ZERO));
        assert_eq!(clock.look_at(at(65)), (Moment::from_millis(5_000), Duration::from_secs(60)));
        assert_eq!(clock.look_at(at(66)).0.millis(), 6_000);
        assert_eq!(clock.instant(Moment::from_millis(6_000)), at(66));
    }
}
