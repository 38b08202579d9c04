//! The pure state machine: all policy, and nothing that touches the world.
//!
//! Time and events come in, effects come out. There is no clock, no process, no file and no thread
//! in here, and every random number comes from the seed: so the same inputs give the same effects,
//! on any machine, a thousand times faster than life.

mod air;
mod backoff;
mod care;
mod changes;
mod commands;
mod detail;
mod dispatch;
mod event;
mod failed;
mod guard;
mod inputs;
mod line;
mod marks;
mod notices;
mod orders;
mod origins;
mod pacing;
mod probe;
mod process;
mod reason;
mod reconfigure;
mod rollout;
mod row;
mod shared;
mod slots;
mod stream;
mod turns;
mod watch;
mod worker;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

pub use care::Cared;
pub use changes::Changes;
pub use event::{Effect, Generation, Input, Kept, Purpose, Restored, Signal, WorkerEnd, WorkerEvent};
pub use reason::words;
pub use reconfigure::{Changed, MAX_KNOWN, Reconfiguration, Reconfigured};

use crate::config::Policy;
use crate::model::{Moment, Notice, PoolReading, StreamId, StreamIx, StreamSpec, Wanted};
use air::WallClock;
use guard::HostGuard;
use line::Line;
use marks::Marks;
use origins::Origins;
use pacing::{StartBudget, StartLimit};
use rollout::Rolling;
use shared::{Counted, DiskFull, Shedding};
use slots::{AutoSize, Demand};
use stream::{Concern, Presence, Stream, Surroundings};

/// A stream is never looked at again sooner than this: should one of them ever ask for a time that
/// is past, it costs a little, and does not keep the others waiting for ever.
const NEXT_LOOK: Duration = Duration::from_millis(1);

/// Decides for all streams.
pub struct Supervisor {
    policy: Policy,
    /// What the configuration says about the pool's size; an operator may have said otherwise since.
    configured_slots: Option<u32>,
    /// What limits allow; the pool is never larger.
    most_slots: u32,
    streams: Vec<Stream>,
    /// By id, for commands; sorted.
    by_id: BTreeMap<StreamId, StreamIx>,
    /// Those that the configuration does not have any more: their numbers stay theirs.
    gone: BTreeMap<StreamId, StreamIx>,
    /// Who waits for a slot.
    line: Line,
    budget: StartBudget,
    start_limit: StartLimit,
    demand: Demand,
    auto: AutoSize,
    /// Sums over all streams, kept in step with each change of one.
    counted: Counted,
    /// Rotating streams with a turn, by when it ends.
    turns: BTreeSet<(Moment, StreamIx)>,
    /// Rotating streams that nobody looks at, by since when.
    unseen: BTreeSet<(Moment, StreamIx)>,
    origins: Origins,
    guard: HostGuard,
    shedding: Shedding,
    disk_full: DiskFull,
    rolling: Option<Rolling>,
    wall: Option<WallClock>,
    /// What keeps every stream from starting.
    hold: Option<Arc<str>>,
    /// Who waits in the line and was live before, the most important first: while the host is busy
    /// only these may start, one at a time.
    returning: BTreeSet<(Reverse<u8>, StreamIx)>,
    /// When the next of them may.
    trickle_at: Moment,
    /// The last turn that began was an urgent one.
    jumped: bool,
    /// What makes up `hold` may have changed.
    hold_is_stale: bool,
    /// Since when there are too few slots for those that want to keep one.
    short_since: Option<Moment>,
    /// One entry a stream at most: when to look at it next. May be earlier than needed, never later.
    timers: BTreeSet<(Moment, StreamIx)>,
    timer_of: Vec<Option<Moment>>,
    random: fastrand::Rng,
    leaving: bool,
    concerns: Vec<Concern>,
    /// Streams whose rows differ from what was last drained in more than figures.
    changed: Marks,
    /// Streams of which only figures changed.
    moved: Marks,
    /// Streams whose rows are to go from the board.
    removed: BTreeSet<StreamIx>,
    shown_pool: PoolReading,
    shown_notices: Vec<Notice>,
}

impl Supervisor {
    /// A supervisor without streams. `most_slots`: what the machine's limits allow.
    #[must_use]
    pub fn new(policy: Policy, most_slots: u32, seed: u64) -> Self {
        Self {
            budget: StartBudget::new(policy.starts_per_second, Moment::ZERO),
            start_limit: StartLimit::new(policy.start_parallel),
            configured_slots: policy.slots,
            policy,
            most_slots: most_slots.max(1),
            streams: Vec::new(),
            by_id: BTreeMap::new(),
            gone: BTreeMap::new(),
            line: Line::default(),
            demand: Demand::default(),
            auto: AutoSize::default(),
            counted: Counted::default(),
            turns: BTreeSet::new(),
            unseen: BTreeSet::new(),
            origins: Origins::default(),
            guard: HostGuard::default(),
            shedding: Shedding::default(),
            disk_full: DiskFull::default(),
            rolling: None,
            wall: None,
            hold: None,
            returning: BTreeSet::new(),
            trickle_at: Moment::ZERO,
            jumped: false,
            hold_is_stale: false,
            short_since: None,
            timers: BTreeSet::new(),
            timer_of: Vec::new(),
            random: fastrand::Rng::with_seed(seed),
            leaving: false,
            concerns: Vec::new(),
            changed: Marks::default(),
            moved: Marks::default(),
            removed: BTreeSet::new(),
            shown_pool: PoolReading::default(),
            shown_notices: Vec::new(),
        }
    }

    /// Adds a stream and brings it to what is wanted of it: by `restored`, else by its description.
    ///
    /// # Errors
    /// An id that is there already is refused: the number of the stream that has it.
    pub fn add(
        &mut self,
        now: Moment,
        spec: StreamSpec,
        restored: Option<Restored>,
        effects: &mut Vec<Effect>,
    ) -> Result<StreamIx, StreamIx> {
        let ix = self.insert(now, spec, restored)?;
        if !self.leaving {
            self.with_stream(now, ix, effects, Stream::begin);
        }
        self.dispatch(now, effects);
        Ok(ix)
    }

    /// Adds a set of streams together: a large one is rolled out step by step, where the
    /// configuration says so. Tells for each what [`Supervisor::add`] tells.
    pub fn add_all(
        &mut self,
        now: Moment,
        streams: Vec<(StreamSpec, Option<Restored>)>,
        effects: &mut Vec<Effect>,
    ) -> Vec<Result<StreamIx, StreamIx>> {
        let added: Vec<_> =
            streams.into_iter().map(|(spec, restored)| self.insert(now, spec, restored)).collect();
        let new: Vec<StreamIx> = added.iter().filter_map(|one| one.as_ref().ok().copied()).collect();
        self.begin_all(now, &new, effects);
        self.dispatch(now, effects);
        added
    }

    fn begin_all(&mut self, now: Moment, new: &[StreamIx], effects: &mut Vec<Effect>) {
        if self.leaving {
            return;
        }
        let wanted = |ix: &StreamIx| self.stream(*ix).is_some_and(|s| s.wanted == Wanted::Started);
        let starting = new.iter().copied().filter(wanted).collect();
        match &mut self.rolling {
            None => self.roll_out(now, starting, effects),
            Some(rolling) => {
                for ix in rolling.join(starting) {
                    self.with_stream(now, ix, effects, |stream, around| _ = stream.hold_back(around, true));
                }
            }
        }
        for ix in new {
            self.with_stream(now, *ix, effects, Stream::begin);
        }
    }

    fn insert(
        &mut self,
        now: Moment,
        spec: StreamSpec,
        restored: Option<Restored>,
    ) -> Result<StreamIx, StreamIx> {
        if let Some(taken) = self.by_id.get(&spec.id) {
            return Err(*taken);
        }
        self.demand.add(spec.mode, spec.inputs.len());
        if let Some(ix) = self.gone.remove(&spec.id) {
            self.by_id.insert(spec.id.clone(), ix);
            self.revive(now, ix, spec);
            return Ok(ix);
        }
        // More streams than fit in 32 bits can't be described in any configuration.
        let ix = StreamIx(u32::try_from(self.streams.len()).unwrap_or(u32::MAX));
        self.by_id.insert(spec.id.clone(), ix);
        let stream = Stream::new(ix, spec, restored, now, &mut self.origins);
        self.counted.add(&stream);
        if let Some(since) = stream.unseen_since() {
            self.unseen.insert((since, ix));
        }
        self.streams.push(stream);
        self.timer_of.push(None);
        self.line.add();
        self.changed.add();
        self.moved.add();
        self.changed.insert(ix);
        Ok(ix)
    }

    /// Takes one input in. Effects are appended to `effects` in the order they are to be done.
    pub fn handle(&mut self, now: Moment, input: Input, effects: &mut Vec<Effect>) {
        match input {
            Input::Worker { stream, generation, event } => {
                if let WorkerEvent::Sample(sample) = &event
                    && let Some(one) = self.streams.get_mut(stream.index())
                    && let Some(figures_changed) = one.take_routinely(now, generation, sample)
                {
                    if figures_changed {
                        self.moved.insert(stream);
                    }
                    return;
                }
                self.with_stream(now, stream, effects, |stream, around| {
                    stream.worker_event(around, generation, event);
                });
            }
            Input::Command(command) => {
                self.command(now, &command, effects);
            }
            Input::Readings { host, own, workers } => {
                self.auto.read(&host, workers.as_ref(), &self.demand, self.counted.busy);
                let changed = self.guard.read(now, &host, &own, &self.policy.guard);
                self.guard_was_read(now, changed, effects);
            }
            Input::Usage(measured) => {
                for (ix, generation, usage) in measured {
                    let stream = self.streams.get_mut(ix.index());
                    if stream.is_some_and(|stream| stream.take_usage(generation, usage)) {
                        self.moved.insert(ix);
                    }
                }
                // Nothing is decided by it.
                return;
            }
            Input::Wall(wall_ms) => {
                self.wall = Some(WallClock::shows(now, wall_ms));
                self.each(now, effects, Stream::wall_was_set);
            }
            Input::Tick => self.tick(now, effects),
            Input::Shutdown => {
                self.leaving = true;
                self.rolling = None;
                self.each(now, effects, Stream::leave);
            }
            Input::Hurry => self.each(now, effects, Stream::hurry),
        }
        self.dispatch(now, effects);
    }

    /// When [`Input::Tick`] is due, if nothing else comes before. It may be that nothing happens then.
    #[must_use]
    pub fn next_deadline(&self, now: Moment) -> Option<Moment> {
        let timer = self.timers.first().map(|(at, _)| *at);
        let start = self.candidate().map(|_| self.start_at(now));
        let all = [
            timer,
            start,
            self.next_turn_end(),
            self.origins.next_deadline(),
            self.guard.next_deadline(),
            self.shedding.next_deadline(now),
            self.disk_full.next_deadline(),
            self.rolling.as_ref().and_then(Rolling::next_deadline),
        ];
        all.into_iter().flatten().min()
    }

    /// Workers that still run or are being started.
    #[must_use]
    pub const fn workers_left(&self) -> u32 {
        self.counted.busy
    }

    /// Whether it was told to leave and no worker is left.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.leaving && self.counted.busy == 0
    }

    /// A stream's description.
    #[must_use]
    pub fn spec(&self, ix: StreamIx) -> Option<&Arc<StreamSpec>> {
        self.streams.get(ix.index()).map(Stream::spec)
    }

    /// What is wanted of each stream, for the store's first export.
    pub fn kept(&self) -> impl Iterator<Item = (&StreamId, Kept)> {
        let here = self.streams.iter().filter(|stream| stream.presence == Presence::Here);
        here.map(|stream| (&stream.spec().id, stream.kept()))
    }

    fn stream(&self, ix: StreamIx) -> Option<&Stream> {
        self.streams.get(ix.index())
    }

    fn slots(&self) -> u32 {
        let auto = || self.auto.slots(&self.demand, self.most_slots);
        self.policy.slots.unwrap_or_else(auto).clamp(1, self.most_slots)
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
            if let Some(next) = self.streams.get(ix.index()).and_then(|one| one.tick_is_routine(now)) {
                self.set_timer(ix, Some(next));
                continue;
            }
            self.with_stream(now, ix, effects, Stream::tick);
        }
        self.tick_shared(now, effects);
    }

    fn each(
        &mut self,
        now: Moment,
        effects: &mut Vec<Effect>,
        mut act: impl FnMut(&mut Stream, &mut Surroundings<'_>),
    ) {
        for ix in 0..self.streams.len() {
            // Streams are numbered by their place in this list, which fits: see `insert`.
            let ix = StreamIx(u32::try_from(ix).unwrap_or(u32::MAX));
            self.with_stream(now, ix, effects, &mut act);
        }
    }

    /// Lets something happen to a stream, and keeps what streams share in step: the line, the
    /// sums, the timers, the list of changed rows.
    fn with_stream(
        &mut self,
        now: Moment,
        ix: StreamIx,
        effects: &mut Vec<Effect>,
        act: impl FnOnce(&mut Stream, &mut Surroundings<'_>),
    ) {
        let here = |stream: &&mut Stream| stream.presence != Presence::Gone;
        let Some(stream) = self.streams.get_mut(ix.index()).filter(here) else { return };
        let (shown, numbers) = (stream.shown(), stream.numbers());
        let (ends, unseen) = (stream.turns.ends, stream.unseen_since());
        self.counted.remove(stream);
        let mut around = Surroundings {
            now,
            policy: &self.policy,
            random: &mut self.random,
            effects,
            origins: &mut self.origins,
            hold: self.hold.as_ref(),
            wall: self.wall,
            leaving: self.leaving,
            concerns: &mut self.concerns,
        };
        act(stream, &mut around);
        let conditions_changed = stream.refresh_conditions(now, self.guard.slows_workers_since());
        stream.settle_care(&mut around);
        if stream.is_through() {
            around.concerns.push(Concern::Gone(ix));
        }
        // Most events only find that the worker has moved on.
        if conditions_changed || stream.shown() != shown {
            self.changed.insert(ix);
        } else if stream.numbers() != numbers {
            self.moved.insert(ix);
        }
        stream.note_urgency(now);
        self.counted.add(stream);
        let deadline = stream.next_deadline(now, &self.policy);
        let (lane, priority) = (stream.lane(now), stream.spec.priority);
        move_entry(&mut self.turns, ix, ends, stream.turns.ends);
        move_entry(&mut self.unseen, ix, unseen, stream.unseen_since());
        let returning = (Reverse(priority), ix);
        if stream.returns() {
            self.returning.insert(returning);
        } else {
            self.returning.remove(&returning);
        }
        self.line.set(now, ix, lane, priority);
        self.set_timer(ix, deadline.map(|at| at.max(now + NEXT_LOOK)));
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

fn move_entry(
    set: &mut BTreeSet<(Moment, StreamIx)>,
    ix: StreamIx,
    from: Option<Moment>,
    to: Option<Moment>,
) {
    if from == to {
        return;
    }
    if let Some(from) = from {
        set.remove(&(from, ix));
    }
    if let Some(to) = to {
        set.insert((to, ix));
    }
}
