//! `rename-command` as a setting; what it does is the lookup's to know.

use super::{ConfigError, Options};
use crate::command::Lookup;

impl Options {
    /// Takes the old name of a command and the new one, which is empty if the command is to be gone.
    pub(super) fn rename_command(&mut self, value: &str) -> Result<(), ConfigError> {
        let refuse = |why: &str| Err(ConfigError(alloc::format!("'rename-command': {why}")));
        let (old, new) = value.split_once(' ').unwrap_or((value, ""));
        if new.contains(|character: char| character.is_whitespace()) {
            return refuse("wrong number of arguments");
        }
        let mut lookup = Lookup::new();
        self.renames.push((old.into(), new.into()));
        match self.renames.iter().try_for_each(|(old, new)| lookup.rename(old, new)) {
            Ok(()) => Ok(()),
            Err(why) => {
                self.renames.pop();
                refuse(why)
            }
        }
    }
}
