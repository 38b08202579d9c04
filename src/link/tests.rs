//! The in-process link, with clients that read, read late, and do not read at all.

mod logs;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::hub::{MAX_IDS, MAX_IDS_WAITING, MAX_REQUESTS};
use super::mailbox::{MAX_ANSWERS, MAX_REMOVED};
use super::*;
use crate::model::{
    Action, Answer, Board, Command, Detail, HostReading, InputDetail, LineLevel, LogLine, LogPlace, Mode,
    Moment, OldLines, Phase, PoolReading, Row, Selection, StreamId, StreamIx,
};

/// A log whose first lines are gone, the same for every stream; and requests to read it back, which
/// wait for the test.
#[derive(Default)]
pub struct Lines(Mutex<(u64, Vec<LogLine>)>, Mutex<Vec<OldLogAnswer>>);

/// Requests to read back that wait at most.
const MAX_WAITING: usize = 2;

impl Lines {
    pub fn push(&self, text: &str) {
        let line = LogLine { wall_ms: 0, level: LineLevel::Info, text: text.into() };
        self.0.lock().unwrap().1.push(line);
    }

    fn forget(&self, count: usize) {
        let mut lines = self.0.lock().unwrap();
        lines.0 += count as u64;
        lines.1.drain(..count);
    }
}

impl LogSource for Lines {
    fn lines_from(&self, _: StreamIx, from: u64) -> LogSlice {
        let lines = self.0.lock().unwrap();
        let skip = usize::try_from(from.saturating_sub(lines.0)).unwrap();
        let next = lines.0 + lines.1.len() as u64;
        LogSlice { lines: lines.1[skip..].to_vec(), next, missed: lines.0.saturating_sub(from) }
    }

    fn next_number(&self, _: StreamIx) -> u64 {
        let lines = self.0.lock().unwrap();
        lines.0 + lines.1.len() as u64
    }

    fn read_back(&self, _: StreamIx, _: LogPlace, _: usize, answer: OldLogAnswer) -> bool {
        let mut waiting = self.1.lock().unwrap();
        let room = waiting.len() < MAX_WAITING;
        if room {
            waiting.push(answer);
        }
        room
    }
}

pub fn row(ix: u32, restarts: u32) -> Row {
    Row {
        mode: Mode::Picture,
        phase: Phase::Live,
        restarts,
        priority: 50,
        input_of: (1, 1),
        ..Row::blank(StreamIx(ix), StreamId::new(&format!("s{ix}")).unwrap())
    }
}

pub fn change(rows: Vec<Row>) -> HubChange {
    HubChange { rows, ..HubChange::default() }
}

fn hub() -> (Hub, Arc<Lines>) {
    let lines = Arc::new(Lines::default());
    (Hub::new(Arc::clone(&lines) as Arc<dyn LogSource>, Box::new(|| {})), lines)
}

pub fn start(seq: u64) -> ClientMessage {
    ClientMessage::Command {
        seq,
        command: Command::Streams { action: Action::Start, target: Selection::All },
    }
}

/// What a console does with its messages.
fn apply(board: &mut Board, messages: Vec<ServerMessage>) {
    for message in messages {
        match message {
            ServerMessage::Board(whole) => *board = *whole,
            ServerMessage::Delta(delta) => board.apply(&delta).unwrap(),
            _ => {}
        }
    }
}

#[test]
fn who_comes_while_it_leaves_is_told_so() {
    let (hub, _) = hub();
    hub.leaving(4);
    let late = hub.attach(Role::Viewer, || {});
    assert!(late.take().contains(&ServerMessage::Leaving { workers_left: 4 }));
}

#[test]
fn a_reader_who_is_late_has_the_same_board_from_one_delta() {
    let (hub, _) = hub();
    let (quick, slow) = (hub.attach(Role::Viewer, || {}), hub.attach(Role::Viewer, || {}));
    let (mut of_quick, mut of_slow) = (Board::default(), Board::default());
    apply(&mut of_quick, quick.take());
    apply(&mut of_slow, slow.take());
    for n in 0..1_000 {
        let removed = if n % 7 == 0 { vec![StreamIx(n % 5)] } else { Vec::new() };
        let pool = (n % 3 == 0).then(|| PoolReading { busy: n, ..PoolReading::default() });
        hub.publish(
            Moment::from_millis(n.into()),
            HubChange { removed, pool, ..change(vec![row(n % 10, n)]) },
        );
        apply(&mut of_quick, quick.take());
    }
    let waiting = slow.take();
    assert_eq!(waiting.len(), 1, "a thousand changes wait as one");
    apply(&mut of_slow, waiting);
    assert_eq!(of_quick, hub.board());
    assert_eq!(of_slow, hub.board());
    assert_eq!(of_slow.revision, 1_000);
}

#[test]
fn a_reader_with_a_gap_gets_the_whole_board() {
    let (hub, _) = hub();
    let client = hub.attach(Role::Viewer, || {});
    let _ = client.take();
    hub.publish(Moment::ZERO, change(vec![row(1, 1)]));
    client.send(ClientMessage::WantBoard);
    hub.publish(Moment::ZERO, change(vec![row(2, 2)]));
    let messages = client.take();
    assert!(matches!(&messages[..], [ServerMessage::Board(board)] if **board == hub.board()), "{messages:?}");
    let mut board = hub.board();
    assert!(board.apply(&crate::model::Delta { from: 99, to: 100, ..Default::default() }).is_err());
    assert_eq!(board, hub.board(), "a delta that does not fit changes nothing");
}

#[test]
fn a_reader_behind_on_too_many_that_went_gets_the_whole_board() {
    let (hub, _) = hub();
    let client = hub.attach(Role::Viewer, || {});
    let _ = client.take();
    let go = |count: usize| {
        for ix in (0..).take(count) {
            hub.publish(Moment::ZERO, HubChange { removed: vec![StreamIx(ix)], ..HubChange::default() });
        }
    };
    // The same ones again are no more than once.
    go(MAX_REMOVED);
    go(MAX_REMOVED);
    let messages = client.take();
    let kept = |delta: &crate::model::Delta| delta.removed.len() == MAX_REMOVED;
    assert!(matches!(&messages[..], [ServerMessage::Delta(delta)] if kept(delta)), "{messages:?}");
    go(MAX_REMOVED + 1);
    let messages = client.take();
    assert!(matches!(&messages[..], [ServerMessage::Board(board)] if **board == hub.board()), "{messages:?}");
}

#[test]
fn clients_are_woken_by_news_and_by_nothing_else() {
    let (hub, lines) = hub();
    let woken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&woken);
    let client = hub.attach(Role::Viewer, move || {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    hub.logs_moved();
    assert_eq!(woken.load(Ordering::SeqCst), 0, "it follows no log");
    hub.publish(Moment::ZERO, change(vec![row(1, 1)]));
    assert_eq!(woken.load(Ordering::SeqCst), 1);
    client.send(ClientMessage::FollowLogs(vec![StreamIx(1)]));
    let _ = client.take();
    let before = woken.load(Ordering::SeqCst);
    hub.logs_moved();
    assert_eq!(woken.load(Ordering::SeqCst), before, "nothing new in the log");
    lines.push("new");
    hub.logs_moved();
    assert_eq!(woken.load(Ordering::SeqCst), before + 1);
}

fn detail(stream: u32, failures: u32) -> Detail {
    let input = InputDetail { failures, ..InputDetail::default() };
    Detail { stream: StreamIx(stream), inputs: vec![input], ..Detail::default() }
}

/// The details that have come, as stream and failures of its input.
fn details(client: &Client) -> Vec<(u32, u32)> {
    let told = |message| match message {
        ServerMessage::Detail(detail) => Some((detail.stream.0, detail.inputs[0].failures)),
        _ => None,
    };
    client.take().into_iter().filter_map(told).collect()
}

#[test]
fn a_detail_goes_to_who_has_the_stream_open_and_only_when_it_is_news() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let requested = move || _ = counter.fetch_add(1, Ordering::SeqCst);
    let hub = Hub::new(Arc::new(Lines::default()), Box::new(requested));
    let woken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&woken);
    let one = hub.attach(Role::Viewer, move || _ = counter.fetch_add(1, Ordering::SeqCst));
    let (two, nobody) = (hub.attach(Role::Viewer, || {}), hub.attach(Role::Viewer, || {}));
    for client in [&one, &two, &nobody] {
        let _ = client.take();
    }
    hub.put_detail(&detail(1, 0));
    assert_eq!((hub.details_wanted().len(), details(&one)), (0, vec![]));

    one.send(ClientMessage::FollowDetail(Some(StreamIx(1))));
    two.send(ClientMessage::FollowDetail(Some(StreamIx(2))));
    assert_eq!(asked.load(Ordering::SeqCst), 2, "the supervisor is told that somebody wants one");
    assert_eq!(hub.details_wanted(), [1, 2].map(StreamIx).into());
    let before = woken.load(Ordering::SeqCst);
    hub.put_detail(&detail(1, 1));
    hub.put_detail(&detail(2, 2));
    assert_eq!((details(&one), details(&two), details(&nobody)), (vec![(1, 1)], vec![(2, 2)], vec![]));
    assert_eq!(woken.load(Ordering::SeqCst), before + 1);
    hub.put_detail(&detail(1, 1));
    assert_eq!((details(&one), woken.load(Ordering::SeqCst)), (vec![], before + 1), "it has that one");
    hub.put_detail(&detail(1, 3));
    assert_eq!(details(&one), [(1, 3)]);

    // Another stream, the same one again from the beginning, and none.
    one.send(ClientMessage::FollowDetail(Some(StreamIx(2))));
    hub.put_detail(&detail(1, 4));
    hub.put_detail(&detail(2, 2));
    assert_eq!((details(&one), details(&two)), (vec![(2, 2)], vec![]));
    one.send(ClientMessage::FollowDetail(Some(StreamIx(2))));
    hub.put_detail(&detail(2, 2));
    assert_eq!(details(&one), [(2, 2)]);
    one.send(ClientMessage::FollowDetail(None));
    drop(two);
    assert!(hub.details_wanted().is_empty());
    hub.put_detail(&detail(2, 5));
    assert_eq!(details(&one), []);
}

#[test]
fn of_details_for_one_who_does_not_read_the_newest_waits() {
    let (hub, _) = hub();
    let client = hub.attach(Role::Viewer, || {});
    let _ = client.take();
    client.send(ClientMessage::FollowDetail(Some(StreamIx(1))));
    for failures in 0..10_000 {
        hub.put_detail(&detail(1, failures));
    }
    assert_eq!(details(&client), [(1, 9_999)]);
    assert_eq!(details(&client), []);
}

#[test]
fn commands_are_refused_where_they_can_t_be_taken() {
    let (hub, _) = hub();
    let refused = |client: &Client| {
        let messages = client.take();
        messages.iter().any(|m| matches!(m, ServerMessage::Answer { answer: Answer::Refused { .. }, .. }))
    };
    let viewer = hub.attach(Role::Viewer, || {});
    viewer.send(start(1));
    assert!(refused(&viewer) && hub.next_request().is_none(), "a viewer");
    let operator = hub.attach(Role::Operator, || {});
    for seq in 0..MAX_REQUESTS as u64 {
        operator.send(start(seq));
    }
    assert!(!refused(&operator));
    operator.send(start(999));
    assert!(refused(&operator), "one too many");
    assert!(std::iter::from_fn(|| hub.next_request()).map(|r| r.seq).eq(0..MAX_REQUESTS as u64));
    hub.leaving(3);
    operator.send(start(1_000));
    assert!(refused(&operator), "headend is leaving");
}

#[test]
fn commands_that_name_too_many_streams_are_refused() {
    let (hub, _) = hub();
    let client = hub.attach(Role::Operator, || {});
    let name = |seq, count| {
        let target = Selection::Ids(vec![StreamId::new("s1").unwrap(); count]);
        let command = Command::Streams { action: Action::Stop, target };
        client.send(ClientMessage::Command { seq, command });
    };
    name(0, MAX_IDS + 1);
    assert!(hub.next_request().is_none());
    for seq in 1..10 {
        name(seq, MAX_IDS);
    }
    client.send(start(10));
    let waiting: Vec<u64> = std::iter::from_fn(|| hub.next_request()).map(|r| r.seq).collect();
    let whole = MAX_IDS_WAITING / MAX_IDS;
    assert_eq!(waiting, (1..=whole as u64).chain([10]).collect::<Vec<_>>(), "who names none fits still");
}

#[test]
fn answers_for_one_who_does_not_read_are_bounded() {
    let (hub, _) = hub();
    let client = hub.attach(Role::Operator, || {});
    client.send(start(0));
    let request = hub.next_request().unwrap();
    for seq in 0..10 * MAX_ANSWERS as u64 {
        hub.answer(request.client, seq, Answer::Done { touched: 0 });
    }
    let answers = client.take().iter().filter(|m| matches!(m, ServerMessage::Answer { .. })).count();
    assert_eq!(answers, MAX_ANSWERS);
    // Refusals are answers too.
    for seq in 0..10 * (MAX_REQUESTS + MAX_ANSWERS) as u64 {
        client.send(start(seq));
    }
    assert_eq!(client.take().len(), MAX_ANSWERS);
    drop(client);
    hub.answer(request.client, 1, Answer::Done { touched: 0 });
}

#[test]
fn the_report_tells_the_board_before_leaving() {
    let (hub, _) = hub();
    hub.publish(Moment::ZERO, change(vec![row(1, 1)]));
    hub.leaving(1);
    hub.publish(Moment::ZERO, change(vec![Row { phase: Phase::Stopped, ..row(1, 1) }]));
    assert_eq!(hub.board_to_report().rows[&StreamIx(1)].phase, Phase::Live);
    assert_eq!(hub.board().rows[&StreamIx(1)].phase, Phase::Stopped);
}

#[test]
fn who_shows_no_readings_is_not_woken_for_them_and_gets_them_later() {
    let (hub, _) = hub();
    let woken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&woken);
    let client = hub.attach(Role::Viewer, move || {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    let _ = client.take();
    let readings = |percent| HubChange {
        host: Some(HostReading { cpu_percent: percent, ..HostReading::default() }),
        ..HubChange::default()
    };
    hub.publish(Moment::ZERO, readings(1.0));
    assert_eq!(woken.load(Ordering::SeqCst), 1);
    client.send(ClientMessage::WakeForReadings(false));
    hub.publish(Moment::ZERO, readings(2.0));
    assert_eq!(woken.load(Ordering::SeqCst), 1, "nobody looks");
    hub.publish(Moment::ZERO, change(vec![row(1, 1)]));
    assert_eq!(woken.load(Ordering::SeqCst), 2);
    let mut board = Board::default();
    client.send(ClientMessage::WantBoard);
    apply(&mut board, client.take());
    assert_eq!(board, hub.board());
    client.send(ClientMessage::WakeForReadings(true));
    let before = woken.load(Ordering::SeqCst);
    hub.publish(Moment::ZERO, readings(3.0));
    assert_eq!(woken.load(Ordering::SeqCst), before + 1);
}

#[test]
fn silence_wakes_everybody_once_and_whoever_publishes_ends_it() {
    let (hub, _) = hub();
    let woken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&woken);
    let client = hub.attach(Role::Viewer, move || {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    client.send(ClientMessage::WakeForReadings(false));
    hub.wake_if_silent(Duration::from_secs(3_600));
    assert_eq!(woken.load(Ordering::SeqCst), 0);
    hub.wake_if_silent(Duration::ZERO);
    hub.wake_if_silent(Duration::ZERO);
    assert_eq!(woken.load(Ordering::SeqCst), 1);
    assert!(client.heard_ago() < Duration::from_secs(3_600));
    // A sign of life that nobody is woken for.
    hub.publish(Moment::ZERO, HubChange::default());
    assert_eq!(woken.load(Ordering::SeqCst), 1);
    hub.wake_if_silent(Duration::ZERO);
    assert_eq!(woken.load(Ordering::SeqCst), 2);
}

/// Remembers what it is told, and reads nothing.
#[derive(Default)]
struct Told(std::sync::Mutex<Vec<super::Audited>>);

impl super::AuditTrail for Told {
    fn record(&self, audited: super::Audited) {
        self.0.lock().unwrap().push(audited);
    }

    fn read(&self, _: u64, _: usize, _: super::AuditAnswer) -> bool {
        false
    }
}

#[test]
fn each_command_is_remembered_with_who_gave_it_also_when_he_is_gone() {
    let (hub, _) = hub();
    let told = Arc::new(Told::default());
    hub.remember_in(Arc::clone(&told) as Arc<dyn super::AuditTrail>);
    let who = |user: &str| super::Who { uid: 7, user: user.into(), terminal: "pts/3".into() };
    let operator = hub.attach_as(Role::Operator, who("anna"), || {});
    let viewer = hub.attach_as(Role::Viewer, who("bert"), || {});
    let command = |action| ClientMessage::Command {
        seq: 1,
        command: Command::Streams { action, target: Selection::All },
    };
    operator.send(command(Action::Stop));
    operator.send(command(Action::Look));
    viewer.send(command(Action::Start));
    drop(operator);
    while let Some(request) = hub.next_request() {
        hub.answer(request.client, request.seq, Answer::Done { touched: 2 });
    }
    let told = told.0.lock().unwrap();
    let lines: Vec<String> = told
        .iter()
        .map(|a| format!("{} {}: {}", a.who.as_ref().unwrap().user, a.command, a.result))
        .collect();
    assert_eq!(
        lines,
        ["bert start all: refused: a viewer may not give commands", "anna stop all: done, 2 streams"]
    );
    drop(viewer);
}
