//! Where the engine, which answers as Redis 7.2, rightly differs from the oracle, which is 7.0.15.
//!
//! Each entry is as narrow as can be: it sees the request and both replies.

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
        name: "shortest doubles",
        reason: "7.2 writes a score in the fewest digits that read back the same; 7.0 with 17 significant digits",
        applies: |args, oracle, target| tells_scores(&args[0]) && same_scores(oracle, target),
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
        name: "timeouts out of range",
        reason: "7.0 converts timeouts too large for its integers without looking, and finds them negative",
        applies: |_, oracle, target| {
            is_error(oracle, "ERR timeout is negative") && is_error(target, "ERR timeout is out of range")
        },
    },
    Explained {
        name: "ranks with scores",
        reason: "7.2 knows ZRANK key member WITHSCORE; for 7.0 that is an argument too many",
        applies: |args, oracle, _| {
            let name = args[0].to_ascii_lowercase();
            matches!(name.as_slice(), b"zrank" | b"zrevrank")
                && args.len() == 4
                && is_error(
                    oracle,
                    &format!(
                        "ERR wrong number of arguments for '{}' command",
                        String::from_utf8_lossy(&name)
                    ),
                )
        },
    },
];

fn is_error(reply: &Reply, text: &str) -> bool {
    matches!(reply, Reply::Error(own) if own == text.as_bytes())
}

fn encoding(args: &Args, oracle: &Reply, target: &Reply, old: &[u8], new: &[u8]) -> bool {
    args[0].eq_ignore_ascii_case(b"OBJECT") && oracle.bytes() == Some(old) && target.bytes() == Some(new)
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

/// Equal but for the way in which the same doubles are written.
fn same_scores(oracle: &Reply, target: &Reply) -> bool {
    match (oracle, target) {
        (Reply::Array(a), Reply::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_scores(a, b))
        }
        (Reply::Double(a), Reply::Double(b)) => a == b || shortest(a.as_bytes()).as_ref() == Some(b),
        (Reply::Bulk(a), Reply::Bulk(b)) => a == b || shortest(a).is_some_and(|text| text.as_bytes() == b),
        (a, b) => a == b,
    }
}

/// A double of the oracle as Redis 7.2 writes it.
fn shortest(text: &[u8]) -> Option<String> {
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(redis_double(value))
}

/// How Redis 7.2 writes doubles: integers below 2^52 as such, others with their shortest digits, plain or
/// with an exponent as the conversion of fpconv lays them out.
pub fn redis_double(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "inf".into() } else { "-inf".into() };
    }
    if value == 0.0 {
        return if value.is_sign_negative() { "-0".into() } else { "0".into() };
    }
    if value.abs() < 4_503_599_627_370_496.0 && value.trunc() == value {
        return format!("{}", value as i64);
    }
    let scientific = format!("{:e}", value.abs());
    let (mantissa, exponent) = scientific.split_once('e').expect("this format has an exponent");
    let digits = mantissa.replace('.', "");
    let exponent: i32 = exponent.parse().expect("the exponent is an integer");
    let sign = if value < 0.0 { "-" } else { "" };
    // The digits are an integer times ten to this power.
    let power = exponent + 1 - digits.len() as i32;
    let body = if power >= 0 && exponent.abs() < digits.len() as i32 + 7 {
        format!("{digits}{}", "0".repeat(power as usize))
    } else if power < 0 && (power > -7 || exponent.abs() < 4) {
        let point = digits.len() as i32 + power;
        if point <= 0 {
            format!("0.{}{digits}", "0".repeat(-point as usize))
        } else {
            format!("{}.{}", &digits[..point as usize], &digits[point as usize..])
        }
    } else {
        let fraction = if digits.len() > 1 { format!(".{}", &digits[1..]) } else { String::new() };
        format!("{}{fraction}e{}{}", &digits[..1], if exponent < 0 { '-' } else { '+' }, exponent.abs())
    };
    format!("{sign}{body}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_as_redis_writes_them() {
        for (value, text) in [
            (0.1, "0.1"),
            (-2.25, "-2.25"),
            (3.0, "3"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (0.000001, "0.000001"),
            (1e-7, "1e-7"),
            (5e-324, "5e-324"),
            (0.30000000000000004, "0.30000000000000004"),
            (123456789.12345679, "123456789.12345679"),
            (1.5e300, "1.5e+300"),
        ] {
            assert_eq!(redis_double(value), text);
        }
    }
}
