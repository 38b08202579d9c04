//! Colours: read from TOML, reduced to what the terminal can show.

mod around;
mod colour;
mod file;
#[cfg(test)]
mod tests;

use std::path::Path;

use ratatui::style::Style;

pub use around::{Depth, Surroundings};

use super::glyphs::{self, Glyphs};
use super::mistake::{Mistake, meant, quote, read_file};
use crate::model::{Health, Phase, Severity};

macro_rules! built_in {
    ($($name:literal,)*) => {
        /// The themes that are built in, the default first.
        pub const BUILT_IN: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../themes/", $name, ".toml"))),)*];
    };
}

built_in! {
    "dark",
    "light",
    "high-contrast",
    "colour-blind",
    "solarized-dark",
    "solarized-light",
    "nord",
    "gruvbox",
    "monochrome",
}

/// The theme for a light background.
pub const LIGHT: &str = "light";
/// The theme without a colour.
pub const MONOCHROME: &str = "monochrome";
/// The largest theme file that is read, in bytes.
const MAX_THEME_BYTES: u64 = 64 * 1024;

macro_rules! roles {
    ($($(#[$doc:meta])* $role:ident,)*) => {
        /// A theme, as this terminal can show it.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Theme {
            $($(#[$doc])* pub $role: Style,)*
        }

        /// The names of the roles, as a theme's file calls them.
        pub const ROLES: &[&str] = &[$(stringify!($role),)*];

        impl Theme {
            /// The theme whose roles look so.
            fn of(style: impl Fn(&str) -> Style) -> Self {
                Self { $($role: style(stringify!($role)),)* }
            }

            /// Every role's look, in the order of [`ROLES`].
            #[must_use]
            pub fn styles(&self) -> Vec<Style> {
                vec![$(self.$role,)*]
            }
        }
    };
}

roles! {
    /// Behind everything.
    ground,
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

impl Theme {
    /// The built-in theme of this name.
    #[must_use]
    pub fn built_in(name: &str, depth: Depth) -> Option<Self> {
        let (name, toml) = BUILT_IN.iter().find(|(built_in, _)| *built_in == name)?;
        file::parse(name, toml, depth).ok()
    }

    /// The theme that `wish` means: a built-in one's name, or the path of a `.toml` file.
    ///
    /// # Errors
    /// When there is none, or everything that is wrong with the file.
    pub fn wished(wish: &str, depth: Depth) -> Result<Self, Vec<Mistake>> {
        if let Some(theme) = Self::built_in(wish, depth) {
            return Ok(theme);
        }
        let path = Path::new(wish);
        if path.extension().is_some_and(|ending| ending == "toml") {
            let text = read_file(path, MAX_THEME_BYTES).map_err(|mistake| vec![mistake])?;
            return file::parse(wish, &text, depth);
        }
        let names = || BUILT_IN.iter().map(|(name, _)| *name);
        let near = meant(wish, names());
        let listed = names().collect::<Vec<_>>().join(", ");
        let also = if near.is_empty() { format!(": use {listed} or the path of a .toml file") } else { near };
        let text = format!("there is no theme {}{also}", quote(wish));
        Err(vec![Mistake { file: "theme".into(), line: 0, column: 0, text }])
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
    /// What suits the terminal, as far as its environment says.
    #[must_use]
    pub fn suiting(ascii: bool, around: &Surroundings) -> Self {
        let name = if around.no_colour() { MONOCHROME } else { BUILT_IN[0].0 };
        let theme = Theme::built_in(name, around.depth()).unwrap_or_else(|| Theme::of(|_| Style::default()));
        Self { theme, glyphs: signs(ascii, around) }
    }
}

/// The signs of a terminal; `ascii`: no others than those, whatever it knows.
#[must_use]
pub fn signs(ascii: bool, around: &Surroundings) -> Glyphs {
    if ascii || !glyphs::is_utf8(&around.locale) { glyphs::ASCII } else { glyphs::UNICODE }
}
