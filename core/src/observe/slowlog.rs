//! The log of commands that took long.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Observer, is_secret};
use crate::acl;
use crate::base::memory::ELEMENT_BYTES;
use crate::command::Command;
use crate::resp::args::Args;
use crate::server::Server;
use crate::server::connection::ConnId;

/// Arguments kept of a request; the last one then says how many there are more.
const ARGUMENTS_MAX: usize = 32;
/// Bytes kept of an argument.
const ARGUMENT_BYTES_MAX: usize = 128;

/// A command that took long.
pub struct Entry {
    /// Never used twice.
    pub id: u64,
    /// Unix time in seconds.
    pub at: u64,
    /// How long it took, in microseconds, or how large it was, in bytes.
    pub amount: u64,
    /// Its arguments, shortened.
    pub args: Vec<Vec<u8>>,
    /// The client's address.
    pub addr: String,
    /// The client's name.
    pub name: Vec<u8>,
}

/// The latest of them.
#[derive(Default)]
pub struct SlowLog {
    /// `slowlog-log-slower-than`, in microseconds; negative logs nothing.
    pub threshold_micros: i64,
    /// The latest first.
    pub entries: VecDeque<Entry>,
    next_id: u64,
    max_len: usize,
}

impl SlowLog {
    pub(super) fn wants(&self, micros: u64) -> bool {
        self.threshold_micros >= 0 && micros >= self.threshold_micros as u64 && self.max_len > 0
    }

    pub(super) fn set_max_len(&mut self, len: usize) {
        self.max_len = len;
        // Redis shortens the log with the next entry as well; until then SLOWLOG LEN tells the old length.
    }

    /// Whether it keeps anything.
    pub(super) fn has_room(&self) -> bool {
        self.max_len > 0
    }

    fn push(&mut self, entry: Entry) {
        self.entries.push_front(entry);
        self.entries.truncate(self.max_len);
        self.next_id += 1;
    }
}

/// Keeps a command in one of the logs, with what is remarkable of it.
pub(super) fn add(
    server: &mut Server,
    which: impl Fn(&mut Observer) -> &mut SlowLog,
    conn: ConnId,
    parent: Option<&Command>,
    row: &Command,
    args: Args<'_>,
    amount: u64,
) {
    let at = server.now / 1_000_000;
    let connection = server.connection(conn);
    let (addr, name) = (connection.addr.clone(), connection.name.clone());
    let log = which(&mut server.observer);
    let bytes =
        args.len().min(ARGUMENTS_MAX) * (ARGUMENT_BYTES_MAX + ELEMENT_BYTES) + addr.len() + name.len();
    // Commands run when there is no memory to take note of them, too.
    if !acl::make_room(&mut log.entries, bytes.min(args.memory_bytes() + ELEMENT_BYTES), &mut server.memory) {
        return;
    }
    let entry = Entry { id: log.next_id, at, amount, args: shortened(parent, row, args), addr, name };
    log.push(entry);
}

fn shortened(parent: Option<&Command>, row: &Command, args: Args<'_>) -> Vec<Vec<u8>> {
    let is_cut = args.len() > ARGUMENTS_MAX;
    let kept = if is_cut { ARGUMENTS_MAX - 1 } else { args.len() };
    let mut shown: Vec<Vec<u8>> = Vec::with_capacity(kept + 1);
    for index in 0..kept {
        let arg = args.at(index);
        shown.push(if is_secret(parent, row, args, index) {
            b"(redacted)".to_vec()
        } else if arg.len() > ARGUMENT_BYTES_MAX {
            let more = alloc::format!("... ({} more bytes)", arg.len() - ARGUMENT_BYTES_MAX);
            [&arg[..ARGUMENT_BYTES_MAX], more.as_bytes()].concat()
        } else {
            arg.to_vec()
        });
    }
    if is_cut {
        shown.push(alloc::format!("... ({} more arguments)", args.len() - kept).into_bytes());
    }
    shown
}
