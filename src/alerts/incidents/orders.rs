//! What operators do with incidents.

use std::sync::Arc;

use crate::alerts::{Change, Now};
use crate::model::{
    Acknowledgement, Condition, ConditionKind, IncidentNote, IncidentOrder, MAX_INCIDENT_NOTES, Row,
    Severity, StreamId, clean_line, clean_note,
};

use super::trouble::{Standing, Subject};
use super::{Effect, Incidents};

/// The longest name of somebody, bytes.
const MAX_BY: usize = 64;

impl Incidents {
    pub(super) fn take_order(&mut self, now: Now, number: u64, order: &IncidentOrder, by: &str) {
        let Some(incident) = self.kept.get(&number) else {
            self.effects.push(Effect::Refuse(format!("there is no incident {number}")));
            return;
        };
        let by: Arc<str> = clean_line(by, MAX_BY).into();
        match order {
            IncidentOrder::Note(text) => self.note(now, number, text, by),
            // What is over stays over.
            _ if !incident.is_open() => {
                self.effects.push(Effect::Refuse(format!("incident {number} is over")));
            }
            IncidentOrder::Acknowledge => {
                if incident.acknowledged.is_some() {
                    return;
                }
                if let Some(incident) = self.edit(number) {
                    incident.acknowledged = Some(Acknowledgement { wall_ms: now.wall_ms, by });
                }
                self.say(number, Change::Acknowledged);
                self.acknowledge_streams(number, false);
            }
            IncidentOrder::Unacknowledge => {
                if incident.acknowledged.is_none() {
                    return;
                }
                self.unacknowledge(number);
                self.acknowledge_streams(number, true);
            }
        }
    }

    fn note(&mut self, now: Now, number: u64, text: &str, by: Arc<str>) {
        let text = clean_note(text);
        if text.is_empty() {
            self.effects.push(Effect::Refuse("an empty note says nothing".to_owned()));
            return;
        }
        if let Some(incident) = self.edit(number) {
            incident.notes.push(IncidentNote { wall_ms: now.wall_ms, by, text });
            let excess = incident.notes.len().saturating_sub(MAX_INCIDENT_NOTES);
            incident.notes.drain(..excess);
        }
    }

    fn unacknowledge(&mut self, number: u64) {
        if let Some(incident) = self.edit(number) {
            incident.acknowledged = None;
        }
        if let Some(open) = self.open.get_mut(&number) {
            (open.heeds_rows, open.by_rows) = (false, None);
        }
        self.say(number, Change::Unacknowledged);
    }

    /// Streams are acknowledged with their incident.
    fn acknowledge_streams(&mut self, number: u64, undo: bool) {
        let Some(open) = self.open.get(&number) else { return };
        let mut streams: Vec<StreamId> = Vec::new();
        for row in open.failing.iter().filter_map(|subject| self.rows.get(&subject.stream()?)) {
            if row.care.acknowledged.is_some() == undo && streams.last() != Some(&row.id) {
                streams.push(row.id.clone());
            }
        }
        if !streams.is_empty() {
            self.wants.push(Effect::Acknowledge { streams, undo });
        }
    }

    /// Streams are acknowledged by themselves too. `before`: the row as it was; `None`: it is seen for the
    /// first time.
    pub(super) fn acknowledged_in_row(&mut self, now: Now, row: &Row, before: Option<&Row>) {
        let is = row.care.acknowledged.is_some();
        let Some(before) = before.filter(|before| before.care.acknowledged.is_some() != is) else { return };
        let ordered = !is_news(before, row);
        let subjects: Vec<Subject> = self.subjects_of(row.ix).collect();
        for subject in subjects {
            let Some(trouble) = self.troubles.get(&subject) else { continue };
            let Some(number) = trouble.incident else { continue };
            let (fails, severity) = (trouble.standing == Standing::Failing, trouble.found.severity);
            if is {
                if let Some(open) = self.open.get_mut(&number) {
                    open.heeds_rows = true;
                }
                self.heed_rows(now, number);
            } else if fails
                && self.by_rows(number).is_some_and(|known| ordered || severity > known)
                && !self.any_row_acknowledged(number)
            {
                self.unacknowledge(number);
            }
        }
    }

    /// How bad it was when its rows said that somebody knows. `None`: they did not.
    fn by_rows(&self, number: u64) -> Option<Severity> {
        self.kept.get(&number)?.acknowledged.as_ref()?;
        self.open.get(&number)?.by_rows
    }

    fn any_row_acknowledged(&self, number: u64) -> bool {
        let Some(open) = self.open.get(&number) else { return false };
        let mut rows = open.failing.iter().filter_map(|subject| self.rows.get(&subject.stream()?));
        rows.any(|row| row.care.acknowledged.is_some())
    }
}

/// Whether a row has a critical fault that it had not before: then it lost its acknowledgement because that
/// does not cover it, and nobody took it back.
fn is_news(before: &Row, row: &Row) -> bool {
    let critical = |row: &Row| -> Vec<ConditionKind> {
        let critical = |condition: &&Condition| {
            condition.severity == Severity::Critical && condition.explained.is_none()
        };
        row.conditions.iter().filter(critical).map(|condition| condition.kind).collect()
    };
    let known = critical(before);
    critical(row).iter().any(|kind| !known.contains(kind))
}
