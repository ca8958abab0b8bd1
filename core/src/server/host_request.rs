//! What the engine asks of its host's files: to read or write the users, to write the settings, to save all data or load
//! it.
//!
//! As Redis does meanwhile, the whole engine rests until the host has answered: then no request can come between a
//! question and its answer, and the asker's own replies keep their order.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use crate::acl;
use crate::base::error::Error;
use crate::base::numbered::numbered;
use crate::command::context::{Context, Flow};
use crate::config::{self, Setting};
use crate::keyspace::Store;
use crate::server::Server;
use crate::server::blocking::{self, Block, End, TimeoutReply};
use crate::server::change::{Change, apply};
use crate::server::connection::ConnId;

numbered! {
    /// Something that only the host can do; [`Engine::answer`](crate::Engine::answer) tells how it went. The numbers are
    /// those of the guest's interface.
    pub enum HostRequest {
        /// Read the file that the setting `aclfile` names; the answer is its text.
        LoadUsers = 0,
        /// Put this text in the place of that file's, all of it or nothing.
        SaveUsers = 1,
        /// Bring the file that the settings came from up to date. The text has a line of it for each setting, and one
        /// for each user unless they have a file of their own.
        RewriteSettings = 2,
        /// Write a dump, by the steps of a save (SAVE).
        Save = 3,
        /// The same, then stop (SHUTDOWN SAVE).
        SaveAndStop = 4,
        /// Write a dump or leave it as it is, and load it (DEBUG RELOAD): the text is that of
        /// [`reload_text`](crate::abi::reload_text).
        Reload = 5,
        /// Load the log in place of what there is (DEBUG LOADAOF).
        LoadLog = 6,
        /// Keep files in this directory from now on (CONFIG SET dir); the answer is its whole path.
        ChangeDirectory = 7,
        /// Speak TLS and HTTP by these settings from now on, a line for each as in `RewriteSettings`, and load the files of
        /// TLS anew (CONFIG SET).
        ChangeEdge = 8,
    }
}

impl HostRequest {
    /// Whether it is about the data, and not about users or settings.
    pub const fn is_about_data(self) -> bool {
        matches!(
            self,
            HostRequest::Save
                | HostRequest::SaveAndStop
                | HostRequest::Reload
                | HostRequest::LoadLog
                | HostRequest::ChangeDirectory
        )
    }
}

/// Who waits for an answer.
pub(crate) struct Asked {
    request: HostRequest,
    conn: ConnId,
    client_id: u64,
    /// The text for the host, until it is handed over.
    text: Option<Vec<u8>>,
    /// What else changes once that is done.
    change: Option<Change>,
}

impl Asked {
    /// What is to be asked, the first time.
    pub(crate) fn take_question(&mut self) -> Option<(HostRequest, Vec<u8>)> {
        Some((self.request, self.text.take()?))
    }
}

/// ACL LOAD and ACL SAVE.
pub(crate) fn users(ctx: &mut Context<'_>, request: HostRequest) -> Result<Flow, Error> {
    if ctx.server.config.host("aclfile").is_empty() {
        return Err(Error::Text(
            "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the \
             ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file \
             set) in order to store users in the Redis configuration.",
        ));
    }
    let text = if request == HostRequest::SaveUsers { ctx.server.acl.text() } else { Vec::new() };
    ask(ctx, request, text)
}

/// CONFIG REWRITE.
pub(crate) fn settings(ctx: &mut Context<'_>) -> Result<Flow, Error> {
    if ctx.server.config_file.is_empty() {
        return Err(Error::Text("ERR The server is running without a config file"));
    }
    let config = &ctx.server.config;
    let mut text = Vec::new();
    for setting in config::settings() {
        push_setting(&mut text, setting.name, &(setting.read)(config, setting.name));
    }
    if config.host("aclfile").is_empty() {
        text.extend_from_slice(&ctx.server.acl.text());
    }
    ask(ctx, HostRequest::RewriteSettings, text)
}

/// SAVE, SHUTDOWN and DEBUG RELOAD and LOADAOF.
pub(crate) fn files(ctx: &mut Context<'_>, request: HostRequest, text: &str) -> Result<Flow, Error> {
    ask(ctx, request, text.as_bytes().to_vec())
}

/// CONFIG SET with another directory.
pub(crate) fn directory(ctx: &mut Context<'_>, change: Change) -> Result<Flow, Error> {
    let text = change.config.host("dir").as_bytes().to_vec();
    change_settings(ctx, HostRequest::ChangeDirectory, text, change)
}

/// CONFIG SET with settings of the edge.
pub(crate) fn edge(ctx: &mut Context<'_>, change: Change) -> Result<Flow, Error> {
    let mut text = Vec::new();
    for (name, value) in config::edge::all(&change.config) {
        push_setting(&mut text, name, &value);
    }
    change_settings(ctx, HostRequest::ChangeEdge, text, change)
}

/// Asks for what only the host can do about a change; the rest of it waits for that.
fn change_settings(
    ctx: &mut Context<'_>,
    request: HostRequest,
    text: Vec<u8>,
    change: Change,
) -> Result<Flow, Error> {
    let flow = ask(ctx, request, text)?;
    if let Some(asked) = &mut ctx.server.host_request {
        asked.change = Some(change);
    }
    Ok(flow)
}

/// A line of a configuration file.
fn push_setting(text: &mut Vec<u8>, name: &str, value: &str) {
    text.extend_from_slice(name.as_bytes());
    text.push(b' ');
    text.extend_from_slice(quoted(value.as_bytes()).as_bytes());
    text.push(b'\n');
}

fn ask(ctx: &mut Context<'_>, request: HostRequest, text: Vec<u8>) -> Result<Flow, Error> {
    if !ctx.may_block {
        // The replies of a transaction are one; it cannot wait for the host in their midst.
        return Err(Error::Text(
            "ERR Commands that use the server's files are not allowed inside a transaction",
        ));
    }
    let (conn, client_id) = (ctx.conn, ctx.session().client_id);
    ctx.server.host_request = Some(Asked { request, conn, client_id, text: Some(text), change: None });
    ctx.server.asleep_until = u64::MAX;
    Ok(Flow::wait(Block::until(None, TimeoutReply::Ok)))
}

/// The host has answered: everyone goes on.
pub(crate) fn end(store: &mut Store, server: &mut Server, answer: Result<&[u8], &str>) {
    let Some(Asked { request, conn, client_id, change, .. }) = server.host_request.take() else { return };
    server.wake_up();
    let outcome = match change {
        Some(change) => settle_change(store, server, request, change, answer),
        None => settle(server, request, answer),
    };
    let is_there = server.get(conn).is_some_and(|connection| connection.client_id == client_id);
    if !is_there {
        return;
    }
    let end = outcome.as_ref().map_or_else(End::Error, |()| End::Timeout);
    blocking::end_wait(store, server, conn, end);
}

/// Puts settings into effect that the host has made possible.
fn settle_change(
    store: &mut Store,
    server: &mut Server,
    request: HostRequest,
    mut change: Change,
    answer: Result<&[u8], &str>,
) -> Result<(), Error> {
    let is_about = |setting: &&Setting| match request {
        HostRequest::ChangeEdge => config::edge::is_about_edge(setting.name),
        _ => setting.name == "dir",
    };
    let argument = change.settings.iter().copied().find(is_about).map_or("", |setting| setting.name);
    let text = answer.map_err(|why| refused_change(argument, why))?;
    if request == HostRequest::ChangeDirectory {
        change.config.set_host("dir", String::from_utf8_lossy(text).into_owned());
    }
    apply(store, server, change);
    Ok(())
}

/// What CONFIG SET replies when a setting cannot have a value.
pub(crate) fn refused_change(argument: &str, why: &str) -> Error {
    Error::Owned(alloc::format!("ERR CONFIG SET failed (possibly related to argument '{argument}') - {why}"))
}

fn settle(server: &mut Server, request: HostRequest, answer: Result<&[u8], &str>) -> Result<(), Error> {
    match (request, answer) {
        (
            HostRequest::SaveUsers
            | HostRequest::RewriteSettings
            | HostRequest::Save
            | HostRequest::SaveAndStop
            | HostRequest::Reload
            | HostRequest::LoadLog
            | HostRequest::ChangeDirectory
            | HostRequest::ChangeEdge,
            Ok(_),
        ) => Ok(()),
        // Redis has no more words for it.
        (HostRequest::Save, Err(_)) => Err(Error::Text("ERR")),
        (HostRequest::SaveAndStop, Err(_)) => Err(Error::Text("ERR Errors trying to SHUTDOWN. Check logs.")),
        (HostRequest::Reload, Err(_)) => {
            Err(Error::Text("ERR Error trying to load the RDB dump, check server logs."))
        }
        (HostRequest::LoadLog, Err(_)) => {
            Err(Error::Text("ERR Error trying to load the AOF files, check server logs."))
        }
        (HostRequest::ChangeDirectory | HostRequest::ChangeEdge, Err(why)) => Err(refused_change("", why)),
        (HostRequest::SaveUsers, Err(_)) => Err(Error::Text(
            "ERR There was an error trying to save the ACLs. Please check the server logs for more information",
        )),
        (HostRequest::RewriteSettings, Err(why)) => {
            Err(Error::Owned(alloc::format!("ERR Rewriting config file: {why}")))
        }
        (HostRequest::LoadUsers, Ok(text)) => {
            let users = acl::parse(server.names(), server.config.host("aclfile"), text)
                .map_err(|faults| Error::Quoting([b"ERR ".as_slice(), &faults].concat()))?;
            acl::replace(server, users);
            Ok(())
        }
        (HostRequest::LoadUsers, Err(why)) => {
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
