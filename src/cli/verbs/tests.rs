//! Boards for the tests of verbs.

use std::sync::Arc;
use std::time::Duration;

use crate::model::{Board, Mode, Moment, Phase, PoolReading, Row, StreamId, StreamIx};

/// Where the board's clock stands.
pub const NOW: Moment = Moment::from_millis(600_900);

/// A stream that is live and well.
pub fn row(id: &str, name: &str, group: &str, tags: &[&str]) -> Row {
    Row {
        name: name.into(),
        group: group.into(),
        mode: Mode::Picture,
        phase: Phase::Live,
        since: NOW - Duration::from_secs(90),
        pid: Some(4_711),
        started: Some(NOW - Duration::from_secs(100)),
        input: "http://127.0.0.1/b".into(),
        priority: 50,
        input_of: (1, 1),
        tags: tags.iter().map(|tag| Arc::from(*tag)).collect(),
        ..Row::blank(StreamIx(0), StreamId::new(id).unwrap())
    }
}

/// A board with these rows, numbered in their order.
pub fn board(rows: impl IntoIterator<Item = Row>) -> Board {
    let numbered = (0..).map(StreamIx).zip(rows);
    let rows = numbered.map(|(ix, row)| (ix, Arc::new(Row { ix, ..row }))).collect();
    let pool = PoolReading { slots: 4, busy: 2, ..PoolReading::default() };
    Board { revision: 1, at: NOW, rows, pool, ..Board::default() }
}
