//! What the engine wants done, and the buffers behind it.

use alloc::string::String;
use alloc::vec::Vec;
use core::mem;
use core::ops::Range;

use crate::base::memory::{Memory, Purpose};
use crate::engine::{Engine, Loaded};
use crate::server::SaveKind;
use crate::server::connection::ConnId;
use crate::server::host_request::HostRequest;

/// A setting that only the host knows: `yes` or `no`, whether the default user, as whom everyone begins, needs a
/// password. Protected mode depends on it.
pub const DEFAULT_USER_GUARDED: &str = "default-user-guarded";

/// Something for the host to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Output<'a> {
    /// Send these bytes to a connection.
    Write {
        /// To whom.
        conn: ConnId,
        /// What.
        bytes: &'a [u8],
        /// Which limit for unsent bytes holds.
        class: Class,
    },
    /// Close a connection after the writes before this; the engine has forgotten it.
    Close {
        /// Whom.
        conn: ConnId,
    },
    /// Make these commands durable, or replicate them, before the writes that follow are sent.
    Append {
        /// RESP commands. Those of a call may come in several pieces, one directly after the other.
        bytes: &'a [u8],
        /// The database that the first of them is about unless it says another; `None` if it does.
        db: Option<u32>,
    },
    /// Files were loaded up to an end, which [`Engine::load_end`](crate::Engine::load_end) has told.
    Loaded(Loaded),
    /// They cannot be loaded.
    LoadFailed {
        /// Why.
        why: &'a str,
    },
    /// All data shall be saved: see [`StorageEvent::SaveBegun`](crate::StorageEvent).
    SaveWanted {
        /// Into what.
        kind: SaveKind,
    },
    /// A setting that the host acts on was changed, or [`DEFAULT_USER_GUARDED`].
    Setting {
        /// Its name.
        name: &'a str,
        /// Its new value.
        value: &'a str,
    },
    /// Do something with the server's files, then call [`Engine::answer`](crate::Engine::answer): until then
    /// everything waits.
    HostRequest {
        /// What.
        request: HostRequest,
        /// With which text.
        text: &'a [u8],
    },
    /// Stop the server gracefully.
    Shutdown,
    /// The next bytes of the snapshot's file.
    Snapshot {
        /// Them.
        bytes: &'a [u8],
        /// How much of the snapshot is written, in thousandths of its keys.
        saved: u32,
    },
    /// The snapshot's file is whole.
    SnapshotEnd {
        /// How many keys it has.
        keys: u64,
    },
    /// The snapshot has ended without being whole; what was written of its file is to be thrown away.
    SnapshotFailed {
        /// Why.
        text: &'a str,
    },
}

/// The classes of clients in `client-output-buffer-limit`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// Clients that send requests.
    Normal,
    /// Clients with at least one subscription.
    Pubsub,
}

/// Outputs in order; byte strings lie one after the other in an arena.
#[derive(Default)]
pub(crate) struct Outbox {
    pub(crate) arena: Vec<u8>,
    /// What there was no room for in the arena.
    blocks: Vec<Vec<u8>>,
    items: Vec<Item>,
    /// Bytes of all writes; those that several connections get count for each.
    bytes: usize,
    polled: usize,
    is_drained: bool,
}

enum Item {
    Write { conn: ConnId, start: usize, end: usize, class: Class },
    WriteBlock { conn: ConnId, block: usize, start: usize, end: usize, class: Class },
    Close(ConnId),
    Setting(String, String),
    HostRequest(HostRequest, Vec<u8>),
    Loaded(Loaded),
    LoadFailed(String),
    SaveWanted(SaveKind),
    Shutdown,
    Snapshot(Vec<u8>, u32),
    SnapshotEnd(u64),
    SnapshotFailed(&'static str),
}

/// Outputs per batch, after which the rest of the input waits for the next one.
const OUTPUTS_MAX: usize = 1 << 16;
/// Capacity that an empty arena keeps, in bytes; a larger one is given back after an exceptional batch.
const ARENA_KEPT_BYTES_MAX: usize = 4 << 20;
/// Capacity that a connection's buffer for messages keeps while it is empty, in bytes.
const DEFERRED_KEPT_BYTES_MAX: usize = 16 << 10;
/// Room that a request finds in the arena, so that it can be answered by a word or an error whatever is left of memory, in
/// bytes.
const SLACK_BYTES: usize = 512;
/// And places for outputs.
const SLACK_ITEMS: usize = 16;

/// Where bytes lie that were placed.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    /// In the arena, from here on.
    Arena(usize),
    /// In a block of their own.
    Block(usize),
}

impl Outbox {
    /// Forgets what the host has taken.
    #[inline]
    pub(crate) fn reset_if_drained(&mut self) {
        if self.is_drained {
            self.is_drained = false;
            self.polled = 0;
            self.items.clear();
            self.bytes = 0;
            self.arena.clear();
            if !self.blocks.is_empty() {
                self.blocks = Vec::new();
            }
            if self.arena.capacity() > ARENA_KEPT_BYTES_MAX {
                self.arena = Vec::new();
            }
        }
    }

    /// Whether there are no outputs but what the arena holds without one.
    #[inline]
    pub(crate) fn holds_only_bytes(&self) -> bool {
        self.items.is_empty()
    }

    /// Those bytes, which the host takes now.
    #[inline]
    pub(crate) fn take_bytes(&mut self) -> &[u8] {
        self.is_drained = true;
        &self.arena
    }

    /// Gives back the memory that is kept for the next outputs; `false` if there is none, or the host has not taken all.
    #[cold]
    pub(crate) fn give_back(&mut self) -> bool {
        let is_kept = self.items.is_empty() && self.arena.capacity() > 0;
        if is_kept {
            self.arena = Vec::new();
            self.items = Vec::new();
        }
        is_kept
    }

    /// Says that the arena's bytes from `start` on are for `conn`.
    #[inline]
    pub(crate) fn written(&mut self, conn: ConnId, start: usize, class: Class) {
        let end = self.arena.len();
        if start == end {
            return;
        }
        self.bytes += end - start;
        if let Some(Item::Write { conn: last, end: last_end, class: last_class, .. }) = self.items.last_mut()
            && *last == conn
            && *last_end == start
        {
            *last_end = end;
            *last_class = class;
            return;
        }
        self.items.push(Item::Write { conn, start, end, class });
    }

    /// Takes bytes over: into the arena or, where there is no memory for that, as they are.
    pub(crate) fn place(&mut self, bytes: &mut Vec<u8>, memory: Memory) -> Place {
        let start = self.arena.len();
        if memory.reserve(&mut self.arena, bytes.len()) {
            self.arena.append(bytes);
            return Place::Arena(start);
        }
        self.blocks.push(mem::take(bytes));
        Place::Block(self.blocks.len() - 1)
    }

    /// Says that a part of what was placed is for `conn`, and perhaps for others as well.
    pub(crate) fn written_shared(&mut self, conn: ConnId, place: Place, part: Range<usize>, class: Class) {
        self.bytes += part.len();
        self.items.push(match place {
            Place::Arena(at) => Item::Write { conn, start: at + part.start, end: at + part.end, class },
            Place::Block(block) => Item::WriteBlock { conn, block, start: part.start, end: part.end, class },
        });
    }

    /// How many of so many outputs there is memory for.
    pub(crate) fn reserve(&mut self, outputs: usize, memory: Memory) -> usize {
        let has_room = memory.reserve(&mut self.items, outputs + SLACK_ITEMS);
        let spare = self.items.capacity() - self.items.len();
        if has_room { outputs } else { spare.saturating_sub(SLACK_ITEMS).min(outputs) }
    }

    /// Whether the next request can be answered. If not, the host has to take what there is before.
    #[inline]
    pub(crate) fn has_slack(&mut self, memory: Memory) -> bool {
        let (bytes, items) =
            (self.arena.capacity() - self.arena.len(), self.items.capacity() - self.items.len());
        (bytes >= SLACK_BYTES && items >= SLACK_ITEMS) || self.get_slack(memory)
    }

    #[cold]
    fn get_slack(&mut self, memory: Memory) -> bool {
        (memory.reserve(&mut self.arena, SLACK_BYTES) && memory.reserve(&mut self.items, SLACK_ITEMS))
            // There is nothing to take: what little there is has to do.
            || (self.items.is_empty() && self.arena.is_empty())
    }

    /// Whether the host should take the outputs before there are more.
    #[inline]
    pub(crate) fn is_full(&self, bytes_max: usize) -> bool {
        self.bytes >= bytes_max || self.items.len() >= OUTPUTS_MAX
    }

    /// The same, with the arena's bytes from `unclaimed` on that no output names yet.
    #[inline]
    pub(crate) fn is_full_with(&self, unclaimed: usize, bytes_max: usize) -> bool {
        self.bytes + (self.arena.len() - unclaimed) >= bytes_max || self.items.len() >= OUTPUTS_MAX
    }

    /// The length of the arena at which [`Outbox::is_full_with`] becomes true, or [`Outbox::has_slack`] false as it is.
    #[inline]
    pub(crate) fn full_at(&self, unclaimed: usize, bytes_max: usize) -> usize {
        if self.items.len() >= OUTPUTS_MAX {
            return 0;
        }
        let slack_at = self.arena.capacity().saturating_sub(SLACK_BYTES);
        (unclaimed + bytes_max).saturating_sub(self.bytes).min(slack_at)
    }

    pub(crate) fn close(&mut self, conn: ConnId) {
        self.items.push(Item::Close(conn));
    }

    pub(crate) fn setting(&mut self, name: String, value: String) {
        self.items.push(Item::Setting(name, value));
    }

    pub(crate) fn host_request(&mut self, request: HostRequest, text: Vec<u8>) {
        self.items.push(Item::HostRequest(request, text));
    }

    pub(crate) fn loaded(&mut self, outcome: Result<Loaded, String>) {
        self.items.push(outcome.map_or_else(Item::LoadFailed, Item::Loaded));
    }

    pub(crate) fn save_wanted(&mut self, kind: SaveKind) {
        self.items.push(Item::SaveWanted(kind));
    }

    pub(crate) fn shutdown(&mut self) {
        self.items.push(Item::Shutdown);
    }

    pub(crate) fn snapshot(&mut self, bytes: Vec<u8>, saved: u32) {
        if !bytes.is_empty() {
            self.items.push(Item::Snapshot(bytes, saved));
        }
    }

    pub(crate) fn snapshot_end(&mut self, keys: u64) {
        self.items.push(Item::SnapshotEnd(keys));
    }

    pub(crate) fn snapshot_failed(&mut self, text: &'static str) {
        self.items.push(Item::SnapshotFailed(text));
    }

    #[inline]
    pub(crate) fn poll(&mut self) -> Option<Output<'_>> {
        let Some(item) = self.items.get(self.polled) else {
            self.is_drained = true;
            return None;
        };
        self.polled += 1;
        Some(match item {
            Item::Write { conn, start, end, class } => {
                Output::Write { conn: *conn, bytes: &self.arena[*start..*end], class: *class }
            }
            Item::WriteBlock { conn, block, start, end, class } => {
                Output::Write { conn: *conn, bytes: &self.blocks[*block][*start..*end], class: *class }
            }
            Item::Close(conn) => Output::Close { conn: *conn },
            Item::Setting(name, value) => Output::Setting { name, value },
            Item::HostRequest(request, text) => Output::HostRequest { request: *request, text },
            Item::Loaded(loaded) => Output::Loaded(*loaded),
            Item::LoadFailed(why) => Output::LoadFailed { why },
            Item::SaveWanted(kind) => Output::SaveWanted { kind: *kind },
            Item::Shutdown => Output::Shutdown,
            Item::Snapshot(bytes, saved) => Output::Snapshot { bytes, saved: *saved },
            Item::SnapshotEnd(keys) => Output::SnapshotEnd { keys: *keys },
            Item::SnapshotFailed(text) => Output::SnapshotFailed { text },
        })
    }
}

impl Engine {
    /// Hands the messages of the last command to their receivers, all of which share the same bytes.
    pub(super) fn deliver(&mut self) {
        if self.server.broadcast.deliveries.is_empty() {
            return;
        }
        let memory = self.server.memory;
        let place = self.outbox.place(&mut self.server.broadcast.bytes, memory);
        for (conn, start, end) in mem::take(&mut self.server.broadcast.deliveries) {
            if !self.server.deferred(conn).is_empty() {
                self.flush_side(conn);
            }
            if self.outbox.reserve(1, memory) == 0 {
                // It would miss this.
                self.server.close(conn);
                continue;
            }
            self.server.stats.bytes_out += (end - start) as u64;
            self.outbox.written_shared(conn, place, start..end, Class::Pubsub);
        }
        self.server.broadcast.bytes.clear();
    }

    /// Hands on what a connection gets besides the replies to its own requests.
    pub(super) fn flush_side(&mut self, conn: ConnId) {
        let mut deferred = mem::take(self.server.deferred(conn));
        let (class, len) = (self.server.class(conn), deferred.len());
        match self.outbox.place(&mut deferred, self.server.memory) {
            Place::Arena(start) => self.outbox.written(conn, start, class),
            place => self.outbox.written_shared(conn, place, 0..len, class),
        }
        // The buffer is given back, so that steady traffic allocates nothing.
        if deferred.capacity() <= DEFERRED_KEPT_BYTES_MAX
            && self.server.memory.has_for(Purpose::Data, DEFERRED_KEPT_BYTES_MAX)
        {
            *self.server.deferred(conn) = deferred;
        }
    }
}
