//! From a stream that fails to a mail that is read: the whole program against stand-ins and a mail server.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the message")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use support::smtp::{Abilities, Received, Server};
use support::stage::{QUICK, Stage, measured};
use support::{LIMIT, wait_until};

/// Everything becomes an incident, and ends, within a few seconds.
const HASTY: &str = r#"
[alerts]
after = "1s"
clear_after = "2s"
gather = "2s"
rate_limit = "1s"
"#;
/// Mail of a storm waits for pauses between batches.
const PATIENCE: Duration = Duration::from_secs(90);

/// A stage whose streams are healthy until their sign is there, and a server for the mail.
struct Scene {
    stage: Stage,
    server: Server,
}

impl Scene {
    /// Streams by the host they come from and the name of their sign; `alerts` are further settings.
    fn new(alerts: &str, streams: &[(String, String, String)]) -> Self {
        let (stage, server) = (Stage::empty(), Server::start(Abilities::default()));
        let scene = Self { stage, server };
        scene.write(alerts, streams);
        scene
    }

    fn write(&self, alerts: &str, streams: &[(String, String, String)]) {
        let port = self.server.address.port();
        let mut text = format!(
            "{QUICK}\n[mail]\nserver = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\nfrom = \"headend@example.org\"\n\
             to = [\"desk@example.org\"]\ntimeout = \"2s\"\n{alerts}\n"
        );
        for (id, host, sign) in streams {
            let url = self.stage.url(id, &format!("outage?while={}", self.sign(sign).display()));
            let url = url.replace("http://stand-in/", &format!("http://{host}.stand-in/"));
            let _ = write!(text, "\n[[stream]]\nid = \"{id}\"\ninputs = [\"{url}\"]\n");
        }
        self.stage.write(&text);
    }

    fn sign(&self, name: &str) -> PathBuf {
        self.stage.folder().join(format!("sign-{name}"))
    }

    fn fail(&self, name: &str) {
        std::fs::write(self.sign(name), "").unwrap();
    }

    fn mend(&self, name: &str) {
        std::fs::remove_file(self.sign(name)).unwrap();
    }

    /// Waits until every stream is in this phase.
    fn wait_phases(&self, phase: &str, count: usize) {
        wait_until(&format!("{count} streams {phase}"), LIMIT, || {
            let status = self.stage.verb(&["status", "--json"]).json();
            let rows = status["streams"].as_array().map_or(&[][..], Vec::as_slice);
            rows.iter().filter(|row| row["phase"] == phase).count() == count
        });
    }

    fn wait_mails(&self, count: usize) -> Vec<Received> {
        wait_until(&format!("{count} mails"), PATIENCE, || self.server.accepted().len() >= count);
        self.server.accepted()
    }

    /// Waits until no incident is open, and nothing waits to be sent.
    fn wait_quiet(&self) {
        wait_until("the end of all incidents", PATIENCE, || self.incidents(&["--open"]).is_empty());
        wait_until("an empty outbox", PATIENCE, || {
            self.stage.verb(&["status", "--json"]).json()["alerts"]["waiting"] == 0
        });
    }

    fn incidents(&self, more: &[&str]) -> Vec<serde_json::Value> {
        let found = self.stage.verb(&[&["incidents", "--json", "--count", "1000"], more].concat());
        found.json().as_array().cloned().unwrap_or_default()
    }
}

/// Streams `s000`, `s001`, ..., each with what these give for its number: host and sign.
fn streams(count: usize, of: impl Fn(usize) -> (String, String)) -> Vec<(String, String, String)> {
    (0..count).map(|n| (format!("s{n:03}"), of(n).0, of(n).1)).collect()
}

fn subjects(mails: &[Received]) -> Vec<String> {
    mails.iter().map(|mail| mail.header("Subject").unwrap()).collect()
}

#[test]
fn two_hundred_streams_that_lose_their_one_origin_are_one_mail_and_so_is_its_return() {
    // With the settings nobody has touched, but for the end.
    let scene =
        Scene::new("[alerts]\nclear_after = \"3s\"\n", &streams(200, |_| ("cdn-a".into(), "all".into())));
    let daemon = scene.stage.daemon();
    scene.wait_phases("live", 200);
    scene.fail("all");
    let lost = Instant::now();
    let mails = scene.wait_mails(1);
    measured(&format!(
        "200 streams without their origin: a mail after {:.1} s",
        lost.elapsed().as_secs_f64()
    ));
    let subject = mails[0].header("Subject").unwrap();
    assert!(subject.starts_with("[CRITICAL] 200 streams: cdn-a.stand-in refused"), "{subject}");
    scene.mend("all");
    let mails = scene.wait_mails(2);
    let subject = mails[1].header("Subject").unwrap();
    assert!(subject.starts_with("[OK] 200 streams: cdn-a.stand-in"), "{subject}");
    let root = mails[0].header("Message-ID").unwrap();
    assert!(
        mails[1].header("References").unwrap().contains(&root)
            || mails[1].header("In-Reply-To") == mails[0].header("In-Reply-To")
    );
    scene.wait_quiet();
    assert_eq!(subjects(&scene.server.accepted()).len(), 2);
    assert_eq!(scene.incidents(&[]).len(), 1);
    daemon.end();
}

#[test]
fn a_stream_that_changes_no_more_is_told_in_time() {
    // It fails at once and for good, is not tried again for minutes, and nothing else is on the board. The
    // settings are those that nobody has touched.
    let scene = Scene::new("", &streams(0, |_| unreachable!()));
    let words = "exit?code=1&stderr=%5Bin%230%5D Error opening input: No such file or directory%0A";
    let text = std::fs::read_to_string(scene.stage.folder().join("headend.toml")).unwrap();
    scene.stage.write(&(text + &scene.stage.stream("gone", words, "")));
    let daemon = scene.stage.daemon();
    let mails = scene.wait_mails(1);
    assert!(mails[0].header("Subject").unwrap().contains("gone"), "{:?}", subjects(&mails));
    daemon.end();
}

#[test]
fn two_hundred_reasons_are_a_few_mails_and_none_is_lost() {
    let scene = Scene::new(HASTY, &streams(200, |n| (format!("h{n}"), "all".into())));
    let daemon = scene.stage.daemon();
    scene.wait_phases("live", 200);
    scene.fail("all");
    let told = |scene: &Scene| {
        let text: String = scene.server.accepted().iter().map(Received::text).collect();
        (0..200).filter(|n| text.contains(&format!("s{n:03}"))).count()
    };
    wait_until("every stream in a mail", PATIENCE, || told(&scene) == 200);
    let mails = scene.server.accepted();
    measured(&format!("200 streams that fail for 200 reasons: {} mails", mails.len()));
    assert!(mails.len() <= 20, "{:#?}", subjects(&mails));
    assert_eq!(scene.incidents(&["--open"]).len(), 200);
    assert!(scene.server.most_open() <= 1);
    daemon.end();
}

#[test]
fn whatever_the_moment_of_a_kill_no_incident_is_lost() {
    let rounds: usize =
        std::env::var("HEADEND_MAIL_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(10);
    let alerts = "[alerts]\nafter = \"200ms\"\nclear_after = \"60s\"\ngather = \"100ms\"\nrate_limit = \"1s\"\n\
                  per_hour = 1000\ndigest_above = 1000\n";
    let scene = Scene::new(alerts, &streams(rounds, |n| (format!("h{n}"), n.to_string())));
    for round in 0..rounds {
        let mut daemon = scene.stage.daemon();
        scene.fail(&round.to_string());
        // Not to be lucky: the moment is what is tried.
        std::thread::sleep(Duration::from_millis(fastrand::u64(0..1_500)));
        let workers = scene.stage.workers();
        daemon.kill();
        support::processes::wait_gone(&workers, LIMIT);
    }
    let daemon = scene.stage.daemon();
    wait_until("an incident of each stream", PATIENCE, || scene.incidents(&["--open"]).len() == rounds);
    wait_until("an empty outbox", PATIENCE, || {
        scene.stage.verb(&["status", "--json"]).json()["alerts"]["waiting"] == 0
    });
    let mails = scene.server.accepted();
    let text: String = mails.iter().map(Received::text).collect();
    for n in 0..rounds {
        assert!(text.contains(&format!("s{n:03}")), "nobody was told of s{n:03}: {:#?}", subjects(&mails));
    }
    measured(&format!("{rounds} kills while mail flows: nobody missing, {} mails", mails.len()));
    // The same message may come twice where its answer was lost; never under another id.
    let mut by_subject: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for mail in &mails {
        by_subject
            .entry(mail.header("Subject").unwrap())
            .or_default()
            .insert(mail.header("Message-ID").unwrap());
    }
    assert!(by_subject.values().all(|ids| ids.len() == 1), "{by_subject:#?}");
    daemon.end();
}

#[test]
fn a_mail_server_that_hangs_holds_up_no_stream_and_gets_its_mail_later() {
    let scene = Scene::new(HASTY, &streams(2, |n| (format!("h{n}"), n.to_string())));
    scene.server.misbehave("connect:drip");
    let daemon = scene.stage.daemon();
    scene.wait_phases("live", 2);
    scene.fail("0");
    wait_until("a try", LIMIT, || scene.server.connections() > 0);
    let before = scene.stage.worker("s001");
    assert_eq!(scene.stage.verb(&["restart", "s001"]).code(), 0);
    scene.stage.other_worker("s001", &[before]);
    wait_until("the trouble on the board", LIMIT, || {
        let alerts = &scene.stage.verb(&["status", "--json"]).json()["alerts"];
        alerts["receivers"][0]["trouble"].is_string() && alerts["waiting"] == 1
    });
    scene.server.behave();
    let mails = scene.wait_mails(1);
    assert!(mails[0].header("Subject").unwrap().starts_with("[CRITICAL] s000: "), "{:?}", subjects(&mails));
    assert!(scene.server.most_open() <= 1);
    daemon.end();
}

#[test]
fn who_says_that_he_knows_is_named_and_what_is_muted_or_stopped_is_not_told() {
    let scene = Scene::new(HASTY, &streams(4, |n| (format!("h{n}"), n.to_string())));
    let daemon = scene.stage.daemon();
    scene.wait_phases("live", 4);
    assert_eq!(scene.stage.verb(&["mute", "s001", "--for", "1h"]).code(), 0);
    assert_eq!(scene.stage.verb(&["stop", "s002"]).code(), 0);
    for n in ["0", "1", "2"] {
        scene.fail(n);
    }
    scene.wait_mails(1);
    let open = scene.incidents(&["--open"]);
    assert_eq!(open.len(), 1, "{open:#?}");
    let number = open[0]["number"].to_string();
    assert_eq!(scene.stage.verb(&["ack", &number]).code(), 0);
    let known = scene.incidents(&["--open"]);
    assert!(known[0]["acknowledged"]["by"].is_string(), "{known:#?}");
    // Its stream is acknowledged too, as if it had been selected.
    scene.stage.wait_log("_headend", ") acknowledge s000: done, 1 stream");
    // What is wrong when a mute ends is told.
    assert_eq!(scene.stage.verb(&["unmute", "s001"]).code(), 0);
    let mails = scene.wait_mails(2);
    assert!(subjects(&mails)[1].contains("s001"), "{:?}", subjects(&mails));
    daemon.end();
}

#[test]
fn a_restart_forgets_no_incident_and_tells_its_end() {
    let scene = Scene::new(HASTY, &streams(1, |_| ("h".into(), "0".into())));
    let daemon = scene.stage.daemon();
    scene.wait_phases("live", 1);
    scene.fail("0");
    scene.wait_mails(1);
    let before = scene.incidents(&["--open"]);
    daemon.end();
    let daemon = scene.stage.daemon();
    let after = scene.incidents(&["--open"]);
    assert_eq!((before.len(), after.len()), (1, 1));
    assert_eq!(before[0]["number"], after[0]["number"]);
    assert_eq!(before[0]["began_wall_ms"], after[0]["began_wall_ms"]);
    scene.mend("0");
    let mails = scene.wait_mails(2);
    assert!(subjects(&mails)[1].starts_with("[OK] "), "{:?}", subjects(&mails));
    scene.wait_quiet();
    assert_eq!(scene.server.accepted().len(), 2, "told once, and its end once");
    daemon.end();
}
