//! The demo's origin: a live HLS server on loopback, with faults on a timetable.
//!
//! FFmpeg makes a few clips once ([`clips`]); [`mux`] turns any two seconds of them into a segment
//! of a stream that never jumps; the [`Timetable`] says which channel has which fault when, and
//! [`Outages`] which host is gone; the [`Origin`] serves all of it over HTTP.

mod body;
mod cache;
mod channels;
pub mod clips;
mod doors;
mod elementary;
mod encode;
mod error;
pub mod mux;
mod names;
mod origin;
mod outages;
mod site;
mod timetable;

pub use channels::{Channel, Wishes, channels, configuration, configuration_for};
pub use clips::Clips;
pub use doors::Hosts;
pub use error::DemoError;
pub use origin::{Origin, Traffic};
pub use outages::{Outage, Outages};
pub use timetable::{Fault, FaultKind, Faults, Timetable, UnknownFaults};

/// The most channels one origin serves.
pub const MAX_CHANNELS: usize = 10_000;
/// The most hosts, each a loopback address of its own, that one origin is.
pub const MAX_HOSTS: usize = 16;
/// Length of a segment, in milliseconds.
pub const SEGMENT_MS: u64 = 2_000;
/// Segments in a live playlist.
pub const WINDOW: u64 = 6;
/// Segments that can still be loaded after they left the playlist. More than the longest stalled
/// playlist of a storm, so that a playlist that stands still never names a segment that is gone.
pub const KEPT: u64 = 40;
/// The newest segment's number at the moment the origin starts: as though it had run for a while.
pub const FIRST_SEQUENCE: u64 = 100;
/// Connections beyond the ones the channels may have.
pub const SPARE_CONNECTIONS: usize = 64;
/// Connections per channel; FFmpeg keeps one for the playlist and two for segments.
pub const CONNECTIONS_PER_CHANNEL: usize = 4;
/// A connection on which nothing was asked and nothing was taken for this long is closed; ms.
pub const IDLE_MS: u64 = 30_000;
/// The most bytes of a request's head.
pub const MAX_HEAD_BYTES: usize = 16 * 1024;
/// The most header lines of a request.
pub const MAX_HEADERS: usize = 64;
/// Ready segments kept for the next reader.
pub const MAX_CACHED_SEGMENTS: usize = 64;
/// No fault begins before this, so that people see everything come up; milliseconds.
pub const FAULT_FREE_MS: u64 = 20_000;
/// One run of FFmpeg while the clips are made may take this long, in seconds.
pub const ENCODE_LIMIT_S: u64 = 120;
/// The largest clip file read back, in bytes.
pub const MAX_CLIP_BYTES: u64 = 32 * 1024 * 1024;
