//! Processes as the kernel shows them, through `/proc`.

use std::path::PathBuf;
use std::time::Duration;

/// One process: its pid, and when it started, because pids come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Process {
    pub pid: i32,
    /// Ticks since boot.
    started: u64,
}

/// The fields of `/proc/PID/stat` used here.
struct Stat {
    state: char,
    parent: i32,
    group: i32,
    started: u64,
}

impl Process {
    /// The process that has this pid now; `None`: there is none, or only its remains.
    pub fn find(pid: i32) -> Option<Self> {
        let stat = stat(pid)?;
        (!is_dead(&stat)).then_some(Self { pid, started: stat.started })
    }

    /// An ended process whose exit status nobody has taken yet.
    pub fn find_ended(pid: i32) -> Option<Self> {
        let stat = stat(pid)?;
        is_dead(&stat).then_some(Self { pid, started: stat.started })
    }

    /// Neither gone, nor a zombie, nor another one under the same pid.
    pub fn is_alive(self) -> bool {
        Self::find(self.pid) == Some(self)
    }

    /// Ended, and nobody has taken its exit status.
    pub fn is_zombie(self) -> bool {
        stat(self.pid).is_some_and(|s| s.started == self.started && is_dead(&s))
    }

    /// Its arguments; empty when it is gone.
    pub fn arguments(self) -> Vec<String> {
        let bytes = std::fs::read(path(self.pid, "cmdline")).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    /// Its variables, `NAME=value` each; empty when it is gone.
    pub fn environment(self) -> Vec<String> {
        let bytes = std::fs::read(path(self.pid, "environ")).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    pub fn group(self) -> Option<i32> {
        stat(self.pid).map(|s| s.group)
    }

    /// Open file descriptors; 0 when it is gone.
    pub fn open_files(self) -> usize {
        std::fs::read_dir(path(self.pid, "fd")).map_or(0, Iterator::count)
    }

    /// Resident memory in bytes; 0 when it is gone.
    pub fn memory(self) -> u64 {
        let status = std::fs::read_to_string(path(self.pid, "status")).unwrap_or_default();
        let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap_or_default();
        line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
    }

    /// When it was forked, in ticks since boot.
    pub fn started(self) -> u64 {
        self.started
    }

    /// Bytes it has written to anything since it started; 0 when it is gone.
    pub fn written(self) -> u64 {
        let io = std::fs::read_to_string(path(self.pid, "io")).unwrap_or_default();
        io.lines().find_map(|l| l.strip_prefix("wchar: ")?.parse().ok()).unwrap_or(0)
    }

    /// Its threads: number and name.
    pub fn threads(self) -> Vec<(i32, String)> {
        let Ok(entries) = std::fs::read_dir(path(self.pid, "task")) else { return Vec::new() };
        let one = |name: std::ffi::OsString| {
            let id = name.to_str()?.parse().ok()?;
            let comm = std::fs::read_to_string(path(self.pid, &format!("task/{id}/comm"))).ok()?;
            Some((id, comm.trim_end().to_owned()))
        };
        entries.filter_map(|entry| one(entry.ok()?.file_name())).collect()
    }

    /// Sends a signal to this process alone.
    pub fn signal(self, signal: nix::sys::signal::Signal) {
        if self.is_alive() {
            let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.pid), signal);
        }
    }
}

/// Ticks of [`Process::started`] a second.
pub fn ticks_a_second() -> u64 {
    let ticks = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK).ok().flatten();
    ticks.and_then(|ticks| ticks.try_into().ok()).unwrap_or(100)
}

fn path(pid: i32, file: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/{file}"))
}

fn is_dead(stat: &Stat) -> bool {
    matches!(stat.state, 'Z' | 'X' | 'x')
}

fn stat(pid: i32) -> Option<Stat> {
    let text = std::fs::read(path(pid, "stat")).ok()?;
    let text = String::from_utf8_lossy(&text);
    // The name stands in brackets and may hold blanks and brackets itself: count from its end.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    Some(Stat {
        state: fields.first()?.chars().next()?,
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
    })
}

fn all() -> Vec<(i32, Stat)> {
    let entries = std::fs::read_dir("/proc").expect("/proc");
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, stat(pid)?)))
        .collect()
}

/// The living children of `pid`.
pub fn children_of(pid: i32) -> Vec<Process> {
    all()
        .into_iter()
        .filter(|(_, stat)| stat.parent == pid && !is_dead(stat))
        .map(|(pid, stat)| Process { pid, started: stat.started })
        .collect()
}

/// Children that ended and were not reaped.
pub fn zombies_of(pid: i32) -> Vec<i32> {
    all().into_iter().filter(|(_, stat)| stat.parent == pid && is_dead(stat)).map(|(pid, _)| pid).collect()
}

/// Living children, their children, and so on.
pub fn descendants_of(pid: i32) -> Vec<Process> {
    let everyone = all();
    let mut found: Vec<Process> = Vec::new();
    let mut parents = vec![pid];
    while let Some(parent) = parents.pop() {
        for (pid, stat) in everyone.iter().filter(|(_, stat)| stat.parent == parent && !is_dead(stat)) {
            found.push(Process { pid: *pid, started: stat.started });
            parents.push(*pid);
        }
    }
    found
}

/// Living processes with `mark` in one of their arguments: the way to find workers that have lost
/// their parent. Give each test a mark of its own.
pub fn with_argument(mark: &str) -> Vec<Process> {
    let own = std::process::id().cast_signed();
    all()
        .into_iter()
        .filter(|(pid, stat)| *pid != own && !is_dead(stat))
        .map(|(pid, stat)| Process { pid, started: stat.started })
        .filter(|process| process.arguments().iter().any(|a| a.contains(mark)))
        .collect()
}

/// Waits until none of them is alive; panics with those that are.
pub fn wait_gone(processes: &[Process], limit: Duration) {
    let left = || processes.iter().filter(|p| p.is_alive()).collect::<Vec<_>>();
    let until = std::time::Instant::now() + limit;
    while !left().is_empty() {
        if std::time::Instant::now() >= until {
            let left: Vec<_> = left().into_iter().map(|p| (p.pid, p.arguments())).collect();
            panic!("{} of {} still alive after {limit:?}: {left:?}", left.len(), processes.len());
        }
        std::thread::sleep(super::LOOK);
    }
}
