//! What starting finds before the supervisor exists: the state folder, the store, the logs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Options, ServiceError, kept, own_log, paths, revisions};
use crate::config::Config;
use crate::link::{LogSlice, LogSource, OldLogAnswer};
use crate::logs::Logs;
use crate::model::{LogLine, LogPlace, StreamId, StreamIx, StreamSpec};
use crate::store::{LockError, Opened, StateLock, Store};
use crate::supervisor::core::Restored;
use crate::supervisor::runtime::wall_ms;

/// What starting found, before the supervisor exists.
pub struct Ground {
    pub store: Store,
    pub opened: Opened,
    pub lock: Option<StateLock>,
    pub logs: Logs,
    /// The state folder, if it can be used.
    pub folder: Option<PathBuf>,
}

impl Ground {
    /// Takes the state folder and opens what is in it.
    pub fn prepare(options: &Options) -> Result<Self, ServiceError> {
        let settings = &options.config.logs;
        let dir = options.state_dir.clone().or_else(|| options.config.state_dir.clone());
        let dir = dir.or_else(paths::default_state_dir);
        let taken = match &dir {
            Some(dir) => StateLock::take(dir),
            None => Err(LockError::Unusable {
                dir: PathBuf::from("~"),
                source: std::io::Error::other("no home folder is known; name a folder with --state"),
            }),
        };
        match (taken, dir) {
            (Ok(lock), Some(dir)) => {
                let (store, opened) = Store::open(&dir);
                let log_dir = settings.dir.clone().unwrap_or_else(|| dir.join("logs"));
                let logs = Logs::start(Some(log_dir), settings.max_size, settings.max_files);
                own_log::install(&logs);
                for note in &opened.notes {
                    log::warn!("{note}");
                }
                if let Some(sources) = &options.sources {
                    revisions::remember(&dir, sources);
                }
                Ok(Self { store, opened, lock: Some(lock), logs, folder: Some(dir) })
            }
            (Err(held @ LockError::Held { .. }), _) => Err(ServiceError::Locked(held)),
            (Err(unusable), _) => Ok(Self::without_state(settings.dir.as_deref(), options, &unusable)),
            (Ok(_), None) => Ok(Self::without_state(None, options, &"no state folder")),
        }
    }

    /// Supervision does not need a disk: it goes on in memory, and says so.
    fn without_state(log_dir: Option<&Path>, options: &Options, why: &dyn std::fmt::Display) -> Self {
        let settings = &options.config.logs;
        let logs = Logs::start(log_dir.map(Path::to_owned), settings.max_size, settings.max_files);
        own_log::install(&logs);
        log::error!("{why}");
        let text = format!("nothing is saved: {why}");
        Self { store: Store::absent(&text), opened: Opened::default(), lock: None, logs, folder: None }
    }
}

/// Each stream, with what the store knows of it.
pub type Streams = Vec<(StreamSpec, Option<Restored>)>;

/// Pairs each stream with what the store knows of it; and what it knows of others, which may be
/// configured later.
pub fn restore(config: &Config, opened: &Opened) -> (Streams, BTreeMap<StreamId, Restored>) {
    let now = wall_ms();
    let restored = opened.records.iter().map(|(id, record)| (id.clone(), kept::restored(record, now)));
    let mut restored: BTreeMap<StreamId, Restored> = restored.collect();
    let streams = config.streams.iter().map(|spec| (spec.clone(), restored.remove(&spec.id))).collect();
    (streams, restored)
}

/// The logs as the link reads them.
pub struct LogsOf(pub Logs);

impl LogSource for LogsOf {
    fn lines_from(&self, stream: StreamIx, from: u64) -> LogSlice {
        let (lines, next, missed): (Vec<LogLine>, u64, u64) = self.0.lines_from(stream, from);
        LogSlice { lines, next, missed }
    }

    fn next_number(&self, stream: StreamIx) -> u64 {
        self.0.next_number(stream)
    }

    fn read_back(&self, stream: StreamIx, before: LogPlace, lines: usize, answer: OldLogAnswer) -> bool {
        self.0.read_back(stream, before, lines, answer)
    }
}
