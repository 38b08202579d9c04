//! What it costs to be asked by other systems.
//!
//! `cargo bench --bench http` serves `HEADEND_BENCH_STREAMS` (1000) streams, each of which changes once a second, from a
//! process of its own. It measures how long `/metrics` takes when it must be made anew, `HEADEND_BENCH_ROUNDS` (50)
//! times, and the CPU of that process while one client asks `HEADEND_BENCH_REQUESTS` (100) times a second for
//! `HEADEND_BENCH_SECONDS` (10): for `/metrics`, and for the health.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints and may panic"
)]

mod measure;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use headend::http::{Listening, RENDER_EVERY, Server};
use headend::link::wire::patch::blank;
use headend::link::{Hub, HubChange, LogSlice, LogSource, OldLogAnswer};
use headend::model::{LogPlace, Moment, Phase, Row, StreamId, StreamIx, Usage, Wanted};
use measure::{Interrupt, cpu_seconds, mib, number, pss_kib, row};

/// The folder, for the process that serves.
const SERVE: &str = "HEADEND_BENCH_SERVE";
/// Changes of a second come in so many deltas.
const DELTAS_A_SECOND: u32 = 8;
/// What has not come by then does not come.
const LIMIT: Duration = Duration::from_secs(30);

struct NoLogs;

impl LogSource for NoLogs {
    fn lines_from(&self, _: StreamIx, _: u64) -> LogSlice {
        LogSlice::default()
    }

    fn next_number(&self, _: StreamIx) -> u64 {
        0
    }

    fn read_back(&self, _: StreamIx, _: LogPlace, _: usize, _: OldLogAnswer) -> bool {
        false
    }
}

fn main() {
    if let Some(folder) = std::env::var_os(SERVE) {
        return serve(&PathBuf::from(folder));
    }
    if !measure::is_wanted() {
        return;
    }
    let interrupt = Interrupt::watch();
    println!("| what | figure |");
    println!("| --- | --- |");
    let serving = Serving::start();
    let mut asking = Asking::of(serving.address);
    anew(&mut asking, &interrupt);
    let idle = serving.cpu(&interrupt, |_| {});
    row("CPU of the server, nobody asks, % of a core", &format!("{idle:.2}"));
    let requests = u32::try_from(number("HEADEND_BENCH_REQUESTS", 100)).unwrap();
    for target in ["/metrics", "/api/v1/info/health", "/api/v1/info/monitoring", "/api/v1/streams"] {
        let mut times = Vec::new();
        let cpu = serving.cpu(&interrupt, |until| times.extend(asking.keep_on(target, requests, until)));
        row(&format!("{target} {requests} times a second: CPU, % of a core"), &format!("{cpu:.2}"));
        row(&format!("{target}: half, 99 %, longest, ms"), &percentiles(&mut times));
    }
    row("memory of the server, PSS, MiB", &format!("{:.1}", mib(pss_kib(serving.pid()))));
}

/// Each time after the one before has become too old to be given again.
fn anew(asking: &mut Asking, interrupt: &Interrupt) {
    let mut times = Vec::new();
    let mut bytes = 0;
    for _ in 0..number("HEADEND_BENCH_ROUNDS", 50) {
        if !interrupt.wait_until(Instant::now() + RENDER_EVERY + Duration::from_millis(20)) {
            return;
        }
        let began = Instant::now();
        bytes = asking.ask("/metrics");
        times.push(began.elapsed());
    }
    row("/metrics, bytes", &bytes.to_string());
    row("/metrics made anew: half, 99 %, longest, ms", &percentiles(&mut times));
}

fn percentiles(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |share: usize| times.get((times.len() * share / 100).min(times.len().saturating_sub(1)));
    let ms = |share| at(share).map_or(0.0, |time: &Duration| time.as_secs_f64() * 1_000.0);
    format!("{:.2}, {:.2}, {:.2}", ms(50), ms(99), ms(100))
}

/// One connection, kept, as a monitoring system does; opened again where it was closed.
struct Asking {
    address: SocketAddr,
    stream: BufReader<TcpStream>,
}

impl Asking {
    fn of(address: SocketAddr) -> Self {
        Self { address, stream: Self::connect(address) }
    }

    fn connect(address: SocketAddr) -> BufReader<TcpStream> {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        BufReader::with_capacity(1 << 18, stream)
    }

    /// Asks, and reads it all; gives the length of the body.
    fn ask(&mut self, target: &str) -> usize {
        if let Some(length) = self.try_ask(target) {
            return length;
        }
        // Its time was over.
        self.stream = Self::connect(self.address);
        self.try_ask(target).expect("an answer")
    }

    fn try_ask(&mut self, target: &str) -> Option<usize> {
        let request = format!("GET {target} HTTP/1.1\r\nHost: bench\r\n\r\n");
        self.stream.get_mut().write_all(request.as_bytes()).ok()?;
        let mut length = 0;
        let mut line = String::new();
        loop {
            line.clear();
            if self.stream.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).ok()?;
        Some(length)
    }

    /// Asks so often a second, and gives how long each took.
    fn keep_on(&mut self, target: &str, a_second: u32, until: Instant) -> Vec<Duration> {
        let mut times = Vec::new();
        let mut next = Instant::now();
        while next < until {
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
            let began = Instant::now();
            self.ask(target);
            times.push(began.elapsed());
            next += Duration::from_secs(1) / a_second;
        }
        times
    }
}

/// The process that serves, in a folder of its own.
struct Serving {
    _folder: tempfile::TempDir,
    child: Child,
    address: SocketAddr,
}

impl Serving {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .env(SERVE, folder.path())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let until = Instant::now() + LIMIT;
        let told = folder.path().join("address");
        let address = loop {
            let read = std::fs::read_to_string(&told).ok().and_then(|text| text.parse().ok());
            if let Some(address) = read {
                break address;
            }
            assert!(Instant::now() < until, "it does not listen");
            std::thread::sleep(Duration::from_millis(20));
        };
        Self { _folder: folder, child, address }
    }

    fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }

    /// Its CPU in percent of a core, while `what` is done until the time given.
    fn cpu(&self, interrupt: &Interrupt, what: impl FnOnce(Instant)) -> f64 {
        let (cpu, began) = (cpu_seconds(self.pid()), Instant::now());
        let until = began + Duration::from_secs(number("HEADEND_BENCH_SECONDS", 10));
        what(until);
        interrupt.wait_until(until);
        (cpu_seconds(self.pid()) - cpu) / began.elapsed().as_secs_f64() * 100.0
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn stream(ix: u32, round: u32) -> Row {
    let mut row = blank(StreamIx(ix)).unwrap();
    row.id = StreamId::new(&format!("ch-{ix:05}")).unwrap();
    row.name = format!("Channel number {ix}").into();
    row.group = format!("group {}", ix % 12).into();
    (row.wanted, row.phase, row.input_of) = (Wanted::Started, Phase::Live, (1, 1));
    (row.pid, row.started) = (Some(1_000 + ix), Some(Moment::ZERO));
    row.input = format!("http://origin.example/{ix}/index.m3u8").into();
    let wobble = f32::from(u16::try_from((round.wrapping_mul(7) + ix) % 100).unwrap());
    row.figures.fps = Some(25.0);
    row.figures.speed = Some(0.99 + wobble / 5_000.0);
    row.figures.bitrate_kbps = Some(2_500.0 + wobble);
    row.usage = Some(Usage { cpu_percent: wobble / 10.0, memory_bytes: 30 << 20, open_files: 12 });
    row
}

/// What headend's service does, without streams: rows that change.
fn serve(folder: &Path) {
    let streams = u32::try_from(number("HEADEND_BENCH_STREAMS", 1_000)).unwrap();
    let hub = Hub::new(Arc::new(NoLogs), Box::new(|| {}));
    let begin = Instant::now();
    let now = || Moment::from_millis(i64::try_from(begin.elapsed().as_millis()).unwrap());
    let publish = |rows: Vec<Row>| hub.publish(now(), HubChange { rows, ..HubChange::default() });
    publish((0..streams).map(|ix| stream(ix, 0)).collect());
    let address = "127.0.0.1:0".parse().unwrap();
    let server = Server::start(&hub, Listening { address, token: None }).unwrap();
    let new = folder.join("address.new");
    std::fs::write(&new, server.address().to_string()).unwrap();
    std::fs::rename(&new, folder.join("address")).unwrap();
    for round in 1_u32.. {
        std::thread::sleep(Duration::from_secs(1) / DELTAS_A_SECOND);
        let due = |ix: &u32| ix % DELTAS_A_SECOND == round % DELTAS_A_SECOND;
        publish((0..streams).filter(due).map(|ix| stream(ix, round)).collect());
    }
}
