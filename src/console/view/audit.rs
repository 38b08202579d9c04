//! The audit log: an order a line, the newest at the bottom, and all that is known of the selected one.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::pen::{Pen, Piece, length};
use crate::console::layout::penalty_parts;
use crate::console::state::State;
use crate::console::state::audit::MAX_ENTRIES;
use crate::console::state::log::stamps::local;
use crate::console::text::{cells, counted, keep_lines, thousands, width, wrap};
use crate::model::{AuditEntry, Health};

/// From this width on the date stands before the time.
const DATES: u16 = 70;
/// From this width on the terminal and the role have columns.
const WIDE: u16 = 110;
/// Cells before the first column: the cursor, the sign, a blank.
const GUTTER: u16 = 3;
/// A result has at least so many cells: `refused` is told everywhere.
const LEAST_RESULT: u16 = 8;

/// Draws the page.
pub fn draw(state: &State, area: Rect, pen: &mut Pen) {
    if area.height == 0 {
        return;
    }
    let (list, panel) = penalty_parts(area);
    title(state, list, pen);
    let body = Rect { y: list.y + 1, height: list.height - 1, ..list };
    let visible = state.audit.visible(body.height.into());
    let entries: Vec<&AuditEntry> = visible.iter().filter_map(|number| state.audit.entry(*number)).collect();
    let Some(selected) = state.audit.selected().filter(|_| !entries.is_empty()) else {
        let room = area.width.saturating_sub(4);
        for (text, y) in wrap(&nothing(state), room.into(), pen.glyphs).iter().zip(body.y..area.bottom()) {
            pen.left(area.x + 3, y, room, text, pen.theme.dim);
        }
        return;
    };
    let columns = Columns::of(&entries, area.width);
    for (entry, y) in entries.iter().zip(body.y..) {
        line(state, entry, &columns, Rect { y, height: 1, ..body }, pen);
        if entry.number == selected.number {
            pen.left(area.x, y, 1, pen.glyphs.cursor, pen.theme.accent);
            pen.paint(Rect { y, height: 1, ..area }, pen.theme.selection);
        }
    }
    whole(state, selected, panel, pen);
}

fn title(state: &State, area: Rect, pen: &mut Pen) {
    let (theme, audit) = (pen.theme, &state.audit);
    let title = [("audit log".to_owned(), theme.heading), ("  who ordered what".to_owned(), theme.dim)];
    let all = match audit.len() {
        _ if !audit.read => String::new(),
        count if audit.begins => counted(count, "order"),
        MAX_ENTRIES => format!("the last {}, no more are kept", thousands(MAX_ENTRIES as u64)),
        count => format!("the last {}", thousands(count as u64)),
    };
    let filter = audit.filter().trim();
    let mut facts: Vec<Piece> = Vec::new();
    if let Some(trouble) = &audit.trouble {
        facts.push((format!("{} not read: {trouble}", pen.glyphs.health(Health::Warning)), theme.warning));
    } else if filter.is_empty() {
        facts.push((all, theme.dim));
    } else {
        facts.push((format!("/{filter}"), theme.accent));
        facts.push((format!("  {} of {all}", audit.found()), theme.dim));
    }
    // Rather what is found than what the page is called.
    let title = if length(&title) + length(&facts) + 8 > area.width.into() { &title[..1] } else { &title };
    pen.rule(area.x, area.y, area.width, title, &facts);
}

/// Why no order is shown.
fn nothing(state: &State) -> String {
    let audit = &state.audit;
    if !audit.read {
        return "the audit log is being read".into();
    }
    match audit.filter().trim() {
        _ if audit.len() == 0 => "Nobody has ordered anything yet.".into(),
        _ if !audit.begins => "None of those that were read is found; older ones are being read.".into(),
        filter => format!("No order has {filter} in it."),
    }
}

/// The widths of the columns; one that is not there has none.
struct Columns {
    time: u16,
    user: u16,
    terminal: u16,
    role: u16,
    command: u16,
    result: u16,
}

impl Columns {
    fn of(entries: &[&AuditEntry], room: u16) -> Self {
        let widest = |text: fn(&AuditEntry) -> String| {
            cells(entries.iter().map(|entry| width(&text(entry))).max().unwrap_or(0))
        };
        let wide = room >= WIDE;
        let time = if room >= DATES { 14 } else { 5 };
        let user = widest(|entry| entry.user.to_string()).clamp(4, if wide { 16 } else { 8 });
        let terminal = if wide { widest(terminal).clamp(5, 14) } else { 0 };
        let role = if wide { 8 } else { 0 };
        let gaps = [time, user, terminal, role].into_iter().filter(|width| *width > 0).count();
        let fixed = GUTTER + time + user + terminal + role + 2 * cells(gaps);
        let free = room.saturating_sub(fixed + 3);
        // What the results do not need is for the commands, and the other way round.
        let command = widest(|entry| entry.command.to_string());
        let result = widest(result).min(free.saturating_sub(command).max(free * 2 / 5));
        let result = result.max(LEAST_RESULT).min(free);
        Self { time, user, terminal, role, command: free - result, result }
    }
}

fn terminal(entry: &AuditEntry) -> String {
    if entry.terminal.is_empty() { "-".into() } else { entry.terminal.to_string() }
}

fn result(entry: &AuditEntry) -> String {
    let times = if entry.times > 1 { format!(", {} times", entry.times) } else { String::new() };
    format!("{}{times}", entry.result)
}

fn style(entry: &AuditEntry, pen: &Pen) -> Style {
    if entry.is_refused() { pen.theme.warning } else { pen.theme.text }
}

fn line(state: &State, entry: &AuditEntry, columns: &Columns, area: Rect, pen: &mut Pen) {
    let (theme, style) = (pen.theme, style(entry, pen));
    let sign = if entry.is_refused() { pen.glyphs.health(Health::Warning) } else { pen.glyphs.dot };
    pen.left(area.x + 1, area.y, 1, sign, if entry.is_refused() { style } else { theme.dim });
    let form = if columns.time > 5 { "%m-%d %H:%M:%S" } else { "%H:%M" };
    let mut x = area.x + GUTTER;
    let mut cell = |wide: u16, text: &str, style: Style| {
        if wide > 0 {
            pen.left(x, area.y, wide, text, style);
            x += wide + 2;
        }
    };
    cell(columns.time, &local(entry.wall_ms, form, &state.zone), theme.dim);
    cell(columns.user, &entry.user, theme.text);
    cell(columns.terminal, &terminal(entry), theme.dim);
    cell(columns.role, &entry.role, theme.dim);
    cell(columns.command, &entry.command, theme.title);
    let whole = result(entry);
    // Rather one whole word than a cut one.
    let first = whole.split([':', ',']).next().unwrap_or_default();
    let fits = width(&whole) <= columns.result.into();
    let short = !fits && usize::from(columns.result) < width(first) + 6;
    cell(columns.result, if short { first } else { &whole }, style);
}

/// All of the selected one.
fn whole(state: &State, entry: &AuditEntry, area: Rect, pen: &mut Pen) {
    if area.height == 0 {
        return;
    }
    let theme = pen.theme;
    let from = if entry.terminal.is_empty() { "no terminal".into() } else { entry.terminal.to_string() };
    let title = [
        (entry.user.to_string(), theme.title),
        (format!("  {from}"), theme.text),
        (format!("  {}", entry.role), theme.dim),
    ];
    let at = local(entry.wall_ms, "%Y-%m-%d %H:%M:%S", &state.zone);
    pen.rule(area.x, area.y, area.width, &title, &[(at, theme.dim)]);
    let room = area.width.saturating_sub(11);
    let lines = usize::from(area.height - 1);
    let mut result = wrap(&result(entry), room.into(), pen.glyphs);
    let mut ordered = wrap(&entry.command, room.into(), pen.glyphs);
    keep_lines(&mut ordered, lines.saturating_sub(result.len()).max(lines / 2));
    keep_lines(&mut result, lines.saturating_sub(ordered.len()));
    let style = style(entry, pen);
    let mut y = area.y + 1;
    for (label, pieces, style) in [("ordered", ordered, theme.title), ("result", result, style)] {
        for (n, piece) in pieces.iter().enumerate() {
            if y < area.bottom() {
                pen.left(area.x + 1, y, 9, if n == 0 { label } else { "" }, theme.heading);
                pen.left(area.x + 10, y, room, piece, style);
                y += 1;
            }
        }
    }
}
