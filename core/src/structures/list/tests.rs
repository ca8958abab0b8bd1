use alloc::{vec, vec::Vec};

use super::*;
use crate::structures::testing::Random;

#[derive(Debug)]
enum Op {
    PushBack(Vec<u8>),
    PushFront(Vec<u8>),
    Insert(usize, Vec<u8>),
    InsertBefore(Vec<u8>, Vec<u8>),
    InsertAfter(Vec<u8>, Vec<u8>),
    Set(usize, Vec<u8>),
    PopFront,
    PopBack,
    DropFront(usize),
    DropBack(usize),
    Trim(usize, usize),
    Remove(i64, Vec<u8>),
    Find(Vec<u8>),
    Range(usize, usize),
}

impl Op {
    fn random(random: &mut Random, model: &[Vec<u8>], growth: usize, long_bytes_max: usize) -> Op {
        let len = model.len();
        let index = random.below(len + 1);
        // One that is likely to be there.
        let known = |random: &mut Random| match model.get(random.below(len + 1)) {
            Some(value) => value.clone(),
            None => random.value(100),
        };
        if random.below(16) < growth {
            return match random.below(8) {
                0 | 1 => Op::PushBack(random.value(long_bytes_max)),
                2 | 3 => Op::PushFront(random.value(long_bytes_max)),
                4 | 5 => Op::Insert(index, random.value(long_bytes_max)),
                6 => Op::InsertBefore(known(random), random.value(long_bytes_max)),
                _ => Op::InsertAfter(known(random), random.value(long_bytes_max)),
            };
        }
        match random.below(40) {
            0..=5 => Op::PopFront,
            6..=11 => Op::PopBack,
            12..=13 => Op::DropFront(random.below(10)),
            14..=15 => Op::DropBack(random.below(10)),
            16 => Op::Trim(random.below(len / 20 + 2), len - len / 20),
            17 => Op::Remove(0, known(random)),
            18..=22 => Op::Remove(1, known(random)),
            23..=26 => Op::Remove(random.below(5) as i64 - 2, known(random)),
            27..=32 => Op::Set(index, random.value(long_bytes_max)),
            33..=35 => Op::Find(known(random)),
            _ => Op::Range(index, random.below(len + 2)),
        }
    }
}

/// Does `op` to both and compares what it says.
fn apply(list: &mut List, model: &mut Vec<Vec<u8>>, op: &Op) {
    match op {
        Op::PushBack(value) => {
            list.push_back(value);
            model.push(value.clone());
        }
        Op::PushFront(value) => {
            list.push_front(value);
            model.insert(0, value.clone());
        }
        Op::Insert(index, value) => {
            list.insert(*index, value);
            model.insert(*index, value.clone());
        }
        Op::InsertBefore(pivot, value) => {
            let index = model.iter().position(|other| other == pivot);
            assert_eq!(list.find(Item::from(pivot)), index);
            if let Some(index) = index {
                list.insert(index, value);
                model.insert(index, value.clone());
            }
        }
        Op::InsertAfter(pivot, value) => {
            let index = model.iter().position(|other| other == pivot);
            assert_eq!(list.find(Item::from(pivot)), index);
            if let Some(index) = index {
                list.insert(index + 1, value);
                model.insert(index + 1, value.clone());
            }
        }
        Op::Set(index, value) => {
            assert_eq!(list.set(*index, value), *index < model.len());
            if let Some(old) = model.get_mut(*index) {
                old.clone_from(value);
            }
        }
        Op::PopFront => {
            let expected = if model.is_empty() { None } else { Some(model.remove(0)) };
            assert_eq!(list.front().map(|item| item.to_vec()), expected);
            list.drop_front(1);
        }
        Op::PopBack => {
            assert_eq!(list.back().map(|item| item.to_vec()), model.pop());
            list.drop_back(1);
        }
        Op::DropFront(count) => {
            list.drop_front(*count);
            model.drain(..*count.min(&model.len()));
        }
        Op::DropBack(count) => {
            list.drop_back(*count);
            model.truncate(model.len().saturating_sub(*count));
        }
        Op::Trim(start, count) => {
            list.trim(*start, *count);
            model.truncate(start + count);
            model.drain(..*start.min(&model.len()));
        }
        Op::Remove(count, value) => {
            assert_eq!(list.remove(*count, Item::from(value)), lrem(model, *count, value))
        }
        Op::Find(value) => {
            assert_eq!(list.find(Item::from(value)), model.iter().position(|other| other == value));
            // As LPOS with a negative rank looks for it.
            let from_back = list.iter().rev().position(|item| item == Item::from(value));
            assert_eq!(from_back, model.iter().rev().position(|other| other == value));
        }
        Op::Range(start, count) => {
            let expected = &model[*start..(start + count).min(model.len())];
            let range = list.range(*start, *count);
            assert_eq!(range.len(), expected.len());
            assert!(range.clone().map(Item::to_vec).eq(expected.iter().cloned()));
            assert!(range.clone().rev().map(Item::to_vec).eq(expected.iter().rev().cloned()));
            // Both ends meet.
            let (mut range, mut expected) = (range, expected.iter());
            while range.len() > 0 {
                assert_eq!(range.next().map(Item::to_vec).as_ref(), expected.next());
                assert_eq!(range.next_back().map(Item::to_vec).as_ref(), expected.next_back());
            }
        }
    }
}

fn lrem(model: &mut Vec<Vec<u8>>, count: i64, value: &[u8]) -> usize {
    let mut matches: Vec<usize> = (0..model.len()).filter(|&index| model[index] == value).collect();
    if count < 0 {
        matches.reverse();
    }
    if count != 0 {
        matches.truncate(count.unsigned_abs() as usize);
    }
    matches.sort_unstable();
    for &index in matches.iter().rev() {
        model.remove(index);
    }
    matches.len()
}

/// Compares everything, and the invariants of the chunks.
fn check(list: &List, model: &[Vec<u8>]) {
    assert_eq!(list.len(), model.len());
    assert_eq!(list.is_empty(), model.is_empty());
    assert!(list.iter().map(Item::to_vec).eq(model.iter().cloned()));
    assert!(list.iter().rev().map(Item::to_vec).eq(model.iter().rev().cloned()));
    assert_eq!(list.chunks().map(Packed::len).sum::<usize>(), model.len());
    for items in list.chunks() {
        assert!(!items.is_empty());
        assert!(items.byte_len() <= CHUNK_BYTES_MAX || items.len() == 1);
    }
    if let Chunks::Many(many) = &list.chunks {
        assert!(many.deque.iter().all(|chunk| chunk.count == chunk.items.len()));
        assert_eq!(many.deque.iter().map(|chunk| chunk.count).sum::<usize>(), many.len);
    }
    assert_eq!(list.front().map(Item::to_vec).as_ref(), model.first());
    assert_eq!(list.back().map(Item::to_vec).as_ref(), model.last());
}

#[test]
fn behaves_as_a_vector_of_vectors() {
    let mut was_many = 0;
    for seed in 0..10 {
        let mut random = Random(seed);
        let (mut list, mut model) = (List::new(), Vec::new());
        let long_bytes_max = [70_000, 300, 4000, 9000, 20][seed as usize % 5];
        for step in 0..4000 {
            let growth = if (step / 500) % 2 == 0 { 13 } else { 4 };
            let op = Op::random(&mut random, &model, growth, long_bytes_max);
            apply(&mut list, &mut model, &op);
            assert_eq!(list.len(), model.len());
            let index = random.below(model.len() + 2);
            assert_eq!(list.get(index).map(Item::to_vec).as_ref(), model.get(index));
            if step % 100 == 0 {
                check(&list, &model);
            }
            was_many += usize::from(!list.is_single_chunk());
        }
        check(&list, &model);
        while !model.is_empty() {
            apply(&mut list, &mut model, &if random.below(2) == 0 { Op::PopFront } else { Op::PopBack });
            if model.len().is_multiple_of(50) {
                check(&list, &model);
            }
        }
        assert!(list.is_single_chunk() && list.memory_bytes() == 0);
    }
    assert!(was_many > 10_000, "{was_many}");
}

#[test]
fn a_million_elements_stay_compact_and_quick_to_seek() {
    let mut list = List::new();
    let count = 1_000_000i64;
    for value in 0..count {
        if value % 2 == 0 { list.push_back(value) } else { list.push_front(value) }
    }
    assert_eq!(list.len(), 1_000_000);
    assert!(!list.is_single_chunk());
    // Mostly 24 bits: tag, three bytes, back-length.
    assert!(list.memory_bytes() < 5_300_000, "{}", list.memory_bytes());
    for index in (0..1_000_000usize).step_by(997) {
        let distance = index as i64 - count / 2;
        let expected = if distance < 0 { -2 * distance - 1 } else { 2 * distance };
        assert_eq!(list.get(index), Some(Item::Int(expected)));
        assert_eq!(list.range(index, 1).next_back(), Some(Item::Int(expected)));
    }
    // A queue of constant length, then drained.
    for value in 0..300_000i64 {
        list.drop_front(1);
        list.push_back(value);
    }
    assert!(list.memory_bytes() < 5_300_000, "{}", list.memory_bytes());
    list.trim(499_990, 20);
    assert_eq!(list.len(), 20);
    assert!(list.is_single_chunk());
    assert!(list.memory_bytes() < 300);
}

#[test]
fn removing_one_value_of_many_leaves_full_chunks() {
    let mut list = List::new();
    for index in 0..200_000i64 {
        list.push_back(if index % 50 == 0 { index } else { 7 });
    }
    assert_eq!(list.remove(-1000, Item::Int(7)), 1000);
    assert_eq!(list.range(0, 50).filter(|item| *item == Item::Int(7)).count(), 49);
    assert_eq!(list.remove(i64::MIN, Item::Int(7)), 195_000);
    assert_eq!(list.len(), 4000);
    assert!(list.iter().eq((0..4000).map(|index| Item::Int(index * 50))));
    assert!(list.memory_bytes() < 2 * 4000 * 5, "{}", list.memory_bytes());
}

#[test]
fn a_long_element_lies_alone() {
    let long = vec![b'l'; 50_000];
    let mut list = List::new();
    for value in 0..10i64 {
        list.push_back(value);
    }
    list.insert(5, &long);
    assert!(!list.is_single_chunk());
    assert_eq!(list.chunks().map(Packed::len).collect::<Vec<_>>(), [5, 1, 5]);
    assert_eq!(list.get(5), Some(Item::Bytes(&long)));
    assert!(list.set(5, 5i64));
    assert_eq!(list.len(), 11);
    assert!(list.is_single_chunk());
    assert!(list.set(0, &long));
    assert_eq!(list.chunks().map(Packed::len).collect::<Vec<_>>(), [1, 10]);

    let mut alone = List::new();
    alone.push_back(&long);
    assert!(!alone.is_single_chunk());
    assert_eq!(alone.len(), 1);
}

/// What redis-server 8.0 replied: elements until a list is a quicklist, and how many are left when it is none again.
#[test]
fn limits_are_those_of_redis() {
    let check = |fill: i32, value: &[u8], first: usize, again: usize| {
        let mut list = List::new();
        while list.is_single_chunk() {
            let room = list.grow(Fill(fill), value.len(), 1);
            list.push_back_within(value, room);
        }
        assert_eq!(list.len(), first, "{fill}");
        while !list.is_single_chunk() {
            list.drop_front(1);
        }
        assert_eq!(list.len(), again, "{fill}");
    };
    check(-1, &[b'x'; 1000], 5, 1);
    check(-2, &[b'x'; 100], 80, 1);
    check(-5, &[b'x'; 5000], 14, 1);
    check(0, b"a", 2, 0);
    check(5, b"a", 6, 1);
    check(100, &[b'x'; 1000], 9, 1);
}

#[test]
fn frees_in_bounded_steps() {
    let mut list = List::new();
    assert!(list.free_some(1));
    for value in 0..100_000i64 {
        list.push_back(value);
    }
    let chunks = list.chunks().len();
    let mut steps = 1;
    while !list.free_some(3) {
        assert_eq!(list.iter().count(), list.len());
        steps += 1;
    }
    assert_eq!(steps, chunks.div_ceil(3));
    assert!(list.is_empty() && list.memory_bytes() == 0);
}

#[test]
fn the_handle_is_two_words() {
    assert_eq!(size_of::<List>(), 2 * size_of::<usize>());
}
