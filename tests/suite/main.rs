//! One test binary for everything that crosses crates.

mod arguments;
mod differential;
mod documents;
mod effects;
mod eviction;
mod field_deadlines;
mod files;
mod full;
mod generated;
mod input;
mod licences;
mod lua;
mod memory;
mod narrowing;
mod notifications;
mod rdb;
mod samples;
mod scripts;
mod snapshot;
mod table;
mod tidy;
mod workload;
