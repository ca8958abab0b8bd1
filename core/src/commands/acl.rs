//! ACL: users and what they may do.

use alloc::vec::Vec;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::acl::{self, Denied, LogEntry, Selector};
use crate::base::error::Error;
use crate::base::memory::Purpose;
use crate::command::context::{Context, Flow, help};
use crate::command::{CATEGORIES, Command, Group, accepts, flags, full_name, integer, one_of, string, token};
use crate::number::{self, hexadecimal, parse_i64};
use crate::resp::Reply;
use crate::resp::args::Args;
use crate::server::host_request::{self, HostRequest};

/// Bits of the password that GENPASS makes without being told.
const PASSWORD_BITS: i64 = 256;
/// Bits of the longest password that GENPASS makes.
const PASSWORD_BITS_MAX: i64 = 4096;
/// Entries that LOG shows without being told.
const LOG_SHOWN: i64 = 10;
/// Bytes that a rule takes for each byte of it: in the user, in a copy, as text and as a number.
const RULE_COPIES: usize = 4;
/// Bytes that RESTTOKEN takes for each byte of name and password: as they are, and twice in base64.
const TOKEN_COPIES: usize = 4;

fn cat(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    match args.get(2) {
        None => {
            ctx.reply.array(CATEGORIES.len());
            CATEGORIES.iter().for_each(|category| ctx.reply.text(category));
        }
        Some(_) if args.len() > 3 => return Err(wrong_form("CAT")),
        Some(name) => {
            let lower = name.to_ascii_lowercase();
            let category = CATEGORIES.iter().find(|category| category.as_bytes() == lower);
            let category = category.ok_or_else(|| Error::quoting("ERR Unknown category '", name, "'"))?;
            let index = ctx.server.index();
            let names: Vec<_> = index
                .entries()
                .filter(|(_, entry)| entry.row.is_in_category(category))
                .map(|(_, entry)| entry.full_name())
                .collect();
            ctx.reply.array(names.len());
            names.iter().for_each(|name| ctx.reply.text(name));
        }
    }
    Ok(Flow::Done)
}

fn deluser(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    if args.from(2).iter().any(|name| name == b"default") {
        return Err(Error::Text("ERR The 'default' user cannot be removed"));
    }
    let deleted = args.from(2).iter().filter(|name| acl::delete_user(ctx.server, name)).count();
    ctx.reply.count(deleted);
    Ok(Flow::Done)
}

fn dryrun(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let user = ctx.server.acl.find(args.at(2));
    let user = user.ok_or_else(|| Error::quoting_all("ERR User '", args.at(2), "' not found"))?;
    let request = args.from(3);
    let unknown = || Error::quoting_all("ERR Command '", request.at(0), "' not found");
    let mut row = ctx.server.lookup.find(request.at(0)).ok_or_else(unknown)?;
    let mut parent = None;
    if let Some(name) = request.get(1)
        && !row.subcommands.is_empty()
    {
        parent = Some(row);
        row = row.subcommand(name).ok_or_else(unknown)?;
    }
    if !accepts(row.arity(if parent.is_some() { 2 } else { 1 }), request.len()) {
        return Err(Error::Arity(full_name(parent, row)));
    }
    match acl::check(ctx.server, user, row, request) {
        Ok(()) => ctx.reply.ok(),
        Err(denied) => {
            let object = match denied {
                Denied::Command => b"".as_slice(),
                Denied::Key(at) | Denied::Channel(at) => request.at(at),
            };
            let text = denied.explain(ctx.server, user, row, object);
            ctx.reply.bulk(&text);
        }
    }
    Ok(Flow::Done)
}

fn genpass(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let bits = match args.len() {
        2 => PASSWORD_BITS,
        3 => args.int(2)?,
        _ => return Err(wrong_form("GENPASS")),
    };
    if bits <= 0 || bits > PASSWORD_BITS_MAX {
        return Err(Error::Owned(alloc::format!(
            "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to \
             {PASSWORD_BITS_MAX}"
        )));
    }
    let digits = number::count(bits).unwrap_or(0).div_ceil(4);
    let mut password = alloc::string::String::new();
    while password.len() < digits {
        password.push_str(&hexadecimal(&ctx.server.passwords.draw()));
    }
    ctx.reply.text(&password[..digits]);
    Ok(Flow::Done)
}

fn getuser(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let Context { server, reply, .. } = ctx;
    let Some(id) = server.acl.find(args.at(2)) else {
        reply.null();
        return Ok(Flow::Done);
    };
    let user = server.acl.user(id);
    reply.map(6);
    reply.text("flags");
    let flags = user.flags();
    reply.set(flags.len());
    flags.iter().for_each(|flag| reply.text(flag));
    reply.text("passwords");
    let digests = user.digests();
    reply.array(digests.len());
    digests.for_each(|digest| reply.text(&digest));
    write_selector(reply, user.root());
    reply.text("selectors");
    reply.array(user.others().len());
    for selector in user.others() {
        reply.map(3);
        write_selector(reply, selector);
    }
    Ok(Flow::Done)
}

fn write_selector(reply: &mut Reply<'_>, selector: &Selector) {
    reply.text("commands");
    reply.bulk(&selector.commands_text());
    reply.text("keys");
    reply.bulk(&selector.keys_text());
    reply.text("channels");
    reply.bulk(&selector.channels_text());
}

fn list(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    ctx.reply.array(ctx.server.acl.users_len());
    ctx.server.acl.lines().for_each(|line| ctx.reply.bulk(&line));
    Ok(Flow::Done)
}

fn load(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    host_request::users(ctx, HostRequest::LoadUsers)
}

fn save(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    host_request::users(ctx, HostRequest::SaveUsers)
}

fn log(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    if args.len() > 3 {
        return Err(wrong_form("LOG"));
    }
    if args.len() == 3 && args.is(2, "RESET") {
        ctx.server.acl.log.entries.clear();
        ctx.reply.ok();
        return Ok(Flow::Done);
    }
    let wanted = args.get(2).map_or(Some(LOG_SHOWN), parse_i64).ok_or(Error::NotInteger)?;
    let Context { server, reply, .. } = ctx;
    let entries = &server.acl.log.entries;
    let count = entries.len().min(number::count(wanted).unwrap_or(0));
    reply.array(count);
    entries.iter().take(count).for_each(|entry| write_entry(reply, entry, server.now / 1000));
    Ok(Flow::Done)
}

fn write_entry(reply: &mut Reply<'_>, entry: &LogEntry, now: u64) {
    reply.map(10);
    reply.text("count");
    reply.int(entry.count as i64);
    for (name, value) in [
        ("reason", entry.reason.name().as_bytes()),
        ("context", entry.context.name().as_bytes()),
        ("object", &entry.object),
        ("username", &entry.user),
    ] {
        reply.text(name);
        reply.bulk(value);
    }
    reply.text("age-seconds");
    reply.double(now.saturating_sub(entry.updated) as f64 / 1000.0);
    reply.text("client-info");
    reply.bulk(&entry.client);
    for (name, number) in [
        ("entry-id", entry.id),
        ("timestamp-created", entry.created),
        ("timestamp-last-updated", entry.updated),
    ] {
        reply.text(name);
        reply.int(number as i64);
    }
}

/// The token by which a user is known where requests bring no name and password, as over HTTP: both in one word. It is
/// kept nowhere, so that it is worth what the user may do at the time, and nothing any more once the password changes.
fn resttoken(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (name, password) = (args.at(2), args.at(3));
    acl::authenticate(ctx.server, ctx.conn, name, password, args.at(0))?;
    let bytes = name.len() + 1 + password.len();
    ctx.server.memory.take_for(Purpose::Temporary, TOKEN_COPIES * bytes)?;
    ctx.reply.text(&STANDARD.encode([name, b":", password].concat()));
    Ok(Flow::Done)
}

fn setuser(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    ctx.server.memory.take_for(Purpose::Control, RULE_COPIES * args.memory_bytes())?;
    acl::set_user(ctx.server, args.at(2), args.from(3).iter())?;
    ctx.reply.ok();
    Ok(Flow::Done)
}

fn users(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    let Context { server, reply, .. } = ctx;
    reply.array(server.acl.users_len());
    server.acl.users().for_each(|user| reply.bulk(&user.name));
    Ok(Flow::Done)
}

fn whoami(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    let user = ctx.session().user;
    ctx.reply.bulk(&ctx.server.acl.user(user).name);
    Ok(Flow::Done)
}

fn wrong_form(subcommand: &str) -> Error {
    Error::Owned(alloc::format!(
        "ERR unknown subcommand or wrong number of arguments for '{subcommand}'. Try ACL HELP."
    ))
}

fn acl_help(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    help(
        &mut ctx.reply,
        "ACL",
        &[
            "CAT [<category>]",
            "    The categories, or the commands of one.",
            "DELUSER <username> [<username> ...]",
            "    Delete users and close their connections.",
            "DRYRUN <username> <command> [<arg> ...]",
            "    Whether a user may run a request; it is not run.",
            "GENPASS [<bits>]",
            "    A password of random hexadecimal digits.",
            "GETUSER <username>",
            "    What a user may do.",
            "LIST",
            "    All users, as lines of rules.",
            "LOAD",
            "    Read the users from the ACL file again.",
            "LOG [<count>|RESET]",
            "    What was refused lately.",
            "RESTTOKEN <username> <password>",
            "    The token that stands for a user and their password over HTTP.",
            "SAVE",
            "    Write the users to the ACL file.",
            "SETUSER <username> [<rule> ...]",
            "    Make or change a user.",
            "USERS",
            "    The names of all users.",
            "WHOAMI",
            "    The name of this connection's user.",
        ],
    );
    Ok(Flow::Done)
}

const ON_ALL_NODES: &[&str] = &["request_policy:all_nodes", "response_policy:all_succeeded"];

const ACL: &[Command] = &[
    Command {
        complexity: "O(N) in the number of commands",
        flags: flags::SESSION,
        args: &[string("category").optional()],
        reply: "array of bulk-string",
        handler: cat,
        ..Group::Server.row(
            "CAT",
            "6.0.0",
            "Lists the categories of commands, or the commands of one category.",
        )
    },
    Command {
        complexity: "O(N) in the number of connections",
        flags: flags::ADMIN_ANYTIME,
        args: &[string("username").multiple()],
        reply: "integer",
        handler: deluser,
        tips: ON_ALL_NODES,
        ..Group::Server.row("DELUSER", "6.0.0", "Deletes users and closes their connections.")
    },
    Command {
        flags: flags::ADMIN_ANYTIME,
        args: &[string("username"), string("command"), string("arg").optional().multiple()],
        reply: "simple-string | bulk-string",
        handler: dryrun,
        ..Group::Server.row("DRYRUN", "7.0.0", "Tells whether a user may run a request, without running it.")
    },
    Command {
        flags: flags::SESSION,
        args: &[integer("bits").optional()],
        reply: "bulk-string",
        handler: genpass,
        ..Group::Server.row("GENPASS", "6.0.0", "Makes a password of random hexadecimal digits.")
    },
    Command {
        complexity: "O(N) in the number of rules",
        flags: flags::ADMIN_ANYTIME,
        args: &[string("username")],
        reply: "map | null",
        handler: getuser,
        ..Group::Server.row("GETUSER", "6.0.0", "Returns what a user may do.")
    },
    Command {
        flags: flags::ANYTIME,
        reply: "array of simple-string",
        handler: acl_help,
        ..Group::Server.row("HELP", "6.0.0", "Lists the subcommands.")
    },
    Command {
        complexity: "O(N) in the number of users",
        flags: flags::ADMIN_ANYTIME,
        reply: "array of bulk-string",
        handler: list,
        ..Group::Server.row("LIST", "6.0.0", "Returns all users as lines of rules.")
    },
    Command {
        complexity: "O(N) in the number of users",
        flags: flags::ADMIN_ANYTIME,
        handler: load,
        ..Group::Server.row("LOAD", "6.0.0", "Reads the users from the ACL file again.")
    },
    Command {
        complexity: "O(N) in the number of entries",
        flags: flags::ADMIN_ANYTIME,
        args: &[one_of("operation", &[integer("count"), token("reset", "RESET")]).optional()],
        reply: "array of map | simple-string",
        handler: log,
        ..Group::Server.row("LOG", "6.0.0", "Returns what was refused lately, or forgets it.")
    },
    Command {
        flags: flags::SESSION,
        args: &[string("username"), string("password")],
        reply: "bulk-string",
        handler: resttoken,
        ..Group::Server.row(
            "RESTTOKEN",
            "7.2.0",
            "Returns the token that stands for a user and their password over HTTP.",
        )
    },
    Command {
        complexity: "O(N) in the number of users",
        flags: flags::ADMIN_ANYTIME,
        handler: save,
        tips: ON_ALL_NODES,
        ..Group::Server.row("SAVE", "6.0.0", "Writes the users to the ACL file.")
    },
    Command {
        complexity: "O(N) in the number of rules",
        flags: flags::ADMIN_ANYTIME,
        args: &[string("username"), string("rule").optional().multiple()],
        handler: setuser,
        tips: ON_ALL_NODES,
        ..Group::Server.row("SETUSER", "6.0.0", "Makes a user, or changes what a user may do.")
    },
    Command {
        complexity: "O(N) in the number of users",
        flags: flags::ADMIN_ANYTIME,
        reply: "array of bulk-string",
        handler: users,
        ..Group::Server.row("USERS", "6.0.0", "Returns the names of all users.")
    },
    Command {
        flags: flags::SESSION,
        reply: "bulk-string",
        handler: whoami,
        ..Group::Server.row("WHOAMI", "6.0.0", "Returns the name of the connection's user.")
    },
];

pub(crate) const ROWS: &[Command] = &[Command {
    complexity: "Depends on the subcommand.",
    reply: "any",
    subcommands: ACL,
    ..Group::Server.row("ACL", "6.0.0", "Lists, makes and changes users.")
}];
