//! In which order notices stand, which of them at the top of the screen, and how many more there are.

use std::cmp::Reverse;

use crate::console::layout::MAX_NOTICES;
use crate::model::{Notice, NoticeKind};

/// A notice with a line of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// The notice.
    pub notice: &'a Notice,
    /// Others that have no line and are counted here.
    pub more: usize,
}

/// Puts the worst first. Of those that are as bad, the rollout's is first: it waits for an answer.
/// Done once, when they come.
pub fn put_in_order(notices: &mut [Notice]) {
    notices.sort_by_key(|n| (Reverse(n.severity), n.kind != NoticeKind::Rollout));
}

/// The notices for the lines at the top, of all of them [in order](put_in_order): of origins only the
/// worst, as one outage has many, and what does not fit is counted on the last line.
#[must_use]
pub fn lines(notices: &[Notice]) -> Vec<Line<'_>> {
    let mut lines: Vec<Line> = Vec::new();
    for notice in notices {
        let same = |l: &&mut Line| l.notice.kind == notice.kind && notice.kind == NoticeKind::Origin;
        match lines.iter_mut().find(same) {
            Some(line) => line.more += 1,
            None => lines.push(Line { notice, more: 0 }),
        }
    }
    let hidden: usize = lines.drain(lines.len().min(MAX_NOTICES.into())..).map(|line| line.more + 1).sum();
    if let Some(last) = lines.last_mut() {
        last.more += hidden;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::tests::support::notice;
    use crate::model::Severity::{Critical, Warning};

    #[test]
    fn the_worst_have_lines_and_all_are_counted() {
        let mut all: Vec<Notice> =
            (0..40).map(|n| notice(NoticeKind::Origin, Warning, &format!("cdn-{n}"))).collect();
        all[7].severity = Critical;
        all.push(notice(NoticeKind::Host, Warning, "busy"));
        all.push(notice(NoticeKind::Rollout, Warning, "waits"));
        put_in_order(&mut all);
        let shown = lines(&all);
        let texts: Vec<(&str, usize)> = shown.iter().map(|l| (&*l.notice.text, l.more)).collect();
        assert_eq!(texts, [("cdn-7", 39), ("waits", 0), ("busy", 0)]);
        all.push(notice(NoticeKind::Store, Critical, "disk full"));
        all.push(notice(NoticeKind::Logs, Warning, "disk full"));
        put_in_order(&mut all);
        let shown = lines(&all);
        assert_eq!(shown.len(), 3);
        assert_eq!(shown.iter().map(|l| l.more + 1).sum::<usize>(), all.len());
        assert_eq!(shown[1].notice.kind, NoticeKind::Store);
        assert!(lines(&[]).is_empty());
    }

    #[test]
    fn they_are_put_in_order_as_they_come() {
        use crate::console::tests::support::{board, delta, state, tell};
        use crate::link::ServerMessage;
        use crate::model::Delta;
        let three = || {
            vec![
                notice(NoticeKind::Host, Warning, "busy"),
                notice(NoticeKind::Rollout, Warning, "waits"),
                notice(NoticeKind::Store, Critical, "disk full"),
            ]
        };
        let texts = |state: &crate::console::state::State| -> Vec<String> {
            state.board.notices.iter().map(|notice| notice.text.to_string()).collect()
        };
        let mut board = board(1);
        board.notices = three();
        let mut state = state(80, 24, board);
        assert_eq!(texts(&state), ["disk full", "waits", "busy"]);
        let mut notices = three();
        notices[1].severity = Critical;
        let delta = Delta { notices: Some(notices), ..delta(&state, Vec::new()) };
        tell(&mut state, ServerMessage::Delta(Box::new(delta)));
        assert_eq!(texts(&state), ["waits", "disk full", "busy"]);
    }
}
