//! How a console talks with the supervisor: messages, and the in-process link that carries them.

mod histories;
mod hub;
mod message;
#[cfg(test)]
mod tests;

pub use histories::HistorySource;
pub use hub::{Client, Hub, HubChange, LogSlice, LogSource, OldLogAnswer, Request};
pub use message::{ClientMessage, MAX_FOLLOWED, PROTOCOL_VERSION, Role, ServerMessage};
