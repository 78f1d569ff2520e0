//! One simulated file: what is read, what is on the disk, and the writes between the two.

use super::Random;

const SECTOR: usize = 512;

/// A file, before and after a loss of power.
#[derive(Debug, Default)]
pub(super) struct File {
    /// What is read.
    pub(super) current: Vec<u8>,
    /// What is left when the power fails.
    pub(super) durable: Vec<u8>,
    /// Writes since the last sync.
    pub(super) pending: Vec<(usize, Vec<u8>)>,
}

impl File {
    fn put(bytes: &mut Vec<u8>, offset: usize, part: &[u8]) {
        let end = offset + part.len();
        if bytes.len() < end {
            let grown = vec![0; end - bytes.len()];
            bytes.extend_from_slice(&grown);
        }
        if let Some(room) = bytes.get_mut(offset..end) {
            room.copy_from_slice(part);
        }
    }

    pub(super) fn write(&mut self, offset: usize, part: &[u8]) {
        if !part.is_empty() {
            Self::put(&mut self.current, offset, part);
            self.pending.push((offset, part.to_vec()));
        }
    }

    /// Brings all of it to the disk.
    pub(super) fn sync(&mut self) {
        for (offset, part) in self.pending.drain(..) {
            Self::put(&mut self.durable, offset, &part);
        }
    }

    /// Brings some sectors of the pending writes to the disk and forgets the others.
    pub(super) fn persist_some(&mut self, random: &mut Random) {
        let keep = [0, 100, 500, 900, 1_000].get(random.below(5) as usize).copied().unwrap_or(0);
        let mut sectors = Vec::new();
        for (offset, part) in self.pending.drain(..) {
            let mut at = 0;
            while at < part.len() {
                let length = (SECTOR - (offset + at) % SECTOR).min(part.len() - at);
                let sector = part.get(at..at + length).unwrap_or_default();
                if random.below(1_000) < keep {
                    sectors.push((offset + at, sector.to_vec()));
                }
                at += length;
            }
        }
        if random.below(2) == 0 {
            for last in (1..sectors.len()).rev() {
                sectors.swap(last, random.below(last as u64 + 1) as usize);
            }
        }
        if random.below(2) == 0
            && let Some((_, torn)) = sectors.last_mut()
        {
            torn.truncate(random.below(torn.len() as u64) as usize);
        }
        for (offset, sector) in sectors {
            Self::put(&mut self.durable, offset, &sector);
        }
    }

    /// The power fails.
    pub(super) fn lose(&mut self, random: &mut Random) {
        self.persist_some(random);
        self.current.clone_from(&self.durable);
    }
}
