//! What must hold, whatever happens.

use std::collections::VecDeque;

use super::*;
use crate::model::{Totals, Wanted};

/// Ticks come less than this after they are due.
pub const LATENESS: Duration = Duration::from_millis(4);

/// A worker, seen from outside: from the order to start it until its end was told.
#[derive(Debug, Clone, Copy)]
struct Known {
    generation: Generation,
    born: bool,
    terms: u32,
}

/// What is known of one stream without asking the core.
#[derive(Debug, Clone, Default)]
struct Seen {
    wanted: Wanted,
    newest: Generation,
    worker: Option<Known>,
    /// No start before this, unless an operator says so.
    not_before: Moment,
    shown: Option<Row>,
}

/// Watches a core from outside.
pub struct Laws {
    policy: Policy,
    slots: u32,
    seen: Vec<Seen>,
    workers: u32,
    /// Starts within the last second.
    recent: VecDeque<Moment>,
    left: bool,
    hurried: bool,
    /// Starts there were.
    pub starts: u64,
    ticks: (i64, u32),
    pool: PoolReading,
}

impl Laws {
    pub fn new(policy: Policy, slots: u32) -> Self {
        Self {
            policy,
            slots,
            seen: Vec::new(),
            workers: 0,
            recent: VecDeque::new(),
            left: false,
            hurried: false,
            starts: 0,
            ticks: (0, 0),
            pool: PoolReading::default(),
        }
    }

    pub fn added(&mut self, wanted: Wanted) {
        self.seen.push(Seen { wanted, ..Seen::default() });
    }

    pub fn left(&mut self) {
        self.left = true;
    }

    pub fn hurried(&mut self) {
        self.hurried = true;
    }

    /// An operator gives a command, and it is taken.
    /// `everyone`: as one of all streams, where a restart does not mean those that are stopped.
    pub fn ordered(&mut self, action: Action, ix: usize, everyone: bool) {
        let seen = &mut self.seen[ix];
        if everyone && action == Action::Restart && seen.wanted == Wanted::Stopped {
            return;
        }
        let was = std::mem::replace(
            &mut seen.wanted,
            if action == Action::Stop { Wanted::Stopped } else { Wanted::Started },
        );
        // To start what is wanted already is no news to it, unless it waits for its next try.
        if action == Action::Restart
            || (action == Action::Start && (was, seen.worker.is_some()) != (Wanted::Started, true))
        {
            seen.not_before = Moment::ZERO;
        }
    }

    pub fn born(&mut self, ix: usize) {
        self.seen[ix].worker.as_mut().unwrap().born = true;
    }

    /// The end of a worker was told.
    pub fn ended(&mut self, now: Moment, ix: usize, core: &Supervisor) {
        let seen = &mut self.seen[ix];
        seen.worker = None;
        self.workers -= 1;
        let row = core.streams[ix].row();
        let (first, cap) = (self.policy.backoff_first, self.policy.backoff_cap);
        let wait = match row.phase {
            Phase::Backoff => first.saturating_mul(2_u32.saturating_pow(row.failures - 1)).min(cap),
            Phase::Broken => self.policy.broken_retry,
            // Asked to end: it may start again at once.
            _ => Duration::ZERO,
        };
        let least = wait.mul_f64(1.0 - self.policy.backoff_jitter);
        // Moments count whole milliseconds.
        seen.not_before = now + least.saturating_sub(Duration::from_millis(1));
    }

    pub fn effect(&mut self, now: Moment, effect: &Effect) {
        match *effect {
            Effect::Spawn { stream, generation, input, .. } => {
                self.spawn(now, stream.index(), generation, input);
            }
            Effect::Signal { stream, generation, signal } => {
                let worker = self.seen[stream.index()].worker.as_mut();
                let worker = worker.expect("a signal for a stream without a worker");
                assert_eq!(worker.generation, generation, "a signal for a worker that is gone");
                assert!(worker.born, "a signal for a worker whose process id is not known");
                match signal {
                    Signal::Term => worker.terms += 1,
                    Signal::Kill => assert!(worker.terms >= 2 || self.hurried, "killed without asking"),
                }
            }
            Effect::Save { stream, kept } => {
                assert_eq!(
                    kept.wanted,
                    self.seen[stream.index()].wanted,
                    "{stream:?}: the wrong wish is kept"
                );
            }
            Effect::Note { .. } => {}
        }
    }

    fn spawn(&mut self, now: Moment, ix: usize, generation: Generation, input: usize) {
        let seen = &mut self.seen[ix];
        assert!(!self.left, "stream {ix}: a start after the shutdown");
        assert_eq!(seen.wanted, Wanted::Started, "stream {ix}: a start after the stop");
        assert!(seen.worker.is_none(), "stream {ix}: a second worker");
        assert!(generation > seen.newest, "stream {ix}: an old generation");
        assert!(now >= seen.not_before, "stream {ix}: started at {now:?}, before {:?}", seen.not_before);
        assert!(input < 2, "stream {ix}: no such input");
        seen.newest = generation;
        seen.worker = Some(Known { generation, born: false, terms: 0 });
        self.workers += 1;
        assert!(self.workers <= self.slots, "{} workers in {} slots", self.workers, self.slots);
        self.starts += 1;
        self.recent.push_back(now);
        while self.recent.front().is_some_and(|at| now.since(*at) >= Duration::from_secs(1)) {
            self.recent.pop_front();
        }
        // A full bucket, and what flows in during a second.
        let most = 2 * self.policy.starts_per_second as usize;
        assert!(self.recent.len() <= most, "{} starts within a second", self.recent.len());
    }

    /// Right after a tick at `now`.
    pub fn ticked(&mut self, now: Moment, core: &Supervisor) {
        let next = core.next_deadline(now);
        assert!(next.is_none_or(|at| at > now), "a tick at {now:?} leaves a deadline at {next:?}");
        let second = now.millis() / 1_000;
        if self.ticks.0 != second {
            self.ticks = (second, 0);
        }
        self.ticks.1 += 1;
        let most = 3 * self.seen.len() + 4 * self.policy.starts_per_second as usize;
        assert!(self.ticks.1 as usize <= most, "{} ticks within a second", self.ticks.1);
    }

    /// After each step: what can be seen without looking at every stream.
    pub fn glance(&self, core: &Supervisor) {
        let pool = core.pool();
        assert_eq!(pool.busy, self.workers, "busy slots and workers differ");
        assert_eq!(core.workers_left(), self.workers);
        assert!(pool.busy <= pool.slots && pool.slots == self.slots);
        assert!(pool.starting <= pool.start_parallel && pool.starting <= pool.busy);
        assert_eq!(core.is_done(), self.left && self.workers == 0);
    }

    /// Now and then: every stream. Takes what changed off the core.
    pub fn look(&mut self, now: Moment, core: &mut Supervisor) {
        self.take_changes(core, true);
        assert!(!core.has_changes());
        assert_eq!(core.pool(), self.pool, "the pool that is shown");
        let mut counts = Totals::default();
        for (ix, seen) in self.seen.iter().enumerate() {
            let stream = &core.streams[ix];
            let row = stream.row();
            counts.phase[row.phase as usize] += 1;
            assert_eq!(seen.shown.as_ref(), Some(&row), "stream {ix}: a row that changed was not told");
            assert_eq!((row.wanted, stream.kept().wanted), (seen.wanted, seen.wanted), "stream {ix}");
            assert_eq!(row.phase.holds_slot(), seen.worker.is_some(), "stream {ix} {:?}", row.phase);
            let cared_for = match row.phase {
                Phase::Stopped => self.left || seen.wanted == Wanted::Stopped,
                Phase::Queued => {
                    core.turn_of[ix].is_some_and(|turn| core.queue.get(&turn) == Some(&stream.ix))
                }
                // The tick may be a little late.
                Phase::Backoff | Phase::Broken => row.next.is_some_and(|at| at + LATENESS > now),
                Phase::Starting | Phase::Live | Phase::Stalled => seen.wanted == Wanted::Started,
                Phase::Stopping => true,
                Phase::Held | Phase::Resting => false,
            };
            assert!(cared_for, "stream {ix} is forgotten in {:?}", row.phase);
            assert_eq!(row.phase == Phase::Queued, core.turn_of[ix].is_some(), "stream {ix}");
            // A timer may come too early, but never too late; and only a birth is waited for without one.
            let deadline = stream.next_deadline(now, &core.policy);
            let timer = core.timer_of[ix];
            assert!(
                deadline.is_none_or(|at| timer.is_some_and(|set| set <= at)),
                "stream {ix}: a timer is lost"
            );
            assert!(timer.is_none_or(|set| core.timers.contains(&(set, stream.ix))));
            let born = seen.worker.is_none_or(|worker| worker.born);
            assert!(deadline.is_some() || seen.worker.is_none() || !born, "stream {ix} is not watched");
        }
        let pool = core.pool();
        assert_eq!(pool.queued, counts.in_phase(Phase::Queued));
        assert_eq!(pool.starting, counts.in_phase(Phase::Starting));
        assert_eq!(core.queue.len(), counts.in_phase(Phase::Queued) as usize);
        assert_eq!(core.timers.len(), core.timer_of.iter().flatten().count(), "one timer a stream at most");
    }

    /// Does what a board does with what changed.
    pub fn take_changes(&mut self, core: &mut Supervisor, figures: bool) {
        let changes = core.drain_changes(figures);
        self.pool = changes.pool.unwrap_or(self.pool);
        for row in changes.rows {
            let ix = row.ix.index();
            self.seen[ix].shown = Some(row);
        }
    }

    /// After enough healthy time: whoever is wanted lives, as far as there are slots.
    pub fn healed(&self, core: &Supervisor) {
        let in_phase = |phase| core.streams.iter().filter(|s| s.phase() == phase).count();
        let wanted = self.seen.iter().filter(|s| s.wanted == Wanted::Started).count();
        let live = wanted.min(self.slots as usize);
        let found = (in_phase(Phase::Live), in_phase(Phase::Queued), in_phase(Phase::Stopped));
        assert_eq!(found, (live, wanted - live, self.seen.len() - wanted), "live, queued, stopped");
    }
}
