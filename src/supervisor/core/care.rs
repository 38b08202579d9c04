//! What operators note about a stream: acknowledged, muted, a note. It changes nothing of how the
//! stream is run.

use std::sync::Arc;
use std::time::Duration;

use crate::model::{
    Care, CareOrder, ConditionKind, MAX_MUTE, MIN_MUTE, Moment, Phase, Severity, clean_note, span_words,
};

use super::stream::{Stream, Surroundings};

/// A stream that has been well for so long needs no one who knows about it: the next fault is a new
/// one.
const WELL_FOR: Duration = Duration::from_secs(60);

/// What operators noted about one stream, as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cared {
    /// As its row shows it.
    pub care: Care,
    /// What was wrong when it was acknowledged, in order; empty when it is not.
    pub covers: Vec<ConditionKind>,
}

impl Cared {
    /// Whether anything in it is a time: those are kept by the wall clock, and told anew when that
    /// is set.
    #[must_use]
    pub const fn has_times(&self) -> bool {
        self.care.acknowledged.is_some() || self.care.muted_until.is_some()
    }

    fn forget_acknowledgement(&mut self) {
        self.care.acknowledged = None;
        self.covers.clear();
    }
}

/// Why an order can't be taken, if it can't.
#[must_use]
pub fn refusal(order: &CareOrder) -> Option<String> {
    match order {
        CareOrder::Mute(span) if *span < MIN_MUTE => {
            Some(format!("a stream is muted for {} at least", span_words(MIN_MUTE)))
        }
        CareOrder::Mute(span) if *span > MAX_MUTE => {
            Some(format!("a stream is muted for {} at most", span_words(MAX_MUTE)))
        }
        _ => None,
    }
}

impl Stream {
    /// An operator notes something. Says whether that changed anything.
    pub fn take_care(&mut self, around: &mut Surroundings<'_>, order: &CareOrder) -> bool {
        let now = around.now;
        let care = &mut self.cared.care;
        let changed = match order {
            CareOrder::Acknowledge => self.acknowledge(now),
            CareOrder::Unacknowledge => {
                let was = care.acknowledged.is_some();
                self.cared.forget_acknowledgement();
                was
            }
            CareOrder::Mute(span) => {
                let until = Some(now + (*span).clamp(MIN_MUTE, MAX_MUTE));
                std::mem::replace(&mut care.muted_until, until) != until
            }
            CareOrder::Unmute => care.muted_until.take().is_some(),
            CareOrder::Note(typed) => {
                let note: Arc<str> = clean_note(typed);
                let changed = *note != *care.note;
                care.note = note;
                changed
            }
        };
        if changed {
            self.save(around);
        }
        changed
    }

    fn acknowledge(&mut self, now: Moment) -> bool {
        if !self.is_unwell() {
            return false;
        }
        let (known, covered) = (self.cared.care.acknowledged, self.cared.covers.len());
        self.cared.care.acknowledged = known.or(Some(now));
        let covers = &mut self.cared.covers;
        covers.extend(self.conditions.iter().map(|condition| condition.kind));
        covers.sort_unstable();
        covers.dedup();
        known.is_none() || covers.len() > covered
    }

    fn is_unwell(&self) -> bool {
        !self.conditions.is_empty() || matches!(self.phase, Phase::Backoff | Phase::Broken | Phase::Stalled)
    }

    /// Lets go of what is over: a mute whose time has come, an acknowledgement of what is no more, or
    /// of less than there is now.
    pub(super) fn settle_care(&mut self, around: &mut Surroundings<'_>) {
        let now = around.now;
        let unmuted = self.cared.care.muted_until.take_if(|until| *until <= now).is_some();
        let over = self.cared.care.acknowledged.is_some() && self.acknowledgement_is_over(now);
        if over {
            self.cared.forget_acknowledgement();
        }
        if self.cared.care.acknowledged.is_none() {
            self.well_since = None;
        }
        if unmuted || over {
            self.save(around);
        }
    }

    fn acknowledgement_is_over(&mut self, now: Moment) -> bool {
        if self.is_unwell() {
            self.well_since = None;
        } else if matches!(self.phase, Phase::Live | Phase::Stopped) {
            // On its way to be live nothing is known of it: who waits in the line is not well yet.
            self.well_since = self.well_since.or(Some(now));
        }
        let worse = self.conditions.iter().any(|condition| {
            condition.severity == Severity::Critical
                && condition.explained.is_none()
                && !self.cared.covers.contains(&condition.kind)
        });
        worse || self.well_since.is_some_and(|since| now.since(since) >= WELL_FOR)
    }

    /// When [`Stream::settle_care`] has something to do, if nothing else happens.
    pub(super) fn care_deadline(&self) -> Option<Moment> {
        let well = self.well_since.map(|since| since + WELL_FOR);
        well.into_iter().chain(self.cared.care.muted_until).min()
    }
}
