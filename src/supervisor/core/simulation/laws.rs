//! What must hold, whatever happens.

use std::collections::{BTreeSet, VecDeque};

use super::super::line::Lane;
use super::super::stream::Wait;
use super::caring::Noted;
use super::*;
use crate::model::{CareOrder, Totals, Wanted};

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
pub(super) struct Seen {
    pub(super) present: bool,
    pub(super) wanted: Wanted,
    newest: Generation,
    worker: Option<Known>,
    probe: Option<Known>,
    pub(super) inputs: usize,
    /// Its inputs were edited: failures in a row are not those of the one in use.
    pub(super) edited: bool,
    phase: Phase,
    /// No start before this, unless an operator says so.
    pub(super) not_before: Moment,
    shown: Option<Row>,
    noted: Noted,
}

impl Seen {
    /// No worker, no probe, no row.
    pub(super) fn has_nothing(&self) -> bool {
        self.worker.is_none() && self.probe.is_none() && self.shown.is_none()
    }
}

/// Watches a core from outside.
pub struct Laws {
    pub(super) policy: Policy,
    pub(super) slots: u32,
    most: u32,
    pub(super) seen: Vec<Seen>,
    workers: u32,
    /// Starts within the last second.
    recent: VecDeque<Moment>,
    left: bool,
    hurried: bool,
    /// Starts there were.
    pub starts: u64,
    /// Probes of primary inputs there were.
    pub probes: u64,
    /// Times the configuration was changed.
    pub reloads: u64,
    /// Starts a second, and workers in `starting`, that a configuration before this one allowed.
    pub(super) allowed_before: (Moment, u32, u32),
    /// Which phase followed which.
    pub followed: BTreeSet<(Phase, Phase)>,
    ticks: (i64, u32),
    pool: PoolReading,
}

impl Laws {
    pub fn new(policy: Policy, slots: u32, slots_most: u32) -> Self {
        Self {
            policy,
            slots,
            most: slots_most,
            seen: Vec::new(),
            workers: 0,
            recent: VecDeque::new(),
            left: false,
            hurried: false,
            starts: 0,
            probes: 0,
            reloads: 0,
            allowed_before: (Moment::ZERO, 0, 0),
            followed: BTreeSet::new(),
            ticks: (0, 0),
            pool: PoolReading::default(),
        }
    }

    pub fn added(&mut self, wanted: Wanted, inputs: usize, cared: Cared) {
        let noted = Noted::restored(cared);
        self.seen.push(Seen { present: true, wanted, inputs, noted, ..Seen::default() });
    }

    /// An operator noted something about a stream: its rows before and after.
    pub fn noted(&mut self, now: Moment, order: &CareOrder, before: &Row, after: &Row) {
        self.seen[before.ix.index()].noted.ordered(now, order, before, after);
    }

    pub fn resized(&mut self, slots: u32) {
        assert!(slots <= self.most && slots >= 1);
        self.slots = slots;
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

    fn known(&mut self, ix: usize, generation: Generation) -> &mut Option<Known> {
        let seen = &mut self.seen[ix];
        let is_probe = seen.probe.is_some_and(|probe| probe.generation == generation);
        if is_probe { &mut seen.probe } else { &mut seen.worker }
    }

    pub fn born(&mut self, ix: usize, generation: Generation) {
        self.known(ix, generation).as_mut().unwrap().born = true;
    }

    /// The end of a worker was told.
    pub fn ended(&mut self, now: Moment, ix: usize, generation: Generation, core: &Supervisor) {
        let was_probe = self.seen[ix].probe.is_some_and(|probe| probe.generation == generation);
        *self.known(ix, generation) = None;
        self.workers -= 1;
        if was_probe {
            return;
        }
        let seen = &mut self.seen[ix];
        let row = core.streams[ix].row();
        let (first, cap) = (self.policy.backoff_first, self.policy.backoff_cap);
        let wait = match row.phase {
            // A fresh input is tried soon, however often the others failed.
            Phase::Backoff if seen.inputs > 1 || seen.edited => first,
            Phase::Backoff => first.saturating_mul(2_u32.saturating_pow(row.failures - 1)).min(cap),
            Phase::Broken if matches!(core.streams[ix].wait, Wait::Origin(..)) => Duration::ZERO,
            Phase::Broken => self.policy.broken_retry,
            // Asked to end: it may start again at once.
            _ => Duration::ZERO,
        };
        let least = wait.mul_f64(1.0 - self.policy.backoff_jitter);
        // Moments count whole milliseconds.
        seen.not_before = now + least.saturating_sub(Duration::from_millis(1));
    }

    /// Who waits for its host, or was held back by an operator who turned a rollout back: then it is
    /// no longer its own backoff that counts.
    pub fn waits_for_others(&mut self, core: &Supervisor) {
        for (ix, seen) in self.seen.iter_mut().enumerate() {
            if matches!(core.streams[ix].wait, Wait::Origin(..) | Wait::Rollout) {
                seen.not_before = Moment::ZERO;
            }
        }
    }

    pub fn effect(&mut self, now: Moment, effect: &Effect) {
        match *effect {
            Effect::Save { stream, ref kept } => {
                assert_eq!(
                    kept.wanted,
                    self.seen[stream.index()].wanted,
                    "{stream:?}: the wrong wish is kept"
                );
                let seen = &mut self.seen[stream.index()];
                seen.noted.saved(kept);
                if seen.phase != kept.phase {
                    self.followed.insert((seen.phase, kept.phase));
                    seen.phase = kept.phase;
                }
            }
            Effect::Spawn { stream, generation, input, purpose } => {
                self.spawn(now, stream.index(), generation, input, purpose);
            }
            Effect::Signal { stream, generation, signal } => {
                let hurried = self.hurried;
                let worker = self.known(stream.index(), generation).as_mut();
                let worker = worker.expect("a signal for a stream without a worker");
                assert_eq!(worker.generation, generation, "a signal for a worker that is gone");
                assert!(worker.born, "a signal for a worker whose process id is not known");
                match signal {
                    Signal::Term => worker.terms += 1,
                    Signal::Kill => assert!(worker.terms >= 2 || hurried, "killed without asking"),
                }
            }
            Effect::Note { .. } | Effect::Report { .. } => {}
        }
    }

    fn spawn(&mut self, now: Moment, ix: usize, generation: Generation, input: usize, purpose: Purpose) {
        let seen = &mut self.seen[ix];
        assert!(!self.left, "stream {ix}: a start after the shutdown");
        assert!(seen.present, "stream {ix}: a start of what was removed");
        assert_eq!(seen.wanted, Wanted::Started, "stream {ix}: a start after the stop");
        assert!(generation > seen.newest, "stream {ix}: an old generation");
        assert!(input < seen.inputs, "stream {ix}: no such input");
        seen.newest = generation;
        let known = Some(Known { generation, born: false, terms: 0 });
        if purpose == Purpose::Probe {
            assert!(seen.probe.is_none() && seen.worker.is_some(), "stream {ix}: a probe of nothing");
            seen.probe = known;
            self.probes += 1;
        } else {
            assert!(seen.worker.is_none(), "stream {ix}: a second worker");
            assert!(now >= seen.not_before, "stream {ix}: started at {now:?}, before {:?}", seen.not_before);
            seen.worker = known;
        }
        self.workers += 1;
        assert!(self.workers <= self.slots, "{} workers in {} slots", self.workers, self.slots);
        self.starts += 1;
        self.recent.push_back(now);
        while self.recent.front().is_some_and(|at| now.since(*at) >= Duration::from_secs(1)) {
            self.recent.pop_front();
        }
        // A full bucket, and what flows in during a second.
        let most = 2 * self.starts_per_second(now) as usize;
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
        let most = 3 * self.seen.len() + 4 * self.starts_per_second(now) as usize;
        assert!(self.ticks.1 as usize <= most, "{} ticks within a second", self.ticks.1);
    }

    /// After each step: what can be seen without looking at every stream.
    pub fn glance(&self, core: &Supervisor) {
        let pool = core.pool();
        assert_eq!(pool.busy, self.workers, "busy slots and workers differ");
        assert_eq!(core.workers_left(), self.workers);
        assert_eq!(pool.slots, self.slots);
        let most_starting = pool.start_parallel.max(self.allowed_before.2);
        assert!(pool.starting <= most_starting && pool.starting <= pool.busy);
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
            if Self::is_gone(ix, seen, stream) {
                continue;
            }
            let row = stream.row();
            counts.phase[row.phase as usize] += 1;
            seen.noted.look(now, &row);
            assert!(row.usage.is_none() || seen.worker.is_some(), "stream {ix} takes nothing");
            assert_eq!(seen.shown.as_ref(), Some(&row), "stream {ix}: a row that changed was not told");
            assert_eq!((row.wanted, stream.kept().wanted), (seen.wanted, seen.wanted), "stream {ix}");
            assert_eq!(row.phase.holds_slot(), seen.worker.is_some(), "stream {ix} {:?}", row.phase);
            assert_eq!(stream.probe.is_running(), seen.probe.is_some(), "stream {ix}");
            let lane = core.line.lane_of(stream.ix);
            // What is urgent, and when a probe is due, changes with time too; a tick tells.
            let alike = |lane: Option<Lane>| lane.is_some_and(|lane| lane != Lane::Probe);
            assert_eq!(alike(lane), alike(stream.lane(now)), "stream {ix}");
            let in_line = lane.is_some_and(|lane| lane != Lane::Probe);
            let cared_for = match row.phase {
                Phase::Stopped => self.left || seen.wanted == Wanted::Stopped || !seen.present,
                Phase::Queued => in_line && core.hold.is_none(),
                // The tick may be a little late.
                Phase::Backoff => row.next.is_some_and(|at| at + LATENESS > now),
                Phase::Broken => match stream.wait {
                    Wait::Origin(host, _) => {
                        core.origins.closed_until(host).is_some_and(|at| at + LATENESS > now)
                    }
                    _ => row.next.is_some_and(|at| at + LATENESS > now),
                },
                Phase::Starting | Phase::Live | Phase::Stalled => seen.wanted == Wanted::Started,
                Phase::Stopping => true,
                Phase::Held => {
                    (in_line && core.hold.is_some()) || (stream.held_back && core.rolling.is_some())
                }
                Phase::Resting => in_line || core.shedding.resting.contains(&stream.ix),
            };
            assert!(cared_for, "stream {ix} is forgotten in {:?}: {}", row.phase, row.reason);
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
        Self::hosts(now, core);
        let pool = core.pool();
        assert_eq!(pool.queued, counts.in_phase(Phase::Queued));
        assert_eq!(pool.starting, core.streams.iter().map(Stream::starting).sum::<u32>());
        assert_eq!(pool.held, counts.in_phase(Phase::Held));
        assert_eq!(core.timers.len(), core.timer_of.iter().flatten().count(), "one timer a stream at most");
    }

    /// What is known of hosts belongs to streams that are there, and a breaker that is open has
    /// somebody who finds out when the host is back.
    fn hosts(now: Moment, core: &Supervisor) {
        for (host, good, open) in core.origins.all() {
            for ix in good {
                let stream = &core.streams[ix.index()];
                assert!(
                    stream.worker.is_some() && stream.at_host == Some(host),
                    "{ix:?} is no longer on {host:?}"
                );
            }
            let Some((probing, waiting)) = open else { continue };
            for ix in &probing {
                let stream = &core.streams[ix.index()];
                let under_way = matches!(stream.phase(), Phase::Queued | Phase::Held | Phase::Starting);
                assert!(
                    under_way && stream.tries_host == Some(host),
                    "{ix:?} does not try {host:?}: {:?}",
                    stream.phase()
                );
            }
            let looked_at = core.origins.closed_until(host).is_some_and(|at| at + LATENESS > now);
            assert!(looked_at, "{host:?} is down with {waiting} waiting, and nobody looks when it is back");
        }
    }

    /// Does what a board does with what changed.
    pub fn take_changes(&mut self, core: &mut Supervisor, figures: bool) {
        let changes = core.drain_changes(figures);
        self.pool = changes.pool.unwrap_or(self.pool);
        for ix in changes.removed {
            let seen = &mut self.seen[ix.index()];
            assert!(!seen.present && seen.worker.is_none() && seen.probe.is_none(), "{ix:?} goes too early");
            seen.shown = None;
        }
        for row in changes.rows {
            let ix = row.ix.index();
            self.seen[ix].shown = Some(row);
        }
    }

    /// After enough healthy time: whoever is wanted lives, as far as there are slots, and everyone
    /// that takes turns was looked at not long ago.
    pub fn healed(&self, now: Moment, core: &Supervisor) {
        let slots = self.slots as usize;
        let wanted =
            |rotates: bool| core.streams.iter().filter(move |s| s.is_due() && s.rotates() == rotates);
        let going = core.streams.iter().filter(|s| s.presence == Presence::Going).count();
        assert_eq!(going, 0, "removed streams whose workers did not end");
        let always = wanted(false).count();
        let live = wanted(false).filter(|s| s.phase() == Phase::Live).count();
        let replaced =
            wanted(false).filter(|s| matches!(s.phase(), Phase::Stopping | Phase::Starting)).count();
        let expected = always.min(slots);
        // Somebody may just be on the way back to its primary input, and a probe may have a slot.
        let probes = core.streams.iter().filter(|s| s.probe.is_running()).count();
        let others: Vec<_> =
            wanted(false).filter(|s| s.phase() != Phase::Live).map(|s| (s.phase(), &s.reason)).collect();
        assert!(
            live + replaced + probes >= expected && live <= expected,
            "{live} live, {replaced} replaced, {probes} probes of {expected}: {others:?}; {:?}",
            core.pool()
        );
        let (rotating, left) = (wanted(true).count(), slots.saturating_sub(always));
        if left == 0 {
            return;
        }
        let rounds = rotating.div_ceil((left * 3 / 4).max(1)) as u64;
        let turn = StreamSpec::USUAL_TURN.as_secs() + 15;
        let bound = Duration::from_secs(turn * (rounds + 1) + 60);
        for stream in wanted(true) {
            let since = stream.unseen_since().unwrap_or(now);
            assert!(
                now.since(since) <= bound,
                "{:?} was not looked at for {:?}: {:?} {}; {left} slots for {rotating}; {:?}",
                stream.ix,
                now.since(since),
                stream.phase(),
                stream.reason,
                core.pool()
            );
        }
    }
}
