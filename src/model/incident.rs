//! A condition that lasted: what is told to people, once, and remembered.
//!
//! Times are milliseconds since the Unix epoch, as an incident outlives the run that opened it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{ConditionKind, NoticeKind, Severity, StreamId};

/// Streams of one incident that are named; those beyond are counted.
pub const MAX_MEMBERS: usize = 1_000;
/// Notes of one incident; the oldest go.
pub const MAX_INCIDENT_NOTES: usize = 20;
/// Log lines of one incident.
pub const MAX_INCIDENT_LINES: usize = 10;
/// The longest of them, bytes.
pub const MAX_INCIDENT_LINE: usize = 400;
/// Values that caused it.
pub const MAX_INCIDENT_VALUES: usize = 12;

/// What an incident is about. There is one open incident of a cause at a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// One stream has one fault.
    Stream {
        /// Which.
        stream: StreamId,
        /// Which fault.
        kind: ConditionKind,
    },
    /// Streams of one origin host have the same fault.
    Origin {
        /// The host's name.
        host: Arc<str>,
        /// Which fault; where they differ within what one cause can make, the one most of them have.
        kind: ConditionKind,
    },
    /// headend itself or its machine: what a notice on the board says.
    Headend {
        /// Which notice.
        notice: NoticeKind,
    },
}

/// One stream of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Which.
    pub stream: StreamId,
    /// Its name then.
    pub name: Arc<str>,
    /// Its input in use then, masked; empty when there was none.
    pub input: Arc<str>,
    /// Since when it has the fault.
    pub since_wall_ms: u64,
    /// When it was well again.
    pub cleared_wall_ms: Option<u64>,
}

/// Somebody knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Since when.
    pub wall_ms: u64,
    /// The user's name.
    pub by: Arc<str>,
}

/// What somebody wrote about an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentNote {
    /// When.
    pub wall_ms: u64,
    /// The user's name.
    pub by: Arc<str>,
    /// One clean line, at most [`super::MAX_NOTE`] characters.
    pub text: Arc<str>,
}

/// It comes and goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flapping {
    /// So many changes were seen.
    pub changes: u32,
    /// Within so many milliseconds.
    pub within_ms: u64,
}

/// How an incident ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// What was wrong is over.
    Cleared,
    /// Its streams are stopped, off air, muted, in maintenance or gone: nobody wants to know any more.
    Withdrawn,
}

/// One incident, with everything that is known of it. Its JSON form is in `docs/reference.md` and kept
/// stable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// From 1 in each state folder, never used twice.
    pub number: u64,
    /// What about.
    pub cause: Cause,
    /// The worst it has been.
    pub severity: Severity,
    /// What it is, in a clean line without severity and times: `12 streams: cdn-a.example refused connections`.
    pub title: Arc<str>,
    /// When what causes it began.
    pub began_wall_ms: u64,
    /// When it had lasted long enough to be one.
    pub opened_wall_ms: u64,
    /// When and how it ended.
    pub ended: Option<(u64, Ending)>,
    /// It comes and goes.
    pub flapping: Option<Flapping>,
    /// Its streams, those that failed first coming first; at most [`MAX_MEMBERS`].
    pub members: Vec<Member>,
    /// Streams beyond them.
    pub more_members: u32,
    /// The figures that caused it, by name: `bit rate` and `312 kb/s, 1000 kb/s wanted`.
    pub values: Vec<(Arc<str>, Arc<str>)>,
    /// The last lines of its first stream's log, masked, oldest first.
    pub lines: Vec<Arc<str>>,
    /// Somebody knows.
    pub acknowledged: Option<Acknowledgement>,
    /// What people wrote, oldest first.
    pub notes: Vec<IncidentNote>,
    /// The rule that says who is told; empty: none.
    pub rule: Arc<str>,
}

impl Incident {
    /// Whether it has not ended.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.ended.is_none()
    }

    /// Streams that still have the fault.
    #[must_use]
    pub fn failing(&self) -> usize {
        self.members.iter().filter(|member| member.cleared_wall_ms.is_none()).count()
    }

    /// What it looks like on the board.
    #[must_use]
    pub fn brief(&self) -> IncidentBrief {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        IncidentBrief {
            number: self.number,
            cause: self.cause.clone(),
            severity: self.severity,
            title: Arc::clone(&self.title),
            began_wall_ms: self.began_wall_ms,
            opened_wall_ms: self.opened_wall_ms,
            failing: count(self.failing()),
            streams: count(self.members.len()).saturating_add(self.more_members),
            flapping: self.flapping.is_some(),
            acknowledged: self.acknowledged.as_ref().map(|ack| Arc::clone(&ack.by)),
            told: Told::Nobody,
        }
    }
}

/// How far the telling has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Told {
    /// No rule says so, or it is quiet now.
    #[default]
    Nobody,
    /// A message waits.
    Waits,
    /// Every message was accepted.
    Sent,
    /// One was refused for good.
    Failed,
}

impl Told {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nobody => "nobody told",
            Self::Waits => "waits",
            Self::Sent => "told",
            Self::Failed => "not told",
        }
    }
}

/// An open incident as the board shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentBrief {
    /// See [`Incident::number`].
    pub number: u64,
    /// See [`Incident::cause`].
    pub cause: Cause,
    /// See [`Incident::severity`].
    pub severity: Severity,
    /// See [`Incident::title`].
    pub title: Arc<str>,
    /// See [`Incident::began_wall_ms`].
    pub began_wall_ms: u64,
    /// See [`Incident::opened_wall_ms`].
    pub opened_wall_ms: u64,
    /// Streams that have the fault now.
    pub failing: u32,
    /// Streams that have or had it.
    pub streams: u32,
    /// It comes and goes.
    pub flapping: bool,
    /// Who knows.
    pub acknowledged: Option<Arc<str>>,
    /// How far the telling has come.
    pub told: Told,
}

/// What an operator can do with an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IncidentOrder {
    /// I know. Its streams are acknowledged too. One that is over stays over.
    Acknowledge,
    /// I don't, after all.
    Unacknowledge,
    /// Keep this note with it.
    Note(Arc<str>),
}

impl IncidentOrder {
    /// The word for it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Unacknowledge => "unacknowledge",
            Self::Note(_) => "note",
        }
    }
}

/// Which incidents are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentQuery {
    /// Only those of this stream.
    pub stream: Option<StreamId>,
    /// Only those that have not ended.
    pub open: bool,
    /// Only those with lower numbers.
    pub before: Option<u64>,
    /// Only those that were open at that time or after it.
    pub since_wall_ms: Option<u64>,
    /// So many at most, the newest; there is a bound to it.
    pub count: u32,
}

/// What was asked for, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentPage {
    /// The incidents.
    pub incidents: Vec<Arc<Incident>>,
    /// There are older ones.
    pub more: bool,
    /// How available the stream was that was asked about, or all of them.
    pub availability: Availability,
}

/// How available something was over the windows of [`AVAILABILITY_HOURS`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Availability {
    /// In the order of [`AVAILABILITY_HOURS`].
    pub windows: [Available; 4],
}

/// The windows over which availability is told, in hours.
pub const AVAILABILITY_HOURS: [u32; 4] = [1, 24, 7 * 24, 30 * 24];

/// How available something was over one window. What is in neither figure was not watched: headend did not
/// run, or the stream was not to run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Available {
    /// Seconds of stream time in which it was watched.
    pub watched_s: u64,
    /// Of these, seconds in which viewers saw a stream: nothing critical was wrong.
    pub up_s: u64,
    /// Seconds of stream time the window has.
    pub of_s: u64,
}

impl Available {
    /// The share of the watched time, 0 to 1; `None`: it was not watched at all.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "seconds of 30 days of 10,000 streams are far below 2^52")]
    pub fn share(self) -> Option<f64> {
        (self.watched_s > 0).then(|| self.up_s as f64 / self.watched_s as f64)
    }
}

/// How telling people goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertsReading {
    /// Each receiver, in the order of the configuration.
    pub receivers: Vec<ReceiverReading>,
    /// Messages that wait to be sent.
    pub waiting: u32,
    /// Messages accepted since headend started.
    pub sent: u64,
    /// Messages that were refused for good.
    pub failed: u64,
    /// Incidents that went into a digest or over the hourly cap, and were told in another message.
    pub merged: u64,
}

/// How telling one receiver goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiverReading {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// `mail`, `webhook` or `program`.
    pub way: Arc<str>,
    /// Messages that wait for it.
    pub waiting: u32,
    /// When it last accepted one.
    pub accepted_wall_ms: Option<u64>,
    /// What it last answered instead: a clean, masked line. `None` once it accepts again.
    pub trouble: Option<Arc<str>>,
    /// When it is tried again.
    pub next_wall_ms: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_watched_has_no_share() {
        assert_eq!(Available::default().share(), None);
        assert_eq!(Available { watched_s: 200, up_s: 150, of_s: 3_600 }.share(), Some(0.75));
    }
}
