//! Which channel has which fault when: worked out from a seed, without state.
//!
//! Every channel has at most one fault in each cycle. The channels are put into an order by the
//! seed; their cycles begin evenly spread in that order and neighbours get different kinds, so any
//! slice of time holds every kind as soon as it holds ten faults.

use std::fmt;
use std::str::FromStr;

use super::FAULT_FREE_MS;

/// How much goes wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Faults {
    /// Nothing.
    None,
    /// Of two hundred channels a few at a time, for minutes.
    #[default]
    Calm,
    /// A third of the channels at any time, changing often.
    Storm,
}

/// A word that is none of `none`, `calm` and `storm`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no amount of faults: use none, calm or storm")]
pub struct UnknownFaults(String);

impl Faults {
    /// Every amount, fewest first.
    pub const ALL: [Self; 3] = [Self::None, Self::Calm, Self::Storm];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Calm => "calm",
            Self::Storm => "storm",
        }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for Faults {
    type Err = UnknownFaults;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|f| f.word() == text).ok_or_else(|| UnknownFaults(text.to_owned()))
    }
}

/// What goes wrong with a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// A black picture, with sound.
    Black,
    /// A picture that stands still, with sound.
    Frozen,
    /// Digital silence under a moving picture.
    Silent,
    /// The playlist stops moving.
    Stalled,
    /// Every answer is 404.
    NotFound,
    /// Every answer is 503.
    Unavailable,
    /// Segments break off in the middle, and the connection with them.
    Cut,
    /// Segments arrive slower than they play.
    Slow,
    /// Segments are random bytes.
    Garbage,
    /// Every answer is 200 with a page of HTML.
    WrongType,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Black,
        Self::Frozen,
        Self::Silent,
        Self::Stalled,
        Self::NotFound,
        Self::Unavailable,
        Self::Cut,
        Self::Slow,
        Self::Garbage,
        Self::WrongType,
    ];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Black => "black",
            Self::Frozen => "frozen",
            Self::Silent => "silent",
            Self::Stalled => "stalled",
            Self::NotFound => "404",
            Self::Unavailable => "503",
            Self::Cut => "cut",
            Self::Slow => "slow",
            Self::Garbage => "garbage",
            Self::WrongType => "wrong-type",
        }
    }

    /// In a storm it lasts at least this long: enough for headend to name it; milliseconds.
    const fn shortest_ms(self) -> u64 {
        match self {
            Self::Slow => 48_000,
            Self::Stalled => 40_000,
            Self::Frozen | Self::Silent => 32_000,
            _ => 25_000,
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// One fault of one channel; times in milliseconds since the origin started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// From when, inclusive.
    pub from_ms: u64,
    /// Until when, exclusive.
    pub until_ms: u64,
}

/// Which channel has which fault when.
#[derive(Debug, Clone)]
pub struct Timetable {
    plan: Plan,
}

#[derive(Debug, Clone)]
enum Plan {
    Cycles(Cycles),
    Script(Vec<(usize, Fault)>),
}

#[derive(Debug, Clone)]
struct Cycles {
    faults: Faults,
    seed: u64,
    /// The length of a cycle, ms.
    cycle: u64,
    /// The place of each channel in the seed's order.
    places: Vec<u32>,
    /// The kinds in the seed's order.
    kinds: [FaultKind; 10],
}

/// A storm's cycle, ms: three times as long as its faults are on average.
const STORM_CYCLE_MS: u64 = 126_000;
/// The longest fault of a storm, ms.
const STORM_LONGEST_MS: u64 = 60_000;
/// In calm weather a fault begins about this often among all channels, ms.
const CALM_EVERY_MS: u64 = 45_000;
/// Bounds of the calm cycle, ms: few channels don't fail all the time, many do fail now and then.
const CALM_CYCLE_MS: (u64, u64) = (600_000, 9_000_000);
/// Bounds of a calm fault, ms.
const CALM_FAULT_MS: (u64, u64) = (120_000, 240_000);
/// A fault begins at most this long after its place in the cycle, so that no clockwork shows; ms.
const LATE_MS: u64 = 12_000;
/// The most faults [`Timetable::schedule`] lists.
const MAX_LISTED: usize = 10_000;

impl Timetable {
    /// The timetable of `streams` channels; the same arguments always give the same faults.
    #[must_use]
    pub fn new(streams: usize, faults: Faults, seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let count = u32::try_from(streams.min(super::MAX_CHANNELS)).unwrap_or(u32::MAX);
        let mut places: Vec<u32> = (0..count).collect();
        rng.shuffle(&mut places);
        let mut kinds = FaultKind::ALL;
        rng.shuffle(&mut kinds);
        let cycle = match faults {
            Faults::None | Faults::Storm => STORM_CYCLE_MS,
            Faults::Calm => (u64::from(count) * CALM_EVERY_MS).clamp(CALM_CYCLE_MS.0, CALM_CYCLE_MS.1),
        };
        Self { plan: Plan::Cycles(Cycles { faults, seed, cycle, places, kinds }) }
    }

    /// A timetable with just these faults, each with the channel's number. Where two overlap, the
    /// earlier in the list counts.
    #[must_use]
    pub const fn scripted(faults: Vec<(usize, Fault)>) -> Self {
        Self { plan: Plan::Script(faults) }
    }

    /// What is wrong with `channel` (its number, from 0) `t_ms` after the origin's start.
    #[must_use]
    pub fn fault_at(&self, channel: usize, t_ms: u64) -> Option<Fault> {
        let holds = |f: &Fault| (f.from_ms..f.until_ms).contains(&t_ms);
        match &self.plan {
            Plan::Cycles(cycles) => {
                let nth = t_ms.checked_sub(cycles.begin(channel)?)? / cycles.cycle;
                cycles.fault(channel, nth).filter(holds)
            }
            Plan::Script(list) => list.iter().find(|(c, f)| *c == channel && holds(f)).map(|(_, f)| *f),
        }
    }

    /// The faults of `channel` that touch the time from `from_ms` to `to_ms` (exclusive), in the
    /// order they begin; at most ten thousand.
    #[must_use]
    pub fn schedule(&self, channel: usize, from_ms: u64, to_ms: u64) -> Vec<Fault> {
        let touches = |f: &Fault| f.from_ms < to_ms && f.until_ms > from_ms;
        match &self.plan {
            Plan::Cycles(cycles) => {
                let Some(begin) = cycles.begin(channel) else { return Vec::new() };
                let first = from_ms.saturating_sub(begin) / cycles.cycle;
                (first..)
                    .take(MAX_LISTED)
                    .take_while(|nth| begin.saturating_add(nth.saturating_mul(cycles.cycle)) < to_ms)
                    .filter_map(|nth| cycles.fault(channel, nth))
                    .filter(touches)
                    .collect()
            }
            Plan::Script(list) => {
                let mut own: Vec<Fault> =
                    list.iter().filter(|(c, f)| *c == channel && touches(f)).map(|(_, f)| *f).collect();
                own.sort_by_key(|f| f.from_ms);
                own.truncate(MAX_LISTED);
                own
            }
        }
    }
}

impl Cycles {
    /// When the channel's first cycle begins; `None` where nothing ever fails.
    fn begin(&self, channel: usize) -> Option<u64> {
        if self.faults == Faults::None {
            return None;
        }
        let place = u64::from(*self.places.get(channel)?);
        Some(FAULT_FREE_MS + place * self.cycle / self.places.len() as u64)
    }

    /// The fault of a channel's cycle number `nth`; it lies within that cycle.
    fn fault(&self, channel: usize, nth: u64) -> Option<Fault> {
        let begin = self.begin(channel)?;
        let place = u64::from(*self.places.get(channel)?);
        // Three has no divisor in common with ten: a channel sees every kind in ten cycles.
        let kind = self.kinds[usize::try_from((place + nth.wrapping_mul(3)) % 10).unwrap_or(0)];
        let random = mix(self.seed ^ mix(place ^ mix(nth)));
        let (shortest, longest) = match self.faults {
            Faults::None => return None,
            Faults::Storm => (kind.shortest_ms(), STORM_LONGEST_MS),
            Faults::Calm => CALM_FAULT_MS,
        };
        let from_ms = begin.checked_add(nth.checked_mul(self.cycle)?)?.checked_add(random % LATE_MS)?;
        let lasts = shortest + (random >> 32) % (longest - shortest + 1);
        Some(Fault { kind, from_ms, until_ms: from_ms.checked_add(lasts)? })
    }
}

/// Scatters a number over all 64 bits (the finisher of splitmix64).
pub(super) const fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn faulty(table: &Timetable, streams: usize, t_ms: u64) -> usize {
        (0..streams).filter(|&c| table.fault_at(c, t_ms).is_some()).count()
    }

    proptest! {
        #[test]
        fn a_moment_agrees_with_the_listing(seed: u64, channel in 0..300_usize, t in 0..40_000_000_u64) {
            for faults in Faults::ALL {
                let table = Timetable::new(300, faults, seed);
                let listed = table.schedule(channel, t, t + 1);
                prop_assert_eq!(table.fault_at(channel, t), listed.first().copied());
                prop_assert!(listed.len() <= 1);
            }
        }

        #[test]
        fn faults_neither_overlap_nor_begin_early(seed: u64, channel in 0..50_usize) {
            for faults in [Faults::Calm, Faults::Storm] {
                let list = Timetable::new(50, faults, seed).schedule(channel, 0, 20_000_000);
                prop_assert!(list.len() > 5);
                prop_assert!(list[0].from_ms >= FAULT_FREE_MS);
                prop_assert!(list.windows(2).all(|w| w[0].until_ms <= w[1].from_ms));
                prop_assert!(list.iter().all(|f| f.until_ms - f.from_ms >= 25_000));
            }
        }

        #[test]
        fn a_storm_shows_every_kind_in_time(seed: u64) {
            let table = Timetable::new(200, Faults::Storm, seed);
            let early: Vec<Fault> =
                (0..200).flat_map(|c| table.schedule(c, 0, 90_000)).filter(|f| f.from_ms < 55_000).collect();
            for kind in FaultKind::ALL {
                prop_assert!(early.iter().filter(|f| f.kind == kind).count() >= 2, "{kind}");
            }
            for t in [100_000, 400_000, 3_600_000, 86_400_000] {
                let now = faulty(&table, 200, t);
                prop_assert!((50..=90).contains(&now), "{now} at {t}");
            }
        }

        #[test]
        fn calm_is_a_few_at_a_time(seed: u64) {
            let table = Timetable::new(200, Faults::Calm, seed);
            for t in [400_000, 3_600_000, 86_400_000] {
                let now = faulty(&table, 200, t);
                prop_assert!((1..=10).contains(&now), "{now} at {t}");
            }
        }
    }

    #[test]
    fn the_seed_decides() {
        let list = |seed| -> Vec<Vec<Fault>> {
            let table = Timetable::new(40, Faults::Storm, seed);
            (0..40).map(|c| table.schedule(c, 0, 1_000_000)).collect()
        };
        assert_eq!(list(7), list(7));
        assert_ne!(list(7), list(8));
    }

    #[test]
    fn a_channel_sees_every_kind() {
        let table = Timetable::new(5, Faults::Storm, 3);
        let kinds: BTreeSet<FaultKind> =
            table.schedule(2, 0, 11 * STORM_CYCLE_MS).iter().map(|f| f.kind).collect();
        assert_eq!(kinds.len(), FaultKind::ALL.len());
    }

    #[test]
    fn without_faults_and_beyond_the_channels_there_is_nothing() {
        assert_eq!(Timetable::new(5, Faults::None, 1).schedule(0, 0, u64::MAX), []);
        let storm = Timetable::new(5, Faults::Storm, 1);
        assert_eq!(storm.fault_at(5, 50_000), None);
        assert_eq!(storm.fault_at(0, u64::MAX), None);
        assert_eq!(Timetable::new(0, Faults::Storm, 1).fault_at(0, 50_000), None);
    }

    #[test]
    fn the_listing_is_bounded() {
        assert_eq!(Timetable::new(1, Faults::Storm, 1).schedule(0, 0, u64::MAX).len(), MAX_LISTED);
    }

    #[test]
    fn words_read_back() {
        for faults in Faults::ALL {
            assert_eq!(faults.word().parse(), Ok(faults));
        }
        assert!("gale".parse::<Faults>().is_err());
    }
}
