//! A folder with a configuration and a state folder: one headend's world.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::headless::Running;
use super::processes::{Process, children_of};
use super::pty::Screen;
use super::{HEADEND, LIMIT, stand_in, wait_for};

/// A configuration of stand-in workers, in a folder that goes with it.
pub struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    /// Streams `s0`, `s1`, ... with these modes of the stand-in worker; `more` is put at the top
    /// of the configuration.
    pub fn new(more: &str, modes: &[&str]) -> Self {
        let mut text = format!("{more}\n[ffmpeg]\npath = \"{}\"\n", stand_in().display());
        for (n, mode) in modes.iter().enumerate() {
            let input = format!("http://stand-in/{mode}");
            write!(text, "[[stream]]\nid = \"s{n}\"\nname = \"Stream {n}\"\ninputs = [{input:?}]\n").unwrap();
        }
        let site = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::write(site.config(), text).unwrap();
        site
    }

    pub fn config(&self) -> PathBuf {
        self.folder.path().join("headend.toml")
    }

    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// The log of a stream, as far as it is written.
    pub fn log(&self, id: &str) -> String {
        std::fs::read_to_string(self.state().join(format!("logs/{id}.log"))).unwrap_or_default()
    }

    fn arguments(&self) -> Vec<String> {
        let (config, state) = (self.config(), self.state());
        ["--config", config.to_str().unwrap(), "--state", state.to_str().unwrap()].map(str::to_owned).to_vec()
    }

    /// headend without a terminal.
    pub fn headless(&self, more: &[&str]) -> Running {
        let mut arguments = self.arguments();
        arguments.push("--headless".into());
        arguments.extend(more.iter().map(|arg| (*arg).to_owned()));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Running::start(HEADEND.as_ref(), &arguments, &[])
    }

    /// Its report after so many seconds.
    pub fn report(&self, seconds: u32) -> serde_json::Value {
        self.report_with(seconds, &[])
    }

    /// The same with these variables.
    pub fn report_with(&self, seconds: u32, environment: &[(&str, &str)]) -> serde_json::Value {
        let arguments = self.arguments();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        super::headless::report(&arguments, environment, seconds, LIMIT)
    }

    /// headend in a terminal.
    pub fn screen(&self, size: (u16, u16)) -> Screen {
        let arguments = self.arguments();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Screen::headend(size, &arguments, &[("TERM", "xterm-256color"), ("LANG", "C.UTF-8")])
    }
}

/// The workers of a headend: those that are past the shim and play their part.
pub fn workers(headend: i32) -> Vec<Process> {
    let played = |worker: &Process| worker.arguments().first().is_some_and(|name| name.ends_with("stand_in"));
    children_of(headend).into_iter().filter(played).collect()
}

/// Waits until so many workers run.
pub fn wait_workers(headend: i32, count: usize) -> Vec<Process> {
    wait_for(&format!("{count} workers"), LIMIT, || {
        let now = workers(headend);
        (now.len() == count).then_some(now)
    })
}

/// The worker of the stream whose input has this text.
pub fn worker_with(headend: i32, text: &str) -> Option<Process> {
    workers(headend).into_iter().find(|worker| worker.arguments().iter().any(|arg| arg.contains(text)))
}
