//! What attached consoles cost the supervisor, and how long they wait.
//!
//! `cargo bench --bench link` prints one table; `cargo bench --bench link -- PART...` some of its parts alone:
//!
//! - `clients`, `order`, `stopped`, `attach`: the link alone. A process of its own serves made-up rows of
//!   `HEADEND_BENCH_STREAMS` (200) streams, each of which changes once a second, to `HEADEND_BENCH_CLIENTS` (50)
//!   clients for `HEADEND_BENCH_SECONDS` (30): its CPU and memory, and the bytes a client gets; an order of one client
//!   until another one sees what came of it; a client that is stopped for `HEADEND_BENCH_STOPPED` (20) seconds;
//!   attaching to the whole board of 200 and of 10,000 streams.
//! - `daemon`: CPU, memory and bytes of a real daemon with as many stand-in workers and clients.
//! - `console`: a real console's first full frame, on that daemon and on 10,000 made-up rows.
//! - `asleep`: a real console on that daemon that is stopped for `HEADEND_BENCH_STOPPED` seconds.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints and may panic"
)]

mod measure;
#[path = "link/real.rs"]
mod real;
#[path = "../tests/support/mod.rs"]
mod support;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use headend::link::access::Access;
use headend::link::wire::frame::{self, Kind};
use headend::link::wire::hello::{self, ClientHello, Version};
use headend::link::{
    ClientMessage, Connecting, Hub, HubChange, Link, Listening, NoLogs, Remote, Role, Server, ServerMessage,
    place,
};
use headend::model::{
    Action, Answer, Board, Command as Order, Moment, Phase, Row, Selection, StreamId, StreamIx,
};
use measure::{Interrupt, cpu_seconds, mib, number, pss_mib, row, spread};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid};

/// What can be measured alone.
const PARTS: [&str; 7] = ["clients", "order", "stopped", "attach", "daemon", "console", "asleep"];
/// The folder, for the process that serves.
const SERVE: &str = "HEADEND_BENCH_SERVE";
/// The folder, for a client that is stopped.
const FOLLOW: &str = "HEADEND_BENCH_FOLLOW";
/// Changes of a second come in so many deltas, as different streams have different seconds.
const DELTAS_A_SECOND: u32 = 8;
/// What has not come by then does not come.
const LIMIT: Duration = Duration::from_secs(30);

fn main() {
    if let Some(folder) = std::env::var_os(SERVE) {
        return serve(&PathBuf::from(folder));
    }
    if let Some(folder) = std::env::var_os(FOLLOW) {
        return follow(&PathBuf::from(folder));
    }
    if !measure::is_wanted() {
        return;
    }
    let asked: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    if let Some(unknown) = asked.iter().find(|word| !PARTS.contains(&word.as_str())) {
        println!("there is no part {unknown}: {}", PARTS.join(", "));
        return;
    }
    let wants = |part: &str| asked.is_empty() || asked.iter().any(|word| word == part);
    let wants_one = |parts: &[&str]| parts.iter().any(|part| wants(part));
    let interrupt = Interrupt::watch();
    let streams = number("HEADEND_BENCH_STREAMS", 200);
    println!("| what | figure |");
    println!("| --- | --- |");
    if wants_one(&["clients", "order", "stopped", "attach"]) {
        let serving = Serving::start(streams);
        let all: [(&str, &dyn Fn()); 4] = [
            ("clients", &|| many_clients(&serving, &interrupt)),
            ("order", &|| seen_by_another(&serving)),
            ("stopped", &|| stopped(&serving, &interrupt)),
            ("attach", &|| attaching(&serving, streams)),
        ];
        all.iter().filter(|(part, _)| wants(part)).for_each(|(_, run)| run());
    }
    if wants_one(&["attach", "console"]) {
        let large = Serving::start(10_000);
        if wants("attach") {
            attaching(&large, 10_000);
        }
        if wants("console") {
            real::consoles_of_made_up_rows(&large, 10_000);
        }
    }
    if wants_one(&["daemon", "console", "asleep"]) {
        let daemon = real::Daemon::start(streams, &interrupt);
        let all: [(&str, &dyn Fn()); 3] = [
            ("daemon", &|| real::cost(&daemon, &interrupt)),
            ("console", &|| real::consoles_of_a_daemon(&daemon)),
            ("asleep", &|| real::asleep(&daemon, &interrupt)),
        ];
        all.iter().filter(|(part, _)| wants(part)).for_each(|(_, run)| run());
        daemon.end();
    }
}

/// The process that serves, in a folder of its own.
struct Serving {
    folder: tempfile::TempDir,
    child: Child,
}

impl Serving {
    fn start(streams: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let child =
            itself(SERVE, folder.path()).env("HEADEND_BENCH_STREAMS", streams.to_string()).spawn().unwrap();
        let serving = Self { folder, child };
        let until = Instant::now() + LIMIT;
        while place::connect(&serving.socket()).is_err() {
            assert!(Instant::now() < until, "it does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        serving
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join(place::SOCKET)
    }

    fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }

    fn attach(&self) -> Remote {
        attach(&self.socket())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn itself(role: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(role, folder).stdin(Stdio::null());
    command
}

fn attach(socket: &Path) -> Remote {
    let connecting = Connecting {
        show: String::new(),
        path: socket.to_owned(),
        role: Role::Operator,
        terminal: "bench".into(),
        silent_after: LIMIT,
        again: false,
    };
    Remote::connect(connecting).unwrap()
}

fn stream(ix: u32, round: u32) -> Row {
    let mut row = Row::blank(StreamIx(ix), StreamId::new(&format!("ch-{ix:05}")).unwrap());
    row.name = format!("Channel number {ix}").into();
    row.group = format!("group {}", ix % 12).into();
    row.phase = Phase::Live;
    row.pid = Some(1_000 + ix);
    row.input = format!("http://origin.example/{ix}/index.m3u8").into();
    let wobble = f32::from(u16::try_from((round.wrapping_mul(7) + ix) % 100).unwrap());
    row.figures.fps = Some(25.0);
    row.figures.speed = Some(0.99 + wobble / 5_000.0);
    row.figures.bitrate_kbps = Some(2_500.0 + wobble);
    row
}

/// What headend's service does, without streams: rows that change, and orders that change one at once.
fn serve(folder: &Path) {
    let streams = u32::try_from(number("HEADEND_BENCH_STREAMS", 200)).unwrap();
    let asked = Arc::new((std::sync::Mutex::new(false), std::sync::Condvar::new()));
    let poke = Arc::clone(&asked);
    let requested = move || {
        *poke.0.lock().unwrap() = true;
        poke.1.notify_one();
    };
    let hub = Hub::new(Arc::new(NoLogs), Box::new(requested));
    let access = Access { own_uid: Uid::effective().as_raw(), ..Access::default() };
    let path = folder.join(place::SOCKET);
    let begin = Instant::now();
    let now = || Moment::from_millis(i64::try_from(begin.elapsed().as_millis()).unwrap());
    let publish = |rows: Vec<Row>| hub.publish(now(), HubChange { rows, ..HubChange::default() });
    publish((0..streams).map(|ix| stream(ix, 0)).collect());
    let _server =
        Server::start(hub.clone(), Listening { path, mode: 0o600, access, title: "bench".into() }).unwrap();
    let every = Duration::from_secs(1) / DELTAS_A_SECOND;
    let (mut round, mut next) = (0_u32, Instant::now() + every);
    loop {
        let waits = next.saturating_duration_since(Instant::now());
        let told = asked.1.wait_timeout(asked.0.lock().unwrap(), waits).unwrap();
        let (mut told, _) = told;
        *told = false;
        drop(told);
        while let Some(request) = hub.next_request() {
            let mut row = stream(0, round);
            row.restarts = u32::try_from(request.seq).unwrap();
            publish(vec![row]);
            hub.answer(request.client, request.seq, Answer::Done { touched: 1 });
        }
        if Instant::now() >= next {
            next += every;
            round += 1;
            let due = |ix: &u32| ix % DELTAS_A_SECOND == round % DELTAS_A_SECOND;
            // The first one is the orders' own.
            publish((1..streams).filter(due).map(|ix| stream(ix, round)).collect());
        }
    }
}

/// What a console does with its messages.
fn apply(board: &mut Board, messages: Vec<ServerMessage>) {
    for message in messages {
        match message {
            ServerMessage::Board(whole) => *board = *whole,
            ServerMessage::Delta(delta) => _ = board.apply(&delta),
            _ => {}
        }
    }
}

/// Reads as a console does that shows nothing, and counts.
fn read_on(mut stream: UnixStream, bytes: &AtomicU64, ends: &AtomicBool) {
    let said = ClientHello { role: Role::Viewer, terminal: "bench".into() };
    let mut out = Vec::new();
    frame::write_plain(Kind::Hello, &hello::write(&Version::ours(), &said).unwrap(), 1_000, &mut out)
        .unwrap();
    stream.write_all(&out).unwrap();
    let mut buffer = vec![0; 1 << 16];
    while !ends.load(Ordering::Relaxed) {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(count) => _ = bytes.fetch_add(count as u64, Ordering::Relaxed),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn many_clients(serving: &Serving, interrupt: &Interrupt) {
    let clients = number("HEADEND_BENCH_CLIENTS", 50);
    let seconds = number("HEADEND_BENCH_SECONDS", 30);
    let (bytes, ends) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let alone = pss_mib(serving.pid());
    for _ in 0..clients {
        let stream = place::connect(&serving.socket()).unwrap();
        let (bytes, ends) = (Arc::clone(&bytes), Arc::clone(&ends));
        std::thread::spawn(move || read_on(stream, &bytes, &ends));
    }
    // The boards are sent.
    interrupt.wait_until(Instant::now() + Duration::from_secs(3));
    let (cpu, sent, begin) = (cpu_seconds(serving.pid()), bytes.load(Ordering::Relaxed), Instant::now());
    interrupt.wait_until(begin + Duration::from_secs(seconds));
    let span = begin.elapsed().as_secs_f64();
    let cpu = (cpu_seconds(serving.pid()) - cpu) / span * 100.0;
    let each = (bytes.load(Ordering::Relaxed) - sent) as f64 / span / clients as f64;
    row(&format!("{clients} clients: CPU of the server, % of a core"), &format!("{cpu:.2}"));
    row("bytes a second for each", &format!("{each:.0}"));
    let pss = pss_mib(serving.pid());
    row("memory of the server, PSS, MiB (before they came)", &format!("{pss:.1} ({alone:.1})"));
    ends.store(true, Ordering::Relaxed);
    interrupt.wait_until(Instant::now() + Duration::from_secs(1));
}

fn us(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap()
}

fn milliseconds(figures: &[u64]) -> String {
    let (least, middle, most) = spread(figures);
    let mut sorted = figures.to_vec();
    sorted.sort_unstable();
    let late = sorted.get(sorted.len() * 9 / 10).copied().unwrap_or(most);
    let ms = |us: u64| format!("{}.{}", us / 1_000, us % 1_000 / 100);
    format!("{} ({} to {}, nine of ten below {})", ms(middle), ms(least), ms(most), ms(late))
}

fn attaching(serving: &Serving, streams: u64) {
    let rounds: Vec<u64> = (0..20)
        .map(|_| {
            let begin = Instant::now();
            let remote = serving.attach();
            let board = |message: &ServerMessage| matches!(message, ServerMessage::Board(_));
            while !remote.wait(begin + LIMIT).iter().any(board) {
                assert!(begin.elapsed() < LIMIT, "no board");
            }
            us(begin.elapsed())
        })
        .collect();
    row(&format!("attach to the whole board of {streams}, ms"), &milliseconds(&rounds));
}

fn seen_by_another(serving: &Serving) {
    let (one, other) = (serving.attach(), serving.attach());
    let rounds: Vec<u64> = (1..=50)
        .map(|seq| {
            let begin = Instant::now();
            let order = Order::Streams { action: Action::Restart, target: Selection::All };
            one.send(ClientMessage::Command { seq, command: order });
            let shows = |row: &Row| u64::from(row.restarts) == seq;
            let seen = |message: &ServerMessage| match message {
                ServerMessage::Delta(delta) => delta.rows.get(&StreamIx(0)).is_some_and(|row| shows(row)),
                _ => false,
            };
            while !other.wait(begin + LIMIT).iter().any(seen) {
                assert!(begin.elapsed() < LIMIT, "it is not seen");
            }
            let _ = one.take();
            us(begin.elapsed())
        })
        .collect();
    row("an order is seen by another client, ms", &milliseconds(&rounds));
}

/// A client that writes down how far it has come.
fn follow(folder: &Path) {
    let remote = attach(&folder.join(place::SOCKET));
    loop {
        for message in remote.wait(Instant::now() + LIMIT) {
            let at = match message {
                ServerMessage::Board(board) => board.revision,
                ServerMessage::Delta(delta) => delta.to,
                _ => continue,
            };
            let new = folder.join("revision.new");
            std::fs::write(&new, at.to_string()).unwrap();
            std::fs::rename(&new, folder.join("revision")).unwrap();
        }
    }
}

fn stopped(serving: &Serving, interrupt: &Interrupt) {
    let folder = serving.folder.path().to_owned();
    let mut child = itself(FOLLOW, &folder).spawn().unwrap();
    let pid = Pid::from_raw(child.id().cast_signed());
    let revision = || std::fs::read_to_string(folder.join("revision")).ok()?.parse::<u64>().ok();
    interrupt.wait_for(LIMIT, || revision().is_some());
    let before = measure::anonymous_kib(serving.pid());
    kill(pid, Signal::SIGSTOP).unwrap();
    interrupt.wait_until(Instant::now() + Duration::from_secs(number("HEADEND_BENCH_STOPPED", 20)));
    let after = measure::anonymous_kib(serving.pid());
    row("a stopped client: memory before, after, MiB", &format!("{:.2}, {:.2}", mib(before), mib(after)));
    let now = serving.attach();
    let newest = now.wait(Instant::now() + LIMIT).into_iter().find_map(|message| match message {
        ServerMessage::Board(board) => Some(board.revision),
        _ => None,
    });
    kill(pid, Signal::SIGCONT).unwrap();
    let right = interrupt.wait_for(LIMIT, || revision() >= newest);
    row("it is right again after, ms", &right.map_or("never".into(), |span| span.as_millis().to_string()));
    let _ = child.kill();
    let _ = child.wait();
}
