//! What comes in at each end, from bytes to messages: all that is ever done with bytes of a stranger.

use std::time::Duration;

use super::frame::{Kind, Reader};
use super::hello::{self, ClientHello, ServerHello, Version};
use super::update::{Came, Decoder};
use super::{MAX_CLIENT_FRAME, MAX_HELLO, MAX_SERVER_FRAME, WireError, get, get_all};
use crate::link::{ClientMessage, ServerMessage};

/// What a server gets.
#[derive(Debug, Clone, PartialEq)]
pub enum FromClient {
    /// The first one.
    Hello(Version, Option<ClientHello>),
    /// Any other.
    Message(ClientMessage),
}

/// Reads what clients send.
#[derive(Debug)]
pub struct ClientReader {
    frames: Reader,
    greeted: bool,
}

impl Default for ClientReader {
    fn default() -> Self {
        Self { frames: Reader::new(MAX_HELLO, false), greeted: false }
    }
}

impl ClientReader {
    /// More has come.
    pub fn push(&mut self, bytes: &[u8]) {
        self.frames.push(bytes);
    }

    /// The next one, if all of it is there. The first one is a hello, and no other is; what it says is
    /// there when its protocol is ours.
    ///
    /// # Errors
    /// When it is not what belongs here: the connection is of no use any more.
    pub fn next_message(&mut self) -> Result<Option<FromClient>, WireError> {
        let Some(frame) = self.frames.next_frame()? else { return Ok(None) };
        let came = match (frame.kind, self.greeted) {
            (Kind::Hello, false) => {
                let (version, said) = greeting(&frame.body)?;
                self.frames.allow(MAX_CLIENT_FRAME);
                self.greeted = true;
                FromClient::Hello(version, said)
            }
            (Kind::Message, true) => FromClient::Message(get_all(&frame.body)?),
            (kind, _) => return Err(WireError::Kind(kind as u8)),
        };
        Ok(Some(came))
    }
}

/// What a client gets.
#[derive(Debug, PartialEq)]
pub enum FromServer {
    /// The first one.
    Hello(Version, Option<ServerHello>),
    /// A message, but for boards and deltas.
    Message(Box<ServerMessage>),
    /// A part of a board or a delta; the supervisor published last so long ago.
    Update(Came, Duration),
    /// Nothing is new; the supervisor published last so long ago.
    Beat(Duration),
    /// The connection is ended, for this reason.
    Bye(String),
}

/// Reads what a server sends.
#[derive(Debug)]
pub struct ServerReader {
    frames: Reader,
    decoder: Decoder,
    greeted: bool,
}

impl Default for ServerReader {
    fn default() -> Self {
        let decoder = Decoder::default();
        Self { frames: Reader::new(MAX_HELLO, true), decoder, greeted: false }
    }
}

impl ServerReader {
    /// More has come.
    pub fn push(&mut self, bytes: &[u8]) {
        self.frames.push(bytes);
    }

    /// The next one, if all of it is there.
    ///
    /// # Errors
    /// When it is not what belongs here: the connection is of no use any more.
    pub fn next_message(&mut self) -> Result<Option<FromServer>, WireError> {
        let Some(frame) = self.frames.next_frame()? else { return Ok(None) };
        let mut body = frame.body.as_slice();
        let came = match (frame.kind, self.greeted) {
            (Kind::Hello, false) => {
                let (version, said) = greeting(body)?;
                self.frames.allow(MAX_SERVER_FRAME);
                self.greeted = true;
                FromServer::Hello(version, said)
            }
            // Who is not even let in is told so.
            (Kind::Bye, _) => FromServer::Bye(get_all(body)?),
            (Kind::Message, true) => FromServer::Message(Box::new(get_all(body)?)),
            (Kind::Update, true) => {
                let ago = Duration::from_millis(get(&mut body)?);
                FromServer::Update(self.decoder.take(body)?, ago)
            }
            (Kind::Beat, true) => FromServer::Beat(Duration::from_millis(get_all(body)?)),
            (kind, _) => return Err(WireError::Kind(kind as u8)),
        };
        Ok(Some(came))
    }
}

/// Who speaks, and what else the hello says when its protocol is ours.
fn greeting<T: for<'de> serde::Deserialize<'de>>(body: &[u8]) -> Result<(Version, Option<T>), WireError> {
    let (version, rest) = hello::version(body)?;
    let ours = version.protocol == Version::ours().protocol;
    let said = if ours { Some(hello::rest(rest)?) } else { None };
    Ok((version, said))
}

/// Whatever comes: both ends read it, in two pieces. For tests that give them anything.
pub fn any_input(bytes: &[u8]) {
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let (mut server, mut client) = (ClientReader::default(), ServerReader::default());
    for piece in [first, second] {
        server.push(piece);
        while let Ok(Some(_)) = server.next_message() {}
        client.push(piece);
        while let Ok(Some(_)) = client.next_message() {}
    }
}
