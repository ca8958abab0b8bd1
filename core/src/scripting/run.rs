//! A run of a script, from its beginning to its reply. It may pause in between.
//!
//! A script that ends within [`SLICE_INSTRUCTIONS`] is like any other command. A longer one pauses, so that the host
//! gets its turn: its connection waits as if it were blocked, and nothing else runs but `handle_timeout`, which gives
//! it slice after slice. Other clients' requests are kept, until the script has run for `busy-reply-threshold`
//! milliseconds; from then on they are answered with BUSY, and the script can be killed if it has not written yet.

use alloc::boxed::Box;
use alloc::vec::Vec;

use sanderling_lua::{Run as End, View, Vm};

use super::host::{LINE_BYTES_MAX, ScriptHost, Words};
use super::machine;
use super::value::{self, Rules, trimmed};
use crate::base::error::{Error, until_zero};
use crate::command::Command;
use crate::command::context::{Context, Flow};
use crate::keyspace::effects::ScriptEffects;
use crate::keyspace::{Ready, Store};
use crate::number::{hexadecimal, write_u64};
use crate::observe;
use crate::resp::{Protocol, Reply};
use crate::server::blocking::{self, Block, TimeoutReply};
use crate::server::connection::ConnId;
use crate::server::{GlobalState, Server};

/// After so many instructions, some ten milliseconds, a script pauses.
const SLICE_INSTRUCTIONS: u64 = 2_000_000;

/// What runs.
pub(super) enum What {
    /// The script with this digest.
    Script([u8; 20]),
    /// The function of this name.
    Function(Vec<u8>),
}

impl What {
    /// The digest or name as errors show it.
    fn name(&self) -> Vec<u8> {
        match self {
            What::Script(digest) => hexadecimal(digest).into_bytes(),
            What::Function(name) => name.clone(),
        }
    }

    fn is_function(&self) -> bool {
        matches!(self, What::Function(_))
    }
}

/// A run under way.
pub(super) struct Run {
    /// Whose request it is.
    pub(super) conn: ConnId,
    /// What runs.
    pub(super) what: What,
    /// Commands that write are refused.
    pub(super) is_read_only: bool,
    /// Commands that take memory are not refused because of `maxmemory`.
    pub(super) allows_oom: bool,
    /// Whether memory was over its limit when it began.
    pub(super) is_over_limit: bool,
    /// Whether it has called a command that writes.
    pub(super) has_written: bool,
    /// What `redis.setresp` has chosen.
    pub(super) protocol: Protocol,
    /// Buffers for its commands.
    pub(super) words: Words,
    pub(super) out: Vec<u8>,
    /// The database of its connection, which SELECT in it does not change.
    db: usize,
    /// Whether its effects belong to no EXEC.
    owns_effects: bool,
    /// When it began, in unix microseconds; and the time that it sees, in milliseconds.
    started: u64,
    now: u64,
    /// What TIME tells, in unix microseconds.
    clock: u64,
    /// How often it has asked for the time.
    ticks: u32,
}

/// A run that waits for its next slice.
pub(crate) struct Paused {
    run: Run,
    vm: Box<Vm>,
    row: &'static Command,
    /// Keys that others wait for and that it has made.
    ready: Ready,
    /// What it has written.
    effects: ScriptEffects,
    /// The time for everyone else, in unix microseconds.
    outside: u64,
    /// Whether others are told that it is busy.
    is_busy: bool,
    is_killed: bool,
}

impl Run {
    /// A run for the request of `ctx`, by a command that only reads or one that may write.
    pub(super) fn new(ctx: &mut Context<'_>, what: What) -> Run {
        let db = ctx.session().db;
        Run {
            conn: ctx.conn,
            what,
            is_read_only: false,
            allows_oom: false,
            is_over_limit: false,
            has_written: false,
            protocol: Protocol::Resp2,
            words: Words::default(),
            out: Vec::new(),
            db,
            owns_effects: false,
            started: ctx.server.steady,
            now: ctx.store.now,
            clock: ctx.server.now,
            ticks: 0,
        }
    }

    /// Seconds for `os.clock`.
    pub(super) fn tick(&mut self) -> f64 {
        self.ticks = self.ticks.saturating_add(1);
        f64::from(self.ticks) / 1_000_000.0
    }

    fn begin(&mut self, store: &mut Store, server: &mut Server) {
        self.owns_effects = store.effects.begin_script();
        server.observer.in_script = true;
        core::mem::swap(&mut self.words, &mut server.scripting.words);
        core::mem::swap(&mut self.out, &mut server.scripting.out);
    }

    fn end(&mut self, store: &mut Store, server: &mut Server) {
        if self.owns_effects {
            store.effects.end_transaction();
            server.note_effects(store, self.conn);
        }
        // Its commands stand for themselves.
        store.effects.reset_command();
        store.effects.suppress();
        server.observer.in_script = false;
        core::mem::swap(&mut self.words, &mut server.scripting.words);
        core::mem::swap(&mut self.out, &mut server.scripting.out);
        server.connection(self.conn).db = self.db;
        store.db = self.db;
    }
}

/// Runs what was started in a machine, which then returns to its place, and writes its reply.
pub(super) fn run(ctx: &mut Context<'_>, mut vm: Box<Vm>, mut run: Run) -> Result<Flow, Error> {
    let Context { store, server, .. } = ctx;
    run.begin(store, server);
    let mut end = step(store, server, &mut run, &mut vm);
    while end == End::Paused && !ctx.may_block {
        // The other requests of a transaction follow at once.
        end = step(ctx.store, ctx.server, &mut run, &mut vm);
    }
    if end == End::Paused {
        pause(ctx, run, vm);
        return Ok(Flow::wait(Block::until(None, TimeoutReply::Null)));
    }
    run.end(ctx.store, ctx.server);
    let error = write_reply(&mut ctx.reply, ctx.server, ctx.row, &vm, &run, end);
    put_back(ctx.server, run.what.is_function(), vm);
    match error {
        None => Ok(Flow::Done),
        Some(error) => Err(error),
    }
}

/// Runs a slice.
fn step(store: &mut Store, server: &mut Server, run: &mut Run, vm: &mut Vm) -> End {
    machine::limit(vm, &server.config, &server.memory);
    vm.set_random_state(server.scripting.random);
    let end = vm.run(&mut ScriptHost { store, server, run }, SLICE_INSTRUCTIONS);
    server.scripting.random = vm.random_state();
    end
}

/// Puts a machine back to where the next script finds it.
fn put_back(server: &mut Server, is_function: bool, mut vm: Box<Vm>) {
    vm.release(0);
    if is_function {
        return server.scripting.libraries.put_machine(vm);
    }
    server.scripting.scripts.put_machine(vm);
}

/// Lets everything else wait until the run goes on.
#[cold]
fn pause(ctx: &mut Context<'_>, run: Run, vm: Box<Vm>) {
    let row = ctx.row;
    let Context { store, server, .. } = ctx;
    let mut paused = Box::new(Paused {
        run,
        vm,
        row,
        ready: Ready::default(),
        effects: ScriptEffects::default(),
        outside: server.now,
        is_busy: false,
        is_killed: false,
    });
    paused.leave(store, server);
    server.asleep_until = u64::MAX;
    server.scripting.paused = Some(paused);
}

impl Paused {
    /// Puts aside what no other client must see yet.
    fn leave(&mut self, store: &mut Store, server: &mut Server) {
        self.ready = core::mem::take(&mut store.ready);
        self.effects = store.effects.hold_script();
        server.now = self.outside;
        store.is_still = true;
        server.observer.in_script = false;
    }

    /// Takes it up again.
    fn enter(&mut self, store: &mut Store, server: &mut Server) {
        store.ready = core::mem::take(&mut self.ready);
        store.effects.resume_script(core::mem::take(&mut self.effects));
        store.is_still = server.global_state.has(GlobalState::PAUSED);
        store.now = self.run.now;
        self.outside = core::mem::replace(&mut server.now, self.run.clock);
        server.observer.in_script = true;
    }
}

/// Gives a paused run its next slice; `false` if it pauses again.
pub(crate) fn go_on(store: &mut Store, server: &mut Server) -> bool {
    let Some(mut paused) = server.scripting.paused.take() else { return true };
    paused.enter(store, server);
    let end = if paused.is_killed {
        paused.vm.stop();
        None
    } else {
        Some(step(store, server, &mut paused.run, &mut paused.vm))
    };
    if end == Some(End::Paused) {
        let micros = server.config.busy_reply_millis.saturating_mul(1000);
        paused.leave(store, server);
        if !paused.is_busy && server.steady.saturating_sub(paused.run.started) >= micros {
            paused.is_busy = true;
            server.global_state.set(GlobalState::BUSY, true);
            server.scripting.paused = Some(paused);
            // The clients that wait are told.
            server.wake_up();
        } else {
            server.scripting.paused = Some(paused);
        }
        return false;
    }
    finish(store, server, *paused, end);
    true
}

/// Ends a run that has paused: with its reply, or as one that was killed.
fn finish(store: &mut Store, server: &mut Server, mut paused: Paused, end: Option<End>) {
    let Paused { run, vm, row, outside, .. } = &mut paused;
    run.end(store, server);
    server.now = *outside;
    server.global_state.set(GlobalState::BUSY, false);
    let conn = run.conn;
    let protocol = server.connection(conn).protocol;
    let errors_before = server.stats.error_replies;
    let mut out = Vec::new();
    let mut reply = Reply::new(&mut out, protocol).within(server.memory);
    let mut error = match end {
        Some(end) => write_reply(&mut reply, server, row, vm, run, end),
        None => Some(located(vm, run, b"ERR Script killed by user with SCRIPT KILL...".to_vec())),
    };
    if reply.is_cut() {
        reply.discard(0);
        error = Some(Error::OutOfMemory);
    }
    let has_errors = server.stats.error_replies != errors_before;
    server.stats.commands += 1;
    let counts = server.observer.statistics.of(row);
    counts.calls += 1;
    counts.failed += u64::from(error.is_some() || has_errors);
    if let Some(error) = &error {
        reply.truncate(0);
        reply.error(error);
        server.note_error(error);
    }
    let blocked = server.connection(conn).blocked.take();
    if let Some(blocked) = &blocked {
        // By the time that the host tells, since the embedder's clock may stand between two slices.
        let micros = server.steady.saturating_sub(run.started);
        observe::note_time(server, conn, None, row, blocked.request.args(), micros);
    }
    server.connection(conn).blocked = blocked;
    blocking::end_wait(store, server, conn, blocking::End::Reply(&out));
    put_back(server, paused.run.what.is_function(), paused.vm);
    server.wake_up();
}

/// A connection goes while its script is paused. What has not written yet is ended, anything else runs to its end:
/// half of what it does must not stay.
#[cold]
pub(crate) fn abandon(store: &mut Store, server: &mut Server, conn: ConnId) {
    let Some(paused) = server.scripting.paused.as_mut().filter(|paused| paused.run.conn == conn) else {
        return;
    };
    paused.is_killed |= !paused.run.has_written;
    while !go_on(store, server) {}
}

/// What is wanted of `SCRIPT KILL` and `FUNCTION KILL`.
pub(super) fn kill(server: &mut Server, is_function: bool) -> Result<(), Error> {
    let Some(paused) = &mut server.scripting.paused else {
        return Err(Error::Text("NOTBUSY No scripts in execution right now."));
    };
    if paused.run.has_written {
        return Err(Error::Text(
            "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait \
             the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.",
        ));
    }
    if paused.run.what.is_function() != is_function {
        return Err(busy(server));
    }
    paused.is_killed = true;
    Ok(())
}

/// What only tells of functions is refused while a script is busy.
pub(super) fn refuse_for_scripts(server: &Server) -> Result<(), Error> {
    match &server.scripting.paused {
        Some(paused) if !paused.run.what.is_function() => Err(busy(server)),
        _ => Ok(()),
    }
}

/// Describes the run that is paused, if there is one.
pub(super) fn write_running(server: &Server, reply: &mut Reply<'_>) {
    let Some(paused) = &server.scripting.paused else { return reply.null() };
    reply.map(3);
    reply.text("name");
    reply.bulk(&paused.run.what.name());
    reply.text("command");
    match &server.view(paused.run.conn).blocked {
        Some(blocked) => {
            let words = blocked.request.args();
            reply.array(words.len());
            words.iter().for_each(|word| reply.bulk(word));
        }
        None => reply.array(0),
    }
    reply.text("duration_ms");
    reply.int((server.steady.saturating_sub(paused.run.started) / 1000) as i64);
}

/// What other clients are told.
#[cold]
pub(crate) fn busy(server: &Server) -> Error {
    let is_function = server.scripting.paused.as_ref().is_some_and(|paused| paused.run.what.is_function());
    Error::Text(if is_function {
        "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."
    } else {
        "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
    })
}

/// Writes what a run ended with, or gives the error that it is.
fn write_reply(
    reply: &mut Reply<'_>,
    server: &mut Server,
    row: &'static Command,
    vm: &Vm,
    run: &Run,
    end: End,
) -> Option<Error> {
    match end {
        End::Failed => {
            let (error, is_counted) = failure(vm, run);
            if !is_counted {
                return Some(error);
            }
            // The command that the script has called is among the errors already; the script has failed as well.
            server.observer.statistics.of(row).failed += 1;
            reply.error(&error);
            return None;
        }
        End::OutOfInstructions => {
            let text = b"ERR Script has reached the limit of script-instructions-max";
            return Some(located(vm, run, text.to_vec()));
        }
        End::OutOfMemory => {
            let text = b"ERR Script has reached the limit of script-memory-max, or there is no memory left";
            return Some(located(vm, run, text.to_vec()));
        }
        End::Done | End::Paused => {}
    }
    let rules = Rules { script_protocol: run.protocol, bytes_max: server.config.value_bytes_max() };
    let mut errors = value::Errors::default();
    let mark = reply.mark();
    if !value::write(reply, vm.view_result(0), &rules, &mut errors) {
        reply.truncate(mark);
        return Some(Error::Text("ERR Script's reply is longer than proto-max-bulk-len"));
    }
    for error in &errors.new {
        server.note_error(error);
    }
    server.observer.statistics.of(row).failed += errors.counted;
    None
}

/// The error of a run, and whether it was counted already.
fn failure(vm: &Vm, run: &Run) -> (Error, bool) {
    let mut text = Vec::new();
    let mut is_counted = false;
    match vm.view_failure() {
        View::Table(table) => {
            is_counted = matches!(table.field("ignore_error_stats_update"), View::Bool(true));
            match table.field("err") {
                View::String(error) => text.extend_from_slice(trimmed(until_zero(error, LINE_BYTES_MAX))),
                _ => text.extend_from_slice(b"ERR unknown error"),
            }
        }
        View::String(error) => {
            text.extend_from_slice(b"ERR ");
            text.extend_from_slice(until_zero(error, LINE_BYTES_MAX));
        }
        View::Nil => text.extend_from_slice(b"ERR nil"),
        View::Bool(value) => text.extend_from_slice(if value { b"ERR true" } else { b"ERR false" }),
        View::Number(_) | View::Other => text.extend_from_slice(b"ERR unknown error"),
    }
    (located(vm, run, text), is_counted)
}

/// An error with the place where the run has ended.
fn located(vm: &Vm, run: &Run, mut text: Vec<u8>) -> Error {
    if let Some((source, line)) = vm.failure_position() {
        text.extend_from_slice(b" script: ");
        text.extend_from_slice(&run.what.name());
        text.extend_from_slice(b", on ");
        text.extend_from_slice(until_zero(source, usize::MAX));
        text.push(b':');
        write_u64(&mut text, u64::from(line));
        text.push(b'.');
    }
    Error::Quoting(text)
}
