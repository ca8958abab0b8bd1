//! `maxmemory-clients`: when connections together keep too much in the engine, those that keep most are closed.
//!
//! What a connection keeps is counted when its requests have been looked at; without the setting nothing is.

use alloc::vec::Vec;

use crate::number;
use crate::server::Server;
use crate::server::connection::{ConnId, Connection};

/// Counts what a connection keeps now.
#[cold]
pub(crate) fn note(server: &mut Server, conn: ConnId) {
    let Some(connection) = server.get(conn) else { return };
    let bytes = bytes_of(connection);
    let before = core::mem::replace(&mut connection.noted_bytes, bytes);
    server.clients_bytes = server.clients_bytes + bytes - before;
}

/// The setting has changed: counts all connections, or none.
pub(crate) fn count_again(server: &mut Server) {
    let is_limited = server.config.maxmemory_clients != 0;
    server.clients_bytes = 0;
    let all: Vec<ConnId> = server.connections().into_iter().map(|(conn, _)| conn).collect();
    for conn in all {
        server.connection(conn).noted_bytes = 0;
        if is_limited {
            note(server, conn);
        }
    }
}

/// Closes connections, those first that keep most, until the rest is below the limit or may not be closed.
#[cold]
pub(crate) fn enforce(server: &mut Server) {
    let Some(limit) = limit(server).filter(|&limit| server.clients_bytes > limit) else { return };
    let mut by_size: Vec<(usize, ConnId)> = server
        .connections()
        .into_iter()
        .filter(|(_, connection)| !connection.no_evict && !connection.is_closing)
        .map(|(conn, connection)| (connection.noted_bytes, conn))
        .collect();
    by_size.sort_unstable();
    // Those that are being closed give back what they keep, though they are still there.
    let mut rest = server.clients_bytes;
    while rest > limit
        && let Some((bytes, conn)) = by_size.pop()
    {
        rest -= bytes;
        server.stats.evicted_clients += 1;
        server.close(conn);
    }
}

/// Forgets a connection that is going.
pub(crate) fn forget(server: &mut Server, conn: ConnId) {
    let bytes = core::mem::take(&mut server.connection(conn).noted_bytes);
    server.clients_bytes -= bytes;
}

/// The limit in bytes, where there is one; a percentage is of `maxmemory`.
fn limit(server: &Server) -> Option<usize> {
    match server.config.maxmemory_clients {
        0 => None,
        bytes @ 1.. => number::count(bytes),
        percent => {
            let whole = Some(server.config.maxmemory.value()).filter(|&whole| whole > 0)?;
            // A hundredth first, since the product may exceed 64 bits; what that leaves out is counted in bytes.
            let percent = percent.unsigned_abs();
            Some(number::saturate(whole / 100 * percent + whole % 100 * percent / 100))
        }
    }
}

/// What a connection keeps in the engine, in bytes. Replies wait in the host, which has limits for them.
pub(crate) fn bytes_of(connection: &Connection) -> usize {
    let queued = connection.transaction.as_ref().map_or(0, |transaction| transaction.bytes);
    let waiting = connection.blocked.as_ref().map_or(0, |blocked| blocked.request.memory_bytes());
    let watched: usize = connection.watched.iter().map(|(_, key)| name_bytes(key)).sum();
    let subscriptions = &connection.subscriptions;
    let listened: usize = [&subscriptions.channels, &subscriptions.patterns, &subscriptions.shard_channels]
        .into_iter()
        .flatten()
        .map(|name| name_bytes(name))
        .sum();
    let tracked: usize =
        connection.tracking.iter().flat_map(|tracking| &tracking.prefixes).map(|name| name_bytes(name)).sum();
    size_of::<Connection>() + connection.pending_bytes() + queued + waiting + watched + listened + tracked
}

/// What the name of a key, a channel or a prefix takes.
fn name_bytes(name: &[u8]) -> usize {
    name.len() + NAME_BYTES
}

/// What it takes besides its bytes.
const NAME_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use alloc::format;

    use crate::engine::conversation::Conversation;

    #[test]
    fn those_that_keep_most_go_first() {
        let mut talk = Conversation::new();
        let [admin, small, large, kept] = [(); 4].map(|()| talk.client());
        talk.check(kept, "CLIENT NO-EVICT ON", "+OK");
        for (conn, bytes) in [(small, 50_000), (large, 200_000), (kept, 300_000)] {
            talk.send(conn, &["MULTI", &format!("SET k {}", "x".repeat(bytes))]);
            talk.expect(conn, "+OK|+QUEUED");
        }
        talk.check(admin, "CONFIG SET maxmemory-clients 450000", "+OK");
        talk.pass(1);
        assert!(talk.is_closed(large) && !talk.is_closed(small) && !talk.is_closed(kept));
        assert!(talk.ask(admin, "INFO stats").contains("evicted_clients:1|"));
        // A percentage is of maxmemory, and of nothing without it.
        talk.check(admin, "CONFIG SET maxmemory-clients 1%", "+OK");
        talk.check(admin, "CONFIG GET maxmemory-clients", "*2|$17|maxmemory-clients|$2|1%");
        assert!(!talk.is_closed(small));
        talk.check(admin, "CONFIG SET maxmemory 32000000", "+OK");
        talk.send(small, &[]);
        talk.pass(1);
        assert!(talk.is_closed(small) && !talk.is_closed(kept) && !talk.is_closed(admin));
        for wrong in ["x", "101%", "-1", "5%%"] {
            assert!(
                talk.ask(admin, &format!("CONFIG SET maxmemory-clients {wrong}")).starts_with('-'),
                "{wrong}"
            );
        }
    }

    #[test]
    fn what_comes_later_counts_too() {
        let mut talk = Conversation::new();
        let (admin, other) = (talk.client(), talk.client());
        talk.check(admin, "CONFIG SET maxmemory-clients 100kb", "+OK");
        talk.send_bytes(other, format!("*2\r\n$3\r\nGET\r\n$200000\r\n{}", "x".repeat(150_000)).as_bytes());
        assert!(talk.is_closed(other));
        talk.check(admin, "PING", "+PONG");
    }
}
