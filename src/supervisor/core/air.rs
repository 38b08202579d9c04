//! When a stream is on air and when its faults are expected: its schedules against the wall clock.

use std::time::Duration;

use crate::model::{Condition, ConditionKind, Explained, Moment, StreamSpec, Wanted};

use super::process::Then;
use super::stream::{Presence, Stream, Surroundings};

/// Overload explains what began at most so long before it was noticed.
const OVERLOAD_BEGAN_BEFORE: Duration = Duration::from_secs(30);

/// How the supervisor's clock and the wall clock go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WallClock {
    /// Wall-clock milliseconds since the Unix epoch at [`Moment::ZERO`].
    zero_ms: i64,
}

impl WallClock {
    /// The wall clock shows `wall_ms` at `now`.
    #[must_use]
    pub fn shows(now: Moment, wall_ms: u64) -> Self {
        let wall = i64::try_from(wall_ms).unwrap_or(i64::MAX);
        Self { zero_ms: wall.saturating_sub(now.millis()) }
    }

    fn at(self, now: Moment) -> u64 {
        u64::try_from(self.zero_ms.saturating_add(now.millis())).unwrap_or(0)
    }

    fn moment(self, wall_ms: u64) -> Moment {
        let wall = i64::try_from(wall_ms).unwrap_or(i64::MAX);
        Moment::from_millis(wall.saturating_sub(self.zero_ms))
    }
}

/// What the schedules say now.
#[derive(Debug, Clone, Copy)]
pub struct Air {
    /// On air.
    pub on: bool,
    /// When that changes.
    pub changes: Option<Moment>,
    /// In maintenance.
    pub maintenance: bool,
    maintenance_changes: Option<Moment>,
}

impl Default for Air {
    fn default() -> Self {
        Self { on: true, changes: None, maintenance: false, maintenance_changes: None }
    }
}

impl Air {
    /// What they say at `now`. Until the time of day is known everything is on air.
    #[must_use]
    pub fn of(spec: &StreamSpec, now: Moment, wall: Option<WallClock>) -> Self {
        let mut air = Self::default();
        let Some(wall) = wall else { return air };
        if let Some(schedule) = &spec.on_air {
            let opening = schedule.at(wall.at(now));
            (air.on, air.changes) = (opening.open, opening.until_ms.map(|ms| wall.moment(ms)));
        }
        if let Some(schedule) = &spec.maintenance {
            let opening = schedule.at(wall.at(now));
            air.maintenance = opening.open;
            air.maintenance_changes = opening.until_ms.map(|ms| wall.moment(ms));
        }
        air
    }

    /// When one of them changes next.
    #[must_use]
    pub fn next(&self) -> Option<Moment> {
        self.changes.into_iter().chain(self.maintenance_changes).min()
    }

    /// What explains a condition, if something does. `overloaded`: since when workers run late.
    #[must_use]
    pub fn explains(&self, condition: &Condition, overloaded: Option<Moment>) -> Option<Explained> {
        if self.maintenance {
            return Some(Explained::Maintenance);
        }
        let since = overloaded?;
        let late = matches!(
            condition.kind,
            ConditionKind::Slow
                | ConditionKind::Stalled
                | ConditionKind::Frozen
                | ConditionKind::Timeout
                | ConditionKind::BitrateLow
                | ConditionKind::FpsLow
                | ConditionKind::Segments
                | ConditionKind::Decode
                | ConditionKind::NotStarted
        );
        (late && condition.since + OVERLOAD_BEGAN_BEFORE >= since).then_some(Explained::Overload)
    }
}

impl Stream {
    /// The time of day is another one than was thought: schedules mean something else, and what is
    /// kept by the wall clock has to be kept anew.
    pub fn wall_was_set(&mut self, around: &mut Surroundings<'_>) {
        self.refresh_air(around);
        if self.cared.has_times() {
            self.saved = None;
            self.save(around);
        }
    }

    /// Asks the schedules again, and goes on or off air.
    pub fn refresh_air(&mut self, around: &mut Surroundings<'_>) {
        let was_on = self.air.on;
        self.air = Air::of(&self.spec, around.now, around.wall);
        let minds = self.wanted == Wanted::Started && self.presence == Presence::Here && !around.leaving;
        if self.air.on == was_on || !minds {
            return;
        }
        if self.air.on {
            if self.worker.is_some() {
                self.end_worker(around, Then::StartAnew, "ends its old worker, then goes on air");
            } else {
                self.fresh_start();
                self.queue(around, "on air");
            }
            return;
        }
        self.rest(around, "off air");
    }
}
