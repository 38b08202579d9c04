//! Another configuration while everything runs: only what really changed is touched.
//!
//! A stream keeps its number, whatever becomes of it: one that is removed and comes back is the same
//! one, with what operators wanted of it and noted about it.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::config::{Key, Policy, changed_keys, key_words, replacing_keys};
use crate::model::{Moment, Phase, StreamId, StreamIx, StreamSpec, Wanted, WatchKind, clean, mask_secrets};

use super::air::Air;
use super::event::{Effect, Restored};
use super::process::Then;
use super::stream::{Presence, Stream, Surroundings, Wait};
use super::{Demand, Supervisor};

/// Different streams in one run, those included that were removed.
pub const MAX_KNOWN: usize = 40_000;

/// What to go over to.
#[derive(Debug, Clone, PartialEq)]
pub struct Reconfiguration {
    /// All streams, each id once; with what is known of such as were never here in this run.
    pub streams: Vec<(StreamSpec, Option<Restored>)>,
    /// The settings.
    pub policy: Policy,
}

/// What that came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reconfigured {
    /// Streams that are new, or are back.
    pub added: Vec<(StreamIx, StreamId)>,
    /// Streams that are there no more. Their rows go when their workers have ended.
    pub removed: Vec<StreamId>,
    /// Streams that are described otherwise.
    pub changed: Vec<Changed>,
    /// All others.
    pub unchanged: usize,
}

/// How one stream changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Which.
    pub id: StreamId,
    /// What is different.
    pub keys: Vec<Key>,
    /// Why its worker was asked to end, to be followed by another; empty: it goes on, or has none.
    pub replaced_for: Vec<Key>,
}

impl Supervisor {
    /// Goes over to another configuration. What did not change is not touched; what operators wanted
    /// of a stream and noted about it stays. New workers are started as always: at the pace of the
    /// settings, and after the old ones have ended.
    ///
    /// # Errors
    /// Nothing is changed when headend is leaving, or has known more than [`MAX_KNOWN`] streams.
    pub fn reconfigure(
        &mut self,
        now: Moment,
        next: Reconfiguration,
        effects: &mut Vec<Effect>,
    ) -> Result<Reconfigured, String> {
        if self.leaving {
            return Err("headend is leaving".to_owned());
        }
        let ids: BTreeSet<StreamId> = next.streams.iter().map(|(spec, _)| spec.id.clone()).collect();
        let known = |id: &&StreamId| self.by_id.contains_key(*id) || self.gone.contains_key(*id);
        let new = ids.iter().filter(|id| !known(id)).count();
        if self.streams.len() + new > MAX_KNOWN {
            return Err(format!(
                "more than {MAX_KNOWN} different streams in one run: restart headend to go on"
            ));
        }
        let mut done = Reconfigured::default();
        self.take_policy(now, next.policy, effects);
        let removed: Vec<(StreamId, StreamIx)> = self
            .by_id
            .iter()
            .filter(|(id, _)| !ids.contains(*id))
            .map(|(id, ix)| (id.clone(), *ix))
            .collect();
        for (id, ix) in removed {
            self.by_id.remove(&id);
            self.gone.insert(id.clone(), ix);
            self.with_stream(now, ix, effects, Stream::go);
            done.removed.push(id);
        }
        let mut new = Vec::new();
        for (spec, restored) in next.streams {
            if let Some(ix) = self.by_id.get(&spec.id).copied() {
                self.describe(now, ix, spec, &mut done, effects);
                continue;
            }
            let id = spec.id.clone();
            if let Some(ix) = self.come_back(now, &spec, effects) {
                done.added.push((ix, id));
            } else if let Ok(ix) = self.insert(now, spec, restored) {
                done.added.push((ix, id));
                new.push(ix);
            }
        }
        self.begin_all(now, &new, effects);
        self.count_demand();
        // Those without a worker are gone by then, and have no hosts any more.
        self.follow_up(now, effects);
        self.forget_hosts();
        self.dispatch(now, effects);
        Ok(done)
    }

    fn describe(
        &mut self,
        now: Moment,
        ix: StreamIx,
        spec: StreamSpec,
        done: &mut Reconfigured,
        effects: &mut Vec<Effect>,
    ) {
        let Some(old) = self.spec(ix).map(Arc::clone) else { return };
        let keys = changed_keys(&old, &spec);
        if keys.is_empty() {
            done.unchanged += 1;
            return;
        }
        if keys.contains(&Key::Priority) {
            // Its place was another one; it is given a new one below.
            self.returning.remove(&(Reverse(old.priority), ix));
            self.line.set(now, ix, None, old.priority);
        }
        let id = spec.id.clone();
        let mut replaced_for = Vec::new();
        self.with_stream(now, ix, effects, |stream, around| {
            replaced_for = stream.describe(around, spec, &keys);
        });
        self.changed.insert(ix);
        done.changed.push(Changed { id, keys, replaced_for });
    }

    /// One that was removed, and whose last worker is still ending, is wanted again.
    fn come_back(&mut self, now: Moment, spec: &StreamSpec, effects: &mut Vec<Effect>) -> Option<StreamIx> {
        let ix = self.gone.get(&spec.id).copied()?;
        self.stream(ix).filter(|stream| stream.presence == Presence::Going)?;
        self.gone.remove(&spec.id);
        self.by_id.insert(spec.id.clone(), ix);
        self.with_stream(now, ix, effects, |stream, around| stream.come_back(around, spec.clone()));
        self.changed.insert(ix);
        Some(ix)
    }

    /// The last worker of a removed stream has ended: its row goes, and what is known of it but for
    /// what it is to have when it comes back.
    pub(super) fn bury(&mut self, now: Moment, ix: StreamIx) {
        let Some(stream) = self.streams.get_mut(ix.index()).filter(|stream| stream.is_through()) else {
            return;
        };
        self.counted.remove(stream);
        stream.bury(now, &mut self.origins);
        self.line.set(now, ix, None, 0);
        if let Some(at) = self.timer_of.get_mut(ix.index()).and_then(Option::take) {
            self.timers.remove(&(at, ix));
        }
        self.changed.remove(ix);
        self.moved.remove(ix);
        self.removed.insert(ix);
    }

    /// One of those that were here before, with its number, as it was left.
    pub(super) fn revive(&mut self, now: Moment, ix: StreamIx, spec: StreamSpec) {
        let Some(stream) = self.streams.get_mut(ix.index()) else { return };
        stream.revive(now, spec, &mut self.origins);
        self.counted.add(stream);
        if let Some(since) = stream.unseen_since() {
            self.unseen.insert((since, ix));
        }
        self.removed.remove(&ix);
        self.changed.insert(ix);
    }

    fn take_policy(&mut self, now: Moment, mut policy: Policy, effects: &mut Vec<Effect>) {
        let configured = std::mem::replace(&mut self.configured_slots, policy.slots);
        if configured == policy.slots {
            // Whatever an operator has made of it stays.
            policy.slots = self.policy.slots;
        }
        self.budget.set_rate(policy.starts_per_second, now);
        self.start_limit.set_most(policy.start_parallel);
        let old = std::mem::replace(&mut self.policy, policy);
        if old.guard != self.policy.guard {
            let changed = self.guard.settings_changed(&self.policy.guard);
            self.guard_was_read(now, changed, effects);
        }
        if self.policy.rollout.is_none() && self.rolling.is_some() {
            self.each(now, effects, |stream, around| _ = stream.hold_back(around, false));
        }
    }

    fn count_demand(&mut self) {
        let mut demand = Demand::default();
        for stream in self.streams.iter().filter(|stream| stream.presence == Presence::Here) {
            demand.add(stream.spec.mode, stream.spec.inputs.len());
        }
        self.demand = demand;
    }

    /// Hosts that nobody has an input on any more are no longer known, or years of edits would add up.
    fn forget_hosts(&mut self) {
        let used = self.streams.iter().flat_map(Stream::hosts).collect();
        self.origins.keep_only(&used);
    }
}

impl Stream {
    /// Whether it was removed and its last worker has ended.
    #[must_use]
    pub fn is_through(&self) -> bool {
        self.presence == Presence::Going && self.slots_held() == 0
    }

    /// The hosts it has to do with.
    fn hosts(&self) -> impl Iterator<Item = super::origins::HostIx> {
        let waits = if let Wait::Origin(host, _) = self.wait { Some(host) } else { None };
        self.inputs.hosts().chain(self.at_host).chain(self.tries_host).chain(waits)
    }

    /// It is not in the configuration any more.
    pub fn go(&mut self, around: &mut Surroundings<'_>) {
        self.presence = Presence::Going;
        self.rest(around, "removed from the configuration");
        let (ix, at) = (self.ix, self.at_host);
        for host in self.inputs.hosts().filter(|host| Some(*host) != at) {
            around.origins.forget(host, ix);
        }
    }

    /// It is in the configuration again, before its last worker has ended.
    pub fn come_back(&mut self, around: &mut Surroundings<'_>, spec: StreamSpec) {
        self.presence = Presence::Here;
        self.take_description(around, spec);
        self.air = Air::of(&self.spec, around.now, around.wall);
        self.fresh_start();
        if self.wanted == Wanted::Stopped {
            self.end_worker(around, Then::Rest(Wait::Nothing), "stopped by the operator");
        } else if self.worker.is_some() {
            self.end_worker(around, Then::StartAnew, "ends its old worker, then starts");
        } else {
            self.queue(around, "waits for its turn to start");
        }
    }

    /// Nothing is left but what it is to have when it comes back.
    fn bury(&mut self, now: Moment, origins: &mut super::origins::Origins) {
        let spec = StreamSpec {
            name: "".into(),
            group: "".into(),
            tags: Vec::new(),
            inputs: Vec::new(),
            args: Vec::new(),
            input_args: Vec::new(),
            protocols: Vec::new(),
            watch: WatchKind::Always,
            on_air: None,
            maintenance: None,
            ..StreamSpec::clone(&self.spec)
        };
        self.replace_with(now, spec, origins);
        self.presence = Presence::Gone;
    }

    fn revive(&mut self, now: Moment, spec: StreamSpec, origins: &mut super::origins::Origins) {
        self.replace_with(now, spec, origins);
    }

    fn replace_with(&mut self, now: Moment, spec: StreamSpec, origins: &mut super::origins::Origins) {
        let kept = self.kept();
        let restored =
            Restored { wanted: kept.wanted, restarts: kept.restarts, changed: kept.since, cared: kept.cared };
        // Its workers go on being counted: what an old one still has to say must not be taken for a
        // new one's.
        let generation = self.generation;
        *self = Self { generation, ..Self::new(self.ix, spec, Some(restored), now, origins) };
    }

    /// It is described otherwise: takes that over, and says why its worker is replaced, if it is.
    fn describe(&mut self, around: &mut Surroundings<'_>, spec: StreamSpec, keys: &[Key]) -> Vec<Key> {
        let replacing = replacing_keys(&self.spec, &spec, self.inputs.current());
        let other_primary = self.spec.inputs.first() != spec.inputs.first();
        self.take_description(around, spec);
        if keys.contains(&Key::Watch) {
            self.watch_kind_changed(around);
        }
        if keys.iter().any(|key| matches!(key, Key::OnAir | Key::Maintenance)) {
            self.refresh_air(around);
        }
        if other_primary || keys.contains(&Key::Fallback) {
            // What it is probed for, and how, is another matter now.
            self.end_probe(around);
            if self.phase == Phase::Live && !self.rotates() {
                self.plan_probe(around.now);
            }
        }
        if self.worker.is_none() {
            if keys.iter().any(|key| key.may_mend()) {
                self.try_anew(around);
            }
            return Vec::new();
        }
        if replacing.is_empty() || self.wanted == Wanted::Stopped {
            return Vec::new();
        }
        self.failures.forget();
        self.inputs.forget();
        self.end_probe(around);
        let why = format!("its configuration changed: {}", key_words(&replacing));
        self.end_worker(around, Then::StartAnew, &why);
        self.save(around);
        replacing
    }

    fn take_description(&mut self, around: &mut Surroundings<'_>, spec: StreamSpec) {
        let before: Vec<_> = self.inputs.hosts().collect();
        self.inputs = self.inputs.carried_over(&self.spec, &spec, around.origins);
        for host in before {
            if !self.inputs.is_on(host) && self.at_host != Some(host) {
                around.origins.forget(host, self.ix);
            }
        }
        if let Some(host) = self.tries_host.take_if(|host| !self.inputs.is_on(*host)) {
            around.origins.not_probing(host, self.ix);
        }
        self.shown_tags = spec.tags.iter().cloned().collect();
        self.shown_inputs = spec.inputs.iter().map(|url| clean(&mask_secrets(url)).into()).collect();
        self.spec = Arc::new(spec);
    }

    /// It waits for its next try, or for a host: what was changed may have mended it.
    fn try_anew(&mut self, around: &mut Surroundings<'_>) {
        self.failures.forget();
        self.inputs.forget();
        if !matches!(self.wait, Wait::Retry(_) | Wait::Origin(..)) {
            return;
        }
        let choice = self.inputs.choose(around.now, around.policy, around.origins);
        self.inputs.take(choice.input);
        match (choice.closed, self.wait) {
            (Some(host), Wait::Origin(waits_for, _)) if host == waits_for => {}
            (Some(host), _) => self.wait_for_origin(around, host),
            (None, _) => self.queue(around, "its configuration changed"),
        }
    }

    /// From now on it keeps its slot, or takes turns.
    fn watch_kind_changed(&mut self, around: &mut Surroundings<'_>) {
        if self.rotates() {
            self.end_probe(around);
            if matches!(self.phase, Phase::Live | Phase::Stalled) {
                self.begin_turn(around.now);
            }
            return;
        }
        self.turns = super::turns::Turns::new(around.now);
        if let Some(stop) = self.worker.as_mut().and_then(|worker| worker.stop.as_mut())
            && stop.then == Then::Rest(Wait::Line)
        {
            stop.then = Then::StartAnew;
        }
        if self.phase == Phase::Resting && self.wait == Wait::Line {
            self.queue(around, "waits for its turn to start");
        } else if self.phase == Phase::Live {
            self.plan_probe(around.now);
        }
    }
}
