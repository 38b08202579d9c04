//! What stands in front of everything else.

use std::fmt::Write as _;

use ratatui::layout::{Position, Rect};

use super::pen::Pen;
use crate::console::glyphs::Glyphs;
use crate::console::keymap::Does;
use crate::console::layout::LEAST;
use crate::console::state::bulk::{Bulk, Which};
use crate::console::state::{Question, State};
use crate::console::text::{cells, counted, keep_lines, width, wrap};
use crate::model::{Action, RolloutOrder};

/// The widest a question gets.
const WIDEST: u16 = 64;

/// Says that the screen is too small.
pub fn too_small(area: Rect, pen: &mut Pen) {
    let text =
        format!("terminal too small: {}x{}, needs {}x{}", area.width, area.height, LEAST.width, LEAST.height);
    let lines = wrap(&text, usize::from(area.width.max(2)), pen.glyphs);
    let top = area.y + area.height.saturating_sub(cells(lines.len())) / 2;
    for (line, y) in lines.iter().zip(top..) {
        let x = area.x + area.width.saturating_sub(cells(width(line))) / 2;
        pen.left(x, y, area.width, line, pen.theme.warning);
    }
}

/// What is asked, and what it would do.
fn wording(state: &State, question: &Question) -> (String, String) {
    match question {
        Question::Quit => (
            match state.workers() {
                0 => "Quit? No worker runs now.".into(),
                workers => format!("Quit and stop {}?", counted(workers as usize, "worker")),
            },
            format!(
                "{}What is wanted of each stream is kept for the next start.",
                if state.may_go_on { "d leaves this console and lets the streams run on. " } else { "" }
            ),
        ),
        Question::Suspend => (
            "Put headend to sleep?".into(),
            "Nobody watches or restarts the workers until it is woken with fg.".into(),
        ),
        Question::Rollout(order) => {
            let (title, what) = match order {
                RolloutOrder::Continue => {
                    ("Continue the rollout?", "Its next step starts although the last one is not well.")
                }
                RolloutOrder::Back => {
                    ("Turn the rollout back?", "The streams of its last step are stopped again.")
                }
            };
            let why = state.rollout().map_or_else(String::new, |notice| format!(" Now: {}", notice.text));
            (title.into(), format!("{what}{why}"))
        }
        Question::Many(bulk) => {
            let title = format!("{} {}?", capital(bulk.action.word()), counted(bulk.count, "stream"));
            let mut what = many(bulk, &state.keymap.key_for(Does::Undo));
            if state.host_holds() {
                what.push_str(held(bulk));
            }
            (title, what)
        }
    }
}

/// Who is meant, by name, and whether it can be taken back.
fn many(bulk: &Bulk, undo: &str) -> String {
    let which = match (&bulk.which, bulk.count) {
        (Which::One, _) => "The stream here".into(),
        (Which::All, 1) => "The one stream there is".into(),
        (Which::All, _) => "All streams there are".into(),
        (Which::Shown, 1) => "The one stream shown by the filter".into(),
        (Which::Shown, _) => "All streams shown by the filter".into(),
        (Which::Selected, _) => "Selected".into(),
        (Which::Group(name), _) if name.trim().is_empty() => "Without a group".into(),
        (Which::Group(name), _) => format!("The group {name}"),
    };
    let mut text = format!("{which}: {}.", named(&bulk.named, bulk.count));
    if bulk.hidden > 0 && bulk.which == Which::Selected {
        let _ = match bulk.hidden {
            hidden if hidden == bulk.count => write!(text, " The filter hides all of them."),
            hidden => {
                write!(text, " The filter hides {hidden} of them: {}.", named(&bulk.hidden_named, hidden))
            }
        };
    }
    if bulk.left_out > 0 {
        let stays = if bulk.left_out == 1 { "stays" } else { "stay" };
        let _ = write!(text, " {} {stays} stopped.", counted(bulk.left_out, "other"));
    }
    let _ = match bulk.action {
        Action::Restart => write!(text, " This can't be undone."),
        _ => write!(text, " For ten seconds {undo} undoes it."),
    };
    text
}

/// What comes of it while the machine is too busy, or too full, to start anything.
const fn held(bulk: &Bulk) -> &'static str {
    match bulk.action {
        Action::Restart if bulk.count > 1 => {
            " The host is overloaded: what ends now is held, and does not come back until the host recovers. For many streams at once this is refused until then."
        }
        Action::Restart => {
            " The host is overloaded: it ends now, is held, and does not come back until the host recovers."
        }
        Action::Start => " The host is overloaded: they are held until it recovers.",
        Action::Stop => " The host is overloaded: undone or not, they do not run again until it recovers.",
        Action::Look => "",
    }
}

/// `ch-003 Alpenblick TV, ch-004 Kino and 4 more`.
fn named(names: &[String], count: usize) -> String {
    let more = count.saturating_sub(names.len());
    match names {
        _ if more > 0 => format!("{} and {more} more", names.join(", ")),
        [most @ .., last] if !most.is_empty() => format!("{} and {last}", most.join(", ")),
        names => names.join(", "),
    }
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

/// A question with its place.
struct Placed {
    frame: Rect,
    title: String,
    lines: Vec<String>,
}

impl Placed {
    fn new(state: &State, question: &Question, area: Rect, glyphs: &Glyphs) -> Self {
        let (title, what) = wording(state, question);
        let room = WIDEST.min(area.width - 8);
        let mut lines = wrap(&what, room.into(), glyphs);
        keep_lines(&mut lines, usize::from(area.height.saturating_sub(5)));
        let inner =
            lines.iter().chain([&title]).map(|l| width(l)).max().unwrap_or(0).max(24).min(room.into());
        let (wide, high) = (cells(inner) + 6, cells(lines.len()) + 5);
        let x = area.x + area.width.saturating_sub(wide) / 2;
        let y = area.y + area.height.saturating_sub(high) / 2;
        let frame = Rect { x, y, width: wide.min(area.width), height: high.min(area.height) };
        Self { frame, title, lines }
    }

    /// Where the two answers stand: each a key, a blank and a word.
    const fn answers(&self) -> [(Rect, bool); 2] {
        let (x, y) = (self.frame.x + 3, self.frame.y + self.frame.height.saturating_sub(2));
        [(Rect::new(x, y, 5, 1), true), (Rect::new(x + 10, y, 4, 1), false)]
    }
}

/// Which answer to the question stands at a place, in the frame or in the footer.
pub fn answer_at(state: &State, question: &Question, at: Position) -> Option<bool> {
    let area = Rect::from((Position::ORIGIN, state.size));
    let placed = Placed::new(state, question, area, &state.looks.look.glyphs);
    let y = state.areas().footer.y;
    let footer = [(Rect::new(1, y, 5, 1), true), (Rect::new(8, y, 4, 1), false)];
    let mut answers = placed.answers().into_iter().chain(footer);
    answers.find(|(place, _)| place.contains(at)).map(|(_, yes)| yes)
}

/// Asks.
pub fn question(state: &State, question: &Question, area: Rect, pen: &mut Pen) {
    let placed = Placed::new(state, question, area, pen.glyphs);
    let Placed { frame, title, lines } = &placed;
    pen.wipe(*frame);
    border(*frame, pen);
    let (x, inner) = (frame.x + 3, frame.width.saturating_sub(6));
    pen.left(x, frame.y + 1, inner, title, pen.theme.title);
    for (line, y) in lines.iter().zip(frame.y + 2..) {
        pen.left(x, y, inner, line, pen.theme.dim);
    }
    let (accent, dim) = (pen.theme.accent, pen.theme.dim);
    for ((place, _), (key, word)) in placed.answers().into_iter().zip([("y", " yes"), ("n", " no")]) {
        pen.pieces(
            place.x,
            place.y,
            place.width,
            &[(key, accent), (word, dim)].map(|(t, s)| (t.to_owned(), s)),
        );
    }
}

/// A frame along the edge of `area`.
pub fn border(area: Rect, pen: &mut Pen) {
    let signs = if pen.glyphs.ascii {
        ["+", "+", "+", "+", "-", "|"]
    } else {
        ["╭", "╮", "╰", "╯", "─", "│"]
    };
    let [top_left, top_right, bottom_left, bottom_right, across, down] = signs;
    let style = pen.theme.heading;
    let middle = across.repeat(usize::from(area.width.saturating_sub(2)));
    pen.left(area.x, area.y, area.width, &format!("{top_left}{middle}{top_right}"), style);
    let bottom = area.bottom() - 1;
    pen.left(area.x, bottom, area.width, &format!("{bottom_left}{middle}{bottom_right}"), style);
    for y in area.y + 1..bottom {
        pen.left(area.x, y, 1, down, style);
        pen.left(area.right() - 1, y, 1, down, style);
    }
}
