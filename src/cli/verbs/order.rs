//! `headend start`, `stop`, `restart`, `ack`, `unack`, `mute`, `unmute` and `note`.

use std::sync::Arc;

use super::args::{self, Which};
use super::incidents;
use super::session::Session;
use crate::cli::{FAILED, Failed, OK, REFUSED, print, tell};
use crate::console::text::counted;
use crate::link::Role;
use crate::model::{
    Action, Answer, Board, CareOrder, Command, IncidentOrder, MAX_MUTE, MIN_MUTE, Selection, clean_note,
};

/// So many streams are named in a question.
const MAX_NAMED: usize = 8;

/// What is ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Something with streams.
    Do(Action),
    /// Something about them.
    Note(CareOrder),
}

impl What {
    const fn word(&self) -> &'static str {
        match self {
            Self::Do(action) => action.word(),
            Self::Note(order) => order.word(),
        }
    }

    /// The same order about an incident, where there is one.
    fn about_incident(&self) -> Option<IncidentOrder> {
        match self {
            Self::Note(CareOrder::Acknowledge) => Some(IncidentOrder::Acknowledge),
            Self::Note(CareOrder::Unacknowledge) => Some(IncidentOrder::Unacknowledge),
            Self::Note(CareOrder::Note(note)) => Some(IncidentOrder::Note(Arc::clone(note))),
            _ => None,
        }
    }

    fn command(self, target: Selection) -> Command {
        match self {
            Self::Do(action) => Command::Streams { action, target },
            Self::Note(order) => Command::Care { order, target },
        }
    }
}

/// Mutes.
pub fn mute(args: &args::Mute) -> Result<u8, Failed> {
    if args.span < MIN_MUTE || args.span > MAX_MUTE {
        return Err(Failed::Arguments("--for is from 1m to 30d".into()));
    }
    run(&args.order, What::Note(CareOrder::Mute(args.span)))
}

/// Keeps a note.
pub fn note(args: &args::Note) -> Result<u8, Failed> {
    let (which, text) = whom_and_what(&args.order.which, args.text.as_deref())?;
    let order = args::Order { which, ..args.order.clone() };
    run(&order, What::Note(CareOrder::Note(clean_note(&text))))
}

/// Whom a note is about, and what it is. Without `--text` it is the words behind an incident's number.
fn whom_and_what(which: &Which, text: Option<&str>) -> Result<(Which, String), Failed> {
    if let Some(text) = text {
        return Ok((which.clone(), text.to_owned()));
    }
    match which.selector.split_first() {
        Some((number, words)) if !words.is_empty() && number.parse::<u64>().is_ok() => {
            Ok((Which { selector: vec![number.clone()], all: false }, words.join(" ")))
        }
        _ => Err(Failed::Arguments("note what? Say it with --text".into())),
    }
}

/// Gives the order, after a question where one is due.
pub fn run(args: &args::Order, what: What) -> Result<u8, Failed> {
    let may_ask = super::can_ask();
    whom_is_named(&args.which, what.word(), may_ask)?;
    let mut session = Session::open(&args.place, Role::Operator)?;
    if let Some(order) = what.about_incident()
        && let Some(number) = incidents::numbered(&session.board, &args.which.selector)
        && (session.board.incidents.contains_key(&number) || incidents::find(&mut session, number)?.is_some())
    {
        return order_about_incident(&mut session, number, order);
    }
    let (_, found) = session.select(&args.which)?;
    if let Some(question) = question(&what, &found, &args.which)
        && may_ask
        && !args.yes
        && !super::asked(&question)?
    {
        tell("headend: nothing was done");
        return Ok(FAILED);
    }
    let word = what.word();
    let answer = session.order(what.command(target(&args.which, &found)))?;
    tell_answer(word, found.rows.len(), answer)
}

/// Gives an order about one incident; nothing is asked.
fn order_about_incident(session: &mut Session, number: u64, order: IncidentOrder) -> Result<u8, Failed> {
    if matches!(&order, IncidentOrder::Note(note) if note.is_empty()) {
        return Err(Failed::Arguments("an incident keeps its notes: write one".into()));
    }
    let word = order.word();
    let answer = session.order(Command::Incident { number, order })?;
    tell_answered(word, answer, |_| format!("{word}: incident {number}\n"))
}

/// Nobody orders something for everybody by accident: somebody must be named, and a script says
/// `--all` in so many letters.
fn whom_is_named(which: &Which, word: &str, may_ask: bool) -> Result<(), Failed> {
    if which.all {
        return Ok(());
    }
    if which.selector.iter().all(|text| text.trim().is_empty()) {
        return Err(Failed::Arguments(format!("{word} whom? Name streams, or say --all")));
    }
    if is_everyone(which) && !may_ask {
        return Err(Failed::Arguments(format!(
            "{word} every stream, without a terminal: say --all instead of *"
        )));
    }
    Ok(())
}

fn is_everyone(which: &Which) -> bool {
    which.all || which.selector.join(" ").trim() == "*"
}

fn target(which: &Which, found: &Board) -> Selection {
    if is_everyone(which) {
        return Selection::All;
    }
    Selection::Ids(found.rows.values().map(|row| row.id.clone()).collect())
}

/// What is asked before more than one stream is touched; `None`: nothing.
fn question(what: &What, found: &Board, which: &Which) -> Option<String> {
    let count = found.rows.len();
    if count < 2 {
        return None;
    }
    let mut names: Vec<&str> = found.rows.values().take(MAX_NAMED).map(|row| row.id.as_str()).collect();
    let more = if count > MAX_NAMED { format!(" and {} more", count - MAX_NAMED) } else { String::new() };
    names.truncate(MAX_NAMED);
    let all = if is_everyone(which) { "all " } else { "" };
    Some(format!("{} {all}{}: {}{more}?", what.word(), counted(count, "stream"), names.join(", ")))
}

/// Tells what became of it, and as an exit code.
fn tell_answer(word: &str, found: usize, answer: Answer) -> Result<u8, Failed> {
    tell_answered(word, answer, |touched| match touched {
        0 => format!("{word}: nothing to do for {}\n", counted(found, "stream")),
        all if all == found => format!("{word}: {}\n", counted(found, "stream")),
        some => format!("{word}: {some} of {}\n", counted(found, "stream")),
    })
}

/// The same; `did` is what is said of so many streams.
fn tell_answered(word: &str, answer: Answer, did: impl Fn(usize) -> String) -> Result<u8, Failed> {
    match answer {
        Answer::Done { touched } => {
            print(&did(touched))?;
            Ok(OK)
        }
        Answer::NotSaved { touched, reason } => {
            print(&did(touched))?;
            tell(&format!("headend: it is done, and will be forgotten at the next start: {reason}"));
            Ok(FAILED)
        }
        // That is the answer to another order.
        Answer::Reloaded { summary, .. } => {
            print(&format!("{word}: {summary}\n"))?;
            Ok(OK)
        }
        Answer::Refused { reason } => {
            tell(&format!("headend: {word} is refused: {reason}"));
            Ok(REFUSED)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{board, row};
    use super::*;

    fn which(words: &[&str], all: bool) -> Which {
        Which { selector: words.iter().map(|word| (*word).to_owned()).collect(), all }
    }

    #[test]
    fn nobody_orders_something_for_everybody_by_accident() {
        let may = |words: &[&str], all, may_ask| whom_is_named(&which(words, all), "stop", may_ask).is_ok();
        assert!(!may(&[], false, true) && !may(&[], false, false) && !may(&[" "], false, true));
        assert!(may(&["*"], false, true) && !may(&["*"], false, false));
        assert!(may(&[], true, false) && may(&["news-*"], false, false));
    }

    #[test]
    fn a_question_names_whom_it_is_about() {
        let stop = What::Do(Action::Stop);
        let board = |count: usize| board((0..count).map(|n| row(&format!("s{n}"), "S", "", &[])));
        assert_eq!(question(&stop, &board(1), &which(&["s0"], false)), None);
        assert_eq!(question(&stop, &board(2), &which(&["s*"], false)).unwrap(), "stop 2 streams: s0, s1?");
        assert_eq!(
            question(&stop, &board(10), &which(&[], true)).unwrap(),
            "stop all 10 streams: s0, s1, s2, s3, s4, s5, s6, s7 and 2 more?"
        );
    }

    #[test]
    fn all_is_all_and_a_pattern_is_those_it_found() {
        let board = board([row("a", "A", "", &[])]);
        assert_eq!(target(&which(&[], true), &board), Selection::All);
        let Selection::Ids(ids) = target(&which(&["a"], false), &board) else { panic!() };
        assert_eq!(ids[0].as_str(), "a");
    }

    #[test]
    fn a_note_about_an_incident_needs_no_option() {
        let of = |words: &[&str], text| {
            let (which, text) = whom_and_what(&which(words, false), text).ok()?;
            Some((which.selector.join(" "), text))
        };
        let said = |whom: &str, text: &str| Some((whom.to_owned(), text.to_owned()));
        assert_eq!(of(&["4711", "they", "know"], None), said("4711", "they know"));
        assert_eq!(of(&["4711"], Some("they know")), said("4711", "they know"));
        assert_eq!(of(&["news", "sport"], Some("")), said("news sport", ""));
        assert_eq!([of(&["4711"], None), of(&["news", "they"], None), of(&[], None)], [None, None, None]);
        let note = What::Note(CareOrder::Note("a".into()));
        assert_eq!(note.about_incident(), Some(IncidentOrder::Note("a".into())));
        assert_eq!(What::Do(Action::Stop).about_incident(), None);
        assert_eq!(What::Note(CareOrder::Unmute).about_incident(), None);
    }

    #[test]
    fn answers_have_their_exit_codes() {
        let code = |answer| tell_answer("stop", 2, answer).unwrap_or(99);
        assert_eq!(code(Answer::Done { touched: 0 }), OK);
        assert_eq!(code(Answer::NotSaved { touched: 2, reason: "full".into() }), FAILED);
        assert_eq!(code(Answer::Refused { reason: "a viewer".into() }), REFUSED);
    }
}
