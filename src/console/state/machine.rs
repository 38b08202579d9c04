//! The machine's meters: what is measured, against what, and from where on it is a worry.

use crate::console::text::{UNKNOWN, bytes, counted, float, percent, thousands};
use crate::console::view::chart::{Mark, Top, Unit};
use crate::model::{Board, GuardLimits, MACHINE_METERS, Severity, SoftHard};

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $name:literal $short:literal $kept:literal,)*) => {
        /// What is measured.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Kind {
            $($(#[$doc])* $kind,)*
        }

        impl Kind {
            /// Every kind, in the order of the screen.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// What it is called.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// The same in one word, for the strip.
            #[must_use]
            pub const fn short(self) -> &'static str {
                match self { $(Self::$kind => $short,)* }
            }

            /// Its name among [`MACHINE_METERS`].
            const fn kept(self) -> &'static str {
                match self { $(Self::$kind => $kept,)* }
            }
        }
    };
}

kinds! {
    /// Busy cores.
    Cpu "processor" "cpu" "cpu",
    /// Processes that want to run.
    Load "load" "load" "load",
    /// Memory in use.
    Memory "memory" "mem" "memory",
    /// Time in which something waited for a CPU.
    CpuPressure "cpu pressure" "cpu waits" "cpu pressure",
    /// Time in which everything waited for memory.
    MemoryPressure "memory pressure" "mem waits" "memory pressure",
    /// Time in which something waited for a disk.
    DiskPressure "disk pressure" "disk waits" "io pressure",
    /// What comes in.
    Received "received" "in" "received",
    /// What goes out.
    Sent "sent" "out" "sent",
    /// The disk that headend keeps its state on.
    Disk "state's disk" "disk" "disk used",
    /// Workers, and how many there may be.
    Slots "workers" "slots" "slots busy",
    /// Who waits for a slot or for a turn to start.
    Queue "start queue" "queue" "queued",
    /// Processor time of the workers.
    WorkersCpu "workers' processor" "work" "workers cpu",
    /// Memory of the workers.
    WorkersMemory "workers' memory" "workers" "workers memory",
    /// headend's own.
    OwnCpu "headend's processor" "headend" "headend cpu",
    /// headend's own.
    OwnMemory "headend's memory" "own" "headend memory",
    /// Of headend, and of the machine.
    Files "open files" "files" "open files",
}

impl Kind {
    /// Where its values stand in the machine's history.
    #[must_use]
    pub fn series(self) -> usize {
        MACHINE_METERS.iter().position(|name| *name == self.kept()).unwrap_or(usize::MAX)
    }
}

/// One meter, read now.
#[derive(Debug, Clone, PartialEq)]
pub struct Meter {
    /// What it measures.
    pub kind: Kind,
    /// The value, for people.
    pub value: String,
    /// Against what, for people; may be empty.
    pub of: String,
    /// The share of what there is, 0 to 1, where that is known.
    pub share: Option<f64>,
    /// Whether it is a worry.
    pub worry: Option<Severity>,
    /// What the worry is, in words: `above the soft limit of 85 %`; or, short, for the strip.
    pub word: String,
    /// The same in one word.
    pub short_word: &'static str,
    /// What its history is counted in.
    pub unit: Unit,
    /// Where its chart ends.
    pub top: Top,
    /// What its history is measured against.
    pub marks: Vec<Mark>,
}

/// From where on a share is a worry that no guard looks at; percent.
const LOAD: SoftHard = SoftHard { soft: 150.0, hard: 400.0 };
/// headend itself should use next to nothing: half a core means something is wrong.
const OWN_CPU: SoftHard = SoftHard { soft: 50.0, hard: 90.0 };
/// Where pressure is told, busy cores are no harm as long as nobody waits for them.
const ALL_BUSY: f32 = 97.0;

impl Meter {
    fn new(kind: Kind, value: String, of: String, share: Option<f64>, unit: Unit, top: Top) -> Self {
        let share = share.filter(|s| s.is_finite());
        let (word, short_word) = (String::new(), "");
        Self { kind, value, of, share, worry: None, word, short_word, unit, top, marks: Vec::new() }
    }

    /// What is not known.
    fn unknown(kind: Kind, why: &str, unit: Unit) -> Self {
        Self::new(kind, UNKNOWN.into(), why.into(), None, unit, Top::Above(0.0))
    }

    /// Measures the percentage `now` against limits of the guard. `whole` is what 100 % are in the
    /// history.
    fn against(mut self, now: Option<f32>, limit: Option<SoftHard>, whole: f32) -> Self {
        let Some(SoftHard { soft, hard }) = limit else { return self };
        for (value, name) in [(soft, "soft limit"), (hard, "hard limit")] {
            self.marks.push(Mark { value: value / 100.0 * whole, words: format!("{name} {value:.0} %") });
        }
        let (worry, limit, name, short) = match now {
            Some(now) if now > hard => (Severity::Critical, hard, "hard", "critical"),
            Some(now) if now > soft => (Severity::Warning, soft, "soft", "high"),
            _ => return self,
        };
        (self.worry, self.short_word) = (Some(worry), short);
        self.word = format!("above the {name} limit of {limit:.0} %");
        self
    }

    /// The same against limits of ours, which nothing is decided by.
    fn looks_high(mut self, now: Option<f32>, SoftHard { soft, hard }: SoftHard) -> Self {
        self.worry = match now {
            Some(now) if now >= hard => Some(Severity::Critical),
            Some(now) if now >= soft => Some(Severity::Warning),
            _ => None,
        };
        self.short_word = match self.worry {
            None => "",
            Some(Severity::Warning) => "high",
            Some(Severity::Critical) => "critical",
        };
        self.word = self.short_word.into();
        self
    }

    /// Every meter, in the order of [`Kind::ALL`].
    #[cfg(test)]
    pub fn all(board: &Board) -> Vec<Self> {
        Kind::ALL.iter().map(|kind| Self::read(*kind, board)).collect()
    }

    /// One meter.
    #[must_use]
    pub fn read(kind: Kind, board: &Board) -> Self {
        match kind {
            Kind::Cpu | Kind::Load | Kind::Memory => machine(kind, board),
            Kind::CpuPressure | Kind::MemoryPressure | Kind::DiskPressure => pressure(kind, board),
            Kind::Received | Kind::Sent => network(kind, board),
            Kind::Disk => disk(board),
            Kind::Slots | Kind::Queue => pool(kind, board),
            Kind::WorkersCpu | Kind::WorkersMemory => workers(kind, board),
            Kind::OwnCpu | Kind::OwnMemory => own(kind, board),
            Kind::Files => files(board),
        }
    }
}

fn part(a: u64, b: u64) -> Option<f64> {
    (b > 0).then(|| float(a) / float(b))
}

fn in_percent(share: Option<f64>) -> Option<f32> {
    share.map(|share| small(share * 100.0))
}

#[expect(clippy::cast_possible_truncation, reason = "charts need no more than three digits")]
const fn small(value: f64) -> f32 {
    value as f32
}

fn guard(board: &Board, limit: impl FnOnce(&GuardLimits) -> SoftHard) -> Option<SoftHard> {
    board.limits.guard.as_ref().map(limit)
}

fn machine(kind: Kind, board: &Board) -> Meter {
    let host = &board.host;
    match kind {
        Kind::Memory => {
            let (used, total) = (host.memory_bytes, host.memory_total_bytes);
            let container = if host.memory_limited { " (container)" } else { "" };
            let of = if total > 0 { format!("of {}{container}", bytes(total)) } else { String::new() };
            let (share, whole) = (part(used, total), small(float(total)));
            Meter::new(kind, bytes(used), of, share, Unit::Bytes, Top::Full(whole)).against(
                in_percent(share),
                guard(board, |g| g.memory),
                whole,
            )
        }
        Kind::Load => {
            let (load, cores) = (host.load1, host.cores);
            let share = (cores > 0).then(|| f64::from(load) / f64::from(cores));
            let top = Top::Above(small(f64::from(cores)));
            Meter::new(kind, format!("{load:.2}"), "over a minute".into(), share, Unit::Plain, top)
                .looks_high(in_percent(share), LOAD)
        }
        _ => {
            let of = match (host.cpu_quota, host.cores) {
                (Some(quota), _) => format!("of {quota} cores (container)"),
                (None, 0) => String::new(),
                (None, cores) => format!("of {}", counted(cores as usize, "core")),
            };
            let (busy, top) = (host.cpu_percent, Top::Full(100.0));
            let share = Some(f64::from(busy) / 100.0);
            let meter = Meter::new(kind, percent(busy), of, share, Unit::Percent, top);
            if host.pressure.is_none() {
                return meter.against(Some(busy), guard(board, |g| g.cpu), 100.0);
            }
            // What counts then is who waits for it.
            meter.looks_high(Some(busy.min(ALL_BUSY)), SoftHard { soft: ALL_BUSY, hard: f32::INFINITY })
        }
    }
}

/// What waited for the machine, where the kernel tells it.
fn pressure(kind: Kind, board: &Board) -> Meter {
    let Some(pressure) = board.host.pressure else {
        return Meter::unknown(kind, "not told by this kernel", Unit::Percent);
    };
    let (now, of, limit) = match kind {
        Kind::CpuPressure => (pressure.cpu_some, "of the time".into(), guard(board, |g| g.cpu_pressure)),
        Kind::MemoryPressure => (
            pressure.memory_full,
            format!("everything, {} something", percent(pressure.memory_some)),
            guard(board, |g| g.memory_pressure),
        ),
        _ => (pressure.io_some, "of the time".into(), None),
    };
    // So that limits are in sight, and what is far below them is not flat.
    let top = Top::Above(limit.map_or(1.0, |limit| if limit.hard <= 20.0 { limit.hard } else { 10.0 }));
    let share = Some(f64::from(now) / 100.0);
    Meter::new(kind, percent(now), of, share, Unit::Percent, top).against(Some(now), limit, 100.0)
}

fn network(kind: Kind, board: &Board) -> Meter {
    let Some(network) = board.host.network else {
        return Meter::unknown(kind, "not known", Unit::BytesPerSecond);
    };
    let now = if kind == Kind::Received { network.received } else { network.sent };
    let unit = Unit::BytesPerSecond;
    let bits = crate::console::text::bitrate(Some(now * 8.0 / 1_000.0));
    Meter::new(kind, unit.words(now), format!("{bits}bit/s"), None, unit, Top::Above(0.0))
}

fn disk(board: &Board) -> Meter {
    let host = &board.host;
    let Some(free) = host.disk_free_bytes else {
        return Meter::unknown(Kind::Disk, "not known", Unit::Bytes);
    };
    let total = host.disk_total_bytes;
    let share = part(total.saturating_sub(free), total);
    let of = if total > 0 { format!("free of {}", bytes(total)) } else { "free".into() };
    let whole = small(float(total));
    let meter = Meter::new(Kind::Disk, bytes(free), of, share, Unit::Bytes, Top::Full(whole));
    // With plenty free it is not full, whatever share of it is used.
    let counts = free < GuardLimits::DISK_PLENTY;
    meter.against(in_percent(share).filter(|_| counts), guard(board, |g| g.disk).filter(|_| counts), whole)
}

fn pool(kind: Kind, board: &Board) -> Meter {
    let pool = &board.pool;
    let full = pool.queued > 0 && pool.busy >= pool.slots;
    if kind == Kind::Slots {
        let of = format!("of {} slots{}", pool.slots, if pool.auto { " (auto)" } else { "" });
        let (share, top) = (part(pool.busy.into(), pool.slots.into()), small(f64::from(pool.slots)));
        let mut meter = Meter::new(kind, pool.busy.to_string(), of, share, Unit::Count, Top::Full(top));
        if full {
            (meter.worry, meter.short_word) = (Some(Severity::Warning), "full");
            meter.word = "full".into();
        }
        return meter;
    }
    let of = format!("wait, {} of {} starting, {} held", pool.starting, pool.start_parallel, pool.held);
    let mut meter = Meter::new(kind, pool.queued.to_string(), of, None, Unit::Count, Top::Above(1.0));
    if pool.held > 0 {
        (meter.worry, meter.short_word) = (Some(Severity::Warning), "held");
    }
    meter
}

fn workers(kind: Kind, board: &Board) -> Meter {
    let (workers, pool) = (&board.workers, &board.pool);
    let usages = board.rows.values().filter_map(|row| row.usage);
    let (count, cpu) = usages.fold((0, 0.0), |(count, sum), usage| (count + 1, sum + usage.cpu_percent));
    let known = if kind == Kind::WorkersCpu { count > 0 } else { workers.count > 0 };
    if !known && pool.busy > 0 {
        // They are measured seldom: nothing is known yet, which is not the same as nothing.
        let unit = if kind == Kind::WorkersCpu { Unit::Percent } else { Unit::Bytes };
        return Meter::unknown(kind, "not measured yet", unit);
    }
    if kind == Kind::WorkersCpu {
        let cores = board.host.cpu_quota.map_or(f64::from(board.host.cores), f64::from);
        let share = (cores > 0.0).then(|| f64::from(cpu) / 100.0 / cores);
        let of = format!("of one core, {}", counted(count, "worker"));
        return Meter::new(kind, percent(cpu), of, share, Unit::Percent, Top::Above(0.0));
    }
    let share = part(workers.memory_bytes, board.host.memory_total_bytes);
    let of = format!("in {}", counted(workers.count as usize, "worker"));
    Meter::new(kind, bytes(workers.memory_bytes), of, share, Unit::Bytes, Top::Above(0.0))
}

fn own(kind: Kind, board: &Board) -> Meter {
    let own = &board.own;
    if kind == Kind::OwnMemory {
        return Meter::new(kind, bytes(own.memory_bytes), String::new(), None, Unit::Bytes, Top::Above(0.0));
    }
    let (cpu, top) = (own.cpu_percent, Top::Above(5.0));
    let share = Some(f64::from(cpu) / 100.0);
    Meter::new(kind, percent(cpu), "of one core".into(), share, Unit::Percent, top)
        .looks_high(Some(cpu), OWN_CPU)
}

/// headend's open files; of the machine's only how near its limit they are.
fn files(board: &Board) -> Meter {
    let (own, host) = (&board.own, &board.host);
    let (ours, machines) = (part(own.fds_open, own.fds_limit), part(host.fds_open, host.fds_limit));
    let machine =
        machines.map_or(String::new(), |share| format!("; machine {}", percent(small(share * 100.0))));
    let of = format!("of {}{machine}", thousands(own.fds_limit));
    let worst = ours
        .into_iter()
        .chain(machines)
        .fold(None, |worst: Option<f64>, share| Some(worst.map_or(share, |worst| worst.max(share))));
    let whole = small(float(own.fds_limit));
    Meter::new(Kind::Files, thousands(own.fds_open), of, ours, Unit::Count, Top::Above(0.0)).against(
        in_percent(worst),
        guard(board, |g| g.open_files),
        whole,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::tests::support;
    use crate::model::{HostReading, Network, Pressure};

    fn guarded() -> Board {
        let mut board = Board::default();
        board.limits.guard = Some(support::guard());
        board
    }

    #[test]
    fn every_meter_has_its_history() {
        for kind in Kind::ALL {
            assert!(kind.series() < MACHINE_METERS.len(), "{kind:?}");
        }
    }

    #[test]
    fn worries_name_the_limit_that_was_passed() {
        let mut board = guarded();
        for (busy, worry, word) in [
            (20.0, None, ""),
            (96.0, Some(Severity::Warning), "above the soft limit of 95 %"),
            (99.0, Some(Severity::Critical), "above the hard limit of 98 %"),
        ] {
            board.host = HostReading { cpu_percent: busy, cores: 2, ..HostReading::default() };
            let meter = Meter::read(Kind::Cpu, &board);
            assert_eq!((meter.worry, &*meter.word), (worry, word));
            let marks: Vec<(&str, f32)> = meter.marks.iter().map(|m| (&*m.words, m.value)).collect();
            assert_eq!(marks, [("soft limit 95 %", 95.0), ("hard limit 98 %", 98.0)]);
        }
        board.host.memory_total_bytes = 1_000;
        board.host.memory_bytes = 900;
        let meter = Meter::read(Kind::Memory, &board);
        assert_eq!((meter.short_word, meter.marks[0].value), ("high", 850.0));
        (board.host.fds_open, board.host.fds_limit) = (97, 100);
        assert_eq!(Meter::read(Kind::Files, &board).word, "above the hard limit of 95 %");
        // A guard that is off holds nothing against the machine.
        board.limits.guard = None;
        assert_eq!(Meter::read(Kind::Memory, &board).worry, None);
    }

    #[test]
    fn busy_cores_are_no_worry_of_the_guard_where_pressure_is_told() {
        let mut board = guarded();
        board.host = HostReading { cpu_percent: 99.0, cores: 2, ..HostReading::default() };
        board.host.pressure = Some(Pressure { cpu_some: 85.0, ..Pressure::default() });
        let meter = Meter::read(Kind::Cpu, &board);
        assert_eq!((meter.worry, &*meter.word, meter.marks.len()), (Some(Severity::Warning), "high", 0));
        assert_eq!(Meter::read(Kind::CpuPressure, &board).word, "above the soft limit of 80 %");
    }

    #[test]
    fn a_disk_with_plenty_free_is_not_full() {
        let mut board = guarded();
        (board.host.disk_free_bytes, board.host.disk_total_bytes) = (Some(6 << 30), 4_000 << 30);
        assert_eq!(Meter::read(Kind::Disk, &board).worry, None);
        board.host.disk_free_bytes = Some(4 << 30);
        assert_eq!(Meter::read(Kind::Disk, &board).worry, Some(Severity::Critical));
    }

    #[test]
    fn a_full_pool_is_a_worry_only_while_someone_waits() {
        let mut board = Board::default();
        (board.pool.slots, board.pool.busy) = (4, 4);
        assert_eq!(Meter::read(Kind::Slots, &board).worry, None);
        board.pool.queued = 1;
        assert_eq!(Meter::read(Kind::Slots, &board).word, "full");
    }

    #[test]
    fn what_a_container_allows_and_what_the_kernel_tells_can_be_read() {
        let mut board = guarded();
        let all = |board: &Board| {
            let line = |m: Meter| format!("{} {} {} {}", m.kind.name(), m.value, m.of, m.word);
            Meter::all(board).into_iter().map(line).collect::<Vec<_>>().join("\n")
        };
        let nothing = all(&board);
        for part in ["pressure - not told by this kernel", "state's disk - not known", "received - not known"]
        {
            assert!(nothing.contains(part), "{nothing}");
        }
        let host = &mut board.host;
        (host.cores, host.cpu_quota) = (8, Some(1.5));
        (host.memory_total_bytes, host.memory_limited) = (512 << 20, true);
        host.pressure = Some(Pressure { memory_some: 60.0, cpu_some: 31.0, io_some: 0.2, memory_full: 3.0 });
        (host.disk_free_bytes, host.disk_total_bytes) = (Some(1 << 30), 40 << 30);
        host.network = Some(Network { received: 12_500_000.0, sent: 900.0 });
        (board.pool.slots, board.pool.auto, board.pool.held) = (50, true, 12);
        (board.pool.starting, board.pool.start_parallel, board.pool.queued) = (3, 15, 7);
        let told = all(&board);
        for part in [
            "of 1.5 cores (container)",
            "of 512M (container)",
            "memory pressure 3.0% everything, 60% something above the soft limit of 2 %",
            "state's disk 1.00G free of 40G above the soft limit of 95 %",
            "of 50 slots (auto)",
            "start queue 7 wait, 3 of 15 starting, 12 held",
            "received 12M/s 100Mbit/s",
        ] {
            assert!(told.contains(part), "{part} in\n{told}");
        }
    }

    #[test]
    fn what_was_not_measured_is_not_nothing() {
        let mut board = Board::default();
        let memory = |board: &Board| Meter::read(Kind::WorkersMemory, board);
        assert_eq!((&*memory(&board).value, &*memory(&board).of), ("0B", "in 0 workers"));
        board.pool.busy = 3;
        assert_eq!((&*memory(&board).value, &*memory(&board).of), ("-", "not measured yet"));
        assert_eq!(Meter::read(Kind::WorkersCpu, &board).value, "-");
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
