//! The commands that Redis and Valkey have, and of Upstash's those that are here, from `data/commands.txt`.

/// A command or subcommand of one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// The name in upper case, a subcommand's behind its container's.
    pub name: &'static str,
    /// The group in Redis's documentation.
    pub group: &'static str,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a command comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Redis, since this version.
    Redis(&'static str),
    /// Valkey alone.
    Valkey,
    /// Upstash alone, of whose own commands only those are named that are here.
    Upstash,
    /// A module that Redis has come with since version 8.
    Module,
}

impl Origin {
    /// The text of a table's cell.
    pub fn text(self) -> &'static str {
        match self {
            Origin::Redis(version) => version,
            Origin::Valkey => "Valkey",
            Origin::Upstash => "Upstash",
            Origin::Module => "module",
        }
    }

    /// Whether Redis has it from its first releases up to this version, as (major, minor).
    pub fn is_in_redis(self, (major, minor): (u32, u32)) -> bool {
        let Origin::Redis(version) = self else { return false };
        let mut parts = version.split('.').map(|part| part.parse::<u32>().expect("a version is numbers"));
        let mut next = || parts.next().unwrap_or(0);
        (next(), next()) <= (major, minor)
    }
}

/// All of them, in groups.
pub fn commands() -> Vec<Upstream> {
    let mut group = "";
    let mut commands = Vec::new();
    for line in include_str!("../../data/commands.txt").lines() {
        if let Some(name) = line.strip_prefix('[') {
            group = name.strip_suffix(']').expect("a section's name ends with a bracket");
        } else if !line.is_empty() && !line.starts_with('#') {
            let (origin, name) = line.split_once(' ').expect("an origin stands in front of the name");
            let origin = match origin {
                "valkey" => Origin::Valkey,
                "upstash" => Origin::Upstash,
                "module" => Origin::Module,
                version => Origin::Redis(version),
            };
            commands.push(Upstream { name, group, origin });
        }
    }
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_compared_by_number() {
        assert!(Origin::Redis("7.2.0").is_in_redis((7, 2)));
        assert!(!Origin::Redis("7.4.0").is_in_redis((7, 2)));
        assert!(!Origin::Redis("8.10.0").is_in_redis((8, 9)));
        assert!(!Origin::Module.is_in_redis((9, 9)));
    }

    #[test]
    fn names_are_unique_and_sorted_within_their_group() {
        let commands = commands();
        for pair in commands.windows(2) {
            assert!(pair[0].group != pair[1].group || pair[0].name < pair[1].name, "{pair:?}");
        }
        let mut names: Vec<_> = commands.iter().map(|command| command.name).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
