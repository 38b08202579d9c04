//! The plain data everything else talks about, and the rules that belong to it.
//!
//! No I/O, no async, no clock: a value in here means the same on any machine, so each of them can
//! travel over a link.

mod audit;
mod board;
mod care;
mod column;
mod command;
mod condition;
mod counted;
mod detail;
mod fault;
mod history;
mod host;
mod incident;
mod lines;
mod moment;
mod near;
mod old_log;
mod phase;
pub mod query;
mod report;
mod sample;
mod schedule;
mod shell;
mod stream;
mod text;
mod view;
mod wall;

pub use audit::AuditEntry;
pub use board::{
    Board, Delta, Gap, GuardLimits, HostReading, LimitReading, Network, Notice, NoticeKind, PoolReading,
    Pressure, Row, SelfReading, SoftHard, Totals, Usage, WorkersReading,
};
pub use care::{Care, CareOrder, MAX_MUTE, MAX_NOTE, MIN_MUTE, clean_note};
pub use column::{Column, ColumnChoice};
pub use command::{Action, Answer, Command, RolloutOrder, Selection};
pub use condition::{Condition, ConditionKind, Explained, Health, Severity};
pub use counted::{counted, counted_do};
pub use detail::{Breaker, Detail, InputDetail, RUNS_KEPT, Run};
pub use fault::{FaultClass, LineLevel, LogLine};
pub use history::{History, HistoryOf, MACHINE_METERS, STREAM_METERS, Span};
pub use host::host_of;
pub use incident::{
    AVAILABILITY_HOURS, Acknowledgement, AlertsReading, Availability, Available, Cause, Ending, Flapping,
    Incident, IncidentBrief, IncidentNote, IncidentOrder, IncidentPage, IncidentQuery, MAX_INCIDENT_LINE,
    MAX_INCIDENT_LINES, MAX_INCIDENT_NOTES, MAX_INCIDENT_VALUES, MAX_MEMBERS, Member, ReceiverReading, Told,
};
pub use lines::LineStarts;
pub use moment::{Moment, coarse_age, span_words};
pub use near::{any_of, nearest};
pub use old_log::{LogPlace, OldLines, PlacedLine};
pub use phase::Phase;
pub use report::{Report, StreamReport, rounded};
pub use sample::{Detection, Figures, Sample, Tracks};
pub use schedule::{InvalidWindow, Opening, Schedule, Window};
pub use shell::{shell_line, shell_word};
pub use stream::{
    Expect, Fallback, InvalidStreamId, Mode, StreamId, StreamIx, StreamSpec, Thresholds, Wanted, WatchKind,
};
pub use text::{MASK, MAX_QUOTE, clean, clean_line, mask_secrets, quote};
pub use view::{Density, LAST_VIEW_KEY, MAX_VIEW_NAME, MAX_VIEWS, SortBy, View};
pub use wall::WallTime;
