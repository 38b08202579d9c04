//! Streams as text for other programs and other headends: TOML, JSON, CSV, M3U. And back.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::{Map, Number, Value, json};

use super::common::Common;
use super::files::{Environment, Memory, Overlay};
use super::keys::{Key, changed_keys};
use super::loader::{Loaded, parse};
use super::mistake::{Mistake, Mistakes};
use crate::model::{Expect, Mode, Schedule, StreamSpec, Wanted, counted};

/// What separates several inputs or tags in one field of a CSV list.
const INNER: &str = "|";

/// How streams are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As headend's own configuration.
    Toml,
    /// A list of objects with the same keys.
    Json,
    /// A table: id, name, group, tags, inputs, mode.
    Csv,
    /// A channel list: id, name, group and the first input.
    M3u,
}

impl Form {
    /// The form that the ending of `path` says.
    #[must_use]
    pub fn by_ending(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "toml" => Some(Self::Toml),
            "json" => Some(Self::Json),
            "csv" => Some(Self::Csv),
            "m3u" | "m3u8" => Some(Self::M3u),
            _ => None,
        }
    }
}

/// The streams as text. What the form has no place for is left out: [`lost`] tells.
#[must_use]
pub fn export(streams: &[StreamSpec], form: Form) -> String {
    match form {
        Form::Toml => {
            let tables: Vec<String> = streams.iter().map(stream_table).collect();
            tables.join("\n")
        }
        Form::Json => {
            let all: Vec<Told> = streams.iter().map(told).collect();
            // Texts, numbers and lists only.
            serde_json::to_string_pretty(&all).unwrap_or_default() + "\n"
        }
        Form::Csv => csv_of(streams),
        Form::M3u => m3u_of(streams),
    }
}

/// What became of the streams when `text`, written in `form`, is read again: keys that are not as
/// they were, with how many streams that is so for, and streams that are not there or have another id.
///
/// # Errors
/// When it can't be read again.
pub fn lost(streams: &[StreamSpec], form: Form, text: &str) -> Result<Vec<String>, Mistakes> {
    let read = import(text.as_bytes(), form, Path::new("export"), &Environment::default())?.config.streams;
    let by_id: BTreeMap<&str, &StreamSpec> = read.iter().map(|spec| (spec.id.as_str(), spec)).collect();
    let mut keys: BTreeMap<Key, usize> = BTreeMap::new();
    let mut ids = 0_usize;
    for spec in streams {
        match by_id.get(spec.id.as_str()) {
            None => ids += 1,
            Some(read) => {
                for key in changed_keys(spec, read) {
                    *keys.entry(key).or_default() += 1;
                }
            }
        }
    }
    let of = |count: usize| counted(count, "stream");
    let mut lines: Vec<String> =
        keys.into_iter().map(|(key, count)| format!("{} of {}", key.word(), of(count))).collect();
    if ids > 0 {
        lines.push(format!("{}, which this form can't hold or would call otherwise", of(ids)));
    }
    Ok(lines)
}

/// Reads streams that are written in `form`. `origin`: where they stand, for messages; relative paths
/// in TOML are looked for beside it.
///
/// # Errors
/// Every mistake in them.
pub fn import(bytes: &[u8], form: Form, origin: &Path, env: &Environment) -> Result<Loaded, Mistakes> {
    let list = |format: &str| {
        // An ending of its own, so that the list can't be the file that names it.
        let main = origin.with_extension("toml-of-the-import");
        let text = format!("[[playlist]]\npath = {}\nformat = \"{format}\"\n", quoted(&absolute(origin)));
        parse(&text, &main, env, &Memory::new().with(absolute(origin), bytes))
    };
    match form {
        Form::M3u => list("m3u"),
        Form::Csv => list("csv"),
        Form::Toml => {
            let over = Memory::new().with(origin, bytes);
            super::load_from(origin, env, &Overlay { over: &over })
        }
        Form::Json => {
            let text = toml_from_json(bytes).map_err(|why| unreadable(origin, why))?;
            parse(&text, origin, env, &Memory::new())
        }
    }
}

/// One stream as a `[[stream]]` table.
#[must_use]
pub fn stream_table(spec: &StreamSpec) -> String {
    toml_of(told(spec).0.iter().map(|(key, value)| (*key, value)))
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned()
}

fn unreadable(origin: &Path, message: String) -> Mistakes {
    let expected = "expected a list of objects with the keys of a [[stream]]".to_owned();
    let (line, column, excerpt) = (0, 0, None);
    let mistake = Mistake { file: origin.to_owned(), line, column, message, expected, excerpt };
    Mistakes { list: vec![mistake], more: 0 }
}

/// The keys of one stream in their order.
struct Told(Vec<(&'static str, Value)>);

impl Serialize for Told {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

/// The keys of a stream that are not as they are by themselves, in the order of the documentation; the
/// mode in any case, for people.
fn told(spec: &StreamSpec) -> Told {
    let usual = Common::default();
    let mut keys = vec![("id", json!(spec.id.as_str()))];
    let mut add = |key: Key, is_told: bool, value: Value| {
        if is_told {
            keys.push((key.word(), value));
        }
    };
    let texts = |texts: &[std::sync::Arc<str>]| Value::from(texts.iter().map(|t| &**t).collect::<Vec<_>>());
    let Expect { video, audio } = spec.expect;
    let tracks: Vec<&str> =
        [("video", video), ("audio", audio)].iter().filter(|t| t.1).map(|t| t.0).collect();
    let thresholds = thresholds(spec, &usual);
    let fallback = fallback(spec, &usual);
    add(Key::Name, *spec.name != *spec.id.as_str(), json!(&*spec.name));
    add(Key::Group, !spec.group.is_empty(), json!(&*spec.group));
    add(Key::Tags, !spec.tags.is_empty(), texts(&spec.tags));
    add(Key::Inputs, !spec.inputs.is_empty(), texts(&spec.inputs));
    add(Key::Mode, true, json!(spec.mode.word()));
    add(Key::Args, spec.mode == Mode::Run, json!(spec.args));
    add(Key::InputArgs, !spec.input_args.is_empty(), json!(spec.input_args));
    add(Key::Protocols, spec.protocols != usual.protocols, texts(&spec.protocols));
    add(Key::Expect, spec.expect != usual.expect, json!(tracks));
    add(Key::Thresholds, !thresholds.is_empty(), Value::Object(thresholds));
    add(Key::Start, spec.wanted == Wanted::Stopped, json!(false));
    add(Key::Priority, spec.priority != usual.priority, json!(spec.priority));
    add(Key::Watch, spec.watch != usual.watch, json!(spec.watch.word()));
    add(Key::Turn, spec.turn != usual.turn, json!(span(spec.turn)));
    add(Key::Fallback, !fallback.is_empty(), Value::Object(fallback));
    let windows = |schedule: Option<&std::sync::Arc<Schedule>>| {
        let windows = schedule.map(|s| s.windows().iter().map(ToString::to_string).collect::<Vec<_>>());
        json!(windows.unwrap_or_default())
    };
    add(Key::OnAir, spec.on_air.is_some(), windows(spec.on_air.as_ref()));
    add(Key::Maintenance, spec.maintenance.is_some(), windows(spec.maintenance.as_ref()));
    let zone = [&spec.on_air, &spec.maintenance].into_iter().flatten().find_map(|s| s.zone_name());
    if let Some(zone) = zone {
        keys.push(("time_zone", json!(zone)));
    }
    Told(keys)
}

fn thresholds(spec: &StreamSpec, usual: &Common) -> Map<String, Value> {
    let (own, usual) = (&spec.thresholds, &usual.thresholds);
    let mut table = Map::new();
    let spans = [
        ("black", own.black, usual.black),
        ("frozen", own.frozen, usual.frozen),
        ("silent", own.silent, usual.silent),
        ("start_grace", own.start_grace, usual.start_grace),
        ("stall", own.stall, usual.stall),
        ("stall_restart", own.stall_restart, usual.stall_restart),
        ("slow_for", own.slow_for, usual.slow_for),
        ("fast_for", own.fast_for, usual.fast_for),
    ];
    for (key, own, usual) in spans {
        if own != usual {
            table.insert(key.to_owned(), json!(span(own)));
        }
    }
    let numbers = [
        ("slow_speed", Some(own.slow_speed), Some(usual.slow_speed)),
        ("fast_speed", Some(own.fast_speed), Some(usual.fast_speed)),
        ("bitrate_min_kbps", own.bitrate_min_kbps, usual.bitrate_min_kbps),
        ("fps_min", own.fps_min, usual.fps_min),
    ];
    for (key, own, usual) in numbers {
        if let Some(own) = own.filter(|own| Some(*own) != usual) {
            table.insert(key.to_owned(), number(own));
        }
    }
    table
}

fn fallback(spec: &StreamSpec, usual: &Common) -> Map<String, Value> {
    let (own, usual) = (&spec.fallback, &usual.fallback);
    let mut table = Map::new();
    if own.on != usual.on {
        let kinds: Vec<&str> = own.on.iter().map(|kind| kind.word()).collect();
        table.insert("on".to_owned(), json!(kinds));
    }
    let spans = [
        ("after", own.after, usual.after),
        ("good_for", own.good_for, usual.good_for),
        ("probe_every", own.probe_every, usual.probe_every),
    ];
    for (key, own, usual) in spans {
        if own != usual {
            table.insert(key.to_owned(), json!(span(own)));
        }
    }
    table
}

/// As people wrote it: 0.9, not 0.8999999761581421.
fn number(value: f32) -> Value {
    let exact = value.to_string().parse().ok().and_then(Number::from_f64);
    exact.map_or(Value::Null, Value::Number)
}

fn span(span: Duration) -> String {
    let ms = span.as_millis();
    if ms.is_multiple_of(1_000) { format!("{}s", ms / 1_000) } else { format!("{ms}ms") }
}

fn toml_of<'v>(keys: impl Iterator<Item = (&'v str, &'v Value)>) -> String {
    let mut text = "[[stream]]\n".to_owned();
    for (key, value) in keys {
        if let Some(value) = toml_value(value) {
            let _ = writeln!(text, "{} = {value}", toml_key(key));
        }
    }
    text
}

/// A key, in quotes where it needs them.
fn toml_key(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !key.is_empty() && key.chars().all(bare) { key.to_owned() } else { quoted(key) }
}

/// A text as TOML has it.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A value on one line; `None`: there is none.
fn toml_value(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(list) => {
            let values: Vec<String> = list.iter().filter_map(toml_value).collect();
            format!("[{}]", values.join(", "))
        }
        Value::Object(table) => {
            let pair =
                |(key, value): (&String, &Value)| Some(format!("{} = {}", toml_key(key), toml_value(value)?));
            let pairs: Vec<String> = table.iter().filter_map(pair).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
    })
}

fn toml_from_json(bytes: &[u8]) -> Result<String, String> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| format!("this is no JSON: {error}"))?;
    let Value::Array(list) = value else { return Err("this is no list".to_owned()) };
    let tables = list.iter().enumerate().map(|(n, entry)| match entry {
        Value::Object(keys) => Ok(toml_of(keys.iter().map(|(key, value)| (key.as_str(), value)))),
        _ => Err(format!("entry {} is no object", n + 1)),
    });
    Ok(tables.collect::<Result<Vec<_>, _>>()?.join("\n"))
}

fn csv_of(streams: &[StreamSpec]) -> String {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    // Into memory: nothing can fail.
    let _ = writer.write_record(["id", "name", "group", "tags", "inputs", "mode"]);
    for spec in streams {
        let (tags, inputs) = (spec.tags.join(INNER), spec.inputs.join(INNER));
        let (id, mode) = (spec.id.as_str(), spec.mode.word());
        // What runs the operator's own arguments has no place in a list.
        if spec.mode != Mode::Run {
            let _ = writer.write_record([id, &spec.name, &spec.group, &tags, &inputs, mode]);
        }
    }
    writer.into_inner().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

fn m3u_of(streams: &[StreamSpec]) -> String {
    let mut text = "#EXTM3U\n".to_owned();
    for spec in streams.iter().filter(|spec| spec.mode != Mode::Run) {
        let Some(input) = spec.inputs.first() else { continue };
        let plain = |text: &str| text.replace('"', "'");
        let group = match &*spec.group {
            "" => String::new(),
            group => format!(" group-title=\"{}\"", plain(group)),
        };
        let _ = writeln!(text, "#EXTINF:-1 tvg-id=\"{}\"{group},{}\n{input}", spec.id, spec.name);
    }
    text
}
