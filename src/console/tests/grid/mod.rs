//! What the grid's keys do: queries, orders, groups, selection, undo, columns, views.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::grid_screens::rich_board;
use super::support::*;
use crate::console::decode::Typed;
use crate::console::remembered::{PickedTheme, Remembered};
use crate::console::state::list::Entry;
use crate::console::state::overlay::Overlay;
use crate::console::state::undo::UNDO_FOR;
use crate::console::state::update::{Effect, Event, update};
use crate::console::state::{Dirty, Question, State};
use crate::console::theme::Surroundings;
use crate::console::wishes::Told;
use crate::link::{ClientMessage, ServerMessage};
use crate::model::{
    Action, Answer, CareOrder, Column, ColumnChoice, Command, Delta, Density, Figures, MAX_VIEW_NAME,
    MAX_VIEWS, Phase, Selection, SortBy, StreamIx, Totals, View, Wanted,
};

mod columns;
mod density;
mod groups;
mod orders;
mod queries;
mod selecting;
mod undoing;
mod views;

fn grid() -> State {
    let mut state = state(120, 40, rich_board(200));
    state.drawn();
    state
}

fn ch(c: char) -> KeyCode {
    KeyCode::Char(c)
}

fn presses(state: &mut State, keys: &str) {
    for key in keys.chars() {
        press(state, ch(key));
    }
}

fn press_with(state: &mut State, code: KeyCode, modifiers: KeyModifiers) {
    let now = state.now;
    update(state, now, Event::Typed(Typed::Key(KeyEvent::new(code, modifiers))));
}

/// Types a filter and keeps it.
fn filter(state: &mut State, text: &str) {
    presses(state, "/");
    presses(state, text);
    press(state, KeyCode::Enter);
}

fn numbers(state: &State) -> Vec<u32> {
    state.list.order.iter().map(|ix| ix.0).collect()
}

/// The one command that was sent.
fn command(effects: Vec<Effect>) -> (u64, Command) {
    let sent: Vec<_> = effects
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Send(ClientMessage::Command { seq, command }) => Some((seq, command)),
            _ => None,
        })
        .collect();
    let [one] = <[_; 1]>::try_from(sent).unwrap();
    one
}

fn ids(target: &Selection) -> Vec<&str> {
    let Selection::Ids(ids) = target else { panic!("{target:?}") };
    ids.iter().map(crate::model::StreamId::as_str).collect()
}

fn answer(state: &mut State, seq: u64, answer: Answer) {
    tell(state, ServerMessage::Answer { seq, answer });
}

fn toast(state: &State) -> &str {
    state.toast.as_ref().map_or("", |toast| &toast.text)
}
