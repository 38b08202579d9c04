//! What FFmpeg 5.1 answers to a probe, cut down to what a supervisor may ask for.

use std::fmt::Write as _;

const VERSION: &str = "\
ffmpeg version 5.1.9-stand-in Copyright (c) 2000-2026 the FFmpeg developers
built with gcc 12 (Debian 12.2.0-14+deb12u1)
configuration: --enable-gpl --enable-gnutls --enable-libsrt
libavutil      57. 28.100 / 57. 28.100
libavcodec     59. 37.100 / 59. 37.100
libavformat    59. 27.100 / 59. 27.100
libavdevice    59.  7.100 / 59.  7.100
libavfilter     8. 44.100 /  8. 44.100
libswscale      6.  7.100 /  6.  7.100
libswresample   4.  7.100 /  4.  7.100
";

const FILTERS_HEAD: &str = "\
Filters:
  T.. = Timeline support
  .S. = Slice threading
  ..C = Command support
  A = Audio input/output
  V = Video input/output
  N = Dynamic number and/or type of input/output
  | = Source or sink filter
";

/// Flags, name, from and to.
const FILTERS: &[(&str, &str, &str)] = &[
    ("T..", "ametadata", "A->A"),
    ("...", "anull", "A->A"),
    ("...", "anullsink", "A->|"),
    ("...", "aresample", "A->A"),
    ("...", "aselect", "A->N"),
    (".S.", "astats", "A->A"),
    (".S.", "blackdetect", "V->V"),
    ("...", "cropdetect", "V->V"),
    ("...", "ebur128", "A->N"),
    ("...", "format", "V->V"),
    ("...", "fps", "V->V"),
    ("...", "freezedetect", "V->V"),
    ("T..", "metadata", "V->V"),
    ("...", "null", "V->V"),
    ("...", "nullsink", "V->|"),
    ("..C", "scale", "V->V"),
    ("...", "select", "V->N"),
    (".S.", "signalstats", "V->V"),
    ("...", "silencedetect", "A->A"),
    ("...", "split", "V->N"),
    ("...", "thumbnail", "V->V"),
];

const INPUTS: &[&str] = &[
    "async",
    "cache",
    "concat",
    "crypto",
    "data",
    "file",
    "ftp",
    "hls",
    "http",
    "httpproxy",
    "https",
    "pipe",
    "rtmp",
    "rtmps",
    "rtmpt",
    "rtp",
    "srtp",
    "tcp",
    "tls",
    "udp",
    "unix",
    "srt",
];

const OUTPUTS: &[&str] =
    &["crypto", "file", "http", "https", "pipe", "rtmp", "rtmps", "rtp", "tcp", "tls", "udp", "unix", "srt"];

/// The answer to a question (`-version`, `-filters`, `-protocols`), or `None` for real work.
pub fn answer(arguments: &[String]) -> Option<String> {
    let asks = |name: &str| arguments.iter().any(|a| a == name);
    // As with FFmpeg, -version prints no banner above itself, the others do unless told not to.
    let banner = if asks("-hide_banner") { "" } else { VERSION };
    if asks("-version") {
        return Some(VERSION.to_owned());
    }
    if asks("-filters") {
        let mut text = format!("{banner}{FILTERS_HEAD}");
        for (flags, name, way) in FILTERS {
            let _ = writeln!(text, " {flags} {name:<17} {way:<10} Played by a stand-in.");
        }
        return Some(text);
    }
    asks("-protocols").then(|| {
        format!(
            "{banner}Supported file protocols:\nInput:\n  {}\nOutput:\n  {}\n",
            INPUTS.join("\n  "),
            OUTPUTS.join("\n  ")
        )
    })
}
