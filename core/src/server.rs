//! Everything of an engine besides its data: connections, configuration, counters.

use alloc::boxed::Box;
use alloc::collections::{BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;

use crate::args::Args;
use crate::command::Lookup;
use crate::config::{Config, Options};
use crate::connection::{ConnId, Connection};
use crate::memory::Memory;
use crate::output::Class;
use crate::pubsub::PubSub;
use crate::resp::Reply;

/// Counters for INFO.
#[derive(Default)]
pub struct Stats {
    /// Connections accepted.
    pub connections: u64,
    /// Connections refused because there were too many.
    pub rejected: u64,
    /// Commands processed.
    pub commands: u64,
    /// Error replies.
    pub error_replies: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
}

/// Messages that the running command sends to many connections: each is written once and delivered as often
/// as there are receivers.
#[derive(Default)]
pub(crate) struct Broadcast {
    /// The messages, one after the other.
    pub(crate) bytes: Vec<u8>,
    /// Who gets which bytes, in order: start and end.
    pub(crate) deliveries: Vec<(ConnId, usize, usize)>,
}

/// See the module's description.
pub struct Server {
    connections: Vec<Option<Box<Connection>>>,
    free: Vec<ConnId>,
    /// Output for connections other than the one whose command runs, by connection.
    side: Vec<Vec<u8>>,
    /// Connections with something in `side`.
    pub(crate) side_dirty: Vec<ConnId>,
    /// Messages to be delivered after the running command.
    pub(crate) broadcast: Broadcast,
    next_client_id: u64,
    /// Open connections.
    pub connected: usize,
    /// Settings.
    pub config: Config,
    /// The command table, by name.
    pub lookup: Lookup,
    /// Channels and patterns.
    pub pubsub: PubSub,
    /// Counters.
    pub stats: Stats,
    /// Deadlines of waiting connections, in unix microseconds.
    pub timers: BTreeSet<(u64, ConnId)>,
    /// Connections to be closed after the running command, once their output is taken.
    pub closing: Vec<ConnId>,
    /// Settings that the host must hear of.
    pub settings: Vec<(String, String)>,
    /// Whether SHUTDOWN was accepted.
    pub is_shutdown: bool,
    /// Connections whose kept input can be processed.
    pub(crate) runnable: VecDeque<ConnId>,
    /// Connections that wait for a key.
    pub blocked: usize,
    /// The time of the running command, in unix microseconds.
    pub now: u64,
    /// When the engine began, in unix microseconds.
    pub started: u64,
    /// Forty hexadecimal digits that tell this run from others.
    pub run_id: String,
    /// The number of the process; 0 where there is none.
    pub process_id: u32,
    /// Bytes that the embedder's allocator has given out.
    pub memory_used: fn() -> usize,
    /// What is left of memory.
    pub memory: Memory,
}

impl Server {
    pub(crate) fn new(options: Options, run_id: String, now: u64) -> Server {
        Server {
            connections: Vec::new(),
            free: Vec::new(),
            side: Vec::new(),
            side_dirty: Vec::new(),
            broadcast: Broadcast::default(),
            next_client_id: 1,
            connected: 0,
            config: options.config,
            lookup: Lookup::new(),
            pubsub: PubSub::default(),
            stats: Stats::default(),
            timers: BTreeSet::new(),
            closing: Vec::new(),
            settings: Vec::new(),
            is_shutdown: false,
            runnable: VecDeque::new(),
            blocked: 0,
            now,
            started: now,
            run_id,
            process_id: options.process_id,
            memory_used: options.memory_used,
            memory: Memory::new(options.memory_available),
        }
    }

    /// The connection with this id, which is open.
    #[inline]
    pub fn connection(&mut self, conn: ConnId) -> &mut Connection {
        self.connections[conn as usize].as_mut().expect("the engine only keeps ids of open connections")
    }

    /// The connection with this id, if it is open.
    pub fn get(&mut self, conn: ConnId) -> Option<&mut Connection> {
        self.connections.get_mut(conn as usize)?.as_deref_mut()
    }

    /// All open connections, the oldest first.
    pub fn connections(&self) -> Vec<(ConnId, &Connection)> {
        let mut all: Vec<_> = self
            .connections
            .iter()
            .enumerate()
            .filter_map(|(id, connection)| Some((id as ConnId, connection.as_deref()?)))
            .collect();
        all.sort_by_key(|(_, connection)| connection.client_id);
        all
    }

    /// The open connection with this client id.
    pub fn find_client(&self, client_id: u64) -> Option<ConnId> {
        self.connections().into_iter().find(|(_, other)| other.client_id == client_id).map(|(conn, _)| conn)
    }

    pub(crate) fn add(&mut self, make: impl FnOnce(u64) -> Connection) -> ConnId {
        let client_id = self.next_client_id;
        self.next_client_id += 1;
        let connection = Some(Box::new(make(client_id)));
        self.connected += 1;
        match self.free.pop() {
            Some(conn) => {
                self.connections[conn as usize] = connection;
                conn
            }
            None => {
                self.connections.push(connection);
                self.side.push(Vec::new());
                (self.connections.len() - 1) as ConnId
            }
        }
    }

    pub(crate) fn delete(&mut self, conn: ConnId) {
        if let Some(connection) = self.connections[conn as usize].take() {
            self.connected -= 1;
            if connection.is_runnable {
                // The id may soon name another connection.
                self.runnable.retain(|&other| other != conn);
            }
            self.side[conn as usize].clear();
            self.free.push(conn);
        }
    }

    /// Where to write what is not a part of the running command's reply, for any connection: it is sent after
    /// that reply.
    pub fn output_of(&mut self, conn: ConnId) -> Reply<'_> {
        let protocol = self.connection(conn).protocol;
        let side = &mut self.side[conn as usize];
        if side.is_empty() {
            self.side_dirty.push(conn);
        }
        Reply::new(side, protocol)
    }

    /// What was written for a connection while others ran; the caller gives the buffer back.
    #[inline]
    pub(crate) fn side(&mut self, conn: ConnId) -> &mut Vec<u8> {
        &mut self.side[conn as usize]
    }

    /// Gives a buffer back that was taken from [`Server::side`], with what is still to be sent.
    pub(crate) fn put_side(&mut self, conn: ConnId, mut out: Vec<u8>) {
        let side = &mut self.side[conn as usize];
        let (had_noted, has_more) = (!side.is_empty(), !out.is_empty());
        out.append(side);
        *side = out;
        if has_more && !had_noted {
            self.side_dirty.push(conn);
        }
    }

    /// Which limit for unsent bytes a connection has.
    pub(crate) fn class(&self, conn: ConnId) -> Class {
        match self.connections.get(conn as usize).and_then(|connection| connection.as_deref()) {
            Some(connection) if connection.subscriptions.is_any() => Class::Pubsub,
            _ => Class::Normal,
        }
    }

    /// Closes a connection after the running command.
    pub fn close(&mut self, conn: ConnId) {
        if let Some(connection) = self.get(conn)
            && !connection.is_closing
        {
            connection.is_closing = true;
            self.closing.push(conn);
        }
    }

    /// Whether nothing about a connection, or about the whole server, asks for more than running the handlers of its
    /// requests.
    #[inline]
    pub(crate) fn is_plain(&mut self, conn: ConnId) -> bool {
        self.side[conn as usize].is_empty() && self.closing.is_empty() && self.connection(conn).is_plain()
    }

    /// Sets memory aside for what a request may take; `false` if that needs a closer look.
    #[inline]
    pub(crate) fn takes(&mut self, args: Args<'_>) -> bool {
        !self.is_out_of_memory() && self.memory.take(args.memory_bytes()).is_ok()
    }

    /// Puts a connection in line to go on with the input that was kept.
    pub(crate) fn make_runnable(&mut self, conn: ConnId) {
        let connection = self.connection(conn);
        if !connection.is_runnable && !connection.pending.is_empty() {
            connection.is_runnable = true;
            self.runnable.push_back(conn);
        }
    }

    /// Whether a command that may take memory must be refused.
    #[inline]
    pub fn is_out_of_memory(&self) -> bool {
        let limit = self.config.memory_limit();
        limit != 0 && (self.memory_used)() > limit
    }
}
