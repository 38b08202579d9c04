//! Stories of a stream and of a machine, with their histories, for tests of their pages.

use std::sync::Arc;
use std::time::Duration;

use super::support::*;
use crate::console::pages::Part;
use crate::console::state::State;
use crate::console::state::charts::Zoom;
use crate::console::state::machine::Kind;
use crate::link::ServerMessage;
use crate::model::{
    Board, Breaker, Detail, Figures, History, HistoryOf, InputDetail, MACHINE_METERS, Network, NoticeKind,
    Phase, Pressure, Row, Run, STREAM_METERS, Severity, Span, StreamIx, Thresholds, Usage, Wanted,
};
use crossterm::event::KeyCode;

/// The sizes that every view is looked at in.
pub const SIZES: [(u16, u16); 4] = [(40, 15), (80, 24), (120, 40), (250, 70)];

/// A number between 0 and 1 that looks like any other, the same for the same step.
pub fn noise(step: u64, salt: u64) -> f32 {
    let mut bits = (step + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits ^= bits >> 31;
    bits = bits.wrapping_mul(0x94d0_49bb_1331_11eb);
    #[expect(clippy::cast_precision_loss, reason = "ten bits of it")]
    let share = (bits >> 54) as f32 / 1_024.0;
    share
}

/// A history of so many steps; what `value` says of meter and step.
pub fn history(of: HistoryOf, span: Span, count: u64, value: impl Fn(&str, u64) -> f32) -> History {
    let first = 7_000 / span.seconds();
    let meters: &[&str] = if of == HistoryOf::Machine { &MACHINE_METERS } else { &STREAM_METERS };
    let series = meters.iter().map(|meter| (first..first + count).map(|step| value(meter, step)).collect());
    History { of, span, first, fresh: true, series: series.collect() }
}

/// What a healthy stream shows.
pub fn healthy(meter: &str, step: u64) -> f32 {
    match meter {
        "fps" => 25.0,
        "bitrate" => 2_300.0 + 400.0 * noise(step / 3, 1),
        "speed" => 1.0 + 0.02 * (noise(step, 2) - 0.5),
        "cpu" => 0.3 + 0.4 * noise(step / 2, 3),
        _ => 22.0 * 1_048_576.0,
    }
}

/// The supervisor tells a history.
pub fn tell_history(state: &mut State, history: History) {
    tell(state, ServerMessage::History(Box::new(history)));
}

fn input(url: &str) -> InputDetail {
    InputDetail { url: url.into(), host: "cdn-1.example".into(), ..InputDetail::default() }
}

fn run(ended: u64, lasted: u64, input: u32, reason: &str) -> Run {
    let was_live = lasted > 30;
    Run { started: ago(ended + lasted), ended: ago(ended), input, was_live, reason: reason.into() }
}

/// Runs that have ended.
pub fn runs(count: u64) -> Vec<Run> {
    let reasons = [
        "exit code 1: Connection refused",
        "killed by signal 9",
        "no progress for 30 s: replaced",
        "exit code 8: Server returned 5XX Server Error reply",
    ];
    let one =
        |n: u64| run(20 + n * n * 170, 4 + n * 63, u32::from(n % 3 == 1) + 1, reasons[(n % 4) as usize]);
    (0..count).map(one).collect()
}

fn command() -> Vec<Arc<str>> {
    let arguments = [
        "/usr/bin/ffmpeg",
        "-hide_banner",
        "-nostdin",
        "-loglevel",
        "level+info",
        "-progress",
        "pipe:1",
        "-protocol_whitelist",
        "http,https,tcp,tls,crypto,hls",
        "-i",
        "http://cdn-1.example/live/news/index.m3u8?token=***&session=17",
        "-vf",
        "select='eq(pict_type,I)',blackdetect=d=10",
        "-f",
        "null",
        "-",
    ];
    arguments.map(Arc::from).to_vec()
}

/// What is known of a stream that runs.
pub fn detail(ix: StreamIx) -> Detail {
    Detail {
        stream: ix,
        command: command(),
        inputs: vec![InputDetail {
            in_use: true,
            ..input("http://cdn-1.example/live/news/index.m3u8?token=***")
        }],
        runs: Vec::new(),
        thresholds: Thresholds {
            fps_min: Some(20.0),
            bitrate_min_kbps: Some(1_500.0),
            ..Thresholds::default()
        },
        ..Detail::default()
    }
}

/// Stories of one stream: its row, and what is known beyond it.
pub fn story(name: &str) -> (Row, Detail) {
    let mut row = row(0);
    let mut detail = detail(row.ix);
    row.usage = Some(Usage { cpu_percent: 0.46, memory_bytes: 22 << 20, open_files: 9 });
    let idle = |row: &mut Row, phase, reason: &str, since| {
        (row.phase, row.reason, row.since) = (phase, reason.into(), ago(since));
        (row.pid, row.started, row.figures, row.usage) = (None, None, Figures::default(), None);
    };
    let soon = |seconds| Some(NOW + Duration::from_secs(seconds));
    let troubled = troubled_board(25);
    let conditions = |n: u32| troubled.rows[&StreamIx(n)].conditions.clone();
    match name {
        "live" => {}
        "faulty" => {
            row.conditions = conditions(3);
            row.care.acknowledged = Some(ago(61));
            row.care.muted_until = soon(1_500);
            row.care.note =
                "the studio knows: generator test until 14:00, call Jana on 4711 when it is over".into();
            row.last_message = "picture is black".into();
            row.last_message_at = ago(134);
        }
        "backoff" => {
            idle(&mut row, Phase::Backoff, "connection refused", 9);
            (row.conditions, row.failures, row.restarts) = (conditions(5), 3, 3);
            row.next = soon(12);
            row.last_error = Some("Connection to tcp://cdn-1.example:80 failed: Connection refused".into());
            detail.runs = runs(3);
            (detail.inputs[0].failures, detail.inputs[0].last_error) = (3, "connection refused".into());
        }
        "broken" => {
            idle(&mut row, Phase::Broken, "server error 503", 700);
            (row.conditions, row.failures, row.restarts) = (conditions(8), 10, 1_234);
            row.next = soon(200);
            detail.runs = runs(12);
            (detail.breaker, detail.breaker_next) = (Breaker::Open, soon(200));
            let input = &mut detail.inputs[0];
            (input.failures, input.last_error) = (10, "server error 503".into());
            (input.breaker, input.breaker_next) = (Breaker::Open, soon(25));
        }
        "held" => {
            let reason = "memory is 96 % full, above the hard limit of 95 %: rests until it is below 85 %, the \
                          lowest priority first";
            idle(&mut row, Phase::Held, reason, 45);
            row.next = soon(10);
        }
        "resting" => {
            idle(&mut row, Phase::Resting, "waits for its turn", 25);
            row.watch = crate::model::WatchKind::Rotate;
            (row.last_seen, row.next, row.conditions) = (Some(ago(131)), soon(82), conditions(3));
        }
        "stopped" => {
            idle(&mut row, Phase::Stopped, "stopped by the operator", 4_000);
            row.wanted = Wanted::Stopped;
            detail.runs = runs(1);
        }
        "stalled" => {
            row.phase = Phase::Stalled;
            (row.conditions, row.next, row.since) = (conditions(21), soon(6), ago(4));
            row.figures = Figures { fps: Some(0.0), bitrate_kbps: Some(0.0), speed: Some(0.0) };
        }
        "fallback" => {
            (row.input_of, row.priority) = ((2, 3), 90);
            row.tags = ["sport".into(), "hd".into()].into();
            detail.inputs = vec![
                InputDetail {
                    failures: 4,
                    last_error: "connection refused".into(),
                    breaker: Breaker::HalfOpen,
                    breaker_next: soon(40),
                    ..input("http://cdn-1.example/live/sport-1/index.m3u8")
                },
                InputDetail {
                    in_use: true,
                    ..input("https://backup.example:8443/relay/sport-1.m3u8?key=***")
                },
                InputDetail { probed: true, ..input("udp://239.1.2.3:5000") },
            ];
            detail.next_probe = soon(40);
            detail.runs = runs(5);
        }
        "new" => {
            idle(&mut row, Phase::Queued, "waits for a slot", 3);
            (detail.command, detail.inputs[0].in_use) = (Vec::new(), false);
        }
        other => panic!("no story of {other}"),
    }
    (row, detail)
}

/// All of them.
pub const STORIES: [&str; 10] =
    ["live", "faulty", "backoff", "broken", "held", "resting", "stopped", "stalled", "fallback", "new"];

/// The page of a story, with its detail, a log and five minutes of history.
pub fn page((width, height): (u16, u16), name: &str) -> State {
    let (row, detail) = story(name);
    let mut board = board(12);
    board.rows.insert(row.ix, Arc::new(row));
    let mut state = state(width, height, board);
    open(&mut state, 40);
    tell(&mut state, ServerMessage::Detail(Box::new(detail)));
    let of = HistoryOf::Stream(StreamIx(0));
    tell_history(
        &mut state,
        history(of, Span::FiveMinutes, 300, |meter, step| match step {
            7_280.. if name == "backoff" => f32::NAN,
            7_120..7_150 if meter == "fps" => 25.0 - 12.0 * noise(step, 9),
            _ => healthy(meter, step),
        }),
    );
    state
}

/// Presses the key for the next part until it is this one.
pub fn to_part(state: &mut State, part: Part) {
    while state.pages.part != part {
        press(state, KeyCode::Tab);
    }
}

/// A machine that has seen five minutes.
pub fn machine_board(story: &str) -> Board {
    let mut board = supervised_board(40);
    board.host.network = Some(Network { received: 61_300_000.0, sent: 402_000.0 });
    for row in board.rows.values_mut().filter(|row| row.pid.is_some()) {
        let n = u64::from(row.ix.0);
        let usage = Usage {
            cpu_percent: 0.2 + 3.0 * noise(n, 5).powi(3),
            memory_bytes: (18 << 20) + (n * 7_919 % 9) * 1_500_000,
            open_files: 7 + u32::try_from(n % 5).unwrap(),
        };
        Arc::make_mut(row).usage = Some(usage);
    }
    match story {
        "normal" => {
            (board.host.cpu_quota, board.host.memory_limited) = (None, false);
            board.pool.held = 0;
        }
        "container" => {}
        "no_pressure" => {
            (board.host.pressure, board.host.network, board.host.disk_free_bytes) = (None, None, None);
            (board.host.cpu_quota, board.host.memory_limited) = (None, false);
        }
        "trouble" => {
            board.host.pressure =
                Some(Pressure { cpu_some: 88.0, memory_some: 41.0, memory_full: 12.4, io_some: 7.7 });
            (board.host.cpu_percent, board.host.memory_bytes) = (99.0, 7_600 << 20);
            board.own.fds_open = 520_000;
            (board.host.disk_free_bytes, board.host.load1) = (Some(1 << 29), 9.4);
            (board.pool.busy, board.pool.queued) = (board.pool.slots, 14);
            let text = "memory is 96 % full, above the hard limit of 95 %: the lowest priority rests until it is below 85 %";
            board.notices = vec![
                notice(NoticeKind::Host, Severity::Critical, text),
                notice(
                    NoticeKind::Origin,
                    Severity::Warning,
                    "cdn-1.example does not answer: 15 streams wait together",
                ),
            ];
        }
        other => panic!("no story of {other}"),
    }
    board
}

/// The machine's page of a story, with five minutes of history.
pub fn machine((width, height): (u16, u16), story: &str) -> State {
    let mut state = state(width, height, machine_board(story));
    press(&mut state, KeyCode::Char('m'));
    let meters: Vec<(String, f32)> = Kind::ALL
        .iter()
        .map(|kind| (MACHINE_METERS[kind.series()].to_owned(), noise(kind.series() as u64, 8)))
        .collect();
    tell_history(
        &mut state,
        history(HistoryOf::Machine, Span::FiveMinutes, 300, |meter, step| {
            let level = meters.iter().find(|(name, _)| name == meter).map_or(0.3, |(_, level)| *level);
            let share = (level + 0.2 * noise(step / 4, level.to_bits().into())).min(1.0);
            let missing = story == "no_pressure"
                && (meter.contains("pressure") || ["received", "sent", "disk used"].contains(&meter));
            let whole: f32 = match meter {
                _ if missing => f32::NAN,
                "memory" | "disk used" | "workers memory" => 7_600.0 * 1_048_576.0,
                "headend memory" => 40.0 * 1_048_576.0,
                "received" | "sent" => 61_300_000.0,
                "load" => 4.0,
                "memory pressure" | "io pressure" | "headend cpu" => 3.0,
                "open files" => 800.0,
                "slots busy" => 190.0,
                "queued" | "starting" | "held" => 9.0,
                _ => 100.0,
            };
            share * whole
        }),
    );
    state
}

/// A day with a gap in it, and a fault that is too short for a step to be low on average.
pub fn day(state: &mut State) {
    for _ in 0..4 {
        press(state, KeyCode::Char(']'));
    }
    assert_eq!(state.charts.zoom, Zoom::Day);
    tell_history(
        state,
        history(HistoryOf::Stream(StreamIx(0)), Span::Day, 360, |meter, n| match n - 29 {
            100..160 => f32::NAN,
            250 if meter == "fps" => 0.0,
            _ => healthy(meter, n),
        }),
    );
}
