//! What is told of each stream.

use super::text::{Exposition, Family, Kind, Value, labels};
use crate::model::{Board, Health, Moment, Row, Severity, Wanted};

const fn gauge(name: &'static str, help: &'static str) -> Family {
    Family { name, kind: Kind::Gauge, help }
}

const INFO: Family = Family {
    name: "headend_stream",
    kind: Kind::Info,
    help: "What the stream is called, and how it is looked at.",
};
const PHASE: Family =
    gauge("headend_stream_phase", "1 for the phase the stream is in; the others are not told.");
const CONDITION: Family =
    gauge("headend_stream_condition", "1 for each condition of the stream that holds now.");
const SILENCED: Family =
    gauge("headend_stream_silenced", "1 for each reason to tell nobody: acknowledged, muted, maintenance.");

/// A value that one stream has, if it has it.
type Read = fn(&Row, Moment) -> Option<Value>;

/// Families of one sample for each stream.
const EACH: [(Family, Read); 12] = [
    (gauge("headend_stream_wanted", "1 where the operator wants the stream to run."), |row, _| {
        Some((row.wanted == Wanted::Started).into())
    }),
    (gauge("headend_stream_health", "0 ok, 1 unknown, 2 warning, 3 critical."), |row, _| {
        Some((row.health() as u32).into())
    }),
    (
        Family {
            name: "headend_stream_restarts",
            kind: Kind::Counter,
            help: "Starts beyond the first, ever; kept over restarts of headend.",
        },
        |row, _| Some(row.restarts.into()),
    ),
    (gauge("headend_stream_failures", "Failures in a row."), |row, _| Some(row.failures.into())),
    (gauge("headend_stream_frames_per_second", "Over the last few seconds."), |row, _| {
        row.figures.fps.map(Value::from)
    }),
    (gauge("headend_stream_bytes_per_second", "Of the input, over the last few seconds."), |row, _| {
        row.figures.bitrate_kbps.map(|kbps| (kbps * 125.0).into())
    }),
    (gauge("headend_stream_speed_ratio", "Seconds of media per second; 1 is real time."), |row, _| {
        row.figures.speed.map(Value::from)
    }),
    (
        gauge("headend_stream_input_number", "Which of its inputs is in use; 1 is the primary, 0 is none."),
        |row, _| Some(row.input_of.0.into()),
    ),
    (gauge("headend_stream_worker_uptime_seconds", "How long its worker has been running."), |row, now| {
        row.started.map(|since| now.since(since).as_secs().into())
    }),
    (
        gauge("headend_stream_worker_cpu_ratio", "Processor time of its worker, as a share of one core."),
        |row, _| row.usage.map(|usage| (usage.cpu_percent / 100.0).into()),
    ),
    (gauge("headend_stream_worker_memory_bytes", "Memory that its worker has for itself."), |row, _| {
        row.usage.map(|usage| usage.memory_bytes.into())
    }),
    (gauge("headend_stream_worker_open_files", "Files that its worker has open."), |row, _| {
        row.usage.map(|usage| usage.open_files.into())
    }),
];

pub fn write(out: &mut Exposition, board: &Board) {
    let rows: Vec<(String, &Row)> = board
        .rows
        .values()
        .map(|row| (labels(&[("stream", row.id.as_str()), ("group", &row.group)]), row.as_ref()))
        .collect();
    out.family(INFO);
    for (stream, row) in &rows {
        let more = [("name", &*row.name), ("mode", row.mode.word()), ("watch", row.watch.word())];
        out.sample_with(stream, &labels(&more), 1_u32);
    }
    for (family, read) in EACH {
        out.family(family);
        for (stream, row) in &rows {
            if let Some(value) = read(row, board.at) {
                out.sample(stream, value);
            }
        }
    }
    out.family(PHASE);
    for (stream, row) in &rows {
        out.sample_with(stream, &labels(&[("phase", row.phase.word())]), 1_u32);
    }
    out.family(CONDITION);
    for (stream, row) in &rows {
        conditions(out, stream, row);
    }
    out.family(SILENCED);
    for (stream, row) in &rows {
        let reasons = [
            ("acknowledged", row.care.acknowledged.is_some()),
            ("muted", row.care.is_muted(board.at)),
            ("maintenance", row.maintenance),
        ];
        for (reason, _) in reasons.into_iter().filter(|(_, holds)| *holds) {
            out.sample_with(stream, &labels(&[("reason", reason)]), 1_u32);
        }
    }
}

/// One sample for each kind: of two of a kind that which nothing explains counts, and is worse.
fn conditions(out: &mut Exposition, stream: &str, row: &Row) {
    for (at, condition) in row.conditions.iter().enumerate() {
        if row.conditions[..at].iter().any(|before| before.kind == condition.kind) {
            continue;
        }
        let severity = match condition.severity {
            Severity::Warning => Health::Warning.word(),
            Severity::Critical => Health::Critical.word(),
        };
        let explained = condition.explained.map_or("", crate::model::Explained::word);
        let more = [("condition", condition.kind.word()), ("severity", severity), ("explained", explained)];
        out.sample_with(stream, &labels(&more), 1_u32);
    }
}
