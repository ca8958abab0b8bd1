//! What the engine's writes amount to, as commands that give the same state when they are run again.
//!
//! A command that does the same whenever it runs stands for itself; others are rewritten by their handlers
//! (EXPIRE as PEXPIREAT, SPOP as SREM, BLPOP as LPOP). What EXEC ran stands between MULTI and EXEC.

use core::mem;

use alloc::vec::Vec;

use crate::base::bytes::{append_head_within_capacity, append_within_capacity};
use crate::number::{self, write_i64};
use crate::structures::Pieces;

/// The effects of one batch, and whether anyone wants them.
#[derive(Default)]
pub struct Effects {
    /// RESP commands, ready to append to a log.
    pub bytes: Pieces,
    /// Without it nothing is recorded.
    pub enabled: bool,
    /// The database that the last recorded command worked on; `None` before the first.
    db: Option<usize>,
    /// Commands that the running handler has put in place of itself.
    rewritten: Pieces,
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
    /// Those of a script, which are not among the others before it has ended.
    Script(ScriptEffects),
}

/// The commands of a script, and how many they are.
#[derive(Default)]
pub struct ScriptEffects {
    bytes: Pieces,
    count: usize,
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
            write_command(self.begin(db, 1), args);
        }
    }

    /// Records the command that has just run: what it was rewritten to, or itself.
    pub fn append<'a>(&mut self, db: usize, args: impl Iterator<Item = &'a [u8]> + Clone) {
        if !self.enabled {
            return;
        }
        if !self.is_rewritten {
            write_command(self.begin(db, 1), args);
        } else if !self.rewritten.is_empty() {
            let mut rewritten = mem::take(&mut self.rewritten);
            self.begin(db, self.rewritten_count).append(&mut rewritten);
            self.rewritten = rewritten;
        }
    }

    /// Forgets what a handler recorded, before the next one runs.
    #[inline]
    pub fn reset_command(&mut self) {
        self.is_rewritten = false;
        if self.rewritten_count > 0 {
            self.rewritten.clear();
            self.rewritten_count = 0;
        }
    }

    /// The database that the last recorded command worked on, and the next one unless it says another.
    pub fn database(&self) -> Option<u32> {
        self.db.map(number::short)
    }

    /// An EXEC begins.
    pub fn begin_transaction(&mut self) {
        self.transaction = Transaction::Exec(false);
    }

    /// A script begins; `false` if it belongs to an EXEC.
    pub fn begin_script(&mut self) -> bool {
        let is_alone = matches!(self.transaction, Transaction::None);
        if is_alone {
            self.transaction = Transaction::Script(ScriptEffects::default());
        }
        is_alone
    }

    /// Takes what a script has recorded so far out of what can be made durable, until it goes on.
    pub fn hold_script(&mut self) -> ScriptEffects {
        match &mut self.transaction {
            Transaction::Script(effects) => mem::take(effects),
            _ => ScriptEffects::default(),
        }
    }

    /// The script goes on.
    pub fn resume_script(&mut self, held: ScriptEffects) {
        if let Transaction::Script(effects) = &mut self.transaction {
            *effects = held;
        }
    }

    /// The EXEC, or the script, has ended.
    pub fn end_transaction(&mut self) {
        if matches!(&self.transaction, Transaction::Script(effects) if effects.count == 0) {
            self.transaction = Transaction::None;
            return;
        }
        let has_begun = match mem::take(&mut self.transaction) {
            Transaction::None => false,
            Transaction::Exec(has_begun) => has_begun,
            Transaction::Script(mut effects) => {
                // A single command is atomic as it is.
                let is_several = effects.count > 1;
                if is_several {
                    write_command(&mut self.bytes, [b"MULTI".as_slice()].into_iter());
                }
                self.bytes.append(&mut effects.bytes);
                is_several
            }
        };
        if has_begun {
            write_command(&mut self.bytes, [b"EXEC".as_slice()].into_iter());
        }
    }

    /// Prepares for so many commands, and returns where they go.
    fn begin(&mut self, db: usize, added: usize) -> &mut Pieces {
        let Effects { bytes, transaction, .. } = self;
        let is_elsewhere = self.db.replace(db) != Some(db);
        match transaction {
            Transaction::Script(script) => {
                if is_elsewhere {
                    select(&mut script.bytes, db);
                }
                script.count += added;
                &mut script.bytes
            }
            Transaction::None | Transaction::Exec(_) => {
                if is_elsewhere {
                    select(bytes, db);
                }
                if let Transaction::Exec(has_begun @ false) = transaction {
                    *has_begun = true;
                    write_command(bytes, [b"MULTI".as_slice()].into_iter());
                }
                bytes
            }
        }
    }
}

fn select(out: &mut Pieces, db: usize) {
    let mut index = Vec::new();
    write_i64(&mut index, db as i64);
    write_command(out, [b"SELECT".as_slice(), &index].into_iter());
}

/// Bytes that stand before an argument and behind it, at most; with what is written beyond them on the way.
const FRAME_BYTES_MAX: usize = 32;

fn write_command<'a>(out: &mut Pieces, args: impl Iterator<Item = &'a [u8]> + Clone) {
    let (mut count, mut len) = (0, FRAME_BYTES_MAX);
    for arg in args.clone() {
        count += 1;
        len += arg.len() + FRAME_BYTES_MAX;
    }
    let Some(piece) = out.room(len) else { return write_divided(out, count, args) };
    append_head_within_capacity(piece, b'*', count as i64);
    for arg in args {
        append_head_within_capacity(piece, b'$', arg.len() as i64);
        append_within_capacity(piece, arg);
        append_within_capacity(piece, b"\r\n");
    }
}

/// A command that is too long for one buffer.
#[inline(never)]
fn write_divided<'a>(out: &mut Pieces, count: usize, args: impl Iterator<Item = &'a [u8]>) {
    let mut frame = Vec::with_capacity(FRAME_BYTES_MAX);
    append_head_within_capacity(&mut frame, b'*', count as i64);
    out.extend_from_slice(&frame);
    for arg in args {
        frame.clear();
        append_head_within_capacity(&mut frame, b'$', arg.len() as i64);
        out.extend_from_slice(&frame);
        out.extend_from_slice(arg);
        out.extend_from_slice(b"\r\n");
    }
}
