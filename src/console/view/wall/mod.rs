//! The wall: what is to be seen from across a room, without a key.

mod digits;
mod tiles;

use std::cmp::Reverse;

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::pen::{Pen, Piece, length};
use super::words::HEALTHS;
use super::{header, marks, words};
use crate::console::layout::wall::{BoxPlan, Plan, Scale, loud};
use crate::console::spans::age_words;
use crate::console::state::State;
use crate::console::state::penalty::{Standing, looks};
use crate::console::text::{cells, counted, width};
use crate::model::{Health, Row};

/// Draws the wall.
pub fn draw(state: &State, pen: &mut Pen) {
    let plan = state.wall_plan();
    head(state, &plan, pen);
    let banner = banners(state, plan.banner, pen);
    let frozen = marks::frozen(state, banner.width.into(), pen);
    let wrong = marks::wrong(state, banner.width.into(), pen);
    header::banner(state, banner, frozen.into_iter().chain(wrong).collect(), pen);
    rule(state, &plan, pen);
    tiles::draw(state, &plan, pen);
    unwell(state, &plan, pen);
}

/// Totals and the clock.
fn head(state: &State, plan: &Plan, pen: &mut Pen) {
    let area = plan.head;
    let clock = state.clock_text();
    if plan.scale == Scale::Line {
        let wide = cells(width(&clock));
        let room = area.width.saturating_sub(wide + 3);
        // Where there is no room for words, the signs are those of the tiles.
        let whole = totals(state, true, pen);
        let pieces = if length(&whole) <= room.into() { whole } else { totals(state, false, pen) };
        pen.pieces(area.x + 1, area.y, room, &pieces);
        pen.right(area.x, area.y, area.width.saturating_sub(1), &clock, pen.theme.title);
        return;
    }
    let mut x = area.x + 1;
    for health in HEALTHS {
        let number = state.totals.with_health(health);
        let style = total_style(health, number, pen);
        digits::draw(&number.to_string(), plan.scale, (x, area.y), style, pen);
        let word = format!("{} {}", pen.glyphs.health(health), health.word());
        pen.left(x, area.y + plan.scale.height(), plan.scale.total(plan.digits) - 1, &word, style);
        x += plan.scale.total(plan.digits);
    }
    let at = area.right().saturating_sub(plan.scale.clock() + 1);
    digits::draw(&clock, plan.scale, (at, area.y), pen.theme.title, pen);
    let title = format!("headend  {}", state.title);
    let room = area.right().saturating_sub(x + 1);
    pen.right(x, area.y + plan.scale.height(), room, &title, pen.theme.dim);
}

fn total_style(health: Health, number: u32, pen: &Pen) -> Style {
    if number > 0 { pen.theme.health(health).remove_modifier(Modifier::UNDERLINED) } else { pen.theme.faint }
}

fn totals(state: &State, with_words: bool, pen: &Pen) -> Vec<Piece> {
    let total = |health| {
        let number = state.totals.with_health(health);
        let word = if with_words { format!(" {}", health.word()) } else { String::new() };
        let text = format!("{} {number}{word}  ", pen.glyphs.health(health));
        (text, total_style(health, number, pen))
    };
    HEALTHS.map(total).to_vec()
}

/// What can't be missed: old data, and what viewers see. Gives the room that is left.
fn banners(state: &State, area: Rect, pen: &mut Pen) -> Rect {
    let mut left = area;
    let critical = state.penalty.tally.at(Standing::Critical);
    let old = marks::silent(state, pen).map(|mark| (mark.text, mark.style));
    let critical = (critical > 0).then(|| (critical_words(state, critical, pen), pen.theme.critical));
    for (text, style) in old.into_iter().chain(critical) {
        let high = loud(state.size).min(left.height);
        let style =
            style.remove_modifier(Modifier::UNDERLINED).add_modifier(Modifier::REVERSED | Modifier::BOLD);
        let lines = Rect { height: high, ..left };
        // Blanks are drawn: a reversed style alone leaves them to the terminal's own colour.
        for y in lines.y..lines.bottom() {
            pen.left(lines.x, y, lines.width, &" ".repeat(lines.width.into()), style);
        }
        if high > 0 {
            pen.left(lines.x, lines.y + high / 2, lines.width, &text, style);
        }
        left = Rect { y: left.y + high, height: left.height - high, ..left };
    }
    left
}

/// How many are critical, and which one is for longest.
fn critical_words(state: &State, count: u32, pen: &Pen) -> String {
    // The box has the worst first, and of those the oldest.
    let worst = state.wall.unwell.first().and_then(|ix| state.row(*ix));
    let sign = pen.glyphs.health(Health::Critical);
    let worst = worst
        .map_or_else(String::new, |row| format!("   {}  {}", row.name, tiles::word(row, state.seen_at())));
    let more = if count > 1 { format!("   +{} more", count - 1) } else { String::new() };
    format!(" {sign} CRITICAL: {}{worst}{more}", counted(count as usize, "stream"))
}

fn rule(state: &State, plan: &Plan, pen: &mut Pen) {
    if plan.rule.height == 0 {
        return;
    }
    let theme = pen.theme;
    let title = match state.only_words() {
        Some((only, _)) => (only, theme.accent),
        None => (counted(state.board.rows.len(), "stream"), theme.heading),
    };
    let page = format!("page {} of {}", state.wall.page + 1, plan.pages);
    let mut facts = Vec::new();
    // What a rule leaves room for beside its title.
    let taken = width(&title.0) + if plan.pages > 1 { width(&page) + 3 } else { 0 };
    facts.extend(incident_words(state, usize::from(plan.rule.width).saturating_sub(taken + 8), pen));
    if plan.pages > 1 {
        let gap = if facts.is_empty() { "" } else { "   " };
        facts.push((format!("{gap}{page}"), theme.accent));
    }
    pen.rule(plan.rule.x, plan.rule.y, plan.rule.width, &[title], &facts);
}

/// Incidents that nobody has acknowledged, in so many cells: how many there are, and the worst and oldest.
/// It stands where the wall has a line anyway: no tile moves for it.
fn incident_words(state: &State, room: usize, pen: &Pen) -> Option<Piece> {
    let unknown = || state.board.incidents.values().filter(|brief| brief.acknowledged.is_none());
    let worst = unknown().max_by_key(|brief| (brief.severity, Reverse(brief.number)))?;
    let style = pen.theme.severity(worst.severity).remove_modifier(Modifier::UNDERLINED);
    let sign = header::severity(worst.severity, pen).0;
    let count = format!("{sign} {}", counted(unknown().count(), "incident"));
    if width(&count) > room {
        return None;
    }
    let whole = format!("{count} nobody knows of: {} {}", worst.number, worst.title);
    // A beginning of less than its number says nothing.
    let least = width(&count) + 30;
    let text = if width(&whole) <= room || room >= least { fit_to(&whole, cells(room), pen) } else { count };
    Some((text, style))
}

/// The penalty box, as far as it has room.
fn unwell(state: &State, plan: &Plan, pen: &mut Pen) {
    let area = plan.penalty;
    if area.height == 0 {
        return;
    }
    box_title(state, area, pen);
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    if state.wall.unwell.is_empty() {
        all_is_well(state, body, pen);
        return;
    }
    let (BoxPlan { high, more, .. }, listed) = state.wall_box(plan);
    let mut y = body.y;
    for row in listed.iter().filter_map(|ix| state.row(*ix)) {
        unwell_line(state, row, Rect { y, height: high, ..body }, pen);
        y += high;
    }
    if more > 0 && y < body.bottom() {
        pen.left(body.x + 1, y, body.width.saturating_sub(1), &format!("+{more} more"), pen.theme.dim);
    }
}

/// How many of those that are listed someone is to look at, and how many not: together they are all.
fn box_title(state: &State, area: Rect, pen: &mut Pen) {
    let (theme, tally) = (pen.theme, &state.penalty.tally);
    let open = if tally.open() > 0 { theme.health(tally.worst()) } else { theme.ok };
    let title = [(format!("{} to look at", tally.open()), open.remove_modifier(Modifier::UNDERLINED))];
    let known = tally.at(Standing::Acknowledged);
    let (muted, explained) = (tally.at(Standing::Muted), tally.at(Standing::Explained));
    let said = |facts: &[(u32, &str)]| -> String {
        let facts = facts.iter().filter(|(count, _)| *count > 0);
        facts.map(|(count, word)| format!("{count} {word}")).collect::<Vec<_>>().join("  ")
    };
    // As many words as a rule leaves room for beside the title.
    let room = usize::from(area.width).saturating_sub(length(&title) + 8);
    let forms = [
        said(&[(known, "acknowledged"), (muted, "muted"), (explained, "explained")]),
        said(&[(known, "ack"), (muted, "muted"), (explained, "explained")]),
        said(&[(known, "ack"), (muted + explained, "other")]),
    ];
    let facts = forms.into_iter().find(|form| width(form) <= room).unwrap_or_default();
    pen.rule(area.x, area.y, area.width, &title, &[(facts, theme.dim)]);
}

fn all_is_well(state: &State, area: Rect, pen: &mut Pen) {
    if area.height == 0 {
        return;
    }
    let (text, style) = if !state.connected {
        ("waiting for the supervisor".to_owned(), pen.theme.warning)
    } else if state.board.rows.is_empty() {
        (state.no_streams(), pen.theme.dim)
    } else if state.totals.with_health(Health::Ok) == 0 {
        // Nothing is wrong because nothing is known.
        ("nothing is known yet: no stream is live".to_owned(), pen.theme.dim)
    } else {
        let since = state.penalty.empty_since.filter(|_| !state.is_frozen());
        // No seconds: each would wake the wall.
        let span = since.map(|(since, _)| state.seen_at().since(since)).filter(|span| span.as_secs() >= 60);
        let span = span.map_or_else(String::new, |span| format!(" for {}", age_words(span)));
        (format!("{} all is well{span}", pen.glyphs.health(Health::Ok)), pen.theme.ok)
    };
    pen.left(area.x + 1, area.y, area.width.saturating_sub(1), &text, style);
}

fn unwell_line(state: &State, row: &Row, area: Rect, pen: &mut Pen) {
    let standing = Standing::of(row, state.seen_at());
    let quiet = matches!(standing, Some(Standing::Muted | Standing::Explained));
    let style = match standing {
        _ if quiet => pen.theme.dim,
        Some(Standing::Acknowledged) => pen.theme.text,
        _ => pen.theme.health(looks(row)),
    };
    let note = match standing {
        Some(Standing::Acknowledged) => "  ack",
        Some(Standing::Muted) => "  muted",
        _ => "",
    };
    let word = tiles::word(row, state.seen_at());
    let sign = pen.glyphs.health(looks(row));
    pen.left(area.x + 1, area.y, 1, sign, style);
    let (x, room) = (area.x + 3, area.width.saturating_sub(4));
    let name = if standing.is_some_and(Standing::is_open) { pen.theme.title } else { pen.theme.dim };
    if area.height == 1 {
        let word = format!("{word}{note}");
        let wide = cells(width(&word)).min(room / 2);
        pen.left(x, area.y, room.saturating_sub(wide + 1), &row.name, name);
        pen.right(x, area.y, room, &fit_to(&word, wide, pen), style);
        return;
    }
    pen.left(x, area.y, room, &row.name, name);
    let others: Vec<&str> = words::by_weight(row).skip(1).map(|c| c.kind.word()).collect();
    let mut pieces = vec![(word, style)];
    if !others.is_empty() {
        pieces.push((format!(", {}", others.join(", ")), style));
    }
    pieces.push((note.to_owned(), style));
    if !row.reason.is_empty() {
        pieces.push((format!("  {}", row.reason), pen.theme.dim));
    }
    pen.pieces(x, area.y + 1, room, &pieces);
}

fn fit_to(text: &str, room: u16, pen: &Pen) -> String {
    crate::console::text::fit(text, room.into(), pen.glyphs).into_owned()
}
