//! What is kept beside the records of streams: texts of JSON by key, in trees.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::Store;
use crate::model::clean_line;

/// The largest value that is kept, bytes.
pub const MAX_PAPER_BYTES: usize = 512 * 1_024;
/// All keys and values together, bytes.
pub const MAX_PAPERS_BYTES: usize = 64 * 1_024 * 1_024;
/// Keys of all trees together; twice as many may wait to be written or removed.
pub const MAX_PAPERS: usize = 100_000;
/// The longest key, bytes.
pub const MAX_PAPER_KEY_BYTES: usize = 200;

/// What is kept beside the records of streams: each is a tree of its own, with text keys and JSON values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tree {
    /// Incidents, by number.
    Incidents,
    /// Messages that are to be sent, and who was told what of each open incident.
    Outbox,
    /// How available each stream was, by its id.
    Availability,
}

impl Tree {
    /// Every tree, in the order in which they are written.
    pub const ALL: [Self; 3] = [Self::Incidents, Self::Outbox, Self::Availability];

    /// What it is called in the store and in exports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Incidents => "incidents",
            Self::Outbox => "outbox",
            Self::Availability => "availability",
        }
    }
}

/// A key and its tree.
pub type PaperKey = (Tree, Box<str>);
/// Values by key.
pub type Papers = BTreeMap<PaperKey, Arc<str>>;

/// What the handles and the store's thread share of them.
#[derive(Debug, Default)]
pub struct Desk {
    /// Everything that is known.
    pub known: Papers,
    /// Of keys and values together.
    bytes: usize,
    /// Keys whose values the store's thread has not taken.
    pub changed: BTreeSet<PaperKey>,
    /// It was told that there is no room, and there was none since.
    is_full: bool,
}

impl Desk {
    /// Takes a value, or its removal.
    ///
    /// # Errors
    /// Why it can't be taken; nothing has changed then.
    pub fn put(&mut self, key: PaperKey, value: Option<Arc<str>>) -> Result<(), &'static str> {
        let length = key.1.len();
        let old = self.known.get(&key).map_or(0, |old| length + old.len());
        let new = value.as_ref().map_or(0, |value| length + value.len());
        let bytes = self.bytes - old + new;
        let waits = self.changed.len() < 2 * MAX_PAPERS || self.changed.contains(&key);
        let is_one_more = value.is_some() && old == 0;
        if !waits
            || (new > old && bytes > MAX_PAPERS_BYTES)
            || (is_one_more && self.known.len() >= MAX_PAPERS)
        {
            return Err("there is no room for more of them");
        }
        self.bytes = bytes;
        self.changed.insert(key.clone());
        match value {
            Some(value) => drop(self.known.insert(key, value)),
            None => drop(self.known.remove(&key)),
        }
        Ok(())
    }

    /// What the store's thread has not taken: the newest value of each key, `None` where it is removed.
    pub fn take(&mut self) -> BTreeMap<PaperKey, Option<Arc<str>>> {
        let changed = std::mem::take(&mut self.changed);
        changed.into_iter().map(|key| (key.clone(), self.known.get(&key).cloned())).collect()
    }

    /// Goes on with what the store's thread found, but for what was changed since.
    pub fn learn(&mut self, found: &Papers) {
        let own = std::mem::take(&mut self.known);
        self.known = found.clone();
        for key in &self.changed {
            match own.get(key) {
                Some(value) => drop(self.known.insert(key.clone(), Arc::clone(value))),
                None => drop(self.known.remove(key)),
            }
        }
        self.bytes = self.known.iter().map(|((_, key), value)| key.len() + value.len()).sum();
    }
}

/// Papers by tree, as [`super::Opened`] has them.
pub fn by_tree(papers: &Papers) -> BTreeMap<Tree, BTreeMap<String, Arc<str>>> {
    let mut found: BTreeMap<Tree, BTreeMap<String, Arc<str>>> = BTreeMap::new();
    for ((tree, key), value) in papers {
        found.entry(*tree).or_default().insert(key.to_string(), Arc::clone(value));
    }
    found
}

/// Whether it is JSON.
pub fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

impl Store {
    /// Notes `value` under `key` of a tree for writing, or that it is to go. Never waits for the disk. Of
    /// several values of one key that wait, the last is written.
    ///
    /// False when it is not kept, with a line in the log: the value is no JSON or larger than
    /// [`MAX_PAPER_BYTES`], the key is empty, longer than [`MAX_PAPER_KEY_BYTES`] or has a zero byte in it, or
    /// there are [`MAX_PAPERS`] or [`MAX_PAPERS_BYTES`] of them. What was kept under the key stays then.
    #[must_use = "what is refused is not kept"]
    pub fn keep(&self, tree: Tree, key: &str, value: Option<Arc<str>>) -> bool {
        let refusal = if key.is_empty() || key.len() > MAX_PAPER_KEY_BYTES || key.contains('\0') {
            Some("this is no key")
        } else {
            value.as_ref().and_then(|value| {
                let wrong = "the value is no JSON";
                let large = "the value is too large";
                if value.len() > MAX_PAPER_BYTES { Some(large) } else { (!is_json(value)).then_some(wrong) }
            })
        };
        let tell = |why: &str| {
            let key = clean_line(key, MAX_PAPER_KEY_BYTES);
            log::error!("{} {key:?} is not kept in the store: {why}", tree.word());
        };
        if let Some(why) = refusal {
            tell(why);
            return false;
        }
        let shared = &self.owner.shared;
        let mut state = shared.lock();
        if state.closing || state.ended.is_some() {
            return false;
        }
        let put = state.desk.put((tree, key.into()), value);
        // Once: there may be thousands more.
        let was_full = std::mem::replace(&mut state.desk.is_full, put.is_err());
        drop(state);
        match put {
            Ok(()) => shared.changed.notify_all(),
            Err(why) if !was_full => tell(why),
            Err(_) => {}
        }
        put.is_ok()
    }
}
