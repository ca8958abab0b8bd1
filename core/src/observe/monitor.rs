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
    let shown = |index: usize| match is_secret(parent, row, args, index) {
        true => b"(redacted)",
        false => args.at(index),
    };
    // A request may be long, and its quoted form four times as long.
    let bytes: usize = (0..args.len()).map(|index| quoted_len(shown(index)) + 1).sum();
    let has_room = server.memory.reserve(&mut line, bytes + 2);
    if has_room {
        for index in 0..args.len() {
            line.push(b' ');
            quote(shown(index), &mut line);
        }
        line.extend_from_slice(b"\r\n");
    }
    for index in 0..server.observer.monitors.len() {
        let monitor = server.observer.monitors[index];
        if !has_room {
            // It would miss this one.
            server.close(monitor);
        } else if !server.connection(monitor).is_closing {
            server.tell(monitor, |reply| reply.raw(&line));
        }
    }
}

/// How many bytes [`quote`] makes of some.
fn quoted_len(bytes: &[u8]) -> usize {
    let escaped = |byte: u8| match byte {
        b'\\' | b'"' | b'\n' | b'\r' | b'\t' | 7 | 8 => 2,
        b' '..=b'~' => 1,
        _ => 4,
    };
    bytes.iter().map(|&byte| escaped(byte)).sum::<usize>() + 2
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
