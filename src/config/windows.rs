//! `on_air`, `maintenance` and `time_zone`: windows in time, read in the zone they are meant in.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::mistake::quote;
use super::report::Report;
use super::section::Section;
use super::words::{Problem, nearest};
use crate::model::{InvalidWindow, Schedule, Window};

/// The windows a stream takes over from further out.
#[derive(Debug, Clone, Default)]
pub(super) struct Windows {
    /// When it is on air; `None`: always.
    pub on_air: Option<Arc<Schedule>>,
    /// When its faults are expected; `None`: never.
    pub maintenance: Option<Arc<Schedule>>,
    /// `None`: the system's.
    zone: Option<TimeZone>,
}

impl Windows {
    /// Takes over what `section` says instead.
    pub fn refine(&mut self, section: &Section<'_, '_>, report: &mut Report) {
        if let Some(zone) = read_zone(section, report) {
            // A zone that is closer by also holds for windows that were written further out.
            for schedule in [&mut self.on_air, &mut self.maintenance].into_iter().flatten() {
                *schedule = Arc::new(schedule.in_zone(zone.clone()));
            }
            self.zone = Some(zone);
        }
        for (key, place) in [("on_air", &mut self.on_air), ("maintenance", &mut self.maintenance)] {
            if let Some(windows) = read_windows(section, key, report) {
                *place = schedule_of(windows, self.zone.clone()).map(Arc::new);
            }
        }
    }
}

/// The windows of a list; `None`: there is no such list.
pub(super) fn read_windows(section: &Section<'_, '_>, key: &str, report: &mut Report) -> Option<Vec<Window>> {
    let read = section.list(key, Schedule::MAX_WINDOWS, report)?.into_iter().filter_map(|text| {
        let window = Window::parse(text.value).map_err(problem);
        window.map_err(|problem| report.mistake(section.sheet, text.span, problem)).ok()
    });
    Some(read.collect())
}

/// Windows in `zone`, by default the system's; `None` of none.
pub(super) fn schedule_of(windows: Vec<Window>, zone: Option<TimeZone>) -> Option<Schedule> {
    let zone = || zone.unwrap_or_else(TimeZone::system);
    (!windows.is_empty()).then(|| Schedule::new(windows, zone()))
}

pub(super) fn read_zone(section: &Section<'_, '_>, report: &mut Report) -> Option<TimeZone> {
    let name = section.text("time_zone", report)?;
    if let Ok(zone) = TimeZone::get(name.value) {
        return Some(zone);
    }
    let known: Vec<_> = jiff::tz::db().available().map(|name| name.as_str().to_owned()).collect();
    let expected = match nearest(name.value, known.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean {}?", quote(meant)),
        None if known.is_empty() => {
            "this machine knows none; expected its package of time zones (tzdata) to be installed".to_owned()
        }
        None => "expected one like \"Europe/Berlin\" or \"UTC\"".to_owned(),
    };
    let message = format!("there is no time zone {}", quote(name.value));
    report.mistake(section.sheet, name.span, Problem::new(message, expected));
    None
}

fn problem(invalid: InvalidWindow) -> Problem {
    Problem::new(format!("{} {}", quote(&invalid.part), invalid.what), invalid.expected)
}
