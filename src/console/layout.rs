//! Where things stand on a screen of a given size. Update and view both need to know.

use ratatui::layout::{Rect, Size};

/// Below this the screen says that it is too small.
pub const LEAST: Size = Size { width: 40, height: 12 };
/// Notices shown at the same time, each on its own line.
pub const MAX_NOTICES: u16 = 3;

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
        banners.min(MAX_NOTICES + 1),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_fill_the_screen_and_never_leave_it() {
        for width in [0, 1, 60, 80, 250] {
            for height in 0..80 {
                for banners in 0..5 {
                    let size = Size { width, height };
                    let a = areas(size, banners, true);
                    let parts = [a.header, a.bar, a.banner, a.strip, a.body, a.footer];
                    assert_eq!(parts.iter().map(|p| p.height).sum::<u16>(), height, "{size:?}");
                    assert!(parts.iter().all(|p| p.bottom() <= height), "{size:?}");
                }
            }
        }
    }

    #[test]
    fn the_least_screen_has_room_for_rows() {
        assert!(areas(LEAST, 0, true).body.height >= 8);
        assert!(areas(LEAST, 4, true).body.height >= 4);
    }
}
