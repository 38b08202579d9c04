//! What the kernel tells under `/proc`: text to numbers, and the few reads that get it.
//!
//! Nothing in here fails: a file that is missing, a process that has ended or a line that is not
//! there is "not known".

use std::fs;
use std::sync::OnceLock;
use std::time::Duration;

use nix::unistd::{SysconfVar, sysconf};

use super::pressure;
use crate::model::Pressure;

/// PSS in bytes, from the text of a `smaps_rollup`.
pub fn pss_bytes(text: &str) -> Option<u64> {
    kilobytes(text, "Pss:")
}

/// RSS in bytes, from the text of a `status`.
pub fn rss_bytes(text: &str) -> Option<u64> {
    kilobytes(text, "VmRSS:")
}

/// What a process has of memory, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resident {
    /// Its own.
    pub private: u64,
    /// Files, programs and libraries, which others may have mapped too.
    pub shared: u64,
}

/// Own and shared memory, from the text of a `statm`, which counts pages of so many bytes. A dead
/// process has none.
pub fn resident(text: &str, page: u64) -> Option<Resident> {
    let mut words = text.split_ascii_whitespace().skip(1);
    let resident: u64 = words.next()?.parse().ok()?;
    let shared: u64 = words.next()?.parse().ok()?;
    let bytes = |pages: u64| pages.saturating_mul(page);
    let found = Resident { private: bytes(resident.saturating_sub(shared)), shared: bytes(shared) };
    (resident > 0).then_some(found)
}

/// Start in ticks since boot and CPU time in ticks, from the text of a `/proc/PID/stat`.
pub fn start_and_cpu(text: &str) -> Option<(u64, u64)> {
    // The name stands in brackets and may hold blanks and brackets itself: count from its end.
    let mut fields = text.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    let started = fields.nth(6)?.parse().ok()?;
    Some((started, user.saturating_add(system)))
}

/// How long the machine has been up, from the text of an `uptime`.
fn parse_uptime(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.split_ascii_whitespace().next()?.parse().ok()?).ok()
}

/// Open files of the machine and its limit on them, from the text of `file-nr`.
pub fn file_nr(text: &str) -> Option<(u64, u64)> {
    let mut words = text.split_ascii_whitespace();
    let allocated: u64 = words.next()?.parse().ok()?;
    let unused: u64 = words.next()?.parse().ok()?;
    let limit = words.next()?.parse().ok()?;
    Some((allocated.saturating_sub(unused), limit))
}

fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let number = line.trim().strip_suffix("kB")?.trim_end();
    number.parse::<u64>().ok()?.checked_mul(1_024)
}

/// How long the machine has been up.
pub fn uptime() -> Option<Duration> {
    parse_uptime(&fs::read_to_string("/proc/uptime").ok()?)
}

/// So many of the kernel's ticks (hundredths of a second, nearly everywhere) as a time.
pub fn ticks(count: u64) -> Duration {
    static TICKS_A_SECOND: OnceLock<u64> = OnceLock::new();
    let second = *TICKS_A_SECOND.get_or_init(|| asked(SysconfVar::CLK_TCK).unwrap_or(100));
    Duration::from_millis(count.saturating_mul(1_000) / second)
}

fn page_bytes() -> u64 {
    static PAGE_BYTES: OnceLock<u64> = OnceLock::new();
    *PAGE_BYTES.get_or_init(|| asked(SysconfVar::PAGE_SIZE).unwrap_or(4_096))
}

fn asked(what: SysconfVar) -> Option<u64> {
    u64::try_from(sysconf(what).ok()??).ok().filter(|value| *value > 0)
}

/// Memory of process `pid`; `None` when it has ended or may not be read.
///
/// Not its PSS: the kernel walks every page for that, 2 ms for one FFmpeg, which for 200 of them is
/// more than all else headend does. And not from `status`, which tells the same in more words.
pub fn resident_of(pid: u32) -> Option<Resident> {
    resident(&fs::read_to_string(format!("/proc/{pid}/statm")).ok()?, page_bytes())
}

/// Memory of our own process in bytes: PSS, or RSS where the kernel does not tell PSS.
pub fn own_memory() -> Option<u64> {
    let pss = fs::read_to_string("/proc/self/smaps_rollup").ok();
    pss.and_then(|text| pss_bytes(&text))
        .or_else(|| rss_bytes(&fs::read_to_string("/proc/self/status").ok()?))
}

/// Descriptors of our own process.
pub fn own_open_files() -> u64 {
    // The folder that is read where they have to be counted has a descriptor too.
    told_open_files("self").unwrap_or_else(|| counted_open_files("self").saturating_sub(1))
}

/// Descriptors of process `pid`.
pub fn open_files_of(pid: u32) -> u64 {
    let pid = pid.to_string();
    told_open_files(&pid).unwrap_or_else(|| counted_open_files(&pid))
}

/// Since Linux 6.2 the folder's size is their number; before, it is 0 and they have to be counted.
fn told_open_files(process: &str) -> Option<u64> {
    let folder = fs::metadata(format!("/proc/{process}/fd")).ok()?;
    Some(folder.len()).filter(|count| *count > 0)
}

fn counted_open_files(process: &str) -> u64 {
    fs::read_dir(format!("/proc/{process}/fd")).map_or(0, |entries| entries.count() as u64)
}

/// Open files of the machine and its limit on them.
pub fn machine_open_files() -> Option<(u64, u64)> {
    file_nr(&fs::read_to_string("/proc/sys/fs/file-nr").ok()?)
}

/// The machine's pressure; `None` where the kernel does not tell it.
pub fn machine_pressure() -> Option<Pressure> {
    pressure::read(|what| fs::read_to_string(format!("/proc/pressure/{what}")).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMAPS_ROLLUP: &str = "\
55d0c8a00000-7ffd5d9f2000 ---p 00000000 00:00 0                          [rollup]
Rss:               41236 kB
Pss:               12345 kB
Pss_Dirty:          9480 kB
Pss_Anon:           9472 kB
Swap:                  0 kB
SwapPss:               0 kB
";

    #[test]
    fn recorded_text_is_read() {
        assert_eq!(pss_bytes(SMAPS_ROLLUP), Some(12_345 * 1_024));
        assert_eq!(rss_bytes("Name:\tffmpeg\nVmRSS:\t   41236 kB\nVmSwap:\t 0 kB\n"), Some(41_236 * 1_024));
        let expected = Resident { private: 2_250 * 4_096, shared: 8_059 * 4_096 };
        assert_eq!(resident("52011 10309 8059 6 0 9021 0\n", 4_096), Some(expected));
        let stat = "4194301 (ff) mpeg (1) S 17 4194301 17 0 -1 4194560 99 0 0 0 250 31 0 0 20 0 1 0 862345 1";
        assert_eq!(start_and_cpu(stat), Some((862_345, 281)));
        assert_eq!(parse_uptime("350735.47 234388.90\n"), Some(Duration::from_millis(350_735_470)));
        assert_eq!(file_nr("2144\t16\t9223372036854775807\n"), Some((2_128, 9_223_372_036_854_775_807)));
    }

    #[test]
    fn text_that_is_not_what_it_should_be_is_not_known() {
        for text in ["", "Pss:\n", "Pss: kB", "Pss: x kB", "Pss: -1 kB", "Pss: 12 MB", "Rss: 1 kB"] {
            assert_eq!(pss_bytes(text), None, "{text:?}");
        }
        assert_eq!(pss_bytes("Pss: 18446744073709551615 kB"), None, "no wrapping");
        for text in ["", "1", "1 2", "a b c", "0 0 0 0 0 0 0"] {
            assert_eq!(resident(text, 4_096), None, "{text:?}");
        }
        assert_eq!(resident("9 3 5", 4_096).map(|found| found.private), Some(0), "counted at two moments");
        for text in ["", "1 (x", "1 (x) R", "1 (x) R 1 2 3 4 5 6 7 8 9 10 a b 1 1 1 1 1 1 1"] {
            assert_eq!(start_and_cpu(text), None, "{text:?}");
        }
        for text in ["", "x", "-1 2", "1e99"] {
            assert_eq!(parse_uptime(text), None, "{text:?}");
        }
        for text in ["", "1", "1 2", "a b c"] {
            assert_eq!(file_nr(text), None, "{text:?}");
        }
    }

    #[test]
    fn our_own_process_is_read() {
        assert!(own_memory().unwrap() > 100 * 1_024);
        assert!(resident_of(std::process::id()).unwrap().private > 0);
        assert!(machine_open_files().unwrap().0 > 0);
    }

    #[test]
    fn a_process_that_has_ended_is_no_error() {
        // Above the largest number a kernel gives.
        assert_eq!(resident_of(u32::MAX), None);
    }

    #[test]
    fn open_files_are_counted_by_the_folder_too() {
        // Other tests open files at the same time: so many that theirs don't matter.
        let held: Vec<_> = (0..100).map(|_| fs::File::open("/dev/null").unwrap()).collect();
        assert!(own_open_files() >= held.len() as u64);
        assert!(open_files_of(std::process::id()) >= held.len() as u64);
        assert!(counted_open_files("self") >= held.len() as u64);
    }
}
