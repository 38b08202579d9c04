//! Who is told of what, when, and why: rules, repeats, escalation, quiet hours, recovery.
//!
//! For each incident it is known who was told what. Whenever something happens, or its time comes, that is
//! held against who is to be told by the incident's rule, and what is missing is told. So what quiet hours
//! hold back, what a reload adds and what a restart lost need no books of their own.

mod record;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::outbox::{How, Said, Settled, Standing, trimmed};
use super::papers::Paper;
use super::{Change, Event, Happening, Item, Now};
use crate::config::{AlertSettings, Rule};
use crate::model::{Ending, Incident, Moment, Severity, Told, span_words};
pub use record::{Owed, ToldReceiver, ToldRecord, ToldState};

/// Incidents of which it is remembered who was told; the oldest go.
pub const MAX_TOLD: usize = 20_000;
/// Quiet hours go by the wall clock, and such a clock jumps: what they hold is looked at this often.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// After a start it is not known yet what is over: a stream must be live for a minute. Until then nobody hears
/// that what was open before goes on.
const RESTORED_WAITS: Duration = Duration::from_secs(120);

/// What telling is told.
#[derive(Debug, Clone)]
pub enum Input<'a> {
    /// Something became of an incident. After a start: each open one as `Restored`, and of
    /// [`Telling::unheard`] those that have ended as `Ended`.
    Happened(&'a Happening),
    /// Nothing is known of this incident any more.
    Gone(u64),
    /// Something waits no longer in the outbox.
    Settled(&'a Settled),
    /// The configuration was read again.
    Settings(Arc<AlertSettings>),
    /// Time has passed.
    Time,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Tell this receiver.
    Tell {
        /// Who.
        receiver: Arc<str>,
        /// What.
        item: Item,
    },
    /// Somebody knows: what waits in the outbox about it says so, or is not wanted any more.
    Acknowledged(Arc<Incident>),
    /// What waits in the outbox about it is over.
    Ended(Arc<Incident>),
    /// What waits in the outbox about it is not wanted any more.
    Withdrawn(u64),
    /// To the store.
    Keep(Paper),
}

/// Who was told of each incident, and who is to be told next.
#[derive(Debug)]
pub struct Telling {
    settings: Arc<AlertSettings>,
    fallback: Rule,
    known: BTreeMap<u64, Known>,
    due: BTreeSet<(Moment, u64)>,
}

/// One incident, and who was told of it.
#[derive(Debug, Default)]
struct Known {
    /// With no more members than a message names; `None`: nothing was heard of it since the start.
    incident: Option<Arc<Incident>>,
    record: ToldRecord,
    /// What the store has of it.
    kept: Option<ToldRecord>,
    due: Option<Moment>,
    /// Nobody is told before that it goes on.
    not_before: Moment,
}

impl Telling {
    /// What was found in the store: what is known of each incident, and how far the outbox is with it.
    #[must_use]
    pub fn new(
        settings: Arc<AlertSettings>,
        told: Vec<(u64, ToldRecord)>,
        standing: &[Standing],
        now: Now,
    ) -> Self {
        let mut known: BTreeMap<u64, Known> = told
            .into_iter()
            .map(|(number, record)| {
                (number, Known { kept: Some(record.clone()), record, ..Known::default() })
            })
            .collect();
        // What the store has of the outbox was written after the record of its incident: without one, that
        // incident is done with.
        for one in standing {
            if let Some(known) = known.get_mut(&one.said.incident) {
                known.record.stands(one);
            }
        }
        for known in known.values_mut() {
            known.record.restore(now);
            known.not_before = now.at + RESTORED_WAITS;
        }
        let fallback = Rule::fallback(&settings.receivers);
        Self { settings, fallback, known, due: BTreeSet::new() }
    }

    /// Incidents that people were told of and nothing was heard of since the start.
    #[must_use]
    pub fn unheard(&self) -> Vec<u64> {
        let unheard = self.known.iter().filter(|(_, known)| known.incident.is_none());
        unheard.map(|(number, _)| *number).collect()
    }

    /// Takes in what happened and says what is to be done.
    pub fn handle(&mut self, now: Now, input: Input<'_>) -> Vec<Effect> {
        let mut effects = Vec::new();
        match input {
            Input::Happened(happening) => self.happened(now, happening, &mut effects),
            Input::Gone(number) => self.forget(number, &mut effects),
            Input::Settled(settled) => {
                for said in &settled.said {
                    self.settled(&settled.receiver, *said, settled.how);
                    self.look(now, said.incident, &mut effects);
                }
            }
            Input::Settings(settings) => {
                self.fallback = Rule::fallback(&settings.receivers);
                self.settings = settings;
                let numbers: Vec<u64> = self.known.keys().copied().collect();
                for number in numbers {
                    self.look(now, number, &mut effects);
                }
            }
            Input::Time => {
                while let Some((at, number)) = self.due.first().copied()
                    && at <= now.at
                {
                    self.look(now, number, &mut effects);
                }
            }
        }
        effects
    }

    /// When it wants to hear [`Input::Time`].
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        self.due.first().map(|(at, _)| *at)
    }

    /// How far the telling of an incident has come.
    #[must_use]
    pub fn told(&self, number: u64) -> Told {
        self.known.get(&number).map(|known| known.record.told()).unwrap_or_default()
    }

    fn happened(&mut self, now: Now, happening: &Happening, effects: &mut Vec<Effect>) {
        let incident = &happening.incident;
        let number = incident.number;
        let new = !self.known.contains_key(&number);
        if new && !incident.is_open() {
            return;
        }
        if new {
            self.known.insert(number, Known::default());
            if self.known.len() > MAX_TOLD
                && let Some(oldest) = self.known.keys().next().copied()
            {
                self.forget(oldest, effects);
            }
        }
        if matches!(incident.ended, Some((_, Ending::Withdrawn))) {
            effects.push(Effect::Withdrawn(number));
            self.forget(number, effects);
            return;
        }
        let Some(known) = self.known.get_mut(&number) else { return };
        let incident = trimmed(incident);
        let first = known.incident.replace(Arc::clone(&incident)).is_none();
        if first && known.record.alone_wall_ms == 0 {
            known.record.alone_since(now, incident.opened_wall_ms);
        }
        match happening.change {
            Change::Unacknowledged => known.record.alone_since(now, now.wall_ms),
            Change::Rose => known.record.owe(Owed::Worse),
            Change::Flaps => known.record.owe(Owed::Flaps),
            Change::Grew => known.record.owe(Owed::Grown),
            Change::Opened | Change::Acknowledged | Change::Ended | Change::Restored => {}
        }
        if first {
            let rule = self.rule(number);
            let lost =
                self.known.get_mut(&number).map(|known| known.record.take_lost(now)).unwrap_or_default();
            for (receiver, event) in lost {
                let why = format!("rule \"{rule}\"").into();
                effects.push(tell(&receiver, event, &incident, why));
            }
        }
        if !incident.is_open() {
            effects.push(Effect::Ended(incident));
        } else if incident.acknowledged.is_some() && (first || happening.change == Change::Acknowledged) {
            effects.push(Effect::Acknowledged(incident));
        }
        self.look(now, number, effects);
    }

    /// The name of the rule that holds for an incident.
    fn rule(&self, number: u64) -> Arc<str> {
        let incident = self.known.get(&number).and_then(|known| known.incident.as_ref());
        incident.map_or_else(Arc::default, |incident| {
            Arc::clone(&rule_of(&self.settings, &self.fallback, incident).name)
        })
    }

    fn forget(&mut self, number: u64, effects: &mut Vec<Effect>) {
        let Some(known) = self.known.remove(&number) else { return };
        if let Some(due) = known.due {
            self.due.remove(&(due, number));
        }
        if known.kept.is_some() {
            effects.push(Effect::Keep(Paper::told(number, None)));
        }
    }

    fn settled(&mut self, receiver: &Arc<str>, said: Said, how: How) {
        if let Some(known) = self.known.get_mut(&said.incident) {
            known.record.settled(receiver, said, how);
        }
    }

    /// Holds what was told of an incident against what is to be told, and tells what is missing.
    fn look(&mut self, now: Now, number: u64, effects: &mut Vec<Effect>) {
        let Some(known) = self.known.get_mut(&number) else { return };
        if let Some(due) = known.due.take() {
            self.due.remove(&(due, number));
        }
        // What is not heard of yet is looked at when it is.
        let Some(incident) = known.incident.clone() else { return };
        let rule = rule_of(&self.settings, &self.fallback, &incident);
        let not_before = known.not_before;
        let mut look = Look { now, rule, incident: &incident, effects, not_before, next: None };
        let over = if incident.is_open() {
            look.open(&mut known.record, self.settings.update_every);
            false
        } else {
            look.ended(&mut known.record)
        };
        let next = look.next;
        if over {
            self.forget(number, effects);
            return;
        }
        if let Some(next) = next {
            known.due = Some(next);
            self.due.insert((next, number));
        }
        if known.kept.as_ref() != Some(&known.record) {
            known.kept = Some(known.record.clone());
            effects.push(Effect::Keep(Paper::told(number, Some(&known.record))));
        }
    }
}

/// The rule that holds for an incident.
fn rule_of<'a>(settings: &'a AlertSettings, fallback: &'a Rule, incident: &Incident) -> &'a Rule {
    settings.rules.iter().find(|rule| rule.name == incident.rule).unwrap_or(fallback)
}

fn tell(receiver: &Arc<str>, event: Event, incident: &Arc<Incident>, why: Arc<str>) -> Effect {
    let item = Item { event, incident: Arc::clone(incident), why };
    Effect::Tell { receiver: Arc::clone(receiver), item }
}

/// One look at one incident.
struct Look<'a> {
    now: Now,
    rule: &'a Rule,
    incident: &'a Arc<Incident>,
    effects: &'a mut Vec<Effect>,
    /// See [`Known::not_before`].
    not_before: Moment,
    /// When the next look is due.
    next: Option<Moment>,
}

impl Look<'_> {
    fn at(&mut self, moment: Moment) {
        // What is due has been done; what is due and could not be done is looked at again.
        let moment = moment.max(self.now.at + Duration::from_millis(1));
        self.next = Some(self.next.map_or(moment, |next| next.min(moment)));
    }

    /// Whether messages wait now; if so the next look is when they may go.
    fn is_quiet(&mut self) -> bool {
        let Some(quiet) = &self.rule.quiet else { return false };
        if self.incident.severity == Severity::Critical && !self.rule.quiet_critical {
            return false;
        }
        let opening = quiet.at(self.now.wall_ms);
        if opening.open {
            let end = opening.until_ms.map(|end| Duration::from_millis(end.saturating_sub(self.now.wall_ms)));
            self.at(self.now.at + end.unwrap_or(LOOK_AGAIN).min(LOOK_AGAIN));
        }
        opening.open
    }

    fn tell(&mut self, receiver: &Arc<str>, event: Event, why: &str) {
        let why = format!("rule \"{}\"{why}", self.rule.name).into();
        self.effects.push(tell(receiver, event, self.incident, why));
    }

    fn open(&mut self, record: &mut ToldRecord, update_every: Duration) {
        if self.rule.ignore || self.incident.severity < self.rule.at_least {
            return;
        }
        let alone = self.incident.acknowledged.is_none();
        self.escalate(record, alone);
        let mut due: Vec<(&Arc<str>, Event)> =
            self.rule.tell.iter().map(|receiver| (receiver, Event::Raised)).collect();
        if record.escalated {
            due.extend(self.rule.escalate_to.iter().map(|receiver| (receiver, Event::Escalated)));
        }
        for (receiver, event) in due {
            match record.told.iter().position(|told| told.receiver == *receiver) {
                Some(at) => self.go_on(&mut record.told[at], alone, update_every),
                // Somebody knows, so nobody new is woken.
                None if alone => self.first(record, receiver, event),
                None => {}
            }
        }
    }

    fn escalate(&mut self, record: &mut ToldRecord, alone: bool) {
        let Some(after) = self.rule.escalate_after else { return };
        if record.escalated || !alone || self.rule.escalate_to.is_empty() {
            return;
        }
        let at = (record.alone_at + after).max(self.not_before);
        if at <= self.now.at {
            record.escalated = true;
        } else {
            self.at(at);
        }
    }

    /// One who has not been told yet.
    fn first(&mut self, record: &mut ToldRecord, receiver: &Arc<str>, event: Event) {
        if event == Event::Escalated && self.not_before > self.now.at {
            // Quiet hours held it back in an earlier run.
            self.at(self.not_before);
            return;
        }
        if self.is_quiet() {
            record.waited = true;
            return;
        }
        let mut why = String::new();
        if event == Event::Escalated {
            let after = span_words(self.rule.escalate_after.unwrap_or_default());
            why = format!(", after {after} without acknowledgement");
        }
        if record.waited {
            why += ", after quiet hours";
        }
        self.tell(receiver, event, &why);
        record.told.push(ToldReceiver::new(receiver, event, self.now));
        self.again(self.now.at);
    }

    /// When one who was told then is told again.
    fn again(&mut self, told_at: Moment) {
        if let Some(repeat) = self.rule.repeat {
            self.at(told_at + repeat);
        }
    }

    /// One who has been told.
    fn go_on(&mut self, told: &mut ToldReceiver, alone: bool, update_every: Duration) {
        let changed = match told.owes {
            // Who works on it does not want to hear how it goes, only that it is worse.
            Some(owed) if alone || owed == Owed::Worse => {
                let at = if owed == Owed::Grown { told.told_at + update_every } else { self.now.at };
                Some((owed, at))
            }
            _ => None,
        };
        let repeat = self.rule.repeat.filter(|_| alone);
        if let Some((owed, at)) = changed {
            if at > self.now.at {
                self.at(at);
            } else if !self.is_quiet() {
                self.tell(&told.receiver, Event::Changed, owed.why());
                told.tell(Event::Changed, self.now);
            }
        }
        let Some(repeat) = repeat else { return };
        let at = (told.told_at + repeat).max(self.not_before);
        if at > self.now.at {
            self.at(at);
        } else if told.state == ToldState::Waits {
            // What waits is told with all that has come to it: no need to say it twice.
            self.at(self.now.at + repeat);
        } else if !self.is_quiet() {
            let why = format!(", again after {} while nobody acknowledges", span_words(repeat));
            self.tell(&told.receiver, Event::Repeated, &why);
            told.tell(Event::Repeated, self.now);
            self.again(self.now.at);
        }
    }

    /// Says that it is over, to whom knows of it. Whether nothing is left to be done.
    fn ended(&mut self, record: &mut ToldRecord) -> bool {
        let mut left = false;
        for told in &mut record.told {
            let tells = self.rule.recovery && told.knows && !told.knows_end;
            if told.event != Event::Recovered && tells {
                left = true;
                if !self.is_quiet() {
                    self.tell(&told.receiver, Event::Recovered, ", to whom was told of it");
                    told.tell(Event::Recovered, self.now);
                }
            } else {
                left |= told.state == ToldState::Waits;
            }
        }
        !left
    }
}
