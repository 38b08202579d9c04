//! Telling and the outbox in a made-up world, held to their laws after every step.
//!
//! Everything comes from one seed; a run that breaks a law says which it was.

mod world;

use std::sync::Arc;
use std::time::Duration;

use super::super::outbox::tests::incident;
use super::super::{Change, Event, MAX_ITEMS};
use crate::model::{Incident, Told};
use world::{HOUR, MINUTE, Mood, Plan, SECOND, World};

/// The seeds to run; more of them with `HEADEND_SEEDS=1000`.
fn seeds(few: std::ops::Range<u64>) -> std::ops::Range<u64> {
    let asked = std::env::var("HEADEND_SEEDS").ok().and_then(|count| count.parse::<u64>().ok());
    few.start..asked.map_or(few.end, |count| few.start + count)
}

fn run(seed: u64, plan: Plan) -> World {
    let lived = std::panic::catch_unwind(|| {
        let mut world = World::new(seed, plan);
        world.live();
        world
    });
    lived.unwrap_or_else(|panic| {
        eprintln!("that was seed {seed}");
        std::panic::resume_unwind(panic)
    })
}

#[test]
fn worlds_with_bad_servers_and_kills_lose_nothing_and_say_nothing_twice() {
    let (mut sent, mut kills, mut lost, mut refused) = (0, 0, 0, 0);
    for seed in seeds(0..24) {
        let world = run(seed, Plan { torn: false, ..Plan::default() });
        sent += world.accepted.len();
        kills += world.kills;
        lost += world.lost_answers;
        refused += world.refused.len();
    }
    assert!(sent > 300 && kills > 150 && lost > 20 && refused > 5, "{sent} {kills} {lost} {refused}");
}

/// A store that was killed in the middle of writing may have any part of what it was given since.
#[test]
fn nothing_is_lost_when_the_store_has_written_a_part() {
    for seed in seeds(1_000..1_012) {
        run(seed, Plan { torn: true, ..Plan::default() });
    }
}

#[test]
fn a_kill_at_any_point_loses_nothing() {
    let mut points = 0;
    for point in 1.. {
        let mut world = World::new(7, Plan { kills: false, ..Plan::default() });
        world.kill_after = Some(point);
        for number in 1..=12 {
            world.open(&incident(number));
        }
        world.until(4 * SECOND);
        for number in 1..=7 {
            world.end(number);
        }
        world.until(20 * MINUTE);
        world.settle();
        if world.kills == 0 {
            break;
        }
        points += 1;
    }
    assert!(points > 60, "{points}");
}

#[test]
fn two_hundred_reasons_at_once_are_twenty_messages_at_most_and_all_are_told() {
    let mut world = World::new(1, Plan::calm());
    for number in 1..=200 {
        world.open(&incident(number));
    }
    world.until(MINUTE);
    assert!(world.accepted.len() <= 20, "{}", world.accepted.len());
    assert_eq!(world.told_to("a").len(), 200, "within the first minute too");
    for number in 1..=200 {
        assert_eq!(world.post.told(number), Told::Sent);
        world.end(number);
    }
    world.until(3 * MINUTE);
    assert!(world.accepted.len() <= 40, "{}", world.accepted.len());
    world.settle();
}

#[test]
fn a_server_that_is_down_for_two_hours_gets_each_thing_once() {
    let mut world = World::new(2, Plan::calm());
    world.open(&incident(1));
    world.until(MINUTE);
    world.mood = Mood::Down;
    for number in 2..=120 {
        world.open(&incident(number));
        if number % 3 == 0 {
            world.end(number - 1);
        }
        world.until(i64::try_from(number).unwrap() * MINUTE);
    }
    world.mood = Mood::Well;
    world.until(121 * MINUTE + 20 * MINUTE);
    let mails = world.accepted.len();
    assert!(mails <= 20, "{mails} mails");
    assert_eq!(world.told_to("a").len(), 120);
    world.settle();
}

#[test]
fn a_square_wave_is_three_messages_in_ten_minutes() {
    let mut world = World::new(3, Plan::calm());
    for wave in 0..60_u64 {
        let one = super::super::outbox::tests::alike(wave + 1, &incident(1));
        world.open(&one);
        world.until(i64::try_from(wave).unwrap() * 10 * SECOND + 5 * SECOND);
        world.end(wave + 1);
        world.until(i64::try_from(wave).unwrap() * 10 * SECOND + 10 * SECOND);
    }
    assert!(world.accepted.len() <= 3, "{:?}", world.accepted.iter().map(|one| one.0).collect::<Vec<_>>());
    world.until(20 * MINUTE);
    assert_eq!(world.told_to("a").len(), 60, "and none is lost");
    world.settle();
}

#[test]
fn thousands_at_once_are_bounded_and_counted() {
    let mut world = World::new(4, Plan::calm());
    for number in 1..=3_000 {
        world.open(&incident(number));
    }
    world.until(2 * MINUTE);
    let named = world.told_to("a").len();
    let counted: u32 = world.accepted.iter().map(|(_, message)| message.more_items).sum();
    assert!(named >= MAX_ITEMS && named + counted as usize == 3_000, "{named} and {counted}");
    assert!(world.accepted.len() <= 20, "{}", world.accepted.len());
}

#[test]
fn what_ended_while_headend_was_down_is_told() {
    let mut world = World::new(5, Plan::calm());
    world.open(&incident(1));
    world.until(MINUTE);
    world.open(&incident(2));
    world.until(MINUTE + 1_050);
    world.kill();
    world.ends_unheard(1);
    world.ends_unheard(2);
    world.start();
    world.until(3 * MINUTE);
    let events: Vec<_> = world
        .accepted
        .iter()
        .flat_map(|(_, m)| &m.items)
        .map(|item| (item.incident.number, item.event))
        .collect();
    assert!(events.contains(&(1, Event::Recovered)) && events.contains(&(2, Event::Raised)), "{events:?}");
    world.settle();
}

/// An incident whose rule repeats and escalates to c.
fn escalating(number: u64) -> Arc<Incident> {
    Arc::new(Incident { rule: "two".into(), ..(*incident(number)).clone() })
}

#[test]
fn once_somebody_knows_what_waits_says_so_or_is_not_sent() {
    let mut world = World::new(8, Plan::calm());
    world.open(&escalating(1));
    world.until(MINUTE);
    world.open(&escalating(2));
    world.until(2 * MINUTE);
    // The first message that the servers don't take is sealed; those after it wait and can change.
    world.mood = Mood::Down;
    world.until(10 * MINUTE);
    world.open(&incident(3));
    world.until(11 * MINUTE);
    world.open(&incident(4));
    world.until(12 * MINUTE);
    world.acknowledge(2, true);
    world.acknowledge(4, true);
    assert_eq!(world.post.told(2), Told::Sent, "nothing of it waits any more");
    world.mood = Mood::Well;
    world.until(15 * MINUTE);
    assert_eq!(world.told_to("c").into_iter().collect::<Vec<_>>(), [1]);
    let items = || world.accepted.iter().flat_map(|(_, message)| &message.items);
    let raised = items().find(|item| item.incident.number == 4).unwrap();
    assert_eq!((raised.event, raised.incident.acknowledged.is_some()), (Event::Raised, true));
    // Taken back, its time begins anew.
    world.acknowledge(2, false);
    world.until(24 * MINUTE);
    assert_eq!(world.told_to("c").len(), 1);
    world.until(26 * MINUTE);
    assert_eq!(world.told_to("c").len(), 2);
    for number in 1..=4 {
        world.end(number);
    }
    world.until(HOUR);
    world.settle();
}

#[test]
fn of_one_that_became_a_part_of_another_nobody_hears_the_end() {
    let mut world = World::new(9, Plan::calm());
    world.open(&escalating(1));
    world.until(MINUTE);
    let before = world.accepted.len();
    world.withdraw(1);
    world.until(HOUR);
    assert_eq!((before, world.accepted.len()), (2, 2), "those of its rule were told, and that was all");
    world.settle();
}

#[test]
fn a_wall_clock_that_jumps_moves_no_message() {
    let mut world = World::new(6, Plan::calm());
    world.open(&incident(1));
    world.until(500);
    world.wall_ahead_ms = -86_400_000;
    world.until(2 * SECOND);
    assert_eq!(world.accepted.len(), 1);
    world.wall_ahead_ms = 86_400_000;
    world.happen(1, Change::Grew);
    world.until(4 * MINUTE);
    assert_eq!(world.accepted.len(), 1);
    world.until(6 * MINUTE);
    assert_eq!(world.accepted.len(), 2);
    assert!(world.post.next_deadline().is_some_and(|at| at.millis() > world.ms));
    assert!(Duration::from_millis(world.ms.unsigned_abs()) < Duration::from_secs(3_600));
}
