//! The interface between an engine and an embedder in another address space, version 1: the numbers of requests and
//! outputs, the layout of their descriptors, and the texts that cross.
//!
//! This is the only place where they stand. The guest module, the bindings for JavaScript and the host take them from
//! here, and the constants of the npm package are generated from here. Numbers are little-endian.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem::offset_of;

use crate::base::numbered::numbered;
use crate::config::{ConfigError, Options};
use crate::engine::{Class, Engine, LoadFormat, Loaded, Micros, Output, SaveFormat, SaveOptions};
use crate::number;
use crate::server::{ConnId, HostRequest, Peer, Present, SaveKind, SlowOperation, StorageEvent};

/// Version of this interface, which the guest exports as `abi_version`.
pub const VERSION: u32 = 1;
/// Bytes of a descriptor, of a request as of an output: four words of 32 bits.
pub const DESCRIPTOR_BYTES: usize = 16;
/// Bytes of the input buffer that an embedder fills for a batch of requests.
pub const INPUT_BYTES: usize = 1 << 20;
/// Requests of a batch.
pub const REQUESTS_MAX: usize = 1024;
/// Requests of a batch whose keys are looked up together before they are handled.
const LOOK_AHEAD_REQUESTS: usize = 32;

numbered! {
    /// What an embedder asks of the engine.
    pub enum RequestKind {
        /// Bytes have come from a connection.
        Input = 0,
        /// A client has connected; the bytes are its [`Peer`], as [`peer_text`] writes it, and the engine puts the new
        /// connection's id into the descriptor.
        Connect = 1,
        /// A client has gone.
        Disconnect = 2,
        /// The peer takes no replies: requests that were received wait.
        Pause = 3,
        /// It takes replies again.
        Resume = 4,
        /// A host request is done; the bytes are what was asked for.
        Done = 5,
        /// A host request has failed; the bytes tell why, as UTF-8.
        Failed = 6,
        /// A snapshot is to begin: [`Engine::save_begin`]; the bytes are its options, as [`save_options_text`] writes them.
        /// The engine puts 0 into `conn`, or the number of the [`SaveFault`](crate::SaveFault).
        SaveBegin = 7,
        /// [`Engine::save_step`]; in place of the connection stands how many bytes are to be written.
        SaveStep = 8,
        /// [`Engine::save_abort`].
        SaveAbort = 9,
        /// A file is going to be loaded; the bytes are its [`LoadFormat`], as [`format_text`] writes it.
        LoadBegin = 10,
        /// A piece of it. What cannot be loaded is told by [`Output::LoadFailed`].
        Load = 11,
        /// Its end, answered by [`Output::Loaded`] or [`Output::LoadFailed`].
        LoadEnd = 12,
        /// What became of the host's files; the bytes are a [`StorageEvent`], as [`event_text`] writes it.
        Storage = 13,
    }
}

impl RequestKind {}

numbered! {
    /// What an output is.
    pub enum OutputKind {
        /// [`Output::Write`] to a client of class [`Class::Normal`].
        Write = 0,
        /// [`Output::Write`] to a client of class [`Class::Pubsub`].
        WritePubsub = 1,
        /// [`Output::Close`].
        Close = 2,
        /// [`Output::Append`]; where others have the connection stands the database, or [`NO_DATABASE`].
        Append = 3,
        /// [`Output::Setting`], as `name value`.
        Setting = 4,
        /// Why the options of `init` were refused, as UTF-8.
        Error = 5,
        /// [`Output::Shutdown`].
        Shutdown = 6,
        /// [`Output::HostRequest`]; the number of the request stands where others have the connection.
        HostRequest = 7,
        /// [`Output::Snapshot`]; where others have the connection stands how much is saved, in thousandths.
        Snapshot = 8,
        /// [`Output::SnapshotEnd`]; the bytes are the number of keys, in eight of them.
        SnapshotEnd = 9,
        /// [`Output::SnapshotFailed`], as UTF-8.
        SnapshotFailed = 10,
        /// [`Output::Loaded`], as numbers between blanks.
        Loaded = 11,
        /// [`Output::LoadFailed`].
        LoadFailed = 12,
        /// [`Output::SaveWanted`]; the number of the kind stands where others have the connection.
        SaveWanted = 13,
    }
}

/// What an [`OutputKind::Append`] has for a database whose first command tells it.
pub const NO_DATABASE: u32 = u32::MAX;

impl OutputKind {}

/// One request of a batch.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Request {
    /// The connection, where it concerns one.
    pub conn: ConnId,
    /// Where its bytes begin: an address in the guest, a position in the input buffer elsewhere.
    pub start: u32,
    /// How many they are.
    pub len: u32,
    /// A number of [`RequestKind`].
    pub kind: u32,
}

/// One output of a call.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct OutputDescriptor {
    /// A number of [`OutputKind`].
    pub kind: u32,
    /// The connection, where it concerns one, or the number of a [`HostRequest`].
    pub conn: ConnId,
    /// Address of its bytes.
    pub start: u32,
    /// How many they are.
    pub len: u32,
}

const _: () = {
    assert!(size_of::<Request>() == DESCRIPTOR_BYTES && offset_of!(Request, kind) == 12);
    assert!(size_of::<OutputDescriptor>() == DESCRIPTOR_BYTES && offset_of!(OutputDescriptor, len) == 12);
};

impl Request {
    /// A request without bytes.
    pub const fn of(kind: RequestKind, conn: ConnId) -> Request {
        Request { conn, start: 0, len: 0, kind: kind as u32 }
    }

    /// The same with bytes at a position of the input buffer.
    pub const fn with(kind: RequestKind, conn: ConnId, start: u32, len: u32) -> Request {
        Request { conn, start, len, kind: kind as u32 }
    }
}

/// Has the engine handle a batch in order; `bytes` gives the bytes of a request. Connections that came have their ids
/// in the requests afterwards.
///
/// # Panics
///
/// When a request has a kind that there is not: the embedder is broken.
pub fn handle_batch<'a>(
    engine: &mut Engine,
    now: Micros,
    requests: &mut [Request],
    bytes: impl Fn(&Request) -> &'a [u8],
) {
    for requests in requests.chunks_mut(LOOK_AHEAD_REQUESTS) {
        // One alone has nothing to overlap with.
        if requests.len() > 1 {
            let inputs = requests.iter().filter(|request| request.kind == RequestKind::Input as u32);
            engine.look_ahead(inputs.map(|request| (request.conn, bytes(request))));
        }
        for request in requests {
            handle(engine, now, request, bytes(request));
        }
    }
}

fn handle(engine: &mut Engine, now: Micros, request: &mut Request, bytes: &[u8]) {
    let kind = numbered(&RequestKind::ALL, request.kind);
    match *kind.expect("an embedder sends requests of the kinds that there are") {
        RequestKind::Input => engine.handle_input(now, request.conn, bytes),
        RequestKind::Connect => request.conn = engine.connect(now, parse_peer(bytes)),
        RequestKind::Disconnect => engine.disconnect(now, request.conn),
        RequestKind::Pause => engine.pause(request.conn),
        RequestKind::Resume => engine.resume(request.conn),
        RequestKind::Done => engine.answer(now, Ok(bytes)),
        RequestKind::Failed => engine.answer(now, Err(str::from_utf8(bytes).unwrap_or_default())),
        RequestKind::SaveBegin => {
            let options = parse_save_options(bytes)
                .expect("an embedder sends options that save_options_text has written");
            let begun = engine.save_begin(now, options);
            request.conn = begun.map_or_else(|fault| fault as u32, |()| 0);
        }
        RequestKind::SaveStep => engine.save_step(now, number::exact(request.conn).unwrap_or(usize::MAX)),
        RequestKind::SaveAbort => engine.save_abort(now),
        RequestKind::LoadBegin => {
            let (format, bytes) =
                parse_format(bytes).expect("an embedder sends formats that format_text has written");
            engine.load_begin(now, format, bytes);
        }
        RequestKind::Load => {
            if let Err(fault) = engine.load(now, bytes) {
                engine.tell_loaded(Err(fault));
            }
        }
        RequestKind::LoadEnd => {
            let outcome = engine.load_end(now);
            engine.tell_loaded(outcome);
        }
        RequestKind::Storage => {
            let event = parse_event(bytes).expect("an embedder sends events that event_text has written");
            engine.storage(now, event);
        }
    }
}

/// An output in numbers and bytes: its kind, the connection or the number of a host request, and what belongs to it.
#[inline]
pub fn encode(output: Output<'_>) -> (OutputKind, u32, Cow<'_, [u8]>) {
    let (kind, conn, bytes) = match output {
        Output::Write { conn, bytes, class: Class::Normal } => (OutputKind::Write, conn, bytes),
        Output::Write { conn, bytes, class: Class::Pubsub } => (OutputKind::WritePubsub, conn, bytes),
        Output::Close { conn } => (OutputKind::Close, conn, &[][..]),
        Output::Append { bytes, db } => (OutputKind::Append, db.unwrap_or(NO_DATABASE), bytes),
        Output::LoadFailed { why } => (OutputKind::LoadFailed, 0, why.as_bytes()),
        Output::SaveWanted { kind } => (OutputKind::SaveWanted, kind as u32, &[][..]),
        Output::Loaded(loaded) => {
            return (OutputKind::Loaded, 0, Cow::Owned(loaded_text(loaded).into_bytes()));
        }
        Output::Shutdown => (OutputKind::Shutdown, 0, &[][..]),
        Output::HostRequest { request, text } => (OutputKind::HostRequest, request as u32, text),
        Output::Setting { name, value } => {
            let line = alloc::format!("{name} {value}").into_bytes();
            return (OutputKind::Setting, 0, Cow::Owned(line));
        }
        Output::Snapshot { bytes, saved } => (OutputKind::Snapshot, saved, bytes),
        Output::SnapshotEnd { keys } => {
            return (OutputKind::SnapshotEnd, 0, Cow::Owned(keys.to_le_bytes().to_vec()));
        }
        Output::SnapshotFailed { text } => (OutputKind::SnapshotFailed, 0, text.as_bytes()),
    };
    (kind, conn, Cow::Borrowed(bytes))
}

/// The output that [`encode`] made these of, or what about them cannot be read.
#[inline]
pub fn decode(kind: u32, conn: u32, bytes: &[u8]) -> Result<Output<'_>, &'static str> {
    let text = |what| str::from_utf8(bytes).map_err(|_| what);
    Ok(match numbered(&OutputKind::ALL, kind).ok_or("kind of output")? {
        OutputKind::Write => Output::Write { conn, bytes, class: Class::Normal },
        OutputKind::WritePubsub => Output::Write { conn, bytes, class: Class::Pubsub },
        OutputKind::Close => Output::Close { conn },
        OutputKind::Append => Output::Append { bytes, db: Some(conn).filter(|&db| db != NO_DATABASE) },
        OutputKind::Loaded => Output::Loaded(parse_loaded(text("outcome")?).ok_or("outcome")?),
        OutputKind::LoadFailed => Output::LoadFailed { why: text("fault")? },
        OutputKind::SaveWanted => {
            Output::SaveWanted { kind: *numbered(&SaveKind::ALL, conn).ok_or("kind of save")? }
        }
        OutputKind::Setting => {
            let line = text("setting")?;
            let (name, value) = line.split_once(' ').unwrap_or((line, ""));
            Output::Setting { name, value }
        }
        OutputKind::Error => return Err("error, which only refused options have"),
        OutputKind::Shutdown => Output::Shutdown,
        OutputKind::HostRequest => {
            let request = numbered(&HostRequest::ALL, conn).ok_or("host request")?;
            Output::HostRequest { request: *request, text: bytes }
        }
        OutputKind::Snapshot => Output::Snapshot { bytes, saved: conn },
        OutputKind::SnapshotEnd => {
            let keys = bytes.try_into().map_err(|_| "number of keys")?;
            Output::SnapshotEnd { keys: u64::from_le_bytes(keys) }
        }
        OutputKind::SnapshotFailed => Output::SnapshotFailed { text: text("reason")? },
    })
}

/// How a peer crosses: its address, the server's address that it reached, and 1 or 0 for a Unix socket and for one that is
/// trusted, a line each.
pub fn peer_text(peer: Peer<'_>) -> String {
    let (unix, trusted) = (u8::from(peer.unix), u8::from(peer.trusted));
    alloc::format!("{}\n{}\n{unix}\n{trusted}", peer.addr, peer.laddr)
}

/// The peer that [`peer_text`] wrote.
fn parse_peer(text: &[u8]) -> Peer<'_> {
    let mut lines = str::from_utf8(text).unwrap_or_default().split('\n');
    let mut line = || lines.next().unwrap_or_default();
    Peer { addr: line(), laddr: line(), unix: line() == "1", trusted: line() == "1" }
}

/// How it crosses what a [`HostRequest::Reload`] is to do: two numbers.
pub fn reload_text(saves: bool, present: Present) -> String {
    alloc::format!("{} {}", u8::from(saves), present as u32)
}

/// Whether a dump is to be saved before it is loaded, and what becomes of what there is, as [`reload_text`] wrote it.
pub fn parse_reload(text: &[u8]) -> Option<(bool, Present)> {
    let (saves, present) = str::from_utf8(text).ok()?.split_once(' ')?;
    Some((saves == "1", *numbered(&Present::ALL, present.parse().ok()?)?))
}

/// How the options of a snapshot cross: numbers, a blank between them.
pub fn save_options_text(options: SaveOptions) -> String {
    let SaveOptions { format, is_compressed, compress_min_bytes, has_checksum } = options;
    let [compressed, checksum] = [is_compressed, has_checksum].map(u8::from);
    alloc::format!("{} {compressed} {compress_min_bytes} {checksum}", format as u32)
}

/// The options that [`save_options_text`] wrote.
fn parse_save_options(text: &[u8]) -> Option<SaveOptions> {
    let mut words = str::from_utf8(text).ok()?.split(' ');
    let mut number = || words.next().and_then(|word| word.parse::<u32>().ok());
    Some(SaveOptions {
        format: *numbered(&SaveFormat::ALL, number()?)?,
        is_compressed: number()? != 0,
        compress_min_bytes: number::exact(number()?)?,
        has_checksum: number()? != 0,
    })
}

/// How a format crosses, with the bytes of the file.
pub fn format_text(format: LoadFormat, bytes: u64) -> String {
    match format {
        LoadFormat::Rdb { keeps_expired, skips_modules } => {
            alloc::format!("rdb {bytes} {} {}", u8::from(keeps_expired), u8::from(skips_modules))
        }
        LoadFormat::Commands => alloc::format!("commands {bytes}"),
    }
}

/// The format and the bytes that [`format_text`] wrote.
fn parse_format(text: &[u8]) -> Option<(LoadFormat, Option<u64>)> {
    let words: Vec<&str> = str::from_utf8(text).ok()?.split(' ').collect();
    match words[..] {
        ["rdb", bytes, keeps_expired, skips_modules] => {
            let (keeps_expired, skips_modules) = (keeps_expired == "1", skips_modules == "1");
            Some((LoadFormat::Rdb { keeps_expired, skips_modules }, bytes.parse().ok()))
        }
        ["commands", bytes] => Some((LoadFormat::Commands, bytes.parse().ok())),
        _ => None,
    }
}

fn loaded_text(loaded: Loaded) -> String {
    let Loaded { keys, expired, empty, skipped, member_deadlines, errors, bytes } = loaded;
    alloc::format!("{keys} {expired} {empty} {skipped} {member_deadlines} {errors} {bytes}")
}

fn parse_loaded(text: &str) -> Option<Loaded> {
    let mut numbers = text.split(' ').map(|word| word.parse().ok());
    let mut next = || numbers.next().flatten();
    let (keys, expired, empty, skipped) = (next()?, next()?, next()?, next()?);
    let (member_deadlines, errors, bytes) = (next()?, next()?, next()?);
    Some(Loaded { keys, expired, empty, skipped, member_deadlines, errors, bytes })
}

/// How an event crosses: its name, then what belongs to it.
pub fn event_text(event: StorageEvent<'_>) -> String {
    match event {
        StorageEvent::LoadingBegun { bytes, present } => {
            alloc::format!("loading-begun {bytes} {}", present as u32)
        }
        StorageEvent::LoadingEnded => String::from("loading-ended"),
        StorageEvent::LogKept(is_kept) => alloc::format!("log-kept {}", u8::from(is_kept)),
        StorageEvent::Place { setting, value } => alloc::format!("place {setting} {value}"),
        StorageEvent::LogFailed { why } => alloc::format!("log-failed {why}"),
        StorageEvent::LogRecovered => String::from("log-recovered"),
        StorageEvent::CommitsAreDurable(are) => alloc::format!("commits {}", u8::from(are)),
        StorageEvent::Durable { upto } => alloc::format!("durable {upto}"),
        StorageEvent::SaveBegun(kind) => alloc::format!("save-begun {}", kind as u32),
        StorageEvent::Saved(kind) => alloc::format!("saved {}", kind as u32),
        StorageEvent::SaveFailed(kind) => alloc::format!("save-failed {}", kind as u32),
        StorageEvent::Slow { operation, millis } => alloc::format!("slow {} {millis}", operation as u32),
    }
}

/// The event that [`event_text`] wrote.
pub fn parse_event(text: &[u8]) -> Option<StorageEvent<'_>> {
    let text = str::from_utf8(text).ok()?;
    let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
    let kind = || numbered(&SaveKind::ALL, rest.parse().ok()?).copied();
    Some(match name {
        "loading-begun" => {
            let (bytes, present) = rest.split_once(' ')?;
            let present = *numbered(&Present::ALL, present.parse().ok()?)?;
            StorageEvent::LoadingBegun { bytes: bytes.parse().ok()?, present }
        }
        "loading-ended" => StorageEvent::LoadingEnded,
        "log-kept" => StorageEvent::LogKept(rest == "1"),
        "place" => {
            let (setting, value) = rest.split_once(' ')?;
            StorageEvent::Place { setting, value }
        }
        "log-failed" => StorageEvent::LogFailed { why: rest },
        "log-recovered" => StorageEvent::LogRecovered,
        "commits" => StorageEvent::CommitsAreDurable(rest == "1"),
        "durable" => StorageEvent::Durable { upto: rest.parse().ok()? },
        "save-begun" => StorageEvent::SaveBegun(kind()?),
        "saved" => StorageEvent::Saved(kind()?),
        "save-failed" => StorageEvent::SaveFailed(kind()?),
        "slow" => {
            let (operation, millis) = rest.split_once(' ')?;
            let operation = *numbered(&SlowOperation::ALL, operation.parse().ok()?)?;
            StorageEvent::Slow { operation, millis: millis.parse().ok()? }
        }
        _ => return None,
    })
}

/// The options that `name value` lines tell; what they leave out is as [`Options::default`] has it.
pub fn parse_options(text: &[u8]) -> Result<Options, ConfigError> {
    let text = str::from_utf8(text).map_err(|_| ConfigError(String::from("the options are not UTF-8")))?;
    let mut options = Options::default();
    for line in text.lines() {
        let (name, value) = line.split_once(' ').unwrap_or((line, ""));
        options.set(name, value)?;
    }
    Ok(options)
}

/// The item with this number, in a list that is in the order of its numbers.
fn numbered<T>(all: &[T], number: u32) -> Option<&T> {
    all.get(number::exact(number)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_cross_unchanged() {
        for output in [
            Output::Write { conn: 7, bytes: b"+OK\r\n", class: Class::Normal },
            Output::Write { conn: 0, bytes: b">1\r\n", class: Class::Pubsub },
            Output::Close { conn: 3 },
            Output::Append { bytes: b"*1\r\n$4\r\nPING\r\n", db: None },
            Output::Append { bytes: b"*1\r\n$4\r\nPING\r\n", db: Some(3) },
            Output::Loaded(Loaded {
                keys: 1,
                expired: 2,
                empty: 3,
                skipped: 4,
                member_deadlines: 6,
                errors: 5,
                bytes: u64::MAX,
            }),
            Output::LoadFailed { why: "it is no file" },
            Output::SaveWanted { kind: SaveKind::Base },
            Output::Setting { name: "save", value: "3600 1 300 100" },
            Output::Setting { name: "save", value: "" },
            Output::HostRequest { request: HostRequest::SaveUsers, text: b"user a on\n" },
            Output::Shutdown,
            Output::Snapshot { bytes: b"REDIS0010", saved: 17 },
            Output::SnapshotEnd { keys: 1 << 40 },
            Output::SnapshotFailed { text: "why" },
        ] {
            let shown = alloc::format!("{output:?}");
            let (kind, conn, bytes) = encode(output);
            let decoded = decode(kind as u32, conn, &bytes).expect("what was encoded can be decoded");
            assert_eq!(alloc::format!("{decoded:?}"), shown);
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        assert_eq!(decode(OutputKind::SnapshotEnd as u32, 0, b"1234567"), Err("number of keys"));
        assert_eq!(decode(OutputKind::ALL.len() as u32, 0, b""), Err("kind of output"));
        assert_eq!(decode(u32::MAX, 0, b""), Err("kind of output"));
        assert_eq!(decode(OutputKind::HostRequest as u32, 9, b""), Err("host request"));
        assert_eq!(decode(OutputKind::Setting as u32, 0, b"\xff"), Err("setting"));
    }

    #[test]
    fn formats_and_events_cross_unchanged() {
        for format in [
            LoadFormat::Commands,
            LoadFormat::Rdb { keeps_expired: true, skips_modules: false },
            LoadFormat::Rdb { keeps_expired: false, skips_modules: true },
        ] {
            assert_eq!(parse_format(format_text(format, 9).as_bytes()), Some((format, Some(9))));
        }
        for event in [
            StorageEvent::LoadingBegun { bytes: 7, present: Present::GivesWay },
            StorageEvent::Place { setting: "dir", value: "/of two words/" },
            StorageEvent::LoadingEnded,
            StorageEvent::LogKept(true),
            StorageEvent::LogFailed { why: "No space left on device" },
            StorageEvent::LogRecovered,
            StorageEvent::CommitsAreDurable(true),
            StorageEvent::Durable { upto: u64::MAX },
            StorageEvent::SaveBegun(SaveKind::Base),
            StorageEvent::Saved(SaveKind::Dump),
            StorageEvent::SaveFailed(SaveKind::Base),
            StorageEvent::Slow { operation: SlowOperation::Sync, millis: 12 },
        ] {
            assert_eq!(parse_event(event_text(event).as_bytes()), Some(event));
        }
        assert_eq!(parse_event(b"rained 3"), None);
    }

    #[test]
    fn peers_cross_unchanged() {
        let peer = Peer { addr: "127.0.0.1:5", laddr: "127.0.0.1:6379", unix: false, trusted: false };
        let text = peer_text(peer);
        let read = parse_peer(text.as_bytes());
        assert_eq!((read.addr, read.laddr), (peer.addr, peer.laddr));
        for (unix, trusted) in [(false, false), (true, false), (false, true)] {
            let text = peer_text(Peer { unix, trusted, ..peer });
            let read = parse_peer(text.as_bytes());
            assert_eq!((read.unix, read.trusted), (unix, trusted));
        }
        assert_eq!(parse_peer(b"\xff").addr, "");
    }

    #[test]
    fn options_of_snapshots_cross_unchanged() {
        for (format, has_checksum) in
            [(SaveFormat::Base, false), (SaveFormat::Dump, true), (SaveFormat::Commands, false)]
        {
            let options =
                SaveOptions { format, is_compressed: has_checksum, compress_min_bytes: 256, has_checksum };
            assert_eq!(parse_save_options(save_options_text(options).as_bytes()), Some(options));
        }
        assert_eq!(parse_save_options(b"3 0 0 0"), None);
    }

    #[test]
    fn options_are_lines() {
        let options =
            parse_options(b"databases 3\nmemory-bytes-max 4294967296\nrequirepass a b\n").expect("right");
        assert_eq!(options.config.databases, 3);
        assert_eq!(options.config.requirepass, b"a b");
        assert!(parse_options(b"databases x").is_err() && parse_options(b"\xff").is_err());
    }
}
