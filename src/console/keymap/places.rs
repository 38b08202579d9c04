//! Where keys work: one place for each kind of screen.

/// Where a key works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places(u16);

impl Places {
    /// The grid of streams.
    pub const GRID: Self = Self(1);
    /// One stream's detail.
    pub const STREAM: Self = Self(2);
    /// One stream's log, on the whole screen.
    pub const LOG: Self = Self(4);
    /// headend's own log.
    pub const OWN_LOG: Self = Self(8);
    /// The machine.
    pub const MACHINE: Self = Self(16);
    /// The keys.
    pub const HELP: Self = Self(32);
    /// The penalty box.
    pub const PENALTY: Self = Self(64);
    /// Incidents, all of them or one.
    pub const INCIDENTS: Self = Self(512);
    /// Whatever is frozen; these keys come before those of the place.
    pub const FROZEN: Self = Self(128);
    /// The audit log.
    pub const AUDIT: Self = Self(256);
    /// Where no key means anything.
    pub const NOWHERE: Self = Self(0);
    /// Everywhere.
    pub const ALL: Self = Self(127 | 256 | 512);

    /// Each place, with the word for it.
    pub const EACH: [(Self, &'static str); 10] = [
        (Self::GRID, "grid"),
        (Self::STREAM, "stream"),
        (Self::LOG, "log"),
        (Self::OWN_LOG, "own-log"),
        (Self::MACHINE, "machine"),
        (Self::HELP, "help"),
        (Self::PENALTY, "penalty"),
        (Self::AUDIT, "audit"),
        (Self::INCIDENTS, "incidents"),
        (Self::FROZEN, "frozen"),
    ];

    /// These and others.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn but(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Everywhere, as keys.toml and people call it.
    pub const EVERYWHERE: &'static str = "everywhere";

    /// The place with this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        if name == Self::EVERYWHERE {
            return Some(Self::ALL);
        }
        Self::EACH.iter().find(|(_, word)| *word == name).map(|(place, _)| *place)
    }

    /// Those that are in both.
    pub(super) const fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// How many there are.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether it is no place at all.
    pub(super) const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Whether `place` is one of these.
    #[must_use]
    pub const fn has(self, place: Self) -> bool {
        self.0 & place.0 != 0
    }

    /// The words for them: `everywhere`, `all but help`, or `grid, stream`.
    #[must_use]
    pub fn words(self) -> String {
        if self == Self::ALL {
            return Self::EVERYWHERE.into();
        }
        let others = Self::EACH.iter().filter(|(p, _)| Self::ALL.has(*p) && !self.has(*p));
        if let ([(_, word)], false) = (others.collect::<Vec<_>>().as_slice(), self.has(Self::FROZEN)) {
            return format!("all but {word}");
        }
        let words: Vec<&str> = Self::EACH.iter().filter(|(p, _)| self.has(*p)).map(|(_, w)| *w).collect();
        words.join(", ")
    }
}
