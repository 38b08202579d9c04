//! A message as people and programs read it. Pure: the same message gives the same letter at each try.
//!
//! What a letter says is made once, as a page of clean pieces; `text` and `html` only lay it out. So
//! nothing can be in the one and not in the other, and nothing from outside gets past `words`.

mod document;
mod html;
mod mime;
mod page;
mod subject;
mod text;
mod words;

use std::sync::Arc;

use jiff::tz::TimeZone;

pub use document::{DOCUMENT_VERSION, MAX_DOCUMENT, document};
pub use mime::{BadAddress, MAX_MAIL, address, mail};
pub use subject::MAX_SUBJECT;
pub use words::{domain, outside};

use super::{Event, Item, Message};
use page::Page;
use words::Clock;

/// Who writes: what letters say of their sender, and how they tell the time.
#[derive(Debug, Clone)]
pub struct About {
    /// The machine's name.
    pub host: Arc<str>,
    /// Times are told in this zone.
    pub zone: TimeZone,
    /// How a shell calls this headend, ready to be typed: `headend`, or `headend --state /srv/tv`.
    pub headend: Arc<str>,
}

/// A message, ready to be put on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// One clean line of at most [`MAX_SUBJECT`] characters.
    pub subject: String,
    /// For terminals and ears. Lines end with a line feed.
    pub text: String,
    /// The same for screens: no scripts, no images, nothing from elsewhere.
    pub html: String,
    /// What it is known by, without brackets.
    pub message_id: String,
    /// What all mails of one incident refer to, so that they are one thread. A digest belongs to none.
    pub thread: Option<String>,
    /// The incidents it tells of, at most [`MAX_NUMBERS`].
    pub numbers: Vec<u64>,
    /// It tells of something new and critical that is still there.
    pub urgent: bool,
    /// When it was made, milliseconds since the Unix epoch.
    pub made_wall_ms: u64,
}

/// Numbers of incidents that a letter's head names.
pub const MAX_NUMBERS: usize = 50;

/// Writes the letter of `message`.
#[must_use]
pub fn letter(message: &Message, about: &About) -> Letter {
    let clock = Clock::new(&about.zone, message.made_wall_ms);
    let page = Page::of(message, about, &clock);
    Letter {
        subject: subject::subject(message, &clock),
        text: text::lay_out(&page),
        html: html::lay_out(&page),
        message_id: words::message_id(&message.message_id, message.number),
        thread: thread(message, about),
        numbers: message.items.iter().map(|item| item.incident.number).take(MAX_NUMBERS).collect(),
        urgent: message.items.iter().any(is_urgent),
        made_wall_ms: message.made_wall_ms,
    }
}

/// The number alone is not enough: a second headend of this machine, or one with an emptied state folder,
/// counts from 1 too.
fn thread(message: &Message, about: &About) -> Option<String> {
    let [Item { event, incident, .. }] = message.items.as_slice() else { return None };
    let root = (*event != Event::Test && !message.is_digest()).then_some(incident)?;
    Some(format!("incident-{}.{:x}@{}", root.number, root.opened_wall_ms, words::domain(&about.host)))
}

fn is_urgent(item: &Item) -> bool {
    let new = matches!(item.event, Event::Raised | Event::Changed | Event::Escalated);
    new && !words::is_over(item) && item.incident.severity == crate::model::Severity::Critical
}

#[cfg(test)]
mod tests;
