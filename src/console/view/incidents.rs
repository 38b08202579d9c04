//! Incidents: the open ones first, the worst above; and one of them with everything that is known.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::header::severity;
use super::pen::{Pen, Piece, length};
use super::tone::{self, Line, Lines, Tone};
use crate::console::glyphs::{Glyphs, UNICODE};
use crate::console::incident::{self, Fact, Weight};
use crate::console::keymap::Does;
use crate::console::pages::title_and_rest;
use crate::console::state::State;
use crate::console::state::incidents::Entry;
use crate::console::text::{counted, width, wrap};
use crate::model::{Health, coarse_age};

/// From this width on how it is stands in a word, and how many streams it has.
const WORDS: u16 = 60;
/// From this width on how long it lasted and who is told have columns.
const LASTED: u16 = 100;
/// From this width on the time it began has one.
const WIDE: u16 = 140;

/// Cells of the columns that are always there: the cursor with the sign, the number, the age.
const GUTTER: u16 = 3;
const NUMBER: u16 = 7;
const AGE: u16 = 4;
/// And of the others.
const WORD: u16 = 9;
const BEGAN: u16 = 11;
const LAST: u16 = 7;
const STREAMS: u16 = 9;
const KNOWN: u16 = 12;
const TOLD: u16 = 11;

/// Draws the list.
pub fn draw(state: &State, area: Rect, pen: &mut Pen) {
    let (title, rest) = title_and_rest(area);
    let entries = state.incident_entries();
    titles(state, &entries, title, pen);
    if rest.height == 0 {
        return;
    }
    if entries.is_empty() {
        empty(state, rest, pen);
        return;
    }
    headings(rest, pen);
    let body = Rect { y: rest.y + 1, height: rest.height - 1, ..rest };
    let selected = state.selected_incident();
    let top = state.incidents.top.min(entries.len().saturating_sub(1));
    for (entry, y) in entries.iter().skip(top).zip(body.y..body.bottom()) {
        line(state, entry, Rect { y, height: 1, ..body }, pen);
        if Some(entry.number) == selected {
            pen.left(body.x, y, 1, pen.glyphs.cursor, pen.theme.accent);
            pen.paint(Rect { y, height: 1, ..body }, pen.theme.selection);
        }
    }
}

fn titles(state: &State, entries: &[Entry<'_>], area: Rect, pen: &mut Pen) {
    let theme = pen.theme;
    let open = state.incidents_count();
    let over = entries.iter().filter(|entry| !entry.is_open()).count();
    let title = [("incidents".to_owned(), theme.heading)];
    let style = match open.worst {
        Some(worst) if open.unknown > 0 => theme.severity(worst),
        _ => theme.dim,
    };
    let mut facts: Vec<Piece> = vec![(format!("{} open", open.open), style)];
    if open.unknown > 0 {
        facts.push((format!(", {} unacknowledged", open.unknown), style));
    }
    let key = state.keymap.key_for(Does::IncidentsOpen);
    let more = match state.older_incidents() {
        Some(true) => " so far",
        Some(false) => " and older ones",
        None => "",
    };
    let others = match (&state.incidents.refused, state.incidents.open_only) {
        (Some(why), _) => format!("  what is over can't be read: {why}"),
        (None, true) => format!("  {key} shows all"),
        (None, false) if state.incidents_unread() => "  reading what is over".into(),
        (None, false) => format!("  {over} over{more}"),
    };
    facts.push((others, theme.dim));
    while facts.len() > 1 && length(&facts) + 20 > area.width.into() {
        facts.pop();
    }
    pen.rule(area.x, area.y, area.width, &title, &facts);
}

fn empty(state: &State, area: Rect, pen: &mut Pen) {
    let theme = pen.theme;
    let (text, style) = if !state.connected {
        ("waiting for the supervisor".to_owned(), theme.dim)
    } else if state.incidents.open_only || state.incidents.refused.is_some() {
        (format!("{} No incident is open.", pen.glyphs.health(Health::Ok)), theme.ok)
    } else if state.incidents_unread() {
        ("reading incidents".to_owned(), theme.dim)
    } else {
        (
            // The rows may be red all the same: what has just begun is none yet.
            "There has been no incident, as far as they are kept. A fault becomes one when it has lasted (see \
             [alerts] after)."
                .to_owned(),
            theme.dim,
        )
    };
    let room = area.width.saturating_sub(4);
    for (line, y) in wrap(&text, room.into(), pen.glyphs).iter().zip(area.y + area.height / 3..area.bottom())
    {
        pen.left(area.x + 3, y, room, line, style);
    }
}

/// The columns of a line so wide, with their headings and cells; what it is about takes the rest.
fn columns(wide: u16) -> Vec<(Column, u16)> {
    let mut columns = vec![(Column::Number, NUMBER)];
    if wide >= WORDS {
        columns.push((Column::State, WORD));
    }
    if wide >= WIDE {
        columns.push((Column::Began, BEGAN));
    }
    columns.push((Column::Age, AGE));
    if wide >= LASTED {
        columns.push((Column::Lasted, LAST));
    }
    if wide >= WORDS {
        columns.push((Column::Streams, STREAMS));
    }
    if wide >= LASTED {
        columns.extend([(Column::Known, KNOWN), (Column::Told, TOLD)]);
    }
    columns
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Number,
    State,
    Began,
    Age,
    Lasted,
    Streams,
    Known,
    Told,
}

impl Column {
    const fn heading(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::State => "state",
            Self::Began => "began",
            Self::Age => "age",
            Self::Lasted => "lasted",
            Self::Streams => "streams",
            Self::Known => "known by",
            Self::Told => "telling",
        }
    }

    const fn is_right(self) -> bool {
        matches!(self, Self::Number | Self::Age | Self::Lasted | Self::Streams)
    }
}

fn headings(area: Rect, pen: &mut Pen) {
    let style = pen.theme.heading;
    let mut x = area.x + GUTTER;
    for (column, wide) in columns(area.width) {
        cell(column, x, area.y, wide, column.heading(), style, pen);
        x += wide + 1;
    }
    pen.left(x, area.y, area.right().saturating_sub(x), "what", style);
}

fn cell(column: Column, x: u16, y: u16, wide: u16, text: &str, style: Style, pen: &mut Pen) {
    if column.is_right() {
        pen.right(x, y, wide, text, style);
    } else {
        pen.left(x, y, wide, text, style);
    }
}

/// How an incident looks: only what is open and nobody knows of has its colour.
fn style(entry: &Entry<'_>, pen: &Pen) -> Style {
    match (entry.is_open(), entry.known) {
        (false, _) => pen.theme.dim,
        (true, Some(_)) => pen.theme.text,
        (true, None) => pen.theme.severity(entry.severity),
    }
}

fn line(state: &State, entry: &Entry<'_>, area: Rect, pen: &mut Pen) {
    let (theme, clock, y) = (pen.theme, state.incident_clock(), area.y);
    let style = style(entry, pen);
    let text = if entry.is_open() { theme.text } else { theme.dim };
    let sign = match entry.ended {
        Some(_) => pen.glyphs.health(Health::Ok),
        None => severity(entry.severity, pen).0,
    };
    pen.left(area.x + 1, y, 1, sign, style);
    let mut x = area.x + GUTTER;
    for (column, wide) in columns(area.width) {
        let (said, style) = match column {
            Column::Number => (entry.number.to_string(), text),
            Column::State => (state_word(entry).to_owned(), style),
            Column::Began => (clock.short(entry.began_ms), text),
            Column::Age => (age(state, entry), text),
            Column::Lasted => (incident::duration(entry.began_ms, entry.ended), text),
            Column::Streams => (incident::streams(entry.failing, entry.streams, entry.is_open()), text),
            Column::Known => (entry.known.unwrap_or_default().to_owned(), theme.accent),
            Column::Told => (entry.told.map_or("", crate::model::Told::word).to_owned(), text),
        };
        cell(column, x, y, wide, &said, style, pen);
        x += wide + 1;
    }
    let mut what: Vec<Piece> = Vec::new();
    if entry.flapping {
        what.push(("flaps: ".into(), theme.accent));
    }
    // Where who knows has no column, that somebody does is the sign.
    if let Some(known) = entry.known.filter(|_| area.width < LASTED) {
        what.push((format!("{} {known}: ", pen.glyphs.tended), theme.accent));
    }
    let plain = style.remove_modifier(Modifier::UNDERLINED);
    what.push((entry.title.to_owned(), if entry.is_open() { plain } else { theme.dim }));
    pen.pieces(x, y, area.right().saturating_sub(x), &what);
}

/// How it is, or how it ended: a word beside the sign.
const fn state_word(entry: &Entry<'_>) -> &'static str {
    match entry.ended {
        Some((_, ending)) => incident::ending(ending),
        None => incident::severity(entry.severity),
    }
}

/// How long ago it began; nothing while nobody knows what time it is.
fn age(state: &State, entry: &Entry<'_>) -> String {
    let clock = state.incident_clock();
    if clock.now_ms == u64::MAX { String::new() } else { coarse_age(clock.ago(entry.began_ms)) }
}

/// Draws the incident that is open on its page.
pub fn one(state: &State, area: Rect, pen: &mut Pen) {
    let (title, rest) = title_and_rest(area);
    let number = state.incidents.opened.unwrap_or_default();
    let mut words: Vec<Piece> = vec![(format!("incident {number}"), pen.theme.title)];
    if state.is_frozen() {
        words.push(("  as it is now".into(), pen.theme.dim));
    }
    let facts: Vec<Piece> = state.opened_incident().map_or_else(Vec::new, |incident| {
        let entry = Entry::of(incident, u64::MAX);
        let sign =
            if entry.is_open() { severity(entry.severity, pen).0 } else { pen.glyphs.health(Health::Ok) };
        vec![(format!("{sign} {}", state_word(&entry)), style(&entry, pen))]
    });
    pen.rule(title.x, title.y, title.width, &words, &facts);
    let lines = lines(state, rest.width, pen.glyphs);
    let hint = state.keymap.key_for(Does::Down);
    tone::draw(&lines, state.incidents.page_top, &hint, rest, pen);
}

/// How far the page of an incident can be scrolled.
#[must_use]
pub fn overflow(state: &State, area: Rect) -> usize {
    let (_, rest) = title_and_rest(area);
    tone::overflow(lines(state, rest.width, &UNICODE).len(), rest.height.into())
}

fn lines(state: &State, wide: u16, glyphs: &Glyphs) -> Vec<Line> {
    let mut lines = Lines::new(wide, true, glyphs);
    let Some(incident) = state.opened_incident() else {
        let text = match &state.incidents.refused {
            Some(why) => format!("it can't be read: {why}"),
            None if state.incidents.gone => "it is kept no longer".into(),
            None => "reading it".into(),
        };
        lines.text("", Vec::new(), &text, Tone::Dim, 0);
        return lines.done();
    };
    let told = state.live().incidents.get(&incident.number).map(|brief| brief.told);
    for Fact { label, text, weight } in incident::facts(incident, told, &state.incident_clock()) {
        let tone = match weight {
            Weight::Text => Tone::Text,
            Weight::Dim => Tone::Dim,
            Weight::Title => Tone::Title,
            Weight::People => Tone::Accent,
            Weight::Grave(severity) => Tone::Severity(severity),
        };
        lines.text(label, Vec::new(), &text, tone, 2);
    }
    lines.done()
}

/// What the header says of them, the longest that has room: how many there are, and how many of those
/// nobody knows of; `shortest`: rather how many there are alone than nothing.
#[must_use]
pub fn summary(state: &State, room: usize, shortest: bool, pen: &Pen) -> Vec<Piece> {
    let open = state.incidents_count();
    let Some(worst) = open.worst else { return Vec::new() };
    let sign = severity(worst, pen).0;
    let style = if open.unknown == 0 { pen.theme.text } else { pen.theme.severity(worst) };
    let (long, short) = match open.unknown {
        0 => (", acknowledged".to_owned(), ", ack".to_owned()),
        all if all == open.open => (String::new(), String::new()),
        some => (format!(", {some} unacknowledged"), format!(", {some} unack")),
    };
    let (count, inc) = (counted(open.open, "incident"), format!("{} inc", open.open));
    let forms = [[&count, &long], [&count, &short], [&inc, &short], [&inc, &String::new()]]
        .map(|[count, known]| format!("{sign} {count}{known}"));
    let mut forms = forms.into_iter().take(if shortest { 4 } else { 3 });
    let fits = forms.find(|text| width(text) <= room);
    fits.map(|text| vec![(text, style)]).unwrap_or_default()
}

/// That telling people has trouble: `mail: 12 wait`. Nothing where it has none, or there is no room.
#[must_use]
pub fn trouble(state: &State, room: usize, pen: &Pen) -> Vec<Piece> {
    let text = state.telling_trouble().map(|text| format!("{} {text}", pen.glyphs.health(Health::Warning)));
    let text = text.filter(|text| width(text) <= room);
    text.map(|text| vec![(text, pen.theme.warning)]).unwrap_or_default()
}
