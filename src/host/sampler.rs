//! The thread that reads the machine at a steady pace.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage};
use nix::sys::statvfs::statvfs;
use sysinfo::{MemoryRefreshKind, System};

use super::cgroup::Groups;
use super::network::Interfaces;
use super::workers::{Round, Workers, look_at};
use super::{MEMORY_PERIOD, SAMPLE_PERIOD, STOP_LIMIT, WORKERS_PERIOD, WORKERS_STEP, percent_of_core, proc};
use crate::model::{HostReading, SelfReading};

/// Reads the machine every [`SAMPLE_PERIOD`] on the thread `host`, until it is stopped or dropped.
pub struct Sampler {
    stop: Arc<Stop>,
    thread: Option<JoinHandle<()>>,
}

/// Wakes the thread before its time, and tells that it has ended.
#[derive(Default)]
struct Stop {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    asked: bool,
    ended: bool,
}

/// Says that the thread has ended, however it did.
struct Ended(Arc<Stop>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.lock().ended = true;
        self.0.changed.notify_all();
    }
}

impl Sampler {
    /// Starts reading. `sink` is called on the sampler's thread: at once, then every
    /// [`SAMPLE_PERIOD`]; it must be quick. `pids` are the workers there are now; what they
    /// take comes with the first sample after each full round over them. `folder`: the state folder,
    /// whose disk is looked at.
    ///
    /// Without a thread (the machine refused one) there are no readings; the log says so.
    #[must_use]
    pub fn start(
        pids: Arc<Mutex<Vec<u32>>>,
        folder: Option<PathBuf>,
        sink: impl FnMut(HostReading, SelfReading, Option<Workers>) + Send + 'static,
    ) -> Self {
        let stop = Arc::new(Stop::default());
        let ended = Ended(Arc::clone(&stop));
        let run = move || run(&ended.0, &pids, folder.as_deref(), sink);
        let spawned = thread::Builder::new().name("host".into()).spawn(run);
        let thread =
            spawned.inspect_err(|error| log::error!("no readings of this machine: no thread: {error}")).ok();
        Self { stop, thread }
    }

    /// Ends the thread and waits for it: as long as one reading and one call of the sink take, and
    /// no longer than [`STOP_LIMIT`]: a disk that does not answer may hold it for ever.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.stop.lock().asked = true;
        self.stop.changed.notify_all();
        let Some(thread) = self.thread.take() else { return };
        let state = self.stop.changed.wait_timeout_while(self.stop.lock(), STOP_LIMIT, |state| !state.ended);
        if state.unwrap_or_else(PoisonError::into_inner).0.ended {
            // A panic on that thread was told by the panic hook; the readings just end.
            let _ = thread.join();
        } else {
            log::warn!("a reading of this machine does not end: is the state folder's disk there?");
        }
    }
}

impl Stop {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `when`; false when the thread is to end.
    fn wait_until(&self, when: Instant) -> bool {
        let left = when.saturating_duration_since(Instant::now());
        let waited = self.changed.wait_timeout_while(self.lock(), left, |state| !state.asked);
        !waited.unwrap_or_else(PoisonError::into_inner).0.asked
    }
}

fn run(
    stop: &Stop,
    pids: &Mutex<Vec<u32>>,
    folder: Option<&Path>,
    mut sink: impl FnMut(HostReading, SelfReading, Option<Workers>),
) {
    let system = System::new().inspect_err(|error| log::error!("no CPU and memory of this machine: {error}"));
    let groups = Groups::find(Path::new("/"));
    let mut machine = Machine { system: system.ok(), groups, interfaces: Interfaces::default() };
    let mut own = Own::default();
    let mut round = Round::default();
    let mut next_sample = Instant::now();
    let mut next_round = next_sample;
    loop {
        let now = Instant::now();
        if round.is_idle() && now >= next_round {
            round.begin(&pids.lock().unwrap_or_else(PoisonError::into_inner));
            next_round = now + WORKERS_PERIOD;
        }
        if !round.is_idle() {
            let uptime = proc::uptime().unwrap_or_default();
            round.step(now, |pid| look_at(pid, uptime));
        }
        if now >= next_sample {
            sink(machine.read(now, folder), own.read(now), round.take());
            // Counted from now: after a suspended machine wakes there is nothing to catch up on.
            next_sample = now + SAMPLE_PERIOD;
        }
        let next_look = if round.is_idle() { next_round } else { now + WORKERS_STEP };
        let next = next_sample.min(next_look);
        if !stop.wait_until(next) {
            return;
        }
    }
}

/// The whole machine.
struct Machine {
    /// `None` on a machine sysinfo can't read: its figures are then 0.
    system: Option<System>,
    /// What limits us below the machine.
    groups: Groups,
    interfaces: Interfaces,
}

impl Machine {
    fn read(&mut self, now: Instant, folder: Option<&Path>) -> HostReading {
        let (fds_open, fds_limit) = proc::machine_open_files().unwrap_or_default();
        let disk = folder.and_then(disk_bytes);
        let mut reading = HostReading {
            fds_open,
            fds_limit,
            #[expect(clippy::cast_possible_truncation, reason = "two decimals are shown")]
            load1: System::load_average().map_or(0.0, |load| load.one as f32),
            pressure: proc::machine_pressure(),
            disk_free_bytes: disk.map(|(free, _)| free),
            disk_total_bytes: disk.map_or(0, |(_, total)| total),
            network: self.interfaces.read(now),
            ..HostReading::default()
        };
        if let Some(system) = &mut self.system {
            // Only these two: everything else in there reads every process of the machine.
            system.refresh_cpu_usage();
            system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
            reading.cpu_percent = system.global_cpu_usage().clamp(0.0, 100.0);
            reading.cores = u32::try_from(system.cpus().len()).unwrap_or(u32::MAX);
            reading.memory_bytes = system.used_memory();
            reading.memory_total_bytes = system.total_memory();
        }
        self.groups.apply(now, &mut reading);
        reading
    }
}

/// Free bytes (for us, who are not root) and size of the disk that holds `folder`.
fn disk_bytes(folder: &Path) -> Option<(u64, u64)> {
    let disk = statvfs(folder).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(disk.fragment_size());
    Some((bytes(disk.blocks_available()), bytes(disk.blocks())))
}

/// Our own process.
#[derive(Default)]
struct Own {
    cpu_before: Option<(Instant, Duration)>,
    memory_bytes: u64,
    memory_read: Option<Instant>,
}

impl Own {
    fn read(&mut self, now: Instant) -> SelfReading {
        if self.memory_read.is_none_or(|at| now.saturating_duration_since(at) >= MEMORY_PERIOD) {
            self.memory_bytes = proc::own_memory().unwrap_or(self.memory_bytes);
            self.memory_read = Some(now);
        }
        let cpu = cpu_time();
        let before = self.cpu_before.replace((now, cpu));
        SelfReading {
            cpu_percent: before.map_or(0.0, |(at, used)| {
                percent_of_core(cpu.saturating_sub(used), now.saturating_duration_since(at))
            }),
            memory_bytes: self.memory_bytes,
            fds_open: proc::own_open_files(),
            fds_limit: getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(soft, _)| soft),
        }
    }
}

/// CPU time of our own process since it started; microseconds, where `/proc` has hundredths.
fn cpu_time() -> Duration {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else {
        return Duration::ZERO;
    };
    let span = |time: nix::sys::time::TimeVal| {
        let micros = time.tv_sec().saturating_mul(1_000_000).saturating_add(time.tv_usec());
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    };
    span(usage.user_time()) + span(usage.system_time())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn the_first_sample_comes_at_once_and_is_plausible() {
        let pids = Arc::new(Mutex::new(vec![std::process::id(), u32::MAX]));
        let (send, receive) = mpsc::channel();
        let folder = tempfile::tempdir().unwrap();
        let sampler = Sampler::start(pids, Some(folder.path().to_owned()), move |host, own, workers| {
            let _ = send.send((host, own, workers));
        });
        let (host, own, workers) = receive.recv_timeout(LONG).unwrap();
        assert!(host.cores > 0 && host.memory_total_bytes > host.memory_bytes && host.memory_bytes > 0);
        assert!((0.0..=100.0).contains(&host.cpu_percent), "{}", host.cpu_percent);
        assert!(host.fds_open > 0 && host.fds_limit > 0);
        assert!(host.disk_free_bytes.unwrap() <= host.disk_total_bytes && host.disk_total_bytes > 0);
        assert_eq!(host.pressure.is_some(), Path::new("/proc/pressure/cpu").exists());
        assert!(own.memory_bytes > 0 && own.fds_open > 0 && own.fds_limit > 0);
        let Workers { sum, each } = workers.unwrap();
        assert_eq!(sum.count, 1, "the process that is not there is not counted");
        assert!(sum.memory_bytes > 0);
        let [(pid, usage)] = each[..] else { panic!("{each:?}") };
        assert_eq!(pid, std::process::id());
        assert!(usage.memory_bytes > 0 && usage.memory_bytes <= sum.memory_bytes && usage.open_files > 0);

        sampler.stop();
        assert_eq!(receive.iter().count(), 0, "the sink is gone with the thread");
    }

    #[test]
    fn a_disk_that_is_not_there_is_not_known() {
        assert_eq!(disk_bytes(Path::new("/nowhere/at/all")), None);
    }

    #[test]
    fn a_reading_that_does_not_end_is_let_go() {
        let (entered, inside) = mpsc::channel();
        let (let_go, held) = mpsc::channel::<()>();
        let sampler = Sampler::start(Arc::default(), None, move |_, _, _| {
            let _ = entered.send(());
            let _ = held.recv();
        });
        inside.recv_timeout(LONG).unwrap();
        // Would never return.
        sampler.stop();
        drop(let_go);
    }

    #[test]
    fn own_cpu_time_grows_with_work() {
        let before = cpu_time();
        let mut own = Own::default();
        let start = Instant::now();
        own.read(start);
        let mut sum = 0_u64;
        while cpu_time() < before + Duration::from_millis(20) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(own.read(Instant::now()).cpu_percent > 0.0);
    }
}
