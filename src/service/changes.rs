//! Whether files changed: looked at every few seconds, which works on every file system.
//!
//! Folders are looked at too: a file that an `include` pattern finds may come.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Files are looked at this often.
pub const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What tells one state of a file from another: its device and number, size, and when it was changed.
type Mark = Option<(u64, u64, u64, (i64, i64))>;

/// Files and folders as they were when they were last looked at.
#[derive(Debug, Default)]
pub struct Changes {
    marks: BTreeMap<PathBuf, Mark>,
    /// Something has changed, and it is waited until nothing does.
    moving: bool,
}

impl Changes {
    /// From now on these files, and their folders. What changes after this is seen.
    pub fn follow(&mut self, files: &BTreeSet<PathBuf>) {
        let folders = files.iter().filter_map(|file| file.parent()).map(Path::to_owned);
        let paths: BTreeSet<PathBuf> = files.iter().cloned().chain(folders).collect();
        self.marks = paths.into_iter().map(|path| (path.clone(), mark(&path))).collect();
        self.moving = false;
    }

    /// Whether something has changed, and nothing more since the last look: whoever writes is done.
    pub fn look(&mut self) -> bool {
        let mut changed = false;
        for (path, known) in &mut self.marks {
            let now = mark(path);
            changed |= std::mem::replace(known, now) != now;
        }
        let settled = self.moving && !changed;
        self.moving = changed;
        settled
    }
}

fn mark(path: &Path) -> Mark {
    let found = std::fs::metadata(path).ok()?;
    Some((found.dev(), found.ino(), found.size(), (found.ctime(), found.ctime_nsec())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_once_it_is_over() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.toml");
        std::fs::write(&file, "one").unwrap();
        let mut changes = Changes::default();
        changes.follow(&[file.clone(), dir.path().join("none/b.toml")].into());
        assert!(!changes.look());
        std::fs::write(&file, "longer").unwrap();
        assert!(!changes.look(), "it may not be over");
        std::fs::write(&file, "longer still").unwrap();
        assert!(!changes.look());
        assert!(changes.look());
        assert!(!changes.look(), "told once");
        // A file that comes, and one that goes.
        std::fs::write(dir.path().join("new.toml"), "").unwrap();
        assert!(!changes.look() && changes.look());
        std::fs::create_dir(dir.path().join("none")).unwrap();
        std::fs::write(dir.path().join("none/b.toml"), "").unwrap();
        assert!(!changes.look() && changes.look());
        std::fs::remove_file(&file).unwrap();
        assert!(!changes.look() && changes.look());
    }
}
