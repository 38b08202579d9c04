//! The machine's meters: what is measured, against what, and from where on it is a worry.

use crate::console::text::{UNKNOWN, bytes, float, percent, thousands};
use crate::model::{Board, Severity};

/// How many meters there are.
pub const METERS: usize = 11;

/// One meter, read now.
#[derive(Debug, Clone, PartialEq)]
pub struct Meter {
    /// What it measures.
    pub name: &'static str,
    /// In one word or two, for the strip.
    pub short: &'static str,
    /// The value, for people.
    pub value: String,
    /// Against what, for people; may be empty.
    pub of: String,
    /// The share of the limit, 0 to 1, where there is one.
    pub share: Option<f64>,
    /// What the chart is drawn from: the share where there is one, else the value.
    pub sample: f32,
    /// Whether it is a worry.
    pub worry: Option<Severity>,
    /// The word for it.
    pub word: &'static str,
}

/// From where on a share is a worry.
struct Limits {
    warning: f64,
    critical: f64,
}

const CPU: Limits = Limits { warning: 0.85, critical: 0.97 };
const LOAD: Limits = Limits { warning: 1.5, critical: 4.0 };
const MEMORY: Limits = Limits { warning: 0.85, critical: 0.95 };
const FILES: Limits = Limits { warning: 0.75, critical: 0.90 };
const PRESSURE: Limits = Limits { warning: 0.20, critical: 0.50 };
const DISK: Limits = Limits { warning: 0.90, critical: 0.97 };
/// headend itself should use next to nothing: half a core means something is wrong.
const OWN_CPU: Limits = Limits { warning: 0.5, critical: 0.9 };

impl Meter {
    #[expect(clippy::cast_possible_truncation, reason = "a chart needs no more than three digits")]
    fn new(
        name: &'static str,
        short: &'static str,
        value: String,
        of: String,
        share: Option<f64>,
        limits: Option<&Limits>,
    ) -> Self {
        let share = share.filter(|s| s.is_finite());
        let worry = share.zip(limits).and_then(|(share, limits)| {
            if share >= limits.critical {
                Some(Severity::Critical)
            } else if share >= limits.warning {
                Some(Severity::Warning)
            } else {
                None
            }
        });
        let word = match worry {
            None => "",
            Some(Severity::Warning) => "high",
            Some(Severity::Critical) => "critical",
        };
        Self { name, short, value, of, share, sample: share.unwrap_or(f64::NAN) as f32, worry, word }
    }

    /// Every meter, in the order of the screen.
    #[must_use]
    pub fn all(board: &Board) -> [Self; METERS] {
        let (host, own, workers, pool) = (&board.host, &board.own, &board.workers, &board.pool);
        let part = |a: u64, b: u64| (b > 0).then(|| float(a) / float(b));
        let of_total =
            |b: u64, what: &str| if b > 0 { format!("of {}{what}", bytes(b)) } else { String::new() };
        let cores = match (host.cpu_quota, host.cores) {
            (Some(quota), _) => format!("of {quota} cores (container)"),
            (None, 0) => String::new(),
            (None, 1) => "of 1 core".into(),
            (None, n) => format!("of {n} cores"),
        };
        let cpu = f64::from(host.cpu_percent) / 100.0;
        let load = (host.cores > 0).then(|| f64::from(host.load1) / f64::from(host.cores));
        let mut slots = Self::new(
            "workers",
            "slots",
            pool.busy.to_string(),
            format!("of {} slots{}", pool.slots, if pool.auto { " (auto)" } else { "" }),
            part(pool.busy.into(), pool.slots.into()),
            None,
        );
        if pool.queued > 0 && pool.busy >= pool.slots {
            (slots.worry, slots.word) = (Some(Severity::Warning), "full");
        }
        let held = if pool.held > 0 { format!(", {} held", pool.held) } else { String::new() };
        let mut starting = Self::new(
            "starting",
            "starting",
            pool.starting.to_string(),
            format!("of {}, {} wait{held}", pool.start_parallel, pool.queued),
            part(pool.starting.into(), pool.start_parallel.into()),
            None,
        );
        if starting.share.is_none() {
            starting.sample = 0.0;
        }
        let memory = |name, short, value: u64, of: String, share| {
            let mut meter = Self::new(name, short, bytes(value), of, share, None);
            meter.sample = mib(value);
            meter
        };
        let mut workers_memory = memory(
            "workers' memory",
            "workers",
            workers.memory_bytes,
            format!("in {}", super::counted(workers.count as usize, "worker")),
            part(workers.memory_bytes, host.memory_total_bytes),
        );
        if workers.count == 0 && pool.busy > 0 {
            // They are measured seldom: nothing is known yet, which is not the same as no memory.
            (workers_memory.value, workers_memory.of) = (UNKNOWN.into(), "not measured yet".into());
            (workers_memory.share, workers_memory.sample) = (None, f32::NAN);
        }
        [
            Self::new("processor", "cpu", percent(host.cpu_percent), cores, Some(cpu), Some(&CPU)),
            Self::new(
                "load",
                "load",
                format!("{:.2}", host.load1),
                "over a minute".into(),
                load,
                Some(&LOAD),
            ),
            Self::new(
                "memory",
                "mem",
                bytes(host.memory_bytes),
                of_total(host.memory_total_bytes, if host.memory_limited { " (container)" } else { "" }),
                part(host.memory_bytes, host.memory_total_bytes),
                Some(&MEMORY),
            ),
            workers_memory,
            Self::new(
                "headend's processor",
                "headend",
                percent(own.cpu_percent),
                "of one core".into(),
                Some(f64::from(own.cpu_percent) / 100.0),
                Some(&OWN_CPU),
            ),
            memory("headend's memory", "own", own.memory_bytes, String::new(), None),
            Self::new(
                "open files",
                "files",
                thousands(own.fds_open),
                format!("of {}", thousands(own.fds_limit)),
                part(own.fds_open, own.fds_limit),
                Some(&FILES),
            ),
            slots,
            starting,
            Self::pressure(board),
            Self::disk(board),
        ]
    }

    /// What waited for the machine, where the kernel tells it. Its chart and its worry are memory's:
    /// that is the one after which processes are killed.
    fn pressure(board: &Board) -> Self {
        let Some(pressure) = board.host.pressure else {
            let of = "not told by this kernel".into();
            return Self::new("pressure", "pressure", UNKNOWN.into(), of, None, None);
        };
        let value = percent(pressure.memory_some);
        let of = format!("memory, cpu {}, disk {}", percent(pressure.cpu_some), percent(pressure.io_some));
        let share = f64::from(pressure.memory_some) / 100.0;
        Self::new("pressure", "pressure", value, of, Some(share), Some(&PRESSURE))
    }

    /// The disk that headend keeps its state on.
    fn disk(board: &Board) -> Self {
        let host = &board.host;
        let Some(free) = host.disk_free_bytes else {
            return Self::new("state's disk", "disk", UNKNOWN.into(), "not known".into(), None, None);
        };
        let total = host.disk_total_bytes;
        let share = (total > 0).then(|| 1.0 - float(free.min(total)) / float(total));
        let of = if total > 0 { format!("free of {}", bytes(total)) } else { "free".into() };
        Self::new("state's disk", "disk", bytes(free), of, share, Some(&DISK))
    }

    /// Whether the chart's top is the limit; else it is the largest value seen.
    #[must_use]
    pub fn is_share(&self) -> bool {
        self.share.is_some_and(|share| (f64::from(self.sample) - share).abs() < 1e-3)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a chart needs no more than three digits")]
fn mib(value: u64) -> f32 {
    (float(value) / 1_048_576.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HostReading, Pressure};

    #[test]
    fn worries_have_a_word() {
        let mut board = Board::default();
        for (percent, worry, word) in [
            (20.0, None, ""),
            (90.0, Some(Severity::Warning), "high"),
            (99.0, Some(Severity::Critical), "critical"),
        ] {
            board.host = HostReading { cpu_percent: percent, cores: 2, ..HostReading::default() };
            let meter = &Meter::all(&board)[0];
            assert_eq!((meter.worry, meter.word), (worry, word));
        }
    }

    #[test]
    fn a_full_pool_is_a_worry_only_while_someone_waits() {
        let mut board = Board::default();
        (board.pool.slots, board.pool.busy) = (4, 4);
        assert_eq!(Meter::all(&board)[7].worry, None);
        board.pool.queued = 1;
        assert_eq!(Meter::all(&board)[7].word, "full");
    }

    #[test]
    fn what_a_container_allows_and_what_the_kernel_tells_can_be_read() {
        let mut board = Board::default();
        let all =
            |board: &Board| Meter::all(board).map(|m| format!("{} {} {} {}", m.name, m.value, m.of, m.word));
        let nothing = all(&board).join("\n");
        assert!(nothing.contains("pressure - not told by this kernel"), "{nothing}");
        assert!(nothing.contains("state's disk - not known"), "{nothing}");
        let host = &mut board.host;
        (host.cores, host.cpu_quota) = (8, Some(1.5));
        (host.memory_total_bytes, host.memory_limited) = (512 << 20, true);
        host.pressure = Some(Pressure { memory_some: 60.0, cpu_some: 31.0, io_some: 0.2, memory_full: 3.0 });
        (host.disk_free_bytes, host.disk_total_bytes) = (Some(1 << 30), 40 << 30);
        (board.pool.slots, board.pool.auto, board.pool.held) = (50, true, 12);
        let told = all(&board).join("\n");
        for part in [
            "of 1.5 cores (container)",
            "of 512M (container)",
            "pressure 60% memory, cpu 31%, disk 0.2% critical",
            "state's disk 1.00G free of 40G critical",
            "of 50 slots (auto)",
            "0 wait, 12 held",
        ] {
            assert!(told.contains(part), "{part} in\n{told}");
        }
    }

    #[test]
    fn what_was_not_measured_is_not_nothing() {
        let mut board = Board::default();
        let memory = |board: &Board| Meter::all(board)[3].clone();
        assert_eq!((&*memory(&board).value, &*memory(&board).of), ("0B", "in 0 workers"));
        board.pool.busy = 3;
        assert_eq!((&*memory(&board).value, &*memory(&board).of), ("-", "not measured yet"));
        (board.workers.count, board.workers.memory_bytes) = (3, 9 << 20);
        assert_eq!((&*memory(&board).value, &*memory(&board).of), ("9.0M", "in 3 workers"));
    }

    #[test]
    fn nothing_measured_is_no_number() {
        for meter in Meter::all(&Board::default()) {
            assert!(meter.share.is_none_or(f64::is_finite), "{meter:?}");
        }
    }
}
