//! Putting places in order by swaps: who stands where it may stay is not moved.

use std::collections::{BTreeMap, VecDeque};

/// Where one stands that belongs elsewhere: by what stands there and what is wanted there.
type Strays<R> = BTreeMap<(R, R), VecDeque<usize>>;

/// Puts `here` in order. Who is where one of its rank belongs stays; of the others, two that stand in
/// each other's places are swapped first. `swap` is told of each swap. O(n log n): a wall of thousands
/// may turn over all at once.
pub fn put_in_order<R: Ord + Copy>(here: &mut [R], mut swap: impl FnMut(usize, usize)) {
    let mut wanted = here.to_vec();
    wanted.sort_unstable();
    let mut strays: Strays<R> = BTreeMap::new();
    for (at, (stands, wants)) in here.iter().zip(&wanted).enumerate() {
        if stands != wants {
            strays.entry((*stands, *wants)).or_default().push_back(at);
        }
    }
    for (at, wants) in wanted.iter().enumerate() {
        let stands = here[at];
        if stands == *wants {
            continue;
        }
        let from = take(&mut strays, (*wants, stands), at)
            .or_else(|| take_any(&mut strays, (*wants, wanted[0]), at));
        // There is one: as many of a rank stand somewhere as are wanted.
        let Some(from) = from else { continue };
        here.swap(at, from);
        swap(at, from);
        if wanted[from] != stands {
            strays.entry((stands, wanted[from])).or_default().push_back(from);
        }
    }
}

/// Takes a place of this kind behind `done`: up to there all is in order.
fn take<R: Ord + Copy>(strays: &mut Strays<R>, kind: (R, R), done: usize) -> Option<usize> {
    let places = strays.get_mut(&kind)?;
    while let Some(place) = places.pop_front() {
        if place > done {
            return Some(place);
        }
    }
    strays.remove(&kind);
    None
}

/// Takes any place behind `done` where one stands of the rank of this kind, the least of its rank.
fn take_any<R: Ord + Copy>(strays: &mut Strays<R>, least: (R, R), done: usize) -> Option<usize> {
    // Kinds without a place go away on the way, so each is passed once.
    while let Some((kind, _)) = strays.range(least..).next().filter(|(kind, _)| kind.0 == least.0) {
        let kind = *kind;
        if let Some(place) = take(strays, kind, done) {
            return Some(place);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::cmp::Ordering;

    use proptest::prelude::*;

    use super::*;

    thread_local! {
        static COMPARED: Cell<usize> = const { Cell::new(0) };
    }

    /// Counts how often it is compared.
    #[derive(Debug, Clone, Copy, Eq)]
    struct Counted(u32);

    impl Ord for Counted {
        fn cmp(&self, other: &Self) -> Ordering {
            COMPARED.set(COMPARED.get() + 1);
            self.0.cmp(&other.0)
        }
    }

    impl PartialOrd for Counted {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }

    impl PartialEq for Counted {
        fn eq(&self, other: &Self) -> bool {
            self.cmp(other) == Ordering::Equal
        }
    }

    /// Puts it in order; says how often ranks were compared and how often two were swapped.
    fn work(ranks: impl IntoIterator<Item = u32>) -> (usize, usize) {
        let mut here: Vec<Counted> = ranks.into_iter().map(Counted).collect();
        COMPARED.set(0);
        let mut swaps = 0;
        put_in_order(&mut here, |_, _| swaps += 1);
        let compared = COMPARED.get();
        assert!(here.is_sorted());
        (compared, swaps)
    }

    #[test]
    fn a_mass_reorder_takes_no_more_than_sorting_does() {
        const COUNT: u32 = 1 << 14;
        // A bound on what a sort and a few walks through a tree take: 14 levels each.
        let most = 20 * 14 * COUNT as usize;
        let mixed = |n: u32| n.wrapping_mul(2_654_435_761);
        let rank = |case: &str, n: u32| match case {
            "all turn over" => COUNT - n,
            "two ranks change sides" => u32::from(n < COUNT / 2),
            "each moves one on" => (n + 1) % COUNT,
            "three ranks in a ring" => (n * 3 / COUNT + 1) % 3,
            "a dozen ranks anywhere" => (mixed(n) >> 7) % 12,
            _ => mixed(n) >> 7,
        };
        for what in [
            "all turn over",
            "two ranks change sides",
            "each moves one on",
            "three ranks in a ring",
            "a dozen ranks anywhere",
            "all anywhere",
        ] {
            let (compared, swaps) = work((0..COUNT).map(|n| rank(what, n)));
            assert!(compared <= most, "{what}: {compared} compares, {most} at most");
            assert!(swaps < COUNT as usize, "{what}: {swaps} swaps");
        }
    }

    proptest! {
        #[test]
        fn who_may_stay_is_not_moved(ranks in prop::collection::vec(0u32..6, 0..60)) {
            let mut wanted = ranks.clone();
            wanted.sort_unstable();
            let stays: Vec<bool> = ranks.iter().zip(&wanted).map(|(here, wanted)| here == wanted).collect();
            let mut here = ranks.clone();
            let mut people: Vec<usize> = (0..ranks.len()).collect();
            let mut swaps = 0;
            put_in_order(&mut here, |a, b| {
                people.swap(a, b);
                swaps += 1;
            });
            prop_assert_eq!(&here, &wanted);
            prop_assert!(people.iter().map(|n| ranks[*n]).eq(wanted), "ranks and places were swapped alike");
            for (at, stays) in stays.iter().enumerate().filter(|(_, stays)| **stays) {
                prop_assert!(!stays || people[at] == at, "{} was moved", at);
            }
            let moved = stays.iter().filter(|stays| !**stays).count();
            prop_assert!(swaps < moved.max(1));
        }
    }
}
