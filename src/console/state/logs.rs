//! Log panes: which logs are followed, and what the operator does in them.

use std::path::PathBuf;
use std::time::Duration;

use super::log::pattern::Pattern;
use super::log::stamps::Stamps;
use super::log::taking::{COPY_BYTES, Saved};
use super::log::{News, Room};
use super::overlay::edit::MAX_LINE;
use super::overlay::picker::{Item, Pick, Picker};
use super::overlay::prompt::{Mistake, PromptFor};
use super::update::Effect;
use super::{Dirty, Screen, State, counted};
use crate::console::keymap::Does;
use crate::console::pages::Part;
use crate::console::spans::age_changes_in;
use crate::link::{ClientMessage, MAX_FOLLOWED};
use crate::model::{OldLines, StreamIx, WallTime};

/// Lines to be written to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaveLines {
    /// Where; when there is such a file already, another name is chosen.
    pub path: PathBuf,
    /// The folder is ours, and made when it is not there.
    pub make_folder: bool,
    /// The lines.
    pub lines: Vec<Saved>,
}

impl State {
    /// The room of the open log's lines.
    #[must_use]
    pub fn log_room(&self) -> Room {
        let area = self.log_area();
        Room { width: area.width, height: area.height.saturating_sub(1).max(1) }
    }

    /// Moves what is seen of the open log.
    pub(super) fn scroll_log(&mut self, lines: isize) {
        let room = self.log_room();
        match lines {
            _ if lines == isize::MAX / 2 => self.log.show_last(),
            _ if lines == isize::MIN / 2 => self.log.show_first(room),
            _ => self.log.scroll(lines, room),
        }
    }

    fn shows_log(&self) -> bool {
        self.screen() == Screen::Log || self.sees(Part::Log)
    }

    /// Opens the logs of these streams in one pane: those that are there, up to [`MAX_FOLLOWED`].
    pub fn open_logs(&mut self, streams: &[StreamIx]) -> Effect {
        let named = streams.iter().filter_map(|ix| self.row(*ix).map(|row| (*ix, row.name.to_string())));
        let named: Vec<(StreamIx, String)> = named.take(MAX_FOLLOWED).collect();
        let streams = named.iter().map(|(ix, _)| *ix).collect();
        self.log.open(named);
        Effect::Send(ClientMessage::FollowLogs(streams))
    }

    /// Opens the logs of all selected streams in one pane.
    pub(super) fn open_selected_logs(&mut self) -> Vec<Effect> {
        let streams: Vec<StreamIx> = self.chosen.iter().collect();
        let Some(first) = streams.first().copied() else {
            return Vec::new();
        };
        self.go(Screen::Log);
        let opened = self.open_stream(first);
        if streams.len() > MAX_FOLLOWED {
            self.say(format!("the first {MAX_FOLLOWED} of {} logs: more are too many", streams.len()), true);
        }
        let follow = self.open_logs(&streams);
        // The one alone need not be followed before.
        let others =
            opened.into_iter().filter(|effect| !matches!(effect, Effect::Send(ClientMessage::FollowLogs(_))));
        std::iter::once(follow).chain(others).collect()
    }

    /// Lines of a followed log have come.
    pub(super) fn told_log(&mut self, news: News) {
        if !self.log.streams().contains(&news.stream) {
            return;
        }
        let (fresh, room) = (news.fresh, self.log_room());
        self.log.take_in(news, room);
        if self.shows_log() {
            self.want(if fresh { Dirty::Now } else { Dirty::Lines });
        }
    }

    /// Old lines have been read back.
    pub(super) fn told_old_log(&mut self, seq: u64, old: OldLines) {
        let room = self.log_room();
        if let Some(text) = self.log.take_old(seq, old, room) {
            self.say(text.into(), true);
        }
        if self.shows_log() {
            self.want(Dirty::Now);
        }
    }

    /// What is to be read back now, if something is.
    pub(super) fn old_lines_wanted(&mut self) -> Option<Effect> {
        let seq = self.next_seq;
        let ask = self.log.ask(seq)?;
        self.next_seq += 1;
        let (stream, before, lines) = (ask.stream, ask.before, ask.lines);
        Some(Effect::Send(ClientMessage::ReadLog { seq, stream, before, lines }))
    }

    /// How long until the age of a line on the screen changes.
    pub(super) fn log_changes_in(&self) -> Duration {
        if self.log.stamps != Stamps::Age {
            return Duration::MAX;
        }
        let now = self.time_ms();
        let page = self.log.page(self.log_room());
        let times = page.iter().filter(|row| row.begins).filter_map(|row| row.entry.line());
        let ages = times.map(|line| Duration::from_millis(now.saturating_sub(line.wall_ms)));
        ages.map(age_changes_in).min().unwrap_or(Duration::MAX)
    }

    /// Does something in a log.
    pub(super) fn does_in_log(&mut self, does: Does) -> Vec<Effect> {
        let room = self.log_room();
        let sieve = self.log.sieve();
        match does {
            Does::LogSearch => {
                let text = sieve.search.as_ref().map_or("", Pattern::text).to_owned();
                self.log.begin_typing();
                self.prompt_for(PromptFor::LogSearch, &text);
            }
            Does::LogFilter => {
                let text = sieve.typed();
                self.log.begin_typing();
                self.prompt_for(PromptFor::LogFilter, &text);
            }
            Does::LogSeverity => self.log.next_level(room),
            Does::LogTimes => self.log.stamps = self.log.stamps.next(),
            Does::LogHitDown => self.jump_to_hit(true),
            Does::LogHitUp => self.jump_to_hit(false),
            Does::LogMark => self.log.mark(self.time_ms(), room),
            Does::LogMarkUp | Does::LogMarkDown => {
                if let Err(text) = self.log.jump_to_mark(does == Does::LogMarkDown, room) {
                    self.say(text.into(), true);
                }
            }
            Does::LogSelect => self.log.select(room),
            Does::LogCopy => return self.copy_lines(),
            Does::LogSave => self.ask_where_to_save(),
            Does::LogAdd => self.pick_log_to_add(),
            _ => {}
        }
        Vec::new()
    }

    fn jump_to_hit(&mut self, down: bool) {
        if self.log.sieve().search.is_none() {
            let key = self.keymap.key_for(Does::LogSearch);
            self.say(format!("nothing is searched for: press {key} first"), true);
            return;
        }
        let room = self.log_room();
        if let Err(text) = self.log.jump(down, room) {
            self.say(text.into(), true);
        }
    }

    fn copy_lines(&mut self) -> Vec<Effect> {
        let copied = self.log.copied(self.log_room());
        if copied.lines == 0 {
            self.say("there is no line to copy".into(), true);
            return Vec::new();
        }
        let save = self.keymap.key_for(Does::LogSave);
        let kib = COPY_BYTES / 1024;
        let text = if copied.lines < copied.of {
            format!(
                "only the first {} of {} copied: {kib} KiB is the most; {save} saves all",
                copied.lines,
                counted(copied.of, "line")
            )
        } else {
            format!(
                "{} sent to the clipboard; if this terminal takes none, {save} saves",
                counted(copied.lines, "line")
            )
        };
        self.say(text, copied.lines < copied.of);
        // What is cut stays selected, to be saved.
        if copied.lines == copied.of {
            self.log.unselect();
        }
        vec![Effect::Copy(copied.text)]
    }

    fn ask_where_to_save(&mut self) {
        if self.saving {
            self.say("a file is still being written".into(), true);
            return;
        }
        let streams = self.log.streams();
        let id = streams.first().and_then(|ix| self.row(*ix)).map_or("log", |row| row.id.as_str());
        let more = if streams.len() > 1 { "-and-more" } else { "" };
        let name = format!("{id}{more}-{}.log", WallTime(self.time_ms()).for_file_name());
        let path = self.exports.as_ref().map(|folder| folder.join(&name).display().to_string());
        let path = path.filter(|path| path.chars().count() <= MAX_LINE).unwrap_or(name);
        self.prompt_for(PromptFor::LogSave, &path);
    }

    /// The operator has said where to save.
    pub(super) fn save_lines(&mut self, path: &str) -> Vec<Effect> {
        let lines = self.log.to_save();
        if path.trim().is_empty() || lines.is_empty() {
            let why = if lines.is_empty() { "no line is shown" } else { "no name was given" };
            self.say(format!("nothing is saved: {why}"), true);
            return Vec::new();
        }
        let path = PathBuf::from(path.trim());
        let make_folder = self.exports.as_deref().is_some_and(|folder| path.parent() == Some(folder));
        self.saving = true;
        vec![Effect::Save(SaveLines { path, make_folder, lines })]
    }

    /// A file was written, or not.
    pub(super) fn saved(&mut self, outcome: Result<String, String>) {
        self.saving = false;
        match outcome {
            Ok(text) => self.say(text, false),
            Err(text) => self.say(text, true),
        }
        self.want(Dirty::Now);
    }

    fn pick_log_to_add(&mut self) {
        let here = self.log.streams();
        if here.len() >= MAX_FOLLOWED {
            self.say(format!("{MAX_FOLLOWED} logs are the most in one pane"), true);
            return;
        }
        let others = self.board.rows.values().filter(|row| !here.contains(&row.ix));
        let items = others.map(|row| Item {
            label: row.name.to_string(),
            note: format!("{}  {}", row.id, row.group),
            key: String::new(),
            pick: Pick::AddLog(row.ix),
        });
        let items = items.collect();
        self.pick_from(Picker::new("add the log of", items));
    }

    /// Another stream's log comes into the pane.
    pub(super) fn add_log(&mut self, stream: StreamIx) -> Vec<Effect> {
        let mut streams = self.log.streams();
        if !streams.contains(&stream) {
            streams.push(stream);
        }
        vec![self.open_logs(&streams)]
    }

    /// Steps out of what was done in a log, one thing after the other; false: there is nothing.
    pub(super) fn back_in_log(&mut self) -> bool {
        let room = self.log_room();
        if self.screen() != Screen::Log {
            return false;
        }
        if self.log.unselect() {
        } else if self.log.sieve().search.is_some() {
            self.log.search(None);
        } else if self.log.sieve().hides() {
            self.log.show_all(room);
        } else {
            return false;
        }
        true
    }

    /// The pattern being typed has changed: it works at once, if it can.
    pub(super) fn log_pattern_typed(&mut self, purpose: PromptFor, text: &str) -> Option<Mistake> {
        let room = self.log_room();
        let inverted = purpose == PromptFor::LogFilter && text.starts_with('!');
        let skipped = usize::from(inverted);
        let pattern = match &text[skipped..] {
            "" => None,
            text => match Pattern::new(text) {
                Ok(pattern) => Some(pattern),
                Err(mistake) => {
                    // What was found by less of it would be taken for what all of it finds.
                    if purpose == PromptFor::LogSearch {
                        self.log.search(None);
                    }
                    return Some(Mistake { at: mistake.at + skipped, ..mistake });
                }
            },
        };
        match purpose {
            PromptFor::LogSearch => self.log.search(pattern),
            PromptFor::LogFilter => self.log.filter(pattern, inverted, room),
            _ => {}
        }
        None
    }

    /// The pattern is taken.
    pub(super) fn log_pattern_done(&mut self, purpose: PromptFor) {
        self.log.end_typing();
        if purpose == PromptFor::LogSearch && self.log.sieve().search.is_some() {
            let room = self.log_room();
            if let Err(text) = self.log.jump_to_nearest(room) {
                self.say(text.into(), true);
            }
        }
    }
}
