//! A store that can be killed, servers that are bad, and incidents that come and go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::super::super::outbox::tests::{alike, incident, now, settings};
use super::super::super::outbox::{Kept, MAX_DRAFTS, MAX_LIMITED};
use super::super::super::papers::{Paper, Papers};
use super::super::super::{Change, Event, Happening, Message, Now, Outcome};
use super::super::{Effect, Input, Post};
use crate::config::{AlertSettings, Rule};
use crate::model::{Acknowledgement, Ending, Incident, Severity};

pub const SECOND: i64 = 1_000;
pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 3_600_000;

/// What a world is to go through.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Headend is killed now and then.
    pub kills: bool,
    /// And then the store may have any part of what it was given since the last barrier.
    pub torn: bool,
    /// Servers are bad.
    pub bad: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self { kills: true, torn: false, bad: true }
    }
}

impl Plan {
    pub fn calm() -> Self {
        Self { kills: false, torn: false, bad: false }
    }
}

/// How the servers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Well,
    /// Any answer may come, or be lost.
    Bad,
    Down,
}

pub struct World {
    random: fastrand::Rng,
    plan: Plan,
    settings: Arc<AlertSettings>,
    pub post: Post,
    pub ms: i64,
    pub wall_ahead_ms: i64,
    pub mood: Mood,
    /// What a kill leaves.
    disk: BTreeMap<String, Arc<str>>,
    unwritten: Vec<Paper>,
    barriers: Vec<u64>,
    sync_at: Option<i64>,
    on_the_way: Vec<(i64, Arc<Message>)>,
    /// Of which incidents the store knows.
    pub incidents: BTreeMap<u64, Arc<Incident>>,
    opened: BTreeMap<u64, i64>,
    withdrawn: BTreeSet<u64>,
    /// Whom it was said of before anybody was told.
    known: BTreeSet<u64>,
    pub accepted: Vec<(i64, Arc<Message>)>,
    pub refused: Vec<Arc<Message>>,
    /// When each message was first given out, and as what.
    given: BTreeMap<u64, (i64, Arc<Message>)>,
    ids: BTreeSet<Arc<str>>,
    /// Messages that may be sent again: nobody knows what became of the last try.
    open_ended: BTreeSet<u64>,
    pub kills: u32,
    pub lost_answers: u32,
    effects: usize,
    pub kill_after: Option<usize>,
}

fn its_settings() -> AlertSettings {
    let mut all = settings(&["a", "b", "c"]);
    let rule = |name: &str, tell: &[&str]| Rule {
        name: name.into(),
        at_least: Severity::Warning,
        tell: tell.iter().map(|name| (*name).into()).collect(),
        repeat: None,
        ..Rule::fallback(&[])
    };
    all.rules = vec![
        rule("one", &["a"]),
        Rule {
            repeat: Some(Duration::from_secs(1_200)),
            escalate_after: Some(Duration::from_secs(600)),
            escalate_to: vec!["c".into()],
            ..rule("two", &["a", "b"])
        },
    ];
    all.per_hour = 30;
    all
}

impl World {
    pub fn new(seed: u64, plan: Plan) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut all = its_settings();
        if !plan.bad {
            all.per_hour = 60;
        }
        let settings = Arc::new(all);
        let post = Post::new(&settings, Papers::read(&BTreeMap::new()), random.u64(..), "tv.example", now(0));
        let mut world = Self {
            random,
            plan,
            settings,
            post,
            ms: 0,
            wall_ahead_ms: 0,
            mood: Mood::Well,
            disk: BTreeMap::new(),
            unwritten: Vec::new(),
            barriers: Vec::new(),
            sync_at: None,
            on_the_way: Vec::new(),
            incidents: BTreeMap::new(),
            opened: BTreeMap::new(),
            withdrawn: BTreeSet::new(),
            known: BTreeSet::new(),
            accepted: Vec::new(),
            refused: Vec::new(),
            given: BTreeMap::new(),
            ids: BTreeSet::new(),
            open_ended: BTreeSet::new(),
            kills: 0,
            lost_answers: 0,
            effects: 0,
            kill_after: None,
        };
        world.start();
        world
    }

    fn now(&self) -> Now {
        let now = now(self.ms);
        Now { wall_ms: now.wall_ms.saturating_add_signed(self.wall_ahead_ms), ..now }
    }

    /// What a start does: papers, what is open, what has ended meanwhile, and then time.
    pub fn start(&mut self) {
        let papers = Papers::read(&self.disk);
        assert!(papers.notes.is_empty(), "{:?}", papers.notes);
        self.post = Post::new(&self.settings, papers, self.random.u64(..), "tv.example", self.now());
        let open: Vec<u64> =
            self.incidents.values().filter(|one| one.is_open()).map(|one| one.number).collect();
        for number in open {
            self.happen(number, Change::Restored);
        }
        for number in self.post.unheard() {
            self.happen(number, Change::Ended);
        }
        self.input(Input::Time);
    }

    pub fn kill(&mut self) {
        self.kills += 1;
        let unwritten = std::mem::take(&mut self.unwritten);
        for paper in unwritten {
            if self.plan.torn && self.random.bool() {
                self.write(paper);
            }
        }
        // The answers of these are lost, or their mark is.
        let sent: Vec<u64> = self.given.keys().copied().collect();
        for number in sent {
            let paper = self.disk.get(&Paper::message(number, None).key);
            let kept = paper.map(|paper| serde_json::from_str::<Kept>(paper).unwrap());
            if matches!(kept, Some(Kept::Waiting { .. })) {
                self.open_ended.insert(number);
            }
        }
        for (_, message) in std::mem::take(&mut self.on_the_way) {
            // It arrived, and nobody heard of it.
            if self.random.bool() {
                self.accept(&message);
            }
        }
        self.barriers.clear();
        self.sync_at = None;
    }

    fn write(&mut self, paper: Paper) {
        match paper.value {
            Some(value) => drop(self.disk.insert(paper.key, value)),
            None => drop(self.disk.remove(&paper.key)),
        }
    }

    fn input(&mut self, input: Input<'_>) {
        let now = self.now();
        let effects = self.post.handle(now, input);
        for effect in effects {
            self.effects += 1;
            if self.kill_after == Some(self.effects) {
                self.kill();
                self.start();
                return;
            }
            match effect {
                Effect::Keep(paper) => {
                    self.unwritten.push(paper);
                    // What is kept without a barrier is written within a second.
                    self.sync_at.get_or_insert(self.ms + 1_000);
                }
                Effect::Barrier(number) => {
                    self.barriers.push(number);
                    let soon = self.ms + self.random.i64(1..300);
                    self.sync_at = Some(self.sync_at.map_or(soon, |at| at.min(soon)));
                }
                Effect::Send(message) => self.send(message),
                Effect::Note(text) => assert!(!text.is_empty()),
            }
        }
        let (drafts, causes) = self.post.outbox.sizes();
        assert!(drafts <= MAX_DRAFTS && causes <= MAX_LIMITED);
        assert!(self.post.next_deadline().is_none_or(|at| at.millis() < self.ms + 2 * 24 * HOUR));
    }

    fn send(&mut self, message: Arc<Message>) {
        let paper =
            self.disk.get(&Paper::message(message.number, None).key).expect("it is kept before it is sent");
        let Kept::Waiting { message: kept, sealed: true, .. } = serde_json::from_str(paper).unwrap() else {
            panic!("it is not sealed: {paper}")
        };
        assert_eq!(kept, *message, "what is sent is what is kept");
        assert!(self.on_the_way.iter().all(|(_, other)| other.receiver != message.receiver), "one at a time");
        if let Some((_, before)) = self.given.get(&message.number) {
            assert_eq!(before, &message, "each try is the same");
            assert!(self.open_ended.remove(&message.number), "{} is sent twice", message.number);
        } else {
            assert!(self.ids.insert(Arc::clone(&message.message_id)), "its id is its own");
            self.given.insert(message.number, (self.ms, Arc::clone(&message)));
        }
        let takes = if self.mood == Mood::Bad { self.random.i64(1..20_000) } else { self.random.i64(1..100) };
        self.on_the_way.push((self.ms + takes, message));
    }

    fn accept(&mut self, message: &Arc<Message>) {
        if self.accepted.iter().all(|(_, other)| other.number != message.number) {
            self.accepted.push((self.given[&message.number].0, Arc::clone(message)));
        }
    }

    fn answer(&mut self, message: &Arc<Message>) {
        let roll = match self.mood {
            Mood::Well => 0,
            Mood::Bad => self.random.u8(..10),
            Mood::Down => 7,
        };
        let outcome = match roll {
            0..=4 => {
                self.accept(message);
                Outcome::Accepted("250 ok".into())
            }
            5 => {
                self.accept(message);
                self.lost_answers += 1;
                Outcome::Temporary("the answer was lost".into())
            }
            6 => {
                self.refused.push(Arc::clone(message));
                Outcome::Permanent("550 no".into())
            }
            _ => Outcome::Temporary("421 later".into()),
        };
        if matches!(outcome, Outcome::Temporary(_)) {
            self.open_ended.insert(message.number);
        }
        self.input(Input::Sent { number: message.number, outcome });
    }

    pub fn happen(&mut self, number: u64, change: Change) {
        let Some(incident) = self.incidents.get(&number).cloned() else { return };
        self.input(Input::Happened(&Happening { incident, change }));
    }

    pub fn open(&mut self, incident: &Arc<Incident>) {
        let rule = if incident.rule.is_empty() { "one".into() } else { Arc::clone(&incident.rule) };
        let incident = Arc::new(Incident { rule, ..(**incident).clone() });
        self.incidents.insert(incident.number, Arc::clone(&incident));
        self.opened.insert(incident.number, self.ms);
        self.happen(incident.number, Change::Opened);
    }

    fn change(&mut self, number: u64, how: Change, change: impl FnOnce(&mut Incident)) {
        let Some(incident) = self.incidents.get(&number).filter(|one| one.is_open()) else { return };
        let mut changed = (**incident).clone();
        change(&mut changed);
        self.incidents.insert(number, Arc::new(changed));
        self.happen(number, how);
    }

    /// It ends, and headend does not hear of it.
    pub fn ends_unheard(&mut self, number: u64) {
        let ended = Some((self.now().wall_ms, Ending::Cleared));
        let incident = Incident { ended, ..(*self.incidents[&number]).clone() };
        self.incidents.insert(number, Arc::new(incident));
    }

    pub fn end(&mut self, number: u64) {
        let at = self.now().wall_ms;
        self.change(number, Change::Ended, |one| one.ended = Some((at, Ending::Cleared)));
    }

    /// It is a part of another one now, or nobody wants to know.
    pub fn withdraw(&mut self, number: u64) {
        let at = self.now().wall_ms;
        self.withdrawn.insert(number);
        self.change(number, Change::Ended, |one| one.ended = Some((at, Ending::Withdrawn)));
    }

    /// Somebody knows, or takes that back.
    pub fn acknowledge(&mut self, number: u64, is: bool) {
        let ack = is.then(|| Acknowledgement { wall_ms: 1, by: "eva".into() });
        let change = if is { Change::Acknowledged } else { Change::Unacknowledged };
        self.change(number, change, |one| one.acknowledged = ack);
    }

    /// Lets time pass up to `ms`.
    pub fn until(&mut self, ms: i64) {
        loop {
            let deadline = self.post.next_deadline().map(|at| at.millis().max(self.ms));
            let answer = self.on_the_way.iter().map(|(at, _)| *at).min();
            let Some(at) =
                [deadline, answer, self.sync_at].into_iter().flatten().min().filter(|at| *at <= ms)
            else {
                break;
            };
            self.ms = self.ms.max(at);
            if self.sync_at.is_some_and(|sync| sync <= self.ms) {
                self.sync();
            } else if let Some(one) = self.on_the_way.iter().position(|(at, _)| *at <= self.ms) {
                let (_, message) = self.on_the_way.swap_remove(one);
                self.answer(&message);
            } else {
                self.input(Input::Time);
            }
        }
        self.ms = self.ms.max(ms);
    }

    fn sync(&mut self) {
        self.sync_at = None;
        for paper in std::mem::take(&mut self.unwritten) {
            self.write(paper);
        }
        for number in std::mem::take(&mut self.barriers) {
            self.input(Input::Durable(number));
        }
    }

    /// Half an hour of trouble, and then all is well until nothing waits any more.
    pub fn live(&mut self) {
        self.mood = if self.plan.bad { Mood::Bad } else { Mood::Well };
        let mut next = 1;
        while self.ms < 30 * MINUTE {
            self.something_happens(&mut next);
            let pause = if self.random.u8(..4) == 0 { 1 } else { self.random.i64(1..60_000) };
            self.until(self.ms + pause);
            if self.plan.kills && self.random.u8(..4) == 0 {
                self.kill();
                self.start();
            }
            if self.plan.bad && self.random.u8(..10) == 0 {
                self.mood = if self.mood == Mood::Down { Mood::Bad } else { Mood::Down };
            }
        }
        self.mood = Mood::Well;
        self.until(self.ms + 10 * SECOND);
        for number in 1..next {
            self.end(number);
        }
        self.until(self.ms + 6 * HOUR);
        self.settle();
    }

    fn something_happens(&mut self, next: &mut u64) {
        let open: Vec<u64> =
            self.incidents.values().filter(|one| one.is_open()).map(|one| one.number).collect();
        let one = open.get(self.random.usize(..open.len().max(1))).copied();
        match (self.random.u8(..10), one) {
            (0..=3, _) | (_, None) => {
                let many = if self.random.u8(..8) == 0 { 30 } else { 1 };
                for _ in 0..many {
                    self.open_one(*next);
                    *next += 1;
                }
            }
            (4, Some(number)) => self.change(number, Change::Grew, |one| one.more_members += 1),
            (5, Some(number)) => {
                self.change(number, Change::Rose, |one| one.severity = Severity::Critical);
            }
            (6, Some(number)) => {
                self.known.insert(number);
                self.acknowledge(number, true);
            }
            (7, Some(number)) => self.withdraw(number),
            // It takes its time until what opened an incident counts as over.
            (_, Some(number)) if self.opened[&number] + 5 * SECOND <= self.ms => self.end(number),
            _ => {}
        }
    }

    fn open_one(&mut self, number: u64) {
        // Some causes come back; never one that is open.
        let cause = incident(1_000 + self.random.u64(..12));
        let free = self.incidents.values().all(|one| !one.is_open() || one.cause != cause.cause);
        let base = if free && self.random.bool() { alike(number, &cause) } else { incident(number) };
        let severity = if self.random.bool() { Severity::Critical } else { Severity::Warning };
        let rule = if self.random.bool() { "one" } else { "two" };
        self.open(&Arc::new(Incident { severity, rule: rule.into(), ..(*base).clone() }));
    }

    /// Of which incidents one receiver has heard by name.
    pub fn told_to(&self, receiver: &str) -> BTreeSet<u64> {
        let its = self.accepted.iter().filter(|(_, message)| &*message.receiver == receiver);
        its.flat_map(|(_, message)| &message.items).map(|item| item.incident.number).collect()
    }

    /// The laws that hold when nothing waits any more.
    pub fn settle(&self) {
        assert_eq!(self.post.reading().waiting, 0, "at {}: {:?}", self.ms, self.post.reading());
        for receiver in ["a", "b", "c"] {
            self.everything_is_told(receiver);
            self.limits_hold(receiver);
        }
    }

    fn everything_is_told(&self, receiver: &str) {
        let its = |(_, message): &&(i64, Arc<Message>)| &*message.receiver == receiver;
        let accepted: Vec<_> =
            self.accepted.iter().filter(its).flat_map(|(_, message)| &message.items).collect();
        let refused: BTreeSet<u64> = self
            .refused
            .iter()
            .filter(|message| &*message.receiver == receiver)
            .flat_map(|message| message.items.iter().map(|item| item.incident.number))
            .collect();
        let counted = self.accepted.iter().any(|(_, message)| message.more_items > 0);
        let first = |event| matches!(event, Event::Raised | Event::Escalated);
        for (number, incident) in &self.incidents {
            let about: Vec<_> = accepted.iter().filter(|item| item.incident.number == *number).collect();
            let raises = about.iter().filter(|item| first(item.event)).count();
            let rule = self.settings.rules.iter().find(|rule| rule.name == incident.rule).unwrap();
            let due = rule.tell.iter().any(|name| &**name == receiver);
            // Who knew before a kill may be told, or not; a message of a digest is only counted.
            let excused = self.withdrawn.contains(number) || self.known.contains(number) || counted;
            assert!(
                !due || excused || raises > 0 || refused.contains(number),
                "{receiver} never heard of {number}"
            );
            // What was refused after its answer was lost is another matter.
            let once = !self.plan.torn && !refused.contains(number);
            if once {
                assert!(raises <= 1, "{receiver} heard {raises} times that {number} was there");
            }
            let ends = about.iter().filter(|item| !item.incident.is_open()).count();
            if raises > 0 && !excused && !refused.contains(number) && !incident.is_open() {
                assert!(ends > 0, "{receiver} never heard that {number} is over");
            }
            if once {
                assert!(ends <= 1, "{receiver} heard {ends} times that {number} is over");
            }
            assert!(
                about.is_empty() || raises > 0 || refused.contains(number),
                "{receiver} heard of {number} for the first time when it changed or was over"
            );
        }
    }

    fn limits_hold(&self, receiver: &str) {
        // One that was refused after its answer was lost is not counted.
        let refused: BTreeSet<u64> = self.refused.iter().map(|message| message.number).collect();
        let its = self.accepted.iter().filter(|(_, message)| &*message.receiver == receiver);
        let its = its.filter(|(_, message)| !refused.contains(&message.number));
        let mut times: Vec<i64> = its.clone().map(|(at, _)| *at).collect();
        times.sort_unstable();
        let most = self.settings.per_hour as usize;
        for window in times.windows(most + 1) {
            assert!(window[most] - window[0] >= HOUR - SECOND, "{receiver} got more than {most} in an hour");
        }
        let alone = self.settings.digest_above as usize + 5;
        for window in times.windows(alone + 1) {
            assert!(
                window[alone] - window[0] >= MINUTE - SECOND,
                "{receiver} got more than {alone} in a minute"
            );
        }
        let mut by_cause: BTreeMap<_, Vec<(i64, Event, u64, Severity)>> = BTreeMap::new();
        for (at, message) in its {
            for item in &message.items {
                let incident = &item.incident;
                let one = (*at, item.event, incident.number, incident.severity);
                let of_cause = by_cause.entry(&incident.cause).or_default();
                if of_cause.last().is_none_or(|last| last.0 != *at) {
                    of_cause.push(one);
                }
            }
        }
        // From here to when it was decided the store takes a moment.
        let limit = i64::try_from(self.settings.rate_limit.as_millis()).unwrap() - SECOND;
        for (cause, mut messages) in by_cause {
            if self.plan.torn {
                // One may be sealed and not given out until long after the limits were asked.
                continue;
            }
            messages.sort_by_key(|one| one.0);
            // The first of a time, and whether its recovery has followed.
            let mut first: Option<(i64, u64, Severity, bool)> = None;
            for (at, event, number, severity) in messages.iter().copied() {
                first = match first {
                    Some((before, of, was, paired)) if at - before < limit && severity <= was => {
                        let second = event == Event::Recovered && number == of && !paired;
                        assert!(second, "{receiver}: {cause:?} twice within the time: {messages:?}");
                        Some((before, of, was, true))
                    }
                    _ => Some((at, number, severity, false)),
                };
            }
        }
    }
}
