//! Drafts of one receiver that are too many to go one by one become one message.

use std::cmp::Reverse;
use std::sync::Arc;

use super::super::merge::{put_in, rank};
use super::super::{Around, How, MAX_DRAFTS, MAX_REPLACED, SPARE_DRAFTS};
use super::{Draft, Mailbox};
use crate::config::AlertSettings;

impl Mailbox {
    /// Nothing can be sent now: what waits does not become a queue of thousands.
    pub(super) fn wait_together(&mut self, receiver: &Arc<str>, capped: bool, around: &mut Around<'_>) {
        let settings = around.settings;
        let ready = self.ready(settings, around.now.at);
        if capped {
            for number in &ready {
                if let Some(draft) = self.drafts.get_mut(number) {
                    // What is several things already has been counted.
                    draft.capped = !draft.message.is_digest();
                }
            }
        }
        let few = few(settings);
        if ready.len() > few + SPARE_DRAFTS {
            self.merge(receiver, &ready, few, around);
        }
    }

    /// Too many drafts: merges what could be told now, and if that is not enough what the limiter holds.
    pub(super) fn crowd(&mut self, receiver: &Arc<str>, around: &mut Around<'_>) {
        let limit = around.settings.rate_limit;
        let open = self.drafts.iter().filter(|(_, draft)| draft.is_open());
        let free = |draft: &Draft| draft.free_at(&self.limiter, limit) <= around.now.at;
        let (free, held): (Vec<_>, Vec<_>) = open.partition(|(_, draft)| free(draft));
        let sorted = |mut drafts: Vec<(&u64, &Draft)>| -> Vec<u64> {
            drafts
                .sort_by_key(|(_, draft)| (draft.message.is_digest(), draft.message.items.first().map(rank)));
            drafts.into_iter().map(|(number, _)| *number).collect()
        };
        let (free, held) = (sorted(free), sorted(held));
        self.merge(receiver, &free, few(around.settings), around);
        if self.drafts.len() > MAX_DRAFTS {
            self.merge(receiver, &held, 0, around);
        }
    }

    /// Merges all but the first `alone` of `numbers` into one message.
    pub(super) fn merge(
        &mut self,
        receiver: &Arc<str>,
        numbers: &[u64],
        alone: usize,
        around: &mut Around<'_>,
    ) {
        let rest = numbers.get(alone..).unwrap_or_default();
        let size = |number: &u64| self.drafts.get(number).map_or(0, |draft| draft.message.items.len());
        // The one with the most in it takes up the others.
        let Some(into) = rest.iter().copied().min_by_key(|number| (Reverse(size(number)), *number)) else {
            return;
        };
        if rest.len() < 2 {
            return;
        }
        let Some(mut base) = self.drafts.remove(&into) else { return };
        if base.capped {
            base.message.held_back = base.message.held_back.saturating_add(1);
            base.capped = false;
        }
        let mut items = Vec::new();
        let mut papers = Vec::new();
        for number in rest.iter().filter(|number| **number != into) {
            let Some(draft) = self.drafts.remove(number) else { continue };
            let message = draft.message;
            base.message.held_back =
                base.message.held_back.saturating_add(message.held_back).saturating_add(draft.capped.into());
            base.message.more_items = base.message.more_items.saturating_add(message.more_items);
            base.since = base.since.min(draft.since);
            items.extend(message.items);
            if draft.kept {
                papers.push(*number);
            }
        }
        around.counts.merged += items.len() as u64;
        let counted = put_in(&mut base.message, items);
        around.settle(receiver, counted, How::Counted);
        base.replaces.extend(&papers);
        let beyond = base.replaces.len().saturating_sub(MAX_REPLACED);
        base.replaces.drain(..beyond);
        (base.unkept, base.kept) = (None, true);
        around.keep(into, Some(&base.paper()));
        for number in papers {
            around.keep(number, None);
        }
        self.drafts.insert(into, base);
    }
}

/// So many drafts stay by themselves.
fn few(settings: &AlertSettings) -> usize {
    (settings.digest_above as usize).min(MAX_DRAFTS / 2)
}
