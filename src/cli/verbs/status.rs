//! `headend status`.

use std::time::{Duration, Instant};

use super::args;
use super::session::{Following, Session};
use super::table::{Cell, Column, Fit, lines};
use crate::cli::{CRITICAL, Failed, OK, print};
use crate::console::text::{bitrate, counted, fps};
use crate::link::Role;
use crate::model::{Board, Health, Phase, Report, Row, Severity, Totals, Wanted, coarse_age};

/// A watched table is looked at this often: ages grow by themselves.
const REDRAW: Duration = Duration::from_secs(1);

const COLUMNS: [Column; 9] = [
    Column { title: "ID", right: false, leaves: 0 },
    Column { title: "GROUP", right: false, leaves: 5 },
    Column { title: "HEALTH", right: false, leaves: 0 },
    Column { title: "PHASE", right: false, leaves: 1 },
    Column { title: "FOR", right: true, leaves: 2 },
    Column { title: "FPS", right: true, leaves: 4 },
    Column { title: "BITRATE", right: true, leaves: 3 },
    Column { title: "RESTARTS", right: true, leaves: 6 },
    Column { title: "WHAT", right: false, leaves: 0 },
];

/// Tells how the streams are.
pub fn run(args: &args::Status) -> Result<u8, Failed> {
    if args.watch && !super::is_terminal() {
        let why = "--watch draws on a terminal; in a script follow changes with headend events -f";
        return Err(Failed::Arguments(why.into()));
    }
    let mut session = Session::open(&args.place, Role::Viewer)?;
    if args.watch {
        return watch(&mut session, args);
    }
    // A headend without streams is well, too: who asks about nobody in particular is told of it.
    let asks = if args.which.selector.is_empty() { Session::look_for } else { Session::select };
    let (_, found) = asks(&session, &args.which)?;
    if args.json {
        print(&Report::of(&found).to_json())?;
    } else {
        let order: Vec<&Row> = found.rows.values().map(AsRef::as_ref).collect();
        print(&super::joined(&text(&found, &order, &super::fits())))?;
    }
    let critical = found.rows.values().any(|row| row.health() == Health::Critical);
    Ok(if args.exit_code && critical { CRITICAL } else { OK })
}

/// The table of `board`, its rows in this order; totals and notices first.
fn text(board: &Board, rows: &[&Row], fits: &Fit) -> Vec<String> {
    let mut out = vec![totals(board)];
    for notice in &board.notices {
        let word = if notice.severity == Severity::Critical { "critical" } else { "warning" };
        out.push(format!("{word}: {}", notice.text));
    }
    if let Some(room) = fits.columns {
        out =
            out.iter().map(|line| crate::console::text::fit(line, room, &fits.glyphs).into_owned()).collect();
    }
    let cells: Vec<Vec<Cell>> = rows.iter().map(|row| cells(row, board)).collect();
    out.extend(lines(&COLUMNS, &cells, fits));
    out
}

/// `12 streams: 9 ok, 2 unknown, 1 critical; 9 live, 3 stopped; 9 of 12 slots`.
fn totals(board: &Board) -> String {
    let totals = Totals::of(board.rows.values().map(AsRef::as_ref));
    let several = |parts: Vec<(u32, &str)>| {
        let there = parts.into_iter().filter(|(count, _)| *count > 0);
        there.map(|(count, word)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
    };
    let healths = several(Health::ALL.iter().rev().map(|h| (totals.with_health(*h), h.word())).collect());
    let phases = several(Phase::ALL.iter().map(|p| (totals.in_phase(*p), p.word())).collect());
    let (busy, slots) = (board.pool.busy, board.pool.slots);
    format!("{}: {healths}; {phases}; {busy} of {slots} slots busy", counted(board.rows.len(), "stream"))
}

fn cells(row: &Row, board: &Board) -> Vec<Cell> {
    let health = row.health();
    let colour = match health {
        Health::Critical => Some("31"),
        Health::Warning => Some("33"),
        Health::Ok => Some("32"),
        Health::Unknown => None,
    };
    vec![
        row.id.as_str().into(),
        (&*row.group).into(),
        Cell { text: health.word().into(), colour },
        row.phase.word().into(),
        coarse_age(board.at.since(row.since)).into(),
        fps(row.figures.fps).into(),
        bitrate(row.figures.bitrate_kbps).into(),
        row.restarts.to_string().into(),
        what(row, board).into(),
    ]
}

/// What is wrong, why it is in its phase, and what operators noted.
fn what(row: &Row, board: &Board) -> String {
    let age = |since| coarse_age(board.at.since(since));
    let mut parts: Vec<String> = Vec::new();
    for condition in &row.conditions {
        let text = format!("{} {}", condition.kind.word(), age(condition.since));
        parts.push(match condition.explained {
            Some(explained) => format!("({text}: {})", explained.word()),
            None => text,
        });
    }
    let why = row.why(board.at);
    parts.extend(Some(why).filter(|why| !why.is_empty()));
    if row.phase == Phase::Stopped && row.wanted == Wanted::Stopped && row.reason.is_empty() {
        parts.push("on purpose".into());
    }
    parts.extend(row.care.acknowledged.map(|since| format!("acknowledged {}", age(since))));
    let muted = row.care.muted_until.filter(|until| *until > board.at);
    parts.extend(muted.map(|until| format!("muted for {}", coarse_age(board.at.until(until)))));
    parts.extend(Some(&row.care.note).filter(|note| !note.is_empty()).map(|note| format!("note: {note}")));
    parts.join("; ")
}

/// Draws the table over itself until it is over.
fn watch(session: &mut Session, args: &args::Status) -> Result<u8, Failed> {
    let (mut selector, _) = session.look_for(&args.which)?;
    session.narrow(&selector);
    let following = Following::begin()?;
    // A screen of its own, without a cursor; both come back whatever happens.
    print("\x1b[?1049h\x1b[?25l")?;
    let outcome = (|| {
        let mut drawn = String::new();
        let mut next = Instant::now();
        while !following.is_over() {
            if Instant::now() >= next {
                let frame = frame(&selector.restrict(&session.board), &super::fits(), super::height());
                if frame != drawn {
                    print(&frame)?;
                    drawn = frame;
                }
                next = Instant::now() + REDRAW;
            }
            session.wait(Following::next_look().min(next))?;
        }
        Ok(OK)
    })();
    print("\x1b[?25h\x1b[?1049l")?;
    outcome
}

/// One picture: what is worst stands first, as not all may have room.
fn frame(found: &Board, fits: &Fit, height: usize) -> String {
    let mut rows: Vec<&Row> = found.rows.values().map(AsRef::as_ref).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.health()));
    let mut lines = text(found, &rows, fits);
    let height = height.max(2);
    if lines.len() > height {
        let left = lines.len() - (height - 1);
        lines.truncate(height - 1);
        lines.push(format!("and {left} more"));
    }
    let lines: Vec<String> = lines.iter().map(|line| format!("{line}\x1b[K")).collect();
    format!("\x1b[H{}\x1b[J", lines.join("\r\n"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::tests::{NOW, board, row};
    use super::*;
    use crate::console::glyphs::UNICODE;
    use crate::model::{Care, Condition, ConditionKind, Moment, Notice, NoticeKind};

    fn some() -> Board {
        let since = NOW - Duration::from_secs(125);
        let (kind, severity) = (ConditionKind::Black, Severity::Critical);
        let black = Condition { kind, severity, since, explained: None };
        let mut board = board([
            row("good", "Good", "news", &[]),
            Row {
                conditions: vec![black],
                care: Care { acknowledged: Some(since), muted_until: None, note: "ask".into() },
                ..row("bad", "Bad", "sport", &[])
            },
            Row { phase: Phase::Stopped, wanted: Wanted::Stopped, ..row("off", "Off", "", &[]) },
        ]);
        board.notices.push(Notice {
            kind: NoticeKind::Store,
            severity: Severity::Critical,
            text: "nothing is saved".into(),
            since: Moment::ZERO,
        });
        board
    }

    #[test]
    fn the_table_begins_with_the_totals_and_says_what_is_wrong() {
        let board = some();
        let rows: Vec<&Row> = board.rows.values().map(Arc::as_ref).collect();
        let fits = Fit { columns: None, coloured: false, glyphs: UNICODE };
        assert_eq!(
            text(&board, &rows, &fits),
            [
                "3 streams: 1 critical, 1 unknown, 1 ok; 1 stopped, 2 live; 2 of 4 slots busy",
                "critical: nothing is saved",
                "ID    GROUP  HEALTH    PHASE    FOR  FPS  BITRATE  RESTARTS  WHAT",
                "good  news   ok        live      1m    -        -         0",
                "bad   sport  critical  live      1m    -        -         0  black 2m; acknowledged 2m; note: ask",
                "off          unknown   stopped   1m    -        -         0  on purpose",
            ]
        );
    }

    #[test]
    fn a_watched_table_fits_the_terminal_worst_first() {
        let fits = Fit { columns: Some(40), coloured: false, glyphs: UNICODE };
        let frame = frame(&some(), &fits, 5);
        let lines: Vec<&str> = frame.split("\r\n").collect();
        assert_eq!(lines.len(), 5);
        assert!(lines[3].starts_with("bad "), "{lines:?}");
        assert!(lines[4].starts_with("and 2 more"), "{lines:?}");
        assert!(frame.starts_with("\x1b[H") && frame.ends_with("\x1b[J"));
    }
}
