//! `-progress` blocks into figures over the last few seconds.
//!
//! FFmpeg's own fps, bitrate and speed are averages since its start: after ten good hours a dead
//! stream still says 1.0x. So only the counters are read, and figures are made of differences.

use std::collections::VecDeque;
use std::time::Duration;

use super::bounds::{BURST, MAX_STEPS, MIN_SPAN, WINDOW, WINDOW_STEPS};
use crate::model::{Figures, Moment, Sample};

/// Collects lines to blocks and blocks to figures.
#[derive(Debug)]
pub struct ProgressReader {
    period: Duration,
    block: Sample,
    steps: VecDeque<Step>,
    /// When the counters first moved.
    began: Option<Moment>,
}

/// A block whose counters differ from those of the one before.
///
/// HLS comes a segment at a time, and 9.0 goes on printing the same counters in between. Measuring
/// from step to step gives a steady 25 where measuring from block to block gives 20, 30, 20, 30.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Step {
    at: Moment,
    frame: Option<u64>,
    out_time_us: Option<i64>,
    total_size: Option<u64>,
}

impl ProgressReader {
    /// A reader of blocks that come every `period` (or, in 5.1, when something moved).
    pub fn new(period: Duration) -> Self {
        Self { period, block: Sample::default(), steps: VecDeque::new(), began: None }
    }

    /// Whether `text` is a line of a block at all.
    pub fn is_progress(text: &str) -> bool {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        text.split_once('=').is_some_and(|(key, _)| !key.is_empty() && key.bytes().all(plain))
    }

    /// Takes one line; the sample, when it ends a block.
    pub fn line(&mut self, now: Moment, text: &str) -> Option<Sample> {
        let (key, value) = text.split_once('=')?;
        // Values may be padded: `speed= 979x`.
        let value = value.trim();
        match key {
            "frame" => self.block.frame = value.parse().ok(),
            // Both are microseconds, whatever the second one's name says.
            "out_time_us" | "out_time_ms" => self.block.out_time_us = out_time(value),
            "total_size" => self.block.total_size = value.parse().ok(),
            "dup_frames" => self.block.duplicated = value.parse().unwrap_or(0),
            "drop_frames" => self.block.dropped = value.parse().unwrap_or(0),
            "progress" => {
                let mut sample = std::mem::take(&mut self.block);
                sample.end = value == "end";
                self.step(now, &sample);
                sample.figures = self.figures(now);
                return Some(sample);
            }
            _ => {}
        }
        None
    }

    fn step(&mut self, at: Moment, sample: &Sample) {
        let Sample { frame, out_time_us, total_size, .. } = *sample;
        let step = Step { at, frame, out_time_us, total_size };
        if let Some(last) = self.steps.back() {
            if (last.frame, last.out_time_us, last.total_size) == (frame, out_time_us, total_size) {
                return;
            }
            // Counters that start again, or a clock that does: nothing before it compares.
            if step.runs_back_from(last) {
                self.steps.clear();
            }
        }
        // A live playlist begins with segments that were waiting: no rate to show.
        if at.since(*self.began.get_or_insert(at)) < BURST {
            self.steps.clear();
        }
        if self.steps.len() == MAX_STEPS {
            self.steps.pop_front();
        }
        self.steps.push_back(step);
        // The first step stays the base as long as the second one can't be it.
        while self.steps.len() > WINDOW_STEPS + 1 && at.since(self.steps[1].at) >= WINDOW {
            self.steps.pop_front();
        }
    }

    fn figures(&self, now: Moment) -> Figures {
        let (Some(base), Some(last)) = (self.steps.front(), self.steps.back()) else {
            return Figures::default();
        };
        let gaps = self.steps.iter().zip(self.steps.iter().skip(1)).map(|(a, b)| b.at.since(a.at));
        let usual = gaps.max().unwrap_or(Duration::ZERO);
        let still = now.since(last.at);
        // Longer than usual without a step: what is shown sinks, and is nothing in the end.
        let end = if still > usual + self.period * 2 { now } else { last.at };
        let dead = still > WINDOW + usual * 2;
        let span = end.since(base.at);
        if span < MIN_SPAN {
            return Figures::default();
        }
        let per_second = |first: Option<f64>, second: Option<f64>, span: Duration| {
            let rate = (second? - first?) / span.as_secs_f64();
            let rate = if dead { 0.0 } else { rate };
            #[allow(clippy::cast_possible_truncation)] // a figure to show: f32 is plenty
            let rate = rate as f32;
            rate.is_finite().then_some(rate)
        };
        // The bit rate is one of the media, not of the network: the first segments, which come in
        // a burst, and a late segment do not change it.
        let media = match (base.out_time_us, last.out_time_us) {
            (Some(first), Some(second)) if second > first => {
                Duration::from_micros(second.abs_diff(first)) + end.since(last.at)
            }
            _ => span,
        };
        Figures {
            fps: per_second(base.frame.map(float), last.frame.map(float), span),
            speed: per_second(base.out_time_us.map(seconds), last.out_time_us.map(seconds), span),
            bitrate_kbps: per_second(base.total_size.map(kilobits), last.total_size.map(kilobits), media),
        }
    }
}

impl Step {
    fn runs_back_from(&self, last: &Self) -> bool {
        let less = |now: Option<u64>, before: Option<u64>| now.is_some() && now < before;
        let earlier =
            matches!((self.out_time_us, last.out_time_us), (Some(now), Some(before)) if now < before);
        earlier || less(self.frame, last.frame) || less(self.total_size, last.total_size) || self.at < last.at
    }
}

/// `N/A`, and the number FFmpeg has for "no time stamp", are no time.
fn out_time(value: &str) -> Option<i64> {
    value.parse().ok().filter(|us| *us > i64::MIN + 1)
}

#[allow(clippy::cast_precision_loss)] // differences of what a worker counts in its life stay exact
fn float(count: u64) -> f64 {
    count as f64
}

fn kilobits(bytes: u64) -> f64 {
    float(bytes) * 8.0 / 1_000.0
}

#[allow(clippy::cast_precision_loss)] // exact up to 285 years of microseconds
fn seconds(us: i64) -> f64 {
    us as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_secs(1);

    fn feed(reader: &mut ProgressReader, ms: i64, block: &str) -> Sample {
        let now = Moment::from_millis(ms);
        let samples: Vec<_> = block.lines().filter_map(|line| reader.line(now, line)).collect();
        assert_eq!(samples.len(), 1, "{block}");
        samples[0]
    }

    fn moving(reader: &mut ProgressReader, ms: i64, media_s: i64) -> Sample {
        let (frame, size) = (media_s * 25, media_s * 250_000);
        let us = media_s * 1_000_000;
        let block = format!("frame={frame}\ntotal_size={size}\nout_time_us={us}\nprogress=continue");
        feed(reader, ms, &block)
    }

    fn near(figure: Option<f32>, wanted: f32) -> bool {
        figure.is_some_and(|figure| (figure - wanted).abs() <= 0.01 * wanted.max(0.01))
    }

    #[test]
    fn odd_values_are_no_values() {
        let mut reader = ProgressReader::new(PERIOD);
        let block = "frame=N/A\nfps=0.00\nbitrate=N/A\ntotal_size=N/A\nout_time_us=N/A\nout_time_ms=N/A\n\
                     dup_frames=0\ndrop_frames=0\nspeed=N/A\nprogress=continue";
        let sample = feed(&mut reader, 0, block);
        assert_eq!(sample, Sample::default());
        let none = "out_time_us=-9223372036854775807\nspeed=2.32e+04x\nprogress=continue";
        assert_eq!(feed(&mut reader, 1_000, none), Sample::default());
        let least = "out_time_us=-9223372036854775808\nprogress=continue";
        assert_eq!(feed(&mut reader, 1_500, least).out_time_us, None);
        let padded = "frame=  12\nout_time_us= -20000\nprogress=end";
        let sample = feed(&mut reader, 2_000, padded);
        assert_eq!((sample.frame, sample.out_time_us, sample.end), (Some(12), Some(-20_000), true));
    }

    #[test]
    fn milliseconds_are_microseconds() {
        let mut reader = ProgressReader::new(PERIOD);
        let sample = feed(&mut reader, 0, "out_time_ms=6010667\nprogress=continue");
        assert_eq!(sample.out_time_us, Some(6_010_667));
    }

    #[test]
    fn audio_alone_has_speed_and_bitrate() {
        let mut reader = ProgressReader::new(PERIOD);
        feed(&mut reader, 0, "total_size=0\nout_time_us=21333\nprogress=continue");
        feed(&mut reader, 4_000, "total_size=64000\nout_time_us=4021333\nprogress=continue");
        let sample = feed(&mut reader, 6_000, "total_size=96000\nout_time_us=6021333\nprogress=continue");
        assert_eq!((sample.frame, sample.figures.fps), (None, None));
        assert!(near(sample.figures.speed, 1.0) && near(sample.figures.bitrate_kbps, 128.0), "{sample:?}");
    }

    #[test]
    fn figures_are_of_the_window_not_since_the_start() {
        let mut reader = ProgressReader::new(PERIOD);
        for s in 0..100 {
            moving(&mut reader, s * 1_000, s);
        }
        // From here on at half speed, a step every other second.
        let mut last = Sample::default();
        for s in 0..20 {
            last = moving(&mut reader, (100 + s) * 1_000, 100 + s / 2);
        }
        assert!(near(last.figures.speed, 0.5) && near(last.figures.fps, 12.5), "{last:?}");
        assert!(near(last.figures.bitrate_kbps, 2_000.0), "the media has not changed: {last:?}");
    }

    #[test]
    fn the_burst_of_a_start_is_no_speed() {
        let mut reader = ProgressReader::new(PERIOD);
        // Three segments of 2 s at once, then a segment each 2 s.
        let media = |s| if s == 0 { 0 } else { 6 + s - s % 2 };
        let shown: Vec<_> =
            (0..20).filter_map(|s| moving(&mut reader, s * 1_000, media(s)).figures.speed).collect();
        assert!(shown.len() > 10, "{shown:?}");
        assert!(shown.iter().all(|speed| near(Some(*speed), 1.0)), "{shown:?}");
    }

    #[test]
    fn segments_give_steady_figures() {
        for segment in [2, 4, 6, 10] {
            let mut reader = ProgressReader::new(PERIOD);
            for s in 0..240 {
                // As 9.0 does: a block each second, which moves only with a segment.
                let sample = moving(&mut reader, s * 1_000, s - s % segment);
                if s > 4 * segment {
                    assert!(near(sample.figures.fps, 25.0), "{segment} s segments, at {s} s: {sample:?}");
                }
            }
        }
    }

    #[test]
    fn a_stall_sinks_to_zero() {
        let mut reader = ProgressReader::new(PERIOD);
        for s in 0..20 {
            moving(&mut reader, s * 1_000, s);
        }
        let speeds: Vec<_> =
            (20..40).map(|s| moving(&mut reader, s * 1_000, 19).figures.speed.unwrap()).collect();
        assert!(speeds.is_sorted_by(|a, b| a >= b), "{speeds:?}");
        assert!(speeds[19].abs() < f32::EPSILON, "{speeds:?}");
        let after = moving(&mut reader, 41_000, 20);
        assert!(after.figures.speed.is_some_and(|speed| speed > 0.0), "it recovers");
    }

    #[test]
    fn counters_that_start_again_start_a_new_window() {
        let mut reader = ProgressReader::new(PERIOD);
        for s in 0..20 {
            moving(&mut reader, s * 1_000, 1_000 + s);
        }
        assert_eq!(moving(&mut reader, 20_000, 3).figures, Figures::default());
        assert!(near(moving(&mut reader, 21_000, 4).figures.speed, 1.0));
    }

    #[test]
    fn memory_is_bounded() {
        let mut reader = ProgressReader::new(PERIOD);
        for step in 0..10_000 {
            moving(&mut reader, step, step);
        }
        assert!(reader.steps.len() <= MAX_STEPS);
    }

    #[test]
    fn other_text_is_no_progress() {
        assert!(ProgressReader::is_progress("stream_0_0_q=-1.0"));
        assert!(ProgressReader::is_progress("speed= 979x"));
        for text in ["", "=", "=x", "a b=c", "lavfi.black_start=1", "text"] {
            assert!(!ProgressReader::is_progress(text), "{text}");
        }
    }
}
