//! The metrics, for Prometheus. Their names are in `docs/reference.md`.
//!
//! What is told of a stream has its id and its group as labels, which are bounded by the configuration; its
//! name and how it is looked at are the labels of one sample of their own, to be joined where they are
//! wanted. Units are base units: seconds, bytes, shares of one.

mod own;
mod streams;
mod text;

use super::feed::Feed;
use super::negotiation::Format;
use super::respond::Traffic;
use text::Exposition;

/// What one stream takes, bytes, and what all the rest takes; not to grow the text again and again.
const EACH: usize = 1_400;
const REST: usize = 16 << 10;

/// All of them.
pub(super) fn exposition(feed: &Feed, traffic: Traffic, format: Format) -> String {
    let board = feed.board();
    let mut out = Exposition::new(format, REST + board.rows.len() * EACH);
    own::write(&mut out, feed, traffic);
    streams::write(&mut out, board);
    out.finish()
}
