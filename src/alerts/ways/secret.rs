//! Passwords and keys: read when they are needed, and taken out of what a server answers.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::alerts::letter::outside;
use crate::config::Secret;

/// So much of a file is looked at for its first line, bytes.
const MAX_SECRET: u64 = 4 * 1024;
/// The longest answer that is kept, bytes.
pub const MAX_ANSWER_TEXT: usize = 300;

/// Reads a secret now.
///
/// # Errors
/// Where it is not to be had, in a clean line that does not tell it.
pub fn read(secret: &Secret) -> Result<String, String> {
    let text = match secret {
        Secret::Here(text) => text.to_string(),
        Secret::File(path) => {
            first_line(path).map_err(|error| format!("{} can't be read: {error}", path.display()))?
        }
        Secret::Environment(name) => {
            std::env::var(&**name).map_err(|_| format!("the environment has no {name} that is text"))?
        }
    };
    if text.is_empty() {
        return Err(format!("{} is empty", place(secret)));
    }
    Ok(text)
}

fn place(secret: &Secret) -> String {
    match secret {
        Secret::Here(_) => "what the configuration has for it".to_owned(),
        Secret::File(path) => format!("the first line of {}", path.display()),
        Secret::Environment(name) => format!("{name} in the environment"),
    }
}

fn first_line(path: &Path) -> std::io::Result<String> {
    // What is no file might not end, or not even begin.
    if !path.metadata()?.is_file() {
        return Err(std::io::Error::other("it is no file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_SECRET).read_to_end(&mut bytes)?;
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    String::from_utf8(line.to_vec()).map_err(|_| std::io::Error::other("its first line is not UTF-8"))
}

/// A part of a URL's path is taken for a token from this length on, bytes.
const MIN_TOKEN: usize = 8;

/// What must not be seen in an answer, in each form a server may have seen it in.
#[derive(Default)]
pub struct Hidden(Vec<String>);

impl Hidden {
    /// Hides what is sent when `user` signs in with `password`.
    pub fn sign_in(user: &str, password: &str) -> Self {
        let plain = STANDARD.encode(format!("\0{user}\0{password}"));
        Self(vec![plain, STANDARD.encode(password), password.to_owned()])
    }

    /// Hides a URL's path and query, and those parts of them that are long enough to be a token.
    pub fn path(path: &str) -> Self {
        let parts = path.split(['/', '?', '&', '=']).filter(|part| part.len() >= MIN_TOKEN);
        let whole = std::iter::once(path).filter(|path| path.len() > 1);
        Self(whole.chain(parts).map(str::to_owned).collect())
    }

    /// An answer as it may be shown and kept: one clean, masked line without what is hidden.
    pub fn clean(&self, answer: &str) -> String {
        let mut answer = answer.to_owned();
        for hidden in self.0.iter().filter(|hidden| !hidden.is_empty()) {
            answer = answer.replace(hidden, "***");
        }
        let one_line: Vec<&str> = answer.split_whitespace().collect();
        outside(&one_line.join(" "), MAX_ANSWER_TEXT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_of_a_file_is_the_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        for (content, secret) in [("pa ss\nmore\n", "pa ss"), ("pass", "pass"), ("pass\r\n", "pass")] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(read(&Secret::File(path.clone())).as_deref(), Ok(secret));
        }
        std::fs::write(&path, "\nsecond").unwrap();
        assert!(read(&Secret::File(path.clone())).unwrap_err().ends_with("is empty"));
        std::fs::write(&path, vec![b'x'; 10_000_000]).unwrap();
        assert_eq!(read(&Secret::File(path)).unwrap().len() as u64, MAX_SECRET);
    }

    #[test]
    fn what_is_not_there_is_told_by_its_place() {
        let told = read(&Secret::File("/nowhere/secret".into())).unwrap_err();
        assert!(told.starts_with("/nowhere/secret can't be read: "), "{told}");
        let told = read(&Secret::Environment("HEADEND_NO_SUCH".into())).unwrap_err();
        assert!(told.contains("HEADEND_NO_SUCH"), "{told}");
        let told = read(&Secret::File("/dev/zero".into())).unwrap_err();
        assert!(told.ends_with("it is no file"), "{told}");
    }

    #[test]
    fn an_answer_shows_no_form_of_the_password() {
        let hidden = Hidden::sign_in("ops", "kanarie");
        let said = "kanarie  AG9wcwBrYW5hcmll\r\n a2FuYXJpZQ== \u{1b}[31m";
        assert_eq!(hidden.clean(said), "*** *** *** ␛[31m");
        let hidden = Hidden::path("/services/T0/kanarie-kanarie");
        assert_eq!(hidden.clean("no /services/T0/kanarie-kanarie, no kanarie-kanarie"), "no ***, no ***");
        assert_eq!(Hidden::path("/").clean("a/b"), "a/b");
        assert_eq!(Hidden::default().clean("see https://u:p@h/x"), "see https://***@h/x");
        assert!(hidden.clean(&"x ".repeat(10_000)).len() <= MAX_ANSWER_TEXT);
    }
}
