//! Tests of the segmented table.

use super::*;
use crate::base::memory::{HEADROOM_BYTES, Memory, Room};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;

struct Item(Box<[u8]>, u64);

impl Keyed for Item {
    fn key(&self) -> &[u8] {
        &self.0
    }
}

fn table() -> Table<Item> {
    Table::new(HashSeed(1, 2))
}

fn insert(table: &mut Table<Item>, key: &str, value: u64) -> bool {
    let hash = table.hash(key.as_bytes());
    match table.find_mut(hash, key.as_bytes()) {
        Some(item) => {
            item.1 = value;
            false
        }
        None => {
            table.insert_new(hash, Item(key.as_bytes().into(), value));
            true
        }
    }
}

fn remove(table: &mut Table<Item>, key: &str) -> bool {
    let hash = table.hash(key.as_bytes());
    table.remove(hash, key.as_bytes()).is_some()
}

/// Elements of a table that has split several times.
fn many() -> u64 {
    if cfg!(miri) { 60 } else { 2000 }
}

#[test]
fn behaves_like_a_map() {
    let mut random = Random::new([7; 16]);
    let mut table = table();
    let mut model = BTreeMap::new();
    // The table grows and shrinks in turns, so that segments split and join many times.
    let (turns, rounds, steps, keys) = if cfg!(miri) { (4u32, 10, 15, 150) } else { (20, 100, 100, 3000) };
    let mut depths = BTreeSet::new();
    for round in 0..turns * rounds {
        let grows = (round / rounds).is_multiple_of(2);
        for _ in 0..steps {
            let (key, value) = (format!("key:{}", random.below(keys)), random.next_u64());
            if grows && random.below(3) > 0 {
                assert_eq!(insert(&mut table, &key, value), model.insert(key, value).is_none());
            } else {
                assert_eq!(remove(&mut table, &key), model.remove(&key).is_some());
            }
        }
        assert_eq!(table.len(), model.len());
        depths.insert(table.depth);
    }
    assert!(depths.len() > 2, "segments split and join: {depths:?}");
    let mut seen = BTreeMap::new();
    for item in table.iter() {
        seen.insert(alloc::string::String::from_utf8(item.0.to_vec()).expect("keys are text"), item.1);
    }
    assert_eq!(seen, model);
    for (key, value) in &model {
        let hash = table.hash(key.as_bytes());
        assert_eq!(table.find(hash, key.as_bytes()).map(|item| item.1), Some(*value));
    }
    for key in model.keys() {
        assert!(remove(&mut table, key));
    }
    assert!(table.is_empty() && depths.last() > Some(&table.depth), "the directory halves again");
}

#[test]
fn scan_returns_what_stays_exactly_once_while_the_table_changes() {
    let mut random = Random::new([9; 16]);
    let mut table = table();
    let stay = many();
    for n in 0..stay {
        insert(&mut table, &format!("stay:{n}"), n);
    }
    let mut seen = BTreeSet::new();
    let (mut cursor, mut calls) = (0, 0u64);
    loop {
        cursor = table.scan(cursor, 10, |item| {
            if item.0.starts_with(b"stay:") {
                assert!(seen.insert(item.1), "returned twice");
            }
        });
        if cursor == 0 {
            break;
        }
        // First the table grows tenfold, then everything added goes again.
        for _ in 0..if cfg!(miri) { 20 } else { 100 } {
            let n = random.below(10 * stay);
            if calls < stay / 20 {
                insert(&mut table, &format!("come:{n}"), n);
            } else {
                remove(&mut table, &format!("come:{n}"));
            }
        }
        calls += 1;
    }
    assert_eq!(seen.len() as u64, stay);
}

#[test]
fn random_elements_are_spread_evenly() {
    let mut random = Random::new([3; 16]);
    let mut table = table();
    for n in 0..if cfg!(miri) { 100 } else { 1000 } {
        insert(&mut table, &format!("{n}"), n);
    }
    let mut hits = [0u32; 1000];
    for _ in 0..if cfg!(miri) { 200 } else { 20_000 } {
        hits[table.random(&mut random).expect("the table is not empty").1 as usize] += 1;
    }
    if !cfg!(miri) {
        assert!(hits.iter().all(|&n| n < 60), "no element is drawn three times too often");
        assert!(hits.iter().filter(|&&n| n == 0).count() < 5);
    }
}

#[test]
fn expired_finds_each_deadline_that_has_come() {
    let mut table = table();
    for n in 0..many() {
        let key = format!("{n}");
        insert(&mut table, &key, n);
        let hash = table.hash(key.as_bytes());
        table.note_deadline(hash, n);
    }
    let mut found = BTreeSet::new();
    let mut cursor = 0;
    loop {
        let scan =
            table.expired(cursor, 9, (2, 1000), |item| Some(item.1), |item| assert!(found.insert(item.1)));
        match scan.cursor {
            Some(next) => cursor = next,
            None => break,
        }
    }
    assert_eq!(found, (0..10).collect());
    let scan = table.expired(0, 9, (usize::MAX, 1000), |item| Some(item.1), |_| {});
    assert_eq!(scan.nearest, 10);
}

#[test]
fn free_some_goes_step_by_step() {
    let mut table = table();
    for n in 0..many() {
        insert(&mut table, &format!("{n}"), n);
    }
    let mut steps = 0;
    while !table.free_some(many() as usize / 20) {
        steps += 1;
    }
    assert!(steps >= many() / 200);
    assert_eq!(table.len(), 0);
}

#[test]
fn what_is_touched_or_sampled_is_in_the_table() {
    let mut table = table();
    let count = 100 * if cfg!(miri) { 1 } else { 10 };
    for n in 0..count {
        insert(&mut table, &format!("{n}"), n);
    }
    let mut right = 0;
    for n in 0..2 * count {
        let hash = table.hash(format!("{n}").as_bytes());
        table.touch_segment(hash);
        if let Some(item) = table.touch(hash) {
            assert!(item.1 < count);
            right += u64::from(item.1 == n);
        }
    }
    assert!(right > count / 2, "{right} of {count} are where they are looked for first");
    let sampled = |table: &Table<Item>, only_volatile| {
        let (mut seen, mut position) = (BTreeSet::new(), 0);
        loop {
            position = table.sample(position, 3, 1, only_volatile, |item| seen.insert(item.1));
            if position == 0 {
                return seen;
            }
        }
    };
    assert!(sampled(&table, false).into_iter().eq(0..count));
    assert!(sampled(&table, true).is_empty());
    table.note_deadline(table.hash(b"7"), 1);
    assert!(table.memory_bytes() > count as usize * size_of::<Item>());
    let seen = sampled(&table, true);
    assert!(seen.contains(&7) && seen.len() < count as usize);
}

impl Relocate for Item {
    fn relocate(&mut self, mover: &mut Mover) {
        mover.slice(&mut self.0);
    }
}

#[test]
fn a_table_that_is_moved_segment_by_segment_holds_the_same() {
    let mut table = table();
    for n in 0..many() {
        insert(&mut table, &format!("{n}"), n);
    }
    let addresses = |table: &Table<Item>| -> BTreeSet<usize> {
        table.directory.iter().map(|segment| segment.as_ptr() as usize).collect()
    };
    let before = addresses(&table);
    let (mut mover, mut position, mut turns) = (Mover::of_everything(), Some(0), 0);
    while let Some(at) = position {
        position = table.relocate_segment(at, &mut mover);
        turns += 1;
        // The table goes on between two steps.
        insert(&mut table, &format!("more{turns}"), turns);
        assert!(remove(&mut table, &format!("{turns}")));
    }
    assert!(turns > 1);
    assert_ne!(addresses(&table), before);
    for n in 0..many() {
        let key = format!("{n}");
        let found = table.find(table.hash(key.as_bytes()), key.as_bytes()).map(|item| item.1);
        assert_eq!(found, (n == 0 || n > turns).then_some(n));
    }
    // Elements are found by their hashes alone, and taken out by them.
    for n in 1..=turns {
        let hash = table.hash(format!("more{n}").as_bytes());
        assert_eq!(table.find_hashed(hash).map(|item| item.1), Some(n));
        assert_eq!(table.remove_hashed(hash).map(|item| item.1), Some(n));
        assert!(table.find_hashed(hash).is_none());
    }
    assert_eq!(table.len() as u64, many() - turns);
}

#[test]
fn a_table_is_filled_in_batches() {
    for (reserved, bytes_max) in [(0, 0), (many() as usize, usize::MAX), (many() as usize, 1 << 12)] {
        let mut table = table();
        let mut memory = Memory::UNKNOWN;
        table.reserve(reserved, bytes_max, &mut memory);
        let depth = table.depth;
        let mut batch = Batch::default();
        for n in 0..many() {
            let item = Item(format!("{n}").as_bytes().into(), n);
            if batch.push(&table, item) {
                assert!(batch.put_into(&mut table));
            }
        }
        assert!(batch.put_into(&mut table));
        assert_eq!(table.len() as u64, many());
        if bytes_max == usize::MAX {
            assert!(
                depth > 0 && table.depth <= depth + 1,
                "{depth} was reserved, {} became of it",
                table.depth
            );
        }
        for n in 0..many() {
            let key = format!("{n}");
            let found = table.find(table.hash(key.as_bytes()), key.as_bytes());
            assert_eq!(found.map(|item| item.1), Some(n));
        }
        batch.push(&table, Item(b"new".as_slice().into(), 1));
        batch.push(&table, Item(b"7".as_slice().into(), 1));
        assert!(!batch.put_into(&mut table), "it is there twice");
    }
}

#[test]
fn what_was_reserved_for_nothing_is_given_back() {
    let mut table = table();
    let mut memory = Memory::UNKNOWN;
    table.reserve(10_000, usize::MAX, &mut memory);
    let reserved = table.memory_bytes();
    for n in 0..20 {
        insert(&mut table, &format!("{n}"), n);
    }
    table.settle();
    assert!(table.memory_bytes() < reserved / 8, "{} of {reserved} bytes", table.memory_bytes());
    assert!((0..20).all(|n| !insert(&mut table, &format!("{n}"), n)), "nothing is lost");
    // Without memory nothing is reserved.
    let mut other = Table::<Item>::new(HashSeed(1, 2));
    other.reserve(10_000, usize::MAX, &mut Memory::new(|_| Room::of(HEADROOM_BYTES + 1)));
    assert_eq!(other.memory_bytes(), 0);
}
