//! Workers' processes: how they are born, what they tell, and how they end.

use super::*;

/// A process.
#[derive(Debug, Clone)]
pub(super) struct Process {
    pub(super) born: bool,
    pub(super) host: usize,
    /// So many TERMs it takes; the most there is: it is deaf, and only KILL ends it.
    pub(super) ends_at_term: u32,
    pub(super) terms: u32,
    pub(super) dies: bool,
    pub(super) time_us: i64,
    pub(super) still_until: Moment,
}

impl World {
    pub(super) fn signalled(&mut self, ix: usize, generation: Generation, signal: Signal) {
        let process = self.process(ix, generation).expect("a signal for a stranger");
        assert!(process.born, "a signal for a stranger");
        process.terms += u32::from(signal == Signal::Term);
        let ends = signal == Signal::Kill || process.terms >= process.ends_at_term;
        if ends && !process.dies {
            process.dies = true;
            let (ms, end) = match signal {
                Signal::Term => (self.ms(5..400), WorkerEnd::Code(255)),
                Signal::Kill => (self.ms(0..50), WorkerEnd::Signal(9)),
            };
            self.plan_in(ms, Happening::Ends(ix, generation, end));
        } else if signal == Signal::Kill {
            // Whatever else was to end it comes later than this.
            let ms = self.ms(0..50);
            self.plan_in(ms, Happening::Ends(ix, generation, WorkerEnd::Signal(9)));
        }
    }

    fn process(&mut self, ix: usize, generation: Generation) -> Option<&mut Process> {
        self.processes.get_mut(&(ix, generation))
    }

    pub(super) fn born(&mut self, ix: usize, generation: Generation) {
        if !self.healing && self.random.u8(..50) == 0 {
            self.processes.remove(&(ix, generation));
            let needs_edit = self.random.u8(..5) == 0;
            self.tell(ix, generation, WorkerEvent::SpawnFailed { error: "no memory".into(), needs_edit });
            self.laws.ended(self.now, ix, generation, &self.core);
            return;
        }
        self.process(ix, generation).unwrap().born = true;
        self.laws.born(ix, generation);
        self.tell(ix, generation, WorkerEvent::Spawned { pid: 7 });
        let up = self.up(ix, generation);
        if up && (self.healing || self.random.u8(..40) > 0) {
            let ms = self.ms(200..5_000);
            self.plan_in(ms, Happening::Block(ix, generation));
        } else if self.random.u8(..4) > 0 {
            self.says(ix, generation, FaultClass::Refused);
            let ms = self.ms(10..3_000);
            self.plan_in(ms, Happening::Ends(ix, generation, WorkerEnd::Code(1)));
        }
        // Else it hangs, and says nothing.
    }

    fn up(&self, ix: usize, generation: Generation) -> bool {
        let host = self.processes.get(&(ix, generation)).map_or(0, |process| process.host);
        self.healing || self.host_is_up[host]
    }

    /// One progress block, or what comes instead of it.
    pub(super) fn block(&mut self, ix: usize, generation: Generation) {
        let (now, up) = (self.now, self.up(ix, generation));
        if self.process(ix, generation).is_none() {
            return;
        }
        let dice = if self.healing { u32::MAX } else { self.random.u32(..400 * self.plan.calm) };
        let still_ms = self.ms(5_000..120_000);
        let Some(process) = self.process(ix, generation) else { return };
        if !up && dice % 2 == 0 && dice != u32::MAX {
            self.plan_in(1, Happening::Ends(ix, generation, WorkerEnd::Code(8)));
            return;
        }
        if dice == 1 {
            process.time_us = 0;
        }
        if dice == 2 || !up {
            process.still_until = now + Duration::from_millis(still_ms.unsigned_abs());
        }
        if process.still_until <= now {
            process.time_us += 1_000_000;
        }
        let time_us = process.time_us;
        let figures = Figures { fps: Some(25.0), bitrate_kbps: None, speed: Some(self.random.f32() + 0.5) };
        let sample = Sample { out_time_us: (dice != 3).then_some(time_us), figures, ..Sample::default() };
        self.tell(ix, generation, WorkerEvent::Sample(sample));
        match dice {
            4 => self.plan_in(50, Happening::Ends(ix, generation, WorkerEnd::Code(0))),
            5 => self.plan_in(50, Happening::Ends(ix, generation, WorkerEnd::Signal(11))),
            6..30 => self.observes(ix, generation),
            _ => {}
        }
        let ms = self.ms(self.plan.block_ms.clone());
        self.plan_in(ms, Happening::Block(ix, generation));
    }

    fn observes(&mut self, ix: usize, generation: Generation) {
        const DETECTIONS: [Detection; 6] = [
            Detection::BlackBegan,
            Detection::BlackEnded,
            Detection::FreezeBegan,
            Detection::FreezeEnded,
            Detection::SilenceBegan,
            Detection::SilenceEnded,
        ];
        let event = match self.random.u8(..4) {
            0 => WorkerEvent::Tracks(Tracks { video: self.random.bool(), audio: true }),
            1 => WorkerEvent::Dropped { total: self.random.u64(..1_000) },
            2 => WorkerEvent::Detection { what: DETECTIONS[self.random.usize(..6)], began: self.now },
            _ => {
                let class = FaultClass::ALL[self.random.usize(..FaultClass::ALL.len())];
                return self.says(ix, generation, class);
            }
        };
        self.tell(ix, generation, event);
    }

    fn says(&mut self, ix: usize, generation: Generation, class: FaultClass) {
        let (level, text) = (LineLevel::Error, "something".into());
        self.tell(ix, generation, WorkerEvent::Line { level, class: Some(class), text, repeats: 1 });
    }

    pub(super) fn ends(&mut self, ix: usize, generation: Generation, end: WorkerEnd) {
        if self.process(ix, generation).is_none() {
            return;
        }
        let still = self
            .process(ix, generation)
            .is_some_and(|process| process.time_us == 0 || process.still_until > Moment::ZERO);
        if !self.healing && self.random.u16(..if still { 150 } else { 1_500 }) == 0 {
            self.says(ix, generation, FaultClass::DiskFull);
        }
        self.processes.remove(&(ix, generation));
        let down = self.core.origins.down().len();
        self.tell(ix, generation, WorkerEvent::Exited(end));
        if self.core.origins.down().len() != down {
            self.laws.waits_for_others(&self.core);
        }
        self.laws.ended(self.now, ix, generation, &self.core);
        if self.random.u8(..10) == 0 {
            let ms = self.ms(0..3_000);
            self.plan_in(ms, Happening::Late(ix, generation));
        }
    }
}
