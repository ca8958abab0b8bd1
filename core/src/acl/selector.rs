//! One set of permissions: which commands, on which keys and channels.

use alloc::vec::Vec;

use super::RuleError;
use super::listed::Listed;
use crate::base::error::until_zero;
use crate::base::glob::glob_match;
use crate::command::{CATEGORIES, Command, CommandId, Flags, Index, KeyAt, Lookup};
use crate::resp::args::Args;
use crate::structures::ordered::{OrderedMap, OrderedSet};

/// What rules are read with.
#[derive(Clone, Copy)]
pub(crate) struct Names<'a> {
    /// Finds commands by name.
    pub(crate) lookup: &'a Lookup,
    /// Numbers them.
    pub(crate) index: &'a Index,
    /// Whether a new selector may use every channel (`acl-pubsub-default`).
    pub(crate) all_channels: bool,
}

/// See the module's description.
#[derive(Clone, Default)]
pub(crate) struct Selector {
    /// Whether commands are allowed unless something says otherwise, those of later versions too.
    allows_future: bool,
    /// Commands for which the opposite holds, in order.
    exceptions: Vec<CommandId>,
    /// Whether there was no rule against any command since `+@all`: then nothing is looked up.
    pub(super) all_commands: bool,
    /// Commands that are allowed with these first arguments, although not in general.
    /// They are in lower case.
    first_args: OrderedMap<CommandId, OrderedSet<Vec<u8>>>,
    /// The rules about commands, the later ones prevailing, as they are shown: what, and whether they allow it.
    rules: Listed<Vec<u8>, bool>,
    pub(super) all_keys: bool,
    /// Patterns of keys, and what may be done with these.
    keys: Listed<Vec<u8>, Access>,
    pub(super) all_channels: bool,
    channels: Listed<Vec<u8>, ()>,
}

/// Reading, writing, or both.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Access {
    reads: bool,
    writes: bool,
}

impl Access {
    const ALL: Access = Access { reads: true, writes: true };

    /// What a key is used for, by the flags of its specification.
    fn of(flags: &[&str]) -> Access {
        let has = |flag| flags.contains(&flag);
        Access { reads: has("access"), writes: has("insert") || has("delete") || has("update") }
    }

    fn includes(self, other: Access) -> bool {
        (self.reads || !other.reads) && (self.writes || !other.writes)
    }

    fn prefix(self) -> &'static [u8] {
        match self {
            Access::ALL => b"~",
            Access { reads: true, .. } => b"%R~",
            _ => b"%W~",
        }
    }
}

/// Why a request is refused; the index is that of the key or channel in the request.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Denied {
    /// The command is not allowed at all.
    Command,
    /// A key is not.
    Key(usize),
    /// A channel is not.
    Channel(usize),
}

impl Selector {
    /// One that allows nothing, but perhaps all channels.
    pub(super) fn new(names: Names<'_>) -> Selector {
        Selector { all_channels: names.all_channels, ..Selector::default() }
    }

    /// One that allows everything.
    pub(super) fn open() -> Selector {
        let mut selector = Selector { all_keys: true, all_channels: true, ..Selector::default() };
        selector.set_all(true);
        selector
    }

    /// Whether there is nothing that it forbids.
    pub(super) fn is_unrestricted(&self) -> bool {
        self.all_commands && self.all_keys && self.all_channels
    }

    // ----- rules -----

    /// Applies one rule.
    pub(super) fn apply(&mut self, names: Names<'_>, rule: &[u8]) -> Result<(), RuleError> {
        let is = |word: &str| rule.eq_ignore_ascii_case(word.as_bytes());
        if is("allkeys") || is("~*") {
            (self.all_keys, self.keys) = (true, Listed::default());
        } else if is("resetkeys") {
            (self.all_keys, self.keys) = (false, Listed::default());
        } else if is("allchannels") || is("&*") {
            (self.all_channels, self.channels) = (true, Listed::default());
        } else if is("resetchannels") {
            (self.all_channels, self.channels) = (false, Listed::default());
        } else if is("allcommands") || is("+@all") {
            self.set_all(true);
        } else if is("nocommands") || is("-@all") {
            self.set_all(false);
        } else {
            match rule {
                [b'~' | b'%', ..] => self.add_keys(rule)?,
                [b'&', pattern @ ..] => self.add_channels(pattern)?,
                [b'+', b'@', name @ ..] => self.set_category(names, name, true)?,
                [b'-', b'@', name @ ..] => self.set_category(names, name, false)?,
                [b'+', name @ ..] => self.allow(names, until_zero(name, usize::MAX))?,
                [b'-', name @ ..] => self.set_named(names, until_zero(name, usize::MAX), false)?,
                _ => return Err(RuleError::Syntax),
            }
        }
        Ok(())
    }

    fn set_all(&mut self, allow: bool) {
        self.all_commands = allow;
        self.allows_future = allow;
        self.exceptions.clear();
        self.first_args.clear();
        self.rules.clear();
    }

    fn add_keys(&mut self, rule: &[u8]) -> Result<(), RuleError> {
        if self.all_keys {
            return Err(RuleError::AllKeys);
        }
        let (access, pattern) = match rule {
            [b'~', pattern @ ..] => (Access::ALL, pattern),
            _ => key_access(&rule[1..])?,
        };
        if has_spaces(pattern) {
            return Err(RuleError::Syntax);
        }
        match self.keys.get_mut(pattern) {
            Some(known) => {
                known.reads |= access.reads;
                known.writes |= access.writes;
            }
            None => self.keys.add(pattern.to_vec(), access),
        }
        Ok(())
    }

    fn add_channels(&mut self, pattern: &[u8]) -> Result<(), RuleError> {
        if self.all_channels {
            return Err(RuleError::AllChannels);
        }
        if has_spaces(pattern) {
            return Err(RuleError::Syntax);
        }
        if !self.channels.contains(pattern) {
            self.channels.add(pattern.to_vec(), ());
        }
        Ok(())
    }

    /// `+command`, `+container|subcommand`, or `+command|first-argument`.
    fn allow(&mut self, names: Names<'_>, name: &[u8]) -> Result<(), RuleError> {
        let Some(bar) = name.iter().rposition(|&byte| byte == b'|') else {
            return self.set_named(names, name, true);
        };
        let (command, argument) = (&name[..bar], &name[bar + 1..]);
        let id = names.index.find(names.lookup, command).ok_or(RuleError::Unknown)?;
        let entry = names.index.entry(id);
        if entry.parent.is_some() {
            return Err(RuleError::FirstArgument);
        }
        if argument.is_empty() {
            return Err(RuleError::Syntax);
        }
        if entry.row.subcommands.is_empty() {
            self.first_args.or_default(id).insert(argument.to_ascii_lowercase());
        } else {
            let id = names.index.find(names.lookup, name).ok_or(RuleError::Unknown)?;
            self.set_command(names, id, true);
        }
        self.note(name, true);
        Ok(())
    }

    fn set_named(&mut self, names: Names<'_>, name: &[u8], allow: bool) -> Result<(), RuleError> {
        let id = names.index.find(names.lookup, name).ok_or(RuleError::Unknown)?;
        self.set_command(names, id, allow);
        self.note(names.index.entry(id).full_name().as_bytes(), allow);
        Ok(())
    }

    /// Allows or forbids a command with all of its subcommands.
    fn set_command(&mut self, names: Names<'_>, id: CommandId, allow: bool) {
        let subcommands = names.index.entry(id).row.subcommands.len();
        let subcommands = CommandId::try_from(subcommands).expect("there are some hundreds of commands");
        // They are numbered right behind their container.
        (id..=id + subcommands).for_each(|id| self.set_bit(id, allow));
        self.first_args.remove(&id);
    }

    fn set_bit(&mut self, id: CommandId, allow: bool) {
        match (self.exceptions.binary_search(&id), allow == self.allows_future) {
            (Ok(at), true) => drop(self.exceptions.remove(at)),
            (Err(at), false) => self.exceptions.insert(at, id),
            _ => {}
        }
        self.all_commands &= allow;
    }

    fn set_category(&mut self, names: Names<'_>, name: &[u8], allow: bool) -> Result<(), RuleError> {
        let name = until_zero(name, usize::MAX).to_ascii_lowercase();
        let category = CATEGORIES.iter().find(|category| category.as_bytes() == name);
        let category = category.ok_or(RuleError::Unknown)?;
        self.note(&[b"@", name.as_slice()].concat(), allow);
        // A container stands before its subcommands, which have categories of their own.
        for (id, entry) in names.index.entries() {
            if entry.row.is_in_category(category) {
                self.set_command(names, id, allow);
            }
        }
        Ok(())
    }

    /// Keeps a rule for showing it, in the place of earlier ones about the same command or its subcommands.
    fn note(&mut self, name: &[u8], allow: bool) {
        let name = name.to_ascii_lowercase();
        self.rules.remove_with_parts(&name);
        self.rules.add(name, allow);
    }

    // ----- checks -----

    /// Whether the request may run.
    pub(super) fn check(&self, id: CommandId, request: &Request<'_>) -> Result<(), Denied> {
        if !self.all_commands && !request.row.flags.has(Flags::NO_AUTH) && !self.allows(id, request) {
            return Err(Denied::Command);
        }
        if !self.all_keys {
            for &(at, flags) in &request.keys {
                if !self.allows_key(request.args.at(at), flags) {
                    return Err(Denied::Key(at));
                }
            }
        }
        if !self.all_channels {
            let (channels, is_pattern) = channels_of(request.row, request.args);
            for at in channels {
                if !allows_channel(self.channels(), request.args.at(at), is_pattern) {
                    return Err(Denied::Channel(at));
                }
            }
        }
        Ok(())
    }

    fn allows(&self, id: CommandId, request: &Request<'_>) -> bool {
        if self.exceptions.binary_search(&id).is_ok() != self.allows_future {
            return true;
        }
        match (self.first_args.get(&id), request.args.get(1)) {
            (Some(known), Some(first)) => known.contains(&first.to_ascii_lowercase()),
            _ => false,
        }
    }

    fn allows_key(&self, key: &[u8], flags: &[&str]) -> bool {
        let access = Access::of(flags);
        self.keys.iter().any(|(pattern, known)| known.includes(access) && glob_match(pattern, key, false))
    }

    /// Whether any key whatever may be read, as keys that are named by values are.
    pub(super) fn reads_all_keys(&self) -> bool {
        self.all_keys || self.keys.iter().any(|(pattern, known)| known.reads && pattern == b"*")
    }

    /// Patterns of channels, in any order.
    pub(super) fn channels(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.channels.iter().map(|(pattern, ())| pattern)
    }

    // ----- showing -----

    /// The rules about commands in one line.
    pub(crate) fn commands_text(&self) -> Vec<u8> {
        let mut text = if self.allows_future { b"+@all".to_vec() } else { b"-@all".to_vec() };
        for (name, allow) in self.rules.in_order() {
            text.extend_from_slice(if *allow { b" +" } else { b" -" });
            text.extend_from_slice(name);
        }
        text
    }

    /// The patterns of keys in one line.
    pub(crate) fn keys_text(&self) -> Vec<u8> {
        if self.all_keys {
            return b"~*".to_vec();
        }
        let shown = |(pattern, known): (&Vec<u8>, &Access)| [known.prefix(), pattern.as_slice()].concat();
        self.keys.in_order().into_iter().map(shown).collect::<Vec<_>>().join(&b' ')
    }

    /// The patterns of channels in one line.
    pub(crate) fn channels_text(&self) -> Vec<u8> {
        if self.all_channels {
            return b"&*".to_vec();
        }
        let shown = |(pattern, ()): (&Vec<u8>, &())| [b"&", pattern.as_slice()].concat();
        self.channels.in_order().into_iter().map(shown).collect::<Vec<_>>().join(&b' ')
    }

    /// Everything as rules that make the same selector.
    pub(super) fn text(&self) -> Vec<u8> {
        let mut parts = Vec::new();
        parts.extend(Some(self.keys_text()).filter(|text| !text.is_empty()));
        if !self.all_channels {
            parts.push(b"resetchannels".to_vec());
        }
        parts.extend(Some(self.channels_text()).filter(|text| !text.is_empty()));
        parts.push(self.commands_text());
        parts.join(&b' ')
    }
}

/// A request with what every selector asks of it.
pub(super) struct Request<'a> {
    pub(super) row: &'static Command,
    pub(super) args: Args<'a>,
    pub(super) keys: Vec<KeyAt>,
}

/// The letters between `%` and `~`, and the pattern after them. Without `~` there is no pattern, which Redis takes
/// for an empty one.
fn key_access(rule: &[u8]) -> Result<(Access, &[u8]), RuleError> {
    let mut access = Access { reads: false, writes: false };
    for (at, byte) in rule.iter().enumerate() {
        match byte.to_ascii_uppercase() {
            b'R' if !access.reads => access.reads = true,
            b'W' if !access.writes => access.writes = true,
            b'~' if access.reads || access.writes => return Ok((access, &rule[at + 1..])),
            _ => return Err(RuleError::Syntax),
        }
    }
    if rule.is_empty() { Err(RuleError::Syntax) } else { Ok((access, b"")) }
}

/// Whether a name or pattern could not be written into a line of rules.
pub(crate) fn has_spaces(text: &[u8]) -> bool {
    text.iter().any(|byte| matches!(byte, b' ' | b'\t'..=b'\r' | 0))
}

/// Which arguments name channels that the command sends to or listens to, and whether they are patterns.
fn channels_of(row: &Command, args: Args<'_>) -> (core::ops::Range<usize>, bool) {
    match row.name {
        "PUBLISH" | "SPUBLISH" => (1..args.len().min(2), false),
        "SUBSCRIBE" | "SSUBSCRIBE" => (1..args.len(), false),
        "PSUBSCRIBE" => (1..args.len(), true),
        _ => (0..0, false),
    }
}

/// Whether one of the patterns allows a channel. A pattern that is listened to must be among them as it is.
pub(super) fn allows_channel<'a>(
    mut allowed: impl Iterator<Item = &'a Vec<u8>>,
    channel: &[u8],
    is_pattern: bool,
) -> bool {
    allowed.any(|known| if is_pattern { known == channel } else { glob_match(known, channel, false) })
}
