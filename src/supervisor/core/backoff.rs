//! How long to wait after a failure, and when to stop hurrying.

use std::collections::VecDeque;
use std::time::Duration;

use crate::config::Policy;
use crate::model::Moment;

/// What the failures of a stream have come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Try again after this long.
    Backoff(Duration),
    /// The circuit is open: try again after this long, and so for ever.
    Broken(Duration),
}

/// The failures of one stream.
#[derive(Debug, Clone, Default)]
pub struct Failures {
    /// In a row, without [`Policy::backoff_reset`] of progress between them.
    in_a_row: u32,
    /// The newest ones, at most [`Policy::broken_failures`].
    recent: VecDeque<Moment>,
    /// The circuit is open: it stays so until progress or the operator closes it, however seldom
    /// the stream is tried.
    open: bool,
}

impl Failures {
    /// Failures in a row.
    #[must_use]
    pub const fn in_a_row(&self) -> u32 {
        self.in_a_row
    }

    /// Whether the circuit is open.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open
    }

    /// Forgets everything: a stable time of progress, or an operator who starts anew.
    pub fn forget(&mut self) {
        self.in_a_row = 0;
        self.recent.clear();
        self.open = false;
    }

    /// Counts a failure at `now` and says what to do. `tries`: how often what is tried next has
    /// failed already.
    pub fn failed(
        &mut self,
        now: Moment,
        haste: Haste,
        tries: u32,
        policy: &Policy,
        random: &mut fastrand::Rng,
    ) -> Verdict {
        self.in_a_row = self.in_a_row.saturating_add(1);
        let limit = policy.broken_failures.max(1) as usize;
        while self.recent.len() >= limit {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        let full = self.recent.len() == limit;
        let within = self.recent.front().is_some_and(|first| now.since(*first) <= policy.broken_window);
        self.open |= full && within;
        let wait = match haste {
            Haste::None => {
                return Verdict::Broken(jittered(policy.broken_retry, policy.backoff_jitter, random));
            }
            _ if self.open => {
                return Verdict::Broken(jittered(policy.broken_retry, policy.backoff_jitter, random));
            }
            Haste::Usual => doubled(policy.backoff_first, tries.saturating_sub(1), policy.backoff_cap),
            Haste::Little => {
                let cap = policy.broken_retry.max(policy.denied_first);
                doubled(policy.denied_first, tries.saturating_sub(1), cap)
            }
        };
        Verdict::Backoff(jittered(wait, policy.backoff_jitter, random))
    }
}

/// How soon a new try makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Haste {
    /// Soon: what failed may work in a second.
    Usual,
    /// Not soon: access was denied, or TLS failed. Hammering makes it worse.
    Little,
    /// Nothing but an edit can mend it.
    None,
}

pub(super) fn doubled(first: Duration, times: u32, cap: Duration) -> Duration {
    let factor = 1_u32.checked_shl(times).unwrap_or(u32::MAX);
    first.saturating_mul(factor).min(cap)
}

pub(super) fn jittered(span: Duration, jitter: f64, random: &mut fastrand::Rng) -> Duration {
    let jitter = jitter.clamp(0.0, 1.0);
    span.mul_f64(1.0 - jitter + 2.0 * jitter * random.f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(policy: &Policy, gap: Duration, count: usize) -> Vec<Verdict> {
        let mut failures = Failures::default();
        let mut random = fastrand::Rng::with_seed(7);
        let mut now = Moment::ZERO;
        (0..count)
            .map(|_| {
                now = now + gap;
                let tries = failures.in_a_row() + 1;
                failures.failed(now, Haste::Usual, tries, policy, &mut random)
            })
            .collect()
    }

    #[test]
    fn doubles_to_the_cap_within_the_jitter() {
        let policy = Policy { broken_failures: 100, ..Policy::default() };
        let seen = waits(&policy, Duration::from_secs(1), 9);
        for (verdict, expected) in seen.iter().zip([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]) {
            let Verdict::Backoff(wait) = verdict else { panic!("{verdict:?}") };
            let ratio = wait.as_secs_f64() / expected;
            assert!((0.75..=1.25).contains(&ratio), "{wait:?} for {expected}");
        }
    }

    #[test]
    fn jitter_spreads() {
        let policy = Policy::default();
        let mut random = fastrand::Rng::with_seed(1);
        let firsts: std::collections::BTreeSet<_> =
            (0..50).map(|_| jittered(policy.backoff_first, policy.backoff_jitter, &mut random)).collect();
        assert!(firsts.len() > 40);
    }

    #[test]
    fn ten_in_ten_minutes_open_the_circuit_and_it_stays_open() {
        let policy = Policy::default();
        let seen = waits(&policy, Duration::from_secs(50), 12);
        assert!(seen[..9].iter().all(|v| matches!(v, Verdict::Backoff(_))));
        assert!(seen[9..].iter().all(|v| matches!(v, Verdict::Broken(_))));
        // Tried every 5 minutes: never ten within ten minutes again, yet still broken.
        let mut failures = Failures::default();
        let mut random = fastrand::Rng::with_seed(7);
        let mut now = Moment::ZERO;
        for n in 0..30 {
            now = now + Duration::from_secs(if n < 10 { 10 } else { 300 });
            let verdict = failures.failed(now, Haste::Usual, 1, &policy, &mut random);
            assert_eq!(matches!(verdict, Verdict::Broken(_)), n >= 9, "failure {n}");
        }
        failures.forget();
        assert!(matches!(failures.failed(now, Haste::Usual, 1, &policy, &mut random), Verdict::Backoff(_)));
    }

    #[test]
    fn who_was_denied_does_not_hammer() {
        let policy = Policy { backoff_jitter: 0.0, ..Policy::default() };
        let mut failures = Failures::default();
        let mut random = fastrand::Rng::with_seed(7);
        let waits: Vec<Verdict> = (1..7)
            .map(|tries| failures.failed(Moment::ZERO, Haste::Little, tries, &policy, &mut random))
            .collect();
        let expected = [30, 60, 120, 240, 300, 300].map(|s| Verdict::Backoff(Duration::from_secs(s)));
        assert_eq!(waits, expected);
    }

    #[test]
    fn what_only_an_edit_can_mend_is_not_hurried() {
        let verdict = Failures::default().failed(
            Moment::ZERO,
            Haste::None,
            1,
            &Policy::default(),
            &mut fastrand::Rng::with_seed(1),
        );
        assert!(matches!(verdict, Verdict::Broken(wait) if wait >= Duration::from_secs(225)));
    }
}
