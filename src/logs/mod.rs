//! Per-stream log files with rotation, and the newest lines in memory.
//!
//! A line goes two ways: into the stream's ring, where consoles read it back, and into one queue
//! for the writer's thread. That thread collects for a second, then opens each stream's file,
//! writes once and closes it: 200 streams cost no descriptor and one write each a second. Nobody
//! who hands in a line ever waits for a disk; what does not fit is counted and said in the file.
//!
//! What has left the ring is read back from the files by a thread of its own ([`Logs::read_back`]),
//! which finds by the trail of each stream where in the files a line of the ring stands.

mod file;
mod past;
mod reader;
mod ring;
mod trail;
mod writer;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

pub use past::READ_BYTES;
pub use reader::{MAX_READ_LINES, MAX_READS};
pub use trail::MAX_STRETCHES;

use crate::model::{LogLine, LogPlace, OldLines, PlacedLine, StreamId, StreamIx};
use file::{LogFile, Plan};
use reader::{Answer, Read, Reader};
use ring::Ring;
use trail::Trail;

/// Lines of one stream kept in memory.
pub const RING_LINES: usize = 400;
/// Memory one stream's ring may take, bytes, its bookkeeping included.
pub const RING_BYTES: usize = 48 * 1_024;
/// Memory all rings may take together, bytes: with more streams than this allows, each gets less.
pub const RINGS_BYTES: usize = 64 * 1_024 * 1_024;
/// Memory that lines waiting for the writer may take, bytes; those being written included.
pub const QUEUE_BYTES: usize = 4 * 1_024 * 1_024;
/// The share of [`QUEUE_BYTES`] one stream may take, so that a flood loses only its own lines.
pub const QUEUE_BYTES_PER_STREAM: usize = 512 * 1_024;
/// How long the writer collects before it writes. A queue that is half full is not waited for, and
/// neither is one that somebody wants to read.
pub const BATCH_PERIOD: Duration = Duration::from_secs(1);
/// A write that takes longer than this is trouble.
pub const STUCK_AFTER: Duration = Duration::from_secs(5);
/// What a line costs beyond its text, bytes: its place in a queue and its allocation.
const LINE_OVERHEAD: usize = 80;

/// The logs of all streams. A cheap handle; the writer's thread ends when the last one is dropped
/// or [`Logs::close`] is called.
#[derive(Clone)]
pub struct Logs {
    owner: Arc<Owner>,
}

/// What only the handles hold: the thread holds [`Shared`] alone, so it can see them go.
struct Owner {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Where the files are, if there are any.
    plan: Option<Arc<Plan>>,
    /// Started when something is to be read for the first time.
    reader: Mutex<Option<Reader>>,
}

struct Shared {
    state: Mutex<State>,
    /// The writer waits on it for lines, the reader for lines that are written, [`Logs::close`] for
    /// the writer's end.
    changed: Condvar,
}

struct State {
    streams: HashMap<StreamIx, Stream>,
    /// How many of them are no longer there.
    retired: usize,
    queue: Vec<Queued>,
    /// Of the queue and of what the writer has taken but not written.
    queue_bytes: usize,
    writer: Writer,
    /// Somebody waits for what is in the queue.
    hurry: bool,
    /// Set while the writer is in the file system.
    writing_since: Option<Instant>,
    failing: Failing,
}

/// How the writer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writer {
    /// There is none: no lines go to files.
    Absent,
    Works,
    /// It takes no more lines, and ends when those it has are written.
    Closes,
    Ended,
}

impl Writer {
    const fn is_gone(self) -> bool {
        matches!(self, Self::Absent | Self::Ended)
    }

    fn close(&mut self) {
        if *self == Self::Works {
            *self = Self::Closes;
        }
    }
}

/// A line on its way to its file.
struct Queued {
    stream: StreamIx,
    number: u64,
    line: LogLine,
}

/// What can't be written now, and why.
#[derive(Default)]
struct Failing {
    /// The whole folder: disk full, read-only. Gone with the first batch that succeeds.
    folder: Option<String>,
    /// Single files, by stream. Gone when that stream's lines are written again.
    files: HashMap<StreamIx, String>,
}

struct Stream {
    /// It is no longer there: it has no lines in memory, and takes none.
    retired: bool,
    ring: Ring,
    file: Arc<LogFile>,
    queued_bytes: usize,
    /// Lines that never reached the file.
    dropped: u64,
    /// How many of those the file itself tells of.
    told: u64,
    /// The number after the last line that was written, or lost while writing.
    settled: u64,
    /// Where the lines are in the files.
    trail: Trail,
}

impl Logs {
    /// Starts the writer. `dir` is made when it is not there (mode 0750); `None` keeps lines in
    /// memory only. A file that would grow past `max_size` bytes is rotated; `max_files` are kept
    /// of each stream, the current one included (at least that one).
    ///
    /// Never fails: what is wrong with the folder is told by [`Logs::trouble`].
    #[must_use]
    pub fn start(dir: Option<PathBuf>, max_size: u64, max_files: u32) -> Self {
        let state = State {
            streams: HashMap::new(),
            retired: 0,
            queue: Vec::new(),
            queue_bytes: 0,
            writer: if dir.is_some() { Writer::Works } else { Writer::Absent },
            hurry: false,
            writing_since: None,
            failing: Failing::default(),
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let plan = dir.map(|dir| Arc::new(Plan { dir, max_size, max_files: max_files.max(1) }));
        let thread = plan.clone().and_then(|plan| {
            let seen = Arc::clone(&shared);
            let spawned = thread::Builder::new().name("logs".into()).spawn(move || writer::run(&seen, &plan));
            let failed = |error: &std::io::Error| {
                let mut state = shared.lock();
                state.writer = Writer::Absent;
                state.failing.folder =
                    Some(format!("no log files are written: no thread: {error}; restart headend"));
            };
            spawned.inspect_err(failed).ok()
        });
        let (thread, reader) = (Mutex::new(thread), Mutex::new(None));
        Self { owner: Arc::new(Owner { shared, thread, plan, reader }) }
    }

    /// Makes room for the lines of stream `ix`; its file is `id.log`. Again with the same number:
    /// nothing changes, but that one which was retired takes lines again.
    pub fn register(&self, ix: StreamIx, id: &StreamId) {
        let mut state = self.owner.shared.lock();
        let state = &mut *state;
        let stream = state.streams.entry(ix).or_insert_with(|| Stream {
            retired: false,
            ring: Ring::default(),
            file: Arc::new(LogFile::new(id)),
            queued_bytes: 0,
            dropped: 0,
            told: 0,
            settled: 0,
            trail: Trail::default(),
        });
        if std::mem::take(&mut stream.retired) {
            state.retired -= 1;
        }
    }

    /// Lets go of what is in memory of stream `ix`, which is no longer there. Its numbers go on where
    /// they were, should it come back; what waits for its file is still written.
    pub fn retire(&self, ix: StreamIx) {
        let mut state = self.owner.shared.lock();
        let state = &mut *state;
        if let Some(stream) = state.streams.get_mut(&ix).filter(|stream| !stream.retired) {
            stream.retired = true;
            stream.ring.forget_lines();
            state.failing.files.remove(&ix);
            state.retired += 1;
        }
    }

    /// Takes one line of stream `ix`. Never waits for the disk. A line for a stream that was not
    /// registered goes nowhere.
    pub fn push(&self, ix: StreamIx, line: LogLine) {
        let shared = &self.owner.shared;
        let mut state = shared.lock();
        let state = &mut *state;
        let rings = state.streams.len().saturating_sub(state.retired).max(1);
        let ring_bytes = (RINGS_BYTES / rings).min(RING_BYTES);
        let Some(stream) = state.streams.get_mut(&ix) else {
            return;
        };
        let cost = cost(&line);
        if stream.retired {
            return;
        }
        if state.writer != Writer::Absent {
            let fits = state.queue_bytes + cost <= QUEUE_BYTES
                && stream.queued_bytes + cost <= QUEUE_BYTES_PER_STREAM
                && state.writer == Writer::Works;
            if fits {
                let first = state.queue.is_empty();
                let half = QUEUE_BYTES / 2;
                let now_half = state.queue_bytes < half && state.queue_bytes + cost >= half;
                let number = stream.ring.next_number();
                state.queue.push(Queued { stream: ix, number, line: line.clone() });
                state.queue_bytes += cost;
                stream.queued_bytes += cost;
                if first || now_half {
                    shared.changed.notify_all();
                }
            } else {
                stream.dropped += 1;
            }
        }
        stream.ring.push(line, ring_bytes);
    }

    /// The lines of stream `ix` from number `from` on that are still in memory, oldest first; the
    /// number after the last one; and how many between `from` and the first are gone. Lines are
    /// numbered from 0 in the order they were pushed.
    #[must_use]
    pub fn lines_from(&self, ix: StreamIx, from: u64) -> (Vec<LogLine>, u64, u64) {
        let state = self.owner.shared.lock();
        state.streams.get(&ix).map_or((Vec::new(), 0, 0), |stream| stream.ring.lines_from(from))
    }

    /// The number the next line of stream `ix` will have.
    #[must_use]
    pub fn next_number(&self, ix: StreamIx) -> u64 {
        self.owner.shared.lock().streams.get(&ix).map_or(0, |stream| stream.ring.next_number())
    }

    /// Reads up to `lines` lines of stream `ix` back that stand before `before`, at most
    /// [`MAX_READ_LINES`], and gives them to `answer` on another thread. Nobody waits; false when
    /// too many requests wait already, and then `answer` is not called.
    ///
    /// A line that is in memory has the number by which [`Logs::lines_from`] counts. No line comes
    /// twice, however files are rotated meanwhile; what can't be read is said in a line.
    pub fn read_back(
        &self,
        ix: StreamIx,
        before: LogPlace,
        lines: usize,
        answer: impl FnOnce(OldLines) + Send + 'static,
    ) -> bool {
        let Some(plan) = &self.owner.plan else {
            answer(said("no log files are written: what has left memory is gone"));
            return true;
        };
        let answer: Answer = Box::new(answer);
        let mut reader = self.owner.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if reader.is_none() {
            match Reader::start(Arc::clone(&self.owner.shared), Arc::clone(plan)) {
                Ok(started) => *reader = Some(started),
                Err(error) => {
                    answer(said(&format!("nothing can be read: no thread: {error}")));
                    return true;
                }
            }
        }
        reader.as_ref().is_some_and(|reader| reader.ask(Read { stream: ix, before, lines, answer }))
    }

    /// How many lines of stream `ix` never reached its file: the queue was full, or writing failed.
    /// Zero when there are no files at all.
    #[must_use]
    pub fn dropped(&self, ix: StreamIx) -> u64 {
        self.owner.shared.lock().streams.get(&ix).map_or(0, |stream| stream.dropped)
    }

    /// What keeps log files from being written now, where, and what to do; `None` while all is well.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let state = self.owner.shared.lock();
        if state.writing_since.is_some_and(|since| since.elapsed() >= STUCK_AFTER) {
            return Some("log files are not written: the disk does not answer; look at the disk".into());
        }
        state.failing.text()
    }

    /// Writes what waits, ends the writer and waits for it, at most `limit`. True when the writer
    /// came to its end (what it could not write is in [`Logs::dropped`]). Lines that are pushed
    /// afterwards stay in memory.
    pub fn close(&self, limit: Duration) -> bool {
        let shared = &self.owner.shared;
        let mut state = shared.lock();
        state.writer.close();
        shared.changed.notify_all();
        let waited = shared.changed.wait_timeout_while(state, limit, |state| !state.writer.is_gone());
        let ended = waited.unwrap_or_else(PoisonError::into_inner).0.writer.is_gone();
        let thread = self.owner.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread.filter(|_| ended) {
            let _ = thread.join();
        }
        ended
    }
}

impl Shared {
    /// A panic elsewhere leaves the state whole: each change under the lock is complete in itself.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.lock().writer.close();
        self.shared.changed.notify_all();
    }
}

impl Failing {
    fn text(&self) -> Option<String> {
        let first = self.folder.as_ref().or_else(|| self.files.values().min())?;
        let more = self.files.len().saturating_sub(usize::from(self.folder.is_none()));
        Some(if more == 0 { first.clone() } else { format!("{first} (and {more} more)") })
    }
}

/// An answer that is one line of headend's own.
fn said(text: &str) -> OldLines {
    let told: PlacedLine = past::note(text, 0);
    OldLines { lines: vec![told], before: None }
}

fn cost(line: &LogLine) -> usize {
    line.text.len() + LINE_OVERHEAD
}

#[cfg(test)]
mod tests;
