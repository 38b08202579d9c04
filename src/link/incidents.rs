//! Incidents, read back and ordered about over a link.

use crate::model::{Answer, IncidentOrder, IncidentPage, IncidentQuery};

use super::Who;

/// Incidents of one page.
pub const MAX_INCIDENT_PAGE: u32 = 200;
/// Members of each of them, where it is not asked for alone: a page must fit into a frame.
pub const MAX_PAGE_MEMBERS: usize = 20;

/// Takes what became of an order about an incident.
pub type IncidentAnswer = Box<dyn FnOnce(Answer) + Send>;

/// Where incidents are read, and ordered about.
pub trait IncidentDesk: Send + Sync {
    /// What the query finds, newest first: at most [`MAX_INCIDENT_PAGE`], with [`MAX_PAGE_MEMBERS`] each where
    /// there may be more than one. From memory, and quick.
    fn read(&self, query: &IncidentQuery) -> IncidentPage;
    /// Passes an order on. `answer` is called once what it changed is on disk, or with why it can't be; at
    /// once where it is not taken. Must not wait.
    fn order(&self, number: u64, order: IncidentOrder, who: Option<Who>, answer: IncidentAnswer);
}
