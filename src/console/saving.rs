//! Writing lines to a file the operator named, on a thread of its own: a disk may take its time.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;

use nix::fcntl::OFlag;

use super::state::counted;
use super::state::logs::SaveLines;

const FOLDER_MODE: u32 = 0o750;
const FILE_MODE: u32 = 0o640;
/// So many names are tried when there is such a file already.
const MOST_NAMES: u32 = 100;

/// Writes the lines; `done` is told, on another thread, what is to be said about it.
///
/// # Errors
/// The machine refuses the thread.
pub fn start(order: SaveLines, done: impl FnOnce(Result<String, String>) + Send + 'static) -> io::Result<()> {
    let run = move || done(save(&order));
    thread::Builder::new().name("console-save".into()).spawn(run).map(drop)
}

/// Writes the lines to a file that was not there; says what was done, or why not.
fn save(order: &SaveLines) -> Result<String, String> {
    let wanted = in_home(&order.path);
    let write = || -> io::Result<PathBuf> {
        if let Some(folder) = wanted.parent().filter(|_| order.make_folder) {
            DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)?;
        }
        let (file, path) = create(&wanted)?;
        let all = || {
            let mut out = BufWriter::new(file);
            for line in &order.lines {
                writeln!(out, "{}", line.text())?;
            }
            out.into_inner()?.sync_all()
        };
        // Half a file under the whole one's name would be taken for it.
        all().inspect_err(|_| drop(std::fs::remove_file(&path)))?;
        Ok(path)
    };
    match write() {
        Ok(path) => {
            let other = if path == wanted { "" } else { ", as there was such a file" };
            Ok(format!("{} saved to {}{other}", counted(order.lines.len(), "line"), path.display()))
        }
        Err(error) => Err(format!("{} is not saved: {error}", wanted.display())),
    }
}

/// `~/` at the begin is the operator's own folder, as in a shell.
fn in_home(path: &Path) -> PathBuf {
    let rest = path.strip_prefix("~").ok().zip(std::env::home_dir());
    rest.map_or_else(|| path.to_owned(), |(rest, home)| home.join(rest))
}

/// A new file: by this name, or by one like it.
fn create(path: &Path) -> io::Result<(File, PathBuf)> {
    let mut new = OpenOptions::new();
    new.write(true).create_new(true).mode(FILE_MODE).custom_flags(OFlag::O_NOFOLLOW.bits());
    for number in 1..=MOST_NAMES {
        let path = numbered(path, number);
        match new.open(&path) {
            Ok(file) => return Ok((file, path)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(ErrorKind::AlreadyExists, "there are too many such files"))
}

/// `a.log`, then `a-2.log`.
fn numbered(path: &Path, number: u32) -> PathBuf {
    if number == 1 {
        return path.to_owned();
    }
    let part = |part: Option<&std::ffi::OsStr>| part.map_or_else(String::new, |p| p.to_string_lossy().into());
    let (stem, extension) = (part(path.file_stem()), part(path.extension()));
    let dot = if extension.is_empty() { "" } else { "." };
    path.with_file_name(format!("{stem}-{number}{dot}{extension}"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::console::state::log::taking::Saved;
    use crate::console::tests::disk::SmallDisk;
    use crate::model::{LineLevel, LogLine};

    fn order(path: PathBuf, make_folder: bool) -> SaveLines {
        let line = LogLine { wall_ms: 1_795_485_784_567, level: LineLevel::Error, text: "gone".into() };
        let lines = vec![Saved { of: None, line: line.clone() }, Saved { of: Some("beta".into()), line }];
        SaveLines { path, make_folder, lines }
    }

    const TEXT: &str = "2026-11-24T02:03:04.567Z ERROR gone\n2026-11-24T02:03:04.567Z ERROR beta: gone\n";

    #[test]
    fn nothing_that_is_there_is_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        assert!(save(&order(path.clone(), false)).unwrap().contains("2 lines saved to"));
        assert_eq!(fs::read_to_string(&path).unwrap(), TEXT);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o137, 0);
        fs::write(&path, "kept").unwrap();
        let said = save(&order(path.clone(), false)).unwrap();
        assert!(said.contains("a-2.log, as there was such a file"), "{said}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "kept");
        assert_eq!(fs::read_to_string(dir.path().join("a-2.log")).unwrap(), TEXT);
        // Nor through a link.
        let target = dir.path().join("target");
        symlink(&target, dir.path().join("b")).unwrap();
        assert!(save(&order(dir.path().join("b"), false)).unwrap().contains("b-2"));
        assert!(!target.exists());
        for number in 2..=MOST_NAMES {
            fs::write(numbered(&path, number), "").unwrap();
        }
        assert!(save(&order(path, false)).unwrap_err().contains("too many"));
    }

    #[test]
    fn on_a_full_disk_it_says_so_and_leaves_no_half_of_a_file() {
        let Some(disk) = SmallDisk::mount() else { return };
        let mut order = order(disk.path().join("a.log"), false);
        order.lines = std::iter::repeat_n(order.lines[0].clone(), 10_000).collect();
        disk.fill();
        let error = save(&order).unwrap_err();
        assert!(error.contains("a.log is not saved: No space left"), "{error}");
        assert!(!order.path.exists());
        disk.free();
        order.lines.truncate(100);
        assert!(save(&order).unwrap().contains("100 lines saved"));
    }

    #[test]
    fn only_our_own_folder_is_made() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("exports/a.log");
        let error = save(&order(path.clone(), false)).unwrap_err();
        assert!(error.contains("exports/a.log is not saved"), "{error}");
        save(&order(path.clone(), true)).unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), TEXT);
    }

    #[test]
    fn names_go_on_before_their_ending() {
        let name = |name: &str, n| numbered(Path::new(name), n).display().to_string();
        assert_eq!(name("d/a.log", 1), "d/a.log");
        assert_eq!(name("d/a.log", 3), "d/a-3.log");
        assert_eq!(name("a", 3), "a-3");
        assert!(in_home(Path::new("~/x")).is_absolute());
        assert_eq!(in_home(Path::new("x~/y")), Path::new("x~/y"));
    }
}
