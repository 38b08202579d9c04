//! Another configuration while everything runs.

use super::*;
use crate::config::{Guard, Key, Rollout};
use crate::model::{CareOrder, RolloutOrder, Schedule, Window};

impl World {
    /// Goes over to these streams, with the settings there are.
    fn reconfigure(&mut self, streams: Vec<StreamSpec>) -> Reconfigured {
        let mut policy = self.core.policy.clone();
        policy.slots = self.core.configured_slots;
        self.reconfigure_with(streams, policy)
    }

    fn reconfigure_with(&mut self, streams: Vec<StreamSpec>, policy: Policy) -> Reconfigured {
        let streams = streams.into_iter().map(|spec| (spec, None)).collect();
        let next = Reconfiguration { streams, policy };
        let done = self.core.reconfigure(self.now, next, &mut self.effects).unwrap();
        self.time_us.resize(self.core.streams.len(), 0);
        done
    }

    /// What the board is told now: rows that changed, and streams that are gone.
    fn told(&mut self) -> (Vec<u32>, Vec<u32>) {
        let changes = self.core.drain_changes(true);
        (changes.rows.iter().map(|row| row.ix.0).collect(), changes.removed.iter().map(|ix| ix.0).collect())
    }
}

fn specs(ids: &[&str]) -> Vec<StreamSpec> {
    ids.iter().map(|id| spec(id)).collect()
}

fn two_live() -> World {
    let mut world = World::with(Policy::default(), 2);
    world.goes_live(0);
    world.goes_live(1);
    world.effects.clear();
    world.told();
    world
}

#[test]
fn what_did_not_change_is_not_touched() {
    let mut world = two_live();
    let done = world.reconfigure(specs(&["s1", "s0"]));
    assert_eq!(done, Reconfigured { unchanged: 2, ..Reconfigured::default() });
    assert_eq!(world.effects, []);
    assert_eq!(world.told(), (vec![], vec![]));
}

#[test]
fn a_removed_stream_s_row_goes_when_its_worker_has_ended_and_its_slot_with_it() {
    let mut world = World::with(Policy { slots: Some(1), ..Policy::default() }, 1);
    world.goes_live(0);
    world.effects.clear();
    let done = world.reconfigure(specs(&["new"]));
    assert_eq!((done.removed, done.added), (vec![spec("s0").id], vec![(StreamIx(1), spec("new").id)]));
    assert_eq!((world.signals(), world.spawns()), (vec![Signal::Term], vec![]));
    assert_eq!((world.phase(0), &*world.row(0).reason), (Phase::Stopping, "removed from the configuration"));
    assert_eq!(world.told(), (vec![0, 1], vec![]));
    assert_eq!(world.command(Action::Restart, Selection::All), 1, "nobody orders anything for it any more");
    world.exits(0, 255);
    assert_eq!((world.told(), world.spawns()), ((vec![1], vec![0]), vec![1]));
    assert_eq!(world.core.detail(StreamIx(0)), None);
    // What an old worker still has to say goes nowhere.
    world.event_of(0, Generation(1), WorkerEvent::Exited(WorkerEnd::Code(1)));
    world.pass(secs(600));
    assert!(!world.told().0.contains(&0));
}

#[test]
fn a_removed_stream_without_a_worker_goes_at_once() {
    let mut world = World::one();
    world.exits(0, 1);
    assert_eq!(world.phase(0), Phase::Backoff);
    world.told();
    world.reconfigure(Vec::new());
    assert_eq!(world.told(), (vec![], vec![0]));
    assert_eq!(world.core.next_deadline(world.now), None, "nothing is waited for");
}

#[test]
fn what_a_deaf_worker_of_a_removed_stream_is_sent_is_what_any_is_sent() {
    let mut world = two_live();
    world.reconfigure(specs(&["s1"]));
    world.pass(secs(6));
    assert_eq!(world.signals(), [Signal::Term, Signal::Term, Signal::Kill]);
}

#[test]
fn one_that_comes_back_while_its_worker_ends_waits_for_that_and_is_the_same_one() {
    let mut world = two_live();
    world.reconfigure(specs(&["s1"]));
    let done = world.reconfigure(specs(&["s0", "s1"]));
    assert_eq!((done.added, done.unchanged), (vec![(StreamIx(0), spec("s0").id)], 1));
    assert_eq!((world.spawns(), world.phase(0)), (vec![], Phase::Stopping), "not two at a time");
    world.exits(0, 255);
    assert_eq!(world.spawns(), [0]);
    assert_eq!(world.told().1, Vec::<u32>::new(), "its row never went");
}

#[test]
fn one_that_comes_back_later_has_its_number_its_starts_and_what_was_noted() {
    let mut world = two_live();
    let order = CareOrder::Note("ask the provider".into());
    let target = Selection::Ids(vec![spec("s0").id]);
    world.core.command(world.now, &Command::Care { order, target }, &mut world.effects);
    let generation = world.generation(0);
    world.reconfigure(specs(&["s1"]));
    world.exits(0, 255);
    world.pass(secs(60));
    let done = world.reconfigure(specs(&["s0", "s1", "new"]));
    let numbers: Vec<u32> = done.added.iter().map(|(ix, _)| ix.0).collect();
    assert_eq!(numbers, [0, 2], "a number is never another stream's");
    assert!(world.generation(0) > generation);
    assert_eq!(&*world.row(0).care.note, "ask the provider");
    assert_eq!(world.told().1, Vec::<u32>::new());
}

#[test]
fn what_was_stopped_by_hand_stays_stopped() {
    let mut world = two_live();
    world.order(Action::Stop, 0);
    world.exits(0, 255);
    let other = StreamSpec { mode: Mode::Full, ..spec("s0") };
    world.reconfigure(vec![other, spec("s1")]);
    assert_eq!((world.phase(0), world.row(0).mode), (Phase::Stopped, Mode::Full));
    world.reconfigure(specs(&["s1"]));
    world.reconfigure(specs(&["s0", "s1"]));
    assert_eq!((world.phase(0), world.row(0).wanted), (Phase::Stopped, Wanted::Stopped));
    // `start` is only for streams that headend has not seen.
    world.reconfigure(vec![spec("s0"), StreamSpec { wanted: Wanted::Stopped, ..spec("s1") }]);
    assert_eq!(world.phase(1), Phase::Live);
}

#[test]
fn a_worker_is_replaced_when_ffmpeg_would_be_started_otherwise_and_only_then() {
    let url = |host: &str| -> Arc<str> { format!("http://{host}.example/live").into() };
    let thresholds = |thresholds| StreamSpec { thresholds, ..spec("s0") };
    let usual = Thresholds::default;
    let inputs = |hosts: &[&str]| StreamSpec { inputs: hosts.iter().map(|h| url(h)).collect(), ..spec("s0") };
    for (new, replaced_for) in [
        (StreamSpec { name: "n".into(), group: "g".into(), tags: vec!["t".into()], ..spec("s0") }, vec![]),
        (StreamSpec { priority: 3, turn: secs(9), wanted: Wanted::Stopped, ..spec("s0") }, vec![]),
        (StreamSpec { watch: WatchKind::Rotate, ..spec("s0") }, vec![]),
        (thresholds(Thresholds { stall: secs(99), slow_speed: 0.5, black: secs(3), ..usual() }), vec![]),
        (thresholds(Thresholds { frozen: secs(20), ..usual() }), vec![]),
        (thresholds(Thresholds { frozen: secs(3), ..usual() }), vec![Key::Thresholds]),
        (thresholds(Thresholds { black: secs(0), ..usual() }), vec![Key::Thresholds]),
        (inputs(&["a", "c", "d"]), vec![]),
        (inputs(&["c", "b"]), vec![Key::Inputs]),
        (
            StreamSpec { mode: Mode::Full, protocols: vec!["http".into()], ..spec("s0") },
            vec![Key::Mode, Key::Protocols],
        ),
        (StreamSpec { input_args: vec!["-re".into()], ..spec("s0") }, vec![Key::InputArgs]),
        (StreamSpec { expect: Expect { video: true, audio: false }, ..spec("s0") }, vec![Key::Expect]),
    ] {
        let mut world = World::one_live();
        let done = world.reconfigure(vec![new.clone()]);
        let [changed] = &done.changed[..] else { panic!("{done:?}") };
        assert_eq!(changed.replaced_for, replaced_for, "{new:?}");
        let signals = if replaced_for.is_empty() { vec![] } else { vec![Signal::Term] };
        assert_eq!((world.signals(), world.spawns()), (signals, vec![]), "{new:?}");
        assert_eq!(world.told().0, [0], "{new:?}");
        if !replaced_for.is_empty() {
            let why = format!("its configuration changed: {}", crate::config::key_words(&replaced_for));
            assert_eq!(&*world.row(0).reason, why);
            world.exits(0, 255);
            assert_eq!((world.spawns(), world.row(0).failures), (vec![0], 0));
        }
    }
}

#[test]
fn many_that_changed_come_back_at_the_usual_pace() {
    let policy = Policy { starts_per_second: 2, ..Policy::default() };
    let mut world = World::with(policy, 6);
    world.pass(secs(9));
    (0..6).for_each(|ix| world.goes_live(ix));
    world.effects.clear();
    let full = |n| StreamSpec { mode: Mode::Full, ..spec(&format!("s{n}")) };
    world.reconfigure((0..6).map(full).collect());
    (0..6).for_each(|ix| world.exits(ix, 255));
    assert_eq!(world.spawns().len(), 2);
    world.pass(secs(1));
    assert_eq!(world.spawns().len(), 4);
}

#[test]
fn what_only_an_edit_can_mend_is_tried_anew_when_it_was_edited() {
    for edit in [true, false] {
        let mut world = World::one();
        world.spawn_failed(0, true);
        assert_eq!(world.phase(0), Phase::Broken);
        world.effects.clear();
        let mut new = spec("s0");
        if edit {
            new.input_args = vec!["-re".into()];
        } else {
            new.name = "another".into();
        }
        world.reconfigure(vec![new]);
        let expected = if edit { (vec![0], 0, Phase::Starting) } else { (vec![], 1, Phase::Broken) };
        assert_eq!((world.spawns(), world.row(0).failures, world.phase(0)), expected);
    }
}

#[test]
fn one_that_waits_for_a_host_and_is_given_another_does_not_wait_any_more() {
    let mut world = World::empty(Policy::default());
    for n in 0..5 {
        let inputs = vec![format!("http://cdn.example/{n}").into()];
        world.add(StreamSpec { inputs, ..spec(&format!("s{n}")) }, None);
    }
    for ix in 0..5 {
        world.spawned(ix);
        world.line(ix, FaultClass::Refused, "Connection refused");
        world.exits(ix, 1);
    }
    assert!(world.row(0).reason.contains("host cdn.example is down"), "{}", world.row(0).reason);
    world.effects.clear();
    let same =
        |n| StreamSpec { inputs: vec![format!("http://cdn.example/{n}").into()], ..spec(&format!("s{n}")) };
    // An edit that leaves it on that host has it wait on.
    let on = StreamSpec { input_args: vec!["-re".into()], ..same(1) };
    let off = StreamSpec { inputs: vec!["http://other.example/0".into()], ..spec("s0") };
    world.reconfigure(vec![off, on, same(2), same(3), same(4)]);
    assert_eq!((world.spawns(), world.phase(1)), (vec![0], Phase::Broken));
    // Nobody has an input there any more: the host is forgotten.
    world.reconfigure(vec![StreamSpec { inputs: vec!["http://other.example/0".into()], ..spec("s0") }]);
    assert!(!world.core.origins.any_down());
    assert_eq!(world.core.origins.number("new.example"), world.core.origins.number("NEW.example"));
}

#[test]
fn hosts_of_many_edits_do_not_add_up() {
    let mut world = World::one_live();
    for n in 0..1_000 {
        let inputs = vec![spec("s0").inputs[0].clone(), format!("http://h{n}.example/").into()];
        world.reconfigure(vec![StreamSpec { inputs, ..spec("s0") }]);
    }
    assert!(world.core.origins.all().len() < 5);
}

#[test]
fn who_becomes_one_that_rotates_has_a_turn_and_the_other_way_round_keeps_its_slot() {
    let mut world = World::with(Policy { slots: Some(1), ..Policy::default() }, 1);
    world.add(StreamSpec { watch: WatchKind::Rotate, ..spec("s1") }, None);
    world.goes_live(0);
    let rotates = |id| StreamSpec { watch: WatchKind::Rotate, ..spec(id) };
    world.reconfigure(vec![rotates("s0"), rotates("s1")]);
    assert_eq!((world.phase(0), world.core.pool().rotating), (Phase::Live, 2));
    world.pass_with_progress(30, &[0]);
    assert_eq!(&*world.row(0).reason, "its turn is over");
    world.exits(0, 255);
    assert_eq!(world.phase(1), Phase::Starting);
    world.reconfigure(vec![spec("s0"), rotates("s1")]);
    assert_eq!((world.phase(0), world.core.pool().rotating), (Phase::Queued, 1));
}

#[test]
fn settings_hold_at_once_and_what_an_operator_ordered_stays_until_they_differ() {
    let mut world = two_live();
    world.core.command(world.now, &Command::Slots(Some(7)), &mut world.effects);
    let policy = Policy { start_parallel: 3, ..Policy::default() };
    world.reconfigure_with(specs(&["s0", "s1"]), policy.clone());
    let pool = world.core.pool();
    assert_eq!((pool.slots, pool.start_parallel), (7, 3), "the pool is as it was ordered");
    world.reconfigure_with(specs(&["s0", "s1"]), Policy { slots: Some(1), ..policy });
    assert_eq!((world.core.pool().slots, world.signals()), (1, vec![Signal::Term]));
}

#[test]
fn a_rollout_that_is_no_longer_wanted_holds_nobody_back() {
    let rule = Rollout { steps: vec![1], hold: secs(60), healthy: 1.0 };
    let mut world = World::empty(Policy { rollout: Some(rule), ..Policy::default() });
    let streams = specs(&["s0", "s1", "s2"]).into_iter().map(|spec| (spec, None)).collect();
    world.core.add_all(world.now, streams, &mut world.effects);
    assert_eq!((world.phase(2), world.spawns().len()), (Phase::Held, 1));
    // What is added meanwhile is held back with the others.
    let ids = ["s0", "s1", "s2", "s3"];
    world.reconfigure(specs(&ids));
    assert_eq!(world.phase(3), Phase::Held);
    world.reconfigure_with(specs(&ids), Policy::default());
    assert_eq!(world.spawns().len(), 4);
    let order = Command::Rollout(RolloutOrder::Continue);
    assert_eq!(world.core.refusal(&order).as_deref(), Some("no rollout is under way"));
}

#[test]
fn a_guard_that_is_switched_off_lets_everybody_start() {
    let guard = Guard { rises_after: secs(0), ..Guard::default() };
    let mut world = World::empty(Policy { guard, ..Policy::default() });
    let host = crate::model::HostReading { memory_bytes: 90, memory_total_bytes: 100, ..Default::default() };
    world.handle(Input::Readings { host, own: crate::model::SelfReading::default(), workers: None });
    world.add(spec("s0"), None);
    assert_eq!((world.phase(0), world.spawns()), (Phase::Held, vec![]));
    let guard = Guard { enabled: false, ..guard };
    world.reconfigure_with(specs(&["s0"]), Policy { guard, ..Policy::default() });
    assert_eq!(world.spawns(), [0]);
}

#[test]
fn a_window_that_is_added_is_looked_at_at_once() {
    let mut world = World::one_live();
    world.handle(Input::Wall(1_795_485_784_567));
    let windows = vec![Window::parse("cron 0 0 29 2 * for 1m").unwrap()];
    let never = Schedule::new(windows, jiff::tz::TimeZone::UTC);
    world.reconfigure(vec![StreamSpec { on_air: Some(Arc::new(never)), ..spec("s0") }]);
    assert_eq!(&*world.row(0).reason, "off air");
    world.exits(0, 255);
    assert_eq!(world.phase(0), Phase::Stopped);
    world.reconfigure(specs(&["s0"]));
    assert_eq!(world.phase(0), Phase::Starting);
}

#[test]
fn nothing_is_taken_while_leaving_or_when_too_many_streams_were_known() {
    let mut world = two_live();
    let many = |from: usize, count: usize| -> Vec<(StreamSpec, Option<Restored>)> {
        (from..from + count)
            .map(|n| (StreamSpec { wanted: Wanted::Stopped, ..spec(&format!("m{n}")) }, None))
            .collect()
    };
    let go_over = |world: &mut World, streams| {
        let next = Reconfiguration { streams, policy: Policy::default() };
        world.core.reconfigure(world.now, next, &mut world.effects)
    };
    for round in 0..3 {
        go_over(&mut world, many(round * 13_000, 13_000)).unwrap();
    }
    let before = world.core.pool();
    let why = go_over(&mut world, many(39_000, 13_000)).unwrap_err();
    assert!(why.contains("restart headend"), "{why}");
    assert_eq!(world.core.pool(), before);
    // Those that are known are welcome.
    go_over(&mut world, many(0, 13_000)).unwrap();
    world.handle(Input::Shutdown);
    assert_eq!(go_over(&mut world, Vec::new()), Err("headend is leaving".to_owned()));
}
