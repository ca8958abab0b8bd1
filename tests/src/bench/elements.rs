//! What an element of each collection takes, when one key holds many of them.

use super::options::{Kind, Options};
use super::resp::push;
use super::rows::fill_with;
use super::server::{Server, available};
use super::table::{markdown, ratio};
use super::{Result, table};

const ELEMENTS: u64 = 1_000_000;

/// A collection that is filled.
struct Collection {
    /// What one element is.
    element: &'static str,
    /// Lines in the reply to a command.
    lines: usize,
    push: fn(&mut Vec<u8>, u64),
}

const COLLECTIONS: [Collection; 5] = [
    Collection {
        element: "entry of a stream, three fields of the same names",
        lines: 2,
        push: |request, number| {
            // A thousand entries per second, named by the time.
            let (id, place) = (format!("{}-0", 1_700_000_000_000 + number), format!("{number:012}"));
            push(request, &["XADD", "key", &id, "temperature", "21.5", "humidity", "40", "place", &place]);
        },
    },
    Collection {
        element: "field of a hash, 18 bytes, with a value of 32",
        lines: 1,
        push: |request, number| {
            push(request, &["HSET", "key", &format!("field:{number:012}"), VALUE]);
        },
    },
    Collection {
        element: "member of a sorted set, 19 bytes",
        lines: 1,
        push: |request, number| {
            let member = format!("member:{number:012}");
            push(request, &["ZADD", "key", &number.to_string(), &member]);
        },
    },
    Collection {
        element: "element of a list, 32 bytes",
        lines: 1,
        push: |request, _| push(request, &["RPUSH", "key", VALUE]),
    },
    Collection {
        element: "member of a set, 19 bytes",
        lines: 1,
        push: |request, number| push(request, &["SADD", "key", &format!("member:{number:012}")]),
    },
];

const VALUE: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

pub(super) fn measure(options: &Options) -> Result<String> {
    let kinds = available(options);
    let mut rows = vec![heading(&kinds)];
    for collection in &COLLECTIONS {
        eprintln!("filling: {}", collection.element);
        let bytes = kinds.iter().map(|kind| fill(*kind, collection)).collect::<Result<Vec<_>>>()?;
        rows.push(format_row(&kinds, collection, &bytes));
    }
    Ok(format!(
        "Bytes that one of {} elements under a single key takes: the growth of the process in RAM (RSS), in brackets \
         that of `used_memory`. Ratios are of the former; 2× means half as much.\n\n{}",
        table::grouped(ELEMENTS as f64),
        markdown(&rows)
    ))
}

/// Resident and self-reported bytes per element.
fn fill(kind: Kind, collection: &Collection) -> Result<(f64, f64)> {
    let server = Server::start(kind)?;
    let before = (server.resident_bytes()?, server.used_memory()?);
    fill_with(&mut server.client()?, ELEMENTS, collection.lines, collection.push)?;
    let per_element = |now: u64, before: u64| (now as f64 - before as f64) / ELEMENTS as f64;
    let used = per_element(server.used_memory()?, before.1);
    Ok((per_element(server.resident_bytes()?, before.0), used))
}

fn heading(kinds: &[Kind]) -> Vec<String> {
    let mut cells = vec!["element".to_owned()];
    for kind in kinds {
        cells.push(format!("{} bytes", kind.title()));
        if *kind != Kind::Redis {
            cells.push("vs redis".to_owned());
        }
    }
    cells
}

fn format_row(kinds: &[Kind], collection: &Collection, bytes: &[(f64, f64)]) -> Vec<String> {
    let base = kinds.iter().position(|kind| *kind == Kind::Redis).map_or(f64::NAN, |index| bytes[index].0);
    let mut cells = vec![collection.element.to_owned()];
    for (kind, (resident, used)) in kinds.iter().zip(bytes) {
        cells.push(format!("{resident:.1} ({used:.1})"));
        if *kind != Kind::Redis {
            cells.push(ratio(base, *resident, None));
        }
    }
    cells
}
