//! The benchmark: Sanderling beside redis-server on the same machine, in turns.
//!
//! The server has one core, the client another, so that neither takes time from the other. Rounds go over the
//! servers in turn, so that what else the machine does meets them all alike, and figures are medians.

mod durability;
mod elements;
mod growth;
#[cfg(feature = "in-process")]
mod in_process;
mod load;
mod lua;
mod machine;
mod node;
mod options;
mod refill;
mod resp;
mod rows;
mod saving;
mod server;
mod size;
mod startup;
mod table;
mod throughput;

use options::{Options, Section};
use std::error::Error;

/// What went wrong, for people to read.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Runs what `arguments` ask for, prints it, and writes it as Markdown.
pub fn run(arguments: &[String]) -> Result<()> {
    let options = match options::parse(arguments)? {
        Some(options) => options,
        None => {
            println!("{}", options::HELP);
            return Ok(());
        }
    };
    machine::pin_client()?;
    let mut report = machine::heading(&options)?;
    for section in &options.sections {
        eprintln!("== {}", section.title());
        report.push_str(&format!("\n## {}\n\n", section.title()));
        report.push_str(&measure(*section, &options)?);
    }
    report.push_str(&machine::reproduce(&options));
    println!("{report}");
    if let Some(folder) = options.out.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&options.out, report)?;
    eprintln!("written to {}", options.out.display());
    Ok(())
}

fn measure(section: Section, options: &Options) -> Result<String> {
    match section {
        Section::Throughput => throughput::measure(options),
        Section::Commands => throughput::measure_more(options),
        Section::Durability => durability::measure(options),
        Section::Growth => growth::measure(options),
        Section::Refill => refill::measure(options),
        Section::Elements => elements::measure(options),
        Section::Pauses => pauses(options),
        Section::Startup => startup::measure(options),
        Section::Size => size::measure(),
        Section::Node => node::measure(options),
        Section::Queues => node::measure_queues(options),
        Section::Lua => lua::measure(options),
    }
}

#[cfg(feature = "in-process")]
fn pauses(options: &Options) -> Result<String> {
    in_process::measure(options)
}

#[cfg(not(feature = "in-process"))]
fn pauses(_options: &Options) -> Result<String> {
    let line = "Not measured: built without the feature `in-process`, which `make bench` turns on.\n";
    eprintln!("{line}");
    Ok(line.to_owned())
}

/// The middle of the values, or the mean of the two middle ones.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => sorted[middle],
        _ => (sorted[middle - 1] + sorted[middle]) / 2.0,
    }
}

/// The root of the repository.
fn repository() -> &'static std::path::Path {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this package lies in a folder of the repository")
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn medians() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
    }
}
