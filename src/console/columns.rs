//! The columns of the grid: what they are called, how wide they are, how they sort.

use std::cmp::Ordering;

use super::text::cells;
use crate::model::{Health, Phase, Row};

/// A column of the grid, in the order of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// Where the supervisor is with the stream.
    Phase,
    /// Its name.
    Name,
    /// Its id.
    Id,
    /// Its group.
    Group,
    /// How FFmpeg looks at it.
    Mode,
    /// Its health, with its conditions.
    Health,
    /// Frames a second.
    Fps,
    /// Bit rate.
    Bitrate,
    /// Seconds of media per second.
    Speed,
    /// How long its worker has been running.
    Uptime,
    /// Starts beyond the first.
    Restarts,
    /// Its worker's process id.
    Pid,
    /// How old the message is.
    Age,
    /// The newest line worth showing, or what it waits for.
    Message,
    /// The input in use.
    Input,
}

/// Cells before the first column: the cursor, the phase's sign, a blank.
pub const GUTTER: u16 = 3;
/// Names are given at most this many cells, however long they are.
const WIDEST_NAME: u16 = 36;
/// Groups are given at most this many cells.
const WIDEST_GROUP: u16 = 16;
/// Ids are given at most this many cells.
const WIDEST_ID: u16 = 24;

impl Column {
    /// Every column, the most important first: on a narrow screen the last ones are left out.
    const BY_WEIGHT: [Self; 15] = [
        Self::Phase,
        Self::Name,
        Self::Health,
        Self::Fps,
        Self::Bitrate,
        Self::Speed,
        Self::Uptime,
        Self::Restarts,
        Self::Message,
        Self::Group,
        Self::Age,
        Self::Mode,
        Self::Pid,
        Self::Input,
        Self::Id,
    ];

    /// The title, at a width.
    #[must_use]
    pub const fn title(self, width: u16) -> &'static str {
        match self {
            Self::Phase => "phase",
            Self::Name => "name",
            Self::Id => "id",
            Self::Group => "group",
            Self::Mode => "mode",
            Self::Health => "health",
            Self::Fps => "fps",
            Self::Bitrate if width >= 8 => "bitrate",
            Self::Bitrate => "rate",
            Self::Speed => "speed",
            Self::Uptime if width >= 7 => "uptime",
            Self::Uptime => "up",
            Self::Restarts if width >= 9 => "restarts",
            Self::Restarts => "rst",
            Self::Pid => "pid",
            Self::Age => "ago",
            Self::Message => "last message",
            Self::Input => "input",
        }
    }

    /// Whether it holds numbers, which stand at the right.
    #[must_use]
    pub const fn is_number(self) -> bool {
        matches!(
            self,
            Self::Fps | Self::Bitrate | Self::Speed | Self::Uptime | Self::Restarts | Self::Pid | Self::Age
        )
    }

    /// The least and the most cells it is given.
    fn bounds(self, widest: Widest, screen: u16) -> (u16, u16) {
        let roomy = screen >= 110;
        match self {
            Self::Phase => (8, 8),
            Self::Name if roomy => (widest.name.clamp(14, 22), widest.name.clamp(14, WIDEST_NAME)),
            Self::Name => (14, widest.name.clamp(14, WIDEST_NAME)),
            Self::Id => (10, widest.id.clamp(10, WIDEST_ID)),
            Self::Group if roomy => (widest.group.clamp(6, 11), widest.group.clamp(6, WIDEST_GROUP)),
            Self::Group => (6, widest.group.clamp(6, WIDEST_GROUP)),
            Self::Health if roomy => (18, 34),
            Self::Health => (13, 34),
            Self::Fps => (5, 6),
            Self::Bitrate => (6, 8),
            Self::Speed => (6, 6),
            Self::Uptime => (4, 7),
            Self::Restarts => (4, 9),
            Self::Mode | Self::Pid => (7, 7),
            Self::Age => (4, 4),
            // On a wide screen whole sentences come before more columns.
            Self::Message if screen >= 160 => (64, u16::MAX),
            Self::Message => (18, u16::MAX),
            Self::Input => (38, 60),
        }
    }
}

/// How wide the widest texts of the board are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Widest {
    /// The widest name.
    pub name: u16,
    /// The widest group.
    pub group: u16,
    /// The widest id.
    pub id: u16,
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

/// Chooses the columns that fit into `width` cells and shares the room out. The widths depend on
/// the screen and on the streams' names only, so nothing moves while figures change.
#[must_use]
pub fn place(width: u16, widest: Widest) -> Vec<Placed> {
    // The last cell of a line stays free.
    let mut left = width.saturating_sub(GUTTER + 1);
    let mut chosen: Vec<(Column, u16, u16)> = Vec::new();
    for column in Column::BY_WEIGHT {
        let (least, most) = column.bounds(widest, width);
        let gap = u16::from(!chosen.is_empty());
        if least + gap > left {
            break;
        }
        left -= least + gap;
        chosen.push((column, least, most));
    }
    for stage in STAGES {
        left = grow(&mut chosen, left, stage);
    }
    chosen.sort_by_key(|(column, ..)| *column);
    let mut x = GUTTER;
    let mut placed = Vec::with_capacity(chosen.len());
    for (column, width, _) in chosen {
        placed.push(Placed { column, x, width });
        x = x.saturating_add(width + 1);
    }
    placed
}

/// A column of messages at least this wide holds most reasons.
const WIDE_MESSAGE: u16 = 44;

/// Where a row without a worker says why, when the column of messages is too narrow for it or is
/// not there: from the figures, which such a row has none of, to the end of the line. Where it
/// begins, and its width.
#[must_use]
pub fn place_of_why(placed: &[Placed]) -> Option<(u16, u16)> {
    let of = |column| placed.iter().find(|p| p.column == column);
    if of(Column::Message).is_some_and(|p| p.width >= WIDE_MESSAGE) {
        return None;
    }
    let (begin, last) = (of(Column::Fps)?, placed.last()?);
    Some((begin.x, last.x + last.width - begin.x))
}

/// Who grows first, and up to how many cells: what tells streams and faults apart, then comfort.
const STAGES: [&[(Column, u16)]; 4] = [
    &[(Column::Name, 22), (Column::Health, 20), (Column::Group, 12)],
    &[
        (Column::Name, WIDEST_NAME),
        (Column::Health, 24),
        (Column::Group, WIDEST_GROUP),
        (Column::Message, 40),
    ],
    &[
        (Column::Fps, 6),
        (Column::Bitrate, 8),
        (Column::Uptime, 7),
        (Column::Restarts, 9),
        (Column::Id, WIDEST_ID),
    ],
    &[(Column::Health, 34), (Column::Message, u16::MAX), (Column::Input, 60)],
];

/// Gives each column of a stage its share of `left` cells, one cell at a time; returns what is left.
fn grow(chosen: &mut [(Column, u16, u16)], mut left: u16, stage: &[(Column, u16)]) -> u16 {
    loop {
        let before = left;
        for (column, width, most) in chosen.iter_mut() {
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

/// By what the grid is sorted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// As the configuration has them.
    #[default]
    Configured,
    /// By health, the worst first.
    Health,
    /// By phase, the one in most trouble first.
    Phase,
    /// By name.
    Name,
    /// By group, then name.
    Group,
    /// By frames a second.
    Fps,
    /// By bit rate.
    Bitrate,
    /// By speed, the slowest first.
    Speed,
    /// By uptime, the youngest first.
    Uptime,
    /// By restarts, the most first.
    Restarts,
}

impl Sort {
    /// Every order, in the order the key walks through them.
    pub const ALL: [Self; 10] = [
        Self::Configured,
        Self::Health,
        Self::Phase,
        Self::Name,
        Self::Group,
        Self::Fps,
        Self::Bitrate,
        Self::Speed,
        Self::Uptime,
        Self::Restarts,
    ];

    /// The column it stands for.
    #[must_use]
    pub const fn column(self) -> Option<Column> {
        match self {
            Self::Configured => None,
            Self::Health => Some(Column::Health),
            Self::Phase => Some(Column::Phase),
            Self::Name => Some(Column::Name),
            Self::Group => Some(Column::Group),
            Self::Fps => Some(Column::Fps),
            Self::Bitrate => Some(Column::Bitrate),
            Self::Speed => Some(Column::Speed),
            Self::Uptime => Some(Column::Uptime),
            Self::Restarts => Some(Column::Restarts),
        }
    }

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.column().map_or("configured", |column| column.title(u16::MAX))
    }

    /// The next order, or the one before.
    #[must_use]
    pub fn step(self, forward: bool) -> Self {
        let at = Self::ALL.iter().position(|s| *s == self).unwrap_or(0);
        let count = Self::ALL.len();
        Self::ALL[(at + if forward { 1 } else { count - 1 }) % count]
    }

    /// Whether the values go down the screen from large to small when not reversed.
    #[must_use]
    pub const fn descends(self) -> bool {
        matches!(self, Self::Health | Self::Phase | Self::Fps | Self::Bitrate | Self::Restarts)
    }

    /// Whether its order changes while the streams run.
    #[must_use]
    pub const fn is_live(self) -> bool {
        !matches!(self, Self::Configured | Self::Name | Self::Group)
    }

    /// Compares two rows; unknown numbers are last either way, equals stay as configured.
    #[must_use]
    pub fn compare(self, reversed: bool, a: &Row, b: &Row) -> Ordering {
        let turned = self.descends() != reversed;
        let turn = |order: Ordering| if turned { order.reverse() } else { order };
        let number = |a: Option<f32>, b: Option<f32>| match (a, b) {
            (Some(a), Some(b)) => turn(a.total_cmp(&b)),
            (a, b) => b.is_some().cmp(&a.is_some()),
        };
        let order = match self {
            Self::Configured => turn(a.ix.cmp(&b.ix)),
            Self::Health => {
                let alarms = |row: &Row| row.conditions.iter().filter(|c| c.explained.is_none()).count();
                let badness = |row: &Row| (row.health(), alarms(row), row.conditions.len());
                turn(badness(a).cmp(&badness(b)))
            }
            Self::Phase => turn(trouble(a.phase).cmp(&trouble(b.phase))),
            Self::Name => turn(a.name.cmp(&b.name)),
            Self::Group => turn(a.group.cmp(&b.group)).then_with(|| a.name.cmp(&b.name)),
            Self::Fps => number(a.figures.fps, b.figures.fps),
            Self::Bitrate => number(a.figures.bitrate_kbps, b.figures.bitrate_kbps),
            Self::Speed => number(a.figures.speed, b.figures.speed),
            Self::Uptime => match (a.started, b.started) {
                // The younger one started later.
                (Some(a), Some(b)) => turn(b.cmp(&a)),
                (a, b) => b.is_some().cmp(&a.is_some()),
            },
            Self::Restarts => turn(a.restarts.cmp(&b.restarts)),
        };
        order.then_with(|| a.ix.cmp(&b.ix))
    }
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

/// Whether a row is worth showing when only faults are asked for.
#[must_use]
pub fn has_fault(row: &Row) -> bool {
    matches!(row.health(), Health::Warning | Health::Critical)
        || matches!(row.phase, Phase::Backoff | Phase::Broken | Phase::Stalled)
}

/// Measures the texts of `rows`.
#[must_use]
pub fn measure<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Widest {
    rows.into_iter().fold(Widest::default(), |widest, row| Widest {
        name: widest.name.max(cells(super::text::width(&row.name))),
        group: widest.group.max(cells(super::text::width(&row.group))),
        id: widest.id.max(cells(row.id.as_str().len())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDEST: Widest = Widest { name: 28, group: 12, id: 20 };

    fn names(width: u16) -> Vec<Column> {
        place(width, WIDEST).into_iter().map(|p| p.column).collect()
    }

    #[test]
    fn columns_never_overlap_and_never_leave_the_screen() {
        for width in 0..400 {
            for widest in [Widest::default(), WIDEST, Widest { name: 900, group: 900, id: 64 }] {
                let placed = place(width, widest);
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
        for column in [Column::Phase, Column::Name, Column::Health, Column::Fps, Column::Bitrate] {
            assert!(names(60).contains(&column), "{column:?}");
        }
        assert!(names(80).contains(&Column::Restarts));
        assert!(names(120).contains(&Column::Message) && names(120).contains(&Column::Group));
        assert_eq!(names(250).len(), Column::BY_WEIGHT.len());
    }

    #[test]
    fn a_wide_screen_is_used_to_its_edge() {
        let last = place(250, WIDEST).pop().unwrap();
        assert_eq!(last.x + last.width + 1, 250);
    }

    #[test]
    fn there_is_a_place_for_the_reason_on_every_screen() {
        for width in 60..=250 {
            let placed = place(width, WIDEST);
            let message = placed.iter().find(|p| p.column == Column::Message);
            let room = place_of_why(&placed).map_or_else(|| message.unwrap().width, |(_, room)| room);
            assert!(room >= if width < 70 { 12 } else { 24 }, "{room} at {width}");
        }
    }

    #[test]
    fn the_sort_key_walks_through_all_orders_and_back() {
        let mut sort = Sort::default();
        for _ in Sort::ALL {
            assert_eq!(sort.step(true).step(false), sort);
            sort = sort.step(true);
        }
        assert_eq!(sort, Sort::default());
    }
}
