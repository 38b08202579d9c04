//! The reader against what FFmpeg really printed, and against anything else.

use std::path::PathBuf;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::bounds::{CLASSED_BURST, LINES_BURST, READINGS_BURST};
use super::classify::classify;
use super::{Reader, Reading};
use crate::model::{Detection, FaultClass, LineLevel, LogLine, Mode, Moment, Sample, Tracks};

const VERSIONS: [&str; 2] = ["5.1", "9.0"];
const PERIOD: Duration = Duration::from_secs(1);

fn fixture(version: &str, case: &str, pipe: &str) -> Vec<u8> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/ffmpeg"));
    let path = folder.join(version).join(format!("{case}.{pipe}"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What the reader makes of a recorded stderr.
fn told(version: &str, case: &str) -> Vec<Reading> {
    let mut reader = Reader::new(Mode::Picture, PERIOD);
    let mut told = Vec::new();
    reader.stderr(Moment::ZERO, &fixture(version, case, "err"), &mut |r| told.push(r));
    reader.finish(Moment::ZERO, &mut |r| told.push(r));
    told
}

/// What it makes of a recorded stdout, each block at the time it came (`.ms`).
fn samples(version: &str, case: &str) -> Vec<(Moment, Sample)> {
    let out = String::from_utf8(fixture(version, case, "out")).unwrap();
    let times = String::from_utf8(fixture(version, case, "ms")).unwrap();
    let mut times = times.lines().map(|ms| Moment::from_millis(ms.parse().unwrap()));
    let mut reader = Reader::new(Mode::Picture, PERIOD);
    let mut samples = Vec::new();
    for block in out.split_inclusive("progress=continue\n") {
        let now = times.next().unwrap();
        reader.stdout(now, block.as_bytes(), &mut |reading| match reading {
            Reading::Sample(sample) => samples.push((now, sample)),
            other => panic!("{version} {case}: {other:?}"),
        });
    }
    samples
}

fn classes(readings: &[Reading]) -> Vec<FaultClass> {
    let class = |reading: &Reading| match reading {
        Reading::Line { class, .. } => *class,
        _ => None,
    };
    readings.iter().filter_map(class).collect()
}

fn detections(readings: &[Reading]) -> Vec<Detection> {
    let what = |reading: &Reading| match reading {
        Reading::Detection { what, .. } => Some(*what),
        _ => None,
    };
    readings.iter().filter_map(what).collect()
}

fn tracks(readings: &[Reading]) -> Vec<Tracks> {
    let found = |reading: &Reading| match reading {
        Reading::Tracks(tracks) => Some(*tracks),
        _ => None,
    };
    readings.iter().filter_map(found).collect()
}

fn lines(readings: &[Reading]) -> Vec<(LineLevel, &str, u32)> {
    let line = |reading| match reading {
        &Reading::Line { level, ref text, repeats, .. } => Some((level, text.as_str(), repeats)),
        _ => None,
    };
    readings.iter().filter_map(line).collect()
}

fn near(figure: Option<f32>, wanted: f32, share: f32) -> bool {
    figure.is_some_and(|figure| (figure - wanted).abs() <= share * wanted)
}

#[test]
fn a_failed_start_is_explained_by_its_last_grave_class() {
    use FaultClass::{Auth, BadArgument, Dns, InvalidData, NotFound, Refused, ServerError, Timeout};
    for (case, wanted) in [
        ("http-401", Auth),
        ("http-403", Auth),
        ("http-404", NotFound),
        ("http-410", NotFound),
        ("http-429", NotFound),
        ("http-503", ServerError),
        ("refused", Refused),
        ("dns", Dns),
        ("wrong-content", InvalidData),
        ("garbage", InvalidData),
        ("timeout", Timeout),
        ("protocol", BadArgument),
        ("playlist-gone", NotFound),
    ] {
        for version in VERSIONS {
            let classes = classes(&told(version, case));
            let last = classes.iter().rfind(|class| class.ends_a_run());
            assert_eq!(last, Some(&wanted), "{version} {case}: {classes:?}");
        }
    }
    let classes = classes(&told("9.0", "skip-frame-without-video"));
    assert_eq!(classes, [FaultClass::NoStream], "the general words after it add nothing");
}

#[test]
fn a_run_with_faults_names_them() {
    use FaultClass::{Corrupt, Decode, End, HlsSkip, Segment, Timestamps};
    for (case, wanted) in [
        ("cut", &[End, Corrupt][..]),
        ("corrupt", &[Corrupt, Decode]),
        ("segment-timeout", &[Segment, Corrupt]),
        ("missing-segments", &[Segment]),
        // A clip that starts again, with the discontinuity tag in its playlist.
        ("loop", &[Corrupt, Timestamps]),
        ("segments-404", &[Segment]),
        ("playlist-gone", &[HlsSkip]),
    ] {
        for version in VERSIONS {
            let classes = classes(&told(version, case));
            for class in wanted {
                assert!(classes.contains(class), "{version} {case}: no {class:?} in {classes:?}");
            }
        }
    }
}

#[test]
fn a_healthy_run_has_no_fault_and_little_to_read() {
    for version in VERSIONS {
        for case in ["healthy", "packets", "audio-only", "no-audio"] {
            let told = told(version, case);
            assert_eq!((classes(&told), detections(&told)), (vec![], vec![]), "{version} {case}");
            let lines = lines(&told);
            let grave = lines.iter().find(|line| line.0 < LineLevel::Info);
            assert_eq!(grave, None, "{version} {case}");
            let noise =
                |text: &str| ["Opening", "Skip", "pts_time", "frame="].iter().any(|n| text.contains(n));
            assert_eq!(lines.iter().find(|line| noise(line.1)), None, "{version} {case}");
        }
    }
}

#[test]
fn a_stalled_worker_that_is_stopped_does_not_call_it_an_error() {
    for version in VERSIONS {
        let told = told(version, "stalled");
        let lines = lines(&told);
        assert!(lines.iter().any(|line| line.1.contains("Immediate exit")), "{version}: {lines:?}");
        assert!(lines.iter().all(|line| line.0 == LineLevel::Info), "{version}: {lines:?}");
    }
}

#[test]
fn black_frozen_and_silent_are_told_while_they_last() {
    use Detection::{BlackBegan, BlackEnded, FreezeBegan, FreezeEnded, SilenceBegan, SilenceEnded};
    for version in VERSIONS {
        let black = [BlackBegan, FreezeBegan, BlackEnded, FreezeEnded];
        assert_eq!(detections(&told(version, "black")), black, "{version}");
        assert_eq!(detections(&told(version, "silence")), [SilenceBegan, SilenceEnded], "{version}");
        let freeze = detections(&told(version, "freeze"));
        assert_eq!(freeze[..2], [FreezeBegan, FreezeEnded], "{version}");
        let began = told(version, "freeze").into_iter().find_map(|reading| match reading {
            Reading::Detection { what: FreezeBegan, began } => Some(began),
            _ => None,
        });
        // Told on the frame at 18 s, of a picture that stands since 8 s.
        assert_eq!(began, Some(Moment::from_millis(-10_000)), "{version}");
    }
}

#[test]
fn tracks_are_told_once_by_the_inputs() {
    for version in VERSIONS {
        for (case, video, audio) in [
            ("healthy", true, true),
            ("packets", true, true),
            ("no-audio", true, false),
            ("audio-only", false, true),
            ("skip-frame-without-video", false, true),
        ] {
            assert_eq!(tracks(&told(version, case)), [Tracks { video, audio }], "{version} {case}");
        }
        assert_eq!(tracks(&told(version, "http-404")), [], "{version}");
    }
}

#[test]
fn figures_of_a_healthy_stream_are_right_after_the_first_burst() {
    for version in VERSIONS {
        let samples = samples(version, "healthy");
        let (at, last) = samples[samples.len() - 2];
        assert!(at > Moment::from_millis(10_000), "{version}: {at:?}");
        let figures = last.figures;
        assert!(near(figures.fps, 25.0, 0.05) && near(figures.speed, 1.0, 0.05), "{version}: {figures:?}");
        assert!(near(figures.bitrate_kbps, 2_700.0, 0.1), "{version}: {figures:?}");
        assert!(samples.last().unwrap().1.end);
    }
}

#[test]
fn without_video_there_are_no_frames_but_the_rest() {
    for version in VERSIONS {
        let samples = samples(version, "audio-only");
        let last = samples[samples.len() - 2].1;
        assert_eq!((last.frame, last.figures.fps), (None, None), "{version}");
        assert!(near(last.figures.bitrate_kbps, 118.0, 0.1), "{version}: {last:?}");
    }
}

#[test]
fn a_stall_is_silence_in_5_1_and_still_figures_in_9_0() {
    let old = samples("5.1", "stalled");
    // It ran 22 s, and printed nothing after the first 7: not even a last block.
    assert!(old.iter().all(|(at, sample)| *at < Moment::from_millis(7_000) && !sample.end), "{old:?}");
    let new = samples("9.0", "stalled");
    let (_, last) = new[new.len() - 2];
    assert_eq!(last.out_time_us, new[new.len() - 5].1.out_time_us);
    assert_eq!((last.figures.speed, last.figures.fps), (Some(0.0), Some(0.0)));
}

fn read_err(reader: &mut Reader, ms: i64, text: &str) -> Vec<Reading> {
    let mut told = Vec::new();
    reader.stderr(Moment::from_millis(ms), text.as_bytes(), &mut |r| told.push(r));
    told
}

#[test]
fn folded_lines_stand_for_what_they_repeat() {
    let mut reader = Reader::new(Mode::Picture, PERIOD);
    let text = "[h264 @ 0x1] [error] error while decoding MB 1 2\n    Last message repeated 41 times\n";
    let told = read_err(&mut reader, 0, text);
    assert_eq!(
        lines(&told),
        [
            (LineLevel::Error, "[h264] error while decoding MB 1 2", 1),
            (LineLevel::Error, "Last message repeated 41 times", 41)
        ]
    );
    assert_eq!(classes(&told), [FaultClass::Decode; 2]);
    assert_eq!(reader.dropped(), 41);
    let noise = "[info] Opening 'http://h/a' for reading\n    Last message repeated 3 times\n";
    assert_eq!(read_err(&mut reader, 0, noise), []);
}

#[test]
fn a_missing_key_frame_is_forgiven_only_while_joining() {
    let mut reader = Reader::new(Mode::Picture, PERIOD);
    let text = "[h264 @ 0x1] [error] non-existing PPS 0 referenced\n";
    assert_eq!(classes(&read_err(&mut reader, 10_000, text)), [FaultClass::NoKeyframe]);
    assert_eq!(classes(&read_err(&mut reader, 16_000, text)), [FaultClass::Decode]);
}

#[test]
fn general_words_count_only_when_nothing_precise_was_said() {
    let mut reader = Reader::new(Mode::Picture, PERIOD);
    let vague = "[error] x: Input/output error\n";
    assert_eq!(classes(&read_err(&mut reader, 0, vague)), [FaultClass::Timeout]);
    let dns = "[error] Failed to resolve hostname h: Name or service not known\n";
    assert_eq!(classes(&read_err(&mut reader, 1_000, dns)), [FaultClass::Dns]);
    assert_eq!(classes(&read_err(&mut reader, 2_000, vague)), []);
    assert_eq!(classes(&read_err(&mut reader, 60_000, vague)), [FaultClass::Timeout]);
}

#[test]
fn what_a_stranger_prints_is_shown_clean_and_masked() {
    let mut reader = Reader::new(Mode::Run, PERIOD);
    let told = read_err(&mut reader, 0, "\x1b[31mhttp://u:canary@h/x?token=canary\u{202e}\n");
    let lines = lines(&told);
    assert_eq!(lines[0].0, LineLevel::Warning, "no tag: not FFmpeg's logging");
    assert_eq!(lines[0].1, "␛[31mhttp://***@h/x?token=***");
}

#[test]
fn garbage_on_stdout_is_a_line_and_not_a_figure() {
    let mut reader = Reader::new(Mode::Run, PERIOD);
    let mut told = Vec::new();
    reader.stdout(Moment::ZERO, b"\xff\xfe media\nprogress=continue\n", &mut |r| told.push(r));
    assert_eq!(lines(&told), [(LineLevel::Debug, "\\xFF\\xFE media", 1)]);
    assert!(matches!(told[1], Reading::Sample(sample) if sample == Sample::default()));
}

#[test]
fn a_flood_passes_the_budget_only_and_is_counted() {
    let mut reader = Reader::new(Mode::Picture, PERIOD);
    let flood = "[x @ 0x1] [warning] something odd\n".repeat(20_000);
    let told = read_err(&mut reader, 0, &flood);
    assert_eq!(told.len(), LINES_BURST as usize);
    assert_eq!(reader.dropped(), 20_000 - u64::from(LINES_BURST));
}

#[test]
fn floods_of_repeats_blocks_and_detections_are_bounded_too() {
    let mut reader = Reader::new(Mode::Picture, PERIOD);
    read_err(&mut reader, 0, "[x @ 0x1] [warning] odd\n");
    let told = read_err(&mut reader, 0, &"    Last message repeated 2 times\n".repeat(2_000));
    assert_eq!(told.len(), LINES_BURST as usize - 1);

    let mut samples = 0;
    reader.stdout(Moment::ZERO, "progress=continue\n".repeat(2_000).as_bytes(), &mut |_| samples += 1);
    assert_eq!(samples, READINGS_BURST);

    let blinking = "[m @ 0x1] [info] lavfi.black_start=1\n[m @ 0x1] [info] lavfi.black_end=1\n";
    assert_eq!(read_err(&mut reader, 0, &blinking.repeat(2_000)), []);
    let told = read_err(&mut reader, 1_000, "[m @ 0x1] [info] lavfi.black_start=2\n");
    assert_eq!(detections(&told), [Detection::BlackBegan], "what was not told is told when there is room");
}

#[test]
fn a_cause_is_heard_through_a_flood() {
    let mut reader = Reader::new(Mode::Picture, PERIOD);
    let noise = "[x @ 0x1] [warning] something odd\n".repeat(20_000);
    read_err(&mut reader, 0, &noise);
    // As long as the flood lasts only every so many lines are looked at; a cause that stays is.
    let mut heard = 0;
    for second in 1..=10 {
        read_err(&mut reader, second * 1_000, &"[x @ 0x1] [warning] odd\n".repeat(50));
        let told =
            read_err(&mut reader, second * 1_000, &"[http @ 0x2] [warning] HTTP error 503 x\n".repeat(100));
        heard += classes(&told).len();
    }
    assert!((10..=10 * CLASSED_BURST as usize).contains(&heard), "{heard}");
}

#[test]
fn an_endless_line_is_cut_and_counted() {
    let mut reader = Reader::new(Mode::Picture, PERIOD);
    for _ in 0..50 {
        assert_eq!(read_err(&mut reader, 0, &"x".repeat(100_000)), []);
    }
    let told = read_err(&mut reader, 0, "\n[error] next\n");
    let lines = lines(&told);
    assert!(lines[0].1.len() <= LogLine::MAX_BYTES && lines[0].1.ends_with('…'));
    assert_eq!((lines[1].1, reader.dropped()), ("next", 1));
}

/// Lines of FFmpeg's, pieces of them, and bytes that are neither.
fn output() -> impl Strategy<Value = Vec<u8>> {
    let numbers = prop_oneof![
        Just("N/A".to_owned()),
        Just("-9223372036854775807".to_owned()),
        Just("-9223372036854775808".to_owned()),
        Just("nan".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<u64>().prop_map(|n| format!("  {n}")),
        (0_u32..100).prop_map(|n| n.to_string()),
    ];
    let keys = prop::sample::select(vec![
        "frame",
        "out_time_us",
        "out_time_ms",
        "total_size",
        "drop_frames",
        "speed",
    ]);
    let known = prop::sample::select(vec![
        "[info] Input #0, hls, from 'x':",
        "[info]   Stream #0:0: Video: h264",
        "[info] Stream mapping:",
        "[a @ 0x1] [info] frame:1 pts:1 pts_time:1e308",
        "[a @ 0x1] [info] lavfi.black_start=1",
        "[a @ 0x1] [info] lavfi.freezedetect.freeze_start: 1",
        "[a @ 0x1] [info] lavfi.freezedetect.freeze_start=-1e308",
        "    Last message repeated 4294967295 times",
        "[http @ 0x1] [error] HTTP error 503 x",
        "progress=continue",
        "\r",
    ]);
    let piece = prop_oneof![
        3 => (keys, numbers).prop_map(|(key, number)| format!("{key}={number}\n").into_bytes()),
        3 => known.prop_map(|line| format!("{line}\n").into_bytes()),
        2 => vec(any::<u8>(), 0..40),
        1 => (0_usize..5_000).prop_map(|n| vec![b'z'; n]),
    ];
    vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn finite(sample: &Sample) -> bool {
    let figures = [sample.figures.fps, sample.figures.speed, sample.figures.bitrate_kbps];
    figures.iter().flatten().all(|figure| figure.is_finite())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_in_any_pieces_read_the_same(bytes in output(), size in 1_usize..200, run: bool) {
        let mode = if run { Mode::Run } else { Mode::Picture };
        // One pipe at a time: both share one budget and one set of detectors.
        for pipe in [false, true] {
            let alone = |pieces: &mut dyn Iterator<Item = &[u8]>| {
                let mut reader = Reader::new(mode, PERIOD);
                let mut told = Vec::new();
                for piece in pieces {
                    if pipe {
                        reader.stderr(Moment::ZERO, piece, &mut |r| told.push(r));
                    } else {
                        reader.stdout(Moment::ZERO, piece, &mut |r| told.push(r));
                    }
                }
                reader.finish(Moment::ZERO, &mut |r| told.push(r));
                (told, reader.dropped())
            };
            prop_assert_eq!(alone(&mut std::iter::once(&bytes[..])), alone(&mut bytes.chunks(size)));
        }
    }

    #[test]
    fn figures_are_numbers_and_texts_are_bounded(chunks in vec((output(), 0_i64..5_000), 0..10)) {
        let mut reader = Reader::new(Mode::Full, PERIOD);
        let mut told = Vec::new();
        let mut now = 0;
        for (bytes, later) in &chunks {
            now += later;
            reader.stdout(Moment::from_millis(now), bytes, &mut |r| told.push(r));
            reader.stderr(Moment::from_millis(now), bytes, &mut |r| told.push(r));
        }
        reader.finish(Moment::from_millis(now), &mut |r| told.push(r));
        for reading in &told {
            match reading {
                Reading::Sample(sample) => prop_assert!(finite(sample), "{:?}", sample),
                Reading::Line { text, .. } => {
                    prop_assert!(text.len() <= LogLine::MAX_BYTES);
                    prop_assert!(!text.chars().any(char::is_control), "{:?}", text);
                }
                Reading::Detection { began, .. } => prop_assert!(*began <= Moment::from_millis(now)),
                Reading::Tracks(_) => {}
            }
        }
    }

    #[test]
    fn every_message_has_one_class_or_none(message in ".{0,200}") {
        // Total, and the same each time.
        prop_assert_eq!(classify(&message), classify(&message));
    }
}
