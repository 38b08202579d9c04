//! Remembers who ordered what: in the audit log, and as lines of headend's own log.
//!
//! A thread of its own writes it, as that waits for the disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::unistd::Uid;

use crate::link::access::name_of;
use crate::link::{AuditAnswer, AuditTrail, Audited, Role, Who};
use crate::model::{AuditEntry, clean_line};
use crate::store::AuditLog;
use crate::supervisor::runtime::wall_ms;

/// Commands that wait to be written, and requests to read; one more is lost, and counted.
const MAX_WAITING: usize = 1_024;
/// Entries of one page.
const MAX_PAGE: usize = 500;
/// What was ordered, and what became of it: so much of each is kept, bytes.
const MAX_TEXT: usize = 400;
/// The same again within this is counted, and written once: who floods the log must not push out what
/// others did.
const AGAIN_WITHIN: Duration = Duration::from_secs(60);
/// What is counted is written after this at the latest.
const TELL_AFTER: Duration = Duration::from_secs(10);
/// How often it is looked whether something is to be told.
const LOOK: Duration = Duration::from_secs(1);
/// What waits at the end is written within this.
pub const STOP_LIMIT: Duration = Duration::from_millis(200);

enum Errand {
    Record(Box<Audited>, u64),
    Read { before: u64, count: usize, answer: AuditAnswer },
    End,
}

/// The other threads' end.
struct Trail {
    errands: SyncSender<Errand>,
    lost: Arc<AtomicU64>,
}

impl AuditTrail for Trail {
    fn record(&self, audited: Audited) {
        if self.errands.try_send(Errand::Record(Box::new(audited), wall_ms())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn read(&self, before: u64, count: usize, answer: AuditAnswer) -> bool {
        self.errands.try_send(Errand::Read { before, count: count.min(MAX_PAGE), answer }).is_ok()
    }
}

/// The thread that remembers.
pub struct Audit {
    errands: SyncSender<Errand>,
    thread: JoinHandle<()>,
}

impl Audit {
    /// Starts it, for a state folder; without one only headend's own log tells.
    ///
    /// # Errors
    /// When the machine refuses a thread.
    pub fn start(folder: Option<&Path>) -> std::io::Result<(Self, Arc<dyn AuditTrail>)> {
        let (errands, waiting) = sync_channel(MAX_WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        let keeper = Keeper::new(folder.map(Path::to_owned), Arc::clone(&lost));
        let thread = std::thread::Builder::new().name("audit".into()).spawn(move || keeper.run(&waiting))?;
        let trail = Trail { errands: errands.clone(), lost };
        Ok((Self { errands, thread }, Arc::new(trail)))
    }

    /// Writes what waits and ends, within [`STOP_LIMIT`].
    pub fn stop(self) {
        let until = Instant::now() + STOP_LIMIT;
        let mut end = Some(Errand::End);
        while !self.thread.is_finished() && Instant::now() < until {
            if let Some(errand) = end.take()
                && let Err(std::sync::mpsc::TrySendError::Full(errand)) = self.errands.try_send(errand)
            {
                end = Some(errand);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

struct Keeper {
    folder: Option<PathBuf>,
    log: Option<AuditLog>,
    /// Why nothing is written, said once.
    trouble: Option<String>,
    last: Option<(AuditEntry, Instant)>,
    /// The same as the last one again, and since when it waits.
    again: Option<(AuditEntry, Instant)>,
    lost: Arc<AtomicU64>,
}

impl Keeper {
    const fn new(folder: Option<PathBuf>, lost: Arc<AtomicU64>) -> Self {
        Self { folder, log: None, trouble: None, last: None, again: None, lost }
    }

    fn run(mut self, waiting: &Receiver<Errand>) {
        loop {
            let errand = waiting.recv_timeout(LOOK);
            let due = self.again.as_ref().is_some_and(|(_, since)| since.elapsed() >= TELL_AFTER);
            if due || matches!(errand, Ok(Errand::Read { .. } | Errand::End)) {
                self.tell_again();
            }
            match errand {
                Ok(Errand::Record(audited, at_ms)) => {
                    let entry = Self::entry(*audited, at_ms);
                    self.take_in(entry);
                }
                Ok(Errand::Read { before, count, answer }) => answer(self.read(before, count)),
                Ok(Errand::End) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {}
            }
            match self.lost.swap(0, Ordering::Relaxed) {
                0 => {}
                lost => log::error!("audit: {lost} commands came too fast to be remembered"),
            }
        }
    }

    fn entry(audited: Audited, wall_ms: u64) -> AuditEntry {
        let Audited { who, role, command, answer } = audited;
        let own = || Who {
            uid: Uid::effective().as_raw(),
            user: name_of(Uid::effective().as_raw()).into(),
            terminal: "".into(),
        };
        let who = who.unwrap_or_else(own);
        let text = |text: String| Arc::from(clean_line(&text, MAX_TEXT));
        AuditEntry {
            number: 0,
            wall_ms,
            uid: who.uid,
            user: who.user,
            terminal: who.terminal,
            role: if role == Role::Operator { "operator" } else { "viewer" }.into(),
            command: text(command.words()),
            result: text(answer.words()),
            times: 1,
        }
    }

    fn take_in(&mut self, entry: AuditEntry) {
        let same =
            self.last.as_ref().is_some_and(|(last, at)| last.is_again(&entry) && at.elapsed() < AGAIN_WITHIN);
        if !same {
            self.tell_again();
            self.last = Some((entry.clone(), Instant::now()));
            self.write(entry);
            return;
        }
        match &mut self.again {
            Some((again, _)) => (again.times, again.wall_ms) = (again.times.saturating_add(1), entry.wall_ms),
            None => self.again = Some((entry, Instant::now())),
        }
    }

    fn tell_again(&mut self) {
        if let Some((entry, _)) = self.again.take() {
            self.write(entry);
        }
    }

    fn write(&mut self, entry: AuditEntry) {
        log::info!("audit: {entry}");
        let Some(folder) = self.folder.clone() else { return };
        let opened = match self.log.take() {
            Some(log) => Ok(log),
            None => AuditLog::open(&folder, entry.wall_ms),
        };
        let written = opened.and_then(|mut log| log.append(&mut [entry]).map(|()| log));
        match written {
            Ok(log) => (self.log, self.trouble) = (Some(log), None),
            // Opened anew for the next one: that may be after somebody made room.
            Err(error) => {
                let trouble = error.to_string();
                if self.trouble.as_ref() != Some(&trouble) {
                    log::error!("audit: commands are not remembered: {trouble}");
                    self.trouble = Some(trouble);
                }
            }
        }
    }

    fn read(&mut self, before: u64, count: usize) -> Vec<AuditEntry> {
        let read = match &mut self.log {
            Some(log) => log.read(before, count),
            None => match &self.folder {
                Some(folder) => AuditLog::open(folder, wall_ms()).and_then(|mut log| log.read(before, count)),
                None => Ok(Vec::new()),
            },
        };
        read.unwrap_or_else(|error| {
            log::error!("audit: what was remembered can't be read: {error}");
            Vec::new()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use crate::model::{Action, Answer, Command, Selection};

    fn audited(action: Action) -> Audited {
        Audited {
            who: Some(Who { uid: 0, user: "root".into(), terminal: "pts/3".into() }),
            role: Role::Operator,
            command: Command::Streams { action, target: Selection::All },
            answer: Answer::Done { touched: 2 },
        }
    }

    fn read(trail: &Arc<dyn AuditTrail>) -> Vec<AuditEntry> {
        let (sender, receiver) = channel();
        assert!(trail.read(u64::MAX, 1_000, Box::new(move |entries| drop(sender.send(entries)))));
        receiver.recv_timeout(Duration::from_secs(30)).unwrap()
    }

    #[test]
    fn what_is_ordered_is_remembered_and_a_flood_of_the_same_is_counted() {
        let dir = tempfile::tempdir().unwrap();
        let (audit, trail) = Audit::start(Some(dir.path())).unwrap();
        trail.record(audited(Action::Stop));
        for _ in 0..200 {
            trail.record(audited(Action::Start));
        }
        trail.record(audited(Action::Stop));
        let told: Vec<String> = read(&trail).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "root (pts/3) stop all: done, 2 streams",
                "root (pts/3) start all: done, 2 streams",
                "root (pts/3) start all: done, 2 streams, 199 times",
                "root (pts/3) stop all: done, 2 streams",
            ]
        );
        drop(trail);
        audit.stop();
    }

    #[test]
    fn without_a_folder_nothing_is_kept() {
        let (audit, trail) = Audit::start(None).unwrap();
        trail.record(audited(Action::Stop));
        assert_eq!(read(&trail), []);
        audit.stop();
    }
}
