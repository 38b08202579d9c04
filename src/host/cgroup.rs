//! The limits of a container: what the control groups above us leave us of CPU and memory.
//!
//! Version 2 first; what it does not tell is looked for in version 1, because many machines have
//! both mounted and the controllers in only one of them. Nothing in here fails: what can't be read
//! is no limit.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::pressure;
use crate::model::{HostReading, Pressure};

/// Groups looked at from ours up to the mount; nobody nests deeper.
const MAX_DEPTH: usize = 32;

/// Where the groups are that hold us, found once: a process is hardly ever moved to another.
#[derive(Debug, Default)]
pub struct Groups {
    /// Version 2, ours first, then those above it.
    unified: Vec<PathBuf>,
    /// Version 1, by controller.
    memory: Vec<PathBuf>,
    cpu: Vec<PathBuf>,
    cpuacct: Vec<PathBuf>,
    used_before: Option<(Instant, Duration)>,
}

/// A limit on memory and what is used of it, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// The smallest limit above us.
    pub limit: u64,
    /// Used in the group that has it, without what the kernel gives back at once (idle file cache).
    pub used: u64,
}

/// A limit on CPU time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cpu {
    /// Cores' worth.
    pub quota: f32,
    /// CPU time used so far in the group that has it.
    pub used: Option<Duration>,
}

impl Groups {
    /// Finds our groups. `root` is `/` but in tests.
    #[must_use]
    pub fn find(root: &Path) -> Self {
        let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
        let (ours, mounts) = (read("proc/self/cgroup"), read("proc/self/mountinfo"));
        let chain = |controller: Option<&str>| {
            let found = mount_of(&mounts, controller).zip(path_of(&ours, controller));
            found.map_or_else(Vec::new, |(mount, path)| chain(root, &mount, &path))
        };
        Self {
            unified: chain(None),
            memory: chain(Some("memory")),
            cpu: chain(Some("cpu")),
            cpuacct: chain(Some("cpuacct")),
            used_before: None,
        }
    }

    /// The smallest limit on memory, if there is one.
    #[must_use]
    pub fn memory(&self) -> Option<Memory> {
        let v2 =
            smallest(&self.unified, |group| number(&text(group, "memory.max")?)).map(|(limit, group)| {
                let used = text(group, "memory.current").and_then(|t| number(&t)).unwrap_or(0);
                (limit, used, idle_file_cache(group, "inactive_file"))
            });
        let v1 = || {
            let of = |group: &Path| number(&text(group, "memory.limit_in_bytes")?);
            smallest(&self.memory, of).map(|(limit, group)| {
                let used = text(group, "memory.usage_in_bytes").and_then(|t| number(&t)).unwrap_or(0);
                (limit, used, idle_file_cache(group, "total_inactive_file"))
            })
        };
        let (limit, used, idle) = v2.or_else(v1)?;
        Some(Memory { limit, used: used.saturating_sub(idle) })
    }

    /// The smallest limit on CPU time, if there is one.
    #[must_use]
    pub fn cpu(&self) -> Option<Cpu> {
        if let Some((quota, group)) = smallest(&self.unified, |group| cpu_max(&text(group, "cpu.max")?)) {
            let used = text(group, "cpu.stat").and_then(|text| named(&text, "usage_usec"));
            return Some(Cpu { quota, used: used.map(Duration::from_micros) });
        }
        let of = |group: &Path| cfs(&text(group, "cpu.cfs_quota_us")?, &text(group, "cpu.cfs_period_us")?);
        let (quota, group) = smallest(&self.cpu, of)?;
        // The controllers may be mounted apart: the same place below the other mount.
        let height = self.cpu.iter().position(|one| one == group).unwrap_or(0);
        let used = self.cpuacct.get(height).and_then(|group| number(&text(group, "cpuacct.usage")?));
        Some(Cpu { quota, used: used.map(Duration::from_nanos) })
    }

    /// The pressure in our own group, where the kernel tells it.
    #[must_use]
    pub fn pressure(&self) -> Option<Pressure> {
        let group = self.unified.first()?;
        pressure::read(|what| text(group, &format!("{what}.pressure")))
    }

    /// Puts what limits us in the place of the machine's own figures.
    pub fn apply(&mut self, now: Instant, reading: &mut HostReading) {
        let memory = self.memory().filter(|memory| {
            // Version 1 has no word for "none" but a huge number.
            reading.memory_total_bytes == 0 || memory.limit < reading.memory_total_bytes
        });
        if let Some(memory) = memory {
            reading.memory_limited = true;
            reading.memory_total_bytes = memory.limit;
            reading.memory_bytes = memory.used;
        }
        #[expect(clippy::cast_precision_loss, reason = "a number of cores")]
        let cpu = self.cpu().filter(|cpu| reading.cores == 0 || cpu.quota < reading.cores as f32);
        if let Some(cpu) = cpu {
            reading.cpu_quota = Some(cpu.quota);
            let before = self.used_before.take();
            self.used_before = cpu.used.map(|used| (now, used));
            if let (Some((at, before)), Some(used)) = (before, cpu.used) {
                reading.cpu_percent =
                    share(used.saturating_sub(before), now.saturating_duration_since(at), cpu.quota);
            }
        }
        if memory.is_some() || cpu.is_some() {
            reading.pressure = self.pressure().or(reading.pressure);
        }
    }
}

/// How much of `quota` cores was used, percent.
fn share(used: Duration, span: Duration, quota: f32) -> f32 {
    let allowed = span.as_secs_f32() * quota;
    if allowed > 0.0 { (100.0 * used.as_secs_f32() / allowed).clamp(0.0, 100.0) } else { 0.0 }
}

/// The smallest limit of these groups, and which has it.
fn smallest<T: PartialOrd + Copy>(
    groups: &[PathBuf],
    limit: impl Fn(&Path) -> Option<T>,
) -> Option<(T, &Path)> {
    let limits = groups.iter().filter_map(|group| Some((limit(group)?, group.as_path())));
    limits.reduce(|least, next| if next.0 < least.0 { next } else { least })
}

fn text(group: &Path, name: &str) -> Option<String> {
    fs::read_to_string(group.join(name)).ok()
}

/// A number alone on its line; `None` for `max`, `-1` and whatever else stands there.
fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// The number after `name` in a text of names and numbers.
fn named(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| number(line.strip_prefix(name)?.strip_prefix(' ')?))
}

fn idle_file_cache(group: &Path, name: &str) -> u64 {
    text(group, "memory.stat").and_then(|text| named(&text, name)).unwrap_or(0)
}

/// Cores' worth, from a `cpu.max`: `150000 100000` is one and a half.
fn cpu_max(text: &str) -> Option<f32> {
    let mut words = text.split_ascii_whitespace();
    cfs(words.next()?, words.next()?)
}

/// Cores' worth, from microseconds of quota in microseconds of period.
fn cfs(quota: &str, period: &str) -> Option<f32> {
    let (quota, period) = (number(quota)?, number(period)?);
    #[expect(clippy::cast_precision_loss, reason = "microseconds of a period, for a share")]
    let cores = quota as f32 / period as f32;
    (period > 0).then_some(cores)
}

/// Our path below the hierarchy of `controller` (`None`: version 2), from the text of a
/// `/proc/self/cgroup`.
fn path_of(text: &str, controller: Option<&str>) -> Option<String> {
    text.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (number, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        let is_it = match controller {
            None => number == "0" && controllers.is_empty(),
            Some(name) => controllers.split(',').any(|one| one == name),
        };
        is_it.then(|| path.to_owned())
    })
}

/// A mounted hierarchy.
#[derive(Debug, PartialEq, Eq)]
struct Mount {
    /// Which group is mounted there.
    root: String,
    /// Where.
    point: String,
}

/// Where the hierarchy of `controller` (`None`: version 2) is mounted, from the text of a
/// `/proc/self/mountinfo`.
fn mount_of(text: &str, controller: Option<&str>) -> Option<Mount> {
    text.lines().find_map(|line| {
        let (place, kind) = line.split_once(" - ")?;
        let mut place = place.split(' ').skip(3);
        let (root, point) = (place.next()?, place.next()?);
        let mut kind = kind.split(' ');
        let (kind, options) = (kind.next()?, kind.nth(1)?);
        let is_it = match controller {
            None => kind == "cgroup2",
            Some(name) => kind == "cgroup" && options.split(',').any(|one| one == name),
        };
        is_it.then(|| Mount { root: unescaped(root), point: unescaped(point) })
    })
}

/// The kernel writes blanks and backslashes in paths as three octal digits.
fn unescaped(text: &str) -> String {
    let mut plain = text.to_owned();
    for (escape, sign) in [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")] {
        plain = plain.replace(escape, sign);
    }
    plain
}

/// The folder of group `path`, and those above it up to the mount. Seen from inside a container
/// the path may lie outside of what is mounted: then the mount is all we can see.
fn chain(root: &Path, mount: &Mount, path: &str) -> Vec<PathBuf> {
    let top = root.join(mount.point.trim_start_matches('/'));
    let below = if mount.root == "/" { Some(path) } else { path.strip_prefix(mount.root.as_str()) };
    let below = below.filter(|below| below.is_empty() || below.starts_with('/')).unwrap_or_default();
    let below = below.trim_start_matches('/');
    let inside = !Path::new(below).components().any(|part| part == std::path::Component::ParentDir);
    let ours = if inside && !below.is_empty() { top.join(below) } else { top.clone() };
    let ours = if ours.is_dir() { ours } else { top.clone() };
    ours.ancestors().take(MAX_DEPTH).take_while(|group| group.starts_with(&top)).map(Path::to_owned).collect()
}

#[cfg(test)]
mod tests;
