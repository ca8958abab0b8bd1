//! The rows of the command table.

use super::{add, claim, group, info, nack, pending, range, read};
use crate::command::{
    Arg, Begin, Command, Find, Flags, Group, KeySpec, block, integer, key, one_of, string, token, unix_time,
};

const GROWS: Flags = Flags::WRITE.and(Flags::DENYOOM);
const GROWS_FAST: Flags = GROWS.and(Flags::FAST);
const WRITES_FAST: Flags = Flags::WRITE.and(Flags::FAST);
const TELLS: Flags = Flags::LOADING.and(Flags::STALE);

const READS: &[KeySpec] = &[KeySpec::range(1, 0, &["RO", "access"])];
const COUNTS: &[KeySpec] = &[KeySpec::range(1, 0, &["RO"])];
const UPDATES: &[KeySpec] = &[KeySpec::range(1, 0, &["RW", "update"])];
const DELETES: &[KeySpec] = &[KeySpec::range(1, 0, &["RW", "delete"])];
const SUB_READS: &[KeySpec] = &[KeySpec::range(2, 0, &["RO", "access"])];
const SUB_INSERTS: &[KeySpec] = &[KeySpec::range(2, 0, &["RW", "insert"])];
const SUB_UPDATES: &[KeySpec] = &[KeySpec::range(2, 0, &["RW", "update"])];
const SUB_DELETES: &[KeySpec] = &[KeySpec::range(2, 0, &["RW", "delete"])];

const REFERENCES: Arg =
    one_of("condition", &[token("keepref", "KEEPREF"), token("delref", "DELREF"), token("acked", "ACKED")])
        .optional();
const OPERATOR: Arg = one_of("operator", &[token("equal", "="), token("approximately", "~")]).optional();
const STRATEGY: Arg = one_of("strategy", &[token("maxlen", "MAXLEN"), token("minid", "MINID")]);
const TRIM: &[Arg] = &[STRATEGY, OPERATOR, string("threshold"), integer("count").after("LIMIT").optional()];
const IDS: Arg = block("ids", &[integer("numids"), string("id").multiple()]).after("IDS");
const STREAMS: Arg = block("streams", &[key("key").multiple(), string("id").multiple()]).after("STREAMS");
const COUNT: Arg = integer("count").after("COUNT").optional();
const BLOCK: Arg = integer("milliseconds").after("BLOCK").optional();

/// Keys between STREAMS and as many IDs of entries, searched from this index.
const fn stream_keys(from: i32) -> KeySpec {
    KeySpec {
        flags: &["RO", "access"],
        begin: Begin::Keyword("STREAMS", from),
        find: Find::Range { last: -1, step: 1, limit: 2 },
    }
}

/// A row of this file: all are of one group.
const fn row(name: &'static str, since: &'static str, summary: &'static str) -> Command {
    Command { name, group: Group::Stream, since, summary, ..Command::DEFAULT }
}

const XGROUP: &[Command] = &[
    Command {
        flags: GROWS,
        args: &[
            key("key"),
            string("group"),
            one_of("id-selector", &[string("id"), token("new-id", "$")]),
            token("mkstream", "MKSTREAM").optional(),
            integer("entries-read").after("ENTRIESREAD").optional(),
        ],
        handler: group::create,
        keys: Some(SUB_INSERTS),
        ..row(
            "CREATE",
            "5.0.0",
            "Makes a consumer group that has read up to an entry, and the stream if asked to.",
        )
    },
    Command {
        flags: GROWS,
        args: &[key("key"), string("group"), string("consumer")],
        reply: "integer",
        handler: group::create_consumer,
        keys: Some(SUB_INSERTS),
        ..row("CREATECONSUMER", "6.2.0", "Makes a consumer in a group.")
    },
    Command {
        flags: Flags::WRITE,
        args: &[key("key"), string("group"), string("consumer")],
        reply: "integer",
        handler: group::delete_consumer,
        keys: Some(SUB_DELETES),
        ..row("DELCONSUMER", "5.0.0", "Deletes a consumer of a group with what it has not acknowledged.")
    },
    Command {
        complexity: "O(N) in the number of entries that are pending in the group",
        flags: Flags::WRITE,
        args: &[key("key"), string("group")],
        reply: "integer",
        handler: group::destroy,
        keys: Some(SUB_DELETES),
        ..row("DESTROY", "5.0.0", "Deletes a consumer group.")
    },
    Command {
        flags: TELLS,
        reply: "array of simple-string",
        handler: group::group_help,
        ..row("HELP", "5.0.0", "Lists the subcommands.")
    },
    Command {
        flags: Flags::WRITE,
        args: &[
            key("key"),
            string("group"),
            one_of("id-selector", &[string("id"), token("new-id", "$")]),
            integer("entriesread").after("ENTRIESREAD").optional(),
        ],
        handler: group::set_id,
        keys: Some(SUB_UPDATES),
        ..row("SETID", "5.0.0", "Sets up to which entry a group has read.")
    },
];

const XINFO: &[Command] = &[
    Command {
        flags: Flags::READONLY,
        args: &[key("key"), string("group")],
        reply: "array of map of bulk-string to bulk-string or integer",
        handler: info::consumers,
        keys: Some(SUB_READS),
        tips: &["nondeterministic_output"],
        ..row("CONSUMERS", "5.0.0", "Describes the consumers of a group.")
    },
    Command {
        flags: Flags::READONLY,
        args: &[key("key")],
        reply: "array of map of bulk-string to bulk-string, integer or null",
        handler: info::groups,
        keys: Some(SUB_READS),
        ..row("GROUPS", "5.0.0", "Describes the consumer groups of a stream.")
    },
    Command {
        flags: TELLS,
        reply: "array of simple-string",
        handler: info::info_help,
        ..row("HELP", "5.0.0", "Lists the subcommands.")
    },
    Command {
        complexity: "O(N) in the number of chunks that hold the entries",
        flags: Flags::READONLY,
        args: &[
            key("key"),
            block("full-block", &[token("full", "FULL"), integer("count").after("COUNT").optional()])
                .optional(),
        ],
        reply: "map of bulk-string to any",
        handler: info::stream,
        keys: Some(SUB_READS),
        ..row("STREAM", "5.0.0", "Describes a stream, with FULL also its entries and groups.")
    },
];

pub(crate) const ROWS: &[Command] = &[
    Command {
        complexity: "O(log(N)) per entry with N pending ones",
        flags: WRITES_FAST,
        args: &[key("key"), string("group"), string("id").multiple()],
        reply: "integer",
        handler: claim::xack,
        keys: Some(UPDATES),
        ..row("XACK", "5.0.0", "Acknowledges entries of a group and returns how many were pending.")
    },
    Command {
        complexity: "O(log(N)) per entry",
        flags: WRITES_FAST,
        args: &[key("key"), string("group"), REFERENCES, IDS],
        reply: "array of integer",
        handler: range::xackdel,
        keys: Some(UPDATES),
        ..row(
            "XACKDEL",
            "8.2.0",
            "Acknowledges entries of a group and deletes them, if other groups allow it.",
        )
    },
    Command {
        complexity: "O(1), and O(N) when N entries are trimmed",
        flags: GROWS_FAST,
        args: &[
            key("key"),
            token("nomkstream", "NOMKSTREAM").optional(),
            REFERENCES,
            block("trim", TRIM).optional(),
            one_of("id-selector", &[token("auto-id", "*"), string("id")]),
            block("data", &[string("field"), string("value")]).multiple(),
        ],
        reply: "bulk-string | null",
        handler: add::xadd,
        keys: Some(UPDATES),
        tips: &["nondeterministic_output"],
        ..row("XADD", "5.0.0", "Appends an entry to a stream; the key is created when it does not exist.")
    },
    Command {
        complexity: "O(log(N)) per entry with N pending ones",
        flags: WRITES_FAST,
        args: &[
            key("key"),
            string("group"),
            string("consumer"),
            string("min-idle-time"),
            string("start"),
            COUNT,
            token("justid", "JUSTID").optional(),
        ],
        reply: "[next: bulk-string, claimed: array, deleted: array of bulk-string]",
        handler: claim::xautoclaim,
        keys: Some(DELETES),
        tips: &["nondeterministic_output"],
        ..row(
            "XAUTOCLAIM",
            "6.2.0",
            "Gives a consumer what others of its group have not acknowledged for long.",
        )
    },
    Command {
        complexity: "O(log(N)) per entry with N pending ones",
        flags: WRITES_FAST,
        args: &[
            key("key"),
            string("group"),
            string("consumer"),
            string("min-idle-time"),
            string("id").multiple(),
            integer("ms").after("IDLE").optional(),
            unix_time("unix-time-milliseconds").after("TIME").optional(),
            integer("count").after("RETRYCOUNT").optional(),
            token("force", "FORCE").optional(),
            token("justid", "JUSTID").optional(),
            string("lastid").after("LASTID").optional(),
        ],
        reply: "array",
        handler: claim::xclaim,
        keys: Some(UPDATES),
        tips: &["nondeterministic_output"],
        ..row("XCLAIM", "5.0.0", "Gives a consumer entries that are pending for others of its group.")
    },
    Command {
        complexity: "O(log(N)) per entry",
        flags: WRITES_FAST,
        args: &[key("key"), string("id").multiple()],
        reply: "integer",
        handler: range::xdel,
        keys: Some(DELETES),
        ..row("XDEL", "5.0.0", "Deletes entries of a stream and returns how many were there.")
    },
    Command {
        complexity: "O(log(N)) per entry",
        flags: WRITES_FAST,
        args: &[key("key"), REFERENCES, IDS],
        reply: "array of integer",
        handler: range::xdelex,
        keys: Some(DELETES),
        ..row(
            "XDELEX",
            "8.2.0",
            "Deletes entries of a stream, if the groups allow it, and tells what became of each.",
        )
    },
    Command {
        complexity: "Depends on the subcommand.",
        subcommands: XGROUP,
        ..row("XGROUP", "5.0.0", "Commands about the consumer groups of streams.")
    },
    Command {
        complexity: "Depends on the subcommand.",
        subcommands: XINFO,
        ..row("XINFO", "5.0.0", "Commands that describe streams.")
    },
    Command {
        flags: Flags::READONLY.and(Flags::FAST),
        args: &[key("key")],
        reply: "integer",
        handler: range::xlen,
        keys: Some(COUNTS),
        ..row("XLEN", "5.0.0", "Returns how many entries a stream has.")
    },
    Command {
        complexity: "O(log(N)) per entry with N pending ones",
        flags: WRITES_FAST,
        args: &[
            key("key"),
            string("group"),
            one_of("mode", &[token("silent", "SILENT"), token("fail", "FAIL"), token("fatal", "FATAL")]),
            IDS,
            integer("count").after("RETRYCOUNT").optional(),
            token("force", "FORCE").optional(),
        ],
        reply: "integer",
        handler: nack::xnack,
        keys: Some(UPDATES),
        ..row(
            "XNACK",
            "8.8.0",
            "Gives pending entries of a group back, so that others can take them at once.",
        )
    },
    Command {
        complexity: "O(N) with N entries looked at; O(1) for the summary of few consumers",
        flags: Flags::READONLY,
        args: &[
            key("key"),
            string("group"),
            block(
                "filters",
                &[
                    integer("min-idle-time").after("IDLE").optional(),
                    string("start"),
                    string("end"),
                    integer("count"),
                    string("consumer").optional(),
                ],
            )
            .optional(),
        ],
        reply: "array",
        handler: pending::xpending,
        keys: Some(READS),
        tips: &["nondeterministic_output"],
        ..row("XPENDING", "5.0.0", "Tells which entries of a group are delivered and not acknowledged.")
    },
    Command {
        complexity: "O(log(N)+M) with N entries and M of them returned",
        flags: Flags::READONLY,
        args: &[key("key"), string("start"), string("end"), COUNT],
        reply: "array | null",
        handler: range::xrange,
        keys: Some(READS),
        ..row("XRANGE", "5.0.0", "Returns the entries of a range of IDs.")
    },
    Command {
        complexity: "O(log(N)+M) per stream with N entries and M of them returned",
        flags: Flags::READONLY.and(Flags::BLOCKING).and(Flags::MOVABLEKEYS),
        args: &[COUNT, BLOCK, STREAMS],
        reply: "map of bulk-string to array | null",
        handler: read::xread,
        arity: Some(-4),
        keys: Some(&[stream_keys(1)]),
        keys_of: Some(read::keys_of_xread),
        ..row(
            "XREAD",
            "5.0.0",
            "Returns the entries of streams after given ones, and waits for some if asked to.",
        )
    },
    Command {
        complexity: "O(log(N)+M) per stream with N entries and M of them returned",
        flags: Flags::WRITE.and(Flags::BLOCKING).and(Flags::MOVABLEKEYS),
        args: &[
            block("group-block", &[string("group"), string("consumer")]).after("GROUP"),
            COUNT,
            BLOCK,
            integer("min-idle-time").after("CLAIM").optional(),
            token("noack", "NOACK").optional(),
            STREAMS,
        ],
        reply: "map of bulk-string to array | null",
        handler: read::xreadgroup,
        arity: Some(-7),
        keys: Some(&[stream_keys(4)]),
        keys_of: Some(read::keys_of_xreadgroup),
        ..row(
            "XREADGROUP",
            "5.0.0",
            "Returns entries that no consumer of a group got before, or those of one that it has not acknowledged.",
        )
    },
    Command {
        complexity: "O(log(N)+M) with N entries and M of them returned",
        flags: Flags::READONLY,
        args: &[key("key"), string("end"), string("start"), COUNT],
        reply: "array | null",
        handler: range::xrevrange,
        keys: Some(READS),
        ..row("XREVRANGE", "5.0.0", "Returns the entries of a range of IDs, the last one first.")
    },
    Command {
        flags: GROWS_FAST,
        args: &[
            key("key"),
            string("last-id"),
            integer("entries-added").after("ENTRIESADDED").optional(),
            string("max-deleted-id").after("MAXDELETEDID").optional(),
        ],
        handler: range::xsetid,
        keys: Some(UPDATES),
        ..row(
            "XSETID",
            "5.0.0",
            "Sets the last ID that a stream has given, as a client does that rebuilds a stream.",
        )
    },
    Command {
        complexity: "O(N) with N entries deleted",
        flags: Flags::WRITE,
        args: &[key("key"), block("trim", TRIM), REFERENCES],
        reply: "integer",
        handler: add::xtrim,
        keys: Some(DELETES),
        tips: &["nondeterministic_output"],
        ..row("XTRIM", "5.0.0", "Deletes the oldest entries of a stream, down to a number or up to an ID.")
    },
];
