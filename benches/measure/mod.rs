//! What the benches share: figures from `/proc`, numbers from the environment, tables, and an end
//! that leaves nothing behind when somebody interrupts.

#![allow(dead_code, reason = "no bench uses all of it")]
#![allow(clippy::cast_precision_loss, reason = "figures to read, not to count with")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The kernel counts CPU time in these, on every Linux that headend runs on.
const TICKS_PER_SECOND: f64 = 100.0;
/// How often a wait looks whether it was interrupted.
const LOOK: Duration = Duration::from_millis(100);

/// `cargo test --benches` only wants to know that it builds; only `cargo bench` says `--bench`.
pub fn is_wanted() -> bool {
    std::env::args().any(|arg| arg == "--bench")
}

/// A number from the environment.
pub fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// User and system time of a process, in seconds; 0 when it is gone.
pub fn cpu_seconds(pid: i32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default();
    let ticks: u64 = fields.split(' ').skip(11).take(2).filter_map(|t| t.parse::<u64>().ok()).sum();
    ticks as f64 / TICKS_PER_SECOND
}

/// Proportional set size of a process, in KiB; 0 when it is gone.
pub fn pss_kib(pid: i32) -> u64 {
    rollup_kib(pid, "Pss:")
}

/// The part of it that no file is behind, in KiB: what the process itself asked for. The program's
/// own pages are shared with every other headend that runs at the same time, so PSS moves with them.
pub fn anonymous_kib(pid: i32) -> u64 {
    rollup_kib(pid, "Pss_Anon:")
}

fn rollup_kib(pid: i32, field: &str) -> u64 {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = rollup.lines().find(|line| line.starts_with(field)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or_default()
}

/// The same in MiB.
pub fn pss_mib(pid: i32) -> f64 {
    mib(pss_kib(pid))
}

/// KiB as MiB.
pub fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

/// Threads of a process; 0 when it is gone.
pub fn threads(pid: i32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count)
}

/// Least, middle and most; zeros of nothing.
pub fn spread(figures: &[u64]) -> (u64, u64, u64) {
    let mut sorted = figures.to_vec();
    sorted.sort_unstable();
    let at = |place: usize| sorted.get(place).copied().unwrap_or_default();
    (at(0), at(sorted.len() / 2), at(sorted.len().saturating_sub(1)))
}

/// One row of a table with two columns.
pub fn row(what: &str, figure: &str) {
    println!("| {what} | {figure} |");
}

/// Notes TERM and INT, so that a bench ends by way of its destructors, and they end what it started.
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    pub fn watch() -> Self {
        let told = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
            signal_hook::flag::register(signal, Arc::clone(&told)).expect("watching for signals");
        }
        Self(told)
    }

    pub fn came(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Waits until then; `false`: it was interrupted.
    pub fn wait_until(&self, until: Instant) -> bool {
        while !self.came() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(LOOK));
        }
        false
    }

    /// Waits until `holds`, at most so long; gives how long it took. `None`: it did not come, or
    /// somebody interrupted.
    pub fn wait_for(&self, limit: Duration, mut holds: impl FnMut() -> bool) -> Option<Duration> {
        let began = Instant::now();
        while !holds() {
            if self.came() || began.elapsed() > limit {
                return None;
            }
            std::thread::sleep(LOOK / 10);
        }
        Some(began.elapsed())
    }
}
