//! A webhook: one POST of JSON on a connection of its own, signed.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, Mac};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use hyper::rt::{Read, Write};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use sha2::Sha256;

use super::aside::aside;
use super::connect::connect;
use super::secret::Hidden;
use super::tls;
use crate::alerts::Outcome;
use crate::config::Secret;

/// The whole of a try takes no longer.
pub const LIMIT: Duration = Duration::from_secs(10);
/// So much of an answer is read, bytes; the rest is not waited for.
const MAX_BODY: usize = 16 * 1024;
/// The largest head of an answer, bytes.
const MAX_HEAD: usize = 64 * 1024;

/// What a wrong token, a URL with a mistake or a proxy that wants a password are answered with. It is about the
/// way and not about the message: every alert would be lost until somebody mends it.
const MENDABLE: [u16; 4] = [401, 403, 404, 407];

/// What a request carries beside its body.
pub struct Post<'a> {
    pub url: &'a str,
    pub secret: Option<&'a Secret>,
    pub message_id: &'a str,
    pub body: String,
    pub limit: Duration,
}

/// Posts once, without following where an answer points to.
pub async fn post(post: Post<'_>) -> Outcome {
    let target = match Target::read(post.url) {
        Ok(target) => target,
        // A mistake in the configuration: the messages wait until it is mended.
        Err(why) => return Outcome::Temporary(format!("the webhook's URL can't be used: {why}")),
    };
    let hidden = Hidden::path(&target.path);
    let at = &target.shown;
    let outcome = match tokio::time::timeout(post.limit, exchange(&post, &target, &hidden)).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(why)) => Outcome::Temporary(format!("{at}: {why}")),
        Err(_) => Outcome::Temporary(format!("{at}: no answer within {} s", post.limit.as_secs_f32())),
    };
    match outcome {
        Outcome::Accepted(text) => Outcome::Accepted(hidden.clean(&text)),
        Outcome::Temporary(text) => Outcome::Temporary(hidden.clean(&text)),
        Outcome::Permanent(text) => Outcome::Permanent(hidden.clean(&text)),
    }
}

/// Where to.
struct Target {
    https: bool,
    host: String,
    port: u16,
    /// What `Host` says.
    authority: String,
    user_info: Option<String>,
    /// Path and query: often the whole secret of a webhook, so it is never shown.
    path: String,
    /// What is shown of it.
    shown: String,
}

impl Target {
    fn read(url: &str) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|_| "it is no URL".to_owned())?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err("it begins neither with https:// nor with http://".to_owned()),
        };
        let authority = uri.authority().ok_or("it has no host")?;
        let user_info = authority.as_str().rsplit_once('@').map(|(user_info, _)| user_info.to_owned());
        let host = authority.host().to_owned();
        if host.is_empty() {
            return Err("it has no host".to_owned());
        }
        let default = if https { 443 } else { 80 };
        let port = authority.port_u16().unwrap_or(default);
        let authority = if port == default { host.clone() } else { format!("{host}:{port}") };
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let shown = format!("{}://{authority}", if https { "https" } else { "http" });
        Ok(Self { https, host, port, authority, user_info, path, shown })
    }

    /// The host as it is looked up: IPv6 without its brackets.
    fn name(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }
}

async fn exchange(post: &Post<'_>, target: &Target, hidden: &Hidden) -> Result<Outcome, String> {
    let request = request(post, target).await?;
    let stream = connect(target.name(), target.port, post.limit).await?;
    let response = if target.https {
        talk(tls::encrypt(stream, target.name()).await?, request).await?
    } else {
        talk(stream, request).await?
    };
    let (status, text, wait) = response;
    Ok(judge(status, &text, wait.as_deref(), hidden))
}

async fn request(post: &Post<'_>, target: &Target) -> Result<Request<Full<Bytes>>, String> {
    let mut request = Request::post(target.path.as_str())
        .header(HOST, target.authority.as_str())
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, concat!("headend/", env!("CARGO_PKG_VERSION")))
        .header(CONNECTION, "close")
        .header("Idempotency-Key", post.message_id);
    if let Some(user_info) = &target.user_info {
        request = request.header(AUTHORIZATION, format!("Basic {}", STANDARD.encode(user_info)));
    }
    if let Some(secret) = post.secret.cloned() {
        let key = aside(move || secret.read()).await?.map_err(|why| format!("it can't be signed: {why}"))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        request = request
            .header("X-Headend-Timestamp", now)
            .header("X-Headend-Signature", signature(key.as_bytes(), now, &post.body));
    }
    request.body(Full::new(Bytes::from(post.body.clone()))).map_err(|error| error.to_string())
}

/// What a receiver works out too: the HMAC of the time, a dot and the body.
fn signature(key: &[u8], at: u64, body: &str) -> String {
    use std::fmt::Write as _;
    // Never refused: a key of any length is taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    mac.update(format!("{at}.").as_bytes());
    mac.update(body.as_bytes());
    mac.finalize().into_bytes().iter().fold("sha256=".to_owned(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// Status, what of the body was read, and how long the server asks to wait.
type Answer = (StatusCode, String, Option<String>);

async fn talk<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Answer, String>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    TokioIo<S>: Read + Write,
{
    let lost = |error: hyper::Error| format!("the answer was lost: {error}");
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .handshake::<_, Full<Bytes>>(TokioIo::new(stream))
        .await
        .map_err(lost)?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(lost)?;
        Ok(read(response).await)
    };
    tokio::pin!(connection, exchange);
    // The connection is driven beside the request and dropped with it.
    tokio::select! {
        biased;
        answer = &mut exchange => answer,
        ended = &mut connection => match ended {
            Ok(()) => exchange.await,
            Err(error) => Err(lost(error)),
        },
    }
}

async fn read(response: Response<hyper::body::Incoming>) -> Answer {
    let status = response.status();
    let wait = response.headers().get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()).map(str::to_owned);
    // The status has said it: a body that is too long or breaks off changes nothing.
    let body = Limited::new(response.into_body(), MAX_BODY).collect().await;
    let text = body.map(|body| String::from_utf8_lossy(&body.to_bytes()).into_owned()).unwrap_or_default();
    (status, text, wait)
}

fn judge(status: StatusCode, text: &str, wait: Option<&str>, hidden: &Hidden) -> Outcome {
    let mut told = status.to_string();
    if MENDABLE.contains(&status.as_u16()) {
        told.push_str(" (the URL, its token or a proxy is not right: alerts wait until it is)");
    }
    if !status.is_success() && !text.trim().is_empty() {
        told = format!("{told}: {}", hidden.clean(text));
    }
    if let Some(wait) = wait.filter(|_| !status.is_success()) {
        told = format!("{told} (asks to wait: {wait})");
    }
    match status.as_u16() {
        200..=299 => Outcome::Accepted(told),
        408 | 425 | 429 | 500..=599 => Outcome::Temporary(told),
        mendable if MENDABLE.contains(&mendable) => Outcome::Temporary(told),
        300..=399 => Outcome::Permanent(format!("{told} (it points elsewhere; write that URL instead)")),
        _ => Outcome::Permanent(told),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_hmac_of_time_and_body() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac key
        assert_eq!(signature(b"key", 1_700_000_000, "{\"a\":1}"), SIGNED);
    }

    const SIGNED: &str = "sha256=a438e398bfafc57e4396bb7fc2304422f0f768e965d073ca313cb52e22e6ad03";

    #[test]
    fn a_url_is_taken_apart_and_its_secrets_are_not_shown() {
        let target = Target::read("https://u:p@hooks.example:8443/services/T0/B0/kanarie?x=1").unwrap();
        assert_eq!((target.name(), target.port, target.https), ("hooks.example", 8_443, true));
        assert_eq!(target.authority, "hooks.example:8443");
        assert_eq!(target.user_info.as_deref(), Some("u:p"));
        assert_eq!(target.shown, "https://hooks.example:8443");
        let target = Target::read("http://[::1]/").unwrap();
        assert_eq!((target.name(), target.port, &*target.authority), ("::1", 80, "[::1]"));
        for wrong in ["ftp://h/x", "h/x", "https:///x", "", "https://h h/"] {
            assert!(Target::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn each_status_has_its_outcome() {
        let outcome = |code| judge(StatusCode::from_u16(code).unwrap(), "", None, &Hidden::default());
        for (codes, kind) in [
            (&[200, 201, 204][..], "Accepted"),
            (&[408, 425, 429, 500, 502, 503, 504], "Temporary"),
            (&[401, 403, 404, 407], "Temporary"),
            (&[301, 302, 307, 400, 402, 405, 409, 410, 413, 415, 422, 451], "Permanent"),
        ] {
            for code in codes {
                let outcome = format!("{:?}", outcome(*code));
                assert!(outcome.starts_with(kind), "{code}: {outcome}");
            }
        }
        let told = judge(StatusCode::TOO_MANY_REQUESTS, "slow down\n", Some("120"), &Hidden::default());
        assert_eq!(
            told,
            Outcome::Temporary("429 Too Many Requests: slow down (asks to wait: 120)".to_owned())
        );
    }
}
