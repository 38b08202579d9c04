//! `[[receiver]]`: who is told, and how.

use std::path::Path;
use std::sync::Arc;

use lettre::Address;
use lettre::message::Mailbox;

use super::secrets::read_secret;
use super::{MAX_ADDRESSES, MAX_RECEIVER_NAME, MAX_RECEIVERS, Receiver, Rule, Way};
use crate::config::common::read_args;
use crate::config::document::resolve;
use crate::config::mistake::quote;
use crate::config::report::Report;
use crate::config::section::{Section, Shape, Span};
use crate::config::words::Problem;
use crate::config::{Environment, MAX_INPUT_BYTES};
use crate::model::clean;

pub(in crate::config) static RECEIVER: Shape = Shape {
    title: "[[receiver]]",
    keys: &["name", "mail", "webhook", "secret", "secret_file", "secret_env", "program"],
};

/// The ways there are to tell somebody, each with its key.
const WAYS: [&str; 3] = ["mail", "webhook", "program"];
const SECRETS: [&str; 3] = ["secret", "secret_file", "secret_env"];
/// What the addresses of `[mail]` are called.
const OF_MAIL: &str = "mail";

/// The receivers read so far.
#[derive(Default)]
pub(super) struct Receivers {
    pub read: Vec<Receiver>,
    /// Where each of them stands.
    spans: Vec<Span>,
    /// All names, also of those with a mistake.
    pub names: Vec<Arc<str>>,
}

impl Receivers {
    fn push(&mut self, name: Arc<str>, way: Way, span: Span) {
        self.read.push(Receiver { name, way });
        self.spans.push(span);
    }

    /// Those that `to` of `[mail]` names.
    pub fn of_mail(&mut self, section: &Section<'_, '_>, report: &mut Report) {
        let Some(to) = read_addresses(section, "to", report) else { return };
        let name: Arc<str> = OF_MAIL.into();
        self.names.push(Arc::clone(&name));
        self.push(name, Way::Mail { to }, section.key_span("to"));
    }

    /// Reports each that is told by mail: there is no server.
    pub fn need_server(&self, top: &Section<'_, '_>, report: &mut Report) {
        for (receiver, span) in self.read.iter().zip(&self.spans) {
            if matches!(receiver.way, Way::Mail { .. }) {
                let message =
                    format!("the receiver {} is told by mail, and there is no [mail]", quote(&receiver.name));
                let expected = "expected the table [mail] with \"server\" and \"from\"";
                report.missing(top.sheet, span.clone(), Problem::new(message, expected));
            }
        }
    }

    /// Tells of receivers that no rule ever tells anything. Where no rule holds everybody is told, so there are
    /// some only when a rule takes all.
    pub fn warn_unused(&self, top: &Section<'_, '_>, rules: &[Rule], report: &mut Report) {
        if !rules.iter().any(|rule| rule.streams.is_none() && rule.conditions.is_empty()) {
            return;
        }
        for (receiver, span) in self.read.iter().zip(&self.spans) {
            let told =
                |rule: &Rule| rule.tell.iter().chain(&rule.escalate_to).any(|name| *name == receiver.name);
            if !rules.iter().any(told) {
                let message = format!("the receiver {} is told nothing", quote(&receiver.name));
                let expected = "expected it in \"tell\" or \"escalate_to\" of a [[rule]]";
                report.warning(top.sheet, span.clone(), Problem::new(message, expected));
            }
        }
    }
}

/// Reads all `[[receiver]]` tables.
pub(super) fn read_receivers(
    top: &Section<'_, '_>,
    base: &Path,
    env: &Environment,
    receivers: &mut Receivers,
    report: &mut Report,
) {
    for (n, section) in top.tables("receiver", &RECEIVER, report).iter().enumerate() {
        if n == MAX_RECEIVERS {
            let message = format!("there are more than {MAX_RECEIVERS} receivers");
            let expected = "expected fewer: one can have several addresses";
            report.mistake(section.sheet, section.span.clone(), Problem::new(message, expected));
            break;
        }
        let name = read_name(section, &receivers.names, report);
        receivers.names.extend(name.clone());
        let way = read_way(section, base, env, report);
        if let (Some(name), Some(way)) = (name, way) {
            receivers.push(name, way, section.span.clone());
        }
    }
}

/// A name that no other of its kind has.
pub(super) fn read_name(
    section: &Section<'_, '_>,
    others: &[Arc<str>],
    report: &mut Report,
) -> Option<Arc<str>> {
    if !section.has("name") {
        section.missing("name", "expected one like name = \"night shift\"", report);
    }
    let text = section.text("name", report)?;
    let name = clean(text.value.trim());
    let length = name.chars().count();
    let problem = if !(1..=MAX_RECEIVER_NAME).contains(&length) {
        let message = format!("the name {} is {length} characters long", quote(text.value));
        Problem::new(message, format!("expected 1 to {MAX_RECEIVER_NAME}"))
    } else if others.iter().any(|other| **other == *name) {
        Problem::new(format!("the name {} is there twice", quote(text.value)), "expected another one")
    } else {
        return Some(name.as_ref().into());
    };
    report.mistake(section.sheet, text.span, problem);
    None
}

fn read_way(section: &Section<'_, '_>, base: &Path, env: &Environment, report: &mut Report) -> Option<Way> {
    let given: Vec<&str> = WAYS.into_iter().filter(|key| section.has(key)).collect();
    match given[..] {
        [] => {
            let message = "[[receiver]] has no way to be told";
            let expected = "expected one of \"mail\", \"webhook\" and \"program\"";
            report.missing(section.sheet, section.span.clone(), Problem::new(message, expected));
        }
        [first, second, ..] => {
            let message = format!("{} and {} are both there", quote(first), quote(second));
            let problem = Problem::new(message, "expected one of them, and a [[receiver]] for each");
            section.mistake_at(second, problem, report);
        }
        _ => {}
    }
    let secret = read_secret(section, SECRETS, base, env, report);
    if let Some(key) = SECRETS.into_iter().find(|key| section.has(key) && !section.has("webhook")) {
        let message = format!("{} has no meaning without \"webhook\"", quote(key));
        section.mistake_at(
            key,
            Problem::new(message, "expected it only there: it signs what is sent"),
            report,
        );
    }
    let to = read_addresses(section, "mail", report);
    let url = section.hidden("webhook", report).and_then(|text| {
        let read = webhook(text.value);
        read.map_err(|problem| report.mistake(section.sheet, text.span, problem)).ok()
    });
    let command = read_program(section, base, env, report);
    match (given.as_slice(), to, url, command) {
        (["mail"], Some(to), ..) => Some(Way::Mail { to }),
        (["webhook"], _, Some(url), _) => Some(Way::Webhook { url, secret }),
        (["program"], _, _, Some(command)) => Some(Way::Program { command }),
        _ => None,
    }
}

/// A list of addresses, at least one.
fn read_addresses(section: &Section<'_, '_>, key: &str, report: &mut Report) -> Option<Vec<Arc<str>>> {
    let texts = section.list(key, MAX_ADDRESSES, report)?;
    if texts.is_empty() {
        let message = format!("{} is empty", quote(key));
        let expected = "expected at least one address, like [\"noc@example.com\"]";
        section.mistake_at(key, Problem::new(message, expected), report);
        return None;
    }
    let mut addresses: Vec<Arc<str>> = Vec::new();
    for text in texts {
        match mailbox(text.value) {
            Err(problem) => report.mistake(section.sheet, text.span, problem),
            Ok(address) if addresses.contains(&address) => {
                let message = format!("the address {} is there twice", quote(text.value));
                report.warning(section.sheet, text.span, Problem::new(message, "expected it once"));
            }
            Ok(address) => addresses.push(address),
        }
    }
    Some(addresses)
}

/// `noc@example.com` or `On call <noc@example.com>`, as lettre reads it.
pub(super) fn mailbox(text: &str) -> Result<Arc<str>, Problem> {
    let expected = "expected one like \"noc@example.com\" or \"On call <noc@example.com>\"";
    let wrong = || Problem::new(format!("{} is no address", quote(text)), expected);
    let trimmed = text.trim();
    // A line feed in it could end the header it stands in.
    if trimmed.chars().any(char::is_control) {
        return Err(wrong());
    }
    let read = match trimmed.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
        None => trimmed.parse::<Address>().is_ok(),
        // What stands behind the first address it finds, lettre passes over.
        Some((_, inner)) => trimmed
            .parse::<Mailbox>()
            .is_ok_and(|mailbox| AsRef::<str>::as_ref(&mailbox.email) == inner.trim()),
    };
    if read { Ok(trimmed.into()) } else { Err(wrong()) }
}

/// A URL to POST to. Its path may be as good as a password, so it is not told.
fn webhook(text: &str) -> Result<Arc<str>, Problem> {
    let expected = "expected one like \"https://chat.example.com/hooks/1\"";
    let wrong = |what: &str| Problem::new(format!("the webhook {what}"), expected);
    if text.len() > MAX_INPUT_BYTES {
        return Err(wrong("is longer than a URL may be"));
    }
    let url: hyper::Uri = text.parse().map_err(|_| wrong("is no URL"))?;
    if !matches!(url.scheme_str(), Some("http" | "https")) {
        return Err(wrong("is no URL of http or https"));
    }
    match url.authority() {
        Some(authority) if !authority.host().is_empty() && !authority.as_str().contains('@') => {
            Ok(text.into())
        }
        Some(authority) if authority.as_str().contains('@') => {
            Err(wrong("has a user in it, which is not sent"))
        }
        _ => Err(wrong("has no host")),
    }
}

fn read_program(
    section: &Section<'_, '_>,
    base: &Path,
    env: &Environment,
    report: &mut Report,
) -> Option<Vec<Arc<str>>> {
    let mut words = read_args(section, "program", report)?;
    let Some(first) = words.first_mut().filter(|first| first.contains('/')) else {
        let message = match words.first() {
            None => "\"program\" is empty".to_owned(),
            Some(first) => format!("{} is no path of a program", quote(first)),
        };
        let expected = "expected its whole path and its arguments, like [\"/usr/local/bin/page\", \"--now\"]";
        section.mistake_at("program", Problem::new(message, expected), report);
        return None;
    };
    *first = resolve(first, base, env).to_string_lossy().into_owned();
    Some(words.into_iter().map(Arc::from).collect())
}
