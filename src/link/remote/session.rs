//! One connection after the other to a supervisor.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::post::Post;
use super::{ConnectError, Connecting, Welcome};
use crate::link::wire::frame::{self, Kind};
use crate::link::wire::hello::{self, ClientHello, MAX_TEXT, ServerHello, Version};
use crate::link::wire::incoming::{FromServer, ServerReader};
use crate::link::wire::update::Came;
use crate::link::wire::{MAX_CLIENT_FRAME, WireError, put};
use crate::link::{ClientMessage, place};
use crate::model::clean_line;

/// The supervisor says hello within this.
const HELLO_LIMIT: Duration = Duration::from_secs(5);
/// A supervisor that takes nothing for so long is lost.
const WRITE_LIMIT: Duration = Duration::from_secs(5);
/// How often it is looked whether the supervisor is silent, or the link has ended.
const LOOK: Duration = Duration::from_millis(500);
/// As much is read at a time, bytes.
const READ_AT_ONCE: usize = 64 << 10;
/// A lost supervisor is looked for after this, then after twice as long, and so on.
const AGAIN_FIRST: Duration = Duration::from_millis(100);
/// The longest wait before it is looked for again.
const AGAIN_LAST: Duration = Duration::from_secs(2);

/// A connection behind its hello.
pub struct Session {
    stream: Arc<UnixStream>,
    reader: ServerReader,
}

impl Session {
    pub fn stream(&self) -> Arc<UnixStream> {
        Arc::clone(&self.stream)
    }
}

/// Connects, and says hello.
pub fn open(connecting: &Connecting) -> Result<(Session, Welcome), ConnectError> {
    let path = &connecting.path;
    let io = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => ConnectError::NotRunning(path.clone()),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => ConnectError::Silent,
        io::ErrorKind::PermissionDenied => ConnectError::Refused(format!(
            "this user may not use {}: [socket] mode in the configuration of the headend that runs would allow it",
            path.display()
        )),
        _ => ConnectError::Io { path: path.clone(), source },
    };
    let stranger = |why| ConnectError::Stranger { path: path.clone(), why };
    let stream = place::connect(path).map_err(io)?;
    stream.set_write_timeout(Some(WRITE_LIMIT)).map_err(io)?;
    let terminal = clean_line(&connecting.terminal, MAX_TEXT);
    let said = ClientHello { role: connecting.role, terminal };
    let mut out = Vec::new();
    let body = hello::write(&Version::ours(), &said).map_err(stranger)?;
    frame::write(Kind::Hello, &body, MAX_CLIENT_FRAME, &mut out).map_err(stranger)?;
    if !connecting.show.is_empty() {
        // In one piece with the hello, so that no board goes out before it was heard.
        let mut body = Vec::new();
        put(&mut body, &ClientMessage::Show(connecting.show.clone())).map_err(stranger)?;
        frame::write_plain(Kind::Message, &body, MAX_CLIENT_FRAME, &mut out).map_err(stranger)?;
    }
    (&stream).write_all(&out).map_err(io)?;
    let mut reader = ServerReader::default();
    let until = Instant::now() + HELLO_LIMIT;
    let (version, said) = loop {
        match reader.next_message().map_err(stranger)? {
            Some(FromServer::Hello(version, said)) => break (version, said),
            Some(FromServer::Bye(why)) => return Err(ConnectError::Refused(clean_line(&why, MAX_TEXT))),
            Some(_) => return Err(stranger(WireError::Malformed("no hello"))),
            None => {}
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ConnectError::Silent);
        }
        stream.set_read_timeout(Some(left)).map_err(io)?;
        let mut buffer = [0; 4_096];
        match (&stream).read(&mut buffer).map_err(io)? {
            // It has ended meanwhile.
            0 => return Err(ConnectError::NotRunning(path.clone())),
            count => reader.push(&buffer[..count]),
        }
    };
    if let Some(differs) = Version::ours().differs(&version, true) {
        return Err(ConnectError::Refused(differs));
    }
    let welcome = match said {
        Some(ServerHello::Welcome { role, pid, title }) => {
            Welcome { role, pid, title: clean_line(&title, MAX_TEXT), version: version.headend }
        }
        Some(ServerHello::Refused(why)) => return Err(ConnectError::Refused(clean_line(&why, MAX_TEXT))),
        None => return Err(stranger(WireError::Malformed("an empty hello"))),
    };
    stream.set_read_timeout(Some(LOOK)).map_err(io)?;
    Ok((Session { stream: Arc::new(stream), reader }, welcome))
}

/// Reads until the link ends; looks for a supervisor that is lost.
pub fn read(mut session: Session, connecting: &Connecting, post: &Post) {
    loop {
        let why = until_lost(&mut session, connecting.silent_after, post);
        if post.has_ended() {
            return;
        }
        log::warn!("the supervisor is lost: {why}");
        post.lost(&why);
        if !connecting.again {
            return;
        }
        let mut wait = AGAIN_FIRST;
        session = loop {
            if post.sleep(wait) {
                return;
            }
            match open(connecting) {
                Ok((session, _)) => break session,
                Err(ConnectError::NotRunning(_)) => {}
                Err(error) => post.lost(&error.to_string()),
            }
            wait = (wait * 2).min(AGAIN_LAST);
        };
        log::info!("the supervisor is there again");
        post.found(session.stream());
    }
}

/// Reads from one connection; says why it ended.
fn until_lost(session: &mut Session, silent_after: Duration, post: &Post) -> String {
    let mut buffer = vec![0; READ_AT_ONCE];
    loop {
        match session.reader.next_message() {
            Ok(Some(FromServer::Bye(why))) => return clean_line(&why, MAX_TEXT),
            Ok(Some(came)) => take_in(came, post),
            Err(error) => return format!("it sent {error}"),
            Ok(None) => match (&*session.stream).read(&mut buffer) {
                Ok(0) => return "its connection has ended".to_owned(),
                Ok(count) => session.reader.push(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => post.wake_if_silent(silent_after),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return error.to_string(),
            },
        }
        if post.has_ended() {
            return String::new();
        }
    }
}

fn take_in(came: FromServer, post: &Post) {
    match came {
        FromServer::Message(message) => post.put(*message),
        FromServer::Update(came, ago) => {
            post.heard(ago);
            match came {
                Came::Board(board) => post.put(crate::link::ServerMessage::Board(board)),
                Came::Delta(delta) => post.put(crate::link::ServerMessage::Delta(delta)),
                Came::Gap => post.send(ClientMessage::WantBoard),
                Came::Nothing => {}
            }
        }
        FromServer::Beat(ago) => post.heard(ago),
        // The reader gives a hello once, and a bye was looked for.
        FromServer::Hello(..) | FromServer::Bye(_) => {}
    }
}

/// Writes what is sent, until the link ends.
pub fn write(post: &Post) {
    let mut out = Vec::new();
    while let Some((message, stream)) = post.next() {
        out.clear();
        let mut body = Vec::new();
        let framed = put(&mut body, &message)
            .and_then(|()| frame::write_plain(Kind::Message, &body, MAX_CLIENT_FRAME, &mut out));
        if let Err(error) = framed {
            post.unsendable(&message, &error.to_string());
            continue;
        }
        if let Err(error) = (&*stream).write_all(&out) {
            log::debug!("the supervisor takes nothing: {error}");
            // The thread that reads sees the end, and says so.
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}
