//! What other systems are told, over real sockets, of a board that is made up: against the description, the
//! reference and the dashboard. With the real program: `tests/http.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the message")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use headend::http::{Listening, MAX_HEAD, MAX_HEADERS, MAX_TARGET, RENDER_EVERY, Server};
use headend::link::wire::patch::blank;
use headend::link::{
    Hub, HubChange, IncidentAnswer, IncidentDesk, LogSlice, LogSource, MAX_PAGE_MEMBERS, OldLogAnswer, Who,
};
use headend::model::{
    AlertsReading, Care, Cause, Condition, ConditionKind, Explained, Flapping, HostReading, Incident,
    IncidentNote, IncidentOrder, IncidentPage, IncidentQuery, LogPlace, Member, Moment, Network, Notice,
    NoticeKind, Phase, PoolReading, Pressure, ReceiverReading, Row, SelfReading, Severity, StreamId,
    StreamIx, Usage, Wanted, WorkersReading,
};
use serde_json::Value;
use support::ask::{Reply, ask, get, raw};
use support::openapi::{self, Description};
use support::{LIMIT, wait_until};

/// Where the board's clock stands.
const NOW: Moment = Moment::from_millis(600_000);
const TOKEN: &str = "kanarie-token";

struct NoLogs;

impl LogSource for NoLogs {
    fn lines_from(&self, _: StreamIx, _: u64) -> LogSlice {
        LogSlice::default()
    }

    fn next_number(&self, _: StreamIx) -> u64 {
        0
    }

    fn read_back(&self, _: StreamIx, _: LogPlace, _: usize, _: OldLogAnswer) -> bool {
        false
    }
}

/// Incidents 1 to 3: of a stream and over, of an origin with many members, of headend itself.
struct Desk;

fn incident(number: u64) -> Incident {
    let member = |n: u64| Member {
        stream: StreamId::new(&format!("s{n}")).unwrap(),
        name: "Sport".into(),
        input: "http://origin.example/***".into(),
        since_wall_ms: 900,
        cleared_wall_ms: (number == 1).then_some(2_000),
    };
    let cause = match number {
        1 => Cause::Stream { stream: StreamId::new("s0").unwrap(), kind: ConditionKind::Black },
        2 => Cause::Origin { host: "origin.example".into(), kind: ConditionKind::Refused },
        _ => Cause::Headend { notice: NoticeKind::Store },
    };
    let count = if number == 2 { 30 } else { 1 };
    Incident {
        number,
        cause,
        severity: Severity::Critical,
        title: "it is black".into(),
        began_wall_ms: 900,
        opened_wall_ms: 1_000,
        ended: (number == 1).then_some((2_000, headend::model::Ending::Cleared)),
        flapping: (number == 1).then_some(Flapping { changes: 6, within_ms: 600_000 }),
        members: (0..count).map(member).collect(),
        more_members: 0,
        values: vec![("bit rate".into(), "312 kb/s".into())],
        lines: vec!["connection refused".into()],
        acknowledged: None,
        notes: vec![IncidentNote { wall_ms: 1_500, by: "anna".into(), text: "asked".into() }],
        rule: "default".into(),
    }
}

impl IncidentDesk for Desk {
    fn read(&self, query: &IncidentQuery) -> IncidentPage {
        let fits = |one: &Incident| {
            query.before.is_none_or(|before| one.number < before)
                && (!query.open || one.is_open())
                && query.stream.as_ref().is_none_or(|id| one.members.iter().any(|m| m.stream == *id))
                && query.since_wall_ms.is_none_or(|at| one.ended.is_none_or(|(ended, _)| ended >= at))
        };
        let mut found: Vec<Incident> = (1..=3).rev().map(incident).filter(fits).collect();
        let more = found.len() > query.count as usize;
        found.truncate(query.count as usize);
        if query.count > 1 {
            for one in &mut found {
                one.members.truncate(MAX_PAGE_MEMBERS);
            }
        }
        IncidentPage { incidents: found.into_iter().map(Arc::new).collect(), more, ..IncidentPage::default() }
    }

    fn order(&self, _: u64, _: IncidentOrder, _: Option<Who>, _: IncidentAnswer) {
        panic!("who only reads orders nothing");
    }
}

fn row(ix: u32) -> Row {
    let mut row = blank(StreamIx(ix)).unwrap();
    row.id = StreamId::new(&format!("s{ix}")).unwrap();
    row.name = format!("Stream {ix}").into();
    row.group = "sport".into();
    (row.wanted, row.phase, row.input_of) = (Wanted::Started, Phase::Live, (1, 1));
    row
}

/// A row in which everything is known.
fn full_row() -> Row {
    let mut row = row(0);
    let condition = |kind, explained| Condition { kind, severity: Severity::Critical, since: NOW, explained };
    row.conditions = vec![
        condition(ConditionKind::Black, None),
        condition(ConditionKind::Black, Some(Explained::Maintenance)),
        condition(ConditionKind::Silent, Some(Explained::Overload)),
    ];
    (row.restarts, row.failures, row.lines_dropped) = (7, 2, 5);
    (row.figures.fps, row.figures.bitrate_kbps, row.figures.speed) = (Some(24.96), Some(2_500.0), Some(0.99));
    row.usage = Some(Usage { cpu_percent: 12.5, memory_bytes: 1 << 20, open_files: 9 });
    (row.pid, row.started) = (Some(77), Some(NOW - Duration::from_secs(60)));
    row.care = Care { acknowledged: Some(NOW), muted_until: Some(NOW + LIMIT), note: "ask".into() };
    (row.maintenance, row.input_of) = (true, (2, 3));
    row.tags = [Arc::from("hd")].into();
    (row.last_error, row.next, row.last_seen) = (Some("refused".into()), Some(NOW + LIMIT), Some(NOW));
    row
}

fn publish(hub: &Hub, change: HubChange) {
    hub.publish(NOW, change);
}

fn notice(kind: NoticeKind, severity: Severity, text: &str) -> Notice {
    Notice { kind, severity, text: text.into(), since: Moment::ZERO }
}

/// A board on which everything is there.
fn full() -> Hub {
    let hub = Hub::new(Arc::new(NoLogs), Box::new(|| {}));
    hub.keep_incidents_at(Arc::new(Desk));
    let host = HostReading {
        cpu_percent: 25.0,
        cores: 2,
        cpu_quota: Some(1.5),
        disk_free_bytes: Some(7),
        pressure: Some(Pressure { cpu_some: 50.0, ..Pressure::default() }),
        network: Some(Network { received: 1_000.0, sent: 10.0 }),
        ..HostReading::default()
    };
    let change = HubChange {
        rows: vec![full_row(), row(1), Row { group: "news".into(), ..row(2) }],
        pool: Some(PoolReading {
            slots: 9,
            busy: 3,
            unseen_since: Some(Moment::ZERO),
            ..PoolReading::default()
        }),
        host: Some(host),
        own: Some(SelfReading { cpu_percent: 1.0, ..SelfReading::default() }),
        workers: Some(WorkersReading { count: 3, memory_bytes: 9 }),
        notices: Some(vec![notice(NoticeKind::Origin, Severity::Warning, "a.example is down")]),
        ..HubChange::default()
    };
    publish(&hub, change);
    let receiver = ReceiverReading {
        name: "night".into(),
        way: "mail".into(),
        trouble: Some("451 later".into()),
        accepted_wall_ms: Some(1),
        ..ReceiverReading::default()
    };
    let working = ReceiverReading { name: "day".into(), way: "webhook".into(), ..ReceiverReading::default() };
    let alerts =
        AlertsReading { receivers: vec![receiver, working], waiting: 2, sent: 8, failed: 1, merged: 4 };
    let open = (2..=3).map(|n| (n, Arc::new(incident(n).brief()))).collect();
    hub.publish_incidents(open, Vec::new(), Some(Arc::new(alerts)));
    hub
}

fn serve(hub: &Hub, token: Option<&str>) -> Server {
    let address = "127.0.0.1:0".parse().unwrap();
    Server::start(hub, Listening { address, token: token.map(Arc::from) }).unwrap()
}

fn full_metrics(accept: &str) -> Reply {
    let server = serve(&full(), None);
    ask(server.address(), "GET", "/metrics", &[("Accept", accept)])
}

#[test]
fn each_answer_is_as_it_is_described() {
    openapi::sees_mistakes();
    let description = Description::read();
    let server = serve(&full(), None);
    let bare = Hub::new(Arc::new(NoLogs), Box::new(|| {}));
    publish(&bare, HubChange { rows: vec![row(0)], ..HubChange::default() });
    let bare = serve(&bare, None);
    let closed = serve(&full(), Some(TOKEN));
    let mut asked = BTreeSet::new();
    let mut check = |path: &'static str, reply: &Reply, status: u16| {
        assert_eq!(reply.status, status, "{path}: {reply:?}");
        let kind = reply.field("content-type").unwrap();
        let wrong = description.mistakes(path, status, kind, &reply.body);
        assert!(wrong.is_empty(), "{path} {status}: {wrong:#?}");
        asked.insert((path, status));
    };
    for (path, target) in [
        ("/", "/"),
        ("/api/v1/info/health", "/api/v1/info/health"),
        ("/api/v1/info/monitoring", "/api/v1/info/monitoring"),
        ("/api/v1/streams", "/api/v1/streams"),
        ("/api/v1/streams", "/api/v1/streams?query=group:sport+black"),
        ("/api/v1/streams/{id}", "/api/v1/streams/s0"),
        ("/metrics", "/metrics"),
    ] {
        check(path, &get(server.address(), target), 200);
        check(path, &get(bare.address(), &target.replace("?query=group:sport+black", "")), 200);
        check(path, &get(closed.address(), target), 401);
    }
    check("/metrics", &full_metrics("application/openmetrics-text"), 200);
    let incidents = "/api/v1/incidents";
    check(incidents, &get(server.address(), "/api/v1/incidents?count=200"), 200);
    check(incidents, &get(server.address(), "/api/v1/incidents?count=201"), 400);
    check(incidents, &get(bare.address(), incidents), 503);
    check(incidents, &get(closed.address(), incidents), 401);
    let one = "/api/v1/incidents/{number}";
    for number in 1..=3 {
        check(one, &get(server.address(), &format!("/api/v1/incidents/{number}")), 200);
    }
    check(one, &get(server.address(), "/api/v1/incidents/4"), 404);
    check(one, &get(bare.address(), "/api/v1/incidents/4"), 503);
    check(one, &get(closed.address(), "/api/v1/incidents/1"), 401);
    check("/api/v1/streams/{id}", &get(server.address(), "/api/v1/streams/none"), 404);
    check("/api/v1/streams", &get(server.address(), "/api/v1/streams?query=fps%3C"), 400);
    let broken = full();
    let store = notice(NoticeKind::Store, Severity::Critical, "disk full");
    publish(&broken, HubChange { notices: Some(vec![store]), ..HubChange::default() });
    check("/api/v1/info/health", &get(serve(&broken, None).address(), "/api/v1/info/health"), 503);

    // All that is described has been asked for, and nothing is there that is not described.
    let paths: BTreeSet<&str> = description.paths().into_iter().collect();
    assert_eq!(asked.iter().map(|(path, _)| *path).collect::<BTreeSet<_>>(), paths);
    let index = get(server.address(), "/").json();
    let told = index["endpoints"].as_array().unwrap().iter().map(|one| one["path"].as_str().unwrap());
    let told: BTreeSet<String> =
        told.map(|path| path.replace("ID", "{id}").replace("NUMBER", "{number}")).collect();
    assert_eq!(told, paths.iter().filter(|path| **path != "/").map(|path| (*path).to_owned()).collect());
    for (path, value) in [("/api/v1/streams", "a"), (incidents, "1")] {
        for name in description.parameters(path) {
            let value = if name == "open" { "true" } else { value };
            assert_eq!(get(server.address(), &format!("{path}?{name}={value}")).status, 200, "{name}");
        }
    }
}

#[test]
fn streams_are_found_by_the_query_language() {
    let server = serve(&full(), None);
    let ids = |target: &str| -> Vec<String> {
        let streams = get(server.address(), target).json()["streams"].clone();
        streams.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids("/api/v1/streams"), ["s0", "s1", "s2"]);
    assert_eq!(ids("/api/v1/streams?query=group:sport"), ["s0", "s1"]);
    assert_eq!(ids("/api/v1/streams?query=group:sport+-black"), ["s1"]);
    assert_eq!(ids("/api/v1/streams?query=group:none"), Vec::<String>::new());
    let one = get(server.address(), "/api/v1/streams/s0").json();
    assert_eq!((&one["restarts"], &one["note"]), (&7.into(), &"ask".into()));
}

#[test]
fn incidents_come_in_pages() {
    let server = serve(&full(), None);
    let page = |parameters: &str| get(server.address(), &format!("/api/v1/incidents{parameters}")).json();
    let numbers = |page: &Value| -> Vec<u64> {
        page["incidents"].as_array().unwrap().iter().map(|one| one["number"].as_u64().unwrap()).collect()
    };
    let first = page("?count=2");
    assert_eq!((numbers(&first), &first["more"]), (vec![3, 2], &Value::Bool(true)));
    let next = page("?count=2&before=2");
    assert_eq!((numbers(&next), &next["more"]), (vec![1], &Value::Bool(false)));
    assert_eq!(numbers(&page("?open=true")), [3, 2]);
    assert_eq!(numbers(&page("?stream=s9")), [2]);
    assert_eq!(numbers(&page("?since=1970-01-01T00:00:03Z")), [3, 2]);
    // Alone it has all its members.
    let members = |value: &Value| value["members"].as_array().unwrap().len();
    assert_eq!(members(&page("")["incidents"][1]), MAX_PAGE_MEMBERS);
    assert_eq!(members(&get(server.address(), "/api/v1/incidents/2").json()), 30);
}

/// Samples by name and labels. Panics where the text is not in the form.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let mut families: Vec<&str> = Vec::new();
    let mut found = BTreeMap::new();
    for line in text.lines().filter(|line| *line != "# EOF") {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(!families.contains(&name), "{name} comes twice");
            assert!(["gauge", "counter", "info"].contains(&kind), "{line}");
            families.push(name);
        } else if !line.starts_with("# HELP ") {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let name = series.split('{').next().unwrap();
            let family = families.last().unwrap();
            let ending = name.strip_prefix(family).unwrap_or_else(|| panic!("{line} is not of {family}"));
            assert!(["", "_total", "_info"].contains(&ending), "{line}");
            let value: f64 = value.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
            assert!(found.insert(series.to_owned(), value).is_none(), "{line} comes twice");
        }
    }
    found
}

#[test]
fn metrics_are_in_base_units() {
    let reply = full_metrics("");
    assert_eq!(reply.field("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let found = samples(&reply.body);
    let of = |name: &str| format!("{name}{{stream=\"s0\",group=\"sport\"}}");
    let with = |name: &str, more: &str| format!("{name}{{stream=\"s0\",group=\"sport\",{more}}}");
    for (series, value) in [
        (of("headend_stream_wanted"), 1.0),
        (of("headend_stream_health"), 3.0),
        (of("headend_stream_restarts_total"), 7.0),
        (of("headend_stream_failures"), 2.0),
        (of("headend_stream_frames_per_second"), 24.96),
        (of("headend_stream_bytes_per_second"), 312_500.0),
        (of("headend_stream_speed_ratio"), 0.99),
        (of("headend_stream_input_number"), 2.0),
        (of("headend_stream_worker_uptime_seconds"), 60.0),
        (of("headend_stream_worker_cpu_ratio"), 0.125),
        (of("headend_stream_worker_memory_bytes"), 1_048_576.0),
        (of("headend_stream_worker_open_files"), 9.0),
        (with("headend_stream_phase", "phase=\"live\""), 1.0),
        (with("headend_stream_condition", "condition=\"black\",severity=\"critical\",explained=\"\""), 1.0),
        (
            with(
                "headend_stream_condition",
                "condition=\"silent\",severity=\"critical\",explained=\"overload\"",
            ),
            1.0,
        ),
        (with("headend_stream_silenced", "reason=\"acknowledged\""), 1.0),
        (with("headend_stream_silenced", "reason=\"muted\""), 1.0),
        (with("headend_stream_silenced", "reason=\"maintenance\""), 1.0),
        (with("headend_stream_info", "name=\"Stream 0\",mode=\"picture\",watch=\"always\""), 1.0),
        ("headend_streams{health=\"critical\"}".into(), 1.0),
        ("headend_streams{health=\"ok\"}".into(), 2.0),
        ("headend_streams_in_phase{phase=\"live\"}".into(), 3.0),
        ("headend_pool_slots_busy".into(), 3.0),
        ("headend_pool_longest_unseen_seconds".into(), 600.0),
        ("headend_host_cpu_ratio".into(), 0.25),
        ("headend_host_pressure_ratio{resource=\"cpu\",waits=\"some\"}".into(), 0.5),
        ("headend_host_network_bytes_per_second{direction=\"received\"}".into(), 1_000.0),
        ("headend_process_cpu_ratio".into(), 0.01),
        ("headend_workers_cpu_ratio".into(), 0.125),
        ("headend_healthy".into(), 1.0),
        ("headend_part_health{part=\"mail\"}".into(), 1.0),
        ("headend_notices{kind=\"origin\",severity=\"warning\"}".into(), 1.0),
        ("headend_incidents_open{severity=\"critical\"}".into(), 2.0),
        ("headend_messages_sent_total".into(), 8.0),
        ("headend_receiver_in_trouble{receiver=\"night\",way=\"mail\"}".into(), 1.0),
        ("headend_receiver_in_trouble{receiver=\"day\",way=\"webhook\"}".into(), 0.0),
        ("headend_log_lines_dropped_total".into(), 5.0),
    ] {
        let told = found.get(&series);
        assert!(told.is_some_and(|told| (told - value).abs() < 1e-9), "{series}: {told:?}, not {value}");
    }
    // What is not known is not told.
    assert!(!found.contains_key("headend_stream_speed_ratio{stream=\"s1\",group=\"sport\"}"));

    let open = full_metrics("application/openmetrics-text; version=1.0.0");
    assert_eq!(
        open.field("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    assert!(open.body.ends_with("\n# EOF\n") && !reply.body.contains("# EOF"));
    let names = |found: BTreeMap<String, f64>| found.into_keys().collect::<Vec<_>>();
    assert_eq!(names(samples(&open.body)), names(found), "the same samples in both forms");
}

#[test]
fn hostile_names_make_no_samples_of_their_own() {
    let hub = full();
    let hostile = "x\"} 1\nheadend_healthy 0\n# \\";
    publish(
        &hub,
        HubChange {
            rows: vec![Row { group: hostile.into(), name: hostile.into(), ..row(0) }],
            ..HubChange::default()
        },
    );
    let text = get(serve(&hub, None).address(), "/metrics").body;
    assert_eq!(text.lines().filter(|line| line.starts_with("headend_healthy")).count(), 1);
    assert!(text.contains(r#"headend_stream_wanted{stream="s0",group="x\"} 1\nheadend_healthy 0\n# \\"} 1"#));
}

fn page(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// Names of families as their samples have them, from what is really told.
fn told_names() -> BTreeSet<String> {
    let text = full_metrics("").body;
    text.lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next().map(str::to_owned))
        .collect()
}

#[test]
fn each_metric_is_documented_and_no_other() {
    let reference = page("docs/reference.md");
    let table = reference.split("\n### Metrics\n").nth(1).expect("a chapter on metrics");
    let table = table.split("\n## ").next().unwrap();
    let documented: BTreeSet<String> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next().map(str::to_owned))
        .collect();
    assert_eq!(documented, told_names());
    // Each has samples on this board, or its labels in the table could be anything.
    let found = samples(&full_metrics("").body);
    for line in table.lines().filter(|line| line.starts_with("| `headend_")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let name = cells[1].trim_matches('`');
        let documented: BTreeSet<&str> = cells[3]
            .split(',')
            .map(|label| label.trim().trim_matches('`'))
            .filter(|l| !l.is_empty())
            .collect();
        let series = found.keys().find(|series| series.split('{').next() == Some(name));
        let series = series.unwrap_or_else(|| panic!("no sample of {name}"));
        let labels = series.split_once('{').map_or("", |(_, labels)| labels);
        let told: BTreeSet<&str> = labels
            .split("\",")
            .filter_map(|label| label.split('=').next())
            .filter(|l| !l.is_empty())
            .collect();
        assert_eq!(told, documented, "the labels of {name}");
    }
}

/// Words of an expression that may be names of metrics.
fn names_in(expression: &str) -> impl Iterator<Item = &str> {
    let words = expression.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("headend_"))
}

fn expressions<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(text) if name == "expr" || name == "query" => found.push(text),
                    _ => expressions(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| expressions(item, found)),
        _ => {}
    }
}

#[test]
fn the_dashboard_and_the_guide_ask_for_nothing_that_is_not_there() {
    let told = told_names();
    let dashboard: Value = serde_json::from_str(&page("assets/grafana-dashboard.json")).unwrap();
    let mut found = Vec::new();
    expressions(&dashboard, &mut found);
    assert!(found.len() > 20, "{found:?}");
    for expression in found.iter().filter(|text| **text != "prometheus") {
        assert!(names_in(expression).count() > 0, "{expression}");
        let unknown: Vec<&str> = names_in(expression).filter(|name| !told.contains(*name)).collect();
        assert!(unknown.is_empty(), "{unknown:?} in {expression}");
    }
    let guide = page("docs/guide.md");
    let unknown: Vec<&str> = names_in(&guide).filter(|name| !told.contains(*name)).collect();
    assert!(unknown.is_empty(), "docs/guide.md: {unknown:?}");
}

#[test]
fn health_tells_what_is_wrong_and_for_whom() {
    let hub = full();
    let server = serve(&hub, None);
    let health = || get(server.address(), "/api/v1/info/health");
    let now = health();
    assert_eq!((now.status, &now.json()["status"]), (200, &"warning".into()));
    let why = now.json()["mail"]["why"].clone();
    assert_eq!(why, "night (mail): 451 later");
    // A stream's trouble, or its origin's, is none of headend's.
    assert_eq!(now.json()["pool"]["status"], "ok");

    let notices = [
        ("store", NoticeKind::Store, Severity::Critical, 503),
        ("logs", NoticeKind::Logs, Severity::Critical, 503),
        ("host", NoticeKind::Host, Severity::Warning, 200),
        ("pool", NoticeKind::Pool, Severity::Warning, 200),
        ("pool", NoticeKind::Limits, Severity::Warning, 200),
        ("ffmpeg", NoticeKind::Ffmpeg, Severity::Critical, 503),
        ("config", NoticeKind::Config, Severity::Warning, 200),
    ];
    for (part, kind, severity, status) in notices {
        let text = format!("what is wrong with {part}");
        publish(
            &hub,
            HubChange { notices: Some(vec![notice(kind, severity, &text)]), ..HubChange::default() },
        );
        // Never an old one.
        let reply = health();
        assert_eq!((reply.status, &reply.json()[part]["why"]), (status, &text.into()), "{part}");
        assert_eq!(ask(server.address(), "HEAD", "/api/v1/info/health", &[]).status, status);
    }
    publish(&hub, HubChange { notices: Some(Vec::new()), ..HubChange::default() });
    assert_eq!(health().status, 200);
    hub.leaving(2);
    let leaving = health();
    assert_eq!(leaving.status, 503);
    assert_eq!(leaving.json()["supervisor"]["why"], "headend is leaving, 2 workers left");
}

#[test]
fn large_answers_are_made_once_a_second_at_most() {
    let hub = full();
    let server = serve(&hub, None);
    let metrics = || get(server.address(), "/metrics").body;
    let busy = |text: &str| text.contains("\nheadend_pool_slots_busy 5\n");
    let first = metrics();
    publish(
        &hub,
        HubChange { pool: Some(PoolReading { busy: 5, ..PoolReading::default() }), ..HubChange::default() },
    );
    let began = std::time::Instant::now();
    let second = metrics();
    // On a machine that stood still meanwhile it may be a new one.
    assert!(second == first || began.elapsed() >= RENDER_EVERY / 2, "it is made anew for each");
    wait_until("a newer one", LIMIT, || busy(&metrics()));
}

#[test]
fn who_may_not_ask_or_asks_for_nonsense_is_told_so() {
    let hub = full();
    let open = serve(&hub, None);
    let closed = serve(&hub, Some(TOKEN));
    let told = |reply: &Reply, status: u16| {
        assert_eq!(
            (reply.status, reply.json()["status"].as_u64()),
            (status, Some(status.into())),
            "{reply:?}"
        );
        assert!(!reply.body.contains(TOKEN) && !reply.head.contains(TOKEN));
        assert_eq!(reply.field("content-type"), Some("application/json"));
    };
    let without = get(closed.address(), "/metrics");
    told(&without, 401);
    assert_eq!(without.field("www-authenticate"), Some("Bearer realm=\"headend\""));
    told(&ask(closed.address(), "GET", "/nothing", &[("Authorization", "Bearer kanarie-toke")]), 401);
    let right = format!("Bearer {TOKEN}");
    assert_eq!(ask(closed.address(), "GET", "/metrics", &[("Authorization", &right)]).status, 200);

    told(&get(open.address(), "/nothing"), 404);
    told(&get(open.address(), "/api/v1/streams/nobody"), 404);
    let post = ask(open.address(), "POST", "/api/v1/streams", &[("Content-Length", "0")]);
    told(&post, 405);
    assert_eq!(post.field("allow"), Some("GET, HEAD"));
    told(&get(open.address(), &format!("/{}", "x".repeat(MAX_TARGET))), 414);
    told(&ask(open.address(), "GET", "/", &[("X-Large", &"x".repeat(MAX_HEADERS))]), 431);
    for (request, status) in [
        // Larger than anything is read, or no request: a status, and no words.
        (format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(2 * MAX_HEAD)), "431"),
        ("\0\u{1}\u{2} nonsense\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/9.9\r\n\r\n".to_owned(), "400"),
    ] {
        let answer = raw(open.address(), request.as_bytes());
        let found = answer.split(' ').nth(1).unwrap_or_default();
        assert!(found == status, "{:?}: {answer:?}", &request[..20.min(request.len())]);
    }
    // A body is not waited for.
    let reply = ask(open.address(), "GET", "/", &[("Content-Length", "1000000")]);
    assert_eq!(reply.status, 200);
    let head = ask(open.address(), "HEAD", "/metrics", &[]);
    assert!(head.status == 200 && head.body.is_empty(), "{head:?}");
    assert!(head.field("content-length").unwrap().parse::<usize>().unwrap() > 1_000);
    assert_eq!(head.field("cache-control"), Some("no-store"));
}

#[test]
fn one_connection_carries_many_requests() {
    let server = serve(&full(), None);
    let one = "GET /api/v1/info/health HTTP/1.1\r\nHost: x\r\n\r\n";
    let last = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = raw(server.address(), (one.repeat(5) + last).as_bytes());
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 6, "{answer}");
}
