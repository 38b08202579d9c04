//! The way back to the primary input: a second worker looks at it while the stream is served from
//! another one, and only when it was good for a while the stream goes back.

use std::sync::Arc;
use std::time::Duration;

use crate::config::Policy;
use crate::model::{LineLevel, Moment, Phase, Sample, span_words};

use super::event::{Effect, Purpose, WorkerEvent};
use super::process::{Moved, Then, Worker};
use super::stream::{Stream, Surroundings};

/// After bad probes the next one is put off up to so many times the usual distance.
const MOST_TIMES: u32 = 10;

/// A way back to the primary that lasted less than this was none: the next probe comes later.
const LASTED: Duration = Duration::from_secs(600);

/// The probe of the primary input of one stream.
#[derive(Debug, Clone, Default)]
pub struct Probe {
    worker: Option<Worker>,
    /// When the next one is due; `None` while the primary is in use.
    due: Option<Moment>,
    /// Bad ones in a row, and ways back that did not last.
    bad: u32,
    /// When the stream went back to its primary.
    went_back: Option<Moment>,
}

impl Probe {
    /// Whether it has a worker.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        self.worker.is_some()
    }

    /// Whether its worker has shown nothing yet.
    #[must_use]
    pub fn is_starting(&self) -> bool {
        self.worker.as_ref().is_some_and(|worker| worker.live.is_none() && worker.stop.is_none())
    }

    /// Whether its worker was asked to end.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.worker.as_ref().is_some_and(|worker| worker.stop.is_some())
    }

    /// When the next one is due.
    #[must_use]
    pub const fn due(&self) -> Option<Moment> {
        self.due
    }

    /// The worker, if it has one.
    pub(super) fn worker(&self) -> Option<&Worker> {
        self.worker.as_ref()
    }
}

impl Stream {
    /// A worker went live: from now on the primary is probed, if another input is in use.
    pub(super) fn plan_probe(&mut self, now: Moment) {
        let away = self.inputs.current() > 0 && !self.spec.fallback.good_for.is_zero();
        if away && let Some(back) = self.probe.went_back.take() {
            // A probe counts packets: what drove the stream away it may not see.
            self.probe.bad = if now.since(back) < LASTED { self.probe.bad.saturating_add(1) } else { 0 };
        }
        self.probe.due = away.then(|| now + self.probe_distance());
    }

    fn probe_distance(&self) -> Duration {
        let times = 1_u32.checked_shl(self.probe.bad).unwrap_or(u32::MAX).min(MOST_TIMES);
        self.spec.fallback.probe_every.saturating_mul(times)
    }

    /// Whether it wants a slot for a probe.
    #[must_use]
    pub fn wants_probe(&self, now: Moment) -> bool {
        // A stream that rotates tries its primary at the beginning of each turn.
        self.phase == Phase::Live
            && !self.rotates()
            && self.probe.worker.is_none()
            && self.probe.due.is_some_and(|at| at <= now)
    }

    pub(super) fn start_probe(&mut self, around: &mut Surroundings<'_>) {
        self.probe.due = None;
        // While the primary's host is known to be down there is nothing to find out.
        if self.inputs.primary_host().is_some_and(|host| around.origins.closed_until(host).is_some()) {
            self.probe.due = Some(around.now + self.spec.fallback.probe_every);
            return;
        }
        self.probe.worker = Some(Worker::expected(self.generation, around.now));
        around.effects.push(Effect::Spawn {
            stream: self.ix,
            generation: self.generation,
            input: 0,
            purpose: Purpose::Probe,
        });
    }

    pub(super) fn probe_deadline(&self, now: Moment, policy: &Policy) -> Option<Moment> {
        let Some(worker) = &self.probe.worker else {
            return self.probe.due.filter(|at| *at > now && self.phase == Phase::Live && !self.rotates());
        };
        let thresholds = &self.spec.thresholds;
        match (&worker.stop, worker.live) {
            (Some(stop), _) => stop.next,
            (None, None) => Some(worker.started + thresholds.start_grace),
            (None, Some(live)) => {
                let good = live + self.spec.fallback.good_for;
                Some(good.min(worker.moved + thresholds.stall.max(policy.stats_period)))
            }
        }
    }

    /// Something happened to the probe.
    pub(super) fn probe_event(&mut self, around: &mut Surroundings<'_>, event: &WorkerEvent) {
        match event {
            WorkerEvent::Spawned { pid } => {
                let (ix, now) = (self.ix, around.now);
                let Some(worker) = &mut self.probe.worker else { return };
                worker.spawned(now, *pid);
                worker.escalate(ix, now, around.policy, around.effects);
            }
            WorkerEvent::Sample(sample) => self.probe_sample(around.now, sample),
            WorkerEvent::Line { level, class, text, .. } => {
                if let Some(worker) = &mut self.probe.worker {
                    worker.says(around.now, *level, *class, text);
                }
            }
            WorkerEvent::SpawnFailed { error, .. } => {
                self.probe_ended(around.now, |_| format!("could not be started: {error}"));
            }
            WorkerEvent::Exited(end) => {
                let now = around.now;
                self.probe_ended(now, |worker| worker.failure(now, *end).in_full());
            }
            // Only progress counts.
            _ => {}
        }
    }

    fn probe_sample(&mut self, now: Moment, sample: &Sample) {
        let Some(worker) = self.probe.worker.as_mut().filter(|worker| worker.stop.is_none()) else { return };
        if worker.moves(sample) == Moved::On {
            worker.moved = now;
            worker.live = worker.live.or(Some(now));
        }
    }

    fn probe_ended(&mut self, now: Moment, why: impl FnOnce(&Worker) -> String) {
        let Some(worker) = self.probe.worker.take() else { return };
        if worker.stop.is_none() {
            self.probe_was_bad(now, &why(&worker));
        }
    }

    fn probe_was_bad(&mut self, now: Moment, why: &str) {
        self.inputs.failed(0, &why.into());
        self.probe.bad = self.probe.bad.saturating_add(1);
        if self.phase == Phase::Live && self.inputs.current() > 0 {
            self.probe.due = Some(now + self.probe_distance());
        }
    }

    /// Time has passed for the probe.
    pub(super) fn probe_tick(&mut self, around: &mut Surroundings<'_>) {
        let now = around.now;
        let thresholds = &self.spec.thresholds;
        let (grace, stall) = (thresholds.start_grace, thresholds.stall.max(around.policy.stats_period));
        let good_for = self.spec.fallback.good_for;
        let Some(worker) = &mut self.probe.worker else { return };
        match (&worker.stop, worker.live) {
            (Some(_), _) => _ = worker.escalate(self.ix, now, around.policy, around.effects),
            (None, None) if now.since(worker.started) >= grace => {
                self.probe_was_bad(now, &format!("no progress within {} s", grace.as_secs_f32()));
                self.stop_probe_worker(around);
            }
            (None, Some(_)) if now.since(worker.moved) >= stall => {
                self.probe_was_bad(now, &format!("output time stood still for {} s", stall.as_secs_f32()));
                self.stop_probe_worker(around);
            }
            (None, Some(live)) if now.since(live) >= good_for => self.fail_back(around, good_for),
            _ => {}
        }
    }

    /// The primary was good for long enough.
    fn fail_back(&mut self, around: &mut Surroundings<'_>, good_for: Duration) {
        self.end_probe(around);
        self.inputs.good(0);
        self.probe.went_back = Some(around.now);
        let text = format!("headend: the primary input was good for {}: back to it", span_words(good_for));
        self.note(around, LineLevel::Info, text.into());
        self.end_worker(around, Then::Switch(0), "goes back to the primary input");
    }

    /// No probe any more: ends what runs.
    pub(super) fn end_probe(&mut self, around: &mut Surroundings<'_>) {
        self.probe.due = None;
        self.stop_probe_worker(around);
    }

    fn stop_probe_worker(&mut self, around: &mut Surroundings<'_>) {
        let (ix, now) = (self.ix, around.now);
        let Some(worker) = &mut self.probe.worker else { return };
        worker.ask_to_end(now, Then::Rest(super::stream::Wait::Nothing));
        worker.escalate(ix, now, around.policy, around.effects);
    }

    /// No more asking: kill the probe, if it was asked to end.
    pub(super) fn hurry_probe(&mut self, around: &mut Surroundings<'_>) {
        let (ix, now) = (self.ix, around.now);
        let Some(worker) = &mut self.probe.worker else { return };
        worker.hurry(now);
        worker.escalate(ix, now, around.policy, around.effects);
    }

    /// Conditions that ask for another input have lasted: takes the next one that is not burned.
    pub(super) fn fall_back(&mut self, around: &mut Surroundings<'_>) {
        let now = around.now;
        let due = self.faulty_since.is_some_and(|since| now.since(since) >= self.spec.fallback.after);
        if !due || self.phase != Phase::Live {
            return;
        }
        let Some(next) = self.inputs.unburned(now, around.policy, around.origins) else {
            // Every input has failed lately: this one is as good as any.
            self.faulty_since = Some(now);
            return;
        };
        let kind = self.conditions.iter().find(|c| self.spec.fallback.on.contains(&c.kind)).map(|c| c.kind);
        let word = kind.map_or("faulty", crate::model::ConditionKind::word);
        self.inputs.burn(now, &word.into());
        let text: Arc<str> =
            format!("{word}: goes from input {} to input {}", self.inputs.current() + 1, next + 1).into();
        self.note(around, LineLevel::Warning, format!("headend: {text}").into());
        self.end_worker(around, Then::Switch(next), &text);
    }
}
