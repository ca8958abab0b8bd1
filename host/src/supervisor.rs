//! `supervised`: tells systemd how the server is, by datagrams as sd_notify(3) describes them.

use crate::config::Supervised;
use crate::log;
use std::env;
use std::ffi::OsString;
use std::io;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Where the one who has started us listens.
const VARIABLE: &str = "NOTIFY_SOCKET";

/// Whether there is someone to be told.
pub(crate) fn is_there(supervised: Supervised) -> bool {
    match supervised {
        Supervised::No => false,
        Supervised::Systemd => true,
        Supervised::Auto => env::var_os(VARIABLE).is_some(),
    }
}

/// Tells `NAME=value` lines. Whoever does not listen misses them.
pub(crate) fn tell(supervised: Supervised, lines: &str) {
    if !is_there(supervised) {
        return;
    }
    let sent = match env::var_os(VARIABLE) {
        Some(name) => send(name, lines),
        None => Err(io::Error::other(format!("{VARIABLE} is not set"))),
    };
    if let Err(error) = sent {
        log::warning!("cannot tell systemd how the server is: {error}");
    }
}

fn send(name: OsString, lines: &str) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    // A name that begins so is none of the file system's.
    let sent = match name.as_encoded_bytes().strip_prefix(b"@") {
        Some(name) => socket.send_to_addr(lines.as_bytes(), &abstract_address(name)?)?,
        None => socket.send_to(lines.as_bytes(), name)?,
    };
    if sent == lines.len() { Ok(()) } else { Err(io::Error::other("the message was cut")) }
}

#[cfg(target_os = "linux")]
fn abstract_address(name: &[u8]) -> io::Result<SocketAddr> {
    use std::os::linux::net::SocketAddrExt;
    SocketAddr::from_abstract_name(name)
}

#[cfg(not(target_os = "linux"))]
fn abstract_address(_: &[u8]) -> io::Result<SocketAddr> {
    Err(io::Error::other("only Linux has abstract sockets"))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt;

    #[test]
    fn datagrams_arrive_at_paths_and_at_abstract_names() {
        let name = format!("sanderling-test-{}", std::process::id());
        let path = env::temp_dir().join(&name);
        let check = |socket: &UnixDatagram, name: OsString| {
            send(name, "READY=1\nSTATUS=fine").unwrap();
            let mut received = [0; 64];
            let len = socket.recv(&mut received).unwrap();
            assert_eq!(&received[..len], b"READY=1\nSTATUS=fine");
        };
        check(&UnixDatagram::bind(&path).unwrap(), path.clone().into_os_string());
        std::fs::remove_file(&path).unwrap();
        assert!(send(path.into_os_string(), "READY=1").is_err());
        let socket = UnixDatagram::bind_addr(&abstract_address(name.as_bytes()).unwrap()).unwrap();
        check(&socket, OsString::from_vec([b"@", name.as_bytes()].concat()));
    }
}
