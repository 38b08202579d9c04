//! What goes over the link beside rows and orders to run: what operators note, and what is told of a
//! stream that somebody has open. The whole supervisor against the stand-in, in a process of its own
//! that can be killed.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the message")]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use headend::config::{self, Environment};
use headend::link::{ClientMessage, Role, ServerMessage};
use headend::model::{
    Answer, Board, CareOrder, Command as Order, Detail, NoticeKind, Phase, Row, Selection, StreamId, StreamIx,
};
use headend::service::{Options, Service, Source};
use nix::sys::signal::Signal;
use support::stage::{QUICK, Stage, contains, stream};
use support::{HEADEND, LIMIT, processes, stand_in};

/// Tells this test binary, run again, which folder to supervise.
const HELPER_DIR: &str = "HEADEND_TEST_SUPERVISE";

/// Not a test by itself: supervises, takes messages line by line on its input, and tells each that
/// comes back.
#[test]
fn helper_supervises_until_killed() {
    let Some(dir) = std::env::var_os(HELPER_DIR).map(std::path::PathBuf::from) else { return };
    let source = Source { path: dir.join("headend.toml"), environment: Environment::from_process() };
    let loaded = config::load(&source.path, &source.environment).unwrap();
    let (state_dir, source) = (Some(dir.join("state")), Some(source));
    let options = Options { config: loaded.config, state_dir, source, ..Options::default() };
    let service = Service::start(options).unwrap();
    let (wake, woken) = mpsc::channel();
    let client = service.hub().attach(Role::Operator, move || _ = wake.send(()));
    let client = std::sync::Arc::new(client);
    let sends = std::sync::Arc::clone(&client);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            sends.send(serde_json::from_str(&line.unwrap()).unwrap());
        }
    });
    loop {
        for message in client.take() {
            println!("\n{}", serde_json::to_string(&message).unwrap());
        }
        woken.recv().unwrap();
    }
}

/// A supervisor in a process of its own, and what its one client knows. Killed when dropped.
struct Supervised {
    child: Child,
    input: ChildStdin,
    messages: Receiver<ServerMessage>,
    board: Board,
    detail: Option<Detail>,
    answers: Vec<(u64, Answer)>,
    /// Every message as it came.
    heard: Vec<String>,
}

impl Supervised {
    fn start(stage: &Stage) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "helper_supervises_until_killed", "--nocapture"])
            .env(HELPER_DIR, stage.folder())
            .env("HEADEND_SHIM", HEADEND)
            .env("HEADEND_FFMPEG", stand_in())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (send, messages) = mpsc::channel();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok).filter(|line| line.starts_with('{')) {
                let _ = send.send(serde_json::from_str(&line).unwrap());
            }
        });
        let input = child.stdin.take().unwrap();
        let (board, heard) = (Board::default(), Vec::new());
        Self { child, input, messages, board, detail: None, answers: Vec::new(), heard }
    }

    fn send(&mut self, message: &ClientMessage) {
        writeln!(self.input, "{}", serde_json::to_string(message).unwrap()).unwrap();
    }

    /// Takes messages in until `seen` finds what it looks for.
    fn wait<T>(&mut self, what: &str, mut seen: impl FnMut(&Self) -> Option<T>) -> T {
        let until = Instant::now() + LIMIT;
        loop {
            if let Some(found) = seen(self) {
                return found;
            }
            let left = until.saturating_duration_since(Instant::now());
            let message = self.messages.recv_timeout(left);
            let message = message.unwrap_or_else(|_| panic!("never came: {what}; {:?}", self.board));
            self.heard.push(format!("{message:?}"));
            match message {
                ServerMessage::Board(board) => self.board = *board,
                ServerMessage::Delta(delta) => self.board.apply(&delta).unwrap(),
                ServerMessage::Answer { seq, answer } => self.answers.push((seq, answer)),
                ServerMessage::Detail(detail) => self.detail = Some(*detail),
                _ => {}
            }
        }
    }

    fn row(&self, id: &str) -> Option<Row> {
        self.board.rows.values().find(|row| row.id.as_str() == id).map(|row| Row::clone(row))
    }

    fn wait_row(&mut self, id: &str, what: &str, holds: impl Fn(&Row) -> bool) -> Row {
        self.wait(&format!("{id} {what}"), |now| now.row(id).filter(|row| holds(row)))
    }

    /// Gives an order and waits for what became of it.
    fn order(&mut self, id: &str, order: CareOrder) -> Answer {
        let seq = self.answers.len() as u64;
        let target = Selection::Ids(vec![StreamId::new(id).unwrap()]);
        self.send(&ClientMessage::Command { seq, command: Order::Care { order, target } });
        self.wait("an answer", |now| now.answers.iter().find(|(n, _)| *n == seq).map(|(_, a)| a.clone()))
    }

    /// Waits for a detail of the stream that is open.
    fn wait_detail(&mut self, what: &str, holds: impl Fn(&Detail) -> bool) -> Detail {
        self.wait(what, |now| now.detail.clone().filter(|detail| holds(detail)))
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_was_said_to_be_noted_survives_a_kill() {
    let stage = Stage::new(&[("bad", "exit?code=1"), ("good", "healthy")]);
    let mut headend = Supervised::start(&stage);
    headend.wait_row("bad", "failing", |row| !row.conditions.is_empty());
    headend.wait_row("good", "live", |row| row.phase == Phase::Live);
    let done = |touched| Answer::Done { touched };
    assert_eq!(headend.order("good", CareOrder::Acknowledge), done(0), "nothing is wrong with it");
    assert_eq!(headend.order("bad", CareOrder::Acknowledge), done(1));
    assert_eq!(headend.order("good", CareOrder::Mute(Duration::from_secs(3_600))), done(1));
    let refused = headend.order("good", CareOrder::Mute(Duration::from_secs(1)));
    assert!(matches!(refused, Answer::Refused { .. }), "{refused:?}");
    assert_eq!(headend.order("good", CareOrder::Note("ask the provider".into())), done(1));
    let workers = stage.workers();
    drop(headend);
    processes::wait_gone(&workers, LIMIT);

    let mut headend = Supervised::start(&stage);
    let bad = headend.wait_row("bad", "known", |row| row.care.acknowledged.is_some());
    assert!(bad.care.acknowledged.unwrap().millis() < 0, "in the run before: {:?}", bad.care);
    // It fails again as it did: that is no news.
    let bad = headend.wait_row("bad", "failing", |row| row.failures > 1);
    assert!(bad.care.acknowledged.is_some() && !bad.conditions.is_empty(), "{bad:?}");
    let good = headend.row("good").unwrap().care;
    assert_eq!((&*good.note, good.acknowledged), ("ask the provider", None));
    let muted = headend.board.at.until(good.muted_until.unwrap());
    assert!(muted <= Duration::from_secs(3_600) && muted > Duration::from_secs(3_000), "{muted:?}");
    assert_eq!(headend.order("good", CareOrder::Unmute), Answer::Done { touched: 1 });
    let workers = stage.workers();
    drop(headend);
    processes::wait_gone(&workers, LIMIT);

    let report = stage.report("1s", &[]);
    let (bad, good) = (stream(&report, "bad"), stream(&report, "good"));
    assert_eq!((&bad["acknowledged"], &good["acknowledged"]), (&true.into(), &false.into()), "{report:#}");
    assert_eq!((&good["note"], good["muted_for_s"].is_null()), (&"ask the provider".into(), true));
}

#[test]
fn who_has_a_stream_open_sees_its_command_masked_and_its_runs() {
    const CANARY: &str = "c4n4ryc4n4ry";
    let stage = Stage::empty();
    let url = stage.url("one", "healthy").replacen("://", &format!("://me:{CANARY}@"), 1);
    let run = format!(
        "args = [\"-headers\", \"X-Key: {CANARY}\", \"-i\", \"{{input}}\", \"-f\", \"flv\", \
         \"rtmp://u:{CANARY}@out.example/live?token={CANARY}\"]"
    );
    stage.write(&format!(
        "{QUICK}\n[[stream]]\nid = \"one\"\nmode = \"run\"\ninputs = [\"{url}&token={CANARY}\"]\n{run}\n"
    ));
    let mut headend = Supervised::start(&stage);
    headend.wait_row("one", "live", |row| row.phase == Phase::Live);
    assert_eq!(headend.detail, None, "nobody asked");
    headend.send(&ClientMessage::FollowDetail(Some(StreamIx(0))));
    let detail = headend.wait_detail("the detail", |_| true);
    let words: Vec<&str> = detail.command.iter().map(|word| &**word).collect();
    assert_eq!(words[0], stand_in().to_str().unwrap(), "the program, as it was run");
    let input = words.iter().position(|word| *word == "-i").unwrap();
    assert_eq!(words[input - 2..input], ["-headers", "***"]);
    assert!(words[input + 1].starts_with("http://***@stand-in/healthy?stage="), "{words:?}");
    assert_eq!(words.last(), Some(&"rtmp://***@out.example/live?token=***"));
    assert_eq!((detail.inputs.len(), &*detail.inputs[0].host), (1, "stand-in"));
    assert!(detail.inputs[0].in_use && detail.runs.is_empty(), "{detail:?}");

    // What the process itself was given: all of it, and nothing but it.
    let worker = stage.worker("one");
    let given = std::fs::read(format!("/proc/{}/cmdline", worker.pid)).unwrap();
    assert!(contains(&given, CANARY.as_bytes()));
    assert_eq!(given.split(|byte| *byte == 0).count(), words.len() + 1, "each ends with a NUL");

    // It dies: the run is there, without asking again, and what took its place takes something.
    worker.signal(Signal::SIGKILL);
    let detail = headend.wait_detail("the run", |detail| !detail.runs.is_empty());
    let ran = &detail.runs[0];
    assert_eq!((&*ran.reason, ran.was_live, ran.input), ("FFmpeg was killed (signal 9)", true, 1));
    assert!(ran.ended > ran.started);
    assert_eq!(&*detail.inputs[0].last_error, "FFmpeg was killed (signal 9)");
    let row = headend.wait_row("one", "measured", |row| row.usage.is_some());
    let usage = row.usage.unwrap();
    assert!(usage.memory_bytes > 0 && usage.open_files >= 3 && usage.cpu_percent >= 0.0, "{usage:?}");

    headend.send(&ClientMessage::FollowDetail(None));
    let tells: Vec<&String> = headend.heard.iter().filter(|message| message.contains(CANARY)).collect();
    assert!(tells.is_empty(), "{tells:?}");
}

#[test]
fn the_configuration_is_read_again_when_an_operator_asks_and_what_it_came_to_is_told() {
    let stage = Stage::new(&[("same", "healthy"), ("goes", "healthy")]);
    let mut supervised = Supervised::start(&stage);
    let ids = |board: &Board| board.rows.values().map(|row| row.id.to_string()).collect::<Vec<_>>();
    let live = |board: &Board| board.rows.values().filter(|row| row.phase == Phase::Live).count();
    supervised.wait("two live streams", |s| (live(&s.board) == 2).then_some(()));
    let pid = supervised.board.rows[&StreamIx(0)].pid;

    let answer = |supervised: &mut Supervised, seq: u64| {
        supervised.send(&ClientMessage::Command { seq, command: Order::Reload });
        supervised.wait("an answer", |s| s.answers.iter().find(|(to, _)| *to == seq).map(|(_, a)| a.clone()))
    };
    let same = stage.stream("same", "healthy", "");
    stage.write(&(QUICK.to_owned() + &same + &stage.stream("new", "healthy", "")));
    let Answer::Reloaded { summary, lines } = answer(&mut supervised, 7) else {
        panic!("{:?}", supervised.answers)
    };
    assert_eq!(&*summary, "1 stream added, 1 removed, 0 changed (0 get another worker), 1 as before");
    assert_eq!(lines.iter().map(|line| &**line).collect::<Vec<_>>(), ["+ new", "- goes"]);
    supervised.wait("the row that goes", |s| (ids(&s.board) == ["same", "new"]).then_some(()));
    supervised.wait("the new one live", |s| (live(&s.board) == 2).then_some(()));
    assert_eq!(supervised.board.rows[&StreamIx(0)].pid, pid);
    assert!(!supervised.board.rows.contains_key(&StreamIx(1)), "its number is nobody else's");

    stage.write(&(QUICK.to_owned() + &same + "[[stream]]\nid = 'bad'\n"));
    let Answer::Refused { reason } = answer(&mut supervised, 8) else { panic!("{:?}", supervised.answers) };
    assert!(reason.contains("headend.toml:"), "{reason}");
    let told = |s: &Supervised| s.board.notices.iter().any(|notice| notice.kind == NoticeKind::Config);
    supervised.wait("a notice", |s| told(s).then_some(()));
    stage.write(&(QUICK.to_owned() + &same));
    assert!(matches!(answer(&mut supervised, 9), Answer::Reloaded { .. }));
    supervised.wait("the end of the notice", |s| (!told(s)).then_some(()));
    supervised.wait("one row", |s| (ids(&s.board) == ["same"]).then_some(()));
}
