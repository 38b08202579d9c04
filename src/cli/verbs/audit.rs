//! `headend audit`: who ordered what.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::args;
use super::session::{Session, state_dir};
use super::table::{Cell, Column, lines};
use crate::cli::{FAILED, Failed, NOBODY, OK, print, tell};
use crate::config::Environment;
use crate::link::{ClientMessage, Link, Role, ServerMessage};
use crate::model::{Answer, AuditEntry, WallTime};
use crate::store::read_audit;

/// A page comes within this.
const PAGE_LIMIT: Duration = Duration::from_secs(20);

const COLUMNS: [Column; 5] = [
    Column { title: "TIME", right: false, leaves: 1 },
    Column { title: "USER", right: false, leaves: 0 },
    Column { title: "TERMINAL", right: false, leaves: 2 },
    Column { title: "ROLE", right: false, leaves: 3 },
    Column { title: "WHAT", right: false, leaves: 0 },
];

/// One entry for programs; its form is in `docs/reference.md`.
#[derive(Debug, Serialize)]
struct Document<'a> {
    time: String,
    #[serde(flatten)]
    entry: &'a AuditEntry,
}

/// Tells it, whether a headend runs or not.
pub fn run(args: &args::Audit) -> Result<u8, Failed> {
    let wanted = usize::try_from(args.number).unwrap_or(usize::MAX);
    let entries = match Session::open(&args.place, Role::Viewer) {
        Ok(mut session) => ask(&mut session, wanted)?,
        Err(Failed::Said(NOBODY, _)) => {
            let dir = state_dir(&args.place, &Environment::from_process())?;
            read_audit(&dir, wanted)?
        }
        Err(other) => return Err(other),
    };
    if args.json {
        let document = |entry: &AuditEntry| {
            super::one_line(&Document { time: WallTime(entry.wall_ms).to_string(), entry })
        };
        print(&entries.iter().map(document).collect::<String>())?;
    } else if entries.is_empty() {
        tell("headend: nobody has ordered anything yet");
    } else {
        let cells: Vec<Vec<Cell>> = entries.iter().map(cells).collect();
        print(&super::joined(&lines(&COLUMNS, &cells, &super::fits())))?;
    }
    Ok(OK)
}

/// Page by page, newest first.
fn ask(session: &mut Session, wanted: usize) -> Result<Vec<AuditEntry>, Failed> {
    let mut all: Vec<AuditEntry> = Vec::new();
    let mut before = u64::MAX;
    while all.len() < wanted {
        let mut page = page(session, before, wanted - all.len())?;
        let Some(first) = page.first() else { break };
        before = first.number;
        page.append(&mut all);
        all = page;
    }
    Ok(all)
}

fn page(session: &mut Session, before: u64, count: usize) -> Result<Vec<AuditEntry>, Failed> {
    const SEQ: u64 = 3;
    session.remote.send(ClientMessage::ReadAudit { seq: SEQ, before, count });
    let until = Instant::now() + PAGE_LIMIT;
    while Instant::now() < until {
        for message in session.wait(until)? {
            match message {
                ServerMessage::Audit { seq: SEQ, entries } => return Ok(entries),
                ServerMessage::Answer { seq: SEQ, answer: Answer::Refused { reason } } => {
                    return Err(Failed::Said(FAILED, reason.to_string()));
                }
                _ => {}
            }
        }
    }
    Err(Failed::Said(FAILED, "headend has not read the audit log in time".into()))
}

fn cells(entry: &AuditEntry) -> Vec<Cell> {
    let times = if entry.times > 1 { format!(", {} times", entry.times) } else { String::new() };
    vec![
        WallTime(entry.wall_ms).to_string().into(),
        (&*entry.user).into(),
        if entry.terminal.is_empty() { "-".into() } else { (&*entry.terminal).into() },
        (&*entry.role).into(),
        format!("{}: {}{times}", entry.command, entry.result).into(),
    ]
}
