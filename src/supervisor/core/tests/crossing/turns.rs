//! Where a rotation meets another policy.

use super::*;

#[test]
fn good_turns_forget_the_failures_of_a_rotating_stream() {
    let mut w = World::empty(Policy {
        slots: Some(1),
        starts_per_second: 100,
        start_parallel: 100,
        backoff_jitter: 0.0,
        ..Policy::default()
    });
    for n in 0..2 {
        w.add(
            StreamSpec {
                watch: WatchKind::Rotate,
                inputs: vec![format!("http://h{n}.example/1").into()],
                ..spec(&format!("r{n}"))
            },
            None,
        );
    }
    let mut fails = 0;
    let mut step = |w: &mut World, bad: bool| {
        w.pass(secs(1));
        for ix in 0..2 {
            match w.phase(ix) {
                Phase::Starting => {
                    w.time_us[ix as usize] = 0;
                    w.spawned(ix);
                    if ix == 0 && bad {
                        w.exits(0, 1);
                        fails += 1;
                    } else {
                        w.progress(ix);
                    }
                }
                Phase::Live => w.progress(ix),
                Phase::Stopping => w.exits(ix, 255),
                _ => {}
            }
        }
    };
    for _ in 0..900 {
        step(&mut w, true);
    }
    for _ in 0..12 * 3600 {
        step(&mut w, false);
    }
    while w.phase(0) != Phase::Live {
        step(&mut w, false);
    }
    w.exits(0, 1);
    assert_eq!(
        w.phase(0),
        Phase::Backoff,
        "{:?} next in {:?}",
        w.row(0).reason,
        w.row(0).next.map(|n| w.now.until(n))
    );
}

#[test]
fn in_a_small_pool_too_one_that_is_opened_jumps_the_line() {
    let mut w = World::empty(Policy {
        slots: Some(3),
        starts_per_second: 100,
        start_parallel: 100,
        ..Policy::default()
    });
    for n in 0..12 {
        w.add(
            StreamSpec {
                watch: WatchKind::Rotate,
                inputs: vec![format!("http://h{n}.example/1").into()],
                ..spec(&format!("r{n}"))
            },
            None,
        );
    }
    let step = |w: &mut World| {
        w.pass(secs(1));
        for ix in 0..12 {
            match w.phase(ix) {
                Phase::Starting => {
                    w.time_us[ix as usize] = 0;
                    w.spawned(ix);
                    w.progress(ix);
                }
                Phase::Live => w.progress(ix),
                Phase::Stopping => w.exits(ix, 255),
                _ => {}
            }
        }
    };
    for _ in 0..10 {
        step(&mut w);
    }
    w.order(Action::Look, 11);
    let mut s = 0;
    while w.phase(11) != Phase::Live {
        if s % 10 == 0 {
            w.order(Action::Look, 11);
        }
        step(&mut w);
        s += 1;
    }
    assert!(s < 40, "looked at after {s} s");
}

#[test]
fn the_end_of_a_turn_does_not_undo_a_failure() {
    let mut w = World::empty(Policy {
        slots: Some(1),
        starts_per_second: 100,
        start_parallel: 100,
        backoff_jitter: 0.0,
        ..Policy::default()
    });
    for n in 0..3 {
        w.add(
            StreamSpec {
                watch: WatchKind::Rotate,
                turn: secs(31),
                inputs: vec![format!("http://h{n}.example/1").into()],
                ..spec(&format!("r{n}"))
            },
            None,
        );
    }
    w.goes_live(0);
    while w.phase(0) != Phase::Stopping {
        w.pass(millis(100));
    }
    w.pass(secs(2));
    w.handle(Input::Readings { host: HostReading::default(), own: SelfReading::default(), workers: None });
    w.spawned(0);
    w.exits(0, 255);
    assert_eq!((w.phase(0), w.row(0).failures), (Phase::Backoff, 1));
}

#[test]
fn the_end_of_a_turn_does_not_undo_a_restart() {
    let mut w = World::empty(Policy {
        slots: Some(1),
        starts_per_second: 100,
        start_parallel: 100,
        backoff_jitter: 0.0,
        ..Policy::default()
    });
    for n in 0..3 {
        w.add(
            StreamSpec {
                watch: WatchKind::Rotate,
                inputs: vec![format!("http://h{n}.example/1").into()],
                ..spec(&format!("r{n}"))
            },
            None,
        );
    }
    w.goes_live(0);
    w.pass_with_progress(29, &[0]);
    w.order(Action::Restart, 0);
    w.pass(secs(2));
    w.handle(Input::Readings { host: HostReading::default(), own: SelfReading::default(), workers: None });
    w.exits(0, 255);
    assert_ne!(w.phase(0), Phase::Resting, "{}", w.row(0).reason);
}
