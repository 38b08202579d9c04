//! A real socket, with clients that are as they should be, and with others.

mod showing;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::connection::{BOARD_EVERY, MESSAGES_AT_ONCE, MESSAGES_PER_SECOND};
use super::*;
use crate::link::tests::{Lines, change, row, start};
use crate::link::wire::frame::{self, Frame, Kind, Reader};
use crate::link::wire::hello::{self, ClientHello, Version};
use crate::link::wire::{self, MAX_CLIENT_FRAME, MAX_HELLO, MAX_SERVER_FRAME};
use crate::link::{
    ClientMessage, ConnectError, Connecting, HubChange, Link, LinkState, LogSource, Remote, Role,
    ServerMessage,
};
use crate::model::{Answer, Board, HistoryOf, Moment, Row, Span, StreamIx};

/// No wait here is longer: what has not come by then does not come.
const LIMIT: Duration = Duration::from_secs(20);

struct Place {
    folder: tempfile::TempDir,
    hub: Hub,
    lines: Arc<Lines>,
}

impl Place {
    fn new() -> Self {
        let lines = Arc::new(Lines::default());
        let hub = Hub::new(Arc::clone(&lines) as Arc<dyn LogSource>, Box::new(|| {}));
        Self { folder: tempfile::tempdir().unwrap(), hub, lines }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(place::SOCKET)
    }

    fn serve(&self) -> Server {
        let access = Access { own_uid: nix::unistd::Uid::effective().as_raw(), ..Access::default() };
        let listening = Listening { path: self.path(), mode: 0o600, access, title: "a test".into() };
        Server::start(self.hub.clone(), listening).unwrap()
    }

    fn connecting(&self, role: Role) -> Connecting {
        Connecting {
            path: self.path(),
            role,
            terminal: "a test".into(),
            silent_after: LIMIT,
            again: true,
            show: String::new(),
        }
    }

    fn attach(&self, role: Role) -> Remote {
        Remote::connect(self.connecting(role)).unwrap()
    }

    fn publish(&self, rows: Vec<Row>) {
        self.hub.publish(Moment::ZERO, change(rows));
    }

    /// A client that says what it likes.
    fn raw(&self) -> UnixStream {
        let stream = place::connect(&self.path()).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream
    }

    /// One that has said hello.
    fn greeted(&self) -> UnixStream {
        let mut stream = self.raw();
        stream.write_all(&hello_of(&Version::ours())).unwrap();
        stream
    }
}

fn hello_of(version: &Version) -> Vec<u8> {
    let said = ClientHello { role: Role::Operator, terminal: "raw".into() };
    let mut bytes = Vec::new();
    frame::write(Kind::Hello, &hello::write(version, &said).unwrap(), MAX_HELLO, &mut bytes).unwrap();
    bytes
}

fn framed(message: &ClientMessage) -> Vec<u8> {
    let (mut body, mut bytes) = (Vec::new(), Vec::new());
    wire::put(&mut body, message).unwrap();
    frame::write_plain(Kind::Message, &body, MAX_CLIENT_FRAME, &mut bytes).unwrap();
    bytes
}

/// Everything until the server ends the connection.
fn until_ended(mut stream: UnixStream) -> Vec<Frame> {
    let mut bytes = Vec::new();
    // A server that ends while bytes of ours are on the way resets the connection.
    let _ = stream.read_to_end(&mut bytes);
    let mut reader = Reader::new(MAX_SERVER_FRAME, true);
    reader.push(&bytes);
    std::iter::from_fn(|| reader.next_frame().unwrap()).collect()
}

/// Why the server ended it.
fn goodbye(stream: UnixStream) -> String {
    let frames = until_ended(stream);
    let last = frames.last().expect("a last word");
    assert_eq!(last.kind, Kind::Bye, "{last:?}");
    wire::get_all(&last.body).unwrap()
}

/// What a console does: takes until the board is as wanted.
fn until(link: &Remote, board: &mut Board, holds: impl Fn(&Board) -> bool) {
    let limit = Instant::now() + LIMIT;
    loop {
        for message in link.take() {
            match message {
                ServerMessage::Board(whole) => *board = *whole,
                ServerMessage::Delta(delta) => board.apply(&delta).unwrap(),
                _ => {}
            }
        }
        if holds(board) {
            return;
        }
        assert!(
            Instant::now() < limit,
            "the board stays at {} with {} rows",
            board.revision,
            board.rows.len()
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn until_state(link: &Remote, holds: impl Fn(&LinkState) -> bool) {
    let limit = Instant::now() + LIMIT;
    while !holds(&link.state()) {
        assert!(Instant::now() < limit, "the link stays {:?}", link.state());
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Waits for a message that gives something.
fn wait_for<T>(link: &Remote, mut look: impl FnMut(ServerMessage) -> Option<T>) -> T {
    let limit = Instant::now() + LIMIT;
    while Instant::now() < limit {
        if let Some(found) = link.wait(limit).into_iter().find_map(&mut look) {
            return found;
        }
    }
    panic!("it does not come")
}

#[test]
fn two_clients_have_the_same_board_as_the_hub() {
    let place = Place::new();
    let _server = place.serve();
    place.publish((0..300).map(|ix| row(ix, 0)).collect());
    let (one, two) = (place.attach(Role::Operator), place.attach(Role::Viewer));
    assert_eq!(one.welcome().role, Role::Operator);
    assert_eq!((two.welcome().role, two.welcome().title.as_str()), (Role::Viewer, "a test"));
    let mut boards = [Board::default(), Board::default()];
    for round in 1..50 {
        place.publish((0..300).step_by(7).map(|ix| row(ix, round)).collect());
        if round == 25 {
            let removed = vec![StreamIx(3), StreamIx(299)];
            place.hub.publish(Moment::ZERO, HubChange { removed, ..HubChange::default() });
        }
    }
    let wanted = place.hub.board();
    for (link, board) in [&one, &two].into_iter().zip(&mut boards) {
        until(link, board, |board| board.revision == wanted.revision);
        assert_eq!(*board, wanted);
    }
}

#[test]
fn commands_are_answered_and_viewers_refused() {
    let place = Place::new();
    let _server = place.serve();
    let (operator, viewer) = (place.attach(Role::Operator), place.attach(Role::Viewer));
    operator.send(start(7));
    viewer.send(start(8));
    let answer = |message| match message {
        ServerMessage::Answer { seq, answer } => Some((seq, answer)),
        _ => None,
    };
    let (seq, refused) = wait_for(&viewer, answer);
    assert!(seq == 8 && matches!(refused, Answer::Refused { .. }), "{refused:?}");
    let limit = Instant::now() + LIMIT;
    let request = loop {
        if let Some(request) = place.hub.next_request() {
            break request;
        }
        assert!(Instant::now() < limit);
        std::thread::sleep(Duration::from_millis(2));
    };
    place.hub.answer(request.client, request.seq, Answer::Done { touched: 3 });
    assert_eq!(wait_for(&operator, answer), (7, Answer::Done { touched: 3 }));
    assert!(place.hub.next_request().is_none());
}

#[test]
fn a_log_is_followed_across_the_socket() {
    let place = Place::new();
    let _server = place.serve();
    place.lines.push("one");
    let link = place.attach(Role::Viewer);
    link.send(ClientMessage::FollowLogs(vec![StreamIx(0)]));
    let text = |message| match message {
        ServerMessage::Log { lines, fresh, .. } => Some((lines.last()?.text.to_string(), fresh)),
        _ => None,
    };
    assert_eq!(wait_for(&link, text), ("one".to_owned(), true));
    place.lines.push("two");
    place.hub.logs_moved();
    assert_eq!(wait_for(&link, text), ("two".to_owned(), false));
}

#[test]
fn a_client_that_shows_a_part_is_sent_that_part() {
    let place = Place::new();
    let _server = place.serve();
    let grouped = |ix: u32, group: &str, restarts| Row { group: group.into(), ..row(ix, restarts) };
    place.publish(vec![grouped(0, "news", 0), grouped(1, "sport", 0), grouped(2, "news", 0)]);
    let link = place.attach(Role::Viewer);
    link.send(ClientMessage::Show("group:news".into()));
    let mut board = Board::default();
    let shown = |board: &Board| board.rows.keys().map(|ix| ix.0).collect::<Vec<_>>();
    until(&link, &mut board, |board| shown(board) == [0, 2]);
    // Rows come and go with what they say.
    place.publish(vec![grouped(1, "news", 1), grouped(2, "sport", 1)]);
    until(&link, &mut board, |board| shown(board) == [0, 1]);
    place.publish(vec![grouped(2, "sport", 2)]);
    place.publish(vec![grouped(0, "news", 9)]);
    until(&link, &mut board, |board| board.rows[&StreamIx(0)].restarts == 9);
    assert_eq!(shown(&board), [0, 1]);
    link.send(ClientMessage::Show(String::new()));
    until(&link, &mut board, |board| shown(board) == [0, 1, 2]);
}

#[test]
fn a_client_that_does_not_read_is_right_as_soon_as_it_does() {
    let place = Place::new();
    let _server = place.serve();
    let stuck = place.greeted();
    let reads = place.attach(Role::Viewer);
    // More than a socket holds.
    let text = "x".repeat(2_000);
    for round in 0..400 {
        let wordy = |ix| Row { last_message: format!("{round} {text}").into(), ..row(ix, round) };
        place.publish((0..20).map(wordy).collect());
    }
    let wanted = place.hub.board();
    let mut board = Board::default();
    until(&reads, &mut board, |board| board.revision == wanted.revision);
    assert_eq!(board, wanted);
    let mut reader = wire::incoming::ServerReader::default();
    let (mut board, mut buffer) = (Board::default(), vec![0; 1 << 16]);
    let limit = Instant::now() + LIMIT;
    while board.revision < wanted.revision {
        assert!(Instant::now() < limit);
        match reader.next_message().unwrap() {
            Some(wire::incoming::FromServer::Update(wire::update::Came::Board(whole), _)) => board = *whole,
            Some(wire::incoming::FromServer::Update(wire::update::Came::Delta(delta), _)) => {
                board.apply(&delta).unwrap();
            }
            Some(_) => {}
            None => {
                let count = (&stuck).read(&mut buffer).unwrap();
                assert!(count > 0, "the connection was ended");
                reader.push(&buffer[..count]);
            }
        }
    }
    assert_eq!(board, wanted);
}

#[test]
fn what_is_no_message_ends_its_connection_with_a_reason_and_nothing_else() {
    let place = Place::new();
    let _server = place.serve();
    place.publish(vec![row(0, 0)]);
    let other = place.attach(Role::Operator);
    let mut board = Board::default();
    until(&other, &mut board, |board| board.revision == 1);
    let say = |mut stream: UnixStream, bytes: &[u8]| {
        stream.write_all(bytes).unwrap();
        goodbye(stream)
    };
    assert!(say(place.raw(), b"GET / HTTP/1.1\r\n\r\n").contains("not allowed"), "a length, it seems");
    let huge = [u32::MAX.to_le_bytes().as_slice(), &[1]].concat();
    assert!(say(place.greeted(), &huge).contains("4294967295 bytes is not allowed"));
    let long = u32::try_from(MAX_CLIENT_FRAME + 2).unwrap().to_le_bytes();
    assert!(say(place.greeted(), &long).contains("is not allowed"));
    assert!(say(place.greeted(), &[2, 0, 0, 0, 1, 250]).contains("can't be read"));
    assert!(say(place.greeted(), &[1, 0, 0, 0, 77]).contains("unknown kind"));
    assert!(say(place.greeted(), &hello_of(&Version::ours())).contains("unknown kind"));
    assert!(say(place.raw(), &framed(&ClientMessage::WantBoard)).contains("unknown kind"));
    place.publish(vec![row(0, 5)]);
    until(&other, &mut board, |board| board.revision == 2);
    assert_eq!(other.state(), LinkState::Open);
}

#[test]
fn half_a_frame_and_silence_are_waited_for_and_no_longer_than_a_hello_may_take() {
    let place = Place::new();
    let _server = place.serve();
    let silent = place.raw();
    let mut half = place.raw();
    half.write_all(&hello_of(&Version::ours())[..10]).unwrap();
    for stream in [silent, half] {
        assert!(goodbye(stream).contains("said nothing for 5 s"));
    }
}

#[test]
fn another_version_is_told_what_to_do() {
    let place = Place::new();
    let _server = place.serve();
    for (protocol, headend) in [(0, "0.0.1"), (u32::MAX, "9.0.0")] {
        let mut stream = place.raw();
        stream.write_all(&hello_of(&Version { protocol, headend: headend.into() })).unwrap();
        let frames = until_ended(stream);
        assert_eq!(frames.len(), 1, "it is told in the hello, which it understands in part");
        let text = String::from_utf8_lossy(&frames[0].body).into_owned();
        assert!(text.contains(&format!("this client is {headend} (protocol {protocol})")), "{text}");
        assert!(text.contains("restart the one that runs"), "{text}");
    }
}

#[test]
fn a_million_messages_are_taken_at_their_pace_and_hold_up_nobody() {
    let place = Place::new();
    let _server = place.serve();
    // They are taken as fast as they come, so that nothing but the pace holds them back.
    let (requests, ended) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let (hub, counted, ends) = (place.hub.clone(), Arc::clone(&requests), Arc::clone(&ended));
    let drain = std::thread::spawn(move || {
        while !ends.load(Ordering::SeqCst) {
            match hub.next_request() {
                Some(_) => _ = counted.fetch_add(1, Ordering::SeqCst),
                None => std::thread::yield_now(),
            }
        }
    });
    let began = Instant::now();
    let mut flood = place.greeted();
    let many: Vec<u8> = (0..1_000).flat_map(|seq| framed(&start(seq))).collect();
    flood.set_nonblocking(true).unwrap();
    let mut taken = 0;
    // As much as the socket holds, again and again; the rest waits on its side.
    for _ in 0..1_000 {
        taken += flood.write(&many[taken % many.len()..]).unwrap_or(0);
    }
    while requests.load(Ordering::SeqCst) < MESSAGES_AT_ONCE.into() {
        assert!(began.elapsed() < LIMIT, "they do not come");
        std::thread::sleep(Duration::from_millis(2));
    }
    let other = place.attach(Role::Operator);
    let mut board = Board::default();
    place.publish(vec![row(0, 0)]);
    until(&other, &mut board, |board| board.revision == 1);
    let requests = requests.load(Ordering::SeqCst);
    let since = u64::from(MESSAGES_PER_SECOND) * (began.elapsed().as_secs() + 1);
    ended.store(true, Ordering::SeqCst);
    drain.join().unwrap();
    let allowed = u64::from(MESSAGES_AT_ONCE) + since;
    assert!(requests <= allowed, "{requests} of {taken} bytes went through, not {allowed}");
}

#[test]
fn whole_boards_that_are_asked_for_come_now_and_then_and_the_last_one_comes() {
    let place = Place::new();
    let _server = place.serve();
    place.publish(vec![row(0, 0), row(1, 0)]);
    let link = place.attach(Role::Viewer);
    let began = Instant::now();
    // Nothing else happens that would wake anybody.
    for shown in [2, 1, 2, 1] {
        link.send(ClientMessage::Show(if shown == 1 { "s1".into() } else { String::new() }));
        wait_for(&link, |message| match message {
            ServerMessage::Board(board) => (board.rows.len() == shown).then_some(()),
            _ => None,
        });
    }
    // The first one came with the beginning, and the next may have been asked for at once.
    assert!(began.elapsed() >= 2 * BOARD_EVERY, "{:?}", began.elapsed());
}

#[test]
fn no_user_takes_all_the_room() {
    let access = Access { own_uid: 900, ..Access::default() };
    let fits = |user, held: &[(u32, usize)]| {
        let all = held.iter().flat_map(|(user, count)| std::iter::repeat_n(*user, *count));
        has_room(user, &access, all).is_ok()
    };
    assert!(fits(7, &[(7, MAX_OF_USER - 1)]) && !fits(7, &[(7, MAX_OF_USER)]));
    assert!(fits(900, &[(900, MAX_OF_USER)]) && fits(0, &[(0, MAX_OF_USER)]));
    let others = [(1, 32), (2, 32), (3, 32), (4, MAX_CONNECTIONS - KEPT_FOR_OWN - 96)];
    assert!(!fits(5, &others) && fits(900, &others) && fits(0, &others));
    assert!(!fits(900, &[(900, MAX_CONNECTIONS)]));
}

#[test]
fn too_many_clients_are_told_so() {
    let place = Place::new();
    let _server = place.serve();
    let clients: Vec<UnixStream> = (0..MAX_CONNECTIONS).map(|_| place.greeted()).collect();
    // Each is served before the next one is refused.
    for mut client in &clients {
        client.read_exact(&mut [0]).unwrap();
    }
    let Err(ConnectError::Refused(why)) = Remote::connect(place.connecting(Role::Viewer)) else {
        panic!("one too many came in")
    };
    assert!(why.contains("attached already"), "{why}");
}

#[test]
fn a_supervisor_that_is_lost_is_said_to_be_and_found_again() {
    let place = Place::new();
    let server = place.serve();
    place.publish(vec![row(0, 1)]);
    let link = place.attach(Role::Operator);
    let mut board = Board::default();
    until(&link, &mut board, |board| board.revision == 1);
    link.send(ClientMessage::FollowHistory(Some((HistoryOf::Machine, Span::Hour))));
    link.send(ClientMessage::Show("s0".into()));
    link.send(start(11));
    let answered = |message| matches!(message, ServerMessage::Answer { seq: 11 | 12, .. }).then_some(());
    server.stop();
    until_state(&link, |state| matches!(state, LinkState::Lost { .. }));
    wait_for(&link, answered);
    link.send(start(12));
    wait_for(&link, answered);
    // Another one, in which nothing is as it was.
    let after = Place { hub: Place::new().hub, ..place };
    after.publish(vec![row(0, 8), row(5, 8)]);
    let _server = after.serve();
    until_state(&link, |state| *state == LinkState::Open);
    until(&link, &mut board, |board| board.rows.len() == 1 && board.rows[&StreamIx(0)].restarts == 8);
}

#[test]
fn who_is_not_to_be_found_again_stays_lost() {
    let place = Place::new();
    let server = place.serve();
    let link = Remote::connect(Connecting { again: false, ..place.connecting(Role::Operator) }).unwrap();
    server.stop();
    until_state(&link, |state| matches!(state, LinkState::Lost { .. }));
    let until = Instant::now() + LIMIT;
    while !link.wait(until).is_empty() {}
    assert!(Instant::now() < until, "there is nothing to wait for");
    let answer = link.order(crate::model::Command::Slots(None), Instant::now() + LIMIT);
    assert!(matches!(answer, Answer::Refused { .. }), "{answer:?}");
    assert!(matches!(
        Remote::connect(place.connecting(Role::Operator)),
        Err(error) if error.is_nobody()
    ));
}

#[test]
fn what_was_said_last_is_sent_before_the_end() {
    let place = Place::new();
    let server = place.serve();
    let link = place.attach(Role::Viewer);
    place.hub.leaving(0);
    server.stop();
    let gone = |message| matches!(message, ServerMessage::Leaving { workers_left: 0 }).then_some(());
    wait_for(&link, gone);
    until_state(
        &link,
        |state| matches!(state, LinkState::Lost { why, .. } if &**why == "it was told to end"),
    );
}
