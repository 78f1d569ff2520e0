//! A simulated disk, for tests: it keeps what was written apart from what was synced, and it can lose power,
//! fail, write short and fill up. Everything it does follows from its seed.
//!
//! It is harsher than most disks. A crash keeps or drops each 512-byte sector of each write not yet synced,
//! each on its own and in any order, and may tear a sector between two bytes. A sync that fails leaves some
//! sectors on the disk, and the rest will never get there by a later sync, as on Linux.

mod file;
mod random;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::file::File;
pub use self::random::Random;
use crate::disk::{Disk, DiskLock, LockError, LogFile};

/// What goes wrong, and how often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Writes in a thousand that write only a part.
    pub short_writes: u64,
    /// Writes in a thousand that fail after writing a part.
    pub failing_writes: u64,
    /// Writes in a thousand that find no room after writing a part.
    pub full_writes: u64,
    /// Syncs in a thousand that fail, of files and of the directory.
    pub failing_syncs: u64,
    /// Bytes that all files together may have.
    pub capacity: Option<u64>,
    /// Operations after which the machine is off: everything fails until [`FaultDisk::crash`].
    pub off_after: Option<u64>,
}

/// A simulated disk. Clones are the same disk.
#[derive(Clone, Debug)]
pub struct FaultDisk(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    random: Random,
    faults: Faults,
    operations: u64,
    files: BTreeMap<u64, File>,
    names: BTreeMap<String, u64>,
    durable_names: BTreeMap<String, u64>,
    /// The names after each change since the directory was synced.
    pending_names: Vec<BTreeMap<String, u64>>,
    next_file: u64,
    locked: bool,
}

impl FaultDisk {
    /// An empty disk without faults.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            random: Random(seed),
            faults: Faults::default(),
            operations: 0,
            files: BTreeMap::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            pending_names: Vec::new(),
            next_file: 0,
            locked: false,
        })))
    }

    /// A disk with some files, all of them durable.
    pub fn with_files(seed: u64, files: &BTreeMap<String, Vec<u8>>) -> Self {
        let disk = Self::new(seed);
        let mut state = disk.state();
        for (name, bytes) in files {
            state.next_file += 1;
            let id = state.next_file;
            let (current, durable) = (bytes.clone(), bytes.clone());
            state.files.insert(id, File { current, durable, pending: Vec::new() });
            state.names.insert(name.clone(), id);
        }
        state.durable_names = state.names.clone();
        drop(state);
        disk
    }

    /// All files as they would be read now.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let state = self.state();
        let read = |(name, id): (&String, &u64)| Some((name.clone(), state.files.get(id)?.current.clone()));
        state.names.iter().filter_map(read).collect()
    }

    /// Sets what goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        let mut state = self.state();
        state.faults = faults;
        state.operations = 0;
    }

    /// Cuts the power and restores it: what was not synced is there in parts, or not. Faults end.
    pub fn crash(&self) {
        let state = &mut *self.state();
        for file in state.files.values_mut() {
            file.lose(&mut state.random);
        }
        let kept = state.random.below(state.pending_names.len() as u64 + 1);
        if let Some(names) = kept.checked_sub(1).and_then(|last| state.pending_names.get(last as usize)) {
            state.durable_names.clone_from(names);
        }
        state.pending_names.clear();
        state.names.clone_from(&state.durable_names);
        let names = &state.names;
        state.files.retain(|id, _| names.values().any(|named| named == id));
        state.faults = Faults::default();
        state.locked = false;
    }

    /// How many operations there were since the faults were last set.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handle(&self, id: u64) -> Arc<dyn LogFile> {
        Arc::new(Handle { disk: self.clone(), id })
    }
}

impl State {
    /// Counts an operation; fails if the machine is off.
    fn step(&mut self) -> io::Result<()> {
        self.operations += 1;
        match self.faults.off_after {
            Some(last) if self.operations > last => Err(io::Error::other("simulated: the machine is off")),
            _ => Ok(()),
        }
    }

    fn fails(&mut self, in_a_thousand: u64) -> bool {
        in_a_thousand > 0 && self.random.below(1_000) < in_a_thousand
    }

    fn find(&self, name: &str) -> io::Result<u64> {
        self.names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn renamed(&mut self) {
        self.pending_names.push(self.names.clone());
    }

    /// How many bytes of a write come through, and whether the rest is an error.
    fn outcome(&mut self, file: u64, length: usize, offset: u64) -> (usize, Option<io::Error>) {
        let part = |state: &mut Self| state.random.below(length as u64) as usize;
        if self.fails(self.faults.failing_writes) {
            return (part(self), Some(io::Error::other("simulated: a write failed")));
        }
        if self.fails(self.faults.full_writes) {
            return (part(self), Some(io::ErrorKind::StorageFull.into()));
        }
        let used: u64 = self.files.values().map(|file| file.current.len() as u64).sum();
        let here = self.files.get(&file).map_or(0, |file| file.current.len() as u64);
        let grows = (offset + length as u64).saturating_sub(here);
        let room = self.faults.capacity.map_or(u64::MAX, |capacity| capacity.saturating_sub(used));
        if grows > room {
            let fits = (length as u64).saturating_sub(grows - room) as usize;
            return (fits, (fits == 0).then(|| io::ErrorKind::StorageFull.into()));
        }
        if length > 1 && self.fails(self.faults.short_writes) {
            return (part(self).max(1), None);
        }
        (length, None)
    }
}

#[derive(Debug)]
struct Handle {
    disk: FaultDisk,
    id: u64,
}

impl Disk for FaultDisk {
    fn label(&self) -> String {
        "simulated".to_owned()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut state = self.state();
        state.step()?;
        Ok(state.names.keys().cloned().collect())
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn LogFile>> {
        let mut state = self.state();
        state.step()?;
        Ok(self.handle(state.find(name)?))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn LogFile>> {
        let mut state = self.state();
        state.step()?;
        state.next_file += 1;
        let id = state.next_file;
        state.files.insert(id, File::default());
        state.names.insert(name.to_owned(), id);
        state.renamed();
        Ok(self.handle(id))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state();
        state.step()?;
        let id = state.find(from)?;
        state.names.remove(from);
        state.names.insert(to.to_owned(), id);
        state.renamed();
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        state.step()?;
        let id = state.find(name)?;
        // Its bytes are free again; that a crash may bring the name back is kept in `pending_names`.
        let durable = state.durable_names.values().any(|named| *named == id);
        if let Some(file) = state.files.get_mut(&id).filter(|_| !durable) {
            *file = File::default();
        }
        state.names.remove(name);
        state.renamed();
        Ok(())
    }

    fn sync_dir(&self) -> io::Result<()> {
        let state = &mut *self.state();
        state.step()?;
        if state.fails(state.faults.failing_syncs) {
            return Err(io::Error::other("simulated: a sync of the directory failed"));
        }
        state.pending_names.clear();
        state.durable_names = state.names.clone();
        let names = &state.names;
        state.files.retain(|id, _| names.values().any(|named| named == id));
        Ok(())
    }

    fn lock(&self) -> Result<Box<dyn DiskLock>, LockError> {
        let mut state = self.state();
        state.step()?;
        if state.locked {
            return Err(LockError::Held { holder: "another store".to_owned() });
        }
        state.locked = true;
        Ok(Box::new(Lock(self.clone())))
    }
}

#[derive(Debug)]
struct Lock(FaultDisk);

impl DiskLock for Lock {}

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.state().locked = false;
    }
}

impl LogFile for Handle {
    fn len(&self) -> io::Result<u64> {
        let mut state = self.disk.state();
        state.step()?;
        Ok(state.files.get(&self.id).map_or(0, |file| file.current.len() as u64))
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut state = self.disk.state();
        state.step()?;
        let file = state.files.get(&self.id).ok_or(io::ErrorKind::NotFound)?;
        let stored = file.current.get(offset as usize..).unwrap_or_default();
        let length = stored.len().min(bytes.len());
        if let (Some(to), Some(from)) = (bytes.get_mut(..length), stored.get(..length)) {
            to.copy_from_slice(from);
        }
        Ok(length)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut state = self.disk.state();
        let off = state.step();
        let (length, error) = match off {
            // The machine goes off during the write.
            Err(error) => (state.random.below(bytes.len() as u64 + 1) as usize, Some(error)),
            Ok(()) => state.outcome(self.id, bytes.len(), offset),
        };
        let first_off = state.faults.off_after.is_none_or(|last| state.operations <= last + 1);
        if let Some(file) = state.files.get_mut(&self.id).filter(|_| first_off) {
            file.write(offset as usize, bytes.get(..length).unwrap_or_default());
        }
        error.map_or(Ok(length), Err)
    }

    fn sync_data(&self) -> io::Result<()> {
        let state = &mut *self.disk.state();
        state.step()?;
        let fails = state.fails(state.faults.failing_syncs);
        let file = state.files.get_mut(&self.id).ok_or(io::ErrorKind::NotFound)?;
        if fails {
            file.persist_some(&mut state.random);
            return Err(io::Error::other("simulated: a sync failed"));
        }
        file.sync();
        Ok(())
    }
}
