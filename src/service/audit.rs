//! Remembers who ordered what: in the audit log, and as lines of headend's own log.
//!
//! A thread of its own writes it, as that waits for the disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::unistd::Uid;

use crate::link::access::name_of;
use crate::link::{AuditAnswer, AuditTrail, Audited, Role, Who};
use crate::model::{AuditEntry, WallTime};
use crate::store::AuditLog;
use crate::supervisor::runtime::wall_ms;

/// Commands that wait to be written, and requests to read; one more is lost, and counted.
const MAX_WAITING: usize = 1_024;
/// As many of them may be refusals: who may not give commands leaves room for those of others.
const MAX_REFUSALS_WAITING: usize = MAX_WAITING / 2;
/// Entries of one page.
const MAX_PAGE: usize = 500;
/// The same again within this is counted, and written once: who floods the log must not push out what
/// others did.
const AGAIN_WITHIN: Duration = Duration::from_secs(60);
/// So many refusals of one user are written in [`REFUSALS_FOR`]; the others are counted, in one entry.
const MAX_REFUSALS: u32 = 10;
const REFUSALS_FOR: Duration = Duration::from_secs(60);
/// Users whose refusals are counted each; those of all others are counted together.
const MAX_REFUSED_USERS: usize = 256;
/// No user's number: the kernel does not give it.
const OTHER_USERS: u32 = u32::MAX;
/// What is counted is on disk after this at the latest, whatever happens to headend then.
const SAVE_AFTER: Duration = Duration::from_secs(1);
/// And in headend's own log, where a line can't be written anew, no more often than this.
const LOG_EVERY: Duration = Duration::from_secs(10);
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
    counts: Arc<Counts>,
}

/// What both ends count.
#[derive(Default)]
struct Counts {
    /// What found no room.
    lost: AtomicU64,
    /// Refusals that wait.
    refusals: AtomicUsize,
}

impl AuditTrail for Trail {
    fn record(&self, audited: Audited) {
        let (refused, refusals) = (audited.refused, &self.counts.refusals);
        if refused && refusals.fetch_add(1, Ordering::Relaxed) >= MAX_REFUSALS_WAITING {
            refusals.fetch_sub(1, Ordering::Relaxed);
            self.counts.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if self.errands.try_send(Errand::Record(Box::new(audited), wall_ms())).is_err() {
            if refused {
                refusals.fetch_sub(1, Ordering::Relaxed);
            }
            self.counts.lost.fetch_add(1, Ordering::Relaxed);
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
        let counts = Arc::new(Counts::default());
        let keeper = Keeper::new(folder.map(Path::to_owned), Arc::clone(&counts));
        let thread = std::thread::Builder::new().name("audit".into()).spawn(move || keeper.run(&waiting))?;
        let trail = Trail { errands: errands.clone(), counts };
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
    again: Option<Again>,
    /// By user.
    refusals: BTreeMap<u32, Refusals>,
    counts: Arc<Counts>,
}

/// The same as the last one again: one entry, which is written anew as they become more.
struct Again {
    entry: AuditEntry,
    /// So many of them are on disk.
    saved: u32,
    /// Since when more are not.
    unsaved: Option<Instant>,
    /// So many are not in headend's own log, and since when there was a line.
    unlogged: u32,
    logged: Instant,
}

/// What was refused to one user of late.
struct Refusals {
    since: Instant,
    written: u32,
    /// Those that are not written, as one entry.
    more: Option<AuditEntry>,
}

impl Again {
    /// Tells in headend's own log what it has not told yet; its line may come later than the last of them.
    fn log(&mut self) {
        if self.unlogged > 0 {
            let told = AuditEntry { times: self.unlogged, ..self.entry.clone() };
            log::info!("audit: {told}, the last at {}", WallTime(told.wall_ms));
        }
        (self.unlogged, self.logged) = (0, Instant::now());
    }
}

impl Keeper {
    const fn new(folder: Option<PathBuf>, counts: Arc<Counts>) -> Self {
        Self { folder, log: None, trouble: None, last: None, again: None, refusals: BTreeMap::new(), counts }
    }

    fn run(mut self, waiting: &Receiver<Errand>) {
        loop {
            let errand = waiting.recv_timeout(self.again_due().unwrap_or(LOOK).min(LOOK));
            match errand {
                Ok(Errand::Read { .. }) => self.save_again(),
                Ok(Errand::End) => self.end_again(),
                _ if self.again_due().is_some_and(|left| left.is_zero()) => self.save_again(),
                _ => {}
            }
            self.tell_refusals(matches!(errand, Ok(Errand::End)));
            match errand {
                Ok(Errand::Record(audited, at_ms)) => {
                    let (refused, unlike) = (audited.refused, audited.unlike);
                    if refused {
                        self.counts.refusals.fetch_sub(1, Ordering::Relaxed);
                    }
                    let entry = Self::entry(*audited, at_ms);
                    if !refused || self.writes_refusal(&entry) {
                        self.take_in(entry, unlike);
                    }
                }
                Ok(Errand::Read { before, count, answer }) => answer(self.read(before, count)),
                Ok(Errand::End) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {}
            }
            match self.counts.lost.swap(0, Ordering::Relaxed) {
                0 => {}
                lost => log::error!("audit: {lost} commands came too fast to be remembered"),
            }
        }
    }

    fn entry(audited: Audited, wall_ms: u64) -> AuditEntry {
        let Audited { who, role, command, result, .. } = audited;
        let own = || Who {
            uid: Uid::effective().as_raw(),
            user: name_of(Uid::effective().as_raw()).into(),
            terminal: "".into(),
        };
        let who = who.unwrap_or_else(own);
        AuditEntry {
            number: 0,
            wall_ms,
            uid: who.uid,
            user: who.user,
            terminal: who.terminal,
            role: if role == Role::Operator { "operator" } else { "viewer" }.into(),
            command,
            result,
            times: 1,
        }
    }

    /// Whether a refusal is one of those that are written each; another one is counted.
    fn writes_refusal(&mut self, entry: &AuditEntry) -> bool {
        let full = self.refusals.len() >= MAX_REFUSED_USERS && !self.refusals.contains_key(&entry.uid);
        let user = if full { OTHER_USERS } else { entry.uid };
        let fresh = || Refusals { since: Instant::now(), written: 0, more: None };
        let refusals = self.refusals.entry(user).or_insert_with(fresh);
        if refusals.written < MAX_REFUSALS {
            refusals.written += 1;
            return true;
        }
        let times = refusals.more.as_ref().map_or(0, |more| more.times).saturating_add(1);
        let (command, result) = ("other orders".into(), "refused: too many to write each".into());
        refusals.more = Some(AuditEntry { command, result, times, ..entry.clone() });
        false
    }

    /// Writes what was counted, when its time is over or everything ends.
    fn tell_refusals(&mut self, ends: bool) {
        let over = |_: &u32, refusals: &mut Refusals| ends || refusals.since.elapsed() >= REFUSALS_FOR;
        let told: Vec<_> = self.refusals.extract_if(.., over).collect();
        for mut more in told.into_iter().filter_map(|(_, refusals)| refusals.more) {
            self.end_again();
            log::info!("audit: {more}");
            self.write(&mut more);
        }
    }

    fn take_in(&mut self, mut entry: AuditEntry, unlike: bool) {
        let is_last =
            |(last, at): &(AuditEntry, Instant)| last.is_again(&entry) && at.elapsed() < AGAIN_WITHIN;
        let same = !unlike && self.last.as_ref().is_some_and(is_last);
        match &mut self.again {
            Some(again) if same => {
                let times = again.entry.times.saturating_add(1);
                (again.entry.times, again.entry.wall_ms) = (times, entry.wall_ms);
                again.unlogged = again.unlogged.saturating_add(1);
                again.unsaved.get_or_insert_with(Instant::now);
                return;
            }
            _ => self.end_again(),
        }
        if !same {
            self.last = Some((entry.clone(), Instant::now()));
        }
        log::info!("audit: {entry}");
        self.write(&mut entry);
        if same {
            self.again = Some(Again { entry, saved: 1, unsaved: None, unlogged: 0, logged: Instant::now() });
        }
    }

    /// In how long what was counted is to be written, if some of it is not.
    fn again_due(&self) -> Option<Duration> {
        let since = self.again.as_ref()?.unsaved?;
        Some(SAVE_AFTER.saturating_sub(since.elapsed()))
    }

    /// Writes what was counted, if some of it is not written.
    fn save_again(&mut self) {
        let Some(mut again) = self.again.take() else { return };
        if again.unsaved.take().is_some() {
            self.write_anew(&mut again);
        }
        if again.logged.elapsed() >= LOG_EVERY {
            again.log();
        }
        self.again = Some(again);
    }

    /// Nothing more is counted with it.
    fn end_again(&mut self) {
        self.save_again();
        if let Some(mut again) = self.again.take() {
            again.log();
        }
    }

    /// Writes what was counted in the place of what was counted before.
    fn write_anew(&mut self, again: &mut Again) {
        match self.log.as_mut().map(|log| log.replace_last(&again.entry)) {
            Some(Ok(true)) => {}
            other => {
                if let Some(Err(error)) = other {
                    self.is_in_trouble(&error);
                }
                // The file was opened anew: what is not in it gets a line of its own.
                again.entry.times -= again.saved;
                self.write(&mut again.entry);
            }
        }
        again.saved = again.entry.times;
    }

    fn write(&mut self, entry: &mut AuditEntry) {
        let Some(folder) = self.folder.clone() else { return };
        let opened = match self.log.take() {
            Some(log) => Ok(log),
            None => AuditLog::open(&folder, entry.wall_ms),
        };
        let written = opened.and_then(|mut log| log.append(std::slice::from_mut(entry)).map(|()| log));
        match written {
            Ok(log) => (self.log, self.trouble) = (Some(log), None),
            Err(error) => self.is_in_trouble(&error),
        }
    }

    /// Says why nothing is written. Opened anew for the next one: that may be after somebody made room.
    fn is_in_trouble(&mut self, error: &std::io::Error) {
        self.log = None;
        let trouble = error.to_string();
        if self.trouble.as_ref() != Some(&trouble) {
            log::error!("audit: commands are not remembered: {trouble}");
            self.trouble = Some(trouble);
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
    use crate::link::Ordered;
    use crate::model::{Action, Answer, Command};
    use crate::store::read_audit;

    fn audited(action: Action) -> Audited {
        Audited {
            who: Some(Who { uid: 0, user: "root".into(), terminal: "pts/3".into() }),
            role: Role::Operator,
            command: format!("{} all", action.word()).into(),
            result: "done, 2 streams".into(),
            refused: false,
            unlike: false,
        }
    }

    fn refused(uid: u32, nth: u32) -> Audited {
        Audited {
            who: Some(Who { uid, user: format!("u{uid}").into(), terminal: "pts/3".into() }),
            role: Role::Viewer,
            command: format!("slots {nth}").into(),
            result: "refused: no".into(),
            refused: true,
            unlike: false,
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
    fn what_is_ordered_again_is_soon_on_disk_with_the_time_of_the_last_one() {
        let dir = tempfile::tempdir().unwrap();
        let (_audit, trail) = Audit::start(Some(dir.path())).unwrap();
        // As after SIGKILL: nobody asks the thread for anything.
        let on_disk = |count: usize, times: u32| {
            let until = Instant::now() + Duration::from_secs(30);
            loop {
                let found = read_audit(dir.path(), 10).unwrap();
                if found.len() == count && found.last().is_some_and(|last| last.times == times) {
                    return found;
                }
                assert!(Instant::now() < until, "{found:?}");
                std::thread::sleep(Duration::from_millis(5));
            }
        };
        trail.record(audited(Action::Start));
        on_disk(1, 1);
        trail.record(audited(Action::Start));
        let first = on_disk(2, 1);
        for _ in 0..3 {
            trail.record(audited(Action::Start));
        }
        let begin = wall_ms();
        trail.record(audited(Action::Start));
        let last = on_disk(2, 5);
        assert_eq!((&first[0], first[1].number), (&last[0], last[1].number));
        assert!(last[1].wall_ms >= begin, "the last one's");
        // And nothing is lost or told twice when another order follows.
        trail.record(audited(Action::Start));
        trail.record(audited(Action::Stop));
        on_disk(3, 1);
        assert_eq!(read(&trail).iter().map(|entry| entry.times).collect::<Vec<_>>(), [1, 6, 1]);
    }

    #[test]
    fn two_reloads_with_the_same_words_are_two() {
        let dir = tempfile::tempdir().unwrap();
        let (_audit, trail) = Audit::start(Some(dir.path())).unwrap();
        let reloaded = |lines: &[&str]| {
            let lines = lines.iter().map(|line| Arc::from(*line)).collect();
            let answer = Answer::Reloaded { summary: "0 streams added, 1 changed".into(), lines };
            trail.record(Audited::new(None, Role::Operator, Ordered::of(&Command::Reload), &answer));
        };
        reloaded(&["~ a: priority 1 -> 2"]);
        reloaded(&["~ b: priority 1 -> 2"]);
        reloaded(&["~ b: priority 2 -> 3"]);
        // Nothing has changed: that is the same again.
        (0..3).for_each(|_| reloaded(&[]));
        assert_eq!(read(&trail).iter().map(|entry| entry.times).collect::<Vec<_>>(), [1, 1, 1, 3]);
    }

    #[test]
    fn of_many_refusals_a_few_are_written_and_the_others_counted() {
        let dir = tempfile::tempdir().unwrap();
        let (audit, trail) = Audit::start(Some(dir.path())).unwrap();
        for nth in 0..300 {
            trail.record(refused(7, nth));
        }
        trail.record(audited(Action::Stop));
        trail.record(refused(8, 1));
        // All of them are taken in before it ends.
        assert_eq!(read(&trail).len(), MAX_REFUSALS as usize + 2);
        drop(trail);
        audit.stop();
        let told: Vec<String> =
            read_audit(dir.path(), 1_000).unwrap().iter().map(ToString::to_string).collect();
        let (each, rest) = told.split_at(MAX_REFUSALS as usize);
        assert!(each.iter().all(|told| told.starts_with("u7 (pts/3) slots")), "{each:?}");
        assert_eq!(
            rest,
            [
                "root (pts/3) stop all: done, 2 streams",
                "u8 (pts/3) slots 1: refused: no",
                "u7 (pts/3) other orders: refused: too many to write each, 290 times",
            ]
        );
    }

    #[test]
    fn refusals_leave_room_for_what_is_not_refused() {
        // Nobody takes anything out of it.
        let (errands, _waiting) = sync_channel(MAX_WAITING);
        let trail = Trail { errands, counts: Arc::default() };
        for nth in 0..2_000 {
            trail.record(refused(7, nth));
        }
        let lost = || trail.counts.lost.load(Ordering::Relaxed);
        let before = lost();
        for _ in 0..MAX_WAITING / 2 {
            trail.record(audited(Action::Stop));
        }
        assert_eq!((before, lost()), (2_000 - MAX_REFUSALS_WAITING as u64, before));
    }

    #[test]
    fn without_a_folder_nothing_is_kept() {
        let (audit, trail) = Audit::start(None).unwrap();
        trail.record(audited(Action::Stop));
        assert_eq!(read(&trail), []);
        audit.stop();
    }
}
