//! Lines drawn with dots: two by four to a cell in Unicode, one by two in ASCII.
//!
//! Each step of a history has its place for good: a chart moves by whole cells, and between two moves
//! only its newest cell changes.

use crate::console::glyphs::Glyphs;

/// The part of a history that a chart shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The number of the step after the last one.
    pub end: u64,
    /// How many steps the whole width stands for.
    pub steps: u64,
}

/// Values by the numbers of their steps.
#[derive(Debug, Clone, Copy)]
pub struct Series<'a> {
    /// The step of the first value.
    pub first: u64,
    /// The lowest of each step; not a number where it is not known.
    pub lowest: &'a [f32],
    /// The highest, as many.
    pub highest: &'a [f32],
}

/// The lowest and the highest of some values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The lowest.
    pub low: f32,
    /// The highest.
    pub high: f32,
}

impl Range {
    /// Of those that are known.
    pub fn of(values: impl IntoIterator<Item = f32>) -> Option<Self> {
        values.into_iter().filter(|v| v.is_finite()).fold(None, |range: Option<Self>, v| {
            Some(range.map_or(Self { low: v, high: v }, |r| Self { low: r.low.min(v), high: r.high.max(v) }))
        })
    }
}

impl Series<'_> {
    /// What there was in the steps from `from` on until before `until`, as far as anything is known.
    fn range(&self, from: u64, until: u64) -> Option<Range> {
        let part = |values: &[f32]| {
            let place = |step: u64| {
                usize::try_from(step.saturating_sub(self.first)).unwrap_or(usize::MAX).min(values.len())
            };
            place(from)..place(until).max(place(from))
        };
        let lowest = &self.lowest[part(self.lowest)];
        Range::of(lowest.iter().chain(&self.highest[part(self.highest)]).copied())
    }

    /// What is seen in a window.
    pub fn within(&self, window: Window) -> Option<Range> {
        self.range(window.end.saturating_sub(window.steps), window.end)
    }
}

impl Window {
    /// What each of `cells` times `each` columns of dots shows, the oldest first. The last cell holds
    /// the newest step, and may be filled in part only.
    fn columns(self, series: Series<'_>, cells: usize, each: usize) -> Vec<Option<Range>> {
        let (cells, each) = (cells as u64, each as u64);
        let (steps, columns) = (self.steps.max(1), cells * each);
        if columns == 0 || self.end == 0 {
            return vec![None; usize::try_from(columns).unwrap_or_default()];
        }
        // Counted in columns since the first step there ever was.
        let newest_cell = (self.end - 1) * cells / steps;
        let after = (newest_cell + 1) * each;
        let column = |n: u64| {
            let at = (after + n).checked_sub(columns)?;
            let (from, until) = ((at * steps).div_ceil(columns), ((at + 1) * steps).div_ceil(columns));
            // Where there are more columns than steps, a step has several.
            let (from, until) = if from < until { (from, until) } else { (at * steps / columns, from) };
            series.range(from, until.min(self.end))
        };
        (0..columns).map(column).collect()
    }
}

impl Window {
    /// One value for each of `count` cells, the oldest first; not a number where none is known.
    pub fn cells(self, series: Series<'_>, count: usize, lowest: bool) -> Vec<f32> {
        let value = |range: Range| if lowest { range.low } else { range.high };
        self.columns(series, count, 1).into_iter().map(|c| c.map_or(f32::NAN, value)).collect()
    }
}

/// A chart of dots: its lines, the top one first. A column of dots reaches from the lowest to the
/// highest of what it stands for, so that nothing is too short to be seen, and up or down to the
/// column before. What is not known leaves a gap.
pub fn lines(
    series: Series<'_>,
    window: Window,
    (low, high): (f32, f32),
    (width, height): (usize, usize),
    glyphs: &Glyphs,
) -> Vec<String> {
    let (across, down) = if glyphs.ascii { (1, 2) } else { (2, 4) };
    if width == 0 || height == 0 {
        return vec![String::new(); height];
    }
    let levels = height * down;
    let mut dots = vec![vec![0_u8; width]; height];
    let mut before: Option<(usize, usize)> = None;
    for (x, column) in window.columns(series, width, across).into_iter().enumerate() {
        let reach = column.map(|r| (level(r.low, low, high, levels), level(r.high, low, high, levels)));
        if let Some((from, until)) = reach {
            let (from, until) = match before {
                Some((_, top)) if top + 1 < from => (top + 1, until),
                Some((bottom, _)) if bottom > until + 1 => (from, bottom - 1),
                _ => (from, until),
            };
            for y in from..=until.min(levels.saturating_sub(1)) {
                let (row, sub) = (height - 1 - y / down, y % down);
                dots[row][x / across] |= bit(x % across, sub, glyphs.ascii);
            }
        }
        before = reach;
    }
    let sign = |mask: &u8| if glyphs.ascii { ascii(*mask) } else { braille(*mask) };
    dots.iter().map(|row| row.iter().map(sign).collect()).collect()
}

/// The line of a chart of `height` lines that a value stands on, counted from the top; `None` when it
/// is beyond its ends.
pub fn line_of(value: f32, (low, high): (f32, f32), height: usize) -> Option<usize> {
    let inside = value.is_finite() && value >= low && value <= high && height > 0;
    inside.then(|| height - 1 - level(value, low, high, height * 4) / 4)
}

/// The dot that a value falls on, counted from the bottom.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the levels")]
#[expect(clippy::cast_precision_loss, reason = "screens end long before that")]
fn level(value: f32, low: f32, high: f32, levels: usize) -> usize {
    if levels == 0 || high <= low {
        return 0;
    }
    let share = ((value - low) / (high - low)).clamp(0.0, 1.0);
    (share * (levels - 1) as f32).round() as usize
}

/// The bit of a dot, `sub` counted from the bottom of its cell.
const fn bit(x: usize, sub: usize, ascii: bool) -> u8 {
    if ascii {
        return 1 << sub;
    }
    match (x, sub) {
        (0, 0) => 0x40,
        (0, 1) => 0x04,
        (0, 2) => 0x02,
        (0, _) => 0x01,
        (_, 0) => 0x80,
        (_, 1) => 0x20,
        (_, 2) => 0x10,
        (_, _) => 0x08,
    }
}

fn braille(mask: u8) -> char {
    if mask == 0 { ' ' } else { char::from_u32(0x2800 + u32::from(mask)).unwrap_or(' ') }
}

const fn ascii(mask: u8) -> char {
    match mask {
        0 => ' ',
        1 => '.',
        2 => '\'',
        _ => ':',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::glyphs::{ASCII, UNICODE};

    fn drawn(values: &[f32], first: u64, steps: u64, size: (usize, usize), glyphs: &Glyphs) -> Vec<String> {
        let series = Series { first, lowest: values, highest: values };
        let window = Window { end: first + values.len() as u64, steps };
        lines(series, window, (0.0, 8.0), size, glyphs)
    }

    #[test]
    fn a_line_goes_from_the_bottom_to_the_top() {
        let ramp: Vec<f32> = (0_u8..8).map(|n| f32::from(n) * 8.0 / 7.0).collect();
        assert_eq!(drawn(&ramp, 0, 8, (4, 2), &UNICODE), ["  ⡠⠊", "⡠⠊  "]);
        assert_eq!(drawn(&ramp, 0, 8, (8, 4), &ASCII), ["      .'", "    .'  ", "  .'    ", ".'      "]);
    }

    #[test]
    fn a_short_fault_is_seen_and_what_is_not_known_is_a_gap() {
        let values = [8.0, 8.0, 0.0, 8.0, f32::NAN, f32::NAN, 4.0, 4.0];
        assert_eq!(drawn(&values, 0, 8, (4, 2), &UNICODE), ["⠉⣾ ⣀", " ⡿  "]);
        // One of a hundred steps that share a column of dots.
        let mut values = vec![8.0; 800];
        values[250] = 0.0;
        let drawn = drawn(&values, 0, 800, (4, 2), &UNICODE);
        assert_eq!(drawn, ["⠉⡏⠉⠉", " ⡇  "]);
    }

    #[test]
    fn a_step_reaches_from_its_lowest_to_its_highest() {
        let (lowest, highest) = ([1.0, 1.0, 1.0, f32::NAN], [1.0, 7.0, 1.0, f32::NAN]);
        let series = Series { first: 0, lowest: &lowest, highest: &highest };
        let window = Window { end: 4, steps: 4 };
        assert_eq!(lines(series, window, (0.0, 8.0), (4, 4), &ASCII), [" .  ", " :  ", " :  ", "''' "]);
        assert_eq!(series.within(window), Some(Range { low: 1.0, high: 7.0 }));
        assert_eq!(window.cells(series, 4, false)[..3], [1.0, 7.0, 1.0]);
        assert_eq!(window.cells(series, 4, true)[..3], [1.0, 1.0, 1.0]);
    }

    /// A history whose values can be told apart.
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    fn waves(first: u64, count: u64) -> Vec<f32> {
        (first..first + count).map(|n| ((n * 7_919) % 97) as f32 / 97.0 * 8.0).collect()
    }

    #[test]
    fn a_chart_moves_by_whole_cells_and_else_only_its_newest_cell_changes() {
        for (steps, wide) in [(300, 40), (300, 73), (300, 200), (360, 113), (90, 60), (60, 200)] {
            let at = |end: u64| {
                let (first, values) = (end - 400, waves(end - 400, 400));
                let series = Series { first, lowest: &values, highest: &values };
                lines(series, Window { end, steps }, (0.0, 8.0), (wide, 3), &UNICODE)
            };
            let part = |lines: &[String], from: usize, count: usize| -> Vec<String> {
                lines.iter().map(|line| line.chars().skip(from).take(count).collect()).collect()
            };
            let mut moves = 0;
            for end in 10_000..10_200 {
                let (before, after) = (at(end), at(end + 1));
                // The first cell has nothing before it to reach to.
                let stays = part(&before, 1, wide - 2) == part(&after, 1, wide - 2);
                // Where a step takes several cells, it moves by all of them.
                let shift =
                    (1..=4).find(|by| part(&before, by + 1, wide - by - 2) == part(&after, 1, wide - by - 2));
                assert!(stays || shift.is_some(), "{steps} steps on {wide} cells at {end}");
                moves += u64::from(!stays);
            }
            assert!(moves <= (200 * wide as u64).div_ceil(steps) + 1, "{moves} moves on {wide} cells");
        }
    }

    #[test]
    fn all_that_is_in_the_window_is_in_the_chart() {
        for (steps, wide) in [(300, 1), (300, 40), (300, 200), (60, 200), (360, 7)] {
            for end in 1_000..1_000 + steps {
                let mut values = vec![1.0; 1_500];
                // The newest step, and one in the middle.
                for step in [end - 1, end - steps / 2] {
                    values[usize::try_from(step).unwrap()] = 8.0;
                }
                let series = Series { first: 0, lowest: &values, highest: &values };
                let seen = Window { end, steps }.cells(series, wide, false);
                assert_eq!(seen.len(), wide);
                assert_eq!(seen.last(), Some(&8.0), "{steps} on {wide} at {end}");
                assert!(wide == 1 || seen[..wide - 1].contains(&8.0));
            }
        }
    }

    #[test]
    fn nothing_leaves_the_chart() {
        let values = [f32::MAX, -5.0, f32::INFINITY, 1e-30, 4.0];
        for width in 0..9 {
            for height in 0..5 {
                for glyphs in [&UNICODE, &ASCII] {
                    let lines = drawn(&values, 3, 5, (width, height), glyphs);
                    assert_eq!(lines.len(), height);
                    assert!(lines.iter().all(|line| line.chars().count() == width), "{lines:?}");
                }
                let _ = line_of(4.0, (0.0, 8.0), height);
            }
        }
        let empty = Series { first: 0, lowest: &[], highest: &[] };
        assert_eq!(lines(empty, Window { end: 0, steps: 0 }, (0.0, 0.0), (3, 1), &UNICODE), ["   "]);
        assert_eq!((line_of(8.0, (0.0, 8.0), 4), line_of(0.0, (0.0, 8.0), 4)), (Some(0), Some(3)));
        assert_eq!(line_of(9.0, (0.0, 8.0), 4), None);
    }
}
