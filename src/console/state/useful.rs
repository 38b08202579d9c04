//! What makes sense here and now: the footer and the palette offer nothing else.

use super::penalty::Standing;
use super::{Screen, State};
use crate::console::keymap::{Does, acts};
use crate::model::{Phase, Wanted};

impl State {
    /// Whether `does`, which works at this place, makes sense as things are. Nothing that changes
    /// from row to row decides it: the footer is to stand still while someone moves.
    #[must_use]
    pub fn is_useful(&self, does: Does) -> bool {
        match does {
            // Nothing can be done to what was.
            does if self.is_frozen() && acts(does) => false,
            does if self.on_incidents() => self.is_useful_with_incident(does),
            // In the grid there is nothing to go back from but a filter and a selection.
            Does::Back => self.screen() != Screen::Grid || self.list.is_filtered() || !self.chosen.is_empty(),
            // Only a rollout that has stopped can go on or back.
            Does::RolloutContinue | Does::RolloutBack => self.rollout().is_some(),
            // The machine has a list of its own.
            Does::Open if self.screen() == Screen::Machine => true,
            Does::Open => self.target().is_some() || self.list.selected_group().is_some(),
            Does::Start | Does::Stop | Does::Restart => self.has_target(),
            Does::Acknowledge | Does::Mute | Does::Note => !self.cared_for().is_empty(),
            Does::Log => self.target().is_some() && self.screen() != Screen::Log,
            Does::StartAll | Does::StopAll | Does::RestartAll => !self.list.order.is_empty(),
            Does::Previous | Does::Next => self.list.order.len() > 1,
            Does::SlotsAuto => !self.board.pool.auto,
            _ => true,
        }
    }

    /// Whether there is something to order things for: a stream, a group, or what is selected.
    fn has_target(&self) -> bool {
        let several = !self.chosen.is_empty() || self.list.selected_group().is_some();
        self.target().is_some() || self.screen() == Screen::Grid && several
    }

    /// Whether it would also do something to the very stream it goes to: the palette, which is
    /// opened for one moment, offers only that.
    #[must_use]
    pub fn would_change_something(&self, does: Does) -> bool {
        let several = self.screen() == Screen::Grid && (!self.chosen.is_empty() || self.target().is_none());
        let target = |holds: fn(Wanted, Phase) -> bool| {
            several || self.target().is_some_and(|row| holds(row.wanted, row.phase))
        };
        self.is_useful(does)
            && match does {
                Does::Start => target(|wanted, _| wanted == Wanted::Stopped),
                Does::Stop => target(|wanted, phase| wanted == Wanted::Started || phase != Phase::Stopped),
                Does::Restart => target(|wanted, _| wanted == Wanted::Started),
                Does::Acknowledge if self.on_incidents() => true,
                Does::Acknowledge => {
                    let now = self.seen_at();
                    self.cared_for().into_iter().any(|row| Standing::of(row, now).is_some())
                }
                _ => true,
            }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crossterm::event::KeyCode;

    use super::*;
    use crate::console::tests::support::*;
    use crate::model::{Board, NoticeKind, Severity, StreamIx};

    #[test]
    fn only_what_would_do_something_is_offered() {
        let mut board = board(3);
        board.notices = vec![notice(NoticeKind::Rollout, Severity::Warning, "waits")];
        Arc::make_mut(board.rows.get_mut(&StreamIx(1)).unwrap()).wanted = Wanted::Stopped;
        let mut state = state(80, 24, board);
        assert!(state.is_useful(Does::RolloutBack) && state.would_change_something(Does::Stop));
        assert!(state.is_useful(Does::Start) && !state.would_change_something(Does::Start));
        press(&mut state, KeyCode::Down);
        assert!(state.would_change_something(Does::Start) && !state.would_change_something(Does::Restart));
        assert!(!state.is_useful(Does::Back));
        let empty = crate::console::tests::support::state(80, 24, Board::default());
        for does in [Does::Open, Does::Start, Does::StopAll, Does::RolloutContinue, Does::Next] {
            assert!(!empty.is_useful(does), "{does:?}");
        }
        assert!(empty.is_useful(Does::Quit));
    }
}
