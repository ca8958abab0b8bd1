//! `rename-command`: commands that clients know by another name, or not at all.
//!
//! As in Redis, users' rules, statistics and replies about commands go on using the names that commands were born with.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Command, Lookup, ResolvedCommand, slots};

/// A command whose own name finds nothing.
pub(super) struct Renamed {
    found: ResolvedCommand,
    /// The name that finds it, if there is one.
    name: Option<String>,
}

impl Renamed {
    fn is_called(&self, name: &[u8]) -> bool {
        self.name.as_ref().is_some_and(|own| own.as_bytes().eq_ignore_ascii_case(name))
    }
}

impl Lookup {
    /// Gives the command that has the name `old` the name `new`, or takes it away if that is empty. The error is Redis's.
    pub fn rename(&mut self, old: &str, new: &str) -> Result<(), &'static str> {
        let found = self.resolve(old.as_bytes()).ok_or("No such command in rename-command")?;
        if !new.eq_ignore_ascii_case(old) && self.resolve(new.as_bytes()).is_some() {
            return Err("Target command name already exists");
        }
        self.renamed.retain(|renamed| !core::ptr::eq(renamed.found.row, found.row));
        self.renamed.push(Renamed { found, name: (!new.is_empty()).then(|| new.into()) });
        let rows: Vec<_> = self.rows.iter().copied().filter(|row| !self.is_renamed(row)).collect();
        self.slots = slots(&rows);
        Ok(())
    }

    /// The rows that clients can name.
    pub fn listed(&self) -> impl Iterator<Item = &'static Command> + '_ {
        let is_gone = |row: &'static Command| {
            self.renamed.iter().any(|renamed| core::ptr::eq(renamed.found.row, row) && renamed.name.is_none())
        };
        self.rows.iter().copied().filter(move |row| !is_gone(row))
    }

    /// The command that was born with a name and has it no more: logs that were written before know it by that one.
    pub(crate) fn resolve_original(&self, name: &[u8]) -> Option<ResolvedCommand> {
        let is_called = |renamed: &&Renamed| renamed.found.row.name.as_bytes().eq_ignore_ascii_case(name);
        self.renamed.iter().find(is_called).map(|renamed| renamed.found)
    }

    /// The row of the command that was born with a name.
    pub(super) fn find_original(&self, name: &[u8]) -> Option<&'static Command> {
        let found = self.resolve_original(name).or_else(|| self.resolve(name))?;
        found.row.name.as_bytes().eq_ignore_ascii_case(name).then_some(found.row)
    }

    /// What no command was born with: another name, or none.
    #[cold]
    pub(super) fn resolve_renamed(&self, name: &[u8]) -> Option<ResolvedCommand> {
        self.renamed.iter().find(|renamed| renamed.is_called(name)).map(|renamed| renamed.found)
    }

    fn is_renamed(&self, row: &'static Command) -> bool {
        self.renamed.iter().any(|renamed| core::ptr::eq(renamed.found.row, row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_given_and_taken() {
        let mut lookup = Lookup::new();
        let all = lookup.listed().count();
        let name = |lookup: &Lookup, name: &str| lookup.find(name.as_bytes()).map(|row| row.name);
        let set = name(&lookup, "set");
        assert!(set.is_some());
        assert_eq!(lookup.rename("Set", "my-Put"), Ok(()));
        assert_eq!((name(&lookup, "set"), name(&lookup, "MY-PUT")), (None, set));
        assert_eq!(lookup.rename("get", "my-put"), Err("Target command name already exists"));
        assert_eq!(lookup.rename("set", "other"), Err("No such command in rename-command"));
        assert_eq!(lookup.rename("my-put", "set2"), Ok(()));
        assert_eq!((name(&lookup, "my-put"), name(&lookup, "set2")), (None, set));
        assert_eq!(lookup.listed().count(), all);
        assert_eq!(lookup.rename("set2", ""), Ok(()));
        assert_eq!((name(&lookup, "set2"), name(&lookup, "")), (None, None));
        assert_eq!((lookup.listed().count(), lookup.rows().len()), (all - 1, all));
        assert_eq!(lookup.resolve_original(b"SET").map(|found| found.row.name), set);
        assert!(lookup.resolve_original(b"get").is_none() && lookup.find(b"get").is_some());
        assert_eq!(lookup.rename("get", "GET"), Ok(()));
        assert!(lookup.find(b"get").is_some());
    }
}
