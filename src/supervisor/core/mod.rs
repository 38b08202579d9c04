//! The pure state machine: all policy, and nothing that touches the world.
//!
//! Time and events come in, effects come out. There is no clock, no process, no file and no thread
//! in here, and every random number comes from the seed: so the same inputs give the same effects,
//! on any machine, a thousand times faster than life.

mod backoff;
mod event;
mod pacing;
mod reason;
mod stream;
mod watch;
mod worker;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub use event::{Effect, Generation, Input, Kept, Purpose, Restored, Signal, WorkerEnd, WorkerEvent};
pub use reason::words;

use crate::config::Policy;
use crate::model::{
    Action, Command, Moment, Notice, Phase, PoolReading, Row, Selection, StreamId, StreamIx, StreamSpec,
    Wanted,
};
use pacing::StartBudget;
use stream::{Stream, Surroundings};

/// A stream is never looked at again sooner than this: should one of them ever ask for a time that
/// is past, it costs a little, and does not keep the others waiting for ever.
const NEXT_LOOK: Duration = Duration::from_millis(1);

/// Decides for all streams.
pub struct Supervisor {
    policy: Policy,
    /// What limits allow; the pool is never larger.
    most_slots: u32,
    streams: Vec<Stream>,
    /// By id, for commands; sorted.
    by_id: BTreeMap<StreamId, StreamIx>,
    /// Who waits, by the number drawn: the first was first.
    queue: BTreeMap<u64, StreamIx>,
    /// The next number, and the one each stream has drawn: to leave the queue without a search,
    /// so that stopping ten thousand that wait is no quadratic affair.
    next_turn: u64,
    turn_of: Vec<Option<u64>>,
    budget: StartBudget,
    busy: u32,
    starting: u32,
    /// One entry a stream at most: when to look at it next. May be earlier than needed, never later.
    timers: BTreeSet<(Moment, StreamIx)>,
    timer_of: Vec<Option<Moment>>,
    random: fastrand::Rng,
    leaving: bool,
    /// Streams whose rows differ from what was last drained in more than figures.
    changed: BTreeSet<StreamIx>,
    /// Streams of which only figures changed.
    moved: BTreeSet<StreamIx>,
    shown_pool: PoolReading,
}

/// What changed since it was last asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// Rows that differ.
    pub rows: Vec<Row>,
    /// The pool, if it differs.
    pub pool: Option<PoolReading>,
    /// All of the supervisor's own notices, if one came, changed or went.
    pub notices: Option<Vec<Notice>>,
}

impl Supervisor {
    /// A supervisor without streams. `most_slots`: what the machine's limits allow.
    #[must_use]
    pub fn new(policy: Policy, most_slots: u32, seed: u64) -> Self {
        Self {
            budget: StartBudget::new(policy.starts_per_second, Moment::ZERO),
            policy,
            most_slots: most_slots.max(1),
            streams: Vec::new(),
            by_id: BTreeMap::new(),
            queue: BTreeMap::new(),
            next_turn: 0,
            turn_of: Vec::new(),
            busy: 0,
            starting: 0,
            timers: BTreeSet::new(),
            timer_of: Vec::new(),
            random: fastrand::Rng::with_seed(seed),
            leaving: false,
            changed: BTreeSet::new(),
            moved: BTreeSet::new(),
            shown_pool: PoolReading::default(),
        }
    }

    /// Adds a stream and brings it to what is wanted of it: by `restored`, else by its description.
    /// An id that is there already is refused with its number.
    ///
    /// # Errors
    /// The number of the stream that has this id.
    pub fn add(
        &mut self,
        now: Moment,
        spec: StreamSpec,
        restored: Option<Restored>,
        effects: &mut Vec<Effect>,
    ) -> Result<StreamIx, StreamIx> {
        if let Some(taken) = self.by_id.get(&spec.id) {
            return Err(*taken);
        }
        // More streams than fit in 32 bits can't be described in any configuration.
        let ix = StreamIx(u32::try_from(self.streams.len()).unwrap_or(u32::MAX));
        self.by_id.insert(spec.id.clone(), ix);
        self.streams.push(Stream::new(ix, spec, restored, now));
        self.timer_of.push(None);
        self.turn_of.push(None);
        self.changed.insert(ix);
        if !self.leaving {
            self.with_stream(now, ix, effects, Stream::begin);
        }
        self.dispatch(now, effects);
        Ok(ix)
    }

    /// Takes one input in. Effects are appended to `effects` in the order they are to be done.
    pub fn handle(&mut self, now: Moment, input: Input, effects: &mut Vec<Effect>) {
        match input {
            Input::Worker { stream, generation, event } => {
                self.with_stream(now, stream, effects, |stream, around| {
                    stream.worker_event(around, generation, event);
                });
            }
            Input::Command(command) => {
                self.command(now, &command, effects);
            }
            Input::Readings { .. } | Input::Wall(_) => {}
            Input::Tick => self.tick(now, effects),
            Input::Shutdown => {
                self.leaving = true;
                self.each(now, effects, Stream::leave);
            }
            Input::Hurry => self.each(now, effects, Stream::hurry),
        }
        self.dispatch(now, effects);
    }

    /// Carries a command out; says how many streams it changed something for.
    pub fn command(&mut self, now: Moment, command: &Command, effects: &mut Vec<Effect>) -> usize {
        if self.leaving {
            return 0;
        }
        let Command::Streams { action, target } = command else { return 0 };
        let action = *action;
        let mut targets: Vec<StreamIx> = match target {
            Selection::All => self.by_id.values().copied().collect(),
            Selection::Ids(ids) => {
                let known: BTreeSet<_> = ids.iter().filter_map(|id| self.by_id.get(id).copied()).collect();
                known.into_iter().collect()
            }
        };
        // In the order of the configuration, so that what is first there starts first.
        targets.sort_unstable();
        let everyone = *target == Selection::All;
        let mut touched = 0;
        for ix in targets {
            let mut changed = false;
            self.with_stream(now, ix, effects, |stream, around| {
                changed = match action {
                    // Who restarts everything does not mean what was stopped on purpose.
                    Action::Restart if everyone && stream.wanted == Wanted::Stopped => false,
                    Action::Start => stream.start(around),
                    Action::Stop => stream.stop(around),
                    Action::Restart => stream.restart(around),
                    Action::Look => false,
                };
            });
            touched += usize::from(changed);
        }
        self.dispatch(now, effects);
        touched
    }

    /// When [`Input::Tick`] is due, if nothing else comes before. It may be that nothing happens then.
    #[must_use]
    pub fn next_deadline(&self, now: Moment) -> Option<Moment> {
        let timer = self.timers.first().map(|(at, _)| *at);
        let start = (!self.queue.is_empty() && self.has_room()).then(|| self.budget.next(now));
        timer.into_iter().chain(start).min()
    }

    /// Rows that changed since they were last drained; with `figures` also those of which only
    /// figures did.
    pub fn drain_changes(&mut self, figures: bool) -> Changes {
        let mut ixs = std::mem::take(&mut self.changed);
        if figures {
            ixs.append(&mut self.moved);
        } else {
            for ix in &ixs {
                self.moved.remove(ix);
            }
        }
        let pool = self.pool();
        let pool_changed = pool != self.shown_pool;
        self.shown_pool = pool;
        Changes {
            rows: ixs.iter().filter_map(|ix| self.streams.get(ix.index())).map(Stream::row).collect(),
            pool: pool_changed.then_some(pool),
            notices: None,
        }
    }

    /// Whether [`Supervisor::drain_changes`] without figures would have something.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        !self.changed.is_empty() || self.pool() != self.shown_pool
    }

    /// The pool as it is now.
    #[must_use]
    pub fn pool(&self) -> PoolReading {
        PoolReading {
            slots: self.slots(),
            busy: self.busy,
            queued: u32::try_from(self.queue.len()).unwrap_or(u32::MAX),
            starting: self.starting,
            start_parallel: self.policy.start_parallel.max(1),
            ..PoolReading::default()
        }
    }

    /// Workers that still run or are being started.
    #[must_use]
    pub const fn workers_left(&self) -> u32 {
        self.busy
    }

    /// Whether it was told to leave and no worker is left.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.leaving && self.busy == 0
    }

    /// A stream's description.
    #[must_use]
    pub fn spec(&self, ix: StreamIx) -> Option<&std::sync::Arc<StreamSpec>> {
        self.streams.get(ix.index()).map(Stream::spec)
    }

    /// What is wanted of each stream, for the store's first export.
    pub fn kept(&self) -> impl Iterator<Item = (&StreamId, Kept)> {
        self.streams.iter().map(|stream| (&stream.spec().id, stream.kept()))
    }

    fn slots(&self) -> u32 {
        let streams = u32::try_from(self.streams.len()).unwrap_or(u32::MAX);
        self.policy.slots.unwrap_or(streams).clamp(1, self.most_slots)
    }

    fn has_room(&self) -> bool {
        !self.leaving && self.busy < self.slots() && self.starting < self.policy.start_parallel.max(1)
    }

    /// Gives slots to those who wait, as far as slots, pace and parallel starts allow.
    fn dispatch(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        while self.has_room() && !self.queue.is_empty() && self.budget.take(now) {
            let Some((_, ix)) = self.queue.pop_first() else { break };
            self.with_stream(now, ix, effects, Stream::give_slot);
        }
    }

    fn tick(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        while let Some(&(at, ix)) = self.timers.first() {
            if at > now {
                break;
            }
            self.timers.pop_first();
            if let Some(timer) = self.timer_of.get_mut(ix.index()) {
                *timer = None;
            }
            self.with_stream(now, ix, effects, Stream::tick);
        }
    }

    fn each(
        &mut self,
        now: Moment,
        effects: &mut Vec<Effect>,
        mut act: impl FnMut(&mut Stream, &mut Surroundings<'_>),
    ) {
        for ix in 0..self.streams.len() {
            // Streams are numbered by their place in this list, which fits: see `add`.
            let ix = StreamIx(u32::try_from(ix).unwrap_or(u32::MAX));
            self.with_stream(now, ix, effects, &mut act);
        }
    }

    /// Lets something happen to a stream, and keeps what streams share in step: the queue, the
    /// counts, the timers, the list of changed rows.
    fn with_stream(
        &mut self,
        now: Moment,
        ix: StreamIx,
        effects: &mut Vec<Effect>,
        act: impl FnOnce(&mut Stream, &mut Surroundings<'_>),
    ) {
        let Some(stream) = self.streams.get_mut(ix.index()) else { return };
        let (before, shown, numbers) = (stream.phase(), stream.shown(), stream.numbers());
        let mut around = Surroundings { now, policy: &self.policy, random: &mut self.random, effects };
        act(stream, &mut around);
        let after = stream.phase();
        // Most events only find that the worker has moved on.
        if stream.refresh_conditions(now) || stream.shown() != shown {
            self.changed.insert(ix);
        } else if stream.numbers() != numbers {
            self.moved.insert(ix);
        }
        let deadline = stream.next_deadline(now, &self.policy);
        self.busy = self.busy + u32::from(after.holds_slot()) - u32::from(before.holds_slot());
        let is_starting = |phase| u32::from(phase == Phase::Starting);
        self.starting = self.starting + is_starting(after) - is_starting(before);
        self.set_turn(ix, after == Phase::Queued);
        self.set_timer(ix, deadline.map(|at| at.max(now + NEXT_LOOK)));
    }

    /// Whoever is in phase `queued` is in the queue, once, and nobody else is.
    fn set_turn(&mut self, ix: StreamIx, waits: bool) {
        let Some(turn) = self.turn_of.get_mut(ix.index()) else { return };
        match (*turn, waits) {
            (None, true) => {
                *turn = Some(self.next_turn);
                self.queue.insert(self.next_turn, ix);
                self.next_turn += 1;
            }
            (Some(drawn), false) => {
                *turn = None;
                self.queue.remove(&drawn);
            }
            _ => {}
        }
    }

    /// A timer is only ever moved to an earlier time: one that comes too early finds nothing to do
    /// and is set anew, which is cheaper than moving it with every progress block.
    fn set_timer(&mut self, ix: StreamIx, deadline: Option<Moment>) {
        let (Some(at), Some(timer)) = (deadline, self.timer_of.get_mut(ix.index())) else { return };
        if timer.is_some_and(|set| set <= at) {
            return;
        }
        if let Some(set) = timer.replace(at) {
            self.timers.remove(&(set, ix));
        }
        self.timers.insert((at, ix));
    }
}
