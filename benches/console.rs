//! What the console costs: time and bytes of a frame, and how long a key takes to the terminal.
//!
//! `cargo bench --bench console` measures frames without a terminal and the sample that charts are made
//! of (criterion), counts the bytes of frames,
//! and then presses keys in the real program in a pseudo-terminal while 200 streams change once a
//! second. `HEADEND_BENCH_KEYS` (500) changes how many. Then it counts how often the console's thread
//! wakes up while nothing changes, and lets nobody read the terminal for `HEADEND_BENCH_FROZEN` (10)
//! minutes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints and may panic"
)]
#![allow(clippy::cast_precision_loss, reason = "figures to read, not to count with")]

mod measure;
#[path = "../tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion};
use crossterm::event::KeyCode;
use headend::console::rehearsal::Rehearsal;
use headend::history::Histories;
use headend::link::ServerMessage;
use headend::model::{Board, Delta, Figures, Mode, Moment, Phase, PoolReading, Row, StreamId, StreamIx};
use measure::number;
use support::pty::{Key, Screen};
use support::stage::{QUICK, Stage, WIDE};

const SECOND: Duration = Duration::from_secs(1);
/// Of many streams so many change from one frame to the next; of few, all.
const CHANGING: u32 = 200;

fn main() {
    if !measure::is_wanted() {
        return;
    }
    let mut criterion = Criterion::default().measurement_time(Duration::from_secs(5)).configure_from_args();
    for streams in [200, 10_000] {
        frames(&mut criterion, streams);
    }
    sample(&mut criterion);
    criterion.final_summary();
    println!("\n| screen | what happens | bytes a second |\n| --- | --- | --- |");
    for (keys, name) in [("", "grid"), ("W", "wall")] {
        bytes(keys, name);
    }
    keys_to_the_terminal();
    wake_ups();
    frozen();
}

fn row(n: u32, step: u32) -> Row {
    let wobble = ((n * 7 + step * 13) % 10) as f32;
    Row {
        name: format!("Channel {n} of the region").into(),
        group: ["news", "sport", "film", "music"][n as usize % 4].into(),
        mode: Mode::Picture,
        phase: Phase::Live,
        pid: Some(n),
        started: Some(Moment::ZERO),
        figures: Figures {
            fps: Some(24.5 + wobble / 10.0),
            bitrate_kbps: Some(2_400.0 + 30.0 * wobble),
            speed: Some(0.995 + wobble / 1_000.0),
        },
        input: format!("http://127.0.0.1/live/{n}/index.m3u8").into(),
        priority: 50,
        input_of: (1, 1),
        ..Row::blank(StreamIx(n), StreamId::new(&format!("ch-{n:05}")).unwrap())
    }
}

/// What the supervisor's thread does once a second for the charts.
fn sample(criterion: &mut Criterion) {
    let rows = (0..200).map(|n| (StreamIx(n), Arc::new(row(n, 0)))).collect();
    let board = Board { rows, ..Board::default() };
    let (mut histories, mut clock) = (Histories::default(), Duration::ZERO);
    criterion.bench_function("a sample of 200 streams for the charts", |bench| {
        bench.iter(|| {
            clock += SECOND;
            histories.record(black_box(&board), clock)
        });
    });
}

fn at(step: u32) -> Moment {
    // Late enough for ages that change seldom.
    Moment::ZERO + Duration::from_secs(100_000) + SECOND * step
}

/// A console with a board of so many streams, in front of which somebody sits.
fn console(streams: u32) -> Rehearsal {
    let mut console = Rehearsal::new(WIDE).unwrap();
    let board = Board {
        at: at(0),
        rows: (0..streams).map(|n| (StreamIx(n), Arc::new(row(n, 0)))).collect(),
        pool: PoolReading { slots: streams, busy: streams, ..PoolReading::default() },
        ..Board::default()
    };
    console.tell(at(0), ServerMessage::Board(Box::new(board)));
    console.draw().unwrap();
    console
}

/// What `step` changes: the figures of up to [`CHANGING`] streams, the first ones among them.
fn delta(streams: u32, step: u32) -> Delta {
    let rows: BTreeMap<StreamIx, Arc<Row>> =
        (0..streams.min(CHANGING)).map(|n| (StreamIx(n), Arc::new(row(n, step)))).collect();
    Delta { from: u64::from(step) - 1, to: u64::from(step), at: at(step), rows, ..Delta::default() }
}

fn frames(criterion: &mut Criterion, streams: u32) {
    let mut console = console(streams);
    let mut step = 0;
    criterion.bench_function(&format!("update and draw, {streams} rows, 200x60"), |bench| {
        bench.iter_batched(
            || {
                step += 1;
                (step, ServerMessage::Delta(Box::new(delta(streams, step))))
            },
            |(step, message)| {
                console.tell(at(step), message);
                black_box(console.draw().unwrap())
            },
            BatchSize::SmallInput,
        );
    });
    criterion.bench_function(&format!("key and draw, {streams} rows, 200x60"), |bench| {
        let mut down = false;
        bench.iter(|| {
            down = !down;
            console.press(at(step), if down { KeyCode::Down } else { KeyCode::Up });
            black_box(console.draw().unwrap())
        });
    });
}

/// Bytes a second of 200 streams whose figures all change each second.
fn bytes(keys: &str, name: &str) {
    let mut console = console(200);
    for key in keys.chars() {
        console.press(at(0), KeyCode::Char(key));
    }
    console.draw().unwrap();
    let seconds = 60;
    let mut written = 0;
    for step in 1..=seconds {
        console.tell(at(step), ServerMessage::Delta(Box::new(delta(200, step))));
        console.wait(at(step));
        if console.is_dirty() {
            written += console.draw().unwrap();
        }
    }
    println!("| {name} | the figures of all 200 streams change | {} |", written / u64::from(seconds));
}

/// Keys in the real program, while its streams change.
fn keys_to_the_terminal() {
    let presses = number("HEADEND_BENCH_KEYS", 500);
    let stage = Stage::crowd(QUICK, 200, "healthy?wobble=0.3");
    let mut screen = stage.console(WIDE, &[]);
    screen.wait_text("live 200");
    let mut times: Vec<Duration> = Vec::new();
    for n in 0..presses {
        let (key, row) = if n % 2 == 0 { (Key::Down, 1) } else { (Key::Up, 0) };
        let begin = Instant::now();
        screen.press(key);
        wait_cursor(&screen, row);
        times.push(begin.elapsed());
        // So that keys fall everywhere between two changes.
        std::thread::sleep(Duration::from_millis(37 + n % 50));
    }
    times.sort_unstable();
    let share = |percent: usize| {
        let time = times.get((times.len() * percent / 100).min(times.len() - 1)).copied().unwrap_or_default();
        format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
    };
    println!(
        "\nA key until its bytes are on the terminal, {presses} keys, 200 streams changing each second:"
    );
    println!("half within {}, 99 % within {}, all within {}", share(50), share(99), share(100));
    screen.quit();
}

/// Waits until the cursor is on this row of the grid.
fn wait_cursor(screen: &Screen, row: usize) {
    screen.wait_until("the cursor to move", |grid| {
        grid.rows(0, 1).position(|text| text.contains('▌')) == Some(first_row(grid) + row)
    });
}

/// The line of the screen on which the grid's first row stands.
fn first_row(grid: &vt100::Screen) -> usize {
    let titles = grid.rows(0, 40).position(|text| text.contains("phase") && text.contains("name"));
    titles.map_or(0, |line| line + 1)
}

/// How often the console's thread ran, until now.
fn runs_of_the_console(pid: i32, threads: &[(i32, String)]) -> u64 {
    let console = threads.iter().find(|(_, name)| name == "console").expect("the console's thread");
    let status = std::fs::read_to_string(format!("/proc/{pid}/task/{}/status", console.0)).unwrap();
    let counts = status.lines().filter(|line| line.contains("ctxt_switches"));
    counts.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).sum()
}

/// What an idle console does: streams that never show a frame, on screens without an age.
fn wake_ups() {
    let settings = format!("{QUICK}[defaults.thresholds]\nstart_grace = \"10m\"\n");
    println!("\n| screen, nothing changes for a minute | bytes | the thread ran |\n| --- | --- | --- |");
    for (size, keys, name, sign) in
        [((200, 60), "?", "help, 200x60", "Everywhere"), ((80, 24), "", "grid of 200, 80x24", "starting 200")]
    {
        let stage = Stage::crowd(&settings, 200, "hang");
        let mut screen = stage.console(size, &[]);
        screen.wait_text("starting 200");
        screen.keys(keys);
        screen.wait_text(sign);
        // Until uptimes are told in minutes, and the supervisor has settled.
        std::thread::sleep(Duration::from_secs(70));
        let (process, bytes) = (screen.process(), screen.bytes_written());
        let runs = runs_of_the_console(process.pid, &process.threads());
        std::thread::sleep(Duration::from_secs(60));
        let runs = runs_of_the_console(process.pid, &process.threads()) - runs;
        println!("| {name} | {} | {runs} times |", screen.bytes_written() - bytes);
        screen.kill();
    }
}

/// A terminal that nobody reads, in front of 200 streams that change, of which one dies each minute.
fn frozen() {
    let minutes = number("HEADEND_BENCH_FROZEN", 10);
    let stage = Stage::crowd(QUICK, 200, "healthy?wobble=0.3");
    let mut screen = stage.console(WIDE, &[]);
    screen.wait_text("live 200");
    let process = screen.process();
    std::thread::sleep(Duration::from_secs(20));
    screen.pause_reading(true);
    // Each a whole screen, together more than the terminal holds.
    for _ in 0..60 {
        screen.keys("m");
        screen.press(Key::Backspace);
    }
    std::thread::sleep(Duration::from_secs(5));
    let (memory, cpu) = (measure::pss_kib(process.pid), measure::cpu_seconds(process.pid));
    for minute in 0..minutes {
        // Each time another one: ten failures of one stream within ten minutes would open its circuit.
        let stream = format!("s{minute:02}");
        let old = stage.worker(&stream);
        old.signal(nix::sys::signal::Signal::SIGKILL);
        stage.other_worker(&stream, &[old]);
        std::thread::sleep(Duration::from_secs(60));
    }
    let grown = measure::pss_kib(process.pid) as f64 / memory as f64 * 100.0 - 100.0;
    let cpu = (measure::cpu_seconds(process.pid) - cpu) / (60.0 * minutes as f64) * 100.0;
    screen.pause_reading(false);
    let begin = Instant::now();
    // Some of the keys were dropped: back to the grid, from wherever they have led.
    screen.press(Key::Backspace);
    screen.press(Key::Backspace);
    for minute in 0..minutes {
        screen.wait_row(&format!("s{minute:02}"), "live, with its restart", |row| {
            row.contains("live") && row.split_whitespace().any(|word| word == "1")
        });
    }
    println!(
        "\nA terminal that nobody reads for {minutes} minutes: {minutes} workers replaced meanwhile, memory \
         {:.1} MiB and {grown:+.1} %, {cpu:.2} % of a core; the right picture {:.0} ms after it is read again",
        measure::mib(memory),
        begin.elapsed().as_secs_f64() * 1_000.0
    );
    screen.quit();
}
