//! What raises nothing.

use crate::model::Ending;

use super::*;

type Change1 = fn(&mut Row);

/// What makes a stream quiet, and what makes it loud again.
const QUIET: [(&str, Change1, Change1); 3] = [
    ("stopped", |row| row.wanted = Wanted::Stopped, |row| row.wanted = Wanted::Started),
    ("in maintenance", |row| row.maintenance = true, |row| row.maintenance = false),
    ("muted", |row| row.care.muted_until = Some(at(1_000_000)), |row| row.care.muted_until = None),
];

#[test]
fn a_stream_that_is_not_to_be_told_about_raises_nothing_and_then_counts_from_then() {
    for (name, quiet, loud) in QUIET {
        let mut world = World::new();
        world.change([1], quiet);
        world.has([1], ConditionKind::Black);
        world.until(100);
        assert!(world.stored.is_empty(), "{name}");
        world.change([1], loud);
        world.until(114);
        assert!(world.stored.is_empty(), "{name}: it counts from then");
        world.until(115);
        assert_eq!(world.told, [(115, 1, Change::Opened)], "{name}");
        assert_eq!(world.incident(1).began_wall_ms, WALL + 100_000, "{name}");
    }
}

#[test]
fn an_incident_whose_stream_becomes_quiet_is_withdrawn() {
    for (name, quiet, loud) in QUIET {
        let mut world = World::new();
        world.has([1], ConditionKind::Black);
        world.until(20);
        world.change([1], quiet);
        assert_eq!(world.told[1..], [(20, 1, Change::Ended)], "{name}");
        assert_eq!(world.incident(1).ended.unwrap().1, Ending::Withdrawn, "{name}");
        world.until(100);
        world.change([1], loud);
        world.until(115);
        assert_eq!(world.told[2..], [(115, 2, Change::Opened)], "{name}");
    }
}

#[test]
fn what_something_else_explains_raises_nothing() {
    let explained = |world: &mut World, why| {
        world.change([1], |row| row.conditions[0].explained = why);
    };
    let mut world = World::new();
    world.has([1], ConditionKind::Frozen);
    explained(&mut world, Some(Explained::Overload));
    world.until(100);
    assert!(world.stored.is_empty());
    explained(&mut world, None);
    world.until(115);
    assert_eq!(world.told, [(115, 1, Change::Opened)]);
    // Overload is noticed later than what it does.
    explained(&mut world, Some(Explained::Overload));
    assert_eq!(world.told[1..], [(115, 1, Change::Ended)]);
    assert_eq!(world.incident(1).ended.unwrap().1, Ending::Withdrawn);
}

#[test]
fn a_removed_stream_is_withdrawn() {
    let mut world = World::new();
    world.has([1], ConditionKind::Black);
    world.until(20);
    world.feed(Input::Removed(&[StreamIx(1), StreamIx(7)]));
    assert_eq!(world.told[1..], [(20, 1, Change::Ended)]);
    assert_eq!(world.incident(1).ended.unwrap().1, Ending::Withdrawn);
    assert!(world.incidents.troubles.is_empty() && world.incidents.rows.is_empty());
}

#[test]
fn off_air_is_withdrawn_after_a_minute() {
    let mut world = World::new();
    world.has([1], ConditionKind::Black);
    world.until(20);
    world.change([1], |row| (row.phase, row.conditions) = (Phase::Stopped, Vec::new()));
    world.until(79);
    assert_eq!(world.told.len(), 1, "at its start and its end headend shows all streams like that");
    world.until(80);
    assert_eq!(world.told[1..], [(80, 1, Change::Ended)]);
    assert_eq!(world.incident(1).ended.unwrap().1, Ending::Withdrawn);
    // Nothing is raised while it is off air.
    world.change([2], |row| row.phase = Phase::Stopped);
    world.has([2], ConditionKind::Black);
    world.until(1_000);
    assert_eq!(world.told.len(), 2);
}

#[test]
fn who_is_held_back_raises_nothing_new() {
    let mut world = World::new();
    world.change([1], |row| row.phase = Phase::Held);
    world.has([1], ConditionKind::Output);
    world.change([2], |row| row.phase = Phase::Resting);
    world.has([2], ConditionKind::Refused);
    world.until(100);
    assert!(world.stored.is_empty());
    // What fails, and may not be tried again because the host is busy, still fails.
    world.has([3], ConditionKind::Refused);
    world.until(120);
    world.change([3], |row| row.phase = Phase::Held);
    world.until(200);
    assert_eq!(world.changes(), [(1, Change::Opened)]);
    // What ran, and was sent to rest, is nobody's fault.
    world.change([3], |row| (row.phase, row.conditions) = (Phase::Held, Vec::new()));
    assert_eq!(world.incident(1).ended.unwrap().1, Ending::Withdrawn);
}

#[test]
fn a_rotating_stream_that_rests_has_what_was_found() {
    let mut world = World::new();
    world.change([1], |row| (row.watch, row.phase) = (WatchKind::Rotate, Phase::Resting));
    world.has([1], ConditionKind::Black);
    world.until(15);
    assert_eq!(world.changes(), [(1, Change::Opened)]);
    world.change([1], |row| row.conditions.clear());
    world.until(45);
    assert_eq!(world.changes()[1..], [(1, Change::Ended)]);
}

#[test]
fn streams_that_are_well_cost_nothing() {
    let mut world = World::new();
    world.change(0..10_000, |row| row.restarts += 1);
    let known = &world.incidents;
    assert!(known.rows.is_empty() && known.troubles.is_empty() && known.inputs.is_empty());
    assert_eq!(known.next_deadline(), None);
}
