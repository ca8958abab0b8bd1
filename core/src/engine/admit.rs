//! What happens to a request before its handler: it is checked, then refused, queued or run.
//!
//! All checks stand here: those of a client's request, those of a command that a script calls, and what is looked at
//! again once a request has waited or stood in a transaction.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::acl::{self, AclContext, Denied};
use crate::base::error::{Error, until_zero};
use crate::base::memory::Purpose;
use crate::command::context::{Flow, unknown_subcommand};
use crate::command::{self, Command, Flags, ResolvedCommand, accepts};
use crate::commands::{debug, transactions};
use crate::engine::invoke::{Invocation, Origin, invoke_inlined};
use crate::keyspace::Store;
use crate::resp::args::Args;
use crate::resp::{Protocol, Reply};
use crate::scripting;
use crate::server::blocking::Block;
use crate::server::connection::{ConnId, OwnedRequest, Queued, Restrictions};
use crate::server::eviction::{self, Room};
use crate::server::tracking;
use crate::server::{GlobalState, Server};
use crate::server::{pause, persistence};

/// The command that stands in place of a request for which there was no memory. Whoever sends it is refused as well.
pub(crate) const REFUSED_NAME: &[u8] = b"\0refused";

/// A request of so many arguments may need as many temporaries without asking.
pub(crate) const ARGUMENTS_GRANTED: usize = 1024;

/// What became of a request.
pub(crate) enum Dispatched {
    /// There is a reply, or an entry in a queue.
    Done,
    /// It waits for a key.
    Waits(&'static Command, Box<Block>),
    /// Nothing has happened: it is to be sent again when CLIENT PAUSE is over.
    Postponed,
}

/// Checks a request, then queues, refuses or runs it; a wait is left to the caller.
#[inline]
pub(crate) fn dispatch(
    store: &mut Store,
    server: &mut Server,
    out: &mut Vec<u8>,
    conn: ConnId,
    protocol: Protocol,
    args: Args<'_>,
    row: Option<ResolvedCommand>,
) -> Dispatched {
    let mut reply = Reply::new(out, protocol).within(server.memory);
    let (parent, row) = match admit(store, server, conn, args, row) {
        Ok(found) => found,
        Err(error) => {
            if row.is_none() && is_http(args) {
                server.close(conn);
                return Dispatched::Done;
            }
            let refused = refused_row(args, row);
            if let Some((_, row)) = refused {
                server.observer.statistics.of(row).rejected += 1;
            }
            let error = if row.is_some_and(|found| is_exec(found.row)) {
                transactions::abort(store, server.connection(conn), conn, &error)
            } else {
                if let Some(transaction) = &mut server.connection(conn).transaction {
                    transaction.is_broken = true;
                }
                error
            };
            server.note_error(&error);
            reply.error(&error);
            note_refused(server, conn, refused);
            return Dispatched::Done;
        }
    };
    if !server.global_state.is_usual() && is_postponed(store, server, conn, row, args) {
        return Dispatched::Postponed;
    }
    let connection = server.connection(conn);
    connection.last_command = Some((parent, row));
    let restrictions = connection.restrictions;
    if connection.transaction.is_some() && !row.flags.has(Flags::IMMEDIATE) {
        queue(server, conn, parent, row, args, &mut reply);
        return Dispatched::Done;
    }
    let invocation = Invocation { conn, row, parent, args, origin: Origin::Client };
    let flow = invoke_inlined(store, server, reply.reborrow(), &invocation);
    if restrictions.has(Restrictions::TRACKING) {
        tracking::advance(server, conn, parent);
    }
    match flow {
        Flow::Done => Dispatched::Done,
        // The request is kept, and each of its keys gets a queue.
        Flow::Block(_) if server.memory.take_for(Purpose::Control, 2 * args.memory_bytes()).is_err() => {
            reply.error(&Error::OutOfMemory);
            Dispatched::Done
        }
        Flow::Block(block) => Dispatched::Waits(row, block),
    }
}

/// A command, behind its container if it has one.
pub(crate) type Row = (Option<&'static Command>, &'static Command);

/// The command of a request that is refused; one that does not exist is nowhere to be counted.
#[cold]
fn refused_row(args: Args<'_>, row: Option<ResolvedCommand>) -> Option<Row> {
    Some(resolve(row?, args)?.0)
}

/// The command of a request, a subcommand where one is named, and whether the number of arguments fits; `None` if there
/// is no such subcommand.
#[inline(always)]
pub(crate) fn resolve(found: ResolvedCommand, args: Args<'_>) -> Option<(Row, bool)> {
    match args.get(1).filter(|_| found.has_subcommands()) {
        Some(name) => {
            let row = found.row.subcommand(name)?;
            Some(((Some(found.row), row), accepts(row.arity(2), args.len())))
        }
        None => Some(((None, found.row), found.accepts(args.len()))),
    }
}

/// A refused request counts as the last one too, if there is such a command.
#[cold]
fn note_refused(server: &mut Server, conn: ConnId, command: Option<Row>) {
    server.connection(conn).last_command = command;
    tracking::advance(server, conn, command.and_then(|(parent, _)| parent));
}

/// Whether a request waits for the end of CLIENT PAUSE, asked while the global state is not as usual.
#[cold]
fn is_postponed(
    store: &mut Store,
    server: &mut Server,
    conn: ConnId,
    row: &'static Command,
    args: Args<'_>,
) -> bool {
    if server.global_state.has(GlobalState::TRACKING) {
        tracking::keep_limit(server);
    }
    server.global_state.has(GlobalState::PAUSED) && pause::holds(store, server, conn, row, args)
}

/// The checks of connections that may not do everything: whether they are logged in, and what their user may do.
#[cold]
fn admit_restricted(
    server: &mut Server,
    conn: ConnId,
    parent: Option<&'static Command>,
    row: &'static Command,
    args: Args<'_>,
) -> Result<(), Error> {
    let connection = server.connection(conn);
    let restrictions = connection.restrictions;
    if restrictions.has(Restrictions::NOT_LOGGED_IN) && !row.flags.has(Flags::NO_AUTH) {
        return Err(Error::NoAuth);
    }
    if connection.transaction.is_some() && row.flags.has(Flags::NO_MULTI) {
        // This comes before what a user may do, and is found again by the caller.
        return Ok(());
    }
    if restrictions.has(Restrictions::LIMITED_USER) {
        connection.last_command = Some((parent, row));
        let context = acl::context(server, conn);
        let admitted = acl::admit(server, conn, row, args, context);
        return admitted.map_err(|denied| denied.error(server, conn, row));
    }
    Ok(())
}

/// The checks of what goes on besides: whether files are being loaded, or a script runs.
#[cold]
fn admit_now(server: &mut Server, row: &'static Command) -> Result<(), Error> {
    if let Some(error) = persistence::loading_refusal(server, row) {
        return Err(error);
    }
    if server.global_state.has(GlobalState::BUSY) && !row.flags.has(Flags::ALLOW_BUSY) {
        return Err(scripting::busy(server));
    }
    Ok(())
}

/// The checks before a command runs, in Redis's order.
#[inline]
fn admit(
    store: &mut Store,
    server: &mut Server,
    conn: ConnId,
    args: Args<'_>,
    row: Option<ResolvedCommand>,
) -> Result<Row, Error> {
    let Some(found) = row else {
        server.stop_loading("a command that is not known", args.at(0));
        return Err(unknown_command(args));
    };
    let Some(((parent, row), fits)) = resolve(found, args) else {
        server.stop_loading("a subcommand that is not known", args.at(1));
        return Err(unknown_subcommand(found.row.name, args.at(1)));
    };
    if !fits {
        return Err(Error::Arity(crate::command::full_name(parent, row)));
    }
    if !server.connection(conn).restrictions.is_none() {
        admit_restricted(server, conn, parent, row, args)?;
    }
    let connection = server.connection(conn);
    if connection.transaction.is_some() && row.flags.has(Flags::NO_MULTI) {
        return Err(Error::Text("ERR Command not allowed inside a transaction"));
    }
    // A queue takes memory whatever stands in it, and EXEC takes what its requests take.
    let transaction = connection.transaction.as_ref();
    let is_queued = transaction.is_some() && !row.flags.has(Flags::IMMEDIATE);
    let runs_what_is_limited =
        is_exec(row) && transaction.is_some_and(|transaction| transaction.takes_memory);
    let is_limited = row.flags.has(Flags::DENYOOM) || runs_what_is_limited;
    let is_subscribed_only = connection.is_subscribed_only();
    // Room is made before any command, also for one that takes none.
    if server.is_out_of_memory()
        && eviction::make_room(store, server) == Room::None
        && (is_limited || scripting::is_limited(server, row, args))
    {
        return Err(server.over_limit());
    }
    if !takes(store, server, (parent, row), args, is_limited || is_queued) {
        return Err(Error::OutOfMemory);
    }
    if server.global_state.has(GlobalState::WRITES_DENIED)
        && let Some(error) = persistence::refusal(server, row, queues_writes(server, conn, row))
    {
        return Err(error);
    }
    if is_subscribed_only && !row.flags.has(Flags::SUBSCRIBED) {
        return Err(Error::Owned(alloc::format!(
            "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in \
             this context",
            crate::command::full_name(parent, row)
        )));
    }
    if server.connection(conn).restrictions.has(Restrictions::MONITOR)
        && (reaches_keys(row) || queues_keys(server, conn, row))
    {
        return Err(Error::Text("ERR Replica can't interact with the keyspace"));
    }
    if !server.global_state.is_usual() {
        admit_now(server, row)?;
    }
    Ok((parent, row))
}

/// Checks once more what can have changed since a request was let through some time ago: memory that others have taken,
/// and what its user may do.
#[inline]
pub(super) fn again(
    store: &mut Store,
    server: &mut Server,
    restrictions: Restrictions,
    invocation: &Invocation<'_>,
) -> Result<(), Error> {
    let Invocation { conn, row, parent, args, origin } = *invocation;
    if !takes_within(store, server, parent, row, args) {
        server.note_error(&Error::OutOfMemory);
        return Err(Error::OutOfMemory);
    }
    if !restrictions.has(Restrictions::LIMITED_USER) {
        return Ok(());
    }
    if origin == Origin::Transaction {
        return acl::admit(server, conn, row, args, AclContext::Multi).map_err(|denied| {
            let error = Denied::exec_error(denied);
            server.note_error(&error);
            error
        });
    }
    acl::admit(server, conn, row, args, AclContext::TopLevel).map_err(|denied| {
        let error = denied.error(server, conn, row);
        server.note_error(&error);
        server.observer.statistics.of(row).rejected += 1;
        error
    })
}

/// What the checks of a script's commands depend on.
pub(crate) struct ScriptRights {
    /// The connection that runs the script.
    pub(crate) conn: ConnId,
    /// Whether the script must not write.
    pub(crate) is_read_only: bool,
    /// Whether it has written; then nothing stops it halfway.
    pub(crate) has_written: bool,
    /// Whether commands that may take memory are refused: the limit was passed when the script began, it did not ask
    /// to be let through, and it has not written. Once it has, no limit that can be passed stops it halfway.
    pub(crate) is_over_limit: bool,
}

/// The checks before a command of a script runs, in Redis's order; an error comes with the command that was refused,
/// if there is such a command.
pub(crate) fn admit_from_script(
    store: &mut Store,
    server: &mut Server,
    rights: &ScriptRights,
    args: Args<'_>,
) -> Result<Row, (Error, Option<&'static Command>)> {
    let unknown = || (Error::Text("ERR Unknown Redis command called from script"), None);
    let found = server.lookup.resolve(args.at(0)).ok_or_else(unknown)?;
    let ((parent, row), fits) = resolve(found, args).ok_or_else(unknown)?;
    let refused = |error| (error, Some(row));
    if !fits {
        return Err(refused(Error::Text("ERR Wrong number of args calling Redis command from script")));
    }
    if row.flags.has(Flags::NOSCRIPT) && !(server.scripts_may_debug && row.name == "DEBUG") {
        return Err(refused(Error::Text("ERR This Redis command is not allowed from script")));
    }
    if server.connection(rights.conn).restrictions.has(Restrictions::LIMITED_USER)
        && let Err(denied) = acl::admit(server, rights.conn, row, args, AclContext::Lua)
    {
        return Err(refused(denied.script_error(server, rights.conn, row)));
    }
    if rights.is_read_only && pause::changes(row) {
        return Err(refused(Error::Text("ERR Write commands are not allowed from read-only scripts.")));
    }
    if !rights.has_written
        && server.global_state.has(GlobalState::WRITES_DENIED)
        && pause::changes(row)
        && let Some(error) = persistence::fault(server)
    {
        return Err(refused(error));
    }
    if rights.is_over_limit && row.flags.has(Flags::DENYOOM) {
        return Err(refused(server.over_limit()));
    }
    if !takes_within(store, server, parent, row, args) {
        return Err(refused(Error::OutOfMemory));
    }
    Ok((parent, row))
}

/// Sets memory aside for what a request keeps, and for what grows with its length; `false` if there is none.
#[inline]
fn takes(
    store: &mut Store,
    server: &mut Server,
    (parent, row): Row,
    args: Args<'_>,
    is_limited: bool,
) -> bool {
    if is_limited {
        return takes_for(store, server, Some(Purpose::Data), row, args);
    }
    takes_at_once(server, row, args) || takes_for(store, server, purpose(parent, row, args), row, args)
}

fn takes_for(
    store: &mut Store,
    server: &mut Server,
    purpose: Option<Purpose>,
    row: &'static Command,
    args: Args<'_>,
) -> bool {
    purpose.is_none_or(|purpose| eviction::take(store, server, purpose, args.memory_bytes()))
        && (!server.records(row) || eviction::take(store, server, Purpose::Temporary, args.memory_bytes()))
}

/// The same for a request within a transaction or a script, or of a client that has waited: keys must not go while they
/// are at work.
#[inline]
fn takes_within(
    store: &mut Store,
    server: &mut Server,
    parent: Option<&'static Command>,
    row: &'static Command,
    args: Args<'_>,
) -> bool {
    takes_at_once(server, row, args)
        || (purpose(parent, row, args)
            .is_none_or(|purpose| eviction::take_within(store, server, purpose, args.memory_bytes()))
            && (!server.records(row)
                || eviction::take_within(store, server, Purpose::Temporary, args.memory_bytes())))
}

/// The same where there is plenty: what may be taken for data may be taken for any purpose, so that nobody need ask for
/// which.
#[inline]
fn takes_at_once(server: &mut Server, row: &'static Command, args: Args<'_>) -> bool {
    if row.flags.has(Flags::READONLY) && !row.flags.has(Flags::DENYOOM) && args.len() <= ARGUMENTS_GRANTED {
        return true;
    }
    let times = if server.records(row) { 2 } else { 1 };
    server.memory.take(times * args.memory_bytes()).is_ok()
}

/// See [`command::purpose`]; many arguments may need temporaries, whatever the command does with them.
#[cold]
fn purpose(parent: Option<&Command>, row: &Command, args: Args<'_>) -> Option<Purpose> {
    command::purpose(parent, row).or((args.len() > ARGUMENTS_GRANTED).then_some(Purpose::Temporary))
}

/// Whether a command is one that a client in MONITOR may not send.
fn reaches_keys(row: &Command) -> bool {
    [Flags::READONLY, Flags::WRITE].iter().any(|&flag| row.flags.has(flag))
        || matches!(row.name, "PUBLISH" | "SPUBLISH" | "EVAL" | "EVALSHA" | "FCALL")
}

/// Whether the command is an EXEC of such commands.
fn queues_keys(server: &Server, conn: ConnId, row: &Command) -> bool {
    queues(server, conn, row, reaches_keys)
}

/// Whether the command is an EXEC of commands that write.
fn queues_writes(server: &Server, conn: ConnId, row: &Command) -> bool {
    queues(server, conn, row, |queued| queued.flags.has(Flags::WRITE))
}

fn queues(server: &Server, conn: ConnId, row: &Command, is_such: impl Fn(&Command) -> bool) -> bool {
    let transaction = server.view(conn).transaction.as_ref();
    is_exec(row)
        && transaction.is_some_and(|transaction| transaction.queue.iter().any(|queued| is_such(queued.row)))
}

fn is_exec(row: &Command) -> bool {
    row.flags.has(Flags::IMMEDIATE) && row.name == "EXEC"
}

/// Whether a web page makes a browser talk to us, which cannot be let to the lines that are commands: the first is a
/// `POST`, and any request has a `Host:`. As in Redis, that is the end of the connection.
#[cold]
fn is_http(args: Args<'_>) -> bool {
    let name = args.at(0);
    name.eq_ignore_ascii_case(b"post") || name.eq_ignore_ascii_case(b"host:")
}

#[cold]
fn unknown_command(args: Args<'_>) -> Error {
    if args.at(0) == REFUSED_NAME {
        return Error::OutOfMemory;
    }
    let mut shown = Vec::new();
    for arg in args.from(1).iter() {
        // Redis stops once 128 bytes of arguments are shown.
        if shown.len() >= 128 {
            break;
        }
        let room = 128 - shown.len();
        shown.push(b'\'');
        shown.extend_from_slice(until_zero(arg, room));
        shown.extend_from_slice(b"' ");
    }
    let name = until_zero(args.at(0), 128);
    Error::Quoting([b"ERR unknown command '", name, b"', with args beginning with: ", &shown].concat())
}

fn queue(
    server: &mut Server,
    conn: ConnId,
    parent: Option<&'static Command>,
    row: &'static Command,
    args: Args<'_>,
    reply: &mut Reply<'_>,
) {
    if let Some(error) = debug::refusal(server, conn, parent, row) {
        server.note_error(&error);
        reply.error(&error);
        if let Some(transaction) = &mut server.connection(conn).transaction {
            transaction.is_broken = true;
        }
        return;
    }
    let limit = server.config.input_bytes_max();
    let memory = server.memory;
    let is_limited = row.flags.has(Flags::DENYOOM) || scripting::is_limited(server, row, args);
    let connection = server.connection(conn);
    let is_dirty = connection.is_dirty;
    let Some(transaction) = &mut connection.transaction else { return };
    // A transaction that will not run need not keep its requests.
    if transaction.is_broken || is_dirty {
        reply.simple("QUEUED");
        return;
    }
    if !memory.reserve_for(Purpose::Data, &mut transaction.queue, 1) {
        transaction.is_broken = true;
        reply.error(&Error::OutOfMemory);
        return;
    }
    let request = OwnedRequest::new(args);
    transaction.bytes += request.memory_bytes() + size_of::<Queued>();
    transaction.takes_memory |= is_limited;
    transaction.queue.push(Queued { row, parent, request });
    if transaction.bytes > limit {
        server.close(conn);
    } else {
        reply.simple("QUEUED");
    }
}
