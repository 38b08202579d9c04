//! What differs between two configurations, for people: streams that come, go and change, and settings.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use super::keys::{Key, changed_keys, key_words, replacing_keys};
use super::{Config, Limit, Notify, OnHangup, Policy, alerting};
use crate::model::{
    ColumnChoice, Density, Schedule, SortBy, StreamId, StreamSpec, View, Wanted, clean_line, counted,
    mask_secrets, span_words,
};

/// So many streams are told one by one; the others are counted.
pub const MAX_LISTED: usize = 200;
/// What is shown of one value, bytes.
const MAX_VALUE_BYTES: usize = 200;

/// What differs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Streams that only the new one has, in its order.
    pub added: Vec<StreamId>,
    /// Streams that only the old one had, in its order.
    pub removed: Vec<StreamId>,
    /// Streams that are described otherwise, in the order of the new one.
    pub changed: Vec<StreamDifference>,
    /// All others.
    pub unchanged: usize,
    /// Settings that differ, in the order of the documentation.
    pub settings: Vec<SettingDifference>,
}

/// How one stream differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamDifference {
    /// Which.
    pub id: StreamId,
    /// What differs, with the value before and after, masked and clean.
    pub keys: Vec<(Key, String, String)>,
    /// Why a worker on its primary input is replaced; empty: it goes on.
    pub replaced_for: Vec<Key>,
}

/// How one setting differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingDifference {
    /// As `table.key`.
    pub name: &'static str,
    /// Before, masked and clean.
    pub from: String,
    /// After, masked and clean.
    pub to: String,
    /// From when on it holds, if not at once.
    pub holds: Holds,
}

/// From when on a setting holds after a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// At once.
    Now,
    /// For workers that are started from then on.
    NextWorkers,
    /// With headend's next start.
    NextStart,
}

/// What differs between `old` and `new`.
#[must_use]
pub fn difference(old: &Config, new: &Config) -> Difference {
    let by_id = |config: &'_ Config| -> BTreeMap<StreamId, StreamSpec> {
        config.streams.iter().map(|spec| (spec.id.clone(), spec.clone())).collect()
    };
    let (before, after) = (by_id(old), by_id(new));
    let only = |config: &Config, other: &BTreeMap<StreamId, StreamSpec>| -> Vec<StreamId> {
        config.streams.iter().map(|spec| spec.id.clone()).filter(|id| !other.contains_key(id)).collect()
    };
    let mut difference = Difference {
        added: only(new, &before),
        removed: only(old, &after),
        settings: settings(old, new),
        ..Difference::default()
    };
    for spec in &new.streams {
        let Some(old) = before.get(&spec.id) else { continue };
        let keys = changed_keys(old, spec);
        if keys.is_empty() {
            difference.unchanged += 1;
            continue;
        }
        let keys = keys.into_iter().map(|key| told(key, old, spec)).collect();
        let replaced_for = replacing_keys(old, spec, 0);
        difference.changed.push(StreamDifference { id: spec.id.clone(), keys, replaced_for });
    }
    difference
}

impl Difference {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty()
            && self.removed.is_empty()
            && self.changed.is_empty()
            && self.settings.is_empty()
    }

    /// In one line: `+3 -1 ~2 streams, 4 settings changed`.
    #[must_use]
    pub fn summary(&self) -> String {
        let counts = [('+', self.added.len()), ('-', self.removed.len()), ('~', self.changed.len())];
        let counts: Vec<_> = counts
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(sign, count)| format!("{sign}{count}"))
            .collect();
        let mut parts = Vec::new();
        if !counts.is_empty() {
            let sum = counts.len().max(self.added.len() + self.removed.len() + self.changed.len());
            parts.push(format!("{} {}", counts.join(" "), if sum == 1 { "stream" } else { "streams" }));
        }
        if !self.settings.is_empty() {
            parts.push(format!("{} changed", counted(self.settings.len(), "setting")));
        }
        if parts.is_empty() { "nothing differs".to_owned() } else { parts.join(", ") }
    }

    /// Line by line: `+` a stream that comes, `-` one that goes, `~` one that changes, and settings by
    /// their names. At most [`MAX_LISTED`] streams, the others counted.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.settings.iter().map(SettingDifference::line).collect();
        let added = self.added.iter().map(|id| format!("+ {id}"));
        let removed = self.removed.iter().map(|id| format!("- {id}"));
        let streams = self.added.len() + self.removed.len() + self.changed.len();
        let changed = self.changed.iter().map(StreamDifference::line);
        lines.extend(added.chain(removed).chain(changed).take(MAX_LISTED));
        if let Some(more) = streams.checked_sub(MAX_LISTED).filter(|more| *more > 0) {
            lines.push(format!("and {}", counted(more, "more stream")));
        }
        lines
    }
}

impl StreamDifference {
    fn line(&self) -> String {
        let mut line = format!("~ {}:", self.id);
        for (n, (key, from, to)) in self.keys.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            let _ = write!(line, "{comma} {} {from} -> {to}", key.word());
        }
        if !self.replaced_for.is_empty() {
            let _ = write!(line, "; its worker is replaced ({})", key_words(&self.replaced_for));
        }
        line
    }
}

impl SettingDifference {
    fn line(&self) -> String {
        let Self { name, from, to, holds } = self;
        let when = match holds {
            Holds::Now => "",
            Holds::NextWorkers => "; for workers that are started from now on",
            Holds::NextStart => "; with headend's next start",
        };
        format!("{name} {from} -> {to}{when}")
    }
}

/// A key with its values before and after, for people; of a table what differs in it.
fn told(key: Key, old: &StreamSpec, new: &StreamSpec) -> (Key, String, String) {
    let inside: fn(&StreamSpec) -> Vec<(&'static str, String)> = match key {
        Key::Thresholds => thresholds,
        Key::Fallback => fallback,
        _ => return (key, value(key, old), value(key, new)),
    };
    let pairs = inside(old).into_iter().zip(inside(new));
    let (from, to): (Vec<_>, Vec<_>) = pairs
        .filter(|((_, from), (_, to))| from != to)
        .map(|((name, from), (_, to))| (format!("{name} {from}"), format!("{name} {to}")))
        .unzip();
    let shown = |parts: &[String]| clean_line(&format!("{{{}}}", parts.join(", ")), MAX_VALUE_BYTES);
    (key, shown(&from), shown(&to))
}

/// All of them, the same ones whatever they are.
fn thresholds(spec: &StreamSpec) -> Vec<(&'static str, String)> {
    let own = &spec.thresholds;
    let least = |least: Option<f32>| least.map_or_else(|| "unset".to_owned(), |least| least.to_string());
    vec![
        ("black", span(own.black)),
        ("frozen", span(own.frozen)),
        ("silent", span(own.silent)),
        ("start_grace", span(own.start_grace)),
        ("stall", span(own.stall)),
        ("stall_restart", span(own.stall_restart)),
        ("slow_speed", own.slow_speed.to_string()),
        ("slow_for", span(own.slow_for)),
        ("fast_speed", own.fast_speed.to_string()),
        ("fast_for", span(own.fast_for)),
        ("bitrate_min_kbps", least(own.bitrate_min_kbps)),
        ("fps_min", least(own.fps_min)),
    ]
}

/// The same of what makes it switch.
fn fallback(spec: &StreamSpec) -> Vec<(&'static str, String)> {
    let own = &spec.fallback;
    let kinds: Vec<&str> = own.on.iter().map(|kind| kind.word()).collect();
    vec![
        ("on", format!("[{}]", kinds.join(" "))),
        ("after", span(own.after)),
        ("good_for", span(own.good_for)),
        ("probe_every", span(own.probe_every)),
    ]
}

/// A value of a stream, for people.
fn value(key: Key, spec: &StreamSpec) -> String {
    let quoted = |text: &str| format!("\"{text}\"");
    let list = |texts: &mut dyn Iterator<Item = &str>| format!("[{}]", texts.collect::<Vec<_>>().join(" "));
    let schedule = |schedule: Option<&std::sync::Arc<crate::model::Schedule>>| {
        schedule.map_or_else(|| "[]".to_owned(), |schedule| windows(schedule))
    };
    let text = match key {
        Key::Name => quoted(&spec.name),
        Key::Group => quoted(&spec.group),
        Key::Tags => list(&mut spec.tags.iter().map(|tag| &**tag)),
        // Each by itself: what hides the secrets of one must not run into the next.
        Key::Inputs => {
            let masked: Vec<_> = spec.inputs.iter().map(|url| mask_secrets(url).into_owned()).collect();
            if masked.is_empty() { "none".to_owned() } else { masked.join(" ") }
        }
        Key::Mode => spec.mode.word().to_owned(),
        // An argument may be a secret because of the one before it, or of what it is for: not shown.
        Key::Args => counted(spec.args.len(), "argument"),
        Key::InputArgs => counted(spec.input_args.len(), "argument"),
        Key::Protocols => list(&mut spec.protocols.iter().map(|protocol| &**protocol)),
        Key::Expect => {
            let tracks = [("video", spec.expect.video), ("audio", spec.expect.audio)];
            list(&mut tracks.iter().filter(|(_, expected)| *expected).map(|(word, _)| *word))
        }
        Key::Start => (spec.wanted == Wanted::Started).to_string(),
        Key::Priority => spec.priority.to_string(),
        Key::Watch => spec.watch.word().to_owned(),
        Key::Turn => span_words(spec.turn),
        // These are told by what differs in them.
        Key::Thresholds | Key::Fallback => "{...}".to_owned(),
        Key::OnAir => schedule(spec.on_air.as_ref()),
        Key::Maintenance => schedule(spec.maintenance.as_ref()),
    };
    clean_line(&text, MAX_VALUE_BYTES)
}

/// Its windows, and the zone that their times are of.
fn windows(schedule: &Schedule) -> String {
    let windows: Vec<String> = schedule.windows().iter().map(|window| format!("\"{window}\"")).collect();
    let zone = schedule.zone_name().map_or_else(String::new, |zone| format!(" in {zone}"));
    format!("[{}]{zone}", windows.join(", "))
}

fn settings(old: &Config, new: &Config) -> Vec<SettingDifference> {
    let (before, after) = (told_settings(old), told_settings(new));
    let pairs = before.into_iter().zip(after);
    let differs = pairs.filter(|((_, _, from), (_, _, to))| from != to);
    let shown = |text: &str| clean_line(&mask_secrets(text), MAX_VALUE_BYTES);
    let mut settings: Vec<SettingDifference> = differs
        .map(|((name, holds, from), (_, _, to))| SettingDifference {
            name,
            from: shown(&from),
            to: shown(&to),
            holds,
        })
        .collect();
    let alerting = alerting::differing(old, new).into_iter();
    let views = views(&old.console.views, &new.console.views).into_iter();
    let views = views.map(|(from, to)| ("view", from, to));
    settings.extend(alerting.chain(views).map(|(name, from, to)| SettingDifference {
        name,
        from: shown(&from),
        to: shown(&to),
        holds: Holds::Now,
    }));
    settings
}

/// Views that differ, by their names, before and after.
fn views(old: &[View], new: &[View]) -> Vec<(String, String)> {
    let of = |views: &[View], name: &str| -> String {
        let view = views.iter().find(|view| &*view.name == name);
        view.map_or_else(|| "none".to_owned(), view_words)
    };
    let mut names: Vec<&str> = new.iter().chain(old).map(|view| &*view.name).collect();
    let mut told = BTreeSet::new();
    names.retain(|name| told.insert(*name));
    let pairs = names.into_iter().map(|name| (of(old, name), of(new, name)));
    pairs.filter(|(from, to)| from != to).collect()
}

/// What a view shows; what is usual is left out.
fn view_words(view: &View) -> String {
    let View { name, key, filter, faults, sort, columns, density, grouped } = view;
    let mut words = vec![format!("\"{name}\"")];
    words.extend(key.map(|key| format!("key {key}")));
    words.extend((!filter.is_empty()).then(|| format!("filter \"{filter}\"")));
    words.extend(faults.then(|| "faults".to_owned()));
    words.extend((*sort != SortBy::default()).then(|| format!("sort {}", sort.word())));
    words.extend((!columns.is_empty()).then(|| {
        let column = |column: &ColumnChoice| column.to_string();
        format!("columns {}", columns.iter().map(column).collect::<Vec<_>>().join(" "))
    }));
    words.extend((*density != Density::default()).then(|| format!("density {}", density.word())));
    words.extend(grouped.then(|| "grouped".to_owned()));
    words.join(", ")
}

/// Every setting as text, in the order of the documentation, the same ones whatever they are.
fn told_settings(config: &Config) -> Vec<(&'static str, Holds, String)> {
    let mut told = policy_settings(&config.policy);
    let path = |path: Option<&std::path::PathBuf>, usual: &str| {
        path.map_or_else(|| usual.to_owned(), |path| path.display().to_string())
    };
    let (logs, socket) = (&config.logs, &config.socket);
    let console = &config.console;
    let notify = match console.notify {
        Notify::Off => "off",
        Notify::Osc9 => "osc9",
        Notify::Osc777 => "osc777",
    };
    let hangup = match config.console.on_hangup {
        OnHangup::Continue => "continue",
        OnHangup::Stop => "stop",
    };
    told.extend([
        ("reload.watch", Holds::Now, config.reload.watch.to_string()),
        ("ffmpeg.path", Holds::NextStart, path(config.ffmpeg.as_ref(), "ffmpeg")),
        ("ffmpeg.stats_period", Holds::NextWorkers, span(config.policy.stats_period)),
        ("logs.max_size", Holds::NextStart, format!("{} bytes", logs.max_size)),
        ("logs.max_files", Holds::NextStart, logs.max_files.to_string()),
        ("logs.dir", Holds::NextStart, path(logs.dir.as_ref(), "in the state folder")),
        ("state.dir", Holds::NextStart, path(config.state_dir.as_ref(), "the usual place")),
        (
            "console.theme",
            Holds::Now,
            console.theme.clone().unwrap_or_else(|| "as the terminal is".to_owned()),
        ),
        ("console.keys", Holds::Now, path(console.keys.as_ref(), "keys.toml")),
        ("console.ascii", Holds::Now, console.ascii.to_string()),
        ("console.mouse", Holds::Now, console.mouse.to_string()),
        ("console.bell", Holds::Now, console.bell.to_string()),
        ("console.notify", Holds::Now, notify.to_owned()),
        ("console.tmux_alert", Holds::Now, console.tmux_alert.to_string()),
        ("console.on_hangup", Holds::NextStart, hangup.to_owned()),
        ("socket.mode", Holds::NextStart, format!("{:04o}", socket.mode)),
        ("socket.operators", Holds::NextStart, format!("{:?}", socket.operators)),
        ("socket.viewers", Holds::NextStart, format!("{:?}", socket.viewers)),
    ]);
    told
}

fn policy_settings(policy: &Policy) -> Vec<(&'static str, Holds, String)> {
    let now = |name, value: String| (name, Holds::Now, value);
    let slots = policy.slots.map_or_else(|| "auto".to_owned(), |slots| slots.to_string());
    let rollout = policy.rollout.as_ref();
    let guard = &policy.guard;
    let limit = |limit: Limit| format!("[{}, {}]", limit.soft, limit.hard);
    let no_rollout = || "none".to_owned();
    vec![
        now("pool.slots", slots),
        now("pool.start_parallel", policy.start_parallel.to_string()),
        now("pool.starts_per_second", policy.starts_per_second.to_string()),
        now("restart.backoff_first", span(policy.backoff_first)),
        now("restart.backoff_cap", span(policy.backoff_cap)),
        now("restart.jitter", policy.backoff_jitter.to_string()),
        now("restart.reset_after", span(policy.backoff_reset)),
        now("restart.broken_failures", policy.broken_failures.to_string()),
        now("restart.broken_window", span(policy.broken_window)),
        now("restart.broken_retry", span(policy.broken_retry)),
        now("restart.denied_first", span(policy.denied_first)),
        now("origin.failures", policy.origin_failures.to_string()),
        now("origin.share", policy.origin_share.to_string()),
        now("origin.window", span(policy.origin_window)),
        now("origin.retry", span(policy.origin_retry)),
        now("origin.probes", policy.origin_probes.to_string()),
        now("rollout.steps", rollout.map_or_else(no_rollout, |rule| format!("{:?}", rule.steps))),
        now("rollout.hold", rollout.map_or_else(no_rollout, |rule| span(rule.hold))),
        now("rollout.healthy", rollout.map_or_else(no_rollout, |rule| rule.healthy.to_string())),
        now("guard.enabled", guard.enabled.to_string()),
        now("guard.cpu", limit(guard.cpu)),
        now("guard.cpu_pressure", limit(guard.cpu_pressure)),
        now("guard.memory", limit(guard.memory)),
        now("guard.memory_pressure", limit(guard.memory_pressure)),
        now("guard.open_files", limit(guard.open_files)),
        now("guard.disk", limit(guard.disk)),
        now("guard.rises_after", span(guard.rises_after)),
        now("guard.falls_after", span(guard.falls_after)),
        now("guard.shed_every", span(guard.shed_every)),
        now("stop.again", span(policy.stop_again)),
        now("stop.kill", span(policy.stop_kill)),
    ]
}

/// Exactly, unlike a span for a screen: two that differ must not read alike.
pub(super) fn span(span: Duration) -> String {
    let ms = span.as_millis();
    if ms.is_multiple_of(1_000) { format!("{}s", ms / 1_000) } else { format!("{ms}ms") }
}
