//! TCP sockets.

use super::ListenError;
use mio::net::TcpStream;
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, ToSocketAddrs};
use std::time::Duration;

/// Listens, without waiting, on all that a name or address stands for; a `-` in front of it says that it may be missing here.
pub(super) fn listen(address: &str, port: u16, backlog: u32) -> Result<Vec<TcpListener>, ListenError> {
    let (address, optional) = match address.strip_prefix('-') {
        Some(address) => (address, true),
        None => (address, false),
    };
    let host = match address {
        "*" => "0.0.0.0",
        "::*" => "::",
        host => host,
    };
    let failed = |error: io::Error| ListenError::Tcp { host: host.to_owned(), port, error };
    let resolved = match (host, port).to_socket_addrs() {
        Ok(addresses) => addresses,
        Err(_) if optional => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut listeners = Vec::new();
    for address in resolved {
        match open(address, backlog) {
            Ok(listener) => listeners.push(listener),
            Err(error) if optional && is_missing_here(&error) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(listeners)
}

fn open(address: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Whether an address cannot be had on this machine at all, as IPv6 where it is switched off.
fn is_missing_here(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let errno = Errno::from_io_error(error);
    error.kind() == io::ErrorKind::AddrNotAvailable
        || errno.is_some_and(|errno| [Errno::AFNOSUPPORT, Errno::PROTONOSUPPORT].contains(&errno))
}

/// Has the kernel probe a peer after so many seconds of silence; 0 is never.
pub(super) fn keep_alive(stream: &TcpStream, seconds: u32) -> io::Result<()> {
    if seconds == 0 {
        return Ok(());
    }
    // As Redis does it: three probes in the time that follows the first silence.
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(seconds.into()))
        .with_interval(Duration::from_secs((seconds / 3).max(1).into()))
        .with_retries(3);
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}

/// Whether a peer with this address is on this machine.
pub(crate) fn is_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback(),
        IpAddr::V6(address) => {
            address.is_loopback() || address.to_ipv4_mapped().is_some_and(|address| address.is_loopback())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_local() {
        for (address, local) in [
            ("127.0.0.1", true),
            ("127.9.9.9", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("10.0.0.1", false),
            ("192.168.1.1", false),
            ("::ffff:10.0.0.1", false),
            ("fe80::1", false),
        ] {
            assert_eq!(is_local(address.parse().unwrap()), local, "{address}");
        }
    }
}
