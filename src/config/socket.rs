//! `[socket]`: who may attach to the headend that runs, and as what.

use super::report::Report;
use super::section::{Section, Shape};
use super::words::Problem;
use super::{MAX_PRINCIPALS, SocketSettings};
use crate::config::mistake::quote;

pub(super) static SOCKET: Shape = Shape { title: "[socket]", keys: &["mode", "operators", "viewers"] };

/// The longest name of a user or group that is taken, bytes; systems have shorter ones.
const MAX_NAME: usize = 256;

/// What `[socket]` says; the defaults where it says nothing, and where it is wrong.
pub(super) fn read_socket(top: &Section<'_, '_>, report: &mut Report) -> SocketSettings {
    let mut own = SocketSettings::default();
    let Some(section) = top.table("socket", &SOCKET, report) else { return own };
    if let Some(text) = section.text("mode", report) {
        let mode = mode(text.value);
        own.mode =
            mode.map_err(|problem| report.mistake(section.sheet, text.span, problem)).unwrap_or(own.mode);
    }
    for (key, place) in [("operators", &mut own.operators), ("viewers", &mut own.viewers)] {
        for name in section.list(key, MAX_PRINCIPALS, report).unwrap_or_default() {
            let bare = name.value.strip_prefix('@').unwrap_or(name.value);
            let plain = |c: char| !c.is_control() && !c.is_whitespace() && c != ':';
            if !bare.is_empty() && bare.len() <= MAX_NAME && bare.chars().all(plain) {
                place.push(name.value.to_owned());
            } else {
                let expected = "expected the name of a user, or of a group with @ before it";
                let problem = Problem::new(format!("{} is no name", quote(name.value)), expected);
                report.mistake(section.sheet, name.span, problem);
            }
        }
    }
    own
}

/// Reads `0600`, `660` and the like: who may use the socket at all, its owner always.
fn mode(text: &str) -> Result<u32, Problem> {
    let octal = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777 && mode & 0o600 == 0o600);
    octal.ok_or_else(|| {
        let expected = "expected 0600 (headend's own user), 0660 (its group too) or 0666 (everybody)";
        Problem::new(format!("{} is no mode of a socket", quote(text)), expected)
    })
}
