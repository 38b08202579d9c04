//! Workers that an earlier headend left behind: recognised, ended, and never taken for a stranger.
//!
//! The kernel kills a worker together with headend. But a death signal is lost where a worker runs a
//! program that drops it, and it does not reach a worker's children: those of a script around FFmpeg
//! live on, in the worker's group.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpgrp};

use crate::host::{self, Process};
use crate::store::{Opened, Store, WorkerRecord};
use crate::supervisor::runtime::MARK;

/// From TERM to KILL.
const TERM_LIMIT: Duration = Duration::from_secs(2);
/// From KILL to going on without having seen the end.
const KILL_LIMIT: Duration = Duration::from_secs(2);
/// From one look to the next.
const LOOK: Duration = Duration::from_millis(20);
/// Processes of all leftovers' groups that are looked after at once; those beyond come when some of
/// these are gone.
const MAX_PROCESSES: usize = 4_096;
/// Process ids named in one line of the log; the others are counted.
const MAX_NAMED: usize = 20;

/// A process that was seen to be ours, and what it is recognised by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Known {
    pid: u32,
    started: u64,
    /// Whose it is: the process id of the recorded worker.
    worker: u32,
}

impl Known {
    /// Whether it is there still, and no other of the same number.
    fn lives(self) -> bool {
        host::process(self.pid).is_some_and(|now| now.started == self.started && !now.dead)
    }

    /// Signals it, if it is still the same. Between the look and the signal lies no more than this
    /// line: a number is not given again before all others were.
    fn signal(self, signals: &[Signal]) {
        let Ok(pid) = i32::try_from(self.pid) else { return };
        for signal in signals {
            if self.lives() {
                // Who may not be signalled is seen to live on.
                let _ = kill(Pid::from_raw(pid), *signal);
            }
        }
    }
}

/// Ends what an earlier headend left, and has the store forget those that need no more thought.
pub fn end_all(opened: &Opened, boot: Option<&str>, store: &Store) {
    for pid in end(&opened.workers, boot) {
        store.worker_gone(pid);
    }
}

/// Ends what is left of `workers`, within [`TERM_LIMIT`] and [`KILL_LIMIT`] at most, and returns the
/// process ids of those that need no more thought: they and their groups are gone, or somebody
/// else's now.
fn end(workers: &BTreeMap<u32, WorkerRecord>, boot: Option<&str>) -> Vec<u32> {
    let of_this_boot = |pid: u32, worker: &WorkerRecord| {
        boot == Some(worker.boot.as_str()) && pid > 1 && pid != std::process::id()
    };
    let recorded: BTreeMap<u32, &WorkerRecord> = workers
        .iter()
        .filter(|(pid, worker)| of_this_boot(**pid, worker))
        .map(|(pid, worker)| (*pid, worker))
        .collect();
    let crowd = if recorded.is_empty() { BTreeSet::new() } else { end_recorded(&recorded) };
    for process in &crowd {
        log::error!("what an earlier headend left does not end: process {}", process.pid);
    }
    let left: BTreeSet<u32> = crowd.iter().map(|process| process.worker).collect();
    workers.keys().filter(|pid| !left.contains(pid)).copied().collect()
}

/// Asks them to end, then kills them; returns who is left.
fn end_recorded(recorded: &BTreeMap<u32, &WorkerRecord>) -> BTreeSet<Known> {
    let Found { ours: mut crowd, unmarked } = look(recorded);
    for (pid, others) in unmarked {
        log::warn!(
            "in the group of a worker of {} that an earlier headend had (pid {pid}) are processes without its \
             mark {MARK}; they are left alone: {}",
            recorded[&pid].stream,
            named(&others)
        );
    }
    if crowd.is_empty() {
        return crowd;
    }
    tell(&crowd, recorded);
    for process in &crowd {
        process.signal(&[Signal::SIGTERM, Signal::SIGCONT]);
    }
    let count = crowd.len();
    wait_gone(&mut crowd, Instant::now() + TERM_LIMIT);
    let until = Instant::now() + KILL_LIMIT;
    loop {
        // Who was started while the others were asked to end is in no list yet.
        let new: BTreeSet<Known> = look(recorded).ours.difference(&crowd).copied().collect();
        tell(&new, recorded);
        crowd.extend(new);
        if crowd.is_empty() {
            log::info!("what an earlier headend left has ended, {count} processes at first");
        }
        if crowd.is_empty() || Instant::now() >= until {
            return crowd;
        }
        for process in &crowd {
            process.signal(&[Signal::SIGKILL]);
        }
        wait_gone(&mut crowd, until);
    }
}

/// Says who is ended, and whose they are.
fn tell(crowd: &BTreeSet<Known>, recorded: &BTreeMap<u32, &WorkerRecord>) {
    for (pid, worker) in recorded {
        let of_it = crowd.iter().filter(|process| process.worker == *pid);
        let (leader, others): (Vec<u32>, Vec<u32>) =
            of_it.map(|process| process.pid).partition(|member| member == pid);
        let stream = &worker.stream;
        match (leader.is_empty(), others.is_empty()) {
            (true, true) => {}
            (false, true) => {
                log::warn!("a worker of {stream} was left by an earlier headend (pid {pid}); it is ended");
            }
            (false, false) => log::warn!(
                "a worker of {stream} was left by an earlier headend (pid {pid}); it is ended, with its group: {}",
                named(&others)
            ),
            (true, false) => log::warn!(
                "what a worker of {stream} had started was left by an earlier headend (the worker, pid {pid}, is \
                 gone); it is ended: {}",
                named(&others)
            ),
        }
    }
}

/// `pid 12, 13, 14 and 5 more`.
fn named(pids: &[u32]) -> String {
    let shown: Vec<String> = pids.iter().take(MAX_NAMED).map(ToString::to_string).collect();
    let more = pids.len().saturating_sub(MAX_NAMED);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("pid {}{rest}", shown.join(", "))
}

/// What one look at all processes found.
struct Found {
    /// The recorded workers and what they started in their groups, [`MAX_PROCESSES`] at most.
    ours: BTreeSet<Known>,
    /// Members of groups whose leader is gone that may be ours or not, by the recorded worker.
    unmarked: BTreeMap<u32, Vec<u32>>,
}

fn look(recorded: &BTreeMap<u32, &WorkerRecord>) -> Found {
    let mut members: BTreeMap<u32, Vec<(u32, Process)>> = BTreeMap::new();
    for member in host::group_members(&recorded.keys().copied().collect()) {
        members.entry(member.1.group).or_default().push(member);
    }
    let mut found = Found { ours: BTreeSet::new(), unmarked: BTreeMap::new() };
    let room = |found: &Found| found.ours.len() < MAX_PROCESSES;
    for (pid, worker) in recorded {
        // After the members: if the recorded worker is there now, also dead, its number was its own
        // all the time.
        let now = host::process(*pid);
        let leads = now.is_some_and(|now| now.group == *pid);
        let is_it = now.is_some_and(|now| now.started == worker.started);
        if is_it && now.is_some_and(|now| !now.dead) && room(&found) {
            found.ours.insert(Known { pid: *pid, started: worker.started, worker: *pid });
        }
        if u32::try_from(getpgrp().as_raw()) == Ok(*pid) || (leads && !is_it) {
            // Our own group, or one that a stranger of this number leads.
            continue;
        }
        for (member, process) in members.remove(pid).unwrap_or_default() {
            // Once the worker is gone its group's number alone proves nothing.
            let proven = (leads && is_it)
                || (process.started >= worker.started && host::carries(member, MARK, worker.stream.as_str()));
            if !proven && process.started >= worker.started {
                found.unmarked.entry(*pid).or_default().push(member);
            } else if proven && room(&found) {
                found.ours.insert(Known { pid: member, started: process.started, worker: *pid });
            }
        }
    }
    found
}

/// Drops who is gone, until nobody is left or the time is over.
fn wait_gone(crowd: &mut BTreeSet<Known>, until: Instant) {
    loop {
        crowd.retain(|process| process.lives());
        if crowd.is_empty() || Instant::now() >= until {
            return;
        }
        std::thread::sleep(LOOK);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command};

    use super::*;
    use crate::model::StreamId;

    const BOOT: Option<&str> = Some("b");

    /// A process in a group of its own; reaped by a thread, as init would. Whatever becomes of the
    /// test, nobody of the group is left.
    struct Leader {
        pid: u32,
        started: u64,
        reaper: Option<std::thread::JoinHandle<()>>,
    }

    impl Leader {
        /// A shell as a worker of stream `mark`, or as one without a mark.
        fn shell(script: &str, mark: Option<&str>) -> Self {
            let (mut child, pid, started) = spawn(script, mark);
            let reaper = std::thread::spawn(move || drop(child.wait()));
            Self { pid, started, reaper: Some(reaper) }
        }

        /// What is left of a worker whose group had so many members, once it is killed and reaped. The
        /// members must be there until somebody ends them.
        fn orphaned(script: &str, mark: Option<&str>, count: usize) -> Self {
            let mut leader = Self::shell(script, mark);
            wait_members(leader.pid, count);
            kill(Pid::from_raw(leader.pid.cast_signed()), Signal::SIGKILL).unwrap();
            leader.reaped();
            assert_eq!(members(leader.pid).len(), count - 1, "its children live on");
            leader
        }

        fn reaped(&mut self) {
            self.reaper.take().map(std::thread::JoinHandle::join).transpose().unwrap();
        }
    }

    impl Drop for Leader {
        fn drop(&mut self) {
            kill_members(self.pid, self.started);
            let _ = self.reaper.take().map(std::thread::JoinHandle::join);
        }
    }

    fn spawn(script: &str, mark: Option<&str>) -> (Child, u32, u64) {
        let mut command = Command::new("sh");
        command.args(["-c", script]).process_group(0).env_remove(MARK).envs(mark.map(|mark| (MARK, mark)));
        let child = command.spawn().expect("a shell");
        let pid = child.id();
        let started = host::process(pid).expect("a child that is not reaped").started;
        (child, pid, started)
    }

    /// Kills whoever is in this group and is not older than its leader, which may have been reaped: its
    /// number may be a stranger's then.
    fn kill_members(group: u32, since: u64) {
        let ours = |(pid, started)| (started >= since).then_some(Known { pid, started, worker: group });
        // Some may be started while others are killed.
        for _ in 0..5 {
            let mut crowd: BTreeSet<Known> = members(group).into_iter().filter_map(ours).collect();
            crowd.retain(|process| process.lives());
            if crowd.is_empty() {
                return;
            }
            for process in &crowd {
                process.signal(&[Signal::SIGKILL]);
            }
            wait_gone(&mut crowd, Instant::now() + KILL_LIMIT);
        }
    }

    fn members(group: u32) -> Vec<(u32, u64)> {
        let found = host::group_members(&BTreeSet::from([group])).into_iter();
        found.map(|(pid, process)| (pid, process.started)).collect()
    }

    fn wait_members(group: u32, count: usize) -> Vec<(u32, u64)> {
        let begin = Instant::now();
        loop {
            let found = members(group);
            if found.len() == count {
                return found;
            }
            assert!(begin.elapsed() < Duration::from_secs(20), "never came: {count} members, not {found:?}");
            std::thread::sleep(LOOK);
        }
    }

    fn record(started: u64, boot: &str) -> WorkerRecord {
        WorkerRecord { stream: StreamId::new("one").unwrap(), started, boot: boot.into() }
    }

    fn end_one(pid: u32, started: u64) -> Vec<u32> {
        end(&BTreeMap::from([(pid, record(started, "b"))]), BOOT)
    }

    fn gone(pid: u32, started: u64) -> bool {
        !Known { pid, started, worker: pid }.lives()
    }

    #[test]
    fn a_leftover_and_its_group_are_ended_also_when_it_does_not_listen() {
        let script = "trap '' TERM; sleep 3075.5 & while :; do sleep 3075.5; done";
        let mut leader = Leader::shell(script, None);
        let members = wait_members(leader.pid, 3);
        assert_eq!(end_one(leader.pid, leader.started), [leader.pid]);
        assert!(members.iter().all(|(pid, started)| gone(*pid, *started)), "{members:?}");
        leader.reaped();
    }

    #[test]
    fn what_a_worker_that_is_gone_left_in_its_group_is_ended() {
        // One that listens, and a script around another that does not.
        let script = "sleep 3079.5 & sh -c \"trap '' TERM; while :; do sleep 3079.5; done\" & wait";
        let leader = Leader::orphaned(script, Some("one"), 4);
        assert_eq!(end_one(leader.pid, leader.started), [leader.pid]);
        assert_eq!(members(leader.pid), []);
    }

    #[test]
    fn what_is_started_while_the_others_are_asked_to_end_is_ended_too() {
        // It starts another when it is asked to end, and has one child all the time until then.
        let waits = "while :; do sleep 3077.5 & wait; done";
        let script = format!("sh -c \"trap 'sleep 3080.5 & exit' TERM; {waits}\" & wait");
        let leader = Leader::orphaned(&script, Some("one"), 3);
        assert_eq!(end_one(leader.pid, leader.started), [leader.pid]);
        assert_eq!(members(leader.pid), []);
    }

    #[test]
    fn a_dead_worker_that_nobody_reaped_still_proves_its_group() {
        let (mut child, pid, started) = spawn("sleep 3081.5 & wait", None);
        let _group = Leader { pid, started, reaper: None };
        wait_members(pid, 2);
        child.kill().unwrap();
        wait_members(pid, 1);
        assert_eq!(end_one(pid, started), [pid]);
        assert_eq!(members(pid), []);
        child.wait().unwrap();
    }

    #[test]
    fn a_group_without_its_leader_is_touched_only_with_every_proof() {
        let script = "sleep 3082.5 & wait";
        let far = u64::MAX;
        for (mark, recorded, boot) in [
            (None, 0, BOOT),
            (Some("one2"), 0, BOOT),
            (Some("on"), 0, BOOT),
            (Some("one"), far, BOOT),
            (Some("one"), 0, Some("another boot")),
            (Some("one"), 0, None),
        ] {
            let leader = Leader::orphaned(script, mark, 2);
            let (pid, started) = (leader.pid, leader.started);
            let before = members(pid);
            let worker = record(if recorded == far { far } else { started }, "b");
            assert_eq!(end(&BTreeMap::from([(pid, worker)]), boot), [pid], "nothing more to think of");
            assert_eq!(members(pid), before, "touched: {mark:?} {recorded} {boot:?}");
        }
    }

    #[test]
    fn a_stranger_of_the_same_number_is_not_touched_nor_is_its_group() {
        // With the mark even: of another headend, say.
        let mut leader = Leader::shell("sleep 3076.5 & wait", Some("one"));
        let (pid, started) = (leader.pid, leader.started);
        let before = wait_members(pid, 2);
        let stranger = |recorded, boot_then: &str, boot| {
            let done = end(&BTreeMap::from([(pid, record(recorded, boot_then))]), boot);
            assert_eq!(done, [pid], "nothing more to think of");
            assert_eq!(members(pid), before, "touched");
        };
        stranger(started - 1, "b", BOOT);
        stranger(started + 1, "b", BOOT);
        stranger(started, "an earlier boot", BOOT);
        stranger(started, "b", None);
        // And who is the one is ended.
        assert_eq!(end_one(pid, started), [pid]);
        assert_eq!(members(pid), []);
        leader.reaped();
    }

    #[test]
    fn numbers_that_are_nobody_s_are_done_with() {
        let own = host::process(std::process::id()).unwrap();
        let init = host::process(1).map_or(0, |init| init.started);
        let workers = BTreeMap::from([
            (0, record(0, "b")),
            (1, record(init, "b")),
            (std::process::id(), record(own.started, "b")),
            (u32::MAX, record(1, "b")),
        ]);
        assert_eq!(end(&workers, BOOT).len(), 4);
    }

    #[test]
    fn a_long_list_of_numbers_is_cut_and_counted() {
        assert_eq!(named(&[7, 9]), "pid 7, 9");
        assert!(named(&(1..=30).collect::<Vec<_>>()).ends_with("19, 20 and 10 more"));
    }
}
