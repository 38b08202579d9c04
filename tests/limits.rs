//! A machine that is short of something, or plays with time: the whole program against the stand-in.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the message")]

mod support;

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;
use support::processes::{self, Process};
use support::pty::Key;
use support::stage::{QUICK, Stage, WIDE, row_of};
use support::{LIMIT, wait_until};

/// [`QUICK`], and whoever stands still is found and replaced soon.
const STRICT: &str = r#"
[ffmpeg]
stats_period = "100ms"
[defaults.thresholds]
stall = "2s"
stall_restart = "1s"
"#;

/// Longer than the gap from which the supervisor says that it did not run, and than any stall here.
const STOPPED: Duration = Duration::from_secs(8);

/// Changes the soft limit on open files of a running program.
fn limit_files(process: Process, soft: usize) {
    let status = Command::new("prlimit")
        .args(["--pid", &process.pid.to_string(), &format!("--nofile={soft}:")])
        .status()
        .expect("prlimit, of util-linux");
    assert!(status.success(), "limiting {} to {soft} files", process.pid);
}

/// The soft limit on open files of a running program.
fn files_limit(process: Process) -> usize {
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", process.pid)).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    line.split_whitespace().nth(3).unwrap().parse().unwrap()
}

/// The pids in the rows of these streams.
fn shown_pids(screen: &vt100::Screen, ids: &[String]) -> BTreeSet<i32> {
    let rows = ids.iter().map(|id| row_of(screen, id));
    // Beside restarts and the age of the message: the pid is the only number that is large.
    let pid =
        |row: String| row.split_whitespace().find_map(|word| word.parse().ok().filter(|pid| *pid > 300));
    rows.filter_map(pid).collect()
}

#[test]
fn descriptors_that_run_out_at_any_point_of_a_start_leak_no_process() {
    const STREAMS: usize = 6;
    /// How many limits are tried: a worker costs three descriptors, and more while it is started.
    const POINTS: usize = 16;
    let settings = QUICK
        .replace("\"1s\"", "\"200ms\"")
        .replace("jitter", "broken_failures = 1000\nbroken_window = \"10ms\"\njitter");
    let ids: Vec<String> = (0..STREAMS).map(|n| format!("name-{n}")).collect();
    let streams: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), "healthy")).collect();
    let stage = Stage::with(&settings, &streams);
    let mut screen = stage.console(WIDE, &[]);
    let headend = screen.process();
    let children = || processes::children_of(headend.pid).iter().map(|c| c.pid).collect::<BTreeSet<_>>();
    // As many children as rows that tell of one, and the same.
    let all_live = || {
        screen.wait_until("all live, and every child in a row", |shown| {
            let pids = shown_pids(shown, &ids);
            pids.len() == STREAMS
                && pids == children()
                && ids.iter().all(|id| row_of(shown, id).contains("live"))
        });
    };
    all_live();
    let enough = files_limit(headend);
    let open = headend.open_files();
    for free in 0..POINTS {
        // Fewer than the others need, then room for a part of one start, for one, and for some.
        limit_files(headend, open - 3 * STREAMS - POINTS / 2 + free);
        let old = stage.workers();
        for worker in &old {
            worker.signal(Signal::SIGKILL);
        }
        processes::wait_gone(&old, LIMIT);
        // Nobody is lost: who is there without a row, a row soon knows, or it is not there.
        screen.wait_until("rows that say why, and every child in a row", |shown| {
            let says_why = |row: &String| row.contains("backoff") && row.contains("open files");
            let pids = shown_pids(shown, &ids);
            ids.iter().map(|id| row_of(shown, id)).any(|row| says_why(&row))
                && old.iter().all(|worker| !pids.contains(&worker.pid))
                && pids.is_superset(&children())
        });
        limit_files(headend, enough);
        all_live();
        assert_eq!(stage.workers().len(), STREAMS);
    }
    wait_until("no zombies", LIMIT, || processes::zombies_of(headend.pid).is_empty());
    assert!(screen.quit().success());
}

#[test]
fn too_few_descriptors_to_start_are_told_and_leave_nobody() {
    let stage = Stage::crowd(QUICK, 4, "healthy");
    let mut ran = 0;
    for files in (6..=64).step_by(2) {
        let finished = stage.headless_after(&format!("ulimit -n {files}"), &["--for", "1s"]).finish(LIMIT);
        assert!(!finished.stderr.contains("panicked"), "{files}: {finished:#?}");
        assert!(!stage.log("_headend").contains("panicked"), "{files}: {}", stage.log("_headend"));
        match finished.code() {
            0 => ran += 1,
            1 => assert!(finished.stderr.contains("files"), "{files}: {finished:#?}"),
            // The loader could not even open a library.
            127 => assert!(finished.stderr.contains("shared libraries"), "{files}: {finished:#?}"),
            code => panic!("{files}: exit code {code}: {finished:#?}"),
        }
        wait_until("no worker", LIMIT, || stage.workers().is_empty());
    }
    assert!(ran > 0, "64 files are enough for one worker");
}

#[test]
fn limits_that_are_too_small_are_told_with_the_real_maximum() {
    let stage = Stage::crowd(QUICK, 12, "healthy");
    let mut screen = stage.open_after("ulimit -n 143", WIDE, &[]);
    screen.wait_text("143 open files allow 5 workers, 12 streams are configured");
    screen.wait_text("ulimit -Hn");
    screen.wait_text("live 5");
    screen.wait_text("queued 7");
    assert_eq!(stage.wait_workers(5).len(), 5, "and no more are started than that");
    assert!(screen.quit().success());
}

#[test]
fn a_headend_that_was_stopped_holds_nothing_against_its_workers() {
    let stage = Stage::crowd(&format!("{QUICK}{STRICT}"), 10, "healthy");
    let mut headend = stage.headless(&[]);
    let workers = stage.wait_workers(10);
    for n in 0..10 {
        stage.wait_log(&format!("s{n:02}"), "Input #0");
    }
    headend.process().signal(Signal::SIGSTOP);
    std::thread::sleep(STOPPED);
    headend.process().signal(Signal::SIGCONT);
    stage.wait_log("_headend", "headend did not run for");
    // Who would be replaced for it is asked to end a stall later.
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(stage.workers().iter().collect::<BTreeSet<_>>(), workers.iter().collect());
    for n in 0..10 {
        assert!(!stage.log(&format!("s{n:02}")).contains("next try"));
    }
    headend.process().signal(Signal::SIGTERM);
    assert_eq!(headend.wait_exit(LIMIT).code(), Some(0));
}

#[test]
fn a_wall_clock_that_is_set_moves_nothing() {
    const HOUR: i64 = 3_600;
    let settings = format!("{QUICK}{STRICT}")
        .replace("\"100ms\"\nbackoff_cap = \"1s\"", "\"20m\"\nbackoff_cap = \"20m\"");
    let stage = Stage::empty();
    let mut text = settings;
    for (id, plays) in [("one", "healthy"), ("two", "healthy"), ("waits", "exit?code=1")] {
        text += &stage.stream(id, &stage.journalled(id, plays), "");
    }
    stage.write(&text);
    let step = stage.folder().join("clock");
    let environment = [
        ("LD_PRELOAD", support::clock_step().to_str().unwrap()),
        ("HEADEND_TEST_CLOCK", step.to_str().unwrap()),
    ];
    let mut screen = stage.open(WIDE, &[], &environment);
    for id in ["one", "two"] {
        screen.wait_phase(id, "live");
    }
    screen.wait_phase("waits", "backoff");
    screen.filter("one");
    for hours in [1, 0, -1, 0] {
        std::fs::write(&step, (hours * HOUR).to_string()).unwrap();
        // An order is written to headend's log, with the time it believes it is.
        screen.keys("s");
        wait_until(&format!("a line from {hours} hours away"), LIMIT, || {
            let log = stage.log("_headend");
            let stamp = log.lines().last().and_then(|line| line.split(' ').next()?.parse().ok());
            let away = |stamp: jiff::Timestamp| stamp.as_second() - jiff::Timestamp::now().as_second();
            stamp.is_some_and(|stamp| (away(stamp) - hours * HOUR).abs() < HOUR / 4)
        });
    }
    screen.press(Key::Esc);
    for id in ["one", "two"] {
        screen.wait_phase(id, "live");
    }
    screen.wait_phase("waits", "backoff");
    for id in ["one", "two", "waits"] {
        assert_eq!(stage.starts(id).len(), 1, "{id} was started again");
    }
    assert!(!stage.log("_headend").contains("did not run for"), "{}", stage.log("_headend"));
    assert!(screen.quit().success());
}

#[test]
fn a_configuration_with_one_mistake_starts_nobody() {
    let good = |stage: &Stage| stage.stream("good", &stage.journalled("all", "healthy"), "");
    for (mistake, wants) in [
        ("[[stream]]\nid = \"bad\"\ninputs = []\n", "inputs"),
        ("[[stream]]\nid = \"good\"\ninputs = [\"http://stand-in/healthy\"]\n", "good"),
        ("[pool]\nslots = 0\n", "slots"),
        ("[[playlist]]\npath = \"nowhere.m3u\"\n", "nowhere.m3u"),
        ("[[stream]\n", "headend.toml"),
        ("colour = \"red\"\n", "colour"),
    ] {
        let stage = Stage::empty();
        stage.write(&format!("{}\n{mistake}", good(&stage)));
        let finished = stage.finish(&["--for", "2s", "--report", "json"]);
        assert_eq!(finished.code(), 2, "{mistake}: {finished:#?}");
        assert_eq!(finished.stdout, "", "{mistake}");
        assert!(finished.stderr.contains(wants), "{mistake}: {}", finished.stderr);
        assert_eq!(stage.starts("all"), [], "{mistake}");
        assert!(!stage.state().exists(), "{mistake}: nothing is begun");
    }
}

/// A machine that is as busy as any is too busy for these limits.
const TOO_BUSY: &str = r#"
[guard]
memory = [0.01, 99]
rises_after = "0s"
[defaults]
mode = "packets"
thresholds = { start_grace = "1s" }
"#;

#[test]
fn on_a_busy_host_nothing_is_started_and_every_row_says_why() {
    let stage = Stage::crowd(TOO_BUSY, 3, "hang");
    let mut screen = stage.open(WIDE, &[], &[]);
    // What was started before the first reading was never live, so it is nothing that ran before.
    screen.wait_text("held 3");
    screen.wait_text("the host is busy: memory above 0.01 %");
    assert_eq!(stage.wait_workers(0).len(), 0);
    // Though no worker runs: they are wanted.
    assert!(screen.quit().success());
}
