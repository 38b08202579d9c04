//! How far leaving has come, for who waits without a console.

use std::io::{IsTerminal, Write};

/// Tells how many workers are left: in one line that is written over on a terminal, elsewhere only at
/// the beginning and at the end.
pub struct Progress<W> {
    out: W,
    terminal: bool,
    shown: Option<u32>,
    /// The first number that is not zero was told.
    begun: bool,
}

impl Progress<std::io::Stderr> {
    /// On standard error.
    pub fn on_stderr() -> Self {
        let out = std::io::stderr();
        Self { terminal: out.is_terminal(), out, shown: None, begun: false }
    }
}

impl<W: Write> Progress<W> {
    /// Shows the number, if it is another one. `None`: leaving has not begun.
    pub fn show(&mut self, left: Option<u32>) {
        let Some(count) = left.filter(|_| left != self.shown) else { return };
        self.shown = left;
        if self.terminal {
            // To the line's begin, and what is left of a longer one is cleared.
            self.write(&format!("\rleaving: {} left\x1b[K", workers(count)));
        } else if count > 0 && !self.begun {
            self.write(&format!("leaving: {} left\n", workers(count)));
        }
        self.begun |= count > 0;
    }

    /// Leaving is over.
    pub fn end(mut self) {
        match self.shown {
            Some(_) if self.terminal => self.write("\n"),
            Some(0) if self.begun => self.write("leaving: no workers left\n"),
            None | Some(0) => {}
            Some(count) => self.write(&format!("leaving: {} let go\n", workers(count))),
        }
    }

    /// Where standard error is gone there is nobody to tell.
    fn write(&mut self, text: &str) {
        let _ = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
    }
}

fn workers(count: u32) -> String {
    match count {
        0 => "no workers".to_owned(),
        1 => "1 worker".to_owned(),
        count => format!("{count} workers"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(terminal: bool, numbers: &[Option<u32>]) -> String {
        let mut out = Vec::new();
        let mut progress = Progress { out: &mut out, terminal, shown: None, begun: false };
        for number in numbers {
            progress.show(*number);
        }
        progress.end();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_terminal_has_one_line_and_a_file_the_beginning_and_the_end() {
        let numbers = [None, Some(12), Some(12), Some(1), Some(0)];
        assert_eq!(
            told(true, &numbers),
            "\rleaving: 12 workers left\x1b[K\rleaving: 1 worker left\x1b[K\rleaving: no workers left\x1b[K\n"
        );
        assert_eq!(told(false, &numbers), "leaving: 12 workers left\nleaving: no workers left\n");
    }

    #[test]
    fn who_has_no_workers_has_nothing_to_tell_a_file() {
        assert_eq!(told(false, &[None, Some(0)]), "");
        assert_eq!(told(true, &[None]), "");
        assert_eq!(told(false, &[Some(2), Some(1)]), "leaving: 2 workers left\nleaving: 1 worker let go\n");
    }
}
