//! Where every stream ends, in memory: what an append checks and chains on, and where a read begins.
//!
//! A stream costs 56 bytes for its tip and 21 for its place in the table, each with the slack of growing:
//! about 100 bytes, whatever the length of its name.

use crate::StreamHead;
use crate::embedded::frame::Place;
use crate::key::{KeyMap, StreamKey};

/// One for each first byte of a key.
pub(crate) const SHARDS: usize = 256;

/// The end of a stream and the place of its last record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tip {
    pub(crate) head: StreamHead,
    pub(crate) place: Place,
}

/// The streams whose keys begin with one byte.
#[derive(Debug, Default)]
pub(crate) struct Shard {
    slots: KeyMap<u32>,
    tips: Vec<Tip>,
}

impl Shard {
    fn get(&self, key: StreamKey) -> Option<Tip> {
        let slot = *self.slots.get(&key)?;
        self.tips.get(slot as usize).copied()
    }

    pub(crate) fn set(&mut self, key: StreamKey, tip: Tip) {
        if self.tips.len() == self.tips.capacity() {
            // Doubling would leave half of the memory unused right after it.
            self.tips.reserve_exact(self.tips.len() / 8 + 4);
        }
        let slot = *self.slots.entry(key).or_insert(self.tips.len() as u32);
        match self.tips.get_mut(slot as usize) {
            Some(place) => *place = tip,
            None => self.tips.push(tip),
        }
    }
}

/// All streams.
#[derive(Debug)]
pub(crate) struct Heads {
    pub(crate) shards: Vec<Shard>,
}

impl Heads {
    pub(crate) fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Shard::default()).collect() }
    }

    pub(crate) fn get(&self, key: StreamKey) -> Option<Tip> {
        self.shards.get(shard_of(key))?.get(key)
    }

    pub(crate) fn set(&mut self, key: StreamKey, tip: Tip) {
        if let Some(shard) = self.shards.get_mut(shard_of(key)) {
            shard.set(key, tip);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.tips.len()).sum()
    }
}

pub(crate) fn shard_of(key: StreamKey) -> usize {
    let [first, ..] = key.0;
    usize::from(first)
}
