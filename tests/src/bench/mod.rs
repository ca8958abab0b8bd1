//! The benchmark: Sanderling beside redis-server on the same machine, in turns.
//!
//! The server has one core, the client another, so that neither takes time from the other. Rounds go over the
//! servers in turn, so that what else the machine does meets them all alike, and figures are medians.

mod durability;
#[cfg(feature = "in-process")]
mod echo;
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
mod rest;
mod rows;
mod saving;
mod server;
mod size;
mod startup;
#[cfg(feature = "in-process")]
mod storm;
mod table;
mod throughput;
mod tls;

use options::{Options, Section};
use std::error::Error;

/// What went wrong, for people to read.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Runs what `arguments` ask for, prints it, and writes it as Markdown.
pub fn run(arguments: &[String]) -> Result<()> {
    #[cfg(feature = "in-process")]
    if let [flag, port, answer_bytes] = arguments
        && flag == "--echo"
    {
        return echo::serve(port.parse()?, answer_bytes.parse()?);
    }
    #[cfg(feature = "in-process")]
    if let [flag, port, certificate] = arguments
        && flag == "--storm"
    {
        return storm::strike(port.parse()?, certificate);
    }
    let options = match options::parse(arguments)? {
        Some(options) => options,
        None => {
            println!("{}", options::HELP);
            return Ok(());
        }
    };
    machine::pin_client()?;
    let mut report = match std::fs::read_to_string(&options.out) {
        Ok(text) if options.merges => text,
        _ => machine::heading(&options)? + &machine::reproduce(&options),
    };
    for section in &options.sections {
        eprintln!("== {}", section.title());
        let text = format!("{}\n\n{}", machine::measured(&options), measure(*section, &options)?);
        report = with_section(&report, section.title(), &text);
    }
    println!("{report}");
    if let Some(folder) = options.out.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&options.out, report)?;
    eprintln!("written to {}", options.out.display());
    Ok(())
}

/// A report with a section in the place of the one of the same title, or as the last before how to reproduce it.
fn with_section(report: &str, title: &str, text: &str) -> String {
    const MARK: &str = "\n## ";
    let heading = format!("{MARK}{title}\n");
    let (start, end) = match report.find(&heading) {
        Some(start) => {
            let behind = start + heading.len();
            (start, report[behind..].find(MARK).map_or(report.len(), |at| behind + at))
        }
        None => {
            let last = report.rfind(MARK).unwrap_or(report.len());
            (last, last)
        }
    };
    format!("{}{heading}\n{}\n{}", &report[..start], text.trim_end(), &report[end..])
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
        Section::Tls => Ok(tls::measure(options)? + &storm(options)?),
        Section::Rest => rest::measure(options),
    }
}

#[cfg(feature = "in-process")]
fn pauses(options: &Options) -> Result<String> {
    in_process::measure(options)
}

#[cfg(feature = "in-process")]
fn storm(options: &Options) -> Result<String> {
    Ok(format!("\n{}", storm::measure(options)?))
}

#[cfg(not(feature = "in-process"))]
fn storm(_options: &Options) -> Result<String> {
    Ok(String::new())
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
    use super::{median, with_section};

    #[test]
    fn sections_take_their_places() {
        let report = "# T\n\nhead\n\n## Reproduce\n\nso\n";
        let one = with_section(report, "One", "1\n");
        assert_eq!(one, "# T\n\nhead\n\n## One\n\n1\n\n## Reproduce\n\nso\n");
        let two = with_section(&one, "Two", "2\n");
        assert_eq!(two, "# T\n\nhead\n\n## One\n\n1\n\n## Two\n\n2\n\n## Reproduce\n\nso\n");
        assert_eq!(with_section(&two, "One", "1\n"), two);
        assert!(with_section(&two, "One", "3").contains("## One\n\n3\n\n## Two\n\n2\n"));
    }

    #[test]
    fn medians() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
    }
}
