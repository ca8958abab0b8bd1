//! SORT: the elements of a list, set or sorted set in order, with keys looked up for each.

use alloc::vec::Vec;
use core::cmp::Ordering;
use core::ops::Range;

use crate::acl;
use crate::base::error::{Error, until_zero};
use crate::base::memory::ELEMENT_BYTES;
use crate::command::context::{Context, Flow};
use crate::command::{
    Arg, Command, Flags, Group, KeyAt, KeySpec, access, block, flags, integer, key, one_of, pattern, token,
};
use crate::keyspace::{NotifyClass, Store, Value, ValueRef};
use crate::number;
use crate::resp::args::Args;
use crate::structures::{Item, List};

/// The options of one SORT.
#[derive(Default)]
struct Options<'a> {
    by: Option<&'a [u8]>,
    gets: Vec<&'a [u8]>,
    limit: Option<(i64, i64)>,
    is_descending: bool,
    is_alpha: bool,
    /// BY with a pattern without `*`: the order in which the elements are stored stays.
    is_unsorted: bool,
    store: Option<&'a [u8]>,
}

impl<'a> Options<'a> {
    /// Keys that the elements name can only be read by a user who may read every key.
    fn parse(args: Args<'a>, may_store: bool, reads_all: bool) -> Result<Options<'a>, Error> {
        let store = destination_at(args).filter(|_| may_store).map(|at| args.at(at));
        let mut options = Options { store, ..Options::default() };
        let mut cursor = args.cursor(2);
        while !cursor.is_done() {
            if cursor.accept("ASC") {
                options.is_descending = false;
            } else if cursor.accept("DESC") {
                options.is_descending = true;
            } else if cursor.accept("ALPHA") {
                options.is_alpha = true;
            } else if cursor.accept_with("LIMIT", 2) {
                options.limit = Some((cursor.int()?, cursor.int()?));
            } else if may_store && cursor.accept_with("STORE", 1) {
                // Which of several keys it is, `destination_at` has told.
                cursor.take()?;
            } else if cursor.accept_with("BY", 1) {
                let by = cursor.take()?;
                options.by = Some(by);
                // Once a pattern has said not to sort, a later one does not take it back.
                options.is_unsorted |= !by.contains(&b'*');
                if by.contains(&b'*') && !reads_all {
                    return Err(Error::Text(
                        "ERR BY option of SORT denied due to insufficient ACL permissions.",
                    ));
                }
            } else if cursor.accept_with("GET", 1) {
                if !reads_all {
                    return Err(Error::Text(
                        "ERR GET option of SORT denied due to insufficient ACL permissions.",
                    ));
                }
                options.gets.push(cursor.take()?);
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(options)
    }

    /// First and last index of the result among `len` elements, or `None` for an empty one.
    fn range(&self, len: usize) -> Option<(usize, usize)> {
        let len = len as i64;
        let (offset, count) = self.limit.unwrap_or((0, -1));
        let start = offset.max(0);
        let end = if count < 0 { len - 1 } else { start.saturating_add(count).saturating_sub(1) };
        let end = end.min(len - 1);
        if start >= len || start > end {
            return None;
        }
        number::count(start).zip(number::count(end))
    }
}

/// Index of the key that SORT stores to: it follows the last STORE that is an option and no option's value.
fn destination_at(args: Args<'_>) -> Option<usize> {
    let (mut at, mut found) = (2, None);
    while at + 1 < args.len() {
        if args.is(at, "STORE") {
            at += 1;
            found = Some(at);
        } else if args.is(at, "LIMIT") {
            at += 2;
        } else if args.is(at, "BY") || args.is(at, "GET") {
            at += 1;
        }
        at += 1;
    }
    found
}

fn keys_of_sort(args: Args<'_>) -> Vec<KeyAt> {
    let mut keys: Vec<KeyAt> = alloc::vec![(1, SOURCE.flags)];
    keys.extend(destination_at(args).map(|at| -> KeyAt { (at, &["OW", "update"]) }));
    keys
}

/// Most copies of a collection that sorting it makes, with the places of the elements in lists.
const SORT_COPIES: usize = 4;

/// The elements that are sorted. Their bytes lie one behind the other, and not in a vector each.
#[derive(Default)]
struct Elements {
    bytes: Vec<u8>,
    all: Vec<Weighed>,
}

impl Elements {
    fn push(&mut self, item: Item<'_>) {
        let start = self.bytes.len();
        item.append_to(&mut self.bytes);
        let score = if let Item::Int(number) = item { Some(number as f64) } else { None };
        self.all.push(Weighed { range: start..self.bytes.len(), score, text: None });
    }

    fn bytes(&self, weighed: &Weighed) -> &[u8] {
        &self.bytes[weighed.range.clone()]
    }
}

/// An element with what it is sorted by.
struct Weighed {
    range: Range<usize>,
    /// Known beforehand of one that is an integer.
    score: Option<f64>,
    text: Option<Vec<u8>>,
}

fn sort(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    sort_generic(ctx, args, true)
}

fn sort_ro(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    sort_generic(ctx, args, false)
}

fn sort_generic(ctx: &mut Context<'_>, args: Args<'_>, may_store: bool) -> Result<Flow, Error> {
    let reads_all = acl::reads_all_keys(ctx.server, ctx.conn, ctx.row, args);
    let mut options = Options::parse(args, may_store, reads_all)?;
    let is_set = matches!(ctx.store.read(args.at(1)).map(|entry| entry.value()), Some(ValueRef::Set(_)));
    if options.is_unsorted && is_set && (options.store.is_some() || ctx.server.observer.in_script) {
        // Neither what is stored nor what a script does may depend on the order in which a set happens to lie.
        (options.is_unsorted, options.is_alpha, options.by) = (false, true, None);
    }
    if let Some(entry) = ctx.store.peek(args.at(1)) {
        // The elements, what they are weighed by, and the list that may be stored.
        let bytes = SORT_COPIES * entry.copy_bytes();
        ctx.server.memory.take(bytes)?;
    }
    let mut elements = elements(ctx.store, args.at(1), options.is_unsorted && options.is_descending)?;
    if !options.is_unsorted {
        let Elements { bytes, all } = &mut elements;
        for weighed in all {
            weigh(ctx, bytes, weighed, &options)?;
        }
    }
    let order = order(&elements, &options);
    let chosen: Vec<&[u8]> = match options.range(order.len()) {
        Some((start, end)) => {
            order[start..=end].iter().map(|&(_, nth)| elements.bytes(&elements.all[nth as usize])).collect()
        }
        None => Vec::new(),
    };
    match options.store {
        Some(target) => store_result(ctx, target, &chosen, &options)?,
        None => reply_result(ctx, &chosen, &options)?,
    }
    Ok(Flow::Done)
}

/// Scores and indices of all elements in the order of the reply. They are small, and sorting moves them often.
fn order(elements: &Elements, options: &Options<'_>) -> Vec<(f64, u32)> {
    let all = &elements.all;
    let mut order: Vec<(f64, u32)> =
        all.iter().zip(0..).map(|(weighed, nth)| (weighed.score.unwrap_or_default(), nth)).collect();
    let directed = |order: Ordering| if options.is_descending { order.reverse() } else { order };
    let bytes = |nth: u32| elements.bytes(&all[nth as usize]);
    let text = |nth: u32| &all[nth as usize].text;
    match (options.is_unsorted, options.is_alpha, options.by.is_some()) {
        (true, ..) => {}
        // Elements with equal texts stay in their order. A missing weight comes before every other.
        (_, true, true) => order.sort_by(|a, b| directed(text(a.1).cmp(text(b.1)))),
        // Equal ones are the same text from here on, so their order does not show.
        (_, true, false) => order.sort_unstable_by(|a, b| directed(bytes(a.1).cmp(bytes(b.1)))),
        _ => order.sort_unstable_by(|a, b| {
            let by_score = a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal);
            directed(by_score.then_with(|| bytes(a.1).cmp(bytes(b.1))))
        }),
    }
    order
}

/// All elements in the order of their storage, or in the opposite one, which sets do not have.
fn elements(store: &mut Store, key: &[u8], is_descending: bool) -> Result<Elements, Error> {
    let limits = store.encoding_limits;
    let is_zset = matches!(store.view(key).map(|entry| entry.value()), Some(ValueRef::Zset(_)));
    if is_zset && let Ok(Some(zset)) = store.zset_mut(key) {
        // OBJECT ENCODING shows that Redis does this.
        zset.make_large(&limits);
    }
    let mut elements = Elements::default();
    match store.view(key).map(|entry| entry.value()) {
        None => {}
        Some(ValueRef::List(list)) => {
            elements.all.reserve_exact(list.len());
            list.iter().for_each(|item| elements.push(item));
        }
        Some(ValueRef::Set(set)) => {
            elements.all.reserve_exact(set.len());
            set.iter().for_each(|item| elements.push(item));
            return Ok(elements);
        }
        Some(ValueRef::Zset(zset)) => {
            elements.all.reserve_exact(zset.len());
            zset.iter().for_each(|(member, _)| elements.push(member));
        }
        Some(_) => return Err(Error::WrongType),
    }
    if is_descending {
        elements.all.reverse();
    }
    Ok(elements)
}

/// Finds out what an element is sorted by; `bytes` are those of all.
fn weigh(
    ctx: &mut Context<'_>,
    bytes: &[u8],
    weighed: &mut Weighed,
    options: &Options<'_>,
) -> Result<(), Error> {
    let element = &bytes[weighed.range.clone()];
    if let Some(pattern) = options.by {
        weighed.text = look_up(ctx, pattern, element)?;
        // What is missing weighs nothing.
        weighed.score = if weighed.text.is_none() { Some(0.0) } else { None };
    }
    if options.is_alpha || weighed.score.is_some() {
        return Ok(());
    }
    const NO_NUMBER: Error = Error::Text("ERR One or more scores can't be converted into double");
    weighed.score = Some(weight(weighed.text.as_deref().unwrap_or(element)).ok_or(NO_NUMBER)?);
    Ok(())
}

/// A number as C's `strtod` reads it: after white space, up to a zero byte; nothing counts as 0.
fn weight(text: &[u8]) -> Option<f64> {
    let text = until_zero(text, usize::MAX);
    if text.is_empty() {
        return Some(0.0);
    }
    let blank = text.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == 0x0b).count();
    number::parse_f64(&text[blank..])
}

/// The string that a pattern names for an element: `weight_*`, `object_*->field`, or `#` for itself.
fn look_up(ctx: &mut Context<'_>, pattern: &[u8], element: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    if pattern == b"#" {
        return Ok(Some(element.to_vec()));
    }
    let Some(star) = pattern.iter().position(|&byte| byte == b'*') else { return Ok(None) };
    let (before, after) = (&pattern[..star], &pattern[star + 1..]);
    let arrow = after.windows(2).position(|pair| pair == b"->").filter(|at| at + 2 < after.len());
    let (after, field) = match arrow {
        Some(at) => (&after[..at], Some(&after[at + 2..])),
        None => (after, None),
    };
    let key = [before, element, after].concat();
    let mut text = Vec::new();
    let Context { store, server, .. } = ctx;
    store.drop_due_fields_of(&key, field);
    match (store.read(&key).map(|entry| entry.value()), field) {
        (Some(ValueRef::Hash(hash)), Some(field)) => {
            let Some(value) = hash.get(field) else { return Ok(None) };
            server.memory.take(value.text_len())?;
            value.append_to(&mut text);
        }
        (Some(ValueRef::Int(number)), None) => number::write_i64(&mut text, number),
        (Some(ValueRef::Bytes(bytes)), None) => {
            server.memory.take(bytes.len())?;
            text.extend_from_slice(bytes);
        }
        _ => return Ok(None),
    }
    Ok(Some(text))
}

fn reply_result(ctx: &mut Context<'_>, chosen: &[&[u8]], options: &Options<'_>) -> Result<(), Error> {
    ctx.reply.array(chosen.len() * options.gets.len().max(1));
    for element in chosen {
        if options.gets.is_empty() {
            ctx.reply.bulk(element);
        }
        for pattern in &options.gets {
            match look_up(ctx, pattern, element)? {
                Some(text) => ctx.reply.bulk(&text),
                None => ctx.reply.null(),
            }
        }
    }
    Ok(())
}

fn store_result(
    ctx: &mut Context<'_>,
    target: &[u8],
    chosen: &[&[u8]],
    options: &Options<'_>,
) -> Result<(), Error> {
    let mut list = List::default();
    let fill = ctx.store.encoding_limits.list_fill;
    let push = |list: &mut List, element: &[u8]| {
        let room = list.grow(fill, element.len(), 1);
        list.push_back_within(element, room);
    };
    for element in chosen {
        if options.gets.is_empty() {
            push(&mut list, element);
        }
        for pattern in &options.gets {
            let text = look_up(ctx, pattern, element)?.unwrap_or_default();
            ctx.server.memory.take(text.len() + ELEMENT_BYTES)?;
            push(&mut list, text.as_slice());
        }
    }
    list.fit(fill);
    let len = list.len();
    if len > 0 {
        ctx.store.put(target, Value::List(list.into()), None);
        ctx.store.changed(target, NotifyClass::List, "sortstore");
    } else if ctx.store.remove(target) {
        ctx.store.changed(target, NotifyClass::Generic, "del");
    }
    ctx.reply.count(len);
    Ok(())
}

const BY: Arg = pattern("by-pattern").after("BY").optional().of_spec(1);
const LIMIT: Arg = block("limit", &[integer("offset"), integer("count")]).after("LIMIT").optional();
const GET: Arg = pattern("get-pattern").after("GET").optional().multiple_with_token().of_spec(1);
const ORDER: Arg = one_of("order", &[token("asc", "ASC"), token("desc", "DESC")]).optional();
const ALPHA: Arg = token("sorting", "ALPHA").optional();

const SOURCE: KeySpec = KeySpec::range(1, 0, access::READ);
const BY_ELEMENTS: KeySpec =
    KeySpec::unknown(access::READ).noting("What BY and GET read is named by the elements that are sorted.");
const STORED: KeySpec =
    KeySpec::unknown(access::OVERWRITE).noting("STORE may stand anywhere among the options.");

pub(crate) const ROWS: &[Command] = &[
    Command {
        complexity: "O(N+M*log(M)) for N elements of which M are returned",
        flags: flags::GROW.and(Flags::MOVABLEKEYS),
        args: &[
            key("key"),
            BY,
            LIMIT,
            GET,
            ORDER,
            ALPHA,
            key("destination").after("STORE").optional().of_spec(2),
        ],
        reply: "array of bulk-string or null | integer",
        handler: sort,
        keys: Some(&[SOURCE, BY_ELEMENTS, STORED]),
        keys_of: Some(keys_of_sort),
        categories: &["set", "sortedset", "list", "dangerous"],
        ..Group::Generic.row(
            "SORT",
            "1.0.0",
            "Sorts the elements of a list, set or sorted set, and replies with them or stores them.",
        )
    },
    Command {
        complexity: "O(N+M*log(M)) for N elements of which M are returned",
        flags: flags::READ.and(Flags::MOVABLEKEYS),
        args: &[key("key"), BY, LIMIT, GET, ORDER, ALPHA],
        reply: "array of bulk-string or null",
        handler: sort_ro,
        keys: Some(&[SOURCE, BY_ELEMENTS]),
        categories: &["set", "sortedset", "list", "dangerous"],
        ..Group::Generic.row(
            "SORT_RO",
            "7.0.0",
            "Sorts the elements of a list, set or sorted set, and replies with them.",
        )
    },
];
