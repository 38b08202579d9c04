//! A table in lines of text: as wide as it is, or fit for a terminal.

use crate::console::glyphs::Glyphs;
use crate::console::text::{fit, shown, width};

/// Between two columns.
const GAP: usize = 2;
/// The last column has so many cells at least before others leave.
const LEAST_LAST: usize = 24;

/// One column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its heading.
    pub title: &'static str,
    /// Numbers stand at the right.
    pub right: bool,
    /// Those with a higher number leave first where there is no room; 0 stays.
    pub leaves: u8,
}

/// One cell, and the colour it has on a terminal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell {
    pub text: String,
    pub colour: Option<&'static str>,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, colour: None }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// How it is printed.
#[derive(Debug, Clone, Copy)]
pub struct Fit {
    /// So many cells; `None`: as wide as it is, and nothing is cut.
    pub columns: Option<usize>,
    /// With colours.
    pub coloured: bool,
    /// Which signs there are.
    pub glyphs: Glyphs,
}

/// The lines, headings first. The last column takes what is left of the room.
pub fn lines(columns: &[Column], rows: &[Vec<Cell>], fits: &Fit) -> Vec<String> {
    let natural = |n: usize| {
        let cells =
            rows.iter().filter_map(|row| row.get(n)).map(|cell| width(&shown(&cell.text, &fits.glyphs)));
        cells.chain([width(columns[n].title)]).max().unwrap_or(0)
    };
    let mut widths: Vec<usize> = (0..columns.len()).map(natural).collect();
    let mut kept: Vec<usize> = (0..columns.len()).collect();
    if let Some(room) = fits.columns {
        let last = columns.len().saturating_sub(1);
        let wanted = |kept: &[usize], widths: &[usize]| {
            let others: usize = kept.iter().filter(|n| **n != last).map(|n| widths[*n] + GAP).sum();
            others + widths[last].min(LEAST_LAST)
        };
        while wanted(&kept, &widths) > room {
            let Some(next) =
                kept.iter().copied().filter(|n| columns[*n].leaves > 0).max_by_key(|n| columns[*n].leaves)
            else {
                break;
            };
            kept.retain(|n| *n != next);
        }
        let taken: usize = kept.iter().filter(|n| **n != last).map(|n| widths[*n] + GAP).sum();
        widths[last] = widths[last].min(room.saturating_sub(taken));
    }
    let titles: Vec<Cell> = columns.iter().map(|column| column.title.into()).collect();
    let line = |row: &Vec<Cell>| {
        let mut out = String::new();
        for n in &kept {
            let (column, cell, room) = (&columns[*n], &row[*n], widths[*n]);
            let text = if fits.columns.is_some() {
                fit(&cell.text, room, &fits.glyphs)
            } else {
                shown(&cell.text, &fits.glyphs)
            };
            let pad = " ".repeat(room.saturating_sub(width(&text)));
            let text = match cell.colour.filter(|_| fits.coloured) {
                Some(colour) => format!("\x1b[{colour}m{text}\x1b[0m"),
                None => text.into_owned(),
            };
            let gap = if Some(n) == kept.last() { "" } else { "  " };
            out.extend(if column.right { [&pad, &*text, gap] } else { [&*text, &pad, gap] });
        }
        out.truncate(out.trim_end().len());
        out
    };
    std::iter::once(&titles).chain(rows).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::glyphs::UNICODE;

    const COLUMNS: [Column; 4] = [
        Column { title: "ID", right: false, leaves: 0 },
        Column { title: "GROUP", right: false, leaves: 2 },
        Column { title: "FPS", right: true, leaves: 1 },
        Column { title: "WHAT", right: false, leaves: 0 },
    ];

    fn rows() -> Vec<Vec<Cell>> {
        let red = |text: &str| Cell { text: text.into(), colour: Some("31") };
        vec![
            vec!["a".into(), "sport".into(), "25.0".into(), red("black 2m")],
            vec!["küste".into(), "".into(), "5.0".into(), "connection refused, next try in 12 s".into()],
        ]
    }

    fn drawn(columns: Option<usize>, coloured: bool) -> Vec<String> {
        lines(&COLUMNS, &rows(), &Fit { columns, coloured, glyphs: UNICODE })
    }

    #[test]
    fn into_a_pipe_nothing_is_cut_and_nothing_has_a_colour() {
        assert_eq!(
            drawn(None, false),
            [
                "ID     GROUP   FPS  WHAT",
                "a      sport  25.0  black 2m",
                "küste          5.0  connection refused, next try in 12 s",
            ]
        );
    }

    #[test]
    fn on_a_terminal_columns_leave_and_the_last_one_is_cut() {
        let narrow = drawn(Some(40), false);
        assert_eq!(
            narrow,
            ["ID      FPS  WHAT", "a      25.0  black 2m", "küste   5.0  connection refused, next t…"]
        );
        assert!(narrow.iter().all(|line| width(line) <= 40));
        assert_eq!(drawn(Some(10), false)[2], "küste  co…");
        assert_eq!(drawn(Some(80), true)[1], "a      sport  25.0  \x1b[31mblack 2m\x1b[0m");
    }

    #[test]
    fn control_characters_of_strangers_stay_text() {
        let rows = vec![vec!["a\x1b[2J".into(), "".into(), "".into(), "x\ny".into()]];
        let drawn = lines(&COLUMNS, &rows, &Fit { columns: None, coloured: true, glyphs: UNICODE });
        assert_eq!(drawn.len(), 2);
        assert!(!drawn[1].contains(['\x1b', '\n']), "{drawn:?}");
    }
}
