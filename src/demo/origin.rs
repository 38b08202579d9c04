//! The HTTP server around the [`Site`].

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::body::{Paced, Pulse};
use super::clips::Clips;
use super::doors::{Doors, Hosts, asked};
use super::site::{Moment, Site};
use super::{
    CONNECTIONS_PER_CHANNEL, Channel, DemoError, IDLE_MS, MAX_CHANNELS, MAX_HEAD_BYTES, MAX_HEADERS,
    SPARE_CONNECTIONS, Timetable,
};

/// After the system refused a connection (out of files, say) the next try is this much later.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The running origin. It stops with [`Origin::shutdown`], or at once when it is dropped.
#[derive(Debug)]
pub struct Origin {
    addresses: Vec<SocketAddr>,
    counters: Arc<Counters>,
    /// One task for each host.
    accepting: JoinSet<()>,
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
    doors: Doors,
    /// One permit for each connection there may be.
    room: Arc<Semaphore>,
    counters: Arc<Counters>,
    idle: Duration,
}

/// One open connection: its permit goes back and it is no longer counted when this is dropped.
struct Place {
    _permit: OwnedSemaphorePermit,
    counters: Arc<Counters>,
}

impl Place {
    fn new(permit: OwnedSemaphorePermit, counters: Arc<Counters>) -> Self {
        counters.connections.fetch_add(1, Ordering::Relaxed);
        Self { _permit: permit, counters }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.counters.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Origin {
    /// Serves `channels` on these hosts (an address or several, all on loopback; port 0 takes a free
    /// one) with the faults of `timetable`. Every host serves every channel; the faults of a
    /// channel's answers are those of its own host alone. Time begins now, with playlists as full as
    /// if it had begun long ago.
    ///
    /// Must be called inside a tokio runtime with I/O and time; a current-thread one will do.
    ///
    /// # Errors
    /// [`DemoError`] where an address is not on loopback or is taken, or the channels are too many.
    pub fn start(
        hosts: impl Into<Hosts>,
        channels: Vec<Channel>,
        timetable: Timetable,
        clips: Clips,
    ) -> Result<Self, DemoError> {
        Self::start_with(&hosts.into(), channels, timetable, clips, Duration::from_millis(IDLE_MS))
    }

    fn start_with(
        hosts: &Hosts,
        channels: Vec<Channel>,
        timetable: Timetable,
        clips: Clips,
        idle: Duration,
    ) -> Result<Self, DemoError> {
        if channels.len() > MAX_CHANNELS {
            return Err(DemoError::TooMany(channels.len()));
        }
        let opened = hosts.open()?;
        let addresses: Vec<SocketAddr> = opened.iter().map(|(address, _)| *address).collect();
        let limit = channels.len() * CONNECTIONS_PER_CHANNEL + SPARE_CONNECTIONS;
        let counters = Arc::new(Counters::default());
        let base_urls = addresses.iter().map(base_url).collect();
        let server = Arc::new(Server {
            site: Site::new(channels, timetable, clips, base_urls, hosts.outages.clone()),
            doors: Doors::new(addresses.len(), hosts.outages.clone()),
            room: Arc::new(Semaphore::new(limit)),
            counters: Arc::clone(&counters),
            idle,
        });
        let mut accepting = JoinSet::new();
        for (host, (address, listener)) in opened.into_iter().enumerate() {
            accepting.spawn(keep_host(host, address, listener, Arc::clone(&server)));
        }
        Ok(Self { addresses, counters, accepting })
    }

    /// Where its first host listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// Where its first host listens, as the beginning of a URL, without a slash at its end.
    #[must_use]
    pub fn base_url(&self) -> String {
        base_url(&self.address())
    }

    /// The same of every host, in their order.
    #[must_use]
    pub fn base_urls(&self) -> Vec<String> {
        self.addresses.iter().map(base_url).collect()
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

    /// Closes every connection and the listeners, and returns when they are closed.
    pub async fn shutdown(mut self) {
        self.accepting.shutdown().await;
    }
}

fn base_url(address: &SocketAddr) -> String {
    format!("http://{address}")
}

/// One host: serves while it is open; while it is shut its connections are dropped and who connects
/// is refused.
async fn keep_host(host: usize, address: SocketAddr, mut listener: TcpListener, server: Arc<Server>) {
    loop {
        // Nothing of it is left when this is over: connections, listener, what waited in its queue.
        tokio::select! {
            () = accept(host, listener, Arc::clone(&server)) => {}
            () = server.doors.until(host, false) => {}
        }
        listener = server.doors.reopen(host, address, ACCEPT_PAUSE).await;
    }
}

/// Takes connections while there is room: the rest wait in the system's queue, and idle ones are
/// closed for them. The set ends every connection when this task ends.
async fn accept(host: usize, listener: TcpListener, server: Arc<Server>) {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = open.join_next() => {}
            taken = next(&listener, &server) => match taken {
                Ok((stream, place)) => {
                    open.spawn(serve(host, stream, place, Arc::clone(&server)));
                }
                // The connection died in the queue, or there is no file for it; both pass.
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
        }
    }
}

async fn next(listener: &TcpListener, server: &Server) -> io::Result<(TcpStream, Place)> {
    // Never closed, so there is always a permit in the end.
    let permit = Arc::clone(&server.room).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, Place::new(permit, Arc::clone(&server.counters))))
}

async fn serve(host: usize, stream: TcpStream, place: Place, server: Arc<Server>) {
    // Answers are written whole; waiting for more only delays the playlist.
    let _ = stream.set_nodelay(true);
    let pulse = Pulse::new(Arc::clone(&server.counters.bytes));
    let answered =
        service_fn(|request| std::future::ready(Ok::<_, Infallible>(server.respond(host, &request, &pulse))));
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
    drop(place);
}

impl Server {
    fn respond<B>(&self, host: usize, request: &Request<B>, pulse: &Pulse) -> Response<Paced> {
        pulse.beat();
        self.counters.requests.fetch_add(1, Ordering::Relaxed);
        let path = request.uri().path();
        let asked = asked(path).filter(|_| request.method() == Method::POST);
        let done = asked.map(|(host, shut)| self.doors.ask(host, shut));
        let now = Moment { host, now_ms: self.doors.now_ms(), shut: self.doors.shut() };
        let answer = match done {
            None => self.site.answer(request.method(), path, now),
            Some(done) => self.site.asked(done, now),
        };
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
