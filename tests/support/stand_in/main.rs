//! A stand-in worker: speaks like FFmpeg 5.1 (arguments, `-progress` blocks, tagged log lines,
//! answers to a probe) and misbehaves on request, so that every fault of a worker can be had at
//! once and without a network.
//!
//! What to play stands in an input's URL, `stand-in:MODE?key=value&...` or, where only a network
//! protocol is let through, `http://stand-in/MODE?key=value&...` or `http://NAME.stand-in/...`, for hosts that
//! differ; the last such argument counts.
//! Without one the variable `HEADEND_STAND_IN` (`MODE?key=value`) does, and without that `healthy`.
//!
//! | mode | keys | what it does |
//! | --- | --- | --- |
//! | `healthy` | | a block every period, output time moving with the clock |
//! | `exit` | `code=1`, `after=0`, `while=` | ends by itself after so many seconds (0: before a first block); with `while`: only as long as that file is there, else healthy |
//! | `ignore-term` | `times=0` | takes no notice of the first so many TERMs (0: of all) |
//! | `outage` | `while=`, `says=`, `code=1` | healthy until that file is there, then it says so (a refused connection) and ends |
//! | `stall` | `after=1`, `kind=repeat` or `silent`, `child=0` | output time stops: the same block again, or no block; with `child=1` it has one, as `grandchild` does |
//! | `hang` | `blocks=0` | no frame ever; `blocks=1`: blocks full of N/A |
//! | `backwards` | `every=5` | output time jumps back at each so many blocks |
//! | `chatter` | `n=450`, `who=nobody` | so many numbered lines of all levels at once, then healthy |
//! | `flood` | `to=stderr`, `rate=0` | lines without end, bytes a second (0: as fast as they are read) |
//! | `endless-line` | `to=stderr`, `rate=0` | bytes without a line feed |
//! | `long-line` | `to=stderr`, `mb=100` | one line of so many MB, then healthy |
//! | `bad-bytes` | | no UTF-8, NUL, escape sequences, lone CR on both, between good blocks |
//! | `secrets` | `canary=...` | prints the canary as passwords, tokens and headers |
//! | `close` | `what=stdout`, `stderr` or `both`, `after=0` | closes its pipes and lives on; without stderr alone, blocks go on |
//! | `grandchild` | `after=0`, `for=60`, `code=1`, `group=same` or `own`, `does=sleep` or `flood` | ends while its child holds the pipes, and may pour into them |
//! | `crowd` | `n=50`, `for=60`, `group`, `does` | starts so many children, then healthy |
//! | `sleep` | `for=60` | only waits: what `grandchild` and `crowd` start |
//! | `read-stdin` | | reads standard input to its end, then healthy |
//! | `canaries` | `of=`, `for=0.4` | no worker: the first process of a pid namespace, see `canaries.rs` |
//!
//! Keys of every mode: `fps=25`, `kbps=2500`, `wobble=0`, `speed=1`, `audio-only=0`, and `stderr=`, `stdout=`:
//! a text (percent-encoded, may hold line feeds) said once at `say-after=0` seconds. `journal=`: a
//! file to which each start adds a line, its pid and when it was forked, in ticks since boot.
//!
//! It ends on TERM and INT as FFmpeg does (a last block, exit 255), ignores a broken pipe and, as
//! FFmpeg does, does not die with its parent.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a tool of tests: a panic is its message"
)]

mod answers;
mod canaries;
mod faults;
mod output;
mod request;

use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal};

use output::Output;
use request::Request;

/// How long the main thread has to print the last block before the process ends without it; it
/// may be stuck in a full pipe.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// What FFmpeg returns when a signal ended it.
const EXIT_BY_SIGNAL: u8 = 255;

fn main() -> ExitCode {
    let arguments: Vec<String> =
        std::env::args_os().skip(1).map(|a| a.to_string_lossy().into_owned()).collect();
    if let Some(text) = answers::answer(&arguments) {
        output::write_raw(output::Pipe::Stdout, text.as_bytes());
        return ExitCode::SUCCESS;
    }
    let request = Request::read(&arguments, std::env::var("HEADEND_STAND_IN").ok().as_deref());
    request.write_journal();
    let stop = watch_signals(request.terms_ignored());
    let output = Output::new(&request, stop);
    ExitCode::from(faults::play(&request, output))
}

/// Signals are blocked in every thread and waited for in one, so that no handler is needed. Children
/// inherit that; those that are stand-ins wait for them too.
fn watch_signals(ignored: Option<u32>) -> mpsc::Receiver<()> {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGTERM);
    signals.add(Signal::SIGINT);
    signals.thread_block().expect("blocking signals");
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut left = ignored;
        loop {
            let signal = signals.wait().expect("waiting for a signal");
            if signal == Signal::SIGTERM {
                match left {
                    None => continue,
                    Some(n) if n > 0 => {
                        left = Some(n - 1);
                        continue;
                    }
                    Some(_) => {}
                }
            }
            let _ = sender.send(());
            std::thread::sleep(LAST_WORDS);
            std::process::exit(i32::from(EXIT_BY_SIGNAL));
        }
    });
    receiver
}
