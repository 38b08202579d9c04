//! Answers: how they are put, and how many bytes of them there may be.

use std::sync::{Arc, Weak};

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Response, StatusCode};
use serde::Serialize;

use super::MAX_HELD;

pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Why a request is not answered as it wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub status: StatusCode,
    /// What is wrong and what to do, in one line.
    pub error: String,
}

impl Refusal {
    pub fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self { status, error: error.into() }
    }
}

/// What a refusal looks like to its reader.
#[derive(Serialize)]
struct Told<'a> {
    status: u16,
    error: &'a str,
}

pub(super) type Answer = Response<Full<Bytes>>;

/// An answer. Nobody may keep it: what it tells changes.
pub(super) fn answer(status: StatusCode, kind: HeaderValue, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    let fields: [(HeaderName, HeaderValue); 3] = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    answer.headers_mut().extend(fields);
    answer
}

/// One document, ending with a line feed.
pub(super) fn json(value: &impl Serialize) -> Vec<u8> {
    // Strings and finite numbers only: there is nothing in it that JSON can't hold.
    let mut text =
        serde_json::to_vec(value).unwrap_or_else(|error| format!("{{\"error\": \"{error}\"}}").into());
    text.push(b'\n');
    text
}

pub(super) fn refuse(refusal: &Refusal) -> Answer {
    let told = Told { status: refusal.status.as_u16(), error: &refusal.error };
    let mut answer = answer(refusal.status, JSON, json(&told).into());
    let extra = match refusal.status {
        StatusCode::UNAUTHORIZED => {
            Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"headend\"")))
        }
        StatusCode::METHOD_NOT_ALLOWED => Some((ALLOW, HeaderValue::from_static("GET, HEAD"))),
        _ => None,
    };
    answer.headers_mut().extend(extra);
    answer
}

/// Bytes of an answer, counted as long as somebody reads it.
struct Counted(Arc<Vec<u8>>);

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// The answers that somebody still reads, or that are kept to be given again.
#[derive(Default)]
pub(super) struct HeldAnswers(Vec<Weak<Vec<u8>>>);

impl HeldAnswers {
    /// Whether one more may be made.
    pub fn have_room(&mut self) -> bool {
        self.0.retain(|answer| answer.strong_count() > 0);
        let held = self.0.iter().filter_map(Weak::upgrade).map(|answer| answer.len()).sum::<usize>();
        held < MAX_HELD
    }

    /// Counts an answer until nobody holds it.
    pub fn hold(&mut self, answer: Vec<u8>) -> Bytes {
        let answer = Arc::new(answer);
        self.0.push(Arc::downgrade(&answer));
        Bytes::from_owner(Counted(answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_count_as_long_as_somebody_reads_them() {
        let mut held = HeldAnswers::default();
        let (one, other) = (held.hold(vec![0; MAX_HELD / 2]), held.hold(vec![0; MAX_HELD / 2]));
        assert!(!held.have_room());
        // Who reads the same one costs nothing.
        let again = one.clone();
        drop(one);
        assert!(!held.have_room());
        drop(again);
        assert!(held.have_room());
        drop(other);
        assert!(held.have_room() && held.0.is_empty(), "nothing is left of them");
    }
}
