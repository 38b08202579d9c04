//! What the environment says about the terminal.

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
    /// It is tmux that shows what is written.
    pub tmux: bool,
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
            tmux: !var("TMUX").is_empty(),
        }
    }

    /// How many colours there are.
    #[must_use]
    pub fn depth(&self) -> Depth {
        if matches!(self.colorterm.as_str(), "truecolor" | "24bit") || self.term.contains("direct") {
            Depth::True
        } else if self.term.contains("256color") {
            Depth::Indexed
        } else {
            Depth::Sixteen
        }
    }

    /// Whether nothing is to be coloured.
    #[must_use]
    pub fn no_colour(&self) -> bool {
        self.no_color || self.is_dumb()
    }

    /// Whether the terminal may be asked something. The Linux console's older ones would write the
    /// question on the screen.
    #[must_use]
    pub fn answers(&self) -> bool {
        !self.is_dumb() && self.term != "linux"
    }

    /// Whether it can do nothing but write.
    #[must_use]
    pub fn is_dumb(&self) -> bool {
        self.term.is_empty() || self.term == "dumb"
    }
}
