//! Draws a terminal's picture as SVG: `ansi_to_svg COLUMNS ROWS TITLE <capture >picture.svg`.
//!
//! Reads what `tmux capture-pane -p -e -N` prints: rows with SGR sequences (16, 256 and all
//! colours). Lines, blocks and braille are drawn, not written, so that they join as in a terminal,
//! whatever font the reader has; other text stands on the grid, word by word.

mod colours;
mod shapes;

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::ExitCode;

/// A cell, in SVG units. The width is what common monospace fonts have at this size.
const WIDTH: f64 = 8.4;
const HEIGHT: f64 = 18.0;
const FONT_SIZE: f64 = 14.0;
/// From a row's top to the line the letters stand on.
const BASELINE: f64 = 13.5;
/// Around the cells.
const MARGIN: f64 = 12.0;

/// No picture is larger, in cells.
const MAX_CELLS: usize = 100_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [columns, rows, title] = arguments.as_slice() else {
        return fail("usage: ansi_to_svg COLUMNS ROWS TITLE <capture >picture.svg");
    };
    let (Ok(columns), Ok(rows)) = (columns.parse::<NonZeroU16>(), rows.parse::<NonZeroU16>()) else {
        return fail("COLUMNS and ROWS are numbers from 1");
    };
    if usize::from(columns.get()) * usize::from(rows.get()) > MAX_CELLS {
        return fail("that is too large a terminal");
    }
    let mut capture = Vec::new();
    if let Err(error) = std::io::stdin().read_to_end(&mut capture) {
        return fail(&format!("reading the capture: {error}"));
    }
    let picture = draw(&screen(&capture, columns, rows), title);
    match std::io::stdout().write_all(picture.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("writing the picture: {error}")),
    }
}

fn fail(message: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{message}");
    ExitCode::FAILURE
}

/// The capture as a terminal shows it.
fn screen(capture: &[u8], columns: NonZeroU16, rows: NonZeroU16) -> vt100::Screen {
    let mut parser = vt100::Parser::new(rows, columns, 0);
    let lines = capture.strip_suffix(b"\n").unwrap_or(capture).split(|&byte| byte == b'\n');
    for (row, line) in lines.take(rows.get().into()).enumerate() {
        // Each row at its place: a full one would otherwise wrap and push the next down.
        parser.process(format!("\x1b[{};1H", row + 1).as_bytes());
        parser.process(line);
    }
    parser.screen().clone()
}

/// How a cell looks.
#[derive(Clone, PartialEq)]
struct Look {
    ink: String,
    paper: String,
    /// SVG's attributes for bold and the like.
    style: String,
}

impl Look {
    fn of(cell: &vt100::Cell) -> Self {
        let (mut ink, mut paper) =
            (colours::hex(cell.fgcolor(), colours::INK), colours::hex(cell.bgcolor(), colours::PAPER));
        if cell.inverse() {
            std::mem::swap(&mut ink, &mut paper);
        }
        let style = [
            (cell.bold(), " font-weight=\"bold\""),
            (cell.dim(), " opacity=\"0.6\""),
            (cell.italic(), " font-style=\"italic\""),
            (cell.underline(), " text-decoration=\"underline\""),
        ];
        let style = style.iter().filter(|(is, _)| *is).map(|(_, attribute)| *attribute).collect();
        Self { ink, paper, style }
    }

    /// The attributes of text and shapes in this look.
    fn attributes(&self) -> String {
        format!("fill=\"{}\"{}", self.ink, self.style)
    }
}

/// Neighbours in one look: text on the grid, or shapes.
enum Run {
    Text { at: f64, cells: u16, text: String, look: Look },
    Shapes { shapes: String, look: Look },
}

fn draw(screen: &vt100::Screen, title: &str) -> String {
    let (rows, columns) = screen.size();
    let width = f64::from(columns.get()) * WIDTH + 2.0 * MARGIN;
    let height = f64::from(rows.get()) * HEIGHT + 2.0 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.1} {height:.1}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\">\n<title>{}</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{}\"/>\n\
         <g font-family=\"'DejaVu Sans Mono',Menlo,Consolas,'Liberation Mono',monospace\" font-size=\"{FONT_SIZE}\" \
         xml:space=\"preserve\" transform=\"translate({MARGIN} {MARGIN})\">\n",
        escaped(title),
        colours::PAPER,
    );
    for row in 0..rows.get() {
        draw_papers(&mut svg, screen, row, columns.get());
    }
    for row in 0..rows.get() {
        draw_row(&mut svg, screen, row, columns.get());
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

/// The backgrounds of a row, neighbours of one colour in one piece.
fn draw_papers(svg: &mut String, screen: &vt100::Screen, row: u16, columns: u16) {
    let paper = |column| screen.cell(row, column).map(|cell| Look::of(cell).paper);
    let mut from = 0;
    while from < columns {
        let colour = paper(from);
        let end = (from..columns).find(|&column| paper(column) != colour).unwrap_or(columns);
        if let Some(colour) = colour.filter(|c| c != colours::PAPER) {
            let _ = writeln!(
                svg,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{HEIGHT}\" fill=\"{colour}\" shape-rendering=\"crispEdges\"/>",
                f64::from(from) * WIDTH,
                f64::from(row) * HEIGHT,
                f64::from(end - from) * WIDTH,
            );
        }
        from = end;
    }
}

fn draw_row(svg: &mut String, screen: &vt100::Screen, row: u16, columns: u16) {
    let top = f64::from(row) * HEIGHT;
    let mut run: Option<Run> = None;
    for column in 0..columns {
        let Some(cell) = screen.cell(row, column).filter(|cell| !cell.is_wide_continuation()) else {
            continue;
        };
        let look = Look::of(cell);
        let text = cell.contents();
        let at = f64::from(column) * WIDTH;
        if let Some(shape) = text.chars().next().and_then(|c| shapes::draw(c, at, top)) {
            match &mut run {
                Some(Run::Shapes { shapes, look: same }) if *same == look => shapes.push_str(&shape),
                _ => {
                    finish(svg, run.take(), top);
                    run = Some(Run::Shapes { shapes: shape, look });
                }
            }
            continue;
        }
        // A blank ends a run: what follows stands on the grid again, whatever the font's width.
        if text.trim().is_empty() && !cell.underline() {
            finish(svg, run.take(), top);
            continue;
        }
        let width = if cell.is_wide() { 2 } else { 1 };
        match &mut run {
            // A character that the font may not have comes from another one: it stands alone.
            Some(Run::Text { cells, text: before, look: same, .. })
                if *same == look && text.is_ascii() && before.is_ascii() =>
            {
                before.push_str(if text.is_empty() { " " } else { text });
                *cells += width;
            }
            _ => {
                finish(svg, run.take(), top);
                let text = if text.is_empty() { " " } else { text }.to_owned();
                run = Some(Run::Text { at, cells: width, text, look });
            }
        }
    }
    finish(svg, run, top);
}

fn finish(svg: &mut String, run: Option<Run>, top: f64) {
    let _ = match run {
        None => Ok(()),
        Some(Run::Shapes { shapes, look }) => {
            writeln!(svg, "<g {} stroke=\"{}\">{shapes}</g>", look.attributes(), look.ink)
        }
        Some(Run::Text { at, cells, text, look }) => writeln!(
            svg,
            "<text x=\"{at:.1}\" y=\"{:.1}\" textLength=\"{:.1}\" lengthAdjust=\"spacingAndGlyphs\" {}>{}</text>",
            top + BASELINE,
            f64::from(cells) * WIDTH,
            look.attributes(),
            escaped(&text),
        ),
    };
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(capture: &str, columns: u16, rows: u16) -> String {
        let size = |n| NonZeroU16::new(n).unwrap();
        draw(&screen(capture.as_bytes(), size(columns), size(rows)), "a <title>")
    }

    #[test]
    fn words_stand_at_their_cells() {
        let svg = picture("ab  c<\n", 10, 2);
        assert!(svg.contains("x=\"0.0\" y=\"13.5\" textLength=\"16.8\""), "{svg}");
        assert!(
            svg.contains(">ab</text>") && svg.contains("x=\"33.6\"") && svg.contains(">c&lt;</text>"),
            "{svg}"
        );
        assert!(svg.contains("<title>a &lt;title&gt;</title>"));
    }

    #[test]
    fn colours_of_all_three_kinds_are_kept() {
        let svg = picture("\x1b[31ma\x1b[38;5;208mb\x1b[38;2;1;2;3mc\x1b[48;5;16md", 10, 1);
        for colour in [colours::hex(vt100::Color::Idx(1), ""), "#ff8700".to_owned(), "#010203".to_owned()] {
            assert!(svg.contains(&format!("fill=\"{colour}\"")), "{colour} in {svg}");
        }
        assert!(svg.contains("fill=\"#000000\" shape-rendering"), "{svg}");
    }

    #[test]
    fn attributes_are_kept() {
        let svg = picture("\x1b[1ma\x1b[0;2mb\x1b[0;3mc\x1b[0;4md\x1b[0;7me", 10, 1);
        for attribute in ["bold", "opacity", "italic", "underline"] {
            assert_eq!(svg.matches(attribute).count(), 1, "{attribute} in {svg}");
        }
        assert!(svg.contains(&format!("fill=\"{}\" shape-rendering", colours::INK)), "{svg}");
        assert!(svg.contains(&format!("fill=\"{}\">e<", colours::PAPER)), "{svg}");
    }

    #[test]
    fn full_rows_do_not_push_the_next_ones_down() {
        let svg = picture("abcd\nefgh\nijkl\n", 4, 3);
        assert!(svg.contains(&format!("y=\"{:.1}\"", 2.0 * HEIGHT + BASELINE)), "{svg}");
        assert!(svg.contains(">abcd<") && svg.contains(">ijkl<"), "{svg}");
    }

    #[test]
    fn lines_and_blocks_are_drawn_and_wide_characters_take_two_cells() {
        let svg = picture("┌─┐█⣿漢x", 12, 1);
        assert_eq!((svg.matches("<path").count(), svg.matches("<circle").count()), (3, 8), "{svg}");
        assert_eq!(svg.matches("<g fill").count(), 1, "neighbours in one piece: {svg}");
        assert!(
            svg.contains("textLength=\"16.8\" lengthAdjust=\"spacingAndGlyphs\" fill=\"#d5dae3\">漢<"),
            "{svg}"
        );
        assert!(svg.contains(&format!("x=\"{:.1}\"", 7.0 * WIDTH)), "{svg}");
    }
}
