//! What the board is to be told: rows that changed, streams that are gone, the pool, notices.

use super::Supervisor;
use super::stream::Stream;
use crate::model::{Notice, Phase, PoolReading, Row, StreamIx};

/// What changed since it was last asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// Rows that differ.
    pub rows: Vec<Row>,
    /// Streams that are gone: their rows go.
    pub removed: Vec<StreamIx>,
    /// The pool, if it differs.
    pub pool: Option<PoolReading>,
    /// All of the supervisor's own notices, if one came, changed or went.
    pub notices: Option<Vec<Notice>>,
}

impl Supervisor {
    /// Rows that changed since they were last drained; with `figures` also those of which only
    /// figures did.
    pub fn drain_changes(&mut self, figures: bool) -> Changes {
        let mut ixs = self.changed.take();
        if figures {
            ixs.extend(self.moved.take());
            ixs.sort_unstable();
            ixs.dedup();
        } else {
            for ix in &ixs {
                self.moved.remove(*ix);
            }
        }
        let pool = self.pool();
        let pool_changed = pool != self.shown_pool;
        self.shown_pool = pool;
        let notices = self.notices();
        let notices_changed = notices != self.shown_notices;
        if notices_changed {
            self.shown_notices.clone_from(&notices);
        }
        Changes {
            removed: std::mem::take(&mut self.removed).into_iter().collect(),
            rows: ixs.iter().filter_map(|ix| self.streams.get(ix.index())).map(Stream::row).collect(),
            pool: pool_changed.then_some(pool),
            notices: notices_changed.then_some(notices),
        }
    }

    /// Whether [`Supervisor::drain_changes`] without figures would have something. Notices come
    /// and go with rows or the pool; they alone are in no hurry.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        !self.changed.is_empty() || !self.removed.is_empty() || self.pool() != self.shown_pool
    }

    /// The pool as it is now.
    #[must_use]
    pub fn pool(&self) -> PoolReading {
        PoolReading {
            slots: self.slots(),
            busy: self.counted.busy,
            queued: self.counted.in_phase(Phase::Queued),
            starting: self.counted.starting,
            start_parallel: self.policy.start_parallel.max(1),
            auto: self.policy.slots.is_none(),
            held: self.counted.in_phase(Phase::Held),
            rotating: self.counted.rotating,
            unseen_since: self.unseen.first().map(|(since, _)| *since),
            streams: Phase::ALL.iter().map(|phase| self.counted.in_phase(*phase)).sum(),
        }
    }
}
