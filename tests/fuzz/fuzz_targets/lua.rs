//! No text makes the Lua machine panic, run for ever or take more memory than it may, and after any end the machine
//! is whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sanderling_lua::{Call, Error, Host, Options, Run, Value, Vm};

const MEMORY: usize = 1 << 20;
const INSTRUCTIONS: u64 = 200_000;

struct Nobody;

impl Host for Nobody {
    fn call(&mut self, _: u32, call: &mut Call<'_>) -> Result<usize, Error> {
        // What scripts hand over is looked at in both ways.
        for index in 0..call.len() {
            _ = (call.view(index), call.kind(index));
        }
        call.push_bytes(b"reply")?;
        Ok(1)
    }
}

fuzz_target!(|input: &[u8]| {
    let (slice, source) = input.split_first().unwrap_or((&0, b""));
    let options = Options { memory_bytes_max: MEMORY, unwraps_errors: true, ..Options::default() };
    let mut vm = Vm::new(&options).expect("the libraries fit");
    let call = vm.function("call", 0).expect("there is memory");
    vm.set_global(b"call", call).expect("there is memory");
    let globals = vm.globals();
    vm.forbid_missing(globals).expect("there is memory");
    vm.protect(globals).expect("there is memory");
    if let Ok(function) = vm.load(b"@user_script", source)
        && vm.start(function, &[], INSTRUCTIONS).is_ok()
    {
        // Pauses anywhere must not show.
        let slice = if *slice == 0 { u64::MAX } else { u64::from(*slice) * 7 };
        while vm.run(&mut Nobody, slice) == Run::Paused {
            if slice % 3 == 0 && vm.instructions_left() < INSTRUCTIONS / 2 {
                vm.stop();
            }
        }
        _ = (vm.view_result(0), vm.view_failure(), vm.failure_position());
    }
    assert!(vm.memory_bytes() <= MEMORY);
    vm.release(0);
    vm.set_memory_bytes_max(2 * MEMORY);
    let function = vm.load(b"@after", b"return 40 + 2").expect("it compiles");
    vm.start(function, &[], INSTRUCTIONS).expect("there is memory");
    assert_eq!(vm.run(&mut Nobody, u64::MAX), Run::Done);
    assert_eq!(vm.result(0), Value::Number(42.0));
});
