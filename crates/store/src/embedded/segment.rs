//! A segment as a running store knows it.

use std::sync::{Arc, Mutex, OnceLock, RwLock};

use crate::StoreError;
use crate::disk::{Disk, LogFile};
use crate::embedded::frame::HEADER;
use crate::embedded::index::Index;
use crate::embedded::names::segment_name;
use crate::embedded::walk::PLACE_EVERY;
use crate::embedded::{hold, io_error, read, write};

/// One file of the log.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) number: u32,
    pub(crate) first_position: u64,
    disk: Arc<dyn Disk>,
    /// Kept open while it is written to; a sealed one is opened by each read, so that a long log does not
    /// need a file descriptor for each of its segments.
    file: Mutex<Option<Arc<dyn LogFile>>>,
    /// Offset of every [`PLACE_EVERY`]th record.
    places: RwLock<Vec<u32>>,
    index: OnceLock<Index>,
}

impl Segment {
    /// The segment that is written to.
    pub(crate) fn active(
        disk: &Arc<dyn Disk>,
        number: u32,
        first_position: u64,
        file: Arc<dyn LogFile>,
        places: Vec<u32>,
    ) -> Self {
        let (disk, file) = (Arc::clone(disk), Mutex::new(Some(file)));
        Self { number, first_position, disk, file, places: RwLock::new(places), index: OnceLock::new() }
    }

    /// A segment that will not change.
    pub(crate) fn sealed(disk: &Arc<dyn Disk>, index: Index, places: Vec<u32>) -> Self {
        let (number, first_position) = (index.segment, index.first_position);
        let (disk, file, index) = (Arc::clone(disk), Mutex::new(None), OnceLock::from(index));
        Self { number, first_position, disk, file, places: RwLock::new(places), index }
    }

    /// The index, once there is one.
    pub(crate) fn index(&self) -> Option<&Index> {
        self.index.get()
    }

    /// Takes the index of a segment that was just sealed, and lets its file go.
    pub(crate) fn seal(&self, index: Index) {
        if self.index.set(index).is_ok() {
            *hold(&self.file) = None;
        }
    }

    pub(crate) fn file(&self) -> Result<Arc<dyn LogFile>, StoreError> {
        if let Some(file) = &*hold(&self.file) {
            return Ok(Arc::clone(file));
        }
        let name = segment_name(self.number);
        self.disk.open(&name).map_err(|source| io_error("open", &name, source))
    }

    /// Where to begin reading for a position: the position and offset of its record, or of one at most
    /// [`PLACE_EVERY`] − 1 records before.
    pub(crate) fn place_before(&self, position: u64) -> (u64, u64) {
        let ordinal = position.saturating_sub(self.first_position) / PLACE_EVERY;
        let places = read(&self.places);
        let place = usize::try_from(ordinal).ok().and_then(|ordinal| places.get(ordinal));
        match place {
            Some(&offset) => (self.first_position + ordinal * PLACE_EVERY, u64::from(offset)),
            None => (self.first_position, HEADER as u64),
        }
    }

    /// Takes the offset of a record that became durable.
    pub(crate) fn add_places(&self, first_position: u64, offsets: &[u32]) {
        let mut places = write(&self.places);
        for (position, &offset) in (first_position..).zip(offsets) {
            if (position - self.first_position).is_multiple_of(PLACE_EVERY) {
                places.push(offset);
            }
        }
    }
}
