//! Writes what the console remembers on a thread of its own: a disk may take its time, the keys
//! must not.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::remembered;

/// When the console ends, the last text is waited for this long.
pub const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// What waits to be written: never more than one text, the newest.
#[derive(Debug, Default)]
struct Desk {
    text: Option<String>,
    writing: bool,
    closed: bool,
}

#[derive(Debug, Default)]
struct Shared {
    desk: Mutex<Desk>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps a file up to date.
#[derive(Debug)]
pub struct Keeper {
    shared: Arc<Shared>,
}

impl Keeper {
    /// Starts the thread. `failed` is called there, with a line that says what could not be written.
    ///
    /// # Errors
    /// When the machine refuses a thread.
    pub fn start(path: PathBuf, failed: impl Fn(String) + Send + 'static) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let ours = Arc::clone(&shared);
        std::thread::Builder::new().name("keeper".into()).spawn(move || {
            while let Some(text) = next(&ours) {
                if let Err(error) = remembered::replace(&path, &text) {
                    failed(format!("{} can't be written: {error}; nothing is remembered", path.display()));
                }
                ours.lock().writing = false;
                ours.changed.notify_all();
            }
        })?;
        Ok(Self { shared })
    }

    /// Writes `text` soon; a text that still waits is replaced by it.
    pub fn keep(&self, text: String) {
        self.shared.lock().text = Some(text);
        self.shared.changed.notify_all();
    }
}

/// Waits for the next text; `None`: all is written, and no more will come.
fn next(shared: &Shared) -> Option<String> {
    let mut desk = shared.lock();
    loop {
        if let Some(text) = desk.text.take() {
            desk.writing = true;
            return Some(text);
        }
        if desk.closed {
            return None;
        }
        desk = shared.changed.wait(desk).unwrap_or_else(PoisonError::into_inner);
    }
}

impl Drop for Keeper {
    /// Waits for what is not written yet, at most [`CLOSE_LIMIT`].
    fn drop(&mut self) {
        let until = Instant::now() + CLOSE_LIMIT;
        let mut desk = self.shared.lock();
        desk.closed = true;
        self.shared.changed.notify_all();
        while desk.text.is_some() || desk.writing {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                log::warn!("what the console is to remember could not be written in time");
                return;
            }
            desk = self.shared.changed.wait_timeout(desk, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::console::tests::disk::SmallDisk;

    #[test]
    fn the_last_text_is_on_disk_when_it_ends() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("console.toml");
        let keeper = Keeper::start(path.clone(), |failed| panic!("{failed}")).unwrap();
        for n in 0..100 {
            keeper.keep(format!("# {n}"));
        }
        drop(keeper);
        assert_eq!(std::fs::read_to_string(path).unwrap(), "# 99");
    }

    #[test]
    fn a_full_disk_leaves_the_text_before_and_is_told() {
        let Some(disk) = SmallDisk::mount() else { return };
        let path = disk.path().join("console.toml");
        let (tell, told) = mpsc::channel();
        let keeper = Keeper::start(path.clone(), move |failed| tell.send(failed).unwrap()).unwrap();
        keeper.keep("# before".into());
        while std::fs::read_to_string(&path).is_err() {
            std::thread::yield_now();
        }
        disk.fill();
        keeper.keep(format!("# {}", "x".repeat(100_000)));
        let failed = told.recv().unwrap();
        assert!(failed.contains("console.toml can't be written: No space left"), "{failed}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "# before");
        // And when there is room again what is kept then is kept.
        disk.free();
        keeper.keep("# after".into());
        drop(keeper);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "# after");
    }

    #[test]
    fn what_can_not_be_written_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let (tell, told) = mpsc::channel();
        let path = dir.path().join("none/console.toml");
        let keeper = Keeper::start(path, move |failed| tell.send(failed).unwrap()).unwrap();
        keeper.keep(String::new());
        assert!(told.recv().unwrap().contains("can't be written"));
        drop(keeper);
        assert!(told.recv().is_err(), "the thread has ended");
    }
}
