//! Single streams changed in the text of a file.

use super::*;
use crate::model::StreamId;

const FILE: &str = r#"# The channels of the north.
[pool]
slots = 3

# The news, which must not fail.
[[stream]]
id = "news" # do not rename
inputs = [
  "http://a/news", # the primary
  "http://b/news",
]
priority = 90 # most important

# Sports.
[[stream]]
id = "sport"
inputs = ["http://a/sport"]
thresholds = { black = "5s", silent = "0s" }
tags = ["""
[[stream]]
"""]

[stream.fallback]
on = ["black"]

# The last one.
[[stream]]
id = "last"
inputs = ["http://a/last"]
"#;

fn id(text: &str) -> StreamId {
    StreamId::new(text).unwrap()
}

/// What differs, line by line: `-` what went, `+` what came.
fn changes(after: &str) -> Vec<String> {
    let (mut before, mut now): (Vec<_>, Vec<_>) = (FILE.lines().collect(), after.lines().collect());
    while !before.is_empty() && before.first() == now.first() {
        (_, _) = (before.remove(0), now.remove(0));
    }
    while !before.is_empty() && before.last() == now.last() {
        (_, _) = (before.pop(), now.pop());
    }
    let went = before.iter().map(|line| format!("-{line}"));
    went.chain(now.iter().map(|line| format!("+{line}"))).collect()
}

#[track_caller]
fn set(stream: &str, key: &str, value: &str) -> Vec<String> {
    let value = Some(value).filter(|value| !value.is_empty());
    let after = set_key(FILE, &id(stream), key, value).unwrap();
    good(&after, &Memory::new());
    changes(&after)
}

#[test]
fn a_key_is_replaced_where_it_stands() {
    assert_eq!(
        set("news", "priority", "10"),
        ["-priority = 90 # most important", "+priority = 10 # most important"]
    );
    assert_eq!(
        set("sport", "thresholds.black", "9s"),
        [
            "-thresholds = { black = \"5s\", silent = \"0s\" }",
            "+thresholds = { black = \"9s\", silent = \"0s\" }"
        ]
    );
    assert_eq!(set("sport", "fallback.on", "[]"), ["-on = [\"black\"]", "+on = []"]);
    let list = set("news", "inputs", "[\"http://c/news\"]");
    assert_eq!(list.last().unwrap(), "+inputs = [\"http://c/news\"]");
}

#[test]
fn a_key_that_is_not_there_yet_comes_behind_the_others() {
    assert_eq!(set("news", "watch", "rotate"), ["+watch = \"rotate\""]);
    assert_eq!(set("last", "name", "A \"name\""), ["+name = 'A \"name\"'"]);
    assert_eq!(set("last", "thresholds.black", "9s"), ["+thresholds.black = \"9s\""]);
    assert_eq!(set("sport", "fallback.after", "9s"), ["+after = \"9s\""]);
    assert_eq!(
        set("sport", "thresholds.frozen", "9s"),
        [
            "-thresholds = { black = \"5s\", silent = \"0s\" }",
            "+thresholds = { black = \"5s\", silent = \"0s\", frozen = \"9s\" }"
        ]
    );
    // Not into the table below it.
    let after = set_key(FILE, &id("sport"), "priority", Some("7")).unwrap();
    let sport = good(&after, &Memory::new()).config.streams[1].clone();
    assert_eq!((sport.priority, sport.fallback.on.len()), (7, 1));
}

#[test]
fn a_key_is_taken_out() {
    assert_eq!(set("news", "priority", ""), ["-priority = 90 # most important"]);
    for key in ["thresholds.black", "thresholds.silent"] {
        let after = set_key(FILE, &id("sport"), key, None).unwrap();
        let left = good(&after, &Memory::new()).config.streams[1].thresholds.clone();
        let usual = crate::model::Thresholds::default();
        assert_eq!(
            (left.black == usual.black, left.silent == usual.silent),
            (key.ends_with("black"), key.ends_with("silent"))
        );
    }
    assert_eq!(set("news", "watch", ""), Vec::<String>::new());
}

/// As headend itself writes it, and as people do.
const DOTTED: &str = r#"[[stream]]
id = "x-1"
inputs = ["http://h/x"]
thresholds.black = "5s" # why
'thresholds' . silent = "7s"
fallback.on = [
  "black",
]

# About y.
[[stream]]
id = "y"
inputs = ["http://h/y"]
"#;

#[test]
fn dotted_keys_are_taken_out_one_by_one_and_all_together() {
    let x = id("x-1");
    let gone = |key: &str, lines: &[&str]| {
        let after = set_key(DOTTED, &x, key, None).unwrap();
        let expected = lines.iter().fold(DOTTED.to_owned(), |text, line| text.replace(line, ""));
        assert_eq!(after, expected, "{key}");
    };
    let (black, silent) = ("thresholds.black = \"5s\" # why\n", "'thresholds' . silent = \"7s\"\n");
    gone("thresholds.black", &[black]);
    gone("thresholds.silent", &[silent]);
    gone("thresholds", &[black, silent]);
    gone("fallback", &["fallback.on = [\n  \"black\",\n]\n"]);
    // Behind all of a value of several lines.
    let after = set_key(DOTTED, &x, "priority", Some("3")).unwrap();
    assert_eq!(after, DOTTED.replace("\n]\n", "\n]\npriority = 3\n"));
    let after = set_key(DOTTED, &x, "thresholds", Some("{ black = '1s' }")).unwrap();
    let of_x = good(&after, &Memory::new()).config.streams[0].thresholds.clone();
    assert_eq!(of_x.black, std::time::Duration::from_secs(1), "{after}");
    assert_eq!(of_x.silent, crate::model::Thresholds::default().silent, "{after}");
}

#[test]
fn a_table_under_a_header_is_taken_out_with_it() {
    assert_eq!(set("sport", "fallback", ""), ["-[stream.fallback]", "-on = [\"black\"]", "-"]);
    assert_eq!(set("sport", "thresholds", ""), ["-thresholds = { black = \"5s\", silent = \"0s\" }"]);
}

#[test]
fn a_stream_goes_with_the_comment_above_it_and_nothing_else() {
    for (gone, left) in
        [("news", ["sport", "last"]), ("sport", ["news", "last"]), ("last", ["news", "sport"])]
    {
        let after = remove_stream(FILE, &id(gone)).unwrap();
        let config = good(&after, &Memory::new()).config;
        let ids: Vec<_> = config.streams.iter().map(|spec| spec.id.as_str()).collect();
        assert_eq!((ids, config.policy.slots), (left.to_vec(), Some(3)), "{after}");
        for (comment, of) in [("The news", "news"), ("Sports", "sport"), ("The last", "last")] {
            assert_eq!(after.contains(comment), of != gone, "{after}");
        }
        assert!(
            after.starts_with("# The channels of the north.\n[pool]") && !after.contains("\n\n\n"),
            "{after}"
        );
        assert!(after.ends_with('\n') && !after.ends_with("\n\n"), "{after:?}");
    }
}

#[test]
fn a_stream_comes_at_the_end() {
    let table = "[[stream]]\nid = \"new\"\n";
    assert_eq!(add_stream("", table), table);
    assert_eq!(add_stream("a = 1", table), format!("a = 1\n\n{table}"));
    assert_eq!(add_stream(FILE, table), format!("{FILE}\n{table}"));
}

#[test]
fn what_can_t_be_changed_so_is_refused() {
    let error = |text: &str, stream: &str, key: &str| {
        set_key(text, &id(stream), key, Some("1")).unwrap_err().to_string()
    };
    assert!(error(FILE, "none", "priority").contains("no [[stream]] with the id none"));
    assert!(error("[", "news", "priority").contains("no TOML"));
    assert!(error(FILE, "news", "id").contains("can't be changed"));
    for key in ["", "a.b.c", "a b", "priority.x"] {
        assert!(error(FILE, "news", key).contains("is no key"), "{key}");
    }
    let inline = "stream = [{ id = 'a', inputs = ['http://h'] }]\n";
    assert_eq!(remove_stream(inline, &id("a")), Err(EditError::Inline));
    assert_eq!(set_key(inline, &id("a"), "priority", Some("1")), Err(EditError::Inline));
}

#[test]
fn a_value_is_taken_as_it_is_or_for_a_text() {
    for (typed, written) in [
        ("9", "9"),
        ("true", "true"),
        (" [1, 2] ", "[1, 2]"),
        ("\"x\"", "\"x\""),
        ("5s", "\"5s\""),
        ("a # b", "\"a # b\""),
        ("1 # b", "\"1 # b\""),
        ("x\ny = 1", "\"\"\"\nx\ny = 1\"\"\""),
    ] {
        assert_eq!(literal(typed), written);
    }
}

mod any {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// Whatever is typed as a value, the file stays one, and only this key of this stream changes.
        #[test]
        fn only_that_key_changes(value in "[ -~\n\u{e9}]{0,20}", stream in 0_usize..3, key in 0_usize..3) {
            let stream = ["news", "sport", "last"][stream];
            let key = ["name", "thresholds.black", "group"][key];
            let after = set_key(FILE, &id(stream), key, Some(&value)).unwrap();
            prop_assert_eq!(without(FILE, stream, key), without(&after, stream, key), "{}", after);
        }

        /// The same of dotted keys in any order, and of keys that are taken out.
        #[test]
        fn of_dotted_keys_only_that_key_changes(
            lines in Just(LINES.to_vec()).prop_shuffle(),
            key in 0_usize..KEYS.len(),
            value in proptest::option::of("[ -~\n]{0,20}"),
        ) {
            let (key, before) = (KEYS[key], format!("{HEAD}{}{TAIL}", lines.concat()));
            let after = set_key(&before, &id("x"), key, value.as_deref()).unwrap();
            prop_assert_eq!(without(&before, "x", key), without(&after, "x", key), "{}", after);
            if value.is_none() {
                let again = set_key(&after, &id("x"), key, None).unwrap();
                prop_assert_eq!(again, after, "it is not there any more");
            }
        }
    }

    const HEAD: &str = "[[stream]]\n";
    const LINES: [&str; 7] = [
        "id = 'x'\n",
        "thresholds.black = '5s' # a. b\n",
        "# A comment.\nthresholds . silent = \"a.b = 'c'\"\n",
        "  \"thresholds\".'frozen' = [\n'a',\n]\n",
        "fallback.on = [\n  'black',\n]\n",
        "fallback.after.x = { a.b = 1, c = 2 }\n",
        "tags = { a = 1 }\n",
    ];
    const TAIL: &str =
        "[stream.more]\na.b = 1\nc = 2\n# The next.\n[[stream]]\nid = 'y'\nthresholds.black = 1\n";
    const KEYS: [&str; 12] = [
        "thresholds.black",
        "thresholds.silent",
        "thresholds.frozen",
        "thresholds.stall",
        "thresholds",
        "fallback.on",
        "fallback.after",
        "fallback",
        "tags.a",
        "more",
        "more.a",
        "priority",
    ];

    /// What is written, without this key of this stream.
    fn without(text: &str, stream: &str, key: &str) -> toml::Table {
        let mut table = toml::from_str::<toml::Table>(text).unwrap();
        let list = table["stream"].as_array_mut().unwrap();
        let one = list.iter_mut().find(|one| one["id"].as_str() == Some(stream)).unwrap();
        let one = one.as_table_mut().unwrap();
        match key.split_once('.') {
            Some((above, below)) => {
                let inner = one.entry(above).or_insert(toml::Value::Table(toml::Table::new()));
                inner.as_table_mut().unwrap().remove(below);
            }
            None => drop(one.remove(key)),
        }
        table
    }
}
