//! FFmpeg at work on the clips: what each is made of, and running it with a time limit.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::elementary::VideoCodec;
use super::{DemoError, ENCODE_LIMIT_S, mux};

/// Segments of the moving picture before it begins again. Sixteen segments hold exactly 1,500
/// sound frames, so picture and sound come round together.
pub(super) const MOVING_SEGMENTS: usize = 16;
/// Sound frames in as many segments.
pub(super) const SOUND_FRAMES: usize = 1_500;
/// Kept of what FFmpeg says; the rest is read and dropped.
const MAX_OUTPUT: usize = 256 * 1024;

/// One file of the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clip {
    MovingHigh,
    MovingLow,
    BlackHigh,
    BlackLow,
    StillHigh,
    StillLow,
    Tone,
    Silence,
}

/// Every clip.
pub(super) const CLIPS: [Clip; 8] = [
    Clip::MovingHigh,
    Clip::MovingLow,
    Clip::BlackHigh,
    Clip::BlackLow,
    Clip::StillHigh,
    Clip::StillLow,
    Clip::Tone,
    Clip::Silence,
];

impl Clip {
    pub const fn file(self) -> &'static str {
        match self {
            Self::MovingHigh => "moving-high.video",
            Self::MovingLow => "moving-low.video",
            Self::BlackHigh => "black-high.video",
            Self::BlackLow => "black-low.video",
            Self::StillHigh => "still-high.video",
            Self::StillLow => "still-low.video",
            Self::Tone => "tone.aac",
            Self::Silence => "silence.aac",
        }
    }

    /// For people.
    pub const fn word(self) -> &'static str {
        match self {
            Self::MovingHigh => "moving picture, 640x360",
            Self::MovingLow => "moving picture, 320x180",
            Self::BlackHigh => "black, 640x360",
            Self::BlackLow => "black, 320x180",
            Self::StillHigh => "still picture, 640x360",
            Self::StillLow => "still picture, 320x180",
            Self::Tone => "tone",
            Self::Silence => "silence",
        }
    }

    /// Pictures in it, or sound frames.
    pub const fn frames(self) -> usize {
        match self {
            Self::MovingHigh | Self::MovingLow => MOVING_SEGMENTS * mux::PICTURES,
            Self::BlackHigh | Self::BlackLow | Self::StillHigh | Self::StillLow => mux::PICTURES,
            Self::Tone | Self::Silence => SOUND_FRAMES,
        }
    }

    /// The generator that makes it.
    fn source(self) -> String {
        let size = match self {
            Self::MovingHigh | Self::BlackHigh | Self::StillHigh => "640x360",
            _ => "320x180",
        };
        match self {
            Self::MovingHigh | Self::MovingLow => format!("testsrc2=size={size}:rate=25"),
            Self::BlackHigh | Self::BlackLow => format!("color=black:size={size}:rate=25"),
            // The same picture again and again; one second in, where more of it is to be seen.
            Self::StillHigh | Self::StillLow => {
                format!("testsrc2=size={size}:rate=25,trim=start_frame=25,loop=loop=-1:size=1,setpts=N/25/TB")
            }
            Self::Tone => "sine=frequency=440:sample_rate=48000".to_owned(),
            Self::Silence => "anullsrc=sample_rate=48000:channel_layout=mono".to_owned(),
        }
    }

    /// FFmpeg's arguments for it, the output file left out.
    fn arguments(self, codec: VideoCodec) -> Vec<String> {
        let mut args: Vec<String> =
            ["-hide_banner", "-loglevel", "error", "-nostdin", "-y", "-f", "lavfi", "-i"]
                .map(str::to_owned)
                .into();
        args.push(self.source());
        let budget: &[&str] = match (self, codec) {
            (Self::Tone | Self::Silence, _) => &[],
            (Self::MovingHigh, _) => &["-b:v", "600k", "-maxrate", "700k", "-bufsize", "700k"],
            (Self::MovingLow, _) => &["-b:v", "200k", "-maxrate", "240k", "-bufsize", "240k"],
            // One quality for all pictures: with a bit rate each would refine the one before, and
            // nothing would stand still.
            (_, VideoCodec::H264) => &["-qp", "24"],
            (_, VideoCodec::Mpeg2) => &["-q:v", "4"],
        };
        let rest: &[&str] = match (self, codec) {
            // A second more than is taken: the encoder's first frame is dropped.
            (Self::Tone | Self::Silence, _) => {
                &["-t", "33", "-ac", "1", "-c:a", "aac", "-b:a", "64k", "-f", "adts"]
            }
            (_, VideoCodec::H264) => &[
                "-pix_fmt",
                "yuv420p",
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-x264-params",
                "aud=1:keyint=50:min-keyint=50:scenecut=0:open-gop=0:bframes=0:repeat-headers=1",
                "-f",
                "h264",
            ],
            (_, VideoCodec::Mpeg2) => &[
                "-pix_fmt",
                "yuv420p",
                "-c:v",
                "mpeg2video",
                "-g",
                "50",
                "-bf",
                "0",
                "-flags",
                "+cgop",
                "-sc_threshold",
                "1000000000",
                "-f",
                "mpeg2video",
            ],
        };
        if !matches!(self, Self::Tone | Self::Silence) {
            args.extend(["-frames:v".to_owned(), self.frames().to_string()]);
        }
        args.extend(budget.iter().map(|a| (*a).to_owned()));
        args.extend(rest.iter().map(|a| (*a).to_owned()));
        args
    }
}

/// The coding this FFmpeg can make: H.264, else MPEG-2.
pub(super) fn codec(ffmpeg: &Path) -> Result<VideoCodec, DemoError> {
    let args = ["-hide_banner", "-encoders"].map(OsString::from);
    let output = run(ffmpeg, &args).map_err(missing(ffmpeg))?;
    let listing = String::from_utf8_lossy(&output.stdout);
    let has = |name| listing.lines().any(|line| line.split_whitespace().nth(1) == Some(name));
    let lacking = |what, wanted| Err(DemoError::NoEncoder { path: ffmpeg.into(), what, wanted });
    if !has("aac") {
        lacking("sound", "aac")
    } else if has("libx264") {
        Ok(VideoCodec::H264)
    } else if has("mpeg2video") {
        Ok(VideoCodec::Mpeg2)
    } else {
        lacking("pictures", "libx264 or mpeg2video")
    }
}

/// Makes one clip.
pub(super) fn make(ffmpeg: &Path, codec: VideoCodec, clip: Clip, path: &Path) -> Result<(), DemoError> {
    let mut args: Vec<OsString> = clip.arguments(codec).into_iter().map(OsString::from).collect();
    // A path that begins with a dash, or looks like a protocol, stays a path.
    let mut target = OsString::from("file:");
    target.push(path);
    args.push(target);
    let output = run(ffmpeg, &args).map_err(missing(ffmpeg))?;
    let detail = match output.status {
        Some(status) if status.success() => return Ok(()),
        Some(status) => format!("{status}: {}", last_words(&output.stderr)),
        None => format!("it took longer than {ENCODE_LIMIT_S} s"),
    };
    Err(DemoError::FfmpegFailed { path: ffmpeg.into(), clip: clip.word(), detail })
}

fn missing(ffmpeg: &Path) -> impl FnOnce(io::Error) -> DemoError + '_ {
    |source| DemoError::FfmpegMissing { path: ffmpeg.into(), source }
}

/// The last line that says something, made safe to show.
fn last_words(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("it said nothing");
    crate::model::clean_line(line.trim(), 300)
}

struct Output {
    /// `None`: it was killed because it took too long.
    status: Option<ExitStatus>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

fn run(ffmpeg: &Path, args: &[OsString]) -> io::Result<Output> {
    let mut child = Command::new(ffmpeg)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        let stdout = scope.spawn(|| keep_some(stdout));
        let stderr = scope.spawn(|| keep_some(stderr));
        let status = wait(&mut child);
        if !matches!(status, Ok(Some(_))) {
            // Its pipes close with it, and the two readers end.
            let _ = child.kill();
            let _ = child.wait();
        }
        let joined = |t: thread::ScopedJoinHandle<'_, Vec<u8>>| t.join().unwrap_or_default();
        Ok(Output { status: status?, stdout: joined(stdout), stderr: joined(stderr) })
    })
}

fn wait(child: &mut Child) -> io::Result<Option<ExitStatus>> {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(ENCODE_LIMIT_S) {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(None)
}

/// Reads to the end so that the writer is never held up, and keeps the beginning.
fn keep_some(pipe: Option<impl Read>) -> Vec<u8> {
    let mut kept = Vec::new();
    if let Some(mut pipe) = pipe {
        let _ = pipe.by_ref().take(MAX_OUTPUT as u64).read_to_end(&mut kept);
        let _ = io::copy(&mut pipe, &mut io::sink());
    }
    kept
}
