//! How the columns sort.

use std::cmp::Ordering;

use crate::model::{Column, Moment, Phase, Row, SortBy};

/// The orders that are asked for most, in the order the key walks through them; the other columns
/// of the screen follow.
const WALK: [Option<Column>; 10] = [
    None,
    Some(Column::Health),
    Some(Column::Phase),
    Some(Column::Name),
    Some(Column::Group),
    Some(Column::Fps),
    Some(Column::Bitrate),
    Some(Column::Speed),
    Some(Column::Uptime),
    Some(Column::Restarts),
];

/// The next order, or the one before, where `shown` are the columns of the screen.
#[must_use]
pub fn step(sort: SortBy, shown: impl IntoIterator<Item = Column>, forward: bool) -> SortBy {
    let mut walk = WALK.to_vec();
    for column in shown.into_iter().chain(sort.column).map(Some) {
        if !walk.contains(&column) {
            walk.push(column);
        }
    }
    let at = walk.iter().position(|column| *column == sort.column).unwrap_or(0);
    let count = walk.len();
    SortBy { column: walk[(at + if forward { 1 } else { count - 1 }) % count], reversed: false }
}

/// Whether the values go down the screen from large to small when not reversed.
#[must_use]
pub const fn descends(column: Option<Column>) -> bool {
    matches!(
        column,
        Some(
            Column::Health
                | Column::Phase
                | Column::Care
                | Column::Priority
                | Column::Fps
                | Column::Bitrate
                | Column::Restarts
                | Column::Failures
                | Column::Cpu
                | Column::Mem
                | Column::Fds
        )
    )
}

/// Whether its order changes while the streams run.
#[must_use]
pub const fn is_live(column: Option<Column>) -> bool {
    !matches!(
        column,
        None | Some(
            Column::Name
                | Column::Id
                | Column::Group
                | Column::Tags
                | Column::Mode
                | Column::Watch
                | Column::Priority
        )
    )
}

/// Compares two rows as they are at `now`; what nobody knows is last either way, equals stay as configured.
#[must_use]
pub fn compare(sort: SortBy, now: Moment, a: &Row, b: &Row) -> Ordering {
    let turned = descends(sort.column) != sort.reversed;
    let turn = |order: Ordering| if turned { order.reverse() } else { order };
    let Some(column) = sort.column else { return turn(a.ix.cmp(&b.ix)) };
    let order = match column {
        Column::Health => turn(badness(a).cmp(&badness(b))),
        Column::Phase => turn(trouble(a.phase).cmp(&trouble(b.phase))),
        Column::Name => turn(a.name.cmp(&b.name)),
        Column::Id => turn(a.id.cmp(&b.id)),
        Column::Group => {
            let groups = known(text(&a.group), text(&b.group), turn);
            groups.then_with(|| a.name.cmp(&b.name))
        }
        Column::Tags => known(a.tags.first(), b.tags.first(), |_| turn(a.tags.cmp(&b.tags))),
        Column::Mode => turn((a.mode as u8).cmp(&(b.mode as u8))),
        Column::Watch => turn((a.watch as u8).cmp(&(b.watch as u8))),
        Column::Priority => turn(a.priority.cmp(&b.priority)),
        Column::Care => turn(cared(a, now).cmp(&cared(b, now))),
        Column::Fps => number(a.figures.fps, b.figures.fps, turn),
        Column::Bitrate => number(a.figures.bitrate_kbps, b.figures.bitrate_kbps, turn),
        Column::Speed => number(a.figures.speed, b.figures.speed, turn),
        // The younger one started later.
        Column::Uptime => known(a.started, b.started, |order| turn(order.reverse())),
        Column::Restarts => turn(a.restarts.cmp(&b.restarts)),
        Column::Failures => turn(a.failures.cmp(&b.failures)),
        Column::Cpu => number(a.usage.map(|u| u.cpu_percent), b.usage.map(|u| u.cpu_percent), turn),
        Column::Mem => known(a.usage.map(|u| u.memory_bytes), b.usage.map(|u| u.memory_bytes), turn),
        Column::Fds => known(a.usage.map(|u| u.open_files), b.usage.map(|u| u.open_files), turn),
        Column::Pid => known(a.pid, b.pid, turn),
        // Who was not seen for longest is first.
        Column::Seen => known(a.last_seen, b.last_seen, turn),
        Column::Age => {
            let at = |row: &Row| text(&row.last_message).map(|_| row.last_message_at);
            known(at(a), at(b), |order| turn(order.reverse()))
        }
        Column::Message => known(text(&a.last_message), text(&b.last_message), turn),
        Column::Input => known(text(&a.input), text(&b.input), turn),
    };
    order.then_with(|| a.ix.cmp(&b.ix))
}

/// Compares what is known; what is not is last.
fn known<T: Ord>(a: Option<T>, b: Option<T>, turn: impl Fn(Ordering) -> Ordering) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => turn(a.cmp(&b)),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

fn number(a: Option<f32>, b: Option<f32>, turn: impl Fn(Ordering) -> Ordering) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => turn(a.total_cmp(&b)),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

fn text(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn badness(row: &Row) -> impl Ord {
    let alarms = row.conditions.iter().filter(|c| c.explained.is_none()).count();
    (row.health(), alarms, row.conditions.len())
}

/// Who has most noted about it.
fn cared(row: &Row, now: Moment) -> impl Ord + use<> {
    let care = &row.care;
    (care.is_muted(now), care.acknowledged.is_some(), !care.note.is_empty())
}

/// How much a phase wants someone's eye.
const fn trouble(phase: Phase) -> u8 {
    match phase {
        Phase::Broken => 9,
        Phase::Stalled => 8,
        Phase::Backoff => 7,
        Phase::Starting => 6,
        Phase::Queued => 5,
        Phase::Held => 4,
        Phase::Stopping => 3,
        Phase::Live => 2,
        Phase::Resting => 1,
        Phase::Stopped => 0,
    }
}

#[cfg(test)]
mod tests {
    use Column::{Age, Cpu, Fds, Group, Input, Mem, Message, Pid, Seen, Tags, Uptime};

    use super::*;
    use crate::console::tests::support::{NOW, ago, row, troubled_board};
    use crate::model::{Care, Usage};

    #[test]
    fn the_sort_key_walks_through_all_orders_and_back() {
        let shown = [Column::Phase, Column::Cpu, Column::Name, Column::Message];
        let mut sort = SortBy::default();
        let mut seen = Vec::new();
        for _ in 0..WALK.len() + 2 {
            let next = step(sort, shown, true);
            assert_eq!(step(next, shown, false), sort);
            seen.push(next.column);
            sort = next;
        }
        assert_eq!(sort, SortBy::default());
        assert!(seen.contains(&Some(Column::Cpu)) && seen.contains(&Some(Column::Message)));
        // Also from one that is not on the screen.
        let away = SortBy { column: Some(Column::Fds), reversed: true };
        assert_eq!(step(away, shown, true), SortBy::default());
    }

    /// Rows of which each column knows an order: 0 is less than 1, and 2 knows nothing.
    fn three() -> [Row; 3] {
        let mut rows = [row(0), row(1), row(2)];
        for (n, row) in (0u8..).zip(&mut rows) {
            let by = f32::from(n);
            row.usage = Some(Usage { cpu_percent: by, memory_bytes: n.into(), open_files: n.into() });
            (row.priority, row.failures, row.restarts) = (n, n.into(), n.into());
            (row.last_message, row.last_message_at) = ("abc"[usize::from(n)..].into(), ago(9 - u64::from(n)));
            row.last_seen = Some(ago(9 - u64::from(n)));
            row.started = Some(ago(9 - u64::from(n)));
            row.tags = [format!("t{n}").into()].into();
            row.group = format!("g{n}").into();
        }
        let last = &mut rows[2];
        (last.usage, last.pid, last.last_seen, last.started) = (None, None, None, None);
        (last.last_message, last.tags, last.group, last.input) =
            ("".into(), std::sync::Arc::default(), "".into(), "".into());
        last.figures = crate::model::Figures::default();
        rows
    }

    #[test]
    fn every_column_sorts_both_ways_and_what_is_unknown_is_last() {
        let rows = three();
        let order = |column: Column, reversed: bool| {
            let mut order = [0, 1, 2];
            let sort = SortBy { column: Some(column), reversed };
            order.sort_by(|a, b| compare(sort, NOW, &rows[*a], &rows[*b]));
            order
        };
        for column in [Pid, Seen, Message, Input, Tags, Group] {
            assert_eq!((order(column, false), order(column, true)), ([0, 1, 2], [1, 0, 2]), "{column:?}");
        }
        for column in [Cpu, Mem, Fds, Age, Uptime] {
            assert_eq!((order(column, false), order(column, true)), ([1, 0, 2], [0, 1, 2]), "{column:?}");
        }
        for column in [Column::Priority, Column::Failures, Column::Restarts] {
            assert_eq!((order(column, false), order(column, true)), ([2, 1, 0], [0, 1, 2]), "{column:?}");
        }
    }

    #[test]
    fn every_order_is_an_order() {
        let board = troubled_board(30);
        for column in Column::ALL.iter().copied().map(Some).chain([None]) {
            for reversed in [false, true] {
                let sort = SortBy { column, reversed };
                let mut rows: Vec<&Row> = board.rows.values().map(AsRef::as_ref).collect();
                rows.sort_by(|a, b| compare(sort, NOW, a, b));
                let wrong = rows.windows(2).any(|p| compare(sort, NOW, p[0], p[1]) != Ordering::Less);
                assert!(!wrong, "{sort:?}");
            }
        }
    }

    #[test]
    fn who_is_cared_for_is_first() {
        let mut rows = [row(0), row(1), row(2)];
        rows[1].care = Care { note: "look".into(), ..Care::default() };
        rows[2].care = Care { muted_until: Some(NOW + std::time::Duration::from_secs(1)), ..Care::default() };
        let sort = SortBy { column: Some(Column::Care), reversed: false };
        rows.sort_by(|a, b| compare(sort, NOW, a, b));
        assert_eq!(rows.map(|row| row.ix.0), [2, 1, 0]);
    }
}
