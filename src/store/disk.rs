//! sled itself, and the rules it is kept by.
//!
//! Everything that goes into sled goes through [`guarded`]: a damaged folder makes 0.34 panic in
//! places, and that must cost the store, not the program.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind};
use std::marker::PhantomData;
use std::os::unix::fs::DirBuilderExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::sys::statvfs::statvfs;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::papers::{PaperKey, Papers};
use super::parts::Parted;
use super::{
    CACHE_BYTES, DAMAGED_KEPT, FORMAT, MAX_NOTES, MAX_PAPER_KEY_BYTES, MAX_VALUE_BYTES, Record, Tree,
    WorkerRecord,
};
use crate::model::{StreamId, WallTime, clean_line};

const FOLDER_MODE: u32 = 0o750;
/// sled's threads may hold its file for a moment after it was dropped.
const FILE_LOCK_WAIT: Duration = Duration::from_secs(2);
const FORMAT_KEY: &str = "format";
const SAVES_KEY: &str = "saves";
/// The longest reason shown: sled puts whole structures into some.
const MAX_REASON_BYTES: usize = 200;

/// Why sled can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// What is on disk makes no sense: only moving it aside helps.
    #[error("damaged: {0}")]
    Damaged(String),
    /// No space left: may be well again later.
    #[error("disk full")]
    Full,
    /// The disk is read-only, failing, or refuses us: may be well again later.
    #[error("{0}")]
    Unavailable(String),
    /// A newer headend wrote it.
    #[error("it has format {0}, this headend knows {FORMAT}")]
    Newer(u32),
}

/// A tree whose keys are texts and whose values are JSON.
struct Typed<V> {
    tree: sled::Tree,
    values: PhantomData<V>,
}

impl<V: Serialize + DeserializeOwned> Typed<V> {
    fn open(db: &sled::Db, name: &str) -> Result<Self, sled::Error> {
        Ok(Self { tree: db.open_tree(name)?, values: PhantomData })
    }

    fn get(&self, key: &str) -> Result<Option<V>, sled::Error> {
        let value = self.tree.get(key)?;
        Ok(value.and_then(|value| serde_json::from_slice(&value).ok()))
    }

    fn insert(&self, key: &str, value: &V) -> Result<(), DiskError> {
        let text = serde_json::to_vec(value).unwrap_or_default();
        if text.is_empty() || text.len() > MAX_VALUE_BYTES {
            return Err(DiskError::Unavailable(format!("the value of {key} is too long to be stored")));
        }
        self.tree.insert(key, text).map(drop).map_err(DiskError::from)
    }

    fn remove(&self, key: &str) -> Result<(), DiskError> {
        self.tree.remove(key).map(drop).map_err(DiskError::from)
    }

    /// Every key and value; `None` for one that makes no sense.
    fn all(&self) -> impl Iterator<Item = Result<(String, Option<V>), sled::Error>> {
        self.tree.iter().map(|entry| {
            let (key, value) = entry?;
            Ok((String::from_utf8_lossy(&key).into_owned(), serde_json::from_slice(&value).ok()))
        })
    }
}

/// An open store.
pub struct Disk {
    /// `None` only while it is dropped.
    open: Option<Open>,
}

struct Open {
    db: sled::Db,
    streams: Typed<Record>,
    /// By process id.
    workers: Typed<WorkerRecord>,
    /// In the order of [`Tree::ALL`].
    papers: Vec<(Tree, Parted)>,
    meta: Typed<u64>,
    /// Our own descriptor of sled's file: its `flush` alone does not sync.
    file: File,
}

/// What an opened store had in it.
#[derive(Debug, Default)]
pub struct Loaded {
    pub records: BTreeMap<StreamId, Record>,
    pub workers: BTreeMap<u32, WorkerRecord>,
    pub papers: Papers,
    pub notes: Vec<String>,
    /// How many writes it has seen.
    pub saves: u64,
}

impl Disk {
    /// Opens the store in `folder`, making it where it is not there, and reads all of it.
    pub fn open(folder: &Path) -> Result<(Self, Loaded), DiskError> {
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)?;
        // Makes sled call the folder corrupt. A real snapshot is never removed: some stores then
        // open, and are empty.
        for path in unfinished_snapshots(folder)? {
            fs::remove_file(path)?;
        }
        guarded(|| {
            let db = open_sled(folder)?;
            let meta: Typed<u64> = Typed::open(&db, "meta")?;
            let format = meta.get(FORMAT_KEY)?;
            if let Some(newer) = format.filter(|&format| format > u64::from(FORMAT)) {
                return Err(DiskError::Newer(u32::try_from(newer).unwrap_or(u32::MAX)));
            }
            if format.is_none() {
                meta.insert(FORMAT_KEY, &u64::from(FORMAT))?;
            }
            let streams = Typed::open(&db, "streams")?;
            let workers = Typed::open(&db, "workers")?;
            let mut loaded = load(&streams)?;
            loaded.workers = load_workers(&workers)?;
            let open = |tree: Tree| Ok::<_, sled::Error>((tree, Parted::open(&db, tree.word())?));
            let papers = Tree::ALL.into_iter().map(open).collect::<Result<Vec<_>, _>>()?;
            load_papers(&papers, &mut loaded)?;
            loaded.saves = meta.get(SAVES_KEY)?.unwrap_or(0);
            let file = File::open(folder.join("db"))?;
            Ok((Self { open: Some(Open { db, streams, workers, papers, meta, file }) }, loaded))
        })
    }

    /// Hands `records` (`None`: there is to be none) and `papers` (`None`: removed) to sled as write number
    /// `saves`. Not yet durable.
    pub fn write<'a>(
        &self,
        records: impl Iterator<Item = (&'a StreamId, Option<&'a Record>)>,
        papers: &BTreeMap<PaperKey, Option<Arc<str>>>,
        saves: u64,
    ) -> Result<(), DiskError> {
        guarded(|| {
            let open = self.open_parts()?;
            for (id, record) in records {
                match record {
                    Some(record) => open.streams.insert(id.as_str(), record)?,
                    None => open.streams.remove(id.as_str())?,
                }
            }
            for ((tree, key), value) in papers {
                for (_, parted) in open.papers.iter().filter(|(name, _)| name == tree) {
                    parted.put(key.as_bytes(), value.as_deref(), saves)?;
                }
            }
            // After all of them, so that the count never says more than is there.
            open.meta.insert(SAVES_KEY, &saves)
        })
    }

    /// Brings the workers on disk from `before` to `now`. Not yet durable.
    pub fn write_workers(
        &self,
        before: &BTreeMap<u32, WorkerRecord>,
        now: &BTreeMap<u32, WorkerRecord>,
    ) -> Result<(), DiskError> {
        guarded(|| {
            let workers = &self.open_parts()?.workers;
            for pid in before.keys().filter(|pid| !now.contains_key(pid)) {
                workers.remove(&pid.to_string())?;
            }
            for (pid, worker) in now.iter().filter(|(pid, worker)| before.get(pid) != Some(worker)) {
                workers.insert(&pid.to_string(), worker)?;
            }
            Ok(())
        })
    }

    /// Everything written before survives the end of the process and of the power.
    pub fn make_durable(&self) -> Result<(), DiskError> {
        guarded(|| {
            let open = self.open_parts()?;
            open.db.flush()?;
            Ok(open.file.sync_all()?)
        })
    }

    fn open_parts(&self) -> Result<&Open, DiskError> {
        self.open.as_ref().ok_or_else(|| DiskError::Unavailable("it is closed".into()))
    }

    #[cfg(test)]
    pub fn set_format(&self, format: u64) {
        self.open_parts().unwrap().meta.insert(FORMAT_KEY, &format).unwrap();
    }

    #[cfg(test)]
    pub fn insert_raw(&self, key: &[u8], value: &[u8]) {
        self.open_parts().unwrap().streams.tree.insert(key, value).unwrap();
    }
}

#[cfg(test)]
impl Disk {
    /// The entries of a tree as they are in sled.
    pub fn raw(&self, tree: Tree) -> &sled::Tree {
        let parted = self.open_parts().unwrap().papers.iter().find(|(name, _)| *name == tree);
        parted.unwrap().1.raw()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let open = self.open.take();
        // sled flushes when it goes, and that may panic where the disk failed before.
        let _ = guarded(|| {
            drop(open);
            Ok(())
        });
    }
}

fn open_sled(folder: &Path) -> Result<sled::Db, sled::Error> {
    let config = sled::Config::new()
        .path(folder)
        .cache_capacity(CACHE_BYTES)
        // With these two (and the cache small) it did not hang; with the defaults it did.
        .mode(sled::Mode::LowSpace)
        .flush_every_ms(Some(1_000));
    let start = Instant::now();
    loop {
        match config.open() {
            Err(sled::Error::Io(error)) if is_file_lock(&error) && start.elapsed() < FILE_LOCK_WAIT => {
                thread::sleep(Duration::from_millis(20));
            }
            result => return result,
        }
    }
}

/// Whether sled could not lock its file; it tells so only in words.
fn is_file_lock(error: &io::Error) -> bool {
    error.kind() == ErrorKind::Other && error.to_string().contains("acquire lock")
}

fn load(streams: &Typed<Record>) -> Result<Loaded, DiskError> {
    let mut loaded = Loaded::default();
    let mut skipped = 0_usize;
    for entry in streams.all() {
        let (key, record) = entry?;
        if let (Ok(id), Some(record)) = (StreamId::new(&key), record) {
            loaded.records.insert(id, record);
            continue;
        }
        skipped += 1;
        if skipped <= MAX_NOTES {
            let key = clean_line(&key, StreamId::MAX_BYTES);
            loaded.notes.push(format!("what was stored of the stream {key:?} makes no sense: forgotten"));
        }
    }
    if let Some(more @ 1..) = skipped.checked_sub(MAX_NOTES) {
        loaded.notes.push(format!("and {more} more"));
    }
    Ok(loaded)
}

/// Values that make no sense are told of, within the bound of all notes.
fn load_papers(trees: &[(Tree, Parted)], loaded: &mut Loaded) -> Result<(), DiskError> {
    let mut skipped = 0_usize;
    for (tree, parted) in trees {
        let found = parted.all()?;
        for key in found.damaged {
            skipped += 1;
            if skipped <= MAX_NOTES {
                let (tree, key) =
                    (tree.word(), clean_line(&String::from_utf8_lossy(&key), MAX_PAPER_KEY_BYTES));
                loaded.notes.push(format!("what was stored in {tree} as {key:?} makes no sense: forgotten"));
            }
        }
        let values = found.values.into_iter();
        loaded.papers.extend(values.map(|(key, value)| ((*tree, key.into_boxed_str()), value)));
    }
    if let Some(more @ 1..) = skipped.checked_sub(MAX_NOTES) {
        loaded.notes.push(format!("and {more} more"));
    }
    Ok(())
}

/// What makes no sense can't be proven to be ours either, and is passed over.
fn load_workers(workers: &Typed<WorkerRecord>) -> Result<BTreeMap<u32, WorkerRecord>, DiskError> {
    let mut found = BTreeMap::new();
    for entry in workers.all() {
        let (key, worker) = entry?;
        if let (Ok(pid), Some(worker)) = (key.parse(), worker) {
            found.insert(pid, worker);
        }
    }
    Ok(found)
}

/// Snapshots that sled had not finished when it was killed or the disk was full.
fn unfinished_snapshots(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    let paths = entries.into_iter().map(|entry| entry.path());
    Ok(paths.filter(|path| path.extension().is_some_and(|word| word == "generating")).collect())
}

/// Moves a damaged `folder` aside, to `folder.damaged-<time>`, and removes the oldest such ones.
pub fn move_aside(folder: &Path) -> Result<PathBuf, DiskError> {
    let failed = |error: io::Error| {
        DiskError::Unavailable(format!(
            "the damaged store {} can't be moved aside: {error}",
            folder.display()
        ))
    };
    let dir = folder.parent().unwrap_or(folder);
    let mut old: Vec<PathBuf> = fs::read_dir(dir)
        .map_err(failed)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.file_name().and_then(|name| name.to_str()).is_some_and(|n| n.starts_with("store.damaged-"))
        })
        .collect();
    old.sort();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let stamp = WallTime(u64::try_from(now.as_millis()).unwrap_or(0)).for_file_name();
    let name = |n: usize| match n {
        0 => dir.join(format!("store.damaged-{stamp}")),
        n => dir.join(format!("store.damaged-{stamp}-{n}")),
    };
    let free = (0..100).map(name).find(|path| fs::symlink_metadata(path).is_err());
    let aside = free.unwrap_or_else(|| name(100));
    fs::rename(folder, &aside).map_err(failed)?;
    let surplus = (old.len() + 1).saturating_sub(DAMAGED_KEPT);
    for path in old.iter().take(surplus) {
        // Only room is lost when one can't be removed.
        let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    }
    Ok(aside)
}

/// Free bytes for us on the disk of `dir`; unknown is enough.
pub fn free_bytes(dir: &Path) -> u64 {
    statvfs(dir).map_or(u64::MAX, |disk| disk.blocks_available().saturating_mul(disk.fragment_size()))
}

/// Reads a store without touching it: from a copy on another disk. For a full disk, where opening
/// does harm but what was promised must still be known. `None` when that can't be done.
pub fn read_from_copy(folder: &Path, max_bytes: u64) -> Option<Loaded> {
    let places = [PathBuf::from("/dev/shm"), std::env::temp_dir()];
    let copied = places.iter().find_map(|place| copy_to(folder, place, max_bytes).ok())?;
    let loaded = Disk::open(&copied).map(|(_, loaded)| loaded);
    if let Err(error) = fs::remove_dir_all(&copied) {
        log::warn!("cannot remove {}: {error}", copied.display());
    }
    loaded.ok()
}

fn copy_to(folder: &Path, place: &Path, max_bytes: u64) -> io::Result<PathBuf> {
    let mut files = Vec::new();
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            bytes += entry.metadata()?.len();
            files.push(entry.file_name());
        }
    }
    if files.is_empty() || bytes > max_bytes || free_bytes(place) < bytes * 2 + max_bytes / 4 {
        return Err(io::Error::other("no room for a copy"));
    }
    let stamp = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let copy = place.join(format!("headend-store-{}-{stamp}", std::process::id()));
    // Must be new: somebody else's folder of that name is refused.
    DirBuilder::new().mode(0o700).create(&copy)?;
    let copied = files.iter().try_for_each(|name| fs::copy(folder.join(name), copy.join(name)).map(drop));
    if let Err(error) = copied {
        let _ = fs::remove_dir_all(&copy);
        return Err(error);
    }
    Ok(copy)
}

/// Runs what calls into sled; a panic in there is damage.
fn guarded<T>(work: impl FnOnce() -> Result<T, DiskError>) -> Result<T, DiskError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        Err(DiskError::Damaged(clean_line(&text, MAX_REASON_BYTES)))
    })
}

impl From<sled::Error> for DiskError {
    fn from(error: sled::Error) -> Self {
        match error {
            sled::Error::Io(error) => error.into(),
            other => Self::Damaged(clean_line(&other.to_string(), MAX_REASON_BYTES)),
        }
    }
}

impl From<io::Error> for DiskError {
    fn from(error: io::Error) -> Self {
        let text = clean_line(&error.to_string(), MAX_REASON_BYTES);
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full,
            // `Other` is no error of the system but of sled's own making.
            ErrorKind::Other if !is_file_lock(&error) => Self::Damaged(text),
            ErrorKind::UnexpectedEof
            | ErrorKind::InvalidData
            | ErrorKind::InvalidInput
            | ErrorKind::IsADirectory
            | ErrorKind::NotADirectory
            | ErrorKind::AlreadyExists
            | ErrorKind::NotFound => Self::Damaged(text),
            _ => Self::Unavailable(text),
        }
    }
}
