//! The host guard: when the machine is too busy to start more, and when streams must rest.
//!
//! Each figure has a soft and a hard limit. A limit holds once it was passed for a while, and lets
//! go once the figure was below nine tenths of it for a while: so one spike changes nothing, and a
//! figure that swings around its limit does not make streams swing with it.

use std::time::Duration;

use crate::config::{self, Limit};
use crate::model::{HostReading, Moment, SelfReading};

/// A limit lets go below this share of itself.
const LETS_GO_AT: f32 = 0.9;
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

/// One figure against its limits.
#[derive(Debug, Clone, Copy, Default)]
struct Gauge {
    load: Load,
    value: f32,
    /// Since when the figure says another load than the one that holds.
    other_since: Option<Moment>,
}

impl Gauge {
    fn read(&mut self, now: Moment, value: f32, limit: Limit, guard: &config::Guard) {
        self.value = value;
        let up = if value > limit.hard {
            Load::Overloaded
        } else if value > limit.soft {
            Load::Busy
        } else {
            Load::Calm
        };
        let down = if value > limit.hard * LETS_GO_AT {
            Load::Overloaded
        } else if value > limit.soft * LETS_GO_AT {
            Load::Busy
        } else {
            Load::Calm
        };
        let (to, after) = if up > self.load {
            (up, guard.rises_after)
        } else if down < self.load {
            (down, guard.falls_after)
        } else {
            self.other_since = None;
            return;
        };
        let since = *self.other_since.get_or_insert(now);
        if now.since(since) >= after {
            self.load = to;
            self.other_since = None;
        }
    }
}

/// Watches the host.
#[derive(Debug, Clone, Default)]
pub struct HostGuard {
    gauges: [Gauge; Figure::ALL.len()],
    read_at: Option<Moment>,
    since: Option<Moment>,
}

impl HostGuard {
    /// Takes a reading in; says whether the load changed.
    pub fn read(
        &mut self,
        now: Moment,
        host: &HostReading,
        own: &SelfReading,
        guard: &config::Guard,
    ) -> bool {
        let before = self.load();
        if !guard.enabled {
            return false;
        }
        self.read_at = Some(now);
        for (figure, gauge) in Figure::ALL.into_iter().zip(&mut self.gauges) {
            // What can't be read any more is not held against anybody.
            let value = figure.of(host, own).unwrap_or_default();
            gauge.read(now, value, figure.limit(guard), guard);
        }
        self.settle(now, before)
    }

    /// Time has passed; says whether the load changed.
    pub fn tick(&mut self, now: Moment) -> bool {
        let before = self.load();
        if self.next_deadline().is_some_and(|at| at <= now) {
            self.gauges = Default::default();
        }
        self.settle(now, before)
    }

    fn settle(&mut self, now: Moment, before: Load) -> bool {
        let load = self.load();
        match load {
            Load::Calm => self.since = None,
            _ => _ = self.since.get_or_insert(now),
        }
        load != before
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
        self.gauges.iter().map(|gauge| gauge.load).max().unwrap_or_default()
    }

    /// Whether streams must rest. Not for a full disk: that gives nothing back.
    #[must_use]
    pub fn sheds(&self) -> bool {
        let hard =
            |(figure, gauge): (Figure, &Gauge)| figure != Figure::Disk && gauge.load == Load::Overloaded;
        Figure::ALL.into_iter().zip(&self.gauges).any(hard)
    }

    /// Since when it is not calm.
    #[must_use]
    pub const fn since(&self) -> Option<Moment> {
        self.since
    }

    /// Since when workers run late because of it.
    #[must_use]
    pub fn slows_workers_since(&self) -> Option<Moment> {
        let slow = Figure::ALL.into_iter().zip(&self.gauges);
        let slow = slow.filter(|(figure, gauge)| figure.slows_workers() && gauge.load > Load::Calm);
        slow.map(|_| self.since).next().flatten()
    }

    /// Which figures are above their limits, without the figures themselves: a text that changes
    /// only when something changed. `memory above 85 %`.
    #[must_use]
    pub fn reason(&self, guard: &config::Guard) -> Option<String> {
        let above = Figure::ALL.into_iter().zip(&self.gauges).filter(|(_, gauge)| gauge.load > Load::Calm);
        let words: Vec<String> = above
            .map(|(figure, gauge)| {
                let limit = figure.limit(guard);
                let passed = if gauge.load == Load::Overloaded { limit.hard } else { limit.soft };
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
        assert_eq!(lasting(&mut guard, &mut at, 60, &memory(80)), Load::Busy, "80 is not below 76.5");
        assert_eq!(lasting(&mut guard, &mut at, 15, &memory(70)), Load::Busy);
        assert_eq!(lasting(&mut guard, &mut at, 1, &memory(80)), Load::Busy);
        assert_eq!(lasting(&mut guard, &mut at, 19, &memory(70)), Load::Busy);
        assert_eq!(lasting(&mut guard, &mut at, 2, &memory(70)), Load::Calm);
        assert_eq!(guard.since(), None);
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
