//! EVAL and its kin, and the scripts that are kept for EVALSHA.

use alloc::boxed::Box;

use sanderling_lua::{LoadError, Pinned, Value, Vm};

use super::header::{self, Declared};
use super::machine;
use super::run::{self, Run, What};
use crate::base::error::Error;
use crate::base::memory::Memory;
use crate::base::sha1::sha1;
use crate::command::context::{Context, Flow, help};
use crate::command::{Command, Flags, Group, KeySpec, access, flags, integer, key, one_of, string, token};
use crate::config::Config;
use crate::number::{self, hexadecimal};
use crate::observe;
use crate::resp::args::Args;
use crate::server::Server;
use crate::server::eviction::{self, Room};
use crate::server::{GlobalState, persistence};
use crate::structures::table::HashSeed;
use crate::structures::unordered::{Digest, UnorderedMap};

/// What a kept script takes besides its text and its code, in bytes.
const SCRIPT_BYTES: usize = size_of::<(Digest, Script)>() + 64;

/// The scripts that are kept, and the machine that runs them.
pub(crate) struct Scripts {
    /// Made when it is first needed, and taken out while it runs.
    vm: Option<Box<Vm>>,
    by_digest: UnorderedMap<Script>,
    /// Bytes that the scripts take.
    bytes: usize,
    /// How many of them EVAL has brought.
    passing: usize,
    /// How many of these had to go.
    pub(crate) evicted: u64,
    /// Counts uses.
    clock: u64,
}

struct Script {
    function: Pinned,
    text: Box<[u8]>,
    declared: Declared,
    /// Whether SCRIPT LOAD has asked for it, so that it stays until SCRIPT FLUSH.
    stays: bool,
    /// When it was last used.
    used: u64,
}

impl Scripts {
    pub(super) const fn new(hashes: HashSeed) -> Scripts {
        let by_digest = UnorderedMap::new(hashes);
        Scripts { vm: None, by_digest, bytes: 0, passing: 0, evicted: 0, clock: 0 }
    }

    /// How many scripts are kept.
    pub(crate) fn len(&self) -> usize {
        self.by_digest.len()
    }

    /// Bytes that the scripts take besides what the machine does.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes of the machine.
    pub(crate) fn machine_bytes(&self) -> usize {
        self.vm.as_ref().map_or(0, |vm| vm.memory_bytes())
    }

    /// A machine has done its work.
    pub(super) fn put_machine(&mut self, vm: Box<Vm>) {
        self.vm = Some(vm);
    }

    /// Forgets all scripts, and what they have left behind.
    fn flush(&mut self) {
        self.by_digest.clear();
        (self.vm, self.bytes, self.passing, self.clock) = (None, 0, 0, 0);
    }

    fn machine(&mut self, config: &Config, memory: &Memory) -> Result<&mut Vm, Error> {
        if self.vm.is_none() {
            self.vm = machine::for_scripts(config, memory);
        }
        let vm = self.vm.as_deref_mut().ok_or(Error::OutOfMemory)?;
        machine::limit(vm, config, memory);
        Ok(vm)
    }

    /// Finds a script and takes note of its use.
    fn find(&mut self, digest: &Digest) -> Option<&mut Script> {
        self.clock += 1;
        let script = self.by_digest.get_mut(digest)?;
        script.used = self.clock;
        Some(script)
    }

    /// What a script that is kept says of itself.
    pub(super) fn declared(&self, digest: &[u8]) -> Option<Declared> {
        Some(self.by_digest.get(&parse_digest(digest)?)?.declared)
    }

    /// Compiles a script and keeps it, unless it is kept already.
    fn load(
        &mut self,
        config: &Config,
        memory: &Memory,
        digest: Digest,
        text: &[u8],
        stays: bool,
    ) -> Result<(), Error> {
        if let Some(script) = self.find(&digest) {
            if stays && !script.stays {
                script.stays = true;
                self.passing -= 1;
            }
            return Ok(());
        }
        let (declared, start) = header::of_script(text)?;
        self.make_room(config, text.len() + SCRIPT_BYTES)?;
        self.by_digest.make_room(memory)?;
        let vm = self.machine(config, memory)?;
        let function = match vm.load(b"@user_script", &text[start..]) {
            Ok(function) => vm.pin(function).map_err(|_| Error::OutOfMemory),
            Err(LoadError::Syntax(message)) => {
                Err(Error::quoting_all("ERR Error compiling script (new function): ", &message, ""))
            }
            Err(LoadError::OutOfMemory) => Err(Error::OutOfMemory),
        };
        vm.release(0);
        let script = Script { function: function?, text: text.into(), declared, stays, used: self.clock };
        self.by_digest.insert_new(digest, script);
        self.bytes += text.len() + SCRIPT_BYTES;
        self.passing += usize::from(!stays);
        Ok(())
    }

    /// Lets scripts that EVAL has brought go, those unused for longest first, until one more of this size fits.
    fn make_room(&mut self, config: &Config, bytes: usize) -> Result<(), Error> {
        let bytes_max = config.script_cache_bytes_max.get();
        while self.passing >= config.script_cache_entries_max.get().max(1)
            || self.passing > 0 && self.bytes + bytes > bytes_max
        {
            let passing = self.by_digest.iter().filter(|(_, script)| !script.stays);
            let Some((&oldest, _)) = passing.min_by_key(|(_, script)| script.used) else { break };
            self.remove(&oldest);
            self.evicted += 1;
        }
        if self.bytes + bytes > bytes_max {
            return Err(Error::Text("ERR Scripts would take more bytes than script-cache-max-bytes allows"));
        }
        Ok(())
    }

    fn remove(&mut self, digest: &Digest) {
        let Some(script) = self.by_digest.remove(digest) else { return };
        self.bytes -= script.text.len() + SCRIPT_BYTES;
        self.passing -= usize::from(!script.stays);
        if let Some(vm) = &mut self.vm {
            vm.unpin(script.function);
        }
    }
}

/// Forty hexadecimal digits in any case.
fn parse_digest(text: &[u8]) -> Option<Digest> {
    let text: &[u8; 40] = text.try_into().ok()?;
    let mut digest = [0; 20];
    let mut faults = 0;
    // Each call of a script comes by here.
    for (bytes, &digits) in digest.as_chunks_mut().0.iter_mut().zip(text.as_chunks().0) {
        let fault;
        (*bytes, fault) = eight_digits(u64::from_le_bytes(digits));
        faults |= fault;
    }
    (faults == 0).then_some(digest)
}

/// The bytes that eight hexadecimal digits spell, all at once, and a bit for each that is none.
fn eight_digits(text: u64) -> ([u8; 4], u64) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x80 * ONES;
    let ascii = text & !HIGHS;
    // A sum reaches the high bit of its byte where the byte is 10 or more, 7 or more, and 1 or more.
    let no_digit = (ascii ^ (0x30 * ONES)) + 0x76 * ONES;
    let letter = (ascii | (0x20 * ONES)) ^ (0x60 * ONES);
    let no_letter = (letter + 0x79 * ONES) | !(letter + 0x7f * ONES);
    let faults = (no_digit & no_letter | text) & HIGHS;
    let values = (text & (0x0f * ONES)) + 9 * ((text >> 6) & ONES);
    // Pairs into one byte of two, then two and four such bytes side by side.
    let pairs = (values << 4 | values >> 8) & 0x00ff_00ff_00ff_00ff;
    let halves = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff;
    let [a, b, c, d, ..] = (halves | halves >> 16).to_le_bytes();
    ([a, b, c, d], faults)
}

// ----- EVAL -----

fn eval(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    evaluate(ctx, args, false)
}

fn eval_ro(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    evaluate(ctx, args, true)
}

fn evalsha(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    evaluate_digest(ctx, args, false)
}

fn evalsha_ro(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    evaluate_digest(ctx, args, true)
}

fn evaluate(ctx: &mut Context<'_>, args: Args<'_>, is_read_only: bool) -> Result<Flow, Error> {
    observe::show(ctx, args);
    let keys = split(args)?;
    let text = args.at(1);
    let digest = sha1(text);
    let server = &mut *ctx.server;
    server.memory.take(2 * text.len())?;
    server.scripting.scripts.load(&server.config, &server.memory, digest, text, false)?;
    start(ctx, &digest, args, keys, is_read_only)
}

fn evaluate_digest(ctx: &mut Context<'_>, args: Args<'_>, is_read_only: bool) -> Result<Flow, Error> {
    observe::show(ctx, args);
    // What cannot be a digest is refused before anything else is looked at.
    let digest = (args.at(1).len() == 40).then(|| parse_digest(args.at(1))).ok_or(NO_SCRIPT)?;
    let keys = split(args)?;
    let digest = digest.ok_or(NO_SCRIPT)?;
    start(ctx, &digest, args, keys, is_read_only)
}

const NO_SCRIPT: Error = Error::Text("NOSCRIPT No matching script. Please use EVAL.");

/// How many of the arguments behind the third are keys.
pub(super) fn split(args: Args<'_>) -> Result<usize, Error> {
    split_at(args, args.int(2)?)
}

/// The same for a number that was read.
pub(super) fn split_at(args: Args<'_>, keys: i64) -> Result<usize, Error> {
    if keys > args.len() as i64 - 3 {
        return Err(Error::Text("ERR Number of keys can't be greater than number of args"));
    }
    number::count(keys).ok_or(Error::Text("ERR Number of keys can't be negative"))
}

/// Runs a script that is kept.
fn start(
    ctx: &mut Context<'_>,
    digest: &Digest,
    args: Args<'_>,
    keys: usize,
    is_read_only: bool,
) -> Result<Flow, Error> {
    let script = ctx.server.scripting.scripts.find(digest).ok_or(NO_SCRIPT)?;
    let (function, declared) = (script.function, script.declared);
    let mut run = Run::new(ctx, What::Script(*digest));
    prepare(ctx, &mut run, declared, is_read_only)?;
    let limit = ctx.server.config.script_instructions_max;
    let mut vm = ctx.server.scripting.scripts.vm.take().ok_or(Error::OutOfMemory)?;
    let begun = begin(&mut vm, function, args.from(3), keys, limit);
    if begun.is_err() {
        vm.stop();
        vm.release(0);
        ctx.server.scripting.scripts.put_machine(vm);
        return Err(Error::OutOfMemory);
    }
    run::run(ctx, vm, run)
}

/// Checks what a script has declared against the command that runs it and the state of memory.
pub(super) fn prepare(
    ctx: &mut Context<'_>,
    run: &mut Run,
    declared: Declared,
    is_read_only: bool,
) -> Result<(), Error> {
    let Context { store, server, .. } = ctx;
    run.is_over_limit = server.is_out_of_memory() && eviction::make_room(store, server) == Room::None;
    run.is_read_only = is_read_only || declared.has(Declared::NO_WRITES);
    run.allows_oom = declared.has(Declared::ALLOW_OOM);
    if declared == Declared::NOTHING {
        return Ok(());
    }
    if run.is_over_limit && !declared.has(Declared::ALLOW_OOM.and(Declared::NO_WRITES)) {
        return Err(server.over_limit());
    }
    if !declared.has(Declared::NO_WRITES)
        && server.global_state.has(GlobalState::WRITES_DENIED)
        && let Some(error) = persistence::fault(server)
    {
        return Err(error);
    }
    if is_read_only && !declared.has(Declared::NO_WRITES) {
        return Err(Error::Text("ERR Can not execute a script with write flag using *_ro command."));
    }
    Ok(())
}

/// Starts a script with the tables KEYS and ARGV.
fn begin(
    vm: &mut Vm,
    function: Pinned,
    words: Args<'_>,
    keys: usize,
    instructions_max: u64,
) -> Result<(), sanderling_lua::Error> {
    let (keys, arguments) = (table(vm, words.slice(0, keys))?, table(vm, words.from(keys))?);
    vm.set_global(b"KEYS", keys)?;
    vm.set_global(b"ARGV", arguments)?;
    let function = vm.pinned(function);
    vm.start(function, &[], instructions_max)
}

/// A table of words.
pub(super) fn table(vm: &mut Vm, words: Args<'_>) -> Result<Value, sanderling_lua::Error> {
    let table = vm.table(words.len(), 0)?;
    for (index, word) in words.iter().enumerate() {
        vm.set_index_bytes(table, index + 1, word)?;
    }
    Ok(table)
}

// ----- SCRIPT -----

fn load(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let text = args.at(2);
    let digest = sha1(text);
    let server = &mut *ctx.server;
    server.memory.take(2 * text.len())?;
    server.scripting.scripts.load(&server.config, &server.memory, digest, text, true)?;
    ctx.reply.text(&hexadecimal(&digest));
    Ok(Flow::Done)
}

/// Keeps a script that a file has brought, as one that EVAL has.
pub(crate) fn keep_script(server: &mut Server, text: &[u8]) -> Result<(), Error> {
    server.memory.take(2 * text.len())?;
    server.scripting.scripts.load(&server.config, &server.memory, sha1(text), text, false)
}

fn exists(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let digests = args.from(2);
    ctx.reply.array(digests.len());
    for digest in digests.iter() {
        let known = &ctx.server.scripting.scripts.by_digest;
        ctx.reply.flag(parse_digest(digest).is_some_and(|digest| known.get(&digest).is_some()));
    }
    Ok(Flow::Done)
}

fn flush(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    if args.len() > 3 || args.len() == 3 && !args.is(2, "SYNC") && !args.is(2, "ASYNC") {
        return Err(Error::Text("ERR SCRIPT FLUSH only support SYNC|ASYNC option"));
    }
    ctx.server.scripting.scripts.flush();
    ctx.reply.ok();
    Ok(Flow::Done)
}

fn kill(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    run::kill(ctx.server, false)?;
    ctx.reply.ok();
    Ok(Flow::Done)
}

/// There is no debugger, so that its modes change nothing.
fn debug(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    if !["YES", "SYNC", "NO"].iter().any(|mode| args.is(2, mode)) {
        return Err(Error::Text("ERR Use SCRIPT DEBUG YES/SYNC/NO"));
    }
    ctx.reply.ok();
    Ok(Flow::Done)
}

fn show(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let scripts = &ctx.server.scripting.scripts;
    let script = parse_digest(args.at(2)).and_then(|digest| scripts.by_digest.get(&digest));
    let script = script.ok_or(Error::Text("NOSCRIPT No matching script."))?;
    ctx.reply.bulk(&script.text);
    Ok(Flow::Done)
}

fn script_help(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    help(
        &mut ctx.reply,
        "SCRIPT",
        &[
            "DEBUG (YES|SYNC|NO)",
            "    Chooses how scripts are debugged, which changes nothing: there is no debugger.",
            "EXISTS <sha1> [<sha1> ...]",
            "    Whether scripts are kept.",
            "FLUSH [ASYNC|SYNC]",
            "    Forgets all scripts.",
            "KILL",
            "    Ends the script that is running, if it has written nothing.",
            "LOAD <script>",
            "    Keeps a script without running it.",
            "SHOW <sha1>",
            "    The text of a script.",
        ],
    );
    Ok(Flow::Done)
}

// ----- rows -----

/// Keys that a script may read and change, and keys that it may only read.
pub(super) const CHANGED: &[KeySpec] =
    &[KeySpec::counted(2, access::CHANGE)
        .noting("What a script does with its keys is not known beforehand.")];
/// See [`CHANGED`].
pub(super) const READ: &[KeySpec] =
    &[KeySpec::counted(2, access::READ).noting("What a script reads of its keys is not known beforehand.")];

/// What all commands that run scripts have in common.
pub(super) const RUNS: Command = Command {
    group: Group::Scripting,
    complexity: "That of the script.",
    flags: Flags::NOSCRIPT
        .and(Flags::STALE)
        .and(Flags::SKIP_MONITOR)
        .and(Flags::NO_MANDATORY_KEYS)
        .and(Flags::MOVABLEKEYS),
    reply: "any",
    keys: Some(CHANGED),
    ..Command::DEFAULT
};

const ON_ALL_NODES: &[&str] = &["request_policy:all_nodes", "response_policy:all_succeeded"];

const SCRIPT: &[Command] = &[
    Command {
        flags: Flags::NOSCRIPT,
        args: &[one_of("mode", &[token("yes", "YES"), token("sync", "SYNC"), token("no", "NO")])],
        handler: debug,
        ..Group::Scripting.row("DEBUG", "3.2.0", "Chooses how scripts are debugged, which changes nothing.")
    },
    Command {
        complexity: "O(N) with N digests.",
        flags: Flags::NOSCRIPT,
        args: &[string("sha1").multiple()],
        reply: "array of integer",
        handler: exists,
        tips: &["request_policy:all_shards", "response_policy:agg_logical_and"],
        ..Group::Scripting.row("EXISTS", "2.6.0", "Tells which scripts are kept.")
    },
    Command {
        complexity: "O(N) with N scripts.",
        flags: Flags::NOSCRIPT,
        args: &[one_of("flush-type", &[token("async", "ASYNC"), token("sync", "SYNC")])
            .optional()
            .since("6.2.0")],
        handler: flush,
        tips: ON_ALL_NODES,
        ..Group::Scripting.row("FLUSH", "2.6.0", "Forgets all scripts.")
    },
    Command {
        flags: flags::ANYTIME,
        reply: "array of simple-string",
        handler: script_help,
        ..Group::Scripting.row("HELP", "5.0.0", "Lists the subcommands.")
    },
    Command {
        flags: Flags::NOSCRIPT.and(Flags::ALLOW_BUSY),
        handler: kill,
        tips: &["request_policy:all_shards", "response_policy:one_succeeded"],
        ..Group::Scripting.row("KILL", "2.6.0", "Ends the script that is running, if it has written nothing.")
    },
    Command {
        complexity: "O(N) with N bytes of text.",
        flags: Flags::NOSCRIPT.and(Flags::STALE),
        args: &[string("script")],
        reply: "bulk-string",
        handler: load,
        tips: ON_ALL_NODES,
        ..Group::Scripting.row("LOAD", "2.6.0", "Keeps a script for EVALSHA, without running it.")
    },
    Command {
        flags: Flags::NOSCRIPT,
        args: &[string("sha1")],
        reply: "bulk-string",
        handler: show,
        ..Group::Scripting.row("SHOW", "8.0.0", "Returns the text of a script that is kept.")
    },
];

pub(crate) const ROWS: &[Command] = &[
    Command {
        name: "EVAL",
        since: "2.6.0",
        summary: "Runs a Lua script.",
        args: &[
            string("script"),
            integer("numkeys"),
            key("key").optional().multiple(),
            string("arg").optional().multiple(),
        ],
        handler: eval,
        ..RUNS
    },
    Command {
        name: "EVALSHA",
        since: "2.6.0",
        summary: "Runs the Lua script with this SHA-1 digest, which must be kept already.",
        args: &[
            string("sha1"),
            integer("numkeys"),
            key("key").optional().multiple(),
            string("arg").optional().multiple(),
        ],
        handler: evalsha,
        ..RUNS
    },
    Command {
        name: "EVALSHA_RO",
        since: "7.0.0",
        summary: "Runs the Lua script with this SHA-1 digest, which must not write.",
        flags: RUNS.flags.and(Flags::READONLY),
        args: &[
            string("sha1"),
            integer("numkeys"),
            key("key").optional().multiple(),
            string("arg").optional().multiple(),
        ],
        keys: Some(READ),
        handler: evalsha_ro,
        ..RUNS
    },
    Command {
        name: "EVAL_RO",
        since: "7.0.0",
        summary: "Runs a Lua script that must not write.",
        flags: RUNS.flags.and(Flags::READONLY),
        args: &[
            string("script"),
            integer("numkeys"),
            key("key").optional().multiple(),
            string("arg").optional().multiple(),
        ],
        keys: Some(READ),
        handler: eval_ro,
        ..RUNS
    },
    Command {
        complexity: "That of the subcommand.",
        subcommands: SCRIPT,
        ..Group::Scripting.row("SCRIPT", "2.6.0", "Manages the scripts that are kept.")
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_forty_digits_in_any_case() {
        let mut text = *b"0123456789abcdefABCDEF00ffFF9aA9e0E1d2D3";
        let expected = [
            0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xab, 0xcd, 0xef, 0x00, 0xff, 0xff, 0x9a, 0xa9,
            0xe0, 0xe1, 0xd2, 0xd3,
        ];
        assert_eq!(parse_digest(&text), Some(expected));
        assert_eq!(parse_digest(&text[1..]), None);
        for at in 0..text.len() {
            let right = text[at];
            for byte in 0..=u8::MAX {
                text[at] = byte;
                let digit = (byte as char).to_digit(16);
                let found =
                    parse_digest(&text).map(|digest| u32::from(digest[at / 2]) >> (4 * (1 - at % 2)) & 15);
                assert_eq!(found, digit, "{byte} at {at}");
            }
            text[at] = right;
        }
    }
}
