//! The machine's meters: what is measured, against what, and from where on it is a worry.

use crate::console::text::{bytes, float, percent, thousands};
use crate::model::{Board, Severity};

/// How many meters there are.
pub const METERS: usize = 9;

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
        let cores = match host.cores {
            0 => String::new(),
            1 => "of 1 core".into(),
            n => format!("of {n} cores"),
        };
        let cpu = f64::from(host.cpu_percent) / 100.0;
        let load = (host.cores > 0).then(|| f64::from(host.load1) / f64::from(host.cores));
        let mut slots = Self::new(
            "workers",
            "slots",
            pool.busy.to_string(),
            format!("of {} slots", pool.slots),
            part(pool.busy.into(), pool.slots.into()),
            None,
        );
        if pool.queued > 0 && pool.busy >= pool.slots {
            (slots.worry, slots.word) = (Some(Severity::Warning), "full");
        }
        let mut starting = Self::new(
            "starting",
            "starting",
            pool.starting.to_string(),
            format!("of {} at once, {} wait", pool.start_parallel, pool.queued),
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
                of_total(host.memory_total_bytes, ""),
                part(host.memory_bytes, host.memory_total_bytes),
                Some(&MEMORY),
            ),
            memory(
                "workers' memory",
                "workers",
                workers.memory_bytes,
                format!("in {}", super::counted(workers.count as usize, "worker")),
                part(workers.memory_bytes, host.memory_total_bytes),
            ),
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
        ]
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
    use crate::model::HostReading;

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
    fn nothing_measured_is_no_number() {
        for meter in Meter::all(&Board::default()) {
            assert!(meter.share.is_none_or(f64::is_finite), "{meter:?}");
        }
    }
}
