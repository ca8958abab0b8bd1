//! Accepts connections, a bounded number at a time, and does their handshakes, each in a bounded time.

use super::beginner::Begun;
use super::http::Peer;
use super::{Door, NEWCOMERS_MAX, Newcomer, Shared};
use crate::counters::HANDSHAKES;
use crate::log;
use crate::net::{Arrival, Stream, Tls, is_local};
use rustls::server::Acceptor;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a handshake may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The same while places are short: who holds them and says nothing must not keep all others out for long.
const PATIENCE_WHEN_FULL: Duration = Duration::from_secs(1);
/// Bytes of what comes before a handshake can begin; a message of it has no more.
const HELLO_BYTES_MAX: usize = 64 << 10;
/// Bytes for which there is room at each read of it.
const READ_BYTES: usize = 4 << 10;
/// Pause after the system had no descriptor or memory for another connection.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Accepts from a listener for ever.
pub(super) async fn accept(listener: Arc<TcpListener>, door: Door, shared: Arc<Shared>) {
    let all = if door == Door::Tls { &shared.places } else { &shared.http_places };
    let mut has_complained = false;
    loop {
        let places = Arc::clone(all);
        let place = places.acquire_owned().await.expect("the semaphore is never closed");
        match listener.accept().await {
            Ok((socket, peer)) => {
                has_complained = false;
                let shared = Arc::clone(&shared);
                match door {
                    Door::Tls => drop(tokio::spawn(welcome(socket, peer, shared, place))),
                    _ => drop(tokio::spawn(serve(socket, peer, door, shared, place))),
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted) => {}
            Err(error) => {
                drop(place);
                if !std::mem::replace(&mut has_complained, true) {
                    log::warning!("cannot accept connections at the edge for now: {error}");
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

/// Serves requests over HTTP until the connection ends.
async fn serve(
    socket: TcpStream,
    peer: SocketAddr,
    door: Door,
    shared: Arc<Shared>,
    _place: OwnedSemaphorePermit,
) {
    // A peer that is gone already shows itself at the first read.
    let _ = socket.set_nodelay(true);
    let laddr = socket.local_addr().map(|address| address.to_string()).unwrap_or_default();
    let (addr, ip) = (peer.to_string(), peer.ip());
    let who = Peer { addr, laddr, ip, is_local: is_local(ip) };
    let http = Arc::clone(&shared.http);
    if door == Door::Http {
        return http.serve(socket, who).await;
    }
    match timeout(PATIENCE, begin_tls(socket, &shared)).await {
        Ok(Ok(stream)) => http.serve(stream, who).await,
        Ok(Err(error)) => shared.failures.tell(&peer, &error.to_string(), &shared),
        Err(_) => {
            shared.failures.tell(&peer, &format!("it took more than {} s", PATIENCE.as_secs()), &shared)
        }
    }
}

async fn begin_tls(mut socket: TcpStream, shared: &Shared) -> io::Result<TlsStream<TcpStream>> {
    let hello = read_hello(&mut socket).await?;
    let config = shared.tls().as_ref().map(|tls| Arc::clone(&tls.config));
    let config = config.ok_or_else(|| io::Error::other("there is no TLS any more"))?;
    let Begun { mut session, outcome } = shared.beginner.begin(Arc::clone(&config), hello).await?;
    if let Err(error) = outcome {
        let mut alert = Vec::new();
        while session.wants_write() {
            session.write_tls(&mut alert)?;
        }
        // It may be glad to learn why; whether it does makes no difference here.
        let _ = socket.write_all(&alert).await;
        return Err(error);
    }
    let accepted = TlsAcceptor::from(config).accept_with(socket, |fresh| *fresh = session).await;
    if accepted.is_ok() {
        HANDSHAKES.add(1);
    }
    accepted
}

/// Reads until the client's first message is whole, or is none. There may be more behind it.
async fn read_hello(socket: &mut TcpStream) -> io::Result<Vec<u8>> {
    let (mut acceptor, mut hello) = (Acceptor::default(), Vec::new());
    loop {
        let known = hello.len();
        hello.reserve(READ_BYTES);
        if socket.read_buf(&mut hello).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let mut piece = &hello[known..];
        while !piece.is_empty() {
            acceptor.read_tls(&mut piece)?;
            // What is wrong with it is told by who answers it.
            if !matches!(acceptor.accept(), Ok(None)) {
                return Ok(hello);
            }
        }
        if hello.len() > HELLO_BYTES_MAX {
            return Err(io::Error::new(ErrorKind::InvalidData, "its first message is too long"));
        }
    }
}

async fn shake_hands(socket: TcpStream, peer: SocketAddr, shared: &Shared) -> io::Result<Arrival> {
    socket.set_nodelay(true)?;
    let laddr = socket.local_addr()?.to_string();
    let (socket, session) = begin_tls(socket, shared).await?.into_inner();
    let socket = mio::net::TcpStream::from_std(socket.into_std()?);
    let stream = Stream::Tls(Tls::new(socket, session));
    let (addr, local) = (peer.to_string(), is_local(peer.ip()));
    Ok(Arrival { stream, addr, laddr, unix: false, local, trusted: false })
}
