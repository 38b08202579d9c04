//! `[console]`, with the rest of a configuration and alone.

use super::{check, good};
use crate::config::{ConsoleSettings, Environment, Memory, Notify, OnHangup, console_of};

const ALL: &str = "[console]\ntheme = 'mine/night.toml'\nkeys = '~/keys.toml'\nascii = true\nmouse = false\n\
                   bell = true\nnotify = 'osc9'\ntmux_alert = true\non_hangup = 'stop'\n";

#[test]
fn every_value_reaches_its_place() {
    let console = good(ALL, &Memory::new()).config.console;
    assert_eq!(
        console,
        ConsoleSettings {
            theme: Some("/etc/headend/mine/night.toml".into()),
            theme_at: Some((2, 9)),
            keys: Some("/etc/headend/~/keys.toml".into()),
            ascii: true,
            mouse: false,
            bell: true,
            notify: Notify::Osc9,
            tmux_alert: true,
            on_hangup: OnHangup::Stop,
            views: Vec::new(),
        }
    );
    let named = good("[console]\ntheme = 'nord'\nnotify = 'osc777'\n", &Memory::new()).config.console;
    assert_eq!((named.theme.as_deref(), named.notify), (Some("nord"), Notify::Osc777));
    assert_eq!(good("", &Memory::new()).config.console, ConsoleSettings::default());
}

#[test]
fn mistakes_have_their_places() {
    check(
        "[console]\nthem = 'dark'\nkeys = ''\nmouse = 'on'\nnotify = 'osc99'\n",
        &Memory::new(),
        &[
            r#"headend.toml:2:1: unknown key "them" in [console]; did you mean "theme"?"#,
            r#"headend.toml:3:8: "" is no path; expected the path of a file or folder"#,
            r#"headend.toml:4:9: "mouse" is the text "on"; expected true or false, without quotes"#,
            r#"headend.toml:5:10: "osc99" is no kind of notification; expected off, osc9 or osc777; did you mean "osc9"?"#,
        ],
    );
}

#[test]
fn alone_it_is_read_whatever_else_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("headend.toml");
    let env = Environment { home: Some("/home/op".into()), ..Environment::default() };
    std::fs::write(&path, format!("[pool]\nslotz = 3\n{ALL}[[stream]]\nid = '!'\n")).unwrap();
    let console = console_of(&path, &env).unwrap();
    assert_eq!(console.keys, Some("/home/op/keys.toml".into()));
    assert_eq!(console.theme, Some(dir.path().join("mine/night.toml").to_string_lossy().into_owned()));
    for (text, told) in [
        ("[console]\nbell = 1\n", "\"bell\" is the number 1"),
        ("[console\nbell = true\n", "headend.toml:1:"),
        ("[console]\nsound = true\n", "unknown key \"sound\" in [console]"),
    ] {
        std::fs::write(&path, text).unwrap();
        let mistakes = console_of(&path, &env).unwrap_err();
        assert!(mistakes.list[0].to_string().contains(told), "{mistakes}");
    }
    assert!(console_of(&dir.path().join("none.toml"), &env).is_err());
}
