//! `headend doctor`: looks at everything headend depends on, and says what to do about it.

mod checks;
mod machine;

use serde::Serialize;

use super::args;
use super::session::{connect, state_dir};
use crate::alerts::letter::About;
use crate::alerts::ways::Ways;
use crate::cli::{FAILED, Failed, OK, print};
use crate::config::{self, Config, Environment};
use crate::ffmpeg;
use crate::link::{ConnectError, Role};
use crate::model::{clean, counted, mask_secrets};

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing to do.
    Ok,
    /// Worth a look; headend works.
    Look,
    /// Something will not work.
    Wrong,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Look => "look",
            Self::Wrong => "wrong",
        }
    }
}

/// One line of the doctor's. Its JSON form is in `docs/reference.md`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    about: &'static str,
    verdict: Verdict,
    /// What was found.
    text: String,
    /// What to do about it; empty when there is nothing to do.
    #[serde(rename = "do")]
    remedy: String,
}

impl Finding {
    fn ok(about: &'static str, text: impl Into<String>) -> Self {
        Self { about, verdict: Verdict::Ok, text: text.into(), remedy: String::new() }
    }

    fn look(about: &'static str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { about, verdict: Verdict::Look, text: text.into(), remedy: remedy.into() }
    }

    fn wrong(about: &'static str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { about, verdict: Verdict::Wrong, text: text.into(), remedy: remedy.into() }
    }
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    verdict: Verdict,
    findings: &'a [Finding],
}

/// Whether the mail server takes us: greeted, encrypted, signed in, and left without a mail.
fn mail_server(config: &Config) -> Option<Finding> {
    const ABOUT: &str = "mail server";
    let mail = config.mail.clone()?;
    let remedy = "look at [mail], and at the server's own log";
    let event_loop = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(event_loop) => event_loop,
        Err(error) => return Some(Finding::look(ABOUT, format!("not tried: {error}"), "free memory")),
    };
    let about =
        About { host: "localhost".into(), zone: jiff::tz::TimeZone::system(), headend: "headend".into() };
    let ways = Ways::new(Some(mail), about);
    let checked = event_loop.block_on(ways.check_mail());
    // What hangs on a file (a password's, a certificate's) is not waited for.
    event_loop.shutdown_background();
    Some(match checked {
        Ok(said) => Finding::ok(ABOUT, said),
        Err(why) => Finding::wrong(ABOUT, why, remedy),
    })
}

/// Looks at everything.
pub fn run(args: &args::Doctor) -> Result<u8, Failed> {
    let environment = Environment::from_process();
    let (config, mut findings) = configuration(args, &environment)?;
    findings.extend(ffmpeg_of(config.as_ref(), &environment));
    findings.extend(config.as_ref().map(checks::mail));
    findings.extend(config.as_ref().and_then(mail_server));
    findings.extend(checks::limits(&machine::limits(), config.as_ref().map_or(0, |c| c.streams.len())));
    findings.extend(checks::terminal(&machine::terminal()));
    match state_dir(&args.place, &environment) {
        Ok(dir) => {
            findings.push(checks::state(&machine::folder(&dir)));
            findings.push(running(&dir));
        }
        Err(_) => findings.push(Finding::wrong(
            "state folder",
            "no home folder is known",
            "name the state folder with --state or HEADEND_STATE",
        )),
    }
    findings.extend(checks::time(&machine::clock()));
    let worst = findings.iter().map(|finding| finding.verdict).max_by_key(|verdict| *verdict as u8);
    let verdict = worst.unwrap_or(Verdict::Ok);
    if args.json {
        print(&super::one_line(&Document { verdict, findings: &findings }))?;
    } else {
        print(&findings.iter().map(|finding| shown(finding, super::fits().coloured)).collect::<String>())?;
    }
    Ok(if verdict == Verdict::Wrong { FAILED } else { OK })
}

fn shown(finding: &Finding, coloured: bool) -> String {
    let word = format!("{:<5}", finding.verdict.word());
    let colour = match finding.verdict {
        Verdict::Ok => "32",
        Verdict::Look => "33",
        Verdict::Wrong => "31",
    };
    let word = if coloured { format!("\x1b[{colour}m{word}\x1b[0m") } else { word };
    let text = clean(&finding.text).into_owned();
    let remedy =
        if finding.remedy.is_empty() { String::new() } else { format!("       {}\n", finding.remedy) };
    format!("{word}  {}: {}\n{remedy}", finding.about, mask_secrets(&text))
}

/// The configuration, if it holds.
fn configuration(
    args: &args::Doctor,
    environment: &Environment,
) -> Result<(Option<Config>, Vec<Finding>), Failed> {
    const ABOUT: &str = "configuration";
    let path = match config::locate(args.place.config.as_deref(), environment) {
        Ok(path) => path,
        Err(missing @ config::NotFound::Asked(_)) => return Err(Failed::Nothing(missing)),
        Err(missing) => {
            let found = Finding::look(ABOUT, "there is none", missing.to_string());
            return Ok((None, vec![found]));
        }
    };
    let shown = path.display();
    Ok(match config::load(&path, environment) {
        Ok(loaded) => {
            let (streams, warnings) = (loaded.config.streams.len(), loaded.warnings.len());
            let text = format!("{shown}: {}", counted(streams, "stream"));
            let found = match warnings {
                0 => Finding::ok(ABOUT, text),
                count => {
                    let text = format!("{text}, {}", counted(count, "warning"));
                    Finding::look(ABOUT, text, "headend check tells them")
                }
            };
            (Some(loaded.config), vec![found])
        }
        Err(mistakes) => {
            let text = format!("{shown}: {}", counted(mistakes.list.len(), "mistake"));
            (None, vec![Finding::wrong(ABOUT, text, "headend check tells each with its line")])
        }
    })
}

fn ffmpeg_of(config: Option<&Config>, environment: &Environment) -> Vec<Finding> {
    let configured = config.and_then(|config| config.ffmpeg.clone()).or_else(|| environment.ffmpeg.clone());
    let found = ffmpeg::find(configured.as_deref()).and_then(|path| Ok((ffmpeg::probe(&path)?, path)));
    match found {
        Ok((capabilities, path)) => {
            let text = format!("{} ({})", capabilities.version_text, path.display());
            let mut findings = vec![Finding::ok("FFmpeg", text)];
            let streams = config.map_or(&[][..], |config| &config.streams);
            findings.push(checks::filters(&capabilities, streams));
            findings.push(checks::protocols(&capabilities, streams));
            findings
        }
        // Each of them says what to do.
        Err(error) => vec![Finding::wrong("FFmpeg", error.to_string(), "")],
    }
}

/// Whether a headend runs, and whether it is this version.
fn running(dir: &std::path::Path) -> Finding {
    const ABOUT: &str = "running";
    match connect(dir, Role::Viewer) {
        Ok(remote) => {
            let welcome = remote.welcome();
            checks::running(welcome.pid, &welcome.version, env!("CARGO_PKG_VERSION"), &welcome.title)
        }
        Err(ConnectError::NotRunning(_)) => Finding::ok(ABOUT, format!("no headend in {}", dir.display())),
        Err(error @ ConnectError::Silent) => Finding::wrong(
            ABOUT,
            error.to_string(),
            "look at its terminal and its log; kill -CONT wakes one that sleeps",
        ),
        Err(error) => Finding::look(ABOUT, error.to_string(), ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_a_line_and_what_to_do_another_one() {
        let found = Finding::wrong("time", "far off \x1b[2J http://u:geheim@h/", "set the clock");
        assert_eq!(shown(&found, false), "wrong  time: far off ␛[2J http://***@h/\n       set the clock\n");
        assert!(shown(&found, true).starts_with("\x1b[31mwrong\x1b[0m  time"));
        assert_eq!(shown(&Finding::ok("time", "2026"), false), "ok     time: 2026\n");
        let value = serde_json::to_value(&found).unwrap();
        assert_eq!((&value["verdict"], &value["do"]), (&"wrong".into(), &"set the clock".into()));
    }
}
