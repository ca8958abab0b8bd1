use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

use super::*;
use crate::base::memory::Memory;
use crate::config::Limit;
use crate::structures::table::HashSeed;

/// The members in order; found by a plain search.
#[derive(Default)]
struct Model(Vec<(f64, Vec<u8>)>);

impl Model {
    fn insert(&mut self, member: &[u8], score: f64) -> Option<f64> {
        let old = self.score(member);
        if old != Some(score) {
            self.remove(member);
            self.0.push((score, member.to_vec()));
            self.0.sort_by(|one, other| {
                one.0.partial_cmp(&other.0).expect("no NaN").then_with(|| one.1.cmp(&other.1))
            });
        }
        old
    }

    fn remove(&mut self, member: &[u8]) -> Option<f64> {
        let rank = self.rank(member)?;
        Some(self.0.remove(rank).0)
    }

    fn rank(&self, member: &[u8]) -> Option<usize> {
        self.0.iter().position(|(_, other)| other == member)
    }

    fn score(&self, member: &[u8]) -> Option<f64> {
        self.rank(member).map(|rank| self.0[rank].0)
    }
}

fn limits() -> EncodingLimits {
    // Miri takes long for every entry of the compact form, which is safe code.
    let zset_entries_max = Limit::new(if cfg!(miri) { 10 } else { 20 });
    EncodingLimits {
        zset_entries_max,
        zset_value_bytes_max: Limit::new(40),
        ..EncodingLimits::new(HashSeed(1, 2))
    }
}

/// Members with the bits of their scores; the compact form forgets the sign of zero.
fn contents<'a>(members: impl Iterator<Item = (Item<'a>, f64)>) -> Vec<(u64, Vec<u8>)> {
    members.map(|(member, score)| ((score + 0.0).to_bits(), member.to_vec())).collect()
}

fn expected(model: &[(f64, Vec<u8>)]) -> Vec<(u64, Vec<u8>)> {
    model.iter().map(|(score, member)| ((score + 0.0).to_bits(), member.clone())).collect()
}

fn any_score(random: &mut Random) -> f64 {
    match random.below(8) {
        0 => f64::INFINITY,
        1 => f64::NEG_INFINITY,
        2 => -0.0,
        3 => random.below(1000) as f64 / 7.0,
        _ => random.below(10) as f64 - 4.0,
    }
}

fn any_member(random: &mut Random, space: u64) -> Vec<u8> {
    let number = random.below(space);
    match number % 4 {
        0 => format!("{number}").into_bytes(),
        1 => format!("member:{number}").into_bytes(),
        2 => [&[0xff, 0][..], &number.to_le_bytes()].concat(),
        _ => alloc::vec![b'x'; number as usize % 300],
    }
}

fn check(zset: &Zset, model: &Model, random: &mut Random, space: u64) {
    let (model, len) = (&model.0, model.0.len());
    assert_eq!((zset.len(), zset.is_empty()), (len, len == 0));
    assert_eq!(contents(zset.iter()), expected(model));
    let start = random.below(len as u64 + 2) as usize;
    let end = start + random.below(len as u64 + 2) as usize;
    let part = &model[start.min(len)..end.min(len)];
    assert_eq!(contents(zset.range_by_rank(start..end)), expected(part));
    let mut backwards = contents(zset.range_by_rank(start..end).rev());
    backwards.reverse();
    assert_eq!(backwards, expected(part));
    check_score_range(zset, model, random);
    for _ in 0..3 {
        let member = any_member(random, space);
        let rank = model.iter().position(|(_, other)| *other == member);
        assert_eq!(zset.rank(&member), rank.map(|rank| (rank, model[rank].0)));
        assert_eq!(zset.score(&member), rank.map(|rank| model[rank].0));
    }
    let (mut scanned, mut cursor) = (Vec::new(), 0);
    loop {
        cursor =
            zset.scan(cursor, 9, |member, score| scanned.push(((score + 0.0).to_bits(), member.to_vec())));
        if cursor == 0 {
            break;
        }
    }
    let mut all = expected(model);
    scanned.sort();
    all.sort();
    assert_eq!(scanned, all);
    let wanted = random.below(len as u64 + 2) as usize;
    let mut ranks = Vec::new();
    zset.sample(wanted, random, |member, _| ranks.extend(zset.rank(&member.to_vec())));
    assert!(ranks.len() == wanted.min(len) && ranks.is_sorted_by(|one, other| one.0 < other.0));
    assert_eq!(zset.random(random).is_none(), len == 0);
}

fn check_score_range(zset: &Zset, model: &[(f64, Vec<u8>)], random: &mut Random) {
    let range = ScoreRange {
        min: any_score(random),
        excludes_min: random.below(2) == 0,
        max: any_score(random),
        excludes_max: random.below(2) == 0,
    };
    let is_inside = |score| {
        (score > range.min || (score == range.min && !range.excludes_min))
            && (score < range.max || (score == range.max && !range.excludes_max))
    };
    let inside: Vec<_> = model.iter().filter(|&&(score, _)| is_inside(score)).cloned().collect();
    assert_eq!(contents(zset.range_by_score(&range)), expected(&inside), "{range:?}");
}

#[test]
fn behaves_as_a_sorted_list() {
    let (seeds, stride) = if cfg!(miri) { (1, 8) } else { (4, 1) };
    for seed in 0..seeds {
        let mut random = Random::new([seed; 16]);
        let (mut zset, mut model) = (Zset::default(), Model::default());
        for step in (0..1200).step_by(stride) {
            let space = if step < 400 { 24 } else { 400 };
            let member = any_member(&mut random, space);
            match random.below(12) {
                0..6 => {
                    let score = any_score(&mut random);
                    assert_eq!(zset.insert(&member, score, &limits()), model.insert(&member, score));
                }
                6 => {
                    let score = model.score(&member).map_or(0.5, |score| score + 1.0);
                    let old = zset.upsert(&member, &limits(), |old| {
                        old.map(|old| old + 1.0).filter(|sum| !sum.is_nan())
                    });
                    assert_eq!(old, model.score(&member));
                    if old.is_some() {
                        model.insert(&member, score);
                    }
                }
                7..11 => assert_eq!(zset.remove(&member), model.remove(&member)),
                _ => {
                    let start = random.below(model.0.len() as u64 + 1) as usize;
                    let end = start + random.below(8) as usize;
                    let removed = zset.remove_range(start..end);
                    assert_eq!(model.0.drain(start..end.min(model.0.len())).count(), removed);
                }
            }
            // A check takes longer the larger the set is.
            let rest = if step < 400 { 1 } else { 8 };
            if step % if cfg!(miri) { 80 } else { rest } == 0 {
                check(&zset, &model, &mut random, space);
            }
            if step % 100 == 0 {
                zset = zset.copy(&limits());
            }
        }
        assert!(!zset.is_small());
        while !zset.free_some(7) {}
    }
}

#[test]
fn members_of_one_score_are_ranges_of_bytes() {
    let mut model = BTreeMap::new();
    let (mut small, mut large) = (Zset::default(), Zset::default());
    let large_only = EncodingLimits { zset_entries_max: Limit::new(0), ..limits() };
    for member in ["", "1", "10", "2", "a", "aa", "ab", "b", "\0", "é"] {
        model.insert(member.as_bytes(), 3.0);
        small.insert(member.as_bytes(), 3.0, &limits());
        large.insert(member.as_bytes(), 3.0, &large_only);
    }
    assert!(small.is_small() && !large.is_small());
    let ends = ["-", "+", "[", "(", "[1", "(1", "[10", "(a", "[aa", "(ab", "[\0", "[\u{e9}", "(zz"];
    let stride = if cfg!(miri) { 4 } else { 1 };
    for min in ends.iter().step_by(stride) {
        for max in ends.iter().step_by(stride) {
            let range = LexRange::parse(min.as_bytes(), max.as_bytes()).expect("these are ends");
            let inside: Vec<&[u8]> = model
                .keys()
                .copied()
                .filter(|member| {
                    !range.starts_after(Item::from(*member)) && range.reaches(Item::from(*member))
                })
                .collect();
            for zset in [&small, &large] {
                for from_end in [false, true] {
                    let ranks = zset.ranks_by_lex(&range, from_end);
                    let found: Vec<Vec<u8>> =
                        zset.range_by_rank(ranks).map(|(member, _)| member.to_vec()).collect();
                    assert_eq!(found, inside, "{min} {max}");
                }
            }
            assert!(!range.is_empty() || inside.is_empty());
        }
    }
}

#[test]
fn what_is_gathered_comes_out_in_order() {
    let limit = limits().zset_entries_max.get() as u32;
    for count in [0, 5, limit, limit + 1, if cfg!(miri) { 50 } else { 500 }] {
        let mut gather = Gather::new(&limits(), Memory::UNKNOWN);
        for number in 0..count {
            gather.merge(format!("m{number}").as_bytes(), f64::from(number % 7), |_| 0.0);
            gather.merge(format!("m{}", number / 2).as_bytes(), 1.0, |score| score + 7.0);
        }
        let zset = gather.finish(&limits()).unwrap();
        assert_eq!((zset.len(), zset.is_small()), (count as usize, count <= limit));
        assert!(zset.iter().is_sorted_by(|one, other| {
            one.1 < other.1 || (one.1 == other.1 && one.0.to_vec() < other.0.to_vec())
        }));
    }
}

#[test]
#[cfg_attr(miri, ignore = "only measures, and for long")]
fn a_large_set_is_compact() {
    let mut zset = Zset::default();
    let mut random = Random::new([1; 16]);
    let count = 100_000;
    for number in 0..count {
        let member = format!("member:{number:09}");
        zset.insert(member.as_bytes(), random.below(1 << 30) as f64, &limits());
    }
    let own = zset.memory_bytes() / count;
    // 16 bytes of member and 8 of score are inside.
    assert!(own <= 64, "{own} bytes per member");
}
