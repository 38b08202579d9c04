//! A stream's figures over time.

use ratatui::layout::Rect;

use super::super::chart::{self, Chart, Mark, Range, Series, Top, Unit, Window, draw_axis};
use super::super::pen::{Pen, Piece};
use crate::console::state::State;
use crate::console::text::{UNKNOWN, cells};
use crate::model::{History, HistoryOf, Row, STREAM_METERS, Thresholds, Usage};

/// How many there are.
pub const COUNT: usize = STREAM_METERS.len();
/// A chart has its title and a line at least.
const LEAST: u16 = 2;
/// A chart beside others needs this many cells.
const NARROWEST: u16 = 36;
/// A place lower than this has charts beside each other only.
const LOW: u16 = 10;

/// One of them: what it is called, what it is counted in, whether a fault makes it fall.
const METERS: [(Unit, bool); COUNT] = [
    (Unit::Fps, true),
    (Unit::Kbps, true),
    (Unit::Speed, true),
    (Unit::Percent, false),
    (Unit::Bytes, false),
];

/// How charts stand in a place.
struct Grid {
    columns: u16,
    /// How many rows of them fit.
    rows: u16,
    /// Lines for all rows together, titles included.
    room: u16,
}

impl Grid {
    fn of(area: Rect) -> Self {
        let room = area.height.saturating_sub(1);
        let most = (area.width / NARROWEST).clamp(1, cells(COUNT));
        let columns = if area.height < LOW { most } else { 1 };
        let rows = cells(COUNT).div_ceil(columns);
        let fit = (room / LEAST).clamp(1, rows);
        // What is seen beside each other all at once must not be scrolled: then it is those first.
        let rows = if columns > 1 { 1 } else { fit };
        Self { columns, rows, room }
    }

    /// Where the chart with this number stands; what does not divide goes to the first rows.
    fn place(&self, n: usize, area: Rect) -> Rect {
        let (column, row) = (cells(n) % self.columns, cells(n) / self.columns);
        let from_bottom = |row: u16| self.room * (self.rows - row) / self.rows;
        let (top, bottom) = (self.room - from_bottom(row), self.room - from_bottom(row + 1));
        let wide = area.width / self.columns;
        Rect {
            x: area.x + column * wide,
            y: area.y + top,
            width: wide.saturating_sub(1),
            height: bottom - top,
        }
    }
}

/// How many rows of charts are below what fits.
pub fn overflow(area: Rect) -> usize {
    let grid = Grid::of(area);
    if grid.columns > 1 { 0 } else { COUNT.saturating_sub(grid.rows.into()) }
}

/// What the values of a meter are measured against.
fn marks(meter: usize, thresholds: Option<&Thresholds>) -> Vec<Mark> {
    let Some(thresholds) = thresholds else { return Vec::new() };
    let mark =
        |value: f32, words: &str| Mark { value, words: format!("{words} {}", METERS[meter].0.words(value)) };
    match meter {
        0 => thresholds.fps_min.map(|value| mark(value, "fps-low below")).into_iter().collect(),
        1 => thresholds.bitrate_min_kbps.map(|value| mark(value, "bitrate-low below")).into_iter().collect(),
        2 => vec![mark(thresholds.slow_speed, "slow below"), mark(thresholds.fast_speed, "fast above")],
        _ => Vec::new(),
    }
}

/// What the value now is called when it is beyond what it is measured against: `slow`.
fn beyond(marks: &[Mark], value: Option<f32>) -> Option<&str> {
    let value = value.filter(|value| value.is_finite())?;
    let passed = |mark: &&Mark| match mark.words.split_once(' ') {
        Some((_, side)) if side.starts_with("above") => value > mark.value,
        _ => value < mark.value,
    };
    marks.iter().find(passed).and_then(|mark| mark.words.split(' ').next())
}

/// The value now.
fn now(meter: usize, row: &Row) -> Option<f32> {
    let usage = |of: fn(&Usage) -> f32| row.usage.as_ref().map(of);
    match meter {
        0 => row.figures.fps,
        1 => row.figures.bitrate_kbps,
        2 => row.figures.speed,
        3 => usage(|usage| usage.cpu_percent),
        #[expect(clippy::cast_precision_loss, reason = "five characters of it are shown")]
        _ => usage(|usage| usage.memory_bytes as f32),
    }
}

/// Draws as many as fit, from the `first` on, with one time axis below.
pub fn draw(state: &State, row: &Row, first: usize, area: Rect, pen: &mut Pen) {
    if area.height < LEAST {
        return;
    }
    let span = state.charts.span();
    let history = state.charts.of(HistoryOf::Stream(row.ix), span);
    let end = history.map_or(0, |history| state.charts.end(history));
    let window = Window { end, steps: state.charts.zoom.steps() };
    let grid = Grid::of(area);
    let first = first.min(overflow(area));
    let shown = usize::from(grid.columns * grid.rows).min(COUNT);
    for (n, meter) in (first..COUNT).take(shown).enumerate() {
        let place = grid.place(n, area);
        one(state, row, meter, history, window, place, pen);
        let last = n + usize::from(grid.columns) >= shown;
        if let Some(history) = history.filter(|_| last && place.width > chart::GUTTER) {
            let gutter = if place.height > LEAST { chart::GUTTER } else { 0 };
            let axis = Rect {
                x: place.x + 1 + gutter,
                y: place.bottom(),
                width: place.width - 1 - gutter,
                height: 1,
            };
            draw_axis(window, state.charts.newest(history), span.seconds(), axis, pen);
        }
    }
}

fn one(
    state: &State,
    row: &Row,
    meter: usize,
    history: Option<&History>,
    window: Window,
    area: Rect,
    pen: &mut Pen,
) {
    let (unit, falls) = METERS[meter];
    let thresholds = state.detail.as_deref().filter(|detail| detail.stream == row.ix).map(|d| &d.thresholds);
    let marks = marks(meter, thresholds);
    // Limits from below are always in sight: one wants to see how far away they are.
    let lowest = marks.first().filter(|_| falls).map_or(0.0, |mark| mark.value);
    let value = now(meter, row);
    // What is known now has been known for as long as its worker runs, at most.
    let empty = chart::nothing_known(state, history, meter, row.started.filter(|_| value.is_some()));
    let chart = Chart {
        series: history.and_then(|history| Series::of(history, meter)),
        window,
        unit,
        top: Top::Above(lowest),
        falls,
        marks: &marks,
        empty: &empty,
    };
    let theme = pen.theme;
    let beyond = beyond(&marks, value);
    let style = if beyond.is_some() { theme.warning } else { theme.text };
    let words = value.map_or_else(|| UNKNOWN.to_owned(), |value| unit.words(value));
    let mut title: Vec<Piece> = vec![(format!("{} ", STREAM_METERS[meter]), theme.heading), (words, style)];
    title.extend(beyond.map(|word| (format!(" {word}"), style)));
    if let Some(Range { low, high }) = chart.range() {
        title.push((format!("  {} to {}", unit.words(low), unit.words(high)), theme.dim));
    }
    pen.pieces(area.x + 1, area.y, area.width.saturating_sub(1), &title);
    let plot =
        Rect { x: area.x + 1, y: area.y + 1, width: area.width.saturating_sub(1), height: area.height - 1 };
    chart.draw(plot, pen);
}
