//! Whether two replies to one request agree.

use std::collections::HashMap;

use super::explained::EXPLAINED;
use super::grammar::handed_on;
use super::operation::Args;
use crate::reply::Reply;
use crate::target::Received;
use crate::text::{children, show};

/// Times of two servers may be so far apart: the same moment reaches them one after the other.
const TOLERANCE_MS: i64 = 5_000;

/// What is known of a run's connections, from which follows what a reply must be like.
#[derive(Default)]
pub struct Judge {
    /// Requests of each connection that wait for EXEC.
    queued: HashMap<usize, Vec<Args>>,
    /// The last request of each connection with both replies.
    last: HashMap<usize, (Args, Reply, Reply)>,
    /// How often each explained difference was met.
    pub met: HashMap<&'static str, u64>,
}

impl Judge {
    /// Forgets what it knows of all connections.
    pub fn forget(&mut self) {
        self.queued.clear();
        self.last.clear();
    }

    /// Forgets what it knows of a connection.
    pub fn reopened(&mut self, connection: usize) {
        self.queued.remove(&connection);
        self.last.remove(&connection);
    }

    /// Compares the replies of oracle and target to one request; the error says what is different.
    pub fn reply(
        &mut self,
        connection: usize,
        args: &Args,
        oracle: Received,
        target: Received,
    ) -> Result<(), String> {
        let (Received::Reply(oracle), Received::Reply(target)) = (&oracle, &target) else {
            return if oracle == target { Ok(()) } else { Err(different(&oracle, &target)) };
        };
        let agreed = self.agree(connection, args, oracle, target);
        if !agreed {
            return Err(different(&Received::Reply(oracle.clone()), &Received::Reply(target.clone())));
        }
        if oracle.is_simple("QUEUED") {
            self.queued.entry(connection).or_default().push(args.clone());
        } else if ends_transaction(&args[0]) {
            self.queued.remove(&connection);
        }
        self.last.insert(connection, (args.clone(), oracle.clone(), target.clone()));
        Ok(())
    }

    fn agree(&mut self, connection: usize, args: &Args, oracle: &Reply, target: &Reply) -> bool {
        if args[0].eq_ignore_ascii_case(b"EXEC")
            && let Some(queued) = self.queued.remove(&connection)
            && let (Reply::Array(a), Reply::Array(b)) = (oracle, target)
            && a.len() == queued.len()
            && a.len() == b.len()
        {
            return queued
                .iter()
                .zip(a.iter().zip(b))
                .all(|(args, (a, b))| self.agree_alone(args, a, b, None));
        }
        let last = self.last.remove(&connection);
        self.agree_alone(args, oracle, target, last)
    }

    fn agree_alone(&mut self, args: &Args, a: &Reply, b: &Reply, last: Option<(Args, Reply, Reply)>) -> bool {
        if a == b && !is_random(&args[0]) {
            return true;
        }
        // What a script hands on is judged as if it had not come through a script.
        if let Some(inner) = handed_on(args)
            && self.agree_alone(&inner, &without_place(a), &without_place(b), last.clone())
        {
            return true;
        }
        let error = matches!(a, Reply::Error(_)) || matches!(b, Reply::Error(_));
        if !error && let Some(agreed) = by_kind(args, a, b, last) {
            return agreed;
        }
        if a == b {
            return true;
        }
        let explained = EXPLAINED.iter().find(|explained| (explained.applies)(args, a, b));
        explained.inspect(|explained| *self.met.entry(explained.name).or_default() += 1).is_some()
    }
}

/// An error without the place in a script where it happened.
fn without_place(reply: &Reply) -> Reply {
    match reply {
        Reply::Error(text) => {
            let at = text.windows(9).position(|word| word == b" script: ");
            Reply::Error(text[..at.unwrap_or(text.len())].to_vec())
        }
        other => other.clone(),
    }
}

fn ends_transaction(name: &[u8]) -> bool {
    [&b"EXEC"[..], b"DISCARD", b"RESET"].iter().any(|end| name.eq_ignore_ascii_case(end))
}

fn is_random(name: &[u8]) -> bool {
    let name = name.to_ascii_uppercase();
    matches!(name.as_slice(), b"SPOP" | b"SRANDMEMBER" | b"HRANDFIELD" | b"ZRANDMEMBER" | b"RANDOMKEY")
}

/// Whether a SORT names weights without an asterisk, such as `nosort`, so that nothing is sorted.
fn is_unsorted(args: &Args) -> bool {
    let by = args.iter().position(|arg| arg.eq_ignore_ascii_case(b"BY"));
    by.and_then(|at| args.get(at + 1)).is_some_and(|weights| !weights.contains(&b'*'))
}

/// For commands whose replies need not be equal to agree; `None` for all others.
fn by_kind(args: &Args, a: &Reply, b: &Reply, last: Option<(Args, Reply, Reply)>) -> Option<bool> {
    let name = args[0].to_ascii_uppercase();
    let option = |word: &[u8]| args[1..].iter().any(|arg| arg.eq_ignore_ascii_case(word));
    Some(match name.as_slice() {
        b"SMEMBERS" | b"SINTER" | b"SUNION" | b"SDIFF" | b"HKEYS" | b"HVALS" | b"KEYS" | b"PUBSUB" => {
            same_bag(a, b, 1)
        }
        b"HGETALL" => same_bag(a, b, if matches!(a, Reply::Array(_)) { 2 } else { 1 }),
        // The order of a set is open, and with it that of equal elements.
        b"SORT" | b"SORT_RO" if is_unsorted(args) => same_bag(a, b, 1),
        // Equal weights say nothing of the order, nor do texts that are equal up to a zero, where strcoll stops.
        b"SORT" | b"SORT_RO" if option(b"ALPHA") && !option(b"STORE") => {
            let is_by_elements = !option(b"BY") && !option(b"GET");
            same_bag(a, b, 1) && (!is_by_elements || until_zeros(a) == until_zeros(b))
        }
        b"TTL" | b"EXPIRETIME" => near(a, b, TOLERANCE_MS / 1000),
        b"PTTL" | b"PEXPIRETIME" => near(a, b, TOLERANCE_MS),
        // Relative times set one after the other may be the same millisecond for one server and not for the other;
        // a wrong decision shows in the expiry when states are compared.
        b"EXPIRE" | b"PEXPIRE" if option(b"GT") || option(b"LT") => both_integers(a, b),
        // Small integers are one object for all keys of redis-server, and idle as long as that is.
        b"OBJECT" if option(b"IDLETIME") => both_integers(a, b),
        b"XPENDING" | b"XINFO" => super::streams::agree(a, b),
        b"OBJECT" if option(b"REFCOUNT") => both_integers(a, b),
        b"CLIENT" if option(b"ID") => both_integers(a, b),
        // What is slow is a matter of the machine.
        b"SLOWLOG" if option(b"GET") => matches!((a, b), (Reply::Array(_), Reply::Array(_))),
        // Their structures differ.
        b"MEMORY" if option(b"USAGE") => both_integers(a, b),
        b"CONFIG" if option(b"GET") => same_bag(a, b, if matches!(a, Reply::Array(_)) { 2 } else { 1 }),
        b"HELLO" => matches!((a, b), (Reply::Array(_), Reply::Array(_)) | (Reply::Map(_), Reply::Map(_))),
        b"SCAN" | b"SSCAN" | b"HSCAN" | b"ZSCAN" => scanned(args, a, b),
        b"SPOP" | b"SRANDMEMBER" | b"HRANDFIELD" | b"ZRANDMEMBER" | b"RANDOMKEY" => {
            chosen(&name, args, a, b, last)
        }
        _ => return None,
    })
}

fn both_integers(a: &Reply, b: &Reply) -> bool {
    matches!((a, b), (Reply::Integer(_), Reply::Integer(_))) || a == b
}

fn near(a: &Reply, b: &Reply, tolerance: i64) -> bool {
    match (a, b) {
        // What is not a time, -1 and -2, is exact.
        (Reply::Integer(a), Reply::Integer(b)) if *a >= 0 && *b >= 0 => a.abs_diff(*b) <= tolerance as u64,
        _ => a == b,
    }
}

/// Aggregates of one kind with the same groups of `size` elements in any order.
fn same_bag(a: &Reply, b: &Reply, size: usize) -> bool {
    if std::mem::discriminant(a) != std::mem::discriminant(b) {
        return false;
    }
    // The elements of a map are its pairs.
    let size = if matches!(a, Reply::Map(_)) { 2 } else { size };
    let groups = |reply: &Reply| {
        let parts = children(reply);
        let mut groups: Vec<String> =
            parts.chunks(size).map(|group| group.iter().map(|part| show(part) + "\n").collect()).collect();
        groups.sort();
        groups
    };
    if children(a).is_empty() && children(b).is_empty() { a == b } else { groups(a) == groups(b) }
}

/// What the C library sees of texts: all before the first zero byte of each.
fn until_zeros(reply: &Reply) -> Vec<&[u8]> {
    let parts = reply.elements().unwrap_or_default();
    parts.iter().filter_map(Reply::bytes).filter_map(|text| text.split(|&byte| byte == 0).next()).collect()
}

/// Single steps of a scan: with a large COUNT both must tell all at once, else only the shape is the same.
fn scanned(args: &Args, a: &Reply, b: &Reply) -> bool {
    let (Reply::Array(a), Reply::Array(b)) = (a, b) else { return false };
    let ([_, Reply::Array(_)], [_, Reply::Array(_)]) = (a.as_slice(), b.as_slice()) else { return false };
    let cursor_at = if args[0].eq_ignore_ascii_case(b"SCAN") { 1 } else { 2 };
    if args[cursor_at] != b"0" || !args.iter().any(|arg| arg == b"5000") {
        return true;
    }
    let size =
        if args[0].eq_ignore_ascii_case(b"SCAN") || args[0].eq_ignore_ascii_case(b"SSCAN") { 1 } else { 2 };
    let scores = args[0].eq_ignore_ascii_case(b"ZSCAN");
    // How scores are written is compared by other commands.
    a[0] == b[0]
        && (same_bag(&a[1], &b[1], size) || (scores && children(&a[1]).len() == children(&b[1]).len()))
}

/// A random choice must be as large as the oracle's, and come from what was there just before.
fn chosen(name: &[u8], args: &Args, a: &Reply, b: &Reply, last: Option<(Args, Reply, Reply)>) -> bool {
    let (chosen_a, chosen_b) = (leaves(a), leaves(b));
    if std::mem::discriminant(a) != std::mem::discriminant(b) || chosen_a.len() != chosen_b.len() {
        return false;
    }
    let Some((asked, was_a, was_b)) = last else { return true };
    let partner: &[u8] = match name {
        b"SPOP" | b"SRANDMEMBER" => b"SMEMBERS",
        b"HRANDFIELD" => b"HGETALL",
        b"ZRANDMEMBER" => b"ZRANGE",
        _ => b"KEYS",
    };
    if asked[0] != partner || (name != b"RANDOMKEY" && asked.get(1) != args.get(1)) {
        return true;
    }
    // A negative count may choose an element again; all other choices are distinct.
    let repeats = args.get(2).is_some_and(|count| count.starts_with(b"-"));
    let pairs = args.len() > 3 || matches!(a, Reply::Map(_));
    let sound = |reply: &Reply, chosen: Vec<String>, was: &Reply| {
        let keys: Vec<&String> =
            if pairs { chosen.iter().step_by(2).collect() } else { chosen.iter().collect() };
        let distinct = keys.iter().collect::<std::collections::HashSet<_>>().len() == keys.len();
        let was = leaves(was);
        reply.is_null() || ((repeats || distinct) && chosen.iter().all(|one| was.contains(one)))
    };
    sound(a, chosen_a, &was_a) && sound(b, chosen_b, &was_b)
}

/// All scalars within, as text; numbers whichever way they are written.
fn leaves(reply: &Reply) -> Vec<String> {
    match reply.bytes() {
        Some(bytes) => vec![crate::text::quote(bytes)],
        None => match children(reply) {
            parts if !parts.is_empty() => parts.into_iter().flat_map(leaves).collect(),
            _ => Vec::new(),
        },
    }
}

fn different(oracle: &Received, target: &Received) -> String {
    let text = |received: &Received| match received {
        Received::Reply(reply) => show(reply).replace('\n', "\n      "),
        Received::Closed => "the connection was closed".into(),
        Received::Nothing => "no reply".into(),
        Received::Malformed(fault) => format!("not RESP: {fault}"),
    };
    format!("  oracle\n      {}\n  target\n      {}", text(oracle), text(target))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agree(request: &str, oracle: &[&[u8]], target: &[&[u8]]) -> bool {
        let args = request.split(' ').map(|word| word.as_bytes().to_vec()).collect();
        let array = |texts: &[&[u8]]| {
            Received::Reply(Reply::Array(texts.iter().map(|text| Reply::Bulk(text.to_vec())).collect()))
        };
        Judge::default().reply(0, &args, array(oracle), array(target)).is_ok()
    }

    #[test]
    fn texts_are_sorted_in_order() {
        let (rising, falling): ([&[u8]; 2], [&[u8]; 2]) = ([b"a", b"b"], [b"b", b"a"]);
        assert!(agree("SORT k ALPHA", &rising, &rising));
        assert!(!agree("SORT k ALPHA", &rising, &falling));
        assert!(agree("SORT k ALPHA BY w_*", &rising, &falling));
        assert!(agree("SORT k BY nosort", &rising, &falling));
        assert!(agree("SORT_RO k BY 1 DESC", &rising, &falling));
        assert!(!agree("SORT k BY w_* nosort", &rising, &falling));
        assert!(agree("SORT k ALPHA", &[b"a\0b", b"a\0c"], &[b"a\0c", b"a\0b"]));
    }
}
