//! Another supervisor, in which streams have other numbers: what the operator chose follows the ids.

use std::collections::BTreeMap;

use super::update::Effect;
use super::{Screen, State};
use crate::link::ClientMessage;
use crate::model::{Board, StreamId, StreamIx};

impl State {
    /// A whole board is about to come. When its streams have other numbers than those that are known,
    /// the cursor and the selection go along; what is open is closed, as what is told of it was asked
    /// for by its number.
    pub(super) fn follow_ids(&mut self, board: &Board) -> Option<Effect> {
        let known: BTreeMap<StreamIx, StreamId> =
            self.live().rows.iter().map(|(ix, row)| (*ix, row.id.clone())).collect();
        let moved = |(ix, id): (&StreamIx, &StreamId)| board.rows.get(ix).is_some_and(|row| row.id != *id);
        if !known.iter().any(moved) {
            return None;
        }
        // The board that was frozen is of the supervisor before.
        self.go_live();
        let numbers: BTreeMap<&StreamId, StreamIx> =
            board.rows.iter().map(|(ix, row)| (&row.id, *ix)).collect();
        let number = |ix: StreamIx| numbers.get(known.get(&ix)?).copied();
        self.list.selected = self.list.selected.and_then(number);
        self.penalty.list.selected = self.penalty.list.selected.and_then(number);
        self.chosen.renumber(number);
        self.open.take()?;
        self.detail = None;
        self.log.close();
        self.screens.retain(|screen| !matches!(screen, Screen::Stream | Screen::Log));
        Some(Effect::Send(ClientMessage::FollowLogs(Vec::new())))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use crossterm::event::KeyCode;

    use super::*;
    use crate::console::state::update::{Event, update};
    use crate::console::tests::support::{board, press, screen, state, tell};
    use crate::link::{LinkState, ServerMessage};
    use crate::model::Row;

    fn ch(c: char) -> KeyCode {
        KeyCode::Char(c)
    }

    /// The same streams, each with the number of the one before it.
    fn renumbered(board: &Board) -> Board {
        let mut other = board.clone();
        let rows = board.rows.values().skip(1).chain(board.rows.values().take(1));
        let renumber =
            |(ix, row): (&StreamIx, &Arc<Row>)| (*ix, Arc::new(Row { ix: *ix, ..Row::clone(row) }));
        other.rows = board.rows.keys().zip(rows).map(renumber).collect();
        other
    }

    fn told(state: &mut State, board: Board) -> Vec<Effect> {
        let now = state.now;
        update(state, now, Event::Told(ServerMessage::Board(Box::new(board))))
    }

    #[test]
    fn what_was_chosen_follows_the_ids() {
        let mut state = state(160, 40, board(6));
        press(&mut state, KeyCode::Down);
        press(&mut state, ch(' '));
        let (selected, chosen) = (state.list.selected.unwrap(), state.chosen.iter().next().unwrap());
        let names = [selected, chosen].map(|ix| state.row(ix).unwrap().id.clone());
        let other = renumbered(&state.board);
        assert_eq!(told(&mut state, other), []);
        let now = [state.list.selected.unwrap(), state.chosen.iter().next().unwrap()];
        assert_eq!(now.map(|ix| state.row(ix).unwrap().id.clone()), names);
        assert_ne!(now, [selected, chosen]);
    }

    #[test]
    fn what_is_open_is_closed_and_the_same_board_closes_nothing() {
        let mut state = state(160, 40, board(6));
        press(&mut state, KeyCode::Enter);
        assert_eq!(state.screen(), Screen::Stream);
        let same = state.board.clone();
        told(&mut state, same);
        assert_eq!(state.screen(), Screen::Stream);
        let other = renumbered(&state.board);
        let closed = Effect::Send(ClientMessage::FollowLogs(Vec::new()));
        assert!(told(&mut state, other).contains(&closed));
        assert_eq!((state.screen(), state.open), (Screen::Grid, None));
    }

    #[test]
    fn a_supervisor_that_is_gone_is_said_to_be_until_it_is_there_again() {
        let mut state = state(100, 30, board(3));
        state.attached = true;
        let link = |state: &mut State, link| {
            let now = state.now;
            update(state, now, Event::Link(link))
        };
        tell(&mut state, ServerMessage::Leaving { workers_left: 3 });
        let lost = LinkState::Lost { ago: Duration::from_secs(65), why: "it was told to end".into() };
        assert_eq!(link(&mut state, lost), []);
        let text = screen(&state);
        assert!(text.contains("THE SUPERVISOR IS GONE"), "{text}");
        assert!(!text.contains("stopping:"), "{text}");
        assert_eq!(press(&mut state, ch('q')), [Effect::Detach]);
        link(&mut state, LinkState::Open);
        assert!(!screen(&state).contains("GONE"));
    }

    #[test]
    fn an_attached_console_leaves_at_once_and_outlives_its_supervisor() {
        let mut state = state(100, 30, board(3));
        state.attached = true;
        let now = state.now;
        let left = Event::Told(ServerMessage::Leaving { workers_left: 0 });
        assert_eq!(update(&mut state, now, left), []);
        assert!(screen(&state).contains("stopping:"));
        let next = state.board.clone();
        told(&mut state, next);
        assert!(!screen(&state).contains("stopping:"), "the next one does not leave");
        assert_eq!(press(&mut state, ch('q')), [Effect::Detach]);
        assert_eq!(state.question(), None);
    }

    #[test]
    fn who_runs_the_streams_may_leave_them_running() {
        let mut state = state(100, 30, board(3));
        press(&mut state, ch('q'));
        assert!(!screen(&state).contains("d leaves this console"));
        assert_eq!(press(&mut state, ch('d')), [], "nobody would get the terminal back");
        state.may_go_on = true;
        assert!(screen(&state).contains("d leaves this console"));
        assert_eq!(press(&mut state, ch('d')), [Effect::Detach]);
    }
}
