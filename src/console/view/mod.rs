//! What the operator sees. A view reads the state and changes nothing.

mod audit;
pub mod chart;
mod columns;
pub mod dialog;
mod footer;
mod grid;
mod header;
pub mod help;
pub mod incidents;
mod log;
pub mod machine;
mod marks;
mod own_log;
mod pen;
mod penalty;
mod picker;
pub mod stream;
mod tone;
mod wall;
mod words;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::layout;
use super::state::overlay::Overlay;
use super::state::{Screen, State};
use super::theme::Look;
use pen::Pen;

/// Draws `state` on the whole of `frame`.
pub fn draw(state: &State, look: &Look, frame: &mut Frame) {
    let area = frame.area();
    // Between a resize and its event the two may differ for a frame: draw nothing then.
    if area.as_size() != state.size {
        return;
    }
    let mut pen = Pen::new(frame.buffer_mut(), look);
    pen.paint(area, pen.theme.ground);
    if layout::is_too_small(state.size) {
        dialog::too_small(area, &mut pen);
        return;
    }
    let areas = state.areas();
    if state.screen() == Screen::Wall {
        wall::draw(state, &mut pen);
        // Nothing else can stand in front of it.
        if let Some(question) = state.question() {
            dialog::question(state, question, area, &mut pen);
        }
        return;
    }
    header::draw(state, &areas, &mut pen);
    match state.screen() {
        Screen::Grid => grid::draw(state, areas.body, &mut pen),
        Screen::Stream => stream::draw(state, areas.body, &mut pen),
        Screen::Log => log::draw(state, areas.body, true, &mut pen),
        Screen::OwnLog => own_log::draw(state, areas.body, &mut pen),
        Screen::Machine => machine::draw(state, areas.body, &mut pen),
        Screen::Help => help::draw(state, areas.body, &mut pen),
        Screen::Penalty => penalty::draw(state, areas.body, &mut pen),
        Screen::Audit => audit::draw(state, areas.body, &mut pen),
        Screen::Incidents => incidents::draw(state, areas.body, &mut pen),
        Screen::Incident => incidents::one(state, areas.body, &mut pen),
        // Drawn above.
        Screen::Wall => {}
    }
    footer::draw(state, areas.footer, &mut pen);
    in_front(state, area, areas.body, &mut pen);
}

/// What takes the keys first.
fn in_front(state: &State, area: Rect, body: Rect, pen: &mut Pen) {
    match &state.overlay {
        Some(Overlay::Question(question)) => dialog::question(state, question, area, pen),
        Some(Overlay::Picker(list)) => picker::draw(list, body, pen),
        Some(Overlay::Columns(list)) => columns::draw(state, list, body, pen),
        // The footer has it.
        Some(Overlay::Prompt(_)) | None => {}
    }
    if state.help.front {
        help::front(state, area, pen);
    }
    if state.screen() != Screen::Wall {
        footer::toasts(state, body, pen);
    }
}
