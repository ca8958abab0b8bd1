//! Library functions that may take long.
//!
//! They go on step by step: a run can pause between two steps, and what they call are frames as in any other program.
//! Each such function that has begun and not ended is a [`Steps`], the innermost last. None of them is in a coroutine
//! that is suspended, since none can yield.

use crate::api::{Call, Host};
use crate::call::Flow;
use crate::error::Raise;
use crate::thread::{After, FrameKind};
use crate::vm::Vm;
use alloc::boxed::Box;

/// How a step has ended.
pub(crate) enum Next {
    /// It was the last one: so many results are on top of the stack.
    Done(usize),
    /// The function at this place shall be called, with the arguments above it. Its results are there before the next
    /// step, up to the top.
    Call(usize),
}

/// What is known between two steps. Values that it refers to lie on the stack as well.
pub(crate) trait Work {
    /// Goes on until the end or a call, or until the slice of instructions is used up, which [`Vm::check_slice`] tells:
    /// then it must be as if it had not been called.
    fn go_on(&mut self, call: &mut Call<'_>, host: &mut dyn Host) -> Result<Next, Raise>;

    /// Bytes that were charged for its buffers.
    fn charged(&self) -> usize {
        0
    }
}

/// A function that has begun.
pub(crate) struct Steps {
    work: Box<dyn Work>,
    /// How many arguments it has.
    count: usize,
    /// What it wants to be called before anything else.
    called: Option<usize>,
}

impl Call<'_> {
    /// Does the work of a library function, at once if that can be.
    pub(crate) fn work(
        &mut self,
        host: &mut dyn Host,
        mut work: impl Work + 'static,
    ) -> Result<usize, Raise> {
        let called = match work.go_on(self, host) {
            Ok(Next::Call(place)) => Some(place),
            Err(Raise::Pause) => None,
            end => {
                self.vm.heap.refund(work.charged());
                return end.map(|next| match next {
                    Next::Done(count) => count,
                    Next::Call(_) => unreachable!("it was handled above"),
                });
            }
        };
        if let Err(raise) = self.vm.make_room_for_steps(size_of_val(&work)) {
            self.vm.heap.refund(work.charged());
            return Err(raise);
        }
        self.vm.steps.push(Steps { work: Box::new(work), count: self.count, called });
        Err(Raise::Begun)
    }
}

impl Vm {
    /// Charges another function that goes on step by step, whose work has so many bytes.
    fn make_room_for_steps(&mut self, bytes: usize) -> Result<(), Raise> {
        if self.steps.len() >= self.native_depth_max as usize {
            return Err(self.runtime_error("C stack overflow"));
        }
        self.heap.charge(bytes + size_of::<Steps>())
    }

    /// The function on top has begun: what it calls is next, or a pause.
    #[cold]
    pub(crate) fn begun(&mut self, host: &mut dyn Host) -> Result<Flow, Raise> {
        let mut thread = self.current;
        thread.frames.last_mut().expect("it was just pushed").kind = FrameKind::Steps;
        thread.nested += 1;
        match self.steps.last_mut().and_then(|steps| steps.called.take()) {
            Some(place) => self.precall(host, place, -1, After::Nothing, false),
            None => Err(Raise::Pause),
        }
    }

    /// Goes on with the function on top.
    pub(crate) fn step(&mut self, host: &mut dyn Host) -> Result<Flow, Raise> {
        let frame = *self.current.frames.last().expect("it is on top");
        debug_assert!(frame.kind == FrameKind::Steps);
        let mut steps = self.steps.pop().expect("there is one for each such frame");
        let next =
            steps.work.go_on(&mut Call { vm: self, func: frame.func as usize, count: steps.count }, host);
        self.steps.push(steps);
        match next? {
            Next::Call(place) => self.precall(host, place, -1, After::Nothing, false),
            Next::Done(count) => {
                self.end_steps();
                let top = self.current.top;
                self.complete(top - count, count)
            }
        }
    }

    /// The function on top, or one that an error leaves, has ended.
    pub(crate) fn end_steps(&mut self) {
        let mut thread = self.current;
        thread.nested = thread.nested.saturating_sub(1);
        self.drop_steps();
    }

    /// Drops the innermost; `false` if there is none.
    pub(crate) fn drop_steps(&mut self) -> bool {
        let Some(steps) = self.steps.pop() else { return false };
        self.heap.refund(size_of_val(&*steps.work) + size_of::<Steps>() + steps.work.charged());
        true
    }
}
