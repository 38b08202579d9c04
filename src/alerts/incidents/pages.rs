//! Incidents, read back.

use std::sync::Arc;

use crate::model::{Availability, Incident, IncidentPage, IncidentQuery, StreamId};

use super::{Incidents, MAX_PAGE, MAX_PAGE_MEMBERS};

impl Incidents {
    /// What the query finds, newest first: at most [`MAX_PAGE`], with at most [`MAX_PAGE_MEMBERS`] members
    /// each unless one alone is asked for. The availability is left empty.
    #[must_use]
    pub fn page(&self, query: &IncidentQuery) -> IncidentPage {
        let count = query.count.min(MAX_PAGE) as usize;
        let older = self.kept.range(..query.before.unwrap_or(u64::MAX)).rev();
        let mut found = older.map(|(_, incident)| incident).filter(|incident| asked_for(incident, query));
        let incidents = found.by_ref().take(count).map(|incident| shortened(incident, count)).collect();
        IncidentPage { incidents, more: found.next().is_some(), availability: Availability::default() }
    }
}

fn asked_for(incident: &Incident, query: &IncidentQuery) -> bool {
    let of_stream = |id: &StreamId| incident.members.iter().any(|member| member.stream == *id);
    (!query.open || incident.is_open())
        && query.since_wall_ms.is_none_or(|since| incident.ended.is_none_or(|(ended, _)| ended >= since))
        && query.stream.as_ref().is_none_or(of_stream)
}

/// With members enough for a list; the others are counted.
fn shortened(incident: &Arc<Incident>, count: usize) -> Arc<Incident> {
    let beyond = incident.members.len().saturating_sub(MAX_PAGE_MEMBERS);
    if count == 1 || beyond == 0 {
        return Arc::clone(incident);
    }
    let more_members = incident.more_members.saturating_add(u32::try_from(beyond).unwrap_or(u32::MAX));
    let members = incident.members[..MAX_PAGE_MEMBERS].to_vec();
    // Not by `..Incident::clone()`: that would copy all members first.
    Arc::new(Incident {
        number: incident.number,
        cause: incident.cause.clone(),
        severity: incident.severity,
        title: Arc::clone(&incident.title),
        began_wall_ms: incident.began_wall_ms,
        opened_wall_ms: incident.opened_wall_ms,
        ended: incident.ended,
        flapping: incident.flapping,
        members,
        more_members,
        values: incident.values.clone(),
        lines: incident.lines.clone(),
        acknowledged: incident.acknowledged.clone(),
        notes: incident.notes.clone(),
        rule: Arc::clone(&incident.rule),
    })
}
