//! A disk that can be full.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

/// A small file system of its own, where the test may mount one.
pub struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None`, and said so: this user may mount nothing.
    pub fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mount = ["-t", "tmpfs", "-o", "size=256k", "tmpfs"];
        let done = Command::new("mount").args(mount).arg(folder.path()).output();
        let mounted = done.is_ok_and(|output| output.status.success());
        if !mounted {
            println!("not run: this user may not mount a tmpfs");
        }
        mounted.then_some(Self(folder))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes all the room there is.
    pub fn fill(&self) {
        let mut file = fs::File::create(self.path().join("filler")).unwrap();
        while file.write_all(&[0; 4_096]).is_ok() {}
    }

    /// Gives it back.
    pub fn free(&self) {
        fs::remove_file(self.path().join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).output();
    }
}
