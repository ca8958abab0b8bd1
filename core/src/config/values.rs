//! Values of settings: how they are read, and written back.

use alloc::string::String;
use alloc::vec::Vec;

use super::ConfigError;
use crate::number::parse_i64;
use crate::server::pubsub::{NOTIFY_KEYEVENT, NOTIFY_KEYSPACE};

pub(super) fn integer(value: &str, least: i64, most: i64) -> Result<i64, ConfigError> {
    let number = parse_i64(value.as_bytes())
        .ok_or_else(|| ConfigError::new("argument couldn't be parsed into an integer"))?;
    bounded(number, least, most)
}

fn bounded(number: i64, least: i64, most: i64) -> Result<i64, ConfigError> {
    if (least..=most).contains(&number) {
        return Ok(number);
    }
    Err(ConfigError(alloc::format!("argument must be between {least} and {most} inclusive")))
}

/// A number that was found to be within the bounds of its field.
pub(super) fn fitting<N: TryFrom<i64>>(number: i64) -> Result<N, ConfigError> {
    N::try_from(number).map_err(|_| ConfigError::new("argument is out of range"))
}

/// The most that Redis takes for a number of bytes, where it keeps it in a signed word.
pub(super) const BYTES_MAX: u64 = i64::MAX.cast_unsigned();

pub(super) fn bytes(value: &str, least: u64, most: u64) -> Result<u64, ConfigError> {
    let bytes = parse_bytes(value).ok_or_else(|| ConfigError::new("argument must be a memory value"))?;
    if (least..=most).contains(&bytes) {
        return Ok(bytes);
    }
    Err(ConfigError(alloc::format!("argument must be between {least} and {most} inclusive")))
}

/// Bytes, or a percentage as a negative number.
pub(super) fn bytes_or_percent(value: &str) -> Result<i64, ConfigError> {
    const INVALID: &str = "argument must be a memory or percent value";
    let invalid = || ConfigError::new(INVALID);
    let Some(percent) = value.strip_suffix('%') else {
        return i64::try_from(parse_bytes(value).ok_or_else(invalid)?).map_err(|_| invalid());
    };
    match parse_i64(percent.as_bytes()).ok_or_else(invalid)? {
        percent @ 0..=100 => Ok(-percent),
        101.. => Err(ConfigError::new("percentage argument must be less or equal to 100")),
        _ => Err(invalid()),
    }
}

/// Three numbers, such as `7.4.0`.
pub(super) fn version(value: &str) -> Result<String, ConfigError> {
    let parts: Vec<&str> = value.split('.').collect();
    if parts.len() == 3 && parts.iter().all(|part| part.parse::<u8>().is_ok()) {
        return Ok(value.into());
    }
    Err(ConfigError::new("argument must be a version of three numbers, such as 7.4.0"))
}

/// The index of a word in a list, in any case.
pub(super) fn one_of(value: &str, words: &[&str]) -> Result<usize, ConfigError> {
    words.iter().position(|word| word.eq_ignore_ascii_case(value)).ok_or_else(|| {
        ConfigError(alloc::format!("argument(s) must be one of the following: {}", words.join(", ")))
    })
}

pub(super) fn percentiles(value: &str) -> Result<Vec<f64>, ConfigError> {
    if value.is_empty() {
        return Ok(Vec::new());
    }
    value
        .split(' ')
        .map(|word| match crate::number::parse_f64(word.as_bytes()) {
            None => Err(ConfigError::new("Invalid latency-tracking-info-percentiles parameters")),
            Some(percent) if !(0.0..=100.0).contains(&percent) => Err(ConfigError::new(
                "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]",
            )),
            Some(percent) => Ok(percent),
        })
        .collect()
}

/// The limits of all classes of clients, those of `current` unless `value` names them:
/// `<class> <hard> <soft> <seconds>`, any number of times.
pub(super) fn output_limits(current: &str, value: &str) -> Result<String, ConfigError> {
    const CLASSES: [&str; 3] = ["normal", "slave", "pubsub"];
    const COUNT: &str = "Wrong number of arguments in buffer limit configuration.";
    const CLASS: &str = "Invalid client class specified in buffer limit configuration.";
    const NUMBER: &str = "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
    let mut limits = [[0; 3]; CLASSES.len()];
    for text in [current, value] {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        if !words.len().is_multiple_of(4) {
            return Err(ConfigError::new(COUNT));
        }
        for words in words.chunks_exact(4) {
            let name = if words[0].eq_ignore_ascii_case("replica") { "slave" } else { words[0] };
            let class = CLASSES.iter().position(|class| class.eq_ignore_ascii_case(name));
            let seconds = words[3].parse::<u32>().ok().filter(|seconds| *seconds <= i32::MAX as u32);
            let numbers = (parse_bytes(words[1]), parse_bytes(words[2]), seconds);
            let (Some(hard), Some(soft), Some(seconds)) = numbers else {
                return Err(ConfigError::new(if class.is_some() { NUMBER } else { CLASS }));
            };
            limits[class.ok_or_else(|| ConfigError::new(CLASS))?] = [hard, soft, u64::from(seconds)];
        }
    }
    let texts: Vec<String> = CLASSES
        .iter()
        .zip(limits)
        .map(|(class, [hard, soft, seconds])| alloc::format!("{class} {hard} {soft} {seconds}"))
        .collect();
    Ok(texts.join(" "))
}

/// How a signal ends the server, as words in Redis's order.
pub(super) fn shutdown_flags(value: &str) -> Result<String, ConfigError> {
    const FLAGS: [&str; 5] = ["default", "save", "nosave", "now", "force"];
    const BOTH: &str = "shutdown options SAVE and NOSAVE can't be used simultaneously";
    let mut is_set = [false; FLAGS.len()];
    for word in value.split(' ') {
        is_set[one_of(word, &FLAGS)?] = true;
    }
    if is_set[1] && is_set[2] {
        return Err(ConfigError::new(BOTH));
    }
    // The first says nothing beside others.
    let words: Vec<&str> = (1..FLAGS.len()).filter(|&at| is_set[at]).map(|at| FLAGS[at]).collect();
    Ok(if words.is_empty() { String::from(FLAGS[0]) } else { words.join(" ") })
}

pub(super) const fn yes_or_no(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

pub(super) fn boolean(value: &str) -> Result<bool, ConfigError> {
    match value.to_ascii_lowercase().as_str() {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(ConfigError::new("argument must be 'yes' or 'no'")),
    }
}

/// Reads a number of bytes with a unit as Redis takes it: `100mb` is 100·2²⁰, `100m` is 100·10⁶.
pub fn parse_bytes(value: &str) -> Option<u64> {
    let digits = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    let (number, unit) = value.split_at(digits);
    let factor: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" => 1000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// The letters of `notify-keyspace-events` with their bits.
const NOTIFY_LETTERS: [(char, u16); 14] = [
    ('K', NOTIFY_KEYSPACE),
    ('E', NOTIFY_KEYEVENT),
    ('g', 1 << 2),
    ('$', 1 << 3),
    ('l', 1 << 4),
    ('s', 1 << 5),
    ('h', 1 << 6),
    ('z', 1 << 7),
    ('x', 1 << 8),
    ('e', 1 << 9),
    ('t', 1 << 10),
    ('m', 1 << 11),
    ('d', 1 << 13),
    ('n', 1 << 14),
];

/// The kinds that `A` stands for: all but misses and new keys.
const NOTIFY_ALL: u16 = 0b0010_0111_1111_1100;

pub(super) fn notify_bits(letters: &str) -> Result<u16, ConfigError> {
    let mut bits = 0;
    for letter in letters.chars() {
        bits |= match NOTIFY_LETTERS.iter().find(|(other, _)| *other == letter) {
            Some((_, bit)) => *bit,
            None if letter == 'A' => NOTIFY_ALL,
            None => return Err(ConfigError::new("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")),
        };
    }
    Ok(bits)
}

pub(super) fn notify_text(bits: u16) -> String {
    let mut text = String::new();
    let has_all = bits & NOTIFY_ALL == NOTIFY_ALL;
    if has_all {
        text.push('A');
    }
    // Redis writes the kinds first and the channels after them.
    for is_channel in [false, true] {
        for (letter, bit) in NOTIFY_LETTERS {
            let is_shown = bits & bit != 0 && !(has_all && NOTIFY_ALL & bit != 0);
            if is_shown && is_channel == matches!(letter, 'K' | 'E' | 'm' | 'n') {
                text.push(letter);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn notification_classes_read_back() {
        let check = |letters: &str, expect: &str| {
            assert_eq!(notify_bits(letters).map(notify_text), Ok(expect.to_string()));
        };
        check("", "");
        check("KEA", "AKE");
        check("Ex", "xE");
        check("g$lshzxetdK", "AK");
        check("Km", "Km");
        assert!(notify_bits("q").is_err());
    }
}
