//! `headend events`: what changes, a line for each change.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::args;
use super::select::Selector;
use super::session::{Following, Session};
use crate::cli::{Failed, OK, print, tell};
use crate::link::Role;
use crate::model::{Board, Condition, Moment, Row, Severity, StreamIx, WallTime, Wanted};

/// One change. Its JSON form is in `docs/reference.md` and kept stable.
#[derive(Debug, Serialize, PartialEq)]
pub struct Event {
    time: String,
    id: String,
    #[serde(flatten)]
    change: Change,
}

/// What changed.
#[derive(Debug, Serialize, PartialEq)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    /// How it is, told at the beginning and of a stream that is new.
    Now {
        phase: &'static str,
        health: &'static str,
        conditions: Vec<&'static str>,
        pid: Option<u32>,
        wanted: &'static str,
        acknowledged: bool,
        muted_for_s: Option<u64>,
        note: String,
    },
    /// It is in another phase.
    Phase { from: &'static str, to: &'static str, reason: String },
    /// It is better or worse.
    Health { from: &'static str, to: &'static str },
    /// A condition holds.
    Raised { condition: &'static str, severity: &'static str },
    /// It holds no longer.
    Cleared { condition: &'static str, severity: &'static str },
    /// It has another worker.
    Pid { from: Option<u32>, to: Option<u32> },
    /// An operator wants something else.
    Wanted { from: &'static str, to: &'static str },
    /// Somebody knows about it, or no longer.
    Acknowledged { to: bool },
    /// Nobody is told about it for so long; null: they are.
    Muted { for_s: Option<u64> },
    /// The note is another.
    Note { to: String },
    /// It is no longer there.
    Gone,
}

/// Tells how the streams are, then what changes.
pub fn run(args: &args::Events) -> Result<u8, Failed> {
    let mut session = Session::open(&args.place, Role::Viewer)?;
    let (mut selector, found) =
        if args.follow { session.look_for(&args.which)? } else { session.select(&args.which)? };
    let tell_all = |changes: Vec<(String, Change)>| -> Result<(), Failed> {
        let time = WallTime(super::wall_ms()).to_string();
        let line = |(id, change)| shown(&Event { time: time.clone(), id, change }, args.json);
        Ok(print(&changes.into_iter().map(line).collect::<String>())?)
    };
    let mut known = found.rows.clone();
    let all = found.rows.values().map(|row| (row.id.to_string(), now(row, found.at)));
    if !args.follow {
        tell_all(all.collect())?;
        return Ok(OK);
    }
    let following = Following::begin()?;
    session.narrow(&selector);
    tell_all(all.collect())?;
    if known.is_empty() {
        tell("headend: no stream is found yet; those that come are told");
    }
    while !following.is_over() {
        session.wait(Following::next_look())?;
        tell_all(changes(&mut known, &session.board, &mut selector))?;
    }
    Ok(OK)
}

type Rows = BTreeMap<StreamIx, Arc<Row>>;

/// What changed since `known`, which is as the board is afterwards. A stream that is found no longer is
/// followed on: what made it leave is told, and what comes of it.
fn changes(known: &mut Rows, board: &Board, selector: &mut Selector) -> Vec<(String, Change)> {
    let mut out = Vec::new();
    known.retain(|ix, row| {
        let stays = board.rows.contains_key(ix);
        if !stays {
            out.push((row.id.to_string(), Change::Gone));
        }
        stays
    });
    for (ix, row) in &board.rows {
        match known.get(ix) {
            Some(before) if Arc::ptr_eq(before, row) => continue,
            Some(before) => out.extend(differences(before, row, board.at).map(|c| (row.id.to_string(), c))),
            None if selector.finds(row, board.at) => out.push((row.id.to_string(), now(row, board.at))),
            None => continue,
        }
        known.insert(*ix, Arc::clone(row));
    }
    out
}

const fn wanted(row: &Row) -> &'static str {
    match row.wanted {
        Wanted::Started => "started",
        Wanted::Stopped => "stopped",
    }
}

const fn severity(condition: &Condition) -> &'static str {
    match condition.severity {
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

fn muted(row: &Row, at: Moment) -> Option<u64> {
    row.care.muted_until.filter(|until| *until > at).map(|until| at.until(until).as_secs())
}

fn now(row: &Row, at: Moment) -> Change {
    Change::Now {
        phase: row.phase.word(),
        health: row.health().word(),
        conditions: row.conditions.iter().map(|condition| condition.kind.word()).collect(),
        pid: row.pid,
        wanted: wanted(row),
        acknowledged: row.care.acknowledged.is_some(),
        muted_for_s: muted(row, at),
        note: row.care.note.to_string(),
    }
}

fn differences(before: &Row, row: &Row, at: Moment) -> impl Iterator<Item = Change> + use<> {
    let lacks = |row: &Row, condition: &Condition| row.conditions.iter().all(|c| c.kind != condition.kind);
    let differs = |differs: bool, change: Change| differs.then_some(change);
    let first = [
        differs(before.wanted != row.wanted, Change::Wanted { from: wanted(before), to: wanted(row) }),
        differs(
            before.phase != row.phase,
            Change::Phase { from: before.phase.word(), to: row.phase.word(), reason: row.reason.to_string() },
        ),
        differs(before.pid != row.pid, Change::Pid { from: before.pid, to: row.pid }),
    ];
    let cleared = before.conditions.iter().filter(|c| lacks(row, c));
    let cleared = cleared.map(|c| Change::Cleared { condition: c.kind.word(), severity: severity(c) });
    let raised = row.conditions.iter().filter(|c| lacks(before, c));
    let raised = raised.map(|c| Change::Raised { condition: c.kind.word(), severity: severity(c) });
    let (worse, care) = ((before.health(), row.health()), (&before.care, &row.care));
    let acknowledged = care.1.acknowledged.is_some();
    let last = [
        differs(worse.0 != worse.1, Change::Health { from: worse.0.word(), to: worse.1.word() }),
        differs(care.0.acknowledged.is_some() != acknowledged, Change::Acknowledged { to: acknowledged }),
        differs(care.0.muted_until != care.1.muted_until, Change::Muted { for_s: muted(row, at) }),
        differs(care.0.note != care.1.note, Change::Note { to: care.1.note.to_string() }),
    ];
    let conditions: Vec<Change> = cleared.chain(raised).collect();
    first.into_iter().flatten().chain(conditions).chain(last.into_iter().flatten())
}

/// A line, with its end.
fn shown(event: &Event, json: bool) -> String {
    if json {
        return super::one_line(event);
    }
    let pid = |pid: &Option<u32>| pid.map_or_else(|| "none".to_owned(), |pid| pid.to_string());
    let text = match &event.change {
        Change::Now { phase, health, conditions, pid: worker, .. } => {
            let found: Vec<&str> = std::iter::once(*health).chain(conditions.iter().copied()).collect();
            format!("is {phase}, {}, worker {}", found.join(" "), pid(worker))
        }
        Change::Phase { from, to, reason } if reason.is_empty() => format!("phase {from} -> {to}"),
        Change::Phase { from, to, reason } => format!("phase {from} -> {to}: {reason}"),
        Change::Health { from, to } => format!("health {from} -> {to}"),
        Change::Raised { condition, severity } => format!("raised {condition} ({severity})"),
        Change::Cleared { condition, .. } => format!("cleared {condition}"),
        Change::Pid { from, to } => format!("worker {} -> {}", pid(from), pid(to)),
        Change::Wanted { from, to } => format!("wanted {from} -> {to}"),
        Change::Acknowledged { to: true } => "acknowledged".into(),
        Change::Acknowledged { to: false } => "no longer acknowledged".into(),
        Change::Muted { for_s: Some(seconds) } => format!("muted for {seconds} s"),
        Change::Muted { for_s: None } => "no longer muted".into(),
        Change::Note { to } if to.is_empty() => "no longer a note".into(),
        Change::Note { to } => format!("note: {to}"),
        Change::Gone => "is gone".into(),
    };
    format!("{}  {}  {text}\n", event.time, event.id)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::super::tests::{NOW, board, row};
    use super::*;
    use crate::model::{Care, ConditionKind, Phase};

    fn told(change: &Change) -> Value {
        serde_json::to_value(change).unwrap()
    }

    #[test]
    fn each_change_is_one_line_of_a_stable_form() {
        let before = row("a", "A", "", &[]);
        let black = Condition {
            kind: ConditionKind::Black,
            severity: Severity::Critical,
            since: NOW,
            explained: None,
        };
        let after = Row {
            phase: Phase::Stalled,
            reason: "no progress".into(),
            wanted: Wanted::Stopped,
            pid: None,
            conditions: vec![black],
            care: Care {
                acknowledged: Some(NOW),
                muted_until: Some(NOW + Duration::from_secs(60)),
                note: "ask".into(),
            },
            ..before.clone()
        };
        let forward: Vec<Value> = differences(&before, &after, NOW).map(|c| told(&c)).collect();
        assert_eq!(
            forward,
            [
                json!({"change": "wanted", "from": "started", "to": "stopped"}),
                json!({"change": "phase", "from": "live", "to": "stalled", "reason": "no progress"}),
                json!({"change": "pid", "from": 4711, "to": null}),
                json!({"change": "raised", "condition": "black", "severity": "critical"}),
                json!({"change": "health", "from": "ok", "to": "critical"}),
                json!({"change": "acknowledged", "to": true}),
                json!({"change": "muted", "for_s": 60}),
                json!({"change": "note", "to": "ask"}),
            ]
        );
        let again: Vec<Value> = differences(&after, &before, NOW).map(|c| told(&c)).collect();
        assert_eq!(again[3], json!({"change": "cleared", "condition": "black", "severity": "critical"}));
        assert_eq!(again[6], json!({"change": "muted", "for_s": null}));
        assert_eq!(
            told(&now(&before, NOW)),
            json!({
                "change": "now", "phase": "live", "health": "ok", "conditions": [], "pid": 4711,
                "wanted": "started", "acknowledged": false, "muted_for_s": null, "note": ""
            })
        );
    }

    #[test]
    fn figures_are_no_change_and_streams_come_and_go() {
        let mut first = board([row("a", "A", "news", &[]), row("b", "B", "", &[])]);
        let mut selector = Selector::read(&first, &["news".to_owned()]).unwrap();
        let mut known = selector.restrict(&first).rows;
        assert_eq!(changes(&mut known, &first, &mut selector), []);
        let figures = crate::model::Figures { fps: Some(25.0), ..Default::default() };
        first = board([Row { figures, ..row("a", "A", "news", &[]) }, row("b", "B", "", &[])]);
        assert_eq!(changes(&mut known, &first, &mut selector), []);
        let second = board([row("a", "A", "news", &[]), row("b", "B", "news", &[])]);
        let came = changes(&mut known, &second, &mut selector);
        assert!(matches!(&came[..], [(id, Change::Now { .. })] if id == "b"), "{came:?}");
        let gone = changes(&mut known, &board([]), &mut selector);
        assert_eq!(gone, [("a".to_owned(), Change::Gone), ("b".to_owned(), Change::Gone)]);
    }

    #[test]
    fn for_people_it_is_a_sentence() {
        let line = |change| shown(&Event { time: "T".into(), id: "a".into(), change }, false);
        let phase = Change::Phase { from: "live", to: "backoff", reason: "refused".into() };
        assert_eq!(line(phase), "T  a  phase live -> backoff: refused\n");
        assert_eq!(line(Change::Pid { from: None, to: Some(7) }), "T  a  worker none -> 7\n");
        assert_eq!(line(now(&row("a", "A", "", &[]), NOW)), "T  a  is live, ok, worker 4711\n");
    }
}
