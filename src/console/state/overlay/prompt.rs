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
    /// The filter of the audit log, which works while it is typed.
    AuditFilter,
}

impl PromptFor {
    /// What stands before the line.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Filter | Self::LogSearch | Self::HelpFind | Self::AuditFilter => "/",
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
    /// The line as it was when it was begun.
    pub before: String,
    /// So many lines back among the earlier ones; 0: it is a new one.
    back: usize,
    /// The new one, while an earlier one stands there.
    own: String,
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
        let (edit, before) = (LineEdit::of(text), text.to_owned());
        let prompt = Prompt { purpose, edit, mistake: None, before, back: 0, own: String::new() };
        self.overlay = Some(Overlay::Prompt(prompt));
    }

    pub(super) fn pressed_in_prompt(&mut self, key: &KeyEvent) -> Vec<Effect> {
        let Some(Overlay::Prompt(prompt)) = &mut self.overlay else {
            return Vec::new();
        };
        match key.code {
            KeyCode::Enter => return self.prompt_done(),
            KeyCode::Esc => self.drop_overlay(),
            // Out of an empty line there is only one way. Whoever took out a pattern wants none.
            KeyCode::Backspace if prompt.edit.text().is_empty() => match prompt.purpose {
                PromptFor::Filter
                | PromptFor::LogSearch
                | PromptFor::LogFilter
                | PromptFor::AuditFilter
                | PromptFor::HelpFind => return self.prompt_done(),
                _ => self.drop_overlay(),
            },
            _ => match prompt.edit.pressed(key) {
                Some(true) => self.prompt_changed(),
                Some(false) => {}
                None => self.moved_in_prompt(key),
            },
        }
        Vec::new()
    }

    /// A key that is none of the line's: an earlier line is called, or what is behind it moves.
    fn moved_in_prompt(&mut self, key: &KeyEvent) {
        if matches!(key.code, KeyCode::Up | KeyCode::Down) && self.call_earlier(key.code == KeyCode::Up) {
            return;
        }
        let does = match key.code {
            KeyCode::Up => Does::Up,
            KeyCode::Down => Does::Down,
            KeyCode::PageUp => Does::PageUp,
            KeyCode::PageDown => Does::PageDown,
            _ => return,
        };
        self.does(does);
    }

    /// An earlier line takes the place of the one that is typed, or a later one; the new one comes last.
    /// False: of these no earlier ones are kept.
    fn call_earlier(&mut self, older: bool) -> bool {
        let Some(Overlay::Prompt(prompt)) = &mut self.overlay else { return false };
        let Some(earlier) = self.earlier.of(prompt.purpose) else { return false };
        if prompt.back == 0 {
            prompt.edit.text().clone_into(&mut prompt.own);
        }
        let mut back = prompt.back;
        // One that stands there already is no other.
        let called = loop {
            let next = if older { back.checked_add(1) } else { back.checked_sub(1) };
            let Some(next) = next else { return true };
            back = next;
            let line = if back == 0 { Some(prompt.own.as_str()) } else { earlier.back(back) };
            match line {
                None => return true,
                Some(line) if line != prompt.edit.text() || back == 0 => break LineEdit::of(line),
                Some(_) => {}
            }
        };
        (prompt.back, prompt.edit) = (back, called);
        self.prompt_changed();
        true
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
            PromptFor::AuditFilter => {
                self.audit.set_filter(&text);
                None
            }
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
        match done {
            Ok(effects) => {
                self.earlier.keep(prompt.purpose, prompt.edit.text());
                effects
            }
            Err(mistake) => {
                prompt.mistake = Some(mistake);
                self.overlay = Some(Overlay::Prompt(prompt));
                Vec::new()
            }
        }
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
            PromptFor::Filter
            | PromptFor::ViewName
            | PromptFor::Mute
            | PromptFor::HelpFind
            | PromptFor::AuditFilter => Vec::new(),
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

    /// The filter of the rows on the screen, while it is not the one that is typed: that one has a
    /// mistake, or ends in the middle of a field.
    #[must_use]
    pub fn filter_behind(&self) -> Option<&str> {
        let prompt = self.prompt().filter(|prompt| prompt.purpose == PromptFor::Filter)?;
        (prompt.edit.text() != self.list.filter).then_some(&self.list.filter)
    }

    /// The line is dropped.
    pub(super) fn prompt_dropped(&mut self, prompt: &Prompt) {
        match prompt.purpose {
            PromptFor::Filter => {
                // It was in force when the line was begun: there is nothing wrong with it.
                let _ = self.list.set_filter(&prompt.before);
                self.rebuild();
            }
            PromptFor::HelpFind => self.help.find.clear(),
            PromptFor::AuditFilter => self.audit.set_filter(&prompt.before),
            PromptFor::LogSearch | PromptFor::LogFilter => {
                let room = self.log_room();
                self.log.drop_typing(room);
            }
            PromptFor::Mute | PromptFor::Note | PromptFor::LogSave | PromptFor::ViewName => {}
        }
    }
}
