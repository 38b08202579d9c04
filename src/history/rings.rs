//! The rings of one stream, or of the machine.

use super::code::{UNKNOWN, decode, encode};
use crate::model::Span;

/// How many spans there are.
const SPANS: usize = Span::ALL.len();

/// What the values of these spans take, with so many meters; bytes.
pub const fn bytes(spans: &[Span], meters: usize) -> usize {
    let (mut sum, mut at) = (0, 0);
    while at < spans.len() {
        sum += spans[at].values() * meters * size_of::<u16>();
        at += 1;
    }
    sum
}

/// From one sample to the next, in seconds: all rings go the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// The second of the sample before.
    pub last: Option<u64>,
    /// The first second that this sample stands for: its own, or an earlier one when it is late.
    pub from: u64,
    /// The sample's own second.
    pub second: u64,
}

/// The step that a second belongs to.
pub const fn step_of(span: Span, second: u64) -> u64 {
    second / span.seconds()
}

/// What is known of a step that is not complete.
#[derive(Debug, Clone, Copy)]
struct Sums<const M: usize> {
    /// The sum of the values, or the lowest.
    value: [f32; M],
    count: [u32; M],
}

impl<const M: usize> Sums<M> {
    const NONE: Self = Self { value: [0.0; M], count: [0; M] };

    fn take_in(&mut self, value: &[f32; M], count: &[u32; M], lowest: &[bool; M]) {
        for m in 0..M {
            if count[m] == 0 || !value[m].is_finite() {
                continue;
            }
            self.value[m] = match (lowest[m], self.count[m]) {
                (true, 0) => value[m],
                (true, _) => self.value[m].min(value[m]),
                (false, _) => self.value[m] + value[m],
            };
            self.count[m] += count[m];
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a step has 240 samples at most")]
    fn values(&self, lowest: &[bool; M]) -> [f32; M] {
        let mut values = [f32::NAN; M];
        for (m, value) in values.iter_mut().enumerate() {
            *value = match (self.count[m], lowest[m]) {
                (0, _) => f32::NAN,
                (_, true) => self.value[m],
                (count, false) => self.value[m] / count as f32,
            };
        }
        values
    }
}

/// Three rings of `M` meters. A span that is not kept has none.
#[derive(Debug)]
pub struct Rings<const M: usize> {
    /// Step by step, the meters of one beside each other: a sample touches one place in memory.
    spans: [Option<Box<[u16]>>; SPANS],
    hour: Sums<M>,
    day: Sums<M>,
}

impl<const M: usize> Rings<M> {
    /// Empty rings of these spans and those that are coarser.
    pub fn new(finest: Span) -> Self {
        let mut rings = Self { spans: [const { None }; SPANS], hour: Sums::NONE, day: Sums::NONE };
        rings.keep(finest);
        rings
    }

    /// Keeps these spans and those that are coarser.
    pub fn keep(&mut self, finest: Span) {
        for (span, ring) in Span::ALL.into_iter().zip(&mut self.spans) {
            if span < finest {
                *ring = None;
            } else if ring.is_none() {
                *ring = Some(vec![UNKNOWN; span.values() * M].into());
            }
        }
    }

    /// Takes a sample in: `values` as they are, `in_long` as they count for longer steps, where those
    /// of `lowest` are kept by their lowest.
    pub fn push(&mut self, way: Way, values: &[f32; M], in_long: &[f32; M], lowest: &[bool; M]) {
        if let Some(last) = way.last {
            self.forget(Span::FiveMinutes, last + 1, way.from);
            let [hour, day] = [Span::Hour, Span::Day].map(|span| step_of(span, last));
            if step_of(Span::Hour, way.second) > hour {
                let sums = std::mem::replace(&mut self.hour, Sums::NONE);
                self.put(Span::Hour, hour, &sums.values(lowest));
                self.forget(Span::Hour, hour + 1, step_of(Span::Hour, way.second));
                self.day.take_in(&sums.value, &sums.count, lowest);
            }
            if step_of(Span::Day, way.second) > day {
                let sums = std::mem::replace(&mut self.day, Sums::NONE);
                self.put(Span::Day, day, &sums.values(lowest));
                self.forget(Span::Day, day + 1, step_of(Span::Day, way.second));
            }
        }
        for second in way.from..=way.second {
            self.put(Span::FiveMinutes, second, values);
        }
        self.hour.take_in(in_long, &[1; M], lowest);
    }

    fn put(&mut self, span: Span, step: u64, values: &[f32; M]) {
        if let Some(place) = self.place(span, step) {
            for (code, value) in place.iter_mut().zip(values) {
                *code = encode(*value);
            }
        }
    }

    /// Nothing is known of the steps from `from` on until before `until`.
    fn forget(&mut self, span: Span, from: u64, until: u64) {
        let from = from.max(until.saturating_sub(span.values() as u64));
        for step in from..until {
            if let Some(place) = self.place(span, step) {
                place.fill(UNKNOWN);
            }
        }
    }

    fn place(&mut self, span: Span, step: u64) -> Option<&mut [u16]> {
        let at = at(span, step) * M;
        self.spans[span as usize].as_mut()?.get_mut(at..at + M)
    }

    /// The values of a meter from step `from` on until before `until`.
    pub fn series(&self, span: Span, meter: usize, from: u64, until: u64) -> Option<Vec<f32>> {
        let ring = self.spans[span as usize].as_ref()?;
        let value = |step| ring.get(at(span, step) * M + meter).map_or(f32::NAN, |code| decode(*code));
        Some((from..until).map(value).collect())
    }

    /// What it takes, bytes.
    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        let rings = self.spans.iter().flatten().map(|ring| ring.len() * size_of::<u16>());
        rings.sum::<usize>() + size_of::<Self>()
    }
}

/// Where a step stands in its ring.
fn at(span: Span, step: u64) -> usize {
    usize::try_from(step % span.values() as u64).unwrap_or_default()
}
