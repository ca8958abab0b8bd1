//! A row of the command table, the grammar of its arguments, and what follows from them.
//!
//! Rows are plain constant data. Each stands in the file of its handler, in that file's `ROWS` at the end; [`table`]
//! gathers them. Arity, key positions, ACL categories, COMMAND's replies, the TypeScript types, the playground's help
//! and COMPAT.md are all computed from the rows.

pub(crate) mod context;
mod derive;
mod index;
mod memory;
mod rename;
pub(crate) mod shared;
#[cfg(test)]
mod tests;

pub use derive::{CATEGORIES, KeyAt};
pub(crate) use index::{CommandId, Index};
pub(crate) use memory::purpose;
pub(crate) use shared::{access, flags, keys};

use alloc::string::String;
use alloc::vec::Vec;

use crate::base::error::Error;
use crate::base::memory::Purpose;
use crate::command::context::{Context, Flow};
use crate::resp::args::Args;

/// What a handler looks like: it appends its reply, or fails and leaves none.
pub type Handler = fn(&mut Context<'_>, Args<'_>) -> Result<Flow, Error>;

/// One command or subcommand.
pub struct Command {
    /// The name in upper case; a subcommand's without its container's.
    pub name: &'static str,
    /// What the command belongs to.
    pub group: Group,
    /// The Redis version that introduced it.
    pub since: &'static str,
    /// Its cost, in the notation of complexity theory.
    pub complexity: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// How it behaves.
    pub flags: Flags,
    /// Its arguments.
    pub args: &'static [Arg],
    /// The form of its reply. Of several, a `null` belongs to the one in front of it.
    pub reply: &'static str,
    /// What runs.
    pub(crate) handler: Handler,
    /// Its subcommands; the handler then only answers for unknown ones.
    pub subcommands: &'static [Command],
    /// Since when it is deprecated, and what to use instead.
    pub deprecated: Option<(&'static str, &'static str)>,
    /// The arity as COMMAND INFO gives it, where the grammar does not yield it.
    pub arity: Option<i32>,
    /// Where the keys are, where the grammar does not yield it.
    pub keys: Option<&'static [KeySpec]>,
    /// What finds the keys of a request, where specifications cannot tell. Where an option names one, the handler
    /// asks the same function, so that the keys that are checked are those that are used.
    pub keys_of: Option<fn(Args<'_>) -> Vec<KeyAt>>,
    /// ACL categories besides those that follow from group and flags.
    pub categories: &'static [&'static str],
    /// Hints for clients, as COMMAND gives them.
    pub tips: &'static [&'static str],
    /// Whether it is for servers and their tests, and not for clients.
    pub is_internal: bool,
}

impl Command {
    /// What a row need not spell out.
    pub const DEFAULT: Command = Command {
        name: "",
        group: Group::Generic,
        since: "1.0.0",
        complexity: "O(1)",
        summary: "",
        flags: Flags::NONE,
        args: &[],
        reply: "simple-string",
        handler: crate::commands::container,
        subcommands: &[],
        deprecated: None,
        arity: None,
        keys: None,
        keys_of: None,
        categories: &[],
        tips: &[],
        is_internal: false,
    };

    /// The number of arguments with the name (and the container's name): exact when positive, otherwise the
    /// least, negated. `depth` is 1 for a command and 2 for a subcommand.
    pub const fn arity(&self, depth: i32) -> i32 {
        if let Some(arity) = self.arity {
            return arity;
        }
        if !self.subcommands.is_empty() {
            return -2;
        }
        let (least, exact) = extent(self.args);
        if exact { least + depth } else { -(least + depth) }
    }

    /// Whether a request of `len` arguments fits the arity.
    pub const fn accepts(&self, len: usize, depth: i32) -> bool {
        accepts(self.arity(depth), len)
    }

    /// Finds the subcommand of this name, in any case.
    pub fn subcommand(&self, name: &[u8]) -> Option<&'static Command> {
        self.subcommands.iter().find(|row| row.name.as_bytes().eq_ignore_ascii_case(name))
    }
}

/// The part of the documentation, and the ACL category, that a command belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Group {
    /// Any type of value.
    Generic,
    /// Strings.
    String,
    /// Lists.
    List,
    /// Hashes.
    Hash,
    /// Sets.
    Set,
    /// Sorted sets.
    SortedSet,
    /// Streams.
    Stream,
    /// Bitmaps.
    Bitmap,
    /// HyperLogLog.
    HyperLogLog,
    /// Geospatial.
    Geo,
    /// Publish and subscribe.
    PubSub,
    /// MULTI and its kin.
    Transactions,
    /// Lua and functions.
    Scripting,
    /// The connection itself.
    Connection,
    /// The server.
    Server,
    /// Redis Cluster.
    Cluster,
}

impl Group {
    /// The beginning of a row: what every command of a group has to say.
    pub(crate) const fn row(self, name: &'static str, since: &'static str, summary: &'static str) -> Command {
        Command { name, group: self, since, summary, ..Command::DEFAULT }
    }

    /// Whether its commands read and change values, and nothing else.
    pub const fn is_of_values(self) -> bool {
        use Group::{Bitmap, Generic, Geo, Hash, HyperLogLog, List, Set, SortedSet, Stream, String};
        matches!(self, Generic | String | List | Hash | Set | SortedSet | Stream | Bitmap | HyperLogLog | Geo)
    }

    /// The name that COMMAND DOCS uses.
    pub const fn name(self) -> &'static str {
        match self {
            Group::Generic => "generic",
            Group::String => "string",
            Group::List => "list",
            Group::Hash => "hash",
            Group::Set => "set",
            Group::SortedSet => "sorted-set",
            Group::Stream => "stream",
            Group::Bitmap => "bitmap",
            Group::HyperLogLog => "hyperloglog",
            Group::Geo => "geo",
            Group::PubSub => "pubsub",
            Group::Transactions => "transactions",
            Group::Scripting => "scripting",
            Group::Connection => "connection",
            Group::Server => "server",
            Group::Cluster => "cluster",
        }
    }

    /// The ACL category that every command of the group has.
    pub const fn category(self) -> Option<&'static str> {
        Some(match self {
            Group::Generic => "keyspace",
            Group::String => "string",
            Group::List => "list",
            Group::Hash => "hash",
            Group::Set => "set",
            Group::SortedSet => "sortedset",
            Group::Stream => "stream",
            Group::Bitmap => "bitmap",
            Group::HyperLogLog => "hyperloglog",
            Group::Geo => "geo",
            Group::Transactions => "transaction",
            Group::Scripting => "scripting",
            Group::Connection => "connection",
            // PUBSUB HELP is of the group but not of the category, which follows from the flag.
            Group::PubSub | Group::Server | Group::Cluster => return None,
        })
    }
}

/// How a command behaves; the names are those of COMMAND INFO.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flags(u32);

impl Flags {
    /// No flag.
    pub const NONE: Flags = Flags(0);
    /// May change the keyspace.
    pub const WRITE: Flags = Flags(1);
    /// Only reads it.
    pub const READONLY: Flags = Flags(1 << 1);
    /// Refused while memory is over its limit.
    pub const DENYOOM: Flags = Flags(1 << 2);
    /// Dangerous for ordinary users.
    pub const ADMIN: Flags = Flags(1 << 3);
    /// Belongs to publish and subscribe.
    pub const PUBSUB: Flags = Flags(1 << 4);
    /// Not allowed in scripts.
    pub const NOSCRIPT: Flags = Flags(1 << 5);
    /// May wait.
    pub const BLOCKING: Flags = Flags(1 << 6);
    /// Allowed while data is loaded.
    pub const LOADING: Flags = Flags(1 << 7);
    /// Allowed on a replica with old data.
    pub const STALE: Flags = Flags(1 << 8);
    /// Not shown by MONITOR.
    pub const SKIP_MONITOR: Flags = Flags(1 << 9);
    /// Not recorded by SLOWLOG.
    pub const SKIP_SLOWLOG: Flags = Flags(1 << 10);
    /// Cheap, so that its latency matters.
    pub const FAST: Flags = Flags(1 << 11);
    /// Needs no authentication.
    pub const NO_AUTH: Flags = Flags(1 << 12);
    /// Refused inside MULTI.
    pub const NO_MULTI: Flags = Flags(1 << 13);
    /// Allowed while a script is busy.
    pub const ALLOW_BUSY: Flags = Flags(1 << 14);
    /// Where the keys are cannot be told from positions alone.
    pub const MOVABLEKEYS: Flags = Flags(1 << 15);
    /// Runs even in the subscribed mode of RESP2.
    pub const SUBSCRIBED: Flags = Flags(1 << 16);
    /// Runs at once inside MULTI instead of being queued (EXEC, DISCARD, WATCH…). COMMAND INFO has no word for it.
    pub const IMMEDIATE: Flags = Flags(1 << 17);
    /// Refused on a replica that loads its primary's data beside its own, old data (`repl-diskless-load swapdb`).
    pub const NO_ASYNC_LOADING: Flags = Flags(1 << 18);
    /// Its number of keys may be 0.
    pub const NO_MANDATORY_KEYS: Flags = Flags(1 << 20);
    /// May replicate although it is not a write.
    pub const MAY_REPLICATE: Flags = Flags(1 << 19);

    /// Both sets of flags.
    pub const fn and(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    /// Whether every flag of `other` is set.
    #[inline(always)]
    pub const fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// The names that COMMAND INFO replies.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        const NAMES: [(Flags, &str); 19] = [
            (Flags::WRITE, "write"),
            (Flags::READONLY, "readonly"),
            (Flags::DENYOOM, "denyoom"),
            (Flags::ADMIN, "admin"),
            (Flags::PUBSUB, "pubsub"),
            (Flags::NOSCRIPT, "noscript"),
            (Flags::BLOCKING, "blocking"),
            (Flags::LOADING, "loading"),
            (Flags::STALE, "stale"),
            (Flags::SKIP_MONITOR, "skip_monitor"),
            (Flags::SKIP_SLOWLOG, "skip_slowlog"),
            (Flags::FAST, "fast"),
            (Flags::NO_AUTH, "no_auth"),
            (Flags::MAY_REPLICATE, "may_replicate"),
            (Flags::NO_MULTI, "no_multi"),
            (Flags::NO_MANDATORY_KEYS, "no_mandatory_keys"),
            (Flags::MOVABLEKEYS, "movablekeys"),
            (Flags::ALLOW_BUSY, "allow_busy"),
            (Flags::NO_ASYNC_LOADING, "no_async_loading"),
        ];
        NAMES.into_iter().filter(move |(flag, _)| self.has(*flag)).map(|(_, name)| name)
    }
}

/// One argument of a command's grammar.
#[derive(Clone, Copy)]
pub struct Arg {
    /// The name that the documentation uses.
    pub name: &'static str,
    /// What it is.
    pub kind: ArgKind,
    /// The literal word in front of it, or the word that it is.
    pub token: Option<&'static str>,
    /// Whether it may be left out.
    pub optional: bool,
    /// Whether it may be repeated.
    pub multiple: bool,
    /// Whether the word in front is repeated with it.
    pub multiple_token: bool,
    /// The Redis version that introduced it, where that is later than the command's.
    pub since: Option<&'static str>,
    /// The number of the key specification that tells of it, where it is no key, or not the next one.
    pub key_spec: Option<u8>,
}

/// What an argument is.
#[derive(Clone, Copy)]
pub enum ArgKind {
    /// A key.
    Key,
    /// Any bytes.
    String,
    /// A 64-bit integer.
    Integer,
    /// A floating-point number.
    Double,
    /// A unix time in the unit that the command names.
    UnixTime,
    /// A glob pattern.
    Pattern,
    /// A literal word.
    Token,
    /// One of several.
    OneOf(&'static [Arg]),
    /// Several in this order.
    Block(&'static [Arg]),
}

impl Arg {
    const fn new(name: &'static str, kind: ArgKind) -> Arg {
        Arg {
            name,
            kind,
            token: None,
            optional: false,
            multiple: false,
            multiple_token: false,
            since: None,
            key_spec: None,
        }
    }

    /// It may be left out.
    pub const fn optional(self) -> Arg {
        Arg { optional: true, ..self }
    }

    /// It may be repeated.
    pub const fn multiple(self) -> Arg {
        Arg { multiple: true, ..self }
    }

    /// It may be repeated together with the word in front.
    pub const fn multiple_with_token(self) -> Arg {
        Arg { multiple: true, multiple_token: true, ..self }
    }

    /// It came with this version of Redis.
    pub const fn since(self, version: &'static str) -> Arg {
        Arg { since: Some(version), ..self }
    }

    /// The key specification of this number tells of it.
    pub const fn of_spec(self, index: u8) -> Arg {
        Arg { key_spec: Some(index), ..self }
    }

    /// This literal word stands in front.
    pub const fn after(self, token: &'static str) -> Arg {
        Arg { token: Some(token), ..self }
    }
}

/// A key.
pub const fn key(name: &'static str) -> Arg {
    Arg::new(name, ArgKind::Key)
}

/// Any bytes.
pub const fn string(name: &'static str) -> Arg {
    Arg::new(name, ArgKind::String)
}

/// A 64-bit integer.
pub const fn integer(name: &'static str) -> Arg {
    Arg::new(name, ArgKind::Integer)
}

/// A floating-point number.
pub const fn double(name: &'static str) -> Arg {
    Arg::new(name, ArgKind::Double)
}

/// A unix time.
pub const fn unix_time(name: &'static str) -> Arg {
    Arg::new(name, ArgKind::UnixTime)
}

/// A glob pattern.
pub const fn pattern(name: &'static str) -> Arg {
    Arg::new(name, ArgKind::Pattern)
}

/// A literal word, named by itself in lower case.
pub const fn token(name: &'static str, word: &'static str) -> Arg {
    Arg { token: Some(word), ..Arg::new(name, ArgKind::Token) }
}

/// One of several.
pub const fn one_of(name: &'static str, choices: &'static [Arg]) -> Arg {
    Arg::new(name, ArgKind::OneOf(choices))
}

/// Several in this order.
pub const fn block(name: &'static str, parts: &'static [Arg]) -> Arg {
    Arg::new(name, ArgKind::Block(parts))
}

/// The least number of arguments that a grammar takes, and whether that is also the greatest.
const fn extent(args: &[Arg]) -> (i32, bool) {
    let (mut least, mut exact, mut index) = (0, true, 0);
    while index < args.len() {
        let arg = &args[index];
        let (inner, inner_exact) = match arg.kind {
            ArgKind::Token => (0, true),
            ArgKind::Block(parts) => extent(parts),
            ArgKind::OneOf(choices) => {
                let (mut inner, mut same, mut choice) = (i32::MAX, true, 0);
                while choice < choices.len() {
                    let (len, fixed) = extent(core::slice::from_ref(&choices[choice]));
                    same = same && fixed && (inner == i32::MAX || inner == len);
                    inner = if len < inner { len } else { inner };
                    choice += 1;
                }
                (inner, same)
            }
            _ => (1, true),
        };
        if arg.optional {
            exact = false;
        } else {
            least += inner + if arg.token.is_some() { 1 } else { 0 };
        }
        exact = exact && inner_exact && !arg.multiple;
        index += 1;
    }
    (least, exact)
}

/// Where some of a command's keys are and how they are used, as COMMAND INFO's key specifications say it.
#[derive(Clone, Copy, Debug)]
pub struct KeySpec {
    /// The flags, such as `RW access update`.
    pub flags: &'static [&'static str],
    /// Where the keys begin.
    pub begin: Begin,
    /// How they go on.
    pub find: Find,
    /// What the flags and positions do not say; empty where there is nothing more to say.
    pub notes: &'static str,
}

impl KeySpec {
    /// Keys one behind the other, from index `first` up to `last` after it or, when negative, from the
    /// request's end.
    pub const fn range(first: usize, last: i32, flags: &'static [&'static str]) -> KeySpec {
        KeySpec {
            flags,
            begin: Begin::Index(first),
            find: Find::Range { last, step: 1, limit: 0 },
            notes: "",
        }
    }

    /// Keys behind their number, which stands at index `at` of the request.
    pub const fn counted(at: usize, flags: &'static [&'static str]) -> KeySpec {
        KeySpec {
            flags,
            begin: Begin::Index(at),
            find: Find::KeyNum { count: 0, first: 1, step: 1 },
            notes: "",
        }
    }

    /// Keys whose places no specification can tell.
    pub const fn unknown(flags: &'static [&'static str]) -> KeySpec {
        KeySpec { flags, begin: Begin::Unknown, find: Find::Unknown, notes: "" }
    }

    /// What else is to be said of it.
    pub const fn noting(self, notes: &'static str) -> KeySpec {
        KeySpec { notes, ..self }
    }
}

/// Where keys begin.
#[derive(Clone, Copy, Debug)]
pub enum Begin {
    /// At this index of the request.
    Index(usize),
    /// After this word, searched from an index; a negative one counts from the end and searches backwards.
    Keyword(&'static str, i32),
    /// Nobody can tell.
    Unknown,
}

/// How keys go on from where they begin.
#[derive(Clone, Copy, Debug)]
pub enum Find {
    /// To this index relative to the beginning (negative: from the request's end), in steps of so many
    /// arguments; with a limit above 1, only that fraction of the rest (1/limit).
    Range {
        /// The last key's index.
        last: i32,
        /// Arguments from one key to the next.
        step: usize,
        /// The divisor of the rest; 0 and 1 mean all.
        limit: usize,
    },
    /// At this offset stands their number, and at that one the first of them.
    KeyNum {
        /// Offset of the number.
        count: usize,
        /// Offset of the first key.
        first: usize,
        /// Arguments from one key to the next.
        step: usize,
    },
    /// Nobody can tell.
    Unknown,
}

/// Every command of the engine, in groups of the files that implement them.
pub fn table() -> impl Iterator<Item = &'static Command> {
    files().flatten()
}

/// The rows of each file.
pub fn files() -> impl Iterator<Item = &'static [Command]> {
    let of_types = crate::types::ROWS.iter().copied().flatten();
    crate::commands::ROWS.iter().chain(crate::scripting::ROWS).chain(of_types).copied()
}

/// Whether a request of `len` arguments fits an arity.
#[inline]
pub const fn accepts(arity: i32, len: usize) -> bool {
    if arity >= 0 { len == arity as usize } else { len >= -arity as usize }
}

/// Finds commands by name.
pub struct Lookup {
    slots: Vec<Slot>,
    rows: Vec<&'static Command>,
    /// Commands that clients know by another name, or not at all.
    renamed: Vec<rename::Renamed>,
}

/// The row of a request's command, with what every request needs to know of it.
#[derive(Clone, Copy)]
pub struct ResolvedCommand {
    /// The row.
    pub row: &'static Command,
    /// Its arity, computed once.
    arity: i16,
    traits: u8,
}

/// The first argument is a key.
const BEGINS_WITH_KEY: u8 = 1;
/// The first argument may name a subcommand.
const HAS_SUBCOMMANDS: u8 = 2;
/// The command may keep what takes memory.
const TAKES_MEMORY: u8 = 4;
/// The command works on values alone, so that its requests may take the fast path.
const TAKES_FAST_PATH: u8 = 8;

struct Slot {
    name: Folded,
    /// Whether an equal form already means an equal name: two words hold all of it, and only a letter folds to
    /// a letter.
    is_exact: bool,
    found: Option<ResolvedCommand>,
}

/// A short name without its case, ready to be compared as two words.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Folded {
    first: u64,
    last: u64,
    len: usize,
}

/// Longest name that two words tell apart, in bytes.
const FOLDED_BYTES_MAX: usize = 16;

impl Folded {
    /// Clears the bit in which capitals differ from small letters. Other bytes may become equal too, which the
    /// comparison at the end of a search finds.
    #[inline]
    fn new(name: &[u8]) -> Folded {
        const CASE: u64 = 0xdfdf_dfdf_dfdf_dfdf;
        let len = name.len();
        let (first, last) = if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
            (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
        } else if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
            (u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last)))
        } else {
            // First, middle and last are all of up to three bytes.
            let at = |index: usize| u64::from(name.get(index).copied().unwrap_or(0));
            (at(0) | at(len / 2) << 8 | at(len.wrapping_sub(1)) << 16, 0)
        };
        Folded { first: first & CASE, last: last & CASE, len }
    }

    #[inline]
    fn hash(self) -> usize {
        let mixed =
            (self.first ^ self.last.rotate_left(29) ^ self.len as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 40) as usize
    }
}

impl Lookup {
    /// An index of the whole table.
    pub fn new() -> Lookup {
        let rows: Vec<_> = table().collect();
        let slots = slots(&rows);
        Lookup { slots, rows, renamed: Vec::new() }
    }

    /// The row of the command with this name, in any case.
    pub fn find(&self, name: &[u8]) -> Option<&'static Command> {
        self.resolve(name).map(|found| found.row)
    }

    /// The same with what every request needs to know.
    #[inline]
    pub fn resolve(&self, name: &[u8]) -> Option<ResolvedCommand> {
        let folded = Folded::new(name);
        let mut at = folded.hash() & (self.slots.len() - 1);
        loop {
            let slot = &self.slots[at];
            let Some(found) = slot.found else { return self.resolve_renamed(name) };
            if slot.name == folded && (slot.is_exact || found.row.name.as_bytes().eq_ignore_ascii_case(name))
            {
                return Some(found);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// All rows, those too that no client can name.
    pub fn rows(&self) -> &[&'static Command] {
        &self.rows
    }
}

/// A table of names, at most a quarter full, so that nearly every name is found at the first probe.
fn slots(rows: &[&'static Command]) -> Vec<Slot> {
    let size = (rows.len() * 4).next_power_of_two();
    let mut slots: Vec<Slot> =
        (0..size).map(|_| Slot { name: Folded::new(b""), is_exact: false, found: None }).collect();
    for row in rows {
        let name = Folded::new(row.name.as_bytes());
        let mut at = name.hash() & (size - 1);
        while slots[at].found.is_some() {
            at = (at + 1) & (size - 1);
        }
        let is_exact =
            row.name.len() <= FOLDED_BYTES_MAX && row.name.bytes().all(|byte| byte.is_ascii_alphabetic());
        slots[at] = Slot { name, is_exact, found: Some(ResolvedCommand::new(row)) };
    }
    slots
}

impl ResolvedCommand {
    fn new(row: &'static Command) -> ResolvedCommand {
        let takes_fast_path = row.group.is_of_values()
            && row.subcommands.is_empty()
            && !row.flags.has(Flags::BLOCKING)
            && !row.flags.has(Flags::NO_AUTH);
        let traits = [
            (matches!(row.args.first().map(|arg| arg.kind), Some(ArgKind::Key)), BEGINS_WITH_KEY),
            (!row.subcommands.is_empty(), HAS_SUBCOMMANDS),
            (purpose(None, row) == Some(Purpose::Data), TAKES_MEMORY),
            (takes_fast_path, TAKES_FAST_PATH),
        ];
        ResolvedCommand {
            row,
            arity: i16::try_from(row.arity(1)).expect("a row demands few arguments"),
            traits: traits.into_iter().map(|(holds, bit)| if holds { bit } else { 0 }).sum(),
        }
    }

    /// Whether a request of `len` arguments fits.
    #[inline(always)]
    pub fn accepts(self, len: usize) -> bool {
        accepts(self.arity.into(), len)
    }

    /// Whether its first argument is a key.
    #[inline(always)]
    pub fn begins_with_key(self) -> bool {
        self.traits & BEGINS_WITH_KEY != 0
    }

    /// Whether its first argument may name a subcommand.
    #[inline(always)]
    pub fn has_subcommands(self) -> bool {
        self.traits & HAS_SUBCOMMANDS != 0
    }

    /// Whether it may keep what takes memory.
    #[inline(always)]
    pub fn takes_memory(self) -> bool {
        self.traits & TAKES_MEMORY != 0
    }

    /// Whether its requests may take the fast path: it works on values alone, never waits, and changes no connection's
    /// state.
    #[inline(always)]
    pub fn takes_fast_path(self) -> bool {
        self.traits & TAKES_FAST_PATH != 0
    }
}

impl Default for Lookup {
    fn default() -> Self {
        Lookup::new()
    }
}

/// The full name in lower case, with the container's before it, as errors quote it.
pub fn full_name(parent: Option<&Command>, row: &Command) -> String {
    let own = row.name.to_ascii_lowercase();
    match parent {
        Some(parent) => alloc::format!("{}|{own}", parent.name.to_ascii_lowercase()),
        None => own,
    }
}
