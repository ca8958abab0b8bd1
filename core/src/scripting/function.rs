//! FCALL, and FUNCTION with its subcommands.

use alloc::vec::Vec;

use super::eval::{CHANGED, READ, RUNS, prepare, table};
use super::header::Declared;
use super::library::{Library, Policy};
use super::run::{self, Run, What};
use crate::base::error::Error;
use crate::base::glob::glob_match;
use crate::command::context::{Context, Flow, help};
use crate::command::{Command, Flags, Group, flags, integer, key, one_of, pattern, string, token};
use crate::number::parse_i64;
use crate::observe;
use crate::rdb;
use crate::resp::Reply;
use crate::resp::args::Args;
use crate::server::Server;

// ----- FCALL -----

fn fcall(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    call(ctx, args, false)
}

fn fcall_ro(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    call(ctx, args, true)
}

fn call(ctx: &mut Context<'_>, args: Args<'_>, is_read_only: bool) -> Result<Flow, Error> {
    observe::show(ctx, args);
    let function = ctx.server.scripting.libraries.function(args.at(1));
    let function = function.ok_or(Error::Text("ERR Function not found"))?;
    let (name, declared, callback) = (function.name.clone(), function.declared, function.callback);
    let keys = parse_i64(args.at(2)).ok_or(Error::Text("ERR Bad number of keys provided"))?;
    let keys = super::eval::split_at(args, keys)?;
    let mut run = Run::new(ctx, What::Function(name));
    prepare(ctx, &mut run, declared, is_read_only)?;
    let limit = ctx.server.config.script_instructions_max;
    let mut vm = ctx.server.scripting.libraries.vm.take().ok_or(Error::OutOfMemory)?;
    let words = args.from(3);
    let begun = table(&mut vm, words.slice(0, keys)).and_then(|keys_table| {
        let arguments = table(&mut vm, words.from(keys))?;
        let callback = vm.pinned(callback);
        vm.start(callback, &[keys_table, arguments], limit)
    });
    if begun.is_err() {
        vm.stop();
        vm.release(0);
        ctx.server.scripting.libraries.put_machine(vm);
        return Err(Error::OutOfMemory);
    }
    run::run(ctx, vm, run)
}

// ----- FUNCTION -----

fn load(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let mut replaces = false;
    for index in 2..args.len() - 1 {
        if !args.is(index, "REPLACE") {
            return Err(Error::quoting_all("ERR Unknown option given: ", args.at(index), ""));
        }
        replaces = true;
    }
    let text = args.at(args.len() - 1);
    let server = &mut *ctx.server;
    server.memory.take(2 * text.len())?;
    let name = server.scripting.libraries.load(&server.config, &server.memory, text, replaces)?;
    ctx.store.dirty += 1;
    ctx.reply.bulk(&name);
    Ok(Flow::Done)
}

fn delete(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    if !ctx.server.scripting.libraries.delete(args.at(2)) {
        return Err(Error::Text("ERR Library not found"));
    }
    ctx.store.dirty += 1;
    ctx.reply.ok();
    Ok(Flow::Done)
}

/// What Redis replies to too many arguments.
fn wrong_arguments(name: &str) -> Error {
    Error::Owned(alloc::format!(
        "ERR unknown subcommand or wrong number of arguments for '{name}'. Try FUNCTION HELP."
    ))
}

fn flush(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    if args.len() > 3 {
        return Err(wrong_arguments(&alloc::string::String::from_utf8_lossy(args.at(1))));
    }
    if args.len() == 3 && !args.is(2, "SYNC") && !args.is(2, "ASYNC") {
        return Err(Error::Text("ERR FUNCTION FLUSH only supports SYNC|ASYNC option"));
    }
    ctx.server.scripting.libraries.flush();
    ctx.store.dirty += 1;
    ctx.reply.ok();
    Ok(Flow::Done)
}

fn list(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (mut with_code, mut names) = (false, None);
    let mut cursor = args.cursor(2);
    while !cursor.is_done() {
        if !with_code && cursor.accept("WITHCODE") {
            with_code = true;
        } else if names.is_none() && cursor.accept("LIBRARYNAME") {
            if cursor.is_done() {
                return Err(Error::Text("ERR library name argument was not given"));
            }
            names = Some(cursor.take()?);
        } else {
            return Err(Error::quoting_all("ERR Unknown argument ", cursor.take()?, ""));
        }
    }
    let Context { server, reply, .. } = ctx;
    let mark = reply.mark();
    let mut count = 0;
    for (name, library) in server.scripting.libraries.iter() {
        if names.is_none_or(|names| glob_match(names, name, true)) {
            write_library(reply, name, library, with_code);
            count += 1;
        }
    }
    reply.wrap_array(mark, count);
    Ok(Flow::Done)
}

fn write_library(reply: &mut Reply<'_>, name: &[u8], library: &Library, with_code: bool) {
    reply.map(if with_code { 4 } else { 3 });
    reply.text("library_name");
    reply.bulk(name);
    reply.text("engine");
    reply.text("LUA");
    reply.text("functions");
    reply.array(library.functions.len());
    for function in library.functions.values() {
        reply.map(3);
        reply.text("name");
        reply.bulk(&function.name);
        reply.text("description");
        match &function.description {
            Some(description) => reply.bulk(description),
            None => reply.null(),
        }
        reply.text("flags");
        let flags: Vec<_> =
            Declared::NAMES.iter().filter(|&&(_, flag)| function.declared.has(flag)).collect();
        reply.set(flags.len());
        flags.iter().for_each(|(name, _)| reply.simple(name));
    }
    if with_code {
        reply.text("library_code");
        reply.bulk(&library.text);
    }
}

fn dump(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    let server = &mut *ctx.server;
    let libraries = &server.scripting.libraries;
    server.memory.take(2 * libraries.bytes())?;
    ctx.reply.bulk(&rdb::dump_libraries(libraries.texts(), server.config.rdb_compression));
    Ok(Flow::Done)
}

fn restore(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    if args.len() > 4 {
        return Err(wrong_arguments(&alloc::string::String::from_utf8_lossy(args.at(1))));
    }
    let policy = match args.get(3).map(<[u8]>::to_ascii_lowercase).as_deref() {
        None | Some(b"append") => Policy::Append,
        Some(b"flush") => Policy::Flush,
        Some(b"replace") => Policy::Replace,
        Some(_) => {
            return Err(Error::Text(
                "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.",
            ));
        }
    };
    let server = &mut *ctx.server;
    let bytes_max = server.config.function_bytes_max.get();
    let mut texts = Vec::new();
    let mut bytes = 0;
    rdb::restore_libraries(args.at(2), server.memory, bytes_max, |text| {
        bytes += text.len();
        if bytes > bytes_max {
            return Err(Error::Text("ERR Libraries would take more bytes than function-max-bytes allows"));
        }
        texts.push(text.into_owned());
        Ok(())
    })?;
    server.memory.take(2 * bytes)?;
    server.scripting.libraries.restore(&server.config, &server.memory, texts, policy)?;
    ctx.store.dirty += 1;
    ctx.reply.ok();
    Ok(Flow::Done)
}

/// Adds a library from a file.
pub(crate) fn add_library(server: &mut Server, text: Vec<u8>, replaces: bool) -> Result<(), Error> {
    server.memory.take(2 * text.len())?;
    let Server { config, memory, scripting, .. } = server;
    let policy = if replaces { Policy::Replace } else { Policy::Append };
    scripting.libraries.restore(config, memory, alloc::vec![text], policy)
}

fn stats(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    run::refuse_for_scripts(ctx.server)?;
    let Context { server, reply, .. } = ctx;
    reply.map(2);
    reply.text("running_script");
    run::write_running(server, reply);
    reply.text("engines");
    reply.map(1);
    reply.text("LUA");
    let (libraries, functions) = server.scripting.libraries.counts();
    reply.map(2);
    reply.text("libraries_count");
    reply.count(libraries);
    reply.text("functions_count");
    reply.count(functions);
    Ok(Flow::Done)
}

fn kill(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    run::kill(ctx.server, true)?;
    ctx.reply.ok();
    Ok(Flow::Done)
}

fn function_help(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    help(
        &mut ctx.reply,
        "FUNCTION",
        &[
            "DELETE <library-name>",
            "    Deletes a library.",
            "DUMP",
            "    All libraries in serialised form, for RESTORE.",
            "FLUSH [ASYNC|SYNC]",
            "    Deletes all libraries.",
            "KILL",
            "    Ends the function that is running, if it has written nothing.",
            "LIST [LIBRARYNAME <pattern>] [WITHCODE]",
            "    Describes libraries and their functions.",
            "LOAD [REPLACE] <function-code>",
            "    Adds a library; its first line is `#!lua name=<library-name>`.",
            "RESTORE <payload> [FLUSH|APPEND|REPLACE]",
            "    Adds libraries of DUMP. FLUSH deletes those there are; REPLACE replaces those of the same name,",
            "    which with APPEND, the default, are an error.",
            "STATS",
            "    What is running, and how many libraries and functions there are.",
        ],
    );
    Ok(Flow::Done)
}

// ----- rows -----

const ON_ALL_SHARDS: &[&str] = &["request_policy:all_shards", "response_policy:all_succeeded"];

const FUNCTION: &[Command] = &[
    Command {
        flags: flags::WRITE.and(Flags::NOSCRIPT),
        args: &[string("library-name")],
        handler: delete,
        tips: ON_ALL_SHARDS,
        ..Group::Scripting.row("DELETE", "7.0.0", "Deletes a library and its functions.")
    },
    Command {
        complexity: "O(N) with N bytes of text.",
        flags: Flags::NOSCRIPT,
        reply: "bulk-string",
        handler: dump,
        ..Group::Scripting.row("DUMP", "7.0.0", "Returns all libraries in serialised form.")
    },
    Command {
        complexity: "O(N) with N functions.",
        flags: flags::WRITE.and(Flags::NOSCRIPT),
        args: &[one_of("flush-type", &[token("async", "ASYNC"), token("sync", "SYNC")]).optional()],
        handler: flush,
        tips: ON_ALL_SHARDS,
        ..Group::Scripting.row("FLUSH", "7.0.0", "Deletes all libraries.")
    },
    Command {
        flags: flags::ANYTIME,
        reply: "array of simple-string",
        handler: function_help,
        ..Group::Scripting.row("HELP", "7.0.0", "Lists the subcommands.")
    },
    Command {
        flags: Flags::NOSCRIPT.and(Flags::ALLOW_BUSY),
        handler: kill,
        tips: &["request_policy:all_shards", "response_policy:one_succeeded"],
        ..Group::Scripting.row(
            "KILL",
            "7.0.0",
            "Ends the function that is running, if it has written nothing.",
        )
    },
    Command {
        complexity: "O(N) with N functions.",
        flags: Flags::NOSCRIPT,
        args: &[
            pattern("library-name-pattern").after("LIBRARYNAME").optional(),
            token("withcode", "WITHCODE").optional(),
        ],
        reply: "array of map",
        handler: list,
        tips: &["nondeterministic_output_order"],
        ..Group::Scripting.row("LIST", "7.0.0", "Describes libraries and their functions.")
    },
    Command {
        complexity: "O(N) with N bytes of text.",
        flags: flags::GROW.and(Flags::NOSCRIPT),
        args: &[token("replace", "REPLACE").optional(), string("function-code")],
        reply: "bulk-string",
        handler: load,
        tips: ON_ALL_SHARDS,
        ..Group::Scripting.row("LOAD", "7.0.0", "Adds a library of functions.")
    },
    Command {
        complexity: "O(N) with N bytes of text.",
        flags: flags::GROW.and(Flags::NOSCRIPT),
        args: &[
            string("serialized-value"),
            one_of(
                "policy",
                &[token("flush", "FLUSH"), token("append", "APPEND"), token("replace", "REPLACE")],
            )
            .optional(),
        ],
        handler: restore,
        tips: ON_ALL_SHARDS,
        ..Group::Scripting.row("RESTORE", "7.0.0", "Adds the libraries of a payload of FUNCTION DUMP.")
    },
    Command {
        flags: Flags::NOSCRIPT.and(Flags::ALLOW_BUSY),
        reply: "map",
        handler: stats,
        tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
        ..Group::Scripting.row("STATS", "7.0.0", "Tells what is running, and how many functions there are.")
    },
];

/// What follows the name of a function.
const ARGUMENTS: [crate::command::Arg; 4] = [
    string("function"),
    integer("numkeys"),
    key("key").optional().multiple(),
    string("arg").optional().multiple(),
];

pub(crate) const ROWS: &[Command] = &[
    Command {
        name: "FCALL",
        since: "7.0.0",
        complexity: "That of the function.",
        summary: "Calls a function.",
        args: &ARGUMENTS,
        keys: Some(CHANGED),
        handler: fcall,
        ..RUNS
    },
    Command {
        name: "FCALL_RO",
        since: "7.0.0",
        complexity: "That of the function.",
        summary: "Calls a function that must not write.",
        flags: RUNS.flags.and(Flags::READONLY),
        args: &ARGUMENTS,
        keys: Some(READ),
        handler: fcall_ro,
        ..RUNS
    },
    Command {
        complexity: "That of the subcommand.",
        subcommands: FUNCTION,
        ..Group::Scripting.row("FUNCTION", "7.0.0", "Manages libraries of functions.")
    },
];
