//! A dark terminal's colours.

/// What is written in when no colour is asked for.
pub const INK: &str = "#d5dae3";
/// What is behind when no colour is asked for.
pub const PAPER: &str = "#11151c";

const SIXTEEN: [&str; 16] = [
    "#1b212c", "#e05f65", "#78c47f", "#e3b74f", "#6aa2f2", "#b98be0", "#58bfc2", "#c3cad6", "#5b6577",
    "#f28086", "#98dca0", "#f4d27a", "#8fbcff", "#d0a8f2", "#80dcdf", "#f4f6fa",
];

/// The colour as `#rrggbb`.
pub fn hex(colour: vt100::Color, default: &str) -> String {
    match colour {
        vt100::Color::Default => default.to_owned(),
        vt100::Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        vt100::Color::Idx(index) => indexed(index),
    }
}

fn indexed(index: u8) -> String {
    match index {
        0..=15 => SIXTEEN[usize::from(index)].to_owned(),
        // A cube of six steps: 0, then 95 to 255 by 40.
        16..=231 => {
            let step = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            let n = index - 16;
            format!("#{:02x}{:02x}{:02x}", step(n / 36), step(n / 6 % 6), step(n % 6))
        }
        232..=255 => {
            let grey = 8 + 10 * (index - 232);
            format!("#{grey:02x}{grey:02x}{grey:02x}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cube_and_the_greys_are_xterm_s() {
        for (index, shown) in
            [(16, "#000000"), (208, "#ff8700"), (231, "#ffffff"), (232, "#080808"), (255, "#eeeeee")]
        {
            assert_eq!(indexed(index), shown);
        }
    }
}
