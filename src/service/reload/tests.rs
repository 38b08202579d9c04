//! What becomes of a reload: what it changes, and answers that come late or never.

use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

use super::*;
use crate::config::{Memory, parse, replacing_keys};
use crate::ffmpeg::{Version, command_line};
use crate::link::{AuditAnswer, NoLogs};
use crate::model::{StreamIx, StreamSpec};
use crate::store::Revisions;
use crate::supervisor::runtime::Inbox;

fn spec(lines: &str) -> StreamSpec {
    let text = format!("[[stream]]\nid = 'a'\n{lines}\n");
    let loaded = parse(&text, Path::new("/x/headend.toml"), &Environment::default(), &Memory::new());
    loaded.unwrap_or_else(|mistakes| panic!("{mistakes}")).config.streams.remove(0)
}

/// FFmpeg's arguments for the primary, without the network's timeout: a worker keeps the one it has.
fn words(spec: &StreamSpec) -> Vec<String> {
    let filters = ["blackdetect", "freezedetect", "silencedetect", "metadata", "scale"];
    let capabilities = Capabilities {
        version_text: "7.0".into(),
        version: Version { major: 7, minor: 0 },
        filters: filters.map(str::to_owned).into(),
        protocols: ["http".to_owned()].into(),
    };
    let line = command_line(spec, 0, &capabilities, Duration::from_secs(1)).unwrap();
    let mut words: Vec<String> = line.args.into_iter().map(|arg| arg.into_string().unwrap()).collect();
    while let Some(at) = words.iter().position(|word| word == "-rw_timeout") {
        words.drain(at..at + 2);
    }
    words
}

#[test]
fn a_worker_is_replaced_exactly_when_its_command_is_another_one() {
    let watched = [
        "",
        "mode = 'full'",
        "mode = 'packets'",
        "input_args = ['-re']",
        "protocols = ['default', 'file']",
        "expect = ['audio']",
        "expect = ['audio']\nmode = 'packets'",
        "name = 'N'\ngroup = 'g'\ntags = ['t']\npriority = 1\nwatch = 'rotate'\nturn = '9s'\nstart = false",
        "on_air = ['mon']\nmaintenance = ['tue']\nfallback = { on = ['black'] }",
        "thresholds = { black = '0s' }",
        "thresholds = { black = '3s', stall = '90s', slow_speed = 0.1 }",
        "thresholds = { frozen = '3s' }",
        "thresholds = { frozen = '30s' }",
        "thresholds = { silent = '0s' }\nmode = 'packets'",
        "thresholds = { silent = '0s' }",
    ];
    let inputs =
        ["inputs = ['http://h/1']", "inputs = ['http://h/1', 'http://h/2']", "inputs = ['http://h/3']"];
    let mut specs: Vec<StreamSpec> = Vec::new();
    for lines in watched {
        specs.extend(inputs.map(|inputs| spec(&format!("{inputs}\n{lines}"))));
    }
    for args in ["['-i', '{input}', 'out.ts']", "['-i', '{input}', 'other.ts']", "['-f', 'lavfi', 'x']"] {
        specs.extend(inputs.map(|inputs| spec(&format!("{inputs}\nmode = 'run'\nargs = {args}"))));
    }
    for old in &specs {
        for new in &specs {
            let keys = replacing_keys(old, new, 0);
            // A change of mode is one, also where both would run the same.
            let other = words(old) != words(new) || old.mode != new.mode;
            assert_eq!(!keys.is_empty(), other, "{keys:?}\n{:?}\n{:?}", words(old), words(new));
        }
    }
}

/// What would have been written into the audit log.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl AuditTrail for Told {
    fn record(&self, audited: Audited) {
        self.0.lock().unwrap().push(format!("{}: {}", audited.command, audited.result));
    }

    fn read(&self, _: u64, _: usize, _: AuditAnswer) -> bool {
        false
    }
}

/// A reloader whose supervisor is played by the test.
struct Stage {
    folder: tempfile::TempDir,
    source: Source,
    reloader: Reloader,
    inbox: Inbox,
    told: Arc<Told>,
}

impl Stage {
    /// With one stream in force and two in the file.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("headend.toml");
        let source = Source { path, environment: Environment::default() };
        let (bids, inbox) = Inbox::new();
        let told = Arc::new(Told::default());
        let capture = Capture::new(&Disk);
        std::fs::write(&source.path, text(1)).unwrap();
        let config = config::load_from(&source.path, &source.environment, &capture).unwrap().config;
        std::fs::write(&source.path, text(2)).unwrap();
        let sources = capture.into_sources();
        let version = Version { major: 7, minor: 0 };
        let hub = Hub::new(Arc::new(NoLogs), Box::new(|| {}));
        let standing = Standing::default();
        let reloader = Reloader {
            source: Some(source.clone()),
            config,
            tried: sources.clone(),
            sources,
            folder: Some(folder.path().to_owned()),
            others: BTreeMap::new(),
            limits: LimitReading::default(),
            capabilities: Capabilities {
                version_text: "7.0".into(),
                version,
                filters: BTreeSet::new(),
                protocols: BTreeSet::new(),
            },
            web: Web::start(hub.clone(), &config::HttpSettings::default(), &standing),
            standing,
            bids,
            hub,
            trail: Arc::clone(&told) as Arc<dyn AuditTrail>,
            renewals: super::super::alerts::Renewals::unheard(),
            pending: None,
            again: false,
            patience: Duration::ZERO,
        };
        Self { folder, source, reloader, inbox, told }
    }

    fn reload(&mut self) -> Result<Done, String> {
        self.reloader.reload(&self.source, Asker::Signal)
    }

    /// Where the supervisor's answer goes to a configuration that it was given.
    fn given(&mut self) -> SyncSender<Result<Reconfigured, String>> {
        match self.inbox.split().0.try_recv() {
            Ok(Bid::Reconfigure { next, reply }) => {
                assert_eq!(next.streams.len(), 2);
                reply
            }
            other => panic!("{other:?}"),
        }
    }

    fn streams(&self) -> usize {
        self.reloader.config.streams.len()
    }

    fn trouble(&self) -> String {
        self.reloader.standing.trouble().unwrap_or_default()
    }

    fn told(&self) -> Vec<String> {
        std::mem::take(&mut *self.told.0.lock().unwrap())
    }
}

fn text(streams: usize) -> String {
    let stream = |n| format!("[[stream]]\nid = 's{n}'\ninputs = ['http://h/{n}']\n");
    "[reload]\nwatch = true\n".to_owned() + &(0..streams).map(stream).collect::<String>()
}

fn reconfigured() -> Reconfigured {
    let added = vec![(StreamIx(1), StreamId::new("s1").unwrap())];
    Reconfigured { added, removed: Vec::new(), changed: Vec::new(), unchanged: 1 }
}

#[test]
fn an_answer_that_comes_late_is_taken_in_and_told() {
    let mut stage = Stage::new();
    assert_eq!(stage.reload().unwrap_err(), LATE);
    assert_eq!((stage.streams(), stage.trouble().as_str()), (1, LATE));
    let reply = stage.given();
    // Until then nothing else is begun, and nothing is told twice.
    assert_eq!(stage.reload().unwrap_err(), LATE);
    stage.reloader.look_after_pending();
    assert!(stage.inbox.split().0.try_recv().is_err() && stage.told().is_empty());
    reply.send(Ok(reconfigured())).unwrap();
    // The supervisor that shows it is gone by then.
    stage.inbox = Inbox::new().1;
    stage.reloader.look_after_pending();
    assert_eq!((stage.streams(), stage.trouble().as_str()), (2, ""));
    assert_eq!(
        stage.told(),
        ["reload: 1 stream added, 0 removed, 0 changed (0 get another worker), 1 as before"]
    );
    assert!(!stage.reloader.differs(&stage.source), "it is what was read");
    let (newest, _) = Revisions::of(stage.folder.path()).newest().unwrap();
    assert!(newest.unwrap().files[0].text.contains("s1"));
}

#[test]
fn what_is_refused_late_or_never_answered_is_tried_again() {
    for answer in [Some("too many streams"), None] {
        let mut stage = Stage::new();
        assert_eq!(stage.reload().unwrap_err(), LATE);
        let reply = stage.given();
        assert!(!stage.reloader.differs(&stage.source), "it is on its way");
        if let Some(why) = answer {
            reply.send(Err(why.to_owned())).unwrap();
        }
        drop(reply);
        stage.inbox = Inbox::new().1;
        stage.reloader.look_after_pending();
        let why = answer.unwrap_or(BUSY);
        assert_eq!(stage.told(), [format!("reload: refused: {why}")]);
        assert_eq!(stage.streams(), 1);
        assert!(stage.trouble().contains(why) && stage.reloader.differs(&stage.source));
    }
}

#[test]
fn a_supervisor_that_has_no_room_is_asked_again_where_files_are_watched() {
    let mut stage = Stage::new();
    while stage.reloader.bids.send(Bid::Hurry) {}
    assert_eq!(stage.reload().unwrap_err(), BUSY);
    assert!(stage.trouble().contains(BUSY));
    while stage.inbox.split().0.try_recv().is_ok() {}
    let (_asks, waiting) = sync_channel(1);
    let mut changes = Changes::default();
    changes.follow(&stage.reloader.watched(&stage.source));
    // No file has changed since.
    let asker = stage.reloader.next_ask(&stage.source, &waiting, &mut changes);
    assert_eq!(asker, Some(Asker::File));
    let begin = Instant::now();
    stage.reloader.patience = Duration::from_secs(30);
    std::thread::scope(|scope| {
        let Stage { inbox, reloader, source, .. } = &mut stage;
        scope.spawn(move || match inbox.split().0.blocking_recv() {
            Some(Bid::Reconfigure { reply, .. }) => reply.send(Ok(reconfigured())).unwrap(),
            other => panic!("{other:?}"),
        });
        assert!(reloader.reload(source, Asker::File).is_ok());
    });
    assert!(begin.elapsed() < stage.reloader.patience);
    assert_eq!((stage.streams(), stage.trouble().as_str()), (2, ""));
}
