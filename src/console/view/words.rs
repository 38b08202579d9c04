//! Facts of a row, in words.

use crate::console::glyphs::Glyphs;
use crate::console::text::ordinal;
use crate::model::{Condition, Moment, Phase, Row, coarse_age};

/// Why the row is in its phase and what comes next: `refused; next try in 12s (4th)`. Empty when
/// there is nothing to say.
#[must_use]
pub fn story(row: &Row, now: Moment) -> String {
    let next = row.next.map(|at| coarse_age(now.until(at)));
    let then = match (row.phase, next) {
        (_, None) | (Phase::Live | Phase::Stopped, _) => String::new(),
        (Phase::Backoff, Some(left)) => {
            format!("next try in {left} ({})", ordinal(row.failures.saturating_add(1)))
        }
        (Phase::Broken, Some(left)) => {
            format!("failed {} times in a row, next try in {left}", row.failures)
        }
        (Phase::Starting, Some(left)) => format!("given up in {left}"),
        (Phase::Stalled, Some(left)) => format!("replaced in {left}"),
        (Phase::Stopping, Some(left)) => format!("ended by force in {left}"),
        (Phase::Held | Phase::Resting | Phase::Queued, Some(left)) => format!("goes on in {left}"),
    };
    match (row.reason.is_empty(), then.is_empty()) {
        (true, _) => then,
        (false, true) => row.reason.to_string(),
        (false, false) => format!("{}; {then}", row.reason),
    }
}

/// One condition with its age: `black 2m`.
#[must_use]
pub fn condition(condition: &Condition, now: Moment) -> String {
    format!("{} {}", condition.kind.word(), coarse_age(now.since(condition.since)))
}

/// The health cell: `■ black 2m, silent 4m`, or the word alone when nothing is wrong.
#[must_use]
pub fn health(row: &Row, now: Moment, glyphs: &Glyphs) -> String {
    let health = row.health();
    if row.conditions.is_empty() {
        return health.word().to_owned();
    }
    let conditions: Vec<String> = row.conditions.iter().map(|c| condition(c, now)).collect();
    format!("{} {}", glyphs.health(health), conditions.join(", "))
}

/// What to show as the newest message: what it waits for, else the newest line.
#[must_use]
pub fn message(row: &Row, now: Moment) -> String {
    let story = match row.phase {
        Phase::Live => String::new(),
        _ => story(row, now),
    };
    if story.is_empty() { row.last_message.to_string() } else { story }
}

/// How long the worker has been running.
#[must_use]
pub fn uptime(row: &Row, now: Moment) -> Option<String> {
    let started = row.started.filter(|_| row.phase.holds_slot())?;
    Some(coarse_age(now.since(started)))
}
