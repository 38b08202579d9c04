//! What the operator wrote: read, checked, with defaults filled in.
//!
//! A configuration is taken whole or not at all: [`load`] gives either a [`Config`] in which
//! everything holds, or every mistake at once, each with its file, line and column.

mod alerting;
mod common;
mod console;
mod difference;
mod document;
mod edit;
mod export;
mod files;
mod input;
mod keys;
mod loader;
mod locate;
mod mistake;
mod playlist;
mod policy;
mod registry;
mod report;
mod section;
mod settings;
mod sheet;
mod socket;
mod views;
mod windows;
mod words;

#[cfg(test)]
mod tests;

pub use alerting::{
    AlertSettings, HttpSettings, MAX_ADDRESSES, MAX_RECEIVER_NAME, MAX_RECEIVERS, MAX_RULES,
    MAX_SECRET_BYTES, MailSettings, MailTls, Receiver, Rule, Secret, SecretError, Way,
};
pub use difference::{Difference, Holds, MAX_LISTED, SettingDifference, StreamDifference, difference};
pub use edit::{EditError, add_stream, has_stream, literal, remove_stream, set_key};
pub use export::{Form, export, import, lost, stream_table};
pub use files::{Capture, Disk, Environment, Files, Memory, Overlay, Sources};
pub use input::{DEFAULT_PROTOCOLS, protocol_of};
pub use keys::{Key, changed_keys, key_words, replacing_keys};
pub use loader::{Loaded, console_of, load, load_from, parse, state_dir_of};
pub use locate::{FILE_NAME, NotFound, locate};
pub use mistake::{Excerpt, MaskedLines, Mistake, Mistakes};
pub use settings::{
    Config, ConsoleSettings, Guard, Limit, LogSettings, Notify, OnHangup, Policy, ReloadSettings, Rollout,
    SocketSettings,
};
pub use words::parse_duration;

// Every bound of this room.

/// The largest file that is read, bytes.
pub const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;
/// Files read for one configuration: itself, included files and playlists.
pub const MAX_FILES: usize = 1_000;
/// What is kept of the files of one configuration for its revision, bytes.
pub const MAX_SOURCES_BYTES: usize = 16 * 1024 * 1024;
/// How deep files may include files.
pub const MAX_INCLUDE_DEPTH: usize = 8;
/// Streams of one configuration.
pub const MAX_STREAMS: usize = 10_000;
/// Mistakes that are kept, the first ones by position; the others are counted. The same for warnings.
pub const MAX_MISTAKES: usize = 200;
/// Inputs of one stream.
pub const MAX_INPUTS: usize = 16;
/// One input, bytes.
pub const MAX_INPUT_BYTES: usize = 8 * 1024;
/// `args` or `input_args` of one stream.
pub const MAX_ARGS: usize = 1_000;
/// One argument, bytes.
pub const MAX_ARG_BYTES: usize = 32 * 1024;
/// A stream's name, characters.
pub const MAX_NAME_CHARS: usize = 200;
/// A group, characters.
pub const MAX_GROUP_CHARS: usize = 100;
/// Tags of one stream.
pub const MAX_TAGS: usize = 32;
/// Steps of a rollout.
pub const MAX_ROLLOUT_STEPS: usize = 16;
/// Names in `protocols`.
pub const MAX_PROTOCOLS: usize = 64;
/// Users and groups in `operators` or `viewers`.
pub const MAX_PRINCIPALS: usize = 100;
/// One tag, characters.
pub const MAX_TAG_CHARS: usize = 64;
/// Above this size only the first syntax error of a file is reported, bytes: finding all of them
/// costs memory for each.
const MAX_RECOVER_BYTES: usize = 256 * 1024;
/// What is shown of a line under a mistake, characters.
const MAX_EXCERPT_CHARS: usize = 100;
/// Longer lines are not shown under a mistake at all, bytes.
const MAX_EXCERPT_LINE_BYTES: usize = 64 * 1024;
