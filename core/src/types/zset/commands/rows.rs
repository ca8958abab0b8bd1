//! The rows of the command table.

use super::{combine, members, pop, range, visit};
use crate::command::{
    Arg, Begin, Command, Find, Flags, Group, KeySpec, block, double, integer, key, one_of, pattern, string,
    token,
};

const GROWS: Flags = Flags::WRITE.and(Flags::DENYOOM);
const GROWS_FAST: Flags = GROWS.and(Flags::FAST);
const READS_FAST: Flags = Flags::READONLY.and(Flags::FAST);
const WAITS: Flags = Flags::WRITE.and(Flags::NOSCRIPT).and(Flags::BLOCKING).and(Flags::FAST);

const READS: &[&str] = &["RO", "access"];
const TAKES: &[&str] = &["RW", "access", "delete"];
const DELETES: &[&str] = &["RW", "delete"];
const UPDATES: &[&str] = &["RW", "update"];
const CHANGES: &[&str] = &["RW", "access", "update"];
const OVERWRITES: &[&str] = &["OW", "update"];

const END: Arg = one_of("where", &[token("min", "MIN"), token("max", "MAX")]);
const LIMIT: Arg = block("limit", &[integer("offset"), integer("count")]).after("LIMIT").optional();
const WITH_SCORES: Arg = token("withscores", "WITHSCORES").optional();
const WEIGHTS: Arg = integer("weight").after("WEIGHTS").multiple().optional();
const AGGREGATE: Arg = one_of("aggregate", &[token("sum", "SUM"), token("min", "MIN"), token("max", "MAX")])
    .after("AGGREGATE")
    .optional();

/// One key at this index of the request.
const fn key_at(flags: &'static [&'static str], at: usize) -> KeySpec {
    keys_to(flags, at, 0)
}

/// Keys from an index of the request to another one, counted from the first or from the request's end.
const fn keys_to(flags: &'static [&'static str], at: usize, last: i32) -> KeySpec {
    KeySpec { flags, begin: Begin::Index(at), find: Find::Range { last, step: 1, limit: 0 } }
}

/// Keys behind their number, which stands at this index of the request.
const fn counted_keys(flags: &'static [&'static str], at: usize) -> KeySpec {
    KeySpec { flags, begin: Begin::Index(at), find: Find::KeyNum { count: 0, first: 1, step: 1 } }
}

/// A row of this file: all are of one group.
const fn row(name: &'static str, summary: &'static str) -> Command {
    Command { name, group: Group::SortedSet, summary, ..Command::DEFAULT }
}

pub(crate) const ROWS: &[Command] = &[
    Command {
        since: "7.0.0",
        complexity: "O(K) + O(M*log(N)) with K keys, N members and M of them popped",
        flags: Flags::WRITE.and(Flags::BLOCKING).and(Flags::MOVABLEKEYS),
        args: &[
            double("timeout"),
            integer("numkeys"),
            key("key").multiple(),
            END,
            integer("count").after("COUNT").optional(),
        ],
        reply: "array of key and array of array of bulk-string and double | null",
        handler: pop::bzmpop,
        keys: Some(&[counted_keys(TAKES, 2)]),
        ..row(
            "BZMPOP",
            "Pops members from the first sorted set that is not empty; waits for one if there is none.",
        )
    },
    Command {
        since: "5.0.0",
        complexity: "O(log(N)) with N members",
        flags: WAITS,
        args: &[key("key").multiple(), double("timeout")],
        reply: "array of key and bulk-string and double | null",
        handler: pop::bzpopmax,
        keys: Some(&[keys_to(TAKES, 1, -2)]),
        ..row(
            "BZPOPMAX",
            "Pops the member with the greatest score from the first sorted set that is not empty; waits for one if there is none.",
        )
    },
    Command {
        since: "5.0.0",
        complexity: "O(log(N)) with N members",
        flags: WAITS,
        args: &[key("key").multiple(), double("timeout")],
        reply: "array of key and bulk-string and double | null",
        handler: pop::bzpopmin,
        keys: Some(&[keys_to(TAKES, 1, -2)]),
        ..row(
            "BZPOPMIN",
            "Pops the member with the least score from the first sorted set that is not empty; waits for one if there is none.",
        )
    },
    Command {
        since: "1.2.0",
        complexity: "O(log(N)) for each member added, with N members",
        flags: GROWS_FAST,
        args: &[
            key("key"),
            one_of("condition", &[token("nx", "NX"), token("xx", "XX")]).optional(),
            one_of("comparison", &[token("gt", "GT"), token("lt", "LT")]).optional(),
            token("change", "CH").optional(),
            token("increment", "INCR").optional(),
            block("data", &[double("score"), string("member")]).multiple(),
        ],
        reply: "integer | double | null",
        handler: members::zadd,
        keys: Some(&[key_at(UPDATES, 1)]),
        ..row(
            "ZADD",
            "Adds members to a sorted set or changes their scores; the key is created when it does not exist.",
        )
    },
    Command {
        since: "1.2.0",
        flags: READS_FAST,
        args: &[key("key")],
        reply: "integer",
        handler: members::zcard,
        keys: Some(&[key_at(&["RO"], 1)]),
        ..row("ZCARD", "Returns the number of members of a sorted set.")
    },
    Command {
        since: "2.0.0",
        complexity: "O(log(N)) with N members",
        flags: READS_FAST,
        args: &[key("key"), double("min"), double("max")],
        reply: "integer",
        handler: range::zcount,
        keys: Some(&[key_at(READS, 1)]),
        ..row("ZCOUNT", "Counts the members with scores in a range.")
    },
    Command {
        since: "6.2.0",
        complexity: "O(L + (N-K)*log(N)) with L members in all inputs, N in the first and K in the result",
        flags: Flags::READONLY.and(Flags::MOVABLEKEYS),
        args: &[integer("numkeys"), key("key").multiple(), WITH_SCORES],
        reply: "array of bulk-string | array of bulk-string and double",
        handler: combine::zdiff,
        keys: Some(&[counted_keys(READS, 1)]),
        ..row("ZDIFF", "Returns the members of the first sorted set that are in none of the others.")
    },
    Command {
        since: "6.2.0",
        complexity: "O(L + (N-K)*log(N)) with L members in all inputs, N in the first and K in the result",
        flags: GROWS.and(Flags::MOVABLEKEYS),
        args: &[key("destination"), integer("numkeys"), key("key").multiple()],
        reply: "integer",
        handler: combine::zdiffstore,
        keys: Some(&[key_at(OVERWRITES, 1), counted_keys(READS, 2)]),
        ..row("ZDIFFSTORE", "Stores the members of the first sorted set that are in none of the others.")
    },
    Command {
        since: "1.2.0",
        complexity: "O(log(N)) with N members",
        flags: GROWS_FAST,
        args: &[key("key"), integer("increment"), string("member")],
        reply: "double",
        handler: members::zincrby,
        keys: Some(&[key_at(CHANGES, 1)]),
        ..row("ZINCRBY", "Adds to a member's score; a missing member counts as 0.")
    },
    Command {
        since: "6.2.0",
        complexity: "O(N*K) + O(M*log(M)) with N members in the smallest of K inputs and M in the result",
        flags: Flags::READONLY.and(Flags::MOVABLEKEYS),
        args: &[integer("numkeys"), key("key").multiple(), WEIGHTS, AGGREGATE, WITH_SCORES],
        reply: "array of bulk-string | array of bulk-string and double",
        handler: combine::zinter,
        keys: Some(&[counted_keys(READS, 1)]),
        ..row("ZINTER", "Returns the members that are in all of the sorted sets.")
    },
    Command {
        since: "7.0.0",
        complexity: "O(N*K) with N members in the smallest of K inputs",
        flags: Flags::READONLY.and(Flags::MOVABLEKEYS),
        args: &[integer("numkeys"), key("key").multiple(), integer("limit").after("LIMIT").optional()],
        reply: "integer",
        handler: combine::zintercard,
        keys: Some(&[counted_keys(READS, 1)]),
        ..row("ZINTERCARD", "Counts the members that are in all of the sorted sets.")
    },
    Command {
        since: "2.0.0",
        complexity: "O(N*K) + O(M*log(M)) with N members in the smallest of K inputs and M in the result",
        flags: GROWS.and(Flags::MOVABLEKEYS),
        args: &[key("destination"), integer("numkeys"), key("key").multiple(), WEIGHTS, AGGREGATE],
        reply: "integer",
        handler: combine::zinterstore,
        keys: Some(&[key_at(OVERWRITES, 1), counted_keys(READS, 2)]),
        ..row("ZINTERSTORE", "Stores the members that are in all of the sorted sets.")
    },
    Command {
        since: "2.8.9",
        complexity: "O(log(N)) with N members",
        flags: READS_FAST,
        args: &[key("key"), string("min"), string("max")],
        reply: "integer",
        handler: range::zlexcount,
        keys: Some(&[key_at(READS, 1)]),
        ..row("ZLEXCOUNT", "Counts the members in a range of members, where all scores are equal.")
    },
    Command {
        since: "7.0.0",
        complexity: "O(K) + O(M*log(N)) with K keys, N members and M of them popped",
        flags: Flags::WRITE.and(Flags::MOVABLEKEYS),
        args: &[integer("numkeys"), key("key").multiple(), END, integer("count").after("COUNT").optional()],
        reply: "array of key and array of array of bulk-string and double | null",
        handler: pop::zmpop,
        keys: Some(&[counted_keys(TAKES, 1)]),
        ..row("ZMPOP", "Pops members from the first sorted set that is not empty.")
    },
    Command {
        since: "6.2.0",
        complexity: "O(N) with N members asked for",
        flags: READS_FAST,
        args: &[key("key"), string("member").multiple()],
        reply: "array of double or null",
        handler: members::zmscore,
        keys: Some(&[key_at(READS, 1)]),
        ..row("ZMSCORE", "Returns the scores of members.")
    },
    Command {
        since: "5.0.0",
        complexity: "O(log(N)*M) with N members and M of them popped",
        flags: Flags::WRITE.and(Flags::FAST),
        args: &[key("key"), integer("count").optional()],
        reply: "array of bulk-string and double",
        handler: pop::zpopmax,
        keys: Some(&[key_at(TAKES, 1)]),
        ..row("ZPOPMAX", "Removes the members with the greatest scores and replies with them.")
    },
    Command {
        since: "5.0.0",
        complexity: "O(log(N)*M) with N members and M of them popped",
        flags: Flags::WRITE.and(Flags::FAST),
        args: &[key("key"), integer("count").optional()],
        reply: "array of bulk-string and double",
        handler: pop::zpopmin,
        keys: Some(&[key_at(TAKES, 1)]),
        ..row("ZPOPMIN", "Removes the members with the least scores and replies with them.")
    },
    Command {
        since: "6.2.0",
        complexity: "O(N) with N members returned",
        flags: Flags::READONLY,
        args: &[
            key("key"),
            block("options", &[integer("count"), token("withscores", "WITHSCORES").optional()]).optional(),
        ],
        reply: "bulk-string | null | array of bulk-string | array of bulk-string and double",
        handler: visit::zrandmember,
        keys: Some(&[key_at(READS, 1)]),
        tips: &["nondeterministic_output"],
        ..row("ZRANDMEMBER", "Returns members chosen at random.")
    },
    Command {
        since: "1.2.0",
        complexity: "O(log(N) + M) with N members and M of them returned",
        flags: Flags::READONLY,
        args: &[
            key("key"),
            string("start"),
            string("stop"),
            one_of("sortby", &[token("byscore", "BYSCORE"), token("bylex", "BYLEX")]).optional(),
            token("rev", "REV").optional(),
            LIMIT,
            WITH_SCORES,
        ],
        reply: "array of bulk-string | array of bulk-string and double",
        handler: range::zrange,
        keys: Some(&[key_at(READS, 1)]),
        ..row("ZRANGE", "Returns the members in a range of ranks, scores or members.")
    },
    Command {
        since: "2.8.9",
        complexity: "O(log(N) + M) with N members and M of them returned",
        flags: Flags::READONLY,
        args: &[key("key"), string("min"), string("max"), LIMIT],
        reply: "array of bulk-string",
        handler: range::zrangebylex,
        deprecated: Some(("6.2.0", "`ZRANGE` with the `BYLEX` argument")),
        keys: Some(&[key_at(READS, 1)]),
        ..row("ZRANGEBYLEX", "Returns the members in a range of members, where all scores are equal.")
    },
    Command {
        since: "1.0.5",
        complexity: "O(log(N) + M) with N members and M of them returned",
        flags: Flags::READONLY,
        args: &[key("key"), double("min"), double("max"), WITH_SCORES, LIMIT],
        reply: "array of bulk-string | array of bulk-string and double",
        handler: range::zrangebyscore,
        deprecated: Some(("6.2.0", "`ZRANGE` with the `BYSCORE` argument")),
        keys: Some(&[key_at(READS, 1)]),
        ..row("ZRANGEBYSCORE", "Returns the members with scores in a range.")
    },
    Command {
        since: "6.2.0",
        complexity: "O(log(N) + M) with N members and M of them stored",
        flags: GROWS,
        args: &[
            key("dst"),
            key("src"),
            string("min"),
            string("max"),
            one_of("sortby", &[token("byscore", "BYSCORE"), token("bylex", "BYLEX")]).optional(),
            token("rev", "REV").optional(),
            LIMIT,
        ],
        reply: "integer",
        handler: range::zrangestore,
        keys: Some(&[key_at(OVERWRITES, 1), key_at(READS, 2)]),
        ..row("ZRANGESTORE", "Stores the members in a range of ranks, scores or members.")
    },
    Command {
        since: "2.0.0",
        complexity: "O(log(N)) with N members",
        flags: READS_FAST,
        args: &[key("key"), string("member"), token("withscore", "WITHSCORE").optional()],
        reply: "integer | null | array of integer and double | null",
        handler: members::zrank,
        keys: Some(&[key_at(READS, 1)]),
        ..row("ZRANK", "Returns the rank of a member, counted from the least score.")
    },
    Command {
        since: "1.2.0",
        complexity: "O(M*log(N)) with N members and M of them removed",
        flags: Flags::WRITE.and(Flags::FAST),
        args: &[key("key"), string("member").multiple()],
        reply: "integer",
        handler: members::zrem,
        keys: Some(&[key_at(DELETES, 1)]),
        ..row("ZREM", "Removes members from a sorted set.")
    },
    Command {
        since: "2.8.9",
        complexity: "O(log(N) + M) with N members and M of them removed",
        flags: Flags::WRITE,
        args: &[key("key"), string("min"), string("max")],
        reply: "integer",
        handler: range::zremrangebylex,
        keys: Some(&[key_at(DELETES, 1)]),
        ..row("ZREMRANGEBYLEX", "Removes the members in a range of members, where all scores are equal.")
    },
    Command {
        since: "2.0.0",
        complexity: "O(log(N) + M) with N members and M of them removed",
        flags: Flags::WRITE,
        args: &[key("key"), integer("start"), integer("stop")],
        reply: "integer",
        handler: range::zremrangebyrank,
        keys: Some(&[key_at(DELETES, 1)]),
        ..row("ZREMRANGEBYRANK", "Removes the members in a range of ranks.")
    },
    Command {
        since: "1.2.0",
        complexity: "O(log(N) + M) with N members and M of them removed",
        flags: Flags::WRITE,
        args: &[key("key"), double("min"), double("max")],
        reply: "integer",
        handler: range::zremrangebyscore,
        keys: Some(&[key_at(DELETES, 1)]),
        ..row("ZREMRANGEBYSCORE", "Removes the members with scores in a range.")
    },
    Command {
        since: "1.2.0",
        complexity: "O(log(N) + M) with N members and M of them returned",
        flags: Flags::READONLY,
        args: &[key("key"), integer("start"), integer("stop"), WITH_SCORES],
        reply: "array of bulk-string | array of bulk-string and double",
        handler: range::zrevrange,
        deprecated: Some(("6.2.0", "`ZRANGE` with the `REV` argument")),
        keys: Some(&[key_at(READS, 1)]),
        ..row("ZREVRANGE", "Returns the members in a range of ranks, counted from the greatest score.")
    },
    Command {
        since: "2.8.9",
        complexity: "O(log(N) + M) with N members and M of them returned",
        flags: Flags::READONLY,
        args: &[key("key"), string("max"), string("min"), LIMIT],
        reply: "array of bulk-string",
        handler: range::zrevrangebylex,
        deprecated: Some(("6.2.0", "`ZRANGE` with the `REV` and `BYLEX` arguments")),
        keys: Some(&[key_at(READS, 1)]),
        ..row(
            "ZREVRANGEBYLEX",
            "Returns the members in a range of members from its end, where all scores are equal.",
        )
    },
    Command {
        since: "2.2.0",
        complexity: "O(log(N) + M) with N members and M of them returned",
        flags: Flags::READONLY,
        args: &[key("key"), double("max"), double("min"), WITH_SCORES, LIMIT],
        reply: "array of bulk-string | array of bulk-string and double",
        handler: range::zrevrangebyscore,
        deprecated: Some(("6.2.0", "`ZRANGE` with the `REV` and `BYSCORE` arguments")),
        keys: Some(&[key_at(READS, 1)]),
        ..row("ZREVRANGEBYSCORE", "Returns the members with scores in a range, the greatest first.")
    },
    Command {
        since: "2.0.0",
        complexity: "O(log(N)) with N members",
        flags: READS_FAST,
        args: &[key("key"), string("member"), token("withscore", "WITHSCORE").optional()],
        reply: "integer | null | array of integer and double | null",
        handler: members::zrevrank,
        keys: Some(&[key_at(READS, 1)]),
        ..row("ZREVRANK", "Returns the rank of a member, counted from the greatest score.")
    },
    Command {
        since: "2.8.0",
        complexity: "O(1) for every call, O(N) for a whole iteration over N members",
        flags: Flags::READONLY,
        args: &[
            key("key"),
            integer("cursor"),
            pattern("pattern").after("MATCH").optional(),
            integer("count").after("COUNT").optional(),
        ],
        reply: "array of cursor and array of bulk-string",
        handler: visit::zscan,
        keys: Some(&[key_at(READS, 1)]),
        tips: &["nondeterministic_output"],
        ..row("ZSCAN", "Goes through the members of a sorted set in steps.")
    },
    Command {
        since: "1.2.0",
        flags: READS_FAST,
        args: &[key("key"), string("member")],
        reply: "double | null",
        handler: members::zscore,
        keys: Some(&[key_at(READS, 1)]),
        ..row("ZSCORE", "Returns the score of a member.")
    },
    Command {
        since: "6.2.0",
        complexity: "O(N) + O(M*log(M)) with N members in all inputs and M in the result",
        flags: Flags::READONLY.and(Flags::MOVABLEKEYS),
        args: &[integer("numkeys"), key("key").multiple(), WEIGHTS, AGGREGATE, WITH_SCORES],
        reply: "array of bulk-string | array of bulk-string and double",
        handler: combine::zunion,
        keys: Some(&[counted_keys(READS, 1)]),
        ..row("ZUNION", "Returns the members that are in any of the sorted sets.")
    },
    Command {
        since: "2.0.0",
        complexity: "O(N) + O(M*log(M)) with N members in all inputs and M in the result",
        flags: GROWS.and(Flags::MOVABLEKEYS),
        args: &[key("destination"), integer("numkeys"), key("key").multiple(), WEIGHTS, AGGREGATE],
        reply: "integer",
        handler: combine::zunionstore,
        keys: Some(&[key_at(OVERWRITES, 1), counted_keys(READS, 2)]),
        ..row("ZUNIONSTORE", "Stores the members that are in any of the sorted sets.")
    },
];
