//! What comes and goes is one incident, and says so.

use super::*;

/// Fails for `on` seconds, is well for `off`, again and again until `end`.
fn wave(world: &mut World, streams: std::ops::Range<u32>, on: i64, off: i64, end: i64) {
    while world.second() < end {
        world.has(streams.clone(), ConditionKind::Timeout);
        world.until(world.second() + on);
        world.is_well(streams.clone());
        world.until(world.second() + off);
    }
}

#[test]
fn a_square_wave_is_one_incident_that_says_so() {
    let mut world = World::new();
    wave(&mut world, 1..2, 5, 5, 600);
    assert_eq!(world.told, [(30, 1, Change::Opened)], "never long enough, and noticed all the same");
    let flapping = world.incident(1).flapping.unwrap();
    assert_eq!((flapping.changes, flapping.within_ms), (6, 25_000));
    world.until(1_150);
    assert!(world.incident(1).is_open(), "two changes are still in the window");
    world.until(1_300);
    assert_eq!(world.told[1..], [(1_190, 1, Change::Ended)]);
}

#[test]
fn a_square_wave_of_all_streams_of_a_host_is_one_too() {
    let mut world = World::new();
    world.on_host(0..200, "cdn-a.example");
    wave(&mut world, 0..200, 5, 5, 600);
    world.until(3_000);
    assert_eq!(world.changes(), [(1, Change::Opened), (1, Change::Ended)]);
    assert_eq!(world.incident(1).members.len(), 200);
    assert!(world.incident(1).flapping.is_some());
}

#[test]
fn an_open_incident_is_marked_once() {
    let mut world = World::new();
    wave(&mut world, 1..2, 25, 20, 900);
    assert_eq!(world.told, [(15, 1, Change::Opened), (115, 1, Change::Flaps)]);
}

#[test]
fn it_ends_when_it_is_calm_and_clear() {
    let mut world = World::with(&AlertSettings { flap_calm: 5, ..AlertSettings::default() });
    wave(&mut world, 1..2, 5, 5, 60);
    // Changes at 0, 5, ... 55: the fifth last one, at 35, must be past.
    world.until(634);
    assert!(world.incident(1).is_open());
    world.until(635);
    assert_eq!(world.told.last(), Some(&(635, 1, Change::Ended)));
}

#[test]
fn a_slow_wave_is_no_flapping() {
    let mut world = World::new();
    wave(&mut world, 1..2, 60, 300, 4_000);
    assert!(world.told.iter().all(|(.., change)| matches!(change, Change::Opened | Change::Ended)));
    assert!(world.stored.values().all(|incident| incident.flapping.is_none()));
}

#[test]
fn a_stream_that_never_stays_up_flaps() {
    let mut world = World::new();
    for n in 0..10 {
        let begin = n * 40;
        world.until(begin);
        let since = world.at;
        world.change([1], |row| {
            (row.phase, row.started) = (Phase::Backoff, None);
            row.conditions = vec![condition(ConditionKind::Exited, since)];
        });
        world.until(begin + 4);
        world.change([1], |row| (row.phase, row.started) = (Phase::Starting, Some(at(begin + 4))));
        world.until(begin + 6);
        world.is_well([1]);
    }
    assert_eq!(world.told, [(91, 1, Change::Opened)]);
    assert!(world.incident(1).flapping.is_some());
}

#[test]
fn a_rotating_stream_that_is_black_in_each_turn_does_not_flap() {
    let mut world = World::new();
    for n in 0..30 {
        let begin = n * 60;
        world.until(begin);
        // The turn begins with what was found in the last one, then nothing is known for ten seconds.
        world.change([1], |row| {
            (row.watch, row.phase, row.started) = (WatchKind::Rotate, Phase::Live, Some(at(begin)));
            row.conditions.clear();
        });
        world.until(begin + 10);
        world.has([1], ConditionKind::Black);
        world.until(begin + 30);
        world.change([1], |row| (row.phase, row.started) = (Phase::Resting, None));
    }
    assert_eq!(world.changes(), [(1, Change::Opened)]);
}

#[test]
fn nothing_is_left_of_changes_that_are_past() {
    let mut world = World::new();
    for n in 0..50 {
        world.has([n], ConditionKind::Timeout);
        world.until(world.second() + 2);
        world.is_well([n]);
    }
    assert_eq!(world.incidents.troubles.len(), 50);
    world.until(world.second() + 600);
    let left = &world.incidents;
    assert!(
        left.troubles.is_empty() && left.rows.is_empty() && left.by_host.is_empty() && left.timers.is_empty()
    );
}
