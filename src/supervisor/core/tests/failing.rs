//! Failures: backoff, the circuit, the next input, the words for it.

use super::*;

/// Fails the stream's next `count` starts at once; says how long each wait was.
fn failures(world: &mut World, count: usize) -> Vec<(Phase, Duration)> {
    (0..count)
        .map(|_| {
            world.pass_until(0, Phase::Starting);
            world.spawned(0);
            world.exits(0, 1);
            let row = world.row(0);
            (row.phase, world.now.until(row.next.unwrap()))
        })
        .collect()
}

#[test]
fn exit_code_0_of_a_live_input_is_a_failure() {
    let mut world = World::one_live();
    world.exits(0, 0);
    let row = world.row(0);
    assert_eq!((row.phase, row.failures), (Phase::Backoff, 1));
    assert_eq!(&*row.reason, "the stream ended (exit code 0)");
    assert!(world.has(0, ConditionKind::Exited));
    assert_eq!(row.pid, None);
}

#[test]
fn the_wait_is_over_exactly_when_the_row_says() {
    let mut world = World::one_live();
    world.exits(0, 1);
    let next = world.row(0).next.unwrap();
    assert!((millis(750)..=millis(1_250)).contains(&world.now.until(next)));
    world.effects.clear();
    world.pass(world.now.until(next).saturating_sub(millis(1)));
    assert!(world.spawns().is_empty());
    world.pass(millis(1));
    assert_eq!(world.spawns(), [0]);
    assert_eq!(world.row(0).next, Some(world.now + Thresholds::default().start_grace));
}

#[test]
fn ten_failures_break_and_a_broken_stream_is_tried_for_ever() {
    let mut world = World::one();
    let seen = failures(&mut world, 60);
    for (n, (phase, wait)) in seen.iter().enumerate() {
        if n < 9 {
            assert_eq!(*phase, Phase::Backoff, "failure {n}");
        } else {
            assert_eq!(*phase, Phase::Broken, "failure {n}");
            assert!((secs(225)..=secs(375)).contains(wait), "{wait:?}");
        }
    }
    assert_eq!(world.row(0).failures, 60);
}

#[test]
fn a_circuit_once_open_stays_open_until_there_is_progress() {
    let mut world = World::one();
    failures(&mut world, 10);
    world.pass_until(0, Phase::Starting);
    world.goes_live(0);
    world.pass_with_progress(60, &[0]);
    world.exits(0, 1);
    assert_eq!(world.phase(0), Phase::Broken, "a minute of progress is not enough");
    world.pass_until(0, Phase::Starting);
    world.goes_live(0);
    world.pass_with_progress(121, &[0]);
    world.exits(0, 1);
    assert_eq!(world.phase(0), Phase::Backoff);
}

#[test]
fn failures_are_forgotten_after_stable_progress() {
    let mut world = World::one();
    failures(&mut world, 3);
    world.pass_until(0, Phase::Starting);
    world.goes_live(0);
    world.pass_with_progress(119, &[0]);
    assert_eq!(world.row(0).failures, 3);
    world.pass_with_progress(2, &[0]);
    assert_eq!(world.row(0).failures, 0);
    world.exits(0, 1);
    assert_eq!(world.row(0).failures, 1);
    assert!(world.now.until(world.row(0).next.unwrap()) <= millis(1_250));
}

#[test]
fn a_stall_starts_the_stable_time_anew() {
    let mut world = World::one();
    failures(&mut world, 1);
    world.pass_until(0, Phase::Starting);
    world.goes_live(0);
    world.pass_with_progress(100, &[0]);
    world.pass_until(0, Phase::Stalled);
    world.progress(0);
    world.pass_with_progress(100, &[0]);
    assert_eq!(world.row(0).failures, 1);
    world.pass_with_progress(21, &[0]);
    assert_eq!(world.row(0).failures, 0);
}

#[test]
fn mere_life_without_progress_forgives_nothing() {
    let mut world = World::empty(Policy::default());
    let thresholds = Thresholds { start_grace: secs(300), ..Thresholds::default() };
    world.add(StreamSpec { thresholds, ..spec("slow") }, None);
    failures(&mut world, 2);
    world.pass_until(0, Phase::Starting);
    world.spawned(0);
    for _ in 0..200 {
        world.pass(secs(1));
        world.sample(0, None);
    }
    assert_eq!((world.phase(0), world.row(0).failures), (Phase::Starting, 2));
}

#[test]
fn the_next_input_is_tried_after_a_failure() {
    let mut world = World::one();
    let mut inputs = Vec::new();
    for _ in 0..3 {
        world.pass_until(0, Phase::Starting);
        inputs.extend(world.effects.drain(..).filter_map(|effect| match effect {
            Effect::Spawn { input, .. } => Some(input),
            _ => None,
        }));
        world.exits(0, 1);
    }
    assert_eq!(inputs, [0, 1, 0]);
    assert_eq!(&*world.row(0).input, "http://b.example/live");
}

#[test]
fn a_stream_without_inputs_fails_and_is_tried_again() {
    let mut world = World::empty(Policy::default());
    world.add(StreamSpec { inputs: Vec::new(), mode: Mode::Run, ..spec("relay") }, None);
    world.exits(0, 1);
    assert_eq!(world.phase(0), Phase::Backoff);
    assert_eq!(&*world.row(0).input, "");
    world.pass_until(0, Phase::Starting);
}

#[test]
fn what_only_an_edit_can_mend_is_not_hurried() {
    let mut world = World::one();
    world.spawn_failed(0, true);
    assert_eq!(world.phase(0), Phase::Broken);
    assert!(world.has(0, ConditionKind::NotStarted));
    assert_eq!(&*world.row(0).reason, "could not be started: no such file");

    let mut world = World::one();
    world.spawned(0);
    world.line(0, FaultClass::BadArgument, "Unrecognized option 'x'");
    world.line(0, FaultClass::BadArgument, "Error splitting the argument list: Option not found");
    world.exits(0, 1);
    assert_eq!(world.phase(0), Phase::Broken);
    assert_eq!(&*world.row(0).reason, "FFmpeg refuses: Unrecognized option 'x'", "which one it is");
}

#[test]
fn a_faulty_line_explains_an_end_only_while_it_is_new() {
    let mut world = World::one_live();
    world.line(0, FaultClass::NotFound, "HTTP error 404 Not Found");
    world.exits(0, 8);
    assert_eq!(&*world.row(0).reason, "not found (HTTP 4xx)");
    assert_eq!(world.row(0).last_error.as_deref(), Some("not found (HTTP 4xx) (exit code 8)"));
    assert!(world.has(0, ConditionKind::Http4xx));

    let mut world = World::one_live();
    world.line(0, FaultClass::NotFound, "HTTP error 404 Not Found");
    world.pass_with_progress(31, &[0]);
    world.exits(0, 8);
    assert_eq!(&*world.row(0).reason, "FFmpeg ended (exit code 8)");
}

#[test]
fn a_signal_from_outside_explains_itself() {
    let mut world = World::one_live();
    world.line(0, FaultClass::NotFound, "HTTP error 404 Not Found");
    world.event(0, WorkerEvent::Exited(WorkerEnd::Signal(9)));
    assert_eq!(&*world.row(0).reason, "FFmpeg was killed (signal 9)");
}

#[test]
fn why_a_run_failed_is_shown_until_a_new_one_is_live() {
    let mut world = World::one_live();
    world.line(0, FaultClass::Refused, "Connection refused");
    world.exits(0, 1);
    let first = world.condition(0, ConditionKind::Refused).unwrap();
    for _ in 0..3 {
        world.pass_until(0, Phase::Starting);
        world.spawned(0);
        world.line(0, FaultClass::Refused, "Connection refused");
        world.exits(0, 1);
        assert_eq!(world.condition(0, ConditionKind::Refused), Some(first), "the same fault goes on");
    }
    world.pass_until(0, Phase::Starting);
    assert!(world.has(0, ConditionKind::Refused));
    world.goes_live(0);
    assert_eq!(world.row(0).conditions, []);
    assert!(world.row(0).last_error.is_some(), "what was wrong can still be read");
}

#[test]
fn a_failure_is_told_in_the_streams_log() {
    let mut world = World::one_live();
    world.exits(0, 1);
    let told = world.effects.iter().any(|effect| {
        matches!(effect, Effect::Note { level: LineLevel::Error, text, .. }
            if text.starts_with("headend: FFmpeg ended (exit code 1); next try with input 2 in "))
    });
    assert!(told, "{:?}", world.effects);
}

#[test]
fn ten_failures_over_a_longer_time_do_not_break() {
    let mut world = World::one();
    for n in 0..40 {
        world.pass_until(0, Phase::Starting);
        world.goes_live(0);
        // Long enough that ten never fall within ten minutes, too short to be forgiven.
        world.pass_with_progress(70, &[0]);
        world.exits(0, 1);
        assert_eq!(world.phase(0), Phase::Backoff, "failure {n}");
    }
}

#[test]
fn arguments_that_were_good_enough_to_go_live_need_no_edit() {
    let mut world = World::one_live();
    world.line(0, FaultClass::BadArgument, "Invalid argument");
    world.exits(0, 1);
    assert_eq!(world.phase(0), Phase::Backoff);
}

#[test]
fn a_fault_seen_in_the_lines_keeps_its_beginning_when_the_run_ends_of_it() {
    let mut world = World::one_live();
    world.line(0, FaultClass::NotFound, "HTTP error 404 Not Found");
    let began = world.now;
    world.pass_with_progress(5, &[0]);
    world.exits(0, 8);
    assert_eq!(world.condition(0, ConditionKind::Http4xx).map(|c| c.since), Some(began));
}

#[test]
fn an_end_that_no_class_explains_is_told_in_ffmpegs_own_words() {
    let mut world = World::one();
    world.spawned(0);
    let text = "File 'out.ts' already exists. Exiting.".into();
    world.event(0, WorkerEvent::Line { level: LineLevel::Error, class: None, text, repeats: 1 });
    world.exits(0, 1);
    let (row, said) =
        (world.row(0), "FFmpeg ended before any progress: File 'out.ts' already exists. Exiting.");
    assert_eq!(&*row.reason, said);
    assert_eq!(row.last_error.as_deref(), Some(&*format!("{said} (exit code 1)")));
    // Its own words are as long as they like.
    world.pass_until(0, Phase::Starting);
    world.spawned(0);
    world.line(0, FaultClass::BadArgument, &"x".repeat(2_000));
    world.exits(0, 1);
    assert!(world.row(0).reason.len() < 250, "{}", world.row(0).reason);
}
