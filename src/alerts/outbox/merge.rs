//! Things to tell, and messages, made into one.

use std::cmp::Reverse;
use std::sync::Arc;

use super::Said;
use crate::alerts::{Event, Item, MAX_ITEMS, MESSAGE_MEMBERS, Message};
use crate::model::{Incident, Severity};

/// Members that one of several incidents in a message names; those beyond are counted.
const DIGEST_MEMBERS: usize = 5;

/// An incident as a message tells it.
#[must_use]
pub fn trimmed(incident: &Arc<Incident>) -> Arc<Incident> {
    with_members(incident, MESSAGE_MEMBERS)
}

fn with_members(incident: &Arc<Incident>, most: usize) -> Arc<Incident> {
    if incident.members.len() <= most {
        return Arc::clone(incident);
    }
    let mut incident = Incident::clone(incident);
    let beyond = u32::try_from(incident.members.len() - most).unwrap_or(u32::MAX);
    incident.members.truncate(most);
    incident.more_members = incident.more_members.saturating_add(beyond);
    Arc::new(incident)
}

/// An incident as one of several in a message: who reads those wants to know which, not each line of its log.
fn slim(incident: &Arc<Incident>) -> Arc<Incident> {
    let more = incident.members.len() > DIGEST_MEMBERS;
    if !more && incident.lines.is_empty() && incident.notes.is_empty() {
        return Arc::clone(incident);
    }
    let mut slim = Incident::clone(&with_members(incident, DIGEST_MEMBERS));
    slim.lines.clear();
    slim.notes.clear();
    Arc::new(slim)
}

/// What comes first in a message, and which messages come first: what is not over, the worst of it, what is
/// new, what has the most streams, and what came first.
pub(super) fn rank(item: &Item) -> (bool, Reverse<Severity>, u8, Reverse<usize>, u64) {
    let incident = &item.incident;
    let event = match item.event {
        Event::Raised | Event::Escalated | Event::Test => 0,
        Event::Changed => 1,
        Event::Repeated => 2,
        Event::Recovered => 3,
    };
    let streams = incident.members.len().saturating_add(incident.more_members as usize);
    (!incident.is_open(), Reverse(incident.severity), event, Reverse(streams), incident.number)
}

/// Something that waits takes up what came after it about the same incident. What was never said is said
/// first: a raise that was not sent yet stays one, also when it is over.
pub(super) fn absorb(old: &mut Item, new: Item) {
    let event = match (old.event, new.event) {
        (Event::Raised | Event::Escalated | Event::Recovered | Event::Test, _) => old.event,
        (Event::Changed, Event::Repeated) => Event::Changed,
        (_, later) => later,
    };
    if event != old.event {
        old.why = new.why;
    }
    old.event = event;
    old.incident = new.incident;
}

/// Puts items into a message. What it can't hold is only counted in it, and returned.
pub(super) fn put_in(message: &mut Message, items: impl IntoIterator<Item = Item>) -> Vec<Said> {
    for item in items {
        let held = message.items.iter_mut().find(|held| held.incident.number == item.incident.number);
        match held {
            Some(held) => absorb(held, item),
            None => message.items.push(item),
        }
    }
    if message.items.len() > 1 {
        for item in &mut message.items {
            item.incident = slim(&item.incident);
        }
    }
    message.items.sort_by_key(rank);
    let beyond = message.items.split_off(message.items.len().min(MAX_ITEMS));
    message.more_items = message.more_items.saturating_add(u32::try_from(beyond.len()).unwrap_or(u32::MAX));
    beyond.iter().map(Said::of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::outbox::tests::{incident, item};

    #[test]
    fn what_was_never_said_is_said_first() {
        for (old, new, expected) in [
            (Event::Raised, Event::Changed, Event::Raised),
            (Event::Raised, Event::Recovered, Event::Raised),
            (Event::Escalated, Event::Recovered, Event::Escalated),
            (Event::Changed, Event::Repeated, Event::Changed),
            (Event::Changed, Event::Recovered, Event::Recovered),
            (Event::Repeated, Event::Changed, Event::Changed),
            (Event::Repeated, Event::Recovered, Event::Recovered),
        ] {
            let mut waits = item(old, incident(1));
            absorb(&mut waits, item(new, Arc::new(Incident { more_members: 9, ..(*incident(1)).clone() })));
            assert_eq!(waits.event, expected, "{old:?} and {new:?}");
            assert_eq!(waits.incident.more_members, 9, "it is told as it is now");
        }
    }

    #[test]
    fn a_message_names_so_many_members_and_counts_the_others() {
        let member = incident(1).members[0].clone();
        let many =
            Arc::new(Incident { members: vec![member; 80], more_members: 7, ..(*incident(1)).clone() });
        let told = trimmed(&many);
        assert_eq!((told.members.len(), told.more_members), (MESSAGE_MEMBERS, 37));
        let one = slim(&told);
        assert_eq!((one.members.len(), one.more_members), (DIGEST_MEMBERS, 82));
    }
}
