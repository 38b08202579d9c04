//! A message as JSON, for webhooks and programs. Its form is in `docs/reference.md` and kept stable.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use super::words::{self, Clock, outside};
use super::{About, subject};
use crate::alerts::{Event, MESSAGE_MEMBERS, Message};
use crate::model::{Incident, MAX_INCIDENT_LINES, MAX_INCIDENT_NOTES, MAX_INCIDENT_VALUES};

/// Which form the document has. Fields may come without a new number; none goes or changes without one.
pub const DOCUMENT_VERSION: u32 = 1;
/// The longest document, bytes. Items beyond it are counted.
pub const MAX_DOCUMENT: usize = 1024 * 1024;
/// What is kept free for all but the items.
const RESERVE: usize = 16 * 1024;
/// The longest text in it, bytes.
const MAX_STRING: usize = 2_000;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    host: String,
    receiver: String,
    number: u64,
    message_id: String,
    made_wall_ms: u64,
    subject: String,
    held_back: u32,
    more_items: u32,
    items: &'a [Value],
}

#[derive(Serialize)]
struct Told<'a> {
    event: Event,
    why: &'a str,
    incident: &'a Incident,
}

/// The document of `message`, on one line without its end.
///
/// # Errors
/// When it can't be written as JSON, which nothing in it makes happen.
pub fn document(message: &Message, about: &About) -> serde_json::Result<String> {
    let (mut items, mut bytes, mut more) = (Vec::new(), RESERVE, message.more_items);
    for item in &message.items {
        let incident = bounded(&item.incident);
        let told = Told { event: item.event, why: &item.why, incident: &incident };
        let mut value = serde_json::to_value(told)?;
        scrub(&mut value);
        let long = serde_json::to_string(&value)?.len() + 1;
        if bytes + long > MAX_DOCUMENT {
            more = more.saturating_add(1);
            continue;
        }
        bytes += long;
        items.push(value);
    }
    let clock = Clock::new(&about.zone, message.made_wall_ms);
    serde_json::to_string(&Document {
        version: DOCUMENT_VERSION,
        host: outside(&about.host, MAX_STRING),
        receiver: outside(&message.receiver, MAX_STRING),
        number: message.number,
        message_id: words::message_id(&message.message_id, message.number),
        made_wall_ms: message.made_wall_ms,
        subject: subject::subject(message, &clock),
        held_back: message.held_back,
        more_items: more,
        items: &items,
    })
}

/// No more of anything than a message tells.
fn bounded(incident: &Incident) -> Cow<'_, Incident> {
    let beyond = incident.members.len().saturating_sub(MESSAGE_MEMBERS);
    let fits = beyond == 0
        && incident.values.len() <= MAX_INCIDENT_VALUES
        && incident.lines.len() <= MAX_INCIDENT_LINES
        && incident.notes.len() <= MAX_INCIDENT_NOTES;
    if fits {
        return Cow::Borrowed(incident);
    }
    let mut incident = incident.clone();
    incident.members.truncate(MESSAGE_MEMBERS);
    incident.more_members = incident.more_members.saturating_add(u32::try_from(beyond).unwrap_or(u32::MAX));
    incident.values.truncate(MAX_INCIDENT_VALUES);
    incident.lines.drain(..incident.lines.len().saturating_sub(MAX_INCIDENT_LINES));
    incident.notes.drain(..incident.notes.len().saturating_sub(MAX_INCIDENT_NOTES));
    Cow::Owned(incident)
}

/// Cleans and masks every text in it once more. Names of fields are ours.
fn scrub(value: &mut Value) {
    match value {
        Value::String(text) => *text = outside(text, MAX_STRING),
        Value::Array(values) => values.iter_mut().for_each(scrub),
        Value::Object(fields) => fields.values_mut().for_each(scrub),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
