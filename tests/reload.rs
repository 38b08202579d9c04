//! The configuration is read again while everything runs: the whole program against the stand-in.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the message")]

mod support;

use std::collections::BTreeMap;

use nix::sys::signal::Signal;
use support::headless::Running;
use support::processes::Process;
use support::stage::{QUICK, Stage};
use support::{LIMIT, wait_for};

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
    stage.wait_log("_headend", "1 stream added, 1 removed, 1 changed (1 get another worker), 1 as before");
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

#[test]
fn a_file_with_a_mistake_is_refused_whole_and_the_board_says_so_until_it_is_mended() {
    let stage = Stage::empty();
    let good = text(&stage, QUICK, &[("one", "healthy", ""), ("two", "healthy", "")]);
    stage.write(&good);
    let headend = stage.headless(&["--report", "json"]);
    let before = wait_workers(&stage, &["one", "two"]);
    // One stream less, another one otherwise, and a mistake far from both.
    let bad = text(&stage, QUICK, &[("two", "healthy?other=1", ""), ("three", "healthy", "priority = 900")]);
    reload(&stage, &headend, &bad);
    stage.wait_log("_headend", "; the configuration is not taken in, the one before goes on");
    let log = stage.log("_headend");
    let line = bad.lines().position(|line| line.contains("priority")).unwrap() + 1;
    assert!(log.contains(&format!("headend.toml:{line}:")), "{log}");
    // There is no terminal: whoever asked finds it among headend's own words, and so does who asks later who did.
    headend.wait_stderr("the mistake", |text| text.contains(&format!("headend.toml:{line}:")));
    stage.wait_log("_headend", "(SIGHUP) reload: refused: 1 mistake: ");
    assert_eq!(wait_workers(&stage, &["one", "two"]), before);

    stage.write(&good);
    headend.process().signal(Signal::SIGHUP);
    stage.wait_log("_headend", "0 streams added, 0 removed, 0 changed (0 get another worker), 2 as before");
    stage.wait_log("_headend", "Config: works again");
    assert_eq!(wait_workers(&stage, &["one", "two"]), before);
    // Asked while it is bad again, the report tells of it.
    reload(&stage, &headend, &bad);
    wait_for("a second refusal", LIMIT, || {
        (stage.log("_headend").matches("the configuration is not taken in").count() == 2).then_some(())
    });
    headend.process().signal(Signal::SIGTERM);
    let report = headend.finish(LIMIT).json();
    let notices = report["notices"].as_array().unwrap();
    let told = notices.iter().find(|notice| notice["kind"] == "config").expect("a notice");
    // The place comes first, without the folder.
    assert!(told["text"].as_str().unwrap().starts_with(&format!("headend.toml:{line}:")), "{told}");
    let ids: Vec<_> =
        report["streams"].as_array().unwrap().iter().map(|s| s["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["one", "two"]);
}

#[test]
fn whoever_is_refused_a_reload_finds_the_notice_at_once_and_none_when_it_is_mended() {
    let stage = Stage::empty();
    let good = text(&stage, QUICK, &[("one", "healthy", "")]);
    stage.write(&good);
    let mut daemon = stage.daemon();
    let notices = || -> Vec<String> {
        let told: serde_json::Value = serde_json::from_str(&stage.done(&["status", "--json"])).unwrap();
        let notices = told["notices"].as_array().unwrap();
        notices.iter().map(|notice| notice["text"].as_str().unwrap().to_owned()).collect()
    };
    // Whatever the moment between two publications.
    for round in 1..=5 {
        stage.write(&format!("{good}priority = {round}000\n"));
        let refused = stage.verb(&["reload"]);
        assert_eq!(refused.code(), 4, "{refused:?}");
        let told = notices();
        assert!(told.iter().any(|text| text.contains("the configuration is not taken in")), "{told:?}");
        stage.write(&good);
        stage.done(&["reload"]);
        assert_eq!(notices(), Vec::<String>::new());
    }
    daemon.process().signal(Signal::SIGTERM);
    assert!(daemon.wait_exit(LIMIT).success());
}

#[test]
fn in_the_middle_of_a_start_of_a_hundred_nobody_is_started_twice() {
    const SLOW: &str = "[pool]\nstart_parallel = 200\nstarts_per_second = 20\n[guard]\nenabled = false\n[defaults]\nmode = \"packets\"\n";
    let stage = Stage::empty();
    let ids: Vec<String> = (0..120).map(|n| format!("s{n:03}")).collect();
    let plays: Vec<String> = ids.iter().map(|id| stage.journalled(id, "healthy")).collect();
    let of = |range: std::ops::Range<usize>| -> Vec<(&str, &str, &str)> {
        range.map(|n| (ids[n].as_str(), plays[n].as_str(), "")).collect()
    };
    stage.write(&text(&stage, SLOW, &of(0..100)));
    let headend = stage.headless(&[]);
    stage.wait_starts("s030", 1);
    let early: Vec<Process> = stage.workers();
    // The first ten go, twenty come, the pace stays.
    reload(&stage, &headend, &text(&stage, SLOW, &of(10..120)));
    let wanted: Vec<&str> = ids[10..].iter().map(String::as_str).collect();
    let workers = wait_workers(&stage, &wanted);
    for id in &ids[10..] {
        assert_eq!(stage.starts(id).len(), 1, "{id} was started once");
    }
    let kept = early.iter().filter(|worker| workers.values().any(|now| now == *worker)).count();
    assert!(kept + 10 >= early.len() && kept > 10, "{kept} of {} were left alone", early.len());
    stage
        .wait_log("_headend", "20 streams added, 10 removed, 0 changed (0 get another worker), 90 as before");
    leave(headend);
}

#[test]
fn a_stream_that_is_edited_to_a_bad_input_and_back_runs_again_at_once() {
    // Nobody would wait so long for a backoff.
    let settings = format!("{QUICK}\n").replace(
        "backoff_first = \"100ms\"\nbackoff_cap = \"1s\"",
        "backoff_first = \"1h\"\nbackoff_cap = \"1h\"",
    );
    let stage = Stage::empty();
    let good = text(&stage, &settings, &[("edited", "healthy", ""), ("other", "healthy", "")]);
    stage.write(&good);
    let headend = stage.headless(&[]);
    let before = wait_workers(&stage, &["edited", "other"]);
    let bad = text(&stage, &settings, &[("edited", "bad-argument", ""), ("other", "healthy", "")]);
    reload(&stage, &headend, &bad);
    stage.wait_log("edited", "next try in");
    reload(&stage, &headend, &good);
    let after = wait_workers(&stage, &["edited", "other"]);
    assert_eq!(after["other"], before["other"]);
    leave(headend);
}

#[test]
fn a_file_that_changes_is_taken_in_by_itself_where_that_is_configured() {
    let stage = Stage::empty();
    let settings = format!("include = ['more/*.toml']\n[reload]\nwatch = true\n{QUICK}");
    std::fs::create_dir(stage.folder().join("more")).unwrap();
    std::fs::write(stage.folder().join("more/a.toml"), stage.stream("more", "healthy", "")).unwrap();
    stage.write(&text(&stage, &settings, &[("one", "healthy", "")]));
    let headend = stage.headless(&[]);
    let before = wait_workers(&stage, &["one", "more"]);
    // A file that the pattern finds comes.
    std::fs::write(stage.folder().join("more/b.toml"), stage.stream("new", "healthy", "")).unwrap();
    let after = wait_workers(&stage, &["one", "more", "new"]);
    assert_eq!((&after["one"], &after["more"]), (&before["one"], &before["more"]));
    stage.wait_log("_headend", "(a changed file) reload: 1 stream added, ");
    // Switched off by itself, it waits to be asked.
    stage.write(&text(&stage, &settings.replace("watch = true", "watch = false"), &[("one", "healthy", "")]));
    stage.wait_log("_headend", "reload.watch true -> false");
    leave(headend);
}

#[test]
fn what_is_reloaded_is_kept_as_a_revision_and_what_was_stopped_stays_so() {
    let stage = Stage::empty();
    stage.write(&text(&stage, QUICK, &[("one", "healthy", "")]));
    let headend = stage.headless(&[]);
    wait_workers(&stage, &["one"]);
    reload(
        &stage,
        &headend,
        &text(&stage, QUICK, &[("one", "healthy", ""), ("two", "healthy", "start = false")]),
    );
    stage.wait_log("_headend", "configuration revision 2: +1 stream");
    stage.wait_log("_headend", "1 stream added");
    assert_eq!(stage.workers().len(), 1);
    leave(headend);
}
