//! The header: what runs, how it is, what must not be missed.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::chart;
use super::incidents;
use super::marks::{self, Mark};
use super::pen::{Pen, Piece, length};
use super::words::HEALTHS;
use crate::console::columns::descends;
use crate::console::keymap::Does;
use crate::console::layout::Areas;
use crate::console::spans::slow_age;
use crate::console::state::machine::{Kind, Meter};
use crate::console::state::notices::{Line, lines};
use crate::console::state::wants::STRIP as STRIP_SPAN;
use crate::console::state::{Screen, State};
use crate::console::text::{cells, counted, fit, float, share_of, width};
use crate::model::{Density, Health, HistoryOf, NoticeKind, Phase, Severity, SortBy, coarse_age};

/// Phases in the order of the header: on a narrow screen the last ones are left out.
const PHASES: [Phase; 10] = [
    Phase::Live,
    Phase::Broken,
    Phase::Held,
    Phase::Backoff,
    Phase::Stalled,
    Phase::Starting,
    Phase::Queued,
    Phase::Resting,
    Phase::Stopping,
    Phase::Stopped,
];
/// Cells between two things in the header.
const GAP: usize = 3;
/// A filter that is cut keeps so many cells.
const LEAST_FILTER: usize = 6;
/// Fewer cells of the title than this say nothing.
const LEAST_TITLE: usize = 7;
/// What is said of the streams that are told of alone.
const LONGEST_ONLY: usize = 36;
/// A strip's field narrower than this leaves its chart out.
const LEAST_STRIP_FIELD: u16 = 21;

/// Draws header, health bar, banner and strip.
pub fn draw(state: &State, areas: &Areas, pen: &mut Pen) {
    pen.paint(areas.header, pen.theme.bar);
    two_lines(state, areas.header, pen);
    if areas.bar.height > 0 {
        health_bar(state, areas.bar, pen);
    }
    banner(state, areas.banner, marks::lines(state, areas.banner.width, pen), pen);
    if areas.strip.height > 0 {
        strip(state, areas.strip, pen);
    }
}

/// What runs and how it is; which phases there are, what is chosen, and the pool. What is chosen
/// must be seen, and the phases too: where both have no room beside each other, what is chosen
/// takes the title's place.
fn two_lines(state: &State, area: Rect, pen: &mut Pen) {
    let theme = pen.theme;
    let mut title = vec![
        ("headend".to_owned(), theme.title),
        (format!(" {}", state.version), theme.faint),
        (format!("  {}", state.title), theme.dim),
    ];
    // In the grid it stands beside what is chosen.
    let only = state.only_words().filter(|_| state.screen() != Screen::Grid);
    let only_wide = only.as_ref().map_or(0, |(whole, _)| width(whole) + 3);
    let health = how_it_is(state, area.width, length(&title) + only_wide, pen);
    let health_wide = cells(length(&health)).min(area.width);
    pen.pieces(area.right().saturating_sub(health_wide + 1), area.y, health_wide, &health);
    let title_room = area.width.saturating_sub(health_wide + 4);

    let chosen = Chosen::of(state, pen);
    let (above, chosen, right) = share(state, &chosen, (area.width, title_room), pen);
    if let Some((whole, short)) = only {
        let fits = width(&whole) + 10 <= usize::from(title_room);
        title.insert(1, (format!("  {} ", if fits { whole } else { short }), theme.accent));
    }
    if above || usize::from(title_room) >= LEAST_TITLE {
        pen.pieces(area.x + 1, area.y, title_room, if above { &chosen } else { &title[..] });
    }
    let y = area.y + 1;
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

/// How many streams are in which health, behind how many incidents are open and what is wrong with telling
/// people. Where it is narrow the healths' words go first, then what is said of telling people. The title
/// gives way to both, but as little as can be.
fn how_it_is(state: &State, wide: u16, title: usize, pen: &Pen) -> Vec<Piece> {
    let wide = usize::from(wide).saturating_sub(2);
    let behind = |pieces: Vec<Piece>| -> Vec<Piece> {
        let gap = (!pieces.is_empty()).then(|| gap(pen));
        pieces.into_iter().chain(gap).collect()
    };
    for (with_words, with_trouble) in [(true, true), (false, true), (false, false)] {
        let health = healths(state, with_words, pen);
        let free = wide.saturating_sub(length(&health));
        let room = if with_trouble { free.saturating_sub(GAP) } else { 0 };
        let trouble = behind(incidents::trouble(state, room, pen));
        let free = free.saturating_sub(length(&trouble) + GAP);
        // All of the title, or its begin, or nothing of it.
        let kept = [(title + GAP, false), (LEAST_TITLE + GAP, false), (0, true)].into_iter();
        let mut plans = kept.filter_map(|(title, shortest)| {
            let said = incidents::summary(state, free.checked_sub(title)?, shortest, pen);
            Some(said).filter(|said| !said.is_empty())
        });
        let incidents = behind(plans.next().unwrap_or_default());
        let missing = incidents.is_empty() && state.incidents_count().open > 0
            || trouble.is_empty() && state.telling_trouble().is_some();
        // Rather without the words than without the last of them.
        if !with_trouble || !missing && length(&health) <= wide {
            return [trouble, incidents, health].concat();
        }
    }
    Vec::new()
}

/// Who gets the title's place and who stands beside the phases, on a header so wide that has so much
/// room for a title: whether what is chosen is above, itself, and what stands at the right below.
fn share(
    state: &State,
    chosen: &Chosen,
    (wide, title_room): (u16, u16),
    pen: &Pen,
) -> (bool, Vec<Piece>, Vec<Piece>) {
    let (wide, title_room) = (usize::from(wide), usize::from(title_room));
    let phases_wide = length(&phases(state, usize::MAX, pen));
    let beside = |chosen: &[Piece], rotation| {
        let gap = (!chosen.is_empty()).then(|| gap(pen));
        chosen.iter().cloned().chain(gap).chain(pool(state, rotation, pen)).collect::<Vec<_>>()
    };
    let fits = |right: &[Piece]| phases_wide + length(right) + 6 <= wide;
    let whole = chosen.within(usize::MAX, pen);
    let can_be_above = |chosen: &[Piece]| !chosen.is_empty() && length(chosen) <= title_room;
    let rotations = [Rotation::Long, Rotation::Short];
    for above in [false, true] {
        for rotation in rotations {
            let right = if above { pool(state, rotation, pen) } else { beside(&whole, rotation) };
            if fits(&right) && (!above || can_be_above(&whole)) {
                return (above, whole, right);
            }
        }
    }
    // Rather less of a long filter than of what is counted.
    let least = if wide < 80 { Rotation::None } else { Rotation::Short };
    let pool = pool(state, least, pen);
    let room_beside = wide.saturating_sub(phases_wide + length(&pool) + 6 + GAP);
    let (above, room) = if title_room >= room_beside { (true, title_room) } else { (false, room_beside) };
    let cut = chosen.within(room.max(chosen.least()), pen);
    if above && can_be_above(&cut) {
        return (true, cut, pool);
    }
    let cut = if above { chosen.within(chosen.least(), pen) } else { cut };
    let right = beside(&cut, least);
    (false, cut, right)
}

fn gap(pen: &Pen) -> Piece {
    (" ".repeat(GAP), pen.theme.dim)
}

/// How many streams are in which health.
fn healths(state: &State, with_words: bool, pen: &Pen) -> Vec<Piece> {
    let mut totals: Vec<Piece> = Vec::new();
    for health in HEALTHS {
        let count = state.totals.with_health(health);
        let style = if count > 0 { pen.theme.health(health) } else { pen.theme.faint };
        let gap = if totals.is_empty() { "" } else { "  " };
        let word = if with_words { format!(" {}", health.word()) } else { String::new() };
        totals.push((format!("{gap}{} {count}{word}", pen.glyphs.health(health)), style));
    }
    totals
}

/// What the operator chose to see in the grid, as far as the grid itself does not show it.
#[derive(Default)]
struct Chosen {
    parts: Vec<Piece>,
    /// What may be long, and comes last.
    filter: Option<Piece>,
}

impl Chosen {
    fn of(state: &State, pen: &Pen) -> Self {
        if state.screen() != Screen::Grid {
            return Self::default();
        }
        Self { parts: chosen(state, pen), filter: filter(state, pen) }
    }

    /// Side by side, the filter cut so that all take at most `room` cells.
    fn within(&self, room: usize, pen: &Pen) -> Vec<Piece> {
        let gap = |n: usize| (n > 0).then(|| gap(pen));
        let parts = self.parts.iter().cloned().enumerate();
        let mut pieces: Vec<Piece> = parts.flat_map(|(n, part)| gap(n).into_iter().chain([part])).collect();
        if let Some((text, style)) = &self.filter {
            pieces.extend(gap(pieces.len()));
            let left = room.saturating_sub(length(&pieces));
            pieces.push((fit(text, left, pen.glyphs).into_owned(), *style));
        }
        pieces
    }

    /// The room they want at least: a filter that is longer is recognised by its begin.
    fn least(&self) -> usize {
        let parts: usize = self.parts.iter().map(|(text, _)| width(text) + GAP).sum();
        match &self.filter {
            Some((text, _)) => parts + width(text).min(LEAST_FILTER),
            None => parts.saturating_sub(GAP),
        }
    }
}

fn chosen(state: &State, pen: &Pen) -> Vec<Piece> {
    let (theme, list) = (pen.theme, &state.list);
    let mut parts: Vec<Piece> = Vec::new();
    if let Some((whole, short)) = state.only_words() {
        let narrow = state.size.width < 60;
        let (only, room) = if narrow { (short, LONGEST_ONLY / 2) } else { (whole, LONGEST_ONLY) };
        parts.push((fit(&only, room, pen.glyphs).into_owned(), theme.accent));
    }
    if !state.chosen.is_empty() {
        let hidden = match state.chosen.hidden() {
            0 => String::new(),
            hidden => format!(", {hidden} hidden"),
        };
        parts.push((format!("{} selected{hidden}", state.chosen.len()), theme.accent));
    }
    // What a view that was not changed shows, its name says.
    let said = state.shown_view().is_some_and(|(_, changed)| !changed);
    if let Some((view, changed)) = state.shown_view() {
        let key = view.key.map_or_else(String::new, |key| format!("{key} "));
        let changed = if changed { " changed" } else { "" };
        parts.push((format!("view {key}{}{changed}", view.name), theme.accent));
    }
    if list.is_filtered() && state.filter_behind().is_none() {
        let shown = format!("{} of {} shown", list.order.len(), state.board.rows.len());
        parts.push((shown, theme.accent));
    }
    if list.faults_only && !said {
        parts.push(("faults only".into(), theme.accent));
    }
    let SortBy { column, reversed } = list.sort;
    // Tiles have no titles.
    let marked = (column.is_none() && !reversed)
        || state.arrangement.density != Density::Tiles
            && state.columns().iter().any(|placed| Some(placed.column) == column);
    if !marked {
        let arrow = if descends(column) == reversed { pen.glyphs.up } else { pen.glyphs.down };
        let word = column.map_or("configured", |column| column.title(u16::MAX));
        parts.push((format!("by {word} {arrow}"), theme.dim));
    }
    parts
}

/// The filter, or that it is not in force.
fn filter(state: &State, pen: &Pen) -> Option<Piece> {
    if let Some(behind) = state.filter_behind().map(str::trim) {
        // The rows are no answer to what is typed.
        let sign = pen.glyphs.health(Health::Warning);
        let rows = if behind.is_empty() { "all".to_owned() } else { format!("/{behind}") };
        return Some((format!("{sign} not applied, shown: {rows}"), pen.theme.warning));
    }
    let filter = state.list.filter.trim();
    let said = state.shown_view().is_some_and(|(_, changed)| !changed);
    let told = !filter.is_empty() && state.prompt().is_none() && !said;
    told.then(|| (format!("/{filter}"), pen.theme.accent))
}

/// How much is said about streams that take turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rotation {
    Long,
    Short,
    None,
}

/// The pool, and its rotation if there is one.
fn pool(state: &State, rotation: Rotation, pen: &Pen) -> Vec<Piece> {
    let (theme, pool) = (pen.theme, state.board.pool);
    let mut pieces = Vec::new();
    let age = pool.unseen_since.map(|since| slow_age(state.seen_at().since(since)));
    let text = match (rotation, age) {
        _ if pool.rotating == 0 => None,
        (Rotation::None, _) | (Rotation::Short, None) => None,
        (Rotation::Short, Some(age)) => Some(format!("unseen {age}   ")),
        (Rotation::Long, None) => Some(format!("rotating {}   ", pool.rotating)),
        (Rotation::Long, Some(age)) => Some(format!("rotating {}, longest unseen {age}   ", pool.rotating)),
    };
    pieces.extend(text.map(|text| (text, theme.dim)));
    let auto = if pool.auto { " auto" } else { "" };
    pieces.push((format!("slots {}/{}{auto}", pool.busy, pool.slots), theme.dim));
    pieces
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

/// Draws what must not be missed, a line each: `marks`, that headend leaves, and notices.
pub fn banner(state: &State, area: Rect, marks: Vec<Mark>, pen: &mut Pen) {
    let mut y = area.y;
    let mut line = |text: &str, end: &str, style: Style, pen: &mut Pen| {
        if y < area.bottom() {
            let style = style.add_modifier(Modifier::REVERSED);
            pen.paint(Rect { y, height: 1, ..area }, style);
            // What can be done about it is never what is cut.
            let wide = cells(width(end)).min(area.width);
            pen.left(area.right() - wide, y, wide, end, style);
            pen.left(area.x, y, area.width - wide, text, style);
            y += 1;
        }
    };
    for Mark { text, end, style } in marks {
        line(&text, &end, style, pen);
    }
    if let Some(leaving) = state.leaving {
        let left = leaving.left.unwrap_or_else(|| state.workers());
        let sign = pen.glyphs.phase(Phase::Stopping);
        let text = format!(" {sign} stopping: {} left", counted(left as usize, "worker"));
        let quit = state.keymap.key_for(Does::Quit);
        let end = if state.attached {
            format!("  {quit} leaves this console ")
        } else {
            format!("  {quit} again: kill them and leave ")
        };
        line(&text, &end, pen.theme.warning, pen);
    }
    for Line { notice, more } in lines(&state.board.notices) {
        let mut end = String::new();
        if more > 0 {
            end = format!("  +{more} more: {} ", state.keymap.key_for(Does::Machine));
        }
        if notice.kind == NoticeKind::Rollout {
            let keys = [Does::RolloutContinue, Does::RolloutBack].map(|does| state.keymap.key_for(does));
            let hint = format!("  {} continue, {} back{end} ", keys[0], keys[1]);
            // The footer has them too: the text comes first.
            let wide = width(&notice.text) + width(&hint) + 16;
            end = if wide <= usize::from(area.width) { hint } else { end };
        }
        let age = coarse_age(state.seen_at().since(notice.since));
        let (sign, word) = severity(notice.severity, pen);
        let text = format!(" {sign} {word} {age}  {}", notice.text);
        // On a wall no key leads there.
        if end.is_empty() && width(&text) > usize::from(area.width) && state.screen() != Screen::Wall {
            end = format!("  {} tells all ", state.keymap.key_for(Does::Machine));
        }
        line(&text, &end, pen.theme.severity(notice.severity), pen);
    }
}

/// The sign and the word of a severity.
pub fn severity(severity: Severity, pen: &Pen) -> (&'static str, &'static str) {
    let health = match severity {
        Severity::Warning => Health::Warning,
        Severity::Critical => Health::Critical,
    };
    (pen.glyphs.health(health), health.word())
}

/// What the strip always shows; the others only while they are a worry, and then first.
const STRIP: [Kind; 8] = [
    Kind::Cpu,
    Kind::Load,
    Kind::Memory,
    Kind::WorkersMemory,
    Kind::OwnCpu,
    Kind::OwnMemory,
    Kind::Files,
    Kind::Queue,
];

/// What stands behind a value in the strip: the severity's word, or where there is no room for words
/// its sign.
fn worry_word(state: &State, meter: &Meter, with_words: bool, pen: &Pen) -> String {
    match (meter.kind, meter.short_word, meter.worry) {
        (_, "", _) => String::new(),
        (Kind::Queue, word, _) => format!(", {} {word}", state.board.pool.held),
        (_, _, Some(worry)) if !with_words => format!(" {}", severity(worry, pen).0),
        (_, word, _) => format!(" {word}"),
    }
}

/// The cells of the strip's fields, and whether there is room for words. Who needs more than an even
/// share takes it from those that have most to spare; where there are no more, the last meters go.
fn strip_fields(state: &State, meters: &mut Vec<Meter>, room: u16, pen: &Pen) -> (Vec<u16>, bool) {
    /// The widest value that is no worry takes so many: fields stand still while values change.
    const VALUE: usize = 6;
    loop {
        for with_words in [true, false] {
            let needs = meters.iter().map(|meter| {
                let word = width(&worry_word(state, meter, with_words, pen));
                let value = width(&meter.value);
                let value = if word == 0 { value.max(VALUE) } else { value };
                cells(width(meter.kind.short()) + 1 + value + word + 2)
            });
            let needs: Vec<u16> = needs.collect();
            if needs.iter().sum::<u16>() > room && (meters.len() > 1 || with_words) {
                continue;
            }
            let even = room / cells(needs.len().max(1));
            let mut fields: Vec<u16> = needs.iter().map(|need| even.max(*need)).collect();
            for _ in room..fields.iter().sum() {
                let richest = (0..fields.len()).max_by_key(|n| fields[*n] - needs[*n]);
                if let Some(n) = richest {
                    fields[n] = fields[n].saturating_sub(1).max(needs[n]);
                }
            }
            return (fields, with_words);
        }
        meters.pop();
    }
}

fn strip(state: &State, area: Rect, pen: &mut Pen) {
    // The slots have their place in the header's second line already.
    let others = Kind::ALL.iter().filter(|kind| **kind != Kind::Slots && !STRIP.contains(kind));
    let others = others.map(|kind| Meter::read(*kind, &state.board)).filter(|meter| meter.worry.is_some());
    let meters: Vec<Meter> = others.chain(STRIP.map(|kind| Meter::read(kind, &state.board))).collect();
    let mut meters = meters;
    meters.truncate((area.width / 15).clamp(1, cells(meters.len())).into());
    let (fields, with_words) = strip_fields(state, &mut meters, area.width, pen);
    let mut next = area.x + 1;
    let history = state.charts.of(HistoryOf::Machine, STRIP_SPAN);
    for (meter, field) in meters.iter().zip(fields) {
        let x = next;
        next += field;
        let style = meter.worry.map_or(pen.theme.dim, |s| pen.theme.severity(s));
        let short = meter.kind.short();
        let pieces = [
            (format!("{short} "), pen.theme.heading),
            (meter.value.clone(), style),
            (worry_word(state, meter, with_words, pen), style),
        ];
        let room = field.saturating_sub(2);
        let used = pen.pieces(x, area.y, room, &pieces);
        // The widest value takes six cells: charts stand still while values change.
        let chart_at = (cells(short.len()) + 8).max(used + 1);
        if field < LEAST_STRIP_FIELD || chart_at + 3 > room {
            continue;
        }
        // Of each step the highest: a peak is worth more than a pause.
        if let Some((history, (_, series))) =
            history.and_then(|history| Some((history, history.extremes(meter.kind.series())?)))
        {
            let later = history.end() - state.charts.newest(history);
            let later = usize::try_from(later).unwrap_or(usize::MAX);
            let newest = || series.iter().rev().skip(later).copied();
            let top = match meter.top {
                chart::Top::Full(full) => full,
                chart::Top::Above(_) => chart::top(newest(), 1),
            };
            let drawn = chart::lines(newest(), top, usize::from(room - chart_at), 1, pen.glyphs);
            pen.left(x + chart_at, area.y, room - chart_at, &drawn[0], pen.theme.chart);
        }
    }
}
