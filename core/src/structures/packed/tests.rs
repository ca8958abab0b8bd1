use alloc::vec;

use super::*;
use crate::structures::{INTEGER_TEXT_BYTES_MAX, format_i64, testing::Random};

#[derive(Debug)]
enum Op {
    PushBack(Vec<u8>),
    PushFront(Vec<u8>),
    InsertBefore(usize, Vec<u8>),
    InsertAfter(usize, Vec<u8>),
    Replace(usize, Vec<u8>),
    Remove(usize),
    RemoveRange(usize, usize),
    RemoveEqual(Vec<u8>, usize, usize),
    Find(Vec<u8>, usize),
    SplitOff(usize),
    Append(Vec<Vec<u8>>),
    PopFront,
    EncodingLimits,
    Reload,
}

impl Op {
    /// `growth` out of 16 choices add something, so that phases of growth and decline alternate.
    fn random(random: &mut Random, len: usize, growth: usize, long_bytes_max: usize) -> Op {
        let index = random.below(len + 1);
        if random.below(16) < growth {
            let value = random.value(long_bytes_max);
            return match random.below(5) {
                0 => Op::PushBack(value),
                1 => Op::PushFront(value),
                2 => Op::InsertBefore(index, value),
                3 => Op::InsertAfter(index, value),
                _ => Op::Append((0..random.below(4)).map(|_| random.value(300)).collect()),
            };
        }
        match random.below(12) {
            0..=2 => Op::Remove(index),
            3 => Op::RemoveRange(index, random.below(6)),
            4 => Op::RemoveEqual(random.value(70), random.below(3), random.below(4)),
            5 | 6 => Op::Replace(index, random.value(long_bytes_max)),
            7 => Op::Find(random.value(70), random.below(3)),
            8 => Op::SplitOff(index),
            9 => Op::PopFront,
            10 => Op::EncodingLimits,
            _ => Op::Reload,
        }
    }
}

/// Does `op` to both and compares what it says.
fn apply(packed: &mut Packed, model: &mut Vec<Vec<u8>>, op: &Op) {
    match op {
        Op::PushBack(value) => {
            packed.push_back(value);
            model.push(value.clone());
        }
        Op::PushFront(value) => {
            packed.push_front(value);
            model.insert(0, value.clone());
        }
        Op::InsertBefore(index, value) => {
            if let Some(position) = packed.seek(*index) {
                let position = packed.insert_before(position, value);
                assert!(packed.item(position).eq_bytes(value));
                assert_eq!(packed.index_of(position), *index);
                model.insert(*index, value.clone());
            }
        }
        Op::InsertAfter(index, value) => {
            if let Some(position) = packed.seek(*index) {
                let position = packed.insert_after(position, value);
                assert_eq!(packed.index_of(position), index + 1);
                model.insert(index + 1, value.clone());
            }
        }
        Op::Replace(index, value) => {
            if let Some(position) = packed.seek(*index) {
                let position = packed.replace(position, value);
                assert_eq!(packed.index_of(position), *index);
                model[*index].clone_from(value);
            }
        }
        Op::Remove(index) => {
            if let Some(position) = packed.seek(*index) {
                let next = packed.remove(position);
                model.remove(*index);
                let next = next.map(|position| packed.item(position).to_vec());
                assert_eq!(next.as_ref(), model.get(*index));
            }
        }
        Op::RemoveRange(start, count) => {
            packed.remove_range(*start, *count);
            let end = (start + count).min(model.len());
            model.drain(*start..end.max(*start));
        }
        Op::RemoveEqual(value, skip, limit) => {
            let matches: Vec<usize> = (0..model.len()).filter(|&index| model[index] == *value).collect();
            assert_eq!(packed.count_equal(Item::from(value)), matches.len());
            let removed: Vec<usize> = matches.into_iter().skip(*skip).take(*limit).collect();
            assert_eq!(packed.remove_equal(Item::from(value), *skip, *limit), removed.len());
            for index in removed.into_iter().rev() {
                model.remove(index);
            }
        }
        Op::Find(value, skip) => {
            let found = packed.find(value, *skip).map(|position| packed.index_of(position));
            assert_eq!(found, (0..model.len()).step_by(skip + 1).find(|&index| model[index] == *value));
        }
        Op::SplitOff(index) => {
            let mut tail = packed.split_off(*index);
            let model_tail = model.split_off(*index);
            check(&tail, &model_tail);
            check(packed, model);
            // In the other order every second time, to keep a prefix as well as a suffix.
            if index % 2 == 0 {
                packed.append(&mut tail);
                model.extend(model_tail);
            } else {
                tail.append(packed);
                *packed = tail;
                model.splice(0..0, model_tail);
            }
        }
        Op::Append(values) => {
            let mut other = Packed::new();
            for value in values {
                other.push_back(value);
            }
            packed.append(&mut other);
            assert!(other.is_empty());
            model.extend(values.iter().cloned());
        }
        Op::PopFront => {
            if let Some(position) = packed.first() {
                packed.remove(position);
                model.remove(0);
            }
        }
        Op::EncodingLimits => {
            packed.shrink_to_fit();
            let header = if packed.is_empty() { 0 } else { header_bytes(packed.buffer.len()) };
            assert_eq!(packed.memory_bytes(), packed.byte_len() + header);
        }
        Op::Reload => *packed = Packed::from_entries(packed.entries()).expect("own entries are well formed"),
    }
}

/// Compares everything that can be read.
fn check(packed: &Packed, model: &[Vec<u8>]) {
    assert_eq!(packed.len(), model.len());
    assert_eq!(packed.is_empty(), model.is_empty());
    assert!(packed.iter().map(Item::to_vec).eq(model.iter().cloned()));
    assert!(packed.iter().rev().map(Item::to_vec).eq(model.iter().rev().cloned()));
    assert_eq!(packed.iter().map(Item::entry_len).sum::<usize>(), packed.byte_len());
    // Free room stays bounded whatever was done.
    assert!(packed.memory_bytes() <= 2 * packed.byte_len() + 2 * SPARE_BYTES_MAX);

    let (mut position, mut index) = (packed.first(), 0);
    while let Some(at) = position {
        assert_eq!(packed.item(at), Item::from(&model[index]));
        index += 1;
        position = packed.next(at);
    }
    assert_eq!(index, model.len());
    position = packed.last();
    while let Some(at) = position {
        index -= 1;
        assert_eq!(packed.item(at), Item::from(&model[index]));
        position = packed.prev(at);
    }
    assert_eq!(index, 0);
}

fn check_some_index(packed: &Packed, model: &[Vec<u8>], random: &mut Random) {
    assert_eq!(packed.len(), model.len());
    let index = random.below(model.len() + 2);
    assert_eq!(packed.get(index).map(Item::to_vec).as_ref(), model.get(index));
    assert!(packed.iter_from(index).map(Item::to_vec).eq(model.iter().skip(index).cloned()));
    let until = model.iter().take(index).rev().cloned();
    assert!(packed.iter_until(index).rev().map(Item::to_vec).eq(until));
}

#[test]
fn behaves_as_a_vector_of_vectors() {
    // In Miri, the seed with runs that cross to the wide header.
    let (seeds, steps) = if cfg!(miri) { (3..4, 150) } else { (0..8, 3000) };
    for seed in seeds {
        let mut random = Random(seed);
        let (mut packed, mut model) = (Packed::new(), Vec::new());
        // Most runs stay within the narrow header; some cross to the wide one and back.
        let long_bytes_max = if seed % 4 == 3 { 70_000 } else { 1000 };
        for step in 0..steps {
            let growth = if (step / 150) % 2 == 0 { 11 } else { 3 };
            let op = Op::random(&mut random, model.len(), growth, long_bytes_max);
            apply(&mut packed, &mut model, &op);
            // An empty sequence must have given its buffer back, whatever emptied it.
            assert_eq!(packed.is_empty(), model.is_empty());
            assert_eq!(packed.first().is_some(), !model.is_empty());
            if step % 20 == 0 {
                check(&packed, &model);
            } else if step % 3 == 0 {
                check_some_index(&packed, &model, &mut random);
            }
        }
        check(&packed, &model);
    }
}

#[test]
fn every_encoding_reads_back() {
    let mut packed = Packed::new();
    let mut model: Vec<Vec<u8>> = Vec::new();
    for shift in 0..64 {
        for delta in [-1, 0, 1] {
            for sign in [1i64, -1] {
                let value = (1i64 << shift).wrapping_mul(sign).wrapping_add(delta);
                packed.push_back(value);
                assert_eq!(packed.get(packed.len() - 1), Some(Item::Int(value)));
                model.push(alloc::format!("{value}").into_bytes());
            }
        }
    }
    for len in [0, 1, 62, 63, 64, 65, 4094, 4095, 4096, 4097, 16_376, 16_377, 16_378, 16_379, 70_000] {
        let value = vec![b'x'; len];
        packed.push_back(&value);
        model.push(value);
    }
    check(&packed, &model);
    for (index, value) in model.iter().enumerate() {
        let first = model.iter().position(|other| other == value);
        assert_eq!(packed.find(value, 0).map(|position| packed.index_of(position)), first, "{index}");
    }
}

#[test]
fn lengths_around_each_back_length_read_back_from_the_end() {
    for len in [120, 127, 128, 16_370, 16_383, 16_384, 2_097_140, 2_097_151, 2_097_152] {
        for len in len - 6..len + 3 {
            let value = vec![0xA5; len];
            let mut packed = Packed::new();
            packed.push_back(&value);
            packed.push_front(5);
            assert_eq!(packed.get(1), Some(Item::Bytes(&value)));
            let last = packed.last().unwrap();
            assert_eq!(packed.prev(last), packed.first());
            assert_eq!(Packed::from_entries(packed.entries()).unwrap().len(), 2);
        }
    }
}

#[test]
fn malformed_entries_are_refused() {
    let mut packed = Packed::new();
    for value in [&b"abc"[..], b"12", b"-4000", b"70000", b"-3000000000000", &[b'y'; 80], &[b'z'; 5000]] {
        packed.push_back(value);
    }
    let good = packed.entries();
    assert!(Packed::from_entries(good).is_some());
    assert!(Packed::from_entries(&[]).is_some_and(|packed| packed.is_empty()));
    let mut random = Random(7);
    let mut refused = 0;
    for cut in (0..good.len()).step_by(13) {
        refused += usize::from(Packed::from_entries(&good[..cut]).is_none());
        let mut bad = good.to_vec();
        bad[cut] ^= 1 << random.below(8);
        // It may still be well formed, but must not panic.
        let found = Packed::from_entries(&bad);
        if let Some(packed) = &found {
            assert_eq!(packed.iter().count(), packed.len());
        }
        // Taken as it is only if it is what would be written here.
        let count = found.as_ref().map_or(7, Packed::len);
        let taken = Packed::from_canonical(&bad, count);
        assert_eq!(taken.is_some(), found.as_ref().is_some_and(|found| found.entries() == bad));
        assert!(taken.is_none_or(|taken| taken.entries() == bad && taken.len() == count));
    }
    assert!(refused > 300);
    for bad in
        [&[0xF5, 1][..], &[0xFF], &[0xF0, 0xFF, 0xFF, 0xFF, 0xFF, 1], &[0x01, 0x02], &[0x81, b'a', 0x82]]
    {
        assert!(Packed::from_entries(bad).is_none(), "{bad:?}");
    }
}

#[test]
fn another_writers_longer_encoding_becomes_the_only_one() {
    // 5 as sixteen bits, and "7" as text.
    let packed = Packed::from_entries(&[0xF1, 5, 0, 3, 0x81, b'7', 2]).unwrap();
    assert_eq!(packed.entries(), &[5, 1, 7, 1]);
    for longer in [&[0xF1, 5, 0, 3][..], &[0x81, b'7', 2], &[0xC0, 5, 2], &[0xE0, 1, b'a', 3]] {
        assert_eq!(Packed::from_entries(longer).map(|packed| packed.len()), Some(1), "{longer:?}");
        assert!(Packed::from_canonical(longer, 1).is_none(), "{longer:?}");
    }
    assert!(Packed::from_canonical(&[5, 1], 2).is_none() && Packed::from_canonical(&[], 0).is_none());
}

#[test]
fn items_compare_and_print_as_their_text() {
    for text in
        [&b"0"[..], b"-1", b"100", b"-9223372036854775808", b"9223372036854775807", b"", b"abc", b"007"]
    {
        let item = Item::from(text);
        assert!(item.eq_bytes(text));
        assert!(!item.eq_bytes(b"1"));
        assert_eq!(item.text_len(), text.len());
        assert_eq!(item.to_vec(), text);
        assert_eq!(item.cmp_bytes(b"5"), text.cmp(b"5"));
        let mut out = b"x".to_vec();
        item.append_to(&mut out);
        assert_eq!(&out[1..], text);
    }
}

#[test]
fn a_small_sequence_takes_little_more_than_its_entries() {
    let mut packed = Packed::new();
    assert_eq!(packed.memory_bytes(), 0);
    for index in 0..100 {
        packed.push_back(format_i64(index, &mut [0; INTEGER_TEXT_BYTES_MAX]));
    }
    // One byte and its back-length each.
    assert_eq!(packed.byte_len(), 200);
    assert!(packed.memory_bytes() <= 200 * 9 / 8 + 16, "{}", packed.memory_bytes());
    assert_eq!(size_of::<Packed>(), 2 * size_of::<usize>());
}

/// Once, the buffer stayed when every entry matched, and an empty sequence had a first entry.
#[test]
fn removing_every_equal_entry_leaves_nothing() {
    let mut packed = Packed::new();
    packed.push_back(0);
    packed.push_back(0);
    assert_eq!(packed.remove_equal(Item::Int(0), 0, 5), 2);
    assert_eq!((packed.first(), packed.last(), packed.memory_bytes()), (None, None, 0));
}

/// A queue in one buffer must not move all of it on every operation.
#[test]
fn a_queue_reuses_the_room_that_it_frees() {
    let mut packed = Packed::new();
    for value in 0..2000i64 {
        packed.push_back(value);
    }
    let mut most = 0;
    // As many as fill the room several times over.
    for value in 2000..if cfg!(miri) { 6_000 } else { 200_000i64 } {
        packed.push_back(value);
        assert_eq!(packed.get(0), Some(Item::Int(value - 2000)));
        packed.remove(packed.first().unwrap());
        most = most.max(packed.memory_bytes());
    }
    assert_eq!(packed.len(), 2000);
    assert!(most < 14_000, "{most}");
}
