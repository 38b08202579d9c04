//! What other systems can ask the whole program, and that nothing they do touches a stream.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the message")]

mod support;

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use headend::http::MAX_CONNECTIONS;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::Signal;

use support::ask::{Reply, ask, get, try_get};
use support::headless::Running;
use support::openapi::Description;
use support::stage::{QUICK, Stage, measured};
use support::{HEADEND, LIMIT, wait_for, wait_until};

/// A password in the URL of each input, which must not be seen.
const CANARY: &str = "kanarie-13";
/// The token, which must not be seen either.
const TOKEN: &str = "kanarie-17";
const HTTP: &str = "[http]\nlisten = '127.0.0.1:0'\n";

fn stage(http: &str) -> Stage {
    let stage = Stage::empty();
    write(&stage, http);
    stage
}

/// Two streams that run, one of which is not well, and one that does not.
fn write(stage: &Stage, http: &str) {
    let secret = format!("healthy?token={CANARY}");
    let text = [
        stage.stream("news-1", &secret, "group = 'news'"),
        stage.stream("news-2", "healthy", "group = 'news'\ntags = ['hd']"),
        stage.stream("off-1", &secret, "group = 'sport'\nstart = false"),
    ];
    stage.write(&format!("{QUICK}{http}{}", text.concat()));
}

fn daemon_in(stage: &Stage, environment: &[(&str, &str)]) -> Running {
    let mut arguments = stage.arguments(&[]);
    arguments.insert(0, "daemon".to_owned());
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    Running::start(Path::new(HEADEND), &arguments, &stage.environment(environment))
}

/// Where it listens now, as its log tells.
fn address(stage: &Stage, before: &[SocketAddr]) -> SocketAddr {
    wait_for("the address", LIMIT, || {
        let log = stage.log("_headend");
        let told = log.rsplit("other systems can ask at http://").next()?.split('/').next()?.parse().ok()?;
        (!before.contains(&told)).then_some(told)
    })
}

fn daemon(stage: &Stage) -> (Running, SocketAddr) {
    let running = daemon_in(stage, &[]);
    let address = address(stage, &[]);
    (running, address)
}

fn wait_live(address: SocketAddr, count: u64) {
    wait_until("streams that are live", LIMIT, || {
        get(address, "/api/v1/info/monitoring").json()["streams"]["phase"]["live"] == count
    });
}

#[test]
fn other_systems_are_told_how_it_is_and_no_secrets() {
    let stage = stage(HTTP);
    let (running, address) = daemon(&stage);
    wait_live(address, 2);
    let description = Description::read();
    let mut told = String::new();
    for (path, target, status) in [
        ("/", "/", 200),
        ("/api/v1/info/health", "/api/v1/info/health", 200),
        ("/api/v1/info/monitoring", "/api/v1/info/monitoring", 200),
        ("/api/v1/streams", "/api/v1/streams", 200),
        ("/api/v1/streams", "/api/v1/streams?query=group:news", 200),
        ("/api/v1/streams/{id}", "/api/v1/streams/news-1", 200),
        ("/api/v1/streams/{id}", "/api/v1/streams/none", 404),
        ("/api/v1/incidents", "/api/v1/incidents?open=true", 200),
        ("/api/v1/incidents/{number}", "/api/v1/incidents/77", 404),
        ("/metrics", "/metrics", 200),
    ] {
        let reply = get(address, target);
        assert_eq!(reply.status, status, "{target}: {reply:?}");
        let kind = reply.field("content-type").unwrap();
        let wrong = description.mistakes(path, status, kind, &reply.body);
        assert!(wrong.is_empty(), "{target}: {wrong:#?}");
        told += &reply.body;
    }
    assert!(told.contains("token=***") && !told.contains(CANARY), "{told}");
    let health = get(address, "/api/v1/info/health").json();
    assert_eq!((&health["supervisor"]["status"], &health["store"]["status"]), (&"ok".into(), &"ok".into()));
    let one = get(address, "/api/v1/streams/news-1").json();
    assert_eq!(one["pid"], i64::from(stage.worker("news-1").pid));
    wait_until("figures in the metrics", LIMIT, || {
        let text = get(address, "/metrics").body;
        [
            "headend_streams_in_phase{phase=\"live\"} 2",
            "headend_stream_wanted{stream=\"off-1\",group=\"sport\"} 0",
        ]
        .into_iter()
        .all(|line| text.lines().any(|told| told == line))
            && text.contains("headend_stream_bytes_per_second{stream=\"news-1\"")
    });
    running.end();
    assert!(TcpStream::connect(address).is_err(), "nobody listens any more");
}

#[test]
fn a_reload_takes_another_token_and_another_address_in() {
    let token = |token: &str| format!("{HTTP}token = '{token}'\n");
    let stage = stage(&token("kanarie-old"));
    let (running, first) = daemon(&stage);
    let with = |address, token: &str| {
        ask(address, "GET", "/metrics", &[("Authorization", &format!("Bearer {token}"))]).status
    };
    assert_eq!((get(first, "/metrics").status, with(first, "kanarie-old")), (401, 200));
    let workers = stage.wait_workers(2);

    write(&stage, &token(TOKEN));
    running.process().signal(Signal::SIGHUP);
    let second = address(&stage, &[first]);
    assert_eq!((with(second, "kanarie-old"), with(second, TOKEN)), (401, 200));

    // The token that is wanted can't be had: nobody is let in, and it is said.
    write(&stage, &format!("{HTTP}token_file = 'none'\n"));
    running.process().signal(Signal::SIGHUP);
    stage.wait_log("_headend", "[http] nobody can ask");
    wait_until("it to be closed", LIMIT, || TcpStream::connect(second).is_err());

    write(&stage, HTTP);
    running.process().signal(Signal::SIGHUP);
    let third = address(&stage, &[first, second]);
    wait_until("it to be well again", LIMIT, || get(third, "/api/v1/info/health").json()["status"] == "ok");
    write(&stage, "");
    running.process().signal(Signal::SIGHUP);
    wait_until("it to be closed", LIMIT, || TcpStream::connect(third).is_err());
    assert_eq!(stage.workers(), workers, "no stream noticed");
    let tells = stage.files_that_tell(TOKEN);
    assert!(tells.is_empty(), "{tells:?}");
    running.end();
}

/// An address that was free a moment ago.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[test]
fn a_store_in_trouble_is_503_and_why() {
    let address = free_address();
    let stage = stage(&format!("[http]\nlisten = '{address}'\n"));
    // A file in its place: root may write anywhere else.
    std::fs::write(stage.state(), "in the way").unwrap();
    let running = daemon_in(&stage, &[]);
    let health = || -> Option<Reply> {
        TcpStream::connect(address).ok()?;
        Some(get(address, "/api/v1/info/health"))
    };
    let reply = wait_for("why the store is in trouble", LIMIT, || {
        health().filter(|reply| reply.json()["store"]["status"] == "critical")
    });
    assert_eq!((reply.status, &reply.json()["status"]), (503, &"critical".into()));
    let why = reply.json()["store"]["why"].as_str().unwrap().to_owned();
    assert!(why.contains("nothing is saved") && why.contains("state"), "{why}");
    // The streams are well all the same.
    wait_live(address, 2);
    running.end();
}

#[test]
fn an_address_that_is_taken_stops_no_stream_and_is_said() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let stage = stage(&format!("[http]\nlisten = '{address}'\n"));
    let running = daemon_in(&stage, &[]);
    stage.wait_workers(2);
    stage.wait_log("_headend", &format!("[http] nobody can ask at {address}"));
    // Free again, a reload is enough.
    drop(taken);
    running.process().signal(Signal::SIGHUP);
    stage.wait_log("_headend", &format!("other systems can ask at http://{address}/"));
    wait_live(address, 2);
    running.end();
}

#[test]
fn a_defect_costs_one_answer_and_no_stream() {
    let stage = stage(HTTP);
    let defect = stage.folder().join("defect");
    let value = format!("http={}", defect.display());
    let running = daemon_in(&stage, &[("HEADEND_DEFECT", &value)]);
    let address = address(&stage, &[]);
    wait_live(address, 2);
    let workers = stage.workers();
    std::fs::write(&defect, "").unwrap();
    assert!(try_get(address, "/metrics").is_none(), "it is not answered");
    assert_eq!(get(address, "/metrics").status, 200);
    assert_eq!(stage.workers(), workers);
    running.end();
}

/// Files that a process has open.
fn open_files(pid: i32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}

/// As many as this process may have; a thousand connections must have room in it.
fn raise_open_files() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
    assert!(hard > 1_500, "the hard limit on open files is {hard}: too few for this test");
}

#[test]
fn a_thousand_connections_and_half_requests_stop_neither_others_nor_streams() {
    const CONNECTIONS: usize = 1_000;
    raise_open_files();
    let stage = stage(HTTP);
    let (running, address) = daemon(&stage);
    wait_live(address, 2);
    let workers = stage.workers();
    let before = open_files(running.pid());

    // Half of them ask for something and never end, half say nothing at all.
    let (over, through) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let attackers: Vec<_> = (0..8)
        .map(|_| {
            let (over, through) = (Arc::clone(&over), Arc::clone(&through));
            std::thread::spawn(move || {
                let mut held = Vec::new();
                for n in 0..CONNECTIONS / 8 {
                    let Ok(mut stream) = TcpStream::connect_timeout(&address, LIMIT) else { continue };
                    if n % 2 == 0 {
                        let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ");
                    }
                    held.push(stream);
                    through.fetch_add(1, Ordering::Relaxed);
                }
                while !over.load(Ordering::Relaxed) {
                    // A character now and then, as slow ones do.
                    for stream in &mut held {
                        let _ = stream.write_all(b"x");
                    }
                    std::thread::park_timeout(Duration::from_millis(100));
                }
            })
        })
        .collect();

    let (mut most, mut longest, mut answered) = (0, Duration::ZERO, 0);
    let until = Instant::now() + LIMIT;
    while answered < 20 || through.load(Ordering::Relaxed) < CONNECTIONS && Instant::now() < until {
        let began = Instant::now();
        // When it must wait for room it may be the one that was silent for longest, and is closed: again.
        let reply = wait_for("an answer", LIMIT, || try_get(address, "/api/v1/info/health"));
        assert_eq!(reply.status, 200);
        longest = longest.max(began.elapsed());
        most = most.max(open_files(running.pid()));
        answered += 1;
    }
    over.store(true, Ordering::Relaxed);
    for one in attackers {
        one.join().unwrap();
    }
    let through = through.load(Ordering::Relaxed);
    measured(&format!(
        "{through} connections: longest answer {longest:?}, {} files open more",
        most - before
    ));
    assert!(through > CONNECTIONS / 2, "only {through} connections came through");
    // One that waits for its place, and a few files that headend opens for a moment.
    assert!(most <= before + MAX_CONNECTIONS + 1 + 5, "{most} files open, {before} before");
    assert_eq!(stage.workers(), workers, "no stream noticed");
    let cut = get(address, "/api/v1/info/monitoring").json()["http"]["cut"].as_u64();
    assert!(cut > Some(0), "some had to make room");
    running.end();
}

#[test]
fn leaving_does_not_wait_for_those_who_hold_on() {
    let stage = stage(HTTP);
    let (running, address) = daemon(&stage);
    wait_live(address, 2);
    // One who says nothing, one who asks half, one who asks for much and reads nothing.
    let mut held: Vec<TcpStream> = (0..3).map(|_| TcpStream::connect(address).unwrap()).collect();
    held[1].write_all(b"GET / HTTP").unwrap();
    held[2].write_all("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100).as_bytes()).unwrap();
    running.end();
    assert_eq!(stage.workers().len(), 0);
}
