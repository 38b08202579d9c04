//! What stands in one column of one row.

use ratatui::style::Style;

use super::super::pen::Pen;
use super::super::words;
use crate::console::spans::slow_age;
use crate::console::state::State;
use crate::console::text::{UNKNOWN, bitrate, bytes, count, fps, percent, short_name, speed};
use crate::model::{Column, Health, Phase, Row, coarse_age};

/// The text of a column with room for `room` cells, and its style. `with_input`: which input is in
/// use has no column of its own.
pub fn cell(
    state: &State,
    row: &Row,
    (column, room): (Column, u16),
    with_input: bool,
    pen: &Pen,
) -> (String, Style) {
    let (theme, now) = (pen.theme, state.seen_at());
    let number = |text: String| {
        let style = if text == UNKNOWN { theme.faint } else { theme.dim };
        (text, style)
    };
    let counted = |value: u32| (count(value.into()), if value == 0 { theme.faint } else { theme.dim });
    let known = |text: Option<String>| number(text.unwrap_or_else(|| UNKNOWN.into()));
    match column {
        Column::Phase => (row.phase.word().into(), theme.phase(row.phase)),
        Column::Name => {
            let name = short_name(&row.name, room.into(), pen.glyphs);
            (name.into_owned(), name_style(state, row, pen))
        }
        Column::Id => (row.id.to_string(), theme.dim),
        Column::Group => (row.group.to_string(), theme.dim),
        Column::Tags => (words::tags(row), theme.dim),
        Column::Mode => (row.mode.word().into(), theme.dim),
        Column::Watch => (row.watch.word().into(), theme.dim),
        Column::Priority => (row.priority.to_string(), theme.dim),
        Column::Health => {
            // What something else explains is no alarm.
            let calm = row.conditions.is_empty() || words::is_explained(row);
            let style = if calm { theme.dim } else { theme.health(row.health()) };
            (words::health(row, now, pen.glyphs, with_input), style)
        }
        Column::Care => (words::care_cell(row, now), theme.dim),
        Column::Fps => number(fps(row.figures.fps)),
        Column::Bitrate => number(bitrate(row.figures.bitrate_kbps)),
        Column::Speed => number(speed(row.figures.speed)),
        Column::Uptime => known(words::uptime(row, now)),
        Column::Restarts => counted(row.restarts),
        Column::Failures => counted(row.failures),
        Column::Cpu => known(row.usage.map(|usage| percent(usage.cpu_percent))),
        Column::Mem => known(row.usage.map(|usage| bytes(usage.memory_bytes))),
        Column::Fds => known(row.usage.map(|usage| count(usage.open_files.into()))),
        Column::Pid => known(row.pid.map(|pid| pid.to_string())),
        Column::Seen => known(row.last_seen.map(|seen| slow_age(now.since(seen)))),
        Column::Age if row.last_message.is_empty() => (String::new(), theme.faint),
        Column::Age => (coarse_age(now.since(row.last_message_at)), theme.faint),
        Column::Message => {
            let calm = matches!(row.phase, Phase::Live | Phase::Stopped);
            (words::message(row, now, room), if calm { theme.dim } else { theme.text })
        }
        Column::Input => (words::input(row), if words::on_fallback(row) { theme.text } else { theme.faint }),
    }
}

/// How a stream's name looks: those that were selected stand out, and those in trouble.
pub fn name_style(state: &State, row: &Row, pen: &Pen) -> Style {
    if state.chosen.has(row.ix) {
        pen.theme.accent
    } else if row.health() == Health::Critical {
        pen.theme.title
    } else {
        pen.theme.text
    }
}
