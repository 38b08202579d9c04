//! A stage: a folder of its own with a configuration and a state folder, played by stand-ins.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;

use super::headless::{Finished, Running};
use super::processes::{self, Process};
use super::pty::{Key, Screen};
use super::{LIMIT, stand_in, wait_for, wait_until};

/// Everything starts at once and comes back soon, however busy the machine is; one look at the packets is all a stand-in gives.
pub const QUICK: &str = r#"
[pool]
start_parallel = 200
starts_per_second = 200
[restart]
backoff_first = "100ms"
backoff_cap = "1s"
jitter = 0
[guard]
enabled = false
[defaults]
mode = "packets"
"#;

/// A wide terminal: every column has room.
pub const WIDE: (u16, u16) = (200, 60);

/// The folder, the streams, and the stand-ins that play them. Dropped, its workers are killed.
pub struct Stage {
    folder: tempfile::TempDir,
    ffmpeg: PathBuf,
}

impl Stage {
    /// A stage with [`QUICK`] settings and these streams: id, and what its stand-in plays.
    pub fn new(streams: &[(&str, &str)]) -> Self {
        Self::with(QUICK, streams)
    }

    /// The same with other settings.
    pub fn with(settings: &str, streams: &[(&str, &str)]) -> Self {
        let stage = Self::empty();
        let mut text = settings.to_owned();
        for (id, plays) in streams {
            text += &stage.stream(id, plays, "");
        }
        stage.write(&text);
        stage
    }

    /// A stage whose configuration is still to be written.
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a folder of its own");
        Self { folder, ffmpeg: stand_in().to_owned() }
    }

    /// Many healthy streams: `s00`, `s01`, ...
    pub fn crowd(settings: &str, count: usize, plays: &str) -> Self {
        let ids: Vec<String> = (0..count).map(|n| format!("s{n:02}")).collect();
        let streams: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), plays)).collect();
        Self::with(settings, &streams)
    }

    /// One `[[stream]]`, with further lines. Its URL carries the stage's and the stream's mark.
    pub fn stream(&self, id: &str, plays: &str, lines: &str) -> String {
        let url = self.url(id, plays);
        format!("\n[[stream]]\nid = \"{id}\"\ninputs = [\"{url}\"]\n{lines}\n")
    }

    /// The URL that has a stand-in play this.
    pub fn url(&self, id: &str, plays: &str) -> String {
        let joint = if plays.contains('?') { '&' } else { '?' };
        format!("http://stand-in/{plays}{joint}{}&stream={id}.", self.mark())
    }

    /// Writes the configuration.
    pub fn write(&self, text: &str) {
        std::fs::write(self.folder.path().join("headend.toml"), text).expect("the configuration");
    }

    /// Another program as FFmpeg.
    pub fn set_ffmpeg(&mut self, path: &Path) {
        path.clone_into(&mut self.ffmpeg);
    }

    /// The folder that holds everything.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The state folder.
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Files of the state folder in which a secret of the configuration stands. Its revisions may hold
    /// it, as the configuration does, when nobody else can read them: others are told here too.
    pub fn files_that_tell(&self, secret: &str) -> Vec<PathBuf> {
        use std::os::unix::fs::PermissionsExt as _;
        let may = |path: &PathBuf| {
            let mode = path.metadata().map_or(0o777, |found| found.permissions().mode());
            path.parent() == Some(&self.state().join("revisions")) && mode & 0o777 == 0o600
        };
        files_with(&self.state(), secret).into_iter().filter(|path| !may(path)).collect()
    }

    /// What stands in the log file of a stream until now; `_headend` is headend's own.
    pub fn log(&self, id: &str) -> String {
        let bytes = std::fs::read(self.state().join(format!("logs/{id}.log"))).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits for a text in a log file.
    pub fn wait_log(&self, id: &str, text: &str) {
        wait_for(&format!("{text:?} in the log of {id}"), LIMIT, || {
            self.log(id).contains(text).then_some(())
        });
    }

    /// headend's arguments: this stage's configuration and state folder, and `more`.
    pub fn arguments(&self, more: &[&str]) -> Vec<String> {
        let path = |path: PathBuf| path.to_str().expect("UTF-8").to_owned();
        let config = path(self.folder.path().join("headend.toml"));
        let ours = ["--config".to_owned(), config, "--state".to_owned(), path(self.state())];
        ours.into_iter().chain(more.iter().map(|a| (*a).to_owned())).collect()
    }

    /// The socket to which consoles and verbs attach.
    pub fn socket(&self) -> PathBuf {
        self.state().join("headend.sock")
    }

    /// Starts the daemon, and waits until it can be attached to.
    pub fn daemon(&self) -> Running {
        let running = self.start_daemon(&[]);
        wait_until("the socket", LIMIT, || UnixStream::connect(self.socket()).is_ok());
        running
    }

    /// Starts the daemon in another environment, and waits for nothing.
    pub fn start_daemon(&self, environment: &[(&str, &str)]) -> Running {
        let arguments = self.arguments(&[]);
        let arguments = [&["daemon"], slices(&arguments).as_slice()].concat();
        Running::start(Path::new(super::HEADEND), &arguments, &self.environment(environment))
    }

    /// Starts a verb, which finds the headend by the state folder alone.
    pub fn start_verb(&self, verb: &[&str]) -> Running {
        let folder = self.state();
        let words = [verb, &["--state", folder.to_str().expect("UTF-8")]].concat();
        Running::start(Path::new(super::HEADEND), &words, &[])
    }

    /// Runs a verb to its end.
    pub fn verb(&self, verb: &[&str]) -> Finished {
        self.start_verb(verb).finish(LIMIT)
    }

    /// Runs a verb that does what was asked, and gives what it printed.
    pub fn done(&self, verb: &[&str]) -> String {
        let finished = self.verb(verb);
        assert_eq!(finished.code(), 0, "{verb:?}: {finished:#?}");
        finished.stdout
    }

    /// The streams that a selector finds, as `headend status --json` tells them.
    pub fn status(&self, selector: &str) -> Vec<serde_json::Value> {
        let value: serde_json::Value =
            serde_json::from_str(&self.done(&["status", "--json", selector])).expect("JSON");
        value["streams"].as_array().expect("streams").clone()
    }

    /// Starts headend without a terminal.
    pub fn headless(&self, more: &[&str]) -> Running {
        let arguments = self.arguments(&[&["--headless"], more].concat());
        Running::start(Path::new(super::HEADEND), &slices(&arguments), &self.environment(&[]))
    }

    /// Starts headend without a terminal, behind a line of shell that prepares its process.
    pub fn headless_after(&self, prepare: &str, more: &[&str]) -> Running {
        let arguments = self.behind(prepare, &[&["--headless"], more].concat());
        Running::start(Path::new("/bin/sh"), &slices(&arguments), &self.environment(&[]))
    }

    /// Opens the console behind a line of shell that prepares its process, and waits for nothing.
    pub fn open_after(&self, prepare: &str, size: (u16, u16), more: &[&str]) -> Screen {
        let arguments = self.behind(prepare, more);
        Screen::open(Path::new("/bin/sh"), size, &slices(&arguments), &self.environment(&[]))
    }

    /// What a shell is given so that it prepares and then becomes headend.
    fn behind(&self, prepare: &str, more: &[&str]) -> Vec<String> {
        let script = format!("{prepare}; exec \"$0\" \"$@\"");
        let ours = ["-c".to_owned(), script, super::HEADEND.to_owned()];
        ours.into_iter().chain(self.arguments(more)).collect()
    }

    /// What plays, with a journal of its starts: [`Stage::starts`] reads it.
    pub fn journalled(&self, id: &str, plays: &str) -> String {
        let joint = if plays.contains('?') { '&' } else { '?' };
        format!("{plays}{joint}journal={}", self.journal(id).display())
    }

    /// The file of a journal.
    pub fn journal(&self, id: &str) -> PathBuf {
        self.folder.path().join(format!("{id}.journal"))
    }

    /// The starts in a journal so far: pid, and when it was forked in ticks since boot.
    pub fn starts(&self, id: &str) -> Vec<(i32, u64)> {
        let text = std::fs::read_to_string(self.journal(id)).unwrap_or_default();
        let read = |line: &str| {
            let (pid, forked) = line.split_once(' ')?;
            Some((pid.parse().ok()?, forked.parse().ok()?))
        };
        text.lines().filter_map(read).collect()
    }

    /// Waits until a journal has so many starts.
    pub fn wait_starts(&self, id: &str, count: usize) {
        wait_for(&format!("{count} starts of {id}"), LIMIT, || {
            (self.starts(id).len() >= count).then_some(())
        });
    }

    /// Runs headend without a terminal for so long and gives its report.
    pub fn report(&self, span: &str, environment: &[(&str, &str)]) -> serde_json::Value {
        let arguments = self.arguments(&["--headless", "--for", span, "--report", "json"]);
        let program = Path::new(super::HEADEND);
        let running = Running::start(program, &slices(&arguments), &self.environment(environment));
        let finished = running.finish(2 * LIMIT);
        assert!(finished.status.success(), "headend failed: {finished:#?}");
        finished.json()
    }

    /// Runs headend without a terminal until it ends by itself.
    pub fn finish(&self, more: &[&str]) -> Finished {
        self.headless(more).finish(LIMIT)
    }

    /// Opens the console in a terminal of `(columns, rows)`, and waits until it shows the streams.
    pub fn console(&self, size: (u16, u16), more: &[&str]) -> Screen {
        self.console_in(size, more, &[])
    }

    /// The same in another environment.
    pub fn console_in(&self, size: (u16, u16), more: &[&str], environment: &[(&str, &str)]) -> Screen {
        let screen = self.open(size, more, environment);
        screen.wait_until("the streams", |shown| {
            let text = shown.contents();
            text.contains("slots ")
                && !text.contains("waiting for the supervisor")
                && !text.contains("no streams")
        });
        screen
    }

    /// Opens the console and waits for nothing.
    pub fn open(&self, size: (u16, u16), more: &[&str], environment: &[(&str, &str)]) -> Screen {
        let arguments = self.arguments(more);
        Screen::headend(size, &slices(&arguments), &self.environment(environment))
    }

    /// What headend gets beside the machine's own variables.
    pub fn environment<'a>(&'a self, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let ffmpeg = self.ffmpeg.to_str().expect("UTF-8");
        [&[("HEADEND_FFMPEG", ffmpeg)], more].concat()
    }

    /// Stands in the arguments of every worker of this stage; see [`Self::workers`].
    pub fn mark(&self) -> String {
        let name = self.folder.path().file_name().and_then(|n| n.to_str()).expect("UTF-8");
        format!("stage={name}")
    }

    /// The living workers, shims on their way to become one included.
    pub fn workers(&self) -> Vec<Process> {
        processes::with_argument(&self.mark())
    }

    /// Waits until there are so many workers.
    pub fn wait_workers(&self, count: usize) -> Vec<Process> {
        wait_for(&format!("{count} workers"), LIMIT, || Some(self.workers()).filter(|w| w.len() == count))
    }

    /// Waits for the one worker of a stream.
    pub fn worker(&self, id: &str) -> Process {
        self.other_worker(id, &[])
    }

    /// Waits for the one worker of a stream that is none of `old`.
    pub fn other_worker(&self, id: &str, old: &[Process]) -> Process {
        let mark = format!("{}&stream={id}.", self.mark());
        wait_for(&format!("a new worker for {id}"), LIMIT, || {
            let found = processes::with_argument(&mark);
            found.first().copied().filter(|new| found.len() == 1 && !old.contains(new))
        })
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // Only after a failed test is there anything left.
        for worker in self.workers() {
            worker.signal(Signal::SIGKILL);
        }
    }
}

/// Kills what has this mark in its arguments, when dropped: children of workers, whom nobody else
/// ends.
pub struct Sweep(pub &'static str);

impl Drop for Sweep {
    fn drop(&mut self) {
        for process in processes::with_argument(self.0) {
            process.signal(Signal::SIGKILL);
        }
    }
}

/// Every file below `folder` in which `text` stands as it is.
pub fn files_with(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if contains(&std::fs::read(&path).unwrap_or_default(), text.as_bytes()) {
                found.push(path);
            }
        }
    }
    found
}

/// Whether `bytes` hold `text`.
pub fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

/// The stream `id` of a report.
pub fn stream<'a>(report: &'a serde_json::Value, id: &str) -> &'a serde_json::Value {
    let streams = report["streams"].as_array().expect("streams");
    streams.iter().find(|s| s["id"] == id).unwrap_or_else(|| panic!("no {id} in {report:#}"))
}

fn slices(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

impl Screen {
    /// The row of the grid that has this name; empty while there is none.
    pub fn row(&self, name: &str) -> String {
        self.look(|screen| row_of(screen, name))
    }

    /// Waits until the row of this name is as wanted.
    pub fn wait_row(&self, name: &str, what: &str, mut holds: impl FnMut(&str) -> bool) {
        let what = format!("the row of {name:?} to be {what}");
        self.wait_until(&what, |screen| {
            let row = row_of(screen, name);
            !row.is_empty() && holds(&row)
        });
    }

    /// Waits until the stream of this name is in `phase`. What stands behind the name may say so
    /// long before: `stopping ... stopped by the operator`.
    pub fn wait_phase(&self, name: &str, phase: &str) {
        self.wait_row(name, phase, |row| {
            row.split_whitespace().take_while(|word| *word != name).any(|word| word == phase)
        });
    }

    /// Types a filter that leaves only what it names.
    pub fn filter(&self, text: &str) {
        self.keys("/");
        self.wait_text("clear");
        self.keys(text);
        self.wait_text(&format!("/{text}"));
        self.press(Key::Enter);
        // Before the board has come there is nothing to choose from, and no stream is selected.
        self.wait_until("the filter on the board", |shown| {
            let text = shown.contents();
            text.contains("shown") && !text.contains(" of 0 shown")
        });
    }

    /// Leaves where no worker runs and no stream is wanted: nothing is asked then.
    pub fn quit_idle(&mut self) -> std::process::ExitStatus {
        self.keys("q");
        self.finish()
    }

    /// Leaves as an operator does, and waits for the end.
    pub fn quit(&mut self) -> std::process::ExitStatus {
        self.keys("q");
        self.wait_text("y yes");
        self.keys("y");
        self.finish()
    }
}

/// The row of the grid that has this name; empty while there is none.
pub fn row_of(screen: &vt100::Screen, name: &str) -> String {
    let columns = screen.size().1.get();
    let is_it = |row: &String| row.split_whitespace().any(|word| word == name);
    screen.rows(0, columns).skip(2).find(is_it).unwrap_or_else(String::new)
}

/// Whether a test may have process numbers of its own (root, mostly).
pub fn pid_namespaces() -> bool {
    let arguments =
        ["--pid", "--fork", "--mount-proc", "sh", "-c", "echo 300 > /proc/sys/kernel/ns_last_pid"];
    let tried = std::process::Command::new("unshare").args(arguments).output();
    tried.is_ok_and(|output| output.status.success())
}

/// Writes a figure that no test decides by: a busy machine is no fault of ours.
pub fn measured(what: &str) {
    let _ = writeln!(std::io::stderr(), "MEASURED: {what}");
}

/// Writes what a test could not try on this machine, and why; a skipped test must not look green.
pub fn skipped(why: &str) {
    // Past the test harness, which shows the output of failed tests only.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}
