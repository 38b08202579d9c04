//! From troubles to incidents: alone, or together with those that fail for the same reason.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::alerts::{Change, Now};
use crate::model::{
    Acknowledgement, Cause, ConditionKind, Incident, MAX_MEMBERS, Member, Moment, NoticeKind, Severity,
    StreamId, StreamIx,
};

use super::family::{Family, tells};
use super::rules::RuleIx;
use super::trouble::{Subject, Trouble};
use super::{Effect, Incidents, LINES_WAIT, MAX_OPEN, wall, words};

/// Streams that began to fail no further apart than this can have failed together.
const TOGETHER_WITHIN: Duration = Duration::from_secs(60);
/// A kind that says no more than the one before takes its place this much later, not sooner: a dead stream
/// says another thing with every try.
const KIND_KEEPS: Duration = Duration::from_secs(60);
/// Who acknowledged, where only the rows say that somebody did.
pub const SOMEBODY: &str = "operator";

/// What an open incident is the one of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A family of faults of one stream.
    Stream(StreamId, Family),
    /// The same of a host's streams.
    Origin(Arc<str>, Family),
    /// A notice.
    Notice(NoticeKind),
    /// All streams beyond [`MAX_OPEN`] incidents.
    Beyond,
}

impl Key {
    /// The key of a stored incident.
    pub fn of(cause: &Cause) -> Self {
        match cause {
            Cause::Stream { stream, kind } => Self::Stream(stream.clone(), Family::of(*kind)),
            Cause::Origin { host, .. } if host.is_empty() => Self::Beyond,
            Cause::Origin { host, kind } => Self::Origin(Arc::clone(host), Family::of(*kind)),
            Cause::Headend { notice } => Self::Notice(*notice),
        }
    }
}

/// What is known of an open incident beyond what is stored.
#[derive(Debug)]
pub struct Open {
    pub key: Key,
    /// Those that have it, or had it until a moment ago.
    pub failing: BTreeSet<Subject>,
    /// Streams of it that were seen last in an earlier run.
    pub absent: u32,
    /// One of them was well again by itself.
    pub recovered: bool,
    /// People may have been told.
    pub told: bool,
    /// Until when it waits for its log lines.
    pub tell_at: Option<Moment>,
    /// What rows say of acknowledgements counts. After somebody took it back, it does not.
    pub heeds_rows: bool,
    /// Its rows, and not an order about it, said that somebody knows: so bad it was then.
    pub by_rows: Option<Severity>,
    /// Since when there is what it is about: what somebody acknowledged before was something else.
    pub began: Moment,
    /// The most important of its streams' rules.
    pub rule: RuleIx,
    /// Where each member stands in the list.
    pub places: BTreeMap<StreamId, usize>,
    /// Streams beyond the list; those of an earlier run are only counted.
    pub unnamed: BTreeSet<StreamIx>,
    pub unnamed_before: u32,
    pub kind_since: Moment,
}

impl Open {
    pub const fn new(key: Key, rule: RuleIx, began: Moment, now: Moment) -> Self {
        Self {
            key,
            failing: BTreeSet::new(),
            absent: 0,
            recovered: false,
            told: false,
            tell_at: None,
            heeds_rows: true,
            by_rows: None,
            began,
            rule,
            places: BTreeMap::new(),
            unnamed: BTreeSet::new(),
            unnamed_before: 0,
            kind_since: now,
        }
    }
}

impl Incidents {
    /// This one has lasted long enough: it is an incident, or a part of one.
    pub(super) fn opens(&mut self, now: Now, subject: Subject) {
        let Some(trouble) = self.troubles.get(&subject) else { return };
        let (key, subjects) = match subject {
            Subject::Notice(kind) => (Key::Notice(kind), vec![subject]),
            Subject::Stream(ix, family) => {
                let together = self.together_with(subject);
                match trouble.host.clone() {
                    Some(host) if together.len() >= self.rules.together() => {
                        (Key::Origin(host, family), together)
                    }
                    _ => {
                        let Some(row) = self.rows.get(&ix) else { return };
                        (Key::Stream(row.id.clone(), family), vec![subject])
                    }
                }
            }
        };
        let full = self.open.len() >= MAX_OPEN && subject.stream().is_some();
        let key = if full && !self.index.contains_key(&key) { Key::Beyond } else { key };
        match self.index.get(&key).copied() {
            Some(number) => {
                for subject in subjects {
                    self.moves(now, number, subject);
                }
            }
            None => self.create(now, key, subjects),
        }
    }

    /// Those that fail with this one for one reason, itself too: same host, same family, about the same time.
    fn together_with(&self, subject: Subject) -> Vec<Subject> {
        let (Some(one), Subject::Stream(_, family)) = (self.troubles.get(&subject), subject) else {
            return vec![subject];
        };
        let Some(streams) = one.host.clone().and_then(|host| self.by_host.get(&(host, family))) else {
            return vec![subject];
        };
        let subjects = streams.iter().map(|ix| Subject::Stream(*ix, family));
        let mut found: Vec<(Moment, Subject)> = subjects
            .filter_map(|subject| {
                let other = self.troubles.get(&subject).filter(|other| other.is_felt())?;
                let apart = one.since().since(other.since()).max(other.since().since(one.since()));
                // What is an incident of one stream can become a part of one of many.
                let free = other.incident.is_none_or(|number| {
                    self.open.get(&number).is_some_and(|open| matches!(open.key, Key::Stream(..)))
                });
                (free && apart <= TOGETHER_WITHIN).then_some((other.since(), subject))
            })
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, subject)| subject).collect()
    }

    /// A new incident. The subjects stand in the order in which they began to fail.
    fn create(&mut self, now: Now, key: Key, subjects: Vec<Subject>) {
        let Some((first, trouble)) =
            subjects.first().and_then(|first| Some((*first, self.troubles.get(first)?)))
        else {
            return;
        };
        let kind = trouble.found.kind.unwrap_or(ConditionKind::Exited);
        let cause = match &key {
            Key::Stream(stream, _) => Cause::Stream { stream: stream.clone(), kind },
            Key::Origin(host, _) => Cause::Origin { host: Arc::clone(host), kind },
            Key::Beyond => Cause::Origin { host: "".into(), kind },
            Key::Notice(notice) => Cause::Headend { notice: *notice },
        };
        let began_wall_ms = wall(now, trouble.since());
        // What began while nobody wanted to know counts from later, and may be known since before.
        let began = trouble.since().min(trouble.found.since);
        let number = self.next_number;
        self.next_number += 1;
        let rule = trouble.found.rule;
        let title = if let Key::Notice(kind) = &key { self.title_of(*kind) } else { "".into() };
        let incident = Incident {
            number,
            cause,
            severity: Severity::Warning,
            title,
            began_wall_ms,
            opened_wall_ms: now.wall_ms.max(began_wall_ms),
            ended: None,
            flapping: None,
            members: Vec::new(),
            more_members: 0,
            values: self.values(first),
            lines: Vec::new(),
            acknowledged: None,
            notes: Vec::new(),
            rule: self.rules.name(rule),
        };
        let mut open = Open::new(key.clone(), rule, began, now.at);
        let stream = first.stream();
        open.tell_at = stream.map(|_| now.at + LINES_WAIT);
        self.untold.extend(open.tell_at.map(|at| (at, number)));
        self.wants.extend(stream.map(|stream| Effect::WantLines { number, stream }));
        self.kept.insert(number, Arc::new(incident));
        self.open.insert(number, open);
        self.index.insert(key, number);
        self.touched.entry(number).or_default();
        for subject in subjects {
            self.moves(now, number, subject);
        }
        if stream.is_none() {
            self.tell(number);
        }
    }

    fn values(&self, subject: Subject) -> Vec<(Arc<str>, Arc<str>)> {
        match subject {
            Subject::Stream(ix, family) => {
                self.rows.get(&ix).map(|row| words::values(row, family)).unwrap_or_default()
            }
            Subject::Notice(kind) => {
                let text = self.notices.get(&kind).map(|notice| Arc::clone(&notice.text));
                text.map(|text| ("notice".into(), text)).into_iter().collect()
            }
        }
    }

    /// From its own incident, if it has one, into this one.
    fn moves(&mut self, now: Now, number: u64, subject: Subject) {
        let alone = self.troubles.get_mut(&subject).and_then(|trouble| trouble.incident.take());
        self.add(now, number, subject);
        if let Some(alone) = alone.filter(|alone| *alone != number) {
            self.absorbed(now, alone, subject, number);
        }
    }

    /// One more has it.
    pub(super) fn add(&mut self, now: Now, number: u64, subject: Subject) {
        let (Some(trouble), Some(open)) = (self.troubles.get_mut(&subject), self.open.get_mut(&number))
        else {
            return;
        };
        trouble.incident = Some(number);
        open.failing.insert(subject);
        let (since, input) = (trouble.since(), Arc::clone(&trouble.input));
        let mut grew = false;
        if let Some(ix) = subject.stream()
            && let Some(row) = self.rows.get(&ix)
            && let Some(incident) = self.kept.get_mut(&number).map(Arc::make_mut)
        {
            let next = incident.members.len();
            if let Some(member) = open.places.get(&row.id).and_then(|place| incident.members.get_mut(*place))
            {
                member.cleared_wall_ms = None;
            } else if next < MAX_MEMBERS {
                grew = true;
                open.places.insert(row.id.clone(), next);
                incident.members.push(Member {
                    stream: row.id.clone(),
                    name: Arc::clone(&row.name),
                    input,
                    since_wall_ms: wall(now, since),
                    cleared_wall_ms: None,
                });
            } else if open.unnamed.insert(ix) {
                // Those of an earlier run are counted already.
                grew = open.unnamed_before == 0;
                open.unnamed_before = open.unnamed_before.saturating_sub(1);
                incident.more_members += u32::from(grew);
            }
            self.touched.entry(number).or_default();
        }
        if grew {
            self.say(number, Change::Grew);
        }
        self.still_fails(now, number, subject);
        self.reschedule(subject);
    }

    /// What is seen of a part of an incident: is it worse, or more telling?
    pub(super) fn still_fails(&mut self, now: Now, number: u64, subject: Subject) {
        let (Some(found), Some(incident)) =
            (self.troubles.get(&subject).map(|trouble| trouble.found), self.kept.get(&number))
        else {
            return;
        };
        let (severity, cause) = (incident.severity, incident.cause.clone());
        let rose = found.severity > severity;
        if rose && let Some(incident) = self.edit(number) {
            incident.severity = found.severity;
            self.say(number, Change::Rose);
        }
        if let Cause::Stream { kind, .. } = cause
            && let Some(other) = found.kind.filter(|other| *other != kind)
            && let Some(open) = self.open.get_mut(&number)
        {
            let more = rose || tells(other) > tells(kind);
            let as_much = tells(other) == tells(kind) && now.at.since(open.kind_since) >= KIND_KEEPS;
            if more || as_much {
                open.kind_since = now.at;
                if let Some(Incident { cause: Cause::Stream { kind, .. }, .. }) = self.edit(number) {
                    *kind = other;
                }
            }
        }
        if matches!(cause, Cause::Origin { kind, .. } if found.kind.is_some_and(|other| other != kind)) {
            self.recount.insert(number);
        }
        if self.open.get(&number).is_some_and(|open| found.rule < open.rule) {
            let name = self.rules.name(found.rule);
            if let Some(open) = self.open.get_mut(&number) {
                open.rule = found.rule;
            }
            if let Some(incident) = self.edit(number) {
                incident.rule = name;
            }
        }
        self.mark_flapping(number, subject);
    }

    /// It is marked once, however often it comes and goes after that.
    pub(super) fn mark_flapping(&mut self, number: u64, subject: Subject) {
        let flapping = self.troubles.get(&subject).and_then(Trouble::flapping);
        if flapping.is_some()
            && self.kept.get(&number).is_some_and(|incident| incident.flapping.is_none())
            && let Some(incident) = self.edit(number)
        {
            incident.flapping = flapping;
            self.say(number, Change::Flaps);
        }
    }

    /// Its title, and what most of its streams have.
    pub(super) fn refresh(&mut self, number: u64) {
        let (Some(open), Some(incident)) = (self.open.get(&number), self.kept.get(&number)) else { return };
        let streams = incident.members.len() + incident.more_members as usize;
        let (cause, title) = match &incident.cause {
            Cause::Stream { kind, .. } => {
                let name = incident.members.first().map_or("", |member| &*member.name);
                (None, words::of_stream(name, *kind))
            }
            Cause::Origin { kind, .. } if open.key == Key::Beyond => (Some(*kind), words::of_others(streams)),
            Cause::Origin { host, kind } => {
                let most = self.most_have(open, *kind);
                (Some(most), words::of_host(streams, host, most))
            }
            Cause::Headend { .. } => return,
        };
        if let Some(incident) = self.kept.get_mut(&number).map(Arc::make_mut) {
            incident.title = title;
            if let (Cause::Origin { kind, .. }, Some(most)) = (&mut incident.cause, cause) {
                *kind = most;
            }
        }
    }

    /// Some of a host's streams say another thing now. Do most of them?
    pub(super) fn call_anew(&mut self, now: Now, number: u64) {
        let (Some(open), Some(incident)) = (self.open.get(&number), self.kept.get(&number)) else { return };
        let Cause::Origin { kind, .. } = incident.cause else { return };
        let most = self.most_have(open, kind);
        let may = tells(most) > tells(kind) || now.at.since(open.kind_since) >= KIND_KEEPS;
        if most != kind && may {
            if let Some(open) = self.open.get_mut(&number) {
                open.kind_since = now.at;
            }
            // What is touched is called anew.
            self.touched.entry(number).or_default();
        }
    }

    /// The kind most of them have; of as many, the one it is called after.
    fn most_have(&self, open: &Open, called: ConditionKind) -> ConditionKind {
        let mut counts: BTreeMap<ConditionKind, usize> = BTreeMap::new();
        let troubles = open.failing.iter().filter_map(|subject| self.troubles.get(subject));
        for kind in troubles.filter_map(|trouble| trouble.found.kind) {
            *counts.entry(kind).or_default() += 1;
        }
        let most = counts.into_iter().max_by_key(|(kind, count)| (*count, *kind == called, tells(*kind)));
        most.map_or(called, |(kind, _)| kind)
    }

    /// Whether the rows say that somebody knows about all of it.
    pub(super) fn heed_rows(&mut self, now: Now, number: u64) {
        let (Some(open), Some(incident)) = (self.open.get(&number), self.kept.get(&number)) else { return };
        let known = |subject: &Subject| {
            let row = subject.stream().and_then(|ix| self.rows.get(&ix));
            row.is_some_and(|row| row.care.acknowledged.is_some_and(|at| at >= open.began))
        };
        let severity = incident.severity;
        let all = open.heeds_rows
            && open.absent == 0
            && incident.acknowledged.is_none()
            && !open.failing.is_empty()
            && open.failing.iter().all(known);
        if all && let Some(incident) = self.edit(number) {
            incident.acknowledged = Some(Acknowledgement { wall_ms: now.wall_ms, by: SOMEBODY.into() });
            self.say(number, Change::Acknowledged);
            if let Some(open) = self.open.get_mut(&number) {
                open.by_rows = Some(severity);
            }
        }
    }

    /// The rules are other ones: each incident's is the most important of its streams' again.
    pub(super) fn name_rules_anew(&mut self) {
        let numbers: Vec<u64> = self.open.keys().copied().collect();
        for number in numbers {
            let Some(open) = self.open.get_mut(&number) else { continue };
            let troubles = open.failing.iter().filter_map(|subject| self.troubles.get(subject));
            let Some(rule) = troubles.map(|trouble| trouble.found.rule).min() else { continue };
            open.rule = rule;
            let name = self.rules.name(rule);
            if self.kept.get(&number).is_some_and(|incident| incident.rule != name)
                && let Some(incident) = self.edit(number)
            {
                incident.rule = name;
            }
        }
    }
}
