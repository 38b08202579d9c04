//! Replaces files: all of them written beside first, then renamed one after the other.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use color_eyre::eyre::{Report, WrapErr};

use super::{FAILED, Failed, tell};

/// Mode of a file that was not there; one that was keeps its own.
pub const NEW_FILE_MODE: u32 = 0o640;
/// The same of one with passwords and tokens in it.
pub const SECRET_FILE_MODE: u32 = 0o600;
/// So long it is waited for another verb that changes the same configuration.
const OTHERS_TAKE: Duration = Duration::from_secs(10);
/// How often it is looked whether that one is done.
const LOOK: Duration = Duration::from_millis(20);

/// The right to change a configuration, until it is dropped: two that read a file, change it and write
/// it at once would lose what one of them did. None where it can't be had.
#[must_use]
pub struct Turn {
    _folder: Option<File>,
}

/// Waits until no other verb changes the configuration at `main`. It is a `flock` on its folder: a
/// file beside it would stay, and the file itself is another one after each change.
pub fn take_turn(main: &Path) -> Result<Turn, Failed> {
    let main = fs::canonicalize(main).unwrap_or_else(|_| main.to_owned());
    let folder = main.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A folder that is not there yet holds nothing that could be lost.
    let Ok(file) = File::open(folder) else { return Ok(Turn { _folder: None }) };
    let until = Instant::now() + OTHERS_TAKE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Turn { _folder: Some(file) }),
            Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(LOOK),
            Err(TryLockError::WouldBlock) => {
                let why = format!(
                    "another program holds {} to change the configuration: try again when it is done",
                    folder.display()
                );
                return Err(Failed::Said(FAILED, why));
            }
            Err(TryLockError::Error(error)) => {
                tell(&format!(
                    "headend: {} can't be locked ({error}): have nobody else change it now",
                    folder.display()
                ));
                return Ok(Turn { _folder: None });
            }
        }
    }
}

/// What became of it.
pub struct Replaced {
    /// The files that have their new content.
    pub written: Vec<PathBuf>,
    /// Why the others have not.
    pub failed: Option<Report>,
}

/// A new content that is on disk, beside the file it is for.
struct Ready {
    path: PathBuf,
    /// Where a link leads, so that the link stays one.
    target: PathBuf,
    beside: PathBuf,
}

/// Gives each file its new content, and one that was not there this mode. When one can't be written, none is touched; only a failing rename
/// can leave some of them done.
pub fn all(files: &[(PathBuf, Vec<u8>)], new_mode: u32) -> Replaced {
    let mut ready = Vec::with_capacity(files.len());
    for (path, bytes) in files {
        match write_beside(path, bytes, new_mode) {
            Ok(beside) => ready.push(beside),
            Err(error) => {
                remove(&ready);
                let failed = Err::<(), _>(error)
                    .wrap_err_with(|| format!("could not write {}: nothing is replaced", path.display()));
                return Replaced { written: Vec::new(), failed: failed.err() };
            }
        }
    }
    let mut written = Vec::with_capacity(ready.len());
    for (done, Ready { path, target, beside }) in ready.iter().enumerate() {
        let renamed = fs::rename(beside, target).and_then(|()| sync_folder_of(target));
        if let Err(error) = renamed {
            remove(&ready[done..]);
            let failed =
                Err::<(), _>(error).wrap_err_with(|| format!("could not replace {}", path.display()));
            return Replaced { written, failed: failed.err() };
        }
        written.push(path.clone());
    }
    Replaced { written, failed: None }
}

fn remove(ready: &[Ready]) {
    for Ready { beside, .. } in ready {
        // It only takes room.
        let _ = fs::remove_file(beside);
    }
}

fn write_beside(path: &Path, bytes: &[u8], new_mode: u32) -> io::Result<Ready> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let (Some(folder), Some(name)) = (target.parent(), target.file_name()) else {
        return Err(io::ErrorKind::InvalidFilename.into());
    };
    fs::create_dir_all(folder)?;
    // Hidden, so that no pattern of an `include` finds it.
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.headend", std::process::id()));
    let beside = folder.join(hidden);
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(new_mode).open(&beside)?;
    if let Err(error) = fill(file, &target, bytes) {
        let _ = fs::remove_file(&beside);
        return Err(error);
    }
    Ok(Ready { path: path.to_owned(), target, beside })
}

fn fill(mut file: File, target: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Ok(there) = fs::metadata(target) {
        // Root may be writing for the user that headend runs as. Who can't give files away is that
        // user, or is told by the next line.
        let _ = fchown(&file, Some(there.uid()), Some(there.gid()));
        file.set_permissions(there.permissions())?;
    }
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}
