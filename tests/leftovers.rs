//! Workers that outlive a headend: the next one ends them before it starts any. The whole program
//! against the stand-in.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the message")]

mod support;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use headend::store::Store;
use nix::sys::signal::Signal;
use support::headless::Running;
use support::processes;
use support::stage::Stage;
use support::{HEADEND, LIMIT, wait_until};

/// What a shim does, without the death signal: its workers outlive a headend that is killed.
const CARELESS_SHIM: &str = "#!/bin/sh\nshift 3\nexec \"$@\"\n";

/// headend with workers that outlive it.
fn careless(stage: &Stage) -> Running {
    let shim = stage.folder().join("shim");
    std::fs::write(&shim, CARELESS_SHIM).unwrap();
    std::fs::set_permissions(&shim, std::fs::Permissions::from_mode(0o700)).unwrap();
    let arguments = stage.arguments(&["--headless"]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let environment =
        [("HEADEND_FFMPEG", support::stand_in().to_str().unwrap()), ("HEADEND_SHIM", shim.to_str().unwrap())];
    Running::start(Path::new(HEADEND), &arguments, &environment)
}

/// The workers in the store, read from a copy: what a headend that starts now would find.
fn stored(stage: &Stage) -> BTreeSet<u32> {
    let copy = tempfile::tempdir().unwrap();
    let folder = copy.path().join("store");
    std::fs::create_dir(&folder).unwrap();
    for entry in std::fs::read_dir(stage.state().join("store")).into_iter().flatten().flatten() {
        // A file that goes meanwhile makes a copy that can't be read: the next one will do.
        if entry.path().is_file() && std::fs::copy(entry.path(), folder.join(entry.file_name())).is_err() {
            return BTreeSet::new();
        }
    }
    let (_store, opened) = Store::open(copy.path());
    opened.workers.into_keys().collect()
}

fn pids(workers: &[processes::Process]) -> BTreeSet<u32> {
    workers.iter().map(|worker| worker.pid.cast_unsigned()).collect()
}

#[test]
fn what_a_killed_headend_left_is_ended_at_the_next_start() {
    let stage = Stage::new(&[("one", "healthy"), ("two", "ignore-term"), ("three", "crowd?n=3&for=3078.5")]);
    let _sweep = support::stage::Sweep("sleep?for=3078.5");
    let crowd = || processes::with_argument("sleep?for=3078.5");
    let mut first = careless(&stage);
    let mut old = stage.wait_workers(3);
    stage.wait_log("two", "Input #0");
    wait_until("the children of one", LIMIT, || crowd().len() == 3);
    wait_until("the workers in the store", LIMIT, || stored(&stage) == pids(&old));
    first.kill();
    assert!(old.iter().all(|worker| worker.is_alive()), "nobody ends them");
    old.extend(crowd());

    let second = stage.headless(&[]);
    processes::wait_gone(&old, LIMIT);
    let new = stage.wait_workers(3);
    assert!(new.iter().all(|worker| !old.contains(worker)));
    let log = stage.log("_headend");
    for id in ["one", "two", "three"] {
        assert!(log.contains(&format!("a worker of {id} was left by an earlier headend")), "{log}");
    }
    wait_until("only the new ones in the store", LIMIT, || stored(&stage) == pids(&new));
    second.process().signal(Signal::SIGTERM);
    assert_eq!(second.finish(LIMIT).code(), 0);
    assert_eq!(stored(&stage), BTreeSet::new(), "an orderly end leaves none");
}

/// headend with these streams is killed, with workers whose leaders die with it; what they started
/// lives on. The next start ends that before it starts a worker.
fn what_workers_started_is_ended_at_the_next_start(ffmpeg: Option<&str>, mark: &'static str) {
    let crowd_of = |mark: &str| format!("crowd?n=3&for={mark}");
    let mut stage = Stage::new(&[("one", &crowd_of(mark)), ("two", &crowd_of(mark))]);
    if let Some(script) = ffmpeg {
        let path = stage.folder().join("wrapper");
        std::fs::write(&path, script.replace("FFMPEG", support::stand_in().to_str().unwrap())).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        stage.set_ffmpeg(&path);
    }
    let sleeps = format!("sleep?for={mark}");
    let _sweep = support::stage::Sweep(mark);
    let mut first = stage.headless(&[]);
    wait_until("the workers' children", LIMIT, || processes::with_argument(&sleeps).len() == 6);
    let leaders = processes::children_of(first.pid());
    assert_eq!(leaders.len(), 2);
    wait_until("the workers in the store", LIMIT, || stored(&stage) == pids(&leaders));
    let old = processes::with_argument(&sleeps);
    // Orphans come to us, and are reaped: a leader that is a zombie still would prove its group.
    nix::sys::prctl::set_child_subreaper(true).unwrap();
    first.kill();
    for leader in &leaders {
        nix::sys::wait::waitpid(nix::unistd::Pid::from_raw(leader.pid), None).unwrap();
    }
    assert!(old.iter().all(|child| child.is_alive()), "the death signal is the leader's alone");

    let second = stage.headless(&[]);
    wait_until("a new worker", LIMIT, || {
        processes::children_of(second.pid()).iter().any(|child| child.group() == Some(child.pid))
    });
    let left: Vec<_> = old.iter().filter(|child| child.is_alive()).collect();
    assert!(left.is_empty(), "a worker was started before these were ended: {left:?}");
    stage.wait_log("_headend", "what an earlier headend left has ended");
    let log = stage.log("_headend");
    for (id, leader) in ["one", "two"].iter().zip(&leaders) {
        let told = format!("what a worker of {id} had started was left by an earlier headend");
        assert!(log.contains(&told), "{log}");
        assert!(log.contains(&format!("(the worker, pid {}, is gone)", leader.pid)), "{log}");
    }
    assert!(old.iter().all(|child| log.contains(&child.pid.to_string())), "{old:?} in {log}");
    second.process().signal(Signal::SIGTERM);
    assert_eq!(second.finish(LIMIT).code(), 0);
}

#[test]
fn what_workers_that_died_with_headend_had_started_is_ended_at_the_next_start() {
    what_workers_started_is_ended_at_the_next_start(None, "3083.5");
}

#[test]
fn a_script_around_ffmpeg_hides_nobody_from_the_next_start() {
    let script = "#!/bin/sh\n\"FFMPEG\" \"$@\"\nexit $?\n";
    what_workers_started_is_ended_at_the_next_start(Some(script), "3084.5");
}

#[test]
fn who_waits_without_a_console_is_told_how_many_are_left() {
    let stage = Stage::new(&[("one", "ignore-term?times=1"), ("two", "ignore-term?times=1")]);
    let headend = stage.headless(&[]);
    stage.wait_log("one", "Input #0");
    stage.wait_log("two", "Input #0");
    headend.process().signal(Signal::SIGTERM);
    let finished = headend.finish(LIMIT);
    assert_eq!(finished.code(), 0, "{finished:#?}");
    assert!(finished.stderr.contains("leaving: 2 workers left\n"), "{finished:#?}");
    assert!(finished.stderr.ends_with("leaving: no workers left\n"), "{finished:#?}");
}
