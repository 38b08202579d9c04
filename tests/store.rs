//! What is kept over the end of the program, however it ends: the whole program against the
//! stand-in.

#![allow(clippy::similar_names, reason = "a stage has a state: these are the words")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the message")]

mod support;

use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;
use support::LIMIT;
use support::processes;
use support::pty::{Key, Screen};
use support::stage::{QUICK, Stage, WIDE, skipped, stream};

const IDS: [&str; 4] = ["alpha", "beta", "gamma", "delta"];

fn four() -> Stage {
    Stage::new(&IDS.map(|id| (id, "healthy")))
}

fn wait_phase(screen: &Screen, id: &str, phase: &str) {
    screen.wait_phase(id, phase);
}

/// SIGKILL, and its workers waited for: the next start is not to meet them.
fn kill(stage: &Stage, screen: &mut Screen) {
    let workers = stage.workers();
    screen.kill();
    processes::wait_gone(&workers, LIMIT);
}

/// The phases of all streams, as a fresh headend on the same folder comes to see them.
fn phases_after_a_restart(stage: &Stage, stopped: &[&str]) {
    let screen = stage.console(WIDE, &[]);
    for id in IDS {
        let phase = if stopped.contains(&id) { "stopped" } else { "live" };
        wait_phase(&screen, id, phase);
    }
    assert_eq!(stage.workers().len(), IDS.len() - stopped.len());
    let mut screen = screen;
    kill(stage, &mut screen);
}

#[test]
fn what_was_said_to_be_done_survives_a_kill() {
    let stage = four();
    let mut screen = stage.console(WIDE, &[]);
    for id in IDS {
        wait_phase(&screen, id, "live");
    }
    // The cursor follows the filter: one stream, and the key goes to it.
    screen.filter("beta");
    screen.keys("x");
    screen.wait_text("stop beta: done");
    kill(&stage, &mut screen);
    phases_after_a_restart(&stage, &["beta"]);

    let mut screen = stage.console(WIDE, &[]);
    wait_phase(&screen, "beta", "stopped");
    screen.filter("beta");
    screen.keys("s");
    screen.wait_text("start beta: done");
    kill(&stage, &mut screen);
    phases_after_a_restart(&stage, &[]);

    let mut screen = stage.console(WIDE, &[]);
    for id in IDS {
        wait_phase(&screen, id, "live");
    }
    screen.keys("X");
    screen.wait_text("Stop 4 streams?");
    screen.keys("y");
    screen.wait_text("stop 4 streams: done, 4 streams");
    kill(&stage, &mut screen);
    phases_after_a_restart(&stage, &IDS);
}

#[test]
fn restarts_are_counted_over_restarts_of_headend() {
    let stage = four();
    let mut screen = stage.console(WIDE, &[]);
    wait_phase(&screen, "gamma", "live");
    screen.filter("gamma");
    for _ in 0..2 {
        let old = stage.worker("gamma");
        screen.keys("r");
        stage.other_worker("gamma", &[old]);
        screen.wait_text("restart gamma: done");
        wait_phase(&screen, "gamma", "live");
    }
    screen.press(Key::Enter);
    screen.wait_text("2 restarts");
    // A counter is on disk within a second; the answer to an order says that it is.
    screen.keys("s");
    screen.wait_text("start gamma: nothing to do");
    kill(&stage, &mut screen);
    let report = stage.report("2s", &[]);
    assert_eq!(stream(&report, "gamma")["restarts"], 2, "{report:#}");
    assert_eq!(stream(&report, "alpha")["restarts"], 0);
    // An orderly end keeps them too.
    let report = stage.report("2s", &[]);
    assert_eq!(stream(&report, "gamma")["restarts"], 2, "{report:#}");
}

#[test]
fn a_second_headend_is_told_who_has_the_folder() {
    let stage = four();
    let first = stage.headless(&[]);
    let workers = stage.wait_workers(4);
    stage.wait_log("_headend", "FFmpeg");
    let second = stage.finish(&["--report", "json"]);
    assert_eq!(second.code(), 1, "{second:#?}");
    assert_eq!((second.stdout.as_str(), second.stderr.lines().count()), ("", 1), "{second:#?}");
    assert!(second.stderr.contains(&format!("process {} has it", first.pid())), "{}", second.stderr);
    assert_eq!(stage.workers(), workers, "the first one's workers were left alone");
}

#[test]
fn a_state_folder_that_can_t_be_written_stops_nothing() {
    let stage = four();
    // A file in its place: root may write anywhere else.
    std::fs::write(stage.state(), "in the way").unwrap();
    let mut screen = stage.console(WIDE, &[]);
    wait_phase(&screen, "alpha", "live");
    screen.wait_text("nothing is saved");
    screen.wait_text("cannot use the state folder");
    screen.filter("beta");
    screen.keys("x");
    screen.wait_text("NOT SAVED");
    wait_phase(&screen, "beta", "stopped");
    assert_eq!(stage.workers().len(), 3);
    assert!(screen.quit().success());

    let headend = stage.headless(&["--report", "json"]);
    stage.wait_workers(4);
    headend.process().signal(Signal::SIGTERM);
    let finished = headend.finish(LIMIT);
    assert_eq!(finished.code(), 0, "{finished:#?}");
    assert!(finished.stderr.contains("nothing is saved"), "{finished:#?}");
}

/// A small file system of its own; unmounted when dropped.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn mount(at: &'a Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let options = format!("size={size},mode=0755");
        let arguments = ["-t", "tmpfs", "-o", &options, "tmpfs"];
        let mounted = Command::new("mount").args(arguments).arg(at).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Self(at))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

#[test]
fn a_disk_that_fills_up_is_said_and_lived_through() {
    /// Once is not enough: an open store that has met a full disk never writes again.
    const FILLED: usize = 3;
    let stage = Stage::new(&[("alpha", "healthy"), ("beta", "bad-bytes")]);
    let state = stage.state();
    let Some(_disk) = SmallDisk::mount(&state, "80m") else {
        skipped("a full disk: a small file system can't be mounted here");
        return;
    };
    let mut screen = stage.console(WIDE, &[]);
    wait_phase(&screen, "alpha", "live");
    let ballast = state.join("ballast");
    for _ in 0..FILLED {
        fill(&ballast);
        screen.wait_text("No space left");
        let old = stage.worker("alpha");
        old.signal(Signal::SIGKILL);
        stage.other_worker("alpha", &[old]);
        wait_phase(&screen, "alpha", "live");
        std::fs::remove_file(&ballast).unwrap();
        screen.wait_no_text("No space left");
    }
    assert!(screen.quit().success());
}

#[test]
fn a_start_on_a_full_disk_saves_nothing_until_there_is_room() {
    let stage = four();
    let state = stage.state();
    let Some(_disk) = SmallDisk::mount(&state, "80m") else {
        skipped("a full disk: a small file system can't be mounted here");
        return;
    };
    let ballast = state.join("ballast");
    fill(&ballast);
    let mut screen = stage.console(WIDE, &[]);
    wait_phase(&screen, "beta", "live");
    screen.filter("beta");
    screen.keys("x");
    screen.wait_text("NOT SAVED");
    wait_phase(&screen, "beta", "stopped");
    std::fs::remove_file(&ballast).unwrap();
    screen.wait_no_text("disk full");
    // What could not be saved then is saved now.
    kill(&stage, &mut screen);
    phases_after_a_restart(&stage, &["beta"]);
}

/// Takes all room there is.
fn fill(path: &Path) {
    use std::io::Write;
    let mut file = std::fs::File::create(path).unwrap();
    let mut block = vec![0_u8; 1024 * 1024];
    loop {
        match file.write(&block) {
            Ok(0) | Err(_) if block.len() == 1 => return,
            Ok(0) | Err(_) => block.truncate(block.len() / 2),
            Ok(_) => {}
        }
    }
}

#[test]
fn a_damaged_store_does_not_keep_headend_from_starting() {
    let stage = four();
    let mut screen = stage.console(WIDE, &[]);
    screen.filter("beta");
    screen.keys("x");
    screen.wait_text("stop beta: done");
    screen.press(Key::Esc);
    screen.wait_no_text("shown");
    // An orderly end leaves an export to rebuild from.
    assert!(screen.quit().success());
    let database = stage.state().join("store/db");
    let mut bytes = std::fs::read(&database).unwrap();
    for byte in &mut bytes {
        *byte ^= 0x5a;
    }
    std::fs::write(&database, bytes).unwrap();
    phases_after_a_restart(&stage, &["beta"]);
    assert!(stage.log("_headend").contains("taken from the last export: 4 streams"));
}

#[test]
fn a_stream_that_is_new_and_not_wanted_is_not_started() {
    let stage = Stage::empty();
    let text = stage.stream("alpha", "healthy", "") + &stage.stream("beta", "healthy", "start = false");
    stage.write(&format!("{QUICK}{text}"));
    let report = stage.report("2s", &[]);
    assert_eq!(stream(&report, "alpha")["phase"], "live");
    assert_eq!(stream(&report, "beta")["phase"], "stopped");
    // From then on it is what headend was told that counts, not the file.
    let text =
        stage.stream("alpha", "healthy", "start = false") + &stage.stream("beta", "healthy", "start = false");
    stage.write(&format!("{QUICK}{text}"));
    let report = stage.report("2s", &[]);
    assert_eq!(stream(&report, "alpha")["phase"], "live", "{report:#}");
    assert_eq!(stream(&report, "beta")["phase"], "stopped");
}
