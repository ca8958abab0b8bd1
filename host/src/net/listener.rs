//! Listeners, TCP and Unix alike.

use super::{Stream, tcp, unix};
use crate::config::Settings;
use crate::log;
use mio::event::Source;
use mio::net::{TcpListener, UnixListener};
use mio::{Interest, Registry, Token};
use std::path::PathBuf;
use std::{fmt, fs, io, net};

/// A socket at which connections arrive.
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
    /// It is known that it is the default user.
    pub(crate) trusted: bool,
}

/// Why a server cannot listen.
#[derive(Debug)]
pub enum ListenError {
    /// There is neither a port nor the path of a Unix socket.
    Nowhere,
    /// None of the addresses to bind exists on this machine.
    NoAddress(Vec<String>),
    /// An address cannot be listened on.
    Tcp {
        /// The address or its name.
        host: String,
        /// The port.
        port: u16,
        /// What the system says.
        error: io::Error,
    },
    /// The path is that of a file which is no socket.
    NotASocket(PathBuf),
    /// Another server answers on the Unix socket.
    InUse(PathBuf),
    /// The Unix socket cannot be made.
    Unix {
        /// Its path.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unix = |path: &PathBuf| format!("Could not create server Unix socket {}", path.display());
        match self {
            ListenError::Nowhere => f.write_str(
                "Configured to not listen anywhere, exiting: the port is 0, and there is neither tls-port nor unixsocket",
            ),
            ListenError::NoAddress(bind) => {
                write!(f, "none of the addresses to bind exists here: {}", bind.join(" "))
            }
            ListenError::Tcp { host, port, error } => {
                let hint = match error.kind() {
                    io::ErrorKind::AddrInUse => {
                        "; is another server running? Choose another port with --port or --tls-port"
                    }
                    io::ErrorKind::PermissionDenied => "; ports below 1024 need privileges",
                    _ => "",
                };
                // The system's number is for programs; people know the text.
                let text = error.to_string();
                let text = text.split(" (os error").next().unwrap_or_default();
                write!(f, "Could not create server TCP listening socket {host}:{port}: bind: {text}{hint}")
            }
            ListenError::NotASocket(path) => {
                write!(f, "{}: there is a file of this name that is no socket", unix(path))
            }
            ListenError::InUse(path) => write!(f, "{}: another server answers on it", unix(path)),
            ListenError::Unix { path, error } => write!(f, "{}: {error}", unix(path)),
        }
    }
}

impl std::error::Error for ListenError {}

/// Opens all listeners that the settings name.
pub(crate) fn listen(settings: &Settings) -> Result<Vec<Listener>, ListenError> {
    let mut listeners = Vec::new();
    if settings.port != 0 {
        let opened = listen_tcp(settings, settings.port)?;
        listeners.extend(opened.into_iter().map(|listener| Listener::Tcp(TcpListener::from_std(listener))));
    }
    if let Some(path) = &settings.unix_socket {
        let listener = unix::listen(path, settings.unix_socket_mode, settings.tcp_backlog)?;
        listeners.push(Listener::Unix(listener, path.clone()));
    }
    let others = [settings.tls.port, settings.http.port, settings.http.tls_port];
    if listeners.is_empty() && others == [0; 3] {
        return Err(ListenError::Nowhere);
    }
    Ok(listeners)
}

/// Opens the listeners of a port at the edge, if there is one.
pub(crate) fn listen_port(settings: &Settings, port: u16) -> Result<Vec<net::TcpListener>, ListenError> {
    if port == 0 { Ok(Vec::new()) } else { listen_tcp(settings, port) }
}

/// Opens listeners of a port on all addresses.
fn listen_tcp(settings: &Settings, port: u16) -> Result<Vec<net::TcpListener>, ListenError> {
    let mut listeners = Vec::new();
    for address in &settings.bind {
        listeners.extend(tcp::listen(address, port, settings.tcp_backlog)?);
    }
    if listeners.is_empty() {
        return Err(ListenError::NoAddress(settings.bind.clone()));
    }
    Ok(listeners)
}

impl Listener {
    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        match self {
            Listener::Tcp(listener) => listener.register(registry, token, Interest::READABLE),
            Listener::Unix(listener, _) => listener.register(registry, token, Interest::READABLE),
        }
    }

    /// The next connection that waits, if any.
    pub(crate) fn accept(&self) -> io::Result<Arrival> {
        match self {
            Listener::Tcp(listener) => {
                let (stream, peer) = listener.accept()?;
                // A peer that is gone already shows itself at the first read.
                let _ = stream.set_nodelay(true);
                let laddr = stream.local_addr().map(|address| address.to_string()).unwrap_or_default();
                let local = tcp::is_local(peer.ip());
                Ok(Arrival {
                    stream: Stream::Tcp(stream),
                    addr: peer.to_string(),
                    laddr,
                    unix: false,
                    local,
                    trusted: false,
                })
            }
            Listener::Unix(listener, path) => {
                let (stream, _) = listener.accept()?;
                let addr = format!("{}:0", path.display());
                let laddr = addr.clone();
                Ok(Arrival {
                    stream: Stream::Unix(stream),
                    addr,
                    laddr,
                    unix: true,
                    local: true,
                    trusted: false,
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
