//! The commands of sets.

mod algebra;
mod members;
mod random;

use crate::command::{Command, Flags, Group, KeySpec, integer, key, pattern, string, token};

const READ: Flags = Flags::READONLY;
const READ_FAST: Flags = Flags::READONLY.and(Flags::FAST);
const WRITE_FAST: Flags = Flags::WRITE.and(Flags::FAST);
const GROW: Flags = Flags::WRITE.and(Flags::DENYOOM);
const GROW_FAST: Flags = GROW.and(Flags::FAST);

// What a command does to its keys, where that is not what its flags imply.
const LOOKED_AT: [KeySpec; 1] = [KeySpec::range(1, 0, &["RO"])];
const INSERTED: [KeySpec; 1] = [KeySpec::range(1, 0, &["RW", "insert"])];
const DELETED: [KeySpec; 1] = [KeySpec::range(1, 0, &["RW", "delete"])];
const POPPED: [KeySpec; 1] = [KeySpec::range(1, 0, &["RW", "access", "delete"])];
const MOVED: [KeySpec; 2] =
    [KeySpec::range(1, 0, &["RW", "access", "delete"]), KeySpec::range(2, 0, &["RW", "insert"])];
const STORED: [KeySpec; 2] =
    [KeySpec::range(1, 0, &["OW", "update"]), KeySpec::range(2, -1, &["RO", "access"])];
const INTERSECTION_STORED: [KeySpec; 2] =
    [KeySpec::range(1, 0, &["RW", "update"]), KeySpec::range(2, -1, &["RO", "access"])];

pub(crate) const ROWS: &[Command] = &[
    Command {
        name: "SADD",
        keys: Some(&INSERTED),
        group: Group::Set,
        complexity: "O(N) where N is the number of members given.",
        summary: "Adds members to a set, and returns how many are new.",
        flags: GROW_FAST,
        args: &[key("key"), string("member").multiple()],
        reply: "integer",
        handler: members::sadd,
        ..Command::DEFAULT
    },
    Command {
        name: "SCARD",
        keys: Some(&LOOKED_AT),
        group: Group::Set,
        summary: "Returns the number of members of a set.",
        flags: READ_FAST,
        args: &[key("key")],
        reply: "integer",
        handler: members::scard,
        ..Command::DEFAULT
    },
    Command {
        name: "SDIFF",
        group: Group::Set,
        complexity: "O(N*M) where N is the size of the first set and M the number of sets.",
        summary: "Returns the members of the first set that no other set has.",
        flags: READ,
        args: &[key("key").multiple()],
        reply: "set of bulk-string",
        handler: algebra::sdiff,
        tips: &["nondeterministic_output_order"],
        ..Command::DEFAULT
    },
    Command {
        name: "SDIFFCARD",
        group: Group::Set,
        since: "8.10.0",
        complexity: "O(N*M) where N is the size of the first set and M the number of sets.",
        summary: "Returns the number of members of the first set that no other set has, counted up to a limit.",
        flags: READ.and(Flags::MOVABLEKEYS),
        args: &[integer("numkeys"), key("key").multiple(), integer("limit").after("LIMIT").optional()],
        reply: "integer",
        handler: algebra::sdiffcard,
        ..Command::DEFAULT
    },
    Command {
        name: "SDIFFSTORE",
        keys: Some(&STORED),
        group: Group::Set,
        complexity: "O(N*M) where N is the size of the first set and M the number of sets.",
        summary: "Stores the members of the first set that no other set has, and returns their number.",
        flags: GROW,
        args: &[key("destination"), key("key").multiple()],
        reply: "integer",
        handler: algebra::sdiffstore,
        ..Command::DEFAULT
    },
    Command {
        name: "SINTER",
        group: Group::Set,
        complexity: "O(N*M) where N is the size of the smallest set and M the number of sets.",
        summary: "Returns the members that all sets have.",
        flags: READ,
        args: &[key("key").multiple()],
        reply: "set of bulk-string",
        handler: algebra::sinter,
        tips: &["nondeterministic_output_order"],
        ..Command::DEFAULT
    },
    Command {
        name: "SINTERCARD",
        group: Group::Set,
        since: "7.0.0",
        complexity: "O(N*M) where N is the size of the smallest set and M the number of sets.",
        summary: "Returns the number of members that all sets have, counted up to a limit.",
        flags: READ.and(Flags::MOVABLEKEYS),
        args: &[integer("numkeys"), key("key").multiple(), integer("limit").after("LIMIT").optional()],
        reply: "integer",
        handler: algebra::sintercard,
        ..Command::DEFAULT
    },
    Command {
        name: "SINTERSTORE",
        keys: Some(&INTERSECTION_STORED),
        group: Group::Set,
        complexity: "O(N*M) where N is the size of the smallest set and M the number of sets.",
        summary: "Stores the members that all sets have, and returns their number.",
        flags: GROW,
        args: &[key("destination"), key("key").multiple()],
        reply: "integer",
        handler: algebra::sinterstore,
        ..Command::DEFAULT
    },
    Command {
        name: "SISMEMBER",
        keys: Some(&LOOKED_AT),
        group: Group::Set,
        summary: "Tells whether a set has a member.",
        flags: READ_FAST,
        args: &[key("key"), string("member")],
        reply: "integer",
        handler: members::sismember,
        ..Command::DEFAULT
    },
    Command {
        name: "SMEMBERS",
        group: Group::Set,
        complexity: "O(N) where N is the size of the set.",
        summary: "Returns all members of a set.",
        flags: READ,
        args: &[key("key")],
        reply: "set of bulk-string",
        handler: members::smembers,
        tips: &["nondeterministic_output_order"],
        ..Command::DEFAULT
    },
    Command {
        name: "SMISMEMBER",
        group: Group::Set,
        since: "6.2.0",
        complexity: "O(N) where N is the number of members given.",
        summary: "Tells for each of several members whether a set has it.",
        flags: READ_FAST,
        args: &[key("key"), string("member").multiple()],
        reply: "array of integer",
        handler: members::smismember,
        ..Command::DEFAULT
    },
    Command {
        name: "SMOVE",
        keys: Some(&MOVED),
        group: Group::Set,
        summary: "Moves a member from one set to another.",
        flags: WRITE_FAST,
        args: &[key("source"), key("destination"), string("member")],
        reply: "integer",
        handler: members::smove,
        ..Command::DEFAULT
    },
    Command {
        name: "SPOP",
        keys: Some(&POPPED),
        group: Group::Set,
        complexity: "O(1) without a count, otherwise O(N) where N is the count.",
        summary: "Removes and returns one random member of a set, or several.",
        flags: WRITE_FAST,
        args: &[key("key"), integer("count").optional()],
        reply: "bulk-string | null | set of bulk-string",
        handler: random::spop,
        tips: &["nondeterministic_output"],
        ..Command::DEFAULT
    },
    Command {
        name: "SRANDMEMBER",
        group: Group::Set,
        complexity: "O(1) without a count, otherwise O(N) where N is the count's amount.",
        summary: "Returns one random member of a set, or several; a negative count allows repeated ones.",
        flags: READ,
        args: &[key("key"), integer("count").optional()],
        reply: "bulk-string | null | array of bulk-string",
        handler: random::srandmember,
        tips: &["nondeterministic_output"],
        ..Command::DEFAULT
    },
    Command {
        name: "SREM",
        keys: Some(&DELETED),
        group: Group::Set,
        complexity: "O(N) where N is the number of members given.",
        summary: "Removes members from a set; the key goes with the last one.",
        flags: WRITE_FAST,
        args: &[key("key"), string("member").multiple()],
        reply: "integer",
        handler: members::srem,
        ..Command::DEFAULT
    },
    Command {
        name: "SSCAN",
        group: Group::Set,
        since: "2.8.0",
        complexity: "O(1) for each call, O(N) for a whole round, where N is the size of the set.",
        summary: "Walks through the members of a set step by step.",
        flags: READ,
        args: &[
            key("key"),
            integer("cursor"),
            pattern("pattern").after("MATCH").optional(),
            integer("count").after("COUNT").optional(),
        ],
        reply: "array of cursor and array of bulk-string",
        handler: members::sscan,
        tips: &["nondeterministic_output"],
        ..Command::DEFAULT
    },
    Command {
        name: "SUNION",
        group: Group::Set,
        complexity: "O(N) where N is the number of members of all sets together.",
        summary: "Returns the members that any of the sets has.",
        flags: READ,
        args: &[key("key").multiple()],
        reply: "set of bulk-string",
        handler: algebra::sunion,
        tips: &["nondeterministic_output_order"],
        ..Command::DEFAULT
    },
    Command {
        name: "SUNIONCARD",
        group: Group::Set,
        since: "8.10.0",
        complexity: "O(N) where N is the number of members of all sets together.",
        summary: "Returns or estimates the number of members that any of the sets has, counted up to a limit.",
        flags: READ.and(Flags::MOVABLEKEYS),
        args: &[
            integer("numkeys"),
            key("key").multiple(),
            token("approx", "APPROX").optional(),
            integer("limit").after("LIMIT").optional(),
        ],
        reply: "integer",
        handler: algebra::sunioncard,
        ..Command::DEFAULT
    },
    Command {
        name: "SUNIONSTORE",
        keys: Some(&STORED),
        group: Group::Set,
        complexity: "O(N) where N is the number of members of all sets together.",
        summary: "Stores the members that any of the sets has, and returns their number.",
        flags: GROW,
        args: &[key("destination"), key("key").multiple()],
        reply: "integer",
        handler: algebra::sunionstore,
        ..Command::DEFAULT
    },
];
