//! Boards and deltas on the wire.
//!
//! Each is written against what this connection was last sent, in parts of a bounded length. Rows
//! that were sent are kept as they are, shared with the board: keeping them costs a pointer each
//! until they change.

use std::collections::{BTreeMap, btree_map};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{MAX_ROWS, PART, WireError, get, patch, put};
use crate::model::{
    AlertsReading, Board, Delta, HostReading, IncidentBrief, LimitReading, Moment, Notice, PoolReading, Row,
    SelfReading, StreamIx, WorkersReading,
};

type Rows = BTreeMap<StreamIx, Arc<Row>>;

/// How a part begins.
#[derive(Debug, Serialize, Deserialize)]
enum Begin {
    /// A whole board: what was sent before is forgotten.
    Whole(Box<Head>),
    /// A delta.
    Delta(Box<Head>),
    /// The next part of the one before.
    More,
}

/// All of a delta but its rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Head {
    from: u64,
    to: u64,
    at: Moment,
    removed: Vec<StreamIx>,
    pool: Option<PoolReading>,
    host: Option<HostReading>,
    own: Option<SelfReading>,
    workers: Option<WorkersReading>,
    limits: Option<LimitReading>,
    notices: Option<Vec<Notice>>,
    incidents: BTreeMap<u64, Arc<IncidentBrief>>,
    ended: Vec<u64>,
    alerts: Option<Arc<AlertsReading>>,
}

/// Writes what a connection is sent.
#[derive(Debug, Default)]
pub struct Encoder {
    sent: Rows,
    /// What is still to be written of the one that was begun.
    left: Option<Left>,
}

#[derive(Debug)]
struct Left {
    /// Until it is written.
    begin: Option<Begin>,
    rows: btree_map::IntoIter<StreamIx, Arc<Row>>,
}

impl Encoder {
    /// The next parts are those of this board.
    pub fn board(&mut self, board: Board) {
        self.sent.clear();
        let head = Head {
            from: board.revision,
            to: board.revision,
            at: board.at,
            removed: Vec::new(),
            pool: Some(board.pool),
            host: Some(board.host),
            own: Some(board.own),
            workers: Some(board.workers),
            limits: Some(board.limits),
            notices: Some(board.notices),
            incidents: board.incidents,
            ended: Vec::new(),
            alerts: Some(board.alerts),
        };
        let begin = Some(Begin::Whole(Box::new(head)));
        self.left = Some(Left { begin, rows: board.rows.into_iter() });
    }

    /// The next parts are those of this delta.
    pub fn delta(&mut self, delta: Delta) {
        for ix in &delta.removed {
            self.sent.remove(ix);
        }
        let head = Head {
            from: delta.from,
            to: delta.to,
            at: delta.at,
            removed: delta.removed,
            pool: delta.pool,
            host: delta.host,
            own: delta.own,
            workers: delta.workers,
            limits: delta.limits,
            notices: delta.notices,
            incidents: delta.incidents,
            ended: delta.ended,
            alerts: delta.alerts,
        };
        let begin = Some(Begin::Delta(Box::new(head)));
        self.left = Some(Left { begin, rows: delta.rows.into_iter() });
    }

    /// The next part of what was begun, about [`PART`] long; `None` when there is none left.
    ///
    /// # Errors
    /// [`WireError::Unwritable`]; there is none.
    pub fn part(&mut self) -> Result<Option<Vec<u8>>, WireError> {
        let Some(left) = &mut self.left else { return Ok(None) };
        let mut rows = Vec::new();
        let (mut count, mut before, mut more) = (0_u32, 0, false);
        for (ix, row) in left.rows.by_ref() {
            let mask = if let Some(sent) = self.sent.get(&ix) {
                patch::differing(sent, &row)
            } else {
                let blank = patch::blank(ix).ok_or(WireError::Unwritable)?;
                patch::differing(&blank, &row)
            };
            if mask == 0 && self.sent.contains_key(&ix) {
                continue;
            }
            put(&mut rows, &(ix.0 - before))?;
            patch::write(mask, &row, &mut rows)?;
            (count, before) = (count + 1, ix.0);
            self.sent.insert(ix, row);
            if rows.len() >= PART {
                more = true;
                break;
            }
        }
        let mut body = Vec::with_capacity(rows.len() + 64);
        put(&mut body, &left.begin.take().unwrap_or(Begin::More))?;
        put(&mut body, &(more, count))?;
        body.append(&mut rows);
        if !more {
            self.left = None;
        }
        Ok(Some(body))
    }
}

/// What has come with a part.
#[derive(Debug, PartialEq)]
pub enum Came {
    /// Not all of it yet.
    Nothing,
    /// A whole board.
    Board(Box<Board>),
    /// A delta that goes on where the one before ended.
    Delta(Box<Delta>),
    /// One that does not: ask for the whole board. Told once; until it comes nothing else does.
    Gap,
}

/// Rebuilds rows from what a connection is sent.
#[derive(Debug, Default)]
pub struct Decoder {
    rows: Rows,
    /// Of what was taken in last; `None` while only a whole board can be.
    revision: Option<u64>,
    /// What has begun, and is not all there.
    partial: Option<Partial>,
    /// The rest of a delta that does not fit is passed over.
    skips: bool,
}

#[derive(Debug)]
struct Partial {
    whole: bool,
    head: Box<Head>,
    rows: Rows,
}

impl Decoder {
    /// Takes a part in.
    ///
    /// # Errors
    /// [`WireError::Malformed`], after which nothing more can be taken.
    pub fn take(&mut self, mut body: &[u8]) -> Result<Came, WireError> {
        let begin: Begin = get(&mut body)?;
        let (more, count): (bool, u32) = get(&mut body)?;
        match (begin, self.partial.is_some()) {
            (Begin::Whole(head), false) => {
                self.rows.clear();
                self.partial = Some(Partial { whole: true, head, rows: Rows::new() });
            }
            (Begin::Delta(head), false) => {
                if self.revision != Some(head.from) {
                    let told = self.revision.take().is_none() && self.skips;
                    self.skips = true;
                    return Ok(if told { Came::Nothing } else { Came::Gap });
                }
                for ix in &head.removed {
                    self.rows.remove(ix);
                }
                self.partial = Some(Partial { whole: false, head, rows: Rows::new() });
            }
            (Begin::More, true) => {}
            (Begin::More, false) if self.skips => return Ok(Came::Nothing),
            _ => return Err(WireError::Malformed("a part that does not belong here")),
        }
        self.rows(count, &mut body)?;
        if !body.is_empty() {
            return Err(WireError::Malformed("bytes behind its end"));
        }
        Ok(if more { Came::Nothing } else { self.complete() })
    }

    /// Reads `count` rows.
    fn rows(&mut self, count: u32, body: &mut &[u8]) -> Result<(), WireError> {
        let Some(partial) = &mut self.partial else { return Ok(()) };
        let mut ix = 0_u32;
        for _ in 0..count {
            let step: u32 = get(body)?;
            ix = ix.checked_add(step).ok_or(WireError::Malformed("a row's number"))?;
            let known = self.rows.get(&StreamIx(ix)).map(|row| Row::clone(row));
            let base = known.or_else(|| patch::blank(StreamIx(ix)));
            let mut row = base.ok_or(WireError::Malformed("a row"))?;
            patch::read(&mut row, body)?;
            let row = Arc::new(row);
            self.rows.insert(StreamIx(ix), Arc::clone(&row));
            partial.rows.insert(StreamIx(ix), row);
            if self.rows.len() > MAX_ROWS {
                return Err(WireError::Malformed("too many rows"));
            }
        }
        Ok(())
    }

    fn complete(&mut self) -> Came {
        let Some(Partial { whole, head, rows }) = self.partial.take() else { return Came::Nothing };
        self.revision = Some(head.to);
        self.skips = false;
        let delta = Delta {
            from: head.from,
            to: head.to,
            at: head.at,
            rows,
            removed: head.removed,
            pool: head.pool,
            host: head.host,
            own: head.own,
            workers: head.workers,
            limits: head.limits,
            notices: head.notices,
            incidents: head.incidents,
            ended: head.ended,
            alerts: head.alerts,
        };
        if !whole {
            return Came::Delta(Box::new(delta));
        }
        let mut board = Board { revision: delta.from, ..Board::default() };
        // It fits: the board was made with its revision.
        let _ = board.apply(&delta);
        Came::Board(Box::new(board))
    }
}
