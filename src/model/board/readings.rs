//! What is measured of the pool, the machine, headend itself and its workers, and the limits they
//! are held against.

use serde::{Deserialize, Serialize};

use crate::model::Moment;

/// The pool of slots.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolReading {
    /// How many workers there may be.
    pub slots: u32,
    /// How many slots are taken.
    pub busy: u32,
    /// How many streams wait for one, or for their turn to start.
    pub queued: u32,
    /// How many workers are in `starting`.
    pub starting: u32,
    /// How many may be.
    pub start_parallel: u32,
    /// The number of slots follows the machine.
    pub auto: bool,
    /// How many streams are kept from starting.
    pub held: u32,
    /// How many streams take turns.
    pub rotating: u32,
    /// Of those that take turns and are not broken, the one that was not seen for longest: since
    /// when. Grows old by itself.
    pub unseen_since: Option<Moment>,
    /// How many streams there are: a client that shows a part of them is not sent the others.
    pub streams: u32,
}

/// The machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct HostReading {
    /// Busy share of all cores together, 0 to 100.
    pub cpu_percent: f32,
    /// Number of cores.
    pub cores: u32,
    /// Memory in use, bytes.
    pub memory_bytes: u64,
    /// Memory there is, bytes.
    pub memory_total_bytes: u64,
    /// Open files of the whole machine.
    pub fds_open: u64,
    /// The machine's limit on them.
    pub fds_limit: u64,
    /// Load average over a minute.
    pub load1: f32,
    /// Cores' worth of CPU time that a container's limit leaves us; `None` without one. Then
    /// `cpu_percent` and the memory figures are the container's, not the machine's.
    pub cpu_quota: Option<f32>,
    /// Whether `memory_total_bytes` is a container's limit.
    pub memory_limited: bool,
    /// Pressure, where the kernel tells it.
    pub pressure: Option<Pressure>,
    /// Free bytes of the state folder's disk, for us; `None` when not known.
    pub disk_free_bytes: Option<u64>,
    /// Size of that disk, bytes.
    pub disk_total_bytes: u64,
    /// The network, all interfaces but the loopback together; `None` when not known.
    pub network: Option<Network>,
}

/// What goes over the network, bytes a second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// What comes in.
    pub received: f32,
    /// What goes out.
    pub sent: f32,
}

/// Shares of time over the last ten seconds in which something waited, percent (`/proc/pressure`
/// or the container's own).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Pressure {
    /// Some process waited for a CPU.
    pub cpu_some: f32,
    /// Some process waited for memory.
    pub memory_some: f32,
    /// All of them did.
    pub memory_full: f32,
    /// Some process waited for a disk.
    pub io_some: f32,
}

/// headend's own process, workers excluded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct SelfReading {
    /// Share of one core, in percent.
    pub cpu_percent: f32,
    /// PSS where the kernel tells it, else RSS; bytes.
    pub memory_bytes: u64,
    /// Open files.
    pub fds_open: u64,
    /// The soft limit on them, as raised at the start.
    pub fds_limit: u64,
}

/// All workers together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct WorkersReading {
    /// How many were measured.
    pub count: u32,
    /// What they have for themselves, and the largest share of files (libraries) once; bytes.
    pub memory_bytes: u64,
}

/// What the limits found at the start allow, and those that are configured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct LimitReading {
    /// The open-file limit before it was raised.
    pub fds_before: u64,
    /// The open-file limit now.
    pub fds_now: u64,
    /// How many workers that allows.
    pub workers: u32,
    /// From where on the machine counts as busy; `None`: nothing is held back for it.
    pub guard: Option<GuardLimits>,
}

/// A soft limit, above which nothing is started, and a hard one, above which streams rest; percent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct SoftHard {
    /// The lower one.
    pub soft: f32,
    /// The higher one.
    pub hard: f32,
}

/// What the guard of the host holds against the machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct GuardLimits {
    /// Busy cores; looked at only where pressure is not told.
    pub cpu: SoftHard,
    /// [`Pressure::cpu_some`].
    pub cpu_pressure: SoftHard,
    /// Memory in use.
    pub memory: SoftHard,
    /// [`Pressure::memory_full`].
    pub memory_pressure: SoftHard,
    /// headend's open files, and the machine's.
    pub open_files: SoftHard,
    /// The state folder's disk in use; looked at only while less than [`Self::DISK_PLENTY`] is free.
    pub disk: SoftHard,
}

impl GuardLimits {
    /// A disk with so much free is not full, whatever share of it is used; bytes.
    pub const DISK_PLENTY: u64 = 5 << 30;
}
