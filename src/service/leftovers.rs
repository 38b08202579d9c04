//! Workers that an earlier headend left behind: recognised, ended, and never taken for a stranger.
//!
//! The kernel kills a worker together with headend, so there are hardly ever any. But a death signal
//! is lost where a worker runs a program that drops it, and it does not reach a worker's children.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpgrp};

use crate::host::{self, Process};
use crate::store::WorkerRecord;

/// From TERM to KILL.
const TERM_LIMIT: Duration = Duration::from_secs(2);
/// From KILL to going on without having seen the end.
const KILL_LIMIT: Duration = Duration::from_secs(2);
/// From one look to the next.
const LOOK: Duration = Duration::from_millis(20);
/// Processes of all leftovers' groups that are ended one by one; a crowd beyond that is a matter
/// for a person.
const MAX_PROCESSES: usize = 4_096;

/// A process that was seen to be ours, and what it is recognised by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    pid: u32,
    started: u64,
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

/// Ends what is left of `workers`, within [`TERM_LIMIT`] and [`KILL_LIMIT`] at most, and returns the
/// process ids that need no more thought: they are gone, or somebody else's now.
pub fn end(workers: &BTreeMap<u32, WorkerRecord>, boot: Option<&str>) -> Vec<u32> {
    let ours = |pid: u32, worker: &WorkerRecord| {
        boot == Some(worker.boot.as_str())
            && pid > 1
            && pid != std::process::id()
            && Known { pid, started: worker.started }.lives()
    };
    let found: Vec<u32> =
        workers.iter().filter(|(pid, worker)| ours(**pid, worker)).map(|(pid, _)| *pid).collect();
    let mut crowd: Vec<Known> = Vec::new();
    for pid in &found {
        let worker = &workers[pid];
        log::warn!("a worker of {} was left by an earlier headend (pid {pid}); it is ended", worker.stream);
        crowd.extend(family(*pid, worker.started));
    }
    crowd.truncate(MAX_PROCESSES);
    if !crowd.is_empty() {
        for process in &crowd {
            process.signal(&[Signal::SIGTERM, Signal::SIGCONT]);
        }
        if !wait_gone(&mut crowd, TERM_LIMIT) {
            for process in &crowd {
                process.signal(&[Signal::SIGKILL]);
            }
            wait_gone(&mut crowd, KILL_LIMIT);
        }
        for process in &crowd {
            log::error!("what an earlier headend left does not end: process {}", process.pid);
        }
    }
    let still = |pid: &u32| crowd.iter().any(|process| process.pid == *pid);
    workers.keys().filter(|pid| !still(pid)).copied().collect()
}

/// The worker and what it started in its group, each with its own start time: once the worker is
/// gone its group's number proves nothing any more.
fn family(pid: u32, started: u64) -> Vec<Known> {
    let leader = Known { pid, started };
    let leads = host::process(pid).is_some_and(|now| now.started == started && now.group == pid);
    let own_group = u32::try_from(getpgrp().as_raw()) == Ok(pid);
    if !leads || own_group {
        return vec![leader];
    }
    let member = |(pid, Process { started, .. })| Known { pid, started };
    let others = host::group_members(pid).into_iter().map(member).filter(|known| *known != leader);
    // Looked at again after the others: were it gone meanwhile, they might be a stranger's.
    let others: Vec<Known> = others.collect();
    if leader.lives() { std::iter::once(leader).chain(others).collect() } else { Vec::new() }
}

/// Drops who is gone; true when nobody is left before the time is over.
fn wait_gone(crowd: &mut Vec<Known>, limit: Duration) -> bool {
    let until = Instant::now() + limit;
    loop {
        crowd.retain(|process| process.lives());
        if crowd.is_empty() || Instant::now() >= until {
            return crowd.is_empty();
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

    /// A shell in a group of its own; reaped by a thread, as init would.
    fn shell(script: &str) -> (u32, u64, std::thread::JoinHandle<()>) {
        let mut child: Child =
            Command::new("sh").args(["-c", script]).process_group(0).spawn().expect("a shell");
        let pid = child.id();
        let started = host::process(pid).expect("a child that is not reaped").started;
        (pid, started, std::thread::spawn(move || drop(child.wait())))
    }

    fn record(started: u64, boot: &str) -> WorkerRecord {
        WorkerRecord { stream: StreamId::new("one").unwrap(), started, boot: boot.into() }
    }

    fn gone(pid: u32, started: u64) -> bool {
        !Known { pid, started }.lives()
    }

    #[test]
    fn a_leftover_and_its_group_are_ended_also_when_it_does_not_listen() {
        let (pid, started, reaper) = shell("trap '' TERM; sleep 3075.5 & while :; do sleep 3075.5; done");
        let begin = Instant::now();
        while host::group_members(pid).len() < 3 {
            assert!(begin.elapsed() < Duration::from_secs(20), "never came: its children");
            std::thread::sleep(LOOK);
        }
        let members = host::group_members(pid);
        let done = end(&BTreeMap::from([(pid, record(started, "b"))]), Some("b"));
        assert_eq!(done, [pid]);
        assert!(gone(pid, started));
        assert!(members.iter().all(|(pid, process)| gone(*pid, process.started)), "{members:?}");
        reaper.join().unwrap();
    }

    #[test]
    fn a_stranger_of_the_same_number_is_not_touched() {
        let (pid, started, reaper) = shell("exec sleep 3076.5");
        let stranger = |started, recorded: &str, boot| {
            let done = end(&BTreeMap::from([(pid, record(started, recorded))]), boot);
            assert_eq!(done, [pid], "nothing more to think of");
            assert!(!gone(pid, host::process(pid).unwrap().started), "touched");
        };
        stranger(started - 1, "b", Some("b"));
        stranger(started + 1, "b", Some("b"));
        stranger(started, "an earlier boot", Some("b"));
        stranger(started, "b", None);
        // And who is the one is ended.
        assert_eq!(end(&BTreeMap::from([(pid, record(started, "b"))]), Some("b")), [pid]);
        assert!(gone(pid, started));
        reaper.join().unwrap();
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
        assert_eq!(end(&workers, Some("b")).len(), 4);
    }
}
