//! A line typed at the bottom of the screen, and what becomes of it.

use crossterm::event::{KeyCode, KeyEvent};

use super::{LineEdit, Overlay};
use crate::console::state::State;
use crate::console::state::update::Effect;

/// What the line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromptFor {
    /// The filter of the grid, which works while it is typed.
    Filter,
    /// What is looked for in the help.
    HelpFind,
}

impl PromptFor {
    /// What stands before the line.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Filter | Self::HelpFind => "/",
        }
    }
}

/// What is wrong with the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where, in bytes of the line.
    pub at: usize,
    /// What, and what to write instead.
    pub text: String,
}

/// A line being typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// What for.
    pub purpose: PromptFor,
    /// The line.
    pub edit: LineEdit,
    /// What is wrong with it now.
    pub mistake: Option<Mistake>,
}

impl State {
    /// Begins a line.
    pub(in crate::console::state) fn prompt_for(&mut self, purpose: PromptFor, text: &str) {
        self.overlay = Some(Overlay::Prompt(Prompt { purpose, edit: LineEdit::of(text), mistake: None }));
    }

    pub(super) fn pressed_in_prompt(&mut self, key: &KeyEvent) -> Vec<Effect> {
        let Some(Overlay::Prompt(prompt)) = &mut self.overlay else {
            return Vec::new();
        };
        match key.code {
            KeyCode::Enter => return self.prompt_done(),
            KeyCode::Esc => self.drop_overlay(),
            _ => match prompt.edit.pressed(key) {
                Some(true) => self.prompt_changed(),
                Some(false) => {}
                None => self.moved_in_prompt(key),
            },
        }
        Vec::new()
    }

    /// A key that is none of the line's: what is behind it moves.
    fn moved_in_prompt(&mut self, key: &KeyEvent) {
        let Some(purpose) = self.prompt().map(|prompt| prompt.purpose) else { return };
        let page = match purpose {
            PromptFor::Filter => self.page(),
            PromptFor::HelpFind => self.areas().body.height.try_into().unwrap_or(1),
        };
        let rows = match key.code {
            KeyCode::Up => -1,
            KeyCode::Down => 1,
            KeyCode::PageUp => -page,
            KeyCode::PageDown => page,
            _ => return,
        };
        self.scroll(rows);
    }

    /// The line has changed.
    pub(super) fn prompt_changed(&mut self) {
        let Some(Overlay::Prompt(prompt)) = &self.overlay else {
            return;
        };
        match prompt.purpose {
            PromptFor::Filter => {
                self.list.filter = prompt.edit.text().to_owned();
                self.rebuild();
            }
            PromptFor::HelpFind => {
                self.help.find = prompt.edit.text().to_owned();
                self.help_top = 0;
            }
        }
    }

    /// The line is taken as it is.
    fn prompt_done(&mut self) -> Vec<Effect> {
        let Some(Overlay::Prompt(prompt)) = self.overlay.take() else {
            return Vec::new();
        };
        match prompt.purpose {
            // They work already.
            PromptFor::Filter | PromptFor::HelpFind => {}
        }
        Vec::new()
    }

    /// The line is dropped.
    pub(super) fn prompt_dropped(&mut self, prompt: &Prompt) {
        match prompt.purpose {
            PromptFor::Filter => {
                self.list.filter.clear();
                self.rebuild();
            }
            PromptFor::HelpFind => self.help.find.clear(),
        }
    }
}
