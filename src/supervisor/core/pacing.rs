//! How fast workers may be started: a bucket of starts that fills with time.

use std::time::Duration;

use crate::model::Moment;

/// One start, in thousandths: the bucket counts in these so that no rounding loses a start.
const ONE_START: u64 = 1_000;

/// A token bucket: holds one second's worth of starts.
#[derive(Debug, Clone)]
pub struct StartBudget {
    per_second: u64,
    level: u64,
    filled: Moment,
}

impl StartBudget {
    /// A full bucket that refills with `per_second` starts a second (at least one).
    #[must_use]
    pub fn new(per_second: u32, now: Moment) -> Self {
        let per_second = u64::from(per_second.max(1));
        Self { per_second, level: per_second * ONE_START, filled: now }
    }

    /// Another rate from now on; what is in the bucket stays, as far as it fits.
    pub fn set_rate(&mut self, per_second: u32, now: Moment) {
        self.fill(now);
        self.per_second = u64::from(per_second.max(1));
        self.level = self.level.min(self.per_second * ONE_START);
    }

    fn fill(&mut self, now: Moment) {
        let gone = u64::try_from(now.since(self.filled).as_millis()).unwrap_or(u64::MAX);
        let full = self.per_second * ONE_START;
        self.level = gone.saturating_mul(self.per_second).saturating_add(self.level).min(full);
        self.filled = self.filled.max(now);
    }

    /// Takes one start if there is one.
    pub fn take(&mut self, now: Moment) -> bool {
        self.fill(now);
        let enough = self.level >= ONE_START;
        if enough {
            self.level -= ONE_START;
        }
        enough
    }

    /// When there is one start again; `now` if there is one already.
    #[must_use]
    pub fn next(&self, now: Moment) -> Moment {
        let mut at_now = self.clone();
        at_now.fill(now);
        let missing = ONE_START.saturating_sub(at_now.level);
        now + Duration::from_millis(missing.div_ceil(self.per_second))
    }
}

/// A start that takes longer to its first progress is slow.
const SLOW_START: Duration = Duration::from_secs(10);
/// The limit never shrinks below this: one that hangs must not keep all others waiting.
const LEAST_PARALLEL: u32 = 2;

/// How many may be in `starting` at once: the configured number, less while starts are slow on
/// this machine. Grows by one with each quick start, shrinks by a tenth with each slow one.
#[derive(Debug, Clone)]
pub struct StartLimit {
    most: u32,
    /// In thousandths, so that a tenth of little is still something.
    now: u32,
}

impl StartLimit {
    /// At most `most` at once, and so many for now.
    #[must_use]
    pub fn new(most: u32) -> Self {
        let most = most.clamp(1, 1_000_000);
        Self { most, now: most * 1_000 }
    }

    /// Another most. What slow starts have made of the one before stays, as far as it fits.
    pub fn set_most(&mut self, most: u32) {
        let was_full = self.now == self.most * 1_000;
        self.most = most.clamp(1, 1_000_000);
        self.now = if was_full { self.most * 1_000 } else { self.now.min(self.most * 1_000) };
    }

    /// How many may be.
    #[must_use]
    pub const fn limit(&self) -> u32 {
        self.now / 1_000
    }

    /// A worker showed its first progress after this long.
    pub fn started(&mut self, took: Duration) {
        if took > SLOW_START {
            self.failed();
        } else {
            self.now = (self.now + 1_000).min(self.most * 1_000);
        }
    }

    /// This machine could not start a worker, or one hung.
    pub fn failed(&mut self) {
        let least = LEAST_PARALLEL.min(self.most) * 1_000;
        self.now = (self.now - self.now / 10).max(least);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_starts_make_fewer_at_once_and_quick_ones_more_again() {
        let mut limit = StartLimit::new(15);
        assert_eq!(limit.limit(), 15);
        limit.started(Duration::from_secs(11));
        limit.failed();
        assert_eq!(limit.limit(), 12);
        (0..99).for_each(|_| limit.failed());
        assert_eq!(limit.limit(), 2);
        (0..5).for_each(|_| limit.started(Duration::from_secs(1)));
        assert_eq!(limit.limit(), 7);
        (0..99).for_each(|_| limit.started(Duration::from_secs(1)));
        assert_eq!(limit.limit(), 15);
        let mut one = StartLimit::new(1);
        one.failed();
        assert_eq!(one.limit(), 1);
    }

    #[test]
    fn never_more_than_the_rate_over_any_second() {
        let mut budget = StartBudget::new(10, Moment::ZERO);
        let mut starts = Vec::new();
        for ms in 0..10_000 {
            let now = Moment::from_millis(ms);
            while budget.take(now) {
                starts.push(ms);
            }
        }
        for (i, first) in starts.iter().enumerate() {
            let within = starts[i..].iter().take_while(|at| **at < first + 1_000).count();
            // The full bucket at the start and what flows in during the same second.
            assert!(within <= 20, "{within} starts in the second from {first} ms");
        }
        assert_eq!(starts.len(), 10 + 99, "the bucket's ten, then one each 100 ms");
    }

    #[test]
    fn other_settings_take_nothing_back_and_give_nothing_away() {
        let mut limit = StartLimit::new(15);
        limit.set_most(20);
        assert_eq!(limit.limit(), 20, "nothing was slow: all of it");
        (0..99).for_each(|_| limit.failed());
        limit.set_most(40);
        assert_eq!(limit.limit(), 2, "what was slow stays slow");
        limit.set_most(1);
        assert_eq!(limit.limit(), 1);

        let mut budget = StartBudget::new(10, Moment::ZERO);
        (0..4).for_each(|_| assert!(budget.take(Moment::ZERO)));
        budget.set_rate(100, Moment::ZERO);
        assert_eq!((0..99).filter(|_| budget.take(Moment::ZERO)).count(), 6, "a higher rate fills no bucket");
        budget.set_rate(2, Moment::from_millis(9_000));
        assert_eq!((0..99).filter(|_| budget.take(Moment::from_millis(9_000))).count(), 2);
    }

    #[test]
    fn the_next_start_comes_when_it_says() {
        let mut budget = StartBudget::new(3, Moment::ZERO);
        while budget.take(Moment::ZERO) {}
        let next = budget.next(Moment::ZERO);
        assert_eq!(next, Moment::from_millis(334));
        assert!(!budget.clone().take(Moment::from_millis(333)));
        assert!(budget.take(next));
    }
}
