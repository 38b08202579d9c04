//! The configuration changes, at odd moments: streams come, go, come back, and are described otherwise.

use super::super::reloading::Served;
use super::*;
use crate::model::{Fallback, Mode};

impl World {
    pub(super) fn reload(&mut self) {
        let soon = self.random.u8(..3) == 0;
        let ms = self.ms(if soon { 1..2_000 } else { 2_000..90_000 });
        self.plan_in(ms, Happening::Reload);
        if self.healing || self.left.is_some() {
            return;
        }
        let resizes = self.random.u8(..4) == 0;
        let mut policy = self.laws.policy.clone();
        if resizes {
            policy.slots = self.random.bool().then(|| self.random.u32(1..60));
            policy.start_parallel = self.random.u32(1..20);
            policy.starts_per_second = self.random.u32(1..20);
        }
        let touched = self.random.u8(..5);
        let mut streams = Vec::new();
        let before: Vec<Served> = self.core.streams.iter().map(Served::of).collect();
        let mut same = Vec::new();
        for ix in 0..self.streams {
            let here = self.is_here(ix);
            let dice = self.random.u8(..100);
            if here && dice >= 2 * touched {
                same.push(ix);
                streams.push((StreamSpec::clone(self.core.streams[ix].spec()), None));
            } else if here && dice.is_multiple_of(2) {
                streams.push((self.described_otherwise(ix), None));
            } else if here || dice >= 40 {
                if here {
                    self.laws.removed(ix);
                }
            } else {
                let spec = self.described_otherwise(ix);
                self.laws.back(ix, spec.inputs.len());
                streams.push((spec, None));
            }
        }
        if self.random.u8(..3) == 0 {
            streams.push((self.another(), None));
        }
        let configured = policy.clone();
        let done = self.core.reconfigure(self.now, Reconfiguration { streams, policy }, &mut self.effects);
        let done = done.unwrap();
        // What was to be described otherwise may have come out as it was.
        assert!(done.unchanged >= same.len());
        self.laws.other_settings(self.now, configured, self.core.pool().slots);
        self.carry_out();
        // A pool that became smaller takes slots from anybody, and a turn may just have been over.
        for ix in same.into_iter().filter(|ix| !resizes && !self.core.streams[*ix].rotates()) {
            Laws::untouched(before[ix], &self.core.streams[ix]);
        }
    }

    /// The same stream, with another thing or two.
    fn described_otherwise(&mut self, ix: usize) -> StreamSpec {
        let hosts = self.host_is_up.len();
        let mut spec = spec(self.core.streams[ix].spec().id.as_str());
        let old = StreamSpec::clone(self.core.streams[ix].spec());
        if self.is_here(ix) {
            spec = old;
        } else {
            spec.thresholds.stall = self.plan.stall;
            self.hosts_of[ix] = vec![self.random.usize(..hosts)];
        }
        match self.random.u8(..8) {
            0 => spec.name = format!("name {}", self.random.u8(..)).into(),
            1 => spec.priority = self.random.u8(..101),
            2 if spec.watch == WatchKind::Always => spec.watch = WatchKind::Rotate,
            2 => spec.watch = WatchKind::Always,
            3 => spec.mode = if spec.mode == Mode::Full { Mode::Picture } else { Mode::Full },
            4 => spec.fallback = Fallback { on: vec![ConditionKind::Black], ..Fallback::default() },
            5 => spec.tags = vec![format!("{}", self.random.u8(..)).into()],
            6 => {
                // Another spare input only.
                let first = self.hosts_of[ix][0];
                self.hosts_of[ix] = vec![first, self.random.usize(..hosts)];
            }
            _ => {
                let count = self.random.usize(1..4);
                self.hosts_of[ix] = (0..count).map(|_| self.random.usize(..hosts)).collect();
            }
        }
        let url = |(n, host): (usize, &usize)| format!("http://h{host}.example/{ix}-{n}").into();
        let urls: Vec<_> = self.hosts_of[ix].iter().enumerate().map(url).collect();
        let kept = spec.inputs.len() == urls.len() && self.is_here(ix) && self.random.bool();
        if !kept || spec.inputs.is_empty() {
            spec.inputs = urls;
        }
        if self.is_here(ix) {
            self.laws.described(ix, spec.inputs.len());
        }
        self.hosts_of[ix] = spec.inputs.iter().map(|url| host_number(url)).collect();
        spec
    }

    /// One that was never here.
    fn another(&mut self) -> StreamSpec {
        let ix = self.streams;
        let host = self.random.usize(..self.host_is_up.len());
        let mut spec = spec(&format!("s{ix}"));
        spec.wanted = self.wanted();
        spec.thresholds.stall = self.plan.stall;
        spec.inputs = vec![format!("http://h{host}.example/{ix}").into()];
        self.hosts_of.push(vec![host]);
        self.laws.added(spec.wanted, 1, Cared::default());
        self.streams += 1;
        spec
    }
}

fn host_number(url: &str) -> usize {
    let number = url.trim_start_matches("http://h").split('.').next().unwrap();
    number.parse().unwrap()
}
