//! The lines that MONITOR shows.

use alloc::vec::Vec;

use super::is_secret;
use crate::command::Command;
use crate::keyspace::Store;
use crate::resp::args::Args;
use crate::server::Server;
use crate::server::connection::ConnId;

/// Shows a command that has run to the clients in MONITOR.
pub(super) fn feed(
    store: &Store,
    server: &mut Server,
    conn: ConnId,
    parent: Option<&Command>,
    row: &Command,
    args: Args<'_>,
) {
    let now = server.now;
    let is_script = server.observer.in_script;
    let connection = server.connection(conn);
    let mut line = alloc::format!("+{}.{:06} [{} ", now / 1_000_000, now % 1_000_000, store.db).into_bytes();
    if is_script {
        line.extend_from_slice(b"lua");
    } else if connection.is_unix {
        line.extend_from_slice(b"unix:");
        line.extend_from_slice(connection.addr.trim_end_matches(":0").as_bytes());
    } else {
        line.extend_from_slice(connection.addr.as_bytes());
    }
    line.push(b']');
    for index in 0..args.len() {
        let is_secret = is_secret(parent, row, args, index);
        line.push(b' ');
        quote(if is_secret { b"(redacted)" } else { args.at(index) }, &mut line);
    }
    line.extend_from_slice(b"\r\n");
    for index in 0..server.observer.monitors.len() {
        let monitor = server.observer.monitors[index];
        if !server.connection(monitor).is_closing {
            server.output_of(monitor).raw(&line);
        }
    }
}

/// Writes bytes between quotes, with escapes for all that is not printable.
pub(crate) fn quote(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in bytes {
        match byte {
            b'\\' | b'"' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            7 => out.extend_from_slice(b"\\a"),
            8 => out.extend_from_slice(b"\\b"),
            b' '..=b'~' => out.push(byte),
            _ => out.extend_from_slice(alloc::format!("\\x{byte:02x}").as_bytes()),
        }
    }
    out.push(b'"');
}
