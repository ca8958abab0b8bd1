use alloc::vec;

use super::*;
use crate::structures::testing::Random;

/// As in a sorted set: a score, and a member that decides among equal scores.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
struct Elem {
    score: f64,
    member: u32,
}

impl Ordered for Elem {
    fn compare(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(self.member.cmp(&other.member))
    }
}

#[derive(Debug)]
enum Op {
    Insert(Elem),
    /// This many in ascending order from one on, as a time series is written.
    InsertRun(Elem, u32),
    Remove(Elem),
    RemoveAt(usize),
    RemoveRange(usize, usize),
    Replace(usize),
    Rank(Elem),
    Range(usize, usize),
}

struct Shape {
    scores: usize,
    members: usize,
    run_max: usize,
    range_max: usize,
}

impl Op {
    fn random(random: &mut Random, len: usize, growth: usize, shape: &Shape) -> Op {
        let elem = Elem {
            score: random.below(shape.scores) as f64 - (shape.scores / 2) as f64,
            member: random.below(shape.members) as u32,
        };
        let rank = random.below(len + 1);
        if random.below(16) < growth {
            return match random.below(6) {
                0 => Op::InsertRun(elem, random.below(shape.run_max) as u32),
                1 => Op::InsertRun(Elem { score: shape.scores as f64, ..elem }, random.below(100) as u32),
                _ => Op::Insert(elem),
            };
        }
        match random.below(8) {
            0 | 1 => Op::Remove(elem),
            2 | 3 => Op::RemoveAt(rank),
            4 => {
                // Mostly short, at times most of the tree.
                let most = if random.below(8) == 0 { len + 2 } else { shape.range_max };
                Op::RemoveRange(rank, rank + random.below(most))
            }
            5 => Op::Replace(rank),
            6 => Op::Rank(elem),
            _ => Op::Range(rank, rank + random.below(300)),
        }
    }
}

/// Does `op` to both and compares what it says.
fn apply(tree: &mut RankTree<Elem>, model: &mut Vec<Elem>, op: &Op) {
    match *op {
        Op::Insert(elem) => insert(tree, model, elem),
        Op::InsertRun(elem, count) => {
            for member in elem.member..elem.member + count {
                insert(tree, model, Elem { member, ..elem });
            }
        }
        Op::Remove(elem) => {
            let removed = model.binary_search_by(|other| other.compare(&elem)).map(|rank| model.remove(rank));
            assert_eq!(tree.remove(&elem), removed.ok());
        }
        Op::RemoveAt(rank) => {
            assert_eq!(tree.select(rank), model.get(rank).copied());
            if let Some(elem) = tree.select(rank) {
                assert_eq!(tree.remove(&elem), Some(model.remove(rank)));
            }
        }
        Op::RemoveRange(start, end) => {
            let mut removed = Vec::new();
            let count = tree.remove_range(start, end, |elem| removed.push(elem));
            let expected: Vec<Elem> = model.drain(start..end.min(model.len())).collect();
            assert_eq!(removed, expected);
            assert_eq!(count, expected.len());
        }
        Op::Replace(rank) => {
            if let Some(elem) = model.get_mut(rank) {
                let same = *elem;
                assert_eq!(tree.replace_by(same, |other| other.compare(&same)), Some(*elem));
                let absent = Elem { score: elem.score + 0.5, ..same };
                assert_eq!(tree.replace_by(absent, |other| other.compare(&absent)), None);
            }
        }
        Op::Rank(elem) => {
            assert_eq!(tree.rank_of(&elem), model.binary_search_by(|other| other.compare(&elem)).ok());
            let by_score = model.partition_point(|other| other.score < elem.score);
            assert_eq!(tree.rank_partition(|other| other.score < elem.score), by_score);
            let through_score = model.partition_point(|other| other.score <= elem.score);
            assert_eq!(tree.rank_partition(|other| other.score <= elem.score), through_score);
        }
        Op::Range(start, end) => {
            let expected = &model[start..end.min(model.len())];
            let range = tree.range(start, end);
            assert_eq!(range.len(), expected.len());
            assert!(range.clone().eq(expected.iter().copied()));
            assert!(range.clone().rev().eq(expected.iter().rev().copied()));
            // Both ends meet.
            let (mut range, mut expected) = (range, expected.iter().copied());
            while range.len() > 0 {
                assert_eq!(range.next(), expected.next());
                assert_eq!(range.next_back(), expected.next_back());
            }
        }
    }
}

fn insert(tree: &mut RankTree<Elem>, model: &mut Vec<Elem>, elem: Elem) {
    match model.binary_search_by(|other| other.compare(&elem)) {
        Ok(_) => assert!(!tree.insert(elem)),
        Err(rank) => {
            assert!(tree.insert(elem));
            model.insert(rank, elem);
        }
    }
}

/// Compares everything, and the invariants of the nodes.
fn check(tree: &RankTree<Elem>, model: &[Elem]) {
    assert_eq!(tree.len(), model.len());
    assert_eq!(tree.is_empty(), model.is_empty());
    assert!(tree.iter().eq(model.iter().copied()));
    assert!(tree.iter().rev().eq(model.iter().rev().copied()));
    assert_eq!((tree.first(), tree.last()), (model.first().copied(), model.last().copied()));
    check_node(&tree.root, true);
    if let Node::Inner(branches) = &tree.root {
        assert!(branches.len() > 1, "a root with one branch is a needless level");
    }
}

/// Returns the height of `node`. Only the root and nodes on the right edge, where appending splits unevenly,
/// may be less than a quarter full.
fn check_node(node: &Node<Elem>, is_last: bool) -> usize {
    assert!(node.len() <= node.len_max());
    assert!(is_last || node.len() >= node.len_max() / 4, "{} of {}", node.len(), node.len_max());
    match node {
        Node::Leaf(elements) => {
            assert!(elements.capacity() - elements.len() <= ROW_SPARE_MAX);
            1
        }
        Node::Inner(branches) => {
            assert!(branches.capacity() - branches.len() <= ROW_SPARE_MAX);
            let mut heights = Vec::new();
            for (at, branch) in branches.iter().enumerate() {
                assert_eq!(branch.count, branch.child.count());
                assert_eq!(Some(branch.first), branch.child.first());
                assert!(branch.count > 0);
                heights.push(check_node(&branch.child, is_last && at + 1 == branches.len()));
            }
            assert!(heights.windows(2).all(|pair| pair[0] == pair[1]), "all leaves are at the same depth");
            heights[0] + 1
        }
    }
}

#[test]
fn behaves_as_a_sorted_vector() {
    for seed in 0..10 {
        let mut random = Random(seed);
        let (mut tree, mut model) = (RankTree::new(), Vec::new());
        let shape = Shape { scores: 40, members: [10, 200][seed as usize % 2], run_max: 100, range_max: 60 };
        for step in 0..3000 {
            let growth = if (step / 300) % 2 == 0 { 12 } else { 3 };
            let op = Op::random(&mut random, model.len(), growth, &shape);
            apply(&mut tree, &mut model, &op);
            assert_eq!(tree.len(), model.len());
            if step % 50 == 0 {
                check(&tree, &model);
            }
        }
        check(&tree, &model);
    }
}

/// Bulk removals from trees of four levels leave only children and nearly empty nodes behind, which must be
/// repaired at every level.
#[test]
fn removing_ranges_of_a_high_tree_repairs_it() {
    for seed in 0..3 {
        let mut random = Random(seed);
        let (mut tree, mut model) = (RankTree::new(), Vec::new());
        let shape = Shape { scores: 1000, members: 100_000, run_max: 300, range_max: 9000 };
        for elem in
            (0..120_000).map(|index| Elem { score: f64::from(index / 150) - 500.0, member: index * 7 })
        {
            tree.insert(elem);
            model.push(elem);
        }
        for step in 0..300 {
            let op = Op::random(&mut random, model.len(), 10, &shape);
            apply(&mut tree, &mut model, &op);
            if step % 20 == 0 {
                check(&tree, &model);
            }
        }
        while !model.is_empty() {
            let start = random.below(model.len());
            let end = start + 1 + random.below(model.len() / 8 + 2);
            apply(&mut tree, &mut model, &Op::RemoveRange(start, end));
            check(&tree, &model);
        }
        assert_eq!(tree.memory_bytes(), 0);
    }
}

/// What remains of a subtree is an only child of an only child, on either side of the removed range.
#[test]
fn an_only_child_is_repaired_once_it_has_neighbours() {
    let mut full = RankTree::new();
    for member in 0..100_000 {
        full.insert(Elem { score: 0.0, member });
    }
    let model: Vec<Elem> = full.iter().collect();
    let Node::Inner(branches) = &full.root else { panic!("the tree is high") };
    let (first, second) = (branches[0].count, branches[1].count);
    for (start, end) in [(3, first), (0, first - 3), (first + 3, first + second), (first, first + second - 3)]
    {
        let (mut tree, mut model) = (full.clone(), model.clone());
        apply(&mut tree, &mut model, &Op::RemoveRange(start, end));
        check(&tree, &model);
    }
}

#[test]
fn scores_have_a_total_order() {
    let scores = [f64::NEG_INFINITY, f64::MIN, -1.0, 0.0, f64::MIN_POSITIVE, 1.0, f64::MAX, f64::INFINITY];
    let mut tree = RankTree::new();
    for (member, &score) in scores.iter().enumerate().rev() {
        assert!(tree.insert(Elem { score, member: member as u32 }));
    }
    assert!(tree.iter().map(|elem| elem.score).eq(scores));
    assert_eq!(tree.rank_partition(|elem| elem.score < 0.0), 3);
}

/// A member that moved in memory is known by its new pointer everywhere, also where it is the first of a
/// node.
#[test]
fn a_replaced_element_is_replaced_in_every_row() {
    let mut tree = RankTree::new();
    for key in 0..10_000u32 {
        assert!(tree.insert_by((key, 0u32), |other| other.0.cmp(&key)));
    }
    for key in 0..10_000u32 {
        assert_eq!(tree.replace_by((key, 1), |other| other.0.cmp(&key)), Some((key, 0)));
    }
    assert!(tree.iter().all(|elem| elem.1 == 1));
    fn firsts(node: &Node<(u32, u32)>) -> Vec<(u32, u32)> {
        match node {
            Node::Leaf(_) => vec![],
            Node::Inner(branches) => branches
                .iter()
                .flat_map(|branch| [vec![branch.first], firsts(&branch.child)].concat())
                .collect(),
        }
    }
    assert!(firsts(&tree.root).iter().all(|elem| elem.1 == 1));
}

#[test]
fn many_elements_in_any_order_stay_compact() {
    // Ascending, descending, and scattered by a multiplier that has no factor in common with the count.
    let orders = [
        ("ascending", 1_000_000, 1, 0),
        ("descending", 200_000, 199_999, 199_999),
        ("scattered", 200_000, 123_601, 1),
    ];
    for (name, count, step, offset) in orders {
        let mut tree = RankTree::new();
        for index in 0..count {
            let member = ((index * step + offset) % count) as u32;
            tree.insert(Elem { score: f64::from(member), member });
        }
        assert_eq!(tree.len(), count as usize);
        for rank in (0..count as usize).step_by(9973) {
            let elem = Elem { score: rank as f64, member: rank as u32 };
            assert_eq!(tree.select(rank), Some(elem));
            assert_eq!(tree.rank_of(&elem), Some(rank));
        }
        let bytes = exact_bytes(&tree.root);
        assert!(bytes < 20 * count as usize, "{name}: {bytes}");
        let estimate = tree.memory_bytes();
        assert!(estimate.abs_diff(bytes) < bytes / 20, "{name}: {estimate} for {bytes}");
        if step == 1 {
            assert!(bytes < 17 * count as usize, "appending fills the leaves: {bytes}");
        }
        assert_eq!(tree.remove_range(1000, count as usize - 1000, |_| ()), count as usize - 2000);
        assert_eq!(tree.select(1000).map(|elem| u64::from(elem.member)), Some(count - 1000));
        check_node(&tree.root, true);
    }
}

fn exact_bytes(node: &Node<Elem>) -> usize {
    match node {
        Node::Leaf(elements) => elements.capacity() * size_of::<Elem>(),
        Node::Inner(branches) => {
            let below: usize = branches.iter().map(|branch| exact_bytes(&branch.child)).sum();
            below + branches.capacity() * size_of::<Branch<Elem>>()
        }
    }
}

#[test]
fn frees_in_bounded_steps() {
    let mut tree: RankTree<Elem> = RankTree::new();
    assert!(tree.free_some(1));
    for member in 0..10_000 {
        tree.insert(Elem { score: 0.0, member });
    }
    let mut steps = 1;
    while !tree.free_some(300) {
        assert_eq!(tree.len(), 10_000 - 300 * steps);
        check_node(&tree.root, true);
        steps += 1;
    }
    assert_eq!(steps, 34);
    assert_eq!(tree.memory_bytes(), 0);
}
