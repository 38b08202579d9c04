//! `headend logs`: what is in memory of a log, further back from its files, and what comes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::args;
use super::session::{Following, Session};
use crate::cli::{FAILED, Failed, OK, print};
use crate::link::{ClientMessage, Link, MAX_FOLLOWED, Role, ServerMessage};
use crate::model::{LineLevel, LogLine, LogPlace, StreamIx, WallTime};
use crate::service::OWN_LOG;

/// Lines of each stream that are shown when nobody says how many.
const USUAL_LINES: usize = 50;
/// Lines of each stream that are kept to be shown at the beginning, whatever was asked for.
const MAX_LINES: usize = 100_000;
/// Lines that are read back at a time; the supervisor has a bound of its own.
const PIECE: usize = 1_000;
/// The supervisor reads a piece within this.
const PIECE_LIMIT: Duration = Duration::from_secs(20);
/// After a refusal it is asked again so much later: others read too.
const AGAIN: Duration = Duration::from_millis(200);
/// What headend's own log is called.
const OWN_NAME: &str = "_headend";

/// What is wanted of each log.
#[derive(Debug, Clone, Copy)]
struct Wish {
    level: LineLevel,
    /// Nothing older; milliseconds since the Unix epoch.
    since_ms: u64,
    lines: usize,
    /// Files are read where memory does not reach.
    back: bool,
}

impl Wish {
    fn of(args: &args::Logs, now_ms: u64) -> Self {
        let level = match args.level {
            args::Level::Error => LineLevel::Error,
            args::Level::Warning => LineLevel::Warning,
            args::Level::Info => LineLevel::Info,
            args::Level::Debug => LineLevel::Debug,
        };
        let ago = |span: Duration| now_ms.saturating_sub(u64::try_from(span.as_millis()).unwrap_or(u64::MAX));
        let usual = if args.since.is_some() { MAX_LINES } else { USUAL_LINES };
        Self {
            level,
            since_ms: args.since.map_or(0, ago),
            lines: args.lines.and_then(|lines| usize::try_from(lines).ok()).unwrap_or(usual),
            back: args.since.is_some() || args.lines.is_some(),
        }
    }

    fn takes(&self, line: &LogLine) -> bool {
        // A line whose time is not known is as old as those around it.
        line.level <= self.level && (line.wall_ms == 0 || line.wall_ms >= self.since_ms)
    }

    /// Whether older lines than these can be wanted: `oldest` is the first of all that were looked at.
    fn wants_more(&self, found: usize, oldest: Option<u64>) -> bool {
        self.back && found < self.lines && oldest.is_none_or(|at| at == 0 || at >= self.since_ms)
    }
}

/// One stream's, and the prefix of its lines.
struct Log {
    prefix: String,
    /// Lines that are wanted, oldest first.
    lines: Vec<LogLine>,
}

/// Prints them.
pub fn run(args: &args::Logs) -> Result<u8, Failed> {
    let wish = Wish::of(args, super::wall_ms());
    let mut session = Session::open(&args.place, Role::Viewer)?;
    let mut logs = whose(&session, args)?;
    let following = Following::begin()?;
    session.remote.send(ClientMessage::FollowLogs(logs.keys().copied().collect()));
    let oldest = from_memory(&mut session, &mut logs, &wish)?;
    for (ix, (first, at)) in oldest {
        if let Some(log) = logs.get_mut(&ix)
            && !following.is_over()
        {
            from_files(&mut session, ix, log, &wish, (first, at))?;
        }
    }
    print(&merged(&mut logs, wish.lines))?;
    if !args.follow {
        return Ok(OK);
    }
    while !following.is_over() {
        for message in session.wait(Following::next_look())? {
            if let ServerMessage::Log { stream, lines, missed, .. } = message
                && let Some(log) = logs.get(&stream)
            {
                print(&come(&log.prefix, &lines, missed, wish.level))?;
            }
        }
    }
    Ok(OK)
}

/// The streams that are meant, with their prefixes: none for one alone.
fn whose(session: &Session, args: &args::Logs) -> Result<BTreeMap<StreamIx, Log>, Failed> {
    let of = |ix, id: &str| (ix, Log { prefix: format!("{id}  "), lines: Vec::new() });
    let mut logs: BTreeMap<StreamIx, Log> = if args.selector == [OWN_NAME] {
        [of(OWN_LOG, OWN_NAME)].into()
    } else {
        let which = args::Which { selector: args.selector.clone(), all: false };
        let (_, found) = session.select(&which)?;
        found.rows.iter().map(|(ix, row)| of(*ix, row.id.as_str())).collect()
    };
    if logs.len() > MAX_FOLLOWED {
        let why = format!("that is {} streams; {MAX_FOLLOWED} logs can be shown at a time", logs.len());
        return Err(Failed::Arguments(why));
    }
    if logs.len() == 1 {
        for log in logs.values_mut() {
            log.prefix.clear();
        }
    }
    Ok(logs)
}

/// The number and the time of the first line in memory; `None` for the time: there is none.
type Oldest = (u64, Option<u64>);

/// Waits for what is in memory of each.
fn from_memory(
    session: &mut Session,
    logs: &mut BTreeMap<StreamIx, Log>,
    wish: &Wish,
) -> Result<BTreeMap<StreamIx, Oldest>, Failed> {
    let until = Instant::now() + PIECE_LIMIT;
    let mut oldest = BTreeMap::new();
    while oldest.len() < logs.len() {
        if Instant::now() >= until {
            return Err(Failed::Said(FAILED, "headend has not sent the logs in time".into()));
        }
        for message in session.wait(until)? {
            if let ServerMessage::Log { stream, first, lines, .. } = message
                && let Some(log) = logs.get_mut(&stream)
            {
                oldest.entry(stream).or_insert((first, lines.first().map(|line| line.wall_ms)));
                log.lines.extend(lines.into_iter().filter(|line| wish.takes(line)));
            }
        }
    }
    Ok(oldest)
}

/// Reads older lines back until there are enough, or none.
fn from_files(
    session: &mut Session,
    ix: StreamIx,
    log: &mut Log,
    wish: &Wish,
    (first, mut oldest): Oldest,
) -> Result<(), Failed> {
    let mut before = Some(LogPlace::Line(first));
    while let Some(place) = before.filter(|_| wish.wants_more(log.lines.len(), oldest)) {
        let old = read_piece(session, ix, place)?;
        oldest = old.lines.iter().map(|placed| placed.line.wall_ms).find(|at| *at != 0).or(oldest);
        let wanted = old.lines.into_iter().map(|placed| placed.line).filter(|line| wish.takes(line));
        let mut lines: Vec<LogLine> = wanted.collect();
        lines.append(&mut log.lines);
        log.lines = lines;
        before = old.before.filter(|next| *next != place);
    }
    Ok(())
}

fn read_piece(
    session: &mut Session,
    stream: StreamIx,
    before: LogPlace,
) -> Result<crate::model::OldLines, Failed> {
    const SEQ: u64 = 2;
    let until = Instant::now() + PIECE_LIMIT;
    let ask = ClientMessage::ReadLog { seq: SEQ, stream, before, lines: PIECE };
    session.remote.send(ask.clone());
    while Instant::now() < until {
        for message in session.wait(until)? {
            match message {
                ServerMessage::OldLog { seq: SEQ, old, .. } => return Ok(old),
                ServerMessage::Answer { seq: SEQ, .. } => {
                    std::thread::sleep(AGAIN);
                    session.remote.send(ask.clone());
                }
                // What comes meanwhile is newer than what is printed first.
                _ => {}
            }
        }
    }
    Err(Failed::Said(FAILED, "headend has not read the log in time".into()))
}

/// The last `count` lines of each, by their times; those of one stream keep their order.
fn merged(logs: &mut BTreeMap<StreamIx, Log>, count: usize) -> String {
    let mut all: Vec<(u64, String)> = Vec::new();
    for log in logs.values_mut() {
        let from = log.lines.len().saturating_sub(count);
        let mut at = 0;
        for line in log.lines.drain(..).skip(from) {
            // One without a time, or from before the clock was set back, stays behind the one before it.
            at = at.max(line.wall_ms);
            all.push((at, shown(&log.prefix, &line)));
        }
    }
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, line)| line).collect()
}

fn come(prefix: &str, lines: &[LogLine], missed: u64, level: LineLevel) -> String {
    let lost = match missed {
        0 => String::new(),
        1 => format!("{prefix}headend: 1 line was missed\n"),
        missed => format!("{prefix}headend: {missed} lines were missed\n"),
    };
    let lines = lines.iter().filter(|line| line.level <= level).map(|line| shown(prefix, line));
    lines.fold(lost, |out, line| out + &line)
}

/// A line as it stands in the file, with its end.
fn shown(prefix: &str, line: &LogLine) -> String {
    let time = if line.wall_ms == 0 { "-".to_owned() } else { WallTime(line.wall_ms).to_string() };
    format!("{prefix}{time} {} {}\n", line.level.word().to_uppercase(), line.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(wall_ms: u64, level: LineLevel, text: &str) -> LogLine {
        LogLine { wall_ms, level, text: text.into() }
    }

    fn args(line: &[&str]) -> args::Logs {
        use clap::{Args, FromArgMatches};
        let command = args::Logs::augment_args(clap::Command::new("logs"));
        args::Logs::from_arg_matches(&command.get_matches_from(line)).unwrap()
    }

    #[test]
    fn what_is_wanted_follows_from_the_arguments() {
        let wish = Wish::of(&args(&["logs", "a"]), 10_000);
        assert_eq!((wish.since_ms, wish.lines, wish.back), (0, USUAL_LINES, false));
        let wish = Wish::of(&args(&["logs", "a", "--since", "5s", "--level", "warning"]), 10_000);
        assert_eq!((wish.since_ms, wish.lines, wish.back), (5_000, MAX_LINES, true));
        assert!(
            wish.takes(&line(5_000, LineLevel::Error, "")) && wish.takes(&line(0, LineLevel::Warning, ""))
        );
        assert!(
            !wish.takes(&line(4_999, LineLevel::Error, "")) && !wish.takes(&line(6_000, LineLevel::Info, ""))
        );
        assert!(wish.wants_more(0, Some(5_000)) && !wish.wants_more(0, Some(4_000)));
        let wish = Wish::of(&args(&["logs", "a", "-n", "2"]), 10_000);
        assert!(wish.wants_more(1, Some(1)) && !wish.wants_more(2, Some(1)));
    }

    #[test]
    fn several_are_merged_by_time_with_the_id_before_each_line() {
        let log = |prefix: &str, times: &[u64]| Log {
            prefix: prefix.into(),
            lines: times.iter().map(|at| line(*at, LineLevel::Info, &format!("at {at}"))).collect(),
        };
        let mut logs = [(StreamIx(0), log("a  ", &[1, 5, 0, 9])), (StreamIx(1), log("b  ", &[2, 6]))].into();
        let lines = merged(&mut logs, 3);
        let texts: Vec<&str> = lines.lines().map(|line| line.rsplit(' ').next().unwrap()).collect();
        assert_eq!(texts, ["2", "5", "0", "6", "9"]);
        assert!(lines.starts_with("b  1970-01-01T00:00:00.002Z INFO at 2\n"), "{lines}");
    }

    #[test]
    fn what_comes_is_sieved_and_what_was_missed_is_said() {
        let lines = [line(1, LineLevel::Error, "bad"), line(1, LineLevel::Debug, "chatter")];
        let told = come("", &lines, 3, LineLevel::Warning);
        assert_eq!(told, "headend: 3 lines were missed\n1970-01-01T00:00:00.001Z ERROR bad\n");
    }
}
