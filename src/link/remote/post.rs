//! What lies between a client and the two threads of its link: two bounded queues.

use std::collections::VecDeque;
use std::mem::discriminant;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::super::{ClientMessage, LinkState, ServerMessage, Wake};
use crate::model::{Answer, Delta};

/// Messages that wait to be taken; with more nothing is read, and the supervisor's end merges.
pub const MAX_INBOX: usize = 64;
/// Messages that wait to be written; a command that does not fit is refused at once.
pub const MAX_OUTBOX: usize = 256;
/// Numbers of commands whose answers are awaited.
const MAX_WAITING: usize = 256;

const GONE: &str = "the supervisor is gone";
const NOBODY_KNOWS: &str = "the supervisor was lost before it answered: look whether it was done";

/// Both queues, and what is known of the supervisor.
pub struct Post {
    inner: Mutex<Inner>,
    changed: Condvar,
    /// A supervisor that was lost is looked for.
    again: bool,
}

struct Inner {
    inbox: VecDeque<ServerMessage>,
    outbox: VecDeque<ClientMessage>,
    /// What a supervisor is told that is found again.
    told: Vec<ClientMessage>,
    /// Commands and requests that are on their way.
    waiting: VecDeque<u64>,
    wake: Wake,
    /// When the supervisor last published something.
    heard: Instant,
    silence_told: bool,
    /// The supervisor is leaving.
    leaving: bool,
    lost: Option<(Instant, Arc<str>)>,
    stream: Option<Arc<UnixStream>>,
    ended: bool,
}

/// Whether a message replaces an earlier one of its kind, and is said again to a supervisor that was
/// found again.
const fn lasts(message: &ClientMessage) -> bool {
    match message {
        ClientMessage::Command { .. }
        | ClientMessage::ReadLog { .. }
        | ClientMessage::ReadAudit { .. }
        | ClientMessage::ReadIncidents { .. }
        | ClientMessage::WantBoard => false,
        ClientMessage::FollowLogs(_)
        | ClientMessage::FollowDetail(_)
        | ClientMessage::FollowHistory(_)
        | ClientMessage::WakeForReadings(_)
        | ClientMessage::Pace(_)
        | ClientMessage::Show(_) => true,
    }
}

/// The number under which an answer is awaited.
const fn number(message: &ClientMessage) -> Option<u64> {
    match message {
        ClientMessage::Command { seq, .. }
        | ClientMessage::ReadLog { seq, .. }
        | ClientMessage::ReadAudit { seq, .. }
        | ClientMessage::ReadIncidents { seq, .. } => Some(*seq),
        _ => None,
    }
}

impl Inner {
    fn refuse(&mut self, seq: u64, reason: &str) {
        self.inbox
            .push_back(ServerMessage::Answer { seq, answer: Answer::Refused { reason: reason.into() } });
    }

    /// What has come of the board takes the place of what it makes old.
    fn put(&mut self, message: ServerMessage) {
        match message {
            ServerMessage::Board(_) => {
                let old = |m: &ServerMessage| matches!(m, ServerMessage::Board(_) | ServerMessage::Delta(_));
                self.inbox.retain(|m| !old(m));
            }
            ServerMessage::Delta(delta) => return self.put_delta(*delta),
            ServerMessage::Answer { seq, .. }
            | ServerMessage::OldLog { seq, .. }
            | ServerMessage::Audit { seq, .. }
            | ServerMessage::Incidents { seq, .. } => {
                self.waiting.retain(|waiting| *waiting != seq);
            }
            ServerMessage::Leaving { .. } => self.leaving = true,
            _ => {}
        }
        self.inbox.push_back(message);
    }

    /// Two deltas on end are one.
    fn put_delta(&mut self, delta: Delta) {
        if let Some(ServerMessage::Delta(last)) = self.inbox.back_mut()
            && last.to == delta.from
        {
            // It fits: that was looked at.
            let _ = last.merge(delta);
            return;
        }
        self.inbox.push_back(ServerMessage::Delta(Box::new(delta)));
    }
}

impl Post {
    pub fn new(stream: Arc<UnixStream>, again: bool) -> Self {
        let inner = Inner {
            inbox: VecDeque::new(),
            outbox: VecDeque::new(),
            told: Vec::new(),
            waiting: VecDeque::new(),
            wake: Arc::new(|| {}),
            heard: Instant::now(),
            silence_told: false,
            leaving: false,
            lost: None,
            stream: Some(stream),
            ended: false,
        };
        Self { inner: Mutex::new(inner), changed: Condvar::new(), again }
    }

    /// A panic elsewhere leaves both queues whole.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pause<'a>(&self, inner: MutexGuard<'a, Inner>, span: Duration) -> MutexGuard<'a, Inner> {
        self.changed.wait_timeout(inner, span).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Lets go of the lock, and tells whoever waits.
    fn wake(&self, inner: MutexGuard<'_, Inner>) {
        let wake = Arc::clone(&inner.wake);
        drop(inner);
        self.changed.notify_all();
        wake();
    }

    // The client's side.

    pub fn send(&self, message: ClientMessage) {
        let mut inner = self.lock();
        if lasts(&message) {
            let same = |m: &ClientMessage| discriminant(m) == discriminant(&message);
            inner.told.retain(|m| !same(m));
            inner.outbox.retain(|m| !same(m));
            inner.told.push(message.clone());
        }
        if matches!(message, ClientMessage::WantBoard) {
            inner.outbox.retain(|m| !matches!(m, ClientMessage::WantBoard));
        }
        let number = number(&message);
        let refusal = match inner.lost {
            Some(_) => Some(GONE),
            None if inner.outbox.len() >= MAX_OUTBOX => Some("headend does not take what waits already"),
            None => None,
        };
        if let Some(reason) = refusal {
            // What lasts is told when the supervisor is there again.
            if let Some(seq) = number {
                inner.refuse(seq, reason);
                self.wake(inner);
            }
            return;
        }
        if let Some(seq) = number {
            if inner.waiting.len() == MAX_WAITING {
                inner.waiting.pop_front();
            }
            inner.waiting.push_back(seq);
        }
        inner.outbox.push_back(message);
        drop(inner);
        self.changed.notify_all();
    }

    pub fn take(&self) -> Vec<ServerMessage> {
        let taken = self.lock().inbox.drain(..).collect();
        self.changed.notify_all();
        taken
    }

    pub fn wait(&self, until: Instant) -> Vec<ServerMessage> {
        let mut inner = self.lock();
        let lost = inner.lost.is_some();
        // Who waits while it is lost waits for it to be found, if it is looked for.
        while inner.inbox.is_empty() && inner.lost.is_some() == lost && (self.again || !lost) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            inner = self.pause(inner, left);
        }
        let taken = inner.inbox.drain(..).collect();
        drop(inner);
        self.changed.notify_all();
        taken
    }

    pub fn heard_ago(&self) -> Duration {
        self.lock().heard.elapsed()
    }

    pub fn state(&self) -> LinkState {
        match &self.lock().lost {
            None => LinkState::Open,
            Some((since, why)) => LinkState::Lost { ago: since.elapsed(), why: Arc::clone(why) },
        }
    }

    /// It is lost, and nobody looks for it.
    pub fn is_over(&self) -> bool {
        !self.again && self.lock().lost.is_some()
    }

    pub fn wake_by(&self, wake: Wake) {
        let mut inner = self.lock();
        inner.wake = wake;
        // There may be something already.
        self.wake(inner);
    }

    pub fn end(&self) {
        let mut inner = self.lock();
        inner.ended = true;
        inner.wake = Arc::new(|| {});
        if let Some(stream) = inner.stream.take() {
            // Whoever reads from it or writes to it is let go.
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(inner);
        self.changed.notify_all();
    }

    // The side of the two threads.

    pub fn has_ended(&self) -> bool {
        self.lock().ended
    }

    /// The supervisor published something so long ago.
    pub fn heard(&self, ago: Duration) {
        let mut inner = self.lock();
        let now = Instant::now();
        let heard = now.checked_sub(ago).unwrap_or(inner.heard);
        (inner.heard, inner.silence_told) = (heard, false);
    }

    /// Puts a message in. Waits while the client takes none: what comes then is merged where it comes
    /// from.
    pub fn put(&self, message: ServerMessage) {
        let mut inner = self.lock();
        while inner.inbox.len() >= MAX_INBOX && !inner.ended {
            inner = self.pause(inner, Duration::from_secs(1));
        }
        inner.put(message);
        self.wake(inner);
    }

    /// Wakes the client, once, when nothing was published for `limit`.
    pub fn wake_if_silent(&self, limit: Duration) {
        let mut inner = self.lock();
        if !inner.silence_told && inner.heard.elapsed() >= limit {
            inner.silence_told = true;
            self.wake(inner);
        }
    }

    /// The next message to be written, and where; `None`: the link has ended.
    pub fn next(&self) -> Option<(ClientMessage, Arc<UnixStream>)> {
        let mut inner = self.lock();
        loop {
            if inner.ended {
                return None;
            }
            if let Some(stream) = inner.stream.clone()
                && let Some(message) = inner.outbox.pop_front()
            {
                return Some((message, stream));
            }
            inner = self.pause(inner, Duration::from_secs(60));
        }
    }

    /// A message that no frame holds.
    pub fn unsendable(&self, message: &ClientMessage, why: &str) {
        let mut inner = self.lock();
        if let Some(seq) = number(message) {
            inner.waiting.retain(|waiting| *waiting != seq);
            inner.refuse(seq, &format!("it can't be sent: {why}"));
            self.wake(inner);
        }
    }

    /// The supervisor is gone; told again, only the reason is news.
    pub fn lost(&self, why: &str) {
        let mut inner = self.lock();
        let why: Arc<str> = if inner.leaving { "it was told to end".into() } else { why.into() };
        let since = inner.lost.as_ref().map_or_else(Instant::now, |(since, _)| *since);
        if inner.lost.as_ref().is_some_and(|(_, known)| *known == why) {
            return;
        }
        inner.lost = Some((since, why));
        if let Some(stream) = inner.stream.take() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        inner.outbox.clear();
        for seq in std::mem::take(&mut inner.waiting) {
            inner.refuse(seq, NOBODY_KNOWS);
        }
        self.wake(inner);
    }

    /// There is a supervisor again: it is told what the one before was told.
    pub fn found(&self, stream: Arc<UnixStream>) {
        let mut inner = self.lock();
        (inner.lost, inner.leaving) = (None, false);
        inner.stream = Some(stream);
        inner.outbox = inner.told.iter().cloned().collect();
        self.wake(inner);
    }

    /// Sleeps, unless the link ends meanwhile; says whether it has.
    pub fn sleep(&self, span: Duration) -> bool {
        let until = Instant::now() + span;
        let mut inner = self.lock();
        while !inner.ended {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            inner = self.pause(inner, left);
        }
        inner.ended
    }
}
