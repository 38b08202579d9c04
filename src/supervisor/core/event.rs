//! What goes into the core and what comes out of it.

use std::sync::Arc;

use super::care::Cared;
use crate::model::{
    Command, Detection, FaultClass, HostReading, LineLevel, Moment, Phase, Sample, SelfReading, StreamIx,
    Tracks, Usage, Wanted, WorkersReading,
};

/// Which start of a stream's worker: one more with each start, so that what an earlier worker still
/// had to say is not taken for the new one's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u64);

/// How a worker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkerEnd {
    /// It ended by itself with this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

/// What happened to one worker.
#[derive(Debug, Clone, PartialEq)]
pub enum WorkerEvent {
    /// It runs.
    Spawned {
        /// Its process id, which is also its process group.
        pid: u32,
    },
    /// It could not be started.
    SpawnFailed {
        /// Why, in words for the operator.
        error: Arc<str>,
        /// Nothing but a change of the configuration or the machine can mend it.
        needs_edit: bool,
    },
    /// A progress block.
    Sample(Sample),
    /// A detector spoke.
    Detection {
        /// What it saw.
        what: Detection,
        /// When that began (or ended).
        began: Moment,
    },
    /// What FFmpeg found in the input.
    Tracks(Tracks),
    /// A line that is a warning, an error, or of a known class.
    Line {
        /// How grave.
        level: LineLevel,
        /// What it means, where that is known.
        class: Option<FaultClass>,
        /// Clean and masked.
        text: Arc<str>,
        /// How many times it came.
        repeats: u32,
    },
    /// So many lines of it were dropped or folded since it started.
    Dropped {
        /// The worker's total.
        total: u64,
    },
    /// It ended and is reaped.
    Exited(WorkerEnd),
}

/// What the core is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Something happened to a worker.
    Worker {
        /// Whose.
        stream: StreamIx,
        /// Which.
        generation: Generation,
        /// What.
        event: WorkerEvent,
    },
    /// An operator's command.
    Command(Command),
    /// The machine was measured.
    Readings {
        /// The machine, or the container we are in.
        host: HostReading,
        /// headend itself.
        own: SelfReading,
        /// The workers, when they were measured too.
        workers: Option<WorkersReading>,
    },
    /// Workers were measured: what each takes of the machine.
    Usage(Vec<(StreamIx, Generation, Usage)>),
    /// The wall clock, milliseconds since the Unix epoch: at the start, and whenever it differs by
    /// more than a second from what follows from the last one. Only schedules look at it.
    Wall(u64),
    /// Time has passed: [`super::Supervisor::next_deadline`] was reached.
    Tick,
    /// No more starts; stop every worker. What is wanted of the streams stays.
    Shutdown,
    /// The operator is in a hurry: kill what is left.
    Hurry,
}

/// What a worker is started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To serve the stream, as it is configured.
    Serve,
    /// To see whether another input is good while the stream is served: packets only, whatever the
    /// stream's mode.
    Probe,
}

/// A signal for a worker's process group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Please end. Sent together with CONT: a stopped process could not hear it.
    Term,
    /// End.
    Kill,
}

/// What the core wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Start a worker; answer with `Spawned` or `SpawnFailed`.
    Spawn {
        /// For which stream.
        stream: StreamIx,
        /// Which start this is.
        generation: Generation,
        /// Which of its inputs.
        input: usize,
        /// What for.
        purpose: Purpose,
    },
    /// Signal a worker's process group; answered in the end by `Exited`.
    Signal {
        /// Whose.
        stream: StreamIx,
        /// Which.
        generation: Generation,
        /// What to send.
        signal: Signal,
    },
    /// Keep this on disk.
    Save {
        /// Whose.
        stream: StreamIx,
        /// What to keep.
        kept: Kept,
    },
    /// Something headend did or saw, for the stream's own log.
    Note {
        /// Whose.
        stream: StreamIx,
        /// How grave.
        level: LineLevel,
        /// What, in words for the operator.
        text: Arc<str>,
    },
    /// Something that concerns no single stream, for headend's own log.
    Report {
        /// How grave.
        level: LineLevel,
        /// What, in words for the operator.
        text: Arc<str>,
    },
}

/// What the store keeps of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What the operator wants of it.
    pub wanted: Wanted,
    /// Its last phase.
    pub phase: Phase,
    /// Since when it is in that phase.
    pub since: Moment,
    /// Starts beyond the first, ever.
    pub restarts: u32,
    /// What operators noted about it.
    pub cared: Cared,
}

/// What is known of a stream from an earlier run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What the operator wants of it.
    pub wanted: Wanted,
    /// Starts beyond the first, ever.
    pub restarts: u32,
    /// When it last changed: before [`Moment::ZERO`].
    pub changed: Moment,
    /// What operators noted about it.
    pub cared: Cared,
}
