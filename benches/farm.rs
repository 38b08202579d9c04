//! 200 real workers under the console: what headend itself costs, and how fast it shows things.
//!
//! `cargo bench --bench farm` starts the origin as a second process, headend in a pseudo-terminal
//! of 200x60 on its streams, and prints one table. `HEADEND_BENCH_STREAMS` (200) and
//! `HEADEND_BENCH_MINUTES` (10) change the size. Nothing is asserted: figures are for
//! `docs/performance.md`, on a machine that does nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints and may panic"
)]
#![allow(clippy::cast_precision_loss, reason = "figures to read, not to count with")]

mod measure;
#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use measure::{cpu_seconds, number, pss_mib, row};
use nix::sys::signal::Signal;
use support::headless::Running;
use support::processes::{Process, children_of};
use support::pty::Screen;
use support::{HEADEND, wait_until};

/// Bytes and CPU are sampled this often.
const SAMPLE: Duration = Duration::from_secs(5);
/// How many deaths are timed.
const DEATHS: usize = 20;

fn workers_cpu(workers: &[Process]) -> f64 {
    workers.iter().map(|worker| cpu_seconds(worker.pid)).sum()
}

fn main() {
    if !measure::is_wanted() {
        return;
    }
    let streams = number("HEADEND_BENCH_STREAMS", 200);
    let minutes = number("HEADEND_BENCH_MINUTES", 10);
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("headend.toml");
    let (config, state) = (config.to_str().unwrap(), folder.path().join("state"));
    let count = streams.to_string();
    let origin_args = [
        "origin",
        "--listen",
        "127.0.0.1:0",
        "--streams",
        &count,
        "--faults",
        "none",
        "--write-config",
        config,
    ];
    let mut origin = Running::start(HEADEND.as_ref(), &origin_args, &[]);
    wait_until("the origin is up", Duration::from_secs(180), || origin.stdout().contains("channels at"));

    let args = ["--config", config, "--state", state.to_str().unwrap()];
    let started = Instant::now();
    let mut screen =
        Screen::headend((200, 60), &args, &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]);
    let all_live = format!("live {streams}");
    wait_until("all are live", Duration::from_secs(300), || screen.text().contains(&all_live));
    let pid = screen.pid();
    println!("| what | figure |\n| --- | --- |");
    row(&format!("{streams} workers live after"), &format!("{:.1} s", started.elapsed().as_secs_f64()));

    calm(&mut screen, pid, minutes, streams);
    still(&mut screen);
    deaths(&screen, pid);

    screen.keys("q");
    screen.wait_text("y");
    let asked = Instant::now();
    screen.keys("y");
    screen.finish();
    row("quit, all workers gone", &format!("{:.1} s", asked.elapsed().as_secs_f64()));
    origin.kill();
}

/// Minutes with nothing wrong: cost, bytes, and whether anything was said that is not so.
fn calm(screen: &mut Screen, pid: i32, minutes: u64, streams: u64) {
    let workers = children_of(pid);
    let before: Vec<i32> = workers.iter().map(|worker| worker.pid).collect();
    let (bytes, own, theirs, began) =
        (screen.bytes_written(), cpu_seconds(pid), workers_cpu(&workers), Instant::now());
    let (mut most_pss, mut not_ok) = (0.0_f64, 0_u64);
    while began.elapsed() < Duration::from_secs(minutes * 60) {
        std::thread::sleep(SAMPLE);
        most_pss = most_pss.max(pss_mib(pid));
        not_ok += u64::from(!screen.text().contains(&format!("{streams} ok")));
    }
    let seconds = began.elapsed().as_secs_f64();
    row(
        "headend's CPU, origin excluded",
        &format!("{:.2} % of one core", (cpu_seconds(pid) - own) / seconds * 100.0),
    );
    row("workers' CPU", &format!("{:.1} % of one core", (workers_cpu(&workers) - theirs) / seconds * 100.0));
    row("headend's memory, most", &format!("{most_pss:.1} MiB (PSS)"));
    let per_second = (screen.bytes_written() - bytes) as f64 / seconds;
    row("bytes to the terminal, all live, one update a second", &format!("{per_second:.0} B/s"));
    let mut after: Vec<i32> = children_of(pid).iter().map(|worker| worker.pid).collect();
    after.sort_unstable();
    let mut before = before;
    before.sort_unstable();
    let replaced = before.iter().filter(|pid| after.binary_search(pid).is_err()).count();
    row(&format!("workers replaced in {minutes} min"), &replaced.to_string());
    row("samples with a stream not ok", &format!("{not_ok} of {}", minutes * 60 / SAMPLE.as_secs()));
}

/// The help is open and nothing in it can change: not one byte.
fn still(screen: &mut Screen) {
    screen.keys("?");
    screen.settle(Duration::from_secs(2));
    let before = screen.bytes_written();
    std::thread::sleep(Duration::from_secs(10));
    row("bytes in 10 s with the help open", &(screen.bytes_written() - before).to_string());
    screen.press(support::pty::Key::Esc);
}

/// From SIGKILL of a worker to its being counted in the header.
fn deaths(screen: &Screen, pid: i32) {
    let mut times = Vec::new();
    for worker in children_of(pid).into_iter().take(DEATHS) {
        wait_until("none in backoff", Duration::from_secs(60), || !screen.text().contains("backoff 1"));
        let killed = Instant::now();
        worker.signal(Signal::SIGKILL);
        screen.wait_until("the death shows", |grid| grid.contents().contains("backoff 1"));
        times.push(killed.elapsed().as_secs_f64() * 1_000.0);
    }
    times.sort_by(f64::total_cmp);
    let middle = times[times.len() / 2];
    let last = times.last().unwrap();
    row(
        "a worker's death on the screen",
        &format!("{middle:.0} ms (median), {last:.0} ms (longest of {DEATHS})"),
    );
}
