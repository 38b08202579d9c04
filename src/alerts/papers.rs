//! What telling and the outbox keep in the store: their keys and their JSON.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::outbox::Kept;
use super::telling::ToldRecord;

/// Before the number of a message.
const MESSAGE: &str = "message/";
/// Before the number of an incident.
const TOLD: &str = "told/";
/// The key of the number up to which messages may have been made.
const NEXT: &str = "next";
/// Notes on what can't be read; more are counted.
const MAX_NOTES: usize = 20;

/// One value of [`crate::store::Tree::Outbox`], or that it is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paper {
    /// Its key.
    pub key: String,
    /// Its JSON; `None`: it is to go.
    pub value: Option<Arc<str>>,
}

impl Paper {
    /// What the outbox keeps of the message `number`.
    #[must_use]
    pub fn message(number: u64, kept: Option<&Kept>) -> Self {
        Self { key: format!("{MESSAGE}{number:010}"), value: kept.map(json) }
    }

    /// Who was told of the incident `number`.
    #[must_use]
    pub fn told(number: u64, record: Option<&ToldRecord>) -> Self {
        Self { key: format!("{TOLD}{number:010}"), value: record.map(json) }
    }

    /// No message up to `number` is to be made again.
    #[must_use]
    pub fn next(number: u64) -> Self {
        Self { key: NEXT.into(), value: Some(json(&number)) }
    }
}

/// Plain data with text keys: there is nothing in it that JSON can't hold.
fn json<T: Serialize>(value: &T) -> Arc<str> {
    serde_json::to_string(value).unwrap_or_default().into()
}

/// What was found in the store.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Papers {
    /// Who was told of which incident.
    pub told: Vec<(u64, ToldRecord)>,
    /// Messages that wait, and those of the last hour.
    pub kept: Vec<Kept>,
    /// The first number that no message has had.
    pub next_number: u64,
    /// What could not be read, a clean line each.
    pub notes: Vec<String>,
}

impl Papers {
    /// Reads what [`crate::store::Tree::Outbox`] holds. What can't be read is noted and left out.
    #[must_use]
    pub fn read(papers: &BTreeMap<String, Arc<str>>) -> Self {
        let mut found = Self { next_number: 1, ..Self::default() };
        let mut unread = 0_usize;
        for (key, value) in papers {
            if found.take(key, value).is_none() {
                unread += 1;
                if unread <= MAX_NOTES {
                    found.notes.push(format!("the outbox's {} can't be read", crate::model::quote(key)));
                }
            }
        }
        if unread > MAX_NOTES {
            found.notes.push(format!("{} more of the outbox can't be read", unread - MAX_NOTES));
        }
        let after = found.kept.iter().map(|kept| kept.number().saturating_add(1)).max().unwrap_or(1);
        found.next_number = found.next_number.max(after);
        found
    }

    fn take(&mut self, key: &str, value: &str) -> Option<()> {
        if let Some(number) = key.strip_prefix(TOLD) {
            self.told.push((number.parse().ok()?, serde_json::from_str(value).ok()?));
        } else if key.starts_with(MESSAGE) {
            self.kept.push(serde_json::from_str(value).ok()?);
        } else if key == NEXT {
            self.next_number = serde_json::from_str(value).ok()?;
        } else {
            return None;
        }
        Some(())
    }
}
