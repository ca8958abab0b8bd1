//! The value of a key as one type: absent, of that type, or an error.
//!
//! What is asked for in order to grow may be refused if it would grow by much at a time, and there is no memory for
//! that; how much was planned for the request says nothing about it.

use alloc::boxed::Box;

use super::Store;
use super::save::SaveState;
use crate::base::error::Error;
use crate::keyspace::effects::Effects;
use crate::keyspace::entry::{Entry, Value, ValueMut, ValueRef};
use crate::types::hash::Hash;
use crate::types::list::List;
use crate::types::set::Set;
use crate::types::stream::Stream;
use crate::types::zset::Zset;

impl Store {
    /// The list at `key` for reading.
    pub fn list(&mut self, key: &[u8]) -> Result<Option<&List>, Error> {
        match self.read(key).map(Entry::value) {
            None => Ok(None),
            Some(ValueRef::List(list)) => Ok(Some(list)),
            Some(_) => Err(Error::WrongType),
        }
    }

    /// The hash at `key` for reading all of it.
    pub fn hash_at(&mut self, key: &[u8]) -> Result<Option<&Hash>, Error> {
        self.drop_due_fields(key);
        self.read_hash(key)
    }

    /// The hash at `key` for reading some fields. Others of which the time has come may still be there.
    #[inline]
    pub fn fields_at<'f>(
        &mut self,
        key: &[u8],
        fields: impl IntoIterator<Item = &'f [u8]>,
    ) -> Result<Option<&Hash>, Error> {
        self.drop_due_fields_of(key, fields);
        self.read_hash(key)
    }

    #[inline]
    fn read_hash(&mut self, key: &[u8]) -> Result<Option<&Hash>, Error> {
        match self.read(key).map(Entry::value) {
            None => Ok(None),
            Some(ValueRef::Hash(hash)) => Ok(Some(hash)),
            Some(_) => Err(Error::WrongType),
        }
    }

    /// The set at `key` for reading.
    pub fn set_at(&mut self, key: &[u8]) -> Result<Option<&Set>, Error> {
        match self.read(key).map(Entry::value) {
            None => Ok(None),
            Some(ValueRef::Set(set)) => Ok(Some(set)),
            Some(_) => Err(Error::WrongType),
        }
    }

    /// The sorted set at `key` for reading.
    pub fn zset(&mut self, key: &[u8]) -> Result<Option<&Zset>, Error> {
        match self.read(key).map(Entry::value) {
            None => Ok(None),
            Some(ValueRef::Zset(zset)) => Ok(Some(zset)),
            Some(_) => Err(Error::WrongType),
        }
    }

    /// The stream at `key` for reading.
    pub fn stream(&mut self, key: &[u8]) -> Result<Option<&Stream>, Error> {
        match self.read(key).map(Entry::value) {
            None => Ok(None),
            Some(ValueRef::Stream(stream)) => Ok(Some(stream)),
            Some(_) => Err(Error::WrongType),
        }
    }

    /// The list at `key` for changing.
    pub fn list_mut(&mut self, key: &[u8]) -> Result<Option<&mut List>, Error> {
        match self.write(key).map(Entry::value_mut) {
            None => Ok(None),
            Some(ValueMut::List(list)) => Ok(Some(list)),
            Some(_) => Err(Error::WrongType),
        }
    }

    /// The list at `key` for changing any part of it at once. A snapshot that has a part in its chunks is given up where
    /// there is no memory to copy them.
    pub fn whole_list_mut(&mut self, key: &[u8]) -> Result<Option<&mut List>, Error> {
        let shared_bytes = self.list_mut(key)?.map_or(0, List::shared_bytes);
        self.make_room_to_copy(shared_bytes);
        self.list_mut(key)
    }

    /// The same of a stream.
    pub fn whole_stream_mut(&mut self, key: &[u8]) -> Result<Option<&mut Stream>, Error> {
        let shared_bytes = self.stream_mut(key)?.map_or(0, Stream::shared_bytes);
        self.make_room_to_copy(shared_bytes);
        self.stream_mut(key)
    }

    /// The stream at `key` for changing anything that is pending in its groups, as [`Store::whole_stream_mut`].
    pub fn pending_mut(&mut self, key: &[u8]) -> Result<Option<&mut Stream>, Error> {
        // What shares something is a snapshot's, or is about to be freed.
        if self.save_state() != SaveState::Idle || !self.garbage.is_empty() {
            let shared_bytes = self.stream_mut(key)?.map_or(0, |stream| stream.shared_pending_bytes());
            self.make_room_to_copy(shared_bytes);
        }
        self.stream_mut(key)
    }

    fn make_room_to_copy(&mut self, bytes: usize) {
        if bytes > 0 && !self.memory.has(bytes) {
            _ = self.save_yield();
            while self.free_deleted() {}
        }
    }

    /// The hash at `key` for changing some fields. Others of which the time has come may still be there.
    #[inline]
    pub fn fields_mut<'f>(
        &mut self,
        key: &[u8],
        fields: impl IntoIterator<Item = &'f [u8]>,
    ) -> Result<Option<&mut Hash>, Error> {
        self.drop_due_fields_of(key, fields);
        match self.write(key).map(Entry::value_mut) {
            None => Ok(None),
            Some(ValueMut::Hash(hash)) => Ok(Some(hash)),
            Some(_) => Err(Error::WrongType),
        }
    }

    /// The set at `key` for changing.
    pub fn set_mut(&mut self, key: &[u8]) -> Result<Option<&mut Set>, Error> {
        match self.write(key).map(Entry::value_mut) {
            None => Ok(None),
            Some(ValueMut::Set(set)) => Ok(Some(set)),
            Some(_) => Err(Error::WrongType),
        }
    }

    /// The sorted set at `key` for changing.
    pub fn zset_mut(&mut self, key: &[u8]) -> Result<Option<&mut Zset>, Error> {
        match self.write(key).map(Entry::value_mut) {
            None => Ok(None),
            Some(ValueMut::Zset(zset)) => Ok(Some(zset)),
            Some(_) => Err(Error::WrongType),
        }
    }

    /// The stream at `key` for changing.
    pub fn stream_mut(&mut self, key: &[u8]) -> Result<Option<&mut Stream>, Error> {
        match self.write(key).map(Entry::value_mut) {
            None => Ok(None),
            Some(ValueMut::Stream(stream)) => Ok(Some(stream)),
            Some(_) => Err(Error::WrongType),
        }
    }

    /// The list at `key` for changing, made when missing. The caller must add an element.
    pub fn list_or_new(&mut self, key: &[u8]) -> Result<&mut List, Error> {
        let memory = self.memory;
        match self.write_or_new(key, || Value::List(Box::default())).value_mut() {
            ValueMut::List(list) => memory.may_grow(list.growth_bytes()).map(|()| list),
            _ => Err(Error::WrongType),
        }
    }

    /// As [`Store::fields_mut`], made when missing. The caller must add an element.
    #[inline]
    pub fn fields_or_new<'f>(
        &mut self,
        key: &[u8],
        fields: impl IntoIterator<Item = &'f [u8]>,
    ) -> Result<&mut Hash, Error> {
        let memory = self.memory;
        self.drop_due_fields_of(key, fields);
        match self.write_or_new(key, || Value::Hash(Box::default())).value_mut() {
            ValueMut::Hash(hash) => memory.may_grow(hash.growth_bytes()).map(|()| hash),
            _ => Err(Error::WrongType),
        }
    }

    /// The set at `key` for changing, made when missing. The caller must add an element.
    pub fn set_or_new(&mut self, key: &[u8]) -> Result<&mut Set, Error> {
        let memory = self.memory;
        match self.write_or_new(key, || Value::Set(Box::default())).value_mut() {
            ValueMut::Set(set) => memory.may_grow(set.growth_bytes()).map(|()| set),
            _ => Err(Error::WrongType),
        }
    }

    /// The sorted set at `key` for changing, made when missing. The caller must add an element.
    pub fn zset_or_new(&mut self, key: &[u8]) -> Result<&mut Zset, Error> {
        let memory = self.memory;
        match self.write_or_new(key, || Value::Zset(Box::default())).value_mut() {
            ValueMut::Zset(zset) => memory.may_grow(zset.growth_bytes()).map(|()| zset),
            _ => Err(Error::WrongType),
        }
    }

    /// The stream at `key` for changing, made when missing; it may stay empty.
    pub fn stream_or_new(&mut self, key: &[u8]) -> Result<&mut Stream, Error> {
        let memory = self.memory;
        match self.write_or_new(key, || Value::Stream(Box::default())).value_mut() {
            ValueMut::Stream(stream) => memory.may_grow(stream.growth_bytes()).map(|()| stream),
            _ => Err(Error::WrongType),
        }
    }

    /// The stream at `key` as it is, and where to record what was done to it.
    pub fn stream_and_effects(&mut self, key: &[u8]) -> Option<(&Stream, &mut Effects)> {
        let hash = self.hash(key);
        match self.dbs[self.db].keys.find(hash, key).map(Entry::value) {
            Some(ValueRef::Stream(stream)) => Some((stream, &mut self.effects)),
            _ => None,
        }
    }
}
