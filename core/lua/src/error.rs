//! What interrupts a run.

/// Why a function did not return. An error's value lies in [`crate::vm::Vm::thrown`] meanwhile, so that results stay
/// small.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Raise {
    /// An error that `pcall` catches.
    Error,
    /// The limit of memory; ends the run.
    OutOfMemory,
    /// The limit of instructions; ends the run.
    OutOfInstructions,
    /// The slice of instructions is used up; the run goes on later.
    Pause,
    /// A library function has begun to go on step by step: see [`crate::steps`]. It never leaves the call of one.
    Begun,
}

/// The error of a native function: an error that Lua code can catch, or the end of the run. It is made by
/// [`crate::Vm::error`] and its like, or comes from a function of [`crate::Vm`] and is passed on with `?`.
#[derive(Debug)]
pub struct Error(pub(crate) Raise);

impl From<Raise> for Error {
    fn from(raise: Raise) -> Error {
        Error(raise)
    }
}

impl From<Error> for Raise {
    fn from(error: Error) -> Raise {
        error.0
    }
}
