//! Unix sockets.

use super::ListenError;
use mio::net::UnixListener;
use socket2::{Domain, SockAddr, Socket, Type};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::Path;

/// Listens on a path; what a server that has ended left there is removed. A mode of 0 leaves it to the umask.
pub(super) fn listen(path: &Path, mode: u32, backlog: u32) -> Result<UnixListener, ListenError> {
    let failed = |error: io::Error| ListenError::Unix { path: path.to_owned(), error };
    if let Ok(metadata) = fs::symlink_metadata(path) {
        if !metadata.file_type().is_socket() {
            return Err(ListenError::NotASocket(path.to_owned()));
        }
        if UnixStream::connect(path).is_ok() {
            return Err(ListenError::InUse(path.to_owned()));
        }
        fs::remove_file(path).map_err(failed)?;
    }
    open(path, mode, backlog).map_err(failed)
}

fn open(path: &Path, mode: u32, backlog: u32) -> io::Result<UnixListener> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(path)?)?;
    if mode != 0 {
        fs::set_permissions(path, Permissions::from_mode(mode))?;
    }
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    socket.set_nonblocking(true)?;
    Ok(UnixListener::from_std(socket.into()))
}
