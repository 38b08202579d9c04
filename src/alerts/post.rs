//! Telling and the outbox together: what one says to the other stays in here.

#[cfg(test)]
mod simulation;

use std::collections::VecDeque;
use std::sync::Arc;

use super::outbox::{self, Outbox};
use super::papers::{Paper, Papers};
use super::telling::{self, Telling};
use super::{Happening, Message, Now, Outcome};
use crate::config::AlertSettings;
use crate::model::{AlertsReading, Moment, Told};

/// What the post is told.
#[derive(Debug, Clone)]
pub enum Input<'a> {
    /// Something became of an incident, and is on its way into the store. After a start: each open incident
    /// as `Restored`, and of [`Post::unheard`] those that have ended as `Ended`.
    Happened(&'a Happening),
    /// Of an incident of [`Post::unheard`]: nothing is known of it any more.
    Gone(u64),
    /// The answer to [`Effect::Barrier`], whether the store could or not.
    Durable(u64),
    /// The answer to [`Effect::Send`], once.
    Sent {
        /// Which message.
        number: u64,
        /// What became of it.
        outcome: Outcome,
    },
    /// The configuration was read again.
    Settings(Arc<AlertSettings>),
    /// Time has passed; also once after a start, when all that was open has been told.
    Time,
}

/// What is to be done, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// To [`crate::store::Tree::Outbox`].
    Keep(Paper),
    /// Say [`Input::Durable`] once everything that was to be kept before is on disk, or can't be.
    Barrier(u64),
    /// Send this.
    Send(Arc<Message>),
    /// For headend's own log: a message that nobody will get, and why.
    Note(Arc<str>),
}

/// Who is told of what, and when a message goes out.
#[derive(Debug)]
pub struct Post {
    telling: Telling,
    outbox: Outbox,
}

impl Post {
    /// With what was found in the store. `seed` and `host` make the messages' ids.
    #[must_use]
    pub fn new(settings: &Arc<AlertSettings>, papers: Papers, seed: u64, host: &str, now: Now) -> Self {
        let Papers { told, kept, next_number, notes: _ } = papers;
        let outbox = Outbox::new(Arc::clone(settings), kept, next_number, seed, host, now);
        let telling = Telling::new(Arc::clone(settings), told, &outbox.standing(), now);
        Self { telling, outbox }
    }

    /// Takes in what happened and says what is to be done.
    pub fn handle(&mut self, now: Now, input: Input<'_>) -> Vec<Effect> {
        let mut done = Vec::new();
        let mut told = Vec::new();
        match input {
            Input::Happened(happening) => {
                told = self.telling.handle(now, telling::Input::Happened(happening));
            }
            Input::Gone(number) => told = self.telling.handle(now, telling::Input::Gone(number)),
            Input::Settings(settings) => {
                told = self.telling.handle(now, telling::Input::Settings(Arc::clone(&settings)));
                done = self.outbox.handle(now, outbox::Input::Settings(settings));
            }
            Input::Durable(number) => done = self.outbox.handle(now, outbox::Input::Durable(number)),
            Input::Sent { number, outcome } => {
                done = self.outbox.handle(now, outbox::Input::Sent { number, outcome });
            }
            Input::Time => {
                told = self.telling.handle(now, telling::Input::Time);
                done = self.outbox.handle(now, outbox::Input::Time);
            }
        }
        self.pass_on(now, told, done)
    }

    /// What one has to say to the other is said at once.
    fn pass_on(&mut self, now: Now, told: Vec<telling::Effect>, done: Vec<outbox::Effect>) -> Vec<Effect> {
        let mut effects = Vec::new();
        let (mut told, mut done) = (VecDeque::from(told), VecDeque::from(done));
        loop {
            if let Some(effect) = done.pop_front() {
                match effect {
                    outbox::Effect::Keep(paper) => effects.push(Effect::Keep(paper)),
                    outbox::Effect::Barrier(number) => effects.push(Effect::Barrier(number)),
                    outbox::Effect::Send(message) => effects.push(Effect::Send(message)),
                    outbox::Effect::Note(text) => effects.push(Effect::Note(text)),
                    outbox::Effect::Settled(settled) => {
                        told.extend(self.telling.handle(now, telling::Input::Settled(&settled)));
                    }
                }
            } else if let Some(effect) = told.pop_front() {
                done.extend(match effect {
                    telling::Effect::Keep(paper) => {
                        effects.push(Effect::Keep(paper));
                        continue;
                    }
                    telling::Effect::Tell { receiver, item } => {
                        self.outbox.handle(now, outbox::Input::Tell { receiver, item })
                    }
                    telling::Effect::Acknowledged(incident) => {
                        self.outbox.handle(now, outbox::Input::Acknowledged(incident))
                    }
                    telling::Effect::Ended(incident) => {
                        self.outbox.handle(now, outbox::Input::Ended(incident))
                    }
                    telling::Effect::Withdrawn(number) => {
                        self.outbox.handle(now, outbox::Input::Withdrawn(number))
                    }
                });
            } else {
                return effects;
            }
        }
    }

    /// Incidents that people were told of and nothing was heard of since the start.
    #[must_use]
    pub fn unheard(&self) -> Vec<u64> {
        self.telling.unheard()
    }

    /// When it wants to hear [`Input::Time`].
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        self.telling.next_deadline().into_iter().chain(self.outbox.next_deadline()).min()
    }

    /// How it goes.
    #[must_use]
    pub fn reading(&self) -> AlertsReading {
        self.outbox.reading()
    }

    /// How far the telling of an incident has come.
    #[must_use]
    pub fn told(&self, number: u64) -> Told {
        self.telling.told(number)
    }
}
