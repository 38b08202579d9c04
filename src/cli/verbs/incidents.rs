//! `headend incidents`: what lasted, and how available streams were.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::Serialize;

use super::args;
use super::select::{Selector, nothing};
use super::session::{Session, unselected};
use super::table::{Cell, Column, Fit, lines};
use crate::cli::{FAILED, Failed, NOBODY, NOTHING, OK, print, tell};
use crate::console::incident::{self, Clock};
use crate::console::text::shown;
use crate::link::{ClientMessage, Link, MAX_INCIDENT_PAGE, Role, ServerMessage};
use crate::model::{
    AVAILABILITY_HOURS, Answer, Availability, Board, Incident, IncidentPage, IncidentQuery, Severity,
    StreamId, Told,
};

/// A page comes within this.
const PAGE_LIMIT: Duration = Duration::from_secs(20);
/// The number of a question; there is one at a time.
const SEQ: u64 = 4;
/// Cells of a label before what is said of one incident.
const LABEL: usize = 9;

const COLUMNS: [Column; 9] = [
    Column { title: "NUMBER", right: true, leaves: 0 },
    Column { title: "STATE", right: false, leaves: 0 },
    Column { title: "SEVERITY", right: false, leaves: 4 },
    Column { title: "BEGAN", right: false, leaves: 1 },
    Column { title: "LASTED", right: true, leaves: 3 },
    Column { title: "STREAMS", right: true, leaves: 2 },
    Column { title: "KNOWN BY", right: false, leaves: 5 },
    Column { title: "TELLING", right: false, leaves: 6 },
    Column { title: "WHAT", right: false, leaves: 0 },
];

/// A stream's availability for programs; its form is in `docs/reference.md`.
#[derive(Debug, Serialize)]
struct Document {
    /// `null`: all together.
    id: Option<String>,
    windows: Vec<Window>,
}

#[derive(Debug, Serialize)]
struct Window {
    hours: u32,
    watched_s: u64,
    up_s: u64,
    of_s: u64,
    share: Option<f64>,
}

/// Tells them, or how available streams were.
pub fn run(args: &args::Incidents) -> Result<u8, Failed> {
    let mut session = Session::open(&args.place, Role::Viewer).map_err(|why| match why {
        Failed::Said(NOBODY, why) => {
            Failed::Said(NOBODY, format!("{why}; incidents are told by a headend that runs, and by no other"))
        }
        other => other,
    })?;
    if args.availability {
        return availability(&mut session, args);
    }
    if let Some(number) = numbered(&session.board, &args.which) {
        return one(&mut session, number, args.json);
    }
    let found = listed(&mut session, args)?;
    let zone = TimeZone::system();
    let clock = Clock { now_ms: super::wall_ms(), zone: &zone };
    if args.json {
        print(&super::one_line(&found))?;
    } else if found.is_empty() {
        tell("headend: no incident, as far as they are kept");
    } else {
        print(&super::joined(&table(&found, &session.board, &clock, &super::fits())))?;
    }
    Ok(OK)
}

/// The number of the incident that a selector means: a whole number that is no stream's id.
pub fn numbered(board: &Board, words: &[String]) -> Option<u64> {
    let [word] = words else { return None };
    let number = word.trim().parse().ok()?;
    let is_stream = board.rows.values().any(|row| row.id.as_str() == word.trim());
    (!is_stream).then_some(number)
}

/// Since when, in milliseconds since the Unix epoch: `2h` ago, or a date with or without a time, here.
///
/// # Errors
/// What it should look like.
pub fn since(text: &str) -> Result<u64, String> {
    since_in(text, &Timestamp::now().to_zoned(TimeZone::system()))
}

fn since_in(text: &str, now: &Zoned) -> Result<u64, String> {
    let ms = |at: Timestamp| u64::try_from(at.as_millisecond()).unwrap_or(0);
    if let Ok(span) = super::span(text) {
        return Ok(ms(now.timestamp()).saturating_sub(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)));
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(ms(at));
    }
    let local = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(DateTime::from));
    let zoned = local.and_then(|local| local.to_zoned(now.time_zone().clone()));
    zoned.map(|at| ms(at.timestamp())).map_err(|_| "write 2h, 2026-11-24 or 2026-11-24T06:00".to_owned())
}

/// Asks, and waits for the answer.
pub fn read(session: &mut Session, query: IncidentQuery) -> Result<IncidentPage, Failed> {
    session.remote.send(ClientMessage::ReadIncidents { seq: SEQ, query });
    let until = Instant::now() + PAGE_LIMIT;
    while Instant::now() < until {
        for message in session.wait(until)? {
            match message {
                ServerMessage::Incidents { seq: SEQ, page } => return Ok(*page),
                ServerMessage::Answer { seq: SEQ, answer: Answer::Refused { reason } } => {
                    return Err(Failed::Said(FAILED, reason.to_string()));
                }
                _ => {}
            }
        }
    }
    Err(Failed::Said(FAILED, "headend has not told its incidents in time".into()))
}

/// The incident of this number, if it is kept.
pub fn find(session: &mut Session, number: u64) -> Result<Option<Arc<Incident>>, Failed> {
    let before = Some(number.saturating_add(1));
    let page = read(session, IncidentQuery { before, count: 1, ..IncidentQuery::default() })?;
    Ok(page.incidents.into_iter().find(|incident| incident.number == number))
}

fn one(session: &mut Session, number: u64, json: bool) -> Result<u8, Failed> {
    let Some(incident) = find(session, number)? else {
        return Err(Failed::Said(
            NOTHING,
            format!("no incident has the number {number}, as far as they are kept"),
        ));
    };
    if json {
        print(&super::one_line(&[incident]))?;
        return Ok(OK);
    }
    let zone = TimeZone::system();
    let clock = Clock { now_ms: super::wall_ms(), zone: &zone };
    print(&whole(&incident, told(&session.board, number), &clock, &super::fits()))?;
    Ok(OK)
}

fn told(board: &Board, number: u64) -> Option<Told> {
    board.incidents.get(&number).map(|brief| brief.told)
}

/// Everything about one, in lines.
fn whole(incident: &Incident, told: Option<Told>, clock: &Clock, fits: &Fit) -> String {
    let mut out = format!("incident {}\n", incident.number);
    for fact in incident::facts(incident, told, clock) {
        let text = shown(&fact.text, &fits.glyphs);
        // Writing to a String can't fail.
        let _ = writeln!(out, "{:LABEL$}{text}", fact.label);
    }
    out
}

/// What a selector finds: streams by their ids; `None`: all there is, also of streams that are gone.
fn whose(session: &Session, words: &[String]) -> Result<Option<Vec<StreamId>>, Failed> {
    let board = &session.board;
    let mut selector = Selector::read(board, words).map_err(|why| unselected(&why))?;
    if matches!(selector, Selector::All) {
        return Ok(None);
    }
    let ids: Vec<StreamId> = selector.restrict(board).rows.values().map(|row| row.id.clone()).collect();
    if ids.is_empty() {
        return Err(unselected(&nothing(board, words)));
    }
    Ok(Some(ids))
}

/// Those that are asked for, the newest first.
fn listed(session: &mut Session, args: &args::Incidents) -> Result<Vec<Arc<Incident>>, Failed> {
    let wanted = usize::try_from(args.count).unwrap_or(usize::MAX);
    let streams = match whose(session, &args.which)? {
        Some(ids) => ids.into_iter().map(Some).collect(),
        None => vec![None],
    };
    // One incident may have several of the streams.
    let mut found: BTreeMap<u64, Arc<Incident>> = BTreeMap::new();
    for stream in streams {
        let mut query = IncidentQuery {
            stream,
            open: args.open,
            before: None,
            since_wall_ms: args.since,
            count: args.count.min(MAX_INCIDENT_PAGE),
        };
        let mut count = 0;
        while count < wanted {
            let page = read(session, query.clone())?;
            count += page.incidents.len();
            query.before = page.incidents.last().map(|incident| incident.number);
            found.extend(page.incidents.into_iter().map(|incident| (incident.number, incident)));
            if !page.more || query.before.is_none() {
                break;
            }
        }
    }
    Ok(found.into_values().rev().take(wanted).collect())
}

fn table(found: &[Arc<Incident>], board: &Board, clock: &Clock, fits: &Fit) -> Vec<String> {
    let cells: Vec<Vec<Cell>> = found.iter().map(|one| cells(one, told(board, one.number), clock)).collect();
    lines(&COLUMNS, &cells, fits)
}

fn cells(incident: &Incident, told: Option<Told>, clock: &Clock) -> Vec<Cell> {
    let known = incident.acknowledged.as_ref().map(|known| &*known.by);
    let colour = match (incident.severity, known) {
        _ if !incident.is_open() => None,
        (_, Some(_)) => None,
        (Severity::Critical, None) => Some("31"),
        (Severity::Warning, None) => Some("33"),
    };
    let state = incident.ended.map_or("open", |(_, how)| incident::ending(how));
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let members = count(incident.members.len()).saturating_add(incident.more_members);
    let flaps = if incident.flapping.is_some() { "flaps: " } else { "" };
    vec![
        incident.number.to_string().into(),
        Cell { text: state.into(), colour },
        Cell { text: incident::severity(incident.severity).into(), colour },
        clock.time(incident.began_wall_ms).into(),
        incident::duration(incident.began_wall_ms, incident.ended).into(),
        incident::streams(count(incident.failing()), members, incident.is_open()).into(),
        known.unwrap_or("-").into(),
        told.map_or("-", Told::word).into(),
        format!("{flaps}{}", incident.title).into(),
    ]
}

/// How available each of the streams was, and all of them together.
fn availability(session: &mut Session, args: &args::Incidents) -> Result<u8, Failed> {
    let asked = whose(session, &args.which)?;
    let all = || session.board.rows.values().map(|row| row.id.clone()).collect();
    let ids: Vec<StreamId> = asked.unwrap_or_else(all);
    let mut of: Vec<(StreamId, Availability)> = Vec::with_capacity(ids.len());
    for id in ids {
        let stream = Some(id.clone());
        // No incident is wanted, and one is the least that can be asked for.
        let page = read(session, IncidentQuery { stream, count: 1, ..IncidentQuery::default() })?;
        of.push((id, page.availability));
    }
    if args.json {
        print(&available_json(&of))?;
    } else {
        print(&super::joined(&available(&of, &super::fits())))?;
    }
    Ok(OK)
}

/// The sum of all.
fn together(of: &[(StreamId, Availability)]) -> Availability {
    let mut sum = Availability::default();
    for (_, one) in of {
        for (sum, window) in sum.windows.iter_mut().zip(one.windows) {
            sum.watched_s += window.watched_s;
            sum.up_s += window.up_s;
            sum.of_s += window.of_s;
        }
    }
    sum
}

fn available(of: &[(StreamId, Availability)], fits: &Fit) -> Vec<String> {
    let columns = [
        Column { title: "ID", right: false, leaves: 0 },
        Column { title: "1 h", right: true, leaves: 0 },
        Column { title: "24 h", right: true, leaves: 1 },
        Column { title: "7 d", right: true, leaves: 2 },
        Column { title: "30 d", right: true, leaves: 0 },
    ];
    let row = |name: &str, one: &Availability| -> Vec<Cell> {
        let windows = one.windows.map(|window| Cell::from(incident::availability(window)));
        std::iter::once(name.into()).chain(windows).collect()
    };
    let mut rows: Vec<Vec<Cell>> = of.iter().map(|(id, one)| row(id.as_str(), one)).collect();
    rows.push(row("all together", &together(of)));
    lines(&columns, &rows, fits)
}

fn available_json(of: &[(StreamId, Availability)]) -> String {
    let document = |id: Option<String>, one: &Availability| {
        let windows = AVAILABILITY_HOURS.into_iter().zip(one.windows).map(|(hours, window)| {
            let share = window.share();
            Window { hours, watched_s: window.watched_s, up_s: window.up_s, of_s: window.of_s, share }
        });
        Document { id, windows: windows.collect() }
    };
    let mut documents: Vec<Document> =
        of.iter().map(|(id, one)| document(Some(id.to_string()), one)).collect();
    documents.push(document(None, &together(of)));
    super::one_line(&documents)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{board, row};
    use super::*;
    use crate::console::glyphs::UNICODE;
    use crate::console::incident::tests::{AT, incident, over};
    use crate::model::Available;

    static UTC: TimeZone = TimeZone::UTC;
    const PIPE: Fit = Fit { columns: None, coloured: false, glyphs: UNICODE };

    fn clock() -> Clock<'static> {
        Clock { now_ms: AT, zone: &UTC }
    }

    #[test]
    fn the_table_has_a_line_for_each() {
        let mut board = board([row("a", "A", "", &[])]);
        board.incidents.insert(4_711, Arc::new(incident(4_711, 12).brief()));
        let found = [Arc::new(incident(4_711, 12)), Arc::new(over(4_710))];
        assert_eq!(
            table(&found, &board, &clock(), &PIPE),
            [
                "NUMBER  STATE    SEVERITY  BEGAN                LASTED  STREAMS  KNOWN BY  TELLING      WHAT",
                "  4711  open     critical  2026-09-21 14:12:05    open     8/12  -         nobody told  12 streams: cdn-a.example refused connections",
                "  4710  cleared  critical  2026-09-21 14:12:05  10m00s        8  anna      -            flaps: 3 streams: cdn-a.example refused connections",
            ]
        );
        let narrow = table(&found, &board, &clock(), &Fit { columns: Some(60), ..PIPE });
        assert!(narrow.iter().all(|line| line.chars().count() <= 60), "{narrow:?}");
        assert!(narrow[1].contains("12 streams"), "{narrow:?}");
    }

    #[test]
    fn one_is_told_in_words_and_what_strangers_wrote_stays_text() {
        let mut bad = over(7);
        bad.title = "\x1b[2J\nnews".into();
        let text = whole(&bad, Some(Told::Sent), &clock(), &PIPE);
        assert!(text.starts_with("incident 7\nwhat     "), "{text}");
        assert!(text.contains("\ntelling  told; by the rule night\n"), "{text}");
        assert!(!text.contains('\x1b') && text.lines().all(|line| line != "news"), "{text}");
    }

    #[test]
    fn a_number_is_an_incident_unless_a_stream_has_it_for_its_id() {
        let board = board([row("12", "Twelve", "", &[]), row("a", "A", "", &[])]);
        let number = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            numbered(&board, &words)
        };
        assert_eq!(number(&["4711"]), Some(4_711));
        assert_eq!([number(&["12"]), number(&["a"]), number(&["1", "2"]), number(&[])], [None; 4]);
    }

    #[test]
    fn since_is_a_span_or_a_date_here() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let now = Timestamp::from_millisecond(i64::try_from(AT).unwrap()).unwrap().to_zoned(zone);
        let of = |text: &str| since_in(text, &now);
        assert_eq!(of("2h"), Ok(AT - 7_200_000));
        let midnight = "2026-09-20T22:00:00Z".parse::<Timestamp>().unwrap().as_millisecond();
        for text in ["2026-09-21", "2026-09-21T00:00", "2026-09-21 00:00:00", "2026-09-20T22:00:00Z"] {
            assert_eq!(of(text), Ok(u64::try_from(midnight).unwrap()), "{text}");
        }
        assert!(of("yesterday").unwrap_err().contains("2026-11-24T06:00"));
    }

    #[test]
    fn json_is_what_is_kept() {
        let value: Value = serde_json::from_str(&super::super::one_line(&[Arc::new(over(7))])).unwrap();
        let one = &value[0];
        assert_eq!(one["number"], 7);
        assert_eq!(one["cause"], json!({"origin": {"host": "cdn-a.example", "kind": "refused"}}));
        assert_eq!(one["severity"], "critical");
        assert_eq!(one["ended"], json!([AT - 600_000, "cleared"]));
        assert_eq!(one["flapping"], json!({"changes": 7, "within_ms": 600_000}));
        assert_eq!(one["acknowledged"], json!({"wall_ms": AT - 1_000_000, "by": "anna"}));
        assert_eq!(one["notes"][0], json!({"wall_ms": AT - 900_000, "by": "anna", "text": "called them"}));
        assert_eq!(one["values"], json!([["tries", "12 in a minute"]]));
        let fields: Vec<&str> = one["members"][0].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(fields, ["cleared_wall_ms", "input", "name", "since_wall_ms", "stream"]);
        let mut fields: Vec<&str> = one.as_object().unwrap().keys().map(String::as_str).collect();
        fields.sort_unstable();
        assert_eq!(
            fields,
            [
                "acknowledged",
                "began_wall_ms",
                "cause",
                "ended",
                "flapping",
                "lines",
                "members",
                "more_members",
                "notes",
                "number",
                "opened_wall_ms",
                "rule",
                "severity",
                "title",
                "values"
            ]
        );
    }

    #[test]
    fn availability_is_told_for_each_and_all_together() {
        let of = |watched_s, up_s| {
            let of_s = AVAILABILITY_HOURS.map(|hours| u64::from(hours) * 3_600);
            Availability { windows: of_s.map(|of_s| Available { watched_s, up_s, of_s }) }
        };
        let id = |id: &str| StreamId::new(id).unwrap();
        let all = [(id("a"), of(3_600, 3_600)), (id("b"), of(3_600, 1_800)), (id("new"), of(0, 0))];
        let lines = available(&all, &PIPE);
        assert_eq!(lines.len(), 5);
        assert_eq!(lines[1].split_whitespace().collect::<Vec<_>>()[..3], ["a", "100.00", "%"]);
        assert!(lines[4].starts_with("all together  75.00 %, watched 66 %"), "{lines:#?}");
        assert!(lines[3].starts_with("new"), "{lines:#?}");
        let value: Value = serde_json::from_str(&available_json(&all)).unwrap();
        assert_eq!(
            value[1]["windows"][0],
            json!({"hours": 1, "watched_s": 3_600, "up_s": 1_800, "of_s": 3_600, "share": 0.5})
        );
        assert_eq!((&value[2]["windows"][0]["share"], &value[3]["id"]), (&Value::Null, &Value::Null));
    }
}
