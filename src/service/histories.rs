//! Histories between the supervisor's thread, which fills them, and clients, which read them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use crate::history::Histories;
use crate::link::{HistorySource, Hub};
use crate::model::{History, HistoryOf, Span};

/// All histories, shared.
#[derive(Clone, Default)]
pub struct KeptHistories(Arc<Mutex<Histories>>);

impl KeptHistories {
    /// Takes a sample of the board, if there is none of this second yet, and wakes who follows.
    pub fn record(&self, hub: &Hub) {
        let now = clock();
        if !self.lock().is_due(now) {
            return;
        }
        // Not under the hub's lock: with many streams that would hold up every client.
        let board = hub.board();
        if self.lock().record(&board, now) {
            hub.histories_moved();
        }
    }

    /// A panic elsewhere leaves at worst one sample half taken in.
    fn lock(&self) -> MutexGuard<'_, Histories> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HistorySource for KeptHistories {
    fn history_from(&self, of: HistoryOf, span: Span, from: Option<u64>) -> History {
        self.lock().read(of, span, from)
    }

    fn next_step(&self, span: Span) -> u64 {
        self.lock().next_step(span)
    }
}

/// The kernel's clock that goes on while this process is stopped and while the machine sleeps; it
/// never jumps.
fn clock() -> Duration {
    clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(Duration::ZERO, Duration::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_goes_on() {
        let before = clock();
        assert!(before > Duration::ZERO && clock() >= before);
    }
}
