//! Logs as clients follow them and read them back.

use super::*;

#[test]
fn a_log_is_full_at_once_then_follows_and_says_what_was_missed() {
    let (hub, lines) = hub();
    let client = hub.attach(Role::Viewer, || {});
    let _ = client.take();
    for text in ["a", "b", "c"] {
        lines.push(text);
    }
    lines.forget(1);
    client.send(ClientMessage::FollowLogs(vec![StreamIx(7)]));
    let texts = |messages: Vec<ServerMessage>| match messages.into_iter().next() {
        Some(ServerMessage::Log { lines, missed, fresh, .. }) => {
            let texts: Vec<String> = lines.iter().map(|line| line.text.to_string()).collect();
            (texts.join(","), missed, fresh)
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(texts(client.take()), ("b,c".into(), 0, true), "what was gone before is not missed");
    assert!(client.take().is_empty());
    for text in ["d", "e", "f"] {
        lines.push(text);
    }
    lines.forget(3);
    assert_eq!(texts(client.take()), ("e,f".into(), 1, false));
    client.send(ClientMessage::FollowLogs(Vec::new()));
    lines.push("g");
    assert!(client.take().is_empty());
}

#[test]
fn several_logs_are_followed_each_from_its_own_line_on() {
    let (hub, lines) = hub();
    let client = hub.attach(Role::Viewer, || {});
    let _ = client.take();
    for text in ["a", "b", "c"] {
        lines.push(text);
    }
    lines.forget(1);
    let logs = |client: &Client| {
        let logs = client.take().into_iter().map(|message| match message {
            ServerMessage::Log { stream, first, lines, fresh, .. } => (stream.0, first, lines.len(), fresh),
            other => panic!("{other:?}"),
        });
        logs.collect::<Vec<_>>()
    };
    let two = vec![StreamIx(7), StreamIx(3), StreamIx(7)];
    client.send(ClientMessage::FollowLogs(two.clone()));
    assert_eq!(logs(&client), [(7, 1, 2, true), (3, 1, 2, true)]);
    lines.push("d");
    assert_eq!(logs(&client), [(7, 3, 1, false), (3, 3, 1, false)]);
    client.send(ClientMessage::FollowLogs(two));
    assert_eq!(logs(&client), [(7, 1, 3, true), (3, 1, 3, true)], "asked again, sent again");
    client.send(ClientMessage::FollowLogs((0..100).map(StreamIx).collect()));
    assert_eq!(logs(&client).len(), MAX_FOLLOWED);
    client.send(ClientMessage::FollowLogs(Vec::new()));
    lines.push("e");
    assert_eq!(logs(&client), []);
}

fn read_log(seq: u64) -> ClientMessage {
    ClientMessage::ReadLog { seq, stream: StreamIx(1), before: LogPlace::Line(7), lines: 10 }
}

#[test]
fn a_log_is_read_back_one_piece_at_a_time() {
    let (hub, lines) = hub();
    let woken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&woken);
    let client = hub.attach(Role::Viewer, move || {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    let _ = client.take();
    let refused = |client: &Client, wanted: u64| {
        let messages = client.take();
        matches!(&messages[..], [ServerMessage::Answer { seq, answer: Answer::Refused { .. } }] if *seq == wanted)
    };
    client.send(read_log(5));
    assert!(client.take().is_empty(), "nobody waits for it");
    client.send(read_log(6));
    assert!(refused(&client, 6), "one is being read");
    let before = woken.load(Ordering::SeqCst);
    let old = OldLines { lines: Vec::new(), before: Some(LogPlace::Line(1)) };
    let answer = lines.1.lock().unwrap().remove(0);
    answer(old.clone());
    assert_eq!(woken.load(Ordering::SeqCst), before + 1);
    client.send(read_log(7));
    let messages = client.take();
    let [ServerMessage::Answer { seq: 7, .. }, ServerMessage::OldLog { seq: 5, stream, old: read }] =
        &messages[..]
    else {
        panic!("one is not taken yet: {messages:?}");
    };
    assert_eq!((*stream, read), (StreamIx(1), &old));
    client.send(read_log(8));
    assert!(client.take().is_empty() && lines.1.lock().unwrap().len() == 1);

    let others: Vec<Client> = (0..2).map(|_| hub.attach(Role::Viewer, || {})).collect();
    for (n, other) in others.iter().enumerate() {
        let _ = other.take();
        other.send(read_log(9));
        assert_eq!(refused(other, 9), n == 1, "too many are being read");
    }
    // Those who asked are gone.
    drop((client, others));
    for answer in lines.1.lock().unwrap().drain(..) {
        answer(OldLines::default());
    }
}
