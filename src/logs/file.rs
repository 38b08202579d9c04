//! One stream's log file: appended to, rotated, never held open.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

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
}

/// How far an append came before it failed.
#[derive(Debug)]
pub struct Failed {
    /// Lines that are in the file, whole.
    pub written: usize,
    /// What stopped it.
    pub error: io::Error,
}

impl LogFile {
    /// The file of stream `id`. An id has no `/`, and every current file ends in `.log` while
    /// every rotated one ends in a number, so no two streams meet.
    pub fn new(id: &StreamId) -> Self {
        Self { name: format!("{id}.log") }
    }

    /// Where it is.
    pub fn path(&self, plan: &Plan) -> PathBuf {
        plan.dir.join(&self.name)
    }

    /// Appends `lines` (each with its line end), rotating as often as that takes.
    pub fn append(&self, plan: &Plan, lines: &[Vec<u8>]) -> Result<(), Failed> {
        let mut written = 0;
        while written < lines.len() {
            let more = self.append_some(plan, &lines[written..]);
            written += more.map_err(|error| Failed { written, error })?;
        }
        Ok(())
    }

    /// Appends as many lines as fit into the current file (at least one) in one write.
    fn append_some(&self, plan: &Plan, lines: &[Vec<u8>]) -> io::Result<usize> {
        let path = self.path(plan);
        let mut file = open(&path).or_else(|error| match error.kind() {
            ErrorKind::NotFound => plan.make_folder().and_then(|()| open(&path)),
            _ => Err(error),
        })?;
        let mut size = file.metadata()?.len();
        let first = lines.first().map_or(0, |line| line.len() as u64);
        if size > 0 && size + first > plan.max_size {
            drop(file);
            self.rotate(plan)?;
            file = open(&path)?;
            size = 0;
        }
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
        file.write_all(&text).inspect_err(|_| {
            // No half line stays before the next good one; a disk that refuses this too keeps it.
            let _ = file.set_len(size);
        })?;
        Ok(count)
    }

    /// `id.log` becomes `id.log.1`, that one `id.log.2`, and so on; the oldest goes.
    fn rotate(&self, plan: &Plan) -> io::Result<()> {
        let numbered = |n: u32| plan.dir.join(format!("{}.{n}", self.name));
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

    fn file() -> LogFile {
        LogFile::new(&StreamId::new("a").unwrap())
    }

    #[test]
    fn files_rotate_and_the_oldest_goes() {
        let dir = tempfile::tempdir().unwrap();
        let plan = plan(dir.path(), 10, 3);
        for word in ["one", "two", "three", "four", "five", "six", "seven"] {
            file().append(&plan, &lines(&[word])).unwrap();
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
        file().append(&plan, &lines(&["aaa", "bbb", "ccc", "ddddddddddddd", "eee"])).unwrap();
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
        file().append(&many, &lines(&["aaa", "bbb", "ccc", "ddd", "eee", "fff"])).unwrap();
        assert_eq!(names(&many).len(), 6);
        for (kept, max_files) in [(2, 2), (1, 1)] {
            let few = plan(dir.path(), 4, max_files);
            file().append(&few, &lines(&["ggg"])).unwrap();
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
        assert!(file().append(&plan, &lines(&["x"])).is_err());
        assert_eq!(fs::read_to_string(&target).unwrap(), "kept");

        fs::remove_file(file().path(&plan)).unwrap();
        nix::unistd::mkfifo(&file().path(&plan), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(file().append(&plan, &lines(&["x"])).is_err());

        fs::remove_file(file().path(&plan)).unwrap();
        fs::create_dir(file().path(&plan)).unwrap();
        assert!(file().append(&plan, &lines(&["x"])).is_err());
    }

    #[test]
    fn others_may_not_read() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let plan = plan(dir.path(), 100, 2);
        file().append(&plan, &lines(&["x"])).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&plan.dir) & 0o027, 0);
        assert_eq!(mode(&file().path(&plan)) & 0o137, 0);
    }
}
