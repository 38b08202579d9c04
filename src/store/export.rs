//! The export: all records in one readable file, to rebuild from when sled's folder is damaged.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::fcntl::OFlag;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::papers::Papers;
use super::{EXPORTS_KEPT, FORMAT, MAX_EXPORT_BYTES, Record, Tree};
use crate::model::StreamId;

const FILE_MODE: u32 = 0o640;
const BESIDE: &str = "export.writing";

/// What is in an export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Export {
    /// How many writes the store had seen. A store that has seen fewer has lost something.
    pub saves: u64,
    /// Every record.
    pub records: BTreeMap<StreamId, Record>,
    /// What is kept beside them; exports from before there was such a thing have none.
    pub papers: Option<Papers>,
}

/// As it stands in its file.
#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    saves: u64,
    records: &'a BTreeMap<StreamId, Record>,
    papers: BTreeMap<Tree, BTreeMap<&'a str, &'a RawValue>>,
}

/// The values of a tree by key, as they were written.
type Values = BTreeMap<Box<str>, Box<RawValue>>;

/// As it is read. Trees by name: one that a newer headend knows must not make the export worthless.
#[derive(Deserialize)]
struct Document {
    format: u32,
    saves: u64,
    records: BTreeMap<StreamId, Record>,
    papers: Option<BTreeMap<String, Values>>,
}

impl Document {
    fn export(self) -> Export {
        let Self { saves, records, papers, .. } = self;
        let papers = papers.map(|mut trees| {
            let values = |tree: Tree| {
                let values = trees.remove(tree.word()).unwrap_or_default().into_iter();
                values
                    .map(move |(key, value)| ((tree, key), Arc::from(Box::<str>::from(value))))
                    .collect::<Vec<_>>()
            };
            Tree::ALL.into_iter().flat_map(values).collect()
        });
        Export { saves, records, papers }
    }
}

/// Writes an export beside, syncs it, renames it, and removes the oldest ones.
pub fn write(
    dir: &Path,
    saves: u64,
    records: &BTreeMap<StreamId, Record>,
    papers: &Papers,
) -> io::Result<()> {
    let mut trees: BTreeMap<Tree, BTreeMap<&str, &RawValue>> = BTreeMap::new();
    for ((tree, key), value) in papers {
        trees.entry(*tree).or_default().insert(key, serde_json::from_str(value)?);
    }
    let export = Written { format: FORMAT, saves, records, papers: trees };
    let text = serde_json::to_vec(&export).map_err(io::Error::other)?;
    let beside = dir.join(BESIDE);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(FILE_MODE);
    options.custom_flags(OFlag::O_NOFOLLOW.bits());
    let mut file = options.open(&beside)?;
    let written = file.write_all(&text).and_then(|()| file.sync_all());
    if let Err(error) = written {
        // Half an export only takes room that is missing.
        let _ = fs::remove_file(&beside);
        return Err(error);
    }
    let there = numbered(dir);
    let next = there.last().map_or(1, |(number, _)| number.saturating_add(1));
    fs::rename(&beside, dir.join(format!("export-{next}.json")))?;
    File::open(dir)?.sync_all()?;
    let surplus = (there.len() + 1).saturating_sub(EXPORTS_KEPT);
    for (_, path) in there.iter().take(surplus) {
        fs::remove_file(path)?;
    }
    Ok(())
}

/// The newest export that can be read, and what was wrong with newer ones.
pub fn newest(dir: &Path) -> (Option<Export>, Vec<String>) {
    let mut notes = Vec::new();
    for (_, path) in numbered(dir).into_iter().rev() {
        match read(&path) {
            Ok(export) => return (Some(export), notes),
            Err(error) => {
                notes.push(format!("the export {} can't be used: {error}", path.display()));
            }
        }
    }
    (None, notes)
}

/// The exports there are, oldest first.
fn numbered(dir: &Path) -> Vec<(u64, PathBuf)> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Vec::new();
    };
    let number = |name: &str| name.strip_prefix("export-")?.strip_suffix(".json")?.parse().ok();
    let mut found: Vec<(u64, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| Some((number(entry.file_name().to_str()?)?, entry.path())))
        .collect();
    found.sort();
    found
}

fn read(path: &Path) -> io::Result<Export> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits());
    let mut text = Vec::new();
    options.open(path)?.take(MAX_EXPORT_BYTES).read_to_end(&mut text)?;
    let export: Document = serde_json::from_slice(&text)?;
    if export.format > FORMAT {
        return Err(io::Error::other(format!(
            "it has format {}, this headend knows {FORMAT}",
            export.format
        )));
    }
    Ok(export.export())
}
