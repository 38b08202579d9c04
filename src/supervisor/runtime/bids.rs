//! The loop's outside end: orders, and what was measured.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, mpsc};

use crate::host::Workers;
use crate::model::{Command, HostReading, SelfReading};
use crate::supervisor::core::{Reconfiguration, Reconfigured};

/// Orders waiting for the loop.
const MAX_BIDS: usize = 1_024;

/// An order to the loop.
#[derive(Debug)]
pub enum Bid {
    /// A command of a client.
    Command {
        /// Whose, for the answer.
        client: u64,
        /// Its number, for the answer.
        seq: u64,
        /// What.
        command: Command,
    },
    /// Go over to another configuration.
    Reconfigure {
        /// To which.
        next: Box<Reconfiguration>,
        /// Gets what it came to, or why it was not taken; has room for that.
        reply: std::sync::mpsc::SyncSender<Result<Reconfigured, String>>,
    },
    /// Somebody began to want a stream's detail.
    Details,
    /// Publish what there is now, without waiting for more to come along.
    Show {
        /// Hears when it is done; has room for that.
        done: std::sync::mpsc::SyncSender<()>,
    },
    /// Stop all workers, then end.
    Leave,
    /// Kill what is left.
    Hurry,
}

/// The loop's outside end.
#[derive(Debug, Clone)]
pub struct Bids {
    orders: mpsc::Sender<Bid>,
    measured: Arc<Slot>,
}

impl Bids {
    /// Queues an order; `false` when too many wait or the loop has ended.
    #[must_use]
    pub fn send(&self, bid: Bid) -> bool {
        self.orders.try_send(bid).is_ok()
    }

    /// Leaves what was measured for the loop: it takes the newest, and nobody waits for it.
    pub fn measured(&self, host: HostReading, own: SelfReading, workers: Option<Workers>) {
        self.measured.put(Measured { host, own, workers });
    }
}

/// One round of readings.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The machine.
    pub host: HostReading,
    /// headend.
    pub own: SelfReading,
    /// The workers; measured more seldom than the others.
    pub workers: Option<Workers>,
}

/// Room for one round of readings: a loop that is busy finds the newest, not a queue.
#[derive(Debug, Default)]
struct Slot {
    newest: Mutex<Option<Measured>>,
    filled: Notify,
}

impl Slot {
    fn put(&self, mut measured: Measured) {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        measured.workers = measured.workers.or(newest.take().and_then(|older| older.workers));
        *newest = Some(measured);
        drop(newest);
        self.filled.notify_one();
    }

    fn take(&self) -> Option<Measured> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The loop's inside end.
pub struct Inbox {
    orders: mpsc::Receiver<Bid>,
    measured: Arc<Slot>,
}

impl Inbox {
    /// Both ends.
    #[must_use]
    pub fn new() -> (Bids, Self) {
        let (sender, orders) = mpsc::channel(MAX_BIDS);
        let measured = Arc::new(Slot::default());
        (Bids { orders: sender, measured: Arc::clone(&measured) }, Self { orders, measured })
    }

    /// Orders and readings, to be waited for at the same time.
    pub fn split(&mut self) -> (&mut mpsc::Receiver<Bid>, Readings<'_>) {
        (&mut self.orders, Readings(&self.measured))
    }
}

/// The readings' side of the inbox.
pub struct Readings<'a>(&'a Slot);

impl Readings<'_> {
    /// Waits for readings and takes the newest. May be dropped while it waits.
    pub async fn next(&self) -> Measured {
        loop {
            self.0.filled.notified().await;
            if let Some(measured) = self.0.take() {
                return measured;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Usage, WorkersReading};

    fn round(load1: f32, workers: Option<u32>) -> Measured {
        Measured {
            host: HostReading { load1, ..HostReading::default() },
            own: SelfReading::default(),
            workers: workers.map(|count| Workers {
                sum: WorkersReading { count, memory_bytes: 0 },
                each: (0..count).map(|pid| (pid, Usage::default())).collect(),
            }),
        }
    }

    #[test]
    fn a_busy_loop_finds_the_newest_of_each() {
        let event_loop = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (bids, mut inbox) = Inbox::new();
        for measured in [round(1.0, None), round(2.0, Some(7)), round(3.0, None)] {
            bids.measured(measured.host, measured.own, measured.workers);
        }
        let found = event_loop.block_on(async { inbox.split().1.next().await });
        assert_eq!(found, round(3.0, Some(7)));
        assert_eq!(inbox.measured.take(), None);
    }

    #[test]
    fn more_orders_than_there_is_room_for_are_refused() {
        let (bids, mut inbox) = Inbox::new();
        let taken = (0..2 * MAX_BIDS).filter(|_| bids.send(Bid::Hurry)).count();
        assert_eq!(taken, MAX_BIDS);
        assert!(matches!(inbox.split().0.try_recv(), Ok(Bid::Hurry)));
        assert!(bids.send(Bid::Leave));
    }
}
