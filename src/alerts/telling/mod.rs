//! Who is told of what, and when.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::outbox::Settled;
use super::papers::Paper;
use super::{Happening, Item, Now};
use crate::config::AlertSettings;
use crate::model::{Incident, Moment, Told};

/// What telling is told.
#[derive(Debug, Clone)]
pub enum Input<'a> {
    /// Something became of an incident. After a start: each open one as `Restored`, and of
    /// [`Telling::unheard`] those that have ended as `Ended`.
    Happened(&'a Happening),
    /// Nothing is known of this incident any more.
    Gone(u64),
    /// Something waits no longer in the outbox.
    Settled(&'a Settled),
    /// The configuration was read again.
    Settings(Arc<AlertSettings>),
    /// Time has passed.
    Time,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Tell this receiver.
    Tell {
        /// Who.
        receiver: Arc<str>,
        /// What.
        item: Item,
    },
    /// What waits in the outbox about it is over.
    Ended(Arc<Incident>),
    /// What waits in the outbox about it is not wanted any more.
    Withdrawn(u64),
    /// To the store.
    Keep(Paper),
}

/// What is kept of one incident: who was told what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldRecord {
    /// Nobody has acknowledged since then.
    pub alone_wall_ms: u64,
    /// Whom it escalated to is told too.
    pub escalated: bool,
}

/// Who was told of each incident, and who is to be told next.
#[derive(Debug)]
pub struct Telling {
    settings: Arc<AlertSettings>,
}

impl Telling {
    /// What was found in the store.
    #[must_use]
    pub fn new(settings: Arc<AlertSettings>, told: Vec<(u64, ToldRecord)>, now: Now) -> Self {
        let _ = (told, now);
        Self { settings }
    }

    /// Incidents that people were told of and nothing was heard of since the start.
    #[must_use]
    pub fn unheard(&self) -> Vec<u64> {
        Vec::new()
    }

    /// Takes in what happened and says what is to be done.
    pub fn handle(&mut self, now: Now, input: Input<'_>) -> Vec<Effect> {
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

    /// How far the telling of an incident has come.
    #[must_use]
    pub fn told(&self, number: u64) -> Told {
        let _ = number;
        Told::Nobody
    }
}
