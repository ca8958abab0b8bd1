//! CONFIG: reading and changing settings while the engine runs.

use alloc::string::String;
use alloc::vec::Vec;

use crate::acl;
use crate::args::Args;
use crate::command::{Arg, Command, Flags, Group, block, string};
use crate::config::{self, SETTINGS, Setting};
use crate::context::{Context, Flow, help};
use crate::error::Error;
use crate::glob::glob_match;
use crate::server::Stats;

fn get(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let patterns = args.from(2);
    let is_wanted = |name: &str| patterns.iter().any(|pattern| glob_match(pattern, name.as_bytes(), true));
    let mut found: Vec<(&str, String)> = Vec::new();
    for setting in SETTINGS {
        for name in [Some(setting.name), setting.alias].into_iter().flatten() {
            if is_wanted(name) {
                found.push((name, (setting.read)(&ctx.server.config, setting.name)));
            }
        }
    }
    ctx.reply.map(found.len());
    for (name, value) in &found {
        ctx.reply.text(name);
        ctx.reply.text(value);
    }
    Ok(Flow::Done)
}

fn set(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    if !args.len().is_multiple_of(2) {
        return Err(Error::Arity(ctx.name()));
    }
    // All of them are checked on a copy, so that either all change or none.
    let mut changed = ctx.server.config.clone();
    let mut settings: Vec<&'static Setting> = Vec::new();
    for index in (2..args.len()).step_by(2) {
        let name = String::from_utf8_lossy(args.at(index)).into_owned();
        let setting = config::find(&name).ok_or_else(|| {
            Error::quoting(
                "ERR Unknown option or number of arguments for CONFIG SET - '",
                args.at(index),
                "'",
            )
        })?;
        let failed = |reason: &str| {
            Error::Owned(alloc::format!(
                "ERR CONFIG SET failed (possibly related to argument '{name}') - {reason}"
            ))
        };
        if !setting.is_mutable {
            return Err(failed("can't set immutable config"));
        }
        if settings.iter().any(|other| other.name == setting.name) {
            return Err(failed("duplicate parameter"));
        }
        let value = core::str::from_utf8(args.at(index + 1)).map_err(|_| failed("argument must be UTF-8"))?;
        (setting.write)(&mut changed, setting.name, value).map_err(|error| failed(&error.0))?;
        settings.push(setting);
    }
    changed.apply(ctx.store);
    ctx.server.config = changed;
    if settings.iter().any(|setting| setting.name == "requirepass") {
        acl::set_default_password(ctx.server);
    }
    for setting in settings.iter().filter(|setting| setting.is_host) {
        let value = (setting.read)(&ctx.server.config, setting.name);
        ctx.server.settings.push((setting.name.into(), value));
    }
    ctx.reply.ok();
    Ok(Flow::Done)
}

fn resetstat(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    ctx.server.stats = Stats::default();
    (ctx.store.hits, ctx.store.misses, ctx.store.expired_keys) = (0, 0, 0);
    ctx.reply.ok();
    Ok(Flow::Done)
}

fn config_help(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    help(
        &mut ctx.reply,
        "CONFIG",
        &[
            "GET <pattern> [<pattern> ...]",
            "    The settings whose names match, with their values.",
            "SET <name> <value> [<name> <value> ...]",
            "    Change settings, all of them or none.",
            "RESETSTAT",
            "    Set the counters of INFO to zero.",
        ],
    );
    Ok(Flow::Done)
}

const FLAGS: Flags = Flags::ADMIN.and(Flags::NOSCRIPT).and(Flags::LOADING).and(Flags::STALE);
const PAIRS: &[Arg] = &[block("data", &[string("parameter"), string("value")]).multiple()];

/// A row of this file: all are of one group.
const fn row(name: &'static str, summary: &'static str) -> Command {
    Command { name, group: Group::Server, since: "2.0.0", flags: FLAGS, summary, ..Command::DEFAULT }
}

const CONFIG: &[Command] = &[
    Command {
        complexity: "O(N) in the number of settings",
        args: &[string("parameter").multiple()],
        reply: "map of bulk-string to bulk-string",
        handler: get,
        ..row("GET", "Returns the settings whose names match any of the patterns.")
    },
    Command {
        since: "5.0.0",
        flags: Flags::LOADING.and(Flags::STALE),
        reply: "array of simple-string",
        handler: config_help,
        ..row("HELP", "Lists the subcommands.")
    },
    Command { handler: resetstat, ..row("RESETSTAT", "Sets the counters of INFO to zero.") },
    Command {
        complexity: "O(N) in the number of settings",
        args: PAIRS,
        handler: set,
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        ..row("SET", "Changes settings, all of them or none.")
    },
];

pub(crate) const ROWS: &[Command] =
    &[Command { flags: Flags::NONE, subcommands: CONFIG, ..row("CONFIG", "Reads and changes settings.") }];
