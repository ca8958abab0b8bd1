//! Users as text: the lines of an ACL file, and the `user` settings.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Acl, DEFAULT_USER, Names, User, has_spaces, join_selectors, log_out};
use crate::connection::ConnId;
use crate::server::Server;
use crate::structures::ordered::OrderedSet;

/// Reads the lines of an ACL file, all of which must be right.
///
/// Empty lines are passed over. The error tells the first line that is wrong, and why.
pub(crate) fn parse(names: Names<'_>, text: &[u8]) -> Result<Vec<User>, String> {
    let mut users: Vec<User> = Vec::new();
    let mut seen = OrderedSet::new();
    for (number, line) in text.split(|&byte| byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let at = |why: &str| alloc::format!("line {}: {why}", number + 1);
        let rest = line.strip_prefix(b"user ").ok_or_else(|| at("should start with user keyword"))?;
        let user = parse_user(names, rest).map_err(|why| at(&why))?;
        if !seen.insert(user.name.clone()) {
            let name = String::from_utf8_lossy(&user.name).into_owned();
            return Err(at(&alloc::format!("duplicate user '{name}' found")));
        }
        users.push(user);
    }
    Ok(users)
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

/// Puts these users in place of all there are. The default user stays when the text does not name it, but may then
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
    server.refresh_gates();
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
