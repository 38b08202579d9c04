//! Digits to be read from across a room, drawn from blocks or, where there are none, from strokes.

use ratatui::style::Style;

use crate::console::layout::wall::Scale;
use crate::console::view::pen::Pen;

/// The shapes of `0` to `9`: five lines of three pixels, from the left.
const SHAPES: [[u8; 5]; 10] = [
    [0b111, 0b101, 0b101, 0b101, 0b111],
    [0b010, 0b110, 0b010, 0b010, 0b111],
    [0b111, 0b001, 0b111, 0b100, 0b111],
    [0b111, 0b001, 0b111, 0b001, 0b111],
    [0b101, 0b101, 0b111, 0b001, 0b001],
    [0b111, 0b100, 0b111, 0b001, 0b111],
    [0b111, 0b100, 0b111, 0b101, 0b111],
    [0b111, 0b001, 0b001, 0b010, 0b010],
    [0b111, 0b101, 0b111, 0b101, 0b111],
    [0b111, 0b101, 0b111, 0b001, 0b111],
];

/// The same for three lines of strokes.
const STROKES: [[&str; 3]; 10] = [
    [" _ ", "| |", "|_|"],
    ["   ", "  |", "  |"],
    [" _ ", " _|", "|_ "],
    [" _ ", " _|", " _|"],
    ["   ", "|_|", "  |"],
    [" _ ", "|_ ", " _|"],
    [" _ ", "|_ ", "|_|"],
    [" _ ", "  |", "  |"],
    [" _ ", "|_|", "|_|"],
    [" _ ", "|_|", " _|"],
];

/// The lines of a digit.
fn lines(digit: usize, scale: Scale, ascii: bool) -> Vec<String> {
    let shape = SHAPES[digit % SHAPES.len()];
    let pixel = |line: u8, column: u8| line >> (2 - column) & 1 == 1;
    match (scale, ascii) {
        (Scale::Line, _) => vec![(digit % 10).to_string()],
        (Scale::Small, true) => STROKES[digit % STROKES.len()].map(str::to_owned).to_vec(),
        (Scale::Small, false) => [(0, 1), (2, 3), (4, 5)]
            .map(|(upper, lower)| {
                let below = shape.get(lower).copied().unwrap_or(0);
                let cell = |column| match (pixel(shape[upper], column), pixel(below, column)) {
                    (true, true) => "█",
                    (true, false) => "▀",
                    (false, true) => "▄",
                    (false, false) => " ",
                };
                [0, 1, 2].map(cell).concat()
            })
            .to_vec(),
        (Scale::Large, _) => {
            let (set, free) = if ascii { ("##", "  ") } else { ("██", "  ") };
            shape
                .map(|line| [0, 1, 2].map(|column| if pixel(line, column) { set } else { free }).concat())
                .to_vec()
        }
    }
}

/// Draws digits, and colons between them, with their upper left corner at `x` and `y`.
pub fn draw(text: &str, scale: Scale, (x, y): (u16, u16), style: Style, pen: &mut Pen) {
    let (wide, step) = scale.digit();
    let mut x = x;
    for c in text.chars() {
        let Some(digit) = c.to_digit(10) else {
            colon(scale, (x, y), style, pen);
            x += step / 2;
            continue;
        };
        for (line, y) in lines(digit as usize, scale, pen.glyphs.ascii).iter().zip(y..) {
            pen.left(x, y, wide, line, style);
        }
        x += step;
    }
}

fn colon(scale: Scale, (x, y): (u16, u16), style: Style, pen: &mut Pen) {
    let (sign, lines): (&str, &[u16]) = match (scale, pen.glyphs.ascii) {
        (Scale::Large, false) => ("██", &[1, 3]),
        (Scale::Large, true) => ("##", &[1, 3]),
        (_, false) => ("▀", &[0, 1]),
        (_, true) => (".", &[1, 2]),
    };
    for line in lines {
        pen.left(x, y + line, 2, sign, style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_digit_has_its_size_and_no_other_looks_the_same() {
        for ascii in [false, true] {
            for scale in [Scale::Line, Scale::Small, Scale::Large] {
                let mut seen: Vec<Vec<String>> = Vec::new();
                for digit in 0..10 {
                    let lines = lines(digit, scale, ascii);
                    assert_eq!(lines.len(), usize::from(scale.height()));
                    assert!(lines.iter().all(|l| l.chars().count() == usize::from(scale.digit().0)));
                    assert!(!ascii || lines.concat().is_ascii());
                    assert!(!seen.contains(&lines), "{digit} at {scale:?}");
                    seen.push(lines);
                }
            }
        }
    }
}
