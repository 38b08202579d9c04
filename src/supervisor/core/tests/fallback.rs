//! Several inputs: when a stream goes to another one, and how it comes back.

use super::*;
use crate::model::Fallback;

fn three(fallback: Fallback) -> World {
    let mut world = World::empty(Policy { slots: Some(3), backoff_jitter: 0.0, ..Policy::default() });
    let inputs = ["http://a.example/1", "http://b.example/1", "http://c.example/1"].map(Into::into).into();
    world.add(StreamSpec { inputs, fallback, ..spec("s") }, None);
    world.goes_live(0);
    world
}

fn black() -> Fallback {
    Fallback { on: vec![ConditionKind::Black], after: secs(30), ..Fallback::default() }
}

impl World {
    fn input(&self) -> u32 {
        self.row(0).input_of.0
    }

    fn fails(&mut self) {
        self.exits(0, 1);
        self.pass_until(0, Phase::Starting);
        self.time_us[0] = 0;
        self.spawned(0);
    }

    /// The generation of the probe that was asked for last.
    fn probe(&self) -> Option<(Generation, usize)> {
        self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Spawn { generation, input, purpose: Purpose::Probe, .. } => Some((*generation, *input)),
            _ => None,
        })
    }

    fn probe_moves(&mut self, generation: Generation, us: i64) {
        let sample = Sample { out_time_us: Some(us), ..Sample::default() };
        self.event_of(0, generation, WorkerEvent::Sample(sample));
    }

    /// On its second input, with the probe of its first asked for.
    fn probing() -> (Self, Generation) {
        let mut world = three(Fallback::default());
        world.fails();
        world.progress(0);
        assert_eq!((world.input(), world.probe()), (2, None));
        world.pass_with_progress(59, &[0]);
        assert_eq!(world.probe(), None);
        world.pass_with_progress(1, &[0]);
        let (generation, input) = world.probe().unwrap();
        assert_eq!(input, 0);
        world.event_of(0, generation, WorkerEvent::Spawned { pid: 9 });
        (world, generation)
    }
}

#[test]
fn one_failure_burns_one_input() {
    let mut world = three(Fallback::default());
    assert_eq!(world.row(0).input_of, (1, 3));
    let mut seen = Vec::new();
    for _ in 0..4 {
        world.fails();
        seen.push(world.input());
    }
    assert_eq!(seen, [2, 3, 1, 2]);
}

#[test]
fn a_stall_and_the_exit_that_follows_burn_one_input_together() {
    let mut world = three(Fallback::default());
    world.pass_until(0, Phase::Stopping);
    world.exits(0, 255);
    world.pass_until(0, Phase::Starting);
    assert_eq!(world.input(), 2);
}

#[test]
fn a_fresh_input_is_tried_soon_and_burned_ones_ever_later() {
    let mut world = three(Fallback::default());
    let mut waits = Vec::new();
    for _ in 0..7 {
        world.exits(0, 1);
        waits.push(world.now.until(world.row(0).next.unwrap()).as_secs());
        world.pass_until(0, Phase::Starting);
        world.spawned(0);
    }
    assert_eq!(waits, [1, 1, 1, 1, 1, 2, 2], "each input backs off for itself");
}

#[test]
fn conditions_that_the_operator_chose_switch_when_they_last() {
    let mut world = three(black());
    let now = world.now;
    world.event(0, WorkerEvent::Detection { what: Detection::BlackBegan, began: now });
    // Raised after 10 s, and then 30 more.
    world.pass_with_progress(39, &[0]);
    assert_eq!((world.phase(0), world.input()), (Phase::Live, 1));
    world.pass_with_progress(1, &[0]);
    assert_eq!(world.phase(0), Phase::Stopping);
    assert_eq!(&*world.row(0).reason, "black: goes from input 1 to input 2");
    world.exits(0, 255);
    world.time_us[0] = 0;
    assert_eq!((world.phase(0), world.row(0).failures), (Phase::Starting, 0), "at once");
    world.goes_live(0);
    assert_eq!((world.input(), world.row(0).conditions.len()), (2, 0), "health starts fresh");
}

#[test]
fn other_conditions_and_short_ones_switch_nothing() {
    let mut world = three(black());
    let now = world.now;
    world.event(0, WorkerEvent::Detection { what: Detection::SilenceBegan, began: now });
    for _ in 0..5 {
        let now = world.now;
        world.event(0, WorkerEvent::Detection { what: Detection::BlackBegan, began: now });
        world.pass_with_progress(35, &[0]);
        assert!(world.has(0, ConditionKind::Black));
        let now = world.now;
        world.event(0, WorkerEvent::Detection { what: Detection::BlackEnded, began: now });
        world.pass_with_progress(1, &[0]);
    }
    assert_eq!((world.phase(0), world.input()), (Phase::Live, 1));
}

#[test]
fn when_every_input_is_black_it_stays_where_it_is() {
    let mut world = three(black());
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(world.input());
        let now = world.now;
        world.event(0, WorkerEvent::Detection { what: Detection::BlackBegan, began: now });
        world.pass_with_progress(45, &[0]);
        if world.phase(0) == Phase::Stopping {
            world.exits(0, 255);
            world.time_us[0] = 0;
            world.goes_live(0);
        }
    }
    assert_eq!(seen, [1, 2, 3, 3], "no wheel of switches");
}

#[test]
fn it_goes_back_when_a_probe_of_the_primary_was_good_for_a_stable_time() {
    let (mut world, probe) = World::probing();
    assert_eq!(world.core.pool().busy, 2, "a probe takes a slot");
    for second in 1..=31 {
        world.probe_moves(probe, second * BLOCK_US);
        world.pass_with_progress(1, &[0]);
    }
    assert_eq!(world.phase(0), Phase::Stopping);
    assert_eq!(&*world.row(0).reason, "goes back to the primary input");
    assert_eq!(world.signals(), [Signal::Term, Signal::Term], "the probe and the worker");
    world.event_of(0, probe, WorkerEvent::Exited(WorkerEnd::Code(255)));
    world.exits(0, 255);
    world.time_us[0] = 0;
    assert_eq!((world.phase(0), world.input()), (Phase::Starting, 1));
    world.goes_live(0);
    assert_eq!(world.core.pool().busy, 1);
}

#[test]
fn a_primary_that_is_good_for_a_moment_only_is_not_gone_back_to() {
    let (mut world, probe) = World::probing();
    for second in 1..=20 {
        world.probe_moves(probe, second * BLOCK_US);
        world.pass_with_progress(1, &[0]);
    }
    world.event_of(0, probe, WorkerEvent::Exited(WorkerEnd::Code(1)));
    assert_eq!((world.phase(0), world.input(), world.row(0).failures), (Phase::Live, 2, 1));
    // The next probe is put off: 2 minutes, then 4.
    world.effects.clear();
    world.pass_with_progress(119, &[0]);
    assert_eq!(world.probe(), None);
    world.pass_with_progress(2, &[0]);
    let (second, _) = world.probe().unwrap();
    assert!(second > probe);
    // It hangs: no progress at all.
    world.event_of(0, second, WorkerEvent::Spawned { pid: 10 });
    world.pass_with_progress(31, &[0]);
    assert_eq!(world.signals().last(), Some(&Signal::Term));
    world.event_of(0, second, WorkerEvent::Exited(WorkerEnd::Code(255)));
    world.effects.clear();
    world.pass_with_progress(200, &[0]);
    assert_eq!(world.probe(), None);
    world.pass_with_progress(41, &[0]);
    assert!(world.probe().is_some());
}

#[test]
fn a_probe_waits_for_a_slot_that_nobody_else_wants() {
    let (mut world, probe) = World::probing();
    world.event_of(0, probe, WorkerEvent::Exited(WorkerEnd::Code(1)));
    world.effects.clear();
    for n in 0..4 {
        world.add(spec(&format!("other{n}")), None);
    }
    assert_eq!(world.spawns(), [1, 2]);
    world.effects.clear();
    world.goes_live(1);
    world.goes_live(2);
    world.pass_with_progress(300, &[0, 1, 2]);
    assert_eq!((world.probe(), world.spawns().len()), (None, 0));
}

#[test]
fn a_stop_ends_the_probe_too_and_so_does_leaving() {
    let (mut world, probe) = World::probing();
    world.effects.clear();
    world.order(Action::Stop, 0);
    assert_eq!(world.signals().len(), 2);
    world.exits(0, 255);
    assert_eq!((world.phase(0), world.core.workers_left()), (Phase::Stopped, 1));
    world.handle(Input::Shutdown);
    assert!(!world.core.is_done());
    // Deaf: asked again, killed.
    world.pass(secs(6));
    assert_eq!(world.signals().last(), Some(&Signal::Kill));
    world.event_of(0, probe, WorkerEvent::Exited(WorkerEnd::Signal(9)));
    assert!(world.core.is_done());
}

#[test]
fn zero_never_goes_back_by_itself() {
    let mut world = three(Fallback { good_for: Duration::ZERO, ..Fallback::default() });
    world.fails();
    world.progress(0);
    world.pass_with_progress(3_600, &[0]);
    assert_eq!((world.probe(), world.input()), (None, 2));
}

#[test]
fn denied_on_one_input_another_is_tried_soon() {
    let mut world = three(Fallback::default());
    world.line(0, FaultClass::Auth, "403 Forbidden");
    world.exits(0, 1);
    assert_eq!((world.input(), world.now.until(world.row(0).next.unwrap())), (2, secs(1)));
}

#[test]
fn no_more_than_four_primaries_are_probed_at_once() {
    let mut world = World::empty(Policy { slots: Some(40), backoff_jitter: 0.0, ..Policy::default() });
    for n in 0..8 {
        let inputs = ["a", "b"].map(|host| format!("http://{host}{n}.example/").into()).into();
        world.add(StreamSpec { inputs, ..spec(&format!("s{n}")) }, None);
    }
    let all: Vec<u32> = (0..8).collect();
    world.pass(secs(2));
    for ix in &all {
        world.goes_live(*ix);
        world.exits(*ix, 1);
    }
    world.pass(secs(2));
    for ix in &all {
        world.time_us[*ix as usize] = 0;
        world.goes_live(*ix);
    }
    world.effects.clear();
    world.pass_with_progress(70, &all);
    assert_eq!(world.spawns().len(), 4);
    assert_eq!(world.core.pool().busy, 12);
}
