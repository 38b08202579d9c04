//! Streams that fail for one reason are one incident.

use crate::model::{Cause, Ending};

use super::*;

const HOST: &str = "cdn-a.example";

fn origin(kind: ConditionKind) -> Cause {
    Cause::Origin { host: HOST.into(), kind }
}

#[test]
fn two_hundred_streams_of_a_dead_host_are_one_incident() {
    let mut world = World::new();
    world.on_host(0..200, HOST);
    // They notice one after the other.
    for n in 0..200 {
        world.until_moment(Moment::from_millis(i64::from(n) * 60));
        world.has([n], ConditionKind::Refused);
    }
    world.until(100);
    assert_eq!(world.told, [(15, 1, Change::Opened)]);
    let incident = world.incident(1);
    assert_eq!((&incident.cause, incident.members.len()), (&origin(ConditionKind::Refused), 200));
    assert_eq!(&*incident.title, "200 streams: cdn-a.example refused connections");
    assert_eq!(incident.members[0].stream, id(0), "who failed first stands first");
    // It is over when all are well, not before.
    world.is_well(0..199);
    world.until(200);
    assert_eq!((world.incident(1).failing(), world.told.len()), (1, 1));
    assert_eq!(world.incident(1).members[0].cleared_wall_ms, Some(WALL + 100_000));
    world.is_well([199]);
    world.until(300);
    assert_eq!(world.told[1..], [(230, 1, Change::Ended)]);
    assert_eq!(world.incident(1).ended.unwrap().1, Ending::Cleared);
}

#[test]
fn a_few_notice_at_once_and_the_others_by_standing_still() {
    let mut world = World::new();
    world.on_host(0..200, HOST);
    world.has(0..10, ConditionKind::Refused);
    for n in 10..200 {
        world.until_moment(Moment::from_millis(20_000 + i64::from(n) * 20));
        world.change([n], |row| row.conditions = vec![condition(ConditionKind::Stalled, at(0))]);
    }
    world.until(100);
    let told = world.told.iter().filter(|(.., change)| *change != Change::Grew);
    assert_eq!(told.collect::<Vec<_>>(), [&(15, 1, Change::Opened)]);
    assert_eq!(world.incident(1).members.len(), 200);
    assert_eq!(world.incident(1).cause, origin(ConditionKind::Stalled), "what most of them have");
}

#[test]
fn all_stand_still_a_stall_s_length_later() {
    let mut world = World::new();
    world.on_host(0..200, HOST);
    for n in 0..200 {
        world.until_moment(Moment::from_millis(20_000 + i64::from(n) * 15));
        world.change([n], |row| row.conditions = vec![condition(ConditionKind::Stalled, at(0))]);
    }
    world.until(60);
    assert_eq!(world.told, [(25, 1, Change::Opened)], "a message can be there within 30 s");
}

#[test]
fn fewer_are_one_each() {
    let mut world = World::new();
    world.on_host(0..4, HOST);
    world.has(0..4, ConditionKind::Refused);
    world.until(100);
    assert_eq!(world.titles().len(), 4);
    assert_eq!(world.titles()[0], "Stream 0: connection refused");
}

#[test]
fn other_hosts_and_other_families_are_other_incidents() {
    let mut world = World::new();
    world.on_host(0..6, HOST);
    world.on_host(6..12, "CDN-B.example:8080");
    world.has(0..12, ConditionKind::Timeout);
    world.until(1);
    world.on_host(20..26, HOST);
    world.has(20..26, ConditionKind::Black);
    world.until(100);
    assert_eq!(
        world.titles(),
        [
            "6 streams: cdn-a.example does not answer in time",
            "6 streams: cdn-b.example:8080 does not answer in time",
            "6 streams: black picture from cdn-a.example"
        ]
    );
}

#[test]
fn without_a_host_in_common_there_is_no_common_cause() {
    let mut world = World::new();
    world.change(0..10, |row| row.input = format!("/dev/video{}", row.ix.0).into());
    world.has(0..200, ConditionKind::Refused);
    world.until(100);
    assert_eq!(world.open().len(), 200, "and each is told");
    assert_eq!(world.told.len(), 200);
}

#[test]
fn those_that_come_late_join_at_once() {
    let mut world = World::new();
    world.on_host(0..20, HOST);
    world.has(0..5, ConditionKind::Refused);
    world.until(300);
    world.has(5..8, ConditionKind::Dns);
    assert_eq!(world.told, [(15, 1, Change::Opened), (300, 1, Change::Grew)]);
    assert_eq!(world.titles(), ["8 streams: cdn-a.example refused connections"]);
    // One that was well again and fails again is no news.
    world.is_well([0]);
    world.until(400);
    assert_eq!(world.incident(1).failing(), 7);
    world.has([0], ConditionKind::Refused);
    world.until(500);
    assert_eq!((world.incident(1).failing(), world.incident(1).members.len()), (8, 8));
    assert_eq!(world.told.len(), 2);
}

#[test]
fn those_that_failed_long_before_did_not_fail_together() {
    let mut world = World::new();
    world.on_host(0..5, HOST);
    for n in 0..5 {
        world.until(i64::from(n) * 61);
        world.has([n], ConditionKind::Refused);
    }
    world.until(400);
    assert_eq!(world.open().len(), 5);
}

#[test]
fn single_incidents_of_the_same_minute_are_taken_in() {
    let mut world = World::new();
    world.on_host(0..5, HOST);
    world.has(0..4, ConditionKind::Refused);
    world.until(30);
    world.has([4], ConditionKind::Refused);
    world.until(60);
    let opened = |number| (number, Change::Opened);
    let ended = |number| (number, Change::Ended);
    let changes: Vec<_> = world.changes();
    assert_eq!(changes[..4], [opened(1), opened(2), opened(3), opened(4)]);
    assert_eq!(changes[4..8], [ended(1), ended(2), ended(3), ended(4)], "told already, so this is told too");
    assert_eq!(changes[8..], [opened(5)]);
    assert_eq!(world.titles(), ["5 streams: cdn-a.example refused connections"]);
    let single = world.incident(1);
    assert_eq!((single.ended.unwrap().1, single.failing()), (Ending::Withdrawn, 0));
    assert_eq!(&*single.notes[0].text, "belongs to incident 5");
}

#[test]
fn single_incidents_that_nobody_was_told_of_are_taken_in_silently() {
    let mut world = World::new();
    world.lines = None;
    world.on_host(0..5, HOST);
    world.has([0], ConditionKind::Refused);
    world.until_moment(Moment::from_millis(500));
    world.has(1..5, ConditionKind::Dns);
    let mut settings = AlertSettings { together: 6, ..AlertSettings::default() };
    world.feed(Input::Settings(&settings));
    world.until(15);
    assert_eq!(world.titles(), ["Stream 0: connection refused"]);
    settings.together = 5;
    world.feed(Input::Settings(&settings));
    world.until(60);
    assert_eq!(world.changes(), [(2, Change::Opened)]);
    assert!(!world.incident(1).is_open());
}

#[test]
fn what_failed_is_the_input_that_was_read_not_the_next_one() {
    let mut world = World::new();
    world.change(0..6, |row| {
        row.input = format!("http://{HOST}/{}", row.id).into();
        row.input_of = (1, 2);
    });
    world.change(0..6, |row| {
        row.input = "http://spare.example/live".into();
        (row.input_of, row.phase) = ((2, 2), Phase::Backoff);
        row.conditions = vec![condition(ConditionKind::Refused, at(0))];
    });
    world.until(20);
    assert_eq!(world.titles(), ["6 streams: cdn-a.example refused connections"]);
    assert_eq!(&*world.incident(1).members[0].input, "http://cdn-a.example/s0");
}

#[test]
fn one_that_is_stopped_leaves_the_others_are_still_failing() {
    let mut world = World::new();
    world.on_host(0..6, HOST);
    world.has(0..6, ConditionKind::Refused);
    world.until(20);
    world.change([0], |row| row.wanted = Wanted::Stopped);
    assert_eq!((world.incident(1).failing(), world.told.len()), (5, 1));
    world.feed(Input::Removed(&[StreamIx(1)]));
    assert_eq!(world.incident(1).failing(), 4);
    world.is_well(2..6);
    world.until(100);
    assert_eq!(world.incident(1).ended.unwrap().1, Ending::Cleared);
}
