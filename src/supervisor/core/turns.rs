//! Taking turns: when a rotating stream's turn ends, what was found in it, and who jumps the line.

use std::time::Duration;

use crate::model::{Condition, Moment, Phase};

use super::process::Then;
use super::stream::{Stream, Surroundings, Wait};

/// Somebody who opened a stream looks at it for so long; the console says it again while it is open.
const LOOK: Duration = Duration::from_secs(60);
/// A fault is fresh, and its stream kept on its slot, for so long at most: after that it is known,
/// and others have not been looked at.
const FRESH: Duration = Duration::from_secs(600);

/// The turns of one stream. One that is always watched has none.
#[derive(Debug, Clone)]
pub struct Turns {
    /// When the turn it has ends.
    pub ends: Option<Moment>,
    /// When its next turn may come.
    pub expected: Option<Moment>,
    /// When its worker last showed progress, up to the end of the turn before.
    pub last_seen: Option<Moment>,
    /// What was found at the end of its last turn.
    pub found: Vec<Condition>,
    /// It is kept beyond its turn.
    pub kept: bool,
    /// It went to another input, which nobody has seen yet.
    pub switched: bool,
    /// Progress in its turns since it last failed.
    pub progress: Duration,
    /// Counted as urgent among those that hold a slot.
    pub urgent: bool,
    /// Somebody looks at it until then.
    pub looked_until: Option<Moment>,
    since: Moment,
}

impl Turns {
    /// Not seen yet.
    #[must_use]
    pub const fn new(now: Moment) -> Self {
        Self {
            ends: None,
            expected: None,
            last_seen: None,
            found: Vec::new(),
            kept: false,
            switched: false,
            progress: Duration::ZERO,
            urgent: false,
            looked_until: None,
            since: now,
        }
    }

    /// Whether its last turn is over and the next has shown nothing yet.
    #[must_use]
    pub const fn rests(&self) -> bool {
        self.ends.is_none()
    }
}

impl Stream {
    /// Somebody looks at it. Says whether that changes anything.
    pub fn look(&mut self, around: &mut Surroundings<'_>) -> bool {
        self.turns.looked_until = Some(around.now + LOOK);
        self.rotates() && self.wait == Wait::Line
    }

    /// Whether it jumps the line, or is kept beyond its turn: somebody looks at it, or something
    /// has just been seen on it.
    #[must_use]
    pub fn is_urgent(&self, now: Moment) -> bool {
        if !self.rotates() {
            return false;
        }
        let looked = self.turns.looked_until.is_some_and(|until| until > now);
        let fresh = |c: &Condition| c.explained.is_none() && now.since(c.since) < FRESH;
        let sees =
            self.worker.is_some() && (self.conditions.iter().any(fresh) || self.watch.suspects(now, FRESH));
        // It failed in its turn, and has waited for its next try: that one belongs to the turn.
        let failed = self.worker.is_none() && self.phase != Phase::Resting && self.failures.in_a_row() > 0;
        looked || sees || failed || (self.turns.switched && self.worker.is_none())
    }

    /// Notes whether it counts as urgent among those that hold a slot.
    pub fn note_urgency(&mut self, now: Moment) {
        self.turns.urgent = self.worker.is_some() && self.is_urgent(now);
    }

    /// Its turn has begun: progress was seen.
    pub(super) fn begin_turn(&mut self, now: Moment) {
        if self.rotates() {
            self.turns.ends = Some(now + self.spec.turn);
            self.turns.found.clear();
            self.turns.switched = false;
        }
    }

    /// It stays for another turn.
    pub fn extend_turn(&mut self, now: Moment) {
        self.turns.kept = true;
        self.turns.ends = Some(now + self.spec.turn);
    }

    /// Its turn is over; the next may come after `wait`.
    pub fn end_turn(&mut self, around: &mut Surroundings<'_>, wait: Duration) {
        self.turns.ends = None;
        self.turns.kept = false;
        self.turns.expected = Some(around.now + wait);
        self.end_worker(around, Then::Rest(Wait::Line), "its turn is over");
    }

    /// Keeps what its worker saw, at the worker's end.
    pub(super) fn keep_what_was_seen(&mut self) {
        let moved = self.worker.as_ref().filter(|worker| worker.live.is_some()).map(|worker| worker.moved);
        self.turns.last_seen = self.seen_until_now();
        if let Some(worker) = self.worker.as_ref().filter(|worker| worker.live.is_some()) {
            self.turns.progress += worker.moved.since(worker.steady);
        }
        if self.rotates() && moved.is_some() {
            self.turns.found.clone_from(&self.conditions);
        }
        self.turns.ends = None;
        self.turns.kept = false;
    }

    /// When a worker last showed progress, the one that is there included.
    fn seen_until_now(&self) -> Option<Moment> {
        let moved = self.worker.as_ref().filter(|worker| worker.live.is_some()).map(|worker| worker.moved);
        moved.or(self.turns.last_seen)
    }

    /// Since when nobody has looked at it, for a rotating stream that could be looked at.
    #[must_use]
    pub fn unseen_since(&self) -> Option<Moment> {
        let live = matches!(self.phase, Phase::Live | Phase::Stalled);
        let counts = self.rotates() && self.is_due() && !live && self.phase != Phase::Broken;
        counts.then(|| self.seen_until_now().unwrap_or(self.turns.since))
    }
}
