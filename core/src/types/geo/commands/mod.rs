//! The commands of locations.

mod members;
mod search;

#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use super::Position;
use crate::base::error::Error;
use crate::command::{
    Arg, Begin, Command, Find, Flags, Group, KeySpec, block, double, integer, key, one_of, string, token,
};
use crate::number::{self, LongDouble};
use crate::resp::Reply;

/// A location that can be stored, from its longitude and its latitude.
fn location(longitude: &[u8], latitude: &[u8]) -> Result<Position, Error> {
    let read = |text| number::parse_f64(text).ok_or(Error::NotFloat);
    let location = Position { longitude: read(longitude)?, latitude: read(latitude)? };
    if location.is_valid() {
        return Ok(location);
    }
    let mut text = Vec::from(*b"ERR invalid longitude,latitude pair ");
    number::write_f64_fixed(&mut text, location.longitude, 6);
    text.push(b',');
    number::write_f64_fixed(&mut text, location.latitude, 6);
    Err(Error::Quoting(text))
}

/// The metres of a unit.
fn unit(word: &[u8]) -> Result<f64, Error> {
    match word.to_ascii_lowercase().as_slice() {
        b"m" => Ok(1.0),
        b"km" => Ok(1000.0),
        b"ft" => Ok(0.3048),
        b"mi" => Ok(1609.34),
        _ => Err(Error::Text("ERR unsupported unit provided. please use M, KM, FT, MI")),
    }
}

fn length(text: &[u8], fault: &'static str) -> Result<f64, Error> {
    number::parse_f64(text).ok_or(Error::Text(fault))
}

/// The longest text of a distance while it is made: an integer, a point, and five digits.
const DISTANCE_CHARS_MAX: usize = 26;

/// A distance is a byte string in either protocol.
fn reply_distance(reply: &mut Reply<'_>, distance: f64) {
    // As 7.2 writes its four decimal places: the double is rounded, half to even.
    let parts = number::whole(libm::rint(distance * 10_000.0));
    let mut text = Vec::with_capacity(DISTANCE_CHARS_MAX);
    number::write_u64(&mut text, parts / 10_000);
    text.push(b'.');
    // A one in front keeps the zeros.
    let at = text.len();
    number::write_u64(&mut text, 10_000 + parts % 10_000);
    text.remove(at);
    reply.bulk(&text);
}

fn reply_position(reply: &mut Reply<'_>, location: Position) {
    reply.array(2);
    for degrees in [location.longitude, location.latitude] {
        let mut text = Vec::with_capacity(32);
        LongDouble::from(degrees).write_human(&mut text);
        reply.double_text(&text);
    }
}

const GROWS: Flags = Flags::WRITE.and(Flags::DENYOOM);
const READS: Flags = Flags::READONLY;

const UNIT: Arg = one_of("unit", &[token("m", "M"), token("km", "KM"), token("ft", "FT"), token("mi", "MI")]);
const WITH_POSITION: Arg = token("withcoord", "WITHCOORD").optional();
const WITH_DISTANCE: Arg = token("withdist", "WITHDIST").optional();
const WITH_SCORE: Arg = token("withhash", "WITHHASH").optional();
const COUNT: Arg =
    block("count-block", &[integer("count").after("COUNT"), token("any", "ANY").optional()]).optional();
const ORDER: Arg = one_of("order", &[token("asc", "ASC"), token("desc", "DESC")]).optional();
const STORE: Arg =
    one_of("store", &[key("storekey").after("STORE"), key("storedistkey").after("STOREDIST")]).optional();
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

const READ_FIRST: KeySpec = KeySpec::range(1, 0, &["RO", "access"]);

/// The key after a word of GEORADIUS, which stands at this index at the earliest.
const fn stored(word: &'static str, from: i32) -> KeySpec {
    KeySpec {
        flags: &["OW", "update"],
        begin: Begin::Keyword(word, from),
        find: Find::Range { last: 0, step: 1, limit: 0 },
    }
}

/// Members, or arrays of what was asked for about each.
const FOUND: &str = "array of bulk-string | array of array";
const FOUND_OR_STORED: &str = "array of bulk-string | array of array | integer";
const SEARCH_COST: &str = "O(N+log(M)) with N members in the searched cells and M in the set";
const INSTEAD_RADIUS: Option<(&str, &str)> =
    Some(("6.2.0", "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument"));
const INSTEAD_MEMBER: Option<(&str, &str)> =
    Some(("6.2.0", "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments"));

/// A row of this file: all are of one group.
const fn row(name: &'static str, summary: &'static str) -> Command {
    Command { name, group: Group::Geo, since: "3.2.0", summary, ..Command::DEFAULT }
}

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

pub(crate) const ROWS: &[Command] = &[
    Command {
        complexity: "O(log(N)) for each member, with N members in the set",
        flags: GROWS,
        args: &[
            key("key"),
            one_of("condition", &[token("nx", "NX"), token("xx", "XX")]).optional(),
            token("change", "CH").optional(),
            block("data", &[double("longitude"), double("latitude"), string("member")]).multiple(),
        ],
        reply: "integer",
        handler: members::geoadd,
        keys: Some(&[KeySpec::range(1, 0, &["RW", "update"])]),
        ..row("GEOADD", "Adds members with their locations to a sorted set, or moves them.")
    },
    Command {
        flags: READS,
        args: &[key("key"), string("member1"), string("member2"), UNIT.optional()],
        reply: "bulk-string | null",
        handler: members::geodist,
        ..row("GEODIST", "Returns the distance between the locations of two members.")
    },
    Command {
        complexity: "O(1) for each member",
        flags: READS,
        args: &[key("key"), string("member").multiple().optional()],
        reply: "array of bulk-string or null",
        handler: members::geohash,
        ..row("GEOHASH", "Returns the locations of members as geohash strings.")
    },
    Command {
        complexity: "O(1) for each member",
        flags: READS,
        args: &[key("key"), string("member").multiple().optional()],
        reply: "array of array of double or null",
        handler: members::geopos,
        ..row("GEOPOS", "Returns the longitudes and latitudes of members.")
    },
    Command {
        complexity: SEARCH_COST,
        deprecated: INSTEAD_RADIUS,
        flags: GROWS.and(Flags::MOVABLEKEYS),
        args: AROUND_LOCATION,
        reply: FOUND_OR_STORED,
        handler: search::georadius,
        arity: Some(-6),
        keys: Some(&[READ_FIRST, stored("STORE", 6), stored("STOREDIST", 6)]),
        keys_of: Some(search::keys_of_georadius),
        ..row("GEORADIUS", "Finds the members within a distance of a location, or stores them.")
    },
    Command {
        complexity: SEARCH_COST,
        deprecated: INSTEAD_MEMBER,
        flags: GROWS.and(Flags::MOVABLEKEYS),
        args: AROUND_MEMBER,
        reply: FOUND_OR_STORED,
        handler: search::georadiusbymember,
        arity: Some(-5),
        keys: Some(&[READ_FIRST, stored("STORE", 5), stored("STOREDIST", 5)]),
        keys_of: Some(search::keys_of_georadiusbymember),
        ..row("GEORADIUSBYMEMBER", "Finds the members within a distance of another member, or stores them.")
    },
    Command {
        complexity: SEARCH_COST,
        deprecated: Some(("6.2.0", "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments")),
        flags: READS,
        args: without_store(AROUND_MEMBER),
        reply: FOUND,
        handler: search::georadiusbymember_ro,
        arity: Some(-5),
        since: "3.2.10",
        ..row("GEORADIUSBYMEMBER_RO", "Finds the members within a distance of another member.")
    },
    Command {
        complexity: SEARCH_COST,
        deprecated: Some(("6.2.0", "`GEOSEARCH` with the `BYRADIUS` argument")),
        flags: READS,
        args: without_store(AROUND_LOCATION),
        reply: FOUND,
        handler: search::georadius_ro,
        arity: Some(-6),
        since: "3.2.10",
        ..row("GEORADIUS_RO", "Finds the members within a distance of a location.")
    },
    Command {
        complexity: SEARCH_COST,
        flags: READS,
        args: &[key("key"), FROM, BY, ORDER, COUNT, WITH_POSITION, WITH_DISTANCE, WITH_SCORE],
        reply: FOUND,
        handler: search::geosearch,
        arity: Some(-7),
        since: "6.2.0",
        ..row("GEOSEARCH", "Finds the members within a circle or a rectangle.")
    },
    Command {
        complexity: SEARCH_COST,
        flags: GROWS,
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
        handler: search::geosearchstore,
        arity: Some(-8),
        keys: Some(&[KeySpec::range(1, 0, &["OW", "update"]), KeySpec::range(2, 0, &["RO", "access"])]),
        since: "6.2.0",
        ..row("GEOSEARCHSTORE", "Stores the members within a circle or a rectangle.")
    },
];
