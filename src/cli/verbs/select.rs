//! Which streams are meant: one reading of a selector for every verb.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::link::MAX_SHOW_TERMS;
use crate::model::query::{Field, MAX_QUERY, Query, Search};
use crate::model::{Board, Moment, Row, StreamId, nearest};

/// So many streams are named as near.
const MAX_NEAR: usize = 5;

/// What a selector means.
#[derive(Debug)]
pub enum Selector {
    /// Every stream.
    All,
    /// These, by their ids.
    Ids(BTreeSet<StreamId>),
    /// Those of this name, group or tag.
    Named(String),
    /// Those that a query finds.
    Query(Box<Query>, Search),
}

/// Why nobody is meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unselected {
    /// It can't be read.
    #[error("{0}")]
    Mistake(String),
    /// There is nobody who could be.
    #[error("there are no streams")]
    Empty,
    /// It can, and finds nothing.
    #[error("no stream is found by {text:?}{near}")]
    Nothing {
        /// The selector.
        text: String,
        /// What is near, with words before it; empty when nothing is.
        near: String,
    },
}

impl Selector {
    /// Reads the words of a selector. What the board knows by its name wins over a query: an id, several
    /// ids, then a name, a group or a tag.
    ///
    /// # Errors
    /// [`Unselected::Mistake`] when it is none of these and no query either.
    pub fn read(board: &Board, words: &[String]) -> Result<Self, Unselected> {
        let text = words.join(" ");
        let text = text.trim();
        if text.is_empty() || text == "*" {
            return Ok(Self::All);
        }
        let known: BTreeSet<&str> = board.rows.values().map(|row| row.id.as_str()).collect();
        let ids: Option<BTreeSet<StreamId>> = text
            .split_whitespace()
            .map(|word| known.get(word).and_then(|id| StreamId::new(id).ok()))
            .collect();
        if let Some(ids) = ids {
            return Ok(Self::Ids(ids));
        }
        if board.rows.values().any(|row| is_called(row, text)) {
            return Ok(Self::Named(text.to_owned()));
        }
        match Query::parse(text) {
            Ok(query) => {
                let search = Search::exact(&query);
                Ok(Self::Query(Box::new(query), search))
            }
            Err(mistake) => {
                let column = mistake.column(text);
                Err(Unselected::Mistake(format!("the selector {text:?}, column {column}: {mistake}")))
            }
        }
    }

    /// Whether a row is meant, at the board's time.
    pub fn finds(&mut self, row: &Row, now: Moment) -> bool {
        match self {
            Self::All => true,
            Self::Ids(ids) => ids.contains(&row.id),
            Self::Named(text) => is_called(row, text),
            Self::Query(_, search) => search.finds(row, now),
        }
    }

    /// A query that finds those that are meant, whatever becomes of them, for who need not be told of others;
    /// `None`: there is none that can be asked over a link.
    #[must_use]
    pub fn lasting(&self) -> Option<String> {
        let query = match self {
            Self::All => return None,
            Self::Ids(ids) => Query::called(&[Field::Id], ids.iter().map(StreamId::as_str)),
            Self::Named(text) => Query::called(&[Field::Name, Field::Group, Field::Tag], [text.as_str()]),
            Self::Query(query, _) => query.lasting()?,
        };
        let text = query.to_string();
        let fits = (1..=MAX_SHOW_TERMS).contains(&query.terms()) && text.chars().count() <= MAX_QUERY;
        fits.then_some(text)
    }

    /// The board with nothing on it but the rows that are meant.
    pub fn restrict(&mut self, board: &Board) -> Board {
        let found = board.rows.iter().filter(|(_, row)| self.finds(row, board.at));
        let rows: BTreeMap<_, _> = found.map(|(ix, row)| (*ix, Arc::clone(row))).collect();
        Board {
            rows,
            notices: board.notices.clone(),
            incidents: board.incidents.clone(),
            alerts: Arc::clone(&board.alerts),
            ..*board
        }
    }
}

fn is_called(row: &Row, text: &str) -> bool {
    *row.name == *text || *row.group == *text || row.tags.iter().any(|tag| **tag == *text)
}

/// Says that nothing is found, and what is near: words that were nearly right, then what the same
/// words find in the console's filter, where a part of a name is enough.
pub fn nothing(board: &Board, words: &[String]) -> Unselected {
    if board.rows.is_empty() {
        return Unselected::Empty;
    }
    let text = words.join(" ");
    let groups = board.rows.values().map(|row| &*row.group);
    let tags = board.rows.values().flat_map(|row| row.tags.iter().map(AsRef::as_ref));
    let ids = board.rows.values().map(|row| row.id.as_str());
    let mut near: Vec<&str> = nearest(&text, ids.chain(groups).chain(tags)).into_iter().collect();
    if let Ok(query) = Query::parse(&text) {
        let mut search = Search::new(&query);
        let found = board.rows.values().filter(|row| search.finds(row, board.at));
        let others: Vec<&str> =
            found.map(|row| row.id.as_str()).filter(|id| !near.contains(id)).take(MAX_NEAR).collect();
        near.extend(others);
    }
    near.truncate(MAX_NEAR);
    let near = if near.is_empty() { String::new() } else { format!("; near: {}", near.join(", ")) };
    Unselected::Nothing { text, near }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{board, row};
    use super::*;
    use crate::model::Phase;

    fn words(text: &str) -> Vec<String> {
        text.split('|').map(str::to_owned).collect()
    }

    fn found(board: &Board, text: &str) -> Vec<String> {
        let mut selector = Selector::read(board, &words(text)).unwrap();
        selector.restrict(board).rows.values().map(|row| row.id.to_string()).collect()
    }

    fn some() -> Board {
        board([
            row("news-1", "News One", "news", &["hd"]),
            row("news-10", "News Ten", "news", &[]),
            row("sport-1", "Sport Live", "Sport HD", &["hd", "events"]),
            Row { phase: Phase::Broken, ..row("events", "Events", "", &[]) },
        ])
    }

    #[test]
    fn ids_globs_groups_tags_names_and_queries_find_whole_words_only() {
        let board = some();
        for (text, expected) in [
            ("news-1", &["news-1"][..]),
            ("news-1|sport-1", &["news-1", "sport-1"]),
            ("news-1 sport-1", &["news-1", "sport-1"]),
            ("news-*", &["news-1", "news-10"]),
            ("NEWS-1?", &["news-10"]),
            ("news", &["news-1", "news-10"]),
            ("Sport HD", &["sport-1"]),
            ("Sport Live", &["sport-1"]),
            ("hd", &["news-1", "sport-1"]),
            ("hd|news", &["news-1"]),
            ("broken", &["events"]),
            ("group:news -tag:hd", &["news-10"]),
            // An id wins over the tag of the same name.
            ("events", &["events"]),
            ("tag:events", &["sport-1"]),
            ("*", &["news-1", "news-10", "sport-1", "events"]),
            ("\"port\"", &["sport-1"]),
            // A part of a word finds nothing: who stops streams does not mean those.
            ("new", &[]),
            ("news-2", &[]),
        ] {
            assert_eq!(found(&board, text), expected, "{text}");
        }
    }

    #[test]
    fn what_can_be_asked_for_over_a_link_finds_the_same_and_lasts() {
        let board = some();
        for (text, asks) in [
            ("news-1|sport-1", Some("id=news-1 | id=sport-1")),
            ("news", Some("name=news | group=news | tag=news")),
            ("Sport HD", Some("name=\"Sport HD\" | group=\"Sport HD\" | tag=\"Sport HD\"")),
            ("news-*", Some("name=news-* | id=news-* | group=news-* | tag=news-*")),
            ("group:news -tag:hd", Some("group:news -tag:hd")),
            ("-(sp* or tag:hd)", Some("-(name=sp* | id=sp* | group=sp* | tag=sp* | tag:hd)")),
            // What is found by them may leave, and that is to be told.
            ("broken", None),
            ("group:news health:critical", None),
            ("\"port\"", None),
            ("*", None),
        ] {
            let selector = Selector::read(&board, &words(text)).unwrap();
            assert_eq!(selector.lasting().as_deref(), asks, "{text}");
            if let Some(asks) = asks {
                let mut search = Search::new(&Query::parse(asks).unwrap());
                let rows = board.rows.values().filter(|row| search.finds(row, board.at));
                let ids: Vec<String> = rows.map(|row| row.id.to_string()).collect();
                assert_eq!(ids, found(&board, text), "{text}");
            }
        }
        let many: Vec<_> = (0..21).map(|n| row(&format!("s{n}"), "", "", &[])).collect();
        let ids: Vec<String> = many.iter().map(|row| row.id.to_string()).collect();
        let selector = Selector::read(&super::super::tests::board(many), &ids).unwrap();
        assert_eq!(selector.lasting(), None, "too many terms");
    }

    #[test]
    fn what_is_no_query_says_where() {
        let Err(Unselected::Mistake(text)) = Selector::read(&some(), &words("fps<")) else { panic!() };
        assert!(text.starts_with("the selector \"fps<\", column 5: "), "{text}");
    }

    #[test]
    fn what_finds_nothing_says_what_is_near() {
        let near = |text: &str| nothing(&some(), &words(text)).to_string();
        assert_eq!(near("new"), "no stream is found by \"new\"; near: news, news-1, news-10");
        assert_eq!(near("sprt-1"), "no stream is found by \"sprt-1\"; near: sport-1");
        assert_eq!(near("zzzz"), "no stream is found by \"zzzz\"");
    }
}
