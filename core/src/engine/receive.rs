//! Input that cannot be processed at once: it is kept, or refused where there is no memory for it.
//!
//! A request that cannot be kept costs itself and nothing else. A short one that is refused stands in its place, so that
//! replies keep their order, and what is still to come of it is passed over.

use alloc::vec::Vec;
use core::mem;

use super::Engine;
use crate::base::error::Error;
use crate::base::memory::Purpose;
use crate::engine::admit::REFUSED_NAME;
use crate::resp::args::Args;
use crate::resp::{Parsed, Parser, Skip, Skipped};
use crate::server::client_eviction;
use crate::server::connection::ConnId;
use crate::server::eviction;

/// Kept input of so many bytes is received as long as there is any memory.
const INPUT_GRANTED_BYTES: usize = 64 << 10;
/// Input for which there is no memory is looked at in parts of so many bytes.
const PART_BYTES: usize = 4 << 10;
/// What a refused request is replaced with.
const REFUSED: &[u8] = b"*1\r\n$8\r\n\0refused\r\n";

/// What became of input that was to be kept.
struct Kept<'a> {
    /// What is still to be received.
    rest: &'a [u8],
    /// Whether a request was refused.
    is_refused: bool,
}

impl Engine {
    /// Processes input or keeps it; returns what is still to be received.
    pub(super) fn receive<'a>(&mut self, conn: ConnId, bytes: &'a [u8]) -> &'a [u8] {
        let is_asleep = self.server.is_asleep();
        let Some(connection) = self.server.get(conn) else { return &[] };
        if connection.is_closing {
            return &[];
        }
        if let Some(skip) = &mut connection.skip {
            let skipped = skip.feed(bytes);
            return self.skipped(conn, skipped, bytes);
        }
        let has_pending = !connection.pending.is_empty();
        // One that stands in line goes on in its turn.
        let must_wait = is_asleep || connection.is_runnable || !connection.may_run();
        self.unclaimed = self.outbox.arena.len();
        if must_wait {
            return self.keep(conn, bytes, Purpose::Backlog).rest;
        }
        if self.is_full() {
            // The replies to all requests of a batch must not lie in memory at once.
            let kept = self.keep(conn, bytes, Purpose::Backlog);
            if self.server.get(conn).is_some() {
                self.server.make_runnable(conn);
            }
            return kept.rest;
        }
        if has_pending {
            let kept = self.keep(conn, bytes, Purpose::Input);
            self.process_pending(conn);
            return kept.rest;
        }
        let (consumed, is_drained) = self.process(conn, bytes);
        if consumed == bytes.len() || self.server.get(conn).is_none() {
            return &[];
        }
        if !is_drained {
            return self.keep(conn, &bytes[consumed..], Purpose::Backlog).rest;
        }
        let kept = self.keep(conn, &bytes[consumed..], Purpose::Input);
        if kept.is_refused {
            self.process_pending(conn);
        }
        kept.rest
    }

    fn process_pending(&mut self, conn: ConnId) {
        if let Some(connection) = self.server.get(conn)
            && !connection.is_closing
        {
            let input = mem::take(&mut connection.pending);
            self.process_kept(conn, input);
        }
    }

    pub(super) fn process_kept(&mut self, conn: ConnId, mut input: Vec<u8>) {
        let (consumed, _) = self.process(conn, &input);
        if let Some(connection) = self.server.get(conn) {
            input.drain(..consumed);
            if input.is_empty() && input.capacity() > 64 << 10 {
                input = Vec::new();
            }
            connection.pending = input;
        }
        if self.server.config.maxmemory_clients != 0 {
            client_eviction::note(&mut self.server, conn);
        }
    }

    /// Keeps input for later, as far as there is memory for it.
    fn keep<'a>(&mut self, conn: ConnId, bytes: &'a [u8], purpose: Purpose) -> Kept<'a> {
        let connection = self.server.connection(conn);
        if connection.is_closing {
            return Kept { rest: &[], is_refused: false };
        }
        // A long argument is received into a buffer of its size, unless its announcement may be a lie: then the buffer
        // doubles.
        let len = connection.pending.len();
        let wanted = connection.parser.wanted(len).min((1 << 20).max(len)).max(bytes.len());
        let mut pending = mem::take(&mut connection.pending);
        // What ends a short request, or tells how long it is, may come in front of much more.
        let part = bytes.len().min(PART_BYTES);
        let taken = if bytes.len() <= pending.capacity() - len
            || self.make_room(&mut pending, wanted, purpose)
            || self.make_room(&mut pending, bytes.len(), purpose)
        {
            Some(bytes.len())
        } else if purpose == Purpose::Input
            && len + part <= INPUT_GRANTED_BYTES
            && self.make_room(&mut pending, part, purpose)
        {
            Some(part)
        } else {
            None
        };
        pending.extend_from_slice(&bytes[..taken.unwrap_or(0)]);
        self.server.connection(conn).pending = pending;
        match taken {
            Some(taken) => Kept { rest: &bytes[taken..], is_refused: false },
            None => self.pass_over(conn, bytes),
        }
    }

    /// Lets a buffer grow by so many bytes, if need be after keys have been evicted. Half-sent requests must not take
    /// what others need to write, so that an eighth of memory is theirs alone.
    fn make_room(&mut self, pending: &mut Vec<u8>, more: usize, purpose: Purpose) -> bool {
        let (store, server) = (&mut self.store, &mut self.server);
        let hard = server.config.memory_bytes_max;
        let len = pending.len() + more;
        if hard != 0 && len > INPUT_GRANTED_BYTES.max(pending.capacity()) {
            let Some(most) = (hard - hard / 8).checked_sub(len) else { return false };
            if (server.memory_used)() > most && !eviction::evict_to(store, server, most) {
                return false;
            }
        }
        eviction::reserve(store, server, purpose, pending, more)
    }

    /// Refuses the request for which there is no memory: the last one of what was kept, which goes on in `bytes`.
    #[cold]
    fn pass_over<'a>(&mut self, conn: ConnId, bytes: &'a [u8]) -> Kept<'a> {
        let connection = self.server.connection(conn);
        let mut pending = mem::take(&mut connection.pending);
        let mut parser = mem::take(&mut connection.parser);
        connection.ranges = Vec::new();
        // A request that is partly read begins at the front. What waits has not been read.
        let start = if parser.is_within() { 0 } else { self.last_start(&pending, &mut parser) };
        if !parser.is_within() {
            self.refuse(conn, &Error::OutOfMemory);
            return Kept { rest: &[], is_refused: true };
        }
        let kept = &pending[parser.position.min(pending.len())..];
        let (mut skip, skipped) = Skip::after(&parser, kept);
        let (end, rest) = match skipped {
            Skipped::Done(used) => (parser.position + used, bytes),
            Skipped::More => (pending.len(), &bytes[parser.position.saturating_sub(pending.len())..]),
            Skipped::Broken => {
                self.refuse(conn, &Error::Text(BROKEN));
                return Kept { rest: &[], is_refused: true };
            }
        };
        pending.drain(start..end);
        pending.shrink_to(INPUT_GRANTED_BYTES);
        let has_room = self.server.memory.reserve_for(Purpose::Control, &mut pending, REFUSED.len());
        if has_room {
            pending.splice(start..start, REFUSED.iter().copied());
        }
        self.server.connection(conn).pending = pending;
        if !has_room {
            self.refuse(conn, &Error::OutOfMemory);
            return Kept { rest: &[], is_refused: true };
        }
        let rest = match skipped {
            Skipped::More => {
                let skipped = skip.feed(rest);
                self.server.connection(conn).skip = Some(skip);
                self.skipped(conn, skipped, rest)
            }
            _ => rest,
        };
        Kept { rest, is_refused: true }
    }

    /// Where the request begins in which `pending` ends; `parser` is left where it stopped.
    fn last_start(&mut self, pending: &[u8], parser: &mut Parser) -> usize {
        let limits = self.server.config.limits(false, self.server.memory);
        let mut ranges = mem::take(&mut self.ranges);
        let mut start = 0;
        loop {
            ranges.clear();
            match parser.next(pending, &mut ranges, &limits) {
                Parsed::Request | Parsed::Inline(_) | Parsed::Nothing => start = parser.position,
                _ => break,
            }
        }
        ranges.clear();
        self.ranges = ranges;
        start
    }

    /// Refuses the request that `parser` is within, since there is no memory for the list of its arguments. Returns how
    /// many bytes of `rest` belong to it, or `None` if the connection ends.
    #[cold]
    pub(super) fn refuse_parsed(&mut self, conn: ConnId, parser: &Parser, rest: &[u8]) -> Option<usize> {
        let name_len = u32::try_from(REFUSED_NAME.len()).expect("it is short");
        self.execute(conn, Args::new(REFUSED_NAME, &[(0, name_len)]), None);
        let (skip, skipped) = Skip::after(parser, rest);
        let connection = self.server.get(conn).filter(|connection| !connection.is_closing)?;
        match skipped {
            Skipped::Done(used) => Some(used),
            Skipped::More => {
                connection.skip = Some(skip);
                Some(rest.len())
            }
            Skipped::Broken => {
                self.refuse(conn, &Error::Text(BROKEN));
                None
            }
        }
    }

    /// Takes note of how far a refused request was passed over; returns what follows it.
    fn skipped<'a>(&mut self, conn: ConnId, skipped: Skipped, bytes: &'a [u8]) -> &'a [u8] {
        match skipped {
            Skipped::More => &[],
            Skipped::Done(used) => {
                self.server.connection(conn).skip = None;
                &bytes[used..]
            }
            Skipped::Broken => {
                self.refuse(conn, &Error::Text(BROKEN));
                &[]
            }
        }
    }
}

/// Within a request that is passed over, nothing but the lengths of its arguments is looked at.
const BROKEN: &str = "ERR Protocol error: invalid bulk length";
