//! The machine: which core is whose, and what it is for the report's heading.

use super::options::Options;
use super::{Result, server};
use rustix::thread::{CpuSet, sched_setaffinity};
use std::process::{Child, Command};
use std::{fs, io, thread};

const SERVER_CORE: usize = 0;
const CLIENT_CORE: usize = 1;

/// Keeps this process, and what it starts, off the server's core.
pub(super) fn pin_client() -> Result<()> {
    if cores() < 2 {
        eprintln!("only one core: server and client share it, so the figures mean little");
        return Ok(());
    }
    Ok(pin(CLIENT_CORE)?)
}

/// Starts a program on the server's core.
pub(super) fn spawn_on_server_core(command: &mut Command) -> Result<Child> {
    if cores() < 2 {
        return Ok(command.spawn()?);
    }
    // A process runs where the thread may that makes it, so a thread goes there for it. A program in between, such as
    // taskset, would be part of what a start takes.
    thread::scope(|scope| {
        let spawning = scope.spawn(|| pin(SERVER_CORE).and_then(|()| command.spawn()));
        Ok(spawning.join().map_err(|_| "the thread that starts servers panicked")??)
    })
}

/// Keeps the calling thread, and what it starts, on a core.
fn pin(core: usize) -> io::Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    Ok(sched_setaffinity(None, &cores)?)
}

/// Title, date, versions and machine.
pub(super) fn heading(options: &Options) -> Result<String> {
    let mut text = String::from("# Benchmarks\n\nWritten by `make bench`; do not edit.\n\n");
    text.push_str(&format!("- Date: {}\n", said_by("date", &["-u", "+%Y-%m-%d %H:%M UTC"])));
    for kind in server::available(options) {
        if let Some(version) = server::version(kind) {
            text.push_str(&format!("- {}: {version}\n", kind.title()));
        }
    }
    text.push_str(&format!("- Client: {}\n", said_by("redis-benchmark", &["--version"])));
    text.push_str(&format!("- Node: {}\n", said_by("node", &["--version"])));
    text.push_str(&format!("- Commit: {}\n", said_by("git", &["rev-parse", "--short", "HEAD"])));
    text.push_str(&format!("- Machine: {}, {} cores, {} of RAM\n", cpu_model()?, cores(), memory()?));
    text.push_str(&format!("- Kernel: {}\n", said_by("uname", &["-srm"])));
    text.push_str(&format!("- Load average at the start: {}\n", fs::read_to_string("/proc/loadavg")?.trim()));
    text.push_str(
        "\nServer on core 0, client on core 1. Rounds go over the servers in turn; figures are medians over the \
         rounds. A mark beside a ratio tells whether it reaches the target.\n",
    );
    Ok(text)
}

/// When a section was measured, and how long; sections of one file may be from different days.
pub(super) fn measured(options: &Options) -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "Measured {} at commit {}, {} rounds of {} seconds, load average {}.",
        said_by("date", &["-u", "+%Y-%m-%d"]),
        said_by("git", &["rev-parse", "--short", "HEAD"]),
        options.rounds,
        options.seconds,
        load.split(' ').next().unwrap_or_default()
    )
}

/// The last part: how to get these figures again.
pub(super) fn reproduce(options: &Options) -> String {
    format!(
        "\n## Reproduce\n\n```sh\nmake bench                                # everything, {rounds} rounds\n\
         make bench ROWS=get,set PIPELINES=64      # a part, printed and kept in target/benchmarks.md\n\
         make bench SECTIONS=startup ROUNDS=9\n```\n\n\
         It needs redis-server, redis-benchmark and Node. Ratios travel between machines better than \
         absolute figures do.\n",
        rounds = options.rounds
    )
}

fn cores() -> usize {
    // `available_parallelism` would count only the core that this process was pinned to.
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    text.lines().filter(|line| line.starts_with("processor")).count()
}

fn cpu_model() -> Result<String> {
    let text = fs::read_to_string("/proc/cpuinfo")?;
    let line = text.lines().find(|line| line.starts_with("model name"));
    let model = line.and_then(|line| line.split_once(": ")).map_or("unknown processor", |(_, model)| model);
    Ok(model.to_owned())
}

fn memory() -> Result<String> {
    let text = fs::read_to_string("/proc/meminfo")?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kibibytes = server::first_number(line.ok_or("no MemTotal")?)?;
    Ok(format!("{:.0} GiB", kibibytes as f64 / 1024.0 / 1024.0))
}

/// The first line that a program prints, or that it is missing.
fn said_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(super::repository()).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().map_or_else(|| "not installed".to_owned(), str::to_owned)
}
