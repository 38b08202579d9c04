//! The tables of `headend.toml` and what they mean.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::alerting::{ALERTS, HTTP, MAIL, RECEIVER, RULE, apply_rate_limit, read_alerting};
use super::common::{Common, FALLBACK, THRESHOLDS, name, read_args};
use super::console::{CONSOLE, read_console};
use super::input::check_input;
use super::mistake::quote;
use super::policy::{GUARD, ORIGIN, POOL, RESTART, ROLLOUT, STOP, read_policy};
use super::registry::Registry;
use super::report::Report;
use super::section::{At, Section, Shape};
use super::socket::{SOCKET, read_socket};
use super::views::VIEW;
use super::words::{self, Problem};
use super::{Config, Environment, LogSettings, MAX_INPUTS};
use crate::model::{Mode, StreamId, StreamSpec};

pub(super) static TOP: Shape = Shape {
    title: "the top of the file",
    keys: &[
        "include", "pool", "restart", "origin", "rollout", "guard", "stop", "reload", "defaults", "ffmpeg",
        "logs", "state", "console", "socket", "alerts", "mail", "http", "receiver", "rule", "view", "stream",
        "playlist",
    ],
};
pub(super) static INCLUDED: Shape =
    Shape { title: "an included file", keys: &["include", "stream", "playlist"] };
static DEFAULTS: Shape = Shape {
    title: "[defaults]",
    keys: &[
        "mode",
        "expect",
        "thresholds",
        "protocols",
        "tags",
        "group",
        "input_args",
        "start",
        "priority",
        "watch",
        "turn",
        "fallback",
        "on_air",
        "maintenance",
        "time_zone",
    ],
};
static RELOAD: Shape = Shape { title: "[reload]", keys: &["watch"] };
static FFMPEG: Shape = Shape { title: "[ffmpeg]", keys: &["path", "stats_period"] };
static LOGS: Shape = Shape { title: "[logs]", keys: &["max_size", "max_files", "dir"] };
static STATE: Shape = Shape { title: "[state]", keys: &["dir"] };
pub(super) static STREAM: Shape = Shape {
    title: "[[stream]]",
    keys: &[
        "id",
        "name",
        "group",
        "tags",
        "inputs",
        "mode",
        "args",
        "input_args",
        "protocols",
        "expect",
        "thresholds",
        "start",
        "priority",
        "watch",
        "turn",
        "fallback",
        "on_air",
        "maintenance",
        "time_zone",
    ],
};
pub(super) static PLAYLIST: Shape = Shape {
    title: "[[playlist]]",
    keys: &[
        "path",
        "format",
        "prefix",
        "group",
        "tags",
        "mode",
        "expect",
        "thresholds",
        "protocols",
        "input_args",
        "start",
        "priority",
        "watch",
        "turn",
        "fallback",
        "on_air",
        "maintenance",
        "time_zone",
    ],
};

/// Every table there is, with every key: the sample and the reference are checked against it.
pub(super) static SHAPES: [&Shape; 24] = [
    &TOP,
    &POOL,
    &RESTART,
    &ORIGIN,
    &ROLLOUT,
    &GUARD,
    &STOP,
    &RELOAD,
    &DEFAULTS,
    &THRESHOLDS,
    &FALLBACK,
    &FFMPEG,
    &LOGS,
    &STATE,
    &VIEW,
    &CONSOLE,
    &SOCKET,
    &ALERTS,
    &MAIL,
    &RECEIVER,
    &RULE,
    &HTTP,
    &STREAM,
    &PLAYLIST,
];

const STATS_PERIOD: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(5);
const LOG_SIZE: RangeInclusive<u64> = 4 * 1024..=100 * 1024 * 1024 * 1024;
const LOG_FILES: RangeInclusive<u32> = 1..=1_000;
/// Everything of the main file but its streams: settings into `config`, and what streams start from.
pub(super) fn read_settings(
    top: &Section<'_, '_>,
    base: &Path,
    env: &Environment,
    config: &mut Config,
    report: &mut Report,
) -> Common {
    read_policy(top, &mut config.policy, report);
    if let Some(section) = top.table("reload", &RELOAD, report) {
        config.reload.watch = section.flag("watch", report).unwrap_or_default();
    }
    let defaults = match top.table("defaults", &DEFAULTS, report) {
        Some(section) => Common::default().refined(&section, report),
        None => Common::default(),
    };
    if let Some(section) = top.table("ffmpeg", &FFMPEG, report) {
        if let Some(path) = path_of(&section, "path", report) {
            // A bare name is looked for on the PATH, by whoever starts it.
            let on_path = !path.value.contains('/');
            config.ffmpeg = Some(if on_path { path.value.into() } else { resolve(path.value, base, env) });
        }
        if let Some(period) = section.duration("stats_period", &STATS_PERIOD, report) {
            config.policy.stats_period = period;
        }
    }
    if let Some(section) = top.table("logs", &LOGS, report) {
        let logs = &mut config.logs;
        logs.max_size = section.size("max_size", &LOG_SIZE, report).unwrap_or(logs.max_size);
        logs.max_files = section.number("max_files", &LOG_FILES, report).unwrap_or(logs.max_files);
        logs.dir = path_of(&section, "dir", report).map(|path| resolve(path.value, base, env));
    }
    if let Some(section) = top.table("state", &STATE, report) {
        config.state_dir = path_of(&section, "dir", report).map(|path| resolve(path.value, base, env));
    }
    config.console = read_console(top, base, env, report);
    config.socket = read_socket(top, report);
    read_alerting(top, base, env, config, report);
    defaults
}

/// What the environment says instead of the file.
pub(super) fn apply_environment(config: &mut Config, env: &Environment, report: &mut Report) {
    if let Some(path) = &env.ffmpeg {
        config.ffmpeg = Some(path.clone());
    }
    if let Some(dir) = &env.state {
        config.state_dir = Some(dir.clone());
    }
    if let Some(text) = &env.email_rate_limit_ms {
        apply_rate_limit(text, &mut config.alerts, report);
    }
    let LogSettings { max_size, max_files, .. } = &mut config.logs;
    if let Some(text) = &env.max_log_size {
        match words::size(text, &LOG_SIZE) {
            Ok(size) => *max_size = size,
            Err(problem) => report.elsewhere("MAX_LOG_SIZE", problem),
        }
    }
    if let Some(text) = &env.max_log_files {
        if let Some(count) = text.trim().parse().ok().filter(|count| LOG_FILES.contains(count)) {
            *max_files = count;
        } else {
            let expected = format!("expected a number between {} and {}", LOG_FILES.start(), LOG_FILES.end());
            report.elsewhere("MAX_LOG_FILES", Problem::new(format!("it is {}", quote(text)), expected));
        }
    }
}

/// A path: some text without a zero byte.
pub(super) fn path_of<'a>(section: &Section<'a, '_>, key: &str, report: &mut Report) -> Option<At<&'a str>> {
    let path = section.text(key, report)?;
    if path.value.trim().is_empty() || path.value.contains('\0') {
        let problem = Problem::new(
            format!("{} is no path", quote(path.value)),
            "expected the path of a file or folder",
        );
        report.mistake(section.sheet, path.span, problem);
        return None;
    }
    Some(path)
}

/// The path that `text` means in a file of folder `base`.
pub(super) fn resolve(text: &str, base: &Path, env: &Environment) -> PathBuf {
    match (text.strip_prefix("~/"), &env.home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => base.join(text),
    }
}

/// Reads one `[[stream]]`.
pub(super) fn read_stream(
    section: &Section<'_, '_>,
    defaults: &Common,
    registry: &mut Registry,
    report: &mut Report,
) {
    let sheet = section.sheet;
    if !registry.room(sheet, section.span.clone(), report) {
        return;
    }
    let own = defaults.refined(section, report);
    let id = read_id(section, registry, report);
    let shown = section
        .text("name", report)
        .and_then(|text| name(text.value).map_err(|problem| report.mistake(sheet, text.span, problem)).ok());
    let inputs = read_inputs(section, &own, report);
    let args = read_args(section, "args", report);
    match own.mode {
        Mode::Run if !section.has("args") => {
            section.missing("args", "expected FFmpeg's arguments, which mode \"run\" is for", report);
        }
        Mode::Run if args.as_ref().is_some_and(Vec::is_empty) => {
            let problem =
                Problem::new("\"args\" is empty", "expected FFmpeg's arguments, like [\"-i\", ...]");
            section.mistake_at("args", problem, report);
        }
        Mode::Run => {}
        _ if section.has("args") => {
            let message = format!("\"args\" has no meaning in mode \"{}\"", own.mode.word());
            let expected = "expected mode = \"run\", or \"input_args\" for options of the input";
            section.mistake_at("args", Problem::new(message, expected), report);
        }
        _ => {}
    }
    let Some(id) = id else { return };
    let input_args = if own.mode == Mode::Run { Vec::new() } else { own.input_args };
    registry.streams.push(StreamSpec {
        name: shown.unwrap_or_else(|| id.as_str().into()),
        id,
        group: own.group,
        tags: own.tags,
        inputs,
        mode: own.mode,
        args: args.unwrap_or_default(),
        input_args,
        protocols: own.protocols,
        expect: own.expect,
        thresholds: own.thresholds,
        wanted: own.wanted,
        priority: own.priority,
        watch: own.watch,
        turn: own.turn,
        fallback: own.fallback,
        on_air: own.windows.on_air,
        maintenance: own.windows.maintenance,
    });
}

fn read_id(section: &Section<'_, '_>, registry: &mut Registry, report: &mut Report) -> Option<StreamId> {
    if !section.has("id") {
        section.missing("id", "expected one like id = \"news-1\"", report);
    }
    let text = section.text("id", report)?;
    let Ok(id) = StreamId::new(text.value) else {
        report.mistake(section.sheet, text.span, bad_id(text.value));
        return None;
    };
    registry.claim(&id, section.sheet, text.span, "expected another one here", report);
    Some(id)
}

/// What is wrong with an id.
pub(super) fn bad_id(text: &str) -> Problem {
    let expected = "expected 1 to 64 of a-z A-Z 0-9 . _ - beginning with a letter, digit or _";
    Problem::new(format!("{} is no stream id", quote(text)), expected)
}

fn read_inputs(section: &Section<'_, '_>, own: &Common, report: &mut Report) -> Vec<Arc<str>> {
    let sheet = section.sheet;
    let needed = own.mode != Mode::Run;
    if needed && !section.has("inputs") {
        section.missing("inputs", "expected one like inputs = [\"https://host/live.m3u8\"]", report);
    }
    let Some(texts) = section.list("inputs", MAX_INPUTS, report) else { return Vec::new() };
    if needed && texts.is_empty() {
        let problem =
            Problem::new("\"inputs\" is empty", "expected at least one URL; only mode \"run\" needs none");
        section.mistake_at("inputs", problem, report);
    }
    let mut inputs: Vec<Arc<str>> = Vec::with_capacity(texts.len());
    let mut seen = BTreeSet::new();
    for text in texts {
        if let Err(problem) = check_input(text.value, &own.protocols) {
            report.mistake(sheet, text.span, problem);
        } else if !seen.insert(text.value) {
            let message = format!("the input {} is there twice", quote(text.value));
            report.warning(
                sheet,
                text.span,
                Problem::new(message, "expected different ones to fall back to"),
            );
        } else {
            inputs.push(text.value.into());
        }
    }
    inputs
}
