use super::*;
use crate::base::random::Random;

/// Registers as they are meant.
struct Model([u8; REGISTERS]);

impl Model {
    fn raise(&mut self, index: usize, count: u8) -> bool {
        let is_lower = self.0[index] < count;
        self.0[index] = self.0[index].max(count);
        is_lower
    }

    fn check(&self, bytes: &[u8]) {
        let encoding = Encoding::of(bytes).expect("it is a sketch");
        let mut union = Union::new();
        union.merge(bytes, encoding).expect("it is whole");
        assert!(*union.0 == self.0);
        assert_eq!(union.estimate(), cardinality(bytes, encoding).expect("it is whole"));
    }
}

#[test]
fn registers_are_those_of_a_plain_array_in_both_encodings() {
    let mut random = Random::new([1; 16]);
    for round in 0..12 {
        let (mut bytes, mut model) = (empty(), Model([0; REGISTERS]));
        let bytes_max = [100, 3000, 20_000][round % 3];
        // Neighbours and equal values, so that runs are split and joined.
        let range = [40, 3000, REGISTERS][round / 4];
        for step in 0..4000 {
            let index = random.below(range as u64) as usize;
            let count = random.below(if step < 3500 { 4 } else { 50 }) as u8 + 1;
            let changed = raise(&mut bytes, &mut sparse::Cursor::default(), index, count, bytes_max);
            assert_eq!(changed, Ok(model.raise(index, count)));
            assert!(Encoding::of(&bytes) == Some(Encoding::Dense) || bytes.len() <= bytes_max);
            if step % 500 == 0 {
                model.check(&bytes);
            }
        }
        model.check(&bytes);
    }
}

#[test]
fn going_on_from_a_cursor_gives_the_same_bytes() {
    let mut random = Random::new([2; 16]);
    for _ in 0..60 {
        let mut union = Union::new();
        let mut before = empty();
        for _ in 0..random.below(1500) {
            let index = random.below(2000) as usize;
            union.0[index] = random.below(5) as u8;
            let index = random.below(2000) as usize;
            let count = random.below(5) as u8 + 1;
            raise(&mut before, &mut sparse::Cursor::default(), index, count, 3000).expect("it is whole");
        }
        let (mut stored, mut plain) = (before.clone(), before);
        union.store(&mut stored, 3000).expect("it is whole");
        for (index, &value) in union.0.iter().enumerate().filter(|(_, value)| **value != 0) {
            raise(&mut plain, &mut sparse::Cursor::default(), index, value, 3000).expect("it is whole");
        }
        forget_cached(&mut plain);
        assert!(stored == plain);
    }
}

#[test]
fn bytes_that_mean_nothing_do_no_harm() {
    let mut random = Random::new([3; 16]);
    for round in 0..3000 {
        let mut bytes = empty();
        bytes.truncate(HEADER_BYTES + random.below(3) as usize);
        bytes.extend((0..random.below(60)).map(|_| random.next_u64() as u8));
        if round % 2 == 0 {
            // Now and then all but whole.
            sparse::push_zeros(&mut bytes, REGISTERS - random.below(300) as usize);
        }
        let _ = cardinality(&bytes, Encoding::Sparse);
        let _ = Union::new().merge(&bytes, Encoding::Sparse);
        for element in 0..20 {
            let _ = add(&mut bytes, &[element], 100);
        }
        let _ = make_dense(&mut bytes);
    }
    let mut dense = empty();
    make_dense(&mut dense).expect("it is whole");
    dense[HEADER_BYTES..].fill(0xff);
    assert_eq!(cardinality(&dense, Encoding::Dense), Ok(1 << 63));
}

#[test]
fn estimates_are_near() {
    let mut bytes = empty();
    for number in 0u32..30_000 {
        add(&mut bytes, &number.to_le_bytes(), 3000).expect("it is whole");
        if number == 99 || number == 999 || number == 29_999 {
            let encoding = Encoding::of(&bytes).expect("it is a sketch");
            let estimate = cardinality(&bytes, encoding).expect("it is whole") as f64;
            assert!((estimate / f64::from(number + 1) - 1.0).abs() < 0.025, "{estimate} of {number}");
        }
    }
    assert_eq!(Encoding::of(&bytes), Some(Encoding::Dense));
}
