//! What a letter says, in clean and bounded pieces, before it is laid out.

use std::sync::Arc;

use super::About;
use super::words::{self, Clock, counted, is_late, is_over, lasted, outside, span, standing};
use crate::alerts::{Event, Item, LAST_LINE, MAX_ITEMS, MESSAGE_MEMBERS, Message, RESTARTS};
use crate::model::{
    Cause, Ending, Incident, MAX_INCIDENT_LINE, MAX_INCIDENT_LINES, MAX_INCIDENT_NOTES, MAX_INCIDENT_VALUES,
    Member, Severity, StreamId, shell_word,
};

/// Figures that are older than this are told with their time, milliseconds.
const STALE_MS: u64 = 60_000;
/// The longest names, titles, inputs and other words of one line, bytes.
const MAX_NAME: usize = 120;
const MAX_TITLE: usize = 400;
const MAX_INPUT: usize = 300;
const MAX_WORDS: usize = 900;
/// How this headend is called, bytes.
const MAX_CALL: usize = 500;

/// What stands in one colour, as the worst of what is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Critical,
    Warning,
    Over,
    Test,
}

/// A letter's content.
#[derive(Debug)]
pub struct Page {
    pub tone: Tone,
    /// How it stands: `CRITICAL`, `OK`.
    pub standing: String,
    /// What it is.
    pub heading: String,
    /// Whole sentences.
    pub lead: Vec<String>,
    pub parts: Vec<Part>,
    /// Why this came, and from where.
    pub foot: Vec<String>,
}

/// A part of it.
#[derive(Debug)]
pub enum Part {
    /// Names with what they are.
    Facts(Vec<(String, String)>),
    /// Things of one kind.
    List { title: String, rows: Vec<Row>, more: String },
    /// Lines as they were written.
    Lines { title: String, lines: Vec<String> },
    /// What can be typed, and what it does.
    Commands(Vec<(String, String)>),
}

/// One thing of a list.
#[derive(Debug)]
pub struct Row {
    pub name: String,
    pub what: String,
    pub when: String,
    pub under: String,
}

impl Page {
    /// What `message` says.
    pub fn of(message: &Message, about: &About, clock: &Clock<'_>) -> Self {
        let mut page = match message.items.as_slice() {
            [item] if message.more_items == 0 => one(item, message, about, clock),
            items => several(items, message, about, clock),
        };
        if message.held_back > 0 {
            let held = counted(u64::from(message.held_back), "message", "messages");
            page.lead.push(format!(
                "{held} to you before this one went over the hourly limit and were held back. What they \
                 told is in no other mail; {} shows it.",
                call(about, "incidents")
            ));
        }
        page.foot.push(format!(
            "Message {} to {}, from headend on {}. Times are {}.",
            message.number,
            outside(&message.receiver, MAX_NAME),
            outside(&about.host, MAX_NAME),
            clock.zone_name(),
        ));
        page
    }
}

fn tone(item: &Item) -> Tone {
    match (item.event, item.incident.severity) {
        (Event::Test, _) => Tone::Test,
        _ if is_over(item) => Tone::Over,
        (_, Severity::Critical) => Tone::Critical,
        (_, Severity::Warning) => Tone::Warning,
    }
}

/// Whether what it tells of is there now, and something can be done about it.
fn tells_of_now(item: &Item) -> bool {
    item.event != Event::Test && !is_over(item)
}

fn one(item: &Item, message: &Message, about: &About, clock: &Clock<'_>) -> Page {
    let incident = &item.incident;
    let mut parts = vec![Part::Facts(facts(item, message, about, clock))];
    parts.extend(members(item, clock));
    parts.extend(log_lines(incident));
    parts.extend(notes(incident, clock));
    parts.push(Part::Commands(commands(item, about)));
    Page {
        tone: tone(item),
        standing: standing(item).to_owned(),
        heading: outside(&incident.title, MAX_TITLE),
        lead: lead(item, message, clock),
        parts,
        foot: vec![format!("Why you: {}.", outside(&item.why, MAX_WORDS))],
    }
}

/// What is new, in a sentence.
fn lead(item: &Item, message: &Message, clock: &Clock<'_>) -> Vec<String> {
    let incident = &item.incident;
    let lasted = lasted(item, message.made_wall_ms);
    let mut lead = Vec::new();
    let over = is_over(item);
    match item.event {
        Event::Test => lead.push(
            "This is a test, made by hand. Nothing is wrong; an incident would be told like this.".to_owned(),
        ),
        _ if matches!(incident.ended, Some((_, Ending::Withdrawn))) => lead.push(format!(
            "headend no longer watches for it, after {lasted}: what had the fault is stopped, off air, muted, \
             in maintenance or gone. Whether it is well is not known."
        )),
        _ if is_late(item) => {
            lead.push(format!("It is over. It lasted {lasted} and ended before this could be sent."));
        }
        _ if over => lead.push(format!("It is over. It lasted {lasted}.")),
        Event::Changed if incident.flapping.is_some() => {}
        Event::Raised | Event::Recovered => {}
        Event::Changed => lead.push("It is worse than when you were told, or has grown.".to_owned()),
        Event::Repeated => lead.push(format!("It is still there after {lasted}.")),
        Event::Escalated => {
            lead.push(format!("Nobody has acknowledged it in {lasted}, so you are told too."));
        }
    }
    if let Some(flapping) = incident.flapping.filter(|_| !over) {
        let changes = counted(u64::from(flapping.changes), "change", "changes");
        lead.push(format!(
            "It comes and goes: {changes} within {}. They are not mailed one by one.",
            span(flapping.within_ms)
        ));
    }
    match &incident.acknowledged {
        Some(ack) => lead.push(format!(
            "Acknowledged by {} at {}.",
            outside(&ack.by, MAX_NAME),
            clock.short(ack.wall_ms)
        )),
        None if !over && matches!(item.event, Event::Changed | Event::Repeated) => {
            lead.push("Nobody has acknowledged it.".to_owned());
        }
        None => {}
    }
    lead
}

fn facts(item: &Item, message: &Message, about: &About, clock: &Clock<'_>) -> Vec<(String, String)> {
    let incident = &item.incident;
    let began = clock.long(incident.began_wall_ms);
    let mut facts = Vec::new();
    let mut fact = |name: &str, what: String| facts.push((name.to_owned(), what));
    if let Some((at, _)) = incident.ended {
        fact("from", format!("{began} to {}", clock.long(at)));
    } else {
        let ago = span(message.made_wall_ms.saturating_sub(incident.began_wall_ms));
        fact("since", format!("{began} ({ago} before this was written)"));
    }
    // Where it is not the first word already.
    if !tells_of_now(item) {
        fact("severity", words::say(incident.severity).to_owned());
    }
    let all = incident.members.len() as u64 + u64::from(incident.more_members);
    if all > 1 {
        let failing = incident.failing() as u64;
        let known = incident.members.len() as u64;
        // Of those beyond the named ones it is not known.
        let still = if tells_of_now(item) && failing < known {
            format!(", {} of them well again", known - failing)
        } else {
            String::new()
        };
        fact("streams", format!("{all}{still}"));
    }
    // What is said below in full, or says nothing, is not told.
    let says = |(name, value): &&(Arc<str>, Arc<str>)| match &**name {
        LAST_LINE => incident.lines.is_empty(),
        RESTARTS => &**value != "0",
        _ => true,
    };
    // They are those of its opening, of the stream that failed first. Told later, or of several, that is said.
    let first = incident.members.first().filter(|_| !incident.values.is_empty());
    let later = message.made_wall_ms.saturating_sub(incident.opened_wall_ms) > STALE_MS;
    if let Some(first) = first.filter(|_| later || all > 1) {
        fact("as it was", format!("at {}, for {}", clock.long(incident.opened_wall_ms), first.stream));
    }
    for (name, value) in incident.values.iter().filter(says).take(MAX_INCIDENT_VALUES) {
        fact(&outside(name, MAX_NAME), outside(value, MAX_WORDS));
    }
    fact("incident", format!("{} on {}", incident.number, outside(&about.host, MAX_NAME)));
    facts
}

fn members(item: &Item, clock: &Clock<'_>) -> Option<Part> {
    let incident = &item.incident;
    let row = |member: &Member| Row {
        name: member.stream.to_string(),
        what: outside(&member.name, MAX_NAME),
        when: match member.cleared_wall_ms {
            Some(at) if !is_over(item) => format!("well again {}", clock.short(at)),
            _ => format!("since {}", clock.short(member.since_wall_ms)),
        },
        under: outside(&member.input, MAX_INPUT),
    };
    let rows: Vec<Row> = incident.members.iter().take(MESSAGE_MEMBERS).map(row).collect();
    let more = incident.members.len().saturating_sub(rows.len()) as u64 + u64::from(incident.more_members);
    let title = if rows.len() == 1 && more == 0 { "Stream" } else { "Streams" };
    let more = if more == 0 { String::new() } else { format!("and {more} more") };
    (!rows.is_empty()).then(|| Part::List { title: title.to_owned(), rows, more })
}

fn log_lines(incident: &Incident) -> Option<Part> {
    let from = incident.lines.len().saturating_sub(MAX_INCIDENT_LINES);
    let lines: Vec<String> =
        incident.lines[from..].iter().map(|line| outside(line, MAX_INCIDENT_LINE)).collect();
    let title = match incident.members.first() {
        Some(member) if incident.members.len() > 1 => format!("Last log lines of {}", member.stream),
        _ => "Last log lines".to_owned(),
    };
    (!lines.is_empty()).then_some(Part::Lines { title, lines })
}

fn notes(incident: &Incident, clock: &Clock<'_>) -> Option<Part> {
    let from = incident.notes.len().saturating_sub(MAX_INCIDENT_NOTES);
    let rows: Vec<Row> = incident.notes[from..]
        .iter()
        .map(|note| Row {
            name: outside(&note.by, MAX_NAME),
            what: outside(&note.text, MAX_WORDS),
            when: clock.short(note.wall_ms),
            under: String::new(),
        })
        .collect();
    (!rows.is_empty()).then(|| Part::List { title: "Notes".to_owned(), rows, more: String::new() })
}

/// How this headend is called with `words`.
fn call(about: &About, words: &str) -> String {
    format!("{} {words}", outside(&about.headend, MAX_CALL))
}

fn commands(item: &Item, about: &About) -> Vec<(String, String)> {
    let incident = &item.incident;
    let number = incident.number;
    let mut commands = Vec::new();
    let mut offer = |words: &str, what: &str| commands.push((call(about, words), what.to_owned()));
    let open = tells_of_now(item);
    if open && incident.acknowledged.is_none() {
        offer(&format!("ack {number}"), "I know: no more reminders");
    }
    offer(&format!("incidents {number}"), "all that is known of it");
    let stream = first_stream(incident);
    match stream {
        Some(stream) => {
            let id = shell_word(stream.as_str());
            offer(&format!("logs {id}"), "its log");
            if open {
                offer(&format!("mute {id} --for 2h"), "be told nothing about it for a while");
            }
        }
        None => offer("doctor", "what headend says of itself and its machine"),
    }
    commands
}

fn first_stream(incident: &Incident) -> Option<&StreamId> {
    match &incident.cause {
        Cause::Stream { stream, .. } => Some(stream),
        Cause::Origin { .. } | Cause::Headend { .. } => incident.members.first().map(|member| &member.stream),
    }
}

fn several(items: &[Item], message: &Message, about: &About, clock: &Clock<'_>) -> Page {
    let over: Vec<&Item> = items.iter().filter(|item| is_over(item)).take(MAX_ITEMS).collect();
    let mut there: Vec<&Item> = items.iter().filter(|item| !is_over(item)).take(MAX_ITEMS).collect();
    there.sort_by_key(|item| item.incident.severity != Severity::Critical);
    let told = (over.len() + there.len()) as u64;
    let more = items.len() as u64 - told + u64::from(message.more_items);
    let (tone, standing) = match there.first() {
        Some(worst) => (tone(worst), words::shout(worst.incident.severity)),
        None => (Tone::Over, "OK"),
    };
    let row = |item: &&Item| row_of(item, message, clock);
    let mut parts = Vec::new();
    for (title, told) in [("There now", &there), ("Over", &over)] {
        if !told.is_empty() {
            let rows = told.iter().map(row).collect();
            parts.push(Part::List { title: title.to_owned(), rows, more: String::new() });
        }
    }
    let mut commands = vec![(call(about, "incidents"), "all of them".to_owned())];
    // What is over can't be acknowledged; of what is only counted it is not known.
    if !there.is_empty() || more > 0 {
        commands.push((call(about, "ack NUMBER"), "I know about that one".to_owned()));
    }
    parts.push(Part::Commands(commands));
    let mut whys: Vec<String> = Vec::new();
    for item in items {
        let why = outside(&item.why, MAX_WORDS);
        if !whys.contains(&why) && whys.len() < 5 {
            whys.push(why);
        }
    }
    let mut lead = vec!["More happened than is good to be told one by one, so this is one mail.".to_owned()];
    if more > 0 {
        lead.push(format!("{more} of them are not named here."));
    }
    Page {
        tone,
        standing: standing.to_owned(),
        heading: counted(told + more, "incident", "incidents"),
        lead,
        parts,
        foot: vec![format!("Why you: {}.", whys.join("; "))],
    }
}

fn row_of(item: &Item, message: &Message, clock: &Clock<'_>) -> Row {
    let incident = &item.incident;
    let news = match item.event {
        _ if is_late(item) => Some("over before this could be sent".to_owned()),
        _ if is_over(item) => None,
        Event::Raised | Event::Recovered => None,
        Event::Changed => Some("worse, or grown".to_owned()),
        Event::Repeated => Some("still there".to_owned()),
        Event::Escalated => Some("nobody has acknowledged it".to_owned()),
        Event::Test => Some("a test".to_owned()),
    };
    let ack = incident.acknowledged.as_ref();
    let ack = ack.map(|ack| format!("acknowledged by {}", outside(&ack.by, MAX_NAME)));
    let flapping = incident.flapping.is_some().then(|| "comes and goes".to_owned());
    let under: Vec<String> = [news, flapping, ack].into_iter().flatten().collect();
    Row {
        name: format!("{} {}", incident.number, standing(item)),
        what: outside(&incident.title, MAX_TITLE),
        when: if is_over(item) {
            format!("lasted {}", lasted(item, message.made_wall_ms))
        } else {
            format!("since {}", clock.short(incident.began_wall_ms))
        },
        under: under.join(", "),
    }
}
