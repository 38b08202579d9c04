//! Requests over HTTP, written by hand: also such as no library would send.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use super::LIMIT;

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    /// The status line and the header fields.
    pub head: String,
    pub body: String,
}

impl Reply {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status: {head}"));
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// A header field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

/// Sends these bytes, and gives all that comes until the other side closes.
pub fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect_timeout(&address, LIMIT).expect("connecting");
    stream.set_read_timeout(Some(LIMIT)).expect("a limit");
    // Who is refused early may not have read it all.
    let _ = stream.write_all(bytes);
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}

pub fn ask(address: SocketAddr, method: &str, target: &str, fields: &[(&str, &str)]) -> Reply {
    let mut text = format!("{method} {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in fields {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    Reply::read(&raw(address, format!("{text}\r\n").as_bytes()))
}

pub fn get(address: SocketAddr, target: &str) -> Reply {
    ask(address, "GET", target, &[])
}

/// The same, where under an attack a connection may be closed before it is answered.
pub fn try_get(address: SocketAddr, target: &str) -> Option<Reply> {
    let text = format!("GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let answer = raw(address, text.as_bytes());
    answer.starts_with("HTTP/1.1 ").then(|| Reply::read(&answer))
}
