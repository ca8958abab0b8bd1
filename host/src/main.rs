//! The Sanderling server.

use sanderling::config::{self, Invocation};
use sanderling::memory::Counting;
use sanderling::{Server, version};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> ExitCode {
    let arguments: Result<Vec<String>, _> =
        std::env::args_os().skip(1).map(|word| word.into_string()).collect();
    let Ok(arguments) = arguments else { return fail("the arguments are not UTF-8") };
    let settings = match config::parse(&arguments) {
        Ok(Invocation::Help) => {
            print!("{}", config::HELP);
            return ExitCode::SUCCESS;
        }
        Ok(Invocation::Version) => {
            println!("{}", version());
            return ExitCode::SUCCESS;
        }
        Ok(Invocation::Serve(settings)) => settings,
        Err(error) => return fail(&error.to_string()),
    };
    match Server::start(*settings).and_then(Server::run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("sanderling: {message}");
    ExitCode::FAILURE
}
