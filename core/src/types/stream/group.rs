//! A consumer group: how far it has read, and who has which entries without having acknowledged them.

use alloc::boxed::Box;

use super::id::Id;
use crate::structures::ordered::{OrderedMap, OrderedSet, SharedMap, SharedSet};

/// What an entry may take that becomes pending, in bytes, at the emptiest of all maps that know it.
pub(crate) const PENDING_BYTES: usize =
    2 * (size_of::<(Id, Pending)>() + size_of::<Id>() + size_of::<(u64, Id)>() + 3 * size_of::<Id>());

/// Bytes per element of an ordered map: chunks are two thirds full on average.
const fn tree_bytes<T>() -> usize {
    size_of::<T>() * 3 / 2 + 4
}

/// A consumer of a group, while it exists.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ConsumerRef(u32);

/// An entry that was delivered and not acknowledged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pending {
    /// The consumer that it is pending for; none (unowned) after it was given back.
    pub consumer: Option<ConsumerRef>,
    /// When it was delivered last, in unix milliseconds.
    pub delivered_at: u64,
    /// How often it was delivered.
    pub deliveries: u64,
}

/// A consumer.
#[derive(Clone)]
pub struct Consumer {
    name: Box<[u8]>,
    /// When it was last heard of, in unix milliseconds.
    pub seen_at: u64,
    /// When it last got something.
    pub active_at: Option<u64>,
    pending: SharedSet<Id>,
}

impl Consumer {
    /// Its name.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// The entries that it has not acknowledged.
    pub(crate) fn pending(&self) -> &SharedSet<Id> {
        &self.pending
    }

    /// The same consumer once more; see [`Group::share`].
    fn share(&mut self) -> Consumer {
        let pending = self.pending.share();
        Consumer { name: self.name.clone(), pending, ..*self }
    }
}

/// A consumer group; see the module's description.
#[derive(Clone)]
pub struct Group {
    /// The last entry that was delivered to anyone.
    pub last_id: Id,
    /// How many of all entries ever added were delivered, if that is known.
    pub entries_read: Option<i64>,
    pending: SharedMap<Id, Pending>,
    /// How many of them nobody has.
    unowned: usize,
    /// The same by the time of delivery; made when it is first asked for.
    by_time: Option<OrderedSet<(u64, Id)>>,
    names: OrderedMap<Box<[u8]>, ConsumerRef>,
    consumers: OrderedMap<ConsumerRef, Consumer>,
    /// What the next consumer is called, if nobody is called that.
    next: u32,
}

impl Group {
    /// A group without consumers.
    pub fn new(last_id: Id, entries_read: Option<i64>) -> Group {
        Group {
            last_id,
            entries_read,
            pending: SharedMap::default(),
            unowned: 0,
            by_time: None,
            names: OrderedMap::new(),
            consumers: OrderedMap::new(),
            next: 0,
        }
    }

    // ----- consumers -----

    /// The consumer of this name.
    pub fn find(&self, name: &[u8]) -> Option<ConsumerRef> {
        self.names.get(name).copied()
    }

    /// A consumer.
    pub fn consumer(&self, consumer: ConsumerRef) -> &Consumer {
        self.consumers.get(&consumer).expect("no reference outlives the name of a consumer that is gone")
    }

    /// A consumer, to change.
    pub fn consumer_mut(&mut self, consumer: ConsumerRef) -> &mut Consumer {
        self.consumers.get_mut(&consumer).expect("no reference outlives the name of a consumer that is gone")
    }

    /// Adds a consumer of a name that is not taken.
    pub fn add_consumer(&mut self, name: &[u8], now: u64) -> ConsumerRef {
        let consumer =
            Consumer { name: name.into(), seen_at: now, active_at: None, pending: SharedSet::default() };
        // Consumers of four billion names do not fit into memory, so that one is free.
        while self.consumers.contains_key(&ConsumerRef(self.next)) {
            self.next = self.next.wrapping_add(1);
        }
        let own = ConsumerRef(self.next);
        self.next = self.next.wrapping_add(1);
        self.consumers.insert(own, consumer);
        self.names.insert(name.into(), own);
        own
    }

    /// Removes a consumer with its pending entries, and returns how many there were.
    pub fn remove_consumer(&mut self, name: &[u8]) -> Option<usize> {
        let own = self.names.remove(name)?;
        let consumer = self.consumers.remove(&own).expect("names are those of consumers");
        for id in &consumer.pending {
            let pending = self.pending.remove(id).expect("what a consumer has is pending in the group");
            if let Some(by_time) = &mut self.by_time {
                by_time.remove(&(pending.delivered_at, *id));
            }
        }
        Some(consumer.pending.len())
    }

    /// How many consumers there are.
    pub fn consumers_len(&self) -> usize {
        self.names.len()
    }

    /// All consumers, by name.
    pub fn consumers(&self) -> impl Iterator<Item = &Consumer> {
        self.consumers_from(0)
    }

    /// All consumers but so many of the first.
    pub fn consumers_from(&self, index: usize) -> impl Iterator<Item = &Consumer> {
        self.names.iter_from(index).map(|(_, &consumer)| self.consumer(consumer))
    }

    // ----- pending entries -----

    /// All entries that were delivered and not acknowledged.
    pub(crate) fn pending(&self) -> &SharedMap<Id, Pending> {
        &self.pending
    }

    /// How many of them nobody has, since they were given back.
    pub fn unowned_len(&self) -> usize {
        self.unowned
    }

    /// Makes an entry pending, or pending in this way from now on.
    pub fn deliver(&mut self, id: Id, pending: Pending) {
        let old = self.pending.insert(id, pending);
        let is_unowned = |pending: Pending| usize::from(pending.consumer.is_none());
        self.unowned = self.unowned + is_unowned(pending) - old.map_or(0, is_unowned);
        if let Some(by_time) = &mut self.by_time {
            if let Some(old) = old {
                by_time.remove(&(old.delivered_at, id));
            }
            by_time.insert((pending.delivered_at, id));
        }
        let owner = old.and_then(|old| old.consumer);
        if owner == pending.consumer {
            return;
        }
        if let Some(owner) = owner {
            self.consumer_mut(owner).pending.remove(&id);
        }
        if let Some(consumer) = pending.consumer {
            self.consumer_mut(consumer).pending.insert(id);
        }
    }

    /// Makes an entry pending no more; returns how it was, if it was.
    pub fn acknowledge(&mut self, id: Id) -> Option<Pending> {
        let pending = self.pending.remove(&id)?;
        match pending.consumer {
            Some(consumer) => _ = self.consumer_mut(consumer).pending.remove(&id),
            None => self.unowned -= 1,
        }
        if let Some(by_time) = &mut self.by_time {
            by_time.remove(&(pending.delivered_at, id));
        }
        Some(pending)
    }

    /// What that list takes when it is made now, in bytes.
    pub fn by_time_bytes(&self) -> usize {
        if self.by_time.is_some() { 0 } else { self.pending.len() * 2 * size_of::<(u64, Id)>() }
    }

    /// The pending entries by the time of their last delivery, the longest ago first.
    pub fn by_time(&mut self) -> &OrderedSet<(u64, Id)> {
        let pending = &self.pending;
        self.by_time.get_or_insert_with(|| pending.iter().map(|(id, one)| (one.delivered_at, *id)).collect())
    }

    // ----- sharing -----

    /// The same group once more, for a snapshot: both have the same pending entries, which are copied as they change, a
    /// part at a time. Consumers are copied at once.
    pub(super) fn share(&mut self) -> Group {
        Group {
            pending: self.pending.share(),
            by_time: None,
            names: self.names.clone(),
            consumers: self.consumers.mapped(Consumer::share),
            ..*self
        }
    }

    /// Bytes that [`Group::share`] takes.
    pub(super) fn sharing_bytes(&self) -> usize {
        let own = self.consumers.values().map(|consumer| consumer.pending.sharing_bytes());
        self.consumers_bytes() + self.pending.sharing_bytes() + own.sum::<usize>()
    }

    /// Bytes that changing all that is pending would copy.
    pub(super) fn shared_bytes(&self) -> usize {
        let own = self.consumers.values().map(|consumer| consumer.pending.shared_bytes());
        self.pending.shared_bytes() + own.sum::<usize>()
    }

    // ----- memory -----

    /// About how many bytes are allocated on the heap.
    pub fn memory_bytes(&self) -> usize {
        let per_pending = tree_bytes::<(Id, Pending)>() + tree_bytes::<Id>();
        let by_time = self.by_time.as_ref().map_or(0, OrderedSet::len) * tree_bytes::<(u64, Id)>();
        self.consumers_bytes() + by_time + self.pending.len() * per_pending
    }

    /// The same of consumers alone, without what is pending for them.
    fn consumers_bytes(&self) -> usize {
        let names: usize = self.names.keys().map(|name| 2 * name.len()).sum();
        names
            + self.names.len() * tree_bytes::<(Box<[u8]>, ConsumerRef)>()
            + self.consumers.len() * tree_bytes::<(ConsumerRef, Consumer)>()
    }

    /// How many steps freeing takes.
    pub(super) fn parts(&self) -> usize {
        2 * self.pending.len() + self.names.len()
    }

    /// Frees about `budget` parts of a group that is being thrown away; true when little is left.
    pub(super) fn free_some(&mut self, budget: &mut usize) -> bool {
        self.by_time = None;
        self.names.clear();
        while *budget > 0 {
            *budget -= 1;
            if self.pending.drop_chunk() {
                continue;
            }
            let Some((_, last)) = self.consumers.last_mut() else { return true };
            if !last.pending.drop_chunk() {
                self.consumers.pop_last();
            }
        }
        false
    }
}
