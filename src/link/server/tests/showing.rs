//! Clients that say with their hello what they want to see.

use super::*;

/// Everything that was told of the board up to a revision in which a row restarted so often: the numbers of
/// all rows that were ever in it.
fn told_until(link: &Remote, restarts: u32) -> Vec<u32> {
    let (limit, mut told) = (Instant::now() + LIMIT, Vec::new());
    while Instant::now() < limit {
        for message in link.wait(limit) {
            let rows = match message {
                ServerMessage::Board(board) => board.rows,
                ServerMessage::Delta(delta) => delta.rows,
                _ => continue,
            };
            told.extend(rows.keys().map(|ix| ix.0));
            if rows.values().any(|row| row.restarts == restarts) {
                return told;
            }
        }
    }
    panic!("told of {told:?}, and not of {restarts}");
}

#[test]
fn who_says_so_with_the_hello_is_never_sent_others() {
    let place = Place::new();
    let server = place.serve();
    place.publish((0..50).map(|n| row(n, 1)).collect());
    // The longest query that is one still comes in one piece with the hello.
    let show = format!("id:s7 | name:{}", "ü".repeat(900));
    let connecting = Connecting { show, ..place.connecting(Role::Viewer) };
    let link = Remote::connect(connecting).unwrap();
    assert_eq!(told_until(&link, 1), [7]);
    place.publish((0..50).map(|n| row(n, 2)).collect());
    assert_eq!(told_until(&link, 2), [7]);
    // It is said to the next supervisor too.
    server.stop();
    until_state(&link, |state| matches!(state, LinkState::Lost { .. }));
    let after = Place { hub: Place::new().hub, ..place };
    after.publish((0..50).map(|n| row(n, 3)).collect());
    let _server = after.serve();
    until_state(&link, |state| *state == LinkState::Open);
    assert_eq!(told_until(&link, 3), [7]);
}
