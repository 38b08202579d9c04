//! What the screen needs of the supervisor beyond the board: worked out from the state, so that no
//! way to a page can forget to ask.

use super::{Screen, State};
use crate::link::ClientMessage;
use crate::model::{HistoryOf, Span, StreamIx};

/// The strip's charts: one value a cell, so that it moves once in ten seconds.
pub const STRIP: Span = Span::Hour;

/// What the screen needs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wants {
    /// This stream in detail.
    pub detail: Option<StreamIx>,
    /// This history.
    pub history: Option<(HistoryOf, Span)>,
    /// See [`super::charts::Charts::lost`].
    lost: u32,
}

impl Wants {
    /// What is to be said so that the supervisor knows, when `told` is what it was told last.
    #[must_use]
    pub fn beyond(&self, told: &Self) -> Vec<ClientMessage> {
        let detail = (self.detail != told.detail).then_some(ClientMessage::FollowDetail(self.detail));
        let again = self.lost != told.lost && self.history.is_some();
        let history = self.history != told.history || again;
        let history = history.then_some(ClientMessage::FollowHistory(self.history));
        detail.into_iter().chain(history).collect()
    }
}

impl State {
    /// What the screen needs now.
    #[must_use]
    pub fn wants(&self) -> Wants {
        let span = self.charts.span();
        let history = match self.screen() {
            Screen::Grid => (self.areas().strip.height > 0).then_some((HistoryOf::Machine, STRIP)),
            Screen::Stream => self.open.map(|ix| (HistoryOf::Stream(ix), span)),
            Screen::Machine => Some((HistoryOf::Machine, span)),
            _ => None,
        };
        let page = self.screens.contains(&Screen::Stream);
        Wants { detail: self.open.filter(|_| page), history, lost: self.charts.lost }
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyCode;

    use super::*;
    use crate::console::tests::support::{board, press, state};

    fn asks(state: &State, told: &mut Wants) -> Vec<ClientMessage> {
        let wants = state.wants();
        let asks = wants.beyond(told);
        *told = wants;
        asks
    }

    #[test]
    fn each_page_asks_for_what_it_shows_and_for_nothing_else() {
        use ClientMessage::{FollowDetail, FollowHistory};
        let (mut state, mut told) = (state(120, 40, board(5)), Wants::default());
        let stream = HistoryOf::Stream;
        assert_eq!(asks(&state, &mut told), [FollowHistory(Some((HistoryOf::Machine, STRIP)))]);
        assert_eq!(asks(&state, &mut told), []);
        press(&mut state, KeyCode::Enter);
        let first = StreamIx(0);
        assert_eq!(
            asks(&state, &mut told),
            [FollowDetail(Some(first)), FollowHistory(Some((stream(first), Span::FiveMinutes)))]
        );
        press(&mut state, KeyCode::Char('n'));
        let second = StreamIx(1);
        assert_eq!(
            asks(&state, &mut told),
            [FollowDetail(Some(second)), FollowHistory(Some((stream(second), Span::FiveMinutes)))]
        );
        press(&mut state, KeyCode::Char(']'));
        assert_eq!(asks(&state, &mut told), [FollowHistory(Some((stream(second), Span::Hour)))]);
        press(&mut state, KeyCode::Char('m'));
        assert_eq!(asks(&state, &mut told), [FollowHistory(Some((HistoryOf::Machine, Span::Hour)))]);
        press(&mut state, KeyCode::Esc);
        press(&mut state, KeyCode::Char('?'));
        assert_eq!(asks(&state, &mut told), [FollowHistory(None)], "the detail is still below");
        press(&mut state, KeyCode::Esc);
        press(&mut state, KeyCode::Esc);
        assert_eq!(
            asks(&state, &mut told),
            [FollowDetail(None), FollowHistory(Some((HistoryOf::Machine, STRIP)))]
        );
        // A grid without a strip needs none.
        let small = self::state(80, 24, board(5));
        assert_eq!(asks(&small, &mut told), [FollowHistory(None)]);
    }

    #[test]
    fn what_was_lost_is_asked_for_again() {
        let (mut state, mut told) = (state(120, 40, board(5)), Wants::default());
        asks(&state, &mut told);
        state.charts.lost += 1;
        assert_eq!(
            asks(&state, &mut told),
            [ClientMessage::FollowHistory(Some((HistoryOf::Machine, STRIP)))]
        );
        assert_eq!(asks(&state, &mut told), []);
    }
}
