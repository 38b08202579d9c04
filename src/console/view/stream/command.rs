//! The command as it was run, as a shell would take it.

use super::super::tone::{Line, Lines, Tone};
use crate::console::glyphs::Glyphs;
use crate::console::keymap::Does;
use crate::console::state::State;
use crate::model::{Row, shell_line};

/// The command, and the key to take it along.
pub fn lines(state: &State, row: &Row, wide: u16, glyphs: &Glyphs) -> Vec<Line> {
    let mut lines = Lines::new(wide, false, glyphs);
    let detail = state.detail.as_deref().filter(|detail| detail.stream == row.ix);
    match detail {
        None => lines.line("", vec![("waiting for the supervisor".into(), Tone::Dim)]),
        Some(detail) if detail.command.is_empty() => {
            lines.line("", vec![("no worker has been started yet".into(), Tone::Dim)]);
        }
        Some(detail) => {
            let key = state.keymap.key_for(Does::CopyCommand);
            if !key.is_empty() {
                let text = format!("as it was run last, secrets masked; {key} copies it");
                lines.text("", Vec::new(), &text, Tone::Dim, 0);
            }
            lines.text("", Vec::new(), &shell_line(&detail.command), Tone::Text, 2);
        }
    }
    lines.done()
}
