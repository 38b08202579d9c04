//! Every screen, as text.

use super::support::*;

#[test]
fn grid() {
    println!("{}", screen(&state(80, 24, troubled_board(200))));
    println!("{}", screen(&state(200, 60, troubled_board(200))));
}
