//! A disk in memory that fails and crashes as real ones do.

use std::collections::{BTreeMap, BTreeSet};

use sanderling_persist::{Disk, Failure};

use crate::random::Random;

/// What reaches the disk whole or not at all, in bytes.
const PAGE_BYTES: usize = 64;

/// A mistake of whoever uses the disk, or a lie of the disk's own, which the tests must find.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Planted {
    Nothing,
    /// Names are never made durable.
    NoSyncDir,
    /// Files of commands are never made durable.
    NoSyncOfCommands,
    /// Neither are manifests before they get their name.
    NoSyncOfManifest,
    /// Neither are bases.
    NoSyncOfBase,
    /// A torn end is not cut off.
    NoTruncation,
    /// A sync that fails is taken for one that succeeds.
    FailedSyncBelieved,
    /// Nothing is checked.
    NoChecksum,
    /// Each batch is checked for itself.
    UnchainedChecksum,
}

/// A file.
#[derive(Clone, Default)]
struct Inode {
    /// What reading it gives.
    cache: Vec<u8>,
    /// What a loss of power leaves at least.
    stable: Vec<u8>,
    /// Pages of which nobody knows.
    dirty: BTreeSet<usize>,
}

#[derive(Clone)]
enum Naming {
    Set(String, usize),
    Rename(String, String),
    Remove(String),
}

pub(crate) struct SimulatedDisk {
    inodes: Vec<Inode>,
    names: BTreeMap<String, usize>,
    stable_names: BTreeMap<String, usize>,
    /// Changes of names that are not durable.
    namings: Vec<Naming>,
    random: Random,
    /// Operations until the machine stops in the midst of one.
    pub(crate) operations_left: usize,
    pub(crate) is_dead: bool,
    /// Bytes that all files may have together.
    pub(crate) capacity: usize,
    /// Of 1000 operations so many fail.
    pub(crate) failing: usize,
    pub(crate) planted: Planted,
}

impl SimulatedDisk {
    pub(crate) fn new(random: Random, planted: Planted) -> SimulatedDisk {
        SimulatedDisk {
            inodes: Vec::new(),
            names: BTreeMap::new(),
            stable_names: BTreeMap::new(),
            namings: Vec::new(),
            random,
            operations_left: usize::MAX,
            is_dead: false,
            capacity: usize::MAX,
            failing: 0,
            planted,
        }
    }

    /// The machine is on again: after the process alone had ended, or after a loss of power.
    pub(crate) fn restart(&mut self, has_lost_power: bool) {
        self.is_dead = false;
        self.operations_left = usize::MAX;
        if !has_lost_power {
            return;
        }
        let kept = self.random.below(self.namings.len() + 1);
        let mut names = self.stable_names.clone();
        self.namings.iter().take(kept).for_each(|naming| apply(&mut names, naming));
        self.names = names.clone();
        self.stable_names = names;
        self.namings.clear();
        for inode in &mut self.inodes {
            let grown = self.random.below(2) == 0;
            let len = if grown { inode.cache.len() } else { inode.stable.len() };
            let mut left = inode.stable.clone();
            left.resize(len, 0);
            for &page in &inode.dirty {
                let start = page * PAGE_BYTES;
                let end = (start + PAGE_BYTES).min(len).min(inode.cache.len());
                if start < end && self.random.below(2) == 0 {
                    left[start..end].copy_from_slice(&inode.cache[start..end]);
                }
            }
            *inode = Inode { cache: left.clone(), stable: left, dirty: BTreeSet::new() };
        }
    }

    pub(crate) fn content(&self, name: &str) -> Option<&[u8]> {
        self.names.get(name).map(|&inode| &*self.inodes[inode].cache)
    }

    pub(crate) fn name_list(&self) -> Vec<String> {
        self.names.keys().cloned().collect()
    }

    /// One more operation; whether it fails, and whether the machine stops in its midst.
    fn begin(&mut self) -> Result<bool, Failure> {
        if self.is_dead {
            return Err(Failure::Other("the machine is off".into()));
        }
        self.operations_left -= 1;
        self.is_dead = self.operations_left == 0;
        Ok(self.random.below(1000) < self.failing)
    }

    fn end(&self) -> Result<(), Failure> {
        if self.is_dead { Err(Failure::Other("the machine is off".into())) } else { Ok(()) }
    }

    fn inode(&mut self, name: &str) -> Result<&mut Inode, Failure> {
        let inode = *self.names.get(name).ok_or(Failure::NotFound)?;
        Ok(&mut self.inodes[inode])
    }

    fn name(&mut self, naming: Naming) {
        apply(&mut self.names, &naming);
        self.namings.push(naming);
    }

    fn used(&self) -> usize {
        self.names.values().map(|&inode| self.inodes[inode].cache.len()).sum()
    }
}

fn apply(names: &mut BTreeMap<String, usize>, naming: &Naming) {
    match naming {
        Naming::Set(name, inode) => _ = names.insert(name.clone(), *inode),
        Naming::Rename(from, to) => {
            if let Some(inode) = names.remove(from) {
                names.insert(to.clone(), inode);
            }
        }
        Naming::Remove(name) => _ = names.remove(name),
    }
}

fn broken() -> Failure {
    Failure::Other("Input/output error".into())
}

impl Disk for SimulatedDisk {
    fn list(&mut self) -> Result<Vec<String>, Failure> {
        Ok(self.name_list())
    }

    fn len(&mut self, name: &str) -> Result<u64, Failure> {
        Ok(self.inode(name)?.cache.len() as u64)
    }

    fn read(&mut self, name: &str, at: u64, room: &mut [u8]) -> Result<usize, Failure> {
        let cache = &self.inode(name)?.cache;
        let rest = cache.get(at as usize..).unwrap_or_default();
        let count = rest.len().min(room.len());
        room[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn create(&mut self, name: &str) -> Result<(), Failure> {
        if self.begin()? {
            return Err(broken());
        }
        if let Some(&inode) = self.names.get(name) {
            let inode = &mut self.inodes[inode];
            inode.cache.clear();
            inode.dirty.insert(0);
        } else {
            self.inodes.push(Inode::default());
            self.name(Naming::Set(name.into(), self.inodes.len() - 1));
        }
        self.end()
    }

    fn write(&mut self, name: &str, at: u64, bytes: &[u8]) -> Result<usize, Failure> {
        let fails = self.begin()?;
        let mut count = bytes.len();
        if self.is_dead || fails {
            count = self.random.below(bytes.len() + 1);
        }
        let room = self.capacity.saturating_sub(self.used());
        let is_full = {
            let cache = &self.inode(name)?.cache;
            let grown = (at as usize + count).saturating_sub(cache.len());
            grown > room
        };
        if is_full {
            count = count.min(room);
        }
        let inode = self.inode(name)?;
        let (start, end) = (at as usize, at as usize + count);
        assert!(start <= inode.cache.len(), "nobody leaves holes");
        if inode.cache.len() < end {
            inode.cache.resize(end, 0);
        }
        inode.cache[start..end].copy_from_slice(&bytes[..count]);
        inode.dirty.extend(start / PAGE_BYTES..end.div_ceil(PAGE_BYTES));
        self.end()?;
        match (fails, is_full, count) {
            (true, ..) => Err(broken()),
            (_, true, 0) => Err(Failure::NoSpace),
            _ => Ok(count),
        }
    }

    fn truncate(&mut self, name: &str, len: u64) -> Result<(), Failure> {
        if self.begin()? {
            return Err(broken());
        }
        if self.planted != Planted::NoTruncation {
            let inode = self.inode(name)?;
            inode.cache.truncate(len as usize);
            inode.dirty.insert(len as usize / PAGE_BYTES);
        }
        self.end()
    }

    fn sync(&mut self, name: &str) -> Result<(), Failure> {
        let is_skipped = match self.planted {
            Planted::NoSyncOfCommands => name.ends_with(".aof"),
            Planted::NoSyncOfManifest => name.ends_with(".manifest"),
            Planted::NoSyncOfBase => name.ends_with(".rdb"),
            _ => false,
        };
        if self.begin()? || self.is_dead {
            // What could not be written is given up and not tried again: another sync will succeed and say nothing.
            let is_dead = self.is_dead;
            let choices: Vec<bool> = (0..1024).map(|_| self.random.below(2) == 0).collect();
            let inode = self.inode(name)?;
            let len = inode.cache.len();
            let mut stable = inode.stable.clone();
            stable.resize(len, 0);
            for page in &inode.dirty {
                let (start, end) = (page * PAGE_BYTES, ((page + 1) * PAGE_BYTES).min(len));
                if start < end && choices[page % choices.len()] {
                    stable[start..end].copy_from_slice(&inode.cache[start..end]);
                }
            }
            if !is_dead {
                inode.stable = stable;
                inode.dirty.clear();
            }
            self.end()?;
            return if self.planted == Planted::FailedSyncBelieved { Ok(()) } else { Err(broken()) };
        }
        if !is_skipped {
            let inode = self.inode(name)?;
            inode.stable = inode.cache.clone();
            inode.dirty.clear();
        }
        self.end()
    }

    fn sync_dir(&mut self) -> Result<(), Failure> {
        if self.begin()? {
            return Err(broken());
        }
        self.end()?;
        if self.planted != Planted::NoSyncDir {
            self.namings.clear();
            self.stable_names = self.names.clone();
        }
        Ok(())
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), Failure> {
        if self.begin()? {
            return Err(broken());
        }
        self.inode(from)?;
        self.name(Naming::Rename(from.into(), to.into()));
        self.end()
    }

    fn remove(&mut self, name: &str) -> Result<(), Failure> {
        if self.begin()? {
            return Err(broken());
        }
        self.inode(name)?;
        self.name(Naming::Remove(name.into()));
        self.end()
    }
}
