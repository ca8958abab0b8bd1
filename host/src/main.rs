//! The Sanderling server.

use sanderling::config::{self, Invocation};
use sanderling::memory::Counting;
use sanderling::{Server, check, daemon, log, ping, version};
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> ExitCode {
    let arguments: Result<Vec<String>, _> =
        std::env::args_os().skip(1).map(|word| word.into_string()).collect();
    let Ok(arguments) = arguments else { return fail("the arguments are not UTF-8") };
    let tool = match arguments.first().map(String::as_str) {
        Some("check") => Some(check::run(&arguments[1..])),
        Some("ping") => Some(ping::run(&arguments[1..])),
        _ => None,
    };
    match tool {
        Some(Ok(true)) => return ExitCode::SUCCESS,
        Some(Ok(false)) => return ExitCode::FAILURE,
        Some(Err(error)) => return fail(&error),
        None => {}
    }
    let settings = match config::parse(&arguments) {
        Ok(Invocation::Help) => return print(config::HELP),
        Ok(Invocation::Version) => return print(&format!("{}\n", version())),
        Ok(Invocation::Serve(settings)) => settings,
        Err(errors) => {
            errors.0.iter().for_each(|error| complain(&error.to_string()));
            return ExitCode::FAILURE;
        }
    };
    if settings.goes_to_background()
        && let Err(error) = daemon::detach()
    {
        return fail(&format!("cannot go into the background: {error}"));
    }
    match Server::start(*settings).and_then(Server::run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error = error.to_string();
            if log::last_words(&error) { fail(&error) } else { ExitCode::FAILURE }
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
    complain(message);
    ExitCode::FAILURE
}

/// Nobody may be there to read it.
fn complain(message: &str) {
    let _ = writeln!(std::io::stderr(), "sanderling: {message}");
}
