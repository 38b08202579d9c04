//! The modes.

use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::EXIT_BY_SIGNAL;
use crate::output::{Output, Pipe, write_raw};
use crate::request::Request;

/// One write of a flood.
const CHUNK: usize = 64 * 1024;

/// How often a flood with a rate writes.
const FLOOD_TICK: Duration = Duration::from_millis(20);

/// Longer than any test.
const FOR_EVER: Duration = Duration::from_hours(24);

/// Plays the mode to its end and gives the exit code.
pub fn play(request: &Request, mut output: Output) -> u8 {
    let out = &mut output;
    match request.mode.as_str() {
        "healthy" | "ignore-term" => healthy(request, out, FOR_EVER),
        "exit" => exit(request, out),
        "outage" => outage(request, out),
        "stall" => stall(request, out),
        "hang" => hang(request, out),
        "backwards" => backwards(request, out),
        "chatter" => chatter(request, out),
        "flood" => pour(request, out, &flood_line()),
        "endless-line" => pour(request, out, &vec![b'x'; CHUNK]),
        "long-line" => long_line(request, out),
        "bad-bytes" => bad_bytes(request, out),
        "secrets" => secrets(request, out),
        "close" => close(request, out),
        "grandchild" => grandchild(request, out),
        "crowd" => crowd(request, out),
        "read-stdin" => read_stdin(request, out),
        "canaries" => crate::canaries::keep(request, out),
        "sleep" => {
            let waited = out.wait(request.seconds("for", 60.0));
            if waited { 0 } else { EXIT_BY_SIGNAL }
        }
        other => panic!("stand-in: no mode is called {other:?}"),
    }
}

/// Blocks as they should be, for so long; gives the code to leave with.
fn healthy(request: &Request, out: &mut Output, how_long: Duration) -> u8 {
    out.banner(&request.input);
    if blocks(request, out, how_long) { 0 } else { EXIT_BY_SIGNAL }
}

/// Blocks until `how_long` after the start; `false`: asked to end, and the last block is out.
fn blocks(request: &Request, out: &mut Output, how_long: Duration) -> bool {
    loop {
        let left = how_long.saturating_sub(out.age());
        if left.is_zero() {
            return true;
        }
        if !out.wait(request.period.min(left)) {
            out.block(out.age(), true);
            return false;
        }
        out.block(out.age(), false);
    }
}

fn exit(request: &Request, out: &mut Output) -> u8 {
    let sign = request.text("while", "");
    if !sign.is_empty() && !std::path::Path::new(sign).exists() {
        return healthy(request, out, FOR_EVER);
    }
    let after = request.seconds("after", 0.0);
    if !after.is_zero() {
        out.banner(&request.input);
        if !blocks(request, out, after) {
            return EXIT_BY_SIGNAL;
        }
    }
    // Whatever was asked to be said comes before the end.
    out.wait(Duration::ZERO);
    code(request)
}

/// Well, and gone within a period of the file's coming; without a single block while it is there.
fn outage(request: &Request, out: &mut Output) -> u8 {
    let sign = std::path::PathBuf::from(request.text("while", ""));
    if !sign.exists() {
        out.banner(&request.input);
        while !sign.exists() {
            if !out.wait(request.period) {
                out.block(out.age(), true);
                return EXIT_BY_SIGNAL;
            }
            out.block(out.age(), false);
        }
    }
    let words =
        request.text("says", "[tcp @ 0x1] Connection to tcp://stand-in:80 failed: Connection refused\n");
    write_raw(Pipe::Stderr, words.as_bytes());
    code(request)
}

fn code(request: &Request) -> u8 {
    u8::try_from(request.count("code", 1)).expect("an exit code is below 256")
}

fn stall(request: &Request, out: &mut Output) -> u8 {
    let after = request.seconds("after", 1.0);
    if request.count("child", 0) == 1 {
        #[allow(clippy::zombie_processes, reason = "outliving us is what it is for")]
        let _child = sleeper(request);
    }
    out.banner(&request.input);
    if !blocks(request, out, after) {
        return EXIT_BY_SIGNAL;
    }
    let silent = request.text("kind", "repeat") == "silent";
    while out.wait(request.period) {
        if !silent {
            out.block(after, false);
        }
    }
    out.block(after, true);
    EXIT_BY_SIGNAL
}

fn hang(request: &Request, out: &mut Output) -> u8 {
    let blocks = request.count("blocks", 0) == 1;
    while out.wait(request.period) {
        if blocks {
            out.empty_block();
        }
    }
    EXIT_BY_SIGNAL
}

fn backwards(request: &Request, out: &mut Output) -> u8 {
    let every = request.count("every", 5).max(1);
    out.banner(&request.input);
    let mut count = 0;
    while out.wait(request.period) {
        count += 1;
        let age = if count % every == 0 { out.age() / 2 } else { out.age() };
        out.block(age, false);
    }
    EXIT_BY_SIGNAL
}

fn target(request: &Request) -> Pipe {
    match request.text("to", "stderr") {
        "stdout" => Pipe::Stdout,
        "stderr" => Pipe::Stderr,
        other => panic!("stand-in: to={other}: stdout or stderr"),
    }
}

/// Numbered lines of all levels at once, and healthy from then on.
fn chatter(request: &Request, out: &mut Output) -> u8 {
    for n in 1..=request.count("n", 450) {
        let level = ["info", "info", "debug", "warning", "info", "error"][n as usize % 6];
        Output::log(
            level,
            &format!("[hls @ 0x55d0c0ffee00] chatter {n} of {}", request.text("who", "nobody")),
        );
    }
    healthy(request, out, FOR_EVER)
}

fn flood_line() -> Vec<u8> {
    let line = b"[warning] [hls @ 0x55d0c0ffee00] flood: the same line again and again and again\n";
    line.iter().copied().cycle().take(CHUNK / line.len() * line.len()).collect()
}

/// The same bytes for ever, and good blocks between them, so that only the flood is the fault.
fn pour(request: &Request, out: &mut Output, chunk: &[u8]) -> u8 {
    let pipe = target(request);
    let rate = request.number("rate", 0.0);
    out.banner(&request.input);
    let mut next_block = Instant::now() + request.period;
    let (from, mut poured) = (Instant::now(), 0.0);
    loop {
        // Of a slow rate only a part of the chunk goes out, so that it is even.
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative, and cut to the chunk"
        )]
        let part = if rate > 0.0 {
            ((from.elapsed().as_secs_f64() * rate - poured).max(0.0) as usize).min(chunk.len())
        } else {
            chunk.len()
        };
        write_raw(pipe, &chunk[..part]);
        #[allow(clippy::cast_precision_loss, reason = "at most a chunk")]
        let written = part as f64;
        poured += written;
        if Instant::now() >= next_block {
            next_block += request.period;
            out.block(out.age(), false);
        }
        if !out.wait(if rate > 0.0 { FLOOD_TICK } else { Duration::ZERO }) {
            return EXIT_BY_SIGNAL;
        }
    }
}

fn long_line(request: &Request, out: &mut Output) -> u8 {
    let pipe = target(request);
    let chunk = vec![b'x'; CHUNK];
    for _ in 0..u64::from(request.count("mb", 100)) * 1_000_000 / CHUNK as u64 {
        write_raw(pipe, &chunk);
        if !out.wait(Duration::ZERO) {
            return EXIT_BY_SIGNAL;
        }
    }
    write_raw(pipe, b"\n");
    healthy(request, out, FOR_EVER)
}

/// What no terminal, log file or JSON document should meet as it is.
const BAD: &[&[u8]] = &[
    b"[error] not UTF-8: \xff\xfe\xc3\x28\n",
    b"[error] NUL \0 in the middle\n",
    b"[error] clears the screen \x1b[2J\x1b[H and sets a title \x1b]0;owned\x07\n",
    b"[error] 8-bit CSI \x9b31m and DEL \x7f\n",
    "[error] turned round \u{202e}txet\u{202c}, a tower e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\n"
        .as_bytes(),
    b"frame=  1 fps=0.0\rframe=  2 fps=0.0\rframe=  3 fps=0.0\r\n",
    b"\n\n\r\r\n",
    b"no level, no sense = = =\n",
];

fn bad_bytes(request: &Request, out: &mut Output) -> u8 {
    out.banner(&request.input);
    while out.wait(request.period) {
        for bytes in BAD {
            write_raw(Pipe::Stderr, bytes);
            write_raw(Pipe::Stdout, bytes);
        }
        write_raw(
            Pipe::Stdout,
            b"frame=\nfps=nan\nspeed=-infx\nout_time_us=99999999999999999999\nkey\n=value\n",
        );
        out.block(out.age(), false);
    }
    EXIT_BY_SIGNAL
}

fn secrets(request: &Request, out: &mut Output) -> u8 {
    let canary = request.text("canary", "c4n4ry");
    for (level, text) in [
        (
            "info",
            format!("Input #0, hls, from 'https://user:{canary}@cdn.example/live.m3u8?token={canary}':"),
        ),
        ("error", format!("rtmp://user:{canary}@ingest.example/app: Connection refused")),
        ("warning", format!("[https @ 0x55d0c0ffee00] request header: Authorization: Bearer {canary}")),
        ("error", format!("srt://host.example:9000?passphrase={canary}&mode=caller: Input/output error")),
    ] {
        Output::log(level, &text);
    }
    healthy(request, out, FOR_EVER)
}

fn close(request: &Request, out: &mut Output) -> u8 {
    let after = request.seconds("after", 0.0);
    out.banner(&request.input);
    if !blocks(request, out, after) {
        return EXIT_BY_SIGNAL;
    }
    let what = request.text("what", "stdout");
    for (name, fd) in [("stdout", 1), ("stderr", 2)] {
        if what == name || what == "both" {
            #[allow(unsafe_code, reason = "closing a standard stream is the fault to be played")]
            // SAFETY: nothing else in this process owns 1 or 2; later writes to them fail, and no
            // file is opened later that could take their number.
            drop(unsafe { OwnedFd::from_raw_fd(fd) });
        }
    }
    if what == "stderr" {
        return if blocks(request, out, FOR_EVER) { 0 } else { EXIT_BY_SIGNAL };
    }
    while out.wait(request.period) {}
    EXIT_BY_SIGNAL
}

/// Another stand-in, holding our pipes.
fn sleeper(request: &Request) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("own path"));
    let does = request.text("does", "sleep");
    command.arg("-i").arg(format!("stand-in:{does}?for={}", request.number("for", 60.0)));
    if request.text("group", "same") == "own" {
        command.process_group(0);
    }
    command.spawn().expect("starting a child")
}

fn grandchild(request: &Request, out: &mut Output) -> u8 {
    #[allow(clippy::zombie_processes, reason = "outliving us is what it is for")]
    let _child = sleeper(request);
    let after = request.seconds("after", 0.0);
    if !after.is_zero() && !blocks(request, out, after) {
        return EXIT_BY_SIGNAL;
    }
    code(request)
}

fn crowd(request: &Request, out: &mut Output) -> u8 {
    let _children: Vec<Child> = (0..request.count("n", 50)).map(|_| sleeper(request)).collect();
    healthy(request, out, FOR_EVER)
}

fn read_stdin(request: &Request, out: &mut Output) -> u8 {
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).expect("reading standard input");
    healthy(request, out, FOR_EVER)
}
