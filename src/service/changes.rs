//! Whether files changed: looked at every few seconds, which works on every file system.
//!
//! Folders are looked at too: a file that an `include` pattern finds may come.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Files are looked at this often.
pub const LOOK_EVERY: Duration = Duration::from_secs(2);
/// After a folder alone was told of, it is not told of again for so many looks: in some folders
/// something always changes.
const FOLDER_REST: u32 = 5;

/// What tells one state of a file from another: its device and number, size, and when it was changed.
type Mark = Option<(u64, u64, u64, (i64, i64))>;

/// Files and folders as they were when they were last looked at.
#[derive(Debug, Default)]
pub struct Changes {
    files: BTreeMap<PathBuf, Mark>,
    folders: BTreeMap<PathBuf, Mark>,
    /// A file has changed, and it is waited until none does.
    moving: bool,
    /// A folder has changed at the last look.
    stirred: bool,
    /// Looks until a folder alone is told of.
    rest: u32,
}

impl Changes {
    /// From now on these files, and their folders. What changes after this is seen.
    pub fn follow(&mut self, files: &BTreeSet<PathBuf>) {
        let marked = |path: &Path| (path.to_owned(), mark(path));
        self.files = files.iter().map(|file| marked(file)).collect();
        self.folders = files.iter().filter_map(|file| file.parent()).map(marked).collect();
        (self.moving, self.stirred) = (false, false);
    }

    /// Whether a file has changed, and none since the last look: whoever writes is done. A folder that
    /// changes, for which there may be many reasons, delays nothing and is told of now and then.
    pub fn look(&mut self) -> bool {
        let (changed, stirred) = (renew(&mut self.files), renew(&mut self.folders));
        self.rest = self.rest.saturating_sub(1);
        let settled = self.moving && !changed;
        let by_folder = self.stirred && !self.moving && !changed && self.rest == 0;
        if by_folder {
            self.rest = FOLDER_REST;
        }
        // What may not be told of yet waits.
        let waits = self.stirred && !settled && !by_folder;
        (self.moving, self.stirred) = (changed, stirred || waits);
        settled || by_folder
    }
}

/// Marks them anew: whether one is another than before.
fn renew(marks: &mut BTreeMap<PathBuf, Mark>) -> bool {
    let mut changed = false;
    for (path, known) in marks {
        let now = mark(path);
        changed |= std::mem::replace(known, now) != now;
    }
    changed
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

    #[test]
    fn in_a_folder_where_something_always_changes_a_file_still_settles() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.toml");
        std::fs::write(&file, "one").unwrap();
        let mut changes = Changes::default();
        changes.follow(&[file.clone()].into());
        let mut number = 0;
        let mut look = |changes: &mut Changes| {
            number += 1;
            std::fs::write(dir.path().join(format!("other{number}")), "").unwrap();
            changes.look()
        };
        let told = (0..=4 * FOLDER_REST).filter(|_| look(&mut changes)).count();
        assert_eq!(told, 4, "now and then");
        std::fs::write(&file, "longer").unwrap();
        assert!(!look(&mut changes), "it may not be over");
        assert!(look(&mut changes));
    }
}
