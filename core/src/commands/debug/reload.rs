//! DEBUG RELOAD: every value is written in its serialised form and read again, as if it had been saved and loaded.

use alloc::vec::Vec;

use crate::base::error::Error;
use crate::command::context::Context;
use crate::keyspace::Entry;
use crate::rdb;
use crate::structures::table::Keyed;

pub(super) fn reload(ctx: &mut Context<'_>) -> Result<(), Error> {
    let selected = ctx.store.db;
    let done = (0..ctx.store.databases()).try_for_each(|db| {
        ctx.store.db = db;
        let keys: Vec<Vec<u8>> = ctx.store.entries(db).map(|entry| entry.key().to_vec()).collect();
        keys.iter().try_for_each(|key| reload_one(ctx, key))
    });
    ctx.store.db = selected;
    done
}

fn reload_one(ctx: &mut Context<'_>, key: &[u8]) -> Result<(), Error> {
    ctx.store.drop_due_fields(key);
    let (limits, config) = (ctx.store.encoding_limits, &ctx.server.config);
    let Some(entry) = ctx.store.peek(key) else { return Ok(()) };
    let (deadline, access) = (entry.deadline(), entry.access());
    let payload = rdb::dump(&entry.value(), config.rdb_compression);
    let value = rdb::restore(&payload, &limits, ctx.server.memory, config.value_bytes_max())?;
    let mut entry = Entry::with_value(key, value, deadline);
    entry.set_access(access);
    ctx.store.put_restored(entry);
    Ok(())
}
