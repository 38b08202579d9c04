//! Incidents: what lasted, opened and ended.
//!
//! Pure: [`Incidents::handle`] is told the time and what happened, and says what is to be done. There is no
//! clock, no file and no random number in it, and no order that could differ from run to run, so the same
//! inputs give the same effects.
//!
//! - `trouble` is one family of faults of one stream: since when, how bad, how it comes and goes.
//! - `sight` reads troubles out of rows, `notices` out of the board's notices.
//! - `opening` makes incidents of them, and finds those that belong together; `ending` ends them.
//! - `restore` goes on with what was open when headend ended.
//!
//! `docs/alerting.md` draws the life of an incident.

mod ending;
mod family;
mod notices;
mod opening;
mod orders;
mod pages;
mod restore;
mod rules;
mod sight;
#[cfg(test)]
mod tests;
mod trouble;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::{Change, Happening, Now};
use crate::config::AlertSettings;
use crate::model::{Incident, IncidentOrder, Moment, Notice, NoticeKind, Row, StreamId, StreamIx};
use family::Family;
use opening::{Key, Open};
use restore::Absent;
use rules::Rules;
use trouble::{Subject, Trouble, Turn};

/// Incidents that may be open; what comes beyond is counted into one more.
pub const MAX_OPEN: usize = 2_000;
/// Incidents of one page.
pub const MAX_PAGE: u32 = 200;
/// Members of each incident of a page that may have more than one.
pub const MAX_PAGE_MEMBERS: usize = 20;
/// An incident waits this long for the log lines that go with it before it is told.
const LINES_WAIT: Duration = Duration::from_secs(1);
/// How often it is looked whether ended incidents are too old to be kept.
const PRUNE_EVERY: Duration = Duration::from_secs(3_600);

/// What happened.
#[derive(Debug)]
pub enum Input<'a> {
    /// Rows that are new or different; at the start all of them.
    Rows(&'a [Arc<Row>]),
    /// Streams that are gone.
    Removed(&'a [StreamIx]),
    /// All notices of the board, whenever they changed, and once at the start.
    Notices(&'a [Notice]),
    /// Other settings are in force.
    Settings(&'a AlertSettings),
    /// The last log lines that were asked for with [`Effect::WantLines`], oldest first, clean and masked.
    Lines {
        /// For which incident.
        number: u64,
        /// May be empty, where there are none.
        lines: Vec<Arc<str>>,
    },
    /// Somebody orders something about an incident.
    Order {
        /// Its number.
        number: u64,
        /// What.
        order: IncidentOrder,
        /// The user's name.
        by: &'a str,
    },
    /// Nothing but time has passed.
    Time,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Store it, in place of what was stored under its number. Comes before whatever else is said of it.
    Keep(Arc<Incident>),
    /// Take it out of the store: too many have ended, or too long ago.
    Forget(u64),
    /// Tell people, if a rule says so.
    Happened(Happening),
    /// Give the last log lines of this stream back as [`Input::Lines`]; the incident waits a second for them
    /// before it is told.
    WantLines {
        /// For which incident.
        number: u64,
        /// Whose lines.
        stream: StreamIx,
    },
    /// Acknowledge these streams, or undo it: their incident was.
    Acknowledge {
        /// Which.
        streams: Vec<StreamId>,
        /// Undo it.
        undo: bool,
    },
    /// The order is not taken, for this reason. Without it, it is.
    Refuse(String),
}

/// All incidents, open and ended.
#[derive(Debug)]
pub struct Incidents {
    rules: Rules,
    /// What is wrong, or was lately.
    troubles: BTreeMap<Subject, Trouble>,
    /// When each of them is to be looked at by itself.
    timers: BTreeSet<(Moment, Subject)>,
    /// The streams that have troubles from this host.
    by_host: BTreeMap<(Arc<str>, Family), BTreeSet<StreamIx>>,
    /// The rows of streams that have troubles.
    rows: BTreeMap<StreamIx, Arc<Row>>,
    /// The input that was last read by each stream with several.
    inputs: BTreeMap<StreamIx, Arc<str>>,
    /// The notices there are.
    notices: BTreeMap<NoticeKind, Notice>,
    /// Every incident, open or ended.
    kept: BTreeMap<u64, Arc<Incident>>,
    /// What else is known of the open ones.
    open: BTreeMap<u64, Open>,
    /// The open one of each cause.
    index: BTreeMap<Key, u64>,
    /// Those that wait for their log lines, and until when.
    untold: BTreeSet<(Moment, u64)>,
    /// Ended ones by when they ended.
    ended: BTreeSet<(u64, u64)>,
    prune_at: Option<Moment>,
    absent: Absent,
    began: Moment,
    next_number: u64,
    /// What changed since effects were last given out, and what there is to tell about it.
    touched: BTreeMap<u64, Vec<Change>>,
    /// Those of a host one of whose streams says another thing now.
    recount: BTreeSet<u64>,
    wants: Vec<Effect>,
    effects: Vec<Effect>,
}

impl Incidents {
    /// Begins with what the store has: all incidents, open and ended. Those that are open are told as
    /// restored with the first input. `next_number` may be lower than what was used.
    #[must_use]
    pub fn new(settings: &AlertSettings, restored: Vec<Incident>, next_number: u64, now: Now) -> Self {
        let mut incidents = Self {
            rules: Rules::new(settings),
            troubles: BTreeMap::new(),
            timers: BTreeSet::new(),
            by_host: BTreeMap::new(),
            rows: BTreeMap::new(),
            inputs: BTreeMap::new(),
            notices: BTreeMap::new(),
            kept: BTreeMap::new(),
            open: BTreeMap::new(),
            index: BTreeMap::new(),
            untold: BTreeSet::new(),
            ended: BTreeSet::new(),
            prune_at: None,
            absent: Absent::default(),
            began: now.at,
            next_number: next_number.max(1),
            touched: BTreeMap::new(),
            recount: BTreeSet::new(),
            wants: Vec::new(),
            effects: Vec::new(),
        };
        incidents.restore(now, restored);
        incidents
    }

    /// Takes in what happened; says what is to be done, in this order. `now.at` must not run backwards,
    /// `now.wall_ms` may.
    pub fn handle(&mut self, now: Now, input: Input<'_>) -> Vec<Effect> {
        // What was due before comes before what is new.
        self.settle(now);
        self.flush(now);
        match input {
            Input::Rows(rows) => {
                for row in rows {
                    self.take_row(now, row);
                }
            }
            Input::Removed(streams) => {
                for ix in streams {
                    self.remove_stream(now, *ix);
                }
            }
            Input::Notices(notices) => self.take_notices(now, notices),
            Input::Settings(settings) => self.renew(now, settings),
            Input::Lines { number, lines } => self.take_lines(number, &lines),
            Input::Order { number, order, by } => self.take_order(now, number, &order, by),
            Input::Time => {}
        }
        self.settle(now);
        self.flush(now);
        self.prune(now);
        std::mem::take(&mut self.effects)
    }

    /// When something is to be done if nothing else happens: [`Input::Time`] is due then.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        let trouble = self.timers.first().map(|(at, _)| *at);
        let untold = self.untold.first().map(|(at, _)| *at);
        [trouble, untold, self.absent.until(), self.prune_at].into_iter().flatten().min()
    }

    /// The incident of this number, open or ended.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<&Arc<Incident>> {
        self.kept.get(&number)
    }

    /// Those that are open, by number.
    pub fn open(&self) -> impl Iterator<Item = &Arc<Incident>> {
        self.open.keys().filter_map(|number| self.kept.get(number))
    }

    /// Does what is due.
    fn settle(&mut self, now: Now) {
        while let Some(&(at, subject)) = self.timers.first().filter(|(at, _)| *at <= now.at) {
            self.timers.remove(&(at, subject));
            let gather = self.gathers(subject);
            let Some(trouble) = self.troubles.get_mut(&subject) else { continue };
            trouble.timer = None;
            match trouble.next(&self.rules, gather).map(|(_, turn)| turn) {
                Some(Turn::Open) => self.opens(now, subject),
                Some(Turn::Clear) => self.recovers(now, subject),
                Some(Turn::Leave) => {
                    self.leaves(now, subject);
                    self.forget(subject);
                }
                Some(Turn::Forget) => self.forget(subject),
                None => {}
            }
            self.reschedule(subject);
            if let Some(ix) = subject.stream() {
                self.forget_row(ix);
            }
        }
        while let Some(&(at, number)) = self.untold.first().filter(|(at, _)| *at <= now.at) {
            self.untold.remove(&(at, number));
            self.tell(number);
        }
        if self.absent.until().is_some_and(|until| until <= now.at) {
            self.give_up_absent(now);
        }
    }

    /// How long what is found waits for others.
    const fn gathers(&self, subject: Subject) -> Duration {
        match subject {
            Subject::Stream(..) => self.rules.settings.gather,
            Subject::Notice(_) => Duration::ZERO,
        }
    }

    /// Works out anew when this one is to be looked at by itself.
    fn reschedule(&mut self, subject: Subject) {
        let gather = self.gathers(subject);
        let Some(trouble) = self.troubles.get_mut(&subject) else { return };
        let next = trouble.next(&self.rules, gather).map(|(at, _)| at);
        let before = std::mem::replace(&mut trouble.timer, next);
        if before != next {
            before.map(|at| self.timers.remove(&(at, subject)));
            next.map(|at| self.timers.insert((at, subject)));
        }
    }

    /// Nothing need be known of this one any more. Its row may stay: see [`Self::forget_row`].
    fn forget(&mut self, subject: Subject) {
        let Some(trouble) = self.troubles.remove(&subject) else { return };
        trouble.timer.map(|at| self.timers.remove(&(at, subject)));
        if let Subject::Stream(ix, family) = subject {
            self.not_at_host(trouble.host, ix, family);
        }
    }

    /// The row of a stream is known as long as it has troubles.
    fn forget_row(&mut self, ix: StreamIx) {
        if self.subjects_of(ix).next().is_none() {
            self.rows.remove(&ix);
        }
    }

    fn not_at_host(&mut self, host: Option<Arc<str>>, ix: StreamIx, family: Family) {
        let Some(place) = host.map(|host| (host, family)) else { return };
        if let Some(streams) = self.by_host.get_mut(&place) {
            streams.remove(&ix);
            if streams.is_empty() {
                self.by_host.remove(&place);
            }
        }
    }

    fn subjects_of(&self, ix: StreamIx) -> impl Iterator<Item = Subject> {
        let (first, last) = (Family::ALL[0], Family::ALL[Family::ALL.len() - 1]);
        let range = self.troubles.range(Subject::Stream(ix, first)..=Subject::Stream(ix, last));
        range.map(|(subject, _)| *subject)
    }

    /// The incident of this number, to be changed: it will be stored.
    fn edit(&mut self, number: u64) -> Option<&mut Incident> {
        let incident = self.kept.get_mut(&number)?;
        self.touched.entry(number).or_default();
        Some(Arc::make_mut(incident))
    }

    /// There is something to tell about an incident. Before it was told itself, there is not.
    fn say(&mut self, number: u64, change: Change) {
        if self.open.get(&number).is_some_and(|open| open.told) {
            let changes = self.touched.entry(number).or_default();
            if !changes.contains(&change) {
                changes.push(change);
            }
        }
    }

    /// It has all it can have: people may be told.
    fn tell(&mut self, number: u64) {
        let Some(open) = self.open.get_mut(&number) else { return };
        open.told = true;
        open.tell_at.take().map(|at| self.untold.remove(&(at, number)));
        self.say(number, Change::Opened);
    }

    /// Gives out what changed: first what is to be stored, then what is to be told about it.
    fn flush(&mut self, now: Now) {
        for number in std::mem::take(&mut self.recount) {
            self.call_anew(now, number);
        }
        let numbers: Vec<u64> = self.touched.keys().copied().collect();
        for number in numbers {
            self.refresh(number);
            self.heed_rows(now, number);
        }
        for (number, changes) in std::mem::take(&mut self.touched) {
            let Some(incident) = self.kept.get(&number) else { continue };
            self.effects.push(Effect::Keep(Arc::clone(incident)));
            // Of one that is over, nothing else is news.
            let over = changes.contains(&Change::Ended);
            let news = changes.into_iter().filter(|change| !over || *change == Change::Ended);
            self.effects.extend(
                news.map(|change| Effect::Happened(Happening { incident: Arc::clone(incident), change })),
            );
        }
        self.effects.append(&mut self.wants);
    }

    fn remove_stream(&mut self, now: Now, ix: StreamIx) {
        let subjects: Vec<Subject> = self.subjects_of(ix).collect();
        for subject in subjects {
            self.leaves(now, subject);
            self.forget(subject);
        }
        self.rows.remove(&ix);
        self.inputs.remove(&ix);
    }

    fn take_lines(&mut self, number: u64, lines: &[Arc<str>]) {
        if !self.open.contains_key(&number) {
            return;
        }
        if !lines.is_empty()
            && let Some(incident) = self.edit(number)
        {
            incident.lines = words::lines(lines);
        }
        if self.open.get(&number).is_some_and(|open| !open.told) {
            self.tell(number);
        }
    }

    /// Other settings: every rule is asked anew.
    fn renew(&mut self, now: Now, settings: &AlertSettings) {
        self.rules = Rules::new(settings);
        let rows: Vec<Arc<Row>> = self.rows.values().cloned().collect();
        for row in rows {
            let subjects: Vec<Subject> = self.subjects_of(row.ix).collect();
            for subject in subjects {
                self.judge_anew(now, subject, &row);
            }
            for family in Family::ALL {
                self.look(now, &row, family);
            }
            self.forget_row(row.ix);
        }
        let notices: Vec<Notice> = self.notices.values().cloned().collect();
        self.judge_notices_anew(now);
        self.take_notices(now, &notices);
        let subjects: Vec<Subject> = self.troubles.keys().copied().collect();
        for subject in subjects {
            self.reschedule(subject);
        }
        self.name_rules_anew();
        if !self.ended.is_empty() {
            self.prune_at = Some(now.at);
        }
    }
}

/// What the wall clock showed, or will show, at `at`.
fn wall(now: Now, at: Moment) -> u64 {
    let ms = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    now.wall_ms.saturating_sub(ms(now.at.since(at))).saturating_add(ms(now.at.until(at)))
}
