//! A day of ten thousand streams, as fast as it goes: every worker prints a block each ten seconds,
//! hosts fail and return. Only the laws that cost nothing are looked at on the way; the small
//! worlds look at all of them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::super::tests::spec;
use super::*;
use crate::model::{FaultClass, Figures, LineLevel, Sample, Wanted};

/// From one progress block of a worker to the next.
const PERIOD_MS: i64 = 10_000;
/// Streams are fed in this many groups, so that their blocks are spread over the period.
const GROUPS: i64 = 1_000;

/// What a day had.
#[derive(Debug, Default)]
pub struct Lived {
    pub blocks: u64,
    pub starts: u64,
    pub outages: u64,
    pub live_at_the_end: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Born(u32, Generation),
    Ends(u32, Generation),
    Host(u32),
}

#[derive(Debug, Clone, Copy, Default)]
struct Process {
    generation: Generation,
    live: bool,
    ended: bool,
    time_us: i64,
}

struct Day {
    core: Supervisor,
    now: Moment,
    random: fastrand::Rng,
    effects: Vec<Effect>,
    next: BinaryHeap<Reverse<(Moment, Next)>>,
    processes: Vec<Process>,
    up: Vec<bool>,
    lived: Lived,
    most_starting: u32,
}

/// `streams` on `hosts` hosts for so many hours.
pub fn live(seed: u64, streams: u32, hosts: u32, hours: i64) -> Lived {
    let policy = Policy { start_parallel: 200, starts_per_second: 50, ..Policy::default() };
    let mut day = Day {
        core: Supervisor::new(policy, 20_000, seed),
        now: Moment::ZERO,
        random: fastrand::Rng::with_seed(seed),
        effects: Vec::new(),
        next: BinaryHeap::new(),
        processes: vec![Process::default(); streams as usize],
        up: vec![true; hosts as usize],
        lived: Lived::default(),
        most_starting: 200,
    };
    let specs = (0..streams).map(|n| {
        let mut spec = spec(&format!("s{n}"));
        spec.inputs = vec![format!("http://h{}.example/{n}", n % hosts).into()];
        // A block each ten seconds: two of them may be lost before it counts.
        spec.thresholds.stall = Duration::from_secs(60);
        (spec, None)
    });
    let specs = specs.collect();
    day.core.add_all(day.now, specs, &mut day.effects);
    day.carry_out();
    for host in 0..hosts {
        let ms = day.random.i64(600_000..7_200_000);
        day.plan(ms, Next::Host(host));
    }
    day.run(hours * 3_600_000);
    day.lived
}

impl Day {
    fn plan(&mut self, ms: i64, next: Next) {
        self.next.push(Reverse((Moment::from_millis(self.now.millis() + ms), next)));
    }

    fn run(&mut self, end_ms: i64) {
        let step = PERIOD_MS / GROUPS;
        let mut feed_ms = step;
        let mut drained_ms = 0;
        while feed_ms < end_ms {
            let feed = Moment::from_millis(feed_ms);
            // What is due before the next group of blocks.
            loop {
                let planned = self.next.peek().map(|Reverse((at, _))| *at);
                let tick = self.core.next_deadline(self.now).map(|at| at.max(self.now));
                let Some(at) = planned.into_iter().chain(tick).min().filter(|at| *at < feed) else { break };
                self.now = self.now.max(at);
                if tick.is_some_and(|tick| tick <= self.now) {
                    self.core.handle(self.now, Input::Tick, &mut self.effects);
                } else if let Some(Reverse((_, next))) = self.next.pop() {
                    self.happens(next);
                }
                self.carry_out();
            }
            self.now = feed;
            let group = feed_ms / step % GROUPS;
            self.feed(usize::try_from(group).unwrap());
            feed_ms += step;
            // As the board does.
            if feed_ms - drained_ms >= 1_000 {
                drained_ms = feed_ms;
                self.core.drain_changes(true);
                let pool = self.core.pool();
                assert!(pool.busy <= pool.slots && pool.starting <= self.most_starting, "{pool:?}");
            }
        }
        let live = self.core.streams.iter().filter(|stream| stream.phase() == Phase::Live);
        self.lived.live_at_the_end = live.count();
    }

    fn feed(&mut self, group: usize) {
        let mut n = group;
        while n < self.processes.len() {
            let process = &mut self.processes[n];
            if process.live && !process.ended {
                process.time_us += PERIOD_MS * 1_000;
                let figures = Figures { fps: Some(25.0), bitrate_kbps: None, speed: Some(1.0) };
                let sample = Sample { out_time_us: Some(process.time_us), figures, ..Sample::default() };
                let generation = process.generation;
                self.lived.blocks += 1;
                self.tell(n, generation, WorkerEvent::Sample(sample));
                self.carry_out();
            }
            n += usize::try_from(GROUPS).unwrap();
        }
    }

    fn tell(&mut self, n: usize, generation: Generation, event: WorkerEvent) {
        let stream = self.core.streams[n].ix;
        self.core.handle(self.now, Input::Worker { stream, generation, event }, &mut self.effects);
    }

    fn happens(&mut self, next: Next) {
        match next {
            Next::Born(n, generation) => {
                let up = self.up[n as usize % self.up.len()];
                let process = &mut self.processes[n as usize];
                if process.generation != generation {
                    return;
                }
                process.live = up;
                self.tell(n as usize, generation, WorkerEvent::Spawned { pid: 7 });
                if up {
                    let figures = Figures::default();
                    let sample = Sample { out_time_us: Some(1), figures, ..Sample::default() };
                    self.tell(n as usize, generation, WorkerEvent::Sample(sample));
                } else {
                    let ms = self.random.i64(100..2_000);
                    self.plan(ms, Next::Ends(n, generation));
                }
            }
            Next::Ends(n, generation) => {
                let process = &mut self.processes[n as usize];
                if process.generation != generation || process.ended {
                    return;
                }
                process.ended = true;
                let (level, class, text) = (LineLevel::Error, Some(FaultClass::Refused), "refused".into());
                self.tell(n as usize, generation, WorkerEvent::Line { level, class, text, repeats: 1 });
                self.tell(n as usize, generation, WorkerEvent::Exited(WorkerEnd::Code(1)));
            }
            Next::Host(host) => {
                let up = !self.up[host as usize];
                self.up[host as usize] = up;
                let ms = self.random.i64(if up { 1_800_000..14_400_000 } else { 5_000..600_000 });
                self.plan(ms, Next::Host(host));
                if up {
                    return;
                }
                self.lived.outages += 1;
                for n in (host..u32::try_from(self.processes.len()).unwrap()).step_by(self.up.len()) {
                    let ms = self.random.i64(0..5_000);
                    self.plan(ms, Next::Ends(n, self.processes[n as usize].generation));
                }
            }
        }
    }

    fn carry_out(&mut self) {
        if self.effects.is_empty() {
            return;
        }
        for effect in std::mem::take(&mut self.effects) {
            match effect {
                Effect::Spawn { stream, generation, .. } => {
                    self.lived.starts += 1;
                    self.processes[stream.index()] = Process { generation, ..Process::default() };
                    let ms = self.random.i64(100..3_000);
                    self.plan(ms, Next::Born(stream.0, generation));
                }
                Effect::Signal { stream, generation, .. } => {
                    self.plan(5, Next::Ends(stream.0, generation));
                }
                Effect::Save { kept, .. } => assert_eq!(kept.wanted, Wanted::Started),
                Effect::Note { .. } | Effect::Report { .. } => {}
            }
        }
    }
}
