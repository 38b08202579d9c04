//! How incidents end, and how long they are kept.

use std::sync::Arc;

use crate::alerts::{Change, Now};
use crate::model::{Ending, IncidentNote, MAX_INCIDENT_NOTES, StreamId};

use super::family::Family;
use super::trouble::{Standing, Subject};
use super::{Effect, Incidents, PRUNE_EVERY, wall};

impl Incidents {
    /// It has been gone long enough.
    pub(super) fn recovers(&mut self, now: Now, subject: Subject) {
        let Some(trouble) = self.troubles.get_mut(&subject) else { return };
        trouble.settles(now.at, &self.rules);
        let since = if let Standing::Well { since, .. } = trouble.standing { since } else { now.at };
        let Some(number) = trouble.incident.take() else { return };
        if let Some(open) = self.open.get_mut(&number) {
            open.recovered = true;
        }
        self.parts(now, number, subject, wall(now, since));
    }

    /// Nobody wants to know about this one any more.
    pub(super) fn leaves(&mut self, now: Now, subject: Subject) {
        let number = self.troubles.get_mut(&subject).and_then(|trouble| trouble.incident.take());
        if let Some(number) = number {
            self.parts(now, number, subject, now.wall_ms);
        }
    }

    /// A part of the incident is over; with the last one it is over itself.
    fn parts(&mut self, now: Now, number: u64, subject: Subject, wall_ms: u64) {
        if let Some(open) = self.open.get_mut(&number) {
            open.failing.remove(&subject);
        }
        if let Some(ix) = subject.stream() {
            let others = self.open.get(&number).is_some_and(|open| {
                let (first, last) = (Family::ALL[0], Family::ALL[Family::ALL.len() - 1]);
                let of_it = Subject::Stream(ix, first)..=Subject::Stream(ix, last);
                open.failing.range(of_it).next().is_some()
            });
            let id = self.rows.get(&ix).map(|row| row.id.clone());
            if let Some(id) = id.filter(|_| !others) {
                self.stamp(number, &id, wall_ms);
            }
        }
        self.ends_if_over(now, number);
    }

    /// This member is well, or out of it.
    pub(super) fn stamp(&mut self, number: u64, id: &StreamId, wall_ms: u64) {
        let Some(place) = self.open.get(&number).and_then(|open| open.places.get(id).copied()) else {
            return;
        };
        if let Some(member) = self.edit(number).and_then(|incident| incident.members.get_mut(place)) {
            member.cleared_wall_ms = Some(wall_ms.max(member.since_wall_ms));
        }
    }

    pub(super) fn ends_if_over(&mut self, now: Now, number: u64) {
        let Some(open) = self.open.get(&number) else { return };
        if open.failing.is_empty() && open.absent == 0 {
            let ending = if open.recovered { Ending::Cleared } else { Ending::Withdrawn };
            self.finish(now, number, ending);
        }
    }

    /// A part of the incident `alone` belongs to `number` from now on.
    pub(super) fn absorbed(&mut self, now: Now, alone: u64, subject: Subject, number: u64) {
        if let Some(open) = self.open.get_mut(&alone) {
            open.failing.remove(&subject);
        }
        if let Some(incident) = self.edit(alone) {
            for member in &mut incident.members {
                member.cleared_wall_ms =
                    member.cleared_wall_ms.or(Some(now.wall_ms.max(member.since_wall_ms)));
            }
            let text: Arc<str> = format!("belongs to incident {number}").into();
            incident.notes.push(IncidentNote { wall_ms: now.wall_ms, by: "headend".into(), text });
            let excess = incident.notes.len().saturating_sub(MAX_INCIDENT_NOTES);
            incident.notes.drain(..excess);
        }
        self.ends_if_over(now, alone);
    }

    pub(super) fn finish(&mut self, now: Now, number: u64, ending: Ending) {
        self.say(number, Change::Ended);
        let Some(open) = self.open.remove(&number) else { return };
        self.index.remove(&open.key);
        open.tell_at.map(|at| self.untold.remove(&(at, number)));
        let Some(incident) = self.edit(number) else { return };
        let wall_ms = now.wall_ms.max(incident.opened_wall_ms);
        incident.ended = Some((wall_ms, ending));
        self.ended.insert((wall_ms, number));
        self.prune_at = Some(now.at);
    }

    /// Forgets ended incidents that are too many, or too old.
    pub(super) fn prune(&mut self, now: Now) {
        if self.prune_at.is_none_or(|at| at > now.at) {
            return;
        }
        let keep_for = u64::try_from(self.rules.settings.keep_for.as_millis()).unwrap_or(u64::MAX);
        while let Some(&(wall_ms, number)) = self.ended.first() {
            let many = self.ended.len() > self.rules.settings.keep as usize;
            if !many && now.wall_ms.saturating_sub(wall_ms) <= keep_for {
                break;
            }
            self.ended.pop_first();
            self.kept.remove(&number);
            self.effects.push(Effect::Forget(number));
        }
        self.prune_at = (!self.ended.is_empty()).then(|| now.at + PRUNE_EVERY);
    }
}
