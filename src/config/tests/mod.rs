use std::path::{Path, PathBuf};

use super::*;

mod alerting;
mod any_input;
mod console;
mod differing;
mod editing;
mod exporting;
mod socket;
mod supervision;
mod views;
mod whole;

const ORIGIN: &str = "/etc/headend/headend.toml";

pub(super) fn read(text: &str, files: &Memory) -> Result<Loaded, Mistakes> {
    parse(text, Path::new(ORIGIN), &Environment::default(), files)
}

#[track_caller]
pub(super) fn good(text: &str, files: &Memory) -> Loaded {
    read(text, files).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// Checks all mistakes of `text`, one a line, the files' folder left out.
#[track_caller]
pub(super) fn check(text: &str, files: &Memory, expected: &[&str]) {
    let mistakes = read(text, files).err().unwrap_or_default();
    let found: Vec<_> = mistakes.list.iter().map(|m| m.to_string().replace("/etc/headend/", "")).collect();
    assert_eq!(found, expected, "for:\n{text}");
}

/// A stream that is well, with more lines in it.
fn stream(more: &str) -> String {
    format!("[[stream]]\nid = 'a'\ninputs = ['http://h/x']\n{more}\n")
}

#[test]
fn unknown_keys_say_what_was_meant() {
    for (text, expected) in [
        ("[pool]\nslotz = 3", vec![r#"2:1: unknown key "slotz" in [pool]; did you mean "slots"?"#]),
        ("slots = 3", vec![r#"1:1: unknown key "slots" in the top of the file; it belongs into [pool]"#]),
        (
            "[pool]\nwheels = 3\n  spokes = 4",
            vec![
                r#"2:1: unknown key "wheels" in [pool]; expected slots, start_parallel or starts_per_second"#,
                r#"3:3: unknown key "spokes" in [pool]; expected slots, start_parallel or starts_per_second"#,
            ],
        ),
        (
            "[[stream]]\nid = 'a'\nurl = 'http://h'\ninputs = ['http://h/x']\ninclude = []",
            vec![
                r#"3:1: unknown key "url" in [[stream]]; did you mean "inputs"?"#,
                r#"5:1: unknown key "include" in [[stream]]; it belongs into the top of the file"#,
            ],
        ),
        (
            "[defaults]\nthresholds = { blak = '1s' }",
            vec![r#"2:16: unknown key "blak" in thresholds; did you mean "black"?"#],
        ),
        (
            "\"sl\u{1b}[2J\" = 1\n[stream]\nid = 'x'",
            vec![
                r"1:4: invalid basic string; expected non-double-quote visible characters, `\`",
                "2:1: \"stream\" is a table; expected [[stream]] before each",
            ],
        ),
    ] {
        let expected: Vec<_> = expected.iter().map(|line| format!("headend.toml:{line}")).collect();
        check(text, &Memory::new(), &expected.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

#[test]
fn wrong_types_and_numbers_say_what_was_found() {
    let text = "\
pool = 3
[restart]
jitter = '1'
backoff_first = 10
backoff_cap = 2026-01-01
reset_after = ''
broken_failures = 0
broken_retry = '2d'
[stop]
again = '5s'
kill = true
[defaults]
thresholds = []
expect = 'video'
mode = 'pictur'
[logs]
max_size = '10 XB'
max_files = 1.5
[ffmpeg]
path = ' '
";
    check(
        text,
        &Memory::new(),
        &[
            r#"headend.toml:1:8: "pool" is the number 3; expected the table [pool]"#,
            r#"headend.toml:3:10: "jitter" is the text "1"; expected a number between 0 and 0.9"#,
            r#"headend.toml:4:17: the duration "10" has no unit; expected "10s""#,
            r#"headend.toml:5:15: "backoff_cap" is the date 2026-01-01; expected a duration in quotes, like "10s""#,
            r#"headend.toml:6:15: "" is no duration; expected one like "10s", "1m30s" or "500ms""#,
            r#"headend.toml:7:19: "broken_failures" is 0; expected a whole number between 1 and 1000"#,
            r#"headend.toml:8:16: "2d" is too long; expected between "10ms" and "1d""#,
            r#"headend.toml:11:8: "kill" is true; expected a duration in quotes, like "10s""#,
            r#"headend.toml:13:14: "thresholds" is a list; expected a table: thresholds = { black = ... }"#,
            r#"headend.toml:14:10: "expect" is the text "video"; expected a list: ["video"]"#,
            r#"headend.toml:15:8: "pictur" is no mode; expected packets, picture, full or run; did you mean "picture"?"#,
            r#"headend.toml:17:12: "10 XB" is no size; expected one like "10 MiB", "512 KB" or a number of bytes"#,
            r#"headend.toml:18:13: "max_files" is 1.5; expected a whole number between 1 and 1000"#,
            r#"headend.toml:20:8: " " is no path; expected the path of a file or folder"#,
        ],
    );
    check(
        "[pool]\nslots = 'many'\n[restart]\nbackoff_first = '2m'",
        &Memory::new(),
        &[
            r#"headend.toml:2:9: "slots" is the text "many"; expected a whole number between 1 and 10000, or "auto""#,
            r#"headend.toml:4:1: "backoff_first" is longer than "backoff_cap"; expected the first wait to be the shorter one"#,
        ],
    );
}

#[test]
fn streams_are_checked() {
    let long = format!("group = '{}'", "g".repeat(101));
    let long_message = format!(
        "headend.toml:4:9: the group \"{}\" is 101 characters long; expected at most 100",
        "g".repeat(101)
    );
    for (text, expected) in [
        (
            "[[stream]]\nid = 'a b'".to_owned(),
            vec![
                r#"headend.toml:1:1: [[stream]] has no "inputs"; expected one like inputs = ["https://host/live.m3u8"]"#,
                r#"headend.toml:2:6: "a b" is no stream id; expected 1 to 64 of a-z A-Z 0-9 . _ - beginning with a letter, digit or _"#,
            ],
        ),
        (
            stream("") + "[[stream]]\nid = 'a'\ninputs = []",
            vec![
                r#"headend.toml:6:6: the id "a" is used twice, first at headend.toml:2; expected another one here"#,
                r#"headend.toml:7:1: "inputs" is empty; expected at least one URL; only mode "run" needs none"#,
            ],
        ),
        (
            "[[stream]]\nmode = 'run'\n".to_owned() + &stream("args = ['-i', 'x']"),
            vec![
                r#"headend.toml:1:1: [[stream]] has no "id"; expected one like id = "news-1""#,
                r#"headend.toml:1:1: [[stream]] has no "args"; expected FFmpeg's arguments, which mode "run" is for"#,
                r#"headend.toml:6:1: "args" has no meaning in mode "picture"; expected mode = "run", or "input_args" for options of the input"#,
            ],
        ),
        (
            "[[stream]]\nid = 'b'\ninputs = ['x.ts', '-i', 'rtmp://u:hunter2@/x', 5]".to_owned(),
            vec![
                r#"headend.toml:3:11: the input "x.ts" is a file of this machine, which is not allowed; expected a URL, or protocols = ["default", "file"] to allow it for this stream"#,
                r#"headend.toml:3:19: the input "-i" begins with a dash; expected a URL; options of FFmpeg go into "input_args""#,
                r#"headend.toml:3:48: "inputs" is the number 5; expected only texts in quotes in it"#,
            ],
        ),
        (
            stream(
                "start = 'yes'\ntags = ['', 'x', 1]\nname = ''\nprotocols = ['htps']\nexpect = ['vidio']\ninput_args = ['-i', \"a\\u0000\"]",
            ),
            vec![
                r#"headend.toml:4:9: "start" is the text "yes"; expected true or false, without quotes"#,
                "headend.toml:5:9: a tag is empty; expected a word",
                r#"headend.toml:5:18: "tags" is the number 1; expected only texts in quotes in it"#,
                r#"headend.toml:6:8: the name is empty; expected a text; without "name" the id is shown"#,
                r#"headend.toml:7:14: FFmpeg has no protocol "htps"; did you mean "https"?"#,
                r#"headend.toml:8:11: "vidio" is no track; expected video or audio; did you mean "video"?"#,
                r#"headend.toml:9:15: "-i" may not stand in "input_args"; expected the input in "inputs""#,
                "headend.toml:9:21: an argument has a zero byte in it; expected none: no program can take it",
            ],
        ),
        (stream(&long), vec![long_message.as_str()]),
        (
            stream("mode = 'run'\nargs = []") + "[[stream]]\nid = 'b'\nmode = 'run'\nargs = 'x'",
            vec![
                "headend.toml:5:1: \"args\" is empty; expected FFmpeg's arguments, like [\"-i\", ...]",
                "headend.toml:9:8: \"args\" is the text \"x\"; expected a list: [\"x\"]",
            ],
        ),
    ] {
        check(&text, &Memory::new(), &expected);
    }
}

#[test]
fn every_syntax_error_is_told_and_what_follows_from_it_is_not() {
    check(
        "a =\nb = = 3\n[pool\n[pool]\nslots = 1\nslots = 2\nwheels = 1\n[[stream]]\nid = \"x",
        &Memory::new(),
        &[
            "headend.toml:1:4: string values must be quoted; expected literal string",
            "headend.toml:2:5: extra `=`; expected TOML: [table], or key = value",
            "headend.toml:3:6: unclosed table; expected `]`",
            r#"headend.toml:6:1: "slots" is there twice; expected each key once in its table"#,
            r#"headend.toml:7:1: unknown key "wheels" in [pool]; expected slots, start_parallel or starts_per_second"#,
            "headend.toml:9:8: invalid basic string; expected `\"`",
        ],
    );
    // Very many are not worth the memory they cost.
    let many = "= 1\n".repeat(MAX_RECOVER_BYTES / 4 + 1);
    assert_eq!(read(&many, &Memory::new()).unwrap_err().count(), 1);
}

#[test]
fn the_list_shows_lines_with_carets_and_without_secrets() {
    let text =
        "[[stream]]\nid = 'a'\ninputs = ['rtmp://u:hunter2@h/x?token=hunter2', 7]\npassword = 'hunter2'\n";
    let expected = "\
/etc/headend/headend.toml:3:49: \"inputs\" is the number 7; expected only texts in quotes in it
  3 | inputs = ['rtmp://***@h/x?token=***', 7]
    |                                       ^
/etc/headend/headend.toml:4:1: unknown key \"password\" in [[stream]]; it belongs into [mail]
  4 | password = ***
    | ^^^^^^^^
2 mistakes";
    assert_eq!(read(text, &Memory::new()).unwrap_err().to_string(), expected);
}

#[test]
fn of_a_secret_with_control_characters_in_it_no_piece_is_told() {
    let secrets =
        ["http://h/x?token={}", "rtmp://u:{}@h/x", "{}://u:p@h/x?token={}", "http://h/x?n=1&sig={}"];
    // As they are, as TOML writes them, and as the text they stand for.
    for between in
        ["\\u0001", "\\u001b[2J", "\\t", "\\n", "\\u007f", "\\u0085", "\t", "\u{1}", "\u{1b}", "\u{85}"]
    {
        for form in secrets {
            let secret = format!("kanarie{between}kanarie{between}");
            let url = form.replacen("{}://", "nosuch://", 1).replace("{}", &secret);
            for text in [
                format!("[[stream]]\nid = \"{url}\"\ninputs = [\"{url}\"]\n"),
                format!(
                    "[[stream]]\nid = 'a'\ninputs = [\"nosuch:{url}\", \"{url}\", 5]\nmode = \"{url}\"\n"
                ),
                format!("theme = \"{url}\"\n[[stream]]\nid = 'a'\nname = {url}\n"),
            ] {
                let told = read(&text, &Memory::new()).map(|_| ()).unwrap_err().to_string();
                assert!(!told.contains("kanarie"), "{told}");
            }
        }
    }
}

#[test]
fn bytes_that_are_no_utf8_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("headend.toml");
    std::fs::write(&path, b"# caf\xe9\n[pool]\nslotz = 1\n").unwrap();
    let mistakes = load(&path, &Environment::default()).unwrap_err();
    let shown: Vec<_> = mistakes.list.iter().map(|m| (m.line, m.column, m.message.as_str())).collect();
    let expected = [(1, 6, "the byte 0xe9 is not UTF-8"), (3, 1, "unknown key \"slotz\" in [pool]")];
    assert_eq!(shown, expected);

    std::fs::write(&path, b"\xfe\xff\0[\0p\0]").unwrap();
    let mistakes = load(&path, &Environment::default()).unwrap_err();
    let shown: Vec<_> = mistakes.list.iter().map(|m| (m.line, m.column, m.message.as_str())).collect();
    assert_eq!(shown, [(1, 1, "the file is UTF-16")]);
}

#[test]
fn files_that_cannot_be_read_are_told() {
    let dir = tempfile::tempdir().unwrap();
    for (path, message) in [
        (dir.path().join("none.toml"), "there is no such file"),
        (dir.path().to_owned(), "it is a folder"),
        (PathBuf::from("/dev/zero"), "it is too large"),
    ] {
        let mistakes = load(&path, &Environment::default()).unwrap_err();
        let [mistake] = mistakes.list.as_slice() else { panic!("{mistakes}") };
        assert_eq!((mistake.message.as_str(), mistake.line), (message, 0));
        assert!(mistakes.to_string().starts_with(&format!("{}: {message}; ", path.display())));
    }
}

#[test]
fn every_bound_of_a_stream_is_kept() {
    let list = |count: usize| format!("[{}]", "'http://h/x',".repeat(count));
    let words = |count: usize| format!("[{}]", "'w',".repeat(count));
    let text = |chars: usize| format!("'{}'", "é".repeat(chars));
    for (key, most, more) in [
        ("inputs", list(MAX_INPUTS), list(MAX_INPUTS + 1)),
        ("tags", words(MAX_TAGS), words(MAX_TAGS + 1)),
        ("tags", format!("[{}]", text(MAX_TAG_CHARS)), format!("[{}]", text(MAX_TAG_CHARS + 1))),
        ("name", text(MAX_NAME_CHARS), text(MAX_NAME_CHARS + 1)),
        ("group", text(MAX_GROUP_CHARS), text(MAX_GROUP_CHARS + 1)),
        ("args", words(MAX_ARGS), words(MAX_ARGS + 1)),
        ("args", format!("[{}]", text(MAX_ARG_BYTES / 2)), format!("[{}]", text(MAX_ARG_BYTES / 2 + 1))),
        ("input_args", words(MAX_ARGS), words(MAX_ARGS + 1)),
        ("protocols", "['udp']".to_owned(), format!("[{}]", "'udp',".repeat(MAX_PROTOCOLS + 1))),
        ("expect", "['audio', 'video']".to_owned(), "['audio', 'video', 'audio']".to_owned()),
    ] {
        let stream = |value: &str| {
            let inputs = if key == "inputs" { "" } else { "inputs = ['udp://h:1']" };
            let args = if key == "args" { "" } else { "args = ['x']" };
            format!("[[stream]]\nid = 'a'\nmode = 'run'\n{inputs}\n{args}\n{key} = {value}")
        };
        good(&stream(&most), &Memory::new());
        let mistakes = read(&stream(&more), &Memory::new()).unwrap_err();
        assert_eq!((mistakes.count(), mistakes.list[0].line), (1, 6), "{key}: {mistakes}");
        let expected = &mistakes.list[0].expected;
        assert!(expected.starts_with("expected at most "), "{key}: {expected}");
    }
}
