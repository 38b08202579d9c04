//! The messages of a link. Nothing in them belongs to one process or one machine.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{
    Answer, AuditEntry, Board, Command, Delta, Detail, History, HistoryOf, IncidentPage, IncidentQuery,
    LogLine, LogPlace, OldLines, Span, StreamIx,
};

/// The version of these messages; both ends must have the same.
pub const PROTOCOL_VERSION: u32 = 2;

/// Logs that one client may follow at a time.
pub const MAX_FOLLOWED: usize = 16;

/// How often a client is sent what is new, unless it says otherwise: a command's effect is seen at
/// once, as the first change after a pause is sent at once.
pub const DEFAULT_PACE: Duration = Duration::from_millis(50);
/// The shortest pace.
pub const MIN_PACE: Duration = Duration::from_millis(20);
/// The longest.
pub const MAX_PACE: Duration = Duration::from_secs(5);

/// What a client may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// See everything, change nothing.
    Viewer,
    /// Give commands too.
    Operator,
}

/// From a client to the supervisor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClientMessage {
    /// Do something; answered by [`ServerMessage::Answer`] with the same number.
    Command {
        /// Chosen by the client, its own business.
        seq: u64,
        /// What to do.
        command: Command,
    },
    /// Send these streams' logs: what is in memory now, then what comes. Replaces the subscription
    /// before it; an empty list ends it. Of more than [`MAX_FOLLOWED`] the first ones are followed.
    FollowLogs(Vec<StreamIx>),
    /// Read lines that are no longer in memory back from a stream's files. Answered by
    /// [`ServerMessage::OldLog`] with the same number, one at a time: until then another request is
    /// answered by [`Answer::Refused`].
    ReadLog {
        /// Chosen by the client, its own business.
        seq: u64,
        /// Whose.
        stream: StreamIx,
        /// The lines before this place.
        before: LogPlace,
        /// So many at most; there is a bound to it.
        lines: usize,
    },
    /// Read the newest entries of the audit log with numbers below `before`. Answered by
    /// [`ServerMessage::Audit`] with the same number, one at a time: until then another request is
    /// answered by [`Answer::Refused`].
    ReadAudit {
        /// Chosen by the client, its own business.
        seq: u64,
        /// Only entries with lower numbers.
        before: u64,
        /// So many at most; there is a bound to it.
        count: usize,
    },
    /// Read incidents, ended ones too. Answered by [`ServerMessage::Incidents`] with the same number; what
    /// was not taken before another request is replaced by it.
    ReadIncidents {
        /// Chosen by the client, its own business.
        seq: u64,
        /// Which.
        query: IncidentQuery,
    },
    /// Send what is known about this stream beyond its row, now and when it changes. Replaces the
    /// subscription before it; `None` ends it.
    FollowDetail(Option<StreamIx>),
    /// Send this history: all of it now, then each step as it is completed. Replaces the
    /// subscription before it; `None` ends it.
    FollowHistory(Option<(HistoryOf, Span)>),
    /// Whether to wake this client when nothing but readings (of the host, headend, the workers) is
    /// new; they come with the next message all the same. A client is woken for them until it says
    /// that it shows none.
    WakeForReadings(bool),
    /// From one delta to the next it takes this long at least; bounded by [`MIN_PACE`] and
    /// [`MAX_PACE`]. In one process a client takes what it wants when it wants.
    Pace(Duration),
    /// Send only the rows that this query finds, and all of them now; an empty one sends all again. One
    /// that can't be read, or has more than 20 terms, is an empty one, and logged. Over the socket this and
    /// [`Self::WantBoard`] are heard every 500 ms at most, the last one of them.
    Show(String),
    /// The board has a gap, or something else went wrong: send all of it.
    WantBoard,
}

/// From the supervisor to a client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ServerMessage {
    /// The first message, and the answer to [`ClientMessage::WantBoard`] or to falling behind.
    Board(Box<Board>),
    /// What changed since the last one.
    Delta(Box<Delta>),
    /// What became of a command.
    Answer {
        /// The command's number.
        seq: u64,
        /// What became of it.
        answer: Answer,
    },
    /// Lines of a log that is followed, oldest first.
    Log {
        /// Whose.
        stream: StreamIx,
        /// The number of the first of them; the others have those that follow.
        first: u64,
        /// The lines.
        lines: Vec<LogLine>,
        /// Lines that this client missed between the last message and this one, because they left
        /// the memory ring before it read them.
        missed: u64,
        /// True on the first message of a subscription: what was shown of this stream before is to be
        /// forgotten.
        fresh: bool,
    },
    /// Lines that were read back.
    OldLog {
        /// The request's number.
        seq: u64,
        /// Whose.
        stream: StreamIx,
        /// The lines, and where to go on.
        old: OldLines,
    },
    /// A page of the audit log, oldest first; empty: there are no more.
    Audit {
        /// The request's number.
        seq: u64,
        /// Who ordered what.
        entries: Vec<AuditEntry>,
    },
    /// A page of incidents.
    Incidents {
        /// The request's number.
        seq: u64,
        /// What was asked for.
        page: Box<IncidentPage>,
    },
    /// What is known about the stream that is followed in detail.
    Detail(Box<Detail>),
    /// Figures over time of what is followed: all of them, or the newest.
    History(Box<History>),
    /// The supervisor is leaving: how many workers are left. Zero: it has ended.
    Leaving {
        /// Workers that still run.
        workers_left: u32,
    },
}
