//! The lines that are in a pane: bounded, in the order of time, each with a spot that stays its own
//! while others come and go around it.

use std::collections::VecDeque;

use crate::model::{LogLine, LogPlace};

/// Lines a pane keeps, marks and gaps included.
pub const MAX_LINES: usize = 20_000;
/// Memory they may take, bytes.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;
/// Of the newest lines so many stay while old ones are read back beyond [`MAX_LINES`].
pub const TAIL: usize = 1_000;
/// What a line costs beyond its text, bytes.
const OVERHEAD: usize = 128;
/// Room for a great many lines before the first one.
const FIRST_SPOT: u64 = 1 << 40;

/// What stands in a pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A line of a log.
    Line {
        /// Which of the pane's streams it is of.
        source: usize,
        /// Where it stands in its log.
        place: LogPlace,
        /// The line, clean.
        line: LogLine,
    },
    /// A mark the operator set, at this time.
    Mark(u64),
    /// So many lines came faster than they could be shown.
    Missed(u64),
    /// So many lines were here and gave way to older ones.
    Gap(u64),
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// By this they are in order: the time, but never less than of one before it in its log.
    pub key: u64,
    /// What it is.
    pub what: What,
    /// It passes the filters.
    pub shown: bool,
    /// What is searched for is in it.
    pub hit: bool,
}

impl Entry {
    /// A rule across the pane: no filter hides it.
    #[must_use]
    pub const fn rule(key: u64, what: What) -> Self {
        Self { key, what, shown: true, hit: false }
    }

    /// The line, if it is one.
    #[must_use]
    pub const fn line(&self) -> Option<&LogLine> {
        match &self.what {
            What::Line { line, .. } => Some(line),
            _ => None,
        }
    }

    /// Whose line it is, if it is one.
    #[must_use]
    pub const fn source(&self) -> Option<usize> {
        match &self.what {
            What::Line { source, .. } => Some(*source),
            _ => None,
        }
    }

    fn cost(&self) -> usize {
        OVERHEAD + self.line().map_or(0, |line| line.text.len())
    }
}

/// Where the operator looks. A spot stands for an entry, whatever comes before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Looks {
    /// The last row on the screen: the entry, and which of its rows. `None`: follow the newest.
    pub bottom: Option<(u64, usize)>,
    /// The current line.
    pub cursor: Option<u64>,
    /// Where a selection began.
    pub begin: Option<u64>,
}

impl Looks {
    fn each(&mut self, change: impl Fn(u64) -> u64) {
        if let Some((spot, _)) = &mut self.bottom {
            *spot = change(*spot);
        }
        for spot in [&mut self.cursor, &mut self.begin].into_iter().flatten() {
            *spot = change(*spot);
        }
    }
}

/// The lines.
#[derive(Debug)]
pub struct Lines {
    entries: VecDeque<Entry>,
    /// The spot of the first one.
    first: u64,
    bytes: usize,
    /// How many are lines of a log.
    logged: usize,
    /// How many of those are shown.
    shown: usize,
    /// How many gaps there are: one or none.
    gaps: usize,
    /// Where the operator looks.
    pub looks: Looks,
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            entries: VecDeque::new(),
            first: FIRST_SPOT,
            bytes: 0,
            logged: 0,
            shown: 0,
            gaps: 0,
            looks: Looks::default(),
        }
    }
}

impl Lines {
    /// The spot of the first entry.
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// The spot behind the last entry.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// How many lines there are, and how many of them are shown.
    #[must_use]
    pub const fn counts(&self) -> (usize, usize) {
        (self.logged, self.shown)
    }

    /// Whether there are more than may be.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.entries.len() > MAX_LINES || self.bytes > MAX_BYTES
    }

    fn index(&self, spot: u64) -> usize {
        let index = usize::try_from(spot.saturating_sub(self.first)).unwrap_or(usize::MAX);
        index.min(self.entries.len())
    }

    /// The entry at a spot.
    #[must_use]
    pub fn get(&self, spot: u64) -> Option<&Entry> {
        self.entries.get(self.index(spot)).filter(|_| spot >= self.first)
    }

    /// All entries between two spots, the second excluded, with their spots.
    pub fn range(&self, from: u64, to: u64) -> impl DoubleEndedIterator<Item = (u64, &Entry)> {
        let (from, to) = (self.index(from), self.index(to));
        let entries = self.entries.range(from.min(to)..to);
        let first = self.first + from.min(to) as u64;
        entries.enumerate().map(move |(n, entry)| (first + n as u64, entry))
    }

    /// All entries, with their spots.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = (u64, &Entry)> {
        self.range(self.first, self.end())
    }

    /// The spot of the first entry whose key is at least `key`.
    #[must_use]
    pub fn first_from(&self, key: u64) -> u64 {
        self.first + self.entries.partition_point(|entry| entry.key < key) as u64
    }

    fn count(&mut self, entry: &Entry) {
        self.bytes += entry.cost();
        self.gaps += usize::from(matches!(entry.what, What::Gap(_)));
        if entry.line().is_some() {
            self.logged += 1;
            self.shown += usize::from(entry.shown);
        }
    }

    fn discount(&mut self, entry: &Entry) {
        self.bytes -= entry.cost();
        self.gaps -= usize::from(matches!(entry.what, What::Gap(_)));
        if entry.line().is_some() {
            self.logged -= 1;
            self.shown -= usize::from(entry.shown);
        }
    }

    /// Puts an entry behind all that are not later.
    pub fn put(&mut self, entry: Entry) {
        if self.entries.back().is_none_or(|last| last.key <= entry.key) {
            self.count(&entry);
            self.entries.push_back(entry);
        } else {
            let at = self.entries.partition_point(|other| other.key <= entry.key);
            self.insert(at, entry);
        }
    }

    /// Puts an entry before all that are not earlier; gives its spot.
    pub fn put_before(&mut self, entry: Entry) -> u64 {
        let at = self.entries.partition_point(|other| other.key < entry.key);
        self.insert(at, entry)
    }

    /// Puts a rule behind the entry at `spot`.
    pub fn put_behind(&mut self, spot: u64, what: What) {
        let key = self.get(spot).map_or(0, |entry| entry.key);
        let at = if self.entries.is_empty() { 0 } else { (self.index(spot) + 1).min(self.entries.len()) };
        self.insert(at, Entry::rule(key, what));
    }

    /// Those behind it keep their spots, those before it move up by one.
    fn insert(&mut self, at: usize, entry: Entry) -> u64 {
        self.count(&entry);
        let behind = self.first + at as u64;
        self.entries.insert(at, entry);
        self.first -= 1;
        self.looks.each(|spot| if spot < behind { spot - 1 } else { spot });
        behind - 1
    }

    /// Takes the entries between two spots out, the second excluded, and gives them to `with`.
    /// Whoever looked at one of them looks at the one behind them.
    pub fn remove(&mut self, from: u64, to: u64, mut with: impl FnMut(&Entry)) {
        let (at, until) = (self.index(from), self.index(to));
        if at >= until {
            return;
        }
        let count = (until - at) as u64;
        let gone: Vec<Entry> = self.entries.drain(at..until).collect();
        for entry in &gone {
            self.discount(entry);
            with(entry);
        }
        let (begin, behind) = (self.first + at as u64, self.first + until as u64);
        self.first += count;
        let last = self.end().saturating_sub(1).max(self.first);
        self.looks.each(|spot| {
            let spot = if spot < begin { spot + count } else { spot.max(behind) };
            spot.min(last)
        });
    }

    /// Takes out every entry that `keep` does not want.
    pub fn retain(&mut self, keep: impl Fn(&Entry) -> bool) {
        let mut spot = self.end();
        while spot > self.first {
            spot -= 1;
            if self.get(spot).is_some_and(|entry| !keep(entry)) {
                self.remove(spot, spot + 1, |_| {});
                // Those before it have moved on.
                spot += 1;
            }
        }
    }

    /// Looks at each line anew: is it shown, is it a hit?
    pub fn judge(&mut self, judge: impl Fn(&LogLine) -> (bool, bool)) {
        let mut shown = 0;
        for entry in &mut self.entries {
            let Some(line) = entry.line() else { continue };
            (entry.shown, entry.hit) = judge(line);
            shown += usize::from(entry.shown);
        }
        self.shown = shown;
    }

    /// The spot of the gap, if there is one.
    #[must_use]
    pub fn gap(&self) -> Option<u64> {
        if self.gaps == 0 {
            return None;
        }
        self.all().rev().find(|(_, entry)| matches!(entry.what, What::Gap(_))).map(|(spot, _)| spot)
    }

    /// Makes room for old lines: of the newest [`TAIL`] stay, and those before them give way to the
    /// older ones. What is missing between them is counted in the gap.
    pub fn give_way(&mut self) {
        if self.gap().is_none() {
            let tail = TAIL.min(self.entries.len() / 2);
            let before = self.end() - tail as u64 - 1;
            self.put_behind(before, What::Gap(0));
        }
        while self.is_over() {
            match self.gap() {
                Some(gap) if gap > self.first => self.widen(gap, gap - 1),
                _ => break,
            }
        }
    }

    /// Makes room for new lines behind the gap; false when there is none.
    pub fn give_way_behind_gap(&mut self) -> bool {
        let Some(gap) = self.gap().filter(|gap| gap + 1 < self.end()) else {
            return false;
        };
        self.widen(gap, gap + 1);
        true
    }

    /// Takes out the entry at `spot`, which is next to the gap. Several at once, as each costs a look
    /// at all.
    fn widen(&mut self, gap: u64, spot: u64) {
        const AT_ONCE: u64 = 256;
        let (from, to) = if spot < gap {
            (gap.saturating_sub(AT_ONCE).max(self.first), gap)
        } else {
            (spot, (spot + AT_ONCE).min(self.end()))
        };
        let mut lines = 0;
        self.remove(from, to, |entry| {
            lines += match entry.what {
                What::Line { .. } => 1,
                What::Missed(count) | What::Gap(count) => count,
                What::Mark(_) => 0,
            };
        });
        let gap = self.gap().map(|gap| self.index(gap));
        if let Some(Entry { what: What::Gap(count), .. }) = gap.and_then(|at| self.entries.get_mut(at)) {
            *count += lines;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LineLevel;

    fn entry(key: u64) -> Entry {
        let line = LogLine { wall_ms: key, level: LineLevel::Info, text: key.to_string().into() };
        Entry {
            key,
            what: What::Line { source: 0, place: LogPlace::Line(key), line },
            shown: true,
            hit: false,
        }
    }

    fn keys(lines: &Lines) -> Vec<u64> {
        lines.all().map(|(_, entry)| entry.key).collect()
    }

    fn key_at(lines: &Lines, spot: Option<u64>) -> u64 {
        lines.get(spot.unwrap()).unwrap().key
    }

    #[test]
    fn lines_of_several_logs_are_in_order_and_spots_stay_with_them() {
        let mut lines = Lines::default();
        for key in [10, 20, 30, 40] {
            lines.put(entry(key));
        }
        let of_30 = lines.first_from(30);
        lines.looks = Looks { bottom: Some((of_30, 2)), cursor: Some(of_30), begin: Some(of_30 - 1) };
        lines.put(entry(25));
        lines.put(entry(50));
        lines.put_before(entry(20));
        lines.put_before(entry(5));
        assert_eq!(keys(&lines), [5, 10, 20, 20, 25, 30, 40, 50]);
        let looks = lines.looks;
        assert_eq!(key_at(&lines, looks.bottom.map(|(spot, _)| spot)), 30);
        assert_eq!(looks.bottom.unwrap().1, 2);
        assert_eq!((key_at(&lines, looks.cursor), key_at(&lines, looks.begin)), (30, 20));
        // Out of the middle, and from the front.
        lines.remove(lines.first_from(10), lines.first_from(25), |_| {});
        assert_eq!(keys(&lines), [5, 25, 30, 40, 50]);
        assert_eq!((key_at(&lines, lines.looks.cursor), key_at(&lines, lines.looks.begin)), (30, 25));
        lines.remove(lines.first(), lines.first_from(50), |_| {});
        assert_eq!((key_at(&lines, lines.looks.cursor), key_at(&lines, lines.looks.begin)), (50, 50));
        assert_eq!(lines.counts(), (1, 1));
    }

    #[test]
    fn those_that_are_not_kept_are_taken_out_everywhere() {
        let mut lines = Lines::default();
        for key in 0..10 {
            lines.put(entry(key));
        }
        lines.looks.cursor = Some(lines.first_from(5));
        lines.retain(|entry| entry.key % 3 == 2);
        assert_eq!(keys(&lines), [2, 5, 8]);
        assert_eq!(key_at(&lines, lines.looks.cursor), 5);
        assert_eq!(lines.counts(), (3, 3));
        lines.retain(|_| false);
        assert_eq!((lines.first(), lines.bytes), (lines.end(), 0));
    }

    #[test]
    fn old_lines_take_the_place_of_those_before_the_tail() {
        let mut lines = Lines::default();
        for key in 0..MAX_LINES as u64 {
            lines.put(entry(100_000 + key));
        }
        for key in (50_000..53_000).rev() {
            lines.put_before(entry(key));
            if key % 1_000 == 0 {
                lines.give_way();
                assert!(!lines.is_over());
            }
        }
        assert_eq!(keys(&lines)[0], 50_000);
        let gap = lines.gap().unwrap();
        assert_eq!(lines.end() - gap - 1, TAIL as u64);
        let Some(Entry { what: What::Gap(count), .. }) = lines.get(gap) else { panic!() };
        assert_eq!(lines.counts().0 as u64 + count, MAX_LINES as u64 + 3_000, "each is here or counted");
        // New lines make the gap wider from the other side.
        for key in 0..2 * TAIL as u64 {
            lines.put(entry(200_000 + key));
            while lines.is_over() {
                assert!(lines.give_way_behind_gap());
            }
        }
        let Some(Entry { what: What::Gap(count), .. }) = lines.get(lines.gap().unwrap()) else { panic!() };
        assert_eq!(lines.counts().0 as u64 + count, MAX_LINES as u64 + 5_000);
    }

    #[test]
    fn long_lines_are_fewer() {
        let mut lines = Lines::default();
        let text: std::sync::Arc<str> = "x".repeat(2_048).into();
        for key in 0..MAX_LINES as u64 {
            let mut entry = entry(key);
            if let What::Line { line, .. } = &mut entry.what {
                line.text = std::sync::Arc::clone(&text);
            }
            lines.put(entry);
            while lines.is_over() {
                lines.remove(lines.first(), lines.first() + 1, |_| {});
            }
        }
        assert!(lines.bytes <= MAX_BYTES && lines.counts().0 < MAX_LINES, "{:?}", lines.counts());
    }
}
