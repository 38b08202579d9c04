//! The ways out: what sends a message, one try at a time. When to try, and how often, is the outbox's
//! business.

mod aside;
mod connect;
mod mail;
mod program;
mod secret;
mod tls;
mod webhook;

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::alerts::letter::{self, About};
use crate::alerts::{Message, Outcome};
use crate::config::{MailSettings, Receiver, Secret, Way};
use mail::Mail;

/// Webhooks and programs that are tried at once. Mails wait for each other: there is one connection.
pub const AT_ONCE: usize = 8;

/// Sends messages. Needs a tokio runtime with I/O and time; one thread is enough. May be shared: more than
/// may be tried at once wait for each other.
#[derive(Debug)]
pub struct Ways {
    mail: Option<Mail>,
    about: About,
    through: Vec<OsString>,
    free: Semaphore,
    limits: Limits,
}

/// How long a try may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Of a webhook, all in all.
    pub webhook: Duration,
    /// Of a program, until it is asked to end.
    pub program: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { webhook: webhook::LIMIT, program: program::LIMIT }
    }
}

impl Ways {
    /// Ways that send mail by `mail`, if there is a server for it.
    #[must_use]
    pub fn new(mail: Option<MailSettings>, about: About) -> Self {
        let free = Semaphore::new(AT_ONCE);
        Self { mail: mail.map(Mail::new), about, through: Vec::new(), free, limits: Limits::default() }
    }

    /// Starts programs through another one: `words` come before theirs. headend's shim makes that they die
    /// with it.
    #[must_use]
    pub fn through(mut self, words: Vec<OsString>) -> Self {
        self.through = words;
        self
    }

    /// With other limits, for tests.
    #[must_use]
    pub fn within(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Tries once to send `message` to `receiver`. Always returns: once its turn has come, within the way's
    /// limit. May be dropped before: what it began is ended then.
    pub async fn send(&self, receiver: &Receiver, message: &Message) -> Outcome {
        match &receiver.way {
            Way::Mail { to } => match &self.mail {
                Some(mail) => mail.send(to, message, &self.about).await,
                // A mistake in the configuration: the messages wait until it is mended.
                None => Outcome::Temporary("there is no mail server in the configuration".to_owned()),
            },
            Way::Webhook { url, secret } => self.post(url, secret.as_ref(), message).await,
            Way::Program { command } => self.run(command, message).await,
        }
    }

    /// Connects to the mail server, greets it, turns TLS on and signs in, and leaves. Returns what there is to
    /// say of it.
    ///
    /// # Errors
    /// Why that fails, in a clean line; also where no mail server is configured.
    pub async fn check_mail(&self) -> Result<String, String> {
        match &self.mail {
            Some(mail) => mail.check(&self.about).await,
            None => Err("there is no mail server in the configuration".to_owned()),
        }
    }

    /// Takes leave of the mail server, within 2 s. A later try connects again.
    pub async fn close(&self) {
        if let Some(mail) = &self.mail {
            mail.close().await;
        }
    }

    async fn post(&self, url: &str, secret: Option<&Secret>, message: &Message) -> Outcome {
        let Ok(_turn) = self.free.acquire().await else { return closed() };
        let body = match letter::document(message, &self.about) {
            Ok(body) => body,
            Err(error) => return Outcome::Permanent(error.to_string()),
        };
        let message_id = letter::letter(message, &self.about).message_id;
        let limit = self.limits.webhook;
        webhook::post(webhook::Post { url, secret, message_id: &message_id, body, limit }).await
    }

    async fn run(&self, command: &[Arc<str>], message: &Message) -> Outcome {
        let Ok(_turn) = self.free.acquire().await else { return closed() };
        let input = match letter::document(message, &self.about) {
            Ok(input) => input,
            Err(error) => return Outcome::Permanent(error.to_string()),
        };
        let letter = letter::letter(message, &self.about);
        let environment = vec![
            ("HEADEND_SUBJECT", letter.subject),
            ("HEADEND_RECEIVER", letter::outside(&message.receiver, 200)),
            ("HEADEND_MESSAGE_ID", letter.message_id),
            ("HEADEND_HOST", letter::outside(&self.about.host, 200)),
        ];
        let limit = self.limits.program;
        program::run(program::Run { through: &self.through, command, input, environment, limit }).await
    }
}

/// The semaphore is never closed; were it, the message would wait.
fn closed() -> Outcome {
    Outcome::Temporary("headend is leaving".to_owned())
}
