//! The Sanderling server.
fn main() {}
