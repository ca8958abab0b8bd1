//! The names of all settings, and which of them a mistyped one may have meant.

use sanderling_core::config;

/// What configuration files and flags may name and the engine knows nothing of.
const OWN: [&str; 11] = [
    "cache-dir",
    "compile-engine",
    "gather-micros-max",
    "import-skip-unsupported",
    "include",
    "log-format",
    "logfile",
    "memory-bytes-max",
    "pidfile",
    "rename-command",
    "user",
];

/// The names of all settings, older ones too.
pub fn names() -> impl Iterator<Item = &'static str> {
    let of_the_engine = config::settings().flat_map(|setting| [Some(setting.name), setting.alias]).flatten();
    of_the_engine.chain(OWN)
}

/// The setting whose name is most like this one, if any is much like it.
pub(super) fn similar(name: &str) -> Option<String> {
    // A slip or two, and more in long names.
    let far = 1 + name.len() / 5;
    let near = names().map(|other| (distance(name, other), other)).min()?;
    (near.0 <= far).then(|| near.1.to_owned())
}

/// How many bytes have to be added, taken away, changed, or swapped with the next to make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    // Rows for the beginnings of one word, columns for those of the other.
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for (at, byte) in one.iter().enumerate() {
        let mut row = vec![at + 1];
        for (to, wanted) in other.iter().enumerate() {
            let changed = rows[at][to] + usize::from(byte != wanted);
            let mut least = changed.min(rows[at][to + 1] + 1).min(row[to] + 1);
            let is_swapped = at > 0 && to > 0 && one[at - 1] == *wanted && *byte == other[to - 1];
            if is_swapped {
                least = least.min(rows[at - 1][to - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::HELP;

    #[test]
    fn slips_are_known() {
        for (name, meant) in [
            ("maxmemroy", Some("maxmemory")),
            ("max-memory-policy", Some("maxmemory-policy")),
            ("append_only", Some("appendonly")),
            ("requirepas", Some("requirepass")),
            ("prot", Some("port")),
            ("colour", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(similar(name).as_deref(), meant, "{name}");
        }
        assert_eq!((distance("kitten", "sitting"), distance("prot", "port")), (3, 1));
    }

    #[test]
    fn the_help_names_settings() {
        let flags = HELP.lines().filter_map(|line| line.trim_start().strip_prefix("--"));
        let mut count = 0;
        for flag in flags {
            let name = flag.split(' ').next().expect("a line has a first word");
            assert!(names().any(|other| other == name), "{name}");
            count += 1;
        }
        assert!(count > 30);
    }
}
