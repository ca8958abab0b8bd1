//! The virtual machine: its parts, and the runs it does.

use crate::api::Host;
use crate::call::Flow;
use crate::error::Raise;
use crate::heap::Heap;
use crate::meta::NAMES;
use crate::steps::Steps;
use crate::table::Table;
use crate::thread::{After, Status, Thread};
use crate::value::{Gc, Str, Val};
use crate::{library, parser};
use alloc::vec::Vec;

/// The limits of a machine, and its seed.
#[derive(Clone, Debug)]
pub struct Options {
    /// All memory of the machine: values, stacks, compiled code, buffers.
    pub memory_bytes_max: usize,
    /// A single string; at most 1 GiB.
    pub string_bytes_max: usize,
    /// Calls of Lua functions in each other.
    pub frames_max: usize,
    /// Calls in each other of native functions that call Lua functions, which take the machine's own stack.
    pub native_depth_max: u32,
    /// Seeds `math.random`, in the way of `math.randomseed`.
    pub seed: u32,
    /// Whether `pcall` gives the text of an error that is a table with the field `err`, as Redis's does.
    pub unwraps_errors: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            memory_bytes_max: 256 << 20,
            string_bytes_max: 512 << 20,
            frames_max: 16_000,
            native_depth_max: 200,
            seed: 0,
            unwraps_errors: false,
        }
    }
}

/// How a run ended, or why it stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Run {
    /// The function returned: see [`Vm::result`].
    Done,
    /// An error was not caught: see [`Vm::failure`].
    Failed,
    /// The slice of instructions is used up, and the limit is not: [`Vm::run`] goes on.
    Paused,
    /// The limit of instructions.
    OutOfInstructions,
    /// The limit of memory.
    OutOfMemory,
}

/// Why a text is no program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LoadError {
    /// The message, with chunk and line.
    Syntax(Vec<u8>),
    /// Compiling it needs more memory than there is.
    OutOfMemory,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Idle,
    Ready,
    Paused,
    Running,
}

/// As much as is told of why a text is no program, in bytes.
const MESSAGE_BYTES_MAX: usize = 64 << 10;

/// The most values on a stack.
pub(crate) const STACK_MAX: usize = 1_000_000;

/// A Lua 5.1 machine. See the crate's documentation.
pub struct Vm {
    pub(crate) heap: Heap,
    pub(crate) main: Gc<Thread>,
    pub(crate) current: Gc<Thread>,
    pub(crate) globals: Gc<Table>,
    pub(crate) string_meta: Option<Gc<Table>>,
    pub(crate) names: [Gc<Str>; NAMES.len()],
    /// The value of the error under way, or of the last one.
    pub(crate) thrown: Val,
    /// `next`, and the step of `ipairs`, for every loop the same.
    pub(crate) next_function: Val,
    pub(crate) ipairs_function: Val,
    /// Source and line of the function in which it happened.
    pub(crate) thrown_at: Option<(Gc<Str>, u32)>,
    pub(crate) registry: Vec<Val>,
    pub(crate) registry_free: Vec<u32>,
    pub(crate) handles: Vec<(Val, u32)>,
    pub(crate) handles_made: u32,
    /// Instructions left in this slice.
    pub(crate) fuel: i64,
    /// Instructions left for later slices.
    reserve: u64,
    /// What was moved from `reserve` to `fuel` because a pause was not possible.
    overdraft: u64,
    pub(crate) native_depth: u32,
    /// Library functions that have begun and not ended.
    pub(crate) steps: Vec<Steps>,
    pub(crate) native_depth_max: u32,
    pub(crate) resumes: u32,
    pub(crate) frames_max: usize,
    pub(crate) random: u64,
    pub(crate) unwraps_errors: bool,
    state: State,
}

// SAFETY: its pointers lead to its own heap only, and none of them leaves it: what others hold are numbers.
unsafe impl Send for Vm {}

impl Vm {
    /// A machine with all libraries. `None` if they alone exceed the limit of memory.
    pub fn new(options: &Options) -> Option<Vm> {
        Vm::try_new(options).ok()
    }

    fn try_new(options: &Options) -> Result<Vm, Raise> {
        let mut heap = Heap::new(options.memory_bytes_max, options.string_bytes_max)?;
        let globals = heap.new_table()?;
        let main = heap.new_thread(Thread::new(globals))?;
        let empty = heap.string(b"")?;
        let mut vm = Vm {
            heap,
            main,
            current: main,
            globals,
            string_meta: None,
            names: [empty; NAMES.len()],
            thrown: Val::Nil,
            next_function: Val::Nil,
            ipairs_function: Val::Nil,
            thrown_at: None,
            registry: Vec::new(),
            registry_free: Vec::new(),
            handles: Vec::new(),
            handles_made: 0,
            fuel: 0,
            reserve: 0,
            overdraft: 0,
            native_depth: 0,
            steps: Vec::new(),
            native_depth_max: options.native_depth_max,
            resumes: 0,
            frames_max: options.frames_max,
            random: 0,
            unwraps_errors: options.unwraps_errors,
            state: State::Idle,
        };
        for (index, name) in NAMES.iter().enumerate() {
            vm.names[index] = vm.heap.string(name.as_bytes())?;
        }
        vm.reset()?;
        vm.seed(options.seed);
        library::open(&mut vm)?;
        Ok(vm)
    }

    /// Prepares a call, which may cost `instructions_max` in all. A run that is not over is ended.
    ///
    /// # Errors
    /// Too little memory for the arguments, or a handle that has ended.
    pub fn start(
        &mut self,
        function: crate::Value,
        arguments: &[crate::Value],
        instructions_max: u64,
    ) -> Result<(), crate::Error> {
        if self.state == State::Running {
            return Err(self.error(b"a run is under way"));
        }
        self.stop();
        self.reset()?;
        // Runs may be too short to come by a safe point.
        if self.heap.bytes >= self.heap.threshold {
            self.collect();
        }
        let function = self.resolve(function)?;
        self.push(function)?;
        for argument in arguments {
            let argument = self.resolve(*argument)?;
            self.push(argument)?;
        }
        self.thrown = Val::Nil;
        self.thrown_at = None;
        self.reserve = instructions_max;
        self.fuel = 0;
        self.heap.work = 0;
        self.state = State::Ready;
        Ok(())
    }

    /// Runs what was started, for about `slice` instructions. With nothing to run, it is done at once.
    pub fn run(&mut self, host: &mut dyn Host, slice: u64) -> Run {
        let grant = slice.min(self.reserve).min(i64::MAX as u64 / 2);
        self.reserve -= grant;
        self.fuel += grant as i64;
        let main = self.main;
        let first = match self.state {
            State::Ready => self.precall(host, 0, -1, After::Nothing, true),
            State::Paused => Ok(Flow::Frame),
            State::Idle | State::Running => return Run::Done,
        };
        self.state = State::Running;
        let end = self.drive(host, first, main, 0);
        self.state = State::Idle;
        match end {
            Ok(()) => Run::Done,
            Err(Raise::Pause) => {
                self.state = State::Paused;
                Run::Paused
            }
            Err(Raise::Error | Raise::Begun) => Run::Failed,
            Err(Raise::OutOfMemory) => self.aborted(Run::OutOfMemory),
            Err(Raise::OutOfInstructions) => self.aborted(Run::OutOfInstructions),
        }
    }

    /// Ends a run that is paused or was not begun. The functions it was in are left without further ado.
    pub fn stop(&mut self) {
        if matches!(self.state, State::Ready | State::Paused) {
            self.aborted(Run::Paused);
        }
    }

    fn aborted(&mut self, why: Run) -> Run {
        self.state = State::Idle;
        self.thrown = Val::Nil;
        self.thrown_at = self.lua_position();
        // Coroutines that were under way cannot be gone on with.
        let mut thread = self.current;
        while let Some(parent) = thread.parent.take() {
            thread.abandon();
            thread = parent;
        }
        self.main.abandon();
        self.current = self.main;
        while self.drop_steps() {}
        self.native_depth = 0;
        self.resumes = 0;
        self.collect();
        why
    }

    /// Instructions that the run may still take.
    pub fn instructions_left(&self) -> u64 {
        (self.reserve as i64 + self.fuel).max(0) as u64
    }

    /// Bytes in use, garbage included.
    pub fn memory_bytes(&self) -> usize {
        self.heap.bytes
    }

    /// Changes the limit of memory. It may be below what is in use: then nothing more is allocated.
    pub fn set_memory_bytes_max(&mut self, bytes: usize) {
        self.heap.bytes_max = bytes;
        self.heap.lower_threshold();
    }

    /// Frees what nothing refers to.
    ///
    /// Does nothing while a run is under way: its functions may hold values that only they know of.
    pub fn collect_garbage(&mut self) {
        if self.state != State::Running {
            self.collect();
        }
    }

    /// Compiles a program. The name follows Lua's convention: `@user_script` is shown as `user_script`, and what does
    /// not begin with `@` or `=` is taken for the program's text.
    ///
    /// # Errors
    /// What is wrong with the text, or too little memory.
    pub fn load(&mut self, chunk_name: &[u8], source: &[u8]) -> Result<crate::Value, LoadError> {
        let globals = self.globals();
        self.load_in(globals, chunk_name, source)
    }

    /// As [`Vm::load`], with a table in place of the global variables.
    ///
    /// # Errors
    /// As for [`Vm::load`].
    pub fn load_in(
        &mut self,
        environment: crate::Value,
        chunk_name: &[u8],
        source: &[u8],
    ) -> Result<crate::Value, LoadError> {
        if self.state != State::Running && self.heap.bytes >= self.heap.threshold {
            self.collect();
        }
        // Instructions are charged to runs only.
        let fuel = core::mem::replace(&mut self.fuel, i64::MAX / 2);
        let environment = self.resolve_table(environment);
        let compiled = environment.and_then(|environment| self.compile_in(environment, chunk_name, source));
        self.fuel = fuel;
        match compiled {
            Ok(function) => self.handle(function).map_err(|_| LoadError::OutOfMemory),
            Err(Raise::Error) => {
                let message = match self.thrown {
                    // A token may be as long as the text.
                    Val::Str(message) => {
                        let message = message.bytes();
                        message[..message.len().min(MESSAGE_BYTES_MAX)].to_vec()
                    }
                    _ => Vec::new(),
                };
                Err(LoadError::Syntax(message))
            }
            Err(_) => Err(LoadError::OutOfMemory),
        }
    }

    /// A function from source text; its environment are the globals of the current thread.
    pub(crate) fn compile(&mut self, chunk_name: &[u8], source: &[u8]) -> Result<Val, Raise> {
        let globals = self.current.globals;
        self.compile_in(globals, chunk_name, source)
    }

    fn compile_in(&mut self, environment: Gc<Table>, chunk_name: &[u8], source: &[u8]) -> Result<Val, Raise> {
        let proto = parser::compile(self, chunk_name, source)?;
        Ok(Val::Lua(self.heap.new_closure(proto, environment, &[])?))
    }

    /// Makes the main thread as new.
    fn reset(&mut self) -> Result<(), Raise> {
        let mut main = self.main;
        main.abandon();
        main.status = Status::Running;
        self.current = main;
        if main.stack_len == 0 {
            main.grow_stack(&mut self.heap, 0)?;
        } else {
            main.shrink(&mut self.heap);
        }
        Ok(())
    }

    /// Charges work of native code.
    #[inline(always)]
    pub(crate) fn charge(&mut self, cost: usize) -> Result<(), Raise> {
        self.fuel -= cost as i64;
        if self.fuel < 0 { self.overdrawn() } else { Ok(()) }
    }

    /// For native code that may pause here: whether the slice is used up.
    #[inline(always)]
    pub(crate) fn check_slice(&mut self) -> Result<(), Raise> {
        if self.fuel < 0 { self.out_of_fuel() } else { Ok(()) }
    }

    /// Charges what tables did.
    #[inline(always)]
    pub(crate) fn charge_work(&mut self) -> Result<(), Raise> {
        if self.heap.work == 0 {
            return Ok(());
        }
        let work = core::mem::take(&mut self.heap.work);
        self.charge(work)
    }

    /// Most native code cannot pause: it goes on into what is left for later.
    #[cold]
    fn overdrawn(&self) -> Result<(), Raise> {
        if self.fuel.unsigned_abs() > self.reserve { Err(Raise::OutOfInstructions) } else { Ok(()) }
    }

    /// The slice is used up where a pause is possible unless native code waits for this to end.
    #[cold]
    #[inline(never)]
    pub(crate) fn out_of_fuel(&mut self) -> Result<(), Raise> {
        /// How far to go on before it is looked again whether there is a limit.
        const CHUNK: u64 = 1000;
        self.overdrawn()?;
        if self.reserve == 0 {
            return Err(Raise::OutOfInstructions);
        }
        if self.native_depth == 0 {
            return Err(Raise::Pause);
        }
        let chunk = self.fuel.unsigned_abs().saturating_add(CHUNK).min(self.reserve);
        self.reserve -= chunk;
        self.overdraft += chunk;
        self.fuel += chunk as i64;
        if self.fuel < 0 { Err(Raise::OutOfInstructions) } else { Ok(()) }
    }

    /// Back where a pause is possible: what was borrowed is returned, so that it comes at once.
    pub(crate) fn return_overdraft(&mut self) {
        self.fuel -= self.overdraft as i64;
        self.reserve += self.overdraft;
        self.overdraft = 0;
    }
}

impl Thread {
    /// Ends whatever runs on it.
    pub(crate) fn abandon(&mut self) {
        if self.stack_len > 0 {
            self.close(self.stack);
        }
        self.frames.clear();
        self.top = 0;
        self.nested = 0;
        self.parent = None;
        self.status = Status::Dead;
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        self.release(0);
    }
}
