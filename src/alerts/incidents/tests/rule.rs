//! What the operator's rules change.

use crate::config::Rule;
use crate::model::query::Query;

use super::*;

fn rule(name: &str, streams: &str) -> Rule {
    let streams = (!streams.is_empty()).then(|| Query::parse(streams).unwrap());
    Rule { name: name.into(), streams, ..Rule::fallback(&[]) }
}

fn with(rules: Vec<Rule>) -> AlertSettings {
    AlertSettings { rules, ..AlertSettings::default() }
}

fn news(world: &mut World, streams: impl IntoIterator<Item = u32>) {
    world.change(streams, |row| row.group = "news".into());
}

#[test]
fn the_first_rule_that_fits_is_the_one_that_holds() {
    let rules = vec![
        Rule { conditions: vec![ConditionKind::Black], ..rule("black news", "group:news") },
        Rule { after: Some(secs(30)), clear_after: Some(secs(100)), ..rule("news", "group:news") },
        rule("other", "group:other"),
    ];
    let mut world = World::with(&with(rules));
    news(&mut world, 1..3);
    world.has([1, 3], ConditionKind::Black);
    world.has([2], ConditionKind::Frozen);
    world.until(34);
    assert_eq!(world.told, [(15, 1, Change::Opened), (15, 2, Change::Opened)]);
    assert_eq!((&*world.incident(1).rule, &*world.incident(2).rule), ("black news", "default"));
    world.until(35);
    assert_eq!((world.told.len(), &*world.incident(3).rule), (3, "news"));
    world.is_well(1..3);
    world.until(134);
    assert_eq!(world.changes()[3..], [(1, Change::Ended)]);
    world.until(135);
    assert_eq!(world.told[4..], [(135, 3, Change::Ended)]);
}

#[test]
fn a_word_of_a_rule_is_a_whole_name_and_not_some_letters_of_one() {
    let mut world = World::with(&with(vec![rule("letters", "stream"), rule("whole", "S?")]));
    world.has([1], ConditionKind::Black);
    world.until(20);
    assert_eq!(&*world.incident(1).rule, "whole", "it is called Stream 1, and s1");
}

#[test]
fn at_least_is_about_who_is_told() {
    let mut world = World::with(&with(vec![rule("critical only", "")]));
    world.has([1], ConditionKind::Silent);
    world.until(70);
    assert_eq!((world.open().len(), &*world.incident(1).rule), (1, "critical only"));
}

#[test]
fn a_rule_can_say_how_bad_it_is() {
    let lower = Rule { severity: Some(Severity::Warning), ..rule("test", "group:news") };
    let higher = Rule {
        severity: Some(Severity::Critical),
        conditions: vec![ConditionKind::Silent],
        ..rule("silent", "")
    };
    let mut world = World::with(&with(vec![lower, higher]));
    news(&mut world, [1]);
    world.has([1], ConditionKind::Black);
    world.has([2], ConditionKind::Silent);
    world.until(15);
    assert_eq!(world.titles(), ["Stream 2: no sound to hear"], "a critical one, after ten seconds");
    assert_eq!(world.incident(1).severity, Severity::Critical);
    world.until(65);
    assert_eq!(world.incident(2).severity, Severity::Warning);
}

#[test]
fn what_is_to_be_ignored_raises_nothing() {
    let ignore = Rule { ignore: true, conditions: vec![ConditionKind::Black], ..rule("test", "group:news") };
    let mut world = World::with(&with(vec![ignore]));
    news(&mut world, 1..10);
    world.on_host(1..10, "cdn-a.example");
    world.has(1..10, ConditionKind::Black);
    world.until(100);
    assert!(world.stored.is_empty());
    // Beside what is ignored there can be something else.
    world.change([1], |row| row.conditions.push(condition(ConditionKind::Frozen, at(100))));
    world.until(115);
    assert_eq!(world.titles(), ["Stream 1: frozen picture"]);
}

#[test]
fn many_streams_go_by_the_most_important_of_their_rules() {
    let mut world = World::with(&with(vec![rule("news", "group:news"), rule("all", "")]));
    news(&mut world, [3]);
    world.on_host(0..7, "cdn-a.example");
    world.has([0, 1, 2, 4, 5], ConditionKind::Refused);
    world.until(20);
    assert_eq!(&*world.incident(1).rule, "all");
    world.has([3], ConditionKind::Refused);
    assert_eq!(&*world.incident(1).rule, "news");
}

#[test]
fn other_rules_hold_at_once() {
    let mut world = World::new();
    world.has([1, 2], ConditionKind::Black);
    world.feed(Input::Notices(&[notice(NoticeKind::Host, Severity::Critical, "busy", at(0))]));
    world.until(20);
    world.has([3], ConditionKind::Black);
    news(&mut world, [2]);
    let rules = vec![
        Rule { ignore: true, ..rule("test", "group:news") },
        Rule { after: Some(secs(100)), clear_after: Some(secs(5)), ..rule("slow", "") },
    ];
    world.feed(Input::Settings(&with(rules)));
    assert_eq!(world.told.last(), Some(&(20, 3, Change::Ended)), "it is ignored now");
    assert_eq!((&*world.incident(1).rule, &*world.incident(2).rule), ("slow", "slow"));
    assert_eq!(world.incidents.next_deadline(), Some(at(125)));
    world.until(40);
    world.is_well([2]);
    world.is_well([1]);
    world.until(45);
    assert_eq!(world.told.last(), Some(&(45, 2, Change::Ended)));
    // And none ignores headend itself.
    let ignore = Rule { ignore: true, ..rule("nothing", "") };
    world.feed(Input::Settings(&with(vec![ignore])));
    assert!(world.open().is_empty());
}
