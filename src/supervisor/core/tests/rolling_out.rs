//! A large set is started step by step.

use super::*;
use crate::config::Rollout;
use crate::model::{HostReading, NoticeKind, RolloutOrder, SelfReading};

fn policy() -> Policy {
    Policy {
        rollout: Some(Rollout { steps: vec![4, 8], hold: secs(60), healthy: 0.75 }),
        starts_per_second: 100,
        ..Policy::default()
    }
}

/// Twenty streams, of which the last four are the most important.
fn twenty() -> World {
    let mut world = World::empty(policy());
    let specs = (0..20).map(|n| {
        world.time_us.push(0);
        let priority = if n >= 16 { 90 } else { 50 };
        (
            StreamSpec {
                priority,
                inputs: vec![format!("http://h{n}.example/").into()],
                ..spec(&format!("s{n}"))
            },
            None,
        )
    });
    let specs = specs.collect();
    world.core.add_all(world.now, specs, &mut world.effects);
    world
}

impl World {
    fn started(&self) -> Vec<u32> {
        (0..20).filter(|ix| self.phase(*ix).holds_slot()).collect()
    }

    fn say(&mut self, order: RolloutOrder) -> usize {
        self.core.command(self.now, &Command::Rollout(order), &mut self.effects)
    }

    fn all_started_go_live(&mut self) {
        for ix in self.started() {
            if self.phase(ix) == Phase::Starting {
                self.goes_live(ix);
            }
        }
    }

    fn minute(&mut self) {
        for _ in 0..60 {
            self.pass(secs(1));
            for ix in self.started() {
                if self.phase(ix) == Phase::Live {
                    self.progress(ix);
                }
            }
        }
    }

    fn rollout_notice(&self) -> Option<String> {
        let notices = self.core.notices();
        notices.into_iter().find(|n| n.kind == NoticeKind::Rollout).map(|n| n.text.to_string())
    }
}

#[test]
fn the_most_important_go_first_and_the_others_are_held_with_the_reason() {
    let world = twenty();
    assert_eq!(world.started(), [16, 17, 18, 19]);
    assert_eq!(world.phase(0), Phase::Held);
    assert_eq!(&*world.row(0).reason, "waits for the next step of the rollout");
    assert_eq!(world.core.pool().held, 16);
    assert_eq!(world.rollout_notice().unwrap(), "rollout: step 1 of 3 is watched, 16 streams wait");
}

#[test]
fn step_follows_step_while_enough_are_live() {
    let mut world = twenty();
    world.all_started_go_live();
    world.minute();
    assert_eq!(world.started().len(), 8);
    // Three quarters of eight are enough.
    let starting = |ix: &u32| world.phase(*ix) == Phase::Starting;
    for ix in world.started().into_iter().filter(starting).take(2).collect::<Vec<_>>() {
        world.goes_live(ix);
    }
    world.minute();
    assert_eq!(world.started().len(), 20);
    assert_eq!(world.rollout_notice(), None);
}

#[test]
fn it_stops_where_too_few_are_live_says_why_and_goes_on_when_they_are() {
    let mut world = twenty();
    (16..18).for_each(|ix| world.goes_live(ix));
    world.minute();
    world.minute();
    assert_eq!((0..16).filter(|ix| world.phase(*ix) == Phase::Held).count(), 16);
    assert_eq!(
        world.rollout_notice().unwrap(),
        "rollout stopped at step 1 of 3: 2 of 4 live, 75 % wanted; 16 streams wait: continue or turn back"
    );
    for ix in 18..20 {
        if world.phase(ix) == Phase::Stopping {
            world.exits(ix, 255);
        }
        world.pass_until(ix, Phase::Starting);
        world.time_us[ix as usize] = 0;
        world.goes_live(ix);
    }
    world.pass(secs(2));
    assert!(world.started().len() >= 8);
}

#[test]
fn the_operator_continues_or_turns_back() {
    let mut world = twenty();
    world.minute();
    assert_eq!(world.say(RolloutOrder::Continue), 4);
    world.pass(secs(1));
    assert!(world.core.pool().held == 12, "{:?}", world.core.pool());
    assert_eq!(world.say(RolloutOrder::Back), 4);
    for ix in world.started() {
        if world.phase(ix) == Phase::Stopping {
            world.spawned(ix);
            world.exits(ix, 255);
        }
    }
    assert_eq!(world.core.pool().held, 16);
    assert!(world.rollout_notice().unwrap().starts_with("rollout turned back to step 1 of 3"));
    world.all_started_go_live();
    world.minute();
    assert_eq!(world.core.pool().held, 16, "it does not go on by itself");
    world.say(RolloutOrder::Continue);
    world.say(RolloutOrder::Continue);
    assert_eq!((world.core.pool().held, world.say(RolloutOrder::Continue)), (0, 0));
    let refusal = world.core.refusal(&Command::Rollout(RolloutOrder::Continue));
    assert_eq!(refusal.as_deref(), Some("no rollout is under way"), "there is nothing left to say");
}

#[test]
fn it_does_not_go_on_while_the_host_is_busy() {
    let mut world = twenty();
    world.all_started_go_live();
    for _ in 0..50 {
        world.pass(secs(2));
        (16..20).for_each(|ix| world.progress(ix));
        let host = HostReading {
            memory_bytes: 90 << 30,
            memory_total_bytes: 100 << 30,
            cores: 9,
            ..HostReading::default()
        };
        world.handle(Input::Readings { host, own: SelfReading::default(), workers: None });
    }
    assert_eq!(world.core.pool().held, 16);
    assert!(world.rollout_notice().unwrap().contains("the host is above its limits"));
}

#[test]
fn a_large_set_that_is_started_by_hand_is_rolled_out_too_and_a_single_one_is_not() {
    let mut world = twenty();
    world.command(Action::Stop, Selection::All);
    for ix in world.started() {
        world.spawned(ix);
        world.exits(ix, 255);
    }
    for _ in 0..4 {
        world.say(RolloutOrder::Continue);
    }
    world.command(Action::Start, Selection::All);
    assert_eq!((world.started().len(), world.core.pool().held), (4, 16));
    world.order(Action::Start, 0);
    assert_eq!(world.phase(0), Phase::Starting, "who starts one by hand means it");
}

#[test]
fn leaving_in_the_middle_ends() {
    let mut world = twenty();
    world.all_started_go_live();
    world.handle(Input::Shutdown);
    (16..20).for_each(|ix| world.exits(ix, 255));
    assert!(world.core.is_done());
    assert!((0..20).all(|ix| world.phase(ix) == Phase::Stopped));
}
