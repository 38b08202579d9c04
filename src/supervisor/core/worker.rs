//! The life of a stream's worker: born, live, stalled, asked to end, ended, and what follows.

use std::sync::Arc;
use std::time::Duration;

use crate::config::Policy;
use crate::model::{ConditionKind, FaultClass, Figures, LineLevel, Mode, Moment, Phase, Sample, Usage};

use super::event::{Generation, WorkerEnd, WorkerEvent};
use super::process::{Moved, Then, Worker};
use super::reason::{Failure, words};
use super::stream::{Concern, Stream, Surroundings, Wait};

/// A stalled worker that is spared while nothing is started is looked at again this often.
const PATIENCE: Duration = Duration::from_secs(10);

/// Speed above this is no stream that catches up: the input plays in a loop.
const RACING_SPEED: f32 = 4.0;
/// In a worker's first seconds what waited for it may come at once.
const RACING_GRACE: Duration = Duration::from_secs(30);

impl Stream {
    /// Something happened to a worker. What an earlier worker still had to say is ignored.
    pub fn worker_event(
        &mut self,
        around: &mut Surroundings<'_>,
        generation: Generation,
        event: WorkerEvent,
    ) {
        if self.probe.worker().is_some_and(|worker| worker.generation == generation) {
            self.probe_event(around, &event);
            return;
        }
        if self.worker.as_ref().is_none_or(|worker| worker.generation != generation) {
            return;
        }
        let now = around.now;
        match event {
            WorkerEvent::Spawned { pid } => self.spawned(around, pid),
            WorkerEvent::SpawnFailed { error, needs_edit } => {
                let reason = format!("could not be started: {error}");
                let kind = ConditionKind::NotStarted;
                let (how, class) = (None, None);
                let failure = Failure { reason, how, kind, needs_edit, class, slow_start: !needs_edit };
                self.ended(around, &failure);
            }
            WorkerEvent::Sample(sample) => self.sample(around, &sample),
            WorkerEvent::Detection { what, began } => self.watch.detected(what, began),
            WorkerEvent::Tracks(tracks) => self.watch.tracks(tracks),
            WorkerEvent::Line { level, class, text, repeats } => self.line(now, level, class, text, repeats),
            WorkerEvent::Dropped { total } => {
                self.dropped = self.dropped_before + total;
                self.watch.dropped(now, total);
            }
            WorkerEvent::Exited(end) => self.exited(around, end),
        }
    }

    /// Time has passed: does what is due.
    pub fn tick(&mut self, around: &mut Surroundings<'_>) {
        let now = around.now;
        if self.air.next().is_some_and(|at| at <= now) {
            self.refresh_air(around);
        }
        self.probe_tick(around);
        if let Wait::Retry(at) = self.wait
            && at <= now
        {
            self.queue(around, "tries again");
            return;
        }
        if self.worker.as_ref().is_some_and(|w| w.stop.is_some()) {
            self.escalate(around);
            return;
        }
        self.watch_progress(around);
        self.fall_back(around);
    }

    /// When the worker is judged next.
    pub(super) fn worker_deadline(&self, worker: &Worker, policy: &Policy) -> Option<Moment> {
        let thresholds = &self.spec.thresholds;
        match (&worker.stop, worker.live) {
            (Some(stop), _) => stop.next,
            (None, None) => Some(worker.started + thresholds.start_grace),
            (None, Some(_)) if self.phase == Phase::Stalled => Some(self.replaced_at(worker)),
            (None, Some(_)) => {
                let reset = worker.steady + policy.backoff_reset;
                let reset = (self.failures.in_a_row() > 0).then_some(reset);
                let races = worker.racing.map(|since| since + thresholds.fast_for);
                Some(worker.moved + thresholds.stall).into_iter().chain(reset).chain(races).min()
            }
        }
    }

    /// When a stalled worker is replaced.
    pub(super) fn replaced_at(&self, worker: &Worker) -> Moment {
        let thresholds = &self.spec.thresholds;
        let begun = match worker.racing {
            Some(since) => since + thresholds.fast_for,
            None => worker.moved + thresholds.stall,
        };
        (begun + thresholds.stall_restart).max(worker.spared.unwrap_or(begun))
    }

    /// Judges the worker by its progress: none in time, none any more, or far too much.
    fn watch_progress(&mut self, around: &mut Surroundings<'_>) {
        let now = around.now;
        let thresholds = &self.spec.thresholds;
        let (grace, stall, restart) = (thresholds.start_grace, thresholds.stall, thresholds.stall_restart);
        let fast_for = thresholds.fast_for;
        let Some(worker) = &self.worker else { return };
        let (moved, idle) = (worker.moved, now.since(worker.moved));
        let races = worker.racing.map(|since| now.since(since));
        if worker.live.is_none() {
            if now.since(worker.started) >= grace {
                let reason = format!("no progress within {} s", grace.as_secs_f32());
                self.replace(around, reason, ConditionKind::Stalled, true);
            }
        } else if let Some(raced) = races.filter(|raced| *raced >= fast_for) {
            if raced >= fast_for.saturating_add(restart) {
                let reason =
                    format!("output time ran far too fast for {} s: the input loops", raced.as_secs());
                self.replace(around, reason, ConditionKind::Fast, false);
            } else if self.phase == Phase::Live {
                self.set_phase(
                    around,
                    Phase::Stalled,
                    Wait::Nothing,
                    "output time runs far too fast: the input loops",
                );
            }
        } else if idle >= stall.saturating_add(restart) && around.hold.is_some() {
            // It might be the host, and it might not be replaced: it may wake by itself.
            let again = around.now + PATIENCE;
            if let Some(worker) = &mut self.worker {
                worker.spared = Some(again);
            }
            self.watch.stalled(Some(moved));
            self.figures = Figures::default();
            self.set_phase(
                around,
                Phase::Stalled,
                Wait::Nothing,
                "output time stands still; spared while nothing is started",
            );
        } else if idle >= stall.saturating_add(restart) {
            let reason = format!("output time stood still for {} s", idle.as_secs());
            self.replace(around, reason, ConditionKind::Stalled, false);
        } else if idle >= stall && self.phase == Phase::Live {
            self.watch.stalled(Some(moved));
            self.figures = Figures::default();
            self.set_phase(around, Phase::Stalled, Wait::Nothing, "output time stands still");
        } else if self.failures.in_a_row() > 0
            && self.phase == Phase::Live
            && now.since(worker.steady) >= around.policy.backoff_reset
        {
            self.failures.forget();
            self.inputs.good(self.inputs.current());
        }
    }

    /// No more asking: kill the workers that were asked to end. What runs on is left alone.
    pub fn hurry(&mut self, around: &mut Surroundings<'_>) {
        let now = around.now;
        if let Some(worker) = &mut self.worker {
            worker.hurry(now);
        }
        self.escalate(around);
        self.hurry_probe(around);
    }

    fn spawned(&mut self, around: &mut Surroundings<'_>, pid: u32) {
        let now = around.now;
        if let Some(worker) = &mut self.worker {
            worker.spawned(now, pid);
        }
        self.escalate(around);
    }

    /// The common case, quickly: a live worker moved on, and nothing else is or becomes of note.
    /// `None` when that was not all; else whether the figures that are shown changed.
    pub fn take_routinely(&mut self, now: Moment, generation: Generation, sample: &Sample) -> Option<bool> {
        let worker = self.worker.as_mut()?;
        let routine = self.phase == Phase::Live
            && worker.generation == generation
            && worker.stop.is_none()
            && worker.racing.is_none()
            && sample.figures.speed.is_none_or(|speed| speed <= RACING_SPEED)
            && self.conditions.is_empty()
            && self.watch.is_quiet()
            && sample.out_time_us > worker.out_time_us
            && self.watch.takes_routinely(&sample.figures, &self.spec.thresholds);
        routine.then(|| {
            worker.out_time_us = sample.out_time_us;
            worker.moved = now;
            std::mem::replace(&mut self.figures, sample.figures) != sample.figures
        })
    }

    /// The common case of a tick: all that was due is that the worker should have moved, and it
    /// has. Gives the new deadline.
    #[must_use]
    pub fn tick_is_routine(&self, now: Moment) -> Option<Moment> {
        let worker =
            self.worker.as_ref().filter(|worker| worker.stop.is_none() && worker.racing.is_none())?;
        let plain = self.phase == Phase::Live
            && self.conditions.is_empty()
            && self.failures.in_a_row() == 0
            && self.air.next().is_none()
            && self.faulty_since.is_none()
            && self.inputs.current() == 0
            && !self.probe.is_running()
            && self.watch.is_quiet();
        let stalls = worker.moved + self.spec.thresholds.stall;
        let next = self.care_deadline().map_or(stalls, |over| over.min(stalls));
        (plain && next > now).then_some(next)
    }

    /// Its worker was measured. Says whether that is news; of an earlier worker, or of a probe, it is
    /// not.
    pub fn take_usage(&mut self, generation: Generation, usage: Usage) -> bool {
        let is_its = self.worker.as_ref().is_some_and(|worker| worker.generation == generation);
        is_its && self.usage.replace(usage) != Some(usage)
    }

    fn sample(&mut self, around: &mut Surroundings<'_>, sample: &Sample) {
        let now = around.now;
        let Some(worker) = &mut self.worker else { return };
        if worker.stop.is_some() {
            return;
        }
        if worker.moves(sample) == Moved::Not {
            // Standing still shows in the figures long before it is a stall.
            if self.phase == Phase::Live {
                self.figures = sample.figures;
            }
            return;
        }
        worker.moved = now;
        let fast = sample.figures.speed.is_some_and(|speed| speed > RACING_SPEED);
        let races = fast && self.spec.mode != Mode::Run && now.since(worker.started) >= RACING_GRACE;
        worker.racing = if races { worker.racing.or(Some(now)) } else { None };
        if worker.live.is_none() {
            worker.live = Some(now);
            worker.steady = now;
            let took = now.since(worker.started);
            self.goes_live(around, took);
        } else if self.phase == Phase::Stalled && !races {
            worker.steady = now;
            self.watch.stalled(None);
            self.set_phase(around, Phase::Live, Wait::Nothing, "");
        }
        self.figures = sample.figures;
        self.watch.figures(now, &sample.figures, &self.spec.thresholds);
    }

    fn goes_live(&mut self, around: &mut Surroundings<'_>, took: Duration) {
        // Before anything else: who was let through speaks for all that wait.
        if let Some(host) = self.at_host
            && let Some(freed) = around.origins.answered(around.now, host, self.ix, true)
        {
            around.concerns.push(Concern::OriginBack(host, freed));
        }
        self.was_live = true;
        self.watch.failure_over();
        self.set_phase(around, Phase::Live, Wait::Nothing, "");
        self.begin_turn(around.now);
        self.plan_probe(around.now);
        around.concerns.push(Concern::Start(Some(took)));
        around.concerns.push(Concern::Live(self.ix));
    }

    fn line(
        &mut self,
        now: Moment,
        level: LineLevel,
        class: Option<FaultClass>,
        text: Arc<str>,
        repeats: u32,
    ) {
        let Some(worker) = &mut self.worker else { return };
        // What FFmpeg says of its own ending is no news.
        if worker.stop.is_some() {
            return;
        }
        worker.says(now, level, class, &text);
        if let Some(class) = class {
            self.watch.line(now, class, repeats);
        }
        if level == LineLevel::Error {
            self.last_error = Some(Arc::clone(&text));
        }
        self.last_message = text;
        self.last_message_at = now;
    }

    /// Asks the worker to end. What follows: the newest wish wins.
    pub(super) fn end_worker(&mut self, around: &mut Surroundings<'_>, then: Then, reason: &str) {
        let now = around.now;
        let Some(worker) = &mut self.worker else { return };
        if !worker.ask_to_end(now, then) {
            self.reason = reason.into();
            return;
        }
        self.figures = Figures::default();
        self.set_phase(around, Phase::Stopping, Wait::Nothing, reason);
        self.escalate(around);
    }

    /// Sends the next signal if it is due.
    pub(super) fn escalate(&mut self, around: &mut Surroundings<'_>) {
        let (ix, now) = (self.ix, around.now);
        let Some(worker) = &mut self.worker else { return };
        if worker.escalate(ix, now, around.policy, around.effects) {
            self.note(
                around,
                LineLevel::Warning,
                "headend: the worker did not end when asked; killed".into(),
            );
        }
    }

    /// The worker is of no use: end it and count a failure.
    fn replace(
        &mut self,
        around: &mut Surroundings<'_>,
        reason: String,
        kind: ConditionKind,
        slow_start: bool,
    ) {
        let explained = self.worker.as_ref().and_then(|worker| worker.fault_at(around.now));
        let (reason, kind, class) = match explained {
            Some(class) => (format!("{reason}; {}", words(class)), class.condition(), Some(class)),
            None => (reason, kind, None),
        };
        let shown = reason.clone();
        self.watch.run_failed(around.now, kind);
        let (how, needs_edit, slow_start) = (None, false, slow_start && class.is_none());
        let failure = Failure { reason, how, kind, needs_edit, class, slow_start };
        self.end_worker(around, Then::Failed(failure), &shown);
    }

    fn exited(&mut self, around: &mut Surroundings<'_>, end: WorkerEnd) {
        let Some(worker) = &self.worker else { return };
        // If it was asked to end, why stands in its stop.
        let failure = worker.failure(around.now, end);
        self.ended(around, &failure);
    }

    /// The worker is gone: on to what follows.
    fn ended(&mut self, around: &mut Surroundings<'_>, failure: &Failure) {
        self.keep_what_was_seen();
        let then = self.remember_run(around.now, failure);
        self.figures = Figures::default();
        self.usage = None;
        self.dropped_before = self.dropped;
        self.end_probe(around);
        let host = self.at_host.take();
        if let Some(host) = host {
            around.origins.gone(host, self.ix);
        }
        match then {
            Some(Then::Rest(wait)) => self.rests(around, wait),
            Some(Then::StartAnew) => self.queue(around, "waits for its turn to start"),
            Some(Then::Switch(input)) => {
                self.turns.switched = true;
                self.inputs.take(input);
                self.queue(around, "waits for its turn to start with another input");
            }
            Some(Then::Failed(stalled)) => self.failed(around, &stalled, host),
            None => self.failed(around, failure, host),
        }
        // Only now: when a fault began is known from what was seen.
        self.watch.worker_ended();
    }
}
