//! What the fuzzer does to both servers, one thing after another.

use crate::text::request;

/// Arguments of a request, the command's name first.
pub type Args = Vec<Vec<u8>>;

/// One step of a run. Connections are numbered from 0; both servers have the same ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// A request with one reply; neighbours on one connection are pipelined.
    Request {
        /// Where it is sent.
        connection: usize,
        /// What is sent.
        args: Args,
    },
    /// A request whose consequences may show on any connection, now or later, or not at all.
    Watched {
        /// Where it is sent.
        connection: usize,
        /// What is sent.
        args: Args,
    },
    /// A scan from its first cursor to its last; `cursor_at` is the index of the cursor.
    Scan {
        /// Where it is sent.
        connection: usize,
        /// The first request.
        args: Args,
        /// Which of the arguments is the cursor.
        cursor_at: usize,
    },
    /// A comparison of everything in every database.
    State,
    /// The connection is closed and another takes its number.
    Reopen {
        /// Which one.
        connection: usize,
    },
}

impl Op {
    /// A request of text arguments.
    pub fn request(connection: usize, args: &[&str]) -> Op {
        Op::Request { connection, args: to_args(args) }
    }

    /// A watched request of text arguments.
    pub fn watched(connection: usize, args: &[&str]) -> Op {
        Op::Watched { connection, args: to_args(args) }
    }

    /// How many commands this counts for.
    pub fn commands(&self) -> u64 {
        match self {
            Op::Request { .. } | Op::Watched { .. } | Op::Scan { .. } => 1,
            Op::State | Op::Reopen { .. } => 0,
        }
    }

    /// The step as a line for people, close to the language of scripts.
    pub fn show(&self) -> String {
        match self {
            Op::Request { connection, args } => format!("C{connection}> {}", request(args)),
            Op::Watched { connection, args } => format!("C{connection}> {}   # watching all", request(args)),
            Op::Scan { connection, args, .. } => {
                format!("C{connection}> {}   # to the last cursor", request(args))
            }
            Op::State => "# compare all keys".into(),
            Op::Reopen { connection } => format!("@close C{connection}"),
        }
    }
}

/// Text arguments as bytes.
pub fn to_args(args: &[&str]) -> Args {
    args.iter().map(|arg| arg.as_bytes().to_vec()).collect()
}
