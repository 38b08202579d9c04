//! What is told of headend as a whole, its machine, and those it tells.

use std::collections::BTreeMap;

use super::text::{Exposition, Family, Kind, labels};
use crate::http::feed::Feed;
use crate::http::health::{Health, State, VERSION};
use crate::http::monitoring::workers_cpu_percent;
use crate::http::respond::Traffic;
use crate::model::{self, AlertsReading, Board, HostReading, NoticeKind, Phase, Severity, Wanted};

const fn gauge(name: &'static str, help: &'static str) -> Family {
    Family { name, kind: Kind::Gauge, help }
}

const fn counter(name: &'static str, help: &'static str) -> Family {
    Family { name, kind: Kind::Counter, help }
}

pub fn write(out: &mut Exposition, feed: &Feed, traffic: Traffic) {
    let board = feed.board();
    headend(out, feed);
    totals(out, board);
    pool(out, board);
    host(out, &board.host);
    processes(out, board);
    told(out, board);
    messages(out, &board.alerts);
    let clients = gauge("headend_link_clients", "Consoles, verbs and others that are attached.");
    out.alone(clients, feed.clients());
    let open = gauge("headend_http_connections", "Connections to this server that are open.");
    out.alone(open, traffic.connections);
    out.alone(
        counter("headend_http_requests", "Requests that were answered, refused ones too."),
        traffic.requests,
    );
    let cut =
        counter("headend_http_connections_cut", "Connections that were closed to make room for others.");
    out.alone(cut, traffic.cut);
}

fn headend(out: &mut Exposition, feed: &Feed) {
    let board = feed.board();
    out.family(Family { name: "headend_build", kind: Kind::Info, help: "Which headend this is." });
    out.sample(&labels(&[("version", VERSION)]), 1_u32);
    let uptime = u64::try_from(board.at.millis()).unwrap_or(0) / 1_000 + feed.heard_ago().as_secs();
    out.alone(gauge("headend_uptime_seconds", "How long headend has been running."), uptime);
    let age = gauge(
        "headend_board_age_seconds",
        "Since the supervisor last published something; above 10 it hangs.",
    );
    out.alone(age, feed.heard_ago().as_secs_f32());
    out.alone(counter("headend_board_revisions", "Changes of what is known."), board.revision);
    let health = Health::of(feed);
    let healthy = gauge("headend_healthy", "1 where /api/v1/info/health answers 200.");
    out.alone(healthy, health.status < State::Critical);
    out.family(gauge("headend_part_health", "How a part of headend is: 0 ok, 1 warning, 2 critical."));
    for (name, part) in health.parts() {
        out.sample(&labels(&[("part", name)]), part.status.number());
    }
}

fn totals(out: &mut Exposition, board: &Board) {
    let totals = board.totals();
    out.family(gauge("headend_streams", "Streams, by health."));
    for health in model::Health::ALL {
        out.sample(&labels(&[("health", health.word())]), totals.with_health(health));
    }
    out.family(gauge("headend_streams_in_phase", "Streams, by phase."));
    for phase in Phase::ALL {
        out.sample(&labels(&[("phase", phase.word())]), totals.in_phase(phase));
    }
    let wanted = board.rows.values().filter(|row| row.wanted == Wanted::Started).count();
    out.alone(gauge("headend_streams_wanted", "Streams that the operator wants to run."), wanted);
    let dropped: u64 = board.rows.values().map(|row| row.lines_dropped).sum();
    let family = counter("headend_log_lines_dropped", "Lines of workers that were dropped or folded.");
    out.alone(family, dropped);
}

fn pool(out: &mut Exposition, board: &Board) {
    let pool = &board.pool;
    out.alone(gauge("headend_pool_slots", "How many workers there may be."), pool.slots);
    out.alone(gauge("headend_pool_slots_busy", "Slots that are taken."), pool.busy);
    out.alone(
        gauge("headend_pool_queued", "Streams that wait for a slot or for their turn to start."),
        pool.queued,
    );
    out.alone(gauge("headend_pool_starting", "Workers that have shown no progress yet."), pool.starting);
    out.alone(gauge("headend_pool_start_parallel", "How many of them there may be."), pool.start_parallel);
    out.alone(gauge("headend_pool_held", "Streams that are kept from starting."), pool.held);
    out.alone(gauge("headend_pool_rotating", "Streams that take turns."), pool.rotating);
    out.family(gauge(
        "headend_pool_longest_unseen_seconds",
        "Since the stream that takes turns and waits longest was last seen.",
    ));
    if let Some(since) = pool.unseen_since {
        out.sample("", board.at.since(since).as_secs());
    }
}

fn host(out: &mut Exposition, host: &HostReading) {
    let percent = |value: f32| value / 100.0;
    out.alone(
        gauge("headend_host_cpu_ratio", "Busy share of all cores, or of what a container may use."),
        percent(host.cpu_percent),
    );
    out.alone(gauge("headend_host_cores", "Cores."), host.cores);
    out.family(gauge(
        "headend_host_cpu_quota_cores",
        "Cores' worth of time that a container's limit leaves.",
    ));
    if let Some(quota) = host.cpu_quota {
        out.sample("", quota);
    }
    out.alone(gauge("headend_host_load1", "Load average over a minute."), host.load1);
    out.alone(gauge("headend_host_memory_used_bytes", "Memory in use."), host.memory_bytes);
    out.alone(
        gauge("headend_host_memory_total_bytes", "Memory there is, or a container may use."),
        host.memory_total_bytes,
    );
    out.alone(gauge("headend_host_open_files", "Open files of the machine."), host.fds_open);
    out.alone(gauge("headend_host_open_files_limit", "The machine's limit on them."), host.fds_limit);
    out.family(gauge(
        "headend_host_pressure_ratio",
        "Share of the last ten seconds in which some or all processes waited for a resource.",
    ));
    if let Some(pressure) = host.pressure {
        for (resource, waits, value) in [
            ("cpu", "some", pressure.cpu_some),
            ("memory", "some", pressure.memory_some),
            ("memory", "all", pressure.memory_full),
            ("io", "some", pressure.io_some),
        ] {
            out.sample(&labels(&[("resource", resource), ("waits", waits)]), percent(value));
        }
    }
    out.family(gauge("headend_host_disk_free_bytes", "Free room on the state folder's disk."));
    if let Some(free) = host.disk_free_bytes {
        out.sample("", free);
    }
    out.alone(gauge("headend_host_disk_total_bytes", "Size of that disk."), host.disk_total_bytes);
    out.family(gauge(
        "headend_host_network_bytes_per_second",
        "What goes over the network, loopback excluded.",
    ));
    if let Some(network) = host.network {
        out.sample(&labels(&[("direction", "received")]), network.received);
        out.sample(&labels(&[("direction", "sent")]), network.sent);
    }
}

fn processes(out: &mut Exposition, board: &Board) {
    let (own, workers) = (&board.own, &board.workers);
    out.alone(
        gauge("headend_process_cpu_ratio", "headend's own processor time, as a share of one core."),
        own.cpu_percent / 100.0,
    );
    out.alone(gauge("headend_process_memory_bytes", "headend's own memory."), own.memory_bytes);
    out.alone(gauge("headend_process_open_files", "Files that headend has open."), own.fds_open);
    out.alone(gauge("headend_process_open_files_limit", "The limit on them."), own.fds_limit);
    out.alone(gauge("headend_workers", "Workers that were measured."), workers.count);
    out.alone(gauge("headend_workers_memory_bytes", "Memory of all of them."), workers.memory_bytes);
    let cpu = gauge("headend_workers_cpu_ratio", "Processor time of all of them, as a share of one core.");
    out.alone(cpu, workers_cpu_percent(board) / 100.0);
    out.alone(
        gauge("headend_workers_limit", "Workers that the limit on open files allows."),
        board.limits.workers,
    );
}

/// Notices and incidents.
fn told(out: &mut Exposition, board: &Board) {
    let word = |severity| if severity == Severity::Critical { "critical" } else { "warning" };
    let mut notices: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for notice in &board.notices {
        *notices.entry((kind_word(notice.kind), word(notice.severity))).or_default() += 1;
    }
    out.family(gauge("headend_notices", "What the operator must know that belongs to no single stream."));
    for ((kind, severity), count) in notices {
        out.sample(&labels(&[("kind", kind), ("severity", severity)]), count);
    }
    out.family(gauge("headend_incidents_open", "Open incidents."));
    for severity in [Severity::Warning, Severity::Critical] {
        let count = board.incidents.values().filter(|one| one.severity == severity).count();
        out.sample(&labels(&[("severity", word(severity))]), count);
    }
    let unknown = board.incidents.values().filter(|one| one.acknowledged.is_none()).count();
    out.alone(
        gauge("headend_incidents_unacknowledged", "Open incidents that nobody has acknowledged."),
        unknown,
    );
}

fn messages(out: &mut Exposition, alerts: &AlertsReading) {
    out.alone(gauge("headend_messages_waiting", "Messages that wait to be sent."), alerts.waiting);
    out.alone(counter("headend_messages_sent", "Messages that were accepted."), alerts.sent);
    out.alone(counter("headend_messages_failed", "Messages that were refused for good."), alerts.failed);
    out.alone(
        counter("headend_messages_merged", "Incidents that were told in the message of another one."),
        alerts.merged,
    );
    let receivers: Vec<_> = alerts
        .receivers
        .iter()
        .map(|one| (labels(&[("receiver", &one.name), ("way", &one.way)]), one))
        .collect();
    out.family(gauge("headend_receiver_messages_waiting", "Messages that wait for one receiver."));
    for (receiver, one) in &receivers {
        out.sample(receiver, one.waiting);
    }
    out.family(gauge("headend_receiver_in_trouble", "1 where a receiver does not accept messages now."));
    for (receiver, one) in &receivers {
        out.sample(receiver, one.trouble.is_some());
    }
}

/// As in JSON.
const fn kind_word(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Store => "store",
        NoticeKind::Logs => "logs",
        NoticeKind::Ffmpeg => "ffmpeg",
        NoticeKind::Config => "config",
        NoticeKind::Limits => "limits",
        NoticeKind::Host => "host",
        NoticeKind::Rollout => "rollout",
        NoticeKind::Origin => "origin",
        NoticeKind::Pool => "pool",
    }
}
