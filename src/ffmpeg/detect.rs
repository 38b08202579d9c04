//! Black, frozen and silent, from what FFmpeg's detectors say while it lasts.
//!
//! `blackdetect` itself speaks only when black is over; live, there is its metadata on the first
//! black frame, which a `metadata` filter prints. `freezedetect` and `silencedetect` speak as soon
//! as it has lasted their `d`. Prefixes differ between versions, so only the message is looked at.
//!
//! `freezedetect` compares times before pictures: where key frames are further apart than its `d`,
//! it tells of a freeze with every one of them, and of its end right after. Its metadata is printed
//! behind both, so a freeze is only believed when that comes and no end has. The frame's own time
//! comes with it, and says how long ago the freeze began.

use std::time::Duration;

use super::bounds::{FREEZE_BACK_MAX, SILENCE_DELAY};
use crate::model::{Detection, Mode, Moment};

/// What a line is to the detectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// None of their business.
    Nothing,
    /// Theirs, but it says nothing new.
    Used,
    /// Something began or ended, at that moment.
    Detected(Detection, Moment),
}

/// What lasts now. Only changes are told.
#[derive(Debug)]
pub struct Detectors {
    mode: Mode,
    /// Black, frozen, silent.
    lasts: [bool; 3],
    /// `freezedetect` has told of a freeze and not of its end.
    freeze_told: bool,
    /// The media time, in seconds, of the frame the `metadata` filter prints about.
    frame_time: Option<f64>,
}

/// How messages begin, and what they tell.
const BEGINNINGS: &[(&str, Detection)] = &[
    ("lavfi.black_start=", Detection::BlackBegan),
    ("lavfi.black_end=", Detection::BlackEnded),
    ("silence_start: ", Detection::SilenceBegan),
    ("silence_end: ", Detection::SilenceEnded),
    (FREEZE_TOLD, Detection::FreezeBegan),
    (FREEZE_PRINTED, Detection::FreezeBegan),
    ("lavfi.freezedetect.freeze_end: ", Detection::FreezeEnded),
];

/// What `freezedetect` says by itself.
const FREEZE_TOLD: &str = "lavfi.freezedetect.freeze_start: ";
/// What the `metadata` filter prints of it.
const FREEZE_PRINTED: &str = "lavfi.freezedetect.freeze_start=";

/// Lines that come along with these and say nothing more.
const COMPANIONS: &[&str] = &["black_start:", "lavfi.freezedetect.freeze_duration"];

impl Detectors {
    /// Nothing lasts yet.
    pub const fn new(mode: Mode) -> Self {
        Self { mode, lasts: [false; 3], freeze_told: false, frame_time: None }
    }

    /// Listens to one message.
    pub fn line(&mut self, now: Moment, message: &str) -> Heard {
        let ours = self.mode != Mode::Run;
        let Some(&(start, what)) = BEGINNINGS.iter().find(|(start, _)| message.starts_with(start)) else {
            let frame = frame_time(message);
            self.frame_time = frame.or(self.frame_time);
            let companion = frame.is_some() || COMPANIONS.iter().any(|start| message.starts_with(start));
            // In mode `run` the filters are the operator's, who may want to read them.
            return if ours && companion { Heard::Used } else { Heard::Nothing };
        };
        let mut back = Duration::ZERO;
        match what {
            Detection::FreezeBegan if ours && start == FREEZE_TOLD => {
                self.freeze_told = true;
                return Heard::Used;
            }
            Detection::FreezeBegan if ours && !self.freeze_told => return Heard::Used,
            Detection::FreezeBegan if start == FREEZE_PRINTED => back = self.since(&message[start.len()..]),
            Detection::FreezeEnded => self.freeze_told = false,
            Detection::SilenceBegan if ours => back = SILENCE_DELAY,
            _ => {}
        }
        let lasts = &mut self.lasts[place(what)];
        if *lasts == what.begins() {
            return Heard::Used;
        }
        *lasts = what.begins();
        let back = u64::try_from(back.as_millis()).unwrap_or(0);
        Heard::Detected(what, what.happened_at(now, back))
    }

    /// The last detection could not be passed on: the next message like it is news again.
    pub fn untold(&mut self, what: Detection) {
        self.lasts[place(what)] = !what.begins();
    }

    /// From the media time `start` to the frame printed about.
    fn since(&self, start: &str) -> Duration {
        let seconds =
            self.frame_time.zip(start.trim().parse().ok()).map_or(0.0, |(at, start): (f64, f64)| at - start);
        Duration::try_from_secs_f64(seconds).unwrap_or_default().min(FREEZE_BACK_MAX)
    }
}

const fn place(what: Detection) -> usize {
    match what {
        Detection::BlackBegan | Detection::BlackEnded => 0,
        Detection::FreezeBegan | Detection::FreezeEnded => 1,
        Detection::SilenceBegan | Detection::SilenceEnded => 2,
    }
}

/// `14` of `frame:7    pts:1260000 pts_time:14`, the first of the two lines the `metadata` filter
/// prints.
fn frame_time(message: &str) -> Option<f64> {
    let (_, time) = message.strip_prefix("frame:")?.split_once(" pts_time:")?;
    time.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::from_millis(60_000);

    #[test]
    fn only_changes_are_told() {
        let mut detectors = Detectors::new(Mode::Picture);
        let mut hear = |text| detectors.line(NOW, text);
        assert_eq!(hear("lavfi.black_end=3"), Heard::Used, "an end without a beginning");
        assert_eq!(hear("lavfi.black_start=14"), Heard::Detected(Detection::BlackBegan, NOW));
        assert_eq!(hear("lavfi.black_start=15"), Heard::Used);
        assert_eq!(hear("lavfi.black_end=30"), Heard::Detected(Detection::BlackEnded, NOW));
    }

    #[test]
    fn a_freeze_is_dated_back_by_its_frame() {
        let mut detectors = Detectors::new(Mode::Full);
        let mut hear = |text| detectors.line(NOW, text);
        assert_eq!(hear("lavfi.freezedetect.freeze_start: 42"), Heard::Used);
        assert_eq!(hear("frame:33   pts:1260000 pts_time:53.5"), Heard::Used);
        let began = NOW - Duration::from_millis(11_500);
        assert_eq!(
            hear("lavfi.freezedetect.freeze_start=42"),
            Heard::Detected(Detection::FreezeBegan, began)
        );
        assert_eq!(hear("lavfi.freezedetect.freeze_duration: 18"), Heard::Used);
        let ended = Heard::Detected(Detection::FreezeEnded, NOW);
        assert_eq!(hear("lavfi.freezedetect.freeze_end: 60"), ended);
    }

    #[test]
    fn key_frames_far_apart_are_no_freeze() {
        let mut detectors = Detectors::new(Mode::Picture);
        for text in [
            "lavfi.freezedetect.freeze_start: 20",
            "lavfi.freezedetect.freeze_duration: 20",
            "lavfi.freezedetect.freeze_end: 40",
            "frame:2    pts:3600000 pts_time:40",
            "lavfi.freezedetect.freeze_start=20",
        ] {
            assert_eq!(detectors.line(NOW, text), Heard::Used, "{text}");
        }
    }

    #[test]
    fn media_times_from_a_stranger_are_bounded() {
        for time in ["nan", "inf", "-1e300", "1e300", "x"] {
            let mut detectors = Detectors::new(Mode::Picture);
            detectors.line(NOW, &format!("frame:1 pts:1 pts_time:{time}"));
            detectors.line(NOW, "lavfi.freezedetect.freeze_start: 1");
            match detectors.line(NOW, "lavfi.freezedetect.freeze_start=1") {
                Heard::Detected(Detection::FreezeBegan, began) => {
                    assert!(NOW.since(began) <= FREEZE_BACK_MAX);
                }
                other => panic!("{time}: {other:?}"),
            }
        }
    }

    #[test]
    fn silence_is_dated_back_by_what_it_must_last() {
        let mut detectors = Detectors::new(Mode::Full);
        let silent = detectors.line(NOW, "silence_start: 60.0081");
        assert_eq!(silent, Heard::Detected(Detection::SilenceBegan, NOW - SILENCE_DELAY));
        let sound = detectors.line(NOW, "silence_end: 70.01 | silence_duration: 10.002");
        assert_eq!(sound, Heard::Detected(Detection::SilenceEnded, NOW));
    }

    #[test]
    fn an_operators_own_filters_are_heard_but_not_dated_nor_hidden() {
        let mut detectors = Detectors::new(Mode::Run);
        let heard = detectors.line(NOW, "silence_start: 1.5");
        assert_eq!(heard, Heard::Detected(Detection::SilenceBegan, NOW));
        let frozen = detectors.line(NOW, "lavfi.freezedetect.freeze_start: 1");
        assert_eq!(frozen, Heard::Detected(Detection::FreezeBegan, NOW));
        assert_eq!(detectors.line(NOW, "black_start:1 black_end:2 black_duration:1"), Heard::Nothing);
    }

    #[test]
    fn other_lines_are_left_alone() {
        let mut detectors = Detectors::new(Mode::Picture);
        for text in ["", "frame: x", "    title : lavfi.black_start=1", "HTTP error 404"] {
            assert_eq!(detectors.line(NOW, text), Heard::Nothing, "{text}");
        }
        assert_eq!(detectors.line(NOW, "frame:7    pts:1260000 pts_time:14"), Heard::Used);
    }
}
