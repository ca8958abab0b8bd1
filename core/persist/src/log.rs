//! The log while it is written.
//!
//! At any time one file, the tail, takes what is new, and it is the only one that may have bytes which are not yet durable:
//! before another takes its place it is made durable, or what is not is written into the other once more.

use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use crate::checksum::Checksum;
use crate::disk::{Disk, Failure, replace};
use crate::manifest::{BaseForm, Entry, Kind, Manifest, Names};
use crate::recover::{Options, Recovered};
use crate::tail::Tail;

/// Unix time, or any other that only goes forward, in microseconds.
type Micros = u64;

/// The number of a batch: the first one is 1, and each next one is one more.
pub type Lsn = u64;

/// How long after a failed write it is tried again, in microseconds.
const RETRY_WRITE_MICROS: Micros = 100_000;
/// How long after a failed attempt to go on in another file, in microseconds.
const RETRY_FILE_MICROS: Micros = 1_000_000;
/// How often [`Policy::EverySecond`] makes the tail durable, in microseconds.
const SYNC_MICROS: Micros = 1_000_000;
/// Bytes that are not durable, beyond which a sync does not wait for its second to pass.
const SYNC_EARLY_BYTES: usize = 32 << 20;

/// The manifest of a log without its first base.
const WAITING_TEXT: &[u8] = b"#The first base is not complete.\n";

/// When a batch is committed, so that those may be answered who have caused it. The values of `appendfsync`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Policy {
    /// Once it is durable.
    Always,
    /// Once it is written; it is made durable within a second.
    EverySecond,
    /// Once it is written; when it is durable is left to the system.
    No,
}

/// Why the log does not take batches for now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// The tail could not be written; it is tried again.
    Write(Failure),
    /// The tail could not be made durable, and neither could another file yet.
    Sync(Failure),
    /// The manifest could not be replaced; it is tried again.
    Manifest(Failure),
}

impl Trouble {
    /// The failure behind it.
    pub fn failure(&self) -> &Failure {
        match self {
            Trouble::Write(failure) | Trouble::Sync(failure) | Trouble::Manifest(failure) => failure,
        }
    }
}

/// Something to be made durable beside everything else: see [`Log::sync_wanted`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sync {
    /// The file.
    pub name: String,
    /// Bytes of it that are durable afterwards.
    upto: u64,
}

/// A log that batches are appended to.
pub struct Log {
    names: Names,
    checksum: Checksum,
    policy: Policy,
    /// Whether batches get a line.
    has_lines: bool,
    manifest: Manifest,
    /// Whether the manifest on the disk is the one above.
    manifest_state: ManifestState,
    tail: Tail,
    lsn: Lsn,
    written: Lsn,
    durable: Lsn,
    trouble: Option<Trouble>,
    retry_at: Option<Micros>,
    sync: Option<Sync>,
    sync_at: Micros,
    rewrite: Option<Rewrite>,
    /// Files that the manifest does not name any more, once it is written.
    obsolete: Vec<String>,
    /// The files lack batches which a failed sync may have lost and which were not kept: nothing counts before the next
    /// base, which has them.
    has_gap: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum ManifestState {
    /// It is the one that the disk has.
    Written,
    /// It is not, or nobody knows.
    Unknown,
    /// There is none until the first base is complete: what is written so far is not all there is.
    Waiting,
}

/// A base that is being made.
struct Rewrite {
    seq: u64,
    form: BaseForm,
    /// The number of the first file of commands that follow it.
    first: u64,
    /// The last batch before it.
    covers: Lsn,
}

impl Log {
    /// Goes on with what was recovered. Where there is no log yet, one is begun whose only file of commands is empty: the
    /// state that it begins with must be empty as well.
    pub fn open<D: Disk>(
        disk: &mut D,
        options: &Options,
        recovered: Recovered,
        policy: Policy,
        has_lines: bool,
    ) -> Result<Log, Failure> {
        let last = recovered.segments.last().filter(|segment| segment.kind == Kind::Incr);
        let len = last.map_or(0, |segment| segment.len);
        let Recovered { manifest, crc, has_lines: had_lines, .. } = recovered;
        let manifest = manifest.unwrap_or_default();
        let tail = match manifest.incrs.last() {
            // A file that is sealed takes no more.
            Some(last) if last.sealed.is_none() => Some(Tail::at(last.name.clone(), last.seq, len, crc)),
            _ => None,
        };
        let seq = manifest.incrs.last().map_or(0, |last| last.seq);
        let is_ready = tail.is_some();
        let tail = tail
            .unwrap_or_else(|| Tail::new(options.names.incr(seq + 1), seq + 1, options.checksum, has_lines));
        let mut log = Log::with(options, policy, has_lines, manifest, tail);
        if !is_ready {
            log.make_file(disk)?;
            log.announce(disk)?;
        } else if has_lines && !had_lines {
            log.tail.begin_lines(log.checksum);
            log.write_beginning(disk)?;
        }
        Ok(log)
    }

    /// Begins a log in a directory that has none, for a state that is not empty: it counts for nothing before
    /// [`Log::rewrite_end`] has given it its first base.
    pub fn begin<D: Disk>(
        disk: &mut D,
        options: &Options,
        policy: Policy,
        has_lines: bool,
    ) -> Result<Log, Failure> {
        // A manifest that names nothing says that what is here does not count.
        let names = &options.names;
        replace(disk, &names.manifest(), &names.new_manifest(), WAITING_TEXT)?;
        let tail = Tail::new(names.incr(1), 1, options.checksum, has_lines);
        let mut log = Log::with(options, policy, has_lines, Manifest::default(), tail);
        log.manifest_state = ManifestState::Waiting;
        log.make_file(disk)?;
        log.announce(disk)?;
        log.rewrite = Some(Rewrite { seq: 1, form: BaseForm::Rdb, first: 1, covers: 0 });
        Ok(log)
    }

    fn with(options: &Options, policy: Policy, has_lines: bool, manifest: Manifest, tail: Tail) -> Log {
        Log {
            names: options.names.clone(),
            checksum: options.checksum,
            policy,
            has_lines,
            manifest,
            manifest_state: ManifestState::Written,
            tail,
            lsn: 0,
            written: 0,
            durable: 0,
            trouble: None,
            retry_at: None,
            sync: None,
            sync_at: 0,
            rewrite: None,
            obsolete: Vec::new(),
            has_gap: false,
        }
    }

    // ----- batches -----

    /// Takes a piece of the commands of one call of the engine, which [`Log::append`] completes. `db` is the database that
    /// the first command is about unless it says another, `None` if it does; it counts for the first piece.
    pub fn push(&mut self, db: Option<u32>, commands: &[u8]) {
        self.tail.push(self.has_lines, db, commands);
    }

    /// Makes what was pushed a batch, and tries to commit it.
    pub fn append<D: Disk>(&mut self, disk: &mut D, now: Micros) -> Lsn {
        self.lsn += 1;
        // A batch may be empty.
        self.tail.push(self.has_lines, None, &[]);
        self.tail.close_batch(self.checksum, self.has_lines, self.lsn);
        if self.trouble.is_none() {
            self.commit(disk, now);
        }
        self.lsn
    }

    /// Forgets what was pushed and not appended: the engine's call did not come to its end.
    pub fn abandon(&mut self) {
        self.tail.abandon_batch();
    }

    /// The last batch that those who have caused it may hear of.
    pub fn committed(&self) -> Lsn {
        match self.policy {
            Policy::Always => self.durable,
            Policy::EverySecond | Policy::No => self.written,
        }
    }

    /// The last batch that was appended.
    pub fn appended(&self) -> Lsn {
        self.lsn
    }

    /// The last batch that is durable.
    pub fn durable(&self) -> Lsn {
        self.durable
    }

    /// What keeps batches from being committed.
    pub fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// Changes when batches are committed; what was appended is committed in the new way.
    pub fn set_policy<D: Disk>(&mut self, disk: &mut D, now: Micros, policy: Policy) {
        self.policy = policy;
        if self.trouble.is_none() {
            self.commit(disk, now);
        }
    }

    /// When [`Log::tick`] has something to do.
    pub fn deadline(&self) -> Option<Micros> {
        let sync = (self.policy == Policy::EverySecond && self.sync.is_none() && self.is_behind())
            .then_some(self.sync_at + SYNC_MICROS);
        [self.retry_at, sync].into_iter().flatten().min()
    }

    /// Tries again what has failed, if its time has come.
    pub fn tick<D: Disk>(&mut self, disk: &mut D, now: Micros) {
        if self.retry_at.is_none_or(|at| at > now) {
            return;
        }
        self.retry_at = None;
        if self.tail.is_doubtful
            && let Err(failure) = self.go_on_elsewhere(disk)
        {
            return self.note(Trouble::Sync(failure), now + RETRY_FILE_MICROS);
        }
        if self.manifest_state == ManifestState::Unknown
            && let Err(failure) = self.announce(disk)
        {
            return self.note(Trouble::Manifest(failure), now + RETRY_FILE_MICROS);
        }
        if self.has_gap {
            return self.retry_at = Some(now + RETRY_FILE_MICROS);
        }
        self.trouble = None;
        self.commit(disk, now);
    }

    /// Writes what is not written, and makes it durable where the policy says so.
    fn commit<D: Disk>(&mut self, disk: &mut D, now: Micros) {
        if let Some(failure) = self.tail.write(disk) {
            self.note(Trouble::Write(failure), now + RETRY_WRITE_MICROS);
        }
        self.take_written();
        if self.policy == Policy::Always && self.is_behind() {
            self.make_durable(disk, now);
        }
    }

    /// Makes durable what is written, and waits for it.
    fn make_durable<D: Disk>(&mut self, disk: &mut D, now: Micros) {
        // A failure is told to one of two syncs at the same time; the other one's success would be believed.
        if self.sync.is_some() {
            return;
        }
        let upto = self.tail.written;
        match disk.sync(&self.tail.name) {
            Ok(()) => self.take_durable(upto),
            Err(failure) => self.sync_failed(disk, now, failure),
        }
    }

    /// What was to be made durable may be gone, and no later success can be believed: it is written into another file.
    fn sync_failed<D: Disk>(&mut self, disk: &mut D, now: Micros, failure: Failure) {
        self.tail.is_doubtful = true;
        self.sync = None;
        if self.go_on_elsewhere(disk).is_err() {
            self.note(Trouble::Sync(failure), now + RETRY_FILE_MICROS);
        } else if self.manifest_state == ManifestState::Unknown {
            self.note(Trouble::Manifest(failure), now + RETRY_FILE_MICROS);
        }
    }

    fn note(&mut self, trouble: Trouble, retry_at: Micros) {
        self.trouble = Some(trouble);
        self.retry_at = Some(retry_at);
    }

    fn take_written(&mut self) {
        if self.counts()
            && let Some(last) = self.tail.last_written()
        {
            self.written = self.written.max(last);
        }
    }

    fn take_durable(&mut self, upto: u64) {
        self.take_written();
        if self.counts()
            && let Some(last) = self.tail.made_durable(upto)
        {
            self.durable = self.durable.max(last);
        }
    }

    /// Whether what the tail has is to be relied on.
    fn counts(&self) -> bool {
        self.manifest_state != ManifestState::Unknown && !self.has_gap
    }

    fn is_behind(&self) -> bool {
        self.tail.batches_written > 0
    }

    // ----- syncing beside everything else -----

    /// What an embedder has to make durable now, beside everything else, so that [`Policy::EverySecond`] holds; it says how
    /// that went by [`Log::synced`]. Meanwhile there is no other.
    pub fn sync_wanted(&mut self, now: Micros) -> Option<Sync> {
        let is_due = now >= self.sync_at + SYNC_MICROS || self.tail.bytes.len() >= SYNC_EARLY_BYTES;
        let wants = self.policy == Policy::EverySecond && self.sync.is_none() && is_due;
        if !wants || !self.is_behind() || self.tail.is_doubtful {
            return None;
        }
        self.sync_at = now;
        let sync = Sync { name: self.tail.name.clone(), upto: self.tail.written };
        self.sync = Some(sync.clone());
        Some(sync)
    }

    /// Gives up the batches that are not committed, which nobody must hear of then, and whose effects the embedder undoes by
    /// loading the log once more. Later batches get their numbers. `false`, and nothing happens, while a base is being made
    /// or wanted, or while a sync is under way.
    pub fn roll_back<D: Disk>(&mut self, disk: &mut D) -> bool {
        if self.sync.is_some() || self.rewrite.is_some() || self.has_gap || !self.tail.has_all() {
            return false;
        }
        self.lsn = self.committed();
        let end = self.tail.give_up_behind(self.lsn);
        // What cannot be cut off now is so before the next write, or is the torn end that the next start finds.
        self.tail.overhangs = disk.truncate(&self.tail.name, end).is_err();
        true
    }

    /// Whether one is under way.
    pub fn is_syncing(&self) -> bool {
        self.sync.is_some()
    }

    /// How it went.
    pub fn synced<D: Disk>(&mut self, disk: &mut D, now: Micros, sync: &Sync, result: Result<(), Failure>) {
        // Another file may have taken its place meanwhile, before which it was made durable.
        if self.sync.as_ref() != Some(sync) {
            return;
        }
        self.sync = None;
        match result {
            Ok(()) => {
                self.take_durable(sync.upto);
                if self.trouble.is_none() {
                    self.commit(disk, now);
                }
            }
            Err(failure) => self.sync_failed(disk, now, failure),
        }
    }

    /// Writes and makes durable all that was appended, before a stop or when a client insists. A sync that is under way has
    /// to end first.
    pub fn flush<D: Disk>(&mut self, disk: &mut D, now: Micros) -> Result<(), Failure> {
        if self.sync.is_some() {
            return Err(Failure::Other("a sync is under way".into()));
        }
        if self.trouble.is_some() {
            self.retry_at = Some(now);
            self.tick(disk, now);
        }
        if self.trouble.is_none() {
            self.commit(disk, now);
        }
        if self.trouble.is_none() && self.is_behind() {
            self.make_durable(disk, now);
        }
        match &self.trouble {
            None => Ok(()),
            Some(trouble) => Err(trouble.failure().clone()),
        }
    }

    // ----- files -----

    /// Whether what is written counts for nothing yet, since the first base is not complete.
    pub fn is_waiting(&self) -> bool {
        self.manifest_state == ManifestState::Waiting
    }

    /// Bytes of commands that are appended and not written.
    pub fn unwritten_bytes(&self) -> u64 {
        self.tail.end() - self.tail.written
    }

    /// Bytes of batches that are not durable, as far as they are kept for the case that a sync fails.
    pub fn kept_bytes(&self) -> usize {
        self.tail.bytes.len()
    }

    /// Memory that these take, in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.tail.bytes.capacity()
    }

    /// Bytes of the base, and of the commands since.
    pub fn sizes<D: Disk>(&self, disk: &mut D) -> Result<(u64, u64), Failure> {
        let base = self.manifest.base.as_ref().map_or(Ok(0), |base| disk.len(&base.name))?;
        let mut commands = self.tail.end();
        for incr in self.manifest.incrs.iter().filter(|incr| incr.seq != self.tail.seq) {
            commands += match incr.sealed {
                Some((len, _)) => len,
                None => disk.len(&incr.name)?,
            };
        }
        Ok((base, commands))
    }

    /// Begins a new file of commands, at whose beginning the state is that of the base which the embedder makes now, of this
    /// form and in a file of the name that this returns. A sync that is under way has to end first.
    pub fn rewrite_begin<D: Disk>(
        &mut self,
        disk: &mut D,
        now: Micros,
        form: BaseForm,
    ) -> Result<String, Failure> {
        // A log that was begun is making its first base already.
        if self.rewrite.is_none() {
            // What is not durable is written into another file if it can be, and is a part of the new base if not.
            if self.tail.has_all() {
                self.flush(disk, now)?;
            }
            self.switch(disk, now)?;
            let seq = self.manifest.base.as_ref().map_or(0, |base| base.seq) + 1;
            self.rewrite = Some(Rewrite { seq, form, first: self.tail.seq, covers: self.lsn });
        }
        let rewrite = self.rewrite.as_mut().expect("one was begun, or is now");
        rewrite.form = form;
        Ok(self.names.new_base(rewrite.seq, form))
    }

    /// The base is written and durable, under the name that [`Log::rewrite_begin`] gave: it takes the place of the old one
    /// and of the commands before it. A base of commands comes with how many bytes it has and their checksum, which are
    /// checked when it is read.
    pub fn rewrite_end<D: Disk>(
        &mut self,
        disk: &mut D,
        now: Micros,
        sealed: Option<(u64, u32)>,
    ) -> Result<(), Failure> {
        let Some(Rewrite { seq, form, first, covers }) = self.rewrite.take() else {
            return Err(Failure::Other("no base is being made".into()));
        };
        let base = self.names.base(seq, form);
        disk.rename(&self.names.new_base(seq, form), &base)?;
        disk.sync_dir()?;
        let sealed = sealed.filter(|_| form == BaseForm::Commands);
        let entry = Entry { name: base, seq, kind: Kind::Base, sealed };
        let old = self.manifest.base.replace(entry);
        let (before, after) =
            mem::take(&mut self.manifest.incrs).into_iter().partition(|incr| incr.seq < first);
        self.manifest.incrs = after;
        let before: Vec<Entry> = before;
        self.obsolete.extend(old.into_iter().chain(before).map(|entry| entry.name));
        self.manifest_state = ManifestState::Unknown;
        if let Err(failure) = self.announce(disk) {
            self.note(Trouble::Manifest(failure.clone()), now + RETRY_FILE_MICROS);
            return Err(failure);
        }
        self.has_gap = false;
        self.written = self.written.max(covers);
        self.durable = self.durable.max(covers);
        self.retry_at = Some(now);
        self.tick(disk, now);
        Ok(())
    }

    /// Whether only another base can mend the log: [`Log::rewrite_begin`] is wanted.
    pub fn needs_base(&self) -> bool {
        self.rewrite.is_none() && (self.has_gap || (self.tail.is_doubtful && !self.tail.has_all()))
    }

    /// There will be no base. The commands so far stay, in two files instead of one.
    pub fn rewrite_abort<D: Disk>(&mut self, disk: &mut D) {
        if let Some(rewrite) = self.rewrite.take() {
            // What is left of it is removed when the log is opened again.
            let _ = disk.remove(&self.names.new_base(rewrite.seq, rewrite.form));
        }
    }

    /// Whether a base is being made.
    pub fn is_rewriting(&self) -> bool {
        self.rewrite.is_some()
    }

    /// Lets another file take what is new. The old one is durable, or what of it is not will be a part of the next base.
    fn switch<D: Disk>(&mut self, disk: &mut D, now: Micros) -> Result<(), Failure> {
        let seq = self.tail.seq + 1;
        let old =
            mem::replace(&mut self.tail, Tail::new(self.names.incr(seq), seq, self.checksum, self.has_lines));
        if let Err(failure) = self.make_file(disk) {
            let name = mem::replace(&mut self.tail, old).name;
            let _ = disk.remove(&name);
            return Err(failure);
        }
        self.has_gap |= old.is_doubtful;
        self.seal(&old);
        if let Err(failure) = self.announce(disk) {
            self.note(Trouble::Manifest(failure.clone()), now + RETRY_FILE_MICROS);
            return Err(failure);
        }
        Ok(())
    }

    /// Writes what is not known to be durable into another file, which takes what is new from then on.
    fn go_on_elsewhere<D: Disk>(&mut self, disk: &mut D) -> Result<(), Failure> {
        if !self.tail.has_all() {
            return Err(Failure::Other("too much was not durable to be written once more".into()));
        }
        let seq = self.tail.seq + 1;
        let mut tail = Tail::new(self.names.incr(seq), seq, self.checksum, self.has_lines);
        for batch in &self.tail.batches {
            tail.push(self.has_lines, batch.db, self.tail.commands(batch));
            tail.close_batch(self.checksum, self.has_lines, batch.lsn);
        }
        let old = mem::replace(&mut self.tail, tail);
        if let Err(failure) = self.make_file(disk) {
            let name = mem::replace(&mut self.tail, old).name;
            let _ = disk.remove(&name);
            return Err(failure);
        }
        self.seal(&old);
        // From here on the new file is the one that counts, whatever the disk has for a manifest.
        let _ = self.announce(disk);
        let upto = self.tail.written;
        self.take_durable(upto);
        Ok(())
    }

    /// Makes the tail a file that is durable, with what it has to begin with.
    fn make_file<D: Disk>(&mut self, disk: &mut D) -> Result<(), Failure> {
        disk.create(&self.tail.name)?;
        self.write_beginning(disk)?;
        disk.sync_dir()
    }

    fn write_beginning<D: Disk>(&mut self, disk: &mut D) -> Result<(), Failure> {
        if let Some(failure) = self.tail.write(disk) {
            return Err(failure);
        }
        disk.sync(&self.tail.name)?;
        let tail = &mut self.tail;
        if tail.batches.is_empty() {
            (tail.durable, tail.durable_crc) = (tail.written, tail.crc);
        } else {
            // Whatever becomes of the batches, the line in front of them stays.
            (tail.durable, tail.durable_crc) = tail.head;
        }
        Ok(())
    }

    /// Puts down that nothing is written behind the durable part of a file any more, and that the tail follows it.
    fn seal(&mut self, old: &Tail) {
        if let Some(entry) = self.manifest.incrs.iter_mut().find(|entry| entry.seq == old.seq) {
            entry.sealed = Some((old.durable, old.durable_crc));
        }
        self.manifest_state = match self.manifest_state {
            ManifestState::Waiting => ManifestState::Waiting,
            _ => ManifestState::Unknown,
        };
    }

    fn tail_entry(&self) -> Entry {
        Entry { name: self.tail.name.clone(), seq: self.tail.seq, kind: Kind::Incr, sealed: None }
    }

    /// Writes the manifest, and then removes what it does not name any more.
    fn announce<D: Disk>(&mut self, disk: &mut D) -> Result<(), Failure> {
        if !self.manifest.incrs.iter().any(|entry| entry.seq == self.tail.seq) {
            self.manifest.incrs.push(self.tail_entry());
        }
        if self.manifest_state == ManifestState::Waiting {
            return Ok(());
        }
        self.manifest_state = ManifestState::Unknown;
        let text = self.manifest.text();
        replace(disk, &self.names.manifest(), &self.names.new_manifest(), text.as_bytes())?;
        self.manifest_state = ManifestState::Written;
        for name in mem::take(&mut self.obsolete) {
            // What cannot be removed now is removed when the log is opened again.
            let _ = disk.remove(&name);
        }
        Ok(())
    }
}
