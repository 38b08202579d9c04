//! What the origin sends: whole, cut off in the middle, or at a trickle.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

/// Handed to the connection at once; between two pieces it is known whether the reader still reads.
const PIECE: usize = 64 * 1024;
/// Pieces of a slow answer.
const SLOW_PIECES: u32 = 24;

/// How an answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// As fast as it is taken.
    Whole,
    /// Two fifths of it, then the connection is closed.
    Cut,
    /// Evenly over this many milliseconds.
    Slow(u64),
}

/// When somebody last did something on a connection.
#[derive(Debug, Clone)]
pub(super) struct Pulse {
    began: Instant,
    last_ms: Arc<AtomicU64>,
    sent: Arc<AtomicU64>,
}

impl Pulse {
    /// `sent` counts the bytes of all connections.
    pub fn new(sent: Arc<AtomicU64>) -> Self {
        Self { began: Instant::now(), last_ms: Arc::default(), sent }
    }

    pub fn beat(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_ms.store(now, Ordering::Relaxed);
    }

    /// Returns once `idle` has passed without a beat.
    pub async fn stopped(&self, idle: Duration) {
        loop {
            let last = Duration::from_millis(self.last_ms.load(Ordering::Relaxed));
            let left = (last + idle).saturating_sub(self.began.elapsed());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left).await;
        }
    }
}

/// A body of known length.
pub(super) struct Paced {
    /// What is still to come of the length it says it has.
    length: u64,
    left: Bytes,
    piece: usize,
    gap: Duration,
    wait: Option<Pin<Box<Sleep>>>,
    cut: bool,
    pulse: Pulse,
}

impl Paced {
    pub fn new(bytes: Bytes, pace: Pace, pulse: Pulse) -> Self {
        let length = bytes.len() as u64;
        let (left, piece, gap, cut) = match pace {
            Pace::Whole => (bytes, PIECE, Duration::ZERO, false),
            Pace::Cut => (bytes.slice(..bytes.len() * 2 / 5), PIECE, Duration::ZERO, true),
            Pace::Slow(ms) => {
                let piece = bytes.len().div_ceil(SLOW_PIECES as usize).max(1);
                (bytes, piece, Duration::from_millis(ms) / SLOW_PIECES, false)
            }
        };
        Self { length, left, piece, gap, wait: None, cut, pulse }
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        // Asked for more: the reader took what was sent before.
        self.pulse.beat();
        if self.left.is_empty() {
            let cut = std::mem::take(&mut self.cut);
            return Poll::Ready(cut.then(|| Err(io::Error::other("cut off on purpose"))));
        }
        if !self.gap.is_zero() {
            let gap = self.gap;
            let wait = self.wait.get_or_insert_with(|| Box::pin(tokio::time::sleep(gap)));
            if wait.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.wait = None;
        }
        let take = self.piece.min(self.left.len());
        let piece = self.left.split_to(take);
        self.length = self.length.saturating_sub(take as u64);
        self.pulse.sent.fetch_add(take as u64, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty() && !self.cut
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}
