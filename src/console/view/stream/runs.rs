//! The last runs: when, how long, on which input, and why they ended.

use std::time::Duration;

use super::super::tone::{Line, Lines, Tone, Toned};
use super::super::words;
use crate::console::glyphs::Glyphs;
use crate::console::state::State;
use crate::model::{RUNS_KEPT, Row, Run, coarse_age};

/// Below this width the reason has a line of its own.
const ONE_LINE: usize = 56;

/// How long a run took, in two units: `12s`, `3m04s`, `2h07m`, `5d03h`.
#[must_use]
pub fn lasted(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0 if !span.is_zero() => "<1s".into(),
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_as_long_as_two_units_say() {
        let of = |ms| lasted(Duration::from_millis(ms));
        assert_eq!([of(0), of(400), of(12_000), of(59_999)], ["0s", "<1s", "12s", "59s"]);
        assert_eq!([of(60_000), of(184_000), of(3_600_000)], ["1m00s", "3m04s", "1h00m"]);
        assert_eq!([of(7_620_000), of(86_400_000 * 5 + 3_600_000 * 3)], ["2h07m", "5d03h"]);
    }
}
