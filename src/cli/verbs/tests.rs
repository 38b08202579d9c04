//! Boards for the tests of verbs.

use std::sync::Arc;
use std::time::Duration;

use crate::model::{
    Board, Care, Figures, Mode, Moment, Phase, PoolReading, Row, StreamId, StreamIx, Wanted, WatchKind,
};

/// Where the board's clock stands.
pub const NOW: Moment = Moment::from_millis(600_900);

/// A stream that is live and well.
pub fn row(id: &str, name: &str, group: &str, tags: &[&str]) -> Row {
    Row {
        ix: StreamIx(0),
        id: StreamId::new(id).unwrap(),
        name: name.into(),
        group: group.into(),
        mode: Mode::Picture,
        wanted: Wanted::Started,
        phase: Phase::Live,
        reason: "".into(),
        since: NOW - Duration::from_secs(90),
        next: None,
        failures: 0,
        conditions: Vec::new(),
        pid: Some(4_711),
        started: Some(NOW - Duration::from_secs(100)),
        restarts: 0,
        figures: Figures::default(),
        input: "http://127.0.0.1/b".into(),
        last_error: None,
        last_message: "".into(),
        last_message_at: Moment::ZERO,
        lines_dropped: 0,
        priority: 50,
        watch: WatchKind::Always,
        last_seen: None,
        input_of: (1, 1),
        maintenance: false,
        usage: None,
        care: Care::default(),
        tags: tags.iter().map(|tag| Arc::from(*tag)).collect(),
    }
}

/// A board with these rows, numbered in their order.
pub fn board(rows: impl IntoIterator<Item = Row>) -> Board {
    let numbered = (0..).map(StreamIx).zip(rows);
    let rows = numbered.map(|(ix, row)| (ix, Arc::new(Row { ix, ..row }))).collect();
    let pool = PoolReading { slots: 4, busy: 2, ..PoolReading::default() };
    Board { revision: 1, at: NOW, rows, pool, ..Board::default() }
}
