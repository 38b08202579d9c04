//! What the kernel tells under `/proc`: text to numbers, and the few reads that get it.
//!
//! Nothing in here fails: a file that is missing, a process that has ended or a line that is not
//! there is "not known".

use std::fs;

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

/// Own and shared memory, from the text of a `status`.
pub fn resident(text: &str) -> Option<Resident> {
    let shared = kilobytes(text, "RssFile:")?.saturating_add(kilobytes(text, "RssShmem:")?);
    Some(Resident { private: kilobytes(text, "RssAnon:")?, shared })
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

/// Memory of process `pid`; `None` when it has ended or may not be read.
///
/// Not its PSS: the kernel walks every page for that, 2 ms for one FFmpeg, which for 200 of them is
/// more than all else headend does.
pub fn resident_of(pid: u32) -> Option<Resident> {
    resident(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
}

/// Memory of our own process in bytes: PSS, or RSS where the kernel does not tell PSS.
pub fn own_memory() -> Option<u64> {
    let pss = fs::read_to_string("/proc/self/smaps_rollup").ok();
    pss.and_then(|text| pss_bytes(&text))
        .or_else(|| rss_bytes(&fs::read_to_string("/proc/self/status").ok()?))
}

/// Descriptors of our own process.
pub fn own_open_files() -> u64 {
    // Since Linux 6.2 the folder's size is their number; before, it is 0 and they have to be
    // counted. The folder that is read for that has a descriptor too.
    match fs::metadata("/proc/self/fd").map(|folder| folder.len()) {
        Ok(count) if count > 0 => count,
        _ => counted_open_files(),
    }
}

fn counted_open_files() -> u64 {
    fs::read_dir("/proc/self/fd").map_or(0, |entries| (entries.count() as u64).saturating_sub(1))
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
        let status =
            "VmRSS:\t   41236 kB\nRssAnon:\t    9000 kB\nRssFile:\t   32200 kB\nRssShmem:\t      36 kB\n";
        let expected = Resident { private: 9_000 * 1_024, shared: 32_236 * 1_024 };
        assert_eq!(resident(status), Some(expected));
        assert_eq!(file_nr("2144\t16\t9223372036854775807\n"), Some((2_128, 9_223_372_036_854_775_807)));
    }

    #[test]
    fn text_that_is_not_what_it_should_be_is_not_known() {
        for text in ["", "Pss:\n", "Pss: kB", "Pss: x kB", "Pss: -1 kB", "Pss: 12 MB", "Rss: 1 kB"] {
            assert_eq!(pss_bytes(text), None, "{text:?}");
        }
        assert_eq!(pss_bytes("Pss: 18446744073709551615 kB"), None, "no wrapping");
        assert_eq!(resident("RssAnon: 1 kB\nRssFile: 2 kB\n"), None);
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
        assert!(counted_open_files() >= held.len() as u64);
    }
}
