//! The ordered inputs of one stream: which is in use, and which comes next.

use std::sync::Arc;

use crate::config::Policy;
use crate::model::{Moment, StreamSpec, host_of, mask_secrets};

use super::origins::{HostIx, Origins};

/// What is known of one input.
#[derive(Debug, Clone, Default)]
struct Known {
    host: Option<HostIx>,
    /// Failures since it was last good.
    failures: u32,
    failed: Moment,
    /// Why it failed last; empty when it never did.
    last_error: Arc<str>,
}

/// The inputs. Without any (mode `run`) it behaves like one that belongs to no host.
#[derive(Debug, Clone)]
pub struct Inputs {
    known: Vec<Known>,
    current: usize,
}

/// Which input comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// Its number.
    pub input: usize,
    /// Failures since it was last good; an old failure counts no more.
    pub failures: u32,
    /// The host it is on, if that one's breaker is open: then so are those of all inputs.
    pub closed: Option<HostIx>,
}

impl Inputs {
    /// The inputs of `spec`, the primary in use.
    #[must_use]
    pub fn new(spec: &StreamSpec, origins: &mut Origins) -> Self {
        let known = |url: &Arc<str>| Known {
            // Masked, so that no part of a password is taken for a name.
            host: host_of(&mask_secrets(url)).map(|host| origins.number(host)),
            ..Known::default()
        };
        let mut known: Vec<Known> = spec.inputs.iter().map(known).collect();
        if known.is_empty() {
            known.push(Known::default());
        }
        Self { known, current: 0 }
    }

    /// The inputs of `new`, with what is known of those that `old` had too. The number of the one in
    /// use stays.
    #[must_use]
    pub fn carried_over(&self, old: &StreamSpec, new: &StreamSpec, origins: &mut Origins) -> Self {
        let mut inputs = Self::new(new, origins);
        for (known, url) in inputs.known.iter_mut().zip(&new.inputs) {
            let before = old.inputs.iter().position(|had| had == url);
            if let Some(before) = before.and_then(|input| self.known.get(input)) {
                known.clone_from(before);
            }
        }
        inputs.take(self.current);
        inputs
    }

    /// The hosts they are on.
    pub fn hosts(&self) -> impl Iterator<Item = HostIx> {
        self.known.iter().filter_map(|known| known.host)
    }

    /// The one in use.
    #[must_use]
    pub const fn current(&self) -> usize {
        self.current
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.known.len()
    }

    /// The host of the one in use.
    #[must_use]
    pub fn host(&self) -> Option<HostIx> {
        self.known.get(self.current)?.host
    }

    /// Whether one of them is on `host`.
    #[must_use]
    pub fn is_on(&self, host: HostIx) -> bool {
        self.known.iter().any(|known| known.host == Some(host))
    }

    /// The host of the primary.
    #[must_use]
    pub fn primary_host(&self) -> Option<HostIx> {
        self.known.first()?.host
    }

    /// Takes this one.
    pub fn take(&mut self, input: usize) {
        self.current = input.min(self.known.len().saturating_sub(1));
    }

    /// Failures of this one since it was last good, why it failed last, and its host.
    #[must_use]
    pub fn told(&self, input: usize) -> (u32, Arc<str>, Option<HostIx>) {
        let known = self.known.get(input).cloned().unwrap_or_default();
        (known.failures, known.last_error, known.host)
    }

    /// The one in use failed: one failure burns one input.
    pub fn burn(&mut self, now: Moment, why: &Arc<str>) {
        if let Some(known) = self.known.get_mut(self.current) {
            known.failures = known.failures.saturating_add(1);
            known.failed = now;
        }
        self.failed(self.current, why);
    }

    /// This one failed, which does not count against it: it was only looked at.
    pub fn failed(&mut self, input: usize, why: &Arc<str>) {
        if let Some(known) = self.known.get_mut(input) {
            known.last_error = Arc::clone(why);
        }
    }

    /// This one proved to be good.
    pub fn good(&mut self, input: usize) {
        if let Some(known) = self.known.get_mut(input) {
            known.failures = 0;
        }
    }

    /// A host is back: what failed on it is worth a new try.
    pub fn host_is_back(&mut self, host: HostIx) {
        self.known.iter_mut().filter(|known| known.host == Some(host)).for_each(|known| known.failures = 0);
    }

    /// Everything from the beginning: the primary, and nothing known.
    pub fn forget(&mut self) {
        self.known.iter_mut().for_each(|known| known.failures = 0);
        self.current = 0;
    }

    fn failures(&self, now: Moment, input: usize, policy: &Policy) -> u32 {
        let Some(known) = self.known.get(input) else { return 0 };
        // As seldom as something broken is tried: then it is as good as any.
        if now.since(known.failed) >= policy.broken_retry && self.count() > 1 { 0 } else { known.failures }
    }

    /// Which one to use next: the first that did not fail lately, else the one that failed least;
    /// none whose host's breaker is open, as long as there is another.
    #[must_use]
    pub fn choose(&self, now: Moment, policy: &Policy, origins: &Origins) -> Choice {
        let closed = |input: usize| {
            let host = self.known.get(input)?.host?;
            origins.closed_until(host).map(|_| host)
        };
        let all = (0..self.count())
            .map(|input| (closed(input).is_some(), self.failures(now, input, policy), input));
        let (_, failures, input) = all.min().unwrap_or((false, 0, 0));
        Choice { input, failures, closed: closed(input) }
    }

    /// The first other one that did not fail lately and can be reached, if there is one.
    #[must_use]
    pub fn unburned(&self, now: Moment, policy: &Policy, origins: &Origins) -> Option<usize> {
        (0..self.count()).filter(|input| *input != self.current).find(|input| {
            let host = self.known.get(*input).and_then(|known| known.host);
            self.failures(now, *input, policy) == 0
                && host.is_none_or(|host| origins.closed_until(host).is_none())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::spec;
    use super::*;
    use crate::model::{FaultClass, StreamIx};

    fn three() -> (Inputs, Origins, Policy) {
        let mut spec = spec("s");
        spec.inputs =
            ["http://a.example/1", "http://b.example/1", "http://c.example/1"].map(Into::into).into();
        let mut origins = Origins::default();
        (Inputs::new(&spec, &mut origins), origins, Policy::default())
    }

    fn fails(inputs: &mut Inputs, second: i64, policy: &Policy, origins: &Origins) -> usize {
        let now = Moment::from_millis(second * 1_000);
        inputs.burn(now, &"refused".into());
        inputs.take(inputs.choose(now, policy, origins).input);
        inputs.current()
    }

    #[test]
    fn each_failure_burns_one_and_then_the_least_burned_is_next() {
        let (mut inputs, origins, policy) = three();
        let seen: Vec<usize> = (0..6).map(|second| fails(&mut inputs, second, &policy, &origins)).collect();
        assert_eq!(seen, [1, 2, 0, 1, 2, 0]);
    }

    #[test]
    fn a_part_of_a_password_is_no_host() {
        let mut spec = spec("s");
        spec.inputs =
            ["http://me:pass/word@a.example/1", "http://me:password@A.example/2"].map(Into::into).into();
        let mut origins = Origins::default();
        let inputs = Inputs::new(&spec, &mut origins);
        let hosts: Vec<_> = (0..2).map(|input| origins.name(inputs.told(input).2.unwrap())).collect();
        assert_eq!(hosts, ["a.example", "a.example"].map(Arc::from));
    }

    #[test]
    fn an_old_failure_does_not_count() {
        let (mut inputs, origins, policy) = three();
        fails(&mut inputs, 0, &policy, &origins);
        assert_eq!(fails(&mut inputs, 300, &policy, &origins), 0, "the primary failed 5 min ago");
    }

    #[test]
    fn an_input_on_a_host_that_is_down_is_passed_over() {
        let (mut inputs, mut origins, policy) = three();
        let mut random = fastrand::Rng::with_seed(1);
        let b = origins.number("b.example");
        for stream in 0..5 {
            origins.failed(Moment::ZERO, b, StreamIx(stream), FaultClass::Refused, &policy, &mut random);
        }
        assert_eq!(fails(&mut inputs, 1, &policy, &origins), 2);
        inputs.forget();
        assert_eq!(inputs.unburned(Moment::ZERO, &policy, &origins), Some(2));
        for host in ["a.example", "c.example"] {
            let host = origins.number(host);
            for stream in 0..5 {
                origins.failed(
                    Moment::ZERO,
                    host,
                    StreamIx(stream),
                    FaultClass::Refused,
                    &policy,
                    &mut random,
                );
            }
        }
        let choice = inputs.choose(Moment::ZERO, &policy, &origins);
        assert_eq!((choice.input, choice.closed.is_some()), (0, true));
        assert_eq!(inputs.unburned(Moment::ZERO, &policy, &origins), None);
    }
}
