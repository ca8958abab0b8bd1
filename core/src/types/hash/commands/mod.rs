//! The commands of hashes.

mod combined;
mod deadlines;
mod read;
mod timed_rows;
mod write;

use crate::command::{
    Arg, Command, Flags, Group, KeySpec, block, double, integer, key, pattern, string, token,
};

pub(crate) use timed_rows::TIMED_ROWS;

const READ: Flags = Flags::READONLY;
const READ_FAST: Flags = Flags::READONLY.and(Flags::FAST);
const WRITE_FAST: Flags = Flags::WRITE.and(Flags::FAST);
const GROW_FAST: Flags = WRITE_FAST.and(Flags::DENYOOM);

/// Fields with their values.
const FIELD_VALUES: Arg = block("data", &[string("field"), string("value")]).multiple();

// What a command does to its key, where that is not what its flags imply.
const LOOKED_AT: [KeySpec; 1] = the_key(&["RO"]);
const UPDATED: [KeySpec; 1] = the_key(&["RW", "update"]);
const INSERTED: [KeySpec; 1] = the_key(&["RW", "insert"]);
const DELETED: [KeySpec; 1] = the_key(&["RW", "delete"]);

const fn the_key(flags: &'static [&'static str]) -> [KeySpec; 1] {
    [KeySpec::range(1, 0, flags)]
}

pub(crate) const ROWS: &[Command] = &[
    Command {
        name: "HDEL",
        keys: Some(&DELETED),
        group: Group::Hash,
        since: "2.0.0",
        complexity: "O(N) where N is the number of fields given.",
        summary: "Removes fields from a hash; the key goes with the last one.",
        flags: WRITE_FAST,
        args: &[key("key"), string("field").multiple()],
        reply: "integer",
        handler: write::hdel,
        ..Command::DEFAULT
    },
    Command {
        name: "HEXISTS",
        keys: Some(&LOOKED_AT),
        group: Group::Hash,
        since: "2.0.0",
        summary: "Tells whether a hash has a field.",
        flags: READ_FAST,
        args: &[key("key"), string("field")],
        reply: "integer",
        handler: read::hexists,
        ..Command::DEFAULT
    },
    Command {
        name: "HGET",
        group: Group::Hash,
        since: "2.0.0",
        summary: "Returns the value of a field of a hash.",
        flags: READ_FAST,
        args: &[key("key"), string("field")],
        reply: "bulk-string | null",
        handler: read::hget,
        ..Command::DEFAULT
    },
    Command {
        name: "HGETALL",
        group: Group::Hash,
        since: "2.0.0",
        complexity: "O(N) where N is the size of the hash.",
        summary: "Returns all fields of a hash with their values.",
        flags: READ,
        args: &[key("key")],
        reply: "map of bulk-string to bulk-string",
        handler: read::hgetall,
        tips: &["nondeterministic_output_order"],
        ..Command::DEFAULT
    },
    Command {
        name: "HINCRBY",
        group: Group::Hash,
        since: "2.0.0",
        summary: "Adds to the integer in a field of a hash; a missing field counts as 0.",
        flags: GROW_FAST,
        args: &[key("key"), string("field"), integer("increment")],
        reply: "integer",
        handler: write::hincrby,
        ..Command::DEFAULT
    },
    Command {
        name: "HINCRBYFLOAT",
        group: Group::Hash,
        since: "2.6.0",
        summary: "Adds to the floating-point number in a field of a hash; a missing field counts as 0.",
        flags: GROW_FAST,
        args: &[key("key"), string("field"), double("increment")],
        reply: "bulk-string",
        handler: write::hincrbyfloat,
        ..Command::DEFAULT
    },
    Command {
        name: "HKEYS",
        group: Group::Hash,
        since: "2.0.0",
        complexity: "O(N) where N is the size of the hash.",
        summary: "Returns all fields of a hash.",
        flags: READ,
        args: &[key("key")],
        reply: "array of bulk-string",
        handler: read::hkeys,
        tips: &["nondeterministic_output_order"],
        ..Command::DEFAULT
    },
    Command {
        name: "HLEN",
        keys: Some(&LOOKED_AT),
        group: Group::Hash,
        since: "2.0.0",
        summary: "Returns the number of fields of a hash.",
        flags: READ_FAST,
        args: &[key("key")],
        reply: "integer",
        handler: read::hlen,
        ..Command::DEFAULT
    },
    Command {
        name: "HMGET",
        group: Group::Hash,
        since: "2.0.0",
        complexity: "O(N) where N is the number of fields given.",
        summary: "Returns the values of several fields of a hash.",
        flags: READ_FAST,
        args: &[key("key"), string("field").multiple()],
        reply: "array of bulk-string or null",
        handler: read::hmget,
        ..Command::DEFAULT
    },
    Command {
        name: "HMSET",
        keys: Some(&UPDATED),
        group: Group::Hash,
        since: "2.0.0",
        complexity: "O(N) where N is the number of fields given.",
        summary: "Sets several fields of a hash.",
        flags: GROW_FAST,
        args: &[key("key"), FIELD_VALUES],
        reply: "simple-string",
        handler: write::hmset,
        deprecated: Some(("4.0.0", "`HSET` with multiple field-value pairs")),
        ..Command::DEFAULT
    },
    Command {
        name: "HRANDFIELD",
        group: Group::Hash,
        since: "6.2.0",
        complexity: "O(N) where N is the number of fields returned.",
        summary: "Returns one random field of a hash, or several; a negative count allows repeated ones.",
        flags: READ,
        args: &[
            key("key"),
            block("options", &[integer("count"), token("withvalues", "WITHVALUES").optional()]).optional(),
        ],
        reply: "bulk-string | null | array of bulk-string | array of pairs of bulk-string",
        handler: read::hrandfield,
        tips: &["nondeterministic_output"],
        ..Command::DEFAULT
    },
    Command {
        name: "HSCAN",
        group: Group::Hash,
        since: "2.8.0",
        complexity: "O(1) for each call, O(N) for a whole round, where N is the size of the hash.",
        summary: "Walks through the fields of a hash step by step.",
        flags: READ,
        args: &[
            key("key"),
            integer("cursor"),
            pattern("pattern").after("MATCH").optional(),
            integer("count").after("COUNT").optional(),
            token("novalues", "NOVALUES").optional(),
        ],
        reply: "array of cursor and array of bulk-string",
        handler: read::hscan,
        tips: &["nondeterministic_output"],
        ..Command::DEFAULT
    },
    Command {
        name: "HSET",
        keys: Some(&UPDATED),
        group: Group::Hash,
        since: "2.0.0",
        complexity: "O(N) where N is the number of fields given.",
        summary: "Sets fields of a hash, and returns how many are new.",
        flags: GROW_FAST,
        args: &[key("key"), FIELD_VALUES],
        reply: "integer",
        handler: write::hset,
        ..Command::DEFAULT
    },
    Command {
        name: "HSETNX",
        keys: Some(&INSERTED),
        group: Group::Hash,
        since: "2.0.0",
        summary: "Sets a field of a hash only when it does not exist.",
        flags: GROW_FAST,
        args: &[key("key"), string("field"), string("value")],
        reply: "integer",
        handler: write::hsetnx,
        ..Command::DEFAULT
    },
    Command {
        name: "HSTRLEN",
        keys: Some(&LOOKED_AT),
        group: Group::Hash,
        since: "3.2.0",
        summary: "Returns the length of the value of a field of a hash.",
        flags: READ_FAST,
        args: &[key("key"), string("field")],
        reply: "integer",
        handler: read::hstrlen,
        ..Command::DEFAULT
    },
    Command {
        name: "HVALS",
        group: Group::Hash,
        since: "2.0.0",
        complexity: "O(N) where N is the size of the hash.",
        summary: "Returns the values of all fields of a hash.",
        flags: READ,
        args: &[key("key")],
        reply: "array of bulk-string",
        handler: read::hvals,
        tips: &["nondeterministic_output_order"],
        ..Command::DEFAULT
    },
];
