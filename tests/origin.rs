//! The demo's origin against real FFmpeg: a healthy channel is flawless, and each fault looks to
//! FFmpeg like what it is called.

#![allow(clippy::unwrap_used, reason = "in tests a failed unwrap is the message")]

use std::io::Read;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use headend::demo::clips::{self, Clips};
use headend::demo::{Channel, Fault, FaultKind, Origin, Timetable, channels};

/// A reader that is not done by then is ended: a hung test says more than a hung test run.
const PATIENCE: Duration = Duration::from_secs(60);

fn ffmpeg() -> PathBuf {
    std::env::var_os("HEADEND_FFMPEG").map_or_else(|| "ffmpeg".into(), PathBuf::from)
}

/// The clips, made once for all tests here.
fn clips() -> Clips {
    static CLIPS: OnceLock<Clips> = OnceLock::new();
    CLIPS
        .get_or_init(|| {
            let cache = tempfile::tempdir().unwrap();
            clips::prepare(&ffmpeg(), cache.path(), &mut |_| ()).unwrap()
        })
        .clone()
}

/// An origin of one channel, on a thread of its own; it ends with this.
struct Stage {
    base_url: String,
    channel: Channel,
    _stop: tokio::sync::oneshot::Sender<()>,
}

impl Stage {
    /// `faults`: what, from when, until when, in seconds.
    fn new(faults: &[(FaultKind, u64, u64)]) -> Self {
        let list = channels(1, 1);
        let channel = list[0].clone();
        let fault = |kind, from, until| Fault { kind, from_ms: from * 1_000, until_ms: until * 1_000 };
        let script = faults.iter().map(|&(kind, from, until)| (0, fault(kind, from, until))).collect();
        let loopback: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let clips = clips();
        let (tell, told) = std::sync::mpsc::channel();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let origin = Origin::start(loopback, list, Timetable::scripted(script), clips).unwrap();
                tell.send(origin.base_url()).unwrap();
                // An error too says that the test is over.
                let _ = stopped.await;
                origin.shutdown().await;
            });
        });
        Self { base_url: told.recv().unwrap(), channel, _stop: stop }
    }

    fn url(&self, file: &str) -> String {
        format!("{}/{}/{file}", self.base_url, self.channel.id)
    }

    /// Runs FFmpeg on a file of the channel for so many seconds of it, from the oldest segment on,
    /// and returns everything it said.
    fn watch(&self, level: &str, file: &str, seconds: u32, rest: &[&str]) -> String {
        self.watch_for(PATIENCE, level, file, seconds, rest)
    }

    /// The same; FFmpeg is ended after `patience`.
    fn watch_for(&self, patience: Duration, level: &str, file: &str, seconds: u32, rest: &[&str]) -> String {
        let mut child = Command::new(ffmpeg())
            .args(["-hide_banner", "-nostdin", "-nostats", "-loglevel", &format!("repeat+level+{level}")])
            .args(["-live_start_index", "-6", "-i", &self.url(file)])
            .args(["-t", &seconds.to_string()])
            .args(rest)
            .args(["-f", "null", "-"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = child.stderr.take().unwrap();
        let reader = std::thread::spawn(move || {
            let mut said = Vec::new();
            let _ = pipe.read_to_end(&mut said);
            String::from_utf8_lossy(&said).into_owned()
        });
        let begun = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if begun.elapsed() > patience {
                child.kill().unwrap();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        reader.join().unwrap()
    }
}

/// Lines that speak of damage or of time that jumps, in the words of FFmpeg 5 to 9.
fn complaints(said: &str) -> Vec<&str> {
    let words = [
        "Continuity check failed",
        "orrupt",
        "onoton",
        "discontinuity",
        "error while",
        "Error",
        "mismatch",
        "Invalid",
        "timestamp",
        "concealing",
        "channel element",
        "skipping",
        "Failed",
        "[error]",
        "[warning]",
    ];
    said.lines()
        .filter(|l| words.iter().any(|w| l.contains(w)))
        // What FFmpeg says of any playlist that moves, at debug level.
        .filter(|l| !l.contains("reflected in first_timestamp"))
        .collect()
}

/// What headend's own detectors use, on every picture.
const DETECTORS: [&str; 4] =
    ["-vf", "blackdetect=d=1,freezedetect=n=-60dB:d=3", "-af", "silencedetect=n=-60dB:d=1"];

#[test]
fn a_healthy_channel_is_flawless() {
    let stage = Stage::new(&[]);
    for file in ["index.m3u8", "low/index.m3u8", "master.m3u8"] {
        let said = stage.watch("debug", file, 14, &DETECTORS);
        assert_eq!(complaints(&said), [""; 0], "{file}");
        for word in ["black_start", "freeze_start", "silence_start"] {
            assert!(!said.contains(word), "{file}: {word}");
        }
    }
}

#[test]
fn three_loops_every_switch_and_the_wrap_of_time_are_clean() {
    use headend::demo::clips::{Look, Rendition};
    // Every look follows every look, itself included.
    let looks = [Look::Moving, Look::Silent, Look::Black, Look::Still];
    let mut order = Vec::new();
    for (n, &a) in looks.iter().enumerate() {
        order.push(a);
        order.extend(looks[n + 1..].iter().flat_map(|&b| [a, b]));
    }
    let clips = clips();
    let wrap = (1_u64 << 33) / 180_000;
    for rendition in [Rendition::High, Rendition::Low] {
        for (first, count) in [(100, 48), (wrap - 8, 16)] {
            let file = tempfile::NamedTempFile::new().unwrap();
            let looks = order.iter().cycle().take(usize::try_from(count).unwrap());
            let bytes: Vec<u8> =
                (first..).zip(looks).flat_map(|(n, &look)| clips.segment(look, rendition, n)).collect();
            std::fs::write(file.path(), bytes).unwrap();
            let done = Command::new(ffmpeg())
                // Through a pipe, as a live stream comes: in a file FFmpeg would look at the end first.
                .args([
                    "-hide_banner",
                    "-loglevel",
                    "repeat+level+debug",
                    "-i",
                    "pipe:0",
                    "-map",
                    "0",
                    "-f",
                    "framecrc",
                    "-",
                ])
                .stdin(std::fs::File::open(file.path()).unwrap())
                .output()
                .unwrap();
            assert_eq!(complaints(&String::from_utf8_lossy(&done.stderr)), [""; 0], "from {first}");
            let listing = String::from_utf8(done.stdout).unwrap();
            let pictures = listing.lines().filter(|l| l.starts_with("0,")).count();
            assert_eq!(pictures, usize::try_from(count).unwrap() * 50, "from {first}");
        }
    }
}

#[test]
fn picture_and_sound_faults_are_seen_by_the_detectors() {
    for (kind, word) in [
        (FaultKind::Black, "black_start"),
        (FaultKind::Frozen, "freeze_start: 0"),
        (FaultKind::Silent, "silence_start"),
    ] {
        let said = Stage::new(&[(kind, 0, 1_000)]).watch("debug", "index.m3u8", 10, &DETECTORS);
        assert!(said.contains(word), "{kind}: {said}");
        assert_eq!(complaints(&said), [""; 0], "{kind}");
        // Black stands still too.
        assert_eq!(said.contains("freeze_start"), kind != FaultKind::Silent, "{kind}: {said}");
        assert_eq!(said.contains("silence_start"), kind == FaultKind::Silent, "{kind}: {said}");
    }
}

#[test]
fn faults_of_the_answer_are_named_by_ffmpeg() {
    for (kind, words) in [
        (FaultKind::NotFound, "404 Not Found"),
        (FaultKind::Unavailable, "5XX Server Error"),
        (FaultKind::WrongType, "Invalid data found"),
        (FaultKind::Garbage, "Invalid data found"),
        (FaultKind::Cut, "Stream ends prematurely"),
    ] {
        let said = Stage::new(&[(kind, 0, 1_000)]).watch("warning", "index.m3u8", 4, &[]);
        assert!(said.contains(words), "{kind}: {said}");
    }
}

#[test]
fn a_fault_that_begins_later_ends_a_healthy_run() {
    let stage = Stage::new(&[(FaultKind::NotFound, 3, 1_000)]);
    let said = stage.watch("warning", "index.m3u8", 60, &[]);
    assert!(said.contains("Failed to reload playlist"), "{said}");
}

#[test]
fn a_stalled_playlist_gives_its_window_and_no_more() {
    let stage = Stage::new(&[(FaultKind::Stalled, 0, 1_000)]);
    // FFmpeg would wait for minutes.
    let said = stage.watch_for(Duration::from_secs(8), "info", "index.m3u8", 60, &["-vf", "showinfo"]);
    let pictures = said.lines().filter(|l| l.contains("pts_time:")).count();
    assert!((1..=300).contains(&pictures), "{pictures}");
}

#[test]
fn a_slow_channel_comes_slower_than_it_plays() {
    let begun = Instant::now();
    Stage::new(&[(FaultKind::Slow, 0, 1_000)]).watch("warning", "index.m3u8", 8, &[]);
    // A healthy one takes a second for what is in its window already.
    assert!(begun.elapsed() > Duration::from_secs(8), "{:?}", begun.elapsed());
}
