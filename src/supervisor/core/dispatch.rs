//! Who gets the next slot, who has to give one back, and what concerns everybody: the pool's size,
//! the line, the rotation, the host guard, the rollout, origin hosts that are down.

use std::cmp::Reverse;
use std::time::Duration;

use crate::model::{Action, LineLevel, Moment, Phase, RolloutOrder, StreamIx, Wanted, WatchKind, counted_do};

use super::Supervisor;
use super::event::{Effect, Purpose};
use super::guard::Load;
use super::line::Lane;
use super::reason::words;
use super::rollout::{Rolling, Started, Turn};
use super::stream::{Concern, Stream};

/// Urgent streams take at most this part of the slots that are taken in turns: a quarter. The
/// others must be looked at too.
const URGENT_PART: u32 = 4;
/// On a busy host a stream that was live before is started this often at most.
const TRICKLE: Duration = Duration::from_secs(5);
/// Probes of primary inputs at once.
const PROBES_AT_ONCE: u32 = 4;
/// In each round this part of the workers is sent to rest, or let go: a twentieth, at least one.
const SHED_PART: u32 = 20;

impl Supervisor {
    /// Who starts next, if slots and parallel starts allow one: the pace is not looked at.
    pub(super) fn candidate(&self) -> Option<(Lane, StreamIx)> {
        let counted = &self.counted;
        let room = counted.busy < self.slots() && counted.starting < self.start_limit.limit();
        if self.leaving || !room {
            return None;
        }
        if self.hold.is_some() {
            return self.candidate_on_hold();
        }
        let first = |lane| self.line.first(lane).map(|ix| (lane, ix));
        // With few slots they take every other one.
        let most = self.most_urgent();
        let urgent_may = counted.busy_urgent < most || (most == 0 && !self.jumped);
        first(Lane::Always)
            .or_else(|| first(Lane::Urgent).filter(|_| urgent_may))
            .or_else(|| self.line.first_of_turns())
            .or_else(|| first(Lane::Probe).filter(|_| counted.probes < PROBES_AT_ONCE))
    }

    /// Who may start although something keeps everybody from starting: of those with a full disk one
    /// now and then; on a busy host those that were live before, one at a time.
    fn candidate_on_hold(&self) -> Option<(Lane, StreamIx)> {
        let ix = match self.guard.load() {
            Load::Calm => return self.exempt_from_hold(),
            Load::Busy if self.disk_full.is_full().is_none() && self.counted.starting == 0 => {
                self.returning.first()?.1
            }
            _ => return None,
        };
        self.line.lane_of(ix).filter(|lane| *lane != Lane::Probe).map(|lane| (lane, ix))
    }

    /// Who waits, and is to try whether its disk is still full.
    fn exempt_from_hold(&self) -> Option<(Lane, StreamIx)> {
        let ix = self.disk_full.exempt().filter(|_| self.guard.load() == Load::Calm)?;
        self.line.lane_of(ix).filter(|lane| *lane != Lane::Probe).map(|lane| (lane, ix))
    }

    /// When the one whose turn it is to start may do so.
    pub(super) fn start_at(&self, now: Moment) -> Moment {
        let at = self.budget.next(now);
        if self.hold.is_some() { at.max(self.trickle_at) } else { at }
    }

    /// Slots that are taken in turns.
    fn slots_in_turns(&self) -> u32 {
        self.slots().saturating_sub(self.counted.busy - self.counted.busy_rotating)
    }

    fn most_urgent(&self) -> u32 {
        self.slots_in_turns() / URGENT_PART
    }

    /// Gives slots to those who wait, as far as slots, pace and parallel starts allow, and takes
    /// them back where there are too few.
    pub(super) fn dispatch(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        self.follow_up(now, effects);
        if self.leaving {
            return;
        }
        self.shrink(now, effects);
        while let Some((lane, ix)) = self.candidate() {
            if (self.hold.is_some() && self.trickle_at > now) || !self.budget.take(now) {
                break;
            }
            self.trickle_at = now + TRICKLE;
            let purpose = if lane == Lane::Probe { Purpose::Probe } else { Purpose::Serve };
            if matches!(lane, Lane::Urgent | Lane::Turn) {
                self.jumped = lane == Lane::Urgent;
            }
            self.with_stream(now, ix, effects, |stream, around| stream.give_slot(around, purpose));
            self.follow_up(now, effects);
        }
        self.end_turns(now, effects);
        let kept = self.hold.is_none()
            && self.counted.busy >= self.slots()
            && self.counted.starting + self.counted.stopping == 0;
        // Either nobody gives a slot back, or nobody who takes turns ever gets one.
        let waiting = self.line.len() > 0;
        let short = kept && waiting && self.counted.busy_rotating == 0;
        self.short_since = if short { self.short_since.or(Some(now)) } else { None };
    }

    /// The pool became smaller than what is in use: probes first, then the lowest priority, those
    /// that take turns before those that don't, the newest first.
    fn shrink(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let staying = self.counted.busy - self.counted.stopping;
        let Some(excess) = staying.checked_sub(self.slots()).filter(|excess| *excess > 0) else { return };
        let mut excess = excess as usize;
        let probing: Vec<StreamIx> = self.ixs(|s| s.probe.is_running() && !s.probe.is_stopping());
        for ix in probing.into_iter().take(excess) {
            excess -= 1;
            self.with_stream(now, ix, effects, Stream::end_probe);
        }
        for ix in self.lowest(excess) {
            self.with_stream(now, ix, effects, Stream::give_slot_back);
        }
    }

    fn ixs(&self, choose: impl Fn(&Stream) -> bool) -> Vec<StreamIx> {
        self.streams.iter().filter(|stream| choose(stream)).map(|stream| stream.ix).collect()
    }

    /// The least important streams with a worker that was not asked to end.
    fn lowest(&self, count: usize) -> Vec<StreamIx> {
        let runs = |stream: &&Stream| stream.worker.as_ref().is_some_and(|worker| worker.stop.is_none());
        let rank = |stream: &Stream| {
            let started = stream.worker.as_ref().map(|worker| worker.started);
            (
                stream.spec.priority,
                stream.spec.watch == WatchKind::Always,
                Reverse(started),
                Reverse(stream.ix),
            )
        };
        let mut running: Vec<&Stream> = self.streams.iter().filter(runs).collect();
        running.sort_by_key(|stream| rank(stream));
        running.into_iter().take(count).map(|stream| stream.ix).collect()
    }

    /// How many turns must end for those who wait, as soon as they are over.
    fn turns_needed(&self) -> u32 {
        let waiting = match &self.hold {
            _ if self.leaving => 0,
            // Who is to find out whether the hold is over needs a slot for that.
            Some(_) => u32::from(self.exempt_from_hold().is_some()),
            None => self.line.len(),
        };
        let coming = self.slots().saturating_sub(self.counted.busy) + self.counted.stopping;
        waiting.saturating_sub(coming)
    }

    /// When the next turn ends that somebody waits for; in the past, if it could have ended already.
    pub(super) fn next_turn_end(&self) -> Option<Moment> {
        (self.turns_needed() > 0).then(|| self.turns.first()).flatten().map(|(at, _)| *at)
    }

    /// Ends turns that are over, as many as others wait; urgent ones stay, up to their part.
    fn end_turns(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let mut needed = self.turns_needed();
        if needed == 0 {
            return;
        }
        let over: Vec<StreamIx> = self.turns.range(..=(now, StreamIx(u32::MAX))).map(|(_, ix)| *ix).collect();
        for ix in over {
            if needed == 0 {
                return;
            }
            if self.stream(ix).is_some_and(|stream| stream.phase() == Phase::Stopping) {
                // It ends already, for a reason of its own.
                self.with_stream(now, ix, effects, |stream, _| stream.turns.ends = None);
                continue;
            }
            let (kept, most) = (self.counted.kept, self.most_urgent());
            let stays =
                |stream: &Stream| stream.is_urgent(now) && kept + u32::from(!stream.turns.kept) <= most;
            if self.stream(ix).is_some_and(stays) {
                self.with_stream(now, ix, effects, |stream, _| stream.extend_turn(now));
                continue;
            }
            let wait = self.expected_wait(ix);
            self.with_stream(now, ix, effects, |stream, around| stream.end_turn(around, wait));
            needed -= 1;
        }
    }

    /// How long until the next turn of one whose turn ends now: all who wait go before it.
    fn expected_wait(&self, ix: StreamIx) -> Duration {
        let turn = self.stream(ix).map(|stream| stream.spec.turn).unwrap_or_default();
        turn.saturating_mul(self.line.len()) / self.slots_in_turns().max(1)
    }

    /// Does what follows for the others from what happened to one.
    pub(super) fn follow_up(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        while !self.concerns.is_empty() {
            for concern in std::mem::take(&mut self.concerns) {
                self.follow(now, concern, effects);
            }
        }
        self.end_rollout(effects);
        self.settle_hold(now, effects);
    }

    fn follow(&mut self, now: Moment, concern: Concern, effects: &mut Vec<Effect>) {
        match concern {
            Concern::OriginDown(host, class) => {
                let failed = self.origins.failed_streams(host);
                let (name, count) = (self.origins.name(host), failed.len());
                let text = format!(
                    "origin {name}: {}; {count} of its streams wait together from now on",
                    words(class)
                );
                report(effects, LineLevel::Error, text);
                for ix in failed {
                    self.with_stream(now, ix, effects, |stream, around| stream.origin_down(around, host));
                }
            }
            Concern::OriginBack(host, waited) => {
                let text = format!(
                    "origin {} answers again; {}",
                    self.origins.name(host),
                    counted_do(waited.len(), "stream", "start")
                );
                report(effects, LineLevel::Info, text);
                // Those who wait for another host may have an input on this one.
                for ix in waited.into_iter().chain(self.origins.all_waiting()) {
                    self.with_stream(now, ix, effects, |stream, around| stream.origin_back(around, host));
                }
            }
            Concern::DiskFull(ix) => {
                self.hold_is_stale = true;
                if self.disk_full.found(now, ix) {
                    let id = self.stream(ix).map(|stream| stream.spec.id.to_string()).unwrap_or_default();
                    let text = format!(
                        "no space left on the disk that {id} writes to; nothing is started until there is"
                    );
                    report(effects, LineLevel::Error, text);
                }
            }
            Concern::Live(ix) => self.disk_full.may_write(now, ix),
            Concern::NotLive(ix) => {
                if self.disk_full.over(ix) {
                    self.disk_has_space(effects);
                }
            }
            Concern::Gone(ix) => self.bury(now, ix),
            Concern::Start(Some(took)) => self.start_limit.started(took),
            Concern::Start(None) => self.start_limit.failed(),
        }
    }

    fn disk_has_space(&mut self, effects: &mut Vec<Effect>) {
        self.hold_is_stale = true;
        report(effects, LineLevel::Info, "no disk is full any more; streams start".to_owned());
    }

    /// Works out anew what keeps every stream from starting, and tells those who wait.
    fn settle_hold(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        if !std::mem::take(&mut self.hold_is_stale) {
            return;
        }
        let disk =
            self.disk_full.is_full().map(|_| "no space left on a disk that workers write to".to_owned());
        let busy = || self.guard.reason(&self.policy.guard).map(|why| format!("the host is busy: {why}"));
        let hold = disk.or_else(busy).map(Into::into);
        if hold == self.hold {
            return;
        }
        self.hold = hold;
        let waiting: Vec<StreamIx> = self.line.everyone().collect();
        for ix in waiting {
            self.with_stream(now, ix, effects, Stream::hold_changed);
        }
    }

    /// The host was measured, or its readings grew old.
    pub(super) fn guard_was_read(&mut self, now: Moment, changed: bool, effects: &mut Vec<Effect>) {
        self.hold_is_stale = true;
        if changed {
            let text = match self.guard.reason(&self.policy.guard) {
                Some(why) => format!("the host is busy: {why}"),
                None => "the host is within its limits again".to_owned(),
            };
            report(effects, LineLevel::Warning, text);
            // What overload explains looks different now.
            self.each(now, effects, |_, _| {});
        }
        self.shed_or_let_go(now, effects);
    }

    /// Above a hard limit some streams rest in each round; once all is calm some go on in each.
    fn shed_or_let_go(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        if self.leaving {
            self.shedding.next = None;
            return;
        }
        // Who was stopped by hand meanwhile, or started, rests no more.
        let streams = &self.streams;
        self.shedding.resting.retain(|ix| streams.get(ix.index()).is_some_and(|stream| stream.shed));
        let (sheds, calm) = (self.guard.sheds(), self.guard.load() == Load::Calm);
        if !sheds && (!calm || self.shedding.resting.is_empty()) {
            self.shedding.next = None;
            return;
        }
        if self.shedding.next.is_some_and(|at| at > now) {
            return;
        }
        self.shedding.next = Some(now + self.policy.guard.shed_every);
        if !sheds {
            self.let_go(now, effects);
            return;
        }
        let running = self.counted.busy - self.counted.stopping;
        if self.shedding.resting.is_empty() {
            (self.shedding.began_with, self.shedding.began) = (running, now);
        }
        let most = running.saturating_sub(self.shedding.began_with.div_ceil(2));
        let round = (running / SHED_PART).max(1).min(most);
        let why = self.guard.reason(&self.policy.guard).unwrap_or_default();
        let reason = format!("rests: the host is overloaded: {why}");
        for ix in self.lowest(round as usize) {
            self.shedding.resting.insert(ix);
            self.with_stream(now, ix, effects, |stream, around| stream.shed(around, &reason));
        }
    }

    fn let_go(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let mut resting: Vec<&Stream> =
            self.shedding.resting.iter().filter_map(|ix| self.stream(*ix)).collect();
        resting.sort_by_key(|stream| (Reverse(stream.spec.priority), stream.ix));
        let round = (self.counted.busy / SHED_PART).max(1) as usize;
        let going: Vec<StreamIx> = resting.into_iter().take(round).map(|stream| stream.ix).collect();
        for ix in going {
            self.shedding.resting.remove(&ix);
            self.with_stream(now, ix, effects, Stream::unshed);
        }
    }

    /// Time has passed for what streams share.
    pub(super) fn tick_shared(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        for (host, through, others) in self.origins.let_through(now, &self.policy, &mut self.random) {
            let next = self.origins.closed_until(host);
            for ix in others {
                self.with_stream(now, ix, effects, |stream, _| stream.origin_probe = next);
            }
            for ix in through {
                self.with_stream(now, ix, effects, Stream::probe_origin);
            }
        }
        if self.disk_full.tick(now) {
            self.disk_has_space(effects);
        }
        if self.guard.tick(now) {
            self.guard_was_read(now, true, effects);
        } else if self.shedding.next.is_some_and(|at| at <= now) {
            self.shed_or_let_go(now, effects);
        }
        if self.rolling.as_ref().is_some_and(|rolling| rolling.is_due(now)) {
            self.look_at_rollout(now, effects);
        }
    }

    /// Begins a rollout of `starting`, if there are so many that the configuration wants one.
    pub(super) fn roll_out(&mut self, now: Moment, mut starting: Vec<StreamIx>, effects: &mut Vec<Effect>) {
        let Some(rule) = self.policy.rollout.clone() else { return };
        if self.rolling.is_some() {
            return;
        }
        starting.sort_by_key(|ix| (Reverse(self.stream(*ix).map(|stream| stream.spec.priority)), *ix));
        let Some((rolling, held)) = Rolling::begin(now, &rule, starting) else { return };
        let count = u32::try_from(held.len()).unwrap_or(u32::MAX);
        report(effects, LineLevel::Info, rolling.words(count));
        for ix in held {
            self.with_stream(now, ix, effects, |stream, around| _ = stream.hold_back(around, true));
        }
        self.rolling = Some(rolling);
    }

    /// Who starts streams by hand means it, whatever the rollout says; a large set gets its own.
    pub(super) fn let_go_or_roll_out(
        &mut self,
        now: Moment,
        action: Action,
        targets: &[StreamIx],
        effects: &mut Vec<Effect>,
    ) {
        let single = |rule: &crate::config::Rollout| {
            rule.steps.first().is_none_or(|first| targets.len() <= *first as usize)
        };
        if self.policy.rollout.as_ref().is_none_or(single) {
            for ix in targets {
                self.with_stream(now, *ix, effects, |stream, _| stream.held_back = false);
            }
        }
        if action == Action::Start {
            let stopped =
                |ix: &StreamIx| self.stream(*ix).is_some_and(|stream| stream.wanted == Wanted::Stopped);
            let starting = targets.iter().copied().filter(stopped).collect();
            self.roll_out(now, starting, effects);
        }
    }

    /// A rollout is over when it holds nobody back any more, whoever let them go.
    fn end_rollout(&mut self, effects: &mut Vec<Effect>) {
        if self.counted.held_back == 0 && self.rolling.take().is_some() {
            report(effects, LineLevel::Info, "rollout: nobody is held back any more".to_owned());
        }
    }

    fn look_at_rollout(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let Some(mut rolling) = self.rolling.take() else { return };
        let mut started = Started::default();
        for stream in rolling.started().iter().filter_map(|ix| self.stream(*ix)) {
            let seen =
                stream.rotates() && stream.phase() == Phase::Resting && stream.turns.last_seen.is_some();
            started.wanted += u32::from(stream.is_due());
            started.live += u32::from(stream.is_due() && (stream.phase() == Phase::Live || seen));
        }
        let held = self.counted.held_back;
        let before = rolling.words(held);
        let turn = rolling.look(now, started, self.guard.load() > Load::Calm);
        if turn.is_none() && rolling.words(held) != before {
            report(effects, LineLevel::Warning, rolling.words(held));
        }
        self.go_on_with(now, rolling, turn, effects);
    }

    fn go_on_with(
        &mut self,
        now: Moment,
        rolling: Rolling,
        turn: Option<Turn>,
        effects: &mut Vec<Effect>,
    ) -> usize {
        self.rolling = Some(rolling);
        let (ixs, held) = match turn {
            Some(Turn::Start(ixs)) => (ixs, false),
            Some(Turn::Hold(ixs)) => (ixs, true),
            None => return 0,
        };
        let mut touched = 0;
        for ix in ixs {
            let mut changed = false;
            self.with_stream(now, ix, effects, |stream, around| changed = stream.hold_back(around, held));
            touched += usize::from(changed);
        }
        touched
    }

    /// The operator's word on the rollout; says how many streams it changed something for.
    pub(super) fn order_rollout(
        &mut self,
        now: Moment,
        order: RolloutOrder,
        effects: &mut Vec<Effect>,
    ) -> usize {
        let Some(mut rolling) = self.rolling.take() else { return 0 };
        let turn = rolling.order(now, order);
        self.go_on_with(now, rolling, Some(turn), effects)
    }
}

fn report(effects: &mut Vec<Effect>, level: LineLevel, text: String) {
    effects.push(Effect::Report { level, text: text.into() });
}
