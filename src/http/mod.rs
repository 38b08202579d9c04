//! What other systems can ask over HTTP: how headend is, its figures, streams and incidents.
//!
//! Nothing can be changed this way. All of it is served by one thread, `http`, with a loop of its own that
//! nothing else waits for. Towards the supervisor it is one client of the hub, as a console is: what it
//! tells is what is on the board, so all text is clean and masked. Large answers are made once a second at
//! most, however many ask.

mod answer;
mod connections;
mod feed;
mod health;
mod metrics;
mod monitoring;
mod negotiation;
mod request;
mod respond;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::link::Hub;

/// Connections at the same time. Where one more comes, the one that was silent for longest is closed.
pub const MAX_CONNECTIONS: usize = 64;
/// But not within this time of its last request, or of its coming: until then the new one waits.
pub const LEAST_STAY: Duration = Duration::from_millis(200);
/// The head of a request has come within this, and a connection without a request is closed after it.
pub const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// After this a connection is closed when its request is answered; whoever wants more comes again.
pub const CONNECTION_LIFE: Duration = Duration::from_secs(60);
/// And this is left for that answer to be read.
pub const LAST_ANSWER: Duration = Duration::from_secs(10);
/// The head of a request, bytes; with more there is a status and no words.
pub const MAX_HEAD: usize = 16 << 10;
/// All header fields of a request, bytes.
pub const MAX_HEADERS: usize = 8 << 10;
/// Header fields of a request.
pub const MAX_HEADER_FIELDS: usize = 64;
/// Path and parameters of a request, bytes.
pub const MAX_TARGET: usize = 2 << 10;
/// Terms of a query in the query language.
pub const MAX_QUERY_TERMS: usize = 20;
/// Figures, metrics and the list of all streams are made anew after this, and not sooner.
pub const RENDER_EVERY: Duration = Duration::from_secs(1);
/// Answers that somebody still reads, bytes. With more, older ones are given, or none.
pub const MAX_HELD: usize = 64 << 20;
/// A supervisor that has published nothing for so long hangs; it does so every two seconds.
pub const SILENT_AFTER: Duration = Duration::from_secs(10);
/// The server's thread ends within this of being asked to.
pub const STOP_LIMIT: Duration = Duration::from_millis(50);
/// How often it is looked whether it has.
const LOOK: Duration = Duration::from_millis(5);

/// Where to listen, and what must be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Listening {
    /// Where. Port 0 takes any free one.
    pub address: SocketAddr,
    /// What a request must bear, if anything.
    pub token: Option<Arc<str>>,
}

/// The running server. It ends when it is dropped, without anybody waiting for it.
pub struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    thread: JoinHandle<()>,
}

impl Server {
    /// Listens, and answers whoever asks.
    ///
    /// # Errors
    /// When the address can't be had, or the machine refuses a thread or an event loop.
    pub fn start(hub: &Hub, listening: Listening) -> io::Result<Self> {
        let event_loop = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = std::net::TcpListener::bind(listening.address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let listener = {
            let _context = event_loop.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let desk = Arc::new(respond::Desk::new(hub, listening.token));
        let (stop, stopped) = watch::channel(false);
        let run = move || event_loop.block_on(connections::accept(listener, desk, stopped));
        let thread = std::thread::Builder::new().name("http".into()).spawn(run)?;
        Ok(Self { address, stop, thread })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Has it end; returns at once. What is being read by somebody is cut off.
    pub fn ask_to_stop(&self) {
        let _ = self.stop.send(true);
    }

    /// Ends it. Takes [`STOP_LIMIT`] at most.
    pub fn stop(self) {
        self.ask_to_stop();
        let until = Instant::now() + STOP_LIMIT;
        while !self.thread.is_finished() && Instant::now() < until {
            std::thread::sleep(LOOK);
        }
    }
}
