//! Commands about the connection itself: PING, HELLO, AUTH, SELECT and their kin.

use crate::acl::{self, DEFAULT_USER};
use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Flags, Group, block, flags, integer, string};
use crate::number;
use crate::resp::Protocol;
use crate::resp::args::Args;
use crate::server::connection::Transaction;
use crate::server::connection::unwatch_all;
use crate::server::pubsub;
use crate::server::tracking;

use super::client::{check_name, set_name};

fn ping(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    if args.len() > 2 {
        return Err(Error::Arity(ctx.name()));
    }
    if ctx.session().is_subscribed_only() {
        // In RESP2, a subscriber tells replies from messages by their form alone.
        ctx.reply.array(2);
        ctx.reply.text("pong");
        ctx.reply.bulk(args.get(1).unwrap_or_default());
    } else if let Some(message) = args.get(1) {
        ctx.reply.bulk(message);
    } else {
        ctx.reply.simple("PONG");
    }
    Ok(Flow::Done)
}

fn echo(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    ctx.reply.bulk(args.at(1));
    Ok(Flow::Done)
}

fn select(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let index = args.small_int(1)?;
    let Some(db) = number::count(index).filter(|&db| db < ctx.store.databases()) else {
        // What follows in a log is not meant for the database before.
        ctx.server.stop_loading("a database that is not there", args.at(1));
        return Err(Error::DbIndex);
    };
    ctx.session().db = db;
    ctx.store.db = db;
    ctx.reply.ok();
    Ok(Flow::Done)
}

fn quit(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    ctx.reply.ok();
    ctx.server.close(ctx.conn);
    Ok(Flow::Done)
}

fn auth(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (user, password) = match args.len() {
        2 if ctx.server.acl.user(DEFAULT_USER).needs_no_password => {
            return Err(Error::Text(
                "ERR AUTH <password> called without any password configured for the default user. Are you sure \
                 your configuration is correct?",
            ));
        }
        2 => (b"default".as_slice(), args.at(1)),
        3 => (args.at(1), args.at(2)),
        _ => return Err(Error::Syntax),
    };
    acl::log_in(ctx.server, ctx.conn, user, password, args.at(0))?;
    ctx.reply.ok();
    Ok(Flow::Done)
}

fn hello(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let mut protocol = ctx.reply.protocol;
    if args.len() > 1 {
        const INVALID: Error = Error::Text("ERR Protocol version is not an integer or out of range");
        protocol = match args.int(1).map_err(|_| INVALID)? {
            2 => Protocol::Resp2,
            3 => Protocol::Resp3,
            _ => return Err(Error::Text("NOPROTO unsupported protocol version")),
        };
    }
    let mut cursor = args.cursor(2);
    let (mut credentials, mut name) = (None, None);
    while !cursor.is_done() {
        if cursor.accept_with("AUTH", 2) {
            credentials = Some((cursor.take()?, cursor.take()?));
        } else if cursor.accept_with("SETNAME", 1) {
            let given = cursor.take()?;
            check_name(given)?;
            name = Some(given);
        } else {
            return Err(Error::quoting_all("ERR Syntax error in HELLO option '", cursor.take()?, "'"));
        }
    }
    if let Some((user, password)) = credentials {
        acl::log_in(ctx.server, ctx.conn, user, password, args.at(0))?;
    }
    if !ctx.session().is_authenticated {
        return Err(Error::Text(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH \
             <user> <pass> option can be used to authenticate the client and select the RESP protocol version at \
             the same time",
        ));
    }
    if let Some(name) = name {
        set_name(ctx, name);
    }
    ctx.session().protocol = protocol;
    ctx.reply.protocol = protocol;
    write_greeting(ctx);
    Ok(Flow::Done)
}

fn write_greeting(ctx: &mut Context<'_>) {
    let client_id = ctx.session().client_id;
    let is_resp3 = ctx.reply.is_resp3();
    let reply = &mut ctx.reply;
    let zone = ctx.server.config.host("availability-zone");
    reply.map(7 + usize::from(!zone.is_empty()));
    reply.text("server");
    // Libraries look for the server that they know.
    reply.text("redis");
    reply.text("version");
    reply.text(&ctx.server.config.reported_version);
    reply.text("proto");
    reply.int(if is_resp3 { 3 } else { 2 });
    reply.text("id");
    reply.int(client_id as i64);
    reply.text("mode");
    reply.text("standalone");
    reply.text("role");
    reply.text("master");
    reply.text("modules");
    reply.array(0);
    if !zone.is_empty() {
        reply.text("availability_zone");
        reply.text(zone);
    }
}

fn reset(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    pubsub::forget(ctx.server, ctx.conn);
    ctx.server.set_monitor(ctx.conn, false);
    let conn = ctx.conn;
    tracking::disable(ctx.store, ctx.server, conn);
    let is_open = ctx.server.acl.is_open();
    let connection = ctx.server.connection(conn);
    unwatch_all(ctx.store, connection, conn);
    connection.transaction = None::<Transaction>;
    connection.db = 0;
    connection.protocol = Protocol::Resp2;
    connection.reply_mode = Default::default();
    connection.name.clear();
    connection.no_evict = false;
    connection.no_touch = false;
    connection.user = DEFAULT_USER;
    connection.is_authenticated = is_open;
    ctx.server.refresh_restrictions(conn);
    ctx.store.db = 0;
    ctx.reply.protocol = Protocol::Resp2;
    ctx.reply.simple("RESET");
    Ok(Flow::Done)
}

pub(crate) const ROWS: &[Command] = &[
    Command {
        flags: flags::SESSION.and(Flags::FAST).and(Flags::NO_AUTH).and(Flags::ALLOW_BUSY),
        args: &[string("username").optional().since("6.0.0"), string("password")],
        handler: auth,
        ..Group::Connection.row("AUTH", "1.0.0", "Authenticates the connection.")
    },
    Command {
        flags: flags::ANYTIME.and(Flags::FAST),
        args: &[string("message")],
        reply: "bulk-string",
        handler: echo,
        ..Group::Connection.row("ECHO", "1.0.0", "Replies with the given message.")
    },
    Command {
        flags: flags::SESSION.and(Flags::FAST).and(Flags::NO_AUTH).and(Flags::ALLOW_BUSY),
        args: &[block(
            "arguments",
            &[
                integer("protover"),
                block("auth", &[string("username"), string("password")]).after("AUTH").optional(),
                string("clientname").after("SETNAME").optional(),
            ],
        )
        .optional()],
        reply: "map",
        handler: hello,
        ..Group::Connection.row(
            "HELLO",
            "6.0.0",
            "Chooses the protocol, optionally authenticates and names the connection.",
        )
    },
    Command {
        flags: Flags::FAST.and(Flags::SUBSCRIBED),
        args: &[string("message").optional()],
        reply: "simple-string | bulk-string | array of bulk-string",
        handler: ping,
        tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
        ..Group::Connection.row("PING", "1.0.0", "Replies PONG, or the given message.")
    },
    Command {
        flags: flags::SESSION
            .and(Flags::FAST)
            .and(Flags::NO_AUTH)
            .and(Flags::ALLOW_BUSY)
            .and(Flags::SUBSCRIBED)
            .and(Flags::IMMEDIATE),
        handler: quit,
        arity: Some(-1),
        deprecated: Some(("7.2.0", "just closing the connection")),
        ..Group::Connection.row("QUIT", "1.0.0", "Closes the connection after the replies so far.")
    },
    Command {
        flags: flags::SESSION
            .and(Flags::FAST)
            .and(Flags::NO_AUTH)
            .and(Flags::ALLOW_BUSY)
            .and(Flags::SUBSCRIBED)
            .and(Flags::IMMEDIATE),
        handler: reset,
        ..Group::Connection.row("RESET", "6.2.0", "Brings the connection back to its first state.")
    },
    Command {
        flags: flags::ANYTIME.and(Flags::FAST),
        args: &[integer("index")],
        handler: select,
        ..Group::Connection.row("SELECT", "1.0.0", "Chooses the database that the connection works on.")
    },
];
