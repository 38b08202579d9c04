//! One stream: its phase, its workers, and what its row shows.
//!
//! Everything here is about one stream alone. What streams share (slots, pace, the line, hosts) is
//! the supervisor's: a stream says what it waits for, and is told when that comes.

use std::sync::Arc;

use crate::config::Policy;
use crate::model::{
    Condition, FaultClass, Figures, LineLevel, Moment, Phase, StreamIx, StreamSpec, Usage, Wanted, WatchKind,
    clean, mask_secrets,
};

use super::air::{Air, WallClock};
use super::backoff::Failures;
use super::care::Cared;
use super::detail::Runs;
use super::event::{Effect, Generation, Kept, Purpose, Restored};
use super::inputs::Inputs;
use super::line::Lane;
use super::origins::{HostIx, Origins};
use super::probe::Probe;
use super::process::Worker;
use super::turns::Turns;
use super::watch::Watch;

/// What a stream without a worker waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// Nothing.
    Nothing,
    /// A slot and its turn to start.
    Line,
    /// This moment.
    Retry(Moment),
    /// An origin host; last tried then.
    Origin(HostIx, Moment),
    /// The next step of a rollout.
    Rollout,
    /// The end of the host's overload.
    Shed,
}

/// Whether the configuration has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It has.
    Here,
    /// Not any more, and its last worker is still ending.
    Going,
    /// Not any more: what is left is what it needs to come back as itself.
    Gone,
}

/// One stream and everything the supervisor knows of it.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own that others decide on")]
pub struct Stream {
    pub(super) ix: StreamIx,
    pub(super) spec: Arc<StreamSpec>,
    pub(super) presence: Presence,
    /// Its inputs, masked once: rows are made often.
    pub(super) shown_inputs: Vec<Arc<str>>,
    pub(super) shown_tags: Arc<[Arc<str>]>,
    pub(super) wanted: Wanted,
    pub(super) phase: Phase,
    pub(super) reason: Arc<str>,
    pub(super) since: Moment,
    pub(super) wait: Wait,
    pub(super) generation: Generation,
    pub(super) worker: Option<Worker>,
    pub(super) probe: Probe,
    pub(super) failures: Failures,
    pub(super) runs: Runs,
    pub(super) inputs: Inputs,
    pub(super) turns: Turns,
    pub(super) air: Air,
    /// It was there in an earlier run of headend.
    pub(super) known: bool,
    /// It has been live since it was last started by hand, or since the beginning.
    pub(super) was_live: bool,
    /// The host its worker reads from.
    pub(super) at_host: Option<HostIx>,
    /// It was let through to find out whether this host is back.
    pub(super) tries_host: Option<HostIx>,
    /// When the host it waits for is probed next.
    pub(super) origin_probe: Option<Moment>,
    /// A rollout keeps it from starting.
    pub(super) held_back: bool,
    /// It rests because the host is overloaded.
    pub(super) shed: bool,
    /// Since when one of the conditions that ask for another input holds.
    pub(super) faulty_since: Option<Moment>,
    pub(super) restarts: u32,
    pub(super) started_before: bool,
    pub(super) figures: Figures,
    /// What its worker takes of the machine, as last measured.
    pub(super) usage: Option<Usage>,
    pub(super) watch: Watch,
    pub(super) conditions: Vec<Condition>,
    pub(super) last_error: Option<Arc<str>>,
    pub(super) last_message: Arc<str>,
    pub(super) last_message_at: Moment,
    pub(super) dropped: u64,
    pub(super) dropped_before: u64,
    pub(super) cared: Cared,
    /// Since when nothing is wrong with it, while it is acknowledged.
    pub(super) well_since: Option<Moment>,
    /// What was last given to the store.
    pub(super) saved: Option<Kept>,
}

/// Something about one stream that concerns what streams share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Concern {
    /// A host's breaker opened.
    OriginDown(HostIx, FaultClass),
    /// A host answers again: those who waited for it.
    OriginBack(HostIx, Vec<StreamIx>),
    /// A worker found its output's disk full.
    DiskFull(StreamIx),
    /// A worker is live.
    Live(StreamIx),
    /// The stream failed of something else than a full disk, or is not wanted any more.
    NotLive(StreamIx),
    /// It was removed, and its last worker has ended.
    Gone(StreamIx),
    /// A start was quick, slow (after so long), or failed of this machine.
    Start(Option<std::time::Duration>),
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
    /// The breakers of origin hosts.
    pub origins: &'a mut Origins,
    /// What keeps every stream from starting, if something does.
    pub hold: Option<&'a Arc<str>>,
    /// The time of day, once it is known.
    pub wall: Option<WallClock>,
    /// headend is leaving.
    pub leaving: bool,
    /// What concerns what streams share.
    pub concerns: &'a mut Vec<Concern>,
}

impl Stream {
    /// A stream at rest. Say [`Stream::begin`] to bring it to what is wanted.
    #[must_use]
    pub fn new(
        ix: StreamIx,
        spec: StreamSpec,
        restored: Option<Restored>,
        now: Moment,
        origins: &mut Origins,
    ) -> Self {
        Self {
            ix,
            wanted: restored.as_ref().map_or(spec.wanted, |r| r.wanted),
            phase: Phase::Stopped,
            reason: "".into(),
            since: restored.as_ref().map_or(now, |r| r.changed),
            wait: Wait::Nothing,
            generation: Generation::default(),
            worker: None,
            probe: Probe::default(),
            failures: Failures::default(),
            runs: Runs::default(),
            inputs: Inputs::new(&spec, origins),
            turns: Turns::new(now),
            air: Air::default(),
            known: restored.is_some(),
            was_live: false,
            at_host: None,
            tries_host: None,
            origin_probe: None,
            held_back: false,
            shed: false,
            faulty_since: None,
            restarts: restored.as_ref().map_or(0, |r| r.restarts),
            started_before: false,
            figures: Figures::default(),
            usage: None,
            watch: Watch::default(),
            conditions: Vec::new(),
            last_error: None,
            last_message: "".into(),
            last_message_at: now,
            dropped: 0,
            dropped_before: 0,
            cared: restored.map(|r| r.cared).unwrap_or_default(),
            well_since: None,
            saved: None,
            presence: Presence::Here,
            shown_tags: spec.tags.iter().cloned().collect(),
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

    /// Whether it takes turns.
    #[must_use]
    pub fn rotates(&self) -> bool {
        self.spec.watch == WatchKind::Rotate
    }

    /// Whether it is to run now: wanted, and on air.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.wanted == Wanted::Started && self.air.on && self.presence == Presence::Here
    }

    /// What the store should keep of it.
    #[must_use]
    pub fn kept(&self) -> Kept {
        let Self { wanted, phase, since, restarts, .. } = *self;
        Kept { wanted, phase, since, restarts, cared: self.cared.clone() }
    }

    /// Slots it holds: one for its worker, one for a probe.
    #[must_use]
    pub fn slots_held(&self) -> u32 {
        u32::from(self.worker.is_some()) + u32::from(self.probe.is_running())
    }

    /// Workers of it that are being started.
    #[must_use]
    pub fn starting(&self) -> u32 {
        u32::from(self.phase == Phase::Starting) + u32::from(self.probe.is_starting())
    }

    /// Workers of it that were asked to end.
    #[must_use]
    pub fn stopping(&self) -> u32 {
        u32::from(self.phase == Phase::Stopping) + u32::from(self.probe.is_stopping())
    }

    /// Whether it waits for a slot and was live before: what it costs is nothing new to the host.
    #[must_use]
    pub fn returns(&self) -> bool {
        self.was_live && self.wait == Wait::Line && self.phase == Phase::Held
    }

    /// Which lane of the line it waits in.
    #[must_use]
    pub fn lane(&self, now: Moment) -> Option<Lane> {
        match self.wait {
            Wait::Line if !self.rotates() => Some(Lane::Always),
            Wait::Line if self.is_urgent(now) => Some(Lane::Urgent),
            Wait::Line => Some(Lane::Turn),
            _ => self.wants_probe(now).then_some(Lane::Probe),
        }
    }

    /// A slot is given: asks for a worker.
    pub fn give_slot(&mut self, around: &mut Surroundings<'_>, input_is: Purpose) {
        self.generation.0 += 1;
        if input_is == Purpose::Probe {
            self.start_probe(around);
            return;
        }
        if self.started_before {
            self.restarts = self.restarts.saturating_add(1);
        }
        self.started_before = true;
        self.figures = Figures::default();
        self.watch.worker_started(around.now);
        self.worker = Some(Worker::expected(self.generation, around.now));
        self.faulty_since = None;
        self.at_host = self.inputs.host();
        self.set_phase(around, Phase::Starting, Wait::Nothing, "waits for the first progress");
        around.effects.push(Effect::Spawn {
            stream: self.ix,
            generation: self.generation,
            input: self.inputs.current(),
            purpose: Purpose::Serve,
        });
    }

    /// When [`Stream::tick`] has something to do next, if nothing else happens.
    #[must_use]
    pub fn next_deadline(&self, now: Moment, policy: &Policy) -> Option<Moment> {
        let thresholds = &self.spec.thresholds;
        let retry = if let Wait::Retry(at) = self.wait { Some(at) } else { None };
        let worker = self.worker.as_ref().and_then(|worker| self.worker_deadline(worker, policy));
        let fallback = self.faulty_since.filter(|_| self.phase == Phase::Live);
        let fallback = fallback.map(|since| since + self.spec.fallback.after).filter(|at| *at > now);
        let watch = self.watch.next_deadline(now, thresholds);
        // Who jumps the line does so only as long as somebody looks.
        let looked = self.turns.looked_until.filter(|at| *at > now && self.wait == Wait::Line);
        let (air, care, probe) = (self.air.next(), self.care_deadline(), self.probe_deadline(now, policy));
        [retry, worker, watch, fallback, looked, air, care, probe].into_iter().flatten().min()
    }

    /// Works out the conditions anew; says whether they differ from those before.
    pub fn refresh_conditions(&mut self, now: Moment, overloaded: Option<Moment>) -> bool {
        let spec = &self.spec;
        let mut conditions = self.watch.conditions(now, spec.mode, spec.expect, &spec.thresholds);
        if conditions.is_empty() && self.turns.rests() {
            conditions.clone_from(&self.turns.found);
        }
        for condition in &mut conditions {
            condition.explained = self.air.explains(condition, overloaded);
        }
        let asks = |c: &Condition| c.explained.is_none() && spec.fallback.on.contains(&c.kind);
        let faulty = self.phase == Phase::Live && conditions.iter().any(asks);
        self.faulty_since = if faulty { self.faulty_since.or(Some(now)) } else { None };
        let changed = conditions != self.conditions;
        self.conditions = conditions;
        changed
    }

    /// Everything from the beginning, as after an operator's order.
    pub(super) fn fresh_start(&mut self) {
        self.failures.forget();
        self.inputs.forget();
        self.shed = false;
    }

    /// Waits for a slot, unless something keeps it from wanting one.
    pub(super) fn queue(&mut self, around: &mut Surroundings<'_>, reason: &str) {
        if around.leaving {
            self.set_phase(around, Phase::Stopped, Wait::Nothing, "headend is leaving");
        } else if self.presence != Presence::Here {
            self.set_phase(around, Phase::Stopped, Wait::Nothing, "removed from the configuration");
        } else if self.wanted == Wanted::Stopped {
            self.set_phase(around, Phase::Stopped, Wait::Nothing, "stopped by the operator");
        } else if !self.air.on {
            self.set_phase(around, Phase::Stopped, Wait::Nothing, "off air");
        } else if self.shed {
            let reason = Arc::clone(&self.reason);
            self.set_phase(around, Phase::Resting, Wait::Shed, &reason);
        } else if self.held_back {
            self.set_phase(around, Phase::Held, Wait::Rollout, "waits for the next step of the rollout");
        } else if let Some(hold) = around.hold {
            self.set_phase(around, Phase::Held, Wait::Line, hold);
        } else {
            self.set_phase(around, Phase::Queued, Wait::Line, reason);
        }
    }

    /// What keeps everybody from starting came or went.
    pub fn hold_changed(&mut self, around: &mut Surroundings<'_>) {
        if self.wait == Wait::Line && matches!(self.phase, Phase::Queued | Phase::Held) {
            self.queue(around, "waits for its turn to start");
        }
    }

    pub(super) fn set_phase(
        &mut self,
        around: &mut Surroundings<'_>,
        phase: Phase,
        wait: Wait,
        reason: &str,
    ) {
        debug_assert!(
            phase == self.phase || self.phase.successors().contains(&phase),
            "{:?} may not follow {:?}",
            phase,
            self.phase
        );
        if let Wait::Origin(host, tried) = self.wait
            && wait != self.wait
        {
            around.origins.stop_waiting(host, self.ix, tried);
        }
        // Who was let through tells what it finds only on its way to a worker.
        let on_its_way = phase == Phase::Starting || wait == Wait::Line;
        if !on_its_way && let Some(host) = self.tries_host.take() {
            around.origins.not_probing(host, self.ix);
        }
        if self.phase != phase {
            self.since = around.now;
        }
        self.phase = phase;
        self.wait = wait;
        if *self.reason != *reason {
            self.reason = reason.into();
        }
        self.save(around);
    }

    /// Has it kept, if it differs from what was kept last.
    pub(super) fn save(&mut self, around: &mut Surroundings<'_>) {
        let kept = self.kept();
        if self.saved.as_ref() != Some(&kept) {
            self.saved = Some(kept.clone());
            around.effects.push(Effect::Save { stream: self.ix, kept });
        }
    }

    pub(super) fn note(&mut self, around: &mut Surroundings<'_>, level: LineLevel, text: Arc<str>) {
        self.last_message = Arc::clone(&text);
        self.last_message_at = around.now;
        around.effects.push(Effect::Note { stream: self.ix, level, text });
    }
}
