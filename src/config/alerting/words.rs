//! Alerting in words: for what differs between two configurations.

use std::sync::Arc;
use std::time::Duration;

use super::{MailTls, Receiver, Rule, Secret, Way};
use crate::config::Config;
use crate::config::difference::span;
use crate::model::Severity;

/// A setting with its value before and after.
type Differs = (&'static str, String, String);

impl Way {
    /// How a receiver is told, in words that give nothing away.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Mail { to } => format!("mail to {}", to.join(" ")),
            Self::Webhook { url, secret } => {
                // Whoever knows the path may often use it.
                let origin: Vec<&str> = url.splitn(4, '/').take(3).collect();
                let signed =
                    secret.as_ref().map_or_else(String::new, |secret| format!(", secret {secret:?}"));
                format!("webhook {}/***{signed}", origin.join("/"))
            }
            Self::Program { command } => {
                let count = command.len().saturating_sub(1);
                let program = command.first().map_or("", |program| &**program);
                format!("program {program} with {count} arguments")
            }
        }
    }
}

impl MailTls {
    /// The word for it in the configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::StartTls => "starttls",
            Self::Tls => "tls",
            Self::None => "none",
        }
    }
}

/// What differs in alerting, mail and HTTP, in the order of the documentation.
pub(in crate::config) fn differing(old: &Config, new: &Config) -> Vec<Differs> {
    let mut found = plain_differing(limits(old), limits(new));
    found.extend(plain_differing(mail(old), mail(new)));
    let password = |config: &Config| Some(config.mail.as_ref()?.user.as_ref()?.1.clone());
    found.extend(secret_differing("mail.password", password(old).as_ref(), password(new).as_ref()));
    let listen = |config: &Config| {
        let text = config.http.listen.map_or_else(|| "nowhere".to_owned(), |listen| listen.to_string());
        vec![("http.listen", text)]
    };
    found.extend(plain_differing(listen(old), listen(new)));
    found.extend(secret_differing("http.token", old.http.token.as_ref(), new.http.token.as_ref()));
    found.extend(receivers_differing(&old.alerts.receivers, &new.alerts.receivers));
    found.extend(rules_differing(&old.alerts.rules, &new.alerts.rules));
    found
}

type Told = Vec<(&'static str, String)>;

fn plain_differing(old: Told, new: Told) -> Vec<Differs> {
    let pairs = old.into_iter().zip(new);
    pairs.filter(|((_, from), (_, to))| from != to).map(|((name, from), (_, to))| (name, from, to)).collect()
}

fn limits(config: &Config) -> Told {
    let own = &config.alerts;
    vec![
        ("alerts.after", span(own.after)),
        ("alerts.after_warning", span(own.after_warning)),
        ("alerts.clear_after", span(own.clear_after)),
        ("alerts.gather", span(own.gather)),
        ("alerts.together", own.together.to_string()),
        ("alerts.flap_changes", own.flap_changes.to_string()),
        ("alerts.flap_calm", own.flap_calm.to_string()),
        ("alerts.flap_window", span(own.flap_window)),
        ("alerts.update_every", span(own.update_every)),
        ("alerts.rate_limit", span(own.rate_limit)),
        ("alerts.batch", own.batch.to_string()),
        ("alerts.batch_pause", span(own.batch_pause)),
        ("alerts.digest_above", own.digest_above.to_string()),
        ("alerts.per_hour", own.per_hour.to_string()),
        ("alerts.keep_for", span(own.keep_for)),
        ("alerts.keep", own.keep.to_string()),
    ]
}

fn mail(config: &Config) -> Told {
    let own = config.mail.as_ref();
    let none = || "none".to_owned();
    let user = own.and_then(|mail| mail.user.as_ref());
    vec![
        ("mail.server", own.map_or_else(none, |mail| mail.server.to_string())),
        ("mail.port", own.map_or_else(none, |mail| mail.port.to_string())),
        ("mail.tls", own.map_or_else(none, |mail| mail.tls.word().to_owned())),
        ("mail.user", user.map_or_else(none, |(user, _)| user.to_string())),
        ("mail.from", own.map_or_else(none, |mail| mail.from.to_string())),
        ("mail.timeout", own.map_or_else(none, |mail| span(mail.timeout))),
    ]
}

fn secret_differing(name: &'static str, old: Option<&Secret>, new: Option<&Secret>) -> Option<Differs> {
    let words =
        |secret: Option<&Secret>| secret.map_or_else(|| "none".to_owned(), |secret| format!("{secret:?}"));
    let (from, to) = (words(old), words(new));
    // Two that are hidden read alike.
    (old != new).then(|| if from == to { (name, from, "another one".to_owned()) } else { (name, from, to) })
}

fn receivers_differing(old: &[Receiver], new: &[Receiver]) -> Option<Differs> {
    let told = |receivers: &[Receiver], others: &[Receiver], is_new: bool| {
        let differs = receivers.iter().filter(|receiver| !others.contains(receiver)).map(|receiver| {
            let words = receiver.way.words();
            let same_words = |other: &&Receiver| other.name == receiver.name && other.way.words() == words;
            let hidden = is_new && others.iter().any(|other| same_words(&other));
            format!("{}: {words}{}", receiver.name, if hidden { ", another secret or argument" } else { "" })
        });
        in_braces(&differs.collect::<Vec<_>>())
    };
    listed("receiver", old, new, |receiver| &receiver.name, told)
}

fn rules_differing(old: &[Rule], new: &[Rule]) -> Option<Differs> {
    let told = |rules: &[Rule], others: &[Rule], _: bool| {
        let differs = rules.iter().filter(|rule| !others.contains(rule)).map(|rule| {
            let Some(other) = others.iter().find(|other| other.name == rule.name) else {
                return rule.name.to_string();
            };
            let pairs = rule_words(rule).into_iter().zip(rule_words(other));
            let keys = pairs.filter(|((_, own), (_, other))| own != other);
            let keys: Vec<_> = keys.map(|((key, own), _)| format!("{key} {own}")).collect();
            format!("{}: {}", rule.name, keys.join(", "))
        });
        in_braces(&differs.collect::<Vec<_>>())
    };
    listed("rule", old, new, |rule| &rule.name, told)
}

/// What differs between two lists; where only their order does, that.
fn listed<T: PartialEq>(
    name: &'static str,
    old: &[T],
    new: &[T],
    name_of: impl Fn(&T) -> &Arc<str>,
    told: impl Fn(&[T], &[T], bool) -> String,
) -> Option<Differs> {
    if old == new {
        return None;
    }
    let (from, to) = (told(old, new, false), told(new, old, true));
    if from != to {
        return Some((name, from, to));
    }
    let order = |list: &[T]| in_braces(&list.iter().map(|one| name_of(one).to_string()).collect::<Vec<_>>());
    Some((name, order(old), order(new)))
}

fn in_braces(parts: &[String]) -> String {
    format!("{{{}}}", parts.join("; "))
}

/// Every key of a rule, the same ones whatever they are.
fn rule_words(rule: &Rule) -> Told {
    let or = |span_or: Option<Duration>, other: &str| span_or.map_or_else(|| other.to_owned(), span);
    let names = |names: &[Arc<str>]| format!("[{}]", names.join(" "));
    let severity = |severity: Severity| match severity {
        Severity::Warning => "warning".to_owned(),
        Severity::Critical => "critical".to_owned(),
    };
    let kinds: Vec<&str> = rule.conditions.iter().map(|kind| kind.word()).collect();
    let quiet = rule.quiet.as_ref().map_or_else(
        || "[]".to_owned(),
        |quiet| {
            let windows: Vec<String> = quiet.windows().iter().map(ToString::to_string).collect();
            format!("[{}] {}", windows.join(", "), quiet.zone_name().unwrap_or(""))
        },
    );
    vec![
        ("streams", rule.streams.as_ref().map_or_else(|| "all".to_owned(), |query| format!("'{query}'"))),
        ("conditions", if kinds.is_empty() { "all".to_owned() } else { format!("[{}]", kinds.join(" ")) }),
        ("at_least", severity(rule.at_least)),
        ("severity", rule.severity.map_or_else(|| "its own".to_owned(), severity)),
        ("after", or(rule.after, "as usual")),
        ("clear_after", or(rule.clear_after, "as usual")),
        ("ignore", rule.ignore.to_string()),
        ("tell", names(&rule.tell)),
        ("repeat", or(rule.repeat, "never")),
        ("escalate_after", or(rule.escalate_after, "never")),
        ("escalate_to", names(&rule.escalate_to)),
        ("quiet", quiet),
        ("quiet_critical", rule.quiet_critical.to_string()),
        ("recovery", rule.recovery.to_string()),
    ]
}
