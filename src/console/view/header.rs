//! The header: what runs, how it is, what must not be missed.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::chart;
use super::pen::{Pen, Piece, length};
use crate::console::layout::{Areas, MAX_NOTICES};
use crate::console::state::machine::Meter;
use crate::console::state::{Screen, State};
use crate::console::text::{cells, counted, float, share_of};
use crate::model::{Health, Phase, coarse_age};

/// Healths in the order of the header.
const HEALTHS: [Health; 4] = [Health::Ok, Health::Warning, Health::Critical, Health::Unknown];
/// Phases in the order of the header: on a narrow screen the last ones are left out.
const PHASES: [Phase; 10] = [
    Phase::Live,
    Phase::Broken,
    Phase::Backoff,
    Phase::Stalled,
    Phase::Starting,
    Phase::Queued,
    Phase::Held,
    Phase::Resting,
    Phase::Stopping,
    Phase::Stopped,
];
/// The slots' meter has its place in the header's second line already.
const SLOTS: usize = 7;
/// A strip's field narrower than this leaves its chart out.
const LEAST_STRIP_FIELD: u16 = 21;

/// Draws header, health bar, banner and strip.
pub fn draw(state: &State, areas: &Areas, pen: &mut Pen) {
    pen.paint(areas.header, pen.theme.bar);
    health_line(state, areas.header, pen);
    phase_line(state, areas.header, pen);
    if areas.bar.height > 0 {
        health_bar(state, areas.bar, pen);
    }
    banner(state, areas.banner, pen);
    if areas.strip.height > 0 {
        strip(state, areas.strip, pen);
    }
}

fn health_line(state: &State, area: Rect, pen: &mut Pen) {
    let theme = pen.theme;
    let mut totals: Vec<Piece> = Vec::new();
    for health in HEALTHS {
        let count = state.totals.with_health(health);
        let style = if count > 0 { theme.health(health) } else { theme.faint };
        let gap = if totals.is_empty() { "" } else { "  " };
        totals.push((format!("{gap}{} {count} {}", pen.glyphs.health(health), health.word()), style));
    }
    let wide = cells(length(&totals)).min(area.width);
    pen.pieces(area.right().saturating_sub(wide + 1), area.y, wide, &totals);
    let title = [
        ("headend".to_owned(), theme.title),
        (format!(" {}", state.version), theme.faint),
        (format!("  {}", state.title), theme.dim),
    ];
    pen.pieces(area.x + 1, area.y, area.width.saturating_sub(wide + 4), &title);
}

fn phase_line(state: &State, area: Rect, pen: &mut Pen) {
    let theme = pen.theme;
    let y = area.y + 1;
    let mut right: Vec<Piece> = Vec::new();
    let pool = state.board.pool;
    let gap = || ("   ".to_owned(), theme.dim);
    if state.screen() == Screen::Grid {
        if state.list.is_filtered() {
            let shown = format!("{} of {} shown", state.list.order.len(), state.board.rows.len());
            right.extend([(shown, theme.accent), gap()]);
        }
        if state.list.faults_only {
            right.extend([("faults only".into(), theme.accent), gap()]);
        }
        if !state.list.filter.trim().is_empty() && !state.typing {
            right.extend([(format!("/{}", state.list.filter), theme.accent), gap()]);
        }
        let arrow =
            if state.list.sort.descends() == state.list.reversed { pen.glyphs.up } else { pen.glyphs.down };
        if state.list.sort.column().is_some() || state.list.reversed {
            right.extend([(format!("by {} {arrow}", state.list.sort.word()), theme.dim), gap()]);
        }
    }
    right.push((format!("slots {}/{}", pool.busy, pool.slots), theme.dim));
    // What was chosen must be seen; the phases give way.
    let wide = cells(length(&right)).min(area.width.saturating_sub(12));
    pen.pieces(area.right().saturating_sub(wide + 1), y, wide, &right);
    let room = area.width.saturating_sub(wide + 4);
    let left = if state.connected {
        phases(state, room.into(), pen)
    } else {
        vec![("waiting for the supervisor".into(), theme.warning)]
    };
    pen.pieces(area.x + 1, y, room, &left);
}

/// How many streams are in which phase, as far as it fits.
fn phases(state: &State, room: usize, pen: &Pen) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for phase in PHASES {
        let count = state.totals.in_phase(phase);
        if count == 0 && phase != Phase::Live {
            continue;
        }
        let gap = if pieces.is_empty() { "" } else { "  " };
        let next =
            [(format!("{gap}{} ", phase.word()), pen.theme.dim), (count.to_string(), pen.theme.phase(phase))];
        if length(&pieces) + length(&next) + 2 > room {
            pieces.push((format!(" {}", pen.glyphs.cut), pen.theme.dim));
            break;
        }
        pieces.extend(next);
    }
    pieces
}

/// One thick line, shared out by health; whoever has at least one stream has at least one cell.
fn health_bar(state: &State, area: Rect, pen: &mut Pen) {
    let all = float(state.board.rows.len().max(1) as u64);
    let counts = HEALTHS.map(|h| state.totals.with_health(h));
    let width = usize::from(area.width);
    let mut shares = counts.map(|c| match c {
        0 => 0,
        c => share_of(width, f64::from(c) / all).max(1),
    });
    // Rounding is evened out where it is seen least.
    if let Some(largest) = (0..shares.len()).max_by_key(|i| shares[*i]) {
        let others: usize = (0..shares.len()).filter(|i| *i != largest).map(|i| shares[i]).sum();
        shares[largest] = if counts[largest] > 0 { width.saturating_sub(others) } else { 0 };
    }
    let mut x = area.x;
    for (health, share) in HEALTHS.into_iter().zip(shares) {
        let style = pen.theme.health(health).remove_modifier(Modifier::BOLD | Modifier::UNDERLINED);
        let thick = if health == Health::Unknown { pen.glyphs.line } else { pen.glyphs.bar };
        x += pen.left(x, area.y, cells(share), &thick.repeat(share), style);
    }
    if x == area.x {
        pen.left(x, area.y, area.width, &pen.glyphs.line.repeat(width), pen.theme.faint);
    }
}

fn banner(state: &State, area: Rect, pen: &mut Pen) {
    let mut y = area.y;
    let mut line = |text: &str, style: ratatui::style::Style, pen: &mut Pen| {
        if y < area.bottom() {
            let style = style.add_modifier(Modifier::REVERSED);
            pen.paint(Rect { y, height: 1, ..area }, style);
            pen.left(area.x, y, area.width, text, style);
            y += 1;
        }
    };
    if let Some(leaving) = state.leaving {
        let left = leaving.left.unwrap_or_else(|| state.workers());
        let text = format!(
            " {} stopping: {} left   q or ctrl-c again: leave without waiting for them",
            pen.glyphs.phase(Phase::Stopping),
            counted(left as usize, "worker"),
        );
        line(&text, pen.theme.warning, pen);
    }
    for notice in state.board.notices.iter().take(MAX_NOTICES.into()) {
        let health = match notice.severity {
            crate::model::Severity::Warning => Health::Warning,
            crate::model::Severity::Critical => Health::Critical,
        };
        let age = coarse_age(state.now.since(notice.since));
        let text = format!(" {} {} {age}  {}", pen.glyphs.health(health), health.word(), notice.text);
        line(&text, pen.theme.severity(notice.severity), pen);
    }
}

fn strip(state: &State, area: Rect, pen: &mut Pen) {
    let meters: Vec<(usize, Meter)> =
        Meter::all(&state.board).into_iter().enumerate().filter(|(i, _)| *i != SLOTS).collect();
    let fields = (area.width / 15).clamp(1, cells(meters.len()));
    let field = area.width / fields;
    for (n, (index, meter)) in meters.into_iter().take(fields.into()).enumerate() {
        let x = area.x + 1 + field * cells(n);
        let style = meter.worry.map_or(pen.theme.dim, |s| pen.theme.severity(s));
        let pieces = [
            (format!("{} ", meter.short), pen.theme.heading),
            (meter.value.clone(), style),
            (if meter.word.is_empty() { String::new() } else { format!(" {}", meter.word) }, style),
        ];
        let room = field.saturating_sub(2);
        let used = pen.pieces(x, area.y, room, &pieces);
        // The widest value takes six cells: charts stand still while values change.
        let chart_at = (cells(meter.short.len()) + 8).max(used + 1);
        if field < LEAST_STRIP_FIELD || chart_at + 3 > room {
            continue;
        }
        if let Some(ring) = state.history.machine(index) {
            let top = if meter.is_share() { 1.0 } else { chart::top(ring.newest_first(), 1) };
            let wide = usize::from(room - chart_at);
            let drawn = chart::lines(ring.newest_first(), top, wide, 1, pen.glyphs);
            pen.left(x + chart_at, area.y, room - chart_at, &drawn[0], pen.theme.chart);
        }
    }
}
