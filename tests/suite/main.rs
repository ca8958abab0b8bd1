//! One test binary for everything that crosses crates.

mod differential;
mod documents;
mod effects;
mod field_deadlines;
mod generated;
mod input;
mod licences;
mod memory;
mod rdb;
mod scripts;
mod table;
mod workload;
