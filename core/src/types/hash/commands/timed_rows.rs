//! The rows of the commands about deadlines of fields, in alphabetical order.

use super::{GROW_FAST, READ_FAST, UPDATED, WRITE_FAST, combined, deadlines, the_key};
use crate::command::{Arg, Command, Group, KeySpec, block, integer, key, one_of, string, token, unix_time};

const FIELDS: Arg = block("fields", &[integer("numfields"), string("field").multiple()]).after("FIELDS");
const FIELD_VALUES: Arg =
    block("fields", &[integer("numfields"), block("data", &[string("field"), string("value")]).multiple()])
        .after("FIELDS");
const CONDITION: Arg =
    one_of("condition", &[token("nx", "NX"), token("xx", "XX"), token("gt", "GT"), token("lt", "LT")])
        .optional();
const EX: Arg = integer("seconds").after("EX");
const PX: Arg = integer("milliseconds").after("PX");
const EXAT: Arg = unix_time("unix-time-seconds").after("EXAT");
const PXAT: Arg = unix_time("unix-time-milliseconds").after("PXAT");

const READ_AND_UPDATED: [KeySpec; 1] = the_key(&["RW", "access", "update"]);
const READ_AND_DELETED: [KeySpec; 1] = the_key(&["RW", "access", "delete"]);

/// A row of this file.
const fn row(name: &'static str, since: &'static str, summary: &'static str) -> Command {
    Command {
        name,
        group: Group::Hash,
        since,
        complexity: "O(N) where N is the number of fields given.",
        summary,
        reply: "array of integer",
        ..Command::DEFAULT
    }
}

pub(crate) const TIMED_ROWS: &[Command] = &[
    Command {
        keys: Some(&UPDATED),
        flags: WRITE_FAST,
        args: &[key("key"), integer("seconds"), CONDITION, FIELDS],
        handler: deadlines::hexpire,
        ..row("HEXPIRE", "7.4.0", "Lets fields of a hash expire after so many seconds.")
    },
    Command {
        keys: Some(&UPDATED),
        flags: WRITE_FAST,
        args: &[key("key"), unix_time("unix-time-seconds"), CONDITION, FIELDS],
        handler: deadlines::hexpireat,
        ..row("HEXPIREAT", "7.4.0", "Lets fields of a hash expire at a unix time in seconds.")
    },
    Command {
        flags: READ_FAST,
        args: &[key("key"), FIELDS],
        handler: deadlines::hexpiretime,
        ..row("HEXPIRETIME", "7.4.0", "Returns the unix times in seconds at which fields of a hash expire.")
    },
    Command {
        keys: Some(&READ_AND_DELETED),
        flags: WRITE_FAST,
        args: &[key("key"), FIELDS],
        reply: "array of bulk-string or null",
        handler: combined::hgetdel,
        ..row("HGETDEL", "8.0.0", "Returns the values of fields of a hash and removes them.")
    },
    Command {
        keys: Some(&READ_AND_UPDATED),
        flags: WRITE_FAST,
        args: &[
            key("key"),
            one_of("expiration", &[EX, PX, EXAT, PXAT, token("persist", "PERSIST")]).optional(),
            FIELDS,
        ],
        reply: "array of bulk-string or null",
        handler: combined::hgetex,
        ..row(
            "HGETEX",
            "8.0.0",
            "Returns the values of fields of a hash, and sets or clears when they expire.",
        )
    },
    Command {
        keys: Some(&UPDATED),
        flags: WRITE_FAST,
        args: &[key("key"), FIELDS],
        handler: deadlines::hpersist,
        ..row("HPERSIST", "7.4.0", "Lets fields of a hash no longer expire.")
    },
    Command {
        keys: Some(&UPDATED),
        flags: WRITE_FAST,
        args: &[key("key"), integer("milliseconds"), CONDITION, FIELDS],
        handler: deadlines::hpexpire,
        ..row("HPEXPIRE", "7.4.0", "Lets fields of a hash expire after so many milliseconds.")
    },
    Command {
        keys: Some(&UPDATED),
        flags: WRITE_FAST,
        args: &[key("key"), unix_time("unix-time-milliseconds"), CONDITION, FIELDS],
        handler: deadlines::hpexpireat,
        ..row("HPEXPIREAT", "7.4.0", "Lets fields of a hash expire at a unix time in milliseconds.")
    },
    Command {
        flags: READ_FAST,
        args: &[key("key"), FIELDS],
        handler: deadlines::hpexpiretime,
        ..row(
            "HPEXPIRETIME",
            "7.4.0",
            "Returns the unix times in milliseconds at which fields of a hash expire.",
        )
    },
    Command {
        flags: READ_FAST,
        args: &[key("key"), FIELDS],
        handler: deadlines::hpttl,
        tips: &["nondeterministic_output"],
        ..row("HPTTL", "7.4.0", "Returns how many milliseconds are left until fields of a hash expire.")
    },
    Command {
        keys: Some(&UPDATED),
        flags: GROW_FAST,
        args: &[
            key("key"),
            one_of("condition", &[token("fnx", "FNX"), token("fxx", "FXX")]).optional(),
            one_of("expiration", &[EX, PX, EXAT, PXAT, token("keepttl", "KEEPTTL")]).optional(),
            FIELD_VALUES,
        ],
        reply: "integer",
        handler: combined::hsetex,
        ..row("HSETEX", "8.0.0", "Sets fields of a hash, and when they expire.")
    },
    Command {
        flags: READ_FAST,
        args: &[key("key"), FIELDS],
        handler: deadlines::httl,
        tips: &["nondeterministic_output"],
        ..row("HTTL", "7.4.0", "Returns how many seconds are left until fields of a hash expire.")
    },
];
