//! Random elements of large collections, without copying the collection.

use crate::base::error::Error;
use crate::base::random::{Random, Selection};
use crate::number;
use crate::resp::Reply;
use crate::structures::ordered::OrderedSet;
use crate::structures::table::{Keyed, Table};

/// Most bytes of a reply with repeated random elements. A client asks for them by a mere number, so nothing
/// that it has sent or stored bounds them otherwise.
const REPEATED_BYTES_MAX: usize = 128 << 20;
/// Bytes of the shortest element of a reply, an empty string.
const ELEMENT_BYTES_MIN: usize = 6;
/// Elements whose sizes stand for all others when memory is estimated.
const MEMORY_SAMPLES: usize = 64;

/// What a count argument of SRANDMEMBER, HRANDFIELD and ZRANDMEMBER asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Draw {
    /// So many different elements, or all.
    Distinct(usize),
    /// So many elements, each drawn from all of them.
    Repeated(usize),
}

impl Draw {
    /// A negative count asks for repeated elements.
    pub(crate) fn from_count(count: i64) -> Result<Draw, Error> {
        if count == i64::MIN {
            return Err(Error::Text(
                "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
            ));
        }
        let amount = number::saturate(count.unsigned_abs());
        Ok(if count < 0 { Draw::Repeated(amount) } else { Draw::Distinct(amount) })
    }
}

/// Writes the first `count` of endless draws, unless that is more than any honest client wants.
///
/// The head of the reply is the caller's, since it depends on what a draw is.
pub(crate) fn reply_repeated<T>(
    reply: &mut Reply<'_>,
    count: usize,
    draws: impl Iterator<Item = T>,
    mut write: impl FnMut(&mut Reply<'_>, T),
) -> Result<(), Error> {
    const TOO_MANY: Error = Error::Text("ERR value is out of range");
    if count > REPEATED_BYTES_MAX / ELEMENT_BYTES_MIN {
        return Err(TOO_MANY);
    }
    let end = reply.mark() + REPEATED_BYTES_MAX;
    for draw in draws.take(count) {
        write(reply, draw);
        if reply.mark() > end {
            return Err(TOO_MANY);
        }
    }
    Ok(())
}

/// Bytes of a table with its elements, of which `own` tells the allocations; they are estimated from some.
pub(crate) fn memory_bytes<E: Keyed>(table: &Table<E>, own: impl Fn(&E) -> usize) -> usize {
    let sampled: usize = table.iter().take(MEMORY_SAMPLES).map(own).sum();
    let samples = table.len().clamp(1, MEMORY_SAMPLES);
    let elements = sampled as u64 * table.len() as u64 / samples as u64;
    size_of::<Table<E>>() + table.memory_bytes() + number::saturate(elements)
}

/// Calls `visit` for `count` different elements, each choice equally likely; for all if there are no more.
pub(crate) fn distinct<E: Keyed>(
    table: &Table<E>,
    count: usize,
    random: &mut Random,
    mut visit: impl FnMut(&E),
) {
    // Drawing again what was drawn before gets frequent; from a third on, one walk over all is cheaper.
    if count >= table.len() / 3 {
        let mut selection = Selection::new(table.len(), count);
        table.iter().filter(|_| selection.takes_next(random)).for_each(visit);
        return;
    }
    let mut drawn = OrderedSet::new();
    while drawn.len() < count {
        let element = table.random(random).expect("a table with three times as many elements is not empty");
        // The table does not change meanwhile, so an address stands for an element.
        if drawn.insert(core::ptr::from_ref(element) as usize) {
            visit(element);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::structures::table::HashSeed;
    use crate::types::set::Member;

    #[test]
    fn distinct_elements_are_distinct_and_any() {
        let mut random = Random::new([8; 16]);
        let mut table = Table::new(HashSeed(3, 4));
        for n in 0..1000u32 {
            let member = Member::new(&n.to_le_bytes());
            table.insert_new(table.hash(member.key()), member);
        }
        for count in [0, 1, 10, 300, 334, 900, 1000, 5000] {
            let mut seen = OrderedSet::new();
            let mut visits = 0;
            distinct(&table, count, &mut random, |member| {
                visits += 1;
                seen.insert(member.key().to_vec());
            });
            assert_eq!((seen.len(), visits), (count.min(1000), count.min(1000)));
        }
    }
}
