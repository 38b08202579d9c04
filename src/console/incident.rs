//! An incident in words: its page and `headend incidents` say the same.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::spans::{age_words, lasted};
use super::text::counted;
use crate::model::{
    AVAILABILITY_HOURS, Available, Cause, Ending, Health, Incident, Member, NoticeKind, Severity, Told,
};

/// What is said for an incident that nobody has acknowledged.
const UNKNOWN_TO_ALL: &str = "nobody has said that they know";

/// How much something matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// What is read.
    Text,
    /// What is looked up.
    Dim,
    /// What it is about.
    Title,
    /// Somebody did or wrote it.
    People,
    /// It is as bad as that.
    Grave(Severity),
}

/// One thing to say about an incident; a long text, without control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is about; empty where it goes on.
    pub label: &'static str,
    /// What it says.
    pub text: String,
    /// How much it matters.
    pub weight: Weight,
}

/// When it is told, and where on earth.
#[derive(Debug, Clone, Copy)]
pub struct Clock<'a> {
    /// Milliseconds since the Unix epoch.
    pub now_ms: u64,
    /// Whose times are told.
    pub zone: &'a TimeZone,
}

impl Clock<'_> {
    /// A date with a time of day.
    #[must_use]
    pub fn time(&self, wall_ms: u64) -> String {
        self.form(wall_ms, "%Y-%m-%d %H:%M:%S")
    }

    /// The same without the year and the seconds.
    #[must_use]
    pub fn short(&self, wall_ms: u64) -> String {
        self.form(wall_ms, "%m-%d %H:%M")
    }

    fn form(&self, wall_ms: u64, form: &str) -> String {
        let at = i64::try_from(wall_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let zoned = at.map(|at| at.to_zoned(self.zone.clone()).strftime(form).to_string());
        zoned.unwrap_or_else(|| "at no time".to_owned())
    }

    /// How long ago; nothing for what is to come.
    #[must_use]
    pub const fn ago(&self, wall_ms: u64) -> Duration {
        Duration::from_millis(self.now_ms.saturating_sub(wall_ms))
    }
}

/// From one time to another.
#[must_use]
pub const fn between(from_ms: u64, to_ms: u64) -> Duration {
    Duration::from_millis(to_ms.saturating_sub(from_ms))
}

/// The word of a severity.
#[must_use]
pub const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

/// The health that a severity looks like.
#[must_use]
pub const fn health(severity: Severity) -> Health {
    match severity {
        Severity::Warning => Health::Warning,
        Severity::Critical => Health::Critical,
    }
}

/// The word of an end.
#[must_use]
pub const fn ending(ending: Ending) -> &'static str {
    match ending {
        Ending::Cleared => "cleared",
        Ending::Withdrawn => "withdrawn",
    }
}

/// How long it lasted, or that it does.
#[must_use]
pub fn duration(began_ms: u64, ended: Option<(u64, Ending)>) -> String {
    ended.map_or_else(|| "open".into(), |(at, _)| lasted(between(began_ms, at)))
}

/// Streams that have the fault, of those that ever had it; of one that is over the latter alone.
#[must_use]
pub fn streams(failing: u32, streams: u32, open: bool) -> String {
    match streams {
        0 => String::new(),
        _ if open => format!("{failing}/{streams}"),
        _ => streams.to_string(),
    }
}

/// A share of watched time: `99.98 %`; `-` for what was not watched, and `, watched 61 %` behind what was
/// not watched all the time. What was down for a moment is no `100.00 %`.
#[must_use]
pub fn availability(window: Available) -> String {
    let Some(share) = window.share() else { return "-".into() };
    let mut percent = (share * 10_000.0).round() / 100.0;
    if window.up_s < window.watched_s && percent >= 100.0 {
        percent = 99.99;
    }
    let text = format!("{percent:.2} %");
    match watched(window) {
        100.. => text,
        0 => format!("{text}, watched <1 %"),
        part => format!("{text}, watched {part} %"),
    }
}

/// Percent of a window that were watched, rounded down.
fn watched(window: Available) -> u64 {
    (window.watched_s.saturating_mul(100)).checked_div(window.of_s).unwrap_or(0).min(100)
}

/// The name of a window: `1 h`, `7 d`.
#[must_use]
pub fn window(hours: u32) -> String {
    if hours.is_multiple_of(24) && hours > 24 { format!("{} d", hours / 24) } else { format!("{hours} h") }
}

/// The names of all windows.
#[must_use]
pub fn windows() -> [String; AVAILABILITY_HOURS.len()] {
    AVAILABILITY_HOURS.map(window)
}

fn cause(cause: &Cause) -> String {
    match cause {
        Cause::Stream { stream, kind } => format!("stream {stream}, {}", kind.word()),
        Cause::Origin { host, kind } => format!("host {host}, {}", kind.word()),
        Cause::Headend { notice } => format!("headend itself: {}", notice_word(*notice)),
    }
}

const fn notice_word(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Store => "its store",
        NoticeKind::Logs => "its log files",
        NoticeKind::Ffmpeg => "FFmpeg",
        NoticeKind::Config => "its configuration",
        NoticeKind::Limits => "a limit",
        NoticeKind::Host => "its machine",
        NoticeKind::Rollout => "a rollout",
        NoticeKind::Origin => "a host",
        NoticeKind::Pool => "its pool",
    }
}

/// Everything that is known of an incident, what matters most first. `told` is known of open ones.
#[must_use]
pub fn facts(incident: &Incident, told: Option<Told>, clock: &Clock) -> Vec<Fact> {
    let mut facts = Facts { incident, clock, done: Vec::new() };
    facts.say("what", incident.title.to_string(), Weight::Title);
    facts.how_bad();
    facts.times();
    facts.people();
    facts.telling(told);
    facts.say("about", cause(&incident.cause), Weight::Text);
    facts.members();
    facts.list(
        "values",
        incident.values.iter().map(|(name, value)| format!("{name}: {value}")),
        Weight::Text,
    );
    facts.list("log", incident.lines.iter().map(ToString::to_string), Weight::Dim);
    facts.done
}

struct Facts<'a> {
    incident: &'a Incident,
    clock: &'a Clock<'a>,
    done: Vec<Fact>,
}

impl Facts<'_> {
    fn say(&mut self, label: &'static str, text: String, weight: Weight) {
        self.done.push(Fact { label, text, weight });
    }

    /// Several of a kind: the first has the label.
    fn list(&mut self, label: &'static str, texts: impl Iterator<Item = String>, weight: Weight) {
        for (n, text) in texts.enumerate() {
            self.say(if n == 0 { label } else { "" }, text, weight);
        }
    }

    fn how_bad(&mut self) {
        let incident = self.incident;
        let word = severity(incident.severity);
        match incident.ended {
            None => self.say("state", format!("{word}, open"), Weight::Grave(incident.severity)),
            Some((at, how)) => {
                let why = match how {
                    Ending::Cleared => "cleared: what was wrong is over",
                    Ending::Withdrawn => {
                        "withdrawn: its streams are no longer to run, or nobody wants to know"
                    }
                };
                let text = format!("was {word}; {} {why}", self.clock.time(at));
                self.say("state", text, Weight::Text);
            }
        }
        if let Some(flapping) = incident.flapping {
            let within = age_words(Duration::from_millis(flapping.within_ms));
            let text = format!("it comes and goes: {} changes within {within}", flapping.changes);
            self.say("flaps", text, Weight::Grave(Severity::Warning));
        }
    }

    fn times(&mut self) {
        let (incident, clock) = (self.incident, self.clock);
        let began = incident.began_wall_ms;
        let time = clock.time(began);
        let text = match incident.ended {
            None => format!("{time}, {} ago", age_words(clock.ago(began))),
            Some((at, _)) => format!("{time}, for {}", lasted(between(began, at))),
        };
        self.say("began", text, Weight::Text);
        let before = lasted(between(began, incident.opened_wall_ms));
        let opened = clock.time(incident.opened_wall_ms);
        self.say("opened", format!("{opened}, when it had lasted {before}"), Weight::Dim);
    }

    fn people(&mut self) {
        let (incident, clock) = (self.incident, self.clock);
        match &incident.acknowledged {
            Some(known) => {
                let text = format!("{} knows since {}", known.by, clock.time(known.wall_ms));
                self.say("known", text, Weight::People);
            }
            None if incident.is_open() => self.say("known", UNKNOWN_TO_ALL.into(), Weight::Text),
            None => {}
        }
        let notes = incident
            .notes
            .iter()
            .map(|note| format!("{} {}: {}", clock.time(note.wall_ms), note.by, note.text));
        self.list("notes", notes, Weight::People);
    }

    fn telling(&mut self, told: Option<Told>) {
        let by = match &*self.incident.rule {
            "" => "no rule wants anybody told".to_owned(),
            rule => format!("by the rule {rule}"),
        };
        let (text, weight) = match told {
            Some(told @ Told::Failed) => (format!("{}; {by}", told.word()), Weight::Grave(Severity::Warning)),
            Some(told) => (format!("{}; {by}", told.word()), Weight::Text),
            None => (by, Weight::Dim),
        };
        self.say("telling", text, weight);
    }

    fn members(&mut self) {
        let incident = self.incident;
        let count = incident.members.len() + incident.more_members as usize;
        if count == 0 {
            return;
        }
        let failing = incident.failing();
        let text = if incident.is_open() {
            format!("{}, {failing} failing now", counted(count, "stream"))
        } else {
            counted(count, "stream")
        };
        self.say("streams", text, Weight::Text);
        for member in &incident.members {
            let text = self.member(member);
            let weight = match member.cleared_wall_ms {
                None if incident.is_open() => Weight::Grave(incident.severity),
                _ => Weight::Dim,
            };
            self.say("", text, weight);
        }
        if incident.more_members > 0 {
            let text = format!("and {} more, which are only counted", incident.more_members);
            self.say("", text, Weight::Dim);
        }
    }

    /// One stream: how it is, and its input.
    fn member(&self, member: &Member) -> String {
        let since = member.since_wall_ms;
        let time = self.clock.time(since);
        let state = match (member.cleared_wall_ms, self.incident.ended) {
            (Some(at), _) => format!("{time} for {}", lasted(between(since, at))),
            (None, Some((at, _))) => format!("{time} until the end, {}", lasted(between(since, at))),
            (None, None) => format!("failing since {time}"),
        };
        let input = if member.input.is_empty() { String::new() } else { format!(", {}", member.input) };
        format!("{} {}: {state}{input}", member.stream, member.name)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::model::{Acknowledgement, ConditionKind, Flapping, IncidentNote, StreamId};

    /// 14:32:05 on a day of 2026.
    pub const AT: u64 = 1_790_001_125_000;

    /// A host that does not answer, since twenty minutes, with streams `ch-001` and on.
    pub fn incident(number: u64, members: u32) -> Incident {
        let (began, minute) = (AT - 1_200_000, 60_000);
        let member = |n: u32| Member {
            stream: StreamId::new(&format!("ch-{:03}", n + 1)).unwrap(),
            name: format!("Channel {}", n + 1).into(),
            input: format!("http://cdn-a.example/ch-{:03}/index.m3u8", n + 1).into(),
            since_wall_ms: began + u64::from(n) * 1_000,
            cleared_wall_ms: (n % 3 == 2).then_some(began + 5 * minute),
        };
        Incident {
            number,
            cause: Cause::Origin { host: "cdn-a.example".into(), kind: ConditionKind::Refused },
            severity: Severity::Critical,
            title: format!("{members} streams: cdn-a.example refused connections").into(),
            began_wall_ms: began,
            opened_wall_ms: began + minute / 2,
            ended: None,
            flapping: None,
            members: (0..members).map(member).collect(),
            more_members: 0,
            values: vec![("tries".into(), "12 in a minute".into())],
            lines: vec!["Connection to tcp://cdn-a.example:80 failed: Connection refused".into()],
            acknowledged: None,
            notes: Vec::new(),
            rule: "night".into(),
        }
    }

    /// One that is over since ten minutes, with everything that one can have.
    pub fn over(number: u64) -> Incident {
        let known = Acknowledgement { wall_ms: AT - 1_000_000, by: "anna".into() };
        let note = IncidentNote { wall_ms: AT - 900_000, by: "anna".into(), text: "called them".into() };
        Incident {
            ended: Some((AT - 600_000, Ending::Cleared)),
            flapping: Some(Flapping { changes: 7, within_ms: 600_000 }),
            acknowledged: Some(known),
            notes: vec![note],
            more_members: 5,
            ..incident(number, 3)
        }
    }

    fn said(incident: &Incident, told: Option<Told>) -> Vec<String> {
        let clock = Clock { now_ms: AT, zone: &TimeZone::UTC };
        facts(incident, told, &clock)
            .into_iter()
            .map(|fact| format!("{}|{}", fact.label, fact.text))
            .collect()
    }

    #[test]
    fn an_open_one_says_since_when_who_and_who_is_told() {
        assert_eq!(
            said(&incident(4_711, 3), Some(Told::Waits)),
            [
                "what|3 streams: cdn-a.example refused connections",
                "state|critical, open",
                "began|2026-09-21 14:12:05, 20 min ago",
                "opened|2026-09-21 14:12:35, when it had lasted 30s",
                "known|nobody has said that they know",
                "telling|waits; by the rule night",
                "about|host cdn-a.example, refused",
                "streams|3 streams, 2 failing now",
                "|ch-001 Channel 1: failing since 2026-09-21 14:12:05, http://cdn-a.example/ch-001/index.m3u8",
                "|ch-002 Channel 2: failing since 2026-09-21 14:12:06, http://cdn-a.example/ch-002/index.m3u8",
                "|ch-003 Channel 3: 2026-09-21 14:12:07 for 4m58s, http://cdn-a.example/ch-003/index.m3u8",
                "values|tries: 12 in a minute",
                "log|Connection to tcp://cdn-a.example:80 failed: Connection refused",
            ]
        );
    }

    #[test]
    fn one_that_is_over_says_how_it_ended_and_who_knew() {
        let said = said(&over(7), None);
        for line in [
            "state|was critical; 2026-09-21 14:22:05 cleared: what was wrong is over",
            "flaps|it comes and goes: 7 changes within 10 min",
            "began|2026-09-21 14:12:05, for 10m00s",
            "known|anna knows since 2026-09-21 14:15:25",
            "notes|2026-09-21 14:17:05 anna: called them",
            "telling|by the rule night",
            "streams|8 streams",
            "|and 5 more, which are only counted",
        ] {
            assert!(said.iter().any(|other| other == line), "{line}: {said:#?}");
        }
        assert!(
            said[10].ends_with("until the end, 10m00s, http://cdn-a.example/ch-001/index.m3u8"),
            "{said:#?}"
        );
    }

    #[test]
    fn a_share_of_time_says_how_much_of_it_was_watched() {
        let of = |watched_s, up_s, of_s| availability(Available { watched_s, up_s, of_s });
        assert_eq!(of(0, 0, 3_600), "-");
        assert_eq!(of(3_600, 3_600, 3_600), "100.00 %");
        assert_eq!(of(2_592_000, 2_591_999, 2_592_000), "99.99 %", "it was down");
        assert_eq!(of(2_200, 1_100, 3_600), "50.00 %, watched 61 %");
        assert_eq!(of(3_599, 0, 3_600), "0.00 %, watched 99 %");
        assert_eq!(of(10, 10, 3_600), "100.00 %, watched <1 %");
        assert_eq!(windows(), ["1 h", "24 h", "7 d", "30 d"]);
    }
}
