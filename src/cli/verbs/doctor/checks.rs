//! What the doctor makes of what it found.

use std::collections::BTreeSet;

use super::Finding;
use super::machine::{ClockFound, FolderFound, LimitsFound, TerminalFound};
use crate::config::{Config, Receiver, Way, protocol_of};
use crate::console::text::bytes;
use crate::ffmpeg::Capabilities;
use crate::host::{FDS_PER_WORKER, FDS_RESERVE};
use crate::model::{Mode, StreamSpec, WallTime};
use crate::store::MIN_FREE_BYTES;

/// A worker has so many threads, roughly: each counts as a process.
const THREADS_PER_WORKER: u64 = 12;
/// Less than this on the state folder's disk is worth a look, bytes.
const LITTLE_FREE: u64 = 1 << 30;
/// On a smaller terminal the console leaves things out.
const USUAL_SIZE: (u16, u16) = (80, 24);
/// On a smaller one there is no console.
const LEAST_SIZE: (u16, u16) = (40, 12);
/// What to do about a secret.
const SECRET_REMEDY: &str = "see that the user headend runs as can read it, and nobody else";
/// A clock that is so far before the program's own file is wrong, milliseconds: files may come from
/// another time zone's machine.
const CLOCK_SPARE_MS: u64 = 2 * 86_400_000;

/// The filters that the configured modes want; without streams, those of the usual one.
pub fn filters(capabilities: &Capabilities, streams: &[StreamSpec]) -> Finding {
    const ABOUT: &str = "filters";
    let mut modes: Vec<Mode> = streams.iter().map(|spec| spec.mode).collect();
    if modes.is_empty() {
        modes.push(Mode::Picture);
    }
    let missing: BTreeSet<&str> = modes.into_iter().flat_map(|mode| capabilities.missing_for(mode)).collect();
    if missing.is_empty() {
        return Finding::ok(ABOUT, format!("all that are wanted, of {}", capabilities.filters.len()));
    }
    let missing: Vec<&str> = missing.into_iter().collect();
    let text = format!("{} are missing: what needs them is not checked", missing.join(", "));
    Finding::look(ABOUT, text, "install a full build of FFmpeg")
}

/// The protocols that the inputs want; without streams, HTTP and HTTPS.
pub fn protocols(capabilities: &Capabilities, streams: &[StreamSpec]) -> Finding {
    const ABOUT: &str = "protocols";
    // Those that FFmpeg has as a demuxer and not as a protocol.
    const DEMUXERS: [&str; 4] = ["rtsp", "rtsps", "sap", "hls"];
    let inputs = streams.iter().flat_map(|spec| spec.inputs.iter());
    let mut wanted: BTreeSet<String> =
        inputs.map(|input| protocol_of(input).split('+').next().unwrap_or_default().to_lowercase()).collect();
    if wanted.is_empty() {
        wanted = ["http", "https"].map(str::to_owned).into();
    }
    wanted.retain(|word| !DEMUXERS.contains(&word.as_str()));
    let missing: Vec<&str> =
        wanted.iter().filter(|word| !capabilities.protocols.contains(*word)).map(String::as_str).collect();
    if missing.is_empty() {
        let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
        return Finding::ok(ABOUT, format!("{} are there", wanted.join(", ")));
    }
    let text = format!("this FFmpeg can't read {}", missing.join(", "));
    Finding::wrong(ABOUT, text, "install an FFmpeg that was built with them, or change those inputs")
}

/// Whether anybody would be told by mail, and the secrets of all receivers can be had.
pub fn mail(config: &Config) -> Finding {
    const ABOUT: &str = "mail";
    let risks = config.secrets_at_risk();
    let Some(mail) = &config.mail else {
        let nobody = config.alerts.receivers.is_empty();
        let text = if nobody { "not configured: nobody is told of incidents" } else { "not configured" };
        return match risks.first() {
            Some(risk) => Finding::look(ABOUT, format!("{text}; {risk}"), SECRET_REMEDY),
            None => Finding::ok(ABOUT, text),
        };
    };
    let by_mail = |receiver: &&Receiver| matches!(receiver.way, Way::Mail { .. });
    let receivers = config.alerts.receivers.iter().filter(by_mail).count();
    let many = if receivers == 1 { "" } else { "s" };
    let text =
        format!("{} port {}, {}, for {receivers} receiver{many}", mail.server, mail.port, mail.tls.word());
    match risks.first() {
        Some(risk) => Finding::look(ABOUT, format!("{text}; {risk}"), SECRET_REMEDY),
        None if receivers == 0 => {
            Finding::look(ABOUT, text, "give [mail] a list \"to\", or a [[receiver]] a list \"mail\"")
        }
        None => Finding::ok(ABOUT, text),
    }
}

/// Open files and processes, against so many streams.
pub fn limits(found: &LimitsFound, streams: usize) -> Vec<Finding> {
    let streams = u64::try_from(streams).unwrap_or(u64::MAX);
    let workers = found.open_files.saturating_sub(FDS_RESERVE) / FDS_PER_WORKER;
    let text = format!("{} allow {workers} workers, {streams} streams are configured", found.open_files);
    let files = if workers < streams {
        let wanted = streams.saturating_mul(FDS_PER_WORKER).saturating_add(FDS_RESERVE);
        let remedy =
            format!("raise the hard limit: ulimit -Hn {wanted}, or LimitNOFILE={wanted} in its unit");
        Finding::look("open files", text, remedy)
    } else {
        Finding::ok("open files", text)
    };
    let Some(processes) = found.processes else {
        return vec![files, Finding::ok("processes", "no limit")];
    };
    let wanted = streams.saturating_mul(THREADS_PER_WORKER).saturating_add(100);
    let text = if processes == u64::MAX {
        "no limit".to_owned()
    } else {
        format!("{processes} at most for this user")
    };
    let processes = if processes < wanted {
        let remedy = format!(
            "each worker has about {THREADS_PER_WORKER} threads, and each counts: ulimit -u {wanted}, or LimitNPROC={wanted} in its unit"
        );
        Finding::look("processes", text, remedy)
    } else {
        Finding::ok("processes", text)
    };
    vec![files, processes]
}

/// Size, colours, characters, tmux, clipboard.
pub fn terminal(found: &TerminalFound) -> Vec<Finding> {
    let Some((width, height)) = found.size else {
        return vec![Finding::ok("terminal", "none here: the console needs one, everything else does not")];
    };
    let text = format!("{width}x{height}");
    let size = if width < LEAST_SIZE.0 || height < LEAST_SIZE.1 {
        Finding::look("terminal", text, "make it larger: the console has no room")
    } else if width < USUAL_SIZE.0 || height < USUAL_SIZE.1 {
        Finding::look("terminal", text, "from 80x24 on everything has room")
    } else {
        Finding::ok("terminal", text)
    };
    vec![size, colours(found), characters(found), clipboard(found)]
}

fn colours(found: &TerminalFound) -> Finding {
    const ABOUT: &str = "colours";
    if matches!(found.colorterm.as_str(), "truecolor" | "24bit") {
        return Finding::ok(ABOUT, "16 million");
    }
    if found.term.is_empty() || found.term == "dumb" {
        let text = format!("TERM is {:?}", found.term);
        return Finding::look(ABOUT, text, "set TERM to what the terminal is, such as xterm-256color");
    }
    if found.term.contains("256color") || found.term.contains("direct") {
        return Finding::ok(ABOUT, format!("256 (TERM {})", found.term));
    }
    let remedy = "if the terminal has more, set COLORTERM=truecolor or a TERM with -256color";
    Finding::look(ABOUT, format!("16 (TERM {})", found.term), remedy)
}

fn characters(found: &TerminalFound) -> Finding {
    const ABOUT: &str = "characters";
    if found.is_utf8() {
        return Finding::ok(ABOUT, format!("UTF-8 ({})", found.locale));
    }
    let text = format!("the locale is {:?}: ASCII is drawn", found.locale);
    Finding::look(ABOUT, text, "set LC_ALL=C.UTF-8, if the terminal shows UTF-8")
}

/// Whether texts that the console copies reach the clipboard (OSC 52). A terminal does not tell.
fn clipboard(found: &TerminalFound) -> Finding {
    const ABOUT: &str = "clipboard";
    match (found.tmux, found.clipboard.as_str()) {
        (false, _) => Finding::ok(ABOUT, "goes by OSC 52, if the terminal allows it"),
        (true, "on" | "external") => {
            Finding::ok(ABOUT, format!("tmux passes OSC 52 on (set-clipboard {})", found.clipboard))
        }
        (true, "") => {
            Finding::look(ABOUT, "tmux does not tell its set-clipboard", "in tmux: set -s set-clipboard on")
        }
        (true, other) => Finding::look(
            ABOUT,
            format!("tmux keeps OSC 52 to itself (set-clipboard {other})"),
            "in tmux: set -s set-clipboard on",
        ),
    }
}

/// The state folder and its disk.
pub fn state(found: &FolderFound) -> Finding {
    const ABOUT: &str = "state folder";
    let path = found.path.display();
    if !found.writable {
        let remedy =
            "give this user the right to it, or name another one with --state: nothing would be saved";
        return Finding::wrong(ABOUT, format!("{path} can't be written"), remedy);
    }
    let free = found.free.map_or_else(|| "an unknown number of bytes".to_owned(), bytes);
    let text =
        format!("{path}{}, {free} free", if found.exists { "" } else { " is made at the first start" });
    match found.free {
        Some(free) if free < MIN_FREE_BYTES => Finding::wrong(
            ABOUT,
            text,
            format!("make room: below {} nothing is saved", bytes(MIN_FREE_BYTES)),
        ),
        Some(free) if free < LITTLE_FREE => Finding::look(ABOUT, text, "make room: log files grow"),
        _ if found.open_to_others => {
            Finding::look(ABOUT, text, format!("others may write it: chmod o-w {path}"))
        }
        _ => Finding::ok(ABOUT, text),
    }
}

/// A headend that runs, against this one.
pub fn running(pid: u32, theirs: &str, ours: &str, title: &str) -> Finding {
    let text = format!("headend {theirs}, process {pid}, {title}");
    if theirs == ours {
        return Finding::ok("running", text);
    }
    Finding::look("running", text, format!("this is {ours}: restart the one that runs after an upgrade"))
}

/// The clock and the time zone.
pub fn time(found: &ClockFound) -> Vec<Finding> {
    let text = WallTime(found.wall_ms).to_string();
    let clock = if found.wall_ms + CLOCK_SPARE_MS < found.built_ms {
        let text = format!("{text}, which is before this program was made");
        Finding::wrong("clock", text, "set the clock, and have it kept (systemd-timesyncd, chrony)")
    } else {
        Finding::ok("clock", text)
    };
    let zone = match &found.zone {
        Some(zone) => Finding::ok("time zone", zone.clone()),
        None => Finding::look(
            "time zone",
            "not known: windows in time and the screen use UTC",
            "set TZ, or /etc/localtime; install tzdata",
        ),
    };
    vec![clock, zone]
}

#[cfg(test)]
mod tests {
    use super::super::Verdict::{Look, Ok, Wrong};
    use super::*;
    use crate::ffmpeg::Version;

    fn ffmpeg(filters: &[&str], protocols: &[&str]) -> Capabilities {
        let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Capabilities {
            version_text: "7.1".into(),
            version: Version::parse("7.1"),
            filters: set(filters),
            protocols: set(protocols),
        }
    }

    #[test]
    fn filters_and_protocols_are_held_against_what_is_wanted() {
        let full = ["scale", "blackdetect", "metadata", "freezedetect", "silencedetect"];
        assert_eq!(filters(&ffmpeg(&full, &[]), &[]).verdict, Ok);
        let lacks = filters(&ffmpeg(&full[..4], &[]), &[]);
        assert_eq!((lacks.verdict, lacks.text.contains("silencedetect")), (Look, true));
        assert_eq!(protocols(&ffmpeg(&[], &["http", "https"]), &[]).verdict, Ok);
        let lacks = protocols(&ffmpeg(&[], &["http"]), &[]);
        assert_eq!((lacks.verdict, &*lacks.text), (Wrong, "this FFmpeg can't read https"));
    }

    #[test]
    fn mail_is_told_with_what_is_wrong_with_it() {
        use crate::config::{MailSettings, MailTls, Secret};
        let mut config = Config::default();
        assert_eq!((mail(&config).verdict, mail(&config).text.contains("nobody is told")), (Ok, true));
        let user = Some(("me".into(), Secret::Here("hunter2".into())));
        let (server, from) = ("smtp.example.com".into(), "a@b.example".into());
        let timeout = std::time::Duration::from_secs(30);
        config.mail = Some(MailSettings { server, port: 587, tls: MailTls::StartTls, user, from, timeout });
        assert_eq!(mail(&config).verdict, Look, "for nobody");
        let way = Way::Mail { to: vec!["a@b.example".into()] };
        config.alerts.receivers.push(Receiver { name: "noc".into(), way });
        let found = mail(&config);
        assert_eq!(
            (found.verdict, &*found.text),
            (Ok, "smtp.example.com port 587, starttls, for 1 receiver")
        );
        config.http.token = Some(Secret::File("/nowhere/at/all".into()));
        let found = mail(&config);
        assert_eq!((found.verdict, found.text.contains("/nowhere/at/all can't be read")), (Look, true));
    }

    #[test]
    fn limits_are_held_against_the_streams() {
        let verdicts = |open_files, processes, streams| -> Vec<_> {
            let found = LimitsFound { open_files, processes };
            limits(&found, streams).into_iter().map(|finding| finding.verdict).collect()
        };
        assert_eq!(verdicts(1_024, None, 200), [Ok, Ok]);
        assert_eq!(verdicts(512, Some(2_400), 200), [Look, Look]);
        assert_eq!(verdicts(u64::MAX, Some(u64::MAX), 10_000), [Ok, Ok]);
        let files = &limits(&LimitsFound { open_files: 512, processes: None }, 200)[0];
        assert!(files.remedy.contains("ulimit -Hn 728"), "{files:?}");
    }

    #[test]
    fn terminals_are_told_by_what_they_say() {
        let good = TerminalFound {
            size: Some((120, 40)),
            term: "xterm-256color".into(),
            locale: "de_DE.UTF-8".into(),
            ..TerminalFound::default()
        };
        let verdicts =
            |found: &TerminalFound| -> Vec<_> { terminal(found).into_iter().map(|f| f.verdict).collect() };
        assert_eq!(verdicts(&good), [Ok; 4]);
        let poor = TerminalFound {
            size: Some((60, 20)),
            term: "vt100".into(),
            tmux: true,
            clipboard: "off".into(),
            ..TerminalFound::default()
        };
        assert_eq!(verdicts(&poor), [Look; 4]);
        assert_eq!(verdicts(&TerminalFound::default()), [Ok]);
    }

    #[test]
    fn folders_and_clocks_have_their_verdicts() {
        let folder = FolderFound {
            path: "/state".into(),
            writable: true,
            exists: true,
            free: Some(1 << 40),
            open_to_others: false,
        };
        let of = |change: &dyn Fn(&mut FolderFound)| {
            let mut found = folder.clone();
            change(&mut found);
            state(&found).verdict
        };
        assert_eq!(of(&|_| {}), Ok);
        assert_eq!(of(&|f| f.writable = false), Wrong);
        assert_eq!(of(&|f| f.free = Some(1 << 20)), Wrong);
        assert_eq!(of(&|f| f.free = Some(1 << 29)), Look);
        assert_eq!(of(&|f| f.open_to_others = true), Look);
        let clock = |wall_ms, zone: Option<&str>| -> Vec<_> {
            let found = ClockFound { wall_ms, zone: zone.map(str::to_owned), built_ms: 1_800_000_000_000 };
            time(&found).into_iter().map(|finding| finding.verdict).collect()
        };
        assert_eq!(clock(1_800_000_000_000, Some("Europe/Berlin")), [Ok, Ok]);
        assert_eq!(clock(5, None), [Wrong, Look]);
        assert_eq!(running(7, "0.1.0", "0.1.0", "t").verdict, Ok);
        assert_eq!(running(7, "0.0.9", "0.1.0", "t").verdict, Look);
    }
}
