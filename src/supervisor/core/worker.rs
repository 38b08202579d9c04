//! The life of a stream's worker: born, live, stalled, asked to end, ended, and what follows.

use std::sync::Arc;
use std::time::Duration;

use crate::model::{ConditionKind, FaultClass, Figures, LineLevel, Moment, Phase, Sample, clean_line};

use super::backoff::Verdict;
use super::event::{Effect, Generation, Signal, WorkerEnd, WorkerEvent};
use super::reason::{Failure, words};
use super::stream::{Stream, Surroundings};

/// After KILL was sent and nothing ended, it is sent again this often: a process in an
/// uninterruptible wait dies when it wakes.
const KILL_AGAIN: Duration = Duration::from_secs(5);

/// As much of FFmpeg's own last error is told as the reason of an end, bytes.
const MAX_SAID_BYTES: usize = 200;

/// A faulty line explains the end of a run only when it is this new.
const FAULT_EXPLAINS: Duration = Duration::from_secs(30);

/// What follows when a worker that was asked to end has ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Then {
    /// Nothing.
    Rest,
    /// Start anew, at once.
    StartAnew,
    /// It had failed: count that, and back off.
    Failed(Failure),
}

/// How far the asking has gone.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stop {
    /// Signals sent so far.
    pub(super) sent: u32,
    /// When the next one is due; `None` until the process id is known.
    pub(super) next: Option<Moment>,
    pub(super) then: Then,
}

/// The one FFmpeg process of a stream.
#[derive(Debug, Clone)]
pub(super) struct Worker {
    pub(super) generation: Generation,
    pub(super) pid: Option<u32>,
    pub(super) started: Moment,
    /// When output time first moved: from then on it is live.
    pub(super) live: Option<Moment>,
    /// When output time last moved.
    pub(super) moved: Moment,
    pub(super) out_time_us: Option<i64>,
    /// Since when it has moved without a stall.
    pub(super) steady: Moment,
    pub(super) stop: Option<Stop>,
    /// The newest error line, for an end that no known class explains.
    pub(super) error: Option<(Moment, Arc<str>)>,
    /// The newest line that could explain an end.
    pub(super) fault: Option<(Moment, FaultClass)>,
}

impl Worker {
    /// A worker that was asked for and is not there yet.
    pub(super) const fn expected(generation: Generation, now: Moment) -> Self {
        Self {
            generation,
            pid: None,
            started: now,
            live: None,
            moved: now,
            out_time_us: None,
            steady: now,
            stop: None,
            error: None,
            fault: None,
        }
    }
}

impl Stream {
    /// Something happened to a worker. What an earlier worker still had to say is ignored.
    pub fn worker_event(
        &mut self,
        around: &mut Surroundings<'_>,
        generation: Generation,
        event: WorkerEvent,
    ) {
        if self.worker.as_ref().is_none_or(|worker| worker.generation != generation) {
            return;
        }
        let now = around.now;
        match event {
            WorkerEvent::Spawned { pid } => self.spawned(around, pid),
            WorkerEvent::SpawnFailed { error, needs_edit } => {
                let reason = format!("could not be started: {error}");
                let failure = Failure { reason, kind: ConditionKind::NotStarted, needs_edit };
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
        if self.retry.is_some_and(|at| at <= now) {
            self.queue(around, "tries again");
            return;
        }
        if self.worker.as_ref().is_some_and(|w| w.stop.is_some()) {
            self.escalate(around);
            return;
        }
        let thresholds = &self.spec.thresholds;
        let (grace, stall, restart) = (thresholds.start_grace, thresholds.stall, thresholds.stall_restart);
        let Some(worker) = &self.worker else { return };
        let idle = now.since(worker.moved);
        let moved = worker.moved;
        if worker.live.is_none() {
            if now.since(worker.started) >= grace {
                let reason = format!("no progress within {} s", grace.as_secs_f32());
                self.replace(around, reason);
            }
        } else if idle >= stall.saturating_add(restart) {
            let reason = format!("output time stood still for {} s", idle.as_secs());
            self.replace(around, reason);
        } else if idle >= stall && self.phase == Phase::Live {
            self.watch.stalled(Some(moved));
            self.figures = Figures::default();
            self.set_phase(around, Phase::Stalled, "output time stands still");
        } else if self.failures.in_a_row() > 0
            && self.phase == Phase::Live
            && now.since(worker.steady) >= around.policy.backoff_reset
        {
            self.failures.forget();
        }
    }

    /// No more asking: kill the worker, if it was asked to end. What runs on is left alone.
    pub fn hurry(&mut self, around: &mut Surroundings<'_>) {
        let kill_at = around.now;
        if let Some(Stop { sent, next, .. }) = self.stop_mut() {
            *sent = (*sent).max(2);
            if next.is_some() {
                *next = Some(kill_at);
            }
        }
        self.escalate(around);
    }

    pub(super) fn stop_mut(&mut self) -> Option<&mut Stop> {
        self.worker.as_mut()?.stop.as_mut()
    }

    fn spawned(&mut self, around: &mut Surroundings<'_>, pid: u32) {
        let Some(worker) = &mut self.worker else { return };
        worker.pid = Some(pid);
        // Asked to end while it was being born: it can be told only now.
        if let Some(stop) = &mut worker.stop {
            stop.next = Some(around.now);
            self.escalate(around);
        }
    }

    fn sample(&mut self, around: &mut Surroundings<'_>, sample: &Sample) {
        let now = around.now;
        let Some(worker) = &mut self.worker else { return };
        if worker.stop.is_some() {
            return;
        }
        let moved =
            sample.out_time_us.is_some_and(|time| worker.out_time_us.is_none_or(|before| time > before));
        if sample.out_time_us.is_some() {
            // Backwards too: it moves on from there.
            worker.out_time_us = sample.out_time_us;
        }
        // Zero (or less) is where it begins: that is no progress yet.
        let starts = sample.out_time_us.is_some_and(|time| time > 0);
        if !moved || (worker.live.is_none() && !starts) {
            // Standing still shows in the figures long before it is a stall.
            if self.phase == Phase::Live {
                self.figures = sample.figures;
            }
            return;
        }
        worker.moved = now;
        if worker.live.is_none() {
            worker.live = Some(now);
            worker.steady = now;
            self.watch.failure_over();
            self.set_phase(around, Phase::Live, "");
        } else if self.phase == Phase::Stalled {
            worker.steady = now;
            self.watch.stalled(None);
            self.set_phase(around, Phase::Live, "");
        }
        self.figures = sample.figures;
        self.watch.figures(now, &sample.figures, &self.spec.thresholds);
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
        if let Some(class) = class {
            if class.ends_a_run() {
                worker.fault = Some((now, class));
            }
            self.watch.line(now, class, repeats);
        }
        if level == LineLevel::Error {
            worker.error = Some((now, Arc::clone(&text)));
            self.last_error = Some(Arc::clone(&text));
        }
        self.last_message = text;
        self.last_message_at = now;
    }

    /// Asks the worker to end. What follows: the gravest wish wins.
    pub(super) fn end_worker(&mut self, around: &mut Surroundings<'_>, then: Then, reason: &str) {
        let now = around.now;
        let Some(worker) = &mut self.worker else { return };
        if let Some(stop) = &mut worker.stop {
            stop.then = then;
            self.reason = reason.into();
            return;
        }
        // A process that is still being born is told when it is there.
        worker.stop = Some(Stop { sent: 0, next: worker.pid.map(|_| now), then });
        self.figures = Figures::default();
        self.set_phase(around, Phase::Stopping, reason);
        self.escalate(around);
    }

    /// Sends the next signal if it is due: TERM, TERM again, KILL.
    pub(super) fn escalate(&mut self, around: &mut Surroundings<'_>) {
        let now = around.now;
        let (ix, policy) = (self.ix, around.policy);
        let Some(worker) = &mut self.worker else { return };
        let generation = worker.generation;
        let Some(stop) = &mut worker.stop else { return };
        if stop.next.is_none_or(|at| at > now) {
            return;
        }
        let (signal, wait) = match stop.sent {
            0 => (Signal::Term, policy.stop_again),
            1 => (Signal::Term, policy.stop_kill),
            _ => (Signal::Kill, KILL_AGAIN),
        };
        stop.sent += 1;
        stop.next = Some(now + wait);
        let killed_first = stop.sent == 3;
        around.effects.push(Effect::Signal { stream: ix, generation, signal });
        if killed_first {
            self.note(
                around,
                LineLevel::Warning,
                "headend: the worker did not end when asked; killed".into(),
            );
        }
    }

    /// The worker is of no use: end it and count a failure.
    fn replace(&mut self, around: &mut Surroundings<'_>, reason: String) {
        let explained = self.worker.as_ref().and_then(|w| w.fault);
        let explained = explained.filter(|(at, _)| around.now.since(*at) < FAULT_EXPLAINS);
        let (reason, kind) = match explained {
            Some((_, class)) => (format!("{reason}; {}", words(class)), class.condition()),
            None => (reason, ConditionKind::Stalled),
        };
        let shown = reason.clone();
        self.watch.run_failed(around.now, kind);
        self.end_worker(around, Then::Failed(Failure { reason, kind, needs_edit: false }), &shown);
    }

    fn exited(&mut self, around: &mut Surroundings<'_>, end: WorkerEnd) {
        let Some(worker) = &self.worker else { return };
        if worker.stop.is_some() {
            // What it failed of, or that it was only asked to end, stands in its stop.
            self.ended(around, &Failure::ended(end, None, false));
            return;
        }
        let fault =
            worker.fault.filter(|(at, _)| around.now.since(*at) < FAULT_EXPLAINS).map(|(_, class)| class);
        let mut failure = Failure::ended(end, fault, worker.live.is_some());
        // FFmpeg's own words, where ours have none for it.
        let said = worker.error.as_ref().filter(|(at, _)| around.now.since(*at) < FAULT_EXPLAINS);
        if let (None, Some((_, said)), WorkerEnd::Code(_)) = (fault, said, end) {
            failure.reason = format!("{}: {}", failure.reason, clean_line(said, MAX_SAID_BYTES));
        }
        self.ended(around, &failure);
    }

    /// The worker is gone: on to what follows.
    fn ended(&mut self, around: &mut Surroundings<'_>, failure: &Failure) {
        let then = self.worker.take().and_then(|w| w.stop).map(|stop| stop.then);
        self.figures = Figures::default();
        self.dropped_before = self.dropped;
        match then {
            Some(Then::Rest) => {
                let reason = Arc::clone(&self.reason);
                self.set_phase(around, Phase::Stopped, &reason);
            }
            Some(Then::StartAnew) => self.queue(around, "waits for its turn to start"),
            Some(Then::Failed(stalled)) => self.failed(around, &stalled),
            None => self.failed(around, failure),
        }
        // Only now: when a fault began is known from what was seen.
        self.watch.worker_ended();
    }

    fn failed(&mut self, around: &mut Surroundings<'_>, failure: &Failure) {
        let verdict = self.failures.failed(around.now, failure.needs_edit, around.policy, around.random);
        self.watch.run_failed(around.now, failure.kind);
        self.last_error = Some(failure.reason.as_str().into());
        if !self.spec.inputs.is_empty() {
            self.input = (self.input + 1) % self.spec.inputs.len();
        }
        let (phase, wait) = match verdict {
            Verdict::Backoff(wait) => (Phase::Backoff, wait),
            Verdict::Broken(wait) => (Phase::Broken, wait),
        };
        self.set_phase(around, phase, &failure.reason);
        self.retry = Some(around.now + wait);
        let told = format!("headend: {}; next try in {:.1} s", failure.reason, wait.as_secs_f32());
        self.note(around, LineLevel::Error, told.into());
    }
}
