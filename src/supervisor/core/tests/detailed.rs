//! What is told of one stream beyond its row.

use super::*;
use crate::model::{Breaker, Detail, InputDetail, RUNS_KEPT, Run};

impl World {
    fn detail(&self, ix: u32) -> Detail {
        self.core.detail(StreamIx(ix)).unwrap()
    }

    fn inputs_of(&self, ix: u32) -> Vec<InputDetail> {
        self.detail(ix).inputs
    }
}

#[test]
fn of_no_stream_there_is_no_detail() {
    assert_eq!(World::one().core.detail(StreamIx(1)), None);
}

#[test]
fn inputs_are_told_masked_with_what_is_known_of_each() {
    let mut world = World::empty(Policy::default());
    let inputs =
        ["http://me:canary@a.example:8080/live?token=canary", "http://B.example/live", "/dev/video0"];
    world.add(StreamSpec { inputs: inputs.map(Into::into).into(), ..spec("s") }, None);
    world.spawned(0);
    world.line(0, FaultClass::Refused, "Connection refused");
    world.exits(0, 1);
    let [a, b, file] = &world.inputs_of(0)[..] else { panic!("{:?}", world.inputs_of(0)) };
    assert_eq!(&*a.url, "http://***@a.example:8080/live?token=***");
    assert_eq!((&*a.host, &*b.host, &*file.host), ("a.example:8080", "b.example", ""));
    assert_eq!((a.failures, &*a.last_error), (1, "connection refused (exit code 1)"));
    assert_eq!((b.failures, &*b.last_error, file.breaker), (0, "", Breaker::Closed));
    assert_eq!((a.in_use, b.in_use, file.in_use), (false, true, false), "it goes to the next");
    assert!(!format!("{:?}", world.detail(0)).contains("canary"));
}

#[test]
fn a_stream_without_inputs_has_none() {
    let mut world = World::empty(Policy::default());
    world.add(StreamSpec { inputs: Vec::new(), mode: Mode::Run, ..spec("s") }, None);
    world.goes_live(0);
    world.exits(0, 1);
    let detail = world.detail(0);
    assert_eq!((detail.inputs, detail.runs[0].input), (vec![], 0));
}

#[test]
fn runs_are_told_the_newest_first_and_are_bounded() {
    let mut world = World::one();
    assert_eq!(world.detail(0).runs, []);
    world.pass(secs(2));
    world.goes_live(0);
    world.pass_with_progress(5, &[0]);
    let ended = world.now;
    world.exits(0, 8);
    let first = Run {
        started: Moment::ZERO,
        ended,
        input: 1,
        was_live: true,
        reason: "FFmpeg ended (exit code 8)".into(),
    };
    assert_eq!(world.detail(0).runs, std::slice::from_ref(&first));

    world.pass_until(0, Phase::Starting);
    world.spawn_failed(0, false);
    let runs = world.detail(0).runs;
    assert_eq!((&*runs[0].reason, runs[0].input), ("could not be started: no such file", 2));
    assert_eq!((runs[0].was_live, &runs[1]), (false, &first));

    world.pass_until(0, Phase::Starting);
    world.goes_live(0);
    world.order(Action::Restart, 0);
    world.exits(0, 255);
    assert_eq!(&*world.detail(0).runs[0].reason, "restarted by the operator");

    // It hangs, and is replaced.
    world.pass_until(0, Phase::Stopping);
    world.exits(0, 255);
    assert_eq!(&*world.detail(0).runs[0].reason, "no progress within 30 s");

    for _ in 0..3 * RUNS_KEPT {
        world.pass_until(0, Phase::Starting);
        world.exits(0, 1);
    }
    let runs = world.detail(0).runs;
    assert_eq!(runs.len(), RUNS_KEPT);
    assert!(runs.windows(2).all(|pair| pair[0].started >= pair[1].ended), "{runs:?}");
}

#[test]
fn the_stream_s_breaker_is_half_open_from_its_try_until_it_is_well() {
    let mut world = World::one();
    let breaker = |world: &World| (world.detail(0).breaker, world.detail(0).breaker_next);
    assert_eq!(breaker(&world), (Breaker::Closed, None));
    while world.phase(0) != Phase::Broken {
        world.pass_until(0, Phase::Starting);
        world.exits(0, 1);
    }
    assert_eq!(breaker(&world), (Breaker::Open, world.row(0).next));
    world.pass_until(0, Phase::Starting);
    assert_eq!(breaker(&world), (Breaker::HalfOpen, None));
    world.goes_live(0);
    world.pass_with_progress(119, &[0]);
    assert_eq!(breaker(&world), (Breaker::HalfOpen, None));
    world.pass_with_progress(1, &[0]);
    assert_eq!(breaker(&world), (Breaker::Closed, None));
    // What only an edit can mend.
    world.exits(0, 1);
    world.pass_until(0, Phase::Starting);
    world.spawn_failed(0, true);
    assert_eq!(breaker(&world), (Breaker::Open, world.row(0).next));
}

#[test]
fn a_host_s_breaker_is_half_open_while_somebody_tries_it() {
    let mut world = World::empty(Policy { slots: Some(20), starts_per_second: 20, ..Policy::default() });
    for n in 0..12 {
        let inputs = vec![format!("http://cdn.example/{n}").into()];
        world.add(StreamSpec { inputs, ..spec(&format!("s{n}")) }, None);
    }
    let breaker = |world: &World| (world.inputs_of(0)[0].breaker, world.inputs_of(0)[0].breaker_next);
    let refuse = |world: &mut World| {
        for ix in 0..12 {
            if world.phase(ix) == Phase::Starting {
                world.spawned(ix);
                world.line(ix, FaultClass::Refused, "Connection refused");
                world.exits(ix, 1);
            }
        }
    };
    for _ in 0..100 {
        refuse(&mut world);
        world.pass(millis(100));
        if breaker(&world).0 == Breaker::Open {
            break;
        }
    }
    let (state, next) = breaker(&world);
    assert_eq!(state, Breaker::Open);
    assert!(next.is_some_and(|at| at > world.now), "{next:?}");
    assert_eq!(world.detail(0).breaker, Breaker::Closed, "it is the host's fault, not the stream's");
    while breaker(&world).0 == Breaker::Open {
        world.pass(millis(100));
    }
    assert_eq!(breaker(&world).0, Breaker::HalfOpen);
    let tries = (0..12).find(|ix| world.phase(*ix) == Phase::Starting).unwrap();
    world.goes_live(tries);
    assert_eq!(breaker(&world), (Breaker::Closed, None));
}

#[test]
fn a_probe_of_the_primary_is_told_and_what_it_found() {
    let mut world = World::one_live();
    world.exits(0, 1);
    world.pass_until(0, Phase::Starting);
    world.goes_live(0);
    let due = world.detail(0).next_probe.unwrap();
    assert_eq!((world.now.until(due), world.inputs_of(0)[0].probed), (secs(60), false));
    world.pass_with_progress(60, &[0]);
    let probe = world.stream(0).probe.worker().unwrap().generation;
    let primary = |world: &World| world.inputs_of(0)[0].clone();
    assert_eq!((primary(&world).probed, world.inputs_of(0)[1].probed), (true, false));
    assert_eq!(world.detail(0).next_probe, None, "it is there");
    let (level, class, text) = (LineLevel::Error, Some(FaultClass::NotFound), "404".into());
    world.event_of(0, probe, WorkerEvent::Line { level, class, text, repeats: 1 });
    world.event_of(0, probe, WorkerEvent::Exited(WorkerEnd::Code(1)));
    assert_eq!(
        (primary(&world).probed, &*primary(&world).last_error),
        (false, "not found (HTTP 4xx) (exit code 1)")
    );
    assert!(world.detail(0).next_probe.is_some_and(|at| at > world.now));
    assert_eq!(world.detail(0).runs.len(), 1, "a look is no run");
    assert_eq!(world.row(0).conditions, [], "and no fault of the stream");
}
