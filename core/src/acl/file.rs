//! Users as text: the lines of an ACL file, and the `user` settings.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Acl, DEFAULT_USER, Names, RuleError, User, has_spaces, join_selectors, log_out};
use crate::server::Server;
use crate::server::connection::ConnId;
use crate::structures::ordered::OrderedSet;

/// Reads the lines of an ACL file, all of which must be right; else the error tells of each that is not, and why.
///
/// Empty lines and comments are passed over.
pub(crate) fn parse(names: Names<'_>, path: &str, text: &[u8]) -> Result<Vec<User>, Vec<u8>> {
    let mut users: Vec<User> = Vec::new();
    let mut seen = OrderedSet::new();
    let mut faults = Vec::new();
    for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let at = alloc::format!("{path}:{}", index + 1);
        let mut words = line.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
        let (keyword, name) = (words.next(), words.next());
        let Some(name) = name.filter(|_| keyword == Some(b"user")) else {
            let fault = alloc::format!("{at} should start with user keyword followed by the username. ");
            faults.extend_from_slice(fault.as_bytes());
            continue;
        };
        if has_spaces(name) {
            let parts = [b"'", at.as_bytes(), b": username '", name, b"' contains invalid characters. "];
            faults.extend(parts.concat());
        } else if !seen.insert(name) {
            let after = alloc::format!("' found on line {}. ", index + 1);
            faults.extend([b"WARNING: Duplicate user '", name, after.as_bytes()].concat());
        } else {
            let mut user = User::new(names, name);
            apply_line(names, &mut user, words, &at, &mut faults);
            users.push(user);
        }
    }
    if faults.is_empty() {
        return Ok(users);
    }
    faults.extend(
        b"WARNING: ACL errors detected, no change to the previously active ACL rules was performed".iter(),
    );
    Err(faults)
}

/// Applies the rules of a line, and tells of all that name no command, but only of the first other fault: what
/// follows one may be a consequence of it.
fn apply_line<'a>(
    names: Names<'_>,
    user: &mut User,
    words: impl Iterator<Item = &'a [u8]>,
    at: &str,
    faults: &mut Vec<u8>,
) {
    let Ok(rules) = join_selectors(words) else {
        let fault = alloc::format!("{at}: Unmatched parenthesis in selector definition.");
        faults.extend_from_slice(fault.as_bytes());
        return;
    };
    let mut has_failed = false;
    for rule in &rules {
        match user.apply(names, rule) {
            Err(RuleError::Unknown) => {
                let before = alloc::format!("{at}: Error in applying operation '");
                let after = alloc::format!("': {}. ", RuleError::Unknown.text());
                faults.extend([before.as_bytes(), rule, after.as_bytes()].concat());
            }
            Err(error) if !has_failed => {
                has_failed = true;
                faults.extend_from_slice(alloc::format!("{at}: {}. ", error.text()).as_bytes());
            }
            _ => {}
        }
    }
}

/// Reads a name and the rules behind it.
pub(crate) fn parse_user(names: Names<'_>, line: &[u8]) -> Result<User, String> {
    let mut words = line.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
    let name = words.next().ok_or("a name is missing")?;
    if has_spaces(name) {
        return Err("a user's name cannot contain spaces or null characters".into());
    }
    let rules = join_selectors(words).map_err(|word| {
        alloc::format!("unmatched parenthesis in selector starting at '{}'", String::from_utf8_lossy(word))
    })?;
    let mut user = User::new(names, name);
    user.apply_all(names, &rules).map_err(|(rule, error)| {
        alloc::format!("error in modifier '{}': {}", String::from_utf8_lossy(&rule), error.text())
    })?;
    Ok(user)
}

/// Puts these users in at of all there are. The default user stays when the text does not name it, but may then
/// do everything, as in a new server.
///
/// Connections of users who are not there any more are closed, and those of users whose rules have changed too: what
/// they were allowed is not what they are allowed now.
pub(crate) fn replace(server: &mut Server, users: Vec<User>) {
    let mut new = Acl::new();
    for user in users {
        new.put(user);
    }
    core::mem::swap(&mut new.log, &mut server.acl.log);
    let old = core::mem::replace(&mut server.acl, new);
    let mut moved = Vec::new();
    let mut ended: Vec<ConnId> = Vec::new();
    for (conn, connection) in server.connections() {
        let user = old.user(connection.user);
        match server.acl.find(&user.name) {
            Some(DEFAULT_USER) if connection.user == DEFAULT_USER => {}
            Some(id) if server.acl.user(id).line() == user.line() => moved.push((conn, id)),
            _ => ended.push(conn),
        }
    }
    moved.into_iter().for_each(|(conn, id)| server.connection(conn).user = id);
    ended.into_iter().for_each(|conn| log_out(server, conn));
    server.refresh_all_restrictions();
}

impl Acl {
    /// All users as the lines of an ACL file.
    pub(crate) fn text(&self) -> Vec<u8> {
        let lines = self.users().map(|user| [user.line().as_slice(), b"\n"].concat());
        lines.collect::<Vec<_>>().concat()
    }

    /// The lines of ACL LIST.
    pub(crate) fn lines(&self) -> impl Iterator<Item = Vec<u8>> {
        self.users().map(User::line)
    }

    /// Puts a user in, as the settings before the start name it.
    pub(crate) fn configure(&mut self, user: User) {
        self.put(user);
    }
}
