//! A mail server in the test's own process, with faults on request. Also the example `mail_sink`.
//!
//! A fault is `STAGE:WHAT`, or `STAGE:WHAT*N` for the first N times. The stages: `connect`, `ehlo`,
//! `starttls`, `auth`, `mail`, `rcpt`, `data`, `body` (in the middle of the mail), `end` (the mail is there,
//! the answer is due), `rset`, `quit`. With `rcpt=WORD` only for recipients that have the word in them.
//!
//! | what | the server |
//! | --- | --- |
//! | `451 text` | answers that |
//! | `silence` | says nothing more, and keeps the connection |
//! | `drip` | says a byte now and then, without end |
//! | `flood` | says bytes without end and without a line's end |
//! | `drop` | closes the connection; at `end` the mail is kept |
//!
//! Its own threads do blocking I/O: a test may have any runtime, or none.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::path::Path;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned, crypto};

/// How often a waiting thread looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(10);
/// A byte so often, when dripping.
const DRIP: Duration = Duration::from_millis(50);

/// The bit of poll(2) on Linux.
const POLLRDHUP: i16 = 0x2000;

/// Where a fault happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Connect,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    Body,
    End,
    Rset,
    Quit,
}

impl Stage {
    pub const ALL: [(Self, &str); 11] = [
        (Self::Connect, "connect"),
        (Self::Ehlo, "ehlo"),
        (Self::StartTls, "starttls"),
        (Self::Auth, "auth"),
        (Self::Mail, "mail"),
        (Self::Rcpt, "rcpt"),
        (Self::Data, "data"),
        (Self::Body, "body"),
        (Self::End, "end"),
        (Self::Rset, "rset"),
        (Self::Quit, "quit"),
    ];
}

/// What happens there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    Answer(String),
    Silence,
    Drip,
    Flood,
    Drop,
}

/// One fault; see the top of this file for its form as text.
#[derive(Debug, Clone)]
pub struct Fault {
    pub stage: Stage,
    pub what: What,
    /// Only when this stands in what the client said.
    pub word: String,
    /// So many times more.
    pub left: usize,
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (stage, what) = text.split_once(':').ok_or_else(|| format!("{text}: expected STAGE:WHAT"))?;
        let (stage, word) = stage.split_once('=').unwrap_or((stage, ""));
        let found = Stage::ALL.iter().find(|(_, name)| *name == stage);
        let (stage, _) = *found.ok_or_else(|| format!("{stage} is no stage"))?;
        let (what, left) = match what.rsplit_once('*').map(|(what, left)| (what, left.parse())) {
            Some((what, Ok(left))) => (what, left),
            _ => (what, usize::MAX),
        };
        let what = match what {
            "silence" => What::Silence,
            "drip" => What::Drip,
            "flood" => What::Flood,
            "drop" => What::Drop,
            answer if answer.bytes().take(3).filter(u8::is_ascii_digit).count() == 3 => {
                What::Answer(answer.to_owned())
            }
            other => return Err(format!("{other} is nothing that a server does")),
        };
        Ok(Self { stage, what, word: word.to_owned(), left })
    }
}

/// How TLS is done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tls {
    #[default]
    None,
    /// When the client asks for it.
    Later,
    /// From the first byte.
    Always,
}

/// What a server can do.
#[derive(Clone, Default)]
pub struct Abilities {
    pub eight_bit: bool,
    /// Who must sign in, and with what.
    pub user: Option<(String, String)>,
    /// How: `PLAIN` or `LOGIN`; both when empty.
    pub mechanism: &'static str,
    pub tls: Tls,
    pub certificate: Option<Arc<ServerConfig>>,
}

/// Certificate and key, from PEM files.
pub fn certificate(chain: &Path, key: &Path) -> Result<Arc<ServerConfig>, String> {
    let chain: Result<Vec<CertificateDer<'static>>, _> =
        CertificateDer::pem_file_iter(chain).map_err(|e| e.to_string())?.collect();
    let chain = chain.map_err(|e| e.to_string())?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(|e| e.to_string())?;
    let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .with_no_client_auth()
        .with_single_cert(chain, key);
    config.map(Arc::new).map_err(|e| e.to_string())
}

/// A mail that was handed over.
#[derive(Debug, Clone)]
pub struct Received {
    pub from: String,
    pub to: Vec<String>,
    /// As it was sent, dots unstuffed.
    pub bytes: Vec<u8>,
    /// Which connection brought it, from 1.
    pub connection: usize,
    /// The user who had signed in.
    pub user: Option<String>,
    /// TLS was on.
    pub encrypted: bool,
    /// The server said that it has it.
    pub accepted: bool,
}

impl Received {
    /// The mail as text. All that headend sends is ASCII.
    pub fn text(&self) -> String {
        String::from_utf8(self.bytes.clone()).expect("a mail in ASCII")
    }

    /// A header's value, unfolded; as it is encoded.
    pub fn header(&self, name: &str) -> Option<String> {
        let text = self.text();
        let head = text.split("\r\n\r\n").next()?.replace("\r\n ", " ").replace("\r\n\t", " ");
        head.split("\r\n").find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    }
}

#[derive(Default)]
struct Shared {
    abilities: Mutex<Abilities>,
    faults: Mutex<Vec<Fault>>,
    received: Mutex<Vec<Received>>,
    /// What clients said, each line with its connection.
    said: Mutex<Vec<(usize, String)>>,
    /// The sockets of connections whose threads run.
    open: Mutex<Vec<(usize, TcpStream)>>,
    connections: AtomicUsize,
    most_open: AtomicUsize,
    stop: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The server. Dropping it closes all its connections.
pub struct Server {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    accepts: Option<thread::JoinHandle<()>>,
}

impl Server {
    /// On a free port of loopback.
    pub fn start(abilities: Abilities) -> Self {
        Self::on(SocketAddr::from(([127, 0, 0, 1], 0)), abilities).expect("a free port")
    }

    /// At an address, such as that of a server before.
    pub fn on(address: SocketAddr, abilities: Abilities) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { abilities: Mutex::new(abilities), ..Shared::default() });
        let accepting = Arc::clone(&shared);
        let accepts = thread::spawn(move || accept(&listener, &accepting));
        Ok(Self { address, shared, accepts: Some(accepts) })
    }

    /// From now on.
    pub fn misbehave(&self, fault: &str) {
        let fault = fault.parse().unwrap_or_else(|wrong| panic!("{wrong}"));
        lock(&self.shared.faults).push(fault);
    }

    /// As a server should, from now on; what hangs goes on hanging.
    pub fn behave(&self) {
        lock(&self.shared.faults).clear();
    }

    /// Mails it said to have.
    pub fn accepted(&self) -> Vec<Received> {
        lock(&self.shared.received).iter().filter(|mail| mail.accepted).cloned().collect()
    }

    /// Mails that were handed over whole, those too for which the client never got the answer.
    pub fn received(&self) -> Vec<Received> {
        lock(&self.shared.received).clone()
    }

    /// What was said to it: commands, not mails. Passwords as they came.
    pub fn said(&self) -> Vec<(usize, String)> {
        lock(&self.shared.said).clone()
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// The most that a client had open at once.
    pub fn most_open(&self) -> usize {
        self.shared.most_open.load(Ordering::Relaxed)
    }

    /// Those that a client has open now.
    pub fn open(&self) -> usize {
        count_open(&lock(&self.shared.open))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
        if let Some(accepts) = self.accepts.take() {
            let _ = accepts.join();
        }
        for (_, socket) in lock(&self.shared.open).iter() {
            let _ = socket.shutdown(std::net::Shutdown::Both);
        }
    }
}

/// Not whether our thread has noticed, but whether the client's end is there: it closes one connection
/// before it opens the next, and we may be asleep in between.
fn count_open(open: &[(usize, TcpStream)]) -> usize {
    open.iter().filter(|(_, socket)| !is_left(socket)).count()
}

/// Whether the client has closed its end, also while there are bytes of it to be read.
fn is_left(socket: &TcpStream) -> bool {
    // nix has no name for POLLRDHUP: it takes the bit, and gives `None` back where it is set.
    let mut look = [PollFd::new(socket.as_fd(), PollFlags::from_bits_retain(POLLRDHUP))];
    let _ = poll(&mut look, PollTimeout::ZERO);
    look[0].revents().is_none_or(|seen| seen.intersects(PollFlags::POLLHUP | PollFlags::POLLERR))
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stop.load(Ordering::Relaxed) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let _ = stream.set_nodelay(true);
        let number = shared.connections.fetch_add(1, Ordering::Relaxed) + 1;
        {
            let mut open = lock(&shared.open);
            open.push((number, stream.try_clone().expect("a descriptor")));
            shared.most_open.fetch_max(count_open(&open), Ordering::Relaxed);
        }
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            let mut session = Session::new(stream, number, &shared);
            let _ = session.serve();
            drop(session);
            lock(&shared.open).retain(|(open, _)| *open != number);
        });
    }
}

enum Stream {
    Plain(TcpStream),
    Encrypted(Box<StreamOwned<ServerConnection, TcpStream>>),
    Gone,
}

impl Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Encrypted(stream) => stream.read(buffer),
            Self::Gone => Ok(0),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.write_all(bytes),
            Self::Encrypted(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
            Self::Gone => Ok(()),
        }
    }
}

/// One connection.
struct Session<'a> {
    stream: Stream,
    socket: TcpStream,
    number: usize,
    shared: &'a Shared,
    buffer: Vec<u8>,
    user: Option<String>,
    encrypted: bool,
    from: Option<String>,
    to: Vec<String>,
}

/// The connection is over.
struct Over;

impl From<io::Error> for Over {
    fn from(_: io::Error) -> Self {
        Self
    }
}

type Go = Result<(), Over>;

impl<'a> Session<'a> {
    fn new(stream: TcpStream, number: usize, shared: &'a Shared) -> Self {
        let socket = stream.try_clone().expect("a descriptor");
        Self {
            stream: Stream::Plain(stream),
            socket,
            number,
            shared,
            buffer: Vec::new(),
            user: None,
            encrypted: false,
            from: None,
            to: Vec::new(),
        }
    }

    fn serve(&mut self) -> Go {
        let abilities = lock(&self.shared.abilities).clone();
        if abilities.tls == Tls::Always {
            self.encrypt(&abilities)?;
        }
        if self.misbehaves(Stage::Connect, "")? {
            return self.until_gone();
        }
        self.say("220 sink.example at your service")?;
        loop {
            let line = self.line()?;
            lock(&self.shared.said).push((self.number, line.clone()));
            let verb = line.split([' ', ':']).next().unwrap_or("").to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => self.ehlo(&abilities)?,
                "STARTTLS" if abilities.tls == Tls::Later && !self.encrypted => {
                    if !self.misbehaves(Stage::StartTls, "")? {
                        self.say("220 go on")?;
                        self.encrypt(&abilities)?;
                    }
                }
                "AUTH" => self.auth(&line, &abilities)?,
                "MAIL" => self.mail(&line, &abilities)?,
                "RCPT" => self.rcpt(&line)?,
                "DATA" => self.data()?,
                "RSET" => {
                    (self.from, self.to) = (None, Vec::new());
                    if !self.misbehaves(Stage::Rset, "")? {
                        self.say("250 forgotten")?;
                    }
                }
                "QUIT" => {
                    if !self.misbehaves(Stage::Quit, "")? {
                        self.say("221 bye")?;
                    }
                    return Ok(());
                }
                _ => self.say(&format!("502 what is {line}?"))?,
            }
        }
    }

    fn ehlo(&mut self, abilities: &Abilities) -> Go {
        if self.misbehaves(Stage::Ehlo, "")? {
            return Ok(());
        }
        let mut lines = vec!["sink.example".to_owned()];
        if abilities.eight_bit {
            lines.push("8BITMIME".to_owned());
        }
        if abilities.tls == Tls::Later && !self.encrypted {
            lines.push("STARTTLS".to_owned());
        }
        if abilities.user.is_some() {
            let both = if abilities.mechanism.is_empty() { "PLAIN LOGIN" } else { abilities.mechanism };
            lines.push(format!("AUTH {both}"));
        }
        let last = lines.pop().unwrap_or_default();
        for line in lines {
            self.say(&format!("250-{line}"))?;
        }
        self.say(&format!("250 {last}"))
    }

    fn auth(&mut self, line: &str, abilities: &Abilities) -> Go {
        if self.misbehaves(Stage::Auth, line)? {
            return Ok(());
        }
        let words: Vec<&str> = line.split(' ').collect();
        let decode =
            |text: &str| String::from_utf8(STANDARD.decode(text).unwrap_or_default()).unwrap_or_default();
        let (user, password) = match words.as_slice() {
            [_, "PLAIN", given] => {
                let given = decode(given);
                let mut parts = given.split('\0').skip(1).map(str::to_owned);
                (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
            }
            [_, "LOGIN"] => {
                self.say("334 VXNlcm5hbWU6")?;
                let user = decode(&self.line()?);
                self.say("334 UGFzc3dvcmQ6")?;
                (user, decode(&self.line()?))
            }
            _ => return self.say("504 not that way"),
        };
        if abilities.user.as_ref() == Some(&(user.clone(), password.clone())) {
            self.user = Some(user);
            self.say("235 welcome")
        } else {
            // As unkind a server as can be.
            self.say(&format!("535 5.7.8 {password} is not the password: {line}"))
        }
    }

    fn mail(&mut self, line: &str, abilities: &Abilities) -> Go {
        if self.misbehaves(Stage::Mail, line)? {
            return Ok(());
        }
        if abilities.user.is_some() && self.user.is_none() {
            return self.say("530 5.7.0 sign in first");
        }
        if self.from.is_some() {
            return self.say("503 one at a time");
        }
        self.from = Some(address_in(line));
        self.say("250 sender ok")
    }

    fn rcpt(&mut self, line: &str) -> Go {
        if self.misbehaves(Stage::Rcpt, line)? {
            return Ok(());
        }
        if self.from.is_none() {
            return self.say("503 from whom?");
        }
        self.to.push(address_in(line));
        self.say("250 recipient ok")
    }

    fn data(&mut self) -> Go {
        if self.misbehaves(Stage::Data, "")? {
            return Ok(());
        }
        if self.to.is_empty() {
            return self.say("554 no valid recipients");
        }
        self.say("354 go ahead")?;
        let mut bytes = Vec::new();
        let mut lines = 0;
        loop {
            let line = self.raw_line()?;
            lines += 1;
            if lines == 3 && self.misbehaves(Stage::Body, "")? {
                return Err(Over);
            }
            if line == b"." {
                break;
            }
            bytes.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            bytes.extend_from_slice(b"\r\n");
        }
        let mail = Received {
            from: self.from.take().unwrap_or_default(),
            to: std::mem::take(&mut self.to),
            bytes,
            connection: self.number,
            user: self.user.clone(),
            encrypted: self.encrypted,
            accepted: false,
        };
        let at = {
            let mut received = lock(&self.shared.received);
            received.push(mail);
            received.len() - 1
        };
        if self.misbehaves(Stage::End, "")? {
            return Ok(());
        }
        lock(&self.shared.received)[at].accepted = true;
        self.say(&format!("250 2.0.0 kept as {}", at + 1))
    }

    /// Does what a fault says, if there is one for this. A refusal leaves the connection open.
    fn misbehaves(&mut self, stage: Stage, line: &str) -> Result<bool, Over> {
        let what = {
            let mut faults = lock(&self.shared.faults);
            let fits =
                |fault: &&mut Fault| fault.stage == stage && fault.left > 0 && line.contains(&fault.word);
            let Some(fault) = faults.iter_mut().find(fits) else { return Ok(false) };
            fault.left = fault.left.saturating_sub(1);
            fault.what.clone()
        };
        match what {
            What::Answer(answer) => self.say(&answer)?,
            What::Silence => self.until_gone()?,
            What::Drop => return Err(Over),
            What::Drip => self.pour(b"2", DRIP)?,
            What::Flood => self.pour(&[b'2'; 4_096], Duration::ZERO)?,
        }
        Ok(true)
    }

    fn pour(&mut self, bytes: &[u8], pause: Duration) -> Go {
        loop {
            self.still_wanted()?;
            self.stream.write(bytes)?;
            thread::sleep(pause);
        }
    }

    /// Keeps the connection and says nothing, until the client has enough of it.
    fn until_gone(&mut self) -> Go {
        loop {
            self.still_wanted()?;
            thread::sleep(LOOK);
        }
    }

    fn still_wanted(&self) -> Go {
        if is_left(&self.socket) || self.shared.stop.load(Ordering::Relaxed) { Err(Over) } else { Ok(()) }
    }

    fn encrypt(&mut self, abilities: &Abilities) -> Go {
        let config = abilities.certificate.clone().ok_or(Over)?;
        let connection = ServerConnection::new(config).map_err(|_| Over)?;
        match std::mem::replace(&mut self.stream, Stream::Gone) {
            Stream::Plain(stream) => {
                self.stream = Stream::Encrypted(Box::new(StreamOwned::new(connection, stream)));
            }
            _ => return Err(Over),
        }
        self.encrypted = true;
        self.buffer.clear();
        Ok(())
    }

    fn say(&mut self, text: &str) -> Go {
        Ok(self.stream.write(format!("{text}\r\n").as_bytes())?)
    }

    fn line(&mut self) -> Result<String, Over> {
        String::from_utf8(self.raw_line()?).map_err(|_| Over)
    }

    fn raw_line(&mut self) -> Result<Vec<u8>, Over> {
        let mut chunk = [0; 4_096];
        loop {
            if let Some(end) = self.buffer.windows(2).position(|two| two == b"\r\n") {
                let mut line: Vec<u8> = self.buffer.drain(..end + 2).collect();
                line.truncate(end);
                return Ok(line);
            }
            match self.stream.read(&mut chunk)? {
                0 => return Err(Over),
                bytes => self.buffer.extend_from_slice(&chunk[..bytes]),
            }
        }
    }
}

fn address_in(line: &str) -> String {
    let from = line.find('<').map_or(0, |at| at + 1);
    let to = line.find('>').unwrap_or(line.len());
    line.get(from..to).unwrap_or_default().to_owned()
}
