//! What streams share: slots, the pace of starts, the queue.

use super::*;

#[test]
fn slots_are_never_exceeded() {
    let mut world = World::with(Policy { slots: Some(2), ..Policy::default() }, 5);
    assert_eq!(world.spawns(), [0, 1]);
    assert_eq!((world.core.pool().busy, world.core.pool().queued), (2, 3));
    world.goes_live(0);
    world.pass_with_progress(25, &[0]);
    assert_eq!(world.spawns(), [0, 1], "a live worker keeps its slot");
    world.exits(1, 1);
    assert_eq!(world.spawns(), [0, 1, 2], "a stream in backoff gives its slot away");
}

#[test]
fn a_stopping_worker_still_holds_its_slot() {
    let mut world = World::with(Policy { slots: Some(1), ..Policy::default() }, 2);
    world.goes_live(0);
    world.order(Action::Stop, 0);
    assert_eq!(world.spawns(), [0]);
    world.exits(0, 255);
    assert_eq!(world.spawns(), [0, 1]);
}

#[test]
fn the_machines_limit_is_stronger_than_the_wish_for_slots() {
    let mut world = World::empty(Policy { slots: Some(50), ..Policy::default() });
    world.core = Supervisor::new(world.core.policy.clone(), 2, 7);
    for n in 0..4 {
        world.add(spec(&format!("s{n}")), None);
    }
    assert_eq!(world.core.pool().slots, 2);
    assert_eq!(world.spawns(), [0, 1]);
}

#[test]
fn no_more_than_start_parallel_are_in_starting() {
    let policy = Policy { start_parallel: 3, starts_per_second: 100, ..Policy::default() };
    let mut world = World::with(policy, 6);
    assert_eq!(world.spawns(), [0, 1, 2]);
    world.pass(secs(10));
    assert_eq!(world.spawns(), [0, 1, 2]);
    world.goes_live(1);
    assert_eq!(world.spawns(), [0, 1, 2, 3]);
    world.exits(0, 1);
    assert_eq!(world.spawns(), [0, 1, 2, 3, 4]);
    world.order(Action::Stop, 2);
    assert_eq!(world.spawns(), [0, 1, 2, 3, 4, 5], "a start that is called off makes room");
}

#[test]
fn starts_are_paced_by_the_budget() {
    let policy = Policy { start_parallel: 1_000, starts_per_second: 10, ..Policy::default() };
    let mut world = World::with(policy, 40);
    assert_eq!(world.spawns().len(), 10, "the bucket");
    world.pass(millis(99));
    assert_eq!(world.spawns().len(), 10);
    world.pass(millis(1));
    assert_eq!(world.spawns().len(), 11);
    world.pass(secs(1));
    assert_eq!(world.spawns().len(), 21);
}

#[test]
fn the_queue_is_fair() {
    let policy = Policy { slots: Some(2), starts_per_second: 100, ..Policy::default() };
    let mut world = World::with(policy, 6);
    // Each start fails at once: everybody gets a turn before anybody gets a second one.
    let mut turns = Vec::new();
    while turns.len() < 6 {
        let spawns = world.spawns();
        world.effects.clear();
        for ix in spawns {
            turns.push(ix);
            world.exits(ix, 1);
        }
        world.pass(millis(10));
    }
    assert_eq!(turns, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn who_is_stopped_and_started_again_goes_to_the_end_of_the_queue() {
    let mut world = World::with(Policy { slots: Some(1), ..Policy::default() }, 4);
    world.order(Action::Stop, 1);
    assert_eq!(world.core.pool().queued, 2);
    for _ in 0..3 {
        world.order(Action::Start, 1);
        world.order(Action::Start, 1);
        world.order(Action::Restart, 1);
        assert_eq!(world.core.pool().queued, 3, "once in the queue, however often it is asked for");
        world.order(Action::Stop, 1);
    }
    world.order(Action::Start, 1);
    for ix in [0, 2, 3] {
        world.spawn_failed(ix, true);
    }
    assert_eq!(world.spawns(), [0, 2, 3, 1]);
}

#[test]
fn an_id_that_is_there_already_is_refused() {
    let mut world = World::one();
    let again = world.core.add(world.now, spec("s0"), None, &mut world.effects);
    assert_eq!(again, Err(StreamIx(0)));
    assert_eq!(world.core.streams.len(), 1);
}

#[test]
fn the_next_deadline_waits_for_the_budget_only_when_there_is_room() {
    let policy = Policy { slots: Some(20), starts_per_second: 2, ..Policy::default() };
    let mut world = World::with(policy, 4);
    assert_eq!(world.core.next_deadline(world.now), Some(world.now + millis(500)));
    world.pass(millis(1_000));
    assert_eq!(world.spawns().len(), 4);
    assert_eq!(world.core.next_deadline(world.now), Some(Moment::ZERO + secs(30)), "the first grace");
    world.core.policy.slots = Some(4);
    world.add(spec("late"), None);
    assert_eq!(world.core.next_deadline(world.now), Some(Moment::ZERO + secs(30)));
}

#[test]
fn who_waits_is_in_the_queue_and_nobody_else() {
    let mut world = World::with(Policy { slots: Some(1), ..Policy::default() }, 2_000);
    assert_eq!(world.core.pool().queued, 1_999);
    world.command(Action::Stop, Selection::All);
    assert_eq!(world.core.pool().queued, 0);
    world.command(Action::Start, Selection::All);
    assert_eq!(world.core.pool().queued, 1_999, "the first is still ending");
    world.handle(Input::Shutdown);
    assert_eq!(world.core.pool().queued, 0);
}

#[test]
fn times_of_nothing_at_all_keep_nobody_waiting() {
    let nothing = Duration::ZERO;
    let policy = Policy {
        backoff_first: nothing,
        backoff_cap: nothing,
        backoff_reset: nothing,
        broken_retry: nothing,
        stop_again: nothing,
        stop_kill: nothing,
        ..Policy::default()
    };
    let thresholds =
        Thresholds { start_grace: nothing, stall: nothing, stall_restart: nothing, ..Thresholds::default() };
    let mut world = World::empty(policy);
    for n in 0..3 {
        world.add(StreamSpec { thresholds: thresholds.clone(), ..spec(&format!("s{n}")) }, None);
    }
    for _ in 0..200 {
        for ix in 0..3 {
            match world.phase(ix) {
                Phase::Starting => world.goes_live(ix),
                Phase::Stopping => world.exits(ix, 255),
                _ => {}
            }
        }
        world.now = world.now + millis(50);
        world.handle(Input::Tick);
    }
    assert!(world.spawns().len() > 20, "they are started again and again, as fast as the budget allows");
}

#[test]
fn a_tick_looks_at_a_stream_once() {
    let policy = Policy { stop_again: Duration::ZERO, stop_kill: Duration::ZERO, ..Policy::default() };
    let mut world = World::with(policy, 1);
    world.goes_live(0);
    world.order(Action::Stop, 0);
    assert_eq!(world.signals(), [Signal::Term]);
    world.pass(millis(1));
    assert_eq!(world.signals(), [Signal::Term; 2], "what is due at once waits for the next tick");
    world.pass(millis(1));
    assert_eq!(world.signals(), [Signal::Term, Signal::Term, Signal::Kill]);
}

#[test]
fn restarting_everything_leaves_alone_what_was_stopped_on_purpose() {
    let mut world = World::with(Policy::default(), 3);
    world.order(Action::Stop, 1);
    world.spawned(1);
    world.exits(1, 255);
    assert_eq!(world.phase(1), Phase::Stopped);
    assert_eq!(world.command(Action::Restart, Selection::All), 2);
    assert_eq!(world.phase(1), Phase::Stopped);
    assert_eq!(world.order(Action::Restart, 1), 1, "named, it is meant");
    assert_ne!(world.phase(1), Phase::Stopped);
}
