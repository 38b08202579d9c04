//! `headend alerts`: who is told of what; `headend alerts test`: of a made-up incident.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::args;
use super::select::{Selector, nothing};
use super::session::unselected;
use crate::alerts::Event;
use crate::alerts::outbox::way_word;
use crate::alerts::rehearsal::{Rehearsed, rehearse};
use crate::cli::{Failed, NOTHING, OK, print, tell};
use crate::config::{self, AlertSettings, Config, Environment, Receiver, Rule, Way};
use crate::model::query::Search;
use crate::model::{
    Board, Care, Cause, Condition, ConditionKind, Ending, Figures, Incident, Member, Moment, Phase, Row,
    Severity, StreamIx, StreamSpec, clean_line, mask_secrets, shell_line, span_words,
};

/// The longest line about a receiver, bytes.
const MAX_LINE: usize = 2_000;

/// What a rehearsal came to, for programs; its form is in `docs/reference.md`.
#[derive(Debug, Serialize)]
struct Document<'a> {
    stream: &'a str,
    condition: ConditionKind,
    severity: Severity,
    began: String,
    opened: String,
    ended: String,
    rules: &'a [Weighed],
    rule: &'a str,
    told: Vec<Message<'a>>,
}

/// A rule, and whether it fits.
#[derive(Debug, Serialize)]
struct Weighed {
    name: Arc<str>,
    /// Why it does not; `null`: it does, and holds.
    not: Option<String>,
}

#[derive(Debug, Serialize)]
struct Message<'a> {
    time: String,
    receiver: &'a str,
    event: Event,
    over: bool,
    why: &'a str,
}

/// Tells it, or tries it.
pub fn run(args: &args::Alerts) -> Result<u8, Failed> {
    let environment = Environment::from_process();
    let path = config::locate(args.config.as_deref(), &environment).map_err(Failed::Nothing)?;
    let config = config::load(&path, &environment).map_err(Failed::Mistakes)?.config;
    match &args.verb {
        None => {
            print(&super::joined(&in_words(&config.alerts)))?;
            Ok(OK)
        }
        Some(args::AlertsVerb::Test(test)) => try_it(test, &config),
    }
}

/// Receivers and rules.
fn in_words(alerts: &AlertSettings) -> Vec<String> {
    let mut lines = Vec::new();
    if alerts.receivers.is_empty() {
        lines.push("nobody is told of anything: there is no [[receiver]]".to_owned());
    }
    lines.extend(alerts.receivers.iter().map(receiver_in_words));
    let fallback = Rule::fallback(&alerts.receivers);
    lines.extend(alerts.rules.iter().chain([&fallback]).map(rule_in_words));
    lines.iter().map(|line| clean_line(line, MAX_LINE)).collect()
}

fn receiver_in_words(receiver: &Receiver) -> String {
    let how = match &receiver.way {
        Way::Mail { to } => format!("mail to {}", to.join(", ")),
        Way::Webhook { url, secret } => {
            let signed = if secret.is_some() { ", signed" } else { "" };
            format!("webhook to {}{signed}", host(url))
        }
        Way::Program { command } => format!("program {}", shell_line(command)),
    };
    format!("receiver {}: {how}", receiver.name)
}

/// The host of a URL: a webhook's path is often as good as a password.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

fn rule_in_words(rule: &Rule) -> String {
    let mut words = vec![match &rule.streams {
        Some(query) => format!("streams {query}"),
        None => "all streams".to_owned(),
    }];
    if !rule.conditions.is_empty() {
        words.push(kinds(&rule.conditions));
    }
    if rule.ignore {
        words.push("nothing becomes an incident".to_owned());
        return format!("rule \"{}\": {}", rule.name, words.join("; "));
    }
    words.push(match rule.at_least {
        Severity::Warning => "from warning up".to_owned(),
        Severity::Critical => "critical only".to_owned(),
    });
    words.push(match &rule.tell[..] {
        [] => "nobody is told".to_owned(),
        names => format!("tells {}", names.join(", ")),
    });
    if let Some(repeat) = rule.repeat {
        words.push(format!("again every {} while nobody acknowledges", span_words(repeat)));
    }
    if let Some(after) = rule.escalate_after {
        let to = rule.escalate_to.join(", ");
        words.push(format!("also {to} after {} without acknowledgement", span_words(after)));
    }
    if let Some(quiet) = &rule.quiet {
        let hours: Vec<String> = quiet.windows().iter().map(ToString::to_string).collect();
        let critical = if rule.quiet_critical { ", critical too" } else { ", but not critical" };
        words.push(format!("quiet {}{critical}", hours.join(", ")));
    }
    words
        .push(if rule.recovery { "says when it is over" } else { "does not say when it is over" }.to_owned());
    format!("rule \"{}\": {}", rule.name, words.join("; "))
}

fn kinds(conditions: &[ConditionKind]) -> String {
    conditions.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(", ")
}

/// A stream as it would look with this fault.
fn row(spec: &StreamSpec, ix: u32, kind: ConditionKind, severity: Severity) -> Row {
    let input = spec.inputs.first().map(|input| mask_secrets(input).into_owned());
    let condition = Condition { kind, severity, since: Moment::ZERO, explained: None };
    let inputs = u32::try_from(spec.inputs.len()).unwrap_or(u32::MAX);
    Row {
        ix: StreamIx(ix),
        id: spec.id.clone(),
        name: Arc::clone(&spec.name),
        group: Arc::clone(&spec.group),
        mode: spec.mode,
        wanted: spec.wanted,
        phase: Phase::Live,
        reason: "".into(),
        since: Moment::ZERO,
        next: None,
        failures: 0,
        conditions: vec![condition],
        pid: None,
        started: None,
        restarts: 0,
        figures: Figures::default(),
        input: input.unwrap_or_default().into(),
        last_error: None,
        last_message: "".into(),
        last_message_at: Moment::ZERO,
        lines_dropped: 0,
        priority: spec.priority,
        watch: spec.watch,
        last_seen: None,
        input_of: (inputs.min(1), inputs),
        maintenance: false,
        usage: None,
        care: Care::default(),
        tags: spec.tags.clone().into(),
    }
}

/// The first stream that is meant.
fn stream(config: &Config, words: &[String], kind: ConditionKind) -> Result<Row, Failed> {
    let rows: BTreeMap<_, _> = (0..)
        .zip(&config.streams)
        .map(|(ix, spec)| (StreamIx(ix), Arc::new(row(spec, ix, kind, kind.severity()))))
        .collect();
    let board = Board { rows, ..Board::default() };
    let mut selector = Selector::read(&board, words).map_err(|why| unselected(&why))?;
    let found = board.rows.values().find(|row| selector.finds(row, Moment::ZERO));
    found.map(|row| (**row).clone()).ok_or_else(|| unselected(&nothing(&board, words)))
}

/// Why a rule does not fit; `None`: it does.
fn why_not(rule: &Rule, row: &Row, kind: ConditionKind) -> Option<String> {
    if !rule.conditions.is_empty() && !rule.conditions.contains(&kind) {
        return Some(format!("it is about {}", kinds(&rule.conditions)));
    }
    let query = rule.streams.as_ref()?;
    let fits = Search::exact(query).finds(row, Moment::ZERO);
    (!fits).then(|| format!("its streams are {query}"))
}

/// What the rules make of one incident.
#[derive(Debug)]
struct Trial {
    row: Row,
    kind: ConditionKind,
    weighed: Vec<Weighed>,
    rule: Rule,
    open: Arc<Incident>,
    ended: Arc<Incident>,
    told: Vec<Rehearsed>,
}

fn try_out(test: &args::AlertsTest, config: &Config, began: u64) -> Result<Trial, Failed> {
    let (alerts, kind) = (&config.alerts, test.condition);
    let words: Vec<String> = test.stream.iter().chain(&test.selector).cloned().collect();
    let mut row = stream(config, &words, kind)?;
    let mut weighed = Vec::new();
    let mut found = None;
    for rule in &alerts.rules {
        let not = why_not(rule, &row, kind);
        let fits = not.is_none();
        weighed.push(Weighed { name: Arc::clone(&rule.name), not });
        if fits {
            found = Some(rule.clone());
            break;
        }
    }
    let rule = found.unwrap_or_else(|| {
        let fallback = Rule::fallback(&alerts.receivers);
        weighed.push(Weighed { name: Arc::clone(&fallback.name), not: None });
        fallback
    });
    let severity = test.severity.map(Severity::from).or(rule.severity).unwrap_or(kind.severity());
    row.conditions.iter_mut().for_each(|condition| condition.severity = severity);
    let usual = if severity == Severity::Critical { alerts.after } else { alerts.after_warning };
    let later =
        |ms: u64, span: Duration| ms.saturating_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX));
    let opened = later(later(began, rule.after.unwrap_or(usual)), alerts.gather);
    let clear_after = rule.clear_after.unwrap_or(alerts.clear_after);
    let ended = later(later(began, test.lasts), clear_after);
    let open = Arc::new(made_up(&row, kind, severity, (began, opened), &rule.name));
    let over = Incident { ended: Some((ended, Ending::Cleared)), ..(*open).clone() };
    let ended = Arc::new(over);
    let told = if rule.ignore || ended_before(&ended) {
        Vec::new()
    } else {
        rehearse(&Arc::new(alerts.clone()), &open, &ended)
    };
    Ok(Trial { row, kind, weighed, rule, open, ended, told })
}

/// It is over before it has lasted long enough to be one.
fn ended_before(incident: &Incident) -> bool {
    incident.ended.is_some_and(|(at, _)| at <= incident.opened_wall_ms)
}

fn made_up(
    row: &Row,
    kind: ConditionKind,
    severity: Severity,
    (began_wall_ms, opened_wall_ms): (u64, u64),
    rule: &Arc<str>,
) -> Incident {
    let member = Member {
        stream: row.id.clone(),
        name: Arc::clone(&row.name),
        input: Arc::clone(&row.input),
        since_wall_ms: began_wall_ms,
        cleared_wall_ms: None,
    };
    Incident {
        number: 1,
        cause: Cause::Stream { stream: row.id.clone(), kind },
        severity,
        title: format!("{}: {}", row.name, kind.word()).into(),
        began_wall_ms,
        opened_wall_ms,
        ended: None,
        flapping: None,
        members: vec![member],
        more_members: 0,
        values: Vec::new(),
        lines: Vec::new(),
        acknowledged: None,
        notes: Vec::new(),
        rule: Arc::clone(rule),
    }
}

fn try_it(test: &args::AlertsTest, config: &Config) -> Result<u8, Failed> {
    let trial = try_out(test, config, test.at.unwrap_or_else(super::wall_ms))?;
    let zone = TimeZone::system();
    if test.json {
        print(&super::one_line(&trial.document(&zone)))?;
    } else {
        print(&super::joined(&trial.in_words(&config.alerts, &zone)))?;
    }
    if trial.told.is_empty() {
        tell("headend: nobody would be told");
        return Ok(NOTHING);
    }
    Ok(OK)
}

/// A time here, to the second.
fn here(wall_ms: u64, zone: &TimeZone) -> String {
    let at = i64::try_from(wall_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    at.unwrap_or(Timestamp::MAX).to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

const fn event_word(event: Event) -> &'static str {
    match event {
        Event::Raised => "raised",
        Event::Changed => "changed",
        Event::Repeated => "repeated",
        Event::Escalated => "escalated",
        Event::Recovered => "recovered",
        Event::Test => "test",
    }
}

impl Trial {
    fn document(&self, zone: &TimeZone) -> Document<'_> {
        let time = |ms| here(ms, zone);
        let told = self.told.iter().map(|one| Message {
            time: time(one.wall_ms),
            receiver: &one.receiver,
            event: one.event,
            over: one.over,
            why: &one.why,
        });
        Document {
            stream: self.row.id.as_str(),
            condition: self.kind,
            severity: self.open.severity,
            began: time(self.open.began_wall_ms),
            opened: time(self.open.opened_wall_ms),
            ended: time(self.ended.ended.map_or(0, |(at, _)| at)),
            rules: &self.weighed,
            rule: &self.rule.name,
            told: told.collect(),
        }
    }

    fn in_words(&self, alerts: &AlertSettings, zone: &TimeZone) -> Vec<String> {
        let severity = if self.open.severity == Severity::Critical { "critical" } else { "warning" };
        let (word, time) = (self.kind.word(), |ms| here(ms, zone));
        let mut lines = vec![format!(
            "stream {}: {word}, {severity}, from {} on; nobody acknowledges",
            self.row.id,
            time(self.open.began_wall_ms)
        )];
        lines.extend(self.weighed.iter().map(|one| match &one.not {
            Some(not) => format!("rule \"{}\" does not fit: {not}", one.name),
            None => format!("rule \"{}\" fits", one.name),
        }));
        lines.push(rule_in_words(&self.rule));
        if self.rule.ignore {
            return lines;
        }
        if ended_before(&self.ended) {
            lines.push("it is over before it has lasted long enough to be an incident".to_owned());
            return lines;
        }
        lines.push(format!("{}  the incident opens", time(self.open.opened_wall_ms)));
        let way = |name: &str| {
            let receiver = alerts.receivers.iter().find(|receiver| *receiver.name == *name);
            receiver.map_or("receiver", |receiver| way_word(&receiver.way))
        };
        let ended = self.ended.ended.map_or(0, |(at, _)| at);
        let mut said = false;
        for one in &self.told {
            if one.wall_ms >= ended && !std::mem::replace(&mut said, true) {
                lines.push(format!("{}  it is over", time(ended)));
            }
            let (word, way) = (event_word(one.event), way(&one.receiver));
            lines.push(format!("{}  {way} to {}: {word}; {}", time(one.wall_ms), one.receiver, one.why));
        }
        if !said {
            lines.push(format!("{}  it is over", time(ended)));
        }
        if self.open.severity < self.rule.at_least {
            lines.push("the rule tells of critical ones only".to_owned());
        }
        lines.iter().map(|line| clean_line(line, MAX_LINE)).collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::args::{Args, Verb};

    const TEXT: &str = r#"
        [mail]
        server = "mail.example"
        from = "headend@example.org"
        [[receiver]]
        name = "ops"
        mail = ["ops@example.org"]
        [[receiver]]
        name = "boss"
        webhook = "https://hook.example/x?token=hunter2"
        [[rule]]
        name = "sport"
        streams = "group:sport"
        tell = ["ops"]
        [[rule]]
        name = "sound"
        conditions = ["silent"]
        tell = ["ops"]
        [[rule]]
        name = "news"
        streams = "group:news"
        tell = ["ops"]
        escalate_after = "15m"
        escalate_to = ["boss"]
        [[stream]]
        id = "news-1"
        group = "news"
        inputs = ["http://tv.example/1.m3u8"]
        [[stream]]
        id = "films"
        inputs = ["http://tv.example/2.m3u8"]
    "#;

    fn test(words: &str) -> args::AlertsTest {
        let words = ["headend", "alerts", "test"].into_iter().chain(words.split_whitespace());
        let Some(Verb::Alerts(alerts)) = Args::try_parse_from(words).unwrap().verb else { panic!() };
        let Some(args::AlertsVerb::Test(test)) = alerts.verb else { panic!() };
        test
    }

    fn lines(words: &str) -> Vec<String> {
        let config = config();
        let trial = try_out(&test(words), &config, 1_795_521_600_000).ok().unwrap();
        trial.in_words(&config.alerts, &TimeZone::UTC)
    }

    fn config() -> Config {
        let origin = std::path::Path::new("headend.toml");
        config::parse(TEXT, origin, &Environment::default(), &config::Memory::default()).unwrap().config
    }

    #[test]
    fn it_says_why_rules_do_not_fit_and_who_is_told_when() {
        let found = lines("news-1 --lasts 20m");
        assert_eq!(
            found[0],
            "stream news-1: black, critical, from 2026-11-24 12:00:00 on; nobody acknowledges"
        );
        assert_eq!(
            found[1..4],
            [
                "rule \"sport\" does not fit: its streams are group:sport",
                "rule \"sound\" does not fit: it is about silent",
                "rule \"news\" fits",
            ]
        );
        assert_eq!(
            found[5..],
            [
                "2026-11-24 12:00:15  the incident opens",
                "2026-11-24 12:00:16  mail to ops: raised; rule \"news\"",
                "2026-11-24 12:15:16  webhook to boss: escalated; rule \"news\", after 15 min without acknowledgement",
                "2026-11-24 12:20:30  it is over",
                "2026-11-24 12:20:31  webhook to boss: recovered; rule \"news\", to whom was told of it",
                "2026-11-24 12:20:31  mail to ops: recovered; rule \"news\", to whom was told of it",
            ]
        );
    }

    #[test]
    fn where_no_rule_fits_the_one_for_all_does_and_warnings_are_told_to_nobody() {
        let found = lines("films");
        assert!(found.contains(&"rule \"default\" fits".to_owned()), "{found:?}");
        assert_eq!(found.iter().filter(|line| line.contains(": raised;")).count(), 2);
        let config = config();
        let trial = try_out(&test("films --severity warning"), &config, 0).ok().unwrap();
        assert!(trial.told.is_empty());
        let words = trial.in_words(&config.alerts, &TimeZone::UTC);
        assert_eq!(words.last().unwrap(), "the rule tells of critical ones only");
    }

    #[test]
    fn the_document_has_the_same() {
        let config = config();
        let trial = try_out(&test("--stream news-1"), &config, 1_795_521_600_000).ok().unwrap();
        let value = serde_json::to_value(trial.document(&TimeZone::UTC)).unwrap();
        assert_eq!(value["rule"], "news");
        assert_eq!(value["rules"][0]["not"], "its streams are group:sport");
        assert_eq!(value["told"][0]["receiver"], "ops");
        assert_eq!(value["told"][0]["event"], "raised");
        let page = include_str!("../../../docs/reference.md");
        for key in value.as_object().unwrap().keys() {
            assert!(page.contains(&format!("| `{key}`")) || page.contains(&format!("`{key}`")), "{key}");
        }
    }

    #[test]
    fn receivers_and_rules_are_told_in_words_without_secrets() {
        let words = in_words(&config().alerts);
        assert_eq!(words[0], "receiver ops: mail to ops@example.org");
        assert_eq!(words[1], "receiver boss: webhook to hook.example");
        assert_eq!(
            words[4],
            "rule \"news\": streams group:news; critical only; tells ops; again every 4 h while nobody \
             acknowledges; also boss after 15 min without acknowledgement; says when it is over"
        );
    }

    #[test]
    fn a_stream_that_is_not_there_is_an_error() {
        let Err(Failed::Said(code, text)) = try_out(&test("nws-1"), &config(), 0) else { panic!() };
        assert_eq!(code, NOTHING);
        assert!(text.contains("near: news-1"), "{text}");
    }
}
