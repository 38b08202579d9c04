//! What the operator wants survives SIGKILL.

mod support;

use support::LIMIT;
use support::processes::wait_gone;
use support::pty::Key;
use support::site::{Site, wait_workers, workers};

#[test]
fn stopped_streams_stay_stopped_and_the_others_come_back() {
    let site = Site::new("", &["healthy?kbps=1", "healthy?kbps=2", "healthy?kbps=3"]);
    let mut screen = site.screen((120, 40));
    screen.wait_text("live 3");
    let before = wait_workers(screen.pid(), 3);
    screen.keys("/s1");
    screen.press(Key::Enter);
    screen.wait_no_text("Stream 2");
    screen.keys("x");
    // The toast comes when it is on disk.
    screen.wait_text("stop");
    screen.wait_text("live 2");
    screen.settle(std::time::Duration::from_millis(1_500));
    screen.kill();
    wait_gone(&before, LIMIT);

    let headend = site.headless(&[]);
    let after = wait_workers(headend.pid(), 2);
    let inputs: String = after.iter().flat_map(|w| w.arguments()).collect();
    assert!(inputs.contains("kbps=1") && inputs.contains("kbps=3") && !inputs.contains("kbps=2"), "{inputs}");
    assert_eq!(workers(headend.pid()).len(), 2);
}
