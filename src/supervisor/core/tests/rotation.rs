//! More streams than slots: turns, urgency, priority, and a pool that changes its size.

use super::*;
use crate::model::{PoolReading, WatchKind};

fn rotating(id: &str) -> StreamSpec {
    let inputs = vec![format!("http://{id}.example/live").into()];
    StreamSpec { watch: WatchKind::Rotate, inputs, ..spec(id) }
}

fn slots(slots: u32) -> Policy {
    Policy { slots: Some(slots), starts_per_second: 100, start_parallel: 100, ..Policy::default() }
}

/// `count` rotating streams on so many slots.
fn turning(count: u32, on: u32) -> World {
    let mut world = World::empty(slots(on));
    for n in 0..count {
        world.add(rotating(&format!("r{n}")), None);
    }
    world
}

impl World {
    fn in_phase(&self, phase: Phase) -> Vec<u32> {
        let count = u32::try_from(self.core.streams.len()).unwrap();
        (0..count).filter(|ix| self.phase(*ix) == phase).collect()
    }

    /// One second of a world in which workers are healthy and end when they are asked to.
    fn healthy_second(&mut self) {
        self.pass(secs(1));
        for ix in self.in_phase(Phase::Starting) {
            self.spawned(ix);
        }
        for ix in [self.in_phase(Phase::Starting), self.in_phase(Phase::Live)].concat() {
            self.progress(ix);
        }
        for ix in self.in_phase(Phase::Stopping) {
            self.exits(ix, 255);
            self.time_us[ix as usize] = 0;
        }
    }

    fn healthy_seconds(&mut self, seconds: u64) {
        (0..seconds).for_each(|_| self.healthy_second());
    }

    fn pool(&self) -> PoolReading {
        self.core.pool()
    }
}

#[test]
fn all_are_looked_at_within_three_minutes_with_a_quarter_of_the_slots() {
    let mut world = turning(200, 50);
    world.healthy_seconds(180);
    let mut longest = Duration::ZERO;
    for _ in 0..600 {
        world.healthy_second();
        let unseen = world.pool().unseen_since.unwrap();
        longest = longest.max(world.now.since(unseen));
        assert!(world.pool().busy <= 50);
    }
    assert!(longest <= secs(180), "{longest:?}");
    assert!(longest >= secs(60), "{longest:?}: nobody waited, so nothing was tried");
    assert_eq!(world.pool().rotating, 200);
}

#[test]
fn a_turn_lasts_from_the_first_progress_for_as_long_as_configured() {
    let mut world = turning(2, 1);
    assert_eq!((world.phase(0), world.phase(1)), (Phase::Starting, Phase::Queued));
    world.pass(secs(9));
    world.goes_live(0);
    world.pass_with_progress(29, &[0]);
    assert_eq!(world.phase(0), Phase::Live);
    assert_eq!(world.row(0).next, Some(world.now + secs(1)), "when its turn ends");
    world.pass_with_progress(1, &[0]);
    assert_eq!(world.phase(0), Phase::Stopping);
    world.exits(0, 255);
    assert_eq!((world.phase(0), world.phase(1)), (Phase::Resting, Phase::Starting));
    assert_eq!(world.row(0).why(world.now), "waits for its next turn, next turn in about 30 s");
    assert_eq!(world.row(0).health(), crate::model::Health::Ok, "it was well when it was last seen");
}

#[test]
fn nobody_rests_while_nobody_waits() {
    let mut world = turning(2, 2);
    world.healthy_seconds(120);
    assert_eq!(world.in_phase(Phase::Live), [0, 1]);
    assert_eq!(world.row(0).restarts, 0);
}

#[test]
fn what_was_found_in_its_turn_is_shown_while_it_rests() {
    let mut world = turning(2, 1);
    world.goes_live(0);
    let now = world.now;
    world.event(0, WorkerEvent::Detection { what: Detection::SilenceBegan, began: now });
    // A fault that was seen long ago is no reason to stay.
    world.pass_with_progress(700, &[0]);
    assert!(world.has(0, ConditionKind::Silent));
    world.pass_until(0, Phase::Stopping);
    let seen = world.stream(0).worker.as_ref().unwrap().moved;
    world.exits(0, 255);
    assert_eq!(world.phase(0), Phase::Resting);
    assert!(world.has(0, ConditionKind::Silent), "as it was found");
    assert_eq!(world.row(0).last_seen, Some(seen));
    world.goes_live(1);
    world.pass_with_progress(30, &[1]);
    world.exits(1, 255);
    world.goes_live(0);
    assert!(!world.has(0, ConditionKind::Silent), "the new turn begins with a clean page");
}

#[test]
fn one_with_a_fresh_fault_is_kept_until_it_is_clear() {
    // Four slots: one of them may be kept.
    let mut world = turning(5, 4);
    world.healthy_seconds(20);
    let now = world.now;
    world.event(2, WorkerEvent::Detection { what: Detection::BlackBegan, began: now });
    world.healthy_seconds(100);
    assert_eq!((world.phase(2), world.row(2).restarts), (Phase::Live, 0), "kept beyond its turn");
    assert!((0..5).filter(|ix| *ix != 2).all(|ix| world.row(ix).restarts > 0), "the others take turns");
    let now = world.now;
    world.event(2, WorkerEvent::Detection { what: Detection::BlackEnded, began: now });
    world.healthy_seconds(40);
    assert!(world.phase(2) != Phase::Live || world.row(2).restarts > 0, "clear: its turn is over");
}

#[test]
fn urgent_ones_keep_a_quarter_of_the_slots_at_most() {
    let mut world = turning(40, 8);
    world.healthy_seconds(5);
    // From now on every picture is black.
    for _ in 0..400 {
        world.healthy_second();
        for ix in world.in_phase(Phase::Live) {
            let now = world.now;
            world.event(ix, WorkerEvent::Detection { what: Detection::BlackBegan, began: now });
        }
    }
    let unseen = world.now.since(world.pool().unseen_since.unwrap());
    assert!(unseen <= secs(300), "{unseen:?}: the black ones keep all the slots");
    assert!((0..40).any(|ix| world.row(ix).restarts == 0), "none was kept");
}

#[test]
fn one_that_is_opened_jumps_the_line() {
    let mut world = turning(30, 4);
    world.healthy_seconds(10);
    assert_eq!(world.phase(29), Phase::Queued);
    assert_eq!(world.order(Action::Look, 29), 1);
    // The others go on with their turns; the next slot is its.
    let mut spawned = Vec::new();
    while spawned.is_empty() {
        world.effects.clear();
        world.healthy_second();
        spawned = world.spawns();
    }
    assert_eq!(spawned[0], 29);
    world.healthy_seconds(45);
    assert_eq!(world.phase(29), Phase::Live, "kept while somebody looks");
    assert_eq!(world.order(Action::Look, 29), 0, "it is there already");
}

#[test]
fn a_stream_that_is_always_watched_goes_before_all_that_take_turns() {
    let mut world = turning(6, 2);
    world.healthy_seconds(5);
    let ix = world.add(spec("always"), None);
    world.healthy_seconds(30);
    assert_eq!(world.phase(ix), Phase::Live);
    world.healthy_seconds(200);
    assert_eq!((world.phase(ix), world.row(ix).restarts), (Phase::Live, 0), "and keeps its slot");
}

#[test]
fn the_more_important_starts_first() {
    let mut world = World::empty(slots(1));
    world.add(spec("first"), None);
    for (id, priority) in [("low", 10), ("high", 90), ("middle", 50)] {
        world.add(StreamSpec { priority, ..spec(id) }, None);
    }
    world.order(Action::Stop, 0);
    let mut started = Vec::new();
    for _ in 0..3 {
        world.effects.clear();
        let busy: Vec<u32> =
            (0..4).filter(|ix| world.phase(*ix).holds_slot() && world.phase(*ix) != Phase::Stopped).collect();
        let busy = busy[0];
        if world.phase(busy) == Phase::Starting {
            world.spawned(busy);
            world.order(Action::Stop, busy);
        }
        world.exits(busy, 255);
        started.extend(world.spawns());
    }
    assert_eq!(started, [2, 3, 1]);
}

#[test]
fn a_larger_pool_starts_more_and_a_smaller_one_lets_the_least_important_go() {
    let mut world = World::empty(slots(2));
    for (id, priority) in [("a", 50), ("b", 90), ("c", 20), ("d", 70)] {
        world.add(StreamSpec { priority, ..spec(id) }, None);
    }
    let resize = |world: &mut World, to: Option<u32>| {
        world.core.command(world.now, &Command::Slots(to), &mut world.effects)
    };
    let refusal = world.core.refusal(&Command::Slots(Some(10_001)));
    assert!(refusal.unwrap().contains("open files allows 10000 workers"));
    assert_eq!(resize(&mut world, Some(4)), 1);
    assert_eq!(resize(&mut world, Some(4)), 0, "it has that size already");
    world.healthy_seconds(3);
    assert_eq!(world.in_phase(Phase::Live), [0, 1, 2, 3]);
    resize(&mut world, Some(2));
    assert_eq!(world.in_phase(Phase::Stopping), [0, 2], "20 and 50 go, 70 and 90 stay");
    assert_eq!(world.row(0).why(world.now).split(',').next(), Some("the pool was made smaller"));
    world.healthy_seconds(5);
    assert_eq!(world.in_phase(Phase::Live), [1, 3]);
    assert_eq!(world.in_phase(Phase::Queued), [0, 2]);
    assert!(world.row(0).failures == 0, "that is no failure");
    resize(&mut world, None);
    world.healthy_seconds(3);
    assert_eq!(world.in_phase(Phase::Live), [0, 1, 2, 3]);
    assert!(world.pool().auto);
}

#[test]
fn too_small_a_pool_is_said() {
    let mut world = World::empty(slots(1));
    world.add(spec("a"), None);
    world.add(spec("b"), None);
    world.healthy_seconds(3);
    let notices = world.core.drain_changes(true).notices.unwrap();
    assert!(notices[0].text.contains("1 stream waits for a slot that never comes free"), "{notices:?}");
    world.core.command(world.now, &Command::Slots(Some(2)), &mut world.effects);
    world.healthy_seconds(3);
    assert_eq!(world.core.drain_changes(true).notices, Some(Vec::new()));
}

#[test]
fn no_more_urgent_ones_jump_the_line_than_have_their_part() {
    // Eight slots: two of them are for urgent ones.
    let mut world = turning(40, 8);
    world.healthy_seconds(10);
    for ix in 20..40 {
        world.order(Action::Look, ix);
    }
    world.effects.clear();
    world.healthy_seconds(28);
    let started = world.spawns();
    assert!(started.len() >= 8, "{started:?}");
    assert!(started[..8].iter().filter(|ix| **ix >= 20).count() <= 2, "{started:?}");
}

#[test]
fn a_fault_that_is_known_for_long_keeps_no_slot() {
    let mut world = turning(5, 4);
    world.healthy_seconds(20);
    let now = world.now;
    world.event(2, WorkerEvent::Detection { what: Detection::BlackBegan, began: now });
    world.healthy_seconds(560);
    assert_eq!(world.row(2).restarts, 0);
    world.healthy_seconds(120);
    assert!(world.row(2).restarts > 0, "others have not been looked at");
}

#[test]
fn who_is_just_asked_to_end_its_turn_was_seen_until_then() {
    let mut world = turning(1, 1);
    // Nobody else waits: its turn goes on.
    world.healthy_seconds(600);
    world.add(rotating("r1"), None);
    world.pass(millis(500));
    assert_eq!(world.phase(0), Phase::Stopping);
    let unseen = world.stream(0).unseen_since().unwrap();
    assert!(world.now.since(unseen) <= secs(1), "{:?}", world.now.since(unseen));
}

#[test]
fn a_turn_ends_for_who_is_to_find_out_whether_the_disk_is_still_full() {
    let mut world = turning(1, 2);
    world.add(spec("writes"), None);
    world.healthy_seconds(5);
    world.line(1, FaultClass::DiskFull, "No space left on device");
    world.exits(1, 1);
    let command = Command::Slots(Some(1));
    world.core.command(world.now, &command, &mut world.effects);
    assert_eq!((world.phase(0), world.phase(1)), (Phase::Live, Phase::Held));
    for _ in 0..70 {
        world.healthy_second();
        if world.phase(1) == Phase::Live {
            return;
        }
    }
    panic!("never tried again: {:?} {}", world.phase(1), world.row(1).reason);
}
