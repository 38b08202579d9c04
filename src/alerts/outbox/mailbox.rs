//! What waits for one receiver, and which of it goes next.

mod answers;
mod together;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::merge::{absorb, put_in, rank};
use super::pace::{HOUR, Limiter, Pace, Told};
use super::{Around, Effect, GATHER, How, Kept, MAX_DRAFTS, STUBBORN_TRIES, Said};
use crate::alerts::{Event, Item, Message, Now};
use crate::config::AlertSettings;
use crate::model::{Incident, Moment, ReceiverReading, span_words};

/// The messages of one receiver.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    drafts: BTreeMap<u64, Draft>,
    /// The message that is being kept or sent.
    on_its_way: Option<u64>,
    pace: Pace,
    limiter: Limiter,
    /// Those that were accepted and are still kept, by when they were given out.
    accepted: VecDeque<(Moment, u64)>,
    /// Numbers of papers that are to go.
    leaving: Vec<u64>,
    /// What the store knew, until it was asked for.
    standing: Vec<(Said, bool)>,
    trouble: Option<Arc<str>>,
    /// When a message was last accepted in this run.
    accepted_at: Option<Moment>,
    accepted_wall_ms: Option<u64>,
    next_wall_ms: Option<u64>,
    /// Until when the hourly cap holds back what waits, on the wall.
    capped: Option<u64>,
    /// When it is to be looked at again; nothing changes before.
    wake: Option<Moment>,
}

/// One message that waits.
#[derive(Debug)]
struct Draft {
    message: Message,
    /// When it was made.
    since: Moment,
    stage: Stage,
    tries: u32,
    /// When its first try failed.
    failed: Option<Moment>,
    /// It is not tried again before, for a fault of its own.
    not_before: Moment,
    /// When it was first given out, if it was.
    given: Option<Now>,
    /// The hourly cap has held it back.
    capped: bool,
    /// The store has another state of it, or none, since then.
    unkept: Option<Moment>,
    /// The store has some state of it.
    kept: bool,
    replaces: Vec<u64>,
}

/// How far a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It can still change.
    Open,
    /// It may have been sent, and stays as it is.
    Sealed,
    /// It waits for the store to have it so.
    Keeping,
    /// It is being sent.
    Sending,
}

impl Draft {
    fn new(number: u64, message_id: Arc<str>, receiver: &Arc<str>, now: Now) -> Self {
        let message = Message {
            number,
            message_id,
            receiver: Arc::clone(receiver),
            items: Vec::new(),
            more_items: 0,
            held_back: 0,
            made_wall_ms: now.wall_ms,
        };
        Self {
            message,
            since: now.at,
            stage: Stage::Open,
            tries: 0,
            failed: None,
            not_before: now.at,
            given: None,
            capped: false,
            unkept: Some(now.at),
            kept: false,
            replaces: Vec::new(),
        }
    }

    fn is_open(&self) -> bool {
        self.stage == Stage::Open
    }

    fn touch(&mut self, now: Now) {
        self.unkept.get_or_insert(now.at);
    }

    fn paper(&self) -> Kept {
        Kept::Waiting {
            message: self.message.clone(),
            sealed: !self.is_open(),
            tries: self.tries,
            replaces: self.replaces.clone(),
        }
    }

    fn said(&self) -> Vec<Said> {
        self.message.items.iter().map(Said::of).collect()
    }

    /// When the limiter lets it through.
    fn free_at(&self, limiter: &Limiter, limit: Duration) -> Moment {
        self.message.items.iter().map(|item| limiter.free_at(item, limit)).max().unwrap_or(Moment::ZERO)
    }
}

impl Mailbox {
    /// Takes in what the store had. What was accepted comes first, oldest first.
    pub(super) fn restore(&mut self, kept: Kept, settings: &AlertSettings, now: Now) {
        match kept {
            Kept::Waiting { message, sealed, tries, replaces } => {
                self.standing.extend(message.items.iter().map(|item| (Said::of(item), false)));
                let draft = Draft {
                    since: before(now, message.made_wall_ms),
                    stage: if sealed { Stage::Sealed } else { Stage::Open },
                    tries,
                    failed: None,
                    not_before: now.at,
                    given: sealed.then_some(now),
                    capped: false,
                    unkept: None,
                    kept: true,
                    replaces,
                    message,
                };
                if sealed {
                    self.count(&draft, false, settings, now);
                }
                self.drafts.insert(draft.message.number, draft);
            }
            Kept::Sent { number, wall_ms, about, .. } => {
                let at = before(now, wall_ms);
                self.standing.extend(about.iter().map(|about| (about.said, true)));
                self.pace.gave(at, false);
                for one in &about {
                    let told =
                        Told { cause: &one.cause, severity: one.severity, incident: one.said.incident };
                    self.limiter.told(told, at, at, settings.rate_limit);
                }
                self.accepted.push_back((at, number));
                self.accepted_wall_ms = self.accepted_wall_ms.max(Some(wall_ms));
            }
        }
        self.wake = Some(now.at);
    }

    /// A paper of the store is to go.
    pub(super) fn leave(&mut self, number: u64) {
        self.look_again();
        self.leaving.push(number);
    }

    pub(super) fn standing(&self) -> Vec<(Said, bool)> {
        self.standing.clone()
    }

    pub(super) fn look_again(&mut self) {
        self.wake = Some(Moment::ZERO);
    }

    pub(super) const fn wake(&self) -> Option<Moment> {
        self.wake
    }

    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.drafts.len(), self.limiter.len())
    }

    pub(super) fn reading(&self) -> ReceiverReading {
        ReceiverReading {
            waiting: u32::try_from(self.drafts.len()).unwrap_or(u32::MAX),
            accepted_wall_ms: self.accepted_wall_ms,
            trouble: self.trouble.clone(),
            next_wall_ms: self.next_wall_ms.or(self.capped),
            ..ReceiverReading::default()
        }
    }

    /// One thing more to tell: with what waits about the same incident, or the same cause, or by itself.
    pub(super) fn tell(&mut self, receiver: &Arc<str>, item: Item, around: &mut Around<'_>) {
        self.look_again();
        let (incident, cause) = (item.incident.number, &item.incident.cause);
        let about_it =
            |draft: &Draft| draft.message.items.iter().any(|held| held.incident.number == incident);
        let alike = |draft: &Draft| draft.message.items.iter().any(|held| held.incident.cause == *cause);
        let open = || self.drafts.iter().filter(|(_, draft)| draft.is_open());
        let with =
            open().find(|(_, draft)| about_it(draft)).or_else(|| open().find(|(_, draft)| alike(draft)));
        let number = match with.map(|(number, _)| *number) {
            Some(number) => number,
            None => self.start(receiver, around),
        };
        let Some(draft) = self.drafts.get_mut(&number) else { return };
        draft.touch(around.now);
        let more = !about_it(draft) && !draft.message.items.is_empty();
        around.counts.merged += u64::from(more);
        let counted = put_in(&mut draft.message, [item]);
        around.settle(receiver, counted, How::Counted);
        if self.drafts.len() > MAX_DRAFTS {
            self.crowd(receiver, around);
        }
    }

    fn start(&mut self, receiver: &Arc<str>, around: &mut Around<'_>) -> u64 {
        let (number, message_id) = around.numbers.take(around.effects);
        self.drafts.insert(number, Draft::new(number, message_id, receiver, around.now));
        number
    }

    /// What waits about an incident says that it is over; what only said that it goes on is not worth saying.
    pub(super) fn ended(&mut self, receiver: &Arc<str>, incident: &Arc<Incident>, around: &mut Around<'_>) {
        let first = |item: &Item| matches!(item.event, Event::Raised | Event::Escalated | Event::Recovered);
        self.take_out(receiver, incident.number, |item| !first(item), around);
        self.refresh(incident, around);
    }

    /// What waits about an incident says who knows; that it goes on though nobody does is not true any more.
    pub(super) fn acknowledged(
        &mut self,
        receiver: &Arc<str>,
        incident: &Arc<Incident>,
        around: &mut Around<'_>,
    ) {
        let alone = |item: &Item| matches!(item.event, Event::Repeated | Event::Escalated);
        self.take_out(receiver, incident.number, alone, around);
        self.refresh(incident, around);
    }

    /// What waits about an incident tells it as it is now.
    fn refresh(&mut self, incident: &Arc<Incident>, around: &mut Around<'_>) {
        let about = |item: &Item| item.incident.number == incident.number;
        for draft in self.drafts.values_mut().filter(|draft| draft.is_open()) {
            let several = draft.message.items.len() > 1;
            let Some(item) = draft.message.items.iter_mut().find(|item| about(item)) else { continue };
            let now = Item { incident: Arc::clone(incident), ..item.clone() };
            if several {
                // Also puts it in its place, and leaves out what one of several does not need.
                put_in(&mut draft.message, [now]);
            } else {
                absorb(item, now);
            }
            draft.touch(around.now);
            self.wake = Some(Moment::ZERO);
        }
    }

    /// What waits about an incident is not wanted any more.
    pub(super) fn withdrawn(&mut self, receiver: &Arc<str>, incident: u64, around: &mut Around<'_>) {
        self.take_out(receiver, incident, |_| true, around);
    }

    fn take_out(
        &mut self,
        receiver: &Arc<str>,
        incident: u64,
        unwanted: impl Fn(&Item) -> bool,
        around: &mut Around<'_>,
    ) {
        let mut dropped = Vec::new();
        let mut empty = Vec::new();
        for (number, draft) in self.drafts.iter_mut().filter(|(_, draft)| draft.is_open()) {
            let message = &mut draft.message;
            // The last one of a digest stays: what is only counted beside it is to be told.
            if message.items.len() == 1 && message.more_items > 0 {
                continue;
            }
            let gone =
                message.items.extract_if(.., |item| item.incident.number == incident && unwanted(item));
            let before = dropped.len();
            dropped.extend(gone.map(|item| Said::of(&item)));
            if dropped.len() > before {
                draft.unkept.get_or_insert(around.now.at);
                if message.items.is_empty() {
                    empty.push(*number);
                }
            }
        }
        for number in empty {
            self.remove(number, around);
        }
        if !dropped.is_empty() {
            self.look_again();
            around.settle(receiver, dropped, How::Dropped);
        }
    }

    /// Takes a draft away, also from the store.
    fn remove(&mut self, number: u64, around: &mut Around<'_>) -> Option<Draft> {
        let draft = self.drafts.remove(&number)?;
        if draft.kept {
            around.keep(number, None);
        }
        Some(draft)
    }

    /// Papers that are of no use any more go.
    fn forget(&mut self, until: Moment, around: &mut Around<'_>) {
        for number in self.leaving.drain(..) {
            around.keep(number, None);
        }
        while self.accepted.front().is_some_and(|(at, _)| *at <= until) {
            if let Some((_, number)) = self.accepted.pop_front() {
                around.keep(number, None);
            }
        }
    }

    /// Does what is due.
    pub(super) fn pump(&mut self, receiver: &Arc<str>, around: &mut Around<'_>) {
        let now = around.now.at;
        if self.wake.is_none_or(|wake| wake > now) {
            return;
        }
        self.standing.clear();
        let looks_back = around.settings.rate_limit.max(HOUR);
        self.forget(now - looks_back, around);
        self.pace.look(now);
        self.limiter.look(now, around.settings.rate_limit);
        let next = self.next(receiver, around);
        self.keep_what_settled(around);
        let kept = self.drafts.values().filter_map(|draft| draft.unkept).min().map(|at| at + GATHER);
        let stale = self.accepted.front().map(|(at, _)| *at + looks_back);
        self.wake = [next, kept, stale, self.limiter.clean_at()].into_iter().flatten().min();
    }

    /// What has not changed for a moment, or has waited for one, is written.
    fn keep_what_settled(&mut self, around: &mut Around<'_>) {
        for (number, draft) in &mut self.drafts {
            if draft.unkept.is_some_and(|at| at + GATHER <= around.now.at) {
                draft.unkept = None;
                draft.kept = true;
                around.keep(*number, Some(&draft.paper()));
            }
        }
    }

    /// The hourly cap holds messages back, or does so no more: said once each time, as otherwise nobody would
    /// know why it is silent.
    fn tell_of_cap(&mut self, receiver: &Arc<str>, capped: Option<Moment>, around: &mut Around<'_>) {
        let holds = capped.filter(|_| !self.drafts.is_empty());
        if let Some(until) = holds {
            let wait = u64::try_from(around.now.at.until(until).as_millis()).unwrap_or(u64::MAX);
            if self.capped.is_none() {
                let most = around.settings.per_hour;
                around.note(&format!(
                    "{receiver} has had {most} messages within an hour: what waits goes out together, in {}",
                    span_words(around.now.at.until(until))
                ));
            }
            self.capped = Some(around.now.wall_ms.saturating_add(wait));
        } else {
            self.capped = None;
        }
    }

    /// Gives out the next message if its time has come; else says when it will.
    fn next(&mut self, receiver: &Arc<str>, around: &mut Around<'_>) -> Option<Moment> {
        if self.on_its_way.is_some() {
            return None;
        }
        let (now, settings) = (around.now.at, around.settings);
        let open_at = self.pace.open_at();
        let capped = self.pace.capped_until(settings);
        self.tell_of_cap(receiver, capped, around);
        if open_at > now || capped.is_some() {
            self.wait_together(receiver, capped.is_some(), around);
        }
        if open_at > now {
            return Some(open_at).filter(|_| !self.drafts.is_empty());
        }
        let ready = self.ready(settings, now);
        let alone = self.pace.alone_left(settings, now);
        let together_at = self.pace.together_at();
        let may_begin = capped.is_none() && (alone > 0 || together_at <= now);
        // The last one that the cap lets through is the one that has all that is left.
        let left = self.pace.left(settings);
        let alone_now = if ready.len() > left { alone.min(left.saturating_sub(1)) } else { alone };
        if may_begin && ready.len() > alone_now {
            self.merge(receiver, &ready, alone_now, around);
        }
        let choice = self.drafts.iter().filter(|(number, draft)| match draft.stage {
            Stage::Open => may_begin && ready.contains(number),
            _ => draft.not_before <= now,
        });
        let chosen = choice.min_by_key(|(_, draft)| {
            let several = draft.message.is_digest();
            let worst = draft.message.items.first().map(rank);
            (draft.tries / STUBBORN_TRIES, draft.is_open(), several, worst)
        });
        if let Some(number) = chosen.map(|(number, _)| *number) {
            self.give_out(number, alone == 0, around);
            return None;
        }
        let (open, sealed): (Vec<_>, Vec<_>) = self.drafts.values().partition(|draft| draft.is_open());
        let beyond = (alone == 0).then_some(together_at);
        let first = open.into_iter().map(|draft| self.free_at(draft, settings)).min();
        let first = first.map(|first| [capped, beyond].into_iter().flatten().fold(first, Moment::max));
        let again = sealed.into_iter().map(|draft| draft.not_before).min();
        first.into_iter().chain(again).min()
    }

    /// When a draft has gathered, and the limiter lets it through.
    fn free_at(&self, draft: &Draft, settings: &AlertSettings) -> Moment {
        (draft.since + GATHER).max(draft.free_at(&self.limiter, settings.rate_limit))
    }

    /// Drafts whose time has come, the worst first; those of several things come last.
    fn ready(&self, settings: &AlertSettings, now: Moment) -> Vec<u64> {
        let open = self.drafts.iter().filter(|(_, draft)| draft.is_open());
        let mut ready: Vec<_> = open.filter(|(_, draft)| self.free_at(draft, settings) <= now).collect();
        ready.sort_by_key(|(_, draft)| (draft.message.is_digest(), draft.message.items.first().map(rank)));
        ready.into_iter().map(|(number, _)| *number).collect()
    }

    /// Seals a message, if it is not, and has it kept so; then it is sent.
    fn give_out(&mut self, number: u64, beyond: bool, around: &mut Around<'_>) {
        let Some(draft) = self.drafts.get_mut(&number) else { return };
        self.on_its_way = Some(number);
        if draft.stage == Stage::Sealed {
            // It is kept as it is: it may have been sent before.
            draft.stage = Stage::Sending;
            around.effects.push(Effect::Send(Arc::new(draft.message.clone())));
            return;
        }
        draft.stage = Stage::Keeping;
        draft.given = Some(around.now);
        (draft.unkept, draft.kept) = (None, true);
        around.keep(number, Some(&draft.paper()));
        around.effects.push(Effect::Barrier(number));
        let Some(draft) = self.drafts.remove(&number) else { return };
        self.count(&draft, beyond, around.settings, around.now);
        self.drafts.insert(number, draft);
    }

    /// A message is given out for the first time: for the limits it is sent.
    fn count(&mut self, draft: &Draft, beyond: bool, settings: &AlertSettings, now: Now) {
        self.pace.gave(now.at, beyond);
        for item in &draft.message.items {
            let incident = &item.incident;
            let told =
                Told { cause: &incident.cause, severity: incident.severity, incident: incident.number };
            self.limiter.told(told, draft.since, now.at, settings.rate_limit);
        }
    }
}

/// The moment of a wall-clock time that is past.
fn before(now: Now, wall_ms: u64) -> Moment {
    now.at - Duration::from_millis(now.wall_ms.saturating_sub(wall_ms))
}
