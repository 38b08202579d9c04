//! One connection to a mail server.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream, TlsParameters};
use lettre::transport::smtp::commands::{Quit, Rset};
use lettre::transport::smtp::extension::ClientId;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::delivery::{Failure, Stage};
use crate::alerts::letter::{About, domain};
use crate::alerts::ways::aside::aside;
use crate::alerts::ways::connect::connect;
use crate::alerts::ways::secret::Hidden;
use crate::alerts::ways::tls;
use crate::config::{MailSettings, MailTls};

/// A server says no more than this in answer to one thing, bytes; a certificate's chain is the longest.
/// lettre looks at the length of a line only when it has ended.
const MAX_ANSWER: usize = 256 * 1024;

/// A connection, and what is not to be shown of what is said on it. Dropping it closes it at once.
pub struct Connection {
    smtp: AsyncSmtpConnection,
    hidden: Hidden,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}

impl Connection {
    /// Connects, encrypts as it is wanted, and greets.
    pub async fn open(settings: &MailSettings, about: &About, stage: &mut Stage) -> Result<Self, Failure> {
        let hello = ClientId::Domain(domain(&about.host));
        let server: &str = &settings.server;
        let stream = connect(server, settings.port, settings.timeout)
            .await
            .map_err(|why| Failure::own(Stage::Connect, &format!("{server}:{} {why}", settings.port)))?;
        let address = stream.peer_addr().map_err(|e| Failure::own(Stage::Connect, &e.to_string()))?;
        let stream: Box<dyn AsyncTokioStream> = if settings.tls == MailTls::Tls {
            *stage = Stage::Tls;
            let stream = tls::encrypt(stream, server).await.map_err(|why| Failure::own(Stage::Tls, &why))?;
            Box::new(Answers::new(stream, address))
        } else {
            Box::new(Answers::new(stream, address))
        };
        let none = Hidden::default();
        *stage = Stage::Greeting;
        let mut smtp = AsyncSmtpConnection::connect_with_transport(stream, &hello)
            .await
            .map_err(|error| Failure::of(Stage::Greeting, &error, &none))?;
        if settings.tls == MailTls::StartTls {
            *stage = Stage::Tls;
            if !smtp.can_starttls() {
                let why = "the server offers no STARTTLS; for one on this machine there is tls = \"none\"";
                return Err(Failure::own(Stage::Tls, why));
            }
            // Reads the machine's certificates.
            let name = server.to_owned();
            let parameters = aside(|| TlsParameters::new(name))
                .await
                .map_err(|why| Failure::own(Stage::Tls, &why))?
                .map_err(|error| Failure::own(Stage::Tls, &error.to_string()))?;
            let upgraded = smtp.starttls(parameters, &hello).await;
            upgraded.map_err(|error| Failure::of(Stage::Tls, &error, &none))?;
        }
        Ok(Self { smtp, hidden: none })
    }

    /// Signs in.
    pub async fn sign_in(&mut self, user: &str, password: &str) -> Result<(), Failure> {
        self.hidden = Hidden::sign_in(user, password);
        let credentials = Credentials::new(user.to_owned(), password.to_owned());
        let signed_in = self.smtp.auth(DEFAULT_MECHANISMS, &credentials).await;
        signed_in.map(drop).map_err(|error| Failure::of(Stage::SignIn, &error, &self.hidden))
    }

    /// Whether one that was kept still answers, and is ready for a message.
    pub async fn is_alive(&mut self) -> bool {
        self.smtp.command(Rset).await.is_ok()
    }

    /// Says something, and returns the answer.
    pub async fn say(&mut self, stage: Stage, command: impl fmt::Display) -> Result<String, Failure> {
        match self.smtp.command(command).await {
            Ok(answer) => Ok(answered(&answer, &self.hidden)),
            Err(error) => Err(Failure::of(stage, &error, &self.hidden)),
        }
    }

    /// Hands the bytes of a mail over, and returns the answer.
    pub async fn hand_over(&mut self, mail: &[u8]) -> Result<String, Failure> {
        match self.smtp.message(mail).await {
            Ok(answer) => Ok(answered(&answer, &self.hidden)),
            Err(error) => Err(Failure::of(Stage::End, &error, &self.hidden)),
        }
    }

    /// Says good-bye. Whoever calls this sets the limit.
    pub async fn leave(mut self) {
        let _ = self.smtp.command(Quit).await;
    }
}

fn answered(answer: &lettre::transport::smtp::response::Response, hidden: &Hidden) -> String {
    let lines: Vec<&str> = answer.message().collect();
    hidden.clean(&format!("{} {}", answer.code(), lines.join(" ")))
}

/// A stream on which no answer is longer than [`MAX_ANSWER`].
#[derive(Debug)]
struct Answers<S> {
    stream: S,
    peer: SocketAddr,
    /// Read since something was last said.
    read: usize,
}

impl<S> Answers<S> {
    fn new(stream: S, peer: SocketAddr) -> Self {
        Self { stream, peer, read: 0 }
    }
}

impl<S> AsyncTokioStream for Answers<S>
where
    S: AsyncRead + AsyncWrite + Send + Sync + Unpin + fmt::Debug,
{
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Answers<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.read >= MAX_ANSWER {
            return Poll::Ready(Err(io::Error::other("the server's answer does not end")));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        self.read += buffer.filled().len() - before;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Answers<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.read = 0;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_that_does_not_end_is_an_error() {
        use tokio::io::AsyncReadExt as _;
        let peer = SocketAddr::from(([127, 0, 0, 1], 25));
        let mut answers = Answers::new(tokio::io::join(tokio::io::repeat(b'x'), tokio::io::sink()), peer);
        let mut read = Vec::new();
        let ended = answers.read_to_end(&mut read).await;
        assert!(ended.is_err() && read.len() < 2 * MAX_ANSWER, "{ended:?}, {} bytes", read.len());
    }
}
