//! What a worker is started with.
//!
//! Arguments are a list and never pass a shell. Everything an operator wrote reaches FFmpeg either
//! as the value of an option of ours (`-i`), or, where FFmpeg would read it as an option, not at all.

use std::ffi::OsString;
use std::time::Duration;

use super::bounds::{NETWORK_TIMEOUT_MAX, NETWORK_TIMEOUT_MIN, SILENCE_DELAY, STATS_PERIOD_MIN};
use super::shown::shown_text;
use super::{Capabilities, Version};
use crate::model::{Mode, StreamId, StreamSpec};

/// What stands for the input in the arguments of mode `run`.
const INPUT: &str = "{input}";

/// Why there is no command line for a stream. All of these want an edit of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The stream has no such input.
    #[error("stream {stream}: there is no input number {}: add it to inputs", input + 1)]
    NoInput {
        /// Whose.
        stream: StreamId,
        /// Counted from 0.
        input: usize,
    },
    /// FFmpeg, or an operator's arguments, would take it for an option.
    #[error("stream {stream}: the input {shown:?} begins with '-': write a file as file:./-name")]
    DashInput {
        /// Whose.
        stream: StreamId,
        /// The input, masked.
        shown: String,
    },
    /// A NUL byte can't be part of an argument.
    #[error("stream {stream}: the argument {shown:?} holds a NUL byte: remove it")]
    Nul {
        /// Whose.
        stream: StreamId,
        /// The argument, masked.
        shown: String,
    },
    /// Standard output carries the progress blocks.
    #[error(
        "stream {stream}: {arg:?} writes to standard output, which headend reads progress from: use a file, a URL or a named pipe"
    )]
    Stdout {
        /// Whose.
        stream: StreamId,
        /// The output.
        arg: String,
    },
}

/// The arguments of a worker, without the program itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// As they are passed on. Unmasked: show [`CommandLine::shown`] instead.
    pub args: Vec<OsString>,
}

/// The command line that serves input number `input` of `spec`.
///
/// - `packets`: copies the packets to nowhere; counts, sizes and times come from that.
/// - `picture`: the same, and decodes key frames, scaled down, for the detectors.
/// - `full`: the same with every frame, unscaled.
/// - `run`: headend's global options, then the operator's arguments.
///
/// No `-reconnect` options: against a server that ignores `Range` and cuts early they play the
/// start in a loop, thousands of times, at speed 979x. A worker that loses its input ends, and the
/// supervisor starts the next one with a backoff; HLS asks again by itself.
///
/// A detector whose filter `caps` lacks, or whose threshold is zero, is left out, as is the chain of
/// a track the stream is not expected to have. A track that is expected and missing does not fail
/// the start: its map is optional.
///
/// # Errors
/// When an input or an argument can't be passed on safely; see [`CommandError`].
pub fn command_line(
    spec: &StreamSpec,
    input: usize,
    caps: &Capabilities,
    stats_period: Duration,
) -> Result<CommandLine, CommandError> {
    let mut args = global_args(stats_period);
    if spec.mode == Mode::Run {
        args.extend(run_args(spec, input)?);
    } else {
        let url = input_of(spec, input)?;
        args.extend(input_args(spec, url));
        args.extend(watch_args(spec, caps));
    }
    if let Some(bad) = args.iter().find(|arg| arg.contains('\0')) {
        return Err(CommandError::Nul { stream: spec.id.clone(), shown: shown_text(bad) });
    }
    Ok(CommandLine { args: args.into_iter().map(OsString::from).collect() })
}

/// What headend needs of every worker: blocks on stdout, tagged lines on stderr, hands off stdin.
///
/// `+level` keeps FFmpeg folding repeated lines, which plain `level` turns off: a flood is then
/// small before it reaches us. Level `info` is the lowest at which the detectors and the dump of the
/// inputs are told; on a healthy HLS stream that is under 200 bytes a second.
fn global_args(stats_period: Duration) -> Vec<String> {
    let period = stats_period.max(STATS_PERIOD_MIN).as_secs_f64().to_string();
    words("-hide_banner -nostdin -nostats -loglevel +level+info -progress pipe:1 -stats_period")
        .chain([period])
        .collect()
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(' ').map(str::to_owned)
}

fn input_of(spec: &StreamSpec, input: usize) -> Result<&str, CommandError> {
    let stream = || spec.id.clone();
    let url = spec.inputs.get(input).ok_or_else(|| CommandError::NoInput { stream: stream(), input })?;
    if url.starts_with('-') {
        return Err(CommandError::DashInput { stream: stream(), shown: shown_text(url) });
    }
    Ok(url)
}

fn run_args(spec: &StreamSpec, input: usize) -> Result<Vec<String>, CommandError> {
    let wants_input = spec.args.iter().any(|arg| arg.contains(INPUT));
    // Checked also when it is not asked for: it is what the board shows.
    let url = if wants_input || !spec.inputs.is_empty() { Some(input_of(spec, input)?) } else { None };
    let mut format = "";
    let mut before = "";
    for arg in &spec.args {
        let stdout = matches!(arg.as_str(), "-" | "pipe:" | "pipe:1" | "fd:" | "/dev/stdout");
        // `-f null -` writes nothing, and `-i -` reads (nothing: stdin is closed).
        if stdout && format != "null" && before != "-i" {
            return Err(CommandError::Stdout { stream: spec.id.clone(), arg: arg.clone() });
        }
        if before == "-f" {
            format = arg;
        }
        before = arg;
    }
    Ok(spec.args.iter().map(|arg| arg.replace(INPUT, url.unwrap_or_default())).collect())
}

/// Everything up to `-i URL`. The operator's input options come last, so that they win.
fn input_args(spec: &StreamSpec, url: &str) -> Vec<String> {
    let mut args: Vec<String> = words("-filter_threads 1 -protocol_whitelist").collect();
    args.push(spec.protocols.join(","));
    if let Some(option) = timeout_option(url) {
        // Soon enough to say why before the supervisor sees a stall and only says that.
        let wait = (spec.thresholds.stall / 2).clamp(NETWORK_TIMEOUT_MIN, NETWORK_TIMEOUT_MAX);
        args.extend([option.to_owned(), wait.as_micros().to_string()]);
    }
    args.extend(words("-threads 1"));
    // Not for a stream without video: FFmpeg 9 refuses it when there is no decoder to take it.
    if spec.mode == Mode::Picture && spec.expect.video {
        args.extend(words("-skip_frame nokey"));
    }
    args.extend(spec.input_args.iter().cloned());
    args.extend(["-i".to_owned(), url.to_owned()]);
    args
}

/// The option, in microseconds, that keeps a silent peer from holding a worker for ever.
///
/// `udp` and `rtsp` have their own and ignore `-rw_timeout` (rtsp refuses it); for `rtmp`, `-timeout`
/// would mean to listen.
fn timeout_option(url: &str) -> Option<&'static str> {
    let (scheme, _) = url.split_once("://")?;
    match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" | "tcp" | "tls" | "srt" | "rtmp" | "rtmps" | "rtmpt" | "rtmpts" | "rtmpe"
        | "rtmpte" | "mmsh" => Some("-rw_timeout"),
        "udp" | "rtsp" | "rtsps" => Some("-timeout"),
        _ => None,
    }
}

/// The outputs of the watching modes.
fn watch_args(spec: &StreamSpec, caps: &Capabilities) -> Vec<String> {
    // Only the first of each kind: all renditions of an HLS stream would all be fetched. `V` leaves
    // cover pictures out. The first output decides total_size; without `-flush_packets` it would
    // grow by 256 KiB at a time.
    let mut args: Vec<String> =
        words("-map 0:V:0? -map 0:a:0? -c copy -flush_packets 1 -f mpegts -y /dev/null").collect();
    let picture = video_chain(spec, caps);
    let sound = audio_chain(spec, caps);
    if picture.is_empty() && sound.is_empty() {
        return args;
    }
    // One output for both: FFmpeg fails on an output that gets no track at all.
    if !picture.is_empty() {
        args.extend(words("-map 0:V:0? -vf"));
        args.push(picture);
    }
    if !sound.is_empty() {
        args.extend(words("-map 0:a:0? -af"));
        args.push(sound);
    }
    // Frames as they come: made-up ones would cost time and hide a freeze's beginning. The older
    // name is gone in newer versions.
    let as_they_come = if caps.version >= (Version { major: 5, minor: 1 }) { "-fps_mode" } else { "-vsync" };
    args.push(as_they_come.to_owned());
    args.extend(words("passthrough -f null -"));
    args
}

fn video_chain(spec: &StreamSpec, caps: &Capabilities) -> String {
    let mut chain = Vec::new();
    let on = |threshold: Duration| !threshold.is_zero();
    if !spec.expect.video || spec.mode == Mode::Packets {
        return String::new();
    }
    if on(spec.thresholds.black) && caps.has("blackdetect") && caps.has("metadata") {
        chain.push("blackdetect=d=0:pic_th=.98:pix_th=.10".to_owned());
        chain.push("metadata=mode=print:key=lavfi.black_start".to_owned());
        chain.push("metadata=mode=print:key=lavfi.black_end".to_owned());
    }
    if on(spec.thresholds.frozen) && caps.has("freezedetect") && caps.has("metadata") {
        let wait = spec.thresholds.freeze_wait();
        chain.push(format!("freezedetect=n=-60dB:d={}", wait.as_secs_f64()));
        chain.push("metadata=mode=print:key=lavfi.freezedetect.freeze_start".to_owned());
    }
    if !chain.is_empty() && spec.mode == Mode::Picture && caps.has("scale") {
        chain.insert(0, "scale=160:90:flags=fast_bilinear".to_owned());
    }
    chain.join(",")
}

fn audio_chain(spec: &StreamSpec, caps: &Capabilities) -> String {
    let off = spec.thresholds.silent.is_zero() || !spec.expect.audio || spec.mode == Mode::Packets;
    if off || !caps.has("silencedetect") {
        return String::new();
    }
    format!("silencedetect=n=-60dB:d={}", SILENCE_DELAY.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Expect, Thresholds, Wanted};

    fn spec(mode: Mode, inputs: &[&str], args: &[&str]) -> StreamSpec {
        StreamSpec {
            id: StreamId::new("news").unwrap(),
            name: "News".into(),
            group: "".into(),
            tags: Vec::new(),
            inputs: inputs.iter().map(|&i| i.into()).collect(),
            mode,
            args: args.iter().map(|&a| a.to_owned()).collect(),
            input_args: Vec::new(),
            protocols: ["http", "tcp"].map(Into::into).to_vec(),
            expect: Expect { video: true, audio: true },
            thresholds: Thresholds::default(),
            wanted: Wanted::Started,
            priority: StreamSpec::USUAL_PRIORITY,
            watch: crate::model::WatchKind::Always,
            turn: StreamSpec::USUAL_TURN,
            fallback: crate::model::Fallback::default(),
            on_air: None,
            maintenance: None,
        }
    }

    fn caps() -> Capabilities {
        let filters = ["scale", "blackdetect", "metadata", "freezedetect", "silencedetect"];
        Capabilities {
            version_text: "5.1.9".into(),
            version: Version { major: 5, minor: 1 },
            filters: filters.map(str::to_owned).into(),
            protocols: ["http".to_owned()].into(),
        }
    }

    fn text(spec: &StreamSpec) -> String {
        text_with(spec, &caps())
    }

    fn text_with(spec: &StreamSpec, caps: &Capabilities) -> String {
        let line = command_line(spec, 0, caps, Duration::from_secs(1)).unwrap();
        line.args.iter().map(|a| a.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    const GLOBAL: &str =
        "-hide_banner -nostdin -nostats -loglevel +level+info -progress pipe:1 -stats_period 1";
    const COPY: &str = "-map 0:V:0? -map 0:a:0? -c copy -flush_packets 1 -f mpegts -y /dev/null";

    #[test]
    fn packets_only_copies() {
        let wanted = format!(
            "{GLOBAL} -filter_threads 1 -protocol_whitelist http,tcp -rw_timeout 10000000 -threads 1 \
             -i http://h/live.m3u8 {COPY}"
        );
        assert_eq!(text(&spec(Mode::Packets, &["http://h/live.m3u8"], &[])), wanted);
    }

    #[test]
    fn picture_decodes_key_frames_scaled_down() {
        let wanted = format!(
            "{GLOBAL} -filter_threads 1 -protocol_whitelist http,tcp -rw_timeout 10000000 -threads 1 \
             -skip_frame nokey -i http://h/live.m3u8 {COPY} -map 0:V:0? -vf scale=160:90:flags=fast_bilinear,\
             blackdetect=d=0:pic_th=.98:pix_th=.10,metadata=mode=print:key=lavfi.black_start,\
             metadata=mode=print:key=lavfi.black_end,freezedetect=n=-60dB:d=10,metadata=mode=print:key=lavfi.freezedetect.freeze_start \
             -map 0:a:0? -af silencedetect=n=-60dB:d=2 -fps_mode passthrough -f null -"
        );
        assert_eq!(text(&spec(Mode::Picture, &["http://h/live.m3u8"], &[])), wanted);
    }

    #[test]
    fn full_decodes_every_frame_unscaled() {
        let text = text(&spec(Mode::Full, &["http://h/live.m3u8"], &[]));
        assert!(
            text.contains("-vf blackdetect=") && !text.contains("scale=") && !text.contains("skip_frame")
        );
    }

    #[test]
    fn tracks_not_expected_have_no_chain() {
        let mut radio = spec(Mode::Picture, &["http://h/radio"], &[]);
        radio.expect.video = false;
        let radio_text = text(&radio);
        assert!(!radio_text.contains("-vf") && !radio_text.contains("skip_frame"), "{radio_text}");
        assert!(radio_text.contains("-af silencedetect"), "{radio_text}");
        radio.expect = Expect { video: true, audio: false };
        assert!(!text(&radio).contains("-af"));
        radio.expect.video = false;
        assert!(text(&radio).ends_with(COPY), "nothing to detect: nothing is decoded");
    }

    #[test]
    fn a_check_that_is_off_or_impossible_has_no_filter() {
        let mut spec = spec(Mode::Picture, &["http://h/x"], &[]);
        let mut poor = caps();
        poor.filters.remove("blackdetect");
        poor.filters.remove("silencedetect");
        let text_poor = text_with(&spec, &poor);
        assert!(!text_poor.contains("blackdetect") && !text_poor.contains("-af"), "{text_poor}");
        assert!(text_poor.contains("freezedetect"), "{text_poor}");
        assert_eq!(poor.missing_for(Mode::Picture), ["blackdetect", "silencedetect"]);
        spec.thresholds.frozen = Duration::from_secs(3);
        assert!(text_with(&spec, &poor).contains("freezedetect=n=-60dB:d=3,"));
        spec.thresholds.frozen = Duration::ZERO;
        assert!(text_with(&spec, &poor).ends_with(COPY));
    }

    #[test]
    fn an_older_ffmpeg_gets_the_older_option() {
        let mut old = caps();
        old.version = Version { major: 5, minor: 0 };
        let text = text_with(&spec(Mode::Full, &["http://h/x"], &[]), &old);
        assert!(text.contains("-vsync passthrough") && !text.contains("-fps_mode"));
    }

    #[test]
    fn input_options_stand_right_before_the_input() {
        let mut spec = spec(Mode::Packets, &["http://h/x"], &[]);
        spec.input_args = vec!["-user_agent".into(), "a b".into()];
        assert!(text(&spec).contains("-threads 1 -user_agent a b -i http://h/x"));
    }

    #[test]
    fn time_outs_go_by_the_protocol_and_the_stall_threshold() {
        for (url, stall, wanted) in [
            ("https://h/x", 20, Some("-rw_timeout 10000000")),
            ("RTMP://h/x", 4, Some("-rw_timeout 5000000")),
            ("srt://h:1", 900, Some("-rw_timeout 15000000")),
            ("udp://239.0.0.1:1", 20, Some("-timeout 10000000")),
            ("rtsp://h/x", 20, Some("-timeout 10000000")),
            ("/dev/video0", 20, None),
            ("rtp://h:1", 20, None),
        ] {
            let mut spec = spec(Mode::Packets, &[url], &[]);
            spec.thresholds.stall = Duration::from_secs(stall);
            let text = text(&spec);
            assert_eq!(wanted.is_some(), text.contains("timeout"), "{text}");
            assert!(text.contains(wanted.unwrap_or_default()), "{text}");
        }
    }

    #[test]
    fn run_puts_ours_before_the_operators() {
        let run = spec(Mode::Run, &["http://h/x"], &["-re", "-i", "{input}", "-f", "null", "-"]);
        assert_eq!(text(&run), format!("{GLOBAL} -re -i http://h/x -f null -"));
        let alone = spec(Mode::Run, &[], &["-f", "lavfi", "-i", "testsrc2", "-f", "null", "-"]);
        assert_eq!(text(&alone), format!("{GLOBAL} -f lavfi -i testsrc2 -f null -"));
    }

    #[test]
    fn what_can_not_be_passed_on_safely_is_refused() {
        let refused = |spec: &StreamSpec, input| {
            command_line(spec, input, &caps(), Duration::from_secs(1)).unwrap_err().to_string()
        };
        for mode in Mode::ALL {
            let error = refused(&spec(mode, &["-y"], &["-i", "{input}"]), 0);
            assert!(error.contains("begins with '-'"), "{error}");
            let error = refused(&spec(mode, &["http://h/x"], &["-i", "{input}"]), 1);
            assert!(error.contains("no input number 2"), "{error}");
            let error = refused(&spec(mode, &["http://u:p@h/\0"], &["-i", "{input}"]), 0);
            assert!(error.contains("NUL") && !error.contains("u:p"), "{error}");
        }
        assert!(refused(&spec(Mode::Run, &[], &["-i", "{input}"]), 0).contains("no input number 1"));
        for stdout in ["-", "pipe:", "pipe:1", "/dev/stdout"] {
            let error = refused(&spec(Mode::Run, &[], &["-i", "-", "-f", "mpegts", stdout]), 0);
            assert!(error.contains("standard output"), "{error}");
        }
    }
}
