//! The report: the board as one JSON document. Its form is documented in `docs/reference.md` and
//! kept stable: fields may be added, none changes its meaning or goes.

use serde::Serialize;

use super::{AlertsReading, Board, Explained, IncidentBrief, Moment, NoticeKind, Row, Severity};

/// The document.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    revision: u64,
    host: Host,
    #[serde(rename = "self")]
    own: Own,
    pool: Pool,
    notices: Vec<Told<'a>>,
    incidents: Vec<&'a IncidentBrief>,
    alerts: &'a AlertsReading,
    streams: Vec<StreamReport<'a>>,
}

#[derive(Debug, Serialize)]
struct Host {
    cpu_percent: f64,
    memory_bytes: u64,
    fds_open: u64,
    fds_limit: u64,
    load1: f64,
    disk_free_bytes: Option<u64>,
    pressure: Option<Waits>,
}

#[derive(Debug, Serialize)]
struct Waits {
    cpu_some: f64,
    memory_some: f64,
    memory_full: f64,
    io_some: f64,
}

#[derive(Debug, Serialize)]
struct Own {
    cpu_percent: f64,
    memory_bytes: u64,
    fds_open: u64,
    fds_limit: u64,
}

#[derive(Debug, Serialize)]
struct Pool {
    slots: u32,
    busy: u32,
    queued: u32,
    starting: u32,
    held: u32,
    rotating: u32,
    longest_unseen_s: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Told<'a> {
    kind: NoticeKind,
    severity: Severity,
    text: &'a str,
}

/// One stream of it.
#[derive(Debug, Serialize)]
pub struct StreamReport<'a> {
    id: &'a str,
    name: &'a str,
    group: &'a str,
    mode: &'static str,
    phase: &'static str,
    health: &'static str,
    conditions: Vec<&'static str>,
    pid: Option<u32>,
    uptime_s: Option<u64>,
    restarts: u32,
    fps: Option<f64>,
    bitrate_kbps: Option<f64>,
    speed: Option<f64>,
    input: &'a str,
    last_error: Option<&'a str>,
    reason: &'a str,
    next_s: Option<u64>,
    priority: u8,
    watch: &'static str,
    last_seen_s: Option<u64>,
    input_number: u32,
    inputs: u32,
    maintenance: bool,
    explained: Vec<Option<&'static str>>,
    acknowledged: bool,
    muted_for_s: Option<u64>,
    note: &'a str,
    tags: Vec<&'a str>,
    usage: Option<Takes>,
}

#[derive(Debug, Serialize)]
struct Takes {
    cpu_percent: f64,
    memory_bytes: u64,
    open_files: u32,
}

/// Two decimals: more of a figure over a few seconds would be noise. `None`: JSON knows no infinity.
#[must_use]
pub fn rounded(value: f32) -> Option<f64> {
    let value = (f64::from(value) * 100.0).round() / 100.0;
    value.is_finite().then_some(value)
}

impl<'a> Report<'a> {
    /// The report of `board`.
    #[must_use]
    pub fn of(board: &'a Board) -> Self {
        let (host, pool) = (&board.host, &board.pool);
        let share = |value| rounded(value).unwrap_or_default();
        Self {
            revision: board.revision,
            host: Host {
                cpu_percent: share(host.cpu_percent),
                memory_bytes: host.memory_bytes,
                fds_open: host.fds_open,
                fds_limit: host.fds_limit,
                load1: share(host.load1),
                disk_free_bytes: host.disk_free_bytes,
                pressure: host.pressure.map(|pressure| Waits {
                    cpu_some: share(pressure.cpu_some),
                    memory_some: share(pressure.memory_some),
                    memory_full: share(pressure.memory_full),
                    io_some: share(pressure.io_some),
                }),
            },
            own: Own {
                cpu_percent: share(board.own.cpu_percent),
                memory_bytes: board.own.memory_bytes,
                fds_open: board.own.fds_open,
                fds_limit: board.own.fds_limit,
            },
            pool: Pool {
                slots: pool.slots,
                busy: pool.busy,
                queued: pool.queued,
                starting: pool.starting,
                held: pool.held,
                rotating: pool.rotating,
                longest_unseen_s: pool.unseen_since.map(|since| board.at.since(since).as_secs()),
            },
            notices: board
                .notices
                .iter()
                .map(|notice| Told { kind: notice.kind, severity: notice.severity, text: &notice.text })
                .collect(),
            incidents: board.incidents.values().map(AsRef::as_ref).collect(),
            alerts: &board.alerts,
            streams: board.rows.values().map(|row| StreamReport::of(row, board)).collect(),
        }
    }

    /// One document, ending with a line feed.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings and finite numbers only: there is nothing in it that JSON can't hold.
        let text =
            serde_json::to_string_pretty(self).unwrap_or_else(|error| format!("{{\"error\": \"{error}\"}}"));
        text + "\n"
    }
}

impl<'a> StreamReport<'a> {
    /// The report of `row`, which is on `board`.
    #[must_use]
    pub fn of(row: &'a Row, board: &Board) -> Self {
        let age = |since: Moment| board.at.since(since).as_secs();
        Self {
            id: row.id.as_str(),
            name: &row.name,
            group: &row.group,
            mode: row.mode.word(),
            phase: row.phase.word(),
            health: row.health().word(),
            conditions: row.conditions.iter().map(|condition| condition.kind.word()).collect(),
            pid: row.pid,
            uptime_s: row.started.map(age),
            restarts: row.restarts,
            fps: row.figures.fps.and_then(rounded),
            bitrate_kbps: row.figures.bitrate_kbps.and_then(rounded),
            speed: row.figures.speed.and_then(rounded),
            input: &row.input,
            last_error: row.last_error.as_deref(),
            reason: &row.reason,
            next_s: row.next.map(|next| board.at.until(next).as_secs()),
            priority: row.priority,
            watch: row.watch.word(),
            last_seen_s: row.last_seen.map(age),
            input_number: row.input_of.0,
            inputs: row.input_of.1,
            maintenance: row.maintenance,
            explained: row
                .conditions
                .iter()
                .map(|condition| condition.explained.map(Explained::word))
                .collect(),
            acknowledged: row.care.acknowledged.is_some(),
            muted_for_s: row.care.muted_for(board.at).map(|left| left.as_secs()),
            note: &row.care.note,
            tags: row.tags.iter().map(|tag| &**tag).collect(),
            usage: row.usage.map(|usage| Takes {
                cpu_percent: rounded(usage.cpu_percent).unwrap_or_default(),
                memory_bytes: usage.memory_bytes,
                open_files: usage.open_files,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::model::{
        Care, Condition, ConditionKind, Mode, Notice, Phase, PoolReading, Pressure, StreamId, StreamIx,
        Usage, WatchKind,
    };

    /// Where the board's clock stands.
    const NOW: Moment = Moment::from_millis(600_900);

    fn ago(seconds: i64) -> Moment {
        Moment::from_millis(NOW.millis() - seconds * 1_000)
    }

    fn row() -> Row {
        let black = |explained| Condition {
            kind: ConditionKind::Black,
            severity: Severity::Critical,
            since: ago(200),
            explained,
        };
        Row {
            name: "One".into(),
            mode: Mode::Picture,
            phase: Phase::Resting,
            reason: "waits for its turn".into(),
            since: ago(100),
            next: Some(ago(-45)),
            conditions: vec![black(None), black(Some(Explained::Maintenance))],
            input: "http://127.0.0.1/b".into(),
            priority: 70,
            watch: WatchKind::Rotate,
            last_seen: Some(ago(100)),
            input_of: (2, 3),
            maintenance: true,
            usage: Some(Usage { cpu_percent: 3.456, memory_bytes: 1 << 20, open_files: 9 }),
            care: Care {
                acknowledged: Some(ago(30)),
                muted_until: Some(ago(-600)),
                note: "ask the provider".into(),
            },
            tags: ["sport", "hd"].map(Arc::from).into(),
            ..Row::blank(StreamIx(0), StreamId::new("one").unwrap())
        }
    }

    fn written(board: &Board) -> Value {
        serde_json::from_str(&Report::of(board).to_json()).unwrap()
    }

    #[test]
    fn the_form_is_the_documented_one() {
        let rows = [(StreamIx(0), Arc::new(row()))].into();
        let mut board = Board { at: NOW, rows, ..Board::default() };
        board.host.pressure = Some(Pressure::default());
        let notice = Notice {
            kind: NoticeKind::Host,
            severity: Severity::Warning,
            text: "busy".into(),
            since: Moment::ZERO,
        };
        board.notices = vec![notice];
        let brief = IncidentBrief {
            number: 7,
            cause: crate::model::Cause::Headend { notice: NoticeKind::Host },
            severity: Severity::Critical,
            title: "the host is busy".into(),
            began_wall_ms: 1,
            opened_wall_ms: 2,
            failing: 0,
            streams: 0,
            flapping: false,
            acknowledged: None,
            told: crate::model::Told::Sent,
        };
        board.incidents.insert(7, Arc::new(brief));
        let receivers = vec![crate::model::ReceiverReading::default()];
        board.alerts = Arc::new(AlertsReading { receivers, ..AlertsReading::default() });
        let value = written(&board);
        let page = include_str!("../../docs/reference.md");
        let page = page.split("\n## The report\n").nth(1).unwrap().split("\n## ").next().unwrap();
        let documented = |prefix: &str| {
            let fields = page.lines().filter_map(|l| l.strip_prefix("| `")?.split('`').next());
            let fields = fields.filter_map(|f| f.strip_prefix(prefix)).map(|f| f.split('.').next().unwrap());
            fields.map(|f| f.trim_end_matches("[]").to_owned()).collect::<BTreeSet<_>>()
        };
        for (prefix, part) in [
            ("", &value),
            ("host.", &value["host"]),
            ("host.pressure.", &value["host"]["pressure"]),
            ("self.", &value["self"]),
            ("pool.", &value["pool"]),
            ("notices[].", &value["notices"][0]),
            ("incidents[].", &value["incidents"][0]),
            ("alerts.", &value["alerts"]),
            ("alerts.receivers[].", &value["alerts"]["receivers"][0]),
            ("streams[].", &value["streams"][0]),
            ("streams[].usage.", &value["streams"][0]["usage"]),
        ] {
            let keys: BTreeSet<String> = part.as_object().unwrap().keys().cloned().collect();
            assert_eq!(keys, documented(prefix), "{prefix}");
        }
    }

    #[test]
    fn a_stream_says_why_and_what_comes_next() {
        let rows = [(StreamIx(0), Arc::new(row()))].into();
        let value = written(&Board { at: NOW, rows, ..Board::default() });
        let stream = &value["streams"][0];
        assert_eq!(stream["reason"], "waits for its turn");
        assert_eq!((&stream["next_s"], &stream["last_seen_s"]), (&json!(45), &json!(100)));
        assert_eq!((&stream["priority"], &stream["watch"]), (&json!(70), &json!("rotate")));
        assert_eq!((&stream["input_number"], &stream["inputs"]), (&json!(2), &json!(3)));
        assert_eq!(stream["conditions"], json!(["black", "black"]), "its meaning does not change");
        assert_eq!(stream["explained"], json!([null, "maintenance"]));
    }

    #[test]
    fn a_stream_says_what_was_noted_and_what_its_worker_takes() {
        let bare = Row { care: Care::default(), tags: Arc::default(), usage: None, ix: StreamIx(1), ..row() };
        let rows = [(StreamIx(0), Arc::new(row())), (StreamIx(1), Arc::new(bare))].into();
        let value = written(&Board { at: NOW, rows, ..Board::default() });
        let told = |n: usize| {
            ["acknowledged", "muted_for_s", "note", "tags", "usage"]
                .map(|key| value["streams"][n][key].clone())
        };
        let usage = json!({"cpu_percent": 3.46, "memory_bytes": 1 << 20, "open_files": 9});
        let expected = [json!(true), json!(600), json!("ask the provider"), json!(["sport", "hd"]), usage];
        assert_eq!(told(0), expected);
        assert_eq!(told(1), [json!(false), Value::Null, json!(""), json!([]), Value::Null]);
    }

    #[test]
    fn the_pool_the_machine_and_the_notices_are_told() {
        let mut board = Board { at: NOW, ..Board::default() };
        board.notices = vec![Notice {
            kind: NoticeKind::Origin,
            severity: Severity::Critical,
            text: "cdn-a.example does not answer".into(),
            since: ago(5),
        }];
        board.pool = PoolReading { held: 4, starting: 3, rotating: 200, ..board.pool };
        board.pool.unseen_since = Some(ago(125));
        board.host.pressure = Some(Pressure { memory_some: 12.345, ..Pressure::default() });
        board.host.disk_free_bytes = Some(7);
        let value = written(&board);
        assert_eq!(
            value["notices"],
            json!([{"kind": "origin", "severity": "critical", "text": "cdn-a.example does not answer"}])
        );
        let pool =
            ["held", "starting", "rotating", "longest_unseen_s"].map(|key| value["pool"][key].as_u64());
        assert_eq!(pool, [Some(4), Some(3), Some(200), Some(125)]);
        assert_eq!(value["host"]["pressure"]["memory_some"], 12.35);
        assert_eq!(value["host"]["disk_free_bytes"], 7);
        let nothing = written(&Board::default());
        assert_eq!(nothing["host"]["pressure"], Value::Null);
        assert_eq!(nothing["host"]["disk_free_bytes"], Value::Null);
        assert_eq!(nothing["pool"]["longest_unseen_s"], Value::Null);
    }

    #[test]
    fn what_is_no_number_is_null() {
        assert_eq!(rounded(f32::NAN), None);
        assert_eq!(rounded(24.996_7), Some(25.0));
    }
}
