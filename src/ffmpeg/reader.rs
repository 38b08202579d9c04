//! What a worker prints, made into readings.

use std::time::Duration;

use super::bounds::{
    CLASSED_BURST, CLASSED_PER_SECOND, JOINING, LINES_BURST, LINES_PER_SECOND, READINGS_BURST,
    READINGS_PER_SECOND, VAGUE_AFTER,
};
use super::budget::Budget;
use super::classify::classify;
use super::detect::{Detectors, Heard};
use super::line::{Line, is_harmless, is_noise};
use super::progress::ProgressReader;
use super::splitter::Splitter;
use super::tracks::TracksReader;
use crate::model::{Detection, FaultClass, LineLevel, LogLine, Mode, Moment, Sample, Tracks, clean_line};

/// One thing a worker told.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// A progress block.
    Sample(Sample),
    /// A detector's beginning or end.
    Detection {
        /// Which.
        what: Detection,
        /// When it began or ended: moved back by what the detector waits before it tells.
        began: Moment,
    },
    /// What the inputs hold; once in a worker's life.
    Tracks(Tracks),
    /// A line for the log.
    Line {
        /// How grave it says it is.
        level: LineLevel,
        /// What it means, if that is known.
        class: Option<FaultClass>,
        /// Clean, masked, at most [`LogLine::MAX_BYTES`] long.
        text: String,
        /// How many times it happened: 1, or more for a line that stands for folded ones.
        repeats: u32,
    },
}

/// Reads one worker's output. Pure, and bounded whatever comes: at most two unfinished lines, a few
/// dozen progress steps and one message are held.
#[derive(Debug)]
pub struct Reader {
    out: Splitter,
    err: Splitter,
    parts: Parts,
}

/// All but the splitters, which lend it their lines.
#[derive(Debug)]
struct Parts {
    progress: ProgressReader,
    detectors: Detectors,
    tracks: TracksReader,
    lines: Budget,
    /// Only for lines that mean something.
    classed: Budget,
    /// For samples and detections: a worker's stdout may be a stranger's too.
    readings: Budget,
    dropped: u64,
    /// Of the last log line: FFmpeg may yet say how often it was repeated.
    last: Option<(LineLevel, Option<FaultClass>)>,
    started: Option<Moment>,
    /// When a line last explained precisely what is wrong.
    explained: Option<Moment>,
}

type Out<'a> = &'a mut dyn FnMut(Reading);

impl Reader {
    /// A reader for a worker in `mode` that was asked to report every `stats_period`.
    #[must_use]
    pub fn new(mode: Mode, stats_period: Duration) -> Self {
        Self {
            out: Splitter::default(),
            err: Splitter::default(),
            parts: Parts {
                progress: ProgressReader::new(stats_period),
                detectors: Detectors::new(mode),
                tracks: TracksReader::default(),
                lines: Budget::new(LINES_PER_SECOND, LINES_BURST),
                classed: Budget::new(CLASSED_PER_SECOND, CLASSED_BURST),
                readings: Budget::new(READINGS_PER_SECOND, READINGS_BURST),
                dropped: 0,
                last: None,
                started: None,
                explained: None,
            },
        }
    }

    /// Takes what came on stdout at `now`.
    pub fn stdout(&mut self, now: Moment, chunk: &[u8], out: Out<'_>) {
        let Self { out: splitter, parts, .. } = self;
        splitter.push(chunk, &mut |text, cut| parts.stdout_line(now, text, cut, out));
    }

    /// Takes what came on stderr at `now`.
    pub fn stderr(&mut self, now: Moment, chunk: &[u8], out: Out<'_>) {
        let Self { err: splitter, parts, .. } = self;
        splitter.push(chunk, &mut |text, cut| parts.stderr_line(now, text, cut, out));
    }

    /// Both pipes are closed: takes the lines that had no end.
    pub fn finish(&mut self, now: Moment, out: Out<'_>) {
        let Self { out: stdout, err: stderr, parts } = self;
        stdout.finish(&mut |text, cut| parts.stdout_line(now, text, cut, out));
        stderr.finish(&mut |text, cut| parts.stderr_line(now, text, cut, out));
        if let Some(tracks) = parts.tracks.finish() {
            out(Reading::Tracks(tracks));
        }
    }

    /// Lines and blocks cut, folded by FFmpeg or dropped for being too many, so far.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.parts.dropped
    }
}

impl Parts {
    fn stdout_line(&mut self, now: Moment, text: &str, cut: bool, out: Out<'_>) {
        if ProgressReader::is_progress(text) && !cut {
            if let Some(sample) = self.progress.line(now, text) {
                if self.readings.take(now) {
                    out(Reading::Sample(sample));
                } else {
                    self.dropped = self.dropped.saturating_add(1);
                }
            }
        } else if !self.detected(now, text, out) {
            // Nothing of ours: a stranger's, or the output of an operator's own filter.
            self.log(now, Line { context: None, level: Some(LineLevel::Debug), message: text }, cut, out);
        }
    }

    fn stderr_line(&mut self, now: Moment, text: &str, cut: bool, out: Out<'_>) {
        self.started.get_or_insert(now);
        let line = Line::parse(text);
        if line.level.is_none()
            && let Some(repeats) = line.repeats()
        {
            self.repeated(now, line, repeats, out);
            return;
        }
        if line.level == Some(LineLevel::Info) {
            if let Some(tracks) = self.tracks.line(line.message) {
                out(Reading::Tracks(tracks));
            }
            if self.detected(now, line.message, out) || is_noise(line.message) {
                // What is repeated next is not ours to show either.
                self.last = None;
                return;
            }
        }
        self.log(now, line, cut, out);
    }

    fn detected(&mut self, now: Moment, message: &str, out: Out<'_>) -> bool {
        match self.detectors.line(now, message) {
            Heard::Nothing => false,
            Heard::Used => true,
            Heard::Detected(what, began) => {
                if self.readings.take(now) {
                    out(Reading::Detection { what, began });
                } else {
                    self.detectors.untold(what);
                    self.dropped = self.dropped.saturating_add(1);
                }
                true
            }
        }
    }

    /// FFmpeg folded so many repetitions of the line before.
    fn repeated(&mut self, now: Moment, line: Line<'_>, repeats: u32, out: Out<'_>) {
        let Some((level, class)) = self.last else {
            return;
        };
        self.dropped = self.dropped.saturating_add(u64::from(repeats));
        if self.lines.take(now) || (class.is_some() && self.classed.take(now)) {
            let text = clean_line(line.message.trim_start(), LogLine::MAX_BYTES);
            out(Reading::Line { level, class, text, repeats });
        }
    }

    fn log(&mut self, now: Moment, line: Line<'_>, cut: bool, out: Out<'_>) {
        // What carries no tag is not FFmpeg's logging: a dying loader, a wrapper script, garbage.
        let level = match line.level.unwrap_or(LineLevel::Warning) {
            LineLevel::Error | LineLevel::Warning if is_harmless(line.message) => LineLevel::Info,
            level => level,
        };
        let granted = self.lines.take(now);
        // In a flood only so many are looked at; of those, only what means something passes.
        let class = if granted || self.classed.take(now) { self.class_of(now, line.message) } else { None };
        self.last = Some((level, class));
        if cut {
            self.dropped = self.dropped.saturating_add(1);
        }
        if !granted && class.is_none() {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        let text = match line.context {
            // The address behind it is another one in every run.
            Some(context) => format!("[{context}] {}", line.message),
            None => line.message.trim_end().to_owned(),
        };
        let text = clean_line(&text, LogLine::MAX_BYTES);
        out(Reading::Line { level, class, text, repeats: 1 });
    }

    fn class_of(&mut self, now: Moment, message: &str) -> Option<FaultClass> {
        let meaning = classify(message)?;
        let joining = self.started.is_some_and(|at| now.since(at) <= JOINING);
        if meaning.class == FaultClass::NoKeyframe && !joining {
            return Some(FaultClass::Decode);
        }
        if meaning.vague {
            let known = self.explained.is_some_and(|at| now.since(at) <= VAGUE_AFTER);
            return (!known).then_some(meaning.class);
        }
        if meaning.class.ends_a_run() || meaning.class == FaultClass::Segment {
            self.explained = Some(now);
        }
        Some(meaning.class)
    }
}
