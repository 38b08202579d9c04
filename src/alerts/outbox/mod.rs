//! When a message goes out.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::papers::Paper;
use super::{Event, Item, Message, Now, Outcome};
use crate::config::AlertSettings;
use crate::model::{AlertsReading, Cause, Incident, Moment, Severity};

/// What the outbox is told.
#[derive(Debug, Clone)]
pub enum Input {
    /// Somebody is to be told something.
    Tell {
        /// Who.
        receiver: Arc<str>,
        /// What.
        item: Item,
    },
    /// It is over: what waits about it says so, or is not sent at all.
    Ended(Arc<Incident>),
    /// Nobody wants to know of this incident any more: what waits about it is not sent.
    Withdrawn(u64),
    /// The answer to [`Effect::Barrier`]: the message is on disk. Or it can't be: it is sent all the same, as
    /// the store's trouble is on the board, and a message sent twice is better than none.
    Durable(u64),
    /// What became of a try.
    Sent {
        /// Which message.
        number: u64,
        /// What.
        outcome: Outcome,
    },
    /// The configuration was read again.
    Settings(Arc<AlertSettings>),
    /// Time has passed.
    Time,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// To the store, in this order.
    Keep(Paper),
    /// Say [`Input::Durable`] once everything that was to be kept before is on disk, or can't be.
    Barrier(u64),
    /// Send this; the answer is [`Input::Sent`], once.
    Send(Arc<Message>),
    /// Something is settled: what waits no longer, and why.
    Settled(Settled),
}

/// What waits no longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// For whom.
    pub receiver: Arc<str>,
    /// What.
    pub said: Vec<Said>,
    /// Why.
    pub how: How,
}

/// One thing that was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Of which incident.
    pub incident: u64,
    /// What.
    pub event: Event,
    /// That it is over was said too.
    pub over: bool,
}

/// Why something waits no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// A message with it was accepted.
    Accepted,
    /// It is one of those that a digest only counts.
    Counted,
    /// It was refused for good, or given up.
    Refused,
    /// It is not worth a message any more.
    Dropped,
}

/// What is kept of one message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    /// It is to be sent.
    Waiting {
        /// The message.
        message: Message,
        /// It may have been sent, and does not change any more.
        sealed: bool,
        /// Tries that failed.
        tries: u32,
        /// Messages that went into this one.
        replaces: Vec<u64>,
    },
    /// It was accepted. Kept as long as the limits look back.
    Sent {
        /// Its number.
        number: u64,
        /// To whom.
        receiver: Arc<str>,
        /// When it was first given out.
        wall_ms: u64,
        /// What the other side answered, clean and masked.
        answer: Arc<str>,
        /// What it said.
        about: Vec<About>,
    },
}

/// What a message that was accepted said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// What.
    #[serde(flatten)]
    pub said: Said,
    /// Of what kind of incident.
    pub cause: Cause,
    /// How bad it was.
    pub severity: Severity,
}

impl Kept {
    /// The message's number.
    #[must_use]
    pub const fn number(&self) -> u64 {
        match self {
            Self::Waiting { message, .. } => message.number,
            Self::Sent { number, .. } => *number,
        }
    }
}

/// Messages on their way, for each receiver.
#[derive(Debug)]
pub struct Outbox {
    settings: Arc<AlertSettings>,
}

impl Outbox {
    /// An outbox with what was found in the store. `seed` and `host` make its messages' ids.
    #[must_use]
    pub fn new(
        settings: Arc<AlertSettings>,
        kept: Vec<Kept>,
        next_number: u64,
        seed: u64,
        host: &str,
        now: Now,
    ) -> Self {
        let _ = (kept, next_number, seed, host, now);
        Self { settings }
    }

    /// Takes in what happened and says what is to be done.
    pub fn handle(&mut self, now: Now, input: Input) -> Vec<Effect> {
        let _ = now;
        if let Input::Settings(settings) = input {
            self.settings = settings;
        }
        Vec::new()
    }

    /// When it wants to hear [`Input::Time`].
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        None
    }

    /// How it goes.
    #[must_use]
    pub fn reading(&self, now: Now) -> AlertsReading {
        let _ = now;
        AlertsReading::default()
    }
}
