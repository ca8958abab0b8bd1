//! What the engine's writes amount to, as commands that give the same state when they are run again.
//!
//! A command that does the same whenever it runs stands for itself; others are rewritten by their handlers
//! (EXPIRE as PEXPIREAT, SPOP as SREM, BLPOP as LPOP). What EXEC ran stands between MULTI and EXEC.

use alloc::vec::Vec;

use crate::number::write_i64;

/// The effects of one batch, and whether anyone wants them.
#[derive(Default)]
pub struct Effects {
    /// RESP commands, ready to append to a log.
    pub bytes: Vec<u8>,
    /// Without it nothing is recorded.
    pub enabled: bool,
    /// The database that the last recorded command worked on; `None` before the first.
    db: Option<usize>,
    /// Commands that the running handler has put in place of itself.
    rewritten: Vec<u8>,
    /// Whether the running handler has put something, perhaps nothing, in place of itself.
    pub is_rewritten: bool,
    /// Whether an EXEC is under way, and whether its MULTI has been recorded.
    transaction: Option<bool>,
}

impl Effects {
    /// Records a command in place of the one that is running.
    pub fn rewrite<'a>(&mut self, args: impl Iterator<Item = &'a [u8]> + Clone) {
        self.is_rewritten = true;
        if self.enabled {
            write_command(&mut self.rewritten, args);
        }
    }

    /// Records nothing for the running command, beyond what [`Effects::rewrite`] has recorded.
    pub fn suppress(&mut self) {
        self.is_rewritten = true;
    }

    /// Records a command at once, before whatever the running command will amount to.
    pub fn append_now<'a>(&mut self, db: usize, args: impl Iterator<Item = &'a [u8]> + Clone) {
        if self.enabled {
            self.begin(db);
            write_command(&mut self.bytes, args);
        }
    }

    /// Records the command that has just run: what it was rewritten to, or itself.
    pub fn append<'a>(&mut self, db: usize, args: impl Iterator<Item = &'a [u8]> + Clone) {
        if !self.enabled {
            return;
        }
        if !self.is_rewritten {
            self.begin(db);
            write_command(&mut self.bytes, args);
        } else if !self.rewritten.is_empty() {
            self.begin(db);
            self.bytes.append(&mut self.rewritten);
        }
    }

    /// Forgets what a handler recorded, before the next one runs.
    #[inline]
    pub fn reset_command(&mut self) {
        self.is_rewritten = false;
        self.rewritten.clear();
    }

    /// An EXEC begins.
    pub fn begin_transaction(&mut self) {
        self.transaction = Some(false);
    }

    /// The EXEC has ended.
    pub fn end_transaction(&mut self) {
        if self.transaction.take() == Some(true) {
            write_command(&mut self.bytes, [b"EXEC".as_slice()].into_iter());
        }
    }

    fn begin(&mut self, db: usize) {
        if self.db != Some(db) {
            self.db = Some(db);
            let mut index = Vec::new();
            write_i64(&mut index, db as i64);
            write_command(&mut self.bytes, [b"SELECT".as_slice(), &index].into_iter());
        }
        if self.transaction == Some(false) {
            self.transaction = Some(true);
            write_command(&mut self.bytes, [b"MULTI".as_slice()].into_iter());
        }
    }
}

fn write_command<'a>(out: &mut Vec<u8>, args: impl Iterator<Item = &'a [u8]> + Clone) {
    out.push(b'*');
    write_i64(out, args.clone().count() as i64);
    out.extend_from_slice(b"\r\n");
    for arg in args {
        out.push(b'$');
        write_i64(out, arg.len() as i64);
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(arg);
        out.extend_from_slice(b"\r\n");
    }
}
