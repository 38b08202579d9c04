//! Looking after streams in a real terminal: what is noted of them outlives headend, and the screen can
//! be frozen and stepped back while life goes on.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the message")]

mod support;

use nix::sys::signal::Signal;
use support::pty::{Key, Screen};
use support::stage::{QUICK, Stage, row_of};

const SIZE: (u16, u16) = (140, 40);

/// Two that fail for good, and one that is well.
fn stage() -> Stage {
    let fails = "exit?code=1&stderr=[http @ 0x1] HTTP error 404 Not Found%0A";
    Stage::with(QUICK, &[("alpha", fails), ("beta", fails), ("gamma", "healthy")])
}

fn is_under_the_cursor(shown: &vt100::Screen, id: &str) -> bool {
    shown.contents().lines().any(|line| line.starts_with('▌') && line.contains(id))
}

/// Opens the penalty box where two are in it.
fn open_box(screen: &Screen) {
    screen.wait_text("live 1");
    screen.keys("P");
    screen.wait_text("penalty box");
}

#[test]
fn what_was_noted_by_keys_survives_a_kill_and_is_shown_again() {
    let stage = stage();
    let mut screen = stage.console(SIZE, &[]);
    open_box(&screen);
    screen.wait_text("2 to look at");
    // The first of them is acknowledged, the other is muted and has a note.
    screen.press(Key::Home);
    screen.wait_until("the cursor", |shown| shown.contents().lines().any(|line| line.starts_with('▌')));
    let first = screen.look(|shown| {
        let text = shown.contents();
        let line = text.lines().find(|line| line.starts_with('▌')).unwrap().to_owned();
        if line.contains("alpha") { "alpha" } else { "beta" }
    });
    let other = if first == "alpha" { "beta" } else { "alpha" };
    screen.keys("a");
    screen.wait_text("1 acknowledged");
    // The order waits for the hand at the keys, and the cursor stays on its stream.
    screen.wait_until("the acknowledged one behind the other", |shown| {
        let text = shown.contents();
        let at = |id: &str| text.lines().position(|line| line.contains(id) && line.contains("http-4xx"));
        at(other) < at(first)
    });
    screen.press(Key::Up);
    screen.wait_until("the other under the cursor", |shown| is_under_the_cursor(shown, other));
    screen.keys("M");
    screen.wait_text("another time");
    screen.press(Key::Down);
    screen.press(Key::Enter);
    screen.wait_text("1 muted");
    screen.wait_until("it is still under the cursor", |shown| is_under_the_cursor(shown, other));
    screen.keys("N");
    screen.keys("ask the coast");
    screen.press(Key::Enter);
    // What is answered is on disk.
    screen.wait_text(&format!("note {other}: done"));
    screen.kill();

    let mut screen = stage.console(SIZE, &[]);
    open_box(&screen);
    screen.wait_until("all that was noted", |shown| {
        let text = shown.contents();
        let of = |id: &str| text.lines().find(|line| line.contains(id)).unwrap_or_default().to_owned();
        of(first).contains("ack ") && of(other).contains("muted ")
    });
    screen.press(Key::End);
    screen.wait_text("ask the coast");
    assert!(screen.quit().success());
}

#[test]
fn a_frozen_screen_stays_while_a_worker_dies_and_comes_back() {
    let stage = Stage::new(&[("alpha", "healthy"), ("beta", "healthy")]);
    let mut screen = stage.console(SIZE, &[]);
    screen.wait_text("live 2");
    let restarts = |shown: &vt100::Screen, count: &str| {
        row_of(shown, "alpha").split_whitespace().any(|word| word == count)
    };
    screen.wait_until("no restart yet", |shown| restarts(shown, "0"));
    screen.keys("z");
    screen.wait_text("FROZEN");
    let frozen = screen.row("alpha").trim_end().to_owned();
    let old = stage.worker("alpha");
    old.signal(Signal::SIGKILL);
    stage.other_worker("alpha", &[old]);
    // The banner counts on, the rows do not.
    screen.wait_until("time that goes on", |shown| {
        shown
            .contents()
            .lines()
            .any(|line| line.contains("FROZEN") && !line.contains(", 0 s ago") && !line.contains(", 1 s ago"))
    });
    assert_eq!(screen.row("alpha").trim_end(), frozen);
    // An order is refused: it would be for what is no more.
    let workers = stage.wait_workers(2);
    screen.keys("x");
    screen.wait_text("this is not what is now");
    assert_eq!(stage.workers(), workers);
    screen.keys("z");
    screen.wait_no_text("FROZEN");
    screen.wait_until("its restart", |shown| restarts(shown, "1"));
    screen.wait_phase("alpha", "live");
    // Stepping back shows it as it was, and forward what came.
    screen.keys("z");
    screen.wait_text("FROZEN");
    screen.wait_until("the moment before", |shown| {
        if restarts(shown, "0") {
            return true;
        }
        screen.keys(",");
        false
    });
    screen.press(Key::Esc);
    screen.wait_no_text("FROZEN");
    screen.wait_until("now", |shown| restarts(shown, "1"));
    assert!(screen.quit().success());
}
