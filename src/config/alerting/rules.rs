//! `[[rule]]`: which incidents there are, and who is told of each.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use super::receivers::{Receivers, read_name};
use super::tables::LASTING;
use super::{MAX_RULES, Rule};
use crate::config::mistake::quote;
use crate::config::report::Report;
use crate::config::section::{Section, Shape, Span, choice};
use crate::config::windows::{read_windows, read_zone, schedule_of};
use crate::config::words::{Problem, nearest};
use crate::model::query::Query;
use crate::model::{ConditionKind, Severity, clean};

pub(in crate::config) static RULE: Shape = Shape {
    title: "[[rule]]",
    keys: &[
        "name",
        "streams",
        "conditions",
        "at_least",
        "severity",
        "after",
        "clear_after",
        "ignore",
        "tell",
        "repeat",
        "escalate_after",
        "escalate_to",
        "quiet",
        "time_zone",
        "quiet_critical",
        "recovery",
    ],
};

const SEVERITIES: [(&str, Severity); 2] = [("warning", Severity::Warning), ("critical", Severity::Critical)];
/// More often nobody could answer; later nobody remembers.
const REPEAT: RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(30 * 86_400);
const ESCALATE: RangeInclusive<Duration> = Duration::from_secs(10)..=Duration::from_secs(30 * 86_400);
/// What has no meaning for a rule by which nothing becomes an incident.
const TELLING: [&str; 11] = [
    "severity",
    "after",
    "clear_after",
    "tell",
    "repeat",
    "escalate_after",
    "escalate_to",
    "quiet",
    "time_zone",
    "quiet_critical",
    "recovery",
];

/// Reads all `[[rule]]` tables.
pub(super) fn read_rules(top: &Section<'_, '_>, receivers: &Receivers, report: &mut Report) -> Vec<Rule> {
    let mut rules: Vec<(Rule, Span)> = Vec::new();
    let mut names: Vec<Arc<str>> = Vec::new();
    for (n, section) in top.tables("rule", &RULE, report).iter().enumerate() {
        if n == MAX_RULES {
            let message = format!("there are more than {MAX_RULES} rules");
            let expected = "expected fewer: each can be for many streams";
            report.mistake(section.sheet, section.span.clone(), Problem::new(message, expected));
            break;
        }
        let name = read_name(section, &names, report);
        names.extend(name.clone());
        let rule = read_rule(section, name.unwrap_or_default(), receivers, report);
        warn_if_never(&rule, section, &rules, report);
        rules.push((rule, section.span.clone()));
    }
    rules.into_iter().map(|(rule, _)| rule).collect()
}

fn read_rule(section: &Section<'_, '_>, name: Arc<str>, receivers: &Receivers, report: &mut Report) -> Rule {
    let mut rule = Rule { name, ..Rule::fallback(&receivers.read) };
    rule.ignore = section.flag("ignore", report).unwrap_or_default();
    if rule.ignore
        && let Some(key) = TELLING.into_iter().find(|key| section.has(key))
    {
        let message = format!("{} has no meaning with ignore = true", quote(key));
        section.mistake_at(key, Problem::new(message, "expected one or the other"), report);
    }
    rule.streams = read_streams(section, report);
    rule.conditions = read_conditions(section, report);
    // Who names conditions, or wants to hear of nothing, means all of it.
    if rule.ignore || !rule.conditions.is_empty() {
        rule.at_least = Severity::Warning;
    }
    rule.at_least = read_severity(section, "at_least", report).unwrap_or(rule.at_least);
    rule.severity = read_severity(section, "severity", report);
    rule.after = section.duration("after", &LASTING, report);
    rule.clear_after = section.duration("clear_after", &LASTING, report);
    rule.tell = read_receivers_of(section, "tell", receivers, report).unwrap_or(rule.tell);
    rule.repeat = section.duration_or("repeat", "never", &REPEAT, rule.repeat, report);
    rule.escalate_after = section.duration("escalate_after", &ESCALATE, report);
    rule.escalate_to = read_receivers_of(section, "escalate_to", receivers, report).unwrap_or_default();
    for (key, other) in [("escalate_after", "escalate_to"), ("escalate_to", "escalate_after")] {
        if section.has(key) && !section.has(other) {
            let message = format!("{} is there without {}", quote(key), quote(other));
            section.mistake_at(key, Problem::new(message, "expected both, or neither"), report);
        }
    }
    let zone = read_zone(section, report);
    if section.has("time_zone") && !section.has("quiet") {
        let message = "\"time_zone\" has no meaning without \"quiet\"";
        section.mistake_at("time_zone", Problem::new(message, "expected both, or neither"), report);
    }
    rule.quiet = read_windows(section, "quiet", report).and_then(|windows| schedule_of(windows, zone));
    rule.quiet_critical = section.flag("quiet_critical", report).unwrap_or(rule.quiet_critical);
    rule.recovery = section.flag("recovery", report).unwrap_or(rule.recovery);
    rule
}

/// The query; `None` where there is none or an empty one, which is also for what is about no stream.
fn read_streams(section: &Section<'_, '_>, report: &mut Report) -> Option<Query> {
    let text = section.text("streams", report)?;
    let shown = clean(text.value);
    match Query::parse(&shown) {
        Ok(query) => (query != Query::default()).then_some(query),
        Err(mistake) => {
            let message = format!("\"streams\" is no query, at its character {}", mistake.column(&shown));
            report.mistake(section.sheet, text.span, Problem::new(message, mistake.text));
            None
        }
    }
}

fn read_conditions(section: &Section<'_, '_>, report: &mut Report) -> Vec<ConditionKind> {
    let kinds: Vec<_> = ConditionKind::ALL.iter().map(|kind| (kind.word(), *kind)).collect();
    let mut found = Vec::new();
    for word in section.list("conditions", kinds.len(), report).unwrap_or_default() {
        match choice("condition", word.value, &kinds) {
            Ok(kind) if found.contains(&kind) => {}
            Ok(kind) => found.push(kind),
            Err(problem) => report.mistake(section.sheet, word.span, problem),
        }
    }
    found
}

fn read_severity(section: &Section<'_, '_>, key: &str, report: &mut Report) -> Option<Severity> {
    let text = section.text(key, report)?;
    let read = choice("severity", text.value, &SEVERITIES);
    read.map_err(|problem| report.mistake(section.sheet, text.span, problem)).ok()
}

/// Names of receivers that there are.
fn read_receivers_of(
    section: &Section<'_, '_>,
    key: &str,
    receivers: &Receivers,
    report: &mut Report,
) -> Option<Vec<Arc<str>>> {
    let mut found: Vec<Arc<str>> = Vec::new();
    for text in section.list(key, super::MAX_RECEIVERS, report)? {
        let name = clean(text.value.trim());
        match receivers.names.iter().find(|known| ***known == *name) {
            Some(known) if found.contains(known) => {}
            Some(known) => found.push(Arc::clone(known)),
            None => {
                let message = format!("there is no receiver {}", quote(text.value));
                let meant = nearest(&name, receivers.names.iter().map(|name| &**name));
                let expected = meant.map_or_else(
                    || "expected the name of a [[receiver]]".to_owned(),
                    |meant| format!("did you mean {}?", quote(meant)),
                );
                report.mistake(section.sheet, text.span, Problem::new(message, expected));
            }
        }
    }
    Some(found)
}

/// Tells when a rule can hold for nothing.
fn warn_if_never(rule: &Rule, section: &Section<'_, '_>, earlier: &[(Rule, Span)], report: &mut Report) {
    let message = format!("the rule {} never holds", quote(&rule.name));
    let is_critical = |kind: &ConditionKind| kind.severity() == Severity::Critical;
    let problem = if let Some((taker, span)) = earlier.iter().find(|(taker, _)| takes_all_of(taker, rule)) {
        let line = section.sheet.line_of(span.start);
        let message = format!("{message}: {} in line {line} takes all that it is for", quote(&taker.name));
        Problem::new(message, "expected it before that one: the first that fits holds")
    } else if rule.at_least == Severity::Critical
        && !rule.conditions.is_empty()
        && !rule.conditions.iter().any(is_critical)
    {
        let message = format!("{message}: its conditions are warnings, and it is for critical ones");
        Problem::new(message, "expected at_least = \"warning\"")
    } else {
        return;
    };
    report.warning(section.sheet, section.span.clone(), problem);
}

/// Whether everything that `rule` fits, `taker` fits too.
fn takes_all_of(taker: &Rule, rule: &Rule) -> bool {
    let streams = taker.streams.is_none() || taker.streams == rule.streams;
    let conditions = taker.conditions.is_empty()
        || (!rule.conditions.is_empty()
            && rule.conditions.iter().all(|kind| taker.conditions.contains(kind)));
    streams && conditions
}
