//! What the engine knows of one client.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::acl::{DEFAULT_USER, UserId};
use crate::command::Command;
use crate::keyspace::Store;
use crate::number;
use crate::resp::args::{Args, Range};
use crate::resp::{Parser, Protocol, Skip};
use crate::server::blocking::Blocked;
use crate::server::tracking::Tracking;
use crate::structures::ordered::OrderedSet;

pub use crate::base::ConnId;

/// Who connects.
#[derive(Clone, Copy, Debug, Default)]
pub struct Peer<'a> {
    /// The client's address as `host:port`, or a Unix socket's path with `:0`.
    pub addr: &'a str,
    /// The server's address that it reached.
    pub laddr: &'a str,
    /// Whether it came over a Unix socket.
    pub unix: bool,
    /// Whether the host knows that it is the default user, whose password is not asked for then.
    pub trusted: bool,
}

/// A request that is kept for later.
pub struct OwnedRequest {
    buffer: Box<[u8]>,
    ranges: Box<[Range]>,
}

impl OwnedRequest {
    /// A copy of `args`.
    pub fn new(args: Args<'_>) -> OwnedRequest {
        OwnedRequest::of(args.iter())
    }

    /// A request of these words.
    pub fn of<'a>(words: impl Iterator<Item = &'a [u8]> + Clone) -> OwnedRequest {
        let mut buffer = Vec::with_capacity(words.clone().map(<[u8]>::len).sum());
        let mut ranges = Vec::with_capacity(words.clone().count());
        for arg in words {
            ranges.push((number::short(buffer.len()), number::short(arg.len())));
            buffer.extend_from_slice(arg);
        }
        OwnedRequest { buffer: buffer.into(), ranges: ranges.into() }
    }

    /// The arguments.
    pub fn args(&self) -> Args<'_> {
        Args::new(&self.buffer, &self.ranges)
    }

    /// Bytes that the copy takes.
    pub fn memory_bytes(&self) -> usize {
        self.buffer.len() + size_of_val(&*self.ranges)
    }
}

/// A request inside MULTI, with its row.
pub struct Queued {
    /// The row, a subcommand's where there is one.
    pub row: &'static Command,
    /// The container of a subcommand.
    pub parent: Option<&'static Command>,
    /// The request.
    pub request: OwnedRequest,
}

/// What a connection collects between MULTI and EXEC.
#[derive(Default)]
pub struct Transaction {
    /// The requests so far.
    pub queue: Vec<Queued>,
    /// Bytes that the queue takes.
    pub bytes: usize,
    /// Whether a request was refused, so that EXEC must be refused as well.
    pub is_broken: bool,
    /// Whether a request may take memory, so that EXEC must be refused when there is none left.
    pub takes_memory: bool,
}

/// Whether replies are sent, as CLIENT REPLY sets it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ReplyMode {
    /// All replies are sent.
    #[default]
    On,
    /// None is.
    Off,
    /// The reply to the request that is running is not sent.
    SkipThis,
    /// The next one is not.
    SkipNext,
}

impl ReplyMode {
    /// Whether what the running request replies is thrown away.
    pub fn is_muted(self) -> bool {
        matches!(self, ReplyMode::Off | ReplyMode::SkipThis)
    }

    /// A request has ended.
    pub(crate) fn advance(&mut self) {
        *self = match *self {
            ReplyMode::SkipThis => ReplyMode::On,
            ReplyMode::SkipNext => ReplyMode::SkipThis,
            other => other,
        };
    }
}

/// The channels and patterns that a connection listens to.
#[derive(Default)]
pub struct Subscriptions {
    /// Channels of SUBSCRIBE.
    pub channels: OrderedSet<Vec<u8>>,
    /// Patterns of PSUBSCRIBE.
    pub patterns: OrderedSet<Vec<u8>>,
    /// Channels of SSUBSCRIBE.
    pub shard_channels: OrderedSet<Vec<u8>>,
}

impl Subscriptions {
    /// Channels and patterns together, as the replies of SUBSCRIBE and PSUBSCRIBE count them.
    pub fn count(&self) -> usize {
        self.channels.len() + self.patterns.len()
    }

    /// Whether there is any, shard channels included.
    pub fn is_any(&self) -> bool {
        self.count() + self.shard_channels.len() > 0
    }
}

/// What keeps a connection's requests off the fast path, as a set of bits, so that one comparison tells that nothing does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Restrictions(u8);

impl Restrictions {
    /// It must log in first.
    pub(crate) const NOT_LOGGED_IN: Restrictions = Restrictions(1);
    /// Its user may not do everything.
    pub(crate) const LIMITED_USER: Restrictions = Restrictions(1 << 1);
    /// It is told of changes to what it has read.
    pub(crate) const TRACKING: Restrictions = Restrictions(1 << 2);
    /// It sees all commands that run, and must not reach keys.
    pub(crate) const MONITOR: Restrictions = Restrictions(1 << 3);

    /// Whether there is none.
    #[inline(always)]
    pub(crate) fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Whether any of these holds.
    #[inline(always)]
    pub(crate) fn has(self, other: Restrictions) -> bool {
        self.0 & other.0 != 0
    }

    /// The same with or without these.
    pub(crate) fn with(self, other: Restrictions, is_set: bool) -> Restrictions {
        if is_set { Restrictions(self.0 | other.0) } else { Restrictions(self.0 & !other.0) }
    }
}

/// One client; see the module's description.
pub struct Connection {
    /// The number that CLIENT ID replies; never used twice.
    pub client_id: u64,
    /// The client's address.
    pub addr: String,
    /// The server's address.
    pub laddr: String,
    /// Whether it came over a Unix socket.
    pub is_unix: bool,
    /// The name that CLIENT SETNAME gave.
    pub name: Vec<u8>,
    /// What CLIENT SETINFO told of the library.
    pub lib_name: Vec<u8>,
    /// See `lib_name`.
    pub lib_ver: Vec<u8>,
    /// RESP2 or RESP3.
    pub protocol: Protocol,
    /// The selected database.
    pub db: usize,
    /// Whether it has logged in, or did not need to when it connected.
    pub is_authenticated: bool,
    /// Who it has logged in as.
    pub(crate) user: UserId,
    /// What follows from user, authentication and tracking; see [`Server::refresh_restrictions`](crate::server::Server).
    pub(crate) restrictions: Restrictions,
    /// CLIENT TRACKING, while it is on.
    pub(crate) tracking: Option<Box<Tracking>>,
    /// Whether it was on before.
    pub(crate) has_tracked: bool,
    /// The call with effects, as [`Files::appended`](crate::server::persistence::Files) counts them, that had the last of
    /// this client's; 0 before the first.
    pub(crate) written_by: u64,
    /// CLIENT REPLY.
    pub reply_mode: ReplyMode,
    /// CLIENT NO-EVICT.
    pub no_evict: bool,
    /// CLIENT NO-TOUCH.
    pub no_touch: bool,
    /// Bytes of input that are being looked at, in which the running request is.
    pub handled_bytes: usize,
    /// MULTI, while it is open.
    pub transaction: Option<Transaction>,
    /// Watched keys, behind their databases.
    pub watched: OrderedSet<(usize, Vec<u8>)>,
    /// Whether a watched key has changed.
    pub is_dirty: bool,
    /// Whether it sees all commands that run (MONITOR).
    pub is_monitor: bool,
    /// Subscriptions.
    pub subscriptions: Subscriptions,
    /// What it waits for: a key or a time, as BLPOP and WAIT do. Other reasons not to run have other names; see
    /// `Connection::may_run`.
    pub blocked: Option<Box<Blocked>>,
    /// When it connected, in steady microseconds.
    pub created: u64,
    /// When it last sent something, in steady microseconds.
    pub last_active: u64,
    /// The command that ran last.
    pub last_command: Option<(Option<&'static Command>, &'static Command)>,
    /// Close once the replies so far are sent.
    pub is_closing: bool,
    /// Input that could not be processed yet.
    pub(crate) pending: Vec<u8>,
    /// How far a partial request at the start of `pending` is read.
    pub(crate) parser: Parser,
    /// Arguments of the partial request.
    pub(crate) ranges: Vec<Range>,
    /// The rest of a request that was refused for want of memory, which is passed over as it comes.
    pub(crate) skip: Option<Skip>,
    /// Whether its next request waits for the end of CLIENT PAUSE.
    pub(crate) is_postponed: bool,
    /// Whether its peer takes no replies, so that its requests wait.
    pub(crate) is_paused: bool,
    /// Whether it is queued to go on with `pending`.
    pub(crate) is_runnable: bool,
    /// What it keeps in the engine, as it was last counted for `maxmemory-clients`.
    pub(crate) noted_bytes: usize,
    /// Bytes received so far.
    pub bytes_in: u64,
    /// Bytes sent so far.
    pub bytes_out: u64,
    /// Commands run so far.
    pub commands: u64,
}

impl Connection {
    /// A client that has just connected.
    pub(crate) fn new(client_id: u64, peer: Peer<'_>, now: u64, is_authenticated: bool) -> Connection {
        Connection {
            client_id,
            addr: peer.addr.into(),
            laddr: peer.laddr.into(),
            is_unix: peer.unix,
            name: Vec::new(),
            lib_name: Vec::new(),
            lib_ver: Vec::new(),
            protocol: Protocol::Resp2,
            db: 0,
            is_authenticated,
            user: DEFAULT_USER,
            restrictions: Restrictions::default(),
            tracking: None,
            has_tracked: false,
            written_by: 0,
            reply_mode: ReplyMode::On,
            no_evict: false,
            no_touch: false,
            handled_bytes: 0,
            transaction: None,
            watched: OrderedSet::new(),
            is_dirty: false,
            is_monitor: false,
            subscriptions: Subscriptions::default(),
            blocked: None,
            created: now,
            last_active: now,
            last_command: None,
            is_closing: false,
            pending: Vec::new(),
            parser: Parser::default(),
            ranges: Vec::new(),
            skip: None,
            is_postponed: false,
            is_paused: false,
            is_runnable: false,
            noted_bytes: 0,
            bytes_in: 0,
            bytes_out: 0,
            commands: 0,
        }
    }

    /// Whether its requests need no more than their handlers, and their replies are sent.
    #[inline]
    pub(crate) fn takes_fast_path(&self) -> bool {
        self.restrictions.is_none()
            && self.transaction.is_none()
            && self.reply_mode == ReplyMode::On
            && !self.is_subscribed_only()
    }

    /// Whether its next request may run: it does not wait for a key or for the end of a pause, its peer takes replies,
    /// and it is not about to be closed.
    pub(crate) fn may_run(&self) -> bool {
        self.blocked.is_none() && !self.is_postponed && !self.is_paused && !self.is_closing
    }

    /// Bytes of input that wait, in the query buffer's sense.
    pub fn pending_bytes(&self) -> usize {
        self.pending.len()
    }

    /// Whether only the commands of the subscribed mode may run.
    pub fn is_subscribed_only(&self) -> bool {
        self.protocol == Protocol::Resp2 && self.subscriptions.is_any()
    }
}

/// Ends all watches of a connection.
pub(crate) fn unwatch_all(store: &mut Store, connection: &mut Connection, conn: ConnId) {
    for (db, key) in core::mem::take(&mut connection.watched) {
        store.unwatch(db, &key, conn);
    }
    connection.is_dirty = false;
}
