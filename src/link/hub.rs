//! The supervisor's end of every link: one board, a mailbox per client, nothing that grows.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::audit::{AuditTrail, Audited, Unanswered};
use super::histories::HistorySource;
use super::incidents::IncidentDesk;
use super::mailbox::Mailbox;
use super::{Client, Role, Wake, Who};
use crate::model::{
    AlertsReading, Answer, Board, Command, Delta, Detail, HostReading, IncidentBrief, LimitReading, LogLine,
    LogPlace, Moment, Notice, OldLines, PoolReading, Row, Selection, SelfReading, StreamIx, WorkersReading,
};

/// Requests waiting for the supervisor; a client whose request does not fit is refused at once.
pub const MAX_REQUESTS: usize = 256;
/// Streams that one request may name.
pub const MAX_IDS: usize = 40_000;
/// Streams that all that wait may name together: a request that names some and does not fit is refused.
pub const MAX_IDS_WAITING: usize = 4 * MAX_IDS;

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

/// Logs in which nothing stands: for boards that are no supervisor's.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoLogs;

impl LogSource for NoLogs {
    fn lines_from(&self, _: StreamIx, _: u64) -> LogSlice {
        LogSlice::default()
    }

    fn next_number(&self, _: StreamIx) -> u64 {
        0
    }

    fn read_back(&self, _: StreamIx, _: LogPlace, _: usize, _: OldLogAnswer) -> bool {
        false
    }
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

impl Request {
    /// How many streams it names.
    pub(super) const fn named(command: &Command) -> usize {
        match command {
            Command::Streams { target: Selection::Ids(ids), .. }
            | Command::Care { target: Selection::Ids(ids), .. } => ids.len(),
            _ => 0,
        }
    }
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

pub(super) struct State {
    pub(super) board: Board,
    pub(super) clients: BTreeMap<u64, Mailbox>,
    next_client: u64,
    pub(super) requests: VecDeque<Request>,
    pub(super) published_at: Instant,
    /// The clients were woken because nothing was published.
    silence_told: bool,
    /// Commands are taken.
    pub(super) open: bool,
    /// While leaving: how many workers are left.
    left: Option<u32>,
    /// The board as it was when the supervisor began to leave.
    final_board: Option<Board>,
    /// Commands that are remembered when they are answered.
    pub(super) unanswered: Unanswered,
}

pub(super) struct Shared {
    state: Mutex<State>,
    pub(super) logs: Arc<dyn LogSource>,
    pub(super) histories: OnceLock<Arc<dyn HistorySource>>,
    pub(super) audit: OnceLock<Arc<dyn AuditTrail>>,
    pub(super) incidents: OnceLock<Arc<dyn IncidentDesk>>,
    /// Called when a request was queued.
    pub(super) requested: Box<dyn Fn() + Send + Sync>,
}

impl Shared {
    /// Remembers what became of a command. Not under the lock.
    pub(super) fn remember(&self, audited: Option<Audited>) {
        if let Some((audited, trail)) = audited.zip(self.audit.get()) {
            trail.record(audited);
        }
    }

    /// Answers a request of a client.
    pub(super) fn answer(&self, client: u64, seq: u64, answer: Answer) {
        let audited = self.lock().unanswered.take(client, seq, &answer);
        self.remember(audited);
        self.with_mailbox(client, |mailbox| mailbox.answer(seq, answer));
    }

    /// A panic elsewhere leaves the state whole: each change under the lock is complete in itself.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn with_mailbox(&self, client: u64, change: impl FnOnce(&mut Mailbox)) {
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
            left: None,
            final_board: None,
            unanswered: Unanswered::default(),
        };
        let histories = OnceLock::new();
        Self {
            shared: Arc::new(Shared {
                state: Mutex::new(state),
                logs,
                histories,
                audit: OnceLock::new(),
                incidents: OnceLock::new(),
                requested,
            }),
        }
    }

    /// Says where histories are read from; the first one stays. Without one nobody gets any.
    pub fn read_histories_from(&self, source: Arc<dyn HistorySource>) {
        let _ = self.shared.histories.set(source);
    }

    /// Says where commands are remembered; the first one stays. Without one they are not.
    pub fn remember_in(&self, trail: Arc<dyn AuditTrail>) {
        let _ = self.shared.audit.set(trail);
    }

    /// Says where incidents are kept; the first one stays. Without one there are none.
    pub fn keep_incidents_at(&self, desk: Arc<dyn IncidentDesk>) {
        let _ = self.shared.incidents.set(desk);
    }

    /// Puts what is new about incidents on the board, as one new revision. It is no pulse of the supervisor.
    pub fn publish_incidents(
        &self,
        incidents: BTreeMap<u64, Arc<IncidentBrief>>,
        ended: Vec<u64>,
        alerts: Option<Arc<AlertsReading>>,
    ) {
        let wakes: Vec<Wake> = {
            let mut state = self.shared.lock();
            let (from, at) = (state.board.revision, state.board.at);
            let delta = Delta { from, to: from + 1, at, incidents, ended, alerts, ..Delta::default() };
            put_on(&mut state, &delta);
            state.clients.values().map(|m| Arc::clone(&m.wake)).collect()
        };
        for wake in wakes {
            wake();
        }
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
                ..Delta::default()
            };
            put_on(&mut state, &delta);
            let woken = state.clients.values().filter(|m| m.wakes_for_readings || !only_readings);
            woken.map(|m| Arc::clone(&m.wake)).collect()
        };
        for wake in wakes {
            wake();
        }
    }

    /// How long ago something was last published: the supervisor's pulse.
    #[must_use]
    pub fn published_ago(&self) -> Duration {
        self.shared.lock().published_at.elapsed()
    }

    /// How many clients there are, in this process and over the socket.
    #[must_use]
    pub fn clients(&self) -> usize {
        self.shared.lock().clients.len()
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
        self.attach_for(role, None, wake)
    }

    /// The same for `who`, as whose its commands are remembered.
    #[must_use]
    pub fn attach_as(&self, role: Role, who: Who, wake: impl Fn() + Send + Sync + 'static) -> Client {
        self.attach_for(role, Some(who), wake)
    }

    fn attach_for(&self, role: Role, who: Option<Who>, wake: impl Fn() + Send + Sync + 'static) -> Client {
        let mut state = self.shared.lock();
        let id = state.next_client;
        state.next_client += 1;
        state.silence_told = false;
        let mut mailbox = Mailbox::new(role, who, Arc::new(wake));
        mailbox.leaving = state.left;
        state.clients.insert(id, mailbox);
        drop(state);
        Client::new(id, Arc::clone(&self.shared))
    }

    /// The oldest command that waits.
    #[must_use]
    pub fn next_request(&self) -> Option<Request> {
        self.shared.lock().requests.pop_front()
    }

    /// Answers a request. A client that is gone is forgotten silently.
    pub fn answer(&self, client: u64, seq: u64, answer: Answer) {
        self.shared.answer(client, seq, answer);
    }

    /// Wakes the clients that follow a log that has moved on.
    pub fn logs_moved(&self) {
        let wakes: Vec<Wake> = {
            let state = self.shared.lock();
            let behind = state
                .clients
                .values()
                .filter(|m| m.logs.iter().any(|f| self.shared.logs.next_number(f.stream) != f.next));
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
                if mailbox.detail.as_mut().is_some_and(|wanted| wanted.put(detail)) {
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
            (state.open, state.left) = (false, Some(workers_left));
            state.final_board.get_or_insert_with(|| state.board.clone());
            state.clients.keys().copied().collect()
        };
        for client in clients {
            self.shared.with_mailbox(client, |mailbox| mailbox.leaving = Some(workers_left));
        }
    }
}

/// Puts a delta that was made under this lock on the board and into every mailbox.
fn put_on(state: &mut State, delta: &Delta) {
    // Cannot fail: it starts at the board's own revision.
    let _ = state.board.apply(delta);
    for mailbox in state.clients.values_mut() {
        mailbox.take_in(delta);
    }
}
