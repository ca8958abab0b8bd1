//! Access control: who may run which commands, on which keys and channels.
//!
//! Every connection has a user. One who may do everything is never asked again; for all others a bit of the
//! connection's restrictions lead each request to [`admit`].

mod file;
mod listed;
mod log;
mod selector;
mod user;

use alloc::vec::Vec;

pub(crate) use file::{parse, parse_user, replace};
pub(crate) use log::{AclContext, Log, LogEntry, Reason, make_room};
pub(crate) use selector::{Denied, Names, Selector, has_spaces};
pub(crate) use user::{DEFAULT_USER, User};

use crate::base::error::Error;
use crate::command::Command;
use crate::number;
use crate::resp::args::Args;
use crate::server::Server;
use crate::server::connection::{ConnId, Restrictions};
use crate::server::describe::describe;
use crate::structures::ordered::OrderedMap;
use selector::Request;
use user::join_selectors;

/// Names a user between connections and the list of users; reused after the user has gone.
pub(crate) type UserId = u32;

/// Longest part of a name or key that the log keeps, in bytes: a client that is refused must not fill memory by it.
const LOG_QUOTED_BYTES_MAX: usize = 64 << 10;

/// Why a rule was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RuleError {
    /// It is no rule.
    Syntax,
    /// There is no such command or category.
    Unknown,
    /// All keys are allowed already.
    AllKeys,
    /// All channels are allowed already.
    AllChannels,
    /// The password to be removed is not there.
    NoSuchPassword,
    /// What should be a digest is none.
    NoDigest,
    /// A subcommand cannot be allowed with one argument only.
    FirstArgument,
}

impl RuleError {
    fn text(self) -> &'static str {
        match self {
            RuleError::Syntax => "Syntax error",
            RuleError::Unknown => "Unknown command or category name in ACL",
            RuleError::AllKeys => {
                "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any \
                 effect. Try 'resetkeys' to start with an empty list of patterns"
            }
            RuleError::AllChannels => {
                "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have \
                 any effect. Try 'resetchannels' to start with an empty list of channels"
            }
            RuleError::NoSuchPassword => "The password you are trying to remove from the user does not exist",
            RuleError::NoDigest => {
                "The password hash must be exactly 64 characters and contain only lowercase hexadecimal \
                 characters"
            }
            RuleError::FirstArgument => "Allowing first-arg of a subcommand is not supported",
        }
    }
}

/// All users, and what was refused to them.
pub(crate) struct Acl {
    users: Vec<Option<User>>,
    /// Indexes of the users by name.
    by_name: OrderedMap<Vec<u8>, UserId>,
    /// For ACL LOG.
    pub(crate) log: Log,
}

impl Acl {
    /// Only the default user, who may do everything.
    pub(crate) fn new() -> Acl {
        let name = b"default".to_vec();
        Acl {
            users: alloc::vec![Some(User::open(&name))],
            by_name: OrderedMap::from_iter([(name, DEFAULT_USER)]),
            log: Log::default(),
        }
    }

    /// The user of this name.
    pub(crate) fn find(&self, name: &[u8]) -> Option<UserId> {
        self.by_name.get(name).copied()
    }

    /// The user of this number, who exists as long as a connection is theirs.
    pub(crate) fn user(&self, id: UserId) -> &User {
        self.users[id as usize].as_ref().expect("connections of deleted users become the default user's")
    }

    /// Whether the default user, as whom everyone begins, needs a password.
    pub(crate) fn is_guarded(&self) -> bool {
        !self.user(DEFAULT_USER).needs_no_password
    }

    /// How many users there are.
    pub(crate) fn users_len(&self) -> usize {
        self.by_name.len()
    }

    /// All users by name.
    pub(crate) fn users(&self) -> impl Iterator<Item = &User> {
        self.by_name.values().map(|&id| self.user(id))
    }

    /// The default user's password becomes this one, or none.
    pub(crate) fn set_default_password(&mut self, password: &[u8]) {
        if let Some(Some(user)) = self.users.get_mut(DEFAULT_USER as usize) {
            user.set_only_password(password);
        }
    }

    /// Whether connections may begin to work without logging in.
    pub(crate) fn is_open(&self) -> bool {
        let user = self.user(DEFAULT_USER);
        user.needs_no_password && user.is_enabled
    }

    /// The same for one of whom the host knows that it is the default user, or does not.
    pub(crate) fn admits(&self, is_trusted: bool) -> bool {
        self.is_open() || is_trusted && self.user(DEFAULT_USER).is_enabled
    }

    /// Puts a user in the place of one with the same name, or adds it.
    fn put(&mut self, user: User) -> UserId {
        if let Some(id) = self.find(&user.name) {
            self.users[id as usize] = Some(user);
            return id;
        }
        let free = self.users.iter().position(Option::is_none);
        let id = number::short(free.unwrap_or(self.users.len()));
        self.by_name.insert(user.name.clone(), id);
        match free {
            Some(at) => self.users[at] = Some(user),
            None => self.users.push(Some(user)),
        }
        id
    }
}

// ----- changing users -----

/// Applies rules to a user, who is made if there is none of this name; either all of them or none.
pub(crate) fn set_user<'a>(
    server: &mut Server,
    name: &[u8],
    rules: impl Iterator<Item = &'a [u8]>,
) -> Result<(), Error> {
    if has_spaces(name) {
        return Err(Error::Text("ERR Usernames can't contain spaces or null characters"));
    }
    let rules = join_selectors(rules).map_err(|word| {
        Error::quoting_all("ERR Unmatched parenthesis in acl selector starting at '", word, "'.")
    })?;
    let known = server.acl.find(name);
    let names = server.names();
    let mut user = match known {
        Some(id) => server.acl.user(id).clone(),
        None => User::new(names, name),
    };
    user.apply_all(names, &rules).map_err(|(rule, error)| {
        let after = alloc::format!("': {}", error.text());
        Error::quoting_all("ERR Error in ACL SETUSER modifier '", &rule, &after)
    })?;
    if let Some(id) = known {
        close_forbidden_subscribers(server, id, &user);
    }
    server.acl.put(user);
    server.refresh_all_restrictions();
    Ok(())
}

/// Who listens to what the user may not listen to any longer is disconnected.
fn close_forbidden_subscribers(server: &mut Server, id: UserId, user: &User) {
    let is_forbidden = |subscriptions| !user.may_keep(subscriptions);
    let forbidden: Vec<ConnId> = server
        .connections()
        .into_iter()
        .filter(|(_, connection)| connection.user == id && is_forbidden(&connection.subscriptions))
        .map(|(conn, _)| conn)
        .collect();
    forbidden.into_iter().for_each(|conn| log_out(server, conn));
}

/// The default user's password becomes that of `requirepass`.
pub(crate) fn set_default_password(server: &mut Server) {
    let Server { acl, config, .. } = server;
    acl.set_default_password(&config.requirepass);
    server.refresh_all_restrictions();
}

/// Deletes a user and disconnects their connections; `false` if there is none.
pub(crate) fn delete_user(server: &mut Server, name: &[u8]) -> bool {
    let Some(id) = server.acl.find(name) else { return false };
    let connections = server.connections();
    let theirs = connections.into_iter().filter(|(_, connection)| connection.user == id);
    for conn in theirs.map(|(conn, _)| conn).collect::<Vec<_>>() {
        log_out(server, conn);
    }
    server.acl.by_name.remove(name);
    server.acl.users[id as usize] = None;
    true
}

/// Takes a connection's user away and closes it.
fn log_out(server: &mut Server, conn: ConnId) {
    let connection = server.connection(conn);
    connection.user = DEFAULT_USER;
    connection.is_authenticated = false;
    server.refresh_restrictions(conn);
    server.close(conn);
}

// ----- logging in -----

/// Makes a connection another user's, or takes note of the failure.
pub(crate) fn log_in(
    server: &mut Server,
    conn: ConnId,
    name: &[u8],
    password: &[u8],
    command: &[u8],
) -> Result<(), Error> {
    let id = authenticate(server, conn, name, password, command)?;
    let connection = server.connection(conn);
    connection.user = id;
    connection.is_authenticated = true;
    server.refresh_restrictions(conn);
    Ok(())
}

/// The user of this name if the password is theirs; else takes note of the failure.
pub(crate) fn authenticate(
    server: &mut Server,
    conn: ConnId,
    name: &[u8],
    password: &[u8],
    command: &[u8],
) -> Result<UserId, Error> {
    match server.acl.find(name).filter(|&id| server.acl.user(id).accepts(password)) {
        Some(id) => Ok(id),
        None => {
            let context = context(server, conn);
            note(server, conn, Reason::Auth, context, command, Some(name));
            Err(Error::WrongPass)
        }
    }
}

// ----- checking requests -----

/// Checks a request of a connection whose user may not do everything, and takes note of what is refused.
#[cold]
pub(crate) fn admit(
    server: &mut Server,
    conn: ConnId,
    row: &'static Command,
    args: Args<'_>,
    context: AclContext,
) -> Result<(), Denied> {
    let user = server.connection(conn).user;
    check(server, user, row, args).inspect_err(|denied| {
        let (reason, object) = match *denied {
            Denied::Command => {
                let index = server.index();
                (Reason::Command, index.entry(index.id(row)).full_name().into_bytes())
            }
            Denied::Key(at) => (Reason::Key, args.at(at).to_vec()),
            Denied::Channel(at) => (Reason::Channel, args.at(at).to_vec()),
        };
        note(server, conn, reason, context, &object, None);
    })
}

/// Whether a user may run a request.
pub(crate) fn check(
    server: &Server,
    user: UserId,
    row: &'static Command,
    args: Args<'_>,
) -> Result<(), Denied> {
    let index = server.index();
    let id = index.id(row);
    server.acl.user(user).check(id, &Request { row, args, keys: index.entry(id).keys_in(args) })
}

/// Whether a connection's user may read keys that a request does not name itself.
pub(crate) fn reads_all_keys(
    server: &mut Server,
    conn: ConnId,
    row: &'static Command,
    args: Args<'_>,
) -> bool {
    let connection = server.connection(conn);
    if !connection.restrictions.has(Restrictions::LIMITED_USER) {
        return true;
    }
    let user = connection.user;
    let index = server.index();
    let id = index.id(row);
    server.acl.user(user).reads_all_keys(id, &Request { row, args, keys: index.entry(id).keys_in(args) })
}

impl Denied {
    /// The error reply.
    pub(crate) fn error(self, server: &mut Server, conn: ConnId, row: &'static Command) -> Error {
        let user = server.connection(conn).user;
        match self {
            Denied::Command => {
                let text = self.explain(server, user, row, b"");
                Error::Quoting([b"NOPERM ".as_slice(), &text].concat())
            }
            Denied::Key(_) => Error::Text("NOPERM No permissions to access a key"),
            Denied::Channel(_) => Error::Text("NOPERM No permissions to access a channel"),
        }
    }

    /// What a script gets for a command.
    pub(crate) fn script_error(self, server: &mut Server, conn: ConnId, row: &'static Command) -> Error {
        let user = server.connection(conn).user;
        match self {
            Denied::Command => {
                let text = self.explain(server, user, row, b"");
                Error::Quoting([b"ERR ACL failure in script: ".as_slice(), &text].concat())
            }
            Denied::Key(_) => Error::Text("ERR ACL failure in script: No permissions to access a key"),
            Denied::Channel(_) => {
                Error::Text("ERR ACL failure in script: No permissions to access a channel")
            }
        }
    }

    /// What EXEC replies for a request that was allowed when it was queued.
    pub(crate) fn exec_error(self) -> Error {
        let reason = match self {
            Denied::Command => "no permission to execute the command or subcommand",
            Denied::Key(_) => "no permission to touch the specified keys",
            Denied::Channel(_) => {
                "no permission to access one of the channels used as arguments to the command"
            }
        };
        Error::Owned(alloc::format!(
            "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This \
             command is no longer allowed for the following reason: {reason}"
        ))
    }

    /// The sentence that names all there is to name.
    pub(crate) fn explain(
        self,
        server: &Server,
        user: UserId,
        row: &'static Command,
        object: &[u8],
    ) -> Vec<u8> {
        let user = [b"User ".as_slice(), &server.acl.user(user).name, b" has no permissions to "].concat();
        let index = server.index();
        let (verb, object, noun): (&[u8], _, &[u8]) = match self {
            Denied::Command => (b"run", index.entry(index.id(row)).full_name().into_bytes(), b"command"),
            Denied::Key(_) => (b"access", object.to_vec(), b"key"),
            Denied::Channel(_) => (b"access", object.to_vec(), b"channel"),
        };
        [&user, verb, b" the '", &object, b"' ", noun].concat()
    }
}

/// Whether a connection's requests belong to a transaction.
pub(crate) fn context(server: &mut Server, conn: ConnId) -> AclContext {
    match server.connection(conn).transaction {
        Some(_) => AclContext::Multi,
        None => AclContext::TopLevel,
    }
}

fn note(
    server: &mut Server,
    conn: ConnId,
    reason: Reason,
    context: AclContext,
    object: &[u8],
    user: Option<&[u8]>,
) {
    let millis = server.now / 1000;
    let own = server.connection(conn).user;
    let user = user.unwrap_or(&server.acl.user(own).name);
    let entry = LogEntry {
        count: 1,
        reason,
        context,
        object: object[..object.len().min(LOG_QUOTED_BYTES_MAX)].to_vec(),
        user: user[..user.len().min(LOG_QUOTED_BYTES_MAX)].to_vec(),
        client: describe(server, conn),
        id: 0,
        created: millis,
        updated: millis,
    };
    let len_max = server.config.acl_log_len_max.get();
    server.acl.log.add(entry, len_max, &mut server.memory);
}

#[cfg(test)]
mod tests;
