//! A Lua machine with what Redis's scripts find in it.

use alloc::boxed::Box;

use sanderling_lua::{Error as LuaError, Options, Pinned, Value, Vm};

use crate::base::memory::Memory;
use crate::config::Config;

/// The functions of the table `redis`, by their numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub(super) enum Function {
    Call,
    Pcall,
    Log,
    Setresp,
    Sha1hex,
    ErrorReply,
    StatusReply,
    SetRepl,
    AclCheckCmd,
    Breakpoint,
    Debug,
    ReplicateCommands,
    Register,
}

impl Function {
    const ALL: [(Function, &'static str); 13] = [
        (Function::Call, "call"),
        (Function::Pcall, "pcall"),
        (Function::Log, "log"),
        (Function::Setresp, "setresp"),
        (Function::Sha1hex, "sha1hex"),
        (Function::ErrorReply, "error_reply"),
        (Function::StatusReply, "status_reply"),
        (Function::SetRepl, "set_repl"),
        (Function::AclCheckCmd, "acl_check_cmd"),
        (Function::Breakpoint, "breakpoint"),
        (Function::Debug, "debug"),
        (Function::ReplicateCommands, "replicate_commands"),
        (Function::Register, "register_function"),
    ];

    /// The function of this number.
    pub(super) fn numbered(number: u32) -> Option<Function> {
        Function::ALL.get(number as usize).map(|&(function, _)| function)
    }
}

const LOG_LEVELS: [(&str, i32); 4] =
    [("LOG_DEBUG", 0), ("LOG_VERBOSE", 1), ("LOG_NOTICE", 2), ("LOG_WARNING", 3)];
const REPL_FLAGS: [(&str, i32); 5] =
    [("REPL_NONE", 0), ("REPL_AOF", 1), ("REPL_SLAVE", 2), ("REPL_REPLICA", 2), ("REPL_ALL", 3)];

/// What a machine takes with its libraries, and more, in bytes.
const MACHINE_BYTES: usize = 512 << 10;

/// A machine without the table `redis`; nothing if there is no memory for one.
fn bare(config: &Config, memory: &Memory) -> Option<Box<Vm>> {
    if memory.spare() < MACHINE_BYTES {
        return None;
    }
    let options = Options {
        memory_bytes_max: config.script_memory_bytes_max.get(),
        string_bytes_max: config.value_bytes_max(),
        unwraps_errors: true,
        ..Options::default()
    };
    Vm::new(&options).map(Box::new)
}

/// Lets a machine take what the settings allow, and what there is.
pub(super) fn limit(vm: &mut Vm, config: &Config, memory: &Memory) {
    let bytes_max = vm.memory_bytes().saturating_add(memory.spare());
    vm.set_memory_bytes_max(config.script_memory_bytes_max.get().min(bytes_max));
}

/// A machine for scripts of EVAL.
pub(super) fn for_scripts(config: &Config, memory: &Memory) -> Option<Box<Vm>> {
    let mut vm = bare(config, memory)?;
    let is_made = fill_for_scripts(&mut vm, &config.reported_version).is_ok();
    vm.release(0);
    is_made.then_some(vm)
}

fn fill_for_scripts(vm: &mut Vm, version: &str) -> Result<(), LuaError> {
    remove_environments(vm)?;
    let redis = api(vm, version)?;
    for function in [Function::Breakpoint, Function::Debug, Function::ReplicateCommands] {
        add(vm, redis, function)?;
    }
    set_global(vm, redis)?;
    let globals = vm.globals();
    vm.forbid_missing(globals)?;
    vm.protect(globals)
}

/// A machine for libraries of functions, and the environments in them.
pub(super) struct Environments {
    /// What libraries see instead of global variables: an empty table, whose metatable leads on.
    pub(super) own: Pinned,
    /// That metatable.
    leads_to: Pinned,
    /// What there is while a library is loaded.
    while_loading: Pinned,
    /// What there is while its functions run.
    while_running: Pinned,
}

/// A machine for libraries of functions.
pub(super) fn for_libraries(config: &Config, memory: &Memory) -> Option<(Box<Vm>, Environments)> {
    let mut vm = bare(config, memory)?;
    let environments = fill_for_libraries(&mut vm, &config.reported_version).ok()?;
    vm.release(0);
    Some((vm, environments))
}

fn fill_for_libraries(vm: &mut Vm, version: &str) -> Result<Environments, LuaError> {
    remove_environments(vm)?;
    let redis = api(vm, version)?;
    set_global(vm, redis)?;
    let globals = vm.globals();
    vm.forbid_missing(globals)?;
    vm.protect(globals)?;
    let (loading, redis) = (vm.table(0, 0)?, vm.table(0, 0)?);
    add(vm, redis, Function::Register)?;
    add_log(vm, redis)?;
    add_version(vm, redis, version)?;
    vm.forbid_missing(redis)?;
    for name in NAMES {
        vm.set_field(loading, name, redis)?;
    }
    vm.forbid_missing(loading)?;
    vm.protect(loading)?;
    let (own, meta) = (vm.table(0, 0)?, vm.table(0, 0)?);
    vm.set_field(meta, b"__index", globals)?;
    vm.set_metatable(own, meta)?;
    vm.protect(own)?;
    Ok(Environments {
        own: vm.pin(own)?,
        leads_to: vm.pin(meta)?,
        while_loading: vm.pin(loading)?,
        while_running: vm.pin(globals)?,
    })
}

impl Environments {
    /// Lets libraries see what there is while one of them is loaded, or what there is while functions run.
    pub(super) fn switch(&self, vm: &mut Vm, is_loading: bool) -> Result<(), LuaError> {
        let target = vm.pinned(if is_loading { self.while_loading } else { self.while_running });
        let meta = vm.pinned(self.leads_to);
        vm.set_field(meta, b"__index", target)
    }
}

/// Functions must not get out of the environment that is protected.
fn remove_environments(vm: &mut Vm) -> Result<(), LuaError> {
    for name in [b"getfenv".as_slice(), b"setfenv"] {
        vm.set_global(name, Value::Nil)?;
    }
    Ok(())
}

/// The table `redis` as scripts and functions see it, in the order in which Redis fills it.
fn api(vm: &mut Vm, version: &str) -> Result<Value, LuaError> {
    let redis = vm.table(0, 0)?;
    add(vm, redis, Function::Call)?;
    add(vm, redis, Function::Pcall)?;
    add_log(vm, redis)?;
    add_version(vm, redis, version)?;
    for function in
        [Function::Setresp, Function::Sha1hex, Function::ErrorReply, Function::StatusReply, Function::SetRepl]
    {
        add(vm, redis, function)?;
    }
    for (name, value) in REPL_FLAGS {
        vm.set_field(redis, name.as_bytes(), value.into())?;
    }
    add(vm, redis, Function::AclCheckCmd)?;
    Ok(redis)
}

fn add(vm: &mut Vm, table: Value, function: Function) -> Result<(), LuaError> {
    let (_, name) = Function::ALL[function as usize];
    let value = vm.function(name, function as u32)?;
    vm.set_field(table, name.as_bytes(), value)
}

fn add_log(vm: &mut Vm, table: Value) -> Result<(), LuaError> {
    add(vm, table, Function::Log)?;
    for (name, value) in LOG_LEVELS {
        vm.set_field(table, name.as_bytes(), value.into())?;
    }
    Ok(())
}

fn add_version(vm: &mut Vm, table: Value, version: &str) -> Result<(), LuaError> {
    vm.set_field(table, b"REDIS_VERSION_NUM", version_number(version).into())?;
    let version = vm.string(version.as_bytes())?;
    vm.set_field(table, b"REDIS_VERSION", version)
}

/// The version with a byte for each of its parts.
fn version_number(version: &str) -> i32 {
    version.split('.').fold(0, |number, part| number << 8 | part.parse::<i32>().unwrap_or(0))
}

/// What the table is called; the second name is Valkey's.
const NAMES: [&[u8]; 2] = [b"redis", b"server"];

fn set_global(vm: &mut Vm, table: Value) -> Result<(), LuaError> {
    NAMES.into_iter().try_for_each(|name| vm.set_global(name, table))
}
