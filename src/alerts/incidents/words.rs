//! What incidents are called, and the figures that go with them.

use std::sync::Arc;

use crate::model::{
    ConditionKind, Figures, MAX_INCIDENT_LINE, MAX_INCIDENT_LINES, MAX_INCIDENT_VALUES, Notice, NoticeKind,
    Row, clean_line,
};

use super::MAX_OPEN;
use super::family::Family;
use crate::alerts::{LAST_LINE, RESTARTS};

/// The longest title, bytes.
const MAX_TITLE: usize = 240;
/// The longest value, bytes.
const MAX_VALUE: usize = 240;

/// A fault of one stream, as it stands behind the stream's name.
const fn fault(kind: ConditionKind) -> &'static str {
    use ConditionKind as K;
    match kind {
        K::Black => "black picture",
        K::Frozen => "frozen picture",
        K::Silent => "no sound to hear",
        K::NoVideo => "no video track",
        K::NoAudio => "no audio track",
        K::Stalled => "stands still",
        K::Slow => "slower than real time",
        K::Fast => "faster than real time",
        K::BitrateLow => "bit rate too low",
        K::FpsLow => "frame rate too low",
        K::Dns => "host name does not resolve",
        K::Refused => "connection refused",
        K::Http4xx => "not found or access denied (HTTP 4xx)",
        K::Http5xx => "server error (HTTP 5xx)",
        K::Timeout => "no answer in time",
        K::Tls => "TLS failed",
        K::InvalidData => "not a readable stream",
        K::Exited => "FFmpeg ended",
        K::NotStarted => "FFmpeg could not be started",
        K::Output => "output can't be written",
        K::Corrupt => "damaged packets",
        K::Timestamps => "broken time stamps",
        K::Segments => "segments missing or late",
        K::Decode => "decoding errors",
        K::Reconnects => "reconnects again and again",
        K::Flood => "floods its log",
    }
}

/// The same of all streams of a host.
fn fault_of_host(host: &str, kind: ConditionKind) -> String {
    use ConditionKind as K;
    match kind {
        K::Dns => format!("{host} does not resolve"),
        K::Refused => format!("{host} refused connections"),
        K::Http4xx => format!("{host} answers not found or access denied (HTTP 4xx)"),
        K::Http5xx => format!("{host} answers with server errors (HTTP 5xx)"),
        K::Timeout => format!("{host} does not answer in time"),
        K::Tls => format!("TLS with {host} failed"),
        K::InvalidData => format!("nothing readable from {host}"),
        K::Stalled => format!("no more data from {host}"),
        _ => format!("{} from {host}", fault(kind)),
    }
}

fn title(text: &str) -> Arc<str> {
    clean_line(text, MAX_TITLE).into()
}

/// Of one stream: `News 1: black picture`.
pub fn of_stream(name: &str, kind: ConditionKind) -> Arc<str> {
    // The fault must be left where a name is endless.
    title(&format!("{}: {}", clean_line(name, MAX_TITLE / 2), fault(kind)))
}

/// Of a host's streams: `12 streams: cdn-a.example refused connections`.
pub fn of_host(streams: usize, host: &str, kind: ConditionKind) -> Arc<str> {
    title(&format!("{}: {}", counted(streams), fault_of_host(&clean_line(host, MAX_TITLE / 2), kind)))
}

/// Of those beyond the bound.
pub fn of_others(streams: usize) -> Arc<str> {
    title(&format!("{}: beyond the {MAX_OPEN} incidents that may be open", counted(streams)))
}

fn counted(streams: usize) -> String {
    format!("{streams} {}", if streams == 1 { "stream" } else { "streams" })
}

/// Of headend itself.
pub fn of_notice(notice: &Notice) -> Arc<str> {
    title(&notice.text)
}

/// Of headend itself, where its notice is not there (any more).
pub const fn of_notice_kind(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Store => "the store can't be written",
        NoticeKind::Logs => "log files can't be written",
        NoticeKind::Ffmpeg => "FFmpeg is missing or lacks something",
        NoticeKind::Config => "the configuration has mistakes",
        NoticeKind::Limits => "a limit is too small",
        NoticeKind::Host => "the host is overloaded",
        NoticeKind::Rollout => "a rollout has stopped",
        NoticeKind::Origin => "an origin host does not answer",
        NoticeKind::Pool => "the pool is too small",
    }
}

/// The figures of a row that matter for a fault of this family, the most important first.
pub fn values(row: &Row, family: Family) -> Vec<(Arc<str>, Arc<str>)> {
    let mut values: Vec<(Arc<str>, Arc<str>)> = Vec::new();
    let mut say = |name: &str, text: String| {
        if !text.is_empty() && values.len() < MAX_INCIDENT_VALUES {
            values.push((name.into(), clean_line(&text, MAX_VALUE).into()));
        }
    };
    if family == Family::Pace {
        figures(&row.figures, &mut say);
    }
    if let Some(error) = row.last_error.as_ref().filter(|_| matches!(family, Family::Reach | Family::Output))
    {
        say("last error", error.to_string());
    }
    let reason = if row.reason.is_empty() { String::new() } else { format!(": {}", row.reason) };
    say("phase", format!("{}{reason}", row.phase.word()));
    if row.failures > 0 {
        say("failures in a row", row.failures.to_string());
    }
    if !row.conditions.is_empty() {
        let kinds: Vec<_> = row.conditions.iter().map(|condition| condition.kind.word()).collect();
        say("conditions", kinds.join(", "));
    }
    if row.input_of.1 > 1 {
        say("input in use", format!("{} of {}", row.input_of.0, row.input_of.1));
    }
    if family != Family::Pace {
        figures(&row.figures, &mut say);
    }
    say(RESTARTS, row.restarts.to_string());
    if row.lines_dropped > 0 {
        say("log lines dropped", row.lines_dropped.to_string());
    }
    say(LAST_LINE, row.last_message.to_string());
    values
}

fn figures(figures: &Figures, say: &mut impl FnMut(&str, String)) {
    if let Some(kbps) = figures.bitrate_kbps {
        say("bit rate", format!("{kbps:.0} kb/s"));
    }
    if let Some(fps) = figures.fps {
        say("frame rate", format!("{fps:.1} fps"));
    }
    if let Some(speed) = figures.speed {
        say("speed", format!("{speed:.2}x"));
    }
}

/// The last of these lines, each within its bound.
pub fn lines(lines: &[Arc<str>]) -> Vec<Arc<str>> {
    let last = &lines[lines.len().saturating_sub(MAX_INCIDENT_LINES)..];
    last.iter().map(|line| clean_line(line, MAX_INCIDENT_LINE).into()).collect()
}
