//! What must hold when the configuration changes.

use super::laws::{Laws, Seen};
use super::*;
use crate::model::Wanted;

/// How a stream was served before the configuration changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Served {
    generation: Option<Generation>,
    asked_to_end: bool,
    phase: Phase,
    wanted: Wanted,
}

impl Served {
    pub fn of(stream: &Stream) -> Self {
        Self {
            generation: stream.worker.as_ref().map(|worker| worker.generation),
            asked_to_end: stream.worker.as_ref().is_some_and(|worker| worker.stop.is_some()),
            phase: stream.phase,
            wanted: stream.wanted,
        }
    }
}

impl Laws {
    /// Starts within a second, as the settings of the last seconds allowed.
    pub(super) fn starts_per_second(&self, now: Moment) -> u32 {
        let (at, before, _) = self.allowed_before;
        let recently = now.since(at) <= Duration::from_secs(2);
        self.policy.starts_per_second.max(if recently { before } else { 0 })
    }

    /// There are other settings from now on.
    pub fn other_settings(&mut self, now: Moment, policy: Policy, slots: u32) {
        self.reloads += 1;
        let starting = self.policy.start_parallel.max(self.allowed_before.2);
        self.allowed_before = (now, self.starts_per_second(now), starting);
        self.policy = policy;
        self.resized(slots);
    }

    /// A stream is no longer configured.
    pub fn removed(&mut self, ix: usize) {
        self.seen[ix].present = false;
    }

    /// A stream is configured again.
    pub fn back(&mut self, ix: usize, inputs: usize) {
        let seen = &mut self.seen[ix];
        (seen.present, seen.inputs, seen.not_before) = (true, inputs, Moment::ZERO);
    }

    /// A stream is described otherwise.
    pub fn described(&mut self, ix: usize, inputs: usize) {
        let seen = &mut self.seen[ix];
        (seen.inputs, seen.edited, seen.not_before) = (inputs, true, Moment::ZERO);
    }

    /// One that did not change is as it was, but for a slot it may have been given.
    pub fn untouched(before: Served, stream: &Stream) {
        let now = Served::of(stream);
        let slot = before.generation.is_none() && stream.phase == Phase::Starting;
        let line = |phase| matches!(phase, Phase::Queued | Phase::Held);
        assert!(
            slot || now == before || (line(now.phase) && line(before.phase)),
            "{:?} did not change: {before:?}, now {now:?}: {}",
            stream.ix,
            stream.reason
        );
    }

    /// What is left of a stream that was removed holds nothing; one on its way out was asked to end.
    pub(super) fn is_gone(ix: usize, seen: &Seen, stream: &Stream) -> bool {
        assert_eq!(seen.present, stream.presence == Presence::Here, "stream {ix}");
        if stream.presence == Presence::Going {
            let worker = stream.worker.as_ref();
            assert!(worker.is_none_or(|worker| worker.stop.is_some()), "stream {ix} is not asked to end");
        }
        if stream.presence != Presence::Gone {
            return false;
        }
        assert!(seen.has_nothing() && stream.slots_held() == 0, "stream {ix} is gone and holds something");
        true
    }
}
