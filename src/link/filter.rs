//! A client that is sent only what it shows.

use std::collections::BTreeSet;

use super::ServerMessage;
use crate::model::query::{Query, Search};
use crate::model::{Board, Delta, StreamIx};

/// Terms and words of a query that is asked over a link: each row is looked at for each of them, by the
/// thread that serves everybody.
pub const MAX_TERMS: usize = 20;

/// Which rows a client is sent.
#[derive(Debug)]
pub(super) struct Filter {
    search: Search,
    /// Those it has.
    shown: BTreeSet<StreamIx>,
}

impl Filter {
    /// Of the text of a query; `None`: it is sent everything.
    pub(super) fn of(text: &str) -> Option<Self> {
        match Query::parse(text) {
            Ok(query) if query.is_empty() => None,
            Ok(query) if query.terms() > MAX_TERMS => {
                log::debug!("a client wants to see what has {} terms", query.terms());
                None
            }
            Ok(query) => Some(Self { search: Search::new(&query), shown: BTreeSet::new() }),
            Err(mistake) => {
                log::debug!("a client wants to see what can't be read: {mistake}");
                None
            }
        }
    }

    /// Leaves in a message what the client is to see. A row is looked at when it is sent and when it
    /// changes: one that is found only because time goes on comes with its next change.
    pub(super) fn apply(&mut self, message: &mut ServerMessage) {
        match message {
            ServerMessage::Board(board) => self.board(board),
            ServerMessage::Delta(delta) => self.delta(delta),
            _ => {}
        }
    }

    fn board(&mut self, board: &mut Board) {
        let at = board.at;
        board.rows.retain(|_, row| self.search.finds(row, at));
        self.shown = board.rows.keys().copied().collect();
    }

    fn delta(&mut self, delta: &mut Delta) {
        let (at, shown) = (delta.at, &mut self.shown);
        delta.removed.retain(|ix| shown.remove(ix));
        let mut left = Vec::new();
        delta.rows.retain(|ix, row| {
            let found = self.search.finds(row, at);
            if found {
                shown.insert(*ix);
            } else if shown.remove(ix) {
                left.push(*ix);
            }
            found
        });
        delta.removed.append(&mut left);
        delta.removed.sort_unstable();
        delta.removed.dedup();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_with_too_many_terms_is_not_looked_for() {
        let text = |terms| format!("-(a | {})", "b ".repeat(terms - 1));
        assert!(Filter::of(&text(MAX_TERMS)).is_some());
        assert!(Filter::of(&text(MAX_TERMS + 1)).is_none());
    }
}
