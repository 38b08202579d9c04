//! `[alerts]`, `[mail]` and `[http]`.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::receivers::{Receivers, mailbox, read_receivers};
use super::rules::read_rules;
use super::secrets::read_secret;
use super::{AlertSettings, HttpSettings, MailSettings, MailTls, Secret};
use crate::config::mistake::quote;
use crate::config::report::Report;
use crate::config::section::{Section, Shape, Span, choice};
use crate::config::words::Problem;
use crate::config::{Config, Environment};

pub(in crate::config) static ALERTS: Shape = Shape {
    title: "[alerts]",
    keys: &[
        "after",
        "after_warning",
        "clear_after",
        "gather",
        "together",
        "flap_changes",
        "flap_calm",
        "flap_window",
        "update_every",
        "rate_limit",
        "batch",
        "batch_pause",
        "digest_above",
        "per_hour",
        "keep_for",
        "keep",
    ],
};
pub(in crate::config) static MAIL: Shape = Shape {
    title: "[mail]",
    keys: &[
        "server",
        "port",
        "tls",
        "user",
        "password",
        "password_file",
        "password_env",
        "from",
        "to",
        "timeout",
    ],
};
pub(in crate::config) static HTTP: Shape =
    Shape { title: "[http]", keys: &["listen", "token", "token_file", "token_env"] };

const DAY: u64 = 86_400;
/// How long something must last, or be gone; at once, or up to a day.
pub(super) const LASTING: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(DAY);
/// Nobody is told before this is over.
const GATHER: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(600);
/// In a shorter window nothing could come and go often.
const FLAP_WINDOW: RangeInclusive<Duration> = Duration::from_secs(10)..=Duration::from_secs(DAY);
const UPDATE: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(DAY);
const PAUSE: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(600);
const KEEP_FOR: RangeInclusive<Duration> = Duration::from_secs(3_600)..=Duration::from_secs(3_650 * DAY);
/// Incidents that are kept: the store has room for so many.
const KEEP: RangeInclusive<u32> = 10..=10_000;
const TOGETHER: RangeInclusive<u32> = 2..=10_000;
const COUNT: RangeInclusive<u32> = 1..=1_000;
const CHANGES: RangeInclusive<u32> = 2..=1_000;
const CALM: RangeInclusive<u32> = 0..=999;
const PER_HOUR: RangeInclusive<u32> = 1..=10_000;
/// A server may take its time, and the message is tried again.
const TIMEOUT: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(600);
const USUAL_TIMEOUT: Duration = Duration::from_secs(30);
/// Names in the DNS are not longer, bytes.
const MAX_SERVER: usize = 253;
/// The longest name somebody signs in with, bytes.
const MAX_USER: usize = 320;
const TLS: [(&str, MailTls); 3] =
    [("starttls", MailTls::StartTls), ("tls", MailTls::Tls), ("none", MailTls::None)];

/// Reads all that is about telling people and other systems.
pub(in crate::config) fn read_alerting(
    top: &Section<'_, '_>,
    base: &Path,
    env: &Environment,
    config: &mut Config,
    report: &mut Report,
) {
    if let Some(section) = top.table("alerts", &ALERTS, report) {
        read_limits(&section, &mut config.alerts, report);
    }
    let mail = top.table("mail", &MAIL, report);
    let mut receivers = Receivers::default();
    if let Some(section) = &mail {
        config.mail = read_mail(section, base, env, report);
        receivers.of_mail(section, report);
    }
    read_receivers(top, base, env, &mut receivers, report);
    if mail.is_none() {
        receivers.need_server(top, report);
    }
    config.alerts.rules = read_rules(top, &receivers, report);
    receivers.warn_unused(top, &config.alerts.rules, report);
    config.alerts.receivers = receivers.read;
    if let Some(section) = top.table("http", &HTTP, report) {
        config.http = read_http(&section, base, env, report);
    }
}

/// What `EMAIL_RATE_LIMIT_MS` says instead of `rate_limit`.
pub(in crate::config) fn apply_rate_limit(text: &str, own: &mut AlertSettings, report: &mut Report) {
    let span = text.trim().parse().ok().map(Duration::from_millis).filter(|span| LASTING.contains(span));
    if let Some(span) = span {
        own.rate_limit = span;
        return;
    }
    let expected = format!("expected milliseconds between 0 and {}", LASTING.end().as_millis());
    report.elsewhere("EMAIL_RATE_LIMIT_MS", Problem::new(format!("it is {}", quote(text)), expected));
}

fn read_limits(section: &Section<'_, '_>, own: &mut AlertSettings, report: &mut Report) {
    for (key, place, bounds) in [
        ("after", &mut own.after, LASTING),
        ("after_warning", &mut own.after_warning, LASTING),
        ("clear_after", &mut own.clear_after, LASTING),
        ("gather", &mut own.gather, GATHER),
        ("flap_window", &mut own.flap_window, FLAP_WINDOW),
        ("update_every", &mut own.update_every, UPDATE),
        ("rate_limit", &mut own.rate_limit, LASTING),
        ("batch_pause", &mut own.batch_pause, PAUSE),
        ("keep_for", &mut own.keep_for, KEEP_FOR),
    ] {
        *place = section.duration(key, &bounds, report).unwrap_or(*place);
    }
    for (key, place, bounds) in [
        ("together", &mut own.together, TOGETHER),
        ("flap_changes", &mut own.flap_changes, CHANGES),
        ("flap_calm", &mut own.flap_calm, CALM),
        ("batch", &mut own.batch, COUNT),
        ("digest_above", &mut own.digest_above, COUNT),
        ("per_hour", &mut own.per_hour, PER_HOUR),
        ("keep", &mut own.keep, KEEP),
    ] {
        *place = section.number(key, &bounds, report).unwrap_or(*place);
    }
    if own.flap_calm >= own.flap_changes {
        let key = if section.has("flap_calm") { "flap_calm" } else { "flap_changes" };
        let message = format!("\"flap_calm\" is {}, \"flap_changes\" {}", own.flap_calm, own.flap_changes);
        let expected =
            "expected \"flap_calm\" to be the smaller one, or flapping would begin and end at once";
        section.mistake_at(key, Problem::new(message, expected), report);
    }
}

/// The server; `None` where something is wrong with it.
fn read_mail(
    section: &Section<'_, '_>,
    base: &Path,
    env: &Environment,
    report: &mut Report,
) -> Option<MailSettings> {
    for (key, expected) in [
        ("server", "expected one like server = \"smtp.example.com\""),
        ("from", "expected the sender's address, like from = \"headend@example.com\""),
    ] {
        if !section.has(key) {
            section.missing(key, expected, report);
        }
    }
    let server = section.text("server", report).and_then(|text| {
        let read = server(text.value);
        read.map_err(|problem| report.mistake(section.sheet, text.span, problem)).ok()
    });
    let tls = section.text("tls", report).and_then(|text| {
        let read = choice("way to encrypt", text.value, &TLS);
        read.map_err(|problem| report.mistake(section.sheet, text.span, problem)).ok()
    });
    let tls = tls.unwrap_or_default();
    let usual = match tls {
        MailTls::StartTls => 587,
        MailTls::Tls => 465,
        MailTls::None => 25,
    };
    let port = section.number("port", &(1..=u16::MAX), report).unwrap_or(usual);
    let from = section.text("from", report).and_then(|text| {
        let read = mailbox(text.value);
        read.map_err(|problem| report.mistake(section.sheet, text.span, problem)).ok()
    });
    let user = read_user(section, base, env, report);
    if let (MailTls::None, Some(_), Some(server)) = (tls, &user, &server)
        && !is_this_machine(server)
    {
        let message = "the password goes over the network in the clear";
        let expected = "expected tls = \"starttls\" or \"tls\", or a server on this machine";
        report.warning(section.sheet, section.key_span("tls"), Problem::new(message, expected));
    }
    let timeout = section.duration("timeout", &TIMEOUT, report).unwrap_or(USUAL_TIMEOUT);
    Some(MailSettings { server: server?, port, tls, user, from: from?, timeout })
}

/// Who signs in: a user and a password, or neither.
fn read_user(
    section: &Section<'_, '_>,
    base: &Path,
    env: &Environment,
    report: &mut Report,
) -> Option<(Arc<str>, Secret)> {
    const KEYS: [&str; 3] = ["password", "password_file", "password_env"];
    let user = section.text("user", report).and_then(|text| {
        let fits =
            |user: &str| !user.is_empty() && user.len() <= MAX_USER && !user.chars().any(char::is_control);
        if fits(text.value) {
            return Some(Arc::from(text.value));
        }
        let problem =
            Problem::new(format!("{} is no user", quote(text.value)), "expected a name, or an address");
        report.mistake(section.sheet, text.span, problem);
        None
    });
    let password = read_secret(section, KEYS, base, env, report);
    let given = KEYS.into_iter().find(|key| section.has(key));
    match given {
        None if section.has("user") => {
            let message = "\"user\" is there without a password";
            let expected = "expected one of \"password\", \"password_file\" and \"password_env\"";
            section.mistake_at("user", Problem::new(message, expected), report);
        }
        Some(key) if !section.has("user") => {
            let message = format!("{} is there without \"user\"", quote(key));
            section.mistake_at(key, Problem::new(message, "expected who signs in"), report);
        }
        _ => {}
    }
    Some((user?, password?))
}

fn server(text: &str) -> Result<Arc<str>, Problem> {
    let expected = "expected a name or an address, like \"smtp.example.com\"";
    let wrong = || Problem::new(format!("{} is no server", quote(text)), expected);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if text.is_empty() || text.len() > MAX_SERVER || !text.chars().all(plain) {
        return Err(wrong());
    }
    if text.contains(':') && text.parse::<std::net::Ipv6Addr>().is_err() {
        let expected = "expected the name alone, and its port in \"port\"";
        return Err(Problem { expected: expected.to_owned(), ..wrong() });
    }
    Ok(text.into())
}

fn is_this_machine(server: &str) -> bool {
    server == "localhost" || server.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn read_http(section: &Section<'_, '_>, base: &Path, env: &Environment, report: &mut Report) -> HttpSettings {
    const KEYS: [&str; 3] = ["token", "token_file", "token_env"];
    let mut at: Span = section.span.clone();
    let listen = section.text("listen", report).and_then(|text| {
        at = text.span.clone();
        let read = text.value.parse::<SocketAddr>();
        let wrong = |_| {
            let expected = "expected one like \"127.0.0.1:9464\" or \"[::1]:9464\"";
            let problem = Problem::new(format!("{} is no address with a port", quote(text.value)), expected);
            report.mistake(section.sheet, text.span.clone(), problem);
        };
        read.map_err(wrong).ok()
    });
    let token = read_secret(section, KEYS, base, env, report);
    if let Some(Secret::Here(text)) = &token
        && !text.bytes().all(|byte| byte.is_ascii_graphic())
    {
        let expected = "expected only letters, digits and signs of ASCII: it stands in a header";
        section.mistake_at("token", Problem::new("the token has other characters in it", expected), report);
    }
    let has_token = KEYS.into_iter().any(|key| section.has(key));
    if listen.is_some_and(|listen| !listen.ip().is_loopback()) && !has_token {
        let message = "others than this machine may ask, and no token is wanted of them";
        let expected = "expected \"token_file\", or an address like \"127.0.0.1:9464\"";
        report.warning(section.sheet, at, Problem::new(message, expected));
    }
    HttpSettings { listen, token }
}
