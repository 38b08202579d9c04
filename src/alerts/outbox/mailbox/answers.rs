//! What becomes of the messages of one receiver: how each try ends.

use std::sync::Arc;

use super::super::pace::retry_after;
use super::super::{About, Around, Effect, How, Kept, MAX_TRIES, Said};
use super::{Mailbox, Stage};
use crate::alerts::{Item, Outcome};
use crate::model::Moment;

impl Mailbox {
    /// The store has it: now it is sent.
    pub fn durable(&mut self, number: u64, around: &mut Around<'_>) {
        let Some(draft) = self.drafts.get_mut(&number) else { return };
        if draft.stage == Stage::Keeping {
            draft.stage = Stage::Sending;
            around.effects.push(Effect::Send(Arc::new(draft.message.clone())));
        }
    }

    /// What became of a try.
    pub fn sent(&mut self, receiver: &Arc<str>, number: u64, outcome: &Outcome, around: &mut Around<'_>) {
        if self.on_its_way != Some(number) {
            return;
        }
        self.on_its_way = None;
        self.look_again();
        match outcome {
            Outcome::Accepted(answer) => self.accepted(receiver, number, answer, around),
            Outcome::Permanent(answer) => {
                self.pace.answered(around.settings, around.now.at);
                self.next_wall_ms = None;
                self.refused(receiver, number, answer, around);
            }
            Outcome::Temporary(answer) => self.failed(receiver, number, answer, around),
        }
    }

    fn accepted(&mut self, receiver: &Arc<str>, number: u64, answer: &str, around: &mut Around<'_>) {
        self.pace.answered(around.settings, around.now.at);
        (self.trouble, self.next_wall_ms) = (None, None);
        self.accepted_at = Some(around.now.at);
        self.accepted_wall_ms = Some(around.now.wall_ms);
        around.counts.sent += 1;
        let Some(draft) = self.drafts.remove(&number) else { return };
        let given = draft.given.unwrap_or(around.now);
        let about = |item: &Item| About {
            said: Said::of(item),
            cause: item.incident.cause.clone(),
            severity: item.incident.severity,
        };
        let sent = Kept::Sent {
            number,
            receiver: Arc::clone(receiver),
            wall_ms: given.wall_ms,
            answer: answer.into(),
            about: draft.message.items.iter().map(about).collect(),
        };
        around.keep(number, Some(&sent));
        self.accepted.push_back((given.at, number));
        around.settle(receiver, draft.said(), How::Accepted);
    }

    fn refused(&mut self, receiver: &Arc<str>, number: u64, answer: &str, around: &mut Around<'_>) {
        self.trouble = Some(answer.into());
        around.counts.failed += 1;
        let Some(draft) = self.remove(number, around) else { return };
        around.note(&format!("message {} to {receiver} is given up: {answer}", draft.message.message_id));
        around.settle(receiver, draft.said(), How::Refused);
    }

    fn failed(&mut self, receiver: &Arc<str>, number: u64, answer: &str, around: &mut Around<'_>) {
        let now = around.now;
        let Some(draft) = self.drafts.get_mut(&number) else { return };
        draft.tries = draft.tries.saturating_add(1);
        draft.stage = Stage::Sealed;
        let failed = *draft.failed.get_or_insert(now.at);
        // Others were accepted meanwhile: the fault is its own, and they don't wait for it.
        let next = if self.accepted_at.is_some_and(|accepted| accepted >= failed) {
            draft.not_before = now.at + retry_after(draft.tries);
            draft.not_before
        } else {
            self.pace.failed(now.at)
        };
        let wait = u64::try_from(now.at.until(next).as_millis()).unwrap_or(u64::MAX);
        self.next_wall_ms = Some(now.wall_ms.saturating_add(wait));
        self.trouble = Some(answer.into());
        if draft.tries < MAX_TRIES {
            let paper = draft.paper();
            around.keep(number, Some(&paper));
        } else {
            let answer = format!("not accepted in {MAX_TRIES} tries: {answer}");
            self.refused(receiver, number, &answer, around);
        }
    }

    /// The receiver is gone from the configuration.
    pub fn give_up(&mut self, receiver: &Arc<str>, around: &mut Around<'_>) {
        let numbers: Vec<u64> = self.drafts.keys().copied().collect();
        for number in numbers {
            self.refused(receiver, number, "the receiver is not in the configuration any more", around);
        }
        self.forget(Moment::from_millis(i64::MAX), around);
    }
}
