//! What INFO tells of the program and the machine.

/// The path of this program.
pub(super) fn executable() -> String {
    let path = std::env::current_exe().map(|path| path.display().to_string()).unwrap_or_default();
    // The engine is told one setting on a line.
    path.replace(['\n', '\r', '\0'], "?")
}

/// The operating system with its version and the processor, as Redis words it.
pub(super) fn os() -> String {
    use std::env::consts::{ARCH, OS};
    match std::fs::read_to_string("/proc/sys/kernel/osrelease") {
        Ok(release) => format!("Linux {} {ARCH}", release.trim()),
        Err(_) => format!("{OS} {ARCH}"),
    }
}
