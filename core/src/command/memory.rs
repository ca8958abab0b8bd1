//! What a command asks of memory before it runs.

use super::{Command, Flags};
use crate::base::memory::Purpose;

/// Commands that change values and keep nothing: what they allocate is gone when they have ended, or smaller than what
/// they free. They run when there is no memory, since it is by them that there is some again.
const FREEING: &[&str] = &[
    "BLMPOP",
    "BLPOP",
    "BRPOP",
    "BZMPOP",
    "BZPOPMAX",
    "BZPOPMIN",
    "DEL",
    "DELEX",
    "FLUSHALL",
    "FLUSHDB",
    "GETDEL",
    "HDEL",
    "HGETDEL",
    "HPERSIST",
    "LMPOP",
    "LPOP",
    "LREM",
    "LTRIM",
    "PERSIST",
    "RPOP",
    "SPOP",
    "SREM",
    "SWAPDB",
    "UNLINK",
    "XACK",
    "XACKDEL",
    "XDEL",
    "XDELEX",
    "XTRIM",
    "ZMPOP",
    "ZPOPMAX",
    "ZPOPMIN",
    "ZREM",
    "ZREMRANGEBYLEX",
    "ZREMRANGEBYRANK",
    "ZREMRANGEBYSCORE",
];
/// The same of subcommands.
const FREEING_SUBCOMMANDS: &[&str] = &["DELETE", "DELCONSUMER", "DESTROY", "FLUSH", "KILL", "RESET"];
/// Commands about connection and server that keep nothing.
const SERVED: &[&str] = &[
    "ASKING",
    "DISCARD",
    "ECHO",
    "EXEC",
    "INFO",
    "PING",
    "QUIT",
    "READONLY",
    "READWRITE",
    "RESET",
    "ROLE",
    "SELECT",
    "SHUTDOWN",
    "TIME",
    "UNSUBSCRIBE",
    "PUNSUBSCRIBE",
    "SUNSUBSCRIBE",
    "UNWATCH",
];

/// What a command keeps, and so for what it needs memory; `None` if it keeps nothing.
pub(crate) fn purpose(parent: Option<&Command>, row: &Command) -> Option<Purpose> {
    if row.flags.has(Flags::DENYOOM) {
        return Some(Purpose::Data);
    }
    if row.flags.has(Flags::READONLY) {
        return None;
    }
    let is_write = row.flags.has(Flags::WRITE);
    let keeps_nothing = match parent {
        Some(_) => FREEING_SUBCOMMANDS.contains(&row.name),
        None if is_write => FREEING.contains(&row.name),
        None => SERVED.contains(&row.name),
    };
    match keeps_nothing {
        true => None,
        false if is_write => Some(Purpose::Data),
        false => Some(Purpose::Control),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::table;

    #[test]
    fn lists_name_commands_of_their_kind() {
        let find = |name: &str| table().find(|row| row.name == name).expect("the name is in the table");
        for name in FREEING {
            assert!(find(name).flags.has(Flags::WRITE) && !find(name).flags.has(Flags::DENYOOM), "{name}");
        }
        for name in SERVED {
            assert!(!find(name).flags.has(Flags::WRITE), "{name}");
        }
        for name in FREEING_SUBCOMMANDS {
            assert!(table().any(|row| row.subcommands.iter().any(|sub| sub.name == *name)), "{name}");
        }
    }

    #[test]
    fn what_may_grow_is_asked() {
        let find = |name: &str| table().find(|row| row.name == name).expect("the name is in the table");
        for name in [
            "SET",
            "EXPIRE",
            "PEXPIREAT",
            "GETEX",
            "XREADGROUP",
            "XCLAIM",
            "RENAME",
            "HEXPIRE",
            "SMOVE",
            "MOVE",
        ] {
            assert_eq!(purpose(None, find(name)), Some(Purpose::Data), "{name}");
        }
        for name in ["GET", "DEL", "FLUSHALL", "PING", "INFO"] {
            assert_eq!(purpose(None, find(name)), None, "{name}");
        }
        for name in ["WATCH", "SUBSCRIBE", "MULTI", "AUTH"] {
            assert_eq!(purpose(None, find(name)), Some(Purpose::Control), "{name}");
        }
    }
}
