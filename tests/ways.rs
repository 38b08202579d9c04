//! The ways out against servers and programs that behave, and such that do not: every misbehaviour ends,
//! in the outcome it should, and nobody hears of it twice who has it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the message")]

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use headend::alerts::letter::About;
use headend::alerts::ways::{Limits, Ways};
use headend::alerts::{Event, Item, Message, Outcome};
use headend::config::{MailSettings, MailTls, Receiver, Secret, Way};
use headend::model::{Cause, ConditionKind, Incident, Member, Severity, StreamId};
use support::smtp::{Abilities, Server, Tls, certificate};
use support::{LIMIT, wait_until};

/// For what hangs: short, as it is waited for.
const SHORT: Duration = Duration::from_millis(400);

fn about() -> About {
    About { host: "seed".into(), zone: jiff::tz::TimeZone::UTC, headend: "headend".into() }
}

fn message(number: u64) -> Message {
    let stream = StreamId::new("news-1").unwrap();
    let incident = Incident {
        number: 4711,
        cause: Cause::Stream { stream: stream.clone(), kind: ConditionKind::Black },
        severity: Severity::Critical,
        title: "news-1 is black – Größe".into(),
        began_wall_ms: 1_773_454_360_000,
        opened_wall_ms: 1_773_454_370_000,
        ended: None,
        flapping: None,
        members: vec![Member {
            stream,
            name: "News 1".into(),
            input: "https://***@cdn-a.example/1.m3u8".into(),
            since_wall_ms: 1_773_454_360_000,
            cleared_wall_ms: None,
        }],
        more_members: 0,
        values: Vec::new(),
        lines: vec![".".into(), "black_start:120.4".into()],
        acknowledged: None,
        notes: Vec::new(),
        rule: "news".into(),
    };
    Message {
        number,
        message_id: format!("{number}.5f3a9c@seed").into(),
        receiver: "ops".into(),
        items: vec![Item { event: Event::Raised, incident: Arc::new(incident), why: "rule \"news\"".into() }],
        more_items: 0,
        held_back: 0,
        made_wall_ms: 1_773_454_375_000,
    }
}

fn settings(address: SocketAddr, timeout: Duration) -> MailSettings {
    MailSettings {
        server: address.ip().to_string().into(),
        port: address.port(),
        tls: MailTls::None,
        user: None,
        from: "alerts@example.org".into(),
        timeout,
    }
}

fn mail_ways(server: &Server, timeout: Duration) -> Ways {
    Ways::new(Some(settings(server.address, timeout)), about())
}

fn to(addresses: &[&str]) -> Receiver {
    let to = addresses.iter().map(|address| (*address).into()).collect();
    Receiver { name: "ops".into(), way: Way::Mail { to } }
}

fn ops() -> Receiver {
    to(&["ops@example.org"])
}

fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(2 * LIMIT, work).await.expect("it returned") })
}

#[track_caller]
fn accepted(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Accepted(text) => text,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn temporary(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Temporary(text) => text,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn permanent(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Permanent(text) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_mail_arrives_as_it_should() {
    let server = Server::start(Abilities::default());
    let ways = mail_ways(&server, LIMIT);
    let outcome = run(ways.send(&to(&["ops@example.org", "Night <night@example.org>"]), &message(17)));
    assert_eq!(accepted(&outcome), "250 2.0.0 kept as 1");
    let received = server.accepted();
    assert_eq!(received.len(), 1);
    let mail = &received[0];
    assert_eq!((&*mail.from, mail.to.len(), &*mail.to[1]), ("alerts@example.org", 2, "night@example.org"));
    for (name, value) in [
        ("From", "\"headend on seed\" <alerts@example.org>"),
        ("To", "ops@example.org, Night <night@example.org>"),
        ("Message-ID", "<17.5f3a9c@seed>"),
        ("In-Reply-To", "<incident-4711.19cea1e24d0@seed>"),
        ("References", "<incident-4711.19cea1e24d0@seed>"),
        ("Date", "Sat, 14 Mar 2026 02:12:55 +0000"),
        ("Auto-Submitted", "auto-generated"),
        ("X-headend-Incident", "4711"),
        ("MIME-Version", "1.0"),
    ] {
        assert_eq!(mail.header(name).as_deref(), Some(value), "{}", mail.text());
    }
    let subject = mail.header("Subject").unwrap();
    assert!(subject.is_ascii() && subject.contains("=?utf-8?b?"), "{subject}");
    // Two parts, both as ASCII: the server has not said that it takes more.
    let kind = mail.header("Content-Type").unwrap();
    let boundary = kind.split("boundary=\"").nth(1).unwrap().trim_end_matches('"');
    let text = mail.text();
    let parts: Vec<&str> = text.split(&format!("--{boundary}")).skip(1).collect();
    assert_eq!((parts.len(), parts[2].trim()), (3, "--"), "{text}");
    for (part, kind) in parts.iter().zip(["text/plain", "text/html"]) {
        assert!(part.starts_with(&format!("\r\nContent-Type: {kind}; charset=utf-8\r\n")), "{part}");
        assert!(part.contains("Content-Transfer-Encoding: quoted-printable\r\n"), "{part}");
        assert!(part.contains("Gr=C3=B6=C3=9Fe"), "{part}");
    }
    assert!(text.is_ascii());
}

/// What each answer means, with the words by which an operator knows where it came from.
#[test]
fn each_refusal_has_its_outcome() {
    let server = Server::start(Abilities::default());
    let cases = [
        ("connect:421 busy*1", false, "at the greeting: 421 busy"),
        ("connect:554 go away*1", false, "at the greeting: 554 go away"),
        ("ehlo:550 no*1", false, "at the greeting: 550 no"),
        ("mail:451 4.3.0 later*1", false, "for the sender: 451 4.3.0 later"),
        ("mail:550 5.7.1 not you*1", false, "alerts wait until it does"),
        ("rcpt:450 4.2.1 greylisted*1", false, "450 4.2.1 greylisted"),
        ("rcpt:421 too busy*1", false, "421 too busy"),
        ("rcpt:530 sign in*1", false, "530 sign in"),
        ("rcpt:552 too many*1", false, "552 too many"),
        ("rcpt:550 5.1.1 no such user*1", true, "refused: ops@example.org: 550 5.1.1 no such user"),
        ("data:451 later*1", false, "before the mail: 451 later"),
        ("data:554 no*1", true, "before the mail: 554 no"),
        ("end:452 disk full*1", false, "after the mail: 452 disk full"),
        ("end:554 5.7.1 spam*1", true, "after the mail: 554 5.7.1 spam"),
        ("connect:999 what*1", false, "at the greeting"),
    ];
    run(async {
        let ways = mail_ways(&server, LIMIT);
        for (number, (fault, is_permanent, words)) in cases.into_iter().enumerate() {
            let message = message(number as u64 + 1);
            ways.close().await;
            server.misbehave(fault);
            let outcome = ways.send(&ops(), &message).await;
            let text = if is_permanent { permanent(&outcome) } else { temporary(&outcome) };
            assert!(text.contains(words), "{fault}: {text}");
            // It behaves again, and so do we.
            assert_eq!(server.accepted().len(), number, "{fault}");
            accepted(&ways.send(&ops(), &message).await);
            assert_eq!(server.accepted().len(), number + 1, "{fault}");
        }
        assert_eq!(server.most_open(), 1);
    });
}

/// Nothing that hangs, drips or breaks off holds a try for longer than its limit.
#[test]
fn each_hang_ends_at_the_limit() {
    let server = Server::start(Abilities::default());
    let stages = ["connect", "ehlo", "mail", "rcpt", "data", "body", "end"];
    run(async {
        let mut accepted_before = 0;
        for stage in stages {
            for what in ["silence", "drip", "flood", "drop"] {
                let message = message(1_000 + accepted_before as u64);
                server.misbehave(&format!("{stage}:{what}*1"));
                let ways = mail_ways(&server, SHORT);
                let outcome = ways.send(&ops(), &message).await;
                let text = temporary(&outcome);
                let lost = stage == "end" || stage == "body";
                assert_eq!(text.contains("it may have been taken"), lost, "{stage}:{what}: {text}");
                assert_eq!(server.accepted().len(), accepted_before, "{stage}:{what}");
                assert_eq!(server.open(), 0, "{stage}:{what}: the connection is closed");
                let again = mail_ways(&server, LIMIT).send(&ops(), &message).await;
                accepted(&again);
                accepted_before += 1;
            }
        }
        assert_eq!(server.most_open(), 1);
        // Where the answer was lost the mail came twice: the same mail to the last byte.
        let received = server.received();
        let twice: Vec<_> = received
            .windows(2)
            .filter(|two| two[0].header("Message-ID") == two[1].header("Message-ID"))
            .collect();
        assert_eq!(twice.len(), 4);
        assert!(twice.iter().all(|two| two[0].bytes == two[1].bytes));
    });
}

#[test]
fn nobody_there_is_a_reason_to_try_again() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let outcome = run(Ways::new(Some(settings(address, LIMIT)), about()).send(&ops(), &message(1)));
    let text = temporary(&outcome);
    assert!(text.starts_with("connecting: 127.0.0.1:") && text.contains("refused"), "{text}");
    let outcome = run(Ways::new(None, about()).send(&ops(), &message(1)));
    assert!(temporary(&outcome).contains("no mail server"), "{outcome:?}");
}

#[test]
fn fifty_at_once_take_one_connection() {
    let server = Server::start(Abilities::default());
    // Between them some that hang, break off and are refused.
    for fault in ["end:drop*3", "mail:silence*2", "rcpt:550 no*2", "data:451 later*3", "body:drip*2"] {
        server.misbehave(fault);
    }
    run(async {
        let ways = Arc::new(mail_ways(&server, SHORT));
        let (ops, mut sends) = (ops(), tokio::task::JoinSet::new());
        for number in 1..=50 {
            let (ways, ops) = (Arc::clone(&ways), ops.clone());
            sends.spawn(async move {
                let message = message(number);
                let mut outcome = ways.send(&ops, &message).await;
                while !matches!(outcome, Outcome::Accepted(_)) {
                    outcome = ways.send(&ops, &message).await;
                }
            });
        }
        while let Some(sent) = sends.join_next().await {
            sent.unwrap();
        }
        assert_eq!(server.most_open(), 1);
        let ids: std::collections::BTreeSet<_> =
            server.accepted().iter().map(|mail| mail.header("Message-ID").unwrap()).collect();
        assert_eq!((ids.len(), server.accepted().len()), (50, 50));
        // One for all of them, but for those that trouble ended.
        assert!(server.connections() <= 20, "{} connections", server.connections());
        ways.close().await;
    });
    assert_eq!(server.said().last().map(|(_, line)| line.as_str()), Some("QUIT"));
    assert_eq!(server.open(), 0);
}

#[test]
fn a_connection_is_used_again_and_replaced_when_it_is_dead() {
    let mut server = Server::start(Abilities::default());
    let ways = mail_ways(&server, LIMIT);
    run(async {
        for number in 1..=5 {
            accepted(&ways.send(&ops(), &message(number)).await);
        }
        assert_eq!(server.connections(), 1);
        server.misbehave("rset:drop*1");
        accepted(&ways.send(&ops(), &message(6)).await);
        assert_eq!((server.connections(), server.most_open()), (2, 1));
        // The server is started anew under the connection.
        let address = server.address;
        drop(server);
        server = Server::on(address, Abilities::default()).expect("its old port");
        accepted(&ways.send(&ops(), &message(7)).await);
        assert_eq!(server.accepted().len(), 1);
    });
}

#[test]
fn whoever_gives_up_a_try_leaves_no_connection() {
    let server = Server::start(Abilities::default());
    server.misbehave("data:silence*1");
    let ways = mail_ways(&server, LIMIT);
    run(async {
        let (ops, message) = (ops(), message(1));
        assert!(tokio::time::timeout(SHORT, ways.send(&ops, &message)).await.is_err());
        assert_eq!(server.open(), 0);
        accepted(&ways.send(&ops, &message).await);
    });
    assert_eq!(server.most_open(), 1);
}

#[test]
fn who_has_it_does_not_get_it_again_for_the_sake_of_others() {
    let server = Server::start(Abilities::default());
    server.misbehave("rcpt=slow:450 greylisted*2");
    server.misbehave("rcpt=gone:550 no such user");
    let receiver =
        to(&["a@example.org", "slow@example.org", "gone@example.org", "b@example.org", "nonsense"]);
    let ways = mail_ways(&server, LIMIT);
    run(async {
        let outcome = ways.send(&receiver, &message(1)).await;
        let text = temporary(&outcome);
        assert!(text.contains("not yet: slow@example.org: 450 greylisted"), "{text}");
        assert!(text.contains("refused: gone@example.org: 550"), "{text}");
        let outcome = ways.send(&receiver, &message(1)).await;
        assert!(temporary(&outcome).contains("the others have it"), "{outcome:?}");
        let outcome = ways.send(&receiver, &message(1)).await;
        let text = accepted(&outcome);
        assert!(text.contains("refused: gone@example.org") && text.contains("nonsense"), "{text}");
    });
    let got: Vec<Vec<String>> = server.accepted().into_iter().map(|mail| mail.to).collect();
    assert_eq!(got, [vec!["a@example.org", "b@example.org"], vec!["slow@example.org"]]);
    let mails = server.accepted();
    assert_eq!(mails[0].bytes, mails[1].bytes, "all addresses are in both");
    // A new message has nothing to do with that.
    accepted(&run(mail_ways(&server, LIMIT).send(&receiver, &message(2))));
    assert_eq!(server.accepted()[2].to.len(), 3);
    assert!(permanent(&run(ways.send(&to(&["nonsense"]), &message(3)))).contains("no mail address"));
}

const CANARY: &str = "kanarie-kanarie";

fn signing_in(server: &Server, password: Secret) -> Ways {
    let mut settings = settings(server.address, LIMIT);
    settings.user = Some(("ops".into(), password));
    Ways::new(Some(settings), about())
}

#[test]
fn signing_in_works_both_ways_and_with_each_kind_of_secret() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, format!("{CANARY}\n")).unwrap();
    for mechanism in ["PLAIN", "LOGIN", ""] {
        let user = Some(("ops".to_owned(), CANARY.to_owned()));
        let server = Server::start(Abilities { user, mechanism, ..Abilities::default() });
        for secret in [Secret::Here(CANARY.into()), Secret::File(file.clone())] {
            let ways = signing_in(&server, secret);
            let told = run(ways.check_mail()).unwrap();
            assert!(told.contains("answers without TLS, takes ops with the password"), "{told}");
            accepted(&run(ways.send(&ops(), &message(1))));
        }
        assert!(server.accepted().iter().all(|mail| mail.user.as_deref() == Some("ops")));
        assert_eq!(server.most_open(), 1);
    }
}

/// The wrong password is a mistake that is mended, and then every alert goes out. Nobody reads it meanwhile.
#[test]
fn a_wrong_password_loses_no_alert_and_is_not_shown() {
    let user = Some(("ops".to_owned(), "right".to_owned()));
    let server = Server::start(Abilities { user, ..Abilities::default() });
    let wrong = signing_in(&server, Secret::Here(CANARY.into()));
    let outcome = run(wrong.send(&ops(), &message(1)));
    let text = temporary(&outcome);
    assert!(text.contains("signing in: 535") && text.contains("alerts wait"), "{text}");
    for shown in [text.to_owned(), run(wrong.check_mail()).unwrap_err(), format!("{wrong:?}")] {
        assert!(!shown.contains(CANARY) && !shown.contains("AG9wcwBrYW5hcm"), "{shown}");
    }
    let missing = signing_in(&server, Secret::File("/nowhere/password".into()));
    let outcome = run(missing.send(&ops(), &message(1)));
    assert!(temporary(&outcome).contains("/nowhere/password can't be read"), "{outcome:?}");
    // Without signing in the server takes nothing.
    let outcome = run(mail_ways(&server, LIMIT).send(&ops(), &message(1)));
    assert!(temporary(&outcome).contains("530 5.7.0"), "{outcome:?}");
    accepted(&run(signing_in(&server, Secret::Here("right".into())).send(&ops(), &message(1))));
}

fn tls_server(tls: Tls) -> Server {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls");
    let config = certificate(&folder.join("cert.pem"), &folder.join("key.pem")).unwrap();
    let user = Some(("ops".to_owned(), CANARY.to_owned()));
    Server::start(Abilities { tls, certificate: Some(config), user, ..Abilities::default() })
}

fn over_tls(server: &Server, tls: MailTls, timeout: Duration) -> Ways {
    let mut settings = settings(server.address, timeout);
    settings.server = "localhost".into();
    settings.tls = tls;
    settings.user = Some(("ops".into(), Secret::Here(CANARY.into())));
    Ways::new(Some(settings), about())
}

#[test]
fn without_tls_nothing_is_said_where_it_is_wanted() {
    let plain = Server::start(Abilities::default());
    let outcome = run(over_tls(&plain, MailTls::StartTls, LIMIT).send(&ops(), &message(1)));
    assert!(temporary(&outcome).contains("offers no STARTTLS"), "{outcome:?}");
    // A certificate that nobody trusts.
    for (does, wanted) in [(Tls::Later, MailTls::StartTls), (Tls::Always, MailTls::Tls)] {
        let server = tls_server(does);
        let outcome = run(over_tls(&server, wanted, LIMIT).send(&ops(), &message(1)));
        let text = temporary(&outcome);
        assert!(text.contains("turning TLS on") && text.contains("certificate"), "{text}");
        let said = server.said();
        assert!(said.iter().all(|(_, line)| line.starts_with("EHLO") || line == "STARTTLS"), "{said:?}");
    }
    for fault in ["starttls:454 not now", "starttls:220 go on then"] {
        let server = tls_server(Tls::Later);
        server.misbehave(fault);
        let outcome =
            run(over_tls(&server, MailTls::StartTls, Duration::from_secs(3)).send(&ops(), &message(1)));
        assert!(temporary(&outcome).contains("turning TLS on"), "{fault}: {outcome:?}");
    }
    assert!(plain.said().iter().all(|(_, line)| line.starts_with("EHLO")), "{:?}", plain.said());
}

/// What is trusted is read from the environment, which a test may not change: it starts itself again.
#[test]
fn with_a_trusted_certificate_mail_and_webhooks_go_over_tls() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls");
    if std::env::var_os("HEADEND_TRUSTS").is_none() {
        let again = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "with_a_trusted_certificate_mail_and_webhooks_go_over_tls", "--nocapture"])
            .env("HEADEND_TRUSTS", "1")
            .env("SSL_CERT_FILE", folder.join("cert.pem"))
            .env_remove("SSL_CERT_DIR")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&again.stderr);
        assert!(again.status.success() && again.stdout.windows(8).any(|w| w == b"1 passed"), "{said}");
        return;
    }
    for (does, wanted, words) in
        [(Tls::Later, MailTls::StartTls, "with STARTTLS"), (Tls::Always, MailTls::Tls, "with TLS")]
    {
        let server = tls_server(does);
        let ways = over_tls(&server, wanted, LIMIT);
        let told = run(ways.check_mail()).unwrap();
        assert!(told.contains(words), "{told}");
        accepted(&run(ways.send(&ops(), &message(1))));
        assert!(server.accepted().iter().all(|mail| mail.encrypted && mail.user.is_some()));
        // Good for `localhost`, not for any name of it.
        let mut settings = settings(server.address, LIMIT);
        (settings.server, settings.tls) = ("127.0.0.2".into(), wanted);
        let outcome = run(Ways::new(Some(settings), about()).send(&ops(), &message(2)));
        temporary(&outcome);
    }
    let config = certificate(&folder.join("cert.pem"), &folder.join("key.pem")).unwrap();
    let hook = Hook::start(vec!["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"], Some(config));
    let url = format!("https://localhost:{}/hook", hook.address.port());
    let outcome = run(Ways::new(None, about()).send(&webhook(&url, None), &message(1)));
    assert_eq!(accepted(&outcome), "200 OK");
    assert!(hook.requests.recv_timeout(LIMIT).unwrap().starts_with("POST /hook HTTP/1.1\r\n"));
}

/// A web server that answers each connection once, from a list, and keeps what it was sent.
struct Hook {
    address: SocketAddr,
    requests: mpsc::Receiver<String>,
}

type TlsConfig = Arc<tokio_rustls::rustls::ServerConfig>;

impl Hook {
    fn start(answers: Vec<&'static str>, tls: Option<TlsConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (kept, requests) = mpsc::channel();
        std::thread::spawn(move || {
            for answer in answers {
                let (stream, _) = listener.accept().unwrap();
                match &tls {
                    None => Self::serve(stream, answer, &kept),
                    Some(config) => {
                        let session =
                            tokio_rustls::rustls::ServerConnection::new(Arc::clone(config)).unwrap();
                        Self::serve(tokio_rustls::rustls::StreamOwned::new(session, stream), answer, &kept);
                    }
                }
            }
        });
        Self { address, requests }
    }

    fn serve(mut stream: impl Read + Write, answer: &str, kept: &mpsc::Sender<String>) {
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") {
            if stream.read(&mut byte).unwrap_or(0) == 0 {
                return;
            }
            request.push(byte[0]);
        }
        let head = String::from_utf8(request).unwrap();
        let length = head
            .to_lowercase()
            .split("content-length: ")
            .nth(1)
            .unwrap()
            .split("\r\n")
            .next()
            .unwrap()
            .parse()
            .unwrap();
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        let _ = kept.send(head + &String::from_utf8(body).unwrap());
        match answer {
            "silence" => while stream.read(&mut byte).unwrap_or(0) > 0 {},
            "endless" => {
                let _ = stream.write_all(b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n");
                while stream.write_all(b"5\r\nagain\r\n").is_ok() {}
            }
            "header" => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
                while stream.write_all(b"X-More: and more and more and more\r\n").is_ok() {}
            }
            answer => {
                let _ = stream.write_all(answer.as_bytes());
                let _ = stream.flush();
            }
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

fn webhook(url: &str, secret: Option<Secret>) -> Receiver {
    Receiver { name: "hook".into(), way: Way::Webhook { url: url.into(), secret } }
}

fn quick() -> Ways {
    Ways::new(None, about()).within(Limits { webhook: SHORT, program: SHORT })
}

#[test]
fn a_webhook_gets_a_signed_document() {
    use hmac::Mac;
    let hook = Hook::start(vec!["HTTP/1.1 204 No Content\r\n\r\n"; 2], None);
    let url = hook.url("/alerts?team=tv");
    let receiver = webhook(&url, Some(Secret::Here("s3cret".into())));
    let ways = Ways::new(None, about());
    for _ in 0..2 {
        assert_eq!(accepted(&run(ways.send(&receiver, &message(17)))), "204 No Content");
        let request = hook.requests.recv_timeout(LIMIT).unwrap();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /alerts?team=tv HTTP/1.1\r\n"), "{head}");
        let header = |name: &str| {
            let found = head.lines().find_map(|line| {
                let (found, value) = line.split_once(": ")?;
                found.eq_ignore_ascii_case(name).then(|| value.to_owned())
            });
            found.unwrap_or_else(|| panic!("no {name} in {head}"))
        };
        assert_eq!(header("Idempotency-Key"), "17.5f3a9c@seed");
        assert_eq!(header("Content-Type"), "application/json");
        assert_eq!(header("Host"), hook.address.to_string());
        let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(b"s3cret").unwrap();
        mac.update(format!("{}.{body}", header("X-Headend-Timestamp")).as_bytes());
        let digest = format!("{:x}", mac.finalize().into_bytes());
        assert_eq!(header("X-Headend-Signature"), format!("sha256={digest}"));
        let told: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!((&told["version"], &told["host"]), (&1.into(), &"seed".into()));
        assert_eq!(told["message_id"], "17.5f3a9c@seed");
        assert_eq!(told["items"][0]["event"], "raised");
        // The same form as everywhere.
        let incident: Incident = serde_json::from_value(told["items"][0]["incident"].clone()).unwrap();
        assert_eq!(incident, *message(17).items[0].incident);
    }
}

#[test]
fn a_webhook_that_misbehaves_costs_one_limit_and_shows_no_secret() {
    let path = format!("/services/{CANARY}");
    for (answer, is_permanent, words) in [
        ("silence", false, "no answer within 0.4 s"),
        ("endless", false, "500"),
        ("header", false, "http://127.0.0.1:"),
        (
            "HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nContent-Length: 4\r\n\r\nlate",
            false,
            "asks to wait: 120",
        ),
        (
            "HTTP/1.1 404 Not Found\r\nContent-Length: 37\r\n\r\nno /services/kanarie-kanarie \x1b[31mhere",
            false,
            "alerts wait until it is): no ***",
        ),
        ("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", false, "401 Unauthorized (the URL"),
        ("HTTP/1.1 422 No\r\nContent-Length: 15\r\n\r\nkanarie-kanarie", true, "***"),
        (
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
            true,
            "points elsewhere",
        ),
        ("nonsense\r\n\r\n", false, "the answer was lost"),
        ("", false, "the answer was lost"),
    ] {
        let hook = Hook::start(vec![answer], None);
        let outcome = run(quick().send(&webhook(&hook.url(&path), None), &message(1)));
        let text = if is_permanent { permanent(&outcome) } else { temporary(&outcome) };
        assert!(text.contains(words), "{answer:?}: {text}");
        assert!(!text.contains(CANARY) && !text.contains('\x1b'), "{answer:?}: {text}");
    }
    for url in [
        format!("ftp://h/{CANARY}"),
        format!("https://u:{CANARY}@h h/"),
        format!("http://u:{CANARY}@127.0.0.1:1/"),
    ] {
        let outcome = run(quick().send(&webhook(&url, None), &message(1)));
        assert!(!temporary(&outcome).contains(CANARY), "{outcome:?}");
    }
    let secret = Some(Secret::File("/nowhere/key".into()));
    let hook = Hook::start(vec![""], None);
    let outcome = run(quick().send(&webhook(&hook.url("/"), secret), &message(1)));
    assert!(temporary(&outcome).contains("/nowhere/key"), "{outcome:?}");
    assert!(TcpStream::connect(hook.address).is_ok(), "nothing was sent without its signature");
}

fn program(words: &[&str]) -> Receiver {
    Receiver {
        name: "pager".into(),
        way: Way::Program { command: words.iter().map(|w| (*w).into()).collect() },
    }
}

fn shell(script: &str) -> Receiver {
    program(&["sh", "-c", script])
}

#[test]
fn a_program_gets_the_document_and_little_else() {
    let folder = tempfile::tempdir().unwrap();
    let (input, environment) = (folder.path().join("input"), folder.path().join("environment"));
    let script =
        format!("cat > {}; env > {}; echo gone to the pager", input.display(), environment.display());
    let outcome = run(Ways::new(None, about()).send(&shell(&script), &message(17)));
    assert_eq!(accepted(&outcome), "sh took it: gone to the pager");
    let told: serde_json::Value = serde_json::from_slice(&std::fs::read(&input).unwrap()).unwrap();
    assert_eq!(
        (&told["message_id"], &told["items"][0]["incident"]["number"]),
        (&"17.5f3a9c@seed".into(), &4711.into())
    );
    let environment = std::fs::read_to_string(&environment).unwrap();
    assert!(environment.contains("HEADEND_SUBJECT=[CRITICAL] news-1 is black"), "{environment}");
    assert!(environment.contains("HEADEND_MESSAGE_ID=17.5f3a9c@seed\n"), "{environment}");
    assert!(!environment.contains("CARGO"), "{environment}");
}

#[test]
fn each_end_of_a_program_has_its_outcome() {
    let ways = Ways::new(None, about());
    for (script, is_permanent, words) in [
        ("exit 75", false, "exit code 75"),
        ("echo first; echo 'no pager' >&2; exit 1", false, "exit code 1: no pager"),
        ("exit 64", true, "exit code 64"),
        ("exit 65", true, "exit code 65"),
        ("echo no key; exit 78", true, "exit code 78: no key"),
        ("kill -9 $$", false, "signal 9"),
        ("printf 'https://u:kanarie@h/ \\033[31m'; exit 1", false, "https://***@h/ ␛[31m"),
    ] {
        let outcome = run(ways.send(&shell(script), &message(1)));
        let text = if is_permanent { permanent(&outcome) } else { temporary(&outcome) };
        assert!(text.contains(words), "{script}: {text}");
    }
    let outcome = run(ways.send(&program(&["/nowhere/pager"]), &message(1)));
    assert!(temporary(&outcome).contains("/nowhere/pager can't be started"), "{outcome:?}");
    let outcome = run(ways.send(&program(&[]), &message(1)));
    assert!(temporary(&outcome).contains("can't be started"), "{outcome:?}");
    // No shell looks at the words.
    let outcome = run(ways.send(&program(&["echo", "$HOME; exit 1"]), &message(1)));
    assert_eq!(accepted(&outcome), "echo took it: $HOME; exit 1");
}

/// Whether a process lives; a zombie does not.
fn lives(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['Z', 'X']))
}

#[test]
fn of_a_program_that_never_ends_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let pids = folder.path().join("pids");
    let keep = format!("echo $$ $! > {}", pids.display());
    let read = || std::fs::read_to_string(&pids).unwrap_or_default();
    for script in [
        format!("sleep 1000 & {keep}; sleep 1000"),
        format!("trap '' TERM; sleep 1000 & {keep}; while :; do sleep 0.1; done"),
        format!("sleep 1000 & {keep}; kill -STOP $$"),
        // What it leaves behind holds its pipes.
        format!("sleep 1000 & {keep}; exit 75"),
        // It never reads, and never stops talking.
        format!("sleep 1000 & {keep}; yes"),
        format!("sleep 1000 & {keep}; head -c 9999999 /dev/zero; sleep 1000"),
    ] {
        let _ = std::fs::remove_file(&pids);
        let outcome = run(quick().send(&shell(&script), &message(1)));
        temporary(&outcome);
        let mine = read();
        assert_eq!(mine.split_whitespace().count(), 2, "{script}: {mine:?}");
        for pid in mine.split_whitespace() {
            wait_until("its end", LIMIT, || !lives(pid));
        }
    }
    // Given up in between.
    let _ = std::fs::remove_file(&pids);
    let script = format!("sleep 1000 & {keep}; sleep 1000");
    run(async {
        let (ways, receiver, message) = (Ways::new(None, about()), shell(&script), message(1));
        let mut send = Box::pin(ways.send(&receiver, &message));
        while read().split_whitespace().count() < 2 {
            assert!(tokio::time::timeout(Duration::from_millis(20), &mut send).await.is_err());
        }
        drop(send);
        for pid in read().split_whitespace() {
            wait_until("its end", LIMIT, || !lives(pid));
        }
    });
}
