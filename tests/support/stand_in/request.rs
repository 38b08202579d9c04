//! What the arguments ask for.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::time::Duration;

/// FFmpeg's own default between two progress blocks.
const DEFAULT_PERIOD: Duration = Duration::from_millis(500);

/// A mode with its keys, and the few of FFmpeg's options that matter here.
pub struct Request {
    /// The last input, as written.
    pub input: String,
    pub mode: String,
    keys: HashMap<String, String>,
    /// From `-stats_period`.
    pub period: Duration,
    /// From `-progress`: where blocks go, if anywhere.
    pub progress: Option<String>,
}

impl Request {
    pub fn read(arguments: &[String], from_environment: Option<&str>) -> Self {
        let after = |name: &str| {
            arguments.iter().rposition(|a| a == name).and_then(|at| arguments.get(at + 1)).cloned()
        };
        let asked =
            arguments.iter().rev().find_map(|a| asked_in(a)).or(from_environment).unwrap_or("healthy");
        let (mode, query) = asked.split_once('?').unwrap_or((asked, ""));
        let keys = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key.to_owned(), percent_decoded(value)))
            .collect();
        Self {
            input: after("-i").unwrap_or_default(),
            mode: mode.to_owned(),
            keys,
            period: after("-stats_period")
                .and_then(|p| p.parse().ok())
                .map_or(DEFAULT_PERIOD, Duration::from_secs_f64),
            progress: after("-progress"),
        }
    }

    pub fn text<'a>(&'a self, key: &str, default: &'a str) -> &'a str {
        self.keys.get(key).map_or(default, String::as_str)
    }

    /// A number; one that can't be read is a mistake in a test, and says so.
    pub fn number(&self, key: &str, default: f64) -> f64 {
        self.keys.get(key).map_or(default, |value| {
            value.parse().unwrap_or_else(|_| panic!("stand-in: {key}={value} is not a number"))
        })
    }

    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts given by tests are small"
    )]
    pub fn count(&self, key: &str, default: u32) -> u32 {
        self.number(key, f64::from(default)) as u32
    }

    pub fn seconds(&self, key: &str, default: f64) -> Duration {
        Duration::from_secs_f64(self.number(key, default))
    }

    /// Adds this start to the journal, if one is kept. The time is that of the fork, as the kernel
    /// has it: how long we then waited for a core is not the supervisor's doing.
    pub fn write_journal(&self) {
        let path = self.text("journal", "");
        if path.is_empty() {
            return;
        }
        let stat = std::fs::read_to_string("/proc/self/stat").expect("own stat");
        let after_name = stat.rsplit_once(')').expect("a name in brackets").1;
        let forked = after_name.split_whitespace().nth(19).expect("when it was forked");
        let line = format!("{} {forked}\n", std::process::id());
        // One write to the end: starts at the same time don't mix.
        let mut journal = OpenOptions::new().append(true).create(true).open(path).expect("the journal");
        journal.write_all(line.as_bytes()).expect("writing the journal");
    }

    /// How many TERMs to take no notice of; `None`: all of them.
    pub fn terms_ignored(&self) -> Option<u32> {
        if self.mode == "ignore-term" { Some(self.count("times", 0)).filter(|&n| n > 0) } else { Some(0) }
    }
}

/// The `MODE?...` part of a stand-in's URL.
fn asked_in(argument: &str) -> Option<&str> {
    if let Some(rest) = argument.strip_prefix("stand-in:") {
        return Some(rest.trim_start_matches('/'));
    }
    let (_, rest) = argument.split_once("://")?;
    let (authority, path) = rest.split_once('/')?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let name = host.split(':').next().unwrap_or(host);
    (name == "stand-in" || name.ends_with(".stand-in")).then_some(path)
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        if let Some(byte) = hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
