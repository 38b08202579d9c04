//! `headend demo` and `headend origin`: live streams that headend itself makes and breaks.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use color_eyre::eyre::{WrapErr, eyre};
use tokio::sync::oneshot;

use super::args::{self, Channels, Common};
use super::{Failed, OK, print, run, tell};
use crate::config::{self, Disk, Environment};
use crate::demo::{self, Channel, Clips, Hosts, Origin, Outages, Timetable, Wishes};
use crate::service::{OnHangup, default_state_dir};
use crate::{ffmpeg, host};

/// Hosts of the demo, where nobody says how many.
const DEMO_HOSTS: u8 = 4;
/// Hosts of the origin alone: what `--listen` names.
const ORIGIN_HOSTS: u8 = 1;

/// The demo: the origin, a configuration for it, and then everything as with a user's own.
pub fn demo(args: &args::Demo) -> Result<u8, Failed> {
    let environment = Environment::from_process();
    let (channels, timetable, clips) = prepare(&args.channels, &environment)?;
    let hosts = hosts(&args.channels, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), DEMO_HOSTS)?;
    let served = Served::start(hosts, channels.clone(), timetable, clips)?;
    let text = demo::configuration_for(&channels, &served.base_urls, wishes(&args.channels));
    let mut loaded =
        config::parse(&text, Path::new("demo.toml"), &environment, &Disk).map_err(Failed::Mistakes)?;
    if let Some(path) = &args.alerts {
        let told = config::load(path, &environment).map_err(Failed::Mistakes)?;
        let config = &mut loaded.config;
        (config.alerts, config.mail, config.http) = (told.config.alerts, told.config.mail, told.config.http);
        loaded.warnings.extend(told.warnings);
    }
    let mut common = Common { wall: args.wall, ..args.common.clone() };
    let own = || default_state_dir().map(|dir| dir.join("demo"));
    common.state = common.state.or_else(|| environment.state.clone());
    // A demo that nobody gave a folder leaves nothing behind that the next one would show.
    let remember = common.state.is_some();
    common.state = common.state.or_else(own);
    let screen = run::Screen { config: None, title: "demo".to_owned(), remember, front: false };
    let code = run::with_configuration(loaded, (None, None), &common, screen, OnHangup::Leave);
    served.stop();
    code
}

/// The origin alone, until a signal ends it.
pub fn origin(args: &args::Origin) -> Result<u8, Failed> {
    let _ = host::raise_open_files();
    let environment = Environment::from_process();
    let (channels, timetable, clips) = prepare(&args.channels, &environment)?;
    let hosts = hosts(&args.channels, args.listen, ORIGIN_HOSTS)?;
    let event_loop = event_loop()?;
    event_loop.block_on(async {
        let origin = Origin::start(hosts, channels.clone(), timetable, clips)?;
        if let Some(path) = &args.write_config {
            let text = demo::configuration_for(&channels, &origin.base_urls(), wishes(&args.channels));
            std::fs::write(path, text).wrap_err_with(|| {
                format!("could not write {}: name a file that can be written", path.display())
            })?;
        }
        print(&format!("{} channels at {}/playlist.m3u\n", channels.len(), origin.base_url()))?;
        stop_signal().await?;
        origin.shutdown().await;
        Ok(OK)
    })
}

async fn stop_signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    let mut hup = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
        _ = hup.recv() => {}
    }
    Ok(())
}

fn prepare(args: &Channels, environment: &Environment) -> Result<(Vec<Channel>, Timetable, Clips), Failed> {
    rotation_fits(args)?;
    let count = args.streams as usize;
    let ffmpeg = ffmpeg::find(environment.ffmpeg.as_deref())?;
    ffmpeg::probe(&ffmpeg)?;
    let clips = demo::clips::prepare(&ffmpeg, &cache_dir(), &mut |what| tell(&format!("headend: {what}")))?;
    Ok((demo::channels(count, args.seed), Timetable::new(count, faults(args), args.seed), clips))
}

fn rotation_fits(args: &Channels) -> Result<(), Failed> {
    let Channels { streams, rotate, .. } = *args;
    if rotate > streams {
        return Err(Failed::Arguments(format!(
            "--rotate {rotate} is more than the {streams} streams there are: ask for fewer, or for more --streams"
        )));
    }
    Ok(())
}

const fn faults(args: &Channels) -> demo::Faults {
    match args.faults {
        args::Faults::None => demo::Faults::None,
        args::Faults::Calm => demo::Faults::Calm,
        args::Faults::Storm => demo::Faults::Storm,
    }
}

fn hosts(args: &Channels, first: SocketAddr, usual: u8) -> Result<Hosts, Failed> {
    let count = usize::from(args.hosts.unwrap_or(usual));
    Ok(Hosts::several(first, count, Outages::new(count, faults(args), args.seed))?)
}

fn wishes(args: &Channels) -> Wishes {
    Wishes { rotate: args.rotate as usize, slots: args.slots, second_inputs: true }
}

/// `$XDG_CACHE_HOME/headend`, else `~/.cache/headend`, else the folder for temporary files.
fn cache_dir() -> PathBuf {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    base.unwrap_or_else(std::env::temp_dir).join("headend")
}

fn event_loop() -> Result<tokio::runtime::Runtime, Failed> {
    let made = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Ok(made.wrap_err("the origin's event loop could not be started")?)
}

/// The origin on a thread of its own, so that serving 200 streams never delays supervising them.
struct Served {
    base_urls: Vec<String>,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Served {
    fn start(
        hosts: Hosts,
        channels: Vec<Channel>,
        timetable: Timetable,
        clips: Clips,
    ) -> Result<Self, Failed> {
        let event_loop = event_loop()?;
        let (stop, stopped) = oneshot::channel();
        let (ready, started) = std::sync::mpsc::sync_channel(1);
        let serve = move || {
            event_loop.block_on(async move {
                match Origin::start(hosts, channels, timetable, clips) {
                    Ok(origin) => {
                        let _ = ready.send(Ok(origin.base_urls()));
                        // Ends with the word to stop, or with the one who could give it.
                        let _ = stopped.await;
                        origin.shutdown().await;
                    }
                    Err(error) => {
                        let _ = ready.send(Err(error));
                    }
                }
            });
        };
        let thread = std::thread::Builder::new().name("origin".into()).spawn(serve);
        let thread = thread.wrap_err("the origin's thread could not be started")?;
        let base_urls = started.recv().map_err(|_| eyre!("the origin ended while it was starting"))??;
        Ok(Self { base_urls, stop, thread })
    }

    fn stop(self) {
        let _ = self.stop.send(());
        // A panic in it was told by the hook; there is nothing left to do about it.
        let _ = self.thread.join();
    }
}
