//! The plain data everything else talks about, and the rules that belong to it.
//!
//! No I/O, no async, no clock: a value in here means the same on any machine, so each of them can
//! travel over a link.

mod board;
mod command;
mod condition;
mod fault;
mod moment;
mod phase;
mod sample;
mod schedule;
mod stream;
mod text;
mod wall;

pub use board::{
    Board, Delta, Gap, HostReading, LimitReading, Notice, NoticeKind, PoolReading, Pressure, Row,
    SelfReading, Totals, WorkersReading,
};
pub use command::{Action, Answer, Command, RolloutOrder, Selection};
pub use condition::{Condition, ConditionKind, Explained, Health, Severity};
pub use fault::{FaultClass, LineLevel, LogLine};
pub use moment::{Moment, coarse_age, span_words};
pub use phase::Phase;
pub use sample::{Detection, Figures, Sample, Tracks};
pub use schedule::{InvalidWindow, Opening, Schedule, Window};
pub use stream::{
    Expect, Fallback, InvalidStreamId, Mode, StreamId, StreamIx, StreamSpec, Thresholds, Wanted, WatchKind,
};
pub use text::{clean, clean_line, mask_secrets};
pub use wall::WallTime;
