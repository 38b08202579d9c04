//! Whatever stands in the files: an answer, and places that are there.

use std::path::Path;

use proptest::prelude::*;

use super::{ORIGIN, read};
use crate::config::{Loaded, MAX_MISTAKES, Memory, Mistakes};

/// Checks that every mistake has a place that is there.
fn places_hold(result: Result<Loaded, Mistakes>, texts: &[(&str, &str)]) {
    let list = result.map_or_else(|mistakes| mistakes.list, |loaded| loaded.warnings);
    assert!(list.len() <= MAX_MISTAKES);
    for mistake in list {
        let (_, text) =
            texts.iter().find(|(path, _)| mistake.file == Path::new(path)).expect("a file we gave");
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let line = text.split('\n').nth(mistake.line - 1).expect("a line that is there");
        assert!((1..=line.chars().count() + 1).contains(&mistake.column), "{mistake}");
        let shown = mistake.to_string();
        assert!(!shown.chars().any(char::is_control) && !mistake.expected.is_empty(), "{shown:?}");
    }
}

/// Pieces of configurations, so that chance gets past the syntax.
fn pieces() -> impl Strategy<Value = String> {
    let words = proptest::sample::select(vec![
        "[[stream]]\n",
        "[pool]\n",
        "[defaults]\n",
        "[[playlist]]\n",
        "[stream.thresholds]\n",
        "[ffmpeg]\n",
        "[guard]\n",
        "[rollout]\n",
        "cpu = ",
        "steps = ",
        "[50, 100]\n",
        "on_air = ",
        "time_zone = ",
        "['mon 10:00-11:00']\n",
        "['cron 0 6 * * * for 1h']\n",
        "id = ",
        "inputs = ",
        "include = ",
        "path = ",
        "slots = ",
        "black = ",
        "mode = ",
        "'a'\n",
        "\"\\u001b\"\n",
        "['http://h/x']\n",
        "['-i', 5]\n",
        "3\n",
        "'10s'\n",
        "{ x = 1 }\n",
        "'headend.toml'\n",
        "'list.csv'\n",
        "'list.m3u'\n",
        "é",
        "\r\n",
        "\u{feff}",
        "= ",
        "[",
        "]",
        "\"\"\"",
        "a.b = 1\n",
        "[alerts]\n",
        "[mail]\n",
        "[[receiver]]\n",
        "[[rule]]\n",
        "[http]\n",
        "name = ",
        "mail = ",
        "webhook = ",
        "secret = ",
        "tell = ",
        "quiet = ",
        "streams = ",
        "listen = ",
        "['a@b.example']\n",
        "'https://h/x'\n",
        "'run'\n",
    ]);
    let any = prop_oneof![9 => words.prop_map(str::to_owned), 1 => "\\PC{0,5}"];
    proptest::collection::vec(any, 0..40).prop_map(|parts| parts.concat())
}

/// The same for channel lists.
fn list_pieces() -> impl Strategy<Value = String> {
    let words = proptest::sample::select(vec![
        "#EXTM3U\n",
        "#EXTINF:-1 ",
        "tvg-id=",
        "\"a\"",
        "\"",
        "group-title=",
        ",",
        ";",
        "|",
        "Név\n",
        "http://h/x",
        "\n",
        "\r\n",
        "#EXT-X-",
        "#EXTGRP:",
        "id,inputs\n",
        "id;name;inputs\n",
        "\"x\ny\"",
        "\t",
        "é",
        "=",
        " ",
        "\u{feff}",
        "-x",
        "\u{1b}",
    ]);
    proptest::collection::vec(words, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_has_a_whole_answer(text in prop_oneof![pieces(), "(?s).{0,200}"], list in list_pieces()) {
        let files = Memory::new()
            .with("/etc/headend/headend.toml", text.as_str())
            .with("/etc/headend/list.csv", list.as_str())
            .with("/etc/headend/list.m3u", list.as_str());
        let texts = [(ORIGIN, text.as_str()), ("/etc/headend/list.csv", &list), ("/etc/headend/list.m3u", &list)];
        places_hold(read(&text, &files), &texts);
    }

    #[test]
    fn any_list_has_a_whole_answer(list in prop_oneof![list_pieces(), "(?s).{0,200}"]) {
        let text = "[[playlist]]\npath = 'list.csv'\nprefix = 'c-'\n[[playlist]]\npath = 'list.m3u'\n";
        let files = Memory::new()
            .with("/etc/headend/list.csv", list.as_str())
            .with("/etc/headend/list.m3u", list.as_str());
        let texts = [(ORIGIN, text), ("/etc/headend/list.csv", &list), ("/etc/headend/list.m3u", &list)];
        places_hold(read(text, &files), &texts);
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let text = "include = ['x.toml']\n[[playlist]]\npath = 'x.csv'\n[[playlist]]\npath = 'x.m3u'\nprefix = 'm'\n";
        let mut files = Memory::new();
        for name in ["x.toml", "x.csv", "x.m3u"] {
            files = files.with(Path::new("/etc/headend").join(name), bytes.clone());
        }
        let _ = read(text, &files).map_err(|mistakes| mistakes.to_string());
    }
}
