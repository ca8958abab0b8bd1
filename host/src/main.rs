//! The Sanderling server.

use sanderling::check;
use sanderling::config::{self, Invocation};
use sanderling::memory::Counting;
use sanderling::{Server, log, version};
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> ExitCode {
    let arguments: Result<Vec<String>, _> =
        std::env::args_os().skip(1).map(|word| word.into_string()).collect();
    let Ok(arguments) = arguments else { return fail("the arguments are not UTF-8") };
    if arguments.first().is_some_and(|word| word == "check") {
        return match check::run(&arguments[1..]) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(error) => fail(&error),
        };
    }
    let settings = match config::parse(&arguments) {
        Ok(Invocation::Help) => return print(config::HELP),
        Ok(Invocation::Version) => return print(&format!("{}\n", version())),
        Ok(Invocation::Serve(settings)) => settings,
        Err(error) => return fail(&error.to_string()),
    };
    match Server::start(*settings).and_then(Server::run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::last_words(&error.to_string());
            fail(&error.to_string())
        }
    }
}

/// A reader that has seen enough, such as `head`, is no failure.
fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => fail(&error.to_string()),
        _ => ExitCode::SUCCESS,
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("sanderling: {message}");
    ExitCode::FAILURE
}
