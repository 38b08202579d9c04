//! One process owns a state folder.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::fcntl::OFlag;

use crate::model::{WallTime, coarse_age};

/// Mode of the state folder: other users have no business in it.
const FOLDER_MODE: u32 = 0o750;
const LOCK_MODE: u32 = 0o640;
/// As much as is read of a lock file that somebody else may have written.
const MAX_LOCK_BYTES: u64 = 256;

/// The right to use a state folder, held until this is dropped (or the process ends, however).
///
/// It is a `flock` on `lock` in the folder: the file itself stays and means nothing without it.
#[derive(Debug)]
pub struct StateLock {
    _file: File,
}

/// Why the state folder can't be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("{}", held(*.pid, *.since, .dir))]
    Held {
        /// Its process id, when it could be read.
        pid: Option<u32>,
        /// Since when: milliseconds since the Unix epoch, when it could be read.
        since: Option<u64>,
        /// The folder.
        dir: PathBuf,
    },
    /// It can't be made, read or written.
    #[error(
        "cannot use the state folder {}: {source}; \
         give this user the right to write there or choose another folder", dir.display()
    )]
    Unusable {
        /// The folder.
        dir: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl StateLock {
    /// Takes the state folder `dir`, making it (mode 0750) where it is not there.
    ///
    /// # Errors
    /// [`LockError::Held`] when another process has it, [`LockError::Unusable`] when it can't be
    /// made or written.
    pub fn take(dir: &Path) -> Result<Self, LockError> {
        let unusable = |source| LockError::Unusable { dir: dir.to_owned(), source };
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(dir).map_err(unusable)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).mode(LOCK_MODE);
        options.custom_flags(OFlag::O_NOFOLLOW.bits());
        let mut file = options.open(dir.join("lock")).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let (pid, since) = read(&mut file);
                return Err(LockError::Held { pid, since, dir: dir.to_owned() });
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        // What stands in it is only for the message of a second process: on a full disk it may
        // stay empty, and the lock still holds.
        if let Err(error) = write(&mut file) {
            log::warn!("cannot write who holds the lock in {}: {error}", dir.display());
        }
        Ok(Self { _file: file })
    }
}

fn write(file: &mut File) -> io::Result<()> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(format!("{} {since}\n", std::process::id()).as_bytes())
}

fn read(file: &mut File) -> (Option<u32>, Option<u64>) {
    let mut text = String::new();
    // Unreadable is the same as empty: it is held, and nobody knows by whom.
    let _ = file.take(MAX_LOCK_BYTES).read_to_string(&mut text);
    let mut words = text.split_ascii_whitespace();
    let pid = words.next().and_then(|word| word.parse().ok());
    (pid, words.next().and_then(|word| word.parse().ok()))
}

fn held(pid: Option<u32>, since: Option<u64>, dir: &Path) -> String {
    let who = pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
    let when = since.map_or_else(String::new, |since| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let age = coarse_age(now.saturating_sub(Duration::from_millis(since)));
        format!(" since {} ({age} ago)", WallTime(since))
    });
    let dir = dir.display();
    format!("the state folder {dir} is in use: {who} has it{when}; end that one or choose another folder")
}
