//! On air and off, and maintenance: schedules against a wall clock that may be set.

use super::*;
use crate::model::{Explained, Health, Schedule, Window};

/// 2026-11-24 00:00:00 UTC, a Tuesday.
const MIDNIGHT_MS: u64 = 1_795_478_400_000;
const HOUR_MS: u64 = 3_600_000;

fn schedule(window: &str) -> Arc<Schedule> {
    let windows = vec![Window::parse(window).unwrap()];
    Arc::new(Schedule::new(windows, jiff::tz::TimeZone::UTC))
}

fn hours(hours: u64) -> Duration {
    secs(hours * 3_600)
}

/// One stream that is on air from 06:00 to 22:00, at this hour.
fn day_stream(hour: u64) -> World {
    let mut world = World::empty(Policy::default());
    world.handle(Input::Wall(MIDNIGHT_MS + hour * HOUR_MS));
    world.add(StreamSpec { on_air: Some(schedule("06:00-22:00")), ..spec("day") }, None);
    world
}

#[test]
fn off_air_it_is_stopped_and_says_when_it_comes() {
    let mut world = day_stream(3);
    assert_eq!((world.phase(0), world.row(0).wanted), (Phase::Stopped, Wanted::Started));
    assert_eq!(world.row(0).why(world.now), "off air, on air in 3 h");
    world.pass(secs(3 * 3_600 - 1));
    assert_eq!(world.phase(0), Phase::Stopped);
    world.pass(secs(1));
    assert_eq!(world.phase(0), Phase::Starting);
}

#[test]
fn at_the_end_of_its_window_its_worker_is_ended_and_that_is_no_failure() {
    let mut world = day_stream(21);
    world.goes_live(0);
    world.pass_with_progress(3_599, &[0]);
    assert_eq!(world.phase(0), Phase::Live);
    world.pass(secs(1));
    assert_eq!(world.phase(0), Phase::Stopping);
    world.exits(0, 255);
    assert_eq!((world.phase(0), world.row(0).failures), (Phase::Stopped, 0));
    assert_eq!(world.row(0).health(), Health::Unknown);
    world.pass(hours(8));
    assert_eq!(world.phase(0), Phase::Starting, "the next morning");
}

#[test]
fn a_stream_that_waits_for_its_next_try_goes_off_air_too() {
    let mut world = World::empty(Policy::default());
    world.handle(Input::Wall(MIDNIGHT_MS + 21 * HOUR_MS));
    let inputs = vec!["http://a.example/live".into()];
    world.add(StreamSpec { inputs, on_air: Some(schedule("06:00-22:00")), ..spec("day") }, None);
    world.goes_live(0);
    world.pass_with_progress(3_590, &[0]);
    world.line(0, FaultClass::Tls, "wrong version number");
    world.exits(0, 1);
    assert_eq!(world.phase(0), Phase::Backoff);
    world.pass(secs(10));
    assert_eq!(world.phase(0), Phase::Stopped);
    assert_eq!(&*world.row(0).reason, "off air");
    assert!(!world.has(0, ConditionKind::Tls), "what is off air has no faults");
}

#[test]
fn a_start_by_hand_does_not_put_it_on_air() {
    let mut world = day_stream(3);
    world.order(Action::Stop, 0);
    assert_eq!(&*world.row(0).reason, "stopped by the operator");
    world.order(Action::Start, 0);
    assert_eq!((world.phase(0), &*world.row(0).reason), (Phase::Stopped, "off air"));
    world.pass(hours(3));
    assert_eq!(world.phase(0), Phase::Starting);
}

#[test]
fn a_stream_that_is_stopped_by_hand_stays_stopped_when_its_window_opens() {
    let mut world = day_stream(3);
    world.order(Action::Stop, 0);
    world.pass(hours(6));
    assert_eq!(world.phase(0), Phase::Stopped);
}

#[test]
fn a_clock_that_is_set_moves_the_windows_and_nothing_else() {
    let mut world = day_stream(12);
    world.goes_live(0);
    for hour in [11, 13, 12] {
        world.handle(Input::Wall(MIDNIGHT_MS + hour * HOUR_MS));
        assert_eq!((world.phase(0), world.row(0).restarts), (Phase::Live, 0));
    }
    world.handle(Input::Wall(MIDNIGHT_MS + 23 * HOUR_MS));
    assert_eq!(world.phase(0), Phase::Stopping, "it is evening");
    world.handle(Input::Wall(MIDNIGHT_MS + 12 * HOUR_MS));
    world.exits(0, 255);
    assert_eq!(world.phase(0), Phase::Starting, "it was a mistake");
}

#[test]
fn in_maintenance_faults_are_shown_and_explained() {
    let mut world = World::empty(Policy::default());
    world.handle(Input::Wall(MIDNIGHT_MS));
    world.add(StreamSpec { maintenance: Some(schedule("00:00-01:00")), ..spec("s") }, None);
    world.goes_live(0);
    assert!(world.row(0).maintenance);
    let now = world.now;
    world.event(0, WorkerEvent::Detection { what: Detection::BlackBegan, began: now });
    world.pass_with_progress(3_599, &[0]);
    let black = world.condition(0, ConditionKind::Black).unwrap();
    assert_eq!((black.explained, world.row(0).health()), (Some(Explained::Maintenance), Health::Warning));
    // What is still wrong when it ends is a fault.
    world.pass_with_progress(1, &[0]);
    let black = world.condition(0, ConditionKind::Black).unwrap();
    assert_eq!((black.explained, world.row(0).health()), (None, Health::Critical));
    assert!(!world.row(0).maintenance);
}
