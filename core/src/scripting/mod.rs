//! Lua scripts: EVAL and its kin, and functions that are kept in libraries.
//!
//! The machine is `sanderling-lua`; here are the functions through which scripts reach the engine, the conversion of
//! values and replies into each other, and what is kept of scripts. Machines are made when they are first needed.
//! While a script runs, its machine is taken out of the server, so that the script's commands can reach all of it.

mod call;
mod eval;
mod function;
mod header;
mod host;
mod library;
mod machine;
mod reply;
mod run;
mod value;

pub(crate) use eval::Scripts;
pub(crate) use eval::keep_script;
pub(crate) use function::add_library;
pub(crate) use library::Libraries;
pub(crate) use run::{Paused, abandon, busy, go_on};

use self::header::Declared;
use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::command::{Command, Group};
use crate::resp::args::Args;
use crate::server::Server;
use crate::structures::table::HashSeed;

/// The rows of all files here.
pub(crate) const ROWS: &[&[Command]] = &[eval::ROWS, function::ROWS];

/// What a server keeps of scripts.
pub(crate) struct Scripting {
    /// Scripts of EVAL and SCRIPT LOAD.
    pub(crate) scripts: Scripts,
    /// Libraries of functions.
    pub(crate) libraries: Libraries,
    /// The script that is under way while others wait for it.
    pub(crate) paused: Option<Box<Paused>>,
    /// Buffers for the commands of scripts.
    words: host::Words,
    out: Vec<u8>,
    /// Where `math.random` goes on, whichever machine asks.
    random: u64,
}

impl Scripting {
    /// Nothing is kept yet. Scripts are found by this hash.
    pub(crate) fn new(hashes: HashSeed) -> Scripting {
        Scripting {
            scripts: Scripts::new(hashes),
            libraries: Libraries::default(),
            paused: None,
            words: host::Words::default(),
            out: Vec::new(),
            // What Redis's generator begins with.
            random: 0x1234_abcd_330e,
        }
    }
}

/// Whether a request runs a script or a function that is known and that says of itself that it does not write.
pub(crate) fn declares_no_writes(server: &Server, row: &Command, args: Args<'_>) -> bool {
    declared(server, row, args).is_some_and(|declared| declared.has(Declared::NO_WRITES))
}

/// Whether a request runs a script or a function that must not begin while memory is over its limit. One that says
/// nothing of itself may, since its commands are looked at one by one.
pub(crate) fn is_limited(server: &Server, row: &Command, args: Args<'_>) -> bool {
    const LET_THROUGH: Declared = Declared::NOTHING.and(Declared::ALLOW_OOM).and(Declared::NO_WRITES);
    declared(server, row, args).is_some_and(|declared| !declared.has(LET_THROUGH))
}

/// What the script or function of a request says of itself, if it is known and valid.
fn declared(server: &Server, row: &Command, args: Args<'_>) -> Option<Declared> {
    if row.group != Group::Scripting {
        return None;
    }
    let name = args.get(1)?;
    match row.name {
        "EVAL" | "EVAL_RO" => header::of_script(name).ok().map(|(declared, _)| declared),
        "EVALSHA" | "EVALSHA_RO" => server.scripting.scripts.declared(name),
        "FCALL" | "FCALL_RO" => server.scripting.libraries.function(name).map(|function| function.declared),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
