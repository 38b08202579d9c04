//! The configuration is read again while everything runs: the whole program against the stand-in.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the message")]

mod support;

use std::collections::BTreeMap;

use nix::sys::signal::Signal;
use support::headless::Running;
use support::processes::Process;
use support::stage::{QUICK, Stage};
use support::{LIMIT, wait_for, wait_until};

/// A configuration of these streams: id, what plays, and further lines.
fn text(stage: &Stage, settings: &str, streams: &[(&str, &str, &str)]) -> String {
    let streams = streams.iter().map(|(id, plays, lines)| stage.stream(id, plays, lines));
    settings.to_owned() + &streams.collect::<String>()
}

/// Puts it in place and asks by SIGHUP.
fn reload(stage: &Stage, headend: &Running, text: &str) {
    stage.write(text);
    headend.process().signal(Signal::SIGHUP);
}

/// Waits until these streams have a worker that plays, and no others.
fn wait_workers(stage: &Stage, ids: &[&str]) -> BTreeMap<String, Process> {
    wait_for(&format!("workers of {ids:?}"), LIMIT, || {
        let workers = stage.workers();
        let of = |id: &str| {
            let mark = format!("stream={id}.");
            let mut of = workers.iter().filter(|worker| worker.arguments().iter().any(|a| a.contains(&mark)));
            let one = of.next().copied()?;
            of.next().is_none().then_some((id.to_owned(), one))
        };
        let found: Option<BTreeMap<_, _>> = ids.iter().map(|id| of(id)).collect();
        found.filter(|found| workers.len() == ids.len() && found.values().all(|one| one.written() > 300))
    })
}

fn leave(mut headend: Running) {
    headend.process().signal(Signal::SIGTERM);
    assert_eq!(headend.wait_exit(LIMIT).code(), Some(0));
}

#[test]
fn only_what_changed_is_touched() {
    let stage = Stage::empty();
    let streams = [("same", "healthy", ""), ("goes", "healthy", ""), ("other", "healthy", "")];
    stage.write(&text(&stage, QUICK, &streams));
    let headend = stage.headless(&[]);
    let before = wait_workers(&stage, &["same", "goes", "other"]);
    let streams =
        [("same", "healthy", ""), ("other", "healthy?second=1", ""), ("new", "healthy", "priority = 9")];
    reload(&stage, &headend, &text(&stage, QUICK, &streams));
    stage.wait_log("_headend", "1 streams added, 1 removed, 1 changed (1 get another worker), 1 as before");
    let after = wait_workers(&stage, &["same", "other", "new"]);
    assert_eq!(after["same"], before["same"]);
    assert_ne!(after["other"], before["other"]);
    stage.wait_log("_headend", "its worker is replaced (inputs)");

    // A name needs no other worker.
    let streams = [
        ("same", "healthy", "name = 'Same'"),
        ("other", "healthy?second=1", ""),
        ("new", "healthy", "priority = 9"),
    ];
    reload(&stage, &headend, &text(&stage, QUICK, &streams));
    stage.wait_log("_headend", "0 streams added, 0 removed, 1 changed (0 get another worker), 2 as before");
    assert_eq!(wait_workers(&stage, &["same", "other", "new"]), after);
    leave(headend);
}
