//! Workers in bad faith, one kind a test: what each does, and that headend does with it what it
//! should. The whole program against the stand-in; what several of them do together stands in
//! `workers.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the message")]

mod support;

use nix::sys::signal::Signal;
use support::processes;
use support::stage::{QUICK, Stage, Sweep, WIDE};
use support::{LIMIT, wait_until};

/// More than headend needs for anything a worker can do to it, and far less than a flood brings.
const MEMORY: u64 = 150 * 1024 * 1024;

/// [`QUICK`], and whoever stands still is found and replaced soon.
fn strict() -> String {
    format!(
        "{QUICK}\n[stop]\nagain = \"100ms\"\nkill = \"100ms\"\n[ffmpeg]\nstats_period = \"100ms\"\n\
         [defaults.thresholds]\nstart_grace = \"2s\"\nstall = \"2s\"\nstall_restart = \"1s\"\n"
    )
}

/// A stage whose streams keep journals of their starts.
fn journalled(settings: &str, streams: &[(&str, &str)]) -> Stage {
    let stage = Stage::empty();
    let mut text = settings.to_owned();
    for (id, plays) in streams {
        text += &stage.stream(id, &stage.journalled(id, plays), "");
    }
    stage.write(&text);
    stage
}

#[test]
fn one_that_exits_at_once_is_tried_a_few_times_and_then_seldom() {
    let settings = QUICK.replace("jitter", "broken_failures = 3\njitter");
    let stage =
        journalled(&settings, &[("fails", "exit?code=1"), ("ends", "exit?code=0"), ("good", "healthy")]);
    let mut screen = stage.console(WIDE, &[]);
    for id in ["fails", "ends"] {
        screen.wait_phase(id, "broken");
        assert_eq!(stage.starts(id).len(), 3, "{id}");
    }
    screen.wait_phase("good", "live");
    assert!(screen.quit().success());
    assert_eq!(stage.starts("fails").len() + stage.starts("ends").len(), 6, "not once more meanwhile");
    assert_eq!(stage.starts("good").len(), 1);
}

#[test]
fn one_that_ignores_term_is_killed_when_it_is_to_stop() {
    let stage = journalled(&strict(), &[("deaf", "ignore-term"), ("good", "healthy")]);
    let mut screen = stage.console(WIDE, &[]);
    for id in ["deaf", "good"] {
        screen.wait_phase(id, "live");
    }
    let (deaf, good) = (stage.worker("deaf"), stage.worker("good"));
    screen.filter("deaf");
    screen.keys("x");
    screen.wait_phase("deaf", "stopped");
    assert!(!deaf.is_alive(), "told as stopped, and still there");
    assert!(good.is_alive());
    stage.wait_log("deaf", "did not end when asked; killed");
    assert!(screen.quit().success());
}

#[test]
fn one_stopped_by_a_signal_is_seen_to_stand_still_and_replaced() {
    let stage = journalled(&strict(), &[("frozen", "healthy"), ("good", "healthy")]);
    let mut screen = stage.console(WIDE, &[]);
    for id in ["frozen", "good"] {
        screen.wait_phase(id, "live");
    }
    let old = stage.worker("frozen");
    old.signal(Signal::SIGSTOP);
    processes::wait_gone(&[old], LIMIT);
    stage.other_worker("frozen", &[old]);
    screen.wait_phase("frozen", "live");
    assert_eq!(stage.starts("good").len(), 1);
    assert!(screen.quit().success());
}

#[test]
fn floods_and_lines_without_end_hold_up_nobody_else() {
    /// Enough that a flood has met every bound on its way: pace, line, budget, file.
    const POURED: u64 = 4 * 1024 * 1024;
    let bad = ["err", "out", "endless-err", "endless-out"];
    let stage = journalled(
        &strict().replace("stall = \"2s\"", "stall = \"4s\""),
        &[
            (bad[0], "flood?to=stderr"),
            (bad[1], "flood?to=stdout"),
            (bad[2], "endless-line?to=stderr"),
            (bad[3], "endless-line?to=stdout"),
            ("good-1", "healthy"),
            ("good-2", "healthy"),
            ("good-3", "healthy"),
        ],
    );
    let screen = stage.console(WIDE, &[]);
    let headend = screen.process();
    let mut poured = [0; 4];
    wait_until("enough of each flood", LIMIT, || {
        assert!(headend.memory() < MEMORY, "{} MB", headend.memory() / 1024 / 1024);
        for (id, most) in bad.iter().zip(&mut poured) {
            for worker in processes::with_argument(&format!("{id}.journal")) {
                *most = worker.written().max(*most);
            }
        }
        poured.iter().all(|bytes| *bytes > POURED)
    });
    // A tick that came 5 s late would have made a new worker of it.
    for id in ["good-1", "good-2", "good-3"] {
        screen.wait_row(id, "live at its own speed", |row| row.contains("live") && row.contains("1.00x"));
        assert_eq!(stage.starts(id).len(), 1, "{id} was replaced");
        assert!(!stage.log(id).contains("next try"), "{id}: {}", stage.log(id));
    }
}

#[test]
fn one_that_closes_stdout_and_lives_on_is_replaced_and_one_that_closes_stderr_is_not() {
    let stage = journalled(
        &strict(),
        &[
            ("out", "close?what=stdout&after=1.5"),
            ("good", "healthy"),
            ("err", "close?what=stderr&after=1.5"),
        ],
    );
    let screen = stage.console(WIDE, &[]);
    let old = stage.worker("out");
    screen.wait_phase("out", "stalled");
    assert!(old.is_alive(), "alive, and yet known to be stuck");
    stage.other_worker("out", &[old]);
    processes::wait_gone(&[old], LIMIT);
    let err = stage.worker("err");
    let files = format!("/proc/{}/fd/2", err.pid);
    assert!(std::path::Path::new(&files).symlink_metadata().is_err(), "its stderr is closed by now");
    screen.wait_phase("err", "live");
    assert_eq!(stage.starts("err").len(), 1);
    assert_eq!(stage.starts("good").len(), 1);
}

#[test]
fn a_grandchild_that_floods_the_pipes_does_not_hide_an_exit() {
    let _sweep = Sweep("flood?for=3081.5");
    let settings = QUICK.replace("100ms", "1m").replace("\"1s\"", "\"1m\"");
    let plays = "grandchild?after=1.5&for=3081.5&code=5&group=own&does=flood";
    let stage = Stage::with(&settings, &[("one", plays)]);
    let mut screen = stage.console(WIDE, &[]);
    let worker = stage.worker("one");
    screen.wait_phase("one", "backoff");
    assert!(!worker.is_alive());
    let grandchild = processes::with_argument("flood?for=3081.5");
    assert_eq!(grandchild.len(), 1, "it must still hold the pipes");
    assert!(screen.quit().success());
}

#[test]
fn a_crowd_ends_with_its_worker_when_it_is_stopped() {
    let _sweep = Sweep("sleep?for=3082.5");
    let stage = Stage::new(&[("one", "crowd?n=50&for=3082.5")]);
    let mut screen = stage.console(WIDE, &[]);
    let crowd = || processes::with_argument("sleep?for=3082.5");
    wait_until("the crowd", LIMIT, || crowd().len() == 50);
    let (old, worker) = (crowd(), stage.worker("one"));
    screen.keys("x");
    screen.wait_phase("one", "stopped");
    processes::wait_gone(&old, LIMIT);
    assert!(!worker.is_alive());
    assert!(screen.quit_idle().success());
}

/// What is true of those that leave their group: no signal of ours reaches them, because none goes
/// to a number that is not known to be ours. They hold up nobody.
#[test]
fn a_crowd_that_left_the_group_is_not_ours_to_end_and_holds_up_nobody() {
    let _sweep = Sweep("sleep?for=3083.5");
    let stage = Stage::new(&[("one", "crowd?n=20&for=3083.5&group=own")]);
    let headend = stage.headless(&[]);
    let crowd = || processes::with_argument("sleep?for=3083.5");
    wait_until("the crowd", LIMIT, || crowd().len() == 20);
    let worker = stage.worker("one");
    headend.process().signal(Signal::SIGTERM);
    assert_eq!(headend.finish(LIMIT).code(), 0);
    assert!(!worker.is_alive());
    assert_eq!(crowd().len(), 20);
}

#[test]
fn one_that_reads_standard_input_finds_its_end_even_at_a_terminal() {
    let stage = Stage::empty();
    let watched = stage.stream("watched", "read-stdin", "");
    let url = stage.url("args", "read-stdin");
    let own = format!("[[stream]]\nid = \"args\"\nmode = \"run\"\nargs = [\"-i\", \"{url}\"]\n");
    stage.write(&format!("{QUICK}{watched}{own}"));
    let mut screen = stage.console(WIDE, &[]);
    for id in ["watched", "args"] {
        screen.wait_phase(id, "live");
        let input = std::fs::read_link(format!("/proc/{}/fd/0", stage.worker(id).pid)).unwrap();
        assert_eq!(input, std::path::Path::new("/dev/null"));
    }
    assert!(screen.quit().success());
}

#[test]
fn progress_that_goes_backwards_makes_no_restarts() {
    /// Of about 200 each.
    const BLOCKS: u64 = 60;
    let stage = journalled(&strict(), &[("one", "backwards?every=3")]);
    let mut screen = stage.console(WIDE, &[]);
    let worker = stage.worker("one");
    wait_until("many steps back", LIMIT, || worker.written() > BLOCKS * 200);
    screen.wait_phase("one", "live");
    assert_eq!(stage.starts("one").len(), 1);
    assert!(worker.is_alive());
    assert!(screen.quit().success());
}

#[test]
fn one_that_hangs_before_its_first_block_is_replaced_after_its_grace() {
    let stage = journalled(&strict(), &[("mute", "hang"), ("empty", "hang?blocks=1"), ("good", "healthy")]);
    let headend = stage.headless(&[]);
    for id in ["mute", "empty"] {
        let old = stage.worker(id);
        processes::wait_gone(&[old], LIMIT);
        stage.wait_starts(id, 3);
        stage.wait_log(id, "next try");
    }
    assert_eq!(stage.starts("good").len(), 1);
    assert!(processes::zombies_of(headend.pid()).len() <= 2, "those that end right now at most");
}

#[test]
fn a_stall_is_seen_by_progress_whether_blocks_come_or_not() {
    let stage = journalled(
        &strict(),
        &[("repeats", "stall?after=1.5"), ("silent", "stall?after=1.5&kind=silent"), ("good", "healthy")],
    );
    let mut screen = stage.console(WIDE, &[]);
    for id in ["repeats", "silent"] {
        let old = stage.worker(id);
        screen.wait_phase(id, "stalled");
        stage.other_worker(id, &[old]);
        processes::wait_gone(&[old], LIMIT);
    }
    assert_eq!(stage.starts("good").len(), 1);
    assert!(screen.quit().success());
}
