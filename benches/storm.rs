//! Hours in which every stream restarts each minute: does headend's memory stay where it is?
//!
//! `cargo bench --bench storm` runs 200 stand-ins that end after 50 s of good progress under a
//! headless headend, and looks at it every 10 s. `HEADEND_BENCH_STREAMS` (200) and
//! `HEADEND_BENCH_MINUTES` (120) change the size; `HEADEND_BENCH_CSV` names a file for all samples.
//! Every 10 minutes it prints a line, so that an interrupted run has said something too. Each worker
//! says a hundred lines at its start: the tails in memory are full after a few minutes, and what
//! grows later is a leak and not a tail.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints and may panic"
)]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures to read, not to count with"
)]

mod measure;
#[path = "../tests/support/mod.rs"]
mod support;

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use measure::{Interrupt, anonymous_kib, cpu_seconds, mib, number, pss_kib, spread, threads};
use nix::sys::signal::Signal;
use support::headless::Running;
use support::processes::{Process, children_of, zombies_of};
use support::stage::Stage;
use support::{HEADEND, stand_in};

/// Every so often headend is looked at.
const SAMPLE: Duration = Duration::from_secs(10);
/// Samples are told together for so long.
const SLICE_MINUTES: u64 = 10;
/// A worker ends after so many seconds of good progress unless `HEADEND_BENCH_LIVES` says otherwise;
/// with the wait before the next one and its turn to start, each stream has a new worker about each
/// minute.
const LIVES_S: u64 = 55;
/// Lines a worker says at once when it starts.
const LINES: usize = 100;
/// Flat: within this share of the first slice after the warm-up.
const FLAT: f64 = 0.05;

/// Nothing is ever `broken`, every wait is the first one, and a machine that is busy with something
/// else holds nothing.
const SETTINGS: &str = r#"
[restart]
backoff_first = "1s"
backoff_cap = "1s"
reset_after = "10s"
broken_failures = 1000
broken_window = "1m"
[guard]
enabled = false
[defaults]
mode = "packets"
"#;

/// One look at headend.
struct Sample {
    minute: f64,
    pss_kib: u64,
    anonymous_kib: u64,
    descriptors: u64,
    threads: u64,
    zombies: u64,
    workers: u64,
    /// Workers seen until now, the first ones included.
    starts: u64,
    cpu_s: f64,
}

fn main() {
    if !measure::is_wanted() {
        return;
    }
    let interrupt = Interrupt::watch();
    let streams = number("HEADEND_BENCH_STREAMS", 200);
    let minutes = number("HEADEND_BENCH_MINUTES", 120);
    let mut csv = std::env::var_os("HEADEND_BENCH_CSV").map(|path| {
        let mut file = File::create(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        writeln!(file, "minute,pss_kib,anonymous_kib,descriptors,threads,zombies,workers,starts,cpu_s")
            .unwrap();
        file
    });

    let stage = Stage::empty();
    stage.write(&configuration(&stage, streams));
    let (ffmpeg, plays) = (stand_in().to_str().unwrap(), plays());
    let arguments = stage.arguments(&["--headless", "--report", "json"]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let environment = [("HEADEND_FFMPEG", ffmpeg), ("HEADEND_STAND_IN", plays.as_str())];
    let headend = Running::start(Path::new(HEADEND), &arguments, &environment);

    println!("{streams} streams, {minutes} minutes, a look every {} s", SAMPLE.as_secs());
    println!(
        "| minutes | PSS MiB: least, median, most | of it without a file | descriptors | threads | zombies | starts |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    let samples = watch(&headend, minutes, &interrupt, csv.as_mut());
    verdict(&samples);
    leave(headend, &interrupt);
}

/// Streams on a host each: what is measured is restarts of streams, not hosts that fail.
fn configuration(stage: &Stage, streams: u64) -> String {
    (0..streams).fold(SETTINGS.to_owned(), |mut text, n| {
        let url = format!("http://s{n}.storm.example/live.m3u8?{}", stage.mark());
        let _ = write!(text, "\n[[stream]]\nid = \"s{n}\"\ninputs = [\"{url}\"]\n");
        text
    })
}

/// What every stand-in plays. Not in the URL: a long one would be in every line that names it.
fn plays() -> String {
    let mut lines = String::new();
    for n in 0..LINES {
        let level = if n % 10 == 0 { "error" } else { "warning" };
        let _ = write!(lines, "[{level}] [hls %40 0x55d0c0ffee00] segment {n} of the playlist is late%0A");
    }
    format!("exit?after={}&stderr={lines}", number("HEADEND_BENCH_LIVES", LIVES_S))
}

/// Looks until the time is over, somebody interrupts or headend is gone.
fn watch(headend: &Running, minutes: u64, interrupt: &Interrupt, mut csv: Option<&mut File>) -> Vec<Sample> {
    let pid = headend.pid();
    let began = Instant::now();
    let (mut samples, mut seen): (Vec<Sample>, HashSet<Process>) = (Vec::new(), HashSet::new());
    let mut starts = 0;
    let mut told = 0;
    for turn in 1.. {
        if !interrupt.wait_until(began + SAMPLE * turn) || !headend.process().is_alive() {
            break;
        }
        let workers = children_of(pid);
        starts += workers.iter().filter(|worker| !seen.contains(worker)).count() as u64;
        // Only the living ones: a worker that has gone never comes back.
        seen = workers.iter().copied().collect();
        let sample = Sample {
            minute: began.elapsed().as_secs_f64() / 60.0,
            pss_kib: pss_kib(pid),
            anonymous_kib: anonymous_kib(pid),
            descriptors: headend.process().open_files() as u64,
            threads: threads(pid) as u64,
            zombies: zombies_of(pid).len() as u64,
            workers: workers.len() as u64,
            starts,
            cpu_s: cpu_seconds(pid),
        };
        if let Some(file) = csv.as_mut() {
            let Sample {
                minute,
                pss_kib,
                anonymous_kib,
                descriptors,
                threads,
                zombies,
                workers,
                starts,
                cpu_s,
            } = &sample;
            writeln!(
                file,
                "{minute:.2},{pss_kib},{anonymous_kib},{descriptors},{threads},{zombies},{workers},{starts},{cpu_s:.2}"
            )
            .unwrap();
        }
        samples.push(sample);
        let slices = began.elapsed().as_secs() / 60 / SLICE_MINUTES;
        if slices > told {
            tell_slice(&samples, told);
            told = slices;
        }
        if began.elapsed() >= Duration::from_secs(minutes * 60) {
            break;
        }
    }
    if told * SLICE_MINUTES < minutes {
        tell_slice(&samples, told);
    }
    samples
}

/// The samples of slice number `slice`.
fn of_slice(samples: &[Sample], slice: u64) -> Vec<&Sample> {
    let from = (slice * SLICE_MINUTES) as f64;
    let until = from + SLICE_MINUTES as f64;
    samples.iter().filter(|s| s.minute > from && s.minute <= until + SAMPLE.as_secs_f64() / 120.0).collect()
}

fn tell_slice(samples: &[Sample], slice: u64) {
    let own = of_slice(samples, slice);
    let Some(last) = own.last() else { return };
    let figures = |of: fn(&Sample) -> u64| spread(&own.iter().map(|sample| of(sample)).collect::<Vec<u64>>());
    let pss = figures(|s| s.pss_kib);
    let range = |(least, _, most): (u64, u64, u64)| format!("{least} to {most}");
    println!(
        "| {} to {:.0} | {:.2}, {:.2}, {:.2} | {:.2} | {} | {} | {} | {} |",
        slice * SLICE_MINUTES,
        last.minute,
        mib(pss.0),
        mib(pss.1),
        mib(pss.2),
        mib(figures(|s| s.anonymous_kib).1),
        range(figures(|s| s.descriptors)),
        range(figures(|s| s.threads)),
        range(figures(|s| s.zombies)),
        last.starts,
    );
}

/// Whether the last slice is like the one after the warm-up, and how often streams restarted.
fn verdict(samples: &[Sample]) {
    let Some(last) = samples.last() else {
        println!("no sample: headend ended at once, or the run was interrupted");
        return;
    };
    let first = samples.first().map_or(0, |s| s.starts);
    println!(
        "workers started: {} in {:.0} min, the first {first} included; CPU {:.2} % of one core",
        last.starts,
        last.minute,
        last.cpu_s / (last.minute * 60.0) * 100.0
    );
    // The last slice that is whole.
    let last_slice = (last.minute + 0.1) as u64 / SLICE_MINUTES;
    if last_slice < 3 {
        println!("flat: not known; it takes 30 minutes to have two slices after the warm-up");
        return;
    }
    for (what, of) in [("PSS", pss as fn(&Sample) -> u64), ("without a file behind it", anonymous)] {
        let middle =
            |slice| spread(&of_slice(samples, slice).into_iter().map(of).collect::<Vec<u64>>()).1 as f64;
        let change = middle(last_slice - 1) / middle(1) - 1.0;
        println!(
            "{what}: flat within {:.0} %: {} ({:+.2} % from minutes {SLICE_MINUTES} to {} to the last {SLICE_MINUTES})",
            FLAT * 100.0,
            if change.abs() <= FLAT { "yes" } else { "NO" },
            change * 100.0,
            2 * SLICE_MINUTES
        );
    }
}

const fn pss(sample: &Sample) -> u64 {
    sample.pss_kib
}

const fn anonymous(sample: &Sample) -> u64 {
    sample.anonymous_kib
}

/// Ends headend as an operator would and says what it counted itself.
fn leave(headend: Running, interrupt: &Interrupt) {
    if !headend.process().is_alive() {
        println!("headend ended before its time: {:?}", headend.stderr());
        return;
    }
    if interrupt.came() {
        println!("interrupted");
    }
    headend.process().signal(Signal::SIGTERM);
    let report = headend.finish(Duration::from_secs(40)).json();
    let streams = report["streams"].as_array().unwrap();
    let restarts: Vec<u64> = streams.iter().filter_map(|s| s["restarts"].as_u64()).collect();
    let (least, median, most) = spread(&restarts);
    println!(
        "restarts as headend counts them: {} (of a stream: {least}, {median}, {most})",
        restarts.iter().sum::<u64>()
    );
}
