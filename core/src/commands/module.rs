//! MODULE: there are no modules, and none can be loaded.

use crate::base::error::Error;
use crate::command::context::{Context, Flow, help};
use crate::command::{Command, Flags, Group, block, flags, string};
use crate::resp::args::Args;

fn list(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    ctx.reply.array(0);
    Ok(Flow::Done)
}

/// What Redis replies as long as `enable-module-command` is `no`, which it always is here.
pub(super) const NOT_ALLOWED: Error = Error::Text(
    "ERR MODULE command not allowed. If the enable-module-command option is set to \"local\", you can run it from a \
     local connection, otherwise you need to set this option in the configuration file, and then restart the \
     server.",
);

fn refused(_: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    Err(NOT_ALLOWED)
}

fn module_help(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    help(&mut ctx.reply, "MODULE", &["LIST", "    The loaded modules, of which there are none."]);
    Ok(Flow::Done)
}

const MODULE: &[Command] = &[
    Command {
        flags: flags::ANYTIME,
        reply: "array of simple-string",
        handler: module_help,
        ..Group::Server.row("HELP", "5.0.0", "Lists the subcommands.")
    },
    Command {
        flags: flags::ADMIN,
        reply: "array",
        handler: list,
        tips: &["nondeterministic_output_order"],
        ..Group::Server.row("LIST", "4.0.0", "Returns the loaded modules, of which there are none.")
    },
    Command {
        flags: flags::ADMIN.and(Flags::NO_ASYNC_LOADING),
        args: &[string("path"), string("arg").optional().multiple()],
        handler: refused,
        ..Group::Server.row("LOAD", "4.0.0", "Fails: there are no modules.")
    },
    Command {
        flags: flags::ADMIN.and(Flags::NO_ASYNC_LOADING),
        args: &[
            string("path"),
            block("configs", &[string("name"), string("value")])
                .after("CONFIG")
                .optional()
                .multiple_with_token(),
            string("args").after("ARGS").optional().multiple(),
        ],
        handler: refused,
        ..Group::Server.row("LOADEX", "7.0.0", "Fails: there are no modules.")
    },
    Command {
        flags: flags::ADMIN.and(Flags::NO_ASYNC_LOADING),
        args: &[string("name")],
        handler: refused,
        ..Group::Server.row("UNLOAD", "4.0.0", "Fails: there are no modules.")
    },
];

pub(crate) const ROWS: &[Command] = &[Command {
    subcommands: MODULE,
    ..Group::Server.row("MODULE", "4.0.0", "Tells that there are no modules.")
}];
