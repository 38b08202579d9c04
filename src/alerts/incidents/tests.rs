//! Rules of incidents, one by one, and a day of many streams. Here: a small world to try them in.

mod bounds;
mod flapping;
mod lasting;
mod notices;
mod orders;
mod quiet;
mod restored;
mod rule;
mod simulation;
mod together;

use std::collections::BTreeMap;

use crate::model::{
    Care, Condition, ConditionKind, Explained, Figures, Mode, NoticeKind, Phase, Severity, Wanted, WatchKind,
};

use super::*;

/// What the wall clock shows at the moment zero.
const WALL: u64 = 1_000_000_000_000;

/// The seconds as a moment.
const fn at(seconds: i64) -> Moment {
    Moment::from_millis(seconds * 1_000)
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A stream that is live, on a host of its own.
fn row(n: u32) -> Row {
    Row {
        ix: StreamIx(n),
        id: id(n),
        name: format!("Stream {n}").into(),
        group: "".into(),
        mode: Mode::Picture,
        wanted: Wanted::Started,
        phase: Phase::Live,
        reason: "".into(),
        since: Moment::ZERO,
        next: None,
        failures: 0,
        conditions: Vec::new(),
        pid: Some(n + 1),
        started: Some(Moment::ZERO),
        restarts: 0,
        figures: Figures::default(),
        input: format!("http://own-{n}.example/live").into(),
        last_error: None,
        last_message: "".into(),
        last_message_at: Moment::ZERO,
        lines_dropped: 0,
        priority: 50,
        watch: WatchKind::Always,
        last_seen: None,
        input_of: (1, 1),
        maintenance: false,
        usage: None,
        care: Care::default(),
        tags: Arc::from([]),
    }
}

fn id(n: u32) -> StreamId {
    StreamId::new(&format!("s{n}")).unwrap()
}

fn condition(kind: ConditionKind, since: Moment) -> Condition {
    Condition { kind, severity: kind.severity(), since, explained: None }
}

fn notice(kind: NoticeKind, severity: Severity, text: &str, since: Moment) -> Notice {
    Notice { kind, severity, text: text.into(), since }
}

/// Incidents, what feeds them, and what they said.
struct World {
    incidents: Incidents,
    at: Moment,
    wall_ms: u64,
    rows: BTreeMap<u32, Row>,
    /// As the store has them.
    stored: BTreeMap<u64, Incident>,
    /// Second, number, change.
    told: Vec<(i64, u64, Change)>,
    refused: Vec<String>,
    acknowledged: Vec<(Vec<StreamId>, bool)>,
    /// Log lines are there at once.
    lines: Option<Vec<Arc<str>>>,
}

impl World {
    fn new() -> Self {
        Self::with(&AlertSettings::default())
    }

    fn with(settings: &AlertSettings) -> Self {
        Self::restored(settings, Vec::new(), 1)
    }

    fn restored(settings: &AlertSettings, incidents: Vec<Incident>, next: u64) -> Self {
        let now = Now { at: Moment::ZERO, wall_ms: WALL };
        let stored = incidents.iter().map(|incident| (incident.number, incident.clone())).collect();
        Self {
            incidents: Incidents::new(settings, incidents, next, now),
            at: Moment::ZERO,
            wall_ms: WALL,
            rows: BTreeMap::new(),
            stored,
            told: Vec::new(),
            refused: Vec::new(),
            acknowledged: Vec::new(),
            lines: Some(Vec::new()),
        }
    }

    fn second(&self) -> i64 {
        self.at.millis() / 1_000
    }

    fn feed(&mut self, input: Input<'_>) {
        let now = Now { at: self.at, wall_ms: self.wall_ms };
        let effects = self.incidents.handle(now, input);
        assert!(self.incidents.next_deadline().is_none_or(|next| next > self.at), "a deadline that is past");
        for effect in effects {
            match effect {
                Effect::Keep(incident) => {
                    self.stored.insert(incident.number, (*incident).clone());
                }
                Effect::Forget(number) => assert!(self.stored.remove(&number).is_some()),
                Effect::Happened(Happening { incident, change }) => {
                    let stored = self.stored.get(&incident.number);
                    assert_eq!(stored, Some(&*incident), "told before it was stored");
                    self.told.push((self.second(), incident.number, change));
                }
                Effect::WantLines { number, .. } => {
                    if let Some(lines) = self.lines.clone() {
                        self.feed(Input::Lines { number, lines });
                    }
                }
                Effect::Acknowledge { streams, undo } => self.acknowledged.push((streams, undo)),
                Effect::Refuse(why) => self.refused.push(why),
            }
        }
    }

    /// Goes on to this second, looking only when it is due.
    fn until(&mut self, second: i64) {
        self.until_moment(at(second));
    }

    fn until_moment(&mut self, end: Moment) {
        while let Some(next) = self.incidents.next_deadline().filter(|next| *next <= end) {
            self.step_to(next);
            self.feed(Input::Time);
        }
        self.step_to(end);
    }

    fn step_to(&mut self, moment: Moment) {
        self.wall_ms += u64::try_from(moment.since(self.at).as_millis()).unwrap();
        self.at = moment;
    }

    /// Changes these rows, and shows them all at once.
    fn change(&mut self, streams: impl IntoIterator<Item = u32>, mut change: impl FnMut(&mut Row)) {
        let now = self.at;
        let rows: Vec<Arc<Row>> = streams
            .into_iter()
            .map(|n| {
                let row = self.rows.entry(n).or_insert_with(|| row(n));
                let before = row.phase;
                change(row);
                row.since = if row.phase == before { row.since } else { now };
                Arc::new(row.clone())
            })
            .collect();
        self.feed(Input::Rows(&rows));
    }

    /// These streams have this fault since now, and no other.
    fn has(&mut self, streams: impl IntoIterator<Item = u32>, kind: ConditionKind) {
        let since = self.at;
        self.change(streams, |row| row.conditions = vec![condition(kind, since)]);
    }

    fn is_well(&mut self, streams: impl IntoIterator<Item = u32>) {
        self.change(streams, |row| {
            row.phase = Phase::Live;
            row.conditions.clear();
        });
    }

    /// They come from this host.
    fn on_host(&mut self, streams: impl IntoIterator<Item = u32>, host: &str) {
        self.change(streams, |row| row.input = format!("http://{host}/{}", row.id).into());
    }

    fn order(&mut self, number: u64, order: IncidentOrder) {
        self.feed(Input::Order { number, order, by: "anna" });
    }

    fn open(&self) -> Vec<&Incident> {
        self.incidents.open().map(|incident| &**incident).collect()
    }

    fn titles(&self) -> Vec<&str> {
        self.incidents.open().map(|incident| &*incident.title).collect()
    }

    fn incident(&self, number: u64) -> &Incident {
        self.incidents.get(number).unwrap()
    }

    /// What was told, without the times.
    fn changes(&self) -> Vec<(u64, Change)> {
        self.told.iter().map(|(_, number, change)| (*number, *change)).collect()
    }
}
