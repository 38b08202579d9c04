//! Facts of a row, in words.

use std::fmt::Write as _;

use crate::console::glyphs::Glyphs;
use crate::console::spans::{Countdown, age_words, slow_age};
use crate::console::text::width;
use crate::model::{Condition, Health, Moment, Phase, Row, coarse_age, span_words};

/// Every health, as totals count them: what can't be said of a stream comes last.
pub const HEALTHS: [Health; 4] = [Health::Ok, Health::Warning, Health::Critical, Health::Unknown];
/// Where there are fewer cells than this the end of a reason is lost.
const SHORT: u16 = 44;
/// Where there are fewer than this, only when it changes.
const LEAST: u16 = 20;

/// Why the row is in its phase and when that changes, as exactly as `countdown` says. Empty when
/// there is nothing to say.
#[must_use]
pub fn why(row: &Row, now: Moment, countdown: Countdown) -> String {
    // The words are the model's; seen from a little earlier, they are as coarse as we want them.
    row.why(row.next.map_or(now, |next| next - countdown.round(now.until(next))))
}

/// Only when that changes, and to what.
#[must_use]
pub fn next(row: &Row, now: Moment, countdown: Countdown) -> Option<String> {
    row.next?;
    let why = why(row, now, countdown);
    let next = if row.reason.is_empty() { Some(&*why) } else { why.strip_prefix(&*row.reason) };
    next.map(|next| next.trim_start_matches(", ").to_owned())
}

/// The same in a row's `room` cells: where it does not fit, what comes next stands first, as the
/// cause can be seen in the health.
#[must_use]
pub fn why_in(row: &Row, now: Moment, room: u16) -> String {
    let why = why(row, now, Countdown::Coarse);
    let fits = width(&why) <= room.into();
    if room >= SHORT && fits {
        return why;
    }
    let whole = next(row, now, Countdown::Coarse).filter(|next| width(next) <= room.into());
    // Never a part of a number: a time that is cut is another one.
    if let Some(at) = row.next.filter(|_| !fits && (room < LEAST || whole.is_none())) {
        return whole.unwrap_or_else(|| format!("in {}", span_words(Countdown::Coarse.round(now.until(at)))));
    }
    match why.strip_prefix(&*row.reason).and_then(|rest| rest.strip_prefix(", ")) {
        Some(next) if !row.reason.is_empty() => format!("{next}: {}", row.reason),
        _ => why,
    }
}

/// One condition with its age: `black 2m`. What something else explains stands in brackets.
#[must_use]
pub fn condition(condition: &Condition, now: Moment) -> String {
    let text = format!("{} {}", condition.kind.word(), coarse_age(now.since(condition.since)));
    if condition.explained.is_some() { format!("({text})") } else { text }
}

/// The conditions of a row, those first that nothing explains.
pub fn by_weight(row: &Row) -> impl Iterator<Item = &Condition> {
    let of = |explained: bool| row.conditions.iter().filter(move |c| c.explained.is_some() == explained);
    of(false).chain(of(true))
}

/// Whether all that is wrong with it has an explanation.
#[must_use]
pub fn is_explained(row: &Row) -> bool {
    !row.conditions.is_empty() && row.conditions.iter().all(|c| c.explained.is_some())
}

/// Whether it uses another input than its primary.
#[must_use]
pub const fn on_fallback(row: &Row) -> bool {
    row.input_of.0 > 1
}

/// The health cell: `■ black 2m, silent 4m`, or the word alone when nothing is wrong. While it
/// rests, what was found when it was last seen: `■ black, 3m ago`.
#[must_use]
pub fn health(row: &Row, now: Moment, glyphs: &Glyphs, with_input: bool) -> String {
    let health = row.health();
    let sign = glyphs.health(health);
    let mut text = match (row.phase, row.last_seen) {
        (Phase::Resting, None) if row.conditions.is_empty() => "not seen yet".to_owned(),
        (Phase::Resting, Some(seen)) => {
            let age = slow_age(now.since(seen));
            let mut kinds = by_weight(row).map(|c| c.kind.word());
            match (kinds.next(), kinds.count()) {
                (None, _) => format!("{}, {age} ago", health.word()),
                (Some(worst), 0) => format!("{sign} {worst}, {age} ago"),
                (Some(worst), more) => format!("{sign} {worst} +{more}, {age} ago"),
            }
        }
        _ if row.conditions.is_empty() => health.word().to_owned(),
        _ => {
            let conditions: Vec<String> = by_weight(row).map(|c| condition(c, now)).collect();
            format!("{sign} {}", conditions.join(", "))
        }
    };
    if row.maintenance && row.conditions.is_empty() {
        text.push_str(" (maintenance)");
    }
    if row.care.is_muted(now) {
        text.push_str(" (muted)");
    } else if row.care.acknowledged.is_some() {
        text.push_str(" (ack)");
    }
    if with_input && on_fallback(row) {
        let (number, of) = row.input_of;
        let _ = write!(text, " on {number}/{of}");
    }
    text
}

/// What operators noted, apart from a note: `ack 4m`, `muted 3h`; empty when nothing is.
#[must_use]
pub fn care(row: &Row, now: Moment) -> String {
    match (row.care.muted_for(now), row.care.acknowledged) {
        (Some(left), _) => format!("muted {}", coarse_age(Countdown::Coarse.round(left))),
        (None, Some(at)) => format!("ack {}", coarse_age(now.since(at))),
        (None, None) => String::new(),
    }
}

/// The same in a sentence, with the note.
#[must_use]
pub fn care_whole(row: &Row, now: Moment) -> String {
    let acknowledged =
        row.care.acknowledged.map(|at| format!("acknowledged {} ago", age_words(now.since(at))));
    let muted = row.care.muted_for(now);
    let muted = muted.map(|left| format!("muted for another {}", span_words(Countdown::Coarse.round(left))));
    let alone = acknowledged.is_none() && muted.is_none();
    let note = (!row.care.note.is_empty())
        .then(|| if alone { row.care.note.to_string() } else { format!("note: {}", row.care.note) });
    let parts: Vec<String> = [acknowledged, muted, note].into_iter().flatten().collect();
    parts.join(", ")
}

/// What to show as the newest message in `room` cells: why it is not live, else the newest line.
#[must_use]
pub fn message(row: &Row, now: Moment, room: u16) -> String {
    let why = match row.phase {
        Phase::Live => String::new(),
        _ => why_in(row, now, room),
    };
    if why.is_empty() { row.last_message.to_string() } else { why }
}

/// Why it is not live, or the newest line with its age.
#[must_use]
pub fn message_and_age(row: &Row, now: Moment) -> (String, Option<String>) {
    let why = message(row, now, u16::MAX);
    let is_line = row.phase == Phase::Live || why == *row.last_message;
    let age = (is_line && !row.last_message.is_empty()).then(|| coarse_age(now.since(row.last_message_at)));
    (why, age)
}

/// What operators noted, in a cell: `ack 5m, ask the coast`.
#[must_use]
pub fn care_cell(row: &Row, now: Moment) -> String {
    let note = row.care.note.to_string();
    [care(row, now), note].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// Its tags.
#[must_use]
pub fn tags(row: &Row) -> String {
    let tags: Vec<&str> = row.tags.iter().map(AsRef::as_ref).collect();
    tags.join(" ")
}

/// The input in use, and which one it is where it is not the first.
#[must_use]
pub fn input(row: &Row) -> String {
    let (number, of) = row.input_of;
    if on_fallback(row) { format!("{number}/{of} {}", row.input) } else { row.input.to_string() }
}

/// How long the worker has been running.
#[must_use]
pub fn uptime(row: &Row, now: Moment) -> Option<String> {
    let started = row.started.filter(|_| row.phase.holds_slot())?;
    Some(coarse_age(now.since(started)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::console::tests::support::{NOW, row};

    #[test]
    fn where_a_reason_does_not_fit_what_comes_next_does_with_its_verb() {
        let row = Row {
            phase: Phase::Starting,
            reason: "output time stood still for 30 s".into(),
            next: Some(NOW + Duration::from_secs(30)),
            ..row(0)
        };
        assert_eq!(why_in(&row, NOW, 18), "given up in 30 s");
        assert_eq!(why_in(&row, NOW, 10), "in 30 s");
        let row = Row { phase: Phase::Backoff, failures: 11, ..row };
        assert_eq!(why_in(&row, NOW, 21), "in 30 s");
    }
}
