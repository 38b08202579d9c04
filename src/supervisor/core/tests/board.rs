//! What the board is told, and when.

use super::*;

#[test]
fn changes_are_drained_once() {
    let mut world = World::with(Policy::default(), 3);
    assert!(world.core.has_changes());
    let changes = world.core.drain_changes(false);
    assert_eq!(changes.rows.len(), 3);
    assert_eq!(changes.pool.map(|pool| pool.busy), Some(3));
    assert!(!world.core.has_changes());
    assert_eq!(world.core.drain_changes(true), Changes::default());
}

#[test]
fn figures_alone_are_not_urgent() {
    let mut world = World::one_live();
    let _ = world.core.drain_changes(true);
    world.progress(0);
    world.event(0, WorkerEvent::Dropped { total: 3 });
    assert!(!world.core.has_changes());
    assert_eq!(world.core.drain_changes(false).rows, []);
    let rows = world.core.drain_changes(true).rows;
    assert_eq!(rows.iter().map(|row| row.lines_dropped).collect::<Vec<_>>(), [3]);
    assert_eq!(world.core.drain_changes(true).rows, []);
}

#[test]
fn a_row_drained_as_urgent_is_not_drained_again_for_its_figures() {
    let mut world = World::one_live();
    let _ = world.core.drain_changes(true);
    world.progress(0);
    world.line(0, FaultClass::NotFound, "404");
    assert_eq!(world.core.drain_changes(false).rows.len(), 1);
    assert_eq!(world.core.drain_changes(true).rows, []);
}

#[test]
fn a_block_that_changes_phase_or_conditions_is_urgent() {
    let mut world = World::one();
    world.spawned(0);
    let _ = world.core.drain_changes(true);
    world.progress(0);
    assert_eq!(world.core.drain_changes(false).rows.len(), 1, "it is live");
    let began = world.now;
    world.event(0, WorkerEvent::Detection { what: Detection::BlackBegan, began });
    let _ = world.core.drain_changes(true);
    // The clock has passed the threshold and no tick came: the block shows it.
    world.now = world.now + secs(11);
    world.progress(0);
    assert_eq!(world.core.drain_changes(false).rows.len(), 1, "it is black");
}

#[test]
fn a_row_tells_its_phase_why_and_what_comes_next() {
    let reason_and_next = |world: &World, ix: u32| {
        let row = world.row(ix);
        (row.reason.to_string(), row.next.map(|at| world.now.until(at)))
    };
    let mut world = World::with(Policy { slots: Some(1), ..Policy::default() }, 2);
    assert_eq!(reason_and_next(&world, 1), ("waits for its turn to start".into(), None));
    assert_eq!(reason_and_next(&world, 0), ("waits for the first progress".into(), Some(secs(30))));
    assert_eq!(world.row(0).started, Some(world.now));
    world.goes_live(0);
    assert_eq!(reason_and_next(&world, 0), (String::new(), None));
    assert_eq!(world.row(0).pid, Some(1_000));
    world.pass_until(0, Phase::Stalled);
    assert_eq!(reason_and_next(&world, 0), ("output time stands still".into(), Some(secs(10))));
    assert_eq!(world.row(0).since, world.now);
    world.order(Action::Restart, 0);
    assert_eq!(reason_and_next(&world, 0), ("restarted by the operator".into(), Some(secs(2))));
    world.order(Action::Stop, 0);
    assert_eq!(reason_and_next(&world, 0).0, "stopped by the operator");
    world.order(Action::Start, 0);
    assert_eq!(reason_and_next(&world, 0).0, "ends its old worker, then starts");
    world.exits(0, 255);
    assert_eq!(reason_and_next(&world, 0), ("waits for its turn to start".into(), None));
    assert_eq!((world.row(0).pid, world.row(0).started), (None, None));
    world.spawn_failed(1, true);
    let (reason, next) = reason_and_next(&world, 1);
    assert_eq!(reason, "could not be started: no such file");
    assert!(next.is_some_and(|wait| wait >= secs(225)));
    world.order(Action::Stop, 0);
    world.exits(0, 255);
    assert_eq!(reason_and_next(&world, 0), ("stopped by the operator".into(), None));
    world.handle(Input::Shutdown);
    assert_eq!(reason_and_next(&world, 1), ("headend is leaving".into(), None));
}

#[test]
fn secrets_of_an_input_are_not_shown() {
    let mut world = World::empty(Policy::default());
    let inputs = vec!["http://user:canary@a.example/live".into()];
    world.add(StreamSpec { inputs, ..spec("a") }, None);
    assert!(!world.row(0).input.contains("canary"), "{}", world.row(0).input);
}

#[test]
fn dropped_lines_are_counted_over_all_workers() {
    let mut world = World::one_live();
    world.event(0, WorkerEvent::Dropped { total: 3 });
    world.exits(0, 1);
    world.pass_until(0, Phase::Starting);
    world.event(0, WorkerEvent::Dropped { total: 2 });
    world.event(0, WorkerEvent::Dropped { total: 4 });
    assert_eq!(world.row(0).lines_dropped, 7);
}

#[test]
fn a_restart_that_takes_a_stop_back_is_saved_at_once() {
    let mut world = World::one_live();
    world.order(Action::Stop, 0);
    world.effects.clear();
    world.order(Action::Restart, 0);
    assert_eq!(world.saved(0).map(|kept| kept.wanted), Some(Wanted::Started));
}

#[test]
fn nothing_is_saved_twice() {
    let mut world = World::one_live();
    world.order(Action::Stop, 0);
    world.exits(0, 255);
    world.order(Action::Start, 0);
    world.goes_live(0);
    world.exits(0, 1);
    let saves: Vec<Kept> = world
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Save { kept, .. } => Some(kept.clone()),
            _ => None,
        })
        .collect();
    for pair in saves.windows(2) {
        assert_ne!(pair[0], pair[1]);
    }
    assert_eq!(saves.last().map(|kept| kept.phase), Some(Phase::Backoff));
}

#[test]
fn what_changes_nothing_visible_marks_nothing() {
    let mut world = World::one_live();
    let both = Tracks { video: true, audio: true };
    let _ = world.core.drain_changes(true);
    let began = world.now;
    world.event(0, WorkerEvent::Tracks(both));
    world.event(0, WorkerEvent::Detection { what: Detection::BlackBegan, began });
    world.event(0, WorkerEvent::Detection { what: Detection::BlackEnded, began });
    world.event(0, WorkerEvent::Dropped { total: 0 });
    world.sample(0, None);
    world.order(Action::Start, 0);
    world.handle(Input::Hurry);
    world.handle(Input::Tick);
    let fired = world.ticks_while_moving(19);
    assert!(fired > 0, "a timer came early and found nothing to do");
    let same = world.row(0).figures;
    world.progress(0);
    assert_eq!(world.row(0).figures, same);
    assert_eq!(world.core.drain_changes(true).rows, []);
}

#[test]
fn a_forgiven_failure_shows_at_once() {
    let mut world = World::one_live();
    world.exits(0, 1);
    world.pass_until(0, Phase::Starting);
    world.goes_live(0);
    world.pass_with_progress(119, &[0]);
    let _ = world.core.drain_changes(true);
    world.pass(secs(1));
    let rows = world.core.drain_changes(false).rows;
    assert_eq!(rows.iter().map(|row| row.failures).collect::<Vec<_>>(), [0]);
}

#[test]
fn the_next_signal_shows_at_once() {
    let mut world = World::one_live();
    world.order(Action::Stop, 0);
    let _ = world.core.drain_changes(true);
    world.pass(secs(2));
    assert_eq!(world.core.drain_changes(false).rows.len(), 1);
}

#[test]
fn a_stop_that_takes_a_restart_back_is_saved_at_once() {
    let mut world = World::one_live();
    world.order(Action::Restart, 0);
    world.effects.clear();
    world.order(Action::Stop, 0);
    assert_eq!(world.saved(0).map(|kept| kept.wanted), Some(Wanted::Stopped));
}

fn usage(cpu_percent: f32) -> Usage {
    Usage { cpu_percent, memory_bytes: 1 << 20, open_files: 9 }
}

#[test]
fn what_a_worker_takes_is_a_figure_and_goes_with_it() {
    let mut world = World::one_live();
    let generation = world.generation(0);
    let measure = |world: &mut World, generation, usage| {
        world.handle(Input::Usage(vec![(StreamIx(0), generation, usage)]));
    };
    let _ = world.core.drain_changes(true);
    measure(&mut world, generation, usage(3.0));
    assert!(!world.core.has_changes(), "in no hurry");
    assert_eq!(world.core.drain_changes(false).rows, []);
    let rows = world.core.drain_changes(true).rows;
    assert_eq!(rows.iter().map(|row| row.usage).collect::<Vec<_>>(), [Some(usage(3.0))]);
    measure(&mut world, generation, usage(3.0));
    assert_eq!(world.core.drain_changes(true).rows, [], "the same again is no news");
    measure(&mut world, Generation(generation.0 + 1), usage(9.0));
    assert_eq!(world.row(0).usage, Some(usage(3.0)), "another one's");

    world.exits(0, 1);
    assert_eq!(world.row(0).usage, None);
    world.pass_until(0, Phase::Starting);
    measure(&mut world, generation, usage(9.0));
    assert_eq!(world.row(0).usage, None, "a late word on the worker before");
}

#[test]
fn what_a_probe_takes_is_not_the_worker_s() {
    let mut world = World::one();
    world.spawned(0);
    world.exits(0, 1);
    world.pass_until(0, Phase::Starting);
    world.goes_live(0);
    let serves = world.generation(0);
    let probes = |world: &World| world.stream(0).probe.worker().map(|worker| worker.generation);
    for _ in 0..1_000 {
        world.pass_with_progress(1, &[0]);
        if probes(&world).is_some() {
            break;
        }
    }
    let probe = probes(&world).unwrap();
    let measured = [(probe, usage(7.0)), (serves, usage(2.0)), (probe, usage(7.0))];
    let measured = measured.map(|(generation, usage)| (StreamIx(0), generation, usage));
    world.handle(Input::Usage(measured.into()));
    assert_eq!(world.row(0).usage, Some(usage(2.0)));
}
