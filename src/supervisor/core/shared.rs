//! What streams share beside slots and line: sums over all of them, a full disk, streams that rest
//! because the host is overloaded.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::model::{Moment, Phase, StreamIx};

use super::stream::Stream;

/// While a disk is full one of the streams that write to it is tried again this often.
const DISK_PROBE: Duration = Duration::from_secs(60);

/// A worker that writes for so long found space: the first blocks may fit into a buffer.
const DISK_PROOF: Duration = Duration::from_secs(15);

/// Sums over all streams.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    /// Slots that are taken.
    pub busy: u32,
    /// Workers that are being started.
    pub starting: u32,
    /// Workers that were asked to end.
    pub stopping: u32,
    /// Streams that take turns, and are wanted and on air.
    pub rotating: u32,
    /// Slots taken by streams that take turns.
    pub busy_rotating: u32,
    /// Of these, by urgent ones.
    pub busy_urgent: u32,
    /// Rotating streams that are kept beyond their turn.
    pub kept: u32,
    /// Streams that a rollout holds back.
    pub held_back: u32,
    /// Probes of primary inputs.
    pub probes: u32,
    phases: [u32; Phase::ALL.len()],
}

impl Counted {
    /// Counts `stream` in.
    pub fn add(&mut self, stream: &Stream) {
        self.count(stream, u32::wrapping_add);
    }

    /// Counts `stream` out: as it was counted in.
    pub fn remove(&mut self, stream: &Stream) {
        self.count(stream, u32::wrapping_sub);
    }

    fn count(&mut self, stream: &Stream, by: impl Fn(u32, u32) -> u32) {
        let held = stream.slots_held();
        self.busy = by(self.busy, held);
        self.starting = by(self.starting, stream.starting());
        self.stopping = by(self.stopping, stream.stopping());
        self.probes = by(self.probes, u32::from(stream.probe.is_running()));
        self.held_back = by(self.held_back, u32::from(stream.held_back));
        if stream.rotates() {
            self.rotating = by(self.rotating, u32::from(stream.is_due()));
            self.busy_rotating = by(self.busy_rotating, held);
            self.busy_urgent = by(self.busy_urgent, u32::from(stream.turns.urgent));
            self.kept = by(self.kept, u32::from(stream.turns.kept));
        }
        let phase = &mut self.phases[stream.phase() as usize];
        *phase = by(*phase, 1);
    }

    /// How many streams are in `phase`.
    #[must_use]
    pub const fn in_phase(&self, phase: Phase) -> u32 {
        self.phases[phase as usize]
    }
}

/// Streams that found their output's disk full. As long as there is one, nothing is started but one
/// of them now and then.
#[derive(Debug, Clone, Default)]
pub struct DiskFull {
    streams: BTreeSet<StreamIx>,
    since: Option<Moment>,
    probe_at: Option<Moment>,
    /// Who was tried last.
    tried: Option<StreamIx>,
    /// Who may start although nobody else may.
    exempt: Option<StreamIx>,
    /// Who is live since then, and seems to be able to write.
    proving: Option<(Moment, StreamIx)>,
}

impl DiskFull {
    /// `stream` found its disk full. Says whether it is the first.
    pub fn found(&mut self, now: Moment, stream: StreamIx) -> bool {
        let first = self.streams.is_empty();
        self.streams.insert(stream);
        self.proving = self.proving.filter(|(_, other)| *other != stream);
        self.since.get_or_insert(now);
        if first || self.exempt == Some(stream) {
            self.probe_at = Some(now + DISK_PROBE);
            self.exempt = None;
        }
        first
    }

    /// `stream` is live: whether it can write is seen when it stays so.
    pub fn may_write(&mut self, now: Moment, stream: StreamIx) {
        if self.streams.contains(&stream) {
            self.proving.get_or_insert((now + DISK_PROOF, stream));
        }
    }

    /// `stream` writes no more, or failed of something else. Says whether the hold is over.
    pub fn over(&mut self, stream: StreamIx) -> bool {
        if !self.streams.remove(&stream) {
            return false;
        }
        self.proving = self.proving.filter(|(_, other)| *other != stream);
        if self.streams.is_empty() {
            *self = Self::default();
        }
        self.streams.is_empty()
    }

    /// Time has passed: somebody proved that there is space (then the hold is over: true), or the
    /// time for a new try has come.
    pub fn tick(&mut self, now: Moment) -> bool {
        if self.proving.is_some_and(|(at, _)| at <= now) {
            // One that could write speaks for all.
            *self = Self::default();
            return true;
        }
        if self.probe_at.is_none_or(|at| at > now) {
            return false;
        }
        let after =
            self.tried.and_then(|last| self.streams.range(StreamIx(last.0.saturating_add(1))..).next());
        self.tried = after.or(self.streams.first()).copied();
        self.exempt = self.tried;
        self.probe_at = Some(now + DISK_PROBE);
        false
    }

    /// Who may start although nobody else may.
    #[must_use]
    pub const fn exempt(&self) -> Option<StreamIx> {
        self.exempt
    }

    /// When the next one is tried.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        self.probe_at.into_iter().chain(self.proving.map(|(at, _)| at)).min()
    }

    /// Since when a disk has been full, and for how many streams.
    #[must_use]
    pub fn is_full(&self) -> Option<(Moment, usize)> {
        self.since.map(|since| (since, self.streams.len()))
    }
}

/// Streams that rest because the host is overloaded.
#[derive(Debug, Clone, Default)]
pub struct Shedding {
    /// Who rests.
    pub resting: BTreeSet<StreamIx>,
    /// The next round of sending to rest, or of letting go.
    pub next: Option<Moment>,
    /// Workers there were when it began: at least half of them stay.
    pub began_with: u32,
    /// When it began.
    pub began: Moment,
}

impl Shedding {
    /// When the next round is due.
    #[must_use]
    pub fn next_deadline(&self, now: Moment) -> Option<Moment> {
        self.next.map(|at| at.max(now))
    }
}
