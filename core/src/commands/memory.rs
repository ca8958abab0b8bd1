//! MEMORY: what keys and the server take.

use alloc::format;
use alloc::string::String;

use crate::base::error::Error;
use crate::command::context::{Context, Flow, help};
use crate::command::{Command, Group, KeySpec, access, flags, integer, key};
use crate::keyspace::{Entry, ValueRef};
use crate::resp::args::Args;
use crate::server::Server;
use crate::server::client_eviction;

/// What a key's slot in the table takes: a pointer and a control byte, at the usual fill.
const SLOT_BYTES: usize = (size_of::<usize>() + 1) * 5 / 4;

fn usage(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let mut cursor = args.cursor(3);
    while !cursor.is_done() {
        // Collections know what they take, so that nothing need be sampled.
        if !cursor.accept_with("SAMPLES", 1) || cursor.int()? < 0 {
            return Err(Error::Syntax);
        }
    }
    match ctx.store.peek(args.at(2)).map(bytes_of) {
        Some(bytes) => ctx.reply.count(bytes),
        None => ctx.reply.null(),
    }
    Ok(Flow::Done)
}

/// Bytes that a key takes with its value.
fn bytes_of(entry: &Entry) -> usize {
    let value = match entry.value() {
        ValueRef::Int(_) | ValueRef::Bytes(_) => 0,
        ValueRef::List(list) => size_of_val(list) + list.memory_bytes(),
        ValueRef::Hash(hash) => size_of_val(hash) + hash.memory_bytes(),
        ValueRef::Set(set) => size_of_val(set) + set.memory_bytes(),
        ValueRef::Zset(zset) => size_of_val(zset) + zset.memory_bytes(),
        ValueRef::Stream(stream) => size_of_val(stream) + stream.memory_bytes(),
    };
    SLOT_BYTES + entry.memory_bytes() + value
}

/// What the parts of the server take, in bytes.
pub(super) struct Parts {
    /// All that the allocator has given out.
    pub(super) used: usize,
    /// What the engine took when it began.
    pub(super) startup: usize,
    /// The most that was seen so far.
    pub(super) peak: usize,
    /// Connections with what they have sent and queued.
    pub(super) clients: usize,
    /// What is no data: the three before, and the tables of keys.
    pub(super) overhead: usize,
    /// The rest.
    pub(super) dataset: usize,
}

impl Parts {
    pub(super) fn of(ctx: &Context<'_>) -> Parts {
        let used = (ctx.server.memory_used)();
        let startup = ctx.server.memory_at_start.min(used);
        let clients = clients_bytes(ctx.server);
        let overhead = (startup + clients + ctx.store.table_bytes()).min(used);
        let peak = ctx.server.memory_peak.max(used);
        Parts { used, startup, peak, clients, overhead, dataset: used - overhead }
    }

    /// How much of what was taken since the beginning is data, in percent.
    pub(super) fn dataset_percent(&self) -> f64 {
        percent(self.dataset, self.used - self.startup)
    }

    pub(super) fn peak_percent(&self) -> f64 {
        percent(self.used, self.peak)
    }
}

fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

fn clients_bytes(server: &Server) -> usize {
    server.connections().into_iter().map(|(_, connection)| client_eviction::bytes_of(connection)).sum()
}

fn stats(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    let parts = Parts::of(ctx);
    let keys: usize = (0..ctx.store.databases()).map(|db| ctx.store.len(db)).sum();
    let used_dbs: alloc::vec::Vec<usize> =
        (0..ctx.store.databases()).filter(|&db| ctx.store.len(db) > 0).collect();
    let numbers = [
        ("peak.allocated", parts.peak),
        ("total.allocated", parts.used),
        ("startup.allocated", parts.startup),
        ("replication.backlog", 0),
        ("clients.slaves", 0),
        ("clients.normal", parts.clients),
        ("cluster.links", 0),
        ("aof.buffer", 0),
        ("lua.caches", ctx.server.scripting.scripts.bytes()),
        ("functions.caches", ctx.server.scripting.libraries.bytes()),
    ];
    let reply = &mut ctx.reply;
    reply.map(numbers.len() + used_dbs.len() + 6);
    for (name, number) in numbers {
        reply.text(name);
        reply.count(number);
    }
    for db in used_dbs {
        reply.text(&format!("db.{db}"));
        reply.map(2);
        reply.text("overhead.hashtable.main");
        reply.count(ctx.store.table_bytes_of(db));
        // Deadlines stand in the entries.
        reply.text("overhead.hashtable.expires");
        reply.count(0);
    }
    for (name, number) in [
        ("overhead.total", parts.overhead),
        ("keys.count", keys),
        ("keys.bytes-per-key", (parts.used - parts.startup).checked_div(keys).unwrap_or(0)),
        ("dataset.bytes", parts.dataset),
    ] {
        reply.text(name);
        reply.count(number);
    }
    reply.text("dataset.percentage");
    reply.double(parts.dataset_percent());
    reply.text("peak.percentage");
    reply.double(parts.peak_percent());
    Ok(Flow::Done)
}

fn doctor(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    /// Below so many bytes, proportions say nothing.
    const WORTH_A_LOOK_BYTES: usize = 5 << 20;
    let parts = Parts::of(ctx);
    let limit = ctx.server.config.memory_limit();
    let mut text = String::new();
    if parts.used < WORTH_A_LOOK_BYTES {
        text.push_str("The server holds so little that there is nothing to find.\n");
    } else {
        if parts.peak > parts.used + parts.used / 2 {
            text.push_str("Memory was more than half as much again at its peak as it is now.\n");
        }
        if limit != 0 && parts.used > limit / 10 * 9 {
            text.push_str("More than nine tenths of maxmemory are used.\n");
        }
        if parts.clients > parts.used / 4 {
            text.push_str("Clients take more than a quarter of memory: look at CLIENT LIST.\n");
        }
        if text.is_empty() {
            text.push_str("Nothing is wrong with the use of memory.\n");
        }
    }
    ctx.reply.verbatim("txt", text.as_bytes());
    Ok(Flow::Done)
}

/// What is freed is given back at once, or kept by the embedder's allocator, which the engine does not know.
fn purge(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    ctx.reply.ok();
    Ok(Flow::Done)
}

fn malloc_stats(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    let used = (ctx.server.memory_used)();
    ctx.reply.verbatim("txt", format!("{used} bytes are given out.\n").as_bytes());
    Ok(Flow::Done)
}

fn memory_help(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    help(
        &mut ctx.reply,
        "MEMORY",
        &[
            "DOCTOR",
            "    What is remarkable about the use of memory.",
            "MALLOC-STATS",
            "    What the allocator tells.",
            "PURGE",
            "    Accepted; freed memory is not held back by the engine.",
            "STATS",
            "    What the parts of the server take, in bytes.",
            "USAGE <key> [SAMPLES <count>]",
            "    Bytes that a key takes with its value.",
        ],
    );
    Ok(Flow::Done)
}

const TIPS: &[&str] = &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"];

const MEMORY: &[Command] = &[
    Command {
        reply: "bulk-string",
        handler: doctor,
        tips: TIPS,
        ..Group::Server.row("DOCTOR", "4.0.0", "Tells in words what is remarkable about the use of memory.")
    },
    Command {
        flags: flags::ANYTIME,
        reply: "array of simple-string",
        handler: memory_help,
        ..Group::Server.row("HELP", "4.0.0", "Lists the subcommands.")
    },
    Command {
        reply: "bulk-string",
        handler: malloc_stats,
        tips: TIPS,
        ..Group::Server.row("MALLOC-STATS", "4.0.0", "Returns what the allocator tells.")
    },
    Command {
        handler: purge,
        tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
        ..Group::Server.row("PURGE", "4.0.0", "Does nothing: the engine holds no freed memory back.")
    },
    Command {
        complexity: "O(N) in the number of connections and of segments of the tables",
        reply: "map",
        handler: stats,
        tips: TIPS,
        ..Group::Server.row("STATS", "4.0.0", "Returns what the parts of the server take, in bytes.")
    },
    Command {
        complexity: "O(N) in the number of elements",
        flags: flags::READ,
        args: &[key("key"), integer("count").after("SAMPLES").optional()],
        reply: "integer | null",
        handler: usage,
        keys: Some(&[KeySpec::range(2, 0, access::LOOK)]),
        ..Group::Server.row("USAGE", "4.0.0", "Returns how many bytes a key takes with its value.")
    },
];

pub(crate) const ROWS: &[Command] = &[Command {
    subcommands: MEMORY,
    ..Group::Server.row("MEMORY", "4.0.0", "Tells what keys and the server take.")
}];
