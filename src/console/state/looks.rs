//! Which theme is worn: the one that was asked for, else the one that was picked, else what suits
//! the terminal.

use super::overlay::picker::{Item, Pick, Picker};
use super::update::Effect;
use super::{Dirty, State};
use crate::console::decode::Background;
use crate::console::remembered::PickedTheme;
use crate::console::theme::{BUILT_IN, LIGHT, Look, MONOCHROME, Surroundings, Theme, signs};

/// A theme with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Dress {
    name: String,
    theme: Theme,
}

/// What is worn, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looks {
    /// As everything is drawn now.
    pub look: Look,
    /// The name of the theme in it.
    pub name: String,
    around: Surroundings,
    /// What the configuration or an argument asks for.
    wished: Option<Dress>,
    /// It was an argument.
    firm: bool,
    /// What was picked from the list.
    picked: Option<Dress>,
    /// What is remembered of it; also where it is not worn.
    kept: Option<PickedTheme>,
    /// What the terminal said of itself.
    background: Option<Background>,
}

impl Looks {
    /// What suits a terminal in these surroundings.
    #[must_use]
    pub fn new(around: Surroundings) -> Self {
        let mut looks = Self {
            look: Look::suiting(false, &around),
            name: String::new(),
            around,
            wished: None,
            firm: false,
            picked: None,
            kept: None,
            background: None,
        };
        looks.settle();
        looks
    }

    /// How many colours there are, and what else the environment says.
    #[must_use]
    pub const fn around(&self) -> &Surroundings {
        &self.around
    }

    /// Whether the terminal's background decides: nothing else was said.
    #[must_use]
    pub fn follows_terminal(&self) -> bool {
        self.wished.is_none() && self.picked.is_none() && !self.around.no_colour()
    }

    /// The pick that is to be remembered.
    #[must_use]
    pub const fn kept(&self) -> Option<&PickedTheme> {
        self.kept.as_ref()
    }

    /// The theme that was picked.
    #[must_use]
    pub fn picked(&self) -> Option<&str> {
        self.picked.as_ref().map(|dress| dress.name.as_str())
    }

    /// What is asked for, by name; `firm`: by an argument. `None`: nothing.
    pub fn wish(&mut self, wished: Option<(&str, Theme)>, firm: bool) {
        let wished = wished.map(|(name, theme)| Dress { name: name.to_owned(), theme });
        // Who writes another theme into the configuration wants to see that one.
        if wished.is_some() && wished != self.wished {
            (self.picked, self.kept) = (None, None);
        }
        (self.wished, self.firm) = (wished, firm);
        self.settle();
    }

    /// Only ASCII, or what the terminal knows.
    pub fn set_ascii(&mut self, ascii: bool) {
        self.look.glyphs = signs(ascii, &self.around);
    }

    /// Takes up what was picked in another run, unless the configuration asks for another theme than
    /// then. Where nothing is to be coloured, a terminal that was is no reason.
    pub fn recall(&mut self, kept: Option<PickedTheme>) {
        self.kept = kept.filter(|kept| self.firm || kept.instead_of == self.asked_for());
        if let Some(kept) = self.kept.as_ref().filter(|_| !self.around.no_colour()) {
            self.picked = self.dress(&kept.name);
            self.settle();
        }
    }

    /// The theme that the configuration asks for, as far as no argument hides it.
    fn asked_for(&self) -> Option<String> {
        self.wished.as_ref().filter(|_| !self.firm).map(|dress| dress.name.clone())
    }

    /// Picks a theme; `None`: none, so that what was asked for or suits the terminal is worn.
    pub fn pick(&mut self, name: Option<&str>) {
        let instead_of = self.asked_for();
        self.picked = name.and_then(|name| self.dress(name));
        self.kept = name.map(|name| PickedTheme { name: name.to_owned(), instead_of });
        // What is picked now comes after the argument.
        self.firm = false;
        self.settle();
    }

    /// Shows how a theme looks; [`Looks::settle`] ends it.
    pub fn try_on(&mut self, name: Option<&str>) {
        let dress = match name {
            Some(name) => self.dress(name),
            None => self.without_pick(),
        };
        self.wear(dress);
    }

    /// The terminal has said how its background is.
    pub fn told(&mut self, background: Background) {
        self.background = Some(background);
        self.settle();
    }

    /// Wears what is to be worn.
    pub fn settle(&mut self) {
        let picked = self.picked.clone().filter(|_| !self.firm);
        let dress = picked.or_else(|| self.without_pick());
        self.wear(dress);
    }

    fn wear(&mut self, dress: Option<Dress>) {
        if let Some(Dress { name, theme }) = dress {
            (self.name, self.look.theme) = (name, theme);
        }
    }

    fn without_pick(&self) -> Option<Dress> {
        self.wished.clone().or_else(|| self.dress(self.suiting()))
    }

    /// The built-in theme that suits the terminal.
    fn suiting(&self) -> &'static str {
        match self.background {
            _ if self.around.no_colour() => MONOCHROME,
            Some(Background::Light) => LIGHT,
            _ => BUILT_IN[0].0,
        }
    }

    fn dress(&self, name: &str) -> Option<Dress> {
        let own = self.wished.as_ref().filter(|dress| dress.name == name).cloned();
        own.or_else(|| {
            let theme = Theme::built_in(name, self.around.depth())?;
            Some(Dress { name: name.to_owned(), theme })
        })
    }

    /// The themes to pick from: none in particular, the operator's own, those that are built in.
    fn names(&self) -> Vec<Option<String>> {
        let built_in = BUILT_IN.iter().map(|(name, _)| (*name).to_owned());
        let own = self.wished.as_ref().map(|dress| dress.name.clone());
        let own = own.filter(|own| BUILT_IN.iter().all(|(name, _)| name != own));
        std::iter::once(None).chain(own.into_iter().chain(built_in).map(Some)).collect()
    }

    fn note(&self, name: Option<&str>) -> &'static str {
        match name {
            None if self.wished.is_some() => "as the configuration or an argument says",
            None => "dark or light, as the terminal's background is",
            Some(name) => {
                BUILT_IN.iter().find(|(built_in, _)| *built_in == name).map_or("your own", |_| match name {
                    "dark" => "headend's own, for a dark background",
                    "light" => "headend's own, for a light background",
                    "high-contrast" => "white on black, strong colours",
                    "colour-blind" => "blue, yellow and orange, no red or green",
                    "monochrome" => "no colour: weight, underline and reverse",
                    _ => "",
                })
            }
        }
    }
}

/// What the entry is called that takes a pick back.
const AUTO: &str = "auto";

impl State {
    /// The themes as entries of a list; `before` stands before each name.
    pub(super) fn theme_items(&self, before: &str) -> Vec<Item> {
        let item = |name: Option<String>| Item {
            label: format!("{before}{}", name.as_deref().unwrap_or(AUTO)),
            note: self.looks.note(name.as_deref()).to_owned(),
            key: String::new(),
            pick: Pick::Theme(name),
        };
        self.looks.names().into_iter().map(item).collect()
    }

    /// Lists the themes; the one under the cursor is worn meanwhile.
    pub(super) fn open_themes(&mut self) {
        let mut picker = Picker::new("theme", self.theme_items(""));
        let worn = Pick::Theme(self.looks.picked().map(str::to_owned));
        let at = picker.items.iter().position(|item| item.pick == worn);
        picker.selected = at.unwrap_or(0);
        picker.live = true;
        self.pick_from(picker);
    }

    /// A theme was picked.
    pub(super) fn theme_picked(&mut self, name: Option<&str>) -> Vec<Effect> {
        self.looks.pick(name);
        self.say(format!("theme {}", self.looks.name), false);
        // Now the terminal decides, and may never have been asked.
        let unknown = self.looks.background.is_none() && self.looks.around().answers();
        let ask = (self.looks.follows_terminal() && unknown).then_some(Effect::AskBackground);
        self.remember().into_iter().chain(ask).collect()
    }

    /// The terminal has said how its background is.
    pub(super) fn background_told(&mut self, background: Background) {
        let name = self.looks.name.clone();
        self.looks.told(background);
        // What is tried on just now stays on.
        self.picker_moved();
        if self.looks.name != name {
            self.want(Dirty::Now);
        }
    }
}
