//! The same on a real daemon with stand-in workers, and from real consoles.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use headend::link::{Link, place};
use headend::model::{Board, Phase};
use nix::sys::signal::Signal;

use crate::measure::{self, Interrupt, cpu_seconds, mib, number, pss_mib, row};
use crate::support::headless::Running;
use crate::support::pty::Screen;
use crate::support::stage::{QUICK, Stage, WIDE};
use crate::{Serving, attach, milliseconds, read_on, us};

/// So many streams must be shown before a frame counts as full; there may be less.
const FULL: usize = 40;
/// How often a console is opened.
const ROUNDS: usize = 20;
/// Boards are sent, and memory is at rest, after this.
const SETTLE: Duration = Duration::from_secs(3);
/// All workers live within this.
const START: Duration = Duration::from_secs(120);

/// A daemon with stand-ins, all of them live.
pub struct Daemon {
    stage: Stage,
    running: Running,
    streams: usize,
}

impl Daemon {
    pub fn start(streams: u64, interrupt: &Interrupt) -> Self {
        let streams = usize::try_from(streams).unwrap();
        let stage = Stage::crowd(QUICK, streams, "healthy");
        let running = stage.daemon();
        let daemon = Self { stage, running, streams };
        let remote = attach(&daemon.stage.socket());
        let mut board = Board::default();
        let all_live = interrupt.wait_for(START, || {
            crate::apply(&mut board, remote.take());
            board.rows.len() == streams && board.rows.values().all(|row| row.phase == Phase::Live)
        });
        assert!(all_live.is_some(), "they are not all live");
        daemon
    }

    fn pid(&self) -> i32 {
        self.running.pid()
    }

    /// Its share of a core, in percent, over `HEADEND_BENCH_SECONDS`.
    fn share(&self, interrupt: &Interrupt) -> f64 {
        let (cpu, begin) = (cpu_seconds(self.pid()), Instant::now());
        interrupt.wait_until(begin + Duration::from_secs(number("HEADEND_BENCH_SECONDS", 30)));
        (cpu_seconds(self.pid()) - cpu) / begin.elapsed().as_secs_f64() * 100.0
    }

    /// Ends it in order, and its workers.
    pub fn end(mut self) {
        self.running.process().signal(Signal::SIGTERM);
        self.running.wait_exit(START);
    }

    fn open(&self) -> Screen {
        self.stage.open(WIDE, &[], &[])
    }
}

/// What it costs, alone and with clients.
#[expect(clippy::cast_precision_loss, reason = "figures for people")]
pub fn cost(daemon: &Daemon, interrupt: &Interrupt) {
    let streams = daemon.streams;
    interrupt.wait_until(Instant::now() + SETTLE);
    let alone = (daemon.share(interrupt), pss_mib(daemon.pid()));
    let clients = number("HEADEND_BENCH_CLIENTS", 50);
    let (bytes, ends) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    for _ in 0..clients {
        let stream = place::connect(&daemon.stage.socket()).unwrap();
        let (bytes, ends) = (Arc::clone(&bytes), Arc::clone(&ends));
        std::thread::spawn(move || read_on(stream, &bytes, &ends));
    }
    interrupt.wait_until(Instant::now() + SETTLE);
    let (sent, begin) = (bytes.load(Ordering::Relaxed), Instant::now());
    let share = daemon.share(interrupt);
    let each = (bytes.load(Ordering::Relaxed) - sent) as f64 / begin.elapsed().as_secs_f64() / clients as f64;
    let what = format!("a daemon with {streams} stand-ins and {clients} clients (with none)");
    row(&format!("{what}: CPU, % of a core"), &format!("{share:.2} ({:.2})", alone.0));
    row(&format!("{what}: PSS, MiB"), &format!("{:.1} ({:.1})", pss_mib(daemon.pid()), alone.1));
    row("bytes a second for each of its clients", &format!("{each:.0}"));
    ends.store(true, Ordering::Relaxed);
    interrupt.wait_until(Instant::now() + SETTLE);
}

/// From starting a console to its first full frame.
pub fn first_frames(what: &str, streams: usize, open: impl Fn() -> Screen) {
    let rounds: Vec<u64> = (0..ROUNDS)
        .map(|_| {
            let begin = Instant::now();
            let screen = open();
            wait_full(&screen, streams);
            us(begin.elapsed())
        })
        .collect();
    row(&format!("{what}: from its start to its first full frame, ms"), &milliseconds(&rounds));
}

/// On the daemon.
pub fn consoles_of_a_daemon(daemon: &Daemon) {
    let what = format!("a console on a daemon with {} stand-ins", daemon.streams);
    first_frames(&what, daemon.streams, || daemon.open());
}

/// On the process that serves made-up rows.
pub fn consoles_of_made_up_rows(serving: &Serving, streams: usize) {
    let folder = serving.folder.path().to_str().unwrap();
    // No configuration is to be found.
    let environment = [("HOME", folder), ("XDG_CONFIG_HOME", folder)];
    let open = || Screen::open(Path::new(crate::support::HEADEND), WIDE, &["--state", folder], &environment);
    first_frames(&format!("a console on {streams} made-up rows"), streams, open);
}

fn wait_full(screen: &Screen, streams: usize) {
    screen.wait_until("the first full frame", |shown| {
        let text = shown.contents();
        let rows = text.lines().filter(|line| line.split_whitespace().any(|word| word == "live")).count();
        text.contains(&format!("live {streams}")) && rows >= streams.min(FULL)
    });
}

/// A console that sleeps for `HEADEND_BENCH_STOPPED` seconds.
pub fn asleep(daemon: &Daemon, interrupt: &Interrupt) {
    let console = daemon.open();
    wait_full(&console, daemon.streams);
    interrupt.wait_until(Instant::now() + SETTLE);
    let before = measure::anonymous_kib(daemon.pid());
    let process = console.process();
    process.signal(Signal::SIGSTOP);
    let seconds = number("HEADEND_BENCH_STOPPED", 20);
    interrupt.wait_until(Instant::now() + Duration::from_secs(seconds));
    let after = measure::anonymous_kib(daemon.pid());
    row(
        &format!("a console stopped for {seconds} s: the daemon's memory before, after, MiB"),
        &format!("{:.2}, {:.2}", mib(before), mib(after)),
    );
    daemon.stage.done(&["stop", "s00"]);
    let newest = format!("live {}", daemon.streams - 1);
    assert!(!console.text().contains(&newest), "it sleeps");
    let begin = Instant::now();
    process.signal(Signal::SIGCONT);
    console.wait_until("what is true now", |shown| shown.contents().contains(&newest));
    row("its screen is right again after, ms", &begin.elapsed().as_millis().to_string());
}
