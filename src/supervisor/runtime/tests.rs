use super::attend::marked;
use super::spawner::Order;
use super::*;
use crate::config::Policy;
use crate::ffmpeg::Version;
use crate::host::Workers;
use crate::model::{Expect, Fallback, HostReading, Mode, SelfReading, Thresholds, Usage, Wanted, WatchKind};
use crate::supervisor::core::Purpose;

/// Far below [`Limits::OURS`]: nobody is there who could end.
const SOON: Limits =
    Limits { kill_after: Duration::from_millis(20), let_go_after: Duration::from_millis(20) };

#[derive(Default)]
struct Seen {
    left: Vec<u32>,
    wanted: BTreeSet<StreamIx>,
    details: Vec<Detail>,
}

impl Outlet for Seen {
    fn save(&mut self, _: Moment, _: &StreamId, _: Kept) {}
    fn publish(&mut self, _: Moment, _: Changes) {}
    fn lines_moved(&mut self) {}
    fn commanded(&mut self, _: u64, _: u64, _: usize) {}
    fn refused(&mut self, _: u64, _: u64, _: String) {}
    fn details_wanted(&self) -> BTreeSet<StreamIx> {
        self.wanted.clone()
    }
    fn put_detail(&mut self, detail: &Detail) {
        self.details.push(detail.clone());
    }
    fn worker_born(&mut self, _: &StreamId, _: u32, _: u64) {}
    fn worker_gone(&mut self, _: u32) {}
    fn leaving(&mut self, workers_left: u32) {
        self.left.push(workers_left);
    }
}

fn spec(mode: Mode) -> StreamSpec {
    StreamSpec {
        id: StreamId::new("one").unwrap(),
        name: "one".into(),
        group: "".into(),
        tags: Vec::new(),
        inputs: vec!["http://a.example/live".into(), "http://b.example/live".into()],
        mode,
        args: ["-i", "{input}", "-c", "copy", "-f", "flv", "rtmp://out.example/x"].map(str::to_owned).into(),
        input_args: Vec::new(),
        protocols: vec!["http".into(), "tcp".into()],
        expect: Expect { video: true, audio: true },
        thresholds: Thresholds::default(),
        wanted: Wanted::Started,
        priority: StreamSpec::USUAL_PRIORITY,
        watch: WatchKind::Always,
        turn: StreamSpec::USUAL_TURN,
        fallback: Fallback::default(),
        on_air: None,
        maintenance: None,
    }
}

fn tools() -> Tools {
    Tools {
        launch: Launch { headend: "headend".into(), ffmpeg: "ffmpeg".into(), open_files: 1_024 },
        capabilities: Capabilities {
            version_text: "5.1.9".into(),
            version: Version { major: 5, minor: 1 },
            filters: [].into(),
            protocols: ["http".to_owned()].into(),
        },
        stats_period: Duration::from_secs(1),
        logs: Logs::start(None, 1_000_000, 1),
        pids: Arc::default(),
    }
}

/// A runtime whose spawner takes orders and never carries one out, as one does that hangs in the
/// kernel.
fn with_a_spawner_that_hangs() -> (Runtime<Seen>, Bids, std::sync::mpsc::Receiver<Order>) {
    let (spawner, orders) = Spawner::that_hangs();
    let (_, born) = mpsc::channel(1);
    let core = Supervisor::new(Policy::default(), 10, 7);
    let (runtime, bids) =
        Runtime::with_spawner(core, tools(), Seen::default(), spawner, Tracked::default(), born);
    (runtime, bids, orders)
}

#[test]
fn leaving_ends_although_a_worker_does_not() {
    let event_loop = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let seen = event_loop.block_on(async {
        let (mut runtime, bids, orders) = with_a_spawner_that_hangs();
        runtime.leave_limits = SOON;
        runtime.add(vec![(spec(Mode::Packets), None)]);
        assert!(orders.try_recv().is_ok(), "its worker was asked for");
        assert!(bids.send(Bid::Leave));
        runtime.run().await
    });
    assert!(seen.left.contains(&1), "{:?}", seen.left);
    assert_eq!(seen.left.last(), Some(&0), "and that is the end");
}

#[test]
fn what_a_process_takes_comes_to_the_row_of_its_stream() {
    let event_loop = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _context = event_loop.enter();
    let (mut runtime, _bids, _orders) = with_a_spawner_that_hangs();
    runtime.add(vec![(spec(Mode::Packets), None)]);
    let group = Group::new(4_000_001, runtime.tracked.clone());
    runtime.running.insert((StreamIx(0), Generation(1)), Running { group, pid: 4_000_001 });
    let usage = |open_files| Usage { open_files, ..Usage::default() };
    let each = vec![(4_000_000, usage(1)), (4_000_001, usage(2)), (4_000_002, usage(3))];
    let workers = Some(Workers { each, ..Workers::default() });
    let measured = Measured { host: HostReading::default(), own: SelfReading::default(), workers };
    runtime.take_in_measured(Moment::ZERO, measured);
    let rows = runtime.core.drain_changes(true).rows;
    assert_eq!(rows.iter().map(|row| row.usage).collect::<Vec<_>>(), [Some(usage(2))]);
}

#[test]
fn a_probe_looks_at_packets_only_whatever_the_stream_s_mode() {
    let event_loop = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _context = event_loop.enter();
    let (mut runtime, _bids, _orders) = with_a_spawner_that_hangs();
    runtime.add(vec![(spec(Mode::Run), None)]);
    let words = |purpose| -> Vec<String> {
        let (id, line) = runtime.command(StreamIx(0), 1, purpose).unwrap();
        assert_eq!(id.as_str(), runtime.core.spec(StreamIx(0)).unwrap().id.as_str());
        line.args.into_iter().map(|arg| arg.into_string().unwrap()).collect()
    };
    let (served, probed) = (words(Purpose::Serve), words(Purpose::Probe));
    assert!(served.contains(&"rtmp://out.example/x".to_owned()), "{served:?}");
    assert!(!probed.contains(&"rtmp://out.example/x".to_owned()), "{probed:?}");
    let input = probed.iter().position(|word| word == "-i").unwrap();
    assert_eq!(probed[input + 1], "http://b.example/live");
    assert_eq!(probed.last().unwrap(), "/dev/null", "{probed:?}");

    let log = runtime.tools.logs.lines_from(StreamIx(0), 0).0;
    let texts: Vec<&str> = log.iter().map(|line| &*line.text).collect();
    assert!(texts.iter().any(|text| text.starts_with("probe: headend: ")), "{texts:?}");
    assert!(texts.iter().any(|text| text.starts_with("headend: ")), "{texts:?}");
}

#[test]
fn only_details_that_are_wanted_are_built_with_the_command_of_the_worker() {
    let event_loop = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _context = event_loop.enter();
    let (mut runtime, _bids, _orders) = with_a_spawner_that_hangs();
    let mut secret = spec(Mode::Packets);
    secret.inputs[0] = "http://me:canary@a.example/live?token=canary".into();
    secret.input_args = ["-headers", "X-Key: canary"].map(str::to_owned).into();
    runtime.add(vec![
        (secret, None),
        (StreamSpec { id: StreamId::new("two").unwrap(), ..spec(Mode::Packets) }, None),
    ]);
    runtime.publish(Moment::ZERO, true);
    assert_eq!(runtime.outlet.details, [], "nobody wants one");

    runtime.outlet.wanted = [StreamIx(0), StreamIx(7)].into();
    runtime.take_in(Moment::ZERO, Event::Bid(Bid::Details));
    let [detail] = &runtime.outlet.details[..] else { panic!("{:?}", runtime.outlet.details) };
    assert_eq!((detail.stream, detail.inputs.len()), (StreamIx(0), 2));
    let words: Vec<&str> = detail.command.iter().map(|word| &**word).collect();
    let has = |pair: [&str; 2]| words.windows(2).any(|words| words == pair);
    assert_eq!(words[..2], ["ffmpeg", "-hide_banner"]);
    assert!(has(["-headers", "***"]) && has(["-i", "http://***@a.example/live?token=***"]), "{words:?}");
    assert!(!format!("{detail:?}").contains("canary"), "{detail:?}");

    // A probe looks at the same stream in its own way: that is not the command that serves it.
    let command = detail.command.clone();
    runtime.spawn(Moment::ZERO, StreamIx(0), Generation(2), 1, Purpose::Probe);
    runtime.publish(Moment::ZERO, true);
    assert_eq!(runtime.outlet.details.last().unwrap().command, command);
    runtime.spawn(Moment::ZERO, StreamIx(0), Generation(3), 1, Purpose::Serve);
    runtime.publish(Moment::ZERO, true);
    let newest = &runtime.outlet.details.last().unwrap().command;
    assert!(newest.contains(&"http://b.example/live".into()), "{newest:?}");
}

#[test]
fn a_line_of_a_probe_is_marked_and_stays_within_its_bound() {
    let text: Arc<str> = "x".repeat(LogLine::MAX_BYTES).into();
    assert_eq!(marked(Purpose::Serve, &text), text);
    let marked = marked(Purpose::Probe, &text);
    assert!(marked.starts_with("probe: xxx") && marked.len() <= LogLine::MAX_BYTES, "{}", marked.len());
}
