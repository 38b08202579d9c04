//! Arguments and verbs.

mod args;
mod attach;
mod check;
mod console;
mod demo;
mod difference;
mod edit;
mod front;
mod headless;
mod keys;
mod leaving;
mod replace;
mod revisions;
mod run;
mod verbs;

use std::process::ExitCode;

use clap::Parser;
use color_eyre::eyre::Report;

use crate::console::terminal;
use crate::model::{Action, CareOrder};
use args::{Args, Verb};
use verbs::order::What;

/// Everything went as asked.
const OK: u8 = 0;
/// Something failed while running.
const FAILED: u8 = 1;
/// What was asked for makes no sense: arguments or configuration.
const MISTAKEN: u8 = 2;
/// No headend runs in the state folder that is meant, or it went away.
const NOBODY: u8 = 3;
/// The headend that runs did not do what was asked, or does not let this user in.
const REFUSED: u8 = 4;
/// No stream is found.
const NOTHING: u8 = 5;
/// With `status --exit-code`: one of the streams is critical.
const CRITICAL: u8 = 6;

/// Why a verb ended: the configuration's mistakes are told as they are, without a report around.
enum Failed {
    Mistakes(crate::config::Mistakes),
    /// The arguments don't fit each other: why not, and what to do.
    Arguments(String),
    /// There is no configuration.
    Nothing(crate::config::NotFound),
    /// Told as it is, with an exit code.
    Said(u8, String),
    Other(Report),
}

impl<E: Into<Report>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

/// The program.
#[must_use]
pub fn main() -> ExitCode {
    install_hooks();
    let args = Args::parse();
    let outcome = match args.verb {
        None => run::plain(&args.run),
        Some(Verb::Wall(run)) => run::wall(&run),
        Some(Verb::Daemon(run)) => run::daemon(&run),
        Some(Verb::Demo(demo)) => demo::demo(&demo),
        Some(Verb::Origin(origin)) => demo::origin(&origin),
        Some(Verb::Check(check)) => check::check(&check),
        Some(Verb::Config(config)) => revisions::run(&config),
        Some(Verb::Export(export)) => edit::export(&export),
        Some(Verb::Import(import)) => edit::import(&import),
        Some(Verb::Add(add)) => edit::add(&add),
        Some(Verb::Edit(edit)) => edit::edit(&edit),
        Some(Verb::Remove(remove)) => edit::remove(&remove),
        Some(Verb::Keys(keys)) => keys::keys(&keys),
        Some(Verb::Status(status)) => verbs::status::run(&status),
        Some(Verb::Start(order)) => verbs::order::run(&order, What::Do(Action::Start)),
        Some(Verb::Stop(order)) => verbs::order::run(&order, What::Do(Action::Stop)),
        Some(Verb::Restart(order)) => verbs::order::run(&order, What::Do(Action::Restart)),
        Some(Verb::Ack(order)) => verbs::order::run(&order, What::Note(CareOrder::Acknowledge)),
        Some(Verb::Unack(order)) => verbs::order::run(&order, What::Note(CareOrder::Unacknowledge)),
        Some(Verb::Mute(mute)) => verbs::order::mute(&mute),
        Some(Verb::Unmute(order)) => verbs::order::run(&order, What::Note(CareOrder::Unmute)),
        Some(Verb::Note(note)) => verbs::order::note(&note),
        Some(Verb::Logs(logs)) => verbs::logs::run(&logs),
        Some(Verb::Top(top)) => verbs::top::run(&top),
        Some(Verb::Events(events)) => verbs::events::run(&events),
        Some(Verb::Incidents(incidents)) => verbs::incidents::run(&incidents),
        Some(Verb::Alerts(alerts)) => verbs::alerts::run(&alerts),
        Some(Verb::Reload(reload)) => verbs::reload::run(&reload),
        Some(Verb::Shutdown(shutdown)) => verbs::shutdown::run(&shutdown),
        Some(Verb::Doctor(doctor)) => verbs::doctor::run(&doctor),
        Some(Verb::Audit(audit)) => verbs::audit::run(&audit),
        Some(Verb::Completions(completions)) => verbs::shell::completions(&completions),
        Some(Verb::Man(man)) => verbs::shell::man(&man),
    };
    ExitCode::from(match outcome {
        Ok(code) => code,
        Err(Failed::Mistakes(mistakes)) => {
            tell(&format!("{mistakes}"));
            MISTAKEN
        }
        Err(Failed::Arguments(why)) => {
            tell(&format!("headend: {why}"));
            MISTAKEN
        }
        Err(Failed::Nothing(missing)) => {
            tell(&format!("headend: {missing}"));
            MISTAKEN
        }
        Err(Failed::Said(code, why)) => {
            tell(&crate::model::mask_secrets(&format!("headend: {why}")));
            code
        }
        Err(Failed::Other(report)) => {
            tell_report(&report);
            FAILED
        }
    })
}

/// A panic in a thread that draws or reads keys gives the terminal back before it is told. One
/// elsewhere leaves the console on: it goes to headend's own log, where the console shows it.
fn install_hooks() {
    let (panics, errors) = color_eyre::config::HookBuilder::default()
        .display_env_section(false)
        .display_location_section(cfg!(debug_assertions))
        .into_hooks();
    // Fails only when hooks were installed before: then those are used.
    let _ = errors.install();
    std::panic::set_hook(Box::new(move |info| {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("unnamed");
        let of_the_console = name == "main" || name.starts_with("console");
        if of_the_console {
            terminal::restore();
        }
        log::error!("a defect of headend in thread {name}: {info}");
        if !terminal::is_ours() {
            tell(&format!("{}", panics.panic_report(info)));
        }
    }));
}

/// To standard output. A reader that went away is no error.
fn print(text: &str) -> std::io::Result<()> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// To standard error; where that is gone there is nobody to tell.
fn tell(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The chain of causes, one line each: what an operator reads, not a trace.
fn tell_report(report: &Report) {
    let mut lines = vec![format!("headend: {report}")];
    for cause in report.chain().skip(1) {
        let text = cause.to_string();
        if lines.last().is_none_or(|line| !line.contains(&text)) {
            lines.push(format!("  because: {text}"));
        }
    }
    // Line by line: a secret at the end of one does not go on in the next.
    let lines: Vec<_> = lines.iter().map(|line| crate::model::mask_secrets(line)).collect();
    tell(&lines.join("\n"));
}
