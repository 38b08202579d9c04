//! A client's end of the socket: the same messages as in the supervisor's own process.
//!
//! Two threads serve it, so that neither a frozen supervisor nor a lost one holds up whoever shows
//! something: `link-in` reads, rebuilds rows and finds a lost supervisor again, `link-out` writes.

mod post;
mod session;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::wire::WireError;
use super::{ClientMessage, Link, LinkState, Role, ServerMessage, Wake};
use crate::model::{Answer, Command};
use post::Post;

/// Where to connect, and as what.
#[derive(Debug, Clone)]
pub struct Connecting {
    /// The socket.
    pub path: PathBuf,
    /// What the client wants to be.
    pub role: Role,
    /// The terminal it runs on, or what else it is.
    pub terminal: String,
    /// The client is woken when the supervisor has published nothing for so long.
    pub silent_after: Duration,
    /// A supervisor that was lost is looked for until it is found.
    pub again: bool,
    /// Only rows that this query finds are sent, from the first board on and by each supervisor; empty: all
    /// are. As [`ClientMessage::Show`].
    pub show: String,
}

/// What a supervisor said at the beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Welcome {
    /// What the client may do.
    pub role: Role,
    /// The supervisor's process.
    pub pid: u32,
    /// What it runs, in one line.
    pub title: String,
    /// headend's version there.
    pub version: String,
}

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody listens there.
    #[error("no headend runs in {}", .0.parent().unwrap_or(.0).display())]
    NotRunning(PathBuf),
    /// Whoever listens does not want this client, or is another version.
    #[error("{0}")]
    Refused(String),
    /// It does not say hello in time.
    #[error("the headend that runs does not answer: it hangs, or is stopped")]
    Silent,
    /// What listens there is no headend.
    #[error("what listens at {} is no headend: {why}", path.display())]
    Stranger {
        /// The socket.
        path: PathBuf,
        /// What it said.
        why: WireError,
    },
    /// The socket can't be used.
    #[error("cannot use the socket {}: {source}", path.display())]
    Io {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl ConnectError {
    /// Whether there is no supervisor at all, so that one may be started.
    #[must_use]
    pub const fn is_nobody(&self) -> bool {
        matches!(self, Self::NotRunning(_))
    }
}

/// A client in another process than the supervisor. Dropped, the connection ends.
pub struct Remote {
    post: Arc<Post>,
    welcome: Welcome,
}

impl Remote {
    /// Connects, and says hello. What it takes then is served by two threads.
    ///
    /// # Errors
    /// [`ConnectError`]; nothing is tried again.
    pub fn connect(connecting: Connecting) -> Result<Self, ConnectError> {
        let (session, welcome) = session::open(&connecting)?;
        let path = connecting.path.clone();
        let post = Arc::new(Post::new(session.stream(), connecting.again));
        let (reads, writes) = (Arc::clone(&post), Arc::clone(&post));
        let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
            let thread = std::thread::Builder::new().name(name.into()).spawn(run);
            thread.map_err(|source| ConnectError::Io { path: path.clone(), source })
        };
        spawn("link-in", Box::new(move || session::read(session, &connecting, &reads)))?;
        spawn("link-out", Box::new(move || session::write(&writes)))?;
        Ok(Self { post, welcome })
    }

    /// What the supervisor said at the beginning.
    #[must_use]
    pub const fn welcome(&self) -> &Welcome {
        &self.welcome
    }

    /// Waits until there is something to take, the supervisor is lost or found, or `until`; takes what
    /// there is. Where it is lost and not looked for there is nothing to wait for.
    #[must_use]
    pub fn wait(&self, until: Instant) -> Vec<ServerMessage> {
        self.post.wait(until)
    }

    /// Gives an order and waits for its answer; what comes meanwhile is passed over. For who does
    /// nothing else.
    #[must_use]
    pub fn order(&self, command: Command, until: Instant) -> Answer {
        const SEQ: u64 = 1;
        self.post.send(ClientMessage::Command { seq: SEQ, command });
        while Instant::now() < until {
            let messages = self.post.wait(until);
            if messages.is_empty() && self.post.is_over() {
                break;
            }
            for message in messages {
                if let ServerMessage::Answer { seq: SEQ, answer } = message {
                    return answer;
                }
            }
        }
        Answer::Refused { reason: "headend has not answered in time".into() }
    }
}

impl Link for Remote {
    fn send(&self, message: ClientMessage) {
        self.post.send(message);
    }

    fn take(&self) -> Vec<ServerMessage> {
        self.post.take()
    }

    fn heard_ago(&self) -> Duration {
        self.post.heard_ago()
    }

    fn state(&self) -> LinkState {
        self.post.state()
    }

    fn wake_by(&self, wake: Wake) {
        self.post.wake_by(wake);
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.post.end();
    }
}
