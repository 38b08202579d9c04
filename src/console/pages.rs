//! How the pages with several parts are laid out: the stream's and the machine's. Where not all parts
//! fit, one is seen, and a key leads to the next.

use ratatui::layout::Rect;

/// A part of the stream's page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// What state, why, what next; and everything else the row holds.
    #[default]
    Overview,
    /// Its figures over time.
    Charts,
    /// The last runs.
    Runs,
    /// The command as it was run.
    Command,
    /// Its log.
    Log,
}

impl Part {
    /// Every part, in the order of the key.
    pub const ALL: [Self; 5] = [Self::Overview, Self::Charts, Self::Runs, Self::Command, Self::Log];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Charts => "charts",
            Self::Runs => "runs",
            Self::Command => "command",
            Self::Log => "log",
        }
    }
}

/// A part of the machine's page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// What is measured.
    #[default]
    Meters,
    /// Who takes most.
    Top,
    /// What the operator must know.
    Notices,
    /// How telling people goes; not there where nobody is to be told.
    Alerts,
}

impl Section {
    /// Every part, in the order of the key.
    pub const ALL: [Self; 4] = [Self::Meters, Self::Top, Self::Notices, Self::Alerts];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Meters => "meters",
            Self::Top => "top",
            Self::Notices => "notices",
            Self::Alerts => "alerts",
        }
    }
}

/// A part with its place. Two or more on one screen have a title line each.
pub type Placed<P> = (P, Rect);

/// From this width on the stream's page has its log beside what is known, and from the second on its
/// charts between the two.
const WITH_LOG: u16 = 150;
const WITH_CHARTS: u16 = 200;
/// From this height on several parts stand below each other.
const STACKED: u16 = 40;
/// From this height on charts stand below what is known, beside the log.
const HALVED: u16 = 28;
/// Lines for the command where all stand below each other, its title included.
const COMMAND: u16 = 9;
/// Lines of charts in the overview, their title and their time axis included; and of all below the
/// facts.
const CHARTS: u16 = 10;
const BELOW_FACTS: u16 = 21;

/// The line of a page that says what it is about, and what is below.
#[must_use]
pub fn title_and_rest(body: Rect) -> (Rect, Rect) {
    let title = Rect { height: body.height.min(1), ..body };
    (title, Rect { y: title.bottom(), height: body.height - title.height, ..body })
}

/// Shares a line out: parts with these weights, a cell between two.
fn beside<const N: usize>(area: Rect, weights: [u16; N]) -> [Rect; N] {
    let (all, gaps) = (weights.iter().sum::<u16>().max(1), cells_between(N));
    let room = area.width.saturating_sub(gaps);
    let mut x = area.x;
    let mut n = 0;
    weights.map(|weight| {
        n += 1;
        let share = u32::from(room) * u32::from(weight) / u32::from(all);
        let width =
            if n == N { area.right().saturating_sub(x) } else { u16::try_from(share).unwrap_or(room) };
        let part = Rect { x, width, ..area };
        x += width + 1;
        part
    })
}

fn cells_between(parts: usize) -> u16 {
    u16::try_from(parts.saturating_sub(1)).unwrap_or(u16::MAX)
}

/// Cuts `lines` off the bottom.
fn cut(area: Rect, lines: u16) -> (Rect, Rect) {
    let lines = lines.min(area.height);
    let upper = Rect { height: area.height - lines, ..area };
    (upper, Rect { y: upper.bottom(), height: lines, ..area })
}

/// Where the parts of the stream's page stand when `part` is the one that is wanted; it is always
/// among them.
#[must_use]
pub fn stream(body: Rect, part: Part) -> Vec<Placed<Part>> {
    let (_, area) = title_and_rest(body);
    if area.width >= WITH_CHARTS && area.height >= 16 {
        let [facts, charts, log] = beside(area, [30, 34, 36]);
        let mut parts = facts_below_each_other(facts, part);
        parts.extend([(Part::Charts, charts), (Part::Log, log)]);
        return parts;
    }
    if area.width >= WITH_LOG && area.height >= 16 {
        let [left, log] = beside(area, [50, 50]);
        let mut parts = match part {
            Part::Charts => vec![(Part::Charts, left)],
            _ if area.height >= HALVED => {
                let (facts, charts) = cut(left, left.height / 2);
                let facts_part = if part == Part::Log { Part::Overview } else { part };
                vec![(facts_part, facts), (Part::Charts, charts)]
            }
            Part::Log => vec![(Part::Overview, left)],
            other => vec![(other, left)],
        };
        parts.push((Part::Log, log));
        return parts;
    }
    match (part, area.height) {
        (Part::Overview, 28..) => {
            let charts = if area.width >= 100 { CHARTS } else { 0 };
            let (facts, below) = cut(area, BELOW_FACTS.min(area.height / 5 * 3));
            let (log, charts) = (
                Rect { y: below.y + charts, height: below.height - charts, ..below },
                Rect { height: charts, ..below },
            );
            let mut parts = vec![(Part::Overview, facts)];
            parts.extend((charts.height > 0).then_some((Part::Charts, charts)));
            parts.push((Part::Log, log));
            parts
        }
        (Part::Overview, 15..) => {
            let (facts, log) = cut(area, area.height / 3);
            vec![(Part::Overview, facts), (Part::Log, log)]
        }
        _ => vec![(part, area)],
    }
}

fn facts_below_each_other(area: Rect, part: Part) -> Vec<Placed<Part>> {
    if area.height >= STACKED {
        let (rest, command) = cut(area, COMMAND);
        // A dozen runs, most of them with a long reason.
        let (overview, runs) = cut(rest, (rest.height / 2).min(26));
        return vec![(Part::Overview, overview), (Part::Runs, runs), (Part::Command, command)];
    }
    let part = if matches!(part, Part::Runs | Part::Command) { part } else { Part::Overview };
    vec![(part, area)]
}

/// Lines of the machine's list of workers where it is below the meters, its title included.
const TOP: u16 = 8;

/// From this height on how telling goes stands below the rest of the machine's page.
const WITH_ALERTS: u16 = 26;

/// Where the parts of the machine's page stand. `notices`: lines that all notices take; `alerts`: lines of
/// how telling goes, its title included.
#[must_use]
pub fn machine(body: Rect, section: Section, notices: u16, alerts: u16) -> Vec<Placed<Section>> {
    let (_, mut area) = title_and_rest(body);
    let mut parts = Vec::new();
    if section == Section::Notices && area.height < 30 {
        return vec![(Section::Notices, area)];
    }
    let lines = notices.min((area.height / 3).max(3)).min(area.height);
    // Not the only thing on a small screen, unless it is asked for.
    if lines > 0 {
        parts.push((Section::Notices, Rect { height: lines, ..area }));
        area = Rect { y: area.y + lines, height: area.height - lines, ..area };
    }
    if alerts > 0 && area.height >= WITH_ALERTS {
        let (upper, lower) = cut(area, alerts.min(area.height / 4));
        parts.push((Section::Alerts, lower));
        area = upper;
    } else if section == Section::Alerts {
        parts.push((Section::Alerts, area));
        return parts;
    }
    if area.width >= WITH_LOG && area.height >= 20 {
        let [meters, top] = beside(area, [66, 34]);
        parts.extend([(Section::Meters, meters), (Section::Top, top)]);
    } else if area.height >= 28 {
        let (meters, top) = cut(area, TOP);
        parts.extend([(Section::Meters, meters), (Section::Top, top)]);
    } else {
        parts.push((if section == Section::Top { Section::Top } else { Section::Meters }, area));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<P: Copy + PartialEq + std::fmt::Debug>(body: Rect, wanted: P, placed: &[Placed<P>]) {
        assert!(placed.iter().any(|(part, _)| *part == wanted), "{wanted:?} in {body:?}: {placed:?}");
        for (n, (part, area)) in placed.iter().enumerate() {
            assert_eq!(body.intersection(*area), *area, "{part:?} leaves {body:?}");
            for (other, beside) in &placed[n + 1..] {
                assert!(!area.intersects(*beside), "{part:?} and {other:?} in {body:?}: {placed:?}");
                assert_ne!(part, other);
            }
        }
    }

    #[test]
    fn the_part_that_is_wanted_is_there_and_none_covers_another() {
        for width in [1, 39, 40, 60, 80, 120, 149, 150, 200, 250, 500] {
            for height in 0..80 {
                let body = Rect { x: 0, y: 3, width, height };
                for part in Part::ALL {
                    check(body, part, &stream(body, part));
                }
                for section in Section::ALL {
                    for (notices, alerts) in [(1, 0), (4, 3), (60, 20)] {
                        check(body, section, &machine(body, section, notices, alerts));
                    }
                }
            }
        }
    }

    #[test]
    fn a_large_screen_has_everything_at_once() {
        let body = Rect { x: 0, y: 3, width: 200, height: 56 };
        for part in Part::ALL {
            assert_eq!(stream(body, part).len(), Part::ALL.len());
        }
        assert_eq!(machine(body, Section::Meters, 2, 3).len(), 4);
        assert_eq!(machine(body, Section::Meters, 0, 0).len(), 2);
    }
}
