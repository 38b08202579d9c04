//! One stream's log file: appended to, rotated, never held open.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::fcntl::OFlag;

use crate::model::StreamId;

const FOLDER_MODE: u32 = 0o750;
const FILE_MODE: u32 = 0o640;

/// Where log files go and how they are rotated.
pub struct Plan {
    /// The folder.
    pub dir: PathBuf,
    /// A file does not grow past this, bytes (except by a line that is longer).
    pub max_size: u64,
    /// Files kept of a stream, the current one included; at least 1.
    pub max_files: u32,
}

impl Plan {
    /// Makes the folder where it is not there.
    pub fn make_folder(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(&self.dir)
    }
}

/// One stream's log file.
pub struct LogFile {
    name: String,
    progress: Mutex<Progress>,
}

/// How the files stand. Held while they are renamed, so that whoever opens one by its turn gets
/// that one.
#[derive(Default)]
struct Progress {
    /// How often the log was rotated since headend started. The current file is of this turn.
    turn: i64,
    /// The current file as the last append left it: device, inode and length.
    left: Option<(u64, u64, u64)>,
}

/// When somebody else has changed the files no place in them means anything any more: the turn goes
/// this far ahead, which is farther back than any file is kept.
pub const CHANGED: i64 = 1 << 32;

/// Lines that one write put into one file, one behind the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// How many.
    pub lines: usize,
    /// Into the file of this turn.
    pub turn: i64,
    /// From this byte on.
    pub offset: u64,
}

/// What an append did.
#[derive(Debug, Default)]
pub struct Appended {
    /// Lines that are in the file, whole, from the first one on.
    pub stretches: Vec<Stretch>,
    /// What kept the rest out.
    pub error: Option<io::Error>,
}

impl Appended {
    /// How many lines are in the file.
    pub fn written(&self) -> usize {
        self.stretches.iter().map(|stretch| stretch.lines).sum()
    }
}

impl LogFile {
    /// The file of stream `id`. An id has no `/`, and every current file ends in `.log` while
    /// every rotated one ends in a number, so no two streams meet.
    pub fn new(id: &StreamId) -> Self {
        Self { name: format!("{id}.log"), progress: Mutex::default() }
    }

    /// Where it is.
    pub fn path(&self, plan: &Plan) -> PathBuf {
        plan.dir.join(&self.name)
    }

    /// Where the file is that was the current one `back` rotations ago.
    fn rotated(&self, plan: &Plan, back: u64) -> PathBuf {
        if back == 0 { self.path(plan) } else { plan.dir.join(format!("{}.{back}", self.name)) }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The turn of the current file.
    pub fn turn(&self) -> i64 {
        self.progress().turn
    }

    /// Opens the file of `turn` for reading, and says what it is called and how many rotations ago
    /// it was the current one. It stays the same file, whatever is rotated meanwhile.
    pub fn open(&self, plan: &Plan, turn: i64) -> Opened {
        let progress = self.progress();
        let Ok(back) = u64::try_from(progress.turn.saturating_sub(turn)) else {
            // A turn that is still to come.
            return Opened { name: self.name.clone(), back: u64::MAX, file: Err(ErrorKind::NotFound.into()) };
        };
        let path = self.rotated(plan, back);
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        Opened { name, back, file: open_to_read(&path) }
    }

    /// Appends `lines` (each with its line end), rotating as often as that takes.
    pub fn append(&self, plan: &Plan, lines: &[Vec<u8>]) -> Appended {
        let mut done = Appended::default();
        let mut written = 0;
        while written < lines.len() {
            match self.append_some(plan, &lines[written..]) {
                Ok(stretch) => {
                    written += stretch.lines;
                    done.stretches.push(stretch);
                }
                Err(error) => {
                    done.error = Some(error);
                    break;
                }
            }
        }
        done
    }

    /// Appends as many lines as fit into the current file (at least one) in one write.
    fn append_some(&self, plan: &Plan, lines: &[Vec<u8>]) -> io::Result<Stretch> {
        let path = self.path(plan);
        let mut file = open(&path).or_else(|error| match error.kind() {
            ErrorKind::NotFound => plan.make_folder().and_then(|()| open(&path)),
            _ => Err(error),
        })?;
        let mut found = file.metadata()?;
        self.progress().compare(&found);
        let first = lines.first().map_or(0, |line| line.len() as u64);
        if found.len() > 0 && found.len() + first > plan.max_size {
            drop(file);
            self.rotate(plan)?;
            file = open(&path)?;
            found = file.metadata()?;
        }
        let size = found.len();
        let mut room = plan.max_size.saturating_sub(size);
        let mut count = 0;
        let mut text = Vec::new();
        for line in lines {
            let Some(left) = room.checked_sub(line.len() as u64) else {
                break;
            };
            room = left;
            text.extend_from_slice(line);
            count += 1;
        }
        if count == 0 {
            // Longer than a whole file may be: it gets a file to itself.
            count = 1;
            text.extend_from_slice(&lines[0]);
        }
        let mut progress = self.progress();
        // Unknown until the write is done.
        progress.left = None;
        let turn = progress.turn;
        drop(progress);
        file.write_all(&text).inspect_err(|_| {
            // No half line stays before the next good one; a disk that refuses this too keeps it.
            let _ = file.set_len(size);
        })?;
        let end = size + text.len() as u64;
        self.progress().left = Some((found.dev(), found.ino(), end));
        Ok(Stretch { lines: count, turn, offset: size })
    }

    /// `id.log` becomes `id.log.1`, that one `id.log.2`, and so on; the oldest goes.
    fn rotate(&self, plan: &Plan) -> io::Result<()> {
        let mut progress = self.progress();
        progress.left = None;
        let rotated = self.rename_all(plan);
        // One that stopped half way has left each file in some place.
        progress.turn += if rotated.is_ok() { 1 } else { CHANGED };
        rotated
    }

    fn rename_all(&self, plan: &Plan) -> io::Result<()> {
        let numbered = |n: u32| self.rotated(plan, n.into());
        // Also what an earlier run left when it kept more.
        let surplus = (plan.max_files..).map(numbered).take_while(|path| fs::symlink_metadata(path).is_ok());
        for path in surplus.collect::<Vec<_>>() {
            fs::remove_file(path)?;
        }
        let current = self.path(plan);
        if plan.max_files == 1 {
            return fs::remove_file(current);
        }
        if let Err(error) = fs::remove_file(numbered(plan.max_files - 1))
            && error.kind() != ErrorKind::NotFound
        {
            return Err(error);
        }
        for n in (1..plan.max_files - 1).rev() {
            rename_if_there(&numbered(n), &numbered(n + 1))?;
        }
        rename_if_there(&current, &numbered(1))
    }
}

impl Progress {
    /// Looks whether the current file, as it is found, is the one that was left. If it is not, no
    /// place that was given before means anything.
    fn compare(&mut self, found: &fs::Metadata) {
        if self.left.is_some_and(|left| left != (found.dev(), found.ino(), found.len())) {
            self.turn += CHANGED;
            self.left = None;
        }
    }
}

/// A file that was to be opened for reading.
pub struct Opened {
    /// Its name in the folder.
    pub name: String,
    /// How many rotations ago it was the current one.
    pub back: u64,
    /// The file.
    pub file: io::Result<File>,
}

fn rename_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Opens for appending. A link in the file's place is not followed, and a pipe is not waited for:
/// whoever may write into the folder must not choose where our bytes go, or whether we go on.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file =
        OpenOptions::new().append(true).create(true).mode(FILE_MODE).custom_flags(flags.bits()).open(path)?;
    plain(file)
}

fn open_to_read(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    plain(OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?)
}

fn plain(file: File) -> io::Result<File> {
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a plain file")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(dir: &Path, max_size: u64, max_files: u32) -> Plan {
        Plan { dir: dir.join("logs"), max_size, max_files }
    }

    fn lines(words: &[&str]) -> Vec<Vec<u8>> {
        words.iter().map(|word| format!("{word}\n").into_bytes()).collect()
    }

    fn names(plan: &Plan) -> Vec<String> {
        let entries = fs::read_dir(&plan.dir).unwrap();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn append(plan: &Plan, words: &[&str]) {
        let done = file().append(plan, &lines(words));
        assert!(done.error.is_none() && done.written() == words.len(), "{done:?}");
    }

    fn file() -> LogFile {
        LogFile::new(&StreamId::new("a").unwrap())
    }

    #[test]
    fn files_rotate_and_the_oldest_goes() {
        let dir = tempfile::tempdir().unwrap();
        let plan = plan(dir.path(), 10, 3);
        for word in ["one", "two", "three", "four", "five", "six", "seven"] {
            append(&plan, &[word]);
        }
        assert_eq!(names(&plan), ["a.log", "a.log.1", "a.log.2"]);
        let read = |name: &str| fs::read_to_string(plan.dir.join(name)).unwrap();
        assert_eq!(read("a.log"), "six\nseven\n");
        assert_eq!(read("a.log.1"), "four\nfive\n");
        assert_eq!(read("a.log.2"), "three\n");
    }

    #[test]
    fn one_batch_may_fill_many_files() {
        let dir = tempfile::tempdir().unwrap();
        let plan = plan(dir.path(), 8, 4);
        append(&plan, &["aaa", "bbb", "ccc", "ddddddddddddd", "eee"]);
        let read = |name: &str| fs::read_to_string(plan.dir.join(name)).unwrap();
        assert_eq!(read("a.log"), "eee\n");
        assert_eq!(read("a.log.1"), "ddddddddddddd\n", "longer than a file may be, but whole");
        assert_eq!(read("a.log.2"), "ccc\n");
        assert_eq!(read("a.log.3"), "aaa\nbbb\n");
    }

    #[test]
    fn fewer_files_than_before_removes_the_surplus() {
        let dir = tempfile::tempdir().unwrap();
        let many = plan(dir.path(), 4, 6);
        append(&many, &["aaa", "bbb", "ccc", "ddd", "eee", "fff"]);
        assert_eq!(names(&many).len(), 6);
        for (kept, max_files) in [(2, 2), (1, 1)] {
            let few = plan(dir.path(), 4, max_files);
            append(&few, &["ggg"]);
            assert_eq!(names(&few).len(), kept);
        }
    }

    #[test]
    fn a_link_a_pipe_or_a_folder_in_its_place_is_refused() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let plan = plan(dir.path(), 100, 2);
        plan.make_folder().unwrap();
        let target = dir.path().join("target");
        fs::write(&target, "kept").unwrap();
        symlink(&target, file().path(&plan)).unwrap();
        assert!(file().append(&plan, &lines(&["x"])).error.is_some());
        assert_eq!(fs::read_to_string(&target).unwrap(), "kept");

        fs::remove_file(file().path(&plan)).unwrap();
        nix::unistd::mkfifo(&file().path(&plan), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(file().append(&plan, &lines(&["x"])).error.is_some());

        fs::remove_file(file().path(&plan)).unwrap();
        fs::create_dir(file().path(&plan)).unwrap();
        assert!(file().append(&plan, &lines(&["x"])).error.is_some());
    }

    #[test]
    fn others_may_not_read() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let plan = plan(dir.path(), 100, 2);
        append(&plan, &["x"]);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&plan.dir) & 0o027, 0);
        assert_eq!(mode(&file().path(&plan)) & 0o137, 0);
    }
}
