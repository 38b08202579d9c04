//! `[console]`: how the console looks, what it listens to, and how it calls for someone.

use std::path::Path;

use super::document::{path_of, resolve};
use super::report::Report;
use super::section::{Section, Shape, choice};
use super::views::read_views;
use super::{ConsoleSettings, Environment, Notify, OnHangup};

pub(super) static CONSOLE: Shape = Shape {
    title: "[console]",
    keys: &["theme", "keys", "ascii", "mouse", "bell", "notify", "tmux_alert", "on_hangup"],
};

const NOTIFY: [(&str, Notify); 3] =
    [("off", Notify::Off), ("osc9", Notify::Osc9), ("osc777", Notify::Osc777)];
const ON_HANGUP: [(&str, OnHangup); 2] = [("continue", OnHangup::Continue), ("stop", OnHangup::Stop)];

/// What `[console]` and the views say; the defaults where it says nothing, and where it is wrong.
pub(super) fn read_console(
    top: &Section<'_, '_>,
    base: &Path,
    env: &Environment,
    report: &mut Report,
) -> ConsoleSettings {
    let mut own = ConsoleSettings { views: read_views(top, report), ..ConsoleSettings::default() };
    let Some(section) = top.table("console", &CONSOLE, report) else { return own };
    if let Some(theme) = path_of(&section, "theme", report) {
        // Which names there are, the console knows.
        let is_file = Path::new(theme.value).extension().is_some_and(|ending| ending == "toml");
        let file = || resolve(theme.value, base, env).to_string_lossy().into_owned();
        own.theme = Some(if is_file { file() } else { theme.value.to_owned() });
        own.theme_at = Some(section.sheet.place(theme.span.start));
    }
    own.keys = path_of(&section, "keys", report).map(|path| resolve(path.value, base, env));
    let flags = [
        ("ascii", &mut own.ascii),
        ("mouse", &mut own.mouse),
        ("bell", &mut own.bell),
        ("tmux_alert", &mut own.tmux_alert),
    ];
    for (key, place) in flags {
        *place = section.flag(key, report).unwrap_or(*place);
    }
    if let Some(word) = section.text("notify", report) {
        let notify = choice("kind of notification", word.value, &NOTIFY);
        own.notify =
            notify.map_err(|problem| report.mistake(section.sheet, word.span, problem)).unwrap_or_default();
    }
    if let Some(word) = section.text("on_hangup", report) {
        let does = choice("thing to do then", word.value, &ON_HANGUP);
        own.on_hangup =
            does.map_err(|problem| report.mistake(section.sheet, word.span, problem)).unwrap_or_default();
    }
    own
}
