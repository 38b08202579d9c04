//! A token bucket on the supervisor's clock.

use crate::model::Moment;

/// So many a second, so many at once.
#[derive(Debug, Clone)]
pub struct Budget {
    per_second: i64,
    /// In thousandths, so that a refill of a few milliseconds is not lost.
    most: i64,
    left: i64,
    filled: Option<Moment>,
}

impl Budget {
    /// A full bucket.
    pub fn new(per_second: u32, burst: u32) -> Self {
        let most = i64::from(burst) * 1_000;
        Self { per_second: i64::from(per_second), most, left: most, filled: None }
    }

    /// Takes one, if there is one.
    pub fn take(&mut self, now: Moment) -> bool {
        let since = self.filled.map_or(0, |at| now.millis().saturating_sub(at.millis()));
        if since > 0 || self.filled.is_none() {
            self.left = self.left.saturating_add(since.saturating_mul(self.per_second)).min(self.most);
            self.filled = Some(now);
        }
        let granted = self.left >= 1_000;
        if granted {
            self.left -= 1_000;
        }
        granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_only_the_rate() {
        let mut budget = Budget::new(10, 5);
        let granted =
            |budget: &mut Budget, ms| (0..100).filter(|_| budget.take(Moment::from_millis(ms))).count();
        assert_eq!(granted(&mut budget, 0), 5);
        assert_eq!(granted(&mut budget, 100), 1);
        assert_eq!(granted(&mut budget, 350), 2);
        assert_eq!(granted(&mut budget, 400), 1, "the half left over is not lost");
        assert_eq!(granted(&mut budget, 60_000), 5, "never more than the burst");
        assert_eq!(granted(&mut budget, 0), 0, "a clock that runs backwards grants nothing");
    }

    #[test]
    fn the_far_ends_of_time_do_not_overflow() {
        let mut budget = Budget::new(u32::MAX, u32::MAX);
        assert!(budget.take(Moment::from_millis(i64::MIN)));
        assert!(budget.take(Moment::from_millis(i64::MAX)));
    }
}
