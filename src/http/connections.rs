//! Connections: how many there may be, for how long, and who must go when there is no room.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};

use super::respond::Desk;
use super::{
    CONNECTION_LIFE, HEAD_LIMIT, LAST_ANSWER, LEAST_STAY, MAX_CONNECTIONS, MAX_HEAD, MAX_HEADER_FIELDS,
};

/// After a failed accept (no descriptors, mostly) the next one is tried so much later.
const ACCEPT_AGAIN: Duration = Duration::from_millis(200);
/// hyper refuses requests with more header fields without a word: ours come first.
const HYPERS_HEADER_FIELDS: usize = 4 * MAX_HEADER_FIELDS;

/// When somebody last asked for something on a connection, or came.
#[derive(Clone)]
struct Heard {
    began: Instant,
    ms: Arc<AtomicU64>,
}

impl Heard {
    fn now() -> Self {
        Self { began: Instant::now(), ms: Arc::default() }
    }

    fn again(&self) {
        let ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.ms.store(ms, Ordering::Relaxed);
    }

    fn at(&self) -> Instant {
        self.began + Duration::from_millis(self.ms.load(Ordering::Relaxed))
    }
}

/// Who is connected.
struct Guests {
    tasks: JoinSet<()>,
    all: HashMap<Id, (AbortHandle, Heard)>,
}

impl Guests {
    /// Takes leave of one that has ended.
    fn ended(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                if error.is_panic() {
                    log::error!("a request over HTTP met a defect: {error}");
                }
                error.id()
            }
        };
        self.all.remove(&id);
    }

    /// Returns once there is room for one more. Who was silent for longest makes it.
    async fn make_room(&mut self, desk: &Desk) {
        while self.all.len() >= MAX_CONNECTIONS {
            let longest = self.all.values().min_by_key(|(_, heard)| heard.at());
            let Some((silent, heard)) = longest.map(|(task, heard)| (task.clone(), heard.clone())) else {
                return;
            };
            let stays = (heard.at() + LEAST_STAY).saturating_duration_since(Instant::now());
            if stays.is_zero() {
                silent.abort();
                desk.cut();
            }
            tokio::select! {
                Some(ended) = self.tasks.join_next_with_id() => self.ended(ended),
                // It may have asked for something meanwhile: looked at again.
                () = tokio::time::sleep(stays), if !stays.is_zero() => {}
            }
        }
    }

    fn welcome(&mut self, stream: TcpStream, desk: &Arc<Desk>) {
        let heard = Heard::now();
        let task = self.tasks.spawn(serve(stream, heard.clone(), Arc::clone(desk)));
        self.all.insert(task.id(), (task, heard));
    }
}

/// Takes connections until it is told to stop; then all are cut.
pub(super) async fn accept(listener: TcpListener, desk: Arc<Desk>, mut stopped: watch::Receiver<bool>) {
    let mut guests = Guests { tasks: JoinSet::new(), all: HashMap::new() };
    let take = async {
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        guests.make_room(&desk).await;
                        guests.welcome(stream, &desk);
                    }
                    Err(error) => {
                        log::warn!("nobody can ask over HTTP for now: {error}");
                        tokio::time::sleep(ACCEPT_AGAIN).await;
                    }
                },
                Some(ended) = guests.tasks.join_next_with_id() => guests.ended(ended),
            }
            desk.count_connections(guests.all.len());
        }
    };
    tokio::select! {
        () = take => {}
        // Also when nobody holds the server any more.
        _ = stopped.changed() => {}
    }
}

async fn serve(stream: TcpStream, heard: Heard, desk: Arc<Desk>) {
    // Answers are written whole.
    let _ = stream.set_nodelay(true);
    let answered = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        heard.again();
        // Whatever the body is, nobody wants it.
        let (asked, _) = request.into_parts();
        std::future::ready(Ok::<_, Infallible>(desk.respond(&asked)))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .max_buf_size(MAX_HEAD)
        .max_headers(HYPERS_HEADER_FIELDS)
        .serve_connection(TokioIo::new(stream), answered);
    let mut connection = std::pin::pin!(connection);
    // How a connection ends is the other side's affair.
    if tokio::time::timeout(CONNECTION_LIFE, connection.as_mut()).await.is_err() {
        connection.as_mut().graceful_shutdown();
        let _ = tokio::time::timeout(LAST_ANSWER, connection).await;
    }
}
