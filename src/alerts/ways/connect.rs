//! Connections to servers that may have several addresses.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

/// Addresses of a server that are tried.
const MAX_ADDRESSES: usize = 8;

/// Connects to `name`, which may be an IPv6 address in brackets, within `limit` once its addresses are known.
///
/// # Errors
/// Why not, in words that follow the server's name.
pub async fn connect(name: &str, port: u16, limit: Duration) -> Result<TcpStream, String> {
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let found = lookup_host((name, port)).await.map_err(|error| format!("can't be looked up: {error}"))?;
    let addresses: Vec<SocketAddr> = found.take(MAX_ADDRESSES).collect();
    one_of(&addresses, limit).await
}

/// Tries the addresses, each for its share of the time: one that swallows packets must not keep the others from
/// being tried.
async fn one_of(addresses: &[SocketAddr], limit: Duration) -> Result<TcpStream, String> {
    let share = limit / u32::try_from(addresses.len()).unwrap_or(1).max(1);
    let mut why = "has no address".to_owned();
    for address in addresses {
        why = match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => format!("can't be reached: {error}"),
            Err(_) => "can't be reached: no answer".to_owned(),
        };
    }
    Err(why)
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpSocket};

    use super::*;

    /// More than fit into the queue of [`deaf`].
    const MANY: usize = 8;

    /// A listener whose queue is full: who connects hears nothing, as where a firewall swallows packets.
    async fn deaf() -> (TcpListener, Vec<TcpStream>) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queue = Vec::new();
        while let Ok(stream) = timeout(Duration::from_millis(500), TcpStream::connect(address)).await {
            queue.push(stream.unwrap());
            assert!(queue.len() < MANY, "the queue has no end");
        }
        (listener, queue)
    }

    #[tokio::test]
    async fn an_address_that_swallows_packets_leaves_time_for_the_next() {
        let (deaf, _queue) = deaf().await;
        let lives = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (deaf, lives) = (deaf.local_addr().unwrap(), lives.local_addr().unwrap());
        // What a try may take all in all.
        let limit = Duration::from_secs(4);
        let connected = timeout(limit, one_of(&[deaf, lives], limit)).await;
        assert_eq!(connected.expect("in time").unwrap().peer_addr().unwrap(), lives);
        let why = one_of(&[deaf], Duration::from_millis(100)).await.unwrap_err();
        assert_eq!(why, "can't be reached: no answer");
        assert_eq!(one_of(&[], limit).await.unwrap_err(), "has no address");
    }
}
