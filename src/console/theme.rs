//! Colours: read from TOML, reduced to what the terminal can show.

use std::path::Path;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

use super::glyphs::{self, Glyphs};
use crate::model::{Health, Phase, Severity};

/// The themes that are built in, the default first.
pub const BUILT_IN: [(&str, &str); 3] = [
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("monochrome", include_str!("../../themes/monochrome.toml")),
];

/// The largest theme file that is read, in bytes.
const MAX_THEME_BYTES: u64 = 64 * 1024;

/// Why a theme can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ThemeError {
    /// No such name.
    #[error("there is no theme {0:?}: use dark, light, monochrome or the path of a .toml file")]
    Unknown(String),
    /// The file can't be read.
    #[error("theme file {path}: {source}; check the path")]
    Unreadable {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is too large to be a theme.
    #[error("theme file {0} is larger than {MAX_THEME_BYTES} bytes: that is no theme")]
    TooLarge(String),
    /// The file is no theme.
    #[error("theme {name}: {reason}; see the comments in themes/dark.toml")]
    Invalid {
        /// Which theme.
        name: String,
        /// What is wrong, with line and column.
        reason: String,
    },
}

/// How many colours the terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// 24 bits.
    True,
    /// The 256 of xterm.
    Indexed,
    /// The first 16.
    Sixteen,
}

/// What the environment says about the terminal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// `NO_COLOR`, when set and not empty.
    pub no_color: bool,
    /// `TERM`.
    pub term: String,
    /// `COLORTERM`.
    pub colorterm: String,
    /// The first of `LC_ALL`, `LC_CTYPE` and `LANG` that is set.
    pub locale: String,
}

impl Surroundings {
    /// Reads the environment.
    #[must_use]
    pub fn read() -> Self {
        let var = |name: &str| std::env::var(name).unwrap_or_default();
        let locales = ["LC_ALL", "LC_CTYPE", "LANG"];
        Self {
            no_color: !var("NO_COLOR").is_empty(),
            term: var("TERM"),
            colorterm: var("COLORTERM"),
            locale: locales.into_iter().map(var).find(|v| !v.is_empty()).unwrap_or_default(),
        }
    }

    fn depth(&self) -> Depth {
        if matches!(self.colorterm.as_str(), "truecolor" | "24bit") || self.term.contains("direct") {
            Depth::True
        } else if self.term.contains("256color") {
            Depth::Indexed
        } else {
            Depth::Sixteen
        }
    }

    fn dumb(&self) -> bool {
        self.term.is_empty() || self.term == "dumb"
    }
}

/// One role in a theme file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the file")]
struct Role {
    color: Option<String>,
    background: Option<String>,
    ansi: Option<String>,
    ansi_background: Option<String>,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
    reverse: bool,
}

macro_rules! roles {
    ($($(#[$doc:meta])* $role:ident,)*) => {
        /// A theme, as this terminal can show it.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Theme {
            $($(#[$doc])* pub $role: Style,)*
        }

        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            $($role: Role,)*
        }

        impl File {
            fn theme(&self, depth: Depth) -> Result<Theme, String> {
                Ok(Theme { $($role: self.$role.style(depth).map_err(|e| format!("{}: {e}", stringify!($role)))?,)* })
            }
        }
    };
}

roles! {
    /// What is read.
    text,
    /// What is looked up: figures, units, explanations.
    dim,
    /// Lines, and what is merely there.
    faint,
    /// Names of things: the program, a stream's title.
    title,
    /// Titles of columns and panels.
    heading,
    /// Keys, and what the operator has chosen.
    accent,
    /// Behind header and footer.
    bar,
    /// Behind the selected row.
    selection,
    /// Nothing is wrong.
    ok,
    /// Nothing is known.
    unknown,
    /// Someone should look.
    warning,
    /// Viewers see it.
    critical,
    /// On its way: starting, queued.
    busy,
    /// Charts and gauges.
    chart,
}

impl Role {
    fn style(&self, depth: Depth) -> Result<Style, String> {
        let pick = |exact: Option<&String>, ansi: Option<&String>| -> Result<Option<Color>, String> {
            // Both are read, so that a mistake shows on every terminal.
            let exact = exact.map(|text| rgb(text)).transpose()?;
            let ansi = ansi.map(|text| named(text)).transpose()?;
            Ok(match (depth, exact) {
                (Depth::Sixteen, _) | (_, None) => ansi,
                (Depth::True, Some((r, g, b))) => Some(Color::Rgb(r, g, b)),
                (Depth::Indexed, Some(rgb)) => Some(Color::Indexed(nearest(rgb))),
            })
        };
        let style = Style {
            fg: pick(self.color.as_ref(), self.ansi.as_ref())?,
            bg: pick(self.background.as_ref(), self.ansi_background.as_ref())?,
            ..Style::default()
        };
        let modifiers = [
            (self.bold, Modifier::BOLD),
            (self.dim, Modifier::DIM),
            (self.italic, Modifier::ITALIC),
            (self.underline, Modifier::UNDERLINED),
            (self.reverse, Modifier::REVERSED),
        ];
        Ok(modifiers.into_iter().filter(|(on, _)| *on).fold(style, |s, (_, m)| s.add_modifier(m)))
    }
}

fn rgb(text: &str) -> Result<(u8, u8, u8), String> {
    let mistake = || format!("{text:?} is no colour: write \"#rrggbb\"");
    let digits = text.strip_prefix('#').filter(|d| d.len() == 6 && d.is_ascii()).ok_or_else(mistake)?;
    let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| mistake());
    Ok((part(0)?, part(2)?, part(4)?))
}

fn named(text: &str) -> Result<Color, String> {
    Ok(match text {
        "default" => Color::Reset,
        "black" => Color::Black,
        "red" => Color::Red,
        "green" => Color::Green,
        "yellow" => Color::Yellow,
        "blue" => Color::Blue,
        "magenta" => Color::Magenta,
        "cyan" => Color::Cyan,
        "gray" => Color::Gray,
        "dark-gray" => Color::DarkGray,
        "light-red" => Color::LightRed,
        "light-green" => Color::LightGreen,
        "light-yellow" => Color::LightYellow,
        "light-blue" => Color::LightBlue,
        "light-magenta" => Color::LightMagenta,
        "light-cyan" => Color::LightCyan,
        "white" => Color::White,
        _ => return Err(format!("{text:?} is none of the 16 colours: see the list in themes/dark.toml")),
    })
}

/// The nearest of xterm's 6x6x6 cube and its 24 grays.
fn nearest((r, g, b): (u8, u8, u8)) -> u8 {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let off = |x: u8, y: u8| u32::from(x.abs_diff(y)).pow(2);
    let distance = |(x, y, z): (u8, u8, u8)| off(r, x) + off(g, y) + off(b, z);
    let cube = (0..216u8).map(|i| {
        let step = |i: u8| STEPS[usize::from(i % 6)];
        (16 + i, (step(i / 36), step(i / 6), step(i)))
    });
    let grays = (0..24u8).map(|i| (232 + i, (8 + 10 * i, 8 + 10 * i, 8 + 10 * i)));
    cube.chain(grays).min_by_key(|(_, colour)| distance(*colour)).map_or(7, |(index, _)| index)
}

impl Theme {
    /// Reads a theme.
    ///
    /// # Errors
    /// When `toml` breaks the form described in `themes/dark.toml`.
    pub fn parse(name: &str, toml: &str, depth: Depth) -> Result<Self, ThemeError> {
        let invalid = |reason: String| ThemeError::Invalid { name: name.into(), reason };
        let file: File = toml::from_str(toml).map_err(|e| invalid(e.to_string()))?;
        file.theme(depth).map_err(invalid)
    }

    /// The style of a health.
    #[must_use]
    pub const fn health(&self, health: Health) -> Style {
        match health {
            Health::Ok => self.ok,
            Health::Unknown => self.unknown,
            Health::Warning => self.warning,
            Health::Critical => self.critical,
        }
    }

    /// The style of a severity.
    #[must_use]
    pub const fn severity(&self, severity: Severity) -> Style {
        match severity {
            Severity::Warning => self.warning,
            Severity::Critical => self.critical,
        }
    }

    /// The style of a phase.
    #[must_use]
    pub const fn phase(&self, phase: Phase) -> Style {
        match phase {
            Phase::Live => self.ok,
            Phase::Queued | Phase::Starting | Phase::Stopping => self.busy,
            Phase::Stalled | Phase::Broken => self.critical,
            Phase::Backoff | Phase::Held => self.warning,
            Phase::Resting | Phase::Stopped => self.unknown,
        }
    }
}

/// Everything that decides how a thing looks on this terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Colours.
    pub theme: Theme,
    /// Signs.
    pub glyphs: Glyphs,
}

impl Look {
    /// Chooses theme and signs: a theme that was asked for, else what the environment suggests.
    ///
    /// # Errors
    /// When the theme that was asked for can't be used.
    pub fn choose(theme: Option<&str>, ascii: bool, around: &Surroundings) -> Result<Self, ThemeError> {
        let fallback = if around.no_color || around.dumb() { "monochrome" } else { BUILT_IN[0].0 };
        let name = theme.unwrap_or(fallback);
        let depth = around.depth();
        let theme = match BUILT_IN.iter().find(|(built_in, _)| *built_in == name) {
            Some((_, toml)) => Theme::parse(name, toml, depth)?,
            None if Path::new(name).extension().is_some_and(|e| e == "toml") => {
                Theme::parse(name, &read(name)?, depth)?
            }
            None => return Err(ThemeError::Unknown(name.into())),
        };
        let ascii = ascii || !glyphs::is_utf8(&around.locale);
        Ok(Self { theme, glyphs: if ascii { glyphs::ASCII } else { glyphs::UNICODE } })
    }
}

fn read(path: &str) -> Result<String, ThemeError> {
    let unreadable = |source| ThemeError::Unreadable { path: path.into(), source };
    if std::fs::metadata(path).map_err(unreadable)?.len() > MAX_THEME_BYTES {
        return Err(ThemeError::TooLarge(path.into()));
    }
    std::fs::read_to_string(path).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(term: &str, colorterm: &str) -> Surroundings {
        Surroundings {
            no_color: false,
            term: term.into(),
            colorterm: colorterm.into(),
            locale: "en_US.UTF-8".into(),
        }
    }

    #[test]
    fn built_in_themes_are_whole_at_every_depth() {
        for (name, toml) in BUILT_IN {
            for depth in [Depth::True, Depth::Indexed, Depth::Sixteen] {
                let theme = Theme::parse(name, toml, depth).unwrap();
                assert_ne!(theme.selection, theme.text, "{name}: the selection can be seen");
                assert_ne!(theme.critical, theme.text, "{name}: a fault can be seen");
            }
        }
    }

    #[test]
    fn the_terminal_decides_how_many_colours() {
        let ok =
            |term, colorterm| Look::choose(Some("dark"), false, &around(term, colorterm)).unwrap().theme.ok;
        assert_eq!(ok("xterm", "truecolor").fg, Some(Color::Rgb(0x6f, 0xae, 0x7d)));
        assert_eq!(ok("tmux-256color", "").fg, Some(Color::Indexed(72)));
        assert_eq!(ok("linux", "").fg, Some(Color::Green));
    }

    #[test]
    fn no_color_and_dumb_terminals_get_no_colour() {
        let mut quiet = around("xterm-256color", "truecolor");
        quiet.no_color = true;
        for around in [quiet.clone(), around("dumb", ""), around("", "")] {
            let theme = Look::choose(None, false, &around).unwrap().theme;
            let all = [
                theme.text,
                theme.ok,
                theme.warning,
                theme.critical,
                theme.selection,
                theme.bar,
                theme.chart,
            ];
            assert!(all.iter().all(|s| s.fg.is_none() && s.bg.is_none()), "{around:?}");
            assert!(theme.selection.add_modifier.contains(Modifier::REVERSED));
        }
        // What the operator asks for by name is more than what the environment suggests.
        assert!(Look::choose(Some("dark"), false, &quiet).unwrap().theme.ok.fg.is_some());
    }

    #[test]
    fn a_locale_without_utf8_gets_ascii() {
        let mut around = around("xterm", "");
        assert!(!Look::choose(None, false, &around).unwrap().glyphs.ascii);
        assert!(Look::choose(None, true, &around).unwrap().glyphs.ascii);
        around.locale = "C".into();
        assert!(Look::choose(None, false, &around).unwrap().glyphs.ascii);
        assert!(glyphs::is_utf8("de_DE.utf8"));
    }

    #[test]
    fn mistakes_name_the_role() {
        let (_, dark) = BUILT_IN[0];
        let wrong = dark.replace("#6fae7d", "#6fae7");
        let error = Theme::parse("mine", &wrong, Depth::Sixteen).unwrap_err().to_string();
        assert!(error.contains("mine") && error.contains("ok:") && error.contains("#6fae7"), "{error}");
        assert!(Theme::parse("mine", &format!("{dark}\nblink = {{}}"), Depth::True).is_err());
        assert!(matches!(Look::choose(Some("drak"), false, &around("", "")), Err(ThemeError::Unknown(_))));
        let gone = Look::choose(Some("no/such.toml"), false, &around("", ""));
        assert!(matches!(gone, Err(ThemeError::Unreadable { .. })));
    }
}
