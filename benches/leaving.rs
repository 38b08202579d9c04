//! How long it takes until nothing is left: asked to, by signal and by key, and killed.
//!
//! `cargo bench --bench leaving` runs 200 workers (`HEADEND_BENCH_STREAMS`) and ends headend in each
//! way `HEADEND_BENCH_ROUNDS` (3) times; the table has the longest. Workers are stand-ins; where
//! there is an FFmpeg the killing is tried with 200 of them too.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints and may panic"
)]

mod measure;
#[path = "../tests/support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use measure::{Interrupt, number};
use nix::sys::signal::Signal;
use support::headless::Running;
use support::processes::{Process, children_of};
use support::pty::Screen;
use support::stage::{QUICK, Stage, WIDE};
use support::{HEADEND, LIMIT, wait_until};

/// Workers that take no notice of TERM.
const DEAF: usize = 20;
/// Workers that are stopped, by SIGSTOP, when headend leaves.
const ASLEEP: usize = 5;
/// What is not gone by then is told as such.
const LONGEST: Duration = Duration::from_secs(60);
/// Between two looks at who is left.
const LOOK: Duration = Duration::from_millis(5);

/// How headend is made to leave.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Term,
    Key,
    Kill,
}

/// Until the last worker was gone, and until headend was.
struct Gone {
    workers: Option<Duration>,
    program: Option<Duration>,
}

fn main() {
    if !measure::is_wanted() {
        return;
    }
    let interrupt = Interrupt::watch();
    let streams = usize::try_from(number("HEADEND_BENCH_STREAMS", 200)).unwrap();
    let rounds = number("HEADEND_BENCH_ROUNDS", 3);
    println!("{streams} workers, the longest of {rounds} rounds");
    println!("| ended by | workers | wanted | all workers gone | program ended |");
    println!("| --- | --- | --- | --- | --- |");
    let mixed = format!("{DEAF} deaf to TERM, {ASLEEP} stopped");
    for (way, name) in [(Way::Term, "SIGTERM"), (Way::Key, "`q`")] {
        row(name, "well-behaved", 3, rounds, &interrupt, || played(way, streams, false));
        row(name, &mixed, 6, rounds, &interrupt, || played(way, streams, true));
    }
    row("SIGKILL", "well-behaved", 2, rounds, &interrupt, || played(Way::Kill, streams, false));
    row("SIGKILL", &mixed, 2, rounds, &interrupt, || played(Way::Kill, streams, true));
    let ffmpeg = headend::ffmpeg::find(std::env::var_os("HEADEND_FFMPEG").map(PathBuf::from).as_deref());
    match ffmpeg {
        Ok(_) => {
            row("SIGTERM", "FFmpeg", 3, rounds, &interrupt, || real(Way::Term, streams));
            row("SIGKILL", "FFmpeg", 2, rounds, &interrupt, || real(Way::Kill, streams));
        }
        Err(error) => println!("not tried with FFmpeg: {error}"),
    }
}

/// Tries one way so often and tells the longest.
fn row(name: &str, workers: &str, wanted: u64, rounds: u64, interrupt: &Interrupt, ends: impl Fn() -> Gone) {
    let all: Vec<Gone> = (0..rounds).take_while(|_| !interrupt.came()).map(|_| ends()).collect();
    let longest = |of: fn(&Gone) -> Option<Duration>| {
        let times: Option<Vec<Duration>> = all.iter().map(of).collect();
        let longest = times.map(|times| times.into_iter().max());
        match longest {
            Some(Some(time)) => format!("{:.2} s", time.as_secs_f64()),
            Some(None) => "interrupted".to_owned(),
            None => format!("NOT within {} s", LONGEST.as_secs()),
        }
    };
    let (gone, ended) = (longest(|gone| gone.workers), longest(|gone| gone.program));
    println!("| {name} | {workers} | {wanted} s | {gone} | {ended} |");
}

/// Stand-ins, all of them healthy, or some that don't listen.
fn played(way: Way, streams: usize, mixed: bool) -> Gone {
    let stage = Stage::empty();
    let mut text = QUICK.to_owned();
    for n in 0..streams {
        let plays = if mixed && n < DEAF { "ignore-term" } else { "healthy" };
        text += &stage.stream(&format!("s{n}"), plays, "");
    }
    stage.write(&text);
    let started = Started::headend(&stage.arguments(&[]), &[("HEADEND_FFMPEG", support::stand_in())], way);
    let workers = stage.wait_workers(streams);
    started.wait_live(streams);
    if mixed {
        let listens = |worker: &&Process| !worker.arguments().iter().any(|a| a.contains("ignore-term"));
        for worker in workers.iter().filter(listens).take(ASLEEP) {
            worker.signal(Signal::SIGSTOP);
        }
    }
    started.end(way, &workers)
}

/// FFmpeg on the streams of an origin, which is a process of its own.
fn real(way: Way, streams: usize) -> Gone {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (config, state, count) = (path("headend.toml"), path("state"), streams.to_string());
    let serve = ["origin", "--listen", "127.0.0.1:0", "--streams", &count, "--faults", "none"];
    let origin = [&serve[..], &["--write-config", &config]].concat();
    let origin = Running::start(HEADEND.as_ref(), &origin, &[]);
    wait_until("the origin is up", 6 * LIMIT, || origin.stdout().contains("channels at"));
    // A machine that is busy with something else is to hold none of them.
    let text = std::fs::read_to_string(&config).unwrap() + "\n[guard]\nenabled = false\n";
    std::fs::write(&config, text).unwrap();
    let arguments = ["--config".to_owned(), config, "--state".to_owned(), state];
    let started = Started::headend(&arguments, &[], way);
    let mut workers = Vec::new();
    wait_until("all workers", 4 * LIMIT, || {
        workers = children_of(started.pid());
        workers.len() == streams
    });
    started.wait_live(streams);
    // The ones of now: a start may have failed on the way.
    let workers = children_of(started.pid());
    started.end(way, &workers)
}

/// headend with a terminal or without one.
enum Started {
    Headless(Running),
    Console(Box<Screen>),
}

impl Started {
    fn headend(arguments: &[String], environment: &[(&str, &Path)], way: Way) -> Self {
        let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let environment: Vec<(&str, &str)> =
            environment.iter().map(|(name, path)| (*name, path.to_str().unwrap())).collect();
        if way == Way::Key {
            return Self::Console(Box::new(Screen::headend(WIDE, &arguments, &environment)));
        }
        arguments.push("--headless");
        Self::Headless(Running::start(HEADEND.as_ref(), &arguments, &environment))
    }

    fn process(&self) -> Process {
        match self {
            Self::Headless(running) => running.process(),
            Self::Console(screen) => screen.process(),
        }
    }

    fn pid(&self) -> i32 {
        self.process().pid
    }

    /// Waits until it has seen every worker's first progress. Without a screen a few periods of
    /// progress have to do.
    fn wait_live(&self, streams: usize) {
        match self {
            Self::Console(screen) => {
                let live = format!("live {streams}");
                wait_until("all are live", 4 * LIMIT, || screen.text().contains(&live));
            }
            Self::Headless(_) => std::thread::sleep(Duration::from_secs(5)),
        }
    }

    /// Makes it leave and looks until the workers and the program are gone.
    fn end(mut self, way: Way, workers: &[Process]) -> Gone {
        if let Self::Console(screen) = &self {
            screen.keys("q");
            screen.wait_text("Quit and stop");
        }
        let program = self.process();
        let asked = Instant::now();
        match (&self, way) {
            (Self::Console(screen), _) => screen.keys("y"),
            (_, Way::Kill) => program.signal(Signal::SIGKILL),
            _ => program.signal(Signal::SIGTERM),
        }
        let mut left = workers.to_vec();
        let mut gone = Gone { workers: None, program: None };
        while asked.elapsed() < LONGEST && (gone.workers.is_none() || gone.program.is_none()) {
            left.retain(|worker| worker.is_alive());
            if left.is_empty() {
                gone.workers.get_or_insert_with(|| asked.elapsed());
            }
            if !program.is_alive() {
                gone.program.get_or_insert_with(|| asked.elapsed());
            }
            std::thread::sleep(LOOK);
        }
        match &mut self {
            Self::Headless(running) => running.kill(),
            Self::Console(screen) => screen.kill(),
        }
        gone
    }
}
