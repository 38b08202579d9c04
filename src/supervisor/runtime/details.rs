//! What is told of a stream beyond its row, to those who have it open: what the core knows, and the
//! command as it was run.

use super::{Outlet, Runtime};
use crate::ffmpeg::CommandLine;
use crate::model::StreamIx;
use crate::supervisor::core::Purpose;

impl<O: Outlet> Runtime<O> {
    /// Keeps what the newest worker of a stream is started with, masked. A probe is not its worker.
    pub(super) fn remember_command(&mut self, stream: StreamIx, purpose: Purpose, line: &CommandLine) {
        if purpose == Purpose::Serve {
            let program = self.tools.launch.ffmpeg.to_string_lossy();
            self.commands.insert(stream, line.words(&program));
        }
    }

    /// Builds the details that somebody wants, and no others.
    pub(super) fn tell_details(&mut self) {
        for stream in self.outlet.details_wanted() {
            if let Some(mut detail) = self.core.detail(stream) {
                detail.command = self.commands.get(&stream).cloned().unwrap_or_default();
                self.outlet.put_detail(&detail);
            }
        }
    }
}
