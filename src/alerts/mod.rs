//! From conditions to people: incidents, who is told of them, and what is on its way.
//!
//! All that decides is pure, as the supervisor's core is: `incidents` opens and ends incidents,
//! `telling` says who is to hear of them, `outbox` when a message goes out. They are told the time and what
//! happened, and return what is to be done. What does it (mail, webhooks, programs) is in `ways`, and
//! `service` puts them together.

pub mod availability;
pub mod incidents;
pub mod letter;
pub mod outbox;
pub mod papers;
pub mod post;
pub mod rehearsal;
pub mod telling;
pub mod ways;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{Incident, Moment};

/// What time it is: on the clock that never jumps, and on the wall.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Now {
    /// What waits is counted by this one.
    pub at: Moment,
    /// What is kept and shown is stamped with this one, and quiet hours go by it. Milliseconds since the Unix
    /// epoch.
    pub wall_ms: u64,
}

/// What became of an incident, for those who tell people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// The incident as it is now.
    pub incident: Arc<Incident>,
    /// What is new about it.
    pub change: Change,
}

/// What is new about an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is one now, and has gathered those that belong to it.
    Opened,
    /// It is worse than it was.
    Rose,
    /// Streams came to it.
    Grew,
    /// It has begun to come and go.
    Flaps,
    /// Somebody knows.
    Acknowledged,
    /// Nobody knows after all.
    Unacknowledged,
    /// It is over; its ending says how.
    Ended,
    /// It is as it was when headend ended: found in the store.
    Restored,
}

/// What a message says about an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// It is there.
    Raised,
    /// It is worse, has grown, or comes and goes.
    Changed,
    /// It is still there, and nobody has acknowledged it.
    Repeated,
    /// The same, to whom is told next.
    Escalated,
    /// It is over.
    Recovered,
    /// A try of the ways out, in which nothing is wrong. Nothing in headend makes one.
    Test,
}

/// One message to one receiver, as it is kept until it is accepted. The same message is rendered the same
/// way at each try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// From 1 in each state folder, never used twice.
    pub number: u64,
    /// What makes it recognised when it is sent twice: `<number>.<random>@<host>`, without brackets.
    pub message_id: Arc<str>,
    /// To whom.
    pub receiver: Arc<str>,
    /// What about: one thing, or those of a digest.
    pub items: Vec<Item>,
    /// Items of a digest beyond those.
    pub more_items: u32,
    /// Messages that were held back by the hourly cap before this one, and whose incidents are in no message of
    /// their own.
    pub held_back: u32,
    /// When it was made.
    pub made_wall_ms: u64,
}

impl Message {
    /// Whether it tells of several incidents.
    #[must_use]
    pub fn is_digest(&self) -> bool {
        self.items.len() > 1 || self.more_items > 0
    }
}

/// One thing a message tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What happened.
    pub event: Event,
    /// The incident as it was then, with no more than [`MESSAGE_MEMBERS`] members.
    pub incident: Arc<Incident>,
    /// Why this receiver is told, in words: `rule "news", after 15 min without acknowledgement`.
    pub why: Arc<str>,
}

/// Members of an incident that a message names; those beyond are counted.
pub const MESSAGE_MEMBERS: usize = 50;
/// Items of a digest that are told one by one; those beyond are counted.
pub const MAX_ITEMS: usize = 200;

/// Values of an incident that a letter leaves out where they say nothing new: what the stream's log says is
/// in its lines.
const LAST_LINE: &str = "last line";
/// Starts beyond the first: most have none.
const RESTARTS: &str = "restarts";

/// What became of a try to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken, with this answer (clean, masked).
    Accepted(String),
    /// Not now: try again. Also where the answer was lost.
    Temporary(String),
    /// Not ever: not tried again.
    Permanent(String),
}
