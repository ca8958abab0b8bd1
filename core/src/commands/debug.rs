//! DEBUG: what test suites ask of a server. `enable-debug-command` decides who may.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::abi::reload_text;
use crate::base::error::Error;
use crate::base::glob::glob_match;
use crate::command::context::{Context, Flow, help};
use crate::command::{Command, Group, flags, string};
use crate::config::{Access, parse_bytes};
use crate::keyspace::{Digest, Entry, ValueRef};
use crate::number::{self, parse_f64, parse_i64};
use crate::observe;
use crate::resp::args::Args;
use crate::server::blocking::{Block, TimeoutReply};
use crate::server::connection::ConnId;
use crate::server::{HostRequest, Present, Server, host_request};

use super::keys::encoding;

/// What Redis replies when DEBUG is not enabled.
const NOT_ALLOWED: Error = Error::Text(
    "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a \
     local connection, otherwise you need to set this option in the configuration file, and then restart the \
     server.",
);

/// Bytes of the text that DEBUG STRINGMATCH-LEN makes.
const MATCHED_BYTES_MAX: usize = 1 << 20;
/// Longest time that DEBUG SLEEP takes, in seconds.
const SLEEP_SECONDS_MAX: f64 = 1e9;
/// Ranges of DEBUG CLIENT-EVICTION; the first ends at so many bytes, each further one at twice as many.
const CLIENT_RANGES: usize = 19;
const CLIENT_RANGE_BYTES: u64 = 32 << 10;

/// Why the connection must not use a command that a setting guards, if that is so.
pub(crate) fn refusal(
    server: &mut Server,
    conn: ConnId,
    parent: Option<&Command>,
    row: &Command,
) -> Option<Error> {
    match (parent.map(|parent| parent.name), row.name) {
        (None, "DEBUG") if !is_allowed(server, conn, server.config.debug_access) => Some(NOT_ALLOWED),
        (Some("MODULE"), "LOAD" | "LOADEX" | "UNLOAD") => Some(super::module::NOT_ALLOWED),
        _ => None,
    }
}

/// Whether a client is one of those that may use something.
pub(super) fn is_allowed(server: &mut Server, conn: ConnId, access: Access) -> bool {
    match access {
        Access::Yes => true,
        Access::No => false,
        Access::Local => {
            let connection = server.connection(conn);
            connection.is_unix
                || ["127.0.0.1:", "[::1]:", "::1:"].iter().any(|local| connection.addr.starts_with(local))
        }
    }
}

fn debug(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    if !is_allowed(ctx.server, ctx.conn, ctx.server.config.debug_access) {
        return Err(NOT_ALLOWED);
    }
    let name = args.at(1).to_ascii_uppercase();
    match (name.as_slice(), args.len()) {
        (b"CHANGE-REPL-ID", 2) => change_repl_id(ctx),
        (b"CLIENT-EVICTION", 2) => client_sizes(ctx)?,
        (b"CONFIG-REWRITE-FORCE-ALL", 2) => {
            return Err(Error::Text("ERR The server is running without a config file"));
        }
        (b"DIGEST", 2) => {
            let digest = Digest::of_all(ctx.store);
            ctx.reply.simple(&digest.text());
        }
        (b"DIGEST-VALUE", 2..) => digest_values(ctx, args),
        (b"ERROR", 3) => return Err(Error::Quoting(args.at(2).to_vec())),
        (b"HELP", 2) => debug_help(ctx),
        (b"HTSTATS", 3..=4) => table_stats(ctx, args)?,
        (b"HTSTATS-KEY", 3..=4) => value_stats(ctx, args)?,
        (b"LISTPACK", 3) => listpack(ctx, args)?,
        (b"LOADAOF", 2) if ctx.server.config.persistence.is_available => {
            return host_request::files(ctx, HostRequest::LoadLog, "");
        }
        (b"LOADAOF", 2..) => {
            return Err(Error::Text("ERR nothing can be loaded: the engine holds its data in memory only"));
        }
        // As Redis does it: nobody may go on with an engine that is told to have failed. The host sees to the rest.
        (b"PANIC", 2) if ctx.server.config.persistence.is_available => panic!("DEBUG PANIC was called"),
        (b"RELOAD", 2..) => {
            let options = args.from(2);
            let has_files = ctx.server.config.persistence.is_available;
            let has = |word: &[u8]| options.iter().any(|option| option.eq_ignore_ascii_case(word));
            let saves_not = has(b"NOSAVE");
            if saves_not && !has_files {
                return Err(Error::Text("ERR nothing was saved that could be loaded"));
            }
            let is_known = |option: &[u8]| {
                [b"MERGE".as_slice(), b"NOFLUSH", b"NOSAVE"]
                    .iter()
                    .any(|known| option.eq_ignore_ascii_case(known))
            };
            if !options.iter().all(is_known) {
                return Err(Error::Text(
                    "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.",
                ));
            }
            if has_files {
                let present = match (has(b"NOFLUSH"), has(b"MERGE")) {
                    (false, _) => Present::Goes,
                    (true, false) => Present::Stays,
                    (true, true) => Present::GivesWay,
                };
                return host_request::files(ctx, HostRequest::Reload, &reload_text(!saves_not, present));
            }
            reload::reload(ctx)?;
            ctx.reply.ok();
        }
        (b"STRINGMATCH-LEN", 4) => {
            let len = number::count(args.int(2)?).filter(|&len| len <= MATCHED_BYTES_MAX);
            let text = alloc::vec![b'a'; len.ok_or(Error::OutOfRange)?];
            ctx.reply.flag(glob_match(args.at(3), &text, false));
        }
        (b"OBJECT", 3) => object(ctx, args)?,
        (b"POPULATE", 3..=5) => populate(ctx, args)?,
        (b"PROTOCOL", 3) => protocol(ctx, args)?,
        (b"QUICKLIST-PACKED-THRESHOLD", 3) => packed_threshold(ctx, args)?,
        (b"REPLICATE", 3..) => {
            // Whoever is meant, there is only the log.
            let words = args.from(3);
            if !args.is(2, "REPL") && !words.is_empty() {
                ctx.store.effects.append_now(ctx.store.db, words.iter());
            }
            ctx.reply.ok();
        }
        (b"REPLYBUFFER", 4) => reply_buffer(ctx, args)?,
        (b"SET-ACTIVE-EXPIRE", 3) => {
            ctx.store.active_expire = parse_i64(args.at(2)).unwrap_or(0) != 0;
            ctx.reply.ok();
        }
        (b"SLEEP", 3) => return Ok(sleep(ctx, args)),
        (b"SET-DISABLE-DENY-SCRIPTS", 3) => {
            ctx.server.scripts_may_debug = parse_i64(args.at(2)).unwrap_or(0) != 0;
            ctx.reply.ok();
        }
        // There is no log to write to and no periodic job to pause, and tables grow by themselves.
        (b"LOG" | b"PAUSE-CRON" | b"DICT-RESIZING", 3) => ctx.reply.ok(),
        _ => return Err(wrong_form(args)),
    }
    Ok(Flow::Done)
}

/// The whole server rests: no request of any connection runs until the time is over.
fn sleep(ctx: &mut Context<'_>, args: Args<'_>) -> Flow {
    let seconds = parse_f64(args.at(2)).unwrap_or(0.0).clamp(0.0, SLEEP_SECONDS_MAX);
    let micros = number::whole(seconds * 1e6);
    if micros == 0 {
        ctx.reply.ok();
        return Flow::Done;
    }
    let until = ctx.server.steady + micros;
    ctx.server.asleep_until = until;
    observe::sleep(ctx, args, micros);
    Flow::wait(Block::until(Some(until), TimeoutReply::Ok))
}

/// How many connections keep how much, in ranges that double, as `maxmemory-clients` counts it.
fn client_sizes(ctx: &mut Context<'_>) -> Result<(), Error> {
    if ctx.server.config.maxmemory_clients == 0 {
        return Err(Error::Text("ERR maxmemory-clients is disabled."));
    }
    let sizes: Vec<u64> = ctx.server.connections().iter().map(|(_, own)| own.noted_bytes as u64).collect();
    let mut text = String::new();
    let mut from = 0;
    for nth in 0..CLIENT_RANGES {
        let last = nth + 1 == CLIENT_RANGES;
        let end = if last { u64::MAX } else { CLIENT_RANGE_BYTES << nth };
        let within = sizes.iter().filter(|&&bytes| (from..end).contains(&bytes));
        let (bytes, clients) = (within.clone().sum::<u64>(), within.count());
        let to = if last { String::from("+") } else { format!(" - {:>10}", end - 1) };
        text += &format!("bucket {from:>10}{to}: tot-mem: {bytes:>10}, clients: {clients}\n");
        from = end;
    }
    ctx.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

/// Replies have no buffer per connection here, so that what is set has no effect; wrong values are refused.
fn reply_buffer(ctx: &mut Context<'_>, args: Args<'_>) -> Result<(), Error> {
    if args.is(2, "PEAK-RESET-TIME") {
        if !args.is(3, "NEVER") && !args.is(3, "RESET") {
            args.int(3)?;
        }
    } else if !args.is(2, "RESIZING") {
        return Err(wrong_form(args));
    }
    ctx.reply.ok();
    Ok(())
}

fn wrong_form(args: Args<'_>) -> Error {
    Error::quoting(
        "ERR unknown subcommand or wrong number of arguments for '",
        args.at(1),
        "'. Try DEBUG HELP.",
    )
}

fn change_repl_id(ctx: &mut Context<'_>) {
    ctx.server.repl_id = ctx.store.random.run_id();
    ctx.reply.ok();
}

fn digest_values(ctx: &mut Context<'_>, args: Args<'_>) {
    let keys = args.from(2);
    ctx.reply.array(keys.len());
    for key in keys.iter() {
        let digest = ctx.store.peek(key).map_or(Digest::default(), Digest::of_value);
        ctx.reply.simple(&digest.text());
    }
}

fn table_stats(ctx: &mut Context<'_>, args: Args<'_>) -> Result<(), Error> {
    let db = number::count(args.int(2)?).filter(|&db| db < ctx.store.databases());
    let db = db.ok_or(Error::Text("ERR Out of range database"))?;
    let text = format!(
        "[Dictionary HT]\n number of elements: {}\n bytes of the table: {}\n[Expires HT]\n number of elements: {}\n",
        ctx.store.len(db),
        ctx.store.table_bytes_of(db),
        ctx.store.volatile_len(db)
    );
    ctx.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

fn value_stats(ctx: &mut Context<'_>, args: Args<'_>) -> Result<(), Error> {
    let entry = ctx.store.peek(args.at(2)).ok_or(Error::NoSuchKey)?;
    let (elements, bytes) = match entry.value() {
        ValueRef::Hash(hash) if hash.encoding() == "hashtable" => (hash.len(), hash.memory_bytes()),
        ValueRef::Set(set) if set.encoding() == "hashtable" => (set.len(), set.memory_bytes()),
        ValueRef::Zset(zset) if zset.encoding() == "skiplist" => (zset.len(), zset.memory_bytes()),
        _ => {
            return Err(Error::Text(
                "ERR The value stored at the specified key is not represented using an hash table",
            ));
        }
    };
    let text = format!(" number of elements: {elements}\n bytes of the value: {bytes}\n");
    ctx.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

fn listpack(ctx: &mut Context<'_>, args: Args<'_>) -> Result<(), Error> {
    let entry = ctx.store.peek(args.at(2)).ok_or(Error::NoSuchKey)?;
    if encoding(entry) != "listpack" {
        return Err(Error::Text("ERR Not a listpack encoded object."));
    }
    let text = format!("Listpack of about {} bytes", entry.copy_bytes());
    ctx.reply.simple(&text);
    Ok(())
}

fn object(ctx: &mut Context<'_>, args: Args<'_>) -> Result<(), Error> {
    let (key, now) = (args.at(2), ctx.store.steady);
    let address = ctx.store.encoding_limits.seed.hash(key) >> 16;
    // One whose time has come is shown as long as it is there.
    let entry = ctx.store.look_at_all(key).ok_or(Error::NoSuchKey)?;
    let (encoding, bytes, access) = (encoding(entry), serialised_bytes(entry), entry.access());
    let idle = ctx.store.access.idle_seconds(access, now);
    // Where a value lies differs between platforms and replies must not, so the address is made up.
    let text = format!(
        "Value at:0x{address:x} refcount:1 encoding:{encoding} serializedlength:{bytes} lru:{access} \
         lru_seconds_idle:{idle}"
    );
    ctx.reply.simple(&text);
    Ok(())
}

/// About what the value takes when it is written down.
fn serialised_bytes(entry: &Entry) -> usize {
    match entry.value() {
        ValueRef::Int(number) => match number {
            -128..=127 => 2,
            -32_768..=32_767 => 3,
            -2_147_483_648..=2_147_483_647 => 5,
            _ => format!("{number}").len() + 1,
        },
        ValueRef::Bytes(bytes) if bytes.len() < 64 => bytes.len() + 1,
        ValueRef::Bytes(bytes) => bytes.len() + 2,
        ValueRef::List(_)
        | ValueRef::Hash(_)
        | ValueRef::Set(_)
        | ValueRef::Zset(_)
        | ValueRef::Stream(_) => entry.copy_bytes(),
    }
}

fn packed_threshold(ctx: &mut Context<'_>, args: Args<'_>) -> Result<(), Error> {
    const INVALID: Error =
        Error::Text("ERR argument must be a memory value bigger than 1 and smaller than 4gb");
    let text = core::str::from_utf8(args.at(2)).map_err(|_| INVALID)?;
    // Chunks of a list have a size of their own here, so the threshold is only checked.
    parse_bytes(text).filter(|&bytes| bytes <= 4 << 30).ok_or(INVALID)?;
    ctx.reply.ok();
    Ok(())
}

fn populate(ctx: &mut Context<'_>, args: Args<'_>) -> Result<(), Error> {
    let positive = |index: usize| {
        number::count(args.int(index)?).ok_or(Error::Text("ERR value is out of range, must be positive"))
    };
    let count = positive(2)?;
    let prefix = args.get(3).unwrap_or(b"key");
    let size = if args.len() > 4 { Some(positive(4)?) } else { None };
    if size.is_some_and(|size| size > ctx.server.config.value_bytes_max()) {
        return Err(Error::StringTooLong);
    }
    for index in 0..count {
        let mut key = prefix.to_vec();
        key.extend_from_slice(format!(":{index}").as_bytes());
        if ctx.store.exists(&key) {
            continue;
        }
        let mut value = format!("value:{index}").into_bytes();
        ctx.server
            .memory
            .take(key.len() + size.unwrap_or(value.len()) + crate::base::memory::ELEMENT_BYTES)?;
        if ctx.server.is_out_of_memory() {
            return Err(ctx.server.over_limit());
        }
        if let Some(size) = size {
            value.resize(size, 0);
        }
        ctx.store.put_string(&key, &value, None, false);
        ctx.store.dirty += 1;
        ctx.store.signal(&key);
        ctx.store.effects.append_now(ctx.store.db, [b"SET".as_slice(), &key, &value].into_iter());
    }
    ctx.store.effects.suppress();
    ctx.reply.ok();
    Ok(())
}

fn protocol(ctx: &mut Context<'_>, args: Args<'_>) -> Result<(), Error> {
    let is_resp3 = ctx.reply.is_resp3();
    let reply = &mut ctx.reply;
    match args.at(2).to_ascii_lowercase().as_slice() {
        b"string" => reply.text("Hello World"),
        b"integer" => reply.int(12345),
        b"double" => reply.double(3141.0 / 1000.0),
        b"null" => reply.null(),
        b"array" => {
            reply.array(3);
            (0..3).for_each(|number| reply.int(number));
        }
        b"set" => {
            reply.set(3);
            (0..3).for_each(|number| reply.int(number));
        }
        b"map" => {
            reply.map(3);
            for number in 0..3 {
                reply.int(number);
                reply.bool(number == 1);
            }
        }
        b"attrib" => {
            if is_resp3 {
                reply.raw(b"|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n");
            }
            reply.text("Some real reply following the attribute");
        }
        b"push" if !is_resp3 => return Err(Error::Text("ERR RESP2 is not supported by this command")),
        b"push" => {
            reply.push(2);
            reply.text("server-cpu-usage");
            reply.int(42);
        }
        b"bignum" if is_resp3 => reply.raw(b"(1234567999999999999999999999999999999\r\n"),
        b"bignum" => reply.text("1234567999999999999999999999999999999"),
        b"verbatim" => reply.verbatim("txt", b"This is a verbatim\nstring"),
        b"true" => reply.bool(true),
        b"false" => reply.bool(false),
        _ => {
            return Err(Error::Text(
                "ERR Wrong protocol type name. Please use one of the following: \
                 string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false",
            ));
        }
    }
    Ok(())
}

fn debug_help(ctx: &mut Context<'_>) {
    help(
        &mut ctx.reply,
        "DEBUG",
        &[
            "CHANGE-REPL-ID",
            "    Give the history of the data another name.",
            "CLIENT-EVICTION",
            "    How many connections keep how much.",
            "DIGEST",
            "    A digest of all data; servers with equal data have equal ones.",
            "DIGEST-VALUE <key> [<key> ...]",
            "    Digests of values.",
            "DICT-RESIZING (0|1)",
            "    Accepted; tables grow and shrink by themselves.",
            "ERROR <text>",
            "    Reply with this error.",
            "HTSTATS <db>",
            "    How large the table of a database is.",
            "HTSTATS-KEY <key>",
            "    How large the table of a value is.",
            "LISTPACK <key>",
            "    Whether a value is stored in one piece.",
            "LOG <text>",
            "    Accepted; the engine has no log.",
            "OBJECT <key>",
            "    How a value is stored.",
            "LOADAOF",
            "    Load the log again, in place of what there is.",
            "PANIC",
            "    Fail, so that the host has to begin with another engine.",
            "PAUSE-CRON (0|1)",
            "    Accepted; there are no periodic jobs.",
            "POPULATE <count> [<prefix>] [<size>]",
            "    Create keys, named by numbers behind the prefix.",
            "PROTOCOL <type>",
            "    An example of a reply: string, integer, double, bignum, null, array, set, map, attrib, push,",
            "    verbatim, true or false.",
            "QUICKLIST-PACKED-THRESHOLD <size>",
            "    Accepted; lists have a threshold of their own.",
            "REPLICATE (AOF|REPL|ALL) <command> [<arg> ...]",
            "    Write a command into the log without running it.",
            "REPLYBUFFER (PEAK-RESET-TIME <time>|RESIZING <0|1>)",
            "    Accepted; connections have no buffers of their own.",
            "RELOAD [MERGE] [NOFLUSH] [NOSAVE]",
            "    Write every value in its serialised form and read it again, by a dump where there are files.",
            "SET-ACTIVE-EXPIRE (0|1)",
            "    Whether keys expire without being looked at.",
            "SET-DISABLE-DENY-SCRIPTS (0|1)",
            "    Whether scripts may call DEBUG.",
            "STRINGMATCH-LEN <len> <pattern>",
            "    Whether a pattern matches so many letters.",
            "SLEEP <seconds>",
            "    Let the server rest.",
        ],
    );
}

pub(crate) const ROWS: &[Command] = &[Command {
    complexity: "Depends on the subcommand.",
    flags: flags::ADMIN_ANYTIME,
    args: &[string("subcommand"), string("arg").optional().multiple()],
    reply: "any",
    handler: debug,
    is_internal: true,
    ..Group::Server.row("DEBUG", "1.0.0", "Does what tests need, if enable-debug-command allows it.")
}];

mod reload;
#[cfg(test)]
mod tests;
