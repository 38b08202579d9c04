//! Progress blocks and log lines, in the form of FFmpeg 5.1.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, FromRawFd};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::request::Request;

/// One of the two pipes a worker has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pipe {
    Stdout,
    Stderr,
}

/// Writes without buffer or lock; a closed pipe is nobody's business, as with FFmpeg, which
/// ignores SIGPIPE (so does Rust). Says whether the bytes went out.
pub fn write_raw(pipe: Pipe, bytes: &[u8]) -> bool {
    let fd = match pipe {
        Pipe::Stdout => std::io::stdout().as_fd().as_raw_fd(),
        Pipe::Stderr => std::io::stderr().as_fd().as_raw_fd(),
    };
    #[allow(unsafe_code, reason = "the standard handles buffer and lock, which would change what is tested")]
    // SAFETY: 1 and 2 belong to the process; ManuallyDrop keeps the File from closing them. When
    // a mode has closed one, it never opens another file, so a write fails and hits nothing else.
    let mut file = ManuallyDrop::new(unsafe { File::from_raw_fd(fd) });
    file.write_all(bytes).is_ok()
}

/// The state that a progress block shows, and the word to stop.
pub struct Output {
    stop: Receiver<()>,
    progress: Option<Pipe>,
    started: Instant,
    fps: f64,
    kbps: f64,
    /// The bit rate goes up and down by this share of itself, block by block.
    wobble: f64,
    speed: f64,
    audio_only: bool,
    /// What is said once, and after how long.
    say: Option<(Duration, String, String)>,
}

impl Output {
    pub fn new(request: &Request, stop: Receiver<()>) -> Self {
        let progress = match request.progress.as_deref() {
            Some("-" | "pipe:1" | "pipe:") => Some(Pipe::Stdout),
            Some("pipe:2") => Some(Pipe::Stderr),
            Some(other) => panic!("stand-in: -progress {other} is not played, only pipe:1 and pipe:2"),
            None => None,
        };
        let (on_stderr, on_stdout) = (request.text("stderr", ""), request.text("stdout", ""));
        let say = (!on_stderr.is_empty() || !on_stdout.is_empty())
            .then(|| (request.seconds("say-after", 0.0), on_stderr.to_owned(), on_stdout.to_owned()));
        Self {
            stop,
            progress,
            started: Instant::now(),
            fps: request.number("fps", 25.0),
            kbps: request.number("kbps", 2500.0),
            wobble: request.number("wobble", 0.0),
            speed: request.number("speed", 1.0),
            audio_only: request.count("audio-only", 0) == 1,
            say,
        }
    }

    /// Since the start.
    pub fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// Waits, saying in between what is to be said; `false`: asked to end.
    pub fn wait(&mut self, how_long: Duration) -> bool {
        let until = Instant::now() + how_long;
        loop {
            let now = Instant::now();
            let mut next = until;
            if let Some((after, on_stderr, on_stdout)) = &self.say {
                let due = self.started + *after;
                if due <= now {
                    write_raw(Pipe::Stderr, on_stderr.as_bytes());
                    write_raw(Pipe::Stdout, on_stdout.as_bytes());
                    self.say = None;
                } else {
                    next = next.min(due);
                }
            }
            match self.stop.recv_timeout(next.saturating_duration_since(now)) {
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return false,
                Err(RecvTimeoutError::Timeout) if Instant::now() >= until => return true,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// A line in the form of `-loglevel level+info`.
    pub fn log(level: &str, text: &str) -> bool {
        write_raw(Pipe::Stderr, format!("[{level}] {text}\n").as_bytes())
    }

    /// What FFmpeg says once it has opened its input: the URL with all that is in it.
    pub fn banner(&self, input: &str) {
        Self::log("info", &format!("Input #0, hls, from '{input}':"));
        Self::log("info", "  Duration: N/A, start: 0.000000, bitrate: N/A");
        if !self.audio_only {
            Self::log(
                "info",
                &format!(
                    "  Stream #0:0: Video: h264 (High) ([27][0][0][0] / 0x001B), yuv420p, 1280x720, {} fps, 90k tbn",
                    self.fps
                ),
            );
        }
        Self::log("info", "  Stream #0:1: Audio: aac (LC), 48000 Hz, stereo, fltp, 128 kb/s");
    }

    /// A block for the output time that belongs to `age`.
    pub fn block(&self, age: Duration, last: bool) {
        let out_time = age.as_secs_f64() * self.speed;
        let wall = self.age().as_secs_f64().max(0.001);
        let frame = (out_time * self.fps).floor();
        let mut block = String::new();
        if !self.audio_only {
            let _ = write!(block, "frame={frame:.0}\nfps={:.2}\nstream_0_0_q=-0.0\n", frame / wall);
        }
        let micros = (out_time * 1e6).floor();
        let _ = write!(
            block,
            "bitrate={:>6.1}kbits/s\ntotal_size={:.0}\nout_time_us={micros:.0}\nout_time_ms={micros:.0}\n",
            self.kbps,
            (out_time + self.wobble * (out_time * 2.4).sin()) * self.kbps * 125.0
        );
        let whole = out_time.floor();
        let _ = writeln!(
            block,
            "out_time={:02.0}:{:02.0}:{:09.6}",
            (whole / 3600.0).floor(),
            (whole % 3600.0 / 60.0).floor(),
            out_time % 60.0
        );
        let _ = write!(
            block,
            "dup_frames=0\ndrop_frames=0\nspeed={:>4.3}x\nprogress={}\n",
            out_time / wall,
            if last { "end" } else { "continue" }
        );
        self.send(&block);
    }

    /// A block from before the first frame.
    pub fn empty_block(&self) {
        self.send(
            "frame=0\nfps=0.00\nstream_0_0_q=0.0\nbitrate=N/A\ntotal_size=0\nout_time_us=N/A\n\
             out_time_ms=N/A\nout_time=N/A\ndup_frames=0\ndrop_frames=0\nspeed=N/A\nprogress=continue\n",
        );
    }

    fn send(&self, block: &str) {
        if let Some(pipe) = self.progress {
            write_raw(pipe, block.as_bytes());
        }
    }
}
