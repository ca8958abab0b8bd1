//! Reading a stream, part by part: a part that is not whole yet is read again once it is, what came before it is not.

use alloc::vec::Vec;

use super::{UNKNOWN, unowned};
use crate::base::memory::ELEMENT_BYTES;
use crate::rdb::read::{Fault, Reader};
use crate::structures::ordered::OrderedSet;
use crate::types::stream::{ConsumerRef, Group, Id, Pending, Stream};

/// Bytes of a pending entry in all maps that it is in.
const PENDING_BYTES: usize = 2 * ELEMENT_BYTES;

/// A stream of which something is still to be read.
pub(in crate::rdb) struct StreamReader {
    /// The number of its form.
    number: u8,
    stream: Stream,
    step: Step,
    /// How many parts of the step are left.
    left: u64,
    groups_left: u64,
    consumers_left: u64,
    producers_left: u64,
    /// The group that is being read, with its name.
    group: Option<(Vec<u8>, Group)>,
    given_back: OrderedSet<Id>,
    /// Memory for chunks that are being read.
    scratch: Vec<u8>,
}

/// What is read next.
enum Step {
    Chunks,
    Numbers,
    Groups,
    Pending,
    Consumers,
    PendingOf(ConsumerRef),
    GivenBack,
    Producers,
    Requests,
    Done,
}

impl StreamReader {
    /// A stream in the form of this number, from the count of its chunks on.
    pub(in crate::rdb) fn begin(number: u8, reader: &mut Reader<'_>) -> Result<StreamReader, Fault> {
        Ok(StreamReader {
            number,
            stream: Stream::default(),
            step: Step::Chunks,
            left: reader.length()?,
            groups_left: 0,
            consumers_left: 0,
            producers_left: 0,
            group: None,
            given_back: OrderedSet::new(),
            scratch: Vec::new(),
        })
    }

    /// Reads on, up to the end of the stream.
    pub(in crate::rdb) fn go_on(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault> {
        while !matches!(self.step, Step::Done) {
            let mark = reader.clone();
            if let Err(fault) = self.part(reader) {
                reader.rewind(mark);
                return Err(fault);
            }
        }
        Ok(())
    }

    /// The stream, when all of it is read.
    pub(in crate::rdb) fn finish(self) -> Stream {
        self.stream
    }

    /// Reads one part. Nothing is changed unless the part is whole.
    fn part(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault> {
        match self.step {
            Step::Chunks if self.left > 0 => self.chunk(reader)?,
            Step::Chunks => {
                self.stream.finish_nodes();
                self.step = Step::Numbers;
                return Ok(());
            }
            Step::Numbers => return self.numbers(reader),
            Step::Groups if self.groups_left > 0 => return self.group(reader),
            Step::Groups => return self.producers(reader),
            Step::Pending if self.left > 0 => self.pending(reader)?,
            Step::Pending => {
                self.consumers_left = reader.length()?;
                self.step = Step::Consumers;
                return Ok(());
            }
            Step::Consumers if self.consumers_left > 0 => return self.consumer(reader),
            Step::Consumers => {
                self.left = if self.number >= 5 { reader.length()? } else { 0 };
                self.step = Step::GivenBack;
                return Ok(());
            }
            Step::PendingOf(consumer) if self.left > 0 => self.pending_of(consumer, reader)?,
            Step::PendingOf(_) => {
                self.consumers_left -= 1;
                self.step = Step::Consumers;
                return Ok(());
            }
            Step::GivenBack if self.left > 0 => {
                let id = from_raw(reader.array()?);
                reader.reserve(ELEMENT_BYTES)?;
                check(self.given_back.insert(id))?;
            }
            Step::GivenBack => return self.end_group(),
            Step::Producers if self.producers_left > 0 => {
                reader.string()?;
                self.left = reader.length()?;
                self.step = Step::Requests;
                return Ok(());
            }
            Step::Producers => {
                let (_added, _doubled) = (reader.length()?, reader.length()?);
                self.step = Step::Done;
                return Ok(());
            }
            // What producers have sent lately is not remembered here: only for as long as they would be could a request be
            // taken for a new one.
            Step::Requests if self.left > 0 => {
                reader.string()?;
                id(reader)?;
            }
            Step::Requests => {
                self.producers_left -= 1;
                self.step = Step::Producers;
                return Ok(());
            }
            Step::Done => return Ok(()),
        }
        self.left -= 1;
        Ok(())
    }

    fn chunk(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault> {
        let base = reader.string()?;
        let base = from_raw(base[..].try_into().map_err(|_| Fault::Malformed)?);
        let block = reader.string()?;
        let scratch_bytes = Stream::scratch_bytes(block.len());
        if self.scratch.capacity() < scratch_bytes {
            reader.reserve(scratch_bytes)?;
            self.scratch = Vec::with_capacity(scratch_bytes);
        }
        // The chunk takes less than its listpack; with it comes its place among the others.
        reader.reserve(block.len() + ELEMENT_BYTES)?;
        check(self.stream.push_listpack(base, &block, &mut self.scratch))
    }

    fn numbers(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault> {
        let len = reader.length()?;
        let last_id = id(reader)?;
        // What a server tells of a stream that was empty when it was written by one before 7.0.
        let (first_id, max_deleted_id, entries_added) = match self.number {
            1 => (Id::MAX, Id::MIN, len),
            _ => (id(reader)?, id(reader)?, reader.length()?),
        };
        let groups = reader.length()?;
        let stream = &mut self.stream;
        check(len == stream.len() as u64 && last_id >= stream.last_id)?;
        stream.last_id = last_id;
        // That of an entry follows from the entries.
        stream.set_first_id(first_id);
        stream.max_deleted_id = max_deleted_id;
        stream.entries_added = entries_added;
        (self.groups_left, self.step) = (groups, Step::Groups);
        Ok(())
    }

    fn group(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault> {
        let name = reader.string()?;
        let last_id = id(reader)?;
        let entries_read = match self.number {
            1 => self.stream.position(last_id),
            _ => Some(reader.length()?).filter(|&read| read != UNKNOWN).map(u64::cast_signed),
        };
        let pending = reader.length()?;
        reader.reserve(name.len() + 4 * ELEMENT_BYTES)?;
        self.group = Some((name.into_owned(), Group::new(last_id, entries_read)));
        (self.left, self.step) = (pending, Step::Pending);
        Ok(())
    }

    fn pending(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault> {
        let id = from_raw(reader.array()?);
        let pending = Pending { consumer: None, delivered_at: time(reader)?, deliveries: reader.length()? };
        reader.reserve(PENDING_BYTES)?;
        let group = self.open_group();
        check(!group.pending().contains_key(&id))?;
        group.deliver(id, pending);
        Ok(())
    }

    fn consumer(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault> {
        let name = reader.string()?;
        let seen_at = time(reader)?;
        let active_at = match self.number {
            3.. => Some(u64::from_le_bytes(reader.array()?)).filter(|&at| at <= i64::MAX as u64),
            _ => Some(seen_at),
        };
        let pending = reader.length()?;
        reader.reserve(2 * (name.len() + ELEMENT_BYTES))?;
        let group = self.open_group();
        check(group.find(&name).is_none())?;
        let consumer = group.add_consumer(&name, seen_at);
        group.consumer_mut(consumer).active_at = active_at;
        (self.left, self.step) = (pending, Step::PendingOf(consumer));
        Ok(())
    }

    fn pending_of(&mut self, consumer: ConsumerRef, reader: &mut Reader<'_>) -> Result<(), Fault> {
        let id = from_raw(reader.array()?);
        let group = self.open_group();
        let pending = group.pending().get(&id).filter(|pending| pending.consumer.is_none());
        let pending = *pending.ok_or(Fault::Malformed)?;
        group.deliver(id, Pending { consumer: Some(consumer), ..pending });
        Ok(())
    }

    /// What is pending is somebody's, or was given back.
    fn end_group(&mut self) -> Result<(), Fault> {
        let Some((name, group)) = self.group.take() else { return Err(Fault::Malformed) };
        check(unowned(&group).eq(core::mem::take(&mut self.given_back)))?;
        check(self.stream.add_group(&name, group))?;
        self.groups_left -= 1;
        self.step = Step::Groups;
        Ok(())
    }

    /// What stands in front of the producers, if the form has any.
    fn producers(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault> {
        if self.number < 4 {
            self.step = Step::Done;
            return Ok(());
        }
        let (_seconds, _entries, producers) = (reader.length()?, reader.length()?, reader.length()?);
        (self.producers_left, self.step) = (producers, Step::Producers);
        Ok(())
    }

    fn open_group(&mut self) -> &mut Group {
        &mut self.group.as_mut().expect("its parts are read after its name").1
    }
}

fn id(reader: &mut Reader<'_>) -> Result<Id, Fault> {
    Ok(Id::new(reader.length()?, reader.length()?))
}

/// A time, which may be negative in bytes from elsewhere.
fn time(reader: &mut Reader<'_>) -> Result<u64, Fault> {
    reader.array().map(|bytes| i64::from_le_bytes(bytes).max(0).cast_unsigned())
}

fn from_raw(bytes: [u8; 16]) -> Id {
    let (ms, seq) = bytes.split_at(8);
    let half = |bytes: &[u8]| bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte));
    Id::new(half(ms), half(seq))
}

fn check(is_right: bool) -> Result<(), Fault> {
    if is_right { Ok(()) } else { Err(Fault::Malformed) }
}
