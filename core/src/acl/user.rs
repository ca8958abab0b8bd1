//! A user: passwords, and sets of permissions of which any one suffices.

use alloc::string::String;
use alloc::vec::Vec;

use super::listed::Listed;
use super::selector::{Denied, Names, Request, Selector, allows_channel};
use super::{RuleError, UserId};
use crate::base::sha256::sha256;
use crate::command::CommandId;
use crate::number::hexadecimal;
use crate::resp::split_inline;
use crate::server::connection::Subscriptions;

/// The digest of a password.
type Password = [u8; 32];

/// See the module's description.
#[derive(Clone)]
pub(crate) struct User {
    /// The name.
    pub(crate) name: Vec<u8>,
    /// Whether one may log in.
    pub(crate) is_enabled: bool,
    /// Whether any password will do.
    pub(crate) needs_no_password: bool,
    /// Whether values that RESTORE brings are taken as they are; kept and shown, as there is nothing that trusts
    /// such a value.
    skips_sanitizing: bool,
    passwords: Listed<Password, ()>,
    /// The first is the one that rules outside of parentheses are about.
    selectors: Vec<Selector>,
}

impl User {
    /// A user who may do nothing.
    pub(super) fn new(names: Names<'_>, name: &[u8]) -> User {
        User {
            name: name.to_vec(),
            is_enabled: false,
            needs_no_password: false,
            skips_sanitizing: false,
            passwords: Listed::default(),
            selectors: alloc::vec![Selector::new(names)],
        }
    }

    /// The user who may do everything, and whom connections begin as.
    pub(super) fn open(name: &[u8]) -> User {
        User {
            name: name.to_vec(),
            is_enabled: true,
            needs_no_password: true,
            skips_sanitizing: false,
            passwords: Listed::default(),
            selectors: alloc::vec![Selector::open()],
        }
    }

    // ----- rules -----

    /// Applies rules in order; the error tells the rule that was at fault.
    pub(super) fn apply_all(
        &mut self,
        names: Names<'_>,
        rules: &[Vec<u8>],
    ) -> Result<(), (Vec<u8>, RuleError)> {
        for rule in rules {
            self.apply(names, rule).map_err(|error| (rule.clone(), error))?;
        }
        Ok(())
    }

    pub(super) fn apply(&mut self, names: Names<'_>, rule: &[u8]) -> Result<(), RuleError> {
        let is = |word: &str| rule.eq_ignore_ascii_case(word.as_bytes());
        if rule.is_empty() {
            return Ok(());
        }
        if is("on") || is("off") {
            self.is_enabled = is("on");
        } else if is("nopass") || is("resetpass") {
            self.needs_no_password = is("nopass");
            self.passwords.clear();
        } else if is("skip-sanitize-payload") || is("sanitize-payload") {
            self.skips_sanitizing = is("skip-sanitize-payload");
        } else if is("clearselectors") {
            self.selectors.truncate(1);
        } else if is("reset") {
            let name = core::mem::take(&mut self.name);
            *self = User::new(names, &name);
        } else {
            match rule {
                [b'>', password @ ..] => self.add_password(sha256(password)),
                [b'#', digest @ ..] => self.add_password(parse_digest(digest)?),
                [b'<', password @ ..] => self.remove_password(sha256(password))?,
                [b'!', digest @ ..] => self.remove_password(parse_digest(digest)?)?,
                [b'(', inner @ .., b')'] => self.add_selector(names, inner)?,
                _ => self.selectors[0].apply(names, rule)?,
            }
        }
        Ok(())
    }

    fn add_password(&mut self, password: Password) {
        if !self.passwords.contains(&password) {
            self.passwords.add(password, ());
        }
        self.needs_no_password = false;
    }

    fn remove_password(&mut self, password: Password) -> Result<(), RuleError> {
        if self.passwords.remove(&password) { Ok(()) } else { Err(RuleError::NoSuchPassword) }
    }

    fn add_selector(&mut self, names: Names<'_>, rules: &[u8]) -> Result<(), RuleError> {
        let mut selector = Selector::new(names);
        let (mut buffer, mut ranges) = (Vec::new(), Vec::new());
        // Unbalanced quotes are no rules at all, as in Redis.
        if split_inline(rules, &mut buffer, &mut ranges).is_some() {
            for (start, len) in ranges {
                selector.apply(names, &buffer[start as usize..(start + len) as usize])?;
            }
        }
        self.selectors.push(selector);
        Ok(())
    }

    /// The same user after a change of password, as `requirepass` makes it.
    pub(super) fn set_only_password(&mut self, password: &[u8]) {
        self.passwords.clear();
        self.needs_no_password = password.is_empty();
        if !password.is_empty() {
            self.add_password(sha256(password));
        }
    }

    // ----- checks -----

    /// Whether one may log in with this password.
    pub(super) fn accepts(&self, password: &[u8]) -> bool {
        self.is_enabled && (self.needs_no_password || self.knows(sha256(password)))
    }

    /// Compares digests as a whole, so that the time it takes tells nothing.
    fn knows(&self, given: Password) -> bool {
        let differs = |known: &Password| known.iter().zip(given).fold(0, |all, (a, b)| all | (a ^ b));
        self.passwords.iter().fold(false, |found, (known, ())| found | (differs(known) == 0))
    }

    /// Whether nothing needs to be checked.
    pub(crate) fn is_unrestricted(&self) -> bool {
        self.selectors.iter().any(Selector::is_unrestricted)
    }

    /// Whether a request may run: as long as any selector allows it. Otherwise the error is the one that got
    /// farthest.
    pub(super) fn check(&self, id: CommandId, request: &Request<'_>) -> Result<(), Denied> {
        let mut denied = Denied::Command;
        for selector in &self.selectors {
            match selector.check(id, request) {
                Ok(()) => return Ok(()),
                Err(error) => denied = denied.max(error),
            }
        }
        Err(denied)
    }

    /// Whether a selector that allows the request also reads every key.
    pub(super) fn reads_all_keys(&self, id: CommandId, request: &Request<'_>) -> bool {
        self.selectors.iter().any(|selector| selector.reads_all_keys() && selector.check(id, request).is_ok())
    }

    /// Whether all of these channels and patterns are still allowed.
    pub(super) fn may_keep(&self, subscriptions: &Subscriptions) -> bool {
        if self.selectors.iter().any(|selector| selector.all_channels) {
            return true;
        }
        let allows = |channel: &Vec<u8>, is_pattern| {
            let allowed = self.selectors.iter().flat_map(Selector::channels);
            allows_channel(allowed, channel, is_pattern)
        };
        subscriptions.patterns.iter().all(|pattern| allows(pattern, true))
            && subscriptions.channels.iter().all(|channel| allows(channel, false))
            && subscriptions.shard_channels.iter().all(|channel| allows(channel, false))
    }

    // ----- showing -----

    /// The words that GETUSER calls flags.
    pub(crate) fn flags(&self) -> Vec<&'static str> {
        let mut flags = alloc::vec![if self.is_enabled { "on" } else { "off" }];
        flags.extend(self.needs_no_password.then_some("nopass"));
        flags.push(if self.skips_sanitizing { "skip-sanitize-payload" } else { "sanitize-payload" });
        flags
    }

    /// The digests of the passwords in hexadecimal digits.
    pub(crate) fn digests(&self) -> impl ExactSizeIterator<Item = String> {
        self.passwords.in_order().into_iter().map(|(password, ())| hexadecimal(password))
    }

    /// The selector of rules outside of parentheses.
    pub(crate) fn root(&self) -> &Selector {
        &self.selectors[0]
    }

    /// The other selectors.
    pub(crate) fn others(&self) -> &[Selector] {
        &self.selectors[1..]
    }

    /// The user as a line of an ACL file.
    pub(super) fn line(&self) -> Vec<u8> {
        let mut line = [b"user ", self.name.as_slice()].concat();
        let mut add = |part: &[u8]| {
            line.push(b' ');
            line.extend_from_slice(part);
        };
        self.flags().iter().for_each(|flag| add(flag.as_bytes()));
        self.digests().for_each(|digest| add(&[b"#", digest.as_bytes()].concat()));
        add(&self.root().text());
        self.others().iter().for_each(|other| add(&[b"(", other.text().as_slice(), b")"].concat()));
        line
    }
}

/// Joins words that stand in one pair of parentheses; the error is the word that opens one that is not closed.
pub(super) fn join_selectors<'a>(words: impl Iterator<Item = &'a [u8]>) -> Result<Vec<Vec<u8>>, &'a [u8]> {
    let mut rules = Vec::new();
    let mut open: Option<(&[u8], Vec<u8>)> = None;
    for word in words {
        let closes = word.ends_with(b")");
        open = match open {
            None if word.starts_with(b"(") && !closes => Some((word, word.to_vec())),
            None => {
                rules.push(word.to_vec());
                None
            }
            Some((first, mut joined)) => {
                joined.push(b' ');
                joined.extend_from_slice(word);
                if closes {
                    rules.push(joined);
                    None
                } else {
                    Some((first, joined))
                }
            }
        };
    }
    match open {
        None => Ok(rules),
        Some((first, _)) => Err(first),
    }
}

fn parse_digest(digits: &[u8]) -> Result<Password, RuleError> {
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(RuleError::NoDigest),
    };
    let digits: &[u8; 64] = digits.try_into().map_err(|_| RuleError::NoDigest)?;
    let mut password = Password::default();
    for (byte, [high, low]) in password.iter_mut().zip(digits.as_chunks::<2>().0) {
        *byte = value(*high)? << 4 | value(*low)?;
    }
    Ok(password)
}

/// Where the default user is kept, who cannot be deleted.
pub(crate) const DEFAULT_USER: UserId = 0;
