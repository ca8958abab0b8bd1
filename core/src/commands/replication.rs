//! What is said of replicas, of which there are none.

use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Arg, Command, Flags, Group, block, flags, integer, one_of, string, token};
use crate::number::parse_i64;
use crate::resp::args::Args;
use crate::server::blocking::{Block, TimeoutReply};
use crate::server::persistence::Wait;

/// The time in milliseconds after which a wait ends, as an absolute time in steady microseconds; 0 is never.
fn deadline(ctx: &Context<'_>, timeout: &[u8]) -> Result<Option<u64>, Error> {
    let timeout = parse_i64(timeout).ok_or(Error::Text("ERR timeout is not an integer or out of range"))?;
    let millis = u64::try_from(timeout).map_err(|_| Error::Text("ERR timeout is negative"))?;
    if millis == 0 {
        return Ok(None);
    }
    let at = (ctx.server.steady / 1000).checked_add(millis).filter(|&at| at <= i64::MAX as u64);
    let at = at.ok_or(Error::Text("ERR timeout is out of range"))?;
    Ok(Some(at.saturating_mul(1000)))
}

fn wait(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let replicas = args.int(1)?;
    let deadline = deadline(ctx, args.at(2))?;
    if replicas <= 0 {
        ctx.reply.int(0);
        return Ok(Flow::Done);
    }
    Ok(Flow::wait(Block::until(deadline, TimeoutReply::Zero)))
}

fn waitaof(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let local = args.int(1)?;
    if !(0..=1).contains(&local) {
        return Err(Error::Text("ERR value is out of range, value must between 0 and 1"));
    }
    const NOT_POSITIVE: Error = Error::Text("ERR value is out of range, must be positive");
    let replicas = args.int(2).ok().filter(|&replicas| replicas >= 0).ok_or(NOT_POSITIVE)?;
    let deadline = deadline(ctx, args.at(3))?;
    let persistence = &ctx.server.config.persistence;
    if local > 0 && !persistence.has_log {
        return Err(Error::Text(
            "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.",
        ));
    }
    let upto = ctx.server.connection(ctx.conn).written_by;
    let persistence = &ctx.server.config.persistence;
    let is_durable = persistence.has_log && ctx.server.files.is_durable(upto, persistence.fsync);
    let is_met = replicas == 0 && (local == 0 || is_durable);
    if is_met {
        ctx.reply.array(2);
        ctx.reply.int(is_durable.into());
        ctx.reply.int(0);
        return Ok(Flow::Done);
    }
    let has_log = persistence.has_log;
    if ctx.may_block && has_log && !is_durable {
        let client_id = ctx.session().client_id;
        ctx.server.files.wait(Wait { conn: ctx.conn, client_id, upto, waits_on: replicas > 0 });
    }
    let reply = if is_durable { TimeoutReply::OneAndZero } else { TimeoutReply::TwoZeros };
    Ok(Flow::wait(Block::until(deadline, reply)))
}

fn role(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    ctx.reply.array(3);
    ctx.reply.text("master");
    ctx.reply.int(0);
    ctx.reply.array(0);
    Ok(Flow::Done)
}

fn replicaof(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    if args.is(1, "NO") && args.is(2, "ONE") {
        // It is no server's replica already.
        ctx.reply.ok();
        return Ok(Flow::Done);
    }
    if parse_i64(args.at(2)).is_none_or(|port| !(0..=65535).contains(&port)) {
        return Err(Error::Text("ERR Invalid master port"));
    }
    Err(Error::Text("ERR replication is not supported: the engine opens no connections"))
}

fn failover(_: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    if args.len() == 2 && args.is(1, "ABORT") {
        return Err(Error::Text("ERR No failover in progress."));
    }
    let mut cursor = args.cursor(1);
    while !cursor.is_done() {
        if cursor.accept_with("TIMEOUT", 1) {
            if cursor.int()? <= 0 {
                return Err(Error::Text("ERR FAILOVER timeout must be greater than 0"));
            }
        } else if cursor.accept_with("TO", 2) {
            cursor.take()?;
            cursor.int()?;
        } else if !cursor.accept("FORCE") {
            return Err(Error::Syntax);
        }
    }
    Err(Error::Text("ERR FAILOVER requires connected replicas."))
}

fn no_replicas(_: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    Err(Error::Text("ERR replication is not supported: the engine serves no replicas"))
}

const SOURCE: &[Arg] = &[one_of(
    "args",
    &[
        block("host-port", &[string("host"), integer("port")]),
        block("no-one", &[token("no", "NO"), token("one", "ONE")]),
    ],
)];

pub(crate) const ROWS: &[Command] = &[
    Command {
        flags: flags::ADMIN.and(Flags::STALE),
        args: &[
            block(
                "target",
                &[string("host").after("TO"), integer("port"), token("force", "FORCE").optional()],
            )
            .optional(),
            token("abort", "ABORT").optional(),
            integer("milliseconds").after("TIMEOUT").optional(),
        ],
        handler: failover,
        ..Group::Server.row("FAILOVER", "6.2.0", "Fails: there is no replica that could take over.")
    },
    Command {
        flags: flags::ADMIN.and(Flags::NO_MULTI).and(Flags::NO_ASYNC_LOADING),
        args: &[string("replicationid"), integer("offset")],
        handler: no_replicas,
        arity: Some(-3),
        ..Group::Server.row("PSYNC", "2.8.0", "Fails: replicas are not served.")
    },
    Command {
        flags: flags::ADMIN_ANYTIME.and(Flags::ALLOW_BUSY),
        handler: no_replicas,
        arity: Some(-1),
        is_internal: true,
        ..Group::Server.row("REPLCONF", "3.0.0", "Fails: replicas are not served.")
    },
    Command {
        flags: flags::ADMIN.and(Flags::STALE).and(Flags::NO_ASYNC_LOADING),
        args: SOURCE,
        handler: replicaof,
        ..Group::Server.row("REPLICAOF", "5.0.0", "Takes NO ONE, which the server is a replica of.")
    },
    Command {
        flags: flags::SESSION.and(Flags::FAST),
        reply: "[role: bulk-string, offset: integer, replicas: array]",
        handler: role,
        categories: &["admin", "dangerous"],
        ..Group::Server.row("ROLE", "2.8.12", "Tells that the server is a master without replicas.")
    },
    Command {
        flags: flags::ADMIN.and(Flags::STALE).and(Flags::NO_ASYNC_LOADING),
        args: SOURCE,
        handler: replicaof,
        deprecated: Some(("5.0.0", "`REPLICAOF`")),
        ..Group::Server.row("SLAVEOF", "1.0.0", "Does what REPLICAOF does.")
    },
    Command {
        flags: flags::ADMIN.and(Flags::NO_MULTI).and(Flags::NO_ASYNC_LOADING),
        handler: no_replicas,
        ..Group::Server.row("SYNC", "1.0.0", "Fails: replicas are not served.")
    },
    Command {
        flags: Flags::BLOCKING,
        args: &[integer("numreplicas"), integer("timeout")],
        reply: "integer",
        handler: wait,
        categories: &["connection"],
        tips: &["request_policy:all_shards", "response_policy:agg_min"],
        ..Group::Generic.row(
            "WAIT",
            "3.0.0",
            "Waits for replicas until the timeout, and returns how many there were: 0.",
        )
    },
    Command {
        flags: Flags::BLOCKING,
        args: &[integer("numlocal"), integer("numreplicas"), integer("timeout")],
        reply: "[local: integer, replicas: integer]",
        handler: waitaof,
        categories: &["connection"],
        tips: &["request_policy:all_shards", "response_policy:agg_min"],
        ..Group::Generic.row(
            "WAITAOF",
            "7.2.0",
            "Waits until what was written is durable, or until the timeout, which no replica ends.",
        )
    },
];
