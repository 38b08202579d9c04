//! What operators do with incidents.

use crate::config::Rule;
use crate::model::MAX_INCIDENT_NOTES;

use super::*;

const ACKNOWLEDGE: IncidentOrder = IncidentOrder::Acknowledge;
const UNACKNOWLEDGE: IncidentOrder = IncidentOrder::Unacknowledge;

fn one_open() -> World {
    let mut world = World::new();
    world.has([1], ConditionKind::Black);
    world.until(20);
    world.told.clear();
    world
}

fn many_open() -> World {
    let mut world = World::new();
    world.on_host(0..6, "cdn-a.example");
    world.has(0..6, ConditionKind::Refused);
    world.until(20);
    world.told.clear();
    world
}

fn who(world: &World, number: u64) -> Option<&str> {
    world.incident(number).acknowledged.as_ref().map(|known| &*known.by)
}

fn in_rows(world: &mut World, streams: impl IntoIterator<Item = u32>, is: bool) {
    let now = world.at;
    world.change(streams, |row| row.care.acknowledged = is.then_some(now));
}

/// The next try ends in another fault, which the row's acknowledgement does not cover: the core drops it.
fn lapses(world: &mut World, stream: u32, other: Condition) {
    world.change([stream], |row| {
        row.conditions = vec![other];
        row.care.acknowledged = None;
    });
}

#[test]
fn acknowledging_an_incident_acknowledges_its_streams() {
    let mut world = many_open();
    world.is_well([0]);
    in_rows(&mut world, [1], true);
    world.until(60);
    world.order(1, ACKNOWLEDGE);
    assert_eq!(world.changes(), [(1, Change::Acknowledged)]);
    assert_eq!(who(&world, 1), Some("anna"));
    assert_eq!(world.incident(1).acknowledged.as_ref().unwrap().wall_ms, WALL + 60_000);
    assert_eq!(world.acknowledged, [((2..6).map(id).collect(), false)], "those that fail and are not yet");
    in_rows(&mut world, 2..6, true);
    world.order(1, ACKNOWLEDGE);
    assert_eq!((world.told.len(), world.acknowledged.len()), (1, 1), "twice is once");
    world.order(1, UNACKNOWLEDGE);
    assert_eq!(world.changes()[1..], [(1, Change::Unacknowledged)]);
    assert_eq!(world.acknowledged[1..], [((1..6).map(id).collect(), true)]);
    assert_eq!(who(&world, 1), None);
    // Until the rows have followed, what they say is old.
    world.has([2], ConditionKind::Timeout);
    in_rows(&mut world, 1..6, false);
    assert_eq!((who(&world, 1), world.told.len(), world.refused.len()), (None, 2, 0));
}

#[test]
fn what_is_over_stays_over() {
    let mut world = one_open();
    world.is_well([1]);
    world.until(100);
    let before = world.incident(1).clone();
    for order in [ACKNOWLEDGE, UNACKNOWLEDGE] {
        world.order(1, order.clone());
        world.order(7, order);
    }
    assert_eq!(world.refused[..2], ["incident 1 is over", "there is no incident 7"]);
    assert_eq!((world.incident(1), world.refused.len()), (&before, 4));
    assert_eq!(world.changes(), [(1, Change::Ended)]);
    // A note may follow.
    world.order(1, IncidentOrder::Note("it was the cable".into()));
    assert_eq!(&*world.incident(1).notes[0].text, "it was the cable");
    assert!(!world.incident(1).is_open() && world.stored[&1].notes.len() == 1);
}

#[test]
fn an_incident_all_of_whose_streams_are_acknowledged_is_acknowledged() {
    let mut world = many_open();
    in_rows(&mut world, 0..5, true);
    assert_eq!(who(&world, 1), None);
    in_rows(&mut world, [5], true);
    assert_eq!((who(&world, 1), world.changes()), (Some("operator"), vec![(1, Change::Acknowledged)]));
    assert!(world.acknowledged.is_empty(), "they are already");
    in_rows(&mut world, 0..5, false);
    assert_eq!(world.told.len(), 1, "somebody knows about one of them still");
    in_rows(&mut world, [5], false);
    assert_eq!((who(&world, 1), world.changes()[1..].to_vec()), (None, vec![(1, Change::Unacknowledged)]));
    // The one that nobody knows about is well: somebody knows about all the others.
    in_rows(&mut world, 0..5, true);
    world.is_well([5]);
    world.until(100);
    assert_eq!(who(&world, 1), Some("operator"));
}

#[test]
fn a_stream_that_is_acknowledged_before_is_no_news() {
    let mut world = World::new();
    world.has([1], ConditionKind::Black);
    in_rows(&mut world, [1], true);
    world.until(20);
    assert_eq!(who(&world, 1), Some("operator"));
    assert_eq!(world.changes(), [(1, Change::Opened)]);
}

#[test]
fn an_acknowledgement_that_ends_because_all_is_well_is_not_taken_back() {
    let mut world = World::with(&AlertSettings { clear_after: secs(120), ..AlertSettings::default() });
    world.has([1], ConditionKind::Black);
    world.until(20);
    in_rows(&mut world, [1], true);
    world.is_well([1]);
    world.until(80);
    in_rows(&mut world, [1], false);
    world.until(200);
    assert_eq!(world.changes(), [(1, Change::Opened), (1, Change::Acknowledged), (1, Change::Ended)]);
}

#[test]
fn what_was_acknowledged_by_its_number_is_not_taken_back_by_rows() {
    let mut world = World::new();
    world.has([1], ConditionKind::Refused);
    world.until(20);
    world.told.clear();
    world.order(1, ACKNOWLEDGE);
    in_rows(&mut world, [1], true);
    world.until(30);
    lapses(&mut world, 1, condition(ConditionKind::Timeout, at(30)));
    assert_eq!((who(&world, 1), world.changes()), (Some("anna"), vec![(1, Change::Acknowledged)]));
    in_rows(&mut world, [1], true);
    in_rows(&mut world, [1], false);
    assert_eq!((who(&world, 1), world.told.len()), (Some("anna"), 1), "that is about the stream alone");
}

#[test]
fn what_was_acknowledged_in_its_rows_is_taken_back_by_an_order_or_by_what_is_worse() {
    let mut world = World::new();
    world.has([1], ConditionKind::Refused);
    world.until(20);
    in_rows(&mut world, [1], true);
    lapses(&mut world, 1, condition(ConditionKind::Timeout, at(20)));
    assert_eq!(who(&world, 1), Some("operator"), "another name for what is known");
    in_rows(&mut world, [1], true);
    in_rows(&mut world, [1], false);
    assert_eq!(who(&world, 1), None, "the same fault: somebody ordered it");

    let mut world = World::new();
    let mild = Condition { severity: Severity::Warning, ..condition(ConditionKind::Black, at(0)) };
    world.change([1], |row| row.conditions = vec![mild]);
    world.until(70);
    in_rows(&mut world, [1], true);
    assert_eq!(who(&world, 1), Some("operator"));
    lapses(&mut world, 1, condition(ConditionKind::Frozen, at(70)));
    assert_eq!(who(&world, 1), None, "nobody has seen how bad it is now");
    assert_eq!(world.told.last(), Some(&(70, 1, Change::Unacknowledged)));
}

#[test]
fn a_restart_knows_how_an_incident_was_acknowledged() {
    for by_number in [true, false] {
        let mut world = World::new();
        world.has([1], ConditionKind::Refused);
        world.until(20);
        if by_number {
            world.order(1, ACKNOWLEDGE);
        }
        in_rows(&mut world, [1], true);
        let stored = world.stored.values().cloned().collect();
        let mut after = World::restored(&AlertSettings::default(), stored, 1);
        after.wall_ms = world.wall_ms;
        after.rows.clone_from(&world.rows);
        after.change([1], |_| {});
        assert!(who(&after, 1).is_some());
        in_rows(&mut after, [1], false);
        assert_eq!(who(&after, 1).is_some(), by_number);
    }
}

#[test]
fn an_acknowledgement_says_nothing_of_what_began_after_it() {
    let worse = Rule { name: "sound".into(), severity: Some(Severity::Critical), ..Rule::fallback(&[]) };
    let mut world = World::with(&AlertSettings { rules: vec![worse], ..AlertSettings::default() });
    world.has([1], ConditionKind::Refused);
    in_rows(&mut world, [1], true);
    world.until(100);
    assert_eq!(who(&world, 1), Some("operator"));
    // For the core it is a warning: the row's acknowledgement stays.
    world.has([1], ConditionKind::Silent);
    world.until(120);
    assert_eq!((who(&world, 2), world.told.last()), (None, Some(&(115, 2, Change::Opened))));
    in_rows(&mut world, [1], false);
    in_rows(&mut world, [1], true);
    assert_eq!(who(&world, 2), Some("operator"));
}

#[test]
fn notes_are_clean_and_bounded() {
    let mut world = one_open();
    world.order(1, IncidentOrder::Note(" two\nlines with http://a:geheim@b/ ".into()));
    let note = &world.incident(1).notes[0];
    assert_eq!((&*note.text, &*note.by), ("two␊lines with http://***@b/", "anna"));
    world.order(1, IncidentOrder::Note(" \n".into()));
    assert_eq!(world.refused.len(), 1);
    for n in 0..2 * MAX_INCIDENT_NOTES {
        world.order(1, IncidentOrder::Note(format!("note {n}").into()));
    }
    let notes = &world.incident(1).notes;
    assert_eq!((notes.len(), &*notes[0].text), (MAX_INCIDENT_NOTES, "note 20"), "the oldest go");
    assert!(world.told.is_empty());
}
