//! What CLIENT LIST and CLIENT KILL look for. Most of it is Valkey's; what Redis has too is as there.

use alloc::format;
use alloc::vec::Vec;
use core::mem::discriminant;

use crate::acl::{Acl, UserId};
use crate::base::error::Error;
use crate::number::{self, parse_i64};
use crate::resp::args::Cursor;
use crate::server::connection::Connection;
use crate::server::describe;

/// What a type means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Normal,
    Pubsub,
    /// Masters and replicas, of which there are none.
    Replication,
}

impl Kind {
    pub(super) fn parse(name: &[u8]) -> Result<Kind, Error> {
        match name.to_ascii_lowercase().as_slice() {
            b"normal" => Ok(Kind::Normal),
            b"pubsub" => Ok(Kind::Pubsub),
            b"master" | b"primary" | b"slave" | b"replica" => Ok(Kind::Replication),
            _ => Err(Error::quoting_all("ERR Unknown client type '", name, "'")),
        }
    }

    pub(super) fn holds(self, connection: &Connection) -> bool {
        match self {
            Kind::Pubsub => connection.subscriptions.is_any(),
            Kind::Normal => !connection.subscriptions.is_any(),
            Kind::Replication => false,
        }
    }
}

/// One condition.
enum Test<'a> {
    Ids(Vec<u64>),
    Kind(Kind),
    Addr(&'a [u8]),
    Laddr(&'a [u8]),
    /// The address without the port.
    Ip(&'a [u8]),
    User(UserId),
    Name(&'a [u8]),
    LibName(&'a [u8]),
    LibVer(&'a [u8]),
    /// Letters that are all among the flags.
    Flags(&'a [u8]),
    Db(usize),
    /// What a client says that it can do, which nobody can here.
    Capa,
    /// Seconds since the client came, at least.
    Age(u64),
    /// Seconds since it sent something, at least.
    Idle(u64),
}

/// What conditions are called.
pub(super) const NAMES: [&str; 15] = [
    "ID", "TYPE", "ADDR", "LADDR", "IP", "USER", "NAME", "LIB-NAME", "LIB-VER", "FLAGS", "DB", "CAPA",
    "SKIPME", "MAXAGE", "IDLE",
];

/// The letters that CLIENT LIST has for states of a client.
const FLAGS: &[u8] = b"AbBcdeEIMNOPrRStTuUx";

/// Conditions that must all hold, or, for those with `NOT-` in front, not.
#[derive(Default)]
pub(super) struct Filter<'a> {
    tests: Vec<(bool, Test<'a>)>,
    /// Whether the client that asks is left out.
    pub(super) skips_self: bool,
}

impl<'a> Filter<'a> {
    /// Reads the conditions; `databases` says how many there are.
    pub(super) fn parse(
        acl: &Acl,
        databases: usize,
        skips_self: bool,
        mut cursor: Cursor<'a>,
    ) -> Result<Filter<'a>, Error> {
        let mut filter = Filter { tests: Vec::new(), skips_self };
        while !cursor.is_done() {
            if cursor.accept_with("SKIPME", 1) {
                filter.skips_self = match cursor.take()?.to_ascii_lowercase().as_slice() {
                    b"yes" => true,
                    b"no" => false,
                    _ => return Err(Error::Syntax),
                };
            } else if cursor.accept_with("MAXAGE", 1) {
                filter.add(false, Test::Age(positive(cursor.take()?, "maxage")?));
            } else if cursor.accept_with("IDLE", 1) {
                filter.add(false, Test::Idle(positive(cursor.take()?, "idle")?));
            } else {
                let (negated, test) = negatable(acl, databases, &mut cursor)?;
                filter.add(negated, test);
            }
        }
        Ok(filter)
    }

    /// The client with this address, also if it is the one that asks.
    pub(super) fn of_address(addr: &'a [u8]) -> Filter<'a> {
        Filter { tests: alloc::vec![(false, Test::Addr(addr))], skips_self: false }
    }

    /// Of two conditions of a kind the later one counts.
    fn add(&mut self, negated: bool, test: Test<'a>) {
        let is_same =
            |known: &(bool, Test<'_>)| known.0 == negated && discriminant(&known.1) == discriminant(&test);
        self.tests.retain(|known| !is_same(known));
        self.tests.push((negated, test));
    }

    /// Whether a connection is meant, at this steady time.
    pub(super) fn holds(&self, connection: &Connection, now: u64) -> bool {
        self.tests.iter().all(|(negated, test)| test.holds(connection, now) != *negated)
    }
}

/// A condition that may have `NOT-` in front.
fn negatable<'a>(acl: &Acl, databases: usize, cursor: &mut Cursor<'a>) -> Result<(bool, Test<'a>), Error> {
    let word = cursor.take()?.to_ascii_lowercase();
    let (negated, name) = match word.strip_prefix(b"not-") {
        Some(name) => (true, name),
        None => (false, &word[..]),
    };
    let test = match name {
        b"id" => Test::Ids(ids(cursor)?),
        b"type" => Test::Kind(Kind::parse(cursor.take()?)?),
        b"addr" => Test::Addr(cursor.take()?),
        b"laddr" => Test::Laddr(cursor.take()?),
        b"ip" => Test::Ip(cursor.take()?),
        b"user" => {
            let user = cursor.take()?;
            let found = acl.find(user);
            Test::User(found.ok_or_else(|| Error::quoting_all("ERR No such user '", user, "'"))?)
        }
        b"name" => Test::Name(cursor.take()?),
        b"lib-name" => Test::LibName(cursor.take()?),
        b"lib-ver" => Test::LibVer(cursor.take()?),
        b"flags" => {
            let flags = cursor.take()?;
            if flags.is_empty() || !flags.iter().all(|flag| FLAGS.contains(flag)) {
                return Err(Error::quoting_all(
                    "ERR Unknown flags found in the provided filter: ",
                    flags,
                    "",
                ));
            }
            Test::Flags(flags)
        }
        b"db" => {
            let index = parse_i64(cursor.take()?);
            let index = index.ok_or(Error::Text("ERR DB is not an integer or out of range"))?;
            let db = number::count(index).filter(|&db| db < databases);
            let last = databases - 1;
            Test::Db(db.ok_or_else(|| Error::Owned(format!("ERR DB number should be between 0 and {last}")))?)
        }
        b"capa" => {
            let capa = cursor.take()?;
            if !capa.eq_ignore_ascii_case(b"r") {
                return Err(Error::quoting_all("ERR Unknown capa found in the provided filter: ", capa, ""));
            }
            Test::Capa
        }
        _ => return Err(Error::Syntax),
    };
    Ok((negated, test))
}

/// Numbers of clients, as many as follow.
fn ids(cursor: &mut Cursor<'_>) -> Result<Vec<u64>, Error> {
    const INVALID: Error = Error::Text("ERR client-id should be greater than 0");
    let mut ids = Vec::new();
    loop {
        let id = parse_i64(cursor.take()?).and_then(|id| u64::try_from(id).ok()).filter(|&id| id > 0);
        ids.push(id.ok_or(INVALID)?);
        if cursor.clone().take().ok().and_then(parse_i64).is_none() {
            return Ok(ids);
        }
    }
}

fn positive(text: &[u8], name: &str) -> Result<u64, Error> {
    let number = parse_i64(text);
    let number =
        number.ok_or_else(|| Error::Owned(format!("ERR {name} is not an integer or out of range")))?;
    let number = u64::try_from(number).ok().filter(|&number| number > 0);
    number.ok_or_else(|| Error::Owned(format!("ERR {name} should be greater than 0")))
}

impl Test<'_> {
    fn holds(&self, connection: &Connection, now: u64) -> bool {
        let seconds_since = |at: u64| now.saturating_sub(at) / 1_000_000;
        match self {
            Test::Ids(ids) => ids.contains(&connection.client_id),
            Test::Kind(kind) => kind.holds(connection),
            Test::Addr(addr) => connection.addr.as_bytes() == *addr,
            Test::Laddr(addr) => connection.laddr.as_bytes() == *addr,
            Test::Ip(ip) => connection.addr.rsplit_once(':').is_some_and(|(host, _)| {
                host.trim_start_matches('[').trim_end_matches(']').as_bytes() == *ip
            }),
            Test::User(user) => connection.user == *user,
            Test::Name(name) => connection.name == *name,
            Test::LibName(name) => connection.lib_name == *name,
            Test::LibVer(version) => connection.lib_ver == *version,
            Test::Flags(wanted) => {
                let flags = describe::flags(connection);
                wanted.iter().all(|flag| flags.as_bytes().contains(flag))
            }
            Test::Db(db) => connection.db == *db,
            Test::Capa => false,
            Test::Age(seconds) => seconds_since(connection.created) >= *seconds,
            Test::Idle(seconds) => seconds_since(connection.last_active) >= *seconds,
        }
    }
}
