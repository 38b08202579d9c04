//! The report: the board as one JSON document. Its form is documented in `docs/reference.md` and
//! kept stable: fields may be added, none changes its meaning or goes.

use serde::Serialize;

use crate::model::{Board, Row};

/// The document.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    revision: u64,
    host: Host,
    #[serde(rename = "self")]
    own: Own,
    pool: Pool,
    streams: Vec<Stream<'a>>,
}

#[derive(Debug, Serialize)]
struct Host {
    cpu_percent: f64,
    memory_bytes: u64,
    fds_open: u64,
    fds_limit: u64,
    load1: f64,
}

#[derive(Debug, Serialize)]
struct Own {
    cpu_percent: f64,
    memory_bytes: u64,
    fds_open: u64,
    fds_limit: u64,
}

#[derive(Debug, Serialize)]
struct Pool {
    slots: u32,
    busy: u32,
    queued: u32,
}

#[derive(Debug, Serialize)]
struct Stream<'a> {
    id: &'a str,
    name: &'a str,
    group: &'a str,
    mode: &'static str,
    phase: &'static str,
    health: &'static str,
    conditions: Vec<&'static str>,
    pid: Option<u32>,
    uptime_s: Option<u64>,
    restarts: u32,
    fps: Option<f64>,
    bitrate_kbps: Option<f64>,
    speed: Option<f64>,
    input: &'a str,
    last_error: Option<&'a str>,
}

/// Two decimals: more of a figure over a few seconds would be noise. JSON knows no infinity.
fn rounded(value: f32) -> Option<f64> {
    let value = (f64::from(value) * 100.0).round() / 100.0;
    value.is_finite().then_some(value)
}

impl<'a> Report<'a> {
    /// The report of `board`.
    #[must_use]
    pub fn of(board: &'a Board) -> Self {
        Self {
            revision: board.revision,
            host: Host {
                cpu_percent: rounded(board.host.cpu_percent).unwrap_or_default(),
                memory_bytes: board.host.memory_bytes,
                fds_open: board.host.fds_open,
                fds_limit: board.host.fds_limit,
                load1: rounded(board.host.load1).unwrap_or_default(),
            },
            own: Own {
                cpu_percent: rounded(board.own.cpu_percent).unwrap_or_default(),
                memory_bytes: board.own.memory_bytes,
                fds_open: board.own.fds_open,
                fds_limit: board.own.fds_limit,
            },
            pool: Pool { slots: board.pool.slots, busy: board.pool.busy, queued: board.pool.queued },
            streams: board.rows.values().map(|row| Stream::of(row, board)).collect(),
        }
    }

    /// One document, ending with a line feed.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings and finite numbers only: there is nothing in it that JSON can't hold.
        let text =
            serde_json::to_string_pretty(self).unwrap_or_else(|error| format!("{{\"error\": \"{error}\"}}"));
        text + "\n"
    }
}

impl<'a> Stream<'a> {
    fn of(row: &'a Row, board: &Board) -> Self {
        Self {
            id: row.id.as_str(),
            name: &row.name,
            group: &row.group,
            mode: row.mode.word(),
            phase: row.phase.word(),
            health: row.health().word(),
            conditions: row.conditions.iter().map(|condition| condition.kind.word()).collect(),
            pid: row.pid,
            uptime_s: row.started.map(|started| board.at.since(started).as_secs()),
            restarts: row.restarts,
            fps: row.figures.fps.and_then(rounded),
            bitrate_kbps: row.figures.bitrate_kbps.and_then(rounded),
            speed: row.figures.speed.and_then(rounded),
            input: &row.input,
            last_error: row.last_error.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_the_documented_one() {
        let board = Board::default();
        let value: serde_json::Value = serde_json::from_str(&Report::of(&board).to_json()).unwrap();
        let keys = |v: &serde_json::Value| v.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&value), ["host", "pool", "revision", "self", "streams"]);
        assert_eq!(keys(&value["host"]), ["cpu_percent", "fds_limit", "fds_open", "load1", "memory_bytes"]);
        assert_eq!(keys(&value["pool"]), ["busy", "queued", "slots"]);
    }

    #[test]
    fn what_is_no_number_is_null() {
        assert_eq!(rounded(f32::NAN), None);
        assert_eq!(rounded(24.996_7), Some(25.0));
    }
}
