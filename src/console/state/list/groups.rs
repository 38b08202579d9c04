//! Streams under their groups: which groups are folded, and what each of them adds up to.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::model::{Condition, ConditionKind, Health, Row, Severity, StreamIx};

/// Groups that can be folded: as many as there can be streams.
pub const MAX_FOLDED: usize = 10_000;
/// Kinds of conditions.
const KINDS: usize = ConditionKind::ALL.len();

/// What the streams of a group add up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// How many there are.
    pub count: u32,
    /// By [`Health`], in the order of [`Health::ALL`].
    health: [u32; 4],
    /// Bits a second of all whose bit rate is known.
    bits: u64,
    /// Conditions that nothing explains, by kind: warnings, critical ones.
    kinds: [[u32; 2]; KINDS],
}

impl Default for Tally {
    fn default() -> Self {
        Self { count: 0, health: [0; 4], bits: 0, kinds: [[0; 2]; KINDS] }
    }
}

impl Tally {
    fn count(&mut self, row: &Row, add: bool) {
        let by = |number: &mut u32| {
            *number = if add { number.saturating_add(1) } else { number.saturating_sub(1) };
        };
        by(&mut self.count);
        by(&mut self.health[row.health() as usize]);
        for condition in alarms(row) {
            by(&mut self.kinds[condition.kind as usize][condition.severity as usize]);
        }
        let bits = bits(row);
        self.bits = if add { self.bits.saturating_add(bits) } else { self.bits.saturating_sub(bits) };
    }

    /// How many are in `health`.
    #[must_use]
    pub const fn with_health(&self, health: Health) -> u32 {
        self.health[health as usize]
    }

    /// The bit rates added up, kbit/s; `None` when there are none.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "three digits of it are shown")]
    pub fn kbps(&self) -> Option<f32> {
        (self.bits > 0).then(|| self.bits as f32 / 1_000.0)
    }

    /// The worst condition of all, the most frequent of those that are as bad, and how many have it.
    #[must_use]
    pub fn worst(&self) -> Option<(Severity, ConditionKind, u32)> {
        for severity in [Severity::Critical, Severity::Warning] {
            let of = |kind: &ConditionKind| self.kinds[*kind as usize][severity as usize];
            let most = ConditionKind::ALL.iter().copied().filter(|kind| of(kind) > 0).rev().max_by_key(of);
            if let Some(kind) = most {
                return Some((severity, kind, of(&kind)));
            }
        }
        None
    }
}

fn alarms(row: &Row) -> impl Iterator<Item = &Condition> {
    row.conditions.iter().filter(|condition| condition.explained.is_none())
}

/// Whole bits, so that what is taken away again is exactly what was added.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 10^12, by the clamp")]
fn bits(row: &Row) -> u64 {
    let kbps = row.figures.bitrate_kbps.filter(|kbps| kbps.is_finite()).unwrap_or(0.0);
    (f64::from(kbps) * 1_000.0).clamp(0.0, 1e12) as u64
}

/// A group, as the list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its name; may be empty.
    pub name: Arc<str>,
    /// Its streams are not shown.
    pub folded: bool,
    /// What its streams add up to, those that the filter lets through.
    pub tally: Tally,
    /// How many of them are selected.
    pub selected: usize,
    /// Its streams: from and to in the list's order.
    pub from: usize,
    /// See `from`.
    pub to: usize,
    /// The place of its line.
    pub entry: usize,
}

/// The groups of the list.
#[derive(Debug, Default)]
pub struct Groups {
    /// In the order of the list; empty while the list is not grouped.
    pub shown: Vec<Group>,
    folded: BTreeSet<Arc<str>>,
}

impl Groups {
    /// Puts `rows` under their groups: the group of the first row is the first one, and so on.
    pub fn build(&mut self, rows: Vec<&Row>, order: &mut Vec<StreamIx>) {
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        let mut members: Vec<Vec<&Row>> = Vec::new();
        for row in rows {
            let number = *numbers.entry(&row.group).or_insert(members.len());
            if number == members.len() {
                members.push(Vec::new());
            }
            members[number].push(row);
        }
        self.shown.clear();
        for rows in members {
            let Some(name) = rows.first().map(|row| Arc::clone(&row.group)) else { continue };
            let mut tally = Tally::default();
            let from = order.len();
            for row in rows {
                tally.count(row, true);
                order.push(row.ix);
            }
            let folded = self.folded.contains(&name);
            self.shown.push(Group { name, folded, tally, selected: 0, from, to: order.len(), entry: 0 });
        }
    }

    /// The list is not grouped any more.
    pub fn clear(&mut self) {
        self.shown.clear();
    }

    /// The group of this name.
    #[must_use]
    pub fn of_name(&self, name: &str) -> Option<&Group> {
        self.shown.iter().find(|group| &*group.name == name)
    }

    /// A stream of the group with this number has changed; says whether what it adds up to did.
    pub fn changed(&mut self, number: usize, old: &Row, new: &Row) -> bool {
        let Some(group) = self.shown.get_mut(number) else { return false };
        let before = group.tally.clone();
        group.tally.count(old, false);
        group.tally.count(new, true);
        group.tally != before
    }

    /// Folds or unfolds a group. Takes effect when the list is built.
    pub fn fold(&mut self, name: &Arc<str>, fold: bool) {
        if !fold {
            self.folded.remove(name);
        } else if self.folded.len() < MAX_FOLDED || self.make_room() {
            self.folded.insert(Arc::clone(name));
        }
    }

    /// Forgets the folds of groups that are not shown; says whether there is room now.
    fn make_room(&mut self) -> bool {
        let shown: BTreeSet<&Arc<str>> = self.shown.iter().map(|group| &group.name).collect();
        self.folded.retain(|name| shown.contains(name));
        self.folded.len() < MAX_FOLDED
    }

    /// Folds or unfolds all groups.
    pub fn fold_all(&mut self, fold: bool) {
        if !fold {
            self.folded.clear();
            return;
        }
        let names: Vec<Arc<str>> = self.shown.iter().map(|group| Arc::clone(&group.name)).collect();
        for name in &names {
            self.fold(name, true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::tests::support::{row, trouble, troubled_board};
    use crate::model::Figures;

    fn grouped(rows: &[Row]) -> (Groups, Vec<StreamIx>) {
        let (mut groups, mut order) = (Groups::default(), Vec::new());
        groups.build(rows.iter().collect(), &mut order);
        (groups, order)
    }

    #[test]
    fn groups_stand_in_the_order_of_their_first_stream() {
        let rows: Vec<Row> = troubled_board(20).rows.values().map(|row| (**row).clone()).collect();
        let (groups, order) = grouped(&rows);
        let names: Vec<&str> = groups.shown.iter().map(|group| &*group.name).collect();
        assert_eq!(names, ["news", "sport", "film", "regional", "kids", "documentary", "music", "business"]);
        assert_eq!(order[..4], [0, 5, 10, 15].map(StreamIx));
        assert_eq!((groups.shown[3].from, groups.shown[3].to), (8, 12));
        assert_eq!(groups.shown.iter().map(|group| group.tally.count).sum::<u32>(), 20);
    }

    #[test]
    fn a_tally_kept_up_to_date_is_the_one_that_is_counted_anew() {
        let mut rows: Vec<Row> = (0..40).map(row).collect();
        let (mut groups, _) = grouped(&rows);
        for step in 0..200 {
            let n = step * 7 % rows.len();
            let old = rows[n].clone();
            let new = &mut rows[n];
            if step % 3 == 0 {
                trouble(new);
            } else {
                let kbps = f32::from(u8::try_from(step).unwrap()) * 1_234.567;
                new.figures = Figures { bitrate_kbps: Some(kbps), ..new.figures };
            }
            let number = groups.shown.iter().position(|group| group.name == old.group).unwrap();
            let same = old == rows[n];
            assert!(groups.changed(number, &old, &rows[n]) || same);
        }
        assert_eq!(groups.shown, grouped(&rows).0.shown);
    }

    #[test]
    fn the_worst_condition_is_the_most_frequent_of_the_worst() {
        let mut rows: Vec<Row> = [3, 5, 11, 21].map(row).into();
        for row in &mut rows {
            trouble(row);
            row.group = "one".into();
        }
        assert_eq!(grouped(&rows[2..3]).0.shown[0].tally.worst(), {
            Some((Severity::Warning, ConditionKind::Slow, 1))
        });
        rows[1].conditions = rows[3].conditions.clone();
        let tally = &grouped(&rows).0.shown[0].tally;
        assert_eq!(tally.worst(), Some((Severity::Critical, ConditionKind::Stalled, 2)));
        assert_eq!(Tally::default().worst(), None);
        assert_eq!((Tally::default().kbps(), tally.kbps().is_some()), (None, true));
    }

    #[test]
    fn folds_are_bounded_and_those_that_are_seen_go_first() {
        let (mut groups, _) = grouped(&[row(0), row(1)]);
        for n in 0..MAX_FOLDED + 500 {
            groups.fold(&format!("g{n}").into(), true);
            assert!(groups.folded.len() <= MAX_FOLDED);
        }
        groups.fold(&"news".into(), true);
        assert!(groups.folded.contains("news"));
        groups.fold_all(true);
        assert!(groups.folded.contains("sport"));
        groups.fold_all(false);
        assert!(groups.folded.is_empty());
    }
}
