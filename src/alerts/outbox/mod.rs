//! When a message goes out.
//!
//! Each receiver has a mailbox of its own, so one that is dead holds up no other. In it are drafts: what is to
//! be told, which still can change, grow and be merged. When its turn has come a draft is sealed: it is kept
//! with that mark, and sent once the store has it. From then on it stays as it is and keeps its number and its
//! id, however often it has to be sent.

mod mailbox;
mod merge;
mod pace;
#[cfg(test)]
pub(super) mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::papers::Paper;
use super::{Event, Item, Message, Now, Outcome};
use crate::config::{AlertSettings, Way};
use crate::model::{AlertsReading, Cause, Incident, Moment, Severity, mask_secrets};
use mailbox::Mailbox;
pub use merge::trimmed;

// Every bound of the outbox.

/// A draft waits this long for others, so that a storm is seen as a storm before the first message.
pub const GATHER: Duration = Duration::from_secs(1);
/// In any of these spans no more than `digest_above` messages tell of one thing.
pub const BURST_WINDOW: Duration = Duration::from_secs(60);
/// What comes beyond them within that span goes together, this often at most.
pub const DIGEST_EVERY: Duration = Duration::from_secs(15);
/// The first wait after a try that failed for now; doubled each time.
pub const RETRY_FIRST: Duration = Duration::from_secs(10);
/// The longest.
pub const RETRY_MOST: Duration = Duration::from_secs(15 * 60);
/// Tries of one message, three days of them; then it is given up.
pub const MAX_TRIES: u32 = 300;
/// After so many tries of one message another one gets its turn: the fault may be its own.
pub const STUBBORN_TRIES: u32 = 5;
/// Drafts of one receiver; more are merged at once.
pub const MAX_DRAFTS: usize = 500;
/// While nothing can be sent, so many drafts above `digest_above` may wait before they are merged.
const SPARE_DRAFTS: usize = 50;
/// Causes of one receiver whose last message is remembered for `rate_limit`; the oldest go.
pub const MAX_LIMITED: usize = 2_000;
/// Messages that went into another one and are named in it; the oldest go.
const MAX_REPLACED: usize = 1_000;
/// Numbers that are taken at once, so that not each message costs a note of it.
const NUMBERS_AT_ONCE: u64 = 100;
/// What a message's id is made of after the number.
const ID_CHARACTERS: usize = 16;

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
    /// Somebody knows of it: what waits about it says so, or is not sent at all.
    Acknowledged(Arc<Incident>),
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
    /// For headend's own log: a message that nobody will get, and why.
    Note(Arc<str>),
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

impl Said {
    /// What an item says.
    #[must_use]
    pub fn of(item: &Item) -> Self {
        Self { incident: item.incident.number, event: item.event, over: !item.incident.is_open() }
    }
}

/// What the store knew of one thing that was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// To whom.
    pub receiver: Arc<str>,
    /// What.
    pub said: Said,
    /// Whether it was accepted; else it waits.
    pub accepted: bool,
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

    const fn receiver(&self) -> &Arc<str> {
        match self {
            Self::Waiting { message, .. } => &message.receiver,
            Self::Sent { receiver, .. } => receiver,
        }
    }

    fn replaces(&self) -> &[u64] {
        match self {
            Self::Waiting { replaces, .. } => replaces,
            Self::Sent { .. } => &[],
        }
    }
}

/// Messages on their way, for each receiver.
#[derive(Debug)]
pub struct Outbox {
    settings: Arc<AlertSettings>,
    mailboxes: BTreeMap<Arc<str>, Mailbox>,
    numbers: Numbers,
    counts: Counts,
    /// After a start nothing is sent before it is told what became of what waits.
    begun: bool,
}

/// Numbers and ids of messages.
#[derive(Debug)]
struct Numbers {
    next: u64,
    /// Up to here it is noted in the store that they are taken.
    taken: u64,
    random: fastrand::Rng,
    host: String,
}

/// What happened since the start.
#[derive(Debug, Default)]
struct Counts {
    sent: u64,
    failed: u64,
    merged: u64,
}

/// What a mailbox needs of everything around it.
struct Around<'a> {
    settings: &'a AlertSettings,
    numbers: &'a mut Numbers,
    counts: &'a mut Counts,
    effects: &'a mut Vec<Effect>,
    now: Now,
}

impl Outbox {
    /// An outbox with what was found in the store. `seed` and `host` make its messages' ids. It sends nothing
    /// before the first [`Input::Time`].
    #[must_use]
    pub fn new(
        settings: Arc<AlertSettings>,
        kept: Vec<Kept>,
        next_number: u64,
        seed: u64,
        host: &str,
        now: Now,
    ) -> Self {
        let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        let host: String = host.chars().filter(plain).take(200).collect();
        let numbers = Numbers {
            next: next_number,
            taken: next_number,
            random: fastrand::Rng::with_seed(seed),
            host: if host.is_empty() { "headend".into() } else { host },
        };
        let mut outbox =
            Self { settings, mailboxes: BTreeMap::new(), numbers, counts: Counts::default(), begun: false };
        outbox.restore(kept, now);
        outbox
    }

    fn restore(&mut self, mut kept: Vec<Kept>, now: Now) {
        kept.sort_by_key(|kept| match kept {
            Kept::Waiting { message, .. } => (1, message.number),
            Kept::Sent { wall_ms, .. } => (0, *wall_ms),
        });
        let replaced: Vec<u64> = kept.iter().flat_map(Kept::replaces).copied().collect();
        for kept in kept {
            let receiver = Arc::clone(kept.receiver());
            let mailbox = self.mailboxes.entry(receiver).or_default();
            if replaced.contains(&kept.number()) {
                mailbox.leave(kept.number());
            } else {
                mailbox.restore(kept, &self.settings, now);
            }
        }
    }

    /// Who was told what, or is to be, by what was found in the store: to hold against what telling knows.
    #[must_use]
    pub fn standing(&self) -> Vec<Standing> {
        let mut all = Vec::new();
        for (receiver, mailbox) in &self.mailboxes {
            let standing = |(said, accepted)| Standing { receiver: Arc::clone(receiver), said, accepted };
            all.extend(mailbox.standing().into_iter().map(standing));
        }
        all
    }

    /// Takes in what happened and says what is to be done.
    pub fn handle(&mut self, now: Now, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        let mut around = Around {
            settings: &self.settings,
            numbers: &mut self.numbers,
            counts: &mut self.counts,
            effects: &mut effects,
            now,
        };
        match input {
            Input::Tell { receiver, item } => {
                if self.settings.receivers.iter().any(|known| known.name == receiver) {
                    let mailbox = self.mailboxes.entry(Arc::clone(&receiver)).or_default();
                    mailbox.tell(&receiver, item, &mut around);
                } else {
                    around.refuse_unknown(&receiver, &item);
                }
            }
            Input::Acknowledged(incident) => {
                for (receiver, mailbox) in &mut self.mailboxes {
                    mailbox.acknowledged(receiver, &incident, &mut around);
                }
            }
            Input::Ended(incident) => {
                for (receiver, mailbox) in &mut self.mailboxes {
                    mailbox.ended(receiver, &incident, &mut around);
                }
            }
            Input::Withdrawn(number) => {
                for (receiver, mailbox) in &mut self.mailboxes {
                    mailbox.withdrawn(receiver, number, &mut around);
                }
            }
            Input::Durable(number) => {
                for mailbox in self.mailboxes.values_mut() {
                    mailbox.durable(number, &mut around);
                }
            }
            Input::Sent { number, outcome } => {
                for (receiver, mailbox) in &mut self.mailboxes {
                    mailbox.sent(receiver, number, &outcome, &mut around);
                }
            }
            Input::Settings(settings) => {
                self.settings = settings;
                for mailbox in self.mailboxes.values_mut() {
                    mailbox.look_again();
                }
            }
            Input::Time => self.begun = true,
        }
        if self.begun {
            self.pump(now, &mut effects);
        }
        effects
    }

    /// Lets each mailbox do what is due.
    fn pump(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let settings = &self.settings;
        let mut around =
            Around { settings, numbers: &mut self.numbers, counts: &mut self.counts, effects, now };
        self.mailboxes.retain(|receiver, mailbox| {
            let known = settings.receivers.iter().any(|known| known.name == *receiver);
            if known {
                mailbox.pump(receiver, &mut around);
            } else {
                mailbox.give_up(receiver, &mut around);
            }
            known
        });
    }

    /// When it wants to hear [`Input::Time`].
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        self.mailboxes.values().filter_map(Mailbox::wake).min()
    }

    /// The most drafts of one receiver, and the most causes remembered.
    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize) {
        let sizes = || self.mailboxes.values().map(Mailbox::sizes);
        (
            sizes().map(|(drafts, _)| drafts).max().unwrap_or(0),
            sizes().map(|(_, causes)| causes).max().unwrap_or(0),
        )
    }

    /// How it goes.
    #[must_use]
    pub fn reading(&self) -> AlertsReading {
        let mut reading = AlertsReading {
            sent: self.counts.sent,
            failed: self.counts.failed,
            merged: self.counts.merged,
            ..AlertsReading::default()
        };
        for receiver in &self.settings.receivers {
            let mut one = self.mailboxes.get(&receiver.name).map(Mailbox::reading).unwrap_or_default();
            one.name = Arc::clone(&receiver.name);
            one.way = way_word(&receiver.way).into();
            reading.waiting = reading.waiting.saturating_add(one.waiting);
            reading.receivers.push(one);
        }
        reading
    }
}

/// The word for a way.
#[must_use]
pub const fn way_word(way: &Way) -> &'static str {
    match way {
        Way::Mail { .. } => "mail",
        Way::Webhook { .. } => "webhook",
        Way::Program { .. } => "program",
    }
}

impl Numbers {
    /// A number and an id for one message more. Notes in the store when it takes numbers.
    fn take(&mut self, effects: &mut Vec<Effect>) -> (u64, Arc<str>) {
        let number = self.next;
        self.next = self.next.saturating_add(1);
        if self.next > self.taken {
            self.taken = self.next.saturating_add(NUMBERS_AT_ONCE);
            effects.push(Effect::Keep(Paper::next(self.taken)));
        }
        let random: String =
            (0..ID_CHARACTERS).map(|_| self.random.alphanumeric().to_ascii_lowercase()).collect();
        (number, format!("{number}.{random}@{}", self.host).into())
    }
}

impl Around<'_> {
    fn keep(&mut self, number: u64, kept: Option<&Kept>) {
        self.effects.push(Effect::Keep(Paper::message(number, kept)));
    }

    fn settle(&mut self, receiver: &Arc<str>, said: Vec<Said>, how: How) {
        if !said.is_empty() {
            self.effects.push(Effect::Settled(Settled { receiver: Arc::clone(receiver), said, how }));
        }
    }

    fn note(&mut self, text: &str) {
        self.effects.push(Effect::Note(mask_secrets(text).into()));
    }

    fn refuse_unknown(&mut self, receiver: &Arc<str>, item: &Item) {
        self.counts.failed += 1;
        self.note(&format!(
            "incident {} is not told to {receiver}: there is no such receiver",
            item.incident.number
        ));
        self.settle(receiver, vec![Said::of(item)], How::Refused);
    }
}
