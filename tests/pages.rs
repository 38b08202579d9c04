//! The stream's page and the machine's in a real terminal: the whole program against the stand-in.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the message")]

mod support;

use std::time::Duration;

use nix::sys::signal::Signal;
use support::pty::{Key, Screen};
use support::stage::{QUICK, Stage, WIDE, contains};

const SMALL: (u16, u16) = (80, 24);
/// As long as headend is stopped: longer than a sample may be late.
const STOPPED: Duration = Duration::from_secs(8);
/// What nobody may see.
const SECRET: &str = "hunter2-and-no-other";

/// A stream whose URL has a secret, and one without.
fn two() -> Stage {
    let stage = Stage::empty();
    let secret = stage.stream("alpha", &format!("healthy?token={SECRET}"), "");
    stage.write(&format!("{QUICK}{secret}{}", stage.stream("beta", "healthy?fps=50", "")));
    stage
}

fn open_alpha(screen: &Screen) {
    screen.wait_phase("alpha", "live");
    screen.press(Key::Enter);
    screen.wait_text("[overview]");
}

/// To the part whose word stands in brackets then.
fn to_part(screen: &Screen, part: &str) {
    for _ in 0..5 {
        if screen.text().contains(&format!("[{part}")) {
            return;
        }
        let before = screen.text();
        screen.press(Key::Tab);
        screen.wait_until("another part", |shown| shown.contents() != before);
    }
    screen.wait_text(&format!("[{part}"));
}

#[test]
fn a_stream_is_seen_part_by_part() {
    let stage = two();
    let mut screen = stage.console(SMALL, &[]);
    open_alpha(&screen);
    screen.wait_text("state      ● live");
    screen.wait_text("worker     pid ");

    // Charts are full from the first frame on: a few seconds of a steady stream.
    to_part(&screen, "charts");
    screen.wait_until("a line of dots", |shown| {
        shown.contents().chars().filter(|c| ('\u{2801}'..='\u{28ff}').contains(c)).count() > 5
    });
    screen.wait_text("slow below 0.90x");
    for (key, zoom) in [
        ("]", "charts 15 min"),
        ("]", "charts 1 h"),
        ("[", "charts 15 min"),
        ("[", "charts 5 min"),
        ("[", "charts 1 min"),
    ] {
        screen.keys(key);
        screen.wait_text(zoom);
    }
    screen.wait_text("-30s");

    to_part(&screen, "runs");
    screen.wait_text("no run has ended yet");
    let old = stage.worker("alpha");
    old.signal(Signal::SIGKILL);
    stage.other_worker("alpha", &[old]);
    screen.wait_text("FFmpeg was killed (signal 9)");
    screen.wait_text("was live");

    to_part(&screen, "command");
    screen.wait_text("-progress");
    screen.wait_text("token=***");
    screen.keys("y");
    screen.wait_text("sent to the terminal's clipboard");

    to_part(&screen, "log");
    screen.wait_text("following");
    // The next stream begins with what is known of it, on the same part.
    screen.press(Key::Right);
    screen.wait_text("beta");
    to_part(&screen, "command");
    screen.wait_text("fps=50");
    assert!(screen.quit().success());
    let raw = screen.raw_output();
    assert!(contains(&raw, b"\x1b]52;c;"), "it was given to the terminal's clipboard");
    assert!(!contains(&raw, SECRET.as_bytes()), "a secret on the terminal");
    // Nor coded for the clipboard: the three ways it can stand in base64.
    for coded in ["aHVudGVyMi1hbmQtbm8tb3RoZX", "h1bnRlcjItYW5kLW5vLW90aGVy", "odW50ZXIyLWFuZC1uby1vdGhl"] {
        assert!(!contains(&raw, coded.as_bytes()), "a secret in the clipboard");
    }
}

#[test]
fn a_wide_screen_has_all_of_a_stream_at_once() {
    let stage = two();
    let screen = stage.console(WIDE, &[]);
    screen.wait_phase("alpha", "live");
    screen.press(Key::Enter);
    for text in [
        "state      ● live",
        "─ charts ─",
        " fps 2",
        "─ runs ─",
        "no run has ended yet",
        "─ command ─",
        "-progress",
        "following",
    ] {
        screen.wait_text(text);
    }
}

#[test]
fn a_stream_that_fails_says_what_state_why_and_what_next() {
    let settings = QUICK
        .replace("backoff_first = \"100ms\"", "backoff_first = \"20s\"")
        .replace("backoff_cap = \"1s\"", "backoff_cap = \"60s\"");
    let stage = Stage::with(&settings, &[("alpha", "exit?code=1")]);
    let screen = stage.console(SMALL, &[]);
    screen.wait_phase("alpha", "backoff");
    screen.press(Key::Enter);
    screen.wait_text("state      ↻ backoff");
    screen.wait_text("why        ");
    screen.wait_text("next       try in ");
    screen.wait_text("last run   ended ");
}

#[test]
fn the_machine_names_the_workers_that_take_most() {
    let stage = two();
    let screen = stage.console(WIDE, &[]);
    screen.wait_phase("beta", "live");
    screen.keys("m");
    screen.wait_text("[meters]");
    screen.wait_text("received");
    // Workers are measured every few seconds.
    screen.wait_until("a worker in the list", |shown| {
        let text = shown.contents();
        let list = text.lines().skip_while(|line| !line.contains("most processor"));
        list.take(4).any(|line| line.contains("alpha") || line.contains("beta"))
    });
    screen.press(Key::Enter);
    screen.wait_text("state      ● live");
    screen.press(Key::Esc);
    screen.wait_text("most processor");
}

#[test]
fn a_headend_that_was_stopped_has_a_gap_in_its_charts() {
    let stage = two();
    let mut screen = stage.console(SMALL, &[]);
    open_alpha(&screen);
    to_part(&screen, "charts");
    screen.keys("[");
    screen.wait_text("charts 1 min");
    // The first line of a chart without marks near its values: what is blank in it is a gap.
    let line = |shown: &vt100::Screen| {
        let text = shown.contents();
        let mut lines = text.lines().skip_while(|line| !line.starts_with(" bitrate "));
        lines.nth(1).unwrap_or_default().chars().skip(8).collect::<String>()
    };
    let has_gap = |line: &str| {
        let drawn = line.trim();
        drawn.split(|c: char| c != ' ').any(|blanks| blanks.chars().count() >= 4)
    };
    screen.wait_until("some seconds of a chart", |shown| {
        !has_gap(&line(shown)) && line(shown).trim().chars().count() >= 4
    });
    let process = screen.process();
    process.signal(Signal::SIGSTOP);
    // So long it does not run: that is the gap.
    std::thread::sleep(STOPPED);
    process.signal(Signal::SIGCONT);
    screen.wait_until("a gap in the chart", |shown| has_gap(&line(shown)));
    assert!(screen.quit().success());
}
