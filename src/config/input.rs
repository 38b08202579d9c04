//! Which inputs a stream may have: they come from people and go to FFmpeg, which reads local files,
//! pipes and more when an input says so.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::MAX_INPUT_BYTES;
use super::mistake::quote;
use super::words::{Problem, any_of, nearest};

/// The protocols a stream may use unless its `protocols` say otherwise: those of live streams that
/// come over a network. None of them reads anything of this machine.
pub const DEFAULT_PROTOCOLS: &[&str] = &[
    "http",
    "https",
    "hls",
    "httpproxy",
    "tcp",
    "tls",
    "crypto",
    "udp",
    "rtp",
    "srtp",
    "rtsp",
    "rtsps",
    "rtmp",
    "rtmps",
    "rtmpt",
    "rtmpts",
    "rtmpe",
    "rtmpte",
    "ffrtmphttp",
    "ffrtmpcrypt",
    "srt",
    "rist",
    "mmsh",
    "mmst",
];

/// Protocols that FFmpeg knows but that reach into this machine, or wrap another protocol.
const OTHER_PROTOCOLS: &[&str] = &[
    "file", "pipe", "fd", "unix", "concat", "concatf", "subfile", "data", "cache", "async", "shared", "dtls",
    "udplite", "sctp", "ftp", "sftp", "gopher", "gophers", "smb", "amqp", "zmq", "ipfs", "ipns", "bluray",
    "tee", "md5", "icecast", "prompeg",
];

/// In a list of protocols: all of [`DEFAULT_PROTOCOLS`].
pub(super) const DEFAULT_WORD: &str = "default";

/// What a protocol is carried by: allowed along with it, since it can't work without.
const CARRIERS: &[(&str, &[&str])] = &[
    ("http", &["tcp"]),
    ("https", &["tls", "tcp", "httpproxy"]),
    ("hls", &["http", "tcp"]),
    ("httpproxy", &["tcp"]),
    ("tls", &["tcp"]),
    ("dtls", &["udp"]),
    ("rtp", &["udp"]),
    ("srtp", &["rtp", "udp"]),
    ("rtsp", &["rtp", "tcp", "udp"]),
    ("rtsps", &["rtp", "tls", "tcp"]),
    ("rtmp", &["tcp"]),
    ("rtmps", &["tls", "tcp"]),
    ("rtmpt", &["ffrtmphttp", "http", "tcp"]),
    ("rtmpts", &["ffrtmphttp", "https", "tls", "tcp"]),
    ("rtmpe", &["ffrtmpcrypt", "tcp"]),
    ("rtmpte", &["ffrtmpcrypt", "ffrtmphttp", "http", "tcp"]),
    ("mmsh", &["http", "tcp"]),
    ("mmst", &["tcp"]),
    ("ftp", &["tcp"]),
    ("gopher", &["tcp"]),
    ("gophers", &["tls", "tcp"]),
];

/// Protocols whose inputs are `protocol://host...`.
const WITH_HOST: &[&str] = &[
    "http", "https", "rtmp", "rtmps", "rtmpt", "rtmpts", "rtmpe", "rtmpte", "rtsp", "rtsps", "srt", "tcp",
    "tls", "udp", "rtp", "srtp", "rist", "mmsh", "mmst",
];

/// The protocol FFmpeg takes for `input`, by FFmpeg's own rule: what stands before a colon if it is
/// made of letters, digits, `+`, `-` and `.`; without that, `file`.
#[must_use]
pub fn protocol_of(input: &str) -> &str {
    let scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let end = input.find(|c| !scheme(c)).unwrap_or(input.len());
    let named = input[end..].starts_with(':') || (input.starts_with("subfile,") && input.contains(':'));
    if named && end > 0 { &input[..end] } else { "file" }
}

/// Whether FFmpeg may be given `input` when only `protocols` are allowed.
pub(super) fn check_input(input: &str, protocols: &[Arc<str>]) -> Result<(), Problem> {
    let shown = quote(input);
    if input.trim().is_empty() {
        return Err(Problem::new("an input is empty", "expected a URL, like \"https://host/live.m3u8\""));
    }
    if input.len() > MAX_INPUT_BYTES {
        let message = format!("an input is {} bytes long", input.len());
        return Err(Problem::new(message, format!("expected at most {MAX_INPUT_BYTES}")));
    }
    if input.starts_with('-') {
        let message = format!("the input {shown} begins with a dash");
        return Err(Problem::new(message, "expected a URL; options of FFmpeg go into \"input_args\""));
    }
    if input.chars().any(char::is_control) {
        let message = format!("the input {shown} has a control character in it");
        return Err(Problem::new(message, "expected a URL on one line"));
    }
    if input.trim() != input {
        let message = format!("the input {shown} begins or ends with a blank");
        return Err(Problem::new(message, "expected none"));
    }
    let protocol = protocol_of(input);
    // `hls+http` is one protocol inside another; each must be allowed.
    let refused = protocol.split('+').find(|part| !protocols.iter().any(|p| p.as_ref() == *part));
    if let Some(refused) = refused {
        return Err(refusal(refused, input));
    }
    let after = &input[protocol.len().min(input.len())..];
    if WITH_HOST.contains(&protocol)
        && after.strip_prefix("://").is_none_or(|rest| rest.is_empty() || rest.starts_with('/'))
    {
        let message = format!("the input {shown} has no host");
        return Err(Problem::new(message, format!("expected \"{protocol}://host...\"")));
    }
    Ok(())
}

fn refusal(protocol: &str, input: &str) -> Problem {
    let known = || DEFAULT_PROTOCOLS.iter().chain(OTHER_PROTOCOLS).copied();
    if !known().any(|word| word == protocol) {
        let message = format!("FFmpeg has no protocol {} (in {})", quote(protocol), quote(input));
        let expected = match nearest(protocol, known()) {
            Some(meant) => format!("did you mean {}?", quote(meant)),
            None => "expected a URL, like \"https://host/live.m3u8\"".to_owned(),
        };
        return Problem::new(message, expected);
    }
    let message = match protocol {
        "file" => format!("the input {} is a file of this machine, which is not allowed", quote(input)),
        _ => format!("the protocol {} is not allowed (in {})", quote(protocol), quote(input)),
    };
    let list = if DEFAULT_PROTOCOLS.contains(&protocol) {
        format!("protocols = [\"{protocol}\"]")
    } else {
        format!("protocols = [\"{DEFAULT_WORD}\", \"{protocol}\"]")
    };
    Problem::new(message, format!("expected a URL, or {list} to allow it for this stream"))
}

/// Whether `word` may stand in a list of protocols.
pub(super) fn check_protocol(word: &str) -> Result<(), Problem> {
    let known = || DEFAULT_PROTOCOLS.iter().chain(OTHER_PROTOCOLS).copied().chain([DEFAULT_WORD]);
    if known().any(|known| known == word) {
        return Ok(());
    }
    let expected = match nearest(word, known()) {
        Some(meant) => format!("did you mean {}?", quote(meant)),
        None => format!("expected names like {}", any_of(&[DEFAULT_WORD, "https", "srt", "udp", "file"])),
    };
    Err(Problem::new(format!("FFmpeg has no protocol {}", quote(word)), expected))
}

/// `words` with `default` spelled out, and with what carries them; each once, sorted.
pub(super) fn complete_protocols<'w>(words: impl IntoIterator<Item = &'w str>) -> Vec<Arc<str>> {
    let mut all = BTreeSet::new();
    for word in words {
        let spelled = if word == DEFAULT_WORD { DEFAULT_PROTOCOLS } else { std::slice::from_ref(&word) };
        for word in spelled {
            all.insert(*word);
            all.extend(CARRIERS.iter().filter(|(p, _)| p == word).flat_map(|(_, by)| by.iter().copied()));
        }
    }
    all.into_iter().map(Arc::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn default() -> Vec<Arc<str>> {
        complete_protocols([DEFAULT_WORD])
    }

    #[test]
    fn the_protocol_is_the_one_ffmpeg_takes() {
        for (input, protocol) in [
            ("https://h/x", "https"),
            ("/etc/passwd", "file"),
            ("live.m3u8", "file"),
            ("file:/etc/passwd", "file"),
            ("concat:a|b", "concat"),
            ("subfile,,start,0,end,9,,:/etc/passwd", "subfile"),
            ("hls+http://h/x", "hls+http"),
            ("a/b:c", "file"),
            ("testsrc=s=1x1:r=25", "file"),
            (":x", "file"),
            ("", "file"),
        ] {
            assert_eq!(protocol_of(input), protocol, "{input}");
        }
    }

    #[test]
    fn network_inputs_pass() {
        for input in [
            "http://h/x",
            "https://u:p@h:8443/x.m3u8?token=a b",
            "udp://@239.0.0.1:1234",
            "rtp://239.0.0.1:5000",
            "srt://h:9000?mode=caller",
            "rtmp://h/live/x",
            "rtsp://h/x",
            "hls+http://h/x",
            "rtmps://h/x",
            "http://[::1]:80/x",
            "udp://:1234",
        ] {
            assert_eq!(check_input(input, &default()), Ok(()), "{input}");
        }
    }

    #[test]
    fn what_reaches_into_the_machine_is_refused() {
        for input in [
            "/etc/passwd",
            "file:/etc/passwd",
            "file:///etc/passwd",
            "concat:http://a|/etc/passwd",
            "pipe:0",
            "subfile,,start,0,end,9,,:/etc/passwd",
            "data:text/plain,x",
            "hls+file:///etc/passwd",
            "unix:/run/x",
            "fd:3",
            "cache:http://h/x",
            "async:file:/x",
            "concatf:x",
            "-i",
            "-f lavfi",
            "",
            " ",
            "http://h/\nx",
            "http://h/x\0",
            " http://h",
            "HTTP://h/x",
            "nonsense://h",
            "http:/h/x",
            "http://",
            "https:h",
        ] {
            assert!(check_input(input, &default()).is_err(), "{input:?}");
        }
        assert!(check_input(&format!("http://h/{}", "x".repeat(MAX_INPUT_BYTES)), &default()).is_err());
    }

    #[test]
    fn refusals_say_how_to_allow_it() {
        let problem = check_input("/dev/video0", &default()).unwrap_err();
        assert_eq!(
            problem.message,
            "the input \"/dev/video0\" is a file of this machine, which is not allowed"
        );
        let expected = "expected a URL, or protocols = [\"default\", \"file\"] to allow it for this stream";
        assert_eq!(problem.expected, expected);
        let problem = check_input("HTTPS://u:secret@h/x", &default()).unwrap_err();
        assert_eq!(problem.expected, "did you mean \"https\"?");
        assert!(!problem.message.contains("secret"), "{problem:?}");
        let only_udp = complete_protocols(["udp"]);
        let problem = check_input("https://h/x", &only_udp).unwrap_err();
        assert_eq!(
            problem.expected,
            "expected a URL, or protocols = [\"https\"] to allow it for this stream"
        );
    }

    #[test]
    fn protocols_bring_what_carries_them() {
        let list = complete_protocols(["https", "file"]);
        assert_eq!(list, ["file", "httpproxy", "https", "tcp", "tls"].map(Arc::from));
        // The default needs nothing that is not in it.
        assert_eq!(default().len(), DEFAULT_PROTOCOLS.len());
        for (protocol, carriers) in CARRIERS {
            for word in carriers.iter().chain([protocol]) {
                assert_eq!(check_protocol(word), Ok(()));
            }
        }
        assert_eq!(check_protocol("htps").unwrap_err().expected, "did you mean \"https\"?");
        assert!(check_protocol("ALL").is_err());
        assert!(check_protocol("file,http").is_err());
    }
}
