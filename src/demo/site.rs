//! What the origin answers: from a path and a time to a page, without sockets and without a clock.

use std::collections::HashMap;
use std::fmt::Write;

use bytes::Bytes;
use hyper::{Method, StatusCode};

use super::body::Pace;
use super::cache::SegmentCache;
use super::channels::{Channel, host_of, playlist};
use super::clips::{Clips, Look, Rendition};
use super::doors::Shut;
use super::outages::Outages;
use super::timetable::{FaultKind, Timetable, mix};
use super::{FIRST_SEQUENCE, KEPT, SEGMENT_MS, WINDOW};

const M3U: &str = "audio/x-mpegurl";
const M3U8: &str = "application/vnd.apple.mpegurl";
const TS: &str = "video/mp2t";
const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

/// A slow segment takes so long. FFmpeg loads two at a time, so it gets four fifths of the speed
/// the stream plays at: slow enough to be noticed, and its lead over the playlist's end lasts for
/// most of the fault.
const SLOW_MS: u64 = SEGMENT_MS * 5 / 2;
/// Bytes of a garbage segment.
const GARBAGE_BYTES: usize = 120_000;

/// One answer.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub status: StatusCode,
    pub kind: &'static str,
    pub body: Bytes,
    pub pace: Pace,
}

/// The channels, what is wrong with them when, and their segments.
pub(super) struct Site {
    channels: Vec<Channel>,
    numbers: HashMap<String, usize>,
    timetable: Timetable,
    segments: SegmentCache,
    garbage: Bytes,
    /// Of each host.
    base_urls: Vec<String>,
    outages: Outages,
}

/// When and where something is asked.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moment {
    /// The number of the host that was asked.
    pub host: usize,
    /// Since the origin's start.
    pub now_ms: u64,
    /// Hosts that somebody shut.
    pub shut: Shut,
}

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
    Master,
    Playlist,
    Segment(Rendition, u64),
}

impl Answer {
    fn new(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Self {
        Self { status, kind, body: body.into(), pace: Pace::Whole }
    }

    fn ok(kind: &'static str, body: impl Into<Bytes>) -> Self {
        Self::new(StatusCode::OK, kind, body)
    }

    fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, TEXT, "404: there is nothing here\n")
    }
}

impl Site {
    pub fn new(
        channels: Vec<Channel>,
        timetable: Timetable,
        clips: Clips,
        base_urls: Vec<String>,
        outages: Outages,
    ) -> Self {
        let numbers = channels.iter().enumerate().map(|(n, c)| (c.id.as_str().to_owned(), n)).collect();
        // Bytes that look like nothing, the same in every run. No sync byte where one would be due.
        let garbage: Vec<u8> = (0_u64..).map(|n| mix(n).to_le_bytes()[0]).take(GARBAGE_BYTES).collect();
        let segments = SegmentCache::new(clips);
        Self { channels, numbers, timetable, segments, garbage: garbage.into(), base_urls, outages }
    }

    /// The answer to a request.
    pub fn answer(&self, method: &Method, path: &str, now: Moment) -> Answer {
        if method != Method::GET && method != Method::HEAD {
            return Answer::new(StatusCode::METHOD_NOT_ALLOWED, TEXT, "405: only GET and HEAD\n");
        }
        match path {
            "/" => return Answer::ok(TEXT, self.status(now)),
            "/playlist.m3u" => return Answer::ok(M3U, playlist(&self.channels, &self.base_urls)),
            _ => {}
        }
        let found = path.strip_prefix('/').and_then(|p| p.split_once('/'));
        let page = found.and_then(|(id, rest)| Some((*self.numbers.get(id)?, page(rest)?)));
        page.map_or_else(Answer::not_found, |(channel, page)| self.channel(channel, page, now))
    }

    /// The answer to a request to shut a host or to open it again.
    pub fn asked(&self, done: bool, now: Moment) -> Answer {
        if done {
            return Answer::ok(TEXT, self.hosts(now));
        }
        let why = "409: there is no such host, or it is the last one that is not shut\n";
        Answer::new(StatusCode::CONFLICT, TEXT, why)
    }

    fn channel(&self, channel: usize, page: Page, now: Moment) -> Answer {
        let now_ms = now.now_ms;
        // Another host that carries the channel has faults of its own: none. What is wrong with the
        // picture comes from further up and is the same everywhere.
        let is_own = host_of(channel, self.base_urls.len()) == now.host;
        let fault = self.timetable.fault_at(channel, now_ms).filter(|_| is_own);
        match fault.map(|f| f.kind) {
            Some(FaultKind::NotFound) => return Answer::not_found(),
            Some(FaultKind::Unavailable) => {
                return Answer::new(StatusCode::SERVICE_UNAVAILABLE, TEXT, "503: overloaded\n");
            }
            Some(FaultKind::WrongType) => {
                return Answer::ok(HTML, "<!doctype html><title>Sign in</title><p>Please sign in.\n");
            }
            _ => {}
        }
        match page {
            Page::Master => Answer::ok(M3U8, self.master()),
            Page::Playlist => {
                let stands = fault.filter(|f| f.kind == FaultKind::Stalled).map(|f| f.from_ms);
                Answer::ok(M3U8, window(self.newest(channel, stands.unwrap_or(now_ms))))
            }
            Page::Segment(rendition, sequence) => {
                let newest = self.newest(channel, now_ms);
                if sequence > newest || sequence + KEPT < newest {
                    return Answer::not_found();
                }
                let segment = self.segments.segment(self.look(channel, sequence), rendition, sequence);
                let (sent, speed) = match fault.map(|f| f.kind) {
                    Some(FaultKind::Garbage) => (self.garbage.clone(), Pace::Whole),
                    Some(FaultKind::Cut) => (segment, Pace::Cut),
                    Some(FaultKind::Slow) => (segment, Pace::Slow(SLOW_MS)),
                    _ => (segment, Pace::Whole),
                };
                Answer { pace: speed, ..Answer::ok(TS, sent) }
            }
        }
    }

    /// Each channel's segments come a little after those of the channel before, so that they don't
    /// all ask at the same instant; ms.
    fn ahead(&self, channel: usize) -> u64 {
        channel as u64 * SEGMENT_MS / (self.channels.len() as u64).max(1)
    }

    /// The number of the newest segment at `now_ms`.
    fn newest(&self, channel: usize, now_ms: u64) -> u64 {
        FIRST_SEQUENCE + now_ms.saturating_add(self.ahead(channel)) / SEGMENT_MS
    }

    /// What a segment shows: what was wrong at the moment it became the newest. So every reader
    /// gets the same, early or late.
    fn look(&self, channel: usize, sequence: u64) -> Look {
        let born = (sequence.saturating_sub(FIRST_SEQUENCE) * SEGMENT_MS).saturating_sub(self.ahead(channel));
        match self.timetable.fault_at(channel, born).map(|f| f.kind) {
            Some(FaultKind::Black) => Look::Black,
            Some(FaultKind::Frozen) => Look::Still,
            Some(FaultKind::Silent) => Look::Silent,
            _ => Look::Moving,
        }
    }

    fn master(&self) -> String {
        let rate = |rendition| self.segments.bit_rate(rendition) * 5 / 4;
        format!(
            "#EXTM3U\n#EXT-X-VERSION:3\n\
             #EXT-X-STREAM-INF:BANDWIDTH={},RESOLUTION=640x360,FRAME-RATE=25.000\nindex.m3u8\n\
             #EXT-X-STREAM-INF:BANDWIDTH={},RESOLUTION=320x180,FRAME-RATE=25.000\nlow/index.m3u8\n",
            rate(Rendition::High),
            rate(Rendition::Low)
        )
    }

    fn status(&self, now: Moment) -> String {
        let mut text = format!(
            "headend demo origin\n\nup {} s, {} channels, {}/playlist.m3u lists them\n\nhosts:\n{}\nfaults now:\n",
            now.now_ms / 1_000,
            self.channels.len(),
            self.base_urls.get(now.host).map_or("", String::as_str),
            self.hosts(now)
        );
        for (number, channel) in self.channels.iter().enumerate() {
            if let Some(fault) = self.timetable.fault_at(number, now.now_ms) {
                let left = fault.until_ms.saturating_sub(now.now_ms) / 1_000;
                // Writing to a string can't fail.
                let _ = writeln!(text, "  {:<10} {:>4} s more  {}", fault.kind, left, channel.id);
            }
        }
        text
    }

    /// A line for each host: whether it is there.
    fn hosts(&self, now: Moment) -> String {
        let mut text = String::new();
        for (host, url) in self.base_urls.iter().enumerate() {
            let state = match self.outages.at(host, now.now_ms) {
                _ if now.shut.has(host) => format!("down until POST /hosts/{}/up", host + 1),
                Some(outage) => format!("down {} s more", outage.until_ms.saturating_sub(now.now_ms) / 1_000),
                None => "up".to_owned(),
            };
            let _ = writeln!(text, "  {:>2}  {url}  {state}", host + 1);
        }
        text
    }
}

/// Reads what follows the channel's id in a path.
fn page(rest: &str) -> Option<Page> {
    if rest == "master.m3u8" {
        return Some(Page::Master);
    }
    let (rendition, file) = match rest.strip_prefix("low/") {
        Some(file) => (Rendition::Low, file),
        None => (Rendition::High, rest),
    };
    if file == "index.m3u8" {
        return Some(Page::Playlist);
    }
    let number = file.strip_suffix(".ts")?;
    // One name for each segment: no sign, no leading zeros, nothing that overflows later on.
    let plain = number.len() <= 15 && number.bytes().all(|b| b.is_ascii_digit()) && !number.starts_with('0');
    number.parse().ok().filter(|_| plain).map(|sequence| Page::Segment(rendition, sequence))
}

/// The media playlist whose last segment is `newest`.
fn window(newest: u64) -> String {
    let first = newest.saturating_sub(WINDOW - 1);
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:{}\n#EXT-X-MEDIA-SEQUENCE:{first}\n",
        SEGMENT_MS / 1_000
    );
    for sequence in first..=newest {
        // Writing to a string can't fail.
        let _ = write!(text, "#EXTINF:{}.000,\n{sequence}.ts\n", SEGMENT_MS / 1_000);
    }
    text
}

#[cfg(test)]
mod tests;
