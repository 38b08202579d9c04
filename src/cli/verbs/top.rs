//! `headend top`: the workers that take the most of the machine.

use serde::Serialize;

use super::args::{self, By};
use super::session::Session;
use super::table::{Cell, Column, Fit, lines};
use crate::cli::{Failed, OK, print};
use crate::console::text::{bytes, percent};
use crate::link::Role;
use crate::model::{Board, Row, Usage, coarse_age};

const COLUMNS: [Column; 7] = [
    Column { title: "CPU", right: true, leaves: 0 },
    Column { title: "MEMORY", right: true, leaves: 0 },
    Column { title: "FILES", right: true, leaves: 0 },
    Column { title: "PID", right: true, leaves: 0 },
    Column { title: "FOR", right: true, leaves: 1 },
    Column { title: "PHASE", right: false, leaves: 2 },
    Column { title: "ID", right: false, leaves: 0 },
];

/// The document of `--json`; its form is in `docs/reference.md`.
#[derive(Debug, Serialize)]
struct Document<'a> {
    by: &'static str,
    workers: u32,
    memory_bytes: u64,
    streams: Vec<Taker<'a>>,
}

#[derive(Debug, Serialize)]
struct Taker<'a> {
    id: &'a str,
    pid: Option<u32>,
    cpu_percent: f32,
    memory_bytes: u64,
    open_files: u32,
}

/// Tells who takes most.
pub fn run(args: &args::Top) -> Result<u8, Failed> {
    let session = Session::open(&args.place, Role::Viewer)?;
    let board = &session.board;
    let most = most(board, args.by, args.number);
    if args.json {
        print(&json(board, args.by, &most))?;
    } else {
        print(&super::joined(&text(board, &most, &super::fits())))?;
    }
    Ok(OK)
}

/// The first ones by what they take; those that take the same in the order of the configuration.
fn most(board: &Board, by: By, number: usize) -> Vec<(&Row, Usage)> {
    let mut found: Vec<(&Row, Usage)> =
        board.rows.values().filter_map(|row| Some((row.as_ref(), row.usage?))).collect();
    found.sort_by(|(_, a), (_, b)| match by {
        By::Cpu => b.cpu_percent.total_cmp(&a.cpu_percent),
        By::Memory => b.memory_bytes.cmp(&a.memory_bytes),
        By::Files => b.open_files.cmp(&a.open_files),
    });
    found.truncate(number);
    found
}

const fn word(by: By) -> &'static str {
    match by {
        By::Cpu => "cpu",
        By::Memory => "memory",
        By::Files => "files",
    }
}

fn json(board: &Board, by: By, most: &[(&Row, Usage)]) -> String {
    let streams = most.iter().map(|(row, usage)| Taker {
        id: row.id.as_str(),
        pid: row.pid,
        cpu_percent: if usage.cpu_percent.is_finite() { usage.cpu_percent } else { 0.0 },
        memory_bytes: usage.memory_bytes,
        open_files: usage.open_files,
    });
    let (workers, memory_bytes) = (board.workers.count, board.workers.memory_bytes);
    let document = Document { by: word(by), workers, memory_bytes, streams: streams.collect() };
    super::one_line(&document)
}

fn text(board: &Board, most: &[(&Row, Usage)], fits: &Fit) -> Vec<String> {
    let (host, workers) = (&board.host, &board.workers);
    let mut out = vec![format!(
        "machine: cpu {}, memory {} of {}; {} workers: {}",
        percent(host.cpu_percent),
        bytes(host.memory_bytes),
        bytes(host.memory_total_bytes),
        workers.count,
        bytes(workers.memory_bytes)
    )];
    let cells = most.iter().map(|(row, usage)| -> Vec<Cell> {
        vec![
            percent(usage.cpu_percent).into(),
            bytes(usage.memory_bytes).into(),
            usage.open_files.to_string().into(),
            row.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string()).into(),
            row.started.map_or_else(|| "-".to_owned(), |at| coarse_age(board.at.since(at))).into(),
            row.phase.word().into(),
            row.id.as_str().into(),
        ]
    });
    out.extend(lines(&COLUMNS, &cells.collect::<Vec<_>>(), fits));
    out
}

#[cfg(test)]
mod tests {
    use super::super::tests::{board, row};
    use super::*;

    fn some() -> Board {
        let with = |id: &str, cpu_percent, memory_bytes, open_files| Row {
            usage: Some(Usage { cpu_percent, memory_bytes, open_files }),
            ..row(id, id, "", &[])
        };
        board([with("a", 3.0, 1, 9), row("b", "b", "", &[]), with("c", 5.0, 0, 9), with("d", 4.0, 2, 10)])
    }

    #[test]
    fn those_that_take_most_come_first_and_only_those_that_were_measured() {
        let board = some();
        let ids = |by, number| -> Vec<&str> {
            most(&board, by, number).iter().map(|(row, _)| row.id.as_str()).collect()
        };
        assert_eq!(ids(By::Cpu, 10), ["c", "d", "a"]);
        assert_eq!(ids(By::Memory, 2), ["d", "a"]);
        assert_eq!(ids(By::Files, 10), ["d", "a", "c"]);
        let value: serde_json::Value =
            serde_json::from_str(&json(&board, By::Files, &most(&board, By::Files, 1))).unwrap();
        assert_eq!(value["by"], "files");
        assert_eq!(
            value["streams"],
            serde_json::json!([{"id": "d", "pid": 4711, "cpu_percent": 4.0, "memory_bytes": 2, "open_files": 10}])
        );
    }
}
