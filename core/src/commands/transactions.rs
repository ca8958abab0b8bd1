//! MULTI and its kin.

use core::mem;

use crate::base::error::Error;
use crate::base::memory::Purpose;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Flags, Group, KeySpec, access, flags, key};
use crate::engine::invoke::{Invocation, Origin, invoke};
use crate::keyspace::Store;
use crate::resp::args::Args;
use crate::server::blocking::{Block, TimeoutReply};
use crate::server::connection::{ConnId, Connection, Queued, ReplyMode, Transaction, unwatch_all};

fn multi(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    if ctx.session().transaction.is_some() {
        return Err(Error::Text("ERR MULTI calls can not be nested"));
    }
    ctx.session().transaction = Some(Transaction::default());
    ctx.reply.ok();
    Ok(Flow::Done)
}

fn watch(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    // Each key is kept by the connection and by the database.
    ctx.server.memory.take_for(Purpose::Control, 2 * args.memory_bytes())?;
    let Context { store, server, reply, conn, .. } = ctx;
    let connection = server.connection(*conn);
    if connection.transaction.is_some() {
        return Err(Error::Text("ERR WATCH inside MULTI is not allowed"));
    }
    // Once a watched key has changed, EXEC fails whatever else is watched.
    if !connection.is_dirty {
        let db = store.db;
        for key in args.from(1).iter() {
            // A key whose time has come counts as missing, and must not be seen to go later.
            store.exists(key);
            if connection.watched.insert((db, key.to_vec())) {
                store.watch(db, key, *conn);
            }
        }
    }
    reply.ok();
    Ok(Flow::Done)
}

fn unwatch(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    unwatch_all(ctx.store, ctx.server.connection(ctx.conn), ctx.conn);
    ctx.reply.ok();
    Ok(Flow::Done)
}

/// Ends the transaction and the watches of a connection; `false` if it was in no transaction.
pub(crate) fn discard_all(store: &mut Store, connection: &mut Connection, conn: ConnId) -> bool {
    unwatch_all(store, connection, conn);
    connection.transaction.take().is_some()
}

fn discard(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    if ctx.session().transaction.is_none() {
        return Err(Error::Text("ERR DISCARD without MULTI"));
    }
    discard_all(ctx.store, ctx.server.connection(ctx.conn), ctx.conn);
    ctx.reply.ok();
    Ok(Flow::Done)
}

/// Ends a transaction because EXEC itself was refused, and gives the error that tells so.
pub(crate) fn abort(store: &mut Store, connection: &mut Connection, conn: ConnId, error: &Error) -> Error {
    discard_all(store, connection, conn);
    let text = error.text();
    let reason = text.strip_prefix(b"ERR ").unwrap_or(&text);
    Error::Quoting([b"EXECABORT Transaction discarded because of: ", reason].concat())
}

fn exec(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    let Context { store, server, reply, conn, .. } = ctx;
    let connection = server.connection(*conn);
    let Some(transaction) = &mut connection.transaction else {
        return Err(Error::Text("ERR EXEC without MULTI"));
    };
    let is_broken = transaction.is_broken;
    let queue = mem::take(&mut transaction.queue);
    let is_dirty = connection.is_dirty || connection.watched.iter().any(|(db, key)| store.is_stale(*db, key));
    if is_broken || is_dirty {
        discard_all(store, connection, *conn);
        if is_broken {
            return Err(Error::Text("EXECABORT Transaction discarded because of previous errors."));
        }
        reply.null_array();
        return Ok(Flow::Done);
    }
    unwatch_all(store, connection, *conn);
    let start = ctx.reply.mark();
    run(ctx, &queue);
    // Among the requests may have been one that ends the transaction's connection, but it is still there.
    ctx.session().transaction = None;
    Ok(if ctx.server.is_asleep() { sleep(ctx, start) } else { Flow::Done })
}

/// One of the requests was DEBUG SLEEP: what has been replied is sent, and who waits for what was written is served,
/// when the time is over.
#[cold]
fn sleep(ctx: &mut Context<'_>, start: usize) -> Flow {
    let kept = ctx.reply.since(start).to_vec();
    ctx.reply.truncate(start);
    ctx.server.ready_later = mem::take(&mut ctx.store.ready);
    let until = Some(ctx.server.asleep_until);
    Flow::wait(Block { kept, ..Block::until(until, TimeoutReply::Ok) })
}

/// Runs the requests of a transaction.
fn run(ctx: &mut Context<'_>, queue: &[Queued]) {
    let start = ctx.reply.mark();
    if !ctx.session().reply_mode.is_muted() {
        ctx.reply.array(queue.len());
    }
    ctx.store.effects.begin_transaction();
    for queued in queue {
        run_one(ctx, queued);
    }
    ctx.store.effects.end_transaction();
    // The requests stand for themselves; EXEC must not be recorded as well.
    ctx.store.effects.reset_command();
    ctx.store.effects.suppress();
    if ctx.session().reply_mode != ReplyMode::On {
        // CLIENT REPLY was among the requests, or in force: what each of them replied is decided already, so it
        // must not be thrown away, or kept, as a whole.
        let Context { server, reply, conn, .. } = ctx;
        server.output_of(*conn).raw(reply.since(start));
        reply.truncate(start);
    }
}

fn run_one(ctx: &mut Context<'_>, queued: &Queued) {
    let Context { store, server, reply, conn, .. } = ctx;
    let mark = reply.mark();
    let mut inner = reply.reborrow();
    inner.protocol = server.connection(*conn).protocol;
    let (row, parent, args) = (queued.row, queued.parent, queued.request.args());
    let invocation = Invocation { conn: *conn, row, parent, args, origin: Origin::Transaction };
    invoke(store, server, inner, &invocation);
    if server.connection(*conn).reply_mode.is_muted() {
        reply.truncate(mark);
    } else if reply.mark() == mark && reply.is_full() {
        // Not even an error could be replied: the rest of the array would be taken for it.
        server.close(*conn);
    }
}

pub(crate) const ROWS: &[Command] = &[
    Command {
        complexity: "O(N) with N queued requests.",
        flags: flags::SESSION.and(Flags::FAST).and(Flags::ALLOW_BUSY).and(Flags::IMMEDIATE),
        handler: discard,
        ..Group::Transactions.row("DISCARD", "2.0.0", "Drops the transaction and ends all watches.")
    },
    Command {
        complexity: "That of the queued requests.",
        flags: flags::SESSION.and(Flags::SKIP_SLOWLOG).and(Flags::IMMEDIATE),
        reply: "array of any | null",
        handler: exec,
        ..Group::Transactions.row(
            "EXEC",
            "1.2.0",
            "Runs the requests of the transaction, unless a watched key has changed.",
        )
    },
    Command {
        flags: flags::SESSION.and(Flags::FAST).and(Flags::ALLOW_BUSY).and(Flags::IMMEDIATE),
        handler: multi,
        ..Group::Transactions.row("MULTI", "1.2.0", "Begins a transaction: requests are queued until EXEC.")
    },
    Command {
        flags: flags::SESSION.and(Flags::FAST).and(Flags::ALLOW_BUSY),
        handler: unwatch,
        ..Group::Transactions.row("UNWATCH", "2.2.0", "Ends all watches.")
    },
    Command {
        complexity: "O(log N) per key, with N watched keys.",
        flags: flags::SESSION.and(Flags::FAST).and(Flags::ALLOW_BUSY).and(Flags::IMMEDIATE),
        args: &[key("key").multiple()],
        handler: watch,
        keys: Some(&[KeySpec::range(1, -1, access::LOOK)]),
        ..Group::Transactions.row(
            "WATCH",
            "2.2.0",
            "Lets the next EXEC run only if these keys have not changed until then.",
        )
    },
];

#[cfg(test)]
mod tests;
