//! The board: the read model every console sees, and the deltas that change it.

mod readings;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::moment::span_words;
use super::{
    AlertsReading, Care, Condition, Figures, Health, IncidentBrief, Mode, Moment, Phase, Severity, StreamId,
    StreamIx, Wanted, WatchKind,
};
pub use readings::{
    GuardLimits, HostReading, LimitReading, Network, PoolReading, Pressure, SelfReading, SoftHard,
    WorkersReading,
};

/// One stream as the board shows it. All text in it is clean and masked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its number in this run.
    pub ix: StreamIx,
    /// Its id.
    pub id: StreamId,
    /// For people.
    pub name: Arc<str>,
    /// For people; may be empty.
    pub group: Arc<str>,
    /// How FFmpeg looks at it.
    pub mode: Mode,
    /// What the operator wants of it.
    pub wanted: Wanted,
    /// Where the supervisor is with it.
    pub phase: Phase,
    /// Why it is in that phase, in a few words; empty when there is nothing to say.
    pub reason: Arc<str>,
    /// Since when it is in that phase.
    pub since: Moment,
    /// When the phase changes by itself next (next try, grace over), if it does.
    pub next: Option<Moment>,
    /// Failures in a row; the next try is one more.
    pub failures: u32,
    /// What is wrong now, worst and oldest first.
    pub conditions: Vec<Condition>,
    /// The worker's process id.
    pub pid: Option<u32>,
    /// When the worker was started.
    pub started: Option<Moment>,
    /// Starts beyond the first, ever (kept over restarts of headend).
    pub restarts: u32,
    /// Over the last few seconds.
    pub figures: Figures,
    /// The input in use, masked; empty when there is none.
    pub input: Arc<str>,
    /// Why the last run ended, or what FFmpeg last said was an error.
    pub last_error: Option<Arc<str>>,
    /// The newest line worth showing: a warning, an error, or what headend did.
    pub last_message: Arc<str>,
    /// When that line came.
    pub last_message_at: Moment,
    /// Log lines dropped or folded since headend started.
    pub lines_dropped: u64,
    /// Who goes first; more is more important.
    pub priority: u8,
    /// Whether it keeps its slot or takes turns.
    pub watch: WatchKind,
    /// When a worker last showed progress, for a stream that rotates. While it rests, `conditions`
    /// are those that were found then.
    pub last_seen: Option<Moment>,
    /// Which of its inputs is in use, counted from 1, and how many there are; (0, 0) without any.
    pub input_of: (u32, u32),
    /// It is in a maintenance window.
    pub maintenance: bool,
    /// What its worker takes of the machine, measured every few seconds; `None` without a worker.
    pub usage: Option<Usage>,
    /// What operators noted about it.
    pub care: Care,
    /// Words the operator gave it, beside its group.
    pub tags: Arc<[Arc<str>]>,
}

/// What one worker takes of the machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Share of one core, in percent, since the measurement before.
    pub cpu_percent: f32,
    /// What it has for itself, bytes.
    pub memory_bytes: u64,
    /// Open files.
    pub open_files: u32,
}

impl Row {
    /// A stream of which nothing is known but what it is called. Every field stands here; on the wire a row that
    /// the other end does not have is written against this one, so another value is another protocol.
    #[must_use]
    pub fn blank(ix: StreamIx, id: StreamId) -> Self {
        let none = || Arc::<str>::from("");
        Self {
            ix,
            id,
            name: none(),
            group: none(),
            mode: Mode::default(),
            wanted: Wanted::default(),
            phase: Phase::default(),
            reason: none(),
            since: Moment::ZERO,
            next: None,
            failures: 0,
            conditions: Vec::new(),
            pid: None,
            started: None,
            restarts: 0,
            figures: Figures::default(),
            input: none(),
            last_error: None,
            last_message: none(),
            last_message_at: Moment::ZERO,
            lines_dropped: 0,
            priority: 0,
            watch: WatchKind::default(),
            last_seen: None,
            input_of: (0, 0),
            maintenance: false,
            usage: None,
            care: Care::default(),
            tags: Arc::default(),
        }
    }

    /// The worst severity of its conditions; `unknown` while nothing is known.
    #[must_use]
    pub fn health(&self) -> Health {
        let worst = |explained: bool| {
            let of = self.conditions.iter().filter(|c| c.explained.is_some() == explained);
            of.map(|c| c.severity).max()
        };
        match (worst(false), worst(true)) {
            (Some(Severity::Critical), _) => Health::Critical,
            // What something else explains is worth a look, and no alarm.
            (Some(Severity::Warning), _) | (None, Some(_)) => Health::Warning,
            (None, None) if self.phase == Phase::Live => Health::Ok,
            (None, None) if self.phase == Phase::Resting && self.last_seen.is_some() => Health::Ok,
            (None, None) => Health::Unknown,
        }
    }

    /// The reason of its phase and when it changes next, in one line without the phase's name:
    /// `connection refused, next try in 12 s (4th)`. A stream that has not failed itself, and waits for
    /// its host, has no number of tries to tell. `at` is the board's time.
    #[must_use]
    pub fn why(&self, at: Moment) -> String {
        let next = self.next.map(|next| {
            let span = span_words(at.until(next));
            match self.phase {
                Phase::Backoff | Phase::Broken if self.failures == 0 => format!("next try in {span}"),
                Phase::Backoff | Phase::Broken => {
                    format!("next try in {span} ({})", ordinal(self.failures.saturating_add(1)))
                }
                Phase::Starting => format!("given up in {span}"),
                Phase::Stalled => format!("replaced in {span}"),
                Phase::Stopping => format!("asked again or killed in {span}"),
                Phase::Resting => format!("next turn in about {span}"),
                Phase::Stopped => format!("on air in {span}"),
                Phase::Live => format!("turn ends in {span}"),
                Phase::Queued | Phase::Held => format!("looked at again in {span}"),
            }
        });
        match (self.reason.is_empty(), next) {
            (true, next) => next.unwrap_or_default(),
            (false, None) => self.reason.to_string(),
            (false, Some(next)) => format!("{}, {next}", self.reason),
        }
    }
}

/// `1st`, `2nd`, `3rd`, `4th`, `11th`.
fn ordinal(number: u32) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// What a notice is about. One notice of a kind at a time, but for `Origin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeKind {
    /// The store can't be written, or is stuck.
    Store,
    /// Log files can't be written.
    Logs,
    /// FFmpeg is missing or lacks something.
    Ffmpeg,
    /// The configuration has mistakes; the one before is in force.
    Config,
    /// A limit is too small for what is configured.
    Limits,
    /// The host is overloaded, or its disk is full.
    Host,
    /// A rollout waits or has stopped.
    Rollout,
    /// An origin host does not answer, and its streams wait together. One notice a host.
    Origin,
    /// The pool is too small for what is wanted.
    Pool,
}

/// Something the operator must know that belongs to no single stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What about.
    pub kind: NoticeKind,
    /// How bad.
    pub severity: Severity,
    /// What failed, on what, and what to do. One clean line.
    pub text: Arc<str>,
    /// Since when.
    pub since: Moment,
}

/// How many streams are in which health and phase.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// By [`Health`], in the order of [`Health::ALL`].
    pub health: [u32; 4],
    /// By [`Phase`], in the order of [`Phase::ALL`].
    pub phase: [u32; 10],
}

impl Totals {
    /// Counts `rows`.
    #[must_use]
    pub fn of<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Self {
        let mut totals = Self::default();
        for row in rows {
            totals.put_in(row);
        }
        totals
    }

    /// One more row.
    pub fn put_in(&mut self, row: &Row) {
        self.health[row.health() as usize] += 1;
        self.phase[row.phase as usize] += 1;
    }

    /// One row less: it was put in before, as it is now.
    pub fn take_out(&mut self, row: &Row) {
        let health = &mut self.health[row.health() as usize];
        *health = health.saturating_sub(1);
        let phase = &mut self.phase[row.phase as usize];
        *phase = phase.saturating_sub(1);
    }

    /// Streams in `health`.
    #[must_use]
    pub const fn with_health(&self, health: Health) -> u32 {
        self.health[health as usize]
    }

    /// Streams in `phase`.
    #[must_use]
    pub const fn in_phase(&self, phase: Phase) -> u32 {
        self.phase[phase as usize]
    }
}

/// The whole read model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Board {
    /// Grows by one with each delta.
    pub revision: u64,
    /// The supervisor's clock when this revision was made.
    pub at: Moment,
    /// Every stream.
    pub rows: BTreeMap<StreamIx, Arc<Row>>,
    /// The pool.
    pub pool: PoolReading,
    /// The machine.
    pub host: HostReading,
    /// headend itself.
    pub own: SelfReading,
    /// The workers.
    pub workers: WorkersReading,
    /// The limits found at the start.
    pub limits: LimitReading,
    /// What the operator must know.
    pub notices: Vec<Notice>,
    /// The open incidents, by number; bounded where they are opened.
    pub incidents: BTreeMap<u64, Arc<IncidentBrief>>,
    /// How telling people goes.
    pub alerts: Arc<AlertsReading>,
}

/// What changed on the board between two revisions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Delta {
    /// The revision it is to be applied to.
    pub from: u64,
    /// The revision the board has afterwards.
    pub to: u64,
    /// The supervisor's clock.
    pub at: Moment,
    /// Rows that are new or different.
    pub rows: BTreeMap<StreamIx, Arc<Row>>,
    /// Rows that are gone.
    pub removed: Vec<StreamIx>,
    /// The pool, if it changed.
    pub pool: Option<PoolReading>,
    /// The machine, if measured anew.
    pub host: Option<HostReading>,
    /// headend itself, if measured anew.
    pub own: Option<SelfReading>,
    /// The workers, if measured anew.
    pub workers: Option<WorkersReading>,
    /// The limits, if they changed.
    pub limits: Option<LimitReading>,
    /// All notices, if one came or went.
    pub notices: Option<Vec<Notice>>,
    /// Open incidents that are new or different.
    pub incidents: BTreeMap<u64, Arc<IncidentBrief>>,
    /// Incidents that are no longer open.
    pub ended: Vec<u64>,
    /// How telling people goes, if that changed.
    pub alerts: Option<Arc<AlertsReading>>,
}

/// A delta that does not fit the board it was applied to: ask for the whole board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the board is at revision {have}, the delta starts at {from}")]
pub struct Gap {
    /// The board's revision.
    pub have: u64,
    /// The delta's starting revision.
    pub from: u64,
}

impl Board {
    /// Brings the board to `delta.to`.
    ///
    /// # Errors
    /// [`Gap`] when the delta starts at another revision; the board is then unchanged.
    pub fn apply(&mut self, delta: &Delta) -> Result<(), Gap> {
        if delta.from != self.revision {
            return Err(Gap { have: self.revision, from: delta.from });
        }
        self.revision = delta.to;
        self.at = delta.at;
        for ix in &delta.removed {
            self.rows.remove(ix);
        }
        for (ix, row) in &delta.rows {
            self.rows.insert(*ix, Arc::clone(row));
        }
        self.pool = delta.pool.unwrap_or(self.pool);
        self.host = delta.host.unwrap_or(self.host);
        self.own = delta.own.unwrap_or(self.own);
        self.workers = delta.workers.unwrap_or(self.workers);
        self.limits = delta.limits.unwrap_or(self.limits);
        if let Some(notices) = &delta.notices {
            self.notices.clone_from(notices);
        }
        for number in &delta.ended {
            self.incidents.remove(number);
        }
        self.incidents.extend(delta.incidents.iter().map(|(number, brief)| (*number, Arc::clone(brief))));
        if let Some(alerts) = &delta.alerts {
            self.alerts = Arc::clone(alerts);
        }
        Ok(())
    }

    /// How many streams are in which health and phase.
    #[must_use]
    pub fn totals(&self) -> Totals {
        Totals::of(self.rows.values().map(AsRef::as_ref))
    }
}

impl Delta {
    /// Takes `later` in, so that applying this one delta does what applying both did.
    ///
    /// # Errors
    /// [`Gap`] when `later` does not start where this one ends; this one is then unchanged.
    pub fn merge(&mut self, later: Self) -> Result<(), Gap> {
        if later.from != self.to {
            return Err(Gap { have: self.to, from: later.from });
        }
        self.to = later.to;
        self.at = later.at;
        for ix in &later.removed {
            self.rows.remove(ix);
        }
        if !later.removed.is_empty() {
            self.removed.extend(later.removed);
            self.removed.sort_unstable();
            self.removed.dedup();
        }
        self.rows.extend(later.rows);
        self.pool = later.pool.or(self.pool);
        self.host = later.host.or(self.host);
        self.own = later.own.or(self.own);
        self.workers = later.workers.or(self.workers);
        self.limits = later.limits.or(self.limits);
        self.notices = later.notices.or_else(|| self.notices.take());
        for number in &later.ended {
            self.incidents.remove(number);
        }
        self.ended.extend(later.ended);
        self.incidents.extend(later.incidents);
        self.alerts = later.alerts.or_else(|| self.alerts.take());
        Ok(())
    }

    /// Whether it changes nothing but the revision.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
            && self.removed.is_empty()
            && self.pool.is_none()
            && self.host.is_none()
            && self.own.is_none()
            && self.workers.is_none()
            && self.limits.is_none()
            && self.notices.is_none()
            && self.incidents.is_empty()
            && self.ended.is_empty()
            && self.alerts.is_none()
    }
}

#[cfg(test)]
mod tests;
