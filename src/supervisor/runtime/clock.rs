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

/// The wall clock is looked at this often.
const WALL_LOOK: Duration = Duration::from_secs(1);
/// A wall clock that is further than this from what follows from the last one has jumped.
const WALL_JUMP_MS: u64 = 1_000;

/// Watches for jumps of the wall clock. Only what must be known at a time of day looks at it.
#[derive(Debug, Default)]
pub struct WallWatch {
    /// What was told last: our time, and the wall clock's then.
    told: Option<(Moment, u64)>,
    looked: Moment,
}

impl WallWatch {
    /// The wall clock, milliseconds since the Unix epoch, if that is news: at first, and when it
    /// jumped. `wall` is asked once a second at most.
    pub fn look(&mut self, now: Moment, wall: impl FnOnce() -> u64) -> Option<u64> {
        if self.told.is_some() && now.since(self.looked) < WALL_LOOK {
            return None;
        }
        self.looked = now;
        let wall = wall();
        let follows = self.told.map(|(at, was)| {
            was.saturating_add(u64::try_from(now.since(at).as_millis()).unwrap_or(u64::MAX))
        });
        if follows.is_some_and(|follows| follows.abs_diff(wall) <= WALL_JUMP_MS) {
            return None;
        }
        self.told = Some((now, wall));
        Some(wall)
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

    #[test]
    fn the_wall_clock_is_told_at_first_and_when_it_jumps() {
        const HOUR: u64 = 3_600_000;
        let mut watch = WallWatch::default();
        let at = Moment::from_millis;
        assert_eq!(watch.look(at(0), || 9 * HOUR), Some(9 * HOUR));
        assert_eq!(watch.look(at(500), || unreachable!("not looked at so often")), None);
        assert_eq!(watch.look(at(1_000), || 9 * HOUR + 1_900), None, "slewed, not stepped");
        assert_eq!(watch.look(at(2_000), || 10 * HOUR), Some(10 * HOUR), "an hour forwards");
        assert_eq!(watch.look(at(3_000), || 10 * HOUR + 1_000), None);
        assert_eq!(watch.look(at(4_000), || 9 * HOUR), Some(9 * HOUR), "and back");
        // Each look is near the one before, and all the same the sum must not go unnoticed.
        assert_eq!(watch.look(at(5_000), || 9 * HOUR + 1_800), None);
        assert_eq!(watch.look(at(6_000), || 9 * HOUR + 3_600), Some(9 * HOUR + 3_600));
    }
}
