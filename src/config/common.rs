//! What `[defaults]`, `[[playlist]]` and `[[stream]]` all may say; the closer one wins.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use super::input::{DEFAULT_WORD, check_protocol, complete_protocols};
use super::mistake::quote;
use super::report::Report;
use super::section::{Section, Shape, Span, choice};
use super::sheet::Sheet;
use super::windows::Windows;
use super::words::Problem;
use super::{
    MAX_ARG_BYTES, MAX_ARGS, MAX_GROUP_CHARS, MAX_NAME_CHARS, MAX_PROTOCOLS, MAX_TAG_CHARS, MAX_TAGS,
};
use crate::model::{
    ConditionKind, Expect, Fallback, Mode, StreamSpec, Thresholds, Wanted, WatchKind, clean, mask_secrets,
};

pub(super) static THRESHOLDS: Shape = Shape {
    title: "thresholds",
    keys: &[
        "black",
        "frozen",
        "silent",
        "start_grace",
        "stall",
        "stall_restart",
        "slow_speed",
        "slow_for",
        "fast_speed",
        "fast_for",
        "bitrate_min_kbps",
        "fps_min",
    ],
};

pub(super) static FALLBACK: Shape =
    Shape { title: "fallback", keys: &["on", "after", "good_for", "probe_every"] };

const MODES: [(&str, Mode); 4] =
    [("packets", Mode::Packets), ("picture", Mode::Picture), ("full", Mode::Full), ("run", Mode::Run)];

/// A check may be off (zero) and may wait an hour.
const CHECK: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(3_600);
/// A wait that must not be nothing.
const WAIT: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(3_600);
/// A shorter turn would be over before most streams are live.
const TURN: RangeInclusive<Duration> = Duration::from_secs(5)..=Duration::from_secs(3_600);
/// From one probe of the primary to the next: each of them is a worker.
const PROBE: RangeInclusive<Duration> = Duration::from_secs(5)..=Duration::from_secs(86_400);
const WATCH: [(&str, WatchKind); 2] =
    [(WatchKind::Always.word(), WatchKind::Always), (WatchKind::Rotate.word(), WatchKind::Rotate)];
/// Options in `input_args` that would undo what headend does for safety.
const OWN_OPTIONS: [(&str, &str); 3] = [
    ("-i", "expected the input in \"inputs\""),
    ("-protocol_whitelist", "expected the names in \"protocols\""),
    ("-protocol_blacklist", "expected the names to allow in \"protocols\""),
];

/// The settings a stream takes over from further out.
#[derive(Debug, Clone)]
pub(super) struct Common {
    pub mode: Mode,
    pub expect: Expect,
    pub thresholds: Thresholds,
    pub protocols: Vec<Arc<str>>,
    pub tags: Vec<Arc<str>>,
    pub group: Arc<str>,
    pub input_args: Vec<String>,
    pub wanted: Wanted,
    pub priority: u8,
    pub watch: WatchKind,
    pub turn: Duration,
    pub fallback: Fallback,
    pub windows: Windows,
}

impl Default for Common {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            expect: Expect { video: true, audio: true },
            thresholds: Thresholds::default(),
            protocols: complete_protocols([DEFAULT_WORD]),
            tags: Vec::new(),
            group: "".into(),
            input_args: Vec::new(),
            wanted: Wanted::Started,
            priority: StreamSpec::USUAL_PRIORITY,
            watch: WatchKind::default(),
            turn: StreamSpec::USUAL_TURN,
            fallback: Fallback::default(),
            windows: Windows::default(),
        }
    }
}

impl Common {
    /// These settings, with what `section` says instead.
    pub fn refined(&self, section: &Section<'_, '_>, report: &mut Report) -> Self {
        let mut own = self.clone();
        let sheet = section.sheet;
        if let Some(word) = section.text("mode", report) {
            own.mode = read_mode(sheet, word.value, word.span, report).unwrap_or(own.mode);
        }
        if let Some(words) = section.list("expect", 2, report) {
            own.expect = Expect { video: false, audio: false };
            for word in words {
                match choice("track", word.value, &[("video", true), ("audio", false)]) {
                    Ok(true) => own.expect.video = true,
                    Ok(false) => own.expect.audio = true,
                    Err(problem) => report.mistake(sheet, word.span, problem),
                }
            }
        }
        if let Some(table) = section.table("thresholds", &THRESHOLDS, report) {
            own.thresholds = refined_thresholds(own.thresholds, &table, report);
        }
        if let Some(words) = section.list("protocols", MAX_PROTOCOLS, report) {
            let mut names = Vec::new();
            for word in words {
                match check_protocol(word.value) {
                    Ok(()) => names.push(word.value),
                    Err(problem) => {
                        report.mistake(sheet, word.span, problem);
                        // So that one slip is not told again for each input.
                        names.push(DEFAULT_WORD);
                    }
                }
            }
            own.protocols = complete_protocols(names);
        }
        if let Some(words) = section.list("tags", MAX_TAGS, report) {
            let tags = words.into_iter().filter_map(|word| read_tag(sheet, word.value, word.span, report));
            own.tags = unique(tags);
        }
        if let Some(text) = section.text("group", report) {
            own.group = label("group", text.value, MAX_GROUP_CHARS)
                .map_err(|problem| report.mistake(sheet, text.span, problem))
                .unwrap_or_default();
        }
        if let Some(args) = read_args(section, "input_args", report) {
            own.input_args = args;
        }
        if let Some(start) = section.flag("start", report) {
            own.wanted = if start { Wanted::Started } else { Wanted::Stopped };
        }
        let priority = section.number("priority", &(0..=StreamSpec::MAX_PRIORITY), report);
        own.priority = priority.unwrap_or(own.priority);
        if let Some(word) = section.text("watch", report) {
            let watch = choice("way to watch", word.value, &WATCH);
            own.watch =
                watch.map_err(|problem| report.mistake(sheet, word.span, problem)).unwrap_or(own.watch);
        }
        own.turn = section.duration("turn", &TURN, report).unwrap_or(own.turn);
        if let Some(table) = section.table("fallback", &FALLBACK, report) {
            refine_fallback(&mut own.fallback, &table, report);
        }
        own.windows.refine(section, report);
        own
    }
}

fn refine_fallback(own: &mut Fallback, table: &Section<'_, '_>, report: &mut Report) {
    let kinds: Vec<_> = ConditionKind::ALL.iter().map(|kind| (kind.word(), *kind)).collect();
    if let Some(words) = table.list("on", kinds.len(), report) {
        own.on.clear();
        for word in words {
            match choice("condition", word.value, &kinds) {
                Ok(kind) if own.on.contains(&kind) => {}
                Ok(kind) => own.on.push(kind),
                Err(problem) => report.mistake(table.sheet, word.span, problem),
            }
        }
    }
    own.after = table.duration("after", &CHECK, report).unwrap_or(own.after);
    own.good_for = table.duration("good_for", &CHECK, report).unwrap_or(own.good_for);
    own.probe_every = table.duration("probe_every", &PROBE, report).unwrap_or(own.probe_every);
}

/// A mode by its word.
pub(super) fn read_mode(sheet: &Sheet, word: &str, span: Span, report: &mut Report) -> Option<Mode> {
    choice("mode", word, &MODES).map_err(|problem| report.mistake(sheet, span, problem)).ok()
}

/// A tag: a few words without control characters.
pub(super) fn read_tag(sheet: &Sheet, text: &str, span: Span, report: &mut Report) -> Option<Arc<str>> {
    let tag = if text.trim().is_empty() {
        Err(Problem::new("a tag is empty", "expected a word"))
    } else {
        label("tag", text.trim(), MAX_TAG_CHARS)
    };
    tag.map_err(|problem| report.mistake(sheet, span, problem)).ok()
}

/// Each tag once, in the order they came.
pub(super) fn unique(tags: impl Iterator<Item = Arc<str>>) -> Vec<Arc<str>> {
    let mut out: Vec<Arc<str>> = Vec::new();
    for tag in tags {
        if !out.contains(&tag) {
            out.push(tag);
        }
    }
    out
}

/// A name: not empty, not too long, made harmless.
pub(super) fn name(text: &str) -> Result<Arc<str>, Problem> {
    if text.trim().is_empty() {
        return Err(Problem::new("the name is empty", "expected a text; without \"name\" the id is shown"));
    }
    label("name", text, MAX_NAME_CHARS)
}

fn label(what: &str, text: &str, max: usize) -> Result<Arc<str>, Problem> {
    let length = text.chars().count();
    if length > max {
        let message = format!("the {what} {} is {length} characters long", quote(text));
        return Err(Problem::new(message, format!("expected at most {max}")));
    }
    Ok(clean(&mask_secrets(text)).as_ref().into())
}

/// A list of arguments for FFmpeg.
pub(super) fn read_args(section: &Section<'_, '_>, key: &str, report: &mut Report) -> Option<Vec<String>> {
    let words = section.list(key, MAX_ARGS, report)?;
    let mut args = Vec::with_capacity(words.len());
    for word in words {
        let own =
            OWN_OPTIONS.iter().filter(|_| key == "input_args").find(|(option, _)| *option == word.value);
        let problem = if word.value.contains('\0') {
            Some(Problem::new("an argument has a zero byte in it", "expected none: no program can take it"))
        } else if word.value.len() > MAX_ARG_BYTES {
            let message = format!("an argument is {} bytes long", word.value.len());
            Some(Problem::new(message, format!("expected at most {MAX_ARG_BYTES}")))
        } else {
            own.map(|(option, expected)| {
                Problem::new(format!("{} may not stand in \"{key}\"", quote(option)), *expected)
            })
        };
        if let Some(problem) = problem {
            report.mistake(section.sheet, word.span, problem);
        }
        // Kept all the same, so that nobody takes the list for empty: it is refused anyway.
        args.push(word.value.to_owned());
    }
    Some(args)
}

fn refined_thresholds(mut own: Thresholds, table: &Section<'_, '_>, report: &mut Report) -> Thresholds {
    let durations = [
        ("black", &mut own.black, CHECK),
        ("frozen", &mut own.frozen, CHECK),
        ("silent", &mut own.silent, CHECK),
        ("start_grace", &mut own.start_grace, WAIT),
        ("stall", &mut own.stall, WAIT),
        ("stall_restart", &mut own.stall_restart, CHECK),
        ("slow_for", &mut own.slow_for, WAIT),
        ("fast_for", &mut own.fast_for, WAIT),
    ];
    for (key, place, bounds) in durations {
        *place = table.duration(key, &bounds, report).unwrap_or(*place);
    }
    own.slow_speed = table.number("slow_speed", &(0.0..=1.0), report).unwrap_or(own.slow_speed);
    own.fast_speed = table.number("fast_speed", &(1.0..=1_000.0), report).unwrap_or(own.fast_speed);
    let bitrate = table.number("bitrate_min_kbps", &(0.1..=1_000_000.0), report);
    own.bitrate_min_kbps = bitrate.or(own.bitrate_min_kbps);
    own.fps_min = table.number("fps_min", &(0.1..=1_000.0), report).or(own.fps_min);
    own
}
