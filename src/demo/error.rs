//! What can go wrong before the origin serves.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// Why the demo can't start.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// FFmpeg could not be run at all.
    #[error("could not run {}: {source}; install FFmpeg or name another one in HEADEND_FFMPEG", path.display())]
    FfmpegMissing {
        /// The program that was tried.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// This FFmpeg can't make the clips.
    #[error(
        "{} has no encoder the demo can use for {what}; install an FFmpeg with {wanted}",
        path.display()
    )]
    NoEncoder {
        /// The program that was asked.
        path: PathBuf,
        /// `video` or `audio`.
        what: &'static str,
        /// The encoders that would do.
        wanted: &'static str,
    },
    /// FFmpeg ran and failed.
    #[error("{} could not make the demo's {clip}: {detail}; try another FFmpeg", path.display())]
    FfmpegFailed {
        /// The program that was run.
        path: PathBuf,
        /// What it was to make.
        clip: &'static str,
        /// Its last words, or that it took too long.
        detail: String,
    },
    /// The cache folder can't be read or written.
    #[error("could not {action} {}: {source}; make the folder writable or choose another", path.display())]
    Cache {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A clip in the cache is not what it should be.
    #[error("{} is no clip of the demo: {why}; remove the file and start again", path.display())]
    BadClip {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The address is taken or not allowed.
    #[error("could not listen on {address}: {source}; choose another port, 0 for any free one")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The origin is for this machine only.
    #[error("the demo's origin listens on loopback only, not on {0}; use 127.0.0.1 or [::1]")]
    NotLoopback(SocketAddr),
    /// Each host has an address of its own.
    #[error(
        "there are no {count} loopback addresses from {first} on; listen on 127.0.0.1 or ask for fewer hosts"
    )]
    TooFewAddresses {
        /// Hosts asked for.
        count: usize,
        /// The address of the first one.
        first: IpAddr,
    },
    /// More channels than [`super::MAX_CHANNELS`].
    #[error("{0} channels are more than the {max} the demo can serve; ask for fewer", max = super::MAX_CHANNELS)]
    TooMany(usize),
}
