//! Zeros: segments are written ahead with them, and what follows a log's end must be nothing else.

const BLOCK: usize = 4096;

/// A page of nothing.
pub(crate) static ZEROS: [u8; BLOCK] = [0; BLOCK];

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
