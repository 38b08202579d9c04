//! The host guard: nothing is started above the soft limits, the least important rests above the
//! hard ones, and what overload explains is no fault.

use super::*;
use crate::model::{Explained, Health, HostReading, NoticeKind, SelfReading};

const GIB: u64 = 1 << 30;

impl World {
    fn memory(&mut self, percent: u64) {
        let host = HostReading {
            cores: 64,
            memory_bytes: percent * GIB,
            memory_total_bytes: 100 * GIB,
            ..HostReading::default()
        };
        self.handle(Input::Readings { host, own: SelfReading::default(), workers: None });
    }

    /// Readings each two seconds, while these streams' workers go on and those that were asked to
    /// end do so.
    fn with_memory(&mut self, percent: u64, seconds: u64) {
        let count = u32::try_from(self.core.streams.len()).unwrap();
        for _ in 0..seconds / 2 {
            self.pass(secs(2));
            for ix in 0..count {
                match self.phase(ix) {
                    Phase::Live => self.progress(ix),
                    Phase::Starting => {
                        self.time_us[ix as usize] = 0;
                        self.goes_live(ix);
                    }
                    Phase::Stopping => self.exits(ix, 255),
                    _ => {}
                }
            }
            self.memory(percent);
        }
    }

    /// Readings each two seconds, and no progress of anybody.
    fn with_memory_alone(&mut self, percent: u64, seconds: u64) {
        for _ in 0..seconds / 2 {
            self.pass(secs(2));
            self.memory(percent);
        }
    }

    fn notice(&mut self, kind: NoticeKind) -> Option<String> {
        let notices = self.core.notices();
        notices.into_iter().find(|notice| notice.kind == kind).map(|notice| notice.text.to_string())
    }
}

/// Ten live streams of priorities 0, 10, ... 90.
fn ten_live() -> World {
    let mut world = World::empty(Policy { slots: Some(20), starts_per_second: 50, ..Policy::default() });
    for n in 0..10_u8 {
        world.add(StreamSpec { priority: n * 10, ..spec(&format!("s{n}")) }, None);
    }
    (0..10).for_each(|ix| world.goes_live(ix));
    world
}

#[test]
fn above_a_soft_limit_nothing_new_is_started_and_the_reason_is_told() {
    let mut world = ten_live();
    world.with_memory(90, 14);
    let new = world.add(spec("new"), None);
    world.time_us.push(0);
    world.with_memory(90, 60);
    assert_eq!(world.phase(new), Phase::Held);
    assert_eq!(world.row(new).why(world.now), "the host is busy: memory above 85 %");
    assert_eq!(world.core.pool().held, 1);
    let notice = world.notice(NoticeKind::Host).unwrap();
    assert_eq!(notice, "the host is busy: memory above 85 %: nothing new is started until it is less");
    assert_eq!((0..10).filter(|ix| world.phase(*ix) == Phase::Live).count(), 10, "what runs goes on");
    // Not the first time it is below, but when it stays there.
    world.with_memory(70, 18);
    assert_eq!(world.phase(new), Phase::Held);
    world.with_memory(70, 6);
    assert_eq!(world.phase(new), Phase::Live);
    assert_eq!(world.notice(NoticeKind::Host), None);
}

#[test]
fn on_a_busy_host_what_ran_before_comes_back_one_at_a_time_the_most_important_first() {
    let mut world = ten_live();
    world.with_memory(90, 14);
    for ix in [2, 8, 5] {
        world.exits(ix, 1);
    }
    world.effects.clear();
    world.pass(secs(2));
    assert_eq!(world.spawns(), [8]);
    world.pass(secs(20));
    assert_eq!(world.spawns(), [8], "one at a time");
    world.goes_live(8);
    assert_eq!(world.spawns(), [8, 5]);
    world.goes_live(5);
    world.pass(secs(4));
    assert_eq!(world.spawns(), [8, 5], "and not as fast as they can");
    world.pass(secs(1));
    assert_eq!(world.spawns(), [8, 5, 2]);
    world.goes_live(2);
    // Above the hard limit nothing at all.
    world.with_memory(97, 14);
    world.effects.clear();
    world.exits(9, 1);
    world.with_memory(97, 40);
    assert_eq!(world.spawns(), [] as [u32; 0]);
}

#[test]
fn a_worker_that_stalls_on_a_busy_host_is_spared() {
    let mut world = ten_live();
    for _ in 0..40 {
        world.pass(secs(2));
        (0..9).for_each(|ix| world.progress(ix));
        world.memory(90);
    }
    assert_eq!((world.phase(9), world.row(9).restarts), (Phase::Stalled, 0));
    assert!(world.row(9).reason.contains("spared while nothing is started"));
    for _ in 0..20 {
        world.pass(secs(2));
        (0..9).for_each(|ix| world.progress(ix));
        world.memory(50);
    }
    assert_eq!(world.phase(9), Phase::Stopping, "when all is calm it is replaced");
}

#[test]
fn one_that_is_spared_shows_its_stall_however_soon_it_would_be_replaced() {
    let mut world = World::empty(Policy { slots: Some(20), ..Policy::default() });
    let thresholds = Thresholds { stall_restart: Duration::ZERO, ..Thresholds::default() };
    world.add(StreamSpec { thresholds, ..spec("s") }, None);
    world.goes_live(0);
    for _ in 0..8 {
        world.pass(secs(2));
        world.progress(0);
        world.memory(90);
    }
    world.with_memory_alone(90, 24);
    assert_eq!(world.phase(0), Phase::Stalled);
    assert!(world.has(0, ConditionKind::Stalled));
}

#[test]
fn who_would_not_start_again_is_not_restarted_with_many() {
    let mut world = ten_live();
    let all = Command::Streams { action: Action::Restart, target: Selection::All };
    assert_eq!(world.core.refusal(&all), None);
    world.with_memory(90, 14);
    let refusal = world.core.refusal(&all).unwrap();
    assert_eq!(refusal, "they would not start again: the host is busy: memory above 85 %");
}

#[test]
fn above_a_hard_limit_the_least_important_rest_a_few_at_a_time_and_half_stay() {
    let mut world = ten_live();
    world.with_memory(97, 14);
    let resting =
        |world: &World| (0..10).filter(|ix| world.phase(*ix) == Phase::Resting).collect::<Vec<u32>>();
    assert_eq!(resting(&world), [0]);
    assert!(world.row(0).reason.starts_with("rests: the host is overloaded: memory above 95 %"));
    world.with_memory(97, 10);
    assert_eq!(resting(&world), [0, 1]);
    world.with_memory(97, 120);
    assert_eq!(resting(&world), [0, 1, 2, 3, 4], "half of them stay, whatever it is");
    assert!(world.notice(NoticeKind::Host).unwrap().contains("5 streams rest"));
    assert_eq!(world.row(0).failures, 0, "that is no fault of theirs");
    // Between the limits nothing changes; below, they come back a few at a time, the best first.
    world.with_memory(90, 60);
    assert_eq!(resting(&world).len(), 5);
    world.with_memory(50, 32);
    assert!([&[0, 1, 2][..], &[0, 1, 2, 3]].contains(&&*resting(&world)), "{:?}", resting(&world));
    let told = world.notice(NoticeKind::Host).expect("who still rests is told though the host is calm");
    assert_eq!(
        told,
        format!("the host was busy: {} streams rest and come back a few at a time", resting(&world).len())
    );
    world.with_memory(50, 60);
    assert_eq!(resting(&world), [] as [u32; 0]);
    assert_eq!(world.notice(NoticeKind::Host), None);
    assert_eq!((0..10).filter(|ix| world.phase(*ix) == Phase::Live).count(), 10);
}

#[test]
fn a_stream_that_rests_can_be_stopped_and_started() {
    let mut world = ten_live();
    world.with_memory(97, 14);
    assert_eq!(world.phase(0), Phase::Resting);
    world.order(Action::Stop, 0);
    assert_eq!(world.phase(0), Phase::Stopped);
    world.order(Action::Start, 0);
    assert_eq!(world.phase(0), Phase::Held, "nothing is started now");
    world.with_memory(50, 60);
    assert_eq!(world.phase(0), Phase::Live);
}

#[test]
fn what_overload_explains_is_marked_and_no_alarm() {
    let mut world = ten_live();
    world.with_memory(90, 14);
    // Eight streams go on, one stalls, one turns black.
    let now = world.now;
    world.event(8, WorkerEvent::Detection { what: Detection::BlackBegan, began: now });
    for _ in 0..12 {
        world.pass(secs(2));
        (0..9).for_each(|ix| world.progress(ix));
        world.memory(90);
    }
    assert_eq!(world.phase(9), Phase::Stalled);
    assert_eq!(world.condition(9, ConditionKind::Stalled).unwrap().explained, Some(Explained::Overload));
    assert_eq!(world.row(9).health(), Health::Warning, "looked at, and no alarm");
    assert_eq!(world.condition(8, ConditionKind::Black).unwrap().explained, None);
    assert_eq!(world.row(8).health(), Health::Critical, "no overload makes a picture black");
}

#[test]
fn what_began_long_before_is_not_explained_by_it() {
    let mut world = ten_live();
    for _ in 0..12 {
        world.pass(secs(2));
        (0..9).for_each(|ix| world.progress(ix));
    }
    assert_eq!(world.phase(9), Phase::Stalled);
    for _ in 0..4 {
        world.pass(secs(2));
        (0..9).for_each(|ix| world.progress(ix));
        world.event(9, WorkerEvent::Sample(Sample { out_time_us: Some(BLOCK_US), ..Sample::default() }));
    }
    // It was replaced; the reason stays, and the host is only busy from now on.
    world.exits(9, 255);
    world.pass(secs(60));
    world.with_memory(90, 14);
    let stalled = world.condition(9, ConditionKind::Stalled);
    assert!(stalled.is_none_or(|c| c.explained.is_none()), "{stalled:?}");
}

#[test]
fn while_the_host_is_busy_no_turn_ends() {
    let mut world = World::empty(Policy { slots: Some(1), ..Policy::default() });
    for n in 0..2 {
        world.add(StreamSpec { watch: WatchKind::Rotate, ..spec(&format!("r{n}")) }, None);
    }
    world.goes_live(0);
    world.with_memory(90, 100);
    assert_eq!((world.phase(0), world.row(0).restarts), (Phase::Live, 0), "nobody could take its place");
    assert_eq!(world.phase(1), Phase::Held);
}

#[test]
fn slow_starts_on_this_machine_make_fewer_start_at_once() {
    let mut world = World::with(Policy { starts_per_second: 100, ..Policy::default() }, 40);
    assert_eq!(world.core.pool().starting, 15);
    for ix in 0..15 {
        world.spawned(ix);
    }
    world.pass(secs(12));
    (0..15).for_each(|ix| world.progress(ix));
    assert!(world.core.pool().starting < 8, "{} start at once", world.core.pool().starting);
}

#[test]
fn a_start_that_an_origin_lets_hang_says_nothing_of_this_machine() {
    let mut world = World::with(Policy { starts_per_second: 100, ..Policy::default() }, 40);
    for ix in 0..15 {
        world.spawned(ix);
        world.line(ix, FaultClass::Timeout, "Connection timed out");
    }
    world.pass(secs(5));
    for ix in 0..15 {
        world.line(ix, FaultClass::Timeout, "Connection timed out");
    }
    world.pass(secs(25));
    (0..15).for_each(|ix| world.exits(ix, 255));
    assert_eq!(world.core.pool().starting, 15);
}

#[test]
fn leaving_an_overloaded_host_waits_and_does_not_spin() {
    let mut world = ten_live();
    world.with_memory(99, 60);
    world.handle(Input::Shutdown);
    // `pass` refuses to tick for ever at one moment.
    world.pass(secs(60));
    let next = world.core.next_deadline(world.now);
    assert!(next.is_none_or(|at| at > world.now), "{next:?} at {:?}", world.now);
}
