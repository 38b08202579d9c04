//! A console on a headend that runs already.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use color_eyre::eyre::WrapErr;

use super::args::{Common, Run};
use super::run::{Ended, Screen, again_after_defects, spawn_console};
use super::{FAILED, Failed, OK, REFUSED, console as wishes, tell};
use crate::config::{self, Environment, NotFound};
use crate::console::{self, Ending, Settings};
use crate::link::{ConnectError, Connecting, Remote, Role, place};
use crate::service::{self, default_state_dir};
use crate::store::LockError;

/// Who has just taken the state folder opens its socket within this: the store is read before.
const SOCKET_COMES_WITHIN: Duration = Duration::from_secs(5);
/// How often the socket is looked for then, and whether the console has ended.
const LOOK: Duration = Duration::from_millis(100);

/// A headend that runs, and the console to be opened on it.
pub struct Running {
    remote: Remote,
    connecting: Connecting,
    folder: PathBuf,
    screen: Screen,
}

/// Looks for a headend that runs in the state folder which these arguments mean. A configuration is
/// not needed for it, and what is wrong with one is no hindrance.
pub fn find(
    args: &Run,
    located: Result<&PathBuf, &NotFound>,
    environment: &Environment,
) -> Result<Option<Running>, Failed> {
    let path = match located {
        Ok(path) => Some(path.clone()),
        // Whoever asks for a file that is not there made a mistake.
        Err(NotFound::Asked(_)) => return Ok(None),
        Err(_) => None,
    };
    let said = args.common.state.clone().or_else(|| environment.state.clone());
    let configured = || config::state_dir_of(path.as_deref()?, environment);
    let Some(folder) = said.or_else(configured).or_else(default_state_dir) else { return Ok(None) };
    let title = path.as_ref().map_or_else(String::new, |path| path.display().to_string());
    let screen = Screen { title, remember: true, config: path, front: false };
    match connect(&folder, &args.common, screen) {
        Ok(running) => Ok(Some(running)),
        Err(error) if error.is_nobody() => Ok(None),
        // The folder can't be looked into: running tells why.
        Err(ConnectError::Io { .. }) => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

/// Waits for the socket of whoever has just taken the state folder. `None`: it does not come.
pub fn wait_for(held: &LockError, screen: &Screen, common: &Common) -> Result<Option<Running>, Failed> {
    let LockError::Held { dir, .. } = held else { return Ok(None) };
    let until = Instant::now() + SOCKET_COMES_WITHIN;
    loop {
        match connect(dir, common, screen.clone()) {
            Ok(running) => return Ok(Some(running)),
            Err(error) if !error.is_nobody() => return Err(failed(error)),
            Err(_) if Instant::now() >= until => return Ok(None),
            Err(_) => std::thread::sleep(LOOK),
        }
    }
}

/// As the verbs tell it.
fn failed(error: ConnectError) -> Failed {
    match error {
        ConnectError::Refused(why) => Failed::Said(REFUSED, why),
        other => other.into(),
    }
}

fn connect(folder: &Path, common: &Common, screen: Screen) -> Result<Running, ConnectError> {
    let connecting = Connecting {
        path: folder.join(place::SOCKET),
        role: if common.wall { Role::Viewer } else { Role::Operator },
        terminal: super::verbs::terminal_name(),
        silent_after: console::OLD_AFTER,
        again: true,
        show: common.only.clone().unwrap_or_default(),
    };
    let remote = Remote::connect(connecting.clone())?;
    Ok(Running { remote, connecting, folder: folder.to_owned(), screen })
}

/// Another user's console remembers nothing there.
fn is_ours(folder: &Path) -> bool {
    let owner = std::fs::metadata(folder).map(|folder| folder.uid());
    owner.is_ok_and(|owner| owner == nix::unistd::Uid::effective().as_raw())
}

/// Runs a console on it until it ends. The streams go on, however that is.
pub fn run(running: Running, common: &Common) -> Result<u8, Failed> {
    if common.report.is_some() {
        let why = "--report is for the headend that runs the streams, and this one would attach to it";
        return Err(Failed::Arguments(why.into()));
    }
    let Running { remote, connecting, folder, screen } = running;
    service::install_pane();
    let asked = Arc::new(AtomicBool::new(false));
    // The terminal is given back before the end.
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT, signal_hook::consts::SIGHUP] {
        let listens = signal_hook::flag::register(signal, Arc::clone(&asked));
        listens.wrap_err("signals can't be listened to")?;
    }
    let title = if remote.welcome().title.is_empty() { screen.title } else { remote.welcome().title.clone() };
    let only_looks = remote.welcome().role == Role::Viewer && !common.wall;
    let mut settings = Settings {
        source: wishes::source(screen.config, common),
        title,
        // The folder may be another user's; wherever it was started is this one's.
        exports: None,
        version: env!("CARGO_PKG_VERSION"),
        wall: common.wall,
        attached: true,
        may_go_on: false,
        remember: is_ours(&folder).then(|| folder.join(console::FILE_NAME)),
        only: common.only.clone(),
        says: only_looks.then(|| "you may look here, and give no orders".to_owned()),
    };
    let until = common.run_for.map(|span| Instant::now() + span);
    let over = || asked.load(Ordering::SeqCst) || until.is_some_and(|until| Instant::now() >= until);
    let mut first = Some(remote);
    let one = |settings: &Settings| {
        let remote = first.take().map_or_else(|| Remote::connect(connecting.clone()), Ok).map_err(failed)?;
        one_console(remote, settings.clone(), over)
    };
    match again_after_defects(&mut settings, over, one)? {
        Ok(Ok(Ending::Defect)) | Err(_) => Ok(FAILED),
        Ok(Ok(_)) => Ok(OK),
        Ok(Err(error)) => {
            tell(&format!("headend: {error}"));
            Ok(FAILED)
        }
    }
}

/// Runs a console until it ends or it is `over`; the terminal is given back by who calls this.
fn one_console(remote: Remote, settings: Settings, over: impl Fn() -> bool) -> Result<Ended, Failed> {
    let console = spawn_console(Box::new(remote), settings, || {})?;
    while !console.is_finished() {
        if over() {
            return Ok(Ok(Ok(Ending::Detached)));
        }
        std::thread::sleep(LOOK);
    }
    Ok(console.join())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_let_in_is_told_so_by_the_exit_code() {
        let refused = failed(ConnectError::Refused("another version".into()));
        assert!(matches!(refused, Failed::Said(REFUSED, why) if why == "another version"));
        assert!(matches!(failed(ConnectError::Silent), Failed::Other(_)), "that is a failure");
    }
}
