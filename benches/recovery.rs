//! A host that carries most streams goes and comes back: how soon is everything live again, and how
//! many workers start at once meanwhile?
//!
//! `cargo bench --bench recovery` runs `headend origin` with two hosts as a process of its own,
//! headend with real FFmpeg in a pseudo-terminal on its 200 streams (`HEADEND_BENCH_STREAMS`), three
//! quarters of them on the second host, takes that host down for `HEADEND_BENCH_DOWN` (90) seconds,
//! and reads the screen. `HEADEND_BENCH_ROUNDS` (3) times; every round has its row.
//! `HEADEND_BENCH_GUARD=0` switches the guard off, for a machine that is busy with something else.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints and may panic"
)]

mod measure;
#[path = "../tests/support/mod.rs"]
mod support;

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use measure::{Interrupt, number};
use support::headless::Running;
use support::processes::{Process, children_of};
use support::pty::Screen;
use support::stage::WIDE;
use support::{HEADEND, LIMIT, wait_until};

/// Between two looks at the screen. What is on it is at most some 30 ms old.
const LOOK: Duration = Duration::from_millis(20);
/// Between two looks at which workers there are.
const COUNT: Duration = Duration::from_millis(500);
/// Rows at the top of the screen that tell how everything is.
const HEAD_ROWS: usize = 8;
/// What is not live by then is told as such.
const LONGEST: Duration = Duration::from_secs(300);

fn main() {
    if !measure::is_wanted() {
        return;
    }
    let interrupt = Interrupt::watch();
    let streams = number("HEADEND_BENCH_STREAMS", 200);
    let down = Duration::from_secs(number("HEADEND_BENCH_DOWN", 90));
    let guard = number("HEADEND_BENCH_GUARD", 1) != 0;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (config, state, count) = (path("headend.toml"), path("state"), streams.to_string());

    let serve = ["origin", "--hosts", "2", "--listen", "127.0.0.1:0", "--faults", "none"];
    let serve = [&serve[..], &["--streams", &count, "--write-config", &config]].concat();
    let origin = Running::start(HEADEND.as_ref(), &serve, &[]);
    wait_until("the origin is up", 6 * LIMIT, || origin.stdout().contains("channels at"));
    let address = between(&origin.stdout(), "http://", "/").to_owned();
    let on_it = put_most_on_second_host(Path::new(&config), guard);
    println!(
        "{streams} streams, {on_it} of them on the host that is down for {} s, guard {}",
        down.as_secs(),
        if guard { "on" } else { "off" }
    );

    let mut screen = Screen::headend(WIDE, &["--config", &config, "--state", &state], &[]);
    let all = u32::try_from(streams).unwrap();
    wait_until("all are live", 6 * LIMIT, || shown(&screen, "live") == all);
    println!(
        "| round | live while it was down, least | workers started while it was down | all live again after | most in `starting` |"
    );
    println!("| --- | --- | --- | --- | --- |");
    println!("| wanted | {} | | 60 s | 15 |", streams - on_it);
    for round in 1..=number("HEADEND_BENCH_ROUNDS", 3) {
        if !one(&screen, &address, round, all, down, &interrupt) {
            println!("interrupted");
            break;
        }
    }
    let _ = screen.quit();
}

/// Takes the host down and up. `false`: somebody interrupted.
fn one(screen: &Screen, address: &str, round: u64, all: u32, down: Duration, interrupt: &Interrupt) -> bool {
    let mut seen: HashSet<Process> = children_of(screen.pid()).into_iter().collect();
    let (mut most, mut least, mut tries) = (0, all, 0_usize);
    post(address, "/hosts/2/down");
    let mut counted = Instant::now();
    let began = Instant::now();
    let over = interrupt.wait_for(LONGEST, || {
        if counted.elapsed() >= COUNT {
            counted = Instant::now();
            tries += children_of(screen.pid()).into_iter().filter(|worker| seen.insert(*worker)).count();
        }
        most = most.max(shown(screen, "starting"));
        least = least.min(shown(screen, "live"));
        std::thread::sleep(LOOK);
        began.elapsed() >= down
    });
    post(address, "/hosts/2/up");
    if over.is_none() {
        return false;
    }
    let back = interrupt.wait_for(LONGEST, || {
        most = most.max(shown(screen, "starting"));
        shown(screen, "live") == all
    });
    let back = match back {
        Some(time) => format!("{:.1} s", time.as_secs_f64()),
        None => format!("NOT within {} s", LONGEST.as_secs()),
    };
    println!("| {round} | {least} | {tries} | {back} | {most} |");
    if shown(screen, "live") != all {
        // What holds them stands in the header: the guard, say, on a machine with other work.
        println!("{}", screen.text().lines().take(HEAD_ROWS).collect::<Vec<_>>().join("\n"));
    }
    // The next round begins with everything well for a while.
    interrupt.wait_until(Instant::now() + LIMIT)
}

/// Writes three quarters of the streams onto the second host, each with that one input; gives their
/// number.
fn put_most_on_second_host(config: &Path, guard: bool) -> u64 {
    let mut table: toml::Table = std::fs::read_to_string(config).unwrap().parse().unwrap();
    let streams = table["stream"].as_array_mut().unwrap();
    let most = streams.len() * 3 / 4;
    for (number, stream) in streams.iter_mut().enumerate() {
        let url = stream["inputs"][0].as_str().unwrap();
        let host = between(url, "http://", ":");
        let wanted = if number < most { "127.0.0.2" } else { "127.0.0.1" };
        let url = url.replacen(host, wanted, 1);
        stream["inputs"] = toml::Value::Array(vec![url.into()]);
    }
    if !guard {
        table.insert("guard".to_owned(), toml::toml! { enabled = false }.into());
    }
    std::fs::write(config, table.to_string()).unwrap();
    most as u64
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    text.split_once(from).unwrap().1.split_once(to).unwrap().0
}

/// The number behind this word in the header's line of phases; 0 when it is not there.
fn shown(screen: &Screen, word: &str) -> u32 {
    let text = screen.text();
    let line = text.lines().find(|line| line.contains("slots ")).unwrap_or_default();
    let mut words = line.split_whitespace().skip_while(|w| *w != word);
    words.nth(1).and_then(|count| count.parse().ok()).unwrap_or_default()
}

/// Asks the origin's first host for something, and takes nothing but yes for an answer.
fn post(address: &str, path: &str) {
    let mut stream = TcpStream::connect(address).expect("the origin's first host");
    write!(stream, "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
}
