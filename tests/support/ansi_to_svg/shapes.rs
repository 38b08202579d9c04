//! Characters that must meet their neighbours: lines, blocks, braille.

use std::fmt::Write as _;

use super::{HEIGHT, WIDTH};

/// Strokes of light and heavy lines.
const LIGHT: f64 = 1.2;
const HEAVY: f64 = 2.6;

/// A braille dot's radius.
const DOT: f64 = 1.1;

/// Column and row of a braille character's dots. Their numbers go down the left column, then the
/// right one, and the lowest two come last.
const DOTS: [(f64, f64); 8] =
    [(0.0, 0.0), (0.0, 1.0), (0.0, 2.0), (1.0, 0.0), (1.0, 1.0), (1.0, 2.0), (0.0, 3.0), (1.0, 3.0)];

/// From the cell's middle: which ways a line goes, up, right, down, left.
fn ways(c: char) -> Option<([bool; 4], f64)> {
    let (ways, stroke) = match c {
        '─' => ("rl", LIGHT),
        '│' => ("ud", LIGHT),
        '┌' => ("rd", LIGHT),
        '┐' => ("dl", LIGHT),
        '└' => ("ur", LIGHT),
        '┘' => ("ul", LIGHT),
        '├' => ("urd", LIGHT),
        '┤' => ("udl", LIGHT),
        '┬' => ("rdl", LIGHT),
        '┴' => ("url", LIGHT),
        '┼' => ("urdl", LIGHT),
        '╴' => ("l", LIGHT),
        '╵' => ("u", LIGHT),
        '╶' => ("r", LIGHT),
        '╷' => ("d", LIGHT),
        '━' => ("rl", HEAVY),
        '┃' => ("ud", HEAVY),
        '┏' => ("rd", HEAVY),
        '┓' => ("dl", HEAVY),
        '┗' => ("ur", HEAVY),
        '┛' => ("ul", HEAVY),
        _ => return None,
    };
    Some((['u', 'r', 'd', 'l'].map(|way| ways.contains(way)), stroke))
}

/// The shape of `c` in the cell whose top left corner is given; `None`: `c` is written.
pub fn draw(c: char, left: f64, top: f64) -> Option<String> {
    let (middle, centre) = (left + WIDTH / 2.0, top + HEIGHT / 2.0);
    if let Some((ways, stroke)) = ways(c) {
        let ends = [(middle, top), (left + WIDTH, centre), (middle, top + HEIGHT), (left, centre)];
        let mut path = String::new();
        for (_, (x, y)) in ways.iter().zip(ends).filter(|(goes, _)| **goes) {
            let _ = write!(path, "M{middle:.1} {centre:.1}L{x:.1} {y:.1}");
        }
        return Some(format!("<path d=\"{path}\" stroke-width=\"{stroke}\" stroke-linecap=\"square\"/>"));
    }
    rounded(c, left, top).or_else(|| block(c, left, top)).or_else(|| braille(c, left, top))
}

fn rounded(c: char, left: f64, top: f64) -> Option<String> {
    let (middle, centre) = (left + WIDTH / 2.0, top + HEIGHT / 2.0);
    let (y, x) = match c {
        '╭' => (top + HEIGHT, left + WIDTH),
        '╮' => (top + HEIGHT, left),
        '╰' => (top, left + WIDTH),
        '╯' => (top, left),
        _ => return None,
    };
    Some(format!(
        "<path fill=\"none\" d=\"M{middle:.1} {y:.1}Q{middle:.1} {centre:.1} {x:.1} {centre:.1}\" stroke-width=\"{LIGHT}\"/>"
    ))
}

fn block(c: char, left: f64, top: f64) -> Option<String> {
    let code = u32::from(c);
    let eighths = |n: u32| f64::from(n) / 8.0;
    let (x, y, width, height, opacity) = match c {
        '▀' => (0.0, 0.0, 1.0, 0.5, 1.0),
        // From the bottom, by eighths, to the full block.
        '▁'..='█' => {
            let part = eighths(code - 0x2580);
            (0.0, 1.0 - part, 1.0, part, 1.0)
        }
        // From the left, from seven eighths to one.
        '▉'..='▏' => (0.0, 0.0, eighths(0x2590 - code), 1.0, 1.0),
        '▐' => (0.5, 0.0, 0.5, 1.0, 1.0),
        '░' => (0.0, 0.0, 1.0, 1.0, 0.25),
        '▒' => (0.0, 0.0, 1.0, 1.0, 0.5),
        '▓' => (0.0, 0.0, 1.0, 1.0, 0.75),
        _ => return None,
    };
    Some(format!(
        "<rect x=\"{:.2}\" y=\"{:.2}\" width=\"{:.2}\" height=\"{:.2}\" stroke=\"none\" opacity=\"{opacity}\" shape-rendering=\"crispEdges\"/>",
        left + x * WIDTH,
        top + y * HEIGHT,
        width * WIDTH,
        height * HEIGHT,
    ))
}

fn braille(c: char, left: f64, top: f64) -> Option<String> {
    let dots = u32::from(c).checked_sub(0x2800).filter(|dots| *dots < 256)?;
    let mut shape = String::new();
    for (_, (x, y)) in DOTS.iter().enumerate().filter(|(bit, _)| dots & (1 << bit) != 0) {
        let _ = write!(
            shape,
            "<circle stroke=\"none\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"{DOT}\"/>",
            left + (x + 0.5) * WIDTH / 2.0,
            top + (y + 0.5) * HEIGHT / 4.0
        );
    }
    Some(shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_reach_the_cell_s_edges() {
        let corner = draw('┌', 0.0, 0.0).unwrap();
        assert!(
            corner.contains("L8.4 9.0") && corner.contains("L4.2 18.0") && corner.matches('L').count() == 2
        );
        assert_eq!(draw('┼', 0.0, 0.0).unwrap().matches('L').count(), 4);
    }

    #[test]
    fn blocks_fill_their_part() {
        assert!(draw('█', 0.0, 0.0).unwrap().contains("y=\"0.00\" width=\"8.40\" height=\"18.00\""));
        assert!(draw('▁', 0.0, 0.0).unwrap().contains("y=\"15.75\" width=\"8.40\" height=\"2.25\""));
        assert!(draw('▏', 0.0, 0.0).unwrap().contains("width=\"1.05\" height=\"18.00\""));
    }

    #[test]
    fn braille_has_as_many_dots_as_bits() {
        assert_eq!(draw('⣿', 0.0, 0.0).unwrap().matches("<circle").count(), 8);
        assert_eq!(draw('⠁', 0.0, 0.0).unwrap().matches("<circle").count(), 1);
        assert!(draw('a', 0.0, 0.0).is_none());
    }
}
