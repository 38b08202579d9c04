//! Which columns fit, and how the room is shared out.

use crate::console::text::{cells, width};
use crate::model::{Column, ColumnChoice, Density, Row};

/// Cells before the first column: the cursor or the mark of what is selected, the phase's sign, a
/// blank.
pub const GUTTER: u16 = 3;
/// Names are given at most this many cells, however long they are.
const WIDEST_NAME: u16 = 36;
/// Groups are given at most this many cells.
const WIDEST_GROUP: u16 = 16;
/// Ids are given at most this many cells.
const WIDEST_ID: u16 = 24;
/// Tags are given at most this many cells.
const WIDEST_TAGS: u16 = 24;
/// Below this the health gets what a name could do without.
const NARROW: u16 = 48;

/// Every column, the most important first: on a narrow screen the last ones are left out.
const BY_WEIGHT: [Column; 24] = [
    Column::Phase,
    Column::Name,
    Column::Health,
    Column::Fps,
    Column::Bitrate,
    Column::Speed,
    Column::Uptime,
    Column::Restarts,
    Column::Message,
    Column::Group,
    Column::Age,
    Column::Mode,
    Column::Pid,
    Column::Input,
    Column::Id,
    // Only for who asks for them.
    Column::Care,
    Column::Cpu,
    Column::Mem,
    Column::Fds,
    Column::Failures,
    Column::Priority,
    Column::Watch,
    Column::Seen,
    Column::Tags,
];
/// So many of them are shown to who asked for nothing else, if there is room.
const USUAL: usize = 15;

/// How wide the widest texts of the board are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Widest {
    /// The widest name.
    pub name: u16,
    /// The widest group.
    pub group: u16,
    /// The widest id.
    pub id: u16,
    /// The widest tags.
    pub tags: u16,
}

/// Measures the texts of `rows`.
#[must_use]
pub fn measure<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Widest {
    rows.into_iter().fold(Widest::default(), |widest, row| {
        let tags: usize = row.tags.iter().map(|tag| width(tag) + 1).sum();
        Widest {
            name: widest.name.max(cells(width(&row.name))),
            group: widest.group.max(cells(width(&row.group))),
            id: widest.id.max(cells(row.id.as_str().len())),
            tags: widest.tags.max(cells(tags.saturating_sub(1))),
        }
    })
}

/// Which columns are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted<'a> {
    /// Those that suit the screen.
    Usual(Density),
    /// These, in this order.
    Chosen(&'a [ColumnChoice]),
}

/// A column and its place on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Which.
    pub column: Column,
    /// From the left edge.
    pub x: u16,
    /// In cells.
    pub width: u16,
}

/// A column that has its room, and the most it can use.
struct Roomed {
    column: Column,
    width: u16,
    most: u16,
}

/// The least and the most cells a column is given.
fn bounds(column: Column, widest: Widest, screen: u16) -> (u16, u16) {
    let roomy = screen >= 110;
    match column {
        Column::Phase => (8, 8),
        Column::Name if roomy => (widest.name.clamp(14, 22), widest.name.clamp(14, WIDEST_NAME)),
        Column::Name => (if screen < NARROW { 13 } else { 14 }, widest.name.clamp(14, WIDEST_NAME)),
        Column::Id => (10, widest.id.clamp(10, WIDEST_ID)),
        Column::Group if roomy => (widest.group.clamp(6, 11), widest.group.clamp(6, WIDEST_GROUP)),
        Column::Group => (6, widest.group.clamp(6, WIDEST_GROUP)),
        Column::Tags => (6, widest.tags.clamp(6, WIDEST_TAGS)),
        Column::Health if roomy => (18, 34),
        Column::Health => (13, 34),
        Column::Care => (8, 40),
        Column::Fps => (5, 6),
        Column::Bitrate => (6, 8),
        Column::Speed | Column::Watch => (6, 6),
        Column::Uptime => (4, 7),
        Column::Restarts => (4, 9),
        Column::Failures | Column::Priority => (4, 8),
        Column::Mode | Column::Pid => (7, 7),
        Column::Cpu | Column::Mem | Column::Fds => (5, 5),
        Column::Age | Column::Seen => (4, 4),
        // On a wide screen whole sentences come before more columns.
        Column::Message if screen >= 160 => (64, u16::MAX),
        Column::Message => (18, u16::MAX),
        Column::Input => (38, 60),
    }
}

/// Places the columns that fit into `width` cells and shares the room out. The widths depend on
/// the screen and on the streams' names only, so nothing moves while figures change.
#[must_use]
pub fn place(width: u16, widest: Widest, wanted: Wanted) -> Vec<Placed> {
    // The last cell of a line stays free.
    let mut left = width.saturating_sub(GUTTER + 1);
    let mut roomed: Vec<Roomed> = Vec::new();
    for (choice, may_go) in in_order_of_weight(wanted) {
        let (least, most) = match choice.width {
            Some(width) => (width, width),
            None => bounds(choice.column, widest, width),
        };
        let gap = u16::from(!roomed.is_empty());
        if least + gap > left {
            if may_go {
                continue;
            }
            break;
        }
        left -= least + gap;
        roomed.push(Roomed { column: choice.column, width: least, most });
    }
    for stage in STAGES {
        left = grow(&mut roomed, left, stage);
    }
    match wanted {
        Wanted::Usual(_) => roomed.sort_by_key(|roomed| roomed.column),
        Wanted::Chosen(chosen) => roomed.sort_by_key(|roomed| {
            chosen.iter().position(|choice| choice.column == roomed.column).unwrap_or(usize::MAX)
        }),
    }
    let mut x = GUTTER;
    let mut placed = Vec::with_capacity(roomed.len());
    for Roomed { column, width, .. } in roomed {
        placed.push(Placed { column, x, width });
        x = x.saturating_add(width + 1);
    }
    placed
}

/// The wanted columns, the most important first, and whether a lighter one may take the place of
/// one that does not fit.
fn in_order_of_weight(wanted: Wanted) -> Vec<(ColumnChoice, bool)> {
    match wanted {
        Wanted::Usual(density) => {
            // The second line says it.
            let said = |column: &Column| {
                density == Density::Two && matches!(column, Column::Message | Column::Age | Column::Input)
            };
            let usual = BY_WEIGHT.into_iter().take(USUAL).filter(|column| !said(column));
            usual.map(|column| (ColumnChoice::of(column), false)).collect()
        }
        Wanted::Chosen(chosen) => {
            let of = |column: Column| chosen.iter().find(|choice| choice.column == column);
            BY_WEIGHT.into_iter().filter_map(of).map(|choice| (*choice, true)).collect()
        }
    }
}

/// A column of messages at least this wide holds most reasons.
const WIDE_MESSAGE: u16 = 44;

/// Where a row without a worker says why, when the column of messages is too narrow for it or is
/// not there: in the widest run of columns that such a row has nothing to say in. Where it begins,
/// and its width.
#[must_use]
pub fn place_of_why(placed: &[Placed]) -> Option<(u16, u16)> {
    let message = placed.iter().find(|p| p.column == Column::Message);
    if message.is_some_and(|p| p.width >= WIDE_MESSAGE) {
        return None;
    }
    let runs = placed.chunk_by(|a, b| a.column.is_of_a_worker() == b.column.is_of_a_worker());
    let runs = runs.filter_map(|run| Some((run.first()?, run.last()?)));
    let runs = runs.filter(|(first, _)| first.column.is_of_a_worker());
    runs.map(|(first, last)| (first.x, last.x + last.width - first.x)).max_by_key(|(_, width)| *width)
}

/// Who grows first, and up to how many cells: what tells streams and faults apart, then comfort.
const STAGES: [&[(Column, u16)]; 4] = [
    &[(Column::Name, 22), (Column::Health, 20), (Column::Group, 12)],
    &[
        (Column::Name, WIDEST_NAME),
        (Column::Health, 24),
        (Column::Group, WIDEST_GROUP),
        (Column::Care, 20),
        (Column::Tags, WIDEST_TAGS),
        (Column::Message, 40),
    ],
    &[
        (Column::Fps, 6),
        (Column::Bitrate, 8),
        (Column::Uptime, 7),
        (Column::Restarts, 9),
        (Column::Failures, 8),
        (Column::Priority, 8),
        (Column::Id, WIDEST_ID),
    ],
    &[(Column::Health, 34), (Column::Care, 40), (Column::Message, u16::MAX), (Column::Input, 60)],
];

/// Gives each column of a stage its share of `left` cells, one cell at a time; returns what is left.
fn grow(roomed: &mut [Roomed], mut left: u16, stage: &[(Column, u16)]) -> u16 {
    loop {
        let before = left;
        for Roomed { column, width, most } in roomed.iter_mut() {
            let limit = stage.iter().find(|(c, _)| c == column).map_or(0, |(_, limit)| *limit);
            if *width < limit.min(*most) && left > 0 {
                *width += 1;
                left -= 1;
            }
        }
        if left == before {
            return left;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDEST: Widest = Widest { name: 28, group: 12, id: 20, tags: 9 };
    const USUAL_ONES: Wanted = Wanted::Usual(Density::One);

    fn names(width: u16) -> Vec<Column> {
        place(width, WIDEST, USUAL_ONES).into_iter().map(|p| p.column).collect()
    }

    fn chosen(texts: &[&str]) -> Vec<ColumnChoice> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn columns_never_overlap_and_never_leave_the_screen() {
        let all: Vec<ColumnChoice> = Column::ALL.iter().rev().copied().map(ColumnChoice::of).collect();
        let some = chosen(&["input", "name:200", "fps:3", "health:60"]);
        let wants = [USUAL_ONES, Wanted::Usual(Density::Two), Wanted::Chosen(&all), Wanted::Chosen(&some)];
        let widests = [Widest::default(), WIDEST, Widest { name: 900, group: 900, id: 64, tags: 2_000 }];
        for width in 0..400 {
            for (widest, wanted) in widests.into_iter().flat_map(|w| wants.map(|wanted| (w, wanted))) {
                let placed = place(width, widest, wanted);
                for pair in placed.windows(2) {
                    assert_eq!(pair[0].x + pair[0].width + 1, pair[1].x, "at {width}");
                }
                if let Some(last) = placed.last() {
                    assert!(last.x + last.width <= width, "at {width}");
                }
            }
        }
    }

    #[test]
    fn a_narrow_screen_keeps_what_matters_and_a_wide_one_shows_all() {
        assert_eq!(names(40), [Column::Phase, Column::Name, Column::Health]);
        for column in [Column::Phase, Column::Name, Column::Health, Column::Fps, Column::Bitrate] {
            assert!(names(60).contains(&column), "{column:?}");
        }
        assert!(names(80).contains(&Column::Restarts));
        assert!(names(120).contains(&Column::Message) && names(120).contains(&Column::Group));
        assert_eq!(names(250).len(), USUAL);
    }

    #[test]
    fn every_column_has_its_weight() {
        let mut sorted = BY_WEIGHT;
        sorted.sort();
        assert_eq!(sorted, *Column::ALL);
    }

    #[test]
    fn a_wide_screen_is_used_to_its_edge() {
        let last = place(250, WIDEST, USUAL_ONES).pop().unwrap();
        assert_eq!(last.x + last.width + 1, 250);
    }

    #[test]
    fn what_was_chosen_stands_in_its_order_with_its_width() {
        let choice = chosen(&["bitrate", "name:9", "cpu", "phase"]);
        let placed = place(120, WIDEST, Wanted::Chosen(&choice));
        let columns: Vec<Column> = placed.iter().map(|p| p.column).collect();
        assert_eq!(columns, [Column::Bitrate, Column::Name, Column::Cpu, Column::Phase]);
        assert_eq!((placed[1].x, placed[1].width), (GUTTER + 9, 9));
        // Where not all of them fit the most important stay, and a lighter one may fill a gap.
        let placed = place(30, WIDEST, Wanted::Chosen(&choice));
        let columns: Vec<Column> = placed.iter().map(|p| p.column).collect();
        assert_eq!(columns, [Column::Bitrate, Column::Name, Column::Phase]);
        let choice = chosen(&["message:60", "fds", "name"]);
        let columns: Vec<Column> =
            place(40, WIDEST, Wanted::Chosen(&choice)).iter().map(|p| p.column).collect();
        assert_eq!(columns, [Column::Fds, Column::Name]);
    }

    #[test]
    fn there_is_a_place_for_the_reason_on_every_screen() {
        for width in 60..=250 {
            let placed = place(width, WIDEST, USUAL_ONES);
            let message = placed.iter().find(|p| p.column == Column::Message);
            let room = place_of_why(&placed).map_or_else(|| message.unwrap().width, |(_, room)| room);
            assert!(room >= if width < 70 { 12 } else { 24 }, "{room} at {width}");
        }
    }

    #[test]
    fn the_reason_hides_no_column_that_has_something_to_say() {
        let choice = chosen(&["phase", "cpu", "mem", "health:20", "fps", "bitrate", "speed", "name"]);
        let placed = place(120, WIDEST, Wanted::Chosen(&choice));
        let (x, room) = place_of_why(&placed).unwrap();
        let covered: Vec<Column> =
            placed.iter().filter(|p| p.x >= x && p.x < x + room).map(|p| p.column).collect();
        assert_eq!(covered, [Column::Fps, Column::Bitrate, Column::Speed]);
        assert_eq!(place_of_why(&place(80, WIDEST, Wanted::Chosen(&chosen(&["name", "health"])))), None);
    }
}
