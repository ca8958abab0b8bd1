//! The commands of lists.

mod ends;
mod inside;
mod several;
#[cfg(test)]
mod tests;
mod waiting;

use crate::base::error::Error;
use crate::command::{
    Arg, Begin, Command, Find, Flags, Group, KeySpec, double, integer, key, one_of, string, token,
};
use crate::structures::{Item, List, Room};

/// One of the ends of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// The head.
    Left,
    /// The tail.
    Right,
}

impl End {
    fn parse(word: &[u8]) -> Result<End, Error> {
        match word {
            word if word.eq_ignore_ascii_case(b"LEFT") => Ok(End::Left),
            word if word.eq_ignore_ascii_case(b"RIGHT") => Ok(End::Right),
            _ => Err(Error::Syntax),
        }
    }

    /// Pushes after [`List::grow`].
    fn push(self, list: &mut List, value: &[u8], room: Room) {
        match self {
            End::Left => list.push_front_within(value, room),
            End::Right => list.push_back_within(value, room),
        }
    }

    fn pop<R>(self, list: &mut List, read: impl FnOnce(Item<'_>) -> R) -> Option<R> {
        match self {
            End::Left => list.pop_front(read),
            End::Right => list.pop_back(read),
        }
    }

    const fn push_event(self) -> &'static str {
        match self {
            End::Left => "lpush",
            End::Right => "rpush",
        }
    }

    const fn pop_event(self) -> &'static str {
        match self {
            End::Left => "lpop",
            End::Right => "rpop",
        }
    }

    const fn pop_command(self) -> &'static [u8] {
        match self {
            End::Left => b"LPOP",
            End::Right => b"RPOP",
        }
    }
}

/// The error for the one 64-bit integer that has no negative.
const WIDE_INTEGER: Error =
    Error::Text("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807");

const PUSH: Flags = Flags::WRITE.and(Flags::DENYOOM).and(Flags::FAST);
const POP: Flags = Flags::WRITE.and(Flags::FAST);
const GROW: Flags = Flags::WRITE.and(Flags::DENYOOM);
// Since 7.2 they may stand in scripts.
const WAIT: Flags = Flags::WRITE.and(Flags::BLOCKING);

/// LEFT or RIGHT, under the name that the command gives the argument.
const fn end(name: &'static str) -> Arg {
    const ENDS: &[Arg] = &[token("left", "LEFT"), token("right", "RIGHT")];
    one_of(name, ENDS)
}

/// Keys from an index of the request to another one, counted from the first or from the request's end.
const fn keys(flags: &'static [&'static str], at: usize, last: i32) -> KeySpec {
    KeySpec { flags, begin: Begin::Index(at), find: Find::Range { last, step: 1, limit: 0 } }
}

/// Keys behind their number, which stands at this index of the request.
const fn counted_keys(flags: &'static [&'static str], at: usize) -> KeySpec {
    KeySpec { flags, begin: Begin::Index(at), find: Find::KeyNum { count: 0, first: 1, step: 1 } }
}

const INSERTS: &[&str] = &["RW", "insert"];
const TAKES: &[&str] = &["RW", "access", "delete"];
const READS: &[&str] = &["RO", "access"];

pub(crate) const ROWS: &[Command] = &[
    Command {
        name: "BLMOVE",
        group: Group::List,
        since: "6.2.0",
        summary: "Moves an element from one list to another and replies with it; waits for one if the source is empty.",
        flags: GROW.and(WAIT),
        args: &[key("source"), key("destination"), end("wherefrom"), end("whereto"), double("timeout")],
        reply: "bulk-string | null",
        handler: waiting::blmove,
        keys: Some(&[keys(TAKES, 1, 0), keys(INSERTS, 2, 0)]),
        ..Command::DEFAULT
    },
    Command {
        name: "BLMOVEM",
        group: Group::List,
        since: "8.10.0",
        complexity: "O(N) with N elements moved.",
        summary: "Moves several elements from one list to another and replies with them; waits until there are enough.",
        flags: GROW.and(WAIT),
        args: &[
            key("source"),
            key("destination"),
            end("wherefrom"),
            end("whereto"),
            double("timeout"),
            several::HOW_MANY,
        ],
        reply: "array of bulk-string | null",
        handler: several::blmovem,
        keys: Some(&[keys(TAKES, 1, 0), keys(INSERTS, 2, 0)]),
        ..Command::DEFAULT
    },
    Command {
        name: "BLMPOP",
        group: Group::List,
        since: "7.0.0",
        complexity: "O(N+M) with N keys and M elements popped.",
        summary: "Pops elements from the first list that is not empty; waits for one if there is none.",
        flags: WAIT.and(Flags::MOVABLEKEYS),
        args: &[
            double("timeout"),
            integer("numkeys"),
            key("key").multiple(),
            end("where"),
            integer("count").after("COUNT").optional(),
        ],
        reply: "array of key and array of bulk-string | null",
        handler: waiting::blmpop,
        keys: Some(&[counted_keys(TAKES, 2)]),
        ..Command::DEFAULT
    },
    Command {
        name: "BLPOP",
        group: Group::List,
        since: "2.0.0",
        complexity: "O(N) with N keys.",
        summary: "Pops the first element of the first list that is not empty; waits for one if there is none.",
        flags: WAIT,
        args: &[key("key").multiple(), double("timeout")],
        reply: "array of key and bulk-string | null",
        handler: waiting::blpop,
        keys: Some(&[keys(TAKES, 1, -2)]),
        ..Command::DEFAULT
    },
    Command {
        name: "BRPOP",
        group: Group::List,
        since: "2.0.0",
        complexity: "O(N) with N keys.",
        summary: "Pops the last element of the first list that is not empty; waits for one if there is none.",
        flags: WAIT,
        args: &[key("key").multiple(), double("timeout")],
        reply: "array of key and bulk-string | null",
        handler: waiting::brpop,
        keys: Some(&[keys(TAKES, 1, -2)]),
        ..Command::DEFAULT
    },
    Command {
        name: "BRPOPLPUSH",
        group: Group::List,
        since: "2.2.0",
        summary: "Moves the last element of one list to the front of another and replies with it; waits for one if the source is empty.",
        flags: GROW.and(WAIT),
        args: &[key("source"), key("destination"), double("timeout")],
        reply: "bulk-string | null",
        handler: waiting::brpoplpush,
        keys: Some(&[keys(TAKES, 1, 0), keys(INSERTS, 2, 0)]),
        deprecated: Some(("6.2.0", "`BLMOVE` with the `RIGHT` and `LEFT` arguments")),
        ..Command::DEFAULT
    },
    Command {
        name: "LINDEX",
        group: Group::List,
        complexity: "O(N) with N chunks of elements up to the index; O(1) at both ends.",
        summary: "Returns the element at an index.",
        flags: Flags::READONLY,
        args: &[key("key"), integer("index")],
        reply: "bulk-string | null",
        handler: inside::lindex,
        keys: Some(&[keys(READS, 1, 0)]),
        ..Command::DEFAULT
    },
    Command {
        name: "LINSERT",
        group: Group::List,
        since: "2.2.0",
        complexity: "O(N) with N elements up to the pivot.",
        summary: "Puts an element before or after the first one that equals the pivot.",
        flags: GROW,
        args: &[
            key("key"),
            one_of("where", &[token("before", "BEFORE"), token("after", "AFTER")]),
            string("pivot"),
            string("element"),
        ],
        reply: "integer",
        handler: inside::linsert,
        keys: Some(&[keys(INSERTS, 1, 0)]),
        ..Command::DEFAULT
    },
    Command {
        name: "LLEN",
        group: Group::List,
        summary: "Returns the number of elements of a list.",
        flags: Flags::READONLY.and(Flags::FAST),
        args: &[key("key")],
        reply: "integer",
        handler: inside::llen,
        keys: Some(&[keys(&["RO"], 1, 0)]),
        ..Command::DEFAULT
    },
    Command {
        name: "LMOVE",
        group: Group::List,
        since: "6.2.0",
        summary: "Moves an element from an end of one list to an end of another and replies with it.",
        flags: GROW,
        args: &[key("source"), key("destination"), end("wherefrom"), end("whereto")],
        reply: "bulk-string | null",
        handler: ends::lmove,
        keys: Some(&[keys(TAKES, 1, 0), keys(INSERTS, 2, 0)]),
        ..Command::DEFAULT
    },
    Command {
        name: "LMOVEM",
        group: Group::List,
        since: "8.10.0",
        complexity: "O(N) with N elements moved.",
        summary: "Moves several elements from an end of one list to an end of another and replies with them.",
        flags: GROW,
        args: &[key("source"), key("destination"), end("wherefrom"), end("whereto"), several::HOW_MANY],
        reply: "array of bulk-string | null",
        handler: several::lmovem,
        keys: Some(&[keys(TAKES, 1, 0), keys(INSERTS, 2, 0)]),
        ..Command::DEFAULT
    },
    Command {
        name: "LMPOP",
        group: Group::List,
        since: "7.0.0",
        complexity: "O(N+M) with N keys and M elements popped.",
        summary: "Pops elements from the first list that is not empty.",
        flags: Flags::WRITE.and(Flags::MOVABLEKEYS),
        args: &[
            integer("numkeys"),
            key("key").multiple(),
            end("where"),
            integer("count").after("COUNT").optional(),
        ],
        reply: "array of key and array of bulk-string | null",
        handler: ends::lmpop,
        keys: Some(&[counted_keys(TAKES, 1)]),
        ..Command::DEFAULT
    },
    Command {
        name: "LPOP",
        group: Group::List,
        complexity: "O(N) with N elements popped.",
        summary: "Removes elements from the front of a list and replies with them.",
        flags: POP,
        args: &[key("key"), integer("count").optional()],
        reply: "bulk-string | null | array of bulk-string | null",
        handler: ends::lpop,
        keys: Some(&[keys(TAKES, 1, 0)]),
        ..Command::DEFAULT
    },
    Command {
        name: "LPOS",
        group: Group::List,
        since: "6.0.6",
        complexity: "O(N) with N elements compared.",
        summary: "Returns the indexes of elements that equal a value.",
        flags: Flags::READONLY,
        args: &[
            key("key"),
            string("element"),
            integer("rank").after("RANK").optional(),
            integer("num-matches").after("COUNT").optional(),
            integer("len").after("MAXLEN").optional(),
        ],
        reply: "integer | null | array of integer",
        handler: inside::lpos,
        keys: Some(&[keys(READS, 1, 0)]),
        ..Command::DEFAULT
    },
    Command {
        name: "LPUSH",
        group: Group::List,
        complexity: "O(1) per element, so O(N) for N elements.",
        summary: "Puts elements at the front of a list, one after the other; the key is created when it does not exist.",
        flags: PUSH,
        args: &[key("key"), string("element").multiple()],
        reply: "integer",
        handler: ends::lpush,
        keys: Some(&[keys(INSERTS, 1, 0)]),
        ..Command::DEFAULT
    },
    Command {
        name: "LPUSHX",
        group: Group::List,
        since: "2.2.0",
        complexity: "O(1) per element, so O(N) for N elements.",
        summary: "Puts elements at the front of a list that exists.",
        flags: PUSH,
        args: &[key("key"), string("element").multiple()],
        reply: "integer",
        handler: ends::lpushx,
        keys: Some(&[keys(INSERTS, 1, 0)]),
        ..Command::DEFAULT
    },
    Command {
        name: "LRANGE",
        group: Group::List,
        complexity: "O(S+N) with S chunks of elements before the first one returned and N elements returned.",
        summary: "Returns the elements between two indexes, both included.",
        flags: Flags::READONLY,
        args: &[key("key"), integer("start"), integer("stop")],
        reply: "array of bulk-string",
        handler: inside::lrange,
        keys: Some(&[keys(READS, 1, 0)]),
        ..Command::DEFAULT
    },
    Command {
        name: "LREM",
        group: Group::List,
        complexity: "O(N) with N elements.",
        summary: "Removes elements that equal a value: the first ones, the last ones or all.",
        flags: Flags::WRITE,
        args: &[key("key"), integer("count"), string("element")],
        reply: "integer",
        handler: inside::lrem,
        keys: Some(&[keys(&["RW", "delete"], 1, 0)]),
        ..Command::DEFAULT
    },
    Command {
        name: "LSET",
        group: Group::List,
        complexity: "O(N) with N chunks of elements up to the index; O(1) at both ends.",
        summary: "Replaces the element at an index.",
        flags: GROW,
        args: &[key("key"), integer("index"), string("element")],
        reply: "simple-string",
        handler: inside::lset,
        keys: Some(&[keys(&["RW", "update"], 1, 0)]),
        ..Command::DEFAULT
    },
    Command {
        name: "LTRIM",
        group: Group::List,
        complexity: "O(N) with N elements removed.",
        summary: "Removes the elements outside two indexes.",
        flags: Flags::WRITE,
        args: &[key("key"), integer("start"), integer("stop")],
        reply: "simple-string",
        handler: inside::ltrim,
        keys: Some(&[keys(&["RW", "delete"], 1, 0)]),
        ..Command::DEFAULT
    },
    Command {
        name: "RPOP",
        group: Group::List,
        complexity: "O(N) with N elements popped.",
        summary: "Removes elements from the end of a list and replies with them.",
        flags: POP,
        args: &[key("key"), integer("count").optional()],
        reply: "bulk-string | null | array of bulk-string | null",
        handler: ends::rpop,
        keys: Some(&[keys(TAKES, 1, 0)]),
        ..Command::DEFAULT
    },
    Command {
        name: "RPOPLPUSH",
        group: Group::List,
        since: "1.2.0",
        summary: "Moves the last element of one list to the front of another and replies with it.",
        flags: GROW,
        args: &[key("source"), key("destination")],
        reply: "bulk-string | null",
        handler: ends::rpoplpush,
        keys: Some(&[keys(TAKES, 1, 0), keys(INSERTS, 2, 0)]),
        deprecated: Some(("6.2.0", "`LMOVE` with the `RIGHT` and `LEFT` arguments")),
        ..Command::DEFAULT
    },
    Command {
        name: "RPUSH",
        group: Group::List,
        complexity: "O(1) per element, so O(N) for N elements.",
        summary: "Puts elements at the end of a list; the key is created when it does not exist.",
        flags: PUSH,
        args: &[key("key"), string("element").multiple()],
        reply: "integer",
        handler: ends::rpush,
        keys: Some(&[keys(INSERTS, 1, 0)]),
        ..Command::DEFAULT
    },
    Command {
        name: "RPUSHX",
        group: Group::List,
        since: "2.2.0",
        complexity: "O(1) per element, so O(N) for N elements.",
        summary: "Puts elements at the end of a list that exists.",
        flags: PUSH,
        args: &[key("key"), string("element").multiple()],
        reply: "integer",
        handler: ends::rpushx,
        keys: Some(&[keys(INSERTS, 1, 0)]),
        ..Command::DEFAULT
    },
];
