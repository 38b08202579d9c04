//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use super::verbs::args as verbs;
use crate::link::MAX_SHOW_TERMS;
use crate::model::query::Query;

/// Runs, watches and restarts FFmpeg processes for live streams, on one screen.
#[derive(Debug, Parser)]
#[command(name = "headend", version, max_term_width = 100, args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    pub verb: Option<Verb>,
    #[command(flatten)]
    pub run: Run,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Shows on the whole screen what is broken; needs no key
    #[command(
        long_about = "Shows on the whole screen what is broken: totals, a tile for each stream, the streams \
        that are not well, a clock. It needs no key and takes no orders; q leaves.\n\n\
        It attaches to the headend that has the state folder, and only looks. Where none runs it runs the \
        streams itself, as headend does. Inside the console, W shows the same."
    )]
    Wall(Run),
    /// Runs the streams without a terminal, for consoles to attach
    #[command(long_about = "Runs the streams without a terminal. headend and headend wall with the same \
        configuration or state folder attach to it; none of them going away changes a stream.\n\n\
        It tells a service manager (systemd, Type=notify) when it is ready and that it lives: \
        assets/headend.service is a unit to begin with. SIGTERM ends it.")]
    Daemon(Run),
    /// Opens the console on live streams that headend itself makes and breaks
    Demo(Demo),
    /// Serves the demo's streams alone, for another headend to watch
    Origin(Origin),
    /// Reads the configuration and tells every mistake in it
    Check(Check),
    /// Tells what the configuration was before, and goes back to it
    Config(Kept),
    /// Writes the streams for other programs, or for another headend
    Export(Export),
    /// Takes streams of a list into the configuration
    Import(Import),
    /// Adds a stream to the configuration
    Add(Add),
    /// Changes keys of a stream in the configuration
    Edit(Edit),
    /// Takes streams out of the configuration
    Remove(Remove),
    /// Prints the keys of the console
    Keys(Keys),
    /// Tells how the streams of the headend that runs are
    Status(verbs::Status),
    /// Runs streams, and keeps them running
    Start(verbs::Order),
    /// Stops streams, and keeps them stopped
    Stop(verbs::Order),
    /// Ends the workers of streams and starts new ones
    Restart(verbs::Order),
    /// Says that somebody knows what is wrong with streams, or of an incident by its number
    Ack(verbs::Order),
    /// Says that nobody knows, after all
    Unack(verbs::Order),
    /// Tells nobody about streams for a while
    Mute(verbs::Mute),
    /// Tells about them again
    Unmute(verbs::Order),
    /// Keeps a note about streams, or an incident, for the next shift
    Note(verbs::Note),
    /// Prints the log of a stream, or of several together
    Logs(verbs::Logs),
    /// Tells which workers take the most of the machine
    Top(verbs::Top),
    /// Tells what changes, a line for each change
    Events(verbs::Events),
    /// Tells what lasted: incidents, open and over, and how available streams were
    Incidents(verbs::Incidents),
    /// Tells who is told of what, and tries it with a made-up incident
    Alerts(verbs::Alerts),
    /// Has the headend that runs read its configuration again
    Reload(verbs::Reload),
    /// Ends the headend that runs, and waits until it has
    Shutdown(verbs::Shutdown),
    /// Looks at everything headend depends on, and says what to do
    Doctor(verbs::Doctor),
    /// Tells who ordered what, and what became of it
    Audit(verbs::Audit),
    /// Prints what a shell needs to complete arguments
    Completions(verbs::Completions),
    /// Prints this program's page of the manual
    Man(verbs::Man),
}

/// A form of streams as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StreamsForm {
    /// headend's own.
    Toml,
    /// A channel list.
    M3u,
    /// A table.
    Csv,
    /// A list of objects.
    Json,
}

/// Writing streams.
#[derive(Debug, Clone, ClapArgs)]
pub struct Export {
    /// Where to [default: standard output]
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// How [default: by the file's ending, else toml]
    #[arg(long, value_enum, value_name = "FORM")]
    pub form: Option<StreamsForm>,
    /// Write passwords and tokens as they are; otherwise they are masked
    #[arg(long)]
    pub with_secrets: bool,
    /// The configuration [default: as when running]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Reading streams.
#[derive(Debug, Clone, ClapArgs)]
pub struct Import {
    /// The list
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How it is written [default: by its ending]
    #[arg(long, value_enum, value_name = "FORM")]
    pub form: Option<StreamsForm>,
    /// A file of the configuration, or a new one [default: the configuration itself]
    #[arg(long, value_name = "FILE")]
    pub into: Option<PathBuf>,
    /// The configuration [default: as when running]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where headend keeps what was there before [default: as when running]
    #[arg(long, value_name = "FOLDER")]
    pub state: Option<PathBuf>,
}

/// A stream more.
#[derive(Debug, Clone, ClapArgs)]
pub struct Add {
    /// Its id
    #[arg(value_name = "ID")]
    pub id: String,
    /// Its inputs, the primary first
    #[arg(value_name = "URL", required = true)]
    pub inputs: Vec<String>,
    /// Another key of it, such as priority=90
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// A file of the configuration, or a new one [default: the configuration itself]
    #[arg(long, value_name = "FILE")]
    pub into: Option<PathBuf>,
    /// The configuration [default: as when running]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where headend keeps what was there before [default: as when running]
    #[arg(long, value_name = "FOLDER")]
    pub state: Option<PathBuf>,
}

/// A stream otherwise.
#[derive(Debug, Clone, ClapArgs)]
pub struct Edit {
    /// Its id
    #[arg(value_name = "ID")]
    pub id: String,
    /// A key and its value, such as priority=90 or thresholds.black=5s; KEY= takes it out
    #[arg(value_name = "KEY=VALUE", required = true)]
    pub set: Vec<String>,
    /// The configuration [default: as when running]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where headend keeps what was there before [default: as when running]
    #[arg(long, value_name = "FOLDER")]
    pub state: Option<PathBuf>,
}

/// Streams less.
#[derive(Debug, Clone, ClapArgs)]
pub struct Remove {
    /// Their ids
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<String>,
    /// The configuration [default: as when running]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where headend keeps what was there before [default: as when running]
    #[arg(long, value_name = "FOLDER")]
    pub state: Option<PathBuf>,
}

/// Running with a configuration.
#[derive(Debug, Clone, ClapArgs)]
pub struct Run {
    /// The configuration [default: ./headend.toml, then headend/headend.toml in the XDG folder]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}

/// What every way of running takes.
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
#[derive(Debug, Clone, ClapArgs)]
pub struct Common {
    /// Where headend keeps what it keeps [default: headend in the XDG state folder]
    #[arg(long, value_name = "FOLDER")]
    pub state: Option<PathBuf>,
    /// Run without a terminal
    #[arg(long)]
    pub headless: bool,
    /// Leave after this long, e.g. 90s or 5m
    #[arg(long = "for", value_name = "TIME", value_parser = span)]
    pub run_for: Option<Duration>,
    /// Print the final board
    #[arg(long, value_enum, value_name = "FORM")]
    pub report: Option<ReportForm>,
    /// Colours: a theme of the console's list (key T), or the path of a .toml file
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
    /// Draw with ASCII characters only
    #[arg(long)]
    pub ascii: bool,
    /// Show only the streams that this query finds, e.g. group:news
    #[arg(long, value_name = "QUERY", value_parser = only)]
    pub only: Option<String>,
    /// A wall instead of the console
    #[arg(skip)]
    pub wall: bool,
    /// Without a terminal, and for good
    #[arg(skip)]
    pub daemon: bool,
}

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportForm {
    /// One JSON document; its form is in docs/reference.md.
    Json,
}

/// The made-up streams.
#[derive(Debug, Clone, ClapArgs)]
pub struct Channels {
    /// How many streams
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub streams: u32,
    /// What goes wrong with them
    #[arg(long, value_enum, default_value_t = Faults::Calm)]
    pub faults: Faults,
    /// The same number gives the same streams and the same faults
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many hosts have them, each a loopback address; in a storm they fail [default: 4 in the demo, else 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    pub hosts: Option<u8>,
    /// Let so many of them, the last ones, take turns on the slots; not more than there are
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub rotate: u32,
    /// How many workers there may be at once [default: as many as this machine carries]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub slots: Option<u32>,
}

/// How much goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Faults {
    /// Nothing.
    None,
    /// A few streams at a time, for minutes.
    Calm,
    /// A third of them, changing often.
    Storm,
}

/// The demo.
#[derive(Debug, Clone, ClapArgs)]
pub struct Demo {
    #[command(flatten)]
    pub channels: Channels,
    #[command(flatten)]
    pub common: Common,
    /// Show a wall instead of the console
    #[arg(long)]
    pub wall: bool,
    /// Tell people, and answer over HTTP, as this configuration says; its streams are left out
    #[arg(long, value_name = "FILE")]
    pub alerts: Option<PathBuf>,
}

/// The origin alone.
#[derive(Debug, Clone, ClapArgs)]
pub struct Origin {
    #[command(flatten)]
    pub channels: Channels,
    /// Where to listen; loopback only
    #[arg(long, default_value = "127.0.0.1:8090", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// Write a configuration for these streams to FILE
    #[arg(long, value_name = "FILE")]
    pub write_config: Option<PathBuf>,
}

/// Checking.
#[derive(Debug, Clone, ClapArgs)]
pub struct Check {
    /// The configuration [default: ./headend.toml, then headend/headend.toml in the XDG folder]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The same, without its name
    #[arg(value_name = "FILE", conflicts_with = "config")]
    pub file: Option<PathBuf>,
}

/// The keys.
#[derive(Debug, Clone, ClapArgs)]
pub struct Keys {
    /// As this configuration's keys.toml changes them [default: as they are without one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Revisions of the configuration.
#[derive(Debug, Clone, ClapArgs)]
pub struct Kept {
    #[command(subcommand)]
    pub verb: KeptVerb,
    /// The configuration, for the state folder it names [default: as when running]
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Where headend keeps what it keeps [default: headend in the XDG state folder]
    #[arg(long, value_name = "FOLDER", global = true)]
    pub state: Option<PathBuf>,
}

/// What to do with them.
#[derive(Debug, Clone, Subcommand)]
pub enum KeptVerb {
    /// Lists the revisions, oldest first
    History,
    /// Prints the files of a revision, with passwords and tokens masked
    Show {
        /// Its number
        #[arg(value_name = "N")]
        number: u64,
    },
    /// Puts the files back as they were in a revision
    Rollback {
        /// Its number
        #[arg(value_name = "N")]
        number: u64,
    },
    /// Reads the configuration and tells every mistake in it, as `headend check` does
    Check {
        /// Another file
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Tells what would change, against what was taken in last; writes nothing
    Diff {
        /// Another file, or the number of a revision [default: the configuration]
        #[arg(value_name = "FILE|N")]
        with: Option<PathBuf>,
    },
    /// Checks the configuration, tells what changes and keeps it as a revision
    Apply {
        /// Put the content of this file into the configuration's place first
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

/// A query that can be asked over a link.
fn only(text: &str) -> Result<String, String> {
    let query =
        Query::parse(text).map_err(|mistake| format!("column {}: {mistake}", mistake.column(text)))?;
    match query.terms() {
        0 => Err("nothing is asked: leave --only out to see all streams".into()),
        1..=MAX_SHOW_TERMS => Ok(text.trim().to_owned()),
        terms => Err(format!("it has {terms} terms: {MAX_SHOW_TERMS} are the most")),
    }
}

fn span(text: &str) -> Result<Duration, String> {
    crate::config::parse_duration(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }

    #[test]
    fn a_query_that_can_t_be_asked_is_refused_with_its_place() {
        assert_eq!(only(" group:news "), Ok("group:news".into()));
        for (text, why) in [
            ("group:news fps<", "column 16: the value of fps is missing; write it like fps<20"),
            ("", "nothing is asked: leave --only out to see all streams"),
            (&"a ".repeat(21), "it has 21 terms: 20 are the most"),
        ] {
            assert_eq!(only(text), Err(why.into()), "{text}");
        }
    }
}
