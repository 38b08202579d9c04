//! The grid as an operator arranges it, in a real terminal: queries, selections, views, columns, and
//! what of it is there again at the next start.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the message")]

mod support;

use support::pty::{Key, Screen};
use support::stage::{QUICK, Stage, WIDE};
use support::{LIMIT, processes, wait_for};

/// Four streams in two groups.
fn four() -> Stage {
    four_with("")
}

fn four_with(settings: &str) -> Stage {
    let stage = Stage::empty();
    stage.write(&text_of_four(&stage, settings));
    stage
}

fn text_of_four(stage: &Stage, settings: &str) -> String {
    let mut text = format!("{settings}{QUICK}");
    for (id, group) in [("alpha", "news"), ("beta", "sport"), ("gamma", "news"), ("delta", "sport")] {
        text += &stage.stream(id, "healthy", &format!("group = \"{group}\""));
    }
    text
}

fn all_live(screen: &Screen) {
    for id in ["alpha", "beta", "gamma", "delta"] {
        screen.wait_phase(id, "live");
    }
}

#[test]
fn a_query_with_a_mistake_is_pointed_at_and_can_be_mended() {
    let stage = four();
    let screen = stage.console(WIDE, &[]);
    all_live(&screen);
    screen.keys("/group:sport helth:ok");
    screen.wait_text("no field \"helth\"; did you mean health?");
    screen.wait_text("not applied, shown: /group:sport ");
    // Taken it is not.
    screen.press(Key::Enter);
    for _ in 0.."helth:ok".len() {
        screen.press(Key::Backspace);
    }
    screen.keys("id:b*");
    screen.wait_text("1 of 4");
    screen.wait_no_text("did you mean");
    screen.press(Key::Enter);
    screen.wait_text("/group:sport id:b*");
    assert!(screen.row("alpha").is_empty() && !screen.row("beta").is_empty());
}

#[test]
fn selected_streams_are_stopped_after_a_question_and_come_back() {
    let stage = four();
    let screen = stage.console(WIDE, &[]);
    all_live(&screen);
    let (alpha, delta) = (stage.worker("alpha"), stage.worker("delta"));
    // beta and gamma.
    screen.keys("j  ");
    screen.wait_text("2 selected");
    screen.keys("x");
    screen.wait_text("Stop 2 streams?");
    screen.wait_text("Selected: beta and gamma. For ten seconds u undoes it.");
    screen.keys("n");
    screen.wait_no_text("Stop 2 streams?");
    screen.keys("xy");
    screen.wait_phase("beta", "stopped");
    screen.wait_phase("gamma", "stopped");
    screen.wait_text("stop 2 streams: done, 2 streams (u undoes)");
    screen.keys("u");
    screen.wait_text("undone: stop 2 streams");
    all_live(&screen);
    assert_eq!((stage.worker("alpha"), stage.worker("delta")), (alpha, delta), "nobody else was touched");
    screen.press(Key::Esc);
    screen.wait_no_text("2 selected");
}

#[test]
fn views_and_columns_are_there_again_at_the_next_start() {
    let configured = "[[view]]\nname = \"only news\"\nkey = 1\nfilter = \"group:news\"\n";
    let stage = four_with(configured);
    let mut screen = stage.console(WIDE, &[]);
    all_live(&screen);
    screen.keys("1");
    screen.wait_text("view 1 only news");
    screen.wait_text("2 of 4 shown");
    screen.keys("0");
    screen.wait_no_text("only news");
    // The process id goes, the open files come.
    screen.wait_text("pid");
    screen.keys("C");
    screen.wait_text("columns: as suits the screen");
    for (column, on_screen) in [("pid", true), ("fds", false)] {
        let marked = if on_screen { format!("[x] {column}") } else { format!("[ ] {column}") };
        let under_cursor = |screen: &Screen| screen.text().contains(&format!("▌{marked}"));
        wait_for(&format!("{column} under the cursor"), LIMIT, || {
            under_cursor(&screen).then_some(()).or_else(|| {
                screen.keys("j");
                None
            })
        });
        screen.keys(" ");
        screen.wait_no_text(&marked);
        screen.keys("g");
    }
    screen.press(Key::Esc);
    screen.wait_no_text("columns: as you chose");
    screen.wait_text("files");
    // What is shown now is saved on the next free key.
    screen.filter("sport");
    screen.press(Key::Ctrl('n'));
    screen.wait_text("save view as:");
    screen.keys("the sport");
    screen.press(Key::Enter);
    screen.wait_text("the view the sport is on 2");
    assert!(screen.quit().success());

    let mut screen = stage.console(WIDE, &[]);
    all_live(&screen);
    assert!(screen.text().contains("files") && !screen.text().contains(" pid "), "{}", screen.text());
    screen.keys("2");
    screen.wait_text("view 2 the sport");
    screen.wait_text("2 of 4 shown");
    assert!(screen.row("alpha").is_empty() && !screen.row("delta").is_empty());
    assert!(screen.quit().success());

    // A damaged file is put aside and told, and everything goes on without it.
    let file = stage.state().join("console.toml");
    std::fs::write(&file, "columns = [\"nmae\"]\n").unwrap();
    let screen = stage.console(WIDE, &[]);
    screen.wait_text("console.toml is damaged");
    screen.wait_text(" pid ");
    assert!(!file.exists() && stage.state().join("console.toml.damaged").exists());
}

#[test]
fn a_view_that_is_written_while_it_runs_is_on_its_key_at_once() {
    let stage = four();
    let screen = stage.console(WIDE, &[]);
    all_live(&screen);
    screen.keys("5");
    screen.wait_text("no view is on 5");
    let view = |name: &str, group: &str| {
        format!("[[view]]\nname = \"{name}\"\nkey = 5\nfilter = \"group:{group}\"\n")
    };
    stage.write(&text_of_four(&stage, &view("only news", "news")));
    screen.wait_text("settings read anew");
    screen.keys("5");
    screen.wait_text("view 5 only news");
    screen.wait_text("2 of 4 shown");
    assert!(screen.row("beta").is_empty() && !screen.row("alpha").is_empty());
    // Another one in its place, and a mistake, which leaves it there.
    stage.write(&text_of_four(&stage, &view("the sport", "sport")));
    screen.wait_no_text("only news");
    screen.keys("5");
    screen.wait_text("view 5 the sport");
    stage.write(&text_of_four(&stage, &view("broken", "sport (")));
    screen.wait_text("headend.toml:");
    screen.keys("05");
    screen.wait_text("view 5 the sport");
    stage.write(&text_of_four(&stage, ""));
    screen.wait_no_text("headend.toml:");
    screen.keys("05");
    screen.wait_text("no view is on 5");
}

#[test]
fn a_group_is_stopped_from_its_line() {
    let stage = four();
    let screen = stage.console(WIDE, &[]);
    all_live(&screen);
    screen.keys("t");
    screen.wait_text("2 streams");
    screen.keys("_");
    screen.wait_until("all folded", |shown| !shown.contents().contains("alpha"));
    let workers = stage.wait_workers(4);
    screen.keys("jx");
    screen.wait_text("Stop 2 streams?");
    screen.wait_text("The group sport: beta and delta.");
    screen.keys("y");
    screen.wait_text("stopped 2");
    let left = stage.wait_workers(2);
    let gone: Vec<_> = workers.into_iter().filter(|worker| !left.contains(worker)).collect();
    processes::wait_gone(&gone, LIMIT);
    screen.keys("*");
    screen.wait_phase("alpha", "live");
    screen.wait_phase("beta", "stopped");
}
