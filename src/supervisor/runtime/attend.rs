//! Attends one worker: reads both pipes, watches its exit, and tells the loop.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use nix::sys::signal::{Signal as Unix, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::process::{Child, ChildStderr};
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, Sleep};
use tokio_process_stream::{Item, ProcessChunkStream};
use tokio_stream::Stream as _;

use super::shim;
use super::strays::Tracked;
use crate::ffmpeg::{Reader, Reading};
use crate::logs::Logs;
use crate::model::{LineLevel, LogLine, Moment, StreamIx, clean_line};
use crate::supervisor::core::{Generation, Purpose, Signal, WorkerEnd, WorkerEvent};

/// After the exit is seen the pipes are drained for this long at most: a grandchild may hold them.
const DRAIN: Duration = Duration::from_millis(250);
/// Bytes read of one pipe at a time.
const CHUNK: usize = 8 * 1024;
/// A pipe is read at this pace at most, bytes a second; a worker that writes more is held up by
/// its own pipe. 200 workers at this pace took 9 % of one core (measured).
const PACE: u64 = 256 * 1024;
/// What may be read at once before the pace is kept.
const BURST: u64 = 256 * 1024;
/// Lines told to the core a second, and at once; the log gets the others too.
const LINES_TOLD: u32 = 20;

/// What lines of a probe begin with.
const PROBE_MARK: &str = "probe: ";

/// What a worker's task tells the loop.
pub struct Told {
    /// Whose.
    pub stream: StreamIx,
    /// Which start.
    pub generation: Generation,
    /// What.
    pub event: WorkerEvent,
}

/// The process group of a worker, as long as it is ours to signal: until its leader is reaped.
///
/// The group's number stays reserved while the leader is a zombie; afterwards it may belong to a
/// stranger. The task that reaps takes the number away in the same step.
#[derive(Debug, Clone)]
pub struct Group {
    leader: Arc<AtomicU32>,
    tracked: Tracked,
}

impl Group {
    /// The group led by `pid`, which leaves `tracked` when it is reaped.
    #[must_use]
    pub fn new(pid: u32, tracked: Tracked) -> Self {
        Self { leader: Arc::new(AtomicU32::new(pid)), tracked }
    }

    /// Signals the whole group, if it is still ours. TERM comes with CONT: who is stopped can't hear.
    pub fn signal(&self, signal: Signal) {
        let Some(group) = self.leader() else { return };
        let _ = match signal {
            Signal::Term => killpg(group, Unix::SIGTERM).and_then(|()| killpg(group, Unix::SIGCONT)),
            Signal::Kill => killpg(group, Unix::SIGKILL),
        };
    }

    fn leader(&self) -> Option<Pid> {
        let pid = self.leader.load(Ordering::Acquire);
        i32::try_from(pid).ok().filter(|pid| *pid > 1).map(Pid::from_raw)
    }

    fn release(&self) {
        let pid = self.leader.swap(0, Ordering::AcqRel);
        if pid != 0 {
            self.tracked.remove(pid);
        }
    }

    /// Once the leader is dead but not yet reaped: what it left behind in its group dies too.
    fn kill_rest_if_leader_is_dead(&self) {
        let Some(leader) = self.leader() else { return };
        let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT | WaitPidFlag::WNOHANG;
        let dead =
            matches!(waitid(Id::Pid(leader), look), Ok(WaitStatus::Exited(..) | WaitStatus::Signaled(..)));
        if dead {
            self.signal(Signal::Kill);
        }
    }
}

/// What a worker's task needs.
pub struct Attendant {
    /// Whose worker.
    pub stream: StreamIx,
    /// Which start.
    pub generation: Generation,
    /// What it was started for.
    pub purpose: Purpose,
    /// Makes bytes into readings.
    pub reader: Reader,
    /// Its process group.
    pub group: Group,
    /// Where lines go.
    pub logs: Logs,
    /// Where events go.
    pub told: Sender<Told>,
    /// Called when lines were written to the log.
    pub lines_moved: Arc<tokio::sync::Notify>,
    /// The supervisor's time, kept by the loop.
    pub now: Arc<std::sync::atomic::AtomicI64>,
    /// The total of dropped lines that was told last, and when.
    pub dropped_told: u64,
    /// See there.
    pub dropped_told_at: Instant,
    /// Its pipes are closed: what is told now is the last.
    pub ended: bool,
}

enum Step {
    Out(bytes::Bytes),
    Err(usize),
    Exited(std::io::Result<std::process::ExitStatus>),
    PipesClosed,
}

/// Holds a pipe to its pace.
struct Pace {
    level: u64,
    filled: Instant,
    wait: Option<Pin<Box<Sleep>>>,
}

impl Pace {
    fn new() -> Self {
        Self { level: BURST, filled: Instant::now(), wait: None }
    }

    fn used(&mut self, bytes: usize) {
        let now = Instant::now();
        let gone = u64::try_from((now - self.filled).as_millis()).unwrap_or(u64::MAX);
        self.level = gone.saturating_mul(PACE / 1_000).saturating_add(self.level).min(BURST);
        self.filled = now;
        let bytes = bytes as u64;
        if bytes > self.level {
            let wait = Duration::from_millis((bytes - self.level) * 1_000 / PACE + 1);
            self.wait = Some(Box::pin(tokio::time::sleep(wait)));
        }
        self.level = self.level.saturating_sub(bytes);
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(wait) = &mut self.wait {
            if wait.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.wait = None;
        }
        Poll::Ready(())
    }
}

/// A worker's pipes and its exit.
struct Pipes {
    /// Standard output, and the child itself. The given stream reads standard error before
    /// standard output, so a flood on the one would starve the progress on the other: it gets
    /// standard output alone.
    out: ProcessChunkStream,
    err: Option<ChildStderr>,
    buffer: Box<[u8; CHUNK]>,
    out_pace: Pace,
    err_pace: Pace,
    out_closed: bool,
    exited: bool,
    group: Group,
    err_first: bool,
}

impl Pipes {
    fn new(mut child: Child, group: Group) -> Self {
        let err = child.stderr.take();
        Self {
            out: ProcessChunkStream::from(child),
            err,
            buffer: Box::new([0; CHUNK]),
            out_pace: Pace::new(),
            err_pace: Pace::new(),
            out_closed: false,
            exited: false,
            group,
            err_first: false,
        }
    }

    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        // Before anything below can reap it.
        if !self.exited {
            self.group.kill_rest_if_leader_is_dead();
        }
        // By turns, so that neither pipe starves the other.
        self.err_first = !self.err_first;
        let order = if self.err_first { [true, false] } else { [false, true] };
        for err in order {
            let step = if err { self.poll_err(cx) } else { self.poll_out(cx) };
            if let Poll::Ready(step) = step {
                return Poll::Ready(step);
            }
        }
        if self.exited {
            let closed = self.out_closed && self.err.is_none();
            return if closed { Poll::Ready(Step::PipesClosed) } else { Poll::Pending };
        }
        let Some(child) = self.out.child_mut() else { return Poll::Pending };
        let exit = pin!(child.wait()).poll(cx);
        exit.map(|status| self.reaped(status))
    }

    fn poll_out(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        if self.out_closed || self.out_pace.poll_ready(cx).is_pending() {
            return Poll::Pending;
        }
        match Pin::new(&mut self.out).poll_next(cx) {
            Poll::Ready(Some(Item::Stdout(chunk) | Item::Stderr(chunk))) => {
                self.out_pace.used(chunk.len());
                Poll::Ready(Step::Out(chunk))
            }
            // The stream ends with the exit, once standard output is closed.
            Poll::Ready(Some(Item::Done(status))) => {
                self.out_closed = true;
                if self.exited { Poll::Pending } else { Poll::Ready(self.reaped(status)) }
            }
            Poll::Ready(None) => {
                self.out_closed = true;
                Poll::Pending
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn poll_err(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        if self.err_pace.poll_ready(cx).is_pending() {
            return Poll::Pending;
        }
        let Some(err) = &mut self.err else { return Poll::Pending };
        let mut buffer = ReadBuf::new(&mut self.buffer[..]);
        match Pin::new(err).poll_read(cx, &mut buffer) {
            Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                let bytes = buffer.filled().len();
                self.err_pace.used(bytes);
                Poll::Ready(Step::Err(bytes))
            }
            Poll::Ready(_) => {
                self.err = None;
                Poll::Pending
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn reaped(&mut self, status: std::io::Result<std::process::ExitStatus>) -> Step {
        self.group.release();
        self.exited = true;
        Step::Exited(status)
    }
}

impl Attendant {
    /// Attends `child` until it is reaped and its pipes are closed or let go.
    pub async fn attend(mut self, child: Child) {
        let mut pipes = Pipes::new(child, self.group.clone());
        let mut end = None;
        let mut let_go = None;
        let mut budget = (LINES_TOLD, Instant::now());
        let mut not_started = None;
        loop {
            let step = std::future::poll_fn(|cx| pipes.poll_step(cx));
            let step = match let_go {
                None => step.await,
                Some(at) => match tokio::time::timeout_at(at, step).await {
                    Ok(step) => step,
                    Err(_) => break,
                },
            };
            let mut events = Vec::new();
            let now = Moment::from_millis(self.now.load(Ordering::Relaxed));
            match step {
                Step::Out(chunk) => {
                    self.reader.stdout(now, &chunk, &mut |reading| events.push(reading));
                }
                Step::Err(bytes) => {
                    self.reader.stderr(now, &pipes.buffer[..bytes], &mut |reading| events.push(reading));
                }
                Step::Exited(status) => {
                    end = Some(status);
                    let_go = Some(Instant::now() + DRAIN);
                }
                Step::PipesClosed => break,
            }
            not_started = not_started.or_else(|| could_not_start(&events));
            self.tell(events, &mut budget).await;
        }
        self.ended = true;
        let mut last = Vec::new();
        let now = Moment::from_millis(self.now.load(Ordering::Relaxed));
        self.reader.finish(now, &mut |reading| last.push(reading));
        not_started = not_started.or_else(|| could_not_start(&last));
        self.tell(last, &mut budget).await;
        let end = worker_end(end.as_ref());
        let event = match not_started {
            Some(error) if end == WorkerEnd::Code(shim::CANNOT_START) => {
                WorkerEvent::SpawnFailed { error: error.into(), needs_edit: true }
            }
            _ => WorkerEvent::Exited(end),
        };
        self.send(event).await;
    }

    async fn tell(&mut self, readings: Vec<Reading>, budget: &mut (u32, Instant)) {
        let mut moved = false;
        for reading in readings {
            let event = match reading {
                Reading::Sample(sample) => WorkerEvent::Sample(sample),
                Reading::Detection { what, began } => WorkerEvent::Detection { what, began },
                Reading::Tracks(tracks) => WorkerEvent::Tracks(tracks),
                Reading::Line { level, class, text, repeats } => {
                    let text: Arc<str> = text.into();
                    let marked = marked(self.purpose, &text);
                    self.logs.push(self.stream, LogLine { wall_ms: wall_ms(), level, text: marked });
                    moved = true;
                    let matters = class.is_some() || matches!(level, LineLevel::Error | LineLevel::Warning);
                    if !matters || !in_budget(budget) {
                        continue;
                    }
                    WorkerEvent::Line { level, class, text, repeats }
                }
            };
            self.send(event).await;
        }
        let dropped = self.reader.dropped();
        // As seldom as figures: a flood drops lines with every chunk. The end tells the rest.
        let due = self.dropped_told_at.elapsed() >= Duration::from_secs(1);
        if dropped != self.dropped_told && (due || self.ended) {
            self.dropped_told = dropped;
            self.dropped_told_at = Instant::now();
            self.send(WorkerEvent::Dropped { total: dropped }).await;
        }
        if moved {
            self.lines_moved.notify_one();
        }
    }

    /// Waits while the loop is busy: the worker's pipe then holds up the worker, nobody else. The
    /// loop is gone only when the program ends.
    async fn send(&self, event: WorkerEvent) {
        let told = Told { stream: self.stream, generation: self.generation, event };
        let _ = self.told.send(told).await;
    }
}

/// Lines of a probe are told from those of the worker that serves the stream.
pub fn marked(purpose: Purpose, text: &Arc<str>) -> Arc<str> {
    match purpose {
        Purpose::Serve => Arc::clone(text),
        Purpose::Probe => clean_line(&format!("{PROBE_MARK}{text}"), LogLine::MAX_BYTES).into(),
    }
}

fn in_budget(budget: &mut (u32, Instant)) -> bool {
    let now = Instant::now();
    if now - budget.1 >= Duration::from_secs(1) {
        *budget = (LINES_TOLD, now);
    }
    let left = budget.0 > 0;
    budget.0 = budget.0.saturating_sub(1);
    left
}

fn could_not_start(readings: &[Reading]) -> Option<String> {
    readings.iter().find_map(|reading| match reading {
        Reading::Line { text, .. } => text.strip_prefix(shim::CANNOT_START_PREFIX).map(str::to_owned),
        _ => None,
    })
}

fn worker_end(end: Option<&std::io::Result<std::process::ExitStatus>>) -> WorkerEnd {
    use std::os::unix::process::ExitStatusExt;
    match end {
        Some(Ok(status)) => {
            let signal = status.signal().map(WorkerEnd::Signal);
            signal.unwrap_or(WorkerEnd::Code(status.code().unwrap_or(-1)))
        }
        // Somebody else reaped our child: it is gone, how is not known.
        _ => WorkerEnd::Code(-1),
    }
}

/// Wall-clock time for people, milliseconds since the Unix epoch.
#[must_use]
pub fn wall_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
