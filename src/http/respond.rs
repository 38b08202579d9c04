//! From a request to its answer.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use serde::Serialize;

use super::answer::{Answer, HeldAnswers, JSON, Refusal, answer, json, refuse};
use super::feed::Feed;
use super::health::Health;
use super::monitoring::Monitoring;
use super::negotiation::Format;
use super::request::{Ask, ENDPOINTS, read};
use super::{RENDER_EVERY, metrics};
use crate::defect;
use crate::link::Hub;
use crate::model::query::{Query, Search};
use crate::model::{Board, IncidentQuery, Row, StreamReport};

/// What is made once for all who ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Page {
    Monitoring,
    Text,
    OpenMetrics,
    Streams,
}

/// How the server itself is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Traffic {
    /// Connections that are open.
    pub connections: usize,
    /// Requests that were answered, refused ones too.
    pub requests: u64,
    /// Connections that had to make room.
    pub cut: u64,
}

/// Where requests are answered.
pub(super) struct Desk {
    token: Option<Arc<str>>,
    known: Mutex<Known>,
    connections: AtomicUsize,
    requests: AtomicU64,
    cut: AtomicU64,
}

struct Known {
    feed: Feed,
    made: BTreeMap<Page, (Instant, Bytes)>,
    held: HeldAnswers,
}

/// What `GET /` says.
#[derive(Serialize)]
struct Index {
    program: &'static str,
    version: &'static str,
    endpoints: Vec<Endpoint>,
}

#[derive(Serialize)]
struct Endpoint {
    path: &'static str,
    what: &'static str,
}

/// Streams, in the order of the configuration.
#[derive(Serialize)]
struct Streams<'a> {
    revision: u64,
    streams: Vec<StreamReport<'a>>,
}

impl<'a> Streams<'a> {
    fn of(board: &'a Board, rows: impl Iterator<Item = &'a Row>) -> Self {
        let streams = rows.map(|row| StreamReport::of(row, board)).collect();
        Self { revision: board.revision, streams }
    }
}

type Made = (StatusCode, HeaderValue, Bytes);

impl Desk {
    pub fn new(hub: &Hub, token: Option<Arc<str>>) -> Self {
        let known = Known { feed: Feed::new(hub), made: BTreeMap::new(), held: HeldAnswers::default() };
        let (connections, requests, cut) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicU64::new(0));
        Self { token, known: Mutex::new(known), connections, requests, cut }
    }

    /// So many connections are open.
    pub fn count_connections(&self, count: usize) {
        self.connections.store(count, Ordering::Relaxed);
    }

    /// A connection had to make room.
    pub fn cut(&self) {
        self.cut.fetch_add(1, Ordering::Relaxed);
    }

    fn traffic(&self) -> Traffic {
        Traffic {
            connections: self.connections.load(Ordering::Relaxed),
            requests: self.requests.load(Ordering::Relaxed),
            cut: self.cut.load(Ordering::Relaxed),
        }
    }

    /// Answers a request by its head.
    pub fn respond(&self, head: &Parts) -> Answer {
        self.requests.fetch_add(1, Ordering::Relaxed);
        match read(head, self.token.as_deref()).and_then(|ask| self.make(ask)) {
            Ok((status, kind, body)) => answer(status, kind, body),
            Err(refusal) => refuse(&refusal),
        }
    }

    fn make(&self, ask: Ask) -> Result<Made, Refusal> {
        defect::on_purpose("http");
        let traffic = self.traffic();
        // Only this thread takes it; a defect under it leaves at worst a page that is not kept.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = &mut *known;
        let plain = |body: Vec<u8>| Ok((StatusCode::OK, JSON, Bytes::from(body)));
        match ask {
            Ask::Index => plain(json(&index())),
            Ask::Health => {
                known.feed.refresh();
                let health = Health::of(&known.feed);
                Ok((health.status(), JSON, json(&health).into()))
            }
            Ask::Monitoring => {
                known.kept(Page::Monitoring, JSON, |feed| json(&Monitoring::of(feed, traffic)))
            }
            Ask::Metrics(format) => {
                let page = if format == Format::Text { Page::Text } else { Page::OpenMetrics };
                let kind = HeaderValue::from_static(format.content_type());
                known.kept(page, kind, |feed| metrics::exposition(feed, traffic, format).into_bytes())
            }
            Ask::Streams(None) => known.kept(Page::Streams, JSON, |feed| {
                let board = feed.board();
                json(&Streams::of(board, board.rows.values().map(AsRef::as_ref)))
            }),
            Ask::Streams(Some(query)) => known.found(&query),
            Ask::Stream(id) => {
                known.feed.refresh();
                let board = known.feed.board();
                let row = board.rows.values().find(|row| row.id == id);
                let row = row
                    .ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, format!("there is no stream {id}")))?;
                plain(json(&StreamReport::of(row, board)))
            }
            Ask::Incidents(query) => {
                let page = known.incidents(query)?;
                known.once(|| json(&page))
            }
            Ask::Incident(number) => {
                let before = number.checked_add(1);
                let page = known.incidents(IncidentQuery { before, count: 1, ..IncidentQuery::default() })?;
                let found = page.incidents.first().filter(|incident| incident.number == number);
                let found = found.ok_or_else(|| {
                    Refusal::new(
                        StatusCode::NOT_FOUND,
                        format!("there is no incident {number}, or no longer"),
                    )
                })?;
                plain(json(found))
            }
        }
    }
}

fn index() -> Index {
    let endpoints = ENDPOINTS.iter().map(|(path, what)| Endpoint { path, what }).collect();
    Index { program: "headend", version: super::health::VERSION, endpoints }
}

impl Known {
    /// A page that is made at most once in [`RENDER_EVERY`]; the one before where there is no room for
    /// another, because of those who read slowly.
    fn kept(
        &mut self,
        page: Page,
        kind: HeaderValue,
        make: impl FnOnce(&Feed) -> Vec<u8>,
    ) -> Result<Made, Refusal> {
        let before = self.made.get(&page).filter(|(at, _)| at.elapsed() < RENDER_EVERY);
        let body = if let Some((_, body)) = before {
            body.clone()
        } else if self.held.have_room() {
            self.feed.refresh();
            let body = self.held.hold(make(&self.feed));
            self.made.insert(page, (Instant::now(), body.clone()));
            body
        } else {
            self.made.get(&page).map(|(_, body)| body.clone()).ok_or_else(busy)?
        };
        Ok((StatusCode::OK, kind, body))
    }

    /// An answer of its own.
    fn once(&mut self, make: impl FnOnce() -> Vec<u8>) -> Result<Made, Refusal> {
        if !self.held.have_room() {
            return Err(busy());
        }
        Ok((StatusCode::OK, JSON, self.held.hold(make())))
    }

    fn found(&mut self, query: &Query) -> Result<Made, Refusal> {
        if !self.held.have_room() {
            return Err(busy());
        }
        self.feed.refresh();
        let board = self.feed.board();
        let mut search = Search::new(query);
        let rows = board.rows.values().map(AsRef::as_ref);
        let body = json(&Streams::of(board, rows.filter(|row| search.finds(row, board.at))));
        Ok((StatusCode::OK, JSON, self.held.hold(body)))
    }

    fn incidents(&mut self, query: IncidentQuery) -> Result<Box<crate::model::IncidentPage>, Refusal> {
        let unavailable = |why| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, why);
        self.feed.incidents(query).map_err(unavailable)
    }
}

fn busy() -> Refusal {
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "too many answers are being read slowly; try again")
}
