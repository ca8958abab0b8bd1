//! Filling an engine from files: RDB files, and the commands of an append-only log.
//!
//! While something is loaded no time passes for keys: what has expired meanwhile may still get another deadline from what
//! follows. Nothing is evicted, no user is asked for and no effect is recorded.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

mod rdb;

use self::rdb::RdbLoad;
use super::Engine;
use crate::base::ConnId;
use crate::number;
use crate::rdb::file::{FileFault, FileReader};
use crate::server::connection::Restrictions;
use crate::server::persistence;
use crate::server::{GlobalState, Peer};

/// What is made ready for keys of a log takes at most this part of the log's bytes,
const EXPECTED_FILE_PART: u64 = 2;
/// and this part of the memory that there is.
const EXPECTED_MEMORY_PART: usize = 8;

/// What is loaded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LoadFormat {
    /// An RDB file.
    Rdb {
        /// Whether keys that have expired are kept, since commands follow which may know more of them.
        keeps_expired: bool,
        /// Whether what belongs to modules is left out; else it is a fault.
        skips_modules: bool,
    },
    /// Commands, as an append-only log has them; lines that begin with `#` are comments.
    Commands,
}

/// What was loaded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Loaded {
    /// Keys of an RDB file.
    pub keys: u64,
    /// Keys of it that had expired and were left out.
    pub expired: u64,
    /// Keys without anything in them, which were left out.
    pub empty: u64,
    /// Parts that belong to modules and were left out.
    pub skipped: u64,
    /// Deadlines of members that were left out: KeyDB has some for members of sets, and here only fields of hashes have
    /// them.
    pub member_deadlines: u64,
    /// Commands that were answered by an error; as in Redis, the others stand.
    pub errors: u64,
    /// Bytes of an RDB file, behind which commands may follow in the same file.
    pub bytes: u64,
}

/// Why something cannot be loaded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LoadFault {
    /// An RDB file cannot be read on.
    File(FileFault),
    /// It has a database that there is not.
    Database {
        /// Its number.
        index: u64,
        /// Where in the file it begins, in bytes.
        offset: u64,
    },
    /// A key is there twice.
    Duplicate {
        /// The key.
        key: Vec<u8>,
        /// Before which it stands in the file for the second time, in bytes.
        offset: u64,
    },
    /// A library of functions cannot be loaded.
    Function(String),
    /// A command is none.
    Command(String),
    /// There is no memory for it.
    OutOfMemory,
}

impl fmt::Display for LoadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadFault::File(fault) => write!(f, "{fault}"),
            LoadFault::Database { index, offset } => {
                write!(f, "database {index} at offset {offset}, and there are not so many")
            }
            LoadFault::Duplicate { key, offset } => {
                write!(f, "the key '{}' twice, before offset {offset}", String::from_utf8_lossy(key))
            }
            LoadFault::Function(why) => write!(f, "a library of functions: {why}"),
            LoadFault::Command(why) => f.write_str(why),
            LoadFault::OutOfMemory => f.write_str("there is no memory for it"),
        }
    }
}

/// What is being loaded.
pub(super) struct Loading {
    source: Source,
    loaded: Loaded,
    /// Whether effects are recorded otherwise.
    has_effects: bool,
}

enum Source {
    Rdb(Box<RdbLoad>),
    Commands {
        conn: ConnId,
        errors_before: u64,
        /// Bytes of all of them, before the first has come, if that is known.
        expected: Option<u64>,
    },
}

impl Engine {
    /// Begins to load into an engine that nobody else uses meanwhile; what is there already stays. Parts follow by
    /// [`Engine::load`], then [`Engine::load_end`]. If the bytes of the file are known, room can be made beforehand for
    /// what is to come; it is no limit.
    pub fn load_begin(&mut self, now: u64, format: LoadFormat, bytes: Option<u64>) {
        self.begin(now);
        // What was there before and is deleted leaves its room to what comes.
        while self.store.free_deleted() {}
        let source = match format {
            LoadFormat::Rdb { keeps_expired, skips_modules } => {
                let longest = self.server.config.bulk_bytes_max.get();
                let reader = FileReader::new(skips_modules, longest, bytes);
                Source::Rdb(Box::new(RdbLoad::new(reader, keeps_expired)))
            }
            LoadFormat::Commands => {
                let peer = Peer { addr: "", laddr: "", unix: false, trusted: false };
                let conn = self.connect(now, peer);
                // Nobody's rights are asked for.
                self.server.connection(conn).restrictions = Restrictions::default();
                Source::Commands { conn, errors_before: self.server.stats.error_replies, expected: bytes }
            }
        };
        let has_effects = core::mem::take(&mut self.store.effects.enabled);
        self.grant_memory(true);
        self.loading = Some(Loading { source, loaded: Loaded::default(), has_effects });
    }

    /// Loads the next piece, of any size.
    pub fn load(&mut self, now: u64, bytes: &[u8]) -> Result<(), LoadFault> {
        let Some(mut loading) = self.loading.take() else { return Ok(()) };
        if let Some(progress) = &mut self.server.files.loading {
            progress.done += bytes.len() as u64;
        }
        self.server.is_loading = true;
        let done = self.load_piece(now, &mut loading, bytes);
        self.server.is_loading = false;
        self.loading = Some(loading);
        done
    }

    /// Lets files take more than clients may, or no more.
    fn grant_memory(&mut self, is_for_files: bool) {
        self.server.memory = self.server.memory.for_files(is_for_files);
        self.store.memory = self.server.memory;
    }

    /// Tells the embedder what came of loading, as an output.
    pub fn tell_loaded(&mut self, outcome: Result<Loaded, LoadFault>) {
        self.outbox.loaded(outcome.map_err(|fault| fault.to_string()));
    }

    /// Ends loading: from now on time passes.
    pub fn load_end(&mut self, now: u64) -> Result<Loaded, LoadFault> {
        let Some(mut loading) = self.loading.take() else { return Ok(Loaded::default()) };
        self.server.is_loading = true;
        let done = self.load_rest(now, &mut loading);
        self.server.is_loading = false;
        if matches!(loading.source, Source::Rdb(_)) {
            self.server.files.loaded = (loading.loaded.keys, loading.loaded.expired);
        }
        self.store.effects.enabled = loading.has_effects;
        self.grant_memory(false);
        self.store.dirty = 0;
        self.store.end_reservations();
        self.begin(now);
        done.map(|()| loading.loaded)
    }

    fn load_piece(&mut self, now: u64, loading: &mut Loading, bytes: &[u8]) -> Result<(), LoadFault> {
        let Loading { source, loaded, .. } = loading;
        match source {
            Source::Rdb(rdb) => self.load_rdb(now, rdb, Some(bytes), loaded),
            Source::Commands { conn, expected, .. } => {
                if let Some(expected) = expected.take() {
                    self.expect_keys(bytes, expected);
                }
                self.load_commands(now, *conn, bytes)
            }
        }
    }

    fn load_rest(&mut self, now: u64, loading: &mut Loading) -> Result<(), LoadFault> {
        let Loading { source, loaded, .. } = loading;
        match source {
            Source::Rdb(rdb) => self.load_rdb(now, rdb, None, loaded),
            Source::Commands { conn, errors_before, .. } => {
                loaded.errors = self.server.stats.error_replies - *errors_before;
                let connection = self.server.get(*conn);
                let is_whole = connection.is_some_and(|connection| {
                    connection.pending_bytes() == 0 && connection.transaction.is_none()
                });
                self.disconnect(now, *conn);
                if is_whole {
                    Ok(())
                } else {
                    Err(LoadFault::Command(String::from("a command without its end")))
                }
            }
        }
    }

    /// Makes room in a database that is still empty, as if each command made a key and all were as long as those of the
    /// first piece. What was in vain is given back in the end.
    fn expect_keys(&mut self, piece: &[u8], bytes: u64) {
        let commands = piece.windows(3).filter(|window| window == b"\r\n*").count() as u64;
        let expected = commands.saturating_mul(bytes) / (piece.len() as u64).max(1);
        let most = number::saturate(bytes / EXPECTED_FILE_PART)
            .min(self.server.memory.spare() / EXPECTED_MEMORY_PART);
        self.store.db = 0;
        self.store.reserve_keys(number::saturate(expected), most);
    }

    /// Runs commands of a log, whatever clients would be told meanwhile.
    fn load_commands(&mut self, now: u64, conn: ConnId, bytes: &[u8]) -> Result<(), LoadFault> {
        let held = GlobalState::LOADING.and(GlobalState::WRITES_DENIED);
        self.server.global_state.set(held, false);
        let asleep_until = core::mem::take(&mut self.server.asleep_until);
        let done = self.run_commands(now, conn, bytes);
        self.server.asleep_until = asleep_until;
        persistence::refresh(&mut self.server);
        done
    }

    fn run_commands(&mut self, now: u64, conn: ConnId, bytes: &[u8]) -> Result<(), LoadFault> {
        self.handle_input(now, conn, bytes);
        loop {
            // Replies go nowhere; what they told is counted.
            while self.outbox.poll().is_some() {}
            let runnable = self.server.get(conn).map(|connection| connection.is_runnable);
            if let Some(why) = self.server.load_stop.take() {
                return Err(LoadFault::Command(why));
            }
            match runnable {
                Some(true) => self.handle_timeout(now),
                Some(false) => return Ok(()),
                None => return Err(LoadFault::Command(String::from("something that is no command"))),
            }
        }
    }
}
