//! Where things stand on a screen of a given size. Update and view both need to know.

pub mod wall;

use ratatui::layout::{Rect, Size};

/// Below this the screen says that it is too small.
pub const LEAST: Size = Size { width: 40, height: 12 };
/// Notices shown at the same time, each on its own line.
pub const MAX_NOTICES: u16 = 3;
/// Lines that must not be missed: those, that headend leaves, that the screen is frozen, that the data
/// is old, and that the operator's files have mistakes.
pub const MAX_BANNERS: u16 = MAX_NOTICES + 4;

/// The parts of the screen, from the top down. A part that is not there has no height.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Areas {
    /// The program, totals, what is shown.
    pub header: Rect,
    /// A line of health, in shares.
    pub bar: Rect,
    /// What must not be missed.
    pub banner: Rect,
    /// The machine, in one line.
    pub strip: Rect,
    /// What the screen is about.
    pub body: Rect,
    /// Keys and answers.
    pub footer: Rect,
}

/// Whether anything can be shown.
#[must_use]
pub const fn is_too_small(size: Size) -> bool {
    size.width < LEAST.width || size.height < LEAST.height
}

/// Shares the screen out; `banners` lines must not be missed.
#[must_use]
pub fn areas(size: Size, banners: u16, with_strip: bool) -> Areas {
    let roomy = size.height >= 24;
    let heights = [
        2,
        u16::from(roomy),
        banners.min(MAX_BANNERS),
        u16::from(with_strip && roomy && size.height >= 30 && size.width >= 100),
    ];
    let mut y = 0;
    let [header, bar, banner, strip] = heights.map(|height| {
        let height = height.min(size.height.saturating_sub(y));
        let area = Rect::new(0, y, size.width, height);
        y += height;
        area
    });
    let footer_height = u16::from(size.height > y);
    let body = Rect::new(0, y, size.width, size.height.saturating_sub(y + footer_height));
    let footer = Rect::new(0, size.height.saturating_sub(footer_height), size.width, footer_height);
    Areas { header, bar, banner, strip, body, footer }
}

/// How the penalty box's screen is divided: its list, with a title, and what is known about the
/// selected stream.
#[must_use]
pub fn penalty_parts(body: Rect) -> (Rect, Rect) {
    let panel = match body.height {
        18.. => 6,
        14.. => 5,
        9.. => 4,
        _ => 0,
    };
    let list = Rect { height: body.height - panel, ..body };
    (list, Rect { y: list.bottom(), height: panel, ..body })
}

/// The narrowest a tile gets: its sign, some letters of a name, and what is wrong.
const LEAST_TILE: u16 = 18;
/// The widest.
const MOST_TILE: u16 = 40;
/// How wide tiles are where not all of them fit anyway.
const USUAL_TILE: u16 = 20;

/// How many tiles stand beside each other, and how wide each is: as wide as they can be while all
/// `count` of them fit.
#[must_use]
pub fn tiles(body: Rect, count: usize) -> (usize, u16) {
    let across = |width: u16| (body.width / width).max(1);
    let fits = |across: &u16| usize::from(*across) * usize::from(body.height) >= count;
    let all = (across(MOST_TILE)..=across(LEAST_TILE)).find(fits).unwrap_or_else(|| across(USUAL_TILE));
    (all.into(), body.width / all)
}

/// The widest a list to choose from gets.
const WIDEST_LIST: u16 = 90;
/// The most lines it shows at a time.
const HIGHEST_LIST: u16 = 20;

/// Where a list of `items` to choose from stands in front of `body`: its frame, and the lines of its
/// items in it. `None`: there is no room.
#[must_use]
pub fn picker(body: Rect, items: usize) -> Option<(Rect, Rect)> {
    let wide = WIDEST_LIST.min(body.width.saturating_sub(2));
    let items = u16::try_from(items).unwrap_or(u16::MAX);
    let rows = items.clamp(1, HIGHEST_LIST).min(body.height.saturating_sub(3));
    if wide < 10 || rows == 0 {
        return None;
    }
    let frame = Rect { x: body.x + (body.width - wide) / 2, y: body.y, width: wide, height: rows + 3 };
    Some((frame, Rect { x: frame.x + 2, y: frame.y + 2, width: wide - 4, height: rows }))
}

/// The first item seen of a list in which this one is selected.
#[must_use]
pub fn first_seen(selected: usize, rows: u16) -> usize {
    (selected + 1).saturating_sub(rows.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_fill_the_screen_and_never_leave_it() {
        for width in [0, 1, 60, 80, 250] {
            for height in 0..80 {
                for banners in 0..8 {
                    let size = Size { width, height };
                    let a = areas(size, banners, true);
                    let parts = [a.header, a.bar, a.banner, a.strip, a.body, a.footer];
                    assert_eq!(parts.iter().map(|p| p.height).sum::<u16>(), height, "{size:?}");
                    assert!(parts.iter().all(|p| p.bottom() <= height), "{size:?}");
                    let (list, panel) = penalty_parts(a.body);
                    assert!(list.bottom() == panel.y && panel.bottom() == a.body.bottom());
                }
            }
        }
    }

    #[test]
    fn two_hundred_tiles_fit_the_usual_large_screen() {
        let body = areas(Size { width: 120, height: 40 }, 0, true).body;
        let (across, width) = tiles(body, 200);
        assert!(across * usize::from(body.height) >= 200 && width >= LEAST_TILE, "{across} of {width}");
        assert_eq!(tiles(body, 3), (3, 40), "few are wide");
        assert_eq!(tiles(body, 10_000).0, 6);
        assert_eq!(tiles(Rect::new(0, 0, 0, 0), 5), (1, 0));
        assert_eq!(tiles(Rect::new(0, 0, 10, 5), 5), (1, 10));
    }

    #[test]
    fn the_least_screen_has_room_for_rows() {
        assert!(areas(LEAST, 0, true).body.height >= 8);
        assert!(areas(LEAST, 4, true).body.height >= 4);
        assert!(areas(LEAST, MAX_BANNERS, true).body.height >= 2);
    }
}
