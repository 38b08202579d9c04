//! What the operator's files say of the console, taken in at the start and whenever they change.

use super::update::Effect;
use super::{Dirty, State};
use crate::console::theme::Surroundings;
use crate::console::wishes::{Told, Wishes};

impl State {
    /// Begins in these surroundings with what the files said.
    pub fn begin(&mut self, around: Surroundings, told: Told) {
        self.looks = super::Looks::new(around);
        let wished = told.wishes.as_ref().is_some_and(|wishes| wishes.mouse);
        self.mouse = wished && !self.wall.alone && !self.looks.around().is_dumb();
        self.take_in(told);
    }

    /// What the terminal is to be told after it was taken.
    #[must_use]
    pub fn set_up(&self) -> Vec<Effect> {
        let mouse = self.mouse.then_some(Effect::Mouse(true));
        let ask =
            (self.looks.follows_terminal() && self.looks.around().answers()).then_some(Effect::AskBackground);
        mouse.into_iter().chain(ask).collect()
    }

    /// The files have changed.
    pub(super) fn files_told(&mut self, told: Told) -> Vec<Effect> {
        self.want(Dirty::Now);
        let (wrong, changed) = (!told.mistakes.is_empty(), told.mistakes != self.mistakes);
        let keys = told.keymap.as_ref().is_some_and(|keymap| *keymap != self.keymap);
        let wishes = told.wishes.as_ref().is_some_and(|wishes| *wishes != self.wishes);
        let before = (self.looks.clone(), self.wishes.mouse);
        self.take_in(told);
        let looks = before.0 != self.looks;
        let mut effects = Vec::new();
        if before.0.kept() != self.looks.kept() {
            effects.extend(self.remember());
        }
        // Only a change of the wish: whoever turned it off by key did so after it was written.
        if before.1 != self.wishes.mouse && self.mouse != self.wishes.mouse && !self.wall.alone {
            effects.extend(self.toggle_mouse());
        }
        // A line at the top tells what is wrong.
        if wrong && changed {
            return effects;
        }
        if keys || wishes || looks || changed {
            let what = [(keys, "keys"), (looks, "theme"), (wishes && !looks, "settings")];
            let what: Vec<&str> = what.into_iter().filter(|(on, _)| *on).map(|(_, word)| word).collect();
            if what.is_empty() {
                self.say("no mistakes in the console's files any more".into(), false);
            } else {
                self.say(format!("{} read anew", what.join(" and ")), false);
            }
        }
        effects
    }

    fn take_in(&mut self, told: Told) {
        if let Some(keymap) = told.keymap {
            self.keymap = keymap;
        }
        if let Some(wishes) = told.wishes {
            self.looks.set_ascii(wishes.ascii);
            self.arrangement.configure(wishes.views.clone());
            self.wishes = wishes;
        }
        if let Some(theme) = told.theme {
            let wish = self.wishes.theme.as_ref();
            let wished = wish.zip(theme).map(|(wish, theme)| (wish.name.as_str(), theme));
            self.looks.wish(wished, wish.is_some_and(|wish| wish.firm));
            // What is tried on just now stays on.
            self.picker_moved();
        }
        self.mistakes = told.mistakes;
        // The line that tells of them comes or goes.
        self.fit_to_size();
    }

    /// What the operator wishes of the console, as far as it is known.
    #[must_use]
    pub const fn wishes(&self) -> &Wishes {
        &self.wishes
    }

    /// Which of the lines at the top tells that the files have mistakes, from 0.
    pub(super) fn line_of_mistakes(&self) -> Option<u16> {
        let above = u16::from(self.silent_for().is_some()) + u16::from(self.is_frozen());
        (!self.mistakes.is_empty()).then_some(above)
    }

    /// Takes clicks and the wheel, or leaves them to the terminal.
    pub(super) fn toggle_mouse(&mut self) -> Vec<Effect> {
        self.mouse = !self.mouse;
        let what = if self.mouse {
            "mouse on: with shift held, most terminals still select text"
        } else {
            "mouse off: the terminal selects text"
        };
        self.say(what.into(), false);
        vec![Effect::Mouse(self.mouse)]
    }
}
