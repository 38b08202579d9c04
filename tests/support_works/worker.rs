//! The stand-in worker plays what it is told.

use super::*;

#[test]
fn it_answers_a_probe_as_ffmpeg_does() {
    let answer = |question| Running::start(stand_in(), &["-hide_banner", question], &[]).finish(LIMIT).stdout;
    assert!(answer("-version").starts_with("ffmpeg version 5.1"));
    assert!(answer("-filters").lines().any(|l| l.split_whitespace().nth(1) == Some("blackdetect")));
    let protocols = answer("-protocols");
    assert!(protocols.starts_with("Supported file protocols:\nInput:\n"));
    assert!(protocols.lines().any(|l| l == "  https"));
}

#[test]
fn a_healthy_one_moves_and_ends_as_asked() {
    let mut running = worker("stand-in:healthy?fps=50");
    let progress = running.wait_stdout("three blocks", |out| values(out, "progress").len() >= 3);
    let times = out_times(&progress);
    assert!(times.windows(2).all(|w| w[0] < w[1]), "{times:?}");
    let keys: Vec<_> = progress.lines().take(12).filter_map(|l| Some(l.split_once('=')?.0)).collect();
    assert_eq!(
        keys,
        [
            "frame",
            "fps",
            "stream_0_0_q",
            "bitrate",
            "total_size",
            "out_time_us",
            "out_time_ms",
            "out_time",
            "dup_frames",
            "drop_frames",
            "speed",
            "progress"
        ]
    );
    running.process().signal(Signal::SIGTERM);
    assert_eq!(running.wait_exit(LIMIT).code(), Some(255));
    running.wait_stdout("the last block", |out| out.ends_with("progress=end\n"));
}

#[test]
fn the_mode_comes_by_any_url_or_the_environment() {
    for url in ["stand-in:exit?code=7", "http://stand-in/exit?code=7", "http://u:p@stand-in:80/exit?code=7"] {
        assert_eq!(worker(url).finish(LIMIT).code(), 7, "{url}");
    }
    let by_environment = Running::start(
        stand_in(),
        &["-i", "http://h/x"],
        &[("HEADEND_STAND_IN", "exit?code=7&stderr=a%0Ab")],
    );
    let finished = by_environment.finish(LIMIT);
    assert_eq!((finished.code(), finished.stderr.as_str()), (7, "a\nb"));
}

#[test]
fn it_can_exit_well_and_late() {
    let finished = worker("stand-in:exit?code=0&after=0.2").finish(LIMIT);
    assert_eq!(finished.code(), 0);
    assert!(!values(&finished.stdout, "frame").is_empty());
    assert!(finished.stderr.contains("Input #0"));
}

#[test]
fn a_first_term_can_be_ignored_or_all() {
    let mut running = worker("stand-in:ignore-term?times=1");
    running.wait_stdout("a block", |out| out.contains("progress="));
    running.process().signal(Signal::SIGTERM);
    let seen = values(&running.stdout(), "progress").len();
    running.wait_stdout("it goes on", |out| values(out, "progress").len() > seen + 2);
    running.process().signal(Signal::SIGTERM);
    assert_eq!(running.wait_exit(LIMIT).code(), Some(255));

    let stubborn = worker("stand-in:ignore-term");
    stubborn.wait_stdout("a block", |out| out.contains("progress="));
    for _ in 0..3 {
        stubborn.process().signal(Signal::SIGTERM);
    }
    let seen = values(&stubborn.stdout(), "progress").len();
    stubborn.wait_stdout("it goes on", |out| values(out, "progress").len() > seen + 2);
}

#[test]
fn a_stall_repeats_or_is_silent() {
    let repeating = worker("stand-in:stall?after=0.1");
    let progress = repeating.wait_stdout("the same block thrice", |out| {
        let times = out_times(out);
        times.len() >= 3 && times[times.len() - 3..].iter().all(|t| *t == 100_000)
    });
    assert!(progress.ends_with("progress=continue\n"));

    let silent = worker("stand-in:stall?after=0.1&kind=silent");
    silent.wait_stdout("a block", |out| out.contains("progress="));
    let mut seen = 0;
    wait_until("no more blocks", LIMIT, || {
        let before = std::mem::replace(&mut seen, silent.bytes().0);
        std::thread::sleep(Duration::from_millis(200));
        before == seen
    });
    assert!(silent.process().is_alive());
}

#[test]
fn it_chatters_in_numbered_lines() {
    let chatty = worker("stand-in:chatter?n=12&who=me");
    chatty.wait_stdout("a block", |out| out.contains("progress="));
    let said = chatty.stderr();
    assert_eq!(said.lines().filter(|line| line.contains("] chatter ")).count(), 12);
    assert!(said.contains("[error] [hls @ 0x55d0c0ffee00] chatter 11 of me\n"), "{said}");
}

#[test]
fn a_hang_shows_no_frame() {
    let hanging = worker("stand-in:hang?blocks=1");
    let progress = hanging.wait_stdout("two blocks", |out| values(out, "progress").len() >= 2);
    assert!(values(&progress, "frame").iter().all(|f| f == "0"));
    assert!(values(&progress, "out_time_us").iter().all(|t| t == "N/A"));
}

#[test]
fn output_time_can_go_backwards() {
    worker("stand-in:backwards?every=3").wait_stdout("a step back", |out| {
        let end = out.rfind("progress=").unwrap_or(0);
        out_times(&out[..end]).windows(2).any(|w| w[1] < w[0])
    });
}

#[test]
fn floods_and_long_lines_come_beside_good_blocks() {
    let flood = worker("stand-in:flood?to=stderr");
    wait_until("20 MB", LIMIT, || flood.bytes().1 > 20_000_000);
    flood.wait_stdout("good blocks", |out| values(out, "progress").len() >= 2);

    let endless = worker("stand-in:endless-line?to=stderr&rate=1000000");
    wait_until("a line of 300 kB", LIMIT, || endless.bytes().1 > 300_000);
    let tail = endless.stderr().rsplit('\n').next().unwrap().len();
    assert!(tail > 200_000, "a line feed within {tail} bytes");

    let long = worker("stand-in:long-line?to=stdout&mb=20");
    wait_until("the line", LIMIT, || long.bytes().0 >= 19_900_000);
}

#[test]
fn a_flood_does_not_keep_it_from_ending() {
    // Nobody reads: the main thread is stuck in a full pipe.
    let mut child = std::process::Command::new(stand_in())
        .args(["-i", "stand-in:flood?to=stdout"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let pid = child.id().cast_signed();
    let process = Process::find(pid).unwrap();
    wait_until("its signals are watched", LIMIT, || {
        std::fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count) == 2
    });
    process.signal(Signal::SIGTERM);
    let until = Instant::now() + LIMIT;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > until {
            child.kill().unwrap();
            panic!("it did not end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.wait().unwrap();
}

#[test]
fn bad_bytes_and_secrets_are_printed() {
    let bad = worker("stand-in:bad-bytes");
    bad.wait_stderr("a byte that is no UTF-8", |err| err.contains('\u{fffd}') && err.contains('\0'));
    bad.wait_stdout("a good block too", |out| out.contains("progress=continue"));
    worker("stand-in:secrets?canary=c4n4ry")
        .wait_stderr("the canary", |err| err.matches("c4n4ry").count() >= 5);
}

#[test]
fn it_closes_its_pipes_and_lives() {
    let running = worker("stand-in:close?what=both");
    let open = |fd| Path::new(&format!("/proc/{}/fd/{fd}", running.pid())).symlink_metadata().is_ok();
    wait_until("closed pipes", LIMIT, || !open(1) && !open(2));
    assert!(running.process().is_alive());
}

#[test]
fn without_stderr_alone_blocks_go_on() {
    let running = worker("stand-in:close?what=stderr");
    let open = || Path::new(&format!("/proc/{}/fd/2", running.pid())).symlink_metadata().is_ok();
    wait_until("a closed pipe", LIMIT, || !open());
    let seen = values(&running.stdout(), "progress").len();
    running.wait_stdout("it goes on", |out| values(out, "progress").len() > seen + 2);
}

#[test]
fn starts_are_journalled_and_a_fault_can_be_ended() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, sign) = (folder.path().join("journal"), folder.path().join("sign"));
    std::fs::write(&sign, "").unwrap();
    let url = format!("stand-in:exit?code=4&while={}&journal={}", sign.display(), journal.display());
    let before = worker(&url);
    let pid = before.pid();
    assert_eq!(before.finish(LIMIT).code(), 4);
    std::fs::remove_file(&sign).unwrap();
    let after = worker(&url);
    after.wait_stdout("a block", |out| out.contains("progress=continue"));
    let text = std::fs::read_to_string(&journal).unwrap();
    let starts: Vec<(i32, u64)> = text
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(pid, forked)| (pid.parse().unwrap(), forked.parse().unwrap()))
        .collect();
    assert_eq!((starts[0].0, starts[1].0), (pid, after.pid()), "{text}");
    assert!(starts[0].1 <= starts[1].1, "{text}");
}

#[test]
fn one_that_reads_waits_for_the_end_of_its_input() {
    let mut child = std::process::Command::new(stand_in())
        .args(["-stats_period", "0.05", "-progress", "pipe:1", "-i", "stand-in:read-stdin"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let process = Process::find(child.id().cast_signed()).unwrap();
    wait_until("it sleeps in a read", LIMIT, || {
        let call = std::fs::read_to_string(format!("/proc/{}/wchan", process.pid)).unwrap();
        call.contains("pipe_read") || call == "0"
    });
    assert_eq!(process.written(), 0);
    drop(child.stdin.take());
    wait_until("a block", LIMIT, || process.written() > 100);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn one_that_stalls_can_leave_a_child_with_its_pipes() {
    let mut running = worker("stand-in:stall?after=0.1&child=1&for=65.3");
    running.wait_stdout("a stall", |out| out_times(out).iter().filter(|t| **t == 100_000).count() >= 3);
    running.process().signal(Signal::SIGTERM);
    assert_eq!(running.wait_exit(LIMIT).code(), Some(255));
    let children = processes::with_argument("sleep?for=65.3");
    assert_eq!(children.len(), 1);
    children[0].signal(Signal::SIGKILL);
    processes::wait_gone(&children, LIMIT);
}

#[test]
fn a_grandchild_can_pour_into_the_pipes() {
    let mut running = worker("stand-in:grandchild?does=flood&for=64.7&code=5");
    assert_eq!(running.wait_exit(LIMIT).code(), Some(5));
    wait_until("a flood after its end", LIMIT, || running.bytes().1 > 1_000_000);
    let children = processes::with_argument("flood?for=64.7");
    assert_eq!(children.len(), 1);
    children[0].signal(Signal::SIGKILL);
    processes::wait_gone(&children, LIMIT);
}

#[test]
fn canaries_sing_and_tell_who_was_hurt() {
    if !support::stage::pid_namespaces() {
        support::stage::skipped("canaries: pid namespaces are not allowed here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    std::fs::write(&journal, "350 1\n360 1\n370 1\n").unwrap();
    let url = format!("stand-in:canaries?of={}", journal.display());
    let run = |script: &str| {
        let namespace = ["--pid", "--fork", "--kill-child", "--mount-proc"];
        let ours = [stand_in().to_str().unwrap(), "-i", &url, "--", SH, "-c", script];
        Running::start(Path::new("unshare"), &[&namespace[..], &ours].concat(), &[])
    };
    let quiet = run("exit 0");
    let out = quiet.wait_stdout("three canaries", |out| out.matches("canary").count() == 3);
    assert!(out.contains("ended") && !out.contains("hurt"), "{out}");
    let mut pids: Vec<&str> = out.lines().filter_map(|line| line.strip_prefix("canary ")).collect();
    pids.sort_unstable();
    assert_eq!(pids, ["350", "360", "370"]);
    // Signals a number that it believes to be its own.
    let careless = run("while :; do kill -TERM 360 2>/dev/null && break; done");
    careless.wait_stdout("a hurt canary", |out| out.contains("hurt 360 SIGTERM"));
    careless.wait_stdout("the others", |out| out.matches("canary").count() == 2);
}

#[test]
fn the_wall_clock_of_a_program_can_be_stepped() {
    let folder = tempfile::tempdir().unwrap();
    let step = folder.path().join("step");
    let library = support::clock_step().to_str().unwrap();
    let environment = [("LD_PRELOAD", library), ("HEADEND_TEST_CLOCK", step.to_str().unwrap())];
    let seconds = || {
        let date = Running::start(Path::new("date"), &["+%s"], &environment).finish(LIMIT);
        date.stdout.trim().parse::<i64>().unwrap()
    };
    let now = seconds();
    for hour in [3_600, -3_600] {
        std::fs::write(&step, hour.to_string()).unwrap();
        let stepped = seconds() - now;
        assert!((hour..hour + 600).contains(&stepped), "{stepped}");
    }
}

#[test]
fn a_grandchild_outlives_it_and_a_crowd_is_a_crowd() {
    let mut running = worker("stand-in:grandchild?after=0.2&for=61.7&code=5");
    let children = wait_for("a grandchild", LIMIT, || {
        let found = processes::children_of(running.pid());
        found.iter().any(|c| c.arguments().iter().any(|a| a == "stand-in:sleep?for=61.7")).then_some(found)
    });
    assert_eq!(running.wait_exit(LIMIT).code(), Some(5));
    assert!(children[0].is_alive());
    assert_eq!(processes::with_argument("sleep?for=61.7"), children);
    children[0].signal(Signal::SIGTERM);
    processes::wait_gone(&children, LIMIT);

    let _crowd = worker("stand-in:crowd?n=7&for=63.1");
    let children = wait_for("seven children", LIMIT, || {
        let found = processes::with_argument("sleep?for=63.1");
        (found.len() == 7).then_some(found)
    });
    for child in &children {
        child.signal(Signal::SIGKILL);
    }
    processes::wait_gone(&children, LIMIT);
}
