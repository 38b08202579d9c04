//! A letter as the bytes a mail server is given. Only ASCII, whatever the server can do, and the same bytes
//! at each try.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message, MultiPart, SinglePart};

use super::words::outside;
use super::{About, Letter};

/// The largest mail, bytes.
pub const MAX_MAIL: usize = 256 * 1024;
/// The longest name before an address, bytes.
const MAX_NAME: usize = 100;
/// The last second that has a date in a mail: the end of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;

/// An address that can't be used, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no mail address: {1}")]
pub struct BadAddress(pub String, pub &'static str);

/// Reads `user@host.example` or `Name <user@host.example>`.
///
/// # Errors
/// When it is neither, or not ASCII: not every server takes such addresses.
pub fn address(text: &str) -> Result<Mailbox, BadAddress> {
    let bad = |why| BadAddress(crate::model::quote(text), why);
    let mailbox: Mailbox = text.trim().parse().map_err(|_| bad("expected user@host.example"))?;
    let ascii: &str = mailbox.email.as_ref();
    if !ascii.is_ascii() {
        return Err(bad("only ASCII is taken everywhere"));
    }
    // The parser lets quoted names through whole.
    let name = mailbox.name.map(|name| outside(&name, MAX_NAME));
    Ok(Mailbox::new(name, mailbox.email))
}

/// The mail of `letter`, at most [`MAX_MAIL`] bytes.
///
/// # Errors
/// When it can't be put together; with addresses that were read by [`address`] and one recipient at least
/// it can.
pub fn mail(letter: &Letter, from: &Mailbox, to: &[Mailbox], about: &About) -> Result<Vec<u8>, String> {
    let name = || format!("headend on {}", outside(&about.host, MAX_NAME));
    let from = Mailbox::new(Some(from.name.clone().unwrap_or_else(name)), from.email.clone());
    let mut head = Message::builder()
        .from(from)
        .subject(letter.subject.as_str())
        .date(made(letter.made_wall_ms))
        .message_id(Some(format!("<{}>", letter.message_id)))
        // No holiday notices in answer.
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .raw_header(header("X-Auto-Response-Suppress", "All"))
        .raw_header(header("Precedence", "bulk"));
    if !letter.numbers.is_empty() {
        head = head.raw_header(header("X-headend-Incident", &numbers(&letter.numbers)));
    }
    for to in to {
        head = head.to(to.clone());
    }
    if let Some(thread) = &letter.thread {
        head = head.in_reply_to(format!("<{thread}>")).references(format!("<{thread}>"));
    }
    if letter.urgent {
        head = head.raw_header(header("Importance", "high"));
    }
    let parts = MultiPart::alternative()
        .boundary(boundary(letter))
        .singlepart(part(ContentType::TEXT_PLAIN, &letter.text))
        .singlepart(part(ContentType::TEXT_HTML, &letter.html));
    let mail = head.multipart(parts).map_err(|error| error.to_string())?.formatted();
    if mail.len() > MAX_MAIL {
        return Err(format!("the mail would have {} bytes", mail.len()));
    }
    Ok(mail)
}

fn made(wall_ms: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs((wall_ms / 1_000).min(LAST_SECOND))
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn numbers(numbers: &[u64]) -> String {
    let mut out = String::new();
    for (at, number) in numbers.iter().enumerate() {
        let _ = write!(out, "{}{number}", if at == 0 { "" } else { ", " });
    }
    out
}

/// `=_` stands in no encoded body.
fn boundary(letter: &Letter) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '.';
    let id: String = letter.message_id.chars().filter(plain).take(40).collect();
    format!("=_{id}")
}

fn part(kind: ContentType, text: &str) -> SinglePart {
    // Whichever is shorter: a mail in Cyrillic letters would have three times its length.
    let beyond_ascii = text.bytes().filter(|byte| !byte.is_ascii()).count();
    let encoding = if beyond_ascii * 6 > text.len() {
        ContentTransferEncoding::Base64
    } else {
        ContentTransferEncoding::QuotedPrintable
    };
    // Never refused for these two encodings.
    let body = Body::new_with_encoding(text.to_owned(), encoding).unwrap_or_else(Body::new);
    SinglePart::builder().header(kind).body(body)
}
