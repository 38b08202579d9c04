//! Children of ours that nobody knows of: a start that failed half-way leaves a living child behind.
//!
//! When registering a child's pipes fails, tokio drops the child without killing or reaping it, also
//! with `kill_on_drop` (seen with 1.54). So the spawner looks for such a child after every failure,
//! on its own thread: no other one starts workers, so none can be on its way unnoticed.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::host;

/// The children of the thread that reads it, zombies included.
const CHILDREN: &str = "/proc/thread-self/children";

/// The process ids of workers that somebody will reap: from their birth until they are reaped.
#[derive(Debug, Clone, Default)]
pub struct Tracked(Arc<Mutex<BTreeSet<u32>>>);

impl Tracked {
    /// `pid` is attended.
    pub fn insert(&self, pid: u32) {
        self.lock().insert(pid);
    }

    /// `pid` is reaped.
    pub fn remove(&self, pid: u32) {
        self.lock().remove(&pid);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Finds and ends them.
pub struct Strays {
    tracked: Tracked,
    /// Kept open: when descriptors have run out there is none left to open it with. `None` on a
    /// kernel that was built without it.
    children: Option<File>,
}

impl Strays {
    /// To be made and used on the spawner's thread.
    pub fn new(tracked: Tracked) -> Self {
        Self { tracked, children: File::open(CHILDREN).ok() }
    }

    /// Kills every stray and reaps those that are dead; says how many there were.
    pub fn end_all(&mut self) -> usize {
        // Before the children are listed: whoever is reaped in between is in here, and who is
        // listed and not in here will be reaped by nobody but us, so its number is not a stranger's.
        let tracked = self.tracked.lock().clone();
        let strays: Vec<u32> = self.children().into_iter().filter(|pid| !tracked.contains(pid)).collect();
        for pid in &strays {
            end(*pid);
        }
        strays.len()
    }

    fn children(&mut self) -> Vec<u32> {
        let listed = self.children.as_mut().and_then(|file| {
            let mut text = String::new();
            file.seek(SeekFrom::Start(0)).ok()?;
            file.read_to_string(&mut text).ok()?;
            Some(text.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect())
        });
        // Only workers lead a group of their own.
        listed.unwrap_or_else(|| host::leading_children(std::process::id()))
    }
}

fn end(pid: u32) {
    let Some(child) = i32::try_from(pid).ok().filter(|pid| *pid > 1).map(Pid::from_raw) else { return };
    match waitpid(child, Some(WaitPidFlag::WNOHANG)) {
        Ok(WaitStatus::StillAlive) => {
            log::warn!("a worker whose start failed half-way is ended (pid {pid})");
            // Its group too, if it got so far as to have one.
            let _ = killpg(child, Signal::SIGKILL);
            let _ = kill(child, Signal::SIGKILL);
            let _ = waitpid(child, Some(WaitPidFlag::WNOHANG));
        }
        // Reaped just now, or not ours to reap.
        Ok(_) | Err(Errno::ECHILD) => {}
        Err(error) => log::warn!("a worker whose start failed half-way can't be reaped (pid {pid}): {error}"),
    }
}
