//! What the 24 bits of an entry's access clock mean, and how using a key changes them.
//!
//! Without an LFU policy they are the time of the last use in seconds. With one, the lower 8 bits are a counter
//! that grows with the logarithm of the number of uses, and the upper 16 the minute in which it was last changed:
//! the counter loses one for each period without a look (the scheme of Redis's `evict.c`).

use super::entry::Entry;
use crate::base::random::Random;
use crate::number;

/// A new key's counter, so that it is not the first to go.
const COUNTER_NEW: u32 = 5;

/// What is known of the use of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyUse {
    /// Seconds since it was last used.
    IdleSeconds(u64),
    /// How often it is used, on a logarithmic scale.
    Frequency(u8),
}

/// What access clocks tell at one time.
#[derive(Clone, Copy)]
pub(crate) struct UseReader {
    counts: bool,
    decay_minutes: u32,
    /// In steady milliseconds.
    now: u64,
}

impl UseReader {
    /// What an access clock tells.
    pub(super) fn read(&self, access: u32) -> KeyUse {
        if self.counts {
            KeyUse::Frequency(number::low_u8(frequency(access, self.now, self.decay_minutes).into()))
        } else {
            KeyUse::IdleSeconds(idle_seconds(access, self.now))
        }
    }
}

/// How uses of keys are noted.
pub struct Access {
    /// Whether frequencies are counted instead of times.
    pub counts: bool,
    /// `lfu-log-factor`: the greater, the more uses a step of the counter takes.
    pub log_factor: u32,
    /// `lfu-decay-time`, in minutes; 0 means that counters never fall.
    pub decay_minutes: u32,
    random: Random,
}

impl Access {
    pub(super) fn new(random: Random) -> Access {
        Access { counts: false, log_factor: 10, decay_minutes: 1, random }
    }

    /// Notes that a key is used now (steady milliseconds, as `Store::steady`).
    #[inline(always)]
    pub fn mark(&mut self, entry: &mut Entry, now: u64) {
        if self.counts {
            self.count(entry, now);
        } else {
            entry.set_access(seconds(now));
        }
    }

    /// Notes that a key has come into being.
    #[inline(always)]
    pub fn mark_new(&mut self, entry: &mut Entry, now: u64) {
        entry.set_access(self.of_new(now));
    }

    /// The access clock of a key that has come into being now.
    #[inline(always)]
    pub fn of_new(&self, now: u64) -> u32 {
        if self.counts { minutes(now) << 8 | COUNTER_NEW } else { seconds(now) }
    }

    /// How often a key with this access clock was used, on a logarithmic scale, with what was lost since.
    pub fn frequency(&self, access: u32, now: u64) -> u32 {
        frequency(access, now, self.decay_minutes)
    }

    /// Seconds since a key with this access clock was last used.
    pub fn idle_seconds(&self, access: u32, now: u64) -> u64 {
        idle_seconds(access, now)
    }

    /// What reads access clocks as they are noted now.
    pub(crate) fn reader(&self, now: u64) -> UseReader {
        UseReader { counts: self.counts, decay_minutes: self.decay_minutes, now }
    }

    /// Sets what [`Access::frequency`] tells.
    pub fn set_frequency(&self, entry: &mut Entry, frequency: u8, now: u64) {
        entry.set_access(minutes(now) << 8 | u32::from(frequency));
    }

    /// Sets what [`Access::idle_seconds`] tells, as far as its 24 bits can.
    pub fn set_idle_seconds(&self, entry: &mut Entry, idle: u64, now: u64) {
        entry.set_access(seconds(now).wrapping_sub(number::low_u32(idle.min(u64::from(u32::MAX)))));
    }

    #[cold]
    fn count(&mut self, entry: &mut Entry, now: u64) {
        let mut counter = self.frequency(entry.access(), now);
        let steps = u64::from(counter.saturating_sub(COUNTER_NEW)) * u64::from(self.log_factor) + 1;
        if counter < 0xff && self.random.below(steps) == 0 {
            counter += 1;
        }
        entry.set_access(minutes(now) << 8 | counter);
    }
}

fn frequency(access: u32, now: u64, decay_minutes: u32) -> u32 {
    let (since, counter) = (access >> 8, access & 0xff);
    let passed = minutes(now).wrapping_sub(since) & 0xffff;
    let periods = passed.checked_div(decay_minutes).unwrap_or(0);
    counter.saturating_sub(periods)
}

fn idle_seconds(access: u32, now: u64) -> u64 {
    u64::from(seconds(now).wrapping_sub(access) & 0x00ff_ffff)
}

#[inline(always)]
fn seconds(millis: u64) -> u32 {
    number::low_u32(millis / 1000) & 0x00ff_ffff
}

fn minutes(millis: u64) -> u32 {
    number::low_u32(millis / 60_000) & 0xffff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_grow_with_the_logarithm_and_fall_with_time() {
        let mut access = Access { counts: true, ..Access::new(Random::new([7; 16])) };
        let mut entry = Entry::with_bytes(b"key", b"value", None);
        let mut now = 1_700_000_000_000;
        access.mark_new(&mut entry, now);
        assert_eq!(access.frequency(entry.access(), now), 5);
        for _ in 0..100 {
            access.mark(&mut entry, now);
        }
        // A hundred uses reach about 10 with a factor of 10, as Redis's own table says.
        let hundred = access.frequency(entry.access(), now);
        assert!((7..=14).contains(&hundred), "{hundred}");
        for _ in 0..1_000_000 {
            access.mark(&mut entry, now);
        }
        assert_eq!(access.frequency(entry.access(), now), 255);
        now += 10 * 60_000;
        assert_eq!(access.frequency(entry.access(), now), 245);
        access.decay_minutes = 0;
        assert_eq!(access.frequency(entry.access(), now), 255);
    }
}
