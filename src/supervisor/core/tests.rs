//! The policy, rule by rule: each test is named as the rule it holds.

mod board;
mod busy_host;
mod caring;
mod crossing;
mod detailed;
mod ending;
mod failing;
mod fallback;
mod hosts;
mod reconfiguring;
mod rolling_out;
mod rotation;
mod running;
mod schedules;
mod sharing;

use super::*;
use crate::model::{
    Action, Command, Condition, ConditionKind, Detection, Expect, Fallback, FaultClass, Figures, LineLevel,
    Mode, Phase, Row, Sample, Selection, Thresholds, Tracks, Usage, Wanted, WatchKind,
};

/// Output time of one progress block to the next, microseconds.
const BLOCK_US: i64 = 1_000_000;

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(super) fn spec(id: &str) -> StreamSpec {
    StreamSpec {
        id: StreamId::new(id).unwrap(),
        name: id.into(),
        group: "".into(),
        tags: Vec::new(),
        inputs: vec!["http://a.example/live".into(), "http://b.example/live".into()],
        mode: Mode::Picture,
        args: Vec::new(),
        input_args: Vec::new(),
        protocols: Vec::new(),
        expect: Expect { video: true, audio: true },
        thresholds: Thresholds::default(),
        wanted: Wanted::Started,
        priority: StreamSpec::USUAL_PRIORITY,
        watch: WatchKind::Always,
        turn: StreamSpec::USUAL_TURN,
        fallback: Fallback::default(),
        on_air: None,
        maintenance: None,
    }
}

/// A supervisor, its clock, and what it asked for.
struct World {
    core: Supervisor,
    now: Moment,
    effects: Vec<Effect>,
    /// Output time of each stream's worker.
    time_us: Vec<i64>,
}

impl World {
    fn empty(policy: Policy) -> Self {
        let core = Supervisor::new(policy, 10_000, 7);
        Self { core, now: Moment::ZERO, effects: Vec::new(), time_us: Vec::new() }
    }

    /// `count` streams `s0`, `s1`... added at once.
    fn with(policy: Policy, count: u32) -> Self {
        let mut world = Self::empty(policy);
        for n in 0..count {
            world.add(spec(&format!("s{n}")), None);
        }
        world
    }

    /// One stream, default policy, its worker asked for.
    fn one() -> Self {
        Self::with(Policy::default(), 1)
    }

    /// One stream whose worker is live.
    fn one_live() -> Self {
        let mut world = Self::one();
        world.goes_live(0);
        world.effects.clear();
        world
    }

    fn add(&mut self, spec: StreamSpec, restored: Option<Restored>) -> u32 {
        self.time_us.push(0);
        self.core.add(self.now, spec, restored, &mut self.effects).unwrap().0
    }

    fn handle(&mut self, input: Input) {
        self.core.handle(self.now, input, &mut self.effects);
    }

    fn stream(&self, ix: u32) -> &Stream {
        &self.core.streams[ix as usize]
    }

    fn row(&self, ix: u32) -> Row {
        self.stream(ix).row()
    }

    fn phase(&self, ix: u32) -> Phase {
        self.stream(ix).phase()
    }

    fn generation(&self, ix: u32) -> Generation {
        let stream = self.stream(ix);
        stream.worker.as_ref().map_or(stream.generation, |worker| worker.generation)
    }

    fn event_of(&mut self, ix: u32, generation: Generation, event: WorkerEvent) {
        self.handle(Input::Worker { stream: StreamIx(ix), generation, event });
    }

    /// An event of the stream's present worker.
    fn event(&mut self, ix: u32, event: WorkerEvent) {
        self.event_of(ix, self.generation(ix), event);
    }

    fn spawned(&mut self, ix: u32) {
        self.event(ix, WorkerEvent::Spawned { pid: 1_000 + ix });
    }

    fn spawn_failed(&mut self, ix: u32, needs_edit: bool) {
        self.event(ix, WorkerEvent::SpawnFailed { error: "no such file".into(), needs_edit });
    }

    fn sample(&mut self, ix: u32, out_time_us: Option<i64>) {
        let figures = Figures { fps: Some(25.0), bitrate_kbps: Some(1_000.0), speed: Some(1.0) };
        self.event(ix, WorkerEvent::Sample(Sample { out_time_us, figures, ..Sample::default() }));
    }

    /// A progress block whose output time has moved on.
    fn progress(&mut self, ix: u32) {
        self.time_us[ix as usize] += BLOCK_US;
        self.sample(ix, Some(self.time_us[ix as usize]));
    }

    fn goes_live(&mut self, ix: u32) {
        self.spawned(ix);
        self.progress(ix);
        assert_eq!(self.phase(ix), Phase::Live);
    }

    fn exits(&mut self, ix: u32, code: i32) {
        self.event(ix, WorkerEvent::Exited(WorkerEnd::Code(code)));
    }

    fn line(&mut self, ix: u32, class: FaultClass, text: &str) {
        let (level, text) = (LineLevel::Error, text.into());
        self.event(ix, WorkerEvent::Line { level, class: Some(class), text, repeats: 1 });
    }

    /// Lets time pass, ticking when the core asks for it and never otherwise.
    fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        let mut ticks = 0;
        while let Some(at) = self.core.next_deadline(self.now).filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.handle(Input::Tick);
            ticks += 1;
            assert!(ticks < 10_000, "a busy loop");
        }
        self.now = end;
    }

    /// Lets time pass while these streams' workers print a progress block each second.
    fn pass_with_progress(&mut self, seconds: u64, ixs: &[u32]) {
        for _ in 0..seconds {
            self.pass(secs(1));
            for ix in ixs {
                self.progress(*ix);
            }
        }
    }

    /// Lets a live stream move for so long, with the same figures; says how many ticks came.
    fn ticks_while_moving(&mut self, seconds: u64) -> usize {
        let mut ticks = 0;
        for _ in 0..seconds * 3 {
            let second = self.now + secs(1);
            while let Some(at) = self.core.next_deadline(self.now).filter(|at| *at <= second) {
                self.now = self.now.max(at);
                self.handle(Input::Tick);
                ticks += 1;
            }
            self.now = second;
            self.progress(0);
        }
        ticks
    }

    /// Lets time pass until the stream is in this phase.
    fn pass_until(&mut self, ix: u32, phase: Phase) -> Duration {
        let from = self.now;
        while self.phase(ix) != phase {
            assert!(self.now.since(from) < secs(3_600), "{:?}, not {phase:?}", self.phase(ix));
            self.pass(millis(10));
        }
        self.now.since(from)
    }

    fn command(&mut self, action: Action, target: Selection) -> usize {
        self.core.command(self.now, &Command::Streams { action, target }, &mut self.effects)
    }

    fn order(&mut self, action: Action, ix: u32) -> usize {
        let id = self.stream(ix).spec().id.clone();
        self.command(action, Selection::Ids(vec![id]))
    }

    /// Starts asked for since the effects were last cleared.
    fn spawns(&self) -> Vec<u32> {
        let stream = |effect: &Effect| match effect {
            Effect::Spawn { stream, .. } => Some(stream.0),
            _ => None,
        };
        self.effects.iter().filter_map(stream).collect()
    }

    /// Signals asked for since the effects were last cleared.
    fn signals(&self) -> Vec<Signal> {
        let signal = |effect: &Effect| match effect {
            Effect::Signal { signal, .. } => Some(*signal),
            _ => None,
        };
        self.effects.iter().filter_map(signal).collect()
    }

    /// What was last asked to be kept of this stream.
    fn saved(&self, ix: u32) -> Option<Kept> {
        let kept = |effect: &Effect| match effect {
            Effect::Save { stream, kept } if stream.0 == ix => Some(kept.clone()),
            _ => None,
        };
        self.effects.iter().rev().find_map(kept)
    }

    fn has(&self, ix: u32, kind: ConditionKind) -> bool {
        self.condition(ix, kind).is_some()
    }

    fn condition(&self, ix: u32, kind: ConditionKind) -> Option<Condition> {
        self.stream(ix).conditions.iter().find(|c| c.kind == kind).copied()
    }
}
