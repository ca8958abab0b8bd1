//! COMMAND: the command table, as clients ask for it.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::base::error::Error;
use crate::base::glob::glob_match;
use crate::command::context::{Context, Flow, help};
use crate::command::{
    Arg, ArgKind, Begin, CATEGORIES, Command, Find, Flags, Group, KeyAt, KeySpec, flags, full_name, one_of,
    pattern, string,
};
use crate::number;
use crate::resp::Reply;
use crate::resp::args::Args;

fn command(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    ctx.reply.array(ctx.server.lookup.listed().count());
    for row in ctx.server.lookup.listed() {
        write_info(&mut ctx.reply, None, row);
    }
    Ok(Flow::Done)
}

fn count(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    ctx.reply.count(ctx.server.lookup.listed().count());
    Ok(Flow::Done)
}

/// A command by its name, or a subcommand as `container|name`.
fn find(ctx: &Context<'_>, name: &[u8]) -> Option<(Option<&'static Command>, &'static Command)> {
    match name.iter().position(|&byte| byte == b'|') {
        None => Some((None, ctx.server.lookup.find(name)?)),
        Some(bar) => {
            let parent = ctx.server.lookup.find(&name[..bar])?;
            Some((Some(parent), parent.subcommand(&name[bar + 1..])?))
        }
    }
}

fn info(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    if args.len() == 2 {
        return command(ctx, args);
    }
    ctx.reply.array(args.len() - 2);
    for name in args.from(2).iter() {
        match find(ctx, name) {
            Some((parent, row)) => write_info(&mut ctx.reply, parent, row),
            None => ctx.reply.null(),
        }
    }
    Ok(Flow::Done)
}

fn write_info(reply: &mut Reply<'_>, parent: Option<&'static Command>, row: &'static Command) {
    let depth = if parent.is_some() { 2 } else { 1 };
    reply.array(10);
    reply.text(&full_name(parent, row));
    reply.int(i64::from(row.arity(number::short(depth).cast_signed())));
    let flags: Vec<_> = row.flags.names().collect();
    reply.set(flags.len());
    flags.iter().for_each(|flag| reply.simple(flag));
    let (first, last, step) = row.key_positions(depth);
    reply.int(first);
    reply.int(last);
    reply.int(step);
    let categories: Vec<_> = CATEGORIES.iter().filter(|category| row.is_in_category(category)).collect();
    reply.set(categories.len());
    categories.iter().for_each(|category| reply.simple(&alloc::format!("@{category}")));
    reply.set(row.tips.len());
    row.tips.iter().for_each(|tip| reply.text(tip));
    let specs = row.key_specs(depth);
    reply.set(specs.len());
    specs.iter().for_each(|spec| write_spec(reply, spec));
    reply.set(row.subcommands.len());
    row.subcommands.iter().for_each(|sub| write_info(reply, Some(row), sub));
}

fn write_spec(reply: &mut Reply<'_>, spec: &KeySpec) {
    reply.map(3 + usize::from(!spec.notes.is_empty()));
    if !spec.notes.is_empty() {
        reply.text("notes");
        reply.text(spec.notes);
    }
    reply.text("flags");
    reply.set(spec.flags.len());
    spec.flags.iter().for_each(|flag| reply.simple(flag));
    reply.text("begin_search");
    reply.map(2);
    reply.text("type");
    match spec.begin {
        Begin::Index(index) => {
            reply.text("index");
            reply.text("spec");
            write_numbers(reply, &[("index", index as i64)]);
        }
        Begin::Keyword(word, from) => {
            reply.text("keyword");
            reply.text("spec");
            reply.map(2);
            reply.text("keyword");
            reply.text(word);
            reply.text("startfrom");
            reply.int(i64::from(from));
        }
        Begin::Unknown => write_unknown(reply),
    }
    reply.text("find_keys");
    reply.map(2);
    reply.text("type");
    match spec.find {
        Find::Range { last, step, limit } => {
            reply.text("range");
            reply.text("spec");
            let numbers = [("lastkey", i64::from(last)), ("keystep", step as i64), ("limit", limit as i64)];
            write_numbers(reply, &numbers);
        }
        Find::KeyNum { count, first, step } => {
            reply.text("keynum");
            reply.text("spec");
            let numbers = [("keynumidx", count as i64), ("firstkey", first as i64), ("keystep", step as i64)];
            write_numbers(reply, &numbers);
        }
        Find::Unknown => write_unknown(reply),
    }
}

fn write_unknown(reply: &mut Reply<'_>) {
    reply.text("unknown");
    reply.text("spec");
    reply.map(0);
}

fn write_numbers(reply: &mut Reply<'_>, numbers: &[(&str, i64)]) {
    reply.map(numbers.len());
    for (name, number) in numbers {
        reply.text(name);
        reply.int(*number);
    }
}

fn docs(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let rows: Vec<_> = if args.len() == 2 {
        ctx.server.lookup.listed().map(|row| (None, row)).collect()
    } else {
        args.from(2).iter().filter_map(|name| find(ctx, name)).collect()
    };
    ctx.reply.map(rows.len());
    for (parent, row) in rows {
        write_docs(&mut ctx.reply, parent, row);
    }
    Ok(Flow::Done)
}

fn write_docs(reply: &mut Reply<'_>, parent: Option<&'static Command>, row: &'static Command) {
    reply.text(&full_name(parent, row));
    let is_deprecated = row.deprecated.is_some();
    let parts = 4
        + usize::from(is_deprecated || row.is_internal)
        + 2 * usize::from(is_deprecated)
        + usize::from(!row.args.is_empty())
        + usize::from(!row.subcommands.is_empty());
    reply.map(parts);
    for (name, text) in [
        ("summary", row.summary),
        ("since", row.since),
        ("group", row.group.name()),
        ("complexity", row.complexity),
    ] {
        reply.text(name);
        reply.text(text);
    }
    if is_deprecated || row.is_internal {
        reply.text("doc_flags");
        reply.set(usize::from(is_deprecated) + usize::from(row.is_internal));
        if is_deprecated {
            reply.simple("deprecated");
        }
        if row.is_internal {
            reply.simple("syscmd");
        }
    }
    if let Some((since, instead)) = row.deprecated {
        reply.text("deprecated_since");
        reply.text(since);
        reply.text("replaced_by");
        reply.text(instead);
    }
    if !row.args.is_empty() {
        reply.text("arguments");
        let mut keys = 0;
        write_args(reply, row.args, &mut keys);
    }
    if !row.subcommands.is_empty() {
        reply.text("subcommands");
        reply.map(row.subcommands.len());
        row.subcommands.iter().for_each(|sub| write_docs(reply, Some(row), sub));
    }
}

fn write_args(reply: &mut Reply<'_>, args: &[Arg], keys: &mut i64) {
    reply.array(args.len());
    for arg in args {
        let (kind, parts): (&str, &[Arg]) = match arg.kind {
            ArgKind::Key => ("key", &[]),
            ArgKind::String => ("string", &[]),
            ArgKind::Integer => ("integer", &[]),
            ArgKind::Double => ("double", &[]),
            ArgKind::UnixTime => ("unix-time", &[]),
            ArgKind::Pattern => ("pattern", &[]),
            ArgKind::Token => ("pure-token", &[]),
            ArgKind::OneOf(choices) => ("oneof", choices),
            ArgKind::Block(parts) => ("block", parts),
        };
        let is_key = matches!(arg.kind, ArgKind::Key);
        let flags: Vec<&str> =
            [(arg.optional, "optional"), (arg.multiple, "multiple"), (arg.multiple_token, "multiple_token")]
                .into_iter()
                .filter_map(|(is_set, name)| is_set.then_some(name))
                .collect();
        let key_spec = arg.key_spec.map(i64::from).or(is_key.then_some(*keys));
        let optional = [
            // What has parts is shown by its parts.
            parts.is_empty(),
            key_spec.is_some(),
            arg.token.is_some(),
            arg.since.is_some(),
            !flags.is_empty(),
            !parts.is_empty(),
        ];
        reply.map(2 + optional.into_iter().filter(|is_there| *is_there).count());
        reply.text("name");
        reply.text(arg.name);
        reply.text("type");
        reply.text(kind);
        if parts.is_empty() {
            reply.text("display_text");
            reply.text(arg.name);
        }
        if let Some(index) = key_spec {
            reply.text("key_spec_index");
            reply.int(index);
            *keys = index + 1;
        }
        for (name, text) in [("token", arg.token), ("since", arg.since)] {
            if let Some(text) = text {
                reply.text(name);
                reply.text(text);
            }
        }
        if !flags.is_empty() {
            reply.text("flags");
            reply.set(flags.len());
            flags.iter().for_each(|flag| reply.simple(flag));
        }
        if !parts.is_empty() {
            reply.text("arguments");
            write_args(reply, parts, keys);
        }
    }
}

/// Whether a command of this row and full name is listed.
type Filter<'a> = Box<dyn Fn(&Command, &str) -> bool + 'a>;

fn list(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let is_listed: Filter<'_> = match args.len() {
        2 => Box::new(|_, _| true),
        5 if args.is(2, "FILTERBY") => {
            let wanted = args.at(4);
            if args.is(3, "MODULE") {
                Box::new(|_, _| false)
            } else if args.is(3, "ACLCAT") {
                let wanted = String::from_utf8_lossy(wanted).to_ascii_lowercase();
                Box::new(move |row, _| row.is_in_category(&wanted))
            } else if args.is(3, "PATTERN") {
                Box::new(|_, name| glob_match(wanted, name.as_bytes(), true))
            } else {
                return Err(Error::Syntax);
            }
        }
        _ => return Err(Error::Syntax),
    };
    let mut names: Vec<String> = Vec::new();
    for row in ctx.server.lookup.listed() {
        let own = core::iter::once((None, row));
        let subcommands = row.subcommands.iter().map(|sub| (Some(row), sub));
        for (parent, row) in own.chain(subcommands) {
            let name = full_name(parent, row);
            if is_listed(row, &name) {
                names.push(name);
            }
        }
    }
    ctx.reply.array(names.len());
    names.iter().for_each(|name| ctx.reply.text(name));
    Ok(Flow::Done)
}

fn getkeys(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (request, keys) = keys_of_request(ctx, args)?;
    ctx.reply.array(keys.len());
    for (index, _) in keys {
        ctx.reply.bulk(request.at(index));
    }
    Ok(Flow::Done)
}

fn getkeysandflags(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (request, keys) = keys_of_request(ctx, args)?;
    ctx.reply.array(keys.len());
    for (index, flags) in keys {
        ctx.reply.array(2);
        ctx.reply.bulk(request.at(index));
        ctx.reply.set(flags.len());
        flags.iter().for_each(|flag| ctx.reply.simple(flag));
    }
    Ok(Flow::Done)
}

fn keys_of_request<'a>(ctx: &Context<'_>, args: Args<'a>) -> Result<(Args<'a>, Vec<KeyAt>), Error> {
    let request = args.from(2);
    const UNKNOWN: Error = Error::Text("ERR Invalid command specified");
    let row = ctx.server.lookup.find(request.at(0)).ok_or(UNKNOWN)?;
    let (row, depth) = match request.get(1) {
        Some(name) if !row.subcommands.is_empty() => (row.subcommand(name).ok_or(UNKNOWN)?, 2),
        _ => (row, 1),
    };
    if !row.key_specs(depth).iter().any(KeySpec::is_of_keys) {
        return Err(Error::Text("ERR The command has no key arguments"));
    }
    if !row.accepts(request.len(), number::short(depth).cast_signed()) {
        return Err(Error::Text("ERR Invalid number of arguments specified for command"));
    }
    let keys = row.keys_in(depth, request);
    if keys.is_empty() && !row.flags.has(Flags::NO_MANDATORY_KEYS) {
        return Err(Error::Text("ERR Invalid arguments specified for command"));
    }
    Ok((request, keys))
}

fn command_help(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    help(
        &mut ctx.reply,
        "COMMAND",
        &[
            "(no subcommand)",
            "    Details of all commands.",
            "COUNT",
            "    How many commands there are.",
            "LIST [FILTERBY MODULE|ACLCAT|PATTERN <value>]",
            "    The names of the commands.",
            "INFO [<name> ...]",
            "    Details of the named commands.",
            "DOCS [<name> ...]",
            "    Documentation of the named commands.",
            "GETKEYS <request>",
            "    The keys of a whole request.",
            "GETKEYSANDFLAGS <request>",
            "    The keys of a whole request and how they are used.",
        ],
    );
    Ok(Flow::Done)
}

const NAMES: &[Arg] = &[string("command-name").optional().multiple()];
const REQUEST: &[Arg] = &[string("command"), string("arg").optional().multiple()];

const COMMAND: &[Command] = &[
    Command {
        flags: flags::ANYTIME,
        reply: "integer",
        handler: count,
        categories: &["connection"],
        ..Group::Server.row("COUNT", "2.8.13", "Returns how many commands there are.")
    },
    Command {
        complexity: "O(N) in the number of commands",
        flags: flags::ANYTIME,
        args: NAMES,
        reply: "map of bulk-string to map",
        handler: docs,
        categories: &["connection"],
        tips: &["nondeterministic_output_order"],
        ..Group::Server.row("DOCS", "7.0.0", "Returns the documentation of commands.")
    },
    Command {
        complexity: "O(N) in the number of arguments",
        flags: flags::ANYTIME,
        args: REQUEST,
        reply: "array of bulk-string",
        handler: getkeys,
        categories: &["connection"],
        ..Group::Server.row("GETKEYS", "2.8.13", "Returns the keys of a whole request.")
    },
    Command {
        complexity: "O(N) in the number of arguments",
        flags: flags::ANYTIME,
        args: REQUEST,
        reply: "array of array",
        handler: getkeysandflags,
        categories: &["connection"],
        ..Group::Server.row(
            "GETKEYSANDFLAGS",
            "7.0.0",
            "Returns the keys of a whole request and how they are used.",
        )
    },
    Command {
        flags: flags::ANYTIME,
        reply: "array of simple-string",
        handler: command_help,
        categories: &["connection"],
        ..Group::Server.row("HELP", "5.0.0", "Lists the subcommands.")
    },
    Command {
        complexity: "O(N) in the number of commands",
        flags: flags::ANYTIME,
        args: NAMES,
        reply: "array of array or null",
        handler: info,
        categories: &["connection"],
        tips: &["nondeterministic_output_order"],
        ..Group::Server.row("INFO", "2.8.13", "Returns the details of commands.")
    },
    Command {
        complexity: "O(N) in the number of commands",
        flags: flags::ANYTIME,
        args: &[one_of(
            "filterby",
            &[
                string("module-name").after("MODULE"),
                string("category").after("ACLCAT"),
                pattern("pattern").after("PATTERN"),
            ],
        )
        .after("FILTERBY")
        .optional()],
        reply: "array of bulk-string",
        handler: list,
        categories: &["connection"],
        tips: &["nondeterministic_output_order"],
        ..Group::Server.row("LIST", "7.0.0", "Returns the names of commands.")
    },
];

pub(crate) const ROWS: &[Command] = &[Command {
    complexity: "O(N) in the number of commands",
    flags: flags::ANYTIME,
    reply: "array of array",
    handler: command,
    subcommands: COMMAND,
    arity: Some(-1),
    categories: &["connection"],
    tips: &["nondeterministic_output_order"],
    ..Group::Server.row("COMMAND", "2.8.13", "Returns the details of all commands.")
}];
