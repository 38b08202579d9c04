//! What is measured, each with its limits and its history, as large as it fits.

use ratatui::layout::Rect;

use super::super::chart::{self, Chart, GUTTER, Series, Window, draw_axis};
use super::super::pen::{Pen, Piece, length};
use crate::console::keymap::Does;
use crate::console::state::State;
use crate::console::state::machine::{Kind, Meter};
use crate::console::text::{UNKNOWN, cells};
use crate::model::{HistoryOf, Span};

/// A card beside others needs this many cells.
const NARROWEST: u16 = 50;
/// A line has its name in so many.
const NAME: u16 = 20;
/// And its value in so many more, before its chart.
const VALUE: u16 = 34;
/// A chart in a line has this many cells at least.
const LEAST_CHART: u16 = 8;
/// Lines that cards should have, the best first.
const CARDS: [u16; 3] = [7, 4, 3];

/// How meters stand in a place.
struct Grid {
    columns: u16,
    /// Lines of each.
    height: u16,
    /// How many rows of them fit.
    rows: u16,
}

impl Grid {
    fn of(area: Rect) -> Self {
        let count = cells(Kind::ALL.len());
        let most = (area.width / NARROWEST).clamp(1, 4);
        // As few columns as leave each of them so many lines, so that charts are wide.
        let columns = CARDS
            .iter()
            .find_map(|lines| (1..=most).find(|columns| count.div_ceil(*columns) * lines <= area.height));
        let columns = columns.unwrap_or(most);
        let rows = count.div_ceil(columns);
        let height = (area.height / rows).max(1);
        Self { columns, height, rows: rows.min(area.height / height).max(1) }
    }
}

/// How many rows of meters are below what fits.
pub fn overflow(area: Rect) -> usize {
    let grid = Grid::of(area);
    Kind::ALL.len().div_ceil(grid.columns.into()).saturating_sub(grid.rows.into())
}

/// Draws as many as fit.
pub fn draw(state: &State, area: Rect, pen: &mut Pen) {
    if area.height == 0 {
        return;
    }
    let grid = Grid::of(area);
    let (top, below) = (state.pages.meters_top.min(overflow(area)), overflow(area));
    let wide = area.width / grid.columns;
    let kinds = Kind::ALL.iter().skip(top * usize::from(grid.columns));
    for (n, kind) in kinds.take((grid.rows * grid.columns).into()).enumerate() {
        let (column, line) = (cells(n) % grid.columns, cells(n) / grid.columns);
        let place = Rect {
            x: area.x + column * wide,
            y: area.y + line * grid.height,
            width: wide.saturating_sub(1),
            height: grid.height,
        };
        let more = below.saturating_sub(top);
        if more > 0 && line + 1 == grid.rows && grid.height == 1 {
            let text = format!("+{} more: {}", more + 1, state.keymap.key_for(Does::Down));
            pen.left(place.x + 1, place.y, place.width, &text, pen.theme.accent);
            return;
        }
        let meter = Meter::read(*kind, &state.board);
        if grid.height == 1 { one_line(state, &meter, place, pen) } else { card(state, &meter, place, pen) }
    }
}

/// The value, its worry, and what it is measured against, as far as `room` goes: the name of a limit
/// that was passed is worth more than what there is in all.
fn value(meter: &Meter, room: u16, pen: &Pen) -> Vec<Piece> {
    let theme = pen.theme;
    let style = meter.worry.map_or(theme.text, |s| theme.severity(s));
    let piece = |text: &str, style| (!text.is_empty()).then(|| (format!(" {text}"), style));
    let pieces = |word: &str, of: &str| {
        let value = (meter.value.clone(), style);
        [Some(value), piece(word, style), piece(of, theme.dim)].into_iter().flatten().collect::<Vec<Piece>>()
    };
    let plans = [pieces(&meter.word, &meter.of), pieces(&meter.word, "")];
    // Without a worry what there is in all may as well be cut.
    let mut plans = plans.into_iter().take(if meter.worry.is_some() { 2 } else { 1 });
    let fits = plans.find(|plan| length(plan) <= room.into());
    fits.unwrap_or_else(|| pieces(meter.short_word, &meter.of))
}

fn one_line(state: &State, meter: &Meter, area: Rect, pen: &mut Pen) {
    let (x, y) = (area.x + 1, area.y);
    pen.left(x, y, NAME - 1, meter.kind.name(), pen.theme.heading);
    let room = area.width.saturating_sub(NAME + 1);
    let used = pen.pieces(x + NAME, y, room, &value(meter, room, pen));
    let width = room.saturating_sub(VALUE + 1);
    if used <= VALUE && width >= LEAST_CHART {
        history(state, meter, Rect { x: x + NAME + VALUE, y, width, height: 1 }, pen);
    }
}

fn card(state: &State, meter: &Meter, area: Rect, pen: &mut Pen) {
    let (x, y, theme) = (area.x + 1, area.y, pen.theme);
    let name = pen.left(x, y, area.width - 1, meter.kind.name(), theme.heading);
    let room = area.width.saturating_sub(name + 3);
    let pieces = value(meter, room, pen);
    let wide = cells(length(&pieces)).min(room);
    pen.pieces(area.right().saturating_sub(wide), y, wide, &pieces);
    // Below the title: a gauge where there is a limit, the chart, its time, a free line.
    let gauge = u16::from(meter.share.is_some() && area.height >= 6);
    if gauge == 1 {
        let (filled, rest) = chart::gauge(meter.share, usize::from(area.width - 1), pen.glyphs);
        let colour = meter.worry.map_or(theme.chart, |s| theme.severity(s));
        pen.pieces(x, y + 1, area.width - 1, &[(filled, colour), (rest, theme.faint)]);
    }
    let axis = u16::from(area.height >= 7);
    let free = u16::from(area.height == 6);
    let height = (area.height - 1 - gauge).saturating_sub(axis + free);
    let plot = Rect { x, y: y + 1 + gauge, width: area.width - 1, height };
    history(state, meter, plot, pen);
    let kept = state.charts.of(HistoryOf::Machine, state.charts.span());
    if let Some(kept) = kept.filter(|_| axis == 1 && plot.width > GUTTER) {
        let line = Rect { x: x + GUTTER, y: plot.bottom(), width: plot.width - GUTTER, height: 1 };
        let window = Window { end: state.charts.end(kept), steps: state.charts.zoom.steps() };
        draw_axis(window, state.charts.newest(kept), state.charts.span().seconds(), line, pen);
    }
}

fn history(state: &State, meter: &Meter, area: Rect, pen: &mut Pen) {
    if area.width == 0 || area.height == 0 {
        return;
    }
    let span: Span = state.charts.span();
    let history = state.charts.of(HistoryOf::Machine, span);
    let empty = match meter.value.as_str() {
        UNKNOWN => String::new(),
        _ => chart::nothing_known(state, history, meter.kind.series(), None),
    };
    let window = Window {
        end: history.map_or(0, |history| state.charts.end(history)),
        steps: state.charts.zoom.steps(),
    };
    let chart = Chart {
        series: history.and_then(|history| Series::of(history, meter.kind.series())),
        window,
        unit: meter.unit,
        top: meter.top,
        falls: false,
        marks: &meter.marks,
        empty: &empty,
    };
    chart.draw(area, pen);
}
