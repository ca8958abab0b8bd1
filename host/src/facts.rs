//! What INFO tells of process and machine.

use crate::{storage, tls};
use sanderling_core::Fact;
use std::fs;

/// One of the numbers; 0 where the system does not tell it.
pub(crate) fn fact(which: Fact) -> u64 {
    if let Some(number) = storage::fact(which).or_else(|| tls::fact(which)) {
        return number;
    }
    match which {
        Fact::SystemTime => times(libc::RUSAGE_SELF).0,
        Fact::UserTime => times(libc::RUSAGE_SELF).1,
        Fact::ChildrenSystemTime => times(libc::RUSAGE_CHILDREN).0,
        Fact::ChildrenUserTime => times(libc::RUSAGE_CHILDREN).1,
        Fact::ThreadSystemTime => times(THREAD).0,
        Fact::ThreadUserTime => times(THREAD).1,
        Fact::ResidentBytes => resident_bytes(),
        Fact::MachineBytes => configured(libc::_SC_PHYS_PAGES) * configured(libc::_SC_PAGESIZE),
        // These are told above.
        Fact::LogBytes
        | Fact::LogBaseBytes
        | Fact::LogBufferBytes
        | Fact::LogSyncsPending
        | Fact::LogSyncsDelayed
        | Fact::CertificateEnd => 0,
    }
}

#[cfg(target_os = "linux")]
const THREAD: libc::c_int = libc::RUSAGE_THREAD;
/// Elsewhere there is no such number; nearly all time is that of the one thread.
#[cfg(not(target_os = "linux"))]
const THREAD: libc::c_int = libc::RUSAGE_SELF;

/// Processor time in the system and outside of it, in microseconds.
fn times(who: libc::c_int) -> (u64, u64) {
    // SAFETY: all bytes zero are a `rusage`, which consists of numbers.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a `rusage` that lives longer than the call.
    if unsafe { libc::getrusage(who, &raw mut usage) } != 0 {
        return (0, 0);
    }
    let micros = |time: libc::timeval| time.tv_sec as u64 * 1_000_000 + time.tv_usec as u64;
    (micros(usage.ru_stime), micros(usage.ru_utime))
}

fn resident_bytes() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: Option<u64> = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0) * configured(libc::_SC_PAGESIZE)
}

fn configured(name: libc::c_int) -> u64 {
    // SAFETY: the call reads no memory of ours.
    u64::try_from(unsafe { libc::sysconf(name) }).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_has_taken_time_and_memory() {
        let all = Fact::ALL.map(fact);
        assert!(all[0] + all[1] > 0 && all[4] + all[5] <= all[0] + all[1] + 1_000_000, "{all:?}");
        assert!(all[7] > 0 && all[6] <= all[7], "{all:?}");
        for (index, which) in Fact::ALL.into_iter().enumerate() {
            assert_eq!(which as usize, index);
        }
    }
}
