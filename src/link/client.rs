//! A client's end of the in-process link.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::audit::{Audited, remembered};
use super::filter::Filter;
use super::hub::{MAX_IDS, MAX_IDS_WAITING, MAX_REQUESTS, Request, Shared};
use super::mailbox::{Auditing, DetailWanted, Fetched, Reading};
use super::{ClientMessage, Link, LinkState, MAX_FOLLOWED, Role, ServerMessage, Wake, Who, histories};
use crate::model::{Answer, Command, IncidentOrder, IncidentQuery, LogPlace, StreamIx};

const TOO_MANY_WAIT: &str = "too many commands wait; try again";

/// A client in the supervisor's own process.
pub struct Client {
    id: u64,
    shared: Arc<Shared>,
    /// It is sent only what this finds. Nobody else needs it: so it is not under the hub's lock.
    filter: Mutex<Option<Filter>>,
}

impl Client {
    pub(super) const fn new(id: u64, shared: Arc<Shared>) -> Self {
        Self { id, shared, filter: Mutex::new(None) }
    }

    fn filter(&self) -> MutexGuard<'_, Option<Filter>> {
        self.filter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a message. A command that can't be taken is answered at once, like any other.
    pub fn send(&self, mut message: ClientMessage) {
        if let ClientMessage::Show(text) = &message {
            *self.filter() = Filter::of(text);
        }
        if let ClientMessage::FollowLogs(streams) = &mut message {
            first_logs(streams);
        }
        let mut state = self.shared.lock();
        let Some(mailbox) = state.clients.get_mut(&self.id) else {
            return;
        };
        match message {
            // Nobody waits for what these change.
            ClientMessage::WakeForReadings(wakes) => {
                mailbox.wakes_for_readings = wakes;
                return;
            }
            // Who is in the same process takes what it wants when it wants.
            ClientMessage::Pace(_) => return,
            ClientMessage::WantBoard | ClientMessage::Show(_) => mailbox.wants_board = true,
            ClientMessage::FollowLogs(streams) => mailbox.follow_logs(streams),
            ClientMessage::ReadLog { seq, stream, before, lines } => {
                if matches!(mailbox.reading, Reading::Nothing) {
                    mailbox.reading = Reading::Waits;
                    drop(state);
                    self.read_log(seq, stream, before, lines);
                    return;
                }
                mailbox.refuse(seq, "another piece of a log is being read for you");
            }
            ClientMessage::ReadAudit { seq, before, count } => {
                if matches!(mailbox.auditing, Auditing::Nothing) {
                    mailbox.auditing = Auditing::Waits;
                    drop(state);
                    self.read_audit(seq, before, count);
                    return;
                }
                mailbox.refuse(seq, "another page of the audit log is being read for you");
            }
            ClientMessage::ReadIncidents { seq, query } => {
                drop(state);
                self.read_incidents(seq, &query);
                return;
            }
            ClientMessage::FollowDetail(stream) => {
                mailbox.detail = stream.map(DetailWanted::new);
                drop(state);
                // The supervisor looks who wants what whenever it publishes: soon, then.
                (self.shared.requested)();
                return;
            }
            ClientMessage::FollowHistory(what) => {
                mailbox.follow_history(what.map(|(of, span)| histories::Follow::new(of, span)));
            }
            ClientMessage::Command { seq, command } => {
                drop(state);
                self.command(seq, command);
                return;
            }
        }
        let wake = mailbox.wake();
        drop(state);
        wake();
    }

    /// Passes a command on to the supervisor, or refuses it.
    fn command(&self, seq: u64, command: Command) {
        let named = Request::named(&command);
        let words = remembered(&command);
        let (refusal, audited, about) = {
            let mut state = self.shared.lock();
            let (role, who) = match state.clients.get(&self.id) {
                Some(mailbox) => (mailbox.role, mailbox.who.clone()),
                None => return,
            };
            let waits =
                || state.requests.iter().map(|waiting| Request::named(&waiting.command)).sum::<usize>();
            let refusal = match role {
                Role::Viewer => Some("a viewer may not give commands"),
                _ if !state.open => Some("headend is leaving"),
                _ if named > MAX_IDS => Some("it names too many streams; give it to fewer, or to all"),
                _ if state.requests.len() >= MAX_REQUESTS => Some(TOO_MANY_WAIT),
                _ if named > 0 && waits() + named > MAX_IDS_WAITING => Some(TOO_MANY_WAIT),
                Role::Operator => None,
            };
            let (audited, about) = if let Some(reason) = refusal {
                let answer = Answer::Refused { reason: reason.into() };
                (words.map(|words| Audited::new(who, role, words, &answer)), None)
            } else {
                let about = match command {
                    Command::Incident { number, order } => Some((number, order, who.clone())),
                    command => {
                        state.requests.push_back(Request { client: self.id, seq, command });
                        None
                    }
                };
                (words.and_then(|words| state.unanswered.put((self.id, seq), who, role, words)), about)
            };
            (refusal, audited, about)
        };
        self.shared.remember(audited);
        match (refusal, about) {
            (Some(reason), _) => self.shared.with_mailbox(self.id, |mailbox| mailbox.refuse(seq, reason)),
            (None, Some((number, order, who))) => self.order_about(seq, number, order, who),
            (None, None) => (self.shared.requested)(),
        }
    }

    /// Passes an order about an incident on to where they are kept: the supervisor knows nothing of them.
    fn order_about(&self, seq: u64, number: u64, order: IncidentOrder, who: Option<Who>) {
        let (client, shared) = (self.id, Arc::clone(&self.shared));
        let answer = Box::new(move |answer| shared.answer(client, seq, answer));
        match self.shared.incidents.get() {
            Some(desk) => desk.order(number, order, who, answer),
            None => answer(Answer::Refused { reason: "nobody keeps incidents here".into() }),
        }
    }

    /// Has a page of the audit log read; what comes of it goes into the mailbox.
    fn read_audit(&self, seq: u64, before: u64, count: usize) {
        let (client, shared) = (self.id, Arc::clone(&self.shared));
        let answer = move |entries| {
            shared.with_mailbox(client, |mailbox| mailbox.auditing = Auditing::Done(seq, entries));
        };
        let trail = self.shared.audit.get();
        if !trail.is_some_and(|trail| trail.read(before, count, Box::new(answer))) {
            self.shared.with_mailbox(self.id, |mailbox| {
                mailbox.auditing = Auditing::Nothing;
                mailbox.refuse(seq, "the audit log can't be read now; try again");
            });
        }
    }

    /// Reads a page of incidents into the mailbox.
    fn read_incidents(&self, seq: u64, query: &IncidentQuery) {
        // Not under the hub's lock: the desk has one of its own.
        let page = self.shared.incidents.get().map(|desk| Box::new(desk.read(query)));
        self.shared.with_mailbox(self.id, |mailbox| match page {
            Some(page) => mailbox.incidents = Some((seq, page)),
            None => mailbox.refuse(seq, "nobody keeps incidents here"),
        });
    }

    /// How long ago something was last published, taken or not.
    #[must_use]
    pub fn heard_ago(&self) -> Duration {
        self.shared.lock().published_at.elapsed()
    }

    /// Has a piece of a log read; what comes of it goes into the mailbox.
    fn read_log(&self, seq: u64, stream: StreamIx, before: LogPlace, lines: usize) {
        let (client, shared) = (self.id, Arc::clone(&self.shared));
        let answer = move |old| {
            shared.with_mailbox(client, |mailbox| mailbox.reading = Reading::Done(seq, stream, old));
        };
        if !self.shared.logs.read_back(stream, before, lines, Box::new(answer)) {
            self.shared.with_mailbox(self.id, |mailbox| {
                mailbox.reading = Reading::Nothing;
                mailbox.refuse(seq, "too many logs are being read; try again");
            });
        }
    }

    /// Everything that has come since the last call, in order. Never blocks for long.
    #[must_use]
    pub fn take(&self) -> Vec<ServerMessage> {
        let (taken, mut errand) = {
            let mut guard = self.shared.lock();
            let state = &mut *guard;
            let Some(mailbox) = state.clients.get_mut(&self.id) else {
                return Vec::new();
            };
            mailbox.take(&state.board)
        };
        let mut messages = taken.board;
        if let Some(filter) = &mut *self.filter() {
            for message in &mut messages {
                filter.apply(message);
            }
        }
        let mut fetched = Fetched { logs: Vec::new(), history: None };
        if !errand.is_empty() {
            let histories = self.shared.histories.get().map(AsRef::as_ref);
            fetched = errand.run(&*self.shared.logs, histories);
            let mut state = self.shared.lock();
            let mailbox = state.clients.get_mut(&self.id);
            if !mailbox.is_some_and(|mailbox| mailbox.errand_done(errand)) {
                // What was asked for meanwhile comes next.
                fetched = Fetched { logs: Vec::new(), history: None };
            }
        }
        messages.extend(fetched.logs);
        messages.extend(taken.about_one);
        messages.extend(fetched.history);
        messages.extend(taken.leaving);
        messages
    }
}

/// Leaves the first [`MAX_FOLLOWED`] of them, each once; what came may be very long.
fn first_logs(streams: &mut Vec<StreamIx>) {
    let mut first = Vec::new();
    for stream in streams.drain(..) {
        if first.len() >= MAX_FOLLOWED {
            break;
        }
        if !first.contains(&stream) {
            first.push(stream);
        }
    }
    *streams = first;
}

impl Link for Client {
    fn send(&self, message: ClientMessage) {
        self.send(message);
    }

    fn take(&self) -> Vec<ServerMessage> {
        self.take()
    }

    fn heard_ago(&self) -> Duration {
        self.heard_ago()
    }

    fn state(&self) -> LinkState {
        LinkState::Open
    }

    fn wake_by(&self, wake: Wake) {
        self.shared.with_mailbox(self.id, |mailbox| mailbox.wake = wake);
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.shared.lock().clients.remove(&self.id);
    }
}
