//! A line typed at the bottom of the screen, and what becomes of it.

use crossterm::event::{KeyCode, KeyEvent};

use super::{LineEdit, Overlay};
use crate::console::keymap::Does;
use crate::console::state::update::Effect;
use crate::console::state::{State, care};
use crate::model::{CareOrder, query};

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
    /// The name of a view that is to be saved.
    ViewName,
    /// What is looked for in the help.
    HelpFind,
}

impl PromptFor {
    /// What stands before the line.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Filter | Self::LogSearch | Self::HelpFind => "/",
            Self::LogFilter => "&",
            Self::LogSave => "save to: ",
            Self::Mute => "mute for: ",
            Self::Note => "note: ",
            Self::ViewName => "save view as: ",
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

/// What is being typed at the end of a query.
fn last_word(text: &str) -> &str {
    text.rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '|' | '-' | '!'))
        .next()
        .unwrap_or(text)
}

/// What stands before the term that has its mistake at `at`.
fn before_mistake(text: &str, at: usize) -> &str {
    let before = text.get(..at).unwrap_or(text);
    let blank = before.char_indices().rev().find(|(_, c)| c.is_whitespace());
    let term = blank.map_or(0, |(at, c)| at + c.len_utf8());
    before.get(..term).unwrap_or("")
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
            // Out of an empty line there is only one way.
            KeyCode::Backspace if prompt.edit.text().is_empty() => self.drop_overlay(),
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
        let Some(Overlay::Prompt(prompt)) = &mut self.overlay else {
            return;
        };
        let text = prompt.edit.text().to_owned();
        let mistake = match prompt.purpose {
            PromptFor::Filter => self.filter_typed(&text),
            PromptFor::Mute => care::span(&text).err(),
            PromptFor::Note => care::note_mistake(&text),
            PromptFor::LogSearch | PromptFor::LogFilter => {
                let purpose = prompt.purpose;
                self.log_pattern_typed(purpose, &text)
            }
            PromptFor::LogSave | PromptFor::ViewName => None,
            PromptFor::HelpFind => {
                self.help.find.clone_from(&text);
                self.help_top = 0;
                None
            }
        };
        if let Some(Overlay::Prompt(prompt)) = &mut self.overlay {
            prompt.mistake = mistake;
        }
    }

    /// The line is taken as it is; with a mistake in it, it is not.
    fn prompt_done(&mut self) -> Vec<Effect> {
        let Some(Overlay::Prompt(mut prompt)) = self.overlay.take() else {
            return Vec::new();
        };
        let text = prompt.edit.text().trim();
        let done = match prompt.purpose {
            // With a mistake it is not done.
            PromptFor::Filter => match self.list.set_filter(prompt.edit.text()) {
                Ok(()) => {
                    self.rebuild();
                    Ok(Vec::new())
                }
                Err(query::Mistake { at, text }) => Err(Mistake { at, text }),
            },
            PromptFor::ViewName => self.save_view(prompt.edit.text()),
            PromptFor::Mute => care::span(text).map(|span| self.care(CareOrder::Mute(span))),
            _ => match prompt.mistake.take() {
                Some(mistake) => Err(mistake),
                None => Ok(self.prompt_taken(&prompt)),
            },
        };
        done.unwrap_or_else(|mistake| {
            prompt.mistake = Some(mistake);
            self.overlay = Some(Overlay::Prompt(prompt));
            Vec::new()
        })
    }

    /// A line without a mistake is taken.
    fn prompt_taken(&mut self, prompt: &Prompt) -> Vec<Effect> {
        let text = prompt.edit.text();
        match prompt.purpose {
            PromptFor::LogSearch | PromptFor::LogFilter => {
                self.log_pattern_done(prompt.purpose);
                Vec::new()
            }
            PromptFor::LogSave => self.save_lines(text),
            PromptFor::Note => self.care(CareOrder::Note(text.trim().into())),
            PromptFor::Filter | PromptFor::ViewName | PromptFor::Mute | PromptFor::HelpFind => Vec::new(),
        }
    }

    /// The filter of the grid works while it is typed; what is wrong with it.
    fn filter_typed(&mut self, text: &str) -> Option<Mistake> {
        let before = self.list.filter.clone();
        // While it has a mistake the last one without stays in force.
        if let Err(mistake) = self.list.set_filter(text) {
            let before = before_mistake(text, mistake.at);
            // The one without may be a half-typed field, which found nothing as a word.
            if self.list.order.is_empty() && self.list.set_filter(before).is_ok() {
                self.rebuild();
            }
            return Some(Mistake { at: mistake.at, text: mistake.text });
        }
        self.rebuild();
        // So it does while a field is being typed.
        if self.list.order.is_empty() && query::Field::may_begin_with(last_word(text)) {
            let _ = self.list.set_filter(&before);
            self.rebuild();
        }
        None
    }

    /// The line is dropped.
    pub(super) fn prompt_dropped(&mut self, prompt: &Prompt) {
        match prompt.purpose {
            PromptFor::Filter => {
                let faults_only = self.list.faults_only;
                self.list.drop_filter();
                self.list.faults_only = faults_only;
                self.rebuild();
            }
            PromptFor::HelpFind => self.help.find.clear(),
            PromptFor::LogSearch | PromptFor::LogFilter => {
                let room = self.log_room();
                self.log.drop_typing(room);
            }
            PromptFor::Mute | PromptFor::Note | PromptFor::LogSave | PromptFor::ViewName => {}
        }
    }
}
