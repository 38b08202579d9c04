//! Which faults are one story: a stream that is dead says `http-4xx`, then `exited`, then `timeout`.

use std::time::Duration;

use crate::model::ConditionKind;

/// Kinds of fault of which one follows the other for the same reason. A stream has at most one incident
/// of a family at a time, and streams fail together when they have a family in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// It does not arrive, or in pieces.
    Reach,
    /// What is seen.
    Picture,
    /// What is heard.
    Sound,
    /// How fast it comes, and how much.
    Pace,
    /// What arrives is damaged.
    Damage,
    /// It can't be written.
    Output,
    /// The worker floods its log.
    Flood,
}

impl Family {
    /// Every family.
    pub const ALL: [Self; 7] =
        [Self::Reach, Self::Picture, Self::Sound, Self::Pace, Self::Damage, Self::Output, Self::Flood];

    /// The family of a kind.
    pub const fn of(kind: ConditionKind) -> Self {
        use ConditionKind as K;
        match kind {
            K::Stalled
            | K::Dns
            | K::Refused
            | K::Http4xx
            | K::Http5xx
            | K::Timeout
            | K::Tls
            | K::InvalidData
            | K::Exited
            | K::NotStarted
            | K::Segments
            | K::Reconnects => Self::Reach,
            K::Black | K::Frozen | K::NoVideo => Self::Picture,
            K::Silent | K::NoAudio => Self::Sound,
            K::Slow | K::Fast | K::BitrateLow | K::FpsLow => Self::Pace,
            K::Corrupt | K::Timestamps | K::Decode => Self::Damage,
            K::Output => Self::Output,
            K::Flood => Self::Flood,
        }
    }

    /// A worker must have run so long before that nothing is seen says that nothing is there. A worker
    /// that is live is reached; pictures are judged after seconds, figures and rates after a minute.
    pub const fn watched_for(self) -> Duration {
        match self {
            Self::Reach => Duration::ZERO,
            Self::Picture | Self::Sound | Self::Output | Self::Flood => Duration::from_secs(30),
            Self::Pace | Self::Damage => Duration::from_secs(75),
        }
    }
}

/// How much a kind says of the reason: an incident keeps the name that says most.
pub const fn tells(kind: ConditionKind) -> u8 {
    use ConditionKind as K;
    match kind {
        K::Exited | K::Segments | K::Reconnects => 0,
        K::Stalled => 1,
        _ => 2,
    }
}
