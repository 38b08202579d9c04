//! The store's thread: takes what was saved, writes it, syncs, exports, and copes with disks.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::disk::{self, Disk, DiskError, Loaded};
use super::papers::{self, PaperKey, Papers};
use super::shared::{Shared, State};
use super::{FORMAT, MAX_EXPORT_BYTES, MAX_PAPERS, Opened, Record, Rules, WorkerRecord, export};
use crate::model::{StreamId, counted};

/// Opens, serves until the store is closed, and leaves its result in `shared`.
pub fn run(shared: &Shared, dir: &Path, rules: Rules) {
    let served = catch_unwind(AssertUnwindSafe(|| {
        let mut keeper = Keeper::new(dir, rules);
        keeper.open_first(shared);
        keeper.serve(shared)
    }));
    let ended = served.unwrap_or_else(|_| {
        Err("nothing is saved: the store's thread failed; restart headend and report what its log says"
            .into())
    });
    shared.end(ended);
}

struct Keeper {
    dir: PathBuf,
    rules: Rules,
    /// `None` while there is trouble.
    disk: Option<Disk>,
    /// Everything that is known; what a store is rebuilt from while we live.
    records: BTreeMap<StreamId, Record>,
    /// Saved in this run: newer than anything a store opened later may have.
    ours: BTreeSet<StreamId>,
    /// To be written with the next write.
    dirty: BTreeSet<StreamId>,
    /// What is kept beside the records, all that was taken.
    papers: Papers,
    /// Their keys that were changed before a store was first open: newer than anything it may have.
    papers_ours: BTreeSet<PaperKey>,
    /// To be written with the next write; `None`: to be removed.
    papers_dirty: BTreeMap<PaperKey, Option<Arc<str>>>,
    /// The workers there are; `None` once they are on disk.
    workers: Option<BTreeMap<u32, WorkerRecord>>,
    /// The workers on disk.
    workers_on_disk: BTreeMap<u32, WorkerRecord>,
    saves: u64,
    exported_saves: u64,
    /// Once open, a store that lost something is rebuilt from memory, not from an export.
    was_open: bool,
    /// A newer headend's store: it and its exports are left alone.
    refused: bool,
    retry_at: Option<Instant>,
    sync_at: Option<Instant>,
    export_at: Instant,
}

impl Keeper {
    fn new(dir: &Path, rules: Rules) -> Self {
        let export_at = Instant::now() + rules.export_every;
        Self {
            dir: dir.to_owned(),
            rules,
            disk: None,
            records: BTreeMap::new(),
            ours: BTreeSet::new(),
            dirty: BTreeSet::new(),
            papers: Papers::new(),
            papers_ours: BTreeSet::new(),
            papers_dirty: BTreeMap::new(),
            workers: None,
            workers_on_disk: BTreeMap::new(),
            saves: 0,
            exported_saves: 0,
            was_open: false,
            refused: false,
            retry_at: None,
            sync_at: None,
            export_at,
        }
    }

    fn folder(&self) -> PathBuf {
        self.dir.join("store")
    }

    /// Opens for the first time and publishes what is known, whatever became of it.
    fn open_first(&mut self, shared: &Shared) {
        shared.lock().busy_since = Some(Instant::now());
        let mut notes = Vec::new();
        if let Err(error) = self.open(&mut notes) {
            if !matches!(error, DiskError::Newer(_)) {
                self.know_without_store(&mut notes);
            }
            self.fail(shared, &error);
        }
        let workers = self.workers_on_disk.clone();
        let mut state = shared.lock();
        state.busy_since = None;
        // They stay there until they are said to be gone.
        for (pid, worker) in &workers {
            state.workers.entry(*pid).or_insert_with(|| worker.clone());
        }
        state.desk.learn(&self.papers);
        let papers = papers::by_tree(&state.desk.known);
        let unread = self.disk.is_none();
        state.opened = Some(Opened { records: self.records.clone(), workers, papers, stale: unread, notes });
        drop(state);
        shared.changed.notify_all();
    }

    /// Opens sled, rebuilding it where it is damaged, and writes what it lacks.
    fn open(&mut self, notes: &mut Vec<String>) -> Result<(), DiskError> {
        if disk::free_bytes(&self.dir) < self.rules.min_free_bytes {
            return Err(DiskError::Full);
        }
        let folder = self.folder();
        let (disk, loaded) = match Disk::open(&folder) {
            Err(DiskError::Damaged(why)) => {
                let aside = disk::move_aside(&folder)?;
                notes.push(format!("the store was damaged ({why}); it is kept as {}", aside.display()));
                Disk::open(&folder)?
            }
            other => other?,
        };
        let seen = loaded.saves;
        self.take_in(loaded, notes);
        if !self.dirty.is_empty() || !self.papers_dirty.is_empty() || self.saves > seen {
            self.saves += 1;
            let records = self.dirty.iter().map(|id| (id, self.records.get(id)));
            disk.write(records, &self.papers_dirty, self.saves)?;
        }
        disk.make_durable()?;
        self.dirty.clear();
        self.papers_dirty.clear();
        self.papers_ours.clear();
        self.disk = Some(disk);
        self.was_open = true;
        Ok(())
    }

    /// Puts together what the store had, what the last export had and what we know.
    fn take_in(&mut self, loaded: Loaded, notes: &mut Vec<String>) {
        notes.extend(loaded.notes);
        self.workers_on_disk = loaded.workers;
        let mut found = loaded.records;
        let mut papers = loaded.papers.clone();
        if self.was_open {
            // We know everything it ever had: what it lost meanwhile is written again.
            found.clear();
            self.dirty.extend(self.records.keys().cloned());
        } else {
            let (export, export_notes) = export::newest(&self.dir);
            notes.extend(export_notes);
            let export = export.unwrap_or_default();
            self.exported_saves = export.saves;
            if export.saves > loaded.saves {
                // An export is made of what the store had; so the store has lost something.
                notes.push(format!(
                    "the store had lost what was saved last; taken from the last export: {}",
                    counted(export.records.len(), "stream")
                ));
                self.dirty.extend(export.records.keys().cloned());
                found.extend(export.records);
                // All of them: one that was removed meanwhile must not come back. Older exports have none.
                papers = export.papers.unwrap_or(papers);
            }
        }
        self.take_in_papers(&loaded.papers, papers);
        self.saves = self.saves.max(self.exported_saves).max(loaded.saves);
        for (id, record) in found {
            if !self.ours.contains(&id) {
                self.records.insert(id, record);
            }
        }
        self.dirty.extend(self.ours.iter().cloned());
    }

    /// Goes on with the papers that were `found`, unless we know all of them, and notes what of them the store,
    /// which has the `stored` ones, lacks.
    fn take_in_papers(&mut self, stored: &Papers, found: Papers) {
        if !self.was_open {
            let own = std::mem::replace(&mut self.papers, found);
            for key in &self.papers_ours {
                match own.get(key) {
                    Some(value) => drop(self.papers.insert(key.clone(), Arc::clone(value))),
                    None => drop(self.papers.remove(key)),
                }
            }
        }
        let differs = self.papers.iter().filter(|(key, value)| stored.get(*key) != Some(value));
        self.papers_dirty = differs.map(|(key, value)| (key.clone(), Some(Arc::clone(value)))).collect();
        let gone = stored.keys().filter(|key| !self.papers.contains_key(*key));
        self.papers_dirty.extend(gone.map(|key| (key.clone(), None)));
    }

    /// What can be known while the store can't be opened.
    fn know_without_store(&mut self, notes: &mut Vec<String>) {
        let (export, export_notes) = export::newest(&self.dir);
        let copy = disk::read_from_copy(&self.folder(), MAX_EXPORT_BYTES);
        let export = export.unwrap_or_default();
        self.records = match copy {
            Some(copy) if copy.saves >= export.saves => {
                self.workers_on_disk = copy.workers;
                self.papers = copy.papers;
                copy.records
            }
            _ => {
                notes.extend(export_notes);
                if !export.records.is_empty() {
                    notes.push("the store can't be opened; going on with what was exported last".into());
                }
                self.papers = export.papers.unwrap_or_default();
                export.records
            }
        };
    }

    /// Serves until the store is closed. The result is that of the last write.
    fn serve(&mut self, shared: &Shared) -> Result<(), String> {
        loop {
            crate::defect::on_purpose("store");
            let (until, closing) = self.take_work(shared);
            let now = Instant::now();
            let retry = self.retry_at.is_some_and(|at| at <= now) || closing;
            if self.disk.is_none() && !self.refused && retry {
                self.reopen(shared);
            }
            let export = closing || self.export_at <= now;
            // What is exported must not be ahead of what is durable.
            self.write(shared, until, export);
            let exported = if export { self.export() } else { Ok(()) };
            shared.lock().busy_since = None;
            if closing {
                // Here, so that a hanging close is still noticed by whoever waits.
                self.disk = None;
                let failing = shared.lock().failing.clone();
                return failing.map_or(exported, Err);
            }
        }
    }

    /// Waits for something to do and takes it. Tells how many barriers it covers, and whether this
    /// is the last time.
    fn take_work(&mut self, shared: &Shared) -> (u64, bool) {
        let deadline = if self.disk.is_some() {
            Some(self.sync_at.map_or(self.export_at, |at| at.min(self.export_at)))
        } else {
            self.retry_at
        };
        let down = self.disk.is_none();
        // While nothing can be written, what is saved waits where it is coalesced.
        let idle = |state: &mut State| {
            let saved = state.pending.is_empty()
                && state.forgotten.is_empty()
                && state.desk.changed.is_empty()
                && !state.workers_changed;
            !state.closing && (down || saved) && state.barriers.is_empty()
        };
        let mut state = shared.wait_while(deadline, idle);
        for (id, record) in std::mem::take(&mut state.pending) {
            self.ours.insert(id.clone());
            self.dirty.insert(id.clone());
            self.records.insert(id, record);
        }
        for id in std::mem::take(&mut state.forgotten) {
            self.ours.remove(&id);
            self.records.remove(&id);
            self.dirty.insert(id);
        }
        let papers = state.desk.take();
        if std::mem::take(&mut state.workers_changed) {
            self.workers = Some(state.workers.clone());
        }
        state.busy_since = Some(Instant::now());
        let work = (state.answered + state.barriers.len() as u64, state.closing);
        drop(state);
        self.take_papers(papers);
        work
    }

    fn take_papers(&mut self, changed: BTreeMap<PaperKey, Option<Arc<str>>>) {
        for (key, value) in &changed {
            match value {
                Some(value) => drop(self.papers.insert(key.clone(), Arc::clone(value))),
                None => drop(self.papers.remove(key)),
            }
            if !self.was_open {
                self.papers_ours.insert(key.clone());
            }
        }
        while self.papers_ours.len() > 2 * MAX_PAPERS {
            self.papers_ours.pop_first();
        }
        // Without a store, what it lacks is found out when it is open.
        if self.disk.is_some() {
            self.papers_dirty.extend(changed);
        }
    }

    /// Writes what is dirty; durably when a barrier waits for it, or when it has waited long.
    fn write(&mut self, shared: &Shared, until: u64, durably: bool) {
        let Some(disk) = &self.disk else {
            let reason = shared.lock().failing.clone().unwrap_or_default();
            shared.answer(until, &Err(reason));
            return;
        };
        let now = Instant::now();
        let mut result = Ok(());
        if !self.dirty.is_empty() || !self.papers_dirty.is_empty() {
            self.saves += 1;
            let records = self.dirty.iter().map(|id| (id, self.records.get(id)));
            result = disk.write(records, &self.papers_dirty, self.saves);
            self.sync_at = self.sync_at.or(Some(now + self.rules.sync_after));
        }
        if let Some(workers) = self.workers.as_ref().filter(|_| result.is_ok()) {
            result = disk.write_workers(&self.workers_on_disk, workers);
            self.sync_at = self.sync_at.or(Some(now + self.rules.sync_after));
        }
        let waited_for = shared.lock().answered < until;
        if result.is_ok() && (waited_for || durably || self.sync_at.is_some_and(|at| at <= now)) {
            result = disk.make_durable();
            self.sync_at = None;
        }
        match result {
            Ok(()) => {
                self.dirty.clear();
                self.papers_dirty.clear();
                // Not counted as a write: exports have no workers.
                if let Some(workers) = self.workers.take() {
                    self.workers_on_disk = workers;
                }
                shared.answer(until, &Ok(()));
            }
            Err(error) => self.fail(shared, &error),
        }
    }

    /// Lets sled go and says why. After one "no space" its open handle never writes again.
    fn fail(&mut self, shared: &Shared, error: &DiskError) {
        let (dir, folder) = (self.dir.display(), self.folder());
        let reason = match error {
            DiskError::Newer(format) => format!(
                "nothing is saved: {} was written by a newer headend (format {format}, this one knows \
                 {FORMAT}); use that one, or move the folder away",
                folder.display()
            ),
            DiskError::Damaged(why) => {
                format!("nothing is saved: the store {} is damaged ({why}); trying again", folder.display())
            }
            DiskError::Full => {
                let wanted = self.rules.min_free_bytes >> 20;
                format!("disk full: nothing is saved in {dir}; make room, {wanted} MiB are wanted")
            }
            DiskError::Unavailable(why) => {
                format!("nothing is saved in {dir}: {why}; look at the disk and its rights")
            }
        };
        if matches!(error, DiskError::Newer(_)) {
            self.refused = true;
        }
        self.disk = None;
        self.papers_dirty.clear();
        self.sync_at = None;
        // What of the last ones is on disk is known when it is opened again.
        shared.lock().workers_changed = true;
        self.retry_at = (!self.refused).then(|| Instant::now() + self.rules.retry_after);
        let mut state = shared.lock();
        let first = state.failing.as_ref() != Some(&reason);
        state.failing = Some(reason.clone());
        let until = state.answered + state.barriers.len() as u64;
        drop(state);
        if first {
            log::error!("{reason}");
        }
        shared.answer(until, &Err(reason));
    }

    fn reopen(&mut self, shared: &Shared) {
        let mut notes = Vec::new();
        match self.open(&mut notes) {
            Ok(()) => {
                self.retry_at = None;
                let mut state = shared.lock();
                state.failing = None;
                state.desk.learn(&self.papers);
                drop(state);
                log::info!("the store {} is open again", self.folder().display());
            }
            Err(error) => self.fail(shared, &error),
        }
        for note in notes {
            log::warn!("{note}");
        }
    }

    /// Exports what is durable, if it is not exported already.
    fn export(&mut self) -> Result<(), String> {
        self.export_at = Instant::now() + self.rules.export_every;
        if self.disk.is_none() || self.saves == self.exported_saves {
            return Ok(());
        }
        export::write(&self.dir, self.saves, &self.records, &self.papers).map_err(|error| {
            let text =
                format!("cannot export the store to {}: {error}; look at the disk", self.dir.display());
            log::warn!("{text}");
            text
        })?;
        self.exported_saves = self.saves;
        Ok(())
    }
}
