//! What would be told of an incident: telling and the outbox as they are, with a clock that is moved by hand,
//! a store that is always quick and receivers that accept everything.

use std::sync::Arc;

use super::papers::Papers;
use super::post::{Effect, Input, Post};
use super::{Change, Event, Happening, Now, Outcome};
use crate::config::AlertSettings;
use crate::model::{Incident, Moment};

/// Steps of one rehearsal; it ends there.
const MAX_STEPS: usize = 20_000;
/// Messages of one rehearsal; it ends there.
pub const MAX_REHEARSED: usize = 500;
/// After the end of the incident it is waited this long for what quiet hours hold, milliseconds: a week.
const AFTERWARDS_MS: u64 = 7 * 86_400_000;

/// One message that would go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsed {
    /// When.
    pub wall_ms: u64,
    /// To whom.
    pub receiver: Arc<str>,
    /// What.
    pub event: Event,
    /// It says that the incident is over.
    pub over: bool,
    /// Why.
    pub why: Arc<str>,
}

/// Tells of `incident`, which opens when it says so and becomes `ended`, whose end says when.
#[must_use]
pub fn rehearse(
    settings: &Arc<AlertSettings>,
    incident: &Arc<Incident>,
    ended: &Arc<Incident>,
) -> Vec<Rehearsed> {
    let begin = incident.opened_wall_ms;
    let end = ended.ended.map_or(begin, |(at, _)| at).max(begin);
    let now = |wall_ms: u64| {
        let since = i64::try_from(wall_ms.saturating_sub(begin)).unwrap_or(i64::MAX);
        Now { at: Moment::from_millis(since), wall_ms }
    };
    let mut stage = Stage {
        post: Post::new(settings, Papers::read(&<_>::default()), 0, "", now(begin)),
        sent: Vec::new(),
    };
    stage.step(now(begin), Input::Time);
    let opened = Happening { incident: Arc::clone(incident), change: Change::Opened };
    stage.step(now(begin), Input::Happened(&opened));
    let mut over = Some(Happening { incident: Arc::clone(ended), change: Change::Ended });
    for _ in 0..MAX_STEPS {
        let due = stage.post.next_deadline().and_then(|at| u64::try_from(at.millis()).ok());
        let due = due.map(|ms| begin.saturating_add(ms));
        match (due, &over) {
            (Some(at), Some(_)) if at <= end => stage.step(now(at), Input::Time),
            (_, Some(happening)) => {
                stage.step(now(end), Input::Happened(happening));
                over = None;
            }
            (Some(at), None) if at <= end.saturating_add(AFTERWARDS_MS) => stage.step(now(at), Input::Time),
            (_, None) => break,
        }
        if stage.sent.len() >= MAX_REHEARSED {
            break;
        }
    }
    stage.sent
}

struct Stage {
    post: Post,
    sent: Vec<Rehearsed>,
}

impl Stage {
    fn step(&mut self, now: Now, input: Input<'_>) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            for effect in self.post.handle(now, input) {
                match effect {
                    Effect::Keep(_) | Effect::Note(_) => {}
                    Effect::Barrier(number) => inputs.push(Input::Durable(number)),
                    Effect::Send(message) => {
                        self.sent.extend(message.items.iter().map(|item| Rehearsed {
                            wall_ms: now.wall_ms,
                            receiver: Arc::clone(&message.receiver),
                            event: item.event,
                            over: !item.incident.is_open(),
                            why: Arc::clone(&item.why),
                        }));
                        let outcome = Outcome::Accepted(String::new());
                        inputs.push(Input::Sent { number: message.number, outcome });
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::outbox::tests::{WALL, incident, settings};
    use super::*;
    use crate::config::Rule;
    use crate::model::Ending;

    #[test]
    fn it_tells_who_would_be_told_and_when() {
        let rule = Rule {
            name: "news".into(),
            tell: vec!["a".into()],
            repeat: Some(Duration::from_secs(3_600)),
            escalate_after: Some(Duration::from_secs(900)),
            escalate_to: vec!["b".into()],
            ..Rule::fallback(&[])
        };
        let settings = Arc::new(AlertSettings { rules: vec![rule], ..settings(&["a", "b"]) });
        let open = Arc::new(Incident { rule: "news".into(), ..(*incident(1)).clone() });
        let ended = Some((WALL + 70 * 60_000, Ending::Cleared));
        let ended = Arc::new(Incident { ended, ..(*open).clone() });
        let told: Vec<(u64, String, Event)> = rehearse(&settings, &open, &ended)
            .into_iter()
            .map(|one| ((one.wall_ms - WALL) / 1_000, one.receiver.to_string(), one.event))
            .collect();
        assert_eq!(
            told,
            [
                (1, "a".into(), Event::Raised),
                (901, "b".into(), Event::Escalated),
                (3_601, "a".into(), Event::Repeated),
                (4_201, "a".into(), Event::Recovered),
                (4_201, "b".into(), Event::Recovered),
            ]
        );
    }
}
