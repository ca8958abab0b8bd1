//! The order index of a sorted set: a counted B+tree.
//!
//! Elements lie in leaves of up to `LEAF_ELEMENTS_MAX`. An inner node is a row of branches, and a branch
//! holds its child's first element, number of elements and the child itself, so a descent reads one row per
//! level and an element's rank is the sum of the counts to its left. There are no parent pointers and no
//! links between leaves: an iteration descends again for each leaf, which is cheap against the dozens of
//! elements it then reads.
//!
//! Rows grow in small steps, so memory follows the number of elements, however full the leaves are. No
//! operation but a bulk one touches more than a few rows, so none pauses because of growth.
//!
//! Elements are small copies, such as a score and a pointer to a member that lives elsewhere. A first element
//! in an inner node is always that of a living one, so a caller that removes an element may free what it points to.

use alloc::vec::Vec;
use core::{cmp::Ordering, fmt, mem, slice};

mod merge;

/// Elements of a leaf at most. A million scattered elements of 16 bytes take 19.6 bytes each with 32 of them
/// in a leaf, 19.0 with 64 and 18.2 with 128; their speed differs less than the measurement's noise, and a
/// shorter leaf moves less per insertion.
const LEAF_ELEMENTS_MAX: usize = 64;
/// Branches of an inner node at most.
const BRANCHES_MAX: usize = 32;
/// Rows are allocated in multiples of this many elements or branches.
const ROW_STEP: usize = 8;
/// A row is allocated anew when it has more free slots than this.
const ROW_SPARE_MAX: usize = 2 * ROW_STEP;
/// How many slots of a tree [`RankTree::memory_bytes`] looks at.
const MEMORY_SAMPLES: usize = 8;

/// Elements that know their total order, for the methods that need no comparison as an argument.
pub trait Ordered {
    /// How `self` compares to `other`; `Equal` only if they are the same element of a set.
    fn compare(&self, other: &Self) -> Ordering;
}

/// A sorted set of elements with ranks.
///
/// Methods ending in `_by` take a function that tells how an element of the tree compares to the one meant,
/// as `binary_search_by` does.
#[derive(Clone)]
pub struct RankTree<E> {
    root: Node<E>,
    len: usize,
}

#[derive(Clone)]
enum Node<E> {
    Leaf(Vec<E>),
    Inner(Vec<Branch<E>>),
}

#[derive(Clone)]
struct Branch<E> {
    /// The least element below.
    first: E,
    /// The number of elements below.
    count: usize,
    child: Node<E>,
}

impl<E> Default for RankTree<E> {
    fn default() -> Self {
        RankTree { root: Node::Leaf(Vec::new()), len: 0 }
    }
}

impl<E: Copy> RankTree<E> {
    /// An empty tree, without an allocation.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A tree of elements that are in order, each greater than the one before it.
    pub fn from_sorted(elements: &[E]) -> Self {
        let leaf = |elements: &[E]| {
            let mut row = Vec::with_capacity(elements.len().next_multiple_of(ROW_STEP));
            row.extend_from_slice(elements);
            Node::Leaf(row)
        };
        let mut level: Vec<Node<E>> = evenly(elements.len(), LEAF_ELEMENTS_MAX)
            .map(|(start, end)| leaf(&elements[start..end]))
            .collect();
        while level.len() > 1 {
            let rows = evenly(level.len(), BRANCHES_MAX);
            let mut nodes = level.into_iter();
            level = rows
                .map(|(start, end)| {
                    let mut row = Vec::with_capacity((end - start).next_multiple_of(ROW_STEP));
                    row.extend(nodes.by_ref().take(end - start).map(Branch::of));
                    Node::Inner(row)
                })
                .collect();
        }
        let root = level.pop().unwrap_or(Node::Leaf(Vec::new()));
        RankTree { root, len: elements.len() }
    }

    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes allocated on the heap: exact for a small tree, estimated from some of its leaves for a large
    /// one.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        match &self.root {
            Node::Leaf(elements) => elements.capacity() * size_of::<E>(),
            Node::Inner(branches) if branches.iter().all(|branch| matches!(branch.child, Node::Leaf(_))) => {
                row_bytes(branches)
            }
            Node::Inner(_) => self.sampled_bytes(),
        }
    }

    /// Adds `element`; `false` if one that compares equal is there, which then stays.
    pub fn insert_by(&mut self, element: E, mut compare: impl FnMut(&E) -> Ordering) -> bool {
        match self.root.insert(element, &mut compare, true) {
            Inserted::Present => return false,
            Inserted::Fits => {}
            Inserted::Split(right) => {
                let left = mem::replace(&mut self.root, Node::Leaf(Vec::new()));
                let mut branches = Vec::new();
                push_place(&mut branches, 0, Branch::of(left));
                push_place(&mut branches, 1, right);
                self.root = Node::Inner(branches);
            }
        }
        self.len += 1;
        true
    }

    /// Removes and returns the element that compares equal.
    pub fn remove_by(&mut self, mut compare: impl FnMut(&E) -> Ordering) -> Option<E> {
        let removed = self.root.remove(&mut compare)?;
        self.len -= 1;
        self.lower_root();
        Some(removed)
    }

    /// Puts `element` in the place of the one that compares equal, which is returned. It must be of the same
    /// order, such as the same score and a pointer to a copy of the same member.
    pub fn replace_by(&mut self, element: E, mut compare: impl FnMut(&E) -> Ordering) -> Option<E> {
        self.root.replace(element, &mut compare)
    }

    /// The rank, counted from 0, and the element that compares equal.
    #[must_use]
    pub fn find_by(&self, mut compare: impl FnMut(&E) -> Ordering) -> Option<(usize, E)> {
        let (mut node, mut rank) = (&self.root, 0);
        loop {
            match node {
                Node::Leaf(elements) => {
                    let index = place_of(elements, &mut compare).ok()?;
                    return Some((rank + index, elements[index]));
                }
                Node::Inner(branches) => {
                    let at = child_of(branches, &mut compare);
                    rank += elements_of(&branches[..at]);
                    node = &branches[at].child;
                }
            }
        }
    }

    /// The number of elements from the first on for which `is_before` holds, which must hold for none after
    /// one for which it does not. This is the rank of the first element behind a bound.
    #[must_use]
    pub fn rank_partition(&self, mut is_before: impl FnMut(&E) -> bool) -> usize {
        let (mut node, mut rank) = (&self.root, 0);
        loop {
            match node {
                Node::Leaf(elements) => return rank + elements.partition_point(is_before),
                Node::Inner(branches) => {
                    let at = branches.partition_point(|branch| is_before(&branch.first)).saturating_sub(1);
                    rank += elements_of(&branches[..at]);
                    node = &branches[at].child;
                }
            }
        }
    }

    /// The element at `rank`, counted from 0.
    #[must_use]
    pub fn select(&self, rank: usize) -> Option<E> {
        let (leaf, index) = self.leaf_at(rank)?;
        Some(leaf[index])
    }

    /// The first element.
    #[must_use]
    pub fn first(&self) -> Option<E> {
        self.select(0)
    }

    /// The last element.
    #[must_use]
    pub fn last(&self) -> Option<E> {
        self.select(self.len.checked_sub(1)?)
    }

    /// All elements in order; from both ends.
    #[must_use]
    pub fn iter(&self) -> Range<'_, E> {
        self.range(0, self.len)
    }

    /// The elements of ranks `start` up to before `end`, or as many of them as there are; from both ends.
    #[must_use]
    pub fn range(&self, start: usize, end: usize) -> Range<'_, E> {
        let end = end.min(self.len);
        Range { tree: self, start: start.min(end), end, front: [].iter(), back: [].iter() }
    }

    /// Removes the elements of ranks `start` up to before `end`, or as many of them as there are, and shows
    /// each to `removed` in order. Returns how many there were.
    pub fn remove_range(&mut self, start: usize, end: usize, mut removed: impl FnMut(E)) -> usize {
        let end = end.min(self.len);
        if start >= end {
            return 0;
        }
        self.root.remove_range(start, end, &mut removed);
        self.len -= end - start;
        self.lower_root();
        end - start
    }

    /// Removes up to `elements_max` elements from the end; `true` when nothing is left.
    pub fn free_some(&mut self, elements_max: usize) -> bool {
        self.discard(self.len.saturating_sub(elements_max), self.len);
        self.is_empty()
    }

    /// Removes the elements of these ranks.
    fn discard(&mut self, start: usize, end: usize) {
        self.remove_range(start, end, |_| ());
    }

    /// The leaf with the element at `rank`, and its index in there.
    fn leaf_at(&self, mut rank: usize) -> Option<(&[E], usize)> {
        if rank >= self.len {
            return None;
        }
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(elements) => return Some((elements, rank)),
                Node::Inner(branches) => {
                    let (at, rest) = branch_at(branches, rank);
                    rank = rest;
                    node = &branches[at].child;
                }
            }
        }
    }

    /// Takes away levels that have become needless.
    fn lower_root(&mut self) {
        while let Node::Inner(branches) = &mut self.root
            && branches.len() <= 1
        {
            self.root = branches.pop().map_or(Node::Leaf(Vec::new()), |branch| branch.child);
        }
        if self.len == 0 {
            self.root = Node::Leaf(Vec::new());
        }
    }

    fn sampled_bytes(&self) -> usize {
        let (mut bytes, mut elements) = (0, 0);
        for sample in 0..MEMORY_SAMPLES {
            let mut rank = self.len / MEMORY_SAMPLES * sample;
            let mut node = &self.root;
            while let Node::Inner(branches) = node {
                let (at, rest) = branch_at(branches, rank);
                if matches!(branches[at].child, Node::Leaf(_)) {
                    bytes += row_bytes(branches);
                    elements += elements_of(branches);
                    break;
                }
                rank = rest;
                node = &branches[at].child;
            }
        }
        // Levels above those seen add a few thousandths.
        self.len / elements.max(1) * bytes + self.len % elements.max(1) * bytes / elements.max(1)
    }
}

impl<E: Copy + Ordered> RankTree<E> {
    /// Adds `element`; `false` if one that compares equal is there, which then stays.
    pub fn insert(&mut self, element: E) -> bool {
        self.insert_by(element, |other| other.compare(&element))
    }

    /// Removes and returns the element that compares equal to `element`.
    pub fn remove(&mut self, element: &E) -> Option<E> {
        self.remove_by(|other| other.compare(element))
    }

    /// The rank, counted from 0, of the element that compares equal to `element`.
    #[must_use]
    pub fn rank_of(&self, element: &E) -> Option<usize> {
        self.find_by(|other| other.compare(element)).map(|(rank, _)| rank)
    }
}

impl<E: Copy + fmt::Debug> fmt::Debug for RankTree<E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.iter()).finish()
    }
}

impl<'a, E: Copy> IntoIterator for &'a RankTree<E> {
    type Item = E;
    type IntoIter = Range<'a, E>;

    fn into_iter(self) -> Range<'a, E> {
        self.iter()
    }
}

/// Iterates over elements of consecutive ranks of a [`RankTree`] from both ends.
#[derive(Clone)]
pub struct Range<'a, E> {
    tree: &'a RankTree<E>,
    /// The rank of the next element from the front.
    start: usize,
    /// The rank behind that of the next element from the back.
    end: usize,
    /// The rest of the leaf being read from the front; it may reach beyond `end`.
    front: slice::Iter<'a, E>,
    /// The rest of the leaf being read from the back; it may reach below `start`.
    back: slice::Iter<'a, E>,
}

impl<E: Copy> Iterator for Range<'_, E> {
    type Item = E;

    #[inline]
    fn next(&mut self) -> Option<E> {
        if self.start == self.end {
            return None;
        }
        if self.front.as_slice().is_empty() {
            let (leaf, index) = self.tree.leaf_at(self.start).expect("a range ends at the length");
            self.front = leaf[index..].iter();
        }
        self.start += 1;
        self.front.next().copied()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.end - self.start, Some(self.end - self.start))
    }
}

impl<E: Copy> DoubleEndedIterator for Range<'_, E> {
    fn next_back(&mut self) -> Option<E> {
        if self.start == self.end {
            return None;
        }
        self.end -= 1;
        if self.back.as_slice().is_empty() {
            let (leaf, index) = self.tree.leaf_at(self.end).expect("a range ends at the length");
            self.back = leaf[..=index].iter();
        }
        self.back.next_back().copied()
    }
}

impl<E: Copy> ExactSizeIterator for Range<'_, E> {}

/// What became of an insertion below a branch.
enum Inserted<E> {
    Present,
    Fits,
    /// The node was full; this is its new right neighbour.
    Split(Branch<E>),
}

impl<E: Copy> Node<E> {
    fn len(&self) -> usize {
        match self {
            Node::Leaf(elements) => elements.len(),
            Node::Inner(branches) => branches.len(),
        }
    }

    fn len_max(&self) -> usize {
        match self {
            Node::Leaf(_) => LEAF_ELEMENTS_MAX,
            Node::Inner(_) => BRANCHES_MAX,
        }
    }

    /// The number of elements below.
    fn count(&self) -> usize {
        match self {
            Node::Leaf(elements) => elements.len(),
            Node::Inner(branches) => elements_of(branches),
        }
    }

    /// The least element below.
    fn first(&self) -> Option<E> {
        match self {
            Node::Leaf(elements) => elements.first().copied(),
            Node::Inner(branches) => branches.first().map(|branch| branch.first),
        }
    }

    /// `is_last` tells that nothing in the tree lies to the right of this node.
    fn insert(&mut self, element: E, compare: &mut impl FnMut(&E) -> Ordering, is_last: bool) -> Inserted<E> {
        match self {
            Node::Leaf(elements) => match place_of(elements, compare) {
                Ok(_) => Inserted::Present,
                Err(index) => match insert_place(elements, index, element, LEAF_ELEMENTS_MAX, is_last) {
                    Some(right) => Inserted::Split(Branch::of(Node::Leaf(right))),
                    None => Inserted::Fits,
                },
            },
            Node::Inner(branches) => {
                let at = child_of(branches, compare);
                let is_last = is_last && at + 1 == branches.len();
                let branch = &mut branches[at];
                let right = match branch.child.insert(element, compare, is_last) {
                    Inserted::Present => return Inserted::Present,
                    Inserted::Fits => {
                        branch.count += 1;
                        None
                    }
                    Inserted::Split(right) => {
                        branch.count = branch.count + 1 - right.count;
                        Some(right)
                    }
                };
                branch.refresh_first();
                match right.and_then(|right| insert_place(branches, at + 1, right, BRANCHES_MAX, is_last)) {
                    Some(right) => Inserted::Split(Branch::of(Node::Inner(right))),
                    None => Inserted::Fits,
                }
            }
        }
    }

    fn remove(&mut self, compare: &mut impl FnMut(&E) -> Ordering) -> Option<E> {
        match self {
            Node::Leaf(elements) => {
                let index = place_of(elements, compare).ok()?;
                let removed = elements.remove(index);
                release_places(elements);
                Some(removed)
            }
            Node::Inner(branches) => {
                let at = child_of(branches, compare);
                let removed = branches[at].child.remove(compare)?;
                branches[at].count -= 1;
                branches[at].refresh_first();
                refill(branches, at);
                Some(removed)
            }
        }
    }

    fn replace(&mut self, element: E, compare: &mut impl FnMut(&E) -> Ordering) -> Option<E> {
        match self {
            Node::Leaf(elements) => {
                let index = place_of(elements, compare).ok()?;
                Some(mem::replace(&mut elements[index], element))
            }
            Node::Inner(branches) => {
                let at = child_of(branches, compare);
                let replaced = branches[at].child.replace(element, compare)?;
                branches[at].refresh_first();
                Some(replaced)
            }
        }
    }

    fn remove_range(&mut self, start: usize, end: usize, removed: &mut impl FnMut(E)) {
        match self {
            Node::Leaf(elements) => {
                elements.drain(start..end).for_each(removed);
                release_places(elements);
            }
            Node::Inner(branches) => {
                let (first, start_below) = branch_at(branches, start);
                let (mut at, mut start_below, mut rest) = (first, start_below, end - start);
                // Only the outermost branches can be left with something.
                while rest > 0 {
                    let branch = &mut branches[at];
                    let taken = rest.min(branch.count - start_below);
                    if taken == branch.count {
                        branch.child.visit(removed);
                    } else {
                        branch.child.remove_range(start_below, start_below + taken, removed);
                        branch.refresh_first();
                    }
                    branch.count -= taken;
                    rest -= taken;
                    start_below = 0;
                    at += 1;
                }
                branches.retain(|branch| branch.count > 0);
                release_places(branches);
                // The outermost ones are neighbours now.
                refill(branches, first + 1);
                refill(branches, first);
            }
        }
    }

    fn visit(&self, visitor: &mut impl FnMut(E)) {
        match self {
            Node::Leaf(elements) => elements.iter().copied().for_each(visitor),
            Node::Inner(branches) => branches.iter().for_each(|branch| branch.child.visit(visitor)),
        }
    }

    /// Moves everything of `right`, which is of the same height, behind what is here; returns where that
    /// begins.
    fn append(&mut self, right: &mut Node<E>) -> usize {
        let seam = self.len();
        match (self, right) {
            (Node::Leaf(left), Node::Leaf(right)) => append_places(left, right),
            (Node::Inner(left), Node::Inner(right)) => append_places(left, right),
            _ => unreachable!("all leaves are at the same depth"),
        }
        seam
    }

    /// Cuts off and returns what lies at `index` and behind.
    fn split_off(&mut self, index: usize) -> Node<E> {
        match self {
            Node::Leaf(elements) => Node::Leaf(split_places(elements, index)),
            Node::Inner(branches) => Node::Inner(split_places(branches, index)),
        }
    }
}

impl<E: Copy> Branch<E> {
    /// A branch to `child`, which is not empty.
    fn of(child: Node<E>) -> Self {
        let first = child.first().expect("a node with nothing in it has no branch");
        Branch { first, count: child.count(), child }
    }

    fn refresh_first(&mut self) {
        if let Some(first) = self.child.first() {
            self.first = first;
        }
    }
}

/// Start and end of as few parts of `len` items as there can be with at most `len_max` each, about equally long.
fn evenly(len: usize, len_max: usize) -> impl Iterator<Item = (usize, usize)> {
    let parts = len.div_ceil(len_max);
    (0..parts).map(move |part| {
        // A part more than the quotient for as many as the remainder says.
        let start = |part: usize| len / parts * part + part.min(len % parts);
        (start(part), start(part + 1))
    })
}

/// Where an element is, or where it would be.
#[inline]
#[expect(
    clippy::redundant_closure,
    reason = "code that is made small has a closure inline, and no reference to one"
)]
fn place_of<E>(elements: &[E], compare: &mut impl FnMut(&E) -> Ordering) -> Result<usize, usize> {
    elements.binary_search_by(|element| compare(element))
}

/// The branch below which the element is or belongs that `compare` means.
#[inline]
fn child_of<E>(branches: &[Branch<E>], compare: &mut impl FnMut(&E) -> Ordering) -> usize {
    let before = |branch: &Branch<E>| {
        if compare(&branch.first) == Ordering::Greater { Ordering::Greater } else { Ordering::Less }
    };
    branches.binary_search_by(before).unwrap_or_else(|at| at).saturating_sub(1)
}

/// The branch with the element at `rank` of those below `branches`, and its rank below that branch.
fn branch_at<E>(branches: &[Branch<E>], mut rank: usize) -> (usize, usize) {
    for (at, branch) in branches.iter().enumerate() {
        if rank < branch.count {
            return (at, rank);
        }
        rank -= branch.count;
    }
    unreachable!("the counts of the branches add up to the number of elements")
}

/// The number of elements below `branches`.
fn elements_of<E>(branches: &[Branch<E>]) -> usize {
    branches.iter().map(|branch| branch.count).sum()
}

/// Bytes of the row of these branches to leaves and of the leaves.
fn row_bytes<E>(branches: &Vec<Branch<E>>) -> usize {
    let leaves = branches.iter().map(|branch| match &branch.child {
        Node::Leaf(elements) => elements.capacity() * size_of::<E>(),
        Node::Inner(below) => below.capacity() * size_of::<Branch<E>>(),
    });
    leaves.sum::<usize>() + branches.capacity() * size_of::<Branch<E>>()
}

/// If the node of the branch at `at` is less than a quarter full, merges it with a neighbour or takes over
/// half of what both have.
fn refill<E: Copy>(branches: &mut Vec<Branch<E>>, at: usize) {
    let Some(branch) = branches.get(at) else { return };
    let len_max = branch.child.len_max();
    if branch.child.len() >= len_max / 4 {
        return;
    }
    if branch.count == 0 {
        branches.remove(at);
        release_places(branches);
        return;
    }
    if branches.len() == 1 {
        return;
    }
    let left_at = at.saturating_sub(1);
    let mut right = branches.remove(left_at + 1);
    let left = &mut branches[left_at];
    let seam = left.child.append(&mut right.child);
    if let Node::Inner(below) = &mut left.child {
        // A bulk removal may have left an only child nearly empty, because it had no neighbour before.
        refill(below, seam);
        refill(below, seam - 1);
    }
    let len = left.child.len();
    if len > len_max {
        let right = left.child.split_off(len / 2);
        let right = Branch::of(right);
        left.count = left.child.count();
        branches.insert(left_at + 1, right);
    } else {
        left.count += right.count;
        release_places(branches);
    }
}

/// Puts `item` at `index` of a row of at most `len_max`. A full row is split first, and its right part
/// returned: in the middle, or, when items are being appended at the end of the whole tree, so that the left
/// part stays full.
fn insert_place<T>(row: &mut Vec<T>, index: usize, item: T, len_max: usize, is_last: bool) -> Option<Vec<T>> {
    if row.len() < len_max {
        push_place(row, index, item);
        return None;
    }
    let mut right = split_places(row, if is_last && index == len_max { len_max } else { len_max / 2 });
    match index.checked_sub(row.len()) {
        // At the seam it goes to the right only if there is nothing, because rows are never empty.
        Some(index) if index > 0 || right.is_empty() => push_place(&mut right, index, item),
        _ => push_place(row, index, item),
    }
    Some(right)
}

fn push_place<T>(row: &mut Vec<T>, index: usize, item: T) {
    if row.len() == row.capacity() {
        row.reserve_exact(ROW_STEP);
    }
    row.insert(index, item);
}

fn append_places<T>(left: &mut Vec<T>, right: &mut Vec<T>) {
    left.reserve_exact((left.len() + right.len()).next_multiple_of(ROW_STEP) - left.len());
    left.append(right);
}

/// Cuts off the row at `index` and leaves both parts without many free slots.
fn split_places<T>(row: &mut Vec<T>, index: usize) -> Vec<T> {
    let mut right = Vec::with_capacity((row.len() - index).next_multiple_of(ROW_STEP));
    right.extend(row.drain(index..));
    release_places(row);
    right
}

fn release_places<T>(row: &mut Vec<T>) {
    if row.capacity() - row.len() > ROW_SPARE_MAX {
        row.shrink_to(row.len().next_multiple_of(ROW_STEP));
    }
}

#[cfg(test)]
mod tests;
