//! Charts: lines of dots with a scale, marks and a time axis; and small ones of one line, the newest
//! value at the right.

mod axis;
mod plot;
mod scale;

use ratatui::layout::Rect;

use super::pen::Pen;
use crate::console::glyphs::Glyphs;
use crate::console::keymap::Does;
use crate::console::state::State;
use crate::console::text::{cells, share_of, width};
use crate::model::{History, Moment, span_words};

pub use axis::labels;
pub use plot::{Range, Series, Window};
pub use scale::{Top, Unit};

/// Cells at the left of a chart for the values of its scale.
pub const GUTTER: u16 = 7;

/// Something that values are measured against.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Where it is.
    pub value: f32,
    /// What it is called.
    pub words: String,
}

/// One chart.
#[derive(Debug, Clone, Copy)]
pub struct Chart<'a> {
    /// What it shows; `None`: nothing is known.
    pub series: Option<Series<'a>>,
    /// Which part of it.
    pub window: Window,
    /// What its values are counted in.
    pub unit: Unit,
    /// How its scale ends; it begins at 0.
    pub top: Top,
    /// A fault makes the values fall, so of many the lowest counts.
    pub falls: bool,
    /// What they are measured against.
    pub marks: &'a [Mark],
    /// What is said when there is nothing to show.
    pub empty: &'a str,
}

impl<'a> Series<'a> {
    /// A meter of a history.
    pub fn of(history: &'a History, meter: usize) -> Option<Self> {
        let (lowest, highest) = history.extremes(meter)?;
        Some(Self { first: history.first, lowest, highest })
    }
}

/// What is said of a meter of which nothing is known in the time that is shown; `since`: since when a
/// value has been known, where one is known now.
pub fn nothing_known(
    state: &State,
    history: Option<&History>,
    meter: usize,
    since: Option<Moment>,
) -> String {
    let Some(history) = history else { return "no history yet".into() };
    let longer = state.keymap.key_for(Does::ZoomOut);
    let Some((values, _)) = history.extremes(meter) else {
        return format!("not kept for so many streams; {longer} for longer");
    };
    if state.is_frozen() && state.charts.end(history) <= history.first && history.first > 0 {
        return "so finely it is not kept from then".into();
    }
    let time = |at: Moment| Some(state.time_of_day(at, true)).filter(|time| !time.is_empty());
    if let Some(first) = (history.first..).zip(values).find(|(_, value)| value.is_finite()) {
        let known = state.charts.moment_of(first.0, history.span).and_then(time);
        return known.map_or_else(|| "nothing known in this time".into(), |at| format!("known since {at}"));
    }
    let each = format!("each point takes {}", span_words(history.span.step()));
    match since {
        Some(since) => match time(since) {
            Some(at) => format!("known since {at}; {each}"),
            None => format!("not known for long enough; {each}"),
        },
        None if history.is_empty() => format!("{each}: none yet"),
        None => "nothing known in this time".into(),
    }
}

impl Chart<'_> {
    /// The lowest and the highest value that is seen.
    #[must_use]
    pub fn range(&self) -> Option<Range> {
        self.series?.within(self.window)
    }

    /// Draws it: on several lines with its scale at the left, on one without.
    pub fn draw(&self, area: Rect, pen: &mut Pen) {
        let Some((series, range)) = self.series.zip(self.range()) else {
            pen.left(
                area.x,
                area.y + area.height.saturating_sub(1) / 2,
                area.width,
                self.empty,
                pen.theme.faint,
            );
            return;
        };
        let top = self.top.of(Some(range), self.unit);
        if area.height < 2 || area.width <= GUTTER {
            // What is known to be nothing is not the same as not known.
            let values = self.window.cells(series, area.width.into(), self.falls);
            let values = values.into_iter().map(|value| value.max(value + top * 1e-4));
            for (line, y) in lines(values.rev(), top, area.width.into(), area.height.into(), pen.glyphs)
                .iter()
                .zip(area.y..)
            {
                pen.left(area.x, y, area.width, line, pen.theme.chart);
            }
            return;
        }
        let plot = Rect { x: area.x + GUTTER, width: area.width - GUTTER, ..area };
        pen.right(area.x, area.y, GUTTER - 1, &self.unit.words(top), pen.theme.faint);
        pen.right(area.x, area.bottom() - 1, GUTTER - 1, "0", pen.theme.faint);
        let size = (usize::from(plot.width), usize::from(plot.height));
        let drawn = plot::lines(series, self.window, (0.0, top), size, pen.glyphs);
        for (line, y) in drawn.iter().zip(plot.y..) {
            pen.left(plot.x, y, plot.width, line, pen.theme.chart);
        }
        for mark in self.marks {
            if let Some(at) = plot::line_of(mark.value, (0.0, top), size.1) {
                draw_mark(mark, &drawn[at], Rect { y: plot.y + cells(at), height: 1, ..plot }, pen);
            }
        }
    }
}

/// A line across what the chart leaves free, with its name where that has room.
fn draw_mark(mark: &Mark, line: &str, area: Rect, pen: &mut Pen) {
    let free: Vec<bool> = line.chars().map(|c| c == ' ').collect();
    for (x, _) in (area.x..area.right()).zip(&free).filter(|(_, free)| **free) {
        pen.left(x, area.y, 1, pen.glyphs.measure, pen.theme.faint);
    }
    let name = format!(" {} ", mark.words);
    let wide = width(&name);
    let places = free.windows(wide.max(1)).position(|cells| cells.iter().all(|free| *free));
    if let Some(at) = places.filter(|_| wide <= free.len()) {
        pen.left(area.x + cells(at), area.y, cells(wide), &name, pen.theme.dim);
    }
}

/// The line below charts that says how long ago. `newest`: the step after the newest there is.
pub fn draw_axis(window: Window, newest: u64, seconds: u64, area: Rect, pen: &mut Pen) {
    for (at, text) in labels(window, newest, seconds, area.width) {
        pen.left(area.x + at, area.y, area.width - at, &text, pen.theme.faint);
    }
}

/// The top of a chart without a limit: so far above the largest of its values that a steady figure
/// is no full block. A chart of one line is a line then.
#[must_use]
pub fn top(newest_first: impl Iterator<Item = f32>, height: u16) -> f32 {
    let headroom = if height == 1 { 2.0 } else { 1.25 };
    largest(newest_first) * headroom
}

/// Draws `newest_first` as `height` lines of `width` cells, the top line first. The bottom is 0,
/// the top is `top`; unknown samples leave a gap. A value above 0 is never drawn as nothing.
#[must_use]
pub fn lines(
    newest_first: impl Iterator<Item = f32>,
    top: f32,
    width: usize,
    height: usize,
    glyphs: &Glyphs,
) -> Vec<String> {
    let steps = glyphs.levels.len() - 1;
    let mut columns: Vec<usize> = newest_first
        .take(width)
        .map(|value| match value {
            v if !v.is_finite() || v <= 0.0 || top <= 0.0 => 0,
            v => share_of(steps * height, f64::from(v / top)).max(1),
        })
        .collect();
    columns.resize(width, 0);
    columns.reverse();
    (0..height)
        .rev()
        .map(|row| columns.iter().map(|c| glyphs.levels[c.saturating_sub(row * steps).min(steps)]).collect())
        .collect()
}

fn largest(values: impl Iterator<Item = f32>) -> f32 {
    values.filter(|v| v.is_finite()).fold(0.0, f32::max)
}

/// A gauge of `width` cells: the filled part, and the rest.
#[must_use]
pub fn gauge(share: Option<f64>, width: usize, glyphs: &Glyphs) -> (String, String) {
    let filled = share_of(width, share.unwrap_or(0.0));
    (glyphs.bar.repeat(filled), glyphs.rest.repeat(width - filled))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::glyphs::{ASCII, UNICODE};

    #[test]
    fn the_newest_value_is_at_the_right() {
        let drawn = lines([8.0, 4.0, f32::NAN, 0.0, 0.01].into_iter(), 8.0, 6, 1, &UNICODE);
        assert_eq!(drawn, [" ▁  ▄█"]);
    }

    #[test]
    fn a_high_chart_is_filled_from_the_bottom() {
        let drawn = lines([16.0, 12.0, 2.0].into_iter(), 16.0, 3, 2, &UNICODE);
        assert_eq!(drawn, [" ▄█", "▁██"].map(|s| s.replacen("▁██", "▂██", 1)).to_vec());
        assert!(lines([9.0].into_iter(), 9.0, 2, 2, &ASCII).concat().is_ascii());
    }

    #[test]
    fn no_value_leaves_the_chart() {
        for value in [-1.0, 1e30, f32::INFINITY, f32::NAN] {
            for line in lines([value].into_iter(), 1.0, 4, 3, &UNICODE) {
                assert_eq!(line.chars().count(), 4);
            }
        }
        assert_eq!(lines([1.0].into_iter(), 0.0, 1, 1, &UNICODE), [" "]);
        let (filled, rest) = gauge(Some(7.0), 10, &UNICODE);
        assert_eq!((filled.chars().count(), rest.chars().count()), (10, 0));
    }
}
