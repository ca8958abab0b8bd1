//! Tests of entries.

use super::*;
use crate::base::relocate::{Mover, Relocate};
use crate::structures::table::HashSeed;
use crate::types::stream::Id;
use alloc::vec;

fn bytes(entry: &Entry) -> Vec<u8> {
    match entry.value() {
        ValueRef::Bytes(bytes) => bytes.to_vec(),
        _ => panic!("the value is not a byte string"),
    }
}

#[test]
fn every_length_of_key_and_value_is_kept() {
    for key_len in [0, 1, 16, 255, 256, 70_000] {
        for value_len in [0, 1, 32, 255, 256, 1024, 1025, 70_000] {
            for deadline in [None, Some(5)] {
                let (key, value) = (vec![b'k'; key_len], vec![b'v'; value_len]);
                let mut entry = Entry::with_bytes(&key, &value, deadline);
                entry.set_access(0x00ab_cdef);
                assert_eq!((entry.key(), bytes(&entry)), (&key[..], value.clone()));
                assert_eq!((entry.deadline(), entry.access()), (deadline, 0x00ab_cdef));
                let is_short = key_len < 256 && (1..256).contains(&value_len);
                let last = entry.last_byte();
                assert!(key_len == 0 && !is_short || last == if is_short { b'v' } else { b'k' });
                entry.set_deadline(Some(77));
                assert_eq!((entry.key(), bytes(&entry)), (&key[..], value.clone()));
                assert_eq!(entry.deadline(), Some(77));
                entry.set_deadline(None);
                assert_eq!((entry.key(), bytes(&entry)), (&key[..], value));
                assert_eq!((entry.deadline(), entry.access()), (None, 0x00ab_cdef));
            }
        }
    }
}

#[test]
fn a_small_pair_takes_54_bytes() {
    assert_eq!(Entry::with_bytes(&[0; 16], &[0; 32], None).memory_bytes(), 54);
}

#[test]
fn strings_change_kind_and_keep_the_rest() {
    let mut entry = Entry::with_value(b"key", Value::Int(12), Some(9));
    entry.set_int(-5);
    assert!(matches!(entry.value(), ValueRef::Int(-5)));
    entry.change_bytes(|text| text.extend_from_slice(b"!"));
    assert_eq!((bytes(&entry), entry.is_raw()), (b"-5!".to_vec(), true));
    entry.set_bytes(b"abc");
    assert!(!entry.is_raw());
    entry.change_bytes(|text| text.resize(5000, b'x'));
    entry.change_bytes(|text| text.push(b'y'));
    assert_eq!(bytes(&entry).len(), 5001);
    entry.set_bytes(b"short");
    assert_eq!((entry.key(), bytes(&entry), entry.deadline()), (&b"key"[..], b"short".to_vec(), Some(9)));
    entry.set_value(Value::Bytes(vec![1; 2000]));
    assert!(matches!(entry.take_value(), Value::Bytes(taken) if taken.len() == 2000));
    assert_eq!(bytes(&entry), b"");
}

#[test]
fn bytes_change_where_they_lie() {
    for len in [1, 300, 5000] {
        let mut entry = Entry::with_bytes(b"key", &vec![b'a'; len], Some(9));
        *entry.bytes_mut().expect("a byte string").last_mut().expect("it is not empty") = b'b';
        let expected = [&vec![b'a'; len - 1][..], b"b"].concat();
        assert_eq!((bytes(&entry), entry.is_raw(), entry.deadline()), (expected, true, Some(9)));
        assert!(entry.memory_bytes() > len);
    }
    assert!(Entry::with_value(b"key", Value::Int(1), None).bytes_mut().is_none());
}

#[test]
fn every_type_is_kept_changed_copied_and_taken() {
    let limits = EncodingLimits::new(HashSeed(1, 2));
    for (value, of_type) in [
        (Value::Int(7), Type::String),
        (Value::Bytes(b"value".to_vec()), Type::String),
        (Value::Bytes(vec![b'v'; 2000]), Type::String),
        (Value::List(Box::default()), Type::List),
        (Value::Hash(Box::default()), Type::Hash),
        (Value::Set(Box::default()), Type::Set),
        (Value::Zset(Box::default()), Type::Zset),
        (Value::Stream(Box::default()), Type::Stream),
    ] {
        let mut entry = Entry::with_value(b"key", value, None);
        entry.set_access(5);
        let is_changed = of_type != Type::String;
        assert_eq!((entry.type_of(), add(&mut entry, &limits)), (of_type, is_changed));
        // The value's pointer moves with the room for a deadline, and stays where the deadline has room already.
        for deadline in [Some(1), Some(2), None] {
            entry.set_deadline(deadline);
            assert_eq!((entry.deadline(), add(&mut entry, &limits)), (deadline, is_changed));
        }
        entry.set_deadline(Some(3));
        let copy = entry.copied(b"a longer key", &limits);
        assert_eq!((copy.key(), copy.deadline(), copy.access()), (&b"a longer key"[..], Some(3), 0));
        assert_eq!((copy.type_of(), len(copy.value())), (of_type, len(entry.value())));
        let mut entry = entry.renamed(b"another");
        assert_eq!((entry.key(), entry.deadline(), entry.access()), (&b"another"[..], Some(3), 5));
        assert!(entry.copy_bytes() > 0 && entry.field_deadline().is_none());
        assert_eq!(entry.due_at(), Some(3));
        let expected = if is_changed { 4 } else { len(entry.value()) };
        let taken = Entry::with_value(b"taken", entry.take_value(), None);
        assert_eq!((taken.type_of(), len(taken.value())), (of_type, expected));
        assert_eq!((bytes(&entry), entry.deadline(), entry.access()), (Vec::new(), Some(3), 5));
        entry.set_value(Value::List(Box::default()));
        entry.set_bytes(b"text");
        assert_eq!(bytes(&entry), b"text");
    }
}

#[test]
fn what_is_moved_to_other_memory_stays_as_it_was() {
    let compact = crate::types::EncodingLimits::new(HashSeed(1, 2));
    for value in [
        Value::Int(5),
        Value::Bytes(b"short".to_vec()),
        Value::Bytes(alloc::vec![b'x'; 1500]),
        Value::List(Box::default()),
        Value::Hash(Box::default()),
        Value::Set(Box::default()),
        Value::Zset(Box::default()),
        Value::Stream(Box::default()),
    ] {
        let mut entry = Entry::with_value(b"key", value, Some(7));
        entry.set_access(5);
        let is_collection = add(&mut entry, &compact);
        let (before, from) = (bytes_or_len(&entry), entry.address());
        entry.relocate(&mut Mover::of_everything());
        assert_ne!(entry.address(), from);
        assert_eq!((entry.key(), entry.deadline(), entry.access()), (&b"key"[..], Some(7), 5));
        assert_eq!(bytes_or_len(&entry), before);
        assert_eq!(add(&mut entry, &compact), is_collection);
        entry.set_deadline(None);
        assert_eq!(entry.key(), b"key");
    }
}

fn bytes_or_len(entry: &Entry) -> (Vec<u8>, usize) {
    match entry.value() {
        ValueRef::Bytes(bytes) => (bytes.to_vec(), bytes.len()),
        other => (Vec::new(), len(other)),
    }
}

/// Adds an element to a collection; false for a string.
fn add(entry: &mut Entry, limits: &EncodingLimits) -> bool {
    let next = len(entry.value());
    let element = [next as u8];
    match entry.value_mut() {
        ValueMut::String => return false,
        ValueMut::List(list) => list.push_back(&element[..]),
        ValueMut::Hash(hash) => assert!(hash.insert(&element, b"value", limits)),
        ValueMut::Set(set) => assert!(set.insert(&element, limits)),
        ValueMut::Zset(zset) => assert_eq!(zset.insert(&element, 0.5, limits), None),
        ValueMut::Stream(stream) => {
            stream.append(Id::new(1, next as u64), [(&element[..], &b"value"[..])].into_iter(), limits);
        }
    }
    assert_eq!(len(entry.value()), next + 1);
    true
}

fn len(value: ValueRef<'_>) -> usize {
    match value {
        ValueRef::Int(_) => 1,
        ValueRef::Bytes(bytes) => bytes.len(),
        ValueRef::List(list) => list.len(),
        ValueRef::Hash(hash) => hash.len(),
        ValueRef::Set(set) => set.len(),
        ValueRef::Zset(zset) => zset.len(),
        ValueRef::Stream(stream) => stream.len(),
    }
}
