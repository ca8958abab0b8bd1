//! Operations in a Node process, measured by Node programs against the servers started here.

use super::options::{Kind, Options};
use super::server::Server;
use super::{Result, repository};
use std::process::{Command, Stdio};

pub(super) fn measure(options: &Options) -> Result<String> {
    run("bench-node.mjs", options)
}

pub(super) fn measure_queues(options: &Options) -> Result<String> {
    run("bench-queues.mjs", options)
}

fn run(program: &str, options: &Options) -> Result<String> {
    let clients = repository().join("tests/clients");
    if !clients.join("node_modules").exists() {
        let line = "Not measured: run `npm ci` in tests/clients first.\n";
        eprint!("{line}");
        return Ok(line.to_owned());
    }
    let servers = Server::start_all(options)?;
    let mut command = Command::new("node");
    command.arg(program).current_dir(clients);
    for server in &servers {
        let variable = match server.kind {
            Kind::Redis => "BENCH_REDIS_URL",
            Kind::Wasm => "BENCH_WASM_URL",
            Kind::Native => "BENCH_NATIVE_URL",
            // It takes no part here.
            Kind::Newer | Kind::Valkey => continue,
        };
        command.env(variable, format!("redis://127.0.0.1:{}", server.port));
    }
    let output = command.env("ROUNDS", options.rounds.to_string()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{program} failed").into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
