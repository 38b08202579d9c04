//! What was open when headend ended.

use crate::model::Ending;

use super::*;

/// What the store has when headend is killed at this moment.
fn killed(world: &World) -> (Vec<Incident>, u64) {
    (world.stored.values().cloned().collect(), 1)
}

/// headend starts again: streams are stopped, then queued, then start.
fn again(world: &World) -> World {
    let (incidents, next) = killed(world);
    let mut after = World::restored(&AlertSettings::default(), incidents, next);
    after.wall_ms = world.wall_ms + 5_000;
    after.rows.clone_from(&world.rows);
    after.change(0..10, |row| {
        (row.phase, row.started, row.conditions) = (Phase::Stopped, None, Vec::new());
    });
    after.change(0..10, |row| row.phase = Phase::Queued);
    after.until(5);
    after.change(0..10, |row| (row.phase, row.started) = (Phase::Starting, Some(at(5))));
    after
}

fn open_ones() -> World {
    let mut world = World::new();
    world.on_host(0..6, "cdn-a.example");
    world.has(0..6, ConditionKind::Refused);
    world.has([6], ConditionKind::Black);
    world.has([7], ConditionKind::Black);
    world.until(20);
    world.order(1, IncidentOrder::Acknowledge);
    world.is_well([7, 0]);
    world.until(100);
    world
}

#[test]
fn it_stays_open_with_its_number_until_its_streams_are_seen_to_be_well() {
    let mut world = again(&open_ones());
    assert_eq!(world.told, [(0, 1, Change::Restored), (0, 2, Change::Restored)]);
    assert_eq!(world.incident(1).acknowledged.as_ref().map(|known| &*known.by), Some("anna"));
    assert_eq!(world.incident(1).failing(), 5);
    world.until(8);
    world.is_well(0..10);
    world.until(67);
    assert_eq!(world.told.len(), 2, "a worker must have run for a minute");
    world.until(68);
    assert_eq!(world.told[2..], [(68, 1, Change::Ended), (68, 2, Change::Ended)]);
    assert_eq!(world.incident(1).ended.unwrap().1, Ending::Cleared);
    world.has([1], ConditionKind::Black);
    world.until(100);
    assert_eq!(world.told.last(), Some(&(83, 4, Change::Opened)), "numbers go on");
}

#[test]
fn what_still_fails_is_the_same_incident() {
    let mut world = again(&open_ones());
    world.until(8);
    world.has([6], ConditionKind::Black);
    for second in [8, 70] {
        world.until(second);
        world.has(1..6, ConditionKind::Timeout);
    }
    world.until(300);
    assert_eq!(world.told.len(), 2);
    assert_eq!(world.titles()[0], "6 streams: cdn-a.example does not answer in time");
    assert_eq!(world.incident(1).began_wall_ms, WALL);
    // One of the same host joins, as before.
    world.has([0], ConditionKind::Refused);
    assert_eq!(world.incident(1).failing(), 6);
}

#[test]
fn a_stream_that_is_not_there_any_more_is_withdrawn() {
    let (incidents, next) = killed(&open_ones());
    let mut world = World::restored(&AlertSettings::default(), incidents, next);
    world.has(1..6, ConditionKind::Refused);
    world.until(119);
    assert_eq!(world.open().len(), 2);
    world.until(120);
    assert_eq!(world.told[2..], [(120, 2, Change::Ended)]);
    assert_eq!(world.incident(2).ended.unwrap().1, Ending::Withdrawn);
}

#[test]
fn a_stream_that_is_quiet_now_is_withdrawn() {
    let mut world = again(&open_ones());
    world.change([6], |row| row.maintenance = true);
    assert_eq!(world.told[2..], [(5, 2, Change::Ended)]);
}

#[test]
fn a_notice_is_restored_too() {
    let mut world = World::new();
    let disk = notice(NoticeKind::Store, Severity::Critical, "the store can't be written", at(0));
    world.feed(Input::Notices(std::slice::from_ref(&disk)));
    world.until(20);
    let (incidents, next) = killed(&world);
    let mut gone = World::restored(&AlertSettings::default(), incidents.clone(), next);
    gone.feed(Input::Notices(&[]));
    gone.until(59);
    assert_eq!(gone.told, [(0, 1, Change::Restored)]);
    gone.until(60);
    assert_eq!(gone.told[1..], [(60, 1, Change::Ended)]);
    let mut stands = World::restored(&AlertSettings::default(), incidents, next);
    stands.feed(Input::Notices(&[disk]));
    stands.until(500);
    assert_eq!((stands.told.len(), stands.open().len()), (1, 1));
}

#[test]
fn unnamed_members_are_not_counted_twice() {
    let mut world = World::new();
    world.on_host(0..1_010, "cdn-a.example");
    world.has(0..1_010, ConditionKind::Refused);
    world.until(20);
    let (incidents, next) = killed(&world);
    let mut after = World::restored(&AlertSettings::default(), incidents, next);
    after.on_host(0..1_011, "cdn-a.example");
    after.has(0..1_010, ConditionKind::Refused);
    after.until(60);
    assert_eq!((after.incident(1).more_members, after.told.len()), (10, 1));
    after.has([1_010], ConditionKind::Refused);
    assert_eq!((after.incident(1).more_members, after.told.len()), (11, 2));
}

#[test]
fn a_clock_that_was_set_back_between_two_runs_changes_nothing() {
    let (incidents, next) = killed(&open_ones());
    let mut world = World::restored(&AlertSettings::default(), incidents, next);
    world.wall_ms = 77;
    world.has(0..7, ConditionKind::Black);
    world.is_well(0..7);
    world.until(100);
    assert!(world.open().is_empty());
    assert!(world.stored.values().all(|incident| {
        incident.members.iter().all(|member| member.cleared_wall_ms.unwrap() >= member.since_wall_ms)
    }));
}

#[test]
fn two_of_one_cause_become_one() {
    let mut stored: Vec<Incident> = killed(&open_ones()).0;
    let mut twin = stored[0].clone();
    twin.number = 9;
    stored.push(twin);
    let mut world = World::restored(&AlertSettings::default(), stored, 4);
    world.feed(Input::Time);
    assert_eq!(world.incident(9).ended.unwrap().1, Ending::Withdrawn);
    world.has(1..6, ConditionKind::Refused);
    world.until(300);
    assert_eq!(world.incident(1).failing(), 5);
    world.is_well(1..6);
    world.until(400);
    assert!(!world.incident(1).is_open());
}
