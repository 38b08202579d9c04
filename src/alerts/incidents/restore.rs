//! What was open when headend ended stays open, until its streams are seen to be well.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::alerts::{Change, Now};
use crate::model::{Cause, ConditionKind, Ending, Incident, Moment, Row, Severity, StreamId};

use super::Incidents;
use super::family::Family;
use super::opening::{Key, Open, SOMEBODY};
use super::rules::RuleIx;
use super::trouble::{Found, Standing, Subject, Trouble};

/// Streams of open incidents that have no row so long after the start are gone.
const ABSENT_FOR: Duration = Duration::from_secs(120);

/// Streams of open incidents that were not seen yet in this run.
#[derive(Debug, Default)]
pub struct Absent {
    incidents: BTreeMap<StreamId, BTreeSet<u64>>,
    until: Option<Moment>,
}

impl Absent {
    /// When they are given up.
    pub fn until(&self) -> Option<Moment> {
        self.until.filter(|_| !self.incidents.is_empty())
    }
}

fn kind_of(cause: &Cause) -> Option<ConditionKind> {
    match cause {
        Cause::Stream { kind, .. } | Cause::Origin { kind, .. } => Some(*kind),
        Cause::Headend { .. } => None,
    }
}

impl Incidents {
    pub(super) fn restore(&mut self, now: Now, mut restored: Vec<Incident>) {
        restored.sort_by_key(|incident| incident.number);
        self.absent.until = Some(now.at + ABSENT_FOR);
        for incident in restored {
            let number = incident.number;
            self.next_number = self.next_number.max(number.saturating_add(1));
            if let Some((wall_ms, _)) = incident.ended {
                self.ended.insert((wall_ms, number));
            }
            let is_open = incident.is_open();
            self.kept.insert(number, Arc::new(incident));
            if is_open {
                self.reopen(now, number);
            }
        }
        if !self.ended.is_empty() {
            self.prune_at = Some(now.at);
        }
    }

    fn reopen(&mut self, now: Now, number: u64) {
        let Some(incident) = self.kept.get(&number).map(Arc::clone) else { return };
        let key = Key::of(&incident.cause);
        let rule = self.rules.named(&incident.rule);
        let mut open = Open::new(key.clone(), rule, moment(now, incident.began_wall_ms), now.at);
        open.told = true;
        let somebody = incident.acknowledged.as_ref().filter(|known| *known.by == *SOMEBODY);
        open.by_rows = somebody.map(|_| incident.severity);
        open.unnamed_before = incident.more_members;
        open.recovered = incident.members.iter().any(|member| member.cleared_wall_ms.is_some());
        for (place, member) in incident.members.iter().enumerate() {
            open.places.insert(member.stream.clone(), place);
            if member.cleared_wall_ms.is_none() {
                open.absent +=
                    u32::from(self.absent.incidents.entry(member.stream.clone()).or_default().insert(number));
            }
        }
        self.open.insert(number, open);
        self.touched.entry(number).or_default();
        if self.index.contains_key(&key) {
            self.give_up(now, number);
            self.finish(now, number, Ending::Withdrawn);
            return;
        }
        self.index.insert(key.clone(), number);
        if let Key::Notice(kind) = key {
            let found = found(&incident, rule, self.began);
            let subject = Subject::Notice(kind);
            self.notice_was_there(subject, found, number, now);
            if let Some(open) = self.open.get_mut(&number) {
                open.failing.insert(subject);
            }
        }
        self.say(number, Change::Restored);
        self.ends_if_over(now, number);
    }

    /// A stream of incidents of an earlier run is here: what is wrong with it, its rows will say.
    pub(super) fn adopt(&mut self, now: Now, row: &Arc<Row>) {
        if self.absent.incidents.is_empty() {
            return;
        }
        let Some(numbers) = self.absent.incidents.remove(&row.id) else { return };
        for number in numbers {
            let Some(incident) = self.kept.get(&number).map(Arc::clone) else { continue };
            let Some(open) = self.open.get_mut(&number) else { continue };
            open.absent = open.absent.saturating_sub(1);
            let Some(kind) = kind_of(&incident.cause) else { continue };
            let family = Family::of(kind);
            let subject = Subject::Stream(row.ix, family);
            if self.troubles.contains_key(&subject) {
                // It belongs to another incident already.
                self.stamp(number, &row.id, now.wall_ms);
                self.ends_if_over(now, number);
                continue;
            }
            open.failing.insert(subject);
            let member = open.places.get(&row.id).and_then(|place| incident.members.get(*place));
            let since_wall_ms = member.map_or(incident.began_wall_ms, |member| member.since_wall_ms);
            let since = moment(now, since_wall_ms);
            let rule = self.rules.for_stream(row, kind, now.at);
            let mut trouble = Trouble::new(now.at, found(&incident, rule, since));
            trouble.standing = Standing::Unknown { was_well: false };
            trouble.restored = true;
            trouble.incident = Some(number);
            trouble.input = member.map_or_else(|| Arc::clone(&row.input), |member| Arc::clone(&member.input));
            if let Cause::Origin { host, .. } = &incident.cause
                && !host.is_empty()
            {
                trouble.host = Some(Arc::clone(host));
                self.by_host.entry((Arc::clone(host), family)).or_default().insert(row.ix);
            }
            self.troubles.insert(subject, trouble);
            self.rows.insert(row.ix, Arc::clone(row));
        }
    }

    /// Who has no row by now has none any more.
    pub(super) fn give_up_absent(&mut self, now: Now) {
        self.absent.until = None;
        let absent = std::mem::take(&mut self.absent.incidents);
        for (id, numbers) in absent {
            for number in numbers {
                if let Some(open) = self.open.get_mut(&number) {
                    open.absent = open.absent.saturating_sub(1);
                }
                self.stamp(number, &id, now.wall_ms);
                self.ends_if_over(now, number);
            }
        }
    }

    /// There is another one of the same cause.
    fn give_up(&mut self, now: Now, number: u64) {
        let others = std::mem::take(&mut self.absent.incidents);
        for (id, mut numbers) in others {
            if numbers.remove(&number) {
                self.stamp(number, &id, now.wall_ms);
            }
            if !numbers.is_empty() {
                self.absent.incidents.insert(id, numbers);
            }
        }
    }
}

fn found(incident: &Incident, rule: RuleIx, since: Moment) -> Found {
    let critical_since = (incident.severity == Severity::Critical).then_some(since);
    Found { kind: kind_of(&incident.cause), severity: incident.severity, rule, since, critical_since }
}

/// The moment of a wall-clock time that is past.
fn moment(now: Now, wall_ms: u64) -> Moment {
    now.at - Duration::from_millis(now.wall_ms.saturating_sub(wall_ms))
}
