//! One try to hand a mail over, and what its answers mean.
//!
//! | what happened | outcome |
//! | --- | --- |
//! | accepted by all, or by some while the others are refused for good | accepted, with who is not |
//! | 5xx for every recipient, for DATA or for the mail | permanent |
//! | 4xx, a lost connection, silence, anywhere | temporary |
//! | 5xx to the greeting, TLS, the sign-in or the sender | temporary: it is our configuration or theirs that is wrong, and a permanent one would lose every alert until somebody mends it |

use std::fmt;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::commands::{Data, Mail as From, Rcpt};

use super::connection::Connection;
use crate::alerts::Outcome;
use crate::alerts::ways::secret::Hidden;

/// How far a try has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Reaching the server.
    Connect,
    /// Its first words, and ours.
    Greeting,
    /// Making it private.
    Tls,
    /// User and password.
    SignIn,
    /// Who it is from.
    Sender,
    /// Who it is to.
    Recipient,
    /// May we?
    Data,
    /// All of it was said, and is not yet accepted.
    End,
}

impl Stage {
    /// When it stops here.
    const fn words(self) -> &'static str {
        match self {
            Self::Connect => "connecting",
            Self::Greeting => "at the greeting",
            Self::Tls => "turning TLS on",
            Self::SignIn => "signing in",
            Self::Sender => "for the sender",
            Self::Recipient => "for a recipient",
            Self::Data => "before the mail",
            Self::End => "after the mail",
        }
    }
}

/// Why a try ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    stage: Stage,
    /// What the server said: its code.
    code: Option<u16>,
    /// Clean and masked.
    text: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.stage.words(), self.text)?;
        match (self.stage, self.code) {
            (Stage::End, None) => f.write_str(" (it may have been taken, and come twice)"),
            (Stage::SignIn, Some(500..)) => f.write_str(
                " (user or password is wrong: alerts wait, and are sent once the server takes them)",
            ),
            (Stage::Sender, Some(500..)) => {
                f.write_str(" (the server does not take mail from this sender: alerts wait until it does)")
            }
            _ => Ok(()),
        }
    }
}

impl Failure {
    /// What lettre says went wrong.
    pub fn of(stage: Stage, error: &Error, hidden: &Hidden) -> Self {
        use std::error::Error as _;
        let code = error.status().map(u16::from);
        let source = error.source().map(ToString::to_string).unwrap_or_default();
        let text = match code {
            Some(code) => format!("{code} {source}"),
            None if source.is_empty() => error.to_string(),
            None => source,
        };
        Self { stage, code, text: hidden.clean(&text) }
    }

    /// What we say went wrong.
    pub fn own(stage: Stage, why: &str) -> Self {
        Self { stage, code: None, text: Hidden::default().clean(why) }
    }

    /// Nothing was heard in time.
    pub fn silent(stage: Stage, limit: Duration) -> Self {
        let text = format!("no answer; a mail must be taken within {} s", limit.as_secs_f32());
        Self { stage, code: None, text }
    }

    /// Whether trying again is of no use.
    fn is_permanent(&self) -> bool {
        let about_the_mail = matches!(self.stage, Stage::Recipient | Stage::Data | Stage::End);
        // Sign in first, or too many recipients or too much for now, whatever its first digit.
        about_the_mail
            && matches!(self.code, Some(code) if code >= 500 && !matches!(code, 530 | 538))
            && !(self.stage == Stage::Recipient && self.code == Some(552))
    }

    /// Whether the connection is of no use any more.
    fn is_end(&self) -> bool {
        matches!(self.code, None | Some(421))
    }
}

/// A mail on its way, and who has it.
#[derive(Debug)]
pub struct Delivery {
    from: Address,
    waiting: Vec<Address>,
    mail: Vec<u8>,
    /// Who is refused for good, and why.
    refused: Vec<String>,
    /// Who is to be tried again, and why.
    later: Vec<String>,
    /// Who has accepted it, now or before.
    pub done: Vec<String>,
    /// What the server said when it took it.
    answer: String,
}

impl Delivery {
    pub fn new(
        from: Address,
        waiting: Vec<Address>,
        mail: Vec<u8>,
        refused: Vec<String>,
        done: Vec<String>,
    ) -> Self {
        Self { from, waiting, mail, refused, later: Vec::new(), done, answer: String::new() }
    }

    /// Hands it over to those who wait. An error is about all of them.
    pub async fn hand_over(&mut self, connection: &mut Connection, stage: &mut Stage) -> Result<(), Failure> {
        *stage = Stage::Sender;
        connection.say(*stage, From::new(Some(self.from.clone()), Vec::new())).await?;
        *stage = Stage::Recipient;
        let mut taken = Vec::new();
        for to in &self.waiting {
            match connection.say(*stage, Rcpt::new(to.clone(), Vec::new())).await {
                Ok(_) => taken.push(to.to_string()),
                Err(failure) if failure.is_end() => return Err(failure),
                Err(failure) => {
                    let list = if failure.is_permanent() { &mut self.refused } else { &mut self.later };
                    list.push(format!("{to}: {}", failure.text));
                }
            }
        }
        if taken.is_empty() {
            return Ok(());
        }
        *stage = Stage::Data;
        connection.say(*stage, Data).await?;
        *stage = Stage::End;
        self.answer = connection.hand_over(&self.mail).await?;
        self.done.append(&mut taken);
        Ok(())
    }

    /// What became of it, when the server has answered to everything.
    pub fn outcome(&self) -> Outcome {
        let refused = self.refused.iter().map(|who| format!("refused: {who}"));
        let later = self.later.iter().map(|who| format!("not yet: {who}"));
        let notes: Vec<String> = refused.chain(later).collect();
        let taken = match (self.done.len(), self.answer.as_str()) {
            (0, _) => None,
            (_, "") => Some("the others have it".to_owned()),
            (_, answer) => Some(answer.to_owned()),
        };
        let text: Vec<String> = taken.into_iter().chain(notes).collect();
        let text = Hidden::default().clean(&text.join("; "));
        match (self.later.is_empty(), self.done.is_empty()) {
            (false, _) => Outcome::Temporary(text),
            (true, true) => Outcome::Permanent(text),
            (true, false) => Outcome::Accepted(text),
        }
    }

    /// What became of it, when the try ended early.
    pub fn failed(&self, failure: &Failure) -> Outcome {
        if failure.is_permanent() && self.done.is_empty() {
            return Outcome::Permanent(failure.to_string());
        }
        if failure.is_permanent() {
            // Others have it since an earlier try.
            return Outcome::Accepted(format!("refused for the rest: {failure}"));
        }
        Outcome::Temporary(failure.to_string())
    }
}
