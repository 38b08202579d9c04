//! What state, why, what next; and everything else that is known of a stream.

use super::super::tone::{Line, Lines, Tone, Toned};
use super::super::words;
use crate::console::glyphs::Glyphs;
use crate::console::incident;
use crate::console::keymap::Does;
use crate::console::spans::{Countdown, lasted, slow_age};
use crate::console::state::State;
use crate::console::state::incidents::OfStream;
use crate::console::text::{UNKNOWN, bitrate, bytes, counted, fps, percent, speed};
use crate::model::{
    Breaker, Condition, Detail, InputDetail, Moment, Phase, Row, Run, Severity, Wanted, WatchKind,
    coarse_age, span_words,
};

/// Something that is not as it should be, without being a condition.
const WARNS: Tone = Tone::Severity(Severity::Warning);

/// Everything that is known of a stream, the most urgent first.
pub fn lines(state: &State, row: &Row, wide: u16, glyphs: &Glyphs) -> Vec<Line> {
    let last_run = state.runs_until_then(row.ix).next();
    // What goes beyond the row is as it is now: of the moment that is frozen the row alone tells.
    let detail = state.detail.as_deref().filter(|detail| detail.stream == row.ix && !state.is_frozen());
    let mut facts = Facts {
        state,
        row,
        detail,
        last_run,
        now: state.seen_at(),
        lines: Lines::new(wide, true, glyphs),
        glyphs,
    };
    facts.phase();
    facts.next();
    facts.health();
    facts.care();
    facts.open_incident();
    facts.inputs();
    facts.figures();
    facts.worker();
    facts.last_run();
    facts.watch();
    facts.available();
    facts.incidents();
    if let Some(error) = row.last_error.as_deref().filter(|error| !error.is_empty()) {
        facts.lines.text("last error", Vec::new(), error, Tone::Text, 0);
    }
    facts.last_line();
    facts.lines.done()
}

struct Facts<'a> {
    state: &'a State,
    row: &'a Row,
    detail: Option<&'a Detail>,
    last_run: Option<&'a Run>,
    now: Moment,
    lines: Lines<'a>,
    glyphs: &'a Glyphs,
}

impl Facts<'_> {
    fn ago(&self, at: Moment) -> String {
        coarse_age(self.now.since(at))
    }

    /// How long until then, in words that are exact while it is near.
    fn time_to(&self, at: Moment) -> String {
        span_words(self.now.until(at))
    }

    fn phase(&mut self) {
        let row = self.row;
        let sign = format!("{} {}", self.glyphs.phase(row.phase), row.phase.word());
        let mut groups =
            vec![vec![(sign, Tone::Phase(row.phase)), (format!(" for {}", self.ago(row.since)), Tone::Dim)]];
        if row.wanted == Wanted::Stopped {
            groups.push(vec![("wanted stopped".into(), Tone::Dim)]);
        }
        if row.maintenance {
            groups.push(vec![("in maintenance".into(), Tone::Accent)]);
        }
        if words::on_fallback(row) {
            groups.push(vec![("not on its primary input".into(), WARNS)]);
        }
        self.lines.flow("state", groups, ", ");
        if !row.reason.is_empty() {
            self.lines.text("why", Vec::new(), &row.reason, Tone::Text, 0);
        }
    }

    /// What happens by itself, or what it takes.
    fn next(&mut self) {
        let row = self.row;
        let mut next: Vec<String> = words::next(row, self.now, Countdown::Exact).into_iter().collect();
        let probe = self.detail.and_then(|detail| detail.next_probe);
        next.extend(probe.map(|at| format!("primary probed in {}", self.time_to(at))));
        let start = self.state.keymap.key_for(Does::Start);
        if next.is_empty() && row.wanted == Wanted::Stopped && !start.is_empty() {
            next.push(format!("nothing until it is started: {start}"));
        }
        if !next.is_empty() {
            let next = next.join("; ");
            self.lines.text("next", Vec::new(), next.trim_start_matches("next "), Tone::Title, 0);
        }
    }

    fn health(&mut self) {
        let row = self.row;
        let health = row.health();
        let word = format!("{} {}", self.glyphs.health(health), health.word());
        let mut groups: Vec<Vec<Toned>> = vec![vec![(word, Tone::Health(health))]];
        if row.phase == Phase::Resting && !row.conditions.is_empty() {
            let age = row.last_seen.map_or_else(String::new, |at| slow_age(self.now.since(at)) + " ago");
            groups.push(vec![(format!("found when it was last seen, {age}:"), Tone::Dim)]);
        }
        groups.extend(words::by_weight(row).map(|condition| self.condition(condition)));
        self.lines.flow("health", groups, "   ");
    }

    /// A condition, since when, and what explains it.
    fn condition(&self, condition: &Condition) -> Vec<Toned> {
        let tone = match condition.explained {
            Some(_) => Tone::Dim,
            None => Tone::Severity(condition.severity),
        };
        let mut pieces = vec![(condition.kind.word().to_owned(), tone)];
        // How long it lasted meanwhile nobody knows.
        if self.row.phase != Phase::Resting {
            pieces.push((format!(" for {}", self.ago(condition.since)), Tone::Dim));
        }
        pieces.extend(condition.explained.map(|by| (format!(" ({})", by.word()), Tone::Dim)));
        pieces
    }

    /// What operators noted.
    fn care(&mut self) {
        let care = &self.row.care;
        let mut groups = Vec::new();
        if let Some(since) = care.acknowledged {
            groups.push(vec![(format!("acknowledged {} ago", self.ago(since)), Tone::Accent)]);
        }
        if let Some(left) = care.muted_for(self.now) {
            groups.push(vec![(format!("muted for {} more", span_words(left)), Tone::Accent)]);
        }
        if !groups.is_empty() {
            self.lines.flow("care", groups, ", ");
        }
        if !care.note.is_empty() {
            self.lines.text("note", Vec::new(), &care.note, Tone::Accent, 0);
        }
    }

    /// What was read of its incidents. As it is now: of the moment that is frozen nothing is known.
    fn read(&self) -> Option<&OfStream> {
        self.state.incidents_of_stream(self.row.ix).filter(|_| !self.state.is_frozen())
    }

    fn open_incident(&mut self) {
        let Some(read) = self.read() else { return };
        let clock = self.state.incident_clock();
        let open = read.incidents.iter().filter(|one| one.is_open()).map(|one| {
            let sign = self.glyphs.health(incident::health(one.severity));
            let known =
                one.acknowledged.as_ref().map(|known| format!("{} {}  ", self.glyphs.tended, known.by));
            let age = if clock.now_ms == u64::MAX {
                String::new()
            } else {
                coarse_age(clock.ago(one.began_wall_ms))
            };
            let number = format!("{sign} {} {age}  ", one.number);
            let before =
                vec![(number, Tone::Severity(one.severity)), (known.unwrap_or_default(), Tone::Accent)];
            (before, one.title.to_string())
        });
        for (n, (before, title)) in open.collect::<Vec<_>>().into_iter().enumerate() {
            self.lines.text(if n == 0 { "incident" } else { "" }, before, &title, Tone::Text, 2);
        }
    }

    /// How available it was.
    fn available(&mut self) {
        let Some(read) = self.read() else { return };
        let windows = incident::windows().into_iter().zip(read.availability.windows);
        let groups = windows.map(|(name, window)| {
            vec![(format!("{name} "), Tone::Dim), (incident::availability(window), Tone::Text)]
        });
        let groups = groups.collect();
        self.lines.flow("available", groups, "   ");
    }

    /// Its last incidents that are over.
    fn incidents(&mut self) {
        let Some(read) = self.read() else { return };
        let clock = self.state.incident_clock();
        let over = read.incidents.iter().filter_map(|one| {
            let (at, how) = one.ended?;
            let ago =
                if clock.now_ms == u64::MAX { String::new() } else { coarse_age(clock.ago(at)) + " ago" };
            let lasted = incident::duration(one.began_wall_ms, one.ended);
            let before = format!("{} {} {ago} after {lasted}  ", one.number, incident::ending(how));
            Some((before, one.title.to_string()))
        });
        for (n, (before, title)) in over.collect::<Vec<_>>().into_iter().enumerate() {
            let label = if n == 0 { "incidents" } else { "" };
            self.lines.text(label, vec![(before, Tone::Dim)], &title, Tone::Dim, 2);
        }
    }

    fn inputs(&mut self) {
        let row = self.row;
        let inputs = self.detail.map_or(&[][..], |detail| &detail.inputs);
        if inputs.is_empty() {
            let (number, of) = row.input_of;
            let before = if of > 1 { vec![(format!("{number} of {of}  "), Tone::Dim)] } else { Vec::new() };
            let url = if row.input.is_empty() { UNKNOWN } else { &row.input };
            self.lines.text("input", before, url, Tone::Text, 0);
            return;
        }
        let label = if inputs.len() == 1 { "input" } else { "inputs" };
        for (n, input) in inputs.iter().enumerate() {
            let number = if inputs.len() == 1 {
                Vec::new()
            } else {
                let sign = if input.in_use { self.glyphs.cursor } else { " " };
                vec![(format!("{sign}{} ", n + 1), if input.in_use { Tone::Accent } else { Tone::Dim })]
            };
            let indent = if number.is_empty() { 0 } else { 3 };
            let tone = if input.in_use { Tone::Text } else { Tone::Dim };
            self.lines.text(if n == 0 { label } else { "" }, number, &input.url, tone, indent);
            let state = self.input_state(input, inputs.len() > 1);
            if !state.is_empty() {
                let pad = vec![(" ".repeat(indent), Tone::Dim)];
                let bad = input.failures > 0 || input.breaker != Breaker::Closed;
                self.lines.text("", pad, &state.join(", "), if bad { WARNS } else { Tone::Dim }, indent);
            }
        }
    }

    /// What is to be said about an input.
    fn input_state(&self, input: &InputDetail, several: bool) -> Vec<String> {
        let mut state = Vec::new();
        if several && input.in_use {
            state.push("in use".to_owned());
        }
        if input.probed {
            state.push("being probed now".into());
        }
        match (input.failures, &*input.last_error) {
            (0, "") => {}
            (0, error) => state.push(format!("failed last: {error}")),
            (failures, "") => state.push(counted(failures as usize, "failure")),
            (failures, error) => state.push(format!("{}: {error}", counted(failures as usize, "failure"))),
        }
        if input.breaker != Breaker::Closed {
            let next = input
                .breaker_next
                .map_or_else(String::new, |at| format!(", next probe in {}", self.time_to(at)));
            state.push(format!("{}: breaker {}{next}", input.host, input.breaker.word()));
        }
        state
    }

    fn figures(&mut self) {
        let (figures, usage) = (self.row.figures, self.row.usage);
        let mut values = vec![
            ("fps", fps(figures.fps)),
            ("bitrate", bitrate(figures.bitrate_kbps)),
            ("speed", speed(figures.speed)),
        ];
        if let Some(usage) = usage {
            values.extend([
                ("cpu", percent(usage.cpu_percent)),
                ("memory", bytes(usage.memory_bytes)),
                ("files", usage.open_files.to_string()),
            ]);
        }
        let groups = values
            .into_iter()
            .map(|(name, value)| vec![(format!("{name} "), Tone::Dim), (value, Tone::Text)]);
        self.lines.flow("figures", groups.collect(), "  ");
    }

    fn worker(&mut self) {
        let row = self.row;
        let mut groups = vec![row.pid.map_or_else(|| "none".into(), |pid| format!("pid {pid}"))];
        groups.extend(words::uptime(row, self.now).map(|up| format!("up {up}")));
        groups.push(counted(row.restarts as usize, "restart"));
        if row.failures > 0 {
            groups.push(format!("{} in a row", counted(row.failures as usize, "failure")));
        }
        let mut groups: Vec<Vec<Toned>> = groups.into_iter().map(|text| vec![(text, Tone::Text)]).collect();
        if let Some(detail) = self.detail.filter(|detail| detail.breaker != Breaker::Closed) {
            let next =
                detail.breaker_next.map_or_else(String::new, |at| format!(", tried in {}", self.time_to(at)));
            groups.push(vec![(format!("breaker {}{next}", detail.breaker.word()), WARNS)]);
        }
        self.lines.flow("worker", groups, ", ");
    }

    fn last_run(&mut self) {
        let Some(run) = self.last_run else { return };
        let input = if self.row.input_of.1 > 1 && run.input > 0 {
            format!(" on input {}", run.input)
        } else {
            String::new()
        };
        let text = format!(
            "ended {} ago after {}{input}: {}",
            self.ago(run.ended),
            lasted(run.ended.since(run.started)),
            run.reason
        );
        self.lines.text("last run", Vec::new(), &text, Tone::Text, 0);
    }

    /// Who goes first, whether it takes turns, and when it was last seen.
    fn watch(&mut self) {
        let row = self.row;
        let mut parts = vec![match row.watch {
            WatchKind::Always => "always".to_owned(),
            WatchKind::Rotate => "takes turns".to_owned(),
        }];
        parts.push(format!("priority {}", row.priority));
        if row.watch == WatchKind::Rotate {
            parts.push(row.last_seen.map_or_else(
                || "not seen yet".into(),
                |seen| format!("last seen {} ago", slow_age(self.now.since(seen))),
            ));
        }
        if !row.tags.is_empty() {
            parts.push(format!("tags {}", row.tags.join(" ")));
        }
        let groups = parts.into_iter().map(|text| vec![(text, Tone::Dim)]).collect();
        self.lines.flow("watch", groups, ", ");
    }

    fn last_line(&mut self) {
        let row = self.row;
        if row.last_message.is_empty() {
            return;
        }
        let text = format!("{} ({} ago)", row.last_message, self.ago(row.last_message_at));
        self.lines.text("last line", Vec::new(), &text, Tone::Dim, 0);
    }
}
