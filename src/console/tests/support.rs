//! Boards, states and screens for tests: fixed, without a clock.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Size;

use crate::console::decode::Typed;
use crate::console::state::State;
use crate::console::state::update::{Effect, Event, update};
use crate::console::theme::{Look, Surroundings};
use crate::console::view;
use crate::link::{ClientMessage, ServerMessage};
use crate::model::{
    Board, Condition, ConditionKind, Delta, Explained, Figures, GuardLimits, HostReading, LimitReading,
    LineLevel, LogLine, Mode, Moment, Notice, NoticeKind, OldLines, Phase, PoolReading, Pressure, Row,
    SelfReading, Severity, SoftHard, StreamId, StreamIx, Wanted, WatchKind, WorkersReading,
};

/// Where the supervisor's clock stands on a test's board: two hours and a bit.
pub const NOW: Moment = Moment::from_millis(7_321_000);

const CHANNELS: [(&str, &str); 10] = [
    ("Nordlicht News", "news"),
    ("Stadion Eins", "sport"),
    ("Kino Klassik", "film"),
    ("Alpenblick TV", "regional"),
    ("Küstenradio Bild", "regional"),
    ("Parlament Live", "news"),
    ("Kleine Sterne", "kids"),
    ("Doku Welt", "documentary"),
    ("Musik Nonstop", "music"),
    ("Markt & Meinung", "business"),
];

/// So long before [`NOW`].
pub fn ago(seconds: u64) -> Moment {
    NOW - Duration::from_secs(seconds)
}

/// A stream that runs and has nothing wrong.
pub fn row(n: u32) -> Row {
    let (name, group) = CHANNELS[n as usize % CHANNELS.len()];
    let round = n as usize / CHANNELS.len();
    let name = if round == 0 { name.to_owned() } else { format!("{name} {}", round + 1) };
    let mode = if n % 7 == 3 { Mode::Packets } else { Mode::Picture };
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let wobble = (n % 13) as f32;
    Row {
        name: name.into(),
        group: group.into(),
        mode,
        phase: Phase::Live,
        since: ago(3_000 + u64::from(n)),
        pid: Some(4_000 + n),
        started: Some(ago(3_002 + u64::from(n))),
        figures: Figures { fps: Some(25.0), bitrate_kbps: Some(2_400.0 + 131.0 * wobble), speed: Some(1.0) },
        input: format!("http://127.0.0.1:8080/live/ch-{:03}/index.m3u8", n + 1).into(),
        priority: 50,
        input_of: (1, 1),
        ..Row::blank(StreamIx(n), StreamId::new(&format!("ch-{:03}", n + 1)).unwrap())
    }
}

pub fn condition(kind: ConditionKind, seconds: u64) -> Condition {
    Condition { kind, severity: kind.severity(), since: ago(seconds), explained: None }
}

/// Makes a row one of those with a story.
pub fn trouble(row: &mut Row) {
    let idle = |row: &mut Row, phase, reason: &str| {
        (row.phase, row.reason, row.pid, row.started) = (phase, reason.into(), None, None);
        (row.figures, row.since) = (Figures::default(), ago(40));
    };
    match row.ix.0 {
        3 => {
            row.conditions = vec![condition(ConditionKind::Black, 134), condition(ConditionKind::Silent, 61)];
            row.last_message = "picture is black".into();
            row.last_message_at = ago(134);
        }
        5 => {
            idle(row, Phase::Backoff, "connection refused");
            row.conditions = vec![condition(ConditionKind::Refused, 52)];
            (row.next, row.failures, row.restarts) = (Some(NOW + Duration::from_secs(12)), 3, 3);
            row.last_error = Some("Connection to tcp://127.0.0.1:8080 failed: Connection refused".into());
            row.last_message = "Connection refused".into();
            row.last_message_at = ago(3);
        }
        8 => {
            idle(row, Phase::Broken, "server error 503");
            row.conditions = vec![condition(ConditionKind::Http5xx, 700)];
            (row.next, row.failures, row.restarts) = (Some(NOW + Duration::from_secs(200)), 10, 1_234);
            row.last_message = "Server returned 5XX Server Error reply".into();
            row.last_message_at = ago(44);
        }
        11 => {
            row.conditions = vec![condition(ConditionKind::Slow, 33)];
            row.figures = Figures { fps: Some(19.3), bitrate_kbps: Some(1_804.0), speed: Some(0.77) };
        }
        13 => {
            idle(row, Phase::Starting, "");
            (row.pid, row.started) = (Some(9_001), Some(ago(4)));
            row.next = Some(NOW + Duration::from_secs(26));
        }
        16 => {
            idle(row, Phase::Stopped, "stopped by operator");
            row.wanted = Wanted::Stopped;
        }
        19 => idle(row, Phase::Queued, "waits for a slot"),
        21 => {
            row.phase = Phase::Stalled;
            row.conditions = vec![condition(ConditionKind::Stalled, 24)];
            row.next = Some(NOW + Duration::from_secs(6));
            row.figures.speed = Some(0.0);
        }
        _ => {}
    }
}

/// The limits of the host guard as they are when nothing is configured.
pub fn guard() -> GuardLimits {
    let limit = |soft, hard| SoftHard { soft, hard };
    GuardLimits {
        cpu: limit(95.0, 98.0),
        cpu_pressure: limit(80.0, 95.0),
        memory: limit(85.0, 95.0),
        memory_pressure: limit(2.0, 10.0),
        open_files: limit(85.0, 95.0),
        disk: limit(95.0, 99.0),
    }
}

/// A board of `streams`, all well.
pub fn board(streams: u32) -> Board {
    let rows = (0..streams).map(|n| (StreamIx(n), Arc::new(row(n)))).collect();
    Board {
        revision: 1,
        at: NOW,
        rows,
        pool: PoolReading {
            slots: streams,
            busy: streams,
            queued: 0,
            starting: 0,
            start_parallel: 15,
            ..PoolReading::default()
        },
        host: HostReading {
            cpu_percent: 61.5,
            cores: 2,
            memory_bytes: 3_400 << 20,
            memory_total_bytes: 7_900 << 20,
            fds_open: 9_000,
            fds_limit: 800_000,
            load1: 1.82,
            ..HostReading::default()
        },
        own: SelfReading { cpu_percent: 2.1, memory_bytes: 31 << 20, fds_open: 712, fds_limit: 524_288 },
        workers: WorkersReading { count: streams, memory_bytes: 2_345 << 20 },
        limits: LimitReading { fds_before: 1_024, fds_now: 524_288, workers: 174_000, guard: Some(guard()) },
        notices: Vec::new(),
        ..Board::default()
    }
}

/// A board of `streams`, some of them in trouble.
pub fn troubled_board(streams: u32) -> Board {
    let mut board = board(streams);
    for row in board.rows.values_mut() {
        trouble(Arc::make_mut(row));
    }
    let busy = board.rows.values().filter(|r| r.phase.holds_slot()).count();
    board.pool.busy = u32::try_from(busy).unwrap();
    (board.pool.queued, board.pool.starting) = (1, 1);
    board
}

/// Makes a row one of those that supervision has something to say about.
fn supervise(row: &mut Row) {
    let rests = |row: &mut Row, seen: Option<u64>| {
        (row.phase, row.pid, row.started) = (Phase::Resting, None, None);
        (row.reason, row.figures) = ("waits for its turn".into(), Figures::default());
        (row.watch, row.last_seen) = (WatchKind::Rotate, seen.map(ago));
        row.next = Some(NOW + Duration::from_secs(82));
    };
    match row.ix.0 {
        1 => rests(row, Some(25)),
        2 => {
            rests(row, Some(131));
            row.conditions =
                vec![condition(ConditionKind::Black, 250), condition(ConditionKind::Silent, 240)];
        }
        4 => rests(row, None),
        6 => {
            row.conditions = vec![condition(ConditionKind::Slow, 95)];
            row.conditions[0].explained = Some(Explained::Overload);
        }
        7 => {
            row.conditions =
                vec![condition(ConditionKind::Frozen, 500), condition(ConditionKind::Silent, 31)];
            (row.conditions[0].explained, row.maintenance) = (Some(Explained::Maintenance), true);
        }
        9 => {
            (row.input_of, row.priority) = ((2, 3), 90);
            row.last_message = "input 1 failed: connection refused".into();
        }
        10 => row.maintenance = true,
        12 => {
            (row.phase, row.pid, row.started) = (Phase::Held, None, None);
            row.figures = Figures::default();
            row.reason = "memory is 96 % full, above the hard limit of 95 %: rests until it is below 85 %, \
                          the lowest priority first"
                .into();
        }
        14 => {
            (row.watch, row.last_seen) = (WatchKind::Rotate, Some(ago(1)));
            row.next = Some(NOW + Duration::from_secs(17));
        }
        _ => {}
    }
}

/// A board with turns, explanations, fallback inputs and a host that is overloaded.
pub fn supervised_board(streams: u32) -> Board {
    let mut board = troubled_board(streams);
    for row in board.rows.values_mut() {
        supervise(Arc::make_mut(row));
    }
    let pool = &mut board.pool;
    (pool.slots, pool.busy, pool.queued, pool.starting) = (190, 187, 1, 1);
    (pool.auto, pool.held, pool.rotating, pool.unseen_since) = (true, 1, 4, Some(ago(131)));
    let host = &mut board.host;
    (host.cpu_quota, host.memory_limited) = (Some(1.5), true);
    host.pressure = Some(Pressure { cpu_some: 31.4, memory_some: 12.0, memory_full: 3.5, io_some: 0.2 });
    (host.disk_free_bytes, host.disk_total_bytes) = (Some(7 << 30), 40 << 30);
    board
}

/// Makes a row one of those that someone looked after.
fn tend(row: &mut Row) {
    let minutes = |minutes: u64| Some(NOW + Duration::from_secs(minutes * 60));
    let care = &mut row.care;
    match row.ix.0 {
        8 => (care.acknowledged, care.note) = (Some(ago(240)), "the provider knows, mended by 18:00".into()),
        11 => care.muted_until = minutes(172),
        22 => {
            row.conditions = vec![condition(ConditionKind::Frozen, 3_900)];
            care.note = "a still by intention at night: do not restart, and ask the archive (Tel. 4711) \
                         before anybody edits the thresholds of this channel once more"
                .into();
        }
        25 => {
            (row.phase, row.since, row.pid, row.started) =
                (Phase::Stalled, ago(14), Some(77), Some(ago(500)));
            (row.reason, row.next) = ("no progress for 20 s".into(), Some(NOW + Duration::from_secs(6)));
            row.conditions = vec![condition(ConditionKind::Stalled, 34)];
        }
        31 => {
            row.conditions =
                vec![condition(ConditionKind::Black, 86_400), condition(ConditionKind::Silent, 20)];
            (care.acknowledged, care.muted_until) = (Some(ago(7_000)), minutes(3));
        }
        33 => {
            (row.phase, row.since, row.pid, row.started) = (Phase::Backoff, ago(3), None, None);
            (row.reason, row.next) = ("exited with code 1".into(), Some(NOW + Duration::from_secs(2)));
            row.failures = 1;
        }
        _ => {}
    }
}

/// A board of which some streams were looked after.
pub fn tended_board(streams: u32) -> Board {
    let mut board = supervised_board(streams);
    for row in board.rows.values_mut() {
        tend(Arc::make_mut(row));
    }
    board
}

/// The wall clock at the begin of a test: 14:32:05 on that day in UTC.
pub fn tell_time(state: &mut State) {
    let now = state.now;
    update(state, now, Event::WallClock(1_790_001_125_000 - NOW.millis()));
}

/// A notice, a minute old.
pub fn notice(kind: NoticeKind, severity: Severity, text: &str) -> Notice {
    Notice { kind, severity, text: text.into(), since: ago(65) }
}

/// A state that has taken `board` in.
pub fn state(width: u16, height: u16, board: Board) -> State {
    let mut state = State::new("demo", "0.1.0", Size::new(width, height), TimeZone::UTC);
    tell(&mut state, ServerMessage::Board(Box::new(board)));
    state
}

/// The supervisor tells something.
pub fn tell(state: &mut State, message: ServerMessage) -> Vec<Effect> {
    let now = state.now;
    meant(update(state, now, Event::Told(message)))
}

/// What was meant by what was done: not that a screen now shows readings or none.
fn meant(mut effects: Vec<Effect>) -> Vec<Effect> {
    effects.retain(|effect| !matches!(effect, Effect::Send(ClientMessage::WakeForReadings(_))));
    effects
}

/// The delta that makes `rows` of the board what they are now.
pub fn delta(state: &State, rows: Vec<Row>) -> Delta {
    Delta {
        from: state.live().revision,
        to: state.live().revision + 1,
        at: state.now,
        rows: rows.into_iter().map(|row| (row.ix, Arc::new(row))).collect(),
        ..Delta::default()
    }
}

/// The supervisor tells that these rows are so now.
pub fn change(state: &mut State, rows: Vec<Row>) -> Vec<Effect> {
    let delta = delta(state, rows);
    tell(state, ServerMessage::Delta(Box::new(delta)))
}

/// Time goes on, and the supervisor is heard, though it has nothing to say.
pub fn wait(state: &mut State, seconds: u64) {
    let now = state.now + Duration::from_secs(seconds);
    update(state, now, Event::Heard(Duration::ZERO));
    update(state, now, Event::Clock);
}

/// Time goes on, and nothing is heard from the supervisor.
pub fn silence(state: &mut State, seconds: u64) {
    let now = state.now + Duration::from_secs(seconds);
    update(state, now, Event::Clock);
}

/// The operator presses a key.
pub fn press(state: &mut State, code: KeyCode) -> Vec<Effect> {
    let now = state.now;
    meant(update(state, now, Event::Typed(Typed::Key(KeyEvent::new(code, KeyModifiers::NONE)))))
}

/// The operator presses ctrl and a key.
pub fn control(state: &mut State, c: char) -> Vec<Effect> {
    let now = state.now;
    meant(update(
        state,
        now,
        Event::Typed(Typed::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL))),
    ))
}

/// The operator types a text.
pub fn type_in(state: &mut State, text: &str) {
    for c in text.chars() {
        press(state, KeyCode::Char(c));
    }
}

/// Lines of a log.
pub fn log_lines(count: u64) -> Vec<LogLine> {
    let line = |n: u64| {
        let (level, text) = match n % 9 {
            3 => {
                (LineLevel::Warning, "[hls @ 0x5581] keepalive request failed, retrying with new connection")
            }
            7 => (
                LineLevel::Error,
                "[in#0/hls @ 0x5581] Error during demuxing: Connection reset by peer, and this line goes on for quite a while to see what happens at the edge",
            ),
            5 => (LineLevel::Debug, "[AVIOContext @ 0x55] Statistics: 188000 bytes read"),
            _ => (LineLevel::Info, "[hls @ 0x5581] Opening 'seg-1042.ts' for reading"),
        };
        LogLine { wall_ms: 1_790_000_000_000 + n * 1_700, level, text: text.into() }
    };
    (0..count).map(line).collect()
}

/// Opens the selected stream, with a log of `lines` and nothing before them in its files.
pub fn open(state: &mut State, lines: u64) {
    press(state, KeyCode::Enter);
    let stream = state.open.unwrap();
    let log = ServerMessage::Log { stream, first: 0, lines: log_lines(lines), missed: 0, fresh: true };
    for effect in tell(state, log) {
        if let Effect::Send(ClientMessage::ReadLog { seq, stream, .. }) = effect {
            tell(state, ServerMessage::OldLog { seq, stream, old: OldLines::default() });
        }
    }
}

/// The look of a terminal with Unicode.
pub fn look() -> Look {
    let around = Surroundings {
        no_color: false,
        term: "xterm-256color".into(),
        colorterm: "truecolor".into(),
        locale: "C.UTF-8".into(),
        tmux: false,
    };
    Look::suiting(false, &around)
}

/// The look of a terminal without.
pub fn ascii_look() -> Look {
    Look::suiting(true, &Surroundings::default())
}

/// The screen with its styles.
pub fn buffer_in(state: &State, look: &Look) -> Buffer {
    let backend = TestBackend::new(state.size.width, state.size.height);
    let mut terminal = Terminal::new(backend).unwrap();
    terminal.draw(|frame| view::draw(state, look, frame)).unwrap();
    terminal.backend().buffer().clone()
}

/// The screen as text, without what blanks are at the ends of lines.
pub fn screen_in(state: &State, look: &Look) -> String {
    let buffer = buffer_in(state, look);
    let line = |y| {
        let mut text = String::new();
        let mut skip = 0;
        for x in 0..state.size.width {
            let symbol = buffer[(x, y)].symbol();
            if skip == 0 {
                text.push_str(symbol);
                skip = crate::console::text::width(symbol).max(1);
            }
            skip -= 1;
        }
        text.trim_end().to_owned()
    };
    (0..state.size.height).map(line).collect::<Vec<_>>().join("\n")
}

/// The screen as text.
pub fn screen(state: &State) -> String {
    screen_in(state, &look())
}
