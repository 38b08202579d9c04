use std::fmt::Write as _;

use crate::config::tests::{check, good, read};
use crate::config::{Loaded, MAX_INPUTS, MAX_STREAMS, MAX_TAGS, Memory};
use crate::model::Mode;

const M3U: &str = "[[playlist]]\npath = 'list.m3u'\n";
const CSV: &str = "[[playlist]]\npath = 'list.csv'\n";

fn list(bytes: impl Into<Vec<u8>>) -> Memory {
    let bytes = bytes.into();
    Memory::new().with("/etc/headend/list.m3u", bytes.clone()).with("/etc/headend/list.csv", bytes)
}

/// Id, name, group and first input of each stream.
fn rows(loaded: &Loaded) -> Vec<[&str; 4]> {
    let streams = loaded.config.streams.iter();
    streams.map(|s| [s.id.as_str(), &*s.name, &*s.group, s.inputs.first().map_or("", |i| &**i)]).collect()
}

/// Line, column and message of each warning.
fn warnings(loaded: &Loaded) -> Vec<(usize, usize, &str)> {
    loaded.warnings.iter().map(|w| (w.line, w.column, w.message.as_str())).collect()
}

#[test]
fn m3u_channels_become_streams() {
    let text = "\u{feff}#EXTM3U url-tvg=\"http://epg\"\r\n\
        #EXTINF:-1 tvg-id=\"BBC1.uk\" tvg-name=\"x\" group-title=\"UK, news\",BBC One, London\r\n\
        http://h/1\r\n\r\n\
        # a comment\r\n\
        #EXTINF:0,Köln TV\r\n#EXTVLCOPT:network-caching=1000\r\n#EXTGRP:regional\r\nudp://@239.0.0.1:1234\r\n\
        #EXTINF:-1 tvg-name=Only,\r\nhttp://h/3\r\n\
        http://u:p@h/live/four.m3u8?x=1\r\n\
        #EXTINF:-1,Köln TV\r\nhttp://h/5";
    let toml = format!("{M3U}prefix = 'p-'\ngroup = 'mine'\ntags = ['t']\nmode = 'packets'\nstart = false\n");
    let loaded = good(&toml, &list(text));
    assert_eq!(warnings(&loaded), []);
    assert_eq!(
        rows(&loaded),
        [
            ["p-BBC1.uk", "BBC One, London", "UK, news", "http://h/1"],
            ["p-koeln-tv", "Köln TV", "regional", "udp://@239.0.0.1:1234"],
            ["p-Only", "Only", "mine", "http://h/3"],
            ["p-four.m3u8", "four.m3u8", "mine", "http://u:p@h/live/four.m3u8?x=1"],
            ["p-koeln-tv-2", "Köln TV", "mine", "http://h/5"],
        ]
    );
    assert!(loaded.config.streams.iter().all(|s| s.mode == Mode::Packets && &*s.tags[0] == "t"));
}

#[test]
fn odd_m3u_lines_are_warnings() {
    let name = "n".repeat(201);
    let text = format!(
        "#EXTINF:-1 no comma here\nhttp://h/1\n#EXTINF:-1 tvg-id=\"open,Two\nhttp://h/2\n\
         #EXTINF:-1,Three\n#EXTINF:-1,{name}\nhttp://h/4\n  #EXTINF:-1,Five\n"
    );
    let loaded = good(M3U, &list(text));
    assert_eq!(
        warnings(&loaded),
        [
            (1, 1, "the list does not begin with #EXTM3U"),
            (1, 1, "this #EXTINF line has no comma"),
            (3, 19, "a quote is not closed on this line"),
            (5, 1, "this channel has no URL and was left out"),
            (6, 12, "the name is 201 characters long and was cut"),
            (8, 3, "this channel has no URL and was left out"),
        ]
    );
    let ids: Vec<_> = rows(&loaded).iter().map(|row| row[0]).collect();
    assert_eq!(ids, ["1", "open", &"n".repeat(64)]);
    assert_eq!(loaded.config.streams[2].name.len(), 200);
}

#[test]
fn bad_m3u_channels_and_hls_playlists_are_mistakes() {
    let text = "#EXTM3U\n#EXTINF:-1,A\n  file:///etc/passwd\n#EXTINF:-1,B\nhttp:/x\n#EXTINF:-1,C\nlocal.ts";
    check(
        M3U,
        &list(text),
        &[
            r#"list.m3u:3:3: the input "file:///etc/passwd" is a file of this machine, which is not allowed; expected a URL, or protocols = ["default", "file"] to allow it for this stream"#,
            r#"list.m3u:5:1: the input "http:/x" has no host; expected "http://host...""#,
            r#"list.m3u:7:1: the input "local.ts" is a file of this machine, which is not allowed; expected a URL, or protocols = ["default", "file"] to allow it for this stream"#,
        ],
    );
    let hls = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na.ts\n";
    let told = "list.m3u:2:1: this is an HLS playlist, not a channel list; this is a stream: \
                put its URL into the \"inputs\" of a [[stream]]";
    check(M3U, &list(hls), &[told]);
    let allowed = format!("{M3U}protocols = ['default', 'file']\n");
    assert_eq!(good(&allowed, &list("#EXTM3U\nlocal.ts")).config.streams.len(), 1);
}

#[test]
fn ids_of_two_lists_must_differ() {
    let files = list("#EXTM3U\n#EXTINF:-1,A\nhttp://h/1\n");
    let twice = format!("{M3U}{M3U}");
    let told = "list.m3u:3:1: the id \"A\" is used twice, first at list.m3u:3; \
                expected another one; a \"prefix\" sets lists apart";
    check(&twice, &files, &[told]);
    assert_eq!(good(&format!("{twice}prefix = 'x-'"), &files).config.streams.len(), 2);
}

#[test]
fn csv_channels_become_streams() {
    let text = "\u{feff}ID; Name;inputs;tags;mode;group\r\n\
        a;\"One; \"\"two\"\"\";http://h/1|http://h/2; x | y ;full;g\r\n\
        \r\n;;;;;\r\n\
        ;Télé 5;http://h/3;;;\r\n\
        ;;srt://h:9000;;;\r\n";
    let loaded = good(&format!("{CSV}tags = ['t', 'x']\ngroup = 'mine'"), &list(text));
    assert_eq!(
        rows(&loaded),
        [
            ["a", "One; \"two\"", "g", "http://h/1"],
            ["tele-5", "Télé 5", "mine", "http://h/3"],
            ["h-9000", "h-9000", "mine", "srt://h:9000"],
        ]
    );
    let first = &loaded.config.streams[0];
    assert_eq!((first.mode, first.inputs.len()), (Mode::Full, 2));
    assert_eq!(first.tags, ["t", "x", "y"].map(std::sync::Arc::from));
}

#[test]
fn csv_mistakes_have_their_places() {
    let text = "id,nam,inputs,mode,id\nx,y,http://h/1,,\n\nx,y\n-b,\"q,\"\"\",\"/etc|http://h\",run,\n\
                c,,,,\nx,,http://h/2,quick,\nq,\"open,http://h\n";
    check(
        CSV,
        &list(text),
        &[
            r#"list.csv:1:4: unknown column "nam"; did you mean "name"?"#,
            r#"list.csv:1:20: the column "id" is there twice; expected each once"#,
            "list.csv:4:1: the line has 2 fields; expected 5, as the header has",
            r#"list.csv:5:1: "-b" is no stream id; expected 1 to 64 of a-z A-Z 0-9 . _ - beginning with a letter, digit or _"#,
            r#"list.csv:5:11: the input "/etc" is a file of this machine, which is not allowed; expected a URL, or protocols = ["default", "file"] to allow it for this stream"#,
            r#"list.csv:5:27: a channel list can't have mode "run"; expected packets, picture or full; mode "run" needs a [[stream]] with "args""#,
            r#"list.csv:6:1: this channel has no input; expected a URL in the column "inputs""#,
            r#"list.csv:7:1: the id "x" is used twice, first at list.csv:2; expected another one; a "prefix" sets lists apart"#,
            r#"list.csv:7:15: "quick" is no mode; expected packets, picture, full or run"#,
            "list.csv:8:3: a quoted field goes on over several lines; expected its closing quote on this line",
        ],
    );
    check(
        CSV,
        &list(""),
        &["list.csv:1:1: the file is empty; expected a header line: id,name,group,tags,inputs,mode"],
    );
    check(
        CSV,
        &list("id,url\n"),
        &[
            r#"list.csv:1:1: there is no column "inputs"; expected a header line: id,name,group,tags,inputs,mode"#,
            r#"list.csv:1:4: unknown column "url"; did you mean "inputs"?"#,
        ],
    );
}

#[test]
fn lists_that_are_not_utf8_are_read_as_latin_1() {
    let loaded = good(CSV, &list(b"name,inputs\nT\xe9l\xe9,http://h/1\n".to_vec()));
    assert_eq!(rows(&loaded), [["tele", "Télé", "", "http://h/1"]]);
    assert_eq!(warnings(&loaded), [(2, 2, "the byte 0xe9 is not UTF-8; the file was read as Latin-1")]);
}

#[test]
fn utf16_is_told() {
    let told = "list.csv:1:1: the file is UTF-16; expected a text saved as UTF-8";
    check(CSV, &list(b"\xff\xfei\0d\0".to_vec()), &[told]);
}

#[test]
fn playlist_tables_are_checked() {
    let text = "\
[[playlist]]
path = 'list.m3u'
prefix = '-'
[[playlist]]
path = 'list.csv'
mode = 'run'
[[playlist]]
path = 'c.txt'
[[playlist]]
path = 'http://u:p@h/x.m3u'
[[playlist]]
format = 'xml'
path = 'x'
[[playlist]]
[[playlist]]
path = 'none.m3u8'
";
    check(
        text,
        &list("id,inputs\n"),
        &[
            r#"headend.toml:3:10: "-" can't stand before an id; expected at most 32 of a-z A-Z 0-9 . _ -, like "news-""#,
            r#"headend.toml:6:1: a channel list can't have mode "run"; expected packets, picture or full; mode "run" needs a [[stream]] with "args""#,
            r#"headend.toml:8:8: "c.txt" does not say by its ending what it is; expected .m3u, .m3u8 or .csv, or a "format""#,
            r#"headend.toml:10:8: "http://***@h/x.m3u" is a URL; expected the path of a file: fetch the list first"#,
            r#"headend.toml:12:10: "xml" is no format; expected m3u, m3u8 or csv"#,
            r#"headend.toml:14:1: [[playlist]] has no "path"; expected the path of an M3U or CSV file"#,
            r#"headend.toml:16:8: "none.m3u8": there is no such file; expected a path relative to this file, or a whole one"#,
            r#"list.m3u:1:1: the input "id,inputs" is a file of this machine, which is not allowed; expected a URL, or protocols = ["default", "file"] to allow it for this stream"#,
        ],
    );
}

#[test]
fn ten_thousand_channels_of_one_name_load_and_no_more() {
    let mut text = String::from("#EXTM3U\n");
    for i in 0..MAX_STREAMS {
        writeln!(text, "#EXTINF:-1,Same\nhttp://h/{i}").unwrap();
    }
    let loaded = good(M3U, &list(text.as_str()));
    assert_eq!(loaded.config.streams[9_999].id.as_str(), "Same-10000");
    text.push_str("http://h/more\nhttp://h/even-more\n");
    let mistakes = read(M3U, &list(text)).unwrap_err();
    assert_eq!((mistakes.count(), mistakes.list[0].line), (1, 20_002));
}

#[test]
fn every_bound_of_a_channel_is_kept() {
    for (column, word, most) in [("tags", "w", MAX_TAGS), ("inputs", "http://h/x", MAX_INPUTS)] {
        let channel = |count: usize| {
            let many = vec![word; count].join("|");
            let other = if column == "inputs" { "" } else { ",http://h/x" };
            let header = if column == "inputs" { "inputs" } else { "tags,inputs" };
            format!("{header}\n{many}{other}\n")
        };
        good(CSV, &list(channel(most)));
        let mistakes = read(CSV, &list(channel(most + 1))).unwrap_err();
        let told = (mistakes.count(), mistakes.list[0].line, mistakes.list[0].expected.clone());
        assert_eq!(told, (1, 2, format!("expected at most {most}")));
    }
    let prefix = |length: usize| format!("{CSV}prefix = '{}'", "p".repeat(length));
    good(&prefix(32), &list("inputs\n"));
    assert_eq!(read(&prefix(33), &list("inputs\n")).unwrap_err().count(), 1);
}
