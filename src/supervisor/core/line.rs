//! The line of those who wait for a slot: in which order they get one.
//!
//! Four lanes, one after the other: streams that are always watched, by priority and then by how
//! long they wait; rotating ones that are urgent; rotating ones whose turn comes; probes of a
//! primary input, which only take what nobody else wants.

use std::collections::BTreeMap;

use crate::model::{Moment, StreamIx, StreamSpec};

/// In the rotation a point of priority is worth this much waiting, milliseconds: the highest goes
/// 20 s before the lowest, and nobody is ever passed over for longer than that.
const POINT_MS: i64 = 200;

/// Which lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Streams that hold their slot once they have it.
    Always,
    /// Rotating streams that something happened to, or that somebody looks at.
    Urgent,
    /// Rotating streams.
    Turn,
    /// Probes of a primary input.
    Probe,
}

impl Lane {
    /// Every lane, the first goes first.
    pub const ALL: [Self; 4] = [Self::Always, Self::Urgent, Self::Turn, Self::Probe];
}

/// A place: lane, rank within it (less goes first), and the number drawn.
type Place = (Lane, i64, u64);

/// Who waits. Whoever is in it is in it once.
#[derive(Debug, Default)]
pub struct Line {
    waiting: BTreeMap<Place, StreamIx>,
    /// To leave the line without a search: stopping ten thousand that wait is no quadratic affair.
    place_of: Vec<Option<Place>>,
    in_lane: [u32; Lane::ALL.len()],
    next_number: u64,
}

impl Line {
    /// One stream more, which does not wait yet.
    pub fn add(&mut self) {
        self.place_of.push(None);
    }

    /// Puts `ix` into this lane, or out of the line. Who is in the lane already keeps its place.
    pub fn set(&mut self, now: Moment, ix: StreamIx, lane: Option<Lane>, priority: u8) {
        let Some(place) = self.place_of.get_mut(ix.index()) else { return };
        if place.map(|(lane, ..)| lane) == lane {
            return;
        }
        if let Some(old) = place.take() {
            self.waiting.remove(&old);
            self.in_lane[old.0 as usize] -= 1;
        }
        let Some(lane) = lane else { return };
        let points = i64::from(priority.min(StreamSpec::MAX_PRIORITY));
        let rank = match lane {
            Lane::Always => -points,
            Lane::Urgent | Lane::Turn => now.millis().saturating_sub(points * POINT_MS),
            Lane::Probe => 0,
        };
        let new = (lane, rank, self.next_number);
        self.next_number += 1;
        *place = Some(new);
        self.waiting.insert(new, ix);
        self.in_lane[lane as usize] += 1;
    }

    /// Who is first in this lane.
    #[must_use]
    pub fn first(&self, lane: Lane) -> Option<StreamIx> {
        let from = (lane, i64::MIN, 0);
        let (place, ix) = self.waiting.range(from..).next()?;
        (place.0 == lane).then_some(*ix)
    }

    /// Who of the rotating ones, urgent or not, has waited longest.
    #[must_use]
    pub fn first_of_turns(&self) -> Option<(Lane, StreamIx)> {
        let head = |lane| {
            let (place, ix) = self.waiting.range((lane, i64::MIN, 0)..).next()?;
            (place.0 == lane).then_some((place.1, place.2, lane, *ix))
        };
        let first = head(Lane::Urgent).into_iter().chain(head(Lane::Turn)).min()?;
        Some((first.2, first.3))
    }

    /// How many wait in this lane.
    #[must_use]
    pub const fn in_lane(&self, lane: Lane) -> u32 {
        self.in_lane[lane as usize]
    }

    /// How many wait for a worker that serves, probes apart.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.in_lane.iter().sum::<u32>() - self.in_lane(Lane::Probe)
    }

    /// Which lane `ix` is in.
    #[must_use]
    pub fn lane_of(&self, ix: StreamIx) -> Option<Lane> {
        self.place_of.get(ix.index()).copied().flatten().map(|(lane, ..)| lane)
    }

    /// Everyone in it, in its order.
    pub fn everyone(&self) -> impl Iterator<Item = StreamIx> {
        self.waiting.values().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(count: usize) -> Line {
        let mut line = Line::default();
        (0..count).for_each(|_| line.add());
        line
    }

    fn order(line: &Line) -> Vec<u32> {
        line.everyone().map(|ix| ix.0).collect()
    }

    #[test]
    fn the_more_important_goes_first_and_within_a_priority_who_waits_longest() {
        let mut line = line(4);
        for (ix, priority) in [(0, 50), (1, 90), (2, 50), (3, 90)] {
            line.set(Moment::from_millis(ix.into()), StreamIx(ix), Some(Lane::Always), priority);
        }
        assert_eq!(order(&line), [1, 3, 0, 2]);
        assert_eq!(line.len(), 4);
    }

    #[test]
    fn in_the_rotation_priority_only_shortens_the_wait() {
        let mut line = line(3);
        line.set(Moment::from_millis(0), StreamIx(0), Some(Lane::Turn), 0);
        line.set(Moment::from_millis(10_000), StreamIx(1), Some(Lane::Turn), 100);
        line.set(Moment::from_millis(20_001), StreamIx(2), Some(Lane::Turn), 100);
        assert_eq!(order(&line), [1, 0, 2], "20 s of waiting outweigh any priority");
    }

    #[test]
    fn who_stays_in_a_lane_keeps_its_place() {
        let mut line = line(3);
        for ix in 0..3 {
            line.set(Moment::ZERO, StreamIx(ix), Some(Lane::Turn), 50);
        }
        line.set(Moment::from_millis(99), StreamIx(0), Some(Lane::Turn), 50);
        assert_eq!(line.first(Lane::Turn), Some(StreamIx(0)));
        line.set(Moment::from_millis(99), StreamIx(2), Some(Lane::Urgent), 50);
        assert_eq!(order(&line), [2, 0, 1]);
        line.set(Moment::from_millis(99), StreamIx(2), None, 50);
        assert_eq!((order(&line), line.lane_of(StreamIx(2))), (vec![0, 1], None));
        assert_eq!((line.in_lane(Lane::Urgent), line.in_lane(Lane::Turn)), (0, 2));
    }

    #[test]
    fn who_may_not_jump_the_line_still_has_its_place_in_it() {
        let mut line = line(3);
        line.set(Moment::from_millis(10), StreamIx(0), Some(Lane::Turn), 50);
        line.set(Moment::from_millis(20), StreamIx(1), Some(Lane::Urgent), 50);
        line.set(Moment::from_millis(30), StreamIx(2), Some(Lane::Turn), 50);
        assert_eq!(line.first_of_turns(), Some((Lane::Turn, StreamIx(0))));
        line.set(Moment::from_millis(40), StreamIx(0), None, 50);
        assert_eq!(line.first_of_turns(), Some((Lane::Urgent, StreamIx(1))));
    }

    #[test]
    fn a_probe_is_not_counted_as_waiting() {
        let mut line = line(1);
        line.set(Moment::ZERO, StreamIx(0), Some(Lane::Probe), 50);
        assert_eq!(
            (line.len(), line.first(Lane::Probe), line.first(Lane::Always)),
            (0, Some(StreamIx(0)), None)
        );
    }
}
