//! What clients of the link read of incidents, and where they leave orders.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use super::Errand;
use super::clock::Clock;
use crate::alerts::availability::Ledger;
use crate::alerts::incidents::Incidents;
use crate::alerts::papers::Papers;
use crate::config::AlertSettings;
use crate::link::{IncidentAnswer, IncidentDesk, Who};
use crate::model::{Answer, Incident, IncidentOrder, IncidentPage, IncidentQuery};
use crate::store::{Opened, Tree};

/// Under this key of [`Tree::Incidents`] stands the first number that no incident has had.
pub const NEXT: &str = "next";

/// Where only an export could be read, which may be minutes old, so many numbers are passed over.
const MISSED_INCIDENTS: u64 = 1_000;
/// The same for messages.
const MISSED_MESSAGES: u64 = 10_000;

/// What the store had.
#[derive(Debug, Default)]
pub struct Kept {
    incidents: Vec<Incident>,
    next_number: u64,
    ledger: Ledger,
    /// For the post.
    pub papers: Papers,
}

impl Kept {
    /// Reads it. What can't be read is told in the log, and left out.
    pub fn read(opened: &Opened) -> Self {
        let empty = std::collections::BTreeMap::new();
        let of = |tree| opened.papers.get(&tree).unwrap_or(&empty);
        let (mut incidents, mut next_number, mut unread) = (Vec::new(), 1, 0_usize);
        for (key, text) in of(Tree::Incidents) {
            if key == NEXT {
                next_number = text.parse().unwrap_or(next_number);
            } else {
                match serde_json::from_str::<Incident>(text) {
                    Ok(incident) => incidents.push(incident),
                    Err(_) => unread += 1,
                }
            }
        }
        let mut papers = Papers::read(of(Tree::Outbox));
        if opened.stale {
            // The store may know of more, and a number must not be used twice.
            next_number += MISSED_INCIDENTS;
            papers.next_number += MISSED_MESSAGES;
        }
        papers.notes.iter().for_each(|note| log::warn!("{note}"));
        if unread > 0 {
            log::warn!("{unread} incidents in the store can't be read and are left out");
        }
        let ledger = Ledger::new(of(Tree::Availability).iter().map(|(id, text)| (id.as_str(), &**text)));
        Self { incidents, next_number, ledger, papers }
    }
}

/// What both the thread and the clients look into. Held for what is in memory and quick.
pub struct Books {
    pub incidents: Incidents,
    pub ledger: Ledger,
    pub clock: Clock,
}

/// The desk.
pub struct Desk {
    books: Mutex<Books>,
    errands: mpsc::Sender<Errand>,
    papers: Mutex<Option<Papers>>,
    /// The first number that no incident has had, as it was kept.
    pub next_number: u64,
}

impl Desk {
    /// A desk with what the store had.
    pub fn new(settings: &AlertSettings, kept: Kept, errands: mpsc::Sender<Errand>) -> Arc<Self> {
        let mut clock = Clock::new();
        let next_number = kept.next_number;
        let incidents = Incidents::new(settings, kept.incidents, kept.next_number, clock.now());
        let books = Mutex::new(Books { incidents, ledger: kept.ledger, clock });
        Arc::new(Self { books, errands, papers: Mutex::new(Some(kept.papers)), next_number })
    }

    /// What the post begins with; empty when it was taken before.
    pub fn take_papers(&self) -> Papers {
        self.papers.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
    }

    /// A panic elsewhere leaves them as whole as they were for that thread.
    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IncidentDesk for Desk {
    fn read(&self, query: &IncidentQuery) -> IncidentPage {
        let mut books = self.books();
        let now = books.clock.now();
        let availability = books.ledger.of(now, query.stream.as_ref());
        IncidentPage { availability, ..books.incidents.page(query) }
    }

    fn order(&self, number: u64, order: IncidentOrder, who: Option<Who>, answer: IncidentAnswer) {
        if let Err(refused) = self.errands.try_send(Errand::Order { number, order, who, answer })
            && let Errand::Order { answer, .. } = refused.into_inner()
        {
            answer(Answer::Refused { reason: "headend is busy or leaving; try again".into() });
        }
    }
}
