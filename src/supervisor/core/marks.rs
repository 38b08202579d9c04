//! A set of streams that is filled a million times and emptied now and then: a mark for each.

use crate::model::StreamIx;

/// Marked streams.
#[derive(Debug, Default)]
pub struct Marks {
    marked: Vec<bool>,
    /// Those that were marked since the set was last emptied; some may have been unmarked again,
    /// and then may be in it twice.
    list: Vec<StreamIx>,
    count: usize,
}

impl Marks {
    /// One stream more, not marked.
    pub fn add(&mut self) {
        self.marked.push(false);
    }

    /// Marks `ix`.
    pub fn insert(&mut self, ix: StreamIx) {
        if let Some(marked) = self.marked.get_mut(ix.index())
            && !*marked
        {
            *marked = true;
            self.count += 1;
            self.list.push(ix);
            // Marking and unmarking in turn must not make the list grow for ever.
            if self.list.len() > 4 * self.marked.len() {
                let marked = &self.marked;
                self.list.retain(|ix| marked.get(ix.index()).copied().unwrap_or_default());
                self.list.sort_unstable();
                self.list.dedup();
            }
        }
    }

    /// Unmarks `ix`.
    pub fn remove(&mut self, ix: StreamIx) {
        if let Some(marked) = self.marked.get_mut(ix.index())
            && std::mem::take(marked)
        {
            self.count -= 1;
        }
    }

    /// Whether none is marked.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Those that are marked, in order; none is afterwards.
    pub fn take(&mut self) -> Vec<StreamIx> {
        let mut taken = std::mem::take(&mut self.list);
        taken.retain(|ix| self.marked.get_mut(ix.index()).is_some_and(std::mem::take));
        taken.sort_unstable();
        self.count = 0;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_set() {
        let mut marks = Marks::default();
        (0..4).for_each(|_| marks.add());
        for ix in [3, 1, 3, 0] {
            marks.insert(StreamIx(ix));
        }
        marks.remove(StreamIx(1));
        marks.remove(StreamIx(2));
        assert_eq!(marks.take(), [StreamIx(0), StreamIx(3)]);
        assert!(marks.is_empty() && marks.take().is_empty());
    }

    #[test]
    fn marking_and_unmarking_for_ever_stays_small() {
        let mut marks = Marks::default();
        marks.add();
        for _ in 0..1_000 {
            marks.insert(StreamIx(0));
            marks.remove(StreamIx(0));
        }
        assert!(marks.list.len() <= 5 && marks.is_empty());
        marks.insert(StreamIx(0));
        assert_eq!(marks.take(), [StreamIx(0)]);
    }
}
