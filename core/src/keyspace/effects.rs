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
    /// How many they are.
    rewritten_count: usize,
    /// What is under way.
    transaction: Transaction,
}

/// Commands that belong together.
#[derive(Default)]
enum Transaction {
    /// There are none.
    #[default]
    None,
    /// Those of EXEC, and whether its MULTI has been recorded.
    Exec(bool),
    /// Those of a script.
    Script {
        /// Where the first one lies.
        first: usize,
        /// How many there are so far.
        count: usize,
    },
}

impl Effects {
    /// Records a command in place of the one that is running.
    pub fn rewrite<'a>(&mut self, args: impl Iterator<Item = &'a [u8]> + Clone) {
        self.is_rewritten = true;
        if self.enabled {
            self.rewritten_count += 1;
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
            self.begin(db, 1);
            write_command(&mut self.bytes, args);
        }
    }

    /// Records the command that has just run: what it was rewritten to, or itself.
    pub fn append<'a>(&mut self, db: usize, args: impl Iterator<Item = &'a [u8]> + Clone) {
        if !self.enabled {
            return;
        }
        if !self.is_rewritten {
            self.begin(db, 1);
            write_command(&mut self.bytes, args);
        } else if !self.rewritten.is_empty() {
            self.begin(db, self.rewritten_count);
            self.bytes.append(&mut self.rewritten);
        }
    }

    /// Forgets what a handler recorded, before the next one runs.
    #[inline]
    pub fn reset_command(&mut self) {
        self.is_rewritten = false;
        self.rewritten.clear();
        self.rewritten_count = 0;
    }

    /// An EXEC begins.
    pub fn begin_transaction(&mut self) {
        self.transaction = Transaction::Exec(false);
    }

    /// A script begins; `false` if it belongs to an EXEC.
    pub fn begin_script(&mut self) -> bool {
        let is_alone = matches!(self.transaction, Transaction::None);
        if is_alone {
            self.transaction = Transaction::Script { first: self.bytes.len(), count: 0 };
        }
        is_alone
    }

    /// Takes what a script has recorded so far out of what can be made durable, until it goes on.
    pub fn hold_script(&mut self) -> Vec<u8> {
        match self.transaction {
            Transaction::Script { first, .. } => self.bytes.split_off(first),
            _ => Vec::new(),
        }
    }

    /// The script goes on.
    pub fn resume_script(&mut self, mut held: Vec<u8>) {
        if let Transaction::Script { first, .. } = &mut self.transaction {
            *first = self.bytes.len();
            self.bytes.append(&mut held);
        }
    }

    /// The EXEC, or the script, has ended.
    pub fn end_transaction(&mut self) {
        let has_begun = match core::mem::take(&mut self.transaction) {
            Transaction::None => false,
            Transaction::Exec(has_begun) => has_begun,
            Transaction::Script { count, .. } => count > 1,
        };
        if has_begun {
            write_command(&mut self.bytes, [b"EXEC".as_slice()].into_iter());
        }
    }

    /// Prepares for so many commands.
    fn begin(&mut self, db: usize, added: usize) {
        if self.db != Some(db) {
            self.db = Some(db);
            let mut index = Vec::new();
            write_i64(&mut index, db as i64);
            write_command(&mut self.bytes, [b"SELECT".as_slice(), &index].into_iter());
        }
        match &mut self.transaction {
            Transaction::None | Transaction::Exec(true) => {}
            Transaction::Exec(has_begun) => {
                *has_begun = true;
                write_command(&mut self.bytes, [b"MULTI".as_slice()].into_iter());
            }
            Transaction::Script { first, count } => {
                let was_single = *count < 2;
                *count += added;
                // A single command is atomic as it is.
                if was_single && *count > 1 {
                    let mut multi = Vec::new();
                    write_command(&mut multi, [b"MULTI".as_slice()].into_iter());
                    self.bytes.splice(*first..*first, multi);
                }
            }
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
