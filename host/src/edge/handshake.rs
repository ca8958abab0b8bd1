//! Accepts connections and does their handshakes, a bounded number at a time, each in a bounded time.

use super::{NEWCOMERS_MAX, Newcomer, Shared};
use crate::log;
use crate::net::{Arrival, Stream, Tls, is_local};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

/// How long a handshake may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The same while places are short: who holds them and says nothing must not keep all others out for long.
const PATIENCE_WHEN_FULL: Duration = Duration::from_secs(1);
/// Pause after the system had no descriptor or memory for another connection.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Accepts from a listener for ever.
pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut has_complained = false;
    loop {
        let places = Arc::clone(&shared.places);
        let place = places.acquire_owned().await.expect("the semaphore is never closed");
        match listener.accept().await {
            Ok((socket, peer)) => {
                has_complained = false;
                tokio::spawn(welcome(socket, peer, Arc::clone(&shared), place));
            }
            Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted) => {}
            Err(error) => {
                drop(place);
                if !std::mem::replace(&mut has_complained, true) {
                    log::warning!("cannot accept connections of TLS for now: {error}");
                }
                sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

/// Does the handshake of a connection, and hands it over.
async fn welcome(socket: TcpStream, peer: SocketAddr, shared: Arc<Shared>, place: OwnedSemaphorePermit) {
    let is_short = shared.places.available_permits() < NEWCOMERS_MAX / 4;
    let patience = if is_short { PATIENCE_WHEN_FULL } else { PATIENCE };
    match timeout(patience, shake_hands(socket, peer, &shared)).await {
        Ok(Ok(arrival)) => shared.deliver(Newcomer { arrival, _place: place }),
        Ok(Err(error)) => shared.failures.tell(&peer, &error.to_string(), &shared),
        Err(_) => {
            shared.failures.tell(&peer, &format!("it took more than {} s", patience.as_secs()), &shared);
        }
    }
}

async fn shake_hands(socket: TcpStream, peer: SocketAddr, shared: &Shared) -> io::Result<Arrival> {
    socket.set_nodelay(true)?;
    let laddr = socket.local_addr()?.to_string();
    let config = Arc::clone(&shared.tls().config);
    let (socket, session) = TlsAcceptor::from(config).accept(socket).await?.into_inner();
    let socket = mio::net::TcpStream::from_std(socket.into_std()?);
    let stream = Stream::Tls(Tls::new(socket, session));
    Ok(Arrival { stream, addr: peer.to_string(), laddr, unix: false, local: is_local(peer.ip()) })
}
