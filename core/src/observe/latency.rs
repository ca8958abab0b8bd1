//! Latency events: for each kind of event the times at which it took longer than a threshold.

use alloc::collections::VecDeque;

use crate::structures::ordered::OrderedMap;

/// Samples kept for each event.
const SAMPLES_MAX: usize = 160;

/// A second in which an event was slow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sample {
    /// Unix time in seconds.
    pub at: u64,
    /// The longest duration within that second, in milliseconds.
    pub millis: u64,
}

/// What is kept of an event.
#[derive(Default)]
pub struct Event {
    /// The latest samples, the oldest first.
    pub samples: VecDeque<Sample>,
    /// The longest duration ever, in milliseconds.
    pub max_millis: u64,
}

/// All events.
#[derive(Default)]
pub struct Latency {
    /// `latency-monitor-threshold`, in milliseconds; 0 records nothing.
    pub threshold_millis: u64,
    /// By name.
    pub events: OrderedMap<&'static str, Event>,
}

impl Latency {
    /// Records a duration if it reaches the threshold.
    pub fn add(&mut self, event: &'static str, at: u64, millis: u64) {
        if self.threshold_millis == 0 || millis < self.threshold_millis {
            return;
        }
        let event = self.events.or_default(event);
        event.max_millis = event.max_millis.max(millis);
        match event.samples.back_mut() {
            Some(last) if last.at == at => last.millis = last.millis.max(millis),
            _ => {
                if event.samples.len() == SAMPLES_MAX {
                    event.samples.pop_front();
                }
                event.samples.push_back(Sample { at, millis });
            }
        }
    }

    /// Forgets the events of these names, or all of them; returns how many there were.
    pub fn reset<'a>(&mut self, names: impl ExactSizeIterator<Item = &'a [u8]>) -> usize {
        let before = self.events.len();
        if names.len() == 0 {
            self.events.clear();
        }
        for name in names {
            self.events.retain(|event, _| event.as_bytes() != name);
        }
        before - self.events.len()
    }
}
