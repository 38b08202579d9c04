//! A page for terminals.

use std::fmt::Write as _;

use super::page::{Page, Part, Row};

/// The longest text part, bytes. What a page holds is bounded; this is where it would be too much for
/// a mail.
pub const MAX_TEXT: usize = 64 * 1024;
/// What is kept free for the end.
const RESERVE: usize = 8 * 1024;
/// Where facts begin.
const COLUMN: usize = 10;

/// The page as plain text, lines ended by a line feed.
pub fn lay_out(page: &Page) -> String {
    let mut out = Bounded { out: format!("{}: {}\n", page.standing, page.heading), dropped: 0 };
    for sentence in &page.lead {
        out.push(&format!("\n{sentence}\n"));
    }
    for part in &page.parts {
        match part {
            Part::Facts(facts) => put_facts(&mut out, facts),
            Part::List { title, rows, more } => {
                out.push(&heading(title));
                for row in rows {
                    out.push(&put_row(row));
                }
                if !more.is_empty() {
                    out.push(&format!("  {more}\n"));
                }
            }
            Part::Lines { title, lines } => {
                out.push(&heading(title));
                for line in lines {
                    out.push(&format!("  {line}\n"));
                }
            }
            // What can be done is never dropped.
            Part::Commands(commands) => {
                out.close();
                out.out.push_str("\nTo do\n");
                for (command, what) in commands {
                    let _ = writeln!(out.out, "  {command}\n      {what}");
                }
            }
        }
    }
    out.close();
    // The separator of a signature: mail programs fold it away.
    out.out.push_str("\n-- \n");
    for line in &page.foot {
        let _ = writeln!(out.out, "{line}");
    }
    out.out
}

/// A text that stops growing, and counts what it did not take.
struct Bounded {
    out: String,
    dropped: usize,
}

impl Bounded {
    fn push(&mut self, piece: &str) {
        if self.dropped > 0 || self.out.len() + piece.len() > MAX_TEXT - RESERVE {
            self.dropped += 1;
        } else {
            self.out.push_str(piece);
        }
    }

    fn close(&mut self) {
        if self.dropped > 0 {
            self.out.push_str("\nThere is more than a mail should hold; the rest is left out.\n");
            self.dropped = 0;
        }
    }
}

fn heading(title: &str) -> String {
    format!("\n{title}\n")
}

fn put_facts(out: &mut Bounded, facts: &[(String, String)]) {
    out.push("\n");
    for (name, what) in facts {
        out.push(&format!("{name:COLUMN$} {what}\n"));
    }
}

fn put_row(row: &Row) -> String {
    let Row { name, what, when, under } = row;
    let mut line = format!("  {name}");
    if !what.is_empty() && what != name {
        let _ = write!(line, "  {what}");
    }
    if !when.is_empty() {
        let _ = write!(line, "  ({when})");
    }
    if !under.is_empty() {
        let _ = write!(line, "\n      {under}");
    }
    line.push('\n');
    line
}
