use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::demo::{Fault, FaultKind, MAX_HOSTS, Outage, Outages, channels};

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
const LONG: Duration = Duration::from_secs(40);

fn origin(channel_count: usize, kind: Option<FaultKind>, idle: Duration) -> Origin {
    let fault = kind.map(|kind| (0, Fault { kind, from_ms: 0, until_ms: u64::MAX }));
    let timetable = Timetable::scripted(fault.into_iter().collect());
    Origin::start_with(&ANY.into(), channels(channel_count, 1), timetable, Clips::synthetic(), idle).unwrap()
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

fn several(count: usize, outages: Outages) -> Origin {
    let hosts = Hosts::several(ANY, count, outages).unwrap();
    Origin::start_with(&hosts, channels(4, 1), Timetable::scripted(Vec::new()), Clips::synthetic(), LONG)
        .unwrap()
}

/// The first bytes of the answer; an error where the host refuses.
async fn ask_host(origin: &Origin, host: usize, request: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(origin.addresses[host]).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await?;
    Ok(String::from_utf8_lossy(&all).into_owned())
}

async fn wait_refused(origin: &Origin, host: usize) {
    let refused = async {
        while TcpStream::connect(origin.addresses[host]).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LONG, refused).await.expect("the host never refused");
}

async fn wait_served(origin: &Origin, host: usize) {
    let served = async {
        while !ask_host(origin, host, &get("/")).await.is_ok_and(|text| text.contains("200 OK")) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LONG, served).await.expect("the host never served again");
}

#[tokio::test]
async fn every_host_serves_every_channel_on_an_address_of_its_own() {
    let origin = several(3, Outages::none());
    let ips: Vec<String> = origin.addresses.iter().map(|a| a.ip().to_string()).collect();
    assert_eq!(ips, ["127.0.0.1", "127.0.0.2", "127.0.0.3"]);
    for (host, url) in origin.base_urls().iter().enumerate() {
        assert_eq!(*url, format!("http://{}", origin.addresses[host]));
        for channel in channels(4, 1) {
            let text = ask_host(&origin, host, &get(&format!("/{}/index.m3u8", channel.id))).await.unwrap();
            assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        }
    }
    let list = ask_host(&origin, 2, &get("/playlist.m3u")).await.unwrap();
    let counts: Vec<usize> =
        origin.base_urls().iter().map(|url| list.matches(url.as_str()).count()).collect();
    assert_eq!(counts, [2, 1, 1], "{list}");
}

#[tokio::test]
async fn a_host_that_is_out_refuses_drops_its_connections_and_comes_back_where_it_was() {
    // Long enough that its beginning and its end can't be missed between two looks.
    let outage = Outage { from_ms: 1_500, until_ms: 4_500 };
    let origin = several(2, Outages::scripted(vec![(1, outage)]));
    let mut open = TcpStream::connect(origin.addresses[1]).await.unwrap();
    open.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    open.read_exact(&mut [0; 8]).await.unwrap();
    wait_refused(&origin, 1).await;
    // A lively connection ends with its host, far sooner than an idle one would.
    let rest = tokio::time::timeout(LONG / 2, open.read_to_end(&mut Vec::new())).await;
    assert!(rest.is_ok(), "the connection outlived its host");
    let status = ask_host(&origin, 0, &get("/")).await.unwrap();
    assert!(status.contains(&format!("{}  down ", origin.base_urls()[1])), "{status}");
    assert!(status.contains(&format!("{}  up", origin.base_urls()[0])), "{status}");
    wait_served(&origin, 1).await;
    let status = ask_host(&origin, 1, &get("/")).await.unwrap();
    assert!(status.contains(&format!("{}  up", origin.base_urls()[1])), "{status}");
    assert_eq!(origin.traffic().connections, 0);
}

#[tokio::test]
async fn a_host_can_be_taken_down_and_up_but_never_the_last_one() {
    let origin = several(2, Outages::none());
    let post = |path: &str| get(path).replace("GET", "POST");
    let down = ask_host(&origin, 0, &post("/hosts/2/down")).await.unwrap();
    assert!(down.starts_with("HTTP/1.1 200") && down.contains("down until POST /hosts/2/up"), "{down}");
    wait_refused(&origin, 1).await;
    for path in ["/hosts/1/down", "/hosts/3/down"] {
        let text = ask_host(&origin, 0, &post(path)).await.unwrap();
        assert!(text.starts_with("HTTP/1.1 409"), "{path}: {text}");
    }
    for (method, path, wanted) in [
        ("GET", "/hosts/1/down", "404"),
        ("POST", "/hosts/0/down", "405"),
        ("POST", "/hosts/-1/down", "405"),
        ("POST", "/hosts/99999999999999999999/down", "405"),
        ("POST", "/hosts/1/sideways", "405"),
    ] {
        let text = ask_host(&origin, 0, &get(path).replace("GET", method)).await.unwrap();
        assert!(text.starts_with(&format!("HTTP/1.1 {wanted}")), "{method} {path}: {text}");
    }
    ask_host(&origin, 0, &post("/hosts/2/up")).await.unwrap();
    wait_served(&origin, 1).await;
}

#[tokio::test]
async fn hosts_have_loopback_addresses_or_are_refused() {
    let several = |first: &str, count| Hosts::several(first.parse().unwrap(), count, Outages::none());
    assert_eq!(several("127.0.0.1:0", 99).unwrap().listen.len(), MAX_HOSTS);
    for first in ["127.255.255.254:0", "[::1]:0"] {
        assert!(matches!(several(first, 4), Err(DemoError::TooFewAddresses { .. })), "{first}");
        assert_eq!(several(first, 1).unwrap().listen.len(), 1);
    }
    // Where the first one's port is taken, a host has another.
    let (first, other) = loop {
        let first = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        if let Ok(other) = std::net::TcpListener::bind(("127.0.0.2", first.port())) {
            break (first, other);
        }
    };
    let hosts = Hosts::several(first, 2, Outages::none()).unwrap();
    let none = Timetable::scripted(Vec::new());
    let origin = Origin::start_with(&hosts, channels(1, 1), none, Clips::synthetic(), LONG).unwrap();
    assert_eq!(origin.addresses[0], first);
    assert_ne!(origin.addresses[1], other.local_addr().unwrap());
}
