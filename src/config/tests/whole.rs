//! Whole configurations: included files, every value in its place, the sample.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::{ORIGIN, check, good, read, stream};
use crate::config::document::SHAPES;
use crate::config::{
    AlertSettings, Config, DEFAULT_PROTOCOLS, Environment, LogSettings, MAX_FILES, MAX_STREAMS, Memory,
    Policy, Rollout, load, parse, state_dir_of,
};
use crate::model::{Expect, Mode, StreamSpec, Thresholds, Wanted};

const SAMPLE: &str = include_str!("../../../assets/headend.toml");
const REFERENCE: &str = include_str!("../../../docs/configuration.md");

#[test]
fn includes_are_followed_in_order_and_files_listed() {
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    std::fs::create_dir(dir.path().join("streams")).unwrap();
    let other = |id: &str| stream("").replace("'a'", &format!("'{id}'"));
    put(
        "headend.toml",
        &format!("include = ['streams/*.toml', 'none/*']\n[defaults]\ngroup = 'g'\n{}", other("main")),
    );
    put("streams/2.toml", &other("two"));
    put("streams/1.toml", &format!("include = ['../deep.toml']\n{}", other("one")));
    put("deep.toml", &format!("{}[[playlist]]\npath = 'list.csv'\n{}", other("d1"), other("d3")));
    put("list.csv", "id,inputs\nd2,http://h/2\n");

    let loaded = load(&dir.path().join("headend.toml"), &Environment::default()).unwrap();
    let ids: Vec<_> = loaded.config.streams.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(ids, ["main", "one", "d1", "d2", "d3", "two"]);
    assert!(loaded.config.streams.iter().all(|s| &*s.group == "g"));
    let names: Vec<_> = loaded.files.iter().map(|f| f.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["headend.toml", "1.toml", "deep.toml", "list.csv", "2.toml"]);
    let [warning] = loaded.warnings.as_slice() else { panic!("{:?}", loaded.warnings) };
    assert_eq!((warning.line, warning.message.as_str()), (1, "no file matches \"none/*\""));
}

#[test]
fn includes_are_checked() {
    let a = "include = ['b.toml']\n[pool]\nslots = 1\n[[stream]]\nid = 'x'";
    let b = "include = ['a.toml']\n[[stream]]\nid = 'x'\ninputs = ['http://h/x']\n";
    check(
        "include = ['a.toml', 'none.toml', '[', 'headend.toml', './a.toml']\n",
        &Memory::new().with("/etc/headend/a.toml", a).with("/etc/headend/b.toml", b),
        &[
            r#"headend.toml:1:22: "none.toml": there is no such file; expected a path relative to this file, or a whole one"#,
            r#"headend.toml:1:35: "[" is no pattern: invalid range pattern; expected one like "streams/*.toml""#,
            r#"headend.toml:1:40: "headend.toml" includes itself; expected no circle"#,
            r#"headend.toml:1:56: "./a.toml" is included twice, first at headend.toml:1; expected it once"#,
            r#"a.toml:2:2: unknown key "pool" in an included file; expected it in the main file; here only include, [[stream]], [[playlist]]"#,
            r#"a.toml:4:1: [[stream]] has no "inputs"; expected one like inputs = ["https://host/live.m3u8"]"#,
            r#"b.toml:1:12: "a.toml" includes itself; expected no circle"#,
            r#"b.toml:3:6: the id "x" is used twice, first at a.toml:5; expected another one here"#,
        ],
    );
}

#[test]
fn includes_have_bounds() {
    let mut files = Memory::new();
    for i in 0..20 {
        files = files.with(format!("/etc/headend/{i}.toml"), format!("include = ['{}.toml']", i + 1));
    }
    check(
        "include = ['0.toml']",
        &files,
        &[r#"7.toml:1:12: "8.toml" is included too deep; expected at most 8 files inside each other"#],
    );
    for i in 0..MAX_FILES {
        files = files.with(format!("/etc/headend/s/{i}.toml"), "");
    }
    check(
        "include = ['s/*']",
        &files,
        &["headend.toml:1:12: there are more than 1000 files; expected fewer, larger ones"],
    );
}

#[test]
fn values_reach_their_places() {
    let text = "\
include = []
pool = { slots = 7, start_parallel = 0x10, starts_per_second = 3 }
[restart]
backoff_first = '2s'
backoff_cap = '2m'
jitter = 0
reset_after = '3m'
broken_failures = 4
broken_window = '5m'
broken_retry = '6m'
[stop]
again = '1s'
kill = '1s500ms'
[ffmpeg]
path = 'bin/ffmpeg'
stats_period = '500ms'
[logs]
max_size = 65_536
max_files = 2
dir = '~/log'
[state]
dir = 'state'
[defaults]
mode = 'full'
group = 'g'
tags = ['x', 'y', 'x']
start = false
thresholds = { black = '0s', fps_min = 20, slow_speed = 0.5 }
[[stream]]
id = 'a'
name = \"N\\u001b\"
inputs = ['http://h/1', 'udp://@239.0.0.1:1', 'http://h/1']
input_args = ['-re']
expect = ['audio']
[stream.thresholds]
black = '4s'
[[stream]]
id = 'b'
mode = 'run'
args = ['-i', 'file:x']
start = true
tags = []
protocols = ['https']
";
    let env = Environment { home: Some("/home/op".into()), ..Environment::default() };
    let loaded = parse(text, Path::new(ORIGIN), &env, &Memory::new()).unwrap();
    let seconds = Duration::from_secs;
    let policy = Policy {
        slots: Some(7),
        start_parallel: 16,
        starts_per_second: 3,
        backoff_first: seconds(2),
        backoff_cap: seconds(120),
        backoff_jitter: 0.0,
        backoff_reset: seconds(180),
        broken_failures: 4,
        broken_window: seconds(300),
        broken_retry: seconds(360),
        stats_period: Duration::from_millis(500),
        stop_again: seconds(1),
        stop_kill: Duration::from_millis(1_500),
        ..Policy::default()
    };
    let config = &loaded.config;
    assert_eq!(config.policy, policy);
    let logs = LogSettings { max_size: 65_536, max_files: 2, dir: Some("/home/op/log".into()) };
    assert_eq!(config.logs, logs);
    assert_eq!(config.ffmpeg, Some("/etc/headend/bin/ffmpeg".into()));
    assert_eq!(config.state_dir, Some("/etc/headend/state".into()));

    let [a, b] = config.streams.as_slice() else { panic!("{config:?}") };
    assert_eq!((a.id.as_str(), &*a.name, &*a.group, a.mode), ("a", "N␛", "g", Mode::Full));
    assert_eq!(a.tags, ["x", "y"].map(Arc::from));
    assert_eq!(a.inputs, ["http://h/1", "udp://@239.0.0.1:1"].map(Arc::from));
    assert_eq!((a.expect, a.wanted), (Expect { video: false, audio: true }, Wanted::Stopped));
    let thresholds =
        Thresholds { black: seconds(4), fps_min: Some(20.0), slow_speed: 0.5, ..Thresholds::default() };
    assert_eq!((&a.thresholds, &a.input_args), (&thresholds, &vec!["-re".to_owned()]));
    assert_eq!((b.mode, b.wanted, b.args.len(), b.tags.len()), (Mode::Run, Wanted::Started, 2, 0));
    assert_eq!((&*b.name, b.thresholds.black), ("b", Duration::ZERO));
    assert_eq!(b.protocols, ["httpproxy", "https", "tcp", "tls"].map(Arc::from));
    let [warning] = loaded.warnings.as_slice() else { panic!("{:?}", loaded.warnings) };
    assert_eq!(warning.message, "the input \"http://h/1\" is there twice");
}

#[test]
fn the_state_folder_is_found_whatever_else_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("headend.toml");
    let env = Environment { home: Some("/home/op".into()), ..Environment::default() };
    for (text, expected) in [
        ("\u{feff}[state]\ndir = 'state'\n", Some(dir.path().join("state"))),
        ("[state]\ndir = '~/state'\n[pool\nslotz = = 1\n", Some("/home/op/state".into())),
        ("state = { dir = ' ' }", None),
        ("state = { dir = 5 }", None),
        ("state = 'x'", None),
        ("", None),
    ] {
        std::fs::write(&path, text).unwrap();
        assert_eq!(state_dir_of(&path, &env), expected, "{text}");
    }
    assert_eq!(state_dir_of(&dir.path().join("none.toml"), &env), None);
}

#[test]
fn the_environment_wins() {
    let text = "[ffmpeg]\npath = 'x'\n[logs]\nmax_size = 5000\nmax_files = 2\n[alerts]\nrate_limit = '9m'\n\
                [state]\ndir = '/s'";
    let mut env = Environment {
        ffmpeg: Some("/opt/ffmpeg".into()),
        state: Some("/state".into()),
        max_log_size: Some("1 MiB".into()),
        max_log_files: Some("9".into()),
        email_rate_limit_ms: Some("60000".into()),
        ..Environment::default()
    };
    let config = parse(text, Path::new("x.toml"), &env, &Memory::new()).unwrap().config;
    assert_eq!((config.ffmpeg, config.state_dir), (Some("/opt/ffmpeg".into()), Some("/state".into())));
    assert_eq!((config.logs.max_size, config.logs.max_files), (1 << 20, 9));
    assert_eq!(config.alerts.rate_limit, Duration::from_secs(60));

    env.max_log_size = Some("huge".into());
    env.max_log_files = Some("0".into());
    env.email_rate_limit_ms = Some("5m".into());
    let mistakes = parse("slots = 1", Path::new("x.toml"), &env, &Memory::new()).unwrap_err();
    let shown: Vec<_> = mistakes.list.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            r#"EMAIL_RATE_LIMIT_MS: it is "5m"; expected milliseconds between 0 and 86400000"#,
            r#"MAX_LOG_SIZE: "huge" is no size; expected one like "10 MiB", "512 KB" or a number of bytes"#,
            r#"MAX_LOG_FILES: it is "0"; expected a number between 1 and 1000"#,
            r#"x.toml:1:1: unknown key "slots" in the top of the file; it belongs into [pool]"#,
        ]
    );
}

#[test]
fn the_defaults_are_those_of_the_settings() {
    let config = good("", &Memory::new()).config;
    assert_eq!(config, Config::default());
    let config = good(&stream(""), &Memory::new()).config;
    let [stream] = config.streams.as_slice() else { panic!("{config:?}") };
    assert_eq!(stream.thresholds, Thresholds::default());
    assert_eq!((stream.mode, stream.wanted), (Mode::Picture, Wanted::Started));
    assert_eq!(stream.expect, Expect { video: true, audio: true });
    assert_eq!(stream.protocols.len(), DEFAULT_PROTOCOLS.len());
}

#[test]
fn ten_thousand_streams_load_and_no_more() {
    let mut text = String::from("[defaults]\ngroup = 'g'\n");
    for i in 0..MAX_STREAMS {
        writeln!(text, "[[stream]]\nid = 's-{i}'\ninputs = ['http://127.0.0.1:8080/{i}/live.m3u8']").unwrap();
    }
    let loaded = good(&text, &Memory::new());
    assert_eq!(loaded.config.streams.len(), MAX_STREAMS);
    assert_eq!(loaded.config.streams[9_999].id.as_str(), "s-9999");
    text.push_str("[[stream]]\nid = 'one-more'\n[[stream]]\nid = 'and-one'\n");
    let mistakes = read(&text, &Memory::new()).unwrap_err();
    assert_eq!(mistakes.count(), 1);
    assert_eq!(mistakes.list[0].message, "there are more than 10000 streams");
}

/// The sample with the settings in it that are switched off switched on.
fn whole_sample() -> String {
    let lines = SAMPLE.lines().map(|line| match line.strip_prefix('#') {
        Some(setting) if !setting.is_empty() && !setting.starts_with(' ') => setting,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_sample_has_no_mistakes_and_shows_the_defaults() {
    let loaded = good(SAMPLE, &Memory::new());
    assert_eq!(loaded.warnings, []);
    assert_eq!((loaded.config.policy, loaded.config.logs), (Policy::default(), LogSettings::default()));
    assert_eq!(loaded.config.alerts, AlertSettings::default());
    let [news, relay] = loaded.config.streams.as_slice() else { panic!("two streams") };
    let usual = good("[[stream]]\nid = 'x'\nmode = 'run'\nargs = ['x']", &Memory::new()).config;
    let usual = StreamSpec {
        id: relay.id.clone(),
        name: relay.name.clone(),
        args: relay.args.clone(),
        ..usual.streams[0].clone()
    };
    assert_eq!((relay, relay.expect), (&usual, news.expect));

    let list = "#EXTM3U\n#EXTINF:-1,One\nhttp://h/1\n";
    let files = Memory::new()
        .with("/etc/headend/channels.m3u", list)
        .with("/etc/headend/streams/more.toml", "[[stream]]\nid = 'x'\ninputs = ['http://h']");
    let loaded = good(&whole_sample(), &files);
    assert_eq!(loaded.config.policy.rollout, Some(Rollout::default()));
    assert_eq!((&loaded.warnings[..], loaded.config.streams.len()), (&[][..], 4));
    let alerts = loaded.config.alerts;
    assert_eq!((alerts.receivers.len(), alerts.rules.len()), (4, 2));
}

/// Other places for the same secret.
const OTHERS: [&str; 6] = ["password", "password_env", "secret", "secret_env", "token", "token_env"];

#[test]
fn the_sample_and_the_reference_have_every_key() {
    let sample = whole_sample();
    let table = DeTable::parse(&sample).unwrap().into_inner();
    let mut found = Vec::new();
    collect_keys("", &table, &mut found);
    for shape in SHAPES {
        let name = shape.title.trim_matches(['[', ']']);
        let name = if shape.title == "the top of the file" { "" } else { name };
        for key in shape.keys {
            // Of those only one may be there.
            let is_other = OTHERS.contains(key) && SAMPLE.contains(&format!("\n# {key} = "));
            assert!(
                is_other || found.contains(&(name.to_owned(), (*key).to_owned())),
                "{key} of {} is not in the sample",
                shape.title
            );
            assert!(REFERENCE.contains(&format!("`{key}`")), "{key} is not in the reference");
        }
    }
    for protocol in DEFAULT_PROTOCOLS {
        assert!(REFERENCE.contains(&format!("`{protocol}`")) && SAMPLE.contains(protocol), "{protocol}");
    }
}

fn collect_keys(name: &str, table: &DeTable<'_>, found: &mut Vec<(String, String)>) {
    for (key, value) in table {
        found.push((name.to_owned(), key.get_ref().to_string()));
        match value.get_ref() {
            DeValue::Table(inner) => collect_keys(key.get_ref(), inner, found),
            DeValue::Array(list) => {
                list.iter()
                    .filter_map(|e| e.get_ref().as_table())
                    .for_each(|t| collect_keys(key.get_ref(), t, found));
            }
            _ => {}
        }
    }
}
