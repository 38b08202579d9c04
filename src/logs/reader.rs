//! The reader's thread: reads back what has left memory, so that nobody who asks waits for a disk.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, PoisonError};
use std::thread;

use super::file::{LogFile, Plan};
use super::past::{self, Begin};
use super::trail::Edge;
use super::{STUCK_AFTER, Shared};
use crate::model::{LogPlace, OldLines, StreamIx};

/// Requests that wait for the reader; one more is refused.
pub const MAX_READS: usize = 64;
/// Lines of one answer.
pub const MAX_READ_LINES: usize = 1_000;

/// Called with what was read.
pub type Answer = Box<dyn FnOnce(OldLines) + Send>;

/// Something to be read.
pub struct Read {
    pub stream: StreamIx,
    pub before: LogPlace,
    pub lines: usize,
    pub answer: Answer,
}

/// The way to the thread.
pub struct Reader(SyncSender<Read>);

impl Reader {
    /// Starts the thread. It ends with this.
    pub fn start(shared: Arc<Shared>, plan: Arc<Plan>) -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel(MAX_READS);
        let run = move || run(&shared, &plan, &receiver);
        thread::Builder::new().name("logs-read".into()).spawn(run)?;
        Ok(Self(sender))
    }

    /// Queues a request; false when too many wait.
    pub fn ask(&self, read: Read) -> bool {
        match self.0.try_send(read) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }
}

fn run(shared: &Shared, plan: &Plan, requests: &Receiver<Read>) {
    while let Ok(Read { stream, before, lines, answer }) = requests.recv() {
        answer(read(shared, plan, stream, before, lines.min(MAX_READ_LINES)));
    }
}

/// Reads one piece.
pub fn read(shared: &Shared, plan: &Plan, stream: StreamIx, before: LogPlace, lines: usize) -> OldLines {
    let Some(file) = shared.lock().streams.get(&stream).map(|stream| Arc::clone(&stream.file)) else {
        return OldLines::default();
    };
    let begin = match before {
        LogPlace::File { turn, offset } => Ok(Begin { turn, offset: Some(offset) }),
        LogPlace::Line(number) => begin_before(shared, plan, stream, &file, number),
    };
    begin.map_or_else(|told| told, |begin| past::read(&file, plan, begin, lines))
}

/// Where in the files the line `number` begins; or what to say when that can't be told.
fn begin_before(
    shared: &Shared,
    plan: &Plan,
    stream: StreamIx,
    file: &LogFile,
    number: u64,
) -> Result<Begin, OldLines> {
    // Looked at before the trail: what is written after that shows in the trail.
    let end = current_end(file, plan);
    let say = |text: &str, before| Err(OldLines { lines: vec![past::note(text, file.turn())], before });
    match settled_edge(shared, stream, number) {
        None => {
            say("what is older is not in the file yet: try again in a moment", Some(LogPlace::Line(number)))
        }
        Some(Edge::Unknown) => say("what is older is in the file, but it is no longer known where", None),
        Some(Edge::End) => Ok(end),
        Some(Edge::In { turn, offset, lines: 0 }) => Ok(Begin { turn, offset: Some(offset) }),
        Some(Edge::In { turn, offset, lines }) => {
            let opened = file.open(plan, turn);
            let counted = opened.file.and_then(|file| past::behind_lines(&file, offset, lines));
            match counted {
                Ok(Some(offset)) => Ok(Begin { turn, offset: Some(offset) }),
                Ok(None) => say(&format!("{} was changed by someone else", opened.name), None),
                // Said where it is read.
                Err(_) => Ok(Begin { turn, offset: Some(offset) }),
            }
        }
    }
}

fn current_end(file: &LogFile, plan: &Plan) -> Begin {
    let turn = file.turn();
    let length = file.open(plan, turn).file.and_then(|file| file.metadata()).map(|found| found.len());
    Begin { turn, offset: Some(length.unwrap_or(0)) }
}

/// The edge before line `number`, as soon as that line and those before it have been written or
/// are lost; `None` when that takes too long.
fn settled_edge(shared: &Shared, stream: StreamIx, number: u64) -> Option<Edge> {
    let settled = |state: &super::State| {
        state.streams.get(&stream).is_none_or(|stream| {
            let nothing_waits = stream.queued_bytes == 0;
            // Where nothing was ever written the end of the file is meant: it must stand still.
            nothing_waits || stream.settled > number && stream.trail.edge(number) != Edge::End
        })
    };
    let waiting = |state: &mut super::State| !state.writer.is_gone() && !settled(state);
    let mut state = shared.lock();
    state.hurry = !settled(&state);
    shared.changed.notify_all();
    let waited = shared.changed.wait_timeout_while(state, STUCK_AFTER, waiting);
    let state = waited.unwrap_or_else(PoisonError::into_inner).0;
    let edge = state.streams.get(&stream).map_or(Edge::End, |stream| stream.trail.edge(number));
    (state.writer.is_gone() || settled(&state)).then_some(edge)
}
