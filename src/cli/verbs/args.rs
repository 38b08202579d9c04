//! The arguments of the verbs that talk with a headend that runs.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::model::{ConditionKind, Severity, nearest};

/// Which headend: the one that has this state folder.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// The configuration, for the state folder it names [default: as when running]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The state folder of the headend that is meant [default: as when running]
    #[arg(long, value_name = "FOLDER")]
    pub state: Option<PathBuf>,
}

/// Which streams.
#[derive(Debug, Clone, Args)]
pub struct Which {
    /// An id, a glob, a group, a tag, or a query: `'group:news critical'`
    #[arg(value_name = "SELECTOR", conflicts_with = "all")]
    pub selector: Vec<String>,
    /// Every stream
    #[arg(long)]
    pub all: bool,
}

/// `headend status`.
#[derive(Debug, Clone, Args)]
pub struct Status {
    #[command(flatten)]
    pub which: Which,
    /// Print one JSON document, as --report does
    #[arg(long)]
    pub json: bool,
    /// Stay, and draw anew what changes; ctrl-c ends it
    #[arg(long, conflicts_with_all = ["json", "exit_code"])]
    pub watch: bool,
    /// End with 6 when one of them is critical
    #[arg(long)]
    pub exit_code: bool,
    #[command(flatten)]
    pub place: Place,
}

/// An order about streams.
#[derive(Debug, Clone, Args)]
pub struct Order {
    #[command(flatten)]
    pub which: Which,
    /// Ask nothing
    #[arg(long, short)]
    pub yes: bool,
    #[command(flatten)]
    pub place: Place,
}

/// `headend mute`.
#[derive(Debug, Clone, Args)]
pub struct Mute {
    #[command(flatten)]
    pub order: Order,
    /// How long, such as 30m or 2h; 1 minute to 30 days
    #[arg(long = "for", value_name = "TIME", default_value = "1h", value_parser = super::span)]
    pub span: Duration,
}

/// `headend note`.
#[derive(Debug, Clone, Args)]
pub struct Note {
    #[command(flatten)]
    pub order: Order,
    /// What to keep; an empty text removes a stream's note. Behind an incident's number it needs no --text
    #[arg(long, short, value_name = "TEXT")]
    pub text: Option<String>,
}

/// `headend logs`.
#[derive(Debug, Clone, Args)]
pub struct Logs {
    /// As elsewhere, up to 16 streams; _headend is headend's own log
    #[arg(value_name = "SELECTOR", required = true)]
    pub selector: Vec<String>,
    /// Go on with what comes; ctrl-c ends it
    #[arg(long, short)]
    pub follow: bool,
    /// Only lines so grave, and graver ones
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = Level::Debug)]
    pub level: Level,
    /// What is not older than this, such as 10m; from the files where memory does not reach
    #[arg(long, value_name = "TIME", value_parser = super::span)]
    pub since: Option<Duration>,
    /// So many lines of each at most [default: 50; with --since all]
    #[arg(short = 'n', long, value_name = "LINES", value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub lines: Option<u32>,
    #[command(flatten)]
    pub place: Place,
}

/// How grave a line of a log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Level {
    /// Errors alone
    Error,
    /// Warnings too
    Warning,
    /// The ordinary flow of events too
    Info,
    /// Everything
    Debug,
}

/// `headend top`.
#[derive(Debug, Clone, Args)]
pub struct Top {
    /// How many workers
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    pub number: usize,
    /// What is counted
    #[arg(long, value_enum, default_value_t = By::Cpu)]
    pub by: By,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub place: Place,
}

/// What a worker takes of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// Its share of one core
    Cpu,
    /// Its own memory
    Memory,
    /// Its open files
    Files,
}

/// `headend events`.
#[derive(Debug, Clone, Args)]
pub struct Events {
    #[command(flatten)]
    pub which: Which,
    /// Go on with what changes; ctrl-c ends it
    #[arg(long, short)]
    pub follow: bool,
    /// One JSON document in each line
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub place: Place,
}

/// `headend reload`.
#[derive(Debug, Clone, Args)]
pub struct Reload {
    #[command(flatten)]
    pub place: Place,
}

/// `headend shutdown`.
#[derive(Debug, Clone, Args)]
pub struct Shutdown {
    /// Ask nothing
    #[arg(long, short)]
    pub yes: bool,
    #[command(flatten)]
    pub place: Place,
}

/// `headend doctor`.
#[derive(Debug, Clone, Args)]
pub struct Doctor {
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub place: Place,
}

/// `headend completions`.
#[derive(Debug, Clone, Args)]
pub struct Completions {
    /// Whose
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// `headend man`.
#[derive(Debug, Clone, Args)]
pub struct Man {
    /// Write a page for each verb into this folder, instead of one page to standard output
    #[arg(long, value_name = "FOLDER")]
    pub into: Option<PathBuf>,
}

/// `headend audit`.
#[derive(Debug, Clone, Args)]
pub struct Audit {
    /// So many entries, the newest
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub number: u32,
    /// One JSON document in each line
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub place: Place,
}

/// `headend incidents`.
#[derive(Debug, Clone, Args)]
pub struct Incidents {
    /// One incident by its number, or those of streams: as elsewhere
    #[arg(value_name = "NUMBER|SELECTOR")]
    pub which: Vec<String>,
    /// Only those that are open
    #[arg(long)]
    pub open: bool,
    /// Only those that were open since then: 2h, 2026-11-24 or 2026-11-24T06:00
    #[arg(long, value_name = "TIME", value_parser = super::incidents::since)]
    pub since: Option<u64>,
    /// So many, the newest
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub count: u32,
    /// Instead, how available streams were over 1 h, 24 h, 7 d and 30 d
    #[arg(long, conflicts_with_all = ["open", "since"])]
    pub availability: bool,
    /// Print one JSON array
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub place: Place,
}

/// `headend alerts`.
#[derive(Debug, Clone, Args)]
pub struct Alerts {
    #[command(subcommand)]
    pub verb: Option<AlertsVerb>,
    /// The configuration [default: as when running]
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
}

/// What to do about them.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum AlertsVerb {
    /// Walks a made-up incident through the rules; tells nobody
    Test(AlertsTest),
}

/// `headend alerts test`.
#[derive(Debug, Clone, Args)]
pub struct AlertsTest {
    /// Whose incident: the first stream that is found [default: the first of all]
    #[arg(value_name = "SELECTOR", conflicts_with = "stream")]
    pub selector: Vec<String>,
    /// The same, by its id
    #[arg(long, value_name = "ID")]
    pub stream: Option<String>,
    /// What is wrong with it
    #[arg(long, value_name = "KIND", default_value = "black", value_parser = condition)]
    pub condition: ConditionKind,
    /// How bad that is [default: as the rule or the condition says]
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub severity: Option<HowBad>,
    /// When it begins, such as 2026-11-24T03:00 [default: now]
    #[arg(long, value_name = "TIME", value_parser = super::incidents::since)]
    pub at: Option<u64>,
    /// How long it lasts
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = super::span)]
    pub lasts: Duration,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HowBad {
    /// Someone should look
    Warning,
    /// Viewers see it
    Critical,
}

impl From<HowBad> for Severity {
    fn from(bad: HowBad) -> Self {
        match bad {
            HowBad::Warning => Self::Warning,
            HowBad::Critical => Self::Critical,
        }
    }
}

fn condition(word: &str) -> Result<ConditionKind, String> {
    ConditionKind::of_word(word).ok_or_else(|| {
        let near = nearest(word, ConditionKind::ALL.iter().map(|kind| kind.word()));
        let near = near.map(|near| format!("; do you mean {near}?")).unwrap_or_default();
        format!("there is no such condition{near}")
    })
}
