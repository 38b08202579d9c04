//! The figures of the machine's page, as one JSON document. Its form is in `docs/openapi.json` and kept
//! stable: fields may be added, none changes its meaning or goes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::feed::Feed;
use super::health::VERSION;
use super::respond::Traffic;
use crate::model::{
    AlertsReading, Board, HostReading, NoticeKind, Phase, PoolReading, Severity, Totals, Wanted, rounded,
};

/// The document.
#[derive(Serialize)]
pub(super) struct Monitoring<'a> {
    version: &'static str,
    revision: u64,
    uptime_s: u64,
    published_ms_ago: u64,
    leaving: bool,
    host: Host,
    #[serde(rename = "self")]
    own: Own,
    workers: Workers,
    pool: Pool,
    limits: Limits,
    streams: Counted,
    incidents: Incidents,
    alerts: Alerts<'a>,
    link: Link,
    http: Traffic,
    notices: Vec<Told<'a>>,
}

#[derive(Serialize)]
struct Host {
    cpu_percent: f64,
    cores: u32,
    cpu_quota_cores: Option<f64>,
    memory_bytes: u64,
    memory_total_bytes: u64,
    memory_limited: bool,
    fds_open: u64,
    fds_limit: u64,
    load1: f64,
    disk_free_bytes: Option<u64>,
    disk_total_bytes: u64,
    pressure: Option<Pressure>,
    network: Option<Network>,
}

#[derive(Serialize)]
struct Pressure {
    cpu_some: f64,
    memory_some: f64,
    memory_full: f64,
    io_some: f64,
}

#[derive(Serialize)]
struct Network {
    received_bytes_per_second: f64,
    sent_bytes_per_second: f64,
}

#[derive(Serialize)]
struct Own {
    cpu_percent: f64,
    memory_bytes: u64,
    fds_open: u64,
    fds_limit: u64,
}

#[derive(Serialize)]
struct Workers {
    count: u32,
    memory_bytes: u64,
    cpu_percent: f64,
}

#[derive(Serialize)]
struct Pool {
    slots: u32,
    auto: bool,
    busy: u32,
    queued: u32,
    starting: u32,
    start_parallel: u32,
    held: u32,
    rotating: u32,
    longest_unseen_s: Option<u64>,
}

#[derive(Serialize)]
struct Limits {
    fds_before: u64,
    fds_now: u64,
    workers: u32,
}

#[derive(Serialize)]
struct Counted {
    total: usize,
    wanted: usize,
    health: BTreeMap<&'static str, u32>,
    phase: BTreeMap<&'static str, u32>,
}

#[derive(Serialize)]
struct Incidents {
    open: usize,
    critical: usize,
    warning: usize,
    unacknowledged: usize,
}

#[derive(Serialize)]
struct Alerts<'a> {
    waiting: u32,
    sent: u64,
    failed: u64,
    merged: u64,
    receivers: Vec<Receiver<'a>>,
}

#[derive(Serialize)]
struct Receiver<'a> {
    name: &'a str,
    way: &'a str,
    waiting: u32,
    accepted_wall_ms: Option<u64>,
    trouble: Option<&'a str>,
    next_wall_ms: Option<u64>,
}

#[derive(Serialize)]
struct Link {
    clients: usize,
}

#[derive(Serialize)]
struct Told<'a> {
    kind: NoticeKind,
    severity: Severity,
    text: &'a str,
    since_s: u64,
}

impl<'a> Monitoring<'a> {
    pub fn of(feed: &'a Feed, traffic: Traffic) -> Self {
        let board = feed.board();
        let ago = feed.heard_ago();
        Self {
            version: VERSION,
            revision: board.revision,
            uptime_s: u64::try_from(board.at.millis()).unwrap_or(0) / 1_000 + ago.as_secs(),
            published_ms_ago: u64::try_from(ago.as_millis()).unwrap_or(u64::MAX),
            leaving: feed.leaving().is_some(),
            host: host(&board.host),
            own: Own {
                cpu_percent: figure(board.own.cpu_percent),
                memory_bytes: board.own.memory_bytes,
                fds_open: board.own.fds_open,
                fds_limit: board.own.fds_limit,
            },
            workers: Workers {
                count: board.workers.count,
                memory_bytes: board.workers.memory_bytes,
                cpu_percent: figure(workers_cpu_percent(board)),
            },
            pool: pool(&board.pool, board),
            limits: Limits {
                fds_before: board.limits.fds_before,
                fds_now: board.limits.fds_now,
                workers: board.limits.workers,
            },
            streams: counted(board),
            incidents: incidents(board),
            alerts: alerts(&board.alerts),
            link: Link { clients: feed.clients() },
            http: traffic,
            notices: board
                .notices
                .iter()
                .map(|notice| Told {
                    kind: notice.kind,
                    severity: notice.severity,
                    text: &notice.text,
                    since_s: board.at.since(notice.since).as_secs(),
                })
                .collect(),
        }
    }
}

/// All workers together, in percent of one core.
pub(super) fn workers_cpu_percent(board: &Board) -> f32 {
    board.rows.values().filter_map(|row| row.usage).map(|usage| usage.cpu_percent).sum()
}

fn figure(value: f32) -> f64 {
    rounded(value).unwrap_or_default()
}

fn host(host: &HostReading) -> Host {
    Host {
        cpu_percent: figure(host.cpu_percent),
        cores: host.cores,
        cpu_quota_cores: host.cpu_quota.and_then(rounded),
        memory_bytes: host.memory_bytes,
        memory_total_bytes: host.memory_total_bytes,
        memory_limited: host.memory_limited,
        fds_open: host.fds_open,
        fds_limit: host.fds_limit,
        load1: figure(host.load1),
        disk_free_bytes: host.disk_free_bytes,
        disk_total_bytes: host.disk_total_bytes,
        pressure: host.pressure.map(|pressure| Pressure {
            cpu_some: figure(pressure.cpu_some),
            memory_some: figure(pressure.memory_some),
            memory_full: figure(pressure.memory_full),
            io_some: figure(pressure.io_some),
        }),
        network: host.network.map(|network| Network {
            received_bytes_per_second: figure(network.received),
            sent_bytes_per_second: figure(network.sent),
        }),
    }
}

fn pool(pool: &PoolReading, board: &Board) -> Pool {
    Pool {
        slots: pool.slots,
        auto: pool.auto,
        busy: pool.busy,
        queued: pool.queued,
        starting: pool.starting,
        start_parallel: pool.start_parallel,
        held: pool.held,
        rotating: pool.rotating,
        longest_unseen_s: pool.unseen_since.map(|since| board.at.since(since).as_secs()),
    }
}

fn counted(board: &Board) -> Counted {
    let totals: Totals = board.totals();
    Counted {
        total: board.rows.len(),
        wanted: board.rows.values().filter(|row| row.wanted == Wanted::Started).count(),
        health: crate::model::Health::ALL.map(|health| (health.word(), totals.with_health(health))).into(),
        phase: Phase::ALL.map(|phase| (phase.word(), totals.in_phase(phase))).into(),
    }
}

fn incidents(board: &Board) -> Incidents {
    let with = |severity| board.incidents.values().filter(|one| one.severity == severity).count();
    Incidents {
        open: board.incidents.len(),
        critical: with(Severity::Critical),
        warning: with(Severity::Warning),
        unacknowledged: board.incidents.values().filter(|one| one.acknowledged.is_none()).count(),
    }
}

fn alerts(reading: &Arc<AlertsReading>) -> Alerts<'_> {
    Alerts {
        waiting: reading.waiting,
        sent: reading.sent,
        failed: reading.failed,
        merged: reading.merged,
        receivers: reading
            .receivers
            .iter()
            .map(|one| Receiver {
                name: &one.name,
                way: &one.way,
                waiting: one.waiting,
                accepted_wall_ms: one.accepted_wall_ms,
                trouble: one.trouble.as_deref(),
                next_wall_ms: one.next_wall_ms,
            })
            .collect(),
    }
}
