//! headend's own log, in tui-logger's pane.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::Widget;
use tui_logger::{ExtLogRecord, LogFormatter, TuiLoggerWidget};

use super::pen::Pen;
use crate::console::glyphs::Glyphs;
use crate::console::state::State;
use crate::console::text::{cells, wrap_after};

/// Draws the pane.
pub fn draw(state: &State, area: Rect, pen: &mut Pen) {
    if area.height == 0 {
        return;
    }
    let theme = pen.theme;
    let hidden: Vec<_> =
        state.own_log.hidden().map(|words| (words.into(), theme.accent)).into_iter().collect();
    pen.rule(area.x, area.y, area.width, &[("headend's own log".into(), theme.heading)], &hidden);
    let body =
        Rect { x: area.x + 1, y: area.y + 1, width: area.width.saturating_sub(2), height: area.height - 1 };
    let lines = Lines {
        glyphs: *pen.glyphs,
        styles: [theme.critical, theme.warning, theme.text, theme.dim, theme.faint],
    };
    TuiLoggerWidget::default()
        .state(&state.own_log.pane)
        .formatter(Box::new(lines))
        .style(theme.text)
        .render(body, pen.buffer);
}

/// Cells before the words of a line: the time and the level.
const BEFORE: usize = 15;
/// Lines that go on are set in by so many.
const INDENT: usize = 9;

/// How an entry becomes lines: tui-logger's own way cuts words.
struct Lines {
    glyphs: Glyphs,
    /// By level, errors first.
    styles: [Style; 5],
}

impl LogFormatter for Lines {
    fn min_width(&self) -> u16 {
        cells(BEFORE)
    }

    fn format(&self, width: usize, entry: &ExtLogRecord) -> Vec<Line<'_>> {
        let style = self.styles[(entry.level as usize).saturating_sub(1).min(self.styles.len() - 1)];
        let before = format!("{} {:<5} ", entry.timestamp.strftime("%H:%M:%S"), entry.level);
        let lines = wrapped(&before, entry.msg(), width, &self.glyphs);
        lines.into_iter().map(|line| Line::styled(line, style)).collect()
    }
}

/// The lines of an entry, cut between words.
fn wrapped(before: &str, text: &str, width: usize, glyphs: &Glyphs) -> Vec<String> {
    let pieces = wrap_after(BEFORE - INDENT, text, width.saturating_sub(INDENT), glyphs).into_iter();
    let begins = |n| if n == 0 { before.to_owned() } else { " ".repeat(INDENT) };
    pieces.enumerate().map(|(n, piece)| begins(n) + &piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::glyphs::UNICODE;
    use crate::console::text;

    #[test]
    fn no_word_is_cut_and_no_line_is_too_wide() {
        let said =
            "the configuration is not taken in: /etc/headend/headend.toml:12:3 says nothing that is known";
        for width in 24..130 {
            let lines = wrapped("12:00:00 ERROR ", said, width, &UNICODE);
            assert!(lines.iter().all(|line| text::width(line) <= width), "{lines:#?}");
            let words: Vec<&str> = lines.iter().flat_map(|line| line.split_whitespace()).collect();
            if width > 45 {
                assert_eq!(words.join(" "), format!("12:00:00 ERROR {said}"), "{lines:#?}");
            }
        }
        assert_eq!(
            wrapped("12:00:00 INFO  ", "reloaded: nothing differs", 30, &UNICODE),
            ["12:00:00 INFO  reloaded:", "         nothing differs"]
        );
    }
}
