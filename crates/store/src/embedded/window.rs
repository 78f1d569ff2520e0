//! Frames read through a buffer. Positioned reads on bytes that never change: any number of windows may be
//! open on a file while it is being appended to.

use std::sync::Arc;

use crate::disk::{LogFile, read_full};
use crate::embedded::frame::{self, Frame, PREFIX};
use crate::embedded::io_error;
use crate::embedded::names::segment_name;
use crate::{Damage, StoreError};

/// How far a scan reads ahead.
pub(crate) const SCAN_AHEAD: usize = 256 << 10;

/// What lies at a place.
pub(crate) enum Found<'a> {
    /// A frame, its checksum verified, and its length.
    Frame(Frame<'a>, usize),
    /// Nothing was ever written here.
    Nothing,
    /// Something that is no frame.
    Broken(Damage),
}

/// A buffer over one segment file.
pub(crate) struct Window {
    pub(crate) segment: u32,
    file: Arc<dyn LogFile>,
    bytes: Vec<u8>,
    /// Offset in the file of the buffer's first byte, and how many it holds.
    start: u64,
    filled: usize,
    /// Bytes to read at least when reading at all.
    pub(crate) ahead: usize,
}

impl Window {
    pub(crate) fn new(segment: u32, file: Arc<dyn LogFile>, ahead: usize) -> Self {
        Self { segment, file, bytes: Vec::new(), start: 0, filled: 0, ahead }
    }

    /// At most `length` bytes from a place: fewer only at the end of the file.
    pub(crate) fn bytes(&mut self, offset: u64, length: usize) -> Result<&[u8], StoreError> {
        if self.held(offset, length).is_none() {
            self.fill(offset, length.max(self.ahead))?;
        }
        let begin = (offset - self.start) as usize;
        let end = begin.saturating_add(length).min(self.filled);
        Ok(self.bytes.get(begin..end).unwrap_or_default())
    }

    /// The bytes before `end`, at most `length`, with those before them read along.
    pub(crate) fn bytes_before(&mut self, end: u64, length: usize) -> Result<&[u8], StoreError> {
        let offset = end.saturating_sub(length as u64);
        if self.held(offset, length).is_none() {
            let want = length.max(self.ahead) as u64;
            self.fill(end.saturating_sub(want), want.min(end) as usize)?;
        }
        self.bytes(offset, (end - offset) as usize)
    }

    fn held(&self, offset: u64, length: usize) -> Option<usize> {
        let begin = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        (begin.checked_add(length)? <= self.filled).then_some(begin)
    }

    fn fill(&mut self, offset: u64, length: usize) -> Result<(), StoreError> {
        if self.bytes.len() < length {
            self.bytes = vec![0; length];
        }
        self.filled = 0;
        self.start = offset;
        let room = self.bytes.get_mut(..length).unwrap_or_default();
        self.filled = read_full(&*self.file, room, offset)
            .map_err(|source| io_error("read", &segment_name(self.segment), source))?;
        Ok(())
    }

    /// The frame that begins at a place.
    pub(crate) fn frame(&mut self, offset: u64) -> Result<Found<'_>, StoreError> {
        let prefix = match self.bytes(offset, PREFIX)? {
            [] => return Ok(Found::Nothing),
            some => frame::get(some, 0),
        };
        let length = match prefix.ok_or(Damage::Length).and_then(frame::frame_length) {
            Ok(Some(length)) => length,
            Ok(None) => return Ok(Found::Nothing),
            Err(damage) => return Ok(Found::Broken(damage)),
        };
        let bytes = self.bytes(offset, length)?;
        if bytes.len() < length {
            return Ok(Found::Broken(Damage::Length));
        }
        Ok(match frame::parse(bytes) {
            Ok(frame) => Found::Frame(frame, length),
            Err(damage) => Found::Broken(damage),
        })
    }

    /// The error for damage in this segment.
    pub(crate) fn damaged(&self, offset: u64, damage: Damage) -> StoreError {
        StoreError::Damaged { segment: u64::from(self.segment), offset, damage }
    }
}
