//! The keys of one stream: which of them differ between two descriptions, and for which of those a
//! worker that runs has to be replaced.

use crate::model::{Mode, StreamSpec};

/// What stands in `args` of mode `run` for the input in use.
const INPUT: &str = "{input}";

/// One key of a `[[stream]]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// `name`
    Name,
    /// `group`
    Group,
    /// `tags`
    Tags,
    /// `inputs`
    Inputs,
    /// `mode`
    Mode,
    /// `args`
    Args,
    /// `input_args`
    InputArgs,
    /// `protocols`
    Protocols,
    /// `expect`
    Expect,
    /// `thresholds`
    Thresholds,
    /// `start`
    Start,
    /// `priority`
    Priority,
    /// `watch`
    Watch,
    /// `turn`
    Turn,
    /// `fallback`
    Fallback,
    /// `on_air`
    OnAir,
    /// `maintenance`
    Maintenance,
}

impl Key {
    /// As it is written.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Group => "group",
            Self::Tags => "tags",
            Self::Inputs => "inputs",
            Self::Mode => "mode",
            Self::Args => "args",
            Self::InputArgs => "input_args",
            Self::Protocols => "protocols",
            Self::Expect => "expect",
            Self::Thresholds => "thresholds",
            Self::Start => "start",
            Self::Priority => "priority",
            Self::Watch => "watch",
            Self::Turn => "turn",
            Self::Fallback => "fallback",
            Self::OnAir => "on_air",
            Self::Maintenance => "maintenance",
        }
    }

    /// Whether it can mend a run that failed: then a stream that waits for its next try need not.
    #[must_use]
    pub const fn may_mend(self) -> bool {
        matches!(
            self,
            Self::Inputs
                | Self::Mode
                | Self::Args
                | Self::InputArgs
                | Self::Protocols
                | Self::Expect
                | Self::Thresholds
        )
    }
}

/// The keys, with commas between them.
#[must_use]
pub fn key_words(keys: &[Key]) -> String {
    let words: Vec<&str> = keys.iter().map(|key| key.word()).collect();
    words.join(", ")
}

/// The keys that differ, in the order of the documentation.
#[must_use]
pub fn changed_keys(old: &StreamSpec, new: &StreamSpec) -> Vec<Key> {
    let differs = [
        (Key::Name, old.name != new.name),
        (Key::Group, old.group != new.group),
        (Key::Tags, old.tags != new.tags),
        (Key::Inputs, old.inputs != new.inputs),
        (Key::Mode, old.mode != new.mode),
        (Key::Args, old.args != new.args),
        (Key::InputArgs, old.input_args != new.input_args),
        (Key::Protocols, old.protocols != new.protocols),
        (Key::Expect, old.expect != new.expect),
        (Key::Thresholds, old.thresholds != new.thresholds),
        (Key::Start, old.wanted != new.wanted),
        (Key::Priority, old.priority != new.priority),
        (Key::Watch, old.watch != new.watch),
        (Key::Turn, old.turn != new.turn),
        (Key::Fallback, old.fallback != new.fallback),
        (Key::OnAir, old.on_air != new.on_air),
        (Key::Maintenance, old.maintenance != new.maintenance),
    ];
    differs.into_iter().filter_map(|(key, differs)| differs.then_some(key)).collect()
}

/// The keys for which a worker that serves input number `input` is replaced: none when FFmpeg would
/// be started as it was. (But for the network timeout, which follows `thresholds.stall`: no reason to
/// interrupt a stream.)
#[must_use]
pub fn replacing_keys(old: &StreamSpec, new: &StreamSpec, input: usize) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut add = |key, replaces: bool| {
        if replaces {
            keys.push(key);
        }
    };
    let runs = new.mode == Mode::Run;
    let uses_input = !runs || new.args.iter().any(|arg| arg.contains(INPUT));
    add(Key::Inputs, uses_input && old.inputs.get(input) != new.inputs.get(input));
    add(Key::Mode, old.mode != new.mode);
    add(Key::Args, runs && old.args != new.args);
    add(Key::InputArgs, !runs && old.input_args != new.input_args);
    add(Key::Protocols, !runs && old.protocols != new.protocols);
    let decodes = matches!(new.mode, Mode::Picture | Mode::Full);
    add(Key::Expect, decodes && old.expect != new.expect);
    let detectors = |spec: &StreamSpec| {
        let thresholds = &spec.thresholds;
        (thresholds.black.is_zero(), thresholds.freeze_wait(), thresholds.silent.is_zero())
    };
    add(Key::Thresholds, decodes && detectors(old) != detectors(new));
    keys
}
