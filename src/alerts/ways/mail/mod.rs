//! Mail: one message at a time, on one connection, within one limit.
//!
//! lettre builds, signs in and speaks SMTP; its transport with its pool is not used. Its time-out only
//! covers connecting, its pool hands connections out beyond its limit, and takes one back that was left
//! in the middle of a message (measured). So the connection is ours: it is taken out for each message
//! and put back only after an answer to it, and whoever gives up in between drops it.

mod connection;
mod delivery;

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;

use lettre::message::Mailbox;
use tokio::sync::Mutex;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::aside::aside;
use super::secret::Hidden;
use crate::alerts::letter::{About, address, letter, mail};
use crate::alerts::{Message, Outcome};
use crate::config::{MailSettings, MailTls};
use connection::Connection;
use delivery::{Failure, Stage};

/// A connection is kept for the next message this long.
const KEEP: Duration = Duration::from_secs(20);
/// A connection that was kept must answer within this share of a try; then there is time for a new one.
const ALIVE_SHARE: u32 = 4;
/// Taking leave of a server takes no longer.
const LEAVE: Duration = Duration::from_secs(2);
/// Messages of which it is remembered who has accepted them, while others have not.
const MAX_PARTLY: usize = 1_000;

/// The way to one mail server.
#[derive(Debug)]
pub struct Mail {
    settings: MailSettings,
    /// Held during a try: no two at once, so no two connections.
    line: Arc<Mutex<Line>>,
}

#[derive(Debug, Default)]
struct Line {
    open: Option<Connection>,
    /// Ends the connection when nobody wants it.
    leaving: Option<AbortHandle>,
    /// Who has a message already that others have not: the next try is for those.
    partly: VecDeque<(Arc<str>, Vec<String>)>,
}

impl Mail {
    /// The way to the server of `settings`. Nothing is connected yet.
    pub fn new(settings: MailSettings) -> Self {
        Self { settings, line: Arc::default() }
    }

    /// Tries once to send `message` to the addresses `to`, those of them that have not accepted it before.
    pub async fn send(&self, to: &[Arc<str>], message: &Message, about: &About) -> Outcome {
        let Line { open, leaving, partly } = &mut *self.line.lock().await;
        if let Some(leaving) = leaving.take() {
            leaving.abort();
        }
        let is_this = |(id, _): &(Arc<str>, Vec<String>)| *id == message.message_id;
        let before = partly.iter().find(|entry| is_this(entry));
        let done = before.map(|(_, done)| done.clone()).unwrap_or_default();
        let mut delivery = match self.prepare(to, message, about, done) {
            Ok(delivery) => delivery,
            Err(outcome) => return outcome,
        };
        let reused = open.take();
        let mut stage = Stage::Connect;
        let tried = self.deliver(reused, &mut delivery, about, &mut stage);
        let outcome = match timeout(self.settings.timeout, tried).await {
            Ok(Ok(connection)) => {
                *open = Some(connection);
                delivery.outcome()
            }
            Ok(Err(failure)) => delivery.failed(&failure),
            Err(_) => delivery.failed(&Failure::silent(stage, self.settings.timeout)),
        };
        if open.is_some() {
            *leaving = Some(tokio::spawn(leave_when_idle(Arc::downgrade(&self.line))).abort_handle());
        }
        partly.retain(|entry| !is_this(entry));
        if matches!(outcome, Outcome::Temporary(_)) && !delivery.done.is_empty() {
            if partly.len() >= MAX_PARTLY {
                partly.pop_front();
            }
            partly.push_back((Arc::clone(&message.message_id), delivery.done));
        }
        outcome
    }

    /// What is to be handed over to whom; or what is wrong with it.
    fn prepare(
        &self,
        to: &[Arc<str>],
        message: &Message,
        about: &About,
        done: Vec<String>,
    ) -> Result<delivery::Delivery, Outcome> {
        // A mistake in the configuration: the messages wait until it is mended.
        let from = address(&self.settings.from)
            .map_err(|error| Outcome::Temporary(format!("the sender {error}")))?;
        let mut known: Vec<Mailbox> = Vec::new();
        let mut refused = Vec::new();
        for text in to {
            match address(text) {
                Ok(mailbox) => known.push(mailbox),
                Err(error) => refused.push(error.to_string()),
            }
        }
        if known.is_empty() {
            let why = refused.first().map_or("the receiver has no address", String::as_str);
            return Err(Outcome::Permanent(why.to_owned()));
        }
        // The same bytes at each try, whoever has them already.
        let letter = letter(message, about);
        let bytes = mail(&letter, &from, &known, about).map_err(Outcome::Permanent)?;
        let waiting = known.into_iter().map(|mailbox| mailbox.email);
        let waiting = waiting.filter(|to| !done.iter().any(|done| *done == to.to_string())).collect();
        Ok(delivery::Delivery::new(from.email, waiting, bytes, refused, done))
    }

    async fn deliver(
        &self,
        reused: Option<Connection>,
        delivery: &mut delivery::Delivery,
        about: &About,
        stage: &mut Stage,
    ) -> Result<Connection, Failure> {
        let mut connection = match self.still_good(reused).await {
            Some(connection) => connection,
            None => self.connect(about, stage).await?,
        };
        delivery.hand_over(&mut connection, stage).await?;
        Ok(connection)
    }

    /// The connection that was kept, if it still answers; else it is closed before another is opened.
    async fn still_good(&self, kept: Option<Connection>) -> Option<Connection> {
        let mut kept = kept?;
        let alive = timeout(self.settings.timeout / ALIVE_SHARE, kept.is_alive()).await;
        alive.unwrap_or(false).then_some(kept)
    }

    async fn connect(&self, about: &About, stage: &mut Stage) -> Result<Connection, Failure> {
        let mut connection = Connection::open(&self.settings, about, stage).await?;
        if let Some((user, password)) = &self.settings.user {
            *stage = Stage::SignIn;
            let password = password.clone();
            let password = aside(move || password.read())
                .await
                .and_then(|read| read.map_err(|why| why.to_string()))
                .map_err(|why| Failure::own(Stage::SignIn, &why))?;
            connection.sign_in(user, &password).await?;
        }
        Ok(connection)
    }

    /// Connects, signs in and leaves; returns what there is to say.
    ///
    /// # Errors
    /// Why that failed.
    pub async fn check(&self, about: &About) -> Result<String, String> {
        let line = &mut *self.line.lock().await;
        // One connection, also now.
        if let Some(open) = line.open.take() {
            let _ = timeout(LEAVE, open.leave()).await;
        }
        let mut stage = Stage::Connect;
        let connected = timeout(self.settings.timeout, self.connect(about, &mut stage)).await;
        let connection = connected
            .unwrap_or_else(|_| Err(Failure::silent(stage, self.settings.timeout)))
            .map_err(|failure| failure.to_string())?;
        let _ = timeout(LEAVE, connection.leave()).await;
        let Self { settings: MailSettings { server, port, tls, user, .. }, .. } = self;
        let way = match tls {
            MailTls::StartTls => "with STARTTLS",
            MailTls::Tls => "with TLS",
            MailTls::None => "without TLS",
        };
        let user = user.as_ref().map(|(user, _)| format!(", takes {user} with the password given"));
        Ok(Hidden::default().clean(&format!("{server}:{port} answers {way}{}", user.unwrap_or_default())))
    }

    /// Ends the connection that is kept, if there is one.
    pub async fn close(&self) {
        let leave = async {
            let open = self.line.lock().await.open.take();
            if let Some(open) = open {
                open.leave().await;
            }
        };
        let _ = timeout(LEAVE, leave).await;
    }
}

/// Waits until the connection was idle for long enough, and ends it. A try in between ends this instead.
async fn leave_when_idle(line: Weak<Mutex<Line>>) {
    tokio::time::sleep(KEEP).await;
    let Some(line) = line.upgrade() else { return };
    let mut line = line.lock().await;
    if let Some(open) = line.open.take() {
        // The line is held meanwhile: who comes now connects after this one is gone.
        let _ = timeout(LEAVE, open.leave()).await;
    }
}
