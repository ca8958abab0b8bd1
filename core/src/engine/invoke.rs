//! Running one command: what is set up before its handler, its effects, and what follows from it at once.
//!
//! Every command runs here, whether a client sends it, has waited with it, put it into a transaction or calls it from a
//! script. [`admit`](super::admit) has let it through before; what can have changed since is checked once more.

use crate::base::error::Error;
use crate::command::Command;
use crate::command::context::{Context, Flow};
use crate::engine::admit;
use crate::keyspace::Store;
use crate::observe;
use crate::resp::args::Args;
use crate::resp::{Protocol, Reply};
use crate::server::connection::{ConnId, Restrictions};
use crate::server::{Server, pubsub, tracking};

/// Where a command comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Origin {
    /// A request of a client. What others hear of it is seen to by the engine, once for a batch.
    Client,
    /// The request of a client that has waited with it.
    Waiter,
    /// A request that EXEC runs.
    Transaction,
    /// A command that a script calls.
    Script,
}

impl Origin {
    /// Whether it was let through some time ago.
    fn comes_later(self) -> bool {
        matches!(self, Origin::Waiter | Origin::Transaction)
    }

    /// Whether it is a part of another command: then it cannot wait, and what it announces is sent before what the
    /// next one publishes.
    fn is_nested(self) -> bool {
        matches!(self, Origin::Transaction | Origin::Script)
    }
}

/// A command that is about to run.
pub(crate) struct Invocation<'a> {
    /// Whose it is.
    pub(crate) conn: ConnId,
    /// The row.
    pub(crate) row: &'static Command,
    /// The container of a subcommand.
    pub(crate) parent: Option<&'static Command>,
    /// The arguments.
    pub(crate) args: Args<'a>,
    /// Where it comes from.
    pub(crate) origin: Origin,
}

/// Runs a command and what follows from it at once. Only those of [`Origin::Client`] and [`Origin::Waiter`] may have to
/// wait.
pub(crate) fn invoke(
    store: &mut Store,
    server: &mut Server,
    reply: Reply<'_>,
    invocation: &Invocation<'_>,
) -> Flow {
    invoke_inlined(store, server, reply, invocation)
}

/// The same, compiled into its caller, which knows where the command comes from: most of the questions about that are
/// answered there. It is for the requests of clients, which come by here at the highest rate.
#[inline(always)]
pub(super) fn invoke_inlined(
    store: &mut Store,
    server: &mut Server,
    reply: Reply<'_>,
    invocation: &Invocation<'_>,
) -> Flow {
    let Invocation { conn, row, parent, args, origin } = *invocation;
    let (_, restrictions) = prepare(store, server, conn);
    let mut ctx = Context { store, server, reply, conn, row, parent, may_block: !origin.is_nested() };
    if origin.comes_later()
        && let Err(error) = admit::again(ctx.store, ctx.server, restrictions, invocation)
    {
        ctx.reply.error(&error);
        return Flow::Done;
    }
    let flow = match origin {
        Origin::Waiter => ctx.call_again(args),
        _ => ctx.call(args),
    };
    let flow = match flow {
        Flow::Block(block) if origin.is_nested() => {
            block.on_timeout.write(&mut ctx.reply);
            Flow::Done
        }
        flow => flow,
    };
    if origin != Origin::Client && !ctx.store.invalidated.is_empty() {
        tracking::settle(ctx.store, ctx.server, Some(conn));
    }
    let has_read = origin == Origin::Client || matches!(flow, Flow::Done);
    if restrictions.has(Restrictions::TRACKING) && has_read {
        tracking::remember(ctx.server, conn, row, args);
    }
    if origin.is_nested() && !ctx.store.notices.is_empty() {
        pubsub::publish_notices(ctx.store, ctx.server);
    }
    flow
}

/// Lets the store work on the database of a connection, as it has set it; returns its protocol and what must be looked
/// at before and after its requests.
#[inline(always)]
pub(super) fn prepare(store: &mut Store, server: &mut Server, conn: ConnId) -> (Protocol, Restrictions) {
    let connection = server.connection(conn);
    store.db = connection.db;
    store.no_touch = connection.no_touch;
    (connection.protocol, connection.restrictions)
}

impl Context<'_> {
    /// Runs one command with its bookkeeping; a failure becomes an error reply.
    #[inline(always)]
    pub(super) fn call(&mut self, args: Args<'_>) -> Flow {
        if self.server.observer.skips(self.row, args) { self.execute(args) } else { self.run(args, true) }
    }

    /// The same for a command that has waited and runs again: it was shown to the clients in MONITOR already.
    fn call_again(&mut self, args: Args<'_>) -> Flow {
        self.run(args, false)
    }

    #[inline(never)]
    fn run(&mut self, args: Args<'_>, is_first: bool) -> Flow {
        let start = self.server.observer.begin(self.row, args);
        let flow = self.execute(args);
        // What sleeps has ended, though its reply is still to come.
        let has_ended = matches!(flow, Flow::Done) || self.server.observer.slept > 0;
        observe::end(self, args, start, is_first, has_ended);
        flow
    }

    #[inline(always)]
    fn execute(&mut self, args: Args<'_>) -> Flow {
        let mark = self.reply.mark();
        let dirty = self.store.dirty;
        let db = self.store.db;
        if self.store.effects.enabled {
            self.store.effects.reset_command();
        }
        self.server.stats.errors_seen = self.server.stats.error_replies;
        let result = (self.row.handler)(self, args);
        if self.store.effects.enabled && self.store.dirty != dirty {
            self.record(db, args);
        }
        if self.reply.is_cut() {
            return self.give_up_reply(mark, self.store.dirty != dirty);
        }
        match result {
            Ok(Flow::Done) => {
                self.server.stats.commands += 1;
                let reply_bytes = self.reply.mark() - mark;
                if self.server.observer.is_large(args, reply_bytes) {
                    observe::note_large(self.server, self.conn, self.parent, self.row, args, reply_bytes);
                }
                self.server.observer.statistics.of(self.row).calls += 1;
                if self.server.stats.errors_seen != self.server.stats.error_replies {
                    self.note_failure();
                }
                Flow::Done
            }
            // It counts once its wait has ended.
            Ok(flow) => flow,
            Err(error) => self.fail(mark, &error),
        }
    }

    #[inline(never)]
    fn record(&mut self, db: usize, args: Args<'_>) {
        self.store.effects.append(db, args.iter());
        self.server.note_effects(self.store, self.conn);
    }

    /// An error that is not the command's reply, but a part of it or someone else's, makes it count as failed as well,
    /// unless it is that of a command within.
    #[cold]
    fn note_failure(&mut self) {
        self.server.stats.errors_seen = self.server.stats.error_replies;
        self.server.observer.statistics.of(self.row).failed += 1;
    }

    #[cold]
    fn fail(&mut self, mark: usize, error: &Error) -> Flow {
        self.server.stats.commands += 1;
        self.reply.truncate(mark);
        self.reply.error(error);
        self.server.note_error(error);
        self.server.stats.errors_seen = self.server.stats.error_replies;
        let counts = self.server.observer.statistics.of(self.row);
        counts.calls += 1;
        counts.failed += 1;
        Flow::Done
    }

    /// There is no memory for the reply. What was changed cannot be undone, and no reply may say that it was not
    /// done: then the connection ends, as it would have by a broken network.
    #[cold]
    fn give_up_reply(&mut self, mark: usize, has_changed: bool) -> Flow {
        self.server.stats.commands += 1;
        self.reply.discard(mark);
        self.server.note_error(&Error::OutOfMemory);
        if has_changed {
            self.server.close(self.conn);
        } else {
            self.reply.error(&Error::OutOfMemory);
        }
        Flow::Done
    }
}
