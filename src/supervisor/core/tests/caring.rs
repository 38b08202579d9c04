//! Acknowledged, muted, noted: what touches whom, and when it ends.

use super::*;
use crate::model::{Care, CareOrder, Health, MAX_MUTE, MAX_NOTE, MIN_MUTE};

impl World {
    fn cares(&mut self, order: CareOrder, target: Selection) -> usize {
        let command = Command::Care { order, target };
        assert_eq!(self.core.refusal(&command), None);
        self.core.command(self.now, &command, &mut self.effects)
    }

    fn care(&mut self, ix: u32, order: CareOrder) -> usize {
        let id = self.stream(ix).spec().id.clone();
        self.cares(order, Selection::Ids(vec![id]))
    }

    fn acknowledged(&self, ix: u32) -> Option<Moment> {
        self.row(ix).care.acknowledged
    }

    /// One stream that is live and black.
    fn one_black() -> Self {
        let mut world = Self::one_live();
        world.black(Detection::BlackBegan);
        world.pass_with_progress(11, &[0]);
        assert!(world.has(0, ConditionKind::Black));
        world
    }

    fn black(&mut self, what: Detection) {
        let began = self.now;
        self.event(0, WorkerEvent::Detection { what, began });
    }

    /// So many times within a second it says that its input fails like this.
    fn says(&mut self, class: FaultClass, times: usize) {
        for _ in 0..times {
            self.line(0, class, "something");
        }
    }
}

#[test]
fn only_what_is_wrong_can_be_acknowledged() {
    let mut world = World::with(Policy::default(), 4);
    for ix in 0..4 {
        world.goes_live(ix);
    }
    world.exits(1, 1);
    world.order(Action::Stop, 2);
    world.exits(2, 255);
    world.pass(millis(500));
    let now = world.now;
    assert_eq!(world.phase(1), Phase::Backoff);
    assert_eq!(world.cares(CareOrder::Acknowledge, Selection::All), 1);
    assert_eq!((0..4).map(|ix| world.acknowledged(ix)).collect::<Vec<_>>(), [None, Some(now), None, None]);
    assert_eq!(world.cares(CareOrder::Acknowledge, Selection::All), 0, "it is known already");
    world.pass(millis(100));
    assert_eq!(world.care(1, CareOrder::Acknowledge), 0);
    assert_eq!(world.acknowledged(1), Some(now), "since when stays");
    assert_eq!(world.cares(CareOrder::Unacknowledge, Selection::All), 1);
    assert_eq!((world.acknowledged(1), world.care(1, CareOrder::Unacknowledge)), (None, 0));
}

#[test]
fn it_changes_nothing_of_how_a_stream_runs_or_how_bad_it_is() {
    let mut world = World::one_black();
    let before = world.row(0);
    for order in [CareOrder::Acknowledge, CareOrder::Mute(MIN_MUTE), CareOrder::Note("seen".into())] {
        assert_eq!(world.care(0, order), 1);
    }
    let after = world.row(0);
    assert_eq!(after.health(), Health::Critical);
    assert_eq!(Row { care: Care::default(), ..after }, before);
    assert_eq!((world.signals(), world.spawns()), (vec![], vec![]));
}

#[test]
fn an_acknowledgement_ends_when_all_has_been_well_for_a_minute() {
    let mut world = World::one_black();
    assert_eq!(world.care(0, CareOrder::Acknowledge), 1);
    world.black(Detection::BlackEnded);
    world.pass_with_progress(50, &[0]);
    // The same fault again, within the minute: it is known.
    world.black(Detection::BlackBegan);
    world.pass_with_progress(15, &[0]);
    assert!(world.has(0, ConditionKind::Black) && world.acknowledged(0).is_some());
    world.black(Detection::BlackEnded);
    world.pass_with_progress(59, &[0]);
    assert!(world.acknowledged(0).is_some());
    let _ = world.core.drain_changes(true);
    world.pass_with_progress(1, &[0]);
    assert_eq!(world.acknowledged(0), None);
    assert_eq!(world.core.drain_changes(false).rows.len(), 1, "and that is shown at once");
    assert_eq!(world.saved(0).map(|kept| kept.cared), Some(Cared::default()), "and kept");
    world.black(Detection::BlackBegan);
    world.pass_with_progress(11, &[0]);
    assert_eq!(world.acknowledged(0), None, "that is a new one");
}

#[test]
fn an_acknowledgement_ends_when_something_worse_begins() {
    let mut world = World::one_black();
    assert_eq!(world.care(0, CareOrder::Acknowledge), 1);
    world.says(FaultClass::Corrupt, 5);
    assert!(world.has(0, ConditionKind::Corrupt) && world.acknowledged(0).is_some(), "a warning more");
    world.says(FaultClass::NotFound, 1);
    assert!(world.has(0, ConditionKind::Http4xx));
    assert_eq!(world.acknowledged(0), None);
    assert_eq!(world.saved(0).map(|kept| kept.cared), Some(Cared::default()));

    // Acknowledged with it, it is known too; also in the runs that follow.
    assert_eq!(world.care(0, CareOrder::Acknowledge), 1);
    world.says(FaultClass::NotFound, 1);
    world.exits(0, 1);
    world.pass_until(0, Phase::Starting);
    world.spawned(0);
    world.says(FaultClass::NotFound, 1);
    world.exits(0, 1);
    assert!(world.has(0, ConditionKind::Http4xx) && world.acknowledged(0).is_some());
    world.pass_until(0, Phase::Starting);
    world.spawned(0);
    world.says(FaultClass::Refused, 1);
    assert_eq!(world.acknowledged(0), None, "now it fails of something else");
}

#[test]
fn acknowledging_again_covers_what_came_meanwhile() {
    let mut world = World::one_black();
    assert_eq!(world.care(0, CareOrder::Acknowledge), 1);
    let since = world.acknowledged(0);
    world.says(FaultClass::Corrupt, 5);
    world.pass_with_progress(1, &[0]);
    assert_eq!(world.care(0, CareOrder::Acknowledge), 1, "one kind more");
    assert_eq!(world.care(0, CareOrder::Acknowledge), 0);
    assert_eq!(world.acknowledged(0), since);
    let covers = world.saved(0).unwrap().cared.covers;
    assert_eq!(covers, [ConditionKind::Black, ConditionKind::Corrupt]);
}

#[test]
fn what_is_explained_is_nothing_worse_until_it_is_no_longer() {
    let mut world = World::one_black();
    assert_eq!(world.care(0, CareOrder::Acknowledge), 1);
    let quiet = |world: &mut World, on: bool| {
        world.core.streams[0].air.maintenance = on;
        world.progress(0);
    };
    quiet(&mut world, true);
    world.says(FaultClass::NotFound, 1);
    assert!(world.has(0, ConditionKind::Http4xx) && world.acknowledged(0).is_some());
    quiet(&mut world, false);
    assert_eq!(world.acknowledged(0), None);
}

#[test]
fn who_waits_for_a_slot_is_not_well_yet() {
    let mut world = World::with(Policy { slots: Some(1), ..Policy::default() }, 1);
    let cared = Cared {
        care: Care { acknowledged: Some(Moment::from_millis(-90_000)), ..Care::default() },
        covers: vec![ConditionKind::Refused],
    };
    let (wanted, changed) = (Wanted::Started, Moment::from_millis(-90_000));
    world.goes_live(0);
    world.add(spec("waits"), Some(Restored { wanted, restarts: 0, changed, cared: cared.clone() }));
    world.pass_with_progress(600, &[0]);
    assert_eq!(world.phase(1), Phase::Queued);
    assert_eq!(world.acknowledged(1), cared.care.acknowledged, "nothing is known of it");
    world.order(Action::Stop, 0);
    world.exits(0, 255);
    world.spawned(1);
    world.line(1, FaultClass::Refused, "Connection refused");
    world.exits(1, 1);
    assert_eq!(world.acknowledged(1), cared.care.acknowledged, "it fails as it did before");
    world.pass_until(1, Phase::Starting);
    world.goes_live(1);
    world.pass_with_progress(59, &[1]);
    assert!(world.acknowledged(1).is_some());
    world.pass_with_progress(1, &[1]);
    assert_eq!(world.acknowledged(1), None);
}

#[test]
fn a_stream_that_is_stopped_has_no_fault_to_know_about() {
    let mut world = World::one_black();
    world.care(0, CareOrder::Acknowledge);
    world.order(Action::Stop, 0);
    world.exits(0, 255);
    world.pass(secs(60));
    assert_eq!(world.acknowledged(0), None);
}

#[test]
fn a_mute_ends_by_itself_and_a_new_one_replaces_it() {
    let mut world = World::one_live();
    let muted = |world: &World| world.row(0).care.muted_until.map(|until| world.now.until(until));
    assert_eq!(world.care(0, CareOrder::Mute(secs(3_600))), 1);
    assert_eq!(muted(&world), Some(secs(3_600)));
    assert_eq!(world.care(0, CareOrder::Mute(secs(3_600))), 0, "the same again");
    world.pass_with_progress(10, &[0]);
    assert_eq!(world.care(0, CareOrder::Mute(secs(60))), 1);
    world.pass_with_progress(59, &[0]);
    assert_eq!(muted(&world), Some(secs(1)));
    let _ = world.core.drain_changes(true);
    world.pass(secs(1));
    assert_eq!(muted(&world), None);
    assert_eq!(world.core.drain_changes(false).rows.len(), 1, "and that is shown at once");
    assert_eq!(world.saved(0).map(|kept| kept.cared), Some(Cared::default()));
    assert_eq!(world.care(0, CareOrder::Unmute), 0);
    world.care(0, CareOrder::Mute(MAX_MUTE));
    assert_eq!((world.care(0, CareOrder::Unmute), muted(&world)), (1, None));
}

#[test]
fn a_mute_of_less_than_a_minute_or_more_than_a_month_is_refused() {
    let world = World::one_live();
    let refusal =
        |span| world.core.refusal(&Command::Care { order: CareOrder::Mute(span), target: Selection::All });
    let short = refusal(MIN_MUTE.checked_sub(millis(1)).unwrap());
    assert_eq!(short.as_deref(), Some("a stream is muted for 60 s at least"));
    assert_eq!(refusal(MAX_MUTE + millis(1)).as_deref(), Some("a stream is muted for 30 days at most"));
    assert!(refusal(Duration::MAX).is_some() && refusal(Duration::ZERO).is_some());
    assert_eq!((refusal(MIN_MUTE), refusal(MAX_MUTE)), (None, None));
}

#[test]
fn a_note_is_cleaned_cut_and_can_be_taken_away() {
    let mut world = World::one_live();
    assert_eq!(world.care(0, CareOrder::Note("".into())), 0, "there was none");
    assert_eq!(world.care(0, CareOrder::Note(" ask\nhttp://me:pw@wiki/ \x1b[2J".into())), 1);
    assert_eq!(&*world.row(0).care.note, "ask␊http://***@wiki/ ␛[2J");
    assert_eq!(world.care(0, CareOrder::Note("ask\nhttp://me:pw@wiki/ \x1b[2J".into())), 0, "the same");
    assert_eq!(world.care(0, CareOrder::Note("x".repeat(1_000_000).into())), 1);
    assert_eq!(world.row(0).care.note.chars().count(), MAX_NOTE);
    assert_eq!(world.care(0, CareOrder::Note("  ".into())), 1);
    assert_eq!(&*world.row(0).care.note, "");
}

#[test]
fn what_is_noted_is_saved_before_it_is_said_to_be_done() {
    let mut world = World::one_black();
    world.effects.clear();
    for order in [CareOrder::Acknowledge, CareOrder::Mute(secs(600)), CareOrder::Note("seen".into())] {
        world.care(0, order);
        assert_eq!(world.saved(0).map(|kept| kept.cared.care), Some(world.row(0).care));
    }
    let saved = world.saved(0).unwrap();
    assert_eq!(saved.since, world.row(0).since, "a note does not change since when it is live");
    world.effects.clear();
    world.care(0, CareOrder::Acknowledge);
    assert_eq!(world.effects, [], "nothing changed, nothing is saved");
}

#[test]
fn when_the_wall_clock_is_set_what_is_kept_by_it_is_kept_anew() {
    let mut world = World::with(Policy::default(), 2);
    for ix in 0..2 {
        world.goes_live(ix);
    }
    world.care(1, CareOrder::Mute(secs(600)));
    let row = world.row(1);
    world.effects.clear();
    world.handle(Input::Wall(1_795_478_400_000));
    assert_eq!(
        (world.saved(0).is_some(), world.saved(1).map(|kept| kept.cared.care)),
        (false, Some(row.care))
    );
}

#[test]
fn nothing_is_noted_while_leaving() {
    let mut world = World::one_live();
    world.handle(Input::Shutdown);
    let command = Command::Care { order: CareOrder::Note("late".into()), target: Selection::All };
    assert_eq!(world.core.refusal(&command).as_deref(), Some("headend is leaving"));
    assert_eq!(world.core.command(world.now, &command, &mut world.effects), 0);
}

#[test]
fn a_mute_costs_a_moving_stream_no_ticks() {
    let mut world = World::one_live();
    let plain = world.ticks_while_moving(600);
    world.care(0, CareOrder::Mute(MAX_MUTE));
    assert!(world.ticks_while_moving(600) <= plain + 1);
}
