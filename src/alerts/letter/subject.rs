//! The one line that is read at night.

use super::words::{self, Clock, counted, is_late, is_over, lasted, outside, standing};
use crate::alerts::{Event, Item, Message};
use crate::model::{Ending, Severity};

/// The longest subject, characters. Phones show 40 of them, so what matters comes first.
pub const MAX_SUBJECT: usize = 150;
/// The longest title within it, bytes.
const MAX_TITLE: usize = 400;

/// `[CRITICAL] 12 streams: cdn-a.example refused connections (since 03:12)`.
pub fn subject(message: &Message, clock: &Clock<'_>) -> String {
    let line = match message.items.as_slice() {
        [] => fit("[headend]", &counted(u64::from(message.more_items), "incident", "incidents"), ""),
        [item] if message.more_items == 0 => one(item, message, clock),
        items => several(items, message),
    };
    // A name can look like an encoded word, which mail programs would decode.
    let inert = line.replace("=?", "= ?");
    cut(&inert, MAX_SUBJECT)
}

fn one(item: &Item, message: &Message, clock: &Clock<'_>) -> String {
    let incident = &item.incident;
    let since = format!("since {}", clock.short(incident.began_wall_ms));
    let over = is_over(item);
    let still = if item.event == Event::Repeated && !over { "still " } else { "" };
    let lasted = lasted(item, message.made_wall_ms);
    let tail = match item.event {
        Event::Test => "a test, nothing is wrong".to_owned(),
        _ if matches!(incident.ended, Some((_, Ending::Withdrawn))) => {
            format!("no longer watched, after {lasted}")
        }
        _ if over => {
            let late = if is_late(item) { ", over before this could be sent" } else { "" };
            format!("was {} for {lasted}{late}", words::say(incident.severity))
        }
        Event::Repeated => format!("{since}, for {lasted}"),
        Event::Escalated => format!("{since}, nobody has acknowledged"),
        _ if incident.flapping.is_some() => format!("comes and goes, {since}"),
        Event::Changed => format!("changed, {since}"),
        Event::Raised | Event::Recovered => since,
    };
    let before = match message.held_back {
        0 => String::new(),
        count => format!(", {count} held back before"),
    };
    fit(&format!("[{still}{}]", standing(item)), &title(item), &format!(" ({tail}{before})"))
}

fn several(items: &[Item], message: &Message) -> String {
    let over = items.iter().filter(|item| is_over(item)).count() as u64;
    let all = items.len() as u64 + u64::from(message.more_items);
    let there = || items.iter().filter(|item| !is_over(item));
    let tag = match there().map(|item| item.incident.severity).max() {
        None if items.iter().all(|item| standing(item) == "ENDED") => "[ENDED]".to_owned(),
        None => "[OK]".to_owned(),
        Some(worst) => {
            let still = if there().all(|item| item.event == Event::Repeated) { "still " } else { "" };
            format!("[{still}{}]", words::shout(worst))
        }
    };
    let of_them = match over {
        0 => String::new(),
        _ if over == all => " over".to_owned(),
        _ => format!(", {over} over"),
    };
    let head = format!("{}{of_them}: ", counted(all, "incident", "incidents"));
    // What is there before what is over, and the worst of it first.
    let mut told: Vec<&Item> = items.iter().collect();
    told.sort_by_key(|item| (is_over(item), item.incident.severity != Severity::Critical));
    let titles: Vec<String> = told.iter().take(4).map(|item| title(item)).collect();
    let tail = match message.held_back {
        0 => String::new(),
        count => format!(" ({count} held back before)"),
    };
    fit(&tag, &format!("{head}{}", titles.join("; ")), &tail)
}

fn title(item: &Item) -> String {
    outside(&item.incident.title, MAX_TITLE)
}

/// Cuts the middle so that the whole fits: what is at either end is never lost.
fn fit(tag: &str, middle: &str, tail: &str) -> String {
    let around = tag.chars().count() + 1 + tail.chars().count();
    format!("{tag} {}{tail}", cut(middle, MAX_SUBJECT.saturating_sub(around)))
}

fn cut(text: &str, max_chars: usize) -> String {
    if text.chars().count() <= max_chars {
        return text.to_owned();
    }
    let head: String = text.chars().take(max_chars.saturating_sub(1)).collect();
    format!("{}…", head.trim_end())
}
