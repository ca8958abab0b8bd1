//! Numbers for all commands and subcommands, for sets of them, with what is looked up by number.

#![expect(clippy::cast_possible_truncation, reason = "there are some hundreds of commands")]

use alloc::vec::Vec;

use super::{Command, KeyAt, KeySpec, Lookup, full_name};
use crate::resp::args::Args;
use crate::structures::sort::sort_by_key;

/// The number of a command or subcommand.
pub(crate) type CommandId = u16;

/// All commands, the subcommands behind their containers.
pub(crate) struct Index {
    entries: Vec<Entry>,
    /// Numbers by the address of the row, in order.
    by_address: Vec<(usize, CommandId)>,
}

/// A command with what was computed for it once.
pub(crate) struct Entry {
    /// The container of a subcommand.
    pub(crate) parent: Option<&'static Command>,
    /// The row.
    pub(crate) row: &'static Command,
    /// Where its keys are.
    specs: Vec<KeySpec>,
}

impl Entry {
    /// The keys of a request for this command.
    pub(crate) fn keys_in(&self, args: Args<'_>) -> Vec<KeyAt> {
        self.row.keys_by(&self.specs, args)
    }

    /// The name in lower case, with the container's.
    pub(crate) fn full_name(&self) -> alloc::string::String {
        full_name(self.parent, self.row)
    }
}

impl Index {
    /// Numbers for what the lookup finds.
    pub(crate) fn new(lookup: &Lookup) -> Index {
        let mut entries = Vec::new();
        let mut add = |parent: Option<&'static Command>, row: &'static Command| {
            let specs = row.key_specs(if parent.is_some() { 2 } else { 1 });
            entries.push(Entry { parent, row, specs });
        };
        for row in lookup.rows() {
            add(None, row);
            row.subcommands.iter().for_each(|sub| add(Some(row), sub));
        }
        let mut by_address: Vec<_> =
            entries.iter().enumerate().map(|(id, entry)| (address(entry.row), id as CommandId)).collect();
        sort_by_key(&mut by_address, |&(address, _)| address);
        Index { entries, by_address }
    }

    /// The number of a row that was found by the same lookup.
    pub(crate) fn id(&self, row: &'static Command) -> CommandId {
        let at = self.by_address.binary_search_by_key(&address(row), |&(address, _)| address);
        self.by_address[at.expect("rows of requests come from the lookup")].1
    }

    /// What is known of a number.
    pub(crate) fn entry(&self, id: CommandId) -> &Entry {
        &self.entries[usize::from(id)]
    }

    /// All of them with their numbers.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (CommandId, &Entry)> {
        self.entries.iter().enumerate().map(|(id, entry)| (id as CommandId, entry))
    }

    /// The command that was born with this name, in any case; a subcommand as `container|name`.
    pub(crate) fn find(&self, lookup: &Lookup, name: &[u8]) -> Option<CommandId> {
        let mut words = name.split(|&byte| byte == b'|');
        let mut row = lookup.find_original(words.next()?)?;
        if let Some(sub) = words.next() {
            row = row.subcommand(sub)?;
        }
        words.next().is_none().then(|| self.id(row))
    }
}

/// Rows are constants: each has one address for as long as the lookup that gave it.
fn address(row: &'static Command) -> usize {
    core::ptr::from_ref(row).addr()
}
