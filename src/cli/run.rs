//! `headend`: the supervisor with its console, or without a terminal.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use color_eyre::eyre::WrapErr;

use super::args::{Common, Run};
use super::{FAILED, Failed, MISTAKEN, OK, console as wishes, headless, print, report::Report, tell};
use crate::config::{self, Capture, Disk, Environment, Loaded, Sources};
use crate::console::{self, Ending, Settings};
use crate::service::{CONSOLE_LIMIT, OnHangup, Options, Service, Source, Unclean};

/// How often it is looked whether the console has ended or the time given by `--for` is over.
const LOOK: Duration = Duration::from_millis(100);

/// So many defects of the console within [`DEFECTS_WITHIN`] are mended by starting it anew.
const MAX_DEFECTS: usize = 3;
/// See [`MAX_DEFECTS`].
const DEFECTS_WITHIN: Duration = Duration::from_secs(60);

/// How a console's thread ended.
type Ended = std::thread::Result<Result<Ending, console::ConsoleError>>;

/// Runs with the operator's configuration.
pub fn plain(args: &Run) -> Result<u8, Failed> {
    let environment = Environment::from_process();
    let path = config::locate(args.config.as_deref(), &environment).map_err(Failed::Nothing)?;
    let files = Capture::new(&Disk);
    let loaded = config::load_from(&path, &environment, &files).map_err(Failed::Mistakes)?;
    let sources = Some(files.into_sources());
    let source = Some(Source { path: path.clone(), environment });
    let screen = Screen { title: path.display().to_string(), remember: true, config: Some(path) };
    // Without a terminal of its own it is told by HUP to read its configuration again, as daemons are.
    let on_hangup = if args.common.headless { OnHangup::Reload } else { OnHangup::GoOn };
    with_configuration(loaded, (sources, source), &args.common, screen, on_hangup)
}

/// The same, with a wall for a console.
pub fn wall(args: &Run) -> Result<u8, Failed> {
    plain(&Run { common: Common { wall: true, ..args.common.clone() }, ..args.clone() })
}

/// What is particular to a console.
pub struct Screen {
    /// The configuration's file, if it is one.
    pub config: Option<PathBuf>,
    /// What runs, in one line.
    pub title: String,
    /// Whether what is arranged on the screen is remembered.
    pub remember: bool,
}

/// Runs with a configuration, wherever it came from. `files`: those that are kept as its revision,
/// and where it is read again from.
pub fn with_configuration(
    loaded: Loaded,
    files: (Option<Sources>, Option<Source>),
    common: &Common,
    screen: Screen,
    on_hangup: OnHangup,
) -> Result<u8, Failed> {
    for warning in &loaded.warnings {
        tell(&format!("warning: {warning}"));
    }
    if common.headless && common.wall {
        return Err(Failed::Arguments("a wall needs a terminal: leave --headless out".into()));
    }
    if !common.headless && !console::terminal::is_there() {
        tell("headend: this is no terminal; run it in one, or use --headless");
        return Ok(MISTAKEN);
    }
    let (sources, source) = files;
    let state_dir = common.state.clone();
    let options = Options { config: loaded.config, sources, source, state_dir, on_hangup };
    let service = Service::start(options)?;
    if common.headless {
        let until = common.run_for.map(|span| Instant::now() + span);
        return headless::run(service, common, until);
    }
    with_console(service, common, screen, on_hangup)
}

fn with_console(
    service: Service,
    common: &Common,
    screen: Screen,
    on_hangup: OnHangup,
) -> Result<u8, Failed> {
    let remember = service.folder().filter(|_| screen.remember).map(|dir| dir.join(console::FILE_NAME));
    let mut settings = Settings {
        source: wishes::source(screen.config, common),
        title: screen.title,
        exports: service.folder().map(|folder| folder.join("exports")),
        version: env!("CARGO_PKG_VERSION"),
        wall: common.wall,
        remember,
        says: None,
    };
    let until = common.run_for.map(|span| Instant::now() + span);
    let mut defects: Vec<Instant> = Vec::new();
    let ending = loop {
        let ending = one_console(&service, &settings, until)?;
        console::terminal::restore();
        // The panic hook has told what happened. It was the console's fault, and not the streams'.
        if !matches!(ending, Err(_) | Ok(Ok(Ending::Defect))) || service.has_ended() {
            break ending;
        }
        defects.retain(|at| at.elapsed() < DEFECTS_WITHIN);
        if defects.len() == MAX_DEFECTS {
            log::error!("the console has one defect after the other and stays away");
            break Ok(Ok(Ending::TerminalLost));
        }
        defects.push(Instant::now());
        settings.says = Some("the console had a defect and was started anew: headend's log has it".into());
    };
    let code = match ending {
        Ok(Ok(Ending::TerminalLost)) if on_hangup != OnHangup::Leave => {
            log::warn!(
                "the terminal is lost; the streams go on. Stop them with: kill {}",
                std::process::id()
            );
            return headless::run(service, common, until);
        }
        Ok(Ok(Ending::Hurried)) => {
            service.hurry();
            OK
        }
        Ok(Ok(_)) => OK,
        Ok(Err(error)) => {
            tell(&format!("headend: {error}"));
            FAILED
        }
        Err(_) => FAILED,
    };
    let hub = service.hub().clone();
    let saved = service.wait(|_| {});
    if common.report.is_some() {
        print(&Report::of(&hub.board_to_report()).to_json())?;
    }
    Ok(code_of(code, &saved))
}

/// Runs a console until it ends, or until the supervisor has ended and it does not.
fn one_console(service: &Service, settings: &Settings, until: Option<Instant>) -> Result<Ended, Failed> {
    let (hub, leaver, settings) = (service.hub().clone(), service.leaver(), settings.clone());
    let console = std::thread::Builder::new()
        .name("console".into())
        .spawn(move || console::run(&hub, settings, leaver))
        .wrap_err("the console's thread could not be started")?;
    let mut until = until;
    let mut ended = None;
    while !console.is_finished() {
        if until.take_if(|until| Instant::now() >= *until).is_some() {
            service.leave();
        }
        if service.has_ended() {
            // If it ended by a defect it could not say so itself.
            service.hub().leaving(0);
            // A frozen terminal may hold the console in a write for ever.
            if ended.get_or_insert_with(Instant::now).elapsed() > CONSOLE_LIMIT {
                break;
            }
        }
        service.hub().wake_if_silent(console::OLD_AFTER);
        std::thread::sleep(LOOK);
    }
    Ok(if console.is_finished() { console.join() } else { Ok(Ok(Ending::SupervisorGone)) })
}

/// The exit code, after what did not end well is told: a defect is a failure, whatever came before.
pub fn code_of(code: u8, ended: &Result<(), Unclean>) -> u8 {
    if let Err(trouble) = ended {
        tell(&format!("headend: {trouble}"));
    }
    if matches!(ended, Err(Unclean::Defect(_))) { FAILED } else { code }
}
