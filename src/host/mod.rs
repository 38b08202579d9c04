//! The machine: CPU, memory, pressure, disk, open files, limits and processes, read; limits raised.
//!
//! Everything here is read from a thread of its own ([`Sampler`]), because a machine in trouble
//! answers slowly, and neither drawing nor supervising may wait for it.

mod cgroup;
mod limits;
mod pressure;
mod proc;
mod process;
mod sampler;

use std::time::Duration;

pub use limits::{child_open_files, raise_open_files};
pub use process::{Process, boot_id, carries, group_members, leading_children, process};
pub use sampler::Sampler;

/// From one reading of the machine to the next.
pub const SAMPLE_PERIOD: Duration = Duration::from_secs(2);
/// From one reading of memory by process to the next: for our own PSS the kernel walks every page.
pub const MEMORY_PERIOD: Duration = Duration::from_secs(10);
/// Workers whose memory is read in one go; the rest wait [`MEMORY_STEP`].
pub const WORKERS_PER_STEP: usize = 20;
/// From one batch of workers to the next. A round over more than 800 workers takes longer than
/// [`MEMORY_PERIOD`]; the next one begins after it.
pub const MEMORY_STEP: Duration = Duration::from_millis(250);
/// Stopping the readings takes this long at most.
pub const STOP_LIMIT: Duration = Duration::from_secs(1);
/// Descriptors one worker costs headend: two pipes and a pidfd.
pub const FDS_PER_WORKER: u64 = 3;
/// Descriptors kept for everything else: store, logs, links, terminal, the runtime's own.
pub const FDS_RESERVE: u64 = 128;
/// The soft limit a worker gets, unless headend itself was started with less.
pub const CHILD_FDS: u64 = 1_024;
