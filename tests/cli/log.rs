//! A segment's bytes, read by nothing but docs/log-format.md: to damage it where it hurts.

use std::io::{Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const HEADER: usize = 72;
const RECORD: [u8; 4] = [0xFE, 0x45, 0x56, 0x54];
const COMMIT: [u8; 4] = [0xFF, 0x43, 0x4D, 0x54];

/// Blocks until a batch is being written to a log of one segment: its first bytes are there, and it is hardly synced yet.
pub fn wait_for_a_write(data: &Path) {
    let file = std::fs::File::open(first_segment(data)).unwrap();
    let (mut at, mut was_at_the_end) = (HEADER as u64, false);
    let patience = Instant::now() + Duration::from_secs(120);
    while Instant::now() < patience {
        let mut frame = [0; 8];
        file.read_exact_at(&mut frame, at).unwrap();
        let length = u32::from_le_bytes([frame[4], frame[5], frame[6], frame[7]]);
        match (frame == [0; 8], was_at_the_end) {
            (true, _) => was_at_the_end = true,
            (false, true) => return,
            // Caught in the act, halfway through a frame's head.
            (false, false) if length == 0 => return,
            (false, false) => at += u64::from(length),
        }
    }
    panic!("nothing is written any more");
}

fn first_segment(data: &Path) -> PathBuf {
    data.join("log/0000000001.seg")
}

/// A log of one segment.
pub struct Segment {
    path: PathBuf,
    /// Where its frames are, each with whether it is a commit.
    frames: Vec<(Range<usize>, bool)>,
}

impl Segment {
    /// The first segment of a data directory.
    pub fn first(data: &Path) -> Self {
        let path = first_segment(data);
        let mut bytes = Vec::new();
        std::fs::File::open(&path).unwrap().read_to_end(&mut bytes).unwrap();
        let (mut frames, mut at) = (Vec::new(), HEADER);
        loop {
            let commit = match bytes[at..].first_chunk::<4>() {
                Some(&RECORD) => false,
                Some(&COMMIT) => true,
                _ => break,
            };
            let length = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap());
            let end = at + usize::try_from(length).unwrap();
            frames.push((at..end, commit));
            at = end;
        }
        assert!(frames.last().is_some_and(|(_, commit)| *commit), "the log ends with a commit");
        Self { path, frames }
    }

    /// The frames of every batch but the last.
    pub fn before_the_last_batch(&self) -> &[(Range<usize>, bool)] {
        let commits = self.frames.iter().enumerate().filter(|(_, (_, commit))| *commit);
        let (at, _) = commits.rev().nth(1).expect("two batches");
        &self.frames[..=at]
    }

    /// The first frame of the last batch.
    pub fn last_batch(&self) -> &Range<usize> {
        &self.frames[self.before_the_last_batch().len()].0
    }

    /// Turns one bit over.
    pub fn flip(&self, offset: usize, bit: u8) {
        let mut file = std::fs::File::options().read(true).write(true).open(&self.path).unwrap();
        let offset = SeekFrom::Start(offset as u64);
        let mut byte = [0];
        file.seek(offset).unwrap();
        file.read_exact(&mut byte).unwrap();
        byte[0] ^= 1 << bit;
        file.seek(offset).unwrap();
        file.write_all(&byte).unwrap();
    }
}
