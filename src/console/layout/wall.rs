//! How the wall is divided, for any size: totals and a clock, what can't be missed, tiles, and the
//! penalty box beside them or below.

use ratatui::layout::{Rect, Size};

use crate::console::text::cells;

/// How large totals and clock are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scale {
    /// One line of text.
    Line,
    /// Digits of three lines.
    Small,
    /// Digits of five lines.
    Large,
}

impl Scale {
    /// Cells of a digit, and from one to the next.
    #[must_use]
    pub const fn digit(self) -> (u16, u16) {
        match self {
            Self::Line => (1, 1),
            Self::Small => (3, 4),
            Self::Large => (6, 8),
        }
    }

    /// Lines of a digit.
    #[must_use]
    pub const fn height(self) -> u16 {
        match self {
            Self::Line => 1,
            Self::Small => 3,
            Self::Large => 5,
        }
    }

    /// Cells of a number of so many digits.
    #[must_use]
    pub const fn number(self, digits: u16) -> u16 {
        let (wide, step) = self.digit();
        if digits == 0 { 0 } else { (digits - 1) * step + wide }
    }

    /// Cells of `14:32`: the colon takes half a digit.
    #[must_use]
    pub const fn clock(self) -> u16 {
        let (wide, step) = self.digit();
        3 * step + wide + step / 2
    }

    /// Cells of one total, up to the next.
    #[must_use]
    pub fn total(self, digits: u16) -> u16 {
        // Below the digits stands a word with its sign: `■ critical`.
        self.number(digits).max(10) + 3
    }

    /// Lines that totals and clock take.
    const fn head(self) -> u16 {
        match self {
            Self::Line => 1,
            _ => self.height() + 1,
        }
    }
}

/// Screens of this height and more have loud banners.
const LOUD: u16 = 30;
/// From this width on the penalty box stands beside the tiles.
const BESIDE: u16 = 100;
/// The widest tile.
const WIDEST_TILE: u16 = 40;
/// Tiles, the largest first: their least width, and their height. The last line of those of three and
/// more is free.
const TILES: [(u16, u16); 4] = [(30, 4), (24, 3), (22, 2), (20, 1)];

/// Lines of a banner that can't be missed.
#[must_use]
pub const fn loud(size: Size) -> u16 {
    if size.height >= LOUD { 3 } else { 1 }
}

/// Where things stand on the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// How large totals and clock are.
    pub scale: Scale,
    /// Digits of each total.
    pub digits: u16,
    /// Totals and clock.
    pub head: Rect,
    /// What can't be missed.
    pub banner: Rect,
    /// The line above the tiles.
    pub rule: Rect,
    /// The tiles.
    pub tiles: Rect,
    /// One of them.
    pub tile: Size,
    /// Tiles beside each other.
    pub columns: usize,
    /// Tiles that fit.
    pub per_page: usize,
    /// Pages that it takes to show all.
    pub pages: usize,
    /// The penalty box, with its title.
    pub penalty: Rect,
}

/// Divides a wall of `size` with `banners` lines that can't be missed, for so many streams; `unwell`:
/// some of them are in the penalty box.
#[must_use]
pub fn plan(size: Size, banners: u16, streams: usize, unwell: bool) -> Plan {
    let digits = cells(streams.to_string().len()).max(2);
    let scale = scale(size, digits);
    let head = Rect::new(0, 0, size.width, scale.head().min(size.height));
    // The tiles keep a few lines, whatever has to be said.
    let most = size.height.saturating_sub(head.height) / 2;
    let banner = Rect { y: head.bottom(), height: banners.min(most), ..head };
    let body = Rect { y: banner.bottom(), height: size.height.saturating_sub(banner.bottom()), ..head };
    let (left, penalty) = if body.width >= BESIDE {
        let wide = (body.width * 3 / 10).clamp(36, 72);
        let left = Rect { width: body.width - wide - 1, ..body };
        (left, Rect { x: left.right() + 1, width: wide, ..body })
    } else {
        // An empty box has a title and a line; one that is not has its room, however many are in it: tiles
        // should not move with each that comes.
        let high = if unwell { (body.height * 2 / 5).max(3) } else { 2 };
        let high = high.min(body.height);
        let left = Rect { height: body.height - high, ..body };
        (left, Rect { y: left.bottom(), height: high, ..body })
    };
    let rule = Rect { height: left.height.min(1), ..left };
    let tiles = Rect { y: rule.bottom(), height: left.height - rule.height, ..left };
    let (tile, columns, rows) = tile(tiles, streams);
    let per_page = (columns * rows).max(1);
    let pages = streams.div_ceil(per_page).max(1);
    Plan { scale, digits, head, banner, rule, tiles, tile, columns, per_page, pages, penalty }
}

/// How the lines of the penalty box stand in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoxPlan {
    /// Lines of each stream.
    pub high: u16,
    /// Streams that are listed.
    pub shown: usize,
    /// Streams that are only counted, in the last line.
    pub more: usize,
}

/// Lists so many streams in `area`, below its title: on two lines each where all of them fit so.
#[must_use]
pub fn box_plan(area: Rect, streams: usize) -> BoxPlan {
    let room = usize::from(area.height.saturating_sub(1));
    let high = if streams * 2 <= room { 2 } else { 1 };
    let fits = room / usize::from(high);
    let shown = if streams > fits { fits.saturating_sub(1) } else { streams };
    BoxPlan { high, shown, more: streams - shown }
}

fn scale(size: Size, digits: u16) -> Scale {
    let fits = |scale: &Scale| {
        let least = if *scale == Scale::Large { 45 } else { 20 };
        size.height >= least && 4 * scale.total(digits) + scale.clock() + 2 <= size.width
    };
    [Scale::Large, Scale::Small].into_iter().find(fits).unwrap_or(Scale::Line)
}

/// The largest tiles of which all fit, else the smallest ones: one of them, and how many there are
/// beside each other and above each other. They are as wide as that leaves room for: names are read
/// from afar.
fn tile(area: Rect, streams: usize) -> (Size, usize, usize) {
    let of = |(least, height): (u16, u16)| {
        let (most, rows) = (usize::from(area.width / least), usize::from(area.height / height).max(1));
        let wanted = streams.div_ceil(rows).max(usize::from(area.width.div_ceil(WIDEST_TILE)));
        let columns = cells(wanted.min(most)).max(1);
        let width = (area.width / columns).min(WIDEST_TILE);
        (Size { width, height }, usize::from(columns), usize::from(area.height / height))
    };
    let all = TILES.map(of);
    let fits = all.into_iter().find(|(_, columns, rows)| columns * rows >= streams);
    fits.unwrap_or(all[TILES.len() - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_never_leave_the_wall_and_never_overlap() {
        for width in (1..=500).step_by(7).chain([40, 80, 99, 100, 120, 500]) {
            for height in 1..=200 {
                for banners in [0, 1, 3, 12] {
                    for streams in [0, 1, 10, 200, 10_000] {
                        let plan = plan(Size { width, height }, banners, streams, streams % 3 > 0);
                        let parts = [plan.head, plan.banner, plan.rule, plan.tiles, plan.penalty];
                        let inside = |part: &Rect| part.right() <= width && part.bottom() <= height;
                        assert!(parts.iter().all(inside), "{width}x{height}: {plan:?}");
                        for (n, part) in parts.iter().enumerate() {
                            let apart = |other: &Rect| part.intersection(*other).is_empty();
                            assert!(parts[n + 1..].iter().all(apart), "{width}x{height}: {plan:?}");
                        }
                        assert!(plan.per_page * plan.pages >= streams);
                        let across = plan.columns * usize::from(plan.tile.width);
                        assert!(across <= usize::from(plan.tiles.width), "{width}x{height}: {plan:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn larger_walls_show_more_at_once_and_fewer_streams_larger() {
        let pages = |width, height, streams| plan(Size { width, height }, 0, streams, true).pages;
        assert_eq!((pages(200, 60, 200), pages(120, 40, 200), pages(80, 24, 200)), (1, 2, 5));
        let tile = |streams| plan(Size { width: 200, height: 60 }, 0, streams, true).tile;
        assert!(tile(10).height > tile(60).height && tile(60).height > tile(300).height);
    }

    #[test]
    fn digits_grow_with_the_wall() {
        let scale = |width, height, streams| plan(Size { width, height }, 0, streams, true).scale;
        assert_eq!(scale(40, 15, 10), Scale::Line);
        assert_eq!(scale(80, 24, 200), Scale::Small);
        assert_eq!(scale(80, 24, 10_000), Scale::Line, "five digits each have no room there");
        assert_eq!(scale(250, 70, 10_000), Scale::Large);
    }

    #[test]
    fn the_least_wall_has_room_for_tiles_and_for_the_box() {
        let of = |unwell| plan(Size { width: 40, height: 15 }, 2, 200, unwell);
        assert!(of(true).per_page >= 8 && of(true).penalty.height >= 4, "{:?}", of(true));
        assert!(of(false).per_page > of(true).per_page && of(false).penalty.height == 2);
    }
}
