//! Processes as the kernel shows them, and what tells one from a later one of the same number.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;

/// Read of a process's environment; the kernel gives a new one 6 MiB at most.
const MAX_ENVIRONMENT: u64 = 8 << 20;

/// What a `/proc/PID/stat` says that we need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    /// Its parent.
    pub parent: u32,
    /// Its group.
    pub group: u32,
    /// When it was started, in the kernel's ticks since boot. Two processes of the same number never
    /// have the same.
    pub started: u64,
    /// Dead, and waiting for its parent to look.
    pub dead: bool,
}

/// Process `pid`, if there is one.
#[must_use]
pub fn process(pid: u32) -> Option<Process> {
    // A name may hold any bytes.
    parse(&String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/stat")).ok()?))
}

/// From the text of a `/proc/PID/stat`.
fn parse(text: &str) -> Option<Process> {
    // The name stands in brackets and may hold blanks and brackets itself: count from its end.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    Some(Process {
        dead: matches!(*fields.first()?, "Z" | "X" | "x"),
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
    })
}

/// Living processes of these groups, with their numbers: one look at all processes, however many
/// groups there are.
#[must_use]
pub fn group_members(groups: &BTreeSet<u32>) -> Vec<(u32, Process)> {
    everyone().filter(|(_, process)| groups.contains(&process.group) && !process.dead).collect()
}

/// Whether `pid` was started with `value` in its environment's `variable`. False where it can't be
/// read: with another user's process, for one, and for a moment in the middle of an exec.
#[must_use]
pub fn carries(pid: u32, variable: &str, value: &str) -> bool {
    let mut bytes = Vec::new();
    let read = fs::File::open(format!("/proc/{pid}/environ"))
        .and_then(|file| file.take(MAX_ENVIRONMENT).read_to_end(&mut bytes));
    let wanted = format!("{variable}={value}");
    read.is_ok() && bytes.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes())
}

/// Children of `parent` that lead a group of their own, dead ones included.
#[must_use]
pub fn leading_children(parent: u32) -> Vec<u32> {
    let found = everyone().filter(|(pid, process)| process.parent == parent && process.group == *pid);
    found.map(|(pid, _)| pid).collect()
}

fn everyone() -> impl Iterator<Item = (u32, Process)> {
    let entries = fs::read_dir("/proc").into_iter().flatten();
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid| Some((pid, process(pid)?)))
}

/// Names this boot of the machine: process numbers and start times mean something only within it.
#[must_use]
pub fn boot_id() -> Option<String> {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned()).filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_text_is_read() {
        let stat =
            "4194301 (ff) mpeg (1) Z 17 4194301 17 0 -1 4194560 99 0 0 0 2 1 0 0 20 0 1 0 862345 1 2 3\n";
        let expected = Process { parent: 17, group: 4_194_301, started: 862_345, dead: true };
        assert_eq!(parse(stat), Some(expected));
        for text in ["", "1 (x", "1 (x) R", "1 (x) R 1 1", "1 (x) R a b c d e f g h i j k l m n o p q r s t"]
        {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn our_own_process_is_found_in_its_group() {
        let (own, pid) = (process(std::process::id()).unwrap(), std::process::id());
        assert!(own.started > 0 && !own.dead);
        assert!(group_members(&BTreeSet::from([own.group])).contains(&(pid, own)));
        assert!(boot_id().unwrap().len() < 64);
        assert_eq!(process(u32::MAX), None);
    }

    #[test]
    fn what_a_process_was_started_with_is_read() {
        let mut child = std::process::Command::new("sleep")
            .arg("3073.5")
            .env("HEADEND_TEST_MARK", "one")
            .spawn()
            .unwrap();
        let pid = child.id();
        let begin = std::time::Instant::now();
        while !carries(pid, "HEADEND_TEST_MARK", "one") {
            // The kernel shows it only at the end of an exec, and we are let go on before.
            assert!(begin.elapsed() < std::time::Duration::from_secs(20), "never came: the mark");
            std::thread::yield_now();
        }
        for (variable, value) in
            [("HEADEND_TEST_MARK", "on"), ("HEADEND_TEST_MARK", "one2"), ("TEST_MARK", "one"), ("", "")]
        {
            assert!(!carries(pid, variable, value), "{variable}={value}");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!carries(pid, "HEADEND_TEST_MARK", "one"), "gone");
        assert!(!carries(u32::MAX, "HEADEND_TEST_MARK", "one"));
    }

    #[test]
    fn a_child_that_leads_a_group_is_told_from_one_that_does_not() {
        use std::os::unix::process::CommandExt;
        let start = |leads: bool| {
            let mut command = std::process::Command::new("sleep");
            command.arg("3074.5");
            if leads {
                command.process_group(0);
            }
            command.spawn().unwrap()
        };
        let mut children = [start(true), start(false)];
        let found = leading_children(std::process::id());
        assert!(found.contains(&children[0].id()));
        assert!(!found.contains(&children[1].id()));
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}
