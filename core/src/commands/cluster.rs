//! CLUSTER and its kin, as a server that is no part of a cluster answers.

use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Arg, Command, Flags, Group, block, flags, integer, one_of, string, token};
use crate::resp::args::Args;

fn disabled(_: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    Err(Error::Text("ERR This instance has cluster support disabled"))
}

const READ: Flags = Flags::STALE;
const ADMIN: Flags = Flags::ADMIN.and(Flags::STALE);
const CHANGE: Flags = ADMIN.and(Flags::NO_ASYNC_LOADING);
const OPEN: &[&str] = &["nondeterministic_output"];

/// A command that fails.
const fn failing(name: &'static str, since: &'static str, flags: Flags) -> Command {
    Command {
        flags,
        handler: disabled,
        ..Group::Cluster.row(name, since, "Fails: the server is no part of a cluster.")
    }
}

/// A subcommand with so many arguments, or at least so many when negative, its names included.
const fn own(name: &'static str, since: &'static str, flags: Flags, arity: i32) -> Command {
    Command { arity: Some(arity), ..failing(name, since, flags) }
}

const RANGES: &[Arg] = &[block("range", &[integer("start-slot"), integer("end-slot")]).multiple()];

const CLUSTER: &[Command] = &[
    Command { args: &[integer("slot").multiple()], ..failing("ADDSLOTS", "3.0.0", CHANGE) },
    Command { args: RANGES, ..failing("ADDSLOTSRANGE", "7.0.0", CHANGE) },
    Command { tips: OPEN, ..own("BUMPEPOCH", "3.0.0", CHANGE, 2) },
    Command { tips: OPEN, args: &[string("node-id")], ..failing("COUNT-FAILURE-REPORTS", "3.0.0", ADMIN) },
    Command { args: &[integer("slot")], ..failing("COUNTKEYSINSLOT", "3.0.0", READ) },
    Command { args: &[integer("slot").multiple()], ..failing("DELSLOTS", "3.0.0", CHANGE) },
    Command { args: RANGES, ..failing("DELSLOTSRANGE", "7.0.0", CHANGE) },
    Command {
        args: &[one_of("options", &[token("force", "FORCE"), token("takeover", "TAKEOVER")]).optional()],
        ..failing("FAILOVER", "3.0.0", CHANGE)
    },
    own("FLUSHSLOTS", "3.0.0", CHANGE, 2),
    Command { args: &[string("node-id")], ..failing("FORGET", "3.0.0", CHANGE) },
    Command {
        tips: OPEN,
        args: &[integer("slot"), integer("count")],
        ..failing("GETKEYSINSLOT", "3.0.0", READ)
    },
    own("HELP", "5.0.0", Flags::LOADING.and(Flags::STALE), 2),
    Command { tips: OPEN, ..own("INFO", "3.0.0", READ, 2) },
    Command { args: &[string("key")], ..failing("KEYSLOT", "3.0.0", READ) },
    Command { tips: OPEN, ..own("LINKS", "7.0.0", READ, 2) },
    Command {
        args: &[string("ip"), integer("port"), integer("cluster-bus-port").optional().since("4.0.0")],
        ..failing("MEET", "3.0.0", CHANGE)
    },
    own("MIGRATION", "8.4.0", CHANGE, -4),
    own("MYID", "3.0.0", READ, 2),
    Command { tips: OPEN, ..own("MYSHARDID", "7.2.0", READ, 2) },
    Command { tips: OPEN, ..own("NODES", "3.0.0", READ, 2) },
    Command { tips: OPEN, args: &[string("node-id")], ..failing("REPLICAS", "5.0.0", ADMIN) },
    Command { args: &[string("node-id")], ..failing("REPLICATE", "3.0.0", CHANGE) },
    Command {
        args: &[one_of("reset-type", &[token("hard", "HARD"), token("soft", "SOFT")]).optional()],
        ..failing("RESET", "3.0.0", ADMIN.and(Flags::NOSCRIPT))
    },
    own("SAVECONFIG", "3.0.0", CHANGE, 2),
    Command { args: &[integer("config-epoch")], ..failing("SET-CONFIG-EPOCH", "3.0.0", CHANGE) },
    Command {
        args: &[
            integer("slot"),
            one_of(
                "subcommand",
                &[
                    string("importing").after("IMPORTING"),
                    string("migrating").after("MIGRATING"),
                    string("node").after("NODE"),
                    token("stable", "STABLE"),
                ],
            ),
        ],
        ..failing("SETSLOT", "3.0.0", CHANGE)
    },
    Command { tips: OPEN, ..own("SHARDS", "7.0.0", READ.and(Flags::LOADING), 2) },
    Command {
        tips: OPEN,
        deprecated: Some(("5.0.0", "`CLUSTER REPLICAS`")),
        args: &[string("node-id")],
        ..failing("SLAVES", "3.0.0", ADMIN)
    },
    Command { tips: OPEN, ..own("SLOT-STATS", "8.2.0", READ.and(Flags::LOADING), -4) },
    Command {
        tips: OPEN,
        deprecated: Some(("7.0.0", "`CLUSTER SHARDS`")),
        ..own("SLOTS", "3.0.0", READ.and(Flags::LOADING), 2)
    },
    own("SYNCSLOTS", "8.4.0", CHANGE, -3),
];

pub(crate) const ROWS: &[Command] = &[
    Command { categories: &["connection"], ..failing("ASKING", "3.0.0", Flags::FAST) },
    Command {
        subcommands: CLUSTER,
        ..Group::Cluster.row("CLUSTER", "3.0.0", "All subcommands fail: the server is no part of a cluster.")
    },
    Command { categories: &["connection"], ..failing("READONLY", "3.0.0", flags::ANYTIME.and(Flags::FAST)) },
    Command { categories: &["connection"], ..failing("READWRITE", "3.0.0", flags::ANYTIME.and(Flags::FAST)) },
];
