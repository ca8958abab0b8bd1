//! How many nodes Redis's radix tree of a stream's chunks has, which XINFO STREAM tells.

use alloc::vec::Vec;

/// Bytes of a key of that tree.
const KEY_BYTES: usize = 16;

/// The nodes of the tree of these keys, which come in order: one per branching, one per key, and one for each run
/// of bytes without a branching in it. The tree of no key is a root.
pub(super) fn count(keys: impl Iterator<Item = u128>) -> usize {
    // The depths at which the path to the last key branches.
    let mut open: Vec<usize> = Vec::new();
    let (mut nodes, mut last) = (0, None);
    for key in keys {
        if let Some(last) = last {
            let shared = common_bytes(last, key);
            let depth = climb(&mut open, shared, &mut nodes);
            nodes += run(depth, shared);
            if open.last() != Some(&shared) {
                open.push(shared);
            }
        }
        nodes += 1;
        last = Some(key);
    }
    if last.is_none() {
        return 1;
    }
    let depth = match open.first().copied() {
        Some(first) => {
            let depth = climb(&mut open, first, &mut nodes);
            nodes += run(depth, first) + 1;
            first
        }
        None => KEY_BYTES,
    };
    nodes + usize::from(depth > 0)
}

/// Leaves the branchings below `shared` on the way up from the last key, and counts them and the runs below them;
/// returns the depth where the way ends.
fn climb(open: &mut Vec<usize>, shared: usize, nodes: &mut usize) -> usize {
    let mut depth = KEY_BYTES;
    while let Some(above) = open.pop_if(|above| *above > shared) {
        *nodes += run(depth, above) + 1;
        depth = above;
    }
    depth
}

/// Whether there is a run of bytes between a branching and a node below it; the first byte is the branching's.
fn run(depth: usize, above: usize) -> usize {
    usize::from(depth > above + 1)
}

fn common_bytes(a: u128, b: u128) -> usize {
    (a ^ b).leading_zeros() as usize / 8
}
