//! The tables that say how the supervisor starts, restarts and stops.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::report::Report;
use super::section::{Section, Shape};
use super::words::Problem;
use super::{Guard, Limit, MAX_ROLLOUT_STEPS, MAX_STREAMS, Policy, Rollout};

pub(super) static POOL: Shape =
    Shape { title: "[pool]", keys: &["slots", "start_parallel", "starts_per_second"] };
pub(super) static RESTART: Shape = Shape {
    title: "[restart]",
    keys: &[
        "backoff_first",
        "backoff_cap",
        "jitter",
        "reset_after",
        "broken_failures",
        "broken_window",
        "broken_retry",
        "denied_first",
    ],
};
pub(super) static STOP: Shape = Shape { title: "[stop]", keys: &["again", "kill"] };
pub(super) static ORIGIN: Shape =
    Shape { title: "[origin]", keys: &["failures", "share", "window", "retry", "probes"] };
pub(super) static ROLLOUT: Shape = Shape { title: "[rollout]", keys: &["steps", "hold", "healthy"] };
pub(super) static GUARD: Shape = Shape {
    title: "[guard]",
    keys: &[
        "enabled",
        "cpu",
        "cpu_pressure",
        "memory",
        "memory_pressure",
        "open_files",
        "disk",
        "rises_after",
        "falls_after",
        "shed_every",
    ],
};

/// At least ten milliseconds, at most a day.
const WAIT: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_secs(86_400);
/// How long a worker may take over its end.
const GRACE: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(60);
/// No machine has more slots of use than there may be streams.
const SLOTS: RangeInclusive<u32> = 1..=10_000;
const _: () = assert!(MAX_STREAMS == 10_000);

/// From one step of a rollout to the next.
const HOLD: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(86_400);
/// How long a limit must be passed or undercut; at once, or up to an hour.
const LAG: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(3_600);
/// Resting one round of streams must have shown its effect before the next.
const SHED: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(3_600);
/// More probes of a host that fails would be no probes any more.
const MAX_PROBES: u32 = 100;

/// How the supervisor starts, restarts and stops.
pub(super) fn read_policy(top: &Section<'_, '_>, policy: &mut Policy, report: &mut Report) {
    if let Some(pool) = top.table("pool", &POOL, report) {
        policy.slots = pool.number_or("slots", "auto", &SLOTS, policy.slots, report);
        let parallel = pool.number("start_parallel", &SLOTS, report);
        policy.start_parallel = parallel.unwrap_or(policy.start_parallel);
        let pace = pool.number("starts_per_second", &(1..=1_000), report);
        policy.starts_per_second = pace.unwrap_or(policy.starts_per_second);
    }
    if let Some(restart) = top.table("restart", &RESTART, report) {
        for (key, place) in [
            ("backoff_first", &mut policy.backoff_first),
            ("backoff_cap", &mut policy.backoff_cap),
            ("reset_after", &mut policy.backoff_reset),
            ("broken_window", &mut policy.broken_window),
            ("broken_retry", &mut policy.broken_retry),
            ("denied_first", &mut policy.denied_first),
        ] {
            *place = restart.duration(key, &WAIT, report).unwrap_or(*place);
        }
        // At 1 a wait could be nothing at all, and a storm of restarts would have no bound.
        let jitter = restart.number("jitter", &(0.0..=0.9), report);
        policy.backoff_jitter = jitter.unwrap_or(policy.backoff_jitter);
        let failures = restart.number("broken_failures", &(1..=1_000), report);
        policy.broken_failures = failures.unwrap_or(policy.broken_failures);
        if policy.backoff_first > policy.backoff_cap {
            let key = if restart.has("backoff_first") { "backoff_first" } else { "backoff_cap" };
            let message = "\"backoff_first\" is longer than \"backoff_cap\"";
            let expected = "expected the first wait to be the shorter one";
            restart.mistake_at(key, Problem::new(message, expected), report);
        }
    }
    if let Some(origin) = top.table("origin", &ORIGIN, report) {
        for (key, place) in [("window", &mut policy.origin_window), ("retry", &mut policy.origin_retry)] {
            *place = origin.duration(key, &WAIT, report).unwrap_or(*place);
        }
        let failures = origin.number("failures", &SLOTS, report);
        policy.origin_failures = failures.unwrap_or(policy.origin_failures);
        let share = origin.number("share", &(0.0..=1.0), report);
        policy.origin_share = share.unwrap_or(policy.origin_share);
        let probes = origin.number("probes", &(1..=MAX_PROBES), report);
        policy.origin_probes = probes.unwrap_or(policy.origin_probes);
    }
    if let Some(rollout) = top.table("rollout", &ROLLOUT, report) {
        policy.rollout = read_rollout(&rollout, report);
    }
    if let Some(guard) = top.table("guard", &GUARD, report) {
        read_guard(&guard, &mut policy.guard, report);
    }
    if let Some(stop) = top.table("stop", &STOP, report) {
        policy.stop_again = stop.duration("again", &GRACE, report).unwrap_or(policy.stop_again);
        policy.stop_kill = stop.duration("kill", &GRACE, report).unwrap_or(policy.stop_kill);
    }
}

/// A rollout, unless it has no steps.
fn read_rollout(section: &Section<'_, '_>, report: &mut Report) -> Option<Rollout> {
    let mut rollout = Rollout::default();
    if let Some(steps) = section.numbers("steps", MAX_ROLLOUT_STEPS, &SLOTS, report) {
        for pair in steps.windows(2) {
            if pair[1].value <= pair[0].value {
                let message = format!("the step {} is not above the one before it", pair[1].value);
                let problem = Problem::new(message, format!("expected more than {}", pair[0].value));
                report.mistake(section.sheet, pair[1].span.clone(), problem);
            }
        }
        rollout.steps = steps.into_iter().map(|step| step.value).collect();
    }
    rollout.hold = section.duration("hold", &HOLD, report).unwrap_or(rollout.hold);
    rollout.healthy = section.number("healthy", &(0.0..=1.0), report).unwrap_or(rollout.healthy);
    (!rollout.steps.is_empty()).then_some(rollout)
}

fn read_guard(section: &Section<'_, '_>, guard: &mut Guard, report: &mut Report) {
    guard.enabled = section.flag("enabled", report).unwrap_or(guard.enabled);
    for (key, place) in [
        ("cpu", &mut guard.cpu),
        ("cpu_pressure", &mut guard.cpu_pressure),
        ("memory", &mut guard.memory),
        ("memory_pressure", &mut guard.memory_pressure),
        ("open_files", &mut guard.open_files),
        ("disk", &mut guard.disk),
    ] {
        *place = read_limit(section, key, report).unwrap_or(*place);
    }
    for (key, place, bounds) in [
        ("rises_after", &mut guard.rises_after, LAG),
        ("falls_after", &mut guard.falls_after, LAG),
        ("shed_every", &mut guard.shed_every, SHED),
    ] {
        *place = section.duration(key, &bounds, report).unwrap_or(*place);
    }
}

/// `[soft, hard]`, both in percent.
fn read_limit(section: &Section<'_, '_>, key: &str, report: &mut Report) -> Option<Limit> {
    let numbers = section.numbers::<f32>(key, 2, &(0.0..=100.0), report)?;
    let problem = match numbers.as_slice() {
        [soft, hard] if soft.value > 0.0 && soft.value < hard.value => {
            return Some(Limit { soft: soft.value, hard: hard.value });
        }
        [soft, _] if soft.value <= 0.0 => {
            Problem::new(format!("the soft limit of \"{key}\" is 0"), "expected more than 0")
        }
        [soft, hard] => {
            let message = format!("the limits of \"{key}\" are {} and {}", soft.value, hard.value);
            Problem::new(message, "expected the soft one first, and a higher hard one")
        }
        _ => {
            let message = format!("\"{key}\" has {} entries", numbers.len());
            Problem::new(message, "expected two: [soft, hard], in percent")
        }
    };
    section.mistake_at(key, problem, report);
    None
}
