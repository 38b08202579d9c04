//! Where two policies meet.

mod turns;

use super::*;
use crate::config::Rollout;
use crate::model::{HostReading, RolloutOrder, SelfReading};

fn quick() -> Policy {
    Policy { starts_per_second: 10, start_parallel: 15, backoff_jitter: 0.0, ..Policy::default() }
}

fn two_hosts(count: u32, policy: Policy) -> World {
    let mut world = World::empty(policy);
    for n in 0..count {
        let inputs = vec![format!("http://a.example/{n}").into(), format!("http://b.example/{n}").into()];
        world.add(StreamSpec { inputs, ..spec(&format!("s{n}")) }, None);
    }
    world
}

impl World {
    fn n(&self) -> u32 {
        u32::try_from(self.core.streams.len()).unwrap()
    }
    fn on(&self, ix: u32) -> usize {
        self.stream(ix).inputs.current()
    }
    /// starting ones are answered if their input is in `up`, else refused; live ones move or are refused; probes answered.
    fn turn_of_world(&mut self, up: [bool; 2], restart_us: bool) {
        for ix in 0..self.n() {
            match self.phase(ix) {
                Phase::Starting => {
                    if restart_us {
                        self.time_us[ix as usize] = 0;
                    }
                    self.spawned(ix);
                    if up[self.on(ix)] {
                        self.progress(ix);
                    } else {
                        self.line(ix, FaultClass::Refused, "refused");
                        self.exits(ix, 1);
                    }
                }
                Phase::Live => {
                    if up[self.on(ix)] {
                        self.progress(ix);
                    } else {
                        self.line(ix, FaultClass::Refused, "refused");
                        self.exits(ix, 1);
                    }
                }
                Phase::Stopping => {
                    self.spawned(ix);
                    self.exits(ix, 255);
                }
                _ => {}
            }
        }
    }
    fn live(&self) -> usize {
        self.core.streams.iter().filter(|s| s.phase() == Phase::Live).count()
    }
    /// As runtime/mod.rs does: sleeps until the deadline, asks again, and ticks only if it is due then.
    fn pass_like_runtime(&mut self, span: Duration) {
        let end = self.now + span;
        while self.now < end {
            let at = self
                .core
                .next_deadline(self.now)
                .unwrap_or(end)
                .max(self.now)
                .min(self.now + secs(1))
                .min(end);
            self.now = if at == self.now { self.now + millis(1) } else { at };
            if self.core.next_deadline(self.now).is_some_and(|at| at <= self.now) {
                self.handle(Input::Tick);
            }
        }
    }
}

#[test]
fn all_are_back_within_a_minute_when_one_of_their_two_hosts_returns() {
    let mut w = two_hosts(150, quick());
    for _ in 0..40 {
        w.pass(secs(1));
        w.turn_of_world([true, true], true);
    }
    assert_eq!(w.live(), 150);
    for _ in 0..600 {
        w.pass(secs(1));
        w.turn_of_world([false, false], true);
    }
    let mut s = 0;
    while w.live() < 150 && s < 7200 {
        w.pass(secs(1));
        w.turn_of_world([true, false], true);
        s += 1;
        if s % 60 == 0 {}
    }
    assert!(s <= 60, "{s} s");
}

#[test]
fn a_restart_by_hand_on_another_input_leaves_nothing_behind_on_its_host() {
    let mut w = two_hosts(8, Policy { origin_failures: 100, ..quick() });
    for _ in 0..5 {
        w.pass(secs(1));
        w.turn_of_world([true, true], true);
    }
    for _ in 0..30 {
        w.pass(secs(1));
        w.turn_of_world([false, true], true);
    }
    assert_eq!((0..8).filter(|i| w.on(*i) == 1).count(), 8);
    w.command(Action::Restart, Selection::All);
    for _ in 0..30 {
        w.pass(secs(1));
        w.turn_of_world([true, true], true);
    }
    assert!((0..8).all(|i| w.on(i) == 0));
    let text = format!("{:?}", w.core.origins);
    let b = text.split("b.example").last().unwrap();
    assert!(b.contains("good: {}"), "{b}");
}

#[test]
fn one_good_stream_of_a_host_does_not_let_the_bad_ones_hammer() {
    let mut w = World::empty(quick());
    for n in 0..9 {
        let inputs = vec![format!("http://a.example/{n}").into()];
        w.add(StreamSpec { inputs, ..spec(&format!("s{n}")) }, None);
    }
    // stream 0 is a good one that ends each minute (a relay reconnecting); the others get 503 for ever
    let mut sec = 0;
    let mut starts = 0;
    w.effects.clear();
    for _ in 0..3600 {
        w.pass(secs(1));
        sec += 1;
        for ix in 0..9 {
            if w.phase(ix) == Phase::Starting {
                w.time_us[ix as usize] = 0;
                w.spawned(ix);
                if ix == 0 {
                    w.progress(0);
                } else {
                    w.line(ix, FaultClass::ServerError, "503");
                    w.exits(ix, 1);
                }
            } else if w.phase(ix) == Phase::Live {
                w.progress(ix);
                if sec % 60 == 0 {
                    w.exits(ix, 0);
                }
            }
        }
    }
    starts += w.spawns().iter().filter(|ix| **ix == 1).count();
    let reports = w.effects.iter().filter(|e| matches!(e, Effect::Report { .. })).count();
    assert!(
        starts <= 40 && reports <= 20,
        "stream 1 was started {starts} times in an hour, {reports} reports"
    );
}

fn memory(percent: u64) -> HostReading {
    HostReading { memory_bytes: percent, memory_total_bytes: 100, cores: 2, ..HostReading::default() }
}

fn rollout() -> Policy {
    Policy {
        rollout: Some(Rollout { steps: vec![4, 8], hold: secs(60), healthy: 0.75 }),
        starts_per_second: 100,
        backoff_jitter: 0.0,
        ..Policy::default()
    }
}
fn twelve() -> World {
    let mut w = World::empty(rollout());
    let specs = (0..12)
        .map(|n| {
            w.time_us.push(0);
            (
                StreamSpec { inputs: vec![format!("http://h{n}.example/").into()], ..spec(&format!("s{n}")) },
                None,
            )
        })
        .collect();
    w.core.add_all(w.now, specs, &mut w.effects);
    w
}

#[test]
fn a_stopped_rollout_goes_on_by_its_own_deadlines() {
    let mut w = twelve();
    for ix in 0..4 {
        w.spawned(ix);
        w.line(ix, FaultClass::Auth, "403");
        w.exits(ix, 1);
    }
    w.pass_like_runtime(secs(25));
    for ix in 0..4 {
        if w.phase(ix) == Phase::Starting {
            w.spawned(ix);
            w.exits(ix, 1);
        }
    }
    for _ in 0..60 {
        w.pass_like_runtime(secs(1));
        for ix in 0..4 {
            if w.phase(ix) == Phase::Starting {
                w.spawned(ix);
                w.exits(ix, 1);
            }
        }
    }
    for ix in 0..4 {
        w.order(Action::Stop, ix);
    }
    w.pass_like_runtime(secs(3600));
    assert!((4..8).all(|ix| w.phase(ix) != Phase::Held));
}

#[test]
fn restarting_all_in_a_rollout_lets_nobody_go() {
    let mut w = twelve();
    w.command(Action::Restart, Selection::All);
    w.pass(secs(1));
    let n = (0..12).filter(|ix| w.phase(*ix).holds_slot()).count();
    assert!(n <= 4, "{n} of 12 start; {:?}", w.core.notices());
}

#[test]
fn all_are_back_when_the_host_of_their_second_input_returns_first() {
    let mut w = two_hosts(150, quick());
    for _ in 0..40 {
        w.pass(secs(1));
        w.turn_of_world([true, true], true);
    }
    for _ in 0..600 {
        w.pass(secs(1));
        w.turn_of_world([false, false], true);
    }
    let mut s = 0;
    while w.live() < 150 && s < 7200 {
        w.pass(secs(1));
        w.turn_of_world([false, true], true);
        s += 1;
        if s % 60 == 0 {}
    }
    assert!(s <= 60, "all live after {s} s");
}

impl World {
    fn answer_(&mut self, up: bool) {
        for ix in 0..self.n() {
            if self.phase(ix) == Phase::Starting {
                self.spawned(ix);
                if up {
                    self.progress(ix);
                } else {
                    self.line(ix, FaultClass::Refused, "r");
                    self.exits(ix, 1);
                }
            }
        }
    }
}

#[test]
fn a_restart_by_hand_of_one_that_tries_a_host_leaves_room_for_others() {
    let mut w = two_hosts(12, quick());
    for n in 0..5 {
        w.add(
            StreamSpec { inputs: vec![format!("http://b.example/x{n}").into()], ..spec(&format!("x{n}")) },
            None,
        );
    }
    let up = |w: &mut World, a: bool, b: bool| {
        for ix in 0..17 {
            let ok = if ix >= 12 {
                b
            } else if w.on(ix) == 0 {
                a
            } else {
                b
            };
            match w.phase(ix) {
                Phase::Starting => {
                    w.time_us[ix as usize] = 0;
                    w.spawned(ix);
                    if ok {
                        w.progress(ix);
                    } else {
                        w.line(ix, FaultClass::Refused, "r");
                        w.exits(ix, 1);
                    }
                }
                Phase::Live => {
                    if ok {
                        w.progress(ix);
                    } else {
                        w.line(ix, FaultClass::Refused, "r");
                        w.exits(ix, 1);
                    }
                }
                Phase::Stopping => w.exits(ix, 255),
                _ => {}
            }
        }
    };
    for _ in 0..20 {
        w.pass(secs(1));
        up(&mut w, true, true);
    }
    for _ in 0..60 {
        w.pass(secs(1));
        up(&mut w, false, false);
    }
    // The primary is back; whoever is being tried on b just then is restarted by the operator.
    for _ in 0..600 {
        w.pass(secs(1));
        for ix in 0..12 {
            if w.phase(ix) == Phase::Starting && w.on(ix) == 1 {
                w.order(Action::Restart, ix);
                w.spawned(ix);
                w.exits(ix, 255);
            }
        }
        up(&mut w, true, false);
    }
    let mut s = 0;
    while (12..17).any(|ix| w.phase(ix) != Phase::Live) && s < 86_400 {
        w.pass(secs(1));
        up(&mut w, true, true);
        s += 1;
    }
    assert!(s < 120, "{s} s; {:?}", w.core.notices());
}

#[test]
fn one_that_tries_a_host_and_is_held_back_leaves_room_for_others() {
    let mut w = World::empty(Policy {
        rollout: Some(Rollout { steps: vec![6, 12], hold: secs(400), healthy: 0.0 }),
        ..quick()
    });
    let specs = (0..18)
        .map(|n| {
            w.time_us.push(0);
            (
                StreamSpec { inputs: vec![format!("http://a.example/{n}").into()], ..spec(&format!("s{n}")) },
                None,
            )
        })
        .collect();
    w.core.add_all(w.now, specs, &mut w.effects);
    w.add(StreamSpec { inputs: vec!["http://a.example/by-hand".into()], ..spec("h") }, None);
    for _ in 0..4 {
        w.pass(secs(1));
        w.answer_(false);
    }
    let busy = memory(90);
    for _ in 0..25 {
        w.pass(secs(1));
        w.handle(Input::Readings { host: busy, own: SelfReading::default(), workers: None });
        w.answer_(false);
    }
    w.core.command(w.now, &Command::Rollout(RolloutOrder::Back), &mut w.effects);
    let mut s = 0;
    while w.phase(18) != Phase::Live && s < 86_400 {
        w.pass(secs(1));
        w.handle(Input::Readings { host: memory(20), own: SelfReading::default(), workers: None });
        for ix in 0..19 {
            if w.phase(ix) == Phase::Live {
                w.progress(ix);
            }
        }
        w.answer_(true);
        s += 1;
    }
    assert!(s < 120, "{s}: {:?} {}", w.phase(18), w.row(18).reason);
}
