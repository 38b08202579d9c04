//! Everything has a bound.

use crate::model::{IncidentQuery, MAX_INCIDENT_LINE, MAX_INCIDENT_LINES, MAX_INCIDENT_VALUES, MAX_MEMBERS};

use super::*;

fn query(count: u32) -> IncidentQuery {
    IncidentQuery { count, ..IncidentQuery::default() }
}

#[test]
fn members_beyond_the_bound_are_counted_and_hold_it_open() {
    let mut world = World::new();
    let all = u32::try_from(MAX_MEMBERS).unwrap() + 10;
    world.on_host(0..all, "cdn-a.example");
    world.has(0..all, ConditionKind::Refused);
    world.until(20);
    let incident = world.incident(1);
    assert_eq!((incident.members.len(), incident.more_members), (MAX_MEMBERS, 10));
    assert_eq!(&*incident.title, "1010 streams: cdn-a.example refused connections");
    world.is_well(0..all - 1);
    world.until(100);
    assert_eq!((world.incident(1).failing(), world.incident(1).is_open()), (0, true));
    world.has([all - 2], ConditionKind::Refused);
    assert_eq!(world.incident(1).more_members, 10, "it was counted before");
    world.is_well(all - 2..all);
    world.until(200);
    assert!(!world.incident(1).is_open());
}

#[test]
fn open_incidents_beyond_the_bound_are_one() {
    let mut world = World::new();
    let all = u32::try_from(MAX_OPEN).unwrap() + 50;
    world.has(0..all, ConditionKind::Refused);
    world.change(0..10, |row| row.conditions.push(condition(ConditionKind::Black, at(0))));
    world.until(100);
    assert_eq!(world.open().len(), MAX_OPEN + 1);
    let last = world.open().last().copied().unwrap().clone();
    assert!(last.title.ends_with("streams: beyond the 2000 incidents that may be open"), "{}", last.title);
    let named: usize = world.open().iter().map(|incident| incident.members.len()).sum();
    assert_eq!(named, MAX_OPEN + 60);
    world.is_well(0..all);
    world.until(200);
    assert!(world.open().is_empty());
}

#[test]
fn ended_incidents_are_kept_so_many_and_so_long() {
    let settings = AlertSettings { keep: 3, keep_for: secs(86_400), ..AlertSettings::default() };
    let mut world = World::with(&settings);
    for _ in 0..5 {
        world.has([1], ConditionKind::Black);
        world.until(world.second() + 20);
        world.is_well([1]);
        world.until(world.second() + 2_000);
    }
    assert_eq!(world.stored.keys().copied().collect::<Vec<_>>(), [3, 4, 5]);
    assert!(world.incidents.get(2).is_none() && world.incidents.get(3).is_some());
    world.until(90_000);
    assert_eq!(world.stored.len(), 3);
    world.until(86_400 + 10_100 + 3_600);
    assert!(world.stored.is_empty() && world.incidents.next_deadline().is_none());
    // With none to be kept, what ends is forgotten after it was told.
    world.feed(Input::Settings(&AlertSettings { keep: 0, ..settings }));
    world.has([1], ConditionKind::Black);
    world.until(world.second() + 20);
    world.is_well([1]);
    world.until(world.second() + 40);
    assert_eq!(world.changes().last(), Some(&(6, Change::Ended)));
    assert!(world.stored.is_empty());
}

#[test]
fn lines_values_and_titles_are_bounded() {
    let mut world = World::new();
    world.lines = Some((0..100).map(|n| format!("{n} {}", "x".repeat(10_000)).into()).collect());
    world.change([1], |row| {
        row.name = "n".repeat(100_000).into();
        row.last_error = Some("e".repeat(100_000).into());
        row.last_message = "e".repeat(100_000).into();
        row.conditions = ConditionKind::ALL.iter().map(|kind| condition(*kind, at(0))).collect();
    });
    world.until(100);
    assert_eq!(world.open().len(), Family::ALL.len());
    for incident in world.open() {
        assert!(incident.lines.len() == MAX_INCIDENT_LINES && &incident.lines[9][..2] == "99");
        assert!(incident.lines.iter().all(|line| line.len() <= MAX_INCIDENT_LINE));
        assert!(incident.values.len() <= MAX_INCIDENT_VALUES);
        assert!(incident.values.iter().all(|(_, text)| text.len() <= 240));
        assert!(incident.title.len() <= 240 && !incident.title.ends_with('…'), "{}", incident.title);
    }
    // Lines for what is over, or was never there, are nobody's.
    world.feed(Input::Lines { number: 99, lines: vec!["late".into()] });
}

#[test]
fn pages_go_from_new_to_old() {
    let mut world = World::new();
    world.on_host(0..30, "cdn-a.example");
    world.has(0..30, ConditionKind::Refused);
    world.until(100);
    world.has([40], ConditionKind::Black);
    world.until(200);
    world.is_well([40]);
    world.until(300);
    for n in 50..53 {
        world.has([n], ConditionKind::Black);
        world.until(world.second() + 20);
    }
    let numbers = |query: IncidentQuery| {
        let page = world.incidents.page(&query);
        (page.incidents.iter().map(|incident| incident.number).collect::<Vec<_>>(), page.more)
    };
    assert_eq!(numbers(query(10)), (vec![5, 4, 3, 2, 1], false));
    assert_eq!(numbers(query(2)), (vec![5, 4], true));
    assert_eq!(numbers(IncidentQuery { before: Some(4), ..query(2) }), (vec![3, 2], true));
    assert_eq!(numbers(IncidentQuery { open: true, ..query(10) }), (vec![5, 4, 3, 1], false));
    assert_eq!(numbers(IncidentQuery { stream: Some(id(40)), ..query(10) }), (vec![2], false));
    let since = |second: u64| IncidentQuery { since_wall_ms: Some(WALL + second * 1_000), ..query(10) };
    assert_eq!(numbers(since(230)).0, [5, 4, 3, 2, 1]);
    assert_eq!(numbers(since(231)).0, [5, 4, 3, 1]);
    // In a list an incident has some members; alone it has all.
    let listed = &world.incidents.page(&query(10)).incidents[4];
    assert_eq!((listed.members.len(), listed.more_members), (MAX_PAGE_MEMBERS, 10));
    let alone = &world.incidents.page(&IncidentQuery { before: Some(2), ..query(1) }).incidents[0];
    assert_eq!(alone.members.len(), 30);
}

#[test]
fn a_page_has_its_bound() {
    let mut world = World::new();
    world.has(0..300, ConditionKind::Black);
    world.until(20);
    let page = world.incidents.page(&query(u32::MAX));
    assert_eq!((page.incidents.len(), page.more), (MAX_PAGE as usize, true));
    assert!(world.incidents.page(&query(0)).more);
}
