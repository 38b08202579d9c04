//! Colours: as they are written, and as a terminal with few of them has them.

use ratatui::style::Color;

use crate::console::mistake::{meant, quote};

/// The 16 colours that every terminal with colours has, and its own.
const NAMED: [(&str, Color); 17] = [
    ("default", Color::Reset),
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("gray", Color::Gray),
    ("dark-gray", Color::DarkGray),
    ("light-red", Color::LightRed),
    ("light-green", Color::LightGreen),
    ("light-yellow", Color::LightYellow),
    ("light-blue", Color::LightBlue),
    ("light-magenta", Color::LightMagenta),
    ("light-cyan", Color::LightCyan),
    ("white", Color::White),
];

/// Red, green, blue.
pub type Rgb = (u8, u8, u8);

/// Reads `#rrggbb`.
pub fn rgb(text: &str) -> Result<Rgb, String> {
    let mistake = || format!("{} is no colour: write \"#rrggbb\"", quote(text));
    let digits = text.strip_prefix('#').filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_hexdigit()));
    let digits = digits.ok_or_else(mistake)?;
    let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| mistake());
    Ok((part(0)?, part(2)?, part(4)?))
}

/// Reads the name of one of the 16.
pub fn named(text: &str) -> Result<Color, String> {
    let found = NAMED.iter().find(|(name, _)| *name == text);
    found.map(|(_, colour)| *colour).ok_or_else(|| {
        let near = meant(text, NAMED.iter().map(|(name, _)| *name));
        let also = if near.is_empty() { ": see the list in themes/dark.toml" } else { &near };
        format!("{} is none of the 16 colours{also}", quote(text))
    })
}

/// The nearest of xterm's 6x6x6 cube and its 24 grays.
pub fn nearest((r, g, b): Rgb) -> u8 {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let off = |x: u8, y: u8| u32::from(x.abs_diff(y)).pow(2);
    let distance = |(x, y, z): (u8, u8, u8)| off(r, x) + off(g, y) + off(b, z);
    let cube = (0..216u8).map(|i| {
        let step = |i: u8| STEPS[usize::from(i % 6)];
        (16 + i, (step(i / 36), step(i / 6), step(i)))
    });
    let grays = (0..24u8).map(|i| (232 + i, (8 + 10 * i, 8 + 10 * i, 8 + 10 * i)));
    cube.chain(grays).min_by_key(|(_, colour)| distance(*colour)).map_or(7, |(index, _)| index)
}
