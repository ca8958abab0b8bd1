//! What many rows have in common: sets of flags, what is done with keys, and specifications of the first key.

/// Sets of flags. More are added with [`Flags::and`](super::Flags::and).
pub(crate) mod flags {
    use super::super::Flags;

    /// Reads values.
    pub(crate) const READ: Flags = Flags::READONLY;
    /// Reads values, and is cheap.
    pub(crate) const READ_FAST: Flags = READ.and(Flags::FAST);
    /// Changes values without taking memory.
    pub(crate) const WRITE: Flags = Flags::WRITE;
    /// The same, and is cheap.
    pub(crate) const WRITE_FAST: Flags = WRITE.and(Flags::FAST);
    /// Changes values and may take memory.
    pub(crate) const GROW: Flags = WRITE.and(Flags::DENYOOM);
    /// The same, and is cheap.
    pub(crate) const GROW_FAST: Flags = GROW.and(Flags::FAST);
    /// Changes values, and may wait for one. Since 7.2 such commands may stand in scripts.
    pub(crate) const WAIT: Flags = WRITE.and(Flags::BLOCKING);
    /// Looks at no data, so that it runs whatever state they are in.
    pub(crate) const ANYTIME: Flags = Flags::LOADING.and(Flags::STALE);
    /// Is about the connection, which scripts have none of.
    pub(crate) const SESSION: Flags = ANYTIME.and(Flags::NOSCRIPT);
    /// Administers the server.
    pub(crate) const ADMIN: Flags = Flags::ADMIN.and(Flags::NOSCRIPT);
    /// Administers the server, whatever state the data are in.
    pub(crate) const ADMIN_ANYTIME: Flags = ADMIN.and(ANYTIME);
}

/// What a command does with keys, as the flags of a [`KeySpec`](super::KeySpec).
pub(crate) mod access {
    /// It tells something of the value, such as its length.
    pub(crate) const LOOK: &[&str] = &["RO"];
    /// It replies with a part of the value, or copies it.
    pub(crate) const READ: &[&str] = &["RO", "access"];
    /// It adds elements.
    pub(crate) const INSERT: &[&str] = &["RW", "insert"];
    /// It changes the value, and tells nothing of it.
    pub(crate) const UPDATE: &[&str] = &["RW", "update"];
    /// It changes the value, and replies with a part of it.
    pub(crate) const CHANGE: &[&str] = &["RW", "access", "update"];
    /// It takes elements away.
    pub(crate) const DELETE: &[&str] = &["RW", "delete"];
    /// It takes elements away, and replies with them.
    pub(crate) const TAKE: &[&str] = &["RW", "access", "delete"];
    /// It puts a value in the place of another one.
    pub(crate) const OVERWRITE: &[&str] = &["OW", "update"];
    /// It puts a value where there is none.
    pub(crate) const CREATE: &[&str] = &["OW", "insert"];
}

/// The specifications of commands whose only key is their first argument, by what is done with it. A row without one
/// means [`READ`](keys::READ) if it reads, and [`CHANGE`](keys::CHANGE) if it writes.
pub(crate) mod keys {
    use super::super::KeySpec;
    use super::access;

    pub(crate) const LOOK: &[KeySpec] = &[KeySpec::range(1, 0, access::LOOK)];
    pub(crate) const READ: &[KeySpec] = &[KeySpec::range(1, 0, access::READ)];
    pub(crate) const INSERT: &[KeySpec] = &[KeySpec::range(1, 0, access::INSERT)];
    pub(crate) const UPDATE: &[KeySpec] = &[KeySpec::range(1, 0, access::UPDATE)];
    pub(crate) const CHANGE: &[KeySpec] = &[KeySpec::range(1, 0, access::CHANGE)];
    pub(crate) const DELETE: &[KeySpec] = &[KeySpec::range(1, 0, access::DELETE)];
    pub(crate) const TAKE: &[KeySpec] = &[KeySpec::range(1, 0, access::TAKE)];
    pub(crate) const OVERWRITE: &[KeySpec] = &[KeySpec::range(1, 0, access::OVERWRITE)];
    pub(crate) const CREATE: &[KeySpec] = &[KeySpec::range(1, 0, access::CREATE)];
}
