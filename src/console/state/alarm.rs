//! Calling someone when a stream becomes critical: at once, but not more often than every ten seconds.

use std::collections::BTreeSet;
use std::time::Duration;

use super::State;
use super::update::Effect;
use crate::console::text::counted;
use crate::console::wishes::Calls;
use crate::model::{Board, Delta, Health, Moment, Row, StreamIx};

/// From one call to the next: what becomes critical in between is told together.
pub const CALL_EVERY: Duration = Duration::from_secs(10);
/// Streams that one call names; the others are counted.
const NAMED: usize = 3;

/// Streams that nobody was called for yet, and when someone was called last.
#[derive(Debug, Default)]
pub struct Alarm {
    /// Those that call as they were told last: who calls on calls for nobody again.
    calling: BTreeSet<StreamIx>,
    waiting: BTreeSet<StreamIx>,
    called_at: Option<Moment>,
}

impl Alarm {
    /// A stream calls, or no longer does; says whether that is new.
    fn calls(&mut self, ix: StreamIx, calls: bool) -> bool {
        if calls {
            return self.calling.insert(ix);
        }
        self.calling.remove(&ix);
        false
    }

    /// When the next call is due, if one is.
    #[must_use]
    pub fn due(&self) -> Option<Moment> {
        let after = self.called_at.map_or(Moment::ZERO, |at| at + CALL_EVERY);
        (!self.waiting.is_empty()).then_some(after)
    }
}

/// Whether a row calls for someone: critical, and nobody knows, wants to know nothing, or expects it.
fn calls(row: &Row, now: Moment) -> bool {
    row.health() == Health::Critical
        && !row.maintenance
        && row.care.acknowledged.is_none()
        && !row.care.is_muted(now)
}

impl State {
    /// Rows are about to become what the delta says, on the live board, whatever is shown.
    pub(super) fn watch_for_alarms(&mut self, delta: &Delta) {
        for ix in delta.removed.iter().filter(|ix| !delta.rows.contains_key(ix)) {
            self.alarm.calls(*ix, false);
        }
        for (ix, row) in &delta.rows {
            self.watch_row(*ix, row);
        }
    }

    /// A whole board has come. What was critical when the console opened calls for nobody; what became
    /// so while deltas were lost does.
    pub(super) fn watch_board_for_alarms(&mut self, board: &Board, first: bool) {
        self.alarm.calling.retain(|ix| board.rows.contains_key(ix));
        for (ix, row) in &board.rows {
            self.watch_row(*ix, row);
        }
        if first {
            self.alarm.waiting.clear();
        }
    }

    fn watch_row(&mut self, ix: StreamIx, row: &Row) {
        let is_new = self.alarm.calls(ix, calls(row, self.now));
        if is_new && self.wishes().calls != Calls::default() {
            self.alarm.waiting.insert(ix);
        }
    }

    /// Calls, when it is time to.
    pub(super) fn call(&mut self) -> Option<Effect> {
        if self.alarm.due().is_none_or(|at| at > self.now) {
            return None;
        }
        let waiting = std::mem::take(&mut self.alarm.waiting);
        let rows = waiting.iter().filter_map(|ix| self.live().rows.get(ix)).map(AsRef::as_ref);
        // What is well again meanwhile calls for nobody.
        let rows: Vec<&Row> = rows.filter(|row| calls(row, self.now)).collect();
        let text = match rows.as_slice() {
            [] => return None,
            [row] => {
                let worst =
                    row.conditions.iter().filter(|c| c.explained.is_none()).max_by_key(|c| c.severity);
                format!("{} critical: {}", row.name, worst.map_or("", |c| c.kind.word()))
            }
            rows => {
                let names: Vec<&str> = rows.iter().take(NAMED).map(|row| &*row.name).collect();
                let more = match rows.len().saturating_sub(NAMED) {
                    0 => String::new(),
                    more => format!(", +{more}"),
                };
                format!("{} critical: {}{more}", counted(rows.len(), "stream"), names.join(", "))
            }
        };
        self.alarm.called_at = Some(self.now);
        Some(Effect::Call { calls: self.wishes().calls, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::state::update::{Event, update};
    use crate::console::tests::support::*;
    use crate::console::theme::Surroundings;
    use crate::console::wishes::{Notify, Told, Wishes};
    use crate::model::{Condition, ConditionKind, Explained};

    const BELL: Calls = Calls { bell: true, tmux_alert: false, notify: Some(Notify::Osc9) };

    fn listening(calls: Calls) -> State {
        let mut state = state(80, 24, board(20));
        let wishes = Wishes { calls, ..Wishes::default() };
        state.begin(Surroundings::default(), Told { wishes: Some(wishes), ..Told::default() });
        state
    }

    fn with(state: &State, n: u32, kind: ConditionKind) -> Row {
        let mut row = state.row(StreamIx(n)).unwrap().clone();
        let severity = kind.severity();
        row.conditions = vec![Condition { kind, severity, since: state.now, explained: None }];
        row
    }

    fn calls_after(state: &mut State, seconds: u64) -> Vec<String> {
        let now = state.now + Duration::from_secs(seconds);
        update(state, now, Event::Heard(Duration::ZERO));
        let effects = update(state, now, Event::Clock);
        let text = |effect| match effect {
            Effect::Call { calls, text } => {
                assert_eq!(calls, BELL);
                Some(text)
            }
            _ => None,
        };
        effects.into_iter().filter_map(text).collect()
    }

    #[test]
    fn the_first_calls_at_once_and_the_next_ones_together() {
        let mut state = listening(BELL);
        let rows = vec![with(&state, 3, ConditionKind::Black)];
        change(&mut state, rows);
        assert!(state.deadline().is_some_and(|at| at <= state.now));
        assert_eq!(calls_after(&mut state, 0), ["Alpenblick TV critical: black"]);
        for n in 5..10 {
            let rows = vec![with(&state, n, ConditionKind::Black)];
            change(&mut state, rows);
            assert_eq!(calls_after(&mut state, 1), Vec::<String>::new());
        }
        // One of them is well again before anybody is called.
        let well = row(7);
        change(&mut state, vec![well]);
        let due = state.alarm.due().unwrap();
        assert_eq!(due.since(state.now), Duration::from_secs(5));
        assert_eq!(
            calls_after(&mut state, 5),
            ["4 streams critical: Parlament Live, Kleine Sterne, Musik Nonstop, +1"]
        );
        assert_eq!(calls_after(&mut state, 60), Vec::<String>::new());
        assert_eq!(state.alarm.due(), None);
    }

    #[test]
    fn who_knows_or_expects_it_is_not_called() {
        let mut state = listening(BELL);
        let mut rows: Vec<Row> = (0..5).map(|n| with(&state, n, ConditionKind::Black)).collect();
        rows[0].care.acknowledged = Some(state.now);
        rows[1].care.muted_until = Some(state.now + Duration::from_secs(60));
        rows[2].maintenance = true;
        rows[3].conditions[0].explained = Some(Explained::Overload);
        rows[4] = with(&state, 4, ConditionKind::Slow);
        assert_eq!(rows[4].health(), Health::Warning);
        change(&mut state, rows);
        assert_eq!(calls_after(&mut state, 0), Vec::<String>::new());
        let mut again = with(&state, 1, ConditionKind::Black);
        again.care.muted_until = Some(state.now);
        change(&mut state, vec![again]);
        assert_eq!(calls_after(&mut state, 0), ["Stadion Eins critical: black"], "it is told again");
    }

    #[test]
    fn what_was_critical_before_and_a_console_that_calls_nobody_are_silent() {
        let mut quiet = listening(Calls::default());
        let rows = vec![with(&quiet, 3, ConditionKind::Black)];
        change(&mut quiet, rows);
        assert_eq!(calls_after(&mut quiet, 60), Vec::<String>::new());
        // What was critical when it opened; and what became so while it missed deltas.
        let mut late = listening(BELL);
        let mut board = board(20);
        let bad = |n| std::sync::Arc::new(with(&quiet, n, ConditionKind::Black));
        board.rows.insert(StreamIx(3), bad(3));
        board.revision = 9;
        late.connected = false;
        tell(&mut late, crate::link::ServerMessage::Board(Box::new(board.clone())));
        change(&mut late, vec![Row::clone(&bad(3))]);
        assert_eq!(calls_after(&mut late, 60), Vec::<String>::new());
        board.rows.insert(StreamIx(5), bad(5));
        board.revision = 99;
        tell(&mut late, crate::link::ServerMessage::Board(Box::new(board)));
        assert_eq!(calls_after(&mut late, 0), ["Parlament Live critical: black"]);
    }

    #[test]
    fn the_end_of_a_mute_calls_once_where_the_stream_is_still_not_well() {
        let minute = Duration::from_secs(60);
        let mut state = listening(BELL);
        let mut muted: Vec<Row> = [3, 5].map(|n| with(&state, n, ConditionKind::Black)).into();
        for row in &mut muted {
            row.care.muted_until = Some(state.now + minute);
        }
        change(&mut state, muted.clone());
        assert_eq!(calls_after(&mut state, 1), Vec::<String>::new());
        // One of them is well before its mute ends.
        change(&mut state, vec![row(5)]);
        // The mute is over, and something else is told before the supervisor says so.
        let other = with(&state, 9, ConditionKind::Slow);
        let now = state.now + minute;
        let told = Delta { at: now, ..delta(&state, vec![other]) };
        state.now = now;
        tell(&mut state, crate::link::ServerMessage::Delta(Box::new(told)));
        let mut unmuted = muted.swap_remove(0);
        // Its figures may come before the news that it is muted no more, too.
        change(&mut state, vec![unmuted.clone()]);
        unmuted.care.muted_until = None;
        change(&mut state, vec![unmuted.clone()]);
        assert_eq!(calls_after(&mut state, 0), ["Alpenblick TV critical: black"]);
        change(&mut state, vec![unmuted]);
        assert_eq!(calls_after(&mut state, 60), Vec::<String>::new(), "once");
    }
}
