//! Taking an order back, for a few seconds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::orders::starts;
use super::update::Effect;
use super::{Pending, State};
use crate::console::keymap::Does;
use crate::model::{Action, Board, Care, CareOrder, Command, Moment, Row, Selection, StreamId, Wanted};

/// An order can be taken back for this long after it was answered.
pub const UNDO_FOR: Duration = Duration::from_secs(10);
/// An order that needs more commands than this to be taken back can't be.
pub const MAX_UNDO: usize = 32;

/// How an order is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Back {
    /// What was ordered.
    pub ordered: Command,
    /// Brings back what it really changed, and nothing else.
    pub commands: Vec<Command>,
}

/// What takes the last order back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    /// What was ordered, for people.
    pub what: String,
    /// What is to be done.
    pub back: Back,
    /// Until when.
    pub until: Moment,
    /// What is said about that, behind the answer.
    hint: String,
}

/// The commands that bring back what `command` changes on `board` at its time `now`; none when
/// nothing can be brought back.
#[must_use]
pub fn inverse(command: &Command, board: &Board, now: Moment) -> Vec<Command> {
    let commands = match command {
        Command::Streams { action: Action::Start, target } => {
            let changed = ids(board, target, |row| row.wanted == Wanted::Stopped);
            streams(Action::Stop, changed)
        }
        Command::Streams { action: Action::Stop, target } => {
            let changed = ids(board, target, |row| row.wanted == Wanted::Started);
            streams(Action::Start, changed)
        }
        Command::Slots(Some(slots)) => {
            let pool = board.pool;
            let before = (!pool.auto).then_some(pool.slots);
            if before == Some(*slots) { Vec::new() } else { vec![Command::Slots(before)] }
        }
        Command::Slots(None) if !board.pool.auto => vec![Command::Slots(Some(board.pool.slots))],
        Command::Care { order, target } => care(order, board, target, now),
        // A worker that was replaced does not come back, nor does a step of a rollout.
        Command::Streams { .. }
        | Command::Slots(None)
        | Command::Rollout(_)
        | Command::Incident { .. }
        | Command::Reload
        | Command::Shutdown => Vec::new(),
    };
    if commands.len() > MAX_UNDO { Vec::new() } else { commands }
}

/// The streams of `target` that are so.
fn rows<'a>(board: &'a Board, target: &Selection) -> Vec<&'a Row> {
    let all = board.rows.values().map(AsRef::as_ref);
    match target {
        Selection::All => all.collect(),
        Selection::Ids(ids) => {
            let wanted: std::collections::BTreeSet<&StreamId> = ids.iter().collect();
            all.filter(|row| wanted.contains(&row.id)).collect()
        }
    }
}

fn ids(board: &Board, target: &Selection, so: impl Fn(&Row) -> bool) -> Vec<StreamId> {
    rows(board, target).into_iter().filter(|row| so(row)).map(|row| row.id.clone()).collect()
}

fn streams(action: Action, ids: Vec<StreamId>) -> Vec<Command> {
    if ids.is_empty() { Vec::new() } else { vec![Command::Streams { action, target: Selection::Ids(ids) }] }
}

fn care(order: &CareOrder, board: &Board, target: &Selection, now: Moment) -> Vec<Command> {
    let muted_for = |row: &Row| row.care.muted_for(now);
    // What brings a row back, if the order changes it.
    let back = |row: &Row| match order {
        CareOrder::Acknowledge => row.care.acknowledged.is_none().then_some(CareOrder::Unacknowledge),
        CareOrder::Unacknowledge => row.care.acknowledged.map(|_| CareOrder::Acknowledge),
        CareOrder::Mute(_) => Some(muted_for(row).map_or(CareOrder::Unmute, CareOrder::Mute)),
        CareOrder::Unmute => muted_for(row).map(CareOrder::Mute),
        CareOrder::Note(note) => {
            (*note != row.care.note).then(|| CareOrder::Note(Arc::clone(&row.care.note)))
        }
    };
    // Rows that are brought back in the same way go together.
    let mut together: BTreeMap<(Duration, Arc<str>), (CareOrder, Vec<StreamId>)> = BTreeMap::new();
    for row in rows(board, target) {
        let Some(order) = back(row) else { continue };
        let key = match &order {
            CareOrder::Mute(left) => (*left, Arc::default()),
            CareOrder::Note(note) => (Duration::ZERO, Arc::clone(note)),
            _ => (Duration::ZERO, Arc::default()),
        };
        together.entry(key).or_insert_with(|| (order, Vec::new())).1.push(row.id.clone());
    }
    let commands = together.into_values();
    commands.map(|(order, ids)| Command::Care { order, target: Selection::Ids(ids) }).collect()
}

impl Undo {
    /// What is said behind the answer.
    #[must_use]
    pub fn hint(&self) -> &str {
        &self.hint
    }

    /// What is still to be taken back: whatever is as the order left it, or as it was before, where
    /// the board does not show the order yet. What somebody has changed since is theirs; says whether
    /// there is such a thing.
    fn still(self, board: &Board) -> (Vec<Command>, bool) {
        let Back { ordered, commands } = self.back;
        let answered = self.until - UNDO_FOR;
        let mut changed = false;
        let still = commands.into_iter().filter_map(|command| match (&ordered, command) {
            (Command::Care { order, .. }, Command::Care { order: back, target }) => {
                let rows = rows(board, &target);
                let ours =
                    |row: &&Row| is_after(&row.care, order, answered) || is_after(&row.care, &back, answered);
                let ids: Vec<StreamId> =
                    rows.iter().filter(|row| ours(row)).map(|row| row.id.clone()).collect();
                changed |= ids.len() < rows.len();
                (!ids.is_empty()).then_some(Command::Care { order: back, target: Selection::Ids(ids) })
            }
            (Command::Slots(ordered), Command::Slots(before)) => {
                let ours = has_slots(board, *ordered) || has_slots(board, before);
                changed |= !ours;
                ours.then_some(Command::Slots(before))
            }
            // A stream is wanted or not: who has it so already is left alone, and not counted.
            (_, command) => Some(command),
        });
        (still.collect(), changed)
    }
}

fn has_slots(board: &Board, slots: Option<u32>) -> bool {
    let pool = board.pool;
    slots.map_or(pool.auto, |slots| !pool.auto && pool.slots == slots)
}

/// Whether it is noted as `order` notes it, which was answered at `answered`.
fn is_after(care: &Care, order: &CareOrder, answered: Moment) -> bool {
    match order {
        CareOrder::Acknowledge => care.acknowledged.is_some(),
        CareOrder::Unacknowledge => care.acknowledged.is_none(),
        CareOrder::Mute(span) => care.muted_until.is_some_and(|until| {
            let meant = answered + *span;
            meant.since(until).max(until.since(meant)) <= UNDO_FOR
        }),
        CareOrder::Unmute => care.muted_until.is_none_or(|until| until <= answered),
        CareOrder::Note(note) => care.note == *note,
    }
}

impl State {
    /// An order was done: it can be taken back from now on, and until when.
    pub(super) fn can_be_undone(&mut self, what: &str, back: Back) -> Moment {
        let until = self.now + UNDO_FOR;
        let hint = format!(" ({} undoes)", self.keymap.key_for(Does::Undo));
        self.undo = Some(Undo { what: what.to_owned(), back, until, hint });
        until
    }

    /// What could be taken back until now, which it can't any more: nothing says that it could.
    pub(super) fn take_undo(&mut self) -> Option<Undo> {
        let undo = self.undo.take()?;
        for toast in self.older_toasts.iter_mut().chain(&mut self.toast) {
            if let Some(text) = toast.text.strip_suffix(undo.hint.as_str()) {
                toast.text = text.to_owned();
            }
        }
        Some(undo)
    }

    /// Takes the last order back.
    pub(super) fn take_back(&mut self) -> Vec<Effect> {
        let Some(undo) = self.take_undo().filter(|undo| undo.until > self.now) else {
            self.say("nothing to undo".into(), true);
            return Vec::new();
        };
        let (what, undone) = (format!("undo {}", undo.what), format!("undone: {}", undo.what));
        let (commands, changed) = undo.still(self.live());
        if commands.is_empty() {
            self.say(format!("{what}: it was changed again since, and stays so"), true);
            return Vec::new();
        }
        let rest = if changed { ", but for what was changed again since" } else { "" };
        let done = undone + rest;
        let last = commands.len() - 1;
        let sent = commands.into_iter().enumerate().map(|(n, command)| {
            // A size of the pool that is on its way is no longer what is wanted.
            let pool = matches!(command, Command::Slots(_));
            if pool {
                self.slots_order = None;
            }
            let (quiet, undoes, starts) = (n < last, last == 0 && !pool, starts(&command));
            let (seq, what, done) = (self.next_seq, what.clone(), Some(done.clone()));
            self.send(command, Pending { seq, what, done, quiet, starts, undoes, back: None })
        });
        sent.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::tests::support::{NOW, ago, board};
    use crate::model::{RolloutOrder, StreamIx};

    fn change(board: &mut Board, n: u32, change: impl Fn(&mut Row)) {
        change(Arc::make_mut(board.rows.get_mut(&StreamIx(n)).unwrap()));
    }

    fn back(board: &Board, command: &Command) -> Vec<Command> {
        inverse(command, board, NOW)
    }

    fn some(numbers: &[u32]) -> Selection {
        let id = |n: &u32| StreamId::new(&format!("ch-{:03}", n + 1)).unwrap();
        Selection::Ids(numbers.iter().map(id).collect())
    }

    #[test]
    fn only_what_an_order_changed_is_brought_back() {
        let mut board = board(5);
        change(&mut board, 1, |row| row.wanted = Wanted::Stopped);
        let order = |action, target| Command::Streams { action, target };
        let stop = order(Action::Stop, some(&[0, 1, 2]));
        assert_eq!(back(&board, &stop), [order(Action::Start, some(&[0, 2]))]);
        let start = order(Action::Start, Selection::All);
        assert_eq!(back(&board, &start), [order(Action::Stop, some(&[1]))]);
        assert_eq!(back(&board, &order(Action::Stop, some(&[1]))), []);
        assert_eq!(back(&board, &order(Action::Restart, Selection::All)), []);
        assert_eq!(back(&board, &order(Action::Look, some(&[0]))), []);
        assert_eq!(back(&board, &Command::Rollout(RolloutOrder::Back)), []);
    }

    #[test]
    fn the_pool_gets_its_size_back() {
        let mut board = board(5);
        assert_eq!(back(&board, &Command::Slots(Some(9))), [Command::Slots(Some(5))]);
        assert_eq!(back(&board, &Command::Slots(Some(5))), []);
        assert_eq!(back(&board, &Command::Slots(None)), [Command::Slots(Some(5))]);
        board.pool.auto = true;
        assert_eq!(back(&board, &Command::Slots(Some(5))), [Command::Slots(None)]);
        assert_eq!(back(&board, &Command::Slots(None)), []);
    }

    #[test]
    fn what_was_noted_is_brought_back_stream_by_stream() {
        let mut board = board(5);
        let muted = |seconds: u64| NOW + Duration::from_secs(seconds);
        change(&mut board, 0, |row| row.care = Care { acknowledged: Some(ago(5)), ..Care::default() });
        change(&mut board, 1, |row| row.care.muted_until = Some(muted(60)));
        change(&mut board, 2, |row| row.care.muted_until = Some(muted(60)));
        change(&mut board, 3, |row| row.care.muted_until = Some(ago(1)));
        change(&mut board, 4, |row| row.care.note = "old".into());
        let all = |order| Command::Care { order, target: Selection::All };
        let of = |order, numbers: &[u32]| Command::Care { order, target: some(numbers) };
        assert_eq!(back(&board, &all(CareOrder::Acknowledge)), [of(CareOrder::Unacknowledge, &[1, 2, 3, 4])]);
        assert_eq!(back(&board, &all(CareOrder::Unacknowledge)), [of(CareOrder::Acknowledge, &[0])]);
        let minute = Duration::from_secs(60);
        assert_eq!(
            back(&board, &all(CareOrder::Mute(Duration::from_secs(5)))),
            [of(CareOrder::Unmute, &[0, 3, 4]), of(CareOrder::Mute(minute), &[1, 2])]
        );
        assert_eq!(back(&board, &all(CareOrder::Unmute)), [of(CareOrder::Mute(minute), &[1, 2])]);
        assert_eq!(
            back(&board, &all(CareOrder::Note("new".into()))),
            [of(CareOrder::Note("".into()), &[0, 1, 2, 3]), of(CareOrder::Note("old".into()), &[4])]
        );
        assert_eq!(back(&board, &of(CareOrder::Note("old".into()), &[4])), []);
    }

    #[test]
    fn what_needs_too_many_commands_is_not_brought_back() {
        let mut board = board(40);
        for n in 0..40 {
            change(&mut board, n, |row| row.care.note = format!("note {n}").into());
        }
        let numbers: Vec<u32> = (0..40).collect();
        let note =
            |n: usize| Command::Care { order: CareOrder::Note("".into()), target: some(&numbers[..n]) };
        assert_eq!(back(&board, &note(MAX_UNDO)).len(), MAX_UNDO);
        assert_eq!(back(&board, &note(MAX_UNDO + 1)), []);
    }
}
