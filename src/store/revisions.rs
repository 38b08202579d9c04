//! Revisions of the configuration: every file of it, as it was when headend took it in.
//!
//! They are files of their own and not in sled, which one process only can open and whose values are
//! kept small: so they can be looked at while headend runs, and by anything that reads JSON.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, chown, fchown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::OFlag;
use nix::unistd::geteuid;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

/// The version of what is in a revision. A newer one is left alone.
const REVISION_FORMAT: u32 = 1;
/// Revisions kept; the oldest go.
pub const REVISIONS_KEPT: usize = 50;
/// The largest revision that is written or read, bytes of its file.
pub const MAX_REVISION_BYTES: u64 = 16 * 1_024 * 1_024;
/// Tries to take a number that another process does not take at the same moment.
const MAX_TRIES: u32 = 100;
/// A file that was being written this long ago was left by a process that died.
const LEFT_AFTER: Duration = Duration::from_secs(3_600);
/// Passwords may stand in a configuration: nobody else may read them here.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;
const ENDING: &str = ".json";
const WRITING: &str = ".writing";

/// The folder of revisions in a state folder.
#[derive(Debug, Clone)]
pub struct Revisions {
    dir: PathBuf,
}

/// A configuration as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// The version of this document.
    pub format: u32,
    /// From 1, never used twice.
    pub number: u64,
    /// When it was recorded: milliseconds since the Unix epoch.
    pub wall_ms: u64,
    /// What differs from the one before, in one line.
    pub summary: String,
    /// Its files, the configuration file first.
    pub files: Vec<RevisionFile>,
}

/// One file of a revision. Unmasked: never show its text without [`crate::model::mask_secrets`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevisionFile {
    /// Its whole path.
    pub path: PathBuf,
    /// How `text` stands for its bytes.
    pub encoding: Encoding,
    /// All of it.
    pub text: String,
}

/// How a text stands for bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// As UTF-8.
    Utf8,
    /// A character for each byte: what was no UTF-8 comes back as it was.
    Latin1,
}

/// What a list shows of a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// See [`Revision::number`].
    pub number: u64,
    /// See [`Revision::wall_ms`].
    pub wall_ms: u64,
    /// See [`Revision::summary`]. Text from a file: clean it before it is shown.
    pub summary: String,
    /// How many files it has.
    pub files: usize,
}

/// Why a revision can't be had.
#[derive(Debug, thiserror::Error)]
pub enum RevisionError {
    /// There is none of this number.
    #[error("there is no revision {number} in {}; `headend config history` lists those there are", dir.display())]
    Missing {
        /// The number.
        number: u64,
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// It is not what headend wrote, or can't be read.
    #[error("the revision {} can't be used: {source}; remove it if it is not needed", path.display())]
    Unusable {
        /// Its file.
        path: PathBuf,
        /// What is wrong.
        source: io::Error,
    },
    /// The folder can't be read or written.
    #[error("the revisions in {} can't be used: {source}; give this user the right to it", dir.display())]
    Folder {
        /// The folder.
        dir: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It can't be written as JSON, or is too large.
    #[error("the configuration can't be kept as a revision: {0}")]
    Unfit(String),
}

// Not derived: a debug print must not show passwords.
impl std::fmt::Debug for RevisionFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} bytes, {:?})", self.path.display(), self.text.len(), self.encoding)
    }
}

impl RevisionFile {
    /// A file, whatever its bytes.
    #[must_use]
    pub fn new(path: PathBuf, bytes: &[u8]) -> Self {
        let (encoding, text) = if let Ok(text) = std::str::from_utf8(bytes) {
            (Encoding::Utf8, text.to_owned())
        } else {
            (Encoding::Latin1, bytes.iter().copied().map(char::from).collect())
        };
        Self { path, encoding, text }
    }

    /// Its bytes; `None` when the text is not what [`RevisionFile::new`] makes.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match self.encoding {
            Encoding::Utf8 => Some(self.text.clone().into_bytes()),
            Encoding::Latin1 => self.text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect(),
        }
    }
}

impl Revisions {
    /// Those of the state folder `dir`; nothing is made or read yet.
    #[must_use]
    pub fn of(dir: &Path) -> Self {
        Self { dir: dir.join("revisions") }
    }

    /// Where they are.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What there is, oldest first, and a line for each file that is no revision and was skipped.
    ///
    /// # Errors
    /// [`RevisionError::Folder`]. A folder that is not there has no revisions.
    pub fn list(&self) -> Result<(Vec<Head>, Vec<String>), RevisionError> {
        let (numbered, mut notes) = self.numbered()?;
        let mut heads = Vec::with_capacity(numbered.len());
        for (number, path) in numbered {
            match read_as::<HeadDocument>(&path).and_then(|found| found.check(number)) {
                Ok(head) => heads.push(head),
                Err(source) => notes.push(RevisionError::Unusable { path, source }.to_string()),
            }
        }
        Ok((heads, notes))
    }

    /// The revision of this number.
    ///
    /// # Errors
    /// [`RevisionError::Missing`], or [`RevisionError::Unusable`] when it is damaged.
    pub fn read(&self, number: u64) -> Result<Revision, RevisionError> {
        let path = self.path_of(number, ENDING);
        let unusable = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => RevisionError::Missing { number, dir: self.dir.clone() },
            _ => RevisionError::Unusable { path: path.clone(), source },
        };
        let revision: Revision = read_as(&path).map_err(unusable)?;
        check(revision.format, revision.number, number).map_err(unusable)?;
        if revision.files.is_empty() || revision.files.iter().any(|file| file.bytes().is_none()) {
            return Err(unusable(io::Error::other("its files are damaged")));
        }
        Ok(revision)
    }

    /// The newest one that can be read, and what was wrong with newer ones.
    ///
    /// # Errors
    /// [`RevisionError::Folder`].
    pub fn newest(&self) -> Result<(Option<Revision>, Vec<String>), RevisionError> {
        let (numbered, _) = self.numbered()?;
        let mut notes = Vec::new();
        for (number, _) in numbered.iter().rev() {
            match self.read(*number) {
                Ok(revision) => return Ok((Some(revision), notes)),
                Err(error) => notes.push(error.to_string()),
            }
        }
        Ok((None, notes))
    }

    /// The number of the newest revision that has just these files; `None` when there is none.
    ///
    /// # Errors
    /// [`RevisionError::Folder`].
    pub fn find(&self, files: &[RevisionFile]) -> Result<Option<u64>, RevisionError> {
        let (numbered, _) = self.numbered()?;
        let mut numbers = numbered.iter().rev().map(|(number, _)| *number);
        Ok(numbers.find(|number| self.read(*number).is_ok_and(|revision| revision.files == files)))
    }

    /// Keeps `files` as a new revision, removes the oldest above the bound, and gives its number.
    ///
    /// # Errors
    /// When it is too large, or the folder can't be written.
    pub fn record(
        &self,
        files: Vec<RevisionFile>,
        wall_ms: u64,
        summary: &str,
    ) -> Result<u64, RevisionError> {
        let folder = |source| RevisionError::Folder { dir: self.dir.clone(), source };
        self.make_folder().map_err(folder)?;
        let mut revision =
            Revision { format: REVISION_FORMAT, number: 0, wall_ms, summary: summary.to_owned(), files };
        for _ in 0..MAX_TRIES {
            revision.number = self.next_number().map_err(folder)?;
            let text =
                serde_json::to_vec(&revision).map_err(|error| RevisionError::Unfit(error.to_string()))?;
            if text.len() as u64 > MAX_REVISION_BYTES {
                let size = text.len() / (1_024 * 1_024);
                return Err(RevisionError::Unfit(format!("it has {size} MiB, and at most 16 are kept")));
            }
            if self.write(revision.number, &text).map_err(folder)? {
                if let Err(error) = self.tidy() {
                    log::warn!("old revisions in {} can't be removed: {error}", self.dir.display());
                }
                return Ok(revision.number);
            }
        }
        Err(folder(io::Error::other("other processes take every number")))
    }

    fn make_folder(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(&self.dir)?;
        if let Some((user, group)) = self.owner() {
            chown(&self.dir, user, group)?;
        }
        Ok(())
    }

    /// Whom the state folder belongs to, when it is somebody else: root may be working for the user
    /// that headend runs as, who must be able to read what is written here.
    fn owner(&self) -> Option<(Option<u32>, Option<u32>)> {
        let state = fs::metadata(self.dir.parent()?).ok()?;
        let ours = geteuid().is_root() && state.uid() != 0;
        ours.then_some((Some(state.uid()), Some(state.gid())))
    }

    /// Writes beside, syncs, renames. False when another process has the number.
    pub(super) fn write(&self, number: u64, text: &[u8]) -> io::Result<bool> {
        let (beside, path) = (self.path_of(number, WRITING), self.path_of(number, ENDING));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(FILE_MODE);
        let mut file = match options.open(&beside) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
            Err(error) => return Err(error),
        };
        // Whoever holds the file beside may make the one of its number, and nobody else.
        let taken = path.symlink_metadata().is_ok();
        let written = if taken {
            Ok(())
        } else {
            let given = self.owner().map_or(Ok(()), |(user, group)| fchown(&file, user, group));
            let written = given.and_then(|()| file.write_all(text)).and_then(|()| file.sync_all());
            written.and_then(|()| fs::rename(&beside, &path))
        };
        if taken || written.is_err() {
            // Half a revision only takes room that may be missing.
            let _ = fs::remove_file(&beside);
        }
        written?;
        File::open(&self.dir)?.sync_all()?;
        Ok(!taken)
    }

    /// Removes the oldest above the bound, and what processes that died were writing.
    fn tidy(&self) -> io::Result<()> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if let Some(number) = number_of(name, ENDING) {
                numbers.push(number);
            } else if number_of(name, WRITING).is_some() {
                // Gone: another process has just finished with it.
                let written = entry.metadata().and_then(|found| found.modified());
                let age = written.ok().and_then(|written| written.elapsed().ok());
                if age.is_some_and(|age| age > LEFT_AFTER) {
                    remove(&entry.path())?;
                }
            }
        }
        numbers.sort_unstable();
        let surplus = numbers.len().saturating_sub(REVISIONS_KEPT);
        for number in numbers.into_iter().take(surplus) {
            remove(&self.path_of(number, ENDING))?;
        }
        Ok(())
    }

    fn next_number(&self) -> io::Result<u64> {
        let mut last = 0;
        for entry in fs::read_dir(&self.dir)? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|n| number_of(n, ENDING).or_else(|| number_of(n, WRITING)));
            last = last.max(number.unwrap_or(0));
        }
        last.checked_add(1).ok_or_else(|| io::Error::other("a file has the highest number there is"))
    }

    /// The files with a revision's name by number, and a line for each that has another.
    fn numbered(&self) -> Result<(Vec<Numbered>, Vec<String>), RevisionError> {
        let folder = |source| RevisionError::Folder { dir: self.dir.clone(), source };
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), Vec::new())),
            Err(error) => return Err(folder(error)),
        };
        let (mut numbered, mut notes) = (Vec::new(), Vec::new());
        for entry in entries {
            let path = entry.map_err(folder)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if let Some(number) = number_of(&name, ENDING) {
                numbered.push((number, path));
            } else if number_of(&name, WRITING).is_none() {
                notes.push(format!("{} is no revision", path.display()));
            }
        }
        numbered.sort();
        notes.sort();
        Ok((numbered, notes))
    }

    fn path_of(&self, number: u64, ending: &str) -> PathBuf {
        self.dir.join(format!("{number:06}{ending}"))
    }
}

/// Removes a file, unless another process was first.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// A file with the number in its name.
type Numbered = (u64, PathBuf);

/// The number in a name, written as headend writes it.
fn number_of(name: &str, ending: &str) -> Option<u64> {
    let number = name.strip_suffix(ending)?.parse().ok()?;
    (format!("{number:06}{ending}") == name).then_some(number)
}

/// A revision without its texts.
#[derive(Deserialize)]
struct HeadDocument {
    format: u32,
    number: u64,
    wall_ms: u64,
    summary: String,
    files: Vec<IgnoredAny>,
}

impl HeadDocument {
    fn check(self, number: u64) -> io::Result<Head> {
        check(self.format, self.number, number)?;
        let Self { wall_ms, summary, files, .. } = self;
        Ok(Head { number, wall_ms, summary, files: files.len() })
    }
}

fn check(format: u32, number: u64, expected: u64) -> io::Result<()> {
    if format > REVISION_FORMAT {
        let message = format!("it has format {format}, this headend knows {REVISION_FORMAT}");
        return Err(io::Error::other(message));
    }
    if number != expected {
        return Err(io::Error::other(format!("it says that its number is {number}")));
    }
    Ok(())
}

fn read_as<T: for<'de> Deserialize<'de>>(path: &Path) -> io::Result<T> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits());
    let mut text = Vec::new();
    options.open(path)?.take(MAX_REVISION_BYTES + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MAX_REVISION_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(serde_json::from_slice(&text)?)
}
