//! The in-process link: one board, a mailbox per client, nothing that grows.
//!
//! A client that does not read costs one merged delta (never more rows than there are streams), a
//! bounded list of answers, two numbers for each log it follows, and one piece of a log that it has
//! asked for. The lines of the logs it follows stay in the rings they are in.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::histories::{self, HistorySource};
use super::{ClientMessage, MAX_FOLLOWED, Role, ServerMessage};
use crate::model::{
    Answer, Board, Command, Delta, Detail, HostReading, LimitReading, LogLine, LogPlace, Moment, Notice,
    OldLines, PoolReading, Row, SelfReading, StreamIx, WorkersReading,
};

/// Answers kept for a client that does not read; the oldest go first.
pub const MAX_ANSWERS: usize = 256;
/// Requests waiting for the supervisor; a client whose request does not fit is refused at once.
pub const MAX_REQUESTS: usize = 256;
/// Removed streams kept for a client that does not read; with more it gets the whole board.
pub const MAX_REMOVED: usize = 1_024;

/// Where log lines are read back from.
pub trait LogSource: Send + Sync {
    /// The lines of `stream` from number `from` on, oldest first, with the number after the last
    /// one and how many between `from` and the first are no longer there.
    fn lines_from(&self, stream: StreamIx, from: u64) -> LogSlice;
    /// The number the next line of `stream` will have.
    fn next_number(&self, stream: StreamIx) -> u64;
    /// Reads up to `lines` lines of `stream` back that stand before `before`, and gives them to
    /// `answer`, on this thread or later on another. False: too many requests wait, and `answer` is
    /// not called.
    fn read_back(&self, stream: StreamIx, before: LogPlace, lines: usize, answer: OldLogAnswer) -> bool;
}

/// Takes what was read back.
pub type OldLogAnswer = Box<dyn FnOnce(OldLines) + Send>;

/// A piece of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogSlice {
    /// Oldest first.
    pub lines: Vec<LogLine>,
    /// The number after the last line.
    pub next: u64,
    /// Lines asked for that are gone.
    pub missed: u64,
}

/// A command on its way to the supervisor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Whose; [`Hub::answer`] wants it back.
    pub client: u64,
    /// The client's number for it.
    pub seq: u64,
    /// What to do.
    pub command: Command,
}

/// What is new on the board.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HubChange {
    /// Rows that are new or different.
    pub rows: Vec<Row>,
    /// Rows that are gone.
    pub removed: Vec<StreamIx>,
    /// The pool.
    pub pool: Option<PoolReading>,
    /// The machine.
    pub host: Option<HostReading>,
    /// headend itself.
    pub own: Option<SelfReading>,
    /// The workers.
    pub workers: Option<WorkersReading>,
    /// The limits.
    pub limits: Option<LimitReading>,
    /// All notices.
    pub notices: Option<Vec<Notice>>,
}

impl HubChange {
    /// Whether all that is new is what was measured on the machine.
    fn is_only_readings(&self) -> bool {
        self.rows.is_empty()
            && self.removed.is_empty()
            && self.pool.is_none()
            && self.limits.is_none()
            && self.notices.is_none()
    }
}

type Wake = Arc<dyn Fn() + Send + Sync>;

struct Mailbox {
    role: Role,
    wakes_for_readings: bool,
    wants_board: bool,
    delta: Option<Delta>,
    answers: VecDeque<(u64, Answer)>,
    follows: Vec<Follow>,
    reading: Reading,
    detail: Option<DetailWanted>,
    history: Option<histories::Follow>,
    leaving: Option<u32>,
    wake: Wake,
}

/// A client's subscription to one stream's detail.
struct DetailWanted {
    stream: StreamIx,
    /// The last one it was sent, so that it gets none twice.
    sent: Option<Box<Detail>>,
    /// One it has not taken yet; a newer one replaces it.
    waiting: Option<Box<Detail>>,
}

/// A client's request to read a log back: one at a time.
#[derive(Default)]
enum Reading {
    #[default]
    Nothing,
    /// One that is being answered.
    Waits,
    /// One that was answered, and not taken yet.
    Done(u64, StreamIx, OldLines),
}

/// A client's subscription to one stream's log: two numbers, however much is written to it.
#[derive(Clone, Copy)]
struct Follow {
    stream: StreamIx,
    next: u64,
    fresh: bool,
}

struct State {
    board: Board,
    clients: BTreeMap<u64, Mailbox>,
    next_client: u64,
    requests: VecDeque<Request>,
    published_at: Instant,
    /// The clients were woken because nothing was published.
    silence_told: bool,
    open: bool,
    /// The board as it was when the supervisor began to leave.
    final_board: Option<Board>,
}

struct Shared {
    state: Mutex<State>,
    logs: Arc<dyn LogSource>,
    histories: OnceLock<Arc<dyn HistorySource>>,
    /// Called when a request was queued.
    requested: Box<dyn Fn() + Send + Sync>,
}

impl Shared {
    /// A panic elsewhere leaves the state whole: each change under the lock is complete in itself.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with_mailbox(&self, client: u64, change: impl FnOnce(&mut Mailbox)) {
        let wake = {
            let mut state = self.lock();
            let Some(mailbox) = state.clients.get_mut(&client) else {
                return;
            };
            change(mailbox);
            Arc::clone(&mailbox.wake)
        };
        wake();
    }
}

/// The supervisor's end: holds the board and every client's mailbox.
#[derive(Clone)]
pub struct Hub {
    shared: Arc<Shared>,
}

impl Hub {
    /// A hub with an empty board. `requested` is called (from a client's thread; it must be quick)
    /// when [`Hub::next_request`] has something.
    #[must_use]
    pub fn new(logs: Arc<dyn LogSource>, requested: Box<dyn Fn() + Send + Sync>) -> Self {
        let state = State {
            board: Board::default(),
            clients: BTreeMap::new(),
            next_client: 0,
            requests: VecDeque::new(),
            published_at: Instant::now(),
            silence_told: false,
            open: true,
            final_board: None,
        };
        let histories = OnceLock::new();
        Self { shared: Arc::new(Shared { state: Mutex::new(state), logs, histories, requested }) }
    }

    /// Says where histories are read from; the first one stays. Without one nobody gets any.
    pub fn read_histories_from(&self, source: Arc<dyn HistorySource>) {
        let _ = self.shared.histories.set(source);
    }

    /// Puts `change` on the board as one new revision and into every mailbox. Wakes the clients.
    pub fn publish(&self, at: Moment, change: HubChange) {
        let wakes: Vec<Wake> = {
            let mut state = self.shared.lock();
            let only_readings = change.is_only_readings();
            (state.published_at, state.silence_told) = (Instant::now(), false);
            let from = state.board.revision;
            let delta = Delta {
                from,
                to: from + 1,
                at,
                rows: change.rows.into_iter().map(|row| (row.ix, Arc::new(row))).collect(),
                removed: change.removed,
                pool: change.pool,
                host: change.host,
                own: change.own,
                workers: change.workers,
                limits: change.limits,
                notices: change.notices,
            };
            // Cannot fail: `from` is the board's own revision, taken under the same lock.
            let _ = state.board.apply(&delta);
            for mailbox in state.clients.values_mut() {
                mailbox.take_in(&delta);
            }
            let woken = state.clients.values().filter(|m| m.wakes_for_readings || !only_readings);
            woken.map(|m| Arc::clone(&m.wake)).collect()
        };
        for wake in wakes {
            wake();
        }
    }

    /// Wakes the clients, once, when nothing was published for `limit`: whoever is to say that its data
    /// is old need not look at the clock for it. Called now and then, by a thread that has nothing to
    /// do with publishing.
    pub fn wake_if_silent(&self, limit: Duration) {
        let wakes: Vec<Wake> = {
            let mut state = self.shared.lock();
            if state.silence_told || state.published_at.elapsed() < limit {
                return;
            }
            state.silence_told = true;
            state.clients.values().map(|m| Arc::clone(&m.wake)).collect()
        };
        for wake in wakes {
            wake();
        }
    }

    /// Looks at the board as it is now, while nobody can change it: be quick.
    pub fn look_at_board<T>(&self, look: impl FnOnce(&Board) -> T) -> T {
        look(&self.shared.lock().board)
    }

    /// A copy of the board as it is now.
    #[must_use]
    pub fn board(&self) -> Board {
        self.shared.lock().board.clone()
    }

    /// The board as it was when the supervisor began to leave, or as it is now: what a report
    /// tells, as afterwards every stream is stopped.
    #[must_use]
    pub fn board_to_report(&self) -> Board {
        let state = self.shared.lock();
        state.final_board.as_ref().unwrap_or(&state.board).clone()
    }

    /// A new client. Its first message is the whole board; `wake` is called (from any thread; it
    /// must be quick and must not call back into the link) whenever there is something to take.
    #[must_use]
    pub fn attach(&self, role: Role, wake: impl Fn() + Send + Sync + 'static) -> Client {
        let mut state = self.shared.lock();
        let id = state.next_client;
        state.next_client += 1;
        state.silence_told = false;
        let mailbox = Mailbox {
            role,
            wakes_for_readings: true,
            wants_board: true,
            delta: None,
            answers: VecDeque::new(),
            follows: Vec::new(),
            reading: Reading::Nothing,
            detail: None,
            history: None,
            leaving: None,
            wake: Arc::new(wake),
        };
        state.clients.insert(id, mailbox);
        drop(state);
        Client { id, shared: Arc::clone(&self.shared) }
    }

    /// The oldest command that waits.
    #[must_use]
    pub fn next_request(&self) -> Option<Request> {
        self.shared.lock().requests.pop_front()
    }

    /// Answers a request. A client that is gone is forgotten silently.
    pub fn answer(&self, client: u64, seq: u64, answer: Answer) {
        self.shared.with_mailbox(client, |mailbox| mailbox.answer(seq, answer));
    }

    /// Wakes the clients that follow a log that has moved on.
    pub fn logs_moved(&self) {
        let wakes: Vec<Wake> = {
            let state = self.shared.lock();
            let behind = state
                .clients
                .values()
                .filter(|m| m.follows.iter().any(|f| self.shared.logs.next_number(f.stream) != f.next));
            behind.map(|m| Arc::clone(&m.wake)).collect()
        };
        for wake in wakes {
            wake();
        }
    }

    /// Wakes the clients that follow a history in which a step was completed.
    pub fn histories_moved(&self) {
        let Some(source) = self.shared.histories.get() else { return };
        let wakes: Vec<Wake> = {
            let state = self.shared.lock();
            let behind = |m: &&Mailbox| m.history.is_some_and(|follow| follow.is_behind(&**source));
            state.clients.values().filter(behind).map(|m| Arc::clone(&m.wake)).collect()
        };
        for wake in wakes {
            wake();
        }
    }

    /// Streams of which some client wants the detail.
    #[must_use]
    pub fn details_wanted(&self) -> BTreeSet<StreamIx> {
        let state = self.shared.lock();
        state.clients.values().filter_map(|m| m.detail.as_ref()).map(|wanted| wanted.stream).collect()
    }

    /// Hands a detail to the clients that want it and do not have it yet.
    pub fn put_detail(&self, detail: &Detail) {
        let wakes: Vec<Wake> = {
            let mut state = self.shared.lock();
            let mut wakes = Vec::new();
            for mailbox in state.clients.values_mut() {
                let wake = Arc::clone(&mailbox.wake);
                let Some(wanted) = mailbox.detail.as_mut().filter(|w| w.stream == detail.stream) else {
                    continue;
                };
                let has = wanted.waiting.as_ref().or(wanted.sent.as_ref());
                if has.is_none_or(|has| **has != *detail) {
                    wanted.waiting = Some(Box::new(detail.clone()));
                    wakes.push(wake);
                }
            }
            wakes
        };
        for wake in wakes {
            wake();
        }
    }

    /// Tells every client that the supervisor is leaving and how many workers are left.
    pub fn leaving(&self, workers_left: u32) {
        let clients: Vec<u64> = {
            let mut guard = self.shared.lock();
            let state = &mut *guard;
            state.open = false;
            state.final_board.get_or_insert_with(|| state.board.clone());
            state.clients.keys().copied().collect()
        };
        for client in clients {
            self.shared.with_mailbox(client, |mailbox| mailbox.leaving = Some(workers_left));
        }
    }
}

impl Mailbox {
    fn answer(&mut self, seq: u64, answer: Answer) {
        if self.answers.len() == MAX_ANSWERS {
            self.answers.pop_front();
        }
        self.answers.push_back((seq, answer));
    }

    fn refuse(&mut self, seq: u64, reason: &str) {
        self.answer(seq, Answer::Refused { reason: reason.into() });
    }

    /// What is new in the logs that are followed.
    fn log_lines(&mut self, logs: &dyn LogSource) -> Vec<ServerMessage> {
        let mut messages = Vec::new();
        for follow in &mut self.follows {
            let slice = logs.lines_from(follow.stream, follow.next);
            if follow.fresh || slice.next != follow.next {
                messages.push(ServerMessage::Log {
                    stream: follow.stream,
                    first: slice.next.saturating_sub(slice.lines.len() as u64),
                    lines: slice.lines,
                    missed: if follow.fresh { 0 } else { slice.missed },
                    fresh: follow.fresh,
                });
                follow.next = slice.next;
                follow.fresh = false;
            }
        }
        messages
    }

    fn take_in(&mut self, delta: &Delta) {
        if self.wants_board {
            return;
        }
        match &mut self.delta {
            None => self.delta = Some(delta.clone()),
            // A gap can't be mended with deltas: the whole board is sent instead. Of rows there are
            // never more than streams, but streams that come and go leave a number each.
            Some(pending) => {
                self.wants_board =
                    pending.merge(delta.clone()).is_err() || pending.removed.len() > MAX_REMOVED;
            }
        }
        if self.wants_board {
            self.delta = None;
        }
    }
}

/// A client's end of the link.
pub struct Client {
    id: u64,
    shared: Arc<Shared>,
}

impl Client {
    /// Sends a message. A command that can't be taken is answered at once, like any other.
    pub fn send(&self, message: ClientMessage) {
        let mut state = self.shared.lock();
        let full = state.requests.len() >= MAX_REQUESTS;
        let open = state.open;
        let Some(mailbox) = state.clients.get_mut(&self.id) else {
            return;
        };
        match message {
            ClientMessage::WakeForReadings(wakes) => {
                mailbox.wakes_for_readings = wakes;
                return;
            }
            ClientMessage::WantBoard => mailbox.wants_board = true,
            ClientMessage::FollowLogs(streams) => {
                mailbox.follows.clear();
                for stream in streams {
                    let known = mailbox.follows.iter().any(|follow| follow.stream == stream);
                    if !known && mailbox.follows.len() < MAX_FOLLOWED {
                        mailbox.follows.push(Follow { stream, next: 0, fresh: true });
                    }
                }
            }
            ClientMessage::ReadLog { seq, stream, before, lines } => {
                if matches!(mailbox.reading, Reading::Nothing) {
                    mailbox.reading = Reading::Waits;
                    drop(state);
                    self.read_log(seq, stream, before, lines);
                    return;
                }
                mailbox.refuse(seq, "another piece of a log is being read for you");
            }
            ClientMessage::FollowDetail(stream) => {
                mailbox.detail = stream.map(|stream| DetailWanted { stream, sent: None, waiting: None });
                drop(state);
                // The supervisor looks who wants what whenever it publishes: soon, then.
                (self.shared.requested)();
                return;
            }
            ClientMessage::FollowHistory(what) => {
                mailbox.history = what.map(|(of, span)| histories::Follow::new(of, span));
            }
            ClientMessage::Command { seq, command } => {
                let refusal = match (mailbox.role, open, full) {
                    (Role::Viewer, ..) => Some("a viewer may not give commands"),
                    (_, false, _) => Some("headend is leaving"),
                    (_, _, true) => Some("too many commands wait; try again"),
                    _ => None,
                };
                if let Some(reason) = refusal {
                    mailbox.refuse(seq, reason);
                } else {
                    state.requests.push_back(Request { client: self.id, seq, command });
                    drop(state);
                    (self.shared.requested)();
                    return;
                }
            }
        }
        let wake = state.clients.get(&self.id).map(|m| Arc::clone(&m.wake));
        drop(state);
        if let Some(wake) = wake {
            wake();
        }
    }

    /// How long ago something was last published, taken or not.
    #[must_use]
    pub fn heard_ago(&self) -> Duration {
        self.shared.lock().published_at.elapsed()
    }

    /// Has a piece of a log read; what comes of it goes into the mailbox.
    fn read_log(&self, seq: u64, stream: StreamIx, before: LogPlace, lines: usize) {
        let (client, shared) = (self.id, Arc::clone(&self.shared));
        let answer = move |old| {
            shared.with_mailbox(client, |mailbox| mailbox.reading = Reading::Done(seq, stream, old));
        };
        if !self.shared.logs.read_back(stream, before, lines, Box::new(answer)) {
            self.shared.with_mailbox(self.id, |mailbox| {
                mailbox.reading = Reading::Nothing;
                mailbox.refuse(seq, "too many logs are being read; try again");
            });
        }
    }

    /// Everything that has come since the last call, in order. Never blocks for long.
    #[must_use]
    pub fn take(&self) -> Vec<ServerMessage> {
        let mut messages = Vec::new();
        let mut guard = self.shared.lock();
        let state = &mut *guard;
        let Some(mailbox) = state.clients.get_mut(&self.id) else {
            return messages;
        };
        if mailbox.wants_board {
            mailbox.wants_board = false;
            mailbox.delta = None;
            messages.push(ServerMessage::Board(Box::new(state.board.clone())));
        } else if let Some(delta) = mailbox.delta.take() {
            messages.push(ServerMessage::Delta(Box::new(delta)));
        }
        let answers = mailbox.answers.drain(..);
        messages.extend(answers.map(|(seq, answer)| ServerMessage::Answer { seq, answer }));
        messages.extend(mailbox.log_lines(&*self.shared.logs));
        match std::mem::take(&mut mailbox.reading) {
            Reading::Done(seq, stream, old) => messages.push(ServerMessage::OldLog { seq, stream, old }),
            other => mailbox.reading = other,
        }
        if let Some(wanted) = &mut mailbox.detail
            && let Some(detail) = wanted.waiting.take()
        {
            wanted.sent = Some(detail.clone());
            messages.push(ServerMessage::Detail(detail));
        }
        if let (Some(follow), Some(source)) = (&mut mailbox.history, self.shared.histories.get()) {
            messages.extend(follow.take(&**source).map(ServerMessage::History));
        }
        if let Some(workers_left) = mailbox.leaving.take() {
            messages.push(ServerMessage::Leaving { workers_left });
        }
        messages
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.shared.lock().clients.remove(&self.id);
    }
}
