//! CLIENT: what connections there are, and their properties.

mod filter;
mod pause;
mod tracking;

use self::filter::Filter;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::base::error::Error;
use crate::command::context::{Context, Flow, help};
use crate::command::{Arg, Command, Group, flags, integer, one_of, string, token};
use crate::number::parse_i64;
use crate::resp::args::Args;
use crate::server::blocking::{self, End};
use crate::server::connection::{ConnId, ReplyMode};
use crate::server::describe::{describe, describe_one};

/// Longest name of a client or library, in bytes.
const NAME_BYTES_MAX: usize = 64 << 10;

fn id(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    let id = ctx.session().client_id;
    ctx.reply.int(id as i64);
    Ok(Flow::Done)
}

fn getname(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    let name = ctx.session().name.clone();
    if name.is_empty() {
        ctx.reply.null()
    } else {
        ctx.reply.bulk(&name)
    }
    Ok(Flow::Done)
}

fn setname(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    check_name(args.at(2))?;
    set_name(ctx, args.at(2));
    ctx.reply.ok();
    Ok(Flow::Done)
}

/// Refuses names that would break the lines of CLIENT LIST.
pub(super) fn check_name(name: &[u8]) -> Result<(), Error> {
    if is_printable(name) {
        return Ok(());
    }
    Err(Error::Text("ERR Client names cannot contain spaces, newlines or special characters."))
}

fn is_printable(name: &[u8]) -> bool {
    name.len() <= NAME_BYTES_MAX && name.iter().all(|byte| (b'!'..=b'~').contains(byte))
}

/// Gives the connection a name, or takes it away.
pub(super) fn set_name(ctx: &mut Context<'_>, name: &[u8]) {
    ctx.session().name = name.to_vec();
}

fn setinfo(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (option, value) = (args.at(2), args.at(3));
    let is_name = option.eq_ignore_ascii_case(b"LIB-NAME");
    if !is_name && !option.eq_ignore_ascii_case(b"LIB-VER") {
        return Err(Error::quoting_all("ERR Unrecognized option '", option, "'"));
    }
    if !is_printable(value) {
        let option = String::from_utf8_lossy(option).to_ascii_lowercase();
        return Err(Error::Owned(format!(
            "ERR {option} cannot contain spaces, newlines or special characters."
        )));
    }
    let connection = ctx.session();
    *(if is_name { &mut connection.lib_name } else { &mut connection.lib_ver }) = value.to_vec();
    ctx.reply.ok();
    Ok(Flow::Done)
}

fn info(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    let mut text = describe(ctx.server, ctx.conn);
    text.push(b'\n');
    ctx.reply.verbatim("txt", &text);
    Ok(Flow::Done)
}

fn list(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let mut listed = ctx.server.connections();
    if args.len() > 3 && args.is(2, "ID") && args.from(4).iter().all(|word| !is_filter(word)) {
        let ids: Option<Vec<i64>> = args.from(3).iter().map(parse_i64).collect();
        let ids = ids.ok_or(Error::Text("ERR Invalid client ID"))?;
        // In the order of the request, and as often as it names one; the connections are in the order of their ids.
        let at = |id: &i64| listed.binary_search_by_key(id, |(_, connection)| connection.client_id as i64);
        listed = ids.iter().filter_map(|id| Some(listed[at(id).ok()?])).collect();
    } else {
        let filter = Filter::parse(&ctx.server.acl, ctx.store.databases(), false, args.cursor(2))?;
        let (now, own) = (ctx.server.steady, ctx.conn);
        listed.retain(|(conn, connection)| {
            filter.holds(connection, now) && !(filter.skips_self && *conn == own)
        });
    }
    let mut text = Vec::new();
    for (conn, connection) in listed {
        let line = describe_one(ctx.server, conn, connection);
        if !ctx.server.memory.reserve(&mut text, line.len() + 1) {
            return Err(Error::OutOfMemory);
        }
        text.extend_from_slice(&line);
        text.push(b'\n');
    }
    ctx.reply.verbatim("txt", &text);
    Ok(Flow::Done)
}

/// Whether a word is none that an id could be meant by.
fn is_filter(word: &[u8]) -> bool {
    filter::NAMES.iter().any(|name| {
        let word =
            word.get(..4).filter(|start| start.eq_ignore_ascii_case(b"NOT-")).map_or(word, |_| &word[4..]);
        word.eq_ignore_ascii_case(name.as_bytes())
    })
}

fn kill(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let is_old_form = args.len() == 3;
    let filter = if is_old_form {
        Filter::of_address(args.at(2))
    } else {
        Filter::parse(&ctx.server.acl, ctx.store.databases(), true, args.cursor(2))?
    };
    let (now, own) = (ctx.server.steady, ctx.conn);
    let found: Vec<ConnId> = ctx
        .server
        .connections()
        .into_iter()
        .filter(|(conn, connection)| filter.holds(connection, now) && !(filter.skips_self && *conn == own))
        .map(|(conn, _)| conn)
        .collect();
    if is_old_form && found.is_empty() {
        return Err(Error::Text("ERR No such client"));
    }
    found.iter().for_each(|&conn| ctx.server.close(conn));
    if is_old_form {
        ctx.reply.ok()
    } else {
        ctx.reply.count(found.len())
    }
    Ok(Flow::Done)
}

fn reply(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let mode = if args.is(2, "ON") {
        ctx.reply.ok();
        ReplyMode::On
    } else if args.is(2, "OFF") {
        ReplyMode::Off
    } else if args.is(2, "SKIP") {
        match ctx.session().reply_mode {
            ReplyMode::Off => ReplyMode::Off,
            _ => ReplyMode::SkipNext,
        }
    } else {
        return Err(Error::Syntax);
    };
    ctx.session().reply_mode = mode;
    Ok(Flow::Done)
}

fn no_evict(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    ctx.session().no_evict = on_or_off(args)?;
    ctx.reply.ok();
    Ok(Flow::Done)
}

fn no_touch(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let is_on = on_or_off(args)?;
    ctx.session().no_touch = is_on;
    ctx.store.no_touch = is_on;
    ctx.reply.ok();
    Ok(Flow::Done)
}

fn on_or_off(args: Args<'_>) -> Result<bool, Error> {
    match (args.is(2, "ON"), args.is(2, "OFF")) {
        (true, _) => Ok(true),
        (_, true) => Ok(false),
        _ => Err(Error::Syntax),
    }
}

fn unblock(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    if args.len() > 4 {
        return Err(wrong_form("UNBLOCK"));
    }
    let with_error = match args.get(3) {
        None => false,
        Some(_) if args.is(3, "TIMEOUT") => false,
        Some(_) if args.is(3, "ERROR") => true,
        Some(_) => return Err(Error::Text("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")),
    };
    let client_id = args.int(2)?;
    let target = u64::try_from(client_id).ok().and_then(|id| ctx.server.find_client(id));
    let was_blocked = target.is_some_and(|conn| {
        let error = Error::Text("UNBLOCKED client unblocked via CLIENT UNBLOCK");
        let end = if with_error { End::Error(&error) } else { End::Timeout };
        blocking::end_wait(ctx.store, ctx.server, conn, end)
    });
    ctx.reply.flag(was_blocked);
    Ok(Flow::Done)
}

/// The error for a subcommand with too many arguments.
fn wrong_form(subcommand: &str) -> Error {
    Error::Owned(format!(
        "ERR unknown subcommand or wrong number of arguments for '{subcommand}'. Try CLIENT HELP."
    ))
}

fn client_help(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    help(
        &mut ctx.reply,
        "CLIENT",
        &[
            "CACHING (YES|NO)",
            "    Remember, or do not, what the next command reads.",
            "GETNAME",
            "    The name of this connection.",
            "GETREDIR",
            "    Which connection gets the invalidations of this one.",
            "ID",
            "    The id of this connection.",
            "INFO",
            "    Properties of this connection.",
            "KILL <addr:port> | <filter> <value> [<filter> <value> ...]",
            "    Close connections; filters are ADDR, LADDR, IP, ID, TYPE, USER, NAME, LIB-NAME, LIB-VER, FLAGS,",
            "    DB and CAPA, or their opposites with NOT- in front, and MAXAGE, IDLE and SKIPME.",
            "LIST [<filter> <value> ...]",
            "    Properties of all or some connections; filters are as those of KILL.",
            "NO-EVICT (ON|OFF)",
            "    Keep this connection when memory is short.",
            "NO-TOUCH (ON|OFF)",
            "    Leave the access times of keys alone.",
            "PAUSE <milliseconds> [WRITE|ALL]",
            "    Let the requests of all connections wait, or only those that write.",
            "REPLY (ON|OFF|SKIP)",
            "    Whether replies are sent.",
            "SETINFO (LIB-NAME|LIB-VER) <value>",
            "    Tell which library this is.",
            "SETNAME <name>",
            "    Name this connection.",
            "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> ...] [OPTIN] [OPTOUT] [NOLOOP]",
            "    Be told when keys change that this connection has read.",
            "TRACKINGINFO",
            "    How this connection is told.",
            "UNBLOCK <id> [TIMEOUT|ERROR]",
            "    End the wait of a connection.",
            "UNPAUSE",
            "    End the pause.",
        ],
    );
    Ok(Flow::Done)
}

const ON_OFF: &[Arg] = &[one_of("enabled", &[token("on", "ON"), token("off", "OFF")])];
const KINDS: &[Arg] = &[
    token("normal", "NORMAL"),
    token("master", "MASTER").since("3.2.0"),
    token("slave", "SLAVE"),
    token("replica", "REPLICA").since("5.0.0"),
    token("pubsub", "PUBSUB"),
];

const SKIPME: &[Arg] = &[token("yes", "YES"), token("no", "NO")];

/// Of Valkey's further ones those without `NOT-`.
const FILTERS: &[Arg] = &[
    integer("client-id").after("ID").since("2.8.12"),
    one_of("client-type", KINDS).after("TYPE").since("2.8.12"),
    string("username").after("USER"),
    string("addr").after("ADDR"),
    string("laddr").after("LADDR").since("6.2.0"),
    one_of("skipme", SKIPME).after("SKIPME"),
    integer("maxage").after("MAXAGE").since("7.4.0"),
    string("ip").after("IP"),
    string("name").after("NAME"),
    string("libname").after("LIB-NAME"),
    string("libver").after("LIB-VER"),
    string("flags").after("FLAGS"),
    integer("db").after("DB"),
    integer("idle").after("IDLE"),
];

const CLIENT: &[Command] = &[
    Command {
        flags: flags::SESSION,
        args: &[one_of("mode", &[token("yes", "YES"), token("no", "NO")])],
        handler: tracking::caching,
        ..Group::Connection.row("CACHING", "6.0.0", "Says whether what the next command reads is remembered.")
    },
    Command {
        flags: flags::SESSION,
        reply: "bulk-string | null",
        handler: getname,
        ..Group::Connection.row("GETNAME", "2.6.9", "Returns the name of the connection.")
    },
    Command {
        flags: flags::SESSION,
        reply: "integer",
        handler: tracking::getredir,
        ..Group::Connection.row(
            "GETREDIR",
            "6.0.0",
            "Returns which connection gets the invalidations of this one; -1 for none.",
        )
    },
    Command {
        flags: flags::ANYTIME,
        reply: "array of simple-string",
        handler: client_help,
        ..Group::Connection.row("HELP", "5.0.0", "Lists the subcommands.")
    },
    Command {
        flags: flags::SESSION,
        reply: "integer",
        handler: id,
        ..Group::Connection.row("ID", "5.0.0", "Returns the id of the connection.")
    },
    Command {
        flags: flags::SESSION,
        reply: "bulk-string",
        handler: info,
        tips: &["nondeterministic_output"],
        ..Group::Connection.row("INFO", "6.2.0", "Returns the properties of the connection.")
    },
    Command {
        complexity: "O(N) in the number of connections",
        flags: flags::ADMIN_ANYTIME,
        args: &[one_of("filter", &[string("old-format"), one_of("new-format", FILTERS).multiple()])],
        reply: "simple-string | integer",
        handler: kill,
        ..Group::Connection.row("KILL", "2.4.0", "Closes connections.")
    },
    Command {
        complexity: "O(N) in the number of connections",
        flags: flags::ADMIN_ANYTIME,
        args: &[
            one_of("client-type", KINDS).after("TYPE").optional().since("5.0.0"),
            integer("client-id").after("ID").optional().multiple().since("6.2.0"),
            string("username").after("USER").optional(),
            string("addr").after("ADDR").optional(),
            string("laddr").after("LADDR").optional(),
            one_of("skipme", SKIPME).after("SKIPME").optional(),
            integer("maxage").after("MAXAGE").optional(),
            string("ip").after("IP").optional(),
            string("name").after("NAME").optional(),
            string("libname").after("LIB-NAME").optional(),
            string("libver").after("LIB-VER").optional(),
            string("flags").after("FLAGS").optional(),
            integer("db").after("DB").optional(),
            integer("idle").after("IDLE").optional(),
        ],
        reply: "bulk-string",
        handler: list,
        tips: &["nondeterministic_output"],
        ..Group::Connection.row("LIST", "2.4.0", "Returns the properties of connections, one on a line.")
    },
    Command {
        flags: flags::ADMIN_ANYTIME,
        args: ON_OFF,
        handler: no_evict,
        ..Group::Connection.row("NO-EVICT", "7.0.0", "Keeps the connection when memory is short.")
    },
    Command {
        flags: flags::SESSION,
        args: ON_OFF,
        handler: no_touch,
        ..Group::Connection.row("NO-TOUCH", "7.2.0", "Leaves the access times of keys alone.")
    },
    Command {
        flags: flags::ADMIN_ANYTIME,
        args: &[
            integer("timeout"),
            one_of("mode", &[token("write", "WRITE"), token("all", "ALL")]).optional().since("6.2.0"),
        ],
        handler: pause::pause,
        ..Group::Connection.row("PAUSE", "3.0.0", "Lets the requests of all connections wait for some time.")
    },
    Command {
        flags: flags::SESSION,
        args: &[one_of("action", &[token("on", "ON"), token("off", "OFF"), token("skip", "SKIP")])],
        handler: reply,
        ..Group::Connection.row("REPLY", "3.2.0", "Sets whether replies are sent.")
    },
    Command {
        flags: flags::SESSION,
        args: &[one_of("attr", &[string("libname").after("LIB-NAME"), string("libver").after("LIB-VER")])],
        handler: setinfo,
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        ..Group::Connection.row("SETINFO", "7.2.0", "Tells which library the client uses.")
    },
    Command {
        flags: flags::SESSION,
        args: &[string("connection-name")],
        handler: setname,
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        ..Group::Connection.row("SETNAME", "2.6.9", "Names the connection.")
    },
    Command {
        complexity: "O(1), and some options take time",
        flags: flags::SESSION,
        args: &[
            one_of("status", &[token("on", "ON"), token("off", "OFF")]),
            integer("client-id").after("REDIRECT").optional(),
            string("prefix").after("PREFIX").optional().multiple_with_token(),
            token("bcast", "BCAST").optional(),
            token("optin", "OPTIN").optional(),
            token("optout", "OPTOUT").optional(),
            token("noloop", "NOLOOP").optional(),
        ],
        handler: tracking::tracking,
        ..Group::Connection.row(
            "TRACKING",
            "6.0.0",
            "Tells the connection when keys change that it has read.",
        )
    },
    Command {
        flags: flags::SESSION,
        reply: "map of bulk-string to any",
        handler: tracking::trackinginfo,
        ..Group::Connection.row("TRACKINGINFO", "6.2.0", "Returns how the connection is told of changes.")
    },
    Command {
        complexity: "O(log N) in the number of waiting connections",
        flags: flags::ADMIN_ANYTIME,
        args: &[
            integer("client-id"),
            one_of("unblock-type", &[token("timeout", "TIMEOUT"), token("error", "ERROR")]).optional(),
        ],
        reply: "integer",
        handler: unblock,
        ..Group::Connection.row("UNBLOCK", "5.0.0", "Ends the wait of another connection.")
    },
    Command {
        complexity: "O(N) in the number of paused connections",
        flags: flags::ADMIN_ANYTIME,
        handler: pause::unpause,
        ..Group::Connection.row("UNPAUSE", "6.2.0", "Ends the pause of all connections.")
    },
];

pub(crate) const ROWS: &[Command] = &[Command {
    subcommands: CLIENT,
    ..Group::Connection.row("CLIENT", "2.4.0", "Tells of connections and changes their properties.")
}];
