//! What is known of who was told of one incident, and kept.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{How, Now, Said, Standing};
use crate::alerts::Event;
use crate::model::{Moment, Told};

/// What is kept of one incident: who was told what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldRecord {
    /// Nobody has acknowledged since then. 0: not known yet.
    pub alone_wall_ms: u64,
    /// Whom it escalates to is told too.
    pub escalated: bool,
    /// Quiet hours have held something back.
    pub waited: bool,
    /// Those who were told, in that order.
    pub told: Vec<ToldReceiver>,
    /// [`Self::alone_wall_ms`] on the other clock.
    #[serde(skip)]
    pub(super) alone_at: Moment,
}

/// What one receiver was told of one incident.
#[expect(clippy::struct_excessive_bools, reason = "two are facts of their own, two last for a restart")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldReceiver {
    /// Who.
    pub receiver: Arc<str>,
    /// The last thing that was given to the outbox.
    pub event: Event,
    /// When.
    pub told_wall_ms: u64,
    /// What became of it.
    pub state: ToldState,
    /// What became of what was given to it before.
    pub before: ToldState,
    /// A message about the incident was accepted.
    pub knows: bool,
    /// And one that says that it is over.
    pub knows_end: bool,
    /// What is to be told when its time comes.
    pub owes: Option<Owed>,
    /// [`Self::told_wall_ms`] on the other clock.
    #[serde(skip)]
    pub(super) told_at: Moment,
    /// After a restart: the outbox has something of it that waits.
    #[serde(skip)]
    stands: bool,
    /// After a restart: it waits, and the outbox has nothing of it.
    #[serde(skip)]
    lost: bool,
}

/// What became of what was to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToldState {
    /// It waits in the outbox.
    Waits,
    /// It was accepted.
    Accepted,
    /// It was only counted, in a digest.
    Counted,
    /// It was refused for good.
    Refused,
}

/// What is new and has not been told. The worst is last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Owed {
    /// Streams came to it.
    Grown,
    /// It comes and goes.
    Flaps,
    /// It is worse.
    Worse,
}

impl Owed {
    pub(super) const fn why(self) -> &'static str {
        match self {
            Self::Grown => ", it has grown",
            Self::Flaps => ", it comes and goes now",
            Self::Worse => ", it is worse than before",
        }
    }
}

/// The moment of a wall-clock time that is past.
fn moment(now: Now, wall_ms: u64) -> Moment {
    now.at - Duration::from_millis(now.wall_ms.saturating_sub(wall_ms))
}

impl ToldRecord {
    pub(super) fn alone_since(&mut self, now: Now, wall_ms: u64) {
        // A wall clock that was set back must not make it the future.
        self.alone_wall_ms = wall_ms.min(now.wall_ms).max(1);
        self.alone_at = moment(now, self.alone_wall_ms);
    }

    /// Who was told will hear of it.
    pub(super) fn owe(&mut self, owed: Owed) {
        for told in &mut self.told {
            told.owes = told.owes.max(Some(owed));
        }
    }

    /// After a restart: something the outbox has of it.
    pub(super) fn stands(&mut self, one: &Standing) {
        if let Some(told) = self.told.iter_mut().find(|told| told.receiver == one.receiver) {
            if one.accepted {
                told.settled(one.said, How::Accepted);
            } else {
                told.stands = true;
            }
        }
    }

    /// After a restart, when all is said that the outbox has of it.
    pub(super) fn restore(&mut self, now: Now) {
        self.alone_at = moment(now, self.alone_wall_ms);
        for told in &mut self.told {
            told.told_at = moment(now, told.told_wall_ms);
            if told.stands {
                told.state = ToldState::Waits;
            }
            told.lost = told.state == ToldState::Waits && !told.stands;
        }
    }

    /// What a restart lost, to be told again.
    pub(super) fn take_lost(&mut self, now: Now) -> Vec<(Arc<str>, Event)> {
        let mut again = Vec::new();
        for told in self.told.iter_mut().filter(|told| told.lost) {
            told.lost = false;
            if told.knows {
                // The next look sees what is missing.
                told.state = ToldState::Accepted;
                told.event = Event::Raised;
            } else {
                let escalated = told.event == Event::Escalated;
                let event = if escalated { Event::Escalated } else { Event::Raised };
                told.tell(event, now);
                again.push((Arc::clone(&told.receiver), event));
            }
        }
        again
    }

    pub(super) fn settled(&mut self, receiver: &Arc<str>, said: Said, how: How) {
        let Some(at) = self.told.iter().position(|told| told.receiver == *receiver) else { return };
        if how == How::Dropped && said.event == Event::Escalated && !self.told[at].knows {
            // Somebody knew before it went out: if nobody does after all, that time begins anew.
            self.told.remove(at);
            self.escalated = false;
        } else {
            self.told[at].settled(said, how);
        }
    }

    pub(super) fn told(&self) -> Told {
        let any = |state| self.told.iter().any(|told| told.state == state);
        if any(ToldState::Waits) {
            Told::Waits
        } else if any(ToldState::Refused) {
            Told::Failed
        } else if self.told.is_empty() {
            Told::Nobody
        } else {
            Told::Sent
        }
    }
}

impl ToldReceiver {
    pub(super) fn new(receiver: &Arc<str>, event: Event, now: Now) -> Self {
        Self {
            receiver: Arc::clone(receiver),
            event,
            told_wall_ms: now.wall_ms,
            state: ToldState::Waits,
            before: ToldState::Waits,
            knows: false,
            knows_end: false,
            owes: None,
            told_at: now.at,
            stands: false,
            lost: false,
        }
    }

    /// Something is given to the outbox.
    pub(super) fn tell(&mut self, event: Event, now: Now) {
        self.event = event;
        self.before = self.state;
        self.state = ToldState::Waits;
        self.owes = None;
        (self.told_wall_ms, self.told_at) = (now.wall_ms, now.at);
    }

    fn settled(&mut self, said: Said, how: How) {
        let state = match how {
            How::Accepted => ToldState::Accepted,
            How::Counted => ToldState::Counted,
            How::Refused => ToldState::Refused,
            How::Dropped if self.knows => ToldState::Accepted,
            How::Dropped => self.before,
        };
        let first = matches!(said.event, Event::Raised | Event::Escalated);
        if how == How::Accepted {
            self.knows = true;
            self.knows_end |= said.over;
            self.before = state;
            // Its recovery is on its way, and that it was there was accepted only now.
            if self.event != Event::Recovered || said.over {
                self.state = state;
            }
        } else if first && !self.knows {
            (self.before, self.state) = (state, state);
        } else if said.event == self.event {
            // Its raise may still be on its way.
            let waits = !self.knows && self.before == ToldState::Waits;
            self.state = if waits { ToldState::Waits } else { state };
        }
    }
}
