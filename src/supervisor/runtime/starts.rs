//! Starting workers, and keeping account of those that run.

use std::sync::Arc;
use std::time::Instant;

use tokio::process::Child;

use super::attend::{Attendant, Group, marked, wall_ms};
use super::spawner::{Born, Order};
use super::{Outlet, Running, Runtime};
use crate::ffmpeg::{CommandLine, Reader, command_line};
use crate::model::{LineLevel, LogLine, Mode, Moment, StreamId, StreamIx, StreamSpec};
use crate::supervisor::core::{Generation, Input, Purpose, WorkerEvent};

impl<O: Outlet> Runtime<O> {
    pub(super) fn spawn(
        &mut self,
        now: Moment,
        stream: StreamIx,
        generation: Generation,
        input: usize,
        purpose: Purpose,
    ) {
        let error = match self.command(stream, input, purpose) {
            Ok((id, line)) => {
                self.remember_command(stream, purpose, &line);
                let order = Order { stream, id, generation, purpose, args: line.args };
                match self.spawner.order(order) {
                    Ok(()) => return,
                    Err(_) => ("too many workers wait to be started".to_owned(), false),
                }
            }
            Err(error) => (error, true),
        };
        let event = WorkerEvent::SpawnFailed { error: error.0.into(), needs_edit: error.1 };
        self.handle(now, Input::Worker { stream, generation, event });
    }

    pub(super) fn command(
        &self,
        stream: StreamIx,
        input: usize,
        purpose: Purpose,
    ) -> Result<(StreamId, CommandLine), String> {
        let spec = self.core.spec(stream).ok_or("the stream is gone")?;
        let probed = (purpose == Purpose::Probe).then(|| probe_of(spec));
        let spec = probed.as_ref().unwrap_or(spec);
        let line = command_line(spec, input, &self.tools.capabilities, self.tools.stats_period)
            .map_err(|error| error.to_string())?;
        let text = marked(purpose, &format!("headend: {}", line.shown()).into());
        self.tools.logs.push(stream, LogLine { wall_ms: wall_ms(), level: LineLevel::Info, text });
        Ok((spec.id.clone(), line))
    }

    pub(super) fn take_in_born(&mut self, now: Moment, born: Born) {
        let Born { stream, generation, purpose, started, result } = born;
        let born = result.and_then(|child| {
            let pid = child.id().ok_or_else(|| std::io::Error::other("the worker was gone at once"))?;
            Ok((child, pid))
        });
        let event = match born {
            Ok((child, pid)) => {
                if let (Some(spec), Some(started)) = (self.core.spec(stream), started) {
                    self.outlet.worker_born(&spec.id, pid, started);
                }
                self.attend(stream, generation, purpose, child, pid);
                WorkerEvent::Spawned { pid }
            }
            Err(error) => {
                let text = format!("{error} ({})", self.tools.launch.headend.display());
                WorkerEvent::SpawnFailed { error: text.into(), needs_edit: false }
            }
        };
        self.handle(now, Input::Worker { stream, generation, event });
    }

    fn attend(&mut self, stream: StreamIx, generation: Generation, purpose: Purpose, child: Child, pid: u32) {
        let mode = match purpose {
            Purpose::Serve => self.core.spec(stream).map(|spec| spec.mode).unwrap_or_default(),
            Purpose::Probe => Mode::Packets,
        };
        let group = Group::new(pid, self.tracked.clone());
        let attendant = Attendant {
            stream,
            generation,
            purpose,
            reader: Reader::new(mode, self.tools.stats_period),
            group: group.clone(),
            logs: self.tools.logs.clone(),
            told: self.teller.clone(),
            lines_moved: Arc::clone(&self.lines_moved),
            now: Arc::clone(&self.shown_now),
            dropped_told: 0,
            dropped_told_at: Instant::now().into(),
            ended: false,
        };
        tokio::spawn(attendant.attend(child));
        self.running.insert((stream, generation), Running { group, pid });
        self.pids().push(pid);
    }

    pub(super) fn forget(&mut self, stream: StreamIx, generation: Generation) {
        if let Some(gone) = self.running.remove(&(stream, generation)) {
            self.pids().retain(|pid| *pid != gone.pid);
            self.outlet.worker_gone(gone.pid);
        }
    }
}

/// The stream as a probe looks at it: packets only, whatever it is otherwise.
fn probe_of(spec: &StreamSpec) -> StreamSpec {
    StreamSpec { mode: Mode::Packets, ..spec.clone() }
}
