//! Libraries of functions: what is kept of them, and how one is loaded.

use crate::structures::ordered::OrderedMap;
use alloc::boxed::Box;
use alloc::vec::Vec;

use sanderling_lua::{Call, Error as LuaError, Host, LoadError, Pinned, Run as End, Value, View, Vm};

use super::header::{self, Declared, check_name};
use super::host::{self, LINE_BYTES_MAX, fail};
use super::machine::{self, Environments, Function as Number};
use crate::base::error::Error;
use crate::base::memory::Memory;
use crate::config::Config;

/// What loading a library may cost, in instructions: about half a second, as much as Redis gives it.
const LOAD_INSTRUCTIONS_MAX: u64 = 50_000_000;
/// The longest name or description, in bytes.
const TEXT_BYTES_MAX: usize = 64 << 10;
/// What a library or function takes besides its texts, in bytes.
const ENTRY_BYTES: usize = 256;

/// All libraries, and the machine that runs their functions.
#[derive(Default)]
pub(crate) struct Libraries {
    /// Made when it is first needed, and taken out while it runs.
    pub(super) vm: Option<Box<Vm>>,
    environments: Option<Environments>,
    by_name: OrderedMap<Vec<u8>, Library>,
    /// Libraries by the names of their functions in lower case.
    owners: OrderedMap<Vec<u8>, Vec<u8>>,
    /// Bytes of all texts.
    bytes: usize,
}

/// A library.
pub(super) struct Library {
    /// Its text, with the first line.
    pub(super) text: Box<[u8]>,
    /// Its functions by their names in lower case.
    pub(super) functions: OrderedMap<Vec<u8>, Function>,
}

/// A function.
pub(super) struct Function {
    pub(super) name: Vec<u8>,
    pub(super) description: Option<Vec<u8>>,
    pub(super) declared: Declared,
    pub(super) callback: Pinned,
}

impl Library {
    fn bytes(&self) -> usize {
        let functions = self.functions.values().map(|function| {
            ENTRY_BYTES + function.name.len() + function.description.as_ref().map_or(0, Vec::len)
        });
        self.text.len() + ENTRY_BYTES + functions.sum::<usize>()
    }
}

/// A library that is being loaded.
struct Loading {
    functions: OrderedMap<Vec<u8>, Function>,
}

/// What happens to libraries of the same names when others are restored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Policy {
    /// All libraries go.
    Flush,
    /// It is an error.
    Append,
    /// They are replaced.
    Replace,
}

impl Libraries {
    /// How many libraries there are, and how many functions.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.by_name.len(), self.owners.len())
    }

    /// Bytes that the libraries take besides what the machine does.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes of the machine.
    pub(crate) fn machine_bytes(&self) -> usize {
        self.vm.as_ref().map_or(0, |vm| vm.memory_bytes())
    }

    /// All libraries by name.
    /// Their texts.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &[u8]> {
        self.iter().map(|(_, library)| &*library.text)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], &Library)> {
        self.by_name.iter().map(|(name, library)| (name.as_slice(), library))
    }

    /// The function of this name, in any case.
    pub(super) fn function(&self, name: &[u8]) -> Option<&Function> {
        let name = name.to_ascii_lowercase();
        self.by_name.get(self.owners.get(&name)?)?.functions.get(&name)
    }

    /// Loads a library, or says what is wrong with it and changes nothing.
    pub(super) fn load(
        &mut self,
        config: &Config,
        memory: &Memory,
        text: &[u8],
        replaces: bool,
    ) -> Result<Vec<u8>, Error> {
        let (name, start) = header::of_library(text)?;
        if !replaces && self.by_name.contains_key(&name) {
            return Err(already("Library '", &name, "' already exists"));
        }
        let library = self.compile(config, memory, text, start)?;
        let added = OrderedMap::from_iter([(name.clone(), library)]);
        self.join(config, added, if replaces { Policy::Replace } else { Policy::Append })?;
        Ok(name)
    }

    /// Loads several libraries, or none of them.
    pub(super) fn restore(
        &mut self,
        config: &Config,
        memory: &Memory,
        texts: Vec<Vec<u8>>,
        policy: Policy,
    ) -> Result<(), Error> {
        let mut added = OrderedMap::new();
        for text in texts {
            let loaded = header::of_library(&text).and_then(|(name, start)| {
                if added.contains_key(&name) {
                    return Err(already("Library '", &name, "' already exists"));
                }
                Ok((name, self.compile(config, memory, &text, start)?))
            });
            match loaded {
                Ok((name, library)) => _ = added.insert(name, library),
                Err(error) => {
                    self.free(added);
                    return Err(error);
                }
            }
        }
        self.join(config, added, policy)
    }

    /// Deletes a library; `false` if there is none of this name.
    pub(super) fn delete(&mut self, name: &[u8]) -> bool {
        let removed = self.unlink(name);
        let is_there = removed.is_some();
        self.free(removed.map(|library| (Vec::new(), library)));
        is_there
    }

    /// Deletes all libraries, and what they have left behind.
    pub(crate) fn flush(&mut self) {
        *self = Libraries::default();
    }

    /// Adds libraries, or says why they cannot be added and changes nothing.
    fn join(
        &mut self,
        config: &Config,
        added: OrderedMap<Vec<u8>, Library>,
        policy: Policy,
    ) -> Result<(), Error> {
        let mut replaced = Vec::new();
        let mut refused = None;
        match policy {
            Policy::Flush => {
                let names: Vec<_> = self.by_name.keys().cloned().collect();
                replaced
                    .extend(names.into_iter().filter_map(|name| Some((name.clone(), self.unlink(&name)?))));
            }
            Policy::Append => {
                let known = added.keys().find(|name| self.by_name.contains_key(*name));
                refused = known.map(|name| already("Library ", name, " already exists"));
            }
            Policy::Replace => {
                for name in added.keys() {
                    replaced.extend(self.unlink(name).map(|library| (name.clone(), library)));
                }
            }
        }
        let refused = refused.or_else(|| self.refusal(config, &added));
        let (put, freed) = match refused {
            Some(_) => (replaced, added.into_iter().collect::<Vec<_>>()),
            None => (added.into_iter().collect(), replaced),
        };
        put.into_iter().for_each(|(name, library)| self.link(name, library));
        self.free(freed);
        refused.map_or(Ok(()), Err)
    }

    /// Why libraries cannot be added to those there are.
    fn refusal(&self, config: &Config, added: &OrderedMap<Vec<u8>, Library>) -> Option<Error> {
        let mut names = OrderedMap::new();
        for function in added.values().flat_map(|library| &library.functions) {
            let (key, function) = function;
            if self.owners.contains_key(key) || names.insert(key, ()).is_some() {
                return Some(already("Function ", &function.name, " already exists"));
            }
        }
        let bytes: usize = added.values().map(Library::bytes).sum();
        if self.by_name.len() + added.len() > config.function_libraries_max.get() {
            return Some(Error::Text("ERR There would be more libraries than function-max-libraries allows"));
        }
        if self.bytes + bytes > config.function_bytes_max.get() {
            return Some(Error::Text("ERR Libraries would take more bytes than function-max-bytes allows"));
        }
        None
    }

    fn link(&mut self, name: Vec<u8>, library: Library) {
        self.bytes += library.bytes();
        for function in library.functions.keys() {
            self.owners.insert(function.clone(), name.clone());
        }
        self.by_name.insert(name, library);
    }

    fn unlink(&mut self, name: &[u8]) -> Option<Library> {
        let library = self.by_name.remove(name)?;
        self.bytes -= library.bytes();
        for function in library.functions.keys() {
            self.owners.remove(function);
        }
        Some(library)
    }

    /// Lets the machine forget the functions of libraries.
    fn free(&mut self, libraries: impl IntoIterator<Item = (Vec<u8>, Library)>) {
        let Some(vm) = &mut self.vm else { return };
        for (_, library) in libraries {
            library.functions.into_iter().for_each(|(_, function)| vm.unpin(function.callback));
        }
    }

    /// Runs the text of a library, so that it registers its functions.
    fn compile(
        &mut self,
        config: &Config,
        memory: &Memory,
        text: &[u8],
        start: usize,
    ) -> Result<Library, Error> {
        if self.vm.is_none() {
            let (vm, environments) = machine::for_libraries(config, memory).ok_or(Error::OutOfMemory)?;
            (self.vm, self.environments) = (Some(vm), Some(environments));
        }
        let (Some(vm), Some(environments)) = (self.vm.as_deref_mut(), &self.environments) else {
            return Err(Error::OutOfMemory);
        };
        machine::limit(vm, config, memory);
        let mut loading = Loading { functions: OrderedMap::new() };
        let mut outcome = run_text(vm, environments, &mut loading, &text[start..], config);
        if outcome.is_ok() && loading.functions.is_empty() {
            outcome = Err(Error::Text("ERR No functions registered"));
        }
        vm.release(0);
        if let Err(error) = outcome {
            loading.functions.into_iter().for_each(|(_, function)| vm.unpin(function.callback));
            return Err(error);
        }
        Ok(Library { text: text.into(), functions: loading.functions })
    }

    /// The machine has done its work.
    pub(super) fn put_machine(&mut self, vm: Box<Vm>) {
        self.vm = Some(vm);
    }
}

fn already(before: &str, name: &[u8], after: &str) -> Error {
    Error::quoting_all(&alloc::format!("ERR {before}"), name, after)
}

fn run_text(
    vm: &mut Vm,
    environments: &Environments,
    loading: &mut Loading,
    text: &[u8],
    config: &Config,
) -> Result<(), Error> {
    const NO_MEMORY: Error = Error::OutOfMemory;
    let own = vm.pinned(environments.own);
    let function = vm.load_in(own, b"@user_function", text).map_err(|error| match error {
        LoadError::Syntax(message) => Error::quoting_all("ERR Error compiling function: ", &message, ""),
        LoadError::OutOfMemory => NO_MEMORY,
    })?;
    let limit = LOAD_INSTRUCTIONS_MAX.min(config.script_instructions_max);
    environments.switch(vm, true).map_err(|_| NO_MEMORY)?;
    let end = match vm.start(function, &[], limit) {
        Ok(()) => vm.run(loading, u64::MAX),
        Err(_) => End::OutOfMemory,
    };
    let failed = |text: &[u8]| Error::quoting_all("ERR Error registering functions: ", text, "");
    let outcome = match end {
        End::Done | End::Paused => Ok(()),
        End::Failed => Err(failed(&failure_text(vm))),
        End::OutOfInstructions => Err(failed(b"ERR FUNCTION LOAD timeout")),
        End::OutOfMemory => Err(NO_MEMORY),
    };
    environments.switch(vm, false).map_err(|_| NO_MEMORY)?;
    outcome
}

/// The text of the error that ended a library's text.
fn failure_text(vm: &Vm) -> Vec<u8> {
    match vm.view_failure() {
        View::Table(table) => match table.field("err") {
            View::String(text) => text[..text.len().min(LINE_BYTES_MAX)].to_vec(),
            _ => b"ERR unknown error".to_vec(),
        },
        View::String(text) => [b"ERR ".as_slice(), &text[..text.len().min(LINE_BYTES_MAX)]].concat(),
        _ => b"ERR unknown error".to_vec(),
    }
}

impl Host for Loading {
    fn call(&mut self, function: u32, call: &mut Call<'_>) -> Result<usize, LuaError> {
        match Number::numbered(function) {
            Some(Number::Log) => host::log(call),
            Some(Number::Register) => self.register(call),
            _ => fail(call, b"ERR redis.call/pcall can only be called inside a script invocation"),
        }
    }
}

/// What `redis.register_function` was told.
#[derive(Default)]
struct Told {
    name: Option<Vec<u8>>,
    description: Option<Vec<u8>>,
    callback: Option<Value>,
    declared: Declared,
}

impl Loading {
    fn register(&mut self, call: &mut Call<'_>) -> Result<usize, LuaError> {
        let told = match call.len() {
            1 => read_named(call)?,
            2 => read_positional(call)?,
            _ => Err("wrong number of arguments to redis.register_function"),
        };
        let refused = match told {
            Ok(told) => self.add(call, told)?,
            Err(text) => Some(Error::Owned(alloc::format!("ERR {text}"))),
        };
        match refused {
            Some(error) => fail(call, &error.text()),
            None => Ok(0),
        }
    }

    /// Adds a function, or gives the reason why it cannot be.
    fn add(&mut self, call: &mut Call<'_>, told: Told) -> Result<Option<Error>, LuaError> {
        let text = |text| Ok(Some(Error::Text(text)));
        let Some(name) = told.name else {
            return text("ERR redis.register_function must get a function name argument");
        };
        let Some(callback) = told.callback else {
            return text("ERR redis.register_function must get a callback argument");
        };
        if let Err(error) = check_name(&name) {
            return Ok(Some(error));
        }
        let key = name.to_ascii_lowercase();
        if self.functions.contains_key(&key) {
            return text("ERR Function already exists in the library");
        }
        // What is kept outside of the machine counts as well.
        call.vm.charge_instructions(ENTRY_BYTES)?;
        let callback = call.vm.pin(callback)?;
        let Told { description, declared, .. } = told;
        self.functions.insert(key, Function { name, description, declared, callback });
        Ok(None)
    }
}

type Read = Result<Result<Told, &'static str>, LuaError>;

fn read_positional(call: &mut Call<'_>) -> Read {
    let (name, callback) = (call.value(0)?, call.value(1)?);
    let Some(name) = text_of(call.vm, name) else {
        return Ok(Err("first argument to redis.register_function must be a string"));
    };
    if !matches!(callback, Value::Function(_)) {
        return Ok(Err("second argument to redis.register_function must be a function"));
    }
    Ok(Ok(Told { name: Some(name), callback: Some(callback), ..Told::default() }))
}

fn read_named(call: &mut Call<'_>) -> Read {
    let table = call.value(0)?;
    if !matches!(table, Value::Table(_)) {
        return Ok(Err(
            "calling redis.register_function with a single argument is only applicable to Lua table (representing \
             named arguments).",
        ));
    }
    let mut told = Told::default();
    let mut key = Value::Nil;
    while let Some((next, value)) = call.vm.next(table, key)? {
        key = next;
        let Some(name) = text_of(call.vm, key) else {
            return Ok(Err("named argument key given to redis.register_function is not a string"));
        };
        if let Err(text) = read_argument(call, &mut told, &name, value)? {
            return Ok(Err(text));
        }
    }
    Ok(Ok(told))
}

fn read_argument(
    call: &mut Call<'_>,
    told: &mut Told,
    name: &[u8],
    value: Value,
) -> Result<Result<(), &'static str>, LuaError> {
    match name.to_ascii_lowercase().as_slice() {
        b"function_name" => {
            told.name = text_of(call.vm, value);
            if told.name.is_none() {
                return Ok(Err("function_name argument given to redis.register_function must be a string"));
            }
        }
        b"description" => {
            told.description = text_of(call.vm, value);
            if told.description.is_none() {
                return Ok(Err("description argument given to redis.register_function must be a string"));
            }
        }
        b"callback" => {
            if !matches!(value, Value::Function(_)) {
                return Ok(Err("callback argument given to redis.register_function must be a function"));
            }
            told.callback = Some(value);
        }
        b"flags" => {
            if !matches!(value, Value::Table(_)) {
                return Ok(Err(
                    "flags argument to redis.register_function must be a table representing function flags",
                ));
            }
            match read_flags(call, value)? {
                Some(declared) => told.declared = declared,
                None => return Ok(Err("unknown flag given")),
            }
        }
        _ => return Ok(Err("unknown argument given to redis.register_function")),
    }
    Ok(Ok(()))
}

/// The bytes of a string or number, unless they are too many for a name or a description.
fn text_of(vm: &Vm, value: Value) -> Option<Vec<u8>> {
    match vm.view(value) {
        View::String(text) if text.len() > TEXT_BYTES_MAX => None,
        _ => vm.to_bytes(value),
    }
}

fn read_flags(call: &mut Call<'_>, table: Value) -> Result<Option<Declared>, LuaError> {
    let mut declared = Declared::default();
    for index in 1.. {
        let value = call.vm.get_index(table, index)?;
        if value == Value::Nil {
            break;
        }
        call.vm.charge_instructions(1)?;
        let name = text_of(call.vm, value).map(|name| name.to_ascii_lowercase());
        match name.and_then(|name| Declared::named(&name)) {
            Some(flag) => declared = declared.and(flag),
            None => return Ok(None),
        }
    }
    Ok(Some(declared))
}
