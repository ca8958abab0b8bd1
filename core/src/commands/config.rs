//! CONFIG: reading and changing settings while the engine runs.

use alloc::string::String;
use alloc::vec::Vec;

use crate::base::error::Error;
use crate::base::glob::glob_match;
use crate::command::context::{Context, Flow, help};
use crate::command::{Arg, Command, Group, block, flags, string};
use crate::config::{self, PROTECTED, Setting, edge};
use crate::resp::args::Args;
use crate::server::change::{Change, apply};
use crate::server::host_request::refused_change;
use crate::server::{Stats, host_request};

use super::debug::is_allowed;

fn get(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut add = |name: String, setting: &'static Setting| {
        if !found.iter().any(|(other, _)| other.eq_ignore_ascii_case(&name)) {
            found.push((name, (setting.read)(&ctx.server.config, setting.name)));
        }
    };
    for pattern in args.from(2).iter() {
        if !pattern.iter().any(|byte| b"[*?".contains(byte)) {
            // A name is replied as it was asked for.
            let name = String::from_utf8_lossy(pattern).into_owned();
            if let Some(setting) = config::find(&name) {
                add(name, setting);
            }
            continue;
        }
        for setting in config::settings() {
            for name in [Some(setting.name), setting.alias].into_iter().flatten() {
                if glob_match(pattern, name.as_bytes(), true) {
                    add(name.into(), setting);
                }
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
        return Err(Error::Syntax);
    }
    // Names are checked before any value.
    let mut names: Vec<(usize, &'static Setting)> = Vec::new();
    for index in (2..args.len()).step_by(2) {
        let name = String::from_utf8_lossy(args.at(index));
        let setting = config::find(&name).ok_or_else(|| {
            Error::quoting_all(
                "ERR Unknown option or number of arguments for CONFIG SET - '",
                args.at(index),
                "'",
            )
        })?;
        if !setting.is_mutable {
            return Err(refused_change(&name, "can't set immutable config"));
        }
        let protected_access = ctx.server.config.protected_access;
        if PROTECTED.contains(&setting.name) && !is_allowed(ctx.server, ctx.conn, protected_access) {
            return Err(refused_change(&name, "can't set protected config"));
        }
        // A setting and its older name may stand side by side; the later one wins.
        let is_same = |at: usize| args.at(at).eq_ignore_ascii_case(args.at(index));
        if names.iter().any(|(at, _)| is_same(*at)) {
            return Err(refused_change(&name, "duplicate parameter"));
        }
        names.push((index, setting));
    }
    // All of them are set on a copy, so that either all change or none.
    let mut changed = ctx.server.config.clone();
    for &(index, setting) in &names {
        // Values are refused in the name of the setting, however that was written.
        let name = String::from_utf8_lossy(args.at(index)).to_ascii_lowercase();
        let value = core::str::from_utf8(args.at(index + 1))
            .map_err(|_| refused_change(&name, "argument must be UTF-8"))?;
        (setting.write)(&mut changed, setting.name, value)
            .map_err(|error| refused_change(&name, &error.0))?;
    }
    let settings = names.into_iter().map(|(_, setting)| setting).collect();
    put_into_effect(ctx, Change { config: changed, settings })
}

/// Asks the host for its part in a change, or goes on without it.
fn put_into_effect(ctx: &mut Context<'_>, change: Change) -> Result<Flow, Error> {
    let Change { config: changed, settings } = &change;
    let has_dir = settings.iter().any(|setting| setting.name == "dir");
    if settings.iter().any(|setting| edge::is_about_edge(setting.name)) {
        if has_dir {
            return Err(refused_change("dir", "the host changes it and the edge one after the other"));
        }
        if changed.persistence.is_available {
            return host_request::edge(ctx, change);
        }
        if let Some(name) = edge::PORTS.iter().find(|&&name| edge::port(changed, name) != "0") {
            return Err(refused_change(name, "the engine has no ports here"));
        }
    }
    if has_dir {
        if !changed.persistence.is_available {
            return Err(refused_change("dir", "the engine holds its data in memory only"));
        }
        if changed.persistence.has_log || ctx.server.config.persistence.has_log {
            return Err(refused_change(
                "dir",
                "the log would be left where it is: appendonly has to be no before",
            ));
        }
        // Only the host knows whether there is such a directory; the rest waits for that.
        return host_request::directory(ctx, change);
    }
    apply(ctx.store, ctx.server, change);
    ctx.reply.ok();
    Ok(Flow::Done)
}

fn rewrite(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    host_request::settings(ctx)
}

fn resetstat(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    ctx.server.stats = Stats::default();
    ctx.server.observer.statistics.reset();
    (ctx.store.hits, ctx.store.misses) = (0, 0);
    (ctx.store.expired_keys, ctx.store.evicted_keys) = (0, 0);
    ctx.store.expired_fields = 0;
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
            "REWRITE",
            "    Write the settings to the file that they came from.",
        ],
    );
    Ok(Flow::Done)
}

const PAIRS: &[Arg] = &[block("data", &[string("parameter"), string("value")]).multiple()];

const CONFIG: &[Command] = &[
    Command {
        complexity: "O(N) in the number of settings",
        flags: flags::ADMIN_ANYTIME,
        args: &[string("parameter").multiple()],
        reply: "map of bulk-string to bulk-string",
        handler: get,
        ..Group::Server.row("GET", "2.0.0", "Returns the settings whose names match any of the patterns.")
    },
    Command {
        flags: flags::ANYTIME,
        reply: "array of simple-string",
        handler: config_help,
        ..Group::Server.row("HELP", "5.0.0", "Lists the subcommands.")
    },
    Command {
        flags: flags::ADMIN_ANYTIME,
        handler: resetstat,
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        ..Group::Server.row("RESETSTAT", "2.0.0", "Sets the counters of INFO to zero.")
    },
    Command {
        flags: flags::ADMIN_ANYTIME,
        handler: rewrite,
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        ..Group::Server.row("REWRITE", "2.8.0", "Writes the settings to the file that they came from.")
    },
    Command {
        complexity: "O(N) in the number of settings",
        flags: flags::ADMIN_ANYTIME,
        args: PAIRS,
        handler: set,
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        ..Group::Server.row("SET", "2.0.0", "Changes settings, all of them or none.")
    },
];

pub(crate) const ROWS: &[Command] =
    &[Command { subcommands: CONFIG, ..Group::Server.row("CONFIG", "2.0.0", "Reads and changes settings.") }];
