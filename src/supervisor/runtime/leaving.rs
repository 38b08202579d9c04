//! Leaving is bounded: whatever workers do, the loop ends in time.

use std::time::Duration;

use crate::model::Moment;

/// How long the loop waits for workers when leaving.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Who has not ended after this is killed, whatever `[stop]` allows it.
    pub kill_after: Duration,
    /// Who has not ended so long after it was killed is let go: it waits in the kernel for a disk
    /// or a server, and carries a death signal for when it wakes.
    pub let_go_after: Duration,
}

impl Limits {
    /// What leaving uses.
    pub const OURS: Self = Self { kill_after: Duration::from_secs(7), let_go_after: Duration::from_secs(5) };

    /// From the order to leave to the loop's end, at most.
    #[must_use]
    pub const fn whole(self) -> Duration {
        self.kill_after.saturating_add(self.let_go_after)
    }
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Nothing yet.
    Nothing,
    /// Kill every worker that is left.
    Kill,
    /// Wait no longer.
    LetGo,
}

/// The timetable of leaving. In the supervisor's time: while headend itself was stopped no worker
/// had a chance to be seen ending.
#[derive(Debug)]
pub struct Leaving {
    limits: Limits,
    /// `None` once they were killed.
    kill_at: Option<Moment>,
    let_go_at: Moment,
}

impl Leaving {
    /// Leaving begins.
    pub fn begin(now: Moment, limits: Limits) -> Self {
        Self { limits, kill_at: Some(now + limits.kill_after), let_go_at: now + limits.whole() }
    }

    /// The operator had them killed.
    pub fn hurried(&mut self, now: Moment) {
        self.kill_at = None;
        self.let_go_at = self.let_go_at.min(now + self.limits.let_go_after);
    }

    /// What is to be done now; each only once.
    pub fn due(&mut self, now: Moment) -> Due {
        if now >= self.let_go_at {
            return Due::LetGo;
        }
        if self.kill_at.take_if(|at| *at <= now).is_some() { Due::Kill } else { Due::Nothing }
    }

    /// When to look again.
    pub fn next(&self) -> Moment {
        self.kill_at.unwrap_or(self.let_go_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(ms: i64) -> Moment {
        Moment::from_millis(ms)
    }

    #[test]
    fn who_does_not_end_is_killed_once_and_then_let_go() {
        let mut leaving = Leaving::begin(at(1_000), Limits::OURS);
        assert_eq!((leaving.next(), leaving.due(at(7_999))), (at(8_000), Due::Nothing));
        assert_eq!(leaving.due(at(8_000)), Due::Kill);
        assert_eq!((leaving.next(), leaving.due(at(12_999))), (at(13_000), Due::Nothing));
        assert_eq!(leaving.due(at(13_000)), Due::LetGo);
    }

    #[test]
    fn a_hurry_brings_the_end_nearer_and_never_puts_it_off() {
        let mut leaving = Leaving::begin(at(0), Limits::OURS);
        leaving.hurried(at(2_000));
        assert_eq!((leaving.next(), leaving.due(at(6_999))), (at(7_000), Due::Nothing));
        assert_eq!(leaving.due(at(7_000)), Due::LetGo);

        let mut late = Leaving::begin(at(0), Limits::OURS);
        late.hurried(at(11_000));
        assert_eq!(late.next(), at(12_000));
    }
}
