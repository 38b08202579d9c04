//! The form of messages on a socket.
//!
//! A frame is its length (four bytes, little endian, of what follows), a byte that says what it is
//! and whether it is compressed, and its body. The first frame each way is a [`hello`], whose
//! beginning every version reads. Behind it the bodies are messages in postcard's form, but for the
//! board and its deltas: those go as rows of which only the changed fields are written
//! ([`update`]).

pub mod frame;
pub mod hello;
pub mod incoming;
pub mod patch;
#[cfg(test)]
mod tests;
pub mod update;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest frame a client may send, bytes: a command that names 10,000 streams fits.
pub const MAX_CLIENT_FRAME: usize = 1 << 20;
/// The longest frame a server may send, bytes, as it is and when it is no longer compressed. Boards come
/// in parts of [`PART`]; a log with all that is in memory of it is the largest other one.
pub const MAX_SERVER_FRAME: usize = 16 << 20;
/// The longest hello, bytes: it comes from somebody who is not known yet.
pub const MAX_HELLO: usize = 1 << 10;
/// So long a part of a board gets before the next one begins, bytes.
pub const PART: usize = 256 << 10;
/// Longer bodies are compressed, bytes. Below, the time is worth more than the bytes.
pub const COMPRESSED_ABOVE: usize = 16 << 10;
/// Rows that a client takes of a server.
pub const MAX_ROWS: usize = 100_000;

/// Why what came is no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// A frame says it is longer than any may be, or has no content.
    #[error("a frame of {0} bytes is not allowed")]
    Length(usize),
    /// A frame of a kind that does not belong here.
    #[error("a frame of an unknown kind ({0})")]
    Kind(u8),
    /// It is damaged, or something else altogether.
    #[error("a frame that can't be read: {0}")]
    Malformed(&'static str),
    /// A message that can't be written.
    #[error("a message that can't be written")]
    Unwritable,
}

/// Writes a value behind what is in `out`.
///
/// # Errors
/// [`WireError::Unwritable`]; none of the types here gives one.
pub fn put<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> Result<(), WireError> {
    postcard::to_io(value, out).map(|_| ()).map_err(|_| WireError::Unwritable)
}

/// Reads a value from the front of `bytes`, which is shorter then.
///
/// # Errors
/// [`WireError::Malformed`] when they don't begin with one.
pub fn get<T: DeserializeOwned>(bytes: &mut &[u8]) -> Result<T, WireError> {
    // The type has no borrowed parts, so that the rest is all that still refers to the bytes.
    let whole = *bytes;
    let read: (T, &[u8]) = postcard::take_from_bytes(whole).map_err(|_| WireError::Malformed("a value"))?;
    *bytes = read.1;
    Ok(read.0)
}

/// Reads a value that is all there is.
///
/// # Errors
/// [`WireError::Malformed`] when it is none, or something follows.
pub fn get_all<T: DeserializeOwned>(mut bytes: &[u8]) -> Result<T, WireError> {
    let value = get(&mut bytes)?;
    if bytes.is_empty() { Ok(value) } else { Err(WireError::Malformed("bytes behind its end")) }
}
