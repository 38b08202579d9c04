//! The machine: each meter with its limit and its last minutes.

use ratatui::layout::Rect;

use super::chart;
use super::header::severity;
use super::pen::{Pen, Piece};
use crate::console::keymap::Does;
use crate::console::state::State;
use crate::console::state::history::{MACHINE_EVERY, MACHINE_SAMPLES};
use crate::console::state::machine::{METERS, Meter};
use crate::console::state::notices::in_order;
use crate::console::text::{cells, thousands, width, wrap_after};
use crate::model::coarse_age;

/// Draws all meters, as large as they fit.
pub fn draw(state: &State, area: Rect, pen: &mut Pen) {
    let taken = notices(state, Rect { height: (area.height / 3).max(3).min(area.height), ..area }, pen);
    let area = Rect { y: area.y + taken, height: area.height - taken, ..area };
    if area.height < 2 {
        return;
    }
    // On the least screen each line is a meter's.
    let limits = u16::from(area.height > cells(METERS));
    let area = Rect { height: area.height - limits, ..area };
    let meters = Meter::all(&state.board);
    let columns: u16 = match area.width {
        150.. => 3,
        76.. if area.height >= 15 => 2,
        _ => 1,
    };
    let rows = cells(METERS).div_ceil(columns);
    let (width, height) = (area.width / columns, area.height / rows);
    for (index, meter) in meters.iter().enumerate() {
        let n = cells(index);
        let card = Rect {
            x: area.x + (n % columns) * width,
            y: area.y + (n / columns) * height.max(1),
            width: width.saturating_sub(1),
            height: height.max(1),
        };
        if card.bottom() <= area.bottom() {
            draw_meter(state, index, meter, card, pen);
        }
    }
    if limits == 1 {
        limits_line(state, Rect { y: area.bottom(), height: 1, ..area }, pen);
    }
}

/// Lists the notices, from the one that was scrolled to, as far as they fit; says how many lines
/// they took.
fn notices(state: &State, area: Rect, pen: &mut Pen) -> u16 {
    let all = in_order(&state.board.notices);
    let mut y = area.y;
    for (n, notice) in all.iter().enumerate().skip(state.machine_top) {
        let (sign, word) = severity(notice.severity, pen);
        let age = coarse_age(state.seen_at().since(notice.since));
        let head = format!("{sign} {word} {age}  ");
        let room = area.width.saturating_sub(2);
        let lines = wrap_after(width(&head), &notice.text, room.into(), pen.glyphs);
        let rest = all.len() - n;
        // The last line is for how many more there are.
        if y + cells(lines.len()) + u16::from(rest > 1) > area.bottom() && y > area.y {
            let keys = [Does::Up, Does::Down].map(|does| state.keymap.key_for(does));
            let text = format!("+{rest} more: {} and {} scroll", keys[0], keys[1]);
            pen.left(area.x + 1, y, room, &text, pen.theme.dim);
            return y + 1 - area.y;
        }
        let style = pen.theme.severity(notice.severity);
        let used = pen.left(area.x + 1, y, room, &head, style);
        for (n, line) in lines.iter().enumerate().take((area.bottom() - y).into()) {
            let indent = if n == 0 { used } else { 0 };
            pen.left(area.x + 1 + indent, y, room - indent, line, style);
            y += 1;
        }
    }
    y - area.y
}

fn draw_meter(state: &State, index: usize, meter: &Meter, card: Rect, pen: &mut Pen) {
    let theme = pen.theme;
    let style = meter.worry.map_or(theme.text, |s| theme.severity(s));
    let value: [Piece; 3] = [
        (meter.value.clone(), style),
        (if meter.word.is_empty() { String::new() } else { format!(" {}", meter.word) }, style),
        (if meter.of.is_empty() { String::new() } else { format!(" {}", meter.of) }, theme.dim),
    ];
    let (x, y) = (card.x + 1, card.y);
    if card.height == 1 {
        pen.left(x, y, 19, meter.name, theme.heading);
        let used = pen.pieces(x + 20, y, card.width.saturating_sub(21), &value);
        let at = 20 + used.max(26) + 1;
        let room = card.width.saturating_sub(at + 1);
        draw_chart(state, index, meter, Rect { x: x + at, y, width: room, height: 1 }, pen);
        return;
    }
    let name_wide = pen.left(x, y, card.width - 1, meter.name, theme.heading);
    let room = card.width.saturating_sub(name_wide + 3);
    let wide = cells(super::pen::length(&value)).min(room);
    pen.pieces(card.right().saturating_sub(wide), y, wide, &value);
    // Below the title: a gauge where there is a limit, then the chart, then a free line.
    let gauge = u16::from(meter.share.is_some() && card.height >= 4);
    if gauge == 1 {
        let (filled, rest) = chart::gauge(meter.share, usize::from(card.width - 1), pen.glyphs);
        let colour = meter.worry.map_or(theme.chart, |s| theme.severity(s));
        pen.pieces(x, y + 1, card.width - 1, &[(filled, colour), (rest, theme.faint)]);
    }
    let free = u16::from(card.height >= 3);
    let height = card.height - 1 - gauge - free;
    draw_chart(state, index, meter, Rect { x, y: y + 1 + gauge, width: card.width - 1, height }, pen);
}

fn draw_chart(state: &State, index: usize, meter: &Meter, area: Rect, pen: &mut Pen) {
    let Some(ring) = state.history.machine(index).filter(|_| area.width > 0 && area.height > 0) else {
        return;
    };
    let top = if meter.is_share() { 1.0 } else { chart::top(ring.newest_first(), area.height) };
    // Where there is room, one sample takes as many cells as the whole history leaves it.
    let wide = usize::from(area.width);
    let each = (wide / MACHINE_SAMPLES).max(1);
    let samples = ring.newest_first().flat_map(|v| std::iter::repeat_n(v, each));
    for (line, y) in chart::lines(samples, top, wide, area.height.into(), pen.glyphs).iter().zip(area.y..) {
        pen.left(area.x, y, area.width, line, pen.theme.chart);
    }
}

fn limits_line(state: &State, area: Rect, pen: &mut Pen) {
    let limits = state.board.limits;
    let minutes = MACHINE_EVERY.as_secs() * MACHINE_SAMPLES as u64 / 60;
    let text = format!(
        "charts: the last {minutes} minutes   limits: {} open files (was {}), room for {} workers",
        thousands(limits.fds_now),
        thousands(limits.fds_before),
        thousands(limits.workers.into()),
    );
    pen.left(area.x + 1, area.y, area.width - 1, &text, pen.theme.dim);
}
