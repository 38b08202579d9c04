//! Passwords and keys: written here, in a file or in the environment.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use super::{MAX_SECRET_BYTES, Secret};
use crate::config::document::{path_of, resolve};
use crate::config::mistake::quote;
use crate::config::report::Report;
use crate::config::section::Section;
use crate::config::words::Problem;
use crate::config::{Config, Environment};
use crate::model::clean;

/// Reads the one of the three keys (itself, its file, its environment variable) that is there.
pub(super) fn read_secret(
    section: &Section<'_, '_>,
    keys: [&str; 3],
    base: &Path,
    env: &Environment,
    report: &mut Report,
) -> Option<Secret> {
    let given: Vec<&str> = keys.into_iter().filter(|key| section.has(key)).collect();
    if let [first, second, ..] = given[..] {
        let message = format!("{} and {} are both there", quote(first), quote(second));
        section.mistake_at(second, Problem::new(message, "expected one of them"), report);
        return None;
    }
    let [here, file, variable] = keys;
    if let Some(text) = section.hidden(here, report) {
        // Nothing of it is told.
        let problem = if text.value.is_empty() {
            Problem::new(format!("{} is empty", quote(here)), "expected none, or some text")
        } else if text.value.len() > MAX_SECRET_BYTES {
            let message = format!("{} is {} bytes long", quote(here), text.value.len());
            Problem::new(message, format!("expected at most {MAX_SECRET_BYTES}"))
        } else if text.value.chars().any(char::is_control) {
            let message = format!("{} has control characters in it", quote(here));
            Problem::new(message, "expected one line")
        } else {
            return Some(Secret::Here(text.value.into()));
        };
        report.mistake(section.sheet, text.span, problem);
        return None;
    }
    if let Some(path) = path_of(section, file, report) {
        return Some(Secret::File(resolve(path.value, base, env)));
    }
    let name = section.text(variable, report)?;
    if name.value.is_empty() || name.value.chars().any(|c| c == '=' || c.is_control() || c.is_whitespace()) {
        let message = format!("{} is no variable", quote(name.value));
        report.mistake(
            section.sheet,
            name.span,
            Problem::new(message, "expected its name, like \"SMTP_PASSWORD\""),
        );
        return None;
    }
    Some(Secret::Environment(name.value.into()))
}

/// A secret that can't be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Its file can't be read.
    #[error("{0} can't be read: {1}")]
    Unreadable(String, String),
    /// There is nothing in its file, or in the variable.
    #[error("{0} is empty or not there")]
    Empty(String),
    /// It is longer than [`MAX_SECRET_BYTES`], or no text.
    #[error("{0} holds no text of at most {MAX_SECRET_BYTES} bytes")]
    Unfit(String),
}

impl Secret {
    /// What it is: of a file the first line, without its end. Read anew each time, so that a new one holds at
    /// once.
    ///
    /// # Errors
    /// When there is none; nothing of it is in the message.
    pub fn read(&self) -> Result<Arc<str>, SecretError> {
        let (place, text) = match self {
            Self::Here(text) => return Ok(Arc::clone(text)),
            Self::File(path) => {
                let place = clean(&path.to_string_lossy()).into_owned();
                match first_line(path) {
                    Ok(line) => (place, line),
                    Err(error) => return Err(SecretError::Unreadable(place, error.to_string())),
                }
            }
            Self::Environment(name) => {
                let place = format!("the variable {}", clean(name));
                (place, std::env::var_os(&**name).unwrap_or_default().into_encoded_bytes())
            }
        };
        if text.is_empty() {
            return Err(SecretError::Empty(place));
        }
        let text = String::from_utf8(text).ok().filter(|text| text.len() <= MAX_SECRET_BYTES);
        text.map(Arc::from).ok_or(SecretError::Unfit(place))
    }
}

fn first_line(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    // What is no file might not even begin.
    if !path.metadata()?.is_file() {
        return Err(std::io::Error::other("it is no file"));
    }
    let mut bytes = Vec::new();
    // One byte more than may be and an end of line, to notice.
    std::fs::File::open(path)?.take(MAX_SECRET_BYTES as u64 + 3).read_to_end(&mut bytes)?;
    let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(bytes.len());
    bytes.truncate(end);
    Ok(bytes)
}

impl Config {
    /// Every secret there is, with what it is for.
    #[must_use]
    pub fn secrets(&self) -> Vec<(String, &Secret)> {
        let mut found = Vec::new();
        if let Some((_, secret)) = self.mail.as_ref().and_then(|mail| mail.user.as_ref()) {
            found.push(("the mail server's password".to_owned(), secret));
        }
        for receiver in &self.alerts.receivers {
            if let super::Way::Webhook { secret: Some(secret), .. } = &receiver.way {
                found.push((format!("the secret of the receiver {}", quote(&receiver.name)), secret));
            }
        }
        if let Some(secret) = &self.http.token {
            found.push(("the token of [http]".to_owned(), secret));
        }
        found
    }

    /// What is wrong with the secrets on this machine, a clean line each: they can't be read, or others can.
    #[must_use]
    pub fn secrets_at_risk(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (what, secret) in self.secrets() {
            if let Err(error) = secret.read() {
                // No colon behind the word: what follows one is masked where this is shown.
                lines.push(format!("{what} is not to be had, {error}"));
            } else if let Secret::File(path) = secret
                && std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o044 != 0)
            {
                let path = clean(&path.to_string_lossy()).into_owned();
                lines.push(format!("{what}: others can read {path}; chmod 600 takes that away"));
            }
        }
        lines
    }
}
