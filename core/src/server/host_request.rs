//! What the engine asks of its host's files: to read or write the users, to write the settings.
//!
//! As Redis does meanwhile, the whole engine rests until the host has answered: then no request can come between a
//! question and its answer, and the asker's own replies keep their order.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use crate::acl;
use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::config;
use crate::keyspace::Store;
use crate::server::Server;
use crate::server::blocking::{self, Absent, Block};
use crate::server::connection::ConnId;

/// Something that only the host can do; [`Engine::answer`](crate::Engine::answer) tells how it went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Errand {
    /// Read the file that the setting `aclfile` names; the answer is its text.
    LoadUsers,
    /// Put this text in the place of that file's, all of it or nothing.
    SaveUsers,
    /// Bring the file that the settings came from up to date. The text has a line of it for each setting, and one
    /// for each user unless they have a file of their own.
    RewriteSettings,
}

/// Who waits for an answer.
pub(crate) struct Asked {
    errand: Errand,
    conn: ConnId,
    client_id: u64,
    /// The text for the host, until it is handed over.
    text: Option<Vec<u8>>,
}

impl Asked {
    /// What is to be asked, the first time.
    pub(crate) fn take_question(&mut self) -> Option<(Errand, Vec<u8>)> {
        Some((self.errand, self.text.take()?))
    }
}

/// ACL LOAD and ACL SAVE.
pub(crate) fn users(ctx: &mut Context<'_>, errand: Errand) -> Result<Flow, Error> {
    if ctx.server.config.host("aclfile").is_empty() {
        return Err(Error::Text(
            "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the \
             ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file \
             set) in order to store users in the Redis configuration.",
        ));
    }
    let text = if errand == Errand::SaveUsers { ctx.server.acl.text() } else { Vec::new() };
    ask(ctx, errand, text)
}

/// CONFIG REWRITE.
pub(crate) fn settings(ctx: &mut Context<'_>) -> Result<Flow, Error> {
    if ctx.server.config_file.is_empty() {
        return Err(Error::Text("ERR The server is running without a config file"));
    }
    let config = &ctx.server.config;
    let mut text = Vec::new();
    for setting in config::settings() {
        let value = (setting.read)(config, setting.name);
        text.extend_from_slice(setting.name.as_bytes());
        text.push(b' ');
        text.extend_from_slice(quoted(value.as_bytes()).as_bytes());
        text.push(b'\n');
    }
    if config.host("aclfile").is_empty() {
        text.extend_from_slice(&ctx.server.acl.text());
    }
    ask(ctx, Errand::RewriteSettings, text)
}

fn ask(ctx: &mut Context<'_>, errand: Errand, text: Vec<u8>) -> Result<Flow, Error> {
    if !ctx.may_block {
        // The replies of a transaction are one; it cannot wait for the host in their midst.
        return Err(Error::Text(
            "ERR Commands that use the server's files are not allowed inside a transaction",
        ));
    }
    let (conn, client_id) = (ctx.conn, ctx.session().client_id);
    ctx.server.errand = Some(Asked { errand, conn, client_id, text: Some(text) });
    ctx.server.asleep_until = u64::MAX;
    ctx.server.observer.statistics.of(ctx.row).calls += 1;
    Ok(Flow::Block(Block::until(None, Absent::Ok)))
}

/// The host has answered: everyone goes on.
pub(crate) fn end(store: &mut Store, server: &mut Server, answer: Result<&[u8], &str>) {
    let Some(Asked { errand, conn, client_id, .. }) = server.errand.take() else { return };
    server.wake_up();
    let outcome = settle(server, errand, answer);
    let is_there = server.get(conn).is_some_and(|connection| connection.client_id == client_id);
    if !is_there {
        return;
    }
    if let Err(error) = &outcome {
        server.note_error(error);
    }
    blocking::end_wait(store, server, conn, |_, reply| match &outcome {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error),
    });
}

fn settle(server: &mut Server, errand: Errand, answer: Result<&[u8], &str>) -> Result<(), Error> {
    match (errand, answer) {
        (Errand::SaveUsers | Errand::RewriteSettings, Ok(_)) => Ok(()),
        (Errand::SaveUsers, Err(_)) => Err(Error::Text(
            "ERR There was an error trying to save the ACLs. Please check the server logs for more information",
        )),
        (Errand::RewriteSettings, Err(why)) => {
            Err(Error::Owned(alloc::format!("ERR Rewriting config file: {why}")))
        }
        (Errand::LoadUsers, Ok(text)) => {
            let users = acl::parse(server.names(), server.config.host("aclfile"), text)
                .map_err(|faults| Error::Quoting([b"ERR ".as_slice(), &faults].concat()))?;
            acl::replace(server, users);
            Ok(())
        }
        (Errand::LoadUsers, Err(why)) => {
            let path = server.config.host("aclfile");
            Err(Error::Owned(alloc::format!("ERR Error loading ACLs, opening file '{path}': {why}")))
        }
    }
}

/// A word between quotes, as configuration files have it.
pub fn quoted(value: &[u8]) -> String {
    let mut text = String::from("\"");
    for chunk in value.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' | '\\' => text.extend(['\\', character]),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                '\0'..='\x1f' | '\x7f' => escape(&mut text, character as u8),
                _ => text.push(character),
            }
        }
        chunk.invalid().iter().for_each(|&byte| escape(&mut text, byte));
    }
    text.push('"');
    text
}

fn escape(text: &mut String, byte: u8) {
    write!(text, "\\x{byte:02x}").expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests;
