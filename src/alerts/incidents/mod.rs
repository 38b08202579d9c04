//! Incidents: what lasted, opened and ended.
//!
//! Pure: [`Incidents::handle`] is told the time and what happened, and says what is to be done. There is no
//! clock, no file and no random number in it, and no order that could differ from run to run, so the same
//! inputs give the same effects.
//!
//! Whoever feeds it stops doing so when headend begins to leave: rows of streams that are stopped because
//! headend leaves look like those of streams that somebody stopped, and their incidents would be withdrawn.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Happening, Now};
use crate::config::AlertSettings;
use crate::model::{
    Incident, IncidentOrder, IncidentPage, IncidentQuery, Moment, Notice, Row, StreamId, StreamIx,
};

/// Incidents that may be open; what comes beyond is counted into one more.
pub const MAX_OPEN: usize = 2_000;
/// Incidents of one page.
pub const MAX_PAGE: u32 = 200;
/// Members of each incident of a page that may have more than one.
pub const MAX_PAGE_MEMBERS: usize = 20;

/// What happened.
#[derive(Debug)]
pub enum Input<'a> {
    /// Rows that are new or different; at the start all of them.
    Rows(&'a [Arc<Row>]),
    /// Streams that are gone.
    Removed(&'a [StreamIx]),
    /// All notices of the board, whenever they changed, and once at the start.
    Notices(&'a [Notice]),
    /// Other settings are in force.
    Settings(&'a AlertSettings),
    /// The last log lines that were asked for with [`Effect::WantLines`], oldest first, clean and masked.
    Lines {
        /// For which incident.
        number: u64,
        /// May be empty, where there are none.
        lines: Vec<Arc<str>>,
    },
    /// Somebody orders something about an incident.
    Order {
        /// Its number.
        number: u64,
        /// What.
        order: IncidentOrder,
        /// The user's name.
        by: &'a str,
    },
    /// Nothing but time has passed.
    Time,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Store it, in place of what was stored under its number. Comes before whatever else is said of it.
    Keep(Arc<Incident>),
    /// Take it out of the store: too many have ended, or too long ago.
    Forget(u64),
    /// Tell people, if a rule says so.
    Happened(Happening),
    /// Give the last log lines of this stream back as [`Input::Lines`]; the incident waits a second for them
    /// before it is told.
    WantLines {
        /// For which incident.
        number: u64,
        /// Whose lines.
        stream: StreamIx,
    },
    /// Acknowledge these streams, or undo it: their incident was.
    Acknowledge {
        /// Which.
        streams: Vec<StreamId>,
        /// Undo it.
        undo: bool,
    },
    /// The order is not taken, for this reason. Without it, it is.
    Refuse(String),
}

/// All incidents, open and ended.
#[derive(Debug)]
pub struct Incidents {
    kept: BTreeMap<u64, Arc<Incident>>,
}

impl Incidents {
    /// Begins with what the store has: all incidents, open and ended. Those that are open are told as
    /// restored with the first input. `next_number` may be lower than what was used.
    #[must_use]
    pub fn new(_settings: &AlertSettings, restored: Vec<Incident>, _next_number: u64, _now: Now) -> Self {
        Self { kept: restored.into_iter().map(|incident| (incident.number, Arc::new(incident))).collect() }
    }

    /// Takes in what happened; says what is to be done, in this order. `now.at` must not run backwards,
    /// `now.wall_ms` may.
    pub fn handle(&mut self, _now: Now, _input: Input<'_>) -> Vec<Effect> {
        Vec::new()
    }

    /// When something is to be done if nothing else happens: [`Input::Time`] is due then.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        None
    }

    /// What the query finds, newest first: at most [`MAX_PAGE`], with at most [`MAX_PAGE_MEMBERS`] members
    /// each unless one alone is asked for. The availability is left empty.
    #[must_use]
    pub fn page(&self, _query: &IncidentQuery) -> IncidentPage {
        IncidentPage::default()
    }

    /// The incident of this number, open or ended.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<&Arc<Incident>> {
        self.kept.get(&number)
    }

    /// Those that are open, by number.
    pub fn open(&self) -> impl Iterator<Item = &Arc<Incident>> {
        self.kept.values().filter(|incident| incident.is_open())
    }
}
