//! `headend`: the supervisor with its console, or without a terminal.

use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use color_eyre::eyre::WrapErr;

use super::args::{Common, Run};
use super::{FAILED, Failed, MISTAKEN, OK, attach, console as wishes, front, headless, print, tell};
use crate::config::{self, Capture, Disk, Environment, Loaded, Sources};
use crate::console::{self, Ending, Settings};
use crate::link::access::name_of;
use crate::link::{ClientMessage, Link, Role, Who};
use crate::model::{LogLine, Report, clean_line};
use crate::service::{CONSOLE_LIMIT, OnHangup, Options, Service, ServiceError, Source, Unclean};

/// How often it is looked whether the console has ended or the time given by `--for` is over.
const LOOK: Duration = Duration::from_millis(100);

/// So many defects of the console within [`DEFECTS_WITHIN`] are mended by starting it anew.
const MAX_DEFECTS: usize = 3;
/// See [`MAX_DEFECTS`].
const DEFECTS_WITHIN: Duration = Duration::from_secs(60);

/// How a console's thread ended.
pub type Ended = std::thread::Result<Result<Ending, console::ConsoleError>>;

/// Runs with the operator's configuration, or attaches to the headend that runs already.
pub fn plain(args: &Run) -> Result<u8, Failed> {
    // Before anything else: signals are blocked until then, and the death of the one in front is not told.
    let front = front::is_there();
    let environment = Environment::from_process();
    let located = config::locate(args.config.as_deref(), &environment);
    let in_terminal = !args.common.headless && console::terminal::is_there();
    if in_terminal && let Some(running) = attach::find(args, located.as_ref(), &environment)? {
        return attach::run(running, &args.common);
    }
    // What is wrong with the configuration is found before another process is started for it.
    let path = located.map_err(Failed::Nothing)?;
    let files = Capture::new(&Disk);
    let loaded = config::load_from(&path, &environment, &files).map_err(Failed::Mistakes)?;
    let sources = Some(files.into_sources());
    let source = Some(Source { path: path.clone(), environment });
    // Without a terminal of its own it is told by HUP to read its configuration again, as daemons are.
    let on_hangup = match loaded.config.console.on_hangup {
        _ if args.common.headless => OnHangup::Reload,
        config::OnHangup::Stop => OnHangup::Leave,
        config::OnHangup::Continue => OnHangup::GoOn,
    };
    if in_terminal
        && !front
        && let Some(code) = front::run()
    {
        return Ok(code);
    }
    let title = path.display().to_string();
    let screen = Screen { title, remember: true, config: Some(path), front };
    with_configuration(loaded, (sources, source), &args.common, screen, on_hangup)
}

/// The same, with a wall for a console.
pub fn wall(args: &Run) -> Result<u8, Failed> {
    plain(&Run { common: Common { wall: true, ..args.common.clone() }, ..args.clone() })
}

/// The same without a terminal, until it is told to end.
pub fn daemon(args: &Run) -> Result<u8, Failed> {
    let common = Common { headless: true, daemon: true, ..args.common.clone() };
    plain(&Run { common, ..args.clone() })
}

/// What is particular to a console.
#[derive(Clone)]
pub struct Screen {
    /// The configuration's file, if it is one.
    pub config: Option<PathBuf>,
    /// What runs, in one line.
    pub title: String,
    /// Whether what is arranged on the screen is remembered.
    pub remember: bool,
    /// A process in front of this one waits for the console's end: streams can be left running.
    pub front: bool,
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
    if common.headless && common.only.is_some() {
        return Err(Failed::Arguments(
            "--only is for a console: a headend without one runs all streams".into(),
        ));
    }
    if common.headless && common.wall {
        return Err(Failed::Arguments("a wall needs a terminal: leave --headless out".into()));
    }
    if !common.headless && !console::terminal::is_there() {
        tell("headend: this is no terminal; run it in one, or use --headless");
        return Ok(MISTAKEN);
    }
    let (sources, source) = files;
    let options = Options {
        config: loaded.config,
        sources,
        source,
        state_dir: common.state.clone(),
        title: screen.title.clone(),
        on_hangup,
    };
    let service = match Service::start(options) {
        Ok(service) => service,
        // Somebody was quicker, and opens its socket about now.
        Err(ServiceError::Locked(held)) if !common.headless && screen.config.is_some() => {
            return match attach::wait_for(&held, &screen, common)? {
                Some(running) => attach::run(running, common),
                None => Err(ServiceError::Locked(held).into()),
            };
        }
        Err(error) => return Err(error.into()),
    };
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
    let front = screen.front;
    let mut settings = Settings {
        source: wishes::source(screen.config, common),
        title: screen.title,
        exports: service.folder().map(|folder| folder.join("exports")),
        version: env!("CARGO_PKG_VERSION"),
        wall: common.wall,
        attached: false,
        may_go_on: front,
        remember,
        only: common.only.clone(),
        says: None,
    };
    let until = common.run_for.map(|span| Instant::now() + span);
    let one = |settings: &Settings| one_console(&service, settings, until);
    let ending = again_after_defects(&mut settings, || service.has_ended(), one)?;
    let code = match ending {
        Ok(Ok(Ending::TerminalLost)) if on_hangup != OnHangup::Leave => {
            log::warn!("the terminal is lost; {}", goes_on(&service));
            service.hangups().terminal_lost();
            if front {
                front::let_go();
            }
            return headless::run(service, common, until);
        }
        Ok(Ok(Ending::Detached)) => {
            log::warn!("the console was left; {}", goes_on(&service));
            tell(&format!("headend: {}", goes_on(&service)));
            front::let_go();
            service.hangups().terminal_left();
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

/// Runs a console, and another one after a defect, until one ends otherwise or `over`.
pub fn again_after_defects(
    settings: &mut Settings,
    over: impl Fn() -> bool,
    mut one: impl FnMut(&Settings) -> Result<Ended, Failed>,
) -> Result<Ended, Failed> {
    let mut defects: Vec<Instant> = Vec::new();
    loop {
        let ending = one(settings)?;
        console::terminal::restore();
        // The panic hook has told what happened. It was the console's fault, and not the streams'.
        if !matches!(ending, Err(_) | Ok(Ok(Ending::Defect))) || over() {
            return Ok(ending);
        }
        defects.retain(|at| at.elapsed() < DEFECTS_WITHIN);
        if defects.len() == MAX_DEFECTS {
            log::error!("the console has one defect after the other and stays away");
            return Ok(Ok(Ok(Ending::TerminalLost)));
        }
        defects.push(Instant::now());
        settings.says = Some("the console had a defect and was started anew: headend's log has it".into());
    }
}

/// How to get at streams that go on without a console.
fn goes_on(service: &Service) -> String {
    match service.folder().map(std::path::Path::display) {
        Some(folder) => format!(
            "the streams go on. To attach: headend --state {folder}. To stop them: headend shutdown --state {folder}"
        ),
        None => format!(
            "the streams go on. To attach is not possible without a state folder. To stop them: kill {}",
            std::process::id()
        ),
    }
}

/// Starts a console's thread.
pub fn spawn_console(
    link: Box<dyn Link>,
    settings: Settings,
    asked_to_quit: impl Fn() + Send + 'static,
) -> Result<JoinHandle<Result<Ending, console::ConsoleError>>, Failed> {
    let run = move || console::run(link, settings, asked_to_quit);
    let thread = std::thread::Builder::new().name("console".into()).spawn(run);
    Ok(thread.wrap_err("the console's thread could not be started")?)
}

/// Who has this terminal, as the record of orders names it.
fn who() -> Who {
    let uid = nix::unistd::Uid::effective().as_raw();
    let user = clean_line(&name_of(uid), LogLine::MAX_BYTES).into();
    Who { uid, user, terminal: super::verbs::terminal_name().into() }
}

/// Runs a console until it ends, or until the supervisor has ended and it does not.
fn one_console(service: &Service, settings: &Settings, until: Option<Instant>) -> Result<Ended, Failed> {
    let (leaver, settings) = (service.leaver(), settings.clone());
    let role = if settings.wall { Role::Viewer } else { Role::Operator };
    let link = service.hub().attach_as(role, who(), || {});
    if let Some(only) = &settings.only {
        link.send(ClientMessage::Show(only.clone()));
    }
    let console = spawn_console(Box::new(link), settings, leaver)?;
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
