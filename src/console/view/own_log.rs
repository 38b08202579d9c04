//! headend's own log, in tui-logger's pane.

use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use tui_logger::{TuiLoggerLevelOutput, TuiLoggerWidget};

use super::pen::Pen;
use crate::console::state::State;

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
    TuiLoggerWidget::default()
        .state(&state.own_log.pane)
        .output_separator(' ')
        .output_level(Some(TuiLoggerLevelOutput::Long))
        .output_target(false)
        .output_file(false)
        .output_line(false)
        .style(theme.text)
        .style_error(theme.critical)
        .style_warn(theme.warning)
        .style_info(theme.text)
        .style_debug(theme.dim)
        .style_trace(theme.faint)
        .render(body, pen.buffer);
}
