//! sled behind typed trees, on its own thread.
//!
//! The store keeps what must outlive the process: what the operator wants of each stream, and a
//! little of what became of it. It is never in the way: saving only leaves a note for the store's
//! thread, and whatever the disk does (full, slow, damaged, gone), supervision goes on and the
//! board says what is wrong. A promise is given only by [`Store::barrier`].
//!
//! sled 0.34 is used by rules that were measured, not guessed; each stands where it is followed
//! (`disk.rs`), and `docs/architecture.md` has them all.

mod audit;
mod disk;
mod export;
mod keeper;
mod lock;
mod papers;
mod parts;
mod revisions;
mod shared;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::model::{Phase, StreamId, Wanted};
use shared::{Barrier, Shared};

pub use audit::{AUDIT_FILE, AUDIT_KEPT, AUDIT_KEPT_FOR, AuditLog, read_audit};
pub use lock::{LockError, StateLock};
pub use papers::{MAX_PAPER_BYTES, MAX_PAPER_KEY_BYTES, MAX_PAPERS, MAX_PAPERS_BYTES, Tree};
pub use revisions::{
    Encoding, Head, MAX_REVISION_BYTES, REVISIONS_KEPT, Revision, RevisionError, RevisionFile, Revisions,
};

/// The version of what is stored. A store of a newer version is refused and not touched.
///
/// Still 1 with the trees of [`Tree`]: a headend that does not know them leaves them as they are and does all
/// else right, so it may be gone back to; one more would keep it from opening the store at all.
pub const FORMAT: u32 = 1;
/// Barriers that may wait at the same time; one more is answered at once.
pub const MAX_BARRIERS: usize = 1_024;
/// Free space wanted on the disk before sled is opened, bytes: opening on a full disk does harm.
pub const MIN_FREE_BYTES: u64 = 64 * 1_024 * 1_024;
/// sled's cache, bytes. Its memory has been seen at a multiple of this.
const CACHE_BYTES: u64 = 16 * 1_024 * 1_024;
/// The longest value written, bytes. Above about 7 KiB sled writes files it does not sync.
const MAX_VALUE_BYTES: usize = 4 * 1_024;
/// Exports kept; the oldest go.
const EXPORTS_KEPT: usize = 3;
/// The largest export that is read, bytes: all papers, and the records of as many streams as there may be.
const MAX_EXPORT_BYTES: u64 = 128 * 1_024 * 1_024;
/// Damaged folders kept; the oldest go, or a disk that damages all would fill up with them.
const DAMAGED_KEPT: usize = 5;
/// Notes about single records; more are counted.
const MAX_NOTES: usize = 20;

/// Times and sizes, apart so that tests can be quick.
#[derive(Debug, Clone)]
struct Rules {
    min_free_bytes: u64,
    /// How long [`Store::open`] waits for sled.
    open_limit: Duration,
    /// From a failure to the next try.
    retry_after: Duration,
    /// An operation that takes longer is stuck, and a barrier is not left waiting longer.
    stuck_after: Duration,
    /// What was saved without a barrier is on disk after this.
    sync_after: Duration,
    export_every: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            min_free_bytes: MIN_FREE_BYTES,
            open_limit: Duration::from_secs(8),
            retry_after: Duration::from_secs(10),
            stuck_after: Duration::from_secs(5),
            sync_after: Duration::from_secs(1),
            export_every: Duration::from_secs(300),
        }
    }
}

/// What is kept of one stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// What the operator wants of it.
    pub wanted: Wanted,
    /// Where the supervisor was with it.
    pub phase: Phase,
    /// Starts beyond the first, ever.
    pub restarts: u32,
    /// Since when it was there: milliseconds since the Unix epoch.
    pub changed_wall_ms: u64,
    /// What operators noted about it. Stores and exports from before there was such a thing have none.
    #[serde(default, skip_serializing_if = "CareRecord::is_none")]
    pub care: CareRecord,
}

/// What operators noted about one stream. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CareRecord {
    /// Since when it is acknowledged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged_wall_ms: Option<u64>,
    /// What was wrong then, by name: one that a newer headend knows must not make the record worthless.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub covers: Vec<String>,
    /// Until when it is muted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub muted_until_wall_ms: Option<u64>,
    /// The note; empty when there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
}

impl CareRecord {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// A worker that runs: what it is known by at the next start, should we not live to reap it.
///
/// A process id alone may be a stranger's by then; with the start time, within one boot, it is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerRecord {
    /// Whose worker.
    pub stream: StreamId,
    /// When it was started, in the kernel's ticks since boot.
    pub started: u64,
    /// The kernel's name of that boot.
    pub boot: String,
}

/// What opening found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Opened {
    /// What is known of each stream, also of such as are no longer configured.
    pub records: BTreeMap<StreamId, Record>,
    /// Workers that were running when the store was last written, by process id: none after an
    /// orderly end. Not in exports, which may be minutes old: these numbers mean little by then.
    /// Each stays in the store until [`Store::worker_gone`].
    pub workers: BTreeMap<u32, WorkerRecord>,
    /// What else was kept, by tree and key: JSON, as it was given to [`Store::keep`].
    pub papers: BTreeMap<Tree, BTreeMap<String, Arc<str>>>,
    /// The store itself could not be read (yet): this is what was exported or copied before.
    pub stale: bool,
    /// What the operator should know about how it was found, one clean line each.
    pub notes: Vec<String>,
}

/// The store. A cheap handle; sled and its thread go when the last one is dropped or
/// [`Store::close`] is called.
#[derive(Clone)]
pub struct Store {
    owner: Arc<Owner>,
}

/// What only the handles hold: the threads hold [`Shared`] alone, so they can see them go.
struct Owner {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Store {
    /// Opens the store in the state folder `dir` (`dir/store`, exports beside it). Take
    /// [`StateLock`] first.
    ///
    /// Never fails and returns within 8 s: a damaged store is moved aside and rebuilt from the
    /// last export; where nothing can be opened the store works in memory, says so by
    /// [`Store::trouble`] and keeps trying.
    #[must_use]
    pub fn open(dir: &Path) -> (Self, Opened) {
        Self::open_with(dir, Rules::default())
    }

    fn open_with(dir: &Path, rules: Rules) -> (Self, Opened) {
        let shared = Arc::new(Shared::new(rules.stuck_after));
        let open_limit = rules.open_limit;
        let keeper = {
            let (shared, dir) = (Arc::clone(&shared), dir.to_owned());
            thread::Builder::new().name("store".into()).spawn(move || keeper::run(&shared, &dir, rules))
        };
        let watch = {
            let shared = Arc::clone(&shared);
            thread::Builder::new().name("store-watch".into()).spawn(move || shared.watch())
        };
        let mut threads = Vec::new();
        match (keeper, watch) {
            (Ok(keeper), Ok(watch)) => threads.extend([keeper, watch]),
            (keeper, watch) => {
                let error = keeper.as_ref().err().or(watch.as_ref().err()).map(ToString::to_string);
                let reason = error.unwrap_or_default();
                shared.end(Err(format!("nothing is saved: no thread for the store: {reason}")));
                threads.extend(keeper.into_iter().chain(watch));
            }
        }
        let opened = shared.wait_opened(open_limit).unwrap_or_else(|| late(dir));
        (Self { owner: Arc::new(Owner { shared, threads: Mutex::new(threads) }) }, opened)
    }

    /// A store that keeps nothing, with the reason that [`Store::trouble`] tells.
    #[must_use]
    pub fn absent(reason: &str) -> Self {
        let shared = Arc::new(Shared::new(Rules::default().stuck_after));
        shared.end(Err(reason.to_owned()));
        Self { owner: Arc::new(Owner { shared, threads: Mutex::default() }) }
    }

    /// Notes `record` for writing. Never waits for the disk. Of several records of one stream that
    /// wait, the last is written; so never more wait than there are streams.
    pub fn save(&self, id: &StreamId, record: Record) {
        let shared = &self.owner.shared;
        let mut state = shared.lock();
        if !state.closing && state.ended.is_none() {
            state.forgotten.remove(id);
            state.pending.insert(id.clone(), record);
            shared.changed.notify_all();
        }
    }

    /// Notes that nothing is to be known of these streams any more. Never waits for the disk.
    pub fn forget(&self, ids: impl IntoIterator<Item = StreamId>) {
        let shared = &self.owner.shared;
        let mut state = shared.lock();
        if !state.closing && state.ended.is_none() {
            for id in ids {
                state.pending.remove(&id);
                state.forgotten.insert(id);
            }
            shared.changed.notify_all();
        }
    }

    /// Notes that a worker runs, for writing within about a second. Never waits for the disk.
    pub fn worker_born(&self, pid: u32, worker: WorkerRecord) {
        self.change_workers(|workers| workers.insert(pid, worker));
    }

    /// Notes that a worker is reaped.
    pub fn worker_gone(&self, pid: u32) {
        self.change_workers(|workers| workers.remove(&pid));
    }

    fn change_workers<T>(&self, change: impl FnOnce(&mut BTreeMap<u32, WorkerRecord>) -> T) {
        let shared = &self.owner.shared;
        let mut state = shared.lock();
        if !state.closing && state.ended.is_none() {
            change(&mut state.workers);
            state.workers_changed = true;
            shared.changed.notify_all();
        }
    }

    /// Calls `done` when everything saved before is on disk, or with the reason why it can't be.
    ///
    /// It is called exactly once, within about 5 s: from a thread of the store, or before this
    /// returns when the answer is known (there is trouble, [`MAX_BARRIERS`] wait, the store is
    /// closed). It must be quick and must not call back into the store.
    pub fn barrier(&self, done: Box<dyn FnOnce(Result<(), String>) + Send>) {
        let shared = &self.owner.shared;
        let mut state = shared.lock();
        let refusal = match (&state.ended, state.trouble(shared.stuck_after)) {
            (_, Some(trouble)) => Some(trouble),
            (Some(_), None) => Some("the store is closed".into()),
            _ if state.closing => Some("the store is being closed".into()),
            _ if state.barriers.len() >= MAX_BARRIERS => Some("too much waits to be saved; try again".into()),
            _ => None,
        };
        if let Some(reason) = refusal {
            drop(state);
            done(Err(reason));
            return;
        }
        state.barriers.push_back(Barrier { asked: Instant::now(), done });
        shared.changed.notify_all();
    }

    /// What keeps the store from saving now, on what, and what to do; `None` while all is well.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let shared = &self.owner.shared;
        shared.lock().trouble(shared.stuck_after)
    }

    /// Writes what waits, makes it durable, exports, and ends the threads, all within `limit`.
    /// What is saved afterwards is not kept.
    ///
    /// # Errors
    /// The reason when something could not be written, or not in time.
    pub fn close(&self, limit: Duration) -> Result<(), String> {
        let shared = &self.owner.shared;
        shared.lock().closing = true;
        shared.changed.notify_all();
        let Some(result) = shared.wait_ended(limit) else {
            return Err("the store did not finish in time: what changed last may be lost".into());
        };
        let mut threads = self.owner.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            // A panic in there has become a result already.
            let _ = thread.join();
        }
        result
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.lock().closing = true;
        self.shared.changed.notify_all();
    }
}

/// What is known without sled, which is still busy opening.
fn late(dir: &Path) -> Opened {
    let (export, mut notes) = export::newest(dir);
    notes.push(format!(
        "the store {} takes long to open; going on with what was exported last",
        dir.display()
    ));
    let export = export.unwrap_or_default();
    let papers = papers::by_tree(&export.papers.unwrap_or_default());
    Opened { records: export.records, workers: BTreeMap::new(), papers, stale: true, notes }
}

#[cfg(test)]
mod tests;
