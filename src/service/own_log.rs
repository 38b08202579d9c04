//! headend's own log: to tui-logger for its pane, and to a file that is rotated like the others.

use std::sync::OnceLock;

use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::logs::Logs;
use crate::model::{LineLevel, LogLine, StreamId, StreamIx, clean_line};
use crate::supervisor::runtime::wall_ms;

/// The number under which headend's own lines are kept. No stream gets this far.
pub const OWN_LOG: StreamIx = StreamIx(u32::MAX);

/// Lines kept for the pane. tui-logger's own 10,000 would be reached after an hour of a storm only:
/// memory that grows for an hour looks like a leak.
pub const OWN_LINES: usize = 1_000;

/// Lines that wait to be moved. They are moved one by one, and for each move there is a new buffer:
/// room for the 1,000 that are usual would be 100 KB each time.
const WAITING_LINES: usize = 32;

/// The name of its file. Stream ids may begin with `_` but hardly with this.
const OWN_NAME: &str = "_headend";

struct OwnLog {
    drain: tui_logger::Drain,
    logs: OnceLock<Logs>,
}

static LOG: OnceLock<OwnLog> = OnceLock::new();

impl Log for OwnLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // Other crates' chatter below a warning is not the operator's.
        metadata.level() <= Level::Warn || metadata.target().starts_with("headend")
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let text = clean_line(&record.args().to_string(), LogLine::MAX_BYTES);
        let cleaned = format_args!("{text}");
        self.drain.log(
            &Record::builder()
                .metadata(record.metadata().clone())
                .args(cleaned)
                .module_path(record.module_path())
                .build(),
        );
        // Moved here, on the rare line, instead of by a thread that wakes 100 times a second.
        tui_logger::move_events();
        if let Some(logs) = self.logs.get() {
            let level = match record.level() {
                Level::Error => LineLevel::Error,
                Level::Warn => LineLevel::Warning,
                Level::Info => LineLevel::Info,
                Level::Debug | Level::Trace => LineLevel::Debug,
            };
            logs.push(OWN_LOG, LogLine { wall_ms: wall_ms(), level, text: text.as_str().into() });
        }
    }

    fn flush(&self) {}
}

/// Makes `logs` the place where the program's own lines are kept. Only the first call in a
/// process counts.
pub fn install(logs: &Logs) {
    if let Ok(id) = StreamId::new(OWN_NAME) {
        logs.register(OWN_LOG, &id);
    }
    // Fails only when it was done before.
    let _ = own_log().logs.set(logs.clone());
    install_pane();
}

fn own_log() -> &'static OwnLog {
    LOG.get_or_init(|| {
        tui_logger::set_buffer_depth(OWN_LINES);
        tui_logger::set_hot_buffer_depth(WAITING_LINES);
        OwnLog { drain: tui_logger::Drain::new(), logs: OnceLock::new() }
    })
}

/// The pane alone, for a console that is attached: the file is the supervisor's.
pub fn install_pane() {
    // Fails only when it was done before.
    if log::set_logger(own_log()).is_ok() {
        tui_logger::set_default_level(LevelFilter::Info);
        log::set_max_level(LevelFilter::Info);
    }
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::widgets::Widget;

    use super::*;

    #[test]
    fn no_more_lines_are_kept_for_the_pane_than_it_says() {
        install(&Logs::start(None, 1_000_000, 2));
        for n in 0..OWN_LINES + 500 {
            log::info!("a line of many, number {n}");
        }
        let area = Rect::new(0, 0, 120, 3_000);
        let mut pane = Buffer::empty(area);
        tui_logger::TuiLoggerWidget::default().render(area, &mut pane);
        let row = |y| -> String { (0..area.width).map(|x| pane[(x, y)].symbol()).collect() };
        let kept = (0..area.height).filter(|&y| row(y).contains("a line of many")).count();
        assert!((OWN_LINES / 2..=OWN_LINES).contains(&kept), "{kept}");
    }
}
