//! What queries mean, where they are wrong, and that no text can hurt.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::model::{
    Care, Condition, ConditionKind, Figures, Mode, Moment, Phase, Row, StreamId, StreamIx, Usage,
};

const NOW: Moment = Moment::from_millis(10_000_000);

fn row() -> Row {
    Row {
        name: "Küstenradio Bild".into(),
        group: "regional".into(),
        mode: Mode::Picture,
        phase: Phase::Live,
        since: NOW,
        failures: 2,
        conditions: vec![Condition {
            kind: ConditionKind::Black,
            severity: ConditionKind::Black.severity(),
            since: NOW,
            explained: None,
        }],
        pid: Some(1),
        started: Some(NOW - Duration::from_secs(400)),
        restarts: 4,
        figures: Figures { fps: Some(24.98), bitrate_kbps: Some(2_400.0), speed: Some(1.0) },
        input: "http://***@cdn-2.example:8080/live/ch-017/index.m3u8".into(),
        last_message_at: NOW,
        priority: 80,
        input_of: (2, 2),
        usage: Some(Usage { cpu_percent: 12.5, memory_bytes: 300 << 20, open_files: 40 }),
        care: Care {
            acknowledged: Some(NOW),
            muted_until: Some(NOW - Duration::from_secs(1)),
            note: "ask the coast".into(),
        },
        tags: [Arc::from("hd"), Arc::from("test")].into(),
        ..Row::blank(StreamIx(0), StreamId::new("ch-017").unwrap())
    }
}

fn finds(query: &str, row: &Row) -> bool {
    let query = Query::parse(query).unwrap_or_else(|mistake| panic!("{query}: {mistake:?}"));
    Search::new(&query).finds(row, NOW)
}

#[test]
fn words_are_found_by_their_letters_and_as_states() {
    let row = row();
    for word in [
        "",
        "  ",
        "küsten",
        "KUSTE",
        "bild",
        "ksradio",
        "krb",
        "ch-017",
        "017",
        "regio",
        "hd",
        "critical",
        "live",
        "picture",
        "always",
        "black",
        "bla",
        "fallback",
        "acknowledged",
        "kuste bild",
        "\"radio b\"",
    ] {
        assert!(finds(word, &row), "{word}");
    }
    for word in ["sport", "ch-018", "backoff", "muted", "maintenance", "kseid", "\"krb\"", "\"bild k\""] {
        assert!(!finds(word, &row), "{word}");
    }
}

#[test]
fn each_field_can_be_asked_for() {
    let row = row();
    for query in [
        "health:critical",
        "health=Critical",
        "health>=warning",
        "health>ok",
        "health!=ok",
        "phase:live",
        "phase!=backoff",
        "condition:black",
        "condition:bl*",
        "condition!=frozen",
        "group:regional",
        "group:REG*",
        "group!=sport",
        "tag:test",
        "tag:t?st",
        "tag!=paid",
        "id:ch-*",
        "id=ch-017",
        "name:radio",
        "name:\"küstenradio *\"",
        "name=\"küstenradio bild\"",
        "mode:picture",
        "watch:always",
        "input:m3u8",
        "host:cdn-2.example",
        "host:cdn-2.example:8080",
        "host:*.example",
        "fps:25",
        "fps<25",
        "fps>=24.9",
        "bitrate:2.4M",
        "bitrate>800k",
        "bitrate<=1G",
        "speed=1x",
        "speed<1.1",
        "uptime>5m",
        "uptime<1h30m",
        "uptime>=400s",
        "restarts>3",
        "restarts=4",
        "failures>=2",
        "priority>=80",
        "cpu>12%",
        "cpu<12.6",
        "mem>200M",
        "mem<0.3g",
        "mem=300M",
        "fds=40",
        "acknowledged:yes",
        "acknowledged!=no",
        "muted:no",
        "note:coast",
        "note:*",
        "reason:\"\"",
        "maintenance:no",
        "fallback:true",
    ] {
        assert!(finds(query, &row), "{query}");
        assert!(!finds(&format!("-{query}"), &row), "-{query}");
        assert!(!finds(&format!("!({query})"), &row), "!({query})");
    }
}

#[test]
fn every_field_has_an_example_that_reads() {
    for field in Field::ALL {
        let query = Query::parse(field.example()).unwrap();
        assert!(matches!(&query.node, Some(Node::Term(Term::Is(is))) if is.field == *field));
        assert_eq!(query.to_string(), field.example());
    }
}

#[test]
fn a_whole_text_is_not_a_part_of_another() {
    let row = row();
    for query in ["id:ch-01", "group:region", "tag:tes", "host:cdn-2", "name=radio", "group:\"\"", "tag:\"\""]
    {
        assert!(!finds(query, &row), "{query}");
    }
    let bare = Row { group: "".into(), tags: Arc::default(), input: "/dev/video0".into(), ..row };
    for query in ["group:\"\"", "tag:\"\"", "-group:*", "-tag:*", "host:\"\"", "group!=sport"] {
        assert!(finds(query, &bare), "{query}");
    }
}

#[test]
fn what_nobody_knows_is_neither_more_nor_less() {
    let row = Row { figures: Figures::default(), usage: None, started: None, ..row() };
    for query in ["fps<20", "fps>=0", "bitrate>1k", "cpu<5", "mem>1M", "fds>=0", "uptime>1s", "fps=0"] {
        assert!(!finds(query, &row), "{query}");
    }
    assert!(finds("fps!=25", &row) && finds("-fps>=0", &row));
}

#[test]
fn terms_are_joined_by_and_or_and_not() {
    let row = row();
    for (query, expected) in [
        ("critical group:regional", true),
        ("critical group:sport", false),
        ("critical and -sport", true),
        ("sport | critical", true),
        ("sport or news or regional", true),
        ("sport | news black", false),
        ("(sport | black) live", true),
        ("-(sport | black)", false),
        ("!-black", true),
        ("black -(tag:test fps>20)", false),
    ] {
        assert_eq!(finds(query, &row), expected, "{query}");
    }
}

#[test]
fn a_mistake_tells_its_place_and_what_to_write() {
    for (text, at, part) in [
        ("grp:sport", 0, "did you mean group?"),
        ("news state:live", 5, "did you mean phase?"),
        ("wheels:4", 0, "there are health, phase"),
        ("health:criticl", 7, "\"criticl\" is no health; did you mean critical?"),
        ("phase:dead", 6, "expected stopped, queued"),
        ("condition:blak", 10, "did you mean black?"),
        ("condition:x*", 10, "is no condition"),
        ("fps<fast", 4, "\"fast\" is no number for fps; write it like fps<20"),
        ("fps<", 4, "missing"),
        ("fps:-3", 4, "is no number"),
        ("fps<1e5", 4, "is no number"),
        ("bitrate<800", 8, "write 800k or 800M"),
        ("mem>200", 4, "write 200k or 200M"),
        ("uptime<5", 7, "write 5s, 5m or 5h"),
        ("uptime<5m1h", 7, "is no number"),
        ("name<x", 5, "name has no order; write it like name:news"),
        ("muted:perhaps", 6, "write muted:yes or muted:no"),
        ("group:", 6, "write it like group:sport"),
        ("fps < 20", 4, "in one piece"),
        ("a (b", 2, "this bracket has no end"),
        ("a ) b", 2, "no bracket is open here"),
        ("()", 1, "missing before this"),
        ("a |", 3, "missing here"),
        ("| a", 0, "missing before this"),
        ("a or | b", 5, "missing before this"),
        ("-", 0, "right behind it, like -news"),
        ("a ! b", 2, "right behind it, like !news"),
        ("ä \"b", 3, "this quote has no end"),
        ("and", 0, "missing before this"),
        ("\u{1b}[2J:x name:\"", 12, "this quote has no end"),
    ] {
        let mistake = Query::parse(text).unwrap_err();
        assert!(mistake.at == at && mistake.text.contains(part), "{text}: {mistake:?}");
    }
    let mistake = Query::parse("ü grp:x").unwrap_err();
    assert_eq!((mistake.at, mistake.column("ü grp:x")), (3, 3));
    let hostile = Query::parse("phase:\u{1b}[2J").unwrap_err();
    assert!(!hostile.text.contains('\u{1b}'), "{hostile:?}");
}

#[test]
fn addresses_and_times_are_words() {
    for text in ["http://host/x", "12:30", "udp://@239.0.0.1", "c++", "a-b", "x&y"] {
        let query = Query::parse(text).unwrap();
        assert_eq!(query.node, Some(Node::Term(Term::Word(text.into()))));
    }
}

#[test]
fn queries_are_bounded() {
    let mistake = |text: String| Query::parse(&text).unwrap_err().text;
    assert!(mistake("x".repeat(MAX_QUERY + 1)).contains("too long"));
    assert!(Query::parse(&"ü".repeat(MAX_QUERY)).is_ok());
    assert!(mistake("x ".repeat(MAX_TERMS + 1)).contains("too many terms"));
    assert!(Query::parse(&"x ".repeat(MAX_TERMS)).is_ok());
    let deep = |n: usize| format!("{}x{}", "(".repeat(n), ")".repeat(n));
    assert!(Query::parse(&deep(MAX_DEPTH)).is_ok());
    assert!(mistake(deep(MAX_DEPTH + 1)).contains("too deep"));
    assert!(mistake(format!("{}x", "-".repeat(MAX_DEPTH + 1))).contains("too deep"));
}

/// Pieces of which queries are made, and of which they are spoiled.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "news",
        "ch-01",
        "or",
        "and",
        "|",
        "(",
        ")",
        "-",
        "!",
        " ",
        " ",
        "\"",
        "\\",
        "name:",
        "group:",
        "fps<",
        "20",
        "800k",
        "health:critical",
        "phase!=live",
        "tag:\"a b\"",
        "condition:*",
        "=",
        ":",
        "x*?",
        "ü界",
        "uptime>=",
        "1h30m",
        "\"quo\\\"ted\"",
        "muted:no",
        "\u{202e}",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_can_hurt(text in any::<String>()) {
        if let Err(mistake) = Query::parse(&text) {
            prop_assert!(text.is_char_boundary(mistake.at));
        }
    }

    #[test]
    fn what_is_shown_reads_as_the_same(text in pieces()) {
        match Query::parse(&text) {
            Err(mistake) => prop_assert!(text.is_char_boundary(mistake.at)),
            Ok(query) => {
                let shown = query.to_string();
                prop_assert_eq!(Query::parse(&shown), Ok(query.clone()), "{}", shown);
                Search::new(&query).finds(&row(), NOW);
            }
        }
    }
}
