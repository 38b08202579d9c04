//! Many terminals and one supervisor: the daemon, consoles that attach, and each of them going away.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the message")]

mod support;

use std::path::Path;

use nix::sys::signal::Signal;

use support::headless::Running;
use support::pty::Screen;
use support::stage::{Stage, WIDE};
use support::{HEADEND, LIMIT, wait_until};

/// Starts a daemon on a stage, and waits until it can be attached to.
fn daemon(stage: &Stage) -> Running {
    let mut arguments = stage.arguments(&[]);
    arguments.insert(0, "daemon".to_owned());
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let running = Running::start(Path::new(HEADEND), &arguments, &stage.environment(&[]));
    let socket = stage.state().join("headend.sock");
    wait_until("the socket", LIMIT, || std::os::unix::net::UnixStream::connect(&socket).is_ok());
    running
}

/// Ends a daemon as its service manager does.
fn end(mut daemon: Running) {
    daemon.process().signal(Signal::SIGTERM);
    assert!(daemon.wait_exit(LIMIT).success());
}

fn attached(stage: &Stage) -> Screen {
    stage.console(WIDE, &[])
}

#[test]
fn what_one_console_orders_another_one_sees_and_none_going_away_changes_a_stream() {
    let stage = Stage::new(&[("alpha", "live"), ("beta", "live")]);
    let daemon = daemon(&stage);
    let (mut one, mut two) = (attached(&stage), attached(&stage));
    for screen in [&one, &two] {
        screen.wait_phase("alpha", "live");
        screen.wait_phase("beta", "live");
    }
    let before = stage.worker("beta");
    one.filter("alpha");
    one.keys("s");
    two.wait_phase("alpha", "stopped");
    one.wait_phase("alpha", "stopped");
    // One leaves by itself, at once and without a question; the other one is killed.
    assert!(one.quit_idle().success());
    assert_eq!(one.not_given_back(), Vec::<&str>::new());
    two.kill();
    let mut three = attached(&stage);
    three.wait_phase("alpha", "stopped");
    three.wait_phase("beta", "live");
    assert_eq!(stage.worker("beta"), before);
    assert!(three.quit_idle().success());
    end(daemon);
}
