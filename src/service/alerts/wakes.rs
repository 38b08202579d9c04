//! What wakes the loop from other threads, and what it waits for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use crate::alerts::{Change, Happening};
use crate::link::IncidentAnswer;
use crate::model::Incident;

/// What waits until everything that was kept before is on disk.
pub enum Awaits {
    Message(u64),
    Answer(IncidentAnswer),
}

/// Told from a thread of the store.
#[derive(Default)]
pub struct Durable {
    pub told: Mutex<Option<Result<(), String>>>,
    pub woken: Notify,
}

/// Told by the hub, once until they are read.
#[derive(Default)]
pub struct News {
    pub told: AtomicBool,
    pub woken: Notify,
}

impl News {
    /// There is something on the board.
    pub fn tell(&self) {
        if !self.told.swap(true, Ordering::AcqRel) {
            self.woken.notify_one();
        }
    }
}

/// The key of an incident in the store: in the order of their numbers.
pub fn key(number: u64) -> String {
    format!("{number:010}")
}

/// headend's own log tells of incidents too: where nobody is told otherwise, it is all there is.
pub fn log_happening(happening: &Happening) {
    let Happening { incident, change } = happening;
    let (number, title) = (incident.number, &incident.title);
    let words = match change {
        Change::Opened => "is open",
        Change::Rose => "is worse",
        Change::Grew => "has grown",
        Change::Flaps => "comes and goes",
        Change::Acknowledged => "is acknowledged",
        Change::Unacknowledged => "is not acknowledged any more",
        Change::Ended => "is over",
        Change::Restored => "was open when headend ended",
    };
    log::info!("incident {number} {words}: {title}");
}

/// Plain data with text keys: there is nothing in it that JSON can't hold.
pub fn json(incident: &Incident) -> Arc<str> {
    serde_json::to_string(incident).unwrap_or_default().into()
}
