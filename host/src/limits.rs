//! Limits on what a client may keep in the server's memory by not reading its replies.

use crate::config::SettingError;
use sanderling_core::config::parse_bytes;
use sanderling_core::{Class, Micros, number};
use std::fmt;
use std::str::FromStr;

/// Unsent bytes of a connection above which it is not read from any more, so that its peer has to take replies
/// before it can ask for more.
pub const OUTPUT_HIGH_WATER_BYTES: usize = 1 << 20;

/// `client-output-buffer-limit` for the classes of clients there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputLimits {
    normal: OutputLimit,
    pubsub: OutputLimit,
}

/// Unsent bytes at which a client is closed: at once at the hard limit, after a while above the soft one. 0 is no
/// limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputLimit {
    /// Closed at once above this.
    pub hard_bytes: usize,
    /// Closed after `soft_seconds` above this.
    pub soft_bytes: usize,
    /// See `soft_bytes`.
    pub soft_seconds: u64,
}

impl Default for OutputLimits {
    /// Redis's defaults, but for the hard limit on normal clients: there it is unlimited, and one client that asks
    /// and never reads takes the server's memory.
    fn default() -> Self {
        Self {
            normal: OutputLimit { hard_bytes: 1 << 30, soft_bytes: 0, soft_seconds: 0 },
            pubsub: OutputLimit { hard_bytes: 32 << 20, soft_bytes: 8 << 20, soft_seconds: 60 },
        }
    }
}

impl fmt::Display for OutputLimits {
    /// As CONFIG GET shows it; there are no replicas, and what Redis allows them is never reached.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "normal {} slave 0 0 0 pubsub {}", self.normal, self.pubsub)
    }
}

impl fmt::Display for OutputLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.hard_bytes, self.soft_bytes, self.soft_seconds)
    }
}

impl OutputLimits {
    /// The limit of a class.
    pub fn of(&self, class: Class) -> OutputLimit {
        match class {
            Class::Normal => self.normal,
            Class::Pubsub => self.pubsub,
        }
    }

    /// Changes the classes that `text` names: `<class> <hard> <soft> <seconds>`, any number of times.
    pub fn update(&mut self, text: &str) -> Result<(), SettingError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let mut updated = *self;
        if words.is_empty() || !words.len().is_multiple_of(4) {
            return Err(SettingError::WrongNumberOfWords);
        }
        for words in words.chunks_exact(4) {
            let limit = OutputLimit {
                hard_bytes: bytes(words[1])?,
                soft_bytes: bytes(words[2])?,
                soft_seconds: words[3].parse().map_err(|_| SettingError::NotSeconds)?,
            };
            match words[0].to_ascii_lowercase().as_str() {
                "normal" => updated.normal = limit,
                "pubsub" => updated.pubsub = limit,
                // There are no such clients yet; the setting is accepted as Redis's own configuration has it.
                "replica" | "slave" => {}
                other => return Err(SettingError::UnknownClass(other.to_owned())),
            }
        }
        *self = updated;
        Ok(())
    }
}

impl FromStr for OutputLimits {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        let mut limits = Self::default();
        limits.update(text)?;
        Ok(limits)
    }
}

impl OutputLimit {
    /// Whether a client with `pending` unsent bytes must go; `soft_since` is kept for the next time.
    pub fn exceeded(&self, pending: usize, soft_since: &mut Option<Micros>, now: Micros) -> bool {
        if self.hard_bytes > 0 && pending > self.hard_bytes {
            return true;
        }
        if self.soft_bytes == 0 || pending <= self.soft_bytes {
            *soft_since = None;
            return false;
        }
        now - *soft_since.get_or_insert(now) > self.soft_seconds.saturating_mul(1_000_000)
    }
}

/// A number of bytes with a unit, as the engine reads it for its own settings.
pub fn bytes(text: &str) -> Result<usize, SettingError> {
    if let Some(bytes) = parse_bytes(text).and_then(number::exact) {
        return Ok(bytes);
    }
    // With a smaller number it would be one.
    let unit = text.trim_start_matches(|character: char| character.is_ascii_digit());
    let is_number = unit.len() < text.len() && parse_bytes(&format!("1{unit}")).is_some();
    Err(if is_number {
        SettingError::TooManyBytes(text.to_owned())
    } else {
        SettingError::NotBytes(text.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_units() {
        for (text, expected) in
            [("0", 0), ("7b", 7), ("2k", 2000), ("2Kb", 2048), ("3mb", 3 << 20), ("1GB", 1 << 30)]
        {
            assert_eq!(bytes(text), Ok(expected));
        }
        for text in ["", "kb", "1x", "-1", "1 kb", "1tb"] {
            assert_eq!(bytes(text), Err(SettingError::NotBytes(text.to_owned())));
        }
        for text in ["99999999999999999999", "99999999999gb", "18014398509481984kB"] {
            assert_eq!(bytes(text), Err(SettingError::TooManyBytes(text.to_owned())));
        }
    }

    #[test]
    fn limits_parse_as_redis_writes_them() {
        let limits: OutputLimits = "pubsub 64mb 16mb 90 normal 0 0 0 replica 256mb 64mb 60".parse().unwrap();
        let pubsub = OutputLimit { hard_bytes: 64 << 20, soft_bytes: 16 << 20, soft_seconds: 90 };
        assert_eq!(limits.of(Class::Pubsub), pubsub);
        assert_eq!(limits.of(Class::Normal).hard_bytes, 0);
        assert!("normal 1 2".parse::<OutputLimits>().is_err());
        assert!("other 1 2 3".parse::<OutputLimits>().is_err());
    }

    #[test]
    fn the_soft_limit_needs_time_and_the_hard_one_none() {
        let limit = OutputLimit { hard_bytes: 100, soft_bytes: 10, soft_seconds: 2 };
        let mut since = None;
        assert!(!limit.exceeded(11, &mut since, 1_000_000));
        assert!(!limit.exceeded(11, &mut since, 3_000_000));
        assert!(limit.exceeded(11, &mut since, 3_000_001));
        assert!(!limit.exceeded(10, &mut since, 4_000_000));
        assert!(!limit.exceeded(11, &mut since, 9_000_000), "going below starts the time anew");
        assert!(limit.exceeded(101, &mut since, 9_000_000));
        let patient = OutputLimit { soft_seconds: u64::MAX, ..limit };
        assert!(!patient.exceeded(11, &mut None, 9_000_000));
    }
}
