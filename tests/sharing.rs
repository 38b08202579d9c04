//! What several clients of one supervisor see of each other, and of the streams.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the message")]

mod support;

use std::os::unix::net::UnixStream;
use std::path::Path;

use nix::sys::signal::Signal;

use support::headless::Running;
use support::pty::{Key, Screen};
use support::stage::{QUICK, Stage, WIDE, contains};
use support::{HEADEND, LIMIT, wait_until};

/// Starts headend's daemon on a stage, and waits until it can be attached to.
fn daemon(stage: &Stage) -> Running {
    let mut arguments = stage.arguments(&[]);
    arguments.insert(0, "daemon".to_owned());
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let running = Running::start(Path::new(HEADEND), &arguments, &stage.environment(&[]));
    let socket = stage.state().join("headend.sock");
    wait_until("the socket", LIMIT, || UnixStream::connect(&socket).is_ok());
    running
}

#[test]
fn who_ordered_what_is_seen_in_the_console_that_runs_the_streams_and_in_one_that_attaches() {
    let stage = Stage::new(&[("alpha", "healthy"), ("beta", "healthy")]);
    let mut runs = stage.console(WIDE, &[]);
    runs.wait_phase("alpha", "live");
    runs.keys("A");
    runs.wait_text("Nobody has ordered anything yet.");
    let mut attached = stage.console(WIDE, &[]);
    attached.filter("beta");
    attached.keys("x");
    attached.wait_phase("beta", "stopped");
    // Nobody pressed a key here: it looks by itself.
    runs.wait_text("stop beta");
    runs.press(Key::Esc);
    runs.wait_phase("beta", "stopped");
    runs.filter("alpha");
    runs.keys("x");
    runs.wait_phase("alpha", "stopped");
    attached.keys("A");
    attached.wait_text("stop alpha");
    attached.wait_until("both, the newest below, and the last one whole", |shown| {
        let text = shown.contents();
        let at = |word: &str| text.find(word);
        text.contains("2 orders")
            && at("stop beta") < at("stop alpha")
            && text.contains("ordered  stop alpha")
    });
    attached.keys("/");
    attached.wait_text("esc clear");
    attached.keys("beta");
    attached.wait_text("1 of 2");
    attached.press(Key::Enter);
    assert!(attached.quit_idle().success());
    assert!(runs.quit_idle().success());
}

/// Two groups on a stage; FFmpeg's stand-in plays them all.
fn two_groups() -> Stage {
    let stage = Stage::empty();
    let mut text = QUICK.to_owned();
    for (id, group) in [("alpha", "news"), ("beta", "sport"), ("gamma", "news")] {
        text += &stage.stream(id, "healthy", &format!("group = \"{group}\""));
    }
    stage.write(&text);
    stage
}

/// That nothing of a stream has ever been on the screen.
fn never_saw(screen: &Screen, id: &str) {
    let written = screen.raw_output();
    assert!(!contains(&written, id.as_bytes()), "{}", screen.text());
}

#[test]
fn a_console_of_one_group_is_told_of_no_other_one_by_any_supervisor() {
    let stage = two_groups();
    let mut first = daemon(&stage);
    let only = ["--only", "group:news"];
    let mut console = stage.console(WIDE, &only);
    let arguments = stage.arguments(&only);
    let arguments: Vec<&str> = std::iter::once("wall").chain(arguments.iter().map(String::as_str)).collect();
    let mut wall = Screen::headend(WIDE, &arguments, &stage.environment(&[]));
    for screen in [&console, &wall] {
        screen.wait_text("2 of 3, only group:news");
        screen.wait_text("gamma");
    }
    console.wait_phase("alpha", "live");
    // Totals are those of what is shown.
    console.wait_text("● 2 ok");
    first.kill();
    console.wait_text("THE SUPERVISOR IS GONE");
    let second = daemon(&stage);
    console.wait_no_text("THE SUPERVISOR IS GONE");
    wall.wait_no_text("THE SUPERVISOR IS GONE");
    console.wait_phase("gamma", "live");
    console.wait_text("● 2 ok");
    wall.wait_text("2 of 3, only group:news");
    for screen in [&console, &wall] {
        never_saw(screen, "beta");
    }
    assert!(console.quit_idle().success());
    assert!(wall.quit_idle().success());
    second.end();
}

#[test]
fn a_console_that_runs_the_streams_runs_those_too_that_it_does_not_show() {
    let stage = two_groups();
    let mut console = stage.console(WIDE, &["--only", "id:alpha"]);
    console.wait_text("1 of 3, only id:alpha");
    console.wait_phase("alpha", "live");
    let workers = stage.wait_workers(3);
    never_saw(&console, "gamma");
    assert!(console.quit().success());
    support::processes::wait_gone(&workers, LIMIT);
}

#[test]
fn a_query_that_can_t_be_read_is_refused_with_its_place() {
    let stage = two_groups();
    for verb in [None, Some("wall"), Some("daemon")] {
        let arguments = stage.arguments(&["--only", "group:news fps<"]);
        let arguments: Vec<&str> = verb.into_iter().chain(arguments.iter().map(String::as_str)).collect();
        let running = Running::start(Path::new(HEADEND), &arguments, &stage.environment(&[]));
        let finished = running.finish(LIMIT);
        assert_eq!(finished.code(), 2);
        assert!(finished.stderr.contains("column 16: the value of fps is missing"), "{}", finished.stderr);
    }
    let finished = stage.finish(&["--only", "group:news"]);
    assert_eq!(finished.code(), 2);
    assert!(finished.stderr.contains("--only is for a console"), "{}", finished.stderr);
}

#[test]
fn a_watched_table_and_events_are_of_who_is_meant() {
    let stage = two_groups();
    let daemon = daemon(&stage);
    stage.wait_log("beta", "Input #0");
    let folder = stage.state();
    let folder = folder.to_str().unwrap();
    let watched = ["status", "news", "--watch", "--state", folder];
    let mut table = Screen::headend(WIDE, &watched, &[]);
    table.wait_text("2 streams: 2 ok");
    let events = ["events", "news", "-f", "--state", folder];
    let events = Screen::headend(WIDE, &events, &[]);
    events.wait_text("gamma");
    let stop = |id: &str| {
        let running = Running::start(Path::new(HEADEND), &["stop", id, "--state", folder], &[]);
        assert_eq!(running.finish(LIMIT).code(), 0);
    };
    stop("beta");
    stop("gamma");
    events.wait_text("wanted started -> stopped");
    table.wait_text("1 stopped");
    for screen in [&table, &events] {
        never_saw(screen, "beta");
    }
    table.press(Key::Ctrl('c'));
    assert!(table.exit_status().success());
    daemon.end();
}

#[test]
fn where_no_shell_could_wake_it_headend_says_so_and_goes_on() {
    let stage = Stage::new(&[("alpha", "healthy")]);
    let mut console = stage.console(WIDE, &[]);
    console.wait_phase("alpha", "live");
    console.press(Key::Ctrl('z'));
    console.wait_text("Put headend to sleep?");
    console.keys("y");
    console.wait_text("no shell here could wake headend: it goes on");
    console.wait_phase("alpha", "live");
    assert!(console.quit().success());
    assert_eq!(console.not_given_back(), Vec::<&str>::new());
}

#[test]
fn whoever_stops_the_process_in_front_alone_has_the_whole_picture_again_after_fg() {
    let stage = Stage::new(&[("alpha", "healthy")]);
    let shell =
        Screen::open(Path::new("/bin/bash"), WIDE, &["--norc", "--noprofile", "-i"], &stage.environment(&[]));
    let arguments = stage.arguments(&[]).join(" ");
    shell.keys(&format!("PS1='shell> '; clear; {HEADEND} {arguments}\r"));
    shell.wait_phase("alpha", "live");
    let front = support::processes::children_of(shell.pid());
    let [front] = &front[..] else { panic!("{front:?}") };
    front.signal(Signal::SIGSTOP);
    shell.wait_text("Stopped");
    shell.keys("fg\r");
    shell.wait_no_text("shell>");
    shell.wait_phase("alpha", "live");
    shell.wait_no_text("Stopped");
    shell.keys("q");
    shell.wait_text("y yes");
    shell.keys("y");
    shell.wait_text("shell>");
    assert!(stage.workers().is_empty());
}
