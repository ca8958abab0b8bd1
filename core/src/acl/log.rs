//! What was refused, for ACL LOG.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use crate::base::memory::{ELEMENT_BYTES, GROWTH_GRANTED_BYTES, Memory, Purpose};

/// Entries of the same kind that follow each other within this time count as one, in milliseconds.
const GROUPED_MILLIS: u64 = 60_000;
/// Latest entries that a new one is compared with.
const COMPARED_MAX: usize = 10;

/// Why something was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reason {
    /// A wrong name or password.
    Auth,
    /// The command.
    Command,
    /// A key.
    Key,
    /// A channel.
    Channel,
}

impl Reason {
    /// The name in ACL LOG.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Reason::Auth => "auth",
            Reason::Command => "command",
            Reason::Key => "key",
            Reason::Channel => "channel",
        }
    }
}

/// In which context it was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AclContext {
    /// On its own.
    TopLevel,
    /// In a transaction.
    Multi,
    /// In a script.
    Lua,
}

impl AclContext {
    /// The name in ACL LOG.
    pub(crate) fn name(self) -> &'static str {
        match self {
            AclContext::TopLevel => "toplevel",
            AclContext::Multi => "multi",
            AclContext::Lua => "lua",
        }
    }
}

/// Something that was refused, perhaps several times.
pub(crate) struct LogEntry {
    pub(crate) count: u64,
    pub(crate) reason: Reason,
    pub(crate) context: AclContext,
    /// The command, key or channel; for logins the command that was used.
    pub(crate) object: Vec<u8>,
    pub(crate) user: Vec<u8>,
    /// The client as CLIENT INFO shows it, at the last time.
    pub(crate) client: Vec<u8>,
    pub(crate) id: u64,
    /// Unix milliseconds.
    pub(crate) created: u64,
    /// Unix milliseconds.
    pub(crate) updated: u64,
}

impl LogEntry {
    fn memory_bytes(&self) -> usize {
        self.object.len() + self.user.len() + self.client.len() + ELEMENT_BYTES
    }

    fn is_like(&self, other: &LogEntry) -> bool {
        self.reason == other.reason
            && self.context == other.context
            && self.updated.abs_diff(other.updated) <= GROUPED_MILLIS
            && self.object == other.object
            && self.user == other.user
    }
}

/// Makes room for one more entry with so many bytes of its own at the front of a log, if need be by taking away the
/// last; `false` if there is none, and then nothing is to be noted.
pub(crate) fn make_room<T>(entries: &mut VecDeque<T>, bytes: usize, memory: &mut Memory) -> bool {
    if memory.take(bytes).is_err() {
        return false;
    }
    if entries.len() == entries.capacity() {
        let doubled = 2 * entries.capacity() * size_of::<T>();
        if doubled > GROWTH_GRANTED_BYTES && !memory.has_for(Purpose::Data, doubled) {
            entries.pop_back();
        }
    }
    true
}

/// The latest entries, and how much was refused altogether.
#[derive(Default)]
pub(crate) struct Log {
    /// The latest one first.
    pub(crate) entries: VecDeque<LogEntry>,
    next_id: u64,
    /// How often each reason was met.
    denied: [u64; 4],
}

impl Log {
    /// Takes note of an entry, of which at most `len_max` are kept.
    /// When there is no memory for one more, the oldest goes for it.
    pub(crate) fn add(&mut self, new: LogEntry, len_max: usize, memory: &mut Memory) {
        self.denied[new.reason as usize] += 1;
        let known = self.entries.iter().take(COMPARED_MAX).position(|known| known.is_like(&new));
        if let Some(mut entry) = known.and_then(|at| self.entries.remove(at)) {
            entry.count += 1;
            entry.client = new.client;
            entry.updated = new.updated;
            self.entries.push_front(entry);
        } else if len_max > 0 && make_room(&mut self.entries, new.memory_bytes(), memory) {
            let id = self.next_id;
            self.next_id += 1;
            self.entries.push_front(LogEntry { id, ..new });
        }
        self.entries.truncate(len_max);
    }

    /// The lines of INFO: how often each reason was met.
    pub(crate) fn counts(&self) -> [(&'static str, String); 4] {
        let count = |reason: Reason| alloc::format!("{}", self.denied[reason as usize]);
        [
            ("acl_access_denied_auth", count(Reason::Auth)),
            ("acl_access_denied_cmd", count(Reason::Command)),
            ("acl_access_denied_key", count(Reason::Key)),
            ("acl_access_denied_channel", count(Reason::Channel)),
        ]
    }
}
