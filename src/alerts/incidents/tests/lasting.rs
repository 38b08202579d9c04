//! When something is an incident, and when it is over.

use crate::model::{Cause, Ending};

use super::*;

#[test]
fn what_lasts_is_an_incident_after_it_has_gathered() {
    let mut world = World::new();
    world.until(100);
    world.has([1], ConditionKind::Black);
    assert_eq!(world.incidents.next_deadline(), Some(at(115)), "10 s, and 5 s for others");
    world.until_moment(at(115) - Duration::from_millis(1));
    assert!(world.open().is_empty() && world.stored.is_empty());
    world.until(115);
    assert_eq!(world.told, [(115, 1, Change::Opened)]);
    let incident = world.incident(1);
    assert_eq!(incident.cause, Cause::Stream { stream: id(1), kind: ConditionKind::Black });
    assert_eq!((&*incident.title, &*incident.rule), ("Stream 1: black picture", "default"));
    assert_eq!((incident.began_wall_ms, incident.opened_wall_ms), (WALL + 100_000, WALL + 115_000));
    assert_eq!((incident.members.len(), incident.failing(), incident.severity), (1, 1, Severity::Critical));
    assert_eq!(incident.members[0].since_wall_ms, WALL + 100_000);
    assert!(incident.is_open() && incident.flapping.is_none());
}

#[test]
fn it_is_over_when_it_has_been_gone_long_enough() {
    let mut world = World::new();
    world.has([1], ConditionKind::Black);
    world.until(60);
    world.is_well([1]);
    assert_eq!(world.incidents.next_deadline(), Some(at(90)));
    world.until(80);
    world.has([1], ConditionKind::Black);
    world.until(100);
    world.is_well([1]);
    world.until(129);
    assert_eq!(world.changes(), [(1, Change::Opened)], "it came back in time");
    world.until(130);
    assert_eq!(world.told[1..], [(130, 1, Change::Ended)]);
    let incident = world.incident(1);
    assert_eq!(incident.ended, Some((WALL + 130_000, Ending::Cleared)));
    assert_eq!((incident.failing(), incident.members[0].cleared_wall_ms), (0, Some(WALL + 100_000)));
    // The next one is another one.
    world.has([1], ConditionKind::Black);
    world.until(150);
    assert_eq!(world.told.last(), Some(&(145, 2, Change::Opened)));
}

#[test]
fn what_is_too_short_is_none() {
    let mut world = World::new();
    for n in 0..2 {
        world.has([1], ConditionKind::Black);
        world.until(1_000 * n + 9);
        world.is_well([1]);
        world.until(1_000 * (n + 1));
    }
    assert!(world.stored.is_empty() && world.incidents.troubles.is_empty(), "and nothing is left of it");
}

#[test]
fn a_warning_must_last_longer() {
    let mut world = World::new();
    world.has([1], ConditionKind::Silent);
    world.until(64);
    assert!(world.told.is_empty());
    world.until(65);
    assert_eq!(world.told, [(65, 1, Change::Opened)], "though nobody may be told of it");
    assert_eq!(world.incident(1).severity, Severity::Warning);
}

#[test]
fn what_is_seen_late_counts_from_when_it_began() {
    let mut world = World::new();
    world.until(20);
    world.change([1], |row| row.conditions = vec![condition(ConditionKind::Stalled, at(0))]);
    world.until(25);
    assert_eq!(world.told, [(25, 1, Change::Opened)], "it has lasted long enough: it only gathers");
    assert_eq!(world.incident(1).began_wall_ms, WALL);
}

#[test]
fn a_dead_stream_is_one_incident_whatever_it_says() {
    let mut world = World::new();
    let mut kinds =
        [ConditionKind::Exited, ConditionKind::Http4xx, ConditionKind::Stalled].into_iter().cycle();
    for second in 0..200 {
        world.until(second * 5);
        let since = world.at;
        let kind = kinds.next().unwrap();
        let phase = [Phase::Backoff, Phase::Starting, Phase::Broken][usize::try_from(second).unwrap() % 3];
        world.change([1], |row| {
            row.conditions = vec![condition(kind, since)];
            row.phase = phase;
            row.started = (phase == Phase::Starting).then_some(since);
        });
    }
    assert_eq!(world.told, [(15, 1, Change::Opened)]);
    let kind = ConditionKind::Http4xx;
    assert_eq!(world.incident(1).cause, Cause::Stream { stream: id(1), kind }, "the kind that says most");
    assert!(world.incident(1).flapping.is_none());
}

#[test]
fn a_kind_that_says_as_much_takes_its_time() {
    let mut world = World::new();
    let kind = |world: &World| match world.incident(1).cause {
        Cause::Stream { kind, .. } => kind,
        _ => panic!("of one stream"),
    };
    world.has([1], ConditionKind::Refused);
    world.until(20);
    world.has([1], ConditionKind::Timeout);
    assert_eq!(kind(&world), ConditionKind::Refused);
    world.until(80);
    world.has([1], ConditionKind::Timeout);
    assert_eq!(kind(&world), ConditionKind::Timeout);
    assert_eq!(&*world.incident(1).title, "Stream 1: no answer in time");
    world.until(200);
    world.has([1], ConditionKind::Exited);
    assert_eq!(kind(&world), ConditionKind::Timeout, "that would say less");
}

/// Ends the worker, and has another one go live.
fn replace_worker(world: &mut World, n: u32, begun: i64, live: i64) {
    world.until(begun);
    world.change([n], |row| {
        (row.phase, row.started) = (Phase::Starting, Some(at(begun)));
        row.conditions.clear();
    });
    world.until(live);
    world.change([n], |row| row.phase = Phase::Live);
}

#[test]
fn a_worker_that_is_replaced_ends_no_incident() {
    let mut world = World::new();
    world.has([1], ConditionKind::Black);
    world.until(20);
    // What a new worker shows is black again only after ten seconds, each time.
    for n in 0..10 {
        replace_worker(&mut world, 1, 100 + n * 100, 130 + n * 100);
        world.until(145 + n * 100);
        world.has([1], ConditionKind::Black);
    }
    assert_eq!(world.changes(), [(1, Change::Opened)], "neither over nor flapping");
    // This one shows a good picture, for long enough to know.
    replace_worker(&mut world, 1, 2_000, 2_001);
    world.until(2_040);
    assert_eq!(world.told[1..], [(2_031, 1, Change::Ended)], "picture and sound take half a minute");
}

#[test]
fn figures_are_known_only_after_a_worker_has_run_for_a_minute() {
    let mut world = World::new();
    world.has([1], ConditionKind::Slow);
    world.until(100);
    replace_worker(&mut world, 1, 200, 201);
    world.until(275);
    assert_eq!(world.changes(), [(1, Change::Opened)]);
    world.until(276);
    assert_eq!(world.told[1..], [(276, 1, Change::Ended)]);
}

#[test]
fn without_a_worker_nothing_is_well() {
    let mut world = World::new();
    world.has([1], ConditionKind::Refused);
    world.until(20);
    for phase in [Phase::Stopping, Phase::Queued, Phase::Starting, Phase::Stalled, Phase::Backoff] {
        world.change([1], |row| {
            row.conditions.clear();
            row.phase = phase;
        });
        world.until(world.second() + 300);
    }
    assert_eq!(world.changes(), [(1, Change::Opened)]);
    world.is_well([1]);
    world.until(world.second() + 30);
    assert_eq!(world.changes()[1..], [(1, Change::Ended)]);
}

#[test]
fn severity_rises_within_one_incident() {
    let mut world = World::new();
    world.has([1], ConditionKind::Segments);
    world.until(70);
    world.has([1], ConditionKind::Stalled);
    assert_eq!(world.told, [(65, 1, Change::Opened), (70, 1, Change::Rose)]);
    assert_eq!(&*world.incident(1).title, "Stream 1: stands still");
    world.has([1], ConditionKind::Segments);
    assert_eq!(world.incident(1).severity, Severity::Critical, "the worst it has been");
    assert_eq!(world.told.len(), 2);
}

#[test]
fn a_critical_moment_in_a_lasting_warning_is_not_a_critical_incident() {
    let mut world = World::new();
    world.has([1], ConditionKind::Segments);
    world.until(10);
    world.has([1], ConditionKind::Timeout);
    world.until(13);
    world.has([1], ConditionKind::Segments);
    world.until(64);
    assert!(world.told.is_empty());
    world.until(65);
    assert_eq!(world.incident(1).severity, Severity::Warning);
}

#[test]
fn faults_of_different_families_are_incidents_of_their_own() {
    let mut world = World::new();
    world.change([1], |row| {
        row.conditions =
            vec![condition(ConditionKind::Black, at(0)), condition(ConditionKind::Timeout, at(0))];
    });
    world.until(20);
    assert_eq!(world.titles(), ["Stream 1: no answer in time", "Stream 1: black picture"]);
}

#[test]
fn it_waits_a_second_for_its_log_lines() {
    let mut world = World::new();
    world.lines = None;
    world.has([1], ConditionKind::Black);
    world.until(15);
    assert!(world.stored.contains_key(&1) && world.told.is_empty(), "stored, and not told yet");
    world.until(16);
    assert_eq!(world.told, [(16, 1, Change::Opened)]);
    let mut world = World::new();
    world.lines = Some(vec!["one".into(), "two".into()]);
    world.has([1], ConditionKind::Black);
    world.until(15);
    assert_eq!(world.told, [(15, 1, Change::Opened)]);
    assert_eq!(world.incident(1).lines, ["one".into(), "two".into()]);
}

#[test]
fn what_ends_before_it_was_told_is_never_told() {
    let mut world = World::new();
    world.lines = None;
    world.has([1], ConditionKind::Black);
    world.until(15);
    world.change([1], |row| row.wanted = Wanted::Stopped);
    world.until(100);
    assert!(world.told.is_empty() && !world.incident(1).is_open());
}

#[test]
fn it_has_the_figures_that_matter() {
    let mut world = World::new();
    world.change([1], |row| {
        row.figures = Figures { fps: Some(12.0), bitrate_kbps: Some(312.4), speed: Some(0.82) };
        row.conditions = vec![condition(ConditionKind::BitrateLow, at(0))];
    });
    world.change([2], |row| {
        row.conditions = vec![condition(ConditionKind::Refused, at(0))];
        (row.phase, row.failures, row.reason) = (Phase::Backoff, 4, "connection refused".into());
        row.last_error = Some("connection refused (exit code 1)".into());
    });
    world.until(70);
    let values = |number| -> Vec<String> {
        let values = &world.incident(number).values;
        values.iter().take(3).map(|(name, text)| format!("{name}: {text}")).collect()
    };
    assert_eq!(
        values(1),
        [
            "last error: connection refused (exit code 1)",
            "phase: backoff: connection refused",
            "failures in a row: 4"
        ]
    );
    assert_eq!(values(2), ["bit rate: 312 kb/s", "frame rate: 12.0 fps", "speed: 0.82x"]);
}

#[test]
fn a_wall_clock_that_jumps_moves_only_what_is_shown() {
    let mut world = World::new();
    world.has([1], ConditionKind::Black);
    world.until(20);
    world.wall_ms = 5_000;
    world.is_well([1]);
    world.until(50);
    assert_eq!(world.told, [(15, 1, Change::Opened), (50, 1, Change::Ended)]);
    let incident = world.incident(1);
    assert!(incident.ended.unwrap().0 >= incident.opened_wall_ms, "nobody subtracts into the void");
    world.has([1], ConditionKind::Black);
    world.until(100);
    assert_eq!(world.told.last(), Some(&(65, 2, Change::Opened)));
}

#[test]
fn of_what_is_over_nothing_else_is_news() {
    let mut world = World::new();
    world.has([1], ConditionKind::Silent);
    world.change([1], |row| row.conditions.push(condition(ConditionKind::NoAudio, at(0))));
    world.until(70);
    let worse = Condition { severity: Severity::Critical, ..condition(ConditionKind::NoAudio, at(0)) };
    let rises = Row { conditions: vec![worse], ..world.rows[&1].clone() };
    let stops = Row { wanted: Wanted::Stopped, ..world.rows[&1].clone() };
    world.feed(Input::Rows(&[Arc::new(rises), Arc::new(stops)]));
    assert_eq!(world.changes(), [(1, Change::Opened), (1, Change::Ended)]);
}
