//! `daemonize`: leaving the terminal.

use std::fs::File;
use std::io;
use std::process;

/// Goes on in a process of its own, in a session without a terminal; the one that was started ends. Threads do not come
/// along, so there must be none yet. The log goes to its file, or nowhere.
pub fn detach() -> io::Result<()> {
    // SAFETY: this is the only thread, so the child has all that the parent had.
    match unsafe { libc::fork() } {
        -1 => return Err(io::Error::last_os_error()),
        0 => {}
        _ => process::exit(0),
    }
    rustix::process::setsid()?;
    let null = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    Ok(())
}
