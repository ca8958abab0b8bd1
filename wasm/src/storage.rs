//! The log of a database that is kept in files, in a directory that JavaScript reads and writes.
//!
//! The effects of calls are collected here and written once for all calls of a turn, as one batch, by [`Storage::flush`].

use core::cell::OnceCell;
use crc::{CRC_32_ISCSI, Crc, Table};
use sanderling_core::{Engine, Fact, number};
use sanderling_persist::{
    BaseForm, Disk, Failure, Kind, Log, Lsn, Names, Options, Policy, Recovered, Refusal, Sync, recover,
};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use wasm_bindgen::prelude::*;

/// Unix time, or any other that only goes forward, in microseconds.
type Micros = u64;

#[wasm_bindgen]
extern "C" {
    /// The `Directory` of `wasm/js/directory.ts`. None of its methods calls this module.
    pub type Directory;

    /// The names of its files, a line each.
    #[wasm_bindgen(method, catch)]
    fn list(this: &Directory) -> Result<String, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn length(this: &Directory, name: &str) -> Result<f64, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn read(this: &Directory, name: &str, at: f64, room: &mut [u8]) -> Result<usize, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn create(this: &Directory, name: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn write(this: &Directory, name: &str, at: f64, bytes: &[u8]) -> Result<usize, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn truncate(this: &Directory, name: &str, length: f64) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn sync(this: &Directory, name: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = syncNames)]
    fn sync_names(this: &Directory) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn rename(this: &Directory, from: &str, to: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn remove(this: &Directory, name: &str) -> Result<(), JsValue>;
    /// What one of them has thrown: a word that [`failure`] knows, or the system's words.
    #[wasm_bindgen(method)]
    fn reason(this: &Directory, error: &JsValue) -> String;
}

/// The directory as the log sees it.
pub(crate) struct Files(pub(crate) Directory);

impl Files {
    fn failed<T>(&self, done: Result<T, JsValue>) -> Result<T, Failure> {
        done.map_err(|error| failure(self.0.reason(&error)))
    }
}

/// A failure by what [`Directory::reason`] calls it.
pub(crate) fn failure(reason: String) -> Failure {
    match reason.as_str() {
        "not-found" => Failure::NotFound,
        "no-space" => Failure::NoSpace,
        _ => Failure::Other(reason),
    }
}

impl Disk for Files {
    fn list(&mut self) -> Result<Vec<String>, Failure> {
        let names = self.failed(self.0.list())?;
        Ok(names.lines().map(str::to_owned).collect())
    }

    fn len(&mut self, name: &str) -> Result<u64, Failure> {
        self.failed(self.0.length(name)).map(number::whole)
    }

    fn read(&mut self, name: &str, at: u64, room: &mut [u8]) -> Result<usize, Failure> {
        self.failed(self.0.read(name, at as f64, room))
    }

    fn create(&mut self, name: &str) -> Result<(), Failure> {
        self.failed(self.0.create(name))
    }

    fn write(&mut self, name: &str, at: u64, bytes: &[u8]) -> Result<usize, Failure> {
        self.failed(self.0.write(name, at as f64, bytes))
    }

    fn truncate(&mut self, name: &str, len: u64) -> Result<(), Failure> {
        self.failed(self.0.truncate(name, len as f64))
    }

    fn sync(&mut self, name: &str) -> Result<(), Failure> {
        self.failed(self.0.sync(name))
    }

    fn sync_dir(&mut self) -> Result<(), Failure> {
        self.failed(self.0.sync_names())
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), Failure> {
        self.failed(self.0.rename(from, to))
    }

    fn remove(&mut self, name: &str) -> Result<(), Failure> {
        self.failed(self.0.remove(name))
    }
}

/// Why files cannot be kept or loaded, for JavaScript's `StorageError`.
#[derive(serde::Serialize)]
pub(crate) struct Fault {
    code: &'static str,
    reason: String,
    file: Option<String>,
    offset: Option<u64>,
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Fault {
        let code = if failure == Failure::NoSpace { "no-space" } else { "failed" };
        Fault { code, reason: failure.to_string(), file: None, offset: None }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Fault {
        let reason = refusal.to_string();
        let (code, file, offset) = match refusal {
            Refusal::Disk { name, failure: Failure::NoSpace } => ("no-space", Some(name), None),
            Refusal::Disk { name, .. } => ("failed", Some(name), None),
            Refusal::Manifest(_) => ("corrupt", Some(names().manifest()), None),
            Refusal::NoManifest(name) | Refusal::Missing(name) => ("corrupt", Some(name), None),
            Refusal::Damaged { name, at, .. } | Refusal::Truncated { name, at } => {
                ("corrupt", Some(name), Some(at))
            }
        };
        Fault { code, reason, file, offset }
    }
}

impl From<Fault> for JsValue {
    fn from(fault: Fault) -> JsValue {
        serde_wasm_bindgen::to_value(&fault).expect("numbers and texts make an object")
    }
}

/// What there is to load.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Found {
    /// Whether there is no log yet.
    is_fresh: bool,
    /// The files, in order.
    segments: Vec<FoundFile>,
    /// The end of a file that a crash has torn, which was cut off.
    torn: Option<FoundTorn>,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct FoundFile {
    name: String,
    is_base: bool,
    /// Bytes of it that count.
    length: u64,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct FoundTorn {
    file: String,
    offset: u64,
    bytes: u64,
    kept_as: Option<String>,
}

/// See the module's description.
pub(crate) struct Storage {
    files: Files,
    /// What was recovered, until the log is opened.
    recovered: Option<Recovered>,
    log: Option<Log>,
    /// Bytes of effects that are in no batch yet.
    pushed_bytes: usize,
    /// Calls that had effects, as the engine counts them.
    pub(crate) calls: u64,
    /// Batches that are not durable, with the last call that each has.
    batches: VecDeque<(Lsn, u64)>,
    /// The last call whose effects are durable.
    durable_call: u64,
    /// Bytes of the log now, and when it was opened or last rewritten.
    bytes: u64,
    base_bytes: u64,
    sync: Option<Sync>,
}

impl Storage {
    /// Finds what there is to load; a torn end is cut off. The engine may have counted calls before.
    pub(crate) fn recover(directory: Directory, calls: u64) -> Result<(Storage, Found), Refusal> {
        let mut files = Files(directory);
        let recovered = recover(&mut files, &options())?;
        let segments = recovered.segments.iter().map(|segment| FoundFile {
            name: segment.name.clone(),
            is_base: segment.kind == Kind::Base,
            length: segment.len,
        });
        let torn = recovered.torn.as_ref().map(|torn| FoundTorn {
            file: torn.name.clone(),
            offset: torn.at,
            bytes: torn.len,
            kept_as: torn.kept_as.clone(),
        });
        let found = Found { is_fresh: recovered.is_fresh(), segments: segments.collect(), torn };
        let storage = Storage {
            files,
            recovered: Some(recovered),
            log: None,
            pushed_bytes: 0,
            calls,
            batches: VecDeque::new(),
            durable_call: calls,
            bytes: 0,
            base_bytes: 0,
            sync: None,
        };
        Ok((storage, found))
    }

    /// Goes on with the log that was recovered and loaded; or begins one that counts for nothing before its first base.
    pub(crate) fn open(&mut self, policy: Policy, begins: bool) -> Result<(), Failure> {
        let recovered = self.recovered.take().expect("it was recovered before");
        let mut log = if begins {
            Log::begin(&mut self.files, &options(), policy, true)?
        } else {
            Log::open(&mut self.files, &options(), recovered, policy, true)?
        };
        self.measure(&mut log)?;
        self.log = Some(log);
        Ok(())
    }

    fn measure(&mut self, log: &mut Log) -> Result<(), Failure> {
        let (base, commands) = log.sizes(&mut self.files)?;
        (self.bytes, self.base_bytes) = (base + commands, base + commands);
        Ok(())
    }

    /// Takes the effects of a call; the bytes that are in no batch yet, or `None` if it had none.
    pub(crate) fn take_effects(&mut self, engine: &mut Engine) -> Option<usize> {
        let calls = self.calls;
        while let Some((effects, db)) = engine.poll_effects() {
            self.calls = calls + 1;
            let log = self.log.as_mut().expect("nothing is changed before the log is open");
            log.push(db, effects);
            self.pushed_bytes += effects.len();
        }
        (self.calls > calls).then_some(self.pushed_bytes)
    }

    /// Writes all effects that are not written, and makes them durable where the policy says so; whether they are
    /// committed.
    pub(crate) fn flush(&mut self, now: Micros) -> bool {
        let Some(log) = &mut self.log else { return true };
        if self.pushed_bytes > 0 {
            let lsn = log.append(&mut self.files, now);
            self.batches.push_back((lsn, self.calls));
            self.bytes += self.pushed_bytes as u64;
            self.pushed_bytes = 0;
        } else {
            log.tick(&mut self.files, now);
        }
        self.settle()
    }

    /// Takes note of what is durable; whether all batches are committed.
    fn settle(&mut self) -> bool {
        let Some(log) = &self.log else { return true };
        if !log.is_waiting() {
            while let Some(&(lsn, call)) = self.batches.front()
                && lsn <= log.durable()
            {
                self.durable_call = call;
                self.batches.pop_front();
            }
        }
        let counters = [
            self.bytes,
            self.base_bytes,
            log.unwritten_bytes(),
            log.is_syncing().into(),
            COUNTERS[4].load(Ordering::Relaxed),
        ];
        for (counter, number) in COUNTERS.iter().zip(counters) {
            counter.store(number, Ordering::Relaxed);
        }
        LOG_MEMORY_BYTES.store(log.memory_bytes(), Ordering::Relaxed);
        log.is_waiting() || log.committed() == log.appended()
    }

    /// Bytes that are not durable and are kept until they are.
    pub(crate) fn kept_bytes(&self) -> usize {
        self.log.as_ref().map_or(0, Log::kept_bytes)
    }

    /// Why nothing can be written, if so.
    pub(crate) fn trouble(&self) -> Option<String> {
        Some(self.log.as_ref()?.trouble()?.failure().to_string())
    }

    /// The last call whose effects are durable.
    pub(crate) fn durable_call(&self) -> u64 {
        self.durable_call
    }

    /// The file that is to be made durable now, beside everything else; [`Storage::synced`] tells how that went.
    pub(crate) fn wanted_sync(&mut self, now: Micros) -> Option<String> {
        self.sync = self.log.as_mut()?.sync_wanted(now);
        self.sync.as_ref().map(|sync| sync.name.clone())
    }

    /// How it went.
    pub(crate) fn synced(&mut self, now: Micros, result: Result<(), Failure>) {
        if let (Some(log), Some(sync)) = (&mut self.log, self.sync.take()) {
            log.synced(&mut self.files, now, &sync, result);
            self.settle();
        }
    }

    /// Changes when batches are committed.
    pub(crate) fn set_policy(&mut self, now: Micros, policy: Policy) {
        if let Some(log) = &mut self.log {
            log.set_policy(&mut self.files, now, policy);
            self.settle();
        }
    }

    /// Writes everything and makes it durable. A sync that is under way has to end before.
    pub(crate) fn close(&mut self, now: Micros) -> Result<(), Failure> {
        self.flush(now);
        let Some(log) = &mut self.log else { return Ok(()) };
        log.flush(&mut self.files, now)?;
        self.settle();
        Ok(())
    }

    // ----- rewriting -----

    /// Bytes of the log now, and when it was opened or last rewritten.
    pub(crate) fn sizes(&self) -> (u64, u64) {
        (self.bytes, self.base_bytes)
    }

    /// Whether only another base can mend the log.
    pub(crate) fn needs_base(&self) -> bool {
        self.log.as_ref().is_some_and(Log::needs_base)
    }

    /// Lets another file take what is new; the name of the base that is to be made of all that came before. A sync that
    /// is under way has to end before.
    pub(crate) fn rewrite_begin(&mut self, now: Micros) -> Result<String, Failure> {
        self.flush(now);
        let log = self.log.as_mut().ok_or_else(no_log)?;
        let name = log.rewrite_begin(&mut self.files, now, BaseForm::Rdb)?;
        self.settle();
        Ok(name)
    }

    /// The base is there, and durable.
    pub(crate) fn rewrite_end(&mut self, now: Micros) -> Result<(), Failure> {
        let mut log = self.log.take().ok_or_else(no_log)?;
        let done = log.rewrite_end(&mut self.files, now, None).and_then(|()| self.measure(&mut log));
        self.log = Some(log);
        self.settle();
        done
    }

    /// There will be no base.
    pub(crate) fn rewrite_abort(&mut self) {
        if let Some(log) = &mut self.log {
            log.rewrite_abort(&mut self.files);
        }
    }
}

fn no_log() -> Failure {
    Failure::Other("there is no log".to_owned())
}

fn names() -> Names {
    Names { prefix: "appendonly.aof".to_owned() }
}

fn options() -> Options {
    Options { names: names(), checksum: crc32c, load_truncated: true }
}

/// Numbers for INFO: see [`fact`].
static COUNTERS: [AtomicU64; 5] = [const { AtomicU64::new(0) }; 5];
/// Memory that the log takes, in bytes.
static LOG_MEMORY_BYTES: AtomicUsize = AtomicUsize::new(0);

/// Memory of the log, which is no data.
pub(crate) fn memory_bytes() -> usize {
    LOG_MEMORY_BYTES.load(Ordering::Relaxed)
}

/// A sync found the one before it under way.
pub(crate) fn note_delay() {
    COUNTERS[4].fetch_add(1, Ordering::Relaxed);
}

/// What INFO asks for of the log; nothing is known here of processes and machines.
pub(crate) fn fact(which: Fact) -> u64 {
    let at = match which {
        Fact::LogBytes => 0,
        Fact::LogBaseBytes => 1,
        Fact::LogBufferBytes => 2,
        Fact::LogSyncsPending => 3,
        Fact::LogSyncsDelayed => 4,
        _ => return 0,
    };
    COUNTERS[at].load(Ordering::Relaxed)
}

thread_local! {
    /// The tables are made when they are needed, since they would be a tenth of the module.
    static CRC: OnceCell<Box<Crc<u32, Table<16>>>> = const { OnceCell::new() };
}

/// CRC32C, as [`sanderling_persist::crc32c`] computes it.
fn crc32c(crc: u32, bytes: &[u8]) -> u32 {
    CRC.with(|tables| {
        let tables = tables.get_or_init(|| Box::new(Crc::<u32, Table<16>>::new(&CRC_32_ISCSI)));
        let mut digest = tables.digest_with_initial((!crc).reverse_bits());
        digest.update(bytes);
        digest.finalize()
    })
}
