//! The console in a real pseudo-terminal: every key, every way of leaving.

mod support;

use std::time::Duration;

use nix::sys::signal::Signal;
use support::LIMIT;
use support::processes::wait_gone;
use support::pty::Key;
use support::site::{Site, wait_workers};

fn site() -> Site {
    Site::new("", &["healthy", "healthy", "exit?code=1"])
}

#[test]
fn it_fits_the_smallest_terminal_and_uses_a_large_one() {
    let site = site();
    let screen = site.screen((80, 24));
    screen.wait_text("Stream 0");
    screen.wait_text("live 2");
    screen.resize((250, 70));
    screen.wait_text("last message");
    screen.resize((40, 10));
    screen.wait_text("too small");
    screen.resize((80, 24));
    screen.wait_text("Stream 0");
}

#[test]
fn quitting_asks_stops_the_workers_and_gives_the_terminal_back() {
    let site = site();
    let mut screen = site.screen((100, 30));
    screen.wait_text("live 2");
    let workers = wait_workers(screen.pid(), 2);
    screen.keys("q");
    screen.wait_text("Quit");
    screen.keys("n");
    screen.wait_no_text("Quit and stop");
    screen.keys("q");
    screen.wait_text("Quit");
    screen.keys("y");
    assert!(screen.finish().success());
    assert_eq!(screen.not_given_back(), Vec::<&str>::new());
    wait_gone(&workers, LIMIT);
}

#[test]
fn a_signal_ends_it_and_gives_the_terminal_back() {
    let site = site();
    let mut screen = site.screen((100, 30));
    screen.wait_text("live 2");
    screen.process().signal(Signal::SIGTERM);
    assert!(screen.finish().success());
    assert_eq!(screen.not_given_back(), Vec::<&str>::new());
}

#[test]
fn a_lost_terminal_does_not_hurt_the_streams() {
    let site = site();
    let mut screen = site.screen((100, 30));
    screen.wait_text("live 2");
    let before: Vec<_> = wait_workers(screen.pid(), 2).iter().map(|w| w.pid).collect();
    screen.hang_up();
    support::wait_until("it is noted", LIMIT, || site.log("_headend").contains("the streams go on"));
    let after: Vec<_> = wait_workers(screen.pid(), 2).iter().map(|w| w.pid).collect();
    assert_eq!(before, after);
    screen.process().signal(Signal::SIGTERM);
    screen.exit_status();
}

#[test]
fn every_key_at_every_place_does_no_harm() {
    let site = site();
    let screen = site.screen((100, 30));
    screen.wait_text("live 2");
    let places = ["", "\r", "l", "L", "m", "?"];
    let keys = "jkGgnpoO<>fwsrx /";
    for place in places {
        screen.keys(place);
        for key in keys.chars() {
            screen.keys(&key.to_string());
        }
        // Out of whatever was opened, a question included.
        for _ in 0..4 {
            screen.press(Key::Esc);
            screen.settle(Duration::from_millis(60));
        }
    }
    screen.wait_text("Stream 0");
    screen.keys("S");
    screen.wait_text("y");
    screen.keys("y");
    screen.wait_text("live");
}

#[test]
fn nothing_changes_nothing_is_written() {
    let site = Site::new("", &["hang?blocks=1"]);
    let screen = site.screen((100, 30));
    screen.wait_text("Stream 0");
    screen.keys("?");
    screen.wait_text("Moving");
    screen.settle(Duration::from_secs(1));
    let before = screen.bytes_written();
    // Some ticks of everything that ticks: figures each second, the machine each two.
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(screen.bytes_written(), before);
}

#[test]
fn hostile_names_and_lines_are_inert() {
    let site = Site::new("", &["healthy", "bad-bytes"]);
    let config = std::fs::read_to_string(site.config()).unwrap();
    let hostile = config.replace("Stream 0", "evil\\u001b]0;owned\\u0007\\u202Etxt");
    std::fs::write(site.config(), hostile).unwrap();
    let screen = site.screen((100, 30));
    screen.wait_text("evil");
    screen.wait_text("live 2");
    screen.press(Key::Down);
    screen.press(Key::Enter);
    screen.wait_text("log");
    let raw = screen.raw_output();
    assert!(!raw.windows(4).any(|w| w == b"\x1b]0;"), "a title was set");
    assert!(!String::from_utf8_lossy(&raw).contains('\u{202e}'));
}
