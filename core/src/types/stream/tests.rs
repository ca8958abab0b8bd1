//! Streams against a naive model.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use super::*;
use crate::base::random::Random;
use crate::config::Limit;
use crate::structures::Item;
use crate::structures::table::HashSeed;

type Fields = Vec<(Vec<u8>, Vec<u8>)>;

fn limits(bytes: usize, entries: usize) -> EncodingLimits {
    let mut limits = EncodingLimits::new(HashSeed(1, 2));
    limits.stream_node_bytes_max = Limit::new(bytes as u64);
    limits.stream_node_entries_max = Limit::new(entries as u64);
    limits
}

fn owned(entry: &Entry<'_>) -> (Id, Fields) {
    (entry.id, entry.fields.clone().map(|(name, value)| (name.to_vec(), value.to_vec())).collect())
}

fn word(random: &mut Random) -> Vec<u8> {
    match random.below(8) {
        0 => Vec::new(),
        1 => alloc::format!("{}", random.next_u64() as i64 >> random.below(64)).into_bytes(),
        2 => vec![b'x'; random.below(300) as usize],
        3 => b"-0".to_vec(),
        n => alloc::format!("field{n}").into_bytes(),
    }
}

fn append(stream: &mut Stream, id: Id, fields: &Fields, limits: &EncodingLimits) {
    stream.append(id, fields.iter().map(|(name, value)| (&name[..], &value[..])), limits);
}

fn check(stream: &Stream, model: &BTreeMap<Id, Fields>, random: &mut Random) {
    assert_eq!(stream.len(), model.len());
    assert_eq!(stream.first_id(), model.keys().next().copied().unwrap_or_default());
    assert_eq!(stream.newest_id(), model.keys().next_back().copied());
    let bound = |random: &mut Random| match random.below(4) {
        0 => Id::MIN,
        1 => Id::MAX,
        _ => Id::new(random.below(60), random.below(4)),
    };
    let (start, end) = (bound(random), bound(random));
    let expected: Vec<(Id, Fields)> = if start <= end {
        model.range(start..=end).map(|(id, fields)| (*id, fields.clone())).collect()
    } else {
        Vec::new()
    };
    let forwards: Vec<_> = stream.range(start..=end).map(|entry| owned(&entry)).collect();
    assert_eq!(forwards, expected);
    let mut backwards: Vec<_> = stream.range_back(start..=end).map(|entry| owned(&entry)).collect();
    backwards.reverse();
    assert_eq!(backwards, expected);
    assert_eq!(
        stream.get(start).map(|entry| owned(&entry)),
        model.get_key_value(&start).map(|(id, fields)| (*id, fields.clone()))
    );
}

#[test]
fn random_changes_agree_with_a_model() {
    for seed in 0..40u8 {
        let mut random = Random::new([seed; 16]);
        let limits =
            limits([0, 64, 300, 4096][random.below(4) as usize], [0, 1, 3, 100][random.below(4) as usize]);
        let mut stream = Stream::default();
        let mut model: BTreeMap<Id, Fields> = BTreeMap::new();
        for _ in 0..400 {
            match random.below(12) {
                0..=6 => {
                    let mut id = stream.last_id.next().expect("tests do not use up all IDs");
                    if random.below(2) == 0 {
                        id = Id::new(id.ms + random.below(3), if random.below(2) == 0 { 0 } else { id.seq });
                    }
                    if id <= stream.last_id {
                        continue;
                    }
                    let fields: Fields =
                        (0..1 + random.below(3)).map(|_| (word(&mut random), word(&mut random))).collect();
                    append(&mut stream, id, &fields, &limits);
                    model.insert(id, fields);
                }
                7 | 8 => {
                    let id = Id::new(random.below(60), random.below(4));
                    assert_eq!(stream.delete(id), model.remove(&id).is_some());
                }
                9 => {
                    let max = random.below(60);
                    let trim = Trim {
                        excess: Excess::MaxLen(max),
                        is_approximate: random.below(2) == 0,
                        limit: (random.below(2) == 0).then(|| random.below(10)),
                        references: References::Keep,
                    };
                    let removed = stream.trim(&trim);
                    assert!(trim.limit.is_none_or(|limit| removed <= limit) || !trim.is_approximate);
                    (0..removed).for_each(|_| drop(model.pop_first()));
                    if !trim.is_approximate && trim.limit.is_none() {
                        assert!(model.len() as u64 <= max);
                    }
                    assert!(removed == 0 || model.len() as u64 >= max);
                }
                10 => {
                    let least = Id::new(random.below(60), 0);
                    let trim = Trim {
                        excess: Excess::MinId(least),
                        is_approximate: false,
                        limit: None,
                        references: [References::Keep, References::Delete][random.below(2) as usize],
                    };
                    let kept = model.split_off(&least);
                    assert_eq!(stream.trim(&trim), model.len() as u64);
                    model = kept;
                }
                _ => {
                    let copy = stream.clone();
                    let mut old = core::mem::replace(&mut stream, copy);
                    while !old.free_some(2) {}
                }
            }
            check(&stream, &model, &mut random);
        }
    }
}

#[test]
fn groups_agree_with_a_model() {
    for seed in 0..20u8 {
        let mut random = Random::new([seed; 16]);
        let mut group = Group::new(Id::MIN, None);
        let mut model: BTreeMap<Id, Pending> = BTreeMap::new();
        let names: [&[u8]; 3] = [b"a", b"b", b"c"];
        for now in 0..500 {
            let name = names[random.below(3) as usize];
            let id = Id::new(random.below(20), 0);
            match random.below(8) {
                0 => {
                    let known = group.find(name);
                    let expected =
                        known.map(|own| model.values().filter(|one| one.consumer == Some(own)).count());
                    assert_eq!(group.remove_consumer(name), expected);
                    model.retain(|_, one| one.consumer != known || known.is_none());
                }
                1..=4 => {
                    let consumer = group.find(name).unwrap_or_else(|| group.add_consumer(name, now));
                    let owner = (random.below(8) > 0).then_some(consumer);
                    let pending =
                        Pending { consumer: owner, delivered_at: random.below(50), deliveries: now };
                    group.deliver(id, pending);
                    model.insert(id, pending);
                }
                5 => drop(group.by_time()),
                _ => assert_eq!(group.acknowledge(id), model.remove(&id)),
            }
            assert!(group.pending().iter().eq(&model));
            for consumer in group.consumers() {
                let own = group.find(consumer.name());
                let expected = model.iter().filter(|(_, one)| one.consumer == own).map(|(id, _)| id);
                assert!(consumer.pending().iter().eq(expected));
            }
            if now % 7 == 0 {
                let mut by_time: Vec<_> = model.iter().map(|(id, one)| (one.delivered_at, *id)).collect();
                by_time.sort();
                assert!(group.by_time().iter().copied().eq(by_time));
            }
        }
    }
}

#[test]
fn chunks_end_where_redis_ends_its_nodes() {
    let limits = limits(4096, 100);
    let mut stream = Stream::default();
    for seq in 1..=250 {
        append(&mut stream, Id::new(1, seq), &vec![(b"f".to_vec(), b"v".to_vec())], &limits);
    }
    assert_eq!((stream.chunks_len(), stream.radix_nodes()), (3, 5));
    let trim =
        Trim { excess: Excess::MaxLen(120), is_approximate: true, limit: None, references: References::Keep };
    assert_eq!((stream.trim(&trim), stream.len()), (100, 150));
}

#[test]
fn the_nodes_of_a_radix_tree_are_counted() {
    let count = |keys: &[u128]| nodes::count(keys.iter().copied());
    assert_eq!(count(&[]), 1);
    // A run and a leaf.
    assert_eq!(count(&[7]), 2);
    // A run, a branching, two leaves.
    assert_eq!(count(&[7, 8]), 4);
    // A branching at the root with a run and a leaf on each side.
    assert_eq!(count(&[0, 1 << 127]), 5);
    // Three branchings, four leaves, and runs to the second branching and to two leaves.
    assert_eq!(count(&[0, 1, 256, 1 << 127]), 10);
}

#[test]
fn entries_take_few_bytes() {
    let limits = limits(4096, 100);
    let mut stream = Stream::default();
    for number in 0..100_000u64 {
        let value = alloc::format!("{}.{}", number % 40, number % 7);
        let fields =
            vec![(b"sensor".to_vec(), b"1234".to_vec()), (b"temperature".to_vec(), value.into_bytes())];
        append(&mut stream, Id::new(1_700_000_000_000 + number, 0), &fields, &limits);
    }
    // Redis takes 22 bytes and more per entry for the same.
    assert!(stream.memory_bytes() < 100_000 * 16, "{}", stream.memory_bytes());
    assert!(matches!(
        stream.range(Id::MIN..=Id::MAX).next().map(|mut entry| entry.fields.next()),
        Some(Some((Item::Bytes(b"sensor"), Item::Int(1234))))
    ));
}
