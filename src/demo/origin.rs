//! The HTTP server around the [`Site`].

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::body::{Paced, Pulse};
use super::clips::Clips;
use super::site::Site;
use super::{
    CONNECTIONS_PER_CHANNEL, Channel, DemoError, IDLE_MS, MAX_CHANNELS, MAX_HEAD_BYTES, MAX_HEADERS,
    SPARE_CONNECTIONS, Timetable,
};

/// Connections the system holds while the origin is busy.
const BACKLOG: u32 = 1_024;
/// After the system refused a connection (out of files, say) the next try is this much later.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The running origin. It stops with [`Origin::shutdown`], or at once when it is dropped.
#[derive(Debug)]
pub struct Origin {
    address: SocketAddr,
    counters: Arc<Counters>,
    accepting: JoinHandle<()>,
}

/// What went over the wire since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Connections open now.
    pub connections: u32,
    /// Requests answered.
    pub requests: u64,
    /// Bytes of bodies handed to the system.
    pub bytes: u64,
}

#[derive(Debug, Default)]
struct Counters {
    connections: AtomicU32,
    requests: AtomicU64,
    bytes: Arc<AtomicU64>,
}

struct Server {
    site: Site,
    started: Instant,
    counters: Arc<Counters>,
    idle: Duration,
}

impl Origin {
    /// Serves `channels` on `listen` (loopback; port 0 takes a free one) with the faults of
    /// `timetable`. Time begins now, with playlists as full as if it had begun long ago.
    ///
    /// Must be called inside a tokio runtime with I/O and time; a current-thread one will do.
    ///
    /// # Errors
    /// [`DemoError`] where the address is not on loopback or is taken, or the channels are too many.
    pub fn start(
        listen: SocketAddr,
        channels: Vec<Channel>,
        timetable: Timetable,
        clips: Clips,
    ) -> Result<Self, DemoError> {
        Self::start_with(listen, channels, timetable, clips, Duration::from_millis(IDLE_MS))
    }

    fn start_with(
        listen: SocketAddr,
        channels: Vec<Channel>,
        timetable: Timetable,
        clips: Clips,
        idle: Duration,
    ) -> Result<Self, DemoError> {
        if !listen.ip().is_loopback() {
            return Err(DemoError::NotLoopback(listen));
        }
        if channels.len() > MAX_CHANNELS {
            return Err(DemoError::TooMany(channels.len()));
        }
        let opened = open(listen).and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = opened.map_err(|source| DemoError::Listen { address: listen, source })?;
        let limit = channels.len() * CONNECTIONS_PER_CHANNEL + SPARE_CONNECTIONS;
        let counters = Arc::new(Counters::default());
        let server = Arc::new(Server {
            site: Site::new(channels, timetable, clips, format!("http://{address}")),
            started: Instant::now(),
            counters: Arc::clone(&counters),
            idle,
        });
        let accepting = tokio::spawn(accept(listener, server, limit));
        Ok(Self { address, counters, accepting })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as the beginning of a URL, without a slash at its end.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What went over the wire since the start.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        Traffic {
            connections: self.counters.connections.load(Ordering::Relaxed),
            requests: self.counters.requests.load(Ordering::Relaxed),
            bytes: self.counters.bytes.load(Ordering::Relaxed),
        }
    }

    /// Closes every connection and the listener, and returns when they are closed.
    pub async fn shutdown(mut self) {
        self.accepting.abort();
        // It was aborted: that is what it says.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn open(listen: SocketAddr) -> io::Result<TcpListener> {
    let socket = if listen.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restarted origin gets its port back though old connections linger.
    socket.set_reuseaddr(true)?;
    socket.bind(listen)?;
    socket.listen(BACKLOG)
}

/// Takes connections, never more than `limit` at a time: the rest wait in the system's queue, and
/// idle ones are closed for them. The set ends every connection when this task ends.
async fn accept(listener: TcpListener, server: Arc<Server>, limit: usize) {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = open.join_next() => {}
            taken = listener.accept(), if open.len() < limit => match taken {
                Ok((stream, _)) => {
                    open.spawn(serve(stream, Arc::clone(&server)));
                }
                // The connection died in the queue, or there is no file for it; both pass.
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
        }
        server.counters.connections.store(u32::try_from(open.len()).unwrap_or(u32::MAX), Ordering::Relaxed);
    }
}

async fn serve(stream: TcpStream, server: Arc<Server>) {
    // Answers are written whole; waiting for more only delays the playlist.
    let _ = stream.set_nodelay(true);
    let pulse = Pulse::new(Arc::clone(&server.counters.bytes));
    let answered =
        service_fn(|request| std::future::ready(Ok::<_, Infallible>(server.respond(&request, &pulse))));
    let connection = http1::Builder::new()
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS)
        // The pulse covers slow heads, idle connections and readers that stopped reading alike.
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), answered);
    // How a connection ends is the reader's affair; a cut one is meant to end in an error.
    tokio::select! {
        _ = connection => {}
        () = pulse.stopped(server.idle) => {}
    }
}

impl Server {
    fn respond<B>(&self, request: &Request<B>, pulse: &Pulse) -> Response<Paced> {
        pulse.beat();
        self.counters.requests.fetch_add(1, Ordering::Relaxed);
        let now_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let answer = self.site.answer(request.method(), request.uri().path(), now_ms);
        let mut response = Response::new(Paced::new(answer.body, answer.pace, pulse.clone()));
        *response.status_mut() = answer.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(answer.kind));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

#[cfg(test)]
mod tests;
