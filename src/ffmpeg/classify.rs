//! What FFmpeg's log lines mean: one table, searched top to bottom.

use super::line::is_harmless;
use crate::model::FaultClass::{
    self, Auth, BadArgument, BrokenPipe, Corrupt, Decode, DiskFull, Dns, End, HlsSkip, InvalidData,
    NoKeyframe, NoStream, NotFound, Reconnect, Refused, RtmpOpen, Segment, ServerError, Timeout, Timestamps,
    Tls,
};

/// What a message means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// Its class.
    pub class: FaultClass,
    /// The words are so general that a more precise line before it knows better.
    pub vague: bool,
}

/// The class of the first row whose text is in the message.
///
/// Order matters where one message holds several texts: `Connection to tcp://h:1 failed:
/// Connection refused` must not meet a general row first. 5.1 and 9.0 differ in places; both forms
/// are here, with `5`, `9` where only one has it.
const TABLE: &[(FaultClass, &[&str])] = &[
    // The old connection had gone away, a new one is opened: harmless, unless it hung. In 5.1 this
    // is the only line that tells of a segment that stopped coming.
    (Segment, &["keepalive request failed for"]),
    (Dns, &["Failed to resolve hostname", "Name or service not known", "name resolution"]),
    (
        BadArgument,
        &[
            "not on whitelist",
            "Unrecognized option",
            "Option not found",
            "Protocol not found",
            "No such filter:",
            "Unknown encoder",
            "Unknown decoder",
            "Unknown input format",
            "Unable to find a suitable output format",
            "Unable to choose an output format",
            "Error splitting the argument list",
            "Error parsing options for",
            "Error parsing global options",
            "At least one output file must be specified",
            "Missing argument for option",
            // An output that is there, and no `-y`. The second where standard input is not ruled out.
            "already exists. Exiting",
            "Not overwriting - exiting",
            "No such file or directory",
            "Permission denied",
            "error while loading shared libraries",
        ],
    ),
    (RtmpOpen, &["Cannot open connection "]),
    (Refused, &["Connection refused", "No route to host", "Network is unreachable", "Host is unreachable"]),
    (
        Auth,
        &[
            "HTTP error 401",
            "HTTP error 403",
            "HTTP error 407",
            "Server returned 401",
            "Server returned 403",
            "authorization failed",
        ],
    ),
    (NotFound, &["HTTP error 4", "Server returned 4", "404 Not Found", "429 Too Many Requests"]),
    (ServerError, &["HTTP error 5", "Server returned 5"]),
    (Timeout, &["Connection timed out", "Operation timed out", "timed out"]),
    (
        Tls,
        &[
            "unexpected TLS packet",
            "SSL routines",
            "TLS handshake",
            "TLS fatal alert",
            "The TLS connection was non-properly terminated",
            "Error in the pull function",
            "certificate verif",
            "Peer certificate",
        ],
    ),
    (
        NoStream,
        &[
            "does not contain any stream",
            "Empty output on stream",
            "Output file is empty, nothing was encoded",
            "matches no streams",
            // 9: an option for the video decoder, and no video there to use it. In builds with AMD's
            // encoders, which have an option of the same name, FFmpeg gives up over it.
            "skip_frame (Rate Control Based Frame Skip) is not a decoding option",
        ],
    ),
    (DiskFull, &["No space left on device", "Disk quota exceeded"]),
    (BrokenPipe, &["Broken pipe"]),
    (Reconnect, &["Will reconnect at"]),
    (
        HlsSkip,
        &[
            "expired from playlists",
            "Failed to reload playlist",
            "Media sequence changed unexpectedly",
            "The m3u8 list sequence may have been wrapped",
        ],
    ),
    (
        Segment,
        &["Failed to open segment", "failed too many times, skipping", "Error when loading first segment"],
    ),
    (
        Corrupt,
        &[
            "Packet corrupt (stream =",
            "corrupt input packet in stream",
            "PES packet size mismatch",
            "Continuity check failed",
        ],
    ),
    (
        Timestamps,
        &[
            "Non-monotonous DTS",
            "Non-monotonic DTS",
            "timestamp discontinuity",
            "non monotonically increasing dts",
            "invalid dropping",
            " out of order",
            "Invalid timestamps",
        ],
    ),
    (
        NoKeyframe,
        &[
            "non-existing PPS",
            "non-existing SPS",
            "decode_slice_header error",
            "no frame!",
            "Could not find ref with POC",
            "PPS id out of range",
        ],
    ),
    (
        Decode,
        &[
            "error while decoding MB",
            "MV errors in",
            "Error while decoding stream",
            "Error submitting packet to decoder",
            "Error submitting a packet to the decoder",
            "Decoding error:",
            "corrupt decoded frame",
            "Input buffer exhausted before END element found",
            "out of range intra chroma pred mode",
            "left block unavailable",
            "top block unavailable",
            "cabac decode of qscale",
            "negative number of zero coeffs",
            "Invalid NAL unit",
            "mb_type ",
            "Header missing",
        ],
    ),
    (InvalidData, &["Invalid data found when processing input", "moov atom not found", "Empty segment"]),
    (End, &["Stream ends prematurely", "Connection reset by peer", "Software caused connection abort"]),
];

/// General words, which mean something only when nothing more precise was said.
const VAGUE: &[(FaultClass, &str)] = &[
    // What a UDP input says when nothing came in time; but also the last line after a name that
    // does not resolve.
    (Timeout, "Input/output error"),
    (InvalidData, "Could not find codec parameters"),
    (BadArgument, "Invalid argument"),
    (End, "End of file"),
];

/// What `message` (without its prefix and level) means, if it is known.
pub fn classify(message: &str) -> Option<Meaning> {
    if is_harmless(message) {
        return None;
    }
    let precise = TABLE.iter().find(|(_, texts)| texts.iter().any(|text| message.contains(text)));
    if let Some(&(class, _)) = precise {
        return Some(Meaning { class, vague: false });
    }
    // `Option rw_timeouts not found.`: the name stands in the middle.
    if message.starts_with("Option ") && message.ends_with(" not found.") {
        return Some(Meaning { class: BadArgument, vague: false });
    }
    let vague = VAGUE.iter().find(|(_, text)| message.contains(text));
    vague.map(|&(class, _)| Meaning { class, vague: true })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Seen in real runs of 5.1 and 9.0.
    const SEEN: &[(&str, FaultClass)] = &[
        ("Failed to resolve hostname nowhere.invalid: Name or service not known", Dns),
        ("Connection to tcp://127.0.0.1:1 failed: Connection refused", Refused),
        ("Error opening input: Connection refused", Refused),
        ("HTTP error 403 Forbidden", Auth),
        ("http://h/x: Server returned 401 Unauthorized (authorization failed)", Auth),
        ("HTTP error 404 Not Found", NotFound),
        ("Server returned 4XX Client Error, but not one of 40{0,1,3,4}", NotFound),
        ("Error opening input: Server returned 429 Too Many Requests", NotFound),
        ("HTTP error 410 Gone", NotFound),
        ("HTTP error 503 Service Unavailable", ServerError),
        ("Server returned 5XX Server Error reply", ServerError),
        ("http://h/x: Connection timed out", Timeout),
        ("Error during demuxing: Connection timed out", Timeout),
        ("Error reading HTTP response: Connection timed out", Timeout),
        ("udp://239.0.0.1:1: Input/output error", Timeout),
        ("An unexpected TLS packet was received.", Tls),
        ("error:0A00010B:SSL routines::wrong version number", Tls),
        ("http://h/x: Invalid data found when processing input", InvalidData),
        ("Packet corrupt (stream = 0, dts = 754320).", Corrupt),
        ("http://h/x: corrupt input packet in stream 0", Corrupt),
        ("PES packet size mismatch", Corrupt),
        ("Non-monotonous DTS in output stream 0:0; previous: 5, current: 4; changing to 6.", Timestamps),
        ("Non-monotonic DTS; previous: 5, current: 4; changing to 6.", Timestamps),
        ("timestamp discontinuity (stream id=0): -3600000000, new offset= 3600", Timestamps),
        ("DTS 127920 < 8224320 out of order", Timestamps),
        ("Application provided invalid, non monotonically increasing dts to muxer", Timestamps),
        ("skipping 3 segments ahead, expired from playlists", HlsSkip),
        ("Failed to reload playlist 0", HlsSkip),
        ("Media sequence changed unexpectedly: 90 -> 1", HlsSkip),
        ("Failed to open segment 6 of playlist 0", Segment),
        ("Segment 6 of playlist 0 failed too many times, skipping", Segment),
        ("Error when loading first segment 'http://h/seg000.ts'", Segment),
        ("non-existing PPS 0 referenced", NoKeyframe),
        ("decode_slice_header error", NoKeyframe),
        ("no frame!", NoKeyframe),
        ("error while decoding MB 58 34", Decode),
        ("concealing 871 DC, 871 AC, 871 MV errors in I frame", Decode),
        ("Error while decoding stream #0:0: Invalid data found when processing input", Decode),
        ("Error submitting packet to decoder: Invalid data found when processing input", Decode),
        ("http://h/x: corrupt decoded frame in stream 0", Decode),
        ("Stream ends prematurely at 337930, should be 675860", End),
        ("Error opening input: End of file", End),
        ("Error writing trailer of out.ts: No space left on device", DiskFull),
        ("Error writing trailer of pipe:1: Broken pipe", BrokenPipe),
        ("Error closing file pipe:1: Broken pipe", BrokenPipe),
        ("Output file #0 does not contain any stream", NoStream),
        ("Output file does not contain any stream", NoStream),
        ("Empty output on stream 0.", NoStream),
        ("Stream map '0:v' matches no streams.", NoStream),
        ("Codec AVOption skip_frame (Rate Control Based Frame Skip) is not a decoding option.", NoStream),
        ("Cannot open connection tcp://127.0.0.1:1?tcp_nodelay=0", RtmpOpen),
        ("Will reconnect at 34028 in 0 second(s), error=End of file.", Reconnect),
        ("Protocol 'file' not on whitelist 'http,tcp'!", BadArgument),
        ("Unrecognized option 'rw_timeouts'.", BadArgument),
        ("Option rw_timeouts not found.", BadArgument),
        ("-foo: No such file or directory", BadArgument),
        ("File 'x.mkv' already exists. Exiting.", BadArgument),
        ("File 'x.mkv' already exists. Overwrite? [y/N] [fatal] Not overwriting - exiting", BadArgument),
        (
            "keepalive request failed for 'http://h/s.ts' with error: 'Connection timed out' when opening url, \
             retrying with new connection",
            Segment,
        ),
    ];

    #[test]
    fn every_line_seen_has_its_class() {
        for &(message, class) in SEEN {
            assert_eq!(classify(message).map(|m| m.class), Some(class), "{message}");
        }
    }

    #[test]
    fn every_class_is_reached() {
        let reached: BTreeSet<_> = SEEN.iter().map(|(_, class)| *class).collect();
        assert_eq!(reached, FaultClass::ALL.into_iter().collect());
    }

    #[test]
    fn no_row_hides_a_later_one() {
        for (class, texts) in TABLE {
            for text in *texts {
                let first = TABLE.iter().find(|(_, texts)| texts.iter().any(|t| text.contains(t)));
                assert_eq!(first.map(|(class, _)| class), Some(class), "{text} is never reached");
            }
        }
    }

    #[test]
    fn general_words_are_vague() {
        let vague = |message| classify(message).is_some_and(|m| m.vague);
        assert!(vague("Error opening input: Input/output error"));
        assert!(vague("Error opening input files: Invalid argument"));
        assert!(!vague("Error opening input: Connection refused"));
    }

    #[test]
    fn a_healthy_run_says_nothing() {
        for message in [
            "Opening 'http://h/seg404.ts' for reading",
            "Stream #0:0 -> #0:0 (copy)",
            "Exiting normally, received signal 15.",
            "keepalive request failed for 'http://h/s.ts' with error: 'End of file' when opening url, retrying \
             with new connection",
            "",
        ] {
            assert_eq!(classify(message), None, "{message}");
        }
    }
}
