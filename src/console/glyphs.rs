//! The signs on the screen: one set for terminals that know Unicode, one for those that don't.
//!
//! No emoji and no variation selectors: terminals disagree about their width.

use crate::model::{Health, Phase};

/// Which signs are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glyphs {
    /// Only ASCII: text from outside is reduced to it as well.
    pub ascii: bool,
    /// Marks the selected row.
    pub cursor: &'static str,
    /// The column is sorted upwards.
    pub up: &'static str,
    /// The column is sorted downwards.
    pub down: &'static str,
    /// Stands for what was cut off.
    pub cut: &'static str,
    /// Between two short facts.
    pub dot: &'static str,
    /// A horizontal line.
    pub line: &'static str,
    /// The thick line of the health bar and of a gauge.
    pub bar: &'static str,
    /// The part of a gauge that is not filled.
    pub rest: &'static str,
    /// Marks what is selected together with others.
    pub mark: &'static str,
    /// The same, under the cursor.
    pub cursor_on_mark: &'static str,
    /// Somebody looks after it: acknowledged, or muted.
    pub tended: &'static str,
    /// A group that is folded.
    pub folded: &'static str,
    /// A group that is not.
    pub unfolded: &'static str,
    /// Where the next typed character goes.
    pub caret: &'static str,
    /// A line across a chart that its values are measured against.
    pub measure: &'static str,
    /// Levels of a chart, lowest first; the first one means nothing.
    pub levels: [&'static str; 9],
}

/// For terminals that show Unicode.
pub const UNICODE: Glyphs = Glyphs {
    ascii: false,
    cursor: "▌",
    up: "▲",
    down: "▼",
    cut: "…",
    dot: "·",
    line: "─",
    bar: "━",
    rest: "─",
    mark: "◆",
    cursor_on_mark: "◈",
    tended: "✓",
    folded: "▸",
    unfolded: "▾",
    caret: "▏",
    measure: "┄",
    levels: [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
};

/// For all others.
pub const ASCII: Glyphs = Glyphs {
    ascii: true,
    cursor: ">",
    up: "^",
    down: "v",
    cut: "~",
    dot: ".",
    line: "-",
    bar: "=",
    rest: "-",
    mark: "+",
    cursor_on_mark: "&",
    tended: "/",
    folded: "+",
    unfolded: "-",
    caret: "_",
    measure: "-",
    levels: [" ", ".", ".", ":", "-", "=", "+", "*", "#"],
};

impl Glyphs {
    /// The sign of a phase; its word always stands next to it.
    #[must_use]
    pub const fn phase(&self, phase: Phase) -> &'static str {
        if self.ascii {
            return match phase {
                Phase::Live => "*",
                Phase::Queued => ".",
                Phase::Starting => "+",
                Phase::Stalled => "~",
                Phase::Stopping => "-",
                Phase::Backoff => "@",
                Phase::Broken => "X",
                Phase::Held => "=",
                Phase::Resting => "z",
                Phase::Stopped => "o",
            };
        }
        match phase {
            Phase::Live => "●",
            Phase::Queued => "◌",
            Phase::Starting => "◔",
            Phase::Stalled => "◍",
            Phase::Stopping => "◕",
            Phase::Backoff => "↻",
            Phase::Broken => "✗",
            Phase::Held => "‖",
            Phase::Resting => "◑",
            Phase::Stopped => "○",
        }
    }

    /// The sign of a health; its word, or its condition's, always stands next to it.
    #[must_use]
    pub const fn health(&self, health: Health) -> &'static str {
        match (health, self.ascii) {
            (Health::Ok, false) => "●",
            (Health::Ok, true) => "*",
            (Health::Unknown, false) => "○",
            (Health::Unknown, true) => "o",
            (Health::Warning, false) => "▲",
            (Health::Warning, true) => "!",
            (Health::Critical, false) => "■",
            (Health::Critical, true) => "#",
        }
    }
}

/// Whether a locale, as `LC_ALL`, `LC_CTYPE` or `LANG` name it, writes UTF-8.
#[must_use]
pub fn is_utf8(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}
