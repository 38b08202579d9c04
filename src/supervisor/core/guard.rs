//! The host guard: when the machine is too busy to start more, and when streams must rest.
//!
//! Each figure has a soft and a hard limit. A limit holds once it was passed for a while, and lets
//! go once the figure was below 95 % of it for a while: so one spike changes nothing, and a
//! figure that swings around its limit does not make streams swing with it.

use std::time::Duration;

use crate::config::{self, Limit};
use crate::model::{GuardLimits, HostReading, Moment, SelfReading};

/// A limit lets go below this share of itself: wide enough that a figure does not swing across it,
/// narrow enough that it can get there.
const LETS_GO_AT: f32 = 0.95;
/// Readings that stopped coming say nothing any more; they come every two seconds.
const STALE_AFTER: Duration = Duration::from_secs(60);

/// How busy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Load {
    /// Within all limits.
    #[default]
    Calm,
    /// Above a soft limit: nothing is started.
    Busy,
    /// Above a hard limit: the lowest priority rests.
    Overloaded,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Figure {
    Cpu,
    CpuPressure,
    Memory,
    MemoryPressure,
    OpenFiles,
    MachineFiles,
    Disk,
}

impl Figure {
    const ALL: [Self; 7] = [
        Self::Cpu,
        Self::CpuPressure,
        Self::Memory,
        Self::MemoryPressure,
        Self::OpenFiles,
        Self::MachineFiles,
        Self::Disk,
    ];

    const fn words(self) -> &'static str {
        match self {
            Self::Cpu => "CPU",
            Self::CpuPressure => "CPU pressure",
            Self::Memory => "memory",
            Self::MemoryPressure => "memory pressure",
            Self::OpenFiles => "headend's open files",
            Self::MachineFiles => "the machine's open files",
            Self::Disk => "the state folder's disk",
        }
    }

    /// Whether workers run late because of it.
    const fn slows_workers(self) -> bool {
        matches!(self, Self::Cpu | Self::CpuPressure | Self::Memory | Self::MemoryPressure)
    }

    const fn limit(self, guard: &config::Guard) -> Limit {
        match self {
            Self::Cpu => guard.cpu,
            Self::CpuPressure => guard.cpu_pressure,
            Self::Memory => guard.memory,
            Self::MemoryPressure => guard.memory_pressure,
            Self::OpenFiles | Self::MachineFiles => guard.open_files,
            Self::Disk => guard.disk,
        }
    }

    /// In percent; `None` where it is not known.
    fn of(self, host: &HostReading, own: &SelfReading) -> Option<f32> {
        match self {
            // Busy cores are no harm while nobody waits for them; where that is known, it is what counts.
            Self::Cpu => (host.cores > 0 && host.pressure.is_none()).then_some(host.cpu_percent),
            Self::CpuPressure => host.pressure.map(|p| p.cpu_some),
            Self::Memory => share(host.memory_bytes, host.memory_total_bytes),
            Self::MemoryPressure => host.pressure.map(|p| p.memory_full),
            Self::OpenFiles => share(own.fds_open, own.fds_limit),
            Self::MachineFiles => share(host.fds_open, host.fds_limit),
            Self::Disk => host
                .disk_free_bytes
                .filter(|free| *free < GuardLimits::DISK_PLENTY)
                .and_then(|free| share(host.disk_total_bytes.saturating_sub(free), host.disk_total_bytes)),
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a percentage needs no more"
)]
fn share(part: u64, whole: u64) -> Option<f32> {
    (whole > 0).then(|| (part as f64 / whole as f64 * 100.0) as f32).filter(|p| p.is_finite())
}

/// One limit: whether it holds, since when, and since when the figure says otherwise.
#[derive(Debug, Clone, Copy, Default)]
struct Latch {
    holds: Option<Moment>,
    otherwise: Option<Moment>,
}

impl Latch {
    fn read(&mut self, now: Moment, value: f32, limit: f32, guard: &config::Guard) {
        let (differs, after) = match self.holds {
            None => (value > limit, guard.rises_after),
            Some(_) => (value < limit * LETS_GO_AT, guard.falls_after),
        };
        if !differs {
            self.otherwise = None;
            return;
        }
        let since = *self.otherwise.get_or_insert(now);
        if now.since(since) >= after {
            self.holds = if self.holds.is_some() { None } else { Some(now) };
            self.otherwise = None;
        }
    }
}

/// One figure against its limits.
#[derive(Debug, Clone, Copy, Default)]
struct Gauge {
    soft: Latch,
    hard: Latch,
}

impl Gauge {
    fn read(&mut self, now: Moment, value: f32, limit: Limit, guard: &config::Guard) {
        self.soft.read(now, value, limit.soft, guard);
        self.hard.read(now, value, limit.hard, guard);
    }

    const fn load(&self) -> Load {
        match (self.soft.holds, self.hard.holds) {
            (_, Some(_)) => Load::Overloaded,
            (Some(_), None) => Load::Busy,
            (None, None) => Load::Calm,
        }
    }

    fn since(&self) -> Option<Moment> {
        self.soft.holds.into_iter().chain(self.hard.holds).min()
    }
}

/// Watches the host.
#[derive(Debug, Clone, Default)]
pub struct HostGuard {
    gauges: [Gauge; Figure::ALL.len()],
    read_at: Option<Moment>,
}

impl HostGuard {
    /// Takes a reading in; says whether the load changed, or what it explains.
    pub fn read(
        &mut self,
        now: Moment,
        host: &HostReading,
        own: &SelfReading,
        guard: &config::Guard,
    ) -> bool {
        let before = self.state();
        if !guard.enabled {
            return false;
        }
        self.read_at = Some(now);
        for (figure, gauge) in Figure::ALL.into_iter().zip(&mut self.gauges) {
            // What can't be read any more is not held against anybody.
            let value = figure.of(host, own).unwrap_or_default();
            gauge.read(now, value, figure.limit(guard), guard);
        }
        self.state() != before
    }

    /// Its limits are other ones: those that are off hold nobody back any more, the others are looked
    /// at with the next reading. Says whether the load changed, or what it explains.
    pub fn settings_changed(&mut self, guard: &config::Guard) -> bool {
        let before = self.state();
        if !guard.enabled {
            *self = Self::default();
        }
        self.state() != before
    }

    /// Time has passed; says whether the load changed, or what it explains.
    pub fn tick(&mut self, now: Moment) -> bool {
        let before = self.state();
        if self.next_deadline().is_some_and(|at| at <= now) {
            self.gauges = Default::default();
        }
        self.state() != before
    }

    /// What others must be told when it changes.
    fn state(&self) -> (Load, bool) {
        (self.load(), self.slows_workers_since().is_some())
    }

    /// When readings that stopped coming are forgotten.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        (self.load() > Load::Calm).then_some(())?;
        self.read_at.map(|at| at + STALE_AFTER)
    }

    /// How busy the host is.
    #[must_use]
    pub fn load(&self) -> Load {
        self.gauges.iter().map(Gauge::load).max().unwrap_or_default()
    }

    /// Whether streams must rest. Not for a full disk: that gives nothing back.
    #[must_use]
    pub fn sheds(&self) -> bool {
        let hard =
            |(figure, gauge): (Figure, &Gauge)| figure != Figure::Disk && gauge.load() == Load::Overloaded;
        Figure::ALL.into_iter().zip(&self.gauges).any(hard)
    }

    /// Since when it is not calm.
    #[must_use]
    pub fn since(&self) -> Option<Moment> {
        self.gauges.iter().filter_map(Gauge::since).min()
    }

    /// Since when workers run late because of it.
    #[must_use]
    pub fn slows_workers_since(&self) -> Option<Moment> {
        let slow = Figure::ALL.into_iter().zip(&self.gauges).filter(|(figure, _)| figure.slows_workers());
        slow.filter_map(|(_, gauge)| gauge.since()).min()
    }

    /// Which figures are above their limits, without the figures themselves: a text that changes
    /// only when something changed. `memory above 85 %`.
    #[must_use]
    pub fn reason(&self, guard: &config::Guard) -> Option<String> {
        let above = Figure::ALL.into_iter().zip(&self.gauges).filter(|(_, gauge)| gauge.load() > Load::Calm);
        let words: Vec<String> = above
            .map(|(figure, gauge)| {
                let limit = figure.limit(guard);
                let passed = if gauge.load() == Load::Overloaded { limit.hard } else { limit.soft };
                format!("{} above {passed} %", figure.words())
            })
            .collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Pressure;

    fn memory(percent: u64) -> HostReading {
        HostReading { memory_bytes: percent, memory_total_bytes: 100, cores: 2, ..HostReading::default() }
    }

    /// Reads the same for so many seconds; the load at the end.
    fn lasting(guard: &mut HostGuard, from: &mut i64, seconds: i64, host: &HostReading) -> Load {
        for _ in 0..=seconds {
            guard.read(
                Moment::from_millis(*from * 1_000),
                host,
                &SelfReading::default(),
                &config::Guard::default(),
            );
            *from += 1;
        }
        guard.load()
    }

    #[test]
    fn a_spike_is_nothing_and_what_lasts_is() {
        let (mut guard, mut at) = (HostGuard::default(), 0);
        assert_eq!(lasting(&mut guard, &mut at, 8, &memory(90)), Load::Calm);
        assert_eq!(lasting(&mut guard, &mut at, 1, &memory(50)), Load::Calm);
        assert_eq!(lasting(&mut guard, &mut at, 8, &memory(90)), Load::Calm, "it counts anew");
        assert_eq!(lasting(&mut guard, &mut at, 3, &memory(90)), Load::Busy);
        assert_eq!(guard.reason(&config::Guard::default()).unwrap(), "memory above 85 %");
        assert_eq!(lasting(&mut guard, &mut at, 11, &memory(97)), Load::Overloaded);
    }

    #[test]
    fn it_lets_go_only_well_below_and_after_a_while() {
        let (mut guard, mut at) = (HostGuard::default(), 0);
        lasting(&mut guard, &mut at, 11, &memory(90));
        assert_eq!(lasting(&mut guard, &mut at, 60, &memory(82)), Load::Busy, "82 is not below 80.75");
        assert_eq!(lasting(&mut guard, &mut at, 15, &memory(70)), Load::Busy);
        assert_eq!(lasting(&mut guard, &mut at, 1, &memory(82)), Load::Busy);
        assert_eq!(lasting(&mut guard, &mut at, 19, &memory(70)), Load::Busy);
        assert_eq!(lasting(&mut guard, &mut at, 2, &memory(70)), Load::Calm);
        assert_eq!(guard.since(), None);
    }

    #[test]
    fn each_limit_counts_its_own_time() {
        let (mut guard, mut at) = (HostGuard::default(), 0);
        lasting(&mut guard, &mut at, 8, &memory(90));
        assert_eq!(lasting(&mut guard, &mut at, 2, &memory(97)), Load::Busy, "97 for two seconds only");
        lasting(&mut guard, &mut at, 15, &memory(70));
        assert_eq!(lasting(&mut guard, &mut at, 0, &memory(97)), Load::Busy, "one reading");
    }

    #[test]
    fn what_was_busy_before_explains_nothing_that_is_slow_now() {
        let (mut guard, mut at) = (HostGuard::default(), 0);
        let disk = |memory_percent| HostReading {
            disk_free_bytes: Some(3),
            disk_total_bytes: 100,
            ..memory(memory_percent)
        };
        lasting(&mut guard, &mut at, 600, &disk(50));
        assert_eq!((guard.load(), guard.slows_workers_since()), (Load::Busy, None));
        lasting(&mut guard, &mut at, 12, &disk(90));
        assert!(guard.slows_workers_since().unwrap() >= Moment::from_millis(600_000));
    }

    #[test]
    fn a_large_disk_with_room_is_not_full() {
        let (free, total) = (80 << 30, 2_000 << 30);
        let host = HostReading { disk_free_bytes: Some(free), disk_total_bytes: total, ..memory(50) };
        let (mut guard, mut at) = (HostGuard::default(), 0);
        assert_eq!(lasting(&mut guard, &mut at, 60, &host), Load::Calm);
    }

    #[test]
    fn each_figure_counts_and_one_that_is_not_known_does_not() {
        let pressure = Pressure { memory_full: 11.0, ..Pressure::default() };
        let full = HostReading { pressure: Some(pressure), ..HostReading::default() };
        let disk = HostReading { disk_free_bytes: Some(2), disk_total_bytes: 100, ..HostReading::default() };
        let cpu = HostReading { cpu_percent: 99.0, cores: 2, ..HostReading::default() };
        let nobody_waits = HostReading { pressure: Some(Pressure::default()), ..cpu };
        for (host, load, slows) in [
            (full, Load::Overloaded, true),
            (disk, Load::Busy, false),
            (cpu, Load::Overloaded, true),
            (nobody_waits, Load::Calm, false),
            (HostReading::default(), Load::Calm, false),
        ] {
            let (mut guard, mut at) = (HostGuard::default(), 0);
            assert_eq!(lasting(&mut guard, &mut at, 11, &host), load, "{host:?}");
            assert_eq!(guard.slows_workers_since().is_some(), slows, "{host:?}");
        }
    }

    #[test]
    fn readings_that_stop_coming_hold_nobody_for_ever() {
        let (mut guard, mut at) = (HostGuard::default(), 0);
        lasting(&mut guard, &mut at, 11, &memory(90));
        let stale = guard.next_deadline().unwrap();
        assert!(!guard.tick(stale - Duration::from_millis(1)));
        assert!(guard.tick(stale));
        assert_eq!((guard.load(), guard.next_deadline()), (Load::Calm, None));
    }

    #[test]
    fn switched_off_it_never_holds_anybody() {
        let off = config::Guard { enabled: false, ..config::Guard::default() };
        let mut guard = HostGuard::default();
        for second in 0..60 {
            assert!(!guard.read(
                Moment::from_millis(second * 1_000),
                &memory(99),
                &SelfReading::default(),
                &off
            ));
        }
        assert_eq!(guard.load(), Load::Calm);
    }
}
