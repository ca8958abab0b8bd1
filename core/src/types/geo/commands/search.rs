//! GEOSEARCH, GEORADIUS and their kin.

use alloc::vec::Vec;
use core::cmp::Ordering;

use super::{UNIT, length, location, reply_distance, reply_position, unit};
use crate::base::error::Error;
use crate::base::memory::{ELEMENT_BYTES, Memory};
use crate::command::context::{Context, Flow};
use crate::command::{
    Arg, Begin, Command, Find, Flags, Group, KeyAt, KeySpec, access, block, double, flags, integer, key,
    one_of, string, token,
};
use crate::number;
use crate::resp::Reply;
use crate::resp::args::{Args, Cursor};
use crate::structures::sort::{self, sort_by};
use crate::structures::{INTEGER_TEXT_BYTES_MAX, Item};
use crate::types::EncodingLimits;
use crate::types::geo::shape::{Extent, Shape};
use crate::types::geo::{Origin, Position};
use crate::types::zset::commands::store_result;
use crate::types::zset::{ScoreRange, Zset};

/// Which of the commands it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// GEORADIUS: the centre stands in front of the options.
    Radius {
        may_store: bool,
    },
    /// GEORADIUSBYMEMBER: so does a member at the centre.
    Member {
        may_store: bool,
    },
    Search,
    SearchStore,
}

impl Form {
    fn may_store(self) -> bool {
        matches!(self, Form::Radius { may_store: true } | Form::Member { may_store: true })
    }

    /// Index of the first option.
    fn options_at(self) -> usize {
        match self {
            Form::Radius { .. } => 6,
            Form::Member { .. } => 5,
            Form::Search => 2,
            Form::SearchStore => 3,
        }
    }

    /// Index of the key that the result goes to. The last STORE or STOREDIST prevails; what follows one of them is a
    /// key, whatever it looks like.
    fn destination_at(self, args: Args<'_>) -> Option<usize> {
        if self == Form::SearchStore {
            return Some(1);
        }
        let (mut at, mut found) = (self.options_at(), None);
        while self.may_store() && at + 1 < args.len() {
            if args.is(at, "STORE") || args.is(at, "STOREDIST") {
                at += 1;
                found = Some(at);
            }
            at += 1;
        }
        found
    }

    fn is_search(self) -> bool {
        matches!(self, Form::Search | Form::SearchStore)
    }
}

/// The keys of GEORADIUS.
fn keys_of_georadius(args: Args<'_>) -> Vec<KeyAt> {
    keys_of(args, Form::Radius { may_store: true })
}

/// The keys of GEORADIUSBYMEMBER.
fn keys_of_georadiusbymember(args: Args<'_>) -> Vec<KeyAt> {
    keys_of(args, Form::Member { may_store: true })
}

fn keys_of(args: Args<'_>, form: Form) -> Vec<KeyAt> {
    let mut keys: Vec<KeyAt> = alloc::vec![(1, &["RO", "access"])];
    keys.extend(form.destination_at(args).map(|at| -> KeyAt { (at, &["OW", "update"]) }));
    keys
}

fn georadius(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    search(ctx, args, Form::Radius { may_store: true })
}

fn georadius_ro(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    search(ctx, args, Form::Radius { may_store: false })
}

fn georadiusbymember(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    search(ctx, args, Form::Member { may_store: true })
}

fn georadiusbymember_ro(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    search(ctx, args, Form::Member { may_store: false })
}

fn geosearch(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    search(ctx, args, Form::Search)
}

fn geosearchstore(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    search(ctx, args, Form::SearchStore)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Nearest,
    Farthest,
}

/// Where a search begins.
#[derive(Clone, Copy)]
enum Centre {
    Location(Position),
    /// Where a member is; unknown when there is no set, which is no error until all arguments are read.
    Member(Option<Position>),
}

/// What a request asks for.
#[derive(Default)]
struct Query<'a> {
    centre: Option<Centre>,
    /// With the metres of its unit.
    extent: Option<(Extent, f64)>,
    with_distance: bool,
    with_score: bool,
    with_position: bool,
    /// Most members to find; 0 for all.
    count: usize,
    /// Any so many will do.
    takes_any: bool,
    order: Option<Order>,
    destination: Option<&'a [u8]>,
    stores_distances: bool,
}

impl<'a> Query<'a> {
    fn parse(args: Args<'a>, form: Form, zset: Option<&Zset>) -> Result<Query<'a>, Error> {
        let destination = form.destination_at(args).map(|at| args.at(at));
        let mut query = Query { destination, ..Query::default() };
        match form {
            Form::Radius { .. } => {
                query.centre = Some(Centre::Location(location(args.at(2), args.at(3))?));
                query.extent = Some(circle(args.at(4), args.at(5))?);
            }
            Form::Member { .. } => {
                // Without a set, the radius is not even looked at.
                if zset.is_some() {
                    query.centre = Some(member(zset, args.at(2))?);
                    query.extent = Some(circle(args.at(3), args.at(4))?);
                }
            }
            Form::Search | Form::SearchStore => {}
        }
        let mut cursor = args.cursor(form.options_at());
        while !cursor.is_done() {
            let is_known = query.result_option(&mut cursor, form)?
                || (form.is_search() && query.place_option(&mut cursor, zset)?);
            if !is_known {
                return Err(Error::Syntax);
            }
        }
        query.check(args.at(0), form)?;
        Ok(query)
    }

    /// Reads one of the options about results.
    fn result_option(&mut self, cursor: &mut Cursor<'a>, form: Form) -> Result<bool, Error> {
        if cursor.accept("WITHDIST") {
            self.with_distance = true;
        } else if cursor.accept("WITHHASH") {
            self.with_score = true;
        } else if cursor.accept("WITHCOORD") {
            self.with_position = true;
        } else if cursor.accept("ANY") {
            self.takes_any = true;
        } else if cursor.accept("ASC") {
            self.order = Some(Order::Nearest);
        } else if cursor.accept("DESC") {
            self.order = Some(Order::Farthest);
        } else if cursor.accept_with("COUNT", 1) {
            let count = cursor.int()?;
            if count <= 0 {
                return Err(Error::Text("ERR COUNT must be > 0"));
            }
            self.count = number::count(count).unwrap_or(usize::MAX);
        } else if form.may_store() && cursor.accept_with("STORE", 1) {
            // Which of several keys it is, `destination_at` has told.
            self.stores_distances = false;
            cursor.take()?;
        } else if form.may_store() && cursor.accept_with("STOREDIST", 1) {
            self.stores_distances = true;
            cursor.take()?;
        } else if form == Form::SearchStore && cursor.accept("STOREDIST") {
            self.stores_distances = true;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Reads one of the options of GEOSEARCH about the location. Each may come again, but not beside its alternative.
    fn place_option(&mut self, cursor: &mut Cursor<'a>, zset: Option<&Zset>) -> Result<bool, Error> {
        let is_member = matches!(self.centre, Some(Centre::Member(_)));
        let is_circle = matches!(self.extent, Some((Extent::Circle { .. }, _)));
        if (self.centre.is_none() || is_member) && cursor.accept_with("FROMMEMBER", 1) {
            self.centre = Some(member(zset, cursor.take()?)?);
        } else if !is_member && cursor.accept_with("FROMLONLAT", 2) {
            self.centre = Some(Centre::Location(location(cursor.take()?, cursor.take()?)?));
        } else if (self.extent.is_none() || is_circle) && cursor.accept_with("BYRADIUS", 2) {
            self.extent = Some(circle(cursor.take()?, cursor.take()?)?);
        } else if !is_circle && cursor.accept_with("BYBOX", 3) {
            self.extent = Some(rectangle(cursor.take()?, cursor.take()?, cursor.take()?)?);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// What can only be told once all options are read; `name` is the command's, as it was sent.
    fn check(&self, name: &[u8], form: Form) -> Result<(), Error> {
        if self.destination.is_some() && (self.with_distance || self.with_score || self.with_position) {
            let what = if form == Form::SearchStore { "GEOSEARCHSTORE" } else { "STORE option in GEORADIUS" };
            return Err(Error::Owned(alloc::format!(
                "ERR {what} is not compatible with WITHDIST, WITHHASH and WITHCOORD options"
            )));
        }
        if form.is_search() && self.centre.is_none() {
            let what = "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ";
            return Err(Error::quoting(what, name, ""));
        }
        if form.is_search() && self.extent.is_none() {
            let what = "ERR exactly one of BYRADIUS and BYBOX can be specified for ";
            return Err(Error::quoting(what, name, ""));
        }
        if self.takes_any && self.count == 0 {
            return Err(Error::Text("ERR the ANY argument requires COUNT argument"));
        }
        Ok(())
    }

    /// What to search for; nothing without a set.
    fn shape(&self) -> Option<Shape> {
        let (Centre::Location(centre) | Centre::Member(Some(centre))) = self.centre? else { return None };
        let (extent, unit) = self.extent?;
        Some(Shape { centre, extent, unit })
    }

    /// Puts found members in order, and drops those that are too many.
    fn arrange(&self, found: &mut Vec<Found<'_>>) {
        let is_cut = self.count != 0 && found.len() > self.count;
        // The first so many only mean something in an order.
        let forced = (self.count != 0 && !self.takes_any).then_some(Order::Nearest);
        if let Some(order) = self.order.or(forced) {
            let compare = |one: &Found<'_>, other: &Found<'_>| one.compare(other, order);
            if is_cut {
                found.select_nth_unstable_by(self.count, compare);
                found.truncate(self.count);
            }
            sort_by(found, compare);
        } else if is_cut {
            found.truncate(self.count);
        }
    }

    fn reply(&self, reply: &mut Reply<'_>, found: &[Found<'_>], unit: f64) {
        let options = [self.with_distance, self.with_score, self.with_position];
        let details = options.into_iter().filter(|is_wanted| *is_wanted).count();
        reply.array(found.len());
        for one in found {
            if details > 0 {
                reply.array(details + 1);
            }
            reply.item(one.member);
            if self.with_distance {
                reply_distance(reply, one.distance / unit);
            }
            if self.with_score {
                reply.int(number::truncated(one.score));
            }
            if self.with_position {
                reply_position(reply, Position::of_score(one.score));
            }
        }
    }

    /// The set of found members that STORE asks for.
    fn collect(
        &self,
        found: &[Found<'_>],
        unit: f64,
        limits: &EncodingLimits,
        mut memory: Memory,
    ) -> Result<Zset, Error> {
        let mut result = Zset::for_members(found.len(), limits);
        for one in found {
            memory.take(ELEMENT_BYTES + one.member.text_len())?;
            let score = if self.stores_distances { one.distance / unit } else { one.score };
            result.insert(one.member.text(&mut [0; INTEGER_TEXT_BYTES_MAX]), score, limits);
        }
        Ok(result)
    }
}

/// A member within the shape.
struct Found<'a> {
    member: Item<'a>,
    score: f64,
    /// From the centre, in metres.
    distance: f64,
    /// As how many-th it was found, which decides among equal distances.
    nth: usize,
}

impl Found<'_> {
    fn compare(&self, other: &Found<'_>, order: Order) -> Ordering {
        let by_distance = self.distance.total_cmp(&other.distance);
        let by_distance = if order == Order::Nearest { by_distance } else { by_distance.reverse() };
        by_distance.then(self.nth.cmp(&other.nth))
    }
}

/// The members within a shape, in the order of the cells and of scores within them; with a limit no more than that.
fn find<'a>(
    zset: &'a Zset,
    shape: &Shape,
    limit: Option<usize>,
    memory: &Memory,
) -> Result<Vec<Found<'a>>, Error> {
    let mut found = Vec::new();
    let is_enough = |found: &Vec<Found<'_>>| limit.is_some_and(|limit| found.len() >= limit);
    let (sieve, origin) = (shape.sieve(), Origin::new(shape.centre));
    let mut last = None;
    for (nth, cell) in shape.cells().into_iter().enumerate() {
        // Where cells are half the earth wide, neighbours may be one and the same.
        let Some(cell) = cell.filter(|cell| last != Some(*cell)) else { continue };
        if is_enough(&found) {
            break;
        }
        // Redis takes the number of the first one for none, so its neighbours are not compared with it.
        last = (nth > 0).then_some(cell);
        let (first, end) = cell.scores();
        let range =
            ScoreRange { min: first as f64, excludes_min: false, max: end as f64, excludes_max: true };
        for (member, score) in zset.range_by_score(&range) {
            if !sieve.passes(score) {
                continue;
            }
            let Some(distance) = shape.distance(&origin, Position::of_score(score)) else { continue };
            if !memory.reserve(&mut found, 1) {
                return Err(Error::OutOfMemory);
            }
            found.push(Found { member, score, distance, nth: found.len() });
            if is_enough(&found) {
                break;
            }
        }
    }
    Ok(found)
}

fn search(ctx: &mut Context<'_>, args: Args<'_>, form: Form) -> Result<Flow, Error> {
    let (limits, mut memory) = (ctx.store.encoding_limits, ctx.server.memory);
    let source = args.at(if form == Form::SearchStore { 2 } else { 1 });
    let zset = ctx.store.zset(source)?;
    let query = Query::parse(args, form, zset)?;
    let found = match (zset, query.shape()) {
        (Some(zset), Some(shape)) => {
            let limit = query.takes_any.then_some(query.count);
            let mut found = find(zset, &shape, limit, &memory)?;
            memory.take(found.len() * sort::ELEMENT_BYTES)?;
            query.arrange(&mut found);
            found
        }
        _ => Vec::new(),
    };
    let unit = query.extent.map_or(1.0, |(_, unit)| unit);
    let Some(destination) = query.destination else {
        query.reply(&mut ctx.reply, &found, unit);
        return Ok(Flow::Done);
    };
    let result = query.collect(&found, unit, &limits, memory)?;
    store_result(
        ctx,
        destination,
        result,
        if form.is_search() { "geosearchstore" } else { "georadiusstore" },
    );
    Ok(Flow::Done)
}

/// The location of the member that a search begins at.
fn member(zset: Option<&Zset>, member: &[u8]) -> Result<Centre, Error> {
    let Some(zset) = zset else { return Ok(Centre::Member(None)) };
    let score = zset.score(member).ok_or(Error::Text("ERR could not decode requested zset member"))?;
    Ok(Centre::Member(Some(Position::of_score(score))))
}

fn circle(radius: &[u8], of: &[u8]) -> Result<(Extent, f64), Error> {
    let radius = length(radius, "ERR need numeric radius")?;
    if radius < 0.0 {
        return Err(Error::Text("ERR radius cannot be negative"));
    }
    Ok((Extent::Circle { radius }, unit(of)?))
}

fn rectangle(width: &[u8], height: &[u8], of: &[u8]) -> Result<(Extent, f64), Error> {
    let width = length(width, "ERR need numeric width")?;
    let height = length(height, "ERR need numeric height")?;
    if height < 0.0 || width < 0.0 {
        return Err(Error::Text("ERR height or width cannot be negative"));
    }
    Ok((Extent::Rectangle { width, height }, unit(of)?))
}

const WITH_POSITION: Arg = token("withcoord", "WITHCOORD").optional();
const WITH_DISTANCE: Arg = token("withdist", "WITHDIST").optional();
const WITH_SCORE: Arg = token("withhash", "WITHHASH").optional();
const ORDER: Arg = one_of("order", &[token("asc", "ASC"), token("desc", "DESC")]).optional();
const FROM: Arg = one_of(
    "from",
    &[
        string("member").after("FROMMEMBER"),
        block("fromlonlat", &[double("longitude"), double("latitude")]).after("FROMLONLAT"),
    ],
);
const BY: Arg = one_of(
    "by",
    &[
        block("circle", &[double("radius").after("BYRADIUS"), UNIT]),
        block("box", &[double("width").after("BYBOX"), double("height"), UNIT]),
    ],
);

/// Members, or arrays of what was asked for about each.
const FOUND: &str = "array of bulk-string | array of array";
const FOUND_OR_STORED: &str = "array of bulk-string | array of array | integer";
const SEARCH_COST: &str = "O(N+log(M)) with N members in the searched cells and M in the set";
const INSTEAD_RADIUS: Option<(&str, &str)> =
    Some(("6.2.0", "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument"));
const INSTEAD_MEMBER: Option<(&str, &str)> =
    Some(("6.2.0", "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments"));

/// The arguments of GEORADIUS.
const AROUND_LOCATION: &[Arg] = &[
    key("key"),
    double("longitude"),
    double("latitude"),
    double("radius"),
    UNIT,
    WITH_POSITION,
    WITH_DISTANCE,
    WITH_SCORE,
    COUNT,
    ORDER,
    STORE,
];

/// The arguments of GEORADIUSBYMEMBER.
const AROUND_MEMBER: &[Arg] = &[
    key("key"),
    string("member"),
    double("radius"),
    UNIT,
    WITH_POSITION,
    WITH_DISTANCE,
    WITH_SCORE,
    COUNT,
    ORDER,
    STORE,
];

/// The same for the commands that store nothing: STORE is the last one.
const fn without_store(args: &'static [Arg]) -> &'static [Arg] {
    args.split_at(args.len() - 1).0
}

const COUNT: Arg =
    block("count-block", &[integer("count").after("COUNT"), token("any", "ANY").optional().since("6.2.0")])
        .optional();
const STORE: Arg =
    one_of("store", &[key("storekey").after("STORE"), key("storedistkey").after("STOREDIST")]).optional();

/// The key after a word of GEORADIUS, which stands at this index at the earliest.
const fn stored(word: &'static str, from: i32) -> KeySpec {
    KeySpec {
        flags: &["OW", "update"],
        begin: Begin::Keyword(word, from),
        find: Find::Range { last: 0, step: 1, limit: 0 },
        notes: "",
    }
}

pub(super) const ROWS: &[Command] = &[
    Command {
        complexity: SEARCH_COST,
        flags: flags::GROW.and(Flags::MOVABLEKEYS),
        args: AROUND_LOCATION,
        reply: FOUND_OR_STORED,
        handler: georadius,
        keys: Some(&[KeySpec::range(1, 0, access::READ), stored("STORE", 6), stored("STOREDIST", 6)]),
        keys_of: Some(keys_of_georadius),
        arity: Some(-6),
        deprecated: INSTEAD_RADIUS,
        ..Group::Geo.row(
            "GEORADIUS",
            "3.2.0",
            "Finds the members within a distance of a location, or stores them.",
        )
    },
    Command {
        complexity: SEARCH_COST,
        flags: flags::GROW.and(Flags::MOVABLEKEYS),
        args: AROUND_MEMBER,
        reply: FOUND_OR_STORED,
        handler: georadiusbymember,
        keys: Some(&[KeySpec::range(1, 0, access::READ), stored("STORE", 5), stored("STOREDIST", 5)]),
        keys_of: Some(keys_of_georadiusbymember),
        arity: Some(-5),
        deprecated: INSTEAD_MEMBER,
        ..Group::Geo.row(
            "GEORADIUSBYMEMBER",
            "3.2.0",
            "Finds the members within a distance of another member, or stores them.",
        )
    },
    Command {
        complexity: SEARCH_COST,
        flags: flags::READ,
        args: without_store(AROUND_MEMBER),
        reply: FOUND,
        handler: georadiusbymember_ro,
        arity: Some(-5),
        deprecated: Some(("6.2.0", "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments")),
        ..Group::Geo.row(
            "GEORADIUSBYMEMBER_RO",
            "3.2.10",
            "Finds the members within a distance of another member.",
        )
    },
    Command {
        complexity: SEARCH_COST,
        flags: flags::READ,
        args: without_store(AROUND_LOCATION),
        reply: FOUND,
        handler: georadius_ro,
        arity: Some(-6),
        deprecated: Some(("6.2.0", "`GEOSEARCH` with the `BYRADIUS` argument")),
        ..Group::Geo.row("GEORADIUS_RO", "3.2.10", "Finds the members within a distance of a location.")
    },
    Command {
        complexity: SEARCH_COST,
        flags: flags::READ,
        args: &[key("key"), FROM, BY, ORDER, COUNT, WITH_POSITION, WITH_DISTANCE, WITH_SCORE],
        reply: FOUND,
        handler: geosearch,
        arity: Some(-7),
        ..Group::Geo.row("GEOSEARCH", "6.2.0", "Finds the members within a circle or a rectangle.")
    },
    Command {
        complexity: SEARCH_COST,
        flags: flags::GROW,
        args: &[
            key("destination"),
            key("source"),
            FROM,
            BY,
            ORDER,
            COUNT,
            token("storedist", "STOREDIST").optional(),
        ],
        reply: "integer",
        handler: geosearchstore,
        keys: Some(&[KeySpec::range(1, 0, access::OVERWRITE), KeySpec::range(2, 0, access::READ)]),
        arity: Some(-8),
        ..Group::Geo.row("GEOSEARCHSTORE", "6.2.0", "Stores the members within a circle or a rectangle.")
    },
];
