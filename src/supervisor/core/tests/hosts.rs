//! Streams of one origin host fail together and come back together.

use super::*;

fn on_host(count: u32, policy: Policy) -> World {
    let mut world = World::empty(policy);
    for n in 0..count {
        let inputs = vec![format!("http://cdn.example/{n}").into()];
        world.add(StreamSpec { inputs, ..spec(&format!("s{n}")) }, None);
    }
    world
}

fn quick() -> Policy {
    Policy { starts_per_second: 10, start_parallel: 15, ..Policy::default() }
}

impl World {
    fn refused(&mut self, ix: u32) {
        self.line(ix, FaultClass::Refused, "Connection refused");
        self.exits(ix, 1);
    }

    /// All that are starting are answered, or refused.
    fn answer(&mut self, up: bool) -> u32 {
        let count = u32::try_from(self.core.streams.len()).unwrap();
        let starting: Vec<u32> = (0..count).filter(|ix| self.phase(*ix) == Phase::Starting).collect();
        for ix in &starting {
            self.spawned(*ix);
            if up { self.progress(*ix) } else { self.refused(*ix) }
        }
        u32::try_from(starting.len()).unwrap()
    }

    fn count(&self, phase: Phase) -> usize {
        self.core.streams.iter().filter(|stream| stream.phase() == phase).count()
    }

    fn all_live(&mut self) {
        while self.count(Phase::Live) < self.core.streams.len() {
            self.pass(millis(500));
            self.answer(true);
        }
    }
}

#[test]
fn a_hundred_and_fifty_of_a_dead_host_wait_together_and_are_all_back_within_a_minute() {
    let mut world = on_host(150, quick());
    for n in 0..50 {
        let inputs = vec![format!("http://other.example/{n}").into()];
        world.add(StreamSpec { inputs, ..spec(&format!("o{n}")) }, None);
    }
    world.all_live();
    (0..150).for_each(|ix| world.refused(ix));
    assert_eq!((world.count(Phase::Broken), world.count(Phase::Live)), (150, 50));
    let why = world.row(3).why(world.now);
    assert!(why.starts_with("host cdn.example is down: connection refused, next try in "), "{why}");
    // The one whose failure opened the breaker has had no try of its own yet.
    let last = world.row(149);
    assert_eq!(last.failures, 0);
    assert!(!last.why(world.now).contains('('), "{}", last.why(world.now));
    // Ten minutes: only probes are tried.
    world.effects.clear();
    for _ in 0..1_200 {
        world.pass(millis(500));
        world.answer(false);
        world.pass_with_progress_of_others();
    }
    let tries = world.spawns().len();
    assert!((60..=3 * 60).contains(&tries), "{tries} tries in ten minutes");
    // It is back.
    let back = world.now;
    let mut most = 0;
    while world.count(Phase::Live) < 200 {
        world.pass(millis(100));
        most = most.max(world.core.pool().starting);
        // A start takes a while, as it does in life.
        if world.now.millis() % 1_000 < 100 {
            world.answer(true);
        }
        world.pass_with_progress_of_others();
        assert!(world.now.since(back) < secs(60), "{} live after a minute", world.count(Phase::Live));
    }
    assert!(most <= 15, "{most} at once");
    assert!((0..200).all(|ix| world.row(ix).failures == 0), "the host's fault is not held against them");
}

impl World {
    fn pass_with_progress_of_others(&mut self) {
        let count = u32::try_from(self.core.streams.len()).unwrap();
        for ix in (0..count).filter(|ix| self.phase(*ix) == Phase::Live).collect::<Vec<_>>() {
            self.progress(ix);
        }
    }
}

#[test]
fn a_host_that_is_down_has_one_line_on_the_board() {
    let mut world = on_host(8, quick());
    world.all_live();
    world.core.drain_changes(true);
    (0..8).for_each(|ix| world.refused(ix));
    let notices = world.core.drain_changes(true).notices.unwrap();
    assert_eq!(notices.len(), 1);
    assert_eq!(
        &*notices[0].text,
        "origin cdn.example: connection refused; 8 streams wait together and are tried a few at a time"
    );
    let reports = world.effects.iter().filter(|effect| matches!(effect, Effect::Report { .. })).count();
    assert_eq!(reports, 1, "and one in the log");
    world.pass(secs(20));
    world.answer(true);
    world.all_live();
    assert_eq!(world.core.drain_changes(true).notices, Some(Vec::new()));
}

#[test]
fn streams_that_fail_for_reasons_of_their_own_close_no_host() {
    let mut world = on_host(10, quick());
    world.all_live();
    for ix in 0..10 {
        world.line(ix, FaultClass::NotFound, "404");
        world.exits(ix, 1);
    }
    assert_eq!(world.count(Phase::Backoff), 10);
}

#[test]
fn an_answer_of_any_kind_is_an_answer() {
    let mut world = on_host(6, quick());
    world.all_live();
    (0..6).for_each(|ix| world.refused(ix));
    world.pass(secs(20));
    let probe = (0..6).find(|ix| world.phase(*ix) == Phase::Starting).unwrap();
    world.spawned(probe);
    world.line(probe, FaultClass::Auth, "403 Forbidden");
    world.exits(probe, 1);
    assert_eq!(world.count(Phase::Broken), 0, "the host speaks: the others are tried");
}

#[test]
fn a_start_by_hand_does_not_wait_for_the_host() {
    let mut world = on_host(6, quick());
    world.all_live();
    (0..6).for_each(|ix| world.refused(ix));
    world.order(Action::Start, 4);
    assert_eq!(world.phase(4), Phase::Starting);
    world.spawned(4);
    world.refused(4);
    assert_eq!(world.phase(4), Phase::Broken, "and waits again with the others");
}

#[test]
fn when_all_that_wait_are_stopped_nothing_is_left_of_it() {
    let mut world = on_host(6, quick());
    world.all_live();
    (0..6).for_each(|ix| world.refused(ix));
    world.command(Action::Stop, Selection::All);
    world.pass(secs(20));
    assert!(!world.core.origins.any_down());
    world.command(Action::Start, Selection::All);
    assert_eq!(world.count(Phase::Starting), 6);
}

#[test]
fn denied_and_bad_tls_do_not_hammer() {
    for class in [FaultClass::Auth, FaultClass::Tls] {
        let mut world = on_host(1, Policy { backoff_jitter: 0.0, ..quick() });
        let mut waits = Vec::new();
        for _ in 0..4 {
            world.pass_until(0, Phase::Starting);
            world.spawned(0);
            world.line(0, class, "no");
            world.exits(0, 1);
            waits.push(world.now.until(world.row(0).next.unwrap()).as_secs());
        }
        assert_eq!(waits, [30, 60, 120, 240], "{class:?}");
    }
}

#[test]
fn a_full_disk_stops_all_starts_is_said_once_and_ends_when_there_is_room() {
    let mut world = on_host(6, quick());
    world.all_live();
    world.effects.clear();
    for ix in [2, 4] {
        world.line(ix, FaultClass::DiskFull, "No space left on device");
        world.exits(ix, 228);
    }
    world.exits(5, 0);
    world.pass(secs(5));
    assert_eq!((world.phase(2), world.phase(4), world.phase(5)), (Phase::Held, Phase::Held, Phase::Held));
    assert_eq!(world.spawns(), [] as [u32; 0]);
    let said = |world: &World| {
        let reports = world.effects.iter().filter_map(|effect| match effect {
            Effect::Report { text, .. } if text.contains("no space left") => Some(text.clone()),
            _ => None,
        });
        reports.count()
    };
    assert_eq!(said(&world), 1);
    assert!(world.core.drain_changes(true).notices.unwrap()[0].text.contains("no space left"));
    // One of them is tried now and then, and nobody else.
    world.pass(secs(60));
    assert_eq!(world.spawns(), [2]);
    world.spawned(2);
    world.line(2, FaultClass::DiskFull, "No space left on device");
    world.exits(2, 228);
    world.pass(secs(61));
    assert_eq!(world.spawns(), [2, 4]);
    assert_eq!(said(&world), 1, "not again");
    // There is room: seen when it has written for a while.
    world.goes_live(4);
    world.pass(secs(14));
    assert_eq!(world.spawns(), [2, 4], "the first blocks may fit into a buffer");
    world.pass(secs(1));
    assert_eq!(world.spawns(), [2, 4, 5, 2], "in the order in which they came");
    assert_eq!(world.core.drain_changes(true).notices, Some(Vec::new()));
}

#[test]
fn a_full_disk_of_a_stream_that_is_stopped_holds_nobody() {
    let mut world = on_host(2, quick());
    world.all_live();
    world.line(0, FaultClass::DiskFull, "No space left on device");
    world.exits(0, 228);
    world.exits(1, 0);
    world.pass(secs(5));
    assert_eq!(world.phase(1), Phase::Held);
    world.order(Action::Stop, 0);
    assert_eq!(world.phase(1), Phase::Starting);
}
