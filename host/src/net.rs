//! Listeners and streams, TCP and Unix alike.

use crate::config::Settings;
use crate::log;
use mio::event::Source;
use mio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use std::fs::{self, Permissions};
use std::io::{self, IoSlice, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, ToSocketAddrs};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a refused peer reads; Redis's text, which client libraries show to their users.
pub(crate) const DENIED: &[u8] = b"-DENIED Redis is running in protected mode because protected mode is enabled \
and no password is set for the default user. In this mode connections are only accepted from the loopback interface. \
If you want to connect from external computers to Redis you may adopt one of the following solutions: \
1) Just disable protected mode sending the command 'CONFIG SET protected-mode no' from the loopback interface by \
connecting to Redis from the same host the server is running, however MAKE SURE Redis is not publicly accessible from \
internet if you do so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the \
protected mode by editing the Redis configuration file, and setting the protected mode option to 'no', and then \
restarting the server. 3) If you started the server manually just for testing, restart it with the \
'--protected-mode no' option. 4) Setup a an authentication password for the default user. NOTE: You only need to do \
one of the above things in order for the server to start accepting connections from the outside.\r\n";

/// A place where connections arrive.
pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, PathBuf),
}

/// A connection as it arrived.
pub(crate) struct Arrival {
    pub(crate) stream: Stream,
    /// The peer's address as Redis writes it: `ip:port`, `[ip]:port`, or `path:0`.
    pub(crate) addr: String,
    /// Our own.
    pub(crate) laddr: String,
    pub(crate) unix: bool,
    /// Whether the peer is on this machine.
    pub(crate) local: bool,
}

pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// Opens all listeners that the settings name; the error is for the user.
pub(crate) fn listen(settings: &Settings) -> Result<Vec<Listener>, String> {
    let mut listeners = Vec::new();
    if settings.port != 0 {
        for address in &settings.bind {
            listeners.extend(listen_tcp(address, settings)?);
        }
        if listeners.is_empty() {
            return Err(format!("none of the addresses to bind exists here: {}", settings.bind.join(" ")));
        }
    }
    if let Some(path) = &settings.unix_socket {
        listeners.push(listen_unix(path, settings)?);
    }
    if listeners.is_empty() {
        return Err(
            "Configured to not listen anywhere, exiting: the port is 0 and there is no unixsocket".to_owned()
        );
    }
    Ok(listeners)
}

fn listen_tcp(address: &str, settings: &Settings) -> Result<Vec<Listener>, String> {
    let (address, optional) = match address.strip_prefix('-') {
        Some(address) => (address, true),
        None => (address, false),
    };
    let host = match address {
        "*" => "0.0.0.0",
        "::*" => "::",
        host => host,
    };
    let failed = |error: &io::Error| {
        let hint = match error.kind() {
            io::ErrorKind::AddrInUse => "; is another server running? Choose another port with --port",
            io::ErrorKind::PermissionDenied => "; ports below 1024 need privileges",
            _ => "",
        };
        // The system's number is for programs; people know the text.
        let text = error.to_string();
        let text = text.split(" (os error").next().unwrap_or_default();
        format!("Could not create server TCP listening socket {host}:{}: bind: {text}{hint}", settings.port)
    };
    let resolved = match (host, settings.port).to_socket_addrs() {
        Ok(addresses) => addresses,
        Err(_) if optional => return Ok(Vec::new()),
        Err(error) => return Err(failed(&error)),
    };
    let mut listeners = Vec::new();
    for address in resolved {
        match open_tcp(address, settings.tcp_backlog) {
            Ok(listener) => listeners.push(Listener::Tcp(listener)),
            Err(error) if optional && is_missing_here(&error) => {}
            Err(error) => return Err(failed(&error)),
        }
    }
    Ok(listeners)
}

fn open_tcp(address: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    socket.set_nonblocking(true)?;
    Ok(TcpListener::from_std(socket.into()))
}

/// Whether an address cannot be had on this machine at all, as IPv6 where it is switched off.
fn is_missing_here(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let errno = Errno::from_io_error(error);
    error.kind() == io::ErrorKind::AddrNotAvailable
        || errno.is_some_and(|errno| [Errno::AFNOSUPPORT, Errno::PROTONOSUPPORT].contains(&errno))
}

fn listen_unix(path: &Path, settings: &Settings) -> Result<Listener, String> {
    let failed = |why: &str| format!("Could not create server Unix socket {}: {why}", path.display());
    if let Ok(metadata) = fs::symlink_metadata(path) {
        if !metadata.file_type().is_socket() {
            return Err(failed("there is a file of this name that is no socket"));
        }
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            return Err(failed("another server answers on it"));
        }
        fs::remove_file(path).map_err(|error| failed(&error.to_string()))?;
    }
    let open = || -> io::Result<UnixListener> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.bind(&socket2::SockAddr::unix(path)?)?;
        if settings.unix_socket_mode != 0 {
            fs::set_permissions(path, Permissions::from_mode(settings.unix_socket_mode))?;
        }
        socket.listen(i32::try_from(settings.tcp_backlog).unwrap_or(i32::MAX))?;
        socket.set_nonblocking(true)?;
        Ok(UnixListener::from_std(socket.into()))
    };
    let listener = open().map_err(|error| failed(&error.to_string()))?;
    Ok(Listener::Unix(listener, path.to_owned()))
}

impl Listener {
    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        match self {
            Listener::Tcp(listener) => listener.register(registry, token, Interest::READABLE),
            Listener::Unix(listener, _) => listener.register(registry, token, Interest::READABLE),
        }
    }

    /// The next connection that waits, if any.
    pub(crate) fn accept(&self, keepalive_seconds: u32) -> io::Result<Arrival> {
        match self {
            Listener::Tcp(listener) => {
                let (stream, peer) = listener.accept()?;
                // A peer that is gone already shows itself at the first read.
                let _ = prepare(&stream, keepalive_seconds);
                let laddr = stream.local_addr().map(|address| address.to_string()).unwrap_or_default();
                let local = is_local(peer.ip());
                Ok(Arrival { stream: Stream::Tcp(stream), addr: peer.to_string(), laddr, unix: false, local })
            }
            Listener::Unix(listener, path) => {
                let (stream, _) = listener.accept()?;
                let addr = format!("{}:0", path.display());
                Ok(Arrival {
                    stream: Stream::Unix(stream),
                    laddr: addr.clone(),
                    addr,
                    unix: true,
                    local: true,
                })
            }
        }
    }

    /// Where it listens, for the log.
    pub(crate) fn describe(&self) -> String {
        match self {
            Listener::Tcp(listener) => match listener.local_addr() {
                Ok(address) => format!("{address} (TCP)"),
                Err(error) => format!("a TCP socket ({error})"),
            },
            Listener::Unix(_, path) => format!("{} (Unix socket)", path.display()),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Listener::Unix(_, path) = self
            && let Err(error) = fs::remove_file(&path)
        {
            log::verbose!("cannot remove {}: {error}", path.display());
        }
    }
}

fn prepare(stream: &TcpStream, keepalive_seconds: u32) -> io::Result<()> {
    stream.set_nodelay(true)?;
    if keepalive_seconds == 0 {
        return Ok(());
    }
    // As Redis does it: three probes in the time that follows the first silence.
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(keepalive_seconds.into()))
        .with_interval(Duration::from_secs((keepalive_seconds / 3).max(1).into()))
        .with_retries(3);
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}

fn is_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback(),
        IpAddr::V6(address) => {
            address.is_loopback() || address.to_ipv4_mapped().is_some_and(|address| address.is_loopback())
        }
    }
}

impl Stream {
    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        match self {
            Stream::Tcp(stream) => stream.register(registry, token, interest),
            Stream::Unix(stream) => stream.register(registry, token, interest),
        }
    }

    pub(crate) fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.read(room),
            Stream::Unix(stream) => stream.read(room),
        }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.write(bytes),
            Stream::Unix(stream) => stream.write(bytes),
        }
    }

    pub(crate) fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.write_vectored(slices),
            Stream::Unix(stream) => stream.write_vectored(slices),
        }
    }

    /// Tells the peer that nothing more comes.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Stream::Unix(stream) => stream.shutdown(Shutdown::Write),
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

    #[test]
    fn the_refusal_is_one_error_reply() {
        assert!(DENIED.starts_with(b"-DENIED ") && DENIED.ends_with(b"outside.\r\n"));
        assert_eq!(DENIED.iter().filter(|&&byte| byte == b'\n').count(), 1);
        assert!(!DENIED.windows(2).any(|pair| pair == b"  "));
    }
}
