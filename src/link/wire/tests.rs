//! Messages there and back, and anything else that may come.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::frame::{self, Frame, Kind, Reader};
use super::hello::{ClientHello, ServerHello, Version};
use super::incoming::{ClientReader, FromClient, FromServer, ServerReader, any_input};
use super::update::{Came, Decoder, Encoder};
use super::*;
use crate::link::{ClientMessage, Role, ServerMessage};
use crate::model::{
    Answer, Board, Condition, ConditionKind, Delta, HostReading, Moment, Notice, NoticeKind, Phase,
    PoolReading, Row, Severity, StreamId, StreamIx, Usage,
};

/// A row in which many fields follow from a few numbers, each in its own way.
fn row(ix: u32, seed: u32) -> Row {
    let mut row = patch::blank(StreamIx(ix)).unwrap();
    let bit = |n: u32| seed >> n & 1 == 1;
    row.id = StreamId::new(&format!("s{ix}")).unwrap();
    row.name = format!("name {}", seed % 3).into();
    row.phase = Phase::ALL[(seed % 10) as usize];
    row.since = Moment::from_millis(i64::from(seed) - 500);
    row.next = bit(1).then(|| Moment::from_millis(i64::from(seed)));
    row.figures.fps = bit(2).then_some(25.0);
    row.figures.speed = bit(3).then(|| f32::from(u16::try_from(seed % 1000).unwrap()) / 500.0);
    row.usage = bit(4).then(|| Usage { memory_bytes: u64::from(seed) << 20, ..Usage::default() });
    row.pid = bit(5).then_some(seed);
    row.last_error = bit(6).then(|| "refused".into());
    row.tags = if bit(7) { [Arc::from("a"), Arc::from("ü")].into() } else { Arc::default() };
    row.maintenance = bit(8);
    row.care.note = if bit(9) { "note".into() } else { "".into() };
    if bit(10) {
        let kind = ConditionKind::Black;
        row.conditions =
            vec![Condition { kind, severity: Severity::Critical, since: Moment::ZERO, explained: None }];
    }
    row
}

fn board(revision: u64, rows: impl IntoIterator<Item = Row>) -> Board {
    let rows = rows.into_iter().map(|row| (row.ix, Arc::new(row))).collect();
    Board { revision, at: Moment::from_millis(77), rows, ..Board::default() }
}

fn delta(from: u64, rows: impl IntoIterator<Item = Row>) -> Delta {
    let rows = rows.into_iter().map(|row| (row.ix, Arc::new(row))).collect();
    Delta { from, to: from + 1, rows, ..Delta::default() }
}

/// All parts of what was begun.
fn parts(encoder: &mut Encoder) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| encoder.part().unwrap()).collect()
}

/// What comes of parts; the last one tells.
fn decoded(decoder: &mut Decoder, parts: &[Vec<u8>]) -> Came {
    parts.iter().fold(Came::Nothing, |_, part| decoder.take(part).unwrap())
}

proptest! {
    #[test]
    fn a_row_patched_is_the_other_row(a in any::<u32>(), b in any::<u32>()) {
        let (mut old, new) = (row(3, a), row(3, b));
        let mut bytes = Vec::new();
        patch::write(patch::differing(&old, &new), &new, &mut bytes).unwrap();
        let mut rest = bytes.as_slice();
        patch::read(&mut old, &mut rest).unwrap();
        prop_assert_eq!((old, rest.len()), (new, 0));
    }

    #[test]
    fn boards_and_deltas_arrive_as_they_were(
        first in proptest::collection::btree_map(0_u32..50, any::<u32>(), 0..20),
        steps in proptest::collection::vec(
            (proptest::collection::btree_map(0_u32..50, any::<u32>(), 0..10), proptest::collection::vec(0_u32..50, 0..5)),
            0..8,
        ),
    ) {
        let of = |map: &BTreeMap<u32, u32>| map.iter().map(|(ix, seed)| row(*ix, *seed)).collect::<Vec<_>>();
        let (mut encoder, mut decoder) = (Encoder::default(), Decoder::default());
        let mut theirs = board(9, of(&first));
        encoder.board(theirs.clone());
        let Came::Board(mut ours) = decoded(&mut decoder, &parts(&mut encoder)) else { panic!("no board") };
        prop_assert_eq!(&*ours, &theirs);
        for (rows, removed) in &steps {
            let mut change = delta(theirs.revision, of(rows));
            change.removed = removed.iter().map(|ix| StreamIx(*ix)).collect();
            theirs.apply(&change).unwrap();
            encoder.delta(change);
            let Came::Delta(came) = decoded(&mut decoder, &parts(&mut encoder)) else { panic!("no delta") };
            ours.apply(&came).unwrap();
            prop_assert_eq!(&*ours, &theirs);
        }
    }

    #[test]
    fn no_bytes_hurt(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        any_input(&bytes);
    }

    /// Real messages with a few bytes changed get further than noise.
    #[test]
    fn damaged_messages_do_not_hurt(
        seed in any::<u32>(),
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let mut bytes = said_by_both(seed);
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        any_input(&bytes);
    }

    #[test]
    fn frames_arrive_whole_however_they_are_cut(
        bodies in proptest::collection::vec((0_usize..40_000, any::<u8>()), 0..5),
        cut in 1_usize..5_000,
    ) {
        let bodies: Vec<Vec<u8>> = bodies.iter().map(|(len, byte)| vec![*byte; *len]).collect();
        let mut bytes = Vec::new();
        for body in &bodies {
            frame::write(Kind::Message, body, MAX_SERVER_FRAME, &mut bytes).unwrap();
        }
        let mut reader = Reader::new(MAX_SERVER_FRAME, true);
        let mut came = Vec::new();
        for piece in bytes.chunks(cut) {
            reader.push(piece);
            while let Some(Frame { body, .. }) = reader.next_frame().unwrap() {
                came.push(body);
            }
        }
        prop_assert_eq!(came, bodies);
    }
}

/// What a client says, and a server.
fn said_by_both(seed: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut say = |kind, body: &[u8]| frame::write(kind, body, MAX_SERVER_FRAME, &mut bytes).unwrap();
    if seed.is_multiple_of(2) {
        let said = ClientHello { role: Role::Viewer, terminal: "pts/1".into() };
        say(Kind::Hello, &hello::write(&Version::ours(), &said).unwrap());
        let follow = ClientMessage::FollowLogs(vec![StreamIx(seed), StreamIx(1)]);
        say(Kind::Message, &postcard::to_stdvec(&follow).unwrap());
        return bytes;
    }
    let said = ServerHello::Welcome { role: Role::Operator, pid: 7, title: "demo".into() };
    say(Kind::Hello, &hello::write(&Version::ours(), &said).unwrap());
    let mut encoder = Encoder::default();
    encoder.board(board(3, [row(0, seed), row(9, !seed)]));
    for part in parts(&mut encoder) {
        say(Kind::Update, &[vec![0], part].concat());
    }
    let answer = ServerMessage::Answer { seq: 3, answer: Answer::Done { touched: 1 } };
    say(Kind::Message, &postcard::to_stdvec(&answer).unwrap());
    bytes
}

#[test]
fn both_ends_read_what_the_other_says() {
    let (mut client, mut server) = (ServerReader::default(), ClientReader::default());
    server.push(&said_by_both(2));
    let Some(FromClient::Hello(version, Some(said))) = server.next_message().unwrap() else {
        panic!("no hello")
    };
    assert_eq!((version, said.terminal.as_str()), (Version::ours(), "pts/1"));
    assert!(matches!(server.next_message(), Ok(Some(FromClient::Message(ClientMessage::FollowLogs(_))))));
    assert_eq!(server.next_message(), Ok(None));
    client.push(&said_by_both(5));
    let welcome = client.next_message().unwrap().unwrap();
    assert!(
        matches!(welcome, FromServer::Hello(_, Some(ServerHello::Welcome { pid: 7, .. }))),
        "{welcome:?}"
    );
    let Some(FromServer::Update(Came::Board(came), _)) = client.next_message().unwrap() else {
        panic!("no board")
    };
    assert_eq!(*came, board(3, [row(0, 5), row(9, !5)]));
    assert!(matches!(client.next_message(), Ok(Some(FromServer::Message(_)))));
    assert_eq!(client.next_message(), Ok(None));
}

#[test]
fn a_length_is_refused_as_soon_as_it_is_known_and_nothing_is_kept_for_it() {
    for (length, most) in [(u32::MAX, MAX_SERVER_FRAME), (0, MAX_HELLO), (2_000, MAX_HELLO)] {
        let mut reader = Reader::new(most, true);
        reader.push(&length.to_le_bytes()[..3]);
        assert_eq!(reader.next_frame(), Ok(None), "half of it");
        reader.push(&length.to_le_bytes()[3..]);
        assert_eq!(reader.next_frame(), Err(WireError::Length(length as usize)));
    }
    // Before the hello a client may not even say that much, and may not say anything else.
    let mut server = ClientReader::default();
    let mut early = Vec::new();
    frame::write(Kind::Message, &[0], MAX_CLIENT_FRAME, &mut early).unwrap();
    server.push(&early);
    assert_eq!(server.next_message(), Err(WireError::Kind(Kind::Message as u8)));
}

#[test]
fn what_is_compressed_is_bounded_when_it_is_not() {
    let mut bytes = Vec::new();
    frame::write(Kind::Update, &vec![7; 1 << 20], MAX_SERVER_FRAME, &mut bytes).unwrap();
    assert!(bytes.len() < 10_000, "{} bytes", bytes.len());
    let mut small = Reader::new(100_000, true);
    small.push(&bytes);
    assert_eq!(small.next_frame(), Err(WireError::Length(1 << 20)));
    // Clients may not compress at all.
    let mut none = Reader::new(MAX_SERVER_FRAME, false);
    none.push(&bytes);
    assert!(matches!(none.next_frame(), Err(WireError::Kind(_))));
}

#[test]
fn a_large_board_comes_in_parts_of_a_bounded_length() {
    let rows = (0..10_000).map(|ix| row(ix, ix.wrapping_mul(2_654_435_761)));
    let whole = board(4, rows);
    let (mut encoder, mut decoder) = (Encoder::default(), Decoder::default());
    encoder.board(whole.clone());
    let parts = parts(&mut encoder);
    assert!(parts.len() > 1 && parts.iter().all(|part| part.len() < 2 * PART), "{} parts", parts.len());
    assert_eq!(decoded(&mut decoder, &parts), Came::Board(Box::new(whole)));
}

#[test]
fn a_change_of_figures_takes_few_bytes_and_what_is_as_it_was_takes_none() {
    let (mut encoder, mut decoder) = (Encoder::default(), Decoder::default());
    encoder.board(board(1, (0..200).map(|ix| row(ix, 12))));
    decoded(&mut decoder, &parts(&mut encoder));
    let mut changed: Vec<Row> = (0..200).map(|ix| row(ix, 12)).collect();
    for row in &mut changed {
        row.figures.speed = Some(1.0);
        row.figures.bitrate_kbps = Some(4_321.0);
    }
    encoder.delta(delta(1, changed));
    let all: usize = parts(&mut encoder).iter().map(Vec::len).sum();
    // An issue asks for at most 6 kB a second where each of 200 streams changes once.
    assert!((200 * 11..4_000).contains(&all), "{all} bytes");
    encoder.delta(delta(2, (0..200).map(|ix| row(ix, 12))).clone());
    parts(&mut encoder);
    encoder.delta(delta(3, (0..200).map(|ix| row(ix, 12))));
    let none: usize = parts(&mut encoder).iter().map(Vec::len).sum();
    assert!(none < 30, "{none} bytes");
}

#[test]
fn a_gap_is_told_once_and_mended_by_the_board() {
    let (mut encoder, mut decoder) = (Encoder::default(), Decoder::default());
    let mut send = |decoder: &mut Decoder, change: Result<Delta, Board>| {
        match change {
            Ok(delta) => encoder.delta(delta),
            Err(board) => encoder.board(board),
        }
        decoded(decoder, &parts(&mut encoder))
    };
    assert_eq!(send(&mut decoder, Ok(delta(0, []))), Came::Gap, "nothing was there before");
    assert!(matches!(send(&mut decoder, Err(board(5, [row(0, 1)]))), Came::Board(_)));
    assert!(matches!(send(&mut decoder, Ok(delta(5, [row(0, 2)]))), Came::Delta(_)));
    assert_eq!(send(&mut decoder, Ok(delta(7, [row(0, 3)]))), Came::Gap);
    assert_eq!(send(&mut decoder, Ok(delta(8, [row(0, 4)]))), Came::Nothing);
    let mended = send(&mut decoder, Err(board(9, [row(0, 4)])));
    assert_eq!(mended, Came::Board(Box::new(board(9, [row(0, 4)]))));
    assert!(matches!(send(&mut decoder, Ok(delta(9, []))), Came::Delta(_)));
}

#[test]
fn whatever_else_a_delta_says_arrives() {
    let (mut encoder, mut decoder) = (Encoder::default(), Decoder::default());
    encoder.board(board(1, []));
    decoded(&mut decoder, &parts(&mut encoder));
    let notice = Notice {
        kind: NoticeKind::Store,
        severity: Severity::Critical,
        text: "the disk is full".into(),
        since: Moment::from_millis(-3),
    };
    let change = Delta {
        at: Moment::from_millis(99),
        pool: Some(PoolReading { slots: 7, unseen_since: Some(Moment::ZERO), ..PoolReading::default() }),
        host: Some(HostReading {
            cpu_percent: 12.5,
            disk_free_bytes: Some(1 << 40),
            ..HostReading::default()
        }),
        notices: Some(vec![notice]),
        ..delta(1, [])
    };
    encoder.delta(change.clone());
    assert_eq!(decoded(&mut decoder, &parts(&mut encoder)), Came::Delta(Box::new(change)));
}

#[test]
fn another_version_is_told_by_both_names_and_with_what_to_do() {
    let old = Version { protocol: 0, headend: "0.0.9".into() };
    assert_eq!(Version::ours().differs(&Version::ours(), true), None);
    let (at_client, at_server) = (Version::ours().differs(&old, true), old.differs(&Version::ours(), false));
    let text = at_client.unwrap();
    assert!(text.contains("that runs is 0.0.9 (protocol 0)") && text.contains("restart"), "{text}");
    assert_eq!(text, at_server.unwrap_or_default(), "both ends say the same");
    // Whatever another version says after its version, that much is understood.
    let mut bytes = Vec::new();
    let body = hello::write(&old, &("something", 3_u64)).unwrap();
    frame::write(Kind::Hello, &body, MAX_HELLO, &mut bytes).unwrap();
    let (mut server, mut client) = (ClientReader::default(), ServerReader::default());
    server.push(&bytes);
    client.push(&bytes);
    assert_eq!(server.next_message(), Ok(Some(FromClient::Hello(old.clone(), None))));
    assert_eq!(client.next_message(), Ok(Some(FromServer::Hello(old, None))));
}

/// The corpus of the fuzz target: what both ends really say, and some of what they should not.
/// `HEADEND_WRITE_CORPUS=1` writes it anew after a change of the protocol.
#[test]
fn the_corpus_is_read_and_is_what_both_ends_say() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/link");
    let halves = [[5, 0, 0, 0].to_vec(), [u32::MAX.to_le_bytes().as_slice(), &[1]].concat()];
    let said = [2, 5, 4_094, 4_095].map(said_by_both);
    let all: Vec<Vec<u8>> = said.into_iter().chain(halves).collect();
    for (n, bytes) in all.iter().enumerate() {
        let path = folder.join(format!("{n:02}"));
        if std::env::var_os("HEADEND_WRITE_CORPUS").is_some() {
            std::fs::write(&path, bytes).unwrap();
        }
        assert_eq!(std::fs::read(&path).ok().as_ref(), Some(bytes), "{} is out of date", path.display());
    }
    for entry in std::fs::read_dir(folder).unwrap() {
        any_input(&std::fs::read(entry.unwrap().path()).unwrap());
    }
}

#[test]
fn every_kind_of_message_survives_the_way() {
    use crate::model::{
        CareOrder, Command, Detail, History, HistoryOf, InputDetail, LineLevel, LogLine, LogPlace, OldLines,
        PlacedLine, Selection, Span, Thresholds,
    };
    let line = LogLine { wall_ms: 1, level: LineLevel::Warning, text: "a line".into() };
    let place = LogPlace::File { turn: -2, offset: 77 };
    let detail = Detail {
        stream: StreamIx(3),
        command: vec!["ffmpeg".into(), "-i".into()],
        inputs: vec![InputDetail { url: "http://x/***".into(), ..InputDetail::default() }],
        thresholds: Thresholds { fps_min: Some(12.0), ..Thresholds::default() },
        ..Detail::default()
    };
    let history = History {
        of: HistoryOf::Machine,
        span: Span::Day,
        first: 9,
        fresh: true,
        series: vec![vec![1.5, 2.0], vec![]],
    };
    let old = OldLines { lines: vec![PlacedLine { place, line: line.clone() }], before: Some(place) };
    for message in [
        ServerMessage::Answer { seq: 1, answer: Answer::NotSaved { touched: 2, reason: "full".into() } },
        ServerMessage::Log { stream: StreamIx(1), first: 2, lines: vec![line], missed: 3, fresh: true },
        ServerMessage::OldLog { seq: 4, stream: StreamIx(5), old },
        ServerMessage::Detail(Box::new(detail)),
        ServerMessage::History(Box::new(history)),
        ServerMessage::Leaving { workers_left: 6 },
    ] {
        let mut bytes = Vec::new();
        put(&mut bytes, &message).unwrap();
        assert_eq!(get_all::<ServerMessage>(&bytes), Ok(message));
    }
    let target = Selection::Ids(vec![StreamId::new("a-1").unwrap()]);
    let order = CareOrder::Mute(std::time::Duration::from_secs(90));
    for message in [
        ClientMessage::Command { seq: 1, command: Command::Care { order, target } },
        ClientMessage::ReadLog { seq: 2, stream: StreamIx(3), before: place, lines: 4 },
        ClientMessage::FollowHistory(Some((HistoryOf::Stream(StreamIx(1)), Span::Hour))),
        ClientMessage::Pace(std::time::Duration::from_millis(250)),
        ClientMessage::Show("group:news".into()),
    ] {
        let mut bytes = Vec::new();
        put(&mut bytes, &message).unwrap();
        assert_eq!(get_all::<ClientMessage>(&bytes), Ok(message));
    }
}
