//! What operators note, against what follows from their orders, the rows, and what was saved.

use std::sync::Arc;

use super::laws::LATENESS;
use super::*;
use crate::model::{CareOrder, MAX_MUTE, MAX_NOTE, MIN_MUTE, Severity, clean_note};

/// What is known of what was noted about one stream, without asking the core.
#[derive(Debug, Clone, Default)]
pub struct Noted {
    muted_until: Option<Moment>,
    note: Arc<str>,
    /// What would be there after a SIGKILL.
    saved: Cared,
}

impl Noted {
    /// As it was when headend started.
    pub fn restored(cared: Cared) -> Self {
        let (muted_until, note) = (cared.care.muted_until, Arc::clone(&cared.care.note));
        Self { muted_until, note, saved: cared }
    }

    /// Something is to be kept.
    pub fn saved(&mut self, kept: &Kept) {
        self.saved.clone_from(&kept.cared);
    }

    /// An operator noted something at `now`: the row before and after.
    pub fn ordered(&mut self, now: Moment, order: &CareOrder, before: &Row, after: &Row) {
        let unwell = !before.conditions.is_empty()
            || matches!(before.phase, Phase::Backoff | Phase::Broken | Phase::Stalled);
        let (was, is) = (before.care.acknowledged, after.care.acknowledged);
        match order {
            CareOrder::Acknowledge if unwell => assert_eq!(is, was.or(Some(now)), "{before:?}"),
            CareOrder::Acknowledge => assert!(is == was || is.is_none(), "{before:?}"),
            CareOrder::Unacknowledge => assert_eq!(is, None),
            CareOrder::Mute(span) => self.muted_until = Some(now + *span),
            CareOrder::Unmute => self.muted_until = None,
            CareOrder::Note(typed) => self.note = clean_note(typed),
        }
        self.look(now, after);
    }

    /// Now and then, and after each order.
    pub fn look(&self, now: Moment, row: &Row) {
        let care = &row.care;
        assert_eq!(*care, self.saved.care, "what is shown is what would survive");
        assert_eq!(care.note, self.note);
        assert!(care.note.chars().count() <= MAX_NOTE);
        match care.muted_until {
            Some(until) => assert!(Some(until) == self.muted_until && until + LATENESS > now, "{care:?}"),
            None => assert!(self.muted_until.is_none_or(|until| until <= now), "{:?}", self.muted_until),
        }
        if care.acknowledged.is_none() {
            assert_eq!(self.saved.covers, []);
            return;
        }
        assert!(care.acknowledged <= Some(now));
        let tells = |c: &&crate::model::Condition| c.severity == Severity::Critical && c.explained.is_none();
        for condition in row.conditions.iter().filter(tells) {
            assert!(self.saved.covers.contains(&condition.kind), "{:?} is not known", condition.kind);
        }
    }
}

/// What an operator may note.
pub fn order(random: &mut fastrand::Rng) -> CareOrder {
    match random.u8(..8) {
        0..3 => CareOrder::Acknowledge,
        3 => CareOrder::Unacknowledge,
        4 => CareOrder::Mute(if random.bool() { MIN_MUTE } else { MAX_MUTE }),
        5 => CareOrder::Mute(MIN_MUTE + Duration::from_millis(random.u64(..200_000))),
        6 => CareOrder::Unmute,
        _ => {
            let length = random.usize(..2 * MAX_NOTE);
            CareOrder::Note((0..length).map(|_| random.char(..)).collect::<String>().into())
        }
    }
}
