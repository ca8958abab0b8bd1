//! The library `coroutine`; resuming and yielding are in [`crate::call`].

use super::{library, register_kind};
use crate::api::{Call, Host};
use crate::error::Raise;
use crate::thread::{Status, Thread};
use crate::value::{Gc, NativeKind, Val};
use crate::vm::Vm;

pub(super) fn open(vm: &mut Vm) -> Result<(), Raise> {
    let table = library(
        vm,
        "coroutine",
        &[("create", create), ("running", running), ("status", status), ("wrap", wrap)],
    )?;
    register_kind(vm, table, "resume", NativeKind::Resume)?;
    register_kind(vm, table, "yield", NativeKind::Yield)
}

fn new_thread(call: &mut Call<'_>) -> Result<Gc<Thread>, Raise> {
    let function = match call.arg(0) {
        function @ Val::Lua(_) => function,
        _ => return Err(call.bad_argument(0, "Lua function expected")),
    };
    let globals = call.vm.current.globals;
    let mut thread = call.vm.heap.new_thread(Thread::new(globals))?;
    thread.grow_stack(&mut call.vm.heap, 0)?;
    thread.put(0, function);
    thread.top = 1;
    Ok(thread)
}

fn create(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let thread = new_thread(call)?;
    call.give(Val::Thread(thread))
}

fn wrap(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let thread = new_thread(call)?;
    let native = call.vm.heap.new_native(NativeKind::Wrap, [Val::Thread(thread), Val::Nil, Val::Nil])?;
    call.give(Val::Native(native))
}

fn running(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let thread = call.vm.current;
    if thread == call.vm.main {
        return call.give(Val::Nil);
    }
    call.give(Val::Thread(thread))
}

fn status(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let Val::Thread(thread) = call.arg(0) else {
        return Err(call.bad_argument(0, "coroutine expected"));
    };
    call.give_bytes(match thread.status {
        Status::Suspended => b"suspended",
        Status::Running => b"running",
        Status::Normal => b"normal",
        Status::Dead => b"dead",
    })
}
