//! The writer's thread: collects, groups by stream, appends, counts what it could not write.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use super::file::{Appended, LogFile, Plan};
use super::trail::Trail;
use super::{BATCH_PERIOD, QUEUE_BYTES, Queued, Shared, State, Writer, cost};
use crate::model::{LineLevel, LogLine, StreamIx, WallTime, clean};

/// Writes until the logs are closed and nothing waits any more.
pub fn run(shared: &Shared, plan: &Plan) {
    // Made at once, so that a folder that can't be is told before the first line comes.
    if let Err(error) = plan.make_folder() {
        shared.lock().failing.folder = Some(explain(plan, &plan.dir.display().to_string(), &error));
    }
    while let Some(batch) = next_batch(shared) {
        crate::defect::on_purpose("logs");
        write(shared, plan, batch);
    }
    shared.lock().writer = Writer::Ended;
    shared.changed.notify_all();
}

/// Waits for lines, lets more of them gather, takes them all. `None` at the end.
fn next_batch(shared: &Shared) -> Option<Vec<Queued>> {
    let state = shared.lock();
    let waited =
        shared.changed.wait_while(state, |state| state.queue.is_empty() && state.writer == Writer::Works);
    let state = waited.unwrap_or_else(PoisonError::into_inner);
    let gathering = |state: &mut State| {
        state.writer == Writer::Works && !state.hurry && state.queue_bytes < QUEUE_BYTES / 2
    };
    let waited = shared.changed.wait_timeout_while(state, BATCH_PERIOD, gathering);
    let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
    state.hurry = false;
    let batch = std::mem::take(&mut state.queue);
    (!batch.is_empty()).then_some(batch)
}

/// What became of one stream's lines.
struct Outcome {
    ix: StreamIx,
    /// The number after the last of them.
    settled: u64,
    /// Where they are now.
    trail: Trail,
    /// Freed in the queue.
    bytes: usize,
    lost: u64,
    /// Lost lines that the file now tells of.
    told: u64,
    error: Option<Trouble>,
}

struct Trouble {
    text: String,
    whole_folder: bool,
}

fn write(shared: &Shared, plan: &Plan, batch: Vec<Queued>) {
    let mut by_stream: BTreeMap<StreamIx, Vec<Queued>> = BTreeMap::new();
    for queued in batch {
        by_stream.entry(queued.stream).or_default().push(queued);
    }
    for (ix, lines) in by_stream {
        let (file, untold) = {
            let mut state = shared.lock();
            let Some(stream) = state.streams.get(&ix) else {
                continue;
            };
            let found = (Arc::clone(&stream.file), stream.dropped - stream.told);
            state.writing_since = Some(Instant::now());
            found
        };
        let outcome = append(plan, ix, &file, &lines, untold);
        settle(&mut shared.lock(), outcome);
        // Somebody may want to read them.
        shared.changed.notify_all();
    }
}

fn append(plan: &Plan, ix: StreamIx, file: &LogFile, lines: &[Queued], untold: u64) -> Outcome {
    // What is missing stands before what comes after it.
    let gap = lines.first().filter(|_| untold > 0).map(|next| LogLine {
        wall_ms: next.line.wall_ms,
        level: LineLevel::Warning,
        text: match untold {
            1 => "headend: 1 line is missing here".into(),
            untold => format!("headend: {untold} lines are missing here").into(),
        },
    });
    let texts: Vec<Vec<u8>> = gap.iter().chain(lines.iter().map(|q| &q.line)).map(format_line).collect();
    let done = file.append(plan, &texts);
    let gap_lines = usize::from(gap.is_some());
    let lost = lines.len() - done.written().saturating_sub(gap_lines);
    Outcome {
        ix,
        settled: lines.last().map_or(0, |queued| queued.number + 1),
        trail: trail(&done, &texts, gap_lines, lines),
        bytes: lines.iter().map(|queued| cost(&queued.line)).sum(),
        lost: lost as u64,
        told: if done.written() >= gap_lines { untold } else { 0 },
        error: done.error.map(|error| Trouble {
            text: explain(plan, &file.path(plan).display().to_string(), &error),
            whole_folder: concerns_folder(&error),
        }),
    }
}

/// Where the `lines` are, which stand behind `gap_lines` others in what was `done`.
fn trail(done: &Appended, texts: &[Vec<u8>], gap_lines: usize, lines: &[Queued]) -> Trail {
    let mut trail = Trail::default();
    let numbers = std::iter::repeat_n(None, gap_lines).chain(lines.iter().map(|q| Some(q.number)));
    let mut each = numbers.zip(texts);
    for stretch in &done.stretches {
        let mut offset = stretch.offset;
        for (number, text) in each.by_ref().take(stretch.lines) {
            let end = offset + text.len() as u64;
            if let Some(number) = number {
                trail.add(number, stretch.turn, offset, end);
            }
            offset = end;
        }
    }
    trail
}

/// Takes the outcome into the state. Nothing is said here to headend's own log: its lines come back
/// into these logs, whose lock is held. Who reads [`super::Logs::trouble`] tells.
fn settle(state: &mut State, outcome: Outcome) {
    state.writing_since = None;
    state.queue_bytes -= outcome.bytes;
    if let Some(stream) = state.streams.get_mut(&outcome.ix) {
        stream.queued_bytes -= outcome.bytes;
        stream.settled = outcome.settled;
        stream.trail.append(&outcome.trail);
        stream.dropped += outcome.lost;
        stream.told += outcome.told;
    }
    let failing = &mut state.failing;
    match outcome.error {
        None => {
            failing.folder = None;
            failing.files.remove(&outcome.ix);
        }
        Some(trouble) => {
            if trouble.whole_folder {
                failing.folder = Some(trouble.text);
            } else {
                failing.files.insert(outcome.ix, trouble.text);
            }
        }
    }
}

/// `2026-11-24T02:03:04.567Z WARNING text`, one line whatever the text is.
pub fn format_line(line: &LogLine) -> Vec<u8> {
    let level = line.level.word().to_ascii_uppercase();
    format!("{} {level} {}\n", WallTime(line.wall_ms), clean(&line.text)).into_bytes()
}

/// Whether `error` is about the disk or the folder rather than this one file.
fn concerns_folder(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::NotADirectory
            | ErrorKind::AlreadyExists
            | ErrorKind::NotFound
    )
}

fn explain(plan: &Plan, what: &str, error: &io::Error) -> String {
    let advice = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            format!("make room on the disk of {}", plan.dir.display())
        }
        ErrorKind::PermissionDenied => "give headend's user the right to write there".into(),
        ErrorKind::ReadOnlyFilesystem => "mount it for writing, or choose another folder".into(),
        _ => "move what is in its place away, or choose another folder".into(),
    };
    format!("cannot write the log {what}: {error}; {advice}")
}
