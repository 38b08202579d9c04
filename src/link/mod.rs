//! How a console talks with the supervisor: messages, and the two links that carry them.
//!
//! In the supervisor's own process a [`Client`] takes them out of its mailbox in the [`Hub`]. In
//! another one a [`Remote`] gets them over a Unix socket from the [`Server`], which is a client of
//! the hub for each of its connections. For who holds one they are both a [`Link`].

pub mod access;
mod audit;
mod client;
mod filter;
mod histories;
mod hub;
mod incidents;
mod mailbox;
mod message;
pub mod place;
mod remote;
mod server;
#[cfg(test)]
mod tests;
pub mod wire;

use std::sync::Arc;
use std::time::Duration;

pub use audit::{AuditAnswer, AuditTrail, Audited, Ordered, Who};
pub use client::Client;
pub use filter::MAX_TERMS as MAX_SHOW_TERMS;
pub use histories::HistorySource;
pub use hub::{Hub, HubChange, LogSlice, LogSource, NoLogs, OldLogAnswer, Request};
pub use incidents::{IncidentAnswer, IncidentDesk, MAX_INCIDENT_PAGE, MAX_PAGE_MEMBERS};
pub use message::{ClientMessage, MAX_FOLLOWED, PROTOCOL_VERSION, Role, ServerMessage};
pub use remote::{ConnectError, Connecting, Remote, Welcome};
pub use server::{Listening, STOP_LIMIT, Server};

/// Called from any thread when a link has something; it must be quick and must not call back into
/// the link.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// A client's end of a link, whatever lies between it and the supervisor.
pub trait Link: Send {
    /// Sends a message. Never blocks for long; a command that can't be sent is answered, like any
    /// other.
    fn send(&self, message: ClientMessage);

    /// Everything that has come since the last call, in order. Never blocks for long.
    fn take(&self) -> Vec<ServerMessage>;

    /// How long ago the supervisor last published something, taken or not.
    fn heard_ago(&self) -> Duration;

    /// Whether there is a supervisor at the other end.
    fn state(&self) -> LinkState;

    /// From now on this is called when there is something to take, or [`Self::state`] is another.
    fn wake_by(&self, wake: Wake);
}

/// Whether there is a supervisor at the other end of a link.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum LinkState {
    /// There is.
    #[default]
    Open,
    /// It is gone; the link tries to find it again, and gets the whole board then.
    Lost {
        /// For how long.
        ago: Duration,
        /// Why, in a few words.
        why: Arc<str>,
    },
}
