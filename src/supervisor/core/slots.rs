//! How many workers the machine carries: what `slots = "auto"` means.

use crate::model::{HostReading, Mode, WorkersReading};

/// Memory of a worker until it was measured, bytes: mode `full` needs 32 MB, the others less
/// (measured, FFmpeg 5.1).
const WORKER_BYTES: u64 = 32 * 1_000_000;
/// So few workers are no measurement.
const MEASURED_FROM: u32 = 10;
/// Kept free of workers: this share of the memory.
const MEMORY_RESERVE: f64 = 0.15;
/// Kept free of workers: this share of the cores.
const CPU_RESERVE: f64 = 0.2;
/// Slots for probes of primary inputs, beyond one for each stream.
const PROBE_SLOTS: u32 = 4;
/// A new size must differ by this share to be taken: memory as measured swings a little.
const WORTH_IT: f64 = 0.1;

/// What a worker costs of one core, by mode, 720p25 (measured, FFmpeg 5.1, `-threads 1`). What an
/// operator's own arguments cost is not known: as much as decoding everything.
const fn cores(mode: Mode) -> f64 {
    match mode {
        Mode::Packets => 0.001_1,
        Mode::Picture => 0.004_5,
        Mode::Full | Mode::Run => 0.063_5,
    }
}

/// The streams, as far as they matter here.
#[derive(Debug, Clone, Copy, Default)]
pub struct Demand {
    streams: u32,
    cores: f64,
    with_spare_inputs: bool,
}

impl Demand {
    /// One stream more.
    pub fn add(&mut self, mode: Mode, inputs: usize) {
        self.streams += 1;
        self.cores += cores(mode);
        self.with_spare_inputs |= inputs > 1;
    }

    /// Slots if every stream and the probes are to have one.
    #[must_use]
    pub fn wanted(&self) -> u32 {
        self.streams + if self.with_spare_inputs { PROBE_SLOTS.min(self.streams) } else { 0 }
    }
}

/// The size of an automatic pool, with what is known of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct AutoSize {
    /// What memory and cores allow; `None` until the machine was measured.
    carried: Option<u32>,
}

impl AutoSize {
    /// Takes a reading in. What is `busy` is carried already: to end workers because memory is short
    /// is the host guard's affair.
    pub fn read(&mut self, host: &HostReading, workers: Option<&WorkersReading>, demand: &Demand, busy: u32) {
        if host.memory_total_bytes == 0 || demand.streams == 0 {
            return;
        }
        // The workers' share changes with each reading of theirs; in between nothing is known.
        let Some(workers) = workers else {
            if self.carried.is_some() {
                return;
            }
            self.carried = Some(Self::by(host, &WorkersReading::default(), demand).max(busy));
            return;
        };
        let carried = Self::by(host, workers, demand).max(busy);
        let before = f64::from(self.carried.unwrap_or(0));
        if (f64::from(carried) - before).abs() > before * WORTH_IT {
            self.carried = Some(carried);
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate, rounded down, from numbers that are not negative"
    )]
    fn by(host: &HostReading, workers: &WorkersReading, demand: &Demand) -> u32 {
        let each = match workers.count {
            count if count >= MEASURED_FROM => (workers.memory_bytes / u64::from(count)).max(1),
            _ => WORKER_BYTES,
        };
        let others = host.memory_bytes.saturating_sub(workers.memory_bytes);
        let usable = (host.memory_total_bytes as f64 * (1.0 - MEMORY_RESERVE) - others as f64).max(0.0);
        let by_memory = usable / each as f64;
        let machine = host.cpu_quota.map_or(f64::from(host.cores.max(1)), f64::from);
        let by_cores = machine * (1.0 - CPU_RESERVE) / (demand.cores / f64::from(demand.streams));
        by_memory.min(by_cores).clamp(1.0, f64::from(u32::MAX)) as u32
    }

    /// The slots, at least one and at most `most`.
    #[must_use]
    pub fn slots(self, demand: &Demand, most: u32) -> u32 {
        let carried = self.carried.unwrap_or(u32::MAX);
        demand.wanted().min(carried).clamp(1, most.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    fn demand(mode: Mode, streams: u32, inputs: usize) -> Demand {
        let mut demand = Demand::default();
        (0..streams).for_each(|_| demand.add(mode, inputs));
        demand
    }

    fn host(total: u64, used: u64, cores: u32) -> HostReading {
        HostReading { memory_total_bytes: total, memory_bytes: used, cores, ..HostReading::default() }
    }

    #[test]
    fn until_the_machine_is_known_every_stream_has_one() {
        let auto = AutoSize::default();
        assert_eq!(auto.slots(&demand(Mode::Picture, 200, 1), 10_000), 200);
        assert_eq!(auto.slots(&demand(Mode::Picture, 200, 2), 10_000), 204, "and some for probes");
        assert_eq!(auto.slots(&demand(Mode::Picture, 200, 1), 30), 30, "never above the limits");
        assert_eq!(auto.slots(&demand(Mode::Picture, 0, 1), 30), 1);
    }

    #[test]
    fn cores_limit_what_decodes_everything() {
        let (mut auto, demand) = (AutoSize::default(), demand(Mode::Full, 200, 1));
        auto.read(&host(64 * GIB, GIB, 2), None, &demand, 0);
        assert_eq!(auto.slots(&demand, 10_000), 25, "1.6 cores at 6.35 % each");
        let limited = HostReading { cpu_quota: Some(1.0), ..host(64 * GIB, GIB, 16) };
        let mut auto = AutoSize::default();
        auto.read(&limited, None, &demand, 0);
        assert_eq!(auto.slots(&demand, 10_000), 12, "a container's quota counts, not the machine's cores");
    }

    #[test]
    fn memory_limits_with_a_reserve_and_as_measured() {
        let (mut auto, demand) = (AutoSize::default(), demand(Mode::Packets, 200, 1));
        auto.read(&host(2 * GIB, GIB / 2, 8), None, &demand, 0);
        let guessed = auto.slots(&demand, 10_000);
        assert_eq!(guessed, 40, "1.2 GiB for 32 MB each");
        // 40 of them use 400 MB in truth.
        let measured = WorkersReading { count: 40, memory_bytes: 400_000_000 };
        auto.read(&host(2 * GIB, GIB / 2 + 400_000_000, 8), Some(&measured), &demand, 40);
        assert_eq!(auto.slots(&demand, 10_000), 128);
        // A little more is no reason to end anybody.
        let measured = WorkersReading { count: 40, memory_bytes: 420_000_000 };
        auto.read(&host(2 * GIB, GIB / 2 + 420_000_000, 8), Some(&measured), &demand, 40);
        assert_eq!(auto.slots(&demand, 10_000), 128);
    }

    #[test]
    fn what_runs_is_never_ended_by_a_measurement() {
        let (mut auto, demand) = (AutoSize::default(), demand(Mode::Packets, 200, 1));
        auto.read(&host(2 * GIB, 2 * GIB, 8), None, &demand, 120);
        assert_eq!(auto.slots(&demand, 10_000), 120);
        let measured = WorkersReading { count: 150, memory_bytes: GIB };
        auto.read(&host(2 * GIB, 2 * GIB, 8), Some(&measured), &demand, 150);
        assert_eq!(auto.slots(&demand, 10_000), 150);
    }
}
