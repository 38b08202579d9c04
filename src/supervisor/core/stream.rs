//! One stream: its phase, its worker, and what each event makes of them.
//!
//! Everything here is about one stream alone. What streams share (slots, pace, the queue) is the
//! supervisor's: a stream in phase `queued` waits for it.

use std::sync::Arc;

use crate::config::Policy;
use crate::model::{
    Condition, Figures, LineLevel, Moment, Phase, Row, StreamIx, StreamSpec, Wanted, clean, mask_secrets,
};

use super::backoff::Failures;
use super::event::{Effect, Generation, Kept, Purpose, Restored};
use super::watch::Watch;
use super::worker::{Then, Worker};

/// One stream and everything the supervisor knows of it.
#[derive(Debug, Clone)]
pub struct Stream {
    pub(super) ix: StreamIx,
    pub(super) spec: Arc<StreamSpec>,
    /// Its inputs, masked once: rows are made often.
    shown_inputs: Vec<Arc<str>>,
    pub(super) wanted: Wanted,
    pub(super) phase: Phase,
    pub(super) reason: Arc<str>,
    pub(super) since: Moment,
    /// When backoff or broken ends.
    pub(super) retry: Option<Moment>,
    pub(super) generation: Generation,
    pub(super) worker: Option<Worker>,
    pub(super) failures: Failures,
    pub(super) input: usize,
    pub(super) restarts: u32,
    pub(super) started_before: bool,
    pub(super) figures: Figures,
    pub(super) watch: Watch,
    pub(super) conditions: Vec<Condition>,
    pub(super) last_error: Option<Arc<str>>,
    pub(super) last_message: Arc<str>,
    pub(super) last_message_at: Moment,
    pub(super) dropped: u64,
    pub(super) dropped_before: u64,
    /// What was last given to the store.
    pub(super) saved: Option<Kept>,
}

/// What a stream needs from outside to decide.
pub struct Surroundings<'a> {
    /// The supervisor's clock.
    pub now: Moment,
    /// The settings.
    pub policy: &'a Policy,
    /// Random numbers, from the seed.
    pub random: &'a mut fastrand::Rng,
    /// Where effects go.
    pub effects: &'a mut Vec<Effect>,
}

/// What a row shows apart from conditions and figures: as long as it is the same, no new row is due.
#[derive(Debug, PartialEq)]
pub struct Shown {
    wanted: Wanted,
    phase: Phase,
    reason: Arc<str>,
    since: Moment,
    next: Option<Moment>,
    failures: u32,
    pid: Option<u32>,
    started: Option<Moment>,
    restarts: u32,
    input: usize,
    last_error: Option<Arc<str>>,
    last_message: Arc<str>,
    last_message_at: Moment,
}

impl Stream {
    /// A stream at rest. Say [`Stream::begin`] to bring it to what is wanted.
    #[must_use]
    pub fn new(ix: StreamIx, spec: StreamSpec, restored: Option<Restored>, now: Moment) -> Self {
        Self {
            ix,
            wanted: restored.map_or(spec.wanted, |r| r.wanted),
            phase: Phase::Stopped,
            reason: "".into(),
            since: restored.map_or(now, |r| r.changed),
            retry: None,
            generation: Generation::default(),
            worker: None,
            failures: Failures::default(),
            input: 0,
            restarts: restored.map_or(0, |r| r.restarts),
            started_before: false,
            figures: Figures::default(),
            watch: Watch::default(),
            conditions: Vec::new(),
            last_error: None,
            last_message: "".into(),
            last_message_at: now,
            dropped: 0,
            dropped_before: 0,
            saved: None,
            shown_inputs: spec.inputs.iter().map(|url| clean(&mask_secrets(url)).into()).collect(),
            spec: Arc::new(spec),
        }
    }

    /// Where the supervisor is with it.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// Its description.
    #[must_use]
    pub const fn spec(&self) -> &Arc<StreamSpec> {
        &self.spec
    }

    /// What the store should keep of it.
    #[must_use]
    pub const fn kept(&self) -> Kept {
        Kept { wanted: self.wanted, phase: self.phase, restarts: self.restarts }
    }

    /// Brings it to what is wanted at the program's start.
    pub fn begin(&mut self, around: &mut Surroundings<'_>) {
        match self.wanted {
            Wanted::Started => self.queue(around, "waits for its turn to start"),
            Wanted::Stopped => self.reason = "stopped by the operator".into(),
        }
    }

    /// The operator wants it to run. Says whether that changed anything.
    pub fn start(&mut self, around: &mut Surroundings<'_>) -> bool {
        let changed = self.wanted != Wanted::Started;
        self.wanted = Wanted::Started;
        match self.phase {
            Phase::Stopped | Phase::Backoff | Phase::Broken => {
                self.fresh_start();
                self.queue(around, "started by the operator");
                true
            }
            // Only what the operator stopped rests after its end: it was wanted stopped until now.
            Phase::Stopping if changed => {
                self.fresh_start();
                self.end_worker(around, Then::StartAnew, "ends its old worker, then starts");
                self.save(around);
                true
            }
            _ => changed,
        }
    }

    /// The operator wants it stopped. Says whether that changed anything.
    pub fn stop(&mut self, around: &mut Surroundings<'_>) -> bool {
        let changed = self.wanted != Wanted::Stopped;
        self.wanted = Wanted::Stopped;
        self.watch.failure_over();
        if self.worker.is_some() {
            self.end_worker(around, Then::Rest, "stopped by the operator");
        } else if self.phase != Phase::Stopped {
            self.set_phase(around, Phase::Stopped, "stopped by the operator");
        }
        // It may have been stopping already: then its phase stays, but not what is wanted of it.
        self.save(around);
        changed
    }

    /// The operator wants a new worker, whatever state it is in. Says whether that changed anything.
    pub fn restart(&mut self, around: &mut Surroundings<'_>) -> bool {
        self.wanted = Wanted::Started;
        self.fresh_start();
        if self.worker.is_some() {
            self.end_worker(around, Then::StartAnew, "restarted by the operator");
            // It may have been stopping already: then its phase stays, but not what is wanted of it.
            self.save(around);
        } else if self.phase != Phase::Queued {
            self.queue(around, "restarted by the operator");
        }
        true
    }

    /// headend leaves: end the worker, but keep what is wanted.
    pub fn leave(&mut self, around: &mut Surroundings<'_>) {
        if self.worker.is_some() {
            self.end_worker(around, Then::Rest, "headend is leaving");
        } else if self.phase != Phase::Stopped {
            self.set_phase(around, Phase::Stopped, "headend is leaving");
        }
    }

    /// A slot is given: asks for a worker.
    pub fn give_slot(&mut self, around: &mut Surroundings<'_>) {
        self.generation.0 += 1;
        if self.started_before {
            self.restarts = self.restarts.saturating_add(1);
        }
        self.started_before = true;
        self.figures = Figures::default();
        self.watch.worker_started(around.now);
        self.worker = Some(Worker::expected(self.generation, around.now));
        self.set_phase(around, Phase::Starting, "waits for the first progress");
        around.effects.push(Effect::Spawn {
            stream: self.ix,
            generation: self.generation,
            input: self.input,
            purpose: Purpose::Serve,
        });
    }

    /// When [`Stream::tick`] has something to do next, if nothing else happens.
    #[must_use]
    pub fn next_deadline(&self, now: Moment, policy: &Policy) -> Option<Moment> {
        let thresholds = &self.spec.thresholds;
        let worker = self.worker.as_ref().map(|worker| match (&worker.stop, worker.live) {
            (Some(stop), _) => stop.next,
            (None, None) => Some(worker.started + thresholds.start_grace),
            (None, Some(_)) if self.phase == Phase::Stalled => {
                Some(worker.moved + thresholds.stall + thresholds.stall_restart)
            }
            (None, Some(_)) => {
                let reset = worker.steady + policy.backoff_reset;
                let reset = (self.failures.in_a_row() > 0).then_some(reset);
                Some(worker.moved + thresholds.stall).into_iter().chain(reset).min()
            }
        });
        let watch = self.watch.next_deadline(now, thresholds);
        [self.retry, worker.flatten(), watch].into_iter().flatten().min()
    }

    /// Works out the conditions anew; says whether they differ from those before.
    pub fn refresh_conditions(&mut self, now: Moment) -> bool {
        let conditions = self.watch.conditions(now, self.spec.mode, self.spec.expect, &self.spec.thresholds);
        let changed = conditions != self.conditions;
        self.conditions = conditions;
        changed
    }

    /// What its row shows apart from conditions and figures.
    #[must_use]
    pub fn shown(&self) -> Shown {
        Shown {
            wanted: self.wanted,
            phase: self.phase,
            reason: Arc::clone(&self.reason),
            since: self.since,
            next: self.next_change(),
            failures: self.failures.in_a_row(),
            pid: self.worker.as_ref().and_then(|w| w.pid),
            started: self.worker.as_ref().map(|w| w.started),
            restarts: self.restarts,
            input: self.input,
            last_error: self.last_error.clone(),
            last_message: Arc::clone(&self.last_message),
            last_message_at: self.last_message_at,
        }
    }

    /// The figures its row shows; the board is in no hurry for these.
    #[must_use]
    pub const fn numbers(&self) -> (Figures, u64) {
        (self.figures, self.dropped)
    }

    /// When its phase changes by itself next, if it does.
    fn next_change(&self) -> Option<Moment> {
        let Some(worker) = &self.worker else { return self.retry };
        let thresholds = &self.spec.thresholds;
        match &worker.stop {
            Some(stop) => stop.next,
            None if worker.live.is_none() => Some(worker.started + thresholds.start_grace),
            None if self.phase == Phase::Stalled => {
                Some(worker.moved + thresholds.stall + thresholds.stall_restart)
            }
            None => None,
        }
    }

    /// Its row on the board.
    #[must_use]
    pub fn row(&self) -> Row {
        Row {
            ix: self.ix,
            id: self.spec.id.clone(),
            name: Arc::clone(&self.spec.name),
            group: Arc::clone(&self.spec.group),
            mode: self.spec.mode,
            wanted: self.wanted,
            phase: self.phase,
            reason: Arc::clone(&self.reason),
            since: self.since,
            next: self.next_change(),
            failures: self.failures.in_a_row(),
            conditions: self.conditions.clone(),
            pid: self.worker.as_ref().and_then(|w| w.pid),
            started: self.worker.as_ref().map(|w| w.started),
            restarts: self.restarts,
            figures: self.figures,
            input: self.shown_inputs.get(self.input).cloned().unwrap_or_default(),
            last_error: self.last_error.clone(),
            last_message: Arc::clone(&self.last_message),
            last_message_at: self.last_message_at,
            lines_dropped: self.dropped,
            priority: self.spec.priority,
            watch: self.spec.watch,
            last_seen: None,
            input_of: (0, 0),
            maintenance: false,
        }
    }

    fn fresh_start(&mut self) {
        self.failures.forget();
        self.input = 0;
    }

    pub(super) fn queue(&mut self, around: &mut Surroundings<'_>, reason: &str) {
        self.set_phase(around, Phase::Queued, reason);
    }

    pub(super) fn set_phase(&mut self, around: &mut Surroundings<'_>, phase: Phase, reason: &str) {
        self.phase = phase;
        self.reason = reason.into();
        self.since = around.now;
        if phase != Phase::Backoff && phase != Phase::Broken {
            self.retry = None;
        }
        self.save(around);
    }

    /// Has it kept, if it differs from what was kept last.
    pub(super) fn save(&mut self, around: &mut Surroundings<'_>) {
        let kept = self.kept();
        if self.saved.replace(kept) != Some(kept) {
            around.effects.push(Effect::Save { stream: self.ix, kept });
        }
    }

    pub(super) fn note(&mut self, around: &mut Surroundings<'_>, level: LineLevel, text: Arc<str>) {
        self.last_message = Arc::clone(&text);
        self.last_message_at = around.now;
        around.effects.push(Effect::Note { stream: self.ix, level, text });
    }
}
