//! The rings of one stream, or of the machine.

use super::code::{UNKNOWN, decode, encode};
use crate::model::Span;

/// How many spans there are.
const SPANS: usize = Span::ALL.len();

/// What the values of these spans take, with so many meters; bytes.
pub const fn bytes(spans: &[Span], meters: usize) -> usize {
    let (mut sum, mut at) = (0, 0);
    while at < spans.len() {
        sum += spans[at].values() * meters * sides(spans[at]) * size_of::<u16>();
        at += 1;
    }
    sum
}

/// How many values a meter has in a step: of many samples the lowest and the highest.
pub const fn sides(span: Span) -> usize {
    match span {
        Span::FiveMinutes => 1,
        Span::Hour | Span::Day => 2,
    }
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

/// What is known of a step that is not complete; not a number where nothing is.
#[derive(Debug, Clone, Copy)]
struct Extremes<const M: usize> {
    lowest: [f32; M],
    highest: [f32; M],
}

impl<const M: usize> Extremes<M> {
    const NONE: Self = Self { lowest: [f32::NAN; M], highest: [f32::NAN; M] };

    fn take_in(&mut self, lowest: &[f32; M], highest: &[f32; M]) {
        // Of a number and none the number counts.
        for (known, new) in self.lowest.iter_mut().zip(lowest) {
            *known = known.min(*new);
        }
        for (known, new) in self.highest.iter_mut().zip(highest) {
            *known = known.max(*new);
        }
    }

    /// As they stand in a ring: all the lowest, then all the highest.
    fn values(&self) -> impl Iterator<Item = f32> {
        self.lowest.into_iter().chain(self.highest)
    }
}

/// Three rings of `M` meters. A span that is not kept has none.
#[derive(Debug)]
pub struct Rings<const M: usize> {
    /// Step by step, the meters of one beside each other: a sample touches one place in memory.
    spans: [Option<Box<[u16]>>; SPANS],
    hour: Extremes<M>,
    day: Extremes<M>,
}

impl<const M: usize> Rings<M> {
    /// Empty rings of these spans and those that are coarser.
    pub fn new(finest: Span) -> Self {
        let mut rings = Self { spans: [const { None }; SPANS], hour: Extremes::NONE, day: Extremes::NONE };
        rings.keep(finest);
        rings
    }

    /// Keeps these spans and those that are coarser.
    pub fn keep(&mut self, finest: Span) {
        for (span, ring) in Span::ALL.into_iter().zip(&mut self.spans) {
            if span < finest {
                *ring = None;
            } else if ring.is_none() {
                *ring = Some(vec![UNKNOWN; span.values() * M * sides(span)].into());
            }
        }
    }

    /// Takes a sample in: `values` as they are, `in_long` as they count for longer steps.
    pub fn push(&mut self, way: Way, values: &[f32; M], in_long: &[f32; M]) {
        if let Some(last) = way.last {
            self.forget(Span::FiveMinutes, last + 1, way.from);
            let [hour, day] = [Span::Hour, Span::Day].map(|span| step_of(span, last));
            if step_of(Span::Hour, way.second) > hour {
                let step = std::mem::replace(&mut self.hour, Extremes::NONE);
                self.put(Span::Hour, hour, step.values());
                self.forget(Span::Hour, hour + 1, step_of(Span::Hour, way.second));
                self.day.take_in(&step.lowest, &step.highest);
            }
            if step_of(Span::Day, way.second) > day {
                let step = std::mem::replace(&mut self.day, Extremes::NONE);
                self.put(Span::Day, day, step.values());
                self.forget(Span::Day, day + 1, step_of(Span::Day, way.second));
            }
        }
        for second in way.from..=way.second {
            self.put(Span::FiveMinutes, second, values.iter().copied());
        }
        self.hour.take_in(in_long, in_long);
    }

    fn put(&mut self, span: Span, step: u64, values: impl Iterator<Item = f32>) {
        if let Some(place) = self.place(span, step) {
            for (code, value) in place.iter_mut().zip(values) {
                *code = encode(value);
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
        let wide = M * sides(span);
        let at = at(span, step) * wide;
        self.spans[span as usize].as_mut()?.get_mut(at..at + wide)
    }

    /// The values of a meter from step `from` on until before `until`; of longer steps the lowest. Its
    /// highest ones are those of the meter `M` further on.
    pub fn series(&self, span: Span, meter: usize, from: u64, until: u64) -> Option<Vec<f32>> {
        let ring = self.spans[span as usize].as_ref()?;
        let value =
            |step| ring.get(at(span, step) * M * sides(span) + meter).map_or(f32::NAN, |code| decode(*code));
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
