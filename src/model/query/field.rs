//! The fields a query can ask for, and what kind of value each has.

use super::super::near::nearest;

macro_rules! fields {
    ($($(#[$doc:meta])* $variant:ident $word:literal $kind:ident $example:literal,)*) => {
        /// A field of a row that a query can ask for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Field {
            $($(#[$doc])* $variant,)*
        }

        impl Field {
            /// Every field.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name in a query.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// A term that asks for it.
            #[must_use]
            pub const fn example(self) -> &'static str {
                match self { $(Self::$variant => $example,)* }
            }

            pub(super) const fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind,)* }
            }
        }
    };
}

/// What kind of value a field has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text, looked for as a part of the field.
    Part,
    /// A text that must be the whole of the field: who writes `id:ch-1` does not mean `ch-10`.
    Whole,
    /// One of a few words.
    Word,
    /// One of a few words that go from good to bad.
    Health,
    /// The names of conditions.
    Condition,
    /// A number without a unit.
    Number,
    /// Kilobits a second.
    Bitrate,
    /// Bytes.
    Bytes,
    /// Seconds.
    Span,
    /// Yes or no.
    Flag,
}

fields! {
    /// The worst severity of its conditions.
    Health "health" Health "health:critical",
    /// Where the supervisor is with it.
    Phase "phase" Word "phase:backoff",
    /// A condition it has.
    Condition "condition" Condition "condition:black",
    /// Its group.
    Group "group" Whole "group:sport",
    /// A word it was given.
    Tag "tag" Whole "tag:test",
    /// Its id.
    Id "id" Whole "id:ch-*",
    /// Its name.
    Name "name" Part "name:news",
    /// How FFmpeg looks at it.
    Mode "mode" Word "mode:packets",
    /// Whether it takes turns.
    Watch "watch" Word "watch:rotate",
    /// The input in use, masked.
    Input "input" Part "input:m3u8",
    /// The host of that input.
    Host "host" Whole "host:cdn-2.example",
    /// Frames a second.
    Fps "fps" Number "fps<20",
    /// Bit rate.
    Bitrate "bitrate" Bitrate "bitrate<800k",
    /// Seconds of media per second.
    Speed "speed" Number "speed<0.9",
    /// How long its worker has been running.
    Uptime "uptime" Span "uptime<5m",
    /// Starts beyond the first.
    Restarts "restarts" Number "restarts>3",
    /// Failures in a row.
    Failures "failures" Number "failures>=2",
    /// Who goes first.
    Priority "priority" Number "priority>=80",
    /// Its worker's share of one core, percent.
    Cpu "cpu" Number "cpu>50",
    /// Its worker's memory.
    Mem "mem" Bytes "mem>200M",
    /// Its worker's open files.
    Fds "fds" Number "fds>100",
    /// Why it is in its phase.
    Reason "reason" Part "reason:refused",
    /// Someone knows about what is wrong.
    Acknowledged "acknowledged" Flag "acknowledged:no",
    /// Nobody is told about it.
    Muted "muted" Flag "muted:yes",
    /// What operators noted.
    Note "note" Part "note:*",
    /// It is in a maintenance window.
    Maintenance "maintenance" Flag "maintenance:yes",
    /// It uses another input than its first.
    Fallback "fallback" Flag "fallback:yes",
}

impl Field {
    /// The field of this name.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.word().eq_ignore_ascii_case(word))
    }

    /// Whether the configuration alone says what it is.
    pub(super) const fn is_configured(self) -> bool {
        matches!(
            self,
            Self::Id | Self::Name | Self::Group | Self::Tag | Self::Mode | Self::Watch | Self::Priority
        )
    }

    /// Whether a field's name begins with `word`.
    #[must_use]
    pub fn may_begin_with(word: &str) -> bool {
        !word.is_empty() && Self::ALL.iter().any(|field| field.word().starts_with(word))
    }

    /// The name that `word` was probably meant to be.
    pub(super) fn meant_by(word: &str) -> Option<&'static str> {
        /// What people call it elsewhere.
        const OTHER_NAMES: [(&str, &str); 12] = [
            ("state", "phase"),
            ("status", "health"),
            ("severity", "health"),
            ("fault", "condition"),
            ("error", "reason"),
            ("url", "input"),
            ("memory", "mem"),
            ("files", "fds"),
            ("rate", "bitrate"),
            ("ack", "acknowledged"),
            ("tags", "tag"),
            ("up", "uptime"),
        ];
        let other = OTHER_NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
        let words = || Self::ALL.iter().map(|field| field.word());
        other
            .map(|(_, meant)| *meant)
            .or_else(|| nearest(word, words()))
            .or_else(|| words().find(|long| is_short_for(&word.to_ascii_lowercase(), long)))
    }
}

/// Whether `short` is `long` with letters left out, but not the first one.
fn is_short_for(short: &str, long: &str) -> bool {
    let mut letters = long.chars();
    short.len() > 1 && short.get(..1) == long.get(..1) && short.chars().all(|c| letters.any(|l| l == c))
}
