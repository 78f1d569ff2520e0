//! A stream's name as 128 bits: what tables in memory and index files are keyed by.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use sha2::{Digest, Sha256};

use crate::StreamName;

/// The first 16 bytes of the SHA-256 of a stream's name. Two names with one key would take some 2^64 tries to
/// find; every read compares the name itself, so even that would be an error and not a wrong answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StreamKey(pub(crate) [u8; 16]);

impl StreamKey {
    pub(crate) fn of(stream: &StreamName) -> Self {
        Self::of_str(stream.as_str())
    }

    pub(crate) fn of_str(stream: &str) -> Self {
        let digest: [u8; 32] = Sha256::digest(stream.as_bytes()).into();
        let mut key = [0; 16];
        for (to, from) in key.iter_mut().zip(digest) {
            *to = from;
        }
        Self(key)
    }

    /// Eight of its bytes as a number: they are as good as random.
    pub(crate) fn number(self) -> u64 {
        u128::from_be_bytes(self.0) as u64
    }
}

impl Hash for StreamKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.number());
    }
}

/// Takes a key's bits as they are: hashing a hash gains nothing.
#[derive(Default)]
pub(crate) struct TakeBits(u64);

impl Hasher for TakeBits {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, bits: u64) {
        self.0 = bits;
    }
}

/// A map from streams to something.
pub(crate) type KeyMap<V> = HashMap<StreamKey, V, BuildHasherDefault<TakeBits>>;
