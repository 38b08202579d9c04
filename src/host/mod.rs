//! The machine: CPU, memory, pressure, disk, open files, limits and processes, read; limits raised.
//!
//! Everything here is read from a thread of its own ([`Sampler`]), because a machine in trouble
//! answers slowly, and neither drawing nor supervising may wait for it.

mod cgroup;
mod limits;
mod network;
mod pressure;
mod proc;
mod process;
mod sampler;
mod workers;

use std::time::Duration;

pub use limits::{child_open_files, raise_open_files};
pub use process::{Process, boot_id, carries, group_members, leading_children, process};
pub use sampler::Sampler;
pub use workers::Workers;

/// From one reading of the machine to the next.
pub const SAMPLE_PERIOD: Duration = Duration::from_secs(2);
/// From one reading of our own memory to the next: for our PSS the kernel walks every page.
pub const MEMORY_PERIOD: Duration = Duration::from_secs(10);
/// From one look at all workers to the next.
pub const WORKERS_PERIOD: Duration = Duration::from_secs(5);
/// Workers looked at in one go; the rest wait [`WORKERS_STEP`].
pub const WORKERS_PER_STEP: usize = 20;
/// From one batch of workers to the next. A round over more than 400 workers takes longer than
/// [`WORKERS_PERIOD`]; the next one begins after it.
pub const WORKERS_STEP: Duration = Duration::from_millis(250);
/// Stopping the readings takes this long at most.
pub const STOP_LIMIT: Duration = Duration::from_secs(1);
/// Descriptors one worker costs headend: two pipes and a pidfd.
pub const FDS_PER_WORKER: u64 = 3;
/// Descriptors kept for everything else: store, logs, links, terminal, the runtime's own.
pub const FDS_RESERVE: u64 = 128;
/// The soft limit a worker gets, unless headend itself was started with less.
pub const CHILD_FDS: u64 = 1_024;

/// CPU time that was used in so much time, in percent of one core.
fn percent_of_core(used: Duration, span: Duration) -> f32 {
    if span.is_zero() { 0.0 } else { 100.0 * used.as_secs_f32() / span.as_secs_f32() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_second_is_a_whole_core() {
        let second = Duration::from_secs(1);
        assert!((percent_of_core(second, second) - 100.0).abs() < 0.01);
        assert!((percent_of_core(second / 50, second * 2) - 1.0).abs() < 0.01);
        assert!(percent_of_core(second, Duration::ZERO).abs() < f32::EPSILON);
    }
}
