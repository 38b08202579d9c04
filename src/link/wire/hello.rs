//! The first frame each way: who is there, and whether the two understand each other.
//!
//! Its beginning never changes: a magic, the protocol's version (four bytes, little endian), and
//! headend's version as a text with its length in a byte. What follows belongs to that protocol.

use serde::{Deserialize, Serialize};

use super::super::{PROTOCOL_VERSION, Role};
use super::{WireError, get_all, put};

/// Everything that speaks headend's protocol begins with it.
const MAGIC: [u8; 8] = *b"headend\0";
/// The longest text in a hello, bytes.
pub const MAX_TEXT: usize = 200;

/// Who speaks, in the words that every version reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The protocol's.
    pub protocol: u32,
    /// headend's.
    pub headend: String,
}

impl Version {
    /// Ours.
    #[must_use]
    pub fn ours() -> Self {
        Self { protocol: PROTOCOL_VERSION, headend: env!("CARGO_PKG_VERSION").to_owned() }
    }

    /// What is to be told when this end is `self` and the other one is `other`; `None` when they understand
    /// each other. `running`: the other one is the supervisor.
    #[must_use]
    pub fn differs(&self, other: &Self, running: bool) -> Option<String> {
        if self.protocol == other.protocol {
            return None;
        }
        let (supervisor, client) = if running { (other, self) } else { (self, other) };
        Some(format!(
            "the headend that runs is {} (protocol {}) and this client is {} (protocol {}): \
             use the same version for both; after an upgrade restart the one that runs",
            supervisor.headend, supervisor.protocol, client.headend, client.protocol
        ))
    }
}

/// What a client says beyond its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientHello {
    /// What it wants to be.
    pub role: Role,
    /// The terminal it runs on, or what else it is; for the record of who ordered what.
    pub terminal: String,
}

/// What a server says beyond its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServerHello {
    /// Come in.
    Welcome {
        /// What the client may do.
        role: Role,
        /// The supervisor's process.
        pid: u32,
        /// What it runs, in a line.
        title: String,
    },
    /// Stay out, for this reason.
    Refused(String),
}

/// Writes a hello's body.
///
/// # Errors
/// [`WireError::Unwritable`]; there is none.
pub fn write<T: Serialize>(version: &Version, what: &T) -> Result<Vec<u8>, WireError> {
    let mut body = MAGIC.to_vec();
    body.extend_from_slice(&version.protocol.to_le_bytes());
    let text = version.headend.as_bytes();
    let text = &text[..text.len().min(MAX_TEXT)];
    body.push(u8::try_from(text.len()).unwrap_or(0));
    body.extend_from_slice(text);
    put(&mut body, what)?;
    Ok(body)
}

/// Reads what every version understands of a hello; the rest is for [`rest`].
///
/// # Errors
/// [`WireError::Malformed`] when it is none.
pub fn version(body: &[u8]) -> Result<(Version, &[u8]), WireError> {
    let no = WireError::Malformed("it is no hello of headend");
    let after = body.strip_prefix(&MAGIC).ok_or_else(|| no.clone())?;
    let (protocol, after) = after.split_first_chunk::<4>().ok_or_else(|| no.clone())?;
    let (length, after) = after.split_first().ok_or_else(|| no.clone())?;
    let text = after.get(..usize::from(*length)).ok_or_else(|| no.clone())?;
    let headend = crate::model::clean_line(&String::from_utf8_lossy(text), MAX_TEXT);
    Ok((Version { protocol: u32::from_le_bytes(*protocol), headend }, &after[text.len()..]))
}

/// Reads what follows the version, when that is ours.
///
/// # Errors
/// [`WireError::Malformed`].
pub fn rest<T: for<'de> Deserialize<'de>>(rest: &[u8]) -> Result<T, WireError> {
    get_all(rest)
}
