//! A line typed at the bottom of the screen, and what becomes of it.

use crossterm::event::{KeyCode, KeyEvent};

use super::{LineEdit, Overlay};
use crate::console::keymap::Does;
use crate::console::state::update::Effect;
use crate::console::state::{State, care};
use crate::model::CareOrder;

/// What the line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromptFor {
    /// The filter of the grid, which works while it is typed.
    Filter,
    /// The time for which nobody is told about a stream.
    Mute,
    /// What is noted about a stream.
    Note,
    /// What is searched for in a log, shown while it is typed.
    LogSearch,
    /// The filter of a log, which works while it is typed.
    LogFilter,
    /// The file that what a log shows is saved to.
    LogSave,
}

impl PromptFor {
    /// What stands before the line.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Filter | Self::LogSearch => "/",
            Self::LogFilter => "&",
            Self::LogSave => "save to: ",
            Self::Mute => "mute for: ",
            Self::Note => "note: ",
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
        let does = match key.code {
            KeyCode::Up => Does::Up,
            KeyCode::Down => Does::Down,
            KeyCode::PageUp => Does::PageUp,
            KeyCode::PageDown => Does::PageDown,
            _ => return,
        };
        self.does(does);
    }

    /// The line has changed.
    pub(super) fn prompt_changed(&mut self) {
        let Some(Overlay::Prompt(prompt)) = &self.overlay else {
            return;
        };
        let text = prompt.edit.text();
        let mistake = match prompt.purpose {
            PromptFor::Filter => {
                self.list.filter = text.to_owned();
                self.rebuild();
                return;
            }
            PromptFor::Mute => care::span(text).err(),
            PromptFor::Note => care::note_mistake(text),
            PromptFor::LogSearch | PromptFor::LogFilter => {
                let (purpose, text) = (prompt.purpose, text.to_owned());
                self.log_pattern_typed(purpose, &text)
            }
            PromptFor::LogSave => None,
        };
        if let Some(Overlay::Prompt(prompt)) = &mut self.overlay {
            prompt.mistake = mistake;
        }
    }

    /// The line is taken as it is; with a mistake in it, it is not.
    fn prompt_done(&mut self) -> Vec<Effect> {
        let Some(Overlay::Prompt(prompt)) = self.overlay.take_if(|overlay| match overlay {
            Overlay::Prompt(prompt) => prompt.mistake.is_none(),
            _ => false,
        }) else {
            return Vec::new();
        };
        let text = prompt.edit.text().trim();
        match prompt.purpose {
            // It works already.
            PromptFor::Filter => Vec::new(),
            PromptFor::LogSearch | PromptFor::LogFilter => {
                self.log_pattern_done(prompt.purpose);
                Vec::new()
            }
            PromptFor::LogSave => self.save_lines(prompt.edit.text()),
            PromptFor::Note => self.care(CareOrder::Note(text.into())),
            PromptFor::Mute => match care::span(text) {
                Ok(span) => self.care(CareOrder::Mute(span)),
                Err(mistake) => {
                    self.overlay = Some(Overlay::Prompt(Prompt { mistake: Some(mistake), ..prompt }));
                    Vec::new()
                }
            },
        }
    }

    /// The line is dropped.
    pub(super) fn prompt_dropped(&mut self, prompt: &Prompt) {
        match prompt.purpose {
            PromptFor::Filter => {
                self.list.filter.clear();
                self.rebuild();
            }
            PromptFor::LogSearch | PromptFor::LogFilter => {
                let room = self.log_room();
                self.log.drop_typing(room);
            }
            PromptFor::Mute | PromptFor::Note | PromptFor::LogSave => {}
        }
    }
}
