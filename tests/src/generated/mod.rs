//! Files that are computed from the engine and committed.
//!
//! A test compares them with what they should be; a stale one is rewritten, and the test fails once.

mod abi;
pub mod compat;
mod completions;
mod help;
mod man;
mod names;
mod overloads;
mod replies;
mod typescript;
pub mod upstream;

use std::fs;
use std::path::PathBuf;

pub use typescript::typescript;

/// A file of the repository and what it should hold.
pub struct Generated {
    /// Path from the repository's root.
    pub path: &'static str,
    /// The text.
    pub text: String,
}

/// All generated files.
pub fn all() -> Vec<Generated> {
    vec![
        Generated { path: "COMPAT.md", text: compat::compat() },
        Generated { path: "host/packaging/completions/_sanderling", text: completions::zsh() },
        Generated { path: "host/packaging/completions/sanderling.bash", text: completions::bash() },
        Generated { path: "host/packaging/completions/sanderling.fish", text: completions::fish() },
        Generated { path: "host/packaging/sanderling.1", text: man::man() },
        Generated { path: "wasm/js/abi.generated.ts", text: abi::abi() },
        Generated { path: "wasm/js/commands.generated.ts", text: typescript() },
    ]
}

impl Generated {
    /// Rewrites the file if it is stale; whether it was.
    pub fn refresh(&self) -> bool {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(self.path);
        let is_stale = fs::read_to_string(&path).is_ok_and(|text| text != self.text) || !path.exists();
        if is_stale {
            fs::write(&path, &self.text).expect("the repository is writable");
        }
        is_stale
    }
}
