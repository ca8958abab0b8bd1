//! Where the engine, which answers as Redis 7.2, rightly differs from the oracle, which is 7.0.15.
//!
//! Each entry is as narrow as can be: it sees the request and both replies.

use sanderling_core::internals::EncodingLimits;
use sanderling_core::internals::HashSeed;
use sanderling_core::internals::Memory;
use sanderling_core::internals::{Entry, Value};
use sanderling_core::rdb;

use super::operation::Args;
use crate::reply::Reply;

/// A difference that is right.
pub struct Explained {
    /// Its name in reports.
    pub name: &'static str,
    /// Why the replies differ.
    pub reason: &'static str,
    /// Whether this is what made the replies of oracle and target differ.
    pub applies: fn(&Args, &Reply, &Reply) -> bool,
}

/// All of them. An entry that no run uses should go.
pub const EXPLAINED: &[Explained] = &[
    Explained {
        name: "serialised values",
        reason: "compression and the order of hashes and sets are free, and 7.2 has forms that 7.0 does not know",
        applies: |args, oracle, target| args[0].eq_ignore_ascii_case(b"DUMP") && same_value(oracle, target),
    },
    Explained {
        name: "shortest doubles",
        reason: "7.2 writes a score with the digits that fpconv gives; 7.0 with 17 significant digits",
        applies: |args, oracle, target| {
            (tells_scores(&args[0]) || returns_doubles(args)) && same_scores(oracle, target)
        },
    },
    Explained {
        name: "compact lists",
        reason: "7.2 keeps small lists as a listpack; 7.0 always as a quicklist",
        applies: |args, oracle, target| encoding(args, oracle, target, b"quicklist", b"listpack"),
    },
    Explained {
        name: "compact sets",
        reason: "7.2 keeps small sets of strings as a listpack; 7.0 always as a hash table",
        applies: |args, oracle, target| encoding(args, oracle, target, b"hashtable", b"listpack"),
    },
    Explained {
        name: "rules of users",
        reason: "7.2 shows the rules about commands as they were given, 7.0 the fewest that it can find, which DRYRUN \
                 tests; 7.2 shows the flag sanitize-payload too",
        applies: |args, oracle, target| {
            args[0].eq_ignore_ascii_case(b"ACL") && without_rules(oracle) == without_rules(target)
        },
    },
    Explained {
        name: "merging nothing",
        reason: "Redis sees no key in PFMERGE without a source, and lets everyone make its destination",
        applies: |args, oracle, target| {
            let is_alone = args.len() == 5 && args[3].eq_ignore_ascii_case(b"PFMERGE");
            let is_refused = target.bytes().is_some_and(|text| text.ends_with(b"' key"));
            args[0].eq_ignore_ascii_case(b"ACL") && is_alone && is_refused && oracle.is_simple("OK")
        },
    },
    Explained {
        name: "keys that are used",
        reason: "7.0 checks the keys after the first word that looks like the option, and 8.0 those that are used, as the \
                 engine does; of XREAD without an id for each stream, or with an option that there is not, those are none",
        applies: |args, oracle, target| {
            args.len() > 4
                && args[0].eq_ignore_ascii_case(b"ACL")
                && args[1].eq_ignore_ascii_case(b"DRYRUN")
                && [oracle, target].iter().filter(|reply| tells_of_a_key(reply)).count() == 1
                && keys_are_ambiguous(&args[3..])
        },
    },
    Explained {
        name: "waiting is blocking",
        reason: "WAIT is of the category @blocking since 7.2",
        applies: |args, oracle, target| {
            let is_refused = |reply: &Reply| {
                reply
                    .bytes()
                    .is_some_and(|text| text.ends_with(b"has no permissions to run the 'wait' command"))
            };
            args[0].eq_ignore_ascii_case(b"ACL")
                && args.get(3).is_some_and(|name| name.eq_ignore_ascii_case(b"WAIT"))
                && ((is_refused(oracle) && target.is_simple("OK"))
                    || (oracle.is_simple("OK") && is_refused(target)))
        },
    },
    Explained {
        name: "users by name",
        reason: "7.2 names the user in the texts of ACL DRYRUN, 7.0 says \"this user\" and quotes only up to a zero",
        applies: |args, oracle, target| {
            let (Some(name), Some(oracle), Some(target)) = (args.get(2), oracle.bytes(), target.bytes())
            else {
                return false;
            };
            let named = [b"User ", name.as_slice()].concat();
            let rest = target.strip_prefix(&*named).map(until_zero_in_quotes);
            args[1].eq_ignore_ascii_case(b"DRYRUN")
                && rest.is_some_and(|rest| oracle.strip_prefix(b"This user") == Some(&*rest))
        },
    },
    Explained {
        name: "arguments of bitmaps first",
        reason: "7.2 looks at the arguments of BITCOUNT and BITPOS before the key; 7.0 at some of them after it",
        applies: |args, oracle, target| {
            let is_one = [&b"BITCOUNT"[..], b"BITPOS"].iter().any(|name| args[0].eq_ignore_ascii_case(name));
            let is_about_the_key = matches!(oracle, Reply::Integer(-1..=0))
                || matches!(oracle, Reply::Error(text) if text.starts_with(b"WRONGTYPE"));
            let is_about_arguments = is_error(target, "ERR syntax error")
                || is_error(target, "ERR value is not an integer or out of range");
            is_one && is_about_the_key && is_about_arguments
        },
    },
    Explained {
        name: "the last digit of distances",
        reason: "sines of the C library under redis-server and of the engine's may differ in the last bit, which a \
                 distance that lies between two texts shows",
        applies: |args, oracle, target| {
            args[0].len() > 3 && args[0][..3].eq_ignore_ascii_case(b"GEO") && same_distances(oracle, target)
        },
    },
    Explained {
        name: "timeouts out of range",
        reason: "7.0 converts timeouts too large for its integers without looking, and finds them negative",
        applies: |_, oracle, target| {
            is_error(oracle, "ERR timeout is negative") && is_error(target, "ERR timeout is out of range")
        },
    },
    Explained {
        name: "unbalanced streams",
        reason: "7.2 names the command that was called, and the word that it takes; 7.0 always XREAD and $",
        applies: |_, oracle, target| {
            starts(oracle, "ERR Unbalanced XREAD list of streams") && starts(target, "ERR Unbalanced 'xread")
        },
    },
    Explained {
        name: "the last entry",
        reason: "XREAD takes + for the last entry since 7.4",
        applies: |args, oracle, target| {
            args.iter().any(|arg| arg == b"+")
                && starts(oracle, "ERR Invalid stream ID")
                && (args[0].eq_ignore_ascii_case(b"XREAD")
                    || starts(target, "ERR The + ID is meaningless in the context of XREADGROUP"))
        },
    },
    Explained {
        name: "streams that go while one waits",
        reason: "7.2 runs a request that waits again, which then tells what is wrong; 7.0 says only that the stream \
                 is gone, or looks at no other key than the one that has changed",
        applies: |args, oracle, target| {
            // A reply to a wait that a command has ended counts as one to BZPOPMIN.
            let is_added = [&b"XADD"[..], b"BZPOPMIN"].contains(&args[0].to_ascii_uppercase().as_slice())
                && matches!(oracle, Reply::Array(_) | Reply::Map(_))
                && starts(target, "WRONGTYPE");
            is_added
                || starts(oracle, "UNBLOCKED the stream key no longer exists")
                    && (starts(target, "NOGROUP No such key") || starts(target, "WRONGTYPE"))
        },
    },
    Explained {
        name: "names before deleted ones",
        reason: "7.2 looks first whether XSETID goes back behind an entry that was deleted; 7.0 does not look",
        applies: |_, oracle, target| {
            is_error(oracle, "ERR The ID specified in XSETID is smaller than the target stream top item")
                && is_error(
                    target,
                    "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id",
                )
        },
    },
];

/// Whether it refuses a request because of a key.
fn tells_of_a_key(reply: &Reply) -> bool {
    reply.bytes().is_some_and(|text| text.ends_with(b"' key"))
}

/// Whether these words are options of XREAD or XREADGROUP with their values.
fn are_options(words: &[Vec<u8>]) -> bool {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        at += match word.to_ascii_uppercase().as_slice() {
            b"NOACK" => 1,
            b"BLOCK" | b"COUNT" | b"CLAIM" => 2,
            b"GROUP" => 3,
            _ => return false,
        };
    }
    at == words.len()
}

/// Whether positions alone do not tell the keys of a request.
fn keys_are_ambiguous(request: &[Vec<u8>]) -> bool {
    let is = |word: &Vec<u8>, other: &[u8]| word.eq_ignore_ascii_case(other);
    if is(&request[0], b"XREAD") || is(&request[0], b"XREADGROUP") {
        let mut streams = (1..request.len()).filter(|&at| is(&request[at], b"STREAMS"));
        let (Some(at), None) = (streams.next(), streams.next()) else { return true };
        let is_value = is(&request[at - 1], b"GROUP") || is(&request[at.saturating_sub(2)], b"GROUP");
        return is_value || (request.len() - at - 1) % 2 == 1 || !are_options(&request[1..at]);
    }
    let stores = request.iter().filter(|word| is(word, b"STORE") || is(word, b"STOREDIST")).count();
    (is(&request[0], b"GEORADIUS") || is(&request[0], b"GEORADIUSBYMEMBER")) && stores > 1
}

/// The text without what stands between its first zero byte and its last quotation mark.
fn until_zero_in_quotes(text: &[u8]) -> Vec<u8> {
    let zero = text.iter().position(|&byte| byte == 0);
    let mark = text.iter().rposition(|&byte| byte == b'\'');
    match (zero, mark) {
        (Some(zero), Some(mark)) if zero < mark => [&text[..zero], &text[mark..]].concat(),
        _ => text.to_vec(),
    }
}

/// The flags and lines of users without the flag that 7.0 does not show, and without rules about commands.
fn without_rules(reply: &Reply) -> Reply {
    const FLAG: &[u8] = b"sanitize-payload";
    let is_rule = |word: &[u8]| matches!(word, [b'+' | b'-', ..]);
    let parts = |parts: &[Reply]| {
        let kept = parts.iter().filter(|part| part.bytes() != Some(FLAG));
        kept.map(without_rules).collect::<Vec<_>>()
    };
    match reply {
        Reply::Array(inner) => Reply::Array(parts(inner)),
        Reply::Set(inner) => Reply::Set(parts(inner)),
        Reply::Map(inner) => {
            Reply::Map(inner.iter().map(|(key, value)| (without_rules(key), without_rules(value))).collect())
        }
        Reply::Bulk(line) if line.starts_with(b"user ") => {
            let words = line.split(|&byte| byte == b' ').filter(|word| *word != FLAG && !is_rule(word));
            Reply::Bulk(words.collect::<Vec<_>>().join(&b' '))
        }
        Reply::Bulk(rules) if is_rule(rules) => Reply::Bulk(Vec::new()),
        other => other.clone(),
    }
}

fn starts(reply: &Reply, text: &str) -> bool {
    matches!(reply, Reply::Error(own) if own.starts_with(text.as_bytes()))
}

fn is_error(reply: &Reply, text: &str) -> bool {
    matches!(reply, Reply::Error(own) if own == text.as_bytes())
}

fn encoding(args: &Args, oracle: &Reply, target: &Reply, old: &[u8], new: &[u8]) -> bool {
    args[0].eq_ignore_ascii_case(b"OBJECT") && oracle.bytes() == Some(old) && target.bytes() == Some(new)
}

/// Equal but for texts with four decimal places that are neighbours.
fn same_distances(oracle: &Reply, target: &Reply) -> bool {
    match (oracle, target) {
        (Reply::Array(a), Reply::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_distances(a, b))
        }
        (Reply::Bulk(a), Reply::Bulk(b)) => {
            a == b || in_parts(a).zip(in_parts(b)).is_some_and(|(a, b)| a.abs_diff(b) == 1)
        }
        (a, b) => a == b,
    }
}

/// A distance in parts of ten thousand.
fn in_parts(text: &[u8]) -> Option<u64> {
    let (whole, places) = std::str::from_utf8(text).ok()?.split_once('.')?;
    (places.len() == 4).then(|| format!("{whole}{places}").parse().ok())?
}

/// Whether two dumps are of the same value. Of streams only the type is compared, since their consumers were seen at
/// other times.
fn same_value(oracle: &Reply, target: &Reply) -> bool {
    let contents = |reply: &Reply| {
        let limits = EncodingLimits::new(HashSeed(1, 2));
        let value = rdb::restore(reply.bytes()?, &limits, Memory::UNKNOWN, 1 << 30).ok()?;
        let mut elements: Vec<Vec<u8>> = match &value {
            Value::Stream(_) => vec![b"a stream".to_vec()],
            Value::Set(set) => set.iter().map(|member| member.to_vec()).collect(),
            Value::Hash(hash) => {
                hash.iter().map(|(field, value)| [field.to_vec(), value.to_vec()].join(&b"="[..])).collect()
            }
            _ => return Some(vec![rdb::dump(&Entry::with_value(b"", value, None).value(), false)]),
        };
        elements.sort();
        Some(elements)
    };
    contents(oracle).is_some_and(|expected| contents(target) == Some(expected))
}

/// Whether the command's reply may hold scores.
fn tells_scores(name: &[u8]) -> bool {
    let name = name.to_ascii_uppercase();
    matches!(
        name.as_slice(),
        b"ZADD"
            | b"ZINCRBY"
            | b"ZSCORE"
            | b"ZMSCORE"
            | b"ZRANGE"
            | b"ZREVRANGE"
            | b"ZRANGEBYSCORE"
            | b"ZREVRANGEBYSCORE"
            | b"ZPOPMIN"
            | b"ZPOPMAX"
            | b"ZMPOP"
            | b"BZPOPMIN"
            | b"BZPOPMAX"
            | b"BZMPOP"
            | b"ZUNION"
            | b"ZINTER"
            | b"ZDIFF"
            | b"ZSCAN"
            | b"ZRANDMEMBER"
    )
}

/// Whether the request is a script that makes doubles itself, or of those in replies.
fn returns_doubles(args: &Args) -> bool {
    let is_script =
        [&b"EVAL"[..], b"FCALL"].iter().any(|name| args[0].to_ascii_uppercase().starts_with(name));
    let makes = |script: &[u8], what: &[u8]| script.windows(what.len()).any(|word| word == what);
    is_script
        && args.get(1).is_some_and(|script| {
            [&b"double"[..], b"setresp(3)", b"hand_on_3"].iter().any(|what| makes(script, what))
        })
}

/// Equal but for the way in which the same doubles are written.
fn same_scores(oracle: &Reply, target: &Reply) -> bool {
    match (oracle, target) {
        (Reply::Array(a), Reply::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_scores(a, b))
        }
        (Reply::Double(a), Reply::Double(b)) => a == b || is_same_double(a.as_bytes(), b.as_bytes()),
        (Reply::Bulk(a), Reply::Bulk(b)) => a == b || is_same_double(a, b),
        (a, b) => a == b,
    }
}

/// Whether two texts are the same double, and the target's is the form that 7.2 gives it.
fn is_same_double(oracle: &[u8], target: &[u8]) -> bool {
    let Some(value) = std::str::from_utf8(oracle).ok().and_then(|text| text.parse::<f64>().ok()) else {
        return false;
    };
    let mut text = Vec::new();
    sanderling_core::number::write_f64(&mut text, value);
    text == target
}
