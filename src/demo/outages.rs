//! When a whole host of the origin is gone: worked out from a seed, without state.

use super::timetable::{Faults, mix};
use super::{FAULT_FREE_MS, MAX_HOSTS};

/// One outage of one host; times in milliseconds since the origin started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// From when, inclusive.
    pub from_ms: u64,
    /// Until when, exclusive.
    pub until_ms: u64,
}

/// Which host is gone when.
#[derive(Debug, Clone)]
pub struct Outages {
    plan: Plan,
}

#[derive(Debug, Clone)]
enum Plan {
    /// The hosts in the seed's order, one outage after the other.
    Turns {
        seed: u64,
        order: Vec<usize>,
    },
    Script(Vec<(usize, Outage)>),
}

/// An outage begins about this often, of one host after the other; ms. More than the longest outage
/// and [`LATE_MS`]: two hosts are never gone at once, and a healthy minute is between.
const EVERY_MS: u64 = 160_000;
/// The first one begins about this long after the start: everything is up, and people still look; ms.
const FIRST_MS: u64 = 2 * FAULT_FREE_MS;
/// An outage begins at most this long after its turn; ms.
const LATE_MS: u64 = 12_000;
/// Bounds of an outage, ms.
const LASTS_MS: (u64, u64) = (40_000, 90_000);

impl Outages {
    /// The outages of `hosts` hosts; the same arguments always give the same ones. There are some
    /// in a storm only, and only where a host is left that serves.
    #[must_use]
    pub fn new(hosts: usize, faults: Faults, seed: u64) -> Self {
        let count = if faults == Faults::Storm && hosts > 1 { hosts.min(MAX_HOSTS) } else { 0 };
        let mut order: Vec<usize> = (0..count).collect();
        fastrand::Rng::with_seed(mix(seed)).shuffle(&mut order);
        Self { plan: Plan::Turns { seed, order } }
    }

    /// None at all.
    #[must_use]
    pub const fn none() -> Self {
        Self { plan: Plan::Script(Vec::new()) }
    }

    /// Just these, each with the host's number. Those of one host must not overlap.
    #[must_use]
    pub const fn scripted(outages: Vec<(usize, Outage)>) -> Self {
        Self { plan: Plan::Script(outages) }
    }

    /// The outage of `host` (its number, from 0) that there is `t_ms` after the origin's start.
    #[must_use]
    pub fn at(&self, host: usize, t_ms: u64) -> Option<Outage> {
        self.next(host, t_ms).filter(|outage| outage.from_ms <= t_ms)
    }

    /// The outage of `host` that ends first after `t_ms`: the one there is, or the next one.
    #[must_use]
    pub fn next(&self, host: usize, t_ms: u64) -> Option<Outage> {
        match &self.plan {
            Plan::Turns { seed, order } => {
                let place = order.iter().position(|&h| h == host)? as u64;
                let hosts = order.len() as u64;
                // The one whose turn has begun may still last; else the one after it is next.
                let round = (t_ms.saturating_sub(FIRST_MS) / EVERY_MS).saturating_sub(place) / hosts;
                (round..)
                    .take(2)
                    .filter_map(|n| turn(*seed, n.checked_mul(hosts)?.checked_add(place)?))
                    .find(|outage| outage.until_ms > t_ms)
            }
            Plan::Script(list) => {
                let own = list.iter().filter(|(h, outage)| *h == host && outage.until_ms > t_ms);
                own.map(|(_, outage)| *outage).min_by_key(|outage| outage.from_ms)
            }
        }
    }
}

/// Outage number `nth` of all hosts together.
fn turn(seed: u64, nth: u64) -> Option<Outage> {
    let random = mix(seed ^ mix(nth));
    let from_ms = FIRST_MS.checked_add(nth.checked_mul(EVERY_MS)?)?.checked_add(random % LATE_MS)?;
    let lasts = LASTS_MS.0 + (random >> 32) % (LASTS_MS.1 - LASTS_MS.0 + 1);
    Some(Outage { from_ms, until_ms: from_ms.checked_add(lasts)? })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All outages of a host that begin before `to_ms`.
    fn all(outages: &Outages, host: usize, to_ms: u64) -> Vec<Outage> {
        let mut list = Vec::new();
        let mut t = 0;
        while let Some(outage) = outages.next(host, t).filter(|o| o.from_ms < to_ms) {
            list.push(outage);
            t = outage.until_ms;
        }
        list
    }

    proptest! {
        #[test]
        fn each_host_has_its_turn_and_no_two_at_once(seed: u64, hosts in 2..=MAX_HOSTS) {
            let outages = Outages::new(hosts, Faults::Storm, seed);
            let span = 3 * hosts as u64 * EVERY_MS;
            let mut list: Vec<Outage> = Vec::new();
            for host in 0..hosts {
                let own = all(&outages, host, span);
                prop_assert!(own.len() >= 2, "host {} of {}: {:?}", host, hosts, own);
                list.extend(own);
            }
            list.sort_by_key(|o| o.from_ms);
            prop_assert!(list[0].from_ms >= FAULT_FREE_MS && list[0].from_ms < 60_000);
            prop_assert!(list.iter().all(|o| (40_000..=90_000).contains(&(o.until_ms - o.from_ms))));
            prop_assert!(list.windows(2).all(|w| w[0].until_ms + 50_000 <= w[1].from_ms));
        }

        #[test]
        fn a_moment_agrees_with_the_list(seed: u64, t in 0..3_000_000_u64) {
            let outages = Outages::new(4, Faults::Storm, seed);
            for host in 0..4 {
                let listed = all(&outages, host, 4_000_000);
                let listed = listed.into_iter().find(|o| (o.from_ms..o.until_ms).contains(&t));
                prop_assert_eq!(outages.at(host, t), listed);
            }
        }
    }

    #[test]
    fn the_seed_decides() {
        let list = |seed| all(&Outages::new(4, Faults::Storm, seed), 0, 10_000_000);
        assert_eq!(list(7), list(7));
        assert_ne!(list(7), list(8));
    }

    #[test]
    fn only_a_storm_takes_hosts_and_never_the_only_one() {
        assert_eq!(Outages::new(4, Faults::None, 1).next(0, 0), None);
        assert_eq!(Outages::new(4, Faults::Calm, 1).next(0, 0), None);
        assert_eq!(Outages::new(1, Faults::Storm, 1).next(0, 0), None);
        assert_eq!(Outages::new(4, Faults::Storm, 1).next(4, 0), None);
        assert_eq!(Outages::new(4, Faults::Storm, 1).next(0, u64::MAX), None);
        assert_eq!(Outages::none().next(0, 0), None);
    }
}
