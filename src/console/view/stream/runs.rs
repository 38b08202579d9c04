//! The last runs: when, how long, on which input, and why they ended.

use super::super::tone::{Line, Lines, Tone, Toned};
use super::super::words;
use crate::console::glyphs::Glyphs;
use crate::console::spans::lasted;
use crate::console::state::State;
use crate::model::{RUNS_KEPT, Row, Run, coarse_age};

/// Below this width the reason has a line of its own.
const ONE_LINE: usize = 56;

/// The runs, the newest first.
pub fn lines(state: &State, row: &Row, wide: u16, glyphs: &Glyphs) -> Vec<Line> {
    let mut lines = Lines::new(wide, false, glyphs);
    if let Some(up) = words::uptime(row, state.seen_at()) {
        let (number, of) = row.input_of;
        let input = if of > 1 { format!(", input {number} of {of}") } else { String::new() };
        let tone = Tone::Phase(row.phase);
        let now = format!("{} {}", glyphs.phase(row.phase), row.phase.word());
        lines.line("", vec![(now, tone), (format!(" since {up}{input}"), Tone::Text)]);
    }
    let Some(detail) = state.detail.as_deref().filter(|detail| detail.stream == row.ix) else {
        lines.line("", vec![("waiting for the supervisor".into(), Tone::Dim)]);
        return lines.done();
    };
    let mut runs = state.runs_until_then(row.ix).peekable();
    if runs.peek().is_none() {
        // As many as are kept have ended since the moment that is shown.
        let gone = detail.runs.len() >= RUNS_KEPT;
        let text = if gone { "runs that had ended then are no longer kept" } else { "no run has ended yet" };
        lines.line("", vec![(text.into(), Tone::Dim)]);
    }
    for run in runs {
        one(state, row, run, &mut lines);
    }
    lines.done()
}

fn one(state: &State, row: &Row, run: &Run, lines: &mut Lines) {
    let age = format!("{} ago", coarse_age(state.seen_at().since(run.ended)));
    let input = match run.input {
        number if row.input_of.1 > 1 && number > 0 => format!("input {number}  "),
        _ => String::new(),
    };
    let was = if run.was_live { "was live  " } else { "never live" };
    let lasted = lasted(run.ended.since(run.started));
    let narrow = lines.room() < ONE_LINE;
    let mut before: Vec<Toned> = vec![
        (format!("{age:<9}"), Tone::Text),
        (if narrow { format!("{lasted:<8}") } else { format!("ran {lasted:<8}") }, Tone::Dim),
        (input, Tone::Dim),
        (was.to_owned(), if run.was_live { Tone::Dim } else { Tone::Text }),
    ];
    if narrow {
        lines.line("", before);
        lines.text("", vec![("  ".into(), Tone::Dim)], &run.reason, Tone::Text, 2);
        return;
    }
    before.push(("  ".into(), Tone::Dim));
    let indent = before.iter().map(|(text, _)| text.len()).sum();
    lines.text("", before, &run.reason, Tone::Text, indent);
}
