use std::net::{Ipv4Addr, Ipv6Addr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::demo::{Fault, FaultKind, channels};

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
const LONG: Duration = Duration::from_secs(40);

fn origin(channel_count: usize, kind: Option<FaultKind>, idle: Duration) -> Origin {
    let fault = kind.map(|kind| (0, Fault { kind, from_ms: 0, until_ms: u64::MAX }));
    let timetable = Timetable::scripted(fault.into_iter().collect());
    Origin::start_with(ANY, channels(channel_count, 1), timetable, Clips::synthetic(), idle).unwrap()
}

async fn ask(origin: &Origin, request: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(origin.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut all = Vec::new();
    // A cut connection may end in an error; what came before counts.
    let end = tokio::time::timeout(LONG / 2, stream.read_to_end(&mut all)).await;
    assert!(end.is_ok(), "the origin never closed the connection");
    let end = all.windows(4).position(|w| w == b"\r\n\r\n").map_or(all.len(), |at| at + 4);
    let body = all.split_off(end);
    (String::from_utf8(all).unwrap().to_ascii_lowercase(), body)
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
}

fn promised(head: &str) -> usize {
    head.lines().find_map(|l| l.strip_prefix("content-length: ")).unwrap().parse().unwrap()
}

#[tokio::test]
async fn answers_have_their_length_and_type() {
    let origin = origin(2, None, LONG);
    let id = channels(2, 1)[0].id.clone();
    let (head, body) = ask(&origin, &get(&format!("/{id}/index.m3u8?session=1"))).await;
    assert!(head.starts_with("http/1.1 200") && head.contains("application/vnd.apple.mpegurl"), "{head}");
    assert_eq!(promised(&head), body.len());
    let (head, body) = ask(&origin, &get(&format!("/{id}/100.ts"))).await;
    assert_eq!(promised(&head), body.len());
    assert!(body.chunks(188).all(|p| p[0] == 0x47));
    let request = get(&format!("/{id}/100.ts")).replace("GET", "HEAD");
    let (head, none) = ask(&origin, &request).await;
    assert!(promised(&head) == body.len() && none.is_empty());
    assert_eq!(origin.traffic().requests, 3);
    origin.shutdown().await;
}

#[tokio::test]
async fn a_cut_segment_promises_more_than_comes() {
    let origin = origin(1, Some(FaultKind::Cut), LONG);
    let (head, body) = ask(&origin, &get(&format!("/{}/100.ts", channels(1, 1)[0].id))).await;
    assert!(!body.is_empty() && body.len() < promised(&head), "{} of {}", body.len(), promised(&head));
}

#[tokio::test]
async fn a_slow_segment_comes_whole() {
    let origin = origin(1, Some(FaultKind::Slow), LONG);
    let begun = Instant::now();
    let (head, body) = ask(&origin, &get(&format!("/{}/100.ts", channels(1, 1)[0].id))).await;
    assert_eq!(promised(&head), body.len());
    // A lower bound only: a busy machine can't break it.
    assert!(begun.elapsed() > Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn strangers_get_an_answer_or_are_shown_the_door() {
    let origin = origin(1, None, LONG);
    let huge = format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "a".repeat(4 * MAX_HEAD_BYTES));
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(4 * MAX_HEADERS));
    for (request, wanted) in [
        (get("/nothing"), "http/1.1 404"),
        (get("/").replace("GET", "DELETE"), "http/1.1 405"),
        (huge, "http/1.1 431"),
        (many, "http/1.1 431"),
        ("\0\u{1b}garbage\r\n\r\n".to_owned(), "http/1.1 400"),
    ] {
        let (head, _) = ask(&origin, &request).await;
        assert!(head.is_empty() && wanted.ends_with("431") || head.starts_with(wanted), "{wanted}: {head}");
    }
    assert!(ask(&origin, &get("/")).await.0.starts_with("http/1.1 200"));
}

#[tokio::test]
async fn silent_and_slow_connections_are_closed() {
    let origin = origin(1, None, Duration::from_millis(50));
    for said in ["", "GET / HTTP/1.1\r\nhos", "GET / HTTP/1.1\r\nhost: x\r\n\r\n"] {
        // Returns only because the origin closes it.
        ask(&origin, said).await;
    }
}

#[tokio::test]
async fn connections_are_bounded_and_the_rest_wait() {
    let origin = origin(0, None, Duration::from_millis(300));
    let mut idle = Vec::new();
    for _ in 0..SPARE_CONNECTIONS + 10 {
        idle.push(TcpStream::connect(origin.address()).await.unwrap());
    }
    // Served once idle ones were closed.
    assert!(ask(&origin, &get("/")).await.0.starts_with("http/1.1 200"));
    assert!(origin.traffic().connections as usize <= SPARE_CONNECTIONS);
}

#[tokio::test]
async fn shutdown_closes_everything() {
    let origin = origin(1, None, LONG);
    let address = origin.address();
    let mut open = TcpStream::connect(address).await.unwrap();
    open.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut first = [0; 8];
    open.read_exact(&mut first).await.unwrap();
    origin.shutdown().await;
    let mut rest = Vec::new();
    let _ = open.read_to_end(&mut rest).await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn only_loopback_and_no_more_than_the_most() {
    let start = |listen: SocketAddr, list| {
        Origin::start(listen, list, Timetable::scripted(Vec::new()), Clips::synthetic()).unwrap_err()
    };
    assert!(matches!(start("0.0.0.0:0".parse().unwrap(), Vec::new()), DemoError::NotLoopback(_)));
    let one = channels(1, 1)[0].clone();
    assert!(matches!(start(ANY, vec![one; MAX_CHANNELS + 1]), DemoError::TooMany(_)));
    let taken = origin(0, None, LONG);
    assert!(matches!(start(taken.address(), Vec::new()), DemoError::Listen { .. }));
    let six = SocketAddr::new(Ipv6Addr::LOCALHOST.into(), 0);
    if let Ok(origin) = Origin::start(six, Vec::new(), Timetable::scripted(Vec::new()), Clips::synthetic()) {
        assert!(origin.base_url().starts_with("http://[::1]:"));
    }
}
