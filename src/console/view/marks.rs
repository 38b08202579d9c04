//! Lines about the screen itself: that it is frozen, that its data is old, that the files which say how
//! it looks have mistakes.

use ratatui::style::Style;

use super::pen::Pen;
use crate::console::keymap::Does;
use crate::console::spans::age_words;
use crate::console::state::{Screen, State};
use crate::console::text::{fit, width};
use crate::model::{Health, Moment};

/// A line that must not be missed.
pub struct Mark {
    /// What there is to know.
    pub text: String,
    /// What can be done about it; never what is cut.
    pub end: String,
    /// How it looks, not reversed.
    pub style: Style,
}

/// What is to be said about a screen of `width` cells.
pub fn lines(state: &State, width: u16, pen: &Pen) -> Vec<Mark> {
    let width = usize::from(width);
    let marks = [silent(state, pen), frozen(state, width, pen), wrong(state, width, pen)];
    marks.into_iter().flatten().collect()
}

/// The supervisor is not heard.
pub fn silent(state: &State, pen: &Pen) -> Option<Mark> {
    let span = age_words(state.silent_for()?);
    if let Some((since, why)) = state.lost() {
        let at = state.time_of_day(since, false);
        let since = if at.is_empty() { format!("for {span}") } else { format!("since {at}, {span} ago") };
        let text = format!(" THE SUPERVISOR IS GONE {since}; what is shown is old. Trying again: {why}");
        return Some(Mark { text, end: String::new(), style: pen.theme.critical });
    }
    let text = format!(" DATA IS OLD: nothing heard for {span}");
    Some(Mark { text, end: String::new(), style: pen.theme.critical })
}

/// The operator's files have mistakes; until they are mended. Where there is little room the place is
/// told, and the help tells the rest.
pub fn wrong(state: &State, room: usize, pen: &Pen) -> Option<Mark> {
    let (first, more) = state.mistakes.split_first()?;
    let help = state.keymap.key_for(Does::Help);
    // On a wall no key leads there, and the help itself begins with them.
    let has_key = !help.is_empty() && !matches!(state.screen(), Screen::Wall | Screen::Help);
    let tells = if has_key { format!("{help} tells all ") } else { String::new() };
    let more = if more.is_empty() { String::new() } else { format!("+{} more ", more.len()) };
    // Which folder the file is in, the help tells. What is cut is not the place in it.
    let (file, at) = first.place();
    let room = |end: &str| room.saturating_sub(width(end) + 4);
    let ends = [format!("  {more}{tells}"), format!("  {tells}")];
    let [whole, short] = ends.map(|end| if end.trim().is_empty() { String::new() } else { end });
    let end = if room(&whole) < width(file) + width(&at) { short } else { whole };
    let file = fit(file, room(&end).saturating_sub(width(&at)), pen.glyphs);
    let text = format!("{file}{at}: {}", first.text);
    let sign = pen.glyphs.health(Health::Warning);
    Some(Mark { text: format!(" {sign} {text}"), end, style: pen.theme.warning })
}

/// What is shown is not what is.
pub fn frozen(state: &State, room: usize, pen: &Pen) -> Option<Mark> {
    let frozen = state.lookback.frozen.as_ref()?;
    let key = |does| state.keymap.key_for(does);
    let pair = |back, forward, word: &str| format!("{} {} {word}   ", key(back), key(forward));
    let live = format!("{} live ", key(Does::Freeze));
    let steps = [
        pair(Does::StepBack, Does::StepForward, "1 s"),
        pair(Does::MinuteBack, Does::MinuteForward, "1 min"),
        pair(Does::TurnBack, Does::TurnForward, "change"),
    ];
    // Of the second that is shown: whole ones, so that each step is one on the clock as well.
    let second = Moment::from_millis(frozen.at.millis().div_euclid(1_000) * 1_000);
    let at = state.time_of_day(second, true);
    let at = if at.is_empty() { at } else { format!(" at {at}") };
    let mut text = format!(" FROZEN{at}, {} ago", age_words(state.seen_ago()));
    let mut end = format!("  {live}");
    let reach = age_words(state.reaches_back());
    let mut facts = vec![format!("reaches back {reach}")];
    // What is not kept is as it is now.
    match state.screen() {
        Screen::Stream => facts.insert(0, "command and log are as now".into()),
        Screen::Audit => facts.insert(0, "the audit log is as now".into()),
        Screen::Log | Screen::OwnLog => facts.insert(0, "the log is as now".into()),
        _ => {}
    }
    if frozen.live_tally.open() != state.penalty.tally.open() {
        facts.insert(0, format!("{} to look at now", frozen.live_tally.open()));
    }
    for fact in facts {
        let fact = format!(" {} {fact}", pen.glyphs.dot);
        if width(&text) + width(&fact) + width(&end) <= room {
            text.push_str(&fact);
        }
    }
    // The footer has them too.
    let whole = format!("  {}{live}", steps.concat());
    if width(&text) + width(&whole) <= room {
        end = whole;
    }
    Some(Mark { text, end, style: pen.theme.accent })
}
