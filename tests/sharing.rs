//! What several clients of one supervisor see of each other, and of the streams.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the message")]

mod support;

use std::os::unix::net::UnixStream;
use std::path::Path;

use nix::sys::signal::Signal;

use support::headless::Running;
use support::pty::Key;
use support::stage::{Stage, WIDE};
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

fn end(mut daemon: Running) {
    daemon.process().signal(Signal::SIGTERM);
    assert!(daemon.wait_exit(LIMIT).success());
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
