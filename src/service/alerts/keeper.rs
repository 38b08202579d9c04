//! The thread's loop.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::desk::{Desk, NEXT};
use super::wakes::{Awaits, Durable, News, json, key, log_happening};
use super::{Errand, Ground, STOP_LIMIT, Wanted};
use crate::alerts::incidents::{self, Effect};
use crate::alerts::letter::About;
use crate::alerts::post::{self, Post};
use crate::alerts::ways::Ways;
use crate::alerts::{Change, Happening, MESSAGE_MEMBERS, Message, Now, Outcome};
use crate::link::{Client, ClientMessage, Hub, IncidentAnswer, Role, ServerMessage, Who};
use crate::logs::Logs;
use crate::model::{
    AlertsReading, Answer, CareOrder, Command, Incident, IncidentBrief, IncidentOrder, MAX_INCIDENT_LINES,
    Moment, Row, Selection, StreamId, StreamIx,
};
use crate::store::{Store, Tree};

/// Changes of incidents wait this long for others before they are on the board.
const GATHER: Duration = Duration::from_millis(100);
/// The board is looked at this often at most: what must last for seconds need not be seen at once.
const PACE: Duration = Duration::from_millis(250);
/// How available streams are is kept this often; what was counted since is lost when headend is killed.
const KEEP_EVERY: Duration = Duration::from_secs(900);
/// It is looked this often for what no change tells of: what time it is for the supervisor, which must not be
/// longer than our clock goes on without it, and the readings of the post.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Everything the loop owns.
pub struct Keeper {
    desk: Arc<Desk>,
    post: Post,
    ways: Arc<Ways>,
    about: About,
    through: Vec<OsString>,
    wanted: Arc<Wanted>,
    hub: Hub,
    client: Client,
    news: Arc<News>,
    /// When the board is looked at next; `None`: when there are news.
    read_at: Option<Instant>,
    read: Instant,
    store: Arc<Store>,
    logs: Logs,
    /// Streams that are on the board.
    known: BTreeMap<StreamIx, StreamId>,
    /// headend leaves: what its streams do now is no fault of theirs.
    leaving: bool,
    /// The first number that no incident has had, as it was kept.
    next_kept: u64,
    awaits: Vec<Awaits>,
    /// What the store was asked for.
    asked: Option<Vec<Awaits>>,
    durable: Arc<Durable>,
    sending: JoinSet<(u64, Outcome)>,
    /// Which task sends which message: one for each receiver at most.
    on_their_way: Vec<(tokio::task::Id, u64)>,
    /// Nothing more is begun.
    ending: bool,
    shown: BTreeMap<u64, Arc<IncidentBrief>>,
    shown_reading: Arc<AlertsReading>,
    /// Something may have to be shown then.
    show_at: Option<Instant>,
    look_at: Instant,
    keep_at: Instant,
}

impl Keeper {
    pub fn new(ground: &Ground<'_>, wanted: &Arc<Wanted>, desk: Arc<Desk>, about: About) -> Self {
        let news = Arc::new(News::default());
        let wake = Arc::clone(&news);
        let client = ground.hub.attach(Role::Viewer, move || wake.tell());
        client.send(ClientMessage::WakeForReadings(false));
        let now = desk.books().clock.now();
        let next_kept = desk.next_number;
        let post = Post::new(&wanted.alerts, desk.take_papers(), ground.seed, &about.host, now);
        Self {
            desk,
            post,
            ways: Arc::new(Ways::new(wanted.mail.clone(), about.clone()).through(ground.through.clone())),
            through: ground.through.clone(),
            about,
            wanted: Arc::clone(wanted),
            hub: ground.hub.clone(),
            client,
            news,
            read_at: None,
            read: Instant::now(),
            store: Arc::clone(ground.store),
            logs: ground.logs.clone(),
            known: BTreeMap::new(),
            leaving: false,
            next_kept,
            awaits: Vec::new(),
            asked: None,
            durable: Arc::default(),
            sending: JoinSet::new(),
            on_their_way: Vec::new(),
            ending: false,
            shown: BTreeMap::new(),
            shown_reading: Arc::default(),
            show_at: None,
            look_at: Instant::now(),
            keep_at: Instant::now() + KEEP_EVERY,
        }
    }

    /// Runs until it is told to end.
    pub async fn run(mut self, mut errands: mpsc::Receiver<Errand>) {
        self.begin();
        loop {
            let due = self.due();
            let (durable, news) = (Arc::clone(&self.durable), Arc::clone(&self.news));
            tokio::select! {
                errand = errands.recv() => match errand {
                    Some(Errand::Order { number, order, who, answer }) => self.order(number, order, who.as_ref(), answer),
                    Some(Errand::Renew(wanted)) => self.renew(&wanted),
                    Some(Errand::End) | None => break,
                },
                Some(sent) = self.sending.join_next() => self.sent(sent),
                () = durable.woken.notified() => self.on_disk(),
                () = news.woken.notified() => self.read_at = Some(self.read + PACE),
                () = tokio::time::sleep_until(due.into()) => {}
            }
            self.time();
        }
        self.end().await;
    }

    /// When something is to be done though nothing happens.
    fn due(&mut self) -> Instant {
        let books = self.desk.books();
        // What waits for streams is not heard any more while headend leaves.
        let waits = books.incidents.next_deadline().filter(|_| !self.leaving);
        let decides = waits.into_iter().chain(self.post.next_deadline()).min();
        let decides = decides.map(|due: Moment| books.clock.instant(due));
        [decides, self.show_at, self.read_at]
            .into_iter()
            .flatten()
            .chain([self.look_at, self.keep_at])
            .min()
            .unwrap_or(self.look_at)
    }

    /// What was told before headend started is looked up, so that its end is told too.
    fn begin(&mut self) {
        let now = self.now();
        for number in self.post.unheard() {
            let found = self.desk.books().incidents.get(number).cloned();
            let input = match &found {
                Some(incident) if incident.is_open() => continue,
                Some(incident) => &Happening { incident: Arc::clone(incident), change: Change::Ended },
                None => {
                    let effects = self.post.handle(now, post::Input::Gone(number));
                    self.carry_out_post(effects);
                    continue;
                }
            };
            let effects = self.post.handle(now, post::Input::Happened(input));
            self.carry_out_post(effects);
        }
    }

    fn now(&self) -> Now {
        self.desk.books().clock.now()
    }

    /// Takes in what has changed on the board.
    fn look(&mut self) {
        (self.read, self.read_at) = (Instant::now(), None);
        self.news.told.store(false, Ordering::Release);
        let messages = self.client.take();
        self.leaving = self.leaving || messages.iter().any(|m| matches!(m, ServerMessage::Leaving { .. }));
        for message in messages {
            if self.leaving {
                return;
            }
            match message {
                ServerMessage::Board(board) => {
                    let gone: Vec<StreamIx> =
                        self.known.keys().copied().filter(|ix| !board.rows.contains_key(ix)).collect();
                    let rows: Vec<Arc<Row>> = board.rows.into_values().collect();
                    self.take_in(board.at, &rows, &gone);
                    self.decide(incidents::Input::Notices(&board.notices));
                }
                ServerMessage::Delta(delta) => {
                    let rows: Vec<Arc<Row>> = delta.rows.into_values().collect();
                    self.take_in(delta.at, &rows, &delta.removed);
                    if let Some(notices) = &delta.notices {
                        self.decide(incidents::Input::Notices(notices));
                    }
                }
                _ => {}
            }
        }
    }

    fn take_in(&mut self, at: Moment, rows: &[Arc<Row>], gone: &[StreamIx]) {
        for ix in gone {
            self.known.remove(ix);
        }
        self.known.extend(rows.iter().map(|row| (row.ix, row.id.clone())));
        {
            let mut books = self.desk.books();
            books.clock.set(at);
            let now = books.clock.now();
            books.ledger.rows(now, rows);
            books.ledger.removed(now, gone);
        }
        if !gone.is_empty() {
            self.decide(incidents::Input::Removed(gone));
        }
        if !rows.is_empty() {
            self.decide(incidents::Input::Rows(rows));
        }
    }

    /// Tells what decides about incidents, and carries out what it wants.
    fn decide(&mut self, input: incidents::Input<'_>) {
        let effects = {
            let mut books = self.desk.books();
            let now = books.clock.now();
            books.incidents.handle(now, input)
        };
        self.carry_out(effects, None);
    }

    /// Returns why an order is not taken, if it is not.
    fn carry_out(&mut self, effects: Vec<Effect>, who: Option<&Who>) -> Option<String> {
        let (mut refused, mut wanted) = (None, Vec::new());
        for effect in effects {
            match effect {
                Effect::Keep(incident) => self.keep(&incident),
                Effect::Forget(number) => self.put(Tree::Incidents, &key(number), None),
                Effect::Happened(happening) => {
                    log_happening(&happening);
                    let now = self.now();
                    let effects = self.post.handle(now, post::Input::Happened(&happening));
                    self.carry_out_post(effects);
                }
                // Answered when all of these are done: what comes of it is newer than any of them.
                Effect::WantLines { number, stream } => wanted.push((number, stream)),
                Effect::Acknowledge { streams, undo } => self.acknowledge(streams, undo, who),
                Effect::Refuse(why) => refused = Some(why),
            }
            self.show_soon();
        }
        for (number, stream) in wanted {
            let lines = self.last_lines(stream);
            self.decide(incidents::Input::Lines { number, lines });
        }
        refused
    }

    fn keep(&mut self, incident: &Incident) {
        if incident.number >= self.next_kept {
            self.next_kept = incident.number + 1;
            self.put(Tree::Incidents, NEXT, Some(self.next_kept.to_string().into()));
        }
        let key = key(incident.number);
        if !self.store.keep(Tree::Incidents, &key, Some(json(incident))) {
            // A thousand streams with the longest URLs: those that failed first say enough.
            let mut less = incident.clone();
            let more = less.members.len().saturating_sub(MESSAGE_MEMBERS);
            less.members.truncate(MESSAGE_MEMBERS);
            less.more_members = less.more_members.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
            self.put(Tree::Incidents, &key, Some(json(&less)));
        }
    }

    fn last_lines(&self, stream: StreamIx) -> Vec<Arc<str>> {
        let from = self.logs.next_number(stream).saturating_sub(MAX_INCIDENT_LINES as u64);
        let (lines, ..) = self.logs.lines_from(stream, from);
        lines.into_iter().map(|line| line.text).collect()
    }

    /// The streams of an incident are acknowledged as those of a selection are: by an order.
    fn acknowledge(&self, streams: Vec<StreamId>, undo: bool, who: Option<&Who>) {
        let wake = || {};
        let client = match who {
            Some(who) => self.hub.attach_as(Role::Operator, who.clone(), wake),
            None => self.hub.attach(Role::Operator, wake),
        };
        let order = if undo { CareOrder::Unacknowledge } else { CareOrder::Acknowledge };
        let command = Command::Care { order, target: Selection::Ids(streams) };
        client.send(ClientMessage::Command { seq: 1, command });
    }

    fn carry_out_post(&mut self, effects: Vec<post::Effect>) {
        for effect in effects {
            match effect {
                post::Effect::Keep(paper) => self.put(Tree::Outbox, &paper.key, paper.value),
                post::Effect::Barrier(number) => self.awaits.push(Awaits::Message(number)),
                post::Effect::Send(message) => self.send(message),
                post::Effect::Note(text) => log::warn!("{text}"),
            }
            self.show_soon();
        }
    }

    fn send(&mut self, message: Arc<Message>) {
        if self.ending {
            // It is kept, and would be cut off in the middle.
            return;
        }
        let receiver = self.wanted.alerts.receivers.iter().find(|r| r.name == message.receiver).cloned();
        let ways = Arc::clone(&self.ways);
        let number = message.number;
        let task = self.sending.spawn(async move {
            let outcome = match receiver {
                Some(receiver) => ways.send(&receiver, &message).await,
                None => Outcome::Permanent("no such receiver is configured any more".into()),
            };
            (message.number, outcome)
        });
        self.on_their_way.push((task.id(), number));
    }

    fn sent(&mut self, sent: Result<(u64, Outcome), tokio::task::JoinError>) {
        let (number, outcome) = match sent {
            Ok(sent) => sent,
            Err(error) => {
                let task = error.id();
                let Some((_, number)) = self.on_their_way.iter().find(|(id, _)| *id == task) else { return };
                (*number, Outcome::Temporary(format!("a defect of headend: {error}")))
            }
        };
        self.on_their_way.retain(|(_, other)| *other != number);
        match &outcome {
            Outcome::Accepted(answer) => log::info!("message {number} was accepted: {answer}"),
            Outcome::Temporary(why) => log::warn!("message {number} is tried again: {why}"),
            Outcome::Permanent(why) => log::error!("message {number} was refused for good: {why}"),
        }
        let now = self.now();
        let effects = self.post.handle(now, post::Input::Sent { number, outcome });
        self.carry_out_post(effects);
    }

    fn order(&mut self, number: u64, order: IncidentOrder, who: Option<&Who>, answer: IncidentAnswer) {
        let by = who.map_or("operator", |who| &who.user);
        let effects = {
            let mut books = self.desk.books();
            let now = books.clock.now();
            books.incidents.handle(now, incidents::Input::Order { number, order, by })
        };
        match self.carry_out(effects, who) {
            Some(why) => answer(Answer::Refused { reason: why.into() }),
            None => self.awaits.push(Awaits::Answer(answer)),
        }
    }

    fn renew(&mut self, wanted: &Arc<Wanted>) {
        if **wanted == *self.wanted {
            return;
        }
        if wanted.mail != self.wanted.mail {
            // What is on its way goes on as it began.
            let ways = Ways::new(wanted.mail.clone(), self.about.clone());
            self.ways = Arc::new(ways.through(self.through.clone()));
        }
        self.wanted = Arc::clone(wanted);
        self.decide(incidents::Input::Settings(&wanted.alerts));
        let now = self.now();
        let effects = self.post.handle(now, post::Input::Settings(Arc::clone(&wanted.alerts)));
        self.carry_out_post(effects);
    }

    /// Whatever woke the loop: what is due is done, what waits is asked for, what changed is shown.
    fn time(&mut self) {
        // Also without news: what time it is stands on the board, and while no row changes nobody is woken.
        let clock = Instant::now();
        if self.read_at.is_some_and(|at| at <= clock) || clock >= self.look_at {
            self.look();
        }
        if !self.leaving {
            self.decide(incidents::Input::Time);
        }
        let now = self.now();
        let effects = self.post.handle(now, post::Input::Time);
        self.carry_out_post(effects);
        self.ask_the_disk();
        if clock >= self.keep_at {
            self.keep_at = clock + KEEP_EVERY;
            self.keep_availability();
        }
        if self.show_at.is_some_and(|at| at <= clock) || clock >= self.look_at {
            self.look_at = clock + LOOK_EVERY;
            self.show_at = None;
            self.show();
        }
    }

    /// One barrier at a time: those that come meanwhile wait for the next.
    fn ask_the_disk(&mut self) {
        if self.asked.is_some() || self.awaits.is_empty() {
            return;
        }
        self.asked = Some(std::mem::take(&mut self.awaits));
        let durable = Arc::clone(&self.durable);
        self.store.barrier(Box::new(move |result| {
            *durable.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
            durable.woken.notify_one();
        }));
    }

    fn on_disk(&mut self) {
        let told = self.durable.told.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((result, waited)) = told.zip(self.asked.take()) else { return };
        for one in waited {
            match one {
                Awaits::Message(number) => {
                    let now = self.now();
                    let effects = self.post.handle(now, post::Input::Durable(number));
                    self.carry_out_post(effects);
                }
                Awaits::Answer(answer) => answer(match &result {
                    Ok(()) => Answer::Done { touched: 0 },
                    Err(why) => Answer::NotSaved { touched: 0, reason: why.as_str().into() },
                }),
            }
        }
    }

    fn show_soon(&mut self) {
        self.show_at.get_or_insert_with(|| Instant::now() + GATHER);
    }

    /// Puts on the board what differs from what is there.
    fn show(&mut self) {
        let mut open = BTreeMap::new();
        for incident in self.desk.books().incidents.open() {
            let brief = IncidentBrief { told: self.post.told(incident.number), ..incident.brief() };
            open.insert(incident.number, brief);
        }
        let ended: Vec<u64> =
            self.shown.keys().copied().filter(|number| !open.contains_key(number)).collect();
        let mut changed = BTreeMap::new();
        for (number, brief) in open {
            if self.shown.get(&number).is_none_or(|shown| **shown != brief) {
                changed.insert(number, Arc::new(brief));
            }
        }
        let reading = self.post.reading();
        let reading = (*self.shown_reading != reading).then(|| Arc::new(reading));
        if changed.is_empty() && ended.is_empty() && reading.is_none() {
            return;
        }
        self.shown.retain(|number, _| !ended.contains(number));
        self.shown.extend(changed.iter().map(|(number, brief)| (*number, Arc::clone(brief))));
        if let Some(reading) = &reading {
            self.shown_reading = Arc::clone(reading);
        }
        self.hub.publish_incidents(changed, ended, reading);
    }

    /// To the store, which says itself what it can't take.
    fn put(&self, tree: Tree, key: &str, value: Option<Arc<str>>) {
        let _ = self.store.keep(tree, key, value);
    }

    fn keep_availability(&self) {
        let kept = {
            let mut books = self.desk.books();
            let now = books.clock.now();
            books.ledger.to_keep(now)
        };
        for (id, text) in kept {
            self.put(Tree::Availability, id.as_str(), text);
        }
    }

    /// What is on its way is waited for, a little; what waits is in the store.
    async fn end(mut self) {
        self.ending = true;
        self.keep_availability();
        let rest = async {
            while let Some(sent) = self.sending.join_next().await {
                self.sent(sent);
            }
            self.ways.close().await;
        };
        // What has not ended by then was perhaps accepted: it is sent again, with the same id.
        let _ = tokio::time::timeout(STOP_LIMIT.saturating_sub(Duration::from_millis(200)), rest).await;
        for one in self.awaits.drain(..).chain(self.asked.take().into_iter().flatten()) {
            if let Awaits::Answer(answer) = one {
                answer(Answer::Refused { reason: "headend is leaving".into() });
            }
        }
    }
}
