use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::*;
use crate::keyspace::HashSeed;
use crate::types::conversation::Conversation;

type Model = BTreeSet<Vec<u8>>;

fn compact() -> Compact {
    Compact { set_entries_max: 30, intset_entries_max: 50, ..Compact::new(HashSeed(1, 2)) }
}

fn contents(set: &Set) -> Model {
    set.iter().map(Item::to_vec).collect()
}

fn check(set: &Set, model: &Model, random: &mut Random) {
    assert_eq!(set.len(), model.len());
    assert_eq!(contents(set), *model);
    assert_eq!(contents(&set.copy(&compact())), *model);
    let (mut scanned, mut cursor) = (Vec::new(), 0);
    loop {
        cursor = set.scan(cursor, 60, |item| scanned.push(item.to_vec()));
        if cursor == 0 {
            break;
        }
    }
    assert_eq!(scanned.len(), model.len());
    assert_eq!(scanned.into_iter().collect::<Model>(), *model);
    let wanted = random.below(model.len() as u64 + 2) as usize;
    let mut sampled = Model::new();
    set.sample(wanted, random, |item| assert!(sampled.insert(item.to_vec())));
    assert!(sampled.len() == wanted.min(model.len()) && sampled.is_subset(model));
    assert_eq!(set.random(random).is_none(), model.is_empty());
    assert!(set.draws(random).take(model.len()).all(|item| model.contains(&item.to_vec())));
}

fn text(random: &mut Random, space: u64, only_numbers: bool) -> Vec<u8> {
    let number = random.below(space) as i64 - space as i64 / 2;
    match random.below(4) {
        0 if !only_numbers => format!("member:{number}").into_bytes(),
        1 if !only_numbers => alloc::vec![b'x'; random.below(space.min(70)) as usize],
        _ => format!("{}", number * number * number).into_bytes(),
    }
}

#[test]
fn behaves_as_a_tree_set() {
    let mut encodings = BTreeSet::new();
    for seed in 0..8 {
        let mut random = Random::new([seed; 16]);
        let (mut set, mut model) = (Set::default(), Model::new());
        for step in 0..3000 {
            // Each seed meets the forms in another order and at another size.
            let space = if step < 1000 { 12 } else { 1000 };
            let only_numbers = step < 200 * u64::from(seed);
            let growth = if (step / 500) % 2 == 0 { 3 } else { 1 };
            let member = text(&mut random, space, only_numbers);
            match random.below(9) {
                0 => {
                    let popped = set.pop(&mut random);
                    assert_eq!(popped.is_none(), model.is_empty());
                    assert!(popped.is_none_or(|member| model.remove(&member)));
                }
                choice if choice % 4 < growth => {
                    assert_eq!(set.insert(&member, &compact()), model.insert(member.clone()));
                    assert!(set.contains(&member));
                }
                _ => {
                    let is_member = model.remove(&member);
                    assert_eq!(set.contains(&member), is_member);
                    assert_eq!(set.contains_item(Item::Bytes(&member)), is_member);
                    assert_eq!(set.remove(&member), is_member);
                }
            }
            encodings.insert(set.encoding());
            if step % 97 == 0 {
                check(&set, &model, &mut random);
            }
        }
        while !set.free_some(100) {}
        assert!(set.is_empty());
    }
    assert_eq!(encodings.len(), 3);
}
