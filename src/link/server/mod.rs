//! The supervisor's end of the socket: a client of the hub for each connection.
//!
//! All of them are served by one thread, `link`, that nothing else waits for. What waits for a
//! connection waits in its mailbox, merged; a client that does not read costs that and the frame it
//! has not read.

mod connection;
mod looks;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::{Id, JoinSet};

use super::access::Access;
use super::{Hub, place};
use looks::Looks;

/// Connections at the same time; one more is told so and ended.
pub const MAX_CONNECTIONS: usize = 128;
/// As many of them may be of one user, if it is not headend's own or root.
pub const MAX_OF_USER: usize = 32;
/// As many are kept for headend's own user and root.
pub const KEPT_FOR_OWN: usize = 16;
/// After a failed accept (no descriptors, mostly) the next one is tried so much later.
const ACCEPT_AGAIN: Duration = Duration::from_millis(200);
/// How often it is looked whether the thread has ended.
const LOOK: Duration = Duration::from_millis(5);
/// What has not been sent when the server ends is given so long.
const LAST_WORDS: Duration = Duration::from_millis(300);
/// The server's thread ends within this.
pub const STOP_LIMIT: Duration = Duration::from_millis(700);

/// Where to listen, and to whom.
#[derive(Debug, Clone)]
pub struct Listening {
    /// The socket. Who starts a server holds the lock of the folder it is in.
    pub path: PathBuf,
    /// Its mode.
    pub mode: u32,
    /// Who may do what.
    pub access: Access,
    /// What runs, in one line, for clients to show.
    pub title: String,
}

/// What all connections share.
struct Shared {
    hub: Hub,
    access: Access,
    title: String,
    looks: Looks,
}

/// The running server.
pub struct Server {
    path: PathBuf,
    stop: watch::Sender<bool>,
    thread: JoinHandle<()>,
}

impl Server {
    /// Listens, and serves whoever comes.
    ///
    /// # Errors
    /// When the socket can't be made, or the machine refuses a thread or an event loop.
    pub fn start(hub: Hub, listening: Listening) -> io::Result<Self> {
        let Listening { path, mode, access, title } = listening;
        let event_loop = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = place::listen(&path, mode)?;
        listener.set_nonblocking(true)?;
        let listener = {
            let _context = event_loop.enter();
            UnixListener::from_std(listener)?
        };
        let shared = Arc::new(Shared { hub, access, title, looks: Looks::new(looks::of_this_machine()) });
        let (stop, stopped) = watch::channel(false);
        let run = move || {
            event_loop.block_on(accept(listener, shared, stopped));
            // A look-up that hangs is not waited for.
            event_loop.shutdown_background();
        };
        let thread = std::thread::Builder::new().name("link".into()).spawn(run)?;
        Ok(Self { path, stop, thread })
    }

    /// Ends: what has been said to clients is sent, as far as they read it; the socket is removed.
    /// Takes [`STOP_LIMIT`] at most.
    pub fn stop(self) {
        let _ = self.stop.send(true);
        // Whoever comes from now on finds nobody, and not somebody who leaves.
        if let Err(error) = std::fs::remove_file(&self.path) {
            log::debug!("the socket can't be removed: {error}");
        }
        let until = Instant::now() + STOP_LIMIT;
        while !self.thread.is_finished() && Instant::now() < until {
            std::thread::sleep(LOOK);
        }
    }
}

async fn accept(listener: UnixListener, shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    // Whose they are.
    let mut users: HashMap<Id, u32> = HashMap::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => match room(&stream, &shared.access, &users) {
                    Ok(user) => {
                        let serve = connection::serve(stream, Arc::clone(&shared), stopped.clone());
                        users.insert(connections.spawn(serve).id(), user);
                    }
                    Err(why) => refuse(&stream, &why),
                },
                Err(error) => {
                    log::warn!("nobody can attach for now: {error}");
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                }
            },
            Some(ended) = connections.join_next_with_id() => {
                let id = match ended {
                    Ok((id, ())) => id,
                    Err(error) => {
                        log::error!("a connection ended by a defect: {error}");
                        error.id()
                    }
                };
                users.remove(&id);
            }
            _ = stopped.changed() => break,
        }
    }
    drop(listener);
    let rest = async { while connections.join_next().await.is_some() {} };
    // Who has not read it by then does not read.
    let _ = tokio::time::timeout(LAST_WORDS, rest).await;
}

/// Whose a new connection is, or why there is no room for it.
fn room(stream: &UnixStream, access: &Access, users: &HashMap<Id, u32>) -> Result<u32, String> {
    let user = stream.peer_cred().map_err(|error| format!("it is not known whose it is: {error}"))?.uid();
    has_room(user, access, users.values().copied()).map(|()| user)
}

fn has_room(user: u32, access: &Access, all: impl Iterator<Item = u32> + Clone) -> Result<(), String> {
    let of_user = all.clone().filter(|held| *held == user).count();
    let of_others = all.clone().filter(|held| !access.is_own(*held)).count();
    let own = access.is_own(user);
    if !own && of_user >= MAX_OF_USER {
        return Err(format!("{of_user} clients of this user are attached already: end one of them"));
    }
    if all.count() >= MAX_CONNECTIONS || (!own && of_others >= MAX_CONNECTIONS - KEPT_FOR_OWN) {
        return Err("too many clients are attached already: end one of them".to_owned());
    }
    Ok(())
}

/// Says why there is no room, if that can be said at once.
fn refuse(stream: &UnixStream, why: &str) {
    log::warn!("a client was turned away: {why}");
    let _ = connection::bye(why).map(|bytes| stream.try_write(&bytes));
}
