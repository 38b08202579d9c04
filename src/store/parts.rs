//! A tree of sled whose values may be long: those above the bound of one value are kept in parts.
//!
//! sled must not be given values above a few KiB. So a long one has a header under its key, which names a
//! generation, and its parts under keys of their own, with that generation in them. All of it is changed in one
//! batch; should sled tear a batch all the same, the header still names parts that are whole, or none are taken.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::MAX_VALUE_BYTES;
use super::disk::DiskError;
use super::papers::is_json;

/// Begins a value that is whole; the rest is it.
const WHOLE: u8 = b'=';
/// Begins a header: generation, parts and bytes in decimal, with blanks between.
const PARTED: u8 = b'+';
/// Between a key and what says which part of it this is. No key has it.
const BETWEEN: u8 = 0;

/// One such tree.
pub struct Parted {
    tree: sled::Tree,
}

/// What is in one.
#[derive(Debug, Default)]
pub struct Found {
    pub values: BTreeMap<String, Arc<str>>,
    /// Keys of values that made no sense. They are gone.
    pub damaged: Vec<Vec<u8>>,
}

/// What a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Header {
    generation: u64,
    parts: usize,
    bytes: usize,
}

/// A value that is being put together.
struct Building {
    key: Vec<u8>,
    /// `None`: what stands under the key is no header.
    header: Option<Header>,
    text: Vec<u8>,
    parts: usize,
}

impl Parted {
    pub fn open(db: &sled::Db, name: &str) -> Result<Self, sled::Error> {
        Ok(Self { tree: db.open_tree(name)? })
    }

    /// Replaces or removes the value of `key`. `generation`: another one than at any time before for this key.
    pub fn put(&self, key: &[u8], value: Option<&str>, generation: u64) -> Result<(), DiskError> {
        let mut batch = sled::Batch::default();
        for part in self.tree.scan_prefix(prefix_of(key)).keys() {
            batch.remove(part?);
        }
        match value {
            None => batch.remove(key),
            Some(text) if text.len() < MAX_VALUE_BYTES => {
                batch.insert(key, [&[WHOLE], text.as_bytes()].concat());
            }
            Some(text) => {
                let parts = text.as_bytes().chunks(MAX_VALUE_BYTES);
                let header = Header { generation, parts: parts.len(), bytes: text.len() };
                for (number, part) in parts.enumerate() {
                    batch.insert(part_key(key, generation, number), part);
                }
                batch.insert(key, header.text());
            }
        }
        self.tree.apply_batch(batch).map_err(DiskError::from)
    }

    /// Everything that makes sense; what does not is removed.
    pub fn all(&self) -> Result<Found, DiskError> {
        let mut found = Found::default();
        let mut stray: Vec<sled::IVec> = Vec::new();
        let mut building: Option<Building> = None;
        for entry in &self.tree {
            let (key, value) = entry?;
            match key.iter().position(|byte| *byte == BETWEEN) {
                None => {
                    // Its parts come right behind a key.
                    found.take(building.replace(Building::of(&key, &value)));
                }
                Some(end) => {
                    let owner = building.as_mut().filter(|building| building.key == key[..end]);
                    if !owner.is_some_and(|building| building.takes(&key[end + 1..], &value)) {
                        stray.push(key);
                    }
                }
            }
        }
        found.take(building);
        for key in &found.damaged {
            self.put(key, None, 0)?;
        }
        for key in stray {
            self.tree.remove(key)?;
        }
        Ok(found)
    }

    #[cfg(test)]
    pub fn raw(&self) -> &sled::Tree {
        &self.tree
    }
}

impl Found {
    fn take(&mut self, building: Option<Building>) {
        let Some(Building { key, header, text, parts }) = building else { return };
        let is_whole = header.is_some_and(|header| header.parts == parts && header.bytes == text.len());
        let text = String::from_utf8(text).ok().filter(|text| is_whole && is_json(text));
        match (std::str::from_utf8(&key), text) {
            (Ok(key), Some(text)) => drop(self.values.insert(key.to_owned(), text.into())),
            _ => self.damaged.push(key),
        }
    }
}

impl Building {
    fn of(key: &[u8], value: &[u8]) -> Self {
        let (header, text) = match value.split_first() {
            Some((&WHOLE, text)) => {
                (Some(Header { generation: 0, parts: 0, bytes: text.len() }), text.to_vec())
            }
            Some((&PARTED, text)) => (Header::read(text), Vec::new()),
            _ => (None, Vec::new()),
        };
        Self { key: key.to_vec(), header, text, parts: 0 }
    }

    /// Whether this is the next part of it.
    fn takes(&mut self, which: &[u8], part: &[u8]) -> bool {
        let Some(header) = self.header else { return false };
        let is_next =
            self.parts < header.parts && which == which_part(header.generation, self.parts).as_bytes();
        if is_next {
            self.text.extend_from_slice(part);
            self.parts += 1;
        }
        is_next
    }
}

impl Header {
    fn text(self) -> Vec<u8> {
        let mut text = char::from(PARTED).to_string();
        // Into memory: nothing can fail.
        let _ = write!(text, "{} {} {}", self.generation, self.parts, self.bytes);
        text.into_bytes()
    }

    fn read(text: &[u8]) -> Option<Self> {
        let mut words = std::str::from_utf8(text).ok()?.split(' ');
        let (generation, parts, bytes) = (words.next()?, words.next()?, words.next()?);
        Some(Self {
            generation: generation.parse().ok()?,
            parts: parts.parse().ok()?,
            bytes: bytes.parse().ok()?,
        })
    }
}

/// Generation and number, so that they are sorted as numbers are.
fn which_part(generation: u64, number: usize) -> String {
    format!("{generation:016x}{number:08x}")
}

fn prefix_of(key: &[u8]) -> Vec<u8> {
    [key, &[BETWEEN]].concat()
}

fn part_key(key: &[u8], generation: u64, number: usize) -> Vec<u8> {
    [&prefix_of(key)[..], which_part(generation, number).as_bytes()].concat()
}
