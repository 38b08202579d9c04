//! Stopping, restarting, leaving.

use super::*;

#[test]
fn a_stopped_stream_is_never_started_again_by_itself() {
    for phase in [Phase::Queued, Phase::Starting, Phase::Live, Phase::Stalled, Phase::Backoff, Phase::Broken]
    {
        let slots = if phase == Phase::Queued { Some(1) } else { None };
        let mut world = World::with(Policy { slots, ..Policy::default() }, 2);
        let ix = 1;
        match phase {
            Phase::Queued => {}
            Phase::Starting => world.spawned(ix),
            Phase::Live => world.goes_live(ix),
            Phase::Stalled => {
                world.goes_live(ix);
                world.pass_until(ix, Phase::Stalled);
            }
            Phase::Backoff => world.exits(ix, 1),
            _ => world.spawn_failed(ix, true),
        }
        assert_eq!(world.phase(ix), phase);
        world.order(Action::Stop, ix);
        if world.phase(ix) == Phase::Stopping {
            world.exits(ix, 255);
        }
        assert_eq!(world.phase(ix), Phase::Stopped, "stopped while {phase:?}");
        world.effects.clear();
        // The other stream's slot comes free, and any timer that was left would have run out.
        world.spawn_failed(0, true);
        world.pass(secs(1_200));
        assert!(!world.spawns().contains(&ix), "stopped while {phase:?}");
        assert_eq!(world.phase(ix), Phase::Stopped);
        assert_eq!(world.row(ix).next, None);
    }
}

#[test]
fn term_then_term_then_kill() {
    let mut world = World::one_live();
    world.order(Action::Stop, 0);
    assert_eq!(world.phase(0), Phase::Stopping);
    assert_eq!(world.signals(), [Signal::Term]);
    world.pass(millis(1_999));
    assert_eq!(world.signals(), [Signal::Term]);
    world.pass(millis(1));
    assert_eq!(world.signals(), [Signal::Term, Signal::Term]);
    world.pass(millis(2_999));
    assert_eq!(world.signals().len(), 2);
    world.pass(millis(1));
    assert_eq!(world.signals(), [Signal::Term, Signal::Term, Signal::Kill]);
    assert!(world.row(0).last_message.contains("killed"));
    // A process in an uninterruptible wait is killed again, seldom.
    world.pass(secs(10));
    assert_eq!(world.signals().len(), 5);
    world.exits(0, 255);
    world.effects.clear();
    world.pass(secs(60));
    assert_eq!(world.effects, [], "nobody is signalled after the end");
}

#[test]
fn a_second_stop_does_not_hurry_the_first() {
    let mut world = World::one_live();
    assert_eq!(world.order(Action::Stop, 0), 1);
    assert_eq!(world.order(Action::Stop, 0), 0, "nothing left to change");
    assert_eq!(world.signals(), [Signal::Term]);
}

#[test]
fn stop_while_being_born_is_told_once_the_pid_is_known() {
    let mut world = World::one();
    world.order(Action::Stop, 0);
    assert_eq!(world.phase(0), Phase::Stopping);
    world.pass(secs(60));
    assert_eq!(world.signals(), [], "there is nobody to tell yet");
    world.spawned(0);
    assert_eq!(world.signals(), [Signal::Term]);
    world.pass(secs(2));
    assert_eq!(world.signals(), [Signal::Term, Signal::Term]);
}

#[test]
fn stop_while_being_born_and_the_birth_fails() {
    let mut world = World::one();
    world.order(Action::Stop, 0);
    world.spawn_failed(0, false);
    assert_eq!(world.phase(0), Phase::Stopped);
    assert_eq!(world.core.pool().busy, 0);
    assert_eq!(world.row(0).failures, 0, "an end that was asked for is no failure");
}

#[test]
fn an_end_that_was_asked_for_is_no_failure() {
    let mut world = World::one_live();
    world.order(Action::Stop, 0);
    world.exits(0, 255);
    let row = world.row(0);
    assert_eq!((row.phase, row.failures, row.last_error), (Phase::Stopped, 0, None));
    assert_eq!(row.conditions, []);
}

#[test]
fn stop_then_start_while_stopping_starts_anew() {
    let mut world = World::one_live();
    world.order(Action::Stop, 0);
    assert_eq!(world.order(Action::Start, 0), 1);
    assert_eq!(world.saved(0).map(|kept| kept.wanted), Some(Wanted::Started));
    assert!(world.spawns().is_empty(), "one worker at a time");
    world.exits(0, 255);
    assert_eq!(world.spawns(), [0]);
    assert_eq!(world.phase(0), Phase::Starting);
}

#[test]
fn start_stop_start_stop_while_stopping_stays_stopped() {
    let mut world = World::one_live();
    for action in [Action::Stop, Action::Start, Action::Stop, Action::Start, Action::Stop] {
        world.order(action, 0);
    }
    world.exits(0, 255);
    assert_eq!(world.phase(0), Phase::Stopped);
    assert!(world.spawns().is_empty());
    assert_eq!(world.saved(0).map(|kept| kept.wanted), Some(Wanted::Stopped));
}

#[test]
fn restart_ends_the_worker_and_starts_a_new_one_with_nothing_held_against_it() {
    let mut world = World::one();
    world.spawned(0);
    world.exits(0, 1);
    world.pass_until(0, Phase::Starting);
    world.goes_live(0);
    assert_eq!((world.row(0).failures, world.stream(0).inputs.current()), (1, 1));
    world.order(Action::Restart, 0);
    assert_eq!(world.phase(0), Phase::Stopping);
    world.effects.clear();
    world.exits(0, 255);
    assert_eq!(world.spawns(), [0], "at once");
    let row = world.row(0);
    assert_eq!((row.failures, row.restarts), (0, 2));
    assert_eq!(world.stream(0).inputs.current(), 0, "the primary input again");
}

#[test]
fn restart_while_stopping_starts_anew() {
    let mut world = World::one_live();
    world.order(Action::Stop, 0);
    world.order(Action::Restart, 0);
    assert_eq!(world.row(0).wanted, Wanted::Started);
    world.exits(0, 255);
    assert_eq!(world.spawns(), [0]);
}

#[test]
fn restart_does_not_wait_for_the_backoff() {
    let mut world = World::one();
    world.spawn_failed(0, true);
    assert_eq!(world.phase(0), Phase::Broken);
    world.effects.clear();
    world.order(Action::Restart, 0);
    assert_eq!(world.spawns(), [0]);
    world.spawn_failed(0, false);
    world.effects.clear();
    world.order(Action::Start, 0);
    assert_eq!(world.spawns(), [0], "start does not either");
}

#[test]
fn start_leaves_a_running_worker_alone() {
    let mut world = World::one_live();
    assert_eq!(world.order(Action::Start, 0), 0);
    assert_eq!(world.effects, []);
}

#[test]
fn a_command_for_all_touches_all_in_the_order_of_the_configuration() {
    let mut world = World::with(Policy::default(), 12);
    assert_eq!(world.command(Action::Stop, Selection::All), 12);
    for ix in 0..10 {
        world.spawn_failed(ix, false);
    }
    world.effects.clear();
    world.pass(secs(10));
    assert_eq!(world.command(Action::Start, Selection::All), 12);
    world.pass(secs(10));
    assert_eq!(world.spawns(), (0..12).collect::<Vec<_>>());
}

#[test]
fn a_command_names_a_stream_twice_and_one_that_is_not_there() {
    let mut world = World::one_live();
    let ids = ["s0", "nobody", "s0"].map(|id| StreamId::new(id).unwrap()).to_vec();
    assert_eq!(world.command(Action::Restart, Selection::Ids(ids)), 1);
}

#[test]
fn shutdown_ends_the_workers_and_keeps_what_is_wanted() {
    let policy = Policy { slots: Some(3), ..Policy::default() };
    let mut world = World::with(policy, 5);
    world.goes_live(0);
    world.spawned(1);
    world.spawn_failed(2, false);
    assert_eq!(world.phase(3), Phase::Starting);
    world.order(Action::Stop, 4);
    world.effects.clear();
    world.handle(Input::Shutdown);
    assert_eq!(world.signals(), [Signal::Term; 2], "the third is still being born");
    assert_eq!(world.core.workers_left(), 3);
    assert!(!world.core.is_done());
    world.exits(0, 255);
    world.exits(1, 255);
    world.spawned(3);
    assert_eq!(world.signals(), [Signal::Term; 3]);
    world.exits(3, 255);
    assert!(world.core.is_done());
    world.pass(secs(1_200));
    assert!(world.spawns().is_empty());
    for ix in 0..5 {
        let wanted = if ix == 4 { Wanted::Stopped } else { Wanted::Started };
        assert_eq!(world.stream(ix).kept().wanted, wanted);
        assert_eq!(world.phase(ix), Phase::Stopped);
    }
    assert_eq!(world.core.kept().filter(|(_, kept)| kept.wanted == Wanted::Started).count(), 4);
}

#[test]
fn no_command_is_taken_while_leaving() {
    let mut world = World::one_live();
    world.handle(Input::Shutdown);
    for action in [Action::Start, Action::Stop, Action::Restart] {
        assert_eq!(world.order(action, 0), 0);
    }
    world.exits(0, 255);
    assert!(world.spawns().is_empty());
    assert_eq!(world.stream(0).kept().wanted, Wanted::Started);
}

#[test]
fn a_restart_under_way_is_not_finished_while_leaving() {
    let mut world = World::one_live();
    world.order(Action::Restart, 0);
    world.handle(Input::Shutdown);
    world.exits(0, 255);
    assert!(world.spawns().is_empty());
    assert!(world.core.is_done());
}

#[test]
fn hurry_kills() {
    let mut world = World::with(Policy::default(), 2);
    world.goes_live(0);
    world.handle(Input::Shutdown);
    world.effects.clear();
    world.handle(Input::Hurry);
    assert_eq!(world.signals(), [Signal::Kill]);
    // The one that is being born is killed as soon as it can be.
    world.spawned(1);
    assert_eq!(world.signals(), [Signal::Kill; 2]);
}

#[test]
fn hurry_spares_who_was_not_asked_to_end() {
    let mut world = World::one_live();
    world.handle(Input::Hurry);
    assert_eq!(world.effects, []);
}

#[test]
fn late_words_of_an_old_worker_are_ignored() {
    let mut world = World::one_live();
    let old = world.generation(0);
    world.order(Action::Restart, 0);
    world.exits(0, 255);
    world.spawned(0);
    assert_eq!(world.phase(0), Phase::Starting);
    let _ = world.core.drain_changes(true);
    let before = world.row(0);
    world.effects.clear();
    let sample = Sample { out_time_us: Some(99 * BLOCK_US), ..Sample::default() };
    let line = WorkerEvent::Line {
        level: LineLevel::Error,
        class: Some(FaultClass::NotFound),
        text: "404".into(),
        repeats: 1,
    };
    let late = [
        WorkerEvent::Spawned { pid: 9 },
        WorkerEvent::Sample(sample),
        WorkerEvent::Detection { what: Detection::BlackBegan, began: Moment::ZERO },
        WorkerEvent::Tracks(Tracks::default()),
        line,
        WorkerEvent::Dropped { total: 5 },
        WorkerEvent::SpawnFailed { error: "x".into(), needs_edit: true },
        WorkerEvent::Exited(WorkerEnd::Code(0)),
    ];
    for event in late {
        world.event_of(0, old, event);
    }
    assert_eq!(world.row(0), before);
    assert_eq!(world.effects, []);
    assert!(!world.core.has_changes(), "nothing changed, so no row is drawn anew");
    // Nor does anybody mind a stream that is not there.
    world.event_of(99, old, WorkerEvent::Spawned { pid: 1 });
}

#[test]
fn a_stream_added_while_leaving_is_not_started() {
    let mut world = World::one_live();
    world.handle(Input::Shutdown);
    world.add(spec("late"), None);
    assert_eq!(world.phase(1), Phase::Stopped);
    assert!(world.spawns().is_empty());
    assert_eq!(world.stream(1).kept().wanted, Wanted::Started);
}

#[test]
fn a_start_that_takes_a_stop_back_holds_nothing_against_the_stream() {
    let mut world = World::one();
    world.spawned(0);
    world.exits(0, 1);
    world.pass_until(0, Phase::Starting);
    world.order(Action::Stop, 0);
    world.order(Action::Start, 0);
    world.spawned(0);
    world.exits(0, 255);
    assert_eq!((world.row(0).failures, world.stream(0).inputs.current()), (0, 0), "as from stopped");
}
