//! `[socket]`.

use super::{check, good};
use crate::config::{Memory, SocketSettings};

#[test]
fn every_value_reaches_its_place() {
    let text = "[socket]\nmode = '0660'\noperators = ['op', '@staff']\nviewers = ['@noc']\n";
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(
        good(text, &Memory::new()).config.socket,
        SocketSettings { mode: 0o660, operators: names(&["op", "@staff"]), viewers: names(&["@noc"]) }
    );
    assert_eq!(good("", &Memory::new()).config.socket, SocketSettings::default());
    assert_eq!(SocketSettings::default().mode, 0o600);
}

#[test]
fn mistakes_have_their_places() {
    check(
        "[socket]\nmode = '0400'\noperators = ['@', 'a b']\nviewer = []\n",
        &Memory::new(),
        &[
            r#"headend.toml:2:8: "0400" is no mode of a socket; expected 0600 (headend's own user), 0660 (its group too) or 0666 (everybody)"#,
            r#"headend.toml:3:14: "@" is no name; expected the name of a user, or of a group with @ before it"#,
            r#"headend.toml:3:19: "a b" is no name; expected the name of a user, or of a group with @ before it"#,
            r#"headend.toml:4:1: unknown key "viewer" in [socket]; did you mean "viewers"?"#,
        ],
    );
}
