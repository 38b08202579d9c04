use super::*;
use crate::demo::{Fault, channels};

fn site(faults: Vec<(usize, Fault)>) -> Site {
    let timetable = Timetable::scripted(faults);
    let urls = vec!["http://127.0.0.1:1".to_owned()];
    Site::new(channels(4, 1), timetable, Clips::synthetic(), urls, Outages::none())
}

/// On the first host, with all of them open.
fn at(now_ms: u64) -> Moment {
    Moment { now_ms, ..Moment::default() }
}

fn fault(kind: FaultKind) -> Vec<(usize, Fault)> {
    vec![(0, Fault { kind, from_ms: 30_000, until_ms: 60_000 })]
}

fn get(site: &Site, file: &str, now_ms: u64) -> Answer {
    let path = format!("/{}/{file}", site.channels[0].id);
    site.answer(&Method::GET, &path, at(now_ms))
}

fn text(answer: &Answer) -> &str {
    std::str::from_utf8(&answer.body).unwrap()
}

#[test]
fn the_window_is_full_at_once_and_moves_by_the_clock() {
    let site = site(Vec::new());
    let at = |now| text(&get(&site, "index.m3u8", now)).to_owned();
    assert!(at(0).contains("#EXT-X-MEDIA-SEQUENCE:95\n"));
    assert!(at(0).ends_with("\n100.ts\n"));
    assert_eq!(at(0).matches("#EXTINF:2.000,").count(), 6);
    assert_eq!(at(0), at(1_999));
    assert!(at(2_000).contains("#EXT-X-MEDIA-SEQUENCE:96\n"));
    assert!(at(86_400_000).contains("#EXT-X-MEDIA-SEQUENCE:43295\n"));
}

#[test]
fn channels_move_one_after_the_other() {
    let site = site(Vec::new());
    let moved = |now| (0..4).filter(|&c| site.newest(c, now) > FIRST_SEQUENCE).count();
    assert_eq!([0, 500, 1_000, 1_500, 2_000].map(moved), [0, 1, 2, 3, 4]);
}

#[test]
fn segments_exist_from_their_birth_until_well_after_the_window() {
    let site = site(Vec::new());
    let status = |n: u64, now| get(&site, &format!("{n}.ts"), now).status.as_u16();
    assert_eq!(status(100, 0), 200);
    assert_eq!(status(101, 1_999), 404);
    assert_eq!(status(101, 2_000), 200);
    assert_eq!(status(100, KEPT * SEGMENT_MS), 200);
    assert_eq!(status(100, (KEPT + 1) * SEGMENT_MS), 404);
    assert_ne!(get(&site, "100.ts", 0).body, get(&site, "low/100.ts", 0).body);
}

#[test]
fn faults_of_the_answer() {
    let check = |kind, file: &str| get(&site(fault(kind)), file, 45_000);
    for file in ["index.m3u8", "low/index.m3u8", "master.m3u8", "120.ts", "low/120.ts"] {
        assert_eq!(check(FaultKind::NotFound, file).status, 404);
        assert_eq!(check(FaultKind::Unavailable, file).status, 503);
        let html = check(FaultKind::WrongType, file);
        assert!(html.status == 200 && html.kind == HTML && text(&html).starts_with("<!doctype"));
        assert_eq!(get(&site(fault(FaultKind::NotFound)), file, 60_000).status, 200);
    }
    assert_eq!(check(FaultKind::Cut, "120.ts").pace, Pace::Cut);
    assert_eq!(check(FaultKind::Slow, "120.ts").pace, Pace::Slow(SLOW_MS));
    let garbage = check(FaultKind::Garbage, "120.ts");
    assert!(garbage.status == 200 && garbage.body.len() == GARBAGE_BYTES && garbage.body[0] != 0x47);
}

#[test]
fn another_host_has_the_same_picture_and_none_of_the_answers_faults() {
    let ask = |kind, host, file: &str| {
        let urls = vec!["http://127.0.0.1:1".to_owned(), "http://127.0.0.2:1".to_owned()];
        let script = Timetable::scripted(fault(kind));
        let site = Site::new(channels(4, 1), script, Clips::synthetic(), urls, Outages::none());
        let path = format!("/{}/{file}", site.channels[0].id);
        site.answer(&Method::GET, &path, Moment { host, ..at(45_000) })
    };
    assert_eq!(ask(FaultKind::NotFound, 0, "index.m3u8").status, 404);
    assert_eq!(ask(FaultKind::NotFound, 1, "index.m3u8").status, 200);
    assert_ne!(ask(FaultKind::Garbage, 1, "120.ts").body, ask(FaultKind::Garbage, 0, "120.ts").body);
    assert_eq!(ask(FaultKind::Black, 1, "120.ts").body, ask(FaultKind::Black, 0, "120.ts").body);
    assert_ne!(ask(FaultKind::Black, 1, "120.ts").body, ask(FaultKind::NotFound, 1, "120.ts").body);
}

#[test]
fn a_stalled_playlist_stands_and_then_jumps() {
    let site = site(fault(FaultKind::Stalled));
    let at = |now| text(&get(&site, "index.m3u8", now)).to_owned();
    assert_eq!(at(30_000), at(59_999));
    assert_ne!(at(30_000), at(60_000));
    // What it names stays there.
    assert_eq!(get(&site, "110.ts", 59_999).status, 200);
}

#[test]
fn a_picture_fault_belongs_to_the_segment_not_to_the_moment_of_asking() {
    for (kind, look) in
        [(FaultKind::Black, Look::Black), (FaultKind::Frozen, Look::Still), (FaultKind::Silent, Look::Silent)]
    {
        let site = site(fault(kind));
        assert_eq!([114, 115, 129, 130].map(|n| site.look(0, n)), [Look::Moving, look, look, Look::Moving]);
        assert_eq!(site.look(1, 120), Look::Moving);
        assert_eq!(get(&site, "120.ts", 45_000).body, get(&site, "120.ts", 75_000).body);
    }
}

#[test]
fn bad_requests() {
    let site = site(Vec::new());
    let id = site.channels[0].id.clone();
    for path in [
        "",
        "*",
        "//",
        "/nobody/index.m3u8",
        &format!("/{id}"),
        &format!("/{id}/"),
        &format!("/{id}/../{id}/index.m3u8"),
        &format!("/{id}/0100.ts"),
        &format!("/{id}/+100.ts"),
        &format!("/{id}/-1.ts"),
        &format!("/{id}/.ts"),
        &format!("/{id}/18446744073709551615.ts"),
        &format!("/{id}/999999999999999.ts"),
        &format!("/{id}/low/low/100.ts"),
        "/é/朝.ts",
    ] {
        assert_eq!(site.answer(&Method::GET, path, at(0)).status, 404, "{path}");
    }
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::CONNECT, Method::OPTIONS] {
        assert_eq!(site.answer(&method, "/", at(0)).status, 405);
    }
    assert_eq!(site.answer(&Method::HEAD, "/", at(0)).status, 200);
    assert_eq!(site.answer(&Method::GET, "/", at(u64::MAX)).status, 200);
    assert_eq!(get(&site, "index.m3u8", u64::MAX).status, 200);
}

#[test]
fn the_pages_for_people() {
    let site = site(fault(FaultKind::Black));
    let status = site.answer(&Method::GET, "/", at(45_000));
    assert!(text(&status).contains("black"), "{}", text(&status));
    assert!(text(&status).contains(site.channels[0].id.as_str()));
    assert!(!text(&site.answer(&Method::GET, "/", at(61_000))).contains("black"));
    let list = site.answer(&Method::GET, "/playlist.m3u", at(0));
    assert_eq!(text(&list).matches("http://127.0.0.1:1/").count(), 4);
    let master = get(&site, "master.m3u8", 0);
    assert!(text(&master).contains("RESOLUTION=640x360") && text(&master).contains("low/index.m3u8"));
}
