//! What operators note about streams: acknowledge, mute, note.

use std::sync::Arc;
use std::time::Duration;

use super::overlay::picker::{Item, Pick, Picker};
use super::overlay::prompt::{Mistake, PromptFor};
use super::penalty::Standing;
use super::update::Effect;
use super::{Screen, State, counted};
use crate::model::{
    Care, CareOrder, Command, IncidentOrder, MAX_MUTE, MAX_NOTE, Row, Selection, StreamId, span_words,
};

/// Times to choose from, in minutes.
const MUTE_MINUTES: [u64; 5] = [15, 60, 4 * 60, 8 * 60, 24 * 60];
/// The longest time that can be typed, in minutes: what the supervisor takes.
const MOST_MINUTES: u64 = MAX_MUTE.as_secs() / 60;

/// Whom an order that is being chosen or typed is for: as they were when it was begun, whatever moves
/// meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aim {
    whom: Whom,
    /// For people.
    what: String,
}

/// Streams, or an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Whom {
    Streams(Vec<StreamId>),
    Incident(u64),
}

impl State {
    /// Whom what is being chosen or typed is for.
    #[must_use]
    pub fn aimed_at(&self) -> Option<&str> {
        self.aim.as_ref().map(|aim| aim.what.as_str())
    }

    /// The rows that what is noted is for: those that are selected, those of the group under the cursor,
    /// or the one.
    #[must_use]
    pub fn cared_for(&self) -> Vec<&Row> {
        let streams = if self.screen() != Screen::Grid {
            Vec::new()
        } else if !self.chosen.is_empty() {
            self.chosen.iter().collect()
        } else {
            let group = self.list.selected_group();
            group.map_or_else(Vec::new, |group| self.list.order[group.from..group.to].to_vec())
        };
        if streams.is_empty() {
            return self.target().into_iter().collect();
        }
        streams.into_iter().filter_map(|ix| self.row(ix)).collect()
    }

    fn aim(&self) -> Option<(Aim, Care)> {
        let rows = self.cared_for();
        let first = rows.first()?;
        let hidden = match self.chosen.hidden() {
            0 => String::new(),
            hidden if self.screen() == Screen::Grid => format!(" ({hidden} not shown)"),
            _ => String::new(),
        };
        let what = if rows.len() == 1 { first.name.to_string() } else { counted(rows.len(), "stream") };
        let what = what + &hidden;
        let care = if rows.len() == 1 { first.care.clone() } else { Care::default() };
        Some((Aim { whom: Whom::Streams(rows.iter().map(|row| row.id.clone()).collect()), what }, care))
    }

    /// Aims, or says that there is nobody to aim at.
    fn take_aim(&mut self, word: &str) -> Option<Care> {
        let Some((aim, care)) = self.aim() else {
            self.say(format!("{word}: no stream is selected"), true);
            return None;
        };
        self.aim = Some(aim);
        Some(care)
    }

    /// What is typed now is for this incident.
    pub(super) fn aim_at_incident(&mut self, number: u64) {
        self.aim = Some(Aim { whom: Whom::Incident(number), what: format!("incident {number}") });
    }

    /// Orders it for whom was aimed at.
    pub(super) fn care(&mut self, order: CareOrder) -> Vec<Effect> {
        let Some(Aim { whom, what }) = self.aim.take() else { return Vec::new() };
        let ids = match (whom, &order) {
            (Whom::Streams(ids), _) => ids,
            (Whom::Incident(_), CareOrder::Note(note)) if note.is_empty() => return Vec::new(),
            (Whom::Incident(number), CareOrder::Note(note)) => {
                return self.order_about_incident(number, IncidentOrder::Note(Arc::clone(note)), "noted");
            }
            (Whom::Incident(_), _) => return Vec::new(),
        };
        let (what, done) = match &order {
            CareOrder::Mute(span) => {
                (format!("mute {what}"), Some(format!("{what} is muted for {}", span_words(*span))))
            }
            CareOrder::Note(note) if note.is_empty() => (format!("remove the note of {what}"), None),
            order => (format!("{} {what}", order.word()), None),
        };
        vec![self.order(Command::Care { order, target: Selection::Ids(ids) }, what, done)]
    }

    /// I know; or, where that was said already, I don't.
    pub(super) fn acknowledge(&mut self) -> Vec<Effect> {
        let rows = self.cared_for();
        let mut unwell = rows.iter().filter(|row| Standing::of(row, self.now).is_some()).peekable();
        let known = unwell.peek().is_some() && unwell.all(|row| row.care.acknowledged.is_some());
        let order = if known { CareOrder::Unacknowledge } else { CareOrder::Acknowledge };
        if self.take_aim("acknowledge").is_none() {
            return Vec::new();
        }
        self.care(order)
    }

    /// Asks for how long.
    pub(super) fn choose_mute(&mut self) {
        let Some(care) = self.take_aim("mute") else { return };
        let until = |minutes| {
            let until = self.now + Duration::from_secs(minutes * 60);
            let time = self.time_of_day(until, false);
            if time.is_empty() { time } else { format!("until {time}") }
        };
        let item = |label: String, note: String, pick| Item { label, note, key: String::new(), pick };
        let spans = MUTE_MINUTES.map(|minutes| {
            let span = Duration::from_secs(minutes * 60);
            item(label(minutes), until(minutes), Pick::Mute(span))
        });
        let own = item("another time".into(), "to be typed, such as 90m or 2d".into(), Pick::MuteFor);
        let many = matches!(&self.aim, Some(Aim { whom: Whom::Streams(ids), .. }) if ids.len() > 1);
        let again = (many || care.is_muted(self.now))
            .then(|| item("unmute".into(), "tell again".into(), Pick::Unmute));
        let items = again.into_iter().chain(spans).chain([own]).collect();
        let what = self.aim.as_ref().map(|aim| aim.what.clone()).unwrap_or_default();
        self.pick_from(Picker::new(format!("mute {what}"), items));
    }

    /// Begins a note, or changes the one that is there.
    pub(super) fn type_note(&mut self) {
        if let Some(care) = self.take_aim("note") {
            self.prompt_for(PromptFor::Note, &care.note);
        }
    }
}

fn label(minutes: u64) -> String {
    if minutes < 60 { format!("{minutes} min") } else { format!("{} h", minutes / 60) }
}

/// What is wrong with a note that is being typed.
#[must_use]
pub fn note_mistake(text: &str) -> Option<Mistake> {
    let (at, _) = text.trim_end().char_indices().nth(MAX_NOTE)?;
    let over = text[at..].trim_end().chars().count();
    Some(Mistake { at, text: format!("{over} too many: a note has {MAX_NOTE} characters at most") })
}

/// Reads a time: `90m`, `1h30m`, `2 d`; a number alone is minutes.
///
/// # Errors
/// Where it is none, and what to write instead.
pub fn span(text: &str) -> Result<Duration, Mistake> {
    let wrong = |at: usize, text: &str| Err(Mistake { at, text: text.into() });
    let mut minutes: u64 = 0;
    let mut rest = text.trim_end();
    let end = rest.len();
    if rest.trim_start().is_empty() {
        return wrong(0, "write a time, such as 90m, 2h or 1d");
    }
    while !rest.trim_start().is_empty() {
        rest = rest.trim_start();
        let at = end - rest.len();
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let Ok(number) = rest[..digits].parse::<u64>() else {
            return wrong(at, "here a number is wanted, as in 90m or 2h");
        };
        rest = rest[digits..].trim_start();
        let letters = rest.len() - rest.trim_start_matches(|c: char| c.is_alphabetic()).len();
        let each = match &rest[..letters] {
            "" if rest.is_empty() => 1,
            "m" | "min" => 1,
            "h" => 60,
            "d" | "day" | "days" => 24 * 60,
            _ => return wrong(end - rest.len(), "units are m, h and d, as in 90m or 2h"),
        };
        rest = &rest[letters..];
        minutes = minutes.saturating_add(number.saturating_mul(each));
    }
    match minutes {
        0 => wrong(0, "a minute is the least"),
        1..=MOST_MINUTES => Ok(Duration::from_secs(minutes * 60)),
        _ => wrong(0, "that is too long: 30 days are the most"),
    }
}

#[cfg(test)]
mod tests;
