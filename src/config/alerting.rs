//! When something becomes an incident, who is told and how: the settings, with every default and its
//! reason.

mod receivers;
mod rules;
mod secrets;
mod tables;
mod words;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::model::query::Query;
use crate::model::{ConditionKind, Schedule, Severity};

pub(super) use receivers::RECEIVER;
pub(super) use rules::RULE;
pub use secrets::SecretError;
pub(super) use tables::{ALERTS, HTTP, MAIL, apply_rate_limit, read_alerting};
pub(super) use words::differing;

/// Receivers there may be.
pub const MAX_RECEIVERS: usize = 100;
/// Rules there may be.
pub const MAX_RULES: usize = 200;
/// Addresses of one receiver.
pub const MAX_ADDRESSES: usize = 50;
/// The name of a receiver or a rule, characters.
pub const MAX_RECEIVER_NAME: usize = 40;
/// A password or a key, bytes.
pub const MAX_SECRET_BYTES: usize = 1_024;

/// When something becomes an incident, who is told, and how often at most.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertSettings {
    /// A critical condition must last this long. Short enough that a message is there within 30 s.
    pub after: Duration,
    /// A warning must last this long.
    pub after_warning: Duration,
    /// What was wrong must be gone this long before its incident ends.
    pub clear_after: Duration,
    /// A new incident waits this long for others with the same cause, before anyone is told.
    pub gather: Duration,
    /// So many streams with the same cause are one incident. Fewer are one each.
    pub together: u32,
    /// So many changes of a condition within [`Self::flap_window`] are flapping.
    pub flap_changes: u32,
    /// Fewer changes than this within [`Self::flap_window`] end it.
    pub flap_calm: u32,
    /// See [`Self::flap_changes`].
    pub flap_window: Duration,
    /// When an incident grows, its receivers hear of it this often at most.
    pub update_every: Duration,
    /// At most one message per receiver, stream and condition in this time. Also `EMAIL_RATE_LIMIT_MS`.
    pub rate_limit: Duration,
    /// Messages that are sent to one receiver before a pause.
    pub batch: u32,
    /// That pause.
    pub batch_pause: Duration,
    /// When more than this wait for one receiver, the worst of them are sent and the others are one digest.
    pub digest_above: u32,
    /// Messages one receiver gets in an hour at most; what is held back is counted in the next one.
    pub per_hour: u32,
    /// Ended incidents are kept this long.
    pub keep_for: Duration,
    /// And so many of them at most.
    pub keep: u32,
    /// Who is told.
    pub receivers: Vec<Receiver>,
    /// Which rule holds for an incident: the first that fits. Where none does, [`Rule::fallback`].
    pub rules: Vec<Rule>,
}

impl Default for AlertSettings {
    fn default() -> Self {
        Self {
            after: Duration::from_secs(10),
            after_warning: Duration::from_secs(60),
            clear_after: Duration::from_secs(30),
            gather: Duration::from_secs(5),
            together: 5,
            flap_changes: 6,
            flap_calm: 2,
            flap_window: Duration::from_secs(600),
            update_every: Duration::from_secs(300),
            rate_limit: Duration::from_secs(300),
            batch: 10,
            batch_pause: Duration::from_secs(2),
            digest_above: 10,
            per_hour: 60,
            keep_for: Duration::from_secs(90 * 86_400),
            keep: 2_000,
            receivers: Vec::new(),
            rules: Vec::new(),
        }
    }
}

/// Someone, or something, that is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// What rules call it.
    pub name: Arc<str>,
    /// How it is told.
    pub way: Way,
}

/// How a receiver is told.
#[derive(Clone, PartialEq, Eq)]
pub enum Way {
    /// By mail.
    Mail {
        /// The addresses, one message to all of them.
        to: Vec<Arc<str>>,
    },
    /// By a POST of JSON.
    Webhook {
        /// Where.
        url: Arc<str>,
        /// What it is signed with, if it is.
        secret: Option<Secret>,
    },
    /// By a program that gets JSON on its standard input.
    Program {
        /// It and its arguments; no shell.
        command: Vec<Arc<str>>,
    },
}

// Not derived: who knows the path of a webhook may often use it.
impl std::fmt::Debug for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.words())
    }
}

/// A password or a key, and where it is read from. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// In the configuration.
    Here(Arc<str>),
    /// The first line of this file, read when it is needed.
    File(PathBuf),
    /// This environment variable.
    Environment(Arc<str>),
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Here(_) => f.write_str("***"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
        }
    }
}

/// Who is told of which incidents, and how often.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// For the screen, the mail and `headend alerts test`.
    pub name: Arc<str>,
    /// Which streams; `None`: all, and what is about no stream.
    pub streams: Option<Query>,
    /// Which conditions; empty: all.
    pub conditions: Vec<ConditionKind>,
    /// Which severity, or worse.
    pub at_least: Severity,
    /// Another severity than the condition has of itself.
    pub severity: Option<Severity>,
    /// Instead of [`AlertSettings::after`] and [`AlertSettings::after_warning`].
    pub after: Option<Duration>,
    /// Instead of [`AlertSettings::clear_after`].
    pub clear_after: Option<Duration>,
    /// Nothing becomes an incident.
    pub ignore: bool,
    /// Names of receivers that are told.
    pub tell: Vec<Arc<str>>,
    /// Told again this often while nobody has acknowledged; `None`: once.
    pub repeat: Option<Duration>,
    /// Told too when nobody has acknowledged for this long.
    pub escalate_after: Option<Duration>,
    /// Names of receivers that are told then.
    pub escalate_to: Vec<Arc<str>>,
    /// In these hours messages wait for their end, but for critical ones where [`Self::quiet_critical`] is false.
    pub quiet: Option<Schedule>,
    /// Critical ones wait too.
    pub quiet_critical: bool,
    /// Say when it is over, to whom accepted the first message.
    pub recovery: bool,
}

impl Rule {
    /// What holds where no rule fits: critical incidents are told to every receiver, again every 4 h, and
    /// their end too.
    #[must_use]
    pub fn fallback(receivers: &[Receiver]) -> Self {
        Self {
            name: "default".into(),
            streams: None,
            conditions: Vec::new(),
            at_least: Severity::Critical,
            severity: None,
            after: None,
            clear_after: None,
            ignore: false,
            tell: receivers.iter().map(|receiver| Arc::clone(&receiver.name)).collect(),
            repeat: Some(Duration::from_secs(4 * 3_600)),
            escalate_after: None,
            escalate_to: Vec::new(),
            quiet: None,
            quiet_critical: false,
            recovery: true,
        }
    }
}

/// How the way to a mail server is encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MailTls {
    /// Plain first, then TLS; a server that can't is refused.
    #[default]
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// Not at all: for a server on this machine.
    None,
}

/// The server that mail is given to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailSettings {
    /// Its name or address.
    pub server: Arc<str>,
    /// Its port: 587, 465 with [`MailTls::Tls`], 25 with [`MailTls::None`].
    pub port: u16,
    /// How it is encrypted.
    pub tls: MailTls,
    /// Who signs in, and with what.
    pub user: Option<(Arc<str>, Secret)>,
    /// The sender's address.
    pub from: Arc<str>,
    /// A message that is not accepted within this is tried again.
    pub timeout: Duration,
}

/// What other systems can ask over HTTP.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpSettings {
    /// Where; `None`: nowhere.
    pub listen: Option<SocketAddr>,
    /// What a request must bear (`Authorization: Bearer ...`), if anything.
    pub token: Option<Secret>,
}
