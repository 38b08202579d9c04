//! What waits for one client, and what it has asked for: nothing in it grows.
//!
//! A client that does not read costs one merged delta (never more rows than there are streams), a
//! bounded list of answers, two numbers for each log it follows, and one piece of a log that it has
//! asked for. The lines of the logs it follows stay in the rings they are in.

use std::collections::VecDeque;
use std::sync::Arc;

use super::hub::LogSource;
use super::{MAX_FOLLOWED, Role, ServerMessage, Wake, Who, histories};
use crate::model::{Answer, AuditEntry, Board, Delta, Detail, IncidentPage, OldLines, StreamIx};

/// Answers kept for a client that does not read; the oldest go first.
pub const MAX_ANSWERS: usize = 256;
/// Removed streams, and ended incidents, kept for a client that does not read; with more it gets the whole board.
pub const MAX_REMOVED: usize = 1_024;

/// One client's.
pub(super) struct Mailbox {
    pub(super) role: Role,
    /// Whose it is, if it said so.
    pub(super) who: Option<Who>,
    pub(super) auditing: Auditing,
    /// A page of incidents that was asked for, and not taken yet.
    pub(super) incidents: Option<(u64, Box<IncidentPage>)>,
    pub(super) wakes_for_readings: bool,
    pub(super) wants_board: bool,
    delta: Option<Delta>,
    answers: VecDeque<(u64, Answer)>,
    pub(super) logs: Vec<LogFollow>,
    pub(super) reading: Reading,
    pub(super) detail: Option<DetailWanted>,
    pub(super) history: Option<histories::Follow>,
    /// Grows with each change of `logs` and `history`: what was read for an earlier one is not
    /// written back.
    subscribed: u64,
    pub(super) leaving: Option<u32>,
    pub(super) wake: Wake,
}

/// A client's subscription to one stream's detail.
pub(super) struct DetailWanted {
    pub(super) stream: StreamIx,
    /// The last one it was sent, so that it gets none twice.
    sent: Option<Box<Detail>>,
    /// One it has not taken yet; a newer one replaces it.
    waiting: Option<Box<Detail>>,
}

impl DetailWanted {
    pub(super) const fn new(stream: StreamIx) -> Self {
        Self { stream, sent: None, waiting: None }
    }

    /// Takes a detail in; says whether it is news.
    pub(super) fn put(&mut self, detail: &Detail) -> bool {
        let has = self.waiting.as_ref().or(self.sent.as_ref());
        let news = detail.stream == self.stream && has.is_none_or(|has| **has != *detail);
        if news {
            self.waiting = Some(Box::new(detail.clone()));
        }
        news
    }

    fn take(&mut self) -> Option<Box<Detail>> {
        let detail = self.waiting.take()?;
        self.sent = Some(detail.clone());
        Some(detail)
    }
}

/// A client's request to read a log back: one at a time.
#[derive(Default)]
pub(super) enum Reading {
    #[default]
    Nothing,
    /// One that is being answered.
    Waits,
    /// One that was answered, and not taken yet.
    Done(u64, StreamIx, OldLines),
}

impl Reading {
    fn take(&mut self) -> Option<ServerMessage> {
        match std::mem::take(self) {
            Self::Done(seq, stream, old) => Some(ServerMessage::OldLog { seq, stream, old }),
            other => {
                *self = other;
                None
            }
        }
    }
}

/// A client's request for a page of the audit log: one at a time.
#[derive(Default)]
pub(super) enum Auditing {
    #[default]
    Nothing,
    /// One that is being answered.
    Waits,
    /// One that was answered, and not taken yet.
    Done(u64, Vec<AuditEntry>),
}

impl Auditing {
    fn take(&mut self) -> Option<ServerMessage> {
        match std::mem::take(self) {
            Self::Done(seq, entries) => Some(ServerMessage::Audit { seq, entries }),
            other => {
                *self = other;
                None
            }
        }
    }
}

/// A client's subscription to one stream's log: two numbers, however much is written to it.
#[derive(Clone, Copy)]
pub(super) struct LogFollow {
    pub(super) stream: StreamIx,
    pub(super) next: u64,
    fresh: bool,
}

impl LogFollow {
    /// What is new in it.
    fn take(&mut self, logs: &dyn LogSource) -> Option<ServerMessage> {
        let slice = logs.lines_from(self.stream, self.next);
        if !self.fresh && slice.next == self.next {
            return None;
        }
        let message = ServerMessage::Log {
            stream: self.stream,
            first: slice.next.saturating_sub(slice.lines.len() as u64),
            lines: slice.lines,
            missed: if self.fresh { 0 } else { slice.missed },
            fresh: self.fresh,
        };
        (self.next, self.fresh) = (slice.next, false);
        Some(message)
    }
}

/// What is read for a client elsewhere than under the hub's lock: logs and histories have locks of
/// their own, and reading them takes longer than anything else a client does.
pub(super) struct Errand {
    logs: Vec<LogFollow>,
    history: Option<histories::Follow>,
    subscribed: u64,
}

/// What an errand brought.
pub(super) struct Fetched {
    pub(super) logs: Vec<ServerMessage>,
    pub(super) history: Option<ServerMessage>,
}

impl Errand {
    /// Reads what is new.
    pub(super) fn run(
        &mut self,
        logs: &dyn LogSource,
        histories: Option<&dyn histories::HistorySource>,
    ) -> Fetched {
        let logs = self.logs.iter_mut().filter_map(|follow| follow.take(logs)).collect();
        let follow = self.history.as_mut().zip(histories);
        let history = follow.and_then(|(follow, source)| follow.take(source));
        Fetched { logs, history: history.map(ServerMessage::History) }
    }

    /// Whether there is anything to read.
    pub(super) const fn is_empty(&self) -> bool {
        self.logs.is_empty() && self.history.is_none()
    }
}

/// What a mailbox held, in the order in which it is told: what was fetched comes between.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) board: Vec<ServerMessage>,
    pub(super) about_one: Vec<ServerMessage>,
    pub(super) leaving: Option<ServerMessage>,
}

impl Mailbox {
    /// One whose first message is the whole board.
    pub(super) const fn new(role: Role, who: Option<Who>, wake: Wake) -> Self {
        Self {
            role,
            who,
            auditing: Auditing::Nothing,
            incidents: None,
            wakes_for_readings: true,
            wants_board: true,
            delta: None,
            answers: VecDeque::new(),
            logs: Vec::new(),
            reading: Reading::Nothing,
            detail: None,
            history: None,
            subscribed: 0,
            leaving: None,
            wake,
        }
    }

    pub(super) fn answer(&mut self, seq: u64, answer: Answer) {
        if self.answers.len() == MAX_ANSWERS {
            self.answers.pop_front();
        }
        self.answers.push_back((seq, answer));
    }

    pub(super) fn refuse(&mut self, seq: u64, reason: &str) {
        self.answer(seq, Answer::Refused { reason: reason.into() });
    }

    /// Follows these logs from now on: different ones, and not more than [`MAX_FOLLOWED`].
    pub(super) fn follow_logs(&mut self, streams: Vec<StreamIx>) {
        self.subscribed += 1;
        let follow = |stream| LogFollow { stream, next: 0, fresh: true };
        self.logs = streams.into_iter().take(MAX_FOLLOWED).map(follow).collect();
    }

    /// Follows this history from now on.
    pub(super) fn follow_history(&mut self, follow: Option<histories::Follow>) {
        self.subscribed += 1;
        self.history = follow;
    }

    /// Takes in what has changed on the board.
    pub(super) fn take_in(&mut self, delta: &Delta) {
        if self.wants_board {
            return;
        }
        match &mut self.delta {
            None => self.delta = Some(delta.clone()),
            // A gap can't be mended with deltas: the whole board is sent instead. Of rows there are
            // never more than streams, but streams that come and go leave a number each.
            Some(pending) => {
                self.wants_board = pending.merge(delta.clone()).is_err()
                    || pending.removed.len() > MAX_REMOVED
                    || pending.ended.len() > MAX_REMOVED;
            }
        }
        if self.wants_board {
            self.delta = None;
        }
    }

    /// Everything that is there, and what is still to be read.
    pub(super) fn take(&mut self, board: &Board) -> (Taken, Errand) {
        let mut taken = Taken::default();
        if self.wants_board {
            self.wants_board = false;
            self.delta = None;
            taken.board.push(ServerMessage::Board(Box::new(board.clone())));
        } else if let Some(delta) = self.delta.take() {
            taken.board.push(ServerMessage::Delta(Box::new(delta)));
        }
        let answers = self.answers.drain(..).map(|(seq, answer)| ServerMessage::Answer { seq, answer });
        taken.board.extend(answers);
        taken.about_one.extend(self.reading.take());
        taken.about_one.extend(self.auditing.take());
        let page = self.incidents.take().map(|(seq, page)| ServerMessage::Incidents { seq, page });
        taken.about_one.extend(page);
        let detail = self.detail.as_mut().and_then(DetailWanted::take);
        taken.about_one.extend(detail.map(ServerMessage::Detail));
        taken.leaving = self.leaving.take().map(|workers_left| ServerMessage::Leaving { workers_left });
        let errand = Errand { logs: self.logs.clone(), history: self.history, subscribed: self.subscribed };
        (taken, errand)
    }

    /// An errand was run: false, and nothing else, when it was for an earlier subscription.
    pub(super) fn errand_done(&mut self, errand: Errand) -> bool {
        let current = errand.subscribed == self.subscribed;
        if current {
            (self.logs, self.history) = (errand.logs, errand.history);
        }
        current
    }

    /// The client's wake.
    pub(super) fn wake(&self) -> Wake {
        Arc::clone(&self.wake)
    }
}
