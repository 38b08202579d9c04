//! The pieces letters are made of: text from outside made harmless, and times as people say them.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::alerts::{Event, Item};
use crate::model::{Ending, Severity, clean_line};

/// So much of a text from outside is looked at, bytes. Masking takes longer than in proportion.
const MAX_RAW: usize = 2 * 1024;
/// The longest name of a host in an identifier.
const MAX_DOMAIN: usize = 100;
/// The longest identifier of a message.
const MAX_MESSAGE_ID: usize = 200;

/// A text from outside: one clean line of at most `max_bytes`, its secrets masked.
#[must_use]
pub fn outside(text: &str, max_bytes: usize) -> String {
    if text.len() <= MAX_RAW {
        return clean_line(text, max_bytes);
    }
    // Cut between words: half a URL may end before the `@` by which its password is known.
    let head = &text[..text.floor_char_boundary(MAX_RAW)];
    let whole = head.rfind(' ').map_or("", |end| &head[..end]);
    clean_line(&format!("{whole} …"), max_bytes)
}

/// A host's name as it may stand in identifiers: letters, digits, dots and dashes.
#[must_use]
pub fn domain(host: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let kept: String = host.chars().filter(plain).take(MAX_DOMAIN).collect();
    let kept = kept.trim_matches(['.', '-']);
    if kept.is_empty() { "localhost".to_owned() } else { kept.to_owned() }
}

/// A message's identifier as it may stand in a header, whatever was handed in.
pub fn message_id(id: &str, number: u64) -> String {
    let (left, right) = id.rsplit_once('@').unwrap_or((id, ""));
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+');
    let left: String = left.chars().filter(plain).take(MAX_MESSAGE_ID - MAX_DOMAIN - 1).collect();
    let left = left.trim_matches('.');
    let left = if left.is_empty() { number.to_string() } else { left.to_owned() };
    format!("{left}@{}", domain(right))
}

/// The word that is seen first.
pub const fn shout(severity: Severity) -> &'static str {
    match severity {
        Severity::Warning => "WARNING",
        Severity::Critical => "CRITICAL",
    }
}

/// The same in a sentence.
pub const fn say(severity: Severity) -> &'static str {
    match severity {
        Severity::Warning => "a warning",
        Severity::Critical => "critical",
    }
}

/// How the item stands, as it is seen first.
pub fn standing(item: &Item) -> &'static str {
    match (item.event, item.incident.ended) {
        (Event::Test, _) => "TEST",
        (_, Some((_, Ending::Withdrawn))) => "ENDED",
        (Event::Recovered, _) | (_, Some((_, Ending::Cleared))) => "OK",
        (_, None) => shout(item.incident.severity),
    }
}

/// Whether what it tells of is over, whatever was to be told: a raise that waited may be sent after its end.
pub fn is_over(item: &Item) -> bool {
    match item.event {
        Event::Test => false,
        Event::Recovered => true,
        _ => !item.incident.is_open(),
    }
}

/// Whether it is over and this is the first its reader hears of it.
pub fn is_late(item: &Item) -> bool {
    is_over(item) && matches!(item.event, Event::Raised | Event::Escalated)
}

/// How long an incident has lasted, or did, when the message was made.
pub fn lasted(item: &Item, made_wall_ms: u64) -> String {
    let end = item.incident.ended.map_or(made_wall_ms, |(at, _)| at);
    span(end.saturating_sub(item.incident.began_wall_ms))
}

/// A span: `42 s`, `14 min`, `5 h 20 min`, `3 days 4 h`. What is left is dropped: it is in the past.
pub fn span(ms: u64) -> String {
    let seconds = ms / 1_000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => two(seconds / 86_400, "days", seconds % 86_400 / 3_600, "h"),
    }
}

fn two(large: u64, large_unit: &str, small: u64, small_unit: &str) -> String {
    if small == 0 {
        return format!("{large} {large_unit}");
    }
    format!("{large} {large_unit} {small} {small_unit}")
}

/// `1 stream`, `12 streams`.
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Tells times of day in one zone, as seen from the day a message was made.
pub struct Clock<'a> {
    zone: &'a TimeZone,
    made_wall_ms: u64,
    today: Date,
}

impl<'a> Clock<'a> {
    pub fn new(zone: &'a TimeZone, made_wall_ms: u64) -> Self {
        Self { zone, made_wall_ms, today: zoned(zone, made_wall_ms).date() }
    }

    /// `03:12`, with the date when it is not that of the message.
    pub fn short(&self, wall_ms: u64) -> String {
        self.tell(wall_ms, "%H:%M")
    }

    /// `03:12:40`, with the date when it is not that of the message.
    pub fn long(&self, wall_ms: u64) -> String {
        self.tell(wall_ms, "%H:%M:%S")
    }

    /// What the zone is called at the time of the message.
    pub fn zone_name(&self) -> String {
        let now = zoned(self.zone, self.made_wall_ms);
        match self.zone.iana_name() {
            Some(name) if name != "UTC" => format!("{} ({name})", now.strftime("%Z")),
            _ => now.strftime("%Z").to_string(),
        }
    }

    fn tell(&self, wall_ms: u64, time: &str) -> String {
        let at = zoned(self.zone, wall_ms);
        let day = match at.date() {
            day if day == self.today => "",
            day if day.year() == self.today.year() => "%a %-d %b ",
            _ => "%-d %b %Y ",
        };
        at.strftime(&format!("{day}{time}")).to_string()
    }
}

fn zoned(zone: &TimeZone, wall_ms: u64) -> jiff::Zoned {
    let at = i64::try_from(wall_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    at.unwrap_or_default().to_zoned(zone.clone())
}
