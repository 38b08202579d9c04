//! One connection, from its hello to its end.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{ReadHalf, WriteHalf};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::Shared;
use super::looks::Found;
use crate::link::message::{DEFAULT_PACE, MAX_PACE, MIN_PACE};
use crate::link::wire::frame::{self, Kind};
use crate::link::wire::hello::{self, ClientHello, MAX_TEXT, ServerHello, Version};
use crate::link::wire::incoming::{ClientReader, FromClient};
use crate::link::wire::update::Encoder;
use crate::link::wire::{MAX_SERVER_FRAME, WireError, put};
use crate::link::{Client, ClientMessage, Role, ServerMessage, Who};
use crate::model::clean_line;

/// Who connects says hello within this.
pub const HELLO_LIMIT: Duration = Duration::from_secs(5);
/// A client hears something this often at least, be it only that the supervisor lives.
pub const BEAT_EVERY: Duration = Duration::from_secs(2);
/// A client may send so many messages a second; what it sends beyond waits on its side.
pub const MESSAGES_PER_SECOND: u32 = 200;
/// And so many at once.
pub const MESSAGES_AT_ONCE: u32 = 400;
/// From one whole board that a client asks for to the next it takes this long at least.
pub const BOARD_EVERY: Duration = Duration::from_millis(500);
/// As much is read at a time, bytes.
const READ_AT_ONCE: usize = 16 << 10;
/// And of a hello: what is said together with it is heard before a board is sent.
const READ_HELLO: usize = 8 << 10;
/// Messages are written together up to this length, bytes.
const WRITE_TOGETHER: usize = 64 << 10;
/// The name of headend's own user and of root is waited for so long.
const NAME_LIMIT: Duration = Duration::from_millis(500);
/// The groups of others are waited for so long, within the hello's limit.
const LOOK_LIMIT: Duration = Duration::from_secs(2);
/// Last words must be read within this.
const BYE_LIMIT: Duration = Duration::from_secs(1);

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("it has gone")]
    Gone,
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Wire(#[from] WireError),
    #[error("it has said nothing for {} s", HELLO_LIMIT.as_secs())]
    Silent,
    /// It was told so in its hello.
    #[error("{0}")]
    Refused(String),
}

/// The frame that ends a connection.
pub fn bye(why: &str) -> Result<Vec<u8>, WireError> {
    let (mut body, mut out) = (Vec::new(), Vec::new());
    put(&mut body, why)?;
    frame::write(Kind::Bye, &body, MAX_SERVER_FRAME, &mut out)?;
    Ok(out)
}

/// Serves one client until it or the server ends.
pub async fn serve(mut stream: UnixStream, shared: Arc<Shared>, stopped: watch::Receiver<bool>) {
    let who = match stream.peer_cred() {
        Ok(peer) => format!("user {}, process {}", peer.uid(), peer.pid().unwrap_or(0)),
        Err(error) => format!("a client that the kernel does not know ({error})"),
    };
    match talk(&mut stream, &shared, stopped).await {
        Ok(()) | Err(End::Gone) => log::debug!("{who} is no longer attached"),
        Err(End::Refused(why)) => log::warn!("{who} was turned away: {why}"),
        Err(End::Io(error)) => log::debug!("{who} is no longer attached: {error}"),
        Err(end @ (End::Wire(_) | End::Silent)) => {
            log::warn!("the connection of {who} was ended: {end}");
            if let Ok(bytes) = bye(&end.to_string()) {
                let _ = timeout(BYE_LIMIT, stream.write_all(&bytes)).await;
            }
        }
    }
}

async fn talk(stream: &mut UnixStream, shared: &Shared, stopped: watch::Receiver<bool>) -> Result<(), End> {
    let mut reader = ClientReader::default();
    let (role, who) = match timeout(HELLO_LIMIT, greet(stream, &mut reader, shared)).await {
        Ok(greeted) => greeted?,
        Err(_) => return Err(End::Silent),
    };
    let news = Arc::new(Notify::new());
    let waker = Arc::clone(&news);
    let client = shared.hub.attach_as(role, who, move || waker.notify_one());
    let now = Instant::now();
    let mut connection = Connection {
        client,
        reader,
        encoder: Encoder::default(),
        encodes: false,
        queue: VecDeque::new(),
        out: Vec::new(),
        at: 0,
        news: true,
        pace: DEFAULT_PACE,
        take_at: now,
        said_at: now,
        allowance: Allowance { left: MESSAGES_AT_ONCE, at: now },
        asked: None,
        ask_at: now,
    };
    let (read, write) = stream.split();
    connection.run(read, write, &news, stopped).await
}

/// Hears the hello and answers it.
async fn greet(
    stream: &mut UnixStream,
    reader: &mut ClientReader,
    shared: &Shared,
) -> Result<(Role, Who), End> {
    let mut buffer = vec![0; READ_HELLO];
    let (version, said) = loop {
        match reader.next_message()? {
            Some(FromClient::Hello(version, said)) => break (version, said),
            Some(FromClient::Message(_)) => return Err(WireError::Malformed("no hello").into()),
            None => {}
        }
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Err(End::Gone);
        }
        reader.push(&buffer[..count]);
    };
    let peer = stream.peer_cred()?;
    let outcome = match (Version::ours().differs(&version, false), said) {
        (Some(differs), _) => Err(differs),
        (None, None) => return Err(WireError::Malformed("an empty hello").into()),
        (None, Some(ClientHello { role, terminal })) => {
            let uid = peer.uid();
            let Found { name, groups, late } = look_up(uid, peer.gid(), shared).await;
            let user = clean_line(&name, MAX_TEXT).into();
            let who = Who { uid, user, terminal: clean_line(&terminal, MAX_TEXT).into() };
            let given = shared.access.role(uid, &groups, role).map(|role| (role, who));
            given.ok_or_else(|| {
                let why = if late {
                    "its groups are not known in time: try again"
                } else {
                    "[socket] operators or viewers in the configuration would allow it"
                };
                format!("{name} may not attach: {why}")
            })
        }
    };
    let answer = match &outcome {
        Ok((role, _)) => ServerHello::Welcome {
            role: *role,
            pid: std::process::id(),
            title: clean_line(&shared.title, MAX_TEXT),
        },
        Err(why) => ServerHello::Refused(why.clone()),
    };
    let mut out = Vec::new();
    frame::write(Kind::Hello, &hello::write(&Version::ours(), &answer)?, MAX_SERVER_FRAME, &mut out)?;
    stream.write_all(&out).await?;
    outcome.map_err(End::Refused)
}

/// A user's name and groups. headend's own user and root may come in whatever is found: their name is waited
/// for a little, and their groups do not matter.
async fn look_up(uid: u32, gid: u32, shared: &Shared) -> Found {
    let own = shared.access.is_own(uid);
    let limit = if own { NAME_LIMIT } else { LOOK_LIMIT };
    shared.looks.of(uid, gid, !own && shared.access.asks_for_groups(), limit).await
}

/// How many messages may still be heard.
#[derive(Debug)]
struct Allowance {
    left: u32,
    at: Instant,
}

impl Allowance {
    /// One message costs one.
    const COST: Duration = Duration::from_micros(1_000_000 / MESSAGES_PER_SECOND as u64);

    fn refill(&mut self, now: Instant) {
        let more = now.saturating_duration_since(self.at).as_micros() / Self::COST.as_micros();
        let more = u32::try_from(more).unwrap_or(MESSAGES_AT_ONCE);
        if more > 0 {
            self.left = self.left.saturating_add(more).min(MESSAGES_AT_ONCE);
            self.at = if self.left == MESSAGES_AT_ONCE { now } else { self.at + Self::COST * more };
        }
    }

    /// When there is one again.
    fn next(&self) -> Option<Instant> {
        (self.left == 0).then(|| self.at + Self::COST)
    }
}

struct Connection {
    client: Client,
    reader: ClientReader,
    encoder: Encoder,
    /// The encoder has something that is not all written.
    encodes: bool,
    /// Taken out of the mailbox, and not written yet.
    queue: VecDeque<ServerMessage>,
    /// Being written.
    out: Vec<u8>,
    /// So much of it has been.
    at: usize,
    /// The mailbox has something.
    news: bool,
    pace: Duration,
    /// When the mailbox may be emptied again.
    take_at: Instant,
    said_at: Instant,
    allowance: Allowance,
    /// The last request for a whole board that is not passed on yet.
    asked: Option<ClientMessage>,
    /// When it may be.
    ask_at: Instant,
}

impl Connection {
    async fn run(
        &mut self,
        mut read: ReadHalf<'_>,
        mut write: WriteHalf<'_>,
        news: &Notify,
        mut stopped: watch::Receiver<bool>,
    ) -> Result<(), End> {
        let mut buffer = vec![0; READ_AT_ONCE];
        let mut ends = false;
        loop {
            self.hear()?;
            self.fill(ends)?;
            let written = self.out.len() == self.at;
            if ends && written {
                return Ok(());
            }
            let (deadline, hears) = (self.deadline(), self.allowance.left > 0);
            tokio::select! {
                count = read.read(&mut buffer), if hears => match count? {
                    0 => return Err(End::Gone),
                    count => self.reader.push(&buffer[..count]),
                },
                count = write.write(&self.out[self.at..]), if !written => match count? {
                    0 => return Err(End::Gone),
                    count => self.at += count,
                },
                () = news.notified() => self.news = true,
                () = sleep_until(deadline) => {}
                // What there is may not have been told yet.
                _ = stopped.changed(), if !ends => (ends, self.news) = (true, true),
            }
        }
    }

    /// Takes in what has come, as far as the client may say so much.
    fn hear(&mut self) -> Result<(), End> {
        self.allowance.refill(Instant::now());
        while self.allowance.left > 0 {
            match self.reader.next_message()? {
                Some(FromClient::Message(ClientMessage::Pace(pace))) => {
                    self.pace = pace.clamp(MIN_PACE, MAX_PACE);
                }
                // Who wants another part gets all of it anyway.
                Some(FromClient::Message(ClientMessage::WantBoard)) => {
                    self.asked.get_or_insert(ClientMessage::WantBoard);
                }
                Some(FromClient::Message(message @ ClientMessage::Show(_))) => self.asked = Some(message),
                Some(FromClient::Message(message)) => self.client.send(message),
                Some(FromClient::Hello(..)) => return Err(WireError::Malformed("a second hello").into()),
                None => break,
            }
            self.allowance.left -= 1;
        }
        let now = Instant::now();
        if now >= self.ask_at
            && let Some(asked) = self.asked.take()
        {
            self.ask_at = now + BOARD_EVERY;
            self.client.send(asked);
        }
        Ok(())
    }

    /// Writes the next frames, if those before are out. `ends`: what there is comes at once.
    fn fill(&mut self, ends: bool) -> Result<(), WireError> {
        if self.at < self.out.len() {
            return Ok(());
        }
        self.out.clear();
        self.at = 0;
        let now = Instant::now();
        if self.queue.is_empty() && !self.encodes && self.news && (ends || now >= self.take_at) {
            (self.news, self.take_at) = (false, now + self.pace);
            self.queue.extend(self.client.take());
        }
        while self.out.len() < WRITE_TOGETHER && self.write_one()? {}
        if self.out.is_empty() && now >= self.said_at + BEAT_EVERY {
            let mut body = Vec::new();
            put(&mut body, &self.ago_ms())?;
            frame::write(Kind::Beat, &body, MAX_SERVER_FRAME, &mut self.out)?;
        }
        if !self.out.is_empty() {
            self.said_at = now;
        }
        Ok(())
    }

    /// Writes one frame; false: there is none.
    fn write_one(&mut self) -> Result<bool, WireError> {
        if self.encodes {
            let mut body = Vec::new();
            put(&mut body, &self.ago_ms())?;
            match self.encoder.part()? {
                Some(mut part) => {
                    body.append(&mut part);
                    frame::write(Kind::Update, &body, MAX_SERVER_FRAME, &mut self.out)?;
                    return Ok(true);
                }
                None => self.encodes = false,
            }
        }
        match self.queue.pop_front() {
            None => return Ok(false),
            Some(ServerMessage::Board(board)) => {
                self.encoder.board(*board);
                self.encodes = true;
            }
            Some(ServerMessage::Delta(delta)) => {
                self.encoder.delta(*delta);
                self.encodes = true;
            }
            Some(message) => {
                let mut body = Vec::new();
                put(&mut body, &message)?;
                frame::write(Kind::Message, &body, MAX_SERVER_FRAME, &mut self.out)?;
            }
        }
        Ok(true)
    }

    fn ago_ms(&self) -> u64 {
        u64::try_from(self.client.heard_ago().as_millis()).unwrap_or(u64::MAX)
    }

    /// When something is to be done though nothing has come.
    fn deadline(&self) -> Instant {
        let mut deadline = self.said_at + BEAT_EVERY;
        let written = self.at == self.out.len();
        if self.news && written {
            deadline = deadline.min(self.take_at);
        } else if !written {
            // The beat waits for what is being written.
            deadline = Instant::now() + BEAT_EVERY;
        }
        let asks = self.asked.is_some().then_some(self.ask_at);
        self.allowance.next().into_iter().chain(asks).fold(deadline, Instant::min)
    }
}
