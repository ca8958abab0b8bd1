//! LMOVEM and BLMOVEM: moving several elements at once.

use alloc::vec::Vec;

use super::ends::popped;
use super::waiting::wait_for;
use super::{End, end};
use crate::base::error::Error;
use crate::base::memory::{ELEMENT_BYTES, Memory};
use crate::command::context::{Context, Flow};
use crate::command::{
    Arg, Command, Flags, Group, KeySpec, access, block, double, flags, integer, key, one_of, token,
};
use crate::keyspace::NotifyClass;
use crate::number;
use crate::resp::args::Args;
use crate::server::blocking::deadline_after;
use crate::structures::List;

/// How many elements, and in which order.
pub(super) const HOW_MANY: Arg = block(
    "how-many",
    &[
        one_of("selector", &[integer("count").after("COUNT"), integer("exactly").after("EXACTLY")]),
        one_of("ordering", &[token("obo", "OBO"), token("bulk", "BULK")]),
    ],
)
.optional();

/// What a request asks for.
struct Move<'a> {
    source: &'a [u8],
    destination: &'a [u8],
    from: End,
    to: End,
    count: usize,
    /// Fewer are not moved at all.
    exactly: bool,
    /// They come to stand in the order in which they stood, not in the order of moving one by one.
    in_bulk: bool,
}

impl<'a> Move<'a> {
    /// Reads a request whose options begin at an index.
    fn parse(args: Args<'a>, options: usize) -> Result<Move<'a>, Error> {
        let mut all = Move {
            source: args.at(1),
            destination: args.at(2),
            from: End::parse(args.at(3))?,
            to: End::parse(args.at(4))?,
            count: 1,
            exactly: false,
            in_bulk: false,
        };
        let mut cursor = args.cursor(options);
        if cursor.is_done() {
            return Ok(all);
        }
        all.exactly = cursor.accept("EXACTLY");
        if !all.exactly && !cursor.accept("COUNT") {
            return Err(Error::Syntax);
        }
        let count = cursor.take()?;
        all.in_bulk = cursor.accept("BULK");
        if !all.in_bulk && !cursor.accept("OBO") {
            return Err(Error::Syntax);
        }
        cursor.finish()?;
        all.count = number::parse_i64(count)
            .and_then(number::count)
            .filter(|&count| count > 0)
            .ok_or(Error::Text("ERR count should be greater than 0"))?;
        Ok(all)
    }

    /// Moves the elements and replies with them in the order in which they stand then; how many there were.
    fn run(&self, ctx: &mut Context<'_>) -> Result<usize, Error> {
        let available = ctx.store.list_mut(self.source)?.map_or(0, |list| list.len());
        if available == 0 || (self.exactly && available < self.count) {
            return Ok(0);
        }
        // The destination's type must be known before anything is taken.
        ctx.store.list_mut(self.destination)?;
        let memory = ctx.server.memory;
        let list = ctx.store.list_mut(self.source)?.expect("the source was there");
        let elements = self.copy(list, memory)?;
        let count = elements.len();
        match self.from {
            End::Left => list.drop_front(count),
            End::Right => list.drop_back(count),
        }
        let is_empty = list.is_empty() && self.source != self.destination;
        let fill = ctx.store.encoding_limits.list_fill;
        let target = ctx.store.list_or_new(self.destination)?;
        let room = target.grow(fill, elements.iter().map(Vec::len).sum(), count);
        match self.to {
            End::Left => elements.iter().rev().for_each(|element| self.to.push(target, element, room)),
            End::Right => elements.iter().for_each(|element| self.to.push(target, element, room)),
        }
        ctx.store.signal(self.destination);
        ctx.store.notify(NotifyClass::List, self.to.push_event(), self.destination);
        ctx.reply.array(count);
        elements.iter().for_each(|element| ctx.reply.bulk(element));
        popped(ctx, self.source, count, is_empty, self.from);
        Ok(count)
    }

    /// The elements to move, in the order in which they will stand.
    fn copy(&self, list: &List, mut memory: Memory) -> Result<Vec<Vec<u8>>, Error> {
        let count = self.count.min(list.len());
        let start = if self.from == End::Left { 0 } else { list.len() - count };
        let mut elements = Vec::new();
        for item in list.range(start, count) {
            // Once for the copy, and once for its place in the destination.
            memory.take(2 * (ELEMENT_BYTES + item.text_len()))?;
            elements.push(item.to_vec());
        }
        // One by one, what is taken first comes to stand furthest from where the others are put.
        let is_turned = !self.in_bulk && self.from == self.to;
        if is_turned {
            elements.reverse();
        }
        Ok(elements)
    }
}

fn lmovem(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    if Move::parse(args, 5)?.run(ctx)? == 0 {
        ctx.reply.null_array();
    }
    Ok(Flow::Done)
}

fn blmovem(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let all = Move::parse(args, 6)?;
    let deadline = deadline_after(ctx.server.steady, args.at(5))?;
    let count = all.run(ctx)?;
    if count > 0 {
        let mut text = Vec::new();
        number::write_u64(&mut text, count as u64);
        let order: &[u8] = if all.in_bulk { b"BULK" } else { b"OBO" };
        let ends = (args.at(3), args.at(4));
        ctx.rewrite(&[b"LMOVEM", all.source, all.destination, ends.0, ends.1, b"EXACTLY", &text, order]);
        return Ok(Flow::Done);
    }
    if !ctx.may_block {
        ctx.reply.null_array();
        return Ok(Flow::Done);
    }
    if all.exactly {
        // A list that is there already may become long enough.
        ctx.store.wait_for_growth(all.source);
    }
    Ok(wait_for(args.slice(1, 2), deadline))
}

pub(super) const ROWS: &[Command] = &[
Command {
complexity: "O(N) with N elements moved.",
flags: flags::GROW.and(Flags::BLOCKING),
args: &[
            key("source"),
            key("destination"),
            end("wherefrom"),
            end("whereto"),
            double("timeout"),
            HOW_MANY,
        ],
reply: "array of bulk-string | null",
handler: blmovem,
keys: Some(&[KeySpec::range(1, 0, access::TAKE), KeySpec::range(2, 0, access::INSERT)]),
..Group::List.row("BLMOVEM", "8.10.0", "Moves several elements from one list to another and replies with them; waits until there are enough.")
},
Command {
complexity: "O(N) with N elements moved.",
flags: flags::GROW,
args: &[key("source"), key("destination"), end("wherefrom"), end("whereto"), HOW_MANY],
reply: "array of bulk-string | null",
handler: lmovem,
keys: Some(&[KeySpec::range(1, 0, access::TAKE), KeySpec::range(2, 0, access::INSERT)]),
..Group::List.row("LMOVEM", "8.10.0", "Moves several elements from an end of one list to an end of another and replies with them.")
},
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;
    use crate::engine::conversation::Conversation;
    use alloc::format;
    use alloc::string::String;

    /// Moving in bulk is cutting off and putting on; moving one by one is LMOVE so many times.
    #[test]
    fn moves_agree_with_lmove() {
        let mut random = Random::new([8; 16]);
        let mut talk = Conversation::new();
        let me = talk.client();
        for round in 0..300 {
            for key in ["s", "t", "u", "v"] {
                talk.ask(me, &format!("DEL {key}"));
            }
            let len = random.below(6) as usize + 1;
            let elements: Vec<String> = (0..len).map(|at| format!("e{round}.{at}")).collect();
            for key in ["s", "u"] {
                talk.ask(me, &format!("RPUSH {key} {}", elements.join(" ")));
            }
            for key in ["t", "v"] {
                talk.ask(me, &format!("RPUSH {key} x y"));
            }
            let ends = ["LEFT", "RIGHT"];
            let (from, to) = (ends[random.below(2) as usize], ends[random.below(2) as usize]);
            let count = random.below(7) as usize + 1;
            let moved = talk.ask(me, &format!("LMOVEM s t {from} {to} COUNT {count} OBO"));
            for _ in 0..count.min(len) {
                talk.ask(me, &format!("LMOVE u v {from} {to}"));
            }
            for (own, other) in [("s", "u"), ("t", "v")] {
                let range = |key| format!("LRANGE {key} 0 -1");
                assert_eq!(talk.ask(me, &range(own)), talk.ask(me, &range(other)));
            }
            let start = if to == "LEFT" { 0 } else { 2 };
            let stand = talk.ask(me, &format!("LRANGE t {start} {}", start + count.min(len) - 1));
            assert_eq!(moved, stand);
        }
    }

    #[test]
    fn a_wait_becomes_a_move_of_just_so_many() {
        let mut talk = Conversation::new();
        let (me, other) = (talk.client(), talk.client());
        talk.check(other, "BLMOVEM s d LEFT RIGHT 0 EXACTLY 2 BULK", "");
        talk.check(me, "RPUSH s 1", ":1");
        talk.expect(other, "");
        talk.check(me, "SWAPDB 0 1", "+OK");
        talk.check(me, "SWAPDB 0 1", "+OK");
        talk.check(me, "RPUSH s 2 3", ":3");
        talk.expect(other, "*2|$1|1|$1|2");
        let effects = talk.effects();
        assert_eq!(effects.last().map(String::as_str), Some("LMOVEM s d LEFT RIGHT EXACTLY 2 BULK"));
    }
}
