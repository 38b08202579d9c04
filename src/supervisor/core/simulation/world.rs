//! Workers, hosts and operators as they are: slow, deaf, mortal and moody.

mod operators;
mod processes;
mod reloads;

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::tests::spec;
use super::laws::{LATENESS, Laws};
use super::*;
use crate::config::Rollout;
use crate::model::{
    ConditionKind, Detection, FaultClass, Figures, HostReading, LineLevel, RolloutOrder, Sample, SelfReading,
    Tracks, Usage, Wanted, WatchKind,
};
use processes::Process;

/// From the shutdown to the last worker's end: two seconds to the second TERM, three more to KILL,
/// and one for the process to be born before, to die after, and for all that comes late.
const LEAVES_WITHIN: Duration = Duration::from_secs(6);

/// What kind of world.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that may happen in it")]
pub struct Plan {
    pub streams: u32,
    pub hosts: u32,
    /// So long everything goes wrong.
    pub chaos: Duration,
    /// So long nothing does; then all must be well. Zero: never.
    pub healing: Duration,
    /// Leave at a random moment of the chaos.
    pub shutdown: bool,
    /// So long may output time stand still.
    pub stall: Duration,
    /// From one progress block to the next.
    pub block_ms: Range<i64>,
    /// From one look at the board to the next.
    pub board_ms: Range<i64>,
    /// So many of a hundred streams take turns.
    pub rotating: u8,
    /// Large sets are started step by step.
    pub rollout: bool,
    /// The machine is overloaded now and then.
    pub overload: bool,
    /// The configuration is changed now and then, also while everything starts.
    pub reloads: bool,
    /// So many times less often does a worker fail.
    pub calm: u32,
    /// Write every effect down.
    pub traced: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            streams: 10,
            hosts: 5,
            chaos: MINUTE,
            healing: Duration::ZERO,
            shutdown: false,
            stall: Duration::from_secs(20),
            block_ms: 5_000..15_000,
            board_ms: 50..5_000,
            rotating: 30,
            rollout: false,
            overload: false,
            reloads: false,
            calm: 1,
            traced: false,
        }
    }
}

#[derive(Debug, Clone)]
enum Happening {
    Born(usize, Generation),
    Block(usize, Generation),
    Ends(usize, Generation, WorkerEnd),
    Late(usize, Generation),
    Host(usize),
    Operator,
    Board,
    Readings,
    Reload,
    Shutdown,
    Hurry,
}

pub struct World {
    plan: Plan,
    core: Supervisor,
    pub laws: Laws,
    now: Moment,
    random: fastrand::Rng,
    /// For what must not change how the world goes on.
    aside: fastrand::Rng,
    effects: Vec<Effect>,
    agenda: BTreeMap<(Moment, u64), Happening>,
    entries: u64,
    processes: BTreeMap<(usize, Generation), Process>,
    streams: usize,
    hosts_of: Vec<Vec<usize>>,
    host_is_up: Vec<bool>,
    healing: bool,
    left: Option<Moment>,
    steps: u64,
    /// Ticks come so late.
    lateness: Duration,
    pub trace: Vec<String>,
}

impl World {
    pub fn new(seed: u64, plan: Plan) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let large = plan.streams > 1_000;
        let policy = Policy {
            slots: (!large && random.bool()).then(|| random.u32(1..60)),
            start_parallel: if large { 200 } else { random.u32(1..20) },
            starts_per_second: if large { 50 } else { random.u32(1..20) },
            rollout: plan.rollout.then(|| Rollout {
                steps: vec![plan.streams / 8, plan.streams / 2],
                hold: Duration::from_secs(20),
                healthy: 0.8,
            }),
            ..Policy::default()
        };
        let most = if random.bool() { 30 } else { 10_000 };
        let most = if large { 10_000 } else { most };
        let slots = policy.slots.unwrap_or(plan.streams + 4).min(most);
        let mut world = Self {
            core: Supervisor::new(policy.clone(), most, seed),
            laws: Laws::new(policy, slots, most),
            now: Moment::ZERO,
            effects: Vec::new(),
            agenda: BTreeMap::new(),
            entries: 0,
            processes: BTreeMap::new(),
            streams: plan.streams as usize,
            hosts_of: Vec::new(),
            host_is_up: vec![true; plan.hosts as usize],
            healing: false,
            left: None,
            steps: 0,
            lateness: LATENESS.mul_f64(random.f64() * 0.9),
            trace: Vec::new(),
            random,
            aside: fastrand::Rng::with_seed(!seed),
            plan,
        };
        world.fill();
        world
    }

    fn fill(&mut self) {
        let mut specs = Vec::new();
        for n in 0..self.plan.streams {
            let mut spec = spec(&format!("s{n}"));
            spec.wanted = self.wanted();
            spec.thresholds.stall = self.plan.stall;
            let hosts = self.host_is_up.len();
            let own: Vec<usize> =
                (0..self.random.usize(1..3)).map(|more| (n as usize + more) % hosts).collect();
            spec.inputs = own.iter().map(|host| format!("http://h{host}.example/{n}").into()).collect();
            self.hosts_of.push(own);
            spec.priority = self.random.u8(..101);
            if self.random.u8(..100) < self.plan.rotating {
                spec.watch = WatchKind::Rotate;
            }
            if self.random.bool() {
                spec.fallback.on = vec![ConditionKind::Black, ConditionKind::Frozen];
            }
            let inputs = spec.inputs.len();
            let restored = (self.random.u8(..4) == 0).then(|| Restored {
                wanted: self.wanted(),
                restarts: 5,
                changed: Moment::from_millis(-9),
                cared: self.cared(),
            });
            let wanted = restored.as_ref().map_or(spec.wanted, |restored| restored.wanted);
            let cared = restored.as_ref().map(|restored| restored.cared.clone());
            self.laws.added(wanted, inputs, cared.unwrap_or_default());
            specs.push((spec, restored));
        }
        for added in self.core.add_all(self.now, specs, &mut self.effects) {
            added.unwrap();
        }
        self.laws.resized(self.core.pool().slots);
        self.carry_out();
        for host in 0..self.host_is_up.len() {
            let ms = self.ms(10_000..200_000);
            self.plan_in(ms, Happening::Host(host));
        }
        self.plan_in(3_000, Happening::Operator);
        self.plan_in(100, Happening::Board);
        self.plan_in(1_000, Happening::Readings);
        if self.plan.reloads {
            let ms = self.ms(0..3_000);
            self.plan_in(ms, Happening::Reload);
        }
        if self.plan.shutdown {
            let ms = self.ms(0..i64::try_from(self.plan.chaos.as_millis()).unwrap());
            self.plan_in(ms, Happening::Shutdown);
            if self.random.u8(..4) == 0 {
                let hurry = ms + self.ms(0..6_000);
                self.plan_in(hurry, Happening::Hurry);
            }
        }
    }

    /// From the beginning to the end.
    pub fn live(&mut self) {
        self.until(Moment::ZERO + self.plan.chaos);
        if let Some(left) = self.left {
            self.until(left.max(self.now) + MINUTE);
            assert!(self.core.is_done());
        } else if !self.plan.healing.is_zero() {
            self.healing = true;
            self.host_is_up.fill(true);
            for _ in 0..4 {
                let go_on = Input::Command(Command::Rollout(RolloutOrder::Continue));
                self.core.handle(self.now, go_on, &mut self.effects);
                self.carry_out();
            }
            self.until(self.now + self.plan.healing);
            self.laws.healed(self.now, &self.core);
        }
        self.laws.look(self.now, &mut self.core);
    }

    fn until(&mut self, end: Moment) {
        while self.step(end) {
            self.laws.glance(&self.core);
            self.steps += 1;
            if self.steps.is_multiple_of(u64::from(self.plan.streams) * 10) {
                self.laws.look(self.now, &mut self.core);
            }
            let leaving = self.left.map(|left| self.now.since(left));
            assert!(leaving.is_none_or(|time| time < LEAVES_WITHIN || self.core.is_done()), "{leaving:?}");
        }
        self.now = end;
    }

    /// The next thing that happens until `end`, if there is one.
    fn step(&mut self, end: Moment) -> bool {
        let tick = self.core.next_deadline(self.now).map(|at| at.max(self.now) + self.lateness);
        let planned = self.agenda.first_key_value().map(|((at, _), _)| *at);
        let Some(at) = tick.into_iter().chain(planned).min().filter(|at| *at <= end) else { return false };
        self.now = self.now.max(at);
        if tick.is_some_and(|tick| planned.is_none_or(|planned| tick <= planned)) {
            self.core.handle(self.now, Input::Tick, &mut self.effects);
            self.laws.ticked(self.now, &self.core);
        } else if let Some((_, happening)) = self.agenda.pop_first() {
            self.happens(&happening);
        }
        self.carry_out();
        true
    }

    fn happens(&mut self, happening: &Happening) {
        match *happening {
            Happening::Born(ix, generation) => self.born(ix, generation),
            Happening::Block(ix, generation) => self.block(ix, generation),
            Happening::Ends(ix, generation, end) => self.ends(ix, generation, end),
            Happening::Late(ix, generation) => {
                let sample = Sample { out_time_us: Some(1), ..Sample::default() };
                let event = match self.random.u8(..3) {
                    0 => WorkerEvent::Exited(WorkerEnd::Code(0)),
                    1 => WorkerEvent::Spawned { pid: 1 },
                    _ => WorkerEvent::Sample(sample),
                };
                self.tell(ix, generation, event);
            }
            Happening::Host(host) => {
                let up = self.healing || !self.host_is_up[host];
                self.host_is_up[host] = up;
                let ms = if up { 20_000..400_000 } else { 1_000..90_000 };
                let ms = self.ms(ms);
                self.plan_in(ms, Happening::Host(host));
            }
            Happening::Operator => self.operator(),
            Happening::Board => {
                let figures = self.random.u8(..4) == 0;
                self.laws.take_changes(&mut self.core, figures);
                let ms = self.ms(self.plan.board_ms.clone());
                self.plan_in(ms, Happening::Board);
            }
            Happening::Readings => self.readings(),
            Happening::Reload => self.reload(),
            Happening::Shutdown => {
                self.laws.left();
                self.left = Some(self.now);
                self.core.handle(self.now, Input::Shutdown, &mut self.effects);
            }
            Happening::Hurry => {
                self.laws.hurried();
                self.core.handle(self.now, Input::Hurry, &mut self.effects);
            }
        }
    }

    /// Does what the core asked for, as the world does it.
    fn carry_out(&mut self) {
        for effect in std::mem::take(&mut self.effects) {
            self.laws.effect(self.now, &effect);
            if self.plan.traced {
                self.trace.push(format!("{:?} {effect:?}", self.now));
            }
            match effect {
                Effect::Spawn { stream, generation, input, .. } => {
                    let ends_at_term = match self.random.u8(..10) {
                        _ if self.healing => 1,
                        0..6 => 1,
                        6..8 => 2,
                        _ => u32::MAX,
                    };
                    let process = Process {
                        born: false,
                        host: self.hosts_of[stream.index()][input],
                        ends_at_term,
                        terms: 0,
                        dies: false,
                        time_us: 0,
                        still_until: Moment::ZERO,
                    };
                    self.processes.insert((stream.index(), generation), process);
                    let ms = self.ms(0..300);
                    self.plan_in(ms, Happening::Born(stream.index(), generation));
                }
                Effect::Signal { stream, generation, signal } => {
                    self.signalled(stream.index(), generation, signal);
                }
                Effect::Save { .. } | Effect::Note { .. } | Effect::Report { .. } => {}
            }
        }
    }

    /// The machine is measured: now and then it has been busy for a while.
    fn readings(&mut self) {
        self.plan_in(2_000, Happening::Readings);
        let minute = self.now.millis() / 60_000;
        let busy = self.plan.overload && !self.healing && minute % 4 == 3;
        let percent = if !busy {
            50
        } else if minute % 8 == 7 {
            97
        } else {
            90
        };
        let (memory_bytes, memory_total_bytes, cores) = (percent << 40, 100 << 40, 1_000);
        let host = HostReading { cores, memory_bytes, memory_total_bytes, ..HostReading::default() };
        let own = SelfReading::default();
        self.core.handle(self.now, Input::Readings { host, own, workers: None }, &mut self.effects);
        let usage = Usage { open_files: self.aside.u32(..9), ..Usage::default() };
        // Probes and those that are still being born too.
        let measured =
            self.processes.keys().map(|(ix, generation)| (self.core.streams[*ix].ix, *generation, usage));
        let measured = measured.collect();
        self.core.handle(self.now, Input::Usage(measured), &mut self.effects);
    }

    fn wanted(&mut self) -> Wanted {
        if self.random.u8(..5) == 0 { Wanted::Stopped } else { Wanted::Started }
    }

    fn tell(&mut self, ix: usize, generation: Generation, event: WorkerEvent) {
        let stream = self.core.streams[ix].ix;
        self.core.handle(self.now, Input::Worker { stream, generation, event }, &mut self.effects);
    }

    fn ms(&mut self, range: Range<i64>) -> i64 {
        self.random.i64(range)
    }

    fn plan_in(&mut self, ms: i64, happening: Happening) {
        let at = self.now + Duration::from_millis(ms.unsigned_abs());
        self.agenda.insert((at, self.entries), happening);
        self.entries += 1;
    }
}
