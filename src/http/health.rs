//! How headend is, in a word for each part and one for all.

use hyper::StatusCode;
use serde::Serialize;

use super::SILENT_AFTER;
use super::feed::Feed;
use crate::model::{AlertsReading, NoticeKind, Severity};

/// Of this program.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How a part is; ordered from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Ok,
    Warning,
    Critical,
}

impl State {
    /// For metrics.
    pub const fn number(self) -> u32 {
        self as u32
    }
}

impl From<Severity> for State {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Warning => Self::Warning,
            Severity::Critical => Self::Critical,
        }
    }
}

/// How one part is, and why, if it is not well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Part {
    pub status: State,
    pub why: Option<String>,
}

impl Part {
    const OK: Self = Self { status: State::Ok, why: None };

    fn not_well(status: State, why: impl Into<String>) -> Self {
        Self { status, why: Some(why.into()) }
    }
}

/// How headend is. Streams that are not well are no fault of headend's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Health {
    pub status: State,
    pub version: &'static str,
    pub supervisor: Part,
    pub store: Part,
    pub logs: Part,
    pub pool: Part,
    pub mail: Part,
    pub host: Part,
    pub ffmpeg: Part,
    pub config: Part,
}

impl Health {
    pub fn of(feed: &Feed) -> Self {
        let noticed = |kinds: &[NoticeKind]| {
            let of_them = feed.board().notices.iter().filter(|notice| kinds.contains(&notice.kind));
            let worst = of_them.max_by_key(|notice| notice.severity);
            worst.map_or(Part::OK, |notice| Part::not_well(notice.severity.into(), &*notice.text))
        };
        let mut health = Self {
            status: State::Ok,
            version: VERSION,
            supervisor: supervisor(feed),
            store: noticed(&[NoticeKind::Store]),
            logs: noticed(&[NoticeKind::Logs]),
            pool: noticed(&[NoticeKind::Pool, NoticeKind::Limits]),
            mail: mail(&feed.board().alerts),
            host: noticed(&[NoticeKind::Host]),
            ffmpeg: noticed(&[NoticeKind::Ffmpeg]),
            config: noticed(&[NoticeKind::Config]),
        };
        health.status = health.parts().iter().map(|(_, part)| part.status).max().unwrap_or(State::Ok);
        health
    }

    /// Each part with its name.
    pub fn parts(&self) -> [(&'static str, &Part); 8] {
        [
            ("supervisor", &self.supervisor),
            ("store", &self.store),
            ("logs", &self.logs),
            ("pool", &self.pool),
            ("mail", &self.mail),
            ("host", &self.host),
            ("ffmpeg", &self.ffmpeg),
            ("config", &self.config),
        ]
    }

    /// What stands at the top of the answer: a warning is nothing to be replaced for.
    pub fn status(&self) -> StatusCode {
        if self.status == State::Critical { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
    }
}

fn supervisor(feed: &Feed) -> Part {
    let silent = feed.heard_ago();
    if let Some(left) = feed.leaving() {
        let workers = if left == 1 { "worker" } else { "workers" };
        return Part::not_well(State::Critical, format!("headend is leaving, {left} {workers} left"));
    }
    if feed.board().revision == 0 {
        return Part::not_well(State::Critical, "headend is starting");
    }
    if silent > SILENT_AFTER {
        let why = format!("the supervisor has published nothing for {} s", silent.as_secs());
        return Part::not_well(State::Critical, why);
    }
    Part::OK
}

/// Whether people can be told, by whatever way. It is critical while messages wait and no receiver takes any.
fn mail(alerts: &AlertsReading) -> Part {
    let in_trouble =
        alerts.receivers.iter().filter_map(|one| one.trouble.as_ref().map(|trouble| (one, trouble)));
    let troubles: Vec<String> =
        in_trouble.map(|(one, trouble)| format!("{} ({}): {trouble}", one.name, one.way)).collect();
    match troubles.first() {
        None => Part::OK,
        Some(first) => {
            let all = troubles.len() == alerts.receivers.len();
            // What was refused for good is nobody's to send again: it is no reason to be replaced.
            let waits = alerts.receivers.iter().any(|one| one.trouble.is_some() && one.waiting > 0);
            let status = if all && waits { State::Critical } else { State::Warning };
            let why = match troubles.len() {
                1 => first.clone(),
                count => format!("{count} receivers, the first: {first}"),
            };
            Part::not_well(status, why)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ReceiverReading;

    #[test]
    fn one_receiver_of_two_in_trouble_is_a_warning_and_both_are_critical_while_messages_wait() {
        let receiver = |name: &str, trouble: Option<&str>, waiting| ReceiverReading {
            waiting,
            name: name.into(),
            way: "mail".into(),
            trouble: trouble.map(Into::into),
            ..ReceiverReading::default()
        };
        let of = |troubles: [Option<&str>; 2], waiting| {
            let receivers = vec![receiver("night", troubles[0], waiting), receiver("day", troubles[1], 0)];
            let part = mail(&AlertsReading { receivers, ..AlertsReading::default() });
            (part.status, part.why.unwrap_or_default())
        };
        assert_eq!(mail(&AlertsReading::default()), Part::OK);
        assert_eq!(of([None, None], 1), (State::Ok, String::new()));
        assert_eq!(of([None, Some("refused")], 1), (State::Warning, "day (mail): refused".into()));
        let both = "2 receivers, the first: night (mail): timeout";
        assert_eq!(of([Some("timeout"), Some("refused")], 1), (State::Critical, both.into()));
        // What was refused for good and waits no longer is no reason to replace headend.
        assert_eq!(of([Some("timeout"), Some("refused")], 0), (State::Warning, both.into()));
    }
}
