//! The penalty box: who is not well, the worst first, and what is known about the selected one.

use std::fmt::Write as _;

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::pen::{Pen, Piece, length};
use super::words;
use crate::console::layout::penalty_parts;
use crate::console::spans::{Countdown, age_words};
use crate::console::state::State;
use crate::console::state::penalty::{Standing, looks, since};
use crate::console::text::{UNKNOWN, cells, count, counted, keep_lines, width, wrap};
use crate::model::{Health, Moment, Phase, Row, StreamIx, coarse_age};

/// From this width on a stream's standing has a column.
const STANDING: u16 = 60;
/// From this width on its phase has one, with the reason.
const WHY: u16 = 100;
/// From this width on its group and its note have one.
const WIDE: u16 = 140;
/// From this width on its restarts have one, with their word.
const RESTARTS: u16 = 180;
/// The conditions have at least so many cells, where they share them with the reason.
const LEAST_CONDITIONS: u16 = 10;

/// Draws the box.
pub fn draw(state: &State, area: Rect, pen: &mut Pen) {
    if area.height == 0 {
        return;
    }
    let (list, panel) = penalty_parts(area);
    title(state, list, pen);
    let rows = Rect { y: list.y + 1, height: list.height - 1, ..list };
    let visible = state.penalty.list.visible(rows.height.into());
    if visible.is_empty() {
        empty(state, Rect { height: area.height - 1, ..rows }, pen);
        return;
    }
    let columns = Columns::of(state, visible, area.width);
    for (ix, y) in visible.iter().zip(rows.y..) {
        let Some(row) = state.row(*ix) else { continue };
        line(state, row, &columns, y, pen);
        if state.penalty.list.selected == Some(*ix) {
            pen.left(area.x, y, 1, pen.glyphs.cursor, pen.theme.accent);
            pen.paint(Rect { y, height: 1, ..area }, pen.theme.selection);
        }
    }
    if let Some(row) = state.penalty.list.selected.and_then(|ix| state.row(ix)) {
        selected(state, row, panel, pen);
    }
}

fn title(state: &State, area: Rect, pen: &mut Pen) {
    let (theme, tally) = (pen.theme, &state.penalty.tally);
    let mut facts: Vec<Piece> = Vec::new();
    let open = if tally.open() > 0 { theme.health(tally.worst()) } else { theme.dim };
    let mut fact = |count: u32, words: &str, style: Style| {
        if count > 0 {
            let gap = if facts.is_empty() { "" } else { "  " };
            facts.push((format!("{gap}{count} {words}"), style));
        }
    };
    fact(tally.open(), "to look at", open);
    fact(tally.at(Standing::Acknowledged), "acknowledged", theme.text);
    fact(tally.at(Standing::Muted), "muted", theme.dim);
    fact(tally.at(Standing::Explained), "explained", theme.dim);
    let title = [("penalty box".into(), theme.heading)];
    if length(&facts) + 20 > area.width.into() {
        facts.truncate(1);
    }
    pen.rule(area.x, area.y, area.width, &title, &facts);
}

/// Nobody is in the box.
fn empty(state: &State, area: Rect, pen: &mut Pen) {
    let (theme, totals) = (pen.theme, state.totals);
    let streams = state.board.rows.len();
    let mut lines: Vec<Piece> = Vec::new();
    if !state.connected {
        lines.push(("waiting for the supervisor".into(), theme.dim));
    } else if streams == 0 {
        lines.push((state.no_streams(), theme.dim));
    } else {
        lines.push((format!("{} All is well.", pen.glyphs.health(Health::Ok)), theme.ok));
        if !state.is_frozen()
            && let Some((since, seen)) = state.penalty.empty_since
        {
            let span = age_words(state.seen_at().since(since));
            let at = state.time_of_day(since, false);
            let at = if at.is_empty() { at } else { format!(", since {at}") };
            let least = if seen { "" } else { " at least" };
            lines.push((format!("Nobody was in here for {span}{least}{at}."), theme.text));
        }
        let ok = totals.with_health(Health::Ok);
        let unknown = streams.saturating_sub(ok as usize);
        let mut text = format!("{} run and have no fault", counted(ok as usize, "stream"));
        if unknown > 0 {
            text = format!("{text}; of {unknown} nothing is known: stopped, or not live yet");
        }
        lines.push((text + ".", theme.dim));
    }
    let room = area.width.saturating_sub(4);
    let lines: Vec<Piece> = lines
        .into_iter()
        .flat_map(|(text, style)| {
            wrap(&text, room.into(), pen.glyphs).into_iter().map(move |line| (line, style))
        })
        .collect();
    let top = area.y + area.height.saturating_sub(cells(lines.len())) / 3;
    for ((text, style), y) in lines.iter().zip(top..area.bottom()) {
        pen.left(area.x + 3, y, room, text, *style);
    }
}

/// The widths of the columns; one that is not there has none.
struct Columns {
    standing: u16,
    name: u16,
    group: u16,
    conditions: u16,
    why: u16,
    restarts: u16,
    note: u16,
}

/// Cells before the first column: the cursor, the sign, a blank.
const GUTTER: u16 = 3;
/// Cells of an age.
const AGE: u16 = 4;

impl Columns {
    fn of(state: &State, visible: &[StreamIx], room: u16) -> Self {
        let widest = state.widest();
        let standing = match room {
            0..STANDING => 0,
            STANDING..WHY => 9,
            _ => 11,
        };
        let wide = room >= WIDE;
        let group = if wide { widest.group.clamp(6, 16) } else { 0 };
        let restarts = if room >= RESTARTS { 13 } else { 0 };
        let fixed = GUTTER + AGE + 1 + gap(standing) + gap(group) + gap(restarts) + 1;
        let free = room.saturating_sub(fixed);
        let name = widest.name.clamp(12, 30).min(free / 2);
        let free = free.saturating_sub(name + 1);
        // What they do not need is for the reason.
        let needed = || {
            let rows = visible.iter().filter_map(|ix| state.row(*ix));
            let widest = rows.map(|row| width(&conditions(state, row, true, true))).max();
            cells(widest.unwrap_or(0)).max(LEAST_CONDITIONS)
        };
        let (conditions, why, note) = match room {
            0..WHY => (free, 0, 0),
            WHY..WIDE => {
                let conditions = needed().min(free / 3);
                (conditions, free - conditions - 1, 0)
            }
            _ => {
                let conditions = needed().min(free / 4).min(40);
                let note = (free - conditions) * 2 / 5;
                (conditions, free - conditions - note - 2, note)
            }
        };
        Self { standing, name, group, conditions, why, restarts, note }
    }
}

/// A column and the blank behind it.
const fn gap(width: u16) -> u16 {
    if width == 0 { 0 } else { width + 1 }
}

/// Where a stream stands, in a word.
fn standing(row: &Row, state: &State) -> String {
    match Standing::of(row, state.seen_at()) {
        Some(Standing::Critical) => "critical".into(),
        Some(Standing::Warning) => "warning".into(),
        Some(Standing::Acknowledged | Standing::Muted) => words::care(row, state.seen_at()),
        Some(Standing::Explained) => {
            let explained = row.conditions.iter().find_map(|c| c.explained);
            explained.map_or("maintenance", |explained| explained.word()).into()
        }
        None => "well now".into(),
    }
}

/// How a stream looks in here: what nobody needs to look at is dim.
fn style(row: &Row, now: Moment, pen: &Pen) -> Style {
    match Standing::of(row, now) {
        Some(Standing::Muted | Standing::Explained) => pen.theme.dim,
        Some(Standing::Acknowledged) => pen.theme.text,
        // The line has its colour in few places, or nothing stands out.
        Some(_) => pen.theme.health(looks(row)),
        None => pen.theme.ok,
    }
}

fn line(state: &State, row: &Row, columns: &Columns, y: u16, pen: &mut Pen) {
    let (theme, now) = (pen.theme, state.seen_at());
    let (standing_of, style) = (Standing::of(row, now), style(row, now, pen));
    let quiet = matches!(standing_of, Some(Standing::Muted | Standing::Explained));
    let text = if quiet { theme.dim } else { theme.text };
    pen.left(1, y, 1, pen.glyphs.health(looks(row)), style);
    let mut x = GUTTER;
    if columns.standing > 0 {
        pen.left(x, y, columns.standing, &standing(row, state), style);
        x += columns.standing + 1;
    }
    let age = if standing_of.is_none() || row.phase == Phase::Resting {
        String::new()
    } else {
        coarse_age(now.since(since(row)))
    };
    pen.right(x, y, AGE, &age, text);
    x += AGE + 1;
    let name = if standing_of.is_some_and(Standing::is_open) { theme.title } else { text };
    pen.left(x, y, columns.name, &row.name, name);
    x += columns.name + 1;
    if columns.group > 0 {
        pen.left(x, y, columns.group, &row.group, theme.dim);
        x += columns.group + 1;
    }
    let conditions = conditions(state, row, columns.why > 0, columns.standing > 0);
    pen.left(x, y, columns.conditions, &conditions, style.remove_modifier(Modifier::UNDERLINED));
    x += columns.conditions + 1;
    if columns.why > 0 {
        let phase = format!("{} {}", pen.glyphs.phase(row.phase), row.phase.word());
        let room = columns.why.saturating_sub(cells(width(&phase) + 2));
        let why = words::why_in(row, now, room);
        let phase_style = if quiet { theme.dim } else { theme.phase(row.phase) };
        let why = if why.is_empty() || room < 8 { why } else { format!("  {why}") };
        pen.pieces(x, y, columns.why, &[(phase, phase_style), (why, text)]);
        x += columns.why + 1;
    }
    if columns.restarts > 0 {
        let word = if row.restarts == 1 { "restart" } else { "restarts" };
        if row.restarts > 0 {
            let text = format!("{} {word}", count(row.restarts.into()));
            pen.right(x, y, columns.restarts, &text, theme.dim);
        }
        x += columns.restarts + 1;
    }
    if columns.note > 0 {
        pen.left(x, y, columns.note, &row.care.note, theme.accent);
    }
}

/// What is wrong, without ages but for those that have no other place.
fn conditions(state: &State, row: &Row, with_why: bool, with_standing: bool) -> String {
    let standing_of = Standing::of(row, state.seen_at());
    let kinds: Vec<String> = words::by_weight(row)
        .map(|c| if c.explained.is_some() { format!("({})", c.kind.word()) } else { c.kind.word().into() })
        .collect();
    let mut text = match (kinds.is_empty(), standing_of) {
        (false, _) => kinds.join(", "),
        (true, Some(_)) if with_why => UNKNOWN.to_owned(),
        (true, _) => row.phase.word().to_owned(),
    };
    if row.phase == Phase::Resting
        && let Some(seen) = row.last_seen
    {
        text = format!("{text} {} ago", crate::console::spans::slow_age(state.seen_at().since(seen)));
    }
    let open = standing_of.is_some_and(Standing::is_open);
    if !with_standing && !open {
        text = format!("{}: {text}", standing(row, state));
    }
    text
}

/// What is known about the selected stream, what was noted first.
fn selected(state: &State, row: &Row, area: Rect, pen: &mut Pen) {
    if area.height == 0 {
        return;
    }
    let (theme, now) = (pen.theme, state.seen_at());
    let title = [(row.name.to_string(), theme.title), (format!("  {}", row.id), theme.dim)];
    let facts = [(row.group.to_string(), theme.dim)];
    let facts = if row.group.is_empty() { &facts[..0] } else { &facts[..] };
    pen.rule(area.x, area.y, area.width, &title, facts);
    let care = words::care_whole(row, now);
    let wrong: Vec<String> = words::by_weight(row).map(|c| words::condition(c, now)).collect();
    let why = words::why(row, now, Countdown::Coarse);
    let mut phase = format!("{} for {}", row.phase.word(), age_words(now.since(row.since)));
    if row.restarts > 0 {
        let _ = write!(phase, ", {}", counted(row.restarts as usize, "restart"));
    }
    if !why.is_empty() {
        let _ = write!(phase, "   {why}");
    }
    let last = row.last_error.as_deref().unwrap_or(&row.last_message);
    let wrong = if wrong.is_empty() { looks(row).word().to_owned() } else { wrong.join(", ") };
    let lines = [
        ("noted", care, theme.accent),
        ("health", wrong, style(row, now, pen)),
        ("phase", phase, theme.text),
        ("last error", last.to_owned(), theme.dim),
    ];
    let said: Vec<_> = lines.into_iter().filter(|(_, text, _)| !text.is_empty()).collect();
    let room = area.width.saturating_sub(13);
    // What nobody needs is for long notes.
    let mut spare = usize::from(area.height - 1).saturating_sub(said.len());
    let mut y = area.y + 1;
    for (label, text, style) in said {
        let mut pieces = wrap(&text, room.into(), pen.glyphs);
        let more = (pieces.len() - 1).min(spare);
        spare -= more;
        keep_lines(&mut pieces, more + 1);
        for (n, piece) in pieces.iter().enumerate() {
            if y < area.bottom() {
                pen.left(area.x + 1, y, 11, if n == 0 { label } else { "" }, theme.heading);
                pen.left(area.x + 12, y, room, piece, style);
                y += 1;
            }
        }
    }
}
