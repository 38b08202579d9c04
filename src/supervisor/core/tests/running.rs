//! Going live, standing still, coming back.

use super::*;

#[test]
fn a_worker_is_live_when_its_output_time_moves() {
    let mut world = World::one();
    world.spawned(0);
    for time in [None, Some(0), Some(-5), Some(0)] {
        world.sample(0, time);
        assert_eq!(world.phase(0), Phase::Starting, "{time:?}");
    }
    world.sample(0, Some(40_000));
    assert_eq!(world.phase(0), Phase::Live);
    assert_eq!(world.row(0).figures.fps, Some(25.0));
}

#[test]
fn no_progress_within_the_grace_fails_the_start() {
    let mut world = World::one();
    world.spawned(0);
    world.pass(millis(29_999));
    assert_eq!(world.phase(0), Phase::Starting);
    world.pass(millis(1));
    assert_eq!(world.phase(0), Phase::Stopping);
    assert_eq!(&*world.row(0).reason, "no progress within 30 s");
    world.exits(0, 255);
    assert_eq!((world.phase(0), world.row(0).failures), (Phase::Backoff, 1));
}

#[test]
fn a_stalled_worker_is_replaced_and_counts_as_a_failure() {
    let mut world = World::one_live();
    world.pass(millis(19_999));
    assert_eq!(world.phase(0), Phase::Live);
    world.pass(millis(1));
    assert_eq!(world.phase(0), Phase::Stalled);
    assert_eq!(world.row(0).figures, Figures::default());
    let since = world.condition(0, ConditionKind::Stalled).unwrap().since;
    assert_eq!(since, Moment::ZERO, "since it last moved");
    assert_eq!(world.signals(), []);
    world.pass(millis(9_999));
    assert_eq!(world.signals(), []);
    world.pass(millis(1));
    assert_eq!((world.phase(0), world.signals()), (Phase::Stopping, vec![Signal::Term]));
    world.exits(0, 255);
    let row = world.row(0);
    assert_eq!((row.phase, row.failures), (Phase::Backoff, 1));
    assert_eq!(&*row.reason, "output time stood still for 30 s");
}

#[test]
fn blocks_that_do_not_move_are_a_stall_all_the_same() {
    let mut world = World::one_live();
    for _ in 0..20 {
        world.pass(secs(1));
        let still = world.time_us[0];
        world.sample(0, Some(still));
        world.sample(0, None);
    }
    assert_eq!(world.phase(0), Phase::Stalled);
}

#[test]
fn a_stall_that_ends_is_over() {
    let mut world = World::one_live();
    world.pass_until(0, Phase::Stalled);
    world.pass(secs(9));
    world.progress(0);
    assert_eq!((world.phase(0), world.row(0).failures), (Phase::Live, 0));
    assert_eq!(world.row(0).conditions, []);
    world.pass(secs(19));
    assert_eq!((world.phase(0), world.signals()), (Phase::Live, Vec::new()));
}

#[test]
fn a_stall_is_explained_by_what_was_said_before_it() {
    let mut world = World::one_live();
    world.pass_until(0, Phase::Stalled);
    world.line(0, FaultClass::ServerError, "HTTP error 503");
    world.pass_until(0, Phase::Stopping);
    assert_eq!(&*world.row(0).reason, "output time stood still for 30 s; server error (HTTP 5xx)");
    assert!(world.has(0, ConditionKind::Http5xx));
}

#[test]
fn progress_going_backwards_moves_on() {
    let mut world = World::one_live();
    world.pass_with_progress(50, &[0]);
    // The source started anew: its time stamps too.
    world.time_us[0] = -BLOCK_US;
    world.pass_with_progress(60, &[0]);
    assert_eq!((world.phase(0), world.row(0).failures), (Phase::Live, 0));
}

#[test]
fn a_live_worker_that_moves_is_left_alone() {
    let mut world = World::one_live();
    world.pass_with_progress(3_600, &[0]);
    assert_eq!(world.effects, []);
    assert_eq!((world.phase(0), world.row(0).conditions), (Phase::Live, Vec::new()));
}

#[test]
fn progress_after_the_order_to_end_brings_nothing_back() {
    let mut world = World::one_live();
    world.order(Action::Stop, 0);
    world.progress(0);
    world.line(0, FaultClass::Refused, "Exiting normally, received signal 15.");
    let row = world.row(0);
    assert_eq!((row.phase, row.figures, row.last_error), (Phase::Stopping, Figures::default(), None));
}

#[test]
fn a_condition_comes_and_goes_with_its_detector() {
    let mut world = World::one_live();
    let began = world.now;
    world.event(0, WorkerEvent::Detection { what: Detection::BlackBegan, began });
    world.pass_with_progress(9, &[0]);
    assert!(!world.has(0, ConditionKind::Black));
    world.pass_with_progress(1, &[0]);
    assert_eq!(world.condition(0, ConditionKind::Black).map(|c| c.since), Some(began));
    let now = world.now;
    world.event(0, WorkerEvent::Detection { what: Detection::BlackEnded, began: now });
    assert_eq!(world.row(0).conditions, []);
}

#[test]
fn what_was_seen_on_a_worker_ends_with_it() {
    let mut world = World::one_live();
    let began = world.now;
    world.event(0, WorkerEvent::Detection { what: Detection::BlackBegan, began });
    world.pass_with_progress(15, &[0]);
    world.exits(0, 1);
    assert!(!world.has(0, ConditionKind::Black) && world.has(0, ConditionKind::Exited));
    world.pass_until(0, Phase::Starting);
    world.goes_live(0);
    world.pass_with_progress(15, &[0]);
    assert_eq!(world.row(0).conditions, []);
}

#[test]
fn restored_wanted_wins_over_the_description() {
    let mut world = World::empty(Policy::default());
    let changed = Moment::from_millis(-5_000);
    let kept = |wanted| Some(Restored { wanted, restarts: 41, changed, cared: Cared::default() });
    world.add(spec("stopped"), kept(Wanted::Stopped));
    world.add(StreamSpec { wanted: Wanted::Stopped, ..spec("started") }, kept(Wanted::Started));
    world.add(StreamSpec { wanted: Wanted::Stopped, ..spec("new") }, None);
    assert_eq!(world.spawns(), [1]);
    world.pass(secs(600));
    let stopped = world.row(0);
    assert_eq!((stopped.phase, stopped.since, stopped.restarts), (Phase::Stopped, changed, 41));
    assert_eq!(world.phase(2), Phase::Stopped);
}

#[test]
fn restarts_are_counted_beyond_what_was_restored() {
    let mut world = World::empty(Policy::default());
    let (wanted, changed, cared) = (Wanted::Started, Moment::ZERO, Cared::default());
    let restored = Restored { wanted, restarts: 41, changed, cared };
    world.add(spec("a"), Some(restored));
    assert_eq!(world.row(0).restarts, 41, "the first start of this run is no restart");
    world.exits(0, 1);
    world.pass_until(0, Phase::Starting);
    assert_eq!(world.row(0).restarts, 42);
    assert_eq!(world.saved(0).map(|kept| kept.restarts), Some(42));
}

#[test]
fn a_stall_keeps_its_beginning_when_the_run_ends_of_it() {
    let mut world = World::one_live();
    world.pass_until(0, Phase::Stopping);
    world.exits(0, 255);
    let since = world.condition(0, ConditionKind::Stalled).map(|c| c.since);
    assert_eq!(since, Some(Moment::ZERO), "the same fault goes on");
}

#[test]
fn standing_still_shows_in_the_figures_before_it_is_a_stall() {
    let mut world = World::one_live();
    let figures = Figures { fps: Some(0.0), ..Figures::default() };
    let sample = Sample { out_time_us: Some(world.time_us[0]), figures, ..Sample::default() };
    world.event(0, WorkerEvent::Sample(sample));
    assert_eq!((world.phase(0), world.row(0).figures.fps), (Phase::Live, Some(0.0)));
}

/// A live stream whose worker says this speed each second.
fn runs_at(world: &mut World, speed: f32, seconds: u64) {
    for _ in 0..seconds {
        world.pass(secs(1));
        world.time_us[0] += 10 * BLOCK_US;
        let figures = Figures { fps: None, bitrate_kbps: None, speed: Some(speed) };
        let out_time_us = Some(world.time_us[0]);
        world.event(0, WorkerEvent::Sample(Sample { out_time_us, figures, ..Sample::default() }));
    }
}

#[test]
fn an_input_that_plays_in_a_loop_is_replaced_like_one_that_stands_still() {
    let mut world = World::one_live();
    runs_at(&mut world, 12.0, 29);
    assert_eq!(world.phase(0), Phase::Live, "at first what waited may come at once");
    runs_at(&mut world, 12.0, 17);
    assert_eq!(world.phase(0), Phase::Stalled);
    assert_eq!(&*world.row(0).reason, "output time runs far too fast: the input loops");
    assert_eq!(world.row(0).next, Some(world.now + secs(9)));
    runs_at(&mut world, 12.0, 10);
    assert_eq!(world.phase(0), Phase::Stopping);
    world.exits(0, 255);
    assert!(world.has(0, ConditionKind::Fast));
}

#[test]
fn one_that_only_catches_up_is_left_alone() {
    let mut world = World::one_live();
    runs_at(&mut world, 1.0, 40);
    for _ in 0..5 {
        runs_at(&mut world, 12.0, 10);
        runs_at(&mut world, 1.0, 2);
    }
    assert_eq!((world.phase(0), world.row(0).restarts), (Phase::Live, 0));
}

#[test]
fn the_operators_own_arguments_may_run_as_fast_as_they_like() {
    let mut world = World::empty(Policy::default());
    world.add(StreamSpec { mode: Mode::Run, ..spec("relay") }, None);
    world.goes_live(0);
    runs_at(&mut world, 20.0, 120);
    assert_eq!((world.phase(0), world.row(0).restarts), (Phase::Live, 0));
}
