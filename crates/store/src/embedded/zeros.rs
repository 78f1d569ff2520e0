//! Zeros: segments are written ahead with them, and what follows a log's end must be nothing else.

use std::io;
use std::ops::Range;

use crate::disk::{LogFile, write_all};

const BLOCK: usize = 64 << 10;

static ZEROS: [u8; BLOCK] = [0; BLOCK];

/// Writes zeros over a range of a file.
pub(crate) fn write_zeros(file: &dyn LogFile, range: Range<u64>) -> io::Result<()> {
    let mut at = range.start;
    while at < range.end {
        let length = usize::try_from(range.end - at).unwrap_or(usize::MAX).min(BLOCK);
        write_all(file, ZEROS.get(..length).unwrap_or_default(), at)?;
        at += length as u64;
    }
    Ok(())
}

/// The index of the last byte that is not zero. Compares block by block: most of a file's tail is empty.
pub(crate) fn last_nonzero(bytes: &[u8]) -> Option<usize> {
    let mut end = bytes.len();
    for block in bytes.rchunks(BLOCK) {
        let begin = end - block.len();
        if ZEROS.get(..block.len()) != Some(block) {
            return block.iter().rposition(|&byte| byte != 0).map(|at| begin + at);
        }
        end = begin;
    }
    None
}
